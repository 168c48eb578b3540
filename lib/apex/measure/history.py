"""A cohort's history as a plan reads it: what was sold, who stood where on a grid of days, what became of it.

The grid goes back from the plan's day in steps of 28 days, so that every earlier point lies as far before its window as
the plan lies before its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from apex.errors import ApexError
from apex.ledger import Book
from apex.ledger.sweep import EPOCH, deciding, expiries_of
from apex.measure.windows import cell_type, check_days, results_of, stocks

STEP = 28  # days between two points of the grid
POINTS = 27  # at most: two years, so that the same season stands in it twice
SHORTEST = 2  # days of a window: half a window is looked back on, and has a day too
AT_ONCE = 8  # days of the open book that are held in memory together


@dataclass(frozen=True, eq=False)
class History:
    """Frames of a cohort up to a day.

    sales: see `daily_sales` (all brands: categories need them). results: see `apex.measure.windows.results`, windows of
    `length` days. stocks: see `apex.measure.windows.stocks`. untouched: see `untouched`, `lead` days ahead (None where
    lead is 0). trusted_from: the first day on which every stage's window saw all its days. Days of the grid are
    as_of − 28 j; eves lie `lead` days later. Compared by identity, so that what is worked out from one is worked out once.
    """

    brands: tuple[str, ...]
    as_of: date
    lead: int
    length: int
    first_day: date
    trusted_from: date
    sales: pd.DataFrame
    results: pd.DataFrame
    stocks: pd.DataFrame
    untouched: pd.DataFrame | None

    @property
    def grid(self) -> list[date]:
        """The days one could have planned on, earliest first: with half a window of sales to look back on."""
        return _grid(self.as_of, self.first_day + timedelta(days=self.length // 2 - 1))

    @property
    def stages(self) -> list[str]:
        """The cells that are stages, shallow to deep."""
        return list(self.stocks.cell.cat.categories[2:])

    @cached_property
    def stock_on(self) -> dict[date, pd.DataFrame]:
        """For each day of `stocks`: brands × cells."""
        return _by_day(self.stocks, self.brands)

    @cached_property
    def kept_on(self) -> dict[date, pd.DataFrame]:
        """For each day of `untouched`: brands × stages, what each would hold `lead` days later."""
        return {} if self.untouched is None else _by_day(self.untouched, self.brands)


def history(book: Book, brands: Sequence[str], as_of: date, lead: int, length: int) -> History:
    """Read the history of a cohort of brands for windows of `length` days whose eve lies `lead` days after `as_of`.

    Nothing after `as_of` is read. Raises ApexError for a day outside what may be seen or lengths that are none.
    """
    if length < SHORTEST or lead < 0:
        raise ApexError(f"history: a window of {length} days that begins {lead} days ahead is none.")
    check_days(book, [as_of])
    first = book.warehouse.first_day
    seen = type(book)(book.warehouse.until(as_of), book.rules, book.level, book.manifest)
    days = _grid(as_of, first)
    eves = [e for d in days if (e := d + timedelta(days=lead)) <= as_of]
    windows = [(d + timedelta(days=1), d + timedelta(days=length)) for d in {*days, *eves}]
    windows = sorted(w for w in windows if w[1] <= as_of)
    stood = stocks(seen, brands, sorted({*days, *eves, *(first - timedelta(days=1) for first, _ in windows)}))
    nothing = pd.DataFrame(columns=["brand", "first_day", "last_day", "cell", "consumers", "buyers", "gmv_minor"])
    return History(
        brands=tuple(dict.fromkeys(brands)),
        as_of=as_of,
        lead=lead,
        length=length,
        first_day=first,
        trusted_from=max(book.trusted_from(n) for n in range(1, len(book.rules.ids) + 1)),
        sales=daily_sales(seen),
        results=results_of(seen, brands, windows, stood) if windows else nothing.astype({"cell": cell_type(book)}),
        stocks=stood,
        untouched=untouched(seen, brands, days, lead) if lead else None,
    )


def daily_sales(book: Book) -> pd.DataFrame:
    """What each brand sold each day that may be seen: brand, category (its items'; null: unknown), day, gmv_minor."""
    events = book.warehouse.table("events")
    bought = events.filter(events.behaviour == "buy")
    daily = bought.group_by("brand", "category", day=bought.occurred_at.date()).agg(gmv_minor=bought.value_minor.sum())
    frame = daily.execute().astype({"gmv_minor": "int64"})
    frame["day"] = pd.to_datetime(frame.day)
    return frame.sort_values(["brand", "category", "day"], ignore_index=True)


def untouched(book: Book, brands: Sequence[str], days: Sequence[date], ahead: int) -> pd.DataFrame:
    """How many each stage would hold `ahead` days after each day if nothing new happened: the known lapses, read from the
    open book of that day.

    Returns brand, day, cell (stages only), consumers (int): every combination, zeros included.
    """
    check_days(book, days)
    brands, days, depth = list(dict.fromkeys(brands)), sorted(set(days)), len(book.rules.ids)
    counted = np.zeros((len(brands), len(days), depth + 1), dtype="int64")
    for rows in book.warehouse.each_slice(deciding("brand"), brands):
        for some in range(0, len(days), AT_ONCE):
            part = days[some : some + AT_ONCE]
            of, expires = expiries_of(rows, book.rules, part)
            brand = pc.index_in(of["brand"].cast("string"), pa.array(brands)).to_numpy(zero_copy_only=False)
            for number, day in enumerate(part, some):
                still = expires[number - some] > (day - EPOCH).days + ahead
                left = np.where(still.any(axis=1), depth - np.argmax(still[:, ::-1], axis=1), 0)
                cells = np.bincount(brand * (depth + 1) + left, minlength=len(brands) * (depth + 1))
                counted[:, number] += cells.reshape(len(brands), depth + 1)
    grid = pd.MultiIndex.from_product([brands, days, book.rules.ids], names=["brand", "day", "cell"])
    frame = pd.Series(counted[:, :, 1:].ravel(), grid, name="consumers").reset_index()
    return frame.assign(cell=frame.cell.astype(cell_type(book)))


def _by_day(frame: pd.DataFrame, brands: Sequence[str]) -> dict[date, pd.DataFrame]:
    wide = frame.assign(cell=frame.cell.astype(str)).pivot(index=["day", "brand"], columns="cell", values="consumers")
    wide = wide[[str(c) for c in frame.cell.cat.categories if str(c) in wide]].astype(float)
    return {day: part.droplevel("day").reindex(list(brands)) for day, part in wide.groupby(level="day")}


def _grid(as_of: date, first: date) -> list[date]:
    """as_of − 28 j, not before `first` and at most POINTS of them, earliest first."""
    points = min((as_of - first).days // STEP + 1, POINTS)
    return [as_of - timedelta(days=STEP * j) for j in reversed(range(points))]
