"""Whether treated and others are comparable: how different they were before, and whether they meet at all."""

import warnings
from typing import NamedTuple

import numpy as np
import pandas as pd

from apex.model.estimate import NAN, checked


class Overlap(NamedTuple):
    """Where the groups meet.

    inside: share of the treated whose prior spend lies between the others' smallest and largest. lowest, highest: smallest
    and largest chance of being treated by a logistic regression. certain: share of the treated whose chance lies above the
    limit asked for: hardly anybody like them was left untreated. n_treated. NaN where a group is empty.
    """

    inside: float
    lowest: float
    highest: float
    certain: float
    n_treated: int


def balance(
    covariates: pd.DataFrame,
    treated: pd.Series,
    strata: pd.Series | None = None,
    weights: pd.Series | None = None,
) -> pd.DataFrame:
    """Standardised mean differences of numeric covariates, treated less others.

    In units of the two groups' pooled standard deviation before any design, so that before and after compare (Stuart
    2010). After: the others weighted within groups of `strata` to the treated's spread over them; groups that hold only
    one kind are left out of it. Or by `weights` of both kinds, 0 for who is left out, NaN for all where there are none.
    Returns covariate, before, after (NaN without strata or weights), n_treated, n_control; a covariate
    that does not vary is left out. Empty without treated or others.
    """
    columns = ["covariate", "before", "after", "n_treated", "n_control"]
    checked(pd.Series(0.0, covariates.index), treated)
    t, x = treated.to_numpy(bool), covariates.to_numpy(float)
    if not t.any() or t.all():
        return pd.DataFrame(columns=columns)
    scale = np.sqrt((x[t].var(axis=0) + x[~t].var(axis=0)) / 2)
    varies = scale > 0
    x, scale = x[:, varies], scale[varies]
    before = (x[t].mean(axis=0) - x[~t].mean(axis=0)) / scale
    after = np.full(len(scale), NAN)
    weight = None if weights is None else weights.to_numpy(float)
    if strata is not None:
        weight = _spread_of_treated(t, strata.to_numpy())
    if weight is not None:
        used = t & (weight > 0), ~t & (weight > 0)
        if used[0].any():
            mean = [np.average(x[g], axis=0, weights=weight[g]) for g in used]
            after = (mean[0] - mean[1]) / scale
    names = covariates.columns[varies].astype(str)
    rows = {"covariate": names, "before": before, "after": after}
    return pd.DataFrame({**rows, "n_treated": int(t.sum()), "n_control": int((~t).sum())}, columns=columns)


def overlap(prior: pd.Series, covariates: pd.DataFrame, treated: pd.Series, certain: float = 0.9) -> Overlap:
    """Whether the treated have others to be compared with: by prior spend alone, and by the chance of being treated.

    The chance comes from a logistic regression on `covariates`; where these tell the groups apart without error, it is 0
    or 1.
    """
    y, t = checked(prior, treated)
    if not t.any() or t.all():
        return Overlap(NAN, NAN, NAN, NAN, int(t.sum()))
    inside = (y[t] >= y[~t].min()) & (y[t] <= y[~t].max())
    chance = _chance(covariates.to_numpy(float), t)
    share = float((chance[t] > certain).mean())
    return Overlap(float(inside.mean()), float(chance.min()), float(chance.max()), share, int(t.sum()))


def _chance(x: np.ndarray, t: np.ndarray) -> np.ndarray:
    import statsmodels.api as sm
    from statsmodels.tools.sm_exceptions import ConvergenceWarning, PerfectSeparationWarning

    x = x[:, np.ptp(x, axis=0) > 0]
    spanned, size, _ = np.linalg.svd(np.column_stack([np.ones(len(t)), (x - x.mean(axis=0)) / x.std(axis=0)]), False)
    design = spanned[:, size > 1e-9 * size[0]] * np.sqrt(len(t))  # the same fit, whatever repeats itself in x
    with warnings.catch_warnings():
        for kind in (ConvergenceWarning, PerfectSeparationWarning, RuntimeWarning):
            warnings.simplefilter("error", kind)
        try:
            return np.asarray(sm.Logit(t.astype(float), design).fit(disp=0).predict())
        except (ConvergenceWarning, PerfectSeparationWarning, RuntimeWarning, np.linalg.LinAlgError):
            return t.astype(float)


def _spread_of_treated(t: np.ndarray, strata: np.ndarray) -> np.ndarray:
    """Weights: 1 for the treated, treated per other of the same group for others; 0 in groups with only one kind."""
    groups = pd.factorize(strata)[0]
    treated, others = (np.bincount(groups, g, groups.max() + 1) for g in (t, ~t))
    ratio = np.divide(treated, others, out=np.zeros_like(treated), where=others > 0)
    return np.where(t, (others > 0)[groups].astype(float), ratio[groups])
