"""The stock that a campaign's media bought: who was met, where they stood, what it cost; against sets by hand."""

import datetime as dt

import pandas as pd
import pytest

from apex import ledger
from apex.ledger.rules import parse_rules
from apex.measure.bought_stock import bought_stock

RULES = {
    "name": "small",
    "stages": [
        {"id": "A", "name": {"en": "Aware", "zh": "认知"}, "any": [{"behaviour": ["expose"], "within_days": 15}]},
        {"id": "P", "name": {"en": "Bought", "zh": "购买"}, "any": [{"behaviour": ["buy"], "within_days": 365}]},
    ],
}
FIRST, LAST = dt.date(2024, 3, 1), dt.date(2024, 3, 20)


def row(key, day, behaviour, channel=None, brand="b"):
    money = {"value_minor": 500, "quantity": 1} if behaviour == "buy" else {}
    return {"consumer_key": key, "brand": brand, "behaviour": behaviour, "channel": channel, "category": "tea",
            "occurred_at": dt.datetime.combine(day, dt.time(9)), **money}  # fmt: skip


@pytest.fixture
def book(market):
    early, inside, late = dt.date(2024, 2, 25), dt.date(2024, 3, 5), dt.date(2024, 4, 1)
    rows = [
        row("aware", early, "expose", "feed"), row("aware", inside, "expose", "feed"), row("aware", inside, "expose", "tv"),
        row("buyer", dt.date(2024, 1, 10), "buy"), row("buyer", inside, "expose", "tv"),
        row("alone", dt.date(2024, 1, 11), "buy"), row("alone", late, "expose", "tv"),
        row("new", inside, "expose", "feed"), row("other", inside, "expose", "feed", brand="c"),
        row("other", early, "buy", brand="c"), row("end", late, "expose"),
    ]  # fmt: skip
    return ledger.ensure(market(rows), parse_rules(RULES))


def test_met_people_stand_where_they_stood_on_the_eve(book):
    found = bought_stock(book, "b", "spring", FIRST, LAST)
    cells = found.cells.set_index("stage")
    assert cells.met["A"] == 1 and cells.met["P"] == 1, "met twice counts once; met later counts not"
    assert cells.met["none"] + cells.met["O"] == pytest.approx(1)
    assert cells.consumers[["A", "P"]].tolist() == [1, 2]
    assert found.spent_minor is None and found.of_campaign_minor is None, "these data hold no spend"


def test_days_outside_the_data_and_media_that_met_nobody_give_nothing(book):
    assert bought_stock(book, "b", "x", dt.date(2024, 1, 10), LAST) is None
    assert bought_stock(book, "b", "x", FIRST, dt.date(2024, 5, 1)) is None
    assert bought_stock(book, "b", "x", dt.date(2024, 1, 20), dt.date(2024, 1, 30)) is None


def test_money_is_that_of_the_brand_in_those_days_and_of_the_campaign_by_name(book, monkeypatch):
    import ibis

    from apex.warehouse.store import Warehouse

    spend = ibis.memtable(
        pd.DataFrame(
            {
                "brand": ["b", "b", "b", "c"], "campaign_id": ["spring", None, "spring", "spring"],
                "day": [FIRST, LAST, dt.date(2024, 4, 1), FIRST], "cost_minor": [100, 30, 7, 1],
            }
        ),
        schema={"brand": "string", "campaign_id": "string", "day": "date", "cost_minor": "int64"},
    )  # fmt: skip
    has, table = Warehouse.has, Warehouse.table
    monkeypatch.setattr(Warehouse, "has", lambda self, name: name == "spend" or has(self, name))
    monkeypatch.setattr(Warehouse, "table", lambda self, name: spend if name == "spend" else table(self, name))
    found = bought_stock(book, "b", "spring", FIRST, LAST)
    assert (found.spent_minor, found.of_campaign_minor) == (130, 100)
