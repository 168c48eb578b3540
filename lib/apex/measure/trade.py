"""Trade: what a brand sold, to how many, in which window, and to whom it was new."""

from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from apex.warehouse import Warehouse

if TYPE_CHECKING:
    import ibis.expr.types as ir

SEGMENTS = ("all", "new", "old")


class Sales(NamedTuple):
    """GMV as paid in minor units, distinct buyers, orders (a basket, else a consumer's day)."""

    gmv_minor: int
    buyers: int
    orders: int


def sales(warehouse: Warehouse, brand: str, first: date, last: date) -> Sales:
    """GMV, buyers and orders of a brand from `first` to `last`, both days included; refunds are not taken off."""
    bought = purchases(warehouse, brand, first, last)
    found = bought.agg(
        gmv=bought.value_minor.sum().fill_null(0), buyers=bought.consumer_id.nunique(), orders=bought.order_id.nunique()
    ).execute()
    return Sales(int(found.gmv[0]), int(found.buyers[0]), int(found.orders[0]))


def by_history(warehouse: Warehouse, brand: str, first: date, last: date) -> pd.DataFrame:
    """Sales by whom the brand was new to: `old` bought it before `first`, as far as the data go back; `new` did not.

    Returns segment (all, new, old), gmv_minor, buyers, orders: three rows, zeros included; new and old add up to all.
    """
    bought = purchases(warehouse, brand, first, last)
    before = purchases(warehouse, brand, warehouse.first_day, first - timedelta(days=1)).consumer_id
    split = bought.mutate(segment=bought.consumer_id.isin(before).ifelse("old", "new"))
    found = (
        split.group_by("segment")
        .agg(gmv_minor=split.value_minor.sum(), buyers=split.consumer_id.nunique(), orders=split.order_id.nunique())
        .execute()
        .set_index("segment")
        .reindex(["new", "old"], fill_value=0)
    )
    found.loc["all"] = found.sum()
    return found.loc[list(SEGMENTS)].astype("int64").reset_index()


def purchases(warehouse: Warehouse, brand: str, first: date, last: date) -> "ir.Table":
    """A brand's purchase lines from `first` to `last`, both included, with their order_id (a basket, else a consumer's day)."""
    events = warehouse.table("events")
    bought = events.filter(
        (events.brand == brand)
        & (events.behaviour == "buy")
        & (events.occurred_at >= first)
        & (events.occurred_at < last + timedelta(days=1))
    )
    return ordered(bought)


def ordered(bought: "ir.Table") -> "ir.Table":
    """Purchase lines of one brand, or of a market, with their order_id: a basket, else a consumer's day."""
    days_order = bought.consumer_id.cast("string") + " " + bought.occurred_at.date().cast("string")
    return bought.mutate(order_id=bought.basket_id.fill_null(days_order))


def periods(warehouse: Warehouse, brand: str, windows: "dict[str, tuple[date, date]]") -> pd.DataFrame:
    """`by_history` of several named windows: period, segment, gmv_minor, buyers, orders."""
    frames = [by_history(warehouse, brand, *days).assign(period=name) for name, days in windows.items()]
    order = ["period", "segment", "gmv_minor", "buyers", "orders"]
    both = pd.concat(frames, ignore_index=True)[order]
    both["period"] = pd.Categorical(both.period, list(windows), ordered=True)
    both["segment"] = pd.Categorical(both.segment, SEGMENTS, ordered=True)
    return both


def versus(sold: pd.DataFrame, now: str, before: str) -> pd.DataFrame:
    """Two periods of the frame of `periods` beside each other: measure, segment, actual, comparison."""
    long = sold.melt(["period", "segment"], ["gmv_minor", "buyers", "orders"], "measure", "value")
    wide = long.pivot(index=["measure", "segment"], columns="period", values="value")[[now, before]]
    wide.columns = pd.Index(["actual", "comparison"])
    return wide.astype("Int64").reset_index()
