"""Data-driven credit: a touch's share of the hazard at the moment of the conversion, with everybody who did not convert at risk.

The hazard of a consumer of a group on a day is level(group) · level(day) · (1 + Σ effect[channel, age band] · touches of that
channel and age): additive in touches (Zhang, Wei & Ren, "Multi-touch attribution in online advertising with survival theory",
ICDM 2014), multiplicative in who and when. Days are discrete, effects fade by bands of age as the data say. The likelihood of a
Poisson process is raised by EM (Veen & Schoenberg, JASA 2008): its E step is the credit itself, so that credit and
what is left to the level (what would have come without touches) sum to the conversions.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from apex.measure.touches import BUCKETS
from apex.model.attribution import Paths, read

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    from apex.measure.paths import Risk

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

BANDS = (0, 1, 4, 8)  # days of age where a band begins
PLACES = (0, 1, 2, 4)  # the same in touches back, where a file has no times
STEPS = 400
CLOSE = 1e-7  # of all conversions: what may still move from one channel to another
PRIOR = 1.0  # conversions by which an effect is held towards the mean effect of all channels at its age


@dataclass(frozen=True)
class Design:
    """Conversions and risk. Features are channel · bands + band; a cell is a group on a day.

    seen (rows, features): touches before each conversion; cell, n, value (rows,); at_risk (cells,): person-days;
    touched (cells, features): touches at risk, summed over person-days; levels (2, cells): numbers of group and day.
    """

    channels: tuple[str, ...]
    bands: int
    seen: "csr_array"
    cell: "Ints"
    n: "Floats"
    value: "Floats"
    at_risk: "Floats"
    touched: "Floats"
    levels: "Ints"
    alone: float = 1.0  # hazard without touches, in levels; 0 where every step has a touch


@dataclass(frozen=True)
class Fit:
    """effect (channels, bands): what a touch adds to the hazard, as a multiple of the level; credit, value (channels,).

    level, level_value: conversions and value that no touch is given: they would have come by themselves.
    """

    channels: tuple[str, ...]
    effect: "Floats"
    credit: "Floats"
    value: "Floats"
    level: float
    level_value: float


def fit(of: Design, steps: int = STEPS, begin: "Floats | None" = None) -> Fit:
    """Raise the likelihood until credit stands still."""
    from scipy.sparse import csr_array

    features = of.touched.shape[1]
    effect = np.full(features, 0.1) if begin is None else begin.reshape(-1)
    theta = _levels(of, np.ones(len(of.at_risk)), effect)
    credit = np.zeros(features)
    back = csr_array(of.seen.T)
    for _ in range(steps):
        share = of.n / (of.alone + of.seen @ effect)
        new = effect * (back @ share)
        exposed = theta @ of.touched
        # effects of the same age are held towards their mean by PRIOR conversions: a gamma prior, so that none runs away
        together = (new.reshape(-1, of.bands).sum(0) + 1e-9) / (exposed.reshape(-1, of.bands).sum(0) + 1e-9)
        mean = np.tile(np.maximum(together, 1e-9), len(of.channels))
        effect = (new + PRIOR) / (exposed + PRIOR / mean)
        theta = _levels(of, theta, effect)
        moved, credit = np.abs(new - credit).sum(), new
        if moved <= CLOSE * max(of.n.sum(), 1.0):
            break
    share = of.n / (of.alone + of.seen @ effect)
    of_value = of.value / (of.alone + of.seen @ effect)
    credit, value = ((effect * (back @ s)).reshape(-1, of.bands).sum(1) for s in (share, of_value))
    level, level_value = (of.alone * float(s.sum()) for s in (share, of_value))
    return Fit(of.channels, effect.reshape(-1, of.bands), credit, value, level, level_value)


def _levels(of: Design, theta: "Floats", effect: "Floats") -> "Floats":
    """(cells,) level of group · level of day, each set to what was seen over what is expected."""
    if not of.alone:  # then the effects are the hazard itself
        return theta
    expected, seen = of.at_risk + of.touched @ effect, np.bincount(of.cell, of.n, len(of.at_risk))
    for level in of.levels:
        size = level.max(initial=0) + 1
        due = np.bincount(level, theta * expected, size)
        there = np.bincount(level, seen, size)
        theta = theta * np.divide(there, due, out=np.zeros(size), where=due > 0)[level]
    return theta


def of_days(risk: "Risk", kind: str, times: "Floats | None" = None) -> Design:
    """The design of a campaign, from `measure.paths.risk`. times: (buckets,) how often each bucket of consumers counts."""
    channels = tuple(sorted(risk.touched.channel.unique()))
    groups, days, count, bands = sorted(risk.people.group.unique()), risk.days, len(channels), len(BANDS)
    group = {g: n for n, g in enumerate(groups)}
    often = np.ones(BUCKETS) if times is None else times
    cells = len(groups) * days
    people = np.bincount(risk.people.group.map(group), risk.people.consumers * often[risk.people.bucket], len(groups))
    touched = np.zeros((len(groups), days, count, bands))
    who, channel = risk.touched.group.map(group).to_numpy(), np.searchsorted(channels, risk.touched.channel)
    many = risk.touched.touches.to_numpy() * often[risk.touched.bucket]
    band = np.searchsorted(BANDS, np.arange(risk.lookback), side="right") - 1
    for age in range(risk.lookback):
        day = risk.touched.day.to_numpy() + age
        ok = (day >= 0) & (day < days)
        np.add.at(touched, (who[ok], day[ok], channel[ok], band[age]), many[ok])
    mine = risk.converted[risk.converted.kind == kind].reset_index(drop=True)
    counts = often[mine.bucket]
    seen = _seen(
        read(mine[mine.path != ""].assign(nulls=0)), channels, band, np.flatnonzero(mine.path != ""), len(mine)
    )
    return Design(
        channels, bands, seen, mine.group.map(group).to_numpy(int) * days + mine.day.to_numpy(int),
        mine.conversions * counts, mine.value * counts, np.repeat(people, days), touched.reshape(cells, -1),
        np.array([np.repeat(np.arange(len(groups)), days), np.tile(np.arange(days), len(groups))]),
    )  # fmt: skip


def _seen(paths: Paths, channels: tuple[str, ...], band: "Ints", row: "Ints", rows: int) -> "csr_array":
    """(rows, features) touches by channel and band of age."""
    from scipy.sparse import csr_array

    bands, number = len(BANDS), np.searchsorted(channels, paths.channels)
    age = np.zeros(len(paths.token), int) if paths.age is None else paths.age.astype(int)
    feature = number[paths.token] * bands + band[age] if len(paths.token) else paths.token
    shape = (rows, len(channels) * bands)
    return csr_array((np.ones(len(feature)), (row[paths.path], feature)), shape=shape)


def of_places(paths: Paths) -> Design:
    """The design of a file of paths without times: every touch is a step at which the path may convert; age is touches back.

    A file knows nobody without a touch, so that no level can be told and all of the hazard is the touches'.
    """
    from scipy.sparse import csr_array

    count, bands, longest = len(paths.channels), len(PLACES), int(paths.length.max(initial=1))
    band = np.searchsorted(PLACES, np.arange(longest), side="right") - 1
    many = (paths.conversions + paths.nulls)[paths.path]
    back = paths.length[paths.path] - 1 - paths.place
    touched = np.zeros((count, bands))
    for b, low in enumerate(PLACES):
        high = PLACES[b + 1] if b + 1 < bands else longest
        inside = np.clip(back + 1 - low, 0, high - low)  # later steps at which the touch is of that age
        touched[:, b] = np.bincount(paths.token, many * inside, count)
    won = np.flatnonzero(paths.conversions > 0)
    where = np.full(len(paths.length), -1)
    where[won] = np.arange(len(won))
    mine = where[paths.path] >= 0
    feature = paths.token[mine] * bands + band[back[mine]]
    seen = csr_array((np.ones(mine.sum()), (where[paths.path[mine]], feature)), shape=(len(won), count * bands))
    return Design(
        paths.channels, bands, seen, np.zeros(len(won), int), paths.conversions[won], paths.value[won],
        np.array([many.sum()]), touched.reshape(1, -1), np.zeros((2, 1), int), 0.0,
    )  # fmt: skip


def effects(found: Fit) -> pd.DataFrame:
    """channel, from_day (where the band of age begins), effect: what a touch adds, as a multiple of the level."""
    bands = BANDS[: found.effect.shape[1]]
    rows = [
        (c, b, float(e))
        for c, by in zip(found.channels, found.effect, strict=True)
        for b, e in zip(bands, by, strict=True)
    ]
    return pd.DataFrame(rows, columns=["channel", "from_day", "effect"])
