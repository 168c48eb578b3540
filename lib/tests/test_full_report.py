"""The promise itself, on the real panel: `make report` ends with an index, twice the same, and its numbers are right."""

import datetime as dt
import json
import re
import subprocess

import pandas as pd
import pytest

from apex import ledger, warehouse
from apex.files import ROOT, atomic_write, digest
from apex.report import lesson
from apex.report.campaign import load_campaign
from apex.report.notebooks import discover
from apex.report.runner import render
from apex.report.upstream import lessons

DATASETS = {  # documented counts of manufacturer 764 under aipl-panel: A, I, P, L
    dt.date(2017, 6, 30): [246, 178, 537, 607],
    dt.date(2017, 9, 30): [271, 264, 512, 684],
}


@pytest.fixture(scope="module")
def made():
    """What `make -s report` did for the default campaign.

    The lesson that it learns from is computed beforehand, so that one report is rendered here and not two; that a teacher is
    rendered first is tested on a small market (report/test_lesson.py), and on the panel among the slow tests.
    """
    teacher = load_campaign("complete-journey-summer")
    atomic_write(lesson.place(teacher), lessons.lesson_of(teacher.reference).text())
    return subprocess.run(["make", "-s", "report"], cwd=ROOT, capture_output=True, text=True, timeout=900)


@pytest.fixture(scope="module")
def report(made):
    """The default campaign's report."""
    assert made.returncode == 0, made.stderr
    return ROOT / "reports" / "complete-journey"


def table(report, name):
    both = pd.read_csv(report / "tables" / f"{name}.csv"), pd.read_parquet(report / "tables" / f"{name}.parquet")
    assert len(both[0]) == len(both[1]) and list(both[0]) == list(both[1])
    return both[1]


def test_make_prints_only_the_index(made):
    assert made.returncode == 0, made.stderr
    assert made.stdout == f"{ROOT / 'reports' / 'complete-journey' / 'index.html'}\n"


def test_success_is_in_the_manifest(report):
    manifest = json.loads((report / "manifest.json").read_text())
    assert manifest["status"] == "ok"
    assert {f.name: digest(f) for f in (report / "tables").iterdir()} == manifest["tables"]
    assert "1_insight-assets.stock.csv" in manifest["tables"]
    found = discover(ROOT / "notebooks")
    assert [n["id"] for n in manifest["notebooks"]] == [n.id for n in found] and len(found) >= 10
    for page in ("index.html", "data.html", *(f"{n.stem}.html" for n in found)):
        assert 5_000 < (report / page).stat().st_size < 1_000_000


def test_stock_has_every_day_and_stage_and_the_documented_counts(report):
    stock = table(report, "1_insight-assets.stock")
    assert list(stock) == ["brand", "day", "stage", "consumers", "suppressed"]
    days = pd.date_range("2017-01-01", "2017-10-29").date
    assert list(stock.day.unique()) == list(days) and len(stock) == 4 * len(days)
    assert list(stock.stage[:4]) == ["A", "I", "P", "L"] and set(stock.brand) == {"764"}
    for when, counts in DATASETS.items():
        assert stock[stock.day == when].consumers.tolist() == counts


def test_flow_agrees_with_stock_and_with_the_ledger(report):
    flow, stock = table(report, "1_insight-assets.flow"), table(report, "1_insight-assets.stock")
    assert list(flow) == ["brand", "start_day", "end_day", "from_stage", "to_stage", "way", "consumers", "suppressed"]
    start, end = dt.date(2017, 9, 3), dt.date(2017, 10, 29)
    assert set(flow.start_day) == {start} and set(flow.end_day) == {end}
    assert not ((flow.from_stage == "none") & (flow.to_stage == "none")).any()
    for side, when in (("from_stage", start), ("to_stage", end)):
        sums = flow.groupby(side).consumers.sum()
        there = stock[stock.day == when].set_index("stage").consumers
        assert all(sums[s] == there[s] for s in "AIPL")
    book = ledger.ensure(warehouse.ensure("complete-journey"), ledger.load_rules("aipl-panel"))
    rows = book.rows.filter(book.rows.brand == "764").select("consumer_id", "day", "to_stage").execute()
    rows["day"] = pd.to_datetime(rows.day).dt.date
    states = [rows[rows.day <= d].sort_values("day").groupby("consumer_id").to_stage.last() for d in (start, end)]
    pairs = pd.concat(states, axis=1, keys=["before", "after"]).fillna(0).astype(int).value_counts()
    names = ["none", "A", "I", "P", "L"]
    for row in flow.itertuples():
        assert row.consumers == pairs.get((names.index(row.from_stage), names.index(row.to_stage)), 0)


def test_the_plan_goes_from_the_goal_to_people(report):
    needed = table(report, "2_plan-goal.needed")
    assert list(needed) == ["stage", "eve", "stock_now", "stock_forecast", "low", "high", "conversion", "value_minor",
                            "needed", "gap", "suppressed"]  # fmt: skip
    assert needed.stage.tolist() == ["none", "O", "A", "I", "P", "L"] and set(needed.eve) == {dt.date(2017, 10, 29)}
    planned = needed[needed.stage != "none"]
    assert (planned.gap == planned.needed - planned.stock_forecast).all()
    assert needed.set_index("stage").needed.isna()["none"]
    assert (needed.low <= needed.stock_forecast).all() and (needed.stock_forecast <= needed.high).all()
    assert needed.stock_now.sum() == 2469
    book = ledger.ensure(warehouse.ensure("complete-journey"), ledger.load_rules("aipl-panel"))
    now = pd.Series(book.open_book(dt.date(2017, 10, 15), ["764"])["stage"].to_pylist()).value_counts()
    assert needed.set_index("stage").stock_now[["A", "I", "P", "L"]].tolist() == [now[s] for s in (1, 2, 3, 4)]


def test_the_back_test_shows_only_windows_that_had_ended(report):
    tested = table(report, "2_plan-goal.backtest")
    assert list(tested) == ["brand", "window_start", "window_end", "method", "actual", "forecast", "low", "high"]
    starts = [dt.date(2017, 5, 8) + dt.timedelta(days=28 * k) for k in range(4)]
    assert sorted(set(tested.window_start)) == starts and tested.window_end.max() <= dt.date(2017, 10, 15)
    assert {"combined", "without_stages", "window_before", "market_growth", "combined-28"} <= set(tested.method)
    assert set(tested.brand) == {"764"}, "what others sell is theirs"
    pooled = table(report, "2_plan-goal.backtest_scores")
    assert set(pooled.method) == set(tested.method) and (pooled.n == 60 * len(starts)).all()
    first = tested[(tested.method == "combined") & (tested.window_start == starts[0])].set_index("brand").actual["764"]
    events = warehouse.ensure("complete-journey").table("events")
    inside = (events.occurred_at >= dt.date(2017, 5, 8)) & (events.occurred_at < dt.date(2017, 7, 3))
    bought = events.filter((events.brand == "764") & (events.behaviour == "buy") & inside)
    assert first == bought.value_minor.sum().execute()


def test_audiences_hold_out_and_never_export_who_is_held_out(report):
    crowds = table(report, "3_execute-audiences.crowds")
    assert list(crowds) == ["crowd", "consumers", "holdout", "suppressed"]
    sizes = crowds.set_index("crowd")
    assert (sizes.holdout <= sizes.consumers).all() and sizes.holdout.sum() > 0
    exported = table(report, "3_execute-audiences.exports").set_index("crowd")
    whole = {  # a crowd is exported for each of its channels, the same people to each
        p.parent.parent.name: pd.read_parquet(p).consumer_id
        for p in sorted(report.glob("exports/*/*/audience-0001.parquet"))
    }
    for p in report.glob("exports/*/*/audience-0001.parquet"):
        assert set(pd.read_parquet(p).consumer_id) == set(whole[p.parent.parent.name])
    keys = {c: k for c, k in whole.items() if not c.startswith("tier-")}
    assert {c: len(k) for c, k in keys.items()} == exported[exported.status == "written"].addressed.to_dict()
    everyone = pd.concat(keys.values())
    assert not everyone.duplicated().any(), "nobody is addressed twice"

    # the sequence's tiers are the same people by another cut: none who is held out, none in two
    tiers = {c: k for c, k in whole.items() if c.startswith("tier-")}
    told = table(report, "3_execute-sequence.exports").set_index("crowd")
    assert {c: len(k) for c, k in tiers.items()} == told[told.status == "written"].addressed.to_dict() != {}
    split = pd.concat(tiers.values())
    assert not split.duplicated().any() and split.isin(everyone).all()


def test_the_result_is_counted_and_the_effect_is_not_identified(report):
    result = table(report, "4_wrapup-closing.result")
    assert list(result) == [
        "measure",
        "segment",
        "goal",
        "actual",
        "comparison",
        "effect",
        "low",
        "high",
        "n",
        "identified",
    ]
    whole = result[(result.measure == "gmv_minor") & (result.segment == "all")].iloc[0]
    assert (whole.goal, whole.actual, whole.comparison) == (1_640_000, 1_519_481, 1_491_577)
    assert not result.identified.any() and result.effect.isna().all()
    assert whole.low < 0 < whole.high
    by_segment = result[result.measure == "gmv_minor"].set_index("segment").actual
    assert by_segment["new"] + by_segment["old"] == by_segment["all"]
    lesson = json.loads((report / "lesson.json").read_text())
    assert lesson["effect"]["verdict"] == "not identified" and lesson["effect"]["value"] is None
    assert sum(c["gmv_minor"] for c in lesson["conversion"]) == whole.actual


@pytest.mark.slow  # renders two campaigns again; `report/test_pages.py` asks the same of a small market
def test_a_second_run_gives_the_same_bytes(report, tmp_path):
    again = render("complete-journey", reports=tmp_path / "reports", lessons=tmp_path / "lessons").parent
    assert digest(again / "tables") == digest(report / "tables")
    for name in ("findings.json", "lesson.json", "plan.yml"):
        assert (again / name).read_bytes() == (report / name).read_bytes()


def test_no_consumer_id_reaches_a_page_or_a_table(report):
    ids = set(map(str, warehouse.ensure("complete-journey").table("consumers").consumer_id.execute()))
    for path in [*report.glob("*.html"), *report.glob("tables/*.csv"), report / "findings.json", report / "plan.yml"]:
        assert not ids & set(re.findall(r"\d{12,}", path.read_text(encoding="utf-8"))), path.name


@pytest.mark.slow  # a report of its own; `report/test_attacker.py` asks more of a small market
def test_real_consumers_are_suppressed_below_the_threshold(tmp_path):
    """The same brand as if it were private: no count from 1 to 19 in any table, no tile that adds one up."""
    file = tmp_path / "private.yml"
    file.write_text('extends: complete-journey\nprivacy_threshold: 20\nbrand: "1208"\nlearns_from: []\n')
    report = render(str(file), reports=tmp_path / "reports", lessons=tmp_path / "lessons").parent
    small = 0
    for path in (report / "tables").glob("*.parquet"):
        frame = pd.read_parquet(path)
        for column in {"consumers", "moves", "before", "buyers", "holdout", "addressed", "held_out", "stock_now"} & set(
            frame
        ):
            counts = frame[column].dropna()
            # a share between 0 and 1 in a column that elsewhere counts people is no crowd
            assert not ((counts >= 1) & (counts < 20)).any(), path.name
        small += int(frame.get("suppressed", pd.Series(dtype=bool)).sum())
    assert small > 0
