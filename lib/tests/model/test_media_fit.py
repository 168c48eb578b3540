"""A small world of three brands whose contacts have known effects: what is fitted, what it credits, and what a trial adds."""

import dataclasses

import numpy as np
import pytest

from apex.measure.media_contacts import Contacts, Rows
from apex.measure.media_trials import Lift
from apex.model import media_choices, media_fit, media_plan, media_worth

DAYS, PEOPLE, BRANDS, CARRY = 300, 1200, 3, 14.0
TRUE = np.array([0.6, 0.0])
WHOM = ["broad", "likely"]


@pytest.fixture(scope="module")
def world():
    """Everybody comes every tenth day and looks at the brand he likes most; the second channel chases liking, in vain."""
    rng = np.random.default_rng(5)
    liking = rng.standard_normal((PEOPLE, BRANDS))
    chance = np.stack([np.full((PEOPLE, BRANDS), 0.02), 0.04 / (1 + np.exp(-2 * liking))], axis=-1)
    met = rng.random((DAYS, PEOPLE, BRANDS, 2)) < chance
    stock, chosen = np.zeros((PEOPLE, BRANDS, 2)), np.full((DAYS, PEOPLE), -1)
    for t in range(DAYS):
        come = rng.random(PEOPLE) < 0.1
        score = liking + (np.log1p(stock) * TRUE).sum(axis=-1) + rng.gumbel(size=(PEOPLE, BRANDS))
        chosen[t, come] = score.argmax(axis=1)[come]
        stock = (stock + met[t]) * np.exp(-1 / CARRY)
    pair = np.arange(PEOPLE * BRANDS).reshape(PEOPLE, BRANDS)
    day, who, brand, what = np.nonzero(met)
    contacts = ordered(pair[who, brand], day, what)
    day, who = np.nonzero(chosen >= 0)
    visits = ordered(pair[who, chosen[day, who]], day, np.zeros(len(day), np.int64))
    none = Rows(*(np.zeros(0, np.int64) for _ in range(3)), np.zeros(0))
    orders = Rows(visits.who, visits.day, visits.what - 1, 100 * visits.value)
    return Contacts(
        PEOPLE, 1.0, ("a", "b", "c"), 1, ("works", "chases"), 0, DAYS - 1, np.arange(PEOPLE), contacts, none, visits, none,
        orders, none, none, (),
    )  # fmt: skip


def ordered(who, day, what):
    order = np.lexsort((what, day, who))
    return Rows(who[order], day[order], what[order].astype(np.int64), np.ones(len(order)))


@pytest.fixture(scope="module")
def found(world):
    return media_fit.fitted(media_choices.choices(world, WHOM, CARRY, 1), CARRY)


def test_stock_is_the_sum_of_what_has_not_faded_of_the_days_before():
    index = media_choices.Index(
        Rows(np.array([0, 0, 1]), np.array([5, 9, 9]), np.array([0, 1, 0]), np.array([2.0, 1, 1])), 0
    )
    stock = index.decayed(np.array([0, 0, 1, 1, 1]), np.array([10, 4, 10, 9, 60]), 5.0, 2)
    expected = [[2 * np.exp(-1), np.exp(-1 / 5)], [0, 0], [np.exp(-1 / 5), 0], [0, 0], [0, 0]]
    assert stock == pytest.approx(np.array(expected))


def test_what_lies_far_away_counts_and_what_is_near_does_not():
    days = np.array([9, 50, 89, 90, 200])
    index = media_choices.Index(Rows(np.full(5, 3), days, np.zeros(5, int), 2.0 ** np.arange(5)), 0)
    assert index.away(np.array([3, 3, 2]), np.array([50, 1, 50]))[0].tolist() == [1 + 16, 2 + 4 + 8 + 16, 0]
    one, rest = index.away(np.array([3]), np.array([50]), days == 9, days != 9)
    assert (one[0], rest[0]) == (1, 16)
    seen, since, total = index.before(np.array([3]), np.array([90]))
    assert (seen[0], since[0], total[0]) == (3, 1, 7)


def test_choices_hold_the_chosen_brand_once_and_correct_for_those_left_out(world):
    of = media_choices.choices(world, WHOM, CARRY, 1)
    assert (np.add.reduceat(of.chosen, of.start) == 1).all()
    assert of.offset[of.stock.sum(axis=1) > 0].max() == 0
    assert set(np.round(of.offset[of.offset > 0], 6)) == {round(-np.log(media_choices.KEPT), 6)}
    assert of.brands.shape == (len(of.choice), 2 * BRANDS)


def test_effects_are_found_within_their_errors_and_chasing_is_mostly_seen_through(found):
    error = np.sqrt(np.diag(found.covariance))
    assert (error < 0.08).all() and abs(found.mean[0] - TRUE[0]) < 3 * error[0]
    assert found.mean[1] < 0.2  # without choices far away it is 0.47


def test_a_narrow_prior_wins_over_the_data(world):
    tight = media_fit.fitted(media_choices.choices(world, WHOM, CARRY, 1), CARRY, (0.1, 1e-4), 1e-4)
    assert tight.mean == pytest.approx([0.1, 0.1], abs=0.01)


def test_without_choices_the_prior_is_all_there_is(world):
    none = dataclasses.replace(world, every_visit=world.members)
    found = media_fit.fitted(media_choices.choices(none, WHOM, CARRY, 1))
    assert found.mean == pytest.approx([media_fit.CENTRE[0]] * 2) and found.choices == 0


def test_credit_is_what_would_be_missing(world, found):
    every = np.ones(DAYS, bool)
    credit = media_fit.carried(world, found, every, TRUE)
    assert credit[1] == 0 and 0.05 * len(world.orders.who) < credit[0] < 0.3 * len(world.orders.who)
    half = media_fit.carried(world, found, np.arange(DAYS) < DAYS // 2, TRUE)
    assert 0.4 * credit[0] < half[0] < 0.6 * credit[0]


def worth(world, found, trials=()):
    return media_worth.worth(world, found, WHOM, (0, DAYS), list(trials))


def test_a_trial_pulls_its_channel_and_through_it_the_others(world, found):
    plain = worth(world, found)
    told = worth(world, found, [Lift("t", 500, 500, 0.0, 1e-12, np.array([1.0, 0.0]))])
    assert told.mean[0] == pytest.approx(0, abs=1e-6) and plain.mean[0] > 0.01
    assert told.covariance[0, 0] < 1e-9 < plain.covariance[0, 0]
    silent = worth(world, found, [Lift("t", 500, 500, 5.0, 1e12, np.array([1.0, 0.0]))])
    assert silent.mean == pytest.approx(plain.mean)


def test_media_that_chase_are_held_back(world, found):
    broad = media_worth.worth(world, found, ["broad", "broad"], (0, DAYS), [])
    assert worth(world, found).carried[1] == pytest.approx(media_worth.CHASING["likely"] * broad.carried[1])


def test_draws_have_no_negative_effect_and_a_common_level(world, found):
    drawn = worth(world, found).draws(np.random.default_rng(1), 2000)
    assert drawn.shape == (2000, 2) and (drawn >= 0).all()
    assert drawn[:, 0].std() / drawn[:, 0].mean() > media_worth.AGAIN


def test_clicks_of_all_brands_tell_what_few_of_ones_own_cannot(world):
    """The brand's own clicks are few, and half as good as those of the others in the other channel."""
    pairs = np.array([0, 0, 1, 1])
    clicks = Rows(pairs, np.arange(4), np.array([0, 1, 0, 1]), np.array([1000.0, 1000, 20, 200]))
    orders = Rows(
        np.repeat(pairs, [100, 100, 0, 10]),
        np.zeros(210, int),
        np.repeat([0, 1, 0, 1], [100, 100, 0, 10]),
        np.ones(210),
    )
    on = media_worth._on_clicks(dataclasses.replace(world, every_click=clicks, every_order=orders))
    assert on[1] == pytest.approx(10, rel=0.2) and 0.3 < on[0] < 1.2


def test_a_brand_with_more_members_has_more_to_write_to(world):
    many = dataclasses.replace(world, every_order=world.members, members=Rows(
        np.arange(600) * BRANDS + 1, np.zeros(600, int), np.zeros(600, int), np.ones(600)))  # fmt: skip
    times = media_plan.for_us(many, ["broad", "members"])
    assert times[0] == 1 and times[1] == pytest.approx(3, rel=0.1)
