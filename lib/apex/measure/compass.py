"""The compass: what an owner looks at each week, for all brands at once: trade by new and old, members and others; AAC.

Assets and FAST come from `apex.measure.standing` and `apex.measure.fast`; here stands what is bought. Each function is one
pass of the engine over purchases; `figures` puts everything together as one value a figure and period.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

import ibis
import pandas as pd

from apex.measure import members
from apex.measure.assets import NONE
from apex.measure.fast import Period
from apex.measure.peers import Peers, benchmark, quartiles
from apex.warehouse import Warehouse

if TYPE_CHECKING:
    import ibis.expr.types as ir

YEAR = 365
PERIODS = ("now", "before", "year_ago")
LONG = " long"  # behind a period's name: the same, of more days
LEAST = 30  # people under a peer's share: below that it says nothing
SHARES = ("A", "T", "new_buyers", "new_gmv", "member_buyers", "member_gmv")  # of figures; all others are amounts


def trade(warehouse: Warehouse, brands: Sequence[str], periods: Mapping[str, Period]) -> pd.DataFrame:
    """What each brand sold in each period (the days after its first up to its second), to whom.

    Returns brand, period, cut, group, buyers, orders, gmv_minor (ints; every combination, zeros included), whole (the data
    reach back to the period's first day). Cut `all` has the group `all`; cut `history` has `new` (never bought the brand
    before the period, as far as the data go back) and `old`; cut `membership` has `member` (on the period's last day) and
    `other`, and is absent where the data hold no memberships. The groups of a cut add up to all.
    """
    events = warehouse.table("events")
    asked = pd.DataFrame([(p, *days) for p, days in periods.items()], columns=["period", "start", "day"])
    on = ibis.memtable(asked, schema={"period": "string", "start": "date", "day": "date"})
    bought = events.filter((events.behaviour == "buy") & events.brand.isin(list(brands)))
    bought = bought.filter(bought.occurred_at < max(asked.day) + timedelta(days=1))
    day = bought.occurred_at.date()
    order = bought.basket_id.fill_null(bought.consumer_id.cast("string") + " " + day.cast("string"))
    daily = bought.group_by("brand", "consumer_id", bought_on=day).agg(
        orders=order.nunique(), gmv=bought.value_minor.sum()
    )
    first = daily.bought_on.min().over(ibis.window(group_by=["brand", "consumer_id"]))
    daily = daily.mutate(first=first)
    inside = daily.join(on, [daily.bought_on > on.start, daily.bought_on <= on.day])
    each = inside.group_by("brand", "period", "day", "consumer_id").agg(
        orders=inside.orders.sum(), gmv=inside.gmv.sum(), history=(inside["first"] > inside.start).any()
    )
    each = each.mutate(history=each.history.ifelse("new", "old"))
    if with_members := members.known(warehouse):
        held = members.spans(warehouse, brands)
        there = held.join(on, [held.since <= on.day, held.until > on.day]).select("brand", "period", "consumer_id")
        each = each.left_join(there.distinct().mutate(held=True), ["brand", "period", "consumer_id"])
        each = each.mutate(membership=each.held.fill_null(False).ifelse("member", "other"))
    cuts = {"all": ["all"], "history": ["new", "old"]} | ({"membership": ["member", "other"]} if with_members else {})
    keys = ["brand", "period", *[c for c in cuts if c != "all"]]
    cells = each.group_by(*keys).agg(buyers=each.count(), orders=each.orders.sum(), gmv_minor=each.gmv.sum()).execute()
    numbers, names = ["buyers", "orders", "gmv_minor"], list(dict.fromkeys(brands))
    frames = []
    for cut, groups in cuts.items():
        found = cells.assign(**{"all": "all"}).groupby(["brand", "period", cut])[numbers].sum()
        grid = pd.MultiIndex.from_product([names, list(periods), groups], names=["brand", "period", "group"])
        frames.append(found.reindex(grid, fill_value=0).astype("int64").reset_index().assign(cut=cut))
    both = pd.concat(frames, ignore_index=True)
    shape = ["brand", "period", "cut", "group"]
    both["period"] = pd.Categorical(both.period, list(periods), ordered=True)
    seen = {p: start + timedelta(days=1) >= warehouse.first_day for p, (start, _) in periods.items()}
    both["whole"] = both.period.astype("str").map(seen).astype(bool)
    return both.sort_values(shape, ignore_index=True)[[*shape, *numbers, "whole"]]


def active(warehouse: Warehouse, brands: Sequence[str], periods: Mapping[str, Period]) -> pd.DataFrame:
    """Active consumers (AAC) at both ends of each period: distinct buyers of the 365 days up to a day.

    Where the data do not reach back 365 days from a period's start, both of its ends look back as far as the start can, so
    that they compare. Returns brand, period, before, joined, lapsed, now (ints; now = before + joined − lapsed), window (days
    really looked back: only equal ones compare; 0 and no one where the period begins before the data).
    """
    events = warehouse.table("events")
    windows = {p: max(0, min(YEAR, (s - warehouse.first_day).days + 1)) for p, (s, _) in periods.items()}
    bought = events.filter((events.behaviour == "buy") & events.brand.isin(list(brands)))
    days = bought.select("brand", "consumer_id", bought_on=bought.occurred_at.date())
    marks = {}
    for period, (start, end) in periods.items():
        for name, day in (("before", start), ("now", end)):
            since = day - timedelta(days=windows[period])
            marks[f"{name} {period}"] = ((days.bought_on > since) & (days.bought_on <= day)).any()
    each = days.group_by("brand", "consumer_id").agg(**marks)
    sums: dict[str, ir.Value] = {}
    for period in periods:
        was, holds = each[f"before {period}"], each[f"now {period}"]
        sums |= {f"before {period}": was.sum(), f"joined {period}": (~was & holds).sum(),
                 f"lapsed {period}": (was & ~holds).sum(), f"now {period}": holds.sum()}  # fmt: skip
    wide = each.group_by("brand").agg(**sums).execute().set_index("brand")
    wide.columns = pd.MultiIndex.from_tuples([tuple(c.split(" ", 1)) for c in wide.columns], names=[None, "period"])
    grid = pd.MultiIndex.from_product([list(dict.fromkeys(brands)), list(periods)], names=["brand", "period"])
    frame = wide.stack("period", future_stack=True).reindex(grid, fill_value=0).astype("int64").reset_index()
    frame["window"] = frame.period.map(windows).astype("int64")
    frame["period"] = pd.Categorical(frame.period, list(periods), ordered=True)
    return frame[["brand", "period", "before", "joined", "lapsed", "now", "window"]]


def weekly(warehouse: Warehouse, brand: str, last: date, weeks: int) -> pd.DataFrame:
    """GMV of the weeks that end on `last`, 7, 14 … days before it: day (a week's last), buyers, gmv_minor; zeros included.

    Weeks that begin before the data are left out.
    """
    ends = [last - timedelta(days=7 * n) for n in reversed(range(weeks))]
    ends = [d for d in ends if d - timedelta(days=6) >= warehouse.first_day]
    if not ends:
        return pd.DataFrame({"day": [], "buyers": [], "gmv_minor": []}).astype(
            {"buyers": "int64", "gmv_minor": "int64"}
        )
    events = warehouse.table("events")
    begin = ends[0] - timedelta(days=6)
    sold = events.filter((events.behaviour == "buy") & (events.brand == brand))
    sold = sold.filter((sold.occurred_at >= begin) & (sold.occurred_at < last + timedelta(days=1)))
    week = sold.occurred_at.date().delta(ibis.date(begin), unit="day") // 7
    found = sold.group_by(week=week).agg(buyers=sold.consumer_id.nunique(), gmv_minor=sold.value_minor.sum()).execute()
    found = found.set_index("week").reindex(range(len(ends)), fill_value=0).astype("int64")
    return found.assign(day=ends)[["day", "buyers", "gmv_minor"]].reset_index(drop=True)


def fast(
    flows: pd.DataFrame,
    warehouse: Warehouse,
    periods: Mapping[str, Period],
    comparable: Mapping[str, tuple[bool, bool]],
) -> pd.DataFrame:
    """What FAST's F, A, S and T are made of, read from flows that are counted already, and from memberships.

    comparable: whether each period's end, and both its ends, saw windows as long as the last day did. Returns the columns
    that `apex.measure.fast.figures` reads of `apex.measure.fast.counts`, with came and left: brand, period, consumers, start,
    eligible, rose, came, left, smallest, smallest_start, members, active (Int64; members and active null where the data hold no
    memberships), comparable, moves_comparable, members_comparable.
    """
    held, holds, keys = flows.from_stage != NONE, flows.to_stage != NONE, ["brand", "start_day", "end_day"]
    deepest = flows.from_stage.cat.categories[-1]
    ways = {"consumers": holds, "start": held, "eligible": held & (flows.from_stage < deepest)}
    ways |= {way: flows.way == way for way in ("rose", "came", "left")}
    counted = flows[keys].assign(**{name: flows.consumers.where(which, 0) for name, which in ways.items()})
    counted = counted.groupby(keys)[list(ways)].sum()
    for name, side in (("smallest", "to_stage"), ("smallest_start", "from_stage")):
        stock = flows[flows[side] != NONE].groupby([*keys, side], observed=True).consumers.sum()
        counted[name] = stock[stock > 0].groupby(level=keys).min()
    counted = counted.fillna(0).reset_index()
    asked = pd.DataFrame([(p, *days) for p, days in periods.items()], columns=["period", "start_day", "end_day"])
    frame = asked.merge(counted, on=["start_day", "end_day"]).drop(columns="start_day")
    if members.known(warehouse):
        there = members.on_days(warehouse, list(asked.end_day), list(flows.brand.unique()))
        frame = frame.merge(there.rename(columns={"day": "end_day"}), how="left", on=["brand", "end_day"])
    else:
        frame[members.COUNTS] = pd.NA
    first = warehouse.first_day + timedelta(days=members.T_WINDOW - 1)
    for column, number in (("comparable", 0), ("moves_comparable", 1)):
        frame[column] = [comparable[p][number] for p in frame.period]
    frame["members_comparable"] = [day >= first for day in frame.end_day]
    frame["period"] = pd.Categorical(frame.period, list(periods), ordered=True)
    frame = frame.astype(dict.fromkeys([*ways, "smallest", "smallest_start", *members.COUNTS], "Int64"))
    return frame.drop(columns="end_day").sort_values(["brand", "period"], ignore_index=True)


def stocks(flows: pd.DataFrame, periods: Mapping[str, Period], comparable: Mapping[str, bool]) -> pd.DataFrame:
    """Consumers at each stage at each period's end: brand, period, stage, consumers (Int64; null where it does not compare).

    flows: of `apex.measure.standing.flows`, over the periods' days.
    """
    stages = flows.from_stage.cat.categories[1:]
    frames = []
    for period, (start, end) in periods.items():
        mine = flows[(flows.start_day == start) & (flows.end_day == end)]
        held = mine.groupby(["brand", "to_stage"], observed=False).consumers.sum().rename_axis(["brand", "stage"])
        held = held.loc[held.index.get_level_values("stage").isin(stages)].astype("Int64").reset_index()
        frames.append(
            held.assign(period=period, consumers=held.consumers.mask(held.consumers.notna() & (not comparable[period])))
        )
    both = pd.concat(frames, ignore_index=True)
    both["stage"] = pd.Categorical(both.stage.astype("str"), stages, ordered=True)
    return both[["brand", "period", "stage", "consumers"]]


def figures(sold: pd.DataFrame, annual: pd.DataFrame, fast: pd.DataFrame, stood: pd.DataFrame) -> pd.DataFrame:
    """Everything as one value a brand, figure and period, from what was counted or what may be shown of it.

    sold: of `trade`; money is read from its periods now, before, year_ago, shares from those with LONG behind the name (of a
    week's buyers few are new). annual: of `active`, periods now and year_ago. fast: brand, period, figure, n, of, value of
    `apex.measure.fast.values`. stood: of `stocks`. Counts that are null stay so.

    Returns brand, figure, period, value (Float64; null: hidden, not comparable, or a share of nobody), base (the people of the
    value, or under the share, Float64). Figures: gmv, aac, assets, stage:X, A, S, T, new_buyers, new_gmv, member_buyers,
    member_gmv.
    """
    named = sold.assign(period=sold.period.astype("str"))
    short, lately = named[named.period.isin(PERIODS)], named[named.period.str.endswith(LONG)]
    lately = lately.assign(period=lately.period.str.removesuffix(LONG))
    whole = short[short.cut == "all"]
    parts = [_part("gmv", whole, whole.gmv_minor.where(whole.whole), whole.buyers)]
    at = annual.assign(period=annual.period.astype("str")).set_index(["brand", "period"])
    for brand in annual.brand.unique():
        now, ago = at.loc[(brand, "now")], at.loc[(brand, "year_ago")]
        told = [now.now, now.before, ago.now if ago.window == now.window else pd.NA]
        values = pd.Series(told if now.window else [pd.NA] * 3, dtype="Float64")
        parts.append(_part("aac", pd.DataFrame({"brand": brand, "period": list(PERIODS)}), values, values))
    for letter, name in (("F", "assets"), ("A", "A"), ("S", "S"), ("T", "T")):
        mine = fast[fast.figure == letter]
        parts.append(_part(name, mine, mine.value, mine["of"] if name in SHARES else mine["n"]))
        if name == "assets":
            parts += [_part(f"stage:{stage}", at_stage, at_stage.consumers, at_stage.consumers)
                      for stage, at_stage in stood.groupby("stage", observed=True)]  # fmt: skip
    of = lately[(lately.cut == "all")].set_index(["brand", "period"])
    for group in ("new", "member"):
        mine = lately[lately.group == group].set_index(["brand", "period"])
        for column, name in (("buyers", "buyers"), ("gmv_minor", "gmv")) if len(mine) else ():
            base = of.buyers.reindex(mine.index)
            share = (mine[column] / of[column].where(of[column] > 0).reindex(mine.index)).where(mine.whole)
            parts.append(_part(f"{group}_{name}", mine.reset_index(), share, base))
    return pd.concat(parts, ignore_index=True)


def _part(figure: str, frame: pd.DataFrame, value: pd.Series, base: pd.Series) -> pd.DataFrame:
    named = {"brand": frame.brand.array, "figure": figure, "period": frame.period.astype("str").array}
    return pd.DataFrame(named | {"value": value.astype("Float64").array, "base": base.astype("Float64").array})


def scorecard(values: pd.DataFrame, brand: str, peers: Peers) -> pd.DataFrame:
    """A brand's figures beside last period, last year and peers.

    values: of `figures`, the brand's from what may be shown, its peers' from what was counted. Returns figure, now, before,
    year_ago, change, change_year (amounts: relative; shares: difference), middle, benchmark (of the peers: of an amount's
    change, of a share's value now; null where fewer than five can be compared).
    """
    wide = values.pivot(index=["brand", "figure"], columns="period", values="value")
    base = values[values.period == "now"].set_index(["brand", "figure"]).base
    wide = wide.reindex(columns=["now", "before", "year_ago"]).astype("Float64")
    share = wide.index.get_level_values("figure").isin(SHARES)
    for column, then in (("change", wide.before), ("change_year", wide.year_ago)):
        relative = wide.now / then.where(then > 0) - 1
        wide[column] = (wide.now - then).where(share, relative)
    held = wide.now.where(share, wide.change).where(
        ~share | (base.reindex(wide.index) >= LEAST).fillna(False).to_numpy()
    )
    rows = []
    for figure in dict.fromkeys(values.figure):
        own = wide.loc[(brand, figure)] if (brand, figure) in wide.index else pd.Series(pd.NA, wide.columns)
        theirs = held.xs(figure, level="figure").reindex(peers.frame.brand).dropna().astype(float)
        spread = quartiles(theirs) if peers.enough else None
        row = {"figure": figure, **own.to_dict()}
        if spread is not None:
            row |= {"middle": spread["middle"], "benchmark": benchmark(theirs, peers)}
        rows.append(row)
    columns = ["now", "before", "year_ago", "change", "change_year", "middle", "benchmark"]
    frame = pd.DataFrame(rows, columns=["figure", *columns])
    frame["figure"] = pd.Categorical(frame.figure, list(frame.figure), ordered=True)  # in this order, not by name
    return frame.astype(dict.fromkeys(columns, "Float64"))
