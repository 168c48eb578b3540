"""What an experiment changed: each arm beside the reference, and beside every other, outcome by outcome.

Chance decided who was in which arm, so the difference in means is the effect. What was known before takes noise off it by a
regression with covariates centred and crossed with the arm (Lin, *Annals of Applied Statistics* 7, 2013): it cannot bias, and
is used only where it makes the interval shorter on paper than none would with so few units. Where whole clusters (villages,
stores) were drawn, errors are theirs. Several pairs are corrected after Holm. An experiment whose arms came out more uneven
than the draw allows is not read: somebody is missing, and not at random (Fabijan et al., KDD 2019).
"""

import numpy as np
import pandas as pd

from apex.measure.experiment import Experiment
from apex.model import effect
from apex.model.estimate import LEVEL, Estimate
from apex.model.sample_ratio import STRICT, p_value
from apex.model.weighting import levels

EFFECT = ["outcome", "arm", "reference", "effect", "std_error", "low", "high", "n", "identified", "usual", "n_arm", "p", "p_holm",
          "method", "cannot"]  # fmt: skip
EACH = 20  # units an arm for each covariate, below which covariates are left out


def sample_ratio(of: Experiment) -> float:
    """The p-value of arms at least as uneven as these; NaN where nobody wrote down the chances, or clusters were drawn."""
    if of.chances is None or of.clusters is not None:
        return float("nan")
    counts = of.arm.value_counts()
    return p_value([float(counts.get(a, 0)) for a in of.arms], [of.chances[a] for a in of.arms])


def effects(of: Experiment, level: float = LEVEL) -> pd.DataFrame:
    """A row an outcome and pair of arms (EFFECT), those against the reference first.

    effect: of the arm instead of the reference, a unit of the arm; usual: mean of the reference; n: units of both; p, p_holm:
    two-sided, by itself and corrected for the pairs of the outcome; method: adjusted or difference; cannot: why there is no
    number. identified: false where arms came out more uneven than the draw allows (p below `sample_ratio.STRICT`).
    """
    from statsmodels.stats.multitest import multipletests

    arms, rows = of.arms, []
    sound = not sample_ratio(of) < STRICT
    pairs = [(a, of.reference) for a in arms[:-1]] + [(a, b) for k, a in enumerate(arms[:-1]) for b in arms[k + 1 : -1]]
    for outcome in of.outcomes:
        mine = []
        for arm, base in pairs:
            found, usual = _estimate(of, outcome, arm, base, level)
            mine.append([
                outcome, arm, base, found.effect, found.se, found.low, found.high, found.n, sound and not found.cannot, usual,
                found.n_treated, found.p, np.nan, found.method, found.cannot,
            ])  # fmt: skip
        told = [k for k, row in enumerate(mine) if np.isfinite(row[11])]
        raw = [mine[k][11] for k in told]
        # statsmodels clears the memory at every call, which one pair need not wait for
        for k, p in zip(told, multipletests(raw, method="holm")[1] if len(raw) > 1 else raw, strict=True):
            mine[k][12] = float(p)
        rows += mine
    return pd.DataFrame(rows, columns=EFFECT)


def _estimate(of: Experiment, outcome: str, arm: str, base: str, level: float) -> tuple[Estimate, float]:
    """The effect, and the mean of the base."""
    two = of.arm.isin([arm, base])
    y, treated = of.outcomes.loc[two, outcome], of.arm[two] == arm
    clusters = None if of.clusters is None else of.clusters[two]
    usual = float(y[~treated].mean()) if (~treated).any() else np.nan
    known = _apart(levels(of.covariates[two]), treated) if of.covariates.shape[1] else pd.DataFrame(index=y.index)
    units = pd.Series(treated if clusters is None else clusters.groupby(treated).transform("nunique"))
    smallest = min(treated.sum(), (~treated).sum()) if clusters is None else units.min()
    if known.shape[1] and smallest >= EACH * known.shape[1]:
        found = effect.adjusted(y, treated, known, clusters=clusters, level=level)
        if not found.cannot:
            return found, usual
    return effect.difference(y, treated, clusters=clusters, level=level), usual


def _apart(known: pd.DataFrame, treated: pd.Series) -> pd.DataFrame:
    """Columns that tell EACH units and more of an arm from the rest, and that in neither arm are sums of others.

    What tells a few apart takes a line through those few, and the effect with it: in small simulated trials of rare purchases
    it was off by forty times its error in one of two hundred.
    """
    from scipy.linalg import qr

    arms = (treated, ~treated)
    some = [c for c in known if all((known.loc[a, c] != known[c].mode().iloc[0]).sum() >= EACH for a in arms)]
    known = known[some]
    for arm in arms:
        x = known[arm].to_numpy(float)
        size = np.ptp(x, axis=0) if len(x) else np.zeros(known.shape[1])
        known, x = known.loc[:, size > 0], x[:, size > 0]
        if not x.shape[1]:
            break
        _, r, order = qr((x - x.mean(axis=0)) / size[size > 0], mode="economic", pivoting=True)
        told = np.abs(np.diag(r))
        known = known.iloc[:, sorted(order[: len(told)][told > 1e-8 * told[0]])]
    return known
