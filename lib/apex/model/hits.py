"""Which items will be hits: a small logistic model, tested on days gone by as it would have been used then.

A forecast made on a day is fitted to outcomes known on that day alone. It is judged by its precision at the top: of the ten
items it ranks first, how many became hits, beside the same for simpler rankings, above all "best sellers now".
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

RIDGE = 5.0  # penalty on each coefficient of a standardised signal
LEAST = 8  # hits, and as many others, that a fit needs
ROOM = 3  # candidates of a day, in tops, from which on a day has a top of its own; else all days share one
LEVEL = 0.95
DRAWS = 1000
NEAR_TOP = 10  # tops: how far down the ranking a resampling may reach


@dataclass(frozen=True)
class Fit:
    """A fitted model: what standardises the signals, coefficients (the constant first), and their covariance."""

    middle: np.ndarray
    spread: np.ndarray
    coefficients: np.ndarray
    covariance: np.ndarray

    def scores(self, signals: np.ndarray) -> np.ndarray:
        """The log-odds of a hit."""
        return self._design(signals) @ self.coefficients

    def chances(self, signals: np.ndarray, level: float = LEVEL) -> np.ndarray:
        """Chance of a hit, low and high (columns): the interval is that of the fit, by its curvature (Laplace)."""
        from scipy.special import expit, ndtri

        design = self._design(signals)
        score = design @ self.coefficients
        half = ndtri(0.5 + level / 2) * np.sqrt(np.einsum("ij,jk,ik->i", design, self.covariance, design))
        return np.column_stack([expit(score), expit(score - half), expit(score + half)])

    def _design(self, signals: np.ndarray) -> np.ndarray:
        return np.column_stack([np.ones(len(signals)), (signals - self.middle) / self.spread])


def fit(signals: np.ndarray, hit: np.ndarray, ridge: float = RIDGE, start: Fit | None = None) -> Fit:
    """Logistic regression of `hit` (bool) on signals (rows an item), by Newton's steps; the constant is not penalised.

    start: an earlier fit of the same signals, from which the steps begin; it changes nothing but the time they take.
    """
    middle, spread = signals.mean(axis=0), signals.std(axis=0)
    spread = np.where(spread > 1e-9, spread, 1.0)
    design = np.column_stack([np.ones(len(signals)), (signals - middle) / spread])
    penalty = np.diag([0.0] + [ridge] * signals.shape[1])
    beta = np.zeros(design.shape[1])
    beta[0] = np.log((hit.sum() + 0.5) / ((~hit).sum() + 0.5))
    beta = beta if start is None else start.coefficients.copy()
    loss = _loss(design, hit, beta, penalty)
    for _ in range(50):
        mean = 1 / (1 + np.exp(-np.clip(design @ beta, -500, 500)))
        curve = design.T @ (design * (mean * (1 - mean))[:, None]) + penalty
        step = np.linalg.solve(curve, design.T @ (hit - mean) - penalty @ beta)
        # a whole step may overshoot where hits are rare; half of it then, and so on
        while (after := _loss(design, hit, beta + step, penalty)) > loss and np.abs(step).max() > 1e-8:
            step = step / 2
        beta, loss = beta + step, after
        if np.abs(step).max() < 1e-6:
            break
    return Fit(middle, spread, beta, np.linalg.inv(curve))


def _loss(design: np.ndarray, hit: np.ndarray, beta: np.ndarray, penalty: np.ndarray) -> float:
    """What the fit makes least: minus the log-likelihood, and half the penalty."""
    score = design @ beta
    return float(np.logaddexp(0, score).sum() - score[hit].sum() + beta @ penalty @ beta / 2)


def early_signals(frame: pd.DataFrame) -> pd.DataFrame:
    """Signals of a launch from the frame of `measure.item_starts.starts`; those that the data never saw are left out."""
    logs = {name: np.log1p(frame[name]) for name in ("sales", "views", "carts", "favourites", "samples", "buyers")}
    made = pd.DataFrame(logs).assign(
        new=frame.new_buyers / frame.buyers.clip(lower=1),
        brand=np.log1p(frame.brand_before),
        standard=_log(frame.standard),
    )
    return made.loc[:, made.nunique() > 1].astype(float)


def climbing_signals(frame: pd.DataFrame) -> pd.DataFrame:
    """The same of items that are no hits yet, from the frame of `measure.item_starts.climbers`."""
    names = ("sales", "sales_1", "sales_2", "views", "views_1", "carts", "favourites", "samples")
    made = pd.DataFrame({name: np.log1p(frame[name]) for name in names}).assign(
        standard=_log(frame.standard),
        percentile=frame.percentile, age=np.log1p(frame.age.clip(lower=0).fillna(0)), censored=frame.censored,
        was_hit=frame.was_hit,
    )  # fmt: skip
    made = made.assign(near=made.sales - made.standard, nearer=made.sales_1 - made.standard)
    return made.loc[:, made.nunique() > 1].astype(float)


def _log(standard: pd.Series) -> pd.Series:
    """Logarithm of a standard; where a category has none, that of the highest there is."""
    finite = standard.where(np.isfinite(standard) & (standard > 0))
    return np.log(finite.fillna(finite.max() if finite.notna().any() else 1.0))


def foretell(signals: pd.DataFrame, hit: pd.Series, made: pd.Series, told: pd.Series, step: int) -> pd.DataFrame:
    """Scores as they would have been, by rolling origin.

    hit: boolean, null where not known. made, told: whole numbers, the time of a row's forecast and that of its outcome; later
    is more. Forecasts of the same `step` of time share one fit, to the outcomes told by the step's beginning. Returns origin
    (the step's beginning) and score, for rows whose outcome is known and whose fit had LEAST hits to learn from; the index
    is that of the rows.
    """
    values, known = signals.to_numpy(), hit.notna().to_numpy()
    truth = hit.fillna(False).to_numpy(bool)
    origins = made.to_numpy() // step * step
    found, latest = [], None
    for origin in np.unique(origins[known]):
        learn = known & (told.to_numpy() <= origin)
        rows = np.flatnonzero(known & (origins == origin))
        if min(truth[learn].sum(), (~truth[learn]).sum()) >= LEAST:
            latest = fit(values[learn], truth[learn], start=latest)
            scores = latest.scores(values[rows])
            found.append(pd.DataFrame({"origin": origin, "score": scores}, index=signals.index[rows]))
    return pd.concat(found) if found else pd.DataFrame({"origin": [], "score": []}).astype({"origin": "int64"})


def precision(
    hit: pd.Series, origin: pd.Series, rankings: Mapping[str, pd.Series], top: int, seed: int = 0
) -> pd.DataFrame:
    """Of the `top` that each ranking names, the share that became hits; the first ranking is held against every other.

    hit (bool), origin (the day a forecast was made) and each ranking (higher is earlier) stand row by row. Days with few
    candidates share one top. Equal ranks at the edge count by their mean. Returns ranking, picks, hits, precision, low, high,
    gain (of the first ranking over this one), gain_low, gain_high, origins, candidates, base (share of hits among all
    candidates), ceiling (the share that a perfect ranking would reach). Intervals: over origins by Student's t where there
    are three or more; else exact (Clopper-Pearson), and the gain's by resampling candidates. No rows without candidates.
    """
    if not len(hit):
        return pd.DataFrame(columns=COLUMNS)
    truth, scores = hit.to_numpy(bool), {name: ranking.to_numpy(float) for name, ranking in rankings.items()}
    days = origin.to_numpy()
    sizes = np.unique(days, return_counts=True)[1]
    if np.median(sizes) < ROOM * top:
        days = np.zeros(len(days))
    groups = [np.flatnonzero(days == day) for day in np.unique(days)]
    groups = [rows for rows in groups if len(rows) >= top] or [np.arange(len(truth))]
    took = {name: np.array([_top(s[g], truth[g], top) for g in groups]) for name, s in scores.items()}
    size = np.array([min(top, len(g)) for g in groups])
    ceiling = sum(min(int(truth[g].sum()), n) for g, n in zip(groups, size, strict=True)) / size.sum()
    first, rows = next(iter(rankings)), []
    drawn = _drawn(groups, truth, scores, top, seed) if len(groups) < 3 else {}
    for name, hits in took.items():
        share, gain = hits / size, (took[first] - hits) / size
        low, high = _student(share) if len(groups) >= 3 else _exact(hits.sum(), size.sum())
        ends = _student(gain) if len(groups) >= 3 else tuple(np.quantile(drawn[first] - drawn[name], [0.025, 0.975]))
        rows.append((
            name, int(size.sum()), float(hits.sum()), hits.sum() / size.sum(), max(low, 0.0), min(high, 1.0),
            gain.mean(), *ends, len(groups), sum(map(len, groups)), truth[np.concatenate(groups)].mean(), ceiling,
        ))  # fmt: skip
    return pd.DataFrame(rows, columns=COLUMNS)


COLUMNS = ["ranking", "picks", "hits", "precision", "low", "high", "gain", "gain_low", "gain_high", "origins", "candidates",
           "base", "ceiling"]  # fmt: skip


def _top(scores: np.ndarray, hit: np.ndarray, top: int) -> float:
    """Hits among the `top` highest scores; of equal scores at the edge as many as their mean."""
    if len(scores) <= top:
        return float(hit.sum())
    edge = np.partition(scores, -top)[-top]
    above, at = scores > edge, scores == edge
    return float(hit[above].sum() + (top - above.sum()) * hit[at].mean())


def _student(values: np.ndarray) -> tuple[float, float]:
    """Interval of a mean over origins, by Student's t."""
    from scipy.special import stdtrit

    half = stdtrit(len(values) - 1, 0.5 + LEVEL / 2) * values.std(ddof=1) / np.sqrt(len(values))
    return float(values.mean() - half), float(values.mean() + half)


def _exact(hits: float, of: int) -> tuple[float, float]:
    """Clopper and Pearson's interval of a share; ties at the edge may have made hits a fraction."""
    from scipy.special import betaincinv

    tail = (1 - LEVEL) / 2
    low = betaincinv(hits, of - hits + 1, tail) if hits > 0 else 0.0
    high = betaincinv(hits + 1, of - hits, 1 - tail) if hits < of else 1.0
    return float(low), float(high)


def _drawn(
    groups: list[np.ndarray], hit: np.ndarray, scores: dict[str, np.ndarray], top: int, seed: int
) -> dict[str, np.ndarray]:
    """Precision of each ranking in DRAWS resamplings of the candidates of each origin.

    By weights (Poisson) for those near enough to the top to be named in any; of equal ranks each counts as their mean.
    """
    chance, took = np.random.default_rng(seed), dict.fromkeys(scores, np.zeros(DRAWS))
    for rows in groups:
        order = {n: rows[np.argsort(-s[rows], kind="stable")[: NEAR_TOP * top]] for n, s in scores.items()}
        near = np.unique(np.concatenate(list(order.values())))
        weight = chance.poisson(1.0, (DRAWS, len(near)))
        for name, first in order.items():
            mean = pd.Series(hit[rows].astype(float)).groupby(scores[name][rows]).mean()
            drawn = weight[:, np.searchsorted(near, first)]
            full = np.minimum(np.cumsum(drawn, axis=1), top)  # places of the top that are taken by then
            taken = np.diff(full, axis=1, prepend=0)
            took[name] = took[name] + taken @ mean.loc[scores[name][first]].to_numpy()
    size = sum(min(top, len(rows)) for rows in groups)
    return {name: hits / size for name, hits in took.items()}
