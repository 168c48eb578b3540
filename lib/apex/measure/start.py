"""START: what became of a brand's content, layer by layer, beside the content of those it meets in its category.

Volume (S scale, T transmission), quality (A attraction), effect (R referral, T transaction); what each counts is a rule file
(`apex.measure.content_rules`), because only the letters are public. A piece is looked at over its first `ripe_days` days, so that
old and new ones compare; what happened before it was published does not count. A consumer may see several pieces: in every
cell of a cut each consumer counts once, so cells of one cut do not add up to the whole.

Views are many a consumer, and one consumer's views are alike. So sums come with the sums of squares and products over consumers
that the error of a ratio needs (`apex.model.start`), and no row for a consumer leaves the engine.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING

import ibis
import pandas as pd

from apex.measure.content_rules import ContentRules
from apex.warehouse import Warehouse

if TYPE_CHECKING:
    import ibis.expr.types as ir

OWN, MARKET = "own", "market"  # scopes: the brand's pieces; those of all brands asked for, the brand's among them
WHOLE = "all"
PIECE = ["content_id", "brand", "format", "channel", "creator", "item_id", "length_s", "published"]
TRAITS = {"format": "format", "channel": "channel", "creator": "creator", "item": "item_id", "content": "content_id"}
PEOPLE = ["viewers", "effective_viewers", "visitors", "closed", "buyers", "fresh"]
PAIRS = ["seeds", "guided", "followed", "sold"]  # a consumer and a piece, once
SUMS = ["impressions", "effective", "completable", "completed", "interactions", *PAIRS, "gmv_minor"]
RATIOS = {  # whose error is taken over which sums
    "effective": "impressions", "completed": "completable", "interactions": "effective", "guided": "seeds", "sold": "followed",
    "gmv_minor": "closed",
}  # fmt: skip
PRODUCTS = sorted({pair for y, x in RATIOS.items() for pair in combinations_with_replacement(sorted((y, x)), 2)})
KEYS = ["scope", "cut", "cell"]


def pieces(warehouse: Warehouse, brands: Sequence[str], days: int | None = None) -> pd.DataFrame:
    """The contents of these brands that were published so far (in the last `days` days): the columns of PIECE.

    Empty where the warehouse has no contents.
    """
    if not warehouse.has("contents"):
        return pd.DataFrame(columns=PIECE)
    frame = _pieces(warehouse, brands, days).execute()
    return frame.assign(published=pd.to_datetime(frame.published).dt.date).sort_values("content_id", ignore_index=True)


def start(warehouse: Warehouse, brand: str, others: Sequence[str], rules: ContentRules, days: int) -> pd.DataFrame:
    """What START counts of the pieces published in the last `days` days, in every cell.

    Scope OWN is the brand's pieces, by the cuts all, format, channel, creator, item, content, age (days since published) and
    repeat (which effective view of the brand's content it was; both as the number at which the band begins); MARKET is all
    pieces of the brand and the `others`, by all, format and content. A piece without a creator or an item is in no cell of
    that cut.

    Returns scope, cut, cell; consumers: viewers (met a piece), effective_viewers, visitors (guided), closed (visitors whose
    purchases can be followed to the end), buyers (of these), fresh (viewers of whom the brand had no trace before); sums over
    views: impressions (views and exposures that name the piece), effective, completable, completed, interactions; over pairs
    of a consumer and a piece, so that a format compares with a piece: seeds (viewed effectively), guided (visited after),
    followed (guided, and to be followed to the end), sold (bought after); gmv_minor; and of each pair in PRODUCTS the sum
    over consumers of the product, as ONE·OTHER. Views of unknown duration are neither impressions nor effective. Cells with
    nobody are absent; the frame is empty without contents.
    """
    columns = [*KEYS, *PEOPLE, *SUMS, *map("·".join, PRODUCTS)]
    if not warehouse.has("contents"):
        return pd.DataFrame(columns=columns)
    last, own = warehouse.last_day, ibis.literal(brand)
    met = _met(warehouse, [brand, *others], rules, days)
    seeds = _seeds(met.filter(met.effective), rules)
    guided = _guided(warehouse, seeds, rules, last)
    sold = _sold(warehouse, guided, rules)
    parts = [
        _named(met, own, [*TRAITS, "age"], fresh=met.fresh, viewers=True, impressions=met.known, effective=met.effective,
               completable=met.completable, completed=met.completed, interactions=met.interaction),
        _named(seeds, own, [*TRAITS, "age", "repeat"], effective_viewers=True, seeds=seeds.content_id),
        _named(guided, own, [*TRAITS, "age", "repeat"], visitors=True, closed=guided.closed, guided=guided.content_id,
               followed=guided.closed.ifelse(guided.content_id, None)),
        _named(sold, own, [*TRAITS, "age", "repeat"], buyers=True, sold=sold.content_id),
        # one purchase may follow several pieces of a cell: it counts once there
        _named(sold, own, [*TRAITS, "age", "repeat"], buy=sold.buy, gmv_minor=sold.value_minor).distinct().drop("buy"),
    ]  # fmt: skip
    each = [part.group_by(*KEYS, "consumer_id").agg(**_summed(part)) for part in parts]
    both = ibis.union(*[_filled(part) for part in each])
    lives = both.group_by(*KEYS, "consumer_id").agg(
        **{c: both[c].max() for c in PEOPLE}, **{c: both[c].sum() for c in SUMS}
    )
    found = lives.group_by(*KEYS).agg(
        **{c: lives[c].sum() for c in [*PEOPLE, *SUMS]},
        **{f"{a}·{b}": (lives[a].cast("float64") * lives[b]).sum() for a, b in PRODUCTS},
    )
    frame = found.execute()[columns].astype(dict.fromkeys([*PEOPLE, *SUMS], "int64"))
    return frame.sort_values(KEYS, ignore_index=True)


def life(warehouse: Warehouse, brands: Sequence[str], rules: ContentRules, days: int) -> pd.DataFrame:
    """The effective views of each piece published in the last `days` days, by its age: content_id, age, views.

    Ages (whole days since published) on which nobody looked are absent; so are pieces nobody looked at. Up to the rules' days of
    life; how far a piece can be seen is `last day − published` and known from `pieces`.
    """
    if not warehouse.has("contents"):
        return pd.DataFrame(columns=["content_id", "age", "views"])
    met = _met(warehouse, brands, rules, days, rules.life.days)
    views = met.filter(met.effective)
    counted = views.group_by("content_id", age=views.days_old).agg(views=views.count()).execute()
    return counted.astype({"age": "int64", "views": "int64"}).sort_values(["content_id", "age"], ignore_index=True)


def _pieces(warehouse: Warehouse, brands: Sequence[str], days: int | None) -> "ir.Table":
    contents = warehouse.table("contents")
    mine = contents.filter(contents.brand.isin(list(brands)))
    if days is not None:
        mine = mine.filter(mine.published_at >= warehouse.last_day - timedelta(days=days - 1))
    return mine.select(*PIECE[:-1], published=mine.published_at.date())


def _met(
    warehouse: Warehouse, brands: Sequence[str], rules: ContentRules, days: int, ages: int | None = None
) -> "ir.Table":
    """Every event that names a piece in its first days: the piece, consumer_id, at, day, seq, and what the event was.

    fresh: it is the consumer's first trace of the first of the brands.
    """
    events = warehouse.table("events")
    first = warehouse.last_day - timedelta(days=days - 1)
    wanted = ["watch", "expose", *rules.interactions]
    events = events.filter(events.content_id.notnull() & events.behaviour.isin(wanted) & (events.occurred_at >= first))
    events = events.select(
        "consumer_id",
        "content_id",
        "behaviour",
        "seq",
        "duration_s",
        at=events.occurred_at,
        day=events.occurred_at.date(),
    )
    e = events.join(_pieces(warehouse, brands, days), "content_id")
    e = e.mutate(days_old=e.day.delta(e.published, unit="day").cast("int64"))
    e = e.filter((e.days_old >= 0) & (e.days_old < (ages or rules.ripe_days)))
    watched, shown, long = e.behaviour == "watch", e.behaviour == "expose", e.length_s
    enough = (e.duration_s >= rules.effective.seconds) | (e.duration_s >= rules.effective.share * long).fill_null(False)
    effective = (watched & enough).fill_null(False)
    completable = effective & (long <= rules.completed.longest_s).fill_null(False)
    traces = warehouse.table("events")
    traces = traces.filter(traces.brand == brands[0])
    began = traces.group_by("consumer_id", "brand").agg(began=traces.occurred_at.min())
    e = e.mutate(
        known=(watched & e.duration_s.notnull()) | shown, effective=effective, completable=completable,
        completed=completable & (e.duration_s >= rules.completed.share * long),
        interaction=e.behaviour.isin(list(rules.interactions)), age=_band(e.days_old, rules.ages),
    ).left_join(began, ["consumer_id", "brand"])  # fmt: skip
    return e.mutate(fresh=(e["at"] <= e.began).fill_null(False) & (watched | shown))


def _seeds(effective: "ir.Table", rules: ContentRules) -> "ir.Table":
    """Effective views, one row a consumer, piece and day, from the first of them on."""
    order = [effective["at"], effective.seq]
    number = ibis.row_number().over(group_by=["consumer_id", "brand"], order_by=order) + 1
    numbered = effective.mutate(repeat=_band(number, rules.repeats))
    keys = ["consumer_id", "day", "age", *PIECE]
    numbered = numbered.mutate(rank=ibis.row_number().over(group_by=keys, order_by=[numbered["at"], numbered.seq]))
    return numbered.filter(numbered["rank"] == 0).select(*keys, "repeat", "at")


def _guided(warehouse: Warehouse, seeds: "ir.Table", rules: ContentRules, last: date) -> "ir.Table":
    """Visits of shop or item that follow an effective view: the seed's columns, seen_on, seen_at, looked_at (item), closed."""
    events = warehouse.table("events")
    visits = events.filter(events.behaviour.isin(list(rules.guided.behaviours)))
    visits = visits.select(
        "consumer_id", "brand", looked_at=visits.item_id, seen_at=visits.occurred_at, seen_on=visits.occurred_at.date()
    )
    reach = ibis.interval(days=rules.guided.within_days - 1)
    near = seeds.join(visits, ["consumer_id", "brand"])
    near = near.filter((near.seen_at >= near["at"]) & (near.seen_on >= near.day) & (near.seen_on <= near.day + reach))
    # a visit of the last day allowed, followed to the end
    until = last - timedelta(days=rules.guided.within_days - 1 + rules.sale.within_days - 1)
    return near.mutate(closed=near.day <= until)


def _sold(warehouse: Warehouse, guided: "ir.Table", rules: ContentRules) -> "ir.Table":
    """Purchase lines that follow a guided visit whose days are over: the visit's columns, buy (one name a line), value_minor."""
    events = warehouse.table("events")
    lines = events.filter(events.behaviour == "buy")
    lines = lines.select(
        "consumer_id", "brand", "value_minor", bought=lines.item_id, paid_at=lines.occurred_at, paid_on=lines.occurred_at.date(),
        buy=lines.occurred_at.cast("string") + " " + lines.seq.cast("string"),
    )  # fmt: skip
    reach = ibis.interval(days=rules.sale.within_days - 1)
    near = guided.filter(guided.closed).join(lines, ["consumer_id", "brand"])
    near = near.filter((near.paid_at >= near.seen_at) & (near.paid_on <= near.seen_on + reach))
    if rules.sale.of == "viewed":
        near = near.filter(((near.bought == near.looked_at) | (near.bought == near.item_id)).fill_null(False))
    return near


def _band(number: "ir.Value", starts: Sequence[int]) -> "ir.Value":
    """The start of the band that a number lies in, as text; below the first band the first."""
    cases = [(number >= start, str(start)) for start in reversed(starts)]
    return ibis.cases(*cases, else_=str(starts[0]))


def _named(rows: "ir.Table", own: "ir.Value", cuts: Sequence[str], **columns: "ir.Value | bool") -> "ir.Table":
    """Each row once for every cell it stands in: scope, cut, cell, consumer_id and the columns as ints."""
    mine = rows.brand == own
    cells = {WHOLE: ibis.literal(WHOLE), **{cut: rows[TRAITS.get(cut, cut)] for cut in cuts}}
    names = [
        ibis.struct({"scope": scope, "cut": cut, "cell": cell.cast("string"), "there": there & cell.notnull()})
        for scope, there, some in (
            (OWN, mine, list(cells)), (MARKET, ibis.literal(True), [WHOLE, "format", "content"])
        )
        for cut, cell in cells.items()
        if cut in some
    ]  # fmt: skip
    one = ibis.literal(1, "int64")
    values = {
        name: one if isinstance(value, bool) else value if name in ("buy", *PAIRS) else value.cast("int64")
        for name, value in columns.items()
    }
    every = rows.select("consumer_id", place=ibis.array(names).unnest(), **values)
    every = every.filter(every.place.there)
    place = {key: every.place[key] for key in KEYS}
    return every.select("consumer_id", *values, **place)


def _summed(part: "ir.Table") -> "dict[str, ir.Value]":
    """Of one consumer's rows in a cell: whether there is one (PEOPLE), how many pieces (PAIRS), else the sum."""
    found = {c: part[c].max() for c in part.columns if c in PEOPLE}
    found |= {c: part[c].nunique() for c in part.columns if c in PAIRS}
    return found | {c: part[c].sum() for c in part.columns if c in SUMS and c not in PAIRS}


def _filled(part: "ir.Table") -> "ir.Table":
    zeros = {c: ibis.literal(0, "int64") for c in [*PEOPLE, *SUMS]}
    return part.select(*KEYS, "consumer_id", **zeros | {c: part[c].cast("int64") for c in part.columns if c in zeros})
