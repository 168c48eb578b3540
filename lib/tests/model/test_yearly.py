"""Forecasts from earlier years: they find the rule that made the data, say how far off they are, and learn from the past only."""

import numpy as np
import pandas as pd
import pytest

from apex.model import outlook
from apex.model.yearly import METHODS, backtest, yearly

BRANDS = [f"b{n:02}" for n in range(24)]


def world(rng, level_weight=1.0, noise=0.1, years=4, count=400.0):
    """A frame of `same_days`: windows are level × season × noise; levels wander, last year's window tells what is left."""
    rows, size = [], np.exp(rng.normal(0, 0.8, len(BRANDS))) * count
    level = size * np.exp(rng.normal(0, 0.3, (years + 1, len(BRANDS))).cumsum(0))
    season = np.exp(rng.normal(0.3, 0.05, years + 1))
    own = np.exp(rng.normal(0, 0.2, len(BRANDS)))  # how much a brand departs from the season, every year
    window = level**level_weight * size ** (1 - level_weight) * season[:, None] * own
    window *= np.exp(rng.normal(0, noise, window.shape))
    for measure, factor in (("gmv_minor", 10_000.0), ("new_consumers", 0.2)):
        for year in range(years):
            for side, at in (("now", years - year), ("before", years - year - 1)):
                value = window[at] * factor if (year, side) != (0, "now") else np.full(len(BRANDS), np.nan)
                value = np.round(value) if measure == "new_consumers" else value
                rows.append(pd.DataFrame({"year": year, "side": side, "brand": BRANDS, "measure": measure, "value": value,
                                          "kept": 0.0, "level": level[at] * factor}))  # fmt: skip
    return pd.concat(rows, ignore_index=True), window[years] * 10_000.0


def test_it_beats_last_year_where_levels_move_and_its_intervals_hold():
    inside, error, naive, n = 0, 0.0, 0.0, 0
    for seed in range(40):
        frame, came = world(np.random.default_rng(seed))
        for brand in BRANDS[:3]:
            made = yearly(frame, brand)
            truth = came[BRANDS.index(brand)]
            low, high = outlook.of_years(made, np.random.default_rng(seed)).interval("gmv_minor")
            inside, n = inside + (low <= truth <= high), n + 1
            error += abs(np.log(truth / made.middle["gmv_minor"]))
            naive += abs(np.log(truth / made.voices.loc["gmv_minor", "last_year"]))
    assert 0.72 < inside / n < 0.88, inside / n
    assert error < 0.75 * naive


def test_joint_odds_are_between_the_product_and_the_least_of_them():
    frame, _ = world(np.random.default_rng(3), noise=0.3)
    made = outlook.of_years(yearly(frame, "b00"), np.random.default_rng(0))
    goals = {m: made.quantile(m, 0.5) for m in made.measures}
    odds = made.odds(goals)
    product = odds["gmv_minor"] * odds["new_consumers"]
    assert product + 0.03 < odds["all"] <= min(odds["gmv_minor"], odds["new_consumers"])


def test_what_counts_already_counts_in_odds_and_forecast():
    frame, _ = world(np.random.default_rng(4))
    frame.loc[frame.measure == "new_consumers", "measure"] = "aac"
    frame.loc[frame.measure == "aac", "kept"] = 1000.0
    made = outlook.of_years(yearly(frame, "b00"), np.random.default_rng(0))
    assert made.middle("aac") > 1000 and made.odds({"aac": 1000.0})["aac"] > 0.999
    assert made.interval("aac")[0] > 1000


def test_no_earlier_year_no_brand_no_forecast():
    frame, _ = world(np.random.default_rng(5))
    assert yearly(frame.iloc[:0], "b00") is None
    assert yearly(frame[frame.year == 0], "b00") is None, "nothing teaches"
    assert yearly(frame[frame.brand != "b00"], "b00") is None
    assert yearly(frame[frame.measure != "gmv_minor"], "b00") is None


def test_the_back_test_looks_at_still_earlier_years_only():
    frame, _ = world(np.random.default_rng(6))
    tested = backtest(frame)
    assert set(tested.method) == set(METHODS) and set(tested.year) == {1, 2}
    spoiled = frame.copy()
    spoiled.loc[(spoiled.year == 1) & (spoiled.side == "now"), "value"] *= 3
    again = backtest(spoiled)
    old, new = (t[t.year == 2].reset_index(drop=True) for t in (tested, again))
    pd.testing.assert_frame_equal(old, new)
    same = [t[t.year == 1].drop(columns="actual").reset_index(drop=True) for t in (tested, again)]
    pd.testing.assert_frame_equal(*same)
    assert backtest(frame.iloc[:0]).empty


def test_small_brands_stray_more():
    frame, _ = world(np.random.default_rng(7), count=15.0)
    sizes = (
        frame[(frame.year == 0) & (frame.side == "before") & (frame.measure == "gmv_minor")].set_index("brand").value
    )
    scales = pd.Series({b: yearly(frame, b).scale["new_consumers"] for b in BRANDS})
    assert scales[sizes.idxmin()] > scales[sizes.idxmax()]
    assert scales.corr(np.log(sizes), method="spearman") == pytest.approx(-1, abs=0.35)
