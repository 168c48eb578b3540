"""What money adds: nothing without money or whom it met, more at the average rate, and less doubt after a hold-out."""

import numpy as np
import pandas as pd
import pytest

from apex.model.bought import Lift, informed, shares

PRIOR = (0.4, 0.25, 0.65)


def cells():
    return pd.DataFrame(
        {
            "stage": ["none", "A", "P"], "consumers": [1000.0, 400.0, 200.0], "met": [100.0, 200.0, 150.0],
            "conversion": [0.0, 0.02, 0.1], "value_minor": [900.0, 1000.0, 2000.0],
        }
    )  # fmt: skip


def test_shares_are_of_what_those_who_were_met_are_expected_to_bring():
    found = shares(cells(), ("P",))
    assert found["gmv_minor"] == pytest.approx(
        (200 * 0.02 * 1000 + 150 * 0.1 * 2000) / (400 * 0.02 * 1000 + 200 * 0.1 * 2000)
    )
    assert found["new_consumers"] == found["aac"] == pytest.approx(0.5)
    assert shares(cells().assign(conversion=0.0), ("P",))["gmv_minor"] == 0


def test_no_money_adds_nothing_and_more_adds_less_and_less():
    rng = np.random.default_rng(0)
    none = Lift(0.0, {"gmv_minor": 0.8}, PRIOR)
    assert (none.times(rng, 50).gmv_minor == 1).all() and none.middle() == 1
    at = [Lift(x, {"gmv_minor": 0.8}, PRIOR).middle() for x in (1.0, 2.0, 3.0)]
    assert at[0] == pytest.approx(1 + 0.4 * 0.8 * (2**0.5 - 1)) and at[1] - at[0] > at[2] - at[1] > 0
    lift = Lift(1.0, {"gmv_minor": 0.8}, PRIOR)
    assert Lift(lift.money_for(1.1), {"gmv_minor": 0.8}, PRIOR).middle() == pytest.approx(1.1)
    assert lift.money_for(0.9) == 0 and Lift(1.0, {"gmv_minor": 0.0}, PRIOR).money_for(1.1) == np.inf


def test_draws_have_the_priors_middle_and_width_and_the_same_m_in_all_measures():
    drawn = (
        Lift(3.0, {"gmv_minor": 0.8, "joins": 0.4}, PRIOR, (0.5, 0.5, 0.5)).times(np.random.default_rng(1), 20_000) - 1
    )
    m = drawn.gmv_minor / 0.8
    assert np.allclose(m, drawn.joins / 0.4)
    assert np.quantile(m, [0.1, 0.5, 0.9]) == pytest.approx([0.25, 0.4, 0.65], rel=0.05)


def test_a_trial_moves_m_as_far_as_it_is_sure():
    sure, vague = informed(PRIOR, 80.0, 5.0, 100.0), informed(PRIOR, 80.0, 500.0, 100.0)
    assert sure[0] == pytest.approx(0.8, abs=0.04) and sure[2] - sure[1] < 0.2
    assert vague == pytest.approx(PRIOR, rel=0.02)
    assert (
        informed(PRIOR, 1.0, 0.0, 100.0) == PRIOR == informed(PRIOR, 1.0, 1.0, 0.0) == informed(PRIOR, np.nan, 1.0, 1.0)
    )


def test_the_posterior_is_calibrated_under_its_own_prior():
    rng, held = np.random.default_rng(2), 0
    for _ in range(400):
        true = float(np.exp(rng.normal(np.log(0.4), np.log(0.65 / 0.25) / 2.5632)))
        _, low, high = informed(PRIOR, true * 100 + rng.normal(0, 20), 20.0, 100.0)
        held += low <= true <= high
    assert 0.74 < held / 400 < 0.86
