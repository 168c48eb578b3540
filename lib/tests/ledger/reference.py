"""The ledger, slow and obviously right: what `apex.ledger.sweep` must agree with, row for row.

Written from the definitions alone (a window of w days ending on day d is (d − w, d]; a status is a count; `all` holds
when each of its members holds; the deepest active stage counts), it asks every question anew for every consumer, brand
and day from the bare events, and remembers nothing from one day to the next. It reads a rule set as the plain mapping
that stands in its YAML file, so it shares no code with the library.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

import pyarrow as pa

# The closed list of behaviours, shallow first; ties within an instant are settled by it.
BEHAVIOURS = [
    *("expose", "watch", "click", "search_category", "search_brand", "view", "engage"),
    *("follow", "unfollow", "join", "leave", "tier", "claim", "redeem", "sample"),
    *("favourite", "cart", "reserve", "buy", "buy_category", "review", "share", "refund"),
]

Rules = dict[str, Any]
Condition = dict[str, Any]


class Event(NamedTuple):
    """One row of `events`, as far as the ledger reads it."""

    consumer_id: int
    brand: str | None
    category: str | None
    occurred_at: datetime
    seq: int
    behaviour: str
    business: str | None
    channel: str | None
    campaign_id: str | None
    content_id: str | None
    item_id: str | None
    score: float | None
    value_minor: int | None

    @property
    def day(self) -> date:
        return self.occurred_at.date()


class Row(NamedTuple):
    """One row of the ledger: a change of stage between the ends of two days. `entity` is None at level brand."""

    day: date
    brand: str | None
    consumer_id: int
    from_stage: int
    to_stage: int
    first_ever: bool
    event_behaviour: str | None
    event_business: str | None
    event_item_id: str | None
    touch_channel: str | None
    touch_campaign_id: str | None
    touch_content_id: str | None
    entity: str | None = None


class Position(NamedTuple):
    """One row of the open book: where a consumer stands, and until when each stage would hold without new events."""

    brand: str | None
    consumer_id: int
    stage: int
    since: date
    expires: list[date | None]
    entity: str | None = None


# --- Events, filed -----------------------------------------------------------------------------------------------


def order(event: Event) -> tuple[Any, ...]:
    """The total order of events: time, then the shallower behaviour, then the source's own order."""
    return event.occurred_at, BEHAVIOURS.index(event.behaviour), event.seq


# Level → what makes a relation of its own beside the consumer, and what its touches may come from.
LEVELS = {
    "brand": (("brand",), "brand"),
    "brand+business": (("brand", "business"), "brand"),
    "item": (("brand", "item_id"), "brand"),
    "category": (("category",), "category"),
}


class Relation(NamedTuple):
    """A consumer's relation toward a brand, or one of its businesses or items, or a category: its events, and all events of
    the consumer with that brand (or category), which the touches are of. Both in order."""

    brand: str | None
    entity: str | None
    consumer_id: int
    own: list[Event]
    around: list[Event]


def filed(events: pa.Table, level: str = "brand") -> list[Relation]:
    """All relations of a level in order of brand, entity and consumer. An event that does not name it counts for none."""
    names, scope = LEVELS[level]
    own, around = defaultdict(list), defaultdict(list)
    for record in events.to_pylist():
        event = Event(**{column: record.get(column) for column in Event._fields})
        around[getattr(event, scope), event.consumer_id].append(event)
        toward = tuple(getattr(event, name) for name in names)
        if None not in toward:
            own[*toward, event.consumer_id].append(event)
    return [
        Relation(
            brand=key[0] if scope == "brand" else None,
            entity=None if level == "brand" else key[-2],
            consumer_id=key[-1],
            own=sorted(own[key], key=order),
            around=sorted(around[key[0], key[-1]], key=order),
        )
        for key in sorted(own)
    ]


def until(events: list[Event], day: date) -> list[Event]:
    return [event for event in events if event.day <= day]


def days(first_day: date, last_day: date) -> Iterator[date]:
    return (first_day + timedelta(n) for n in range((last_day - first_day).days + 1))


# --- What a rule means, at the end of `day`, when `events` is all that has happened so far --------------------------


def in_window(event: Event, day: date, within_days: int) -> bool:
    """Whether the event's day lies in (day − within_days, day]."""
    return day - timedelta(within_days) < event.day <= day


def counts(event: Event, condition: Condition) -> bool:
    """Whether this single event is one the condition asks for; what is not known does not reach a minimum."""
    if event.behaviour not in condition["behaviour"]:
        return False
    if "min_score" in condition and (event.score is None or event.score < condition["min_score"]):
        return False
    short = "min_value_minor" in condition and (
        event.value_minor is None or event.value_minor < condition["min_value_minor"]
    )
    return not short


def how_many(events: list[Event], distinct: str) -> int:
    return len({event.day for event in events}) if distinct == "day" else len(events)


def is_open(status: dict[str, str], events: list[Event]) -> bool:
    """A count: +1 at open, −1 at close, never below 0; open while above 0."""
    count = 0
    for event in events:
        if event.behaviour == status["open"]:
            count += 1
        if event.behaviour == status["close"]:
            count = max(count - 1, 0)
    return count > 0


def holds(condition: Condition, events: list[Event], day: date) -> bool:
    if "all" in condition:
        return all(holds(member, events, day) for member in condition["all"])
    if "status" in condition:
        return is_open(condition["status"], events)
    counted = [e for e in events if counts(e, condition) and in_window(e, day, condition["within_days"])]
    return how_many(counted, condition.get("distinct", "day")) >= condition.get("at_least", 1)


def is_active(stage: dict[str, Any], events: list[Event], day: date) -> bool:
    return any(holds(condition, events, day) for condition in stage["any"])


def stage_on(day: date, rules: Rules, events: list[Event]) -> int:
    """The deepest active stage at the end of `day`, counted from 1; 0 is none. Later events play no part."""
    so_far = until(events, day)
    active = [n for n, stage in enumerate(rules["stages"], start=1) if is_active(stage, so_far, day)]
    return max(active, default=0)


# --- The book ----------------------------------------------------------------------------------------------------


def up_to_cause(rules: Rules, events: list[Event], day: date, to_stage: int) -> list[Event]:
    """All events up to and including the one that brought `to_stage` on `day`.

    It is the first event of the day after which the stage is active and stays so to the day's end.
    """
    stage = rules["stages"][to_stage - 1]
    before = until(events, day - timedelta(1))
    today = [event for event in events if event.day == day]
    prefixes = [before + today[:n] for n in range(1, len(today) + 1)]
    active = [is_active(stage, prefix, day) for prefix in prefixes]
    return next(prefix for n, prefix in enumerate(prefixes) if all(active[n:]))


def last_touch(events: list[Event], day: date, touch_days: int) -> Event | None:
    """The last of these events with a channel, on a day in (day − touch_days, day]."""
    touches = [event for event in events if event.channel is not None and in_window(event, day, touch_days)]
    return touches[-1] if touches else None


def moves(rules: Rules, events: list[Event], first_day: date, last_day: date) -> list[tuple[date, int, int]]:
    """(day, from_stage, to_stage) of one consumer at one brand, wherever a day ends otherwise than the day before."""
    stages = [
        (day, stage_on(day - timedelta(1), rules, events), stage_on(day, rules, events))
        for day in days(first_day, last_day)
    ]
    return [(day, before, after) for day, before, after in stages if before != after]


def ledger(
    events: pa.Table, rules: Rules, first_day: date, last_day: date, touch_days: int = 15, level: str = "brand"
) -> list[Row]:
    """All rows, by (brand, entity, consumer_id, day)."""
    rows = []
    for relation in filed(events, level):
        for n, (day, before, after) in enumerate(moves(rules, relation.own, first_day, last_day)):
            cause: Event | None = None
            touch: Event | None = None
            if after > before:  # lapses and moves down carry neither
                cause = up_to_cause(rules, relation.own, day, after)[-1]
                touch = last_touch(relation.around[: relation.around.index(cause) + 1], day, touch_days)
            rows.append(
                Row(
                    day=day,
                    brand=relation.brand,
                    consumer_id=relation.consumer_id,
                    from_stage=before,
                    to_stage=after,
                    first_ever=n == 0,
                    event_behaviour=cause.behaviour if cause else None,
                    event_business=cause.business if cause else None,
                    event_item_id=cause.item_id if cause else None,
                    touch_channel=touch.channel if touch else None,
                    touch_campaign_id=touch.campaign_id if touch else None,
                    touch_content_id=touch.content_id if touch else None,
                    entity=relation.entity,
                )
            )
    return rows


def positions(events: pa.Table, rules: Rules, day: date, level: str = "brand") -> list[Position]:
    """The open book at the end of `day`, by (brand, entity, consumer_id): everyone at a stage above 0."""
    book = []
    for relation in filed(events, level):
        so_far = until(relation.own, day)
        stage = stage_on(day, rules, so_far)
        if stage > 0:
            since = moves(rules, so_far, so_far[0].day, day)[-1][0]
            expires = [expiry(one, so_far, day) for one in rules["stages"]]
            book.append(Position(relation.brand, relation.consumer_id, stage, since, expires, relation.entity))
    return book


def expiry(stage: dict[str, Any], events: list[Event], day: date) -> date | None:
    """The first day from `day` on at whose end the stage would not be active without new events; None = never."""
    for later in days(day, day + timedelta(longest_window(stage["any"]))):
        if not is_active(stage, events, later):
            return later
    return None


def longest_window(conditions: list[Condition]) -> int:
    """After so many days without events every window is empty: what then still holds, holds for ever."""
    return max(
        longest_window(c["all"]) if "all" in c else c.get("within_days", 0)  # a status has no window
        for c in conditions
    )


def stock(
    events: pa.Table, rules: Rules, day: date, level: str = "brand"
) -> dict[tuple[str | None, str | None, int], int]:
    """Consumers at each (brand, entity, stage) at the end of `day`, counted directly; stage 0 is not counted."""
    heads: dict[tuple[str | None, str | None, int], int] = defaultdict(int)
    for relation in filed(events, level):
        stage = stage_on(day, rules, relation.own)
        if stage > 0:
            heads[relation.brand, relation.entity, stage] += 1
    return dict(heads)
