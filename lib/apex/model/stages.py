"""Stage × conversion × value: a window's GMV as a sum over the cells of the eve, with posteriors from earlier windows."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

import numpy as np
import pandas as pd

from apex.measure.history import STEP, History
from apex.model.shrink import Conversion, Value, conversion, value
from apex.model.stocks import forecast_stocks

WIDTH_80 = 2 * 1.2816  # an 80 % interval is so many standard deviations wide


@dataclass(frozen=True)
class StageView:
    """A cohort's cells on the eve, seen from `as_of`: the stock's forecast, posteriors by cell, windows they rest on.

    stocks: see `apex.model.stocks.forecast_stocks`; conversion and value are by cell, their arrays in the order of brands.
    young: on the eves of all these windows the book was too young, and saw less of the past than it does now; whoever it
    called loyal then bought more than the loyal of today, so the level of the sum is not to be trusted.
    """

    brands: tuple[str, ...]
    stocks: pd.DataFrame
    conversion: dict[str, Conversion]
    value: dict[str, Value]
    windows: int
    young: bool

    @property
    def gmv(self) -> pd.DataFrame:
        """Brands × cells: stock × conversion × value, the expected GMV of the window."""
        wide = self._stock["forecast"]
        return pd.DataFrame({c: wide[c] * self.conversion[c].mean * self.value[c].mean for c in wide})

    @property
    def known(self) -> pd.Series:
        """For which brands every cell with someone in it has a posterior that is more than flat."""
        wide = self._stock["forecast"]
        rests = {c: self.conversion[c].known & self.value[c].known for c in wide}
        return (pd.DataFrame(rests, index=wide.index) | (wide < 1)).all(axis=1)

    def draws(self, brand: str, rng: np.random.Generator, size: int = 4000, *, stock: bool = True) -> np.ndarray:
        """Draws of one brand's expected GMV: of stock (log-normal within its interval), conversion and value.

        `stock=False` takes the forecast stock as if it were known, which makes the interval too narrow.
        """
        at = self.brands.index(brand)
        total = np.zeros(size)
        for cell, held in self._stock["forecast"].iloc[at].items():
            stock_drawn = np.full(size, held)
            low, high = self._stock["low"].iloc[at][cell], self._stock["high"].iloc[at][cell]
            if stock and high > low:
                sigma = np.log((high + 1) / (low + 1)) / WIDTH_80
                stock_drawn = ((held + 1) * np.exp(rng.normal(0, sigma, size)) - 1).clip(min=0)
            share = rng.beta(self.conversion[cell].a[at], self.conversion[cell].b[at], size)
            money = np.exp(rng.normal(self.value[cell].centre[at], self.value[cell].spread[at], size))
            total += stock_drawn * share * money
        return total

    @cached_property
    def _stock(self) -> dict[str, pd.DataFrame]:
        """Brands × cells of the stock's forecast and its interval."""
        return {column: self._wide(column) for column in ("forecast", "low", "high")}

    def _wide(self, column: str) -> pd.DataFrame:
        wide = self.stocks.pivot(index="brand", columns="cell", values=column).reindex(list(self.brands))
        wide.columns = wide.columns.astype(str)
        return wide


def look(history: History, as_of: date) -> StageView | None:
    """The cohort's cells for the window that begins `history.lead` + 1 days after `as_of`; None without an earlier window.

    Posteriors come from windows of the same length that ended by `as_of`, on the grid, overlapping ones counting in part.
    Where the book was too young on all their eves, from the last one only.
    """
    eve = as_of + timedelta(days=history.lead)
    past = history.results[history.results.last_day <= as_of]
    starts = set(past.first_day)
    usable = sorted(s for s in starts if (eve + timedelta(days=1) - s).days % STEP == 0)
    if not usable:
        return None
    trusted = [s for s in usable if s > history.trusted_from]
    usable = trusted or usable[-1:]
    past = past[past.first_day.isin(usable)]
    # a window in which a brand sold nothing at all is no evidence of how it sells: it was not there yet
    sold = past.groupby(["brand", "first_day"]).gmv_minor.transform("sum") > 0
    past = past.assign(consumers=past.consumers.where(sold, 0))
    counts = past.pivot(index=["cell", "brand"], columns="first_day", values=["consumers", "buyers", "gmv_minor"])
    wide = {str(c): _arrays(counts.loc[c].reindex(list(history.brands))) for c in past.cell.cat.categories}
    weight = min(1.0, STEP / history.length)
    return StageView(
        history.brands,
        forecast_stocks(history, as_of),
        {c: conversion(n, y, weight) for c, (n, y, _) in wide.items()},
        {c: value(y, gmv, weight) for c, (_, y, gmv) in wide.items()},
        len(usable),
        young=not trusted,
    )


def _arrays(counts: pd.DataFrame) -> list[np.ndarray]:
    """Consumers, buyers and GMV, each brands × windows."""
    return [counts[name].to_numpy(float) for name in ("consumers", "buyers", "gmv_minor")]
