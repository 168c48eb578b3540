"""Flow chart and matrix: every move is drawn as wide as it is, totals add up, suppressed stays unknown."""

import itertools
import re

import pandas as pd
import pytest

from apex import show
from apex.errors import ApexError


def test_nodes_carry_the_sums_of_their_moves(moves, stages, en, drawings):
    chart = show.flow(moves, stages, en, "T", "Aug 5", "Sep 30")
    wide, narrow = drawings(chart)
    assert {"Aug 5", "Sep 30", "Loyal 613", "639 Loyal", "402 Purchased", "no stage 96", "84 no stage"} <= set(
        wide.texts
    )
    assert {"613", "639", "Loyal"} <= set(narrow.texts)
    assert chart.data.equals(moves)
    assert chart.alt == "T. From Aug 5 to Sep 30: 225 consumers rose, 942 stayed, 156 fell."
    assert "▲ 225 rose" in chart.html and "▼ 156 fell" in chart.html


def test_nodes_are_as_high_as_their_sums(moves, stages, en, drawings):
    for drawing in drawings(show.flow(moves, stages, en, "T", "a", "b")):
        rects = [float(h) for h in re.findall(r'<rect [^>]*height="([\d.]+)"', drawing.source)]
        left = dict(zip(["L", "P", "I", "A", "none"], rects[::2], strict=False))  # sides follow each other below
        rects_left = rects[:5]
        assert rects_left[0] / rects_left[1] == pytest.approx(613 / 397, rel=0.01), left


def test_every_move_is_a_ribbon_with_its_number(moves, stages, en, drawings):
    for drawing in drawings(show.flow(moves, stages, en, "T", "a", "b")):
        titles = re.findall(r"<title>(.*?)</title>", drawing.source)
        assert len(titles) == len(moves)
        assert {"Purchased → Loyal: 98", "Aware → no stage: 84"} <= set(titles)


def test_ribbons_fill_their_nodes_exactly(moves, stages, en, drawings):
    for drawing in drawings(show.flow(moves, stages, en, "T", "a", "b")):
        paths = re.findall(r'd="M[\d.]+ ([\d.]+)C[\d. ]+ ([\d.]+)V([\d.]+)C[\d. ]+ ([\d.]+)Z"', drawing.source)
        assert len(paths) == len(moves)
        sides = [[(float(p[0]), float(p[3])) for p in paths], [(float(p[1]), float(p[2])) for p in paths]]
        rects = [
            (float(y), float(y) + float(h))
            for y, h in re.findall(r'<rect [^>]*y="([\d.]+)"[^>]*height="([\d.]+)"', drawing.source)
        ]
        for side, nodes in zip(sides, (rects[:5], rects[5:]), strict=True):
            for top, bottom in nodes:
                inside = sorted(part for part in side if top - 0.3 <= part[0] and part[1] <= bottom + 0.3)
                edges = [top, *[edge for part in inside for edge in part], bottom]
                if inside:  # each ribbon begins where the one above it ends
                    assert all(abs(edges[i] - edges[i + 1]) < 0.3 for i in range(0, len(edges), 2))
            assert sum(bottom - top for top, bottom in side) == pytest.approx(
                sum(bottom - top for top, bottom in nodes if bottom - top > 1), abs=1
            )


def test_a_long_name_is_cut_and_the_number_beside_it_never(moves, stages, en, drawings):
    long = [(id, f"{name}, as this brand's own rules of many words would call such consumers") for id, name in stages]
    wide, narrow = drawings(show.flow(moves, long, en, "T", "a", "b"))
    assert any(text.startswith("Loyal, as") and text.endswith("… 613") for text in wide.texts), wide.texts
    assert any(text.startswith("639 Loyal, as") and text.endswith("…") for text in wide.texts)
    assert {"613", "639"} <= set(narrow.texts)


def test_labels_of_nodes_keep_apart(stages, en, drawings):
    tiny = pd.DataFrame([("L", "L", 10_000), ("A", "I", 1)], columns=["from_stage", "to_stage", "consumers"])
    for drawing in drawings(show.flow(tiny, stages, en, "T", "a", "b")):
        for side in ("start", "end"):
            ys = sorted(y for _, _, y, anchor in drawing.placed()[2:] if anchor == side)
            assert min(b - a for a, b in itertools.pairwise(ys)) >= 17


def test_suppressed_moves_are_not_drawn_and_not_given_away(moves, stages, en):
    hidden = moves.assign(suppressed=moves["consumers"] == 31)
    chart = show.flow(hidden, stages, en, "T", "a", "b")
    assert "Hidden moves are not drawn." in chart.html
    assert "Aware → Purchased" not in chart.html and "≥ 371" in chart.html and "402" not in chart.html
    assert "≥ 194 consumers rose" in chart.alt
    matrix = show.flow_matrix(hidden, stages, en, "T")
    assert '<td class="rise">hidden</td>' in matrix.html and ">31<" not in matrix.html
    assert '<td class="total">≥ 186</td>' in matrix.html and "≥ 1,292" in matrix.html


def test_matrix_holds_every_move_and_adds_up(moves, stages, en):
    matrix = show.flow_matrix(moves, stages, en, "T")
    rows = re.findall(r"<tr><th scope=\"row\">(.*?)</th>(.*?)</tr>", matrix.html)
    cells = {name: re.findall(r"<td[^>]*>(.*?)</td>", row) for name, row in rows}
    assert cells["no stage"] == ["–", "96", "0", "0", "0", "96"]
    assert cells["Loyal"] == ["0", "0", "0", "72", "541", "613"]
    assert re.findall(r"<td>(.*?)</td>", matrix.html[matrix.html.index("<tfoot") :]) == [
        *["84", "198", "0", "402", "639"],
        "1,323",
    ]
    assert '<td class="fall">72</td>' in matrix.html and '<td class="stay">541</td>' in matrix.html
    assert matrix.data.equals(moves)


def test_nobody_from_nowhere_to_nowhere(moves, stages, en):
    more = pd.concat([moves, pd.DataFrame([("none", "none", 999)], columns=moves.columns)])
    assert "999" not in show.flow_matrix(more, stages, en, "T").html
    assert show.flow(more, stages, en, "T", "a", "b").alt == show.flow(moves, stages, en, "T", "a", "b").alt


def test_all_nought_and_one_move(moves, stages, en, drawings):
    for frame in (moves.assign(consumers=0), moves.iloc[:1]):
        assert "0 Loyal" in drawings(show.flow(frame, stages, en, "T", "a", "b"))[0].texts


def test_hostile_names(moves, en, hostile):
    evil = list(zip("AIPL", hostile, strict=True))
    for fragment in (
        show.flow(moves, evil, en, hostile[0], hostile[0], "b"),
        show.flow_matrix(moves, evil, en, hostile[0]),
    ):
        assert "<script" not in fragment.html and "&lt;script&gt;" in fragment.html


def test_a_move_given_twice_or_unknown(moves, stages, en):
    with pytest.raises(ApexError, match="none → A stands there twice"):
        show.flow(pd.concat([moves, moves]), stages, en, "T", "a", "b")
    with pytest.raises(ApexError, match=r'unknown stage "Z" in column "to_stage"'):
        show.flow_matrix(moves.assign(to_stage="Z"), stages, en, "T")


@pytest.mark.parametrize("number", [2, 3, 5, 7])
def test_other_numbers_of_stages(number, en, drawings):
    stages = [(f"S{i}", f"Stage {i}") for i in range(number)]
    rows = [("none", "S0", 50), *[(f"S{i}", f"S{i + 1}", 40) for i in range(number - 1)]]
    frame = pd.DataFrame(rows, columns=["from_stage", "to_stage", "consumers"])
    for drawing in drawings(show.flow(frame, stages, en, "T", "a", "b")):
        assert len(re.findall("<rect", drawing.source)) == 2 * (number + 1)
