"""Launches and climbers held against best sellers, on made-up frames with a known answer."""

import numpy as np
import pandas as pd
import pytest

from apex.measure.item_rules import Hits
from apex.model import hit_tests

ASKED = Hits(sales_percentile=0.8, least_sales=3, first_days=[7, 14], day=60, top=5)


def launches(seed=1, n=400, size=1.5):
    """Brand size decides, views say something, sales of the first days hardly anything; one launch each two days."""
    chance = np.random.default_rng(seed)
    brand, quality = chance.normal(size=(2, n))
    hit = chance.random(n) < 1 / (1 + np.exp(2 - size * brand - quality))
    frames = []
    for days in (7, 14):
        views = chance.poisson(np.exp(1 + 0.6 * quality) * days / 7)
        known_on = 2 * np.arange(n)[::-1] - days
        frames.append(pd.DataFrame({
            "item_id": [f"i{k:03}" for k in range(n)], "brand": np.where(np.arange(n) % 9 == 0, "b", "c"), "category": "tea",
            "days": days, "known_on": known_on, "sales": chance.poisson(1 + views / 20), "views": views, "carts": 0,
            "favourites": 0, "samples": 0, "buyers": 1, "new_buyers": chance.integers(0, 2, n),
            "brand_before": np.exp(3 + brand).round(), "standard": 10.0,
            "hit": pd.array(np.where(known_on + days >= 60, hit, None), "boolean"),
        })[known_on >= 0])  # fmt: skip
    return pd.concat(frames, ignore_index=True)


def climbers(seed=2, n=200, periods=10):
    chance = np.random.default_rng(seed)
    frames = []
    for period in range(periods):
        quality = chance.normal(size=n)
        sales = chance.poisson(np.exp(1 + 0.1 * quality))
        hit = chance.random(n) < 1 / (1 + np.exp(3 - 1.5 * quality))
        frames.append(pd.DataFrame({
            "item_id": [f"i{k:03}" for k in range(n)], "brand": np.where(np.arange(n) % 9 == 0, "b", "c"), "category": "tea",
            "censored": False, "period": period, "sales": sales, "views": chance.poisson(np.exp(3 + quality)), "carts": 0,
            "favourites": 0, "samples": 0, "buyers": sales, "sales_1": chance.poisson(3, n), "sales_2": chance.poisson(3, n),
            "views_1": 5, "age": 100.0, "percentile": pd.Series(sales).rank(pct=True), "standard": 12.0,
            "was_hit": chance.random(n) < 0.3, "hit": pd.array(hit if period else [None] * n, "boolean"),
        }))  # fmt: skip
    return pd.concat(frames, ignore_index=True)


def test_the_model_finds_what_best_sellers_miss():
    found = hit_tests.launch_tests(launches(), ASKED, 60)
    at = found.set_index(["days", "ranking"])
    for days in (7, 14):
        assert at.precision[days, "model"] > at.precision[days, "sales"] + 0.1
        assert at.gain_low[days, "sales"] > 0 and at.origins[days, "model"] >= 5
        assert {"brand", "new", "views"} <= set(at.loc[days].index) and "carts" not in at.loc[days].index
    assert at.precision[7, "model"] <= at.ceiling[7, "model"] + 1e-9


def test_climbers_are_tested_all_and_without_those_that_were_hits_of_late():
    frame = climbers()
    found = hit_tests.climb_tests(frame, ASKED).set_index(["days", "ranking"])
    assert set(found.index.get_level_values("days")) == {hit_tests.NEXT, hit_tests.NEW}
    assert found.gain_low[hit_tests.NEXT, "sales"] > 0
    only = hit_tests.climb_tests(frame[~frame.was_hit], ASKED).set_index(["days", "ranking"])
    assert found.precision[hit_tests.NEW, "model"] == pytest.approx(only.precision[hit_tests.NEXT, "model"])
    both = hit_tests.joined(hit_tests.climb_tests(frame, ASKED), hit_tests.launch_tests(launches(), ASKED, 60))
    assert set(both.days) == {-1, 0, 7, 14} and not both.duplicated(["days", "ranking"]).any()


def test_the_outlook_is_of_our_items_whose_outcome_is_not_known():
    starts, others = launches(), climbers()
    told = hit_tests.outlook(starts, others, "b")
    open_ = starts[starts.hit.isna() & (starts.brand == "b")]
    assert set(told.item_id[told.days > 0]) == set(open_.item_id)
    latest = open_.groupby("item_id").days.max()
    assert told[told.days > 0].set_index("item_id").days.to_dict() == latest.to_dict(), (
        "the longest first days that are over"
    )
    assert set(told.item_id[told.days == 0]) == set(others.item_id[(others.period == 0) & (others.brand == "b")])
    assert told.chance.is_monotonic_decreasing and (told.low <= told.chance).all() and (told.chance <= told.high).all()
    assert (told[told.days == 0].learned == 9 * 200).all()
    first = told.item_id[0]
    without = hit_tests.outlook(starts, others, "b", [first])
    assert first not in set(without.item_id) and len(without) < len(told), "what is a hit already needs no forecast"


def test_too_few_hits_say_nothing():
    starts, others = launches(), climbers()
    none = starts.assign(hit=starts.hit & False)
    assert hit_tests.launch_tests(none, ASKED, 60).empty and "days" in hit_tests.launch_tests(none, ASKED, 60)
    assert hit_tests.outlook(none, others.iloc[:0], "b").empty
    assert hit_tests.climb_tests(others.iloc[:0], ASKED).empty
