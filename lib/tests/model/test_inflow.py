"""Daily inflow by phase: sums to what has to be gathered, counts only days that a stage lives, and holds the stock afterwards."""

import datetime as dt

import pandas as pd
import pytest

from apex.model.inflow import COLUMNS, by_phase

AS_OF, EVE, LAST = dt.date(2024, 9, 19), dt.date(2024, 10, 20), dt.date(2024, 11, 18)
LIVES = {"A": 15, "P": 900}
INFLOW = pd.DataFrame({"stage": ["A", "P"], "needed": [300.0, 900.0], "to_gather": [300.0, 62.0], "days": [15.0, 31.0]})
PHASES = [
    ("build-up", dt.date(2024, 9, 1), dt.date(2024, 10, 12)), ("presale", dt.date(2024, 10, 13), dt.date(2024, 10, 27)),
    ("return", dt.date(2024, 11, 12), dt.date(2024, 12, 1)),
]  # fmt: skip


def test_until_the_eve_the_parts_are_the_whole():
    found = by_phase(INFLOW, LIVES, [], AS_OF, EVE, LAST).set_index(["phase", "stage"])
    assert found.people["until-eve", "A"] == 300 and found.per_day["until-eve", "A"] == pytest.approx(20)
    assert found.people["until-eve", "P"] == 62 and found.per_day["window", "A"] == pytest.approx(20)
    assert list(found.reset_index().columns) == COLUMNS


def test_phases_are_cut_at_today_and_at_the_windows_end():
    found = by_phase(INFLOW, LIVES, PHASES, AS_OF, EVE, LAST).set_index(["phase", "stage"])
    assert found.first_day["build-up", "A"] == dt.date(2024, 9, 20) and found.last_day["return", "A"] == LAST
    # A lives 15 days: 6 to 20 October; 7 of them lie in the build-up, 8 in the presale, then 7 days of holding
    assert found.people["build-up", "A"] == 140 and found.people["presale", "A"] == 160 + 140
    assert found.people["return", "P"] == pytest.approx(7)


def test_on_the_eve_there_is_only_the_window():
    there = INFLOW.assign(days=float("nan"))
    found = by_phase(there, LIVES, [], EVE, EVE, LAST)
    assert set(found.phase) == {"window"} and (found.people > 0).all()
