"""The market around a brand: its main category, who else sells there, what is sold each day, prices and searches.

Other brands' figures are theirs: everything here that leaves the library knows them as parties only, `us`, the five largest
others together (`best`) and the rest (`others`), and a party of others is never one brand alone.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import ibis
import pandas as pd

from apex.measure.peers import LEAST_PEERS, main_categories
from apex.measure.windows import Window
from apex.warehouse import Warehouse

if TYPE_CHECKING:
    import ibis.expr.types as ir

LEAST_OTHERS = 2  # brands in a party: of one alone, the party's figure would be that brand's
PARTIES = ("us", "best", "others")
NO_CATEGORY = ""  # of a brand that has sold nothing: no event lies in it


@dataclass(frozen=True)
class Parties:
    """Who sells in a category beside `brand`: the `best` five by GMV (none where they would stand alone), and how many others.

    others: number of brands outside `brand` and `best`.
    """

    category: str
    brand: str
    best: tuple[str, ...]
    others: int

    @property
    def enough(self) -> bool:
        """Whether figures of the whole category may be shown: they give no single other brand away."""
        return len(self.best) + self.others != 1

    @property
    def shown(self) -> str:
        """The category to measure: "" where it may not be shown, so that nothing lies in it."""
        return self.category if self.enough else NO_CATEGORY

    @property
    def ids(self) -> list[str]:
        """The parties there are, us first."""
        return ["us", *(["best"] if self.best else []), *(["others"] if self.others else [])]

    def of(self, brands: "ir.StringValue") -> "ir.StringValue":
        """The party of each brand; one that is not known is among the others."""
        return ibis.cases(
            (brands == self.brand, "us"), (brands.isin(list(self.best) or [NO_CATEGORY]), "best"), else_="others"
        )


def category_of(warehouse: Warehouse, brand: str, day: date) -> str:
    """The brand's main category as `day` knows it (see `peers.main_categories`); "" where it has sold nothing by then."""
    found = main_categories(warehouse, [day], [brand])
    return str(found.category.iloc[0]) if len(found) else NO_CATEGORY


def parties(
    warehouse: Warehouse, category: str, brand: str, first: date, last: date, exclude: Collection[str] = ()
) -> Parties:
    """The brands that sold in the category from `first` to `last`, as parties.

    The best are the five largest others by GMV in that window. `exclude` are never among them. With fewer than five, or fewer
    than two brands left over, all others are one party.
    """
    bought = in_category(warehouse, category, first, last)
    sold = bought.group_by("brand").agg(gmv=bought.value_minor.sum()).execute()
    sold = sold[sold.brand.notna() & (sold.brand != brand)].sort_values(["gmv", "brand"], ascending=[False, True])
    best = tuple(sold.brand[~sold.brand.isin(list(exclude))][:LEAST_PEERS])
    if len(best) < LEAST_PEERS or len(sold) - len(best) < LEAST_OTHERS:
        best = ()
    return Parties(category, brand, best, len(sold) - len(best))


def in_category(warehouse: Warehouse, category: str, first: date, last: date) -> "ir.Table":
    """All purchase lines of a category from `first` to `last`, both included, with their day (`bought_on`).

    Where the data know of a purchase but not of which brand (`buy_category`), brand is null, and the money 0 if unknown.
    """
    events = warehouse.table("events")
    bought = events.filter(
        events.behaviour.isin(["buy", "buy_category"])
        & (events.category == category)
        & (events.occurred_at >= first)
        & (events.occurred_at < last + timedelta(days=1))
    )
    return bought.mutate(bought_on=bought.occurred_at.date(), value_minor=bought.value_minor.fill_null(0))


def daily(warehouse: Warehouse, category: str, first: date, last: date) -> pd.DataFrame:
    """GMV of the category on each day from `first` to `last`: day, gmv_minor (int), zeros included."""
    bought = in_category(warehouse, category, first, last)
    found = bought.group_by(day=bought.bought_on).agg(gmv_minor=bought.value_minor.sum()).execute()
    days = pd.date_range(first, last, freq="D")
    gmv = pd.Series(found.gmv_minor.to_numpy(dtype="int64"), pd.to_datetime(found.day)).reindex(days, fill_value=0)
    return pd.DataFrame({"day": days.date, "gmv_minor": gmv.to_numpy()})


def prices(warehouse: Warehouse, category: str, brand: str, first: date, last: date) -> pd.DataFrame:
    """What was sold of each subcategory by us and by all others together.

    Returns subcategory ("" where items have none), party (us, others), units, gmv_minor, brands (how many sold it): ints,
    sorted. A subcategory with one other brand stands in it: the frame is to compute with, not to be shown.
    """
    bought = in_category(warehouse, category, first, last)
    bought = bought.filter(bought.behaviour == "buy")
    items = warehouse.table("items").select("item_id", "subcategory").distinct(on="item_id")
    lines = bought.left_join(items, "item_id")
    lines = lines.select(
        "brand", "quantity", "value_minor", subcategory=lines.subcategory.fill_null(""),
        party=(lines.brand == brand).ifelse("us", "others"),
    )  # fmt: skip
    found = lines.group_by("subcategory", "party").agg(
        units=lines.quantity.sum(), gmv_minor=lines.value_minor.sum(), brands=lines.brand.nunique()
    )
    frame = found.execute().astype({"units": "int64", "gmv_minor": "int64", "brands": "int64"})
    return frame.sort_values(["subcategory", "party"], ignore_index=True)


def paid(warehouse: Warehouse, category: str, first: date, last: date, price: float) -> pd.Series:
    """What the category's buyers paid for a unit, on average for each of them.

    Returns low, middle, high (quartiles over buyers, minor units a unit), below (share of buyers who paid less than `price`),
    buyers; all missing where nobody bought.
    """
    bought = in_category(warehouse, category, first, last)
    bought = bought.filter(bought.behaviour == "buy")
    each = bought.group_by("consumer_id").agg(price=bought.value_minor.sum() / bought.quantity.sum())
    found = each.agg(
        low=each.price.quantile(0.25), middle=each.price.quantile(0.5), high=each.price.quantile(0.75),
        below=(each.price < price).mean(), buyers=each.count(),
    ).execute()  # fmt: skip
    return found.iloc[0].astype(float)


def searches(warehouse: Warehouse, category: str, brand: str, windows: Sequence[Window]) -> pd.DataFrame:
    """Searches in the category: by its own words, for us by name, for all other brands by name.

    Returns first_day, last_day, kind (category, us, others), searches, searchers (distinct): ints, every kind of every
    window, zeros included; `others` is left out of a window in which one other brand alone was named.
    """
    events, asked = warehouse.table("events"), asked_for(windows)
    rows = events.filter(
        events.behaviour.isin(["search_category", "search_brand"]) & (events.category == category)
    )  # fmt: skip
    rows = rows.select(
        "consumer_id", "brand", searched_on=rows.occurred_at.date(),
        kind=ibis.cases((rows.behaviour == "search_category", "category"), (rows.brand == brand, "us"), else_="others"),
    )  # fmt: skip
    rows = rows.join(asked, [rows.searched_on >= asked.first_day, rows.searched_on <= asked.last_day])
    found = rows.group_by("first_day", "last_day", "kind").agg(
        searches=rows.count(), searchers=rows.consumer_id.nunique(), brands=rows.brand.nunique()
    )
    frame = completed(found.execute(), windows, "kind", ("category", "us", "others"))
    alone = (frame.kind == "others") & (frame.brands == 1)
    return frame[~alone].drop(columns="brands").reset_index(drop=True)


def terms(warehouse: Warehouse, category: str, brand: str, windows: Sequence[Window]) -> pd.DataFrame:
    """What was searched for, word by word: category searches and those for us; other brands' names are not listed.

    Returns first_day, last_day, term, searches, searchers; empty where the data carry no terms (`detail`).
    """
    events, asked = warehouse.table("events"), asked_for(windows)
    ours = (events.behaviour == "search_category") | ((events.behaviour == "search_brand") & (events.brand == brand))
    rows = events.filter(ours & (events.category == category) & events.detail.notnull())
    rows = rows.select("consumer_id", term=rows.detail, searched_on=rows.occurred_at.date())
    rows = rows.join(asked, [rows.searched_on >= asked.first_day, rows.searched_on <= asked.last_day])
    found = rows.group_by("first_day", "last_day", "term").agg(
        searches=rows.count(), searchers=rows.consumer_id.nunique()
    )
    return completed(found.execute(), windows, "term", None)


def asked_for(windows: Sequence[Window]) -> "ir.Table":
    """Windows as a table to join with: first_day, last_day."""
    frame = pd.DataFrame(sorted(set(windows)), columns=["first_day", "last_day"])
    return ibis.memtable(frame, schema={"first_day": "date", "last_day": "date"})


def completed(found: pd.DataFrame, windows: Sequence[Window], key: str, values: Sequence[str] | None) -> pd.DataFrame:
    """Counts by window and `key`, days as dates, zeros for what was not found (values None: those that were), sorted."""
    for column in ("first_day", "last_day"):
        found[column] = pd.to_datetime(found[column]).dt.date
    keys = sorted(set(found[key])) if values is None else list(values)
    grid = pd.DataFrame(sorted(set(windows)), columns=["first_day", "last_day"]).merge(
        pd.DataFrame({key: pd.Series(keys, dtype="object")}), how="cross"
    )
    frame = grid.merge(found.astype({key: "object"}), on=["first_day", "last_day", key], how="left")
    counts = [c for c in frame.columns if c not in ("first_day", "last_day", key)]
    frame[counts] = frame[counts].fillna(0).astype("int64")
    if values is not None:
        frame[key] = pd.Categorical(frame[key], values, ordered=True)
    return frame
