"""The market item by item and period by period: the frame from which stages of life are read and hits are learned.

One pass of the engine over all that happened to items. What others sold stays in the frame, for standards and for learning;
no page shows a row of it.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import ibis
import numpy as np
import pandas as pd

from apex.measure.item_rules import ItemRules
from apex.warehouse import Warehouse

BEHAVIOURS = {"buy": "sales", "view": "views", "cart": "carts", "favourite": "favourites", "sample": "samples"}
COUNTS = (*BEHAVIOURS.values(), "units", "gmv_minor", "buyers")
MOST = 27  # periods: of two years and a little, so that the same season stands in it twice


@dataclass(frozen=True)
class Market:
    """What happened to every item of the market, by period.

    day: the last day seen. days: length of a period; period 0 ends on `day`, period n so many periods earlier. periods: how
    many the data hold whole, at most MOST. items: item_id, brand, category ("" where unknown), list_price_minor (null where
    unknown), age (days from its launch, else from its first sale seen, to `day`; null where nothing is known yet), censored
    (bool: no launch day, and sold so early in the data that it may be older). cells: row (of `items`), period, COUNTS (sales
    are purchase lines; buyers, distinct, of the asked brand alone), only where something happened.
    """

    day: date
    days: int
    periods: int
    items: pd.DataFrame
    cells: pd.DataFrame

    def ends(self, period: int) -> date:
        """The last day of a period."""
        return self.day - timedelta(days=period * self.days)

    def wide(self, count: str) -> np.ndarray:
        """One count as an array, a row an item (as in `items`), a column a period, zeros included."""
        made = np.zeros((len(self.items), self.periods), dtype="int64")
        made[self.cells.row.to_numpy(), self.cells.period.to_numpy()] = self.cells[count].to_numpy()
        return made

    def seen(self, count: str) -> int:
        """Periods, counted back from now, since the data first hold this count of any item; 0 where they never do."""
        there = self.cells.period[self.cells[count] > 0]
        return int(there.max()) + 1 if len(there) else 0


def market(warehouse: Warehouse, brand: str, rules: ItemRules, day: date) -> Market:
    """The market up to `day`, as `Market` says, with the buyers of one brand's items.

    Events of items that the table of items does not have are left out.
    """
    events = warehouse.table("events")
    named = events.filter(events.behaviour.isin(list(BEHAVIOURS)) & events.item_id.notnull())
    named = named.filter(named.occurred_at < day + timedelta(days=1))
    ago = ibis.literal(day).delta(named.occurred_at.date(), unit="day").cast("int32")
    named = named.select(
        "item_id",
        "brand",
        "behaviour",
        "consumer_id",
        "quantity",
        "value_minor",
        ago=ago,
        period=ago // rules.period_days,
    )
    found = named.group_by("item_id", "behaviour", "period").agg(
        events=named.count(),
        units=named.quantity.sum().fill_null(0).cast("int64"),
        gmv_minor=named.value_minor.sum().fill_null(0).cast("int64"),
        buyers=named.consumer_id.nunique(where=named.brand == brand),
        ago=named.ago.max(),
    )
    shelf = warehouse.table("items")
    launched = ibis.literal(day).delta(shelf.launched_on, unit="day")
    shelf = shelf.select(
        "item_id", "brand", "list_price_minor", category=shelf.category.fill_null(""), launched=launched
    )
    return _market(warehouse.first_day, rules, day, shelf.execute(), found.execute())


def _market(opened: date, rules: ItemRules, day: date, shelf: pd.DataFrame, found: pd.DataFrame) -> Market:
    shelf = shelf.sort_values("item_id", ignore_index=True)
    length, unknown = (day - opened).days, shelf.launched.isna()
    found = found.assign(row=pd.Index(shelf.item_id).get_indexer(found.item_id)).query("row >= 0")
    bought = found[found.behaviour == "buy"]
    sold = bought.groupby("row").ago.max().reindex(shelf.index)
    items = shelf[["item_id", "brand", "category", "list_price_minor"]].assign(
        age=shelf.launched.where(~unknown, sold).astype("Float64").astype("Int64"),
        censored=unknown & (sold > length - rules.burn_in_days).fillna(False),
    )
    periods, keys = min((length + 1) // rules.period_days, MOST), ["row", "period"]
    events = found[found.period < periods].pivot(index=keys, columns="behaviour", values="events")
    events = events.reindex(columns=list(BEHAVIOURS)).rename(columns=BEHAVIOURS)
    cells = (
        events.join(bought.set_index(keys)[["units", "gmv_minor", "buyers"]]).fillna(0).astype("int64").reset_index()
    )
    return Market(day, rules.period_days, periods, items, cells[[*keys, *COUNTS]].rename_axis(columns=None))
