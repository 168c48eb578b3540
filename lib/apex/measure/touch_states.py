"""Days of consumers with a brand: what each did, what media met him, and where he stood before the day.

For asking what follows a touch beside what follows the same day of somebody who stood alike and was not met. Where one stands
is told by what was seen before the day alone: how long ago he last came, put something aside, and bought. One pass of the
engine, a row a consumer and day on which anything happened; days on which nothing did are filled in here, a thousand consumers
at a time. Of more than MOST consumers who ever had to do with the brand a part is read, by the hash that their keys are.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING

import ibis
import numpy as np

from apex.measure.touches import own_channels
from apex.warehouse import Warehouse

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

MOST = 6_000  # consumers
CHUNK = 1_000
CAME = ("view", "search_brand", "favourite", "cart", "engage", "click")
ASIDE = ("favourite", "cart")
MET = ("expose", "watch", "click")
SINCE = {"came": (2, 4, 8, 16, 31), "aside": (4, 16), "bought": (31, 181, 731)}  # days ago at which a state changes
STATES = 6 * 3 * 4
NEVER = STATES - 1
GROUPS = 10  # of consumers, for errors


@dataclass(frozen=True)
class Lives:
    """A row a consumer and day on which anything happened: who, day (0: the first of the data), came, aside, orders, met (bits of
    `channels`). ids: consumers that are read; share: the part of all active ones; nobody: consumers of that part who never had to
    do with the brand; days: of the data.
    """

    ids: "Ints"
    who: "Ints"
    day: "Ints"
    came: "NDArray[np.bool_]"
    aside: "NDArray[np.bool_]"
    orders: "Ints"
    met: "Ints"
    channels: tuple[str, ...]
    share: float
    nobody: float
    first: date
    days: int


@dataclass(frozen=True)
class Chunk:
    """Some consumers' days in full, each (consumers, days): state before the day, orders, steps (orders and days with something
    put aside), met (bits). group (consumers,): for errors.
    """

    state: "NDArray[np.int16]"
    orders: "Ints"
    steps: "Ints"
    met: "Ints"
    group: "Ints"


def lives(warehouse: Warehouse, brand: str) -> Lives:
    """What consumers had to do with the brand, day by day, as far as may be seen."""
    events, own = warehouse.table("events"), own_channels(warehouse)
    mine = events.filter(events.brand == brand)
    active = int(mine.consumer_id.nunique().execute() or 0)
    parts = max(1, -(-active // MOST))
    everybody = int(warehouse.table("consumers").count().execute())
    if parts > 1:
        mine = mine.filter(mine.consumer_id % parts == 0)
    media = mine.behaviour.isin(MET) & mine.channel.notnull()
    media = media & mine.channel.notin(own) if own else media
    channels = tuple(sorted(mine.filter(media).select("channel").distinct().to_pyarrow()["channel"].to_pylist()))
    bit = mine.channel.cases(*[(c, 1 << n) for n, c in enumerate(channels)], else_=0) if channels else ibis.literal(0)
    order = mine.basket_id.fill_null(mine.occurred_at.date().cast("string"))
    day = mine.occurred_at.date().delta(ibis.literal(warehouse.first_day), unit="day")
    found = mine.group_by("consumer_id", day=day).agg(
        came=mine.behaviour.isin(CAME).any(), aside=mine.behaviour.isin(ASIDE).any(),
        orders=order.nunique(where=mine.behaviour == "buy"),
        met=media.ifelse(bit.cast("int64"), 0).bit_or(),
    )  # fmt: skip
    rows = found.to_pyarrow()
    ids, who = np.unique(rows["consumer_id"].to_numpy(), return_inverse=True)
    told = {c: rows[c].to_numpy() for c in ("day", "came", "aside", "orders", "met")}
    share = len(ids) / active if active else 1.0
    return Lives(
        ids, who, told["day"].astype(np.int64), told["came"].astype(bool), told["aside"].astype(bool),
        told["orders"].astype(np.int64), told["met"].astype(np.int64), channels, share, (everybody - active) * share,
        warehouse.first_day, (warehouse.last_day - warehouse.first_day).days + 1,
    )  # fmt: skip


def chunks(of: Lives) -> Iterator[Chunk]:
    """All days of the consumers who are read, CHUNK consumers at a time."""
    order = np.argsort(of.who, kind="stable")
    ends = np.searchsorted(of.who[order], np.arange(0, len(of.ids) + CHUNK, CHUNK))
    for k, (a, b) in enumerate(pairwise(ends)):
        rows, n = order[a:b], min(CHUNK, len(of.ids) - k * CHUNK)
        who, day = of.who[rows] - k * CHUNK, of.day[rows]
        orders, met = np.zeros((n, of.days), np.int64), np.zeros((n, of.days), np.int64)
        orders[who, day], met[who, day] = of.orders[rows], of.met[rows]
        aside = np.zeros((n, of.days), bool)
        aside[who, day] = of.aside[rows]
        came = np.zeros((n, of.days), bool)
        came[who, day] = of.came[rows]
        at = [
            np.digitize(_since(x), SINCE[name])
            for name, x in (("came", came), ("aside", aside), ("bought", orders > 0))
        ]
        state = (at[0] * 3 + at[1]) * 4 + at[2]
        ids = of.ids[k * CHUNK : k * CHUNK + n]
        yield Chunk(state.astype(np.int16), orders, orders + aside, met, ids % GROUPS)


def _since(so: "NDArray[np.bool_]") -> "Ints":
    """Days since the last day before this one on which it was so; many where there was none."""
    day = np.arange(so.shape[1])
    last = np.maximum.accumulate(np.where(so, day, -10_000), axis=1)
    before = np.concatenate([np.full((len(so), 1), -10_000), last[:, :-1]], axis=1)
    return np.asarray(day - before)
