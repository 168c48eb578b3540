"""A shop with members, tiers, coupons and goods, for all that the page of members counts."""

import datetime as dt
import random
from types import SimpleNamespace

import pandas as pd
import pytest

from apex.warehouse import open_warehouse
from apex.warehouse.ingest import ingest

FIRST, DAYS, PEOPLE = dt.date(2023, 1, 1), 500, 60


def shop_log(seed=4):
    """Events of sixty consumers in two formats of brand b, and purchases of brand c."""
    dice, log = random.Random(seed), []

    def put(key, day, behaviour, hour=10, **more):
        moment = dt.datetime.combine(FIRST, dt.time(hour)) + dt.timedelta(days=day)
        empty = (
            "business",
            "item_id",
            "basket_id",
            "coupon_id",
            "quantity",
            "value_minor",
            "detail",
            "category",
            "campaign_id",
        )
        row = {"consumer_key": key, "brand": "b", "behaviour": behaviour, "occurred_at": moment, "seq": len(log)}
        log.append(dict.fromkeys(empty) | row | more)

    for n in range(PEOPLE):
        key, eager, member = f"k{n:02}", dice.choice([0.003, 0.01, 0.04]), None
        for day in range(DAYS):
            if dice.random() < 0.01:
                put(key, day, dice.choice(["view", "cart", "favourite"]), hour=8)
            if dice.random() < 0.004:
                put(key, day, "claim", hour=9, coupon_id=dice.choice(["c1", "c2"]))
            if dice.random() < eager:
                shop = dice.choice(["flagship", "market"])
                for line in range(dice.choice([1, 1, 2])):
                    put(key, day, "buy", hour=11, business=shop, item_id=dice.choice(["i1", "i2", "i3"]), quantity=1,
                        value_minor=dice.randrange(100, 3000), basket_id=f"{key}-{day}-{line // 2}", category="tea")  # fmt: skip
                if dice.random() < 0.3:
                    put(key, day, "redeem", hour=12, coupon_id=dice.choice(["c1", "c2"]))
                if member is None and dice.random() < 0.3:
                    put(key, day, "join", hour=12, business="flagship")
                    member = day
                if member is not None and dice.random() < 0.4:
                    put(key, day, "tier", hour=13, detail=dice.choice(["V1", "V2"]))
            if member is not None and dice.random() < 0.004:
                put(key, day, "leave", hour=14, business="flagship")
                member = None
        put(key, dice.randrange(DAYS), "buy", brand="c", item_id="j1", quantity=1, value_minor=500, category="tea")
    put("k00", DAYS - 1, "expose")
    return log


@pytest.fixture(scope="session")
def shop(source, tmp_path_factory):
    """`.log` (a frame with `day`, a date), `.warehouse`, `.age` (by consumer key), `.day(n)`."""
    folder, log = tmp_path_factory.mktemp("shop"), pd.DataFrame(shop_log())
    items = [
        ("i1", "b", "tea", "green"),
        ("i2", "b", "tea", "black"),
        ("i3", "b", "tea", "green"),
        ("j1", "c", "tea", None),
    ]
    age = {f"k{n:02}": ["young", "old", None][n % 3] for n in range(PEOPLE)}
    tables = {
        "items": pd.DataFrame(items, columns=["item_id", "brand", "category", "subcategory"]),
        "consumers": pd.DataFrame({"consumer_key": list(age), "age_band": list(age.values())}),
        "events": log,
    }
    ingest(source(folder / "files", tables), "shop", folder / "w" / "shop", "test")
    return SimpleNamespace(
        log=log.assign(day=log.occurred_at.dt.date), age=age, warehouse=open_warehouse(folder / "w" / "shop"),
        day=lambda n: FIRST + dt.timedelta(days=n),
    )  # fmt: skip


@pytest.fixture(scope="session")
def membership(shop):
    """For each consumer key the half-open stretches of days as a member: [(since, until)], by a walk through the events."""
    held = {}
    for key, mine in shop.log[(shop.log.brand == "b") & shop.log.behaviour.isin(["join", "leave"])].groupby(
        "consumer_key"
    ):
        since = None
        for row in mine.sort_values(["occurred_at", "seq"]).itertuples():
            if row.behaviour == "join" and since is None:
                since = row.day
            elif row.behaviour == "leave" and since is not None:
                held.setdefault(key, []).append((since, row.day))
                since = None
        if since is not None:
            held.setdefault(key, []).append((since, dt.date.max))
    return held
