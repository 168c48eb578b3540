"""Auctions that fill a gap: the cheapest mix, dearer with what is bought, and not more than there is room for."""

import numpy as np
import pandas as pd
import pytest

from apex.model.make_good import take
from apex.model.media_curves import DEPTH, ROOM

AUCTIONS = pd.DataFrame({"channel": ["feed", "search"], "price_minor": [1000.0, 1500.0], "daily": [100.0, 300.0]})


def test_little_is_taken_where_it_is_cheapest():
    found = take(AUCTIONS, 3.0, 10)
    assert found.impressions.tolist() == pytest.approx([3, 0])
    assert found.cost_minor[0] == pytest.approx(3 * (1 + 3 / (2 * DEPTH[0] * 1000)))


def test_much_is_taken_at_one_marginal_price():
    found = take(AUCTIONS, 500.0, 10)
    assert found.impressions.sum() == pytest.approx(500) and (found.impressions > 0).all()
    last = AUCTIONS.price_minor * (1 + found.impressions / (DEPTH[0] * AUCTIONS.daily * 10))
    assert last[0] == pytest.approx(last[1])
    other = np.array([500.0, 0.0])
    dear = AUCTIONS.price_minor / 1000 * other * (1 + other / (2 * DEPTH[0] * AUCTIONS.daily * 10))
    assert found.cost_minor.sum() < dear.sum()


def test_no_more_than_there_is_room_for_and_nothing_for_nothing():
    assert take(AUCTIONS, 1e9, 10).impressions.sum() == pytest.approx(ROOM * 4000)
    assert take(AUCTIONS, 0.0, 10).cost_minor.sum() == 0 and take(AUCTIONS[:0], 5.0, 10).empty
