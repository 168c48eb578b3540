"""What `1_insight/members` says of joining: what it changes, where it happens, and who is next.

Functions take what may be shown (suppressed figures are null) and return the fields of a finding, or frames for charts.
"""

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from apex.show.say.wording import fitting, trait
from apex.show.words import MISSING, Words

LEAST = 30  # people under a share in a sentence


def joining(answer: Any, unseen: float, days: int, words: Words) -> dict[str, Any]:
    """What joining adds in the days after, from a verdict on GMV (`apex.model.verdict.Verdict`); None: nobody to compare.

    unseen: how many times as likely an unseen cause would have to make joining to explain it away (NaN: nothing to explain).
    """
    unknown = words("What joining changes is not identified")
    base: dict[str, Any] = {"kind": "not identified", "short": unknown, "verdict": "none"}
    if answer is None or 0 < answer.treated < words.threshold:
        return base | {
            "text": words("Too few joined when they bought, or nobody did otherwise: there is nobody to compare.")
        }
    base["next_step"] = words(
        "Invite a random half of the next buyers to join: then the effect of joining can be told."
    )
    naive = answer.evidence.naive
    base |= {"n": naive.n, "unit": "money_minor"}
    if not answer.identified:
        if math.isnan(answer.low):
            return base | {"text": words("The data cannot say what joining changes, not even a range.")}
        span = {"low": words.signed_money(round(answer.low)), "high": words.signed_money(round(answer.high))}
        text = words("The data cannot say what joining changes: defensible estimates reach from **{low}** to **{high}** a joiner "
                     "in {n} days, and the tests below speak against trusting any.", n=days, **span)  # fmt: skip
        return base | {"low": answer.low, "high": answer.high, "text": text}
    value = answer.estimate.effect
    span = {"low": words.signed_money(round(answer.low)), "high": words.signed_money(round(answer.high))}
    text = words("Joining at a purchase changed GMV by **{effect}** ({low} to {high}) a joiner in the next {days} days, as far "
                 "as buyers with the same purchase, past and traits who did not join can say; {n} joined.",
                 effect=words.signed_money(round(value)), days=days, n=int(answer.treated), **span)  # fmt: skip
    if not math.isnan(unseen):
        text += words(" An unseen cause would have to make joining {odds} times as likely to explain all of it away.",
                      odds=words.number(unseen, 1))  # fmt: skip
    short = words("Joining: {effect} a joiner in {n} days", effect=words.signed_money(round(value)), n=days)
    verdict = "ahead" if answer.low > 0 else "behind" if answer.high < 0 else "careful"
    if verdict == "careful":
        short = words("No effect of joining can be told from chance")
    fields = base | {"kind": "lift", "value": value, "low": answer.low, "high": answer.high, "text": text,
                     "short": fitting(short), "verdict": verdict}  # fmt: skip
    return fields if verdict == "careful" else {k: v for k, v in fields.items() if k != "next_step"}


def estimates(answer: Any, words: Words) -> pd.DataFrame:
    """The estimates of what joining adds per joiner as bars, tests after them: label, value, low, high (minor units)."""
    told = answer is not None and not math.isnan(answer.low) and answer.treated >= words.threshold
    shown = [*answer.evidence.defensible, *answer.evidence.placebos] if told else []
    rows = [(_labelled(e, words), e.effect, e.low, e.high) for e in shown if not e.cannot]
    return pd.DataFrame(rows, columns=["label", "value", "low", "high"])


def _labelled(estimate: Any, words: Words) -> str:
    name, n = method(estimate.method, words), -estimate.after
    return (
        words("test {n} period before: {method}", "test {n} periods before: {method}", n=n, method=name) if n else name
    )


def method(name: str, words: Words) -> str:
    """An estimator's name as people say it."""
    return {
        "aipw": words("given all that is known"), "aipw_change": words("on the change"), "regression": words("by regression"),
    }.get(name, name)  # fmt: skip


def reasons(answer: Any, words: Words) -> pd.DataFrame:
    """Why the effect of joining is not identified: reason, found, limit."""
    rows = [_reason(r, words) for r in answer.reasons] if answer is not None else []
    return pd.DataFrame(rows, columns=["reason", "found", "limit"])


def reasons_heads(words: Words) -> dict[str, tuple[str, str]]:
    """The columns of that table."""
    return {"reason": (words("What speaks against it"), "text"), "found": (words("It is"), "text"),
            "limit": (words("It may be"), "text")}  # fmt: skip


def _reason(reason: Any, words: Words) -> tuple[str, str, str]:
    """One `apex.model.verdict.Reason` as a row."""
    about = " / ".join(method(m, words) for m in reason.about.split("/"))
    known = {
        "balance": words("joiners and others still differ, most in {about}", about=covariate(reason.about, words)),
        "inside": words("few joiners have others like them"),
        "certain": words("many joiners were as good as certain to join"),
        "placebo": words("it finds an effect before anybody joined: {about}", about=about),
        "pretrend": words("it finds an effect before anybody joined: {about}", about=about),
        "no_placebo": words("there is no earlier period to test it on"),
        "disagree": words("two ways to estimate disagree: {about}", about=about),
        "signs": words("estimates disagree even in sign"),
        "no_second": words("only one way to estimate gives a number"),
    }
    text = known.get(reason.code, words("there are too few to compare"))
    if reason.code in ("disagree", "signs"):
        return text, words.signed_money(round(reason.value)), words.signed_money(round(reason.limit))
    found, limit = (MISSING if math.isnan(x) else words.number(x, 3) for x in (reason.value, reason.limit))
    return text, found, limit


def covariate(name: str, words: Words) -> str:
    """A covariate of the comparison as people say it: a name, MEASURE[PERIOD], or TRAIT=LEVEL."""
    known = {
        "value_minor": words("money of the day"), "older_days": words("earlier purchases"), "third": words("earlier purchases"),
        "interest": words("interest of the 30 days before"), "gmv_minor": words("purchases before"),
        "buyers": words("purchases before"),
    }  # fmt: skip
    base, _, level = name.partition("=")
    base = base.partition("[")[0]
    what = known.get(base) or {"business": words("format"), "season": words("quarter")}.get(base) or trait(base, words)
    return words("{what}: {level}", what=what, level=level) if level else what


def invitation(invited: Mapping[str, pd.DataFrame], rates: pd.DataFrame, words: Words) -> dict[str, Any]:
    """How often buyers who are no members join when they buy, and in which format most.

    invited: by cut the rows of `measure.joining.invitations` as may be shown; rates: formats with rate, low, high.
    """
    base: dict[str, Any] = {"kind": "counted"}
    whole = invited["all"][invited["all"].joined > 0]
    if whole.empty or whole.people.iloc[0] < LEAST:
        return base | {"short": words("Nothing says where members are won"), "text": words(
            "Nobody who was no member bought in the year, or nobody joined, or too few to show.")}  # fmt: skip
    people, share = int(whole.people.iloc[0]), float(whole.joined.iloc[0] / whole.people.iloc[0])
    text = words(
        "Of {n} buyers who were no members **{share}** joined on a day they bought",
        n=people,
        share=words.share(share, 1),
    )
    fields = base | {"value": share, "unit": "share", "n": people,
                     "short": words("{share} of other buyers joined when they bought", share=words.share(share))}  # fmt: skip
    first = invited["purchase"].set_index("cell")
    if {"first", "later"} <= set(first.index) and first.joined.notna().all() and (first.people >= LEAST).all():
        shares = (first.joined / first.days).to_dict()
        text += words("; a first purchase ended in joining in {first} of cases, a later one in {later}.",
                      first=words.share(shares["first"], 1), later=words.share(shares["later"], 1))  # fmt: skip
    else:
        text += words(".")
    if len(rates) > 1:
        best, worst = rates.loc[rates.rate.astype(float).idxmax()], rates.loc[rates.rate.astype(float).idxmin()]
        text += words(" Most in {best} ({share}, {low} to {high}), least in {worst} ({least}, {least_low} to {least_high})",
                      best=place(best.cell, words), worst=place(worst.cell, words), share=words.share(best.rate, 1),
                      low=words.share(best.low, 1), high=words.share(best.high, 1), least=words.share(worst.rate, 1),
                      least_low=words.share(worst.low, 1), least_high=words.share(worst.high, 1))  # fmt: skip
        clear = best.low > worst.high
        text += words(".") if clear else words(", which chance alone can do.")
        if clear:
            fields["next_step"] = words("Invite in {worst} as in {best}: the difference is more than chance.",
                                        worst=place(worst.cell, words), best=place(best.cell, words))  # fmt: skip
    return fields | {"text": text}


def invited_bars(rates: pd.DataFrame, words: Words) -> pd.DataFrame:
    """Rates of joining by format as bars: label, value, low, high."""
    return rates.assign(label=[place(c, words) for c in rates.cell], value=rates.rate)[
        ["label", "value", "low", "high"]
    ]


def win_heads(ahead: int, members: bool, words: Words) -> dict[str, tuple[str, str]]:
    """The columns of the table of those who could be won, where there are members."""
    people = words("Buyers who are no members") if members else words("Buyers")
    return {
        "label": (words("Crowd"), "text"), "buyers": (people, "count"),
        "value_minor": (words("GMV in {n} days", n=ahead), "money"), "each_minor": (words("a buyer"), "money"),
    }  # fmt: skip


def winning(others: pd.DataFrame, effect: Mapping[str, Any], ahead: int, members: bool, words: Words) -> dict[str, Any]:
    """Who to invite first: buyers who are no members, by crowd.

    others: label, buyers, value_minor, each_minor, most first. effect: the finding of `joining`. members: whether the data hold
    any; without them nobody can be invited, and only what crowds are worth is said.
    """
    known = others[others.value_minor.notna()]
    if known.empty:
        return {"kind": "model", "short": words("Nobody to win can be shown"), "text": words(
            "No buyers who are no members, or too few in each crowd to show.")}  # fmt: skip
    best = known.loc[known.each_minor.astype(float).idxmax()]
    each, money, n = words.money(best.each_minor), words.money(best.value_minor), int(best.buyers)
    fields: dict[str, Any] = {"kind": "model", "value": float(best.value_minor), "unit": "money_minor", "n": n}
    if not members:
        text = words("Worth most a buyer: **{crowd}**, {each} each in the coming {days} days, {n} buyers, {money} together.",
                     crowd=best.label, each=each, days=ahead, n=n, money=money)  # fmt: skip
        step = words("Record who joins and leaves: then this page says what members are worth and where they are won.")
        short = words("{crowd}: {each} each", crowd=best.label, each=each)
        return fields | {"text": text, "next_step": step, "short": fitting(short, str(best.label))}
    text = words("Of buyers who are no members, **{crowd}** are worth most: {each} each in the coming {days} days, {n} buyers, "
                 "{money} together.", crowd=best.label, each=each, days=ahead, n=n, money=money)  # fmt: skip
    step = words("Invite {crowd} first: {n} buyers who are no members.", crowd=best.label, n=n)
    fields |= {"text": text, "next_step": step}
    if effect.get("kind") == "lift" and effect.get("verdict") == "ahead":
        fields["at_stake_minor"] = round(effect["value"] * n)
        fields["next_step"] = words("Invite {crowd} first: {n} buyers who are no members; at the effect of joining {money}.",
                                    crowd=best.label, n=n, money=words.money(fields["at_stake_minor"]))  # fmt: skip
    short = words("{crowd}: {each} each, not members yet", crowd=best.label, each=each)
    return fields | {"short": fitting(short, str(best.label))}


def place(name: str, words: Words) -> str:
    """A format as people say it."""
    return name or words("no named format")
