"""People on event days: who joined on each day, and who of an event's new buyers bought again, beside those of plain days."""

from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from apex.measure.cohorts import SPANS, entrants
from apex.warehouse import Warehouse

if TYPE_CHECKING:
    from collections.abc import Iterable

PLAIN = "plain"  # the group of plain days
AT_START = "at_start"  # memberships that were open when the data began: nobody joined on that day
AGAIN = ["event", "buyers", "again"]


def joins(warehouse: Warehouse, brand: str, days: "Iterable[date]") -> pd.Series:
    """How many became members of the brand on each of the days; by day, nought where nobody did."""
    events = warehouse.table("events")
    found = events.filter((events.brand == brand) & (events.behaviour == "join"))
    found = found.filter(found.detail.isnull() | (found.detail != AT_START))
    counted = found.group_by(day=found.occurred_at.date()).agg(joins=found.consumer_id.nunique()).execute()
    by_day = pd.Series(counted.joins.to_numpy(float), pd.to_datetime(counted.day).dt.date)
    return by_day.reindex(pd.Index(list(days), name="day"), fill_value=0.0).rename("joins")


def again(
    warehouse: Warehouse, brand: str, days: pd.Series, taken: pd.DataFrame, day: date, within: int
) -> pd.DataFrame:
    """New buyers of each event's own days, and of plain days, and who of them bought again within so many days.

    days, taken: of `event_days.assign`. New is who had not bought for a year (`cohorts.entrants`); counted are those of whom
    `within` days are known on `day`. AGAIN, a row an event and PLAIN; nought where nobody is known so long.
    """
    who = entrants(warehouse, brand, pd.DataFrame(columns=SPANS), day)
    group = pd.Series(np.where(taken.event.isna(), PLAIN, taken.event.where(taken.block == "on")), pd.to_datetime(days))
    people = who.people.assign(group=who.people.entered_on.map(group), again=who.again <= within)
    known = people[people.seen >= within]
    out = known.groupby("group").agg(buyers=("again", "size"), again=("again", "sum"))
    names = [*dict.fromkeys(taken.event.dropna()), PLAIN]
    return out.reindex(names, fill_value=0).astype("int64").rename_axis("event").reset_index()[AGAIN]
