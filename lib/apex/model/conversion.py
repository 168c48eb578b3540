"""Conversion of counted cells: buyers out of consumers, with an interval."""

import pandas as pd

LEVEL = 0.8


def rates(counted: pd.DataFrame, level: float = LEVEL) -> pd.DataFrame:
    """The frame (with consumers and buyers, ints) with rate, low, high: Jeffreys' interval (Brown, Cai & DasGupta 2001).

    All three are null for a cell without consumers.
    """
    from scipy import special  # here, as in all of apex.model: a notebook that only counts should not wait for it

    some = counted.consumers > 0
    seen = counted.consumers.where(some, 1)
    tail, a, b = (1 - level) / 2, counted.buyers + 0.5, seen - counted.buyers + 0.5
    low, high = special.betaincinv(a, b, tail), special.betaincinv(a, b, 1 - tail)
    found = {"rate": counted.buyers / seen, "low": low, "high": high}
    return counted.assign(**{name: pd.Series(x, counted.index).where(some).round(6) for name, x in found.items()})


def chance(counted: pd.DataFrame) -> float:
    """How often cells that convert alike would differ at least as much as these: the p-value of Pearson's χ² test.

    counted: consumers and buyers, one row a cell; cells without consumers, or hidden ones, are left out. 1 where there is
    nothing to compare.
    """
    from scipy import special

    known = counted[["consumers", "buyers"]].astype("Float64").dropna().astype(float)
    known = known[known.consumers > 0]
    rate = known.buyers.sum() / known.consumers.sum() if len(known) else 0.0
    if len(known) < 2 or not 0 < rate < 1:
        return 1.0
    far = ((known.buyers - known.consumers * rate) ** 2 / (known.consumers * rate * (1 - rate))).sum()
    return float(special.chdtrc(len(known) - 1, far))
