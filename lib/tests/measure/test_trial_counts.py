"""Trials day by day: a small market counted by hand."""

import datetime as dt
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from apex.ledger import ensure
from apex.ledger.rules import parse_rules
from apex.measure import leavers, trial_counts, trial_people
from apex.warehouse import open_warehouse
from apex.warehouse.ingest import ingest

START = dt.datetime(2024, 1, 1, 9)
RULES = parse_rules({
    "name": "two",
    "stages": [
        {"id": "A", "name": {"en": "aware", "zh": "认知"}, "any": [{"behaviour": ["view", "buy"], "within_days": 10}]},
        {"id": "P", "name": {"en": "bought", "zh": "购买"}, "any": [{"behaviour": ["buy"], "within_days": 20}]},
    ],
})  # fmt: skip


def on(n):
    return dt.date(2024, 1, 1) + dt.timedelta(days=n)


def event(who, n, behaviour="buy", value=100, **more):
    return {"consumer_key": who, "brand": "b", "item_id": "ib", "occurred_at": START + dt.timedelta(days=n),
        "behaviour": behaviour,
            "value_minor": value if behaviour == "buy" else None, "quantity": 1 if behaviour == "buy" else None,
            "campaign_id": None, **more}  # fmt: skip


# the trial of consumers runs on days 30 … 39: a, b, c treated, d, e held out, f with both arms; g is not on the list
EVENTS = [
    event("a", 5, value=40), event("a", 25, value=30), event("a", 31, value=10), event("a", 33, value=20), event("a", 40,
        value=999),
    event("b", 35, value=7), event("d", 36, value=3), event("f", 31, value=77), event("g", 31, value=88), event("e", 45),
    event("c", 22, "view"), event("b", 59, "view"),
    event("g", 51, "cart", campaign_id="items", item_id="i1"), event("g", 52, "cart", campaign_id="items", item_id="ib"),
]  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    from tests.conftest import source_of, tables_of

    folder, tables = tmp_path_factory.mktemp("trials"), tables_of(EVENTS)
    items = pd.DataFrame({"item_id": ["ib", "i1", "i2"], "brand": "b"})
    lists = [("list", k, None, "treated", 0.6) for k in "abc"] + [("list", k, None, "control", 0.4) for k in "de"]
    lists += [
        ("once", "a", None, "treated", 0.6),
        ("once", "b", None, "treated", 0.6),
        ("once", "d", None, "control", 0.4),
    ]
    lists += [("list", "f", None, arm, 0.5) for arm in ("treated", "control")]
    lists += [("items", None, item, item, 0.5) for item in ("i1", "i2")]
    rows = pd.DataFrame(lists, columns=["experiment_id", "consumer_key", "unit_id", "arm", "propensity"])
    rows["assigned_at"] = [START + dt.timedelta(days=50 if e == "items" else 30) for e in rows.experiment_id]  # fmt: skip
    runs = [("list", "b", "consumer", on(30), on(39), "buyers", 0.05), ("items", "b", "impression", on(50), on(59), "clicks",
        0.1),
            ("other", "z", "consumer", on(30), on(39), "buyers", 0.05), ("late", "b", "consumer", on(90), on(99), "buyers",
                0.05)]  # fmt: skip
    spend = [
        (on(50), "items", "i1", 10, 2),
        (on(50), "items", "i2", 9, 0),
        (on(51), "items", "i1", 5, 1),
        (on(51), "x", "i1", 99, 9),
    ]
    tables |= {
        "items": items, "assignments": rows,
        "experiments": pd.DataFrame(runs, columns=["experiment_id", "brand", "unit", "first_day", "last_day", "metric", "alpha"]),
        "spend": pd.DataFrame(spend, columns=["day", "campaign_id", "item_id", "impressions", "clicks"]).assign(
            brand="b", channel="feed", buying="auction", cost_minor=1),
    }  # fmt: skip
    ingest(source_of(folder / "files", tables), "w", folder / "w", "test")
    return open_warehouse(folder / "w")


def test_which_trials_there_are(place):
    assert list(trial_counts.listed(place, "b", 365).experiment_id) == ["items", "list"]
    assert list(trial_counts.listed(place, "b", 10).experiment_id) == ["items"]
    assert list(trial_counts.listed(place.until(on(35)), "b", 365).experiment_id) == ["list"]
    assert trial_counts.listed(place, "nobody", 365).empty
    assert trial_counts.channels(place, "b", ["items", "list"]) == {"items": "feed"}


def counted(place, name):
    listed = trial_counts.listed(place, "b", 365)
    return trial_counts.counted(place, "b", next(r for r in listed.itertuples() if r.experiment_id == name))


def test_consumers_by_hand(place):
    found = counted(place, "list")
    assert found.ended and found.part == 1 and found.twice == 1
    assert found.arms[["arm", "units", "control", "old", "past"]].to_numpy().tolist() == [
        ["treated", 3, False, 70.0, 30.0], ["control", 2, True, 0.0, 0.0]]  # fmt: skip
    assert found.arms.old_square[0] == 70**2 and found.arms.chance.tolist() == [0.6, 0.4]
    assert found.grid("did").sum().tolist() == [2, 1] and found.grid("did")["treated"].to_numpy().nonzero()[
        0
    ].tolist() == [1, 5]
    assert found.grid("units").iloc[[0, -1]].to_numpy().tolist() == [[3, 2], [3, 2]]
    assert found.grid("gmv_minor")["treated"].tolist() == [0, 10, 10, 30, 30, 37, 37, 37, 37, 37]
    assert found.grid("square")["treated"].tolist() == [0, 100, 100, 900, 900, 949, 949, 949, 949, 949]
    assert found.grid("cross")["treated"].iloc[-1] == 30 * 70
    early = counted(place.until(on(32)), "list")
    assert not early.ended and early.part == pytest.approx(0.3) and early.grid("did").to_numpy().sum() == 1


def test_impressions_by_hand(place):
    found = counted(place, "items")
    assert found.unit == trial_counts.IMPRESSION and found.alpha == 0.1
    assert found.grid("units").iloc[:3].to_numpy().tolist() == [[10, 9], [5, 0], [0, 0]]
    assert found.grid("did").to_numpy().sum() == 3 and found.grid("carts").to_numpy().sum() == 1
    assert counted(place.until(on(50)), "items").arms.units.tolist() == [10, 9]


def test_people_of_a_trial(place):
    book = ensure(place, RULES)
    frame, known = trial_people.people(book, "b", "once", on(30), on(39), ["age_band"])
    assert frame.treated.sum() == 2 and frame.buyers.sum() == 3 and sorted(frame.stage) == ["P", "none", "none"]
    assert frame.chance.tolist() == [0.6] * 3 and len(known) == 3
    assert sorted(np.expm1(known.year_minor)) == pytest.approx([0, 0, 70])


def test_stages_of_a_day(place):
    book = ensure(place, RULES)
    assert sorted(trial_people.stages(book, "b", on(29))) == ["A", "P"]  # c viewed on day 22, a bought on day 25


def test_whose_stage_ends(place):
    book = ensure(place, RULES)
    found = leavers.due(book, "b", [on(30), on(40), on(50)], 10)
    first = found[found.day == on(30)]
    # a bought on day 25: bought until day 45, not due within ten days; c viewed on day 22: aware until day 32
    assert first[["stage", "left"]].to_numpy().tolist() == [[1, 2]] and first.fell.tolist() == [True]
    then = found[found.day == on(40)].sort_values("left")
    assert (then.left <= 10).all() and found[found.day == on(50)].fell.isna().all()
    stays = leavers.stays(book, "b", on(26))
    assert sorted(stays.fell) == [False, True] and set(stays.stage) == {"A", "P"}
    assert stays.days[stays.stage == "A"].item() == 6
    spent = leavers.brought(book, "b", first, 20)
    assert spent[["stage", "people", "gmv_minor"]].to_numpy().tolist() == [[1, 1, 0]]
    assert leavers.due(book, "nobody", [on(30)], 10).empty


def test_days_looked_back_on(place):
    book = ensure(place, RULES)
    assert leavers.days(book, 10, 2) == [on(39), on(49), on(59)]
    assert leavers.days(SimpleNamespace(warehouse=place, trusted_from=book.trusted_from), 1000, 5) == [on(59)]
