"""Conversion of counted cells: buyers out of consumers, with an interval."""

import pandas as pd
from statsmodels.stats.proportion import proportion_confint

LEVEL = 0.8


def rates(counted: pd.DataFrame, level: float = LEVEL) -> pd.DataFrame:
    """The frame (with consumers and buyers, ints) with rate, low, high: Jeffreys' interval (Brown, Cai & DasGupta 2001).

    All three are null for a cell without consumers.
    """
    some = counted.consumers > 0
    seen = counted.consumers.where(some, 1)
    low, high = proportion_confint(counted.buyers, seen, alpha=1 - level, method="jeffreys")
    found = {"rate": counted.buyers / seen, "low": low, "high": high}
    return counted.assign(**{name: pd.Series(x, counted.index).where(some).round(6) for name, x in found.items()})
