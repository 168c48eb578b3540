"""Back into the book, against a recomputation from the stages of each day and the log."""

import datetime as dt
import random

import pandas as pd
import pytest

from apex import ledger
from apex.ledger.rules import parse_rules
from apex.measure import returns

RULES = {"name": "small", "stages": [
    {"id": "A", "name": {"en": "Aware", "zh": "认知"}, "any": [{"behaviour": ["expose", "view"], "within_days": 4}]},
    {"id": "P", "name": {"en": "Bought", "zh": "购买"}, "any": [{"behaviour": ["buy"], "within_days": 9}]},
]}  # fmt: skip
SITES = {"tv": "off", "web": "on", "odd": None}
DAYS, END, WINDOW, FOLLOW = 70, 60, 30, 12


@pytest.fixture(scope="module")
def log():
    dice = random.Random(5)
    start = dt.datetime(2024, 1, 1, 9)
    rows = [
        {"consumer_key": f"c{dice.randrange(45)}", "brand": dice.choice("bbbc"),
         "occurred_at": start + dt.timedelta(days=dice.randrange(DAYS), minutes=n),
         "behaviour": dice.choice(["expose", "expose", "view", "buy"]), "channel": dice.choice(["tv", "web", "odd", None])}
        for n in range(420)
    ]  # fmt: skip
    return rows + [{**rows[0], "brand": "b", "behaviour": "expose", "occurred_at": start + dt.timedelta(days=d)}
                   for d in (0, DAYS - 1)]  # fmt: skip


@pytest.fixture
def book(source, canonical, log, tmp_path):
    from apex.warehouse import open_warehouse
    from apex.warehouse.ingest import ingest

    channels = pd.DataFrame({"channel": ["tv", "web"], "site": ["off", "on"], "kind": ["video", "web"]})
    tables = canonical(log) | {"channels": channels}
    ingest(source(tmp_path / "files", tables), "m", tmp_path / "m", "test")
    return ledger.ensure(open_warehouse(tmp_path / "m"), parse_rules(RULES))


def entries(log, day):
    """consumer → (day of the first entry in the window, its channel), from windows alone."""
    found = {}
    for consumer in {e["consumer_key"] for e in log}:
        mine = sorted(
            (e for e in log if e["consumer_key"] == consumer and e["brand"] == "b"), key=lambda e: e["occurred_at"]
        )
        days = [(e["occurred_at"].date() - day(0)).days for e in mine]
        active = [any((0 <= n - d < (9 if e["behaviour"] == "buy" else 4)) for d, e in zip(days, mine, strict=True))
                  for n in range(DAYS)]  # fmt: skip
        for n in range(END - FOLLOW - WINDOW + 1, END - FOLLOW + 1):
            if active[n] and not active[n - 1]:
                found[consumer] = n, channel_of(n, days, mine)
                break
    return found


def channel_of(n, days, mine):
    """Of the event that opened the final stage of the day: the last touch with a channel in the 15 days up to it."""
    today = [e for d, e in zip(days, mine, strict=True) if d == n]
    bought = [e for e in today if e["behaviour"] == "buy"]
    opener = (bought or today)[0]
    touched = [e["channel"] for d, e in zip(days, mine, strict=True)
               if e["channel"] and n - 15 < d <= n and e["occurred_at"] <= opener["occurred_at"]]  # fmt: skip
    return touched[-1] if touched else None


def test_entries_and_what_followed(book, log, day):
    truth = {}
    for consumer, (n, channel) in entries(log, day).items():
        after = [e for e in log if e["consumer_key"] == consumer and e["brand"] == "b"
                 and n < (e["occurred_at"].date() - day(0)).days <= n + FOLLOW]  # fmt: skip
        steps = {
            "entered": True,
            "met": any(SITES.get(e["channel"]) == "on" for e in after),
            "active": any(e["behaviour"] != "expose" and SITES.get(e["channel"]) != "off" for e in after),
            "bought": any(e["behaviour"] == "buy" for e in after),
        }
        site = "none" if channel is None else SITES[channel] or "other"
        for step, there in steps.items():
            key = (site, channel or "none", step)
            truth[key] = truth.get(key, 0) + there
    frame = returns.returned(book, "b", day(END), WINDOW, FOLLOW)
    assert {(r.site, r.channel, r.step): r.consumers for r in frame.itertuples()} == truth
    assert {site for site, *_ in truth} >= {"off", "on", "none"} and len(entries(log, day)) > 20
    sums = returns.by_site(frame)
    assert len(sums) == 16 and sums.consumers.sum() == sum(truth.values())


def test_without_channels_and_without_entries(market, log, day):
    book = ledger.ensure(market(log), parse_rules(RULES))
    frame = returns.returned(book, "b", day(END), WINDOW, FOLLOW)
    assert set(frame.site) == {"other", "none"} and frame.consumers[frame.step == "met"].eq(0).all()
    empty = returns.returned(book, "nobody", day(END), WINDOW, FOLLOW)
    assert empty.empty and returns.by_site(empty).consumers.eq(0).all()


def test_later_events_change_nothing(book, day):
    cut = ledger.open_ledger(book.warehouse.until(day(END)), parse_rules(RULES))
    pd.testing.assert_frame_equal(
        returns.returned(cut, "b", day(END), WINDOW, FOLLOW), returns.returned(book, "b", day(END), WINDOW, FOLLOW)
    )
