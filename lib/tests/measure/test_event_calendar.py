"""The calendar of event days: whose they are, with which phases, and what is expected again."""

import datetime as dt
from types import SimpleNamespace

import ibis
import pandas as pd
import pytest

from apex.measure import event_calendar as measure

D = dt.date


class Tables:
    """A warehouse of calendar tables only."""

    def __init__(self, **frames):
        self.frames = frames

    def has(self, name):
        return name in self.frames

    def table(self, name):
        return SimpleNamespace(execute=lambda: self.frames[name].copy())


def festivals(*rows):
    return pd.DataFrame(rows, columns=["name", "first_day", "last_day", "brand"])


CAMPAIGNS = pd.DataFrame(
    [
        ("d11", "b", "双11", D(2023, 9, 20), D(2023, 11, 18)),
        ("own", "b", "brand day", D(2024, 4, 8), D(2024, 4, 10)),
        ("trial", "b", "feed", D(2024, 2, 20), D(2024, 3, 12)),
        ("theirs", "o", "双11", D(2023, 9, 1), D(2023, 11, 30)),
    ],
    columns=["campaign_id", "owner", "name", "first_day", "last_day"],
)
PHASES = pd.DataFrame(
    [("d11", "build-up", D(2023, 9, 20), D(2023, 10, 20)), ("d11", "presale", D(2023, 10, 21), D(2023, 11, 10)),
     ("d11", "burst", D(2023, 11, 11), D(2023, 11, 11)), ("d11", "return", D(2023, 11, 12), D(2023, 11, 18))],
    columns=["campaign_id", "phase", "first_day", "last_day"],
)  # fmt: skip
FESTIVALS = festivals(
    ("双11", D(2023, 11, 11), D(2023, 11, 11), None),
    ("queens", D(2024, 3, 6), D(2024, 3, 8), None),
    ("brand day", D(2024, 4, 8), D(2024, 4, 10), "b"),
    ("brand day", D(2024, 4, 9), D(2024, 4, 11), "o"),
)


@pytest.fixture
def tables():
    return Tables(festivals=FESTIVALS, campaigns=CAMPAIGNS, phases=PHASES)


def test_events_are_ours_and_the_platforms(tables):
    found = measure.events(tables, "b", 7, 21).set_index("event")
    assert list(found.index) == ["2023-11-11 双11", "2024-03-06 queens", "2024-04-08 brand day"], (
        "others' festivals are theirs"
    )
    assert list(found.kind) == ["platform", "platform", "own"]
    assert list(found.before_day) == [D(2023, 9, 20), D(2024, 2, 28), D(2024, 4, 1)], "phases, else the lead"
    assert list(found.until_day) == [D(2023, 12, 2), D(2024, 3, 29), D(2024, 5, 1)]
    assert found.campaign_id.iloc[0] == "d11" and found.campaign_id.iloc[2] == "own"
    assert pd.isna(found.campaign_id.iloc[1]), "a trial that runs over the platform's days is not for them"
    others = measure.others_own(tables, ["o", "p"], 7, 21)
    assert list(others.brand) == ["o"] and others.before_day[0] == D(2024, 4, 2)


def test_days_of_other_campaigns_are_pushed(tables):
    known = measure.events(tables, "b", 7, 21)
    days = pd.Series([D(2024, 2, 19), D(2024, 2, 20), D(2024, 3, 12), D(2024, 3, 13), D(2024, 4, 9), D(2023, 10, 1)])
    assert list(measure.pushed(tables, "b", known, days)) == [0, 1, 1, 0, 0, 0]


def test_without_festivals_campaigns_stand_for_them():
    covered = pd.DataFrame({"campaign_id": ["m1", "m2"], "brand": ["b", "o"]})
    mailings = pd.DataFrame(
        [("m1", "shop", "A", D(2024, 1, 1), D(2024, 2, 1)), ("m2", "shop", "B", D(2024, 3, 1), D(2024, 4, 1))],
        columns=CAMPAIGNS.columns,
    )
    found = measure.events(Tables(campaigns=mailings, campaign_items=covered), "b", 7, 21)
    assert list(found.name) == ["A"] and list(found.kind) == ["mailing"] and found.before_day[0] == D(2023, 12, 25)
    nothing = measure.events(Tables(), "b", 7, 21)
    assert nothing.empty and list(nothing.columns) == measure.COLUMNS
    assert not measure.pushed(Tables(), "b", nothing, pd.Series([D(2024, 1, 1)])).any()


def test_what_came_last_year_is_expected_with_its_phases(tables):
    known = measure.events(tables, "b", 7, 21)
    again = measure.expected(known, D(2024, 9, 1), D(2025, 8, 1))
    assert list(again.event) == ["2024-11-11 双11", "2025-03-06 queens"], "no own festival is foretold"
    assert set(again.kind) == {"expected"} and again.before_day[0] == D(2024, 9, 20)
    parts = measure.phases(tables, again, [], None)
    mine = parts[parts.event == "2024-11-11 双11"]
    assert list(mine.phase) == ["build-up", "presale", "burst", "return"] and mine.first_day.iloc[1] == D(2024, 10, 21)
    assert measure.expected(known, D(2024, 9, 1), D(2024, 10, 1)).empty, "nothing by then"
    announced = pd.concat([FESTIVALS, festivals(("双11", D(2024, 11, 9), D(2024, 11, 11), None))])
    moved = measure.events(Tables(festivals=announced, campaigns=CAMPAIGNS, phases=PHASES), "b", 7, 21)
    assert "2024-11-11 双11" not in list(measure.expected(moved, D(2024, 9, 1), D(2025, 8, 1)).event)


def test_the_campaign_file_says_its_own_phases(tables):
    known = measure.events(tables, "b", 7, 21).head(2)
    said = [("burst", D(2023, 11, 10), D(2023, 11, 12))]
    found = measure.phases(tables, known, said, "d11")
    assert list(found[found.event == "2023-11-11 双11"].first_day) == [D(2023, 11, 10)]
    assert list(found[found.event == "2024-03-06 queens"].phase) == ["burst"], "without phases an event is one"
    assert len(measure.phases(tables, known, said, "other")) == 5


def test_real_tables_give_days_not_timestamps():
    table = ibis.memtable(FESTIVALS.astype({"first_day": "datetime64[ns]", "last_day": "datetime64[ns]"}))
    whole = SimpleNamespace(has=lambda name: name == "festivals", table=lambda name: table)
    found = measure.events(whole, "b", 7, 21)
    assert len(found) == 3 and all(type(d) is D for d in found.first_day)
