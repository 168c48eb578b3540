"""What `1_insight/assets` says of stays: how long consumers remain at a stage before they rise or fall.

Functions take what may be shown (suppressed counts are null). Stages come as [(id, name)], shallow to deep.
"""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from apex.show.say.wording import fitting
from apex.show.words import MISSING, Words

Stages = Sequence[tuple[str, str]]


def staying(
    stays: pd.DataFrame, medians: pd.DataFrame, curve: pd.DataFrame, stages: Stages, words: Words
) -> dict[str, Any]:
    """How long the deepest stage lasts that something can be said of. stays: see `stays_table`; first day of each stage."""
    known = stays[stays.share.notna()]
    if known.empty:
        text = words("Too few consumers came to a stage, or too lately, to say how long they stay.")
        return {"kind": "model", "short": words("Too few spells to say how long they last"), "text": text}
    stage = known.stage.max()
    row, median = known[known.stage == stage].iloc[0], medians[medians.stage == stage].iloc[0]
    name, mine = dict(stages)[stage], curve[(curve.stage == stage) & (curve.share <= 0.75)]
    share = words.share(row.share)
    text = words("Of those who come to {stage}, **{share}** ({low} to {high}) are still there after {day} days",
                 stage=name, share=share, low=words.share(row.low), high=words.share(row.high), day=int(row.day))  # fmt: skip
    text += (
        words(", {middle} at the middle of the peers", middle=words.share(row.middle))
        if not pd.isna(row.middle)
        else ""
    )
    half = words("half have left by day {n}", n=median["median"]) if not pd.isna(median["median"]) else words(
        "more than half are still there on the last day that can be seen, day {n}", n=median.seen
    )  # fmt: skip
    step = None
    if len(mine):
        step = words("Speak to whoever became {stage} before day {day}: by then a quarter have moved on.",
                     stage=name, day=int(mine.day.iloc[0]))  # fmt: skip
    behind = not pd.isna(row.middle) and row.share < row.middle
    return {
        "kind": "model", "value": row.share, "unit": "share", "low": _plain(row.low), "high": _plain(row.high),
        "n": int(row.spells), "text": words("{first}; {second}.", first=text, second=half), "next_step": step,
        "compared": None if pd.isna(row.middle) else {"label": words("middle of the peers"), "value": float(row.middle)},
        "verdict": "none" if pd.isna(row.middle) else "behind" if behind else "ahead",
        "short": fitting(words("{share} stay {stage} for {n} days or more", share=share, stage=name, n=int(row.day)), name),
    }  # fmt: skip


def stays_table(stays: pd.DataFrame, medians: pd.DataFrame, stages: Stages, words: Words) -> pd.DataFrame:
    """The frame of `model.survival.stays` with peers' middle as a table shows it: intervals and the median as text."""
    half = {r.stage: _days(r, words) for r in medians.itertuples()}
    interval = [
        MISSING if pd.isna(r.low) or pd.isna(r.high) else words("{low} to {high}", low=words.share(r.low),
                                                                high=words.share(r.high))
        for r in stays.itertuples()
    ]  # fmt: skip
    names = dict(stages)
    return stays.assign(interval=interval, median=[half[s] for s in stays.stage], label=[names[s] for s in stays.stage])


def _days(row: Any, words: Words) -> str:
    """The median stay with its interval, as far as the curve reaches."""
    if pd.isna(row.median):
        return words("over {n}", n=row.seen)
    if pd.isna(row.low) or pd.isna(row.high):
        return words.count(row.median)
    ends = {"low": words.count(row.low), "high": words.count(row.high)}
    return words("{middle} ({low} to {high})", middle=words.count(row.median), **ends)


def _plain(value: Any) -> float | None:
    return None if pd.isna(value) else float(value)
