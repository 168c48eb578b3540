"""How far a guaranteed buy should be on a day: the share of its impressions that usually falls on the days up to it.

Days are told apart by the campaign's phases. A contract's impressions of a phase are its size × days × the phase's rate, rates by
channel and shrunk to those of all channels, fitted on ended contracts (Poisson, by iterative proportional fitting).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

OTHER = "other"  # days that no phase names
PRIOR = 60.0  # impressions that the rates of all channels are worth beside a channel's own
ROUNDS = 30


@dataclass(frozen=True)
class Pace:
    """rates: impressions a day by (channel, phase), any unit; channel "" holds those of all channels."""

    rates: dict[tuple[str, str], float]

    def weights(self, of: "Course") -> "Floats":
        """(days,) the usual course of a contract over its days, any unit; a phase never seen runs as the mean of all."""
        every = {f: r for (c, f), r in self.rates.items() if c == ""}
        mean = float(np.mean(list(every.values()))) if every else 1.0
        return np.array([self.rates.get((of.channel, f), every.get(f, mean)) for f in of.phases], float)


@dataclass(frozen=True)
class Course:
    """One contract's days. phases: (days,) the name of each; units, impressions: (days,) what came."""

    channel: str
    phases: "NDArray[np.object_]"
    units: "Floats"
    impressions: "Floats"


def courses(of: pd.DataFrame, daily: pd.DataFrame, phases: pd.DataFrame) -> list[Course]:
    """The course of each row of contracts. daily: contract_id, day, units, impressions; phases: of all campaigns."""
    spans: dict[object, list[tuple[str, date, date]]] = {}
    for campaign, *span in phases[["campaign_id", "phase", "first_day", "last_day"]].itertuples(index=False, name=None):
        spans.setdefault(campaign, []).append((span[0], span[1], span[2]))
    first = of.set_index("contract_id").first_day
    mine = daily[daily.contract_id.isin(first.index)]
    begin = mine.contract_id.map(first).to_numpy("datetime64[D]")
    at = (mine.day.to_numpy("datetime64[D]") - begin).astype(int)
    rows = mine.groupby("contract_id").indices
    values = mine[["units", "impressions"]].to_numpy(float)
    out: list[Course] = []
    known: dict[tuple[object, ...], NDArray[np.object_]] = {}
    for row in of.itertuples():
        key = (row.campaign_id, row.first_day, row.last_day)
        if key not in known:
            known[key] = calendar(row.first_day, row.last_day, spans.get(row.campaign_id, []))
        came = np.zeros((len(known[key]), 2))
        if row.contract_id in rows:
            np.add.at(came, at[rows[row.contract_id]], values[rows[row.contract_id]])
        out.append(Course(row.channel if isinstance(row.channel, str) else "", known[key], came[:, 0], came[:, 1]))
    return out


def calendar(first: date, last: date, spans: "Sequence[tuple[str, date, date]]") -> "NDArray[np.object_]":
    """(days,) the phase of each day; OTHER where none is named."""
    named = np.full((last - first).days + 1, OTHER, object)
    for phase, begin, end in spans:
        named[max((begin - first).days, 0) : max((end - first).days + 1, 0)] = phase
    return named


def reached(phases: "NDArray[np.object_]", done: int) -> tuple[str, float]:
    """Where a contract stands after `done` days: the phase, and the share of its days that are over; "" before the first."""
    if done <= 0:
        return "", 0.0
    phase = phases[min(done, len(phases)) - 1]
    days = np.flatnonzero(phases == phase)
    return str(phase), float((days < done).mean())


def as_far(phases: "NDArray[np.object_]", where: tuple[str, float], share: float) -> int:
    """Days of another contract that are over when it stands where the first one does; by `share` if it lacks the phase."""
    days = np.flatnonzero(phases == where[0])
    if where[0] == "":
        return 0
    if not len(days):
        return round(share * len(phases))
    return int(days[max(round(where[1] * len(days)), 1) - 1]) + 1


def learn(ended: Sequence[Course]) -> Pace:
    """Rates of ended contracts."""
    rows = []
    for n, of in enumerate(ended):
        names, which = np.unique(of.phases.astype(str), return_inverse=True)
        came, days = np.bincount(which, of.impressions), np.bincount(which)
        rows += [(n, of.channel, *row) for row in zip(names.tolist(), days, came, strict=True)]
    frame = pd.DataFrame(rows, columns=["contract", "channel", "phase", "days", "came"])
    if frame.came.sum() == 0:
        return Pace({})
    every = _rates(frame, None)
    rates = {("", f): r for f, r in every.items()}
    for channel, mine in frame.groupby("channel"):
        rates |= {(str(channel), f): r for f, r in _rates(mine, every).items()}
    return Pace(rates)


def _rates(frame: pd.DataFrame, prior: dict[str, float] | None) -> dict[str, float]:
    """Phase → rate, so that sizes × days × rates give what came by contract and by phase."""
    days = frame.pivot(index="contract", columns="phase", values="days").fillna(0)
    came = frame.pivot(index="contract", columns="phase", values="came").fillna(0).to_numpy(float)
    names, days = list(days.columns), days.to_numpy(float)
    start = np.array([1.0 if prior is None else prior[f] for f in names])
    rate = start.copy()
    for _ in range(ROUNDS):
        size = came.sum(axis=1) / np.maximum(days @ rate, 1e-12)
        usual = (size[:, None] * days).sum(axis=0)
        if prior is None:
            rate = (came.sum(axis=0) + 1e-3) / np.maximum(usual, 1e-12)
            rate /= rate.mean()
        else:
            weight = PRIOR * usual * start / max((usual * start).sum(), 1e-12)
            rate = start * (came.sum(axis=0) + weight) / np.maximum(usual * start + weight, 1e-12)
    return dict(zip(names, rate.tolist(), strict=True))


def days_done(first: date, last: date, day: date) -> int:
    """Days of a contract that are over at the end of `day`, from 0 to all."""
    return min(max((day - first).days + 1, 0), (last - first).days + 1)
