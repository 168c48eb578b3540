"""Paths, their spread and what they say of the days to come, on made daily series."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from apex.model import pacing, pacing_spread
from apex.model.pacing import Path
from apex.model.pacing_paths import Booked, Facts, paths
from apex.model.pacing_spread import Spread

FIRST = date(2024, 9, 20)
INDEX = pd.Index(pd.date_range(FIRST, periods=60, freq="D").date, name="day")
PHASES = [("build-up", INDEX[0], INDEX[30]), ("presale", INDEX[31], INDEX[-1])]
SPREAD = Spread(day=0.05, hold=0.5, slow=0.02, phase=0.03, level=0.2)


def path(actual, expected=100.0, counting=1.0, spread=SPREAD):
    whole = pd.Series(np.broadcast_to(expected, 60).astype(float), INDEX)
    return Path(
        "gmv",
        whole,
        pd.Series(actual, INDEX[: len(actual)], dtype=float),
        pacing.phase_of(INDEX, PHASES),
        counting,
        spread,
    )


def test_a_lasting_difference_is_carried_on_and_chance_is_not():
    steady = path([120.0] * 20)
    middle, low, high = steady.total()
    assert 1.12 * 6000 < middle < 1.2 * 6000 and low < middle < high
    lone = path([100.0] * 19 + [200.0])
    assert abs(lone.total()[0] - 6100) < 0.06 * 6000  # of the 100 % more on one day


def test_what_came_is_sure_and_the_end_has_no_interval():
    done = path([90.0] * 60)
    assert done.total() == (5400, 5400, 5400)
    assert (done.odds(5000), done.odds(6000)) == (1.0, 0.0)
    running = path([90.0] * 10).running()
    assert running.actual.iloc[9] == 900 and running.forecast.iloc[:10].isna().all()
    assert (running.low.iloc[10:] >= 900).all()


def test_eighty_percent_of_totals_lie_in_the_interval():
    rng = np.random.default_rng(5)
    noise = np.full(60, 0.01)
    covariance = SPREAD.covariance(noise, pacing.phase_of(INDEX, PHASES))
    x = rng.multivariate_normal(np.zeros(60), covariance, 300)
    actual = 100 * np.square(1 + x / 2)
    inside = 0
    for row in actual:
        _, low, high = path(row[:15]).total()
        inside += low <= row.sum() <= high
    assert 215 <= inside <= 262  # 240 ± three standard errors


def test_days_of_few_orders_are_read_together():
    few = path([1.0] * 20, expected=1.0)
    assert len(few.spells) == 4 and (few.spells.sum(axis=1) == pytest.approx(1))
    assert len(path([1.0] * 33, expected=1.0).spells) == 6  # none across phases


def test_an_alarm_needs_less_than_planned():
    fell_back = path([140.0] * 20 + [104.0] * 20, spread=Spread(0.02, 0.5, 0.02, 0.03, 0.05))
    assert (fell_back.watched(0.05).evidence > 3).any() and fell_back.watched(0.05).rang is None
    short = path([100.0] * 20 + [70.0] * 10, spread=Spread(0.02, 0.5, 0.02, 0.03, 0.05))
    assert 20 <= short.watched(0.05).rang <= 24


def test_lines_run_evenly_but_for_the_weekday():
    lines = pd.DataFrame(
        [("live", INDEX[0], INDEX[13], 1400.0)], columns=["channel", "first_day", "last_day", "cost_minor"]
    )
    flat = pacing.evenly(lines, INDEX, {}, "cost_minor")
    assert (flat.live.iloc[:14] == 100).all() and flat.live.iloc[14:].sum() == 0
    heavy = pacing.evenly(lines, INDEX, {5: 2.0}, "cost_minor")
    assert heavy.live.sum() == pytest.approx(1400) and heavy.live.loc[date(2024, 9, 21)] == 2 * heavy.live.iloc[0]


def series(n=364, mean=400.0, day=0.0, hold=0.5, weekend=1.0, channels=6, seed=1):
    rng = np.random.default_rng(seed)
    index = pd.Index([FIRST - timedelta(days=n - k) for k in range(n)], name="day")
    part, common = 0.0, []
    for _ in range(n):
        part = hold * part + day * np.sqrt(1 - hold**2) * rng.standard_normal()
        common.append(part)
    factor = np.where([d.weekday() >= 5 for d in index], weekend, 1.0) * (1 + np.array(common))
    each = rng.poisson(np.outer(mean / channels * factor, np.ones(channels)))
    return pd.DataFrame(each, index, [f"c{k}" for k in range(channels)])


def test_the_spread_is_learned():
    assert pacing_spread.dispersion(series()) == pytest.approx(1.0, abs=0.1)
    double = series() * 3  # three contacts each time: variance three times the mean
    assert pacing_spread.dispersion(double) == pytest.approx(3.0, abs=0.35)
    noisy = pacing_spread.booked(series(day=0.12), (0, 0, 0), np.ones(364))
    assert noisy.day == pytest.approx(0.12, abs=0.035)
    assert pacing_spread.booked(series(), (0, 0, 0), np.ones(364)).day <= 0.03
    stepped = series()
    stepped.iloc[100:200, 0] *= 3  # one channel bought more: no noise
    assert pacing_spread.booked(stepped, (0, 0, 0), np.ones(364)).day <= 0.05
    silent = series()
    silent.iloc[6::7] = 0.0  # nothing is ever shown on Sundays
    shape = np.tile([1.0] * 6 + [0.0], 52)
    assert np.isfinite(pacing_spread.booked(silent, (0, 0, 0), shape).day)
    held, free = (pacing_spread.learn(series(day=0.2, hold=h).sum(axis=1), 1.0, (0, 0, 0)) for h in (0.8, 0.0))
    assert held.hold > free.hold and free.day == pytest.approx(0.2, abs=0.05)


def test_weekdays_are_learned_and_chance_is_held_back():
    factors = pacing_spread.weekdays(series(weekend=1.5).sum(axis=1))
    assert factors[5] / factors[1] == pytest.approx(1.5, abs=0.06)
    assert max(abs(f - 1) for f in pacing_spread.weekdays(series().sum(axis=1)).values()) < 0.02
    assert set(pacing_spread.weekdays(series(n=10).sum(axis=1)).values()) == {1.0}


def facts(short=1.0):
    """A year and a half of daily trade with a burst each November, media of six channels, and a plan that runs as booked."""
    rng = np.random.default_rng(7)
    index = pd.Index(pd.date_range("2023-01-01", "2024-11-18", freq="D").date, name="day")
    gmv = pd.Series([300.0 if d.month == 11 else 100.0 for d in index], index) * 1000
    orders = rng.poisson(gmv / 1000)
    sold = pd.DataFrame({"gmv_minor": orders * 1000, "orders": orders, "squares": orders * 1e6}, index)
    risen = pd.DataFrame({"A": rng.poisson(40, len(index)), "P": rng.poisson(20, len(index))}, index)
    media = [
        (d, f"c{k}", n, n * 10) for d in index for k in range(6)
        if (n := int(rng.poisson(60 * (short if d >= date(2024, 10, 10) else 1.0)))) > 0
    ]  # fmt: skip
    delivered = pd.DataFrame(media, columns=["day", "channel", "impressions", "cost_minor"])
    return Facts(delivered, sold, gmv, risen)


LINES = pd.DataFrame(
    [(f"c{k}", INDEX[0], INDEX[-1], 36000.0, 3600.0) for k in range(6)],
    columns=["channel", "first_day", "last_day", "cost_minor", "impressions"],
)
BOOKED = Booked(LINES, PHASES, INDEX[0], INDEX[-1], (INDEX[31], INDEX[-1]), (9e6, 7e6, 11e6))


def test_a_campaign_on_plan_is_on_plan_and_a_short_one_is_found():
    found = paths(facts(), BOOKED, INDEX[-1])
    assert list(found) == ["impressions", "spend", "inflow", "gmv"]
    assert all(p.watched(0.05 / 4).rang is None for p in found.values())
    assert found["gmv"].expected.loc[INDEX[31] :].sum() == pytest.approx(9e6)
    short = paths(facts(0.75), BOOKED, INDEX[-1])
    assert 20 <= short["impressions"].watched(0.0125).rang <= 24


def test_without_media_or_a_last_year_the_rest_is_paced():
    whole = facts()
    young = Facts(
        whole.delivered.iloc[:0], whole.sold.loc[date(2024, 5, 1) :], whole.market, whole.risen.loc[date(2024, 5, 1) :]
    )
    found = paths(young, BOOKED, INDEX[20])
    assert list(found) == ["inflow", "gmv"] and found["gmv"].seen == 21
    assert paths(whole, BOOKED, INDEX[0] - timedelta(days=1)) == {}
