"""What seeing content changed, for consumers whom nobody drew: a verdict for each format and outcome.

Exposed and unexposed come from `measure.content.exposed`; `apex.model.effect.observed` estimates, tests on the days before
and judges. Effects are per consumer exposed, in the outcome's unit: shares of consumers, minor units.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from apex.model import effect
from apex.model.estimate import NAN
from apex.model.verdict import Verdict

if TYPE_CHECKING:
    from apex.measure.content import Exposed

EVERY = "all"
PEOPLE = ["n_treated", "n_control", "did_treated", "did_control"]
ALSO = ["effect", "low", "high", "lowest", "highest", "naive", "without", "placebo_p", "odds",
        "smd_before", "smd_after", "inside", "times"]  # fmt: skip
Verdicts = Mapping[tuple[str, str], Verdict]


def verdicts(
    seen: "Exposed", outcomes: Sequence[str], by_format: Sequence[str] = (), seed: int = 0
) -> dict[tuple[str, str], Verdict]:
    """The verdict by (arm, outcome): EVERY for any content, and for each format seen first those of `by_format`.

    The exposed of a format stand beside the unexposed who were lent their moments. Empty where nobody was exposed.
    """
    found: dict[tuple[str, str], Verdict] = {}
    for arm in [None, *sorted(seen.people.arm.dropna().unique())] if len(seen.people) else []:
        few = seen.only(arm)
        for outcome in outcomes if arm is None else by_format:
            found[arm or EVERY, outcome] = effect.observed(
                few.outcomes[outcome], few.people.treated, few.covariates, before=few.before[outcome],
                earlier_covariates=few.earlier, clusters=few.people.consumer_id, seed=seed,
            )  # fmt: skip
    return found


def changed(seen: "Exposed", verdicts: Verdicts) -> pd.DataFrame:
    """One row an arm and outcome.

    arm, outcome, effect (null where not identified), low, high (its interval; else from the lowest to the highest end of the
    defensible estimates), lowest, highest (those estimates), naive (the bare difference), without (what the exposed would
    have done without; null where not identified), placebo_p (the smallest p of an effect on the days before), odds (how
    strong an unseen cause would have to be for the interval to reach 0), smd_before, smd_after (the largest standardised
    difference of a covariate), inside (share of the exposed within the others' range of chances), times (exposures:
    a consumer may be exposed in several periods), n_treated, n_control (distinct consumers), did_treated, did_control (of
    them, who did it at least once), answer, reason (the first one where not identified).
    """
    rows = []
    for (arm, outcome), verdict in verdicts.items():
        few, evidence, one = seen.only(None if arm == EVERY else arm), verdict.evidence, verdict.estimate
        did = few.outcomes[outcome] > 0
        rows.append({
            "arm": arm, "outcome": outcome, "effect": one.effect if one else NAN, "low": verdict.low, "high": verdict.high,
            "lowest": verdict.lowest, "highest": verdict.highest, "naive": evidence.naive.effect,
            "without": one.without if one else NAN,
            "placebo_p": min((e.p for e in evidence.placebos if not e.cannot), default=NAN),
            "odds": effect.bound(one, 1.0).odds_low if one else NAN,
            **{f"smd_{side}": evidence.balance[side].astype(float).abs().max() for side in ("before", "after")},
            "inside": evidence.overlap.inside,
            "times": int(few.people.treated.sum()),
            **{f"{what}_{name}": few.people.consumer_id[group & some].nunique()
               for what, some in (("n", True), ("did", did))
               for name, group in (("treated", few.people.treated), ("control", ~few.people.treated))},
            "answer": verdict.answer, "reason": verdict.reasons[0].code if verdict.reasons else "",
        })  # fmt: skip
    columns = ["arm", "outcome", *ALSO, *PEOPLE, "answer", "reason"]
    return pd.DataFrame(rows, columns=columns)
