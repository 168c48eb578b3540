"""AAC, annual active consumers: distinct buyers of the last 365 days, for each day and each business, in one pass.

A purchase on day d keeps its buyer active on the days d … d + 364. Someone becomes active with a purchase that no other
of the 365 days before it covers, and stops where none follows in time: both are single events, so that the number of active
buyers on every day is starts less stops, summed up: no window is counted twice.
"""

from datetime import date, timedelta

import ibis
import pandas as pd

from apex.measure.businesses import ANY, YEAR, lines
from apex.warehouse import Warehouse


def aac(warehouse: Warehouse, brand: str, day: date, days: int = YEAR) -> pd.DataFrame:
    """Distinct buyers of the last `days` days at the end of each month, and on `day`, for each business and the brand.

    Returns day, business (or ANY: the brand, each buyer once), consumers, window (the days that were really seen: shorter
    where the data begin later; only equal ones compare), in that order, zeros included. Empty for a brand without
    purchases.
    """
    sold = lines(warehouse, brand, warehouse.first_day, day)
    each = sold.select("consumer_id", "business", bought_on=sold.occurred_at.date())
    each = each.union(each.mutate(business=ibis.literal(ANY))).distinct()
    own = ibis.window(group_by=["business", "consumer_id"], order_by="bought_on")
    each = each.mutate(before=each.bought_on.lag().over(own), after=each.bought_on.lead().over(own))
    gap = ibis.interval(days=days)
    fresh = each.filter(each.before.isnull() | (each.before + gap <= each.bought_on))
    starts = fresh.select("business", day=fresh.bought_on.cast("date"), change=1)
    last = each.filter(each.after.isnull() | (each.bought_on + gap <= each.after))
    stops = last.select("business", day=(last.bought_on + gap).cast("date"), change=-1)
    both = starts.union(stops)
    moves = both.group_by("business", "day").agg(change=both.change.sum()).execute()
    if moves.empty:
        return pd.DataFrame(columns=["day", "business", "consumers", "window"]).astype({"consumers": "int64"})
    moves["day"] = pd.to_datetime(moves.day)
    calendar = pd.date_range(warehouse.first_day, day, name="day")
    wide = moves.pivot_table(index="day", columns="business", values="change", aggfunc="sum")
    wide = wide.reindex(calendar).fillna(0).cumsum().astype("int64")
    asked = sorted({*pd.date_range(warehouse.first_day, day, freq="ME"), pd.Timestamp(day)})
    frame = wide.loc[asked].rename_axis(columns="business").stack().rename("consumers").reset_index()
    frame["day"] = frame.day.dt.date
    seen = [(d - warehouse.first_day).days + 1 for d in frame.day]
    return frame.assign(window=[min(days, s) for s in seen]).sort_values(["day", "business"], ignore_index=True)


def full_from(warehouse: Warehouse, days: int = YEAR) -> date:
    """The first day whose window is as long as it should be."""
    return warehouse.first_day + timedelta(days=days - 1)
