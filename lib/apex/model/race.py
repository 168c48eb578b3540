"""Two arms' rates held against each other, exactly, however often one looks: confidence sequences for the ratio of rates.

Of everything that happens (a click, a first purchase) in one of two arms, given how many were at risk in each, the chance that
it happens in the first is r λ / (1 − r + r λ): r the first arm's share of those at risk, λ the ratio of the arms' rates. How
often things happen, and on which days, drops out. The likelihood of all that happened, mixed over all larger λ by a prior that
was fixed beforehand and divided by that of λ, is a martingale of mean one where λ is true, and less where it is smaller; so if
it ever exceeds 2/α, λ is ruled out from below with a chance of at most α/2 to be wrong, at every look together (Ville 1939;
Robbins, Ann. Math. Statist. 41, 1970; for counts: Lindon & Malek, Anytime-valid inference for multinomial count data, NeurIPS
2022; for first purchases: Grünwald, Ly, Pérez-Ortiz & ter Schure, The safe logrank test, 2021); from above likewise. No count
is too small and no arm too unequal; shares may change from day to day, as when traffic follows the better arm.
"""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SPREAD = 0.5  # convention: what ratios one expects, as the standard deviation of their logarithm
FAR, STEP = 5.0, 0.02  # of the grid of log λ; a bound beyond it is 0, or infinite
GRID = np.linspace(-FAR, FAR, round(2 * FAR / STEP) + 1)


def bounds(first: "Floats", second: "Floats", share: "Floats", alpha: float) -> "tuple[Floats, Floats, Floats]":
    """The ratio of the first arm's rate to the second's after each day, with bounds that hold at all days together.

    first, second: what happened in each arm, day by day. share: the first arm's part of those at risk that day (0 to 1; days
    with 0 or 1 tell nothing). Returns ratio (the likeliest; NaN before anything happened), low, high: 0 and infinite while
    nothing is ruled out.
    """
    if not len(first):
        return np.zeros(0), np.zeros(0), np.zeros(0)
    both = (share > 0) & (share < 1)
    r = np.where(both, share, 0.5)[:, None]
    chance = r * np.exp(GRID) / (1 - r + r * np.exp(GRID))
    told = first[:, None] * np.log(chance) + second[:, None] * np.log1p(-chance)
    seen = np.cumsum(np.where(both[:, None], told, 0.0), axis=0)
    prior = -(GRID**2) / (2 * SPREAD**2)
    kept = [_above(x, w) - x < np.log(2 / alpha) for x, w in ((seen, prior), (seen[:, ::-1], prior[::-1]))]
    last = len(GRID) - 1
    low, high = kept[0].argmax(axis=1), last - kept[1].argmax(axis=1)
    likeliest = np.where(np.ptp(seen, axis=1) > 0, np.exp(GRID[seen.argmax(axis=1)]), np.nan)
    # a step outwards: what lies between two points of the grid is not ruled out
    return (
        likeliest,
        np.where(low == 0, 0.0, np.exp(GRID[low] - STEP)),
        np.where(high == last, np.inf, np.exp(GRID[high] + STEP)),
    )


def ahead(
    first: "Floats", second: "Floats", share: "Floats", alpha: float
) -> "tuple[NDArray[np.bool_], NDArray[np.bool_]]":
    """Whether the first arm's rate is shown to be larger than the second's after each day, and whether the second's is.

    The same test as that of `bounds`, of a ratio of one alone.
    """
    both = (share > 0) & (share < 1)
    r, at = np.where(both, share, 0.5)[:, None], GRID[GRID.size // 2 :]
    larger = []
    for mine, other, part in ((first, second, r), (second, first, 1 - r)):
        chance = part * np.exp(at) / (1 - part + part * np.exp(at))
        told = mine[:, None] * np.log(chance) + other[:, None] * np.log1p(-chance)
        seen = np.cumsum(np.where(both[:, None], told, 0.0), axis=0)
        gain = seen - seen[:, :1]
        prior = np.exp(-(at**2) / (2 * SPREAD**2))
        top = gain.max(axis=1, keepdims=True)
        mixed = top[:, 0] + np.log(np.exp(gain - top) @ (prior / prior.sum()))
        larger.append(mixed >= np.log(2 / alpha))
    return larger[0], larger[1]


def _above(seen: "Floats", prior: "Floats") -> "Floats":
    """The log of the mean likelihood of all points from each one on, by the prior among them."""
    whole = np.logaddexp.accumulate((seen + prior)[:, ::-1], axis=1)[:, ::-1]
    found: Floats = whole - np.logaddexp.accumulate(prior[::-1])[::-1]
    return found
