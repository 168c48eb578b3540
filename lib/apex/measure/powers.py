"""What the five powers of a brand are made of, counted for it and its peers alike (definitions, section 14).

Goods (growth by buyers and new categories: GROW's G + W; share of new items), crowd (FAST's F and A, O → IPL), member (FAST's
S and T, share of GMV), content (START's scale, transmission, attraction), brand (who searched for it, price beside the same
leaf category's). Everything comes as sums by bucket of consumers, a hundredth of them each, which add up: drawing buckets again
says how far a figure hangs on who happened to be there (`apex.model.powers`). No row of a consumer leaves the engine.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import ibis
import pandas as pd

from apex.ledger import Book
from apex.measure import members
from apex.measure.content_rules import ContentRules
from apex.measure.grow import BUCKETS
from apex.measure.share import year_before
from apex.measure.trade import ordered
from apex.measure.windows import OPPORTUNITY_DAYS, Window
from apex.warehouse import Warehouse

if TYPE_CHECKING:
    import ibis.expr.types as ir

NEW_DAYS = 90  # an item is new for so many days from its launch (definitions, section 15: incubation)
DONE = ["gmv", "fresh", "bought", "fresh_buyer", "priced", "expected", "active", "searched", "met", "watched", "seen",
        "effective", "interactions"]  # fmt: skip
STOOD = ["start", "end", "near"]
COUNTS = ["buyers", "orders", "gmv"]
KEYS = ["period", "brand", "bucket"]


@dataclass(frozen=True)
class Counted:
    """people: KEYS and SUMS, only rows with somebody. trade: period, brand, category, bucket, COUNTS, for the periods and those
    they grew from (named `PERIOD-`).

    comparable: period → whether its stages saw windows as long as those of `now`.
    """

    people: pd.DataFrame
    trade: pd.DataFrame
    comparable: dict[str, bool]


SUMS = ["buyers", "gmv", "fresh", "fresh_buyers", "priced", "expected", "searchers", "met", "viewers", "seen", "effective",
        "interactions", "members", "members_active", "members_gmv", "members_buying", "assets", "start", "rose", "open",
        "deepened"]  # fmt: skip


def periods(warehouse: Warehouse, now: Window) -> dict[str, Window]:
    """The window `now`, as many days `before` it and a `year` earlier, as far as they and their eves lie in the data."""
    length, eve = now[1] - now[0], now[0] - timedelta(days=1)
    found = {"now": now, "before": (eve - length, eve), "year": year_before(now)}
    return {name: w for name, w in found.items() if name == "now" or w[0] > warehouse.first_day}


def earlier(warehouse: Warehouse, spans: Mapping[str, Window]) -> dict[str, Window]:
    """What each period grew from, named `PERIOD-`: the same days a year earlier where `now` has them, else those just before."""
    yearly, found = year_before(spans["now"])[0] >= warehouse.first_day, {}
    for name, (first, last) in spans.items():
        eve = first - timedelta(days=1)
        then = year_before((first, last)) if yearly else (eve - (last - first), eve)
        if then[0] >= warehouse.first_day:
            found[f"{name}-"] = then
    return found


def count(
    book: Book,
    brands: Sequence[str],
    categories: Sequence[str] | None,
    spans: Mapping[str, Window],
    rules: ContentRules,
) -> Counted:
    """All sums of these brands in the periods `spans` (of `periods`). categories: where opportunity is looked for (None: all)."""
    warehouse, names = book.warehouse, list(dict.fromkeys(brands))
    both = {**spans, **earlier(warehouse, spans)}
    reference = book.windows_on(spans["now"][1])
    comparable = {p: book.windows_on(last) == reference for p, (_, last) in spans.items()}
    return Counted(_people(book, names, categories, spans, rules), _trade(warehouse, names, both), comparable)


def _on(spans: Mapping[str, Window]) -> "ir.Table":
    rows = [(p, first, last) for p, (first, last) in spans.items()]
    schema = {"period": "string", "first": "date", "last": "date"}
    return ibis.memtable(pd.DataFrame(rows, columns=list(schema)), schema=schema)


def _within(events: "ir.Table", spans: Mapping[str, Window], columns: Sequence[str]) -> "ir.Table":
    """Events of the periods: period, day, first, last and the columns, one row an event and period it lies in."""
    reach = min(w[0] for w in spans.values()), max(w[1] for w in spans.values()) + timedelta(days=1)
    near = events.filter((events.occurred_at >= reach[0]) & (events.occurred_at < reach[1]))
    near, on = near.select(*columns, day=near.occurred_at.date()), _on(spans)
    return near.join(on, [near.day >= on["first"], near.day <= on["last"]])


def _trade(warehouse: Warehouse, brands: Sequence[str], spans: Mapping[str, Window]) -> pd.DataFrame:
    events = warehouse.table("events")
    bought = ordered(events.filter((events.behaviour == "buy") & events.brand.isin(list(brands))))
    lines = _within(bought, spans, ["brand", "category", "consumer_id", "order_id", "value_minor"])
    lines = lines.mutate(category=lines.category.fill_null(""), bucket=lines.consumer_id % BUCKETS)
    found = lines.group_by("period", "brand", "category", "bucket").agg(
        buyers=lines.consumer_id.nunique(), orders=lines.order_id.nunique(), gmv=lines.value_minor.sum().fill_null(0)
    )
    frame = found.execute().astype({"bucket": "int64", **dict.fromkeys(COUNTS, "float64")})
    return frame.sort_values(["period", "brand", "category", "bucket"], ignore_index=True)


def _people(
    book: Book,
    brands: Sequence[str],
    categories: Sequence[str] | None,
    spans: Mapping[str, Window],
    rules: ContentRules,
) -> pd.DataFrame:
    warehouse, keys = book.warehouse, ["period", "brand", "consumer_id"]
    reached = _reached(warehouse, categories, spans)
    on, held = _on(spans), members.spans(warehouse, brands)
    belong = held.join(on, [held.since <= on["last"], held.until > on["last"]]).select(*keys)
    parts = [
        _done(warehouse, brands, spans, rules), _stood(book, brands, spans, reached), belong.mutate(member=ibis.literal(1.0))
    ]  # fmt: skip
    wanted, nought = [*DONE, *STOOD, "member"], ibis.literal(0.0)
    rows = ibis.union(*[
        part.select(*keys, **{c: part[c].cast("float64").fill_null(0.0) if c in part.columns else nought for c in wanted})
        for part in parts
    ])  # fmt: skip
    each = rows.group_by(*keys).agg(**{c: rows[c].sum() for c in wanted})
    deep = 2.0 if len(book.rules.ids) > 1 else 1.0  # from here on a consumer is interested, or more
    member, near = each.member > 0, each.near > 0
    shallow = (each.start < deep) & ((each.start > 0) | near)
    each = each.mutate(bucket=each.consumer_id % BUCKETS)
    yes = {
        "buyers": each.bought > 0, "fresh_buyers": each.fresh_buyer > 0, "searchers": each.searched > 0, "met": each.met > 0,
        "viewers": each.watched > 0, "members": member, "members_active": member & (each.active > 0),
        "members_buying": member & (each.bought > 0), "assets": each.end > 0, "start": each.start > 0,
        "rose": (each.start > 0) & (each.end > each.start), "deepened": shallow & (each.end >= deep),
        # the reached at no stage of the brand have no row here: they are all that are reached, less those with one
        "_off": (each.start > 0) & (each.start < deep) & ~near, "_deep": near & (each.start >= deep),
    }  # fmt: skip
    sums = {c: each[c].sum() for c in ("gmv", "fresh", "priced", "expected", "seen", "effective", "interactions")}
    sums |= {name: which.sum() for name, which in yes.items()} | {"members_gmv": each.gmv.sum(where=member)}
    found = each.group_by(*KEYS).agg(**sums).execute()
    free = reached.group_by("period", bucket=reached.consumer_id % BUCKETS).agg(near=reached.count()).execute()
    grid = free.merge(pd.DataFrame({"brand": list(brands)}), how="cross")
    frame = grid.merge(found, on=KEYS, how="outer").fillna({"near": 0}).fillna(0.0)
    frame["open"] = frame.near - frame["_deep"] + frame["_off"]
    frame = frame[[*KEYS, *SUMS]].astype({"bucket": "int64", **dict.fromkeys(SUMS, "float64")})
    return frame.sort_values(KEYS, ignore_index=True)


def _done(warehouse: Warehouse, brands: Sequence[str], spans: Mapping[str, Window], rules: ContentRules) -> "ir.Table":
    """What each consumer did with each brand in each period: the columns DONE."""
    events = warehouse.table("events")
    items = warehouse.table("items").select("item_id", "subcategory", "launched_on")
    facts = ["item_id", "content_id", "quantity", "value_minor", "duration_s"]
    columns = ["brand", "category", "consumer_id", "behaviour", *facts]
    sold = _within(events.filter((events.behaviour == "buy") & (events.quantity > 0)), spans, columns)
    sold = sold.left_join(items.select("item_id", "subcategory"), "item_id")
    leaf = ibis.coalesce(sold.subcategory, sold.category)
    usual = sold.group_by("period", leaf=leaf).agg(usual=sold.value_minor.sum() / sold.quantity.sum())
    # members are active by the days up to the window's last, however short it is: their reach may begin before the window
    reach = {p: (min(first, last - timedelta(days=members.T_WINDOW - 1)), last) for p, (first, last) in spans.items()}
    e = _within(events.filter(events.brand.isin(list(brands))), reach, columns)
    e = e.left_join(items, "item_id").drop("item_id_right")
    begun = ibis.cases(*[(e.period == p, ibis.literal(first)) for p, (first, _) in spans.items()])
    lately = e.behaviour.isin(members.ACTIVE) & (e.day > e["last"] - ibis.interval(days=members.T_WINDOW))
    e = e.mutate(lately=lately, inside=e.day >= begun)
    e = e.mutate(leaf=ibis.coalesce(e.subcategory, e.category))
    e = e.left_join(usual, ["period", "leaf"]).drop("period_right", "leaf_right")
    if warehouse.has("contents"):
        e = e.left_join(warehouse.table("contents").select("content_id", "length_s"), "content_id").drop(
            "content_id_right"
        )
    else:
        e = e.mutate(length_s=ibis.null("float64"))
    bought, watched = (e.inside & (e.behaviour == b) for b in ("buy", "watch"))
    piece = e.inside & e.content_id.notnull()
    age = e.day.delta(e.launched_on.cast("date"), unit="day")
    fresh = (bought & (age >= 0) & (age <= NEW_DAYS)).fill_null(False)
    priced = (bought & (e.quantity > 0) & (e.usual > 0)).fill_null(False)
    share = (e.duration_s >= rules.effective.share * e.length_s).fill_null(False)
    enough = (e.duration_s >= rules.effective.seconds) | share
    effective = (watched & piece & enough).fill_null(False)
    seen = piece & ((watched & e.duration_s.notnull()) | (e.behaviour == "expose"))
    return e.group_by("period", "brand", "consumer_id").agg(
        gmv=e.value_minor.sum(where=bought), fresh=e.value_minor.sum(where=fresh), bought=bought.sum(), fresh_buyer=fresh.sum(),
        priced=e.value_minor.sum(where=priced), expected=(e.quantity * e.usual).sum(where=priced), active=e.lately.sum(),
        searched=(e.inside & (e.behaviour == "search_brand")).sum(), met=seen.sum(), watched=effective.sum(), seen=seen.sum(),
        effective=effective.sum(), interactions=(piece & e.behaviour.isin(list(rules.interactions))).sum(),
    )  # fmt: skip


def _stood(book: Book, brands: Sequence[str], spans: Mapping[str, Window], reached: "ir.Table") -> "ir.Table":
    """At which stage (its number; 0: none) each consumer stood on each period's eve and last day; near: reached on its eve."""
    ends = {p: (first - timedelta(days=1), last) for p, (first, last) in spans.items()}
    rows = book.rows.filter(book.rows.brand.isin(list(brands)) & (book.rows.day <= max(e for _, e in ends.values())))
    days = {str(d): d for pair in ends.values() for d in pair}
    at = {k: rows.to_stage.argmax(rows.day, where=rows.day <= d).fill_null(0).cast("int64") for k, d in days.items()}
    each = rows.group_by("brand", "consumer_id").agg(**at)
    places = [ibis.struct({"period": p, "start": each[str(a)], "end": each[str(b)]}) for p, (a, b) in ends.items()]
    long = each.select("brand", "consumer_id", at=ibis.array(places).unnest())
    long = long.select("brand", "consumer_id", period=long["at"].period, start=long["at"].start, end=long["at"].end)
    both = long.left_join(reached.mutate(there=ibis.literal(1)), ["period", "consumer_id"])
    return both.select("period", "brand", "consumer_id", "start", "end", near=both.there.fill_null(0))


def _reached(warehouse: Warehouse, categories: Sequence[str] | None, spans: Mapping[str, Window]) -> "ir.Table":
    """period, consumer_id: who had any event in these categories in the 30 days up to the period's eve."""
    events, day = warehouse.table("events"), timedelta(days=1)
    inside = events.filter(events.category.isin(list(categories)) if categories else events.category.notnull())
    eves = {p: (first - OPPORTUNITY_DAYS * day, first - day) for p, (first, _) in spans.items()}
    return _within(inside, eves, ["consumer_id"]).select("period", "consumer_id").distinct()
