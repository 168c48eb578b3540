"""Whom a trial moved more: a ranking learned on some consumers and judged on others, and the trial's effect by crowd.

The ranking is a ridge regression of each consumer's own unbiased guess of the effect, (y − m(x)) (t − p) / (p (1 − p)), on what
was known before. Consumers fall at random into folds; the second is ranked by what the first says, the third by what the first
two say, and so on, so that nobody is judged by a ranking that saw him, and errors add up as in a martingale (Wager, Sequential
validation of treatment heterogeneity, 2024; after Luedtke & van der Laan, Ann. Statist. 44, 2016). Ordinary cross-fitting does
not have that: its folds judge each other, and where nothing is to be found its intervals are too short.

The Qini curve is what a ranking gains when only its first part is treated, over as many taken at random (Radcliffe 2007); its
area is a mean over consumers of effect times rank (Yadlowsky, Fleming, Shah, Brunskill & Wager, JASA 2024), so it has an error.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

FOLDS = 5
RIDGE = 0.05  # of the number of consumers, on standardised columns
PARTS = 5  # equal groups of the ranking in the table
STEPS = np.linspace(0, 1, 21)  # of the curve
LEAST = 200  # consumers an arm, below which nobody is ranked
LEVEL_Z = 1.959964
CROWDS = ["crowd", "treated", "control", "effect", "low", "high", "shrunk", "shrunk_low", "shrunk_high"]


@dataclass(frozen=True)
class Qini:
    """area: what the ranking gains over random, a consumer, averaged over all shares treated; with its 95 % interval.

    curve: share (treated), gain (over nobody treated, a consumer of all), random (the same at random), error (of gain less
    random). parts: part (1 the most promising), consumers, effect, low, high. effect: of everybody. n: consumers judged.
    """

    area: float
    low: float
    high: float
    effect: float
    curve: pd.DataFrame
    parts: pd.DataFrame
    n: int


def qini(y: "Floats", treated: "NDArray[np.bool_]", chance: "Floats", x: "Floats", seed: int = 0) -> Qini | None:
    """Rank and judge. y: outcome; chance: each consumer's chance of being treated; x: consumers × columns known before.

    None with too few in an arm, or where nothing known varies.
    """
    x = x[:, np.ptp(x, axis=0) > 0] if len(x) else x
    if min(treated.sum(), (~treated).sum()) < LEAST or not x.shape[1]:
        return None
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(y))
    folds = np.array_split(order, FOLDS)
    weight = (treated - chance) / (chance * (1 - chance))
    guess, rank, fold = (np.full(len(y), np.nan) for _ in range(3))
    for k in range(1, FOLDS):
        known, asked = np.concatenate(folds[:k]), folds[k]
        usual = _ridge(x[known], y[known])
        rest = y - usual(x)
        score = _ridge(x[known], rest[known] * weight[known])(x[asked])
        guess[asked], fold[asked] = rest[asked] * weight[asked], k
        # ties stand together at their middle: who is alike is not told apart
        rank[asked] = (pd.Series(-score).rank(method="average").to_numpy() - 0.5) / len(asked)
    judged = ~np.isnan(guess)
    return _judged(guess[judged], rank[judged], fold[judged])


def by_crowd(
    y: "Floats", treated: "NDArray[np.bool_]", chance: "Floats", x: "Floats", crowd: pd.Series
) -> pd.DataFrame:
    """The effect in each crowd: CROWDS; shrunk is held back towards the others' as far as they are alike.

    Adjusted for x (see `qini`). Normal intervals of 95 %; the spread between crowds by moments (DerSimonian & Laird 1986).
    """
    x = x[:, np.ptp(x, axis=0) > 0] if len(x) else x
    rest = y - (
        _ridge((x - x.mean(axis=0)) / x.std(axis=0), y)((x - x.mean(axis=0)) / x.std(axis=0))
        if x.shape[1]
        else y.mean()
    )
    guess = rest * (treated - chance) / (chance * (1 - chance))
    each = pd.DataFrame({"crowd": crowd.to_numpy(), "guess": guess, "treated": treated, "control": ~treated})
    found = each.groupby("crowd").agg(
        treated=("treated", "sum"), control=("control", "sum"), effect=("guess", "mean"), sd=("guess", "std"), n=("guess", "size")
    ).reset_index()  # fmt: skip
    found = found[(found.treated > 1) & (found.control > 1) & (found.sd > 0)].reset_index(drop=True)
    if found.empty:
        return pd.DataFrame(columns=CROWDS)
    error = (found.sd / np.sqrt(found.n)).to_numpy()
    effect = found.effect.to_numpy()
    w = 1 / error**2
    middle = (w * effect).sum() / w.sum()
    spread = w.sum() - (w**2).sum() / w.sum()
    between = max(((w * (effect - middle) ** 2).sum() - (len(w) - 1)) / spread, 0.0) if spread > 0 else 0.0
    wide = 1 / (error**2 + between)
    centre, centre_error = (wide * effect).sum() / wide.sum(), 1 / np.sqrt(wide.sum())
    keep = between / (between + error**2)
    shrunk = keep * effect + (1 - keep) * centre
    doubt = np.sqrt(keep * error**2 + (1 - keep) ** 2 * centre_error**2)
    return found.assign(
        low=effect - LEVEL_Z * error, high=effect + LEVEL_Z * error, shrunk=shrunk,
        shrunk_low=shrunk - LEVEL_Z * doubt, shrunk_high=shrunk + LEVEL_Z * doubt,
    )[CROWDS]  # fmt: skip


def _judged(guess: "Floats", rank: "Floats", fold: "Floats") -> Qini:
    n = len(guess)
    mean, spread = _summed(guess * (0.5 - rank), fold)
    rows = []
    for share in STEPS:
        gained, error = _summed(guess * ((rank <= share) - share), fold)
        rows.append((share, gained + share * guess.mean(), share * guess.mean(), error))
    part = np.minimum((rank * PARTS).astype(int), PARTS - 1) + 1
    each = pd.DataFrame({"part": part, "guess": guess}).groupby("part").guess.agg(["size", "mean", "std"])
    wide = LEVEL_Z * each["std"] / np.sqrt(each["size"])
    parts = pd.DataFrame({
        "part": each.index, "consumers": each["size"], "effect": each["mean"], "low": each["mean"] - wide,
        "high": each["mean"] + wide,
    }).reset_index(drop=True)  # fmt: skip
    curve = pd.DataFrame(rows, columns=["share", "gain", "random", "error"])
    return Qini(mean, mean - LEVEL_Z * spread, mean + LEVEL_Z * spread, float(guess.mean()), curve, parts, n)


def _summed(values: "Floats", fold: "Floats") -> tuple[float, float]:
    """The mean, and its error with each fold's own variance."""
    within = sum(values[fold == k].var(ddof=1) * (fold == k).sum() for k in np.unique(fold))
    return float(values.mean()), float(np.sqrt(within) / len(values))


def _ridge(x: "Floats", y: "Floats"):  # type: ignore[no-untyped-def]
    """A fitted function of x, its columns held back."""
    middle = x.mean(axis=0)
    apart = x - middle
    slope = np.linalg.solve(apart.T @ apart + RIDGE * len(y) * np.eye(x.shape[1]), apart.T @ (y - y.mean()))
    return lambda new: y.mean() + (new - middle) @ slope
