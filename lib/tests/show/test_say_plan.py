"""What the page of the plan says: the figures it was given, in both languages, and every case that has none."""

import datetime as dt
from types import SimpleNamespace

import pandas as pd
import pytest

from apex.report.finding import Finding
from apex.show import Words
from apex.show.say import plan as say

STAGES = [("A", "Aware"), ("I", "Interested")]
GOALS = pd.DataFrame({
    "goal": ["gmv_minor", "joins"], "target": [6e6, 300.0], "forecast": [4.5e6, None], "low": [4e6, None], "high": [5e6, None],
    "odds": [0.22, None], "odds_with_plan": [0.31, None],
})  # fmt: skip
MOVES = pd.DataFrame({
    "phase": ["build-up", "presale", "presale"], "strategy": ["blue", "gap", "blue"], "from_stage": ["O", "A", "O"],
    "to_stage": ["A", "I", "I"], "channel": ["tv", "social", ""],
    "people": pd.array([1000, 500, None], "Int64"), "moved": [120.0, 60.0, None],
    "low": [80.0, None, None], "high": [160.0, None, None], "cost_minor": [1e5, None, None], "kind": ["credit", "model", "model"],
})  # fmt: skip
MEDIA = pd.DataFrame({"channel": ["social", "social", "search", "tv"], "planned": [3e5, 2e5, 1e5, 0.0]})
LAUNCH = pd.DataFrame({"item_id": ["i7"] * 2, "horizon": [28, 90], "gmv_minor": [1e5, 4e5], "low": [5e4, 2e5],
                       "high": [2e5, 8e5], "p_hit": [0.2, 0.25]})  # fmt: skip
RISKS = pd.DataFrame({
    "risk": ["odds_low", "gap_open", "over_budget", "weak", "too_small", "stock_short"],
    "of": ["gmv_minor", "A", "media", "", "", "i7"], "value": [0.31, 20.0, 9e5, 0.3, None, 10.0],
    "limit": [0.8, 100.0, 8e5, 0.0, 0.25, 20.0],
})  # fmt: skip


@pytest.fixture(params=["en", "zh"])
def words(request):
    return Words(request.param, "CNY", 20)


@pytest.fixture
def english():
    return Words("en", "CNY", 20)


def found(fields):
    return Finding(notebook="2_plan/plan", name="x", **fields)


def test_the_headline_is_the_odds_with_the_plan_beside_those_without(english):
    told = found(say.headline(GOALS, 0.8, 600_000, english))
    assert told.value == 0.31 and told.verdict == "behind"
    assert "**31%**" in told.text and "without it 22%" in told.text and "**CN¥6,000**" in told.text
    alone = found(say.headline(GOALS.assign(odds_with_plan=float("nan")), 0.2, None, english))
    assert (
        alone.value == 0.22
        and alone.verdict == "ahead"
        and "not known" in alone.text
        and "media cost" not in alone.text
    )
    none = found(say.headline(GOALS.assign(odds=float("nan")), 0.8, None, english))
    assert none.kind == "not identified" and none.value is None


def test_every_sentence_fits_in_both_languages(words):
    found(say.headline(GOALS, 0.8, 600_000, words))
    for table in (MOVES, MOVES[:0]):
        found(
            say.moves(
                table, {"blue": "a very long name of a strategy that has to be cut somewhere to fit"}, STAGES, words
            )
        )
    for table in (MEDIA, MEDIA[:0]):
        found(say.media(table, {}, words))
    for table in (LAUNCH, LAUNCH[:0], LAUNCH.assign(p_hit=float("nan"))):
        found(say.launch(table, words))
    for detectable, expected in ((None, 0.2), (0.3, None), (0.3, 0.2), (0.1, 0.2)):
        found(say.held_out(0.1, detectable, expected, words))
    for table in (RISKS, RISKS[:0]):
        found(say.danger(table, STAGES, words))
    assert len(say.risk_rows(RISKS, STAGES, words)) == len(RISKS)


def test_rows_are_what_the_tables_say(english):
    goals = say.goal_rows(GOALS, english)
    assert goals.goal.tolist() == ["GMV", "Joins"] and goals.odds_with_plan.tolist() == ["31%", "–"]
    assert goals.forecast[1] == "–" and goals.target[1] == "300"
    named = SimpleNamespace(strategies={"blue": "Blue ocean"}, channels={"tv": "TV"})
    moves = say.move_rows(pd.concat([MOVES, MOVES[:1].assign(moved=0.4)]), named, STAGES, english)
    assert moves.strategy.tolist() == ["Blue ocean", "gap", "Blue ocean"]
    assert moves.moved.tolist() == ["120 (80 to 160)", "60", "–"] and moves.move[0] == "Opportunity to Aware"
    assert moves.channel.tolist() == ["TV", "social", "–"]
    bars = say.media_bars(MEDIA, {"social": "Social"})
    assert bars.to_dict("list") == {"label": ["Social", "search"], "value": [5e5, 1e5]}
    assert say.media_bars(MEDIA[:0], {}).empty
    scenes = pd.DataFrame({"name": ["拉新快"], "people": [5], "budget_minor": [None], "p_best": [0.6], "kpi": ["ROI"]})
    assert say.scene_rows(scenes, english).p_best.tolist() == ["60%"]


def test_the_hold_out_says_whether_it_will_tell(english):
    assert found(say.held_out(0.1, 0.3, 0.2, english)).verdict == "careful"
    assert found(say.held_out(0.1, 0.1, 0.2, english)).verdict == "ahead"
    sizes = pd.DataFrame({"share": [0.02, 0.1], "detectable": [None, 0.3]})
    assert say.sizes(sizes, english).to_dict("list") == {"label": ["10%"], "value": [0.3]}


def test_the_risks_name_figure_and_limit(english):
    rows = say.risk_rows(RISKS, STAGES, english)
    assert (
        rows.risk[1] == "The moves do not close the gap at Aware"
        and rows["value"][1] == "20"
        and rows.limit[1] == "100"
    )
    assert rows["value"][4] == "–" and rows.limit[4] == "25%"
    assert "**6** figures" in say.danger(RISKS, STAGES, english)["text"]


def test_what_is_absent_is_named(words):
    def plan(*unknown):
        return SimpleNamespace(cost=SimpleNamespace(unknown=list(unknown)), eve=dt.date(2024, 1, 1))

    assert say.absent(plan(), words) == []
    assert len(say.absent(plan("media", "strategies", "scenes", "way"), words)) == 1
