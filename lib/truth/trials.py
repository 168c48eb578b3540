"""`python -m truth trials`: trials without effect, looked at every day: how often an arm is told to win, beside tests of one
look.

The functions judged are those of the notebook (`apex.model.trials.won`). With a lift: how many are found, and how long it
takes beside a test that looks once. Thompson's allocation beside an equal split: clicks missed, and false winners under it.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from apex import files, show
from apex.files import ROOT
from apex.measure.trial_counts import IMPRESSION
from apex.model import thompson, trials
from apex.model.peeking import comparisons, longer
from apex.model.sample_size import POWER
from apex.show import Words
from truth.page import PAGE
from truth.trial_worlds import FIRST, SHAPES, Shape, draw, fixed_test, seeds, told

JUDGED, DEVELOPED = 700_000, 100_000  # first seeds; nothing was chosen on the former
TRIALS = 2_000
LIFTS = {"clicks": 0.5, "four items": 0.8, "buyers": 0.4, "money": 0.6}
RATES = (0.03, 0.03, 0.03, 0.045)  # true rates of Thompson's four items


def false_winners(shape: Shape, trials_: int = TRIALS, first: int = JUDGED) -> dict[str, object]:
    """With no effect: shape, trials, false (winners told), p (exact, one-sided: more than α), fixed (of one-look tests asked
    daily)."""
    from scipy.special import betainc

    false = fixed = 0
    for seed in seeds(first, trials_):
        counted = draw(shape, np.random.default_rng(seed))
        false += trials.won(counted)[0] is not None
        fixed += bool(fixed_test(counted).any())
    exact = [float(betainc(k, trials_ - k + 1, 0.05)) if k else 1.0 for k in (false, fixed)]
    return {"shape": shape.name, "trials": trials_, "false": false, "p": exact[0], "fixed": fixed, "fixed_p": exact[1]}


def found(shape: Shape, lift: float, trials_: int, first: int = JUDGED) -> dict[str, object]:
    """With a lift of the first arm: found (it wins), wrong (another does), days (median until told, of those found), once (a
    test that looks at the end alone finds it)."""
    hit, wrong, when, once = 0, 0, [], 0
    for seed in seeds(first, trials_):
        counted = draw(shape, np.random.default_rng(seed), lift)
        winner, day = trials.won(counted)
        hit += winner == "a0"
        wrong += winner not in (None, "a0")
        once += bool(fixed_test(counted)[-1])
        if winner == "a0" and day is not None:
            when.append((day - FIRST).days + 1)
    return {"shape": shape.name, "lift": lift, "trials": trials_, "found": hit / trials_, "wrong": wrong / trials_,
            "once": once / trials_, "days": float(np.median(when)) if when else np.nan, "of": shape.days}  # fmt: skip


def allocated(
    rates: Sequence[float], by_thompson: bool, seed: int, daily: int = 300, days: int = 28
) -> tuple[float, bool]:
    """One trial of items whose shares follow Thompson's rule, or stay equal: clicks missed beside the best item, and whether
    an item that is not the best was told to win."""
    rng, k = np.random.default_rng(seed), len(rates)
    units, did = np.zeros((days, k), np.int64), np.zeros((days, k), np.int64)
    share = np.full(k, 1 / k)
    for day in range(days):
        units[day] = rng.multinomial(daily, share)
        did[day] = rng.binomial(units[day], rates)
        if by_thompson:
            seen = thompson.draws(units[: day + 1].sum(0), did[: day + 1].sum(0), day, 1000)
            share = thompson.shares(thompson.best(seen))
    missed = float((units * (max(rates) - np.array(rates))).sum())
    counted = told(Shape("items", IMPRESSION, "clicks", tuple([1 / k] * k), daily * days, 0.0, days), units, did)
    winner = trials.won(counted)[0]
    return missed, (winner is not None and rates[int(winner[1:])] < max(rates)) or (
        winner is not None and len(set(rates)) == 1
    )


def regret(trials_: int = 300, first: int = JUDGED) -> dict[str, object]:
    """Thompson beside an equal split: mean clicks missed of each, the mean difference with a 95 % interval; and false winners
    where all items are alike, under Thompson."""
    missed = np.array([[allocated(RATES, t, seed)[0] for t in (True, False)] for seed in seeds(first, trials_)])
    false = sum(allocated((0.03,) * 4, True, seed)[1] for seed in seeds(first, trials_))
    gap = missed[:, 1] - missed[:, 0]
    half = 1.96 * gap.std(ddof=1) / np.sqrt(trials_)
    return {"trials": trials_, "thompson": missed[:, 0].mean(), "equal": missed[:, 1].mean(), "saved": gap.mean(),
            "low": gap.mean() - half, "high": gap.mean() + half, "false": false}  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    """Write trials.html and trials.csv; prints where."""
    parser = argparse.ArgumentParser(prog="python -m truth trials", description="False winners with a look every day.")
    parser.add_argument("--trials", type=int, default=TRIALS)
    parser.add_argument("--first", type=int, default=JUDGED, help=f"first seed; {DEVELOPED} and on to develop")
    parser.add_argument("--folder", type=Path, default=ROOT / "reports" / "truth")
    chosen = parser.parse_args(arguments)
    nothing, some = [], []
    for shape in SHAPES:
        nothing.append(false_winners(shape, chosen.trials, chosen.first))
        sys.stderr.write(f"  {nothing[-1]}\n")
        if shape.name in LIFTS:
            some.append(found(shape, LIFTS[shape.name], max(chosen.trials // 5, 1), chosen.first))
            sys.stderr.write(f"  {some[-1]}\n")
    shared = regret(max(chosen.trials // 5, 2), chosen.first)
    sys.stderr.write(f"  {shared}\n")
    path = write(pd.DataFrame(nothing), pd.DataFrame(some), shared, chosen.folder)
    sys.stdout.write(f"{path}\n")
    return 0


def write(nothing: pd.DataFrame, some: pd.DataFrame, shared: dict[str, object], folder: Path) -> Path:
    """The page, and the trials without effect as a table."""
    words = Words("en", "CNY", 1)
    worst = float((nothing.false / nothing.trials).max())
    title = f"With no effect, at most {words.share(worst, 1)} of trials have a winner; 5% are allowed"
    one = show.table(nothing, "none", words, {
        "shape": ("Trials of", "text"), "trials": ("Trials", "count"), "false": ("False winners", "count"),
        "p": ("p, more than 5%", lambda x: words.number(x, 3)), "fixed": ("One-look test, asked daily", "count"),
    }, title="No effect, a look every day")  # fmt: skip
    two = show.table(some, "some", words, {
        "shape": ("Trials of", "text"), "lift": ("True lift", "signed_share"), "found": ("Found, looking daily", "share"),
        "once": ("Found, one look at the end", "share"), "wrong": ("Wrong winner", lambda x: words.share(x, 1)),
        "days": ("Days until told", "number"), "of": ("Days planned", "count"),
    }, title=f"An effect: up to {words.number(longer(0.05, POWER))} times as long as one look "
             f"({words.number(longer(0.05, POWER, comparisons(4)))} with four arms)")  # fmt: skip
    said = (f"Thompson missed {words.number(shared['thompson'])} clicks a trial, an equal split {words.number(shared['equal'])}: "
            f"{words.number(shared['saved'])} saved (95%: {words.number(shared['low'])} to {words.number(shared['high'])}); "
                f"where all "
            f"items were alike, {shared['false']} of {shared['trials']} trials under it had a winner.")  # fmt: skip
    body = f"<h1>{title}</h1><p>{said}</p>{one.html}{two.html}"
    files.atomic_write(folder / "trials.csv", nothing.to_csv(index=False))
    files.atomic_write(folder / "trials.html", PAGE.format(css=show.house_css(), body=body))
    return folder / "trials.html"


if __name__ == "__main__":
    sys.exit(main())
