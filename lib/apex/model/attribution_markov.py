"""Markov attribution: what goes with a channel when every step into it leads nowhere (removal effect), solved exactly.

Anderl, Becker, von Wangenheim & Schumann, "Mapping the customer journey", IJRM 2016: journeys as an absorbing chain of order
k, whose states are the last k channels. Probabilities of absorption solve x = r + Q x; nothing is simulated. A removed
channel's states are pinned to 0. Repeats of a channel are kept as steps to itself.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from apex.model.attribution import Paths

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    Floats = NDArray[np.float64]

DENSE = 250  # states up to which the chain is solved as a dense system
STEPS = 3_000  # of the iteration, before a sparse factorisation takes over


@dataclass(frozen=True)
class Chain:
    """A chain whose states are the last k channels. State 0 is the start; `now` is each state's channel (−1 at the start).

    step (S, S): chances to go on; reward (S, 2): chance of converting from here, and value expected from here.
    """

    now: "NDArray[np.int64]"
    step: "csr_array"
    reward: "Floats"


def chain(paths: Paths, order: int) -> Chain:
    """Count the chain: a state's number in base C + 1 has the last channel (from 1) as its last digit."""
    from scipy.sparse import csr_array

    base, n = len(paths.channels) + 1, len(paths.token)
    after = np.zeros(n, np.int64)
    for back in range(order):
        digit = np.zeros(n, np.int64)
        digit[back:] = np.where(paths.place[back:] >= back, paths.token[: n - back] + 1, 0)
        after += digit * base**back
    before = np.where(paths.place > 0, np.r_[0, after[:-1]], 0) if n else after
    # states in the order of their numbers; few of all that could be are there
    size = base**order
    if size <= 50_000_000:
        there = np.zeros(size, bool)
        there[after] = there[0] = True
        codes = np.flatnonzero(there)
        index = np.cumsum(there) - 1
        a, b = index[before], index[after]
    else:
        codes, found = np.unique(np.r_[0, after], return_inverse=True)
        b = found[1:]
        a = np.searchsorted(codes, before)
    many = (paths.conversions + paths.nulls)[paths.path]
    s = len(codes)
    # where a step leads is told by its origin and the channel: two short numbers
    key = a * base + paths.token
    counted = np.bincount(key, many, s * base)
    target = np.zeros(s * base, np.int64)
    target[key] = b
    some = np.flatnonzero(counted)
    ends = b[paths.start[1:] - 1] if n else np.zeros(0, np.int64)
    out = np.column_stack([np.bincount(ends, w, s) for w in (paths.conversions, paths.value)])
    leave = np.bincount(some // base, counted[some], s) + np.bincount(ends, paths.conversions + paths.nulls, s)
    leave = np.where(leave > 0, leave, 1.0)
    step = csr_array((counted[some] / leave[some // base], (some // base, target[some])), shape=(s, s))
    return Chain(codes % base - 1, step, out / leave[:, None])


def absorbed(of: Chain, without: "NDArray[np.int64]", worth: "Floats", *, tolerance: float = 1e-15,
             begin: "Floats | None" = None) -> "Floats":  # fmt: skip
    """(S, R) expected reward from each state, where column j pins the states of channel `without[j]` (−1: none) to 0.

    worth: (S,) chance or value of a conversion from each state. Small chains are solved as dense systems; larger ones by the
    series of steps, until nothing beyond rounding moves (it must: every path ends), else by a sparse factorisation each.
    """
    from scipy.sparse import csc_matrix, eye_array
    from scipy.sparse.linalg import splu

    free = (of.now[:, None] != without[None, :]) | (without[None, :] < 0)
    s = len(of.now)
    if s <= DENSE:
        dense, out = np.eye(s) - of.step.toarray(), np.zeros(free.shape)
        for j in range(free.shape[1]):
            keep = free[:, j]
            out[keep, j] = np.linalg.solve(dense[np.ix_(keep, keep)], worth[keep])
        return out
    fixed = np.where(free, worth[:, None], 0.0)
    x = fixed if begin is None else begin
    for _ in range(STEPS):
        new = fixed + np.where(free, of.step @ x, 0.0)
        moved = np.abs(new - x).max(initial=0.0)
        x = new
        if moved <= tolerance * max(np.abs(x).max(initial=0.0), 1e-300):
            return x
    for j in range(free.shape[1]):
        keep = np.flatnonzero(free[:, j])
        inner = eye_array(len(keep)) - of.step[keep][:, keep]
        x[keep, j] = splu(csc_matrix(inner)).solve(worth[keep])
    return x


def effects(paths: Paths, order: int = 1, *, tolerance: float = 1e-15) -> "Floats":
    """(2, channels) removal effects on conversions and on value: the share of them that goes with the channel."""
    of, count = chain(paths, order), len(paths.channels)
    without = np.arange(-1, count)
    both = [absorbed(of, without, of.reward[:, part], tolerance=tolerance)[0] for part in (0, 1)]
    return np.array([1.0 - x[1:] / x[0] if x[0] > 0 else np.zeros(count) for x in both])


def credit(paths: Paths, order: int = 1, *, tolerance: float = 1e-15) -> "tuple[Floats, Floats]":
    """(channels,) conversions and value, shared out in proportion to the removal effects."""
    found = effects(paths, order, tolerance=tolerance)
    conversions, value = (
        e * (total.sum() / e.sum()) if e.sum() > 0 else 0 * e
        for e, total in zip(found, (paths.conversions, paths.value), strict=True)
    )
    return conversions, value
