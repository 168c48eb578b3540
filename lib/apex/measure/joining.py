"""Who joins when they buy, and who could have: every day on which somebody who is no member buys is an invitation.

Counted by where and at which purchase it was (`invitations`), and as a cohort in which joining can be judged (`cohort`): of
each consumer the first such day in a stretch of days; those who joined on it beside those who did not, what both did before,
and what they bought after. Starting the clock at one purchase for both is what keeps joiners from being compared with people
who had no occasion to join, and their waiting time from counting as an effect (Hernán & Robins, American Journal of
Epidemiology 183, 2016).
"""

from collections.abc import Sequence
from datetime import date, timedelta

import ibis
import ibis.expr.types as ir
import pandas as pd

from apex.measure.members import spans
from apex.measure.trade import purchases
from apex.warehouse import Warehouse

INTEREST = ("view", "search_brand", "favourite", "cart", "engage", "click")
INTEREST_DAYS = 30
CUTS = ("all", "purchase", "business")
INVITED = ["people", "joined", "stayed_out"]
PERIODS = (0, -1, -2, -3)


def _occasions(warehouse: Warehouse, brand: str, first: date, last: date) -> ir.Table:
    """consumer_id, on, value_minor, business, earlier (days bought before), joins: purchase days of those who are no members."""
    lines = purchases(warehouse, brand, warehouse.first_day, last)
    day = lines.group_by("consumer_id", on=lines.occurred_at.date()).agg(
        value_minor=lines.value_minor.sum(), business=lines.business.min()
    )
    order = ibis.row_number().over(group_by=day.consumer_id, order_by=day.on)
    day = day.mutate(earlier=order)
    day = day.filter((day.on >= first) & (day.on <= last))
    held = spans(warehouse, [brand]).select("since", "until", who="consumer_id")
    inside = day.join(held, [day.consumer_id == held.who, held.since < day.on, held.until >= day.on])
    outside = day.anti_join(inside, ["consumer_id", "on"])
    joined = held.select("who", "since").distinct()
    both = outside.left_join(joined, [outside.consumer_id == joined.who, outside.on == joined.since])
    return both.mutate(joins=both.who.notnull()).drop("who", "since")


def invitations(warehouse: Warehouse, brand: str, first: date, last: date) -> pd.DataFrame:
    """How often somebody who was no member joined on a day of purchase, from `first` to `last`.

    Returns cut (all, business, purchase), cell (all; the business, "" where not known; first or later), people (distinct), joined
    (of them), stayed_out (the rest), days (occasions): ints. A consumer may stand in several cells of a cut.
    """
    told = _occasions(warehouse, brand, first, last)
    cuts = {
        "all": ibis.literal("all"),
        "business": told.business.fill_null(""),
        "purchase": (told.earlier == 0).ifelse("first", "later"),
    }
    named = [ibis.struct({"cut": cut, "cell": cell}) for cut, cell in cuts.items()]
    every = told.select("consumer_id", "on", "joins", at=ibis.array(named).unnest())
    every = every.mutate(cut=every["at"].cut, cell=every["at"].cell)
    found = every.group_by("cut", "cell").agg(
        people=every.consumer_id.nunique(), days=every.count(), joined=every.consumer_id.nunique(where=every.joins)
    )
    frame = found.execute().assign(stayed_out=lambda f: f.people - f.joined)[["cut", "cell", *INVITED, "days"]]
    return frame.astype(dict.fromkeys([*INVITED, "days"], "int64")).sort_values(["cut", "cell"], ignore_index=True)


def span(warehouse: Warehouse, day: date, days: int, year: int = 365) -> tuple[date, date]:
    """The stretch of purchases of a cohort whose `days` days after are known on `day`: a year, or what the data hold."""
    last = day - timedelta(days=days)
    return max(last - timedelta(days=year - 1), warehouse.first_day), last


def cohort(
    warehouse: Warehouse, brand: str, first: date, last: date, days: int, traits: Sequence[str] = ()
) -> pd.DataFrame:
    """Each consumer's first day from `first` to `last` on which he bought and was no member: did he join, and what then?

    Returns consumer_id, on, joins (bool), value_minor, business (of that day), interest (events of interest in the 30 days
    before it), for k = 0 (the `days` days after that day), −1 (as many before it), −2, −3: orders[k] (days bought),
    gmv_minor[k]; older_days, older_minor (before all these); and the `traits`.
    """
    told = _occasions(warehouse, brand, first, last)
    place = ibis.row_number().over(group_by=told.consumer_id, order_by=told.on)
    anchors = told.mutate(place=place)
    anchors = anchors.filter(anchors.place == 0).drop("place", "earlier")
    anchors = ibis.memtable(anchors.to_pyarrow())  # asked once: two questions follow
    lines = purchases(warehouse, brand, warehouse.first_day, last + timedelta(days=days))
    bought = lines.group_by(then=lines.occurred_at.date(), who=lines.consumer_id).agg(paid=lines.value_minor.sum())
    both = anchors.join(bought, [anchors.consumer_id == bought.who])
    gap = both.then.delta(both.on, unit="day")
    sums: dict[str, ir.Value] = {}
    for k in PERIODS:
        inside = (gap > 0) & (gap <= days) if k == 0 else (gap < days * (k + 1)) & (gap >= days * k)
        sums |= {f"orders[{k}]": inside.sum(), f"gmv_minor[{k}]": both.paid.sum(where=inside)}
    older = gap < days * min(PERIODS)
    sums |= {"older_days": older.sum(), "older_minor": both.paid.sum(where=older)}
    history = both.group_by("consumer_id").agg(**sums)
    events = warehouse.table("events")
    looked = events.filter((events.brand == brand) & events.behaviour.isin(INTEREST))
    looked = looked.select(who="consumer_id", then=looked.occurred_at.date())
    seen = anchors.join(looked, [anchors.consumer_id == looked.who])
    past = seen.on.delta(seen.then, unit="day")
    seen = seen.filter((past > 0) & (past <= INTEREST_DAYS)).group_by("consumer_id").agg(interest=lambda t: t.count())
    whole = anchors.left_join(history, "consumer_id").drop("consumer_id_right").left_join(seen, "consumer_id")
    whole = whole.drop("consumer_id_right")
    if traits:
        whole = whole.left_join(warehouse.table("consumers").select("consumer_id", *traits), "consumer_id").drop(
            "consumer_id_right"
        )
    frame = whole.execute().sort_values("consumer_id", ignore_index=True)
    numbers = ["value_minor", "interest", *sums]
    frame[numbers] = frame[numbers].fillna(0).astype("int64")
    return frame.assign(on=pd.to_datetime(frame.on), joins=frame.joins.astype(bool))
