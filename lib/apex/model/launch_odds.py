"""The chance that a launch becomes a hit, by the model of `apex.model.hits`, and whether such chances are what they say."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from apex.measure.item_rules import Hits
from apex.model.hits import LEAST, early_signals, fit, foretell

EDGES = (0.0, 0.1, 0.25, 0.5, 0.75, 1.0)  # of the bins of stated chances
RELIABILITY = ["chances", "launches", "stated", "hits", "share", "low", "high"]


@dataclass(frozen=True)
class Odds:
    """Chance of a hit with its interval (95 %, of the fit); base: share of hits among all launches whose outcome is known.

    NaN where fewer than LEAST hits, or others, are known; learned: outcomes known.
    """

    chance: float
    low: float
    high: float
    base: float
    learned: int


@dataclass(frozen=True)
class Score:
    """Mean squared error (Brier, 1950) of the chances, and of the base rate as it was known on the same days.

    gain: base less model; low, high: its 95 % interval over launches (Student's t). NaN without tests.
    """

    launches: int
    hits: int
    model: float
    base: float
    gain: float
    low: float
    high: float


def odds(starts: pd.DataFrame, asked: "pd.DataFrame | str") -> Odds:
    """Of one launch. starts: of `measure.item_starts.starts` for one number of first days.

    asked: the item's id, or, for one that is not on sale, a row of the same columns (`item_starts.planned`).
    """
    known = starts.hit.notna().to_numpy()
    truth = starts.hit.fillna(False).to_numpy(bool)
    base = float(truth[known].mean()) if known.any() else np.nan
    nothing = Odds(np.nan, np.nan, np.nan, base, int(known.sum()))
    if isinstance(asked, str):
        there, every = (starts.item_id == asked).to_numpy(), starts
    else:
        if asked.brand_before.iloc[0] == 0 and (starts.brand_before == 0).sum() < LEAST and len(starts):
            asked = asked.assign(brand_before=starts.brand_before.median())  # new in the category: as anybody's launch
        every = pd.concat([starts, asked], ignore_index=True)
        there, known = np.arange(len(every)) == len(starts), np.append(known, False)
        truth = np.append(truth, False)
    if min(truth[known].sum(), (~truth[known]).sum()) < LEAST or there.sum() != 1:
        return nothing
    values = early_signals(every).to_numpy()
    made = fit(values[known], truth[known]).chances(values[there])[0]
    return Odds(float(made[0]), float(made[1]), float(made[2]), base, int(known.sum()))


def tested(starts: pd.DataFrame, asked: Hits, step: int) -> pd.DataFrame:
    """Chances as they would have been stated: chance, base (share of hits known by then), hit; a row a launch.

    step: days that share a fit. Only launches whose outcome is known and whose fit had enough to learn from.
    """
    if not len(starts):
        return pd.DataFrame({"chance": [], "base": [], "hit": []}).astype({"hit": bool})
    days = int(starts.days.iloc[0])
    made, told = -starts.known_on, asked.day - days - starts.known_on
    found = foretell(early_signals(starts), starts.hit, made, told, step)
    truth = starts.hit.fillna(False).to_numpy(bool)
    known = starts.hit.notna().to_numpy()
    base = {o: truth[known & (told.to_numpy() <= o)].mean() for o in found.origin.unique()}
    return pd.DataFrame({
        "chance": 1 / (1 + np.exp(-found.score.to_numpy(float))), "base": found.origin.map(base).to_numpy(float),
        "hit": truth[starts.index.get_indexer(found.index)],
    })  # fmt: skip


def reliability(tests: pd.DataFrame) -> pd.DataFrame:
    """Bins of stated chances: launches, mean chance stated, hits, their share with its exact interval (Clopper-Pearson, 95 %).

    Bins without launches are left out; `chances` is the bin's number.
    """
    at = np.clip(np.searchsorted(EDGES, tests.chance.to_numpy(float), side="right") - 1, 0, len(EDGES) - 2)
    rows = []
    for number in np.unique(at):
        mine = tests[at == number]
        some = int(mine.hit.sum())
        rows.append((int(number), len(mine), mine.chance.mean(), some, some / len(mine), *exact(some, len(mine))))
    return pd.DataFrame(rows, columns=RELIABILITY)


def exact(some: int, of: int, level: float = 0.95) -> tuple[float, float]:
    """Clopper and Pearson's interval of a share."""
    from scipy.special import betaincinv

    tail = (1 - level) / 2
    low = float(betaincinv(some, of - some + 1, tail)) if some > 0 else 0.0
    high = float(betaincinv(some + 1, of - some, 1 - tail)) if some < of else 1.0
    return low, high


def score(tests: pd.DataFrame) -> Score:
    """Brier scores of the tests (see `Score`)."""
    n = len(tests)
    if n < 2:
        return Score(n, int(tests.hit.sum()), *[np.nan] * 5)
    from scipy.special import stdtrit

    truth = tests.hit.to_numpy(float)
    ours, theirs = (tests.chance.to_numpy() - truth) ** 2, (tests.base.to_numpy() - truth) ** 2
    gain = theirs - ours
    half = float(stdtrit(n - 1, 0.975) * gain.std(ddof=1) / np.sqrt(n))
    mean = float(gain.mean())
    return Score(n, int(truth.sum()), float(ours.mean()), float(theirs.mean()), mean, mean - half, mean + half)
