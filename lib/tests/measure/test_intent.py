"""Spells of behaviour recounted by hand, what media showed is no behaviour, first contacts, and the cut."""

import datetime as dt
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from apex.measure import intent
from apex.warehouse import open_warehouse
from apex.warehouse.ingest import ingest

FIRST, DAYS = dt.date(2024, 1, 1), 120
DAY = FIRST + dt.timedelta(days=99)
BRANDS = ("a", "b", "c")


def log():
    dice, rows = np.random.default_rng(4), []
    kinds = (
        "view",
        "watch",
        "search_brand",
        "favourite",
        "cart",
        "follow",
        "join",
        "engage",
        "buy",
        "expose",
        "click",
        "share",
    )
    for n in range(2500):
        kind = kinds[dice.integers(len(kinds))]
        day = FIRST + dt.timedelta(days=int(dice.integers(DAYS)))
        rows.append({
            "consumer_key": f"k{dice.integers(40):02}", "brand": BRANDS[dice.integers(3)], "behaviour": kind, "seq": n,
            "category": "tea" if dice.random() < 0.9 else "milk", "channel": ("feed", "natural", None)[dice.integers(3)],
            "occurred_at": dt.datetime.combine(day, dt.time(int(dice.integers(24)), int(dice.integers(60)))),
            "item_id": "i" if dice.random() < 0.5 else None, "duration_s": float(dice.integers(60)) if kind == "view" else None,
            "quantity": 1 if kind == "buy" else None, "value_minor": 100 if kind == "buy" else None,
        })  # fmt: skip
    return pd.DataFrame(rows).astype({"quantity": "Int64", "value_minor": "Int64"})


@pytest.fixture(scope="module")
def shop(source, tmp_path_factory):
    folder, events = tmp_path_factory.mktemp("intent"), log()
    keys = [f"k{n:02}" for n in range(40)]
    tables = {
        "items": pd.DataFrame({"item_id": ["i"], "brand": ["a"], "category": ["tea"]}),
        "consumers": pd.DataFrame({"consumer_key": keys, "age_band": ["young", None] * 20}), "events": events,
        "channels": pd.DataFrame({"channel": ["feed", "natural"], "site": "on", "kind": ["display", "free"]}),
        "assignments": pd.DataFrame({"experiment_id": "x", "consumer_key": keys[:20], "arm": ["treated", "control"] * 10,
                                     "assigned_at": dt.datetime(2024, 1, 1), "propensity": 0.5}),
    }  # fmt: skip
    ingest(source(folder / "files", tables), "shop", folder / "w" / "shop", "test")
    warehouse = open_warehouse(folder / "w" / "shop")
    known = warehouse.table("events").select("consumer_id", "seq").execute()
    ids = dict(zip(known.seq, known.consumer_id, strict=True))
    return SimpleNamespace(log=events.assign(consumer_id=events.seq.map(ids)), warehouse=warehouse)


def did(row):
    """The names of what a row of the log is."""
    view, alone = row.behaviour == "view", row.channel != "feed"
    return {name for name, so in {
        "view": view and pd.notna(row.item_id), "dwell": view and row.duration_s >= 30, "shop": view and pd.isna(row.item_id),
        "content": row.behaviour == "engage" or (row.behaviour == "watch" and alone), "search": row.behaviour == "search_brand",
        "favourite": row.behaviour == "favourite", "cart": row.behaviour == "cart", "follow": row.behaviour in ("follow", "join"),
    }.items() if so}  # fmt: skip


def names(bits):
    return {n for n, so in zip(intent.BEHAVIOURS, intent.bits(np.asarray(bits)), strict=True) if so}


def test_spells_are_those_of_the_log(shop):
    of = intent.spells(shop.warehouse, "a", "tea", DAY, 4)
    assert of.days == tuple(DAY + dt.timedelta(days=15 * n) for n in (-3, -2, -1, 0, 1)) and of.at == 3
    assert of.brands == BRANDS and of.seen.all() and of.others == [1, 2]
    want, bought, since = {}, set(), {}
    for row in shop.log[shop.log.category == "tea"].itertuples():
        late = (row.occurred_at.date() - DAY).days
        key = row.consumer_id, row.brand
        spell = of.at - (-late // 15)
        if 0 <= spell < 5:
            want.setdefault((spell, *key), set()).update(did(row))
        if row.behaviour == "buy":
            bought.add((spell, *key))
        if late > 0:
            since.setdefault(key, set()).update(did(row))
    for u, consumer in enumerate(of.ids):
        for g, brand in enumerate(of.brands):
            assert names(of.after[u, g]) == since.get((consumer, brand), set())
            for s in range(5):
                assert names(of.did[s, u, g]) == want.get((s, consumer, brand), set())
                assert of.bought(s)[u, g] == ((s, consumer, brand) in bought)
            assert of.later(1)[u, g] == any((s, consumer, brand) in bought for s in (2, 3))
            assert of.old(2)[u, g] == any((s, consumer, brand) in bought for s in range(-30, 2))
    assert of.known(2) and not of.known(3)


def test_nothing_later_than_the_day_is_seen_and_short_data_have_no_spells(shop):
    cut = intent.spells(shop.warehouse.until(DAY), "a", "tea", DAY, 4)
    whole = intent.spells(shop.warehouse, "a", "tea", DAY, 4)
    assert cut.days == whole.days[:4] and np.array_equal(cut.did, whole.did[:4]) and not cut.after.any()
    assert intent.spells(shop.warehouse, "a", "tea", FIRST + dt.timedelta(days=3), 4).days == ()
    assert intent.spells(shop.warehouse, "a", "tea", DAY, 4, exclude=["b"]).brands == ("a", "c")
    assert not intent.spells(shop.warehouse, "a", "", DAY, 4).seen.any()


def test_whom_media_met_and_what_he_did_after(shop):
    first, last = DAY - dt.timedelta(days=40), DAY
    found = intent.met(shop.warehouse, "a", "tea", BRANDS, first, last)
    tea = shop.log[(shop.log.category == "tea")].sort_values(["occurred_at", "seq"])
    media = tea[tea.behaviour.isin(["expose", "watch", "click"]) & (tea.channel == "feed")]
    media = media[(media.occurred_at.dt.date >= first) & (media.occurred_at.dt.date <= last)]
    start = media.drop_duplicates(["consumer_id", "brand"])
    assert len(found) == len(start) > 40 and set(found.channel) == {"feed"} and set(found.crowd) == {"young", "?"}
    at = start.set_index(["consumer_id", "brand"]).occurred_at
    for row in found.itertuples():
        since = at[row.consumer_id, row.brand]
        mine = tea[(tea.consumer_id == row.consumer_id) & (tea.brand == row.brand)]
        after = mine[(mine.occurred_at > since) & (mine.occurred_at.dt.date < since.date() + dt.timedelta(days=15))]
        assert names(row.did) == set().union(*[did(r) for r in after.itertuples()])
        assert row.old == (row.brand == "a" and bool(((mine.occurred_at < since) & (mine.behaviour == "buy")).any()))
    late = intent.met(shop.warehouse.until(DAY), "a", "tea", BRANDS, first, last)
    assert len(late) < len(found)  # who was met within the last fifteen days is not told yet


def test_the_list_and_its_hold_out(shop):
    found = intent.arms(shop.warehouse, "x")
    assert len(found) == 20 and found.held.sum() == 10 and set(found.arm[found.held]) == {"control"}
    assert intent.arms(shop.warehouse, None).empty and intent.arms(shop.warehouse, "nobody").empty
