"""Benefits: what holding one is worth, when they are offered, and the table's runs of days."""

import numpy as np
import pytest

from twin import benefits


@pytest.fixture(scope="module")
def offered(market):
    return benefits.offered(market.spec, market.seed, market.calendar, len(market.brands))


def test_response_differs_by_kind_and_person_and_is_negative_for_some(market):
    numbers, crowd = np.arange(1, 20_001), np.arange(20_000) % 9
    found = benefits.response(market.spec, 5, numbers, crowd)
    assert found.shape == (20_000, 4)
    assert found.dtype == np.float32
    within = np.mean([found[crowd == c].std(axis=0) for c in range(9)], axis=0)
    assert within == pytest.approx([k["own"] for k in market.spec["benefits"]["kinds"].values()], rel=0.03)
    share = (found < 0).mean(axis=0)
    assert (share > 0.02).all()
    assert (share < 0.6).all()
    assert np.abs(np.corrcoef((found[crowd == 0]).T) - np.eye(4)).max() < 0.08


def test_a_consumer_responds_alike_in_a_market_of_any_size(market):
    few = benefits.response(market.spec, 5, np.arange(11, 21), np.full(10, 3))
    many = benefits.response(market.spec, 5, np.arange(1, 101), np.full(100, 3))
    assert np.array_equal(few, many[10:20])
    assert not np.array_equal(few, benefits.response(market.spec, 6, np.arange(11, 21), np.full(10, 3)))


def test_a_promotion_offers_in_presale_and_warm_up_alone(market, offered):
    for p in market.calendar.promotions:
        for phase, first, last in p.phases:
            part = offered[first : last + 1]
            if phase in ("presale", "warm-up"):
                assert (part == part[0]).all()
                assert part[0].any(axis=1).all()
            else:
                assert not part.any()
    quiet = np.ones(len(offered), bool)
    for p in market.calendar.promotions:
        quiet[p.first : p.last + 1] = False
    weeks = [k["weeks"] for k in market.spec["benefits"]["kinds"].values()]
    assert offered[quiet].mean(axis=(0, 1)) == pytest.approx(weeks, abs=0.03)


def test_the_table_tells_the_same_days(market, offered):
    table = benefits.table(market.spec, market.calendar, offered, market.brands).to_pandas()
    assert not table.duplicated(["coupon_id", "first_day"]).any()
    seen = offered[market.calendar.observed :]
    days = table.last_day.map(market.calendar.number) - table.first_day.map(market.calendar.number) + 1
    assert days.sum() == seen.sum()
    again = np.zeros_like(offered)
    for row in table.itertuples():
        a, b = market.calendar.number(row.first_day), market.calendar.number(row.last_day)
        again[a : b + 1, market.brands.index(row.brand), benefits.kinds(market.spec).index(row.kind)] = True
    assert np.array_equal(again[market.calendar.observed :], seen)
    assert set(table.coupon_id[table.brand == "清禾"]) == {f"b00-{k}" for k in benefits.kinds(market.spec)}
    assert table[table.kind == "优惠券"].discount.eq(0.05).all()
    assert table[table.kind == "赠品"].value_minor.eq(1500).all()
