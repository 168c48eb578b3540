"""The matrix of counts beside expectations, and a figure along time with its band."""

import datetime as dt

import pandas as pd
import pytest

from apex import show
from apex.errors import ApexError

NAMES = [("us", "us"), ("others", "others & co")]


def pairs(counts, expected=None):
    frame = pd.DataFrame({"from_party": ["us", "us", "others"], "to_party": ["us", "others", "us"],
                          "consumers": pd.array(counts, "Int64")})  # fmt: skip
    return frame if expected is None else frame.assign(expected=expected)


def cells(fragment):
    table = fragment.html[fragment.html.index("<tbody") :]
    return [part.split("</td>")[0].split(">", 1)[1] for part in table.split("<td")[1:]]


def test_counts_totals_and_what_was_expected(en):
    made = show.matrix(pairs([30, 40, 50], [25.4, 40.2, None]), NAMES, en, "Who changed", note="n **1**")
    assert cells(made) == [
        "30<br><small>+5</small>",
        "40<br><small>0</small>",
        "70",
        "50",
        "–",
        "50",
        "80",
        "40",
        "120",
    ]
    assert 'class="rise stay"' in made.html and "others &amp; co" in made.html and "<mark>1</mark>" in made.html
    assert made.kind == "matrix" and made.data is not None


def test_hidden_counts_are_not_given_away_by_totals(en):
    made = show.matrix(pairs([None, 40, 50], [25, 40, 50]), NAMES, en, "Who changed")
    assert cells(made) == [
        "hidden",
        "40<br><small>0</small>",
        "≥ 40",
        "50<br><small>0</small>",
        "–",
        "50",
        "≥ 50",
        "40",
        "≥ 90",
    ]


def test_a_matrix_of_nothing_or_of_the_wrong_thing(en):
    assert "there are no rows" in show.matrix(pairs([1, 2, 3]).iloc[:0], NAMES, en, "x").html
    with pytest.raises(ApexError, match="twice"):
        show.matrix(pd.concat([pairs([1, 2, 3])] * 2), NAMES, en, "x")
    with pytest.raises(ApexError, match='"others"'):
        show.matrix(pairs([1, 2, 3]), NAMES[:1], en, "x")
    with pytest.raises(ApexError, match="consumers"):
        show.matrix(pairs([1, 2, 3]).drop(columns="consumers"), NAMES, en, "x")


def shares(count=9, gap=()):
    days = [dt.date(2024, 1, 7) + dt.timedelta(days=28 * n) for n in range(count)]
    frame = pd.DataFrame({"day": days, "value": [0.2 + 0.01 * n for n in range(count)]}).astype({"value": "Float64"})
    frame["low"], frame["high"] = frame.value - 0.03, frame.value + 0.03
    frame.loc[list(gap), ["value", "low", "high"]] = pd.NA
    return frame


def test_the_last_value_stands_at_the_end_of_the_line(en, drawings):
    made = show.series(
        shares(), en, "Share", marks=[(dt.date(2024, 3, 1), "campaign"), (dt.date(2020, 1, 1), "long ago")]
    )
    assert made.alt == "Share. On Aug 18, 2024: 28.0%." and "<td>25.0%</td>" in made.html
    for drawing in drawings(made):
        assert "28.0%" in drawing.texts and "campaign" in drawing.texts and "long ago" not in drawing.texts
        for text, x, y, anchor in drawing.placed():
            room = len(text) * 0.6 * 14
            left = {"start": x, "middle": x - room / 2, "end": x - room}[anchor]
            assert left >= -1 and left + room <= drawing.width + 1 and 0 <= y <= drawing.height, text
        assert "var(--stage-1, #bcd7d3)" in drawing.source, "the band"
    assert made.html == show.series(shares(), en, "Share", marks=[(dt.date(2024, 3, 1), "campaign"),
                                                                  (dt.date(2020, 1, 1), "long ago")]).html  # fmt: skip


def test_gaps_one_day_no_band_and_no_rows(en, zh, drawings):
    for frame in (shares(gap=[3]), shares(gap=[8]), shares(gap=range(9)), shares(1), shares()[["day", "value"]]):
        for words in (en, zh):
            assert len(drawings(show.series(frame, words, "x"))) == 2
    assert "there are no rows" in show.series(shares(0), en, "x").html
    assert show.series(shares(), en, "x", unit="index").alt.endswith("0.3.")
    hidden = show.series(shares().assign(suppressed=[False] * 8 + [True]), en, "x")
    assert "<td>hidden</td>" in hidden.html and not any("28.0%" in d.texts for d in drawings(hidden))
    assert hidden.alt.endswith("hidden.")
    with pytest.raises(ApexError, match="twice"):
        show.series(pd.concat([shares(), shares()]), en, "x")
    with pytest.raises(ApexError, match="unknown unit"):
        show.series(shares(), en, "x", unit="shares")
