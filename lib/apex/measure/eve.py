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
event: Any = ibis._


def known(book: Book, brand: str, category: str | None, day: date) -> pd.DataFrame:
    """consumer_id and what is known at the end of `day`, floats, everybody of the warehouse, by consumer_id.

    Of the brand: acts, acts_90, acts_28 (own doing but buying), carts_90, met_90, met_28 (contacts by media), since_act,
    since_met; orders, spent, since_order (OWN). Of the category, other brands: near, near_90, near_28 (any event), rivals (buys),
    spent_near, since_near. Of the market, other brands: buys, buys_90, spent_all, bargains (share of buys at a discount),
    since_buy.
    Windows of a year unless a number of days is said.
    """
    warehouse = book.warehouse.until(day)
    events, first = warehouse.table("events"), day - timedelta(days=YEAR - 1)
    seen = events.filter(events.occurred_at >= first)
    own = own_channels(warehouse)
    paid = event.channel.notnull() & (event.channel.notin(own) if own else ibis.literal(True))
    of, near = event.brand == brand, (event.brand != brand) | event.brand.isnull()
    near = near & (event.category == ibis.literal(category, "string"))
    buy, late, now = event.behaviour == "buy", _after(day, QUARTER), _after(day, MONTH)
    other = buy & ((event.brand != brand) | event.brand.isnull())
    act = of & event.behaviour.notin([*PASSIVE, *AFTER])
    met = of & paid & event.behaviour.isin(CONTACT)
    carts = of & event.behaviour.isin(["cart", "favourite", "reserve"])
    off = other & (event.discount_minor.fill_null(0) > 0)
    counts = {
        "acts": act, "acts_90": act & late, "acts_28": act & now, "carts_90": carts & late, "met_90": met & late,
        "met_28": met & now, "orders": of & buy, "near": near, "near_90": near & late, "near_28": near & now,
        "rivals": near & buy, "buys": other, "buys_90": other & late, "off": off,
    }  # fmt: skip
    sums = {"spent": of & buy, "spent_near": near & buy, "spent_all": other}
    last = {"since_act": act, "since_met": met, "since_order": of & buy, "since_near": near, "since_buy": other}
    made = seen.filter(of | near | (event.behaviour == "buy")).group_by("consumer_id").agg(
        **{n: event.count(where=w) for n, w in counts.items()},
        **{n: event.value_minor.sum(where=w) for n, w in sums.items()},
        **{n: event.occurred_at.max(where=w) for n, w in last.items()},
    )  # fmt: skip
    made = made.mutate(**{n: ibis.literal(day).delta(made[n].date(), unit="day") for n in last})
    everybody = warehouse.table("consumers").select("consumer_id")
    frame = everybody.left_join(made, "consumer_id").drop("consumer_id_right").execute()
    frame = frame.sort_values("consumer_id", ignore_index=True)
    frame["bargains"] = frame.pop("off") / frame.buys.where(frame.buys > 0)
    filled = {**dict.fromkeys(frame.columns[1:], 0.0), **dict.fromkeys(last, float(NEVER))}
    return frame.fillna(filled).astype(dict.fromkeys(frame.columns[1:], float))


def design(frame: pd.DataFrame, without: Sequence[str] = ()) -> "NDArray[np.float64]":
    """The columns as a model takes them: logarithms (1 + x), consumer_id and `without` left out; rows × features."""
    return np.log1p(frame.drop(columns=["consumer_id", *without]).to_numpy(float).clip(min=0))


def _after(day: date, days: int) -> Any:
    return event.occurred_at >= day - timedelta(days=days - 1)
