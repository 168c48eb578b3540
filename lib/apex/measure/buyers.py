"""A brand's buyers as of several days: when they bought first and last, how often, for how much, and what came after.

All that models of repeat purchase need of a history. Purchases of one day are one, because what a model calls a purchase is
a decision to buy. One row a buyer comes back, which suits brands with up to a few million buyers.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import NamedTuple

import ibis
import pandas as pd

from apex.measure.peers import main_categories
from apex.measure.trade import purchases
from apex.warehouse import Warehouse

COUNTS = ["days", "value_minor", "recent_days", "recent_minor", "later_days", "later_minor"]


class Cut(NamedTuple):
    """A day up to which histories are read, how many days count as recent up to it, and how many come later after it."""

    day: date
    recent: int
    later: int = 0


def cuts(warehouse: Warehouse, day: date, window: int, ahead: int, recent: int) -> dict[str, Cut]:
    """The days at which a brand's buyers are read: now, `before` (`window` days earlier), and two to test a forecast by.

    `held`: so long before `day` that a forecast of `ahead` days could have been made then and the outcome is known, or a third
    of the data where they are shorter; `earlier`: as long before that, for rivals that learn from the period before.
    """
    test = max(min(ahead, ((day - warehouse.first_day).days + 1) // 3), 1)
    back = {"held": day - timedelta(days=test), "earlier": day - timedelta(days=2 * test)}
    found = {"now": Cut(day, recent), "before": Cut(day - timedelta(days=window), recent)}
    return found | {name: Cut(when, test, test) for name, when in back.items()}


def buyers(warehouse: Warehouse, brand: str, cuts: Mapping[str, Cut]) -> pd.DataFrame:
    """The brand's buyers up to each cut's day: one row a cut and buyer, in one pass of the engine.

    Returns cut, consumer_id, first_day, last_day, days (with a purchase), value_minor, recent_days, recent_minor (the
    same in (day − recent, day]), later_days, later_minor (in (day, day + later], as far as the data go).
    """
    names = ["cut", "day", "since", "until"]
    rows = [(n, c.day, c.day - timedelta(days=c.recent), c.day + timedelta(days=c.later)) for n, c in cuts.items()]
    asked = pd.DataFrame(rows, columns=names)
    on = ibis.memtable(asked, schema={"cut": "string"} | dict.fromkeys(names[1:], "date"))
    lines = purchases(warehouse, brand, warehouse.first_day, asked["until"].max())
    bought = lines.group_by("consumer_id", on=lines.occurred_at.date()).agg(value=lines.value_minor.sum())
    each = bought.join(on, bought.on <= on.until)
    before, recent = each.on <= each.day, (each.on > each.since) & (each.on <= each.day)
    found = each.group_by("cut", "consumer_id").agg(
        first_day=each.on.min(), last_day=each.on.max(where=before), days=before.sum(), value_minor=each.value.sum(where=before),
        recent_days=recent.sum(), recent_minor=each.value.sum(where=recent),
        later_days=(~before).sum(), later_minor=each.value.sum(where=~before),
    )  # fmt: skip
    frame = found.filter(found.days > 0).execute()
    frame[COUNTS] = frame[COUNTS].fillna(0).astype("int64")
    for column in ("first_day", "last_day"):
        frame[column] = pd.to_datetime(frame[column])
    return frame.sort_values(["cut", "consumer_id"], ignore_index=True)


def pace(warehouse: Warehouse, brand: str, day: date) -> pd.DataFrame:
    """`daily` of the brand's main category as of a day; of everything where it has none."""
    main = main_categories(warehouse, [day], [brand])
    return daily(warehouse, None if main.empty else str(main.category[0]))


def daily(warehouse: Warehouse, category: str | None) -> pd.DataFrame:
    """How many consumers bought in a category (None: anything) on each day of the data: day, buyers, zeros included."""
    events = warehouse.table("events")
    bought = events.filter(events.behaviour.isin(["buy", "buy_category"]))
    if category is not None:
        bought = bought.filter(bought.category == category)
    found = bought.group_by(day=bought.occurred_at.date()).agg(buyers=bought.consumer_id.nunique()).execute()
    every = pd.date_range(warehouse.first_day, warehouse.last_day, name="day")
    counts = found.set_index(pd.to_datetime(found.day)).buyers.reindex(every, fill_value=0)
    return counts.astype("int64").reset_index()
