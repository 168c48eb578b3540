"""The cases tell right from wrong: every known misreading of the rules breaks at least one of them.

A misreading replaces one function of the reference; `right` is the reference as it should be.
"""

from datetime import datetime, time, timedelta
from functools import partial

import pytest


def by_the_hour(right, event, on, within_days):
    return event.occurred_at >= datetime.combine(on, time.max) - timedelta(within_days)


def closed_on_the_left(right, event, on, within_days):
    return on - timedelta(within_days) <= event.day <= on


def a_day_short(right, event, on, within_days):
    return on - timedelta(within_days - 1) < event.day <= on


def status_as_flag(right, status, events):
    changes = [x.behaviour == status["open"] for x in events if x.behaviour in status.values()]
    return changes[-1] if changes else False


def status_below_zero(right, status, events):
    return sum((x.behaviour == status["open"]) - (x.behaviour == status["close"]) for x in events) > 0


def status_never_closed(right, status, events):
    return any(x.behaviour == status["open"] for x in events)


def unknown_reaches_a_minimum(right, event, condition):
    known = event._replace(score=event.score or 5.0, value_minor=event.value_minor or 10**9)
    return right.counts(event, condition) or right.counts(known, condition)


def unknown_is_zero(right, event, condition):
    known = event._replace(score=event.score or 0.0, value_minor=event.value_minor or 0)
    return right.counts(known, condition)


def no_filters(right, event, condition):
    return event.behaviour in condition["behaviour"]


def first_behaviour_of_the_list_only(right, event, condition):
    return right.counts(event, {**condition, "behaviour": condition["behaviour"][:1]})


def always_events(right, events, distinct):
    return right.how_many(events, "event")


def always_days(right, events, distinct):
    return right.how_many(events, "day")


def all_as_any(right, condition, events, on):
    return any(right.holds(member, events, on) for member in condition.get("all", [condition]))


def shallowest_stage(right, on, rules, events):
    active = [n for n, stage in enumerate(rules["stages"], 1) if right.is_active(stage, right.until(events, on), on)]
    return min(active, default=0)


def only_one_stage_down_a_day(right, rules, events, first_day, last_day):
    lapses = right.moves(rules, events, first_day, last_day)
    return [(on, before, max(after, before - 1)) for on, before, after in lapses]


def cause_is_the_last_event(right, rules, events, on, to_stage):
    return right.until(events, on)


def cause_is_the_first_time_active(right, rules, events, on, to_stage):
    prefixes = (events[:n] for n, x in enumerate(events, 1) if x.day == on)
    return next(p for p in prefixes if right.is_active(rules["stages"][to_stage - 1], p, on))


def cause_is_the_last_condition_alone(right, rules, events, on, to_stage):
    stage = rules["stages"][to_stage - 1]
    kept = next(c for c in reversed(stage["any"]) if right.holds(c, right.until(events, on), on))
    only = {"stages": [{"any": [kept]}]}
    return right.up_to_cause(only, events, on, 1)


def touch_before_the_event_only(right, events, on, touch_days):
    return right.last_touch(events[:-1], on, touch_days)


def touch_from_any_day(right, events, on, touch_days):
    return right.last_touch(events, on, 10_000)


def touch_a_day_more(right, events, on, touch_days):
    return right.last_touch(events, on, touch_days + 1)


def touch_on_the_day_only(right, events, on, touch_days):
    return right.last_touch(events, on, 1)


def touch_is_the_first(right, events, on, touch_days):
    touches = [x for x in events if right.last_touch([x], on, touch_days)]
    return touches[0] if touches else None


def deep_behaviours_first(right, event):
    return event.occurred_at, -right.BEHAVIOURS.index(event.behaviour), event.seq


def sources_order_before_behaviours(right, event):
    return event.occurred_at, event.seq


def behaviours_by_name(right, event):
    return event.occurred_at, event.behaviour, event.seq


def seconds_are_the_finest_time(right, event):
    return event.occurred_at.replace(microsecond=0), right.BEHAVIOURS.index(event.behaviour), event.seq


MISREADINGS = {
    "in_window": [by_the_hour, closed_on_the_left, a_day_short],
    "is_open": [status_as_flag, status_below_zero, status_never_closed],
    "counts": [unknown_reaches_a_minimum, unknown_is_zero, no_filters, first_behaviour_of_the_list_only],
    "how_many": [always_events, always_days],
    "holds": [all_as_any],
    "stage_on": [shallowest_stage],
    "moves": [only_one_stage_down_a_day],
    "up_to_cause": [cause_is_the_last_event, cause_is_the_first_time_active, cause_is_the_last_condition_alone],
    "last_touch": [
        touch_before_the_event_only,
        touch_from_any_day,
        touch_a_day_more,
        touch_on_the_day_only,
        touch_is_the_first,
    ],
    "order": [deep_behaviours_first, sources_order_before_behaviours, behaviours_by_name, seconds_are_the_finest_time],
}


@pytest.mark.parametrize(("function", "wrong"), [(name, wrong) for name, many in MISREADINGS.items() for wrong in many])
def test_a_misreading_breaks_a_case(function, wrong, load, by_hand):
    mistaken = load("reference")
    assert hasattr(mistaken, function)
    setattr(mistaken, function, partial(wrong, load("reference")))

    broken = [name for name, case in by_hand.CASES.items() if by_hand.keep(mistaken.ledger, case) != case.rows]
    assert broken
