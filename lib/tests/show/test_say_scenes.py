"""What the page of scenes says, in both languages: a set, one scene, wait for each reason, no costs, hidden people."""

import itertools

import numpy as np
import pandas as pd
import pytest

from apex.measure.scene_rules import load_scenes
from apex.model import gates as growth
from apex.model.scenes import Trial
from apex.report.finding import Finding
from apex.report.upstream.scenes import PORTFOLIO, Decision
from apex.show.say import scene_tables as tables
from apex.show.say import scenes as say
from apex.show.words import Words

NAMES = {"a": "Alpha", "b": "Beta", "c": "Gamma"}
RULES = load_scenes()


@pytest.fixture(params=["en", "zh"])
def words(request):
    return Words(request.param, "CNY", 5)


def finding(fields):
    return Finding(notebook="2_plan/scenes", name="x", **fields)


def chosen(*scenes, people=100):
    rows = [
        (
            s,
            NAMES[s],
            "people",
            "O+A",
            "P",
            "warm",
            people,
            5.0,
            2.0,
            9.0,
            1000.0 * n,
            500.0,
            100.0,
            0.8,
            "credit",
            "GMV",
        )
        for n, s in enumerate(scenes, 1)
    ]
    frame = pd.DataFrame(rows, columns=PORTFOLIO).astype({"people": "Int64"})
    return frame.assign(suppressed=frame.people.isna())


def decision(status, reason="", scenes=(), spent=1000.0, earns=0.9):
    return Decision(status, reason, chosen(*scenes), spent, (3000.0, 1000.0, 5000.0), earns, 1.5, "a")


def test_a_set_names_the_scene_that_brings_most_first(words):
    found = finding(say.portfolio(decision("several", scenes="ab"), chosen("a", "b"), NAMES, 5000, 0.8, 0.5, words))
    assert (
        found.verdict == "careful"
        and found.value == 3000
        and "Beta" in found.short
        and "200" in found.text
        and "1.5" in found.text
    )
    assert "40" in found.text, "the rest of the budget"
    unsure = finding(
        say.portfolio(decision("several", scenes="ab", earns=0.6), chosen("a", "b"), NAMES, 1000, 0.8, None, words)
    )
    assert unsure.verdict == "behind" and unsure.text != found.text


def test_one_scene(words):
    found = finding(say.portfolio(decision("one", scenes="a"), chosen("a"), NAMES, None, 0.8, 0.5, words))
    assert "Alpha" in found.short and found.tile.value == "1"


@pytest.mark.parametrize("reason", ["none_ready", "nothing_known", "budget", "too_small", "no_cost", "does_not_earn"])
def test_wait_says_why(words, reason):
    found = finding(say.portfolio(decision("wait", reason), chosen(), NAMES, 30000, 0.8, 0.5, words))
    assert found.verdict == "careful" and found.value is None and found.next_step
    if reason == "budget":
        assert "300" in found.text
    others = {
        say.portfolio(decision("wait", r), chosen(), NAMES, 1, 0.8, 0.5, words)["text"]
        for r in ("none_ready", "budget")
    }
    assert len(others) == 2


def test_without_costs_nothing_is_said_to_pay(words):
    found = finding(
        say.portfolio(decision("rank", "no_cost", "ab", np.nan, np.nan), chosen("a", "b"), NAMES, 5, 0.8, None, words)
    )
    assert found.verdict == "careful" and "2" in found.short


def test_hidden_people_are_not_added_up(words):
    rows = chosen("a", "b", people=None)
    assert (
        words.suppressed() in say.portfolio(decision("several", scenes="ab"), rows, NAMES, 5, 0.8, 0.5, words)["text"]
    )


def scores(**other):
    frame = pd.DataFrame({
        "scene": list("abc"), "group": "people", "people": pd.array([900, 50, None], "Int64"), "suppressed": [False, False, True],
        "items_minor": pd.array([None, 700, None], "Int64"), "pieces": pd.array([None, None, 4], "Int64"),
        "join_share": [0.25, np.nan, np.nan],
        "items": pd.array([None, 3, None], "Int64"), "moved": [20.0, 4.0, np.nan], "low": [10.0, -1.0, np.nan],
        "high": [30.0, 9.0, np.nan], "gmv_minor": [5000.0, 800.0, np.nan], "gmv_low": [1000.0, -10.0, np.nan],
        "gmv_high": [9000.0, 1500.0, np.nan], "cost_per_moved_minor": [100.0, 50.0, np.nan], "per_low": [70.0, 30.0, np.nan],
        "per_high": [200.0, np.nan, np.nan], "pays": [0.9, 0.2, np.nan], "p_best": [1.0, 0.3, 0.0], "n": [500, 40, 0],
        "kind": ["lift", "credit", "prior"], "told": [True, False, False], "ready": [True, True, False], "same": ["a", "a", "c"],
    })  # fmt: skip
    return frame.assign(**other)


def test_sure_is_never_quite_sure(words):
    found = finding(say.sure(scores(), NAMES, words))
    assert found.kind == "model" and "99" in found.text and "Beta" not in found.text, "it is one with Alpha"
    nobody = finding(say.sure(scores(p_best=0.0), NAMES, words))
    assert nobody.kind == "not identified" and nobody.value is None
    assert say.odds_in_words(0.5, words) == "50%" and say.odds_in_words(0.001, words) != "0%"


def test_the_cheapest_mover_is_told_from_nought(words):
    found = finding(say.cheapest(scores(), NAMES, words))
    assert found.value == 100 and found.kind == "lift" and found.low <= found.high
    dear = say.cheapest(scores(pays=0.1), NAMES, words)["text"]
    assert len(dear) > len(found.text), "it does not pay within these days"
    free = finding(say.cheapest(scores(cost_per_moved_minor=np.nan), NAMES, words))
    assert free.unit == "consumers" and free.value == 20
    assert (
        finding(say.cheapest(scores(cost_per_moved_minor=np.nan, moved=np.nan), NAMES, words)).kind == "not identified"
    )


def test_a_small_budget_buys_no_answer(words):
    small = finding(say.trial(Trial(0.01, 4000, 90000.0), "a", NAMES, 30000, words))
    large = finding(say.trial(Trial(0.01, 4000, 90000.0), "a", NAMES, 100000, words))
    assert small.verdict == "careful" and "33%" in small.text and large.verdict == "none" and "33%" not in large.text
    unpriced = finding(say.trial(Trial(0.01, 4000, float("nan")), "a", NAMES, 30000, words))
    assert unpriced.verdict == "none" and "4,000" in unpriced.text
    assert finding(say.trial(None, "", NAMES, 5, words)).kind == "not identified"


NEEDS = [
    ("channel", "feed, live", None, None, 0), ("audience", "warm", 100, None, 40), ("table", "contracts", None, None, 0),
    ("behaviour", "sample", None, None, 0), ("members", "", 200, None, None), ("followers", "", 200, None, 9),
    ("items", "launch", 3, 1, 0), ("younger_than_days", "28", 1, 0, 0), ("contents", "28", 3, 1, 0),
    ("event_within_days", "sale", 7, 53, 0),
]  # fmt: skip


def unmet():
    rows = [(scene, *need) for scene, need in zip(itertools.cycle("abc"), NEEDS, strict=False)]
    frame = pd.DataFrame(rows, columns=["scene", "need", "about", "wanted", "number", "people"])
    return frame.astype({"wanted": "Int64", "number": "Int64", "people": "Int64"})


def test_what_is_lacking_stands_in_words(words):
    found = tables.lacks(unmet(), RULES, (53, "sale"), words)
    assert set(found) == set("abc") and "53" in found["a"] and words.few() in found["b"], (
        "hidden members are told as few"
    )
    assert tables.lacks(unmet().tail(1), RULES, None, words)["a"] != found["a"]
    said = finding(say.lacking(unmet().iloc[[9, 2]], 42, NAMES, (53, "sale"), words))
    assert said.value == 2 and "46" in said.text, "opens in 53 − 7 days"
    assert finding(say.lacking(unmet().head(0), 42, NAMES, None, words)).value == 0
    assert {say.need_name(need, words) for need, *_ in NEEDS} and len(
        {say.need_name(n, words) for n, *_ in NEEDS}
    ) == 10


def test_all_scenes_in_order_ready_ones_first(words):
    found = tables.every(scores(), {"c": "nothing there"}, NAMES, True, words)
    assert found["name"].tolist() == ["Alpha", "Beta", "Gamma"] and found.faint.tolist() == [False, False, True]
    assert "Alpha" in found.note[1] and "3" in found.note[1] and found.kind[2] == "–"
    assert found.note[2].startswith("nothing there") and "4" in found.note[2] and "25%" in found.note[0]
    assert words("no end") in found.price[1] and found.moved[0] == "20"
    assert "30" in tables.every(scores(), {}, NAMES, False, words).moved[0], "without a cost the interval stands here"
    assert set(tables.every_heads(False, words)) < set(tables.every_heads(True, words)) <= set(found)


def test_the_chosen_and_their_bars(words):
    rows = tables.chosen_rows(chosen("a", "b"), NAMES, {"warm": "Warm"}, words)
    assert rows["name"].tolist() == ["Beta", "Alpha"] and "O" in rows.stages[0]
    assert set(tables.chosen_heads(False, words)) < set(tables.chosen_heads(True, words)) <= set(rows)
    gains = pd.DataFrame({"scene": ["a", "b"], "margin_minor": [1.0, 2.0], "low": [0.0, 1.0], "high": [3.0, 4.0]})
    assert tables.chosen_bars(gains.assign(budget_minor=[5.0, 6.0]), NAMES).before.tolist() == [6.0, 5.0]
    assert "before" not in tables.chosen_bars(gains.assign(budget_minor=pd.array([None, 6.0], "Float64")), NAMES)


def test_the_catalogue_shows_every_scene(words):
    found = tables.catalogue(RULES, {}, words)
    assert len(found) == 42 and found.notna().all().all() and set(tables.catalogue_heads(words)) == set(found)
    assert "adStrategyDkx 1023" in set(found.code)


@pytest.mark.parametrize("buyers", [50, 500])
def test_gates_say_where_the_brand_stands(words, buyers):
    asked = [("validate", "buyers_90", 100), ("accelerate", "grown", 1.0), ("accelerate", "told", 1.0)]
    made = growth.gates(asked, {"buyers_90": buyers, "grown": 1.2, "told": 2}).assign(
        people=pd.array([buyers, 0, 0], "Int64")
    )
    labels = ["one", "two", "three"]
    found = finding(say.growth(made, labels, growth.standing(made), words))
    assert found.verdict == ("ahead" if buyers == 500 else "careful") and ("one" in found.text) == (buyers == 50)
    rows = tables.gate_rows(made, labels, words)
    assert rows.seen.tolist() == [str(buyers), "120%", "2"] and set(tables.gate_heads(words)) == set(rows)
    held = finding(say.growth(made.assign(passed=[True, True, False]), labels, "accelerate", words))
    assert "three" in held.text


def test_what_is_missing_is_said(words):
    assert len(say.absent(False, None, None, None, words)) == 2
    assert len(say.absent(True, None, None, "tea", words)) == 2 and say.absent(True, 0.5, 5, "tea", words) == []
