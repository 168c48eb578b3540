"""What each consumer met and bought, day by day: the raw material of media response.

Counting only. Of more than `MOST` consumers a random part is read, by the hash that their keys are.
"""

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from apex.measure.touches import own_channels
from apex.warehouse import Warehouse

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from numpy.typing import NDArray

MOST = 20_000  # consumers
CONTACT = ("expose", "watch")
VISIT = ("view", "search_brand")
RELATION = {"join": 1, "follow": 1, "leave": -1, "unfollow": -1}
EPOCH = np.datetime64("1970-01-01", "D")


@dataclass(frozen=True)
class Rows:
    """Facts by consumer (number among `Contacts.consumers`) and day (days since 1970), in that order."""

    who: "NDArray[np.int64]"
    day: "NDArray[np.int64]"
    what: "NDArray[np.int64]"  # channel's number of a contact and of the touch that led to an order (−1: none)
    value: "NDArray[np.float64]"  # contacts; money of an order; 1 or −1 of a relation


@dataclass(frozen=True)
class Contacts:
    """A brand's media contacts, own visits, relations and orders, the category's orders, up to a day.

    consumers: how many there are; share: the part of all that was read; busy: (consumers,) contacts with media of any brand
    of the category over the days; first, last: days in which media were recorded.
    """

    consumers: int
    share: float
    channels: tuple[str, ...]
    first: int
    last: int
    ids: "NDArray[np.int64]"
    contacts: Rows
    visits: Rows
    relations: Rows
    orders: Rows
    others: Rows
    busy: "NDArray[np.float64]"


def number(day: date) -> int:
    """Days since 1970."""
    return int((np.datetime64(day, "D") - EPOCH).astype(int))


def contacts(warehouse: Warehouse, brand: str, category: str | None) -> Contacts:
    """Read what consumers met and bought of a brand; see `Contacts`."""
    own = own_channels(warehouse)
    people = warehouse.table("consumers").select("consumer_id")
    every = int(people.count().execute())
    parts = max(1, -(-every // MOST))
    events = warehouse.table("events")
    if parts > 1:
        people = people.filter(people.consumer_id % parts == 0)
        events = events.filter(events.consumer_id % parts == 0)
    ids = np.sort(people.execute().consumer_id.to_numpy(np.int64))
    mine = events.filter(events.brand == brand)
    media = mine.filter(mine.behaviour.isin(CONTACT) & mine.channel.notnull())
    media = media.filter(~media.channel.isin(own)) if own else media
    met = _daily(media, ["channel"])
    channels = tuple(sorted(met.channel.unique()))
    code = {c: n for n, c in enumerate(channels)}
    bought = mine.filter(mine.behaviour == "buy")
    orders = _daily(bought.mutate(order=bought.basket_id.fill_null("")), ["order", "channel"], bought.value_minor.sum())
    visits = _daily(
        mine.filter(mine.behaviour.isin(VISIT) & (mine.channel.isin(own) if own else mine.channel.isnull())), []
    )
    relation = mine.filter(mine.behaviour.isin(list(RELATION)))
    relations = _daily(relation, ["behaviour"])
    whole = events.filter(events.category == category) if category else mine
    others = _daily(whole.filter(whole.behaviour == "buy"), [])
    busy = whole.filter(whole.behaviour.isin(CONTACT)).group_by("consumer_id").agg(n=lambda t: t.count()).execute()
    days = met.day if len(met) else pd.Series([number(warehouse.first_day)])
    return Contacts(
        len(ids), len(ids) / max(every, 1), channels, int(days.min()), number(warehouse.last_day), ids,
        _rows(met, ids, met.channel.map(code)), _rows(visits, ids),
        _rows(relations.assign(n=relations.n * relations.behaviour.map(RELATION)), ids),
        _rows(orders, ids, orders.channel.map(code).fillna(-1)), _rows(others, ids),
        np.bincount(np.searchsorted(ids, busy.consumer_id), busy.n, len(ids)).astype(float),
    )  # fmt: skip


def _daily(table: "ir.Table", by: list[str], what: "ir.Value | None" = None) -> pd.DataFrame:
    """consumer_id, day (days since 1970), the columns `by`, n."""
    keyed = table.mutate(day=table.occurred_at.date())
    value = keyed.count() if what is None else keyed.value_minor.sum()
    frame = keyed.group_by("consumer_id", "day", *by).agg(n=value).execute()
    day = (pd.to_datetime(frame.day).to_numpy().astype("datetime64[D]") - EPOCH).astype(np.int64)
    return frame.assign(day=day).sort_values(["consumer_id", "day", *by], ignore_index=True)


def _rows(frame: pd.DataFrame, ids: "NDArray[np.int64]", what: "pd.Series | None" = None) -> Rows:
    kind = np.zeros(len(frame)) if what is None else what.to_numpy(float)
    return Rows(
        np.searchsorted(ids, frame.consumer_id.to_numpy(np.int64)), frame.day.to_numpy(np.int64), kind.astype(np.int64),
        frame.n.to_numpy(float),
    )  # fmt: skip
