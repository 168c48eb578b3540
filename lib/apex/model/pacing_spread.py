"""How far a day may lie from its plan without anything being wrong: learned from earlier days.

A day's distance from plan has five parts: counting (so many contacts, orders, people: chance alone), the day (what one day
has and the next still partly has), a slow drift, the phase, the level (lasting differences). Counting and the day are
learned from how neighbouring days differ, so that a week with more media than the last is no noise, and without the largest
of these differences, which are starts and ends of something. What lasts cannot be learned from days on which nothing was
planned: it is a tolerance, or the interval of a forecast.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

WEEK = 7
CUT = 0.9  # of the squared differences are read
KEPT = 0.6230  # mean of what is left of a chi-square of one degree of freedom below its 90th percentile
INNER = 0.8  # mean of what is left of it between its 5th and its 95th percentile
FLOOR = 0.01  # of the day's part: no plan is met more evenly
HOLDS = (0.0, 0.3, 0.6, 0.8)
HOLD = 0.5  # where the days do not tell: a convention
SLOW_HOLD = 0.95  # of the slow drift from day to day: a month and it is forgotten
LEAST_DAYS = 28
PRICED = 10  # contacts of a day that tell its price
USUAL = 0.05  # the day's part where too few days are known: a convention
SURE = 3.0  # standard errors beyond which the days tell how much is held


@dataclass(frozen=True)
class Spread:
    """day, slow, phase, level: standard deviations of the parts; hold: what is left of the day's part on the next; days:
    learned from.
    """

    day: float
    hold: float
    slow: float
    phase: float
    level: float
    days: int = 0

    def covariance(self, counting: "Floats", phases: Sequence[object]) -> "Floats":
        """(T, T) of distances on plan. counting: (T,) variance by counting; phases: (T,) the phase of each day."""
        names = np.array([str(p) for p in phases])
        apart = np.abs(np.subtract.outer(np.arange(len(counting)), np.arange(len(counting))))
        found: Floats = self.level**2 + self.phase**2 * (names[:, None] == names[None, :]) + np.diag(counting)
        for sd, hold in ((self.day, self.hold), (self.slow, SLOW_HOLD)):
            found = found + sd**2 * np.where(apart == 0, 1.0, hold ** np.maximum(apart, 1))
        return found


def dispersion(counts: pd.DataFrame) -> float:
    """Variance over mean of counts that would be Poisson, from neighbouring days: (days, series) → at least 1.

    E (a − b)² / (a + b) is the dispersion where both have one mean. Days must follow each other.
    """
    values = counts.to_numpy(float)
    a, b = values[1:], values[:-1]
    known = a + b >= 10  # below, the ratio says little
    return max(_middle(np.square(a - b)[known] / (a + b)[known], 1.0), 1.0)


def booked(wide: pd.DataFrame, lasting: tuple[float, float, float], shape: "Floats") -> Spread:
    """The spread of booked media. wide: (days, channels) what usual media delivered, without gaps; shape: (days,) weekdays.

    Channels start and stop on days of their own, and nobody wrote down which of it was planned. What a day has for all of
    them is the covariance of their steps from day to day, since starts and stops of one are no other's; the days with the
    largest twentieth of it on either side, when a promotion begins or ends, are left out, and what chance gives it is taken
    off. HOLD of it is held.
    """
    counts, by_day = wide.to_numpy(float), shape[:, None]
    values = np.divide(counts, by_day, out=np.zeros_like(counts), where=by_day > 0)  # a weekday without media
    steps, means = np.diff(values, axis=0), (values[1:] + values[:-1]) / 2
    pairs = np.square(means.sum(axis=1)) - np.square(means).sum(axis=1)  # of different channels
    known = pairs > 0
    days = int(known.sum())
    if days < LEAST_DAYS:
        return Spread(USUAL, HOLD, *lasting, days)
    across = (np.square(steps.sum(axis=1)) - np.square(steps).sum(axis=1))[known] / pairs[known]
    cut = round((1 - CUT) / 2 * days)
    inner = np.sort(across)[cut : days - cut]
    both = float(inner.mean() - inner.std() / np.sqrt(len(inner))) / INNER
    return Spread(float(np.sqrt(max(both / (2 * (1 - HOLD)), FLOOR**2))), HOLD, *lasting, days)


def price(counts: pd.DataFrame, costs: pd.DataFrame) -> tuple[float, float]:
    """How much a day's contacts cost beside each channel's usual price: the standard deviation of its logarithm, and what is held
    of it on the next day. counts, costs: (days, channels) without gaps. (0, HOLD) where fewer than LEAST_DAYS days tell.

    Auctions grow dearer and cheaper for weeks: money that is not spent because contacts were cheap is no shortfall.
    """
    usual = costs.sum() / counts.sum().clip(lower=1)
    fair, paid = (counts * usual).sum(axis=1), costs.sum(axis=1)
    told = (counts.sum(axis=1) >= PRICED) & (fair > 0) & (paid > 0)
    if told.sum() < LEAST_DAYS:
        return 0.0, HOLD
    off = np.log(paid[told] / fair[told])
    return float(off.std(ddof=1)), float(np.clip(off.autocorr(1), 0.0, HOLDS[-1]))


def learn(daily: pd.Series, counting: float, lasting: tuple[float, float, float]) -> Spread:
    """The spread of what nobody booked. daily: its earlier days without gaps; counting: variance of a day over its mean by
    counting.

    lasting: slow drift, phase, level. Neighbouring days tell the day's part less what is held of it, days three apart the
    same less what is held for three.
    """
    values = daily.to_numpy(float)
    around = pd.Series(values).rolling(WEEK, center=True, min_periods=1).mean().to_numpy()
    clear = around > 2 * counting  # a week of a few orders says nothing about its days
    days = int(clear.sum())
    if days < LEAST_DAYS:
        return Spread(USUAL, HOLD, *lasting, days)
    x, noise = np.where(clear, values / np.maximum(around, 1e-9), np.nan), counting / np.maximum(around, 1e-9)
    found, error = {}, 0.0
    for lag in (1, 3):
        squares, sums = np.square(x[lag:] - x[:-lag]), noise[lag:] + noise[:-lag]
        known = ~np.isnan(squares)
        scale = float(np.median(sums[known])) / 2
        found[lag], error = (_middle(squares[known] / sums[known], 1.0) - 1) * scale, 1.5 * scale / np.sqrt(known.sum())
    near, far = found[1], found[3]
    hold = min(HOLDS, key=lambda h: abs((1 - h) / (1 - h**3) - near / far)) if far > SURE * error else HOLD
    return Spread(float(np.sqrt(max(far / (1 - hold**3), FLOOR**2))), hold, *lasting, days)


def _middle(squares: "Floats", without: float) -> float:
    """The mean of squared normal differences, read from all but the largest tenth; `without` enough of them that value."""
    if len(squares) < 20:
        return without
    low = np.sort(squares)[: int(CUT * len(squares))]
    return float(low.mean()) / KEPT


def weekdays(daily: pd.Series) -> dict[int, float]:
    """Factor of each weekday (0 is Monday) on its week's mean, held back towards 1 as far as chance explains it.

    daily: days without gaps, index of dates. Empirical Bayes over the seven; 1 for all where fewer than four whole weeks are
    known.
    """
    whole = len(daily) // WEEK * WEEK
    if whole < LEAST_DAYS:
        return dict.fromkeys(range(WEEK), 1.0)
    last = daily.iloc[len(daily) - whole :]
    values = last.to_numpy(float).reshape(-1, WEEK)
    values = values[values.mean(axis=1) > 0]
    if len(values) * WEEK < LEAST_DAYS:
        return dict.fromkeys(range(WEEK), 1.0)
    ratio = values / values.mean(axis=1, keepdims=True)
    first = pd.Timestamp(last.index[0]).day_of_week
    middle = ratio.mean(axis=0)
    error = ratio.var(axis=0, ddof=1) / len(values)
    true = max(float(np.square(middle - 1).sum() / (WEEK - 1) - error.mean()), 0.0)
    held = 1 + (middle - 1) * (true / (true + error) if true > 0 else 0.0)
    held = held / held.mean()
    return {(first + n) % WEEK: float(held[n]) for n in range(WEEK)}
