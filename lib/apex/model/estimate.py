"""What an estimate is, and the least squares that most of them share."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from apex.errors import ApexError

LEVEL = 0.95  # of every interval unless told otherwise
NAN = float("nan")


@dataclass(frozen=True)
class Estimate:
    """One method's answer, per treated consumer; times n_treated it is the total.

    kind: "counted" (a difference, not an effect), "model" (rests on an assumption) or "lift" (chance decided who was
    treated). after: the period that was compared; below 0 the campaign had not begun, and the estimate is a placebo whose
    truth is 0. left_out: share of the treated (of all, where the effect is on all) that found nobody to be compared with.
    without: what they would have had on average without the treatment, where the method says so (NaN elsewhere). cannot: why
    there is no number ("" when there is one): no_treated, no_control, too_few, no_variation, no_period_before, no_overlap,
    or no_history (nobody bought before, so that a change would be a bare difference under another name).
    """

    method: str
    effect: float
    low: float
    high: float
    se: float
    n_treated: int
    n_control: int
    kind: str
    after: int = 0
    cannot: str = ""
    left_out: float = 0.0
    without: float = NAN

    @property
    def n(self) -> int:
        """Consumers behind the estimate."""
        return self.n_treated + self.n_control

    @property
    def total(self) -> tuple[float, float, float]:
        """Effect, low and high for all treated together."""
        return self.effect * self.n_treated, self.low * self.n_treated, self.high * self.n_treated

    @property
    def p(self) -> float:
        """Two-sided p-value of "no effect", from the normal distribution; NaN where there is no number."""
        from scipy import special

        return NAN if self.cannot else float(2 * special.ndtr(-abs(self.effect) / self.se))


@dataclass(frozen=True)
class Question:
    """What a method was asked; it turns a coefficient, or the lack of one, into an Estimate."""

    method: str
    kind: str
    treated: np.ndarray
    after: int = 0
    level: float = LEVEL

    def answer(self, effect: float, se: float, freedom: float, scale: float) -> Estimate:
        """With a t interval; `scale` is the size of the outcomes, against which an error of 0 is told from rounding."""
        from scipy import special

        if not se > 1e-9 * scale:
            return self.cannot("no_variation")
        half = float(special.stdtrit(freedom, 0.5 + self.level / 2)) * se
        return self._estimate(effect, effect - half, effect + half, se)

    def cannot(self, why: str) -> Estimate:
        """No number, and why."""
        return self._estimate(NAN, NAN, NAN, NAN, why)

    def trouble(self, least: int = 2) -> str:
        """Why the groups do not allow a comparison ("" when they do); each needs `least` consumers."""
        sizes = [int(self.treated.sum()), int((~self.treated).sum())]
        if 0 in sizes:
            return "no_treated" if sizes[0] == 0 else "no_control"
        return "too_few" if min(sizes) < least else ""

    def least_squares(
        self,
        y: np.ndarray,
        design: np.ndarray,
        *,
        column: int = 1,
        clusters: "pd.Series | np.ndarray | None" = None,
        weights: np.ndarray | None = None,
        freedom: float | None = None,
    ) -> Estimate:
        """The coefficient of one column by statsmodels, with HC2 errors, or clustered ones and t with clusters − 1."""
        import statsmodels.api as sm

        model = sm.OLS(y, design) if weights is None else sm.WLS(y, design, weights=weights)
        how: dict[str, Any] = {"cov_type": "HC2"}
        if clusters is not None:
            codes, names = pd.factorize(clusters)
            if len(names) <= design.shape[1]:
                return self.cannot("too_few")
            how, freedom = {"cov_type": "cluster", "cov_kwds": {"groups": codes}}, len(names) - 1
        result = model.fit(**how, use_t=True)
        found = float(result.params[column]), float(result.bse[column])
        return self.answer(*found, result.df_resid if freedom is None else freedom, float(np.abs(y).max()))

    def means(self, y: np.ndarray, clusters: "pd.Series | None" = None, weights: np.ndarray | None = None) -> Estimate:
        """Difference in means by least squares; unweighted and unclustered with Welch's degrees of freedom."""
        if why := self.trouble():
            return self.cannot(why)
        t, freedom = self.treated, None
        if weights is None and clusters is None:
            parts = [(y[g].var(ddof=1) / g.sum(), g.sum() - 1) for g in (t, ~t)]
            whole = sum(v for v, _ in parts)
            freedom = whole**2 / sum(v**2 / k for v, k in parts) if whole > 0 else 1.0
        design = np.column_stack([np.ones(len(y)), t])
        return self.least_squares(y, design, clusters=clusters, weights=weights, freedom=freedom)

    def _estimate(self, effect: float, low: float, high: float, se: float, why: str = "") -> Estimate:
        n = int(self.treated.sum())
        return Estimate(
            self.method, effect, low, high, se, n, len(self.treated) - n, self.kind, self.after, why
        )  # fmt: skip


def checked(outcome: pd.Series, treated: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Outcome and treatment as arrays; ApexError unless they are of the same consumers and complete."""
    if not outcome.index.equals(treated.index):
        raise ApexError("outcome and treated must have the same consumers in the same order.")
    y = outcome.to_numpy(float)
    if missing := int((~np.isfinite(y)).sum()):
        raise ApexError(f"{missing} of {len(y)} consumers have no outcome; drop them or fill them in first.")
    return y, treated.to_numpy(bool)
