"""Effects on consumers who were not drawn by chance, where what was known of them explains who was treated.

AIPW (Robins, Rotnitzky & Zhao 1994) with cross-fitting (Chernozhukov et al. 2018): others are weighted to look like the
treated, and what a model of the outcome expects is taken off before. The effect is right if either the chances of being
treated or the expected outcomes are; the error is that of its influence function. Both models are plain and held back, on
each covariate and, where it is an amount or a count, its logarithm. Outcomes enter as they are: a mean of winsorised money
would be the effect on something else.
"""

from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import pandas as pd

from apex.errors import ApexError
from apex.model.estimate import LEVEL, Estimate, Question, checked

FOLDS = 5
CERTAIN = 0.9  # Crump, Hotz, Imbens & Mitnik 2009


@dataclass(frozen=True)
class Weighed:
    """An estimate with what it is made of, each (n,) in the order of the consumers.

    chance: of being treated, out of fold. weights: sum to 1 within the treated and within the others; 0 for who is left out.
    """

    estimate: Estimate
    chance: np.ndarray
    weights: np.ndarray


def aipw(
    outcome: pd.Series,
    treated: pd.Series,
    covariates: pd.DataFrame,
    *,
    clusters: pd.Series | None = None,
    weigh: str = "treated",
    folds: int = FOLDS,
    seed: int = 0,
    propensity: pd.Series | None = None,
    certain: float = CERTAIN,
    level: float = LEVEL,
) -> Estimate:
    """Effect per treated consumer (weigh="treated") or per consumer of either kind (weigh="all"), in the outcome's unit.

    covariates: all known before the treatment; numbers, and text as levels (a missing one is a level of its own). clusters:
    what was treated together (a village, a store): folds keep it whole and errors are of sums over it. folds: 1 for no
    cross-fitting. propensity: the chances where they are known, as in a trial: none is estimated, nobody left out.

    Left out, and counted in `left_out`: for the effect on the treated, who has a chance above `certain`: hardly anybody
    like them was left untreated. For the effect on all, chances outside the range in which the effect is told most sharply
    (Crump et al. 2009, their optimal rule). With `certain` of 1 nobody is.
    """
    return weighed(
        outcome, treated, covariates, clusters=clusters, weigh=weigh, folds=folds, seed=seed, propensity=propensity,
        certain=certain, level=level,
    ).estimate  # fmt: skip


def weighed(
    outcome: pd.Series,
    treated: pd.Series,
    covariates: pd.DataFrame,
    *,
    clusters: pd.Series | None = None,
    weigh: str = "treated",
    folds: int = FOLDS,
    seed: int = 0,
    propensity: pd.Series | None = None,
    certain: float = CERTAIN,
    level: float = LEVEL,
    after: int = 0,
    method: str = "aipw",
) -> Weighed:
    """As `aipw`, with chances and weights for balance and overlap. after, method: go into the estimate."""
    if weigh not in ("treated", "all"):
        raise ApexError(f'weigh: "treated" or "all", not "{weigh}".')
    y, t = checked(outcome, treated)
    x = design(covariates, treated)
    kind = "model" if propensity is None else "lift"
    ask, nothing = Question(method, kind, t, after, level), np.full(len(y), np.nan)
    if why := ask.trouble(least=max(2, folds)):
        return Weighed(ask.cannot(why), nothing, nothing)
    codes = None if clusters is None else _codes(clusters, treated)
    fold = _folds(y, t, codes, folds, seed)
    if propensity is None:
        chance = _expected(t.astype(float), x, np.ones(len(t), bool), fold).clip(1e-6, 1 - 1e-6)
        keep = chance <= certain if weigh == "treated" or certain >= 1 else _sharpest(chance)
    else:
        chance, keep = _known(propensity, treated), np.ones(len(t), bool)
    used = Question(method, kind, t[keep], after, level)
    if used.trouble(least=max(2, folds)):
        return Weighed(ask.cannot("no_overlap"), chance, nothing)
    few = None if codes is None else pd.factorize(codes[keep])[0]
    if few is not None and few.max() < 2:
        return Weighed(ask.cannot("too_few"), chance, nothing)

    odds = chance / (1 - chance)
    weights = np.where(t, 1.0, odds) if weigh == "treated" else np.where(t, 1 / chance, 1 / (1 - chance))
    weights = np.where(keep, weights, 0.0)
    weights = weights / np.where(t, weights[t].sum(), weights[~t].sum())
    expected = _expected(y, x, ~t, fold)
    model_t = expected if weigh == "treated" else _expected(y, x, t, fold)
    rest = y - np.where(t, model_t, expected)
    means = weights[t] @ rest[t], weights[~t] @ rest[~t]
    # each consumer's part of the error; the root is the leverage of a weighted mean (HC2)
    parts = np.where(t, 1, -1) * weights * (rest - np.where(t, *means)) / np.sqrt(np.maximum(1 - weights, 1e-9))
    effect = means[0] - means[1]
    without = means[1] + weights[t] @ expected[t]
    n = int(keep.sum())
    if weigh == "all":
        gain = (model_t - expected)[keep]
        effect += gain.mean()
        without = means[1] + expected[keep].mean()
        parts[keep] += (gain - gain.mean()) / np.sqrt(n * (n - 1))
    se, freedom = _error(parts[keep], weights[keep], t[keep], few)
    found = used.answer(effect, se, freedom, float(np.abs(y).max()))
    left = 1 - (t & keep).sum() / t.sum() if weigh == "treated" else 1 - keep.mean()
    return Weighed(replace(found, left_out=float(left), without=float(without)), chance, weights)


def pairwise(
    outcome: pd.Series,
    arm: pd.Series,
    covariates: pd.DataFrame,
    *,
    base: str | None = None,
    clusters: pd.Series | None = None,
    weigh: str = "all",
    folds: int = FOLDS,
    seed: int = 0,
    propensity: pd.DataFrame | None = None,
    level: float = LEVEL,
) -> pd.DataFrame:
    """AIPW for each pair of arms, or each arm against `base`, among the consumers of the two.

    Returns arm, base, effect (of the arm instead of the base, per consumer of either; weigh="treated": per consumer of the
    arm), low, high, se, p, p_holm (corrected for the number of pairs), n_arm, n_base, left_out, cannot. propensity: known
    chances, a column an arm.
    """
    from statsmodels.stats.multitest import multipletests

    arms = sorted(arm.dropna().unique())
    if base is not None and base not in arms:
        raise ApexError(f'pairwise: nobody is in the arm "{base}".')
    pairs = [(a, b) for b, a in combinations(arms, 2)] if base is None else [(a, base) for a in arms if a != base]
    rows = []
    for a, b in pairs:
        two = arm.isin([a, b])
        chance = None if propensity is None else propensity.loc[two, a] / propensity.loc[two, [a, b]].sum(axis=1)
        e = aipw(
            outcome[two], arm[two] == a, covariates[two], clusters=None if clusters is None else clusters[two],
            weigh=weigh, folds=folds, seed=seed, propensity=chance, level=level,
        )  # fmt: skip
        rows.append([a, b, e.effect, e.low, e.high, e.se, e.p, e.n_treated, e.n_control, e.left_out, e.cannot])
    names = ["arm", "base", "effect", "low", "high", "se", "p", "n_arm", "n_base", "left_out", "cannot"]
    found = pd.DataFrame(rows, columns=names)
    told = found.p.notna()
    found.insert(7, "p_holm", np.nan)
    if told.any():
        found.loc[told, "p_holm"] = multipletests(found.p[told], method="holm")[1]
    return found


def design(covariates: pd.DataFrame, treated: pd.Series) -> pd.DataFrame:
    """Covariates as the models take them: text as levels, amounts and counts also as logarithm, all standardised.

    Who has twice the past spend is not twice as likely to be treated: the logarithm lets a plain model see that. What does
    not vary is left out.
    """
    checked(pd.Series(0.0, covariates.index), treated)
    x = levels(covariates)
    amounts = [c for c in x if x[c].min() >= 0 and x[c].nunique() > 2]
    x = pd.concat([x, np.log1p(x[amounts]).add_prefix("log ")], axis=1)
    x = x.loc[:, x.max() > x.min()]
    return (x - x.mean()) / x.std(ddof=0)


def levels(covariates: pd.DataFrame) -> pd.DataFrame:
    """Numeric covariates and an indicator COLUMN=LEVEL for each level of the others; ApexError where a number is missing."""
    words = covariates.select_dtypes(exclude=["number", "bool"])
    numbers = covariates.drop(columns=words.columns).astype(float)
    if not np.isfinite(numbers.to_numpy()).all():
        raise ApexError("covariates have missing values; fill them in or drop them first.")
    if words.empty:
        return numbers
    told = words.astype("string").fillna("?")
    return pd.concat([numbers, pd.get_dummies(told, prefix_sep="=", dtype=float)], axis=1)


def _known(propensity: pd.Series, treated: pd.Series) -> np.ndarray:
    chance, _ = checked(propensity, treated)
    if not ((chance > 0) & (chance < 1)).all():
        raise ApexError("propensity: every chance of being treated must be known and lie strictly between 0 and 1.")
    return chance


def _codes(clusters: pd.Series, treated: pd.Series) -> np.ndarray:
    codes = pd.factorize(clusters)[0]
    if not clusters.index.equals(treated.index) or (codes < 0).any():
        raise ApexError("clusters: every consumer must have one, and the consumers must be the same in the same order.")
    return codes


def _folds(y: np.ndarray, t: np.ndarray, clusters: np.ndarray | None, folds: int, seed: int) -> np.ndarray:
    """Each consumer's fold: whole clusters, dealt out so that treated and (rare) buyers are spread evenly."""
    codes = np.arange(len(y)) if clusters is None else clusters
    size = np.bincount(codes)
    dice = np.random.default_rng(seed)
    chance = dice.random(len(size))
    order = np.lexsort((chance, np.bincount(codes, y != 0) / size, np.bincount(codes, t) / size))
    dealt = np.empty(len(size), int)
    dealt[order] = np.arange(len(size)) % folds
    return dealt[codes]


def _expected(y: np.ndarray, x: pd.DataFrame, at: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """What a model fitted to the consumers `at` of the other folds expects of each consumer: (n,)."""
    values = np.column_stack([np.ones(len(y)), x.to_numpy()])
    out = np.empty(len(y))
    for f in range(fold.max() + 1):
        to = fold == f
        of = at & ~to if fold.max() else at
        out[to] = _fitted(y[of], values[of], values[to]) if of.any() else y[at].mean()
    return out


def _fitted(y: np.ndarray, x: np.ndarray, to: np.ndarray) -> np.ndarray:
    """Expected outcomes of `to`: logistic regression where outcomes are 0 or 1, else linear, by statsmodels.

    Both are held back by invented rows, as if it had been seen once that each covariate by itself does nothing (logistic: a
    log-F(2, 2) prior, Greenland & Mansournia 2015; linear: ridge), and more firmly the more covariates there are: taken
    together they are thought to explain about as much as they leave.
    """
    import statsmodels.api as sm

    p = x.shape[1] - 1
    if np.ptp(y) == 0 or p == 0:
        return np.full(len(to), y.mean())
    more = np.column_stack([np.zeros(p), np.sqrt(p) * np.eye(p)])
    if not np.isin(y, (0, 1)).all():
        mean = y.mean()
        return mean + sm.OLS(np.r_[y - mean, np.zeros(p)], np.vstack([x, more]), hasconst=True).fit().predict(to)
    both = np.r_[y, np.zeros(p), np.ones(p)]
    return sm.Logit(both, np.vstack([x, more, more]), hasconst=True, check_rank=False).fit(disp=0).predict(to)


def _sharpest(chance: np.ndarray) -> np.ndarray:
    """Whose effect can be told: 1 / (e (1 − e)) at most twice its mean among those kept (Crump et al. 2009, theorem 1)."""
    burden = 1 / (chance * (1 - chance))
    rising = np.sort(burden)
    mean = np.cumsum(rising) / np.arange(1, len(rising) + 1)
    return burden <= rising[np.flatnonzero(rising <= 2 * mean)[-1]]


def _error(parts: np.ndarray, weights: np.ndarray, t: np.ndarray, clusters: np.ndarray | None) -> tuple[float, float]:
    """Standard error of a sum of parts and its degrees of freedom: Welch's, with weights as fewer consumers (Kish)."""
    if clusters is not None:
        g = clusters.max() + 1
        sums = np.bincount(clusters, parts)
        return float(np.sqrt(g / (g - 1) * (sums**2).sum())), float(g - 1)
    variance = np.array([(parts[group] ** 2).sum() for group in (t, ~t)])
    people = np.array([1 / (weights[group] ** 2).sum() for group in (t, ~t)])
    whole = variance.sum()
    freedom = whole**2 / (variance**2 / np.maximum(people - 1, 1)).sum() if whole > 0 else 1.0
    return float(np.sqrt(whole)), float(freedom)
