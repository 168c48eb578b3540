"""Who the consumers are: one row each with their crowd, stage and purchases, and what is counted from it.

A division puts every consumer into one cell: the first crowd of a rule file that he meets (the order of the file is the
tie-break), or the value of a trait. UNKNOWN are those of whom the data know too little, OTHER those who meet no rule.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import ibis
import pandas as pd

from apex.ledger import Book
from apex.measure import crowds as crowd_measure
from apex.measure.assets import NONE
from apex.measure.crowd_file import Crowds
from apex.measure.crowd_rules import OPPORTUNITY, Trait, traits_of
from apex.measure.grow import BUCKETS, MARKET, OTHER, UNKNOWN, known
from apex.measure.peers import Peers, scope
from apex.measure.trade import purchases
from apex.measure.windows import Window
from apex.warehouse import Warehouse

if TYPE_CHECKING:
    import ibis.expr.types as ir

RULES = "rules"  # in a list of divisions: the rule file, in place of a trait
CELL = "cell"  # the column that holds the division
PARTS = ("both", "who_only", "against_only")  # what two groups consist of
AGREEMENT = ("both", "rules_only", "trait_only", "neither")  # what `agreement` counts
YEAR = 365
MOST_VALUES = 40


@dataclass(frozen=True)
class Division:
    """How consumers are divided. by: RULES, a trait, or "" where nothing is known. cells: in order, UNKNOWN last.

    missing: the traits that the rule file needs and nobody has.
    """

    by: str
    cells: tuple[str, ...]
    missing: tuple[str, ...]


def division(warehouse: Warehouse, rules: Crowds, wanted: Sequence[str]) -> Division:
    """The first of the wanted divisions (RULES, or traits) that the data know of anybody."""
    needed = list(dict.fromkeys(t for name in rules.names for _, leaf in rules.leaves(name) for t in traits_of(leaf)))
    there = known(warehouse, [*needed, *(w for w in wanted if w != RULES)])
    missing = tuple(trait for trait in needed if trait not in there)
    for name in wanted:
        if name == RULES and not missing:
            return Division(RULES, (*rules.names, OTHER, UNKNOWN), missing)
        if name in there:
            people = warehouse.table("consumers")
            values = people[name].cast("string").name("value").as_table().distinct().execute().value.dropna()
            return Division(name, (*sorted(values), UNKNOWN), missing)
    return Division("", (UNKNOWN,), missing)


def computable(warehouse: Warehouse, rules: Crowds) -> tuple[list[str], list[str]]:
    """The crowds of a file whose traits the data know of anybody, and the traits that the others lack."""
    needed = {name: [t for _, leaf in rules.leaves(name) for t in traits_of(leaf)] for name in rules.names}
    there = known(warehouse, list(dict.fromkeys(t for some in needed.values() for t in some)))
    lacking = dict.fromkeys(t for some in needed.values() for t in some if t not in there)
    return [name for name, some in needed.items() if not set(some) & set(lacking)], list(lacking)


def traits(warehouse: Warehouse, divided: Division, most: int = MOST_VALUES) -> list[str]:
    """The columns to profile by: the division where rules make it, and every trait that the data know of anybody.

    One with more than `most` values names people rather than groups (a postcode, a key) and is left out.
    """
    people = warehouse.table("consumers")
    columns = known(warehouse, [column for column in people.columns if column != "consumer_id"])
    values = people.agg(**{c: people[c].nunique() for c in columns}).execute().iloc[0] if columns else {}
    return [*([CELL] if divided.by == RULES else []), *(c for c in columns if values[c] <= most)]


def year(day: date) -> Window:
    """The 365 days up to a day."""
    return day - timedelta(days=YEAR - 1), day


def each(
    book: Book,
    brand: str,
    rules: Crowds,
    divided: Division,
    strategic: Crowds,
    day: date,
    category: str | None,
    days: int,
) -> "ir.Table":
    """One row a consumer, asked of the engine once.

    rules: crowds that become boolean columns of their id; `strategic` joins them where it divides. Further columns:
    consumer_id, every trait of the consumers, `cell` (of the division), stage (an id, O or none), then (the stage at the end
    of the day `days` before; none includes O), bought (bool: the brand, since then), paid_minor (for it), brand_minor (paid to
    the brand in 365 days). Raises ApexError as `crowds.members` does.
    """
    rules = rules.beside(strategic) if divided.by == RULES else rules
    asked = crowd_measure.members(book, brand, rules, day, category=category or "", spend=("brand",))
    start = day - timedelta(days=days)
    rows = book.rows.filter((book.rows.brand == brand) & (book.rows.day <= start))
    stood = rows.group_by("consumer_id").agg(number=rows.to_stage.argmax(rows.day))
    sold = purchases(book.warehouse, brand, start + timedelta(days=1), day)
    sold = sold.group_by("consumer_id").agg(paid_minor=sold.value_minor.sum())
    people = book.warehouse.table("consumers")
    found = people.join(asked, "consumer_id")
    for more in (stood, sold):
        found = found.left_join(more, "consumer_id").drop("consumer_id_right")
    found = found.mutate(
        then=found.number.fill_null(0).cast("int64").cases(*enumerate(book.rules.ids, 1), else_=NONE),
        bought=found.paid_minor.notnull(), paid_minor=found.paid_minor.fill_null(0),
        **{CELL: _cell(found, divided, strategic)},
    )  # fmt: skip
    return ibis.memtable(found.drop("number").to_pyarrow())


def _cell(table: "ir.Table", divided: Division, rules: Crowds) -> "ir.StringValue":
    """The division's cell of each row; whoever meets no rule is OTHER, or UNKNOWN where one of the traits is not known."""
    if divided.by != RULES:
        return table[divided.by].cast("string").fill_null(UNKNOWN) if divided.by else ibis.literal(UNKNOWN)
    needed = {leaf.trait for name in rules.names for _, leaf in rules.leaves(name) if isinstance(leaf, Trait)}
    unknown: Any = ibis.literal(False)
    for trait in sorted(needed):
        unknown = unknown | table[trait].isnull()
    return ibis.cases(*((table[name], name) for name in rules.names), (unknown, UNKNOWN), else_=OTHER)


def by_stage(each: "ir.Table", divided: Division, stages: Sequence[str]) -> pd.DataFrame:
    """cell, stage (O, then the stages), consumers: the category's people by cell, every combination, zeros included."""
    found = each.group_by(CELL, "stage").agg(consumers=each.count()).execute()
    grid = pd.MultiIndex.from_product([divided.cells, [OPPORTUNITY, *stages]], names=[CELL, "stage"])
    frame = found.set_index([CELL, "stage"]).consumers.reindex(grid, fill_value=0).astype("int64").reset_index()
    return _ordered(frame, divided, stage=[OPPORTUNITY, *stages])


def parts(each: "ir.Table", who: str, against: str, cuts: Sequence[str]) -> pd.DataFrame:
    """Two groups (boolean columns) cell by cell of each cut (a column): who is in both, in one only, in the other only.

    Returns cut, cell (UNKNOWN where the column is null), both, who_only, against_only: ints, without cells that hold none of
    them.
    """
    named = [ibis.struct({"cut": cut, "value": each[cut].cast("string").fill_null(UNKNOWN)}) for cut in cuts]
    if not named:
        return pd.DataFrame(columns=["cut", CELL, *PARTS]).astype(dict.fromkeys(PARTS, "int64"))
    rows = each.select(w=each[who], a=each[against], at=ibis.array(named).unnest())
    rows = rows.filter(rows.w | rows.a)
    found = rows.group_by(cut=rows["at"].cut, cell=rows["at"].value).agg(
        both=(rows.w & rows.a).sum(), who_only=(rows.w & ~rows.a).sum(), against_only=(~rows.w & rows.a).sum()
    )
    frame = found.execute().astype(dict.fromkeys(PARTS, "int64"))
    frame["cut"] = pd.Categorical(frame.cut, list(cuts), ordered=True)
    return frame.sort_values(["cut", CELL], ignore_index=True)[["cut", CELL, *PARTS]]


def conversion(each: "ir.Table", divided: Division, stages: Sequence[str]) -> pd.DataFrame:
    """What those who stood at each stage some days before have bought of the brand since, by cell.

    Returns cell, stage (none, then the stages), consumers (at the start), buyers (of them, since), idle (the others), gmv_minor:
    ints, every combination; over all rows gmv_minor is the brand's GMV since.
    """
    found = each.group_by(CELL, stage=each.then).agg(
        consumers=each.count(), buyers=each.bought.sum(), gmv_minor=each.paid_minor.sum()
    )
    grid = pd.MultiIndex.from_product([divided.cells, [NONE, *stages]], names=[CELL, "stage"])
    frame = found.execute().set_index([CELL, "stage"]).reindex(grid, fill_value=0).astype("int64").reset_index()
    frame.insert(4, "idle", frame.consumers - frame.buyers)
    return _ordered(frame, divided, stage=[NONE, *stages])


def at_a_stage(counted: pd.DataFrame) -> pd.DataFrame:
    """The frame of `conversion` by cell alone: those who stood at any stage."""
    at = counted[counted.stage != NONE]
    return at.groupby(CELL, observed=False)[["consumers", "buyers", "idle", "gmv_minor"]].sum().reset_index()


def agreement(each: "ir.Table", rules: Crowds, divided: Division | None, trait: str) -> pd.DataFrame:
    """How far crowds by rule and by a trait agree, among the consumers of whom the trait is known.

    divided: where the rules divide (a consumer is in one crowd), else None (a consumer may be in several). A value of the
    trait means the crowd whose id or name, in either language, it is. Returns crowd, both, rules_only, trait_only, neither.
    """
    given = each[trait].cast("string")
    asked: dict[str, Any] = {}
    for i, (name, crowd) in enumerate(rules.crowds.items()):
        ruled = each[CELL] == name if divided else each[name]
        told = given.isin([name, *crowd.name.values()])
        asked |= {f"{i} both": (ruled & told).sum(), f"{i} rules_only": (ruled & ~told).sum(),
                  f"{i} trait_only": (~ruled & told).sum(), f"{i} neither": (~ruled & ~told).sum()}  # fmt: skip
    found = each.filter(given.notnull()).agg(**asked).execute().fillna(0).astype("int64").iloc[0]
    rows = [{"crowd": name} | {c: found[f"{i} {c}"] for c in AGREEMENT} for i, name in enumerate(rules.names)]
    frame = pd.DataFrame(rows, columns=["crowd", *AGREEMENT]).astype(dict.fromkeys(AGREEMENT, "int64"))
    return frame.assign(crowd=pd.Categorical(frame.crowd, rules.names, ordered=True))


def like(frame: pd.DataFrame, keys: Sequence[str], sized: pd.DataFrame) -> pd.DataFrame:
    """The frame's keys with `suppressed` where the cell is suppressed in `sized`: who is hidden once stays hidden."""
    gone = sized[CELL].astype(str)[sized.suppressed]
    return frame[list(keys)].assign(suppressed=frame[CELL].astype(str).isin(gone))


def buyers(warehouse: Warehouse, each: "ir.Table", brand: str, found: Peers, window: Window) -> pd.DataFrame:
    """Buyers by cell where a brand and its peers meet (their category, department or all), for each of them and for all.

    Returns cell, brand (MARKET: any), bucket (a hundredth of the consumers), buyers (distinct), gmv_minor: ints, only what is
    not 0. Of peers only the mean of the best may be shown.
    """
    events, (first, last) = warehouse.table("events"), window
    inside = (events.occurred_at >= first) & (events.occurred_at < last + timedelta(days=1))
    bought = events.filter(events.behaviour.isin(["buy", "buy_category"]) & inside)
    categories = scope(warehouse, found)
    if categories is not None:
        bought = bought.filter(bought.category.isin(categories))
    mine = [brand, *found.frame.brand]
    paid = bought.group_by("consumer_id", "brand").agg(paid=bought.value_minor.sum().fill_null(0))
    paid = paid.join(each.select("consumer_id", CELL), "consumer_id")
    rows = paid.select("consumer_id", CELL, "paid", "brand", side=ibis.array([0, 1]).unnest())
    rows = rows.filter((rows.side == 0) | rows.brand.isin(mine).fill_null(False))
    counted = rows.group_by(
        CELL, brand=(rows.side == 0).ifelse(MARKET, rows.brand), bucket=rows.consumer_id % BUCKETS
    ).agg(buyers=rows.consumer_id.nunique(), gmv_minor=rows.paid.sum())
    frame = counted.execute().astype({"bucket": "int64", "buyers": "int64", "gmv_minor": "int64"})
    return frame.sort_values([CELL, "brand", "bucket"], ignore_index=True)


def _ordered(frame: pd.DataFrame, divided: Division, **orders: Sequence[str]) -> pd.DataFrame:
    """Cells and other keys as categories, in their order."""
    for column, order in ({CELL: divided.cells} | orders).items():
        frame[column] = pd.Categorical(frame[column], list(order), ordered=True)
    return frame.sort_values([CELL, *orders], ignore_index=True)
