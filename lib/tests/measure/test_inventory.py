"""Contracts counted by hand: what came by day in each unit, for whom, and nothing of days that lie ahead."""

import datetime as dt

import pandas as pd
import pytest

from apex.measure import inventory
from apex.warehouse import open_warehouse
from apex.warehouse.ingest import ingest

START = dt.date(2024, 1, 1)


def on(n):
    return START + dt.timedelta(days=n)


def event(who, day, behaviour="expose", brand="b", placement="tv-1", campaign="k", channel="tv"):
    at = dt.datetime.combine(START, dt.time(12)) + dt.timedelta(days=day)
    where = {"placement": placement, "campaign_id": campaign, "channel": channel}
    where = where if behaviour in ("expose", "watch") else dict.fromkeys(where)
    more = {"value_minor": 100, "quantity": 1} if behaviour == "buy" else {"value_minor": None, "quantity": None}
    return {"consumer_key": who, "brand": brand, "occurred_at": at, "behaviour": behaviour, **where, **more}


def contract(name, crowd="broad", guarantee="impressions", placement="tv-1", **more):
    row = {"contract_id": name, "brand": "b", "campaign_id": "k", "placement": placement, "crowd": crowd, "guarantee": guarantee,
           "amount": 100, "first_day": on(300), "last_day": on(310), "price_minor": 1000, "penalty_minor": 500}  # fmt: skip
    return {**row, **more}


EVENTS = [
    event("old", 10, "buy"), event("lost", 20, "buy"), event("old", 250, "buy"), event("seen", 290, "view"),
    event("new", 300), event("new", 301), event("old", 301), event("lost", 302, "watch"), event("seen", 303), event("late", 308),
    event("new", 302, placement="tv-2"), event("new", 302, brand="c", campaign="x"), event("new", 302, campaign="x"),
    event("new", 312), event("other", 340, "view"),
]  # fmt: skip
SPEND = [
    {"day": on(d), "brand": b, "channel": c, "buying": buying, "placement": p, "crowd": "broad", "campaign_id": "k",
     "impressions": n, "cost_minor": cost}
    for d, b, c, buying, p, n, cost in (
        (300, "b", "tv", "contract", "tv-1", 4, 40), (301, "b", "tv", "contract", "tv-1", 6, 60),
        (301, "c", "tv", "contract", "tv-1", 9, 9),
        (308, "b", "tv", "contract", "tv-1", 5, 5), (302, "b", "feed", "auction", "feed-1", 10, 30),
        (303, "c", "feed", "auction", "feed-1", 18, 1), (100, "b", "feed", "auction", "feed-1", 10, 9000),
    )
]  # fmt: skip


@pytest.fixture
def house(tmp_path, source, canonical):
    tables = canonical(EVENTS)
    crowd = {"new": "Gen Z", "old": "Gen Z", "lost": "silver", "seen": "silver", "late": None, "other": "silver"}
    tables["consumers"]["strategic_crowd"] = tables["consumers"].consumer_key.map(crowd)
    tables["spend"] = pd.DataFrame(SPEND)
    tables["contracts"] = pd.DataFrame([
        contract("all"), contract("z", crowd="Gen Z"), contract("reach", guarantee="reach"),
        contract("fresh", guarantee="new consumers"), contract("back", guarantee="recalls"),
        contract("ahead", first_day=on(330), last_day=on(335)),
        contract("loose", crowd="Gen Z", campaign_id=None),
    ])  # fmt: skip
    tables["inventory"] = pd.DataFrame(
        [
            {"placement": p, "crowd": "Gen Z", "day": on(d), "impressions": 10 * d}
            for p in ("tv-1", "tv-2")
            for d in (300, 320)
        ]
    )
    ingest(source(tmp_path / "files", tables), "market", tmp_path / "market", "test")
    return open_warehouse(tmp_path / "market")


def sums(house, day):
    of = inventory.contracts(house)
    frame = inventory.delivered(house.until(on(day)), of)
    return {name: list(zip([(d - START).days for d in g.day], g.units, g.impressions, strict=True)) for name, g in
            frame.groupby("contract_id")}  # fmt: skip


def test_units_by_day_of_each_guarantee(house):
    found = sums(house, 311)
    assert found["all"] == [(300, 4, 4), (301, 6, 6), (308, 5, 5)]  # of `spend`, another brand's left out
    assert found["z"] == [(300, 1, 1), (301, 2, 2)]
    assert found["reach"] == [(300, 1, 1), (301, 1, 2), (302, 1, 1), (303, 1, 1), (308, 1, 1)]
    assert found["fresh"] == [
        (300, 1, 1),
        (301, 0, 2),
        (302, 0, 1),
        (303, 0, 1),
        (308, 1, 1),
    ]  # `seen` had viewed the brand
    assert found["back"] == [
        (300, 0, 1),
        (301, 0, 2),
        (302, 1, 1),
        (303, 0, 1),
        (308, 0, 1),
    ]  # `old` had bought of late
    assert found["loose"] == [(300, 1, 1), (301, 2, 2), (302, 1, 1)]  # any campaign of the brand in the slot
    assert "ahead" not in found
    # of days that lie ahead nothing is known
    assert sums(house, 301) == {name: [r for r in rows if r[0] <= 301] for name, rows in found.items()}
    assert sums(house, 299) == {}


def test_who_is_addressed_what_slots_carry_and_what_auctions_cost(house):
    of = inventory.contracts(house).set_index("contract_id")
    assert of.crowd["all"] == inventory.EVERYBODY and of.crowd["z"] == "Gen Z" and set(of.channel) == {"tv"}

    told = inventory.announced(house, ["tv-1"])
    assert told[["crowd", "impressions"]].values.tolist() == [["Gen Z", 3000], ["Gen Z", 3200]]
    carried = inventory.carried(house.until(on(303)), ["tv-1"], "b", on(300)).set_index(["crowd", "day"])
    assert carried.loc[("Gen Z", on(302)), ["ours", "others"]].tolist() == [1, 1]
    assert carried.ours.sum() == 6 and set(carried.index.get_level_values("crowd")) == {"Gen Z", "silver"}

    frame = inventory.auctions(house.until(on(310)), "b")
    assert frame.values.tolist() == [["feed", 3000.0, 1.0]]
    assert inventory.auctions(house.until(on(310)), "nobody").empty
