"""The open book, case by case: where everyone stands at the end of a day, since when, and until when without news."""

from types import SimpleNamespace

import pyarrow as pa
import pytest

from apex.errors import ApexError
from apex.ledger.book import Book
from apex.ledger.rules import parse_rules
from apex.ledger.sweep import positions


@pytest.fixture(scope="session", params=["reference", "sweep"])
def open_book(request, by_hand, reference):
    """(rules, events, n) → [(consumer, stage, since, expires)], days counted from DAY_0, None = never."""

    def book(rules, events, n):
        log, day = by_hand.table(events), by_hand.day(n)
        if request.param == "reference":
            found = reference.positions(log, rules, day)
        else:
            table = positions(log, parse_rules(rules, origin="test"), day)
            found = [reference.Position(**row) for row in table.to_pylist()]

        def count(when):
            return None if when is None else (when - by_hand.DAY_0).days

        return [(one.consumer_id, one.stage, count(one.since), [count(end) for end in one.expires]) for one in found]

    return book


def test_a_window_ends_w_days_after_its_last_event(open_book, by_hand):
    events = [by_hand.e(0, "expose"), by_hand.e(4, "expose")]

    assert open_book(by_hand.ONE, events, 3) == [(1, 1, 0, [15])]
    assert open_book(by_hand.ONE, events, 4) == [(1, 1, 0, [19])]
    assert open_book(by_hand.ONE, events, 18) == [(1, 1, 0, [19])]
    assert open_book(by_hand.ONE, events, 19) == []


def test_since_is_the_day_of_the_last_move(open_book, by_hand):
    events = [by_hand.e(0, "expose"), by_hand.e(3, "view"), by_hand.e(5, "buy"), by_hand.e(16, "view")]

    assert [(n, row[1], row[2]) for n in (0, 4, 5, 14, 15, 36) for row in open_book(by_hand.LADDER, events, n)] == [
        (0, 1, 0),
        (4, 2, 3),
        (5, 3, 5),
        (14, 3, 5),
        (15, 2, 15),
    ]


def test_a_stage_that_is_not_active_expires_on_the_day_itself(open_book, by_hand):
    assert open_book(by_hand.LADDER, [by_hand.e(0, "view"), by_hand.e(1, "buy")], 3) == [(1, 3, 1, [3, 20, 11])]


def test_an_open_status_never_expires(open_book, by_hand):
    events = [by_hand.e(0, "join"), by_hand.e(2, "join"), by_hand.e(5, "leave"), by_hand.e(8, "leave")]

    assert open_book(by_hand.JOINED, events, 7) == [(1, 1, 0, [None])]
    assert open_book(by_hand.JOINED, events, 8) == []


def test_a_stage_expires_with_the_last_of_its_conditions(open_book, by_hand):
    rules = by_hand.rules(I=[by_hand.seen("view", 5), by_hand.seen("cart", 9), by_hand.MEMBER])

    assert open_book(rules, [by_hand.e(0, "cart"), by_hand.e(1, "view")], 2) == [(1, 1, 0, [9])]
    assert open_book(rules, [by_hand.e(0, "cart"), by_hand.e(1, "join")], 2) == [(1, 1, 0, [None])]


def test_all_expires_with_its_first_member(open_book, by_hand):
    events = [by_hand.e(0, "buy"), by_hand.e(2, "review", score=5.0)]
    member = by_hand.rules(K=[{"all": [by_hand.seen("buy", 10), by_hand.MEMBER]}])

    assert open_book(by_hand.REVIEWED, events, 2) == [(1, 2, 2, [10, 7])]
    assert open_book(by_hand.REVIEWED, [*events, by_hand.e(6, "review", score=5.0)], 6) == [(1, 2, 2, [10, 10])]
    assert open_book(member, [by_hand.e(0, "join"), by_hand.e(3, "buy")], 4) == [(1, 1, 3, [13])]


@pytest.mark.parametrize(
    ("days", "on", "until"), [([0, 3], 4, 5), ([0, 0, 3], 4, 5), ([0, 3, 4], 4, 8), ([0, 3, 3], 4, 5)]
)
def test_a_count_expires_when_its_kth_last_day_leaves_the_window(days, on, until, open_book, by_hand):
    events = [by_hand.e(n, "buy") for n in days]

    assert open_book(by_hand.TWO_DAYS, events, on) == [(1, 1, 3, [until])]


def test_two_events_of_a_day_may_be_the_last_two(open_book, by_hand):
    assert open_book(by_hand.TWO_EVENTS, [by_hand.e(n, "buy") for n in (0, 3, 3)], 4) == [(1, 1, 3, [8])]


def test_later_events_are_not_known_yet(open_book, by_hand):
    past, future = [by_hand.e(0, "expose")], [by_hand.e(5, "expose"), by_hand.e(5, "expose", consumer=2)]

    assert open_book(by_hand.ONE, past + future, 4) == open_book(by_hand.ONE, past, 4) == [(1, 1, 0, [15])]


def test_brands_and_consumers_are_told_apart(by_hand):
    log = by_hand.table(
        [
            by_hand.e(0, "expose"),
            by_hand.e(1, "expose", brand="Ben"),
            by_hand.e(2, "expose", consumer=2**62 + 1),
            by_hand.e(2, "expose", brand=None),
        ]
    )
    table = positions(log, parse_rules(by_hand.ONE, origin="test"), by_hand.day(3))

    assert sorted(zip(table["brand"].to_pylist(), table["consumer_id"].to_pylist(), strict=True)) == [
        ("Ben", 1),
        ("ann", 1),
        ("ann", 2**62 + 1),
    ]


def test_an_empty_book_has_the_columns_too(by_hand):
    table = positions(by_hand.table([]), parse_rules(by_hand.LADDER, origin="test"), by_hand.day(0))

    assert (table.num_rows, table.column_names) == (0, ["brand", "consumer_id", "stage", "since", "expires"])
    assert table.schema.field("stage").type == pa.int8()
    assert table.schema.field("since").type == pa.date32()
    assert pa.types.is_list(table.schema.field("expires").type)
    assert table.schema.field("expires").type.value_type == pa.date32()


# --- As a warehouse's book opens it: slice by slice, each filed already ----------------------------------------------


@pytest.fixture
def stored_book(by_hand):
    """A book over two slices, one of them with a category search that has no brand."""
    searched = by_hand.e(2, "search_category", brand=None)
    slices = [
        by_hand.table([by_hand.e(0, "expose", brand="Ben"), by_hand.e(0, "expose"), searched]),
        by_hand.table([by_hand.e(1, "expose", consumer=2)]),
    ]
    warehouse = SimpleNamespace(
        first_day=by_hand.day(0), last_day=by_hand.day(9), each_slice=lambda columns, brands=None: iter(slices)
    )
    return Book(warehouse, parse_rules(by_hand.ONE, origin="test"), "brand", {})


def test_events_without_a_brand_do_not_disturb_the_open_book(stored_book, by_hand):
    table = stored_book.open_book(by_hand.day(3))

    assert list(zip(table["brand"].to_pylist(), table["consumer_id"].to_pylist(), strict=True)) == [
        ("Ben", 1),
        ("ann", 1),
        ("ann", 2),
    ]


@pytest.mark.parametrize("n", [-1, 10])
def test_a_day_outside_the_data_is_refused(n, stored_book, by_hand):
    with pytest.raises(ApexError, match=r"2024-02-20 to 2024-02-29"):
        stored_book.open_book(by_hand.day(n))
