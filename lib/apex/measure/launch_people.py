"""Who bought earlier launches in their first days, by crowds known on the eve; and what those launches brought in people.

A crowd here is a stage toward the launching brand on the eve, a habit in its category, or a value of a trait. Crowds overlap.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import ibis
import pandas as pd

from apex.ledger import Book
from apex.measure.assets import NONE
from apex.measure.people import Division
from apex.warehouse import Warehouse

if TYPE_CHECKING:
    import ibis.expr.types as ir

EARLY = 28  # days of a launch in which who buys buys early
RECENT, YEAR = 90, 365
REPEAT = 60  # days within which a buyer of the first EARLY days should buy the item again
FIRST, STAGE, TRAIT = "first", "stage", "trait"  # kinds of crowds
FIRST_BUYERS, BUYERS, OTHERS = "first-buyers", "category-buyers", "others-buyers"
NOW = ""  # in place of a launch's id: the one that is planned
TRIED = {"item_id": "string", "brand": "string", "category": "string", "launched": "date"}


def crowds(
    book: Book, tried: pd.DataFrame, every: pd.DataFrame, divided: Division, brand: str, category: str, day: date
) -> pd.DataFrame:
    """People of each crowd on the eve of launches, and how many of them bought the item in its first EARLY days.

    tried, every: item_id, brand, category, launched (date) of the launches to count, and of all launches of the market.
    divided: a trait whose values are crowds (by "": none). Returns item_id, crowd, kind, stage, people, early: launches as
    they are (stage ""), and for NOW, the brand in its category on `day`, people of each stage without early ones; the crowd
    "" is everybody. Crowds without people are left out.
    """
    now = pd.DataFrame([(NOW, brand, category, day + timedelta(days=1))], columns=list(TRIED))
    asked = pd.concat([tried[list(TRIED)], now], ignore_index=True)
    on = ibis.memtable(asked, schema=TRIED).mutate(eve=lambda t: t.launched - ibis.interval(days=1))
    counted = _cells(book, on, every, divided, day).execute()
    names = dict(enumerate(book.rules.ids, 1))
    counted["stage"] = counted.number.fillna(0).astype(int).map(names).fillna(NONE)
    frames = [_of(counted, pd.Series("", counted.index), "")]
    frames.append(_of(counted[counted.stage != NONE], counted.stage, STAGE))
    for name, there in (
        (FIRST_BUYERS, counted.adopter), (BUYERS, counted.recent), (OTHERS, counted.recent & ~counted.ours),
    ):  # fmt: skip
        frames.append(_of(counted[there], pd.Series(name, counted.index), FIRST))
    if divided.by:
        taken = {*book.rules.ids, FIRST_BUYERS, BUYERS, OTHERS, ""}
        cell = counted.cell.map(lambda c: f"{c} ({divided.by})" if c in taken else c)
        frames.append(_of(counted[counted.cell.notna()], cell, TRAIT))
    return pd.concat(frames, ignore_index=True)


def _of(counted: pd.DataFrame, crowd: pd.Series, kind: str) -> pd.DataFrame:
    made = counted.assign(crowd=crowd.reindex(counted.index), kind=kind)
    made["stage"] = made.stage.where(made.item_id == NOW, "")
    found = made.groupby(["item_id", "crowd", "kind", "stage"], sort=True)[["people", "early"]].sum().reset_index()
    return found.astype({"people": "int64", "early": "int64"})


def _cells(book: Book, on: "ir.Table", every: pd.DataFrame, divided: Division, day: date) -> "ir.Table":
    """People by launch, stage number, habits and cell, and early ones."""
    warehouse = book.warehouse
    rows = book.rows.select("brand", "consumer_id", "day", "to_stage").join(on, "brand")
    rows = rows.filter(rows.day <= rows.eve)
    stood = rows.group_by("item_id", "consumer_id").agg(number=rows.to_stage.argmax(rows.day))
    events, shelf = warehouse.table("events"), warehouse.table("items")
    bought = events.filter((events.behaviour == "buy") & (events.occurred_at < day + timedelta(days=1)))
    bought = bought.select("consumer_id", "item_id", day=bought.occurred_at.date())
    bought = bought.join(shelf.select("item_id", "brand", category=shelf.category.fill_null("")), "item_id")
    known = ibis.memtable(every[list(TRIED)], schema=TRIED).select("item_id", begun="launched")
    bought = bought.left_join(known, "item_id").drop("item_id_right")
    bought = bought.mutate(fresh=(bought.day.delta(bought.begun, unit="day") < EARLY).fill_null(False))
    wanted = on.select("category", "eve", "launched", launch="item_id", launcher="brand")
    pairs = bought.join(wanted, "category")
    ago = pairs.eve.delta(pairs.day, unit="day")
    habits = pairs.group_by(item_id=pairs.launch, consumer_id=pairs.consumer_id).agg(
        recent=((ago >= 0) & (ago < RECENT)).any(),
        ours=((ago >= 0) & (ago < YEAR) & (pairs.brand == pairs.launcher)).any(),
        adopter=((ago >= 0) & (ago < YEAR) & pairs.fresh).any(),
        early=((pairs.item_id == pairs.launch) & (ago < 0) & (ago >= -EARLY)).any(),
    )
    people = warehouse.table("consumers")
    cell: Any = people[divided.by].cast("string") if divided.by else ibis.null("string")
    whole = people.select("consumer_id", cell=cell).cross_join(on.select("item_id"))
    found = whole.left_join(stood, ["item_id", "consumer_id"]).select("item_id", "consumer_id", "cell", "number")
    found = found.left_join(habits, ["item_id", "consumer_id"]).drop("item_id_right", "consumer_id_right")
    marks = ("recent", "ours", "adopter", "early")
    found = found.mutate(**{name: found[name].fill_null(False) for name in marks})
    return found.group_by("item_id", "number", "cell", "recent", "ours", "adopter").agg(
        people=found.count(), early=found.early.sum()
    )


def kpis(warehouse: Warehouse, tried: pd.DataFrame, day: date) -> pd.DataFrame:
    """What launches brought in people: item_id, buyers (of the first EARLY days), new (of them, whose first purchase of the
    brand it was), judged (of the buyers, those whose REPEAT days are over by `day`), again (of them, who bought the item
    again on a later day within), out_days (of its first 90 days, those without goods; null where the warehouse does not
    know goods in stock), known_days (of them that are over and counted).
    """
    events = warehouse.table("events")
    bought = events.filter((events.behaviour == "buy") & (events.occurred_at < day + timedelta(days=1)))
    on = ibis.memtable(tried[list(TRIED)], schema=TRIED)
    debut = bought.group_by("brand", "consumer_id").agg(debut=bought.occurred_at.min().date())
    lines = bought.select("item_id", "consumer_id", day=bought.occurred_at.date()).join(on, "item_id")
    lines = lines.filter(lines.day >= lines.launched)
    first = lines.group_by("item_id", "brand", "launched", "consumer_id").agg(first=lines.day.min())
    first = first.filter(first["first"].delta(first.launched, unit="day") < EARLY)
    later = lines.join(first.select("item_id", "consumer_id", "first"), ["item_id", "consumer_id"])
    since = later.day.delta(later["first"], unit="day")
    again = later.filter((since > 0) & (since <= REPEAT)).select("item_id", "consumer_id").distinct().mutate(again=True)
    each = first.left_join(again, ["item_id", "consumer_id"]).drop("item_id_right", "consumer_id_right")
    each = each.left_join(debut, ["brand", "consumer_id"])
    over = ibis.literal(day).delta(each["first"], unit="day") >= REPEAT
    found = each.group_by("item_id").agg(
        buyers=each.count(), new=(each["first"] == each.debut).sum(), judged=over.sum(),
        again=(over & each.again.fill_null(False)).sum(),
    )  # fmt: skip
    counted = found.execute().set_index("item_id").reindex(tried.item_id, fill_value=0).astype("int64")
    return counted.join(_without(warehouse, on)).reset_index()


def _without(warehouse: Warehouse, on: "ir.Table") -> pd.DataFrame:
    if not warehouse.has("on_hand"):
        return pd.DataFrame(columns=["out_days", "known_days"], dtype="Int64")
    stock = warehouse.table("on_hand").join(on, "item_id")
    age = stock.day.delta(stock.launched, unit="day")
    stock = stock.filter((age >= 0) & (age < 90))
    found = stock.group_by("item_id").agg(out_days=(stock.units <= 0).sum(), known_days=stock.count())
    return found.execute().set_index("item_id").astype("Int64")


def buyers(warehouse: Warehouse, item_id: str) -> int:
    """Distinct buyers of an item so far."""
    events = warehouse.table("events")
    bought = events.filter((events.behaviour == "buy") & (events.item_id == item_id))
    return int(bought.consumer_id.nunique().execute())


def on_hand(warehouse: Warehouse, item_id: str, day: date) -> int | None:
    """Units of an item last counted by `day`; None where the warehouse does not know."""
    if not warehouse.has("on_hand"):
        return None
    stock = warehouse.table("on_hand")
    stock = stock.filter((stock.item_id == item_id) & (stock.day <= day))
    found = stock.agg(units=stock.units.argmax(stock.day)).execute().units.iloc[0]
    return None if pd.isna(found) else int(found)


def tries(warehouse: Warehouse, brand: str, category: str, day: date, days: int = RECENT) -> dict[str, int]:
    """viewers, carters (of them): consumers who looked at the brand's items of a category in the last days; 0 where unknown."""
    events, shelf = warehouse.table("events"), warehouse.table("items")
    ours = shelf.filter((shelf.brand == brand) & (shelf.category.fill_null("") == category)).select("item_id")
    near = events.filter(
        events.behaviour.isin(["view", "cart"])
        & (events.occurred_at < day + timedelta(days=1))
        & (events.occurred_at >= day - timedelta(days=days - 1))
    ).join(ours, "item_id")
    each = near.group_by("consumer_id").agg(saw=(near.behaviour == "view").any(), put=(near.behaviour == "cart").any())
    found = each.agg(viewers=each.saw.sum(), carters=(each.saw & each.put).sum()).execute().fillna(0).iloc[0]
    return {name: int(found[name]) for name in ("viewers", "carters")}


def traits(warehouse: Warehouse, wanted: Sequence[str]) -> Division:
    """The first wanted trait that the data know of anybody, as a division; none: by ""."""
    people = warehouse.table("consumers")
    for name in wanted:
        if name in people.columns and int(people[name].count().execute()):
            return Division(name, (), ())
    return Division("", (), ())
