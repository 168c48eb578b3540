"""Who is like a seed: learned from the seed and everybody else, without knowing of anybody else that he is not like it.

Positive and unlabelled data (Elkan & Noto 2008): g(x), the chance to be in the seed given what is known, is a logistic regression
(scikit-learn); if the seed is a fair share c of all who are like it, the chance to be like it is g(x)/c, and c is the mean of
g over the seed itself; too small where like and unlike overlap, so that likeness is given its meaning by `calibrated`.
Nobody is scored by a model that has seen him (cross-fitting, folds by the consumer's hashed key).
Whether likeness says anything is asked of an earlier eve, whose later days are known: who came into the seed since.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

FOLDS = 5
LEAST = 20  # people in the seed, and who came, below which nothing is learned
DRAWS = 200  # of people, for intervals
ENDS = (0.025, 0.975)
STEPS = 50  # points of the gain curve


@dataclass(frozen=True)
class Likeness:
    """g: chance to be in the seed, each by a model that has not seen him; c: the share of the like that the seed holds."""

    g: "Floats"
    c: float

    @property
    def chance(self) -> "Floats":
        """Chance to be like the seed."""
        return np.minimum(self.g / self.c, 1.0)


def likeness(x: "Floats", seed: "Bools", key: "NDArray[np.int64]") -> Likeness:
    """x: rows × features (`measure.eve.design`, without what being in the seed itself brings); seed: who is in it; key: keyed
    hashes, which say the fold. Needs LEAST people in the seed and outside."""
    g = crossed(x, seed, key)
    return Likeness(g, float(np.clip(g[seed].mean(), 1e-6, 1.0)))


def crossed(
    x: "Floats", y: "Bools", key: "NDArray[np.int64]", learn: "Bools | None" = None, hold: float = 1.0
) -> "Floats":
    """Chance of y by logistic regressions of standardised x, each row by one that has not seen its fold.

    learn: the rows that may be learned from (all); hold: the ridge's strength. The mean where a fold's rest knows one answer.
    """
    folds = (key.astype(np.uint64) >> np.uint64(11)) % np.uint64(FOLDS)
    some = np.ones(len(x), bool) if learn is None else learn
    out = np.full(len(x), float(y[some].mean()))
    for fold in range(FOLDS):
        rest, here = some & (folds != fold), folds == fold
        if here.any() and 0 < y[rest].sum() < rest.sum():
            out[here] = _fitted(x[rest], y[rest], hold).predict_proba(x[here])[:, 1]
    return out


def fitted(x: "Floats", y: "Bools", now: "Floats", hold: float = 1.0) -> "Floats":
    """Chance of y at `now`, learned at x; its mean where there is only one answer."""
    if not 0 < y.sum() < len(y):
        return np.full(len(now), float(y.mean()) if len(y) else 0.0)
    chances: Floats = _fitted(x, y, hold).predict_proba(now)[:, 1]
    return chances


def _fitted(x: "Floats", y: "Bools", hold: float) -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), LogisticRegression(C=1 / hold, max_iter=500)).fit(x, y)


def calibrated(then: "Floats", came: "Bools", key: "NDArray[np.int64]", now: "Floats") -> "tuple[Floats, Floats]":
    """What likeness means: the chance to come into the seed in as many days, (then, cross-fitted; now).

    then, now: g of those who were not in the seed, on the earlier eve and on this one; came: of the former. Beta calibration
    (Kull, Silva Filho & Flach 2017): a logistic regression on log g and −log(1 − g).
    """
    a, b = (
        np.column_stack([np.log(p), -np.log1p(-p)])
        for p in (np.clip(then, 1e-9, 1 - 1e-9), np.clip(now, 1e-9, 1 - 1e-9))
    )
    return crossed(a, came, key), fitted(a, came, b)


def reliability(chance: "Floats", came: "Bools", bins: int = 5) -> pd.DataFrame:
    """bin (1: the least likely), people, arrived (of them), said (mean chance), came (share), low, high (95 %, Jeffreys)."""
    from scipy import stats

    order = np.argsort(chance, kind="stable")
    rows = []
    for i, at in enumerate(np.array_split(order, bins), 1):
        n, k = len(at), int(came[at].sum())
        low, high = stats.beta.ppf(ENDS, k + 0.5, n - k + 0.5)
        rows.append((i, n, k, chance[at].mean() if n else np.nan, k / n if n else np.nan, low, high))
    return pd.DataFrame(rows, columns=["bin", "people", "arrived", "said", "came", "low", "high"])


def gain(score: "Floats", came: "Bools", few: int = 1, seed: int = 0) -> pd.DataFrame:
    """share (of people, most like first), caught (share of those who came), low, high (95 %, people drawn again).

    Points lie so far apart that at least `few` came between two of them.
    """
    order = np.argsort(-score, kind="stable")
    shares = np.linspace(0, 1, STEPS + 1)
    weights = np.vstack([np.ones(len(score)), _draws(len(score), seed)])
    caught = np.array([_at(w[order], came[order], shares) for w in weights])
    low, high = np.quantile(caught[1:], ENDS, axis=0)
    frame = pd.DataFrame({"share": shares, "caught": caught[0], "low": low, "high": high})
    kept, least = [0], few / max(int(came.sum()), 1)
    for i in range(1, STEPS):
        if caught[0][i] - caught[0][kept[-1]] >= least <= 1 - caught[0][i]:
            kept.append(i)
    return frame.iloc[[*kept, STEPS]].reset_index(drop=True)


def beside(score: "Floats", came: "Bools", crowds: "Mapping[str, Bools]", seed: int = 0) -> pd.DataFrame:
    """Rule crowds beside as many of those most like the seed: crowd, people, by_rule, by_likeness, by_chance (shares of those who
    came that are caught), lead (likeness over rule), low, high (95 %). `random` is a crowd of a tenth at random; the last row,
    `all`, is the mean lead over all rules."""
    order = np.argsort(-score, kind="stable")
    weights = np.vstack([np.ones(len(score)), _draws(len(score), seed)])
    n, k = weights.sum(1), weights @ came
    rows, leads = [], []
    for name, inside in crowds.items():
        size, rule = weights @ inside / n, weights @ (inside & came) / k
        like = np.array([_at(w[order], came[order], np.array([s]))[0] for w, s in zip(weights, size, strict=True)])
        leads.append(like - rule)
        rows.append((name, int(inside.sum()), rule[0], like[0], size[0], *_lead(like - rule)))
    if rows:
        rows.append(("all", 0, np.nan, np.nan, np.nan, *_lead(np.mean(leads, axis=0))))
    tenth = np.array([_at(w[order], came[order], np.array([0.1]))[0] for w in weights])
    rows.append(("random", round(0.1 * len(score)), 0.1, tenth[0], 0.1, *_lead(tenth - 0.1)))
    return pd.DataFrame(rows, columns=["crowd", "people", "by_rule", "by_likeness", "by_chance", "lead", "low", "high"])


def _lead(values: "Floats") -> "tuple[float, float, float]":
    low, high = np.quantile(values[1:], ENDS)
    return float(values[0]), float(low), float(high)


def _draws(n: int, seed: int) -> "Floats":
    """How often each of n people is drawn, DRAWS times (Poisson, as from a large population)."""
    rng = np.random.default_rng(seed)
    return rng.poisson(1.0, (DRAWS, n)).astype(float)


def _at(weight: "Floats", came: "Bools", shares: "Floats") -> "Floats":
    """Share of those who came among the first `shares` of people, in their order."""
    people = np.concatenate([[0.0], np.cumsum(weight)])
    caught = np.concatenate([[0.0], np.cumsum(weight * came)])
    return np.interp(shares * people[-1], people, caught / max(caught[-1], 1e-12))
