"""Whether as many units came to each arm as the draw says: the first question to any trial.

A chi-square test at a strict level, since it is asked again every day and of every trial; a trial that fails it is not read at
all (Fabijan et al., Diagnosing sample ratio mismatch in online controlled experiments, KDD 2019).
"""

from collections.abc import Sequence

import numpy as np

STRICT = 0.001  # convention


def p_value(units: Sequence[float], chances: Sequence[float]) -> float:
    """The p-value of counts at least as uneven as these, given the chance of each arm. NaN without units or with one arm.

    Chances are scaled to sum to one.
    """
    from scipy.stats import chisquare

    seen, chance = np.asarray(units, float), np.asarray(chances, float)
    if len(seen) < 2 or seen.sum() <= 0 or not (chance > 0).all():
        return float("nan")
    return float(chisquare(seen, seen.sum() * chance / chance.sum()).pvalue)
