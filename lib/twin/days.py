"""The calendar: days as numbers from the first day of history, promotions with their phases, festivals, own festivals."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np

from twin.chance import stream


@dataclass(frozen=True)
class Promotion:
    """One promotion of the platform in one year; phases are (phase, first day, last day) as day numbers, both included."""

    kind: str
    year: int
    name: str
    phases: tuple[tuple[str, int, int], ...]

    @property
    def key(self) -> str:
        """Such as d11-2024."""
        return f"{self.kind}-{self.year}"

    @property
    def first(self) -> int:
        """Its first day."""
        return self.phases[0][1]

    @property
    def last(self) -> int:
        """Its last day."""
        return self.phases[-1][2]

    def days(self, phase: str) -> tuple[int, int]:
        """First and last day of a phase."""
        return next((first, last) for name, first, last in self.phases if name == phase)


@dataclass(frozen=True)
class Calendar:
    """Days 0 … days − 1 are history and observed years; `observed` is the first day on which everything is recorded."""

    start: dt.date
    observed: int
    days: int
    promotions: tuple[Promotion, ...]
    platform_days: tuple[tuple[str, int, int, float], ...]
    own: np.ndarray  # (brands, years): first day of a brand's own festival, −1 outside the calendar
    own_days: int

    def date(self, day: int) -> dt.date:
        """The calendar day of a day number."""
        return self.start + dt.timedelta(days=int(day))

    def number(self, day: dt.date) -> int:
        """The day number of a calendar day."""
        return (day - self.start).days

    @property
    def years(self) -> list[int]:
        """Calendar years that the days touch."""
        return list(range(self.start.year, self.date(self.days - 1).year + 1))


def calendar(spec: dict[str, Any], seed: int, brands: int) -> Calendar:
    """The calendar of a drawn market; a brand's own festival lies on a day of its own, away from the promotions."""
    first, last = spec["market"]["first_observed"], spec["market"]["last_observed"]
    history = int(spec["market"]["history_days"])
    start = first - dt.timedelta(days=history)
    days = (last - start).days + 1
    years = range(start.year, last.year + 1)

    def day(year: int, text: str) -> int:
        return (dt.date(year, int(text[:2]), int(text[3:])) - start).days

    promotions = tuple(
        Promotion(kind, year, p["name"], tuple((n, day(year, a), day(year, b)) for n, a, b in p["phases"]))
        for year in years
        for kind, p in spec["promotions"].items()
        if day(year, p["phases"][-1][2]) < days and day(year, p["phases"][0][1]) >= 0
    )
    platform = tuple(
        (name, day(year, a), day(year, b), float(traffic))
        for year in years
        for name, a, b, traffic in spec["platform_days"]
        if day(year, a) >= 0 and day(year, b) < days
    )
    # Day 91–110 (April) or 185–190 (early July): between promotions, and away from the default brand's trials.
    own_days = int(spec["own_festival"]["days"])
    offset = stream(seed, "own festivals").choice(np.r_[91:111, 183:191], brands)
    own = np.array([[day(y, "01-01") + int(o) for y in years] for o in offset])
    own[(own < 0) | (own + own_days > days)] = -1
    return Calendar(start, history, days, promotions, platform, own, own_days)


def traffic(of: Calendar, spec: dict[str, Any]) -> np.ndarray:
    """(days,): how many more shopping trips a day sees than a plain one: weekdays, festivals, phases."""
    day = np.arange(of.days)
    weekday = (day + of.start.weekday()) % 7
    out = np.where(weekday >= 5, 1.15, 0.94)
    for _, first, last, times in of.platform_days:
        out[first : last + 1] *= times
    for promotion in of.promotions:
        for phase, first, last in promotion.phases:
            out[first : last + 1] *= spec["phase"][phase]["traffic"]
    return out


def clock(spec: dict[str, Any], steps: int = 1440) -> np.ndarray:
    """(steps,) minutes of the day at equal shares of what people do in it; nothing begins in the last 25 minutes."""
    weight = np.array([float(w) for w in spec["hours"]])
    if len(weight) != 24 or (weight <= 0).any():
        raise ValueError(f"hours in priors.yml are 24 weights above nought, not {spec['hours']}")
    share = np.r_[0, np.cumsum(weight) / weight.sum()]
    minute = np.interp((np.arange(steps) + 0.5) / steps, share, np.arange(25) * 60)
    return np.minimum(minute, 1414).astype(np.int64)
