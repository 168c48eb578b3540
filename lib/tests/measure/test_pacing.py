"""What came day by day, by hand: media, purchases, the market's, consumers who rose."""

import datetime as dt

import pytest

from apex import ledger
from apex.ledger.rules import parse_rules
from apex.measure import pacing

RULES = {
    "name": "small",
    "stages": [
        {"id": "A", "name": {"en": "Aware", "zh": "认知"}, "any": [{"behaviour": ["expose"], "within_days": 5}]},
        {"id": "P", "name": {"en": "Bought", "zh": "购买"}, "any": [{"behaviour": ["buy"], "within_days": 9}]},
    ],
}


def did(who, day, behaviour, value=None, basket=None, brand="b"):
    row = {"consumer_key": who, "brand": brand, "category": "tea", "behaviour": behaviour, "basket_id": basket,
           "occurred_at": dt.datetime(2024, 1, 1, 9) + dt.timedelta(days=day)}  # fmt: skip
    return {**row, "quantity": 1, "value_minor": value} if value else row


@pytest.fixture
def warehouse(market):
    return market([
        did("x", 0, "expose"), did("y", 0, "expose"), did("x", 1, "buy", 300, "k1"), did("x", 1, "buy", 200, "k1"),
        did("y", 1, "buy", 100, "k2"), did("y", 3, "buy", 100, "k3"), did("z", 3, "expose"), did("z", 1, "buy", 900, "k4", "c"),
    ])  # fmt: skip


def test_purchases_by_day_with_the_squares_of_orders(warehouse, day):
    found = pacing.sold(warehouse, "b", day(0), day(4))
    assert found.gmv_minor.tolist() == [0, 600, 0, 100, 0] and found.orders.tolist() == [0, 2, 0, 1, 0]
    assert found.squares.tolist() == [0, 500**2 + 100**2, 0, 100**2, 0], "an order of two lines is one"
    assert list(found.index) == [day(n) for n in range(5)]


def test_risers_are_counted_at_the_stage_they_rose_to(warehouse, day):
    found = pacing.risen(ledger.ensure(warehouse, parse_rules(RULES)), "b", day(0), day(4))
    assert found.A.tolist() == [2, 0, 0, 1, 0] and found.P.tolist() == [0, 2, 0, 0, 0]


def test_without_spend_nothing_was_delivered(warehouse, day):
    assert pacing.delivered(warehouse, "b", day(0), day(4)).empty
    assert pacing.market(warehouse, None, day(0), day(2)).tolist() == [0, 0, 0]


def test_media_by_day_and_channel(day):
    class Spend:
        def has(self, name):
            return True

        def table(self, name):
            import ibis

            rows = [
                ("b", day(0), "tv", 5, 50),
                ("b", day(0), "tv", 2, 30),
                ("b", day(1), "live", 0, 0),
                ("c", day(0), "tv", 9, 9),
            ]
            return ibis.memtable(rows, columns=["brand", "day", "channel", "impressions", "cost_minor"])

    found = pacing.delivered(Spend(), "b", day(0), day(4))
    assert found.to_numpy().tolist() == [[day(0), "tv", 7, 80]]
