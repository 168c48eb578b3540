"""Levels: toward what a relation is kept, which events count there, and in which order they are walked.

| level | a relation toward | events that count | touches are looked for among |
|---|---|---|---|
| `brand` | a brand | those of a brand | the brand's events |
| `brand+business` | one business of a brand | those that name a business | the brand's events |
| `item` | one item of a brand | those that name an item | the brand's events |
| `category` | a category, whoever sells | all that name a category, searches for it too | the category's events |

An exposure rarely names an item or a business, yet it is what brought the consumer to one: so a touch may be any event of
the brand. It counts for no stage there: without knowing the item or the business there is nothing to count it toward.
"""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from apex.errors import ApexError, nearest
from apex.warehouse import schema

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEVELS = {
    "brand": None,
    "brand+business": "business",
    "item": "item_id",
    "category": "category",
}  # → what `entity` names
NAMED = pa.dictionary(pa.int32(), pa.string())


def entity_column(level: str) -> str | None:
    """The column of `events` that names the entity; None at level brand. ApexError for a level that does not exist."""
    if level not in LEVELS:
        raise ApexError(f'There is no ledger level "{level}".{nearest(level, list(LEVELS))}')
    return LEVELS[level]


class Scope(NamedTuple):
    """Events of one slice in order of scope (brand, or category), consumer, time; and how to walk them.

    walk: rows of `events` that count, in order of scope, entity, consumer, time (None: all of them as they lie). starts:
    the first place in the walk of each consumer's relation, then the walk's length. scope: the code of each event's brand
    (or category).
    """

    events: pa.Table
    walk: "NDArray[np.int64] | None"
    starts: "NDArray[np.int64]"
    scope: "NDArray[np.int32]"

    def walked(self, values: "NDArray[np.generic]") -> "NDArray[np.generic]":
        """A column of `events` in the order of the walk."""
        return values if self.walk is None else values[self.walk]

    def row(self, places: "NDArray[np.int64]") -> "NDArray[np.int64]":
        """The rows of `events` at these places of the walk; −1 stays −1."""
        return places if self.walk is None else np.where(places < 0, -1, self.walk[places])


def scope_of(events: pa.Table, level: str) -> Scope:
    """The events of a slice as this level walks them; they come filed by brand, consumer and the total order of time."""
    column = entity_column(level)
    of = "category" if level == "category" else "brand"
    events = events.filter(pc.is_valid(events[of])) if of in events.column_names else events.slice(0, 0)
    if level == "category":
        events = events.take(pa.array(_across_brands(events)))
    scope = named(events, of).indices.to_numpy()
    consumer = events["consumer_id"].to_numpy()
    if column is None or level == "category":
        return Scope(events, None, _starts(scope, consumer), scope)
    entity = named(events, column)
    counts = np.flatnonzero(entity.is_valid().to_numpy(zero_copy_only=False))
    code = entity.indices.fill_null(0).to_numpy()[counts]
    key = _ranks(named(events, of).dictionary)[scope[counts]] * len(entity.dictionary)
    key += _ranks(entity.dictionary)[code] if len(counts) else 0
    order = np.argsort(key, kind="stable")  # within an entity consumers and time stay as they are filed
    walk = counts[order]
    return Scope(events, walk, _starts(key[order], consumer[walk]), scope)


def _across_brands(events: pa.Table) -> "NDArray[np.int64]":
    """The order by category, consumer and the total order of time; what ties across brands stays in the brands' order."""
    if not events.num_rows:
        return np.arange(0)
    category, consumer = named(events, "category"), events["consumer_id"].combine_chunks().dictionary_encode()
    group = _ranks(category.dictionary)[category.indices.to_numpy()] * len(consumer.dictionary)
    group += _ranks(consumer.dictionary)[consumer.indices.to_numpy()]
    narrow = group.astype(np.min_scalar_type(int(group.max())))  # 16 bits are sorted without comparing
    moment = events["occurred_at"].cast(pa.timestamp("us")).cast(pa.int64()).to_numpy()
    moment = (moment - moment.min()) * len(schema.behaviours()) + behaviour_places(events)
    order = np.argsort(moment, kind="stable")
    order = order[np.argsort(narrow[order], kind="stable")]
    again = (group[order][1:] == group[order][:-1]) & (moment[order][1:] == moment[order][:-1])
    tied = np.r_[False, again] | np.r_[again, False]
    run, among = np.cumsum(~np.r_[False, again])[tied], order[tied]
    order[tied] = among[np.lexsort((events["seq"].to_numpy()[among], run))]
    return order


def _starts(group: "NDArray[np.generic]", consumer: "NDArray[np.int64]") -> "NDArray[np.int64]":
    """Where group or consumer changes, and the number of rows."""
    size = len(group)
    changes = np.r_[size > 0, (group[1:] != group[:-1]) | (consumer[1:] != consumer[:-1])][:size]
    return np.r_[np.flatnonzero(changes), size].astype(np.int64)


def _ranks(names: pa.Array) -> "NDArray[np.int64]":
    """The place of each name in order of names."""
    ranks = np.empty(len(names), np.int64)
    ranks[pc.sort_indices(names).to_numpy()] = np.arange(len(names))
    return ranks


def behaviour_places(events: pa.Table) -> "NDArray[np.int8]":
    """Each event's place in the closed list of behaviours."""
    kinds = named(events, "behaviour")
    place = pc.index_in(kinds.dictionary, pa.array(schema.behaviours())).to_numpy(zero_copy_only=False).astype(np.int8)
    return place[kinds.indices.to_numpy()]


def named(events: pa.Table, column: str) -> pa.DictionaryArray:
    """A string column as one dictionary array; all null where the source has no such column."""
    if column not in events.column_names:
        return pa.nulls(events.num_rows, pa.string()).dictionary_encode().cast(NAMED)
    data = events[column]
    if not pa.types.is_dictionary(data.type):
        data = data.cast(pa.string()).dictionary_encode()
    whole = data.unify_dictionaries().combine_chunks()
    if isinstance(whole, pa.ChunkedArray):  # no rows, or no chunk
        whole = whole.chunk(0) if whole.num_chunks else pa.array([], NAMED)
    return whole.cast(NAMED)
