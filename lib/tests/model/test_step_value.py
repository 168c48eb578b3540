"""What money buys in a channel: right where it is known, doubtful and average where it is not."""

import numpy as np
import pytest

from apex.model import step_value


def drawn(dice, level=5.0):
    """A world of the model itself: true values of 5 stages and 8 channels, estimates, errors, clicks."""
    clicks = dice.choice([0.0, 0.5, 1.0, 1.5], 8)
    m = 1 - step_value.CLICKED + step_value.CLICKED * clicks
    true = level * m * (1 + step_value.CHANNEL * dice.normal(size=8) + step_value.CELL * dice.normal(size=(5, 8)))
    se = level * np.exp(dice.normal(-0.5, 1, (5, 8)))
    return true, true + se * dice.normal(size=se.shape), se, clicks


def test_intervals_hold_the_truth():
    dice, inside, error, raw = np.random.default_rng(2), [], [], []
    for _ in range(60):
        true, x, se, clicks = drawn(dice)
        mean, sd = step_value.held(x, se, clicks)
        inside.append(np.abs(true - mean) < 1.2816 * sd)
        error.append(((mean - true) ** 2).mean())
        raw.append(((x - true) ** 2).mean())
    assert np.mean(inside) == pytest.approx(0.8, abs=0.03)
    assert np.mean(error) < np.mean(raw) / 4


def test_the_cheap_and_unknown_is_no_bargain():
    """A channel about which nothing is known: the others' level, by its clicks, and doubt; what is known stays."""
    x = np.tile([4.0, 6.0, 30.0], (2, 1))
    se = np.tile([0.2, 0.2, 60.0], (2, 1))
    mean, sd = step_value.held(x, se, np.ones(3))
    assert mean[:, :2] == pytest.approx(x[:, :2], rel=0.05)
    assert (np.abs(mean[:, 2] - 5) < 0.5).all() and (sd[:, 2] > 3 * sd[:, 0]).all()
    unseen = np.where(se > 1, np.nan, x)
    assert step_value.held(unseen, se, np.ones(3))[0][:, 2] == pytest.approx(5, abs=0.3)
    none, _ = step_value.held(x, se, np.array([1.0, 1.0, 0.0]))
    assert none[0, 2] == pytest.approx(mean[0, 2] / 2, rel=0.2)


def test_nothing_known():
    assert np.isnan(step_value.held(np.full((2, 2), np.nan), np.ones((2, 2)), np.ones(2))[0]).all()
