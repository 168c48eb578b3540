"""Shapley values of channels: what each adds, averaged over all orders in which channels could come in.

Shapley, "A value for n-person games", 1953. A set of channels is worth the conversions of the paths that met no other channel
(Zhao, Mahboobi & Bagheri, 2018). Exact by subset sums up to EXACT channels; beyond, by drawing orders, with the error of doing
so. (Of the additive hazard, a touch's share is its Shapley value already.)
"""

from math import factorial
from typing import TYPE_CHECKING

import numpy as np

from apex.model.attribution import Paths

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

EXACT = 15  # channels: 2^15 sets
ORDERS = 2_000  # drawn orders


def sets(paths: Paths) -> "Ints":
    """(paths,) the channels of each path as bits; up to 62 channels."""
    return np.bitwise_or.reduceat(np.int64(1) << paths.token, paths.start[:-1]) if len(paths.token) else paths.token


def subset_sums(by_set: "Floats") -> "Floats":
    """(2^n,) at each set the sum over all its subsets, itself included (zeta transform)."""
    out = by_set.astype(float).copy()
    size = len(out)
    step = 1
    while step < size:
        halves = out.reshape(-1, 2, step)
        halves[:, 1] += halves[:, 0]
        step *= 2
    return out


def exact(worth: "Floats") -> "Floats":
    """(n,) Shapley values of a game of n players given as the worth of each of its 2^n sets (bits of the index)."""
    size = len(worth)
    n = size.bit_length() - 1
    members = np.bitwise_count(np.arange(size)).astype(int)
    weight = np.array([factorial(s) * factorial(n - s - 1) / factorial(n) for s in range(n)])
    out = np.zeros(n)
    for player in range(n):
        pairs = worth.reshape(-1, 2, 1 << player)
        kinds = members.reshape(-1, 2, 1 << player)[:, 0]
        out[player] = (weight[kinds] * (pairs[:, 1] - pairs[:, 0])).sum()
    return out


def game(paths: Paths, of: "Floats") -> "Floats":
    """(2^n,) worth of each set of channels: what of `of` (paths,: conversions or value) the paths inside it have."""
    return subset_sums(np.bincount(sets(paths), of, 1 << len(paths.channels)).astype(float))


def credit(paths: Paths, of: "Floats", rng: np.random.Generator | None = None) -> "Floats":
    """(channels,) Shapley values, which sum to `of`: exact up to EXACT channels, else sampled."""
    if len(paths.channels) <= EXACT:
        return exact(game(paths, of))
    return sampled(paths, of, rng or np.random.default_rng(0))[0]


def sampled(paths: Paths, of: "Floats", rng: np.random.Generator, orders: int = ORDERS) -> "tuple[Floats, Floats]":
    """(channels,) mean over drawn orders of what a channel adds when it comes in, and the standard error of that mean.

    Each order is drawn with its reverse (Mitchell, Cooper, Frank & Holmes, JMLR 2022): the error is that of the pairs.
    """
    n = len(paths.channels)
    kept, row = np.unique(paths.path * n + paths.token, return_index=True)  # a channel counts once in a path
    token, start = paths.token[row], np.searchsorted(kept // n, np.arange(len(paths.length)))
    total, square, pairs = np.zeros(n), np.zeros(n), max(orders // 2, 2)
    for _ in range(pairs):
        order = rng.permutation(n)
        place = np.argsort(order)
        both = np.zeros(n)
        for turn, back in ((place, order), (n - 1 - place, order[::-1])):
            done = (
                np.maximum.reduceat(turn[token], start) if len(token) else turn[:0]
            )  # when the last of the path comes in
            both += np.bincount(back[done], of, n) / 2
        total, square = total + both, square + both**2
    mean = total / pairs
    return mean, np.sqrt(np.maximum(square / pairs - mean**2, 0) / (pairs - 1))
