"""What a campaign can be said to have changed: never a difference between the addressed and the others called lift."""

import dataclasses
import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from apex.model.balance import Overlap
from apex.model.estimate import NAN, Estimate
from apex.model.event_study import Pretrend
from apex.model.verdict import Evidence, Reason, in_short, judge
from apex.report.finding import Finding
from apex.report.lesson import Effect
from apex.show.say import effects as say
from apex.show.words import Words

NAIVE = 777.7  # the bare difference: to be seen nowhere
TREATED = 400


@pytest.fixture(params=["en", "zh"])
def words(request):
    return Words(request.param, "CNY", 20)


def valid(fields):
    """The fields make a finding, whatever the case."""
    return Finding(notebook="4_wrapup/closing", name="x", **fields)


def estimate(method="did", effect=5.0, se=2.0, after=0, n=(TREATED, 500), kind="model", **more):
    return Estimate(method, effect, effect - 2 * se, effect + 2 * se, se, *n, kind, after, **more)


def table(after):
    return pd.DataFrame({"covariate": ["gmv_minor[-1]", "age_band=25-34"], "before": 0.3, "after": [after, 0.01]})


def evidence(**change):
    """Evidence that earns "quasi", with a naive difference that is far off."""
    good = Evidence(
        randomised=False, naive=estimate("naive", NAIVE, kind="counted"),
        defensible=(estimate(), estimate("did_strata", 6.0, 2.5)),
        placebos=(estimate(effect=0.1, after=-1), estimate("did_strata", -0.2, after=-1)),
        pretrend=Pretrend(0.4, 2), balance=table(0.1), overlap=Overlap(1.0, 0.2, 0.8, 0.0, 100), contaminated=(0.02, 0.01),
    )  # fmt: skip
    return dataclasses.replace(good, **change)


def trial(effect=5.0, se=2.0):
    lift = (estimate("adjusted", effect, se, kind="lift"), estimate("difference", effect + 1, se, kind="lift"))
    return judge(evidence(randomised=True, defensible=lift, sample_ratio=0.5))


QUASI = judge(evidence())
RANGE = judge(evidence(pretrend=Pretrend(0.001, 2)))
NO_RANGE = judge(evidence(defensible=(estimate(),)))
TOO_FEW = judge(evidence(naive=estimate("naive", NAIVE, n=(22, 500), kind="counted")))
HANDFUL = judge(
    evidence(naive=estimate("naive", NAIVE, n=(5, 9), kind="counted"), defensible=(estimate(n=(5, 9)), estimate()))
)
NO_HISTORY = judge(evidence(defensible=(estimate(effect=NAN, cannot="no_history"), estimate("did_strata"))))
VERDICTS = [trial(), trial(0.5), QUASI, RANGE, NO_RANGE, TOO_FEW, HANDFUL, NO_HISTORY]


def numbers(text):
    return {re.sub(r"[^0-9]", "", found) for found in re.findall(r"[0-9][0-9,.]*", text)}


def bare(words):
    """The naive difference as it would be written: per consumer and for all, with its ends, whole and in minor units."""
    one = VERDICTS[0].evidence.naive
    values = [*one.total, one.effect, one.low, one.high]
    written = (
        {words.money(round(v)) for v in values} | {words.count(round(v)) for v in values} | {str(v) for v in values}
    )
    return set().union(*(numbers(text) for text in written))


@pytest.mark.parametrize("answer", VERDICTS, ids=lambda v: f"{v.answer}, {len(v.reasons)}")
def test_a_naive_difference_is_nowhere_called_lift(words, answer):
    said = valid(say.changed(answer, words))
    frames = [say.estimates(answer, words), say.reasons(answer, words)]
    written = str(said) + "".join(f.to_string() for f in frames) + str(in_short(answer))
    assert not numbers(written) & bare(words)
    labels = set(frames[0].label)
    assert say.method("naive", words) not in labels
    assert not set(frames[0].value.round(3)) & {round(NAIVE, 3), round(NAIVE * TREATED, 3)}
    assert said.kind == answer.kind == ("lift" if answer.identified else "not identified")
    assert (said.value is None) == (not answer.identified)
    assert set(said.answers) == {"trust"}


def test_a_trial_is_told_from_a_design_and_both_from_nothing(words):
    lift, quasi, unknown = (valid(say.changed(v, words)) for v in (trial(), QUASI, RANGE))
    assert lift.value == quasi.value == 5 * TREATED and lift.text != quasi.text
    assert (lift.verdict, lift.low, lift.high) == ("ahead", TREATED, 9 * TREATED)
    assert words.signed_money(2000) in lift.short
    assert len({said.answers["trust"] for said in (lift, quasi, unknown)}) == 3, "so is how far to trust it"
    assert unknown.value is None and (unknown.low, unknown.high) == (TREATED, 11 * TREATED) and unknown.next_step
    assert words.signed_money(2000) not in unknown.text and words.signed_money(11 * TREATED) in unknown.text


def test_an_effect_that_may_be_chance_claims_none(words):
    said = valid(say.changed(trial(0.5), words))
    assert said.verdict == "careful" and words.signed_money(200) not in said.short and said.value == 200
    assert valid(say.changed(trial(-9), words)).verdict == "behind"


def test_without_a_range_the_reason_stands_in_its_place(words):
    for answer in (NO_RANGE, TOO_FEW, NO_HISTORY):
        said = valid(say.changed(answer, words))
        assert said.low is said.high is None and say.reasons(answer, words).reason[0] in said.text
        assert say.estimates(answer, words).empty, "one method alone is no answer either"


def test_few_addressed_consumers_are_not_shown(words):
    said = valid(say.changed(HANDFUL, words))
    assert said.n is None and said.low is None and not numbers(said.text)
    found = say.reasons(HANDFUL, words).iloc[0]
    assert found.found == "<20" and say.estimates(HANDFUL, words).empty
    assert say.reasons(TOO_FEW, words).iloc[0].found == "22"


@pytest.mark.parametrize("answer", [trial(), QUASI, RANGE])
def test_an_effect_on_fewer_than_the_threshold_is_theirs_alone(words, answer):
    strict = dataclasses.replace(words, threshold=TREATED + 1)
    said = valid(say.changed(answer, strict))
    assert (said.kind, said.value, said.low) == ("not identified", None, None) and not numbers(said.text)
    assert say.estimates(answer, strict).empty


def test_nobody_was_listed(words):
    said = valid(say.changed(None, words))
    assert (said.kind, said.value, said.low, said.n) == ("not identified", None, None, None) and said.next_step
    assert Effect(**in_short(None)).value is None


def test_estimates_are_totals_of_what_can_be_defended(words):
    frame = say.estimates(RANGE, words)
    assert list(frame.value) == [5 * TREATED, 6 * TREATED] and (frame.low <= frame.high).all()
    assert list(frame.label) == [say.method(m, words) for m in ("did", "did_strata")]


@pytest.mark.parametrize("answer", [*VERDICTS, judge(evidence(naive=estimate("naive", n=(0, 9)), defensible=(
    estimate(effect=NAN, n=(0, 9), cannot="no_treated"),)))])  # fmt: skip
def test_a_lesson_keeps_the_verdict_and_no_value_that_is_not_identified(answer):
    kept = Effect(**in_short(answer))
    assert kept.verdict == answer.answer and (kept.value is None) == (not answer.identified)
    assert (kept.low is None) == np.isnan(answer.low)
    if kept.value is not None:
        assert kept.low <= kept.value <= kept.high


CODES = {
    "too_few": (29, 30), "sample_ratio": (0.0001, 0.001), "balance": (-0.3, 0.25, "gmv_minor[-2]"), "inside": (0.9, 0.95),
    "certain": (0.3, 0.1), "contaminated": (0.08, 0.05), "other_campaigns": (-0.3, 0.05), "no_placebo": (0, 1),
    "pretrend": (0.01, 0.05), "placebo": (0.002, 0.003, "lagged"), "no_second": (1, 2, "did"),
    "disagree": (5.4, 1.2, "did/did_panel"), "signs": (-3.0, 4.0), "whole": (), "no_treated": (), "no_control": (),
    "no_period_before": (), "no_history": (), "no_variation": (), "no_overlap": (),
}  # fmt: skip


def test_every_reason_has_words_of_its_own(words):
    documented = set(re.findall(r"\b[a-z]+(?:_[a-z]+)*\b", Reason.__doc__.split("limit it broke")[1]))
    assert set(CODES) <= documented, "a code that the verdict does not give"
    assert {d for d in documented if "_" in d} <= set(CODES), "a code without a case here"
    answer = SimpleNamespace(reasons=[Reason(code, *rest) for code, rest in CODES.items()])
    frame = say.reasons(answer, words)
    assert frame.reason.nunique() == len(CODES) and (frame[["found", "limit"]] != "").all(axis=None)
    rows = dict(zip(CODES, frame.itertuples(), strict=True))
    assert rows["signs"].limit == "–" and "¥0.04" in rows["signs"].found, "both ends were found, neither was wanted"
    assert rows["pretrend"].limit == words("p at least {x}", x="0.05")
    assert not any("_" in text for text in frame.to_numpy().ravel())
    bare_codes = SimpleNamespace(
        reasons=[Reason(code, about="did" if rest[2:] else "") for code, rest in CODES.items()]
    )
    assert (say.reasons(bare_codes, words).limit == "–").all()


def test_what_was_not_measured_is_said(words):
    names = ("balance", "inside", "certain", "contaminated", "other_campaigns")
    answer = SimpleNamespace(reasons=[Reason(code, NAN, 0.25, "gmv_minor[-1]") for code in names])
    assert set(say.reasons(answer, words).found) == {words("not measured")}


def test_the_way_of_other_campaigns_is_told(words):
    more, less = (
        say.reasons(SimpleNamespace(reasons=[Reason("other_campaigns", v, 0.05)]), words).iloc[0] for v in (0.3, -0.3)
    )
    assert more.reason != less.reason and more.found == less.found == words("{x} points", x="30")


def test_no_reason_makes_an_empty_table(words):
    assert say.reasons(QUASI, words).empty


@pytest.mark.parametrize(
    "name", ["gmv_minor[-1]", "orders[-2]", "buyers[-1]", "all_minor[-2]", "age_band=?", "pet=cat"]
)
def test_covariates_are_in_words(words, name):
    said = say.covariate(name, words)
    assert said and not set("_[]=?") & set(said)


def test_the_claim_fits_where_numbers_are_large(words):
    valid(say.changed(judge(evidence(defensible=(estimate(effect=1e12), estimate("did_strata", 1e12)))), words))
