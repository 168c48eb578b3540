"""A clock that runs as the market buys: festivals are long on it, quiet weeks short.

Models of repeat purchase take it that a buyer's rate stays the same. Where all buyers follow one calendar, λ · s(t), it does
on the clock ∫ s(t) dt: the same formulas hold, with times read from it (the time change of an inhomogeneous Poisson process).
s is how many buy in the category on a day, smoothed over a week; a coming day goes as its date did a year before, where the
data know it, else as the mean day.
"""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

WEEK, YEAR = 7, 365


class Clock:
    """Time in mean days of the year up to `now`, from the frame of `measure.buyers.daily` (day, buyers)."""

    def __init__(self, daily: pd.DataFrame, now: pd.Timestamp):
        """Read the pace of every day up to `now`; later rows are not looked at."""
        seen = daily[daily.day <= now]
        counts = pd.Series(seen.buyers.to_numpy(float) + 1, pd.DatetimeIndex(seen.day))  # + 1: no day stands still
        pace = counts.rolling(WEEK, center=True, min_periods=1).mean()
        self.pace = pace / pace[-YEAR:].mean()
        self.first, self.now = self.pace.index[0], now
        self._at = np.concatenate([[0.0], self.pace.cumsum().to_numpy()])

    def between(self, first: pd.Series, last: "pd.Series | pd.Timestamp") -> "Floats":
        """Time from one day to another, both up to `now`."""
        read = [self._at[self._number(day) + 1] for day in (first, last)]
        return np.asarray(read[1] - read[0], float)

    def ahead(self, days: int) -> float:
        """Time from `now` to so many days later."""
        coming = pd.date_range(self.now + pd.Timedelta(days=1), periods=days)
        before = [day - pd.DateOffset(years=1 + (k // YEAR)) for k, day in enumerate(coming)]
        return float(self.pace.reindex(before).fillna(1.0).sum())

    @property
    def knows_season(self) -> bool:
        """Whether the data reach a year back, so that the coming days have a pace."""
        return bool((self.now - self.first).days + 1 >= YEAR)

    def _number(self, day: "pd.Series | pd.Timestamp") -> "NDArray[np.intp] | int":
        if isinstance(day, pd.Timestamp):
            return int((day - self.first).days)
        return (pd.to_datetime(day) - self.first).dt.days.to_numpy()
