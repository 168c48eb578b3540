"""What a launch will sell: from earlier launches like it, and from what it has sold so far.

Log sales of earlier launches are regressed on what was known on the day of the forecast: the brand's sales before, the season of
a year ago, the price, and how the first days went beside what was expected of them. Weights say how alike a launch is; a weak
prior (sales in proportion to all of these) holds the slopes where launches are few. The interval carries the spread between
launches, the fit's error and the counting noise of small sales: Student's t on log sales. It never learns from an outcome that
was not over on the day of the forecast.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from apex.measure.launches import BEFORE, DAYS, YEAR, Launches

LEVEL = 0.8
LEAST = 8  # earlier launches that a forecast needs
OWN = 3.0  # what a launch of the same brand counts, others 1
HALF_LIFE = 728  # days after which a launch counts half
TRUSTED = 40  # past errors that count as much as Student's t
APART = float(np.log(2))  # distance in log price at which a launch counts 0.6
BEGUN = 1.5  # the same of what was sold so far, by its log
LEVELS = ("category", "market")
SLOPE = 0.5  # sd of the prior of each slope
MOST = 600  # analogues at most, the latest
NOWHERE = -2  # what no launch has
Array = npt.NDArray[np.float64]


class Item(NamedTuple):
    """A launch to be foretold, on the last day of the data or on an earlier one (`last`: its number).

    begins: number of its first day, later than `last` where it is not on sale yet. so_far: units and money by then.
    """

    brand: str
    category: str
    price: float
    begins: int
    last: int
    so_far: tuple[float, float] = (0.0, 0.0)
    row: int = -1  # of the launches, where it is one

    @property
    def age(self) -> int:
        """Days of it that are over."""
        return max(self.last + 1 - self.begins, 0)

    @property
    def lead(self) -> int:
        """Days from the last one known to its first; 1 for one that begins tomorrow, and for those that have begun."""
        return max(self.begins - self.last, 1)


@dataclass(frozen=True)
class Forecast:
    """What is still to come until a horizon, as log units (or log money in units of the price): Student's t.

    analogues: rows of the launches; weight: theirs; level: how far was looked for them (one of LEVELS). past: errors of earlier
    forecasts in units of their spread (`off`), which bend the interval.
    """

    middle: float
    spread: float
    freedom: float
    scale: float
    so_far: float
    level: str
    analogues: npt.NDArray[np.int64]
    weight: Array
    narrow: float  # the error of the mean alone, without what sets launches apart: a wrong interval, for tests
    past: Array = field(default_factory=lambda: np.zeros(0))

    def off(self, sold: float) -> float:
        """How far what was sold by the horizon lay from the middle, in units of the spread."""
        rest = max(sold - self.so_far, 0.0) / self.scale
        return float((np.log(rest + 0.5) - self.middle) / self.spread)

    def quantile(self, share: float, narrow: bool = False) -> float:
        """Sold by the horizon at most, with this probability."""
        from scipy.special import stdtrit

        step = float(stdtrit(self.freedom, share))
        if len(self.past) and not narrow:
            seen, n = float(np.quantile(self.past, share, method="weibull")), len(self.past)
            step = (n * seen + TRUSTED * step) / (n + TRUSTED)
        rest = np.exp(self.middle + step * (self.narrow if narrow else self.spread)) - 0.5
        return self.so_far + max(float(rest), 0.0) * self.scale

    def interval(self, level: float = LEVEL, narrow: bool = False) -> tuple[float, float, float]:
        """Median, low, high."""
        tail = (1 - level) / 2
        return tuple(self.quantile(p, narrow) for p in (0.5, tail, 1 - tail))  # type: ignore[return-value]


def item_of(known: Launches, row: int, last: int | None = None) -> Item:
    """A launch of the frame as a thing to be foretold on a day (the last one of the data unless told otherwise)."""
    at = known.seen - 1 if last is None else last
    of = known.frame.iloc[row]
    age = min(max(at + 1 - int(of.begins), 0), DAYS)
    so_far = (float(known.units[row, age]), float(known.money[row, age]))
    return Item(of.brand, of.category, float(of.price), int(of.begins), at, so_far, row)


def analogues(known: Launches, item: Item, until: int) -> tuple[npt.NDArray[np.int64], Array, str]:
    """Earlier launches whose first `until` days were over on the item's day, how much each counts, and the level taken.

    A launch counts the more the nearer it is in price, in what it had sold at the same age and in time, and if it is of the
    same brand. Levels: the same category; where it has fewer than LEAST, the whole market. No rows where even that has fewer.
    """
    begins = known.frame.begins.to_numpy()
    over = begins + until - 1 <= item.last
    if item.row >= 0:
        over[item.row] = False
    same = known.of_market == known.categories.get(item.category, NOWHERE)
    found, level = np.zeros(0, dtype="int64"), ""
    for level in LEVELS:
        found = np.flatnonzero(over & same if level == "category" else over)
        if len(found) >= LEAST:
            break
    if len(found) < LEAST:
        return found[:0], np.zeros(0), ""
    found = found[np.argsort(begins[found], kind="stable")][-MOST:]
    own = known.of_brand[found] == known.brands.get((item.brand, item.category), NOWHERE)
    prices = known.frame.price.to_numpy(float)[found]
    apart = np.abs(np.log(prices) - np.log(item.price if item.price > 0 else np.nan))
    apart = np.where(np.isfinite(apart), apart, APART)
    weight = np.where(own, OWN, 1.0) * np.exp(-0.5 * (apart / APART) ** 2)
    weight *= 0.5 ** ((item.last - begins[found]) / HALF_LIFE)
    if item.age:
        begun = np.log(known.units[found, min(item.age, DAYS)] + 0.5) - np.log(item.so_far[0] + 0.5)
        weight *= np.exp(-0.5 * (begun / BEGUN) ** 2)
    return found, weight, level


def forecast(known: Launches, item: Item, horizon: int, money: bool = False) -> Forecast | None:
    """Units (or money) sold by the end of day `horizon`; None where there are too few earlier launches, or no price.

    ValueError where the horizon is over already.
    """
    age = item.age
    if age >= horizon:
        raise ValueError(f"day {horizon} of the item is over")
    price = item.price if money else 1.0
    rows, weight, level = analogues(known, item, horizon)
    if not len(rows) or not price > 0:
        return None
    scale = known.frame.price.to_numpy(float)[rows] if money else np.ones(len(rows))
    table, kept = (known.money if money else known.units), scale > 0
    rows, weight, scale = rows[kept], weight[kept], scale[kept]
    if len(rows) < LEAST:
        return None
    signals = _signals(known, item, rows, age, horizon)
    so_far = item.so_far[1 if money else 0]
    if age:
        sold = np.append(table[rows, age] / scale, so_far / price)
        early = _signals(known, item, rows, 0, age)
        first = _fit(early[:-1], np.log(sold[:-1] + 0.5), weight)
        told = first.at(early)
        noise = 1 / (np.exp(told) + 0.5)
        # of what the first days were above what was expected of them, so much is not the chance of small counts
        ahead = (np.log(sold + 0.5) - told) * first.between / (first.between + noise)
        signals = np.column_stack([signals, ahead])
    rest = np.log((table[rows, horizon] - table[rows, age]) / scale + 0.5)
    fitted = _fit(signals[:-1], rest, weight)
    middle = float(fitted.at(signals[-1:])[0])
    error = float(fitted.error(signals[-1:])[0])
    spread = np.sqrt(fitted.between + 1 / (np.exp(middle) + 0.5) + error)
    return Forecast(middle, float(spread), fitted.freedom, price, so_far, level, rows, weight, float(np.sqrt(error)))


def _signals(known: Launches, item: Item, rows: npt.NDArray[np.int64], age: int, horizon: int) -> Array:
    """(rows + 1, 3), the item last: log of the brand's sales before, log season of the days to come, log price.

    All of them as on the day so many days before or after the launch as the item's own. A season is null (0) where the data do
    not reach back a year.
    """
    frame = known.frame
    begins = np.append(frame.begins.to_numpy()[rows], item.begins)
    eve = begins - item.lead + 1  # days known before it: a launch knows its brand by its eve
    brand = np.append(known.of_brand[rows], known.brands.get((item.brand, item.category), -1))
    market = np.append(known.of_market[rows], known.categories.get(item.category, -1))
    before = _between(known.sold, brand, eve - BEFORE, eve)
    base = np.log((before + 1) / BEFORE * (horizon - age))
    if stranger(before):
        base[:] = 0.0
    ahead = _between(known.market, market, begins + age - YEAR, begins + horizon - YEAR) / (horizon - age)
    then = _between(known.market, market, eve - BEFORE - YEAR, eve - YEAR) / BEFORE
    with np.errstate(divide="ignore", invalid="ignore"):
        season = np.log(ahead / then)
        price = np.log(np.append(frame.price.to_numpy(float)[rows], item.price))
    season = np.where(np.isfinite(season) & (eve - BEFORE >= YEAR), season, 0.0)
    known_price = np.isfinite(price)
    usual = price[known_price].mean() if known_price.any() else 0.0
    return np.column_stack([base, season, np.where(known_price, price, usual)])


def stranger(before: Array) -> bool:
    """Whether the last of these brands has sold nothing in the category, and too few of the others either to learn from.

    It is then foretold as anybody's launch: what brands' sales set apart goes into the spread.
    """
    return bool(before[-1] == 0 and (before[:-1] == 0).sum() < LEAST)


def _between(
    sums: Array, rows: npt.NDArray[np.int64], first: npt.NDArray[np.int64], stop: npt.NDArray[np.int64]
) -> Array:
    """Sold on days first … stop − 1; days outside the data count as none."""
    last = sums.shape[1] - 1
    return np.asarray(sums[rows, np.clip(stop, 0, last)] - sums[rows, np.clip(first, 0, last)])


class _Fit(NamedTuple):
    """A fitted line. between: variance between launches that is not counting noise."""

    middle: Array
    coefficients: Array
    covariance: Array
    between: float
    freedom: float

    def at(self, signals: Array) -> Array:
        """Expected log sales."""
        return np.asarray(self._design(signals) @ self.coefficients)

    def error(self, signals: Array) -> Array:
        """Variance of that, by the fit."""
        design = self._design(signals)
        return np.asarray(np.einsum("ij,jk,ik->i", design, self.covariance, design))

    def _design(self, signals: Array) -> Array:
        return np.column_stack([np.ones(len(signals)), signals - self.middle])


# Sales in proportion to the brand's own, to the season, and to how far ahead the first days were; the price leaves units alone.
EXPECTED = (1.0, 1.0, 0.0, 1.0)


def _fit(signals: Array, logs: Array, weight: Array) -> _Fit:
    """Weighted least squares with a normal prior of the slopes, and the variance between launches by moments.

    Weights are alikeness over variance (between launches, and counting noise at what is expected), anew in each of a few steps.
    """
    middle = (weight[:, None] * signals).sum(0) / weight.sum()
    design = np.column_stack([np.ones(len(signals)), signals - middle])
    prior = np.array([0.0, *EXPECTED[: signals.shape[1]]])
    held = np.diag([0.0] + [1 / SLOPE**2] * signals.shape[1])
    alike = weight * len(weight) / weight.sum()
    between, noise = max(float(np.var(logs)), 0.05), 1 / (np.exp(logs) + 0.5)
    for _ in range(6):
        precision = alike / (between + noise)
        covariance = np.linalg.inv(design.T @ (design * precision[:, None]) + held)
        beta = covariance @ (design.T @ (precision * logs) + held @ prior)
        told = design @ beta
        noise = 1 / (np.exp(told) + 0.5)
        lever = np.einsum("ij,jk,ik->i", design, covariance, design) * precision
        share = alike / (between + noise)
        square = (logs - told) ** 2 / np.clip(1 - lever, 0.1, 1)
        between = max(float((share * (square - noise)).sum() / share.sum()), 0.02)
    size = weight.sum() ** 2 / (weight**2).sum()
    return _Fit(middle, beta, covariance, between, max(float(size) - 1, 3.0))
