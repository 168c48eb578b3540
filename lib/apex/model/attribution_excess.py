"""What follows a touch beside what follows the same day of people who stood alike and were not met.

Media chase likely buyers, so that orders after a touch say little. Here people are compared on the day of the touch, by where
they stood before it (Robins, "Correcting for non-compliance by structural nested mean models", 1994, with all that is known of a
consumer in 72 states): steps in the 15 days from it are level(state) · level(day) · (1 + Σ effect of the channels met that day).
Steps are orders and days on which something was put aside (a surrogate for orders, Athey, Chetty, Imbens & Kang 2019): a brand
has a few orders by channel and many carts, and effects of touches on both are alike but for one factor, which the orders
themselves tell for all channels together. Effects are learned over all days of the data, since a window has too few; credit is
effect × what the window's touches found. Its sum is no more than what followed: the rest would have come by itself.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from apex.measure.touch_states import GROUPS, NEVER, STATES, Chunk, Lives
from apex.model.estimate import LEVEL

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

AHEAD = 15  # days, that of the touch among them
SETTLED = 60  # days from which on it is known where people stand
STEPS, AGAIN = 100, 10  # rounds of EM; of a refit without a group, begun where all are
PRIOR = 1.0  # steps by which an effect is held towards that of all channels
OUTCOMES = ("steps", "orders")
LEAST = 30  # orders after touches, below which nothing is told


@dataclass(frozen=True)
class Cells:
    """Person-days, counted. touched: key (state · days + day), met (bits), group; n and sums (2, cells) of OUTCOMES ahead.

    free (GROUPS, states, days), free_sums (2, GROUPS, states, days): of those who were not met. days: of the data; seen: days
    whose days ahead may all be seen.
    """

    channels: tuple[str, ...]
    key: "Ints"
    met: "Ints"
    group: "Ints"
    n: "Floats"
    sums: "Floats"
    free: "Floats"
    free_sums: "Floats"
    days: int
    seen: int
    first: date
    share: float

    @cached_property
    def touches(self) -> "Floats":
        """(cells, channels) 1.0 of the channels that met."""
        return ((self.met[:, None] >> np.arange(len(self.channels))) & 1).astype(float)


@dataclass(frozen=True)
class Effects:
    """Of each of OUTCOMES: effect (2, channels), what a touch adds to what is ahead, as a share of it; level (2, states), by_day
    (2, days). rate: orders a step, of what touches add. cells: what it was learned from.
    """

    effect: "Floats"
    level: "Floats"
    by_day: "Floats"
    rate: float
    cells: Cells

    def credited(self, first: date, last: date) -> pd.Series:
        """Orders that the touches from `first` to `last` added, by channel."""
        of = self.cells
        begin, end = (first - of.first).days, (last - of.first).days
        day = of.key % of.days
        at = (day >= begin) & (day <= end)
        exposed = (of.n[at] * self.level[0, of.key[at] // of.days] * self.by_day[0, day[at]]) @ of.touches[at]
        told = self.rate * self.effect[0] * exposed / of.share
        return pd.Series(told, pd.Index(of.channels, name="channel"), dtype=float)

    def table(self, first: date, last: date, most: float, level: float = LEVEL) -> pd.DataFrame:
        """The same with intervals: channel, conversions, low, high; in all no more than `most`, else all are scaled.

        The error is the jackknife's, each tenth of the consumers left out in turn.
        """
        from scipy.special import ndtri

        told = self.credited(first, last)
        fits = [again for g in range(GROUPS) if (again := fit(self.cells, g, self)) is not None]
        error = np.full(len(told), np.nan)
        if len(fits) > 1:
            each = np.array([again.credited(first, last) for again in fits])
            error = np.sqrt((len(fits) - 1) / len(fits) * ((each - each.mean(axis=0)) ** 2).sum(axis=0))
        half, scale = float(ndtri(0.5 + level / 2)) * error, min(1.0, most / max(float(told.sum()), 1e-9))
        return pd.DataFrame({
            "channel": told.index, "conversions": scale * told.to_numpy(),
            "low": scale * np.maximum(told.to_numpy() - half, 0), "high": scale * (told.to_numpy() + half),
        })  # fmt: skip


def cells(of: Lives, chunks: Iterable[Chunk], ahead: int = AHEAD) -> Cells:
    """Count the person-days of `of`; ahead: days after a touch that count, its own among them."""
    days, seen = of.days, max(of.days - ahead + 1, 0)
    size = GROUPS * STATES * days
    free, free_sums = np.zeros(size), np.zeros((2, size))
    parts: list[tuple[Ints, Ints, Ints, Floats, Floats]] = []
    for chunk in chunks:
        to_come = [_ahead(x, ahead) for x in (chunk.steps, chunk.orders)]
        key = chunk.state.astype(np.int64) * days + np.arange(days)
        known = np.broadcast_to(np.arange(days) >= SETTLED, key.shape)
        met = (chunk.met > 0) & known
        at = ~met & known
        place = (key + chunk.group[:, None] * (STATES * days))[at]
        free += np.bincount(place, minlength=size)
        for k in (0, 1):
            free_sums[k] += np.bincount(place, to_come[k][at], size)
        who = np.broadcast_to(chunk.group[:, None], key.shape)[met]
        codes = (key[met] << len(of.channels) | chunk.met[met]) * GROUPS + who
        cell, place = np.unique(codes, return_inverse=True)
        sums = np.array([np.bincount(place, x[met], len(cell)) for x in to_come])
        code = cell // GROUPS
        parts.append((code >> len(of.channels), code & ((1 << len(of.channels)) - 1), cell % GROUPS,
                      np.bincount(place, minlength=len(cell)).astype(float), sums))  # fmt: skip
    # whoever never had to do with the brand stands at the last state every day
    free.reshape(GROUPS, STATES, days)[:, NEVER, SETTLED:] += of.nobody / GROUPS
    if not parts:
        empty = np.zeros(0, np.int64)
        parts = [(empty, empty, empty, np.zeros(0), np.zeros((2, 0)))]
    key, met_, group, n, sums = (np.concatenate(p, axis=-1) for p in zip(*parts, strict=True))
    shape = (GROUPS, STATES, days)
    return Cells(of.channels, key, met_, group, n, sums, free.reshape(shape), free_sums.reshape(2, *shape), days, seen,
                 of.first, of.share)  # fmt: skip


def _ahead(x: "Ints", ahead: int = AHEAD) -> "Ints":
    """Sums of so many days from each day on, as far as they are seen."""
    total = np.cumsum(np.concatenate([np.zeros((len(x), 1), x.dtype), x], axis=1), axis=1)
    end = np.minimum(np.arange(x.shape[1]) + ahead, x.shape[1])
    return np.asarray(total[:, end] - total[:, :-1])


def fit(of: Cells, without: int = -1, begin: Effects | None = None) -> Effects | None:
    """Effects by EM, learned from days whose days ahead are all seen; without: a group that is left out, begin: where to begin.

    None of fewer than LEAST orders after touches.
    """
    told = (of.key % of.days < of.seen) & (of.group != without)
    if not len(of.channels) or of.sums[1, told].sum() < LEAST:
        return None
    groups = [g for g in range(GROUPS) if g != without]
    effects, levels, by_days, added = (np.array(x) for x in zip(
        *(_em(of, k, told, groups, begin) for k in range(len(OUTCOMES))), strict=True
    ))  # fmt: skip
    return Effects(effects, levels, by_days, float(added[1] / added[0]) if added[0] > 0 else 0.0, of)


def _em(
    of: Cells, outcome: int, told: "NDArray[np.bool_]", groups: list[int], begin: Effects | None
) -> "tuple[Floats, Floats, Floats, float]":
    """effect (channels,), level (states,), by_day (days,), and how much touches added in all."""
    key, n, y, a = of.key[told], of.n[told], of.sums[outcome, told], of.touches[told]
    state, day = key // of.days, key % of.days
    free = of.free[groups].sum(axis=0)[:, : of.seen]
    rest = of.free_sums[outcome, groups].sum(axis=0)[:, : of.seen]
    by_state = rest.sum(axis=1) + np.bincount(state, y, STATES)
    on_day = rest.sum(axis=0) + np.bincount(day, y, of.seen)
    mean = by_state.sum() / max(free.sum() + n.sum(), 1.0)
    effect, level, by_day = np.full(a.shape[1], 0.2), np.full(STATES, mean), np.ones(of.seen)
    if begin is not None:
        effect, level, by_day = begin.effect[outcome], begin.level[outcome], begin.by_day[outcome, : of.seen]
    exposed = np.zeros(a.shape[1])
    for _ in range(STEPS if begin is None else AGAIN):
        exposed = (level[state] * by_day[day] * n) @ a
        new = effect * ((y / (1 + a @ effect)) @ a)
        # effects are held towards that of all channels together by PRIOR steps, so that none runs away
        together = max(new.sum() / max(exposed.sum(), 1e-12), 1e-12)
        effect = (new + PRIOR) / (exposed + PRIOR / together)
        many = n * (1 + a @ effect)
        due = free @ by_day + np.bincount(state, by_day[day] * many, STATES)
        level = (by_state + mean) / (due + 1.0)
        due = level @ free + np.bincount(day, level[state] * many, of.seen)
        by_day = (on_day + 1.0) / (due + 1.0)
        by_day = by_day / by_day.mean()
    whole = np.full(of.days, by_day[-28:].mean())  # days whose days ahead are not all seen are as the last ones
    whole[: of.seen] = by_day
    return effect, level, whole, float(exposed @ effect)
