"""A bridge's bars are the steps, its marks the totals, on one scale."""

import pandas as pd
import pytest

from apex import show
from apex.errors import ApexError

GAIN, LOSS, INK = "var(--ahead, #2f7d4f)", "var(--behind, #b03a2e)", "var(--ink, #1d2326)"


@pytest.fixture
def steps():
    return pd.DataFrame({
        "label": ["GMV then", "G buyers", "R orders", "O money", "GMV now"],
        "value": [100000, -30000, 12000, 28000, 110000], "total": [True, False, False, False, True],
        "low": [None, -50000, -5000, 20000, None], "high": [None, -10000, 29000, 36000, None],
    })  # fmt: skip


def test_steps_are_bars_of_their_size_between_the_totals(steps, en, drawings):
    for drawing in drawings(show.bridge(steps, en, "Prices did it")):
        (loss,) = drawing.boxes(LOSS)
        gains, marks = sorted(drawing.boxes(GAIN)), drawing.boxes(INK)
        assert (len(gains), len(marks)) == (2, 2)
        scale = (loss[2] - loss[0]) / 30000
        assert [round((right - left) / scale, -2) for left, _, right, _ in gains] == [12000, 28000]
        then, now = sorted((m[0] + m[2]) / 2 for m in marks)
        assert (now - then) / scale == pytest.approx(10000, rel=0.01)
        assert loss[2] == pytest.approx(then, abs=0.1) and gains[0][0] == pytest.approx(loss[0], abs=0.1)
        assert gains[-1][2] == pytest.approx(now, abs=0.1)


def test_numbers_stand_beside_and_in_the_data(steps, en, drawings):
    chart = show.bridge(steps, en, "Prices did it")
    for text in ("$1,000", "−$300.00", "+$120.00", "+$280.00", "$1,100"):
        assert text in chart.alt and all(text in drawing.texts for drawing in drawings(chart))
    assert "−$500.00" in chart.html, "low end in the table behind"
    for drawing in drawings(chart):
        for _, x, y, _ in drawing.placed():
            assert 0 <= x <= drawing.width and 0 <= y <= drawing.height
    assert chart.alt.startswith("Prices did it.") and chart.html == show.bridge(steps.copy(), en, "Prices did it").html


def test_whiskers_stay_inside_the_sheet(steps, zh, drawings):
    wild = steps.assign(low=[None, -9e6, -1, -1, None], high=[None, 9e6, 1, 1, None])
    for drawing in drawings(show.bridge(wild, zh, "x")):
        assert all(box[0] >= 0 and box[2] <= drawing.width for c in (GAIN, LOSS, INK) for box in drawing.boxes(c))
        assert max(x for _, x, _, _ in drawing.placed()) < drawing.width


def test_what_is_hidden_is_written_so_and_not_drawn(steps, en, drawings):
    hidden = steps.assign(value=[100000, None, 12000, None, 110000], suppressed=[False, True, False, True, False])
    chart = show.bridge(hidden, en, "x")
    assert chart.alt.count("hidden") == 2 and not drawings(chart)[0].boxes(LOSS)
    assert len(drawings(chart)[0].boxes(GAIN)) == 1
    nothing = show.bridge(steps.assign(value=None, low=None, high=None, suppressed=True), en, "x")
    assert nothing.alt.count("hidden") == 5


def test_odd_cases(steps, en, drawings):
    assert "no rows" in show.bridge(steps.iloc[:0], en, "x").html
    flat = pd.DataFrame({"label": ["a", "b"], "value": [0, 0], "total": True})
    assert drawings(show.bridge(flat, en, "x"))
    share = pd.DataFrame({"label": ["a", "s", "b"], "value": [0.1, 0.05, 0.15], "total": [True, False, True]})
    assert "+5.0%" in show.bridge(share, en, "x", unit="share").alt
    count = pd.DataFrame({"label": ["a", "s", "b"], "value": [10, -4, 6], "total": [True, False, True]})
    assert "a 10; s −4; b 6" in show.bridge(count, en, "x", unit="consumers").alt


def test_a_halt_between_is_a_total_of_its_own(en, drawings):
    frame = pd.DataFrame(
        {"label": list("abcde"), "value": [10, 5, 15, -3, 12], "total": [True, False, True, False, True]}
    )
    assert len(drawings(show.bridge(frame, en, "x"))[0].boxes(INK)) == 3


@pytest.mark.parametrize(("change", "message"), [
    ({"value": [100000, -30000, 12000, 28000, 120000]}, "lead to"),
    ({"total": [True, False, False, False, False]}, "totals"),
    ({"value": ["a"] * 5}, "numbers"),
])  # fmt: skip
def test_what_does_not_add_up_is_refused(steps, en, change, message):
    with pytest.raises(ApexError, match=message):
        show.bridge(steps.assign(**change), en, "x")


def test_unknown_units_and_missing_columns_are_refused(steps, en):
    with pytest.raises(ApexError, match="unit"):
        show.bridge(steps, en, "x", unit="apples")
    with pytest.raises(ApexError, match="total"):
        show.bridge(steps.drop(columns="total"), en, "x")


def test_hostile_labels_are_text(steps, en, hostile, drawings):
    chart = show.bridge(steps.assign(label=[*hostile, "x"]), en, hostile[0])
    assert "<script>" not in chart.html and len(drawings(chart)) == 2
