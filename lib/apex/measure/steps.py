"""Steps in the log: who stood where when media met him, what he was shown, and what he did next.

A *step* is the first contact of a consumer's day with bought or owned media of the brand: a channel and a message (of the
creative; the empty text where none is known). His *state* is known on the eve: the stage (of the point), the band of days
since the last step, the steps of the last `MEMORY` days, and the last one's message. These are the states in which a plan's
sequence can ask what comes next.
"""

from datetime import date, timedelta
from typing import TYPE_CHECKING

import ibis
import numpy as np
import pandas as pd

from apex.ledger import Book
from apex.measure.moves import CONTACT, EPOCH, Span, asked_days, daily, described, events_of, rows_of
from apex.measure.touches import own_channels
from apex.measure.windows import OPPORTUNITY

if TYPE_CHECKING:
    from numpy.typing import NDArray

MEMORY = 28  # days in which earlier steps count
SINCE = ((0, 1), (2, 3), (4, 7), (8, None))  # days since the last step, band by band
TOUCHES = 6  # 0, 1, … and the last: so many or more
NONE = ""  # message of nobody: no step before, or no creative known
STATE = ["since", "touches", "last"]


def steps(book: Book, brand: str, first: date) -> pd.DataFrame:
    """One row a consumer and day on which media met him, from `first` − MEMORY on, by consumer and day.

    Columns: consumer_id, day (days since 1970), channel, message, clicked (0, 1), ordered (0, 1: on the channel's click that
    day), since (band of SINCE), touches, last: the state before the step.
    """
    events, own = events_of(book, brand), own_channels(book.warehouse)
    events = events.filter(events.occurred_at >= first - timedelta(days=MEMORY))
    media = events.filter(events.channel.notnull())
    media = media.filter(media.channel.notin(own)) if own else media
    seen = media.filter(media.behaviour.isin(CONTACT))
    if book.warehouse.has("creatives"):
        made = book.warehouse.table("creatives").select("creative_id", "message")
        seen = seen.left_join(made, "creative_id").drop("creative_id_right")
    else:
        seen = seen.mutate(message=ibis.null("string"))
    turn = (seen.occurred_at, seen.seq)
    seen = seen.mutate(place=ibis.row_number().over(group_by=(seen.consumer_id, seen.day), order_by=turn))
    shown = seen.filter(seen.place == 0).select("consumer_id", "day", "channel", message=seen.message.fill_null(NONE))
    did = media.group_by("consumer_id", "day", "channel").agg(
        clicked=(media.behaviour == "click").any(), ordered=(media.behaviour == "buy").any()
    )
    whole = shown.left_join(did, ["consumer_id", "day", "channel"])
    flags = [whole[c].fill_null(False).cast("int64").name(c) for c in ("clicked", "ordered")]
    whole = whole.select("consumer_id", "channel", "message", *flags, day=whole.day.delta(EPOCH, unit="day"))
    frame = whole.execute().astype({"day": "int64"}).sort_values(["consumer_id", "day"], ignore_index=True)
    return frame.assign(**_standing(frame, frame.consumer_id.to_numpy(), frame.day.to_numpy()))


def _standing(log: pd.DataFrame, who: "NDArray[np.int64]", day: "NDArray[np.int64]") -> dict[str, np.ndarray]:
    """The state of consumers on the eve of days, from the log of all steps (sorted by consumer and day)."""
    if not len(log):
        return {
            "since": np.full(len(who), len(SINCE) - 1),
            "touches": np.zeros(len(who), int),
            "last": np.full(len(who), NONE),
        }
    ids, number = np.unique(log.consumer_id.to_numpy(), return_inverse=True)
    at = np.searchsorted(ids, who)
    known = (at < len(ids)) & (ids[np.minimum(at, len(ids) - 1)] == who)
    wide = 1 << 20
    key, mine = number * wide + log.day.to_numpy(), at * wide + day
    end = np.searchsorted(key, mine)
    begin = np.searchsorted(key, mine - MEMORY)
    touches = np.where(known, end - begin, 0)
    some = touches > 0
    before = np.maximum(end - 1, 0)
    gap = np.where(some, day - log.day.to_numpy()[before], MEMORY)
    band = np.searchsorted([a for a, _ in SINCE], gap, side="right") - 1
    last = np.where(some, log.message.to_numpy(object)[before], NONE)
    return {"since": band, "touches": np.minimum(touches, TOUCHES - 1), "last": last}


def with_steps(points: pd.DataFrame, log: pd.DataFrame) -> pd.DataFrame:
    """Points of `measure.moves.counted` with the step of the day: channel, message (null: not met), clicked, ordered, STATE."""
    day = (points.day.to_numpy("datetime64[D]") - np.datetime64("1970-01-01")).astype(np.int64)
    found = points.assign(day=day).merge(
        log.drop(columns=STATE), on=["consumer_id", "day"], how="left", validate="one_to_one"
    )
    return found.assign(**_standing(log, found.consumer_id.to_numpy(), day))


def on_eve(book: Book, brand: str, category: str | None, eve: date, log: pd.DataFrame) -> pd.DataFrame:
    """Everybody who counts on the eve of the next day, as points: cell, bands (what follows is not known), STATE."""
    day = eve + timedelta(days=1)
    people = book.warehouse.table("consumers").select("consumer_id")
    points = people.mutate(day=ibis.literal(day), met=ibis.literal(0, "int64"))
    frame = described(book, brand, category, points).execute().sort_values("consumer_id", ignore_index=True)
    number = np.full(len(frame), (day - EPOCH).days)
    return frame.assign(**_standing(log, frame.consumer_id.to_numpy(), number))


def prices(book: Book, brand: str, spans: list[Span]) -> pd.DataFrame:
    """channel, buying (the way most contacts were bought), contacts (consumer-days met first), cost_minor a step, in `spans`.

    Cost is a channel's spend over its contacts as events record them, clicks aside; null where no spend is known.
    """
    asked = asked_days(book, spans)
    names = ["channel", "buying", "contacts", "cost_minor"]
    if asked is None:
        return pd.DataFrame(columns=names)
    events, own = events_of(book, brand), own_channels(book.warehouse)
    seen = events.filter(events.behaviour.isin(("expose", "watch")) & events.channel.notnull())
    seen = (seen.filter(seen.channel.notin(own)) if own else seen).semi_join(asked, "day")
    found = seen.group_by("channel").agg(contacts=seen.count()).execute()
    found["buying"], found["cost_minor"] = NONE, np.nan
    if book.warehouse.has("spend"):
        spend = book.warehouse.table("spend")
        spend = spend.filter(spend.brand == brand).semi_join(asked, "day")
        paid = spend.group_by("channel", "buying").agg(n=spend.impressions.sum(), cost=spend.cost_minor.sum()).execute()
        most = paid.sort_values("n").groupby("channel").buying.last()
        cost = paid.groupby("channel").cost.sum()
        found["buying"] = found.channel.map(most).fillna(NONE)
        found["cost_minor"] = found.channel.map(cost).astype(float) / found.contacts
    return found.sort_values("channel", ignore_index=True)[names]


def stage_after(book: Book, brand: str, points: pd.DataFrame) -> pd.Series:
    """The cell at the end of each point's day (consumer_id, day in days since 1970); by the index of `points`."""
    rows = rows_of(book, brand)
    asked = points[["consumer_id", "day"]].assign(at=np.arange(len(points)))
    table = ibis.memtable(asked, schema={"consumer_id": "int64", "day": "int64", "at": "int64"})
    table = table.mutate(on=ibis.literal(EPOCH) + table.day.as_interval("D"))
    stood = table.join(rows, [table.consumer_id == rows.consumer_id, rows.since <= table.on, rows.until > table.on])
    found = stood.select("at", stage=stood.to_stage.cast("int64")).execute()
    stage = np.zeros(len(points), int)
    stage[found["at"].to_numpy()] = found.stage.to_numpy()
    return pd.Series(np.array([OPPORTUNITY, *book.rules.ids], object)[stage], points.index)


def paid_between(book: Book, brand: str, points: pd.DataFrame, end: "NDArray[np.int64]") -> "NDArray[np.float64]":
    """What each point's consumer paid from its day to before day `end` (days since 1970), minor units."""
    did = daily(book, brand)
    did = did.filter(did.gmv_minor != 0).select("consumer_id", "gmv_minor", on=did.on.delta(EPOCH, unit="day"))
    paid = did.execute().sort_values(["consumer_id", "on"], ignore_index=True)
    if not len(paid):
        return np.zeros(len(points))
    ids, number = np.unique(paid.consumer_id.to_numpy(), return_inverse=True)
    wide = 1 << 20
    key, sums = number * wide + paid["on"].to_numpy(), np.append(0.0, np.cumsum(paid.gmv_minor.to_numpy(float)))
    at = np.searchsorted(ids, points.consumer_id.to_numpy())
    known = (at < len(ids)) & (ids[np.minimum(at, len(ids) - 1)] == points.consumer_id.to_numpy())
    first, last = (np.searchsorted(key, at * wide + d) for d in (points.day.to_numpy(), end))
    return np.where(known, sums[last] - sums[first], 0.0)
