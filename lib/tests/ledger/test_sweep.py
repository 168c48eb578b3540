"""Rows written down by hand (cases.py): the reference and the sweep must both give them, to the last column."""

from itertools import permutations

import pyarrow as pa
import pytest

from apex.ledger.rules import load_rules, parse_rules
from apex.ledger.sweep import sweep

TYPES = {
    "day": pa.date32(),
    "brand": pa.dictionary(pa.int32(), pa.string()),
    "consumer_id": pa.int64(),
    "from_stage": pa.int8(),
    "to_stage": pa.int8(),
    "first_ever": pa.bool_(),
    **dict.fromkeys(
        [
            *("event_behaviour", "event_business", "event_item_id"),
            *("touch_channel", "touch_campaign_id", "touch_content_id"),
        ],
        pa.dictionary(pa.int32(), pa.string()),
    ),
}


def test_rows_are_as_written_down(case, keep_book, by_hand):
    assert by_hand.keep(keep_book, case) == case.rows


def test_order_of_input_rows_does_not_matter(by_hand, keep_book):
    case = by_hand.CASES["interrupted within the day: the event is the one after the gap"]
    events = by_hand.numbered(case.events)

    for shuffled in permutations(events):
        assert by_hand.keep(keep_book, case._replace(events=list(shuffled))) == case.rows


def test_long_windows_of_the_default_rules(by_hand, keep_book, rules_file):
    """aipl: a second purchase day makes loyal for a year, a purchase counts for 913 days."""
    case = by_hand.Case(
        rules_file("aipl"),
        [by_hand.e(0, "buy"), by_hand.e(10, "buy"), by_hand.e(700, "share")],
        [
            by_hand.first(0, (0, 3), "buy"),
            by_hand.row(10, (3, 4), "buy"),
            by_hand.row(365, (4, 3)),
            by_hand.row(700, (3, 4), "share"),
            by_hand.row(923, (4, 0)),
        ],
        last=1200,
    )
    assert by_hand.keep(keep_book, case) == case.rows


def test_absent_columns_are_null(by_hand, swept):
    events = by_hand.table([by_hand.e(0, "view"), by_hand.e(2, "buy", channel=None)])
    bare = events.select(["consumer_id", "brand", "occurred_at", "seq", "behaviour"])

    rows = [swept(table, by_hand.LADDER, by_hand.day(0), by_hand.day(40)) for table in (events, bare)]
    assert rows[0] == rows[1] != []


def test_absent_score_and_value_reach_no_minimum(by_hand, swept):
    minima = by_hand.rules(P=[by_hand.seen("review", 5, min_score=1)], L=[by_hand.seen("buy", 5, min_value_minor=1)])
    events = by_hand.table([by_hand.e(0, "review", score=5.0), by_hand.e(2, "buy", value_minor=100)])
    bare = events.drop_columns(["score", "value_minor"])

    assert len(swept(events, minima, by_hand.day(0), by_hand.day(40))) == 3
    assert swept(bare, minima, by_hand.day(0), by_hand.day(40)) == []


@pytest.mark.parametrize("empty", [True, False], ids=["empty", "one row"])
def test_the_table_has_the_ledgers_columns(empty, by_hand):
    events = by_hand.table([by_hand.e(0, "expose")])

    table = sweep(events.slice(0, 0) if empty else events, load_rules("aipl"), by_hand.day(10))

    assert table.num_rows == (0 if empty else 1)
    assert dict(zip(table.column_names, table.schema.types, strict=True)) == TYPES
    assert table.column_names == list(TYPES)


def test_touches_reach_back_15_days_unless_told_otherwise(by_hand):
    events = by_hand.table([by_hand.e(0, "expose", channel="tv"), by_hand.e(14, "buy"), by_hand.e(15, "cart")])
    rules = parse_rules(by_hand.rules(P=[by_hand.seen("buy", 1)], L=[by_hand.seen("cart", 1)]), origin="test")

    table = sweep(events, rules, by_hand.day(20))
    assert table["touch_channel"].to_pylist() == ["tv", None, None]
