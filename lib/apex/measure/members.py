"""Members: who has joined and not left, and how many of them did something lately.

Memberships are events (`join`, `leave`; what was open at the start of data is dated its first day). A consumer is a member
of a brand while a member of any of its businesses: the last event of each business decides, and whoever is in two of them
is one member.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

import ibis
import pandas as pd

from apex.errors import ApexError
from apex.warehouse import Warehouse

if TYPE_CHECKING:
    import ibis.expr.types as ir

ACTIVE = ("cart", "favourite", "claim", "buy")  # what makes a member active (definitions, section 3)
T_WINDOW = 30  # days that count for it; some brands use 180
COUNTS = ["members", "active"]


def known(warehouse: Warehouse) -> bool:
    """Whether the data up to the warehouse's day hold memberships at all: one join of any brand is enough."""
    events = warehouse.table("events")
    return not events.filter(events.behaviour == "join").limit(1).execute().empty


def spans(
    warehouse: Warehouse, brands: Sequence[str] | None = None, by: tuple[str, str] = ("join", "leave")
) -> "ir.Table":
    """When each consumer was a member of a brand: brand, consumer_id, since, until (a day; not included).

    by: the behaviours that open and close it; ("follow", "unfollow") gives followers. One row an unbroken membership, over all
    businesses of the brand; `until` of one that is still open is date.max. Events of one moment are taken in the total order
    (join before leave, then seq).
    """
    events = warehouse.table("events")
    told = events.filter(events.behaviour.isin(list(by)) & events.brand.notnull())
    if brands is not None:
        told = told.filter(told.brand.isin(list(brands)))
    told = told.select(
        "brand", "consumer_id", "business", "occurred_at", "seq", opens=(told.behaviour == by[0]).cast("int8")
    )
    order = [told.occurred_at, told.opens.desc(), told.seq]
    shop = ibis.window(group_by=["brand", "consumer_id", "business"], order_by=order)
    told = told.mutate(before=told.opens.lag().over(shop).fill_null(0))
    told = told.filter(told.opens != told.before)  # a join of a member and a leave of none change nothing
    told = told.mutate(change=told.opens.cast("int64") * 2 - 1)
    order = [told.occurred_at, told.opens.desc(), told.seq]
    so_far = ibis.cumulative_window(group_by=["brand", "consumer_id"], order_by=order)
    told = told.mutate(shops=told.change.sum().over(so_far))
    turns = told.filter((told.shops == told.opens) & (told.shops <= 1))  # 0 → 1 begins a membership, 1 → 0 ends it
    order = [turns.occurred_at, turns.opens.desc(), turns.seq]
    until = turns.occurred_at.date().lead().over(ibis.window(group_by=["brand", "consumer_id"], order_by=order))
    found = turns.select("brand", "consumer_id", "opens", since=turns.occurred_at.date(), until=until)
    found = found.filter(found.opens == 1)
    return found.select("brand", "consumer_id", "since", until=found.until.fill_null(date.max))


def on_days(
    warehouse: Warehouse, days: Sequence[date], brands: Sequence[str] | None = None, window: int = T_WINDOW
) -> pd.DataFrame:
    """Members of each brand at the end of each day, and how many were active in the `window` days up to it.

    Returns brand, day, members, active: ints, every brand asked for (None: every brand that ever had a member) on every day,
    zeros included. Members are distinct consumers. One pass for all brands and days. Raises ApexError where no day is given.
    """
    if not days:
        raise ApexError("members: no day given.")
    wanted = sorted(set(days))
    on = ibis.memtable(pd.DataFrame({"day": wanted}), schema={"day": "date"})
    held = spans(warehouse, brands)
    there = held.join(on, [held.since <= on.day, held.until > on.day]).select("brand", "consumer_id", "day")
    lately = _active(warehouse, on, wanted[0], wanted[-1], brands, window)
    both = there.left_join(lately, ["brand", "consumer_id", "day"])
    counted = both.group_by("brand", "day").agg(members=both.count(), active=both.was_active.fill_null(False).sum())
    found = counted.execute()
    found["day"] = pd.to_datetime(found.day).dt.date
    names = sorted(set(found.brand)) if brands is None else list(dict.fromkeys(brands))
    grid = pd.MultiIndex.from_product([names, wanted], names=["brand", "day"])
    return found.set_index(["brand", "day"])[COUNTS].reindex(grid, fill_value=0).astype("int64").reset_index()


def turnover(
    warehouse: Warehouse, brand: str, periods: Mapping[str, tuple[date, date]], window: int = T_WINDOW
) -> pd.DataFrame:
    """Who was a member of a brand at both ends of each period (stayed), at its end alone (joined), at its start alone (left).

    Returns period, stayed, joined, left, stayed_active, joined_active (in the `window` days up to the period's end): ints,
    one row a period; no row where the data hold no memberships.
    """
    columns = ["stayed", "joined", "left", "stayed_active", "joined_active"]
    if not known(warehouse):
        return pd.DataFrame(columns=["period", *columns]).astype(dict.fromkeys(columns, "int64"))
    asked = pd.DataFrame([(p, *days) for p, days in periods.items()], columns=["period", "start", "day"])
    on = ibis.memtable(asked, schema={"period": "string", "start": "date", "day": "date"})
    held = spans(warehouse, [brand])
    near = held.join(on, [held.since <= on.day, held.until > on.start])
    each = near.group_by("period", "day", "brand", "consumer_id").agg(
        before=(near.since <= near.start).any(), after=(near.until > near.day).any()
    )
    each = each.filter(each.before | each.after)
    lately = _active(warehouse, on.select("day").distinct(), asked.day.min(), asked.day.max(), [brand], window)
    both = each.left_join(lately, ["brand", "consumer_id", "day"])
    active = both.was_active.fill_null(False)
    stayed, joined = both.before & both.after, both.after & ~both.before
    counted = both.group_by("period").agg(
        stayed=stayed.sum(), joined=joined.sum(), left=(~both.after).sum(), stayed_active=(stayed & active).sum(),
        joined_active=(joined & active).sum(),
    ).execute()  # fmt: skip
    every = pd.Index(list(periods), name="period")
    return counted.set_index("period")[columns].reindex(every, fill_value=0).astype("int64").reset_index()


def _active(
    warehouse: Warehouse, on: "ir.Table", first: date, last: date, brands: Sequence[str] | None, window: int
) -> "ir.Table":
    """brand, consumer_id, day, was_active (true): who did something in the `window` days up to each day of `on`."""
    events = warehouse.table("events")
    begin, end = first - timedelta(days=window - 1), last + timedelta(days=1)
    done = events.filter(events.behaviour.isin(ACTIVE) & (events.occurred_at >= begin) & (events.occurred_at < end))
    if brands is not None:
        done = done.filter(done.brand.isin(list(brands)))
    done = done.select("brand", "consumer_id", done_on=done.occurred_at.date()).distinct()
    lately = done.join(on, [done.done_on <= on.day, done.done_on > on.day - ibis.interval(days=window)])
    return lately.select("brand", "consumer_id", "day").distinct().mutate(was_active=True)
