"""The split of a budget over channels that brings most: a linear programme on piecewise-linear curves (scipy, HiGHS).

Curves are concave, so that the pieces of a channel are bought in order; the dual of the budget is what the next yuan brings.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from apex.errors import ApexError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

PIECES = 60  # of each curve
TIGHT = 1e-6


@dataclass(frozen=True)
class Split:
    """budget: (C,) of each channel; marginal: what one more unit of money in all brings; bound: (C,) `floor`, `cap` or ``.

    worth: (C,) what one unit less of the floor, or more of the cap, would bring. unspent: what found no place below the caps.
    """

    budget: "Floats"
    marginal: float
    bound: tuple[str, ...]
    worth: "Floats"
    unspent: float


def best(
    gain: "Callable[[Floats], Floats]", total: float, floors: "Floats", caps: "Floats", names: Sequence[str]
) -> Split:
    """The split of at most `total` with floors ≤ budget ≤ caps for which the sum of gains is largest.

    gain: budgets (n, C) → gains (n, C), concave in each channel. Raises ApexError that names the constraint that cannot be met
    and by how much: a floor above its cap, floors above the total.
    """
    from scipy.optimize import linprog

    feasible(total, floors, caps, names)
    count = len(names)
    top = np.minimum(caps, total)
    # dense near nothing, where curves bend most
    at = np.linspace(0, 1, PIECES + 1)[:, None] ** 2 * np.maximum(top - floors, 0) + floors
    value = gain(at)
    length, rise = np.diff(at, axis=0), np.diff(value, axis=0)
    slope = np.divide(rise, length, out=np.zeros_like(rise), where=length > 0)
    slope = np.minimum.accumulate(slope, axis=0)  # rounding must not bend a line upwards
    scale = max(float(slope.max(initial=0.0)), 1e-12)
    found = linprog(
        -slope.ravel() / scale, A_ub=np.ones((1, slope.size)), b_ub=[total - floors.sum()],
        bounds=np.column_stack([np.zeros(slope.size), length.ravel()]), method="highs",
    )  # fmt: skip
    if found.status != 0:
        raise ApexError(f"split: {found.message}")
    budget = floors + found.x.reshape(slope.shape).sum(axis=0)
    marginal = -float(found.ineqlin.marginals[0]) * scale
    first, last = slope[0], slope[-1]
    bound, worth = [], np.zeros(count)
    for c in range(count):
        low, high = budget[c] - floors[c] <= TIGHT * total, caps[c] - budget[c] <= TIGHT * total
        if floors[c] > 0 and low and first[c] < marginal:
            bound.append("floor")
            worth[c] = marginal - first[c]
        elif high and last[c] > marginal:
            bound.append("cap")
            worth[c] = last[c] - marginal
        else:
            bound.append("")
    return Split(budget, marginal, tuple(bound), worth, float(total - budget.sum()))


def feasible(total: float, floors: "Floats", caps: "Floats", names: Sequence[str]) -> None:
    """Raise ApexError for constraints that no split meets: which, and by how much (in the unit of the budget)."""
    for c, name in enumerate(names):
        if floors[c] > caps[c]:
            raise ApexError(f"media: the floor of {name} ({floors[c]:,.0f}) is {floors[c] - caps[c]:,.0f} above its cap "
                            f"({caps[c]:,.0f}).")  # fmt: skip
    if floors.sum() > total * (1 + 1e-9):
        most = ", ".join(f"{names[c]} {floors[c]:,.0f}" for c in np.argsort(-floors) if floors[c] > 0)
        raise ApexError(f"media: the floors add up to {floors.sum():,.0f}, {floors.sum() - total:,.0f} more than the budget "
                        f"({total:,.0f}): {most}.")  # fmt: skip


def within(wished: "Floats", total: float, caps: "Floats") -> "Floats":
    """A split in proportion to `wished`, what lies above a cap given to the others in the same proportion."""
    out = np.zeros(len(wished))
    free = wished > 0
    while free.any():
        left = total - out[~free].sum()
        share = np.where(free, wished, 0) / wished[free].sum() * max(left, 0)
        over = free & (share > caps)
        if not over.any():
            return np.where(free, share, out)
        out[over], free = caps[over], free & ~over
    return out
