"""Which kind of benefit people use: claims of the last year and what became of them, by who the claimant is today."""

from datetime import timedelta

import ibis
import pandas as pd

from apex.measure import benefits
from apex.measure.benefits import RIPE
from apex.warehouse import Warehouse

DAYS = 365


def used(warehouse: Warehouse, brand: str, people: pd.DataFrame, by: str) -> pd.DataFrame:
    """by, kind, offered, used: claims that had RIPE days to be used, by kind of benefit.

    people: consumer_id and the column `by` (null: left out). Empty where the data hold no claims or no kinds of benefits.
    """
    nothing = pd.DataFrame(columns=[by, "kind", "offered", "used"]).astype({"offered": "int64", "used": "int64"})
    if not warehouse.has("benefits") or not benefits.claimed(warehouse, brand):
        return nothing
    kinds = warehouse.table("benefits").select("brand", "coupon_id", "kind").distinct()
    kinds = kinds.filter((kinds.brand == brand) & kinds.kind.notnull())
    day = warehouse.last_day
    given = ibis.memtable(benefits.offers(warehouse, brand, day - timedelta(days=DAYS - 1), day, True, RIPE))
    both = given.join(kinds, given.benefit == kinds.coupon_id).select("consumer_id", "kind", "used_on").execute()
    both = both.merge(people[["consumer_id", by]].dropna(), on="consumer_id")
    if both.empty:
        return nothing
    found = both.groupby([by, "kind"]).used_on.agg(offered="size", used="count").reset_index()
    return found.astype({"offered": "int64", "used": "int64", by: object, "kind": object})
