"""Price bands: how a brand's sales spread over its categories' price bands, beside the sales of the other brands there.

A band is a share of a category's items by price, cheapest first, so that bands of dear and of cheap categories compare.
"""

from dataclasses import dataclass
from datetime import timedelta

import ibis
import numpy as np
import pandas as pd

from apex.measure.grow import BUCKETS
from apex.measure.item_life import percentiles
from apex.measure.item_market import Market
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


def bands(warehouse: Warehouse, market: Market, brand: str, rules: ItemRules) -> Bands:
    """Sales by price band in the last periods of the market, as many as the rules say, in the categories of the brand's items.

    An item's price is its list price, else what was paid a unit in that time. Its band follows from the share of the
    category's other items with sales that cost less.
    """
    asked, recent = rules.price_bands, slice(0, rules.price_bands.periods)
    shelf = market.items[market.items.category.isin(market.items.category[market.items.brand == brand])]
    paid, units = (market.wide(name)[shelf.index, recent].sum(axis=1) for name in ("gmv_minor", "units"))
    sold = shelf[units > 0]
    price = sold.list_price_minor.astype("Float64").fillna(pd.Series(paid[units > 0] / units[units > 0], sold.index))
    place = percentiles(price.to_numpy(float)[:, None], sold.category.to_numpy())[:, 0]
    order = list(asked.bands)
    at = np.searchsorted([band.up_to for band in asked.bands.values()], place)
    side = np.where(sold.brand == brand, OURS, OTHERS)
    sold = sold.assign(price=price.round().astype("Int64"), band=np.array(order, dtype=object)[at], side=side)
    rivals = int(sold.brand[sold.side == OTHERS].nunique())
    kept = sold if rivals >= LEAST_PEERS else sold[sold.side == OURS]
    known = ibis.memtable(
        kept[["item_id", "band", "side"]], schema=dict.fromkeys(("item_id", "band", "side"), "string")
    )
    events = warehouse.table("events")
    first = market.ends(min(asked.periods, market.periods)) + timedelta(days=1)
    days = (events.occurred_at >= first) & (events.occurred_at < market.day + timedelta(days=1))
    met = events.filter((events.behaviour == "buy") & days).join(known, "item_id")
    counted = met.group_by("side", "band", bucket=(met.consumer_id % BUCKETS).cast("int32")).agg(
        orders=met.count(), buyers=met.consumer_id.nunique(), gmv_minor=met.value_minor.sum()
    )
    found = counted.execute().astype(dict.fromkeys(("bucket", *SALES), "int64"))
    found["band"] = pd.Categorical(found.band, order, ordered=True)
    mine = sold[sold.side == OURS][["item_id", "band", "price"]].reset_index(drop=True)
    mine["band"] = pd.Categorical(mine.band, order, ordered=True)
    listed = float(sold.list_price_minor.notna().mean()) if len(sold) else 0.0
    return Bands(found.sort_values(["side", "band", "bucket"], ignore_index=True), mine, rivals, listed)
