"""What scenes bring: mixes of channels, spread, joins, trials. Where truth is drawn, a wrong method must fail the same test."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest, norm

from apex.model import scenes as model

CELLS = ("O", "A")
ROWS = (
    "from_stage",
    "channel",
    "usual",
    "extra",
    "low",
    "high",
    "kind",
    "gmv_extra_minor",
    "gmv_low",
    "gmv_high",
    "cost_minor",
    "n",
)


def moves(*rows):
    return pd.DataFrame(rows, columns=ROWS)


def row(cell, channel, extra, half=0.0, n=100, cost=10.0, gmv=100.0, kind="credit"):
    return (
        cell,
        channel,
        0.05,
        extra,
        extra - half,
        extra + half,
        kind,
        gmv,
        gmv - half * 100,
        gmv + half * 100,
        cost,
        n,
    )


def known(frame, channels, draws=50, seed=0):
    return model.responses(frame, channels, CELLS, np.random.default_rng(seed), draws)


def test_a_scene_meets_people_as_its_channels_did():
    frame = moves(row("O", "feed", 0.02, n=300, cost=10), row("O", "live", 0.10, n=100, cost=30), row("O", "all", 0.5, n=400),
                  row("A", "feed", 0.04, kind="lift", n=900))  # fmt: skip
    found = known(frame, {"one": ["feed"], "both": ["feed", "live"], "none": ["radio"]})
    assert found.extra[0].tolist() == [0.02, 0.04]
    assert found.extra[1, 0] == pytest.approx((300 * 0.02 + 100 * 0.10) / 400) and found.cost[1, 0] == pytest.approx(15)
    assert found.n.tolist() == [[300, 900], [400, 900], [0, 0]] and found.fallback.tolist() == [False, False, True]
    assert found.kind.tolist() == ["lift", "lift", "prior"], "what is behind most contacts"
    assert np.isnan(found.cost[2]).all(), "rows over all channels stand in for nobody"
    people = np.array([[500.0, 0], [500, 0], [500, 0]])
    table = model.scores(found, people, model.capacity(found, people, 0.6, 10.0), 1.0)
    assert table.people.tolist() == [500, 500, 500] and table.moved[0] == pytest.approx(300 * 0.02)
    assert table.moved.isna().tolist() == [False, False, True] and table.pays.isna().tolist() == [False, False, True]


def test_a_channel_whose_cost_is_unknown_makes_the_scene_s_unknown():
    found = known(moves(row("O", "feed", 0.02), row("O", "live", 0.1, cost=None)), {"both": ["feed", "live"]})
    people = np.array([[100.0, 0]])
    table = model.scores(found, people, people, 1.0)
    assert table.cost_minor.isna().all() and table.cost_per_moved_minor.isna().all() and table.moved.notna().all()


def test_supply_bounds_whom_a_scene_can_meet():
    found = known(moves(row("O", "feed", 0.02, n=50)), {"one": ["feed"]})
    people = np.array([[1000.0, 1000.0]])
    assert model.capacity(found, people, 0.6, 0.5).tolist() == [[25, 0]]
    assert model.capacity(found, people, 0.6, 100.0).tolist() == [[600, 0]]


def test_an_effect_of_nought_has_a_price_without_end():
    found = known(moves(row("O", "feed", 0.01, half=0.05), row("A", "feed", -0.01, half=0.001)), {"one": ["feed"]}, 400)
    people = np.array([[1000.0, 0.0]])
    first = model.scores(found, people, people, 1.0).iloc[0]
    assert first.low < 0 < first.moved and np.isnan(first.per_high) and first.per_low > 0 and not first.told
    people = np.array([[0.0, 1000.0]])
    second = model.scores(found, people, people, 1.0).iloc[0]
    assert second.moved < 0 and np.isnan(second.cost_per_moved_minor)


def test_intervals_hold_the_truth_as_often_as_they_say():
    """200 markets of two channels whose truth lies around the estimate as its 80% interval says: moved people lie inside 80%.

    Wrong on purpose: the spread of the mix taken as the mean of the channels' spreads, as if they erred together.
    """
    dice, inside, wrong = np.random.default_rng(5), 0, 0
    for market in range(200):
        se, estimate, n = dice.uniform(0.002, 0.02, 4), dice.normal(0.05, 0.03, 4), dice.integers(50, 500, 4)
        truth = estimate + se * dice.standard_normal(4)
        places = [("O", "x"), ("O", "y"), ("A", "x"), ("A", "y")]
        rows = [row(*p, e, half=norm.ppf(0.9) * s, n=k) for p, e, s, k in zip(places, estimate, se, n, strict=True)]
        found = known(moves(*rows), {"both": ["x", "y"]}, 300, market)
        people = dice.integers(100, 5000, (1, 2)).astype(float)
        share = np.array([n[:2] / n[:2].sum(), n[2:] / n[2:].sum()])
        moved, half = (float((people[0] * (share * x.reshape(2, 2)).sum(1)).sum()) for x in (truth, norm.ppf(0.9) * se))
        told = model.scores(found, people, people, 1.0).iloc[0]
        inside += told.low <= moved <= told.high
        wrong += abs(told.moved - moved) <= half
    assert binomtest(inside, 200, 0.8).pvalue > 0.01 > binomtest(wrong, 200, 0.8).pvalue, (inside, wrong)


def test_scenes_through_one_channel_are_right_or_wrong_together():
    found = known(
        moves(row("O", "x", 0.05, 0.02), row("O", "y", 0.05, 0.02)), {"a": ["x"], "b": ["x"], "c": ["y"]}, 2000
    )
    drawn = found.extra_draws[:, :, 0]
    assert np.corrcoef(drawn[:, 0], drawn[:, 1])[0, 1] == pytest.approx(1)
    assert abs(np.corrcoef(drawn[:, 0], drawn[:, 2])[0, 1]) < 0.1


def test_joins_are_a_share_of_those_brought_to_buy():
    plain = known(moves(row("O", "x", 0.10, 0.01), row("A", "x", 0.10, 0.01)), {"join": ["x"], "buy": ["x"]}, 4000)
    found = model.with_joins(plain, "join", model.Joining(300, 700, (500.0, 50.0)), np.random.default_rng(1))
    assert found.extra[0, 0] == pytest.approx(0.1 * 300.5 / 1001) and found.extra[1, 0] == 0.1
    assert found.gmv[0, 0] == pytest.approx(100 + 0.1 * 300.5 / 1001 * 500)
    assert found.gmv_draws[:, 0, 0].mean() == pytest.approx(found.gmv[0, 0], abs=0.5)
    assert (found.extra_draws[:, 1] == plain.extra_draws[:, 1]).all()
    nobody = model.with_joins(plain, "join", model.Joining(0, 0), np.random.default_rng(1))
    assert np.isfinite(nobody.extra_draws).all()


def test_families_share_people_and_channels_and_are_led_by_one_that_is_ready():
    channels = {"a": ["x", "y"], "b": ["y", "x"], "c": ["x"], "d": ["x", "y"]}
    audiences = dict.fromkeys("abc", "warm") | {"d": "cold"}
    cells = dict.fromkeys("abcd", ("O",))
    ready = {"a": False, "b": True, "c": False, "d": False}
    assert model.families(channels, audiences, cells, ready) == {"a": "b", "b": "b", "c": "c", "d": "d"}


def test_a_trial_of_that_size_tells_the_effect_as_often_as_its_power_says():
    """2,000 trials drawn at the size given: the effect is told in 80% of them; with half the people in fewer."""
    made = model.trial(0.10, 0.001, 30.0, 1000.0, 0.05, 0.8)
    assert made.effect == pytest.approx(0.03), "what pays: cost by margin per person moved"
    assert made.cost_minor == pytest.approx(made.each_arm * 30.0)

    def told(n, dice):
        a, b = dice.binomial(n, 0.13, 2000) / n, dice.binomial(n, 0.10, 2000) / n
        return (np.abs(2 * np.arcsin(np.sqrt(a)) - 2 * np.arcsin(np.sqrt(b))) > norm.ppf(0.975) * np.sqrt(2 / n)).sum()

    dice = np.random.default_rng(2)
    assert binomtest(int(told(made.each_arm, dice)), 2000, 0.8).pvalue > 0.01
    assert binomtest(int(told(made.each_arm // 2, dice)), 2000, 0.8).pvalue < 0.01


@pytest.mark.parametrize(
    ("usual", "gain", "cost", "margin"),
    [(0.1, -0.01, float("nan"), float("nan")), (float("nan"), 0.1, 1, 10), (0.9, 0.2, 0, 0)],
)
def test_what_cannot_be_tried_has_no_trial(usual, gain, cost, margin):
    assert model.trial(usual, gain, cost, margin, 0.05, 0.8) is None


def test_nothing_known_at_all():
    found = known(moves(), {"a": ["x"]})
    people = np.array([[10.0, 0.0]])
    table = model.scores(found, people, model.capacity(found, people, 0.6, 1.0), 1.0)
    assert table.moved.isna().all() and not table.told.any() and table.kind.tolist() == ["prior"]
