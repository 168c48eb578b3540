"""The ledger, case by case: rows written down by hand, which the reference and the sweep must both give.

Each case is a small story. Days are counted from DAY_0, so that a window of 15 days opened on day 0 lapses on day 15.
The words for telling one: `rules(A=[...])` are the stages, shallow first; `seen` is a condition on behaviours; `e` an
event on day n; `row` and `first` (a consumer's first at that brand) are rows of the ledger.
"""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any, NamedTuple

import pyarrow as pa

EVENTS = pa.schema(
    [
        ("consumer_id", pa.int64()),
        ("brand", pa.string()),
        ("category", pa.string()),
        ("occurred_at", pa.timestamp("us")),
        ("seq", pa.int64()),
        ("behaviour", pa.string()),
        ("business", pa.string()),
        ("channel", pa.string()),
        ("campaign_id", pa.string()),
        ("content_id", pa.string()),
        ("item_id", pa.string()),
        ("score", pa.float64()),
        ("value_minor", pa.int64()),
        ("detail", pa.string()),
    ]
)
DAY_0 = date(2024, 2, 20)  # a leap year's end of February: calendars, not arithmetic on day numbers, decide


class Case(NamedTuple):
    """A rule set, a log, and the rows that follow for the days 0 … last."""

    rules: dict[str, Any]
    events: list[dict[str, Any]]
    rows: list[tuple]
    last: int = 40
    touch_days: int = 15


def day(n: int) -> date:
    return DAY_0 + timedelta(n)


def rules(**stages: list[dict]) -> dict[str, Any]:
    """Stage id → its conditions, shallow first, as the mapping a rules file holds."""
    return {
        "name": "test",
        "stages": [{"id": one, "name": {"en": one, "zh": one}, "any": any_of} for one, any_of in stages.items()],
    }


def seen(behaviour: str, within_days: int, **more: Any) -> dict[str, Any]:
    return {"behaviour": behaviour.split(), "within_days": within_days, **more}


def e(n: int, behaviour: str, at: str = "12:00:00", consumer: int = 1, brand: str | None = "ann", **more: Any) -> dict:
    when = datetime.combine(day(n), time.fromisoformat(at))
    return {"consumer_id": consumer, "brand": brand, "occurred_at": when, "behaviour": behaviour, **more}


def row(
    n: int,
    move: tuple[int, int],
    event: str | None = None,
    touch: str | None = None,
    is_first: bool = False,
    brand: str = "ann",
    consumer: int = 1,
    business: str | None = None,
    item: str | None = None,
    campaign: str | None = None,
    content: str | None = None,
) -> tuple:
    """A row of the ledger in the order of its columns."""
    return day(n), brand, consumer, *move, is_first, event, business, item, touch, campaign, content


first = partial(row, is_first=True)


def numbered(events: list[dict]) -> list[dict]:
    """Events with `seq` in the order they stand in, where they name none."""
    return [{"seq": n, **event} for n, event in enumerate(events)]


def table(events: list[dict]) -> pa.Table:
    """Events as a canonical table; columns that are not named are null."""
    return pa.Table.from_pylist(numbered(events), schema=EVENTS)


def keep(book: Callable, case: Case) -> list[tuple]:
    """The rows that an implementation of the ledger gives for a case, in the columns of `row`."""
    return [tuple(r)[:-1] for r in book(table(case.events), case.rules, DAY_0, day(case.last), case.touch_days)]


FOLLOWS = {"status": {"open": "follow", "close": "unfollow"}}
MEMBER = {"status": {"open": "join", "close": "leave"}}
ONE = rules(A=[seen("expose", 15)])
JOINED = rules(I=[MEMBER])
BOUGHT = rules(P=[seen("buy", 30)])
LADDER = rules(A=[seen("expose", 30)], I=[seen("click view", 20), MEMBER], P=[seen("buy", 10)])
TWO_DAYS = rules(L=[seen("buy", 5, at_least=2, distinct="day")])
TWO_EVENTS = rules(L=[seen("buy", 5, at_least=2, distinct="event")])
REVIEWED = rules(P=[seen("buy", 10)], L=[{"all": [seen("buy", 10), seen("review", 5, min_score=4)]}])

CASES = {
    # Windows
    "an event on day 0 counts on days 0 to 14": Case(
        ONE, [e(0, "expose")], [first(0, (0, 1), "expose"), row(15, (1, 0))]
    ),
    "the last day of the window is not yet a lapse": Case(ONE, [e(0, "expose")], [first(0, (0, 1), "expose")], last=14),
    "a lapse on the last day is booked": Case(
        ONE, [e(0, "expose")], [first(0, (0, 1), "expose"), row(15, (1, 0))], last=15
    ),
    "windows go by day, never by the hour": Case(
        ONE,
        [e(0, "expose", "23:59:59.999999"), e(20, "expose", "00:00:00")],
        [first(0, (0, 1), "expose"), row(15, (1, 0)), row(20, (0, 1), "expose"), row(35, (1, 0))],
    ),
    "a window of one day": Case(
        rules(A=[seen("expose", 1)]),
        [e(0, "expose"), e(1, "expose"), e(3, "expose")],
        [first(0, (0, 1), "expose"), row(2, (1, 0)), row(3, (0, 1), "expose"), row(4, (1, 0))],
    ),
    "touched again on the day of lapse: no move": Case(
        ONE, [e(0, "expose"), e(15, "expose")], [first(0, (0, 1), "expose"), row(30, (1, 0))]
    ),
    "touched again a day too late: out and in": Case(
        ONE,
        [e(0, "expose"), e(16, "expose")],
        [first(0, (0, 1), "expose"), row(15, (1, 0)), row(16, (0, 1), "expose"), row(31, (1, 0))],
    ),
    "a touch inside the window only prolongs": Case(
        ONE, [e(0, "expose"), e(9, "expose"), e(3, "expose")], [first(0, (0, 1), "expose"), row(24, (1, 0))]
    ),
    "a behaviour no rule names moves nobody": Case(ONE, [e(0, "view"), e(1, "refund"), e(2, "search_brand")], []),
    # Stages
    "several moves in a day are one row": Case(
        LADDER,
        [e(0, "expose", "09:00:00"), e(0, "view", "10:00:00"), e(0, "buy", "11:00:00")],
        [first(0, (0, 3), "buy"), row(10, (3, 2)), row(20, (2, 1)), row(30, (1, 0))],
    ),
    "a lapse falls through stages that are not active": Case(
        LADDER,
        [e(0, "expose"), e(0, "view"), e(12, "buy")],
        [first(0, (0, 2), "view"), row(12, (2, 3), "buy"), row(22, (3, 1)), row(30, (1, 0))],
    ),
    "a stage needs none of the shallower ones": Case(LADDER, [e(0, "buy")], [first(0, (0, 3), "buy"), row(10, (3, 0))]),
    "two stages lapse on one day: one row": Case(
        LADDER, [e(0, "view"), e(10, "buy")], [first(0, (0, 2), "view"), row(10, (2, 3), "buy"), row(20, (3, 0))]
    ),
    "a new view on the day a purchase lapses is a move down, without event or touch": Case(
        LADDER,
        [e(0, "buy"), e(10, "view", channel="search")],
        [first(0, (0, 3), "buy"), row(10, (3, 2)), row(30, (2, 0))],
    ),
    "a shallower event moves nobody down or up": Case(
        LADDER,
        [e(0, "buy"), e(3, "view"), e(4, "expose")],
        [first(0, (0, 3), "buy"), row(10, (3, 2)), row(23, (2, 1)), row(34, (1, 0))],
    ),
    "only the first row ever is a first": Case(
        ONE,
        [e(0, "expose"), e(16, "expose"), e(3, "expose", brand="Ben")],
        [
            first(3, (0, 1), "expose", brand="Ben"),
            row(18, (1, 0), brand="Ben"),
            first(0, (0, 1), "expose"),
            row(15, (1, 0)),
            row(16, (0, 1), "expose"),
            row(31, (1, 0)),
        ],
    ),
    # Counts
    "at_least counts distinct days by default": Case(
        rules(L=[seen("buy", 5, at_least=2)]),
        [e(0, "buy", "09:00:00"), e(0, "buy", "18:00:00"), e(3, "buy")],
        [first(3, (0, 1), "buy"), row(5, (1, 0))],
    ),
    "distinct days: each new day looks back for its fellow": Case(
        TWO_DAYS,
        [e(0, "buy"), e(3, "buy"), e(6, "buy"), e(7, "buy"), e(20, "buy"), e(25, "buy")],
        [first(3, (0, 1), "buy"), row(5, (1, 0)), row(6, (0, 1), "buy"), row(11, (1, 0))],
    ),
    "distinct events: two on one day suffice": Case(
        TWO_EVENTS,
        [e(0, "buy", "09:00:00", item_id="i1"), e(0, "buy", "09:00:00", item_id="i2")],
        [first(0, (0, 1), "buy", item="i2"), row(5, (1, 0))],
    ),
    "distinct events: the last two decide": Case(
        TWO_EVENTS,
        [e(0, "buy", "09:00:00"), e(0, "buy", "10:00:00"), e(3, "buy"), e(4, "buy")],
        [first(0, (0, 1), "buy"), row(8, (1, 0))],
    ),
    "three of them": Case(
        rules(K=[seen("buy", 10, at_least=3, distinct="day")]),
        [e(0, "buy"), e(4, "buy"), e(4, "buy"), e(9, "buy"), e(10, "buy"), e(13, "buy")],
        [first(9, (0, 1), "buy"), row(19, (1, 0))],
    ),
    "behaviours of one condition count together": Case(
        rules(I=[seen("view cart", 5, at_least=2, distinct="day")]),
        [e(0, "cart"), e(1, "view"), e(9, "view"), e(9, "cart")],
        [first(1, (0, 1), "view"), row(5, (1, 0))],
    ),
    "conditions of one stage do not count together": Case(
        rules(I=[seen("view", 5, at_least=2), seen("cart", 5, at_least=2)]), [e(0, "view"), e(1, "cart")], []
    ),
    # Filters of single events
    "an unknown score reaches no minimum": Case(
        rules(L=[seen("review", 5, min_score=4)]),
        [e(0, "review"), e(1, "review", score=3.9), e(2, "review", score=4.0), e(3, "review", score=1.0)],
        [first(2, (0, 1), "review"), row(7, (1, 0))],
    ),
    "a minimum of zero still asks for a score": Case(
        rules(L=[seen("review", 5, min_score=0)]),
        [e(0, "review"), e(2, "review", score=0.0)],
        [first(2, (0, 1), "review"), row(7, (1, 0))],
    ),
    "a minimum of money filters single events, it does not sum": Case(
        rules(K=[seen("buy", 5, min_value_minor=1000)]),
        [e(0, "buy", value_minor=999), e(0, "buy", value_minor=999), e(1, "buy"), e(2, "buy", value_minor=1000)],
        [first(2, (0, 1), "buy"), row(7, (1, 0))],
    ),
    # All
    "all expires with its first member": Case(
        REVIEWED,
        [e(0, "buy"), e(2, "review", score=5.0)],
        [first(0, (0, 1), "buy"), row(2, (1, 2), "review"), row(7, (2, 1)), row(10, (1, 0))],
    ),
    "all, one member renewed: the other ends it": Case(
        REVIEWED,
        [e(0, "buy"), e(2, "review", score=5.0), e(6, "review", score=4.0)],
        [first(0, (0, 1), "buy"), row(2, (1, 2), "review"), row(10, (2, 0))],
    ),
    "all needs every member": Case(
        REVIEWED, [e(0, "review", score=5.0), e(5, "buy")], [first(5, (0, 1), "buy"), row(15, (1, 0))]
    ),
    "all with a status: open long before, closed at last": Case(
        rules(K=[{"all": [seen("buy", 10), MEMBER]}]),
        [e(0, "join"), e(5, "buy"), e(20, "buy"), e(23, "leave"), e(25, "buy"), e(28, "join")],
        [
            first(5, (0, 1), "buy"),
            row(15, (1, 0)),
            row(20, (0, 1), "buy"),
            row(23, (1, 0)),
            row(28, (0, 1), "join"),
            row(35, (1, 0)),
        ],
    ),
    # Statuses
    "opened on the first day of the data, open to its last": Case(
        JOINED, [e(0, "join", "00:00:00", detail="at_start")], [first(0, (0, 1), "join")], last=1200
    ),
    "opened before the data, closed within it": Case(
        JOINED,
        [e(0, "join", "00:00:00", detail="at_start"), e(30, "leave")],
        [first(0, (0, 1), "join"), row(30, (1, 0))],
    ),
    "opened twice, closed twice": Case(
        JOINED, [e(0, "join"), e(2, "join"), e(5, "leave"), e(8, "leave")], [first(0, (0, 1), "join"), row(8, (1, 0))]
    ),
    "a leave without a join counts for nothing": Case(
        JOINED, [e(0, "leave"), e(1, "leave"), e(2, "join"), e(9, "leave")], [first(2, (0, 1), "join"), row(9, (1, 0))]
    ),
    "join and leave in a day: no row": Case(JOINED, [e(0, "join", "09:00:00"), e(0, "leave", "10:00:00")], []),
    "join, leave, join in a day: the second join is the event": Case(
        JOINED,
        [
            e(0, "join", "09:00:00", item_id="first"),
            e(0, "leave", "10:00:00"),
            e(0, "join", "11:00:00", item_id="second"),
        ],
        [first(0, (0, 1), "join", item="second")],
    ),
    "leave and join again in a day: no row": Case(
        JOINED, [e(0, "join"), e(4, "leave", "09:00:00"), e(4, "join", "10:00:00")], [first(0, (0, 1), "join")]
    ),
    "a leave before a join in the day stays open": Case(
        JOINED, [e(0, "leave", "09:00:00"), e(0, "join", "10:00:00")], [first(0, (0, 1), "join")]
    ),
    "each status has its own count": Case(
        rules(I=[MEMBER, FOLLOWS]),
        [e(0, "follow"), e(2, "leave"), e(3, "join"), e(5, "unfollow"), e(7, "leave")],
        [first(0, (0, 1), "follow"), row(7, (1, 0))],
    ),
    "leave on the day the window ends": Case(
        LADDER, [e(0, "view"), e(3, "join"), e(20, "leave")], [first(0, (0, 2), "view"), row(20, (2, 0))]
    ),
    "leave before the window ends": Case(
        LADDER, [e(0, "view"), e(3, "join"), e(12, "leave")], [first(0, (0, 2), "view"), row(20, (2, 0))]
    ),
    # The event of a move
    "the event is the first after which the stage stays active": Case(
        LADDER,
        [e(0, "view", "09:00:00", item_id="i1"), e(0, "view", "10:00:00", item_id="i2")],
        [first(0, (0, 2), "view", item="i1"), row(20, (2, 0))],
    ),
    "active through one condition, kept by another: the first is the event": Case(
        LADDER,
        [e(0, "join", "09:00:00"), e(0, "view", "10:00:00"), e(0, "leave", "11:00:00")],
        [first(0, (0, 2), "join"), row(20, (2, 0))],
    ),
    "interrupted within the day: the event is the one after the gap": Case(
        LADDER,
        [e(0, "join", "09:00:00"), e(0, "leave", "10:00:00"), e(0, "view", "11:00:00")],
        [first(0, (0, 2), "view"), row(20, (2, 0))],
    ),
    "a deeper stage that ends within the day leaves the final one its own event": Case(
        LADDER,
        [e(0, "join", "09:00:00"), e(0, "expose", "10:00:00"), e(0, "leave", "11:00:00")],
        [first(0, (0, 1), "expose"), row(30, (1, 0))],
    ),
    "business and item are the event's, the rest of the row the touch's": Case(
        BOUGHT,
        [
            e(0, "click", business="reseller", item_id="i1", channel="search", campaign_id="c1", content_id="t1"),
            e(2, "buy", business="flagship", item_id="i2"),
        ],
        [
            first(2, (0, 1), "buy", "search", business="flagship", item="i2", campaign="c1", content="t1"),
            row(32, (1, 0)),
        ],
    ),
    # The touch of a move
    "a touch 14 days before counts": Case(
        BOUGHT, [e(0, "expose", channel="display"), e(14, "buy")], [first(14, (0, 1), "buy", "display")]
    ),
    "a touch 15 days before does not": Case(
        BOUGHT,
        [e(0, "expose", "23:59:59", channel="display"), e(15, "buy", "00:00:00")],
        [first(15, (0, 1), "buy", None)],
    ),
    "how far back touches count is a setting": Case(
        BOUGHT,
        [
            e(0, "expose", channel="display"),
            e(3, "buy"),
            e(0, "expose", channel="tv", consumer=2),
            e(2, "buy", consumer=2),
        ],
        [
            first(3, (0, 1), "buy", None),
            row(33, (1, 0)),
            first(2, (0, 1), "buy", "tv", consumer=2),
            row(32, (1, 0), consumer=2),
        ],
        touch_days=3,
    ),
    "the event is its own touch where it has a channel": Case(
        BOUGHT,
        [e(1, "expose", channel="display", campaign_id="c1"), e(2, "buy", channel="live")],
        [first(2, (0, 1), "buy", "live"), row(32, (1, 0))],
    ),
    "without a channel an event is no touch, whatever else it has": Case(
        BOUGHT,
        [
            e(1, "expose", channel="display"),
            e(2, "view", campaign_id="c2", content_id="t2"),
            e(2, "buy", campaign_id="c3"),
        ],
        [first(2, (0, 1), "buy", "display"), row(32, (1, 0))],
    ),
    "the touch is one row: what it lacks is not filled from another": Case(
        BOUGHT,
        [
            e(0, "expose", channel="tv", campaign_id="c1", content_id="t1"),
            e(1, "expose", channel="display"),
            e(2, "buy"),
        ],
        [first(2, (0, 1), "buy", "display"), row(32, (1, 0))],
    ),
    "a touch after the event is too late": Case(
        BOUGHT,
        [e(1, "expose", channel="tv"), e(2, "buy", "09:00:00"), e(2, "expose", "10:00:00", channel="display")],
        [first(2, (0, 1), "buy", "tv"), row(32, (1, 0))],
    ),
    "any behaviour of the same consumer and brand can be a touch, no other's": Case(
        BOUGHT,
        [
            e(0, "refund", channel="service"),
            e(1, "expose", channel="tv", brand="Ben"),
            e(1, "expose", channel="display", consumer=2),
            e(1, "search_category", channel="search", brand=None),
            e(2, "buy"),
        ],
        [first(2, (0, 1), "buy", "service"), row(32, (1, 0))],
    ),
    "nobody else's touch is taken where there is none": Case(
        BOUGHT,
        [
            e(1, "expose", channel="tv", brand="Ben"),
            e(1, "expose", channel="display", consumer=0),
            e(2, "buy"),
            e(3, "buy", brand="zoe"),
        ],
        [
            first(2, (0, 1), "buy"),
            row(32, (1, 0)),
            first(3, (0, 1), "buy", brand="zoe"),
            row(33, (1, 0), brand="zoe"),
        ],
    ),
    "the touch of the day before last moves nobody twice": Case(
        LADDER,
        [e(0, "expose", channel="display"), e(1, "view"), e(2, "buy")],
        [
            first(0, (0, 1), "expose", "display"),
            row(1, (1, 2), "view", "display"),
            row(2, (2, 3), "buy", "display"),
            row(12, (3, 2)),
            row(21, (2, 1)),
            row(30, (1, 0)),
        ],
    ),
    # Ties within an instant
    "at one instant an exposure comes before the purchase": Case(
        BOUGHT,
        [e(2, "buy", seq=1), e(2, "expose", seq=2, channel="display")],
        [first(2, (0, 1), "buy", "display"), row(32, (1, 0))],
    ),
    "at one instant the source's order settles what behaviour does not": Case(
        BOUGHT,
        [e(2, "expose", seq=9, channel="display"), e(2, "expose", seq=8, channel="circular"), e(2, "buy", seq=1)],
        [first(2, (0, 1), "buy", "display"), row(32, (1, 0))],
    ),
    "at one instant a join comes before the leave": Case(JOINED, [e(0, "leave", seq=1), e(0, "join", seq=2)], []),
    "at one instant the shallower behaviour is the event": Case(
        LADDER, [e(0, "view", seq=1), e(0, "click", seq=2)], [first(0, (0, 2), "click"), row(20, (2, 0))]
    ),
    "a microsecond is enough to come first": Case(
        BOUGHT,
        [e(2, "expose", "12:00:00.000001", channel="display"), e(2, "buy", "12:00:00")],
        [first(2, (0, 1), "buy", None), row(32, (1, 0))],
    ),
    # Consumers and brands
    "rows lie by brand, consumer, day": Case(
        ONE,
        [
            e(5, "expose", consumer=2**62 + 2),
            e(4, "expose", consumer=2**62 + 1),
            e(3, "expose", consumer=10, brand="茶"),
            e(2, "expose", consumer=9),
            e(1, "expose", consumer=10),
            e(0, "expose", consumer=10, brand="Ben"),
        ],
        [
            first(0, (0, 1), "expose", brand="Ben", consumer=10),
            first(2, (0, 1), "expose", consumer=9),
            first(1, (0, 1), "expose", consumer=10),
            first(4, (0, 1), "expose", consumer=2**62 + 1),
            first(5, (0, 1), "expose", consumer=2**62 + 2),
            first(3, (0, 1), "expose", brand="茶", consumer=10),
        ],
        last=14,
    ),
    "two brands of a consumer do not add up": Case(TWO_DAYS, [e(0, "buy"), e(1, "buy", brand="Ben")], []),
    "two consumers of a brand do not add up": Case(
        rules(L=[seen("buy", 9, at_least=2), MEMBER]),
        [e(0, "buy"), e(0, "join"), e(1, "leave", consumer=2), e(1, "buy", consumer=2)],
        [first(0, (0, 1), "join")],
    ),
    "without a brand an event counts for none": Case(
        rules(A=[seen("search_category buy_category", 15)]),
        [e(0, "search_category", brand=None), e(1, "buy_category", brand=None)],
        [],
    ),
    "no events, no rows": Case(LADDER, [], []),
    "a single day": Case(
        LADDER,
        [e(0, "view", "08:00:00", channel="search"), e(0, "buy", "09:00:00")],
        [first(0, (0, 3), "buy", "search")],
        last=0,
    ),
    "later events play no part": Case(ONE, [e(0, "expose"), e(10, "expose")], [first(0, (0, 1), "expose")], last=9),
}
