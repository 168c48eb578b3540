"""Daily trade of a brand and its category against plain pandas."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from apex.measure import daily_trade
from apex.warehouse import open_warehouse
from apex.warehouse.ingest import ingest

FIRST, DAYS = dt.date(2024, 1, 1), 60


def on(n):
    return FIRST + dt.timedelta(days=int(n))


@pytest.fixture(scope="module")
def log():
    dice, n = np.random.default_rng(5), 600
    frame = pd.DataFrame({
        "consumer_key": [f"k{k}" for k in dice.integers(0, 40, n)], "brand": dice.choice(["b", "o1", "o2"], n),
        "category": dice.choice(["tea", "milk"], n, p=[0.8, 0.2]),
        "behaviour": dice.choice(["buy", "buy", "view", "buy_category"], n),
        "basket_id": dice.choice(["1", "2", None], n), "value_minor": dice.integers(50, 900, n), "quantity": 1,
        "n": dice.integers(0, DAYS, n),
    })  # fmt: skip
    frame.loc[0, ["n", "behaviour"]] = DAYS - 1, "view"
    frame.loc[1, ["n", "behaviour"]] = 0, "view"
    frame["occurred_at"] = pd.Timestamp(FIRST) + pd.to_timedelta(frame.n * 24 + 12, unit="h")
    money = frame.behaviour.isin(["buy", "buy_category"])
    frame.loc[frame.behaviour == "buy_category", "brand"] = None
    frame["value_minor"] = frame.value_minor.where(money).astype("Int64")
    frame["quantity"] = frame.quantity.where(money).astype("Int64")
    # a basket is one consumer's of one day
    frame["basket_id"] = frame.consumer_key + "-" + frame.n.astype(str) + "-" + frame.basket_id
    return frame.assign(day=[on(n) for n in frame.n], seq=range(n))


@pytest.fixture(scope="module")
def warehouse(log, source, tmp_path_factory):
    folder = tmp_path_factory.mktemp("trade")
    items = pd.DataFrame({"item_id": ["i"], "brand": ["b"], "category": ["tea"]})
    people = pd.DataFrame({"consumer_key": sorted(set(log.consumer_key))})
    tables = {"items": items, "consumers": people, "events": log.drop(columns=["n", "day"])}
    ingest(source(folder / "files", tables), "m", folder / "w" / "m", "test")
    return open_warehouse(folder / "w" / "m")


def test_days_are_counted_as_by_hand(log, warehouse):
    found = daily_trade.by_brand(warehouse, "tea", on(10), on(50)).set_index(["day", "brand"])
    tea = log[(log.category == "tea") & log.behaviour.isin(["buy", "buy_category"])].assign(
        brand=lambda t: t.brand.fillna("")
    )
    began = tea.groupby(["brand", "consumer_key"]).day.min()
    inside = tea[(tea.day >= on(10)) & (tea.day <= on(50))]
    by = inside.groupby(["day", "brand"])
    assert len(found) == by.ngroups and (found.gmv_minor == by.value_minor.sum()).all()
    assert (found.buyers == by.consumer_key.nunique()).all()
    orders = inside.assign(order=inside.basket_id.fillna(inside.consumer_key)).groupby(["day", "brand"]).order.nunique()
    assert (found.orders == orders).all()
    for (day, brand), rows in by:
        new = {c for c in rows.consumer_key if began[(brand, c)] == day}
        assert found.new_buyers[(day, brand)] == len(new)
    assert found.new_buyers.sum() < found.buyers.sum(), "who bought before the first day asked about is not new"


def test_a_brand_beside_the_others_without_gaps(warehouse):
    sold = daily_trade.by_brand(warehouse, "tea", on(0), on(59))
    mine = daily_trade.of_brand(sold, "b", on(0), on(59))
    assert list(mine.day) == [on(n) for n in range(60)]
    assert mine.orders.sum() == sold.orders[sold.brand == "b"].sum()
    assert mine.others.sum() == sold.orders[sold.brand != "b"].sum(), "those of no known brand are among the others"
    nobody = daily_trade.of_brand(sold, "nobody", on(0), on(59))
    assert not nobody.orders.any() and nobody.others.sum() == sold.orders.sum()


def test_others_festivals_are_taken_as_the_days_around(warehouse):
    sold = daily_trade.by_brand(warehouse, "tea", on(0), on(59))
    high = sold.assign(orders=sold.orders.where(~((sold.brand == "o1") & (sold.day == on(30))), 500))
    if not ((high.brand == "o1") & (high.day == on(30))).any():
        high = pd.concat([high, pd.DataFrame({"day": [on(30)], "brand": ["o1"], "orders": [500]})]).fillna(0)
    festival = pd.DataFrame({"brand": ["o1", "gone"], "first_day": [on(30)] * 2, "last_day": [on(31)] * 2})
    as_it_is, level = (daily_trade.of_brand(high, "b", on(0), on(59), f).others for f in (None, festival))
    assert as_it_is[30] >= 500 and level[30] < 20
    assert level.drop([30, 31]).equals(as_it_is.drop([30, 31]).astype(float))


def test_buyers_of_spans_are_distinct(log, warehouse):
    spans = pd.DataFrame(
        {"event": ["x", "y", "later"], "first_day": [on(5), on(20), on(70)], "last_day": [on(25), on(22), on(80)]}
    )
    found = daily_trade.buyers_on(warehouse, "b", "tea", spans).set_index("event").buyers
    bought = log[(log.brand == "b") & (log.category == "tea") & (log.behaviour == "buy")]
    for row in spans.itertuples():
        inside = bought[(bought.day >= row.first_day) & (bought.day <= row.last_day)]
        assert found[row.event] == inside.consumer_key.nunique()
    assert found["later"] == 0 and daily_trade.buyers_on(warehouse, "b", "tea", spans.head(0)).empty
