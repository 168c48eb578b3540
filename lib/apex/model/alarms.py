"""Alarms that may be looked at every day: how much likelier a shortfall is than a campaign on plan, multiplied up day by day.

x is a day's distance from plan, 2 (√(actual / expected) − 1). On plan, x is Gaussian around 0 with the covariance of
`pacing_spread`. A shortfall of size d from day k on lowers x by 2 (1 − √(1 − d)) from then on. The evidence of a metric is
the mean, over sizes and over all the days on which it may have begun, of the likelihood ratios so far. That is a test
martingale (an e-process): on plan, the chance that it ever reaches 1/a is at most a (Ville's inequality), whenever and
however often one looks; so looking every day costs nothing. Several metrics share the rate a: one with share s rings at 1/(a
s). Howard, Ramdas, McAuliffe & Sekhon, *Annals of Statistics* 49 (2021); Shin, Ramdas & Rinaldo, *New England Journal of
Statistics in Data Science* 2 (2024).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from apex.errors import ApexError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SIZES = {0.1: 0.15, 0.2: 0.5, 0.4: 0.35}  # shortfalls that are looked for, and their weights
RATE = 0.05  # false alarms a campaign, all metrics together: a convention
SHARES = {"impressions": 0.7, "spend": 0.2, "inflow": 0.05, "gmv": 0.05}  # of the rate: most for what tells most


@dataclass(frozen=True)
class Watched:
    """evidence: (T,) log of the e-process at the end of each day; limit: its alarm; rang: index of the first day at or
    above, else None.

    began, size: (T,) the likeliest first day and size of the shortfall as of each day; of use where the evidence is above
    the limit.
    """

    evidence: "Floats"
    limit: float
    rang: int | None
    began: "NDArray[np.int_]"
    size: "Floats"


def watch(
    x: "Floats", covariance: "Floats", part: "Floats", days: int, rate: float, sizes: Mapping[float, float] = SIZES
) -> Watched:
    """Evidence for a shortfall after each spell of days seen.

    x: (B,) distances from plan; covariance: (B, B) of x on plan; part: (B, T) the part of each of the T days seen in a
    spell's plan, each row adding up to 1, spells in order; days: of the whole campaign, at least T, each as likely to be the
    first of a shortfall; rate: of false alarms. evidence has T values, that of a day being what was known at its end. Raises
    ApexError for a rate that is none.
    """
    if not 0 < rate < 1:
        raise ApexError(f"alarms: the rate of false alarms lies between 0 and 1, not at {rate}.")
    seen, limit = part.shape[1], float(-np.log(rate))
    if not len(x):
        return Watched(np.zeros(seen), limit, None, np.zeros(seen, int), np.zeros(seen))
    days = max(days, seen)
    ends = seen - 1 - np.argmax(part[:, ::-1] > 0, axis=1)
    shifted = part @ np.tril(np.ones((seen, seen)))  # column k: how much of each spell lies at or after day k
    whole = np.linalg.solve(np.linalg.cholesky(covariance), np.column_stack([x, shifted]))
    z, u = whole[:, :1], whole[:, 1:]
    # log likelihood ratios of a shift of −d from day k on, after each spell: the root is lower triangular, so that sums are
    # nested
    ratios = np.stack(
        [np.cumsum(-d * u * z - 0.5 * d * d * u * u, axis=0) for d in 2 * (1 - np.sqrt(1 - np.array(list(sizes))))]
    )
    begun = np.arange(seen)[None, :] <= ends[:, None]
    weights = np.log(list(sizes.values()))[:, None, None] - np.log(days)
    each = np.where(begun, ratios + weights, -np.inf)
    later = 1 - (ends + 1) / days  # of the days that have not come nothing is known: their ratio is 1
    top = np.maximum(each.max(axis=(0, 2)), 0.0)
    after = top + np.log(np.exp(each - top[None, :, None]).sum(axis=(0, 2)) + later * np.exp(-top))
    known = np.searchsorted(ends, np.arange(seen), side="right")  # spells over by the end of each day
    evidence = np.concatenate([[0.0], after])[known]
    likeliest = each.transpose(1, 0, 2).reshape(len(x), -1).argmax(axis=1)
    last = np.maximum(known - 1, 0)
    began, size = likeliest[last] % seen, np.array(list(sizes))[likeliest[last] // seen]
    above = np.flatnonzero(evidence >= limit)
    return Watched(evidence, limit, int(above[0]) if len(above) else None, began, size)


def limits(metrics: Sequence[str], rate: float = RATE, shares: Mapping[str, float] = SHARES) -> dict[str, float]:
    """The rate of each metric that is watched: its share among them."""
    whole = sum(shares[m] for m in metrics)
    return {m: rate * shares[m] / whole for m in metrics}


def days_to_notice(noise: float, size: float, rate: float, days: int, power: float = 0.9) -> int | None:
    """Days until a shortfall of `size` is noticed with `power` where days scatter by `noise` each; None where that is after 60.

    From the mean and the spread of the log likelihood ratio of independent days.
    """
    from scipy.stats import norm

    limit = -np.log(rate) + np.log(days) - np.log(SIZES.get(size, min(SIZES.values())))
    for n in range(1, 61):
        mean = n * size**2 / (2 * noise**2)
        if mean - norm.ppf(power) * np.sqrt(2 * mean) >= limit:
            return n
    return None


def z_every_day(x: "Floats", variance: "Floats", rate: float) -> int | None:
    """The rival: each spell by itself against the normal limit of `rate`, as if one looked once. The first that rings, else
    None.
    """
    from scipy.stats import norm

    rings = np.flatnonzero(x / np.sqrt(variance) < norm.ppf(rate))
    return int(rings[0]) if len(rings) else None
