"""Chance that does not depend on the order of work: named streams for a market, numbered draws for its consumers.

A draw is a hash of (seed, consumer, category, purpose, day, number), not the next number of a sequence. So a consumer's
life is the same in any block, on any core and in every world, until a cause makes it differ.
"""

import zlib

import numpy as np
import numpy.typing as npt

from twin.compiled import called

# splitmix64 (Steele, Lea & Flood 2014); the strides are odd, so that no two draws of a life share an argument by design.
STEP, MIX1, MIX2 = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
BY_PURPOSE, BY_DAY, BY_NUMBER = (
    np.uint64(0xD1342543DE82EF95),
    np.uint64(0xDA942042E4DD58B5),
    np.uint64(0xA0761D6478BD642F),
)
S30, S27, S31, S11 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(11)
UNIT = 2.0**-53
# Standard Gumbel shocks by the first 13 bits of a hash: 8,192 equal steps, a quarter of the time of two logarithms.
GUMBEL = -np.log(-np.log((np.arange(8192) + 0.5) / 8192))
S51 = np.uint64(51)


@called
def mix(z):
    """One-to-one mixing of 64 bits."""
    z = z + STEP
    z = (z ^ (z >> S30)) * MIX1
    z = (z ^ (z >> S27)) * MIX2
    return z ^ (z >> S31)


@called
def life_key(seed, consumer, category):
    """The key of one consumer's life in one category."""
    return mix(mix(np.uint64(seed)) + np.uint64(consumer) * BY_DAY + np.uint64(category) * BY_PURPOSE)


@called
def draw(key, purpose, day, number):
    """Uniform on (0, 1), named by its purpose, day and number."""
    z = key + np.uint64(purpose) * BY_PURPOSE + np.uint64(day) * BY_DAY + np.uint64(number) * BY_NUMBER
    return (np.float64(mix(z) >> S11) + 0.5) * UNIT


@called
def shock(key, purpose, day, number):
    """A standard Gumbel shock, named like a draw."""
    z = key + np.uint64(purpose) * BY_PURPOSE + np.uint64(day) * BY_DAY + np.uint64(number) * BY_NUMBER
    return GUMBEL[np.int64(mix(z) >> S51)]


def stream(seed: int, name: str) -> np.random.Generator:
    """The market's own generator for one purpose; another purpose more or less changes no other."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(zlib.crc32(name.encode()),)))


def uniform(seed: int, name: str, consumers: npt.NDArray[np.int64], columns: int = 1) -> npt.NDArray[np.float64]:
    """One row of uniforms a consumer, (len(consumers), columns): traits that depend on the consumer's number alone."""
    purpose = np.uint64(zlib.crc32(name.encode()))
    with np.errstate(over="ignore"):
        z = _mix(_mix(np.array([seed], np.uint64)) + purpose * BY_PURPOSE)
        z = z + consumers.astype(np.uint64)[:, None] * BY_DAY + np.arange(columns, dtype=np.uint64) * BY_NUMBER
        return ((_mix(z) >> S11).astype(np.float64) + 0.5) * UNIT


def _mix(z: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    z = z + STEP
    z = (z ^ (z >> S30)) * MIX1
    z = (z ^ (z >> S27)) * MIX2
    return z ^ (z >> S31)
