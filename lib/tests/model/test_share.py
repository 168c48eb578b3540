"""Shares of a market: intervals that cover on simulated consumers, where the interval of independent orders does not."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from apex.measure.share import SUMS, compare
from apex.model import share as model

NOW, BEFORE = (dt.date(2024, 2, 1), dt.date(2024, 2, 28)), (dt.date(2024, 1, 4), dt.date(2024, 1, 31))
COMPARED = compare(dt.date(2024, 1, 4), dt.date(2024, 2, 28), 28)
assert (COMPARED.now, COMPARED.before) == (NOW, BEFORE)


def frame(tables, windows=(NOW, BEFORE)):
    """Arrays (buckets, SUMS), one a window, as the frame of `measure.share.by_bucket`."""
    parts = [
        pd.DataFrame(table, columns=SUMS).assign(first_day=w[0], last_day=w[1], bucket=range(len(table)), others=9)
        for table, w in zip(tables, windows, strict=True)
    ]
    return pd.concat(parts, ignore_index=True)


def world(dice, consumers=2000, kept=0.9, loved=0.3):
    """One draw of consumers with tastes of their own: (window, consumer) money in all and with us, and orders of both."""
    taste = dice.beta(loved * 0.6, (1 - loved) * 0.6, consumers)
    rate = dice.gamma(0.8, 1.5, consumers)
    worth = dice.lognormal(0, 0.8, consumers) * 1000
    orders = dice.poisson(rate, (2, consumers))
    ours = np.stack([dice.binomial(orders[0], taste * kept), dice.binomial(orders[1], taste)])
    return orders * worth, ours * worth, orders, ours


def buckets(money, ours):
    """(buckets, SUMS) of one window, consumers dealt into a hundred buckets."""
    deal = np.arange(len(money)) % 100
    columns = (money, ours, money > 0, ours > 0)
    return np.stack([np.bincount(deal, weights=c.astype(float), minlength=100) for c in columns], axis=1)


TRUTH = 0.3 * 0.9 - 0.3  # tastes are independent of how much is bought


def test_the_change_of_a_share_is_covered_and_not_with_windows_taken_for_independent():
    """1,000 markets of 2,000 consumers; who forgets that the same consumers buy in both windows is far too unsure."""
    dice, hits, wrong, widths = np.random.default_rng(11), 0, 0, []
    for _ in range(1000):
        money, ours, *_ = world(dice)
        tables = [buckets(money[0], ours[0]), buckets(money[1], ours[1])]
        found = model.interval(np.hstack(tables), lambda s: s[..., 1] / s[..., 0] - s[..., 5] / s[..., 4], 500)
        hits += found.low <= TRUTH <= found.high
        widths.append(found.high - found.low)
        errors = [model.jackknife(table, lambda s: s[..., 1] / s[..., 0])[1] for table in tables]
        wrong += abs(found.value - TRUTH) <= 1.98 * np.hypot(*errors)
    assert 0.935 <= hits / 1000 <= 0.965
    assert wrong / 1000 > 0.965, "a method that takes windows for independent must not pass"
    many = [world(dice)[:2] for _ in range(200)]
    spread = np.std([o[0].sum() / m[0].sum() - o[1].sum() / m[1].sum() for m, o in many])
    assert np.median(widths) <= 1.25 * 2 * 1.96 * spread


def test_the_share_itself_is_covered_and_not_by_independent_orders():
    """1,000 markets; the known-wrong interval takes every order for a draw of its own (a binomial)."""
    dice, hits, wrong = np.random.default_rng(12), 0, 0
    for _ in range(1000):
        money, ours, orders, our_orders = world(dice, consumers=1500, loved=0.1, kept=1.0)
        found = model.interval(buckets(money[0], ours[0]), lambda s: s[..., 1] / s[..., 0], 500, share=True)
        assert 0 < found.low < found.value < found.high < 1
        hits += found.low <= 0.1 <= found.high
        share, of = our_orders[0].sum() / orders[0].sum(), orders[0].sum()
        wrong += abs(share - 0.1) <= 1.96 * np.sqrt(share * (1 - share) / of)
    assert 0.935 <= hits / 1000 <= 0.965
    assert wrong / 1000 < 0.9, "a method that takes orders for draws must not pass"


def test_shares_and_changes_of_known_sums():
    dice = np.random.default_rng(1)
    tables = [dice.integers(1, 50, (100, 4)).astype(float) for _ in range(2)]
    for table in tables:
        table[:, 0] += table[:, 1]
        table[:, 2] += table[:, 3]
    sizes = model.shares(frame(tables)).set_index(["first_day", "last_day"])
    now, before = (table.sum(axis=0) for table in tables)
    assert sizes.loc[NOW].share == pytest.approx(now[1] / now[0])
    assert sizes.loc[NOW].buyer_share == pytest.approx(now[3] / now[2])
    assert sizes.loc[NOW].buyers_else == now[2] - now[3]
    change = model.changes(frame(tables), NOW, BEFORE).set_index("measure")
    assert change.value["category"] == pytest.approx(now[0] / before[0] - 1)
    assert change.value["brand"] == pytest.approx(now[1] / before[1] - 1)
    assert change.value["share"] == pytest.approx(now[1] / now[0] - before[1] / before[0])
    assert (change.low < change.value).all() and (change.value < change.high).all()
    both = model.against(frame(tables), COMPARED)
    assert list(both.columns)[:2] == ["against", "measure"] and set(both.against) == {"before"}


def test_the_split_adds_up_and_tells_market_from_share():
    tables = [np.tile([120.0, 30.0, 6.0, 2.0], (100, 1)), np.tile([100.0, 30.0, 5.0, 2.0], (100, 1))]
    sizes = model.shares(frame(tables))
    parts = model.split(sizes, COMPARED)
    assert parts.gmv_minor.sum() == pytest.approx(0) and parts.gmv_minor[parts.part == "market"].sum() > 0
    dice = np.random.default_rng(2)
    for _ in range(20):
        random = [np.sort(dice.integers(1, 99, (100, 4)), axis=1)[:, [3, 2, 1, 0]].astype(float) for _ in range(2)]
        sizes = model.shares(frame(random))
        keyed = sizes.set_index(["first_day", "last_day"]).gmv_brand_minor
        assert model.split(sizes, COMPARED).gmv_minor.sum() == pytest.approx(keyed[NOW] - keyed[BEFORE])
    grown = [2 * tables[1], tables[1]]  # everything twice: all of it is the market's buyers
    alone = model.split(model.shares(frame(grown)), COMPARED).set_index("factor").gmv_minor
    assert alone["category_buyers"] == pytest.approx(3000) and alone.drop("category_buyers").abs().max() < 1e-9


@pytest.mark.parametrize("ours", [0.0, 0.1])
def test_too_few_buyers_have_no_interval(ours):
    """A tenth of a buyer in each bucket: ten in all."""
    table = np.tile([100.0, 100 * ours, 10.0, ours], (100, 1))
    sizes = model.shares(frame([table], [NOW]))
    assert sizes.low.isna().all() and sizes.share.iloc[0] == pytest.approx(ours)


def test_a_brand_that_stopped_selling_lost_all_of_it_and_empty_windows_say_nothing():
    sold, none = np.tile([100.0, 30.0, 5.0, 2.0], (100, 1)), np.tile([100.0, 0.0, 5.0, 0.0], (100, 1))
    change = model.changes(frame([none, sold]), NOW, BEFORE).set_index("measure")
    assert change.value["brand"] == -1 and np.isnan(change.low["brand"]) and change.value["share"] == -0.3
    assert model.changes(frame([sold, 0 * sold]), NOW, BEFORE).empty
    assert model.changes(frame([sold], [NOW]), NOW, BEFORE).empty
    assert model.split(model.shares(frame([none, sold])), COMPARED).empty
    assert model.split(model.shares(frame([sold], [NOW])), COMPARED).empty
    assert model.against(frame([sold], [NOW]), compare(NOW[1], NOW[1], 28)).empty
