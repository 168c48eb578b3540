"""What arms of consumers brought in money, a consumer: means adjusted for the year before, valid at every day's look.

Every consumer on the list counts, whoever bought nothing as well. Adjusting for what was bought in the year before takes away
what chance gave one arm (Deng, Xu, Kohavi & Walker, WSDM 2013). The intervals are asymptotic confidence sequences
(`apex.model.peeking`), tuned to the information that the equal window before the trial would have held; money is read from so
many buyers an arm on that its mean is near normal.
"""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from apex.model.peeking import reach

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from apex.measure.trial_counts import Counted

    Floats = NDArray[np.float64]

LEAST_BUYERS = 30  # an arm; below, money is not read
COLUMNS = ["arm", "against", "mean_minor", "extra_minor", "low", "high"]


def table(counted: "Counted", alpha: float) -> pd.DataFrame:
    """Money a consumer at today's look: COLUMNS, a row for each arm beside the control, else beside the first arm.

    extra_minor: more than the arm `against`, low, high its interval; null where too few bought. No row for impressions.
    """
    if counted.unit != "consumer":
        return pd.DataFrame(columns=COLUMNS)
    names, control = list(counted.arms.arm), counted.arms.control.to_numpy(bool)
    base = int(np.flatnonzero(control)[0]) if control.any() else 0
    mean, rows = _means(counted)[0][-1], []
    for k, name in enumerate(names):
        found = (np.nan,) * 3 if k == base else tuple(x[-1] for x in differences(counted, k, base, alpha))
        rows.append((name, None if k == base else names[base], mean[k], *found))
    return pd.DataFrame(rows, columns=COLUMNS)


def lows(counted: "Counted", alpha: float) -> "dict[tuple[int, int], NDArray[np.bool_]]":
    """For every ordered pair of arms and every day whether the first was told to bring more than the second."""
    arms, known = range(len(counted.arms)), _means(counted)
    found = {}
    for k in arms:
        for j in arms:
            if k != j:
                _, low, _ = differences(counted, k, j, alpha, known)
                found[k, j] = low > 0
    return found


def differences(
    counted: "Counted", k: int, j: int, alpha: float, known: "tuple[Floats, Floats, Floats] | None" = None
) -> "tuple[Floats, Floats, Floats]":
    """How much more arm k brought a consumer than arm j after each day: extra, low, high (NaN where too few bought).

    known: means, variances and consumers by day and arm, where computed already.
    """
    mean, variance, n = known or _means(counted)
    buyers = np.cumsum(counted.grid("did").to_numpy(float), axis=0)
    size = 1 / (1 / n[:, k] + 1 / n[:, j])
    square = variance[:, k] / n[:, k] + variance[:, j] / n[:, j]
    information = size**2 * square
    people = np.maximum(counted.arms.units.to_numpy(float), 1.0)
    past = counted.arms.past_square.to_numpy(float) / people - (counted.arms.past.to_numpy(float) / people) ** 2
    planned = size[-1] ** 2 * (past[k] / n[-1, k] + past[j] / n[-1, j])
    if not planned > 0:  # nothing was bought before: what is there by now, spread over the planned days
        planned = information[-1] / max(counted.part, 1e-9)
    z = reach(information / planned if planned > 0 else information * 0, alpha)
    few = (buyers[:, [k, j]].min(axis=1) < LEAST_BUYERS) | ~(square > 0)
    extra, wide = mean[:, k] - mean[:, j], z * np.sqrt(square)
    blank = np.where(few, np.nan, 0.0)
    return extra + blank, extra - wide + blank, extra + wide + blank


def _means(counted: "Counted") -> "tuple[Floats, Floats, Floats]":
    """Days × arms: adjusted mean and variance a consumer, and consumers."""
    n, money, square, cross = (counted.grid(c).to_numpy(float) for c in ("units", "gmv_minor", "square", "cross"))
    n = np.maximum(n, 1.0)
    people = np.maximum(counted.arms.units.to_numpy(float), 1.0)
    old, old_square = (counted.arms[c].to_numpy(float) / people for c in ("old", "old_square"))
    both = cross - money * old
    apart = n * np.maximum(old_square - old**2, 0)
    whole = apart.sum(axis=1, keepdims=True)
    slope = np.divide(both.sum(axis=1, keepdims=True), whole, out=np.zeros_like(whole), where=whole > 0)
    middle = (n * old).sum(axis=1, keepdims=True) / n.sum(axis=1, keepdims=True)
    rest = square - money**2 / n - 2 * slope * both + slope**2 * apart
    return money / n - slope * (old - middle), np.maximum(rest, 0) / np.maximum(n - 2, 1), n
