"""FAST: how well a brand operates its consumers, in four numbers (definitions, section 3).

F fertility: consumers at any stage. A advancing: the share of them that stands deeper at the end of a period than at its
start. S superiority: members. T thriving: the share of members that were active lately. F and A are read from the ledger,
S and T from memberships. Everything is counted for all brands asked for in one pass; shares are formed from what may be
shown (`values`). The deepest stage cannot rise: A as published divides by everyone all the same, its variant does not.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import ibis
import pandas as pd

from apex.ledger import Book
from apex.measure import members
from apex.warehouse import Warehouse

if TYPE_CHECKING:
    import ibis.expr.types as ir

Period = tuple[date, date]  # the ends of these two days are compared; the days of the period follow the first
# figure → its count, what it is a share of, what could be had from it by subtraction, and what says whether it compares
FIGURES: dict[str, tuple[str, str | None, tuple[str, ...], str]] = {
    "F": ("consumers", None, ("smallest",), "comparable"),
    "F_period": ("reached", None, ("smallest", "passed"), "moves_comparable"),
    "A": ("rose", "start", ("smallest_start",), "moves_comparable"),
    "A_eligible": ("rose", "eligible", ("smallest_start",), "moves_comparable"),
    "S": ("members", None, (), "members_comparable"),
    "T": ("active", "members", (), "members_comparable"),
}
LEDGER = [
    "consumers",
    "reached",
    "passed",
    "start",
    "eligible",
    "rose",
    "came",
    "left",
    "moves_up",
    "smallest",
    "smallest_start",
]


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
    stage), rose (of those: deeper at the end), came (at no stage at the start, at one at the end), left (the other way),
    moves_up (changes upward within the period, from a stage; a consumer may rise and fall), members, active (of them, in the
    `window` days up to the end): Int64, every combination, zeros included; members and active are null where the data hold
    no memberships at all. smallest, smallest_start: consumers of the smallest stage that has any, at the end and at the
    start; passed: those of `reached` who are gone. Pages that show stages by themselves must not show sums that give these
    away (see `figures`).
    comparable: the period's last day saw windows as long as the last of all days did; moves_comparable: its start did too;
    members_comparable: the data reach far enough back for `window` days.
    """
    found = _from_ledger(book, periods, brands)
    names = sorted(set(found.brand)) if brands is None else list(dict.fromkeys(brands))
    grid = pd.MultiIndex.from_product([names, list(periods)], names=["brand", "period"])
    frame = found.set_index(["brand", "period"]).reindex(grid, fill_value=0).reset_index()
    frame = frame.merge(_members(book.warehouse, periods, names, window), how="left", on=["brand", "period"])
    frame = frame.astype(dict.fromkeys([*LEDGER, *members.COUNTS], "Int64"))
    frame["period"] = pd.Categorical(frame.period, list(periods), ordered=True)
    frame = _compares(book, frame, periods, "period", window)
    return frame.sort_values(["brand", "period"], ignore_index=True)


def figures(counted: pd.DataFrame) -> pd.DataFrame:
    """A frame of `counts` or `weekly` with one row a figure, so that each can be kept from view by itself.

    Returns brand, period or day, figure (of FIGURES, as far as its counts are there), n, of (what it is a share of; null for
    amounts), rest (of − n) and apart (the fewest who could be found by subtracting what is shown elsewhere): Int64, all of
    them counts of people, to be suppressed together. Null where the frame says that the period does not compare.
    """
    key, people, parts = "period" if "period" in counted else "day", ["n", "of", "rest", "apart"], []
    for figure, (n, of, guards, compares) in FIGURES.items():
        if n in counted:
            part = counted[["brand", key]].assign(figure=figure, n=counted[n], of=counted[of] if of else pd.NA)
            part["rest"] = (counted[of] - counted[n]) if of else pd.NA
            some = [counted[g].astype("Int64").where(counted[g] > 0) for g in guards]
            part["apart"] = pd.concat(some, axis=1).min(axis=1) if some else pd.NA
            part[people] = part[people].astype("Int64").where(counted[compares], axis=0)
            parts.append(part)
    frame = pd.concat(parts, ignore_index=True)
    frame["figure"] = pd.Categorical(frame.figure, list(FIGURES), ordered=True)
    return frame.sort_values(["brand", key, "figure"], ignore_index=True)


def values(figures: pd.DataFrame) -> pd.DataFrame:
    """The frame of `figures`, or what may be shown of it, with value (Float64): a count, or a share (null of nobody)."""
    share = figures.n / figures.of.where(figures.of > 0)
    amount = figures.figure.isin([f for f, (_, of, *_) in FIGURES.items() if of is None])
    return figures.assign(value=figures.n.astype("Float64").where(amount, share.astype("Float64")))


def weekly(
    book: Book, last: date, weeks: int, brands: Sequence[str] | None = None, window: int = members.T_WINDOW
) -> pd.DataFrame:
    """What the four numbers are made of, week by week: the `weeks` weeks that end on `last`, 7, 14 … days before it.

    Returns brand, day (a week's last), consumers (F), start (at a stage a week before), eligible (of those: not at the
    deepest), rose (of those: deeper now), smallest, smallest_start, members, active and the three columns that say what
    compares, as in `counts`: every brand asked for (None: all in the ledger) and week. One pass over the ledger and one over
    memberships: each consumer's changes within a week are first taken together, then summed up over the weeks.
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
    numbers = list(range(1, len(book.rules.ids) + 1))
    for n in numbers:
        moved[n] = ((moved.after == n).astype(int) - (moved.before == n).astype(int)) * moved.consumers
    moved["rose"] = moved.consumers.where((moved.before > 0) & (moved.after > moved.before), 0)
    steps = moved.groupby(["brand", "week"])[[*numbers, "rose"]].sum().reindex(grid, fill_value=0)
    held = steps[numbers].groupby(level="brand", sort=False).cumsum()
    then = held.groupby(level="brand", sort=False).shift(fill_value=0)
    frame = pd.DataFrame({
        "consumers": held.sum(axis=1), "start": then.sum(axis=1), "eligible": then[numbers[:-1]].sum(axis=1),
        "rose": steps.rose, "smallest": held.where(held > 0).min(axis=1).fillna(0),
        "smallest_start": then.where(then > 0).min(axis=1).fillna(0),
    }).astype("int64").reset_index()  # fmt: skip
    frame = frame[frame.week > 0].reset_index(drop=True)
    frame.insert(1, "day", [first + timedelta(days=7 * n) for n in frame.week])
    ends = {d: (d - timedelta(days=7), d) for d in frame.day.unique()}
    frame = frame.drop(columns="week").merge(
        _members(book.warehouse, ends, names, window, "day"), "left", ["brand", "day"]
    )
    return _compares(book, frame.astype(dict.fromkeys(members.COUNTS, "Int64")), ends, "day", window)


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
            f"came {period}": ((before == 0) & (after > 0)).sum(),
            f"left {period}": ((before > 0) & (after == 0)).sum(),
            f"moves_up {period}": each[f"up {period}"].sum(),
        }
        for number in range(1, deepest + 1):
            sums |= {f"{number} {period}": (after == number).sum(), f"-{number} {period}": (before == number).sum()}
    wide = each.group_by("brand").agg(**sums).execute().set_index("brand")
    wide.columns = pd.MultiIndex.from_tuples([tuple(c.split(" ", 1)) for c in wide.columns], names=[None, "period"])
    long = wide.stack("period", future_stack=True).reset_index()
    for name, sign in (("smallest", ""), ("smallest_start", "-")):
        held = long[[f"{sign}{number}" for number in range(1, deepest + 1)]]
        long[name] = held.where(held > 0).min(axis=1).fillna(0).astype("int64")
    return long.assign(passed=long.reached - long.consumers)[["brand", "period", *LEDGER]]


def _members(
    warehouse: Warehouse, periods: Mapping[Any, Period], brands: Sequence[str], window: int, key: str = "period"
) -> pd.DataFrame:
    """Members' counts by brand and period; no rows where the data hold no memberships."""
    if not members.known(warehouse):
        return pd.DataFrame(columns=["brand", key, *members.COUNTS])
    found = members.on_days(warehouse, [end for _, end in periods.values()], brands, window)
    asked = pd.DataFrame([(p, end) for p, (_, end) in periods.items()], columns=[key, "end"])
    return asked.merge(found.rename(columns={"day": "end"}), on="end").drop(columns="end")


def _compares(book: Book, frame: pd.DataFrame, periods: Mapping[Any, Period], key: str, window: int) -> pd.DataFrame:
    """The frame with comparable, moves_comparable and members_comparable: see `counts`."""
    reference = book.windows_on(max(end for _, end in periods.values()))
    full = {p: [book.windows_on(d) == reference for d in (end, start)] for p, (start, end) in periods.items()}
    first, named = book.warehouse.first_day + timedelta(days=window - 1), frame[key].astype(object)
    return frame.assign(
        comparable=named.map({p: both[0] for p, both in full.items()}).astype(bool),
        moves_comparable=named.map({p: all(both) for p, both in full.items()}).astype(bool),
        members_comparable=named.map({p: end >= first for p, (_, end) in periods.items()}).astype(bool),
    )
