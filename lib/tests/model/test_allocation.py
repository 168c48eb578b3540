"""Who gets which impressions: optimal, proportional where nothing is in the way, within supply; and what is served of it."""

import numpy as np
import pytest

from apex.model.allocation import Booking, allocate, feasible, first_come, scarce_cells, serve


def booking(supply, edges, demand, penalty=None):
    cell, contract = np.array(edges, int).reshape(-1, 2).T
    penalty = np.ones(len(demand)) if penalty is None else penalty
    return Booking(np.array(supply, float), cell, contract, np.array(demand, float), np.array(penalty, float))


def test_alone_a_contract_takes_the_same_part_of_every_cell():
    of = booking([100, 50, 10], [(0, 0), (1, 0), (2, 0)], [80])
    plan = allocate(of)
    assert plan.flow == pytest.approx([50, 25, 5]) and plan.under == pytest.approx([0])


def test_the_flexible_contract_makes_room_for_the_bound_one():
    """Everybody's contract could take half of both cells, but the crowd's needs all of the first."""
    of = booking([100, 100], [(0, 0), (1, 0), (0, 1)], [100, 100])
    plan = allocate(of)
    assert plan.under == pytest.approx([0, 0], abs=1e-6) and plan.flow == pytest.approx([0, 100, 100], abs=1e-4)


def test_what_cannot_be_is_missing_where_it_costs_least_and_the_cell_is_named():
    of = booking([100, 7, 30], [(0, 0), (1, 0), (0, 1), (2, 2)], [90, 60, 20], [1.0, 5.0, 1.0])
    plan = allocate(of)
    assert plan.under == pytest.approx([43, 0, 0], abs=1e-6)
    assert scarce_cells(of, plan, 0).tolist() == [0, 1] and scarce_cells(of, plan, 2).tolist() == []
    assert plan.scarce.tolist() == [True, True, False]


def test_a_contract_without_any_cell_lacks_all():
    of = booking([10], [(0, 0)], [5, 8])
    assert allocate(of).under.tolist() == [0, 8]
    none = booking([10], [], [5])
    assert feasible(none).under.tolist() == [5] and allocate(none).under.tolist() == [5]


def crowded(seed):
    rng = np.random.default_rng(seed)
    may = rng.random((30, 8)) < 0.3
    return booking(rng.uniform(10, 50, 30), np.argwhere(may), rng.uniform(50, 250, 8), rng.uniform(0.5, 2, 8))


@pytest.mark.parametrize("seed", range(5))
def test_a_plan_keeps_to_supply_and_loses_nothing_of_the_optimum(seed):
    of = crowded(seed)
    plan, best = allocate(of), feasible(of)
    assert (of.uses(plan.flow) <= of.supply * (1 + 1e-6)).all() and (of.gets(plan.flow) <= of.demand + 1e-4).all()
    assert of.penalty @ (of.demand - of.gets(plan.flow)) == pytest.approx(of.penalty @ best.under, abs=1e-3)
    away = np.abs(plan.flow - of.share).sum(), np.abs(best.flow - of.share).sum()
    assert away[0] < away[1]


@pytest.mark.parametrize("seed", range(5))
def test_what_is_served_is_of_what_came(seed):
    of = crowded(seed)
    came = of.supply * np.random.default_rng(seed).uniform(0.5, 1.5, len(of.supply))
    for given in (serve(of, allocate(of).flow, came), first_come(of, came)):
        assert (given >= 0).all() and (of.uses(given) <= came * (1 + 1e-9)).all()
        assert (of.gets(given) <= of.demand * (1 + 1e-9)).all()


def test_what_a_plan_left_over_goes_to_whoever_lacks_it():
    of = booking([100, 100], [(0, 0), (1, 0), (0, 1)], [100, 100])
    given = serve(of, np.array([0.0, 100.0, 100.0]), np.array([150.0, 60.0]))
    assert of.gets(given) == pytest.approx([100, 100])
