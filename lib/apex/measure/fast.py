"""FAST: how well a brand operates its consumers, in four numbers (definitions, section 3).

F fertility: consumers at any stage. A advancing: the share of them that stands deeper at the end of a period than at its
start. S superiority: members. T thriving: the share of members that were active lately. F and A are read from the ledger,
S and T from memberships. Everything is counted for all brands asked for in one pass; rates are formed from what may be
shown (`rates`). The deepest stage cannot rise: A as published divides by everyone all the same, its variant does not.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

import ibis
import pandas as pd

from apex.ledger import Book
from apex.measure import members
from apex.measure.assets import NONE, stage_type
from apex.warehouse import Warehouse

if TYPE_CHECKING:
    import ibis.expr.types as ir

Period = tuple[
    date, date
]  # compared are the ends of these two days; the period's own days are the ones after the first
PEOPLE = ["consumers", "reached", "start", "eligible", "rose", "members", "active"]
TRAITS = ("strategic_crowd", "life_stage", "age_band", "city_tier", "income_band", "household", "region", "gender")
UNKNOWN = ""  # a consumer without the trait; a rise without a touch


def periods(now: date, days: int) -> dict[str, Period]:
    """The period of `days` days up to `now`, the one before it, and the one that ends on the same day a year ago."""
    start = now - timedelta(days=days)
    ago = (pd.Timestamp(now) - pd.DateOffset(years=1)).date()
    return {
        "now": (start, now),
        "before": (start - timedelta(days=days), start),
        "year_ago": (ago - timedelta(days=days), ago),
    }


def counts(
    book: Book, periods: Mapping[str, Period], brands: Sequence[str] | None = None, window: int = members.T_WINDOW
) -> pd.DataFrame:
    """What the four numbers are made of, for each brand and period.

    brands: None is every brand with a row in the ledger. Returns brand, period, consumers (F: at any stage at the end),
    reached (F of the period: on any of its days), start (at any stage at its start), eligible (of those: not at the deepest
    stage), rose (of those: deeper at the end), moves_up (changes upward within the period, from a stage; a consumer may
    rise and fall), members, active (of them, in the `window` days up to the end): Int64, every combination, zeros
    included; members and active are null where the data hold no memberships at all.
    comparable: the period's last day saw windows as long as the last of all days did; moves_comparable: its start did too;
    members_comparable: the data reach far enough back for `window` days.
    """
    found = _from_ledger(book, periods, brands)
    names = sorted(set(found.brand)) if brands is None else list(dict.fromkeys(brands))
    grid = pd.MultiIndex.from_product([names, list(periods)], names=["brand", "period"])
    frame = found.set_index(["brand", "period"]).reindex(grid, fill_value=0).reset_index()
    frame = frame.merge(_members(book.warehouse, periods, names, window), how="left", on=["brand", "period"])
    frame = frame.astype(dict.fromkeys([*PEOPLE, "moves_up"], "Int64"))
    frame["period"] = pd.Categorical(frame.period, list(periods), ordered=True)
    reference = book.windows_on(max(end for _, end in periods.values()))
    full = {p: [book.windows_on(d) == reference for d in (end, start)] for p, (start, end) in periods.items()}
    first = book.warehouse.first_day + timedelta(days=window - 1)
    named = frame.period.astype(str)
    frame["comparable"] = named.map({p: both[0] for p, both in full.items()})
    frame["moves_comparable"] = named.map({p: all(both) for p, both in full.items()})
    frame["members_comparable"] = named.map({p: end >= first for p, (_, end) in periods.items()})
    return frame.sort_values(["brand", "period"], ignore_index=True)


def rates(counted: pd.DataFrame) -> pd.DataFrame:
    """The frame of `counts`, or what may be shown of it, with F, A, A_eligible, S and T.

    F and S are counts (Int64), the others shares (Float64): null where the denominator is 0, where a count is not shown, and
    where the frame says that the period does not compare. Takes the frame of `weekly`, with members joined to it, too.
    """
    share = {
        "A": counted.rose / counted.start.where(counted.start > 0),
        "A_eligible": counted.rose / counted.eligible.where(counted.eligible > 0),
        "T": counted.active / counted.members.where(counted.members > 0),
    }
    frame = counted.assign(F=counted.consumers, S=counted.members, **{k: x.astype("Float64") for k, x in share.items()})
    compares = {"comparable": ["F"], "moves_comparable": ["A", "A_eligible"], "members_comparable": ["S", "T"]}
    for column, figures in compares.items():
        if column in frame:
            frame[figures] = frame[figures].where(frame[column])
    return frame


def weekly(book: Book, last: date, weeks: int, brands: Sequence[str] | None = None) -> pd.DataFrame:
    """F and what A is made of, week by week: the `weeks` weeks that end on `last`, 7, 14 … days before it.

    Returns brand, day (a week's last), consumers (F), start (at a stage a week before), eligible (of those: not at the
    deepest), rose (of those: deeper now): ints, every brand asked for (None: all in the ledger) and week. One pass: each
    consumer's changes within a week are first taken together, then summed up over the weeks.
    """
    first = last - timedelta(days=7 * weeks)
    rows = book.rows.filter(book.rows.day <= last)
    if brands is not None:
        rows = rows.filter(rows.brand.isin(list(brands)))
    rows = rows.mutate(week=((rows.day.delta(ibis.literal(first), unit="day") + 6) // 7).clip(lower=0))
    ends = rows.group_by("brand", "consumer_id", "week").agg(
        before=rows.from_stage.argmin(rows.day), after=rows.to_stage.argmax(rows.day)
    )
    moved = ends.group_by("brand", "week", "before", "after").agg(consumers=ends.count()).execute()
    names = sorted(set(moved.brand)) if brands is None else list(dict.fromkeys(brands))
    grid = pd.MultiIndex.from_product([names, range(weeks + 1)], names=["brand", "week"])
    now, then, deepest = moved.after, moved.before, len(book.rules.ids)
    moved["all"] = ((now > 0).astype(int) - (then > 0).astype(int)) * moved.consumers
    moved["deep"] = ((now == deepest).astype(int) - (then == deepest).astype(int)) * moved.consumers
    moved["rose"] = moved.consumers.where((then > 0) & (now > then), 0)
    steps = moved.groupby(["brand", "week"])[["all", "deep", "rose"]].sum().reindex(grid, fill_value=0)
    stood = steps[["all", "deep"]].groupby(level="brand", sort=False).cumsum()
    earlier = stood.groupby(level="brand", sort=False).shift(fill_value=0)
    frame = pd.DataFrame({"consumers": stood["all"], "start": earlier["all"], "eligible": earlier["all"] - earlier.deep,
                          "rose": steps.rose}).astype("int64").reset_index()  # fmt: skip
    frame = frame[frame.week > 0].reset_index(drop=True)
    frame.insert(1, "day", [first + timedelta(days=7 * n) for n in frame.week])
    return frame.drop(columns="week")


def trait_of(warehouse: Warehouse) -> str | None:
    """The trait by which crowds are told apart: the first of TRAITS with two values or more; None where there is none."""
    consumers = warehouse.table("consumers")
    there = [t for t in TRAITS if t in consumers.columns]
    if not there:
        return None
    values = consumers.agg(**{t: consumers[t].nunique() for t in there}).execute().iloc[0]
    return next((t for t in there if values[t] > 1), None)


def rises(book: Book, brand: str, periods: Mapping[str, Period], trait: str | None = None) -> pd.DataFrame:
    """Who stood at a stage at each period's start, and whether they stood deeper at its end.

    Returns period, stage (at the start), crowd (the trait's value; UNKNOWN where it is not known or no trait is asked for),
    channel (of those who rose: the last touch before their last move up within the period; UNKNOWN: none was near enough),
    rose (bool), consumers (int). Summed over a period they are `start`, and where they rose `rose`, of `counts`.
    """
    rows = book.rows.filter((book.rows.brand == brand) & (book.rows.day <= max(end for _, end in periods.values())))
    up, channel, asked = rows.to_stage > rows.from_stage, rows.touch_channel.fill_null(UNKNOWN), {}
    for period, (start, end) in periods.items():
        inside = (rows.day > start) & (rows.day <= end)
        asked[f"before {period}"] = rows.to_stage.argmax(rows.day, where=rows.day <= start)
        asked[f"after {period}"] = rows.to_stage.argmax(rows.day, where=rows.day <= end)
        asked[f"channel {period}"] = channel.argmax(rows.day, where=inside & up)
    states = rows.group_by("consumer_id").agg(**asked)
    if trait is not None:
        people = book.warehouse.table("consumers")
        people = people.select("consumer_id", crowd=people[trait].cast("string"))
        states = states.left_join(people, "consumer_id").drop("consumer_id_right")
    keys = [*asked, *(["crowd"] if trait else [])]
    cells = states.group_by(keys).agg(consumers=states.count()).execute()
    cells["crowd"] = cells.crowd.fillna(UNKNOWN).astype(str) if trait else UNKNOWN
    found = []
    for period in periods:
        before, after = (cells[f"{side} {period}"].fillna(0).astype(int) for side in ("before", "after"))
        rose = after > before
        part = cells.assign(
            period=period, stage=before, rose=rose, channel=cells[f"channel {period}"].where(rose, UNKNOWN)
        )
        found.append(part.loc[before > 0, ["period", "stage", "crowd", "channel", "rose", "consumers"]])
    frame = pd.concat(found, ignore_index=True)
    frame["stage"] = pd.Categorical.from_codes(frame.stage, dtype=stage_type(book)).remove_categories([NONE])
    frame["period"] = pd.Categorical(frame.period, list(periods), ordered=True)
    keys = ["period", "stage", "crowd", "channel", "rose"]
    return frame.groupby(keys, observed=True).consumers.sum().reset_index()


def by_group(rises: pd.DataFrame, by: str, now: str = "now", before: str = "before") -> pd.DataFrame:
    """The frame of `rises` by `stage` or `crowd`, two periods beside each other.

    Returns the group, start_now, rose_now, stayed_now (did not rise), start_before, rose_before, stayed_before: ints.
    """
    sides = {}
    for side, period in (("now", now), ("before", before)):
        part = rises[rises.period == period]
        sides[f"start_{side}"] = part.groupby(by, observed=False).consumers.sum()
        sides[f"rose_{side}"] = part[part.rose].groupby(by, observed=False).consumers.sum()
        sides[f"stayed_{side}"] = part[~part.rose].groupby(by, observed=False).consumers.sum()
    frame = pd.DataFrame(sides).fillna(0).astype("int64")
    frame.index.name = by
    return frame.reset_index()


def by_channel(rises: pd.DataFrame, now: str = "now", before: str = "before") -> pd.DataFrame:
    """Those who rose, by the channel of the last touch before it: channel (UNKNOWN: none), now, before, most first."""
    rose = rises[rises.rose]
    sides = {
        s: rose[rose.period == p].groupby("channel").consumers.sum() for s, p in (("now", now), ("before", before))
    }
    frame = pd.DataFrame(sides).fillna(0).astype("int64")
    frame.index.name = "channel"
    return frame.reset_index().sort_values(
        ["now", "before", "channel"], ascending=[False, False, True], ignore_index=True
    )


def mix_and_rate(groups: pd.DataFrame, total_now: int, total_before: int) -> pd.DataFrame:
    """The change of a share, split into what groups weigh (mix) and what share of each rises (rate): parts add up exactly.

    groups: start_now, rose_now, start_before, rose_before (null where not shown: its parts are null). The share is the sum
    of weight × rate over groups; each part is taken at the mean of both periods (no order of steps is preferred). A group
    that is empty in one period has the other's rate, so that its coming or going is all mix. Returns the frame with
    rate_now, rate_before (null where nobody was there), mix, rate (Float64).
    """
    sizes, shares = {}, {}
    for side, total in (("now", total_now), ("before", total_before)):
        start = groups[f"start_{side}"].astype("Float64")
        sizes[side] = start / total if total else start * 0
        shares[side] = groups[f"rose_{side}"].astype("Float64") / start.where(start > 0)
    now, before = (shares[a].where(shares[a].notna() | sizes[a].isna(), shares[b]).fillna(0).where(sizes[a].notna())
                   for a, b in (("now", "before"), ("before", "now")))  # fmt: skip
    return groups.assign(
        rate_now=shares["now"], rate_before=shares["before"],
        mix=(sizes["now"] - sizes["before"]) * (now + before) / 2,
        rate=(now - before) * (sizes["now"] + sizes["before"]) / 2,
    )  # fmt: skip


def _from_ledger(book: Book, periods: Mapping[str, Period], brands: Sequence[str] | None) -> pd.DataFrame:
    """F and A's counts by brand and period, from one pass over the ledger's rows."""
    rows, day = book.rows.filter(book.rows.day <= max(end for _, end in periods.values())), timedelta(days=1)
    if brands is not None:
        rows = rows.filter(rows.brand.isin(list(brands)))
    asked = {str(d): rows.to_stage.argmax(rows.day, where=rows.day <= d)
             for start, end in periods.values() for d in (start, start + day, end)}  # fmt: skip
    for period, (start, end) in periods.items():
        later = (rows.day > start + day) & (rows.day <= end)
        inside = (rows.day > start) & (rows.day <= end)
        asked[f"later {period}"] = (later & (rows.to_stage > 0)).any()
        asked[f"up {period}"] = (inside & (rows.from_stage > 0) & (rows.to_stage > rows.from_stage)).sum()
    each = rows.group_by("brand", "consumer_id").agg(**asked)
    each = each.mutate(**{name: each[name].fill_null(0) for name in asked if not name.startswith("later")})
    deepest = len(book.rules.ids)
    sums: dict[str, ir.Value] = {}
    for period, (start, end) in periods.items():
        before, after, first = each[str(start)], each[str(end)], each[str(start + day)]
        sums |= {
            f"consumers {period}": (after > 0).sum(),
            f"reached {period}": (each[f"later {period}"] | (first > 0)).sum(),
            f"start {period}": (before > 0).sum(),
            f"eligible {period}": ((before > 0) & (before < deepest)).sum(),
            f"rose {period}": ((before > 0) & (after > before)).sum(),
            f"moves_up {period}": each[f"up {period}"].sum(),
        }
    wide = each.group_by("brand").agg(**sums).execute().set_index("brand")
    wide.columns = pd.MultiIndex.from_tuples([tuple(c.split(" ", 1)) for c in wide.columns], names=[None, "period"])
    return wide.stack("period", future_stack=True).reset_index()


def _members(warehouse: Warehouse, periods: Mapping[str, Period], brands: Sequence[str], window: int) -> pd.DataFrame:
    """Members' counts by brand and period; null where the data hold no memberships."""
    asked = pd.DataFrame([(p, end) for p, (_, end) in periods.items()], columns=["period", "day"])
    if not members.known(warehouse):
        return pd.DataFrame(columns=["brand", "period", *members.COUNTS])
    return asked.merge(members.on_days(warehouse, list(asked.day), brands, window), on="day").drop(columns="day")
