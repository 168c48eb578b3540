"""What sells with what: pairs of a brand's items in one order, and other categories that its buyers buy in."""

from datetime import date, timedelta

import ibis
import pandas as pd

from apex.measure.grow import BUCKETS
from apex.measure.item_rules import ItemRules
from apex.measure.trade import purchases
from apex.warehouse import Warehouse

STRATA = (1, 2, 4, 8)  # days with a purchase in the category, from which on a consumer is of the next kind


def pairs(warehouse: Warehouse, brand: str, rules: ItemRules, day: date) -> pd.DataFrame:
    """Orders that held both items of a pair, among the items of the brand that were in most orders (`together` in the rules).

    Returns item_a < item_b, bucket (a hundredth of the consumers), orders, buyers (distinct): ints, only what is not 0.
    """
    asked = rules.together
    bought = purchases(warehouse, brand, day - timedelta(days=asked.days - 1), day)
    lines = bought.filter(bought.item_id.notnull()).select(
        "item_id", "order_id", "consumer_id", bucket=(bought.consumer_id % BUCKETS).cast("int32")
    )
    lines = lines.distinct()
    count = lines.group_by("item_id").agg(orders=lines.count())
    most = count.order_by([count.orders.desc(), count.item_id]).limit(asked.items)
    lines = lines.semi_join(most, "item_id")
    other = lines.select("order_id", "consumer_id", item_b=lines.item_id)
    both = lines.rename(item_a="item_id").join(other, ["order_id", "consumer_id"])
    both = both.filter(both.item_a < both.item_b)
    found = both.group_by("item_a", "item_b", "bucket").agg(orders=both.count(), buyers=both.consumer_id.nunique())
    frame = found.execute().astype({"bucket": "int64", "orders": "int64", "buyers": "int64"})
    return frame.sort_values(["item_a", "item_b", "bucket"], ignore_index=True)


def elsewhere(warehouse: Warehouse, brand: str, category: str, rules: ItemRules, day: date) -> pd.DataFrame:
    """Buyers of a category, ours and those of others alone, and how many of them bought other brands in each other category.

    Returns category, stratum (by days with a purchase in the first category: the largest of STRATA not above it), ours (bool:
    bought the brand in the first category), consumers, bought: ints; every stratum of every category that one of them
    bought in. Without days of shopping held equal, those who buy more of everything would seem to like everything.
    """
    events = warehouse.table("events")
    bought = events.filter(
        (events.behaviour == "buy") & events.category.notnull()
        & (events.occurred_at >= day - timedelta(days=rules.together.days - 1))
        & (events.occurred_at < day + timedelta(days=1))
    )  # fmt: skip
    own = bought.brand == brand
    each = bought.group_by("consumer_id", "category").agg(
        own=own.any(), others=(~own).any(), days=bought.occurred_at.date().nunique(where=bought.category == category)
    )
    here, whole = each.category == category, ibis.window(group_by="consumer_id")
    each = each.mutate(ours=(here & each.own).any().over(whole), days=each.days.max(where=here).over(whole))
    each = each.filter(each.days.notnull())  # who bought in the category at all
    stratum = ibis.cases(*[(each.days >= n, n) for n in STRATA[::-1]], else_=STRATA[0]).cast("int32")
    counts = each.group_by("category", stratum=stratum, ours=each.ours)
    found = counts.agg(consumers=each.count(), bought=each.others.sum()).execute()
    sizes = found[found.category == category][["stratum", "ours", "consumers"]]
    there = found[found.category != category][["category", "stratum", "ours", "bought"]]
    frame = sizes.merge(pd.DataFrame({"category": sorted(set(there.category))}, dtype="str"), how="cross")
    frame = frame.merge(there, how="left", on=["category", "stratum", "ours"]).fillna({"bought": 0})
    frame = frame.astype({"stratum": "int64", "consumers": "int64", "bought": "int64", "ours": bool})
    order = ["category", "stratum", "ours"]
    return frame[[*order, "consumers", "bought"]].sort_values(order, ignore_index=True)
