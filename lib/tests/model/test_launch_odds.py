"""Chances of a hit: those of the model of items, tested, and held against the base rate."""

import numpy as np
import pandas as pd
import pytest

from apex.measure.item_rules import Hits
from apex.model import hits, launch_odds
from apex.model.launch_odds import Score

ASKED = Hits(sales_percentile=0.95, least_sales=3, shop_share=0.2, first_days=[14], day=90, top=5)


def starts(seed=1, n=400, size=1.5):
    chance = np.random.default_rng(seed)
    brand, quality = chance.normal(size=(2, n))
    hit = chance.random(n) < 1 / (1 + np.exp(1 - size * brand - quality))
    known_on = 2 * np.arange(n)[::-1]
    return pd.DataFrame({
        "item_id": [f"i{k:03}" for k in range(n)], "brand": "b", "category": "tea", "days": 14, "known_on": known_on,
        "sales": chance.poisson(np.exp(1 + 0.5 * quality)), "views": 0, "carts": 0, "favourites": 0, "samples": 0, "buyers": 1,
        "new_buyers": 0, "brand_before": np.exp(3 + brand).round(), "standard": 10.0,
        "hit": pd.array(np.where(known_on + 14 >= 90, hit, None), "boolean"),
    })  # fmt: skip


def test_the_chance_is_that_of_the_model_of_items():
    frame = starts()
    known = frame.hit.notna()
    values = hits.early_signals(frame).to_numpy()
    told = hits.fit(values[known], frame.hit[known].to_numpy(bool)).chances(values[-1:])[0]
    found = launch_odds.odds(frame, frame.item_id.iloc[-1])
    assert (found.chance, found.low, found.high) == pytest.approx(tuple(told))
    assert found.base == frame.hit[known].mean() and found.learned == known.sum()


def test_one_that_is_not_on_sale_is_asked_with_what_its_brand_is():
    frame = starts().assign(sales=0)
    row = frame.tail(1).assign(item_id="", hit=pd.array([None], "boolean"))
    small, large = (launch_odds.odds(frame, row.assign(brand_before=n)) for n in (1, 400))
    assert small.chance < 0.2 < 0.7 < large.chance and small.low < small.chance < small.high


def test_too_few_hits_state_no_chance():
    frame = starts(n=60)
    frame["hit"] = frame.hit & (np.arange(60) < 5)
    found = launch_odds.odds(frame, "i059")
    assert np.isnan(found.chance) and 0 <= found.base < 0.2
    nobody = launch_odds.odds(frame.head(0), "x")
    assert np.isnan(nobody.base) and nobody.learned == 0
    assert (
        launch_odds.tested(frame.head(0), ASKED, 28).empty
        and launch_odds.reliability(launch_odds.tested(frame.head(0), ASKED, 28)).empty
    )
    assert np.isnan(launch_odds.score(launch_odds.tested(frame.head(0), ASKED, 28)).model)


def test_chances_of_past_launches_are_reliable_and_beat_the_base_rate():
    tests = pd.concat([launch_odds.tested(starts(seed), ASKED, 28) for seed in range(6)], ignore_index=True)
    found = launch_odds.score(tests)
    assert found.launches == len(tests) > 1500 and found.low > 0 and found.model < found.base
    assert found.gain == pytest.approx(found.base - found.model)
    bins = launch_odds.reliability(tests)
    assert bins.launches.sum() == len(tests) and bins.hits.sum() == tests.hit.sum()
    assert ((bins.low - 0.03 <= bins.stated) & (bins.stated <= bins.high + 0.03)).all()
    # known wrong: chances that are too sure
    sure = tests.assign(chance=1 / (1 + np.exp(-4 * np.log(tests.chance / (1 - tests.chance)))))
    wrong = launch_odds.reliability(sure)
    assert not ((wrong.low - 0.03 <= wrong.stated) & (wrong.stated <= wrong.high + 0.03)).all()
    assert launch_odds.score(sure).model > found.model


def test_the_base_rate_is_that_of_the_day():
    tests = launch_odds.tested(starts(), ASKED, 28)
    assert tests.base.nunique() > 5 and tests.base.between(0, 1).all()


def test_brier_by_hand():
    tests = pd.DataFrame({"chance": [0.2, 0.9], "base": [0.5, 0.5], "hit": [False, True]})
    found = launch_odds.score(tests)
    assert found.model == pytest.approx((0.04 + 0.01) / 2) and found.base == 0.25 and isinstance(found, Score)


@pytest.mark.parametrize(("some", "of"), [(0, 5), (3, 9), (7, 7)])
def test_the_interval_is_that_of_clopper_and_pearson(some, of):
    from statsmodels.stats.proportion import proportion_confint

    assert launch_odds.exact(some, of) == pytest.approx(proportion_confint(some, of, 0.05, "beta"), abs=1e-9)
