"""How sure a share of a market is, what its change is worth, and what moved the brand's GMV: the market, or the share.

Orders are no independent draws, since the same consumers buy again and in both windows; consumers are. All intervals here
come from a grouped jackknife: leave out one bucket of consumers after the other, and see how far the figure moves (Wolter,
*Introduction to Variance Estimation*, ch. 4). They say how far it would move had other consumers of the same kind
bought; a census of the market would have none.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from apex.measure.share import SUMS, Compared
from apex.model.estimate import LEVEL, NAN
from apex.model.grow import log_mean

LEAST_BUYERS = 20  # of the brand in a window; fewer say nothing about its share
GMV, OURS, BUYERS, OUR_BUYERS = range(len(SUMS))
Sums = np.ndarray  # (…, windows × SUMS): what a statistic is computed from


@dataclass(frozen=True)
class Interval:
    """A figure with its interval; low and high are NaN where too few stand behind it. n: the brand's buyers in the window."""

    value: float
    low: float
    high: float
    n: int


def jackknife(buckets: np.ndarray, statistic: Callable[[np.ndarray], np.ndarray]) -> tuple[float, float]:
    """The statistic of the sums over buckets, and its standard error. buckets: (K, m); statistic: (…, m) → (…)."""
    whole = buckets.sum(axis=0)
    left_out = statistic(whole - buckets)
    count = len(buckets)
    squares = float(((left_out - left_out.mean()) ** 2).sum())
    return float(statistic(whole)), float(np.sqrt((count - 1) / count * squares))


def interval(
    buckets: np.ndarray, statistic: Callable[[np.ndarray], np.ndarray], n: int, share: bool = False
) -> Interval:
    """A figure with its jackknife interval (level LEVEL, t with K − 1 degrees).

    A `share` is held inside 0 and 1 by its log odds. No interval with fewer than LEAST_BUYERS buyers.
    """
    from scipy.special import stdtrit

    with np.errstate(divide="ignore", invalid="ignore"):
        value, error = jackknife(buckets, statistic)
        if n < LEAST_BUYERS or not np.isfinite(value) or not np.isfinite(error) or error == 0:
            return Interval(value if np.isfinite(value) else NAN, NAN, NAN, n)
        reach = float(stdtrit(len(buckets) - 1, 0.5 + LEVEL / 2)) * error
        if not share:
            return Interval(value, value - reach, value + reach, n)
        odds, reach = np.log(value / (1 - value)), reach / (value * (1 - value))
        low, high = (float(1 / (1 + np.exp(-(odds + way * reach)))) for way in (-1, 1))
        return Interval(value, low, high, n)


def shares(buckets: pd.DataFrame) -> pd.DataFrame:
    """The brand's share of each window's GMV and buyers, from the frame of `measure.share.by_bucket`.

    Returns first_day, last_day, SUMS, buyers_else (who bought others only), others (brands), share, low, high (of GMV),
    buyer_share, buyer_low, buyer_high; a share of nothing is missing.
    """
    rows = []
    for (first, last), part in buckets.groupby(["first_day", "last_day"]):
        table, sums = part[SUMS].to_numpy(dtype=float), part[SUMS].sum()
        money = interval(table, lambda s: s[..., OURS] / s[..., GMV], int(sums.buyers_brand), share=True)
        people = interval(table, lambda s: s[..., OUR_BUYERS] / s[..., BUYERS], int(sums.buyers_brand), share=True)
        rows.append(
            {"first_day": first, "last_day": last, **sums.astype("int64"), "others": int(part.others.max())}
            | dict(zip(("share", "low", "high"), (money.value, money.low, money.high), strict=True))
            | dict(zip(("buyer_share", "buyer_low", "buyer_high"), (people.value, people.low, people.high), strict=True))
        )  # fmt: skip
    columns = [
        "first_day",
        "last_day",
        *SUMS,
        "others",
        "share",
        "low",
        "high",
        "buyer_share",
        "buyer_low",
        "buyer_high",
    ]
    frame = pd.DataFrame(rows, columns=columns)
    frame.insert(6, "buyers_else", frame.buyers - frame.buyers_brand)
    return frame


def changes(buckets: pd.DataFrame, now: tuple[object, object], before: tuple[object, object]) -> pd.DataFrame:
    """How category, brand and share changed between two windows of the frame of `measure.share.by_bucket`.

    Returns measure (category, brand: growth of GMV as a share of before; share, buyer_share: differences), value, low, high,
    n (the brand's buyers in the smaller of the two windows). Growth's interval is computed on its logarithm. Consumers who
    bought in both windows are in the same bucket, so that what they have in common cancels. Empty where one of the windows is
    not in the frame or saw no sales.
    """
    both = [_window(buckets, *window) for window in (now, before)]
    if any(not part.size or not part[:, GMV].sum() for part in both):
        return pd.DataFrame({"measure": [], "value": [], "low": [], "high": [], "n": []})
    table, n = np.hstack(both), int(min(part[:, OUR_BUYERS].sum() for part in both))
    step = len(SUMS)

    def growth(s: Sums, column: int) -> np.ndarray:
        return np.log(s[..., column] / s[..., column + step])

    def of(s: Sums, part: int, whole: int) -> np.ndarray:
        return s[..., part] / s[..., whole] - s[..., part + step] / s[..., whole + step]

    found = {
        "category": interval(table, lambda s: growth(s, GMV), max(n, int(min(p[:, BUYERS].sum() for p in both)))),
        "brand": interval(table, lambda s: growth(s, OURS), n),
        "share": interval(table, lambda s: of(s, OURS, GMV), n),
        "buyer_share": interval(table, lambda s: of(s, OUR_BUYERS, BUYERS), n),
    }
    frame = pd.DataFrame([{"measure": name, **vars(each)} for name, each in found.items()])
    grown = frame.measure.isin(["category", "brand"])
    frame.loc[grown, ["value", "low", "high"]] = np.expm1(frame.loc[grown, ["value", "low", "high"]].astype(float))
    if both[1][:, OURS].sum() and not both[0][:, OURS].sum():
        frame.loc[frame.measure == "brand", "value"] = -1.0  # all of it is gone; that has no logarithm
    return frame


def against(buckets: pd.DataFrame, compared: Compared) -> pd.DataFrame:
    """`changes` of the present window against each earlier one: against (before, year) and the columns of `changes`."""
    frames = [changes(buckets, compared.now, w).assign(against=name) for name, w in compared.against.items()]
    columns = ["against", "measure", "value", "low", "high", "n"]
    return pd.concat(frames, ignore_index=True)[columns] if frames else pd.DataFrame(columns=columns)


FACTORS = ("category_buyers", "category_spend", "buyer_share", "spend_index")


def split(sizes: pd.DataFrame, compared: Compared) -> pd.DataFrame:
    """What moved the brand's GMV, in money: the market (its buyers, their spend) and our share (of buyers, of their spend).

    GMV = buyers of the category × spend of each × our share of buyers × what ours spend with us against what all spend in the
    category. Each factor gets L · ln(after ÷ before), L being the logarithmic mean of both GMVs (LMDI; Ang 2005), so that the
    parts add to the difference exactly. Takes the frame of `shares`, and of `compared` the window now and before; returns
    factor (FACTORS), part (market, share), gmv_minor (float); empty where one of the figures is 0 or missing.
    """
    keyed = sizes.set_index(["first_day", "last_day"])[SUMS].astype("Float64")
    rows = [keyed.loc[window] for window in (compared.now, compared.before) if window in keyed.index]
    if len(rows) < 2 or any(row.isna().any() or (row <= 0).any() for row in rows):
        return pd.DataFrame({"factor": [], "part": [], "gmv_minor": []})
    after, earlier = (
        np.array([
            row.buyers, row.gmv_minor / row.buyers, row.buyers_brand / row.buyers,
            (row.gmv_brand_minor / row.buyers_brand) / (row.gmv_minor / row.buyers),
        ], dtype=float) for row in rows
    )  # fmt: skip
    mean = log_mean(*(np.array(float(row.gmv_brand_minor)) for row in rows))
    parts = ["market", "market", "share", "share"]
    return pd.DataFrame({"factor": FACTORS, "part": parts, "gmv_minor": mean * np.log(after / earlier)})


def _window(buckets: pd.DataFrame, first: object, last: object) -> np.ndarray:
    """(buckets, SUMS) of one window."""
    mine = buckets[(buckets.first_day == first) & (buckets.last_day == last)].sort_values("bucket")
    return mine[SUMS].to_numpy(dtype=float)
