"""Leaving a cause out of the log, recomputed by brute force: stages from windows alone, with and without its events."""

import datetime as dt
import random

import pandas as pd
import pytest

from apex import ledger
from apex.ledger.rules import parse_rules
from apex.measure import assets, replay

RULES = {
    "name": "small",
    "stages": [
        {"id": "A", "name": {"en": "Aware", "zh": "认知"}, "any": [{"behaviour": ["expose"], "within_days": 5}]},
        {"id": "I", "name": {"en": "Interested", "zh": "兴趣"}, "any": [{"behaviour": ["click"], "within_days": 5}]},
        {"id": "P", "name": {"en": "Bought", "zh": "购买"}, "any": [{"behaviour": ["buy"], "within_days": 9}]},
    ],
}  # fmt: skip
NAMES = ["none", "A", "I", "P"]
START, END = 12, 24


@pytest.fixture(scope="module")
def log():
    dice = random.Random(5)
    first = dt.datetime(2024, 1, 1, 9)
    kinds = ["expose", "expose", "click", "buy"]
    return [
        {
            "consumer_key": f"c{dice.randrange(30)}", "brand": dice.choice("bbbc"), "behaviour": dice.choice(kinds),
            "occurred_at": first + dt.timedelta(days=dice.randrange(34), minutes=dice.randrange(600)),
            "channel": dice.choice(["tv", "web", "mail", None]), "content_id": dice.choice(["n1", "n2", None]),
        }
        for _ in range(420)
    ]  # fmt: skip


@pytest.fixture
def book(market, log):
    return ledger.ensure(market(log), parse_rules(RULES))


def stage(events, day):
    """The deepest stage at the end of a day, from the definitions of windows alone."""
    when = lambda kind: [(e["occurred_at"].date() - dt.date(2024, 1, 1)).days for e in events if e["behaviour"] == kind]  # noqa: E731
    active = [any(0 <= day - d < w for d in when(kind)) for kind, w in (("expose", 5), ("click", 5), ("buy", 9))]
    return max((n + 1 for n, on in enumerate(active) if on), default=0)


def by_hand(log, column, cause):
    """{(from, to): [booked, instead]} and how many the cause met; cause: a test on the column's value."""
    found, met = {}, 0
    for consumer in {e["consumer_key"] for e in log}:
        mine = [e for e in log if e["consumer_key"] == consumer and e["brand"] == "b"]
        number = lambda e: (e["occurred_at"].date() - dt.date(2024, 1, 1)).days  # noqa: E731
        gone = [e for e in mine if START < number(e) <= END and cause(e[column])]
        if not gone:
            continue
        met += 1
        before, now, then = stage(mine, START), stage(mine, END), stage([e for e in mine if e not in gone], END)
        if now != then:
            for place, end in enumerate((now, then)):
                if end > before:
                    found.setdefault((NAMES[before], NAMES[end]), [0, 0])[place] += 1
    return found, met


def test_channels_and_all_of_them_together(book, log, day):
    frame = replay.without(book, "b", day(START), day(END))
    assert set(frame.cause) == {"tv", "web", "mail", "*"} and set(frame.cut) == {"channel"}
    assert frame.booked.sum() > 0 and frame.instead.sum() > 0, "the log must hold both kinds"
    for cause, mine in frame.groupby("cause"):
        wanted, met = by_hand(log, "channel", lambda v, c=cause: v is not None if c == "*" else v == c)
        assert len(mine) == 6 and (mine.met == met).all()
        for row in mine.itertuples():
            assert [row.booked, row.instead] == wanted.get((row.from_stage, row.to_stage), [0, 0]), (cause, row)
    assert (frame.credit == frame.booked - frame.instead).all()


def test_contents_by_groups(book, log, day):
    cuts = {"content": {"n1": "n1", "n2": "n2"}, "format": {"n1": "video", "n2": "video"}}
    frame = replay.without(book, "b", day(START), day(END), cuts)
    both, _ = by_hand(log, "content_id", lambda v: v in ("n1", "n2"))
    for cut, cause in (("format", "video"), ("format", "*"), ("content", "*")):
        mine = frame[(frame.cut == cut) & (frame.cause == cause)]
        assert mine.booked.sum() == sum(b for b, _ in both.values())
    one, met = by_hand(log, "content_id", lambda v: v == "n1")
    mine = replay.by_cause(frame, "content").set_index("cause").loc["n1"]
    assert mine.met == met and mine.booked == sum(b for b, _ in one.values())


def test_sums_over_stages_agree(book, day):
    frame = replay.without(book, "b", day(START), day(END))
    whole, parts = replay.by_cause(frame, "channel"), replay.by_stage(frame, "channel", ["A", "I", "P"])
    assert parts.groupby("cause").credit.sum().to_dict() == whole.set_index("cause").credit.to_dict()
    deep = replay.by_cause(frame, "channel", ["I", "P"]).set_index("cause").credit
    assert (deep == parts[parts.to_stage != "A"].groupby("cause").credit.sum().reindex(deep.index)).all()


def test_nobody_rises_more_than_rose(book, day):
    frame = replay.without(book, "b", day(START), day(END))
    flow = assets.flow(book, "b", day(START), day(END)).set_index(["from_stage", "to_stage"]).consumers
    for row in frame.itertuples():
        assert row.booked <= flow[row.from_stage, row.to_stage]


def test_nothing_asked_nobody_met_and_what_came_later(book, log, market, day):
    assert replay.without(book, "b", day(START), day(END), {}).empty
    nobody = replay.without(book, "nobody", day(START), day(END))
    assert nobody.empty and replay.by_cause(nobody, "channel").empty
    cut = ledger.open_ledger(book.warehouse.until(day(END)), book.rules)
    pd.testing.assert_frame_equal(
        replay.without(cut, "b", day(START), day(END)), replay.without(book, "b", day(START), day(END))
    )
