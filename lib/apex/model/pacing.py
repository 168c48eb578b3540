"""A plan's path by day, how far actual days lie from it, and what that says of the days to come.

Booked media run evenly over the days of their line but for the weekday. Trade and inflow go as in last year's same days,
times the growth since, else as in the last weeks. What the days so far say of the rest is the Gaussian conditional of
`pacing_spread`: a lasting difference is carried on, chance is not.

A day's distance from plan is x = 2 (√(actual / expected) − 1), in which counting scatters equally much wherever the actual lies
(Anscombe, *Biometrika* 35, 1948); near plan it is the share by which the day is off.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from apex.model import alarms
from apex.model.alarms import Watched
from apex.model.pacing_spread import Spread

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

LEAST = 5.0  # units that must be expected of days that are read together
NEAR = 0.05  # of the plan: nearer is no shortfall
TAIL = 1.2816  # of a normal: 80 %
Phases = Sequence[tuple[str, date, date]]


@dataclass(frozen=True)
class Path:
    """A metric of a campaign. expected: by day, all of the plan's days; actual: by day so far; phase: by day.

    counting: variance over mean of a day by counting alone (of money: the size of its units), by day or one for all.
    """

    name: str
    expected: pd.Series
    actual: pd.Series
    phase: pd.Series
    counting: "Floats | float"
    spread: Spread

    @property
    def seen(self) -> int:
        """Days that have an actual value."""
        return len(self.actual)

    @property
    def _counting(self) -> "Floats":
        return np.broadcast_to(np.asarray(self.counting, float), len(self.expected))

    @cached_property
    def spells(self) -> "Floats":
        """(spells, days seen): the part of each day in its spell's plan. A spell is a day, or as many days of a phase as it
        takes to expect LEAST units; what is left at the end of a phase or of the days seen is none.
        """  # fmt: skip
        return self._spells(self.seen)

    def _spells(self, days: int) -> "Floats":
        """The spells of so many first days of the plan."""
        expected, names = self.expected.to_numpy(float), self.phase.to_numpy()
        rows, open_, units = [], np.zeros(days), 0.0
        for t in range(days):
            if t and names[t] != names[t - 1]:
                open_, units = np.zeros(days), 0.0
            open_[t] = max(expected[t], 0.0)
            units += open_[t] / self._counting[t]
            if units >= LEAST:
                rows.append(open_ / open_.sum())
                open_, units = np.zeros(days), 0.0
        return np.array(rows).reshape(len(rows), days)

    def off(self) -> tuple["Floats", "Floats"]:
        """(x, its covariance on plan) of the spells seen."""
        part = self.spells
        inside = part > 0
        expected, actual = self.expected.to_numpy(float)[: self.seen], self.actual.to_numpy(float)
        counting = (part * self._counting[: self.seen]).sum(axis=1)
        came, planned, bit = inside @ actual, inside @ expected, 0.375 * counting
        x = distance((came + bit) / np.maximum(planned + bit, 1e-9))
        return x, part @ self._covariance()[: self.seen, : self.seen] @ part.T

    def watched(self, rate: float) -> Watched:
        """The evidence that less comes than planned, day by day; see `alarms.watch`. Indices are those of the plan's days.

        It rings only while less came than planned since the likeliest beginning, by more than is tolerated: what was ahead and
        fell back to plan is no shortfall.
        """
        whole = self._spells(len(self.expected))
        limit = alarms.limit(whole @ self._covariance() @ whole.T, whole, rate)
        found = alarms.watch(*self.off(), self.spells, len(self.expected), limit)
        sums = [np.concatenate([[0.0], v.to_numpy(float)[: self.seen].cumsum()]) for v in (self.actual, self.expected)]
        came, planned = (v[1:] - v[found.began] for v in sums)
        short = came < planned * (1 - min(self.spread.level, NEAR))
        rings = np.flatnonzero((found.evidence >= found.limit) & short)
        return replace(found, rang=int(rings[0]) if len(rings) else None)

    def rival(self, rate: float) -> int | None:
        """The day on which a z-test made every day rings, which knows the same spread; None where it never does."""
        x, covariance = self.off()
        found = alarms.z_every_day(x, np.diag(covariance), rate)
        return None if found is None else int(np.flatnonzero(self.spells[found] > 0)[-1])

    def _covariance(self) -> "Floats":
        """(days, days) of x on plan, day by day."""
        expected = self.expected.to_numpy(float)
        noise = np.where(expected > 0, self._counting / np.maximum(expected, 1e-9), 0.0)
        return self.spread.covariance(noise, self.phase.to_numpy())

    def forecast(self) -> tuple["Floats", "Floats"]:
        """(mean, covariance) of the days to come."""
        n = self.seen
        expected, whole, part = self.expected.to_numpy(float)[n:], self._covariance(), self.spells
        if not len(expected):
            return np.zeros(0), np.zeros((0, 0))
        mean, rest = np.zeros(len(expected)), whole[n:, n:]
        if len(part):
            x, known = self.off()
            across = part @ whole[:n, n:]
            gain = np.linalg.solve(known, across).T
            mean, rest = gain @ x, rest - gain @ across
        root = expected * np.maximum(1 + mean / 2, 0.0)
        return root * np.maximum(1 + mean / 2, 0.0), rest * np.outer(root, root)

    def total(self, first: date | None = None, last: date | None = None) -> tuple[float, float, float]:
        """(middle, low, high) of the sum from `first` to `last`: what came and what is to come, 80 %."""
        mean, sd = self._sum(first, last)
        return mean, max(mean - TAIL * sd, self._came(first, last)), mean + TAIL * sd

    def odds(self, goal: float, first: date | None = None, last: date | None = None) -> float:
        """The odds that the sum reaches the goal; never quite 0 or 1 while days are to come."""
        from scipy.stats import norm

        mean, sd = self._sum(first, last)
        if sd <= 0:
            return float(mean >= goal)
        return float(np.clip(norm.sf((goal - mean) / sd), 0.0005, 0.9995))

    def _inside(self, first: date | None, last: date | None) -> "NDArray[np.bool_]":
        index = self.expected.index
        return np.array([(first is None or d >= first) and (last is None or d <= last) for d in index], bool)

    def _came(self, first: date | None, last: date | None) -> float:
        return float(self.actual.to_numpy(float)[self._inside(first, last)[: self.seen]].sum())

    def _sum(self, first: date | None, last: date | None) -> tuple[float, float]:
        inside = self._inside(first, last)[self.seen :]
        mean, covariance = self.forecast()
        came = self._came(first, last)
        return came + float(mean[inside].sum()), float(np.sqrt(max(covariance[np.ix_(inside, inside)].sum(), 0.0)))

    def to_date(self) -> tuple[float, float]:
        """(actual, expected) sums of the days seen."""
        return float(self.actual.sum()), float(self.expected.iloc[: self.seen].sum())

    def since(self, day: int, last: int | None = None) -> float:
        """Actual over planned from the day of this number to the last one, else to the last day seen."""
        stop = self.seen if last is None else last + 1
        planned = float(self.expected.iloc[day:stop].sum())
        return float(self.actual.iloc[day:stop].sum()) / planned if planned > 0 else 1.0

    def running(self) -> pd.DataFrame:
        """By day: day, phase, plan, actual (null to come), forecast, low, high (80 %, of the days to come), all summed up so
        far.
        """
        mean, covariance = self.forecast()
        came = float(self.actual.sum())
        sums = came + np.cumsum(mean)
        sd = np.sqrt(np.maximum([covariance[:n, :n].sum() for n in range(1, len(mean) + 1)], 0.0))
        blank = np.full(self.seen, np.nan)
        return pd.DataFrame({
            "day": self.expected.index, "phase": self.phase.to_numpy(), "plan": self.expected.cumsum().to_numpy(),
            "actual": np.concatenate([self.actual.cumsum().to_numpy(float), np.full(len(mean), np.nan)]),
            "forecast": np.concatenate([blank, sums]), "low": np.concatenate([blank, np.maximum(sums - TAIL * sd, came)]),
            "high": np.concatenate([blank, sums + TAIL * sd]),
        })  # fmt: skip


def distance(ratio: "Floats") -> "Floats":
    """x of actual over expected."""
    return 2 * (np.sqrt(ratio) - 1)


def phase_of(index: pd.Index, phases: Phases) -> pd.Series:
    """The phase of each day; the empty name where none is."""
    named = pd.Series("", index, dtype=object)
    for name, first, last in phases:
        named[(index >= first) & (index <= last)] = name
    return named


def evenly(lines: pd.DataFrame, index: pd.Index, weekday: Mapping[int, float], value: str) -> pd.DataFrame:
    """(days, channels) a value of booked lines by day. lines: channel, first_day, last_day, value; even but for the weekday."""
    factor = np.array([weekday.get(pd.Timestamp(d).day_of_week, 1.0) for d in index])
    channels = sorted(set(lines.channel))
    out = pd.DataFrame(0.0, index, channels)
    for row in lines.itertuples():
        inside = np.array((index >= row.first_day) & (index <= row.last_day))
        share = np.where(inside, factor, 0.0)
        if share.sum() > 0:
            out[row.channel] += getattr(row, value) * share / share.sum()
    return out


def like_last_year(then: pd.Series, shape: pd.Series, phase: pd.Series, growth: float, counting: float) -> pd.Series:
    """A metric's path: each phase as large as last year times growth, spread over its days as `shape` says.

    then, shape: by position of the plan's days, last year's own values and what says how a phase spreads over its days, held back
    towards even days as far as counting explains its ups and downs (variance over mean of a day of `shape`).
    """
    out = pd.Series(0.0, phase.index)
    for name in dict.fromkeys(phase):
        mine = (phase == name).to_numpy()
        whole, part = then.to_numpy(float)[mine].sum() * growth, shape.to_numpy(float)[mine]
        mean = part.mean()
        ratio = part / mean if mean > 0 else np.ones(len(part))
        if mean > 0 and len(part) > 1:
            varies = ratio.var(ddof=1)
            ratio = 1 + (ratio - 1) * max(1 - counting / mean / varies, 0.0) if varies > 0 else ratio
        out[mine] = whole * ratio / ratio.sum()
    return out
