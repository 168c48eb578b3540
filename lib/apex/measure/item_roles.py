"""Which items win consumers and which bring them back: what first, second and returning orders held."""

from datetime import date, timedelta

import ibis
import pandas as pd

from apex.measure.item_rules import ItemRules
from apex.measure.trade import purchases
from apex.warehouse import Warehouse

KINDS = ("firsts", "seconds", "returns", "followed", "repeated")
ALL = ""  # in place of an item: every order


def roles(warehouse: Warehouse, brand: str, rules: ItemRules, day: date) -> pd.DataFrame:
    """Orders of the `days` days of the rules up to `day`, by what they were to their consumer, for each item and for all.

    An item's rows count the orders that hold it, so that items do not add up to all (`item_id` ALL). By period (0 ends on `day`,
    each of `period_days` days), since items come and go and so do first orders: only orders of one time compare. firsts:
    first orders of the brand that the data see, after the burn-in; seconds: second ones; returns: first in the time after more
    than `lapsed_days` days without (each at most one a consumer); later: all other orders than firsts; followed: firsts at
    least `repeat_days` days ago; repeated: of these, those whose consumer ordered again within so many days (the brand,
    whatever item). Returns item_id, period, orders, later, and KINDS: ints, only what is not 0.
    """
    asked = rules.roles
    since = max(day - timedelta(days=asked.days - 1), warehouse.first_day + timedelta(days=rules.burn_in_days))
    bought = purchases(warehouse, brand, warehouse.first_day, day)
    lines = bought.select("consumer_id", "order_id", "item_id", "occurred_at")
    orders = lines.group_by("consumer_id", "order_id").agg(at=lines.occurred_at.min())
    own = ibis.window(group_by=orders.consumer_id, order_by=[orders.at, orders.order_id])
    orders = orders.mutate(number=ibis.row_number().over(own), on=orders.at.date())
    own = ibis.window(group_by=orders.consumer_id, order_by=orders.number)
    orders = orders.mutate(before=orders.on.lag().over(own), after=orders.on.lead().over(own))
    orders = orders.filter(orders.on >= since)
    first = orders.number == 0
    back = (~first & (orders.on.delta(orders.before, unit="day") > asked.lapsed_days)).fill_null(False)
    orders = orders.mutate(first=first, back=back)
    own = ibis.window(group_by=orders.consumer_id, order_by=orders.number, following=0)
    orders = orders.mutate(came=orders.back & (orders.back.cast("int32").sum().over(own) == 1))
    seen = first & (orders.on <= day - timedelta(days=asked.repeat_days))
    again = (orders.after.delta(orders.on, unit="day") <= asked.repeat_days).fill_null(False)
    flags = orders.select(
        "consumer_id", "order_id", firsts=first, later=~first, seconds=orders.number == 1, returns=orders.came,
        followed=seen, repeated=seen & again,
        period=(ibis.literal(day).delta(orders.on, unit="day") // rules.period_days).cast("int32"),
    )  # fmt: skip
    held = lines.filter(lines.item_id.notnull()).select("consumer_id", "order_id", "item_id").distinct()
    each = held.join(flags, ["consumer_id", "order_id"]).select("item_id", "period", "later", *KINDS)
    every = flags.mutate(item_id=ibis.literal(ALL)).select("item_id", "period", "later", *KINDS)
    both = each.union(every)
    counts = both.group_by("item_id", "period").agg(
        orders=both.count(), later=both.later.sum(), **{k: both[k].sum() for k in KINDS}
    )
    frame = counts.execute().astype(dict.fromkeys(["period", "orders", "later", *KINDS], "int64"))
    return frame.sort_values(["item_id", "period"], ignore_index=True)
