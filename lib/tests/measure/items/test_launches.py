"""Launches day by day, counted again in plain pandas."""

import datetime as dt

import numpy as np
import pytest

from apex.measure import item_market, launches


@pytest.fixture(scope="module")
def market(shop):
    return item_market.market(shop.warehouse, "b", shop.rules, shop.day)


@pytest.fixture(scope="module", autouse=True)
def early():
    """Ten days before a launch are enough in this small shop."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(launches, "BEFORE", 10)
        yield


@pytest.fixture(scope="module")
def known(shop, market):
    return launches.launches(shop.warehouse, market)


def bought(shop):
    return shop.events[shop.events.behaviour == "buy"]


def test_a_launch_is_the_listed_day_or_the_first_sale_after_the_burn_in(shop, known):
    first, about = bought(shop).groupby("item_id").day.min(), shop.items.set_index("item_id").launched_on
    begins = {i: about[i] if about[i] == about[i] and about[i] is not None else first.get(i) for i in about.index}
    listed = {i for i in about.index if isinstance(about[i], dt.date)}
    earliest = shop.opened + dt.timedelta(days=launches.BEFORE)
    burnt = shop.opened + dt.timedelta(days=shop.rules.burn_in_days)
    wanted = {
        i for i, d in begins.items() if d is not None and earliest <= d <= shop.day and (i in listed or d >= burnt)
    }
    assert set(known.frame.item_id) == wanted and len(wanted) >= 6
    for row in known.frame.itertuples():
        assert row.launched == begins[row.item_id] and row.dated == (row.item_id in listed)
        assert row.begins == (row.launched - shop.opened).days


def test_what_a_launch_sold_day_by_day_and_nothing_of_days_that_are_not_over(shop, known):
    rows = bought(shop)
    for n, of in enumerate(known.frame.itertuples()):
        mine, over = rows[rows.item_id == of.item_id], (shop.day - of.launched).days + 1
        for days in (0, 1, 2, 7, 28, 41, 66, 90):
            if days > over:
                assert np.isnan(known.units[n, days]) and np.isnan(known.money[n, days])
                continue
            early = mine[(mine.day >= of.launched) & (mine.day < of.launched + dt.timedelta(days=days))]
            assert known.units[n, days] == early.quantity.sum() and known.money[n, days] == early.value_minor.sum()


def test_prices_and_the_sales_of_brands_and_categories(shop, known):
    about = shop.items.assign(category=shop.items.category.fillna("")).set_index("item_id")
    rows = bought(shop).drop(columns=["brand", "category"]).join(about[["brand", "category"]], on="item_id")
    for n, of in enumerate(known.frame.itertuples()):
        price = about.list_price_minor[of.item_id]
        paid = known.money[n][~np.isnan(known.money[n])].max() / max(known.units[n][~np.isnan(known.units[n])].max(), 1)
        assert of.price == (
            price if price == price and price is not None and str(price) != "<NA>" else pytest.approx(paid)
        )
        until = shop.opened + dt.timedelta(days=40)
        same = rows[(rows.category == of.category) & (rows.day < until)]
        assert known.market[known.of_market[n], 40] == same.quantity.sum()
        assert known.sold[known.of_brand[n], 40] == same[same.brand == of.brand].quantity.sum()
        assert known.brands[of.brand, of.category] == known.of_brand[n]
    assert known.sold[-1].sum() == 0  # what is nowhere sold nothing


def test_an_earlier_day_knows_less_and_nothing_else(shop, market, known):
    day = shop.day - dt.timedelta(days=60)
    seen = shop.warehouse.until(day)
    then = launches.launches(seen, item_market.market(seen, "b", shop.rules, day))
    at = {item: n for n, item in enumerate(known.frame.item_id)}
    assert 0 < len(then) < len(known)
    for n, of in enumerate(then.frame.itertuples()):
        now, told = known.units[at[of.item_id]], ~np.isnan(then.units[n])
        assert (then.units[n][told] == now[told]).all() and told.sum() == min(
            (day - of.launched).days + 2, launches.DAYS + 1
        )
    assert (then.sold[then.brands["b", "tea"]] == known.sold[known.brands["b", "tea"]][: then.sold.shape[1]]).all()
