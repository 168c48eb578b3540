"""A small world whose contacts have known effects: what is fitted, what it credits, and what a trial adds."""

import dataclasses

import numpy as np
import pytest

from apex.measure.media_contacts import Contacts, Rows
from apex.measure.media_trials import Lift
from apex.model import media_cases, media_fit, media_worth

DAYS, PEOPLE, CARRY = 400, 1500, 10.0
TRUE = np.array([0.6, 0.0])


@pytest.fixture(scope="module")
def world():
    """Orders by themselves at rate · exp(Σ β log(1 + stock)); two channels, one of which does nothing."""
    rng = np.random.default_rng(5)
    met = rng.random((PEOPLE, DAYS, 2)) < 0.02
    liking = np.exp(0.5 * rng.standard_normal(PEOPLE))
    stock, bought = np.zeros((PEOPLE, 2)), []
    for t in range(DAYS):
        stock = stock * np.exp(-1 / CARRY) + met[:, t]
        hazard = 0.008 * liking * np.exp((np.log1p(stock) * TRUE).sum(axis=1))
        bought.append(rng.random(PEOPLE) < hazard)
    who, day, what = np.nonzero(met)
    buyer, on = np.nonzero(np.array(bought).T)
    ones = np.ones(len(buyer))
    orders = Rows(buyer, on, np.full(len(buyer), -1), 100 * ones)
    none = Rows(*(np.zeros(0, np.int64) for _ in range(3)), np.zeros(0))
    plain = Rows(buyer, on, np.zeros(len(buyer), np.int64), ones)
    return Contacts(
        PEOPLE, 1.0, ("works", "idle"), 0, DAYS - 1, np.arange(PEOPLE), Rows(who, day, what, np.ones(len(who))), plain, none,
        orders, plain, np.ones(PEOPLE),
    )  # fmt: skip


@pytest.fixture(scope="module")
def found(world):
    wide = np.zeros(2), np.eye(2)
    return media_fit.fitted(media_cases.cases(world, CARRY, 1), CARRY, *wide)


def test_stock_is_the_sum_of_what_has_not_faded():
    rows = Rows(np.array([0, 0, 1]), np.array([5, 9, 9]), np.array([0, 1, 0]), np.array([2.0, 1, 1]))
    stock = media_cases.decayed(rows, np.array([0, 0, 1, 1]), np.array([10, 4, 9, 60]), 5.0, 2)
    expected = [[2 * np.exp(-1), np.exp(-1 / 5)], [0, 0], [1, 0], [0, 0]]
    assert stock == pytest.approx(np.array(expected))
    today = media_cases.decayed(rows, np.array([1]), np.array([9]), 5.0, 2, same=False)
    assert today == pytest.approx(np.zeros((1, 2)))


def test_effects_are_found_within_their_errors(found):
    error = np.sqrt(np.diag(found.covariance))
    assert (np.abs(found.mean - TRUE) < 3 * error).all() and (error < 0.12).all()
    assert found.mean[0] > 4 * error[0]


def test_a_narrow_prior_wins_over_the_data(world):
    tight = media_fit.fitted(media_cases.cases(world, CARRY, 1), CARRY, np.array([0.1, 0.1]), 1e-6 * np.eye(2))
    assert tight.mean == pytest.approx([0.1, 0.1], abs=0.01)


def test_without_visits_the_prior_is_all_there_is(world):
    none = dataclasses.replace(world, visits=world.relations)
    found = media_fit.fitted(media_cases.cases(none, CARRY, 1, "visits"), CARRY, np.array([0.1, 0.2]), np.eye(2))
    assert found.mean == pytest.approx([0.1, 0.2]) and found.purchases == 0


def test_credit_is_what_would_be_missing(world, found):
    credit = media_fit.carried(world, found, 0, DAYS, TRUE)
    orders = len(world.orders.who)
    assert credit[1] == 0 and 0.05 * orders < credit[0] < 0.3 * orders


def worth(world, found, trials):
    return media_worth.worth(world, found, np.zeros(2), ["broad", "broad"], np.zeros(2), (0, DAYS), trials)


def test_a_trial_pulls_its_channel_and_through_it_the_others(world, found):
    plain = worth(world, found, [])
    nothing = Lift("t", 500, 500, 0.0, 1e-12, np.array([1.0, 0.0]))
    told = worth(world, found, [nothing])
    assert told.mean[0] == pytest.approx(0, abs=1e-6) and plain.mean[0] > 0.01
    assert told.covariance[0, 0] < 1e-9 < plain.covariance[0, 0]
    silent = worth(world, found, [Lift("t", 500, 500, 5.0, 1e12, np.array([1.0, 0.0]))])
    assert silent.mean == pytest.approx(plain.mean)


def test_draws_have_no_negative_effect(world, found):
    drawn = worth(world, found, []).draws(np.random.default_rng(1), 500)
    assert drawn.shape == (500, 2) and (drawn >= 0).all() and drawn[:, 0].mean() > 3 * drawn[:, 1].mean()


def test_media_that_chase_are_held_back(world, found):
    chased = media_worth.worth(world, found, np.zeros(2), ["likely", ""], np.zeros(2), (0, DAYS), [])
    assert chased.carried[0] == pytest.approx(media_worth.CHASING["likely"] * worth(world, found, []).carried[0])
