"""Trade: what a brand sold, to how many, in which window."""

from datetime import date, timedelta
from typing import NamedTuple

from apex.warehouse import Warehouse


class Sales(NamedTuple):
    """GMV as paid in minor units, distinct buyers, orders (a basket, else a consumer's day)."""

    gmv_minor: int
    buyers: int
    orders: int


def sales(warehouse: Warehouse, brand: str, first: date, last: date) -> Sales:
    """GMV, buyers and orders of a brand from `first` to `last`, both days included; refunds are not taken off."""
    events = warehouse.table("events")
    bought = events.filter(
        (events.brand == brand)
        & (events.behaviour == "buy")
        & (events.occurred_at >= first)
        & (events.occurred_at < last + timedelta(days=1))
    )
    day = bought.occurred_at.date().cast("string")
    order = bought.basket_id.fill_null(bought.consumer_id.cast("string") + " " + day)
    found = bought.agg(
        gmv=bought.value_minor.sum().fill_null(0), buyers=bought.consumer_id.nunique(), orders=order.nunique()
    ).execute()
    return Sales(int(found.gmv[0]), int(found.buyers[0]), int(found.orders[0]))
