"""The best split against what can be worked out by hand: square-root curves, limits, prices of limits, what cannot be met."""

import numpy as np
import pytest

from apex.errors import ApexError
from apex.model import split

NAMES = ["a", "b", "c"]
HEIGHT = np.array([1.0, 2.0, 3.0])
NOUGHT, ALL = np.zeros(3), np.full(3, 1000.0)


def roots(budget):
    return HEIGHT * np.sqrt(budget)


def test_square_roots_share_as_their_squares():
    """Of Σ h √b the best b goes by h², and the next unit brings h / (2 √b) everywhere."""
    found = split.best(roots, 1000.0, NOUGHT, ALL, NAMES)
    assert found.budget == pytest.approx(1000 * HEIGHT**2 / 14, rel=0.12)
    assert roots(found.budget).sum() == pytest.approx(np.sqrt(14 * 1000), rel=0.002)
    assert found.marginal == pytest.approx(np.sqrt(14 / 1000) / 2, rel=0.05)
    assert found.bound == ("", "", "") and found.unspent == pytest.approx(0, abs=1e-6)


def test_limits_bind_and_tell_their_price():
    floors, caps = np.array([400.0, 0, 0]), np.array([1000.0, 1000, 200])
    found = split.best(roots, 1000.0, floors, caps, NAMES)
    assert found.budget == pytest.approx([400, 400, 200])
    assert found.bound == ("floor", "", "cap")
    # b alone is free: its slope is the budget's price, and the limits' prices are the distance of the others' slopes
    assert found.marginal == pytest.approx(2 / (2 * np.sqrt(400)), rel=0.05)
    assert found.worth[2] == pytest.approx(3 / (2 * np.sqrt(200)) - found.marginal, rel=0.1)
    assert found.worth[0] == pytest.approx(found.marginal - 1 / (2 * np.sqrt(400)), rel=0.1)


def test_money_that_finds_no_place_stays():
    found = split.best(roots, 1000.0, NOUGHT, np.full(3, 100.0), NAMES)
    assert found.budget == pytest.approx([100, 100, 100]) and found.unspent == pytest.approx(700)
    assert found.marginal == pytest.approx(0, abs=1e-9)


def test_a_channel_that_brings_nothing_gets_nothing():
    found = split.best(lambda b: np.array([0.0, 1, 1]) * np.sqrt(b), 100.0, NOUGHT, ALL, NAMES)
    assert found.budget[0] == pytest.approx(0, abs=1e-6)


def test_what_cannot_be_met_is_named_with_its_amount():
    with pytest.raises(ApexError, match=r"add up to 1,200, 200 more than the budget \(1,000\): b 700, a 500"):
        split.best(roots, 1000.0, np.array([500.0, 700, 0]), ALL, NAMES)
    with pytest.raises(ApexError, match=r"floor of c \(500\) is 300 above its cap \(200\)"):
        split.best(roots, 1000.0, np.array([0.0, 0, 500]), np.array([1000.0, 1000, 200]), NAMES)


def people(amount):
    """Of b alone 1 − e^(−b / 500) are met: −log of the rest is b / 500, elsewhere nothing."""
    return split.Least("reach of b's", lambda b: b * np.array([0.0, 1 / 500, 0]), amount, lambda x: f"{x:.2f} of them")


def test_people_who_must_be_met_take_the_money_that_meets_them():
    free = split.best(roots, 1000.0, NOUGHT, ALL, NAMES).budget[1]
    found = split.best(roots, 1000.0, NOUGHT, ALL, NAMES, [people(1.2)])
    assert free < 400 < found.budget[1] == pytest.approx(600)
    # a unit less of the amount frees 500 of money, worth what it brings elsewhere beyond what it brings there
    assert found.least[0] == pytest.approx(500 * (found.marginal - 2 / (2 * np.sqrt(600))), rel=0.1)
    idle = split.best(roots, 1000.0, NOUGHT, ALL, NAMES, [people(0.1)])
    assert idle.least == (0,) and idle.budget[1] == pytest.approx(free)


def test_people_who_cannot_be_met_are_named_with_how_many_can():
    with pytest.raises(ApexError, match="reach of b's: at most 2.00 of them .* and 2.50 of them were asked for"):
        split.best(roots, 1000.0, NOUGHT, ALL, NAMES, [people(2.5)])
    both = [people(1.5), split.Least("reach of c's", lambda b: b * np.array([0, 0, 1 / 500]), 1.5, str)]
    with pytest.raises(ApexError, match="reach of b's, reach of c's: each can be met, but not all"):
        split.best(roots, 1000.0, NOUGHT, ALL, NAMES, both)


def test_within_hands_on_what_lies_above_a_cap():
    wished = np.array([1.0, 1, 2])
    assert split.within(wished, 400.0, ALL) == pytest.approx([100, 100, 200])
    assert split.within(wished, 400.0, np.array([1000.0, 50, 120])) == pytest.approx([230, 50, 120])
    assert split.within(np.array([0.0, 1, 0]), 400.0, np.full(3, 100.0)) == pytest.approx([0, 100, 0])
