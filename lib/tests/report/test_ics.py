"""The calendar file, read again by a reader of its own."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apex.report.ics import Entry, calendar, escaped, folded

D = dt.date


def read(text):
    """Events as dicts, by RFC 5545: unfold, split, unescape."""
    assert text.endswith("END:VCALENDAR\r\n") and "\n" not in text.replace("\r\n", "")
    lines = text.replace("\r\n ", "").split("\r\n")
    events, now = [], None
    for line in lines[:-1]:
        name, _, value = line.partition(":")
        if line == "BEGIN:VEVENT":
            now = {}
        elif line == "END:VEVENT":
            events.append(now)
            now = None
        elif now is not None:
            now[name] = unescaped(value)
    return events


def unescaped(value):
    out, rest = "", iter(value)
    for c in rest:
        if c != "\\":
            out += c
        else:
            c = next(rest)
            out += "\n" if c == "n" else c
    return out


def test_an_event_of_days_ends_on_the_day_after():
    one = Entry(
        "b/2024-11-11 双11/burst", "双11：爆发", D(2024, 11, 11), D(2024, 11, 11), "a; b, c\\d\ne", "平台", True
    )
    two = Entry("b/2/burst", "later", D(2024, 12, 30), D(2025, 1, 2))
    text = calendar("清禾; 双11", [two, one], D(2024, 9, 19))
    first, second = read(text)
    assert first["DTSTART;VALUE=DATE"] == "20241111" and first["DTEND;VALUE=DATE"] == "20241112"
    assert second["DTSTART;VALUE=DATE"] == "20241230" and second["DTEND;VALUE=DATE"] == "20250103"
    assert first["SUMMARY"] == "双11：爆发" and first["DESCRIPTION"] == "a; b, c\\d\ne"
    assert (first["STATUS"], second["STATUS"]) == ("TENTATIVE", "CONFIRMED")
    assert first["DTSTAMP"] == "20240919T000000Z", "no clock"
    assert text.startswith("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:") and "X-WR-CALNAME:清禾\\; 双11\r\n" in text


def test_ids_are_stable_and_each_its_own():
    one, two = (Entry(key, "x", D(2024, 1, 1), D(2024, 1, 1)) for key in ("a", "b"))
    ids = [e["UID"] for e in read(calendar("n", [one, two], D(2024, 1, 1)))]
    moved = Entry("a", "y", D(2024, 2, 1), D(2024, 2, 3))
    again = [e["UID"] for e in read(calendar("other", [moved], D(2024, 3, 1)))]
    assert len(set(ids)) == 2 and again[0] in ids, "an event that moved is the same event"


def test_what_cannot_be():
    one = Entry("a", "x", D(2024, 1, 2), D(2024, 1, 1))
    with pytest.raises(ValueError, match="ends before"):
        calendar("n", [one], D(2024, 1, 1))
    good = Entry("a", "x", D(2024, 1, 1), D(2024, 1, 1))
    with pytest.raises(ValueError, match="same key"):
        calendar("n", [good, good], D(2024, 1, 1))
    assert read(calendar("n", [], D(2024, 1, 1))) == []


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
def test_any_text_survives_and_no_line_is_too_long(text):
    line = folded(f"SUMMARY:{escaped(text)}")
    assert all(len(piece.encode()) <= 75 for piece in line.split("\r\n"))
    (event,) = read(calendar(text, [Entry("k", text, D(2024, 1, 1), D(2024, 1, 1))], D(2024, 1, 1)))
    normal = text.replace("\r\n", "\n").replace("\r", "\n")
    assert event["SUMMARY"] == "".join(c if (ord(c) >= 32 and ord(c) != 127) or c == "\n" else " " for c in normal)
