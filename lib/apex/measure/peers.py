"""Peers: brands that live in the same category, and what the best of them do.

What others earn is theirs: of peers only quartiles and the mean of the best five may be shown, together with the name of
the level on which they were found.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import ibis
import pandas as pd

from apex.errors import ApexError, nearest
from apex.warehouse import Warehouse

YEAR = 365  # days of GMV that say which category is a brand's main one
LEAST_BUYERS = 30  # below that a brand's window says nothing
LEAST_PEERS = 5  # fewer could be recognised, and their mean taken apart
LEVELS = ("category", "department", "all")


@dataclass(frozen=True)
class Peers:
    """A brand's peers in a window: `level` (of LEVELS) and its `name` (the category, the department, `all`).

    frame: brand, gmv_minor, buyers, largest GMV first; may be shorter than LEAST_PEERS only on level `all`.
    """

    level: str
    name: str
    frame: pd.DataFrame

    @property
    def enough(self) -> bool:
        """Whether anything may be said about them."""
        return len(self.frame) >= LEAST_PEERS

    @property
    def best(self) -> list[str]:
        """The five largest by GMV in the window: the benchmark. None where there are too few peers."""
        return list(self.frame.brand[:LEAST_PEERS]) if self.enough else []


def main_categories(warehouse: Warehouse, days: Sequence[date], brands: Sequence[str] | None = None) -> pd.DataFrame:
    """Each brand's main category on each of the days: the largest share of its GMV of the 365 days up to that day.

    Returns brand, day, category, department, share (of the brand's GMV): one row a brand and day, none where the brand
    had sold nothing by then. Equal shares go to the category that is first by name.
    """
    if not days:
        raise ApexError("main_categories: no day given.")
    events = warehouse.table("events")
    reach = (min(days) - timedelta(days=YEAR - 1), max(days) + timedelta(days=1))
    in_reach = (events.occurred_at >= reach[0]) & (events.occurred_at < reach[1])
    sold = events.filter((events.behaviour == "buy") & events.category.notnull() & in_reach)
    if brands is not None:
        sold = sold.filter(sold.brand.isin(list(brands)))
    sold = sold.group_by("brand", "category", sold_on=sold.occurred_at.date()).agg(gmv=sold.value_minor.sum())
    on = ibis.memtable(pd.DataFrame({"day": list(days)}), schema={"day": "date"})
    in_year = [sold.sold_on <= on.day, sold.sold_on > on.day - ibis.interval(days=YEAR)]
    found = sold.join(on, in_year).group_by("brand", "day", "category").agg(gmv=lambda t: t.gmv.sum()).execute()
    found["share"] = found.gmv / found.groupby(["brand", "day"]).gmv.transform("sum")
    first = found.sort_values(["brand", "day", "gmv", "category"], ascending=[True, True, False, True])
    first = first.drop_duplicates(["brand", "day"])
    first = first.assign(day=pd.to_datetime(first.day).dt.date, department=first.category.map(_departments(warehouse)))
    return first[["brand", "day", "category", "department", "share"]].reset_index(drop=True)


def peers(warehouse: Warehouse, brand: str, first: date, last: date, exclude: Collection[str] = ()) -> Peers:
    """The brand's peers in the window `first` … `last`, with categories as of its last day.

    Other brands with the same main category, else the same main department, else all: the first level with at least
    five brands of at least 30 buyers in the window. `exclude` are never peers. A brand that has sold nothing yet has no
    category; its peers are all. Raises ApexError for a brand that the warehouse does not know.
    """
    if brand not in warehouse.facts.brands:
        raise ApexError(f'peers: there is no brand "{brand}".{nearest(brand, warehouse.facts.brands)}')
    sold = sales_by_brand(warehouse, first, last)
    main = main_categories(warehouse, [last]).set_index("brand")
    others = sold[(sold.buyers >= LEAST_BUYERS) & (sold.brand != brand) & ~sold.brand.isin(list(exclude))]
    for level in LEVELS[:2] if brand in main.index else ():
        name = main[level][brand]
        same = others[others.brand.map(main[level]) == name]
        if len(same) >= LEAST_PEERS:
            return Peers(level, str(name), same.reset_index(drop=True))
    return Peers("all", "all", others.reset_index(drop=True))


def scope(warehouse: Warehouse, found: Peers) -> list[str] | None:
    """The categories in which these peers were found; None where they were found among all."""
    if found.level == "category":
        return [found.name]
    departments = _departments(warehouse)
    return sorted(departments.index[departments == found.name]) if found.level == "department" else None


def largest(warehouse: Warehouse, count: int, exclude: Collection[str] = ()) -> list[str]:
    """The brands with the largest GMV of all that may be seen, largest first, without those excluded."""
    sold = sales_by_brand(warehouse, warehouse.first_day, warehouse.last_day)
    return list(sold.brand[~sold.brand.isin(list(exclude))][:count])


def sales_by_brand(warehouse: Warehouse, first: date, last: date) -> pd.DataFrame:
    """brand, gmv_minor, buyers of every brand that sold from `first` to `last`, both included; largest GMV first."""
    events = warehouse.table("events")
    in_window = (events.occurred_at >= first) & (events.occurred_at < last + timedelta(days=1))
    sold = events.filter((events.behaviour == "buy") & in_window)
    by_brand = sold.group_by("brand").agg(gmv_minor=sold.value_minor.sum(), buyers=sold.consumer_id.nunique())
    frame = by_brand.execute().astype({"gmv_minor": "int64", "buyers": "int64"})
    return frame.sort_values(["gmv_minor", "brand"], ascending=[False, True], ignore_index=True)


def cohort(warehouse: Warehouse, brand: str, count: int, exclude: Collection[str] = ()) -> list[str]:
    """The brand and the `count` largest others (see `largest`), the brand first."""
    return list(dict.fromkeys([brand, *largest(warehouse, count, exclude)]))


def main_category(warehouse: Warehouse, brand: str, day: date) -> str | None:
    """The brand's main category as `day` knows it; None for a brand that has sold nothing yet."""
    found = main_categories(warehouse, [day], [brand])
    return None if found.empty else str(found.category.iloc[0])


def quartiles(values: pd.Series) -> pd.Series | None:
    """The peers' quartiles (`low`, `middle`, `high`) of a figure, one value a peer; None where they are too few to show."""
    known = values.dropna()
    if len(known) < LEAST_PEERS:
        return None
    return known.quantile([0.25, 0.5, 0.75]).set_axis(["low", "middle", "high"])


def benchmark(values: pd.Series, peers: Peers) -> float | None:
    """The mean of a figure over the best five by GMV; `values` is indexed by brand. None where one of them lacks it."""
    best = values.reindex(peers.best)
    return None if best.empty or best.isna().any() else float(best.mean())


def _departments(warehouse: Warehouse) -> pd.Series:
    """Each category's department: the one that most of its items carry."""
    items = warehouse.table("items")
    counted = items.group_by("category", "department").agg(items=items.count()).execute().dropna()
    counted = counted.sort_values(["items", "department"], ascending=[False, True])
    return counted.drop_duplicates("category").set_index("category").department
