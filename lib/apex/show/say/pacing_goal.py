"""What `3_execute/pacing` says of the goal and of the stock beside it."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from apex.show.say.pacing import NEAR
from apex.show.say.wording import fitting
from apex.show.words import Words


def goal(odds: Mapping[str, float], confidence: float, planned: float | None, words: Words) -> dict[str, Any]:
    """The odds of the GMV goal as they stand. planned: the odds of the plan, None where there is none."""
    if not odds:
        text = words("These data and this campaign give no GMV goal that could be forecast.")
        return {"kind": "not identified", "text": text, "short": words("No goal to hold it against")}
    text = words(
        "The goal of **{goal}** is reached with odds of **{odds}** as things stand: forecast **{forecast}** (80%: {low} to "
        "{high}).",
        goal=words.money_short(round(odds["goal"])),
        odds=words.share(odds["odds"]),
        low=words.money_short(round(odds["low"])),
        forecast=words.money_short(round(odds["forecast"])),
        high=words.money_short(round(odds["high"])),
    )
    if planned is not None:
        text += " " + words("When the plan was made they were {odds}.", odds=words.share(planned))
    verdict = "ahead" if odds["odds"] >= confidence else "careful" if odds["odds"] >= 0.5 else "behind"
    tile = {
        "label": words("Odds of the GMV goal"),
        "value": words.share(odds["odds"]),
        "note": words("as things stand today"),
    }
    return {
        "kind": "model",
        "value": odds["forecast"],
        "unit": "money_minor",
        "low": odds["low"],
        "high": odds["high"],
        "text": text,
        "short": words("Odds of the GMV goal {odds}", odds=words.share(odds["odds"])),
        "verdict": verdict,
        "tile": tile,
        "compared": {"label": words("the goal"), "value": odds["goal"]},
    }


def stock(frame: pd.DataFrame, stages: Sequence[tuple[str, str]], words: Words) -> dict[str, Any]:
    """Which stage is furthest behind what is planned by today."""
    known = frame.dropna(subset=["now", "planned"])
    known = known[known.planned > 0]
    if known.empty:
        last = frame.dropna(subset=["now", "year_ago"])
        if last.empty:
            return {
                "kind": "counted",
                "text": words("No stock was planned by stage, and no last year compares."),
                "short": words("Stock without a plan to hold it against"),
            }
        name, row = _furthest(last, "year_ago", stages)
        text = words(
            "Furthest from last year is **{stage}**: {now} consumers, a year ago {then}.",
            stage=name,
            now=int(row["now"]),
            then=int(row.year_ago),
        )
        return {
            "kind": "counted",
            "value": float(row["now"]),
            "unit": "consumers",
            "text": text,
            "short": fitting(
                words(
                    "{stage}: {difference} beside last year",
                    stage=name,
                    difference=words.signed_share(row["now"] / row.year_ago - 1),
                ),
                name,
            ),
        }
    name, row = _furthest(known, "planned", stages)
    off = float(row["now"] / row.planned - 1)
    text = words(
        "Furthest behind is **{stage}**: **{now}** consumers, {planned} planned by today, {needed} needed on the eve.",
        stage=name,
        now=int(row["now"]),
        planned=int(row.planned),
        needed=int(row.needed),
    )
    short = words("{stage}: {difference} beside the plan", stage=name, difference=words.signed_share(off))
    verdict = "ahead" if off >= 0 else "careful" if off > -NEAR else "behind"
    return {
        "kind": "counted",
        "value": float(row["now"]),
        "unit": "consumers",
        "text": text,
        "short": fitting(short, name),
        "verdict": verdict,
        "compared": {"label": words("planned by today"), "value": float(row.planned)},
        "answers": {"short_stage": fitting(short, name)},
    }


def _furthest(frame: pd.DataFrame, beside: str, stages: Sequence[tuple[str, str]]) -> tuple[str, pd.Series]:
    ratio = (frame["now"].astype(float) / frame[beside].astype(float).clip(lower=1)).to_numpy()
    row = frame.iloc[int(ratio.argmin())]
    return dict(stages)[str(row.stage)], row
