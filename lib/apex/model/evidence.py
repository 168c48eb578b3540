"""From a counted trial to the evidence for a verdict, and to the part of a result table that it earns."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from apex.model import effect
from apex.model.balance import balance, overlap
from apex.model.estimate import NAN, Estimate
from apex.model.event_study import did_panel, pretrend
from apex.model.verdict import Evidence, Reason, Standards, Verdict, judge

if TYPE_CHECKING:
    from apex.measure.trial import Trial

SEGMENTS = ("all", "new", "old")


def gather(trial: "Trial", measure: str, standards: Standards | None = None) -> Evidence:
    """All that the verdict on a measure (gmv_minor, orders, buyers) of a trial looks at; effects per treated consumer.

    A trial is randomised when it has a control arm and everyone's chance of being treated is known. It then has the
    difference in means and, with a period before, the one adjusted for it (unless chances differ). Otherwise:
    difference in differences against the period before, over all periods, within tenths of prior spend, and the outcome
    given the outcome before; the same (but the second) as placebos in every earlier period.
    """
    wanted = standards or Standards()
    wide, treated = trial.wide(measure), trial.treated
    naive = effect.naive(wide, treated)
    busy = trial.consumers.other_campaigns > 0
    t = treated.to_numpy()
    shares = (float(busy[t].mean()) if t.any() else NAN, float(busy[~t].mean()) if not t.all() else NAN)
    if trial.control is not None and trial.consumers.propensity.between(0, 1, inclusive="neither").all():
        estimates = _randomised(trial, wide, treated)
        return Evidence(True, naive, estimates, contaminated=shares, sample_ratio=_sample_ratio(trial))
    deciles = trial.deciles
    estimates = (
        effect.did(wide, treated),
        did_panel(wide, treated),
        effect.did_strata(wide, treated, deciles),
        effect.lagged(wide, treated),
    )
    placebos = []
    for after in sorted((p for p in wide if p < 0 and p - 1 in wide), reverse=True):
        placebos.append(effect.did(wide, treated, after=after))
        placebos.append(effect.did_strata(wide, treated, deciles, after=after))
        placebos.append(effect.lagged(wide, treated, after=after))
    if -1 not in wide:
        return Evidence(False, naive, estimates, contaminated=shares)
    prior = trial.wide("all_minor")[-1]
    spent = pd.DataFrame({"all": np.log1p(prior), "scope": np.log1p(trial.wide("gmv_minor")[-1])})
    return Evidence(
        randomised=False,
        naive=naive,
        defensible=estimates,
        placebos=tuple(placebos),
        pretrend=pretrend(wide, treated),
        balance=balance(covariates(trial), treated, deciles[-1]),
        overlap=overlap(prior, spent, treated, wanted.certain),
        contaminated=shares,
    )


def covariates(trial: "Trial") -> pd.DataFrame:
    """What was known before the window, a row per consumer: the measures of up to two periods before, and traits.

    Columns MEASURE[PERIOD] and TRAIT=LEVEL (0 or 1; a missing trait is a level of its own, "?").
    """
    periods = [p for p in (-1, -2) if p in trial.periods.period.to_numpy()]
    names = ("gmv_minor", "orders", "buyers", "all_minor")
    known = pd.DataFrame({f"{m}[{p}]": trial.wide(m)[p] for p in periods for m in names})
    if trial.traits:
        traits = trial.consumers.set_index("consumer_id")[trial.traits].astype("string").fillna("?")
        known = pd.concat([known, pd.get_dummies(traits, prefix_sep="=")], axis=1)
    return known.astype(float)


def judge_segments(
    trial: "Trial",
    measures: Sequence[str] = ("gmv_minor", "buyers"),
    standards: Standards | None = None,
) -> dict[tuple[str, str], Verdict]:
    """The verdict by (measure, segment): all, new (had not bought in scope before the window), old.

    A part of a campaign that is not identified as a whole is not either: small groups pass tests that see nothing.
    """
    parts = {"all": trial, "new": trial.only(~trial.consumers.old), "old": trial.only(trial.consumers.old)}
    found: dict[tuple[str, str], Verdict] = {}
    for measure in measures:
        for segment in SEGMENTS:
            verdict = judge(gather(parts[segment], measure, standards), standards)
            if segment != "all" and not found[measure, "all"].identified:
                verdict = verdict.doubted(Reason("whole"))
            found[measure, segment] = verdict
    return found


def changed(verdicts: dict[tuple[str, str], Verdict]) -> pd.DataFrame:
    """What the campaign changed, over all its treated: the right half of a table of results.

    measure, segment, effect (null where not identified), low, high (the interval; where not identified the range over
    the defensible estimates and their intervals; null where there is none), n (consumers compared), n_treated, identified
    (bool), answer ("lift", "quasi", "not identified"). Effects in the unit of the measure, summed over the treated.
    """
    rows = []
    for (measure, segment), verdict in verdicts.items():
        naive = verdict.evidence.naive
        one: Estimate | None = verdict.estimate
        treated = one.n_treated if one else naive.n_treated
        rows.append(
            {
                "measure": measure,
                "segment": segment,
                "effect": one.total[0] if one else NAN,
                "low": verdict.low * treated,
                "high": verdict.high * treated,
                "n": one.n if one else naive.n,
                "n_treated": treated,
                "identified": verdict.identified,
                "answer": verdict.answer,
            }
        )
    return pd.DataFrame(rows)


def _randomised(trial: "Trial", wide: pd.DataFrame, treated: pd.Series) -> tuple[Estimate, ...]:
    propensity = trial.consumers.set_index("consumer_id").propensity
    plain = effect.difference(wide[0], treated, propensity=propensity)
    if -1 not in wide or propensity.nunique() > 1:
        return (plain,)
    better = effect.adjusted(wide[0], treated, wide[-1])
    return (plain,) if better.cannot else (better, plain)


def _sample_ratio(trial: "Trial") -> float:
    """p-value of as many treated as there are, given everyone's chance."""
    from scipy import special

    chance = trial.consumers.propensity.to_numpy(float)
    spread = np.sqrt((chance * (1 - chance)).sum())
    return float(2 * special.ndtr(-abs(trial.treated.sum() - chance.sum()) / spread)) if spread > 0 else NAN
