"""Price bands: how a brand's sales spread over its categories' price bands, beside the sales of the other brands there.

A band is a share of a category's items by price, cheapest first, so that bands of dear and of cheap categories compare.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from apex.measure.grow import BUCKETS
from apex.measure.item_rules import ItemRules
from apex.measure.peers import LEAST_PEERS
from apex.warehouse import Warehouse

OURS, OTHERS = "ours", "others"
SALES = ("orders", "buyers", "gmv_minor")


@dataclass(frozen=True)
class Bands:
    """A brand's price bands.

    sales: side (OURS, OTHERS), band, bucket (a hundredth of the consumers), orders (lines), buyers (distinct), gmv_minor:
    only what is not 0. items: item_id (ours that sold), band, price (minor units). rivals: other brands with sales there;
    of fewer than LEAST_PEERS there are no rows of OTHERS, since they could be recognised. listed: share of the items sold
    whose list price is known; of the others the price is what was paid a unit.
    """

    sales: pd.DataFrame
    items: pd.DataFrame
    rivals: int
    listed: float


def bands(warehouse: Warehouse, brand: str, rules: ItemRules, day: date) -> Bands:
    """Sales by price band in the `days` days of the rules up to `day`, in the categories in which the brand has items.

    An item's price is its list price, else what was paid a unit in that time. Its band follows from the share of the
    category's other items with sales that cost less.
    """
    asked = rules.price_bands
    lines = _lines(warehouse, brand, day - timedelta(days=asked.days - 1), day)
    sold = lines.group_by("item_id", "brand", "category", "list_price_minor")
    priced = sold.agg(paid=lines.value_minor.sum() / lines.quantity.sum()).execute().sort_values("item_id")
    price = priced.list_price_minor.astype("Float64").fillna(priced.paid.astype("Float64"))
    by = price.groupby(priced.category)
    place = (by.rank(method="min") - 1) / (by.transform("count") - 1).clip(lower=1)
    order = list(asked.bands)
    at = np.searchsorted([band.up_to for band in asked.bands.values()], place.to_numpy(float))
    side = np.where(priced.brand == brand, OURS, OTHERS)
    priced = priced.assign(price=price.round().astype("Int64"), band=np.array(order, dtype=object)[at], side=side)
    rivals = int(priced.brand[priced.side == OTHERS].nunique())
    kept = priced if rivals >= LEAST_PEERS else priced[priced.side == OURS]
    known = ibis.memtable(
        kept[["item_id", "band", "side"]], schema=dict.fromkeys(("item_id", "band", "side"), "string")
    )
    met = lines.join(known, "item_id")
    counted = met.group_by("side", "band", bucket=(met.consumer_id % BUCKETS).cast("int32")).agg(
        orders=met.count(), buyers=met.consumer_id.nunique(), gmv_minor=met.value_minor.sum()
    )
    found = counted.execute().astype(dict.fromkeys(("bucket", *SALES), "int64"))
    found["band"] = pd.Categorical(found.band, order, ordered=True)
    mine = priced[priced.side == OURS][["item_id", "band", "price"]].reset_index(drop=True)
    mine["band"] = pd.Categorical(mine.band, order, ordered=True)
    listed = float(priced.list_price_minor.notna().mean()) if len(priced) else 0.0
    return Bands(found.sort_values(["side", "band", "bucket"], ignore_index=True), mine, rivals, listed)


def _lines(warehouse: Warehouse, brand: str, first: date, last: date) -> ir.Table:
    """Purchase lines of all brands in the categories of the brand's items, with the item's category and list price."""
    items = warehouse.table("items")
    shelf = items.select("item_id", "brand", "list_price_minor", category=items.category.fill_null(""))
    shelf = shelf.filter(shelf.category.isin(shelf.filter(shelf.brand == brand).category))
    events = warehouse.table("events")
    bought = events.filter(
        (events.behaviour == "buy") & (events.occurred_at >= first) & (events.occurred_at < last + timedelta(days=1))
    )
    return bought.select("item_id", "consumer_id", "quantity", "value_minor").join(shelf, "item_id")
