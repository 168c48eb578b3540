"""The same days of earlier years: what brands sold in them, whom they won, and where they stood as long before.

A festival comes back on its dates, so that its window is like the same dates a year before and not like the last weeks. For each
earlier year there is a pair: the window of that year, and the one a year before it, both with the level from which one could have
looked at them, over equally many days.
"""

from collections.abc import Sequence
from datetime import date, timedelta

import ibis
import numpy as np
import pandas as pd

from apex.warehouse import Warehouse

YEAR = 365  # days: who bought within so many before is an active consumer, who did not is new
LEVEL = 182  # days that say where a brand stands; fewer where the data are younger
LEAST_LEVEL = 28
MOST = 4  # years looked back on
MEASURES = ("gmv_minor", "new_consumers", "aac", "joins")
COLUMNS = ["year", "side", "brand", "measure", "value", "kept", "level"]


def earlier(day: date, years: int) -> date:
    """The same date so many years before; 28 February for a 29th."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)


def pairs(first_day: date, window: tuple[date, date], as_of: date) -> pd.DataFrame:
    """year (years back of the pair's window, 0 is the planned one), side (now, before), first, last, seen (the day looked from),
    level (days): pairs whose windows and levels the data hold. A brand's first year has no pair.
    """  # fmt: skip
    rows = []
    for year in range(MOST):
        level = min(LEVEL, (earlier(as_of, year + 1) - first_day).days + 1)
        if level < LEAST_LEVEL:
            break
        rows += [
            (year, side, *(earlier(d, year + n) for d in (*window, as_of)), level)
            for n, side in enumerate(("now", "before"))
        ]
    return pd.DataFrame(rows, columns=["year", "side", "first", "last", "seen", "level"])


def same_days(warehouse: Warehouse, brands: Sequence[str], window: tuple[date, date], as_of: date) -> pd.DataFrame:
    """What brands had in the window and in the same days of earlier years, one row a pair, side, brand and measure (COLUMNS).

    measure: gmv_minor (paid, minor units); new_consumers (bought in the window and not within a year before it); aac (who
    bought within the year that ends with the window); joins (who joined in it, where the data know joining). value: null for the
    planned window. kept: of aac, who counts on the window's last day by what they had bought by `seen`, else 0; value is then
    what comes on top. level: GMV, buyers or joins a day up to `seen`. Zeros included; no pair, no row.
    """
    on = pairs(warehouse.first_day, window, as_of)
    if on.empty:
        return pd.DataFrame(columns=COLUMNS)
    dates = dict.fromkeys(["first", "last", "seen"], "date")
    asked = ibis.memtable(on, schema={"year": "int64", "side": "string", **dates, "level": "int64"})
    events = warehouse.table("events")
    events = events.filter(events.brand.isin(list(brands)) & (events.occurred_at < as_of + timedelta(days=1)))
    bought = events.filter(events.behaviour == "buy")
    daily = bought.group_by("brand", "consumer_id", day=bought.occurred_at.date()).agg(paid=bought.value_minor.sum())
    span = ibis.interval(days=YEAR)
    each = daily.join(asked, [daily.day <= asked["last"], daily.day > asked.seen - ibis.interval(days=2 * YEAR)])
    inside = each.day >= each["first"]
    late, active = each.day > each.seen, each.day > each["last"] - span
    level = ~late & (each.day > each.seen - each.level.as_interval("D"))
    people = each.group_by("year", "side", "brand", "consumer_id").agg(
        paid=each.paid.sum(where=inside).fill_null(0),
        came=inside.any(),
        known=(~inside & (each.day >= each["first"] - span)).any(),
        kept=(~late & active).any(),
        fresh=(late & active).any(),
        level_paid=each.paid.sum(where=level).fill_null(0),
        level=level.any(),
    )
    sums = people.group_by("year", "side", "brand").agg(
        gmv_minor=people.paid.sum(),
        new_consumers=(people.came & ~people.known).sum(),
        aac=(people.fresh & ~people.kept).sum(),
        kept=people.kept.sum(),
        level_gmv=people.level_paid.sum(),
        level_buyers=people.level.sum(),
    )
    counted = sums.execute().set_index(["year", "side", "brand"])
    joining = events.filter(events.behaviour == "join")
    joining = joining.select("brand", "consumer_id", day=joining.occurred_at.date())
    met = joining.join(asked, [joining.day <= asked["last"], joining.day > asked.seen - ibis.interval(days=LEVEL)])
    early = (met.day <= met.seen) & (met.day > met.seen - met.level.as_interval("D"))
    joined = met.group_by("year", "side", "brand").agg(
        joins=met.consumer_id.nunique(where=met.day >= met["first"]), level_joins=met.consumer_id.nunique(where=early)
    )
    counted = counted.join(joined.execute().set_index(["year", "side", "brand"]), how="outer")
    grid = pd.MultiIndex.from_product([on.year.unique(), ["now", "before"], dict.fromkeys(brands)], names=COLUMNS[:3])
    counted = counted.reindex(grid).astype("Float64").fillna(0).astype(float)
    days = on.set_index(["year", "side"]).level
    per_day = counted.index.droplevel("brand").map(days).to_numpy(float)
    parts = []
    for measure in MEASURES:
        if measure == "joins" and not counted.joins.any() and not counted.level_joins.any():
            continue
        of = {"gmv_minor": "level_gmv", "joins": "level_joins"}.get(measure, "level_buyers")
        kept = counted.kept if measure == "aac" else 0.0
        parts.append(
            counted.assign(measure=measure, value=counted[measure], kept=kept, level=counted[of] / per_day)[COLUMNS[3:]]
        )
    frame = pd.concat(parts).reset_index()
    frame.loc[(frame.year == 0) & (frame.side == "now"), "value"] = np.nan
    return frame[COLUMNS].sort_values(COLUMNS[:4], ignore_index=True)
