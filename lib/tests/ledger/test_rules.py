"""The grammar of stage rules: what is refused and in which words, and what changes a rule set's digest."""

import re
from copy import deepcopy

import pytest
import yaml

from apex.errors import ApexError
from apex.ledger.rules import load_rules, parse_rules

NAMES = ["aipl", "aipl-databank", "aipl-panel", "deeplink", "shop"]


def with_condition(condition):
    return {"name": "test", "stages": [{"id": "A", "name": {"en": "Aware", "zh": "认知"}, "any": [condition]}]}


def with_stages(*stages):
    return {"name": "test", "stages": list(stages)}


VIEW = {"behaviour": ["view"], "within_days": 15}
STAGE = with_condition(VIEW)["stages"][0]
TOGGLE = {"status": {"open": "join", "close": "leave"}}

# What is wrong: (the mapping, what the message must name)
REFUSED = {
    "an unknown key of a condition": (with_condition({**VIEW, "within_day": 15}), ["within_day", '"within_days"']),
    "an unknown key of a stage": (with_stages({**STAGE, "anny": [VIEW]}), ["anny", '"any"']),
    "an unknown key of the file": ({**with_stages(STAGE), "stagess": []}, ["stagess", '"stages"']),
    "an unknown key of a status": (
        with_condition({"status": {"open": "join", "close": "leave", "opens": "x"}}),
        ["opens", '"open"'],
    ),
    "an unknown behaviour": (with_condition({**VIEW, "behaviour": ["veiw"]}), ["veiw", '"view"']),
    "an unknown behaviour among known ones": (with_condition({**VIEW, "behaviour": ["cart", "byu"]}), ["byu", '"buy"']),
    "an unknown behaviour of a status": (
        with_condition({"status": {"open": "joins", "close": "leave"}}),
        ["joins", '"join"'],
    ),
    "an unknown behaviour inside all": (with_condition({"all": [{**VIEW, "behaviour": ["veiw"]}]}), ["veiw", '"view"']),
    "no window": (with_condition({"behaviour": ["view"]}), ["within_days"]),
    "no window inside all": (with_condition({"all": [{"behaviour": ["view"]}]}), ["within_days"]),
    "a window of no day": (with_condition({**VIEW, "within_days": 0}), ["within_days", "0"]),
    "a window of less": (with_condition({**VIEW, "within_days": -3}), ["within_days", "-3"]),
    "a window of hours": (with_condition({**VIEW, "within_days": 1.5}), ["within_days", "1.5"]),
    "a window in words": (with_condition({**VIEW, "within_days": "15 days"}), ["within_days", "15 days"]),
    "a window that is a yes": (with_condition({**VIEW, "within_days": True}), ["within_days", "True"]),
    "a count of none": (with_condition({**VIEW, "at_least": 0}), ["at_least", "0"]),
    "half a count": (with_condition({**VIEW, "at_least": 2.5}), ["at_least", "2.5"]),
    "an unknown distinct": (with_condition({**VIEW, "distinct": "week"}), ["distinct", "week", "day", "event"]),
    "a score in words": (with_condition({**VIEW, "min_score": "good"}), ["min_score", "good"]),
    "money in fractions": (with_condition({**VIEW, "min_value_minor": 9.99}), ["min_value_minor", "9.99"]),
    "no behaviour": (with_condition({**VIEW, "behaviour": []}), ["behaviour"]),
    "all inside all": (with_condition({"all": [{"all": [VIEW]}]}), ["all"]),
    "all of nothing": (with_condition({"all": []}), ["all"]),
    "both behaviour and status": (with_condition({**VIEW, **TOGGLE}), ["status"]),
    "both behaviour and all": (with_condition({**VIEW, "all": [VIEW]}), ["all"]),
    "both status and all": (with_condition({**TOGGLE, "all": [VIEW]}), ["status"]),
    "a window of a status": (
        with_condition({**TOGGLE, "within_days": 15}),
        ["within_days"],
    ),
    "a window longer than the calendar": (
        with_condition({**VIEW, "within_days": 2**31 - 1}),
        ["within_days", "2147483647"],
    ),
    "an empty condition": (with_condition({}), ["behaviour"]),
    "a condition that is none": (with_condition("view"), ["view"]),
    "a status that never closes": (with_condition({"status": {"open": "join"}}), ["close"]),
    "a status that closes as it opens": (with_condition({"status": {"open": "join", "close": "join"}}), ["join"]),
    "no condition": (with_stages({**STAGE, "any": []}), ["any"]),
    "conditions forgotten": (with_stages({k: STAGE[k] for k in ("id", "name")}), ["any"]),
    "two stages of one id": (with_stages(STAGE, {**STAGE, "id": "I"}, STAGE), ["A"]),
    "a stage called none, as tables call no stage": (with_stages({**STAGE, "id": "none"}), ["none"]),
    "no id": (with_stages({k: STAGE[k] for k in ("name", "any")}), ["id"]),
    "a name in one language": (with_stages({**STAGE, "name": {"en": "Aware"}}), ["name", "zh"]),
    "no stages": (with_stages(), ["stages"]),
    "stages forgotten": ({"name": "test"}, ["stages"]),
    "no name": ({"stages": [STAGE]}, ["name"]),
    "a list": ([STAGE], ["A"]),
    "an empty file": (None, ["None"]),
}


@pytest.mark.parametrize("wrong", REFUSED)
def test_what_the_grammar_does_not_know_is_refused(wrong):
    mapping, named = REFUSED[wrong]

    with pytest.raises(ApexError) as refusal:
        parse_rules(mapping, origin="my-rules.yml")

    message = str(refusal.value)
    assert message.startswith("my-rules.yml")
    assert [word for word in named if word not in message] == []
    assert "pydantic" not in message and "validation error" not in message
    assert not re.search(r'"(\w+)" is not a key.*Did you mean.*"\1"', message), "suggests what it refuses"


def test_every_mistake_of_a_file_is_told_at_once():
    mapping = with_stages(
        {**STAGE, "any": [{**VIEW, "within_days": 0}]}, {**STAGE, "id": "I", "any": [{**VIEW, "at_leats": 2}]}
    )

    with pytest.raises(ApexError, match=r"(?s)within_days.*at_leats"):
        parse_rules(mapping, origin="test")


@pytest.mark.parametrize(
    "condition",
    [
        VIEW,
        {**VIEW, "at_least": 3, "distinct": "event", "min_score": 4, "min_value_minor": 100},
        {**VIEW, "min_score": 4.5},
        {"status": {"open": "follow", "close": "unfollow"}},
        {"all": [VIEW, TOGGLE]},
    ],
)
def test_the_grammar_is_accepted(condition):
    rules = parse_rules(with_condition(condition), origin="test")

    assert rules.name == "test"
    assert [(stage.id, stage.name["en"], stage.name["zh"], len(stage.any)) for stage in rules.stages] == [
        ("A", "Aware", "认知", 1)
    ]


def test_the_file_is_not_changed_by_reading_it():
    mapping = with_stages(STAGE)
    before = deepcopy(mapping)
    parse_rules(mapping, origin="test")

    assert mapping == before


# --- Digest --------------------------------------------------------------------------------------------------------

FILE = """
name: test
stages:
  - id: A
    name: {en: Aware, zh: 认知}
    any:
      - {behaviour: [expose, watch], within_days: 15}
      - {behaviour: [view], within_days: 15, at_least: 2, distinct: day}
  - id: L
    name: {en: Loyal, zh: 忠诚}
    any:
      - all:
          - {behaviour: [review], within_days: 365, min_score: 4}
          - {behaviour: [buy], within_days: 913, min_value_minor: 100}
      - {status: {open: join, close: leave}}
"""
SAME = {
    "comments": ("name: test", "# what is written here is for people\nname: test"),
    "the order of keys": (
        "{behaviour: [expose, watch], within_days: 15}",
        "{within_days: 15, behaviour: [expose, watch]}",
    ),
    "what a stage is called": ("{en: Aware, zh: 认知}", "{zh: 知晓, en: Knows us}"),
    "a score written as a fraction": ("min_score: 4", "min_score: 4.0"),
}
OTHER = {
    "a window": ("within_days: 365", "within_days: 364"),
    "a count": ("at_least: 2", "at_least: 3"),
    "what is counted": ("distinct: day", "distinct: event"),
    "a score": ("min_score: 4", "min_score: 5"),
    "a score left out": (", min_score: 4", ""),
    "a value": ("min_value_minor: 100", "min_value_minor: 101"),
    "a behaviour more": ("[expose, watch]", "[expose, watch, click]"),
    "another behaviour": ("[buy]", "[cart]"),
    "what opens a status": ("open: join", "open: follow"),
    "what closes a status": ("close: leave", "close: unfollow"),
    "a condition less": ("      - {status: {open: join, close: leave}}\n", ""),
    "all loosened": (
        "      - all:\n          - ",
        "      - {behaviour: [share], within_days: 1}\n      - all:\n          - ",
    ),
}


def digest(text):
    return parse_rules(yaml.safe_load(text), origin="test").digest


@pytest.mark.parametrize("what", SAME)
def test_the_digest_does_not_change_with(what):
    old, new = SAME[what]
    assert FILE.count(old) == 1
    assert digest(FILE.replace(old, new)) == digest(FILE)


@pytest.mark.parametrize("what", OTHER)
def test_the_digest_changes_with(what):
    old, new = OTHER[what]
    assert FILE.count(old) == 1
    assert digest(FILE.replace(old, new)) != digest(FILE)


def test_the_digest_changes_with_the_order_of_stages():
    mapping = yaml.safe_load(FILE)
    turned = {**mapping, "stages": mapping["stages"][::-1]}

    assert parse_rules(turned, origin="test").digest != digest(FILE)


def test_the_digest_changes_where_any_becomes_all():
    view, buy = VIEW, {"behaviour": ["buy"], "within_days": 15}
    either = with_stages({**STAGE, "any": [view, buy]})

    assert (
        parse_rules(either, origin="test").digest
        != parse_rules(with_condition({"all": [view, buy]}), origin="test").digest
    )


# --- Files ---------------------------------------------------------------------------------------------------------


def test_all_rule_sets_are_tried(rules_folder):
    assert sorted(path.stem for path in rules_folder.glob("*.yml")) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_rule_sets_of_the_workspace_load_by_name_and_by_path(name, rules_file, rules_folder):
    rules = load_rules(name)

    assert rules.name == name
    assert [stage.id for stage in rules.stages] == [stage["id"] for stage in rules_file(name)["stages"]]
    assert load_rules(rules_folder / f"{name}.yml").digest == rules.digest


def test_rule_sets_of_the_workspace_have_digests_of_their_own():
    assert len({load_rules(name).digest for name in NAMES}) == len(NAMES)


def test_an_unknown_rule_set_is_refused_with_the_nearest():
    with pytest.raises(ApexError, match=r'aipl-pannel.*"aipl-panel"'):
        load_rules("aipl-pannel")


def test_a_file_that_is_no_yaml_is_refused(tmp_path):
    path = tmp_path / "mine.yml"
    path.write_text("stages: [", encoding="utf-8")

    with pytest.raises(ApexError, match=r"mine\.yml"):
        load_rules(path)


def test_a_wrong_file_is_named(tmp_path):
    path = tmp_path / "mine.yml"
    path.write_text(FILE.replace("within_days: 913", "within_day: 913"), encoding="utf-8")

    with pytest.raises(ApexError, match=r'mine\.yml.*within_day\b.*"within_days"'):
        load_rules(path)


def test_all_inside_all_and_reserved_ids_are_refused_in_words():
    inner = {"all": [{"behaviour": ["buy"], "within_days": 5}]}
    stage = {"id": "A", "name": {"en": "a", "zh": "a"}, "any": [{"all": [inner]}]}
    with pytest.raises(ApexError, match="`all` may not stand inside `all`"):
        parse_rules({"name": "x", "stages": [stage]}, "x.yml")
    for reserved in ("none", "O"):
        plain = stage | {"id": reserved, "any": [{"behaviour": ["buy"], "within_days": 5}]}
        with pytest.raises(ApexError, match="is no stage's id"):
            parse_rules({"name": "x", "stages": [plain]}, "x.yml")
