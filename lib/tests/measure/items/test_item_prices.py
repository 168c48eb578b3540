"""Price bands and their sales, counted again in plain Python; few rivals are not shown."""

import datetime as dt

import pandas as pd
import pytest

from apex.measure import item_market, item_prices
from apex.measure.item_rules import parse_item_rules


@pytest.fixture(scope="module")
def market(shop):
    return item_market.market(shop.warehouse, "b", shop.rules, shop.day)


def test_bands_and_sales_are_as_by_hand(shop, market):
    found = item_prices.bands(shop.warehouse, market, "b", shop.rules)
    sold = shop.events[(shop.events.behaviour == "buy") & (shop.events.day > shop.day - dt.timedelta(days=42))]
    sums = sold.groupby("item_id")[["value_minor", "quantity"]].sum()
    about = shop.items.set_index("item_id").loc[sums.index]
    price = about.list_price_minor.astype(float).fillna(sums.value_minor / sums.quantity)
    band = {}
    for item in sums.index:
        same = price[
            about.category.fillna("") == (about.category[item] if isinstance(about.category[item], str) else "")
        ]
        place = (same < price[item]).sum() / max(len(same) - 1, 1)
        band[item] = "low" if place <= 0.4 else "mid" if place <= 0.7 else "high"
    lines = sold.assign(band=sold.item_id.map(band), side=(sold.brand == "b").map({True: "ours", False: "others"}))
    for (side, name), part in lines.groupby(["side", "band"]):
        mine = found.sales[(found.sales.side == side) & (found.sales.band == name)]
        assert mine.orders.sum() == len(part) and mine.gmv_minor.sum() == part.value_minor.sum()
        assert mine.buyers.sum() == part.consumer_key.nunique()
    assert found.sales.gmv_minor.sum() == sold.value_minor.sum()
    assert dict(zip(found.items.item_id, found.items.band, strict=True)) == {
        i: b for i, b in band.items() if i[0] == "b"
    }
    assert found.rivals == 7 and found.listed == pytest.approx(about.list_price_minor.notna().mean())
    assert [int(p) for p in found.items.price] == [round(price[i]) for i in found.items.item_id]


def test_of_few_rivals_nothing_is_shown(shop, market):
    items = market.items.assign(brand=market.items.brand.where(~market.items.brand.isin(["c4", "c5", "c6", "c7"]), "b"))
    few = item_market.Market(market.day, 14, market.periods, items, market.cells)
    found = item_prices.bands(shop.warehouse, few, "b", shop.rules)
    assert found.rivals == 3 and set(found.sales.side) == {"ours"}


def test_a_brand_without_items_and_the_order_of_bands(shop, market):
    found = item_prices.bands(shop.warehouse, market, "nobody's", shop.rules)
    assert found.sales.empty and found.items.empty and list(found.sales.band.cat.categories) == ["low", "mid", "high"]
    turned = {
        **shop.raw,
        "price_bands": {"periods": 1, "bands": dict(list(shop.raw["price_bands"]["bands"].items())[1:])},
    }
    assert isinstance(item_prices.bands(shop.warehouse, market, "b", parse_item_rules(turned)).sales, pd.DataFrame)
