"""What consumers did that may foretell a purchase, in spells of fifteen days, at each brand of a category; and what they bought.

The definitions' eight behaviours as far as the data record them: item view, dwell of 30 s, content (engaged with, or
watched on one's own way: what bought media showed is delivery, and counted as intent it would make buyers of media wanted),
brand search, shop visit (a view without an item), favourite, cart, follow or join. One pass of the engine, a row a consumer,
brand and spell; a second one
for what people did after a brand's media first met them. Nothing is estimated here.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa

from apex.measure.touches import own_channels
from apex.measure.trial import CONTROLS
from apex.warehouse import Warehouse

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from numpy.typing import NDArray

BEHAVIOURS = ("view", "dwell", "content", "search", "shop", "favourite", "cart", "follow")
DWELL = 30  # seconds
SPELL = 15  # days in which a behaviour counts
AHEAD = 2  # spells after one in which a purchase counts: 30 days
YEAR = 24  # spells before one in which a purchase makes a buyer an old one: 360 days
MOST, BRANDS = 50_000, 40  # consumers (else a part, by the hash that their keys are), brands (those with most buyers)
BOUGHT = 1 << len(BEHAVIOURS)
CONTACT = ("expose", "watch", "click")
TRAITS = ("strategic_crowd", "age_band", "income_band")  # the first that the data know stands for the crowd


@dataclass(frozen=True)
class Spells:
    """did: (S, U, G) bits of BEHAVIOURS that a consumer did at a brand in a spell; buys: (Y + S, U, G) whether he bought, Y older
    spells first. days: (S,) the last day of each spell, oldest first; at: the number of the one that ends on the day asked for.
    after: (U, G) bits of what was done since that day, in whole spells or not.
    """

    ids: "NDArray[np.int64]"
    brands: tuple[str, ...]
    own: int
    days: tuple[date, ...]
    at: int
    did: "NDArray[np.uint8]"
    buys: "NDArray[np.bool_]"
    after: "NDArray[np.uint8]"

    @cached_property
    def seen(self) -> "NDArray[np.bool_]":
        """(K,) whether a behaviour stands in these days at all."""
        every = np.bitwise_or.reduce(self.did, axis=None) if self.did.size else 0
        return (int(every) >> np.arange(len(BEHAVIOURS))) & 1 == 1

    @property
    def others(self) -> list[int]:
        """The other brands' numbers."""
        return [n for n in range(len(self.brands)) if n != self.own]

    def bought(self, spell: int) -> "NDArray[np.bool_]":
        """(U, G) whether a consumer bought in the spell."""
        return self.buys[spell + YEAR]

    def later(self, spell: int) -> "NDArray[np.bool_]":
        """(U, G) whether a consumer bought in the AHEAD spells after it."""
        return np.asarray(self.buys[spell + YEAR + 1 : spell + YEAR + 1 + AHEAD].any(axis=0))

    def known(self, spell: int) -> bool:
        """Whether all of those days have passed."""
        return spell >= 0 and spell + AHEAD < len(self.days)

    def old(self, spell: int) -> "NDArray[np.bool_]":
        """(U, G) whether a consumer bought in the YEAR spells before it."""
        return np.asarray(self.buys[spell : spell + YEAR].any(axis=0))


def bits(did: "NDArray[np.integer]") -> "NDArray[np.float64]":
    """(…, K) 0 or 1 for each behaviour."""
    return ((did[..., None] >> np.arange(len(BEHAVIOURS))) & 1).astype(float)


def spells(warehouse: Warehouse, brand: str, category: str, day: date, wanted: int,
           exclude: Collection[str] = ()) -> Spells:  # fmt: skip
    """Spells that end on `day`, up to `wanted` of them as far as the data reach, and whole ones after it as far as may be seen.

    exclude: brands that stand for nobody beside us. Without spells (`days` is empty) the data begin too late.
    """
    before = max(0, min(wanted, ((day - warehouse.first_day).days + 1) // SPELL))
    after = max(0, (warehouse.last_day - day).days // SPELL) if before else 0
    start = day - timedelta(days=SPELL * before - 1)
    days = tuple(start + timedelta(days=SPELL * (n + 1) - 1) for n in range(before + after))
    ids, events = _part(warehouse)
    events = events.filter(
        (events.category == category) & (events.occurred_at < warehouse.last_day + timedelta(days=1))
    )
    first = start - timedelta(days=SPELL * YEAR)
    events = events.filter(events.occurred_at >= first)
    brands = _brands(events, brand, day, exclude)
    events = events.filter(events.brand.isin(list(brands)))
    events = events.filter((events.occurred_at >= start) | (events.behaviour == "buy"))
    code = _code(events, own_channels(warehouse))
    keyed = events.mutate(code=code, spell=events.occurred_at.date().delta(ibis.literal(first), unit="day") // SPELL)
    keyed = keyed.filter(keyed.code > 0)
    found = keyed.group_by("consumer_id", "brand", "spell").agg(code=keyed.code.bit_or()).to_pyarrow()
    shape = (len(days) + YEAR, len(ids), len(brands))
    filed = np.zeros(shape, np.uint16)
    at = found["spell"].to_numpy().astype(int)
    who, which = _place(ids, found["consumer_id"]), _numbers(found["brand"], brands)
    told = found["code"].to_numpy().astype(np.uint16)
    fits, since = (at < shape[0]) & (who >= 0), (at >= YEAR + before) & (who >= 0)
    filed[at[fits], who[fits], which[fits]] = told[fits]
    rest = np.zeros(shape[1:], np.uint16)
    np.bitwise_or.at(rest, (who[since], which[since]), told[since])
    did = (filed[YEAR:] & (BOUGHT - 1)).astype(np.uint8)
    after_day = (rest & (BOUGHT - 1)).astype(np.uint8)
    return Spells(ids, brands, brands.index(brand), days, before - 1, did, (filed & BOUGHT) > 0, after_day)


def met(warehouse: Warehouse, brand: str, category: str, brands: "tuple[str, ...]", first: date,
        last: date) -> pd.DataFrame:  # fmt: skip
    """A row a consumer and brand whom the brand's media met from `first` to `last`, if SPELL days have passed since.

    consumer_id, brand, channel, creative_id (of the first contact; null: not known), did (bits of BEHAVIOURS within SPELL days
    after it), old (bought of `brand` within a year before it; false for other brands), crowd (a trait of TRAITS; "?" unknown).
    """
    last = min(last, warehouse.last_day - timedelta(days=SPELL - 1))
    own = own_channels(warehouse)
    ids, events = _part(warehouse)
    events = events.filter((events.category == category) & events.brand.isin(list(brands)))
    media = events.channel.notnull() & ~events.channel.isin(own) if own else events.channel.notnull()
    inside = (events.occurred_at >= first) & (events.occurred_at < last + timedelta(days=1))
    contact = events.filter(events.behaviour.isin(CONTACT) & media & inside)
    turn = ibis.row_number().over(
        group_by=[contact.consumer_id, contact.brand], order_by=[contact.occurred_at, contact.seq]
    )
    start = contact.mutate(turn=turn).filter(lambda t: t.turn == 0)
    start = start.select("consumer_id", "brand", "channel", "creative_id", since=start.occurred_at)
    start = ibis.memtable(start.to_pyarrow())
    near = events.filter(
        (events.occurred_at >= first - timedelta(days=365)) & (events.occurred_at < last + timedelta(days=SPELL))
    )
    near = near.mutate(code=_code(near, own)).filter(lambda t: t.code > 0)
    near = near.select(who="consumer_id", of="brand", at="occurred_at", code="code")
    on = [start.consumer_id == near.who, start.brand == near.of]
    both = start.join(near, on)
    after = (both.at > both.since) & (both.at.date() < both.since.date() + ibis.interval(days=SPELL))
    before = (both.at < both.since) & (both.code >= BOUGHT) & (both.brand == brand)
    found = both.group_by("consumer_id", "brand").agg(
        code=both.code.bit_or(where=after).fill_null(0), old=before.any().fill_null(False)
    )
    people = warehouse.table("consumers")
    trait = next((t for t in TRAITS if t in people.columns), None)
    frame = start.drop("since").execute().merge(found.execute(), on=["consumer_id", "brand"], how="left")
    frame["did"] = (frame.pop("code").fillna(0).astype(int) & (BOUGHT - 1)).astype(np.uint8)
    frame["old"] = frame.old.fillna(False).astype(bool)
    crowd = (
        people.select("consumer_id", crowd=people[trait]).execute().set_index("consumer_id").crowd if trait else None
    )
    told = frame.consumer_id.map(crowd) if crowd is not None else pd.Series(None, frame.index, dtype=object)
    frame["crowd"] = told.astype(object).where(told.notna(), "?")
    frame = frame[frame.consumer_id.isin(ids)]
    return frame.sort_values(["brand", "consumer_id"], ignore_index=True)


def arms(warehouse: Warehouse, name: "str | None") -> pd.DataFrame:
    """The campaign's list: consumer_id, arm, propensity (of the arm), held (bool: left alone on purpose), by consumer."""
    columns = ["consumer_id", "arm", "propensity"]
    if not name or not warehouse.has("assignments"):
        return pd.DataFrame(columns=[*columns, "held"])
    table = warehouse.table("assignments")
    rows = table.filter((table.experiment_id == name) & table.consumer_id.notnull())
    frame = rows.select(*columns).distinct().execute()
    frame = frame[~frame.consumer_id.duplicated(keep=False)]
    return frame.assign(held=frame.arm.isin(CONTROLS)).sort_values("consumer_id", ignore_index=True)


def _part(warehouse: Warehouse) -> "tuple[NDArray[np.int64], ir.Table]":
    """Consumers that are read, in order, and their events with a brand."""
    people, events = warehouse.table("consumers").select("consumer_id"), warehouse.table("events")
    parts = max(1, -(-int(people.count().execute()) // MOST))
    if parts > 1:
        people, events = people.filter(people.consumer_id % parts == 0), events.filter(events.consumer_id % parts == 0)
    return np.sort(people.to_pyarrow()["consumer_id"].to_numpy()).astype(np.int64), events.filter(
        events.brand.notnull()
    )


def _code(events: "ir.Table", own: "list[str]") -> "ir.IntegerValue":
    """Bits of BEHAVIOURS, and BOUGHT; own: channels by which consumers come of themselves."""
    kind = events.behaviour
    alone = events.channel.isnull() | events.channel.isin(own) if own else events.channel.isnull()
    view = kind == "view"
    true = [
        view & events.item_id.notnull(), view & (events.duration_s >= DWELL).fill_null(False),
        (kind == "engage") | ((kind == "watch") & alone),
        kind == "search_brand", view & events.item_id.isnull(), kind == "favourite", kind == "cart",
        kind.isin(["follow", "join"]), kind == "buy",
    ]  # fmt: skip
    code = ibis.literal(0, "int32")
    for n, so in enumerate(true):
        code = code + ibis.ifelse(so, 1 << n, 0).cast("int32")
    return code


def _brands(events: "ir.Table", brand: str, day: date, exclude: Collection[str]) -> tuple[str, ...]:
    bought = events.filter((events.behaviour == "buy") & (events.occurred_at < day + timedelta(days=1)))
    buyers = bought.group_by("brand").agg(buyers=bought.consumer_id.nunique()).execute()
    buyers = buyers[(buyers.brand != brand) & ~buyers.brand.isin(list(exclude))]
    most = buyers.sort_values(["buyers", "brand"], ascending=[False, True]).brand[: BRANDS - 1]
    return tuple(sorted([brand, *most]))


def _place(ids: "NDArray[np.int64]", column: pa.ChunkedArray) -> "NDArray[np.int64]":
    """Each consumer's number among `ids`; −1 of one who is not there."""
    asked = column.to_numpy().astype(np.int64)
    if not len(ids):
        return np.full(len(asked), -1)
    at = np.searchsorted(ids, asked).clip(max=len(ids) - 1)
    return np.where(ids[at] == asked, at, -1)


def _numbers(column: pa.ChunkedArray, brands: "tuple[str, ...]") -> "NDArray[np.int64]":
    of = {b: n for n, b in enumerate(brands)}
    return np.array([of[b] for b in column.to_pylist()], np.int64)
