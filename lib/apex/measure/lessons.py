"""What a wrap-up counts for the lesson: who bought by stage, crowd and contact, whom channels met and raised, clicks by contact.

Counting only; sums leave the engine and no consumer does.
"""

from datetime import date, timedelta
from typing import TYPE_CHECKING

import ibis
import pandas as pd

from apex.ledger import Book
from apex.measure.assets import states
from apex.measure.intent import CONTACT, TRAITS
from apex.measure.same_days import YEAR
from apex.measure.touches import OWN, own_channels, purchase_stages, touches_of
from apex.warehouse import Warehouse

if TYPE_CHECKING:
    import ibis.expr.types as ir

STOOD = ["stage", "met", "crowd", "consumers", "buyers"]
RAISED = ["channel", "people", "raised", "buyers"]
WEAR = ["contacts", "pairs", "first", "later", "squares_first", "squares_later", "both"]
BANDS = {"2-3": (2, 3), "4-7": (4, 7), "8+": (8, 10**6)}  # contacts of one creative, counted in days
UNKNOWN = "?"


def stood(book: Book, brand: str, first: date, last: date) -> pd.DataFrame:
    """Who stood at a stage on the eve, by stage, whether media met them from `first` to `last`, and crowd: STOOD, no zeros.

    crowd: the first trait of `measure.intent.TRAITS` that the data know; UNKNOWN otherwise. buyers: of them, in those days.
    """
    eve = first - timedelta(days=1)
    at = states(book, brand, eve, last)
    at = at.filter(at.before > 0).select("consumer_id", "before")
    known = _media(book, brand, first, last).select("consumer_id").distinct().mutate(met=True)
    people = book.warehouse.table("consumers")
    trait = next((t for t in TRAITS if t in people.columns), None)
    crowd = people[trait].cast("string").fill_null(UNKNOWN) if trait else ibis.literal(UNKNOWN)
    both = at.left_join(known, "consumer_id").drop("consumer_id_right")
    both = both.left_join(people.select("consumer_id", crowd=crowd), "consumer_id").drop("consumer_id_right")
    both = both.left_join(_buyers(book.warehouse, brand, first, last), "consumer_id")
    both = both.select("before", met=both.met.fill_null(False), crowd=both.crowd.fill_null(UNKNOWN), bought=both.bought)
    frame = both.group_by("before", "met", "crowd").agg(consumers=both.count(), buyers=both.bought.sum()).execute()
    names = dict(enumerate(book.rules.ids, 1))
    frame["stage"] = frame.before.map(names)
    out = frame.fillna({"buyers": 0}).astype({"consumers": "int64", "buyers": "int64", "met": bool})[STOOD]
    return out.sort_values(STOOD[:3], ignore_index=True)


def interested(book: Book) -> str | None:
    """The deepest stage that takes no purchase: what a new contact is to reach. None where the first one takes one."""
    deep = purchase_stages(book.rules)
    before = [s for s in book.rules.ids if s not in deep]
    return before[-1] if before else None


def raised(book: Book, brand: str, first: date, last: date) -> pd.DataFrame:
    """Whom each channel met from `first` to `last` (RAISED; channel "": any medium), and what became of them.

    raised: stood below `interested` on the eve and there or deeper at the end. Who met several channels counts with each.
    """
    goal = interested(book)
    if goal is None:
        return pd.DataFrame(columns=RAISED)
    depth, met = book.rules.ids.index(goal) + 1, _media(book, brand, first, last)
    at = states(book, brand, first - timedelta(days=1), last)
    each = met.union(met.mutate(channel=ibis.literal(""))).select("consumer_id", "channel").distinct()
    each = each.left_join(at, "consumer_id").drop("consumer_id_right")
    each = each.left_join(_buyers(book.warehouse, brand, first, last), "consumer_id")
    rose = (each.before.fill_null(0) < depth) & (each.after.fill_null(0) >= depth)
    sums = each.group_by("channel").agg(people=each.count(), raised=rose.sum(), buyers=each.bought.sum())
    frame = sums.execute().fillna({"raised": 0, "buyers": 0})
    return frame.astype(dict.fromkeys(RAISED[1:], "int64"))[RAISED].sort_values("channel", ignore_index=True)


def wear(warehouse: Warehouse, brand: str, first: date, last: date) -> pd.DataFrame:
    """Clicks on one and the same creative, on its first day of contact and on later ones, of the same consumers (WEAR).

    A row a band of contacts (BANDS): pairs of consumer and creative with contacts so far in the days, clicks on the first day
    and a day of the band, with the sums of squares and products that an error needs. Pairs are compared with themselves: who
    meets a creative often is another consumer than who meets it once. Empty where creatives are not known.
    """
    events = warehouse.table("events")
    if "creative_id" not in events.columns:
        return pd.DataFrame(columns=WEAR)
    own = own_channels(warehouse)
    met = events.filter((events.brand == brand) & events.creative_id.notnull() & events.behaviour.isin(CONTACT))
    met = met.filter(met.channel.notnull() & ~met.channel.isin(own)) if own else met.filter(met.channel.notnull())
    met = met.filter(met.occurred_at < last + timedelta(days=1))
    daily = met.group_by("consumer_id", "creative_id", day=met.occurred_at.date()).agg(
        click=(met.behaviour == "click").any().cast("int64")
    )
    turn = ibis.row_number().over(group_by=["consumer_id", "creative_id"], order_by="day") + 1
    daily = daily.mutate(turn=turn)
    start = daily.filter((daily.turn == 1) & (daily.day >= first)).select(
        "consumer_id", "creative_id", began=daily.click
    )
    rows = []
    for name, (low, high) in BANDS.items():
        band = daily.filter((daily.turn >= low) & (daily.turn <= high))
        band = band.group_by("consumer_id", "creative_id").agg(later=band.click.mean())
        both = start.join(band, ["consumer_id", "creative_id"])
        found = both.agg(
            pairs=both.count(), first=both.began.sum(), later=both.later.sum(), squares_first=(both.began**2).sum(),
            squares_later=(both.later**2).sum(), both=(both.began * both.later).sum(),
        ).execute()  # fmt: skip
        rows.append((name, *found.fillna(0).iloc[0][WEAR[1:]]))
    return pd.DataFrame(rows, columns=WEAR).astype({"pairs": "int64"} | dict.fromkeys(WEAR[2:], float))


def came(warehouse: Warehouse, brand: str, first: date, last: date) -> dict[str, int]:
    """What a window brought of what a plan foretells: gmv_minor, new_consumers (had not bought within a year), aac, joins.

    joins only where the data know joining.
    """
    events = warehouse.table("events")
    bought = events.filter((events.behaviour == "buy") & (events.brand == brand))
    bought = bought.filter(
        (bought.occurred_at >= first - timedelta(days=YEAR)) & (bought.occurred_at < last + timedelta(days=1))
    )
    day = bought.occurred_at.date()
    each = bought.group_by("consumer_id").agg(
        paid=bought.value_minor.sum(where=day >= first), inside=(day >= first).any(), before=(day < first).any(),
        active=(day > last - timedelta(days=YEAR)).any(),
    )  # fmt: skip
    found = each.agg(
        gmv_minor=each.paid.sum(), new_consumers=(each.inside & ~each.before).sum(), aac=each.active.sum()
    ).execute()
    out = {k: int(v) for k, v in found.fillna(0).iloc[0].items()}
    joined = events.filter((events.behaviour == "join") & (events.brand == brand))
    if int(joined.count().execute()):
        inside = (joined.occurred_at >= first) & (joined.occurred_at < last + timedelta(days=1))
        out["joins"] = int(joined.filter(inside).consumer_id.nunique().execute())
    return out


def _buyers(warehouse: Warehouse, brand: str, first: date, last: date) -> "ir.Table":
    events = warehouse.table("events")
    bought = events.filter((events.behaviour == "buy") & (events.brand == brand))
    bought = bought.filter((bought.occurred_at >= first) & (bought.occurred_at < last + timedelta(days=1)))
    return bought.select("consumer_id").distinct().mutate(bought=ibis.literal(1))


def _media(book: Book, brand: str, first: date, last: date) -> "ir.Table":
    """consumer_id, channel of those whom bought or owned media met."""
    touches = touches_of(book, brand, first - timedelta(days=1), last)
    return touches.filter(touches.channel != OWN).select("consumer_id", "channel")
