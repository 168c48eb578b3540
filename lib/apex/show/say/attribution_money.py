"""The headline of `4_wrapup/attribution`: which channels deserve the money, by trials, by model or by credit alone."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from apex.show.glossary import channel
from apex.show.words import Words, is_missing

TRIPS = 0.9  # share of touches on a day of shopping from which they say who shopped


def nothing(words: Words) -> dict[str, Any]:
    """No order had a touch."""
    return {
        "kind": "not identified",
        "short": words("No order had a touch: no credit to give"),
        "text": words(
            "In this window no order of the brand had a touch in the days before it, so there is no credit to give."
        ),
    }


def money(
    worth: pd.DataFrame,
    gap: pd.DataFrame,
    moved: pd.DataFrame,
    trials: int,
    trips: float | None,
    margin: float | None,
    words: Words,
    excess: bool = False,
) -> dict[str, Any]:
    """The headline. worth: channel, share, conversions, low, high, last_touch, back, back_low, back_high (GMV for 1 spent).

    excess: the orders are what followed touches beside people who stood alike, and not a rule's credit.
    """
    known = worth[worth.conversions.notna()]
    if known.empty:
        return nothing(words)
    if not trials:
        return _excess(known, gap, words) if excess else _untried(known, gap, moved, trips, words)
    paid = known[known.back.notna()].sort_values("back", ascending=False)
    sure = paid[paid.back_low * (margin or 0) > 1]
    top = (sure if len(sure) else known).sort_values("conversions", ascending=False).iloc[0]
    told = []
    if len(paid) and margin:
        told.append(
            words(
                "At the margin of {margin}, surely paid: **{sure}**; surely not: {lost}; the others are open.",
                margin=words.share(margin),
                sure=listed(sure.channel, words),
                lost=listed(paid.channel[paid.back_high * margin < 1], words),
            )
        )
    told.append(
        words(
            "Held against {n} trials, **{channel}** brought **{orders} orders** (95%: {low} to {high}).",
            n=trials,
            channel=channel(top.channel, words),
            orders=words.number(top.conversions),
            low=words.number(top.low),
            high=words.number(top.high),
        )
    )
    for row in (sure if len(sure) else paid).head(1).itertuples():
        told.append(
            words(
                "For 1 spent **{channel}** brought {back} of GMV (95%: {low} to {high}).",
                channel=channel(str(row.channel), words),
                back=words.number(row.back),
                low=words.number(row.back_low),
                high=words.number(row.back_high),
            )
        )
    differ = words.share(moved.moved.max())
    if len(sure):
        name = listed(sure.channel[:2], words)
        short = words("{channel} surely paid; methods differ by {moved}", channel=name, moved=differ)
    else:
        short = words("{channel} leads; methods differ by {moved}", channel=channel(top.channel, words), moved=differ)
    tile = {
        "label": words("Surely paid") if len(sure) else words("Most orders, calibrated"),
        "value": channel(top.channel, words),
        "note": words("{low} to {high} orders", low=words.number(top.low), high=words.number(top.high)),
    }
    return {
        "kind": "model",
        "value": float(top.conversions),
        "unit": "orders",
        "low": float(top.low),
        "high": float(top.high),
        "text": " ".join(told),
        "short": short[:60],
        "tile": tile,
        "verdict": "careful",
        "next_step": _next(worth, gap, words),
        "compared": {"label": words("credit by the last touch"), "value": _number(top.get("last_touch"))},
    }


def _number(value: object) -> float | None:
    return None if is_missing(value) else float(value)  # type: ignore[arg-type]


def _excess(known: pd.DataFrame, gap: pd.DataFrame, words: Words) -> dict[str, Any]:
    top = known.sort_values("conversions", ascending=False).iloc[0]
    name, ends = channel(top.channel, words), {"low": words.number(top.low), "high": words.number(top.high)}
    text = words(
        "Beside people who stood alike and were not met, **{channel}** added most: **{orders} orders** (95%: {low} to {high}); "
        "no trial says so yet.",
        channel=name,
        orders=words.number(top.conversions),
        **ends,
    )
    return {
        "kind": "model",
        "value": float(top.conversions),
        "unit": "orders",
        "low": float(top.low),
        "high": float(top.high),
        "text": text,
        "short": words("{channel} added most: {orders} orders", channel=name, orders=words.number(top.conversions))[
            :60
        ],
        "tile": {
            "label": words("Most orders added, by model"),
            "value": name,
            "note": words("{low} to {high} orders", **ends),
        },
        "verdict": "careful",
        "next_step": _next(known, gap, words),
        "compared": {"label": words("credit by the last touch"), "value": _number(top.get("last_touch"))},
    }


def _untried(
    known: pd.DataFrame, gap: pd.DataFrame, moved: pd.DataFrame, trips: float | None, words: Words
) -> dict[str, Any]:
    top = known.sort_values("conversions", ascending=False).iloc[0]
    text = words(
        "**{channel}** is credited with **{share}** of the credit for orders, between {low} and {high} by method; "
        "no trial says what any channel brings.",
        channel=channel(top.channel, words),
        share=words.share(top.share),
        **_span(gap, str(top.channel), words),
    )
    if trips is not None and trips > TRIPS:
        text += " " + words(
            "Touches are seen only while people shop, so that credit says who shopped: move no money by it."
        )
    short = words(
        "{channel} has most credit: {share}", channel=channel(top.channel, words), share=words.share(top.share)
    )
    tile = {
        "label": words("Most credit for orders"),
        "value": channel(top.channel, words),
        "note": words("{share} of the credit", share=words.share(top.share)),
    }
    return {
        "kind": "credit",
        "value": float(top.share),
        "unit": "share",
        "text": text,
        "short": short[:60],
        "tile": tile,
        "verdict": "careful",
        "next_step": _next(known, gap, words),
    }


def _span(gap: pd.DataFrame, name: str, words: Words) -> dict[str, str]:
    row = gap.set_index("channel").loc[name]
    return {"low": words.share(row.low), "high": words.share(row.high)}


def _next(worth: pd.DataFrame, gap: pd.DataFrame, words: Words) -> str:
    tried = set(worth.channel[worth.trial]) if "trial" in worth else set()
    open_ = gap[~gap.channel.isin(tried)]
    name = str((open_ if len(open_) else gap).iloc[0].channel)
    return (
        words(
            "Hold some people out of {channel}: no trial tells of it, and methods differ most there.",
            channel=channel(name, words),
        )
        if len(open_)
        else words(
            "Repeat the trial of {channel} with more people: methods differ most there.", channel=channel(name, words)
        )
    )


def listed(names: Sequence[Any], words: Words) -> str:
    """Channels by name, one after the other."""
    return words(", ").join(channel(str(n), words) for n in names) or words("none")
