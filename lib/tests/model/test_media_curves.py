"""Curves of money against what they claim: prices that rise, reach that fills, a height that was measured."""

import numpy as np
import pytest

from apex.model.media_curves import DEPTH, ROOM, Curves, shapes


def curves(draws=3, repeated=1.0, depth=1.0, share=(1.0,), price=(1.0,), days=(1.0,)):
    part = np.array(days)[:, None] / sum(days)
    return Curves(
        ("auction", "contract"), np.array(share)[:, None] * np.ones(2), np.array(price)[:, None] * np.array([50.0, 40.0]),
        part * np.array([1000.0, 1000.0]), np.array([True, False]), 5000.0, np.array([0.5, 1.0]), np.array([300.0, 200.0]),
        np.full((draws, 2), 0.01), np.full(draws, repeated), np.full(draws, depth), 20_000.0,
    )  # fmt: skip


def test_an_auction_gets_dearer_by_what_is_bought():
    """Money is the integral of the price: p n (1 + n / 2 n₀)."""
    budget = np.array([40_000.0, 40_000.0])
    n = curves().contacts(budget)
    assert 50 * n[0] * (1 + n[0] / (2 * DEPTH[0] * 1000)) == pytest.approx(40_000)
    assert n[1] == pytest.approx(1000)
    assert curves().contacts(curves().most()) == pytest.approx(ROOM * 1000)


def test_a_burst_is_dear_and_full_sooner():
    """Half of the money on one day of ten buys less of an auction, and of a contract what the day holds."""
    even, burst = (curves(share=s, price=(1.0, 1.0), days=(9.0, 1.0)) for s in ((0.9, 0.1), (0.5, 0.5)))
    budget = np.array([30_000.0, 12_000.0])
    assert burst.contacts(budget)[0] < 0.9 * even.contacts(budget)[0]
    assert burst.contacts(budget)[1] == pytest.approx(12_000 / 40 / 2 + min(12_000 / 40 / 2, ROOM * 100))
    assert burst.contacts(burst.most()) == pytest.approx(even.contacts(even.most()))
    assert burst.usual_price() == pytest.approx([50, 40])


def test_reach_is_below_contacts_and_people_and_saturates():
    c = curves()
    n = np.array([[1.0, 1.0], [500.0, 500.0], [1e9, 1e9]])
    reach = c.reach(n)
    assert (reach <= np.minimum(n, 5000) + 1e-9).all() and reach[0] == pytest.approx([1, 1], rel=1e-3)
    assert reach[1, 0] < reach[1, 1]  # fewer people take most of the first channel's contacts
    assert reach[2, 1] == pytest.approx(5000, rel=1e-3)


@pytest.mark.parametrize("repeated", [0.3, 1.0, 2.0])
def test_the_measured_height_is_kept_whatever_the_bend(repeated):
    """At the contacts of the earlier campaign a contact brings what was measured there."""
    c = curves(repeated=repeated)
    paid = np.array([50 * 300 * (1 + 300 / 2000), 40 * 200.0])
    assert c.gmv(paid) == pytest.approx(0.01 * 20_000 * np.array([300, 200]))


def test_curves_are_concave_and_a_draw_is_one_of_them():
    c = curves()
    grid = np.linspace(0, 59_000, 50)[:, None] * np.ones(2)
    value = c.gmv(grid)
    assert (np.diff(value, axis=0) > 0).all() and (np.diff(value, n=2, axis=0) < 0).all()
    assert c.gmv(grid, 0) == pytest.approx(value)


def test_shapes_find_a_negative_binomials():
    rng = np.random.default_rng(3)
    met = rng.poisson(rng.gamma(0.5, 2.0, 40_000))
    assert shapes(np.column_stack([met, 0 * met]).astype(float)) == pytest.approx([0.5, 3.0], rel=0.08)
