"""Credit beside lift, and credit put right by trials."""

import numpy as np
import pandas as pd
import pytest

from apex.model import attribution_lift as lift


def seen(orders, variance, name="t", **credited):
    return lift.Seen(name, 100, 50, orders, variance, pd.Series(credited, dtype=float))


def test_a_ratio_by_hand():
    """One channel, 1 ± 1 before; a trial credited with 2 found 1 ± √0.5: shared is 1 − 2 / 4.5, its own a tenth of that."""
    mean, covariance = lift.factors(["a"], [seen(1, 0.5, a=2)])
    before = 1 + (0.1 * (1 - 2 / 4.5)) ** 2
    gain = 2 * before / (4 * before + 0.5)
    assert mean == pytest.approx([1 - gain]) and covariance[0, 0] == pytest.approx(before - gain * 2 * before)


def test_a_trial_without_error_is_believed():
    credit = pd.Series({"a": 10.0, "b": 30.0})
    told = lift.calibrated(credit, {}, [seen(0.5, 1e-12, a=2)], 100).set_index("channel")
    assert told.conversions["a"] == pytest.approx(2.5, rel=1e-6) and told.trial.to_dict() == {"a": True, "b": False}
    assert 2.5 / 10 < told.ratio["b"] < 1  # the other follows part of the way
    assert told.high["b"] - told.low["b"] > told.high["a"] - told.low["a"]


def test_without_trials_nothing_is_known():
    told = lift.calibrated(pd.Series({"a": 10.0}), {}, [], 100)
    assert told.conversions[0] == 10 and (told.low[0], told.high[0] > 29) == (0, True)


def test_credit_is_never_more_than_there_are_orders():
    told = lift.calibrated(pd.Series({"a": 10.0, "b": 10.0}), {}, [seen(9, 1e-9, a=3), seen(9, 1e-9, b=3)], 30)
    assert told.conversions.sum() == pytest.approx(30)


def test_lift_beside_credit():
    told = lift.beside([seen(0.1, 0.0004, a=0.2, b=0.0), seen(0.1, 0.0004, "all", a=0.05, b=0.05)]).set_index(
        "experiment_id"
    )
    one = told.loc["t"]
    assert (one.channel, one.lift, one.credit, one.n) == ("a", pytest.approx(10), pytest.approx(20), 150)
    assert (one.ratio, one.ratio_low) == (pytest.approx(0.5), pytest.approx((0.1 - 1.96 * 0.02) / 0.2, rel=1e-3))
    assert told.channel["all"] == ""  # moved by more than one: of none
    assert lift.beside([]).empty


def test_intervals_hold_the_truth_as_often_as_they_say():
    """Ratios drawn from the prior, trials of two of four channels: 95 % intervals of all four. Last touch is off by far."""
    dice, inside, wrong = np.random.default_rng(5), [], []
    names, credit = list("abcd"), pd.Series([20.0, 10, 30, 15], list("abcd"))
    for _ in range(400):
        shared = max(1 + lift.COMMON * dice.standard_normal(), 0.05)
        true = np.maximum(shared * (1 + lift.OWN * dice.standard_normal(4)), 0)
        trials = [seen(2 * true[n] + 0.3 * dice.standard_normal(), 0.09, **{names[n]: 2.0}) for n in (0, 1)]
        told = lift.calibrated(credit, {}, trials, 1e9)
        inside.append((told.low <= credit.to_numpy() * true) & (told.high >= credit.to_numpy() * true))
        wrong.append(
            np.abs(credit.to_numpy() * (1 - true)).sum() > np.abs(told.conversions - credit.to_numpy() * true).sum()
        )
    assert 0.92 <= np.mean(inside) <= 0.98 and np.mean(wrong) > 0.8
