"""A window's GMV: the last window's, moved by what earlier windows taught, with the stages as one voice among others.

log(window) − log(last window) is regressed on the brand's and its categories' momenta and on the stages' forecast (how far
stage × conversion × value departs from the last window, against the cohort's mean). Earlier windows of all brands of the
cohort teach it, those that ended by the day it is made; the coefficients are held back towards 0, which is the last window
again. Half windows teach too: the level they show is the same, and more of them have ended. The interval comes from how
far off the same rule was in those windows.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

import numpy as np
import pandas as pd

from apex.measure.history import History
from apex.model.sales import MOMENTA, Sales
from apex.model.spread import Spread, spread_of
from apex.model.stages import StageView, look

STAGES = "stages"
SLOPE = 0.5  # prior spread of a coefficient: a momentum may be undone by half or carried on by half
DRIFT = 0.03  # prior spread of what all brands have in common
OVERLAP = 0.5  # windows two steps long overlap by half, so each counts as half a window
NOISE = 0.17  # log error of a brand's window


@dataclass(frozen=True)
class Forecast:
    """GMV of the window after `as_of` + lead: frame brand, forecast, low, high (minor units; 80 %), by brand.

    coefficients (by feature, with `drift`); spread: of the log errors, None where there were too few (low, high are NaN);
    windows: how many windows of the full length taught it.
    """

    frame: pd.DataFrame
    coefficients: pd.Series
    spread: Spread | None
    windows: int


@lru_cache(maxsize=2)  # a plan with lessons and one without rest on the same
def lessons(history: History) -> pd.DataFrame:
    """One row a day of the grid and brand that sold: what was known then, and what came.

    Columns: as_of, brand, base, MOMENTA, stages (log; 0 where there was no earlier window), stage_gmv (NaN there), and for
    `whole` and `half`: log GMV of the window (half: of its first half, doubled) and the day it ended; NaN where
    it had not ended by the history's last day. A row rests on days up to its as_of only.
    """
    sales, length = Sales(history), history.length
    rows = []
    for day in history.grid:
        frame = sales.momenta(day, length)
        seen = look(history, day)
        frame["stage_gmv"] = np.nan if seen is None else _stage_gmv(seen, frame.base)
        apart = np.log(frame.stage_gmv.where(frame.stage_gmv > 0)) - frame.base
        frame[STAGES] = (apart - apart.mean()).fillna(0.0)
        eve = day + timedelta(days=history.lead)
        for name, days in (("whole", length), ("half", length // 2)):
            frame[name] = sales.came(eve, days, length).reindex(frame.index)
            frame[f"{name}_ended"] = eve + timedelta(days=days)
        rows.append(frame.rename_axis("brand").reset_index().assign(as_of=day))
    return pd.concat(rows, ignore_index=True)


def forecast(lessons: pd.DataFrame, as_of: date, *, stages: bool = True, level: float = 0.8) -> Forecast:
    """Forecast of every brand of the cohort that sold in the last window, from windows that ended by `as_of`.

    `stages=False` leaves the stages' voice out. `lessons` may reach further: rows after `as_of` and windows that had not
    ended are not looked at.
    """
    features = [*MOMENTA, STAGES] if stages else MOMENTA
    known = lessons[lessons.as_of <= as_of]
    past = {n: known[(known[f"{n}_ended"] <= as_of) & known[n].notna()] for n in ("whole", "half")}
    taught = pd.concat([part.assign(change=part[n] - part.base) for n, part in past.items()])
    beta = _taught(taught, features)
    now = known[known.as_of == as_of].set_index("brand")
    middle = now.base + _design(now[features].to_numpy()) @ beta
    measure = "whole" if len(past["whole"]) else "half"
    judged = past[measure]
    errors = judged[measure] - judged.base - _design(judged[features].to_numpy()) @ beta
    spread = spread_of(pd.DataFrame({"brand": judged.brand, "error": errors}))
    frame = intervals(np.exp(middle), spread, level)
    return Forecast(frame, pd.Series(beta, ["drift", *features]), spread, past["whole"].as_of.nunique())


def intervals(middle: pd.Series, spread: Spread | None, level: float) -> pd.DataFrame:
    """brand, forecast, low, high from forecasts by brand and the spread of earlier errors."""
    tail = (1 - level) / 2
    sides = [np.nan if spread is None else spread.quantile(middle.index, q) for q in (tail, 1 - tail)]
    frame = pd.DataFrame({"forecast": middle, "low": middle * sides[0], "high": middle * sides[1]})
    return frame.rename_axis("brand").reset_index()


def _stage_gmv(seen: StageView, base: pd.Series) -> pd.Series:
    """Stage × conversion × value of each brand; where the book was too young, at the level of the cohort's last window."""
    gmv = seen.gmv.sum(axis=1).reindex(base.index)
    return gmv * np.exp(base).sum() / gmv.sum() if seen.young else gmv


def _design(features: np.ndarray) -> np.ndarray:
    return np.column_stack([np.ones(len(features)), features])


def _taught(windows: pd.DataFrame, features: list[str]) -> np.ndarray:
    """Posterior mean of drift and coefficients, under normal priors around 0.

    Each window has coefficients of its own around the common ones, as far apart as the priors are wide: a season moves all
    brands of a window alike, so sixty brands of one window are one witness and not sixty.
    """
    prior = np.diag(np.r_[DRIFT**2, np.full(len(features), SLOPE**2)])
    precision, pull = np.linalg.inv(prior), np.zeros(len(prior))
    for _, window in windows.groupby("as_of"):
        x = _design(window[features].to_numpy()) * np.sqrt(OVERLAP) / NOISE
        y = window.change.to_numpy() * np.sqrt(OVERLAP) / NOISE
        told = np.linalg.inv(np.eye(len(prior)) + x.T @ x @ prior)
        precision += told @ x.T @ x
        pull += told @ x.T @ y
    return np.linalg.solve(precision, pull)
