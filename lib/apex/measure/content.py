"""Consumers who saw a brand's content beside consumers who did not: what they did before, and what they did after.

A trial that nobody ran is put together from what happened (Hernán & Robins 2016): in each of a few short periods a consumer is
exposed from the moment of the first effective view on, with what came before as covariates and what came after as outcome.
Somebody who saw nothing has no such moment, and is given that of an exposed consumer of the same period, drawn by hash: so both are
looked at on the same days, and nobody has to have stayed away for long (which would be a choice by what came after). Windows of
days end by the day; on the day of the view itself the clock says what came before.

The engine walks the events once and sends one row a consumer and period. Who is exposed in one period may be unexposed in another,
so errors are by consumer (`apex.model.effect`, clusters). Nothing here says that a difference is an effect.
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

OUTCOMES = {"searched": ("search_brand",), "visited": ("view",), "bought": ("buy",)}
RECENT = 15  # days of the short look back
YEAR = 365  # days of the long one, for purchases
TRAITS = ("strategic_crowd", "life_stage", "age_band", "city_tier", "income_band", "household", "region", "gender",
          "purchasing_power")  # fmt: skip
STEPS = 10**6  # a hash is taken for a chance in so many steps


class Exposed(NamedTuple):
    """What `exposed` found; all frames have one row a consumer and period, in the same order.

    people: period, consumer_id, treated (bool), arm (the format of the first effective view; null for the unexposed), at (the
    moment). outcomes: searched, visited, bought (0 or 1: so much as once in the days from the moment on), gmv_minor. before: the
    same in as many days before the moment. covariates: what was known before the moment; earlier: before those days before.
    """

    people: pd.DataFrame
    outcomes: pd.DataFrame
    before: pd.DataFrame
    covariates: pd.DataFrame
    earlier: pd.DataFrame

    def only(self, arm: str | None) -> "Exposed":
        """Those exposed to one format, beside all who were not exposed; None: everybody."""
        keep = ~self.people.treated | (self.people.arm == arm) if arm is not None else self.people.treated.notna()
        return Exposed(*(frame[keep].reset_index(drop=True) for frame in self))


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
    events = warehouse.table("events")
    near = events.filter(
        (events.brand == brand).fill_null(False) | ((events.category == category).fill_null(False) if category else False)
    )
    begin = min(first for first, _ in spans.values()) - timedelta(days=YEAR + rules.exposure.follow_days)
    near = near.filter((near.occurred_at >= begin) | near.behaviour.isin(["join", "leave", "follow", "unfollow"]))
    near = near.select("consumer_id", "behaviour", "occurred_at", "value_minor", "content_id", mine=(near.brand == brand).fill_null(False))
    pairs = asked.left_join(near, "consumer_id")
    named = _columns(pairs, rules.exposure)
    found = pairs.group_by("period", "consumer_id", "arm", "at").agg(**named).execute()
    found = found.sort_values(["period", "consumer_id"], ignore_index=True)
    if found.empty:
        return _empty()
    numbers = found[list(named)].fillna(0).astype("int64")
    people = found[["period", "consumer_id"]].assign(treated=found.arm.notna(), arm=found.arm, at=found["at"])
    parts = [numbers.filter(regex=f"^{p}:").rename(columns=lambda c: c.split(":")[1]) for p in ("after", "before", "x", "e")]
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
    sizes = seen.select("period", "many").distinct()
    everybody = warehouse.table("consumers").select("consumer_id")
    everybody = everybody.mutate(among=everybody.count().over())
    others = everybody.join(sizes, how="cross")
    others = others.anti_join(seen, ["period", "consumer_id"])
    # consumer_id is a hash: its parts serve as chance, another for each purpose and period
    wanted = others.many.cast("float64") * rules.exposure.others / (others.among - others.many).cast("float64")
    drawn = (others.consumer_id // 7919 + others.period * 7717) % STEPS
    others = others.filter(drawn < (wanted * STEPS))
    others = others.mutate(slot=(others.consumer_id // 104729 + others.period * 1299709) % others.many)
    others = others.join(seen.select("period", "slot", "at"), ["period", "slot"])
    treated = seen.select("period", "consumer_id", "arm", "at")
    both = treated.union(others.select("period", "consumer_id", arm=ibis.literal(None, "string"), at=others["at"]))
    return both.mutate(day=both["at"].date())


def _columns(t: "ir.Table", rules: Exposure) -> "dict[str, ir.Value]":
    """Outcomes (`after:`), the same before, covariates before the moment (`x:`), and before the days before (`e:`)."""
    on, follow = t.occurred_at.date(), rules.follow_days

    def within(days: int, back: int = 0) -> "ir.BooleanValue":
        """In so many days before the moment, or before the day `back` days earlier."""
        until = t.day - ibis.interval(days=back)
        started = on >= until - ibis.interval(days=days)
        return started & ((t.occurred_at < t["at"]) if back == 0 else (on < until))

    after = (t.occurred_at >= t["at"]) & (on < t.day + ibis.interval(days=follow))
    found: dict[str, ir.Value] = {}
    for side, when in (("after", after), ("before", within(follow))):
        for name, behaviours in OUTCOMES.items():
            found[f"{side}:{name}"] = (t.mine & t.behaviour.isin(behaviours) & when).any().cast("int64")
        found[f"{side}:gmv_minor"] = t.value_minor.sum(where=t.mine & (t.behaviour == "buy") & when)
    long = max(rules.look_back, RECENT)
    for side, back in (("x", 0), ("e", follow)):
        lately, before, year = within(RECENT, back), within(long, back), within(YEAR, back)
        counts = {
            "views": (t.behaviour == "view", lately), "views_long": (t.behaviour == "view", before),
            "searches": (t.behaviour == "search_brand", before), "clicks": (t.behaviour == "click", before),
            "wanted": (t.behaviour.isin(["favourite", "cart", "reserve"]), before),
            "engaged": (t.behaviour == "engage", before), "shown": (t.behaviour == "expose", lately),
            "shown_long": (t.behaviour == "expose", before), "watched": (t.behaviour == "watch", lately),
            "watched_long": (t.behaviour == "watch", before), "bought": (t.behaviour == "buy", lately),
            "bought_year": (t.behaviour == "buy", year),
        }  # fmt: skip
        for name, (what, when) in counts.items():
            found[f"{side}:{name}"] = (t.mine & what & when).sum()
        for name, what, when in (
            ("category_met", t.behaviour.isin(["expose", "watch"]), before),
            ("category_views", t.behaviour.isin(["view", "search_category"]), before),
            ("category_bought", t.behaviour.isin(["buy", "buy_category"]), lately),
            ("category_bought_long", t.behaviour.isin(["buy", "buy_category"]), before),
            ("category_bought_year", t.behaviour.isin(["buy", "buy_category"]), year),
        ):
            found[f"{side}:{name}"] = (~t.mine & what & when).sum()
        so_far = t.mine & ((t.occurred_at < t["at"]) if back == 0 else (on < t.day - ibis.interval(days=back)))
        for name, opens, closes in (("member", "join", "leave"), ("follower", "follow", "unfollow")):
            net = (so_far & (t.behaviour == opens)).sum() - (so_far & (t.behaviour == closes)).sum()
            found[f"{side}:{name}"] = (net.fill_null(0) > 0).cast("int64")
    return found


def _with_traits(warehouse: Warehouse, people: pd.DataFrame, counts: pd.DataFrame) -> pd.DataFrame:
    """Counts as log(1 + n), the period, and the consumer's traits: one column 0 or 1 for each value (missing is one)."""
    import numpy as np

    table = warehouse.table("consumers")
    there = [t for t in TRAITS if t in table.columns]
    known = table.select("consumer_id", *there).execute().set_index("consumer_id").reindex(people.consumer_id)
    known = known[[t for t in there if known[t].nunique() > 1]].astype("string").fillna("?").reset_index(drop=True)
    shown = known.assign(period=people.period.astype("string"))
    return pd.concat([np.log1p(counts), pd.get_dummies(shown, prefix_sep="=", drop_first=True)], axis=1).astype(float)


def _empty() -> Exposed:
    people = pd.DataFrame({"period": [], "consumer_id": [], "treated": pd.Series([], dtype=bool), "arm": [], "at": []})
    none = pd.DataFrame(columns=[*OUTCOMES, "gmv_minor"], dtype="int64")
    return Exposed(people, none, none.copy(), pd.DataFrame(), pd.DataFrame())


def reach(spans: dict[int, Window]) -> tuple[date, date] | None:
    """First and last day of all the periods; None where there is none."""
    return (min(f for f, _ in spans.values()), max(e for _, e in spans.values())) if spans else None
