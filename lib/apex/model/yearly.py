"""A window's outcome from the same days of earlier years: last year's, and where the brand stands now.

Three voices: last year again; last year times how far the brand's level moved since; the level now times the season of all brands
together. log(window) − log(last year's) is regressed on the other two's distance from the first over the earlier years' windows of all
brands, held back towards PRIOR; windows of one year share a shock, so that sixty brands of one year are few witnesses. How far off
the same rule was in those windows gives the spread: what a window strays is a part that does not go away with size and the
chance of few buyers. Several measures (GMV, new consumers, …) stray together, so that draws are joint.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]

PRIOR = np.array([0.0, 0.5, 0.2])  # drift; weight of level × season; weight of last year × own growth
PRIOR_SD = np.array([0.1, 0.25, 0.2])
SHOCK = 0.1  # log: what all brands of a year share beyond what anybody could have known
LEAST = 12  # earlier brand-windows; fewer do not say how far off one is
SMOOTH = 0.3  # of a scaled error: draws lie between the errors that were seen, too
HALF = 0.5  # added to counts, so that a nought has a logarithm


@dataclass(frozen=True)
class Yearly:
    """Forecasts of one brand's measures for its window, as known on the plan's day.

    middle, scale (of the log error), kept (added to every draw: consumers who count already), voices (by name): by measure. errors:
    (brand-windows, measures) scaled errors of the same rule; years: earlier years behind it; weights: by measure, drift and the
    weight of the two voices.
    """

    measures: tuple[str, ...]
    middle: pd.Series
    scale: pd.Series
    kept: pd.Series
    voices: pd.DataFrame
    errors: Floats
    years: int
    weights: pd.DataFrame

    def draws(self, rng: np.random.Generator, size: int = 4000) -> pd.DataFrame:
        """(size, measures) joint draws of what comes, `kept` not yet added: a row of errors is one brand-window's."""
        row = rng.integers(len(self.errors), size=size)
        strayed = self.errors[row] + SMOOTH * rng.standard_normal((size, len(self.measures)))
        strayed /= np.sqrt(1 + SMOOTH**2)
        found = self.middle.to_numpy() * np.exp(strayed * self.scale.to_numpy())
        return pd.DataFrame(found, columns=list(self.measures))


def yearly(frame: pd.DataFrame, brand: str) -> Yearly | None:
    """The brand's forecast from the frame of `measure.same_days`; None where it has no last year or too few windows teach."""
    if frame.empty:
        return None
    parts = {m: f for m in frame.measure.unique() if (f := _measure(frame[frame.measure == m], brand)) is not None}
    if "gmv_minor" not in parts:
        return None
    names = tuple(m for m in frame.measure.unique() if m in parts)
    errors = pd.concat({m: parts[m].errors for m in names}, axis=1).dropna()
    if len(errors) < LEAST:
        return None
    every = {f: pd.Series({m: getattr(parts[m], f) for m in names}) for f in ("middle", "scale", "kept")}
    return Yearly(
        names, every["middle"], every["scale"], every["kept"], pd.DataFrame({m: parts[m].voices for m in names}).T,
        errors.to_numpy(float), int(frame[frame.year > 0].year.nunique()), pd.DataFrame({m: parts[m].weights for m in names}).T,
    )  # fmt: skip


@dataclass(frozen=True)
class _One:
    middle: float
    scale: float
    kept: float
    voices: Mapping[str, float]
    weights: Mapping[str, float]
    errors: pd.Series


def _measure(frame: pd.DataFrame, brand: str) -> _One | None:
    """One measure: frame of `same_days` of it alone."""
    money = frame.measure.iloc[0] == "gmv_minor"
    add = 0.0 if money else HALF
    wide = frame.set_index(["year", "side", "brand"])[["value", "level", "kept"]].unstack("side")
    now, before = (pd.DataFrame({c: wide[c, s] for c in ("value", "level", "kept")}) for s in ("now", "before"))
    planned = now.index.get_level_values("year") == 0
    usable = (before.value > 0) & (before.level > 0) & (now.level > 0) & (planned | (now.value > 0))
    now, before, planned = now[usable], before[usable], planned[usable.to_numpy()]
    if (0, brand) not in now.index:
        return None
    season = before.groupby("year")[["value", "level"]].sum()
    season_log = np.log(season.value / season.level).reindex(now.index.get_level_values("year")).to_numpy()
    last = np.log(before.value + add)
    level = np.log(now.level) + season_log
    trend = last + np.log(now.level / before.level)
    x = np.column_stack([np.ones(len(last)), level - last, trend - last])
    change = (np.log(now.value + add) - last).to_numpy(float)
    count = np.exp(level.to_numpy(float))  # of people; of money, what one of the smallest would have sold is one
    if money:
        count = count / max(float(np.median(count)), 1.0)
    taught = ~planned & np.isfinite(change)
    if taught.sum() < LEAST:
        return None
    year = now.index.get_level_values("year").to_numpy()
    beta, (tau, kappa) = _fitted(x[taught], change[taught], year[taught], count[taught])
    scale = np.sqrt(tau + kappa / count)
    errors = pd.Series((change - x @ beta)[taught] / scale[taught], now.index[taught])
    at = now.index.get_loc((0, brand))
    logs = {"last_year": last.iloc[at], "level": level.iloc[at], "trend": trend.iloc[at]}
    return _One(
        float(np.exp(last.iloc[at] + x[at] @ beta)), float(scale[at]), float(now.kept.iloc[at]),
        {name: float(np.exp(value)) for name, value in logs.items()},
        dict(zip(("drift", "level", "trend"), map(float, beta), strict=True)), errors,
    )  # fmt: skip


def _fitted(x: Floats, y: Floats, year: NDArray[np.int64], count: Floats) -> tuple[Floats, tuple[float, float]]:
    """Coefficients under PRIOR and (variance that stays, variance times count) of what is left; three rounds suffice."""
    from scipy.optimize import nnls

    variance = np.full(len(y), 0.09)
    together = (year[:, None] == year[None, :]) * SHOCK**2
    prior = np.diag(PRIOR_SD**-2.0)
    beta, tau, kappa = PRIOR, 0.0, 0.0
    for _ in range(3):
        solve = np.linalg.inv(together + np.diag(variance))
        beta = np.linalg.solve(prior + x.T @ solve @ x, prior @ PRIOR + x.T @ solve @ y)
        square = (y - x @ beta) ** 2 * len(y) / max(len(y) - x.shape[1], 1)
        # large errors have large squares, so that each is weighed by what its square strays
        weight = 1 / np.maximum(variance, 1e-4)
        (tau, kappa), _rest = nnls(np.column_stack([weight, weight / count]), weight * square)
        variance = np.maximum(tau + kappa / count, 1e-4)
    return beta, (max(tau, 1e-4), kappa)

