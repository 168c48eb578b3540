"""Answers that notebooks share: the same whether read from the run or computed on the side, lessons included."""

import datetime as dt
import json

import numpy as np
import pandas as pd
import pytest

from apex import warehouse
from apex.errors import ApexError
from apex.files import ROOT, digest
from apex.measure import history, peers
from apex.model import backtest
from apex.model.goal import Bought, GoalPlan
from apex.report import campaign as campaign_module
from apex.report import lesson, upstream
from apex.report.campaign import load_campaign
from apex.report.notebooks import discover
from apex.report.run import Run
from apex.report.upstream import goal, goal_inputs, lessons
from apex.report.upstream.goal_study import GOALS, WAY

GOAL = "2_plan/goal"


@pytest.fixture(scope="module")
def made(source, tmp_path_factory, future_market):
    """The small market of the garbage-future test, and a folder with its campaigns."""
    module = future_market
    folder = tmp_path_factory.mktemp("upstream")
    for name, text in module.CAMPAIGNS.items():
        (folder / f"{name}.yml").write_text(text, encoding="utf-8")
    return module.build(source, folder / "market", module.tables()), folder


@pytest.fixture
def place(made, monkeypatch, tmp_path):
    """Campaigns of the small market, its warehouse, and a place for this test's runs and lessons; gives the lessons'."""
    market, folder = made
    monkeypatch.setattr(campaign_module, "CAMPAIGNS", folder)
    monkeypatch.setattr(warehouse, "ensure", lambda name: market)
    monkeypatch.setenv("APEX_RUN", str(tmp_path / "run"))
    monkeypatch.setenv("APEX_LESSONS", str(tmp_path / "lessons"))
    monkeypatch.setattr(lesson, "ROOT", tmp_path)  # somebody may be editing the library while this runs
    return tmp_path / "lessons"


def needed_of(run):
    """The plan's table as the goal notebook keeps it."""
    knob = upstream.knobs(run, GOAL)
    plan = goal.plan(run, goal.history(run, knob["cohort"]), Bought(*knob["bought"]), run.lessons(), knob["seed"])
    return plan, goal.needed(run, plan)


def backtested(run):
    """The back-test as the goal notebook makes it."""
    day, starts = backtest.possible(run.as_of, run.warehouse.first_day, run.window_days)
    brands = peers.cohort(run.warehouse, run.brand, 7)[:7]
    return backtest.backtest(history.history(run.book, brands, day, history.STEP, run.window_days), starts)


def test_a_table_of_this_run_is_read_and_another_computed_to_the_same(place, tmp_path):
    reader = Run("summer-test", "3_execute/audiences")
    computed = reader.table(GOAL, "needed")
    assert not (tmp_path / "run").exists(), "what is computed on the side is not written into the report"
    planner = Run("summer-test", GOAL)
    planner.keep("needed", needed_of(planner)[1], keys=["stage"])
    read = reader.table(GOAL, "needed")
    assert list(read.stage) == ["none", "O", "A", "I", "P", "L"]
    pd.testing.assert_frame_equal(computed.round(6), read, check_dtype=False)

    spoilt = read.assign(gap=-1)
    spoilt.to_parquet(tmp_path / "run" / "tables" / "2_plan-goal.needed.parquet")
    assert (reader.table(GOAL, "needed").gap == -1).all(), "this run's own table counts, whatever is in it"


def test_a_table_that_nobody_computes_is_refused(place):
    with pytest.raises(ApexError, match='no table "neded" of 2_plan/goal to read.*Did you mean "2_plan/goal needed"'):
        Run("summer-test", "3_execute/audiences").table(GOAL, "neded")


def test_what_is_computed_has_the_knobs_of_the_notebook_and_the_campaign(place, made):
    defaults = next(n.defaults for n in discover(ROOT / "notebooks") if n.id == GOAL)
    spring, summer = (upstream.knobs(Run(name, GOAL), GOAL) for name in ("spring-test", "summer-test"))
    assert spring == defaults and summer == {**defaults, "cohort": 7} and defaults["cohort"] != 7
    assert upstream.knobs(Run("summer-test", GOAL), "4_wrapup/closing")["earlier"] >= 1
    (made[1] / "dearer.yml").write_text("extends: summer-test\nsettings:\n  2_plan/goal: {bought: [0.1, 0.05, 0.2]}\n")
    usual, dearer = (Run(name, "3_execute/audiences").table(GOAL, "needed") for name in ("summer-test", "dearer"))
    assert (dearer.gap.dropna().abs() > usual.gap.dropna().abs()).any(), "bought stock that converts worse: more of it"


def test_lessons_are_computed_where_none_is_promoted_and_equal_the_promoted(place, monkeypatch, tmp_path):
    run = Run("summer-test", GOAL)
    (computed,) = run.lessons()
    assert not place.exists() and not (tmp_path / "run").exists()
    assert (computed.campaign, computed.as_of) == ("spring-test", dt.date(2024, 7, 1))
    assert computed.window == (dt.date(2024, 5, 20), dt.date(2024, 6, 16))
    cells = {c.cell: c for c in computed.conversion}
    assert {"P", "L"} <= set(cells) and 0 < cells["L"].low < cells["L"].rate < cells["L"].high < 1

    teacher = Run("spring-test", "4_wrapup/lessons")
    assert lessons.study(teacher).lesson == computed, "as its notebook writes it"
    lesson.promote(tmp_path / "run", teacher.campaign)
    kept = lesson.place(teacher.campaign)
    assert kept.is_relative_to(place) and lesson.read(kept) == computed

    monkeypatch.setattr(lessons, "known", lambda *asked: pytest.fail("a fresh lesson is at hand"))
    assert run.lessons() == [computed]


def test_a_stale_lesson_is_not_believed(place):
    run = Run("summer-test", GOAL)
    (computed,) = run.lessons()
    path = lesson.place(load_campaign("spring-test"))
    path.parent.mkdir(parents=True)
    lies = [c.model_copy(update={"buyers": 0}) for c in computed.conversion]
    path.write_text(computed.model_copy(update={"conversion": lies, "made_from": "of other files"}).text())
    assert run.lessons() == [computed]
    path.write_text(computed.model_copy(update={"conversion": lies}).text())
    assert run.lessons()[0].conversion == lies, "only what it was made from tells it apart"


def test_a_lesson_changes_the_plan_and_again_changes_nothing(place):
    run = Run("summer-test", GOAL)
    (one, needed), (other, again) = needed_of(run), needed_of(Run("summer-test", GOAL))
    without = goal.plan(run, goal.history(run, 7), Bought(), [], 2017)
    assert isinstance(one, GoalPlan) and one.cells.conversion.ne(without.cells.conversion).any()
    assert one.cells.equals(other.cells) and needed.equals(again)


def test_what_was_learned_of_bought_stock_reaches_the_plan(place):
    run = Run("summer-test", GOAL)
    (known,) = run.lessons()
    seen = goal.history(run, 7)
    found = lesson.Entry(what="bought", value=0.2, low=0.18, high=0.22, n=900, kind="lift", scale="plain")
    told = known.model_copy(update={"seen": [found], "conversion": []})
    before, after = (goal.plan(run, seen, Bought(), heard, 1) for heard in ([], [told]))
    assert before.bought == Bought() and 0.2 < after.bought.m < 0.3, "the campaign's 0.2 and the prior's 0.34"
    assert after.bought.high / after.bought.low < before.bought.high / before.bought.low
    assert abs(after.k - 1) > abs(before.k - 1)


def test_a_hold_out_that_a_lesson_told_of_is_not_read_again(place, monkeypatch):
    """And a grandparent that two lessons heard of is heard once, an older one less."""
    run = Run("summer-test", GOAL)
    (known,) = run.lessons()
    read = []
    monkeypatch.setattr(goal_inputs, "_tried", lambda run, seen, given: read.append(given) or given)
    entry = lesson.Entry(what="bought", value=0.2, low=0.1, high=0.3, n=900, kind="lift", scale="plain")
    compared = next(iter(run.campaign.compare), "spring-id")
    object.__setattr__(run, "campaign", run.campaign.model_copy(update={"compare": (compared,)}))
    told = known.model_copy(update={"seen": [entry], "campaign_id": compared})
    assert goal_inputs.informed(run, None, Bought(), [told]).m < Bought().m and read == []
    silent = goal_inputs.informed(run, None, Bought(), [known])
    assert read == [silent] == [Bought()], "a lesson that tells nothing of it"

    older = known.model_copy(update={"campaign": "old", "as_of": known.as_of - dt.timedelta(days=365)})
    both = known.model_copy(update={"earlier": [older.own]})
    first, second = goal.taught([older, both])
    assert (first.campaign, second.campaign) == ("old", known.campaign)
    assert first.cells.consumers.tolist() == [c.consumers / 2 for c in known.conversion]
    assert second.cells.consumers.tolist() == [c.consumers for c in known.conversion]


def test_a_wrap_up_before_the_windows_end_says_how_many_days_it_counted(place, made):
    """Half a window's conversions must not pass for a whole one's."""
    (made[1] / "early.yml").write_text("extends: spring-test\nas_of: {wrapup: 2024-05-30}\n")
    early, whole = lessons.lesson_of("early"), lessons.lesson_of("spring-test")
    assert early.window == (dt.date(2024, 5, 20), dt.date(2024, 5, 30))
    bought = [sum(c.buyers for c in one.conversion) for one in (early, whole)]
    assert 0 < bought[0] < bought[1]


def test_without_a_goal_there_is_no_plan(place, made):
    (made[1] / "aimless.yml").write_text(
        "title: {en: a, zh: 一}\nwarehouse: market\nbrand: b\nrules: aipl-panel\ncurrency: CNY\n"
        "goal: {window: [2024-08-05, 2024-09-01]}\n"
    )
    with pytest.raises(ApexError, match=r"aimless\.yml: goal\.gmv_minor is missing"):
        needed_of(Run("aimless", GOAL))


def test_a_window_of_one_day_is_said_to_be_too_short(place, made, execute_here):
    (made[1] / "singles.yml").write_text(
        "extends: summer-test\nlearns_from: []\ngoal: {window: [2024-08-11, 2024-08-11], gmv_minor: 9000}\n"
    )
    run = Run("singles", GOAL)
    assert goal.history(run, 7) is None and goal.kept(run).empty
    notebook = next(n for n in discover(ROOT / "notebooks") if n.id == GOAL)
    shown = execute_here(notebook, {**notebook.defaults, "campaign": "singles"})
    assert any(
        "单日目标无法制定计划" in text or "A goal for a single day is not planned" in text for text in shown.values()
    )


def test_a_young_market_has_a_shorter_back_test_or_none(place, made):
    """Windows from before the data are left out instead of breaking the page."""
    (made[1] / "young.yml").write_text("extends: summer-test\nas_of: {plan: 2024-07-01}\n")
    run = Run("young", GOAL)
    tested = backtested(run)
    starts = sorted(set(tested.window_start))
    first = dt.date(2024, 1, 1)
    assert starts and starts[0] >= first + dt.timedelta(days=14 + 28)
    (made[1] / "new.yml").write_text("extends: spring-test\nas_of: {plan: 2024-02-15}\n")
    nothing = backtested(Run("new", GOAL))
    assert nothing.empty and list(nothing) == list(tested)
    assert backtest.backtest_table(nothing, "b").empty and backtest.by_brand(nothing).empty
    assert backtest.scores(nothing, np.random.default_rng(1)) == [] and backtest.scores(
        tested, np.random.default_rng(1)
    )


# ---- the real panel ----


@pytest.fixture(scope="module")
def panel():
    if not (warehouse.FOLDER / "complete-journey" / "manifest.json").exists():
        pytest.skip("the panel's warehouse is not built")
    return warehouse.ensure("complete-journey")


def test_the_summers_lesson_changes_the_autumns_plan_and_again_changes_nothing(panel, monkeypatch, tmp_path):
    """Issue 3: the lesson of campaign 13 changes campaign 18's plan, and running either again changes nothing."""
    monkeypatch.setenv("APEX_LESSONS", str(tmp_path / "lessons"))  # nothing promoted: the lesson is computed
    monkeypatch.setattr(lesson, "ROOT", tmp_path)
    alone = tmp_path / "autumn-alone.yml"
    alone.write_text("extends: complete-journey\nlearns_from: []\n")
    kept, plans, taught, seen, read = {}, {}, {}, {}, goal.history

    def once(run, cohort):
        key = (run.as_of, run.brand, cohort)
        if key not in seen:
            seen[key] = read(run, cohort)
        return seen[key]

    monkeypatch.setattr(goal, "history", once)
    for name, campaign in (("with", "complete-journey"), ("again", "complete-journey"), ("without", str(alone))):
        monkeypatch.setenv("APEX_RUN", str(tmp_path / name))
        run = Run(campaign, GOAL)
        taught[name] = run.lessons()
        monkeypatch.setattr(run, "lessons", lambda known=taught[name]: known)
        plans[name], needed = needed_of(run)
        run.keep("needed", needed, keys=["stage"])
        kept[name] = digest(tmp_path / name / "tables")
    assert len(seen) == 1, "all three stand on one day"
    assert kept["with"] == kept["again"] != kept["without"]
    assert (plans["with"].k, plans["with"].odds) == (plans["again"].k, plans["again"].odds)
    assert plans["with"].k != plans["without"].k and abs(plans["with"].k - plans["without"].k) > 1e-4

    texts = [taught[n][0].text() for n in ("with", "again")]
    assert texts[0] == texts[1] and json.loads(texts[0])["as_of"] == "2017-10-09" and not taught["without"]


def test_goals_and_the_way_are_the_same_on_the_side_and_hold_one_another(place):
    run = Run("summer-test", GOAL)
    study = goal.study(Run("summer-test", GOAL, alone=True))
    goals, way = run.table(GOAL, "goals"), run.table(GOAL, "way")
    pd.testing.assert_frame_equal(goals, study.goals())
    pd.testing.assert_frame_equal(way, study.purchases())
    assert list(goals.columns) == GOALS and list(way.columns) == WAY and goals.goal.tolist() == ["gmv_minor"]
    assert goals.odds_with_plan[0] >= goals.odds[0] - 0.02
    assert study.silent == [] and study.curve().odds.is_monotonic_decreasing
    assert len(way) and (way.people > 0).all() and study.way.cost_minor == pytest.approx(way.cost_minor.sum())


def test_a_goal_that_cannot_be_forecast_is_named_and_left_out(place, made, tmp_path):
    text = (made[1] / "summer-test.yml").read_text(encoding="utf-8")
    (made[1] / "more-goals.yml").write_text(
        text.replace("gmv_minor:", "new_consumers: 40, gmv_minor:"), encoding="utf-8"
    )
    study = goal.study(Run("more-goals", GOAL, alone=True))
    assert study.silent == ["new_consumers"] and list(study.targets) == ["gmv_minor"]
