"""Item assets against plain pandas on small random markets, under deeplink's seven stages and the panel's four."""

import datetime as dt
import random
import re
from collections import Counter

import pandas as pd
import pytest
import yaml

from apex.ledger import ensure, load_rules
from apex.ledger.rules import FOLDER, parse_rules
from apex.measure.item_assets import (
    GROUPS,
    ItemAssets,
    bought_together,
    groups,
    item_assets,
    item_names,
    largest,
    one_line_each,
    parts_and_totals,
)
from apex.measure.privacy import suppress
from apex.warehouse import open_warehouse
from apex.warehouse.ingest import ingest

ITEMS = ["i1", "i2", "i3"]
WINDOWS = {913: 40, 365: 25}  # deeplink's, so that a market of 120 days sees more than the longest
SHORT = parse_rules(
    yaml.safe_load(
        re.sub("913|365", lambda found: str(WINDOWS[int(found[0])]), (FOLDER / "deeplink.yml").read_text("utf-8"))
    )
)


def log(seed, behaviours=("expose", "view", "view", "cart", "buy", "buy")):
    """Behaviours of nine consumers at three items over 120 days; some baskets hold two items, some lines have no basket."""
    draw = random.Random(seed)
    return [
        {
            "consumer_key": f"c{draw.randrange(9)}",
            "brand": draw.choice(["b", "b", "b", "other"]),
            "occurred_at": dt.datetime(2024, 1, 1, 9) + dt.timedelta(days=draw.randrange(120)),
            "behaviour": draw.choice(behaviours),
            "item_id": draw.choice([None, *ITEMS]),
            "basket_id": draw.choice([None, None, "k1", "k2"]),
        }
        for _ in range(400)
    ]


@pytest.fixture
def opened(source, canonical, tmp_path):
    """(events, names of items) → an open warehouse whose items have these names."""

    def build(events, names=("Soap", "Soap", None)):
        tables = canonical(events)
        tables["items"] = pd.DataFrame({"item_id": ITEMS, "brand": "b", "name": list(names)})
        ingest(source(tmp_path / "files", tables), "market", tmp_path / "warehouse" / "market", "test")
        return open_warehouse(tmp_path / "warehouse" / "market")

    return build


def events_of(warehouse):
    events = warehouse.table("events").execute()
    events["day"] = events.occurred_at.dt.date
    return events[(events.brand == "b") & events.item_id.notna()]


def group_on(events, day):
    """SHORT, as far as these behaviours go, said once more: the group that a consumer's events of an item are worth."""

    def days(behaviour, window):
        live = events[
            (events.behaviour == behaviour) & (events.day <= day) & (events.day > day - dt.timedelta(days=window))
        ]
        return live.day.nunique()

    if days("buy", 25) >= 2:
        return "repeat"
    if days("buy", 40):
        return "first"
    if days("cart", 15) or days("view", 15) >= 2:
        return "deep"
    return "shallow" if days("view", 15) or days("expose", 15) else None


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_groups_of_each_item(opened, day, seed):
    warehouse = opened(log(seed))
    found = item_assets(ensure(warehouse, SHORT, "item"), "b", day(45), day(75))
    assets = found.parts[found.parts.kind == "assets"]
    assert list(zip(assets.item_id, assets.part, strict=True)) == [(i, g) for i in ITEMS for g in GROUPS]
    for when, on in (("now", day(75)), ("before", day(45))):
        expected = Counter(
            (i, group_on(part, on)) for (i, _), part in events_of(warehouse).groupby(["item_id", "consumer_id"])
        )
        assert assets[when].tolist() == [expected[i, g] for i, g in zip(assets.item_id, assets.part, strict=True)]
    assert (assets.groupby("part", observed=True).now.sum() > 0).sum() >= 3


def test_a_day_that_saw_less_is_no_comparison(opened, day):
    """On day 30 the window of 40 days had seen 31, the one of 25 all of it; on day 75 both are whole."""
    found = item_assets(ensure(opened(log(1)), SHORT, "item"), "b", day(30), day(75))
    assets = found.parts[found.parts.kind == "assets"]
    assert assets.before.notna().tolist() == [False, False, False, True] * 3
    assert found.totals[found.totals.kind == "assets"].before.isna().all()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_buyers_of_an_item_with_another_in_one_order(opened, day, seed):
    warehouse = opened(log(seed))
    found = bought_together(ensure(warehouse, load_rules("deeplink"), "item"), "b", day(60), day(90))
    bought = events_of(warehouse).query("behaviour == 'buy'").copy()
    bought["order"] = bought.basket_id.fillna(bought.day.astype(str))
    for when, first, last in (("now", day(61), day(90)), ("before", day(31), day(60))):
        lines = bought[(bought.day >= first) & (bought.day <= last)]
        baskets = lines.groupby(["consumer_id", "order"]).item_id.agg(set)
        buyers = {i: {c for (c, _), items in baskets.items() if i in items} for i in ITEMS}
        joined = {i: {c for (c, _), items in baskets.items() if i in items and len(items) > 1} for i in ITEMS}
        assert found[found.part == "together"][when].tolist() == [len(joined[i]) for i in ITEMS]
        assert found[found.part == "alone"][when].tolist() == [len(buyers[i] - joined[i]) for i in ITEMS]
    assert found.now.sum() > 10


def test_parts_add_up_to_totals_also_where_some_are_hidden(opened, day):
    found = item_assets(ensure(opened(log(4)), SHORT, "item"), "b", day(60), day(90))
    sums = found.parts.groupby(["item_id", "kind"]).now.sum()
    assert sums.tolist() == found.totals.set_index(["item_id", "kind"]).now[sums.index].tolist()
    shown = suppress(found.parts, ["now", "before"], 3, [["item_id", "kind"]])
    assert shown.suppressed.any() and not shown.suppressed.all()
    for _, group in shown.groupby(["item_id", "kind"]):
        assert group.suppressed.sum() != 1 or (group.now.dropna() == 0).all()


def test_orders_that_are_days_or_baskets(opened, day):
    at = dt.datetime(2024, 1, 20, 9)
    lines = [
        ("c1", "i1", at, "k"), ("c1", "i2", at, "k"),  # one basket
        ("c2", "i1", at, "k"),  # another consumer's basket of the same name
        ("c3", "i1", at, None), ("c3", "i3", at + dt.timedelta(hours=3), None),  # no basket: one day
        ("c4", "i1", at, None), ("c4", "i2", at + dt.timedelta(days=1), None),  # no basket: two days
        ("c5", "i2", at, "m"), ("c5", "i2", at, "m"),  # twice the same item
    ]  # fmt: skip
    events = [
        {"consumer_key": c, "brand": "b", "occurred_at": when, "behaviour": "buy", "item_id": i, "basket_id": k}
        for c, i, when, k in lines
    ]
    events.append(events[0] | {"item_id": None, "basket_id": "z", "occurred_at": dt.datetime(2024, 1, 1)})
    found = bought_together(ensure(opened(events), load_rules("deeplink"), "item"), "b", day(10), day(25))
    assert found.set_index(["item_id", "part"]).now.to_dict() == {
        ("i1", "together"): 2, ("i1", "alone"): 2, ("i2", "together"): 1, ("i2", "alone"): 2,
        ("i3", "together"): 1, ("i3", "alone"): 0,
    }  # fmt: skip
    assert found.before.isna().all(), "the data do not reach fifteen days back before the tenth"


def test_a_panel_that_names_items_in_purchases_only(opened, day):
    events = [e for e in log(6, ("expose", "buy")) if e["behaviour"] == "buy" or e["item_id"] is None]
    found = item_assets(ensure(opened(events), load_rules("aipl-panel"), "item"), "b", day(92), day(110))
    assert found.unseen == ["shallow", "deep"]
    assert set(found.parts.part) == {"first", "repeat", "together", "alone"} and found.parts.before.notna().all()


def test_groups_of_all_our_rules():
    halves = {"shallow": "shallow", "deep": "deep", "first": "first", "repeat": "repeat"}
    assert list(groups(load_rules("deeplink")).items()) == [
        ("D", "shallow"), ("E1", "shallow"), ("E2", "deep"), ("P", "deep"), ("I", "first"), ("N", "repeat"), ("K", "repeat"),
    ]  # fmt: skip
    for name in ("aipl", "aipl-panel", "aipl-databank", "shop"):
        assert list(groups(load_rules(name)).values()) == list(halves), name


def test_groups_of_odd_rules():
    def rules(*stages):
        name = {"en": "-", "zh": "-"}
        any_of = [[{"behaviour": behaviours, "within_days": 5}] for behaviours in stages]
        made = [{"id": f"S{n}", "name": name, "any": conditions} for n, conditions in enumerate(any_of)]
        return parse_rules({"name": "odd", "stages": made})

    assert list(groups(rules(["expose"], ["view"], ["cart"])).values()) == ["shallow", "shallow", "deep"]
    assert list(groups(rules(["buy"])).values()) == ["first"]
    assert list(groups(rules(["view", "buy"])).values()) == ["shallow"], "a view alone opens it"


def test_names_that_repeat_carry_the_id_and_the_largest_are_kept(opened, day):
    book = ensure(opened(log(1)), load_rules("deeplink"), "item")
    assert item_names(book, "b") == {"i1": "Soap (i1)", "i2": "Soap (i2)", "i3": "i3"}
    found = item_assets(book, "b", day(40), day(70))
    two = largest(found, 2)
    assets = found.totals[found.totals.kind == "assets"].set_index("item_id").now
    assert set(two.names) == set(two.parts.item_id) == set(two.totals.item_id) and len(two.names) == 2
    assert assets[list(two.names)].min() >= assets.drop(list(two.names)).max()


def test_a_brand_without_items_in_its_events(opened, day):
    events = [{**e, "item_id": None} for e in log(1)]
    found = item_assets(ensure(opened(events), load_rules("deeplink"), "item"), "b", day(40), day(70))
    assert found.parts.empty and found.totals.empty and found.unseen == ["shallow", "deep", "first", "repeat"]
    assert largest(found, 5).names == {}


def test_one_line_an_item_holds_the_same_and_goes_back():
    parts = pd.DataFrame({"item_id": ["x"] * 3 + ["y"] * 3, "kind": ["assets", "assets", "buyers"] * 2,
                          "part": ["first", "repeat", "alone"] * 2, "now": [7, 2, 3, 40, 9, 11], "before": 1})  # fmt: skip
    parts["now"] = parts.now.astype("Int64")
    totals = pd.DataFrame({"item_id": ["x", "y"], "kind": "assets", "now": [9, 49], "before": [8, 50]})
    lines = one_line_each(ItemAssets(parts, totals, {}, ["shallow", "deep"]))
    assert lines.set_index("item_id").loc["y"].to_dict() == {"first": 40, "repeat": 9, "alone": 11, "before": 50}
    shown = lines.assign(suppressed=[True, False])
    shown[["first", "repeat", "alone", "before"]] = shown[["first", "repeat", "alone", "before"]].mask(shown.suppressed)
    back, whole = parts_and_totals(shown)
    assert back[~back.suppressed].set_index("part").now.to_dict() == {"first": 40, "repeat": 9, "alone": 11}
    assert back[back.suppressed].now.isna().all() and whole[whole.suppressed].now.isna().all()
    assert whole[whole.item_id == "y"].set_index("kind").now.to_dict() == {"assets": 49, "buyers": 11}
