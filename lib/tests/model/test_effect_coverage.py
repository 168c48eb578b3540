"""Estimators against simulated truth over seeds fixed beforehand, with rivals beside them that must fail the same test."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from apex.model import effect
from apex.model.event_study import did_panel

TRUTH = 4.0
BAND = 0.015  # coverage of a 95 % interval, over seeds fixed beforehand
WIDER = 1.25  # than the interval of an estimator that was told the nuisances


def frames(y, t):
    """Outcomes (consumers × periods, the last is 0) and treatment as the estimators take them."""
    return pd.DataFrame(y, columns=range(1 - y.shape[1], 1)), pd.Series(t)


def persistent(dice, n, k):
    """Noise that stays: each period keeps 0.7 of the one before."""
    e = dice.normal(0, 5, (n, k))
    for j in range(1, k):
        e[:, j] = 0.7 * e[:, j - 1] + np.sqrt(1 - 0.49) * e[:, j]
    return e


def confounded(dice, n=160, k=2, noise=None):
    """Who spends more is treated more often; all change alike but for TRUTH, the treated's effect."""
    level = dice.gamma(4, 5, n)
    y = level[:, None] + 2.0 * np.arange(k) + (dice.normal(0, 5, (n, k)) if noise is None else noise(dice, n, k))
    t = dice.random(n) < 1 / (1 + np.exp(-(level - 20) / 8))
    return level, y, t


def one_randomised(dice):
    _, y, _ = confounded(dice)
    t = dice.random(len(y)) < 0.4
    y[t, -1] += TRUTH + dice.normal(0, 2, t.sum())
    wide, treated = frames(y, t)
    return {
        "difference": effect.difference(wide[0], treated),
        "adjusted": effect.adjusted(wide[0], treated, wide[-1]),
        "oracle": _oracle(y[:, 1] - _line(y[:, 1], t, y[:, 0]), t),
    }


def _line(y, t, x):
    """The best straight line through the untreated outcomes of everyone, as an oracle knows it."""
    slope = np.polyfit(x, y - TRUTH * t, 1)[0]
    return slope * (x - x.mean())


def _oracle(y, t):
    """Difference in means of what is left when the nuisances are known, normal interval with known variances."""
    d = y[t].mean() - y[~t].mean()
    half = 1.96 * np.sqrt(y[t].var() / t.sum() + y[~t].var() / (~t).sum())
    return effect.Estimate("oracle", d, d - half, d + half, half / 1.96, int(t.sum()), int((~t).sum()), "model")


def _weighted_oracle(rest, t, chance):
    """Doubly robust for the treated with the true line and the true chances."""
    weight = np.where(t, 1.0, chance / (1 - chance))
    mean = [np.average(rest[g], weights=weight[g]) for g in (t, ~t)]
    parts = [
        np.sum((weight[g] * (rest[g] - m)) ** 2) / weight[g].sum() ** 2 for g, m in zip((t, ~t), mean, strict=True)
    ]
    d, half = mean[0] - mean[1], 1.96 * np.sqrt(sum(parts))
    return effect.Estimate("oracle", d, d - half, d + half, half / 1.96, int(t.sum()), int((~t).sum()), "model")


def one_parallel(dice):
    _, y, t = confounded(dice)
    y[t, -1] += TRUTH
    wide, treated = frames(y, t)
    return {
        "did": effect.did(wide, treated),
        "naive": effect.naive(wide, treated),
        "oracle": _oracle(y[:, 1] - y[:, 0], t),
    }


def one_parallel_within(dice):
    """Who spent more changes more: alike only within groups of prior spend."""
    group = np.repeat(np.arange(5), 60)
    y = np.column_stack([10.0 * group, 10.0 * group + 3.0 * group]) + dice.normal(0, 5, (300, 2))
    t = dice.random(300) < 0.25 + 0.1 * group
    y[t, -1] += TRUTH
    wide, treated = frames(y, t)
    strata = pd.DataFrame({-1: group})
    return {
        "did_strata": effect.did_strata(wide, treated, strata),
        "did": effect.did(wide, treated),
        "oracle": _oracle(y[:, 1] - y[:, 0] - 3.0 * group, t),
    }


def one_persistent(dice):
    """Six periods, the campaign in the last two, noise that stays."""
    _, y, t = confounded(dice, n=100, k=6, noise=persistent)
    y[t, -2:] += TRUTH
    wide = pd.DataFrame(y, columns=[-4, -3, -2, -1, 0, 1])
    treated = pd.Series(t)
    rows = y - y.mean(1, keepdims=True) - y.mean(0) + y.mean()
    switch = np.outer(t, wide.columns >= 0).astype(float)
    switch = switch - switch.mean(1, keepdims=True) - switch.mean(0) + switch.mean()
    plain = sm.OLS(rows.ravel(), switch.ravel()).fit()
    low, high = plain.conf_int()[0]
    unclustered = effect.Estimate("ols", plain.params[0], low, high, plain.bse[0], 0, 0, "model")
    return {
        "did_panel": did_panel(wide, treated),
        "unclustered": unclustered,
        "oracle": _oracle(y[:, 4:].mean(1) - y[:, :4].mean(1), t),
    }


def one_chosen_by_last(dice):
    """Treated because of the last period's outcome: given that outcome, nothing else matters."""
    _, y, _ = confounded(dice)
    chance = 1 / (1 + np.exp(-(y[:, 0] - 20) / 8))
    t = dice.random(len(y)) < chance
    y[:, 1] = 10 + 0.6 * y[:, 0] + dice.normal(0, 5, len(y)) + TRUTH * t
    wide, treated = frames(y, t)
    return {
        "lagged": effect.lagged(wide, treated),
        "did": effect.did(wide, treated),
        "oracle": _weighted_oracle(y[:, 1] - 10 - 0.6 * y[:, 0], t, chance),
    }


def replicate(one, times, first_seed=0):
    """Coverage, median width and bias of each estimator over seeds fixed beforehand."""
    runs = [one(np.random.default_rng(first_seed + seed)) for seed in range(times)]
    out = {}
    for name in runs[0]:
        found = [r[name] for r in runs]
        out[name] = {
            "coverage": np.mean([e.low <= TRUTH <= e.high for e in found]),
            "width": np.median([e.high - e.low for e in found]),
            "bias": np.mean([e.effect for e in found]) - TRUTH,
        }
    return pd.DataFrame(out).T


WORLDS = {
    one_randomised: (["difference", "adjusted"], []),
    one_parallel: (["did"], ["naive"]),
    one_parallel_within: (["did_strata"], ["did"]),
    one_persistent: (["did_panel"], ["unclustered"]),
    one_chosen_by_last: (["lagged"], ["did"]),
}


def passes(row, oracle, times):
    """The bar: coverage within the band, hardly any bias, not much wider than the oracle."""
    unbiased = abs(row.bias) < 4 * row.width / 3.92 / np.sqrt(times)
    return abs(row.coverage - 0.95) <= BAND and unbiased and row.width <= WIDER * oracle.width


@pytest.mark.parametrize("one", WORLDS, ids=lambda f: f.__name__)
def test_right_methods_cover_the_truth_and_wrong_ones_fail_the_same_test(one):
    right, wrong = WORLDS[one]
    table = replicate(one, 1000)
    for name in right:
        if name == "difference":  # knows no lag, so it may be wider; it must cover all the same
            assert abs(table.loc[name, "coverage"] - 0.95) <= BAND
            assert table.loc[name, "width"] > table.loc["adjusted", "width"]
        else:
            assert passes(table.loc[name], table.loc["oracle"], 1000), table
    for name in wrong:
        assert not passes(table.loc[name], table.loc["oracle"], 1000), table
        assert abs(table.loc[name, "coverage"] - 0.95) > BAND, table


@pytest.mark.slow
@pytest.mark.parametrize("one", WORLDS, ids=lambda f: f.__name__)
def test_coverage_over_many_more_seeds(one):
    right, wrong = WORLDS[one]
    table = replicate(one, 8000, first_seed=10_000)
    assert (table.loc[right, "coverage"] - 0.95).abs().max() <= BAND / 2, table
    assert (table.loc[wrong, "coverage"] < 0.92).all(), table
