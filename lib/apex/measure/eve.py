"""What is known of every consumer on the eve of something: one row a consumer, nothing later than the day.

What a consumer did with the brand, in its category and in the whole market, lately and over a year, and how long ago last.
Numbers are counts of events, minor units and days; a model takes their logarithms. `OWN` marks what only buyers of the brand
have: who is like a buyer must not be found by having bought.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import ibis
import numpy as np
import pandas as pd

from apex.ledger import Book
from apex.measure.moves import CONTACT, PASSIVE
from apex.measure.touches import own_channels

if TYPE_CHECKING:
    from numpy.typing import NDArray

YEAR, QUARTER, MONTH = 365, 90, 28
NEVER = YEAR + 1  # days since what did not happen within the year
OWN = ("orders", "spent", "since_order")
AFTER = ("buy", "refund", "redeem", "tier", "review", "leave", "unfollow", "join")  # follow a purchase, or are one
FLAGS = ("act", "met", "carts", "orders", "near", "rivals", "other", "off")  # what an event is to the brand
COUNTS = (
    ("acts", "act", ""), ("acts_90", "act", "_90"), ("acts_28", "act", "_28"), ("carts_90", "carts", "_90"),
    ("met_90", "met", "_90"), ("met_28", "met", "_28"), ("orders", "orders", ""), ("near", "near", ""),
    ("near_90", "near", "_90"), ("near_28", "near", "_28"), ("rivals", "rivals", ""), ("buys", "other", ""),
    ("buys_90", "other", "_90"),
)  # fmt: skip
MONEY = {"orders": "spent", "rivals": "spent_near", "other": "spent_all"}
LAST = {"act": "since_act", "met": "since_met", "orders": "since_order", "near": "since_near", "other": "since_buy"}
event: Any = ibis._


def known(book: Book, brand: str, category: str | None, days: Sequence[date]) -> list[pd.DataFrame]:
    """For each of `days` what is known at its end: consumer_id and floats, everybody of the warehouse, by consumer_id.

    Of the brand: acts, acts_90, acts_28 (own doing but buying), carts_90, met_90, met_28 (contacts by media), since_act,
    since_met; orders, spent, since_order (OWN). Of the category, other brands: near, near_90, near_28 (any event), rivals (buys),
    spent_near, since_near. Of the market, other brands: buys, buys_90, spent_all, bargains (share of buys at a discount),
    since_buy. Windows of a year unless a number of days is said. Events are read once, whatever the days.
    """
    warehouse = book.warehouse.until(max(days))
    events, own = warehouse.table("events"), own_channels(warehouse)
    of = event.brand == brand
    elsewhere = (event.brand != brand) | event.brand.isnull()
    near, buy = elsewhere & (event.category == ibis.literal(category, "string")), event.behaviour == "buy"
    paid = event.channel.notnull() & (event.channel.notin(own) if own else ibis.literal(True))
    seen = events.filter(event.occurred_at >= min(days) - timedelta(days=YEAR - 1)).filter(of | near | buy)
    seen = seen.select(
        "consumer_id", "occurred_at", "value_minor", near=near, rivals=near & buy, orders=of & buy, other=elsewhere & buy,
        act=of & event.behaviour.notin([*PASSIVE, *AFTER]), met=of & paid & event.behaviour.isin(CONTACT),
        carts=of & event.behaviour.isin(["cart", "favourite", "reserve"]),
        off=elsewhere & buy & (event.discount_minor.fill_null(0) > 0),
    )  # fmt: skip
    entries = sorted(
        {first for day in days for first in _windows(day).values()} | {d + timedelta(days=1) for d in days}
    )
    span = sum(((seen.occurred_at >= at).cast("int8") for at in entries), ibis.literal(0, "int8"))
    flags = {n: seen[n] for n in FLAGS}
    made = seen.group_by("consumer_id", span=span).agg(
        **{n: event.count(where=w) for n, w in flags.items()},
        **{f"{n}_minor": event.value_minor.sum(where=flags[n]) for n in MONEY},
        **{f"{n}_at": event.occurred_at.max(where=flags[n]) for n in LAST},
    )  # fmt: skip
    found = made.execute()
    people = np.sort(warehouse.table("consumers").consumer_id.execute().to_numpy())
    at = np.searchsorted(people, found.consumer_id.to_numpy()), found.span.to_numpy()
    shape = len(people), len(entries) + 1

    def laid(column: str) -> "NDArray[np.float64]":
        """consumers × spans; days since 1970 for when."""
        values = found[column]
        if column.endswith("_at"):
            values = pd.to_datetime(values).dt.normalize().astype("datetime64[s]").astype("int64") // 86_400
            values = values.where(found[column].notna(), 0)
        out = np.zeros(shape)
        out[at] = values.fillna(0).to_numpy(float)
        return out

    arrays = {c: laid(c) for c in found.columns[2:]}
    return [_whole(people, arrays, entries, day) for day in days]


def _windows(day: date) -> dict[str, date]:
    """First day of each window that ends on a day, by the ending of what is counted in it."""
    return {name: day - timedelta(days=n - 1) for name, n in (("", YEAR), ("_90", QUARTER), ("_28", MONTH))}


def _whole(
    people: "NDArray[np.int64]", arrays: "dict[str, NDArray[np.float64]]", entries: list[date], day: date
) -> pd.DataFrame:
    """What is known at the end of one day, from spans of days."""
    end, windows = entries.index(day + timedelta(days=1)) + 1, _windows(day)

    def inside(column: str, window: str = "") -> "NDArray[np.float64]":
        return arrays[column][:, entries.index(windows[window]) + 1 : end]

    made = {"consumer_id": people}
    for name, what, window in COUNTS:
        made[name] = inside(what, window).sum(1)
    for name, what in MONEY.items():
        made[what] = inside(f"{name}_minor").sum(1)
    today = (day - date(1970, 1, 1)).days
    for name, what in LAST.items():
        when = inside(f"{name}_at").max(1)
        made[what] = np.where(when > 0, today - when, NEVER)
    off = inside("off").sum(1)
    made["bargains"] = np.divide(off, made["buys"], out=np.zeros(len(people)), where=made["buys"] > 0)
    return pd.DataFrame(made)


def design(frame: pd.DataFrame, without: Sequence[str] = ()) -> "NDArray[np.float64]":
    """The columns as a model takes them: logarithms (1 + x), consumer_id and `without` left out; rows × features."""
    return np.log1p(frame.drop(columns=["consumer_id", *without]).to_numpy(float).clip(min=0))
