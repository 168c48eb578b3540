"""What was known of launches and of items that are no hits yet, counted again in plain Python; nothing of the future is in it."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from apex.measure import item_market, item_starts

LEN = 14
KINDS = {"buy": "sales", "view": "views", "cart": "carts", "favourite": "favourites", "sample": "samples"}


@pytest.fixture(scope="module")
def market(shop):
    return item_market.market(shop.warehouse, "b", shop.rules, shop.day)


@pytest.fixture(scope="module")
def starts(shop, market):
    return item_starts.starts(shop.warehouse, market, shop.rules)


def sold(shop, items, first, last):
    rows = shop.events[(shop.events.behaviour == "buy") & shop.events.item_id.isin(items)]
    return rows[(rows.day >= first) & (rows.day <= last)].groupby("item_id").size()


def standard_by_hand(shop, category, period):
    last = shop.day - dt.timedelta(days=LEN * period)
    same = shop.items[shop.items.category.fillna("") == category].item_id
    counts = sold(shop, same, last - dt.timedelta(days=LEN - 1), last)
    return max(counts.quantile(0.6), 3) if len(counts) else np.inf


def test_first_days_are_counted_as_by_hand(shop, starts):
    assert set(starts.days) == {3, 7} and len(starts) > 20
    about = shop.items.set_index("item_id")
    bought = shop.events[shop.events.behaviour == "buy"]
    first_sale, debut = bought.groupby("item_id").day.min(), bought.groupby(["brand", "consumer_key"]).occurred_at.min()
    for row in starts.itertuples():
        launch = about.launched_on[row.item_id]
        begin = launch if pd.notna(launch) else first_sale[row.item_id]
        assert row.known_on == (shop.day - begin).days - row.days >= 0
        mine = shop.events[shop.events.item_id == row.item_id]
        early = mine[(mine.day >= begin) & (mine.day < begin + dt.timedelta(days=row.days))]
        for kind, name in KINDS.items():
            assert getattr(row, name) == (early.behaviour == kind).sum(), (row.item_id, name)
        buys = early[early.behaviour == "buy"]
        assert row.buyers == buys.consumer_key.nunique()
        new = {who for who, at in zip(buys.consumer_key, buys.occurred_at, strict=True) if debut[row.brand, who] == at}
        assert row.new_buyers == len(new)


def test_a_launch_is_judged_by_the_period_that_ends_on_its_day(shop, starts):
    checked = 0
    for row in starts[starts.days == 3].itertuples():
        begin = shop.day - dt.timedelta(days=row.known_on + 3)
        age = (shop.day - begin).days
        if age < 28:
            assert pd.isna(row.hit)
            continue
        later = sold(shop, [row.item_id], begin + dt.timedelta(days=14), begin + dt.timedelta(days=27)).sum()
        middle = max(age - 28 + 7, 0) // LEN
        assert row.hit == (later >= standard_by_hand(shop, row.category, middle))
        checked += 1
    assert checked > 8 and starts.hit.any() and not starts.hit.dropna().all()


def test_the_brands_size_and_the_standard_are_those_of_whole_periods_before(shop, starts):
    of_brand = shop.items.groupby(["brand", shop.items.category.fillna("")]).item_id.apply(list)
    for row in starts.itertuples():
        age = row.known_on + row.days
        first = age // LEN + 1
        lasts = [shop.day - dt.timedelta(days=LEN * (first + n)) for n in range(3) if first + n < 10]
        mine = of_brand[row.brand, row.category]
        before = sum(sold(shop, mine, last - dt.timedelta(days=LEN - 1), last).sum() for last in lasts)
        assert row.brand_before == before
        assert row.standard == pytest.approx(standard_by_hand(shop, row.category, row.known_on // LEN + 1))


def test_climbers_are_no_hits_now_and_told_by_the_next_period(shop, market):
    found = item_starts.climbers(market, shop.rules)
    wide = {name: pd.DataFrame(market.wide(name), index=market.items.item_id) for name in (*KINDS.values(),)}
    standard = {(c, p): standard_by_hand(shop, c, p) for c in ("tea", "milk", "") for p in range(10)}
    rows = {(row.item_id, row.period): row for row in found.itertuples()}
    category = dict(zip(market.items.item_id, market.items.category, strict=True))
    for item in market.items.item_id:
        sales, views = wide["sales"].loc[item], wide["views"].loc[item]
        for period in range(8):
            near = sum(sales[period + n] + views[period + n] for n in range(3)) >= 3
            asked = near and sales[period] < standard[category[item], period]
            assert asked == ((item, period) in rows), (item, period)
            if not asked:
                continue
            row = rows[item, period]
            assert (row.sales, row.sales_1, row.sales_2) == tuple(sales[period + n] for n in range(3))
            assert row.views_1 == views[period + 1] and row.standard == pytest.approx(standard[category[item], period])
            assert row.was_hit == any(sales[period + n] >= standard[category[item], period + n] for n in (1, 2))
            if period:
                assert row.hit == (sales[period - 1] >= standard[category[item], period - 1])
            else:
                assert pd.isna(row.hit)
    assert len(rows) > 60 and found.hit.any()


def test_hits_now_are_those_that_reach_the_standard(shop, market):
    last = sold(shop, shop.items.item_id, shop.day - dt.timedelta(days=LEN - 1), shop.day)
    category = shop.items.set_index("item_id").category.fillna("")
    by_hand = {i for i, n in last.items() if n >= standard_by_hand(shop, category[i], 0)}
    assert set(item_starts.hits_now(market, shop.rules)) == by_hand and by_hand
    climbing = item_starts.climbers(market, shop.rules)
    assert not by_hand & set(climbing.item_id[climbing.period == 0])


def test_what_comes_later_changes_no_signal(shop):
    """The same forecasts, seen from a later day: signals are the same, only outcomes become known."""
    early = shop.day - dt.timedelta(days=28)
    seen = {}
    for day in (early, shop.day):
        market = item_market.market(shop.warehouse.until(day), "b", shop.rules, day)
        frame = item_starts.starts(shop.warehouse.until(day), market, shop.rules)
        made = [day - dt.timedelta(days=int(n)) for n in frame.known_on]
        seen[day] = frame.assign(made=made).set_index(["item_id", "days", "made"])
    both = seen[early].index.intersection(seen[shop.day].index)
    signals = [*KINDS.values(), "buyers", "new_buyers"]
    assert len(both) > 10 and seen[early].loc[both, signals].equals(seen[shop.day].loc[both, signals])
    known = [frame.loc[both, "hit"].notna() for frame in (seen[early], seen[shop.day])]
    assert (known[1] | ~known[0]).all() and known[1].sum() > known[0].sum()


def test_where_views_begin_late_launches_before_are_left_out(shop, market, starts):
    cells = market.cells.assign(views=market.cells.views.where(market.cells.period < 6, 0))
    late = item_market.Market(market.day, LEN, market.periods, market.items, cells)
    frame = item_starts.starts(shop.warehouse, late, shop.rules)
    assert len(frame) and (frame.known_on + frame.days < 6 * LEN).all() and len(frame) < len(starts)
    early = item_market.Market(market.day, LEN, 1, market.items, cells[cells.period < 1])
    assert item_starts.climbers(early, shop.rules).empty
