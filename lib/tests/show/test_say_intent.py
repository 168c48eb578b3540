"""What the page of intent says, in both languages: drawn, weighted, not seen; the level, cells, the back-test, weights."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from apex import show
from apex.measure.intent import BEHAVIOURS
from apex.model.intent import CELL, COMPARED, TREND
from apex.model.intent_check import GROUPS, RANKS
from apex.report.finding import Finding
from apex.show.say import intent as say
from apex.show.say import intent_rows
from apex.show.words import Words

DAY = dt.date(2024, 11, 18)


@pytest.fixture(params=["en", "zh"])
def words(request):
    return Words(request.param, "CNY", 5)


def finding(fields):
    return Finding(notebook="4_wrapup/intent", name="x", **fields)


def compared(*methods, effect=60.0, half=30.0):
    kinds = {"held_out": "lift", "weighted": "model", "bare": "counted"}
    rows = [(m, kinds[m], effect, effect - half, effect + half, 300.0, effect / 300, (effect - half) / 300, (effect + half) / 300,
             1000, 1100, "") for m in methods]  # fmt: skip
    return pd.DataFrame(rows, columns=COMPARED)


def trend(*index):
    rows = [(DAY - dt.timedelta(days=15 * n), i, i - 9, i + 9, 40, 0.04, 0.01) for n, i in enumerate(reversed(index))]
    return pd.DataFrame(rows[::-1], columns=TREND)


def behaved(weight=1 / 8, seen=True):
    return pd.DataFrame({"behaviour": BEHAVIOURS, "seen": seen, "weight": weight, "weight_low": weight, "weight_high": weight,
                         "people": pd.array([9] * 8, "Int64"), "share": 0.1, "others": 0.05, "ratio": 2.0,
                         "after": pd.array([7] * 8, "Int64")})  # fmt: skip


def test_a_hold_out_is_a_lift_and_a_weighted_one_a_model(words):
    drawn = finding(say.moved(compared("held_out", "weighted", "bare"), "", trend(100.0), 3000, 1000, words))
    assert drawn.kind == "lift" and drawn.verdict == "ahead" and drawn.n == 2100 and drawn.value == pytest.approx(0.2)
    vague = finding(say.moved(compared("held_out", effect=10.0), "", trend(100.0), 3000, 1000, words))
    assert vague.verdict == "careful" and vague.short == words("No change of intent is told apart")
    model = finding(say.moved(compared("weighted", "bare"), "", trend(100.0), 3000, 1000, words))
    assert model.kind == "model" and model.verdict == "careful"


@pytest.mark.parametrize("code", ["no_category", "unseen", "short", "few_buyers", "few_brands", "few_people"])
def test_without_an_index_it_says_why_and_what_is_known(code, words):
    said = finding(say.moved(compared(), code, trend(np.nan, np.nan), 3000, 1000, words))
    assert said.kind == "not identified" and say.why(code, 1000, words) in said.text
    assert (words.share(0.04, 1) in said.text) == (code != "no_category")
    texts = say.absent(behaved(np.nan, seen=code != "unseen"), code, False, 1000, words)
    assert len(texts) == 2 and any(intent_rows.behaviour("cart", words) in t for t in texts) == (code == "unseen")


def test_the_level_is_held_against_100_and_the_spells_before(words):
    said = finding(say.level(trend(200.0, 150.0), 3000, words))
    assert said.value == 150 and said.compared.value == 200 and said.unit == "index" and said.n == 3000
    assert finding(say.level(trend(np.nan), 3000, words)).kind == "not identified"
    assert show.series(trend(200.0, 150.0).rename(columns={"index": "value"}), words, title="x", unit="index").html


def test_cells_are_named_and_small_ones_say_so(words):
    rows = [("all", "all", 3000, 200.0, 190.0, 210.0, ""), ("status", "old", 1000, 400.0, 380.0, 420.0, ""),
            ("creative", "v1", 1200, 150.0, 140.0, 160.0, ""), ("site", "on", 10, np.nan, np.nan, np.nan, "too_few")]  # fmt: skip
    cells = pd.DataFrame(rows, columns=CELL)
    said = finding(say.cut(cells, {"v1": "price"}, words))
    assert said.value == 200 and "price" in said.text and words("bought within the year") in said.text
    table = say.cell_rows(cells, {}, words)
    assert words("too few") in set(table["index"]) and len(say.cell_bars(cells, {}, words)) == 3
    assert finding(say.cut(cells.iloc[:0], {}, words)).kind == "not identified"


def test_the_back_test_says_how_often_and_when_seasons_shift(words):
    groups = pd.DataFrame([(1, 900, 9, 0.01, 0.01, 0.005, 0.02), (2, 100, 30, 0.3, 0.3, 0.25, 0.35)], columns=GROUPS)
    ranks = pd.DataFrame(
        [("change", 16, 0.4, -0.1, 0.7), ("intent", 16, 0.9, 0.8, 0.95), ("past", 16, 0.8, 0.7, 0.9)], columns=RANKS
    )
    said = finding(say.held(groups, ranks, DAY, words))
    assert said.value == pytest.approx(0.3 / 0.039) and said.verdict == "none"
    off = finding(say.held(groups.assign(expected=0.005), ranks.iloc[:0], DAY, words))
    assert off.verdict == "careful" and off.next_step
    assert finding(say.held(groups.iloc[:0], ranks, DAY, words)).value is None
    assert finding(say.held(groups.iloc[:0], ranks.iloc[:0], None, words)).kind == "not identified"
    assert say.rank_rows(ranks, words)["rank"].tolist() == [words.number(x, 2) for x in (0.9, 0.8, 0.4)]
    assert show.bars(say.group_bars(groups, words), words, title="x", unit="share").html


def test_weights_and_comparisons_in_words(words):
    many = behaved().assign(weight=[0.5, 0.3, 0.2, 0, 0, 0, 0, 0])
    said = finding(say.weighed(many, 500, words))
    assert (
        said.n == 500
        and intent_rows.behaviour("view", words) in said.text
        and intent_rows.behaviour("cart", words) in said.text
    )
    assert finding(say.weighed(behaved(np.nan), 0, words)).kind == "not identified"
    table = say.behaviour_rows(behaved(np.nan, seen=False), words)
    assert set(table.weight) == {words("not recorded")} and len(table) == 8
    rows = say.compared_rows(compared("bare", "held_out").assign(cannot=["too_few", ""]), words)
    assert rows.points.tolist() == ["60", words("cannot be told")]
