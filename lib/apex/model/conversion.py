"""Conversion of counted cells: buyers out of consumers, with an interval."""

import pandas as pd
from statsmodels.stats.proportion import proportion_confint

LEVEL = 0.8


def rates(counted: pd.DataFrame, level: float = LEVEL) -> pd.DataFrame:
    """The frame (with consumers and buyers, ints) with rate, low, high: Jeffreys' interval (Brown, Cai & DasGupta 2001).

    A cell without consumers has the prior's: rate 0.5 and an interval that says nothing.
    """
    low, high = proportion_confint(counted.buyers, counted.consumers, alpha=1 - level, method="jeffreys")
    rate = (counted.buyers + 0.5) / (counted.consumers + 1)
    return counted.assign(
        rate=rate.round(6), low=pd.Series(low, counted.index).round(6), high=pd.Series(high, counted.index).round(6)
    )
