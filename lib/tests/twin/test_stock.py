"""Stock: gaps leave something on sale, and units on hand follow from what was sold and delivered."""

import numpy as np
import pytest

from twin import stock


@pytest.fixture(scope="module")
def out(market):
    return stock.outages(market.spec, market.seed, market.calendar, market.items["launch"])


@pytest.fixture(scope="module")
def sold(market, out):
    """Purchases as a market of some size has them: none of what is not there."""
    launch, days = market.items["launch"], market.calendar.days
    dice = np.random.default_rng(3)
    rate = dice.gamma(0.6, 2.0, (launch.size, 1)) * np.where(market.rules.phase == 3, 6, 1)
    there = (np.arange(days) >= launch.reshape(-1, 1)) & ~out.reshape(days, -1).T
    return dice.poisson(rate) * there


def test_one_launched_item_of_a_brand_is_always_there(market, out):
    launched = np.arange(market.calendar.days)[:, None, None] >= market.items["launch"]
    assert (launched & ~out).any(axis=2).all()
    assert not (out & ~launched).any()
    one = np.where(np.arange(8) == 2, -100, market.calendar.days)[None, :].repeat(3, axis=0)
    assert not stock.outages(market.spec, 1, market.calendar, one).any()


def test_gaps_are_some_a_year_of_three_to_twenty_days(market, out):
    flat = out.reshape(len(out), -1)
    edges = np.diff(np.pad(flat.astype(int), ((1, 1), (0, 0))), axis=0)
    begin, end = (np.argwhere((edges == sign).T)[:, 1] for sign in (1, -1))
    long = end - begin
    assert long[end < len(out)].min() >= 3
    assert long.max() <= 20
    per_year = len(long) / out.shape[1] / (len(out) / 365)
    assert 2.5 < per_year < 4.5


def test_gaps_follow_bursts(market):
    week = np.zeros(market.calendar.days, bool)
    for p in market.calendar.promotions:
        last = p.days("burst")[1]
        week[last + 1 : last + 8] = True
    begins = np.zeros(market.calendar.days)
    for seed in range(5):
        out = stock.outages(market.spec, seed, market.calendar, market.items["launch"])
        begins[1:] += (out[1:] & ~out[:-1]).sum(axis=(1, 2))
    assert begins[week].mean() > 2.5 * begins[~week].mean()


def test_units_follow_from_yesterday_sales_and_deliveries(market, out, sold):
    units, came = stock.levels(market.spec, 5, market.calendar, sold, out, market.items["launch"])
    begin, days = market.calendar.observed, market.calendar.days
    launch = market.items["launch"].reshape(-1, 1)
    empty = (out.reshape(days, -1).T | (np.arange(days) < launch))[:, begin:]
    assert (units[empty] == 0).all()
    assert (units[~empty] > 0).all()
    assert (came >= 0).all()
    left = units[:, :-1] - sold[:, begin + 1 :] + came[:, 1:] - units[:, 1:]
    first = empty[:, 1:] & ~empty[:, :-1]
    assert (left[~first] == 0).all()
    assert (left[first] == 1).all()  # the one piece that is taken off the shelf
    assert first.sum() > 100


def test_deliveries_come_now_and_then_and_cover_some_weeks(market, out, sold):
    units, came = stock.levels(market.spec, 5, market.calendar, sold, out, market.items["launch"])
    busy = sold[:, market.calendar.observed :].mean(axis=1) > 2
    assert 0.03 < (came[busy] > 0).mean() < 0.4
    cover = units[busy].mean(axis=1) / sold[busy, market.calendar.observed :].mean(axis=1)
    assert 10 < np.median(cover) < 80


def test_what_is_not_there_cannot_be_sold(market, out, sold):
    item, day = np.argwhere(out.reshape(len(out), -1).T[:, market.calendar.observed :])[0]
    wrong = sold.copy()
    wrong[item, market.calendar.observed + day] = 1
    with pytest.raises(ValueError, match="not in stock"):
        stock.levels(market.spec, 5, market.calendar, wrong, out, market.items["launch"])


def test_the_table_has_a_row_for_each_day_since_the_launch(market, out, sold):
    table = stock.on_hand(market.spec, 5, market.calendar, sold, out, market.items["launch"]).to_pandas()
    since = np.minimum(
        market.calendar.days - market.items["launch"], market.calendar.days - market.calendar.observed
    ).ravel()
    rows = table.groupby("item_id").size()
    assert rows["b00-i0"] == since[0]
    assert len(table) == since.sum()
    assert (table.units == 0).sum() == out[market.calendar.observed :].sum()
