"""Who will have left a stage whose window soon ends: chances learned from earlier days, and how right they were.

Of everybody whose window ended within the horizon on an earlier day it is known where they stood at the horizon's end. A logistic
regression a stage (the fit of `apex.model.hits`, lightly penalised) on days left, what keeps them in touch below, and what they
did of late. Days differ: a promotion holds people, a quiet month does not. How far earlier days lay off what days before them
foretold, beyond what chance of so few people allows, widens the interval.
"""

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from apex.model.hits import fit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

LEAST = 20  # of those who left, and of those who stayed, that a stage's chances take
Z80 = 1.2815515594600038
EDGES = (0.0, 0.5, 0.7, 0.8, 0.9, 1.0)  # of chances, in the test
RECENT = 6  # earlier days that chances are learned from
FLAT = 0.35  # convention: how far a day lies off, in log-odds, while fewer than three days tell
TESTED = ["day", "stage", "people", "told", "left", "low", "high"]


def chances(frame: pd.DataFrame, day: date) -> pd.Series:
    """The chance to have left, for the rows of `day` (frame of `measure.leavers.due`), from days whose outcome was known then.

    Null where the stage has too few to learn from. Index: that of the rows.
    """
    now, before = frame[frame.day == day], frame[(frame.day < day) & frame.fell.notna()]
    before = before[before.day.isin(sorted(before.day.unique())[-RECENT:])]
    found = pd.Series(np.nan, now.index)
    for stage, mine in now.groupby("stage"):
        known = before[before.stage == stage]
        fell = known.fell.to_numpy(bool)
        if min(fell.sum(), (~fell).sum()) >= LEAST:
            found[mine.index] = fit(_signals(known), fell).chances(_signals(mine))[:, 0]
        elif fell.sum() >= LEAST:  # hardly anybody stays: a share is all that can be told
            found[mine.index] = (fell.sum() + 0.5) / (len(fell) + 1)
    return found


def rolled(frame: pd.DataFrame, days: Sequence[date]) -> pd.DataFrame:
    """The rows of all days that can be foretold from days before them, with chance, each from what was known on its own day."""
    parts = [frame[frame.day == day].assign(chance=chances(frame, day)) for day in days[1:]]
    whole = pd.concat(parts) if parts else frame.iloc[:0].assign(chance=pd.Series(dtype=float))
    return whole[whole.chance.notna()]


def spread(foretold: pd.DataFrame) -> float:
    """How far days lie off what was foretold, in log-odds, beyond chance; foretold: rows of `rolled` with known outcome."""
    gaps, noise = [], []  # weighted by how well each is known: of few people who nearly all leave little can be learned
    for _, mine in foretold.groupby(["day", "stage"]):
        if len(mine) < 30:
            continue
        p, n = float(mine.chance.mean()), len(mine)
        q = (float(mine.fell.astype(float).sum()) + 0.5) / (n + 1)
        gaps.append(_logit(q) - _logit(p))
        noise.append(1 / (n * max(p * (1 - p), 1e-3)))
    if len(gaps) < 3:
        return FLAT
    weight = 1 / np.array(noise)
    return float(np.sqrt(max((weight * (np.square(gaps) - noise)).sum() / weight.sum(), 0.0)))


def totals(rows: pd.DataFrame, apart: float, by: Sequence[str] = ("stage",)) -> pd.DataFrame:
    """By group: people, leaving (expected), low, high (80 %, whole people), share. rows: with chance."""
    keys, found = list(by), []
    for name, mine in rows.groupby(keys):
        n, p = len(mine), float(np.clip(mine.chance.mean(), 1e-4, 1 - 1e-4))
        reach = Z80 * np.sqrt(apart**2 + 1 / (n * max(p * (1 - p), 1e-3)))
        low, high = (_expit(_logit(p) + s * reach) for s in (-1, 1))
        found.append((*name, n, n * p, float(np.floor(n * low)), float(np.ceil(n * high)), p))
    return pd.DataFrame(found, columns=[*keys, "people", "leaving", "low", "high", "share"])


def tested(foretold: pd.DataFrame, days: Sequence[date]) -> pd.DataFrame:
    """Each earlier day and stage beside what was foretold of it: TESTED; the interval knows only days before. 80 %."""
    parts = []
    for day in days:
        before = foretold[(foretold.day < day) & foretold.fell.notna()]
        mine = foretold[(foretold.day == day) & foretold.fell.notna()]
        if len(mine):
            told = totals(mine, spread(before)).rename(columns={"leaving": "told"})
            left = mine.groupby("stage").fell.agg(lambda f: int(f.astype(int).sum())).rename("left").reset_index()
            parts.append(told.merge(left, on="stage").assign(day=day))
    return pd.concat(parts, ignore_index=True)[TESTED] if parts else pd.DataFrame(columns=TESTED)


def reliability(foretold: pd.DataFrame, day: date) -> pd.DataFrame:
    """One earlier day by the chance that was stated: bin (number), people, told (mean chance), left (how many), share, low, high.

    Exact 95 % intervals of the share (Clopper & Pearson 1934), as if people were independent.
    """
    from scipy.special import betaincinv

    mine = foretold[(foretold.day == day) & foretold.fell.notna()]
    cut = np.clip(np.searchsorted(EDGES, mine.chance.to_numpy(), side="right") - 1, 0, len(EDGES) - 2)
    rows = []
    for number in np.unique(cut):
        some = mine[cut == number]
        n, k = len(some), int(some.fell.astype(int).sum())
        low = float(betaincinv(k, n - k + 1, 0.025)) if k else 0.0
        high = float(betaincinv(k + 1, n - k, 0.975)) if k < n else 1.0
        rows.append((int(number), n, float(some.chance.mean()), k, k / n, low, high))
    return pd.DataFrame(rows, columns=["bin", "people", "told", "left", "share", "low", "high"])


def brier(foretold: pd.DataFrame, day: date) -> tuple[float, float, int]:
    """On one earlier day: the Brier score of the chances, that of each stage's share before that day, and how many people."""
    mine = foretold[(foretold.day == day) & foretold.fell.notna()]
    before = foretold[(foretold.day < day) & foretold.fell.notna()]
    if mine.empty or before.empty:
        return float("nan"), float("nan"), 0
    fell = mine.fell.astype(float)
    usual = before.fell.astype(float).groupby(before.stage).mean()
    base = mine.stage.map(usual).fillna(float(before.fell.astype(float).mean()))
    return float(((mine.chance - fell) ** 2).mean()), float(((base - fell) ** 2).mean()), len(mine)


def _signals(rows: pd.DataFrame) -> "Floats":
    left, lower = rows.left.to_numpy(float), rows.lower.to_numpy(float)
    return np.column_stack([
        left, np.minimum(left, 7), np.log1p(lower), lower > 0, np.log1p(rows.lately.to_numpy(float)),
        np.log1p(rows.bought.to_numpy(float)),
    ]).astype(float)  # fmt: skip


def _logit(p: float) -> float:
    return float(np.log(p / (1 - p)))


def _expit(x: float) -> float:
    return float(1 / (1 + np.exp(-x)))
