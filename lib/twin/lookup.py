"""Which cell of a cdf a draw falls into, found fast: searching took a third of a life, most of it waiting for memory."""

import numpy as np

from twin.compiled import inlined

STEPS = 256


@inlined
def cell_at(cdf, guide, k, t, u):
    """The first cell whose cdf[k, t] reaches u (float32, 0 … 1), as `numpy.searchsorted` finds it; `guide` of the cdf."""
    at = np.int64(guide[k, t, min(np.int64(u * np.float32(STEPS)), STEPS - 1)])
    while cdf[k, t, at] < u:
        at += 1
    return at


def guide(cdf: np.ndarray) -> np.ndarray:
    """(K, T, STEPS) for a cdf (K, T, cells): how many cells end below q / STEPS, where a search for more begins."""
    step = np.floor(cdf * STEPS).astype(np.int64).reshape(-1, cdf.shape[2])  # exact: STEPS is a power of two
    count = np.bincount((step + np.arange(len(step))[:, None] * (STEPS + 1)).ravel(), minlength=len(step) * (STEPS + 1))
    count = count.reshape(*cdf.shape[:2], STEPS + 1)
    return (np.cumsum(count, axis=2) - count)[:, :, :STEPS].astype(np.int16)


def since(cdf: np.ndarray) -> np.ndarray:
    """(K, T): the first day since which a category's cdf is as it is. Who reads that day's row finds it near by."""
    new = np.ones(cdf.shape[:2], bool)
    new[:, 1:] = (cdf[:, 1:] != cdf[:, :-1]).any(axis=2)
    return np.maximum.accumulate(np.where(new, np.arange(cdf.shape[1]), 0), axis=1).astype(np.int32)
