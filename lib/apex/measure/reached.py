"""What windows reached of what can be a campaign's goal: GMV, new consumers, annual active consumers, joins.

The measures are those that `apex.measure.same_days` forecasts: a new consumer bought in the window and not within a year before
it, an active one bought within the year that ends with it.
"""

from collections.abc import Mapping
from datetime import date, timedelta

import ibis
import pandas as pd

from apex.measure.same_days import MEASURES, YEAR, earlier
from apex.measure.windows import Window
from apex.warehouse import Warehouse


def windows(warehouse: Warehouse, window: Window) -> dict[str, Window]:
    """The window as `window`, the equal one just before it (`before`) and the same dates a year earlier (`year`), where the data
    hold them whole.
    """  # fmt: skip
    first, last = window
    days = (last - first).days + 1
    found = {"before": (first - timedelta(days=days), first - timedelta(days=1)),
             "year": (earlier(first, 1), earlier(last, 1))}  # fmt: skip
    return {"window": window} | {n: w for n, w in found.items() if w[0] >= warehouse.first_day}


def reached(warehouse: Warehouse, brand: str, asked: Mapping[str, Window]) -> pd.DataFrame:
    """Every measure in each window: period, measure (MEASURES; joins only where the data know joining), value, buyers (int).

    buyers: of the window, behind its GMV; for the other measures their own count.
    """
    on = ibis.memtable(
        pd.DataFrame([(n, *days) for n, days in asked.items()], columns=["period", "first", "last"]),
        schema={"period": "string", "first": "date", "last": "date"},
    )
    events = warehouse.table("events")
    mine = events.filter((events.brand == brand) & events.behaviour.isin(["buy", "join"]))
    daily = mine.group_by("consumer_id", "behaviour", day=mine.occurred_at.date()).agg(paid=mine.value_minor.sum())
    span = ibis.interval(days=YEAR)
    each = daily.join(on, [daily.day <= on["last"], daily.day >= on["first"] - span])
    inside, bought = each.day >= each["first"], each.behaviour == "buy"
    people = each.group_by("period", "consumer_id").agg(
        paid=each.paid.sum(where=inside & bought).fill_null(0),
        came=(inside & bought).any(),
        known=(~inside & bought).any(),
        active=(bought & (each.day > each["last"] - span)).any(),
        joined=(inside & ~bought).any(),
    )
    sums = people.group_by("period").agg(
        gmv_minor=people.paid.sum(),
        buyers=people.came.sum(),
        new_consumers=(people.came & ~people.known).sum(),
        aac=people.active.sum(),
        joins=people.joined.sum(),
    )
    found = sums.execute().set_index("period").reindex(list(asked)).fillna(0).astype("int64")
    measures = [m for m in MEASURES if m != "joins" or _joining(warehouse)]
    rows = [(p, m, found[m][p], found["buyers" if m == "gmv_minor" else m][p]) for p in asked for m in measures]
    return pd.DataFrame(rows, columns=["period", "measure", "value", "buyers"])


def full_from(day: date, warehouse: Warehouse) -> bool:
    """Whether the data reach a year back from a day: before that who is new, and who active, is not fully known."""
    return warehouse.first_day <= day - timedelta(days=YEAR)


def _joining(warehouse: Warehouse) -> bool:
    events = warehouse.table("events")
    return bool(events.filter(events.behaviour == "join").limit(1).count().execute())
