"""Stated odds of goals, given what a plan buys, against what then happened in markets that nobody looked at before.

The model (priors of m and η, spread, goals) was made on seeds 1000 to 1029 and fixed; judged are 0 to 299. What a market knows on
the plan's day is tested to be the same whatever comes after.
"""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from apex.warehouse import open_warehouse
from truth import odds, odds_market

JUDGED = range(300)
SMALL = 900


def test_the_exact_test_is_the_binomial_one_where_all_odds_are_alike():
    for happened in (0, 3, 9):
        assert odds.exact([0.3] * 12, happened) == pytest.approx(binomtest(happened, 12, 0.3).pvalue)
    assert odds.exact([0.2, 0.9], 2) == pytest.approx(0.18 + 0.08) and odds.exact([], 0) == 1


def test_bins_hold_every_market_once_and_true_odds_pass():
    rng = np.random.default_rng(0)
    p = rng.random(4000)
    frame = pd.DataFrame({"ours": p, "happened": (rng.random(4000) < p).astype(float)})
    found = odds.bins(frame, "ours")
    assert found.n.sum() == 4000 and found.happened.sum() == frame.happened.sum() and found.p.min() > 0.01
    bold = odds.bins(frame.assign(ours=np.clip(p + 0.1, 0, 1)), "ours")
    assert bold.p.min() < 0.01


def test_goal_and_purchase_are_the_seeds_alone():
    drawn = [odds_market.drawn(seed) for seed in range(200)]
    more = np.array([d[0] for d in drawn])
    assert drawn[7] == odds_market.drawn(7) and (more > 0.5).all() and (more < 4).all()
    assert np.mean([d[1] for d in drawn]) == pytest.approx(0, abs=0.2)


@pytest.fixture(scope="module")
def lived(tmp_path_factory):
    return odds_market.live(1000, tmp_path_factory.mktemp("odds"), SMALL)


def test_the_warehouse_ends_on_the_plans_day_and_the_plan_adds_to_life_as_usual(lived):
    events = open_warehouse(lived.folder).table("events")
    assert events.filter(events.behaviour == "buy").occurred_at.date().max().execute().date() <= lived.plan_day
    assert lived.window[0] > lived.plan_day and lived.spent_minor > 0
    assert lived.came.buyers >= lived.as_usual.buyers


def test_a_market_is_told_the_same_when_it_is_asked_again_and_the_average_rate_promises_more(lived):
    again = odds_market.live(1000, lived.folder.parent, SMALL)
    assert again == lived
    said = [odds.stated(lived, odds.known(lived)) for _ in range(2)]
    assert said[0] == said[1] and said[0]["average"] >= said[0]["ours"]
    assert {t for t in odds.TELLERS if not 0 < said[0][t] < 1} == set()


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    return odds.judged(JUDGED, tmp_path_factory.mktemp("markets"))


@pytest.mark.slow  # 300 markets of 4,000 consumers, 5 seconds each: 25 minutes
def test_stated_odds_come_true_and_beat_both_rivals(judged):
    assert odds.bins(judged, "ours").p.min() > odds.LEAST_P
    scores = odds.brier(judged)
    assert scores.ours < scores.last_year and scores.ours < scores.own_growth


@pytest.mark.slow  # the same markets
def test_bought_stock_at_the_average_rate_fails(judged):
    assert odds.bins(judged, "average").p.min() < odds.LEAST_P
    assert odds.brier(judged).average > odds.brier(judged).ours
