"""Businesses: through which formats of selling a brand's buyers buy, which they begin with, and where else they go.

A purchase without a business is filed under `unknown`, a cell of its own, so that GMV over businesses adds to the brand's.
Buyers do not add: whoever buys in two is counted in both, and once for the brand. `bought` is therefore counted by the
*combination* of businesses of each buyer; `apex.measure.overlaps` takes everything else from it.
"""

from datetime import date, timedelta
from typing import TYPE_CHECKING

import ibis
import pandas as pd

from apex.measure.trade import purchases
from apex.warehouse import Warehouse

if TYPE_CHECKING:
    import ibis.expr.types as ir

UNKNOWN = "unknown"
JOIN = " + "  # between the businesses of a combination
ANY = "any"  # in at least one business, each consumer once
SAME, NEVER = "same", "never"  # instead of a second business: bought again where they began, did not buy again
YEAR = 365


def lines(warehouse: Warehouse, brand: str, first: date, last: date) -> "ir.Table":
    """A brand's purchase lines as `trade.purchases`, with a business that is never null and never holds JOIN."""
    found = purchases(warehouse, brand, first, last)
    return found.mutate(business=found.business.fill_null(UNKNOWN).replace(JOIN, "+"))


def bought(warehouse: Warehouse, brand: str, day: date, days: int = YEAR) -> pd.DataFrame:
    """Buyers of the `days` days up to `day`, by the combination of businesses they bought in, and what they paid in each.

    Returns period, combination (its businesses in order of name, joined by JOIN), business, consumers, gmv_minor, orders
    (ints): one row a business of a combination. period is `now`, and `before` for the equal window before, where the data
    reach back that far. Over all rows of a period gmv_minor adds to the brand's GMV; consumers add over combinations.
    """
    middle = day - timedelta(days=days - 1)
    first = day - timedelta(days=2 * days - 1)
    sold = lines(warehouse, brand, first if first >= warehouse.first_day else middle, day)
    sold = sold.mutate(period=(sold.occurred_at >= middle).ifelse("now", "before"))
    each = sold.group_by("period", "consumer_id", "business").agg(
        gmv_minor=sold.value_minor.sum(), orders=sold.order_id.nunique()
    )
    whole = ibis.window(
        group_by=["period", "consumer_id"], order_by="business", preceding=None, following=None
    )  # all of a consumer's businesses, in order of name
    each = each.mutate(combination=each.business.group_concat(JOIN).over(whole))
    counted = each.group_by("period", "combination", "business").agg(
        consumers=each.count(), gmv_minor=each.gmv_minor.sum(), orders=each.orders.sum()
    )
    keys = ["period", "combination", "business"]
    frame = counted.execute().astype({"consumers": "int64", "gmv_minor": "int64", "orders": "int64"})
    return frame[[*keys, "consumers", "gmv_minor", "orders"]].sort_values(keys, ignore_index=True)


def entry(warehouse: Warehouse, brand: str, day: date, look_back: int = YEAR, follow: int = 180) -> pd.DataFrame:
    """In which business buyers began, and the next other one they bought in within `follow` days of their first purchase.

    Buyers whose first purchase in the data falls into the `look_back` days up to `day` − `follow`, so that each was followed
    equally long. Whoever bought before the data begin looks new (left-censored). Returns first, second (another business,
    SAME: bought again but nowhere else, NEVER: did not buy again), consumers: every pair, zeros included.
    """
    until, since = day - timedelta(days=follow), day - timedelta(days=follow + look_back)
    sold = lines(warehouse, brand, warehouse.first_day, day)
    own = ibis.window(group_by="consumer_id", order_by=[sold.occurred_at, sold.seq, sold.business])
    on = sold.occurred_at.date()
    sold = sold.mutate(
        bought_on=on, number=ibis.row_number().over(own), first=sold.business.first().over(own),
        began=on.min().over(group_by="consumer_id"),
    )  # fmt: skip
    followed = sold.bought_on <= sold.began + ibis.interval(days=follow)
    sold = sold.filter((sold.began > since) & (sold.began <= until) & followed)
    each = sold.group_by("consumer_id", "first").agg(
        second=sold.business.argmin(sold.number, where=sold.business != sold["first"]), orders=sold.order_id.nunique()
    )
    each = each.mutate(second=each.second.fill_null((each.orders > 1).ifelse(SAME, NEVER)))
    counted = each.group_by("first", "second").agg(consumers=each.count()).execute()
    names = sorted({*counted["first"], *counted.second} - {SAME, NEVER})
    grid = [(a, b) for a in names for b in [*names, SAME, NEVER] if a != b]
    index = pd.MultiIndex.from_tuples(grid, names=["first", "second"])
    full = counted.set_index(["first", "second"]).consumers.reindex(index, fill_value=0)
    return full.astype("int64").reset_index()


def crossed(warehouse: Warehouse, brand: str, day: date, days: int = 180) -> pd.DataFrame:
    """Of those who bought in one business only in the `days` days before the last `days`: who bought where in the last ones.

    Returns business (the only one then), later (a business, or ANY), consumers (of the earlier period), buyers (of them,
    in the later one), others (of them, not): every pair, zeros included. A consumer may be a buyer in several rows. Empty
    where the data do not hold both periods whole.
    """
    first, middle = day - timedelta(days=2 * days - 1), day - timedelta(days=days - 1)
    columns = ["business", "later", "consumers", "buyers", "others"]
    if first < warehouse.first_day:
        return pd.DataFrame(columns=columns).astype(dict.fromkeys(columns[2:], "int64"))
    sold = lines(warehouse, brand, first, day)
    late = sold.occurred_at >= middle
    each = sold.group_by("consumer_id", "business").agg(before=(~late).any(), after=late.any())
    of_one = ibis.window(group_by="consumer_id")
    each = each.mutate(
        homes=each.before.sum().over(of_one), home=each.business.max(where=each.before).over(of_one),
        any=each.after.any().over(of_one),
    )  # fmt: skip
    each = each.filter(each.homes == 1)
    counted = each.group_by("home", "business").agg(
        buyers=each.after.sum(), consumers=each.before.sum(), any=(each.before & each["any"]).sum()
    )
    found = counted.execute()
    homes = sorted(set(found.home))
    size = found[found.home == found.business].set_index("home")
    index = pd.MultiIndex.from_product([homes, [*sorted(set(found.business)), ANY]], names=["business", "later"])
    pairs = found.set_index(["home", "business"]).buyers.rename_axis(["business", "later"])
    frame = pairs.reindex(index, fill_value=0).reset_index()
    every = frame.later == ANY
    frame.loc[every, "buyers"] = frame.business[every].map(size["any"])
    frame["consumers"] = frame.business.map(size.consumers)
    frame["others"] = frame.consumers - frame.buyers
    return frame[columns].astype(dict.fromkeys(columns[2:], "int64"))


def penetration(
    warehouse: Warehouse, brand: str, day: date, trait: str = "city_tier", days: int = YEAR
) -> pd.DataFrame:
    """Which share of the consumers of each city tier (or level of another trait) bought in each business in `days` days.

    Returns level (of the trait; UNKNOWN where it is not known), business (or ANY), consumers (all of that level in the
    market), buyers (ints): every pair, zeros included.
    """
    sold = lines(warehouse, brand, day - timedelta(days=days - 1), day)
    people = warehouse.table("consumers")
    people = people.select("consumer_id", level=people[trait].cast("string").fill_null(UNKNOWN))
    pairs = sold.select("consumer_id", "business").distinct()
    once = sold.select("consumer_id", business=ibis.literal(ANY)).distinct()
    buyers = people.join(pairs.union(once), "consumer_id").select("level", "business")
    everyone = people.select("level", business=ibis.null("string"))
    both = buyers.union(everyone)
    counted = both.group_by("level", "business").agg(consumers=both.count()).execute()
    size = counted[counted.business.isna()].set_index("level").consumers
    found = counted[counted.business.notna()].set_index(["level", "business"]).consumers
    names = [*sorted({*found.index.get_level_values("business")} - {ANY}), ANY]
    levels = sorted(size.index, key=lambda level: (level == UNKNOWN, level))
    rows = [(level, name, size[level], found.get((level, name), 0)) for level in levels for name in names]
    frame = pd.DataFrame(rows, columns=["level", "business", "consumers", "buyers"])
    return frame.astype({"consumers": "int64", "buyers": "int64"})


def indexed(shown: pd.DataFrame, sums: pd.Series, everyone: int) -> pd.DataFrame:
    """The frame of `penetration`, as it may be shown, with share and index (1: bought as often as in the whole market).

    sums: all buyers of each business (and of ANY) as they may be shown, by name; everyone: all consumers of the market.
    """
    share = (shown.buyers / shown.consumers.where(shown.consumers > 0)).astype("Float64")
    mean = shown.business.map(sums).astype("Float64") / max(everyone, 1)
    return shown.assign(share=share, index=(share / mean.where(mean > 0)).astype("Float64"))
