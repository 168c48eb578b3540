"""Consumers who saw a brand's content beside consumers who did not: what they did before, and what they did after.

A trial that nobody ran is put together from what happened (Hernán & Robins 2016): in each of a few short periods a consumer
is exposed from the moment of the first effective view on, with what came before as covariates and what came after as outcome.
Somebody who saw nothing has no such moment, and is given that of an exposed consumer of the same period, drawn by hash: so
both are looked at on the same days, and nobody has to have stayed away for long (which would be a choice by what came after).
Windows of days end by the day; on the day of the view itself the clock says what came before.

The engine walks the events once and sends one row a consumer and period. Who is exposed in one period may be unexposed in
another, so errors are by consumer (`apex.model.effect`, clusters). Nothing here says that a difference is an effect.
"""

from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

import ibis
import pandas as pd

from apex.measure.content_rules import ContentRules, Exposure
from apex.measure.windows import Window
from apex.warehouse import Warehouse

if TYPE_CHECKING:
    import ibis.expr.types as ir

OUTCOMES = {"searched": "search_brand", "visited": "view", "bought": "buy"}
RECENT, YEAR = 15, 365  # days of the short look back; of the long one, for purchases
AFTER, EVER = -1, 10**6  # bands: from the moment on; longer ago than anybody looks back
STATUS = ("join", "leave", "follow", "unfollow")  # what is open counts however long ago it was opened
CROWD = "strategic_crowd"  # made of the traits that follow; with it they say nothing more
TRAITS = ("age_band", "city_tier", "gender", "household", "life_stage", "purchasing_power", "region")
STEPS = 10**6  # a hash is taken for a chance in so many steps


class Exposed(NamedTuple):
    """What `exposed` found; all frames have one row a consumer and period, in the same order.

    people: period, consumer_id, arm (the format of the first effective view; null for the unexposed), like (the arm, or that
    of the consumer whose moment was lent), at (the moment), treated (bool). outcomes: searched, visited, bought (0 or 1: so
    much as once in the days from the moment on), gmv_minor. before: the same in as many days before the moment. covariates:
    what was known before the moment; earlier: before those days before.
    """

    people: pd.DataFrame
    outcomes: pd.DataFrame
    before: pd.DataFrame
    covariates: pd.DataFrame
    earlier: pd.DataFrame

    def only(self, arm: str | None) -> "Exposed":
        """Those exposed to one format, beside the unexposed who were lent their moments; None: everybody."""
        return self if arm is None else Exposed(*(f[self.people.like == arm].reset_index(drop=True) for f in self))


def periods(warehouse: Warehouse, rules: Exposure) -> dict[int, Window]:
    """The latest periods whose last day can be followed to the end and whose first can look back; newest first, from 1 on."""
    found, last = {}, warehouse.last_day - timedelta(days=rules.follow_days - 1)
    for number in range(1, rules.periods + 1):
        first = last - timedelta(days=rules.days - 1)
        if first - timedelta(days=rules.look_back + rules.follow_days) < warehouse.first_day:
            break
        found[number] = (first, last)
        last = first - timedelta(days=1)
    return found


def exposed(warehouse: Warehouse, brand: str, category: str | None, rules: ContentRules) -> Exposed:
    """Exposed and unexposed consumers of the latest periods (see `periods`), with covariates and outcomes.

    category: the brand's main one; what consumers do and are shown there counts among the covariates. Of the unexposed at most
    `others` for each exposed are drawn, by hash. Empty frames without contents, without periods, or where nobody was exposed.
    """
    spans = periods(warehouse, rules.exposure)
    if not spans or not warehouse.has("contents"):
        return _empty()
    asked = _asked(warehouse, brand, rules, spans)
    counts = _counts(warehouse, asked, brand, category, rules.exposure, min(first for first, _ in spans.values()))
    named = _columns(counts, rules.exposure)
    keys = ["period", "consumer_id", "arm", "like", "at"]
    found = asked.left_join(counts, ["period", "consumer_id"]).group_by(*keys).agg(**named).execute()
    found = found.sort_values(["period", "consumer_id"], ignore_index=True)
    if found.empty:
        return _empty()
    late = {c: YEAR for c in named if c.endswith("since")}  # nothing at all: as long ago as one looks back
    numbers = found[list(named)].fillna(late).fillna(0).astype("int64")
    people = found[["period", "consumer_id", "arm", "like", "at"]].assign(treated=found.arm.notna())
    parts = [
        numbers.filter(regex=f"^{p}:").rename(columns=lambda c: c.split(":")[1]) for p in ("after", "before", "x", "e")
    ]
    return Exposed(people, *parts[:2], *(_with_traits(warehouse, people, part) for part in parts[2:]))


def _asked(warehouse: Warehouse, brand: str, rules: ContentRules, spans: dict[int, Window]) -> "ir.Table":
    """period, consumer_id, arm (null: unexposed), at, day."""
    on = ibis.memtable(
        pd.DataFrame([(n, *days) for n, days in spans.items()], columns=["period", "first", "last"]),
        schema={"period": "int64", "first": "date", "last": "date"},
    )
    contents, events = warehouse.table("contents"), warehouse.table("events")
    contents = contents.filter(contents.brand == brand).select("content_id", "format", "length_s")
    watched = events.filter((events.behaviour == "watch") & events.content_id.notnull())
    watched = watched.select("consumer_id", "content_id", "duration_s", "seq", at=watched.occurred_at)
    seen = watched.join(contents, "content_id")
    enough = (seen.duration_s >= rules.effective.seconds) | (
        seen.duration_s >= rules.effective.share * seen.length_s
    ).fill_null(False)
    seen = seen.filter(enough.fill_null(False)).mutate(day=seen["at"].date())
    seen = seen.join(on, [seen.day >= on["first"], seen.day <= on["last"]])
    seen = seen.mutate(
        rank=ibis.row_number().over(group_by=["period", "consumer_id"], order_by=[seen["at"], seen.seq])
    ).filter(ibis._["rank"] == 0)
    seen = seen.select(
        "period", "consumer_id", "at", arm=seen.format,
        slot=ibis.row_number().over(group_by="period", order_by=seen.consumer_id),
        many=seen.count().over(group_by="period"),
    )  # fmt: skip
    everybody = warehouse.table("consumers").select("consumer_id")
    everybody = everybody.mutate(among=everybody.count().over())
    others = everybody.cross_join(seen.select("period", "many").distinct()).anti_join(seen, ["period", "consumer_id"])
    # consumer_id is a hash: its parts serve as chance, another for each purpose and period
    wanted = others.many.cast("float64") * rules.exposure.others / (others.among - others.many).cast("float64")
    drawn = (others.consumer_id // 7919 + others.period * 7717) % STEPS
    others = others.filter(drawn < wanted * STEPS)
    others = others.mutate(slot=(others.consumer_id // 104729 + others.period * 1299709) % others.many)
    others = others.join(seen.select("period", "slot", "at", like="arm"), ["period", "slot"])
    others = others.select("period", "consumer_id", "at", "like", arm=ibis.literal(None, "string"))
    both = others.union(seen.select("period", "consumer_id", "at", like=seen.arm, arm=seen.arm))
    return both.mutate(day=both["at"].date())


def _counts(
    warehouse: Warehouse, asked: "ir.Table", brand: str, category: str | None, rules: Exposure, first: date
) -> "ir.Table":
    """period, consumer_id, mine (of the brand; else of its category), behaviour, band, events, money, nearest.

    band: AFTER, else the shortest of the looks back in which the event lies, in days. nearest: days ago of the last of them.
    """
    events = warehouse.table("events")
    mine = (events.brand == brand).fill_null(False)
    inside = mine | (events.category == category).fill_null(False) if category else mine
    begin = first - timedelta(days=YEAR + rules.follow_days)
    near = events.filter(inside & ((events.occurred_at >= begin) | events.behaviour.isin(STATUS)))
    near = near.select(
        "consumer_id", "behaviour", "occurred_at", "value_minor", mine=(near.brand == brand).fill_null(False)
    )
    pairs = asked.select("period", "consumer_id", "at", "day").join(near, "consumer_id")
    ago = pairs.day.delta(pairs.occurred_at.date(), unit="day").cast("int64")
    later = pairs.occurred_at >= pairs["at"]
    pairs = pairs.mutate(ago=ago, later=later).filter(~later | (ago > -rules.follow_days))
    edges = sorted({back + days for back in (0, rules.follow_days) for days in (0, RECENT, rules.look_back, YEAR)})
    band = ibis.cases((pairs.later, AFTER), *[(pairs.ago <= edge, edge) for edge in edges], else_=EVER)
    return pairs.group_by("period", "consumer_id", "mine", "behaviour", band=band.cast("int64")).agg(
        events=pairs.count(), money=pairs.value_minor.sum().fill_null(0), nearest=pairs.ago.min()
    )


def _columns(t: "ir.Table", rules: Exposure) -> "dict[str, ir.Value]":
    """Outcomes (`after:`), the same before, covariates before the moment (`x:`), and before the days before (`e:`)."""

    def within(days: int, back: int = 0) -> "ir.BooleanValue":
        """In so many days before the moment, or before the day `back` days earlier."""
        return (t.band >= 0 if back == 0 else t.band > back) & (t.band <= back + days)

    found: dict[str, ir.Value] = {}
    for side, when in (("after", t.band == AFTER), ("before", within(rules.follow_days))):
        for name, behaviour in OUTCOMES.items():
            found[f"{side}:{name}"] = (t.mine & (t.behaviour == behaviour) & when).any().cast("int64")
        found[f"{side}:gmv_minor"] = t.money.sum(where=t.mine & (t.behaviour == "buy") & when)
    for side, back in (("x", 0), ("e", rules.follow_days)):
        lately, before, year = within(RECENT, back), within(rules.look_back, back), within(YEAR, back)
        wanted = {  # of the brand?, behaviours, when
            "views_lately": (True, ["view"], lately), "views": (True, ["view"], before),
            "searches": (True, ["search_brand"], before), "clicks": (True, ["click", "engage"], before),
            "wanted": (True, ["favourite", "cart", "reserve"], before), "shown": (True, ["expose"], year),
            "watched": (True, ["watch"], year), "bought": (True, ["buy"], year),
            "category_met": (False, ["expose", "watch"], year),
            "category_views": (False, ["view", "search_category"], before),
            "category_bought_lately": (False, ["buy", "buy_category"], lately),
            "category_bought": (False, ["buy", "buy_category"], year),
        }  # fmt: skip
        for name, (mine, behaviours, when) in wanted.items():
            found[f"{side}:{name}"] = t.events.sum(where=(t.mine == mine) & t.behaviour.isin(behaviours) & when)
        for name, mine in (("since", True), ("category_since", False)):
            bought = (t.mine == mine) & t.behaviour.isin(["buy", "buy_category"]) & year
            found[f"{side}:{name}"] = (t.nearest.min(where=bought) - back).fill_null(YEAR)
        so_far = t.mine & (t.band >= 0 if back == 0 else t.band > back)
        for name, opens, closes in (("member", "join", "leave"), ("follower", "follow", "unfollow")):
            opened, closed = (t.events.sum(where=so_far & (t.behaviour == b)).fill_null(0) for b in (opens, closes))
            found[f"{side}:{name}"] = (opened > closed).cast("int64")
    return found


def _with_traits(warehouse: Warehouse, people: pd.DataFrame, counts: pd.DataFrame) -> pd.DataFrame:
    """The counts, the period, and as text the consumer's traits: the strategic crowd, else those it is made of."""
    table = warehouse.table("consumers")
    there = [t for t in TRAITS if t in table.columns]
    there = [CROWD] if CROWD in table.columns else there
    known = table.select("consumer_id", *there).execute().set_index("consumer_id").reindex(people.consumer_id)
    told = known.astype("string").reset_index(drop=True)
    return pd.concat([counts, told, people.period], axis=1)


def _empty() -> Exposed:
    people = pd.DataFrame(
        {"period": [], "consumer_id": [], "arm": [], "like": [], "at": [], "treated": pd.Series([], dtype=bool)}
    )
    none = pd.DataFrame(columns=[*OUTCOMES, "gmv_minor"], dtype="int64")
    return Exposed(people, none, none.copy(), pd.DataFrame(), pd.DataFrame())
