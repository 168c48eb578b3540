"""Consumer assets: how many consumers are at which stage, who moved between two days, and who falls out next.

Everything is a sum over the ledger (one row a change of stage): stock is moves in less moves out up to a day, a flow
between two days is a join of two states. Stage columns of the frames are ordered categories, shallow to deep, `none`
first where it may occur.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow.compute as pc

from apex.errors import ApexError
from apex.ledger import Book
from apex.measure.trade import purchases

if TYPE_CHECKING:
    import ibis.expr.types as ir

NONE = "none"


def stage_type(book: Book, *, none: bool = True) -> pd.CategoricalDtype:
    """The rule set's stages as an ordered category, shallow to deep, with `none` in front if wanted."""
    return pd.CategoricalDtype(([NONE] if none else []) + book.rules.ids, ordered=True)


def stock(book: Book, brand: str, first: date | None = None, last: date | None = None) -> pd.DataFrame:
    """Consumers of a brand at each stage at the end of each day.

    Days default to all that the book may see. Returns brand, day, stage, consumers (int): one row a day and stage, zeros
    included, in that order.
    """
    first, last = first or book.warehouse.first_day, last or book.warehouse.last_day
    rows = _rows(book, brand)
    into = rows.select("day", stage=rows.to_stage, change=1)
    out_of = rows.select("day", stage=rows.from_stage, change=-1)
    moves = into.union(out_of)
    daily = moves.filter(moves.stage > 0).group_by("day", "stage").agg(change=moves.change.sum()).execute()
    numbers = range(1, len(book.rules.ids) + 1)
    days = pd.date_range(book.warehouse.first_day, last, freq="D", name="day")
    wide = daily.assign(day=pd.to_datetime(daily.day)).pivot_table(
        index="day", columns="stage", values="change", aggfunc="sum", observed=True
    )
    wide = wide.reindex(index=days, columns=numbers).fillna(0).cumsum().astype(int).loc[pd.Timestamp(first) :]
    tidy = wide.rename(columns=dict(zip(numbers, book.rules.ids, strict=True))).stack().reset_index()
    tidy.columns = pd.Index(["day", "stage", "consumers"])
    return tidy.assign(brand=brand, day=tidy.day.dt.date, stage=tidy.stage.astype(stage_type(book, none=False)))[
        ["brand", "day", "stage", "consumers"]
    ]


def flow(book: Book, brand: str, start: date, end: date) -> pd.DataFrame:
    """Where the consumers at each stage on `start` are on `end`.

    Returns brand, start_day, end_day, from_stage, to_stage, consumers: every pair of stages, zeros included, without
    none → none (whoever has no relation on either day is not a flow).
    """
    both = states(book, brand, start, end)
    counted = both.group_by("before", "after").agg(consumers=lambda t: t.count()).execute()
    numbers = range(len(book.rules.ids) + 1)
    grid = pd.MultiIndex.from_product([numbers, numbers], names=["before", "after"])[1:]
    frame = counted.set_index(["before", "after"]).consumers.reindex(grid, fill_value=0).reset_index()
    return pd.DataFrame(
        {
            "brand": brand,
            "start_day": start,
            "end_day": end,
            "from_stage": _stages(book, frame.before),
            "to_stage": _stages(book, frame.after),
            "consumers": frame.consumers.astype(int),
        }
    )


def flow_by_history(book: Book, brand: str, start: date, end: date) -> pd.DataFrame:
    """`flow` of two segments: `old` had bought the brand by the end of `start`, as far as the data go back; `new` had not.

    Returns segment, from_stage, to_stage, consumers: every pair but none → none, zeros included; the segments add up to
    `flow`.
    """
    bought = purchases(book.warehouse, brand, book.warehouse.first_day, start).consumer_id
    both = states(book, brand, start, end)
    both = both.mutate(segment=both.consumer_id.isin(bought).ifelse("old", "new"))
    counted = both.group_by("segment", "before", "after").agg(consumers=lambda t: t.count()).execute()
    numbers = range(len(book.rules.ids) + 1)
    grid = pd.MultiIndex.from_product([["new", "old"], numbers, numbers], names=["segment", "before", "after"])
    frame = counted.set_index(grid.names).consumers.reindex(grid, fill_value=0).astype(int).reset_index()
    frame = frame[(frame.before > 0) | (frame.after > 0)].reset_index(drop=True)
    named = {"from_stage": _stages(book, frame.before), "to_stage": _stages(book, frame.after)}
    return frame.assign(**named)[["segment", "from_stage", "to_stage", "consumers"]]


def _rows(book: Book, brand: str) -> "ir.Table":
    """A brand's rows, of a ledger of brands."""
    _of_brands(book)
    return book.rows.filter(book.rows.brand == brand)


def _of_brands(book: Book) -> None:
    """ApexError for a ledger in which a consumer has several relations with a brand."""
    if book.level != "brand":
        raise ApexError(f"This ledger is kept by {book.level}; `apex.measure.entities` counts each by itself.")


def states(book: Book, brand: str, start: date, end: date) -> "ir.Table":
    """consumer_id with its stage's number on both days (before, after), for whoever has a row by `end`."""
    rows = _rows(book, brand)
    rows = rows.filter(rows.day <= end)
    both = rows.group_by("consumer_id").agg(
        before=rows.to_stage.argmax(rows.day, where=rows.day <= start), after=rows.to_stage.argmax(rows.day)
    )
    return both.mutate(before=both.before.fill_null(0))


def moves(book: Book, brand: str, start: date, end: date) -> pd.DataFrame:
    """Every change of stage after `start` and up to `end`, counted with its cause.

    Returns from_stage, to_stage, channel, campaign_id, business (of the touch and the event that the move was booked
    with; null where there was none, and always for moves down), moves (int) and consumers (distinct, int).
    """
    rows = _rows(book, brand)
    rows = rows.filter((rows.day > start) & (rows.day <= end))
    counted = (
        rows.group_by(
            before=rows.from_stage, after=rows.to_stage, channel=rows.touch_channel, campaign_id=rows.touch_campaign_id,
            business=rows.event_business,
        )
        .agg(moves=rows.count(), consumers=rows.consumer_id.nunique())
        .execute()
    )  # fmt: skip
    counted.insert(0, "from_stage", _stages(book, counted.before))
    counted.insert(1, "to_stage", _stages(book, counted.after))
    order = ["from_stage", "to_stage", "channel", "campaign_id", "business"]
    return counted.drop(columns=["before", "after"]).sort_values(order, ignore_index=True)


def running_out(book: Book, brands: Sequence[str], day: date, days: int = 30) -> pd.DataFrame:
    """Who falls from the present stage in the next `days` days if nothing new happens, from the open book of `day`.

    Returns brand, day, from_stage, to_stage (where the consumer falls to on that day), consumers: only days with someone,
    each consumer of a brand once, at the first fall.
    """
    _of_brands(book)
    open_book = book.open_book(day, list(dict.fromkeys(brands)))
    stage = open_book["stage"].to_numpy().astype(int)
    depth = len(book.rules.ids)
    until = pc.list_flatten(open_book["expires"]).to_numpy(zero_copy_only=False).reshape(-1, depth)
    until = np.where(np.isnat(until), np.datetime64(date.max), until.astype("datetime64[D]"))
    when = until[np.arange(len(stage)), stage - 1]
    soon = when <= np.datetime64(day + timedelta(days=days))
    stage, until, when, brand = stage[soon], until[soon], when[soon], open_book["brand"].filter(soon).to_pandas()
    still = until > when[:, None]  # the stages that are active on the day of the fall: the deepest is where it leads
    below = np.where(still.any(axis=1), depth - np.argmax(still[:, ::-1], axis=1), 0)
    fallen = pd.DataFrame(
        {"day": pd.Series(when).dt.date, "from_stage": _stages(book, stage), "to_stage": _stages(book, below)}
    ).assign(brand=brand.astype(str).to_numpy())
    order = ["brand", "day", "from_stage", "to_stage"]
    return fallen.groupby(order, observed=True).size().rename("consumers").reset_index()


def change(book: Book, stock: pd.DataFrame, now: date, before: date) -> pd.DataFrame:
    """Each stage's stock on two days, from the frame of `stock` (or what may be shown of it).

    Returns stage, now, before, difference (Int64), share (of before; null where that is 0), comparable (bool: both days
    saw windows of the same length). Where the days cannot be compared, before, difference and share are null.
    """
    wide = stock[stock.day.isin([now, before])].pivot(index="stage", columns="day", values="consumers")
    wide = wide.reindex(columns=[now, before]).astype("Int64")
    comparable = [a == b for a, b in zip(book.windows_on(now), book.windows_on(before), strict=True)]
    frame = pd.DataFrame(
        {"stage": wide.index, "now": wide[now].array, "before": wide[before].array, "comparable": comparable}
    )
    frame["before"] = frame.before.where(frame.comparable)
    frame["difference"] = frame.now - frame.before
    frame["share"] = (frame.difference / frame.before.where(frame.before > 0)).astype("Float64")
    return frame


def comparable(book: Book, *days: date) -> bool:
    """Whether all these days saw every stage's window at the same length, so that their stocks and moves compare."""
    return len({tuple(book.windows_on(day)) for day in days}) == 1


def upward(moves: pd.DataFrame, earlier: pd.DataFrame | None, by: str) -> pd.DataFrame:
    """Moves up by one kind of cause (`channel`, `campaign_id`, `business`) or by `to_stage`, now and in the period before.

    Takes two frames of `moves`, the second None where the period before does not compare. Returns cause (null: no touch was
    near enough), moves (int), before (Int64), largest first.
    """
    return _by([None if f is None else f[f.to_stage > f.from_stage] for f in (moves, earlier)], by, "cause")


def lapses(moves: pd.DataFrame, earlier: pd.DataFrame | None) -> pd.DataFrame:
    """Moves down by the stage that was left, as `upward`: stage, moves, before, deepest last."""
    down = _by([None if f is None else f[f.to_stage < f.from_stage] for f in (moves, earlier)], "from_stage", "stage")
    return down.sort_values("stage", ignore_index=True)


def _by(periods: Sequence[pd.DataFrame | None], column: str, name: str) -> pd.DataFrame:
    now, before = (f if f is None else f.groupby(column, observed=True, dropna=False).moves.sum() for f in periods)
    both = pd.DataFrame({"moves": now, "before": pd.Series(dtype=float) if before is None else before})
    both = both.astype("Int64").fillna(0) if before is not None else both.astype("Int64")
    both.index.name = name
    return both.reset_index().sort_values(["moves", "before", name], ascending=[False, False, True], ignore_index=True)


def by_fall(falls: pd.DataFrame) -> pd.DataFrame:
    """The frame of `running_out` without its days: from_stage, to_stage, consumers."""
    return falls.groupby(["from_stage", "to_stage"], observed=True).consumers.sum().reset_index()


def by_day(falls: pd.DataFrame, day: date, days: int) -> pd.DataFrame:
    """The frame of `running_out` by day and stage left, for the `days` days after `day`, zeros included.

    Returns day, stage, consumers.
    """
    grid = pd.MultiIndex.from_product(
        [[day + timedelta(days=n) for n in range(1, days + 1)], falls.from_stage.cat.categories[1:]],
        names=["day", "stage"],
    )
    summed = falls.rename(columns={"from_stage": "stage"}).groupby(["day", "stage"], observed=True).consumers.sum()
    frame = summed.reindex(grid, fill_value=0).reset_index()
    dtype = pd.CategoricalDtype(falls.from_stage.cat.categories[1:], ordered=True)
    return frame.assign(stage=frame.stage.astype(dtype))


def _stages(book: Book, numbers: "pd.Series | np.ndarray") -> pd.Categorical:
    """Stage numbers (0 = none) as ordered categories."""
    return pd.Categorical.from_codes(np.asarray(numbers, dtype=int), dtype=stage_type(book))
