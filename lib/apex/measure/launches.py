"""Every launch of the market day by day: what an item sold in its first ninety days, and what was known when it came.

A launch is one that the data saw from its first day on: the listed day, or, where none is known, the first sale after the rules'
burn-in. What others sold is here to compute with; no page shows a row of it.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import ibis
import numpy as np
import numpy.typing as npt
import pandas as pd

from apex.measure.item_market import Market
from apex.warehouse import Warehouse

DAYS = 90  # of a launch that are followed
BEFORE = 84  # days of the brand's sales before a launch
YEAR = 364  # whole weeks
Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Launches:
    """The launches of a market as `day` knows them, a row each.

    frame: item_id, brand, category, launched (date), begins (int: days from the first day of the data to the launch), price
    (minor units: the list price, else what was paid a unit in its first days; NaN where neither is known), dated (bool: the
    launch day is listed). units, money: (n, DAYS + 1), what was sold in the first 0, 1, … DAYS days; NaN where not all of them
    are over. sold: (groups, days + 1), units of each brand in a category, cumulated from the first day of the data; market:
    the same of each category. of_brand, of_market: which row of them is a launch's.
    """

    day: date
    seen: int  # days of data
    frame: pd.DataFrame
    units: Array
    money: Array
    sold: Array
    market: Array
    of_brand: npt.NDArray[np.int64]
    of_market: npt.NDArray[np.int64]
    brands: dict[tuple[str, str], int]
    categories: dict[str, int]

    def __len__(self) -> int:
        """How many launches."""
        return len(self.frame)


def launches(warehouse: Warehouse, market: Market) -> Launches:
    """The launches up to the market's day, from one pass over the purchases (see `Launches`)."""
    seen = (market.day - warehouse.first_day).days + 1
    items = market.items
    age = items.age.to_numpy("float64", na_value=np.nan)
    fresh = ~items.censored.to_numpy() & (age >= 0) & (age < seen - BEFORE)
    made = items[fresh].reset_index(drop=True)
    begins = seen - 1 - age[fresh].astype("int64")
    listed = _listed(warehouse)
    frame = made[["item_id", "brand", "category"]].assign(
        launched=[warehouse.first_day + timedelta(days=int(n)) for n in begins], begins=begins,
        dated=made.item_id.isin(listed).to_numpy(),
    )  # fmt: skip
    pairs = items[["brand", "category"]].drop_duplicates().sort_values(["brand", "category"], ignore_index=True)
    coded = items[["item_id", "brand", "category"]].merge(pairs.reset_index(names="code"), on=["brand", "category"])
    daily, by_brand = _bought(warehouse, market, frame, coded[["item_id", "code"]])
    units, money = (_followed(daily, frame, seen, name) for name in ("units", "gmv_minor"))
    price = made.list_price_minor.to_numpy("float64", na_value=np.nan)
    frame["price"] = np.where(np.isnan(price), _paid(units, money), price)
    names = list(zip(pairs.brand, pairs.category, strict=True))
    brands = {name: n for n, name in enumerate(names)}
    categories = {name: n for n, name in enumerate(sorted(set(pairs.category)))}
    sold = np.zeros((len(names) + 1, seen + 1))  # a last row of zeros, for what is nowhere
    np.add.at(
        sold, (by_brand.code.to_numpy("int64"), by_brand.number.to_numpy("int64") + 1), by_brand.units.to_numpy(float)
    )
    whole = np.zeros((len(categories) + 1, seen + 1))
    np.add.at(whole, [categories[c] for _, c in names], sold[:-1])
    return Launches(
        market.day, seen, frame, units, money, sold.cumsum(axis=1), whole.cumsum(axis=1),
        np.array([brands.get(key, -1) for key in zip(frame.brand, frame.category, strict=True)], dtype="int64"),
        np.array([categories.get(c, -1) for c in frame.category], dtype="int64"), brands, categories,
    )  # fmt: skip


def _listed(warehouse: Warehouse) -> list[str]:
    shelf = warehouse.table("items")
    return list(shelf.filter(shelf.launched_on.notnull()).item_id.execute())


def _bought(
    warehouse: Warehouse, market: Market, frame: pd.DataFrame, coded: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Units and money of launches by day of age; units by code (a brand in a category) and day of the data."""
    events = warehouse.table("events")
    bought = events.filter((events.behaviour == "buy") & (events.occurred_at < market.day + timedelta(days=1)))
    bought = bought.select(
        "item_id", "quantity", "value_minor",
        number=bought.occurred_at.date().delta(ibis.literal(warehouse.first_day), unit="day").cast("int64"),
    )  # fmt: skip
    on = ibis.memtable(frame[["item_id", "begins"]], schema={"item_id": "string", "begins": "int64"})
    near = bought.join(on, "item_id")
    near = near.mutate(age=near.number - near.begins).filter(lambda t: (t.age >= 0) & (t.age < DAYS))
    daily = near.group_by("item_id", "age").agg(
        units=near.quantity.sum().fill_null(0), gmv_minor=near.value_minor.sum().fill_null(0)
    )
    codes = ibis.memtable(coded, schema={"item_id": "string", "code": "int64"})
    named = bought.join(codes, "item_id")
    by_brand = named.group_by("code", "number").agg(units=named.quantity.sum().fill_null(0))
    return daily.execute(), by_brand.execute()


def _followed(daily: pd.DataFrame, frame: pd.DataFrame, seen: int, name: str) -> Array:
    made = np.zeros((len(frame), DAYS + 1))
    row = pd.Index(frame.item_id).get_indexer(daily.item_id)
    np.add.at(made, (row, daily.age.to_numpy(dtype="int64") + 1), daily[name].to_numpy(float))
    made = made.cumsum(axis=1)
    over = (seen - frame.begins.to_numpy())[:, None]  # days of the launch that are over
    return np.where(np.arange(DAYS + 1) <= over, made, np.nan)


def _paid(units: Array, money: Array) -> Array:
    """Money a unit, of as many first days as are over."""
    last = np.nanmax(units, axis=1) if len(units) else np.zeros(0)
    worth = np.nanmax(money, axis=1) if len(money) else np.zeros(0)
    return np.where(last > 0, worth / np.where(last > 0, last, 1), np.nan)
