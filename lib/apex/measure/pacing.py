"""What came of a plan day by day: media delivered, consumers who rose, purchases. Counts only; days without anything are
zeros.
"""

from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from apex.ledger import Book
from apex.measure.trade import purchases
from apex.warehouse import Warehouse

if TYPE_CHECKING:
    import ibis.expr.types as ir

DELIVERED = ["day", "channel", "impressions", "cost_minor"]


def days(first: date, last: date) -> pd.Index:
    """All days from `first` to `last`, as dates."""
    return pd.Index(pd.date_range(first, last, freq="D").date, name="day")


def delivered(warehouse: Warehouse, brand: str, first: date, last: date) -> pd.DataFrame:
    """Media of the brand that ran: DELIVERED, a row a day and channel that had any. Empty without a table `spend`."""
    if not warehouse.has("spend"):
        return pd.DataFrame(columns=DELIVERED)
    spend = warehouse.table("spend")
    mine = spend.filter((spend.brand == brand) & (spend.day >= first) & (spend.day <= last))
    sums = mine.group_by("day", "channel").agg(impressions=mine.impressions.sum(), cost_minor=mine.cost_minor.sum())
    frame = sums.execute()
    frame["day"] = pd.to_datetime(frame.day).dt.date
    frame = frame[frame.impressions > 0].astype({"impressions": "int64", "cost_minor": "int64"})
    return frame[DELIVERED].sort_values(["day", "channel"], ignore_index=True)


def sold(warehouse: Warehouse, brand: str, first: date, last: date) -> pd.DataFrame:
    """Purchases by day, indexed by day: gmv_minor, orders, squares (sum of the squares of orders' values), zeros included."""
    bought = purchases(warehouse, brand, first, last)
    each = bought.group_by("order_id", day=bought.occurred_at.date()).agg(value=bought.value_minor.sum())
    by_day: ir.Table = each.group_by("day").agg(
        gmv_minor=each.value.sum(), orders=each.count(), squares=(each.value.cast("float64") ** 2).sum()
    )
    frame = by_day.execute()
    frame["day"] = pd.to_datetime(frame.day).dt.date
    filled = frame.set_index("day").reindex(days(first, last)).fillna(0)
    return filled.astype({"gmv_minor": "int64", "orders": "int64", "squares": float})


def market(warehouse: Warehouse, category: str | None, first: date, last: date) -> pd.Series:
    """What all brands of a category sold by day (minor units), zeros included: how much of a phase falls on which of its days."""
    index = days(first, last)
    if category is None:
        return pd.Series(0.0, index, dtype=float)
    items, events = warehouse.table("items"), warehouse.table("events")
    brands = items.filter(items.category == category).select("brand").distinct()
    bought = events.filter(
        (events.behaviour == "buy") & events.brand.isin(brands.brand)
        & (events.occurred_at >= first) & (events.occurred_at < last + timedelta(days=1))
    )  # fmt: skip
    frame = bought.group_by(day=bought.occurred_at.date()).agg(gmv=bought.value_minor.sum()).execute()
    frame["day"] = pd.to_datetime(frame.day).dt.date
    return frame.set_index("day").gmv.reindex(index).fillna(0).astype(float)


def risen(book: Book, brand: str, first: date, last: date) -> pd.DataFrame:
    """Consumers who rose to each stage by day: index day, a column a stage of the rules, zeros included."""
    rows = book.rows
    up = rows.filter(
        (rows.brand == brand) & (rows.day >= first) & (rows.day <= last) & (rows.to_stage > rows.from_stage)
    )
    frame = up.group_by("day", "to_stage").agg(consumers=up.count()).execute()
    frame["day"] = pd.to_datetime(frame.day).dt.date
    wide = frame.pivot(index="day", columns="to_stage", values="consumers")
    numbers = np.arange(1, len(book.rules.ids) + 1)
    wide = wide.reindex(index=days(first, last), columns=numbers).fillna(0).astype("int64")
    return wide.set_axis(list(book.rules.ids), axis=1)
