"""What `4_wrapup/attribution` says: which channels deserve the money, how far methods disagree, what trials say beside credit.

Credit, lift and model are never mixed: credit is what a method shares out, lift what a trial found, and credit calibrated to lift
is a model. Every function takes what may be shown (suppressed figures are null).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from apex.show.glossary import channel
from apex.show.words import MISSING, Words, is_missing

Columns = dict[str, tuple[str, Any]]
TRIPS = 0.9  # share of touches on a day of shopping from which they say who shopped
AGREE = 0.05  # of all credit: methods that move less agree


def methods(words: Words) -> dict[str, str]:
    """Names of methods."""
    return {
        "first": words("First touch"), "last": words("Last touch"), "linear": words("Linear"),
        "position": words("Position 40/20/40"), "decay": words("Time decay"), "markov1": words("Markov, order 1"),
        "markov2": words("Markov, order 2"), "markov3": words("Markov, order 3"), "shapley": words("Shapley"),
        "hazard": words("Hazard model"), "calibrated": words("Calibrated to trials"),
    }  # fmt: skip


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


def nothing(words: Words) -> dict[str, Any]:
    """No order had a touch."""
    return {
        "kind": "not identified", "short": words("No order had a touch: no credit to give"),
        "text": words("In this window no order of the brand had a touch in the days before it, so there is no credit to give."),
    }  # fmt: skip


def money(worth: pd.DataFrame, gap: pd.DataFrame, moved: pd.DataFrame, trials: int, trips: float | None, margin: float | None,
          words: Words) -> dict[str, Any]:  # fmt: skip
    """The headline. worth: channel, share, conversions, low, high, back, back_low, back_high (GMV per unit of cost), best first."""
    known = worth[worth.conversions.notna()]
    if known.empty:
        return nothing(words)
    if not trials:
        return _untried(known, gap, moved, trips, words)
    top = known.sort_values("conversions", ascending=False).iloc[0]
    paid = known[known.back.notna()].sort_values("back", ascending=False)
    lead = words(
        "Held against {n} trials, **{channel}** brought most: **{orders} orders** (95%: {low} to {high}).", n=trials,
        channel=channel(top.channel, words), orders=words.number(top.conversions), low=words.number(top.low),
        high=words.number(top.high),
    )  # fmt: skip
    short = words("{channel} brought most orders: {orders}", channel=channel(top.channel, words),
                  orders=words.number(top.conversions, 0))  # fmt: skip
    tile = {"label": words("Most orders, calibrated"), "value": channel(top.channel, words),
            "note": words("{low} to {high} orders", low=words.number(top.low), high=words.number(top.high))}  # fmt: skip
    if len(paid):
        best = paid.iloc[0]
        lead += " " + words(
            "For its cost **{channel}** brought most: {back} of GMV for 1 spent (95%: {low} to {high}).",
            channel=channel(best.channel, words), back=words.number(best.back), low=words.number(best.back_low),
            high=words.number(best.back_high),
        )  # fmt: skip
        if margin:
            sure = paid[paid.back_low * margin > 1]
            lost = paid[paid.back_high * margin < 1]
            lead += " " + words("At the margin of {margin}, surely paid: {sure}; surely not: {lost}; the others are open.",
                                margin=words.share(margin), sure=_listed(sure.channel, words),
                                lost=_listed(lost.channel, words))  # fmt: skip
    return {
        "kind": "model", "value": float(top.conversions), "unit": "orders", "low": float(top.low), "high": float(top.high),
        "text": lead, "short": short[:60], "tile": tile, "verdict": "careful", "next_step": _next(worth, gap, words),
        "compared": {"label": words("credit by the last touch"), "value": _number(top.get("last_touch"))},
    }  # fmt: skip


def _number(value: object) -> float | None:
    return None if is_missing(value) else float(value)  # type: ignore[arg-type]


def _untried(
    known: pd.DataFrame, gap: pd.DataFrame, moved: pd.DataFrame, trips: float | None, words: Words
) -> dict[str, Any]:
    top = known.sort_values("conversions", ascending=False).iloc[0]
    text = words(
        "**{channel}** is credited with **{share}** of the credit for orders, between {low} and {high} by method; "
        "no trial says what any channel brings.",
        channel=channel(top.channel, words), share=words.share(top.share),
        **_span(gap, str(top.channel), words),
    )  # fmt: skip
    if trips is not None and trips > TRIPS:
        text += " " + words("Touches are seen only while people shop, so that credit says who shopped: move no money by it.")
    short = words("{channel} has most credit: {share}", channel=channel(top.channel, words), share=words.share(top.share))
    tile = {"label": words("Most credit for orders"), "value": channel(top.channel, words),
            "note": words("{share} of the credit", share=words.share(top.share))}  # fmt: skip
    return {"kind": "credit", "value": float(top.share), "unit": "share", "text": text, "short": short[:60], "tile": tile,
            "verdict": "careful", "next_step": _next(known, gap, words)}  # fmt: skip


def _span(gap: pd.DataFrame, name: str, words: Words) -> dict[str, str]:
    row = gap.set_index("channel").loc[name]
    return {"low": words.share(row.low), "high": words.share(row.high)}


def _next(worth: pd.DataFrame, gap: pd.DataFrame, words: Words) -> str:
    tried = set(worth.channel[worth.trial]) if "trial" in worth else set()
    open_ = gap[~gap.channel.isin(tried)]
    name = str((open_ if len(open_) else gap).iloc[0].channel)
    return words("Hold some people out of {channel}: no trial tells of it, and methods differ most there.",
                 channel=channel(name, words)) if len(open_) else words(
        "Repeat the trial of {channel} with more people: methods differ most there.", channel=channel(name, words))  # fmt: skip


def disagree(moved: pd.DataFrame, gap: pd.DataFrame, words: Words) -> dict[str, Any]:
    """How far methods disagree. moved: of `attribution_methods.apart`; gap: of `ranges`; both by size."""
    if moved.empty or gap.empty or is_missing(moved.moved.iloc[0]):
        return nothing(words) | {"short": words("Methods cannot be compared")}
    far, near, wide, named = moved.iloc[0], moved.iloc[-1], gap.iloc[0], methods(words)
    text = words(
        "Another method moves up to **{far}** of all credit ({a} beside {b}); the nearest two differ by {near}. Most on "
        "**{channel}**: {low} by {low_method}, {high} by {high_method}.",
        far=words.share(far.moved, 1), a=named[far.a], b=named[far.b], near=words.share(near.moved, 1),
        channel=channel(wide.channel, words), low=words.share(wide.low, 1), low_method=named[wide.low_method],
        high=words.share(wide.high, 1), high_method=named[wide.high_method],
    )  # fmt: skip
    tile = {"label": words("Credit that moves with the method"), "value": words.share(far.moved),
            "note": words("at most; {channel} most of all", channel=channel(wide.channel, words))}  # fmt: skip
    return {"kind": "credit", "value": float(far.moved), "unit": "share", "text": text, "tile": tile,
            "short": words("Methods move up to {share} of credit", share=words.share(far.moved)),
            "verdict": "none" if far.moved < AGREE else "careful"}  # fmt: skip


def lift(beside: Mapping[str, pd.DataFrame], words: Words) -> dict[str, Any]:
    """What trials say beside credit, all trials weighed together. beside: of `attribution_lift.beside` by method."""
    frame = beside["last"]
    if frame.empty or not (frame.credit > 0).any():
        return {"kind": "not identified", "short": words("No trial stands beside the credit"),
                "text": words("No ended trial of media with people held out: what channels bring is not identified, and "
                              "credit stays an association.")}  # fmt: skip
    first = frame[(frame.ratio_low > 1) | (frame.ratio_high < 1)]
    row = (first if len(first) else frame).iloc[0]
    text = words(
        "{n} trials: by lift **{channel}** brought {lift} orders (95%: {low} to {high}) where the last touch credits {credit}.",
        n=len(frame), channel=channel(row.channel, words), lift=words.number(row.lift), low=words.number(row.low),
        high=words.number(row.high), credit=words.number(row.credit),
    )  # fmt: skip
    text += " " + words("In {off} of {n} trials lift and last-touch credit differ by more than chance.", off=len(first), n=len(frame))
    return {"kind": "lift", "value": float(row.lift), "unit": "orders", "low": float(row.low), "high": float(row.high),
            "n": int(row.n), "text": text, "short": words("Lift differs from last-touch credit in {off} of {n}", off=len(first),
                                                          n=len(frame))[:60]}  # fmt: skip


def baseline(total: float, touched: float, hazard: float, calibrated: float | None, words: Words) -> dict[str, Any]:
    """What no channel is credited with."""
    if total <= 0:
        return nothing(words) | {"short": words("No order in the window")}
    text = words("Of {total} orders {touched} had a touch before; rules and chains credit media with all of these. The hazard model "
                 "leaves **{level}** to what would have come without touches.", total=words.count(round(total)),
                 touched=words.count(round(touched)), level=words.share(1 - hazard / total))  # fmt: skip
    if calibrated is not None:
        text += " " + words("Calibrated to trials, **{level}** of all orders are credited to no channel.",
                            level=words.share(1 - calibrated / total))  # fmt: skip
    rest = 1 - (hazard if calibrated is None else calibrated) / total
    return {"kind": "model", "value": float(rest), "unit": "share", "text": text,
            "short": words("{share} of orders owe nothing to touches", share=words.share(rest))}  # fmt: skip


def moves(table: pd.DataFrame, stages: Sequence[tuple[str, str]], words: Words) -> dict[str, Any]:
    """Credit for stage moves. table: kind, conversions, touched, channel, share, moved; of the stages reached."""
    named = dict(stages)
    known = table.set_index("kind").reindex([k for k in named if k in set(table.kind)]).reset_index()
    known = known[known.channel.notna()]
    if known.empty:
        return nothing(words) | {"short": words("No move up had a touch")}
    told = words("; ").join(
        words("{stage}: {channel} ({share})", stage=named[r.kind], channel=channel(r.channel, words), share=words.share(r.share))
        for r in known.itertuples()
    )
    worst = known.sort_values("moved", ascending=False).iloc[0]
    text = words("Most credit for moves up, by the hazard model: {told}. Methods disagree most on moves to **{stage}**: {moved}.",
                 told=told, stage=named[worst.kind], moved=words.share(worst.moved, 1))  # fmt: skip
    return {"kind": "credit", "value": float(worst.moved), "unit": "share", "text": text,
            "short": words("Most disputed: moves to {stage}", stage=named[worst.kind])[:60]}  # fmt: skip


def worth_bars(worth: pd.DataFrame, words: Words) -> pd.DataFrame:
    """Bars of orders by channel, the last touch's credit as a mark."""
    frame = worth.sort_values(["conversions", "channel"], ascending=[False, True], ignore_index=True)
    return pd.DataFrame({
        "label": [channel(c, words) for c in frame.channel], "value": frame.conversions, "before": frame.last_touch,
        "low": frame.low, "high": frame.high, "suppressed": frame.suppressed,
    })  # fmt: skip


def worth_rows(worth: pd.DataFrame, words: Words) -> pd.DataFrame:
    """The table of channels: name, orders and interval, ratio, cost, GMV back for 1 spent."""
    frame = worth.sort_values(["conversions", "channel"], ascending=[False, True], ignore_index=True)
    return frame.assign(
        name=[channel(c, words) for c in frame.channel], interval=[_interval(a, b, words) for a, b in zip(frame.low, frame.high, strict=True)],
        back_interval=[_interval(a, b, words) for a, b in zip(frame.back_low, frame.back_high, strict=True)],
        tried=[words("yes") if t else words("no") for t in frame.trial],
    )  # fmt: skip


def worth_columns(trials: bool, words: Words) -> Columns:
    """The columns of `worth_rows`."""
    number = _one(words)
    out: Columns = {"name": (words("Channel"), "text"), "met": (words("Consumers met"), "count"),
                    "conversions": (words("Orders"), number), "interval": (words("95% interval"), str)}  # fmt: skip
    more: Columns = {"ratio": (words("Lift / credit"), number), "tried": (words("Own trial"), "text")}
    cost: Columns = {"cost_minor": (words("Cost"), "money"), "back": (words("GMV for 1 spent"), number),
                     "back_interval": (words("95% interval (GMV)"), str)}  # fmt: skip
    return {**out, **(more if trials else {}), **cost}


def share_rows(credit: pd.DataFrame, words: Words) -> pd.DataFrame:
    """A row a channel, a column a method: shares of the method's credit; hidden ones are null."""
    mine = credit[credit.channel != "baseline"]
    wide = mine.pivot(index="channel", columns="method", values="share")
    wide = wide.sort_values("hazard", ascending=False) if "hazard" in wide else wide
    wide.insert(0, "name", [channel(c, words) for c in wide.index])
    return wide.reset_index()


def share_columns(rows: pd.DataFrame, words: Words) -> Columns:
    """The columns of `share_rows`, methods in their order."""
    percent = _percent(words)
    return {"name": (words("Channel"), "text"), **{m: (n, percent) for m, n in methods(words).items() if m in rows}}


def lift_rows(beside: Mapping[str, pd.DataFrame], words: Words) -> pd.DataFrame:
    """Trials: lift, and credit with the ratio by method."""
    frame, model = beside["last"], beside["hazard"]
    return pd.DataFrame({
        "trial": frame.experiment_id, "channel": [channel(c, words) for c in frame.channel], "lift": frame.lift,
        "interval": [_interval(a, b, words) for a, b in zip(frame.low, frame.high, strict=True)], "n": frame.n,
        "last": frame.credit, "last_ratio": _ratios(frame, words), "hazard": model.credit, "hazard_ratio": _ratios(model, words),
    })  # fmt: skip


def lift_columns(words: Words) -> Columns:
    """The columns of `lift_rows`."""
    number = _one(words)
    return {
        "trial": (words("Trial"), "text"), "channel": (words("Channel moved most"), "text"), "n": (words("Consumers"), "count"),
        "lift": (words("Lift, orders"), number), "interval": (words("95% interval"), str),
        "last": (words("Credit, last touch"), number), "last_ratio": (words("Lift / credit, last touch"), str),
        "hazard": (words("Credit, hazard"), number), "hazard_ratio": (words("Lift / credit, hazard"), str),
    }  # fmt: skip


def move_rows(table: pd.DataFrame, stages: Sequence[tuple[str, str]], words: Words) -> pd.DataFrame:
    """Stages reached: moves, those with a touch, the channel with most credit, how far methods disagree."""
    named = dict(stages)
    table = table.set_index("kind").reindex(list(named)).reset_index()  # shallow to deep
    return table.assign(
        stage=[named[k] for k in table.kind], top=[MISSING if is_missing(c) else channel(c, words) for c in table.channel]
    )


def move_columns(words: Words) -> Columns:
    """The columns of `move_rows`."""
    percent = _percent(words)
    return {"stage": (words("Moves up to"), "text"), "conversions": (words("Moves"), "count"),
            "touched": (words("With a touch"), "count"), "top": (words("Most credit (hazard)"), "text"),
            "share": (words("Its share"), percent), "moved": (words("Methods move at most"), percent)}  # fmt: skip


def _ratios(frame: pd.DataFrame, words: Words) -> list[str]:
    return [
        MISSING if is_missing(r.ratio) else words("{ratio} ({low} to {high})", ratio=words.number(r.ratio, 2),
        low=words.number(r.ratio_low, 2), high=words.number(r.ratio_high, 2)) for r in frame.itertuples()
    ]  # fmt: skip


def _interval(low: object, high: object, words: Words) -> str:
    if is_missing(low) or is_missing(high):
        return MISSING
    return words("{low} to {high}", low=words.number(low), high=words.number(high))


def _one(words: Words) -> Any:
    return lambda value: MISSING if is_missing(value) else words.number(value)


def _percent(words: Words) -> Any:
    return lambda value: MISSING if is_missing(value) else words.share(value, 1)


def _listed(names: Sequence[Any], words: Words) -> str:
    return words(", ").join(channel(str(n), words) for n in names) or words("none")
