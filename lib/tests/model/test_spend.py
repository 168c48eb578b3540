"""Gamma–gamma gives the published figures and holds a buyer's mean back as far as the truth asks."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from scipy import integrate, optimize, stats

from apex.errors import ApexError
from apex.model import spend


def beside(name):
    """A module of this folder that holds no tests."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).parent / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


clv_data, clv_world = beside("clv_data"), beside("clv_world")
P, Q, GAMMA = clv_world.MONEY.values()
TOLD = spend.Spend(np.log([P, Q, GAMMA]), np.zeros((3, 3)), 0.0, 0)


@pytest.mark.skipif(not clv_data.CDNOW.exists(), reason="the shared fixture is not on this machine")
def test_cdnow_as_published():
    """Fader & Hardie (2013): p 6.25, q 3.74, γ 15.44 from the 946 customers who bought again in 39 weeks."""
    log = clv_data.cdnow()
    each = log[log.day <= "1997-09-30"].groupby(["consumer_id", "day"], as_index=False).money.sum()
    again = each[each.groupby("consumer_id").cumcount() > 0].groupby("consumer_id").money.agg(["size", "mean"])
    model = spend.fit(again["size"], again["mean"])
    assert model.n == 946 and [round(v, 2) for v in model.parameters.values()] == [6.25, 3.74, 15.44]


def test_what_is_expected_is_the_posterior_mean():
    """By numerical integration over ν, without the closed form."""
    for x, mean in ((1, 3.0), (1, 40.0), (6, 12.0)):

        def weight(v, x=x, mean=mean):
            return stats.gamma.pdf(v, Q, scale=1 / GAMMA) * stats.gamma.pdf(mean * x, P * x, scale=1 / v)

        whole = integrate.quad(weight, 0, 10)[0]
        hand = integrate.quad(lambda v, w=weight: w(v) * P / v, 0, 10)[0] / whole
        assert TOLD.expected(np.array([x]), np.array([mean]))[0] == pytest.approx(hand, rel=1e-5)
    assert TOLD.mean == pytest.approx(P * GAMMA / (Q - 1))


def test_the_maximum_is_one():
    """Nothing near is likelier, by a likelihood written down here."""
    dice = np.random.default_rng(0)
    x = dice.integers(1, 6, 500)
    mean, _ = clv_world.money(dice, x)
    model = spend.fit(x, mean)

    def likelihood(log):
        p, q, g = np.exp(log)
        ratio = stats.betaprime.logpdf(x * mean / g, p * x, q) - np.log(g) + np.log(x)  # x·m / γ is beta prime
        return ratio.sum()

    assert model.log_likelihood == pytest.approx(likelihood(model.log), rel=1e-9)
    assert np.abs(optimize.approx_fprime(model.log, likelihood, 1e-5)).max() < 0.05
    cents = spend.fit(x, 100 * mean)
    assert cents.log - model.log == pytest.approx([0, 0, np.log(100)], abs=1e-3)


def test_who_cannot_be_fitted():
    with pytest.raises(ApexError, match="too few"):
        spend.fit(np.ones(10), np.ones(10))
    with pytest.raises(ApexError, match="more than nothing"):
        spend.fit(np.full(60, 2), np.r_[0.0, np.ones(59)])


def coverage(times, n=300):
    """Of the sum that the fifth with the highest means brings later: of the model, and of means taken as they are."""
    held, own = [], []
    for seed in range(times):
        dice = np.random.default_rng(seed)
        x, future = dice.integers(1, 4, n), dice.integers(0, 6, n)
        mean, later = clv_world.money(dice, x, future)
        top = mean >= np.quantile(mean, 0.8)
        model, truth = spend.fit(x, mean), later[top].sum()
        drawn = [model.drawn(x.astype(float), mean, future, dice)[top].sum() for _ in range(200)]
        low, high = np.quantile(drawn, [0.025, 0.975])
        held.append(low <= truth <= high)
        naive = (future * mean)[top].sum()
        own.append(abs(truth - naive) <= (high - low) / 2)
    return np.mean(held), np.mean(own)


def test_intervals_hold_what_the_best_bring_and_their_own_means_do_not():
    model, own = coverage(30)
    assert model >= 0.8 and own <= 0.6


@pytest.mark.slow
def test_intervals_over_a_thousand_worlds():
    """1,000 fits with 200 draws each take about a minute."""
    model, own = coverage(1000)
    assert 0.935 <= model <= 0.965 and own < 0.6
