"""`python -m twin NAME --consumers N --seed S`: write a market's tables and its truth."""

import argparse
import sys
import time
from typing import Any

import yaml

from twin import priors, store

EVERY = 5.0  # seconds between two lines of progress
TRUTH = 500_000  # consumers whose states fit in memory at once, as pairs of worlds need them


def main(arguments: list[str] | None = None) -> int:
    """Write a market; prints the folders, and on stderr how far it is."""
    chosen = asked(arguments)
    recipe = chosen.recipe
    sys.stdout.write(f"{store.tables(recipe, cores=chosen.cores, tell=Progress(recipe.consumers))}\n")
    if not chosen.no_truth:
        sys.stdout.write(f"{store.truth(recipe)}\n")
    return 0


def asked(arguments: list[str] | None = None) -> argparse.Namespace:
    """The arguments read: `recipe`, `cores` and `no_truth`. Ends the program at a mistake, with what there is instead."""
    parser = argparse.ArgumentParser(prog="python -m twin", description="A market whose truth is known.")
    parser.add_argument("name", nargs="?", default=store.DEFAULT.name)
    parser.add_argument("--consumers", type=int, default=store.DEFAULT.consumers)
    parser.add_argument("--seed", type=int, default=store.DEFAULT.seed)
    parser.add_argument("--cores", type=int, default=None)
    parser.add_argument("--set", action="append", default=[], metavar="PLACE=VALUE",
                        help="another value at a place of priors.yml, such as demand/chase=0; repeatable")  # fmt: skip
    parser.add_argument("--no-truth", action="store_true", help="write the tables only")
    chosen = parser.parse_args(arguments)
    if chosen.consumers < 1 or chosen.seed < 0:
        parser.error("--consumers is at least 1 and --seed at least 0")
    if chosen.consumers > TRUTH and not chosen.no_truth:
        parser.error(
            f"the truth of more than {TRUTH:,} consumers does not fit in memory: --no-truth writes the tables only"
        )
    try:
        changes = _changes(chosen.set)
        priors.changed(priors.read(), changes)
    except ValueError as error:
        parser.error(f"--set: {error}")
    chosen.recipe = store.Recipe(chosen.name, chosen.consumers, chosen.seed, changes)
    return chosen


def _changes(texts: list[str]) -> dict[str, Any]:
    """PLACE=VALUE → place and value, the value read as in priors.yml."""
    changes = {}
    for text in texts:
        place, equals, value = text.partition("=")
        if not equals:
            raise ValueError(f"{text} is not PLACE=VALUE")
        try:
            changes[place] = yaml.safe_load(value)
        except yaml.YAMLError as error:
            raise ValueError(f"{value} is not a value as in priors.yml") from error
    return changes


class Progress:
    """Says every few seconds how far a long run is; a short one stays silent."""

    def __init__(self, consumers: int) -> None:  # noqa: D107
        self.consumers = consumers
        self.began = self.said = time.monotonic()

    def __call__(self, done: int, events: int) -> None:  # noqa: D102
        now = time.monotonic()
        if now - self.said < EVERY:
            return
        self.said = now
        gone = now - self.began
        sys.stderr.write(
            f"{done / self.consumers:.0%} of {self.consumers:,} consumers, {events / 1e6:.1f} M events, {gone:.0f} s; "
            f"about {gone * (self.consumers / done - 1):.0f} s to go\n"
        )


if __name__ == "__main__":
    sys.exit(main())
