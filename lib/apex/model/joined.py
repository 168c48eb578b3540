"""Does joining change what a buyer brings? The verdict on the cohort of `apex.measure.joining.cohort`."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from apex.model import effect
from apex.model.verdict import Standards, Verdict

MEASURES = ("gmv_minor",)
PLACEBOS = (-2, -1)  # periods before, in order of time


def judge(
    cohort: pd.DataFrame, traits: Sequence[str] = (), standards: Standards | None = None, seed: int = 0
) -> dict[str, Verdict]:
    """The verdict on what joining added in the period after, per joiner: gmv_minor, and buyers (bought at all).

    Comparable are others with the same purchase on the day (money, format), the same traits, interest and purchases before.
    Placebos are asked given what lies before their periods. Empty where there are too few joiners, or others, to ask.
    """
    if not possible(cohort):
        return {}
    frame = cohort.set_index("consumer_id")
    traits = [t for t in traits if t in frame]
    treated = frame.joins
    fixed = frame[["value_minor", "business", *traits]].assign(
        season=pd.to_datetime(frame.on).dt.to_period("Q").astype(str),
        older_days=frame.older_days,
        third=frame["gmv_minor[-3]"],
    )
    found = {}
    for measure in MEASURES:
        column = "gmv_minor" if measure == "gmv_minor" else "orders"
        wide = {k: frame[f"{column}[{k}]"].astype(float) for k in (0, *PLACEBOS)}
        if measure == "buyers":
            wide = {k: (v > 0).astype(float) for k, v in wide.items()}
        before = pd.DataFrame({f"{measure}[{k}]": wide[k] for k in PLACEBOS})
        known = pd.concat([fixed, frame[["interest"]], before], axis=1)
        found[measure] = effect.observed(
            wide[0], treated, known, before=before, earlier_covariates=fixed, standards=standards, seed=seed
        )
    return found


def unseen(verdict: Verdict | None) -> float:
    """How many times as likely an unseen cause would have to make joining, to explain away all of the effect that is sure.

    The odds of `apex.model.effect.bound` at the nearer end of the interval; NaN where there is no such effect.
    """
    if verdict is None or verdict.estimate is None or not verdict.low * verdict.high > 0:
        return float("nan")
    return effect.bound(verdict.estimate).odds_low


def possible(cohort: pd.DataFrame) -> bool:
    """Whether there is anybody to compare: joiners, others, and more than a handful of either."""
    return bool(np.bincount(cohort.joins.astype(int), minlength=2).min() >= Standards().least) if len(cohort) else False
