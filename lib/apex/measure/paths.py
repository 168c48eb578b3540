"""Paths: the media that met a consumer before each purchase or move, and the paths that led to none; counted in the engine.

A touch is a day on which a channel met a consumer (not his own way, `measure.touches`). It belongs to his next conversion where
that lies less than the look-back ahead, and to no other one; what no conversion followed is cut into paths as long as the
look-back, counted back from where the path ends. So every touch is counted once, and pandas sees grouped rows only.

Conversions are of several kinds: ORDERS, and moves up to each stage. They are counted side by side, in one question.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

import ibis
import pandas as pd

from apex.ledger import Book
from apex.measure.assets import states
from apex.measure.touches import BUCKETS, own_channels

if TYPE_CHECKING:
    import ibis.expr.types as ir

LOOKBACK = 15  # days, the day of the conversion among them
THEN = " > "  # between the touches of a path
ORDERS = "orders"
NONE = "none"  # the group of consumers at no stage
KEYS = ["kind", "path", "ages", "bucket"]


class Risk(NamedTuple):
    """Who could have converted on which day, for a hazard; groups are stages on the eve, days lie in the window.

    converted: kind, group, day (0: the first), path, ages, bucket, conversions, value: seen with all touches of the look-back.
    touched: group, day (below 0 before the window), channel, bucket, touches. people: group, bucket, consumers.
    """

    converted: pd.DataFrame
    touched: pd.DataFrame
    people: pd.DataFrame
    days: int
    lookback: int


def conversions(book: Book, brand: str, first: date, last: date) -> "ir.Table":
    """consumer_id, at, kind, conversions, value (minor units; none of moves): from `first` to `last`.

    Orders at their time, moves up at the end of their day.
    """
    events, rows = book.warehouse.table("events"), book.rows
    bought = _between(events.filter((events.brand == brand) & (events.behaviour == "buy")), first, last)
    order = bought.basket_id.fill_null(bought.occurred_at.date().cast("string"))
    orders = bought.group_by("consumer_id", order=order).agg(
        at=bought.occurred_at.min().cast("timestamp(6)"), value=bought.value_minor.sum()
    )
    orders = orders.group_by("consumer_id", "at").agg(conversions=orders.count(), value=orders.value.sum())
    up = rows.filter((rows.brand == brand) & (rows.to_stage > rows.from_stage) & rows.day.between(first, last))
    stage = up.to_stage.cast("int64").cases(*enumerate(book.rules.ids, 1))
    evening = up.day.cast("timestamp(6)") + ibis.interval(seconds=86399)
    moves = up.select("consumer_id", at=evening, kind=stage, conversions=_int(1), value=_int(0))
    return (
        orders.select("consumer_id", "at", "conversions", kind=ibis.literal(ORDERS), value=orders.value.cast("int64"))
        .select(moves.columns)
        .union(moves)
    )


def paths(
    book: Book, brand: str, first: date, last: date, lookback: int = LOOKBACK, kinds: Sequence[str] | None = None
) -> pd.DataFrame:
    """Paths before conversions of each kind (None: of all) from `first` to `last`, and paths before none.

    Returns kind, path (channels in turn, THEN between them; "" for conversions without a touch), ages (days before the
    conversion of each touch, a space between; "" where none followed), bucket (consumer_id modulo BUCKETS), conversions, value
    (minor units), nulls: ints. Touches whose conversion came after `last`, as far as that may be seen, are left out: it is not
    of this window.
    """
    asked = [ORDERS, *book.rules.ids] if kinds is None else list(kinds)
    made = conversions(book, brand, first, last + timedelta(days=lookback))
    made = made if kinds is None else made.filter(made.kind.isin(asked))
    touch = touch_days(book, brand, first - timedelta(days=lookback - 1), last)
    each = ibis.memtable(pd.DataFrame({"kind": asked}), schema={"kind": "string"})
    stream = touch.cross_join(each).mutate(turn=_int(0))
    stream = stream.union(
        made.select("consumer_id", "at", "kind", channel=ibis.null("string"), turn=_int(1)).select(stream.columns)
    )
    ahead = ibis.window(group_by=["consumer_id", "kind"], order_by=["at", "turn"], preceding=0, following=None)
    converts = (stream.turn == 1).ifelse(stream["at"], ibis.null("timestamp(6)"))
    stream = stream.mutate(upto=converts.min().over(ahead))
    met = stream.filter(stream.turn == 0)
    end = met.upto.date().fill_null(ibis.literal(last))
    met = met.mutate(back=end.delta(met["at"].date(), unit="day"))
    met = met.mutate(block=(met.back / lookback).floor().cast("int64"))
    met = met.mutate(won=met.upto.notnull() & (met.block == 0))
    of_window = met.upto.isnull() | (met.upto < last + timedelta(days=1))
    met = met.filter(met.won.ifelse(of_window, met["at"] >= first))
    turn = [met["at"], met.channel]
    found = met.group_by("consumer_id", "kind", "block", "won", at=met.upto).agg(
        path=met.channel.group_concat(THEN, order_by=turn),
        ages=met.back.cast("string").group_concat(" ", order_by=turn),
    )
    lost = found.filter(~found.won).select(
        "consumer_id", "kind", "path", ages=ibis.literal(""), conversions=_int(0), value=_int(0), nulls=_int(1)
    )
    made = made.filter(made["at"] < last + timedelta(days=1))
    won = _with_path(made, found.filter(found.won)).mutate(nulls=_int(0)).select(lost.columns)
    both = won.union(lost).mutate(bucket=lambda t: t.consumer_id % BUCKETS)
    return _summed(both, KEYS, "conversions", "value", "nulls")


def risk(
    book: Book, brand: str, first: date, last: date, lookback: int = LOOKBACK, kinds: Sequence[str] | None = None
) -> Risk:
    """What a hazard of converting is learned from; see `Risk`."""
    made = conversions(book, brand, first, last)
    made = made if kinds is None else made.filter(made.kind.isin(list(kinds)))
    touch = touch_days(book, brand, first - timedelta(days=lookback - 1), last)
    other = touch.rename(touched="at").view()
    seen = made.inner_join(other, [made.consumer_id == other.consumer_id, other.touched <= made["at"]])
    seen = seen.mutate(back=seen["at"].date().delta(seen.touched.date(), unit="day"))
    seen = seen.filter(seen.back < lookback)
    turn = [seen.touched, seen.channel]
    found = seen.group_by("consumer_id", "kind", "at").agg(
        path=seen.channel.group_concat(THEN, order_by=turn),
        ages=seen.back.cast("string").group_concat(" ", order_by=turn),
    )
    eve = first - timedelta(days=1)
    at = states(book, brand, eve, eve).select("consumer_id", stage="before")
    names = list(enumerate(book.rules.ids, 1))

    def grouped(rows: "ir.Table", by: list[str], *sums: str) -> pd.DataFrame:
        known = rows.left_join(at, "consumer_id")
        group = known.stage.fill_null(0).cast("int64").cases(*names, else_=NONE)
        known = known.mutate(group=group, bucket=known.consumer_id % BUCKETS)
        if "day" in by:
            known = known.mutate(day=known["at"].date().delta(ibis.literal(first), unit="day").cast("int64"))
        return _summed(known, by, *sums)

    every = book.warehouse.table("consumers").select("consumer_id", consumers=_int(1))
    return Risk(
        grouped(_with_path(made, found), ["kind", "group", "day", "path", "ages", "bucket"], "conversions", "value"),
        grouped(touch.mutate(touches=_int(1)), ["group", "day", "channel", "bucket"], "touches"),
        grouped(every, ["group", "bucket"], "consumers"),
        (last - first).days + 1,
        lookback,
    )


def touch_days(book: Book, brand: str, first: date, last: date) -> "ir.Table":
    """consumer_id, channel, at (the day's first touch): a row for each day on which a channel met a consumer."""
    events, own = book.warehouse.table("events"), own_channels(book.warehouse)
    events = events.filter((events.brand == brand) & events.channel.notnull())
    events = events.filter(events.behaviour.notin(["buy", "refund"]))  # what follows a touch is none
    events = _between(events.filter(events.channel.notin(own)) if own else events, first, last)
    days = events.group_by("consumer_id", "channel", day=events.occurred_at.date()).agg(at=events.occurred_at.min())
    return days.select("consumer_id", "channel", at=days["at"].cast("timestamp(6)"))


def touches(book: Book, brand: str, first: date, last: date) -> pd.DataFrame:
    """channel, touches (days on which it met a consumer), met (consumers): from `first` to `last`."""
    days = touch_days(book, brand, first, last)
    frame = days.group_by("channel").agg(touches=days.count(), met=days.consumer_id.nunique()).execute()
    return frame.astype({"touches": int, "met": int}).sort_values("channel", ignore_index=True)


def _with_path(made: "ir.Table", found: "ir.Table") -> "ir.Table":
    """Conversions with path and ages; both empty where no touch came before."""
    both = made.left_join(found.select("consumer_id", "kind", "at", "path", "ages"), ["consumer_id", "kind", "at"])
    return both.select(*made.columns, path=both.path.fill_null(""), ages=both.ages.fill_null(""))


def _between(events: "ir.Table", first: date, last: date) -> "ir.Table":
    return events.filter((events.occurred_at >= first) & (events.occurred_at < last + timedelta(days=1)))


def _summed(rows: "ir.Table", by: list[str], *sums: str) -> pd.DataFrame:
    frame = rows.group_by(*by).agg(**{name: rows[name].sum() for name in sums}).execute()
    whole = [name for name in by if name in ("bucket", "day")]
    return frame.astype(dict.fromkeys([*whole, *sums], "int64")).sort_values(by, ignore_index=True)


def _int(number: int) -> "ir.IntegerScalar":
    return ibis.literal(number, "int64")
