"""Alarms that are looked at every day: their rate holds on campaigns on plan, and a daily z-test's does not."""

import numpy as np
import pytest

from apex.errors import ApexError
from apex.model import alarms
from apex.model.pacing_spread import Spread

DAYS, RATE = 60, 0.05
LIMIT = alarms.bound(RATE)
SPREAD = Spread(day=0.06, hold=0.5, slow=0.03, phase=0.03, level=0.05)
PHASES = ["build-up"] * 31 + ["presale"] * 14 + ["burst"] * 15


def campaigns(n, seed, short=0.0, since=0):
    rng = np.random.default_rng(seed)
    covariance = SPREAD.covariance(np.full(DAYS, 0.004), PHASES)
    x = rng.multivariate_normal(np.zeros(DAYS), covariance, n, method="cholesky")
    x[:, since:] -= 2 * (1 - np.sqrt(1 - short))
    return x, covariance


def rang(x, covariance, limit):
    return [alarms.watch(one, covariance, np.eye(DAYS), DAYS, limit).rang for one in x]


def test_the_rate_holds_over_the_whole_campaign_and_a_daily_z_test_exceeds_it():
    x, covariance = campaigns(1000, 1)
    false = sum(r is not None for r in rang(x, covariance, alarms.limit(covariance, np.eye(DAYS), RATE)))
    rival = sum(alarms.z_every_day(one, np.diag(covariance), RATE) is not None for one in x)
    assert (
        34 <= false <= 67
    )  # 1000 at 5 %: fewer or more have a chance of 1 % each; the limit is the rate's, not below it
    assert rival > 500
    assert (
        sum(r is not None for r in rang(x, covariance, alarms.bound(RATE))) < 20
    )  # the bound asks for more than the rate


def test_the_limit_is_no_higher_than_the_bound_and_is_the_bound_where_few_draws_tell():
    _, covariance = campaigns(1, 1)
    assert alarms.limit(covariance, np.eye(DAYS), RATE) < alarms.bound(RATE) - 1
    assert alarms.limit(covariance, np.eye(DAYS), 0.002) == alarms.bound(0.002)
    assert alarms.limit(np.zeros((0, 0)), np.zeros((0, DAYS)), RATE) == alarms.bound(RATE)


def test_the_limit_notices_sooner_than_the_bound():
    x, covariance = campaigns(200, 5, short=0.3, since=20)
    soon, late = (
        np.array([DAYS if r is None else r for r in rang(x, covariance, limit)])
        for limit in (alarms.limit(covariance, np.eye(DAYS), RATE), alarms.bound(RATE))
    )
    assert (soon <= late).all() and np.mean(late - soon) > 0.5


def test_a_shortfall_is_noticed_and_dated():
    x, covariance = campaigns(100, 2, short=0.35, since=20)
    found = [alarms.watch(one, covariance, np.eye(DAYS), DAYS, LIMIT) for one in x]
    on = np.array([DAYS if f.rang is None else f.rang for f in found])
    assert np.mean((on >= 20) & (on <= 25)) > 0.9
    assert abs(np.median([f.began[-1] for f in found]) - 20) <= 1
    assert np.median([f.size[-1] for f in found]) == 0.4


def test_evidence_is_known_on_its_day():
    """What comes later does not change what was known, nor does how long one has looked."""
    x, covariance = campaigns(1, 3, short=0.2, since=30)
    whole = alarms.watch(x[0], covariance, np.eye(DAYS), DAYS, LIMIT)
    half = alarms.watch(x[0][:40], covariance[:40, :40], np.eye(40), DAYS, LIMIT)
    np.testing.assert_allclose(half.evidence, whole.evidence[:40], atol=1e-9)


def test_the_evidence_has_mean_one_on_plan():
    """An e-process: its mean after any number of days is 1, whatever the days' own noise."""
    x, covariance = campaigns(4000, 4)
    three = covariance[:3, :3] * 4  # so wide that the mean of so many is near 1
    ends = [alarms.watch(2 * one[:3], three, np.eye(3), DAYS, LIMIT).evidence[-1] for one in x]
    assert np.exp(ends).mean() == pytest.approx(1, abs=0.05)


def test_days_read_together_count_when_they_are_over():
    part = np.zeros((2, 5))
    part[0, :2], part[1, 2:4] = 0.5, 0.5
    found = alarms.watch(np.array([-2.0, -2.0]), 0.01 * np.eye(2), part, 5, LIMIT)
    assert found.evidence[0] == 0 and found.evidence[1] > 0
    assert found.evidence[3] == found.evidence[4] > found.evidence[2] == found.evidence[1]


def test_the_shares_of_the_rate_add_up_and_a_rate_is_one():
    assert sum(alarms.limits(["spend", "gmv"], RATE).values()) == pytest.approx(RATE)
    with pytest.raises(ApexError, match="between 0 and 1"):
        alarms.bound(0.0)


def test_more_contacts_notice_sooner():
    few, many = (alarms.days_to_notice(noise, 0.2, LIMIT, DAYS) for noise in (0.15, 0.05))
    assert many < few and many <= 3
    assert alarms.days_to_notice(2.0, 0.2, LIMIT, DAYS) is None
