"""The loop closes: a plan is written by the notebook, played by the market it was made for, and wrapped up by the notebook."""

import json
import tempfile
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

import twin
from apex import files, warehouse
from apex.report import campaign as campaign_module
from apex.report import lesson, planned
from apex.report.campaign import load_campaign
from apex.report.notebooks import discover, parameters
from truth import loop

pytestmark = pytest.mark.slow  # plays a market twice and runs all notebooks of the plan on it
NOTEBOOKS = {n.id: n for n in discover(files.ROOT / "notebooks")}
PLAN_DAY = date(2024, 9, 19)
CAMPAIGN = """
extends: double-eleven
title: {en: Round trip, zh: 往返}
campaign_id: null
goal: {window: [2024-10-21, 2024-11-18], gmv_minor: 1500000, confidence: 0.8}
budget_minor: 200000
language: en
"""


@pytest.fixture(scope="module")
def world(execute_here):
    """The run folder after all notebooks of the plan, the market, and what was played of the plan as a warehouse."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        place, market = Path(folder), twin.Market(twin.Config(3000), seed=5)
        text = (campaign_module.CAMPAIGNS / "double-eleven.yml").read_text(encoding="utf-8")
        (place / "double-eleven.yml").write_text(text, encoding="utf-8")
        (place / "round-trip.yml").write_text(CAMPAIGN, encoding="utf-8")
        patch.setattr(campaign_module, "CAMPAIGNS", place)
        patch.setattr(lesson, "ROOT", place)
        patch.setenv("APEX_LESSONS", str(place / "lessons"))
        patch.setenv("APEX_RUN", str(place / "run"))

        def run(id, whole, campaign):
            patch.setattr(warehouse, "ensure", lambda name: whole)
            execute_here(NOTEBOOKS[id], parameters(list(NOTEBOOKS.values()), load_campaign(campaign))[id])

        seen = loop.booked(market.usual(PLAN_DAY), place / "seen")
        needed = [n for n in NOTEBOOKS.values() if n.id.startswith("2_plan/")]
        for notebook in sorted(needed, key=lambda n: (n.id == "2_plan/plan", n.place)):
            run(notebook.id, seen, "round-trip")
        played = loop.play(market, place / "run" / "plan.yml")
        after = loop.booked(played, place / "after")
        (place / "played.yml").write_text("extends: round-trip\ncampaign_id: round-trip\n", encoding="utf-8")
        run("4_wrapup/closing", after, "played")
        run("4_wrapup/lessons", after, "played")
        yield place / "run", played, after


def test_the_plan_is_one_that_the_market_can_play(world):
    folder, played, _ = world
    plan = planned.read(folder / "plan.yml")
    assert plan.campaign == "round-trip" and plan.as_of == PLAN_DAY
    assert sum(m.budget_minor or 0 for m in plan.act.media) <= 200_000 and plan.act.media and plan.act.events
    assert twin.plan.read(folder / "plan.yml") == played.compiled.plan
    spent = int(played.lines.spent_minor.sum())
    assert 0.5 * plan.cost.media_minor < spent <= plan.cost.media_minor
    assert {g.goal for g in plan.goals} >= {"gmv_minor"}


def test_the_wrap_up_sees_the_plans_own_hold_out_and_its_result(world):
    folder, _, after = world
    plan = planned.read(folder / "plan.yml")
    told = json.loads((folder / "lesson.json").read_text(encoding="utf-8"))
    assert told["campaign_id"] == "round-trip" and told["effect"]["verdict"] == "lift"
    events = after.table("events")
    first, last = plan.window
    bought = events.filter((events.brand == plan.brand) & (events.behaviour == "buy"))
    inside = bought.filter((bought.occurred_at >= first) & (bought.occurred_at < last + timedelta(days=1)))
    shown = pd.read_parquet(folder / "tables" / "4_wrapup-closing.result.parquet")
    whole = shown[(shown.measure == "gmv_minor") & (shown.segment == "all")].iloc[0]
    assert whole.goal == 1_500_000 and whole.actual == int(inside.value_minor.sum().execute())
    assert whole.low <= whole.effect <= whole.high
