"""Benefits: who was offered a coupon and used it, on what; person × good × benefit (人·货·权益).

A benefit is a `coupon_id`. Offered is who claimed it; where the data hold no claims, who was on the list of a mailing with
which somebody redeemed it. What was bought with it are lines that name the coupon, else the redeemer's purchases of the brand
on the day of redemption.
"""

from collections.abc import Sequence
from datetime import date, timedelta

import ibis
import ibis.expr.types as ir
import pandas as pd
import pyarrow as pa

from apex.measure import members
from apex.measure.trial import CONTROLS
from apex.warehouse import Warehouse

ALL, UNKNOWN = "all", ""
MEMBER = "member"
RIPE = 30  # days that an offer is given to be used
GOODS = ("category", "subcategory", "item")
COUNTS = ["offered", "used", "unused"]


def claimed(warehouse: Warehouse, brand: str) -> bool:
    """Whether the data hold claims of the brand's benefits."""
    events = warehouse.table("events")
    return not events.filter((events.brand == brand) & (events.behaviour == "claim")).limit(1).execute().empty


def offers(warehouse: Warehouse, brand: str, first: date, last: date, claims: bool, ripe: int = RIPE) -> pa.Table:
    """benefit, consumer_id, offered_on, used_on (null: not used): one row a consumer and benefit.

    The first offer from `first` on that is at least `ripe` days old on `last`, and the last use from that day to `last`.
    claims: whether offered is who claimed (`claimed`), else who was mailed. Empty where there is neither.
    """
    events = warehouse.table("events")
    told = events.filter((events.brand == brand) & events.coupon_id.notnull() & (events.occurred_at >= first))
    told = told.select("consumer_id", "behaviour", "campaign_id", benefit="coupon_id", on=told.occurred_at.date())
    redeemed = told.filter((told.behaviour == "redeem") & (told.on <= last))
    if claims:
        given = told.filter(told.behaviour == "claim").select("consumer_id", "benefit", "on")
    else:
        given = _mailed(warehouse, redeemed).filter(lambda t: t.on >= first)
    given = given.filter(given.on <= last - timedelta(days=ripe))
    given = given.group_by("consumer_id", "benefit").agg(offered_on=given.on.min())
    used = redeemed.group_by("consumer_id", "benefit").agg(used_on=redeemed.on.max())
    both = given.left_join(used, ["consumer_id", "benefit"])
    in_time = (both.used_on >= both.offered_on).ifelse(both.used_on, None)
    return both.select("benefit", "consumer_id", "offered_on", used_on=in_time).to_pyarrow()


def used(warehouse: Warehouse, brand: str, offered: pa.Table, traits: Sequence[str] = ()) -> pd.DataFrame:
    """How many were offered each benefit and used it, by who they are. offered: the table of `offers`.

    Cuts: `all`, `member` (a member on the day of the offer: "yes", "no"; only where the data hold memberships), and each of
    `traits` (columns of consumers). Returns benefit, cut, cell, offered, used, unused (distinct people): ints.
    """
    given = ibis.memtable(offered)
    with_members = members.known(warehouse)
    if with_members:
        held = members.spans(warehouse, [brand]).select("since", "until", who="consumer_id")
        on = [given.consumer_id == held.who, held.since <= given.offered_on, held.until > given.offered_on]
        given = given.left_join(held, on).drop("since", "until")  # spans of one consumer do not overlap
    if traits:
        people = warehouse.table("consumers").select("consumer_id", *traits)
        given = given.left_join(people, "consumer_id").drop("consumer_id_right")
    cuts: dict[str, ir.Value] = {ALL: ibis.literal(ALL)}
    cuts |= {MEMBER: given.who.notnull().ifelse("yes", "no")} if with_members else {}
    cuts |= {trait: given[trait].cast("string").fill_null(UNKNOWN) for trait in traits}
    named = [ibis.struct({"cut": cut, "cell": cell}) for cut, cell in cuts.items()]
    every = given.select("benefit", "used_on", at=ibis.array(named).unnest())
    every = every.mutate(cut=every["at"].cut, cell=every["at"].cell)
    found = every.group_by("benefit", "cut", "cell").agg(offered=every.count(), used=every.used_on.count())
    frame = found.execute().assign(unused=lambda f: f.offered - f.used).astype(dict.fromkeys(COUNTS, "int64"))
    return frame.sort_values(["cut", "cell", "benefit"], ignore_index=True)


def goods(warehouse: Warehouse, brand: str, offered: pa.Table, level: str, trait: str | None = None) -> pd.DataFrame:
    """On what benefits were used: benefit, cell (of the trait; ALL without one), good, people (distinct): ints.

    offered: the table of `offers`. level: one of GOODS. Who used a benefit on two goods stands in both.
    """
    taken = ibis.memtable(offered).filter(lambda t: t.used_on.notnull())
    events, items = warehouse.table("events"), warehouse.table("items")
    lines = events.filter((events.brand == brand) & (events.behaviour == "buy"))
    lines = lines.select("item_id", "coupon_id", who="consumer_id", on=lines.occurred_at.date())
    name = items.name.fill_null(items.item_id) if level == "item" else items[level]
    lines = lines.join(items.select("item_id", good=name.fill_null(UNKNOWN)), "item_id")
    same = lines.coupon_id.isnull() | (lines.coupon_id == taken.benefit)
    both = taken.join(lines, [taken.consumer_id == lines.who, taken.used_on == lines.on, same])
    cell: ir.Value = ibis.literal(ALL)
    if trait is not None:
        people = warehouse.table("consumers").select(trait, person="consumer_id")
        both = both.left_join(people, [both.consumer_id == people.person])
        cell = both[trait].cast("string").fill_null(UNKNOWN)
    found = both.group_by("benefit", "good", cell=cell).agg(people=both.consumer_id.nunique()).execute()
    frame = found[["benefit", "cell", "good", "people"]].astype({"people": "int64"})
    return frame.sort_values(["benefit", "cell", "good"], ignore_index=True)


def level(warehouse: Warehouse, brand: str) -> str:
    """The coarsest of GOODS at which the brand sells more than one good; the finest where there is none."""
    items = warehouse.table("items")
    mine = items.filter(items.brand == brand)
    counts = mine.agg(category=mine.category.nunique(), subcategory=mine.subcategory.nunique()).execute().iloc[0]
    return next((name for name in GOODS[:-1] if counts[name] > 1), GOODS[-1])


def _mailed(warehouse: Warehouse, redeemed: ir.Table) -> ir.Table:
    """consumer_id, benefit, on: everybody on the list of a campaign with which the benefit was redeemed."""
    listed = warehouse.table("assignments")
    pairs = redeemed.filter(redeemed.campaign_id.notnull()).select("campaign_id", "benefit").distinct()
    both = pairs.join(listed, pairs.campaign_id == listed.experiment_id)
    both = both.filter(both.consumer_id.notnull() & ~both.arm.isin(CONTROLS))
    return both.select("consumer_id", "benefit", on=both.assigned_at.date())
