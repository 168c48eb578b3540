"""Offers, their use and the goods they were used on, against plain Python; claims, and mailings where there are none."""

import datetime as dt

import pandas as pd
import pytest

from apex.measure import benefits
from apex.warehouse import open_warehouse
from apex.warehouse.ingest import ingest


@pytest.fixture(scope="module")
def window(shop):
    return shop.day(100), shop.day(480)


@pytest.fixture(scope="module")
def by_hand(shop, window):
    """(benefit, key) → (offered on, used on or None)."""
    first, last = window
    told = shop.log[(shop.log.brand == "b") & (shop.log.day >= first) & (shop.log.day <= last)]
    claims = told[(told.behaviour == "claim") & (told.day <= last - dt.timedelta(days=30))]
    given = claims.groupby(["coupon_id", "consumer_key"]).day.min()
    used = told[told.behaviour == "redeem"].groupby(["coupon_id", "consumer_key"]).day.max()
    return {k: (day, used[k] if k in used.index and used[k] >= day else None) for k, day in given.items()}


def test_used_by_whom(shop, window, membership, by_hand):
    offered = benefits.offers(shop.warehouse, "b", *window, claims=benefits.claimed(shop.warehouse, "b"))
    found = benefits.used(shop.warehouse, "b", offered, ["age_band"]).set_index(["benefit", "cut", "cell"])
    rows = {}
    for (benefit, key), (day, used) in by_hand.items():
        member = "yes" if any(since <= day < until for since, until in membership.get(key, [])) else "no"
        for cut, cell in (("all", "all"), ("member", member), ("age_band", shop.age[key] or "")):
            row = rows.setdefault((benefit, cut, cell), [0, 0])
            row[0] += 1
            row[1] += used is not None
    assert {k: [r.offered, r.used] for k, r in zip(found.index, found.itertuples(), strict=True)} == rows
    assert (found.unused == found.offered - found.used).all() and found.used.sum() > 5


@pytest.mark.parametrize("level", benefits.GOODS)
def test_on_what(shop, window, by_hand, level):
    offered = benefits.offers(shop.warehouse, "b", *window, claims=True)
    found = benefits.goods(shop.warehouse, "b", offered, level, "age_band")
    name = {"category": dict.fromkeys(["i1", "i2", "i3"], "tea"), "subcategory": {"i1": "green", "i2": "black", "i3": "green"},
            "item": {i: i for i in ("i1", "i2", "i3")}}[level]  # fmt: skip
    bought = shop.log[(shop.log.brand == "b") & (shop.log.behaviour == "buy")]
    people = {}
    for (benefit, key), (_, used) in by_hand.items():
        for item in bought[(bought.consumer_key == key) & (bought.day == used)].item_id if used else ():
            people.setdefault((benefit, shop.age[key] or "", name[item]), set()).add(key)
    assert {(r.benefit, r.cell, r.good): r.people for r in found.itertuples()} == {k: len(v) for k, v in people.items()}
    assert benefits.goods(shop.warehouse, "b", offered, level).cell.eq("all").all()


def test_the_coarsest_level_that_tells_goods_apart(shop):
    assert benefits.level(shop.warehouse, "b") == "subcategory" and benefits.level(shop.warehouse, "c") == "item"


def test_without_claims_offered_is_who_was_mailed(source, tmp_path):
    start = dt.datetime(2024, 1, 1)
    base = {
        "brand": "b",
        "item_id": None,
        "coupon_id": None,
        "campaign_id": None,
        "quantity": None,
        "value_minor": None,
    }
    redeem = {"behaviour": "redeem", "coupon_id": "c1", "campaign_id": "m"}
    events = [
        {"consumer_key": "a", "occurred_at": start + dt.timedelta(days=20), **base, **redeem},
        {"consumer_key": "a", "occurred_at": start + dt.timedelta(days=20), **base, "behaviour": "buy",
         "item_id": "i", "quantity": 1, "value_minor": 5},
        {"consumer_key": "z", "occurred_at": start + dt.timedelta(days=3), **base, **redeem},
        {"consumer_key": "z", "occurred_at": start + dt.timedelta(days=90), **base, "behaviour": "expose"},
    ]  # fmt: skip
    arms = [("a", "mailed"), ("b", "mailed"), ("c", "control"), ("z", "mailed")]
    tables = {
        "items": pd.DataFrame({"item_id": ["i"], "brand": ["b"], "category": ["tea"]}),
        "consumers": pd.DataFrame({"consumer_key": list("abcz")}),
        "events": pd.DataFrame(events).assign(seq=range(len(events))),
        "campaigns": pd.DataFrame({"campaign_id": ["m"], "owner": ["b"], "name": ["m"], "first_day": [start.date()],
                                   "last_day": [start.date() + dt.timedelta(days=60)]}),
        "assignments": pd.DataFrame([{"experiment_id": "m", "consumer_key": k, "arm": a,
                                      "assigned_at": start + dt.timedelta(days=10)} for k, a in arms]),
    }  # fmt: skip
    ingest(source(tmp_path / "files", tables), "m", tmp_path / "w" / "m", "test")
    market, day = open_warehouse(tmp_path / "w" / "m"), start.date()
    assert not benefits.claimed(market, "b")
    offered = benefits.offers(market, "b", day, day + dt.timedelta(days=90), claims=False)
    found = benefits.used(market, "b", offered)
    assert found[["cut", "offered", "used"]].values.tolist() == [["all", 3, 1]], (
        "a use before the mailing is none; controls were not mailed"
    )
    assert benefits.goods(market, "b", offered, "category")[["good", "people"]].values.tolist() == [["tea", 1]]
