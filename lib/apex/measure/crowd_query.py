"""Crowds as one query: each condition becomes a column of one row a consumer, each crowd a formula over these columns.

Events are read once, however many crowds there are: all conditions on behaviours and money are aggregates of one
grouping. No condition is ever null, so the formulas know only true and false.
"""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from functools import reduce
from operator import and_, or_
from typing import TYPE_CHECKING, Any

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from apex.ledger import Book
from apex.measure.crowd_file import Crowds
from apex.measure.crowd_habits import HOLDS, holders
from apex.measure.crowd_rules import (
    NONE,
    OPPORTUNITY,
    All,
    Behaviour,
    Either,
    Expression,
    Habit,
    Leaf,
    Money,
    Not,
    Other,
    Scope,
    Stage,
    Trait,
)

if TYPE_CHECKING:
    import ibis.expr.types as ir

event: Any = ibis._  # one row of events, in expressions
OPPORTUNITY_DAYS = 30  # design section 5: any event in the brand's main category in (T − 30, T], and at stage 0


def query(
    book: Book, brand: str, crowds: Crowds, day: date, category: str | None, spend: Sequence[Money]
) -> "ir.Table":
    """consumer_id, stage, one int64 column a `spend` (named SCOPE_minor), one boolean column a crowd; see `crowds.members`."""
    leaves = list(dict.fromkeys(leaf for name in crowds.names for _, leaf in crowds.leaves(name)))
    stages = [leaf for leaf in leaves if isinstance(leaf, Stage)]
    days_ago = sorted({0, *(leaf.days_ago for leaf in stages)})
    warehouse = book.warehouse.until(day)

    consumers = warehouse.table("consumers")
    traits = {leaf: f"trait_{i}" for i, leaf in enumerate(leaves) if isinstance(leaf, Trait)}
    among = {leaf.among for leaf in leaves if isinstance(leaf, Money) and leaf.among}
    table = consumers.select(
        "consumer_id", **{column: _trait(consumers, leaf) for leaf, column in traits.items()},
        **{_among(trait): consumers[trait] for trait in among},
    )  # fmt: skip
    table = _joined(table, _deeds(warehouse.table("events"), brand, category, day, [*leaves, *spend], days_ago))
    table = _joined(table, _positions(book, brand, day, days_ago))
    if any(leaf.expires_within_days for leaf in stages):
        table = _joined(table, _expiries(book, brand, day))
    habits = {leaf: f"habit_{i}" for i, leaf in enumerate(leaves) if isinstance(leaf, Habit)}
    for leaf, column in habits.items():
        table = _joined(table, holders(warehouse, leaf, day, brand).rename({column: HOLDS}))
    table = table.mutate(**_filled(table, days_ago))
    table = table.mutate(**{_top(leaf): _rank(table, leaf) for leaf in leaves if isinstance(leaf, Money) and leaf.top})

    truth: dict[Leaf, ir.BooleanValue] = {leaf: table[column] for leaf, column in traits.items()}
    truth |= {leaf: table[column] for leaf, column in habits.items()}
    truth |= {leaf: _holds(table, leaf, book.rules.ids, day) for leaf in leaves if leaf not in truth}
    formulas: dict[str, ir.BooleanValue] = {}

    def formula(node: Expression) -> "ir.BooleanValue":
        if isinstance(node, All | Either):
            members = node.all if isinstance(node, All) else node.any
            return reduce(and_ if isinstance(node, All) else or_, [formula(member) for member in members])
        if isinstance(node, Not):
            return ~formula(node.not_)
        if isinstance(node, Other):
            if node.crowd not in formulas:
                formulas[node.crowd] = formula(crowds.crowds[node.crowd].who)
            return formulas[node.crowd]
        return truth[node]

    sums = {f"{leaf.spent}_minor": table[_sum(leaf)] for leaf in spend}
    return table.select(
        "consumer_id", stage=_cell(table, book.rules.ids), **sums,
        **{name: formula(Other(crowd=name)) for name in crowds.names},
    )  # fmt: skip


def _joined(table: "ir.Table", more: "ir.Table | None") -> "ir.Table":
    """Every row of `table`, with the columns of `more` where it knows the consumer."""
    return table if more is None else table.left_join(more, "consumer_id").drop("consumer_id_right")


def _trait(consumers: "ir.Table", leaf: Trait) -> "ir.BooleanValue":
    column = consumers[leaf.trait]
    if leaf.missing is not None:
        return column.isnull() if leaf.missing else column.notnull()
    return column.cast("string").isin(leaf.values).fill_null(False)


def _times(leaf: Behaviour) -> str:
    return "times_" + _named(leaf.model_dump(exclude={"at_least", "at_most"}), _few(leaf))


def _sum(leaf: Money) -> str:
    return f"spent_{leaf.spent}_{leaf.within_days}"


def _top(leaf: Money) -> str:
    return f"rank_{leaf.spent}_{leaf.within_days}" + (f"_{_among(leaf.among)}" if leaf.among else "")


def _among(trait: str) -> str:
    return f"among_{trait}"


def _named(*parts: Any) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def _few(leaf: Behaviour) -> bool:
    """Whether it is enough to tell 0, 1 and more days apart: the first and the last day say that, at a fraction of the cost."""
    return leaf.distinct == "day" and leaf.least <= 2 and (leaf.at_most is None or leaf.at_most <= 1)


def _since(day: date, days: int) -> date:
    """The first day of the window of `days` days that ends on `day`."""
    return day - timedelta(days=days - 1)


def _deeds(
    events: "ir.Table", brand: str, category: str | None, day: date, leaves: Iterable[Leaf], days_ago: Sequence[int]
) -> "ir.Table | None":
    """What each consumer did and paid: one aggregate a condition, all from one reading of the events that matter."""

    def within(scope: Scope, first: date, last: date = day) -> Any:
        # by moment and not by day, so that the engine can skip what lies outside
        inside = (event.occurred_at >= first) & (event.occurred_at < last + timedelta(days=1))
        if scope == "market":
            return inside
        return inside & (event.brand == brand if scope == "brand" else event.category == category)

    made: dict[str, Any] = {}
    read: list[Any] = []  # all that any aggregate looks at
    if category is not None:
        for ago in days_ago:
            last = day - timedelta(days=ago)
            seen = within("category", _since(last, OPPORTUNITY_DAYS), last)
            made[f"near_{ago}"] = event.count(where=seen) > 0
            read.append(seen)
    reach: dict[tuple[Scope, str], int] = {}  # how far back each behaviour is looked for
    for leaf in leaves:
        if isinstance(leaf, Behaviour):
            hit = reduce(and_, _filters(leaf), within(leaf.of, _since(day, leaf.within_days)))
            made[_times(leaf)] = _count(leaf, hit)
        elif isinstance(leaf, Money):
            hit = within(leaf.spent, _since(day, leaf.within_days)) & (event.behaviour == "buy")
            made[_sum(leaf)] = event.value_minor.sum(where=hit)
        else:
            continue
        scope, kinds = (leaf.of, leaf.behaviour) if isinstance(leaf, Behaviour) else (leaf.spent, ("buy",))
        for kind in kinds:
            reach[scope, kind] = max(reach.get((scope, kind), 0), leaf.within_days)
    for scope, days in sorted({(scope, days) for (scope, _), days in reach.items()}):
        kinds = tuple(sorted(kind for (s, kind), d in reach.items() if (s, d) == (scope, days)))
        read.append(within(scope, _since(day, days)) & event.behaviour.isin(kinds))
    if not made:
        return None
    events = events.filter(reduce(or_, read)).mutate(day=event.occurred_at.date())
    return events.group_by("consumer_id").agg(**made)


def _filters(leaf: Behaviour) -> list[Any]:
    found = [event.behaviour.isin(leaf.behaviour)]
    if leaf.channel:
        found.append(event.channel.isin(leaf.channel))
    if leaf.discounted is not None:
        discount = event.discount_minor.fill_null(0)
        found.append(discount > 0 if leaf.discounted else discount <= 0)
    if leaf.min_value_minor is not None:
        found.append(event.value_minor >= leaf.min_value_minor)
    if leaf.min_score is not None:
        found.append(event.score >= leaf.min_score)
    return found


def _count(leaf: Behaviour, hit: Any) -> Any:
    if leaf.distinct == "event":
        return event.count(where=hit)
    if not _few(leaf):
        return event.day.nunique(where=hit)
    first, last = event.day.min(where=hit), event.day.max(where=hit)
    return ibis.ifelse(first.isnull(), 0, ibis.ifelse(first == last, 1, 2))


def _positions(book: Book, brand: str, day: date, days_ago: Sequence[int]) -> "ir.Table":
    """Per consumer that has ever been at a stage: the stage's number some days ago, and how long it had been that."""
    rows = book.rows.filter((book.rows.brand == brand) & (book.rows.day <= day))
    made: dict[str, Any] = {}
    for ago in days_ago:
        then = day - timedelta(days=ago)
        made[f"stage_{ago}"] = rows.to_stage.argmax(rows.day, where=rows.day <= then)
        made[f"held_{ago}"] = ibis.literal(then).delta(rows.day.max(where=rows.day <= then), unit="day")
    return rows.group_by("consumer_id").agg(**made)


def _expiries(book: Book, brand: str, day: date) -> "ir.Table":
    """Per consumer at a stage: the first day on which that stage would be left without anything new; null is never."""
    positions = Book(book.warehouse.until(day), book.rules, book.level, book.manifest).open_book(day, [brand])
    every = pc.list_flatten(positions["expires"])
    at = np.arange(positions.num_rows) * len(book.rules.ids) + positions["stage"].to_numpy() - 1
    own = every.take(pa.array(at, pa.int64()))
    return ibis.memtable(pa.table({"consumer_id": positions["consumer_id"], "expires": own}))


def _filled(table: "ir.Table", days_ago: Sequence[int]) -> "dict[str, ir.Value]":
    """Whoever did nothing did it 0 times, paid 0 and is at stage 0; how long a stage is held stays unknown where it is."""
    filled: dict[str, ir.Value] = {}
    for column in table.columns:
        if column.startswith(("times_", "spent_", "stage_")):
            filled[column] = table[column].fill_null(0)
        elif column.startswith(("near_", "habit_")):
            filled[column] = table[column].fill_null(False)
    for ago in days_ago:
        filled.setdefault(f"near_{ago}", ibis.literal(False))
    return filled


def _rank(table: "ir.Table", leaf: Money) -> "ir.FloatingValue":
    """The share of those who spent at all (`among`: with the same value of a trait) who spent more; 1 for who did not."""
    spent = table[_sum(leaf)]
    groups = [spent > 0, *([table[_among(leaf.among)]] if leaf.among else [])]
    window = ibis.window(group_by=groups)
    above = ibis.rank().over(ibis.window(group_by=groups, order_by=spent.desc()))
    return ibis.ifelse(spent > 0, above / spent.count().over(window), 1.0)


def _holds(table: "ir.Table", leaf: Leaf, ids: Sequence[str], day: date) -> "ir.BooleanValue":
    if isinstance(leaf, Behaviour):
        return _between(table[_times(leaf)], leaf.least or None, leaf.at_most)
    if isinstance(leaf, Money):
        held = _between(table[_sum(leaf)], leaf.min_minor, leaf.max_minor)
        return held & (table[_top(leaf)] < leaf.top) if leaf.top else held
    assert isinstance(leaf, Stage)
    number, near = table[f"stage_{leaf.days_ago}"], table[f"near_{leaf.days_ago}"]
    held = number.isin([ids.index(stage) + 1 for stage in leaf.stage if stage in ids])
    if OPPORTUNITY in leaf.stage:
        held |= (number == 0) & near
    if NONE in leaf.stage:
        held |= (number == 0) & ~near
    if leaf.at_least_days is not None or leaf.at_most_days is not None:
        held &= _between(table[f"held_{leaf.days_ago}"], leaf.at_least_days, leaf.at_most_days).fill_null(False)
    if leaf.expires_within_days:
        held &= (table.expires <= day + timedelta(days=leaf.expires_within_days)).fill_null(False)
    return held


def _between(value: "ir.NumericValue", least: int | None, most: int | None) -> "ir.BooleanValue":
    """Both ends included; an end that is None does not bind."""
    bounds = [value >= least] if least is not None else []
    bounds += [value <= most] if most is not None else []
    return reduce(and_, bounds) if bounds else ibis.literal(True)


def _cell(table: "ir.Table", ids: Sequence[str]) -> "ir.StringValue":
    """The plan's cells: a stage's id, else O, else none."""
    outside = ibis.ifelse(table.near_0, OPPORTUNITY, NONE)
    return table.stage_0.cases(*[(number, stage) for number, stage in enumerate(ids, 1)], else_=outside)
