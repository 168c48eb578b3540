"""What seeing content changed, in words: an effect where the design earns the word, with the bare difference beside it."""

from collections.abc import Callable
from typing import Any

import pandas as pd

from apex.show.say.content_frames import EVERY, outcomes
from apex.show.say.market import bare, points
from apex.show.say.wording import after, fitting
from apex.show.words import MISSING, Words, is_missing


def effect(effects: pd.DataFrame, outcome: str, follow: int, words: Words) -> dict[str, Any]:
    """The effect of any content on one outcome; effects: the kept frame of `model.persuasion.changed`; follow: days after."""
    what = outcomes(words)[outcome]
    rows = effects[(effects.outcome == outcome) & (effects.arm == EVERY)]
    unknown = fitting(words("{what}: what content adds is not identified", what=what), what)
    if rows.empty or bool(rows.suppressed.iloc[0]):
        text = words("{what}: too few consumers saw content, or can be followed, to ask what it changed.", what=what)
        return {"kind": "not identified", "short": unknown, "text": text}
    row = rows.iloc[0]
    trial = words("Show the next pieces to a random part of the audience: then the effect can be told.")
    naive = points(float(row.naive), words) if not is_missing(row.naive) else MISSING
    if row.answer == "not identified":
        span = {} if is_missing(row.low) else {"low": bare(float(row.low), words), "high": bare(float(row.high), words)}
        range_ = words(" Defensible estimates reach from {low} to {high} points.", **span) if span else ""
        text = words("{what}: what content adds is not identified: {reason}. The bare difference of {naive} is no effect.",
                     what=what, reason=reason(str(row.reason), words), naive=naive)  # fmt: skip
        return {"kind": "not identified", "short": unknown, "text": text + range_, "n": int(row.n_treated + row.n_control),
                "next_step": trial}  # fmt: skip
    value, low, high = (float(row[c]) for c in ("effect", "low", "high"))
    effect_ = points(value, words)
    text = words(
        "{what}: seeing content changed it by **{effect}** ({low} to {high}) within {days} days, over {n} consumers who saw "
        "some; consumers like them would have come to {without}. The bare difference of {naive} is mostly who is shown content.",
        what=what, effect=effect_, low=bare(low, words), high=bare(high, words), n=int(row.n_treated), days=follow,
        without=words.share(row.without, 1), naive=naive,
    ) if abs(row.naive) > 2 * abs(value) else words(
        "{what}: seeing content changed it by **{effect}** ({low} to {high}) within {days} days, over {n} consumers who saw "
        "some; consumers like them would have come to {without}. The bare difference is {naive}.",
        what=what, effect=effect_, low=bare(low, words), high=bare(high, words), n=int(row.n_treated), days=follow,
        without=words.share(row.without, 1), naive=naive,
    )  # fmt: skip
    verdict = "ahead" if low > 0 else "behind" if high < 0 else "careful"
    short = words("{what}: {effect} by content", what=what, effect=effect_) if verdict != "careful" else words(
        "{what}: no change by content can be told", what=what
    )  # fmt: skip
    tile = {"label": words("{what}, effect of content", what=what), "value": effect_,
            "note": words("{low} to {high}", low=bare(low, words), high=bare(high, words))}  # fmt: skip
    return {"kind": "lift", "value": value, "low": low, "high": high, "unit": "share", "n": int(row.n_treated + row.n_control),
            "verdict": verdict, "short": fitting(short, what), "text": text, "tile": tile,
            "compared": {"label": words("bare difference"), "value": float(row.naive)},
            **({"next_step": trial} if verdict == "careful" else {})}  # fmt: skip


def trust(effects: pd.DataFrame, outcome: str, words: Words) -> str:
    """What speaks for and against the effect of any content on one outcome; empty where nobody could be compared."""
    rows = effects[(effects.outcome == outcome) & (effects.arm == EVERY) & effects.smd_after.notna()]
    if rows.empty:
        return ""
    row = rows.iloc[0]
    text = words(
        "No trial stands behind it. Before weighting the two groups differed by up to {before} standard deviations, after it by "
        "up to {after}; {inside} of the exposed have others like them.",
        before=words.number(row.smd_before, 2), after=words.number(row.smd_after, 2), inside=words.share(row.inside),
    )  # fmt: skip
    if is_missing(row.placebo_p):
        return text
    tested = words("Asked about the days before, when nothing had been seen yet, the same method finds no effect (p = {p}).",
                   p=words.number(row.placebo_p, 2)) if row.placebo_p >= 0.05 else words(
        "Asked about the days before, when nothing had been seen yet, the same method finds an effect as well (p = {p}).",
        p=words.number(row.placebo_p, 3))  # fmt: skip
    return after(text, tested, words)


def about(days: int, others: int, words: Words) -> str:
    """What the table of effects rests on."""
    return words(
        "By the format seen first in a period of {days} days; up to {others} unexposed consumers for each exposed one, looked "
        "at from the same moment on. Unseen cause: how many times as likely (in odds) it would have to make some to see content, "
        "and decide what they do as well, for the interval to reach 0; 1: it does anyway.",
        days=days, others=others,
    )  # fmt: skip


def reason(code: str, words: Words) -> str:
    """Why an effect is not identified, in a clause."""
    known: dict[str, Callable[[], str]] = {
        "too_few": lambda: words("too few saw content, or too few did not"),
        "balance": lambda: words("those who saw content stay unlike the others"),
        "placebo": lambda: words("the same method finds an effect on the days before"),
        "disagree": lambda: words("two defensible methods disagree"),
        "signs": lambda: words("two defensible methods disagree"),
        "inside": lambda: words("many who saw content have nobody like them who did not"),
        "certain": lambda: words("many were as good as certain to see content"),
        "no_placebo": lambda: words("there are no days before to test it on"),
    }
    return known.get(code, lambda: words("the groups cannot be compared"))()
