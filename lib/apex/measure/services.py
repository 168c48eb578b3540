"""Which provider served which brand when, and what every brand did day by day: what a service's improvement is read from.

One pass of the engine over all brands' events; what comes back is a row a brand and day. Nothing is estimated here.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from apex.warehouse import Warehouse

SERVICES = ["provider", "brand", "track", "first_day", "last_day"]
# The five powers by what a day of any log can count of them (convention): goods, people, members, content, brand.
POWERS = {
    "goods": ("buy",), "crowd": ("buy", "cart", "favourite", "view", "engage", "follow", "search_brand"), "member": ("join",),
    "content": ("watch", "engage", "follow"), "brand": ("search_brand",),
}  # fmt: skip
MONEY = "gmv_minor"
MEASURES = (MONEY, *POWERS)


@dataclass(frozen=True)
class Trade:
    """daily: measure → (days, brands) frame without gaps, money in minor units, powers in consumers; category: of each brand, the
    one in which it sold most.
    """

    daily: dict[str, pd.DataFrame]
    category: pd.Series


def services(warehouse: Warehouse) -> pd.DataFrame:
    """SERVICES that had begun by the warehouse's day, in order of provider, day and brand; empty without the table."""
    if not warehouse.has("services"):
        return pd.DataFrame(columns=SERVICES)
    table = warehouse.table("services")
    found = table.filter(table.first_day <= warehouse.last_day).select(*SERVICES).execute()
    for column in ("first_day", "last_day"):
        found[column] = pd.to_datetime(found[column]).dt.date
    return found.sort_values(["provider", "first_day", "brand"], ignore_index=True)


def trade(warehouse: Warehouse, first: date) -> Trade:
    """Every brand's days from `first` to the warehouse's day."""
    import ibis

    events = warehouse.table("events")
    seen = events.filter(events.brand.notnull() & (events.occurred_at >= ibis.literal(first)))
    buys = seen.behaviour == "buy"
    found = (
        seen.group_by("brand", day=seen.occurred_at.date())
        .agg(
            **{MONEY: seen.value_minor.sum(where=buys).fill_null(0)},
            **{
                f"of_{name}": seen.consumer_id.nunique(where=seen.behaviour.isin(kinds))
                for name, kinds in POWERS.items()
            },
        )
        .execute()
    )
    sold = (
        seen.filter(buys & seen.category.notnull())
        .group_by("brand", "category")
        .agg(v=seen.value_minor.sum())
        .execute()
    )
    best = sold.sort_values(["brand", "v", "category"], ascending=[True, False, True]).drop_duplicates("brand")
    index = pd.Index(pd.date_range(first, warehouse.last_day, freq="D").date, name="day")
    brands = sorted(found.brand.unique())
    wide = found.assign(day=pd.to_datetime(found.day).dt.date).set_index(["day", "brand"])
    daily = {
        m: wide[m if m == MONEY else f"of_{m}"]
        .unstack("brand")
        .reindex(index=index, columns=brands)
        .astype(float)
        .fillna(0.0)
        for m in MEASURES
    }
    return Trade(daily, best.set_index("brand").category.reindex(brands))


def busy(found: pd.DataFrame, index: pd.Index, brands: "list[str]", fade: int) -> pd.DataFrame:
    """(days, brands) whether somebody serves the brand, or did within the last `fade` days."""
    out = np.zeros((len(index), len(brands)), bool)
    days, column = index.to_numpy("datetime64[D]"), {b: n for n, b in enumerate(brands)}
    for row in found.itertuples():
        if row.brand in column:
            last = np.datetime64(row.last_day, "D") + fade
            out[(days >= np.datetime64(row.first_day, "D")) & (days <= last), column[row.brand]] = True
    return pd.DataFrame(out, index, brands)
