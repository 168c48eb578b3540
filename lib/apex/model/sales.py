"""What a brand's sales so far say about its next window: the last window, and whence it came.

All of it is relative to the last window's sales (`base`): the last half window and the last two windows of the brand,
and the same of the categories it sells in (all brands of them together, weighted by the brand's own mix). Categories carry
the season, the long look back carries what a good or a bad window hides.
"""

from datetime import date, timedelta

import numpy as np
import pandas as pd

from apex.measure.history import History

MOMENTA = ["brand_recent", "brand_long", "category_recent", "category_long"]
FLOOR = 0.05  # a half window without a sale counts as a twentieth of the usual one


class Sales:
    """Cumulated daily sales of a cohort and of all categories, for sums over any days."""

    def __init__(self, history: History):
        """From the history's frame of daily sales."""
        self.brands = pd.Index(history.brands, name="brand")
        self.first_day, self.last_day = history.first_day, history.as_of
        frame = history.sales
        frame = frame.assign(category=frame.category.astype(object).where(frame.category.notna(), ""))
        days = pd.date_range(history.first_day - timedelta(days=1), history.as_of)
        by_brand = frame[frame.brand.isin(self.brands)]
        self._own = _cumulated(by_brand, "brand", days).reindex(columns=self.brands, fill_value=0.0)
        self._categories = _cumulated(frame, "category", days)
        self._lines = by_brand

    def own(self, after: date, until: date) -> pd.Series:
        """Each brand's sales on days in (after, until]."""
        return self._own.loc[pd.Timestamp(until)] - self._own.loc[pd.Timestamp(after)]

    def came(self, eve: date, days: int, length: int) -> pd.Series:
        """The log of each brand's sales of the `days` after `eve`, brought to `length` days; NaN where nothing was sold, or
        where those days had not all passed by the history's last day.
        """
        if eve + timedelta(days=days) > self.last_day:
            return pd.Series(np.nan, self.brands)
        money = self.own(eve, eve + timedelta(days=days)) * (length / days)
        return np.log(money.where(money > 0))

    def before(self, day: date, length: int) -> pd.Series:
        """Each brand's sales of the `length` days up to `day`, scaled up where the data begin later."""
        return self._window(self._own, day, length)

    def market(self, day: date, length: int) -> float:
        """The same of all brands of the market together."""
        return float(self._window(self._categories, day, length).sum())

    def _window(self, sums: pd.DataFrame, day: date, length: int) -> pd.Series:
        start = max(day - timedelta(days=length), self.first_day - timedelta(days=1))
        return (sums.loc[pd.Timestamp(day)] - sums.loc[pd.Timestamp(start)]) * (length / (day - start).days)

    def momenta(self, day: date, length: int) -> pd.DataFrame:
        """Base (log of the last window's sales) and MOMENTA of each brand that sold in it, from days up to `day`."""
        window = self.before(day, length)
        window = window[window > 0]
        half, double = length // 2, 2 * length
        recent, long = self.before(day, half) * (length / half), self.before(day, double) / 2
        mix = self._mix(day).loc[window.index]
        category = self._window(self._categories, day, length)
        rise = self._window(self._categories, day, half) * (length / half) / category
        stay = self._window(self._categories, day, double) / 2 / category
        return pd.DataFrame(
            {
                "base": np.log(window),
                "brand_recent": _log_ratio(recent[window.index], window),
                "brand_long": _log_ratio(long[window.index], window),
                "category_recent": _weighed(mix, rise),
                "category_long": _weighed(mix, stay),
            }
        )

    def _mix(self, day: date) -> pd.DataFrame:
        """Brands × categories: shares of each brand's sales up to `day`."""
        lines = self._lines[self._lines.day <= pd.Timestamp(day)]
        sums = lines.groupby(["brand", "category"]).gmv_minor.sum().unstack(fill_value=0)
        return sums.div(sums.sum(axis=1), axis=0)


def _cumulated(frame: pd.DataFrame, by: str, days: pd.DatetimeIndex) -> pd.DataFrame:
    daily = frame.groupby(["day", by]).gmv_minor.sum().unstack(fill_value=0)
    return daily.reindex(days, fill_value=0).fillna(0).astype(float).cumsum()


def _log_ratio(part: pd.Series, whole: pd.Series) -> pd.Series:
    return np.log((part + FLOOR * whole) / ((1 + FLOOR) * whole))


def _weighed(mix: pd.DataFrame, ratio: pd.Series) -> pd.Series:
    """The log of each brand's mean of the categories' ratios, weighted by its mix; a category that sold nothing counts as 1."""
    ratio = ratio.reindex(mix.columns).replace([np.inf, -np.inf], np.nan).fillna(1.0)
    return np.log((mix @ ratio).clip(lower=FLOOR))
