"""The kernel's way of finding a cell finds what searching finds."""

import numpy as np
from numba import njit

from twin import lookup


@njit
def found(cdf, guide, k, t, u):
    out = np.empty(len(u), np.int64)
    for i in range(len(u)):
        out[i] = lookup.cell_at(cdf, guide, k, t, u[i])
    return out


def test_a_cell_is_found_as_by_searching(market):
    rng = np.random.default_rng(5)
    weight = rng.gamma(0.2, size=(2, 40, 192)) * (rng.random((2, 40, 192)) < 0.7)  # some cells are empty, some large
    drawn = np.cumsum(weight, axis=2)
    for cdf in ((drawn / drawn[:, :, -1:]).astype(np.float32), market.rules.cdf[:, ::40]):
        guide = lookup.guide(np.ascontiguousarray(cdf))
        for t in range(cdf.shape[1]):
            edges = np.concatenate([cdf[1, t], np.arange(257, dtype=np.float32) / 256, rng.random(500, np.float32)])
            near = np.concatenate([edges, np.nextafter(edges, np.float32(1)), np.nextafter(edges, np.float32(0))])
            assert np.array_equal(found(cdf, guide, 1, t, near), np.searchsorted(cdf[1, t], near)), t


def test_days_of_one_cdf_read_one_row(market):
    since, cdf = market.rules.since, market.rules.cdf
    day = np.arange(cdf.shape[1])
    assert (since <= day).all() and (since[:, 0] == 0).all()
    for k in range(len(cdf)):
        assert np.array_equal(cdf[k, since[k]], cdf[k])
        assert len(np.unique(since[k])) < len(day) / 4
