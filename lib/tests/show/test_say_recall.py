"""What the page of recall says, in both languages, with numbers, hidden ones and none."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from apex import show
from apex.model import leaving, recall_actions
from apex.report.finding import Finding
from apex.report.upstream.recall import DUE, STAGES, TESTED
from apex.show.say import recall as say
from apex.show.words import Words

STAGED = [("A", "aware"), ("L", "loyal")]
THERE = pd.DataFrame([
    ("A", 100, 60.0, 50.0, 70.0, 0.6, 300.0, 200.0, 400.0, 18_000.0),
    ("L", 40, 36.0, 30.0, 39.0, 0.9, 5_000.0, 4_000.0, 6_000.0, 180_000.0),
], columns=STAGES).assign(suppressed=False)  # fmt: skip
ACTIONS = pd.DataFrame([
    ("A", "live", 0.1, 0.05, 0.15, "credit", 90.0, 50.0, 130.0, 60.0, True, 500),
    ("L", "feed", 0.02, 0.01, 0.03, "lift", 600.0, 400.0, 800.0, 60.0, True, 300),
], columns=recall_actions.COLUMNS)  # fmt: skip


@pytest.fixture(params=["en", "zh"])
def words(request):
    return Words(request.param, "CNY", 5)


def finding(fields):
    return Finding(notebook="3_execute/recall", name="x", **fields)


def test_the_headline_names_who_leaves_and_what_to_do(words):
    made = finding(say.headline(THERE, ACTIONS, STAGED, 28, words))
    assert made.value == 96 and (made.low, made.high, made.n) == (80, 109, 140)
    assert "loyal" in made.text and "loyal" in made.next_step and len(made.short) <= 60
    assert words.money(180_000) in made.text


def test_nothing_known_is_said(words):
    none = THERE.iloc[:0]
    assert finding(say.headline(none, ACTIONS, STAGED, 28, words)).kind == "not identified"
    hidden = THERE.assign(leaving=np.nan)
    assert finding(say.headline(hidden, ACTIONS, STAGED, 28, words)).kind == "not identified"
    assert finding(say.action(ACTIONS.iloc[:0], STAGED, words)).kind == "not identified"
    assert finding(say.action(ACTIONS.assign(shown=False), STAGED, words)).kind == "not identified"
    assert finding(say.right(pd.DataFrame(columns=TESTED), (np.nan, np.nan, 0), words)).kind == "not identified"
    assert say.absent(False, words) and not say.absent(True, words)
    assert say.keeping(pd.DataFrame(columns=["stage", "day", "share"]), STAGED, dt.date(2024, 1, 1), words)


def test_the_action_that_brings_most(words):
    made = finding(say.action(ACTIONS, STAGED, words))
    assert made.value == 600 and made.kind == "lift" and made.n == 300
    assert finding(say.action(ACTIONS.iloc[:1], STAGED, words)).kind == "credit"
    for shown, kind in ((False, "credit"), (True, "credit"), (True, "lift")):
        row = ACTIONS.iloc[0].copy()
        row["shown"], row["kind"] = shown, kind
        assert "aware" in say.what_to_do(row, "aware", words)


def test_how_right_it_was(words):
    rows = [(dt.date(2024, 9, 1), s, 50, 30 + k, 20 - k, 31.0, 29.0, 34.0) for k, s in enumerate(["A", "L"])]
    tested = pd.DataFrame(rows, columns=TESTED)
    made = finding(say.right(tested, (0.2, 0.22, 90), words))
    assert made.value == 1 and made.n == 2 and made.verdict == "none"
    off = finding(say.right(tested.assign(left=50), (0.2, 0.22, 90), words))
    assert off.value == 0 and off.verdict == "careful"
    shown = say.tested_rows(tested.assign(left=[30, pd.NA]), dict(STAGED), words)
    assert "<table" in show.table(shown, "t", words, say.tested_columns(words)).html


def test_tables_and_charts(words):
    weeks = pd.DataFrame([("A", 1, 60, 40.0), ("A", 3, pd.NA, 3.0), ("L", 2, 40, 36.0)], columns=DUE)
    rows = say.stage_rows(THERE, weeks, STAGED, words)
    assert list(rows.stage) == ["L", "A"] and rows.week3.tolist() == ["0", words.suppressed()]
    assert "loyal" in show.table(rows, "s", words, say.stage_columns(28, 84, words)).html
    assert "loyal" in show.table(say.action_rows(ACTIONS, STAGED, words), "a", words, say.action_columns(words)).html
    assert list(say.stage_bars(THERE, STAGED).label) == ["A", "L"]
    bins = pd.DataFrame(
        [(1, 50, 0.6, 30, 0.6, 0.45, 0.73)], columns=["bin", "people", "told", "left", "share", "low", "high"]
    )
    assert say.bin_bars(bins, words).before.tolist() == [0.6] and say.EDGES == leaving.EDGES
    curves = pd.DataFrame({"stage": ["A", "A", "L"], "day": [0, 28, 28], "share": [1.0, 0.4, 0.9]})
    assert "aware" in say.keeping(curves, STAGED, dt.date(2024, 1, 1), words)
