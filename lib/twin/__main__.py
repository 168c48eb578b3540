"""`python -m twin NAME --consumers N --seed S`: write a market's tables, and with `--truth` its truth."""

import argparse
import sys

from twin import store


def main(arguments: list[str] | None = None) -> int:
    """Write a market; prints the folders."""
    parser = argparse.ArgumentParser(prog="python -m twin", description="A market whose truth is known.")
    parser.add_argument("name", nargs="?", default=store.DEFAULT.name)
    parser.add_argument("--consumers", type=int, default=store.DEFAULT.consumers)
    parser.add_argument("--seed", type=int, default=store.DEFAULT.seed)
    parser.add_argument("--cores", type=int, default=None)
    parser.add_argument("--no-truth", action="store_true", help="write the tables only")
    chosen = parser.parse_args(arguments)
    if chosen.consumers < 1 or chosen.seed < 0:
        parser.error("--consumers is at least 1 and --seed at least 0")
    recipe = store.Recipe(chosen.name, chosen.consumers, chosen.seed)
    sys.stdout.write(f"{store.tables(recipe, cores=chosen.cores)}\n")
    if not chosen.no_truth:
        sys.stdout.write(f"{store.truth(recipe)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
