"""Crowds: who is in which on a day, how large they are, how they overlap, and what they are worth at given rates.

`members` is one Ibis table, one row a consumer and one boolean column a crowd. Sizes and overlaps come from a single
pass of it (`tally`): crowds are the bits of a word, consumers are counted by word and stage, and the rest is BᵀnB.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import ibis
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from apex.errors import ApexError, nearest
from apex.ledger import Book
from apex.measure.crowd_file import Crowds, load_crowds, named, parse_crowds
from apex.measure.crowd_query import query
from apex.measure.crowd_rules import (
    NONE,
    OPPORTUNITY,
    Behaviour,
    Money,
    Scope,
    ShareOf,
    Stage,
    Status,
    Trait,
    traits_of,
)

if TYPE_CHECKING:
    import ibis.expr.types as ir

__all__ = [
    "Crowds", "Tally", "by_stage", "load_crowds", "members", "named", "overlaps", "parse_crowds", "priority", "sizes", "tally",
    "unseen", "worth",
]  # fmt: skip

SPEND_DAYS = 365


def members(
    book: Book,
    brand: str,
    crowds: Crowds,
    day: date,
    *,
    category: str | None = None,
    spend: Sequence[Scope] = (),
    spend_days: int = SPEND_DAYS,
) -> "ir.Table":
    """Who is in which crowd of a brand at the end of `day`; nothing later is seen, traits excepted (a snapshot).

    category: the brand's main category, which `O` and everything `of: category` mean. Returns an Ibis table, one row a
    consumer: consumer_id, stage (a stage's id, else O, else none), for each scope of `spend` a column SCOPE_minor (what was
    paid in the last `spend_days` days), and per crowd a boolean column of its id, never null. Nothing is computed yet:
    where several questions follow, ask once (`.to_pyarrow()`) and give the answer to them. Raises ApexError with file
    and place for a stage, a trait or a crowd that is not known, for a crowd that needs a category where there is none, and
    for a day outside what may be seen.
    """
    if not book.warehouse.first_day <= day <= book.warehouse.last_day:
        raise ApexError(
            f"crowds: {day} lies outside what may be seen, {book.warehouse.first_day} to {book.warehouse.last_day}."
        )
    _check(book, crowds, category)
    wanted = [Money(spent=scope, within_days=spend_days, min_minor=0) for scope in spend]
    if category is None and "category" in spend:
        raise ApexError("crowds: the spend of a category needs the category.")
    return query(book, brand, crowds, day, category, wanted)


def _check(book: Book, crowds: Crowds, category: str | None) -> None:
    ids = book.rules.ids
    if OPPORTUNITY in ids:
        raise ApexError(f'{book.rules.name}: a stage has the id "{OPPORTUNITY}", which means opportunity in crowds.')
    traits = [column for column in book.warehouse.table("consumers").columns if column != "consumer_id"]
    known = [*ids, OPPORTUNITY, NONE]
    for name in crowds.names:
        for place, leaf in crowds.leaves(name):
            for trait in traits_of(leaf):
                if trait not in traits:
                    raise ApexError(f'{place}: consumers have no trait "{trait}".{nearest(trait, traits)}')
            if isinstance(leaf, Stage):
                for stage in leaf.stage:
                    if stage not in known:
                        rules = f'the rules "{book.rules.name}" have no stage "{stage}"'
                        raise ApexError(f"{place}: {rules}.{nearest(stage, known)}")
            if category is None and _needs_category(leaf):
                raise ApexError(
                    f"{place}: needs the brand's main category, and it has none (no sales in the last year)."
                )


def _needs_category(leaf: object) -> bool:
    if isinstance(leaf, Stage):  # O and none together are stage 0, whatever the category
        return (OPPORTUNITY in leaf.stage) != (NONE in leaf.stage)
    return (isinstance(leaf, Behaviour) and leaf.of == "category") or (
        isinstance(leaf, Money) and leaf.spent == "category"
    )


@dataclass(frozen=True)
class Tally:
    """Consumers by word and stage: bit i of a word says whether they are in crowd names[i]. counts: word, stage, consumers."""

    names: tuple[str, ...]
    counts: pd.DataFrame

    @property
    def bits(self) -> npt.NDArray[np.int64]:
        """0 or 1 for each row of counts and each crowd."""
        return (self.counts.word.to_numpy()[:, None] >> np.arange(len(self.names))) & 1


def tally(members: "ir.Table | pa.Table") -> Tally:
    """One pass over the table of `members`: all that `sizes`, `overlaps`, `by_stage` and `worth` need."""
    if isinstance(members, pa.Table):
        members = ibis.memtable(members)
    names = tuple(column for column, dtype in members.schema().items() if dtype.is_boolean())
    word = sum((ibis.ifelse(members[name], 1 << i, 0).cast("int64") for i, name in enumerate(names)), ibis.literal(0))
    counts = members.group_by(word=word.cast("int64"), stage=members.stage).agg(consumers=lambda t: t.count()).execute()
    counts = counts.sort_values(["word", "stage"], ignore_index=True)
    return Tally(names, counts.astype({"word": "int64", "consumers": "int64"}))


def sizes(tally: Tally) -> pd.DataFrame:
    """crowd, consumers (int), in the order of the file, empty crowds included."""
    return pd.DataFrame({"crowd": tally.names, "consumers": tally.bits.T @ tally.counts.consumers.to_numpy()})


def overlaps(tally: Tally) -> pd.DataFrame:
    """crowd_a, crowd_b, consumers in both, only_a, only_b: each pair once, in the order of the file.

    The three counts of a pair are suppressed together, since each is had from the sizes and another.
    """
    both = tally.bits.T @ (tally.bits * tally.counts.consumers.to_numpy()[:, None])
    a, b = np.triu_indices(len(tally.names), 1)
    names, size = np.array(tally.names, dtype=object), np.diag(both)
    frame = {"crowd_a": names[a], "crowd_b": names[b], "consumers": both[a, b]}
    return pd.DataFrame(frame | {"only_a": size[a] - both[a, b], "only_b": size[b] - both[a, b]})


def by_stage(tally: Tally) -> pd.DataFrame:
    """crowd, stage, consumers: where each crowd's consumers stand, without zeros."""
    frames = []
    for name, inside in zip(tally.names, tally.bits.T.astype(bool), strict=True):
        counted = tally.counts[inside].groupby("stage").consumers.sum().reset_index()
        frames.append(counted.assign(crowd=name)[["crowd", "stage", "consumers"]])
    return pd.concat(frames, ignore_index=True)


def worth(
    tally: Tally, conversion: Mapping[str, npt.ArrayLike], value_minor: Mapping[str, npt.ArrayLike]
) -> pd.DataFrame:
    """What a crowd is expected to bring: the sum over its stages of consumers × conversion × value, in minor units.

    conversion, value_minor: per stage (O and none included) a number or an array of draws, all of one length. They are the
    caller's estimates; nothing is estimated here. Returns one row a crowd (the index), one column a draw. It is what stock
    of that kind brings by itself, not what reaching it adds. Raises ApexError for a stage without a rate.
    """
    stages = sorted(set(tally.counts.stage))
    for rates in (conversion, value_minor):
        for stage in stages:
            if stage not in rates:
                raise ApexError(f'worth: no rate is given for the stage "{stage}".{nearest(stage, rates)}')
    each = {s: np.atleast_1d(np.asarray(conversion[s], float) * np.asarray(value_minor[s], float)) for s in stages}
    draws = max((len(a) for a in each.values()), default=1)
    rate = np.array([np.broadcast_to(each[s], draws) for s in stages]).reshape(len(stages), draws)
    people = by_stage(tally).pivot(index="crowd", columns="stage", values="consumers")
    people = people.reindex(index=pd.Index(tally.names, name="crowd"), columns=stages).fillna(0)
    return pd.DataFrame(people.to_numpy(float) @ rate, index=people.index)


def priority(frame: pd.DataFrame, names: Sequence[str]) -> pd.Series:
    """For each row of a frame of `members`: the first of the crowds it is in, null for those in none.

    Each consumer is then addressed once, and exports do not overlap.
    """
    inside = frame[list(names)].to_numpy(bool)
    first = pd.Series(np.array([*names, None], dtype=object)[np.where(inside.any(1), inside.argmax(1), len(names))])
    return first.set_axis(frame.index).astype("string")


def unseen(book: Book, crowds: Crowds, day: date, *, category: str | None = None) -> pd.DataFrame:
    """What crowds ask for and the data up to `day` do not hold: crowd, kind, name.

    kind is behaviour, channel, trait (a value that nobody has, as TRAIT=VALUE; also a category or business of which a share
    names none that is there) or category (the brand has none). Such a condition is false for lack of data, and a page says
    so; for a missing category take the crowds out (`without`).
    """
    warehouse = book.warehouse.until(day)
    events, consumers = warehouse.table("events"), warehouse.table("consumers")
    leaves = [(name, leaf) for name in crowds.names for _, leaf in crowds.leaves(name)]
    _check(book, crowds, category or "")
    shares = any(isinstance(leaf, ShareOf) for _, leaf in leaves)
    columns = ["behaviour", "channel", *(["category", "business"] if shares else [])]
    done = events.select(*columns).distinct().execute()
    held = {
        leaf.trait: set(
            consumers[leaf.trait].cast("string").name("value").as_table().distinct().execute().value.dropna()
        )
        for _, leaf in leaves
        if isinstance(leaf, Trait)
    }
    found: list[tuple[str, str, str]] = []
    for name, leaf in leaves:
        if isinstance(leaf, Behaviour):
            found += [(name, "behaviour", b) for b in leaf.behaviour if b not in set(done.behaviour)]
            found += [(name, "channel", c) for c in leaf.channel or () if c not in set(done.channel)]
        elif isinstance(leaf, Status):
            found += [(name, "behaviour", leaf.turns[0])] if leaf.turns[0] not in set(done.behaviour) else []
        elif isinstance(leaf, ShareOf):
            found += [(name, "behaviour", b) for b in leaf.share_of if b not in set(done.behaviour)]
            for column, asked in (("channel", leaf.channel), ("category", leaf.category), ("business", leaf.business)):
                if asked and not set(asked) & set(done[column]):
                    kind = "channel" if column == "channel" else "trait"
                    found += [(name, kind, v if kind == "channel" else f"{column}={v}") for v in asked]
        elif isinstance(leaf, Trait):
            found += [(name, "trait", f"{leaf.trait}={v}") for v in leaf.values if v not in held[leaf.trait]]
        if category is None and _needs_category(leaf):
            found.append((name, "category", ""))
    return pd.DataFrame(list(dict.fromkeys(found)), columns=["crowd", "kind", "name"])
