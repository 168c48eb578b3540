"""The size of a hold-out: against simulated trials, by hand, and at its edges."""

import numpy as np
import pytest
from scipy import stats

from apex.model import holdout_power


def test_a_lift_of_the_told_size_is_found_four_times_in_five_and_of_half_that_size_is_not():
    people, rate, share, worlds = 20_000, 0.05, 0.1, 4000
    row = holdout_power.table(people, rate, None, [share]).iloc[0]
    rng = np.random.default_rng(5)
    found = {}
    for size in (1.0, 0.5, 0.0):
        treated = rng.binomial(int(row.treated), rate * (1 + size * row.detectable), worlds) / row.treated
        held = rng.binomial(int(row.held_out), rate, worlds) / row.held_out
        both = (treated * row.treated + held * row.held_out) / people
        error = np.sqrt(both * (1 - both) * (1 / row.treated + 1 / row.held_out))
        found[size] = float((np.abs(treated - held) > stats.norm.ppf(0.975) * error).mean())
    assert found[1.0] == pytest.approx(0.8, abs=0.03)
    assert found[0.5] < 0.4 and found[0.0] == pytest.approx(0.05, abs=0.015)


def test_more_held_out_tells_more_and_costs_more():
    sizes = holdout_power.table(12_000, 0.06, 100_000.0)
    assert (sizes.detectable.diff().dropna() < 0).all()
    assert list(sizes.price_minor) == [100_000 * s for s in holdout_power.SHARES]
    assert np.allclose(sizes.treated + sizes.held_out, 12_000)


def test_the_smallest_share_that_tells_is_chosen_at_most_a_fifth():
    sizes = holdout_power.table(12_000, 0.06, None)
    assert holdout_power.choose(sizes, 0.6).share == 0.05
    assert holdout_power.choose(sizes, 0.27).share == 0.2 == holdout_power.MOST
    assert holdout_power.choose(sizes, 0.01).share == holdout_power.USUAL
    assert holdout_power.choose(sizes, None).share == holdout_power.USUAL


@pytest.mark.parametrize(("people", "rate"), [(0, 0.0), (1, 0.5), (100, 0.1), (10_000, 0.0), (10_000, 1.0)])
def test_few_people_or_no_buyer_tell_nothing(people, rate):
    sizes = holdout_power.table(people, rate, None, [0.1])
    assert sizes.detectable.isna().all() and sizes.price_minor.isna().all()
    assert holdout_power.choose(sizes, 0.5).share == 0.1
    assert holdout_power.choose(sizes, None).share == 0.1


def test_where_nearly_everybody_buys_no_lift_is_large_enough():
    assert holdout_power.table(400, 0.97, None, [0.1]).detectable.isna().all()
