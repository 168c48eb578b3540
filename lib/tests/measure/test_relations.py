"""Relations with the category beside those with the brand, against the stages of each consumer by hand."""

import datetime as dt
import random

import pandas as pd
import pytest

from apex import ledger
from apex.ledger.rules import parse_rules
from apex.measure.relations import relations

RULES = {
    "name": "small",
    "stages": [
        {"id": "I", "name": {"en": "Interested", "zh": "兴趣"},
         "any": [{"behaviour": ["search_category", "view"], "within_days": 9}]},
        {"id": "P", "name": {"en": "Bought", "zh": "购买"}, "any": [{"behaviour": ["buy"], "within_days": 20}]},
    ],
}  # fmt: skip
NAMES, DAY = ["none", "I", "P"], 30


@pytest.fixture(scope="module")
def log():
    dice, start = random.Random(3), dt.datetime(2024, 1, 1, 9)
    rows = []
    for _ in range(160):
        behaviour = dice.choice(["search_category", "view", "buy"])
        rows.append({
            "consumer_key": f"c{dice.randrange(40)}", "category": dice.choice(["tea", "tea", "milk"]), "behaviour": behaviour,
            "brand": None if behaviour == "search_category" else dice.choice("bcd"),
            "occurred_at": start + dt.timedelta(days=dice.randrange(40), minutes=dice.randrange(600)),
        })  # fmt: skip
    return rows


def stage(events):
    """The deepest stage at the end of day 30 of one consumer's events."""
    ago = {b: [DAY - (e["occurred_at"].date() - dt.date(2024, 1, 1)).days for e in events if e["behaviour"] in names]
           for b, names in (("I", ("search_category", "view")), ("P", ("buy",)))}  # fmt: skip
    return 2 if any(0 <= n < 20 for n in ago["P"]) else 1 if any(0 <= n < 9 for n in ago["I"]) else 0


def test_who_is_as_deep_with_the_brand(market, log, day):
    rules, warehouse = parse_rules(RULES), market(log)
    books = [ledger.ensure(warehouse, rules, level) for level in ("category", "brand")]
    found = relations(*books, "tea", "b", day(DAY)).set_index("stage")
    people = {e["consumer_key"] for e in log}
    toward = {p: stage([e for e in log if e["consumer_key"] == p and e["category"] == "tea"]) for p in people}
    with_us = {p: stage([e for e in log if e["consumer_key"] == p and e["brand"] == "b"]) for p in people}
    for depth in (1, 2):
        there = [p for p in people if toward[p] == depth]
        row = found.loc[NAMES[depth]]
        assert row.consumers == len(there) > 3
        assert row.ours == sum(with_us[p] >= depth for p in there)
    assert found.ours.between(1, found.consumers - 1).all() and (found.ours + found.rest == found.consumers).all()
    assert relations(*books, "", "b", day(DAY))[["consumers", "ours", "rest"]].to_numpy().sum() == 0
    assert isinstance(found.index.dtype, pd.CategoricalDtype) and list(found.index) == ["I", "P"]
