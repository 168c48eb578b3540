"""What a lesson counts, by hand on a market of few people."""

import datetime as dt

import pytest

from apex import ledger
from apex.ledger.rules import parse_rules
from apex.measure import lessons

RULES = {
    "name": "small",
    "stages": [
        {"id": "A", "name": {"en": "Aware", "zh": "认知"}, "any": [{"behaviour": ["expose"], "within_days": 60}]},
        {"id": "I", "name": {"en": "Interested", "zh": "兴趣"}, "any": [{"behaviour": ["view"], "within_days": 60}]},
        {"id": "P", "name": {"en": "Bought", "zh": "购买"}, "any": [{"behaviour": ["buy"], "within_days": 365}]},
    ],
}
EARLY, INSIDE, LATER = dt.date(2024, 2, 20), dt.date(2024, 3, 5), dt.date(2024, 3, 8)
FIRST, LAST = dt.date(2024, 3, 1), dt.date(2024, 3, 20)


def row(key, day, behaviour, channel=None, brand="b", **more):
    money = {"value_minor": 500, "quantity": 1} if behaviour == "buy" else {}
    return {"consumer_key": key, "brand": brand, "behaviour": behaviour, "channel": channel, "category": "tea",
            "occurred_at": dt.datetime.combine(day, dt.time(9)), **money, **more}  # fmt: skip


@pytest.fixture
def book(market):
    rows = [
        row("a", EARLY, "expose", "tv"), row("a", INSIDE, "expose", "feed"), row("a", LATER, "view"), row("a", LATER, "buy"),
        row("b", EARLY, "expose", "tv"), row("b", LATER, "buy"), row("b", LATER, "join"),
        row("c", dt.date(2024, 1, 5), "buy"), row("c", INSIDE, "expose", "feed"), row("c", INSIDE, "expose", "tv"),
        row("d", EARLY, "view"), row("e", INSIDE, "expose", "tv"), row("e", LATER, "view"),
        row("f", INSIDE, "buy", brand="other"), row("f", dt.date(2024, 4, 2), "buy"),
    ]  # fmt: skip
    return ledger.ensure(market(rows), parse_rules(RULES))


def test_who_stood_where_was_met_and_bought(book):
    found = lessons.stood(book, "b", FIRST, LAST).set_index(["stage", "met"])
    assert found.consumers.to_dict() == {("A", False): 1, ("A", True): 1, ("I", False): 1, ("P", True): 1}
    assert found.buyers.to_dict() == {("A", False): 1, ("A", True): 1, ("I", False): 0, ("P", True): 0}
    assert set(found.crowd) == {lessons.UNKNOWN}


def test_whom_channels_met_and_raised(book):
    assert lessons.interested(book) == "I"
    found = lessons.raised(book, "b", FIRST, LAST).set_index("channel")
    assert found.people.to_dict() == {"": 3, "feed": 2, "tv": 2}
    assert found.raised.to_dict() == {"": 2, "feed": 1, "tv": 1}, "a to P and e to I; c stood there before"
    assert found.buyers.to_dict() == {"": 1, "feed": 1, "tv": 0}


def test_what_came_of_the_window(book):
    found = lessons.came(book.warehouse, "b", FIRST, LAST)
    assert found == {"gmv_minor": 1000, "new_consumers": 2, "aac": 3, "joins": 1}
    assert lessons.came(book.warehouse, "nobody", FIRST, LAST) == {"gmv_minor": 0, "new_consumers": 0, "aac": 0}


def test_wear_compares_a_pair_with_itself(market):
    def met(key, day, *behaviours):
        return [row(key, dt.date(2024, 3, day), b, "tv", creative_id="x") for b in behaviours]

    rows = [
        *met("a", 2, "expose", "click"), *met("a", 3, "expose"), *met("a", 4, "expose", "click"), *met("a", 6, "expose"),
        *met("b", 2, "expose"), *met("c", 5, "expose", "click"), *met("c", 9, "expose"),
        row("d", dt.date(2024, 2, 1), "expose", "tv", creative_id="x"), *met("d", 4, "expose", "click"),
        row("e", dt.date(2024, 3, 2), "expose", "tv"), row("e", dt.date(2024, 3, 3), "click", "tv"),
    ]  # fmt: skip
    found = lessons.wear(market(rows), "b", FIRST, LAST).set_index("contacts")
    second = found.loc["2-3"]
    assert (second.pairs, second["first"], second.later) == (2, 2, 0.5), (
        "a on two days of the band, c on one; d began earlier"
    )
    assert (second.squares_later, second.both) == (0.25, 0.5)
    assert found.pairs["4-7"] == 1 and found.pairs["8+"] == 0
