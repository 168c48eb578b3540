"""Conversion, value and the window's GMV against simulated brands whose truth is known; rivals and wrong ways beside them."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from apex.model import shrink
from apex.model.stages import look
from apex.model.stocks import forecast_stocks

WORLDS, BRANDS, WINDOWS = 1000, 25, 3
ALPHA, BETA, MU, TAU, SPEND = 3.0, 9.0, 7.0, 0.35, 0.8


@pytest.fixture(scope="module")
def worlds():
    spec = importlib.util.spec_from_file_location("goal_world", Path(__file__).parent / "goal_world.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def inside(truth, interval):
    low, high = interval
    return (low <= truth) & (truth <= high)


@pytest.fixture(scope="module")
def conversions():
    """Truth, ours and rivals in 1,000 simulated cohorts of brands of very different sizes."""
    rng = np.random.default_rng(20)
    found = {"truth": [], "ours": [], "width": [], "told": [], "pooled": [], "covered": [], "pool_covered": []}
    found |= {"alone": [], "alone_mean": []}
    for _ in range(WORLDS):
        truth = rng.beta(ALPHA, BETA, BRANDS)
        n = np.repeat(np.exp(rng.normal(2.3, 1, (BRANDS, 1))).astype(int) + 1, WINDOWS, axis=1)
        y = rng.binomial(n, truth[:, None])
        post = shrink.conversion(n, y)
        told = stats.beta(ALPHA + y.sum(axis=1), BETA + (n - y).sum(axis=1))
        share, total = y.sum() / n.sum(), n.sum(axis=1)
        alone = y.sum(axis=1) / total
        reach = 1.2816 * np.sqrt(share * (1 - share) / total)
        error = 1.2816 * np.sqrt(alone * (1 - alone) / total)
        low, high = post.interval()
        found["truth"].append(truth)
        found["ours"].append(post.mean)
        found["covered"].append(inside(truth, (low, high)))
        found["width"].append(high - low)
        found["told"].append(told.ppf(0.9) - told.ppf(0.1))
        found["pooled"].append(np.full(BRANDS, share))
        found["pool_covered"].append(inside(truth, (share - reach, share + reach)))
        found["alone_mean"].append(alone)
        found["alone"].append(inside(truth, (alone - error, alone + error)))
    return {name: np.array(values) for name, values in found.items()}


def test_conversion_intervals_cover(conversions):
    assert abs(conversions["covered"].mean() - 0.8) <= 0.02


def test_conversion_intervals_are_hardly_wider_than_of_one_who_knows_the_prior(conversions):
    assert np.median(conversions["width"] / conversions["told"]) <= 1.25


def test_ways_that_do_not_shrink_or_do_nothing_else_fail_the_same_test(conversions):
    assert abs(conversions["pool_covered"].mean() - 0.8) > 0.02  # everybody converts like the pool
    assert abs(conversions["alone"].mean() - 0.8) > 0.02  # each brand by itself


def test_conversion_is_nearer_the_truth_than_its_rivals(conversions):
    error = {
        name: np.square(conversions[name] - conversions["truth"]).mean() for name in ("ours", "pooled", "alone_mean")
    }
    assert error["ours"] < 0.9 * min(error["pooled"], error["alone_mean"])
    assert abs((conversions["ours"] - conversions["truth"]).mean()) < 0.003


def test_windows_that_scatter_beyond_chance_count_less():
    n = np.full((20, 4), 200.0)
    calm = np.tile([50.0, 50.0, 50.0, 50.0], (20, 1))
    wild = np.tile([20.0, 80.0, 35.0, 65.0], (20, 1))
    width = [np.subtract(*reversed(shrink.conversion(n, y).interval())).mean() for y in (calm, wild)]
    assert width[1] > width[0]


@pytest.fixture(scope="module")
def values():
    rng = np.random.default_rng(21)
    found = {"truth": [], "ours": [], "covered": [], "pooled": [], "pool_covered": []}
    for _ in range(WORLDS):
        truth = np.exp(rng.normal(MU, TAU, BRANDS))
        n = np.repeat(np.exp(rng.normal(2.5, 1, (BRANDS, 1))).astype(int) + 1, WINDOWS, axis=1)
        spends = [
            rng.lognormal(np.log(v) - SPEND**2 / 2, SPEND, (WINDOWS, k)).sum(axis=1)
            for v, k in zip(truth, n[:, 0], strict=True)
        ]
        gmv = np.array(spends)
        post = shrink.value(n, gmv)
        pool = gmv.sum() / n.sum()
        reach = 1.2816 * pool * np.sqrt(np.expm1(SPEND**2) / n.sum(axis=1))
        found["truth"].append(truth)
        found["ours"].append(post.mean)
        found["covered"].append(inside(truth, post.interval()))
        found["pooled"].append(np.full(BRANDS, pool))
        found["pool_covered"].append(inside(truth, (pool - reach, pool + reach)))
    return {name: np.array(values) for name, values in found.items()}


def test_value_intervals_cover_and_pooling_does_not(values):
    assert abs(values["covered"].mean() - 0.8) <= 0.02
    assert abs(values["pool_covered"].mean() - 0.8) > 0.02


def test_value_is_nearer_the_truth_than_the_pool(values):
    error = {name: np.square(np.log(values[name] / values["truth"])).mean() for name in ("ours", "pooled")}
    assert error["ours"] < 0.5 * error["pooled"]


def test_a_brand_without_a_window_gets_the_prior_and_its_width():
    n, y = np.full((12, 3), 100.0), np.tile(np.arange(10.0, 34.0, 2)[:, None], 3)
    n[0], y[0] = 0, 0
    post = shrink.conversion(n, y)
    assert (post.a[0], post.b[0]) == pytest.approx(post.prior) and post.known.all()
    assert post.mean[0] == pytest.approx(y[1:].sum() / n[1:].sum(), abs=0.01)
    low, high = post.interval()
    assert high[0] - low[0] > 2 * (high[1:] - low[1:]).max()
    money = shrink.value(y, y * 500)
    assert (money.centre[0], money.spread[0]) == pytest.approx(money.prior) and money.mean[0] == pytest.approx(
        500, rel=0.01
    )


def test_too_few_brands_are_no_prior():
    n, y = np.array([[0.0], [50.0], [60.0]]), np.array([[0.0], [10.0], [20.0]])
    post = shrink.conversion(n, y)
    assert list(post.known) == [False, True, True] and list(shrink.value(y, 9 * y).known) == [False, True, True]
    assert not shrink.value(y * 0, y * 0).known.any()


def test_one_consumer_neither_moves_the_prior_nor_breaks():
    n, y = np.full((10, 2), 500.0), np.full((10, 2), 100.0)
    n[0], y[0] = [1, 0], [1, 0]
    post = shrink.conversion(n, y)
    assert np.isfinite(post.mean).all() and post.mean[0] < 0.5


@pytest.fixture(scope="module")
def gmv(worlds):
    """80 % intervals of the expected GMV in 75 cohorts of 20 brands, with and without the stock's own uncertainty."""
    rng = np.random.default_rng(22)
    with_stock, without, ours_error, rival_error = [], [], [], []
    for _ in range(75):
        world = worlds.world(rng)
        view = look(world.history, world.history.as_of)
        past = world.history.results[world.history.results.last_day == world.history.as_of]
        before = past.groupby("brand").gmv_minor.sum()
        for b, name in enumerate(world.history.brands):
            truth = world.expected(b)
            for found, stock in ((with_stock, True), (without, False)):
                draws = view.draws(name, rng, 500, stock=stock)
                found.append(inside(truth, np.quantile(draws, [0.1, 0.9])))
            ours_error.append(abs(np.log(view.gmv.loc[name].sum() / truth)))
            rival_error.append(abs(np.log(before[name] / truth)))
    return {
        "covered": np.mean(with_stock),
        "blind": np.mean(without),
        "ours": np.mean(ours_error),
        "rival": np.mean(rival_error),
        "n": len(with_stock),
    }


@pytest.mark.slow  # plays 60 or 75 cohorts
def test_gmv_intervals_cover(gmv):
    assert gmv["n"] >= 1000 and abs(gmv["covered"] - 0.8) <= 0.02


@pytest.mark.slow  # plays 60 or 75 cohorts
def test_taking_the_stock_as_known_fails_the_same_test(gmv):
    assert gmv["blind"] < 0.78


@pytest.mark.slow  # plays 60 or 75 cohorts
def test_where_stages_carry_the_news_they_beat_the_window_before(gmv):
    assert gmv["ours"] < 0.8 * gmv["rival"]


@pytest.mark.slow  # plays 60 or 75 cohorts
def test_stock_intervals_cover_and_known_lapses_help(worlds):
    rng = np.random.default_rng(23)
    covered, error, naive = [], [], []
    for _ in range(60):
        world = worlds.world(rng, periods=7)
        frame = forecast_stocks(world.history, world.history.as_of)
        for c, cell in enumerate(worlds.CELLS):
            if cell in ("none", "O"):
                continue
            mine, truth = frame[frame.cell == cell], world.stock[-1, :, c]
            covered += list(inside(truth, (mine.low.to_numpy(), mine.high.to_numpy())))
            error += list(abs(mine.forecast.to_numpy() / truth - 1))
            naive += list(abs(mine.stock_now.to_numpy() / truth - 1))
    assert abs(np.mean(covered) - 0.8) <= 0.03
    assert np.mean(error) < 0.9 * np.mean(naive)
