"""Who entered a second business, consumer by consumer, against loops over the log."""

import datetime as dt
import random

import pandas as pd
import pytest

from apex import ledger
from apex.ledger.rules import parse_rules
from apex.measure import entrants

RULES = {"name": "small", "stages": [
    {"id": "P", "name": {"en": "Bought", "zh": "购买"}, "any": [{"behaviour": ["buy"], "within_days": 30}]},
    {"id": "L", "name": {"en": "Loyal", "zh": "忠诚"},
     "any": [{"behaviour": ["buy"], "at_least": 2, "within_days": 60}]},
]}  # fmt: skip
DAYS, PRIOR, PERIOD = 260, 60, 25


@pytest.fixture(scope="module")
def log():
    dice = random.Random(9)
    start = dt.datetime(2024, 1, 1, 8)
    rows = []
    for n in range(900):
        consumer = dice.randrange(60)
        rows.append({
            "consumer_key": f"c{consumer}", "brand": dice.choice("bbbbc"), "behaviour": "buy", "quantity": 1,
            "occurred_at": start + dt.timedelta(days=dice.randrange(DAYS), minutes=n),
            "business": dice.choices(["x", "y", "z", None], [8 if consumer % 2 else 1, 8 if consumer % 3 else 1, 1, 0.4])[0],
            "value_minor": dice.randrange(100, 900), "basket_id": dice.choice([None, f"k{n // 2}-{consumer}"]),
        })  # fmt: skip
    return rows + [{**rows[0], "brand": "c", "occurred_at": start + dt.timedelta(days=d)} for d in (0, DAYS - 1)]


@pytest.fixture
def book(market, log):
    return ledger.ensure(market(log), parse_rules(RULES))


def test_waves_lie_whole_in_the_data(book, day):
    found = entrants.waves(book, day(DAYS - 1), 9, PERIOD, PRIOR)
    assert list(found.wave) == [*range(7)] and list(found.placebo) == [True] * 6 + [False]
    assert found.end[0] == day(DAYS - 1) and found.eve[0] == day(DAYS - 1 - 2 * PERIOD)
    assert (found.since >= day(-1)).all() and found.since[0] == day(DAYS - 1 - 2 * PERIOD - PRIOR)


def test_every_consumer_of_every_wave(book, log, day, monkeypatch):
    monkeypatch.setattr(entrants, "YEAR", PRIOR)
    ends = entrants.waves(book, day(DAYS - 1), 7, PERIOD, PRIOR)
    monkeypatch.setattr(entrants, "waves", lambda *asked: ends)
    frame = entrants.entrants(book, "b", day(DAYS - 1), 7, PERIOD)
    keys = book.warehouse.table("events").select("consumer_id", "seq").execute().set_index("seq").consumer_id
    who = {e["consumer_key"]: keys[n] for n, e in enumerate(log)}
    found = {(r.wave, r.consumer_id): r for r in frame.itertuples()}
    truth = 0
    for wave in ends.itertuples():
        for consumer in sorted(who):
            mine = [(e["occurred_at"].date(), e["business"] or "unknown", e) for e in log
                    if e["consumer_key"] == consumer and e["brand"] == "b"]  # fmt: skip
            prior = [m for m in mine if wave.since < m[0] <= wave.eve]
            entry = [m for m in mine if wave.eve < m[0] <= wave.eve + dt.timedelta(days=PERIOD)]
            after = [m for m in mine if wave.end - dt.timedelta(days=PERIOD) < m[0] <= wave.end]
            early = [m for m in mine if wave.since - dt.timedelta(days=PERIOD) < m[0] <= wave.since]
            homes = {b for _, b, _ in prior}
            row = found.get((wave.wave, who[consumer]))
            if len(homes) != 1 or not entry or "unknown" in homes | {b for _, b, _ in entry}:
                assert row is None
                continue
            truth += 1
            home = homes.pop()
            new = sorted({b for _, b, _ in entry} - {home})
            assert (row.home, row.entered, row.into) == (home, bool(new), " + ".join(new))
            assert row.prior_orders == orders(prior) and row.entry_orders == orders(entry)
            assert row.prior_minor == money(prior) and row.recency == (wave.eve - max(d for d, *_ in prior)).days
            assert row.own_minor == money([m for m in after if m[1] == home])
            assert row.other_minor == money([m for m in after if m[1] != home])
            assert pd.isna(row.placebo_minor) if not wave.placebo else row.placebo_minor == money(early)
            days = {d for d, *_ in mine if d <= wave.eve}
            recent = [len([d for d in days if (wave.eve - d).days < w]) for w in (30, 60)]
            assert row.stage == (2 if recent[1] >= 2 else 1 if recent[0] else 0)
            assert row.city_tier == "?"
    assert truth == len(frame) > 60 and 0 < frame.entered.sum() < len(frame)


def orders(lines):
    """Distinct baskets or days, counted in each business (a basket of two businesses is an order in both)."""
    return len({(b, e["basket_id"] or d) for d, b, e in lines})


def money(lines):
    return sum(e["value_minor"] for *_, e in lines)


def test_nobody_and_young_data(book, day):
    assert entrants.entrants(book, "b", day(100)).empty
    young = entrants.entrants(book, "nobody", day(DAYS - 1))
    assert young.empty and {"entered", *entrants.COLUMNS} <= set(young)
