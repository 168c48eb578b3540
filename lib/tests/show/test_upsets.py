"""The picture of combinations: dots and bars where the numbers say, on both widths, and nothing of what is hidden."""

import itertools
import re

import pandas as pd
import pytest

from apex import show
from apex.errors import ApexError
from apex.show.style import TOKENS

GROUPS = [("a", "Flagship", 900), ("b", "Reseller", 300), ("c", "Store", None)]
ALONE, BOTH = (f"var(--{name}, {TOKENS[name]})" for name in ("stage-4", "stage-3"))


@pytest.fixture
def buyers():
    rows = [(True, False, False, 600), (False, True, False, 100), (True, True, False, 200), (True, True, True, 3)]
    frame = pd.DataFrame(rows, columns=["a", "b", "c", "consumers"])
    return frame.assign(suppressed=[False, False, False, True])


def test_bars_are_as_long_as_their_numbers_and_the_largest_comes_first(buyers, en, drawings):
    for drawing in drawings(show.upset(buyers, GROUPS, en, "T")):
        alone = sorted(drawing.boxes(ALONE), key=lambda b: b[2] - b[0])
        both = sorted(drawing.boxes(BOTH), key=lambda b: b[2] - b[0])
        length = {n: b[2] - b[0] for n, b in ((600, alone[-1]), (100, alone[-2]), (200, both[-1]))}
        assert length[600] / length[100] == pytest.approx(6, rel=0.02)
        assert length[600] / length[200] == pytest.approx(3, rel=0.02)
        place = {text: y for text, _, y, _ in drawing.placed()}
        assert place["600"] < place["200"] < place["100"]
        assert all(left >= 0 and right <= drawing.width for left, _, right, _ in drawing.boxes(ALONE))


def test_a_dot_stands_in_the_column_of_every_group_that_a_combination_holds(buyers, en, drawings):
    for drawing in drawings(show.upset(buyers, GROUPS, en, "T")):
        used = [
            (float(e.get("x")), float(e.get("y")), e.get("style")) for e in drawing.root.iter() if e.tag.endswith("use")
        ]
        columns = sorted({x for x, *_ in used})
        rows = sorted({y for _, y, _ in used})
        assert len(columns) == 3 and len(rows) == 3 and len(used) == 9
        held = {(rows.index(y), columns.index(x)) for x, y, style in used if TOKENS["line"] not in style}
        assert held == {(0, 0), (1, 0), (1, 1), (2, 1)}


def test_names_stand_as_a_staircase_with_their_numbers(buyers, en, drawings):
    for drawing in drawings(show.upset(buyers, GROUPS, en, "T")):
        names = [
            (text, x, y) for text, x, y, _ in drawing.placed() if text.split()[0] in ("Flagship", "Reseller", "Store")
        ]
        assert [text for text, *_ in names] == ["Flagship 900", "Reseller 300", "Store hidden"]
        assert all(b[1] > a[1] and b[2] - a[2] >= 18 for a, b in itertools.pairwise(names))


def test_what_is_hidden_is_neither_drawn_nor_written(buyers, en):
    chart = show.upset(buyers, GROUPS, en, "T")
    assert "1 more combinations are hidden." in chart.html and "Flagship + Reseller + Store" in chart.html
    assert "<td>hidden</td>" in chart.html and not re.search(r">3<", chart.html)
    assert chart.alt == "T. Flagship 600; Flagship + Reseller 200; Reseller 100."
    every = show.upset(buyers.assign(suppressed=True), GROUPS, en, "T")
    assert not re.search(r">(600|200|100)<", every.html) and every.alt == "T"


def test_only_the_largest_are_drawn_and_all_are_in_the_data(en, drawings):
    groups = [(g, g * 20, 1) for g in "abcdefgh"]
    rows = [dict(zip("abcdefgh", map(bool, bits), strict=True)) for bits in itertools.product([0, 1], repeat=8)][1:]
    frame = pd.DataFrame(rows).assign(consumers=range(1, 256))
    chart = show.upset(frame, groups, en, "T", most=9)
    for drawing in drawings(chart):
        assert {"255", "247"} <= set(drawing.texts) and "246" not in drawing.texts
        assert all(0 <= x <= drawing.width for _, x, _, _ in drawing.placed())
    assert chart.html.count("<tr>") == 256


def test_nobody_and_a_missing_column(buyers, en, zh):
    assert "Nothing to show" in show.upset(buyers[:0], GROUPS, en, "T").html
    assert "隐去" in show.upset(buyers, GROUPS, zh, "标题").html
    with pytest.raises(ApexError, match='column "c"'):
        show.upset(buyers.drop(columns="c"), GROUPS, en, "T")


def test_hostile_names_stay_text(buyers, en, drawings, hostile):
    for name in hostile:
        chart = show.upset(buyers, [("a", name, 1), *GROUPS[1:]], en, "T")
        assert "<script>" not in chart.html and len(drawings(chart)) == 2
