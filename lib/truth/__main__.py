"""`python -m truth`: play markets whose truth is known, hold the rules of credit against them, write reports/truth/index.html.

`python -m truth NAME`: another page, reports/truth/NAME.html: `realism`, the markets beside real data; `plans`, what media
bring; `providers`, what services bring; `creatives`, what creatives bring; `media`, planned splits beside the best one; `odds`,
stated odds of goals against what happened; `acts`, what a plan's acts bring beside trade as usual; `loop` plays a plan file and
wraps it up; `sequence`, learned next steps beside fixed ones; `contracts`, guarantees against what was delivered; `pacing`,
alarms of campaigns on plan and of short ones; `trials`, false winners with a look every day; `attribution`, every method's
credit beside what channels bring; `lift`, a thousand small markets' intervals of lift and intent; `league`, the workspace and
its rivals over six campaigns in a row, reports/league/index.html.
"""

import argparse
import sys
import tempfile
from importlib import import_module
from pathlib import Path

import pandas as pd

from apex.files import ROOT
from apex.ledger import load_rules
from apex.measure.content_rules import load_content_rules
from truth.contents import compared as content_compared
from truth.errors import against_table, compared, errors
from truth.page import write
from truth.worlds import live
from twin.store import DEFAULT, truth

PAGES = {
    "realism": "truth.realism_page", "plans": "truth.plans", "media": "truth.media", "providers": "truth.providers",
    "creatives": "truth.creatives", "odds": "truth.odds", "loop": "truth.loop", "acts": "truth.acts",
    "sequence": "truth.sequence", "contracts": "truth.contracts", "pacing": "truth.pacing", "trials": "truth.trials",
    "attribution": "truth.attribution", "lift": "truth.lift", "league": "truth.league_run",
}  # fmt: skip
LENGTH = 29  # days of a period: the default campaign's window


def main(arguments: list[str] | None = None) -> int:
    """Write the page; prints where. A name of `PAGES` as the first word asks for another page than `credit`."""
    given = sys.argv[1:] if arguments is None else arguments
    given = given[1:] if given[:1] == ["credit"] else given
    if given[:1] and given[0] in PAGES:
        other: int = import_module(PAGES[given[0]]).main(given[1:])
        return other
    parser = argparse.ArgumentParser(prog="python -m truth", description="Estimates beside the truth of the twin.")
    parser.add_argument("--seeds", type=int, nargs="*", default=[31, 37, 41], help="further markets, never tuned on")
    parser.add_argument("--consumers", type=int, default=4000, help="of each further market")
    parser.add_argument("--periods", type=int, default=None, help="the latest so many periods only")
    parser.add_argument("--folder", type=Path, default=ROOT / "reports" / "truth")
    chosen = parser.parse_args(given)
    rules, frames, seen = load_rules("deeplink"), [], []
    for seed, consumers in [(DEFAULT.seed, DEFAULT.consumers), *((s, chosen.consumers) for s in chosen.seeds)]:
        lives = live(seed, consumers)
        with tempfile.TemporaryDirectory() as folder:
            both = compared(lives, rules, lives.periods(LENGTH, chosen.periods), Path(folder))
            frames.append(errors(both).assign(consumers=consumers, truth="silent in the period"))
            for years in (False, True) if seed == DEFAULT.seed else ():
                table = pd.read_parquet(truth() / "stage_moves.parquet")
                both = against_table(lives, table, load_rules("aipl"), years, Path(folder))
                name = "table stage_moves, " + ("years" if years else "campaigns")
                frames.append(errors(both).assign(consumers=consumers, truth=name))
            seen.append(content_compared(lives, load_content_rules(), Path(folder)))
        sys.stderr.write(f"  seed {seed}: {consumers:,} consumers, {frames[-1].periods.max()} periods\n")
    credit, content = (pd.concat(part, ignore_index=True) for part in (frames, seen))
    sys.stdout.write(f"{write(credit, content, LENGTH, chosen.folder)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
