"""From events to ledger rows and to the open book, as Arrow tables; the kernel does the walking."""

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from apex.ledger.rules import RuleSet
from apex.warehouse import schema

if TYPE_CHECKING:
    from numpy.typing import NDArray

TOUCH_DAYS = 15  # how long a touch may lie before the move it is booked with (design section 5: a setting)
MOVED_BY = {"behaviour": "event_behaviour", "business": "event_business", "item_id": "event_item_id"}
TOUCHED_BY = {"channel": "touch_channel", "campaign_id": "touch_campaign_id", "content_id": "touch_content_id"}
COLUMNS = ("brand", "consumer_id", "occurred_at", "behaviour", "score", "value_minor", *MOVED_BY, *TOUCHED_BY)
COLUMNS = tuple(dict.fromkeys(COLUMNS))
EPOCH = date(1970, 1, 1)
DAY_US = 86_400_000_000
NAMED = pa.dictionary(pa.int32(), pa.string())
ROWS = pa.schema(
    [
        ("day", pa.date32()), ("brand", NAMED), ("consumer_id", pa.int64()), ("from_stage", pa.int8()),
        ("to_stage", pa.int8()), ("first_ever", pa.bool_()),
        *((name, NAMED) for name in (*MOVED_BY.values(), *TOUCHED_BY.values())),
    ]
)  # fmt: skip
POSITIONS = pa.schema(
    [
        ("brand", NAMED), ("consumer_id", pa.int64()), ("stage", pa.int8()), ("since", pa.date32()),
        ("expires", pa.list_(pa.date32())),
    ]
)  # fmt: skip


def sweep(events: pa.Table, rules: RuleSet, last_day: date, touch_days: int = TOUCH_DAYS) -> pa.Table:
    """Every change of stage up to `last_day`, from events in any order.

    events: canonical columns, absent ones being null; events without a brand do not count at this level. Returns the
    ledger's rows (design section 5) in order of brand, consumer and day.
    """
    return rows_of(filed(events), rules, last_day, touch_days)


def positions(events: pa.Table, rules: RuleSet, day: date) -> pa.Table:
    """The open book at the end of `day`, from events in any order: see `positions_of`."""
    return positions_of(filed(events), rules, day)


def filed(events: pa.Table) -> pa.Table:
    """Events of known brands in the order the kernel walks: brand, consumer, time, behaviour's place, seq."""
    for number, field in enumerate(events.schema):
        if pa.types.is_dictionary(field.type):  # which cannot be sorted by
            events = events.set_column(number, field.name, events[field.name].cast(field.type.value_type))
    events = of_brands(events)
    place = pc.index_in(events["behaviour"].cast(pa.string()), pa.array(schema.behaviours()))
    order = [("brand", "ascending"), ("consumer_id", "ascending"), ("occurred_at", "ascending"), ("place", "ascending")]
    return events.append_column("place", place).sort_by([*order, ("seq", "ascending")])


def of_brands(events: pa.Table) -> pa.Table:
    """The events that count at level `brand`: searches and purchases of a whole category have none."""
    return events.filter(pc.is_valid(events["brand"]))


def rows_of(events: pa.Table, rules: RuleSet, last_day: date, touch_days: int = TOUCH_DAYS) -> pa.Table:
    """The ledger's rows from events that are filed already."""
    first, found, _ = _walk(events, rules, [], last_day, touch_days)
    group = pa.array(first[found[:, 0]])
    out = {
        "day": pa.array(found[:, 1].astype(np.int32)).cast(pa.date32()),
        "brand": _named(events, "brand").take(group),
        "consumer_id": events["consumer_id"].take(group),
        "from_stage": pa.array(found[:, 2].astype(np.int8)),
        "to_stage": pa.array(found[:, 3].astype(np.int8)),
        "first_ever": pa.array(found[:, 4].astype(bool)),
    }
    for names, rows in ((MOVED_BY, found[:, 5]), (TOUCHED_BY, found[:, 6])):
        where = pa.array(rows, mask=rows < 0)
        out |= {name: _named(events, column).take(where) for column, name in names.items()}
    return pa.table({n: out[n] for n in ROWS.names}, schema=ROWS)


def positions_of(events: pa.Table, rules: RuleSet, day: date) -> pa.Table:
    """Who is at which stage at the end of `day`, since when, and until when without new events.

    `expires` has one entry a stage, shallow to deep: the first day on which it would be inactive; null = never; for a
    stage that is not active on `day`, `day` itself. Later events are not seen; consumers at no stage are not in it.
    """
    first, _, (state,) = _walk(events, rules, [day], day, TOUCH_DAYS)
    at = np.flatnonzero(state[:, 0] > 0)
    state = state[at]
    today = (day - EPOCH).days
    until = np.maximum(state[:, 2:], today).ravel()
    never = until == np.iinfo(np.int32).max
    dates = pa.array(np.where(never, 0, until).astype(np.int32), mask=never).cast(pa.date32())
    offsets = pa.array(np.arange(len(at) + 1, dtype=np.int32) * len(rules.stages))
    group = pa.array(first[at])
    return pa.table(
        {
            "brand": _named(events, "brand").take(group),
            "consumer_id": events["consumer_id"].take(group),
            "stage": pa.array(state[:, 0].astype(np.int8)),
            "since": pa.array(state[:, 1].astype(np.int32)).cast(pa.date32()),
            "expires": pa.ListArray.from_arrays(offsets, dates),
        },
        schema=POSITIONS,
    )


def expiries_of(events: pa.Table, rules: RuleSet, days: Sequence[date]) -> "tuple[pa.Array, NDArray[np.int32]]":
    """When each stage of each consumer runs out without new events, as known at the end of each of these days.

    One pass for all days (earliest first). Returns the brand of each consumer–brand pair met by the last day, and its
    expiries as days since 1970, (days, pairs, stages), shallow to deep; what is not active has one in the past.
    """
    first, _, state = _walk(events, rules, days, days[-1], TOUCH_DAYS)
    return _named(events, "brand").take(pa.array(first)), state[:, :, 2:]


def _walk(
    events: pa.Table, rules: RuleSet, asked: Sequence[date], last_day: date, touch_days: int
) -> "tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int32]]":
    """Arrow columns as the kernel's arrays, and the kernel. Returns each group's first row, rows found, positions."""
    from apex.ledger.kernel import compile_rules, sweep_filed

    size = events.num_rows
    brand = _named(events, "brand").indices.to_numpy()
    consumer = events["consumer_id"].to_numpy()
    starts = np.flatnonzero(np.r_[size > 0, (brand[1:] != brand[:-1]) | (consumer[1:] != consumer[:-1])][:size])
    moment = events["occurred_at"].cast(pa.timestamp("us")).cast(pa.int64()).to_numpy()
    kinds = _named(events, "behaviour")
    place = pc.index_in(kinds.dictionary, pa.array(schema.behaviours())).to_numpy(zero_copy_only=False).astype(np.int8)
    nothing = np.iinfo(np.int64).min
    found, state = sweep_filed(
        compile_rules(rules),
        np.r_[starts, size].astype(np.int64),
        (moment // DAY_US).astype(np.int32),
        place[kinds.indices.to_numpy()],
        _plain(events, "score", pa.float64(), np.nan),
        _plain(events, "value_minor", pa.int64(), nothing),
        _named(events, "channel").is_valid().to_numpy(zero_copy_only=False),
        np.int32((last_day - EPOCH).days),
        np.int32(touch_days),
        np.array([(day - EPOCH).days for day in asked], np.int32),
    )
    return starts, found, state


def _named(events: pa.Table, column: str) -> pa.DictionaryArray:
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


def _plain(events: pa.Table, column: str, dtype: pa.DataType, null: float) -> "NDArray[np.generic]":
    """A number column without nulls, as one numpy array."""
    if column not in events.column_names:
        return np.full(events.num_rows, null, dtype.to_pandas_dtype())
    return pc.fill_null(events[column].cast(dtype), pa.scalar(null, dtype)).to_numpy()
