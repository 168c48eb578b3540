"""How many units a trial needs before it starts, looked at once or every day."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from apex.model.peeking import comparisons, longer, reach

POWER = 0.8
COLUMNS = ["lift", "rate", "once", "daily"]


def table(
    rate: float, lifts: Sequence[float], arms: int = 2, alpha: float = 0.05, power: float = POWER, ratio: float = 1.0
) -> pd.DataFrame:
    """A row for each relative lift: lift, rate, once, daily: units in the smaller of two arms that are compared.

    once: a two-sided test that looks once, at the end (statsmodels, arcsines of shares: Cohen, Statistical Power Analysis, 1988,
    ch. 6). daily: with a look every day, at most; a trial that finds something ends earlier. ratio: units of the other arm over
    this one's. Null where the rate is unknown or a lift would pass one.
    """
    from statsmodels.stats.power import normal_sample_size_one_tail
    from statsmodels.stats.proportion import proportion_effectsize

    comparing, rows = comparisons(arms), []
    for lift in lifts:
        once = None
        if 0 < rate < 1 and 0 < rate * (1 + lift) < 1:
            effect = abs(proportion_effectsize(rate * (1 + lift), rate))
            once = float(
                normal_sample_size_one_tail(effect, power, alpha / comparing / 2, std_null=np.sqrt(1 + 1 / ratio))
            )
        rows.append((lift, rate, once, None if once is None else once * longer(alpha, power, comparing)))
    frame = pd.DataFrame(rows, columns=COLUMNS).astype(dict.fromkeys(COLUMNS, float))
    return frame.assign(once=np.ceil(frame.once), daily=np.ceil(frame.daily))


def tellable(units: float, rate: float, arms: int = 2, alpha: float = 0.05, ratio: float = 1.0) -> float | None:
    """The smallest relative lift that so many units in the smaller arm tell by the planned end with a look every day.

    None where no lift is large enough.
    """
    from scipy.special import ndtri

    comparing = comparisons(arms)
    z = reach(1.0, alpha / comparing) + ndtri(POWER)
    angle = np.arcsin(np.sqrt(rate)) + z / 2 * np.sqrt((1 + 1 / ratio) / units)
    return float(np.sin(angle) ** 2 / rate - 1) if angle < np.pi / 2 else None
