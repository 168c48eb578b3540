"""Days on which consumers were met by a channel, days on which they were not, and who moved deeper in the days that follow.

A *point* is a consumer and a day t. Everything that describes it is known on the eve of t: the cell, how recent and how
many orders, own visits, contacts, what the category saw. Points with a contact are all there are; of the days without one
every consumer gives one in `EVERY`, at a place in the cycle that hangs on the consumer alone. A day is compared with days,
not a week with weeks: who looks around in a week is met again because of it, and would pass for moved by what followed.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

import ibis
import pandas as pd

from apex.ledger import Book
from apex.measure.touches import own_channels
from apex.measure.windows import OPPORTUNITY, OPPORTUNITY_DAYS

if TYPE_CHECKING:
    import ibis.expr.types as ir

PASSIVE = ("expose", "watch")  # what media do to a consumer: no move by itself
CONTACT = (*PASSIVE, "click")
CONVERT = 15  # days in which a move counts
EVERY = 30  # days between two points without contact of a consumer
COHORT = 15  # days of a cohort
BACK = 28  # days looked back on
CATEGORY_BACK = 60  # and for the last purchase in the category
BUCKETS = 20  # of consumers, for errors
ENTRIES = {  # where a new band of what is known of a point begins
    "orders": (1, 2, 4), "recency": (8, 31, 91), "visits": (1, 2, 4), "lately": (1, 2), "carts": (1,),
    "contacts": (1, 3, 6), "category_days": (1, 4, 10), "category_recency": (8, 22, 46),
}  # fmt: skip
KNOWN = tuple(ENTRIES)
NEVER = 9999
EPOCH = date(1970, 1, 1)
Span = tuple[date, date]


class Counted(NamedTuple):
    """What `counted` gives: `points`, one row each, and the channels' names in the order of their bits."""

    points: pd.DataFrame
    channels: list[str]


def counted(book: Book, brand: str, category: str | None, spans: Sequence[Span], *, in_trips: bool = False) -> Counted:
    """Points of the days in `spans`, cut to those whose CONVERT days may be seen whole; by consumer and day.

    Columns: consumer_id, day, cell (O, then the stages; who is at no stage and without an event in the category in 30 days is
    left out), met (bits: the n-th channel met on the day; 0: none), cohort (t in days since 1970, by COHORT), the bands of KNOWN,
    bucket (consumer_id modulo BUCKETS), moved (1: deeper by something else than a passive contact, or buying, from t to
    t + CONVERT − 1; the contact alone moves nobody: it makes anybody aware by definition), gmv_minor (paid then).

    in_trips: days without contact are those on which the consumer bought something of a category in which the brand sells,
    for data where contacts are only seen on shopping trips. Empty where there is no contact or no whole day. One row a
    point suits samples of up to some hundred thousand consumers; of a larger market a sample of consumers does.
    """
    asked = asked_days(book, spans)
    touch = contacts(book, brand, asked)
    channels = [] if asked is None else sorted(touch.select("channel").distinct().execute().channel)
    whole = ["met", "cohort", *KNOWN, "bucket", "moved", "gmv_minor"]
    if asked is None or not channels:
        names = ["consumer_id", "day", "cell", *whole]
        kinds = dict.fromkeys(names, "int64") | {"cell": object, "day": "datetime64[us]"}
        return Counted(pd.DataFrame(columns=names).astype(kinds), [])
    bit = touch.channel.cases(*((c, 1 << i) for i, c in enumerate(channels)), else_=0).cast("int64")
    contact = touch.mutate(bit=bit).group_by("consumer_id", "day").agg(met=lambda t: t.bit.sum().cast("int64"))
    free = _free(book, brand, asked, contact, in_trips)
    frame = described(book, brand, category, contact.union(free)).execute()
    frame = frame.astype(dict.fromkeys(whole, "int64")).sort_values(["consumer_id", "day"], ignore_index=True)
    return Counted(frame[["consumer_id", "day", "cell", *whole]], channels)


def contacted(seen: Counted) -> dict[tuple[str, str], int]:
    """Distinct consumers that were met, by cell and channel ("all": by any)."""
    met = seen.points[seen.points.met > 0]
    found: dict[tuple[str, str], int] = {}
    for name, bits in [("all", -1), *((c, 1 << i) for i, c in enumerate(seen.channels))]:
        of = met[(met.met & bits) != 0].groupby("cell").consumer_id.nunique()
        found |= {(str(cell), name): int(n) for cell, n in of.items()}
    return found


def costs(book: Book, brand: str, spans: Sequence[Span]) -> pd.DataFrame:
    """channel, days (consumers met, each day anew, whatever their cell), cost_minor (null: no spend is known), in `spans`."""
    asked = asked_days(book, spans)
    if asked is None:
        return pd.DataFrame(
            {
                "channel": pd.Series(dtype=object),
                "days": pd.Series(dtype="int64"),
                "cost_minor": pd.Series(dtype="Int64"),
            }
        )
    touch = contacts(book, brand, asked)
    frame = touch.group_by("channel").agg(days=touch.count()).execute()
    frame["cost_minor"] = pd.array([pd.NA] * len(frame), "Int64")
    if book.warehouse.has("spend"):
        spend = book.warehouse.table("spend")
        spend = spend.filter(spend.brand == brand).semi_join(asked, "day")
        paid = spend.group_by("channel").agg(cost=spend.cost_minor.sum()).execute().set_index("channel").cost
        frame["cost_minor"] = frame.channel.map(paid).astype("Int64")
    return frame.astype({"days": "int64"}).sort_values("channel", ignore_index=True)


def asked_days(book: Book, spans: Sequence[Span]) -> "ir.Table | None":
    """The days of the spans that have an eve and CONVERT days after them in what may be seen; None where there are none."""
    first, last = book.warehouse.first_day + timedelta(days=1), book.warehouse.last_day - timedelta(days=CONVERT - 1)
    every = {a + timedelta(days=i) for a, b in spans for i in range((b - a).days + 1)}
    days = sorted(d for d in every if first <= d <= last)
    if not days:
        return None
    number = [d.toordinal() for d in days]
    frame = pd.DataFrame({"day": days, "eve": [d - timedelta(days=1) for d in days], "number": number})
    return ibis.memtable(frame, schema={"day": "date", "eve": "date", "number": "int64"})


def events_of(book: Book, brand: str) -> "ir.Table":
    """The brand's events, with their day."""
    events = book.warehouse.table("events")
    events = events.filter(events.brand == brand)
    return events.mutate(day=events.occurred_at.date())


def contacts(book: Book, brand: str, asked: "ir.Table | None") -> "ir.Table":
    """consumer_id, day, channel: whom each channel that is not the consumer's own way met on each of the days."""
    events = events_of(book, brand)
    own = own_channels(book.warehouse)
    events = events.filter(events.behaviour.isin(CONTACT) & events.channel.notnull())
    events = events.filter(events.channel.notin(own)) if own else events
    events = events if asked is None else events.semi_join(asked, "day")
    return events.select("consumer_id", "day", "channel").distinct()


def _free(book: Book, brand: str, asked: "ir.Table", contact: "ir.Table", in_trips: bool) -> "ir.Table":
    """Points without contact: consumer_id, day, met (0)."""
    if in_trips:
        events = book.warehouse.table("events")
        sold = events.filter((events.brand == brand) & (events.behaviour == "buy")).select("category").distinct()
        trips = events.filter(events.behaviour == "buy").semi_join(sold, "category")
        all_days = trips.select("consumer_id", day=trips.occurred_at.date()).distinct().semi_join(asked, "day")
    else:
        people = book.warehouse.table("consumers").select("consumer_id")
        people = people.mutate(turn=people.consumer_id % EVERY)
        turns = asked.select("day", turn=asked.number % EVERY)
        all_days = people.join(turns, "turn").select("consumer_id", "day")
    return all_days.anti_join(contact, ["consumer_id", "day"]).mutate(met=ibis.literal(0, "int64"))


def described(book: Book, brand: str, category: str | None, points: "ir.Table") -> "ir.Table":
    """Points (consumer_id, day, met) with cell, cohort, bands, bucket, and what followed: moved (0 or 1), gmv_minor."""
    day = points.day
    points = points.mutate(
        eve=day - ibis.interval(days=1), back=day - ibis.interval(days=BACK), end=day + ibis.interval(days=CONVERT)
    )
    keys = ["consumer_id", "day"]
    rows = rows_of(book, brand)
    stood = points.join(
        rows, [points.consumer_id == rows.consumer_id, rows.since <= points.eve, rows.until > points.eve]
    )
    stood = stood.select(*keys, stage=stood.to_stage.cast("int64"))
    at = points.left_join(stood, keys).select(
        "consumer_id", "day", "met", "eve", "back", "end", stage=lambda t: t.stage.fill_null(0)
    )
    at = ibis.memtable(at.to_pyarrow())  # four questions follow: asked once
    rose = deeper(rows, at)
    rose = rose.select(*keys).distinct().mutate(rose=1)
    did = ibis.memtable(daily(book, brand).to_pyarrow())  # asked twice
    near = at.join(did, [at.consumer_id == did.consumer_id, did.on >= at.back, did.on < at.end])
    past, week = near.on < near.day, near.on >= near.day - ibis.interval(days=7)
    near = near.group_by(*keys).agg(
        visits=near.visited.sum(where=past), lately=near.visited.sum(where=past & week), carts=near.carted.sum(where=past),
        contacts=near.met_on.sum(where=past), bought=near.bought.sum(where=~past), gmv_minor=near.gmv_minor.sum(where=~past),
    )  # fmt: skip
    orders = did.filter(did.bought > 0).select("consumer_id", "on")
    earlier = at.join(orders, [at.consumer_id == orders.consumer_id, orders.on < at.day])
    earlier = earlier.group_by(*keys).agg(orders=earlier.count(), last_on=earlier.on.max())
    every = category_days(book, category, at)
    seen = at.join(
        every,
        [
            at.consumer_id == every.consumer_id,
            every.on < at.day,
            every.on >= at.day - ibis.interval(days=CATEGORY_BACK),
        ],
    )
    seen = seen.group_by(*keys).agg(
        category_days=seen.count(where=seen.on >= seen.back),
        reached=seen.count(where=seen.on >= seen.day - ibis.interval(days=OPPORTUNITY_DAYS)),
        category_on=seen.on.max(where=seen.bought > 0),
    )
    whole = at
    for more in (rose, near, earlier, seen):
        whole = whole.left_join(more, keys).drop("consumer_id_right", "day_right")
    zeros = {c: whole[c].fill_null(0) for c in ("orders", "visits", "lately", "carts", "contacts", "category_days")}
    zeros["recency"] = whole.day.delta(whole.last_on, unit="day").fill_null(NEVER)
    zeros["category_recency"] = whole.day.delta(whole.category_on, unit="day").fill_null(NEVER)
    whole = whole.filter((whole.stage > 0) | (whole.reached.fill_null(0) > 0))
    return whole.select(
        "consumer_id", "day", "met", cell=cell_of(book, whole.stage), cohort=whole.day.delta(EPOCH, unit="day") // COHORT,
        bucket=whole.consumer_id % BUCKETS,
        moved=((whole.rose.fill_null(0) > 0) | (whole.bought.fill_null(0) > 0)).cast("int64"),
        gmv_minor=whole.gmv_minor.fill_null(0), **{k: _band(v, k) for k, v in zeros.items()},
    )  # fmt: skip


def _band(value: "ir.IntegerValue", known: str) -> "ir.IntegerValue":
    """The band a number lies in: how many of its entries it has reached."""
    return sum(((value >= at).cast("int64") for at in ENTRIES[known]), ibis.literal(0, "int64"))


def rows_of(book: Book, brand: str) -> "ir.Table":
    """The ledger's rows of the brand with how long each holds: since, until (not included)."""
    rows = book.rows.filter(book.rows.brand == brand)
    after = rows.day.lead().over(group_by=rows.consumer_id, order_by=rows.day)
    return rows.select("consumer_id", "to_stage", "event_behaviour", since=rows.day, until=after.fill_null(date.max))


def deeper(rows: "ir.Table", at: "ir.Table") -> "ir.Table":
    """`at` (consumer_id, day, end, stage) with each move of that consumer from day to before end, deeper than stage, by an act.

    rows: of `rows_of`. What media do to a consumer is no act.
    """
    active = rows.filter(rows.event_behaviour.notnull() & rows.event_behaviour.notin(PASSIVE)).view()
    return at.join(
        active,
        [
            at.consumer_id == active.consumer_id,
            active.since >= at.day,
            active.since < at.end,
            active.to_stage > at.stage,
        ],
    )


def daily(book: Book, brand: str) -> "ir.Table":
    """A consumer's day with the brand: on, visited (own doing, not buying), carted, met_on, bought (0 or 1), gmv_minor."""
    events, own = events_of(book, brand), own_channels(book.warehouse)
    paid = events.channel.notnull() & (events.channel.notin(own) if own else ibis.literal(True))
    buy = events.behaviour == "buy"
    by = events.group_by("consumer_id", on=events.day).agg(
        visited=(
            events.behaviour.notin([*PASSIVE, "buy", "refund", "redeem", "tier", "review", "leave", "unfollow"])
        ).any(),
        carted=events.behaviour.isin(["cart", "favourite"]).any(),
        met_on=(paid & events.behaviour.isin(CONTACT)).any(),
        bought=buy.any(),
        gmv_minor=events.value_minor.sum(where=buy).fill_null(0),
    )
    flags = ("visited", "carted", "met_on", "bought")
    return by.mutate(**{f: by[f].fill_null(False).cast("int64") for f in flags})


def category_days(book: Book, category: str | None, at: "ir.Table") -> "ir.Table":
    """Days on which a consumer did anything in the category, of whatever brand: consumer_id, on, bought (0 or 1).

    As far as days of `at` look back on.
    """
    low, high = at.aggregate(low=at.day.min(), high=at.day.max()).execute().iloc[0]
    events = book.warehouse.table("events")
    events = events.filter(events.category == ibis.literal(category, "string"))
    if not pd.isna(low):
        first = pd.Timestamp(low).date() - timedelta(days=CATEGORY_BACK)
        events = events.filter((events.occurred_at >= first) & (events.occurred_at < pd.Timestamp(high).date()))
    by = events.group_by("consumer_id", on=events.occurred_at.date()).agg(bought=(events.behaviour == "buy").any())
    return by.mutate(bought=by.bought.cast("int64"))


def cell_of(book: Book, stage: "ir.IntegerValue") -> "ir.StringValue":
    """The cell of a stage's number: its id, O where it is 0."""
    return stage.cases(*enumerate(book.rules.ids, 1), else_=OPPORTUNITY)
