"""What the goal page says of several goals, the way, the curve, the levers and the tornado, in both languages."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from apex.model.way import WAY
from apex.report.finding import Finding
from apex.show.say import goal_odds as say
from apex.show.words import MISSING, Words

STAGES = [("A", "Aware"), ("P", "Purchased")]


@pytest.fixture(params=["en", "zh"])
def words(request):
    return Words(request.param, "CNY", 20)


def valid(fields):
    return Finding(notebook="2_plan/goal", name="x", **fields)


def goals(several=True, odds=0.3):
    rows = [("gmv_minor", 9e6, 8.5e6, 7e6, 1e7, odds, 0.5)]
    if several:
        rows += [
            ("aac", 2100.0, np.nan, np.nan, np.nan, 0.28, 0.28),
            ("all", np.nan, np.nan, np.nan, np.nan, 0.1, 0.12),
        ]
    return pd.DataFrame(rows, columns=["goal", "target", "forecast", "low", "high", "odds", "odds_with_plan"])


def bought(cost=100.0):
    return pd.DataFrame([["A", "feed", 5.0, 9.0, cost, 900.0, 100.0, 2000.0]], columns=WAY)


def made(frame, cost=100.0, short=None, bound=""):
    return SimpleNamespace(
        purchases=frame, brings_gmv=frame.gmv_minor.sum(), cost_minor=cost, short=short or {}, bound=bound
    )


def test_all_goals_together_or_one(words):
    both, one = valid(say.together(goals(), 0.8, words)), valid(say.together(goals(False), 0.8, words))
    assert "10%" in both.text and both.verdict == "behind" and both.value == pytest.approx(0.1)
    assert one.short != both.short and one.verdict == "none"


def test_goal_rows_stand_in_the_files_order_and_hide_what_is_hidden(words):
    rows = say.goal_rows(goals().sort_values("goal"), words)
    assert rows.goal.tolist() == [say.measure(m, words) for m in ("gmv_minor", "aac", "all")]
    assert rows.forecast[1] == words.suppressed() and rows.target[2] == MISSING


@pytest.mark.parametrize("bound", ["", "people", "budget"])
def test_the_way_says_cost_and_what_stops_it(words, bound):
    short = {"aac": 5.0, "joins": 3.0} if bound else {}
    found = valid(say.way(made(bought(), short=short, bound=bound), None, goals(), STAGES, words))
    assert words.money_short(100) in found.text and found.verdict == ("careful" if bound else "none")
    assert (say.measure("aac", words) in found.text) == bool(bound)


def test_an_unknown_cost_is_said_and_nothing_to_buy_as_well(words):
    unknown = valid(say.way(made(bought(np.nan), cost=None), None, goals(), STAGES, words))
    assert (
        words("unknown") == say.way_rows(bought(np.nan).assign(phase=""), STAGES, words).cost[0]
        and unknown.value is None
    )
    texts = {unknown.text, valid(say.way(made(bought().iloc[:0]), None, goals(), STAGES, words)).text,
             valid(say.way(made(bought().iloc[:0], short={"gmv_minor": 1.0}), None, goals(), STAGES, words)).text}  # fmt: skip
    assert len(texts) == 3


def test_the_curve_names_the_largest_goal_with_the_odds_wanted(words):
    curve = pd.DataFrame({"goal_minor": [100_000, 200_000], "odds": [0.9, 0.3], "odds_with_plan": [0.95, 0.4]})
    assert valid(say.curve(curve, 0.8, words)).value == 100_000
    assert valid(say.curve(curve, 0.99, words)).value is None
    assert say.curve_bars(curve, words).before.tolist() == [0.95, 0.4]


def test_levers_in_words(words):
    table = pd.DataFrame({"lever": ["stock", "conversion", "value"], "factor": [1.6, 1.2, 1.2], "unusual": [0.05, 0.02, np.nan],
                          "n": [40, 40, 3]})  # fmt: skip
    found = valid(say.would_have_to(table, 0.8, words))
    assert found.verdict == "behind" and words.number(1.6, 2) in found.text
    assert valid(say.would_have_to(table.assign(unusual=np.nan), 0.8, words)).verdict == "careful"
    assert valid(say.would_have_to(table.assign(factor=0.9), 0.8, words)).verdict == "ahead"
    assert say.lever_rows(table, words).unusual[2] == MISSING


def test_the_tornado_leaves_what_nobody_can_know_out(words):
    table = pd.DataFrame({"driver": ["window", "stock", "bought"], "at_low": [0.0, 0.4, 0.45], "at_high": [1.0, 0.6, 0.5],
                          "swing": [1.0, 0.2, 0.05]})  # fmt: skip
    assert valid(say.tornado(table, words)).value == pytest.approx(0.2)
    drawn = say.tornado_bars(table, 0.5, words)
    assert len(drawn) == 2 and (drawn.low <= drawn.value).all() and (drawn.high >= drawn.value).all()
    assert all(say.driver(d, words) for d in ("conversion", "value", "money", "window"))


def test_phases_and_silent_goals(words):
    import datetime as dt

    day = dt.date(2024, 9, 20)
    table = pd.DataFrame({"phase": ["until-eve", "build-up"], "stage": ["A", "P"], "first_day": day, "last_day": day,
                          "people": [3.0, 4.0], "per_day": [3.0, 4.0], "suppressed": False})  # fmt: skip
    rows = say.phase_rows(table, STAGES, words)
    assert rows.phase.nunique() == 2 and rows.stage.tolist() == ["Aware", "Purchased"]
    assert len(say.silent(["aac", "joins"], words)) == 2
