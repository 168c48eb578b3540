"""The market by item and period, counted again in pandas."""

import datetime as dt

import pandas as pd
import pytest

from apex.measure import item_market

KINDS = {"buy": "sales", "view": "views", "cart": "carts", "favourite": "favourites", "sample": "samples"}


@pytest.fixture(scope="module")
def market(shop):
    return item_market.market(shop.warehouse, "b", shop.rules, shop.day)


def test_every_cell_is_counted_as_by_hand(shop, market):
    events = shop.events[shop.events.behaviour.isin(KINDS)].copy()
    events["period"] = [(shop.day - day).days // 14 for day in events.day]
    assert market.periods == 150 // 14 == 10
    ids = list(market.items.item_id)
    for kind, name in KINDS.items():
        by_hand = events[events.behaviour == kind].groupby(["item_id", "period"]).size()
        found = pd.DataFrame(market.wide(name), index=ids).stack()
        found = found[found > 0]
        assert {k: v for k, v in by_hand.items() if k[1] < 10} == found.to_dict()
    bought = events[events.behaviour == "buy"].groupby(["item_id", "period"])
    for name, column in (("units", "quantity"), ("gmv_minor", "value_minor")):
        found = pd.DataFrame(market.wide(name), index=ids).stack()
        assert {k: v for k, v in bought[column].sum().items() if k[1] < 10} == found[found > 0].to_dict()
    own = (
        events[(events.behaviour == "buy") & (events.brand == "b")]
        .groupby(["item_id", "period"])
        .consumer_key.nunique()
    )
    found = pd.DataFrame(market.wide("buyers"), index=ids).stack()
    assert {k: v for k, v in own.items() if k[1] < 10} == found[found > 0].to_dict()


def test_an_items_age_is_from_its_launch_else_from_its_first_sale(shop, market):
    first = shop.events[shop.events.behaviour == "buy"].groupby("item_id").day.min()
    for row in market.items.itertuples():
        launch = shop.items.set_index("item_id").launched_on[row.item_id]
        starts = launch if pd.notna(launch) else first.get(row.item_id)
        assert (pd.isna(row.age) and starts is None) or row.age == (shop.day - starts).days
        assert row.censored == (pd.isna(launch) and starts is not None and (starts - shop.opened).days < 21)
    assert market.items.censored.any() and not market.items.censored.all()
    assert set(market.items.category) == {"tea", "milk", ""}


def test_only_what_was_known_then_counts(shop):
    early = shop.day - dt.timedelta(days=40)
    one = item_market.market(shop.warehouse.until(early), "b", shop.rules, early)
    other = item_market.market(shop.warehouse, "b", shop.rules, early)
    assert one.cells.gmv_minor.sum() == other.cells.gmv_minor.sum() > 0
    assert one.seen("sales") == one.periods and one.ends(1) == early - dt.timedelta(days=14)
    unseen = item_market.Market(one.day, 14, one.periods, one.items, one.cells.assign(views=0))
    assert unseen.seen("views") == 0
