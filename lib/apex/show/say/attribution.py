"""What `4_wrapup/attribution` says: which channels deserve the money, how far methods disagree, what trials say beside credit.

Credit, lift and model are never mixed: credit is what a method shares out, lift what a trial found, and credit calibrated to lift
is a model. Every function takes what may be shown (suppressed figures are null).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from apex.show.glossary import channel
from apex.show.say.attribution_money import TRIPS, money, nothing
from apex.show.say.attribution_tables import methods, one_or_all
from apex.show.words import Words, is_missing

__all__ = ["absent", "baseline", "disagree", "lift", "money", "moves", "nothing"]
AGREE = 0.05  # of all credit: methods that move less agree


def absent(trials: int, spend: bool, trips: float | None, words: Words) -> list[str]:
    """What is missing."""
    out = []
    if not trials:
        out.append(words("Lift: no ended trial of media, so credit cannot be held against what media bring."))
    if not spend:
        out.append(words("Cost by channel: without it credit cannot be held against money."))
    if trips is not None and trips > TRIPS:
        out.append(words("Touches outside of shopping trips: those seen here say who shopped."))
    return out


def disagree(moved: pd.DataFrame, gap: pd.DataFrame, words: Words) -> dict[str, Any]:
    """How far methods disagree. moved: of `attribution_methods.apart`; gap: of `ranges`; both by size."""
    if moved.empty or gap.empty or is_missing(moved.moved.iloc[0]):
        return nothing(words) | {"short": words("Methods cannot be compared")}
    far, near, wide, named = moved.iloc[0], moved.iloc[-1], gap.iloc[0], methods(words)
    text = words(
        "Another method moves up to **{far}** of all credit ({a} beside {b}); the nearest two differ by {near}. Most on "
        "**{channel}**: {low} by {low_method}, {high} by {high_method}.",
        far=words.share(far.moved, 1),
        a=named[far.a],
        b=named[far.b],
        near=words.share(near.moved, 1),
        channel=channel(wide.channel, words),
        low=words.share(wide.low, 1),
        low_method=named[wide.low_method],
        high=words.share(wide.high, 1),
        high_method=named[wide.high_method],
    )
    tile = {
        "label": words("Credit that moves with the method"),
        "value": words.share(far.moved),
        "note": words("at most; {channel} most of all", channel=channel(wide.channel, words)),
    }
    return {
        "kind": "credit",
        "value": float(far.moved),
        "unit": "share",
        "text": text,
        "tile": tile,
        "short": words("Methods move up to {share} of credit", share=words.share(far.moved)),
        "verdict": "none" if far.moved < AGREE else "careful",
    }


def lift(beside: Mapping[str, pd.DataFrame], words: Words) -> dict[str, Any]:
    """What trials say beside credit, all trials weighed together. beside: of `attribution_lift.beside` by method."""
    frame = beside["last"]
    if frame.empty or not (frame.credit > 0).any():
        return {
            "kind": "not identified",
            "short": words("No trial stands beside the credit"),
            "text": words(
                "No ended trial of media with people held out: what channels bring is not identified, and "
                "credit stays an association."
            ),
        }
    off = (frame.ratio_low > 1) | (frame.ratio_high < 1)
    # a trial of one channel before one of all media, one that chance cannot explain before others
    row = frame.loc[(2 * (frame.channel != "") + off).sort_values(ascending=False, kind="stable").index[0]]
    text = words(
        "{n} trials: by lift **{channel}** brought {lift} orders (95%: {low} to {high}) where the last touch credits {credit}.",
        n=len(frame),
        channel=one_or_all(row.channel, words),
        lift=words.number(row.lift),
        low=words.number(row.low),
        high=words.number(row.high),
        credit=words.number(row.credit),
    )
    text += " " + words(
        "In {off} of {n} trials lift and last-touch credit differ by more than chance.",
        off=int(off.sum()),
        n=len(frame),
    )
    return {
        "kind": "lift",
        "value": float(row.lift),
        "unit": "orders",
        "low": float(row.low),
        "high": float(row.high),
        "n": int(row.n),
        "text": text,
        "short": words("Lift differs from last-touch credit in {off} of {n}", off=int(off.sum()), n=len(frame))[:60],
    }


def baseline(
    total: float, touched: float, hazard: float, excess: float | None, calibrated: float | None, words: Words
) -> dict[str, Any]:
    """What no channel is credited with."""
    if total <= 0:
        return nothing(words) | {"short": words("No order in the window")}
    text = words(
        "Of {total} orders {touched} had a touch before; rules and chains credit media with all of these. The hazard model "
        "leaves **{level}** to what would have come without touches.",
        total=words.count(round(total)),
        touched=words.count(round(touched)),
        level=words.share(1 - hazard / total),
    )
    if excess is not None:
        text += " " + words(
            "Beside people who stood alike, touches added **{added}** orders.", added=words.number(excess)
        )
    if calibrated is not None:
        text += " " + words(
            "Calibrated to trials, **{level}** of all orders are credited to no channel.",
            level=words.share(1 - calibrated / total),
        )
    rest = 1 - next(x for x in (calibrated, excess, hazard) if x is not None) / total
    return {
        "kind": "model",
        "value": float(rest),
        "unit": "share",
        "text": text,
        "short": words("{share} of orders owe nothing to touches", share=words.share(rest)),
    }


def moves(table: pd.DataFrame, stages: Sequence[tuple[str, str]], words: Words) -> dict[str, Any]:
    """Credit for stage moves. table: kind, conversions, touched, channel, share, moved; of the stages reached."""
    named = dict(stages)
    known = table.set_index("kind").reindex([k for k in named if k in set(table.kind)]).reset_index()
    known = known[known.channel.notna()]
    if known.empty:
        return nothing(words) | {"short": words("No move up had a touch")}
    told = words("; ").join(
        words(
            "{stage}: {channel} ({share})",
            stage=named[r.kind],
            channel=channel(r.channel, words),
            share=words.share(r.share),
        )
        for r in known.itertuples()
    )
    worst = known.sort_values("moved", ascending=False).iloc[0]
    text = words(
        "Most credit for moves up, by the hazard model: {told}. Methods disagree most on moves to **{stage}**: {moved}.",
        told=told,
        stage=named[worst.kind],
        moved=words.share(worst.moved, 1),
    )
    return {
        "kind": "credit",
        "value": float(worst.moved),
        "unit": "share",
        "text": text,
        "short": words("Most disputed: moves to {stage}", stage=named[worst.kind])[:60],
    }
