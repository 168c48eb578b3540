"""The least-cost way: cheapest first, within people and channels, budgets and goals out of reach named."""

import itertools

import numpy as np
import pandas as pd
import pytest

from apex.model.way import STEPS, WAY, least_cost, options

PEOPLE = {"A": 1000.0, "P": 500.0}


def moves(cost=(10.0, 30.0, 10.0, 30.0)):
    return pd.DataFrame(
        {
            "from_stage": ["A", "A", "P", "P", "P"], "channel": ["feed", "live", "feed", "live", "all"],
            "contacted": [100, 50, 100, 50, 150], "n": [200, 100, 200, 100, 300],
            "gmv_extra_minor": [20.0, 30.0, 80.0, 400.0, 200.0], "gmv_low": [10.0, 20.0, 40.0, 200.0, 100.0],
            "gmv_high": [30.0, 40.0, 120.0, 600.0, 300.0], "cost_minor": [*cost, 20.0],
        }
    )  # fmt: skip


def can(**more):
    return options(moves(**more), PEOPLE, {"A": 1000.0, "P": 2000.0}, ("P",), 60, 60)


def test_options_are_contacts_of_stages_and_channels_whose_returns_fall():
    found = can()
    assert len(found) == 4 * len(STEPS) and "all" not in set(found.channel)
    first, last = (found[(found.stage == "P") & (found.channel == "live") & (found.step == s)].iloc[0] for s in (0, 2))
    assert first.gmv_minor == 400 and last.gmv_minor == 200 and first.often == 2 and first.most == 50
    assert (found[found.stage == "P"].new == 0).all() and found[found.stage == "A"].new.max() == pytest.approx(0.03)
    assert options(moves(), PEOPLE, {"A": 1.0, "P": 1.0}, (), 60, 60, worth=0.5).gmv_minor.max() == 200


def test_the_cheapest_contacts_are_bought_first_and_exactly_enough():
    way = least_cost(can(), {"gmv_minor": 4000.0}, PEOPLE, 60)
    assert way.purchases[["stage", "channel"]].values.tolist() == [["P", "live"]]
    assert (
        way.brings_gmv == pytest.approx(4000)
        and way.cost_minor == pytest.approx(300)
        and not way.short
        and way.bound == ""
    )
    assert list(way.purchases.columns) == WAY and way.purchases.people.iloc[0] == pytest.approx(5)


def test_it_is_the_best_of_a_grid():
    options_, goal = can().query("step == 0").reset_index(drop=True), 15_000.0
    way = least_cost(options_, {"gmv_minor": goal}, PEOPLE, 60)
    shares = np.array(list(itertools.product(np.linspace(0, 1, 21), repeat=4)))
    x = shares * options_.most.to_numpy()
    best = (x @ options_.cost.to_numpy())[x @ options_.gmv_minor.to_numpy() >= goal].min()
    assert way.cost_minor <= best * (1 + 1e-9) and way.cost_minor > 0.9 * best


def test_several_goals_are_reached_together():
    one = least_cost(can(), {"gmv_minor": 4000.0}, PEOPLE, 60)
    both = least_cost(can(), {"gmv_minor": 4000.0, "new_consumers": 2.0}, PEOPLE, 60)
    assert both.brings_new >= 2 - 1e-6 and both.cost_minor > one.cost_minor and not both.short
    assert both.brings_gmv >= 4000 - 1e-6


def test_what_stops_it_is_named():
    far = least_cost(can(), {"gmv_minor": 4000.0, "new_consumers": 900.0}, PEOPLE, 60)
    assert far.bound == "people" and far.brings_gmv == pytest.approx(4000) and far.short["new_consumers"] > 800
    poor = least_cost(can(), {"gmv_minor": 4000.0}, PEOPLE, 60, budget=150.0)
    assert poor.bound == "budget" and poor.cost_minor == pytest.approx(150)
    assert poor.short["gmv_minor"] == pytest.approx(2000)
    few = least_cost(can(), {"gmv_minor": 1e9}, {"A": 0.0, "P": 0.7}, 60)
    assert few.purchases.contacts.sum() == pytest.approx(6), (
        "once a week is all that a consumer is met beside the usual"
    )


def test_nothing_missing_nothing_bought_and_joins_are_not_known():
    done = least_cost(can(), {"gmv_minor": -5.0}, PEOPLE, 60)
    assert done.purchases.empty and done.cost_minor == 0 and done.bound == "" and done.relative_error == 0
    joins = least_cost(can(), {"joins": 7.0}, PEOPLE, 60)
    assert joins.short == {"joins": 7.0} and joins.cost_minor is None
    assert least_cost(can().iloc[:0], {"gmv_minor": 5.0}, PEOPLE, 60).short == {"gmv_minor": 5.0}


def test_without_costs_the_fewest_contacts_are_the_way():
    way = least_cost(can(cost=(None,) * 4).assign(cost=np.nan), {"gmv_minor": 4000.0}, PEOPLE, 60)
    assert way.cost_minor is None and way.purchases.cost_minor.isna().all()
    assert way.purchases.contacts.sum() == pytest.approx(10)
