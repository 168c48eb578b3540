"""How long a spell lasts, from counts of spells that may enter late, end in two ways, or last beyond what is seen.

The product-limit estimate (Kaplan and Meier, 1958) with late entries: on each day of age those leave who do, of those who
were at risk. Rising and falling compete; the share that has risen by a day is the cumulative incidence (Aalen and
Johansen, 1978), so that still there + risen + fallen is one. A consumer's spells hang together, so intervals do not take
them for independent: consumers stand in groups by hash, and the estimate without each group in turn (the delete-a-group
jackknife) gives the standard error, the log-log scale the interval. `statsmodels.SurvfuncRight` gives the same curve from
single spells, with Greenwood's error, which is too small here.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

LEAST_AT_RISK = 30  # spells: with fewer the curve ends
CURVE = [
    "stage",
    "day",
    "at_risk",
    "share",
    "low",
    "high",
    "rose",
    "rose_low",
    "rose_high",
    "fell",
    "fell_low",
    "fell_high",
]
Array = NDArray[np.float64]


def curves(spells: pd.DataFrame, level: float = 0.95) -> pd.DataFrame:
    """For each stage and each day of age: the share of spells still there, risen and fallen, with intervals.

    spells: stage, group, entry, stay, exit (up, down, lasts), spells, of one brand. Returns stage, day (0, 1, …), at_risk
    (int), share, low, high, rose, rose_low, rose_high, fell, fell_low, fell_high (sorted by stage and day; an interval is
    missing where the share is 0 or 1, or with one group alone). A curve ends before the first day with fewer than 30 spells
    at risk; a stage with fewer has no row.
    """
    found = []
    for stage, mine in spells.groupby("stage", observed=True):
        up, down, at_risk = _counts(mine)
        short = np.flatnonzero(at_risk.sum(axis=0) < LEAST_AT_RISK)
        seen = int(short[0]) if len(short) else at_risk.shape[1]
        if seen:
            up, down, at_risk = (counts[:, :seen] for counts in (up, down, at_risk))
            all_of_them = at_risk.sum(axis=0).astype(int)
            columns = {"day": np.arange(seen + 1), "at_risk": np.r_[all_of_them[0], all_of_them]}
            found.append(pd.DataFrame({"stage": stage} | columns | product_limit(up, down, at_risk, level)))
    if not found:
        return pd.DataFrame(columns=CURVE).astype(dict.fromkeys(CURVE[3:], float))
    frame = pd.concat(found, ignore_index=True)
    return frame.assign(stage=frame.stage.astype(spells.stage.dtype))[CURVE]


def product_limit(up: Array, down: Array, at_risk: Array, level: float = 0.95) -> dict[str, Array]:
    """The estimates of one stage from counts of groups × days of age 1, 2, …: those risen, fallen, and at risk that day.

    Returns share, low, high, rose, rose_low, rose_high, fell, fell_low, fell_high at the end of days 0, 1, 2, …
    """
    from scipy.special import stdtrit

    whole = _incidence(*(counts.sum(axis=0, keepdims=True) for counts in (up, down, at_risk)))
    parts = _incidence(*(counts.sum(axis=0) - counts for counts in (up, down, at_risk)))
    groups = len(up)
    z = float(stdtrit(groups - 1, 0.5 + level / 2)) if groups > 1 else np.nan
    found: dict[str, Array] = {}
    for name, estimate, without in zip(("share", "rose", "fell"), whole, parts, strict=True):
        error = np.sqrt((groups - 1) / groups * ((without - without.mean(axis=0)) ** 2).sum(axis=0))
        ends = ("low", "high") if name == "share" else (f"{name}_low", f"{name}_high")
        found |= {name: estimate[0]} | dict(zip(ends, _log_log(estimate[0], z * error), strict=True))
    return found


def medians(curve: pd.DataFrame) -> pd.DataFrame:
    """The median stay of each stage of `curves`: stage, median, low, high (days; null: not reached), seen (the last day).

    The interval's ends are where the curve's interval crosses one half (Brookmeyer and Crowley, 1982).
    """
    rows = []
    for stage, mine in curve.groupby("stage", observed=True):
        first = {c: mine.day[mine[c] <= 0.5].min() for c in ("share", "low", "high")}
        rows.append((stage, first["share"], first["low"], first["high"], mine.day.max()))
    frame = pd.DataFrame(rows, columns=["stage", "median", "low", "high", "seen"])
    frame["stage"] = frame.stage.astype(curve.stage.dtype)
    return frame.astype(dict.fromkeys(("median", "low", "high", "seen"), "Int64"))


def stays(curve: pd.DataFrame, spells: pd.DataFrame, days: Sequence[int]) -> pd.DataFrame:
    """The curves on some days beside what was counted for them: as much as a table says.

    Returns stage, day, share, low, high, rose, fell, rises, falls (exits since the day before in `days`, as counted), spells,
    consumers: one row for each day that the stage's curve reaches.
    """
    counted = spells.groupby("stage", observed=True)[["spells", "consumers"]].sum()
    kept = curve[curve.day.isin(list(days))][["stage", "day", "share", "low", "high", "rose", "fell"]].reset_index(
        drop=True
    )
    for column, kind in (("rises", "up"), ("falls", "down")):
        ends = spells[spells.exit == kind]
        upto = [int(ends.spells[(ends.stage == r.stage) & (ends.stay <= r.day)].sum()) for r in kept.itertuples()]
        kept[column] = pd.Series(upto, dtype="int64")
        kept[column] -= kept.groupby("stage", observed=True)[column].shift(fill_value=0)
    return kept.join(counted, on="stage")


def coarse(curve: pd.DataFrame, spells: pd.DataFrame, least: int) -> pd.DataFrame:
    """The curves only on days between which none or at least `least` spells ended: stage, day, share, low, high.

    A step of a curve tells how many left on a day; so many may be too few to be shown one by one.
    """
    ends = spells[spells.exit != "lasts"].groupby(["stage", "stay"], observed=True).spells.sum().to_dict()
    keep = []
    for row in curve.itertuples():
        if row.day == 0:
            waiting = 0
        waiting += ends.get((row.stage, row.day), 0)
        keep.append(row.day == 0 or waiting == 0 or waiting >= least)
        waiting = 0 if keep[-1] else waiting
    return curve.loc[keep, ["stage", "day", "share", "low", "high"]].reset_index(drop=True)


def after(spells: pd.DataFrame, days: Sequence[int]) -> pd.DataFrame:
    """The share still there after some days, for many brands at once and without intervals: a peer's figure.

    spells: brand, stage, entry, stay, exit, spells. Returns brand, stage, day, share (null with fewer than 30 at risk).
    """
    pairs = spells.groupby(["brand", "stage"], observed=True).ngroup().to_numpy()
    named = spells.assign(group=pairs).drop_duplicates("group").sort_values("group")
    if named.empty:
        return pd.DataFrame(columns=["brand", "stage", "day", "share"]).astype({"share": "Float64"})
    up, down, at_risk = _counts(spells.assign(group=pairs))
    share, _, _ = _incidence(up, down, at_risk)
    enough = np.cumprod(np.c_[at_risk[:, :1] >= LEAST_AT_RISK, at_risk >= LEAST_AT_RISK], axis=1).astype(bool)
    frames = []
    for day in days:
        there = np.where(enough[:, day], share[:, day], np.nan) if day < share.shape[1] else np.full(len(named), np.nan)
        frames.append(
            pd.DataFrame({"brand": named.brand.array, "stage": named.stage.array, "day": day, "share": there})
        )
    return pd.concat(frames, ignore_index=True).astype({"share": "Float64"})


def _counts(spells: pd.DataFrame) -> tuple[Array, Array, Array]:
    """Risen, fallen and at risk: arrays of groups × days of age 1, 2, …"""
    number, group = pd.factorize(spells.group, sort=True)
    days = int(spells.stay.max()) if len(spells) else 0
    weight = spells.spells.to_numpy(dtype=float)

    def tally(day: "pd.Series[int]", which: "pd.Series[bool] | None" = None) -> Array:
        counts = np.zeros((len(group), days + 2))
        np.add.at(counts, (number, day.to_numpy()), weight if which is None else weight * which.to_numpy())
        return counts

    entered, left = tally(spells.entry + 1), tally(spells.stay + 1)
    at_risk = (entered - left).cumsum(axis=1)
    up, down = tally(spells.stay, spells.exit == "up"), tally(spells.stay, spells.exit == "down")
    return up[:, 1:-1], down[:, 1:-1], at_risk[:, 1:-1]


def _incidence(up: Array, down: Array, at_risk: Array) -> tuple[Array, Array, Array]:
    """Share still there, risen, fallen at the end of days 0, 1, …, a row for each row of counts."""
    some = np.where(at_risk > 0, at_risk, 1)
    share = np.cumprod(1 - (up + down) / some, axis=1)
    begin = np.c_[np.ones(len(share)), share]
    gone = [np.c_[np.zeros(len(share)), np.cumsum(begin[:, :-1] * part / some, axis=1)] for part in (up, down)]
    return begin, gone[0], gone[1]


def _log_log(share: Array, reach: Array) -> tuple[Array, Array]:
    """The interval of a share whose error times z is `reach`, on the log-log scale; missing at 0 and 1."""
    inside = (share > 1e-12) & (share < 1 - 1e-12)
    safe = np.where(inside, share, 0.5)
    wide = np.exp(np.where(inside, reach, np.nan) / np.abs(safe * np.log(safe)))
    return safe**wide, safe ** (1 / wide)
