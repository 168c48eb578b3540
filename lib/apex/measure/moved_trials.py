"""Ended trials that held consumers out: who moved in each arm, and whom media met at which cell."""

from datetime import timedelta
from typing import NamedTuple

import ibis
import pandas as pd

from apex.ledger import Book
from apex.measure.moves import CONVERT, category_days, cell_of, contacts, daily, deeper, rows_of
from apex.measure.trial import CONTROLS
from apex.measure.windows import OPPORTUNITY_DAYS


class Trials(NamedTuple):
    """Ended trials of the brand that held consumers out, by cell on the eve of the trial.

    people: experiment_id, consumer_id, cell, treated (bool), moved (1: deeper by something else than a passive contact, or
    buying, from the first day to CONVERT − 1 days after the last). contacts: experiment_id, consumer_id, channel, cell (where
    the consumer stood on the contact's eve, never deeper than on the trial's), days.
    """

    people: pd.DataFrame
    contacts: pd.DataFrame


def trials(book: Book, brand: str, category: str | None, most: int = 6) -> Trials:
    """The last `most` trials of the brand on consumers, with a control arm, whose days may be seen whole."""
    of, nothing = (
        book.warehouse,
        Trials(
            pd.DataFrame(columns=["experiment_id", "consumer_id", "cell", "treated", "moved"]),
            pd.DataFrame(columns=["experiment_id", "consumer_id", "channel", "cell", "days"]),
        ),
    )
    if not (of.has("experiments") and of.has("assignments")):
        return nothing
    known, lists = of.table("experiments"), of.table("assignments")
    held = lists.filter(lists.arm.isin(CONTROLS) & lists.consumer_id.notnull()).select("experiment_id").distinct()
    ended = known.filter((known.brand == brand) & (known.last_day <= of.last_day - timedelta(days=CONVERT - 1)))
    ended = ended.filter(ended.first_day > of.first_day).semi_join(held, "experiment_id")
    frame = ended.select("experiment_id", "first_day", "last_day").distinct().execute()
    if frame.empty:
        return nothing
    frame = frame.sort_values("last_day").tail(most)
    asked = ibis.memtable(frame, schema={"experiment_id": "string", "first_day": "date", "last_day": "date"})
    listed = lists.filter(lists.consumer_id.notnull()).select(
        "experiment_id", "consumer_id", treated=lists.arm.notin(CONTROLS)
    )
    listed = listed.distinct().join(asked, "experiment_id")
    listed = listed.select(
        "experiment_id", "consumer_id", "treated", "last_day", day=listed.first_day,
        eve=listed.first_day - ibis.interval(days=1), end=listed.last_day + ibis.interval(days=CONVERT),
    ).view()  # fmt: skip
    rows, keys = rows_of(book, brand), ["experiment_id", "consumer_id"]
    at = listed.left_join(
        rows, [listed.consumer_id == rows.consumer_id, rows.since <= listed.eve, rows.until > listed.eve]
    )
    at = at.select(*keys, "treated", "day", "last_day", "eve", "end", stage=at.to_stage.cast("int64").fill_null(0))
    at = ibis.memtable(at.to_pyarrow())  # four questions follow: asked once
    rose = deeper(rows, at)
    did = daily(book, brand)
    bought = did.filter(did.bought > 0)
    paid = at.join(bought, [at.consumer_id == bought.consumer_id, bought.on >= at.day, bought.on < at.end])
    moved = rose.select(*keys).union(paid.select(*keys)).distinct().mutate(moved=1)
    every = category_days(book, category, at)
    near = [
        at.consumer_id == every.consumer_id,
        every.on < at.day,
        every.on >= at.day - ibis.interval(days=OPPORTUNITY_DAYS),
    ]
    reached = at.join(every, near).select(*keys).distinct().mutate(reached=1)
    whole = at.left_join(moved, keys).select(*keys, "treated", "stage", moved=lambda t: t.moved.fill_null(0))
    whole = whole.left_join(reached, keys).filter(lambda t: (t.stage > 0) | t.reached.notnull())
    people = whole.select(*keys, "treated", "moved", cell=cell_of(book, whole.stage)).execute()
    touch = contacts(book, brand, None)
    met = at.join(touch, [at.consumer_id == touch.consumer_id, touch.day >= at.day, touch.day <= at.last_day])
    met = met.select(*keys, "channel", "stage", on=met.day_right).view()
    again = rows.view()
    met = met.left_join(again, [met.consumer_id == again.consumer_id, again.since < met.on, again.until >= met.on])
    met = met.select(*keys, "channel", "stage", then=met.to_stage.cast("int64").fill_null(0))
    met = met.filter(met.then <= met.stage)
    days = met.group_by(*keys, "channel", cell=cell_of(book, met.then)).agg(days=met.count()).execute()
    return Trials(
        people.astype({"moved": "int64"}).sort_values(keys, ignore_index=True),
        days.astype({"days": "int64"}).sort_values([*keys, "channel", "cell"], ignore_index=True),
    )
