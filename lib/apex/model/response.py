"""How often benefits are used, cell by cell, held back towards the others where a cell is small."""

import numpy as np
import pandas as pd

from apex.model import shrink

LEVEL = 0.95
RATES = ["rate", "likely", "low", "high"]


def of_goods(goods: pd.DataFrame, used: pd.DataFrame) -> pd.DataFrame:
    """The frame of `measure.benefits.goods` with those offered the benefit beside it, and the rates of `rates`.

    used: the rows of `measure.benefits.used` of the same cut. Returns benefit, cell, good, offered, used (on this good), unused
    (the rest), rate, likely, low, high.
    """
    both = goods.rename(columns={"people": "used"}).merge(used[["benefit", "cell", "offered"]], on=["benefit", "cell"])
    both = both[["benefit", "cell", "good", "offered", "used"]]
    return rates(both.assign(unused=both.offered - both.used))


def rates(used: pd.DataFrame, level: float = LEVEL) -> pd.DataFrame:
    """The rows of `measure.benefits.used` (of one cut) with the share that used the benefit.

    Adds rate (counted), likely (posterior mean of a beta-binomial over these rows, `apex.model.shrink`), low, high. Rows
    without an offer say nothing and are left out.
    """
    frame = used[used.offered > 0].reset_index(drop=True)
    if frame.empty:
        return frame.assign(rate=np.nan, likely=np.nan, low=np.nan, high=np.nan)
    found = shrink.conversion(frame[["offered"]].to_numpy(float), frame[["used"]].to_numpy(float))
    low, high = found.interval(level)
    return frame.assign(rate=frame.used / frame.offered, likely=found.mean, low=low, high=high)


def by_cut(used: pd.DataFrame) -> pd.DataFrame:
    """`rates` of each cut by itself: cells are held back towards those of their own cut."""
    parts = [rates(part) for _, part in used.groupby("cut", sort=False)]
    return pd.concat(parts, ignore_index=True) if parts else rates(used)


def together(used: pd.DataFrame) -> pd.DataFrame:
    """The frame of `measure.benefits.used` with all benefits as one: offers, so that who was offered two counts twice."""
    sums = used.groupby(["cut", "cell"], as_index=False)[["offered", "used", "unused"]].sum()
    return sums.assign(benefit="")[["benefit", "cut", "cell", "offered", "used", "unused"]]


def joins(invited: pd.DataFrame, least: int = 30, level: float = LEVEL) -> pd.DataFrame:
    """The rows of `measure.joining.invitations` that hold `least` people, with rate and Wilson's interval, most people first.

    rate: of the days on which somebody bought who was no member, those on which he joined; who buys more often has more.
    """
    from statsmodels.stats.proportion import proportion_confint

    frame = invited[invited.joined.notna() & (invited.people >= least)]
    if frame.empty or not frame.joined.sum():
        return frame.iloc[:0].assign(rate=0.0, low=0.0, high=0.0)
    some, of = frame.joined.astype(float), frame.days.astype(float)
    low, high = proportion_confint(some, of, alpha=1 - level, method="wilson")
    return frame.assign(rate=some / of, low=low, high=high).sort_values(
        ["people", "cell"], ascending=[False, True], ignore_index=True
    )
