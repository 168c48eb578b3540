"""Item assets: how many consumers stand shallow, deep, at a first or a repeat purchase of each item, and who bought it with
another (definitions 2, "Item-level assets").

Read from a ledger of level `item`, under any rules: stages that only purchases open are the buyers', the shallowest of them
`first`, the deeper ones `repeat`; of the stages before, the shallower half is `shallow`, the deeper one `deep`. Under
`deeplink` that is D, E1 | E2, P | I | N, K. A consumer of two items stands at both: items never add up to the brand.
"""

from datetime import date, timedelta
from typing import NamedTuple

import pandas as pd

from apex.ledger import Book
from apex.ledger.rules import Counting, RuleSet, Stage
from apex.measure.entities import stock_by_entity
from apex.measure.trade import purchases

GROUPS = ("shallow", "deep", "first", "repeat")
TOGETHER = (
    "together",
    "alone",
)  # of the buyers in the window: with another item of the brand in one order, or never so
PARTS = {"assets": GROUPS, "buyers": TOGETHER}


class ItemAssets(NamedTuple):
    """A brand's items on a day and one window's length before.

    parts: item_id, kind (assets, buyers), part (of PARTS; without what `unseen` names), now, before (Int64; before is null
    where the days do not compare). totals: item_id, kind, now, before: the sums of the parts. names: item_id → what to call
    it, its id behind a name that another item of the brand has too. unseen: the groups for which these data hold no
    behaviour that names an item.
    """

    parts: pd.DataFrame
    totals: pd.DataFrame
    names: dict[str, str]
    unseen: list[str]


def item_assets(book: Book, brand: str, before: date, day: date) -> ItemAssets:
    """Assets of each item at the end of `day` against `before`; buyers after `before` up to `day`, against as many days earlier.

    Every item that someone had a relation with by `day` has a row for each part, zeros included. ApexError for a book that
    is not of level item, or days outside what may be seen.
    """
    stood, bought = item_stock(book, brand, before, day), bought_together(book, brand, before, day)
    bought = bought[bought.item_id.isin(stood.item_id)]
    gone = unseen(book, brand)
    parts = pd.concat([stood[~stood.part.isin(gone)], bought], ignore_index=True)
    parts["part"] = pd.Categorical(parts.part, [*GROUPS, *TOGETHER], ordered=True)
    parts = parts.sort_values(["item_id", "part"], ignore_index=True)
    by = parts.assign(known=parts.before.notna()).groupby(["item_id", "kind"], as_index=False)
    totals = by.agg(now=("now", "sum"), before=("before", "sum"), known=("known", "all"))
    totals["before"] = totals.before.where(totals.known)
    return ItemAssets(parts, totals.drop(columns="known"), item_names(book, brand), gone)


def largest(items: ItemAssets, number: int) -> ItemAssets:
    """The same of the items with the most assets now; ties by id."""
    assets = items.totals[items.totals.kind == "assets"].sort_values(["now", "item_id"], ascending=[False, True])
    kept = list(assets.item_id[:number])
    parts, totals = (f[f.item_id.isin(kept)].reset_index(drop=True) for f in (items.parts, items.totals))
    return ItemAssets(parts, totals, {item: items.names.get(item, item) for item in kept}, items.unseen)


def groups(rules: RuleSet) -> dict[str, str]:
    """Stage id → its group, one of GROUPS: see the module's text."""
    depth = len(rules.stages)
    first = next((n for n, stage in enumerate(rules.stages) if _by_purchase(stage)), depth)
    before = ["shallow" if 2 * n < first else "deep" for n in range(first)]
    after = ["first" if n == first else "repeat" for n in range(first, depth)]
    return dict(zip(rules.ids, before + after, strict=True))


def _by_purchase(stage: Stage) -> bool:
    """Whether nobody reaches the stage without a purchase."""
    return all(any(isinstance(c, Counting) and c.behaviour == ["buy"] for c in clause) for clause in stage.simple)


def item_stock(book: Book, brand: str, before: date, day: date) -> pd.DataFrame:
    """Consumers of each item in each group on two days: item_id, kind (assets), part, now, before (Int64), zeros included."""
    stood = stock_by_entity(book, brand, [before, day])
    stood["part"] = stood.stage.astype(str).map(groups(book.rules))
    wide = stood.groupby(["entity", "part", "day"]).consumers.sum().unstack("day").astype("Int64")
    wide = wide.reindex(pd.MultiIndex.from_product([sorted(set(stood.entity)), GROUPS]), fill_value=0)
    wide = wide.reindex(columns=[before, day], fill_value=0)
    frame = wide.rename_axis(["item_id", "part"]).reset_index().set_axis(["item_id", "part", "before", "now"], axis=1)
    same = pd.DataFrame({"now": book.windows_on(day), "then": book.windows_on(before)})
    same = same.now.eq(same.then).groupby(list(groups(book.rules).values())).all()  # a younger window saw less
    frame["before"] = frame.before.where(frame.part.map(same).fillna(True).astype(bool))
    return frame.assign(kind="assets")[["item_id", "kind", "part", "now", "before"]]


def bought_together(book: Book, brand: str, before: date, day: date) -> pd.DataFrame:
    """Buyers of each item after `before` up to `day` (now), and in as many days up to `before`, by whether any order of theirs
    held another item of the brand besides (连带).

    Returns item_id, kind (buyers), part (together, alone), now, before (Int64): every item of the brand, zeros included;
    before is null where the data do not reach back so far. An order is a basket, else a consumer's day.
    """
    start = before - (day - before)
    bought = purchases(book.warehouse, brand, start + timedelta(days=1), day)
    bought = bought.filter(bought.item_id.notnull())
    now = bought.occurred_at >= before + timedelta(days=1)
    lines = bought.select("consumer_id", "order_id", "item_id", now=now).distinct()
    beside = lines.count().over(group_by=[lines.now, lines.consumer_id, lines.order_id]) > 1
    lines = lines.mutate(beside=beside)
    buyers = lines.group_by("item_id", "now", "consumer_id").agg(together=lines.beside.any())
    counted = buyers.group_by("item_id", "now", "together").agg(consumers=buyers.count()).execute()
    items = book.warehouse.table("items")
    every = set(items.filter(items.brand == brand).item_id.execute()) | set(counted.item_id)
    counted["part"] = counted.together.map({True: "together", False: "alone"})
    grid = pd.MultiIndex.from_product([sorted(every), TOGETHER], names=["item_id", "part"])
    frame = pd.DataFrame(
        {
            name: counted[counted.now == when].set_index(grid.names).consumers.reindex(grid, fill_value=0)
            for name, when in (("now", True), ("before", False))
        }
    )
    frame = frame.astype("Int64").reset_index().assign(kind="buyers")
    if start < book.warehouse.first_day - timedelta(days=1):
        frame["before"] = pd.array([pd.NA] * len(frame), "Int64")
    return frame[["item_id", "kind", "part", "now", "before"]]


def unseen(book: Book, brand: str) -> list[str]:
    """The groups that nobody can be seen in: no behaviour that leads to one of their stages names an item in these data."""
    events = book.warehouse.table("events")
    named = events.filter((events.brand == brand) & events.item_id.notnull())
    seen = set(named.behaviour.topk(100).execute().iloc[:, 0])
    group_of, reached = groups(book.rules), set()
    for stage in book.rules.stages:
        for condition in (c for clause in stage.simple for c in clause):
            opened = condition.behaviour if isinstance(condition, Counting) else [condition.status.open]
            if seen & set(opened):
                reached.add(group_of[stage.id])
    return [group for group in GROUPS if group in group_of.values() and group not in reached]


def item_names(book: Book, brand: str) -> dict[str, str]:
    """item_id → its name (else the id), with the id behind a name that more than one item of the brand has."""
    items = book.warehouse.table("items")
    mine = items.filter(items.brand == brand)
    frame = mine.select("item_id", name=mine.name if "name" in items.columns else mine.item_id).execute()
    frame["name"] = frame.name.fillna(frame.item_id)
    twice = frame.name.duplicated(keep=False) & (frame.name != frame.item_id)
    named = frame.name.where(~twice, frame.name + " (" + frame.item_id + ")")
    return dict(zip(frame.item_id, named, strict=True))


def one_line_each(items: ItemAssets) -> pd.DataFrame:
    """A row an item, so that it is shown whole or not at all: item_id, a column a part (now), before (assets of all stages).

    An item of which some part is small says little in the others, and sums over items are of no people.
    """
    wide = items.parts.assign(part=items.parts.part.astype(str)).pivot(index="item_id", columns="part", values="now")
    parts = [part for part in (*GROUPS, *TOGETHER) if part in wide]
    before = items.totals[items.totals.kind == "assets"].set_index("item_id").before
    return wide[parts].rename_axis(columns=None).assign(before=before).reset_index()


def parts_and_totals(shown: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """`parts` and `totals` of `ItemAssets` again, from what may be shown of `one_line_each`; both with `suppressed`."""
    keys = ["item_id", "suppressed"]
    parts, totals = [], []
    for kind, names in PARTS.items():
        there = [name for name in names if name in shown]
        parts.append(shown.melt(keys, there, "part", "now").assign(kind=kind))
        whole = shown[there].sum(axis=1, skipna=False).astype("Int64").mask(shown.suppressed)
        before = shown.before if kind == "assets" else pd.array([pd.NA] * len(shown), "Int64")
        totals.append(shown[keys].assign(kind=kind, now=whole, before=before))
    return pd.concat(parts, ignore_index=True), pd.concat(totals, ignore_index=True)
