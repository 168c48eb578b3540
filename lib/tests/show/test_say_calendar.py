"""What the calendar says, in both languages, with numbers and without."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from apex.model import event_dates, event_pool, event_tables
from apex.report.finding import Finding
from apex.report.ics import Entry, calendar
from apex.show.say import calendar as say
from apex.show.words import Words

D = dt.date
LANGUAGES = [Words("en", "CNY", 5), Words("zh", "CNY", 5)]


@pytest.fixture(params=LANGUAGES, ids=["en", "zh"])
def words(request):
    return request.param


def effects(known=True):
    value = 1.0 if known else np.nan
    rows = []
    for event, name, kind, first, net in (
        ("2023-06-16 618", "618", "platform", D(2023, 6, 16), 900.0),
        ("2024-04-08 own", "brand day", "own", D(2024, 4, 8), -13.4),
        ("2024-06-16 618", "618", "platform", D(2024, 6, 16), 447.6),
    ):
        row = {"event": event, "name": name, "kind": kind, "first_day": first, "last_day": first, "buyers": 40}
        for block in ("before", "on", "after", "net"):
            for part, add in (("effect", 0), ("low", -50), ("high", 50)):
                row[f"{block}_{part}"] = (net + add) * value
            row[f"{block}_days"] = 31
        rows.append(row)
    table = pd.DataFrame(rows)
    return event_tables.with_new(table, table)


def shortfall(mean=-1.0, low=-3.0, high=1.0, n=10):
    return pd.DataFrame([("before", mean, low, high, n), ("after", mean, low, high, n)], columns=event_tables.SHORTFALL)


def finding(fields):
    return Finding(notebook="2_plan/calendar", name="x", **fields)


def test_the_headline_is_the_largest_event_of_the_last_year(words):
    found = finding(say.headline(effects(), shortfall(), 200, 600, words))
    assert found.value == 447.6 and found.verdict == "ahead" and "2024" in found.short and found.low == 397.6
    texts = {finding(say.headline(effects(), shortfall(*s), 200, 600, words)).text
             for s in ((-2, -3, -1, 9), (2, 1, 3, 9), (0, -1, 1, 9), (np.nan, np.nan, np.nan, 1))}  # fmt: skip
    assert len(texts) == 4, "a dip, more, neither, and not identified are told apart"


def test_without_plain_days_nothing_is_claimed(words):
    found = finding(say.headline(effects(known=False), shortfall(np.nan, np.nan, np.nan, 0), 12, 288, words))
    assert found.kind == "not identified" and found.value is None and "12" in found.text and "288" in found.text
    assert finding(say.around(shortfall(np.nan, np.nan, np.nan, 0), 7, words)).kind == "not identified"
    assert finding(say.own((None, np.nan, np.nan, 0), effects(known=False), words)).kind == "not identified"
    nothing = event_dates.best(pd.DataFrame(columns=event_dates.COLUMNS), 3)
    assert finding(say.dates(nothing, 21, 300, words)).kind == "not identified"
    assert say.bars(effects(known=False), words).empty
    assert (say.rows(effects(known=False), words).net == "–").all()
    everything = say.absent(pd.DataFrame({"kind": ["mailing"]}), effects(known=False), words)
    assert len(everything) == 3 and len(say.absent(pd.DataFrame({"kind": ["own", "platform"]}), effects(), words)) == 0
    assert len(say.absent(pd.DataFrame({"kind": []}), effects().head(0), words)) == 3


def test_our_part_of_the_platforms_days_is_never_a_number(words):
    found = finding(say.promotions(effects(), words))
    assert found.kind == "not identified" and found.value is None and "+900" in found.text


def test_an_own_festival_in_days_of_trade(words):
    pooled = event_pool.pool(np.array([3.0, 4.0, 5.0]), np.ones(3))
    found = finding(say.own((pooled, 3.8, 1.5, 2), effects(), words))
    assert (found.value, found.verdict, found.n) == (3.8, "ahead", 2) and "+3.8" in found.short and "−13" in found.text
    assert finding(say.own((None, 1.0, 1.5, 1), effects(), words)).verdict == "careful"


@pytest.mark.parametrize("answer", ["few", "no_difference", "later", "sooner"])
def test_spacing_names_the_convention(words, answer):
    few = answer == "few"
    numbers = (np.nan,) * 3 if few else (1.0, -1.0, 3.0)
    found = finding(say.spacing(event_pool.Spacing(answer, *numbers, 4, 12), 21, words))
    assert (found.kind == "not identified") == few and "21" in found.text
    assert not few or ("12" not in found.text and " 4 " not in found.text), "few brands are not counted aloud"


def best():
    rows = [(D(2025, 4, 5), D(2025, 4, 7), 67.4, 16.0, 119.0, 17.5, 28, 43, True),
            (D(2025, 2, 8), D(2025, 2, 10), 60.0, 14.0, 106.0, 15.6, 27, 24, True)]  # fmt: skip
    return pd.DataFrame(rows, columns=event_dates.COLUMNS)


def test_dates_and_the_calendar_file(words):
    found = finding(say.dates(best(), 21, 300, words))
    unsure = finding(say.dates(best().assign(low=-5.0), 21, 300, words))
    assert found.value == 67.4 and found.next_step != unsure.next_step and unsure.verdict == "careful"
    assert found.due == D(2025, 4, 5)
    assert list(say.date_rows(best(), words).level) == [17.5, 15.6]
    phases = pd.DataFrame({"event": ["2024-11-11 x"] * 2, "label": "x", "kind": ["platform", "expected"],
                           "phase": ["burst", "return"], "first_day": D(2024, 11, 11), "last_day": D(2024, 11, 12)})  # fmt: skip
    ahead = say.proposed(phases, best(), words)
    assert list(ahead.kind) == ["platform", "expected", "proposed"] and ahead.first_day.iloc[2] == D(2025, 4, 5)
    entries = [Entry(**e) for e in say.entries(ahead, {"burst": "B"}, "b", words)]
    assert [e.tentative for e in entries] == [False, True, True] and "B" in entries[0].title
    assert calendar("n", entries, D(2024, 9, 19)).count("BEGIN:VEVENT") == 3
    assert len(say.proposed(phases.head(0), best().head(0), words)) == 0


def test_rows_stand_newest_first_with_intervals(words):
    rows = say.rows(effects(), words)
    assert "2024" in rows.event[0] and "448" in rows.net[0] and list(rows.buyers) == [40, 40, 40]
    assert set(say.columns(words)) <= set(rows) and set(say.columns(words, people=False)) <= set(rows)
    assert "¥" in say.rows(effects(), words, money=True).net[0]
    bars = say.bars(effects(), words)
    assert list(bars.value) == [447.6, -13.4, 900.0]
