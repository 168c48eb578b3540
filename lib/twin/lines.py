"""What a brand does beside its usual media: bought media, benefits, samples and item trials, as arrays for the kernel.

A line's contacts are drawn by the line's name, so that the same line in another plan, or with a larger budget, meets the same
consumers first.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

MEDIA, BENEFIT, SAMPLE = range(3)
STAGES, RECENCY, TOUCHES = 5, 4, 6  # of a sequence's state; days since its last touch: up to 1, 3, 7, more


class Lines(NamedTuple):
    """L lines on T days. On day t those of listing[start[t]] … listing[start[t + 1] − 1] are open."""

    start: np.ndarray  # (T + 1,)
    listing: np.ndarray
    what: np.ndarray  # MEDIA, BENEFIT, SAMPLE
    brand: np.ndarray  # among all brands
    channel: np.ndarray
    # (L, T) contacts a day of a consumer with media time and usage 1; of benefits and samples the chance a day
    rate: np.ndarray
    listed: np.ndarray  # column of People.listed, −1 everybody
    target: np.ndarray  # as a channel's
    message: np.ndarray  # −1 any
    items: np.ndarray  # how many items are shown at random, 0 none
    item: np.ndarray  # (L, J) their numbers first
    kind: np.ndarray  # of a benefit
    campaign: np.ndarray
    usual: np.ndarray  # bool: part of the brand's usual media, silent where these are
    code: np.ndarray  # of the name, for draws


class Steps(NamedTuple):
    """Q sequences: what a consumer of the list sees next, by where he stands."""

    brand: np.ndarray
    first: np.ndarray
    last: np.ndarray
    listed: np.ndarray
    pressure: np.ndarray  # chance a day to be met where media time and usage are 1
    # (Q, STAGES, RECENCY, TOUCHES, messages + 1) channel · messages + message, −1 nothing; the last: 0 none, else message + 1
    action: np.ndarray
    campaign: np.ndarray
    code: np.ndarray


@dataclass(frozen=True)
class Line:
    """One line; `rate` is (last − first + 1,) or one number."""

    name: str
    brand: int
    channel: int
    first: int
    last: int
    rate: np.ndarray | float
    what: int = MEDIA
    listed: int = -1
    target: int = 0
    message: int = -1
    items: tuple[int, ...] = ()
    kind: int = -1
    campaign: int = -1
    usual: bool = False


@dataclass(frozen=True)
class Sequenced:
    """One sequence; `action` as in `Steps`."""

    name: str
    brand: int
    first: int
    last: int
    listed: int
    pressure: float
    action: np.ndarray
    campaign: int


def code(name: str) -> int:
    """A whole number for a name, below 2^31."""
    return zlib.crc32(name.encode()) & 0x7FFFFFFF


def lines(of: Sequence[Line], days: int) -> Lines:
    """Lines as arrays. Raises ValueError where two of one name overlap: their chance would be the same."""
    rate = np.zeros((len(of), days), np.float32)
    seen: dict[int, np.ndarray] = {}
    for number, line in enumerate(of):
        open_ = np.zeros(days, bool)
        open_[line.first : line.last + 1] = True
        if (seen.get(code(line.name), ~open_) & open_).any():
            raise ValueError(f"two lines are named {line.name!r} and overlap in time")
        seen[code(line.name)] = open_ | seen.get(code(line.name), np.zeros(days, bool))
        rate[number, line.first : line.last + 1] = line.rate
    day, index = np.nonzero(rate.T > 0)

    item = np.zeros((len(of), max([1, *(len(line.items) for line in of)])), np.int64)
    for number, line in enumerate(of):
        item[number, : len(line.items)] = line.items

    def column(name: str, kind: type = np.int64) -> np.ndarray:
        return np.array([getattr(line, name) for line in of], kind)

    return Lines(
        np.searchsorted(day, np.arange(days + 1)), index.astype(np.int64), column("what"), column("brand"),
        column("channel"), rate, column("listed"), column("target"), column("message"),
        np.array([len(line.items) for line in of], np.int64), item,
        column("kind"), column("campaign"), column("usual", np.bool_),
        np.array([code(line.name) for line in of], np.int64),
    )  # fmt: skip


def steps(of: Sequence[Sequenced], messages: int) -> Steps:
    """Sequences as arrays."""
    shape = (len(of), STAGES, RECENCY, TOUCHES, messages + 1)
    action = np.array([s.action for s in of], np.int64).reshape(shape)
    numbers = [
        np.array([getattr(s, n) for s in of], np.int64) for n in ("brand", "first", "last", "listed", "campaign")
    ]
    pressure = np.array([s.pressure for s in of], float)
    brand, first, last, listed, campaign = numbers
    names = np.array([code(s.name) for s in of], np.int64)
    return Steps(brand, first, last, listed, pressure, action, campaign, names)
