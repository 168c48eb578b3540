"""A trial read at today's look: which arm is ahead, by how much at the least, what stopping would cost, and the verdict.

The trial's own metric decides. Rates (clicks of impressions, first purchases of consumers) by exact confidence sequences
(`apex.model.race`), money by asymptotic ones (`apex.model.trial_money`), both valid at every day's look together. An arm wins
when it beats every other one; that an arm wins which is not the best happens in at most α of trials (`peeking.comparisons`).
"""

from dataclasses import dataclass
from datetime import date
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from apex.model import race, sample_ratio, sample_size, thompson, trial_money
from apex.model.peeking import comparisons

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from apex.measure.trial_counts import Counted

    Floats = NDArray[np.float64]
    Pairs = dict[tuple[int, int], tuple[Floats, Floats, Floats]]

MONEY = "gmv_minor"
WINNER, ALIKE, CONTINUE, FEW, BROKEN = "winner", "alike", "continue", "few", "broken"
STOP = (WINNER, ALIKE)
TOGETHER = " + "  # between arms that stand together
LEAST = 10  # things that happened, in all arms together, below which a trial is not read
ARMS = ["arm", "control", "units", "did", "rate", "against", "ratio", "low", "high", "p_best", "loss", "next_share"]


@dataclass(frozen=True)
class Read:
    """One trial's answer.

    arms: ARMS, one row an arm: rate, and its ratio to the arm `against` (the control; without one the leader, and for the
    leader the one behind it) with its interval; p_best, loss (of the rate, if one went on with this arm for good), next_share (by
    Thompson's rule, of impressions). path: day, value, low, high: the leader's ratio day by day. money: `trial_money.table`.
    unevenness: the sample-ratio test's p. detectable: the lift that it can tell by its end (None: none). told: the day on
    which the winner was first told.
    """

    counted: "Counted"
    arms: pd.DataFrame
    path: pd.DataFrame
    money: pd.DataFrame
    unevenness: float
    verdict: str
    winner: str | None
    told: date | None
    detectable: float | None
    needed: float | None

    @property
    def leader(self) -> pd.Series:
        """The row of the arm with the highest rate; of several arms and no control beside the one behind it."""
        return self.arms.loc[self.arms.rate.idxmax()]


def read(counted: "Counted", lift: float, limit: float, seed: int = 0) -> Read:
    """Read a trial. lift: the relative lift that it should tell; limit: the relative loss at which arms count as alike."""
    names = list(counted.arms.arm)
    comparing = comparisons(len(names))
    all_pairs = pairs(counted, counted.alpha / comparing)
    money = trial_money.table(counted, counted.alpha / comparing)
    units, did = (counted.grid(c).to_numpy(float) for c in ("units", "did"))
    n, x = (units[-1] if counted.unit == "consumer" else units.sum(0)), did.sum(0)
    rate = np.divide(x, n, out=np.full(len(n), np.nan), where=n > 0)
    rates = thompson.draws(n, x, seed)
    chances, loss = thompson.best(rates), thompson.loss(rates)
    arms = counted.arms[["arm", "control"]].assign(
        units=n.astype(int), did=x.astype(int), rate=rate, p_best=chances, loss=loss,
        next_share=thompson.shares(chances) if counted.unit != "consumer" else np.nan,
    )  # fmt: skip
    arms = _against(arms, all_pairs)
    winner, told = won(counted)
    uneven = sample_ratio.p_value(list(counted.arms.units), list(counted.arms.chance))
    detectable, needed = _ahead(counted, n, x, lift)
    verdict = _verdict(counted, uneven, x.sum(), winner, loss, rate, limit, detectable, lift)
    return Read(counted, arms, _path(counted, arms, all_pairs), money, uneven, verdict,
                winner if verdict != BROKEN else None, told if verdict != BROKEN else None, detectable, needed)  # fmt: skip


def pooled(arms: pd.DataFrame, least: int) -> pd.DataFrame:
    """Arms with those that did too little to be shown put together (arm "a + b"), the smallest first, so that none need be
    hidden.

    arms: of `Read`. What was put together has no ratio and no loss of its own, nor has whoever stood beside it.
    """
    rows = arms.sort_values(["did", "arm"]).to_dict("records")
    while len(rows) > 1 and any(0 < r["did"] < least for r in rows):
        k = next(n for n, r in enumerate(rows) if 0 < r["did"] < least)
        j = k + 1 if k + 1 < len(rows) else k - 1
        one, two = rows[min(k, j)], rows[max(k, j)]
        both = {c: one[c] + two[c] for c in ("units", "did", "p_best", "next_share")}
        both |= {
            "arm": f"{one['arm']}{TOGETHER}{two['arm']}",
            "control": False,
            "rate": both["did"] / max(both["units"], 1),
        }
        rows = [r for n, r in enumerate(rows) if n not in (k, j)]
        rows = sorted([*rows, both], key=lambda r: (r["did"], r["arm"]))
    found = pd.DataFrame(rows).reindex(columns=ARMS)
    gone = ~found.against.isin(found.arm)
    found.loc[gone, ["ratio", "low", "high"]] = np.nan
    return found.astype({"units": "int64", "did": "int64"})


def won(counted: "Counted") -> tuple[str | None, date | None]:
    """The arm that was told to beat all others, and the first day on which it was."""
    names, days = list(counted.arms.arm), list(counted.grid("units").index)
    alpha = counted.alpha / comparisons(len(names))
    if counted.metric == MONEY:
        beats = trial_money.lows(counted, alpha)
    else:
        beats = {}
        for (k, j), (first, second, share) in _races(counted).items():
            beats[k, j], beats[j, k] = race.ahead(first, second, share, alpha)
    best: tuple[int, int] | None = None
    for k in range(len(names)):
        ever = [np.logical_or.accumulate(beats[k, j]) for j in range(len(names)) if j != k]
        on = np.logical_and.reduce(ever)
        if on.any() and (best is None or on.argmax() < best[1]):
            best = k, int(on.argmax())
    return (None, None) if best is None else (names[best[0]], days[best[1]])


def pairs(counted: "Counted", alpha: float) -> "Pairs":
    """`race.bounds` of every ordered pair of arms."""
    found = {}
    for (k, j), told in _races(counted).items():
        ratio, low, high = race.bounds(*told, alpha)
        with np.errstate(divide="ignore"):
            found[k, j], found[j, k] = (ratio, low, high), (1 / ratio, 1 / high, 1 / low)
    return found


def _races(counted: "Counted") -> "Pairs":
    """For each pair of arms what happened in the first and the second, and the first's share of those at risk, by day.

    Of consumers those are at risk who were on the list by the day's end and had not bought for the first time before.
    """
    units, did = (counted.grid(c).to_numpy(float) for c in ("units", "did"))
    risk = units - (np.cumsum(did, axis=0) - did) if counted.unit == "consumer" else units
    found = {}
    for k, j in combinations(range(units.shape[1]), 2):
        both = risk[:, k] + risk[:, j]
        share = np.divide(risk[:, k], both, out=np.zeros(len(both)), where=both > 0)
        found[k, j] = did[:, k], did[:, j], share
    return found


def _against(arms: pd.DataFrame, all_pairs: "Pairs") -> pd.DataFrame:
    order = arms.rate.fillna(-1).to_numpy().argsort(kind="stable")[::-1]
    control = np.flatnonzero(arms.control.to_numpy(bool))
    rows = []
    for k in range(len(arms)):
        j = int(control[0]) if len(control) else int(order[0] if k != order[0] else order[1])
        found = (np.nan,) * 3 if j == k else tuple(x[-1] for x in all_pairs[k, j])
        rows.append((None if j == k else arms.arm.iloc[j], *found))
    told = pd.DataFrame(rows, columns=["against", "ratio", "low", "high"], index=arms.index)
    return arms.join(told)[ARMS]


def _path(counted: "Counted", arms: pd.DataFrame, all_pairs: "Pairs") -> pd.DataFrame:
    """The leader's ratio, or with a control the first treated arm's, by day: day, value, low, high."""
    rated = arms.against.notna() & (~arms.control.astype(bool))
    k = int(arms.rate.where(rated, -1).to_numpy().argmax())
    j = list(arms.arm).index(arms.against.iloc[k])
    ratio, low, high = all_pairs[k, j]
    frame = pd.DataFrame({"day": counted.grid("units").index, "value": ratio, "low": low, "high": high})
    return frame.assign(arm=arms.arm.iloc[k], against=arms.against.iloc[k])


def _ahead(counted: "Counted", n: "Floats", x: "Floats", lift: float) -> tuple[float | None, float | None]:
    """The lift that the trial tells by its end, and the units in its smaller arm that `lift` needs."""
    part, consumers = counted.part, counted.unit == "consumer"
    small, large = float(np.sort(n)[0]), float(np.sort(n)[1])
    rate = float(x.sum() / max(n.sum(), 1)) / (part if consumers else 1.0)
    if not 0 < rate < 1 or small <= 0:
        return None, None
    whole, ratio = (small if consumers else small / part), large / small
    needed = sample_size.table(rate, [lift], len(n), counted.alpha, ratio=ratio).daily.iloc[0]
    found = sample_size.tellable(whole, rate, len(n), counted.alpha, ratio)
    return found, None if pd.isna(needed) else float(needed)


def _verdict(
    counted: "Counted", uneven: float, happened: float, winner: str | None, loss: "Floats", rate: "Floats", limit: float,
    detectable: float | None, lift: float,
) -> str:  # fmt: skip
    if uneven < sample_ratio.STRICT:
        return BROKEN
    if winner is not None:
        return WINNER
    if happened >= LEAST and loss.max() <= limit * np.nanmax(rate):
        return ALIKE
    if counted.ended or (counted.part >= 0.25 and (detectable is None or detectable > lift)):
        return FEW
    return CONTINUE
