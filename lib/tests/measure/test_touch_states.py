"""Consumers' days with a brand, by hand: where they stood before the day, what they did, what met them."""

from datetime import date, datetime, timedelta

import ibis
import numpy as np
import pandas as pd
import pytest

from apex.measure import touch_states
from apex.measure.touch_states import NEVER, Lives

FIRST, DAYS = date(2024, 1, 1), 60


class Seen:
    """A warehouse in memory."""

    first_day, last_day = FIRST, FIRST + timedelta(days=DAYS - 1)

    def __init__(self, rows):
        columns = ["consumer_id", "day", "behaviour", "channel", "brand", "basket_id"]
        frame = pd.DataFrame(rows, columns=columns)
        frame["occurred_at"] = [datetime(2024, 1, 1, 9) + timedelta(days=d) for d in frame.pop("day")]
        schema = {"consumer_id": "int64", "behaviour": "string", "channel": "string", "brand": "string", "basket_id": "string",
                  "occurred_at": "timestamp(6)"}  # fmt: skip
        self.tables = {
            "events": ibis.memtable(frame[list(schema)], schema=schema),
            "consumers": ibis.memtable(pd.DataFrame({"consumer_id": range(1, 6)})),
            "channels": ibis.memtable(
                pd.DataFrame({"channel": ["feed", "tv", "own"], "kind": ["display", "video", "free"]})
            ),
        }

    def table(self, name):
        return self.tables[name]

    def has(self, name):
        return name in self.tables


ROWS = [
    (1, 5, "expose", "feed", "us", None), (1, 5, "expose", "tv", "us", None), (1, 5, "view", "own", "us", None),
    (1, 6, "cart", "own", "us", None), (1, 9, "buy", "own", "us", "b1"), (1, 9, "buy", "own", "us", "b2"),
    (2, 3, "expose", "own", "us", None), (2, 4, "click", "feed", "us", None), (3, 3, "view", "own", "them", None),
]  # fmt: skip


@pytest.fixture(scope="module")
def of():
    return touch_states.lives(Seen(ROWS), "us")


def test_a_row_a_consumer_and_day(of):
    assert of.ids.tolist() == [1, 2] and of.channels == ("feed", "tv") and (of.days, of.first) == (DAYS, FIRST)
    assert (of.share, of.nobody) == (1.0, 3)  # three of five never had to do with the brand
    told = pd.DataFrame(
        {"who": of.who, "day": of.day, "came": of.came, "aside": of.aside, "orders": of.orders, "met": of.met}
    )
    told = told.sort_values(["who", "day"]).astype(int).to_numpy().tolist()
    assert told == [[0, 5, 1, 0, 0, 3], [0, 6, 1, 1, 0, 0], [0, 9, 0, 0, 2, 0], [1, 3, 0, 0, 0, 0], [1, 4, 1, 0, 0, 1]]


def test_states_are_of_the_days_before(of):
    (chunk,) = touch_states.chunks(of)
    assert chunk.state.shape == (2, DAYS)
    assert (chunk.state[0, :6] == NEVER).all()  # what he does on the day itself does not count
    came = chunk.state // 12
    assert came[0, 6:10].tolist() == [0, 0, 1, 1]  # 1 day ago; the cart of day 6: 1, 2, 3 days ago
    aside, bought = chunk.state // 4 % 3, chunk.state % 4
    assert aside[0, 7] == 0 and aside[0, 10] == 1 and bought[0, 9] == 3 and bought[0, 10] == 0 and bought[0, 41] == 1
    assert chunk.orders[0, 9] == 2 and chunk.steps[0].sum() == 3 and chunk.steps[0, 6] == 1


def test_many_consumers_are_cut_without_loss():
    dice, n = np.random.default_rng(1), 2500
    who = np.sort(dice.integers(0, n, 4000))
    ids, place = np.unique(who, return_inverse=True)
    nothing = np.zeros(4000, bool)
    of = Lives(ids, place, dice.integers(0, DAYS, 4000), nothing, nothing, np.ones(4000, int), np.zeros(4000, int), (), 1.0, 0.0,
               FIRST, DAYS)  # fmt: skip
    parts = list(touch_states.chunks(of))
    assert [len(p.orders) for p in parts] == [1000] * (len(ids) // 1000) + [len(ids) % 1000]
    assert sum(p.orders.sum() for p in parts) == len(np.unique(place * DAYS + of.day))
    assert np.concatenate([p.group for p in parts]).tolist() == (ids % touch_states.GROUPS).tolist()


def test_a_brand_nobody_met(monkeypatch):
    of = touch_states.lives(Seen(ROWS), "nobody")
    assert len(of.ids) == 0 and of.channels == () and of.nobody == 5 and list(touch_states.chunks(of)) == []


def test_of_many_a_part_is_read(monkeypatch):
    monkeypatch.setattr(touch_states, "MOST", 1)
    of = touch_states.lives(Seen(ROWS), "us")
    assert of.ids.tolist() == [2] and of.share == 0.5 and of.nobody == 1.5
