"""Touches: who was met by which channel how often, between two days, and where those consumers stood then and stand now.

A touch is an event of the brand with a channel. Some channels are no medium but the consumer's own way to the brand (kind
`free` of the table `channels`): they are no cause, and a consumer's own visits are counted beside.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

import ibis
import pandas as pd

from apex.ledger import Book, RuleSet
from apex.measure.assets import stage_type, states
from apex.measure.item_assets import groups
from apex.warehouse import Warehouse

if TYPE_CHECKING:
    import ibis.expr.types as ir

FREE = "free"  # the kind of channel that is the consumer's own way
RECENT = (1, 8, 16, 31, 91)  # days since the last event before the period, where a new band begins
OWN = ""  # stands for the channels by which consumers come of themselves
UNIT = 1000  # features of `gram` are thousandths, so that sums are whole and the same on every engine
BUCKETS = 20  # of consumers, for errors


def own_channels(warehouse: Warehouse) -> list[str]:
    """The channels by which consumers come of themselves, by name; none where the warehouse has no table of channels."""
    if not warehouse.has("channels"):
        return []
    channels = warehouse.table("channels")
    return sorted(channels.filter(channels.kind == FREE).channel.execute())


def purchase_stages(rules: RuleSet) -> list[str]:
    """The stages that take a purchase, shallow to deep."""
    return [stage for stage, group in groups(rules).items() if group in ("first", "repeat")]


def cuts(warehouse: Warehouse, brand: str) -> dict[str, dict[str, str] | None]:
    """How causes are told in `measure.replay.without`: by channel, and where the brand's contents are known by them as well.

    Returns `channel`, and with a table of contents `content`, `format`, `creator` (content_id → name; unknown ones left out).
    """
    found: dict[str, dict[str, str] | None] = {"channel": None}
    if warehouse.has("contents"):
        contents = known_contents(warehouse, brand)
        for name in ("format", "creator"):
            named = contents[contents[name].notna()]
            found[name] = dict(zip(named.content_id, named[name], strict=True))
        found["content"] = dict(zip(contents.content_id, contents.content_id, strict=True))
    return found


def known_contents(warehouse: Warehouse, brand: str) -> pd.DataFrame:
    """The brand's contents published so far: content_id, format, creator, channel; none where there is no such table."""
    columns = ["content_id", "format", "creator", "channel"]
    if not warehouse.has("contents"):
        return pd.DataFrame(columns=columns, dtype=object)
    contents = warehouse.table("contents")
    frame = contents.filter(contents.brand == brand).select(*columns).execute()
    return frame.sort_values("content_id", ignore_index=True)


def touched(book: Book, brand: str, start: date, end: date) -> pd.DataFrame:
    """Between two days: whom each channel met, by the stages before and after, with the two classic shares of each move.

    Returns from_stage, to_stage, channel ("": a consumer's own visits), met (consumers with a touch after `start`, int),
    last (consumers whose last move up in between was booked with a touch of that channel, int; 0 unless to_stage is deeper),
    share (consumers, each shared out equally over its touches in between, own visits too). Pairs with nobody are absent.
    """
    at, met = states(book, brand, start, end), touches_of(book, brand, start, end)
    whole = met.group_by("consumer_id").agg(every=met.touches.sum())
    each = met.join(whole, "consumer_id").left_join(at, "consumer_id")
    each = each.select(
        "channel", before=each.before.fill_null(0), after=each.after.fill_null(0), met=1, last=0,
        share=each.touches / each.every,
    )  # fmt: skip
    rows = book.rows
    up = rows.filter((rows.brand == brand) & (rows.day > start) & (rows.day <= end) & (rows.to_stage > rows.from_stage))
    up = up.filter(up.touch_channel.notnull())
    booked = up.group_by("consumer_id").agg(touch=up.touch_channel.argmax(up.day)).join(at, "consumer_id")
    booked = booked.filter(booked.after > booked.before)
    booked = booked.select(
        channel=_cause(booked.touch, own_channels(book.warehouse)), before=booked.before, after=booked.after,
        met=ibis.literal(0, "int8"), last=ibis.literal(1, "int8"), share=ibis.literal(0.0),
    )  # fmt: skip
    both = each.union(booked)
    sums = {"met": both.met.sum(), "last": both["last"].sum(), "share": both.share.sum()}
    frame = both.group_by("before", "after", "channel").agg(**sums).execute()
    for place, (column, name) in enumerate((("before", "from_stage"), ("after", "to_stage"))):
        frame.insert(place, name, pd.Categorical.from_codes(frame.pop(column).to_numpy(int), dtype=stage_type(book)))
    frame = frame.astype({"met": int, "last": int, "share": float})
    return frame.sort_values(["from_stage", "to_stage", "channel"], ignore_index=True)


def gram(book: Book, brand: str, start: date, end: date) -> pd.DataFrame:
    """What a regression of rises on touches needs, summed in the engine: products of features over consumers.

    A row of the design is a consumer with any event of the brand by `end`. Features, in thousandths: `one` (1); `at:STAGE`
    (stood there on `start`); `recent:BAND` (BAND of RECENT: days since the last event up to `start`); `own` (own visits n in
    between as n / (1 + n)); `met:CHANNEL:GROUP` (touches n in between, as n / (1 + n), of a consumer who stood at no stage,
    before the purchase, or had bought: GROUP 0, 1, 2); `to:STAGE` (rose to it: the outcome). Returns a, b (features, a ≤ b),
    bucket (consumer_id modulo BUCKETS), total (sum of the products, in millionths): ints, pairs without product are absent.
    """
    ids = book.rules.ids
    bought = purchase_stages(book.rules)
    events = book.warehouse.table("events")
    events = events.filter((events.brand == brand) & (events.occurred_at < end + timedelta(days=1)))
    day = events.occurred_at.date()
    people = events.group_by("consumer_id").agg(last_seen=day.max(where=day <= start))
    people = people.left_join(states(book, brand, start, end), "consumer_id")
    age = ibis.literal(start).delta(people.last_seen, unit="day")
    people = people.select(
        "consumer_id",
        before=people.before.fill_null(0).cast("int64"),
        after=people.after.fill_null(0).cast("int64"),
        age=age,
    )
    named = dict(enumerate(ids, 1))
    one = ibis.literal(UNIT, "int64")
    band = ibis.cases(*((people.age < edge, f"recent:{edge}") for edge in RECENT))
    group = people.before.cases(*((n, 2 if name in bought else 1) for n, name in named.items()), else_=0).cast("string")
    met = touches_of(book, brand, start, end)
    met = met.join(people.select("consumer_id", group=group), "consumer_id")
    feature = (met.channel == OWN).ifelse("own", ibis.literal("met:") + met.channel + ":" + met.group)
    parts = [
        people.select("consumer_id", feature=ibis.literal("one"), value=one),
        people.filter(people.before > 0).select(
            "consumer_id", feature=people.before.cases(*((n, f"at:{i}") for n, i in named.items())), value=one
        ),
        people.select("consumer_id", feature=band, value=one).filter(lambda t: t.feature.notnull()),
        met.select("consumer_id", feature=feature, value=(UNIT * met.touches) // (1 + met.touches)),
        people.filter(people.after > people.before).select(
            "consumer_id", feature=people.after.cases(*((n, f"to:{i}") for n, i in named.items())), value=one
        ),
    ]
    design = ibis.union(*parts)
    left, right = design, design.view()
    pairs = left.join(right, [left.consumer_id == right.consumer_id, left.feature <= right.feature])
    pairs = pairs.select(
        a=left.feature, b=right.feature, bucket=left.consumer_id % BUCKETS, product=left.value * right.value
    )
    frame = pairs.group_by("a", "b", "bucket").agg(total=pairs["product"].sum()).execute()
    return frame.astype({"bucket": int, "total": "int64"}).sort_values(["a", "b", "bucket"], ignore_index=True)


def touches_of(book: Book, brand: str, start: date, end: date) -> "ir.Table":
    """consumer_id, channel (OWN for own visits), touches: after `start` and up to `end`."""
    events = book.warehouse.table("events")
    events = events.filter((events.brand == brand) & events.channel.notnull())
    events = events.filter(
        (events.occurred_at >= start + timedelta(days=1)) & (events.occurred_at < end + timedelta(days=1))
    )
    events = events.mutate(channel=_cause(events.channel, own_channels(book.warehouse)))
    return events.group_by("consumer_id", "channel").agg(touches=events.count())


def _cause(channel: "ir.StringValue", own: Sequence[str]) -> "ir.StringValue":
    return channel.isin(list(own)).ifelse(OWN, channel) if own else channel


def in_trips(warehouse: Warehouse, brand: str, start: date, end: date) -> float | None:
    """The share of the brand's touches, own visits left out, on a day on which their consumer bought something, of any brand.

    Near 1 where touches are only seen when somebody shops: they then say who shopped, and no move may be laid to them. None
    where there are no touches after `start` and up to `end`.
    """
    events = warehouse.table("events")
    inside = (events.occurred_at >= start + timedelta(days=1)) & (events.occurred_at < end + timedelta(days=1))
    events = events.filter(inside).mutate(day=events.occurred_at.date())
    own = own_channels(warehouse)
    touches = events.filter((events.brand == brand) & events.channel.notnull() & (events.behaviour != "buy"))
    touches = touches.filter(~touches.channel.isin(own)) if own else touches
    trips = events.filter(events.behaviour == "buy").select("consumer_id", "day").distinct().mutate(trip=1)
    seen = touches.select("consumer_id", "day").left_join(trips, ["consumer_id", "day"])
    row = seen.aggregate(touches=seen.count(), trips=seen.trip.sum()).execute().iloc[0]
    return float(row.trips or 0) / int(row.touches) if row.touches else None
