"""AIPW against simulated truth over seeds fixed beforehand, with rivals beside it that must fail the same test."""

import numpy as np
import pandas as pd
import pytest

from apex.model import effect

BAND = 0.015  # coverage of a 95 % interval, over seeds fixed beforehand
WIDER = 1.25  # than the interval of the estimator that was told the true chances


def consumers(dice, n):
    """Past orders, spend, a city; who had ordered more is treated more often. Returns covariates, chance, standing."""
    orders = dice.poisson(dice.gamma(1, 1.5, n))
    spend = orders * dice.lognormal(4, 0.6, n)
    city = dice.choice(["1", "2", "3"], n)
    standing = np.log1p(orders) + 0.3 * (city == "1")
    chance = 1 / (1 + np.exp(1.9 - 0.9 * standing))
    return pd.DataFrame({"orders": orders, "spend": spend, "city": city}), chance, standing


def buys(dice, weigh):
    """Whether a consumer buys; more often where standing is high, and the treatment helps them more."""
    x, chance, standing = consumers(dice, 1500)
    treated = dice.random(1500) < chance
    without = 1 / (1 + np.exp(2.4 - standing))
    with_ = 1 / (1 + np.exp(2.0 - 1.1 * standing))
    y = pd.Series((dice.random(1500) < np.where(treated, with_, without)).astype(float))
    return x, chance, treated, y, with_ - without, None


def pays(dice, weigh):
    """What a consumer pays: mostly nothing, else log-normal with a long tail."""
    x, chance, treated, y, _, _ = buys(dice, weigh)
    amount = 60 * dice.lognormal(0, 0.8, 1500)
    standing = np.log1p(x.orders) + 0.3 * (x.city == "1")
    gain = 60 * np.exp(0.32) * (1 / (1 + np.exp(2.0 - 1.1 * standing)) - 1 / (1 + np.exp(2.4 - standing)))
    return x, chance, treated, y * amount, gain.to_numpy(), None


def villages(dice, weigh):
    """Whole villages are treated, and neighbours resemble each other; what they spent before tells of both."""
    size, k = 15, 60
    village = np.repeat(np.arange(k), size)
    rich = dice.normal(size=k)
    chance = 1 / (1 + np.exp(-0.6 * rich))
    treated = (dice.random(k) < chance)[village]
    y = pd.Series(5 + 2 * rich[village] + dice.normal(0, 1.5, k)[village] + dice.normal(0, 2, k * size) + 1.0 * treated)
    x = pd.DataFrame({"spend": rich[village] + dice.normal(0, 0.2, k * size), "rich": rich[village]})
    return x, chance[village], treated, y, np.ones(k * size), pd.Series(village)


def replicate(world, weigh, times, first_seed=0):
    rows = []
    for seed in range(first_seed, first_seed + times):
        x, chance, treated, y, gain, clusters = world(np.random.default_rng(seed), weigh)
        t = pd.Series(treated)
        ask = {"weigh": weigh, "clusters": clusters}
        found = {
            "aipw": effect.aipw(y, t, x, **ask),
            "oracle": effect.aipw(y, t, x, **ask, propensity=pd.Series(chance)),
            "naive": effect.naive(pd.DataFrame({0: y}), t),
        }
        if clusters is not None:
            found["unclustered"] = effect.aipw(y, t, x, weigh=weigh)
        truth = np.average(gain, weights=chance) if weigh == "treated" else gain.mean()
        rows += [(name, e.effect - truth, e.low <= truth <= e.high, e.high - e.low) for name, e in found.items()]
    table = pd.DataFrame(rows, columns=["method", "bias", "coverage", "width"]).groupby("method")
    return table.agg({"bias": "mean", "coverage": "mean", "width": "median"}).astype(float)


CASES = [(buys, "treated"), (buys, "all"), (pays, "treated"), (villages, "treated"), (villages, "all")]


def wrong(world):
    return ["naive", "unclustered"] if world is villages else ["naive"]


@pytest.mark.slow
@pytest.mark.parametrize(("world", "weigh"), CASES)
def test_a_thousand_draws(world, weigh):
    """Thirty to fifty seconds of processor time a case."""
    table = replicate(world, weigh, 1000)
    assert abs(table.coverage["aipw"] - 0.95) <= BAND, table
    assert abs(table.bias["aipw"]) < 0.25 * table.width["aipw"] / 3.92, table
    assert table.width["aipw"] <= WIDER * table.width["oracle"], table
    assert ((table.coverage[wrong(world)] - 0.95).abs() > BAND).all(), table


@pytest.mark.parametrize(("world", "weigh"), [(buys, "treated"), (villages, "all")])
def test_a_few_draws(world, weigh):
    table = replicate(world, weigh, 25)
    assert table.coverage["aipw"] >= 0.84, table
    assert (table.coverage[wrong(world)] < table.coverage["aipw"]).all(), table
