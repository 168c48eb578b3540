"""Which touches get credit: rules that share each conversion out over its path, and whole numbers that keep the sum.

Credit is an association: it says where a channel stood, not what would be missing without it. All methods share out the same
conversions, those with a touch; their sums are equal.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

HALF_LIFE = 7.0  # days
BY_POSITION = 0.5  # where there are no times: each touch counts half of the one after it
RULES = ("first", "last", "linear", "position", "decay")


@dataclass(frozen=True)
class Paths:
    """Grouped paths, one after the other in flat arrays: path p is `token[start[p] : start[p + 1]]`, never empty.

    channels: names, by number. token (touches,): channel of each touch. age (touches,): days before the conversion, or None.
    conversions, value, nulls (paths,): how often the path led to a conversion, for how much in all, and how often to none.
    bucket (paths,): of the consumers, for errors; −1 where they are unknown. bare: conversions and value without any touch.
    """

    channels: tuple[str, ...]
    token: "Ints"
    start: "Ints"
    age: "Floats | None"
    conversions: "Floats"
    value: "Floats"
    nulls: "Floats"
    bucket: "Ints"
    bare: tuple[float, float] = (0.0, 0.0)

    @cached_property
    def length(self) -> "Ints":
        """(paths,) touches."""
        return np.diff(self.start)

    @cached_property
    def path(self) -> "Ints":
        """(touches,) the path of each."""
        return np.repeat(np.arange(len(self.length)), self.length)

    @cached_property
    def place(self) -> "Ints":
        """(touches,) turn in its path, from 0."""
        return np.arange(len(self.token)) - self.start[self.path]

    def weighted(self, times: "Floats") -> "Paths":
        """The same paths, each counted so many times."""
        drawn = replace(self, conversions=times * self.conversions, value=times * self.value, nulls=times * self.nulls)
        drawn.__dict__.update({k: v for k, v in self.__dict__.items() if k in ("length", "path", "place")})
        return drawn

    def names(self, by_number: "Floats") -> pd.Series:
        """Credit by channel."""
        return pd.Series(by_number, pd.Index(self.channels, name="channel"), dtype=float)


def read(frame: pd.DataFrame, then: str = " > ") -> Paths:
    """Paths from `path, conversions, nulls` and, where known, `value, ages` (days, a space between) and `bucket`.

    Channels are named in the order of the alphabet. Paths of no touch are counted in `bare`.
    """
    filled = frame.assign(**{c: 0 for c in ("value", "nulls") if c not in frame})
    there = filled.path.str.strip().ne("").to_numpy(bool)
    mine, empty = filled[there], filled[~there]
    lists = pc.split_pattern(pa.array(mine.path.to_numpy(object), pa.string()), then)
    told = pc.utf8_trim_whitespace(lists.flatten()).dictionary_encode()
    known = np.array(told.dictionary.to_pylist(), dtype=object)
    names, turn = np.unique(known.astype(str), return_inverse=True) if len(known) else (known, np.zeros(0, int))
    start = np.r_[0, np.cumsum(pc.list_value_length(lists).to_numpy(zero_copy_only=False))].astype(np.int64)
    age = None
    if "ages" in mine:
        won = (mine.conversions > 0).to_numpy()
        age = np.zeros(int(start[-1]))
        every = pc.split_pattern(pa.array(mine.ages[won].to_numpy(object), pa.string()), " ").flatten()
        age[np.repeat(won, np.diff(start))] = every.cast(pa.float64()).to_numpy(zero_copy_only=False)
    return Paths(
        tuple(map(str, names)),
        turn[told.indices.to_numpy(zero_copy_only=False)].astype(np.int64),
        start,
        age,
        mine["conversions"].to_numpy(float),
        mine["value"].to_numpy(float),
        mine["nulls"].to_numpy(float),
        mine["bucket"].to_numpy(np.int64) if "bucket" in mine else np.full(len(mine), -1),
        (float(empty.conversions.sum()), float(empty.value.sum())),
    )


def shares(paths: Paths, rule: str, half_life: float = HALF_LIFE) -> "Floats":
    """(touches,) each touch's share of its path's conversions by a rule of RULES; the shares of a path sum to 1.

    position: 40 % to the first and to the last, 20 % to those in between; of two touches half each. decay: 2^(−age /
    half-life); without times each touch counts half of the one after it. Raises KeyError for an unknown rule.
    """
    place, n = paths.place, paths.length[paths.path]
    first, last = place == 0, place == n - 1
    if rule == "first":
        return first.astype(float)
    if rule == "last":
        return last.astype(float)
    if rule == "linear":
        return 1.0 / n
    if rule == "position":
        middle = np.where(n > 2, 0.2 / np.maximum(n - 2, 1), 0.0)
        return np.where(n < 3, 1.0 / n, np.where(first | last, 0.4, middle))
    if rule == "decay":
        back = n - 1 - place if paths.age is None else paths.age / half_life
        back = back - np.minimum.reduceat(back, paths.start[:-1])[paths.path] if len(back) else back
        weight = BY_POSITION**back
        return weight / np.bincount(paths.path, weight, len(paths.length))[paths.path]
    raise KeyError(rule)


def credit(paths: Paths, share: "Floats", of: "Floats") -> "Floats":
    """(channels,) what each channel gets of `of` (paths,): conversions or value."""
    return np.bincount(paths.token, share * of[paths.path], len(paths.channels)).astype(float)


def whole(credited: Mapping[str, float] | pd.Series, total: int) -> pd.Series:
    """Credit in whole units (fen, orders) that sum to `total` exactly, by largest remainder; ties go to the first."""
    told = pd.Series(credited, dtype=float)
    if told.sum() > 0:
        told = told * (total / told.sum())
    down = np.floor(told).astype("int64")
    rest = int(total - down.sum()) if len(told) else 0
    up = (told - down).sort_values(ascending=False, kind="stable").index[:rest]
    down.loc[up] += 1
    return down
