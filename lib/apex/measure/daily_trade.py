"""Daily trade: what a brand and its category without it sold on each day."""

from datetime import date
from typing import TYPE_CHECKING

import ibis
import numpy as np
import pandas as pd

from apex.measure.market import in_category
from apex.measure.trade import ordered
from apex.warehouse import Warehouse

if TYPE_CHECKING:
    import ibis.expr.types as ir

MEASURES = ("gmv_minor", "orders", "buyers", "new_buyers")
AROUND = 28  # days around a festival that say what its days would have been
UNKNOWN = ""  # who sold what the data know as the category's only


def by_brand(warehouse: Warehouse, category: str, first: date, last: date) -> pd.DataFrame:
    """Each brand's sales in a category by day, from `first` to `last`: day, brand, gmv_minor, orders, buyers, new_buyers.

    Only days with sales have a row. new_buyers: who bought the brand in the category for the first time, as far as the data go
    back. The frame names other brands: it is to compute with, not to be shown.
    """
    bought = ordered(in_category(warehouse, category, warehouse.first_day, last))
    bought = bought.mutate(brand=bought.brand.fill_null(UNKNOWN))
    own = ibis.window(group_by=[bought.brand, bought.consumer_id])
    bought = bought.mutate(began=bought.bought_on.min().over(own))
    found: ir.Table = (
        bought.filter(bought.bought_on >= first)
        .group_by("brand", day="bought_on")
        .agg(
            gmv_minor=lambda t: t.value_minor.sum(), orders=lambda t: t.order_id.nunique(),
            buyers=lambda t: t.consumer_id.nunique(),
            new_buyers=lambda t: t.consumer_id.nunique(where=t.began == t.bought_on),
        )
    )  # fmt: skip
    frame = found.execute()
    frame["day"] = pd.to_datetime(frame.day).dt.date
    frame = frame.astype(dict.fromkeys(MEASURES, "int64")).sort_values(["day", "brand"], ignore_index=True)
    return frame[["day", "brand", *MEASURES]]


def of_brand(
    sold: pd.DataFrame, brand: str, first: date, last: date, festivals: pd.DataFrame | None = None
) -> pd.DataFrame:
    """One brand's days beside the others', without gaps: day, gmv_minor, orders, buyers, new_buyers, others (their orders).

    festivals: brand, first_day, last_day of others' own festivals. On those days a brand counts as around them, else a control in
    which many celebrate in one week would call that week a season.
    """
    days = pd.Index(pd.date_range(first, last, freq="D").date, name="day")
    mine = sold[sold.brand == brand].set_index("day")[list(MEASURES)].reindex(days, fill_value=0)
    rest = sold[sold.brand != brand].pivot(index="day", columns="brand", values="orders")
    rest = rest.reindex(days).fillna(0.0).astype(float)
    if festivals is not None:
        for row in festivals[festivals.brand.isin(rest.columns)].itertuples():
            rest.loc[(days >= row.first_day) & (days <= row.last_day), row.brand] = np.nan
        usual = rest.rolling(AROUND, center=True, min_periods=1).mean()
        rest = rest.fillna(usual).fillna(0.0)
    return mine.assign(others=rest.sum(axis=1)).reset_index()


def buyers_on(warehouse: Warehouse, brand: str, category: str, spans: pd.DataFrame) -> pd.DataFrame:
    """Distinct consumers who bought the brand in each span of `event, first_day, last_day`: event, buyers (int)."""
    if spans.empty:
        return pd.DataFrame({"event": pd.Series(dtype=str), "buyers": pd.Series(dtype="int64")})
    bought = in_category(warehouse, category, min(spans.first_day), max(spans.last_day))
    bought = bought.filter(bought.brand == brand).select("consumer_id", "bought_on")
    of = ibis.memtable(
        spans[["event", "first_day", "last_day"]], schema={"event": "string", "first_day": "date", "last_day": "date"}
    )
    found = bought.join(of, [bought.bought_on >= of.first_day, bought.bought_on <= of.last_day])
    counted = found.group_by("event").agg(buyers=found.consumer_id.nunique()).execute()
    whole = counted.set_index("event").buyers.reindex(spans.event, fill_value=0).astype("int64")
    return whole.rename_axis("event").reset_index()
