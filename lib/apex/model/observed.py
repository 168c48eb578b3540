"""The judgement for consumers who were not drawn by chance: what they met, joined or watched was their own doing or a
machine's, and only what was recorded of them before can make others comparable.

Two assumptions that fail differently are asked the same question: that what is known explains who was treated
(`weighting.aipw`), and that whoever was alike earlier would have changed alike (the same, on the change since the period
before; a liking that stays is taken out even where nobody recorded it). Both are also asked about the periods before, in
which there was nothing to find. `verdict.judge` does the rest.
"""

import math
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from apex.model.balance import Overlap, balance
from apex.model.estimate import NAN, Estimate, Question, checked
from apex.model.verdict import Evidence, Standards, Verdict, judge
from apex.model.weighting import Weighed, levels, weighed


class Bound(NamedTuple):
    """How strong an unseen cause would have to be to explain an effect away.

    odds: it would have to make some consumers `odds` times as likely (in odds) to be treated as others who look the same,
    and decide the outcome as well, for the effect to be 0. odds_low: the same for the nearer end of the interval to
    reach 0; 1 where it does anyway. NaN where there is no number.
    """

    odds: float
    odds_low: float


def bound(estimate: Estimate, largest: float = math.inf) -> Bound:
    """The marginal sensitivity model (Tan 2006; Zhao, Small & Bhattacharya 2019), solved for the effect of 0.

    For outcomes from 0 up to `largest` (1 for yes or no). An unseen cause of strength Λ can raise what the treated would have
    had without at most Λ times: the least Λ is their mean over that one. Where outcomes are yes or no, or mostly 0 as
    purchases are, this is the sharp bound (Dorn & Guo 2023); elsewhere a stronger cause would be needed.
    """
    without, effect = estimate.without, estimate.effect
    if estimate.cannot or not without > 0 or not 0 <= without + effect <= largest or effect == 0:
        return Bound(NAN, NAN)
    mean = without + effect
    near = estimate.low if effect > 0 else estimate.high
    return Bound(_ratio(mean, without, largest), _ratio(mean, mean - near, largest) if near * effect > 0 else 1.0)


def observed(
    outcome: pd.Series,
    treated: pd.Series,
    covariates: pd.DataFrame,
    *,
    before: "pd.Series | pd.DataFrame | None" = None,
    earlier_covariates: pd.DataFrame | None = None,
    clusters: pd.Series | None = None,
    contaminated: tuple[float, float] = (0.0, 0.0),
    standards: Standards | None = None,
    seed: int = 0,
) -> Verdict:
    """The verdict on the effect per treated consumer of something that nobody drew.

    covariates: all that was known before the treatment, the outcome's past included. before: the same outcome in equal
    periods before it, the last one last. earlier_covariates: what was known before those periods; by default `covariates`
    without columns that are called like one of `before`, so they must not hold that outcome under another name: who is
    compared on the very number that is tested passes any test.

    The estimates are `aipw` and, with a period before, `aipw_change` (on the change since it, given what was known
    before it); without one `regression` (the model of the outcome alone). Placebos: both in the periods before.
    """
    wanted = standards or Standards()
    y, t = checked(outcome, treated)
    ask: dict[str, Any] = {"clusters": clusters, "seed": seed, "certain": wanted.certain}
    main = weighed(outcome, treated, covariates, **ask)
    naive = Question("naive", "counted", t).means(y, clusters)
    past = pd.DataFrame() if before is None else pd.DataFrame(before)
    known = levels(covariates)
    if past.shape[1]:
        earlier = (
            earlier_covariates if earlier_covariates is not None else covariates.drop(columns=past, errors="ignore")
        )
        second, placebos = _earlier(outcome, treated, past, earlier, ask)
    else:
        # with the same chance for everybody only the model of the outcome is left
        same = pd.Series(0.5, treated.index)
        found = weighed(outcome, treated, covariates, **ask, propensity=same, method="regression").estimate
        second, placebos = replace(found, kind="model"), []
    evidence = Evidence(
        randomised=False,
        naive=naive,
        defensible=(main.estimate, second),
        placebos=tuple(placebos),
        balance=balance(known, treated, weights=pd.Series(main.weights, known.index)),
        overlap=_meet(main, t, wanted.certain),
        contaminated=contaminated,
    )
    return judge(evidence, wanted)


def _earlier(
    outcome: pd.Series, treated: pd.Series, past: pd.DataFrame, earlier: pd.DataFrame, ask: dict[str, Any]
) -> tuple[Estimate, list[Estimate]]:
    """The estimate on the change, and both methods' placebos, the last period first."""
    columns = [past.iloc[:, k] for k in range(past.shape[1])]
    second = weighed(outcome - columns[-1], treated, earlier, **ask, method="aipw_change").estimate
    placebos = []
    for back, column in enumerate(reversed(columns), 1):
        placebos.append(weighed(column, treated, earlier, **ask, after=-back).estimate)
        if back < len(columns):
            change = column - columns[-back - 1]
            placebos.append(weighed(change, treated, earlier, **ask, after=-back, method="aipw_change").estimate)
    return second, placebos


def _meet(main: Weighed, t: np.ndarray, certain: float) -> Overlap:
    """Overlap in the chance of being treated: inside the others' range, the range itself, and who is all but certain."""
    if math.isnan(main.chance[0]):
        return Overlap(NAN, NAN, NAN, NAN, int(t.sum()))
    of, others = main.chance[t], main.chance[~t]
    inside = ((of >= others.min()) & (of <= others.max())).mean()
    return Overlap(
        float(inside), float(main.chance.min()), float(main.chance.max()), float((of > certain).mean()), int(t.sum())
    )


def _ratio(mean: float, without: float, largest: float) -> float:
    """The larger of two valid ratios: of means and, where outcomes have an upper end, of what is missing to it."""
    ratio = max(mean, without) / min(mean, without) if min(mean, without) > 0 else math.inf
    if math.isinf(largest):
        return ratio
    rest = largest - mean, largest - without
    return max(ratio, max(rest) / min(rest) if min(rest) > 0 else math.inf)
