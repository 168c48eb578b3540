"""What is known on an eve, recounted by hand, event by event; and that nothing later is."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from apex import ledger
from apex.ledger.rules import load_rules
from apex.measure import eve


@pytest.fixture(scope="module")
def asked(shop):
    book = ledger.ensure(shop.warehouse, load_rules("aipl-panel"))
    days = [shop.day(480), shop.day(390)]
    return book, days, eve.known(book, "b", "tea", days)


def by_hand(log, day):
    """Per consumer key, by a walk through the events."""
    rows = {}
    for key, mine in log.groupby("consumer_key"):
        year = mine[(mine.day <= day) & (mine.day > day - dt.timedelta(days=365))]
        late = year[year.day > day - dt.timedelta(days=90)]
        own, other = (
            year[(year.brand == "b") & (year.behaviour == "buy")],
            year[(year.brand == "c") & (year.behaviour == "buy")],
        )
        act = year[(year.brand == "b") & year.behaviour.isin(["view", "cart", "favourite", "claim"])]
        rows[key] = {
            "orders": len(own), "spent": own.value_minor.sum(), "acts": len(act), "near": len(other), "buys": len(other),
            "carts_90": int(((late.brand == "b") & late.behaviour.isin(["cart", "favourite"])).sum()),
            "since_order": (day - own.day.max()).days if len(own) else 366, "rivals": len(other),
            "since_act": (day - act.day.max()).days if len(act) else 366, "spent_all": other.value_minor.sum(),
        }  # fmt: skip
    return pd.DataFrame(rows).T.astype(float)


def test_counts_are_those_of_the_events(shop, asked):
    _, days, frames = asked
    for day, frame in zip(days, frames, strict=True):
        hand = by_hand(shop.log, day)
        for column in hand:
            assert sorted(frame[column]) == sorted(hand[column]), column
        # one consumer is one row: sums of products agree only if columns belong together
        for a, b in (("orders", "spent"), ("acts", "since_order"), ("carts_90", "since_act")):
            assert (frame[a] * frame[b]).sum() == (hand[a] * hand[b]).sum()
        assert frame.consumer_id.is_monotonic_increasing and frame.notna().all().all()


def test_an_eve_does_not_hang_on_what_else_is_asked_or_on_what_comes_later(shop, asked):
    book, days, frames = asked
    pd.testing.assert_frame_equal(eve.known(book, "b", "tea", [days[1]])[0], frames[1])
    cut = ledger.ensure(shop.warehouse.until(days[1]), load_rules("aipl-panel"))
    pd.testing.assert_frame_equal(eve.known(cut, "b", "tea", [days[1]])[0], frames[1])


def test_a_design_has_no_keys_and_not_what_only_buyers_have(asked):
    frame = asked[2][0]
    x = eve.design(frame, eve.OWN)
    assert x.shape == (len(frame), len(frame.columns) - 1 - len(eve.OWN)) and np.isfinite(x).all()
    assert not set(eve.OWN) - set(frame)
    assert (eve.known(asked[0], "b", None, [asked[1][0]])[0].near == 0).all(), "without a category nothing is near"
