"""What money for a step buys, by stage and channel: held back to what money buys in all channels.

The money that follows a contact is lumpy, and a cheap channel's error is many times its price: held back by the contact, what is
cheap and unknown passes for a bargain. So values are held back per unit of money and of what the stage buys untouched:
x_sc = μ m_c (1 + r_c + e_sc), r and e normal (`CHANNEL`, `CELL`), m_c what the channel's clicks for the money say (`CLICKED`),
μ by generalized least squares.
"""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

CHANNEL, CELL = (
    0.4,
    0.3,
)  # how far channels, and stages of a channel, differ in what money buys, as shares of it (convention)
CLICKED, MOST = (
    0.5,
    1.5,
)  # part of a channel's prior that goes by its clicks for the money; at most so many times the average's
ROUNDS = 3  # of μ, by which the deviations are scaled


def held(x: "Floats", se: "Floats", clicks: "Floats") -> "tuple[Floats, Floats]":
    """Posterior mean and sd of what a unit of money buys, (S, C). x, se: (S, C), null where nothing is known.

    clicks: (C,) of each channel for a unit of money, beside the average of all; ones where nobody can click.
    """
    prior = 1 - CLICKED + CLICKED * np.minimum(clicks, MOST)
    stages, channels = x.shape
    channel = np.tile(np.arange(channels), stages)
    m = prior[channel]
    z, noise = x.ravel(), se.ravel() ** 2
    seen = np.isfinite(z) & np.isfinite(noise)
    if not seen.any():
        return np.full(x.shape, np.nan), np.full(x.shape, np.nan)
    shared = np.outer(m, m) * (CHANNEL**2 * (channel[:, None] == channel) + CELL**2 * np.eye(len(z)))
    weight = m[seen] / noise[seen]
    level = max(float(weight @ z[seen] / (weight @ m[seen])), 0.0)
    for _ in range(ROUNDS):
        cover = level**2 * shared
        inverse = np.linalg.inv(cover[np.ix_(seen, seen)] + np.diag(noise[seen]))
        precision = float(m[seen] @ inverse @ m[seen])
        level = max(float(m[seen] @ inverse @ z[seen]) / precision, 0.0)
    cross = cover[:, seen] @ inverse
    mean = level * m + cross @ (z[seen] - level * m[seen])
    lever = m - cross @ m[seen]
    variance = np.diag(cover) - (cross * cover[:, seen]).sum(axis=1) + lever**2 / precision
    return mean.reshape(x.shape), np.sqrt(np.maximum(variance, 0)).reshape(x.shape)
