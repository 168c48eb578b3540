"""Habits against a recomputation in pandas: what orders cost, where people look, who buys dearer, who spends most of a tier."""

import datetime as dt
import random

import pandas as pd
import pytest

from apex import ledger
from apex.errors import ApexError
from apex.ledger.rules import parse_rules
from apex.measure import crowds
from apex.warehouse import open_warehouse
from apex.warehouse.ingest import ingest

RULES = {"name": "small", "stages": [{"id": "P", "name": {"en": "Bought", "zh": "购买"},
                                      "any": [{"behaviour": ["buy"], "within_days": 9}]}]}  # fmt: skip
FIRST, DAYS = dt.datetime(2024, 1, 1), 100
DAY = (FIRST + dt.timedelta(days=89)).date()
TIERS = {f"k{n:02}": ["3", "4", None][n % 3] for n in range(40)}


@pytest.fixture(scope="module")
def log():
    dice, rows = random.Random(4), []
    for n in range(1600):
        who, behaviour = dice.choice(list(TIERS)[:38]), dice.choice(["buy", "buy", "view", "cart", "expose"])
        at = FIRST + dt.timedelta(days=dice.randrange(DAYS), hours=dice.randrange(24))
        bought = behaviour == "buy"
        rows.append({
            "consumer_key": who, "brand": dice.choice("bc"), "category": dice.choice(["tea", "soap", "milk", None]),
            "behaviour": behaviour, "occurred_at": at, "business": dice.choice(["shop", "web", None]),
            "channel": dice.choice(["tv", None]),
            "quantity": dice.choice([1, 2, 3]) if bought else None, "seq": n,
            "value_minor": dice.choice([100, 250, 700, 1500, 4000]) if bought else None,
            "basket_id": f"{who}-{at:%m%d}-{dice.randrange(2)}" if bought and dice.random() < 0.6 else None,
        })  # fmt: skip
    rows += [{**rows[0], "behaviour": "expose", "quantity": None, "value_minor": None, "basket_id": None,
              "occurred_at": FIRST + dt.timedelta(days=d), "seq": 5000 + d} for d in (0, DAYS - 1)]  # fmt: skip
    frame = pd.DataFrame(rows)
    return frame.astype({"quantity": "Int64", "value_minor": "Int64"})


@pytest.fixture(scope="module")
def book(source, tmp_path_factory, log):
    folder = tmp_path_factory.mktemp("habits")
    people = pd.DataFrame({"consumer_key": list(TIERS), "city_tier": list(TIERS.values()), "region": list(TIERS)})
    tables = {"items": pd.DataFrame({"item_id": ["i"], "brand": ["b"]}), "consumers": people, "events": log}
    ingest(source(folder / "files", tables), "market", folder / "w", "test")
    return ledger.ensure(open_warehouse(folder / "w"), parse_rules(RULES))


def found(book, **expressions):
    """{crowd: set of consumer keys}; region holds the key."""
    names = {"en": "x", "zh": "x"}
    asked = crowds.parse_crowds({"crowds": {n: {"name": names, "who": who} for n, who in expressions.items()}})
    frame = crowds.members(book, "b", asked, DAY, category="tea").execute()
    assert len(frame) == len(TIERS) and not frame.isna().any().any()
    keys = book.warehouse.table("consumers").execute().set_index("consumer_id").region
    return {n: {keys[i] for i in frame.consumer_id[frame[n]]} for n in expressions}


def within(log, days, last=DAY):
    on = log.occurred_at.dt.date
    return log[(on <= last) & (on > last - dt.timedelta(days=days))]


def test_the_middle_order(book, log):
    bought = within(log, 30).query("behaviour == 'buy'")
    order = bought.basket_id.fillna(bought.consumer_key + bought.occurred_at.dt.date.astype(str))
    middle = bought.groupby(["consumer_key", order]).value_minor.sum().groupby("consumer_key").median()
    some = found(book, low={"middle_order_minor": {"max": 1000}, "within_days": 30},
                 between={"middle_order_minor": {"min": 700, "max": 2000}, "within_days": 30})  # fmt: skip
    assert some == {"low": set(middle.index[middle <= 1000]), "between": set(middle.index[middle.between(700, 2000)])}
    assert 3 < len(some["low"]) < len(middle) - 3


def test_a_share_of_what_was_done(book, log):
    done = within(log, 40)
    done = done[done.behaviour.isin(["view", "cart"])]
    share = (done.category == "tea").groupby(done.consumer_key).mean()
    tier = share.index.map(TIERS).fillna("unknown")
    average = share.groupby(tier).transform("mean").to_numpy()
    tea = {"share_of": ["view", "cart"], "category": ["tea"], "within_days": 40}
    some = found(book, half=tea | {"at_least": 0.5}, over=tea | {"times_average": 1.4},
                 tier=tea | {"times_average": 1.4, "among": "city_tier"},
                 shop={"share_of": "buy", "business": "shop", "channel": "tv", "within_days": 40, "at_least": 0.2})  # fmt: skip
    assert some["half"] == set(share.index[share >= 0.5])
    assert some["over"] == set(share.index[share >= 1.4 * share.mean()])
    assert some["tier"] == set(share.index[(share >= 1.4 * average) & (share > 0)]) != some["over"]
    bought = within(log, 40).query("behaviour == 'buy'")
    shop = ((bought.business == "shop") & (bought.channel == "tv")).groupby(bought.consumer_key).mean()
    assert some["shop"] == set(shop.index[shop >= 0.2])


def test_who_buys_dearer_than_before(book, log):
    bought = within(log, 80).query("behaviour == 'buy' and category.notna()").copy()
    bought["price"] = bought.value_minor.astype(float) / bought.quantity.astype(float)
    for _, rows in bought.groupby("category"):
        bought.loc[rows.index, "rank"] = [(rows.price < p).sum() / (len(rows) - 1) for p in rows.price]
    later = bought.occurred_at.dt.date > DAY - dt.timedelta(days=40)
    now, before = (bought[side].groupby("consumer_key")["rank"].mean() for side in (later, ~later))
    rise = (now - before).dropna()
    some = found(book, up={"price_rank_up": 0.1, "within_days": 40})
    assert some["up"] == set(rise.index[rise >= 0.1]) and 3 < len(some["up"]) < len(rise) - 3


def test_the_upper_share_of_a_tier(book, log):
    spent = within(log, 60).query("behaviour == 'buy'").groupby("consumer_key").value_minor.sum().astype(int)
    tier = spent.index.map(TIERS).fillna("unknown")
    top = {k for k in spent.index if (spent[tier == tier[spent.index.get_loc(k)]] > spent[k]).mean() < 0.3}
    money = {"spent": "market", "within_days": 60, "top": 0.3}
    some = found(book, tier=money | {"among": "city_tier"}, all=money)
    assert some["tier"] == top != some["all"]


def test_what_was_never_done_is_no_habit_and_its_opposite_holds(book):
    low = {"middle_order_minor": {"max": 10**9}, "within_days": 90}
    some = found(book, low=low, never={"not": low})
    assert {"k38", "k39"} <= some["never"] and some["low"] | some["never"] == set(TIERS)


@pytest.mark.parametrize(("who", "message"), [
    ({"middle_order_minor": {}, "within_days": 9}, "takes min, max or both"),
    ({"share_of": ["view"], "within_days": 9, "at_least": 0.5}, "which part is meant"),
    ({"share_of": ["view"], "category": ["tea"], "within_days": 9}, "exactly one of at_least, times_average"),
    ({"share_of": ["vieww"], "category": ["tea"], "within_days": 9, "at_least": 0.5}, 'Did you mean "view"'),
    ({"share_of": ["view"], "category": ["t"], "within_days": 9, "at_least": 0.5, "among": "x"}, "needs times_average"),
    ({"spent": "brand", "within_days": 9, "min_minor": 1, "among": "city_tier"}, "it needs top"),
    ({"price_rank_up": 0.1, "within_days": 9, "min": 2}, '"min" is not a key here'),
])  # fmt: skip
def test_what_makes_no_sense_is_refused(who, message):
    with pytest.raises(ApexError, match=message):
        crowds.parse_crowds({"crowds": {"a": {"name": {"en": "x", "zh": "x"}, "who": who}}})


def test_what_the_data_do_not_hold_is_said(book):
    names = {"en": "x", "zh": "x"}
    who = {
        "share_of": ["view", "sample"],
        "category": ["tea", "wine"],
        "business": ["kiosk"],
        "within_days": 9,
        "at_least": 0.5,
    }
    asked = crowds.parse_crowds({"crowds": {"a": {"name": names, "who": who}}})
    told = crowds.unseen(book, asked, DAY, category="tea")
    assert told.to_dict("list") == {
        "crowd": ["a", "a"],
        "kind": ["behaviour", "trait"],
        "name": ["sample", "business=kiosk"],
    }
    lost = crowds.parse_crowds({"crowds": {"a": {"name": names, "who": who | {"at_least": None, "times_average": 2.0,
                                                                            "among": "city_teir"}}}})  # fmt: skip
    with pytest.raises(ApexError, match='no trait "city_teir". Did you mean "city_tier"'):
        crowds.members(book, "b", lost, DAY, category="tea")
