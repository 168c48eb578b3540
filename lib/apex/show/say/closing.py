"""What `4_wrapup/closing` says: goal against result, who bought, who moved, and what the campaign can be said to have changed.

*Counted*, *lift* and *not identified* are never mixed: a difference between those who were addressed and those who were not is
only called lift where a trial, or a design that earns the word, stands behind it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from apex.show.say.assets import flows
from apex.show.words import Words

__all__ = [
    "LEARNED", "buyer_bars", "changed", "conversion_bars", "effect", "estimates", "flows", "learned", "newness", "reasons",
    "result", "result_rows", "result_table", "sales_bars", "stock_by_history",
]  # fmt: skip
LEARNED = ("cell", "consumers", "buyers", "gmv_minor", "rate", "low", "high")  # what a lesson keeps of each cell


def result(gmv: int, before: int, buyers: int, goal: int | None, days: int, words: Words) -> dict[str, Any]:
    """Did we reach the goal? GMV of the window, of the window before, buyers, goal (minor units or None)."""
    if 0 < buyers < words.threshold:
        return {"kind": "counted", "short": words("Too few buyers to show GMV"),
                "text": words("Fewer than {n} buyers: no figure is shown.", n=words.threshold)}  # fmt: skip
    money, earlier = words.money(gmv), words.money(before)
    change = words.signed_share(gmv / before - 1) if before else "–"
    tile = {"label": words("GMV in the window"), "value": words.money_short(gmv),
            "note": words("{change} on the {n} days before", change=change, n=days)}  # fmt: skip
    fields: dict[str, Any] = {"kind": "counted", "value": float(gmv), "unit": "money_minor", "n": buyers, "tile": tile}
    if not goal:
        text = words("The window brought **{money}** from {buyers} buyers, **{change}** on the {n} days before.",
                     money=money, buyers=buyers, change=change, n=days)  # fmt: skip
        short = words("{money}, {change} on the period before", money=money, change=change)
        return fields | {
            "short": short,
            "text": text,
            "compared": {"label": words("the period before"), "value": float(before)},
        }
    reached = gmv / goal
    verdict = "ahead" if reached >= 1 else "careful" if reached >= 0.95 else "behind"
    short = {
        "ahead": words("Goal reached: {share} of {goal}", share=words.share(reached), goal=words.money_short(goal)),
        "careful": words(
            "Just short of the goal: {share} of {goal}", share=words.share(reached), goal=words.money_short(goal)
        ),
        "behind": words("Goal missed: {share} of {goal}", share=words.share(reached), goal=words.money_short(goal)),
    }[verdict]
    text = words(
        "The window brought **{money}** from {buyers} buyers, **{share}** of the goal of {goal}, and {change} on the {n} days "
        "before ({earlier}).",
        money=money, buyers=buyers, share=words.share(reached), goal=words.money(goal), change=change, n=days, earlier=earlier,
    )  # fmt: skip
    return fields | {
        "verdict": verdict,
        "short": short,
        "text": text,
        "compared": {"label": words("goal"), "value": float(goal)},
    }


def newness(now: pd.DataFrame, before: pd.DataFrame, days: int, words: Words) -> dict[str, Any]:
    """Who bought: consumers who had bought the brand before, and those who had not.

    now, before: segment, gmv_minor, buyers (suppressed counts null) of the window and of the one before.
    """
    new, was = (f.set_index("segment").loc["new"] for f in (now, before))
    whole = now.set_index("segment").gmv_minor["all"]
    share = words.share(new.gmv_minor / whole) if not pd.isna(whole) and whole > 0 else "–"
    buyers, earlier = _people(new.buyers, words), _people(was.buyers, words)
    known = not (pd.isna(new.buyers) or pd.isna(was.buyers))
    verdict = (
        "none"
        if not known
        else "ahead"
        if new.buyers > was.buyers
        else "behind"
        if new.buyers < was.buyers
        else "careful"
    )
    text = words(
        "**{buyers}** consumers bought for the first time the data know of, against {earlier} in the {n} days before; they "
        "brought {share} of GMV.",
        buyers=buyers, earlier=earlier, n=days, share=share if known else "–",
    )  # fmt: skip
    tile = {"label": words("New buyers"), "value": buyers, "note": words("{n} in the period before", n=earlier)}
    return {
        "kind": "counted", "value": float(new.buyers) if known else None, "unit": "consumers", "verdict": verdict,
        "short": words("{buyers} new buyers, {earlier} the period before", buyers=buyers, earlier=earlier), "text": text,
        "tile": tile,
    }  # fmt: skip


def changed(answer: Any, words: Words) -> dict[str, Any]:
    """What the campaign changed, from a verdict (`apex.model.verdict.Verdict`) on GMV; None where nobody was listed."""
    if answer is None:
        return {
            "kind": "not identified", "short": words("What the campaign changed is not identified"),
            "text": words("The data hold no list of who was addressed, so what the campaign changed cannot be asked of them."),
            "next_step": words("Keep the list of who is addressed, and hold out a random share of it."),
        }  # fmt: skip
    treated = answer.evidence.naive.n_treated
    n = answer.evidence.naive.n
    if answer.identified and answer.estimate is not None:
        effect, low, high = answer.estimate.total
        text = words(
            "The campaign changed GMV by **{effect}** ({low} to {high}) over the {n} consumers it addressed.",
            effect=words.signed_money(round(effect)), low=words.signed_money(round(low)), high=words.signed_money(round(high)),
            n=treated,
        )  # fmt: skip
        verdict = "ahead" if low > 0 else "behind" if high < 0 else "careful"
        return {"kind": "lift", "value": effect, "low": low, "high": high, "unit": "money_minor", "n": n, "verdict": verdict,
                "short": words("The campaign changed GMV by {effect}", effect=words.signed_money(round(effect))), "text": text}  # fmt: skip
    fields: dict[str, Any] = {"kind": "not identified", "n": n, "unit": "money_minor", "verdict": "none",
                              "short": words("What the campaign changed is not identified")}  # fmt: skip
    if answer.low == answer.low:  # a range, not NaN
        low, high = answer.low * treated, answer.high * treated
        text = words(
            "The data cannot say what the campaign changed: defensible estimates reach from **{low}** to **{high}** of GMV over "
            "the {n} consumers addressed, and {reasons} reasons speak against trusting any of them.",
            low=words.signed_money(round(low)), high=words.signed_money(round(high)), n=treated, reasons=len(answer.reasons),
        )  # fmt: skip
        fields |= {"low": low, "high": high}
    else:
        text = words("The data cannot say what the campaign changed, not even a range.")
    step = words("Hold out a random share of the next list: then the next wrap-up can answer this.")
    return fields | {"text": text, "next_step": step}


def reasons(answer: Any, words: Words) -> pd.DataFrame:
    """Why an effect is not identified, in words: one row a reason (reason, found, limit)."""
    rows = [_reason(r.code, r.value, r.limit, r.about, words) for r in answer.reasons]
    return pd.DataFrame(rows, columns=["reason", "found", "limit"])


def _reason(code: str, value: float, limit: float, about: str, words: Words) -> tuple[str, str, str]:
    share, number = words.share, words.number
    known: Mapping[str, Callable[[], tuple[str, str, str]]] = {
        "balance": lambda: (words("The groups differed before the campaign, most in {about}", about=covariate(about, words)),
                    words("{x} standard deviations", x=number(abs(value), 2)), words("at most {x}", x=number(limit, 2))),
        "contaminated": lambda: (words("Consumers not on the list were on another live list"), share(value, 1),
                         words("at most {x}", x=share(limit))),
        "other_campaigns": lambda: (words("Those addressed were more often on other live lists as well"),
                            words("{x} points more", x=number(100 * value, 0)), words("at most {x}", x=number(100 * limit, 0))),
        "pretrend": lambda: (words("The groups moved apart before the campaign began"), _p(value, words), _p(limit, words)),
        "placebo": lambda: (words("The method {about} finds effects where there was no campaign", about=method(about, words)),
                    _p(value, words), _p(limit, words)),
        "disagree": lambda: (words("Two defensible methods disagree: {about}",
                           about=" / ".join(method(m, words) for m in about.split("/"))),
                     words("{x} apart a consumer", x=words.money(round(value))),
                     words("at most {x}", x=words.money(round(limit)))),
        "signs": lambda: (words("Estimates disagree even in sign"), words.signed_money(round(value)) if value == value else "–",
                  words.signed_money(round(limit)) if limit == limit else "–"),
        "inside": lambda: (words("Few addressed consumers have comparable others"), share(value), words("at least {x}", x=share(limit))),
        "certain": lambda: (words("Many were as good as certain to be addressed"), share(value), words("at most {x}", x=share(limit))),
        "sample_ratio": lambda: (words("The groups are not of the size that was drawn"), _p(value, words), _p(limit, words)),
        "too_few": lambda: (words("The smaller group is too small"), number(value, 0), words("at least {x}", x=number(limit, 0))),
        "no_placebo": lambda: (words("No earlier period in which to test the methods"), number(value, 0),
                       words("at least {x}", x=number(limit, 0))),
        "whole": lambda: (words("The campaign as a whole is not identified, so no part of it is"), "–", "–"),
        "no_second": lambda: (words("Only one method gives a number"), "–", "–"),
        "no_treated": lambda: (words("Nobody was addressed"), "–", "–"),
        "no_control": lambda: (words("Everybody was addressed"), "–", "–"),
        "no_period_before": lambda: (words("There is no period before the campaign"), "–", "–"),
        "no_history": lambda: (words("Nobody in the group had bought before, so there is no change to measure"), "–", "–"),
        "no_variation": lambda: (words("Nothing varied"), "–", "–"),
        "no_overlap": lambda: (words("The groups have nobody in common to compare"), "–", "–"),
    }  # fmt: skip
    return known[code]()


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
    }
    return known[name]


def covariate(name: str, words: Words) -> str:
    """A covariate of the balance table as people say it; traits keep their own names."""
    base, _, period = name.partition("[")
    known = {
        "gmv_minor": words("spend in scope"),
        "orders": words("orders in scope"),
        "buyers": words("buying at all"),
        "all_minor": words("spend on anything"),
    }
    if base in known:
        return words("{what}, {n} periods before", what=known[base], n=abs(int(period.rstrip("]"))))
    trait, _, level = name.partition("=")
    return words("{trait} unknown", trait=trait) if level == "?" else name


def estimates(answer: Any, words: Words) -> pd.DataFrame:
    """Defensible estimates of the total effect as bars: label, value, low, high (minor units)."""
    rows = [(method(e.method, words), *e.total) for e in answer.evidence.defensible if not e.cannot]
    return pd.DataFrame(rows, columns=["label", "value", "low", "high"])


def learned(kept: Sequence[str], effect: str, words: Words) -> dict[str, Any]:
    """What goes into the next plan. kept: cells whose conversion was learned; effect: the verdict's answer."""
    what = words("what bought stock converts at stays a prior") if effect == "not identified" else words(
        "the effect goes with it"
    )  # fmt: skip
    text = words(
        "The next plan takes over how **{n}** cells of the eve converted in this window; {what}.",
        n=len(kept),
        what=what,
    )
    return {"kind": "counted", "value": float(len(kept)), "short": words("{n} conversions go into the next plan", n=len(kept)),
            "text": text}  # fmt: skip


def effect(answer: Any) -> dict[str, Any]:
    """The verdict as a lesson keeps it: verdict, measure, value, low, high (totals in minor units), n."""
    if answer is None:
        return {"verdict": "not identified", "measure": "gmv_minor", "value": None, "low": None, "high": None, "n": 0}
    treated, one = answer.evidence.naive.n_treated, answer.estimate
    low, high = answer.low * treated, answer.high * treated
    return {
        "verdict": answer.answer, "measure": "gmv_minor", "n": answer.evidence.naive.n,
        "value": round(one.total[0]) if answer.identified and one is not None else None,
        "low": round(low) if low == low else None, "high": round(high) if high == high else None,
    }  # fmt: skip


def sales_bars(now: pd.DataFrame, before: pd.DataFrame, words: Words) -> pd.DataFrame:
    """GMV by segment, with the period before, as bars: label, value, before (and suppressed)."""
    return _bars(now, before, "gmv_minor", words)


def buyer_bars(now: pd.DataFrame, before: pd.DataFrame, words: Words) -> pd.DataFrame:
    """Buyers by segment, with the period before, as bars: label, value, before (and suppressed)."""
    return _bars(now, before, "buyers", words)


def _bars(now: pd.DataFrame, before: pd.DataFrame, column: str, words: Words) -> pd.DataFrame:
    names = segments(words)
    was = before.set_index("segment")[column]
    return pd.DataFrame(
        {
            "label": [names[s] for s in now.segment],
            "value": now[column].array,
            "before": [was[s] for s in now.segment],
            "suppressed": now.suppressed.array,
        }
    )


def segments(words: Words) -> dict[str, str]:
    """All, new and old consumers, in words."""
    return {"all": words("all"), "new": words("new to the brand"), "old": words("bought before")}


def stock_by_history(flow: pd.DataFrame, stages: Sequence[tuple[str, str]], words: Words) -> pd.DataFrame:
    """Stock on the eve and at the end by new and old: segment, stage, eve, end. flow: segment, from_stage, to_stage, consumers."""
    names, frames = segments(words), []
    for side, column in (("from_stage", "eve"), ("to_stage", "end")):
        part = flow[flow[side].astype(str) != "none"]
        sums = part.groupby(["segment", side], observed=True).consumers.agg(lambda c: c.sum(skipna=False))
        frames.append(sums.rename_axis(["segment", "stage"]).rename(column))
    both = pd.concat(frames, axis=1)
    rows = [
        (names[s], label, both.eve.get((s, stage)), both.end.get((s, stage)))
        for s in ("new", "old")
        for stage, label in stages
    ]
    return pd.DataFrame(rows, columns=["segment", "stage", "eve", "end"]).astype({"eve": "Int64", "end": "Int64"})


def cells(stages: Sequence[tuple[str, str]], words: Words) -> dict[str, str]:
    """The cells of the eve in words: stages, the opportunity, and neither."""
    return {"none": words("neither"), "O": words("Opportunity"), **dict(stages)}


def conversion_bars(converted: pd.DataFrame, stages: Sequence[tuple[str, str]], words: Words) -> pd.DataFrame:
    """Conversion of each cell as bars with whiskers: label, value, low, high."""
    names = cells(stages, words)
    frame = converted.rename(columns={"rate": "value"})
    return frame.assign(label=[names[str(c)] for c in converted.cell])[["label", "value", "low", "high"]]


def result_table(facts: pd.DataFrame, goal: int | None) -> pd.DataFrame:
    """The table of results: measure, segment, goal, actual, comparison, effect, low, high, n, identified.

    facts: measure, segment, actual, comparison and, where a campaign was judged, effect, low, high, n, identified.
    """
    frame = facts.reindex(
        columns=["measure", "segment", "goal", "actual", "comparison", "effect", "low", "high", "n", "identified"]
    )
    whole = (frame.measure == "gmv_minor") & (frame.segment == "all")
    frame["goal"] = pd.Series(goal, frame.index, dtype="Int64").where(whole)
    hidden = frame.actual.isna()  # too few people: what is estimated of them is theirs as well
    for column in ("effect", "low", "high"):
        frame[column] = frame[column].astype("Float64").mask(hidden).round()
    frame["n"] = frame.n.astype("Int64")
    frame["identified"] = frame.identified.astype("boolean").fillna(False).astype(bool)
    order = {"gmv_minor": 0, "buyers": 1, "orders": 2}
    frame["measure"] = pd.Categorical(frame.measure, list(order), ordered=True)
    return frame


def result_rows(result: pd.DataFrame, words: Words) -> pd.DataFrame:
    """The table of results in words, every figure formatted in its own unit."""
    names = {"gmv_minor": words("GMV"), "buyers": words("Buyers"), "orders": words("Orders")}
    rows = []
    for row in result.itertuples():
        money = row.measure == "gmv_minor"
        plain, signed = (words.money, words.signed_money) if money else (words.count, words.signed)
        effect = "–"
        if not pd.isna(row.low):
            span = words("{low} to {high}", low=signed(round(row.low)), high=signed(round(row.high)))
            effect = span if row.identified else words("not identified; {span}", span=span)
        rows.append(
            {
                "measure": names[row.measure], "segment": segments(words)[row.segment],
                "goal": "–" if pd.isna(row.goal) else plain(row.goal),
                "actual": words.suppressed() if pd.isna(row.actual) else plain(row.actual),
                "comparison": words.suppressed() if pd.isna(row.comparison) else plain(row.comparison), "effect": effect,
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def _p(value: float, words: Words) -> str:
    if value != value:
        return "–"
    return (
        words("p below {x}", x=words.number(0.001, 3)) if value < 0.001 else words("p = {x}", x=words.number(value, 3))
    )


def _people(count: Any, words: Words) -> str:
    return words.suppressed() if pd.isna(count) else words.count(int(count))
