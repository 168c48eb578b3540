"""Is the effect identified? A verdict from evidence, with every reason as a code and a number; words come from elsewhere.

Three answers. "lift": chance decided who was treated. "quasi": it did not, but the groups can be compared, moved alike
before, and estimators that rest on different assumptions agree. "not identified": at least one of these fails; then there is no
single number, only the range over the estimators that can be defended.

What this cannot see: a cause that appears with the campaign and moves only the treated. A quasi verdict is never a proof.
"""

import math
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Any

import pandas as pd

from apex.model.balance import Overlap
from apex.model.estimate import NAN, Estimate
from apex.model.event_study import Pretrend

UNTESTED = Pretrend(NAN, 0)
UNMEASURED = Overlap(NAN, NAN, NAN, NAN, 0)


@dataclass(frozen=True)
class Standards:
    """How good is good enough: settings, with where each comes from.

    smd: largest standardised mean difference after the design. 0.25: Rubin (2001), Stuart (2010), and the line above which
    the What Works Clearinghouse (handbook 4.1) accepts no adjustment; 0.1 is the strict reading (Austin 2009).
    alpha: chance of a false alarm, of the joint pre-trend test and (Bonferroni) of the placebos; 0.05 by convention,
    to be raised where data are many (Roth 2022 on what such tests miss).
    placebos: earlier periods in which the campaign had not begun, at least so many.
    certain, certain_share: a chance of being treated above `certain` (Crump, Hotz, Imbens & Mitnik 2009: 0.9) may hold for at
    most this share of the treated. inside: share of the treated inside the others' range of prior spend, at least.
    contaminated: at most this share of the others may be listed by another live campaign, and at most so much may the
    groups differ in it; a convention: a share c of others treated alike hides about c of the effect.
    sample_ratio: p below which a trial's split is not the one that was drawn (Kohavi, Tang & Xu 2020, chapter 21).
    least: consumers in either group, below which intervals are not to be trusted; a convention.
    """

    smd: float = 0.25
    alpha: float = 0.05
    placebos: int = 1
    certain: float = 0.9
    certain_share: float = 0.1
    inside: float = 0.95
    contaminated: float = 0.05
    sample_ratio: float = 0.001
    least: int = 30


@dataclass(frozen=True)
class Reason:
    """Why an effect is not identified.

    code, the number found and the limit it broke (NaN where there is none):
    too_few (consumers in the smaller group), no_treated, no_control, no_period_before, no_history, no_variation, no_overlap
    (no estimate for that reason), sample_ratio (p), balance (SMD after the design; about: the covariate), inside, certain
    (shares of the treated), contaminated (share of the others), other_campaigns (treated's share less the others'),
    no_placebo (periods), pretrend (p of the joint test), placebo (p of the worst; about: the method), no_second (only one
    estimator has a number; about: which), disagree (gap between two estimates and what it may be; about: the two), signs
    (lowest and highest estimate, as number and limit), whole (the campaign as a whole is not identified, so neither is a part).
    """

    code: str
    value: float = NAN
    limit: float = NAN
    about: str = ""


@dataclass(frozen=True)
class Evidence:
    """All that the verdict looks at.

    defensible: estimates by different assumptions, the main one first. placebos: the same methods in earlier periods.
    contaminated: shares listed by another live campaign, (treated, others). sample_ratio: p of the split, where
    randomised. balance: see `apex.model.balance.balance`.
    """

    randomised: bool
    naive: Estimate
    defensible: tuple[Estimate, ...]
    placebos: tuple[Estimate, ...] = ()
    pretrend: Pretrend = UNTESTED
    balance: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=["covariate", "before", "after"]))
    overlap: Overlap = UNMEASURED
    contaminated: tuple[float, float] = (0.0, 0.0)
    sample_ratio: float = NAN


@dataclass(frozen=True)
class Verdict:
    """answer: "lift", "quasi" or "not identified". estimate: the one to show where there is one. low, high: its interval,
    else from the lowest to the highest end of the intervals of all defensible estimates; NaN where the groups are too small
    or fewer than two estimators have a number.
    lowest, highest: the smallest and largest of those estimates themselves. All per treated consumer.
    """

    answer: str
    estimate: Estimate | None
    low: float
    high: float
    lowest: float
    highest: float
    reasons: tuple[Reason, ...]
    evidence: Evidence

    @property
    def identified(self) -> bool:
        """Whether there is one number that may be called lift."""
        return self.answer != "not identified"

    @property
    def kind(self) -> str:
        """The badge of the number: "lift" or "not identified"."""
        return "lift" if self.identified else "not identified"

    @property
    def treated(self) -> int:
        """How many an effect is summed over."""
        return int(self.evidence.naive.n_treated if self.estimate is None else self.estimate.n_treated)

    def doubted(self, *reasons: Reason) -> "Verdict":
        """The same evidence, not identified for further reasons."""
        return _verdict(self.evidence, (*self.reasons, *reasons))


def in_short(verdict: Verdict | None) -> dict[str, Any]:
    """A verdict on GMV as a lesson keeps it: verdict, measure, value, low, high (totals in minor units), n; None: no list."""
    if verdict is None:
        return {"verdict": "not identified", "measure": "gmv_minor", "value": None, "low": None, "high": None, "n": 0}
    low, high = (None if math.isnan(end) else round(end * verdict.treated) for end in (verdict.low, verdict.high))
    value = round(verdict.estimate.total[0]) if verdict.identified and verdict.estimate else None
    n = verdict.evidence.naive.n
    return {"verdict": verdict.answer, "measure": "gmv_minor", "value": value, "low": low, "high": high, "n": n}


def judge(evidence: Evidence, standards: Standards | None = None) -> Verdict:
    """The verdict on the evidence."""
    wanted = standards or Standards()
    reasons = _numbers(evidence, wanted)
    if not reasons:
        reasons = _split(evidence, wanted) if evidence.randomised else _design(evidence, wanted)
    return _verdict(evidence, tuple(reasons))


def _verdict(evidence: Evidence, reasons: tuple[Reason, ...]) -> Verdict:
    usable = [e for e in evidence.defensible if not e.cannot]
    points = [e.effect for e in usable] or [NAN]
    if reasons:
        shown = len(usable) > 1 and all(r.code != "too_few" for r in reasons)
        low, high = (min(e.low for e in usable), max(e.high for e in usable)) if shown else (NAN, NAN)
        points = points if shown else [NAN]
        return Verdict("not identified", None, low, high, min(points), max(points), reasons, evidence)
    best = replace(usable[0], kind="lift")
    answer = "lift" if evidence.randomised else "quasi"
    return Verdict(answer, best, best.low, best.high, min(points), max(points), (), evidence)


def _numbers(evidence: Evidence, wanted: Standards) -> list[Reason]:
    """Is there enough to estimate anything?"""
    naive, main = evidence.naive, evidence.defensible[0]
    if main.cannot:
        return [Reason(main.cannot)]
    fewest = min(naive.n_treated, naive.n_control)
    return [Reason("too_few", fewest, wanted.least)] if fewest < wanted.least else []


def _split(evidence: Evidence, wanted: Standards) -> list[Reason]:
    p = evidence.sample_ratio
    return [Reason("sample_ratio", p, wanted.sample_ratio)] if p < wanted.sample_ratio else []


def _design(evidence: Evidence, wanted: Standards) -> list[Reason]:
    return _comparable(evidence, wanted) + _quiet_before(evidence, wanted) + _agreement(evidence.defensible)


def _comparable(evidence: Evidence, wanted: Standards) -> list[Reason]:
    """Balance after the design, overlap, and other campaigns. Not measured counts as not met."""
    found = []
    table = evidence.balance
    size = table.after.astype(float).abs()
    if not (size <= wanted.smd).all():
        worst = table.loc[size.idxmax()] if size.notna().any() else table.iloc[0]
        found.append(Reason("balance", float(worst.after), wanted.smd, str(worst.covariate)))
    meet = evidence.overlap
    if not meet.inside >= wanted.inside:
        found.append(Reason("inside", meet.inside, wanted.inside))
    if not meet.certain <= wanted.certain_share:
        found.append(Reason("certain", meet.certain, wanted.certain_share))
    treated, others = evidence.contaminated
    if not others <= wanted.contaminated:
        found.append(Reason("contaminated", others, wanted.contaminated))
    if not abs(treated - others) <= wanted.contaminated:
        found.append(Reason("other_campaigns", treated - others, wanted.contaminated))
    return found


def _quiet_before(evidence: Evidence, wanted: Standards) -> list[Reason]:
    """Nothing may seem to happen in periods in which nothing happened, by any method that is asked about the campaign."""
    placebos = [e for e in evidence.placebos if not e.cannot]
    periods = len({e.after for e in placebos})
    if periods < wanted.placebos:
        return [Reason("no_placebo", periods, wanted.placebos)]
    found = []
    if evidence.pretrend.p < wanted.alpha:
        found.append(Reason("pretrend", evidence.pretrend.p, wanted.alpha))
    limit = wanted.alpha / max(len(placebos), 1)
    for method in dict.fromkeys(e.method for e in placebos):
        worst = min((e for e in placebos if e.method == method), key=lambda e: e.p)
        if worst.p < limit:
            found.append(Reason("placebo", worst.p, limit, method))
    return found


def _agreement(defensible: tuple[Estimate, ...]) -> list[Reason]:
    """Two estimates of one thing from the same consumers may differ by at most the wider one's half interval.

    Where the narrower is efficient, the difference has the variance of the wider less that of the narrower (Hausman 1978),
    so that the rule refuses fewer than 1 in 20 pairs that estimate the same.
    """
    usable = [e for e in defensible if not e.cannot]
    if len(usable) < 2:
        return [Reason("no_second", len(usable), 2, "".join(e.method for e in usable))]
    pairs = [
        Reason(
            "disagree", abs(a.effect - b.effect), max(a.high - a.effect, b.high - b.effect), f"{a.method}/{b.method}"
        )
        for a, b in combinations(usable, 2)
    ]
    worst = max(pairs, key=lambda pair: pair.value / pair.limit)
    if worst.value <= worst.limit:
        return []
    found = [worst]
    lowest, highest = min(e.effect for e in usable), max(e.effect for e in usable)
    return [*found, Reason("signs", lowest, highest)] if lowest < 0 < highest else found
