"""What `1_insight/content` says: which content persuades, how its layers stand, and when a piece is over.

Every function takes what may be shown (suppressed figures are null) and returns the fields of a finding for
`run.finding(name, **fields)`. Names and frames are those of `apex.show.say.content_frames`.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from apex.show.say.content_frames import EVERY, cell, rate
from apex.show.say.market import bare, points
from apex.show.say.wording import after, fitting
from apex.show.words import Words, is_missing

TOLD = ""  # the state in which there is content to tell of


def state(has_table: bool, pieces: pd.DataFrame, reach: pd.DataFrame, brand: str) -> str:
    """What stands in the way: no_table, no_pieces (of the brand), no_views (that name one); TOLD where nothing does."""
    if not has_table:
        return "no_table"
    if not (pieces.brand == brand).any():
        return "no_pieces"
    return TOLD if ((reach.cut == EVERY) & reach.viewers.notna()).any() else "no_views"


def absent(state: str, days: int, words: Words) -> str:
    """What is missing, and what it would take; empty where nothing is."""
    known = {
        "no_table": words(
            "These data hold no content: no table of pieces (format, channel, creator, item, length, day of publication) and no "
            "views that name one. Display and circular are placements, not content; what they do stands in the consumer journey."
        ),
        "no_pieces": words("The brand published no content in the last {n} days that the data know of.", n=days),
        "no_views": words(
            "Pieces of the brand are known, but hardly a view names one: nothing can be said of what they do. It takes events of "
            "watching with the piece (content_id) and the seconds (duration_s)."
        ),
    }
    return known.get(state, "")


def needs(state: str, section: str, words: Words) -> str:
    """What a section of the page would need where there is no content to tell of; empty where there is."""
    known = {
        "effect": words(
            "What content changes: needs who watched which piece when, to set viewers beside others like them."
        ),
        "layers": words(
            "The layers: need the seconds watched, the length of the piece, and likes and shares that name it."
        ),
        "life": words("The life of a piece: needs the day it was published, and views that name it."),
        "card": words("The card: needs pieces of at least five brands of the category, to hold one against."),
    }
    return known[section] if state else ""


def headline(
    state: str, effects: pd.DataFrame, visits: pd.DataFrame, lives: pd.DataFrame, days: int, follow: int, words: Words
) -> dict[str, Any]:
    """The answer: which format persuades, by its effect on visits where that is identified, else by what was counted; and for
    how long.

    effects, visits, lives: the kept frames; days: within which pieces were published; follow: days of the outcome.
    """
    if state != TOLD:
        short = {"no_table": words("No content data: what persuades cannot be told"),
                 "no_pieces": words("No content in the last {n} days", n=days),
                 "no_views": words("Hardly a view names a piece of content")}[state]  # fmt: skip
        step = words("Bring in the table of pieces and the views that name them; then this page fills by itself.")
        return {"kind": "not identified", "short": fitting(short), "text": absent(state, days, words),
                "next_step": None if state == "no_pieces" else step}  # fmt: skip
    life = _life(lives, words)
    told = effects[(effects.outcome == "visited") & (effects.arm != EVERY) & effects.effect.notna()]
    told = told.sort_values("effect", ascending=False, kind="stable")
    if len(told) and told.low.iloc[0] > 0:
        best = told.iloc[0]
        text = words(
            "**{format}** persuades most: whoever saw it visited shop or item **{effect}** ({low} to {high}) more often in {n} "
            "days than consumers like them who saw nothing.",
            format=best.arm, effect=points(best.effect, words), low=bare(best.low, words), high=bare(best.high, words), n=follow,
        )  # fmt: skip
        second = told.iloc[1] if len(told) > 1 else None
        if second is not None and second.high >= best.low:
            text = after(text, words("Ahead of {format} ({effect}) it is not for certain.", format=second.arm,
                                      effect=points(second.effect, words)), words)  # fmt: skip
        short = words("{format} persuades most: {effect} visits", format=best.arm, effect=points(best.effect, words))
        fields: dict[str, Any] = {"kind": "lift", "value": float(best.effect), "low": float(best.low), "high": float(best.high),
                                  "unit": "share", "n": int(best.n_treated), "verdict": "ahead"}  # fmt: skip
        name = str(best.arm)
    else:
        counted = visits[(visits.cut == "format") & visits.referral.notna()]
        if len(counted) < 2 or not counted.referral.max() > 0:
            text = words("Formats cannot be told apart: only one of them, or none, has viewers enough to be shown.")
            return {
                "kind": "counted",
                "short": words("Too few viewers to tell formats apart"),
                "text": after(text, life, words),
            }
        row = counted.loc[counted.referral.astype(float).idxmax()]
        name = str(row.cell)
        text = words(
            "Most visits follow **{format}**: {rate} of those who watched a piece visited shop or item afterwards. Whether the "
            "content brought them is not identified.",
            format=name, rate=rate(row.referral, row.referral_low, row.referral_high, words),
        )  # fmt: skip
        short = words("Most visits follow {format}: {rate}", format=name, rate=words.share(row.referral, 1))
        fields = {"kind": "counted", "value": float(row.referral), "low": float(row.referral_low),
                  "high": float(row.referral_high), "unit": "share", "verdict": "careful"}  # fmt: skip
    step = words("Put the next pieces into {format}.", format=name)
    whole = _row(lives, name)
    if whole is not None and not is_missing(whole.most):
        step = after(step, words("Have the next one ready by day {n}: by then 90 % of a piece's views have come.",
                                  n=round(float(whole.most))), words)  # fmt: skip
    return fields | {"short": fitting(short, name), "text": after(text, life, words), "next_step": step}


def letters(reach: pd.DataFrame, visits: pd.DataFrame, fresh: pd.DataFrame, days: int, words: Words) -> dict[str, Any]:
    """The layers of all the brand's content in one sentence."""
    row = _all(reach)
    if row is None:
        return {"kind": "counted", "short": words("Too few viewers to show the layers"),
                "text": words("Too few viewers of the brand's content to show its layers.")}  # fmt: skip
    text = words(
        "In {n} days the brand's content reached **{people}** consumers, {scale} of all whom content of the category reached. Of "
        "its views {effective} were effective; for 100 of these there were {liked} likes, comments and shares.",
        n=days, people=row.viewers, scale=words.share(row.scale), effective=rate(row.effective_rate, row.effective_rate_low,
                                                                                 row.effective_rate_high, words),
        liked=words.number(100 * float(row.interaction), 1) if not is_missing(row.interaction) else "0",
    )  # fmt: skip
    visit = _all(visits)
    if visit is not None and not is_missing(visit.referral):
        text = after(text, words("{rate} of those who watched a piece visited shop or item afterwards.",
                                  rate=rate(visit.referral, visit.referral_low, visit.referral_high, words)), words)  # fmt: skip
    new = _all(fresh, "fresh")
    if new is not None and not is_missing(new.fresh):
        text = after(text, words("For {n} of the viewers it was the first trace of the brand.", n=new.fresh), words)
    return {
        "kind": "counted", "value": float(row.viewers), "unit": "consumers", "n": int(row.viewers), "text": text,
        "short": words("Content reached {n} consumers", n=row.viewers),
        "tile": {"label": words("Reached by content"), "value": words.count(row.viewers),
                 "note": words("{share} of the category's viewers", share=words.share(row.scale))},
    }  # fmt: skip


def life(lives: pd.DataFrame, words: Words) -> dict[str, Any]:
    """The half-life of the brand's content."""
    row = _row(lives, EVERY)
    if row is None or is_missing(row.half):
        return {"kind": "not identified", "short": words("Too few pieces to tell how long one lives"),
                "text": words("Too few pieces have been out for long enough to tell how long one lives.")}  # fmt: skip
    number = words.number(row.half, 1)
    fields: dict[str, Any] = {
        "kind": "model",
        "value": float(row.half),
        "unit": "days",
        "n": int(row.pieces),
        "verdict": "none",
    }
    note = ""
    if not (is_missing(row.low) or is_missing(row.high)):
        fields |= {"low": float(row.low), "high": float(row.high)}
        note = words("{low} to {high}", low=words.number(row.low, 1), high=words.number(row.high, 1))
    tile = {"label": words("Half-life of a piece, days"), "value": number, "note": note}
    short = words("Half of a piece's views come within {n} days", n=number)
    return fields | {"text": _life(lives, words), "short": fitting(short), "tile": tile}


def wear(
    visits: pd.DataFrame, cut: str, starts: Any, end: int | None, noticed: Mapping[str, Any] | None, words: Words
) -> dict[str, Any]:
    """Whether visits after a view become rarer with the piece's age, or with every further view.

    noticed: the difference of the last band from the first (value, low, high); None where one of the two is not told.
    """
    mine = (
        visits[(visits.cut == cut) & visits.referral.notna()]
        .assign(first=lambda t: t.cell.astype(int))
        .sort_values("first")
    )
    what = words("with the piece's age") if cut == "age" else words("with every further view")
    if len(mine) < 2 or noticed is None:
        return {"kind": "counted", "short": fitting(words("Wear {what}: too few to tell", what=what), what),
                "text": words("Too few views to tell whether visits become rarer {what}.", what=what)}  # fmt: skip
    ends = [mine.iloc[0], mine.iloc[-1]]
    told = {side: words.share(row.referral, 1) for side, row in zip(("first", "last"), ends, strict=True)}
    names = {
        f"{side}_name": cell(str(row.cell), cut, starts, end, words)
        for side, row in zip(("first", "last"), ends, strict=True)
    }
    span = {"low": bare(noticed["low"], words), "high": bare(noticed["high"], words)}
    text = words(
        "After a view on {first_name} **{first}** visited afterwards, on {last_name} **{last}**: a difference of {difference} "
        "({low} to {high}).",
        difference=points(noticed["value"], words), **told, **names, **span,
    )  # fmt: skip
    fields: dict[str, Any] = {"kind": "counted", "value": float(noticed["value"]), "low": float(noticed["low"]),
                              "high": float(noticed["high"]), "unit": "share"}  # fmt: skip
    if noticed["high"] < 0:
        step = words("Replace pieces before they wear: visits after a view become rarer {what}.", what=what)
        short = words("Visits become rarer {what}: {first} to {last}", what=what, **told)
        return fields | {"verdict": "behind", "text": text, "next_step": step, "short": fitting(short, what)}
    if noticed["low"] > 0:
        return fields | {"verdict": "ahead", "text": text,
                         "short": fitting(words("Visits become more frequent {what}", what=what), what)}  # fmt: skip
    return fields | {"text": after(text, words("Chance alone can do that."), words),
                     "short": fitting(words("No wear {what} can be told", what=what), what)}  # fmt: skip


def _life(lives: pd.DataFrame, words: Words) -> str:
    row = _row(lives, EVERY)
    if row is None or is_missing(row.half):
        return words("How long a piece lives cannot be told yet: too few have been out for long enough.")
    half, most = words.number(row.half, 1), "" if is_missing(row.most) else words.number(row.most, 1)
    span = "" if is_missing(row.low) or is_missing(row.high) else words(
        " ({low} to {high})", low=words.number(row.low, 1), high=words.number(row.high, 1)
    )  # fmt: skip
    text = words("Half of a piece's views have come by day **{n}**{span}", n=half, span=span)
    return text + (words(", 90 % by day {n}.", n=most) if most else words("."))


def _row(lives: pd.DataFrame, name: str) -> Any:
    mine = lives[lives.format == name]
    return None if mine.empty else mine.iloc[0]


def _all(frame: pd.DataFrame, column: str = "viewers") -> Any:
    """The row of all content where it may be shown."""
    mine = frame[frame.cut == EVERY]
    return None if mine.empty or (column in mine and is_missing(mine[column].iloc[0])) else mine.iloc[0]
