"""Spells against a recomputation by brute force: each consumer's stage on each day, read as runs."""

import datetime as dt
import random
from collections import Counter
from itertools import groupby

import pandas as pd
import pytest

from apex import ledger
from apex.ledger.rules import parse_rules
from apex.measure import spells

RULES = {
    "name": "small",
    "stages": [
        {"id": "A", "name": {"en": "Aware", "zh": "认知"}, "any": [{"behaviour": ["expose"], "within_days": 5}]},
        {"id": "P", "name": {"en": "Bought", "zh": "购买"}, "any": [{"behaviour": ["buy"], "within_days": 9}]},
        {"id": "L", "name": {"en": "Loyal", "zh": "忠诚"},
         "any": [{"behaviour": ["buy"], "at_least": 2, "within_days": 9}]},
    ],
}  # fmt: skip
NAMES = ["none", "A", "P", "L"]
DAYS, TRUSTED = 60, 8  # the first day on which windows of nine days are full


@pytest.fixture(scope="module")
def log():
    dice = random.Random(5)
    start = dt.datetime(2024, 1, 1, 9)
    rows = [
        {
            "consumer_key": f"c{dice.randrange(30)}", "brand": dice.choice("bbc"),
            "occurred_at": start + dt.timedelta(days=dice.randrange(DAYS), minutes=dice.randrange(600)),
            "behaviour": dice.choice(["expose", "expose", "buy"]),
        }
        for _ in range(500)
    ]  # fmt: skip
    return rows + [
        rows[0] | {"occurred_at": start + dt.timedelta(days=d), "behaviour": "expose"} for d in (0, DAYS - 1)
    ]


@pytest.fixture
def book(market, log):
    return ledger.ensure(market(log), parse_rules(RULES))


def by_hand(log, brand, since, last=DAYS - 1, longest=None):
    """Counter of (stage, entry, stay, exit), and consumers by stage, from runs of equal stages."""
    found, people = Counter(), {name: set() for name in NAMES}
    for consumer in {e["consumer_key"] for e in log}:
        when = [((e["occurred_at"].date() - dt.date(2024, 1, 1)).days, e["behaviour"]) for e in log
                if (e["consumer_key"], e["brand"]) == (consumer, brand)]  # fmt: skip
        stages = []
        for n in range(last + 1):
            bought = {d for d, b in when if b == "buy" and 0 <= n - d < 9}
            aware = any(b == "expose" and 0 <= n - d < 5 for d, b in when)
            stages.append(3 if len(bought) >= 2 else 2 if bought else 1 if aware else 0)
        runs = [(stage, [n for n, _ in days]) for stage, days in groupby(enumerate(stages), key=lambda x: x[1])]
        for (stage, days), after in zip(runs, [*runs[1:], None], strict=True):
            if stage == 0 or days[0] <= TRUSTED:
                continue
            entry, stay = max(since - days[0], 0), len(days) if after else len(days) - 1
            exit = "lasts" if after is None else "up" if after[0] > stage else "down"
            if longest is not None and stay > longest:
                stay, exit = longest, "lasts"
            if stay > entry:
                found[NAMES[stage], entry, stay, exit] += 1
                people[NAMES[stage]].add(consumer)
    return found, {name: len(who) for name, who in people.items()}


def told(frame):
    return {(r.stage, r.entry, r.stay, r.exit): r.spells for r in frame.itertuples()}


@pytest.mark.parametrize("since", [0, 20, 45])
def test_spells_are_runs_of_equal_days(book, log, day, since):
    frame = spells.spells(book, ["b"], day(since))
    truth, people = by_hand(log, "b", since)
    assert told(frame) == dict(truth) and len(truth) > 20
    assert frame.groupby("stage", observed=True).consumers.sum().to_dict() == {k: v for k, v in people.items() if v}
    assert list(frame.stage.cat.categories) == NAMES[1:]
    if since == 45:
        assert (frame.entry > 0).any(), "some had begun before"


def test_groups_cut_the_same_spells_by_consumer(book, day):
    whole, parts = spells.spells(book, ["b"], day(0)), spells.spells(book, ["b"], day(0), groups=7)
    assert set(parts.group) <= set(range(7)) and parts.group.nunique() > 3
    keys = ["brand", "stage", "entry", "stay", "exit"]
    summed = parts.groupby(keys, observed=True)[["spells", "consumers"]].sum().reset_index()
    pd.testing.assert_frame_equal(summed, whole[[*keys, "spells", "consumers"]], check_dtype=False)


def test_long_spells_are_cut_where_nobody_asks_further(book, log, day):
    frame = spells.spells(book, ["b"], day(0), longest=4)
    assert told(frame) == dict(by_hand(log, "b", 0, longest=4)[0]) and frame.stay.max() == 4


def test_brands_are_told_apart_and_nobody_has_none(book, log, day):
    both = spells.spells(book, ["b", "c", "nobody"], day(0))
    for brand in "bc":
        assert told(both[both.brand == brand]) == dict(by_hand(log, brand, 0)[0])
    assert set(both.brand) == {"b", "c"}
    assert spells.spells(book, ["nobody"], day(0)).empty


def test_what_comes_later_does_not_matter(market, log, day):
    rules = parse_rules(RULES)
    whole = ledger.ensure(market(log), rules)
    cut = ledger.open_ledger(whole.warehouse.until(day(40)), rules)
    assert told(spells.spells(cut, ["b"], day(0))) == dict(by_hand(log, "b", 0, last=40)[0])


def test_a_book_too_young_for_its_windows_has_no_spell(market, log, day):
    rules = parse_rules(RULES)
    whole = ledger.ensure(market(log), rules)
    young = ledger.open_ledger(whole.warehouse.until(day(6)), rules)
    assert spells.spells(young, ["b"], day(0)).empty
