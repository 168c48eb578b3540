"""Effects of a campaign on the consumers it treated, each with its interval and the numbers behind it.

Inputs are plain: `wide` has a row per consumer and a column per period (0 the campaign's window, −1 the equal window before
it, …), `treated` says per consumer whether the campaign reached for them. Effects are per treated consumer, in the unit of
the outcome. No estimate earns a name here: `apex.model.verdict` judges.

With two periods, a regression of changes with HC2 errors *is* difference in differences with errors clustered by consumer;
`apex.model.event_study` uses more periods, `apex.model.weighting` everything that was known of a consumer, and
`apex.model.observed` asks both where chance decided nothing.
"""

import numpy as np
import pandas as pd

from apex.errors import ApexError
from apex.model.estimate import LEVEL, Estimate, Question, checked
from apex.model.observed import Bound, bound, observed
from apex.model.weighting import aipw, pairwise

__all__ = [
    "Bound", "Estimate", "adjusted", "aipw", "bound", "did", "did_strata", "difference", "lagged", "naive", "observed",
    "pairwise",
]  # fmt: skip


def difference(
    outcome: pd.Series,
    treated: pd.Series,
    *,
    propensity: pd.Series | None = None,
    clusters: pd.Series | None = None,
    level: float = LEVEL,
) -> Estimate:
    """Randomised trial: difference in means with Welch's interval.

    propensity: the chance of being treated; where it differs between consumers, controls are weighted by its odds, which
    gives the effect on the treated (Hájek; HC2 errors). clusters: what was randomised if not the consumer (a village, a
    store).
    """
    y, t = checked(outcome, treated)
    ask = Question("difference", "lift", t, 0, level)
    weights = None
    if propensity is not None:
        p = propensity.to_numpy(float)
        if not ((p > 0) & (p < 1)).all():
            raise ApexError("propensity: every chance of being treated must be known and lie strictly between 0 and 1.")
        # the effect on the treated: controls stand in for them, each as often as its like was treated
        weights = np.where(t, 1.0, p / (1 - p)) if propensity.nunique() > 1 else None
    return ask.means(y, clusters, weights)


def adjusted(
    outcome: pd.Series,
    treated: pd.Series,
    covariates: "pd.Series | pd.DataFrame",
    *,
    clusters: pd.Series | None = None,
    level: float = LEVEL,
) -> Estimate:
    """Randomised trial, adjusted by regression for what was known before: the lagged outcome above all.

    Lin (2013): covariates centred at the treated, each also times the treatment, so that a wrong line cannot hurt. A
    covariate that does not vary in one of the groups is left out.
    """
    y, t = checked(outcome, treated)
    return _interacted(Question("adjusted", "lift", t, 0, level), y, pd.DataFrame(covariates), clusters)


def naive(wide: pd.DataFrame, treated: pd.Series, *, after: int = 0, level: float = LEVEL) -> Estimate:
    """The bare difference between the groups in one period: only to warn of. Where lists are chosen it is no effect."""
    y, t = checked(wide[after], treated)
    return Question("naive", "counted", t, after, level).means(y)


def did(
    wide: pd.DataFrame,
    treated: pd.Series,
    *,
    after: int = 0,
    clusters: pd.Series | None = None,
    level: float = LEVEL,
) -> Estimate:
    """Difference in differences against the period before: the treated's mean change less the others'.

    Right if both groups would have changed alike. Errors are clustered by consumer, or by `clusters`.
    """
    ask = Question("did", "model", treated.to_numpy(bool), after, level)
    if why := _history(wide, after):
        return ask.cannot(why)
    change, _ = checked(wide[after] - wide[after - 1], treated)
    return ask.means(change, clusters)


def did_strata(
    wide: pd.DataFrame, treated: pd.Series, strata: pd.DataFrame, *, after: int = 0, level: float = LEVEL
) -> Estimate:
    """Difference in differences within groups of prior spend, averaged as the treated are spread over them.

    strata: a group per consumer (row) and period (column); those of the period before `after` are used. Groups with fewer
    than two of either kind are left out. Errors are those of a saturated regression with HC2. Right if within a group both
    kinds would have changed alike; where the list was chosen on a longer past than the groups show, regression to the mean
    pulls it up.
    """
    ask = Question("did_strata", "model", treated.to_numpy(bool), after, level)
    if why := _history(wide, after) or ask.trouble():
        return ask.cannot(why)
    change, t = checked(wide[after] - wide[after - 1], treated)
    frame = pd.DataFrame({"change": change, "t": t, "group": checked(strata[after - 1], treated)[0]})
    cells = frame.groupby(["group", "t"]).change.agg(["size", "mean", "var"]).unstack("t")
    cells = cells[(cells["size"] >= 2).all(axis=1)]
    if cells.empty:
        return ask.cannot("no_overlap")
    size, mean, var = (cells[c].to_numpy(float) for c in ("size", "mean", "var"))  # columns: others, treated
    share = size[:, 1] / size[:, 1].sum()
    parts = share[:, None] ** 2 * var / size
    se = float(np.sqrt(parts.sum()))
    # Satterthwaite's degrees of freedom, as Welch's over all cells
    freedom = parts.sum() ** 2 / (parts**2 / (size - 1)).sum() if se > 0 else 1.0
    used = Question("did_strata", "model", frame.t[frame.group.isin(cells.index)].to_numpy(), after, level)
    found = used.answer(float(share @ (mean[:, 1] - mean[:, 0])), se, freedom, float(np.abs(change).max()))
    return Estimate(**{**vars(found), "left_out": 1 - size[:, 1].sum() / t.sum()})


def lagged(wide: pd.DataFrame, treated: pd.Series, *, after: int = 0, level: float = LEVEL) -> Estimate:
    """The period's outcome given the outcome before, by regression: right if that one number explains who was treated.

    Where either this or `did` is right, the two bracket the truth (Ding & Li 2019): both are worth showing.
    """
    ask = Question("lagged", "model", treated.to_numpy(bool), after, level)
    if why := _history(wide, after):
        return ask.cannot(why)
    y, _ = checked(wide[after], treated)
    return _interacted(ask, y, wide[[after - 1]], None)


def _interacted(ask: Question, y: np.ndarray, covariates: pd.DataFrame, clusters: pd.Series | None) -> Estimate:
    t, x = ask.treated, covariates.to_numpy(float)
    if not np.isfinite(x).all():
        raise ApexError(f"{ask.method}: covariates have missing values; fill them in or drop them first.")
    if why := ask.trouble(least=2):
        return ask.cannot(why)
    x = x[:, (np.ptp(x[t], axis=0) > 0) & (np.ptp(x[~t], axis=0) > 0)]  # a line needs two points in either group
    if why := ask.trouble(least=x.shape[1] + 2):
        return ask.cannot(why)
    x = (x - x[t].mean(axis=0)) / x.std(axis=0)
    return ask.least_squares(y, np.column_stack([np.ones(len(y)), t, x, x * t[:, None]]), clusters=clusters)


def _history(wide: pd.DataFrame, after: int) -> str:
    """Why a change since the period before cannot be taken ("" when it can)."""
    if not {after - 1, after} <= set(wide.columns):
        return "no_period_before"
    before = wide[after - 1].to_numpy(float)
    return "no_history" if before.size and np.ptp(before) == 0 else ""
