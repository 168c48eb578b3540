"""A shop of eight brands for the tests of items: two categories, launches with and without a day, baskets, samples, stock."""

import datetime as dt
import random
from types import SimpleNamespace

import pandas as pd
import pytest

from apex.measure.item_rules import parse_item_rules
from apex.warehouse import open_warehouse
from apex.warehouse.ingest import ingest

OPENED, DAYS = dt.date(2024, 1, 1), 150
TEXT = {"en": "x", "zh": "某"}
RULES = {
    "period_days": 14, "burn_in_days": 21, "growth_from": 4,
    "stages": {
        "sampling": {"name": TEXT, "any": [{"sample_share": {"above": 0.5}}]},
        "launch": {"name": TEXT, "any": [{"age_days": {"at_least": 0, "at_most": 20}}]},
        "potential": {"name": TEXT, "any": [{
            "age_days": {"at_most": 60}, "growth": {"at_least": 0.1}, "cart_percentile": {"at_least": 0.3, "if_known": True},
        }]},
        "hit": {"name": TEXT, "any": [{"sales_percentile": {"at_least": 0.8}}, {"shop_share": {"at_least": 0.5}}]},
        "core": {"name": TEXT, "any": [{"age_days": {"above": 60}, "sales_percentile": {"at_least": 0.4, "periods": 3}}]},
        "tail": {"name": TEXT, "any": [{
            "growth": {"at_most": -0.1, "periods": 2}, "cover_days": {"above": 3, "if_known": True},
        }]},
        "idle": {"name": TEXT, "any": [{"sales": {"at_most": 0}}]},
    },
    "rest": {"name": TEXT},
    "price_bands": {"periods": 3, "bands": {
        "low": {"name": TEXT, "up_to": 0.4}, "mid": {"name": TEXT, "up_to": 0.7}, "high": {"name": TEXT, "up_to": 1.0}}},
    "together": {"days": 60, "items": 4, "least": 2},
    "roles": {"days": 90, "repeat_days": 10, "lapsed_days": 20},
    "hits": {"sales_percentile": 0.6, "least_sales": 3, "first_days": [3, 7], "day": 28, "top": 3},
}  # fmt: skip


def items_of_the_shop():
    """Item, brand, category, launch (days from the opening; None: not known) and list price."""
    rows = []
    for n, brand in enumerate(["b", "c1", "c2", "c3", "c4", "c5", "c6", "c7"]):
        for k, launch in enumerate([-300, None, 25 + 7 * n, 70 + 3 * n, None]):
            category = "milk" if k == 4 else "tea"
            price = None if k == 1 else 300 + 170 * k + 31 * n
            rows.append((f"{brand}-{k}", brand, category, launch, price))
    rows.append(("b-odd", "b", None, None, None))
    return pd.DataFrame(rows, columns=["item_id", "brand", "category", "launch", "price"])


def events_of_the_shop(shelf):
    """Baskets of one brand with one to three items; views, carts, favourites and samples of single items."""
    dice, made = random.Random(3), []
    size = {item: dice.lognormvariate(0, 0.8) for item in shelf.item_id}
    late = {
        item: dice.randrange(90) for item, launch in zip(shelf.item_id, shelf.launch, strict=True) if pd.isna(launch)
    }
    begins = [late[i] if pd.isna(x) and i[-1] == "4" else -1 if pd.isna(x) else x
              for i, x in zip(shelf.item_id, shelf.launch, strict=True)]  # fmt: skip
    rows = list(zip(shelf.itertuples(), begins, strict=True))
    for n in range(2600):
        brand, at = "b" if dice.random() < 0.4 else f"c{dice.randrange(1, 8)}", dice.randrange(DAYS)
        there = [item for item, begin in rows if item.brand == brand and begin <= at]
        who, moment = f"k{dice.randrange(45):02}", dt.datetime.combine(OPENED, dt.time(8)) + dt.timedelta(
            days=at, minutes=dice.randrange(600))  # fmt: skip
        kind = dice.choices(["buy", "view", "cart", "favourite", "sample"], [6, 6, 2, 1, 1])[0]
        number = dice.choice([1, 1, 2, 3]) if kind == "buy" else 1
        chosen = dice.choices(there, [size[item.item_id] for item in there], k=number)
        for line, item in enumerate(chosen):
            units = dice.choice([1, 1, 2]) if kind == "buy" else None
            paid = units * (dice.randrange(250, 900) if pd.isna(item.price) else int(item.price)) if units else None
            made.append({
                "consumer_key": who, "brand": brand, "category": item.category, "item_id": item.item_id,
                "occurred_at": moment, "behaviour": kind, "quantity": units, "value_minor": paid,
                "basket_id": f"o{n}" if kind == "buy" and n % 3 else None, "seq": 10 * n + line,
            })  # fmt: skip
    made += [{**made[0], "behaviour": "expose", "item_id": None, "quantity": None, "value_minor": None, "seq": 99_999}]
    return pd.DataFrame(made)


@pytest.fixture(scope="session")
def shop(source, tmp_path_factory):
    """The shop: warehouse, its frames (items, events), rules and its last day."""
    folder, shelf = tmp_path_factory.mktemp("shop"), items_of_the_shop()
    events = events_of_the_shop(shelf)
    launched = [None if pd.isna(x) else OPENED + dt.timedelta(days=int(x)) for x in shelf.launch]
    items = shelf.drop(columns=["launch", "price"]).assign(
        launched_on=launched, list_price_minor=shelf.price.astype("Int64")
    )
    stock = [{"item_id": i, "day": OPENED + dt.timedelta(days=d), "units": 3 + d % 11} for i in ("b-0", "b-2", "c1-0")
             for d in range(0, DAYS, 9)]  # fmt: skip
    people = pd.DataFrame({"consumer_key": sorted(set(events.consumer_key))})
    counts = {"quantity": "Int64", "value_minor": "Int64"}
    tables = {"items": items, "consumers": people, "events": events.astype(counts), "on_hand": pd.DataFrame(stock)}
    ingest(source(folder / "files", tables), "market", folder / "w" / "market", "test")
    warehouse = open_warehouse(folder / "w" / "market")
    assert not any(feed["quarantined"] for feed in warehouse.manifest["feeds"])
    events["day"] = events.occurred_at.dt.date
    last = OPENED + dt.timedelta(days=DAYS - 1)
    return SimpleNamespace(
        warehouse=warehouse.until(last), items=items, events=events, stock=pd.DataFrame(stock), opened=OPENED,
        rules=parse_item_rules(RULES), raw=RULES, day=last,
    )  # fmt: skip
