"""What a campaign can be said to have changed, from a verdict (`apex.model.verdict.Verdict`) on GMV.

*Counted*, *lift* and *not identified* are never mixed: a difference between those who were addressed and those who were not is
only called lift where a trial, or a design that earns the word, stands behind it.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from apex.show.say.wording import trait
from apex.show.words import MISSING, Words


def changed(answer: Any, words: Words) -> dict[str, Any]:
    """What the campaign changed, from a verdict on GMV; None where nobody was listed."""
    unknown = words("What the campaign changed is not identified")
    answers = {"trust": words("Sums are counted; what the campaign changed is not identified")}
    if answer is None:
        return {
            "kind": "not identified", "short": unknown, "answers": answers,
            "text": words("The data hold no list of who was addressed, so what the campaign changed cannot be asked of them."),
            "next_step": words("Keep the list of who is addressed, and hold out a random share of it."),
        }  # fmt: skip
    step = words("Hold out a random share of the next list: then the next wrap-up can answer this.")
    treated, n = answer.treated, answer.evidence.naive.n
    if 0 < treated < words.threshold:
        text = words("The campaign addressed too few consumers to show what it changed.")
        return {"kind": "not identified", "short": unknown, "text": text, "next_step": step, "answers": answers}
    fields: dict[str, Any] = {"n": n if n == 0 or n >= words.threshold else None, "unit": "money_minor"}
    low, high = answer.low * treated, answer.high * treated
    span = {"low": words.signed_money(_whole(low)), "high": words.signed_money(_whole(high))}
    if answer.identified:
        value = answer.estimate.total[0]
        effect = words.signed_money(round(value))
        text = {
            "lift": lambda: words(
                "The campaign changed GMV by **{effect}** ({low} to {high}) over the {n} consumers it addressed; chance had "
                "decided who was addressed.", effect=effect, n=treated, **span),
            "quasi": lambda: words(
                "The campaign changed GMV by **{effect}** ({low} to {high}) over the {n} consumers it addressed, as far as "
                "comparable groups can say without a trial.", effect=effect, n=treated, **span),
        }[answer.answer]()  # fmt: skip
        verdict = "ahead" if low > 0 else "behind" if high < 0 else "careful"
        short = words("The campaign changed GMV by {effect}", effect=effect) if verdict != "careful" else words(
            "No change of GMV can be told from chance"
        )  # fmt: skip
        answers["trust"] = {
            "lift": words("Sums are counted; what the campaign changed stands on a trial"),
            "quasi": words("Sums are counted; the change stands on comparable groups, not on a trial"),
        }[answer.answer]
        return fields | {"kind": "lift", "value": value, "low": low, "high": high, "verdict": verdict, "text": text,
                         "short": short, "answers": answers}  # fmt: skip
    fields |= {"kind": "not identified", "verdict": "none", "short": unknown, "next_step": step, "answers": answers}
    if math.isnan(low):
        why = _reason(answer.reasons[0], words)[0]
        text = words("The data cannot say what the campaign changed, not even a range. {reason}.", reason=why)
        return fields | {"text": text}
    text = words(
        "The data cannot say what the campaign changed: defensible estimates reach from **{low}** to **{high}** of GMV over "
        "the {people} consumers addressed, and {n} reason speaks against trusting any of them.",
        "The data cannot say what the campaign changed: defensible estimates reach from **{low}** to **{high}** of GMV over "
        "the {people} consumers addressed, and {n} reasons speak against trusting any of them.",
        people=treated, n=len(answer.reasons), **span,
    )  # fmt: skip
    return fields | {"low": low, "high": high, "text": text}


def reasons(answer: Any, words: Words) -> pd.DataFrame:
    """Why an effect on GMV is not identified, in words: one row a reason (reason, found, limit)."""
    return pd.DataFrame([_reason(r, words) for r in answer.reasons], columns=["reason", "found", "limit"])


def _reason(reason: Any, words: Words) -> tuple[str, str, str]:
    """One `apex.model.verdict.Reason`: what it is, what was found, what would have been good enough."""
    value, limit, about, number = reason.value, reason.limit, reason.about, words.number
    most, least = (lambda x: words("at most {x}", x=x)), (lambda x: words("at least {x}", x=x))
    deviations = words("{x} standard deviations", x=number(abs(value), 2))
    share = words.share(value, 1)
    points = words("{x} points", x=number(100 * abs(value), 0))
    apart = words("{x} apart a consumer", x=words.money(_whole(value)))
    few = words.few() if 0 < value < words.threshold else number(value, 0)
    p, bound = _p(value, words), words("p at least {x}", x=number(limit, 4))
    known: Mapping[str, Callable[[], tuple[str, str, str]]] = {
        "too_few": lambda: (words("The smaller group is too small"), few, least(number(limit, 0))),
        "sample_ratio": lambda: (words("The groups are not of the size that was drawn"), p, bound),
        "balance": lambda: (words("The groups differed before the campaign, most in {about}", about=covariate(about, words)),
                            deviations, most(number(limit, 2))),
        "inside": lambda: (words("Few addressed consumers have comparable others"), share, least(words.share(limit))),
        "certain": lambda: (words("Many were as good as certain to be addressed"), share, most(words.share(limit))),
        "contaminated": lambda: (words("Consumers not on the list were on another live list"), share, most(words.share(limit))),
        "other_campaigns": lambda: (
            words("Those addressed were less often on other live lists") if value < 0
            else words("Those addressed were more often on other live lists as well"),
            points, most(words("{x} points", x=number(100 * limit, 0)))),
        "no_placebo": lambda: (words("No earlier period in which to test the methods"), number(value, 0),
                               least(number(limit, 0))),
        "pretrend": lambda: (words("The groups moved apart before the campaign began"), p, bound),
        "placebo": lambda: (words("The method {about} finds effects where there was no campaign", about=method(about, words)),
                            p, bound),
        "no_second": lambda: (words("Only one method gives a number"), method(about, words), MISSING),
        "disagree": lambda: (
            words("Two defensible methods disagree: {about}", about=" / ".join(method(m, words) for m in about.split("/"))),
            apart, most(words.money(_whole(limit)))),
        "signs": lambda: (words("Estimates disagree even in sign"),
                          words("{low} to {high}", low=words.signed_money(_whole(value)), high=words.signed_money(_whole(limit))),
                          MISSING),
        "whole": lambda: (words("The campaign as a whole is not identified, so no part of it is"), MISSING, MISSING),
        "no_treated": lambda: (words("Nobody was addressed"), MISSING, MISSING),
        "no_control": lambda: (words("Everybody was addressed"), MISSING, MISSING),
        "no_period_before": lambda: (words("There is no period before the campaign"), MISSING, MISSING),
        "no_history": lambda: (words("Nobody in the group had bought before, so there is no change to measure"),
                               MISSING, MISSING),
        "no_variation": lambda: (words("Nothing varied"), MISSING, MISSING),
        "no_overlap": lambda: (words("The groups have nobody in common to compare"), MISSING, MISSING),
    }  # fmt: skip
    what, found, wanted = known[reason.code]()
    if math.isnan(value) and not math.isnan(limit):
        found = words("not measured")  # what was not measured counts as not met
    return what, found, MISSING if math.isnan(limit) else wanted


def method(name: str, words: Words) -> str:
    """An estimator's name as people say it."""
    known = {
        "naive": words("bare difference"),
        "did": words("difference in differences"),
        "did_panel": words("difference in differences, all periods"),
        "did_strata": words("difference in differences within tenths of prior spend"),
        "lagged": words("given the outcome before"),
        "difference": words("difference in means of a trial"),
        "adjusted": words("trial, adjusted for the outcome before"),
        "aipw": words("weighting and regression on all that was known"),
        "aipw_change": words("change, given what was known earlier"),
        "regression": words("regression alone"),
    }
    return known[name]


def covariate(name: str, words: Words) -> str:
    """A covariate of the balance table as people say it: MEASURE[PERIOD], or TRAIT=LEVEL."""
    base, _, period = name.partition("[")
    known = {
        "gmv_minor": words("spend in scope"),
        "orders": words("orders in scope"),
        "buyers": words("buying at all"),
        "all_minor": words("spend on anything"),
    }
    if base in known:
        n = abs(int(period.rstrip("]")))
        return words("{what}, {n} period before", "{what}, {n} periods before", what=known[base], n=n)
    which, _, level = name.partition("=")
    return words("{what}: {level}", what=trait(which, words), level=words("unknown") if level == "?" else level)


def estimates(answer: Any, words: Words) -> pd.DataFrame:
    """Defensible estimates of the total effect as bars: label, value, low, high (minor units).

    Empty where nothing may be said, not even a range. The bare difference is none of them.
    """
    told = not math.isnan(answer.low) and answer.treated >= words.threshold
    rows = [(method(e.method, words), *e.total) for e in answer.evidence.defensible if told and not e.cannot]
    return pd.DataFrame(rows, columns=["label", "value", "low", "high"])


def _whole(value: float) -> int | None:
    return None if math.isnan(value) else round(value)


def _p(value: float, words: Words) -> str:
    if math.isnan(value):
        return MISSING
    if value < 0.001:
        return words("p below {x}", x=words.number(0.001, 3))
    return words("p = {x}", x=words.number(value, 3))
