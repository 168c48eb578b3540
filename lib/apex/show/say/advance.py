"""What the deepening rate's change comes from, in words: by stage, by channel, by crowd (see `apex.measure.drivers`).

Every function takes what may be shown: where a count is suppressed its rates and parts are null.
"""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from apex.show.glossary import channel
from apex.show.say import wording
from apex.show.say.wording import fitting
from apex.show.words import MISSING, Words, is_missing

Stages = Sequence[tuple[str, str]]


def stage_parts(parts: pd.DataFrame, change: Any, stages: Stages, words: Words) -> dict[str, Any]:
    """The change of A by stage. parts: the frame of `measure.drivers.mix_and_rate` by stage."""
    base: dict[str, Any] = {"kind": "counted"}
    if is_missing(change) or not parts.rate.fillna(0).any():
        text = words("The change of A cannot be split by stage: no period compares, or too few people rose.")
        return base | {"short": words("A cannot be split by stage"), "text": text}
    most = driver(parts, "rate", float(change))
    name = dict(stages)[str(most.stage)]
    rates = {"now": words.share(most.rate_now, 1), "before": words.share(most.rate_before, 1)}
    kept = (
        {}
        if parts.rate.isna().any()
        else {"mix": points(parts.mix.sum(), words), "rate": points(parts.rate.sum(), words)}
    )
    text = words("Most of it at **{stage}**: {now} of them rose against {before}, {points} of A's change of {change}.",
                 stage=name, points=points(most.rate, words), change=points(change, words), **rates)  # fmt: skip
    if kept:
        text = words(
            "Of A's change of {change}, **{rate}** are rates of rising and {mix} where consumers stood; most at **{stage}**: "
            "{now} of them rose against {before}.",
            change=points(change, words), stage=name, **rates, **kept,
        )  # fmt: skip
    short = words("{stage}: {now} rose, {before} before", stage=name, **rates)
    return base | {"value": float(most.rate), "unit": "share", "short": fitting(short, name), "text": text,
                   "verdict": _sign(most.rate)}  # fmt: skip


def channel_parts(channels: pd.DataFrame, words: Words) -> dict[str, Any]:
    """The change of A by channel. channels: channel (name), now, before, part (of A's change)."""
    base: dict[str, Any] = {"kind": "credit"}
    known = channels[channels.part.notna()]
    if known.empty:
        text = words("Too few consumers rose after any channel to show how many.")
        return base | {"short": words("Too few consumers rose after any channel"), "text": text}
    total = known.part.sum()
    most = known.loc[(known.part.idxmin() if total < 0 else known.part.idxmax())]
    text = words("Last touch before the rise: most changed at **{channel}**, {now} consumers against {before}, {points} of A.",
                 channel=most.label, now=most.now, before=most.before, points=points(most.part, words))  # fmt: skip
    short = words("{channel}: {now} rose, {before} before", channel=most.label, now=most.now, before=most.before)
    return base | {"value": float(most.part), "unit": "share", "short": fitting(short, most.label), "text": text,
                   "verdict": _sign(most.part)}  # fmt: skip


def crowd_parts(parts: pd.DataFrame, change: Any, trait: str | None, words: Words) -> dict[str, Any]:
    """The change of A by crowd: the values of a trait. parts: as by stage, with label."""
    base: dict[str, Any] = {"kind": "counted"}
    if trait is None:
        text = words("These data hold no trait by which consumers could be told apart.")
        return base | {"short": words("No trait tells consumers apart"), "text": text}
    if is_missing(change) or not parts.rate.fillna(0).any():
        text = words("The change of A cannot be split by crowd: no period compares, or too few people rose.")
        return base | {"short": words("A cannot be split by crowd"), "text": text}
    known = parts[(parts.crowd != "") | parts.rate.isna()]  # who is in no crowd is no reason, unless nobody is in any
    most = driver(known if known.rate.notna().any() else parts, "rate", float(change))
    told = {"crowd": most.label, "now": words.share(most.rate_now, 1), "before": words.share(most.rate_before, 1)}
    text = words("By {trait}, most changed among **{crowd}**: {now} of them rose against {before}, {points} of A.",
                 trait=wording.trait(trait, words), points=points(most.rate, words), **told)  # fmt: skip
    short = words("{crowd}: {now} rose, {before} before", **told)
    return base | {"value": float(most.rate), "unit": "share", "short": fitting(short, most.label), "text": text,
                   "verdict": _sign(most.rate)}  # fmt: skip


def parts_table(parts: pd.DataFrame, stages: Stages, words: Words) -> pd.DataFrame:
    """Rate and mix by stage as texts: label, start, now, before, rate, mix, suppressed."""
    named = dict(stages)
    return pd.DataFrame({
        "label": [named.get(str(v), str(v)) for v in parts.stage], "start": parts.start_now, "suppressed": parts.suppressed,
        "now": [words.share(v, 1) for v in parts.rate_now], "before": [words.share(v, 1) for v in parts.rate_before],
        "rate": [points(v, words) for v in parts.rate], "mix": [points(v, words) for v in parts.mix],
    })  # fmt: skip


def parts_heads(first: str, words: Words) -> dict[str, tuple[str, str]]:
    """Heads and formats of the columns of `parts_table`."""
    return {
        "label": (first, "text"), "start": (words("Consumers at the start"), "count"), "now": (words("Rose"), "text"),
        "before": (words("Rose before"), "text"), "rate": (words("Part: rate"), "text"), "mix": (words("Part: mix"), "text"),
    }  # fmt: skip


def labelled(parts: pd.DataFrame, column: str, words: Words) -> pd.DataFrame:
    """The frame with label: a channel's name or a trait's value; what is not known is said."""
    unknown = words("no touch in the 15 days before") if column == "channel" else words("unknown")
    named = [unknown if not v else channel(v, words) if column == "channel" else v for v in parts[column].astype(str)]
    return parts.assign(label=named)


def rate_bars(parts: pd.DataFrame, label: str) -> pd.DataFrame:
    """Shares that rose by group, as bars: label, value, before; groups that nobody rises from are left out."""
    frame = pd.DataFrame({"label": parts[label], "value": parts.rate_now, "before": parts.rate_before})
    frame = frame.assign(suppressed=parts.suppressed)
    return frame[~((frame.value.fillna(0) == 0) & (frame.before.fillna(0) == 0)) | frame.suppressed].reset_index(
        drop=True
    )


def driver(parts: pd.DataFrame, column: str, change: float) -> pd.Series:
    """The group whose part is largest in the direction of the change."""
    known = parts[parts[column].notna()]
    return known.loc[known[column].idxmin() if change < 0 else known[column].idxmax()]


def points(share: Any, words: Words) -> str:
    """A difference of shares in points, with its sign."""
    if is_missing(share):
        return MISSING
    return words("{n} points", n=words.signed_share(share, 1 if abs(float(share)) >= 0.001 else 2).rstrip("%"))


def _sign(part: Any) -> str:
    return "ahead" if part > 0 else "behind" if part < 0 else "careful"
