"""Small multiples: the numbers drawn are the numbers given, each panel on its own scale, gaps where nothing is known."""

import datetime as dt
import re

import pandas as pd
import pytest

from apex import show
from apex.errors import ApexError

LAST = dt.date(2024, 10, 20)


def weeks(label, unit, values, **more):
    days = [LAST - dt.timedelta(days=7 * n) for n in reversed(range(len(values)))]
    return pd.DataFrame({"label": label, "unit": unit, "day": days, "value": pd.array(values, "Float64"), **more})


@pytest.fixture
def two():
    a = weeks("Operable", "consumers", [6800, 6900, 7050, 7132], year_ago=pd.array([6000, 6100, 6200, 6300], "Float64"))
    b = weeks(
        "Deepening", "share", [0.011, 0.012, 0.009, 0.0106], middle=pd.array([0.02, 0.021, 0.019, 0.0212], "Float64")
    )
    return pd.concat([a, b], ignore_index=True)


def test_each_panel_names_its_lines_at_their_ends(two, en, drawings):
    chart = show.trends(two, en, "A rises")
    for drawing in drawings(chart):
        told = drawing.texts
        assert {"Operable", "7,132", "6,300 last year", "Deepening", "1.1%", "2.1% peers"} <= set(told)
        assert not any("peers" in t for t in told if "7,132" in t)
    assert chart.alt == "A rises. On Oct 20, 2024: Operable 7,132; Deepening 1.1%."
    assert (
        '<tr><th scope="row">Sep 29, 2024</th><td>6,800</td><td>6,000</td><td>1.1%</td><td>2.0%</td></tr>' in chart.html
    )
    assert chart.data.equals(two)


def strokes(drawing, colour):
    """The corner points of every line of a colour."""
    found = []
    for element in drawing.root.iter():
        if f"stroke:var(--{colour}," in element.get("style", "") and "fill:none" in element.get("style", ""):
            numbers = [float(n) for n in re.findall(r"-?\d+(?:\.\d+)?", element.get("d", ""))]
            found.append(list(zip(numbers[::2], numbers[1::2], strict=True)))
    return [points for points in found if len(points) > 1]


def test_lines_lie_where_their_numbers_are(two, en, drawings):
    for drawing in drawings(show.trends(two, en, "T")):
        first, second = strokes(drawing, "stage-3")
        assert len(first) == len(second) == 4
        heights = [y for _, y in first]
        given = [6800, 6900, 7050, 7132]
        steps = [(a - b) / (d - c) for a, b, c, d in zip(heights, heights[1:], given, given[1:], strict=False)]
        assert max(steps) - min(steps) < 0.01, "one scale for all weeks of a panel"
        ago = next(points for points in strokes(drawing, "mute") if len(points) == 4)
        assert all(y > h for (_, y), h in zip(ago, heights, strict=True)), "a lower number lies lower"
        side_by_side = abs(first[0][1] - second[0][1]) < 168 and first[-1][0] < second[0][0]
        assert side_by_side == (drawing.width == 720), "one below the other on a phone"


def test_text_can_be_read_and_nothing_leaves_the_sheet(two, en, zh, drawings):
    for words in (en, zh):
        for drawing in drawings(show.trends(two, words, "T")):
            sizes = {float(size) for size in re.findall(r"font-size:([\d.]+)px", drawing.source)}
            assert min(sizes) * {720: 620, 340: 310}[int(drawing.width)] / drawing.width >= 12
            for _, x, y, _ in drawing.placed():
                assert 0 <= x <= drawing.width and 0 <= y <= drawing.height


def test_gaps_hidden_weeks_and_panels_without_a_number(en, drawings):
    gap = weeks("Members", "consumers", [50, None, 60, None], suppressed=[False, False, False, True])
    none = weeks("Active", "share", [None, None, None, None])
    chart = show.trends(pd.concat([gap, none], ignore_index=True), en, "T")
    for drawing in drawings(chart):
        assert "hidden" in drawing.texts and "–" in drawing.texts
    assert chart.alt == "T. On Oct 20, 2024: Members hidden; Active –."
    assert "<td>hidden</td><td>–</td></tr>" in chart.html


def test_one_week_and_a_flat_line_are_drawn(en, drawings):
    for values in ([7], [0, 0, 0], [0.5] * 5):
        drawings(show.trends(weeks("X", "share", values), en, "T"))
    assert "Nothing to show" in show.trends(weeks("X", "share", []), en, "T").html


def test_the_same_frame_gives_the_same_bytes(two, zh):
    assert show.trends(two, zh, "T").html == show.trends(two.copy(), zh, "T").html


def test_hostile_names_are_text(two, en, hostile, drawings):
    evil = two.assign(label=two.label.map({"Operable": hostile[0], "Deepening": hostile[1]}))
    chart = show.trends(evil, en, hostile[0])
    assert "<script" not in chart.html.lower()
    drawings(chart)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.rename(columns={"day": "days"}), 'column "day".*"days"'),
        (lambda f: f.assign(unit="consumer"), 'unknown unit "consumer".*"consumers"'),
        (lambda f: pd.concat([f, f]), "2024-09-29, Operable stands there twice"),
        (lambda f: f.assign(value="many"), 'column "value" holds something'),
    ],
)
def test_what_does_not_fit_is_named(change, message, two, en):
    with pytest.raises(ApexError, match=message):
        show.trends(change(two), en, "T")
