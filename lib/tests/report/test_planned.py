"""plan.yml: what it may say, what is refused and how, and that it comes back, here and in the simulated market."""

import datetime as dt

import pandas as pd
import pytest

from apex.errors import ApexError
from apex.report import planned
from twin import plan as twin_plan

FIRST, LAST = dt.date(2024, 9, 20), dt.date(2024, 11, 18)
BURST = (dt.date(2024, 11, 11), dt.date(2024, 11, 11))
ACT = {
    "campaign_id": "double-eleven", "brand": "清禾", "first_day": FIRST, "last_day": LAST, "phases": {"burst": BURST},
    "media": [
        {"channel": "feed", "phase": "burst", "budget_minor": 5000, "buying": "auction", "message": "功效"},
        {"channel": "message", "first_day": FIRST, "last_day": FIRST, "impressions": 30},
    ],
    "events": [{"phase": "burst", "depth": 0.2}],
    "trials": [{"name": "hold-out", "arms": {"treated": 0.9, "control": 0.1}}], "hold_out": "hold-out",
}  # fmt: skip
PLAN = {
    "campaign": "double-eleven", "brand": "清禾", "currency": "CNY", "as_of": FIRST, "eve": dt.date(2024, 10, 20),
    "window": (dt.date(2024, 10, 21), LAST), "goals": [{"goal": "gmv_minor", "target": 6e6, "odds": 0.2}],
    "needed": [{"stage": "A", "stock_now": 7, "needed": None}], "cost": {"budget_minor": 800_000, "media_minor": 5000},
    "act": ACT,
}  # fmt: skip


def test_a_plan_comes_back_from_its_file_with_the_same_bytes(tmp_path):
    plan = planned.checked(PLAN, "plan.yml")
    file = tmp_path / "plan.yml"
    file.write_text(plan.text(), encoding="utf-8")
    assert planned.read(file) == plan and planned.read(file).text() == plan.text()
    assert "null" not in plan.text() and "清禾" in plan.text()


def test_the_market_reads_the_same_acts(tmp_path):
    file = tmp_path / "plan.yml"
    plan = planned.checked(PLAN, "plan.yml")
    file.write_text(plan.text(), encoding="utf-8")
    theirs = twin_plan.read(file)
    assert theirs.model_dump(exclude_defaults=True) == plan.act.model_dump(exclude_defaults=True)


@pytest.mark.parametrize("part", ["Media", "EventDay", "Benefit", "Trial", "Act"])
def test_whatever_a_plan_may_say_the_market_understands(part):
    theirs = twin_plan.Plan if part == "Act" else getattr(twin_plan, part)
    assert set(getattr(planned, part).model_fields) <= set(theirs.model_fields)


def changed(**act):
    return {**PLAN, "act": {**ACT, **act}}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({**PLAN, "risk": []}, 'risk: "risk" is not a key here.*"risks"'),
        ({k: v for k, v in PLAN.items() if k != "brand"}, "brand: this key is missing"),
        (
            {**PLAN, "goals": [{"goal": "x", "target": 1, "ods": 0.2}]},
            r'goals\[0\].ods: "ods" is not a key here.*"odds"',
        ),
        ({**PLAN, "goals": [{"goal": "x", "target": 1, "odds": 1.2}]}, r"goals\[0\].odds: .* \(seen: 1.2\)"),
        (changed(media=[{"channel": "feed"}]), "budget_minor or impressions"),
        (
            changed(media=[{"channel": "feed", "budget_minor": 5, "phase": "presale"}]),
            r"phase 'presale' is not.*\['burst'\]",
        ),
        (changed(media=[{"channel": "feed", "budget_minor": 5, "arm": "a"}]), "needs the name of its trial"),
        (changed(media=[{"channel": "feed", "budget_minor": 5, "trial": "t", "arm": "a"}]), "no trial 't'"),
        (changed(events=[{"first_day": dt.date(2025, 1, 1), "depth": 0.1}]), "outside its days"),
        (changed(trials=[{"name": "t", "arms": {"a": 0.5, "b": 0.6}}]), "add up to 1"),
        (changed(hold_out="other"), "hold_out 'other'"),
        (changed(last_day=dt.date(2024, 1, 1)), "before its first day"),
        ([1, 2], "plan.yml"),
    ],
)
def test_what_does_not_fit_is_told_with_the_key_and_what_is_allowed(content, told):
    with pytest.raises(ApexError, match=told):
        planned.checked(content, "plan.yml")


def test_no_file_and_no_yaml_are_told(tmp_path):
    with pytest.raises(ApexError, match="make report"):
        planned.read(tmp_path / "plan.yml")
    (tmp_path / "plan.yml").write_text("a: [1", encoding="utf-8")
    with pytest.raises(ApexError, match=r"plan.yml: not YAML"):
        planned.read(tmp_path / "plan.yml")


def test_rows_of_a_table_become_a_section():
    frame = pd.DataFrame({
        "stage": ["A", "P"], "stock_now": pd.array([5, None], "Int64"), "needed": [1 / 3, float("nan")], "more": [1, 2],
    })  # fmt: skip
    rows = planned.rows(planned.Needed, frame)
    assert rows == [
        {"stage": "A", "stock_now": 5, "needed": 0.333333},
        {"stage": "P", "stock_now": None, "needed": None},
    ]
    days = pd.DataFrame({"event": ["x"], "phase": ["burst"], "first_day": [pd.Timestamp("2024-11-11")],
                         "last_day": [pd.NaT], "kind": ["own"]})  # fmt: skip
    assert planned.rows(planned.Day, days)[0]["first_day"] == dt.date(2024, 11, 11)
    assert planned.rows(planned.Day, days)[0]["last_day"] is None
