"""`python -m truth pacing`: alarms of a plan's pacing, on campaigns that run on plan and on some that deliver a fifth less
from a day on.

Each market plays a plan to its end (`truth.pacing_market`); every day is seen as the page sees it, by the page's own
functions. Seeds 400 to 699 run on plan, 700 to 799 are short; 0 to 399 and 2200 to 2239 were for development. The rival is
a z-test made every day, at the same rate and with the same spread. `--times` buys less or more media: what is noticed hangs
on how many contacts a day has.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from apex import files, show
from apex.files import ROOT
from apex.model import alarms, pacing_paths
from apex.show import Words
from truth.pacing_market import SHORT, TIMES, Lived, live
from truth.paper import paper

EVEN, UNEVEN = range(400, 700), range(700, 800)
METRICS = ("impressions", "spend", "inflow", "gmv")
DELIVERY = ("impressions", "spend")
WITHIN = 3  # days of the shortfall, the first included
LEAST_P = 0.01


def judged(lived: Lived, rate: float = alarms.RATE) -> dict[str, object]:
    """One campaign: seed, contacts (booked a day), since (the shortfall's first day, by number), each metric's alarm day and
    the first of all, rival (its first), delay (days of the shortfall that had passed when delivery rang, 1 is its first day;
    null: never).
    """
    booked = replace(lived.booked, tolerance=pacing_paths.TOLERANCE)
    found = pacing_paths.paths(lived.facts, booked, booked.last)
    rates = alarms.limits(list(found), rate)
    rang = {name: found[name].watched(one).rang for name, one in rates.items()}
    rival = [found[name].rival(one) for name, one in rates.items()]
    since = None if lived.short_from is None else (lived.short_from - lived.booked.first).days
    told = [r for m in DELIVERY if (r := rang.get(m)) is not None and since is not None and r >= since]
    return {
        "seed": lived.seed, "contacts": lived.contacts, "since": since, **{m: rang.get(m) for m in METRICS},
        "first": _first(list(rang.values())), "rival": _first(rival),
        "delay": min(told) - since + 1 if told and since is not None else None,
    }  # fmt: skip


def _first(days: Sequence[int | None]) -> int | None:
    return min((d for d in days if d is not None), default=None)


def summary(frame: pd.DataFrame, rate: float = alarms.RATE) -> dict[str, float]:
    """even, false (campaigns on plan with any alarm), p (exact, that so many or more come at `rate`), rival, rival_p; short,
    noticed (within WITHIN days), contacts.
    """  # fmt: skip
    from scipy.stats import binom

    even, short = frame[frame.since.isna()], frame[frame.since.notna()]
    false, rival, n = int(even["first"].notna().sum()), int(even.rival.notna().sum()), len(even)
    return {
        "even": n, "false": false, "p": float(binom.sf(false - 1, n, rate)), "rival": rival,
        "rival_p": float(binom.sf(rival - 1, n, rate)), "short": len(short), "noticed": int((short.delay <= WITHIN).sum()),
        "contacts": float(frame.contacts.mean()),
    }  # fmt: skip


def write(frame: pd.DataFrame, folder: Path) -> Path:
    """Write pacing.html and pacing.csv into `folder`; the page's path."""
    words, s = Words("en", "CNY", 1), summary(frame)
    short = frame[frame.since.notna()]
    days = pd.DataFrame({"days": range(1, 11)})
    days["noticed"] = [float((short.delay <= d).mean()) if len(short) else np.nan for d in days.days]
    even = frame[frame.since.isna()]
    by = pd.DataFrame({"metric": METRICS, "false": [int(even[m].notna().sum()) for m in METRICS]})
    head = (
        f"Of {s['even']:.0f} campaigns on plan {s['false']:.0f} had any alarm (stated: at most {alarms.RATE:.0%}; exact p "
        f"{s['p']:.3f}); "
        f"with a z-test every day {s['rival']:.0f} (exact p {s['rival_p']:.1g}). Of {s['short']:.0f} that delivered "
        f"{SHORT:.0%} less from a "
        f"day on, {s['noticed']:.0f} were noticed within {WITHIN} days; {s['contacts']:.0f} contacts booked a day."
    )
    tables = [
        show.table(days, "noticed", words, {"days": ("Days of the shortfall", "count"), "noticed": ("Noticed", "share")},
                   title="How soon a shortfall is noticed 多快发现"),
        show.table(by, "false", words, {"metric": ("Figure", "text"), "false": ("Campaigns with a false alarm", "count")},
                   title="False alarms 误报"),
    ]  # fmt: skip
    files.atomic_write(folder / "pacing.csv", frame.to_csv(index=False, lineterminator="\n"))
    parts = ["<h1>Alarms and their truth 警报与真值</h1>", f"<p>{head}</p>", *(t.html for t in tables)]
    return paper("Alarms and their truth", parts, folder / "pacing.html")


def main(arguments: list[str]) -> int:
    """Judge campaigns one by one, in an order in which any beginning holds both kinds; prints what was found and where."""
    parser = argparse.ArgumentParser(prog="python -m truth pacing", description="Alarms beside what happened.")
    parser.add_argument("--even", type=int, nargs=2, default=(EVEN.start, EVEN.stop), help="seeds of campaigns on plan")
    parser.add_argument("--short", type=int, nargs=2, default=(UNEVEN.start, UNEVEN.stop), help="seeds of short ones")
    parser.add_argument("--times", type=float, default=TIMES)
    parser.add_argument(
        "--seconds", type=float, default=float("inf"), help="stop after so long; what is there is judged"
    )
    parser.add_argument("--folder", type=Path, default=ROOT / "reports" / "truth")
    chosen = parser.parse_args(arguments)
    began, rows = time.monotonic(), []
    both = [(s, False) for s in range(*chosen.even)] + [(s, True) for s in range(*chosen.short)]
    turn = {False: len(range(*chosen.even)), True: len(range(*chosen.short))}
    start = {False: chosen.even[0], True: chosen.short[0]}
    for seed, short in sorted(both, key=lambda b: (b[0] - start[b[1]]) / turn[b[1]]):
        if time.monotonic() - began > chosen.seconds:
            break
        rows.append(judged(live(seed, short, chosen.folder / "pacing-markets", chosen.times)))
    frame = pd.DataFrame(rows)
    sys.stdout.write(f"{ {k: round(v, 4) for k, v in summary(frame).items()} }\n{write(frame, chosen.folder)}\n")
    return 0
