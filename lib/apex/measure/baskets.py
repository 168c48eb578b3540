"""Which items a brand sold in two windows, and how far a unit's money moved because items cost more or others were bought."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import ibis
import numpy as np
import pandas as pd

from apex.measure.windows import Window
from apex.warehouse import Warehouse

if TYPE_CHECKING:
    import ibis.expr.types as ir

MEASURES = ["units", "gmv_minor"]


class Level(NamedTuple):
    """How the money a unit brings moved. price: what the same items cost, now ÷ then; mix: what else moved it, now ÷ then.

    items: items sold in both windows; share: of what was paid now, on such items.
    """

    price: float
    mix: float
    items: int
    share: float


def sold(warehouse: Warehouse, brand: str, windows: Mapping[str, Window]) -> pd.DataFrame:
    """What a brand sold of each item in each window: period, item_id, units, gmv_minor (paid, discounts taken off; ints).

    Lines that name no item, or do not say how many, are left out.
    """
    events = warehouse.table("events")
    on = ibis.memtable(
        pd.DataFrame([(n, *days) for n, days in windows.items()], columns=["period", "first", "last"]),
        schema={"period": "string", "first": "date", "last": "date"},
    )
    bought: ir.Table = events.filter(
        (events.brand == brand) & (events.behaviour == "buy") & events.item_id.notnull() & (events.quantity > 0)
    )
    bought = bought.select("item_id", "quantity", "value_minor", day=bought.occurred_at.date())
    met = bought.join(on, [bought.day >= on["first"], bought.day <= on["last"]])
    found = met.group_by("period", "item_id").agg(units=met.quantity.sum(), gmv_minor=met.value_minor.sum()).execute()
    found = found.astype(dict.fromkeys(MEASURES, "int64")).sort_values(["period", "item_id"], ignore_index=True)
    return found[["period", "item_id", *MEASURES]]


def level(sold: pd.DataFrame, then: str, now: str) -> Level | None:
    """Price and mix between two windows of the frame of `sold`; None where no item was sold, and paid for, in both.

    price is Fisher's ideal index over the items of both windows (Fisher, *The Making of Index Numbers*, 1922): the geometric mean
    of what the baskets of either window cost at both windows' prices; with the windows swapped it is its inverse. mix is the
    rest of the change of the money a unit brings: other items, the same prices.
    """
    wide = sold.pivot(index="item_id", columns="period", values=MEASURES).reindex(
        columns=pd.MultiIndex.from_product([MEASURES, [then, now]])
    )
    wide = wide.fillna(0).astype(float)
    units, paid = ({p: wide[m][p].to_numpy() for p in (then, now)} for m in MEASURES)
    both = (paid[then] > 0) & (paid[now] > 0)
    if not both.any():
        return None
    unit = {p: paid[p][both] / units[p][both] for p in (then, now)}
    bases = [(unit[now] * units[p][both]).sum() / (unit[then] * units[p][both]).sum() for p in (then, now)]
    price = float(np.sqrt(bases[0] * bases[1]))
    change = (paid[now].sum() / units[now].sum()) / (paid[then].sum() / units[then].sum())
    return Level(price, float(change) / price, int(both.sum()), float(paid[now][both].sum() / paid[now].sum()))
