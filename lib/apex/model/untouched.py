"""What a consumer buys who is not met: expected GMV of the days that follow, by all that is known of him on the eve.

A log-linear (Poisson) regression of money on the bands of `measure.moves`, the stage and the time of the year, on days without
contact. It ranks people; whoever ranks high within a stage is worth so many times the stage's average.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

RIDGE = (
    4.0  # precision of each band's coefficient around that of its neighbour-free zero, in units of the money's noise
)
ROUNDS = 12
# shares of people, by how much more than their stage's average they are worth: money lasts for the last few per cent
TIERS = (0.4, 0.7, 0.9, 0.95, 0.98, 0.99, 0.995)


@dataclass(frozen=True)
class Untouched:
    """A fit: `names` (column, value) of each coefficient of `coef`; `then`: the same with the times of the year; `stages`: the
    mean expected by cell."""

    names: tuple[tuple[str, object], ...]
    coef: "Floats"
    then: tuple[tuple[tuple[str, object], ...], "Floats"]
    stages: dict[str, float]

    def expected(self, points: pd.DataFrame) -> "Floats":
        """GMV expected of each point; the time of the year is the average one."""
        return np.exp(np.clip(_columns(points, self.names) @ self.coef, -30, 30))

    def expected_then(self, points: pd.DataFrame) -> "Floats":
        """The same at the points' own time of the year."""
        names, coef = self.then
        return np.exp(np.clip(_columns(points, names) @ coef, -30, 30))

    def times(self, points: pd.DataFrame) -> "Floats":
        """How many times its stage's average each point is worth."""
        mean = points.cell.map(self.stages).astype(float).fillna(1.0).to_numpy()
        return self.expected(points) / np.maximum(mean, 1e-9)


def fit(points: pd.DataFrame, known: Sequence[str]) -> Untouched | None:
    """The fit on points without contact (cell, `known`, cohort, gmv_minor); None where nothing was bought in any of them."""
    free = points[points.met == 0]
    if not len(free) or free.gmv_minor.sum() <= 0:
        return None
    keys = ["cell", *known, "cohort"]
    cells = free.groupby(keys, observed=True).gmv_minor.agg(["size", "sum"]).reset_index()
    names = [("cell", v) for v in pd.unique(cells.cell)]
    for name in [*known, "cohort"]:
        names += [(name, v) for v in np.unique(cells[name])[1:]]
    x, n, y = _columns(cells, names), cells["size"].to_numpy(float), cells["sum"].to_numpy(float)
    # money is lumpy: its variance over its mean says how much a unit of it tells
    noise = max(float((free.gmv_minor**2).sum() / free.gmv_minor.sum()), 1.0)
    hold = RIDGE * np.eye(len(names))
    first = sum(k == "cell" for k, _ in names)
    hold[:first, :first] = 1e-3 * np.eye(first)
    coef = np.zeros(len(names))
    start = np.log(max(y.sum() / n.sum(), 1e-6))
    coef[:first] = start
    for _ in range(ROUNDS):
        mu = n * np.exp(np.clip(x @ coef, -30, 30))
        slope = x.T @ (y - mu) / noise - hold @ coef
        slope[:first] += hold[0, 0] * start
        step = np.linalg.solve((x.T * (mu / noise)) @ x + hold, slope)
        coef = coef + step * min(1.0, 2.0 / max(float(np.abs(step).max()), 1e-9))
    # the average time of the year goes into the level; cohorts drop out of what is foretold
    time = np.array([k == "cohort" for k, _ in names])
    mu = n * np.exp(np.clip(x @ coef, -30, 30))
    still = n * np.exp(np.clip(x[:, ~time] @ coef[~time], -30, 30))
    kept = coef[~time].copy()
    kept[:first] += np.log(max(mu.sum(), 1e-9) / max(still.sum(), 1e-9))
    made = Untouched(tuple(v for v, t in zip(names, time, strict=True) if not t), kept, (tuple(names), coef), {})
    level = pd.Series(made.expected(free)).groupby(free.cell.to_numpy()).mean()
    return replace(made, stages={str(k): float(v) for k, v in level.items()})


def _columns(points: pd.DataFrame, names: Sequence[tuple[str, object]]) -> "Floats":
    values = {k: points[k].to_numpy() for k in dict.fromkeys(k for k, _ in names)}
    return np.column_stack([(values[k] == v).astype(float) for k, v in names])


def tiers(times: "Floats", cuts: "Floats") -> "NDArray[np.int64]":
    """The tier of each: 0 the least worth, by `cuts` of `times`."""
    return np.searchsorted(cuts, times, side="right")


def cuts(times: "Floats") -> "Floats":
    """Where tiers begin, so that `TIERS` shares lie below; each once."""
    return np.unique(np.quantile(times, TIERS)) if len(times) else np.zeros(0)
