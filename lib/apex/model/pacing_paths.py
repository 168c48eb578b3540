"""The paths of a campaign that are paced: media delivered, spend, inflow, GMV, each with its plan by day and its spread."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from apex.model import pacing, pacing_spread
from apex.model.pacing import Path, Phases
from apex.model.pacing_spread import Spread

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

YEAR = 365
LEVEL = 182  # days from which growth since last year is read; fewer where the data are younger
LEAST_LEVEL = 28
RECENT = 56  # days that stand for the plan where last year is not known
TOLERANCE = 0.03  # a lasting difference of booked media from plan that is no alarm: a convention
BOOKED = (0.01, 0.02)  # of booked media: the same for a slow drift and for one phase
# Slow drift, phase and level of what nobody booked: conventions, level and phase only where no forecast's interval says
# better. People who rose cannot rise again at once, so that a plan with more media than last year's wins many early and
# fewer later.
OPEN = {"inflow": (0.3, 0.2, 0.25), "gmv": (0.1, 0.2, 0.25)}
TAILS = 2.5631  # standard deviations between the ends of an 80 % interval


@dataclass(frozen=True)
class Facts:
    """What came, day by day. Frames of `measure.pacing` up to the day seen: delivered by day and channel; sold, market and risen
    without gaps from their first day on.
    """

    delivered: pd.DataFrame
    sold: pd.DataFrame
    market: pd.Series
    risen: pd.DataFrame


@dataclass(frozen=True)
class Booked:
    """The plan. lines: channel, phase, first_day, last_day, cost_minor, impressions (null where not known).

    phases: (name, first, last); first, last: the plan's days; window and forecast: days of the goal and what was foretold
    for them (middle, low, high; 80 %), None where nothing was.
    """

    lines: pd.DataFrame
    phases: Phases
    first: date
    last: date
    window: tuple[date, date]
    forecast: tuple[float, float, float] | None = None
    tolerance: float = TOLERANCE
    totals: Mapping[str, float] = field(default_factory=dict)

    @property
    def index(self) -> pd.Index:
        """The plan's days."""
        return pd.Index(pd.date_range(self.first, self.last, freq="D").date, name="day")

    @property
    def phase(self) -> pd.Series:
        """The phase of each day."""
        return pacing.phase_of(self.index, self.phases)


def paths(facts: Facts, booked: Booked, today: date) -> dict[str, Path]:
    """impressions, spend, inflow, gmv: those that the plan and the data allow, as of the end of `today`."""
    return {**_media(facts, booked, today), **_inflow(facts, booked, today), **_gmv(facts, booked, today)}


def by_channel(facts: Facts, booked: Booked, today: date, value: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(expected, actual) of a value by day (all, and those seen) and channel."""
    lines = booked.lines.assign(**{value: booked.lines[value].astype(float).fillna(0.0)})
    before = _daily(facts.delivered, "impressions", booked.first - timedelta(days=1))
    expected = pacing.evenly(lines, booked.index, pacing_spread.weekdays(before.sum(axis=1)), value)
    seen = booked.index[booked.index <= today]
    rows = facts.delivered[facts.delivered.day.isin(seen)]
    actual = rows.pivot_table(index="day", columns="channel", values=value, aggfunc="sum")
    every = sorted({*expected.columns, *actual.columns})
    return expected.reindex(columns=every, fill_value=0.0), actual.reindex(index=seen, columns=every).fillna(0).astype(
        float
    )


def _media(facts: Facts, booked: Booked, today: date) -> dict[str, Path]:
    if booked.lines.empty or facts.delivered.empty or today < booked.first:
        return {}
    before = booked.first - timedelta(days=1)
    history = _daily(facts.delivered, "impressions", before)
    costs = _daily(facts.delivered, "cost_minor", before)
    uneven = pacing_spread.dispersion(history)
    weekday = pacing_spread.weekdays(history.sum(axis=1))
    shape = np.array([weekday[pd.Timestamp(d).day_of_week] for d in history.index])
    money, spent = by_channel(facts, booked, today, "cost_minor")
    met, shown = by_channel(facts, booked, today, "impressions")
    known = bool(booked.lines.impressions.notna().all()) and met.to_numpy().sum() > 0
    found, lasting = {}, (*BOOKED, booked.tolerance)
    if known:
        spread = pacing_spread.booked(history, lasting, shape)
        found["impressions"] = Path("impressions", met.sum(axis=1), shown.sum(axis=1), booked.phase, uneven, spread)
    if money.to_numpy().sum() > 0 and costs.to_numpy().sum() > 0:
        spread = pacing_spread.booked(costs, lasting, shape)
        dearer, hold = pacing_spread.price(history, costs)
        if dearer > spread.day:
            spread = replace(spread, day=float(np.hypot(spread.day, dearer)), hold=hold)
        prices = costs.sum() / history.sum().clip(lower=1)
        met = met.where(met > 0, money.div(prices.reindex(money.columns).fillna(prices.max()).clip(lower=1e-9), axis=1))
        units = uneven * np.array([_unit(m, n) for m, n in zip(money.to_numpy(), met.to_numpy(), strict=True)])
        found["spend"] = Path("spend", money.sum(axis=1), spent.sum(axis=1), booked.phase, units, spread)
    return found


def inflow_path(facts: Facts, booked: Booked, today: date) -> Path | None:
    """Consumers who rose, to all stages of `facts.risen` together; None where nobody ever did before the campaign."""
    whole = facts.risen.sum(axis=1).astype(float)
    before = whole.index < booked.first
    if today < booked.first or whole[before].sum() <= 0:
        return None
    uneven = pacing_spread.dispersion(facts.risen[before])
    return _path("inflow", whole, whole, booked, today, uneven, OPEN["inflow"], None)


def _inflow(facts: Facts, booked: Booked, today: date) -> dict[str, Path]:
    path = inflow_path(facts, booked, today)
    return {} if path is None else {"inflow": path}


def _gmv(facts: Facts, booked: Booked, today: date) -> dict[str, Path]:
    before = facts.sold[facts.sold.index < booked.first]
    gmv = facts.sold.gmv_minor.astype(float)
    if today < booked.first or before.gmv_minor.sum() <= 0:
        return {}
    unit = float(before.squares.sum() / before.gmv_minor.sum())
    lasting, total = OPEN["gmv"], None
    if booked.forecast is not None:
        total, low, high = booked.forecast
        sd = float(np.log(max(high, 1.0) / max(low, 1.0)) / TAILS)
        lasting = (OPEN["gmv"][0], sd / np.sqrt(2), sd / np.sqrt(2))
    return {"gmv": _path("gmv", gmv, facts.market, booked, today, unit, lasting, total)}


def _path(
    name: str, daily: pd.Series, shape: pd.Series, booked: Booked, today: date, counting: float,
    lasting: tuple[float, float, float], total: float | None,
) -> Path:  # fmt: skip
    """A metric that nobody books. lasting: sd of slow drift, phase and level; total: of the window's days, where it was
    foretold.
    """
    history = daily[daily.index < booked.first]
    spread = pacing_spread.learn(history, counting, lasting)
    index, phase = booked.index, booked.phase
    then = [d - timedelta(days=YEAR) if not _leap(d) else d - timedelta(days=YEAR + 1) for d in index]
    if history.index[0] <= then[0]:
        growth = _growth(history, booked.first)
        own = daily.reindex(then).fillna(0.0).set_axis(index)
        spread_over = shape.reindex(then).fillna(0.0).set_axis(index)
        expected = pacing.like_last_year(own, spread_over, phase, growth, counting)
    else:
        last = history.iloc[-RECENT:]
        weekday = pacing_spread.weekdays(last)
        expected = pd.Series([last.mean() * weekday[pd.Timestamp(d).day_of_week] for d in index], index)
    if total is not None:
        inside = np.array((index >= booked.window[0]) & (index <= booked.window[1]))
        if expected[inside].sum() > 0:
            expected[inside] *= total / expected[inside].sum()
    actual = daily[(daily.index >= booked.first) & (daily.index <= today)]
    return Path(name, expected, actual, phase, counting, spread)


def _leap(day: date) -> bool:
    """Whether a 29 February lies between the day and the same date a year before."""
    return (day - date(day.year - 1, day.month, min(day.day, 28))).days - max(day.day - 28, 0) > YEAR


def _growth(history: pd.Series, first: date) -> float:
    """What a day brought before the campaign, beside the same days a year before."""
    start = history.index[0]
    length = min(LEVEL, (first - start).days - YEAR)
    if length < LEAST_LEVEL:
        return 1.0
    now = history[history.index >= first - timedelta(days=length)].sum()
    then = history[
        (history.index >= first - timedelta(days=length + YEAR)) & (history.index < first - timedelta(days=YEAR))
    ].sum()
    return float(now / then) if then > 0 and now > 0 else 1.0


def _daily(delivered: pd.DataFrame, value: str, last: date) -> pd.DataFrame:
    """(days, channels) up to `last`, at most a year, without gaps."""
    rows = delivered[delivered.day <= last]
    if rows.empty:
        return pd.DataFrame()
    first = max(rows.day.min(), last - timedelta(days=YEAR - 1))
    index = pd.Index(pd.date_range(first, last, freq="D").date, name="day")
    wide = rows.pivot_table(index="day", columns="channel", values=value, aggfunc="sum")
    return wide.reindex(index).fillna(0).astype(float)


def _unit(money: "Floats", count: "Floats") -> float:
    """Σ p² n / Σ p n: the variance of money over its mean where contacts of different prices come by chance."""
    some = (money > 0) & (count > 0)
    return float((np.square(money[some]) / count[some]).sum() / money[some].sum()) if some.any() else 1.0


__all__ = ["Booked", "Facts", "Path", "Spread", "by_channel", "paths"]
