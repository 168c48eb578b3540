"""Price and mix between two windows: Fisher's index by hand, the same both ways, and what each of them leaves alone."""

import datetime as dt

import pandas as pd
import pytest

from apex.measure import baskets


def frame(then, now):
    """item → (units, money a unit) in each window."""
    rows = [(p, item, u, u * m) for p, side in (("then", then), ("now", now)) for item, (u, m) in side.items()]
    return pd.DataFrame(rows, columns=["period", "item_id", "units", "gmv_minor"])


def test_fisher_s_index_by_hand():
    found = baskets.level(frame({"a": (10, 100), "b": (5, 200)}, {"a": (4, 110), "b": (20, 150)}), "then", "now")
    laspeyres, paasche = (10 * 110 + 5 * 150) / (10 * 100 + 5 * 200), (4 * 110 + 20 * 150) / (4 * 100 + 20 * 200)
    assert found.price == pytest.approx((laspeyres * paasche) ** 0.5)
    assert found.price * found.mix == pytest.approx((3440 / 24) / (2000 / 15)) and (found.items, found.share) == (2, 1)


def test_what_moves_is_price_or_mix_and_the_way_back_is_the_inverse():
    base = {"a": (10, 100), "b": (5, 200)}
    dearer = baskets.level(frame(base, {"a": (10, 110), "b": (5, 220)}), "then", "now")
    assert (dearer.price, dearer.mix) == (pytest.approx(1.1), pytest.approx(1))
    other = baskets.level(frame(base, {"a": (2, 100), "b": (9, 200), "c": (3, 700)}), "then", "now")
    assert other.price == pytest.approx(1) and other.mix > 2 and other.items == 2
    assert other.share == pytest.approx(2000 / 4100)
    there = frame({"a": (10, 100), "b": (5, 200), "x": (1, 50)}, {"a": (3, 90), "b": (9, 260), "c": (3, 700)})
    one, two = baskets.level(there, "then", "now"), baskets.level(there, "now", "then")
    assert (one.price * two.price, one.mix * two.mix) == (pytest.approx(1), pytest.approx(1))
    cheap = baskets.level(frame(base, {"a": (100, 100), "b": (1, 200)}), "then", "now")
    naive = (10_200 / 101) / (2000 / 15)  # money a unit alone: the known-wrong index
    assert cheap.price == pytest.approx(1) and naive < 0.8


def test_windows_without_a_common_item_tell_nothing():
    assert baskets.level(frame({"a": (1, 5)}, {"b": (1, 5)}), "then", "now") is None
    assert baskets.level(frame({}, {"b": (1, 5)}), "then", "now") is None
    assert baskets.level(frame({"a": (1, 0)}, {"a": (1, 5)}), "then", "now") is None, "given away then"


def test_what_was_sold_against_a_loop(shop):
    windows = {"then": (shop.day(50), shop.day(199)), "now": (shop.day(200), shop.day(349))}
    found = baskets.sold(shop.warehouse, "b", windows)
    truth = {}
    for row in shop.log[(shop.log.brand == "b") & (shop.log.behaviour == "buy")].itertuples():
        for name, (first, last) in windows.items():
            if first <= row.day <= last:
                units, money = truth.get((name, row.item_id), (0, 0))
                truth[name, row.item_id] = units + int(row.quantity), money + int(row.value_minor)
    assert {(r.period, r.item_id): (r.units, r.gmv_minor) for r in found.itertuples()} == truth and len(truth) == 6
    assert baskets.sold(shop.warehouse, "b", {"now": (dt.date(2020, 1, 1), dt.date(2020, 1, 2))}).empty
