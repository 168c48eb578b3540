"""Steps of a log and the states before them, recomputed in plain Python."""

import datetime as dt
import random

import numpy as np
import pandas as pd
import pytest

from apex import ledger
from apex.ledger.rules import parse_rules
from apex.measure import moves, steps
from apex.warehouse import open_warehouse
from apex.warehouse.ingest import ingest

RULES = {
    "name": "small",
    "stages": [
        {"id": "A", "name": {"en": "Aware", "zh": "认知"}, "any": [{"behaviour": ["expose"], "within_days": 5}]},
        {"id": "P", "name": {"en": "Bought", "zh": "购买"}, "any": [{"behaviour": ["buy"], "within_days": 30}]},
    ],
}  # fmt: skip
FIRST, LAST = dt.date(2024, 1, 1), 119
ZERO = (FIRST - dt.date(1970, 1, 1)).days


def day(number):
    return FIRST + dt.timedelta(days=number)


@pytest.fixture(scope="module")
def log():
    dice = random.Random(7)
    rows = []
    for n in range(900):
        behaviour = dice.choice(["expose", "expose", "expose", "click", "view", "buy"])
        medium = dice.choice(["tv", "web"]) if behaviour in ("expose", "click") else "walk"
        rows.append({
            "consumer_key": f"c{dice.randrange(30)}", "brand": "b", "behaviour": behaviour, "seq": n, "channel": medium,
            "occurred_at": dt.datetime(2024, 1, 1, 9) + dt.timedelta(days=dice.randrange(LAST + 1), minutes=n % 600),
            "creative_id": dice.choice(["k1", "k2", None]) if behaviour == "expose" else None, "category": "tea",
            "value_minor": 100 + n if behaviour == "buy" else None, "quantity": 1,
        })  # fmt: skip
    return rows


BOOKS = []  # built once: nothing in it changes


@pytest.fixture
def book(tmp_path_factory, source, canonical, log):
    if BOOKS:
        return BOOKS[0]
    tmp_path = tmp_path_factory.mktemp("steps")
    tables = canonical(log)
    kinds = {"tv": "video", "web": "display", "walk": "free"}
    tables["channels"] = pd.DataFrame([{"channel": c, "site": "on", "kind": k} for c, k in kinds.items()])
    tables["creatives"] = pd.DataFrame(
        [{"creative_id": k, "brand": "b", "message": m} for k, m in [("k1", "new"), ("k2", "price")]]
    )
    tables["spend"] = pd.DataFrame([
        {"day": day(d), "brand": "b", "channel": c, "buying": b, "impressions": 10, "cost_minor": p}
        for d in range(LAST) for c, b, p in (("tv", "contract", 40), ("web", "owned", 0))
    ])  # fmt: skip
    ingest(source(tmp_path / "files", tables), "market", tmp_path / "market", "test")
    BOOKS.append(ledger.ensure(open_warehouse(tmp_path / "market"), parse_rules(RULES)))
    return BOOKS[0]


@pytest.fixture
def ids(book, log):
    events = book.warehouse.table("events").execute()
    bought = events[events.behaviour == "buy"].set_index("value_minor").consumer_id
    return {e["consumer_key"]: int(bought[e["value_minor"]]) for e in log if e["behaviour"] == "buy"}


def by_hand(log, ids):
    """(consumer, day since 1970) → channel, message, clicked, since, touches, last."""
    out = {}
    for key, consumer in ids.items():
        mine = sorted(
            (e for e in log if e["consumer_key"] == key and e["channel"] != "walk"),
            key=lambda e: (e["occurred_at"], e["seq"]),
        )
        days = sorted({(e["occurred_at"].date() - FIRST).days for e in mine})
        said = {}
        for d in days:
            today = [e for e in mine if (e["occurred_at"].date() - FIRST).days == d]
            first = today[0]
            said[d] = {"k1": "new", "k2": "price", None: ""}[first["creative_id"]]
            before = [b for b in days if d - 28 <= b < d]
            gap = d - before[-1] if before else 28
            out[consumer, ZERO + d] = (
                first["channel"], said[d],
                int(any(e["behaviour"] == "click" and e["channel"] == first["channel"] for e in today)),
                0 if gap <= 1 else 1 if gap <= 3 else 2 if gap <= 7 else 3,
                min(len(before), 5), said[before[-1]] if before else "",
            )  # fmt: skip
    return out


def test_steps_by_hand(book, log, ids):
    got = steps.steps(book, "b", day(0))
    hand = by_hand(log, ids)
    names = ["channel", "message", "clicked", "since", "touches", "last"]
    assert {(r.consumer_id, r.day): tuple(getattr(r, n) for n in names) for r in got.itertuples()} == hand
    assert got.touches.max() >= 3 and set(got.since) == {0, 1, 2, 3} and set(got["last"]) == {"", "new", "price"}


def test_points_know_their_step(book, log, ids):
    seen = moves.counted(book, "b", "tea", [(day(40), day(100))])
    found = steps.steps(book, "b", day(40))
    points = steps.with_steps(seen.points, found)
    assert len(points) == len(seen.points) and (points.channel.notna() == (points.met > 0)).all()
    hand = by_hand(log, ids)
    met = points[points.met > 0]
    assert [(r.channel, r.touches, r.last) for r in met.itertuples()] == [
        (hand[r.consumer_id, r.day][0], *hand[r.consumer_id, r.day][4:]) for r in met.itertuples()
    ]
    free = points[points.met == 0].iloc[0]
    days = [d for c, d in hand if c == free.consumer_id and free.day - 28 <= d < free.day]
    assert free.touches == min(len(days), 5)


def test_stage_after_and_paid(book, log, ids):
    points = steps.with_steps(
        moves.counted(book, "b", "tea", [(day(40), day(100))]).points, steps.steps(book, "b", day(40))
    )
    after = steps.stage_after(book, "b", points)
    paid = steps.paid_between(book, "b", points, points.day.to_numpy() + 4)
    for n in np.linspace(0, len(points) - 1, 60).astype(int):
        row = points.iloc[n]
        key = {v: k for k, v in ids.items()}[row.consumer_id]
        mine = [((e["occurred_at"].date() - FIRST).days + ZERO, e) for e in log if e["consumer_key"] == key]
        bought = any(row.day - 30 < d <= row.day and e["behaviour"] == "buy" for d, e in mine)
        seen = any(row.day - 5 < d <= row.day and e["behaviour"] == "expose" for d, e in mine)
        assert after.iloc[n] == ("P" if bought else "A" if seen else "O")
        assert paid[n] == sum(
            e["value_minor"] for d, e in mine if e["behaviour"] == "buy" and row.day <= d < row.day + 4
        )


def test_prices(book, log):
    got = steps.prices(book, "b", [(day(10), day(19))]).set_index("channel")
    met = sum(
        e["behaviour"] == "expose" and e["channel"] == "tv" and 10 <= (e["occurred_at"].date() - FIRST).days <= 19
        for e in log
    )
    assert got.cost_minor["tv"] == pytest.approx(400 / met) and got.buying["tv"] == "contract"
    assert got.cost_minor["web"] == 0 and got.buying["web"] == "owned"


def test_eve(book, ids, log):
    found = steps.steps(book, "b", day(40))
    eve = steps.on_eve(book, "b", "tea", day(99), found)
    assert eve.consumer_id.is_unique and set(eve.consumer_id) <= set(ids.values()) and len(eve) > 20
    points = steps.with_steps(moves.counted(book, "b", "tea", [(day(100), day(100))]).points, found)
    both = eve.merge(points, on="consumer_id", suffixes=("", "_point"))
    assert len(both) > 3
    for name in ("cell", "touches", "last", "since", *moves.KNOWN):
        assert (both[name] == both[f"{name}_point"]).all(), name
