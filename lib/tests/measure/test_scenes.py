"""What scenes need to know of a brand, counted again in plain Python on a random log; members and followers as a condition."""

import datetime as dt
import random
from types import SimpleNamespace

import pandas as pd
import pytest

from apex import ledger
from apex.measure import crowds, scenes
from apex.measure.scene_rules import load_scenes

FIRST, DAYS, T = dt.datetime(2023, 1, 1, 9), 420, 400
KINDS = ["view", "expose", "cart", "buy", "join", "leave", "follow", "unfollow", "search_category"]


@pytest.fixture(scope="module")
def log():
    dice, rows = random.Random(3), []
    for n in range(900):
        kind = dice.choice(KINDS)
        rows.append({
            "consumer_key": f"k{dice.randrange(40):02}", "brand": None if kind == "search_category" else dice.choice("bbc"),
            "category": "tea", "behaviour": kind, "occurred_at": FIRST + dt.timedelta(days=dice.randrange(DAYS), minutes=n),
            "channel": dice.choice(["feed", "live"]) if kind in ("view", "expose") else None,
            "business": dice.choice(["shop", "mart"]) if kind in ("join", "leave", "follow", "unfollow") else None,
        })  # fmt: skip
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def seen(log, source, tmp_path_factory):
    from apex.warehouse import open_warehouse
    from apex.warehouse.ingest import ingest

    folder = tmp_path_factory.mktemp("scenes")
    frame = log.assign(seq=range(len(log)), quantity=1, value_minor=100)
    frame[["quantity", "value_minor"]] = (
        frame[["quantity", "value_minor"]].where(frame.behaviour.eq("buy")).astype("Int64")
    )
    tables = {
        "items": pd.DataFrame({"item_id": ["ib", "ic"], "brand": ["b", "c"], "category": ["tea", "tea"]}),
        "consumers": pd.DataFrame({"consumer_key": sorted(set(log.consumer_key))}),
        "events": frame,
    }
    ingest(source(folder / "files", tables), "m", folder / "w" / "m", "test")
    whole = open_warehouse(folder / "w" / "m")
    day = (FIRST + dt.timedelta(days=T)).date()
    return SimpleNamespace(book=ledger.ensure(whole, ledger.load_rules("aipl")), warehouse=whole.until(day), day=day)


def held(log, opens, closes):
    """Consumers that are in at least one business at the end of day T, by a walk through the events."""
    inside = {}
    mine = log[(log.brand == "b") & log.behaviour.isin([opens, closes])]
    for row in (
        mine[mine.occurred_at < FIRST.replace(hour=0) + dt.timedelta(days=T + 1)]
        .sort_values("occurred_at")
        .itertuples()
    ):
        inside[row.consumer_key, row.business] = row.behaviour == opens
    return {key for (key, _), is_in in inside.items() if is_in}


def people(seen, **who):
    asked = crowds.parse_crowds(
        {"crowds": {name: {"name": {"en": name, "zh": name}, "who": w} for name, w in who.items()}}
    )
    return crowds.members(seen.book, "b", asked, seen.day, category="tea").execute()


def test_members_and_followers_are_who_has_come_and_not_left(seen, log):
    found = people(seen, m={"status": "member"}, f={"status": "follower"}, n={"not": {"status": "member"}})
    assert found.m.sum() == len(held(log, "join", "leave")) and found.f.sum() == len(held(log, "follow", "unfollow"))
    assert 0 < found.m.sum() < 40 and (found.m ^ found.n).all()


def test_segments_count_nobody_twice_and_add_up_to_each_audience(seen):
    asked = {
        "m": {"status": "member"}, "carted": {"behaviour": "cart", "within_days": 90}, "deep": {"stage": ["P", "L"]},
    }  # fmt: skip
    made = crowds.parse_crowds(
        {"crowds": {name: {"name": {"en": name, "zh": name}, "who": w} for name, w in asked.items()}}
    )
    found = scenes.segments(seen.book, "b", made, tuple(asked), seen.day, "tea")
    single = people(seen, **asked)
    assert found.consumers.sum() == single[list(asked)].any(axis=1).sum()
    for name in asked:
        assert found.consumers[found[name]].sum() == single[name].sum() > 0
    assert not found.duplicated(["stage", *asked]).any()
    assert set(found.stage[found.deep]) <= {"P", "L"}


def test_without_a_category_what_needs_one_is_empty(seen):
    names = tuple(RULES.audiences)
    found = scenes.segments(seen.book, "b", RULES.crowds(), names, seen.day, None)
    assert not found["category-buyers"].any() and not found.opportunity.any() and found.known.any()


def test_growth_is_counted_by_hand(seen, log):
    bought = log[(log.brand == "b") & (log.behaviour == "buy")].assign(n=lambda f: (f.occurred_at - FIRST).dt.days)
    bought = bought[bought.n <= T]
    days = {key: sorted(set(mine.n)) for key, mine in bought.groupby("consumer_key")}
    found = scenes.growth(seen.warehouse, "b", seen.day)
    assert found["buyers_90"] == sum(any(d > T - 90 for d in mine) for mine in days.values())
    assert found["buyers_before"] == sum(any(T - 180 < d <= T - 90 for d in mine) for mine in days.values())
    watched = [mine for mine in days.values() if T - 365 < mine[0] <= T - 60]
    assert found["followed"] == len(watched) > 0
    assert found["back"] == sum(len(mine) > 1 and mine[1] - mine[0] <= 60 for mine in watched) > 0


def facts(**other):
    staged = pd.DataFrame({"stage": ["hit", "core", "idle"], "age_days": [20.0, 300.0, float("inf")]})
    known = {
        "tables": frozenset({"contents"}), "done": frozenset({"buy", "join"}), "channels": frozenset({"feed"}),
        "status": {"members": 10, "followers": 900}, "staged": staged, "published": pd.Series([1, 5, 27, 28, -3]),
        "event": (40, "sale"),
    }  # fmt: skip
    return scenes.Facts(**(known | other))


RULES = load_scenes()


def lacks(known, people=1000):
    found = scenes.unmet(RULES, known, dict.fromkeys(RULES.scenes, people))
    return {
        id: [tuple(row) for row in mine[["need", "seen"]].itertuples(index=False)]
        for id, mine in found.groupby("scene")
    }


def test_what_is_lacking_is_named_with_the_number_seen():
    found = lacks(facts())
    assert "new-fast" not in found and "new-industry" not in found, "the feed was used, one item is 20 days old"
    assert found["members-wake"][-1] == ("members", 10) and found["crowd-breakthrough"][0][0] == "channel"
    assert [need for need, _ in found["new-guarantee"]] == ["table"], "no contracts"
    assert found["harvest"][-1] == ("event_within_days", 40) and "warm-up" not in found
    assert found["test-items"] == [("items", 0)] and found["sampling"][0][0] == "behaviour"
    assert [need for need, _ in found["super-video"]] == ["channel"], (
        "three pieces in the last 28 days, today's 28th not"
    )
    assert ("contents", 2) in lacks(facts(published=pd.Series([1, 5, 28])))["super-video"]
    assert lacks(facts(event=None))["warm-up"][0][0] == "event_within_days"


def test_a_small_audience_is_none():
    assert lacks(facts(), people=99)["new-fast"] == [("audience", 99)]


def test_facts_of_a_market_without_optional_tables(seen):
    known = scenes.facts(seen.warehouse, "b", seen.day, pd.DataFrame({"stage": [], "age_days": []}))
    assert known.tables == frozenset() and known.event is None and known.published.empty
    assert known.channels == {"feed", "live"} and "cart" in known.done and known.status["members"] > 0
