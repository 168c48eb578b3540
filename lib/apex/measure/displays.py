"""What stores sold of an item in the weeks in which they promoted it, and in the weeks in which they did not.

The same item is on display, or in the circular, in some stores and not in others in the same week: that is a comparison which
nobody designed and which goods, weeks and stores cannot spoil, since each item is compared with itself. Counting only;
`apex.model.displays` says what it means.
"""

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from apex.warehouse import Warehouse

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

MEANS = ("display", "mailer")  # columns of `promotions`: shown in the store, shown in the circular
ITEMS = 30  # of a brand, those sold most often
WEEKLY = 2.0  # lines of the brand that a store must sell a week to be compared


@dataclass(frozen=True)
class Cells:
    """All of ITEMS × stores × periods of equal promotions (weeks). units, value_minor: (I, S, W) sold; shown: means → (I, S, W)
    bool. items, stores: their ids; weeks: the first day of each.
    """

    items: tuple[str, ...]
    stores: tuple[str, ...]
    weeks: tuple[date, ...]
    units: "Floats"
    value_minor: "Floats"
    shown: dict[str, "NDArray[np.bool_]"]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Items, stores, weeks."""
        return len(self.items), len(self.stores), len(self.weeks)


def cells(warehouse: Warehouse, brand: str, items: int = ITEMS, weekly: float = WEEKLY) -> Cells | None:
    """The brand's cells as the (cut) warehouse sees them; None without promotions in stores or without purchases there.

    items: at most so many, by units sold; weekly: lines a week from which on a store counts. Stores without any promotion on
    record are left out: nobody wrote down what they showed. A promotion counts from its first day, and only in weeks that
    have begun by the warehouse's day.
    """
    import ibis

    if not warehouse.has("promotions"):
        return None
    events, promotions = warehouse.table("events"), warehouse.table("promotions")
    bought = events.filter((events.brand == brand) & (events.behaviour == "buy") & events.store_id.notnull())
    top = (
        bought.group_by("item_id").agg(units=bought.quantity.sum()).order_by(ibis.desc("units"), "item_id").limit(items)
    )
    ids = top.execute().item_id.dropna().tolist()
    runs = promotions.filter(promotions.item_id.isin(ids) & (promotions.first_day <= warehouse.last_day))
    shown = runs.select("item_id", "store_id", "first_day", *MEANS).execute()
    if shown.empty:
        return None
    starts = np.unique(shown.first_day.to_numpy("datetime64[D]"))
    sold = (
        bought.filter(bought.item_id.isin(ids))
        .group_by("item_id", "store_id", day=bought.occurred_at.date())
        .agg(units=bought.quantity.sum(), value_minor=bought.value_minor.sum())
        .execute()
    )
    lines = bought.group_by("store_id").agg(lines=bought.count()).execute()
    known = promotions.select("store_id").distinct().execute().store_id
    stores = sorted(set(lines.store_id[lines.lines >= weekly * len(starts)]) & set(known))
    if not stores:
        return None
    at = (pd.Index(ids), pd.Index(stores))
    sold["week"] = np.searchsorted(starts, sold.day.to_numpy("datetime64[D]"), side="right") - 1
    shown["week"] = np.searchsorted(starts, shown.first_day.to_numpy("datetime64[D]"))
    shape = (len(ids), len(stores), len(starts))
    grids = {name: np.zeros(shape) for name in ("units", "value_minor")}
    mine = sold[sold.store_id.isin(stores) & (sold.week >= 0)]
    where = (*(index.get_indexer(mine[c]) for index, c in zip(at, ("item_id", "store_id"), strict=True)), mine.week)
    for name, grid in grids.items():
        np.add.at(grid, where, mine[name].to_numpy(float))
    flags = {}
    for means in MEANS:
        run = shown[shown[means].notna() & shown.store_id.isin(stores)]
        flags[means] = np.zeros(shape, bool)
        flags[means][at[0].get_indexer(run.item_id), at[1].get_indexer(run.store_id), run.week] = True
    days = tuple(d.astype(object) for d in starts)
    return Cells(tuple(ids), tuple(stores), days, grids["units"], grids["value_minor"], flags)
