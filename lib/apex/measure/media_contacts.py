"""What each consumer met, did and bought of every brand of a category, day by day: the raw material of media response.

Counting only. Other brands' facts serve to learn what a contact does; nothing of one of them leaves the models that read this.
Of more than `MOST` consumers a random part is read, by the hash that their keys are.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from apex.measure.touches import own_channels
from apex.warehouse import Warehouse

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from numpy.typing import NDArray

MOST = 12_000  # consumers
CONTACT = ("expose", "watch")
VISIT = ("view", "search_brand")
MEMBER = {"join": 1.0, "leave": -1.0}
FOLLOWER = {"follow": 1.0, "unfollow": -1.0}
EPOCH = np.datetime64("1970-01-01", "D")


@dataclass(frozen=True)
class Rows:
    """Facts by who and day (days since 1970), in that order."""

    who: "NDArray[np.int64]"
    day: "NDArray[np.int64]"
    what: "NDArray[np.int64]"  # channel's number of a contact, a click and of the touch that led to an order (−1: none)
    value: "NDArray[np.float64]"  # contacts, clicks; money of an order; 1 or −1 of a relation; 1 of a visit


@dataclass(frozen=True)
class Contacts:
    """What was met, done and bought of B brands of a category up to a day.

    In `every…`, members and followers `who` is a pair, consumer's number · B + brand's number; in `contacts`, `visits`, `orders`
    it is the consumer's number among `ids`, and they are of the brand `own` (its number). consumers: how many there are; share:
    the part of all that was read; first, last: days in which media were recorded; campaigns: (brand's number, first, last day).
    """

    consumers: int
    share: float
    brands: tuple[str, ...]
    own: int
    channels: tuple[str, ...]
    first: int
    last: int
    ids: "NDArray[np.int64]"
    every_contact: Rows
    every_click: Rows
    every_visit: Rows
    passing: Rows  # met without media, on one's own way
    every_order: Rows
    members: Rows
    followers: Rows
    campaigns: tuple[tuple[int, int, int], ...]

    @cached_property
    def contacts(self) -> Rows:
        """The brand's media contacts."""
        return self._mine(self.every_contact)

    @cached_property
    def visits(self) -> Rows:
        """Days on which a consumer came to the brand by himself."""
        return self._mine(self.every_visit)

    @cached_property
    def orders(self) -> Rows:
        """The brand's orders."""
        return self._mine(self.every_order)

    def _mine(self, rows: Rows) -> Rows:
        mine = rows.who % len(self.brands) == self.own
        return Rows(rows.who[mine] // len(self.brands), rows.day[mine], rows.what[mine], rows.value[mine])


def number(day: date) -> int:
    """Days since 1970."""
    return int((np.datetime64(day, "D") - EPOCH).astype(int))


def contacts(warehouse: Warehouse, brand: str, category: str | None) -> Contacts:
    """Read what consumers met and bought of a brand and its category; see `Contacts`. Without a category of the brand alone."""
    own = own_channels(warehouse)
    people, events = warehouse.table("consumers").select("consumer_id"), warehouse.table("events")
    every = int(people.count().execute())
    parts = max(1, -(-every // MOST))
    if parts > 1:
        people = people.filter(people.consumer_id % parts == 0)
        events = events.filter(events.consumer_id % parts == 0)
    ids = np.sort(people.to_pyarrow()["consumer_id"].to_numpy()).astype(np.int64)
    events = events.filter(events.brand == brand) if category is None else events.filter(events.category == category)
    events = events.filter(events.brand.notnull())
    media = events.channel.notnull() & ~events.channel.isin(own) if own else events.channel.notnull()
    mine = events.channel.isin(own) if own else events.channel.isnull()
    met = _daily(events.filter(events.behaviour.isin(CONTACT) & media), "channel")
    clicks = _daily(events.filter((events.behaviour == "click") & media), "channel")
    visits = _daily(events.filter(events.behaviour.isin(VISIT) & mine))
    passing = _daily(events.filter(events.behaviour.isin(CONTACT) & mine)) if own else visits.slice(0, 0)
    bought = events.filter(events.behaviour == "buy").mutate(order=events.basket_id.fill_null(""))
    orders = _daily(bought, "channel", "order", money=True)
    relations = _daily(events.filter(events.behaviour.isin([*MEMBER, *FOLLOWER])), "behaviour")
    frames = (met, clicks, visits, passing, orders, relations)
    brands = tuple(sorted({brand}.union(*(f["brand"].unique().to_pylist() for f in frames))))
    channels = tuple(sorted(met["channel"].unique().to_pylist()))
    ranks, kinds = {b: n for n, b in enumerate(brands)}, {c: n for n, c in enumerate(channels)}
    days = met["day"].cast(pa.int32()).to_numpy() if len(met) else np.array([number(warehouse.first_day)])

    def rows(frame: pa.Table, what: str | None = None, value: "NDArray[np.float64] | None" = None) -> Rows:
        who = np.searchsorted(ids, frame["consumer_id"].to_numpy()) * len(brands) + _told(
            frame["brand"], ranks, -1
        ).astype(np.int64)
        kind = np.zeros(len(frame), np.int64) if what is None else _told(frame[what], kinds, -1).astype(np.int64)
        day = frame["day"].cast(pa.int32()).to_numpy().astype(np.int64)
        n = frame["n"].to_numpy().astype(float) if value is None else value
        order = np.lexsort((kind, day, who))
        return Rows(who[order], day[order], kind[order], n[order])

    member, follower = (_told(relations["behaviour"], kind, 0.0) for kind in (MEMBER, FOLLOWER))
    return Contacts(
        len(ids), len(ids) / max(every, 1), brands, ranks[brand], channels, int(days.min()), number(warehouse.last_day), ids,
        rows(met, "channel"), rows(clicks, "channel"), rows(visits, value=np.ones(len(visits))), rows(passing),
        rows(orders, "channel"), rows(relations, value=member), rows(relations, value=follower),
        _campaigns(warehouse, ranks),
    )  # fmt: skip


def _daily(table: "ir.Table", *by: str, money: bool = False) -> pa.Table:
    """consumer_id, brand, day, the columns `by`, n: rows, or money."""
    keyed = table.mutate(day=table.occurred_at.date())
    value = keyed.value_minor.sum() if money else keyed.count()
    return keyed.group_by("consumer_id", "brand", "day", *by).agg(n=value.cast("float64")).to_pyarrow()


def _told(column: pa.ChunkedArray, codes: "Mapping[str, float]", other: float) -> "NDArray[np.float64]":
    """Each text's code; other: of one without."""
    told = column.combine_chunks().dictionary_encode()
    table = np.array([*(codes.get(t, other) for t in told.dictionary.to_pylist()), other], float)
    return table[told.indices.fill_null(len(table) - 1).to_numpy(zero_copy_only=False)]


def _campaigns(warehouse: Warehouse, ranks: dict[str, int]) -> tuple[tuple[int, int, int], ...]:
    """Campaigns whose owner is one of the brands."""
    if not warehouse.has("campaigns"):
        return ()
    frame = warehouse.table("campaigns").select("owner", "first_day", "last_day").execute()
    frame = frame[frame.owner.isin(list(ranks))]
    return tuple((ranks[r.owner], number(r.first_day), number(r.last_day)) for r in frame.itertuples())
