"""A window's outcome from the same days of earlier years: last year's, and where the brand stands now.

Three voices: last year again; last year times how far the brand's level moved since; the level now times the season of all
brands together. log(window) − log(last year's) is regressed on the other two's distance from the first over earlier years'
windows of all brands, held back towards PRIOR; windows of one year share a shock, so that sixty brands of a year are few
witnesses. How far off the same rule was in those windows gives the spread: what a window strays is a part that does not go away
with size and the chance of few buyers. Several measures (GMV, new consumers, …) stray together, so that draws are joint.
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
METHODS = ("same_days", "last_year", "own_growth")
SMOOTH = 0.3  # of a scaled error: draws lie between the errors that were seen, too
HALF = 0.5  # added to counts, so that a nought has a logarithm


@dataclass(frozen=True)
class Yearly:
    """Forecasts of one brand's measures for its window, as known on the plan's day.

    middle, scale (of the log error), kept (consumers who count already, beside every draw), voices (by name): by measure. errors:
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


@dataclass(frozen=True)
class _Design:
    """Rows (year, brand) of one measure: features, log change on last year (NaN: not known), expected count, last year's log."""

    index: pd.MultiIndex
    x: Floats
    change: Floats
    year: NDArray[np.int64]
    count: Floats
    last: Floats
    kept: Floats


def _design(frame: pd.DataFrame) -> _Design:
    """frame: of `same_days`, one measure."""
    money = frame.measure.iloc[0] == "gmv_minor"
    add = 0.0 if money else HALF
    wide = frame.set_index(["year", "side", "brand"])[["value", "level", "kept"]].unstack("side")
    now, before = (pd.DataFrame({c: wide[c, s] for c in ("value", "level", "kept")}) for s in ("now", "before"))
    planned = now.index.get_level_values("year") == 0
    usable = (before.value > 0) & (before.level > 0) & (now.level > 0) & (planned | (now.value > 0))
    now, before = now[usable], before[usable]
    season = before.groupby("year")[["value", "level"]].sum()
    year = now.index.get_level_values("year")
    last = np.log(before.value + add).to_numpy(float)
    level = np.log(now.level.to_numpy(float)) + np.log(season.value / season.level).reindex(year).to_numpy(float)
    trend = last + np.log((now.level / before.level).to_numpy(float))
    count = np.exp(level)  # of people; of money, what a brand of middle size sells is one
    if money and len(count):
        count = count / max(float(np.median(count)), 1e-9)
    change = np.log(now.value + add).to_numpy(float) - last
    x = np.column_stack([np.ones(len(last)), level - last, trend - last])
    return _Design(now.index, x, change, year.to_numpy(), count, last, now.kept.to_numpy(float))


def _measure(frame: pd.DataFrame, brand: str) -> _One | None:
    """One measure: frame of `same_days` of it alone."""
    d = _design(frame)
    taught = (d.year > 0) & np.isfinite(d.change)
    if (0, brand) not in d.index or taught.sum() < LEAST:
        return None
    beta, (tau, kappa) = _fitted(d.x[taught], d.change[taught], d.year[taught], d.count[taught])
    scale = np.sqrt(tau + kappa / d.count)
    errors = pd.Series((d.change - d.x @ beta)[taught] / scale[taught], d.index[taught])
    at = d.index.get_loc((0, brand))
    logs = {"last_year": d.last[at], "level": d.last[at] + d.x[at, 1], "trend": d.last[at] + d.x[at, 2]}
    return _One(
        float(np.exp(d.last[at] + d.x[at] @ beta)), float(scale[at]), float(d.kept[at]),
        {name: float(np.exp(value)) for name, value in logs.items()},
        dict(zip(("drift", "level", "trend"), map(float, beta), strict=True)), errors,
    )  # fmt: skip


def backtest(frame: pd.DataFrame, level: float = 0.8) -> pd.DataFrame:
    """The GMV forecast and its rivals for windows of earlier years, each from still earlier ones only.

    frame: of `measure.same_days`. Returns brand, year (years back), method (METHODS), actual, forecast, low, high (minor units;
    null where too few windows had ended): empty where no earlier year has one before it to learn from.
    """
    columns = ["brand", "year", "method", "actual", "forecast", "low", "high"]
    if frame.empty:
        return pd.DataFrame(columns=columns)
    d = _design(frame[frame.measure == "gmv_minor"])
    parts, tail = [], [(1 - level) / 2, (1 + level) / 2]
    for year in sorted(set(d.year[d.year > 0])):
        known = np.isfinite(d.change)
        taught, judged = (d.year > year) & known, (d.year == year) & known
        if taught.sum() < LEAST or not judged.any():
            continue
        beta, (tau, kappa) = _fitted(d.x[taught], d.change[taught], d.year[taught], d.count[taught])
        scale = np.sqrt(tau + kappa / d.count)
        said = {METHODS[0]: (d.x @ beta, scale), METHODS[1]: (0 * d.last, None), METHODS[2]: (d.x[:, 2], None)}
        for method, (change, by) in said.items():
            one = np.ones(len(change)) if by is None else by
            ends = np.quantile((d.change - change)[taught] / one[taught], tail)
            at = d.last + change
            parts.append(
                pd.DataFrame(
                    {
                        "brand": d.index[judged].get_level_values("brand"), "year": year, "method": method,
                        "actual": np.exp((d.last + d.change)[judged]), "forecast": np.exp(at[judged]),
                        "low": np.exp((at + ends[0] * one)[judged]), "high": np.exp((at + ends[1] * one)[judged]),
                    }
                )
            )  # fmt: skip
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


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
