"""Levels, case by case: toward whom an event counts, which touch a move is booked with, and why sums exceed the whole."""

from itertools import pairwise

import pytest

from apex.errors import ApexError
from apex.ledger.levels import LEVELS
from apex.ledger.rules import parse_rules
from apex.ledger.sweep import positions


@pytest.fixture(params=["reference", "sweep"])
def booked(request, by_hand, reference):
    """(rules, events, level) → [(brand, entity, consumer, day, from, to, first, business, item, touch)]."""
    keep = reference.ledger if request.param == "reference" else request.getfixturevalue("swept")

    def book(rules, events, level, last=40):
        rows = keep(by_hand.table(events), rules, by_hand.DAY_0, by_hand.day(last), 15, level)
        return [
            (r.brand, r.entity, r.consumer_id, (r.day - by_hand.DAY_0).days, r.from_stage, r.to_stage, r.first_ever,
             r.event_business, r.event_item_id, r.touch_channel)
            for r in rows
        ]  # fmt: skip

    return book


def test_an_event_without_item_does_not_count_at_items(booked, by_hand):
    events = [by_hand.e(0, "view"), by_hand.e(2, "view", item_id="i1")]
    assert booked(by_hand.LADDER, events, "item") == [
        ("ann", "i1", 1, 2, 0, 2, True, None, "i1", None),
        ("ann", "i1", 1, 22, 2, 0, False, None, None, None),
    ]


def test_an_event_without_business_does_not_count_at_businesses(booked, by_hand):
    events = [by_hand.e(0, "buy", business="flagship"), by_hand.e(1, "view", business=None)]
    assert booked(by_hand.LADDER, events, "brand+business") == [
        ("ann", "flagship", 1, 0, 0, 3, True, "flagship", None, None),
        ("ann", "flagship", 1, 10, 3, 0, False, None, None, None),
    ]


def test_a_touch_of_the_brand_without_the_item_is_the_move_s(booked, by_hand):
    """The advertisement named no item; of another brand's, nearer one, nothing is said."""
    events = [
        by_hand.e(0, "expose", channel="tv"),
        by_hand.e(1, "expose", channel="search", brand="Ben"),
        by_hand.e(2, "buy", item_id="i1"),
        by_hand.e(2, "buy", "13:00:00", item_id="i2", channel="live"),
        by_hand.e(2, "expose", "14:00:00", channel="display"),
    ]
    ups = booked(by_hand.BOUGHT, events, "item", last=5)
    assert ups == [
        ("ann", "i1", 1, 2, 0, 1, True, None, "i1", "tv"),
        ("ann", "i2", 1, 2, 0, 1, True, None, "i2", "live"),
    ]


@pytest.mark.parametrize(("level", "column"), [("item", "item_id"), ("brand+business", "business")])
@pytest.mark.parametrize(("bought_on", "touch"), [(14, "tv"), (15, None)])
def test_a_touch_of_the_brand_is_as_old_as_it_may_be(booked, by_hand, level, column, bought_on, touch):
    events = [by_hand.e(0, "expose", channel="tv"), by_hand.e(bought_on, "buy", **{column: "x"})]
    assert [row[-1] for row in booked(by_hand.BOUGHT, events, level)] == [touch]


def test_another_consumer_s_touch_is_not_one_s_own(booked, by_hand):
    events = [by_hand.e(0, "expose", channel="tv", consumer=1), by_hand.e(1, "buy", item_id="i1", consumer=2)]
    assert [row[-1] for row in booked(by_hand.BOUGHT, events, "item", last=5)] == [None]


def test_searches_and_purchases_of_a_category_count_there_and_all_brands_with_them(booked, by_hand):
    rules = by_hand.rules(A=[by_hand.seen("search_category expose", 15)], P=[by_hand.seen("buy buy_category", 10)])
    events = [
        by_hand.e(0, "search_category", brand=None, category="tea", channel="search"),
        by_hand.e(3, "buy", brand="Ben", category="tea", item_id="i1"),
        by_hand.e(4, "expose", brand="ann", category=None, channel="tv"),
        by_hand.e(9, "buy_category", brand=None, category="tea"),
        by_hand.e(9, "search_category", brand=None, category="soap"),
    ]
    assert booked(rules, events, "category") == [
        (None, "soap", 1, 9, 0, 1, True, None, None, None),
        (None, "soap", 1, 24, 1, 0, False, None, None, None),
        (None, "tea", 1, 0, 0, 1, True, None, None, "search"),
        (None, "tea", 1, 3, 1, 2, False, None, "i1", "search"),
        (None, "tea", 1, 19, 2, 0, False, None, None, None),
    ]
    assert [row[:2] for row in booked(rules, events, "brand")] == [("Ben", None)] * 2 + [("ann", None)] * 2


def test_two_days_at_two_brands_are_two_days_of_the_category(booked, by_hand):
    events = [by_hand.e(0, "buy", category="tea"), by_hand.e(1, "buy", brand="Ben", category="tea")]
    assert booked(by_hand.TWO_DAYS, events, "brand") == []
    assert [row[:6] for row in booked(by_hand.TWO_DAYS, events, "category")] == [
        (None, "tea", 1, 1, 0, 1),
        (None, "tea", 1, 5, 1, 0),
    ]


def test_at_one_instant_two_brands_of_a_category_are_in_order_of_behaviour(booked, by_hand):
    events = [
        by_hand.e(2, "buy", brand="ann", category="tea", seq=1),
        by_hand.e(2, "expose", brand="Ben", category="tea", channel="display", seq=2),
    ]
    assert [row[-1] for row in booked(by_hand.BOUGHT, events, "category", last=5)] == ["display"]


def test_at_one_instant_the_source_s_order_settles_what_behaviour_does_not_across_brands(booked, by_hand):
    events = [
        by_hand.e(2, "expose", brand="ann", category="tea", channel="circular", seq=7),
        by_hand.e(2, "expose", brand="Ben", category="tea", channel="display", seq=9),
        by_hand.e(2, "expose", brand="Cid", category="tea", channel="tv", seq=8),
        by_hand.e(3, "buy", brand="Ben", category="tea", seq=1),
    ]
    assert [row[-1] for row in booked(by_hand.BOUGHT, events, "category", last=5)] == ["display"]


def test_a_purchase_in_two_businesses_is_a_relation_with_each(booked, by_hand):
    """So the businesses' stocks add up to more than the brand's: this consumer is one of the brand and one of each."""
    events = [
        by_hand.e(0, "buy", business="flagship", channel="live"),
        by_hand.e(1, "buy", business="reseller"),
    ]
    rows = booked(by_hand.BOUGHT, events, "brand+business", last=20)
    assert rows == [
        ("ann", "flagship", 1, 0, 0, 1, True, "flagship", None, "live"),
        ("ann", "reseller", 1, 1, 0, 1, True, "reseller", None, "live"),
    ]
    assert len(booked(by_hand.BOUGHT, events, "brand", last=20)) == 1


def test_two_businesses_do_not_make_one_loyal_to_either(booked, by_hand):
    events = [by_hand.e(0, "buy", business="flagship"), by_hand.e(1, "buy", business="reseller")]
    assert booked(by_hand.TWO_DAYS, events, "brand+business") == []
    assert len(booked(by_hand.TWO_DAYS, events, "brand", last=3)) == 1


def test_the_same_item_under_two_brands_is_two(booked, by_hand):
    events = [by_hand.e(0, "buy", item_id="i"), by_hand.e(1, "buy", item_id="i", brand="Ben")]
    assert booked(by_hand.TWO_DAYS, events, "item") == []
    assert [row[:2] for row in booked(by_hand.BOUGHT, events, "item", last=5)] == [("Ben", "i"), ("ann", "i")]


def test_rows_lie_by_brand_entity_consumer_and_day(booked, by_hand):
    draw = [
        (item, consumer, brand) for item in ("茶", "b", "B", "a") for consumer in (9, 10, 2) for brand in ("z", "Y")
    ]
    events = [by_hand.e(n % 5, "buy", item_id=i, consumer=c, brand=b) for n, (i, c, b) in enumerate(draw)]
    rows = booked(by_hand.rules(P=[by_hand.seen("buy", 2)]), events, "item")
    assert len(rows) == 48 and all(one[:4] < other[:4] for one, other in pairwise(rows))


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("nobody", ["no events", "nothing that counts", "column absent"])
def test_no_rows_where_nothing_counts(by_hand, swept, level, nobody):
    rules, events = by_hand.BOUGHT, by_hand.table([by_hand.e(0, "buy", brand=None)])
    if nobody == "no events":
        events = events.slice(0, 0)
    if nobody == "column absent":
        events = events.drop_columns(["business", "item_id", "category"])
    assert swept(events, rules, by_hand.DAY_0, by_hand.day(40), level=level) == []
    opened = positions(events, parse_rules(rules, origin="test"), by_hand.day(3), level)
    assert opened.num_rows == 0 and ("entity" in opened.column_names) == (level != "brand")


def test_a_level_that_does_not_exist_is_refused(by_hand, swept):
    with pytest.raises(ApexError, match='no ledger level "items". Did you mean "item"'):
        swept(by_hand.table([]), by_hand.ONE, by_hand.DAY_0, by_hand.day(3), level="items")
