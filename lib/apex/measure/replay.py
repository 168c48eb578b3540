"""Moves up that the rules would not have booked without a cause: the ledger swept again with the cause's events left out.

A cause is a channel, a content, or a group of contents. What it did between two days is left out of the log, everything
else stays, and the stages at the end are read again. So overlaps are seen (a consumer whom two channels met loses nothing
when one of them goes) and so is depth (a click makes more of an exposure). Whatever the touch set in motion later under no
channel stays in the log: of purchases by the consumer's own way nothing can be told here.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from apex.ledger import Book, sweep
from apex.measure.assets import stage_type
from apex.measure.touches import own_channels

ALL = "*"  # all causes left out together
_SUMS = {"met": ("met", "first"), **{c: (c, "sum") for c in ("booked", "instead", "credit")}}
KEYS = ["cut", "cause", "from_stage", "to_stage"]


def without(
    book: Book, brand: str, start: date, end: date, cuts: Mapping[str, Mapping[str, str] | None] | None = None
) -> pd.DataFrame:
    """What becomes of the upward moves from `start` to `end` when one cause's events after `start` are left out.

    cuts: how causes are told, by name (default: `channel`). `channel` cuts by channel, every other name by content_id. Its
    value maps an event's value to the cause; values that are not in it are no cause (None: each value is its own, but for a
    consumer's own visits). Returns cut, cause (`*`: all of the cut together), from_stage, to_stage, met (consumers whom the
    cause met in the period, whatever became of them), booked (who rose from → to and would not have without the cause),
    instead (who would have risen so without it and did not), credit = booked − instead: ints, every cause that met somebody
    and every pair that rises, zeros included.
    """
    cuts = {"channel": None} if cuts is None else cuts
    size = len(book.rules.ids) + 1
    met: dict[tuple[str, str], int] = {}
    changed: dict[tuple[str, str], np.ndarray] = {}
    own = set(own_channels(book.warehouse))
    columns = {name: "channel" if name == "channel" else "content_id" for name in cuts}
    for rows in book.warehouse.each_slice((*sweep.deciding("brand"), *dict.fromkeys(columns.values())), [brand]):
        events = rows.filter(pc.less_equal(rows["occurred_at"].cast(pa.date32()), pa.scalar(end)))
        for cut, groups in cuts.items():
            names, cause = _causes(events, start, columns[cut], groups, own if cut == "channel" else set())
            for name, seen, moves in _slice(book, events, start, end, names, cause):
                met[cut, name] = met.get((cut, name), 0) + seen
                changed[cut, name] = changed.get((cut, name), np.zeros((2, size, size), int)) + moves
    pairs = [(a, b) for a in range(size) for b in range(a + 1, size)]
    frame = pd.DataFrame(
        [(*key, a, b, met[key], *moves[:, a, b]) for key, moves in changed.items() if met[key] for a, b in pairs],
        columns=[*KEYS, "met", "booked", "instead"],
    )
    for column in ("from_stage", "to_stage"):
        frame[column] = pd.Categorical.from_codes(frame[column].to_numpy(int), dtype=stage_type(book))
    frame = frame.astype({"cut": object, "cause": object, "met": int, "booked": int, "instead": int})
    return frame.assign(credit=frame.booked - frame.instead).sort_values(KEYS, ignore_index=True)


def by_cause(replayed: pd.DataFrame, cut: str, stages: Sequence[str] | None = None) -> pd.DataFrame:
    """Credit of one cut over the moves that reach one of `stages` (None: any): cause, met, booked, instead, credit.

    Largest first; a consumer has one move, so that booked and instead count consumers.
    """
    kept = replayed[replayed.cut == cut]
    kept = kept if stages is None else kept[kept.to_stage.isin(stages)]
    summed = kept.groupby("cause").agg(**_SUMS).reset_index()
    return summed.sort_values(["credit", "cause"], ascending=[False, True], ignore_index=True)


def by_stage(replayed: pd.DataFrame, cut: str, stages: Sequence[str]) -> pd.DataFrame:
    """Credit of one cut by the stage reached, of these stages: cause, to_stage, credit, moves (its size without sign)."""
    kept = replayed[(replayed.cut == cut) & replayed.to_stage.isin(stages)]
    summed = kept.groupby(["cause", "to_stage"], observed=True).agg(credit=("credit", "sum")).reset_index()
    return summed.assign(moves=summed.credit.abs())


def _causes(
    events: pa.Table, start: date, column: str, groups: Mapping[str, str] | None, own: set[str]
) -> tuple[list[str], np.ndarray]:
    """The causes' names and for each event the number of its cause; −1 where it has none or lies before the period."""
    values = events[column].cast(pa.string()).combine_chunks()
    if isinstance(values, pa.ChunkedArray):  # no rows
        values = pa.array([], pa.string())
    values = values.dictionary_encode()
    known = [(v if v not in own else None) if groups is None else groups.get(v) for v in values.dictionary.to_pylist()]
    names = sorted({name for name in known if name is not None})
    place = np.array([-1 if name is None else names.index(name) for name in known] + [-1])
    after = pc.greater(events["occurred_at"].cast(pa.date32()), pa.scalar(start)).to_numpy(zero_copy_only=False)
    at = values.indices.fill_null(len(known)).to_numpy(zero_copy_only=False)
    return names, np.where(after, place[at], -1)


def _slice(
    book: Book, events: pa.Table, start: date, end: date, names: Sequence[str], cause: np.ndarray
) -> Iterator[tuple[str, int, np.ndarray]]:
    """For each cause of one slice: its name, how many it met, (2, from, to) moves up that go and that come without it."""
    ids, who = np.unique(events["consumer_id"].to_numpy(), return_inverse=True)
    somebody = np.zeros(len(ids), bool)  # whom nobody met need not be walked
    somebody[who[cause >= 0]] = True
    kept = somebody[who]
    events, who, cause = events.select(sweep.deciding("brand")).filter(pa.array(kept)), who[kept], cause[kept]
    before, now = (_stages(book, events, day, ids) for day in (start, end))
    for number in (*np.unique(cause[cause >= 0]), None):
        gone = cause >= 0 if number is None else cause == number
        touched = np.zeros(len(ids), bool)
        touched[who[gone]] = True
        then = _stages(book, events.filter(pa.array(touched[who] & ~gone)), end, ids)
        name = ALL if number is None else names[number]
        yield name, int(touched.sum()), _moves(before, now, then, touched, len(book.rules.ids) + 1)


def _stages(book: Book, events: pa.Table, day: date, ids: np.ndarray) -> np.ndarray:
    """The stage of each of these consumers at the end of a day, 0 where none."""
    found = sweep.positions_of(events, book.rules, day)
    out = np.zeros(len(ids), int)
    out[np.searchsorted(ids, found["consumer_id"].to_numpy())] = found["stage"].to_numpy()
    return out


def _moves(before: np.ndarray, now: np.ndarray, then: np.ndarray, touched: np.ndarray, size: int) -> np.ndarray:
    """(2, from, to): moves up of the touched that stand in the log alone, and that stand in what is left of it alone."""
    out = np.zeros((2, size, size), int)
    other = touched & (now != then)
    for number, stage in enumerate((now, then)):
        rose = other & (stage > before)
        np.add.at(out[number], (before[rose], stage[rose]), 1)
    return out
