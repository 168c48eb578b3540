"""Goals and bridge of the closing page on the small market: from the plan, else from an earlier window, and what is hidden."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from apex import warehouse
from apex.measure.privacy import suppress
from apex.report import campaign as campaign_module
from apex.report import lesson
from apex.report.run import Run
from apex.report.upstream import closing, closing_cuts, closing_study
from apex.show.words import Words

CELLS = ["none", "O", "A", "I", "P", "L"]


@pytest.fixture(scope="module")
def made(source, tmp_path_factory, future_market):
    folder = tmp_path_factory.mktemp("closing")
    for name, text in future_market.CAMPAIGNS.items():
        (folder / f"{name}.yml").write_text(text, encoding="utf-8")
    return future_market.build(source, folder / "market", future_market.tables()), folder


@pytest.fixture
def run(made, monkeypatch, tmp_path):
    market, folder = made
    monkeypatch.setattr(campaign_module, "CAMPAIGNS", folder)
    monkeypatch.setattr(warehouse, "ensure", lambda name: market)
    monkeypatch.setenv("APEX_LESSONS", str(tmp_path / "lessons"))
    monkeypatch.setattr(lesson, "ROOT", tmp_path)
    return Run("summer-test", "4_wrapup/closing", alone=True)


def planned(run, monkeypatch, hide=(), forecast=500_000.0):
    """The run with a plan's tables at hand: stock, conversion and value of every cell."""
    needed = pd.DataFrame({"stage": CELLS, "stock_forecast": [90, 40, 30, 25, 20, 15],
                           "conversion": [0.05, 0.05, 0.1, 0.2, 0.4, 0.6], "value_minor": [9000] * 6})  # fmt: skip
    needed = needed.astype({"stock_forecast": "Int64", "conversion": "Float64", "value_minor": "Int64"})
    needed.loc[needed.stage.isin(list(hide)), needed.columns[1:]] = pd.NA
    rows = [] if forecast is None else [("gmv_minor", forecast, 0.8 * forecast, 1.2 * forecast)]
    goals = pd.DataFrame(rows, columns=["goal", "forecast", "low", "high"])
    monkeypatch.setattr(closing_study.planned, "foretold", lambda run: (goals, needed if rows else needed.iloc[:0]))
    goal = run.campaign.goal.model_copy(update={"gmv_minor": 600_000})
    monkeypatch.setattr(run, "campaign", run.campaign.model_copy(update={"goal": goal}))
    return run


def shown_of(run, few):
    converted = closing.converted(run)
    return converted, suppress(converted, ["consumers", "buyers"], few, [["brand"]])


@pytest.mark.parametrize(("few", "hide"), [(1, ()), (10, ("A", "O"))])
def test_the_bridge_leads_from_the_plan_to_what_was_counted(run, monkeypatch, few, hide):
    run = planned(run, monkeypatch, hide)
    monkeypatch.setattr(run, "campaign", run.campaign.model_copy(update={"privacy_threshold": few}))
    converted, shown = shown_of(run, few)
    made = closing_study.bridge(run, converted, shown)
    table = made.table().set_index("step")
    assert made.source == "plan" and list(table.index[:3]) == ["goal", "open", "plan"]
    assert table.value_minor["result"] == converted.gmv_minor.sum() > 0 and table.value_minor["plan"] == 500_000
    assert table.value_minor["open"] == -100_000 and (table.low["open"], table.high["open"]) == (-200_000, 0)
    assert table.value_minor["plan"] + made.steps.sum() == table.value_minor["result"]
    assert made.cells.value_minor.sum() == made.steps.sum()
    expected = made.expected()
    assert expected.difference_minor.sum() == made.steps.sum() and expected.gmv_minor_then.sum() == 500_000
    gone = set(shown.cell[shown.suppressed].astype(str)) | set(hide)
    told = set(expected.cell)
    assert told == (set(CELLS) - gone | {"pooled"} if gone else set(CELLS))
    assert made.inside == (400_000 <= converted.gmv_minor.sum() <= 600_000)


def test_without_a_plan_it_starts_from_an_earlier_window_and_says_so(run, monkeypatch):
    run = planned(run, monkeypatch, forecast=None)
    converted, shown = shown_of(run, 1)
    made = closing_study.bridge(run, converted, shown)
    assert made.source in ("year", "before") and made.inside is None and np.isnan(made.low)
    table = made.table()
    assert table.step.iloc[0] == made.source and "goal" not in set(table.step)
    assert table.value_minor.iloc[0] + made.steps.sum() == table.value_minor.iloc[-1]
    assert made.base is not None and made.base[1] < run.seen_window[0]


def test_a_window_not_over_is_held_against_no_plan_for_all_of_it(run, monkeypatch):
    run = planned(run, monkeypatch)
    first, last = run.campaign.window
    monkeypatch.setattr(
        type(run), "seen_window", property(lambda self: (first, last - pd.Timedelta(days=3).to_pytimedelta()))
    )
    assert closing_study.bridge(run, *shown_of(run, 1)).source != "plan"


def test_of_few_buyers_there_is_no_bridge(run, monkeypatch):
    run = planned(run, monkeypatch)
    converted, shown = shown_of(run, 1)
    monkeypatch.setattr(run, "campaign", run.campaign.model_copy(update={"privacy_threshold": 10_000}))
    assert closing_study.bridge(run, converted, shown) is None


def test_prices_that_cannot_be_told_are_part_of_the_value(run, monkeypatch):
    run = planned(run, monkeypatch)
    monkeypatch.setattr(closing_study, "_level", lambda *asked: None)
    made = closing_study.bridge(run, *shown_of(run, 1))
    assert list(made.steps.index) == ["stock", "mix_stages", "conversion", "value"]
    assert made.plan.gmv_minor + made.steps.sum() == made.result.gmv_minor
    told = dataclasses.replace(made, level=closing_study.baskets.Level(1.0, 1.0, 3, 0.5))
    assert len(told.steps) == 6 and len(told.prices()) == 1


def test_goals_beside_the_earlier_windows(run, monkeypatch):
    goal = run.campaign.goal.model_copy(update={"gmv_minor": 5, "aac": 10**6})
    monkeypatch.setattr(run, "campaign", run.campaign.model_copy(update={"goal": goal, "privacy_threshold": 1}))
    frame = closing_study.goals(run).set_index("measure")
    assert frame.goal["gmv_minor"] == 5 and frame.goal["aac"] == 10**6 and pd.isna(frame.goal["new_consumers"])
    assert frame.actual["gmv_minor"] == closing.converted(run).gmv_minor.sum() and not frame.suppressed.any()
    monkeypatch.setattr(run, "campaign", run.campaign.model_copy(update={"privacy_threshold": 10_000}))
    hidden = closing_study.goals(run)
    assert hidden.suppressed.all() and hidden.actual.isna().all(), "money of few is theirs alone"


def test_cuts_add_up_to_the_window(run):
    total = closing.converted(run).gmv_minor.sum()
    crowd = closing_cuts.crowds(run, ["rules", "age_band", "household"], "people")
    assert crowd.frame.gmv_minor.sum() == total
    words = Words("en", "CNY", 1)
    assert set(crowd.frame.cell.astype(str)) <= set(crowd.names(words))
    business = closing_cuts.businesses(run)
    assert business.frame.gmv_minor.sum() == business.sums.gmv_minor.sum() == total
    alone = business.alone(business.protected.assign(suppressed=False))
    assert alone.consumers.sum() <= business.base.consumers.sum()
