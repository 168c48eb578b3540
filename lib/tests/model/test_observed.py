"""The verdict where nobody drew: given where it is earned, refused where a liking that nobody recorded drives both."""

import numpy as np
import pandas as pd
import pytest

from apex.model import effect
from apex.model.estimate import Estimate
from apex.model.verdict import Standards


def life(seed, n=3000, hidden=0.0, gain=0.1, drift=0.0):
    """Three equal periods of buying, then who watches. Returns outcome, watched, covariates, periods before, known earlier.

    Buying follows a recorded `age` and a liking; who watches follows age, the last purchase, and `hidden` times the liking.
    drift: the liking grows in whoever will watch, from period to period.
    """
    dice = np.random.default_rng(seed)
    age, liking = dice.normal(size=n), dice.normal(size=n)
    later = dice.random(n)

    def buys(more):
        return (dice.random(n) < 1 / (1 + np.exp(1.8 - 0.6 * age - 0.6 * liking)) + more).astype(float)

    bias = np.where(later < 0.3, drift, 0.0)
    before = pd.DataFrame({f"buyers[{p}]": buys(bias * k) for k, p in enumerate((-3, -2, -1))})
    chance = 1 / (1 + np.exp(1 - 0.5 * age - hidden * liking))
    watched = pd.Series(later < (0.3 if drift else chance))
    outcome = pd.Series(buys(bias * 3 + gain * watched.to_numpy()))
    known = pd.DataFrame({"age": age, "city": dice.choice(["1", "2", "3"], n)})
    return outcome, watched, known.join(before), before[["buyers[-2]", "buyers[-1]"]], known.join(before["buyers[-3]"])


def verdict(seed, **world):
    outcome, watched, known, before, earlier = life(seed, **world)
    return effect.observed(outcome, watched, known, before=before, earlier_covariates=earlier)


def test_the_word_is_earned_where_what_is_known_explains_who_watched():
    found = [verdict(seed) for seed in range(12)]
    assert sum(v.answer == "quasi" for v in found) >= 9
    assert sum(v.low < 0.1 < v.high for v in found) >= 11
    one = found[0]
    assert [e.method for e in one.evidence.defensible] == ["aipw", "aipw_change"]
    assert {(e.method, e.after) for e in one.evidence.placebos} == {("aipw", -1), ("aipw", -2), ("aipw_change", -1)}
    table = one.evidence.balance.set_index("covariate")
    assert {"age", "city=1", "buyers[-1]"} <= set(table.index)
    assert abs(table.before["age"]) > 0.3 > 0.05 > table.after.abs().max()
    assert one.evidence.overlap.inside > 0.98
    assert one.evidence.naive.effect > one.estimate.effect


def test_a_liking_that_nobody_recorded_takes_the_word_away():
    found = [verdict(seed, hidden=1.2, gain=0.0) for seed in range(6)]
    assert all(v.answer == "not identified" for v in found)
    assert {"placebo"} <= {r.code for v in found for r in v.reasons}


def test_a_drift_is_seen_by_the_placebos_of_the_change():
    found = [verdict(seed, drift=0.08, gain=0.0) for seed in range(6)]
    assert all(v.answer == "not identified" for v in found)
    assert all(v.low < v.high for v in found)


def test_without_a_period_before_there_is_a_second_estimate_and_no_word():
    outcome, watched, known, _, _ = life(0)
    found = effect.observed(outcome, watched, known, before=None)
    assert [e.method for e in found.evidence.defensible] == ["aipw", "regression"]
    assert [r.code for r in found.reasons] == ["no_placebo"]
    assert effect.observed(outcome, watched, known, standards=Standards(placebos=0)).answer == "quasi"


def test_periods_before_are_not_compared_on_themselves():
    outcome, watched, known, before, _ = life(0, hidden=1.2)
    found = effect.observed(outcome, watched, known, before=before)
    assert {e.method for e in found.evidence.placebos if abs(e.effect) > 2 * e.se} == {"aipw"}
    single = effect.observed(outcome, watched, known, before=before["buyers[-1]"])
    assert [(e.method, e.after) for e in single.evidence.placebos] == [("aipw", -1)]


def test_other_lists_and_villages_are_heard():
    outcome, watched, known, before, earlier = life(0)
    village = pd.Series(np.arange(len(outcome)) // 30)
    ask = {"before": before, "earlier_covariates": earlier}
    found = effect.observed(outcome, watched, known, **ask, clusters=village, contaminated=(0.3, 0.2))
    assert [r.code for r in found.reasons] == ["contaminated", "other_campaigns"]
    assert found.evidence.defensible[0].se != effect.observed(outcome, watched, known, **ask).evidence.defensible[0].se


@pytest.mark.parametrize("reason", ["no_treated", "no_control", "no_overlap", "no_variation", "too_few"])
def test_nothing_to_say_is_said(reason):
    outcome, watched, known, before, earlier = life(0, n=400)
    change = {
        "no_treated": lambda: (outcome, watched & False, known),
        "no_control": lambda: (outcome, watched | True, known),
        "no_overlap": lambda: (outcome, known.age > 0, pd.DataFrame({"old": known.age > 0})),
        "no_variation": lambda: (outcome * 0, watched, known),
        "too_few": lambda: (outcome, pd.Series(np.arange(400) < 12), known),
    }
    found = effect.observed(*change[reason](), before=before, earlier_covariates=earlier)
    assert (found.answer, found.reasons[0].code) == ("not identified", reason)


def estimate(value, half, without, n=1000):
    return Estimate("aipw", value, value - half, value + half, half / 2, n, n, "model", without=without)


def test_the_bound_of_yes_and_no_is_dorn_and_guos():
    """Brute force over what an unseen cause of strength Λ may do to ten thousand alike who were not treated."""
    found = effect.bound(estimate(0.1, 0.04, 0.2), largest=1)
    buys = np.arange(10_000) < 2000
    for share in (buys, ~buys):  # weights between 1/Λ and Λ that keep the mean weight 1
        odds = found.odds
        most = min(odds, (1 - (1 - share.mean()) / odds) / share.mean())
        assert share.mean() * most <= 0.3 + 1e-9 or not share[0]
    assert found.odds == pytest.approx(0.3 / 0.2)
    assert found.odds_low == pytest.approx(0.3 / 0.24)
    often = effect.bound(estimate(0.05, 0.01, 0.9), largest=1)
    assert often.odds == pytest.approx(2)  # 10 in 100 do not buy, 5 of those who watched


def test_the_bound_says_how_far_a_known_hidden_cause_may_go():
    """A hidden cause of known strength makes an effect of nothing; the bound lies below its strength."""
    dice = np.random.default_rng(0)
    n, strength = 200_000, 3.0
    hidden = dice.random(n) < 0.5
    odds = 0.25 * np.where(hidden, strength, 1 / strength)
    treated = pd.Series(dice.random(n) < odds / (1 + odds))
    y = pd.Series((dice.random(n) < np.where(hidden, 0.15, 0.02)).astype(int))
    found = effect.bound(effect.aipw(y, treated, pd.DataFrame({"x": dice.normal(size=n)})), largest=1)
    assert 1.3 < found.odds_low < found.odds < strength


def test_the_bound_of_nothing_is_nothing():
    assert tuple(effect.bound(estimate(-0.1, 0.05, 0.4))) == pytest.approx((0.4 / 0.3, 0.35 / 0.3))
    assert tuple(effect.bound(estimate(5.0, 8.0, 20.0))) == pytest.approx((1.25, 1.0))
    assert np.isnan(effect.bound(estimate(5.0, 8.0, np.nan)).odds)
    assert np.isinf(effect.bound(estimate(0.1, 0.05, 0.9), largest=1).odds)
    assert np.isnan(effect.bound(effect.naive(pd.DataFrame({0: [1.0, 2]}), pd.Series([True, True]))).odds)
