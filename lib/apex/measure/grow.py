"""What growth is made of: buyers, orders and money of one brand, cell by cell, in windows of equal length.

A cell is a category (the level is a parameter), a crowd, a city tier, or new and old customers. A consumer who buys in two
categories is a buyer of both cells; in every other cut a consumer stands in one cell. Counts come by `bucket` as well, a
hundredth of all consumers each: leaving out one bucket after the other tells how far a figure hangs on who happened to buy
(`apex.model.grow`), without a row for any consumer.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import ibis
import ibis.expr.types as ir
import pandas as pd

from apex.errors import ApexError, nearest
from apex.measure.peers import Peers, scope
from apex.measure.trade import ordered, purchases
from apex.measure.windows import Window
from apex.warehouse import Warehouse

BUCKETS = 100
LEVELS = ("category", "subcategory", "department")  # what may be a cell of the headline
MEASURES = ["buyers", "orders", "gmv_minor"]
KEYS = ["period", "cut", "cell"]
WHOLE, HISTORY = "all", "history"  # cuts that are no column
UNKNOWN, OTHER = "", "*"  # cells: nobody knows; those too small to be shown alone
MARKET = ""  # in place of a brand: all of them
YEAR = 365


def windows(warehouse: Warehouse, last: date, days: int) -> dict[str, Window]:
    """The window of `days` days up to `last` as `now`, and what it may be held against, as far as the data reach back.

    `year`: as many days up to the same date a year earlier; `before`: the days just before. First the one to be preferred:
    a year earlier has the same season.
    """
    length, first = timedelta(days=days - 1), last - timedelta(days=days - 1)
    leap = (last.month, last.day) == (2, 29)
    ends = {"year": last.replace(year=last.year - 1, day=28 if leap else last.day), "before": first - timedelta(days=1)}
    earlier = {name: (end - length, end) for name, end in ends.items() if end - length >= warehouse.first_day}
    return {"now": (first, last), **earlier}


def chosen(windows: Mapping[str, Window], wanted: str) -> str | None:
    """The name of the window to be compared with: the wanted one, else the first there is; None where there is none."""
    earlier = [name for name in windows if name != "now"]
    return wanted if wanted in earlier else earlier[0] if earlier else None


def lookback(warehouse: Warehouse, windows: Mapping[str, Window]) -> int:
    """Days before each window in which a purchase makes an old customer: a year, or what the earliest window can see.

    The same for every window, because a longer memory alone would find more old customers.
    """
    return min(YEAR, (min(first for first, _ in windows.values()) - warehouse.first_day).days)


def known(warehouse: Warehouse, columns: Sequence[str]) -> list[str]:
    """Those of the columns that the consumers' table has and knows of anybody, in the order given."""
    people = warehouse.table("consumers")
    there = [c for c in columns if c in people.columns]
    counts = people.agg(**{c: people[c].count() for c in there}).execute().iloc[0] if there else {}
    return [c for c in there if counts[c] > 0]


def cells(
    warehouse: Warehouse,
    brand: str,
    windows: Mapping[str, Window],
    level: str = "category",
    traits: Sequence[str] = (),
    history: int = 0,
) -> pd.DataFrame:
    """Buyers, orders and GMV of a brand in each window, by cell of every cut and by bucket of consumers.

    Cuts: `all`, `level` (one of LEVELS), each of `traits` (columns of consumers), and with `history` > 0 days of memory
    `history` with the cells `old` (bought the brand in so many days before the window) and `new`. Returns period, cut, cell,
    bucket, buyers (distinct), orders, gmv_minor: ints, only what is not 0. Over buckets buyers, orders and GMV add up; over
    the cells of a cut GMV does. Raises ApexError for a level that is none.
    """
    if level not in LEVELS:
        raise ApexError(f'grow: the level "{level}" is none of {", ".join(LEVELS)}.{nearest(level, LEVELS)}')
    rows = [(name, first - timedelta(days=history), first, last) for name, (first, last) in windows.items()]
    asked = pd.DataFrame(rows, columns=["period", "since", "first", "last"])
    dates = {"period": "string", "since": "date", "first": "date", "last": "date"}
    on = ibis.memtable(asked, schema=dates)
    lines = purchases(warehouse, brand, asked["since"].min(), asked["last"].max())
    lines = lines.select("consumer_id", "order_id", "item_id", "category", "value_minor", day=lines.occurred_at.date())
    lines = lines.join(on, [lines.day >= on["since"], lines.day <= on["last"]])
    lines = lines.mutate(earlier=(lines.day < lines["first"]).any().over(group_by=["period", "consumer_id"]))
    lines = lines.filter(lines.day >= lines["first"])
    if level != "category":
        items = warehouse.table("items")
        lines = lines.left_join(items.select("item_id", **{level: items[level]}), "item_id")
    if traits:
        lines = lines.left_join(warehouse.table("consumers").select("consumer_id", *traits), "consumer_id")
    cuts: dict[str, ir.Value] = {WHOLE: ibis.literal(WHOLE), **{c: lines[c] for c in (level, *traits)}}
    if history:
        cuts[HISTORY] = lines.earlier.ifelse("old", "new")
    named = [ibis.struct({"cut": cut, "cell": cell.fill_null(UNKNOWN)}) for cut, cell in cuts.items()]
    every = lines.select("period", "consumer_id", "order_id", "value_minor", at=ibis.array(named).unnest())
    every = every.mutate(cut=every["at"].cut, cell=every["at"].cell, bucket=every.consumer_id % BUCKETS)
    found = every.group_by(*KEYS, "bucket").agg(
        buyers=every.consumer_id.nunique(), orders=every.order_id.nunique(), gmv_minor=every.value_minor.sum()
    )
    return _tidy(found.execute(), [*KEYS, "bucket"], MEASURES)


def market(warehouse: Warehouse, windows: Mapping[str, Window], level: str, names: Sequence[str]) -> pd.DataFrame:
    """Everybody who bought in these cells of the market, whatever the brand: the people a brand could win there.

    Returns period, cut (the level), cell, bucket, buyers (distinct), as `cells` does; `buy_category` counts as buying.
    """
    rows = [(name, first, last) for name, (first, last) in windows.items()]
    on = ibis.memtable(
        pd.DataFrame(rows, columns=["period", "first", "last"]),
        schema={"period": "string", "first": "date", "last": "date"},
    )
    bought = _bought(warehouse, min(f for f, _ in windows.values()), max(e for _, e in windows.values()))
    if level == "category":
        bought = bought.mutate(cell=bought.category)
    else:
        items = warehouse.table("items")
        bought = bought.left_join(items.select("item_id", cell=items[level]), "item_id")
    bought = bought.mutate(cell=bought.cell.fill_null(UNKNOWN), bought_on=bought.occurred_at.date())
    bought = bought.filter(bought.cell.isin(list(names)))
    bought = bought.join(on, [bought.bought_on >= on["first"], bought.bought_on <= on["last"]])
    found = bought.group_by("period", "cell", bucket=bought.consumer_id % BUCKETS).agg(
        buyers=bought.consumer_id.nunique()
    )
    return _tidy(found.execute().assign(cut=level), [*KEYS, "bucket"], ["buyers"])


def rivals(warehouse: Warehouse, brand: str, found: Peers, window: Window) -> pd.DataFrame:
    """Buyers, orders and GMV of a brand and each of its peers in the part of the market where they meet, by bucket.

    That part is the peers' common category, else their department, else all. Returns brand (MARKET: every buyer there, of
    any brand), bucket, buyers, orders, gmv_minor. Of peers only quartiles and the mean of the best may be shown.
    """
    bought = _bought(warehouse, *window)
    categories = scope(warehouse, found)
    if categories is not None:
        bought = bought.filter(bought.category.isin(categories))
    bought = ordered(bought).mutate(mine=bought.brand.isin([brand, *found.frame.brand]).fill_null(False))
    every = bought.select("consumer_id", "order_id", "value_minor", "mine", "brand", side=ibis.array([0, 1]).unnest())
    every = every.filter((every.side == 0) | every.mine)
    named = (every.side == 0).ifelse(MARKET, every.brand)
    counted = every.group_by(brand=named, bucket=every.consumer_id % BUCKETS).agg(
        buyers=every.consumer_id.nunique(),
        orders=every.order_id.nunique(),
        gmv_minor=every.value_minor.sum().fill_null(0),
    )
    return _tidy(counted.execute(), ["brand", "bucket"], MEASURES)


def pooled(frame: pd.DataFrame, level: str, threshold: int) -> dict[tuple[str, str], str]:
    """Which cells are too small to be shown alone, as (cut, cell) → OTHER.

    frame: that of `cells`. A cell with 1 to `threshold` − 1 buyers in any of its windows joins the cell `OTHER` of its cut,
    with the next smallest until that has enough people itself (of a category, where people overlap: until one of its
    members alone has). So every cell shown is large, nothing is hidden, and the cells still add up to the whole.
    """
    found: dict[tuple[str, str], str] = {}
    for cut, rows in frame[frame.cut != WHOLE].groupby("cut"):
        counts = rows.pivot_table(index="cell", columns="period", values="buyers", aggfunc="sum", fill_value=0)
        small = ((counts > 0) & (counts < threshold)).any(axis=1)
        members, rest = list(counts.index[small]), counts[~small]
        rest = rest.loc[rest.max(axis=1).sort_values(kind="stable").index]
        while members:
            of = counts.loc[members]
            people = of.max() if cut == level else of.sum()
            if rest.empty or not ((of.sum() > 0) & (people < threshold)).any():
                break
            members, rest = [*members, rest.index[0]], rest.iloc[1:]
        found |= {(str(cut), cell): OTHER for cell in members}
    return found


def pool(frame: pd.DataFrame, small: Mapping[tuple[str, str], str]) -> pd.DataFrame:
    """A frame of `cells` or `market` with its small cells (see `pooled`) as one."""
    names = [small.get(key, key[1]) for key in zip(frame.cut, frame.cell, strict=True)]
    sums = frame.assign(cell=names).groupby([*KEYS, "bucket"], as_index=False).sum()
    return sums[frame.columns]


def _bought(warehouse: Warehouse, first: date, last: date) -> ir.Table:
    """Purchases of anything in a category, from `first` to `last`."""
    events = warehouse.table("events")
    days = (events.occurred_at >= first) & (events.occurred_at < last + timedelta(days=1))
    return events.filter(events.behaviour.isin(["buy", "buy_category"]) & days)


def _tidy(frame: pd.DataFrame, keys: list[str], counts: list[str]) -> pd.DataFrame:
    frame = frame[[*keys, *counts]].astype(dict.fromkeys(("bucket", *counts), "int64"))
    return frame.sort_values(keys, ignore_index=True)
