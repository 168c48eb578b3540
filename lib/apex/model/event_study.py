"""Many periods at once: difference in differences with fixed effects, and whether the groups moved alike before.

Consumer and period effects are taken out by demeaning both ways, which is exact because every consumer has every period.
Errors are clustered by consumer: a consumer's months resemble each other, and errors that ignore it are too small
(Bertrand, Duflo & Mullainathan 2004).
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from apex.model.estimate import LEVEL, NAN, Estimate, Question, checked


class Pretrend(NamedTuple):
    """Joint test that treated and others moved alike before the window: p-value (NaN: nothing to test), gaps tested."""

    p: float
    gaps: int


def did_panel(
    wide: pd.DataFrame,
    treated: pd.Series,
    *,
    after: int = 0,
    clusters: pd.Series | None = None,
    level: float = LEVEL,
) -> Estimate:
    """Difference in differences with consumer and period fixed effects over all periods.

    After are the periods from 0 on; with `after` below 0 that one alone, and what follows it is not used. Before are all
    earlier ones: less noisy than the one before, and wrong sooner where the groups drift slowly.
    """
    ask = Question("did_panel", "model", treated.to_numpy(bool), after, level)
    used = [p for p in sorted(wide.columns) if after == 0 or p <= after]
    post = [p for p in used if p >= after]
    if not post or len(post) == len(used):
        return ask.cannot("no_period_before")
    y = _matrix(wide[used], treated)
    if why := ask.trouble():
        return ask.cannot(why)
    if np.ptp(y[:, : len(used) - len(post)]) == 0:
        return ask.cannot("no_history")
    switch = np.outer(ask.treated, np.isin(used, post))
    rows = np.arange(len(y)) if clusters is None else pd.factorize(clusters)[0]
    groups = np.repeat(rows, len(used))
    return ask.least_squares(_demeaned(y).ravel(), _demeaned(switch).reshape(-1, 1), column=0, clusters=groups)


def pretrend(wide: pd.DataFrame, treated: pd.Series) -> Pretrend:
    """Event study over the periods before the window: was the gap between the groups always as wide as in period −1?

    A small p says that the groups already drifted apart or together. A large one does not prove that they moved alike:
    with few or noisy periods the test sees little (Roth 2022).
    """
    import statsmodels.api as sm

    before = [p for p in sorted(wide.columns) if p < 0]
    leads = [p for p in before if p != -1]
    t = treated.to_numpy(bool)
    if not leads or -1 not in before or Question("pretrend", "model", t).trouble():
        return Pretrend(NAN, 0)
    y = _matrix(wide[before], treated)
    design = np.column_stack([_demeaned(np.outer(t, np.equal(before, p))).ravel() for p in leads])
    codes = np.repeat(np.arange(len(y)), len(before))
    how = {"cov_type": "cluster", "cov_kwds": {"groups": codes}, "use_t": True}
    result = sm.OLS(_demeaned(y).ravel(), design).fit(**how)
    if not (result.bse > 1e-9 * max(float(np.abs(y).max()), 1e-300)).all():
        return Pretrend(NAN, 0)
    return Pretrend(float(result.f_test(np.eye(len(leads))).pvalue), len(leads))


def _matrix(wide: pd.DataFrame, treated: pd.Series) -> np.ndarray:
    """Outcomes, consumers × periods; ApexError unless complete and of the same consumers as `treated`."""
    return np.column_stack([checked(wide[p], treated)[0] for p in wide])


def _demeaned(values: np.ndarray) -> np.ndarray:
    return values - values.mean(axis=1, keepdims=True) - values.mean(axis=0, keepdims=True) + values.mean()
