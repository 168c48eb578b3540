"""Paths of touches, recomputed in plain Python."""

import datetime as dt
import random
from collections import Counter

import pandas as pd
import pytest

from apex import ledger
from apex.ledger.rules import parse_rules
from apex.measure import paths
from apex.measure.touches import BUCKETS
from apex.warehouse import open_warehouse
from apex.warehouse.ingest import ingest

RULES = {
    "name": "small",
    "stages": [
        {"id": "A", "name": {"en": "Aware", "zh": "认知"}, "any": [{"behaviour": ["expose"], "within_days": 5}]},
        {"id": "P", "name": {"en": "Bought", "zh": "购买"}, "any": [{"behaviour": ["buy"], "within_days": 30}]},
    ],
}  # fmt: skip
FIRST, LOOKBACK = dt.date(2024, 1, 1), 10
BEGIN, END = FIRST + dt.timedelta(days=40), FIRST + dt.timedelta(days=69)


@pytest.fixture(scope="module")
def log():
    dice, rows = random.Random(3), []
    for n in range(900):
        behaviour = dice.choice(["expose", "expose", "click", "view", "buy"])
        medium = dice.choice(["tv", "web", "mail"]) if behaviour in ("expose", "click") else None
        medium = "walk" if behaviour == "view" else medium
        rows.append({
            "consumer_key": f"c{dice.randrange(25)}", "brand": "b", "behaviour": behaviour, "seq": n, "channel": medium,
            "occurred_at": dt.datetime(2024, 1, 1, 9) + dt.timedelta(days=dice.randrange(100), minutes=n % 600),
            "quantity": 1 if behaviour == "buy" else None, "value_minor": 100 + n if behaviour == "buy" else None,
            "basket_id": f"k{n // 2}" if behaviour == "buy" and n % 3 else None,
        })  # fmt: skip
    rows.append({**rows[0], "consumer_key": "c0", "behaviour": "view", "channel": "walk",
                 "occurred_at": dt.datetime(2024, 4, 9, 9), "seq": 900})  # fmt: skip
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def book(log, source, tmp_path_factory):
    folder = tmp_path_factory.mktemp("paths")
    channels = pd.DataFrame(
        [("tv", "off", "video"), ("web", "on", "display"), ("mail", "on", "message"), ("walk", "on", "free")],
        columns=["channel", "site", "kind"],
    )
    tables = {
        "items": pd.DataFrame({"item_id": ["i"], "brand": ["b"]}),
        "consumers": pd.DataFrame({"consumer_key": [f"c{n}" for n in range(30)]}),
        "channels": channels,
        "events": log,
    }
    ingest(source(folder / "files", tables), "small", folder / "w" / "small", "test")
    return ledger.ensure(open_warehouse(folder / "w" / "small"), parse_rules(RULES))


@pytest.fixture(scope="module")
def seen(book):
    """The warehouse's own events, with hashed keys, as plain rows."""
    events = book.warehouse.table("events").execute().sort_values(["consumer_id", "occurred_at", "seq"])
    events["day"] = events.occurred_at.dt.date
    return events


def touches(seen):
    """(consumer, day, channel) → first moment."""
    first = {}
    for r in seen[seen.behaviour.isin(["expose", "click"])].itertuples():
        first.setdefault((r.consumer_id, r.day, r.channel), r.occurred_at)
    return first


def orders(seen):
    """consumer → moment → [orders, value]."""
    baskets = {}
    for r in seen[seen.behaviour == "buy"].itertuples():
        key = (r.consumer_id, r.basket_id if isinstance(r.basket_id, str) else str(r.day))
        at, value = baskets.get(key, (r.occurred_at, 0))
        baskets[key] = (min(at, r.occurred_at), value + r.value_minor)
    out = {}
    for (who, _), (at, value) in baskets.items():
        told = out.setdefault(who, {}).setdefault(at, [0, 0])
        told[0] += 1
        told[1] += value
    return out


def expected(seen):
    """Counter of (path, ages, bucket) → conversions, value, nulls."""
    bought, found, out = orders(seen), {}, {}
    for (who, day, channel), at in touches(seen).items():
        if not BEGIN - dt.timedelta(days=LOOKBACK - 1) <= day <= END:
            continue
        horizon = dt.datetime.combine(END + dt.timedelta(days=LOOKBACK), dt.time(23, 59, 59))
        begin = dt.datetime.combine(BEGIN, dt.time())
        ahead = sorted(t for t in bought.get(who, {}) if begin <= t <= horizon and t >= at)
        end = ahead[0].date() if ahead else END
        back = (end - day).days
        block, won = back // LOOKBACK, bool(ahead) and back < LOOKBACK
        if (won and end > END) or (not won and day < BEGIN):
            continue
        found.setdefault((who, ahead[0] if ahead else None, block, won), []).append((at, channel, back))
    for who, times in bought.items():
        for at in times:
            if BEGIN <= at.date() <= END:
                found.setdefault((who, at, 0, True), [])
    for (who, at, _, won), turn in found.items():
        turn.sort()
        path = " > ".join(c for _, c, _ in turn)
        ages = " ".join(str(b) for _, _, b in turn) if won else ""
        row = out.setdefault((path, ages, who % BUCKETS), [0, 0, 0])
        if won:
            row[0] += bought[who][at][0]
            row[1] += bought[who][at][1]
        else:
            row[2] += 1
    return out


def test_paths_are_those_of_the_log(book, seen):
    told = paths.paths(book, "b", BEGIN, END, LOOKBACK)
    mine = told[told.kind == paths.ORDERS].set_index(["path", "ages", "bucket"])[["conversions", "value", "nulls"]]
    wanted = expected(seen)
    assert {k: list(v) for k, v in zip(mine.index, mine.to_numpy(), strict=True)} == wanted
    assert sum(v[0] for v in wanted.values()) > 20 and sum(v[2] for v in wanted.values()) > 20
    again = paths.paths(book, "b", BEGIN, END, LOOKBACK, [paths.ORDERS])
    assert again.equals(told[told.kind == paths.ORDERS].reset_index(drop=True))


def test_every_touch_of_the_window_is_counted_once_at_most(book):
    told = paths.paths(book, "b", BEGIN, END, LOOKBACK)
    mine = told[(told.kind == paths.ORDERS) & (told.path != "")]
    counted = (mine.path.str.count(">") + 1).mul((mine.conversions > 0) + mine.nulls).sum()
    every = paths.touches(book, "b", BEGIN - dt.timedelta(days=LOOKBACK - 1), END).touches.sum()
    assert 0 < counted <= every + mine.conversions.sum()


def test_moves_are_those_of_the_ledger(book):
    told = paths.paths(book, "b", BEGIN, END, LOOKBACK).groupby("kind").conversions.sum()
    rows = book.rows.execute()
    up = rows[(rows.day >= pd.Timestamp(BEGIN)) & (rows.day <= pd.Timestamp(END)) & (rows.to_stage > rows.from_stage)]
    assert told[["A", "P"]].to_dict() == {"A": (up.to_stage == 1).sum(), "P": (up.to_stage == 2).sum()}


def test_risk_counts_everybody_and_every_touch(book, seen):
    told = paths.risk(book, "b", BEGIN, END, LOOKBACK)
    assert told.people.consumers.sum() == 30 and told.days == 30
    begin = BEGIN - dt.timedelta(days=LOOKBACK - 1)
    wanted = Counter(((d - BEGIN).days, c) for (_, d, c) in touches(seen) if begin <= d <= END)
    assert told.touched.groupby(["day", "channel"]).touches.sum().to_dict() == wanted
    mine = told.converted[told.converted.kind == paths.ORDERS]
    assert mine.value.sum() == sum(
        v for t in orders(seen).values() for at, (_, v) in t.items() if BEGIN <= at.date() <= END
    )
    # all touches of the look-back, whatever was bought in between
    by = Counter()
    for who, times in orders(seen).items():
        for at, (many, _) in times.items():
            if BEGIN <= at.date() <= END:
                near = [(t, c, (at.date() - d).days) for (w, d, c), t in touches(seen).items()
                        if w == who and t <= at and 0 <= (at.date() - d).days < LOOKBACK]  # fmt: skip
                near = [n for n in near if at.date() - dt.timedelta(days=n[2]) >= begin]
                near.sort()
                by[" > ".join(c for _, c, _ in near), " ".join(str(b) for *_, b in near)] += many
    assert mine.groupby(["path", "ages"]).conversions.sum().to_dict() == by
