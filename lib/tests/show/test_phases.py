"""The phase calendar: bars where the days are, names that do not run into each other, and the doubtful said in words."""

import datetime as dt

import pandas as pd
import pytest

from apex.errors import ApexError
from apex.show.canvas import width_of
from apex.show.phases import phase_calendar
from apex.show.style import TOKENS

D = dt.date


def ahead():
    rows = [
        ("d", "双11", "platform", "build-up", D(2024, 9, 20), D(2024, 10, 20)),
        ("d", "双11", "platform", "presale", D(2024, 10, 21), D(2024, 11, 10)),
        ("d", "双11", "platform", "burst", D(2024, 11, 11), D(2024, 11, 11)),
        ("q", "queens", "expected", "burst", D(2025, 3, 6), D(2025, 3, 8)),
        ("p", "own", "proposed", "burst", D(2025, 4, 5), D(2025, 4, 7)),
    ]
    return pd.DataFrame(rows, columns=["event", "label", "kind", "phase", "first_day", "last_day"])


def test_bars_stand_where_their_days_are(en, drawings):
    for drawing in drawings(phase_calendar(ahead(), en, "Ahead", today=D(2024, 9, 19))):
        burst = drawing.boxes(f"var(--stage-4, {TOKENS['stage-4']})")
        (presale,) = drawing.boxes(f"var(--stage-2, {TOKENS['stage-2']})")
        (grey,) = drawing.boxes(f"var(--mute, {TOKENS['mute']})")
        (amber,) = drawing.boxes(f"var(--careful, {TOKENS['careful']})")
        assert len(burst) == 1 and burst[0][2] - burst[0][0] >= 2, "one day can be seen"
        assert presale[2] <= burst[0][0] + 1 and burst[0][2] < grey[0] and grey[2] < amber[0]
        days = (D(2025, 4, 5) - D(2025, 3, 6)).days
        a_day = (amber[0] - grey[0]) / days
        assert abs((presale[2] - presale[0]) - (21 * a_day - 1)) < 1.5, "as long as its days"


def test_everything_is_named_and_inside(en, drawings):
    fragment = phase_calendar(ahead(), en, "Ahead", today=D(2024, 9, 19))
    for drawing in drawings(fragment):
        texts = " ".join(drawing.texts)
        for wanted in ("双11", "queens (expected)", "own (proposed)", "today"):
            assert wanted in texts
        for text, x, _, anchor in drawing.placed():
            room = width_of(text, 14) * 0.8
            low = {"start": x, "middle": x - room / 2, "end": x - room}[anchor]
            assert low >= -1 and low + room <= drawing.width + 1, text
    assert "build-up" in " ".join(drawings(fragment)[0].texts), "on a wide page phases are named"
    assert "burst Nov 11" in " ".join(drawings(fragment)[0].texts), "a phase too short for its name has it beside"
    assert "Nov 11, 2024" in fragment.alt and "queens (expected)" in fragment.html


def test_without_rows_and_with_wrong_ones(en):
    assert "no rows" in phase_calendar(ahead().head(0), en, "Ahead").html
    with pytest.raises(ApexError, match='unknown kind "ours".*Known: own'):
        phase_calendar(ahead().assign(kind="ours"), en, "Ahead")
    with pytest.raises(ApexError, match="ends before it begins"):
        phase_calendar(ahead().assign(last_day=D(2020, 1, 1)), en, "Ahead")
    with pytest.raises(ApexError, match='column "phase" is missing'):
        phase_calendar(ahead().drop(columns="phase"), en, "Ahead")


def test_hostile_names_are_text(en):
    html = phase_calendar(ahead().assign(label="<script>x</script>"), en, "Ahead").html
    assert "<script>" not in html
