"""Habits of consumers that a count of events does not tell: what their orders cost, where they look, whether they buy dearer.

Each is one small table, one row a consumer who did anything of the kind, with one boolean column; whoever is not in it has
no such habit. All of them look at the whole market, for a habit is the consumer's and not a brand's; a status is the brand's.
"""

from datetime import date, timedelta
from functools import reduce
from operator import and_
from typing import TYPE_CHECKING

import ibis

from apex.measure.crowd_rules import Habit, MiddleOrder, PriceRankUp, ShareOf, Status
from apex.measure.members import spans
from apex.measure.trade import ordered
from apex.warehouse import Warehouse

if TYPE_CHECKING:
    import ibis.expr.types as ir

HOLDS = "holds"  # the column


def holders(warehouse: Warehouse, leaf: Habit, day: date, brand: str) -> "ir.Table":
    """consumer_id and `holds` (never null): whether each consumer who did anything of the kind has the habit on a day."""
    if isinstance(leaf, Status):
        held = spans(warehouse, [brand], leaf.turns)
        return held.group_by("consumer_id").agg(**{HOLDS: (held.until > day).any()})
    if isinstance(leaf, MiddleOrder):
        return _middle_order(warehouse, leaf, day)
    return _share(warehouse, leaf, day) if isinstance(leaf, ShareOf) else _dearer(warehouse, leaf, day)


def _within(warehouse: Warehouse, behaviours: tuple[str, ...], day: date, days: int) -> "ir.Table":
    events = warehouse.table("events")
    first, end = day - timedelta(days=days - 1), day + timedelta(days=1)
    return events.filter(events.behaviour.isin(behaviours) & (events.occurred_at >= first) & (events.occurred_at < end))


def _middle_order(warehouse: Warehouse, leaf: MiddleOrder, day: date) -> "ir.Table":
    bought = ordered(_within(warehouse, ("buy",), day, leaf.within_days))
    orders = bought.group_by("consumer_id", "order_id").agg(paid=bought.value_minor.sum())
    each = orders.group_by("consumer_id").agg(middle=orders.paid.median())
    low, high = leaf.middle_order_minor.min, leaf.middle_order_minor.max
    bounds = [each.middle >= low] if low is not None else []
    bounds += [each.middle <= high] if high is not None else []
    return each.select("consumer_id", **{HOLDS: reduce(and_, bounds)})


def _share(warehouse: Warehouse, leaf: ShareOf, day: date) -> "ir.Table":
    """The average is that of the consumers who did anything of the kind; those whose trait is unknown are a group as well."""
    done = _within(warehouse, leaf.share_of, day, leaf.within_days)
    asked = {"category": leaf.category, "business": leaf.business, "channel": leaf.channel}
    meant = reduce(and_, [done[column].isin(values).fill_null(False) for column, values in asked.items() if values])
    each = done.group_by("consumer_id").agg(share=meant.mean())
    if leaf.times_average is None:
        return each.select("consumer_id", **{HOLDS: each.share >= leaf.at_least})
    groups = []
    if leaf.among:
        people = warehouse.table("consumers")
        each = each.join(people.select("consumer_id", among=people[leaf.among].cast("string")), "consumer_id")
        groups = [each.among]
    average = each.share.mean().over(group_by=groups)
    return each.select("consumer_id", **{HOLDS: (each.share > 0) & (each.share >= leaf.times_average * average)})


def _dearer(warehouse: Warehouse, leaf: PriceRankUp, day: date) -> "ir.Table":
    """A purchase's rank is the share of its category's purchases of both periods that cost less a unit, ties at the lowest."""
    bought = _within(warehouse, ("buy",), day, 2 * leaf.within_days)
    bought = bought.filter(bought.category.notnull() & (bought.quantity > 0))
    bought = bought.select(
        "consumer_id", "category", price=bought.value_minor / bought.quantity,
        later=bought.occurred_at >= day - timedelta(days=leaf.within_days - 1),
    )  # fmt: skip
    ranked = bought.mutate(rank=ibis.percent_rank().over(group_by="category", order_by=bought.price))
    each = ranked.group_by("consumer_id").agg(
        now=ranked["rank"].mean(where=ranked.later), before=ranked["rank"].mean(where=~ranked.later)
    )
    return each.select("consumer_id", **{HOLDS: (each.now - each.before >= leaf.price_rank_up).fill_null(False)})
