"""Strategies as data: read strictly, with the line of a mistake; whom they reach, in which phase, by which channels."""

import datetime as dt

import pandas as pd
import pytest

from apex import ledger
from apex.errors import ApexError
from apex.ledger.rules import load_rules, parse_rules
from apex.measure import strategies
from apex.measure.strategy_rules import PHASES, load_strategies
from apex.warehouse import open_warehouse
from apex.warehouse.ingest import ingest

ONE = """stages: [A, I, P]
strategies:
  seed:
    name: {en: Seed, zh: 种草}
    phases: [build-up, warm-up]
    from: A
    to: I
    levers: [content, benefit]
    prior: {moved: 0.1, low: 0.05, high: 0.2, source: convention}
  carts:
    name: {en: Carts, zh: 加购}
    phases: [return]
    from: I
    to: P
    who: {behaviour: cart, within_days: 30}
    levers: [message]
    prior: {moved: 0.1, low: 0.05, high: 0.2, source: convention}
"""
RULES = {
    "name": "small",
    "stages": [
        {"id": "A", "name": {"en": "Aware", "zh": "认知"}, "any": [{"behaviour": ["expose"], "within_days": 15}]},
        {"id": "I", "name": {"en": "Interested", "zh": "兴趣"}, "any": [{"behaviour": ["view"], "within_days": 15}]},
        {"id": "P", "name": {"en": "Bought", "zh": "购买"}, "any": [{"behaviour": ["buy"], "within_days": 90}]},
    ],
}  # fmt: skip


@pytest.fixture
def read(tmp_path):
    def of(text):
        path = tmp_path / "mine.yml"
        path.write_text(text, encoding="utf-8")
        return load_strategies(path)

    return of


def test_the_file_that_is_there():
    rules = load_strategies()
    assert 15 <= len(rules.strategies) <= 25
    assert {p for s in rules.strategies.values() for p in s.phases} == set(PHASES)
    for name in ("aipl", "aipl-panel"):
        assert rules.fits(load_rules(name).ids)
    for name in ("deeplink", "shop"):
        assert not rules.fits(load_rules(name).ids)
    assert all(s.name["en"] != s.name["zh"] for s in rules.strategies.values())
    assert {s.counts for s in rules.strategies.values() if (s.from_stage, s.to_stage) == ("O", "A")} == {"met"}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("warm-up", "warmup", r'mine.yml:5: strategies.seed.phases\[1\]: "warmup" is not known. Did you mean "warm-up"\?'),
        ("[message]", "[mesage]", r'mine.yml:10: strategies.carts: levers: "mesage" is not a lever. Did you mean "message"\?'),
        ("    to: P", "    two: P", r"mine.yml:10: strategies.carts.to: this key is missing"),
        ("    from: A", "    fromm: A", r'mine.yml:6: strategies.seed.fromm: "fromm" is not a key here. Did you mean "from"\?'),
        ("low: 0.05, high: 0.2, source: convention}\n  carts", "low: 0.3, high: 0.2, source: convention}\n  carts",
         r"mine.yml:9: strategies.seed.prior: moved, 0.1, should lie between low, 0.3, and high, 0.2"),
        ("behaviour: cart", "behaviour: kart", r'mine.yml:15: .*"kart" is not a behaviour. Did you mean "cart"\?'),
        ("within_days: 30", "within_day: 30", r'"within_day" is not a key here. Did you mean "within_days"\?'),
        ("to: I\n", "to: J\n", r'mine.yml: strategies.seed: "J" is none of the stages.'),
        ("zh: 种草", "fr: semer", "mine.yml:4: strategies.seed.name"),
        ("  carts:\n", "  seed:\n", 'the key "seed" stands twice|twice'),
    ],
)  # fmt: skip
def test_mistakes_are_answered_with_line_and_nearest(read, old, new, message):
    assert old in ONE
    with pytest.raises(ApexError, match=message):
        read(ONE.replace(old, new, 1))


def test_rules_with_the_same_letters_in_another_order_do_not_fit(read):
    rules = read(ONE)
    assert rules.fits(["A", "I", "P"]) and rules.fits(["A", "I", "X", "P", "L"])
    assert not rules.fits(["A", "I"]) and not rules.fits(["P", "I", "A"]) and not rules.fits(["first", "repeat"])


def event(n, key, behaviour, channel=None):
    moment = dt.datetime(2024, 1, 1, 9) + dt.timedelta(days=n)
    return {
        "consumer_key": key,
        "brand": "b",
        "behaviour": behaviour,
        "occurred_at": moment,
        "channel": channel,
        "category": "tea",
    }


@pytest.fixture
def book(tmp_path, source, canonical):
    log = [event(50, f"a{n}", "expose", "tv") for n in range(4)] + [event(52, f"i{n}", "view") for n in range(3)]
    log += [event(40, "i0", "cart"), event(5, "i1", "cart"), event(51, "a0", "cart"), event(55, "p", "buy")]
    tables = canonical(log)
    kinds = {"tv": "content", "sms": "message", "walk": "free"}
    tables["channels"] = pd.DataFrame([{"channel": c, "site": "on", "kind": k} for c, k in kinds.items()])
    ingest(source(tmp_path / "files", tables), "market", tmp_path / "market", "test")
    return ledger.ensure(open_warehouse(tmp_path / "market"), parse_rules(RULES))


def test_whom_each_reaches(book, read):
    rules = read(ONE)
    found = strategies.reachable(book, "b", rules, dt.date(2024, 2, 25), "tea").set_index("strategy")
    assert found.reachable.to_dict() == {"seed": 4, "carts": 1}  # one interested consumer carted in thirty days
    assert (found.lacks == "").all()
    other = read(ONE.replace("behaviour: cart", "behaviour: reserve"))
    found = strategies.reachable(book, "b", other, dt.date(2024, 2, 25), "tea").set_index("strategy")
    assert found.lacks.carts == "reserve" and pd.isna(found.reachable.carts) and found.reachable.seed == 4
    opportunity = read(ONE.replace("from: A", "from: O"))
    found = strategies.reachable(book, "b", opportunity, dt.date(2024, 2, 25), None).set_index("strategy")
    assert found.lacks.seed == "category" and found.reachable.carts == 1


def test_channels_are_those_of_its_levers(book, read):
    by = strategies.channels(book.warehouse, read(ONE), ["sms", "tv"])
    assert by == {"seed": ["tv"], "carts": ["sms"]}


def test_channels_without_kinds_serve_everything(market, read):
    assert strategies.channels(market([event(1, "a", "expose", "tv")]), read(ONE), ["tv"]) == {
        "seed": ["tv"],
        "carts": ["tv"],
    }


def test_phases_that_are_left(read):
    days = [
        ("build-up", dt.date(2024, 1, 1), dt.date(2024, 1, 31)),
        ("presale", dt.date(2024, 2, 1), dt.date(2024, 2, 9)),
    ]
    window = (dt.date(2024, 2, 1), dt.date(2024, 2, 9))
    left = strategies.phases(days, dt.date(2024, 1, 10), window)
    assert left.values.tolist() == [
        ["build-up", dt.date(2024, 1, 11), dt.date(2024, 1, 31), True],
        ["presale", dt.date(2024, 2, 1), dt.date(2024, 2, 9), False],
    ]
    assert strategies.phases(days, dt.date(2024, 1, 31), window).phase.to_list() == ["presale"]
    alone = strategies.phases([], dt.date(2024, 1, 10), window)
    assert alone.values.tolist() == [["run-up", dt.date(2024, 1, 11), dt.date(2024, 1, 31), True]]
    here = strategies.phases([], dt.date(2024, 1, 31), window)
    assert here.values.tolist() == [["window", *window, False]]
    rules = read(ONE)
    assert strategies.applies(rules, "run-up") == ["seed"]
    assert strategies.applies(rules, "window") == strategies.applies(rules, "return") == ["carts"]
