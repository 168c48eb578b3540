"""Members against a walk through each consumer's events, day by day."""

import datetime as dt
import random

import pytest

from apex.errors import ApexError
from apex.measure import members

DAYS = 60


@pytest.fixture(scope="module")
def log():
    """Joins, leaves and what makes active, of fifteen consumers in three shops of two brands; some of them at one moment."""
    dice = random.Random(3)
    start = dt.datetime(2024, 1, 1, 9)
    return [
        {
            "consumer_key": f"c{dice.randrange(15)}",
            "brand": dice.choice("bbc"),
            "business": dice.choice(["flagship", "market", None]),
            "occurred_at": start + dt.timedelta(days=dice.randrange(DAYS), hours=dice.randrange(3)),
            "behaviour": dice.choice(["join", "join", "leave", "cart", "claim", "buy", "expose"]),
            "seq": number,
        }
        for number in range(400)
    ] + [
        {"consumer_key": "c0", "brand": "b", "business": None, "occurred_at": start, "behaviour": "expose", "seq": 400}
    ]


def members_by_hand(log, brand, n):
    """Who is a member at the end of day n."""
    found = set()
    for consumer in {e["consumer_key"] for e in log}:
        mine = [e for e in log if e["consumer_key"] == consumer and e["brand"] == brand]
        mine = [e for e in mine if e["behaviour"] in ("join", "leave")]
        inside = set()
        for e in sorted(mine, key=lambda e: (e["occurred_at"], e["behaviour"] == "leave", e["seq"])):
            day = (e["occurred_at"].date() - dt.date(2024, 1, 1)).days
            if day > n:
                break
            if e["behaviour"] == "join":
                inside.add(e["business"])
            else:
                inside.discard(e["business"])
        if inside:
            found.add(consumer)
    return found


def active_by_hand(log, brand, n, window):
    return {e["consumer_key"] for e in log if e["brand"] == brand and e["behaviour"] in members.ACTIVE
            and n - window < (e["occurred_at"].date() - dt.date(2024, 1, 1)).days <= n}  # fmt: skip


def test_members_are_counted_once_over_their_shops_on_every_day(market, log, day):
    warehouse, window = market(log), 7
    frame = members.on_days(warehouse, [day(n) for n in range(DAYS)], window=window)
    assert len(frame) == 2 * DAYS and frame.members.max() > 3
    for row in frame.itertuples():
        n = (row.day - day(0)).days
        held, active = members_by_hand(log, row.brand, n), active_by_hand(log, row.brand, n, window)
        assert (row.members, row.active) == (len(held), len(active & held))


def test_one_shop_alone_would_not_do(market, log, day):
    """The test above must see the difference that de-duplication makes."""
    shops = [members_by_hand([e for e in log if e["business"] == b], "b", 50) for b in ("flagship", "market", None)]
    assert sum(map(len, shops)) > len(members_by_hand(log, "b", 50))


def test_what_was_open_at_the_start_counts_from_the_first_day(market, day):
    told = [
        {"consumer_key": "a", "brand": "b", "behaviour": "join", "occurred_at": "2024-01-01", "detail": "at_start"},
        {"consumer_key": "z", "brand": "b", "behaviour": "expose", "occurred_at": "2024-01-20"},
    ]
    frame = members.on_days(market(told), [day(0), day(19)])
    assert frame.members.tolist() == [1, 1] and frame.active.tolist() == [0, 0]


def test_who_stayed_joined_and_left(market, log, day):
    warehouse, periods = market(log), {"now": (35, 55), "before": (15, 35)}
    frame = members.turnover(warehouse, "b", {p: (day(a), day(b)) for p, (a, b) in periods.items()}, window=7)
    found = frame.set_index("period")
    for period, (start, end) in periods.items():
        was, held, active = (
            members_by_hand(log, "b", start),
            members_by_hand(log, "b", end),
            active_by_hand(log, "b", end, 7),
        )
        truth = [was & held, held - was, was - held, was & held & active, (held - was) & active]
        assert found.loc[period].tolist() == [len(who) for who in truth], period
    assert found.sum().gt(0).all(), "a case in which every group has somebody"
    assert members.turnover(warehouse, "nobody", {"now": (day(1), day(9))}).iloc[0, 1:].tolist() == [0] * 5


def test_later_events_change_nothing(market, log, day):
    whole = market(log)
    days = [day(n) for n in range(0, 31, 5)]
    one, other = (members.on_days(w, days, ["b", "nobody"]) for w in (whole, whole.until(day(30))))
    assert one.equals(other)
    assert one[one.brand == "nobody"][members.COUNTS].eq(0).all(axis=None)


def test_data_without_joins_say_so(market, log, day):
    assert members.known(market(log))
    bare = market([e for e in log if e["behaviour"] not in ("join", "leave")])
    assert not members.known(bare) and members.turnover(bare, "b", {"now": (day(1), day(9))}).empty


def test_no_day_is_an_error(market, log):
    with pytest.raises(ApexError, match="no day"):
        members.on_days(market(log), [])
