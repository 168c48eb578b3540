"""From events to ledger rows and to the open book, as Arrow tables; the kernel does the walking."""

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from apex.ledger.levels import NAMED, Scope, behaviour_places, entity_column, named, scope_of
from apex.ledger.rules import RuleSet
from apex.warehouse import schema

if TYPE_CHECKING:
    from numpy.typing import NDArray

TOUCH_DAYS = 15  # how long a touch may lie before the move it is booked with (design section 5: a setting)
MOVED_BY = {"behaviour": "event_behaviour", "business": "event_business", "item_id": "event_item_id"}
TOUCHED_BY = {"channel": "touch_channel", "campaign_id": "touch_campaign_id", "content_id": "touch_content_id"}
EPOCH = date(1970, 1, 1)
DAY_US = 86_400_000_000
ROWS = pa.schema(
    [
        ("day", pa.date32()), ("brand", NAMED), ("entity", NAMED), ("consumer_id", pa.int64()), ("from_stage", pa.int8()),
        ("to_stage", pa.int8()), ("first_ever", pa.bool_()),
        *((name, NAMED) for name in (*MOVED_BY.values(), *TOUCHED_BY.values())),
    ]
)  # fmt: skip
POSITIONS = pa.schema(
    [
        ("brand", NAMED), ("entity", NAMED), ("consumer_id", pa.int64()), ("stage", pa.int8()), ("since", pa.date32()),
        ("expires", pa.list_(pa.date32())),
    ]
)  # fmt: skip


def deciding(level: str) -> list[str]:
    """The columns of `events` that decide on stages at this level."""
    entity = entity_column(level)
    keys = ["category", "seq"] if level == "category" else ["brand", *([entity] if entity else [])]
    return [*keys, "consumer_id", "occurred_at", "behaviour", "score", "value_minor"]


def columns(level: str) -> list[str]:
    """The columns of `events` that the ledger's rows of this level are made from."""
    return list(dict.fromkeys([*deciding(level), *MOVED_BY, *TOUCHED_BY]))


def sweep(
    events: pa.Table, rules: RuleSet, last_day: date, touch_days: int = TOUCH_DAYS, level: str = "brand"
) -> pa.Table:
    """Every change of stage up to `last_day`, from events in any order.

    events: canonical columns, absent ones being null; which of them count is the level's (`apex.ledger.levels`). Returns the
    ledger's rows (design section 5) in order of brand, entity, consumer and day. At level brand there is no column entity,
    at level category every brand is null.
    """
    return rows_of(filed(events), rules, last_day, touch_days, level)


def positions(events: pa.Table, rules: RuleSet, day: date, level: str = "brand") -> pa.Table:
    """The open book at the end of `day`, from events in any order: see `positions_of`."""
    return positions_of(filed(events), rules, day, level)


def filed(events: pa.Table) -> pa.Table:
    """Events in the order of the warehouse: brand (none last), consumer, time, behaviour's place, seq."""
    for number, field in enumerate(events.schema):
        if pa.types.is_dictionary(field.type):  # which cannot be sorted by
            events = events.set_column(number, field.name, events[field.name].cast(field.type.value_type))
    place = pc.index_in(events["behaviour"].cast(pa.string()), pa.array(schema.behaviours()))
    order = [("brand", "ascending"), ("consumer_id", "ascending"), ("occurred_at", "ascending"), ("place", "ascending")]
    return events.append_column("place", place).sort_by([*order, ("seq", "ascending")])


def rows_of(
    events: pa.Table, rules: RuleSet, last_day: date, touch_days: int = TOUCH_DAYS, level: str = "brand"
) -> pa.Table:
    """The ledger's rows from events that are filed already."""
    scope = scope_of(events, level)
    found, _ = _walk(scope, rules, [], last_day)
    event = scope.row(found[:, 5])
    out = _toward(scope, scope.row(scope.starts[found[:, 0]]), level) | {
        "day": pa.array(found[:, 1].astype(np.int32)).cast(pa.date32()),
        "from_stage": pa.array(found[:, 2].astype(np.int8)),
        "to_stage": pa.array(found[:, 3].astype(np.int8)),
        "first_ever": pa.array(found[:, 4].astype(bool)),
    }
    for names, rows in ((MOVED_BY, event), (TOUCHED_BY, _touches(scope, event, touch_days))):
        where = pa.array(rows, mask=rows < 0)
        out |= {name: named(scope.events, column).take(where) for column, name in names.items()}
    return _table(out, ROWS)


def positions_of(events: pa.Table, rules: RuleSet, day: date, level: str = "brand") -> pa.Table:
    """Who is at which stage at the end of `day`, since when, and until when without new events.

    `expires` has one entry a stage, shallow to deep: the first day on which it would be inactive; null = never; for a
    stage that is not active on `day`, `day` itself. Later events are not seen; consumers at no stage are not in it.
    """
    scope = scope_of(events, level)
    _, (state,) = _walk(scope, rules, [day], day)
    at = np.flatnonzero(state[:, 0] > 0)
    state = state[at]
    today = (day - EPOCH).days
    until = np.maximum(state[:, 2:], today).ravel()
    never = until == np.iinfo(np.int32).max
    dates = pa.array(np.where(never, 0, until).astype(np.int32), mask=never).cast(pa.date32())
    offsets = pa.array(np.arange(len(at) + 1, dtype=np.int32) * len(rules.stages))
    out = _toward(scope, scope.row(scope.starts[at]), level) | {
        "stage": pa.array(state[:, 0].astype(np.int8)),
        "since": pa.array(state[:, 1].astype(np.int32)).cast(pa.date32()),
        "expires": pa.ListArray.from_arrays(offsets, dates),
    }
    return _table(out, POSITIONS)


def expiries_of(
    events: pa.Table, rules: RuleSet, days: Sequence[date], level: str = "brand"
) -> "tuple[pa.Table, NDArray[np.int32]]":
    """When each stage of each relation runs out without new events, as known at the end of each of these days.

    One pass for all days (earliest first). Returns a table of the relations met by the last day (brand, entity?,
    consumer_id), and their expiries as days since 1970, (days, relations, stages), shallow to deep; what is not active has
    one in the past.
    """
    scope = scope_of(events, level)
    _, state = _walk(scope, rules, days, days[-1])
    return _table(_toward(scope, scope.row(scope.starts[:-1]), level), POSITIONS), state[:, :, 2:]


def _toward(scope: Scope, rows: "NDArray[np.int64]", level: str) -> dict[str, pa.Array]:
    """brand, entity (not at level brand) and consumer_id of these rows of events."""
    where, entity = pa.array(rows), entity_column(level)
    brand = pa.nulls(len(rows), NAMED) if level == "category" else named(scope.events, "brand").take(where)
    toward = {"brand": brand, "consumer_id": scope.events["consumer_id"].take(where)}
    return toward | ({"entity": named(scope.events, entity).take(where)} if entity else {})


def _table(columns: dict[str, pa.Array], schema: pa.Schema) -> pa.Table:
    """These columns in the order and with the types of the schema, which may know more."""
    return pa.table(columns, schema=pa.schema([field for field in schema if field.name in columns]))


def _touches(scope: Scope, event: "NDArray[np.int64]", touch_days: int) -> "NDArray[np.int64]":
    """For each of these rows of events, the last one at or before it in its scope that has a channel and is near enough."""
    if not scope.events.num_rows:
        return event
    marked = named(scope.events, "channel").is_valid().to_numpy(zero_copy_only=False)
    last = np.maximum.accumulate(np.where(marked, np.arange(len(marked)), -1))
    touch = np.where(event < 0, -1, last[event])
    day, consumer = _days(scope.events), scope.events["consumer_id"].to_numpy()
    same = (scope.scope[touch] == scope.scope[event]) & (consumer[touch] == consumer[event])
    return np.where((touch >= 0) & same & (day[touch] > day[event] - touch_days), touch, -1)


def _walk(
    scope: Scope, rules: RuleSet, asked: Sequence[date], last_day: date
) -> "tuple[NDArray[np.int64], NDArray[np.int32]]":
    """Arrow columns as the kernel's arrays in the order of the walk, and the kernel. Returns rows found, positions."""
    from apex.ledger.kernel import compile_rules, sweep_filed

    return sweep_filed(
        compile_rules(rules),
        scope.starts,
        scope.walked(_days(scope.events)),
        scope.walked(behaviour_places(scope.events)),
        scope.walked(_plain(scope.events, "score", pa.float64(), np.nan)),
        scope.walked(_plain(scope.events, "value_minor", pa.int64(), np.iinfo(np.int64).min)),
        np.int32((last_day - EPOCH).days),
        np.array([(day - EPOCH).days for day in asked], np.int32),
    )


def _days(events: pa.Table) -> "NDArray[np.int32]":
    """Each event's day since 1970."""
    moment = events["occurred_at"].cast(pa.timestamp("us")).cast(pa.int64()).to_numpy()
    return (moment // DAY_US).astype(np.int32)


def _plain(events: pa.Table, column: str, dtype: pa.DataType, null: float) -> "NDArray[np.generic]":
    """A number column without nulls, as one numpy array."""
    if column not in events.column_names:
        return np.full(events.num_rows, null, dtype.to_pandas_dtype())
    return pc.fill_null(events[column].cast(dtype), pa.scalar(null, dtype)).to_numpy()
