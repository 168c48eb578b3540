"""Charts: the numbers drawn are the numbers given; the rest is edges that real data will reach."""

import datetime as dt
import itertools
import re

import pandas as pd
import pytest

from apex import show
from apex.errors import ApexError
from apex.show.canvas import apart, clean, fit, isolated, width_of
from apex.show.style import TOKENS

DAY = pd.Timestamp("2017-09-30")
DEEP = "var(--stage-4, #0f4a58)"


def every_chart(stock, moves, stages, words, title="Loyal grew"):
    """One of each kind, on the same names."""
    change = pd.DataFrame({"stage": ["A", "L"], "now": [271, 684], "before": [262, 655]})
    labels = pd.DataFrame({"label": [label for _, label in stages], "value": [4, 3, 2, 1], "before": [1, 2, 3, 4]})
    return [
        show.stock_lines(stock, stages, words, title, marks=[(dt.date(2017, 9, 1), stages[0][1])]),
        show.columns(stock, stages, words, title),
        show.flow(moves, stages, words, title, stages[0][1], stages[1][1]),
        show.bars(labels, words, title),
        show.change(change, stages, words, title),
    ]


# --- what every chart keeps ---------------------------------------------------------------------------------------


def test_every_chart_has_title_alt_data_and_two_drawings(stock, moves, stages, en, drawings):
    for chart in every_chart(stock, moves, stages, en):
        wide, narrow = drawings(chart)
        assert (wide.width, narrow.width) == (720, 340)
        assert f'<strong class="chart-title">{chart.title}</strong>' in chart.html
        assert chart.alt.startswith("Loyal grew.") and re.search(r"\d", chart.alt)
        for drawing in (wide, narrow):
            assert drawing.root.get("role") == "img" and drawing.root.get("aria-label") == chart.alt
        assert '<details class="data"><summary>Data behind the chart</summary>' in chart.html
        assert chart._repr_html_() == chart.html == str(chart)


def test_text_is_text_of_a_size_that_can_be_read(stock, moves, stages, en, drawings):
    for chart in every_chart(stock, moves, stages, en):
        for drawing in drawings(chart):
            sizes = {float(size) for size in re.findall(r"font-size:([\d.]+)px", drawing.source)}
            # the narrowest places: 620 px for the wide drawing (house.css), 310 px inside a phone of 360 px
            least = {720: 620, 340: 310}[int(drawing.width)] / drawing.width
            assert sizes and min(sizes) * least >= 12
            assert "font-family" not in drawing.source, "the page's font, not matplotlib's"


def test_the_same_frame_gives_the_same_bytes(stock, moves, stages, en):
    first = [chart.html for chart in every_chart(stock, moves, stages, en)]
    assert first == [chart.html for chart in every_chart(stock.copy(), moves.copy(), stages, en)]
    for html in first:
        assert not re.search(r"<metadata|<\?xml|<!DOCTYPE|20\d\d-\d\d-\d\dT|[Mm]atplotlib", html)


def test_ids_are_unique_on_a_page(stock, moves, stages, en):
    charts = every_chart(stock, moves, stages, en) + every_chart(stock, moves, stages, en, title="Another")
    ids = re.findall(r'\bid="([^"]+)"', "".join(chart.html for chart in charts))
    assert len(ids) == len(set(ids)) and len(ids) >= len(charts)
    for html in (chart.html for chart in charts):
        used = set(re.findall(r'(?:href="#|url\(#)([\w-]+)', html))
        assert used <= set(re.findall(r'\bid="([^"]+)"', html))


def test_an_id_can_be_given(stock, stages, en):
    assert 'id="my-chart"' in show.stock_lines(stock, stages, en, "T", id="my chart").html


def test_colours_are_tokens(stock, moves, stages, en):
    for chart in every_chart(stock, moves, stages, en):
        bare = re.sub(r"var\(--[\w-]+, #[0-9a-f]{6}\)", "", chart.html)
        assert not re.search(r"#[0-9a-f]{6}\b", bare), "a colour without a token does not change with dark mode"


def test_hostile_text_is_text(stock, moves, en, hostile, drawings):
    evil = list(zip("AIPL", hostile, strict=True))
    for chart in every_chart(stock, moves, evil, en, title=hostile[0]):
        assert "<script" not in chart.html.lower()
        drawings(chart)  # is well-formed XML although the data held a control character
        assert "\x07" not in chart.html
    lines = show.stock_lines(stock, evil, en, "T")
    shown = " ".join(t for drawing in drawings(lines) for t in drawing.texts)
    assert "<script>alert(1)</script>" in shown and "$5 and $6 😀" in shown and "مرحبا" in shown


def test_chinese_needs_no_font_here(stock, moves, zh, drawings):
    stages = [("A", "认知"), ("I", "兴趣"), ("P", "购买"), ("L", "忠诚")]
    for chart in every_chart(stock, moves, stages, zh, title="忠诚增长"):  # warnings are errors
        assert "Data behind" not in chart.html and "图表数据" in chart.html
    assert "684 忠诚" in drawings(show.stock_lines(stock, stages, zh, "忠诚增长"))[0].texts


def test_an_empty_frame_says_so(stock, moves, stages, en):
    for chart in [
        show.stock_lines(stock.iloc[:0], stages, en, "T"),
        show.columns(stock.iloc[:0], stages, en, "T"),
        show.flow(moves.iloc[:0], stages, en, "T", "a", "b"),
        show.flow_matrix(moves.iloc[:0], stages, en, "T"),
        show.bars(pd.DataFrame({"label": [], "value": []}), en, "T"),
        show.change(pd.DataFrame({"stage": [], "now": [], "before": []}), stages, en, "T"),
    ]:
        assert "Nothing to show: there are no rows." in chart.html
        assert "<svg" not in chart.html and len(chart.data) == 0


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda f, s, w: show.stock_lines(f.rename(columns={"day": "days"}), s, w, "T"), 'column "day".*"days"'),
        (lambda f, s, w: show.stock_lines(f.assign(stage="Q"), s, w, "T"), 'unknown stage "Q"'),
        (lambda f, s, w: show.stock_lines(f, [], w, "T"), "no stages"),
        (lambda f, s, w: show.columns(f.assign(consumers="many"), s, w, "T"), 'column "consumers" holds something'),
        (lambda f, s, w: show.columns(pd.concat([f, f]), s, w, "T"), "2017-08-02, A stands there twice"),
        (lambda f, s, w: show.bars(f.rename(columns={"stage": "label"}), w, "T"), 'column "value"'),
        (lambda f, s, w: show.bars(pd.DataFrame({"label": [], "value": []}), w, "T", unit="share_"), 'Did.*"share"'),
    ],
)
def test_what_does_not_fit_is_named(draw, message, stock, stages, en):
    with pytest.raises(ApexError, match=message):
        draw(stock, stages, en)


# --- lines --------------------------------------------------------------------------------------------------------


def test_lines_end_in_their_numbers(stock, stages, en, drawings):
    chart = show.stock_lines(stock, stages, en, "T")
    assert chart.data.equals(stock)
    for drawing in drawings(chart):
        assert {"271 Aware", "264 Interested", "512 Purchased", "684 Loyal"} <= set(drawing.texts)
    assert chart.alt == "T. On Sep 30, 2017: Aware 271; Interested 264; Purchased 512; Loyal 684."
    assert '<tr><th scope="row">Aug 2, 2017</th><td>212</td><td>205</td><td>453</td><td>625</td></tr>' in chart.html


def test_a_line_stands_as_high_as_its_number(stock, stages, en, drawings):
    for drawing in drawings(show.stock_lines(stock, stages, en, "T")):
        level = {text: y for text, x, y, anchor in drawing.placed() if anchor == "end"}
        nought, top = level["0"], level["800"]
        path = re.search(rf'd="([^"]*)" style="fill:none;stroke:{re.escape(DEEP)}', drawing.source)[1]
        last = float(path.split()[-1])
        shift = 0.35 * 14  # from a text's baseline to its middle
        assert last == pytest.approx(nought - shift + (top - nought) * 684 / 800, abs=0.3)


def test_labels_at_line_ends_never_overlap(en, drawings):
    seven = [(f"S{i}", f"Stage {i}") for i in range(7)]
    frame = pd.DataFrame([(DAY - pd.Timedelta(days=d), s, 100) for d in range(20) for s, _ in seven])
    frame.columns = ["day", "stage", "consumers"]
    for drawing in drawings(show.stock_lines(frame, seven, en, "All alike")):
        ys = sorted(y for text, _, y, _ in drawing.placed() if "Stage" in text)
        assert len(ys) == 7 and min(b - a for a, b in itertools.pairwise(ys)) >= 18
        assert ys[0] > 10 and ys[-1] < drawing.height


def test_names_over_the_plot_never_overlap(stock, stages, en, drawings):
    marks = [(dt.date(2017, 9, day), f"A mark of the {day}th") for day in (26, 27, 28, 29, 30)]
    for drawing in drawings(show.stock_lines(stock, stages, en, "T", trusted_from=dt.date(2017, 8, 20), marks=marks)):
        found = [(x, y, a) for text, x, y, a in drawing.placed() if text.startswith(("A mark", "windows"))]
        assert len(found) == 6
        by_row = {}
        for x, y, anchor in found:
            by_row.setdefault(y, []).append((x, anchor))
        assert max(len(row) for row in by_row.values()) <= 2


def test_days_of_filling_windows_are_grey(stock, stages, en, drawings):
    young = show.stock_lines(stock, stages, en, "T", trusted_from=dt.date(2017, 9, 1))
    assert all("windows still filling" in drawing.texts for drawing in drawings(young))
    grey = f"stroke:var(--mute, {TOKENS['mute']})"
    assert all(drawing.source.count(grey) == 4 for drawing in drawings(young))
    old = show.stock_lines(stock, stages, en, "T", trusted_from=dt.date(2017, 8, 2))
    assert all("windows still filling" not in d.texts and grey not in d.source for d in drawings(old))


def test_suppressed_counts_are_neither_drawn_nor_written(stock, stages, en, drawings):
    hidden = stock.assign(suppressed=stock["stage"] == "A")  # the numbers still stand there: they must not get out
    chart = show.stock_lines(hidden, stages, en, "T")
    for drawing in drawings(chart):
        assert "hidden Aware" in drawing.texts
        assert "var(--stage-1" not in drawing.source or "271" not in "".join(drawing.texts)
    assert ">271<" not in chart.html and "271" not in chart.alt and "Aware hidden" in chart.html


def test_one_day_one_stage_all_nought(stock, stages, en, drawings):
    one = stock[(stock["day"] == DAY) & (stock["stage"] == "A")]
    for drawing in drawings(show.stock_lines(one, stages, en, "T")):
        assert {"271 Aware", "– Loyal"} <= set(drawing.texts), "what has no row is not known"
    for drawing in drawings(show.stock_lines(stock.assign(consumers=0), stages, en, "T")):
        assert {"0 Aware", "0 Loyal"} <= set(drawing.texts)


def test_large_numbers_are_short_at_line_ends(stock, stages, en, drawings):
    frame = stock.assign(consumers=stock["consumers"] * 1000)
    assert "684\u00a0k Loyal" in drawings(show.stock_lines(frame, stages, en, "T"))[0].texts


# --- columns ------------------------------------------------------------------------------------------------------


def test_columns_name_their_totals_and_peaks(stages, en, drawings):
    frame = pd.DataFrame(
        [("2017-10-01", "A", 3), ("2017-10-02", "A", 7), ("2017-10-01", "L", 2)], columns=["day", "stage", "consumers"]
    )
    chart = show.columns(frame, stages, en, "T")
    for drawing in drawings(chart):
        assert {"10 Aware", "0 Interested", "2 Loyal", "7"} <= set(drawing.texts)
        heights = sorted(b - t for _, t, _, b in drawing.boxes("var(--stage-1, #bcd7d3)"))
        assert heights[-1] / heights[1] == pytest.approx(7 / 3, rel=0.02)
    assert "Oct 1 – 2, 2017: Aware 10;" in chart.alt


def test_suppressed_columns(stages, en, drawings):
    frame = pd.DataFrame({"day": pd.date_range("2017-10-01", periods=3), "stage": "A", "consumers": [30, 7, 40]})
    frame["suppressed"] = frame["consumers"] < 20
    chart = show.columns(frame, stages, en, "T")
    assert "at least 70 Aware" in drawings(chart)[0].texts
    assert "<td>hidden</td>" in chart.html and "<td>7</td>" not in chart.html


# --- bars ---------------------------------------------------------------------------------------------------------


def test_bars_are_as_long_as_their_values(en, drawings):
    frame = pd.DataFrame({"label": ["a", "b"], "value": [300, 100]})
    for drawing in drawings(show.bars(frame, en, "T")):
        long, short = (right - left for left, _, right, _ in drawing.boxes("var(--stage-3"))
        assert long / short == pytest.approx(3, rel=0.01)
        assert all(0 <= left < right <= drawing.width for left, _, right, _ in drawing.boxes("var(--stage-3"))
        axes = re.findall(r'd="M ([\d.]+) [\d.]+ L \1 [\d.]+" style="fill:none;stroke:var\(--mute', drawing.source)
        assert {left for left, *_ in drawing.boxes("var(--stage-3")} == {float(axis) for axis in axes}, (
            "nought is the start"
        )
        assert {"a", "b", "300", "100"} <= set(drawing.texts)


def test_bars_speak_their_unit(en, drawings):
    for unit, value, text in [
        ("money_minor", 1_640_000, "$16,400"),
        ("share", 0.4135, "41.4%"),
        ("index", 108.44, "108.4"),
        ("orders", 1234, "1,234"),
    ]:
        chart = show.bars(pd.DataFrame({"label": ["a"], "value": [value]}), en, "T", unit)
        assert text in drawings(chart)[0].texts and f"<td>{text}</td>" in chart.html


def test_bars_of_stages_take_names_and_colours(stages, en, drawings):
    frame = pd.DataFrame({"label": ["L", "none"], "value": [3, 4]})
    wide, _ = drawings(show.bars(frame, en, "T", stages=stages))
    assert {"Loyal", "no stage"} <= set(wide.texts) and len(wide.boxes(DEEP)) == 1


def test_suppressed_bars(en, drawings):
    frame = pd.DataFrame({"label": ["a", "b"], "value": [7, 30], "suppressed": [True, False]})
    chart = show.bars(frame, en, "T")
    assert (
        "hidden" in drawings(chart)[0].texts and "7" not in drawings(chart)[0].texts and "<td>7</td>" not in chart.html
    )


def test_what_does_not_compare_is_not_called_suppressed(stages, en):
    frame = pd.DataFrame({"stage": ["A", "L"], "now": [271, 684], "before": pd.array([pd.NA, pd.NA], dtype="Int64")})
    assert "<td>684</td><td>hidden</td>" in show.change(frame, stages, en, "T").html
    for more in ({"comparable": False}, {"suppressed": False}):
        assert "<td>684</td><td>–</td>" in show.change(frame.assign(**more), stages, en, "T").html
    hidden = pd.DataFrame({"label": ["x"], "value": [None], "before": [30.0], "suppressed": [True]})
    assert "<td>hidden</td><td>30</td>" in show.bars(hidden, en, "T", unit="none").html


def test_stages_may_be_a_category(stock, moves, stages, en):
    """Their order is often kept that way; absent ones must not come in twice or break a pivot."""
    kind = pd.CategoricalDtype(["none", "A", "I", "P", "L"], ordered=True)
    again = stock.assign(stage=stock["stage"].astype(kind), day=stock["day"].dt.date)
    assert show.stock_lines(again, stages, en, "T").alt == show.stock_lines(stock, stages, en, "T").alt
    assert show.columns(again, stages, en, "T").alt == show.columns(stock, stages, en, "T").alt
    sides = moves.assign(from_stage=moves["from_stage"].astype(kind), to_stage=moves["to_stage"].astype(kind))
    assert show.flow(sides, stages, en, "T", "a", "b").alt == show.flow(moves, stages, en, "T", "a", "b").alt
    change = pd.DataFrame({"stage": pd.Series(["L", "A"], dtype=kind), "now": [684, 271], "before": [655, 262]})
    assert "Aware 271 (+9, +3%); Loyal 684 (+29, +4%)" in show.change(change, stages, en, "T").alt


def test_negative_and_missing_bars_with_intervals(en, drawings):
    frame = pd.DataFrame({"label": ["a", "b"], "value": [-4, None], "low": [-5, None], "high": [-2, None]})
    chart = show.bars(frame, en, "T", "index")
    for drawing in drawings(chart):
        assert {"−4", "–"} <= set(drawing.texts)
    assert '<th scope="col">Low</th>' in chart.html and "<td>−5</td><td>−2</td>" in chart.html


def test_an_index_begins_at_its_base_and_few_people_are_grey(en, drawings):
    frame = pd.DataFrame({"label": ["a", "b", "c"], "value": [120, 90, 130], "low": [110, 70, 60], "high": [130, 110, 200],
                          "faint": [False, False, True]})  # fmt: skip
    for drawing in drawings(show.bars(frame, en, "T", "index", base=100)):
        (more, less), (grey,) = drawing.boxes("var(--stage-3"), drawing.boxes("var(--mute")
        assert more[0] == pytest.approx(less[2], abs=0.2) == pytest.approx(grey[0], abs=0.2), "all begin at 100"
        assert (more[2] - more[0]) / (less[2] - less[0]) == pytest.approx(2, rel=0.02)
        assert (grey[2] - grey[0]) / (more[2] - more[0]) == pytest.approx(1.5, rel=0.02)
        assert {"120", "90", "130"} <= set(drawing.texts)


def test_change_says_the_difference(stages, en, drawings):
    frame = pd.DataFrame({"stage": ["L", "A", "P"], "now": [684, 271, 30], "before": [655, 0, 40]})
    chart = show.change(frame, stages, en, "T")
    for drawing in drawings(chart):
        order = [t for t in drawing.texts if t in ("Aware", "Purchased", "Loyal")]
        assert order == ["Aware", "Purchased", "Loyal"]
        assert {"684 (+29, +4%)", "271 (+271)", "30 (−10, −25%)"} <= set(drawing.texts)
    assert "The upright line marks the period before." in chart.html
    assert chart.data.equals(frame)


def test_change_with_suppressed(stages, en, drawings):
    frame = pd.DataFrame({"stage": ["A"], "now": pd.array([pd.NA], dtype="Int64"), "before": [25]})
    assert "hidden" in drawings(show.change(frame, stages, en, "T"))[0].texts


# --- the sheet ----------------------------------------------------------------------------------------------------


def test_apart_moves_as_little_as_it_can():
    assert apart([10, 50, 90], 20, 0, 100) == [10, 50, 90]
    assert apart([50, 50], 20, 0, 100) == [40, 60]
    assert apart([95, 99], 20, 0, 100) == [80, 100]
    assert apart([], 20, 0, 100) == []
    crowded = apart([0, 0, 0], 60, 0, 100)
    assert [b - a for a, b in itertools.pairwise(crowded)] == [60, 60], "too many: apart all the same"


def test_fit_cuts_to_the_room():
    assert fit("short", 200) == "short"
    cut = fit("a very long label indeed", 100)
    assert cut.endswith("…") and width_of(cut) <= 100
    assert width_of("认知") > width_of("ab")


def test_right_to_left_names_stay_beside_their_numbers():
    assert isolated("مرحبا") == "\u2068مرحبا\u2069"
    assert isolated("Aware") == "Aware"


def test_clean_keeps_references_together():
    source = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 1 1">'
        '<defs><clipPath id="p1"><rect x="0.123456" y="0" width="1" height="1"/></clipPath></defs>'
        '<g id="g1"><path d="M 1 1" clip-path="url(#p1)" style="fill: #1d2326"/></g></svg>'
    )
    made = clean(source, "n", "wide", 'say "hi"', {"#1d2326": "var(--ink)"})
    assert 'id="n-p1"' in made and 'clip-path="url(#n-p1)"' in made and "g1" not in made
    assert 'style="fill:var(--ink)"' in made and 'x="0.1"' in made and "&quot;hi&quot;" in made
