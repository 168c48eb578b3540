"""Estimators against the regressions of statsmodels that they stand for, on real data, and where nothing can be said."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from statsmodels.treatment.treatment_effects import TreatmentEffect

from apex.errors import ApexError
from apex.files import ROOT
from apex.model import effect
from apex.model.event_study import did_panel, pretrend

SOCIAL = ROOT.parent / "shared" / "data" / "social_insure" / "social_insure.csv"
TRUTH = 4.0


def frames(y, t):
    """Outcomes (consumers × periods, the last is 0) and treatment as the estimators take them."""
    return pd.DataFrame(y, columns=range(1 - y.shape[1], 1)), pd.Series(t)


def confounded(dice, n=160, k=2):
    """Who spends more is treated more often; all change alike."""
    level = dice.gamma(4, 5, n)
    y = level[:, None] + 2.0 * np.arange(k) + dice.normal(0, 5, (n, k))
    return y, dice.random(n) < 1 / (1 + np.exp(-(level - 20) / 8))


@pytest.fixture
def world():
    y, t = confounded(np.random.default_rng(4), k=4)
    y[t, -1] += TRUTH
    return frames(y, t)


def tidy(wide):
    return wide.rename_axis(index="consumer", columns="period").stack().rename("y").reset_index()


def test_two_periods_are_the_regression_with_errors_clustered_by_consumer(world):
    wide, treated = world
    long = tidy(wide[[-1, 0]])
    long["t"] = treated.to_numpy()[long.consumer].astype(float)
    long["after"] = (long.period == 0).astype(float)
    design = sm.add_constant(pd.DataFrame({"did": long.t * long.after, "t": long.t, "after": long.after}))
    fit = sm.OLS(long.y, design).fit(cov_type="cluster", cov_kwds={"groups": long.consumer})
    found = effect.did(wide, treated)
    assert found.effect == pytest.approx(fit.params["did"])
    assert found.se == pytest.approx(fit.bse["did"], rel=0.01)  # small-sample factors differ
    panel = did_panel(wide[[-1, 0]], treated)
    assert (panel.effect, panel.se) == pytest.approx((found.effect, found.se), rel=0.01)


def test_many_periods_are_the_regression_with_a_dummy_for_each_consumer_and_period(world):
    wide, treated = (part.iloc[:40] for part in world)
    long = tidy(wide)
    switch = treated.to_numpy()[long.consumer] & (long.period == 0)
    dummies = [pd.get_dummies(long[c], drop_first=c == "period", dtype=float) for c in ("consumer", "period")]
    fit = sm.OLS(long.y.to_numpy(), np.column_stack([switch, *dummies])).fit()
    assert did_panel(wide, treated).effect == pytest.approx(fit.params[0])


def test_within_strata_is_the_saturated_regression_with_hc2(world):
    wide, treated = world
    group = pd.qcut(wide[-1], 4, labels=False)
    cells = pd.get_dummies(group, dtype=float).to_numpy()
    t = treated.to_numpy()
    design = np.column_stack([cells, cells * t[:, None]])
    fit = sm.OLS((wide[0] - wide[-1]).to_numpy(), design).fit(cov_type="HC2")
    weights = np.r_[np.zeros(4), cells[t].mean(axis=0)]
    test = fit.t_test(weights)
    found = effect.did_strata(wide, treated, pd.DataFrame({-1: group}))
    assert (found.effect, found.se) == pytest.approx((test.effect.item(), test.sd.item()))
    assert (found.n, found.left_out) == (len(t), 0)


def test_adjusted_is_statsmodels_regression_adjustment_for_the_treated(world):
    wide, treated = world
    exog, t = sm.add_constant(wide[[-1, -2]]), treated.to_numpy().astype(int)
    model = TreatmentEffect(sm.OLS(wide[0], exog), t, results_select=sm.Logit(t, exog).fit(disp=0))
    ours = effect.adjusted(wide[0], treated, wide[[-1, -2]])
    assert ours.effect == pytest.approx(model.ra(return_results=False, effect_group=1)[0])


def test_adjusted_has_the_error_that_statsmodels_gives_a_randomised_trial(world):
    wide = world[0]
    exog, t = sm.add_constant(wide[[-1]]), (np.random.default_rng(2).random(160) < 0.5).astype(int)
    model = TreatmentEffect(sm.OLS(wide[0], exog), t, results_select=sm.Logit(t, exog).fit(disp=0))
    theirs = model.aipw(return_results=True)  # regression adjustment alone has no usable errors in statsmodels 0.15
    ours = effect.adjusted(wide[0], pd.Series(t == 1), wide[-1])
    assert ours.se == pytest.approx(np.ravel(theirs.sd)[0], rel=0.05)


def test_difference_is_welch(world):
    from scipy import stats

    wide, treated = world
    welch = stats.ttest_ind(wide[0][treated], wide[0][~treated], equal_var=False)
    found = effect.difference(wide[0], treated)
    assert (found.low, found.high) == pytest.approx(tuple(welch.confidence_interval()))
    assert found.kind == "lift"
    assert effect.naive(wide, treated).kind == "counted"
    assert effect.did(wide, treated).kind == "model"


def test_unequal_chances_are_weighted(world):
    dice = np.random.default_rng(0)
    found = []
    for _ in range(40):
        chance = np.where(np.arange(400) < 200, 0.2, 0.8)
        t = dice.random(400) < chance
        y = pd.Series(np.where(chance > 0.5, 30.0, 10.0) + dice.normal(0, 3, 400) + TRUTH * t)
        found.append([effect.difference(y, pd.Series(t), propensity=pd.Series(chance)).effect,
                      effect.difference(y, pd.Series(t)).effect])  # fmt: skip
    weighted, plain = np.mean(found, axis=0)
    assert weighted == pytest.approx(TRUTH, abs=0.3)
    more = y + np.where(t & (chance > 0.5), 10.0, 0.0)  # it works better on those who were likely to get it
    on_treated = TRUTH + 10 * (chance[t] > 0.5).mean()
    ours = effect.difference(more, pd.Series(t), propensity=pd.Series(chance))
    assert ours.low <= on_treated <= ours.high and abs(on_treated - (TRUTH + 5)) > ours.high - ours.effect
    assert plain > TRUTH + 8
    with pytest.raises(ApexError, match="strictly between 0 and 1"):
        effect.difference(y, pd.Series(t), propensity=pd.Series(np.where(chance > 0.5, 1.0, 0.2)))


@pytest.mark.skipif(not SOCIAL.exists(), reason="the shared fixture is not on this machine")
@pytest.mark.parametrize(
    ("arm", "value", "robust", "clustered"), [("default", 0.1056, 0.0265, 0.0271), ("intensive", 0.0016, 0.0266, 0.0271)]
)  # fmt: skip
def test_a_real_trial_comes_out_as_published(arm, value, robust, clustered):
    data = pd.read_csv(SOCIAL)
    plain = effect.difference(data.takeup_survey, data[arm] == 1)
    villages = effect.difference(data.takeup_survey, data[arm] == 1, clusters=data.village)
    assert (round(plain.effect, 4), round(villages.effect, 4)) == (value, value)
    assert round(plain.se, 4) == robust
    assert villages.se == pytest.approx(clustered, abs=6e-5)
    assert villages.high - villages.low == pytest.approx(2 * 2.0167 * villages.se, rel=1e-4)  # t with 43 of 44 villages


def test_placebos_and_pretrend_see_a_drift_and_keep_quiet_without_one():
    quiet, loud = [], []
    for seed in range(60):
        y, t = confounded(np.random.default_rng(seed), n=200, k=4)
        wide, treated = frames(y, t)
        quiet.append(pretrend(wide, treated).p < 0.05)
        loud.append(pretrend(wide + np.outer(t, 2.0 * np.arange(4)), treated).p < 0.05)
        early = effect.did(wide, treated, after=-1)
        assert early.after == -1
        assert early.effect == pytest.approx(effect.did(wide[[-2, -1]].rename(columns={-2: -1, -1: 0}), treated).effect)
    assert np.mean(quiet) < 0.15
    assert np.mean(loud) > 0.9
    assert pretrend(wide[[-1, 0]], treated).gaps == 0


METHODS = {
    "difference": lambda w, t: effect.difference(w[0], t),
    "adjusted": lambda w, t: effect.adjusted(w[0], t, w[-1]),
    "naive": effect.naive,
    "did": effect.did,
    "did_panel": did_panel,
    "did_strata": lambda w, t: effect.did_strata(w, t, w * 0),
    "lagged": effect.lagged,
}


@pytest.mark.parametrize("method", METHODS)
def test_where_nothing_can_be_said_the_reason_is_given_and_no_number(world, method):
    wide, treated = world
    ask = METHODS[method]
    cases = {
        "no_treated": (wide, treated & False),
        "no_control": (wide, treated | True),
        "too_few": (wide.iloc[:30], pd.Series(np.arange(30) == 3)),
    }
    for reason, (w, t) in cases.items():
        found = ask(w, t)
        assert found.cannot == reason, (method, reason)
        assert np.isnan([found.effect, found.low, found.high, found.se, found.p]).all()
    one = ask(wide.iloc[:1], treated.iloc[:1])
    assert one.cannot in ("no_treated", "no_control", "no_history")


@pytest.mark.parametrize("method", ["did", "did_panel", "did_strata", "lagged"])
def test_history_is_needed_for_a_change(world, method):
    wide, treated = world
    assert METHODS[method](wide * [0, 0, 0, 1], treated).cannot == "no_history"
    if method != "did_strata":
        assert METHODS[method](wide[[0]], treated).cannot == "no_period_before"


def test_no_variation_is_not_certainty(world):
    treated = world[1]
    flat = pd.DataFrame({-1: np.arange(160.0), 0: np.arange(160.0) + 1})
    assert effect.did(flat, treated).cannot == "no_variation"
    assert effect.did_strata(flat, treated, flat * 0).cannot == "no_variation"
    assert did_panel(flat, treated).cannot == "no_variation"
    assert effect.naive(flat * 0, treated).cannot == "no_variation"


def test_strata_with_one_kind_only_are_left_out_and_counted(world):
    wide, treated = world
    group = pd.Series(np.where(treated & (np.arange(160) < 80), 9, 1))
    found = effect.did_strata(wide, treated, pd.DataFrame({-1: group}))
    assert found.left_out == pytest.approx((group == 9).sum() / treated.sum())
    assert found.n_treated == (treated & (group == 1)).sum()
    assert effect.did_strata(wide, treated, pd.DataFrame({-1: treated * 1})).cannot == "no_overlap"


def test_gaps_and_other_peoples_outcomes_are_refused(world):
    wide, treated = world
    with pytest.raises(ApexError, match="1 of 160 consumers have no outcome"):
        effect.did(wide.where(np.arange(160)[:, None] + np.zeros(4) != 3), treated)
    with pytest.raises(ApexError, match="same consumers"):
        effect.did(wide.iloc[::-1], treated)


def test_totals_are_over_the_treated(world):
    found = effect.did(*world)
    assert found.total == pytest.approx(tuple(found.n_treated * v for v in (found.effect, found.low, found.high)))
    assert found.n == 160
