"""Curves: the shares drawn are the shares given; labels, bands, and edges that real data will reach."""

import re
from itertools import pairwise

import pandas as pd
import pytest

from apex import show
from apex.errors import ApexError


@pytest.fixture
def shares():
    """Loyal lose one in a hundred a day for 80 days, Aware are gone after 15."""
    rows = [
        ("L", day, 1 - day / 100, 1 - day / 90 if day else None, 1 - day / 110 if day else None) for day in range(81)
    ]
    rows += [("A", day, 1 - day / 15, None, None) for day in range(16)]
    return pd.DataFrame(rows, columns=["stage", "day", "share", "low", "high"])


def test_both_drawings_are_labelled_with_the_last_shares(shares, stages, en, drawings):
    chart = show.curves(shares, stages, en, "Loyal stay")
    for drawing, width in zip(drawings(chart), (720, 340), strict=True):
        assert drawing.width == width
        texts = set(drawing.texts)
        assert {"0% Aware", "– Interested", "– Purchased", "20% Loyal", "100%", "0%", "80 days", "30"} <= texts
        sizes = {float(size) for size in re.findall(r"font-size:([\d.]+)px", drawing.source)}
        assert min(sizes) * {720: 620, 340: 310}[width] / width >= 12
        assert all(0 <= x <= width and 0 <= y <= drawing.height for _, x, y, _ in drawing.placed())
    assert chart.alt == "Loyal stay. 0% Aware; – Interested; – Purchased; 20% Loyal."


def test_the_data_behind_hold_shares_with_their_intervals(shares, stages, en):
    html = show.curves(shares, stages, en, "T", marks=[30, 90]).html
    assert "<td>70% (67% to 73%)</td><td>–</td><td>80</td>" in html, "day 90 lies beyond the line's end"
    assert '<th scope="row">Aware</th><td>–</td>' in html
    assert 'scope="col">Still there after 30 days' in html


def test_lines_step_down_and_never_slope(shares, stages, en, drawings):
    wide = drawings(show.curves(shares[shares.stage == "A"], stages, en, "T"))[0]
    paths = [
        p.get("d")
        for p in wide.root.iter("{http://www.w3.org/2000/svg}path")
        if "stroke-width:2.5" in p.get("style", "")
    ]
    points = [tuple(map(float, pair)) for pair in re.findall(r"(-?[\d.]+) (-?[\d.]+)", max(paths, key=len))]
    assert len(points) > 20
    assert all(a[0] == b[0] or a[1] == b[1] for a, b in pairwise(points))
    assert points[0][1] < points[-1][1], "down the page"


def test_bands_are_drawn_where_intervals_are_known(shares, stages, en, drawings):
    with_band, without = (
        drawings(show.curves(f, stages, en, "T"))[0] for f in (shares, shares.drop(columns=["low", "high"]))
    )
    filled = [len(re.findall(r"fill-opacity|opacity:0\.22|opacity: 0\.22", d.source)) for d in (with_band, without)]
    assert filled[0] > filled[1]


def test_the_same_frame_gives_the_same_bytes_in_tokens(shares, stages, en):
    first, again = (show.curves(f, stages, en, "T").html for f in (shares, shares.sample(frac=1, random_state=1)))
    assert len(first) == len(again)
    assert first == show.curves(shares.copy(), stages, en, "T").html
    assert not re.search(r"#[0-9a-f]{6}\b", re.sub(r"var\(--[\w-]+, #[0-9a-f]{6}\)", "", first))


def test_one_day_and_no_day(shares, stages, zh):
    empty = show.curves(shares.iloc[:0], stages, zh, "T")
    assert "<svg" not in empty.html
    assert "<svg" in show.curves(shares[shares.day == 0], stages, zh, "T").html


def test_hostile_names_are_text(shares, en, hostile, drawings):
    chart = show.curves(shares, list(zip("AIPL", hostile, strict=True)), en, hostile[0])
    drawings(chart)
    assert "<script" not in chart.html.lower()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda f: f.rename(columns={"share": "shares"}), 'column "share".*"shares"'),
        (lambda f: f.assign(stage="Q"), 'unknown stage "Q"'),
        (lambda f: pd.concat([f, f]), "day 0 stands there twice"),
        (lambda f: f.assign(share=70), "other than shares"),
    ],
)
def test_what_does_not_fit_is_named(spoil, message, shares, stages, en):
    with pytest.raises(ApexError, match=message):
        show.curves(spoil(shares), stages, en, "T")
