"""Who bought launches early, and what they brought, counted again person by person."""

import datetime as dt
from types import SimpleNamespace

import ibis
import pandas as pd
import pytest

from apex.measure import item_market, launch_people, launches
from apex.measure.people import Division


def days(n):
    return dt.timedelta(days=n)


@pytest.fixture(scope="module")
def known(shop):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(launches, "BEFORE", 10)
        return launches.launches(shop.warehouse, item_market.market(shop.warehouse, "b", shop.rules, shop.day))


@pytest.fixture(scope="module")
def book(shop):
    """Stages as a table: every third consumer is I toward b since day 10, and A toward c1 since day 20."""
    people = shop.warehouse.table("consumers").execute().consumer_id
    rows = [(b, c, shop.opened + days(d), s) for n, c in enumerate(people) if n % 3 == 0
            for b, d, s in (("b", 10, 2), ("c1", 20, 1))]  # fmt: skip
    rows += [("b", people[1], shop.day, 1)]
    frame = pd.DataFrame(rows, columns=["brand", "consumer_id", "day", "to_stage"])
    return SimpleNamespace(
        warehouse=shop.warehouse, rules=SimpleNamespace(ids=("A", "I", "P")),
        rows=ibis.memtable(frame, schema={"brand": "string", "consumer_id": "int64", "day": "date", "to_stage": "int64"}),
    )  # fmt: skip


@pytest.fixture(scope="module")
def events(shop):
    """Purchases with the warehouse's own keys."""
    table = shop.warehouse.table("events")
    frame = table.filter(table.behaviour == "buy").execute()
    about = shop.items.assign(category=shop.items.category.fillna("")).set_index("item_id")
    return frame.assign(
        day=frame.occurred_at.dt.date, category=frame.item_id.map(about.category), brand=frame.item_id.map(about.brand)
    )


def test_crowds_are_those_of_the_eve(shop, known, book, events):
    tried = known.frame.tail(8)
    found = launch_people.crowds(book, tried, known.frame, Division("", (), ()), "b", "tea", shop.day)
    at = found.set_index(["item_id", "kind", "crowd"])
    people, stood = list(shop.warehouse.table("consumers").execute().consumer_id), book.rows.execute()
    stood["day"] = pd.to_datetime(stood.day).dt.date
    begun = dict(zip(known.frame.item_id, known.frame.launched, strict=True))
    for of in tried.itertuples():
        eve = of.launched - days(1)
        early = {c for c, d, i in zip(events.consumer_id, events.day, events.item_id, strict=True)
                 if i == of.item_id and of.launched <= d < of.launched + days(28)}  # fmt: skip
        mine = stood[(stood.brand == of.brand) & (stood.day <= eve)]
        stage = dict(zip(mine.consumer_id, mine.to_stage, strict=True))
        near = events[(events.category == of.category) & (events.day <= eve)]
        recent = set(near.consumer_id[near.day > eve - days(90)])
        ours = set(near.consumer_id[(near.brand == of.brand) & (near.day > eve - days(365))])
        fresh = near[
            [i in begun and 0 <= (d - begun[i]).days < 28 for i, d in zip(near.item_id, near.day, strict=True)]
        ]
        crowds = {
            ("", ""): set(people), ("first", launch_people.FIRST_BUYERS): set(fresh.consumer_id),
            ("first", launch_people.BUYERS): recent, ("first", launch_people.OTHERS): recent - ours,
            **{("stage", name): {c for c in people if stage.get(c) == n} for n, name in ((1, "A"), (2, "I"), (3, "P"))},
        }  # fmt: skip
        for (kind, crowd), who in crowds.items():
            key = (of.item_id, kind, crowd)
            assert (key in at.index) == bool(who), key
            if who:
                assert at.people[key] == len(who) and at.early[key] == len(who & early), key
    now = found[found.item_id == launch_people.NOW]
    whole = now[now.kind == ""]
    assert whole.people.sum() == len(people) and not now.early.any() and set(whole.stage) == {"I", "A", "none"}


def test_new_buyers_and_who_came_back(shop, known, events):
    tried = known.frame
    found = launch_people.kpis(shop.warehouse, tried, shop.day).set_index("item_id")
    debut = events.groupby(["brand", "consumer_id"]).day.min()
    stock = shop.stock
    for of in tried.itertuples():
        mine = events[(events.item_id == of.item_id) & (events.day >= of.launched)]
        first = mine.groupby("consumer_id").day.min()
        first = first[first < of.launched + days(28)]
        again = {
            c for c, d in first.items() if ((mine.consumer_id == c) & (mine.day > d) & (mine.day <= d + days(60))).any()
        }
        over = {c for c, d in first.items() if (shop.day - d).days >= 60}
        row = found.loc[of.item_id]
        assert row.buyers == len(first) and row.new == sum(debut[of.brand, c] == d for c, d in first.items())
        assert row.judged == len(over) and row.again == len(over & again)
        held = stock[(stock.item_id == of.item_id) & (stock.day >= of.launched) & (stock.day < of.launched + days(90))]
        assert (row.known_days if pd.notna(row.known_days) else 0) == len(held)
    assert found.buyers.sum() > 20 and found.again.sum() > 0


def test_stock_and_tries(shop):
    assert (
        launch_people.on_hand(shop.warehouse, "b-2", shop.day) == shop.stock[shop.stock.item_id == "b-2"].units.iloc[-1]
    )
    assert launch_people.on_hand(shop.warehouse, "b-3", shop.day) is None
    near = shop.events[
        (shop.events.brand == "b") & (shop.events.day > shop.day - days(90)) & (shop.events.item_id != "b-4")
    ]
    near = near[near.item_id != "b-odd"]
    saw, put = (set(near.consumer_key[near.behaviour == b]) for b in ("view", "cart"))
    assert launch_people.tries(shop.warehouse, "b", "tea", shop.day) == {"viewers": len(saw), "carters": len(saw & put)}
    assert launch_people.buyers(shop.warehouse, "b-2") == shop.events[
        (shop.events.item_id == "b-2") & (shop.events.behaviour == "buy")].consumer_key.nunique()  # fmt: skip
    assert launch_people.traits(shop.warehouse, ["gender", "age_band"]).by == ""
