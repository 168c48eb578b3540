"""Tiles, chips, badges, callouts, tables and the style sheet."""

import io
import re
import subprocess
import sys
from urllib.parse import unquote_to_bytes

import pandas as pd
import pytest
from bs4 import BeautifulSoup

from apex import show
from apex.errors import ApexError
from apex.show.parts import KINDS, VERDICTS
from apex.show.style import FONTS, TOKENS, css_colours, stage_colours, styled

COLUMNS = {"name": ("Name", "text"), "n": ("People", "count")}


def test_a_verdict_carries_a_shape_and_a_word(en, zh):
    shapes = [re.search(r'aria-hidden="true">(.)<', show.chip(verdict, en).html)[1] for verdict in VERDICTS]
    assert shapes == ["▲", "●", "▼", "○"]
    assert "behind" in show.chip("behind", en).html and "落后" in show.chip("behind", zh).html
    assert "a &lt;b&gt;" in show.chip("careful", en, "a <b>").html
    with pytest.raises(ApexError, match=r'unknown verdict "ahed".*"ahead"'):
        show.chip("ahed", en)


def test_badges(en, zh):
    for kind in KINDS:
        assert f">{kind}</span>" in show.badge(kind, en).html
        assert show.badge(kind, zh).html != show.badge(kind, en).html
    assert 'class="badge badge-not-identified"' in show.badge("not identified", en).html
    with pytest.raises(ApexError, match=r'unknown kind of number "lifts".*"lift"'):
        show.badge("lifts", en)


def test_callout_marks_and_escapes():
    html = show.callout("only **20 %** <b>", "limit").html
    assert "callout-limit" in html and "<mark>20 %</mark> &lt;b&gt;" in html
    with pytest.raises(ApexError, match=r'unknown kind "limits".*"limit"'):
        show.callout("x", "limits")


def test_no_tile_is_no_list():
    assert show.tiles([]).html == ""


def test_tiles(en):
    html = show.tiles(
        [{"label": "GMV", "value": "$1", "note": "<i>", "verdict": "behind"}, {"label": "L", "value": "2"}], en
    )
    assert "<u>" not in show.tiles([{"label": "<u>", "value": "<u>", "note": "<u>"}]).html
    assert html.html.count('class="tile"') == 2 and "&lt;i&gt;" in html.html and "▼" in html.html
    assert "chip" not in show.tiles([{"label": "L", "value": "2", "verdict": "none"}]).html
    for items, message in [
        ([{"label": "L"}], "value is missing"),
        ([{"label": "L", "value": "1", "verdicts": "none"}], 'unknown key "verdicts".*"verdict"'),
        ([{"label": "L", "value": "1", "verdict": "good"}], 'unknown verdict "good"'),
        ([{"label": "L", "value": "1", "verdict": "ahead"}], "pass words"),
    ]:
        with pytest.raises(ApexError, match=message):
            show.tiles(items)


# --- tables -------------------------------------------------------------------------------------------------------


def table(rows, en, **more):
    frame = pd.DataFrame({"name": [f"row {i}" for i in range(rows)], "n": [i * 1000 for i in range(rows)]})
    return show.table(frame, "watch", en, COLUMNS, **more)


def test_a_table_has_a_fixed_id_and_the_same_bytes(en):
    first = table(3, en, title="To <watch>", note="**Three** of them")
    assert first.html == table(3, en, title="To <watch>", note="**Three** of them").html
    assert 'id="watch"' in first.html and "<style" not in first.html
    assert "To &lt;watch&gt;" in first.html and "<mark>Three</mark>" in first.html
    assert 'role="region" aria-label="To &lt;watch&gt;" tabindex="0"' in first.html
    ids = re.findall(r'\bid="([^"]+)"', first.html)
    assert ids == ["watch", "watch-name", "watch-n"], "heads of two tables must not share an id"
    assert len(ids) == len(set(ids))
    assert len(first.data) == 3


def test_figures_stand_right_and_names_left(en):
    html = table(2, en).html
    assert re.search(r'<td[^>]*class="gt_row gt_right">1,000</td>', html)
    assert re.search(r'<td[^>]*class="gt_row gt_left">row 1</td>', html)
    assert re.search(r'<th class="[^"]*gt_right"[^>]*>People</th>', html)


def test_eight_rows_before_more(en):
    assert "<details" not in table(8, en).html
    more = table(9, en).html
    assert '<details class="more"><summary>All 9 rows</summary></details>' in more
    assert more.count("<td") == 18, "all rows are there, the style sheet folds them"
    assert "tr:nth-child(n + 9)" in show.house_css()


def test_every_format(en):
    frame = pd.DataFrame({"x": [0.5]})
    for form, text in [("share", "50%"), ("signed_share", "+50%"), ("number", "0.5"), (lambda v: f"{v:.3f}", "0.500")]:
        assert f">{text}</td>" in show.table(frame, "t", en, {"x": ("X", form)}).html
    day = pd.DataFrame({"d": pd.to_datetime(["2017-09-30"]), "m": [1_640_000]})
    html = show.table(day, "t", en, {"d": ("D", "day"), "m": ("M", "money")}).html
    assert ">Sep 30, 2017</td>" in html and ">$16,400</td>" in html


def test_suppressed_and_missing_cells(en):
    frame = pd.DataFrame({"name": ["a", "b", None], "n": pd.array([pd.NA, 30, pd.NA], dtype="Int64")})
    frame["suppressed"] = [True, False, False]
    cells = re.findall(r"<td[^>]*>(.*?)</td>", show.table(frame, "t", en, COLUMNS).html)
    assert cells == ["a", "hidden", "b", "30", "–", "–"]


def test_hostile_cells_and_heads(en, hostile):
    frame = pd.DataFrame({"name": hostile, "n": [1, 2, 3, 4]})
    html = show.table(frame, "t", en, {"name": ("<script>x</script>", "text"), "n": ("N", "count")}).html
    assert "<script" not in html and html.count("&lt;script&gt;") == 2


def test_a_table_can_be_had_as_csv_from_its_page(en, hostile):
    frame = pd.DataFrame({"name": hostile, "n": [1, 2000, 3, None]})
    html = show.table(frame, "watch", en, COLUMNS).html
    name, link = re.search(r'<a download="([^"]+)" href="data:text/csv;charset=utf-8,([^"]+)"', html).groups()
    read = pd.read_csv(io.BytesIO(unquote_to_bytes(link)), encoding="utf-8-sig", dtype=str)
    assert name == "watch.csv" and list(read.columns) == ["Name", "People"]
    assert read.Name[0] == hostile[0] and read.People.tolist() == ["1", "2,000", "3", "–"]


def test_an_empty_table_says_so(en):
    assert "download" not in table(0, en).html
    assert "Nothing to show" in table(0, en).html


def test_tables_name_what_does_not_fit(en):
    frame = pd.DataFrame({"name": ["a"]})
    for id, columns, message in [
        ("t", {"nam": ("N", "text")}, 'column "nam".*"name"'),
        ("t", {"name": ("N", "texts")}, 'format "texts".*"text"'),
        ("1 t", {"name": ("N", "text")}, 'id "1 t"'),
    ]:
        with pytest.raises(ApexError, match=message):
            show.table(frame, id, en, columns)


# --- style --------------------------------------------------------------------------------------------------------


def tokens(block):
    return dict(re.findall(r"--([\w-]+):\s*(#[0-9a-f]{6})", block))


def palettes():
    """The light and the dark tokens of the style sheet."""
    css = show.house_css()
    dark = css.index("@media (prefers-color-scheme: dark)")
    return tokens(css[:dark]), tokens(css[dark : css.index("/* charts */")])


def contrast(one, other):
    def luminance(colour):
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_style_sheet_and_charts_share_their_colours():
    light, dark = palettes()
    assert {name: light[name] for name in TOKENS} == TOKENS
    assert set(dark) == set(light)


def test_text_can_be_read_in_light_and_dark():
    for palette in palettes():
        for text in ("ink", "soft", "ahead", "careful-text", "behind", "link"):
            for ground in ("card", "paper", "young", "rise", "fall"):
                if text in ("ink", "soft") or ground in ("card", "paper"):
                    assert contrast(palette[text], palette[ground]) >= 4.5, (text, ground, palette[text])


def test_the_deeper_the_darker_and_the_reverse_on_dark():
    light, dark = palettes()
    on_light = [contrast(light[f"stage-{i}"], "#ffffff") for i in (1, 2, 3, 4)]
    on_dark = [contrast(dark[f"stage-{i}"], "#000000") for i in (1, 2, 3, 4)]
    assert on_light == sorted(on_light) and on_dark == sorted(on_dark)
    for number in range(1, 8):
        scale = [contrast(colour, "#ffffff") for colour in stage_colours(number)]
        assert scale == sorted(scale) and len(set(scale)) == number
        assert set(stage_colours(number)) <= set(css_colours(number))
    assert stage_colours(4) == [TOKENS[f"stage-{i}"] for i in (1, 2, 3, 4)]


def test_theme_and_fonts_come_together():
    import matplotlib as mpl

    before = mpl.rcParams.copy()
    with styled():
        assert mpl.rcParams["font.family"] == ["DejaVu Sans"], "the same face on every machine"
        assert mpl.rcParams["svg.fonttype"] == "none" and mpl.rcParams["text.parse_math"] is False
    assert mpl.rcParams["font.family"] == before["font.family"], "an analyst's own settings are as they were"
    with mpl.rc_context():
        show.use_style()
        assert mpl.rcParams["font.family"][-1] == "DejaVu Sans"
        assert set(mpl.rcParams["font.family"][:-1]) <= set(FONTS)


def test_nothing_is_fetched_from_anywhere():
    assert not re.search(r"url\(|@import|https?:", show.house_css())


def test_the_lab_is_dark_when_its_own_theme_is():
    tag = show.style_tag().html
    assert tag.startswith("<style>") and tag.endswith("</style>") and "figure.chart" in tag
    assert 'body[data-jp-theme-light="false"] {' in tag and "prefers-color-scheme" not in tag


def test_importing_show_draws_nothing():
    code = "import sys; from apex import show; show.Words(); show.rich('x')\n"
    code += "print(sorted({'matplotlib', 'seaborn', 'scipy', 'great_tables'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_public_name_is_there():
    for name in show.__all__:
        assert callable(getattr(show, name))
    with pytest.raises(AttributeError, match="bar"):
        show.bar  # noqa: B018


def test_rows_and_cells_of_few_people_are_grey_and_no_others(en):
    frame = pd.DataFrame({"a": ["x", "y"], "b": ["1", "2"], "faint": [False, True], "faint_b": [True, False]})
    made = show.table(frame, "t", en, {"a": ("A", "text"), "b": ("B", "text")})
    cells = BeautifulSoup(made.html, "html.parser").select("tbody td")
    assert [(c.get_text(), "faint" in c["class"]) for c in cells] == [
        ("x", False),
        ("1", True),
        ("y", True),
        ("2", True),
    ]
    assert "faint" not in show.table(frame[["a"]], "t", en, {"a": ("A", "text")}).html
