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
class Least:
    """A sum over channels that must not be below `amount`: of budgets (n, C) → (n, C), concave in each channel.

    told: a sum in words, such as a share of people.
    """

    name: str
    sums: "Callable[[Floats], Floats]"
    amount: float
    told: Callable[[float], str]


@dataclass(frozen=True)
class Split:
    """budget: (C,) of each channel; marginal: what one more unit of money in all brings; bound: (C,) `floor`, `cap` or ``.

    worth: (C,) what one unit less of the floor, or more of the cap, would bring. unspent: what found no place below the caps.
    least: of each `Least`, what a unit less of its amount would bring; 0 where it does not bind.
    """

    budget: "Floats"
    marginal: float
    bound: tuple[str, ...]
    worth: "Floats"
    unspent: float
    least: tuple[float, ...] = ()


def best(
    gain: "Callable[[Floats], Floats]", total: float, floors: "Floats", caps: "Floats", names: Sequence[str],
    least: Sequence[Least] = (),
) -> Split:  # fmt: skip
    """The split of at most `total` with floors ≤ budget ≤ caps, and no sum of `least` too small, with the largest sum of gains.

    gain: budgets (n, C) → gains (n, C), concave in each channel. Raises ApexError that names the constraint that cannot be met
    and by how much: a floor above its cap, floors above the total, a sum that no split makes large enough.
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
    rows, most, room = (
        [np.ones(slope.size)],
        [total - floors.sum()],
        np.column_stack([np.zeros(slope.size), length.ravel()]),
    )
    for limit in least:
        sums = limit.sums(at)
        steps = np.divide(np.diff(sums, axis=0), length, out=np.zeros_like(rise), where=length > 0)
        steps = np.minimum.accumulate(steps, axis=0).ravel()
        rows, most = [*rows, -steps], [*most, sums[0].sum() - limit.amount]
        reached = sums[0].sum() - linprog(-steps, A_ub=rows[:1], b_ub=most[:1], bounds=room, method="highs").fun
        if reached < limit.amount * (1 - 1e-9):
            raise ApexError(f"media: {limit.name}: at most {limit.told(reached)} within this budget and these limits, and "
                            f"{limit.told(limit.amount)} were asked for.")  # fmt: skip
    found = linprog(-slope.ravel() / scale, A_ub=np.array(rows), b_ub=most, bounds=room, method="highs")
    if found.status == 2:
        raise ApexError(
            f"media: {', '.join(limit.name for limit in least)}: each can be met, but not all of them at once."
        )
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
    prices = tuple(float(-m * scale) for m in found.ineqlin.marginals[1:])
    return Split(budget, marginal, tuple(bound), worth, float(total - budget.sum()), prices)


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
