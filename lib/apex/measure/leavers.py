"""Who stands at a stage whose window soon ends, on today and on earlier days, and what became of those of earlier days.

The open book says when each stage ends if nothing more happens. Whether it will, it does not say: many come back by
themselves. So earlier days are counted the same way, with where people stood `horizon` days later.
"""

from collections.abc import Sequence
from datetime import date, timedelta

import ibis
import numpy as np
import pandas as pd

from apex.ledger import Book
from apex.ledger.sweep import EPOCH, deciding, expiries_of

COLUMNS = ["day", "consumer_id", "stage", "left", "lower", "fell", "lately", "bought"]


def days(book: Book, horizon: int, most: int) -> list[date]:
    """Today and the days `horizon`, 2 × `horizon` … before it that the rules' windows let us trust; at most `most` + 1, latest
    last."""
    last, first = book.warehouse.last_day, book.trusted_from(1)
    reach = max((last - first).days // horizon, 0)
    return [last - timedelta(days=k * horizon) for k in range(min(most, reach), -1, -1)]


def due(book: Book, brand: str, asked: Sequence[date], horizon: int) -> pd.DataFrame:
    """Everybody whose stage ends within `horizon` days of one of these days unless something happens.

    asked: days `horizon` apart, earliest first. Returns COLUMNS, a row a day and consumer: stage (number), left (days until it
    ends, 1 … horizon), lower (days until the longest-lived shallower stage would end, 0 where none is active), fell (stands lower
    or nowhere `horizon` days later; null for the last day), lately (days with any behaviour in the `horizon` days up to the day),
    bought (days with a purchase in the 365 up to it).
    """
    parts = []
    for rows in book.warehouse.each_slice(deciding("brand"), [brand]):
        if not rows.num_rows:
            continue
        of, expires = expiries_of(rows, book.rules, list(asked))
        parts.append(_due(of["consumer_id"].to_numpy(), expires.astype(np.int64), asked, horizon))
    if not parts or not sum(map(len, parts)):
        return pd.DataFrame(columns=COLUMNS)
    frame = pd.concat(parts, ignore_index=True)
    frame = frame.merge(_done(book, brand, asked, horizon), on=["day", "consumer_id"], how="left")
    frame = frame.fillna({"lately": 0, "bought": 0}).astype({"lately": "int64", "bought": "int64"})
    return frame.sort_values(["day", "consumer_id"], ignore_index=True)[COLUMNS]


def _due(ids: np.ndarray, expires: np.ndarray, asked: Sequence[date], horizon: int) -> pd.DataFrame:
    """expires: days × relations × stages, as days since 1970."""
    number = np.array([(day - EPOCH).days for day in asked])
    active = expires > number[:, None, None]
    depth = np.arange(1, expires.shape[2] + 1)
    stage = (active * depth).max(axis=2)
    at = np.maximum(stage - 1, 0)[:, :, None]
    left = np.take_along_axis(expires, at, axis=2)[:, :, 0] - number[:, None]
    below = np.where(active & (depth < stage[:, :, None]), expires - number[:, None, None], 0).max(axis=2)
    frames = []
    for k, day in enumerate(asked):
        soon = np.flatnonzero((stage[k] > 0) & (left[k] <= horizon))
        fell = stage[k + 1, soon] < stage[k, soon] if k + 1 < len(asked) else np.full(len(soon), None)
        frames.append(pd.DataFrame({
            "day": day, "consumer_id": ids[soon], "stage": stage[k, soon], "left": left[k, soon],
            "lower": np.minimum(below[k, soon], 10 * horizon), "fell": pd.array(fell, "boolean"),
        }))  # fmt: skip
    return pd.concat(frames, ignore_index=True)


def _done(book: Book, brand: str, asked: Sequence[date], horizon: int) -> pd.DataFrame:
    """day, consumer_id, lately, bought of everybody who did something in the year up to each day."""
    on = ibis.memtable(pd.DataFrame({"day": list(asked)}), schema={"day": "date"})
    events = book.warehouse.table("events")
    mine = events.filter((events.brand == brand) & events.behaviour.notin(["expose", "watch"]))
    did = mine.group_by("consumer_id", did=mine.occurred_at.date()).agg(buys=(mine.behaviour == "buy").any())
    both = did.join(on, [did.did <= on.day, did.did > on.day - ibis.interval(days=365)])
    counted = both.group_by("day", "consumer_id").agg(
        lately=(both.did > both.day - ibis.interval(days=horizon)).sum(), bought=both.buys.sum()
    )
    frame = counted.execute()
    return frame.assign(day=pd.to_datetime(frame.day).dt.date)


def stays(book: Book, brand: str, day: date) -> pd.DataFrame:
    """How long those at a stage on `day` kept it: stage (id), days (until they first stood lower, or to today), fell (bool)."""
    rows = book.rows.filter(book.rows.brand == brand)
    before = rows.filter(rows.day <= day)
    last = ibis.row_number().over(group_by=before.consumer_id, order_by=before.day.desc())
    there = before.mutate(place=last).filter(lambda t: (t.place == 0) & (t.to_stage > 0))
    there = there.select("consumer_id", at_stage="to_stage")
    later = rows.filter(rows.day > day).select("consumer_id", "day", "to_stage")
    both = there.left_join(later, "consumer_id")
    left = both.group_by("consumer_id", "at_stage").agg(until=both.day.min(where=both.to_stage < both.at_stage))
    frame = left.execute()
    until = pd.to_datetime(frame.until)
    names = dict(enumerate(book.rules.ids, 1))
    return pd.DataFrame({
        "stage": frame.at_stage.astype(int).map(names),
        "days": (until.fillna(pd.Timestamp(book.warehouse.last_day)) - pd.Timestamp(day)).dt.days,
        "fell": until.notna(),
    })  # fmt: skip


def brought(book: Book, brand: str, people: pd.DataFrame, ahead: int) -> pd.DataFrame:
    """What people of an earlier day bought in the `ahead` days after it, by stage: stage, people, gmv_minor, square.

    people: rows of `due` of one day, `ahead` days before what may be seen, or earlier. square: the sum of squares.
    """
    day = people.day.iloc[0]
    events = book.warehouse.table("events")
    buys = events.filter((events.brand == brand) & (events.behaviour == "buy"))
    buys = buys.filter(
        (buys.occurred_at >= day + timedelta(days=1)) & (buys.occurred_at < day + timedelta(days=ahead + 1))
    )
    paid = buys.group_by("consumer_id").agg(gmv_minor=buys.value_minor.sum()).execute()
    each = people.merge(paid, on="consumer_id", how="left").fillna({"gmv_minor": 0})
    each = each.assign(gmv_minor=each.gmv_minor.astype(float), square=each.gmv_minor.astype(float) ** 2)
    return each.groupby("stage").agg(
        people=("gmv_minor", "size"), gmv_minor=("gmv_minor", "sum"), square=("square", "sum")
    ).reset_index()  # fmt: skip
