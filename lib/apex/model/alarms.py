"""Alarms that may be looked at every day: how much likelier a shortfall is than a campaign on plan, multiplied up day by day.

x is a day's distance from plan, 2 (√(actual / expected) − 1). On plan, x is Gaussian around 0 with the covariance of
`pacing_spread`. A shortfall of size d from day k on lowers x by 2 (1 − √(1 − d)) from then on. The evidence of a metric is
the mean, over sizes and over all the days on which it may have begun, of the likelihood ratios so far. That is a test
martingale (an e-process): on plan, the chance that it ever reaches 1/a is at most a (Ville's inequality), whenever and
however often one looks; so looking every day costs nothing. Several metrics share the rate a: one with share s rings at 1/(a
s). That bound is met exactly only by evidence that creeps to its limit; that of daily counts leaps over it, so that the true
chance is a sixth of a. Where the plan's days are known ahead, `limit` plays the whole campaign on plan and takes the
evidence that a share a of such campaigns ever reaches: the same rate, and days sooner. Howard, Ramdas, McAuliffe & Sekhon,
*Annals of Statistics* 49 (2021); Shin, Ramdas & Rinaldo, *New England Journal of Statistics in Data Science* 2 (2024).
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
SHARES = {"impressions": 0.9, "spend": 0.9, "inflow": 0.05, "gmv": 0.05}  # of the rate: most for what tells most
DRAWS, AT_ONCE = 2000, 100  # campaigns on plan that are played for a limit
FEW = 10  # of them that must lie above it, else the bound stands


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
    x: "Floats", covariance: "Floats", part: "Floats", days: int, limit: float, sizes: Mapping[float, float] = SIZES
) -> Watched:
    """Evidence for a shortfall after each spell of days seen.

    x: (B,) distances from plan; covariance: (B, B) of x on plan; part: (B, T) the part of each of the T days seen in a
    spell's plan, each row adding up to 1, spells in order; days: of the whole campaign, at least T, each as likely to be the
    first of a shortfall; limit: see `bound` and `limit`. evidence has T values, that of a day being what was known at its end.
    """
    seen = part.shape[1]
    if not len(x):
        return Watched(np.zeros(seen), limit, None, np.zeros(seen, int), np.zeros(seen))
    days, ends = max(days, seen), _ends(part)
    whole = np.linalg.solve(np.linalg.cholesky(covariance), np.column_stack([x, _since(part)]))
    each = _each(whole[:, :1], whole[:, 1:], ends, days, sizes)[..., 0]
    after = _evidence(each, ends, days)
    known = np.searchsorted(ends, np.arange(seen), side="right")  # spells over by the end of each day
    evidence = np.concatenate([[0.0], after])[known]
    likeliest = each.transpose(1, 0, 2).reshape(len(x), -1).argmax(axis=1)
    last = np.maximum(known - 1, 0)
    began, size = likeliest[last] % seen, np.array(list(sizes))[likeliest[last] // seen]
    above = np.flatnonzero(evidence >= limit)
    return Watched(evidence, limit, int(above[0]) if len(above) else None, began, size)


def bound(rate: float) -> float:
    """The evidence that campaigns on plan reach with chance `rate` at most, whatever they are like. Raises ApexError for a rate
    that is none.
    """
    if not 0 < rate < 1:
        raise ApexError(f"alarms: the rate of false alarms lies between 0 and 1, not at {rate}.")
    return float(-np.log(rate))


def limit(
    covariance: "Floats", part: "Floats", rate: float, sizes: Mapping[float, float] = SIZES, draws: int = DRAWS
) -> float:
    """The evidence that a share `rate` of whole campaigns on plan ever reaches, at most `bound`. covariance, part: of `watch`,
    of all the campaign's days. With draws · rate below FEW it is the bound. Chance has a seed of its own.
    """
    highest, rank = bound(rate), int(np.floor((draws + 1) * rate))
    if rank < FEW or not len(part):
        return highest
    rng, ends, days = np.random.default_rng(0), _ends(part), part.shape[1]
    u = np.linalg.solve(np.linalg.cholesky(covariance), _since(part))
    tops = []
    for begin in range(0, draws, AT_ONCE):
        z = rng.standard_normal((len(part), min(AT_ONCE, draws - begin)))
        tops.append(_evidence(_each(z, u, ends, days, sizes), ends, days).max(axis=0))
    return min(float(np.sort(np.concatenate(tops))[-rank]), highest)


def _ends(part: "Floats") -> "NDArray[np.int_]":
    """(B,) the last day of each spell."""
    return part.shape[1] - 1 - np.argmax(part[:, ::-1] > 0, axis=1)


def _since(part: "Floats") -> "Floats":
    """(B, T) column k: how much of each spell lies at or after day k."""
    return part @ np.tril(np.ones((part.shape[1], part.shape[1])))


def _each(z: "Floats", u: "Floats", ends: "NDArray[np.int_]", days: int, sizes: Mapping[float, float]) -> "Floats":
    """(sizes, B, T, N) weighted log likelihood ratios of a shortfall of each size from each day on, after each spell.

    z: (B, N) distances and u: (B, T) shifts, both through the root of the covariance: it is lower triangular, so sums are
    nested.
    """
    shifts = 2 * (1 - np.sqrt(1 - np.array(list(sizes))))
    along, square = np.cumsum(u[:, :, None] * z[:, None, :], axis=0), np.cumsum(u * u, axis=0)[:, :, None]
    ratios = np.stack([-d * along - 0.5 * d * d * square for d in shifts])
    ratios += np.log(list(sizes.values()))[:, None, None, None] - np.log(days)
    begun = np.arange(u.shape[1])[None, :] <= ends[:, None]
    return np.where(begun[:, :, None], ratios, -np.inf)


def _evidence(each: "Floats", ends: "NDArray[np.int_]", days: int) -> "Floats":
    """(B, …) log of the mean ratio over sizes and first days; of days that have not come nothing is known: theirs is 1."""
    later = (1 - (ends + 1) / days).reshape(-1, *[1] * (each.ndim - 3))
    top = np.maximum(each.max(axis=(0, 2)), 0.0)
    found: Floats = top + np.log(np.exp(each - top[None, :, None]).sum(axis=(0, 2)) + later * np.exp(-top))
    return found


def limits(metrics: Sequence[str], rate: float = RATE, shares: Mapping[str, float] = SHARES) -> dict[str, float]:
    """The rate of each metric that is watched: its share among them.

    Spend is watched only where nobody wrote down the contacts: contacts as booked for less money are no shortfall.
    """
    heard = [m for m in metrics if m != "spend" or "impressions" not in metrics]
    whole = sum(shares[m] for m in heard)
    return {m: rate * shares[m] / whole for m in heard}


def days_to_notice(noise: float, size: float, limit: float, days: int, power: float = 0.9) -> int | None:
    """Days until a shortfall of `size` is noticed with `power` where days scatter by `noise` each; None where that is after 60.

    From the mean and the spread of the log likelihood ratio of independent days.
    """
    from scipy.stats import norm

    needed = limit + np.log(days) - np.log(SIZES.get(size, min(SIZES.values())))
    for n in range(1, 61):
        mean = n * size**2 / (2 * noise**2)
        if mean - norm.ppf(power) * np.sqrt(2 * mean) >= needed:
            return n
    return None


def z_every_day(x: "Floats", variance: "Floats", rate: float) -> int | None:
    """The rival: each spell by itself against the normal limit of `rate`, as if one looked once. The first that rings, else
    None.
    """
    from scipy.stats import norm

    rings = np.flatnonzero(x / np.sqrt(variance) < norm.ppf(rate))
    return int(rings[0]) if len(rings) else None
