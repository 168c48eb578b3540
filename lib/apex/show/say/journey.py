"""What `1_insight/journey` says: how deep the relations are, who moved, what the moves up are credited to.

Every function takes what may be shown (suppressed counts are null) and returns the fields of a finding, or a frame for a
chart or a table. Stages come as [(id, name)], shallow to deep; `deep` is the id of the stage from which a relation is deep.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

import pandas as pd

from apex.show.glossary import channel
from apex.show.say.wording import fitting, shown_sum, whole_sum
from apex.show.words import Words

Stages = Sequence[tuple[str, str]]
ALL = "*"  # the row of all causes together
SHOWN_MIXES = 16  # a table of more would be cut on paper


def depth(
    change: pd.DataFrame, deep: str, days: int, stages: Stages, causes: pd.DataFrame | None, peers: pd.Series | None,
    noticeable: float, words: Words,
) -> dict[str, Any]:  # fmt: skip
    """The headline: how many of all consumers in relation stand at `deep` or deeper, held against a day before, else peers.

    change: the frame of `measure.assets.change`. causes: cause, met, credit by channel (null: suppressed), or None where nothing
    may be laid to a channel. peers: low, middle, high of their deep shares (None: too few). A change of less than the share
    `noticeable` is called steady.
    """
    ids, name = [i for i, _ in stages], dict(stages)[deep]
    at = change.stage.astype(str).isin(ids[ids.index(deep) :])
    now, deeper = whole_sum(change.now), whole_sum(change.now[at])
    if not now or deeper is None:
        text = words("Too few consumers hold a relation to say how deep it is.") if now is None or deeper is None else words(
            "Nobody holds a relation with the brand on this day."
        )  # fmt: skip
        return {"kind": "counted", "short": fitting(text.rstrip(".。")), "text": text}
    share = deeper / now
    parts = {"n": deeper, "all": now, "share": words.share(share), "stage": name}
    tile = {"label": words("{stage} or deeper", stage=name), "value": words.count(deeper),
            "note": words("{share} of {all} in relation", share=parts["share"], all=now)}  # fmt: skip
    fields: dict[str, Any] = {"kind": "counted", "value": float(deeper), "unit": "consumers", "n": now, "tile": tile,
                              "next_step": _step(causes, words)}  # fmt: skip
    beside = "" if peers is None else words("; peers' middle is {middle}", middle=words.share(peers.middle))
    before, earlier = whole_sum(change.before), whole_sum(change.before[at])
    if not change.comparable.all() or not before or not earlier:
        text = words("**{n}** of {all} consumers in relation (**{share}**) stand at {stage} or deeper{beside}; no earlier day "
                     "compares. {led}", **parts, beside=beside, led=_led(causes, words))  # fmt: skip
        if peers is None:
            short = words("{n} consumers are {stage} or deeper", n=deeper, stage=name)
            return fields | {"short": fitting(short, name), "text": text}
        short = words("{share} are {stage} or deeper, peers {middle}",
                      share=parts["share"], stage=name, middle=words.share(peers.middle))  # fmt: skip
        verdict = "ahead" if share > peers.high else "behind" if share < peers.low else "careful"
        compared = {"label": words("middle of the peers"), "value": float(peers.middle)}
        return fields | {"value": share, "unit": "share", "verdict": verdict, "compared": compared, "text": text,
                         "short": fitting(short, name)}  # fmt: skip
    moved = deeper / earlier - 1
    verdict = "ahead" if moved > noticeable else "behind" if moved < -noticeable else "careful"
    short = words("{stage} or deeper: {n}, {share} in {days} days",
                  n=deeper, stage=name, share=words.signed_share(moved, 1), days=days)  # fmt: skip
    text = words(
        "**{n}** consumers stand at {stage} or deeper, **{difference} ({change})** on {days} days before: {share} of all {all} "
        "in relation, then {before}{beside}. {led}",
        **parts, difference=words.signed(deeper - earlier), change=words.signed_share(moved, 1), days=days,
        before=words.share(earlier / before), beside=beside, led=_led(causes, words),
    )  # fmt: skip
    compared = {"label": words("{n} days before", n=days), "value": float(earlier)}
    return fields | {"verdict": verdict, "compared": compared, "short": fitting(short, name), "text": text}


def rises(flow: pd.DataFrame, start: date, stages: Stages, words: Words) -> dict[str, Any]:
    """Who rose between two days, and on which pair of stages most of them. flow: from_stage, to_stage (ordered), consumers."""
    up, down = flow[flow.to_stage > flow.from_stage], flow[flow.to_stage < flow.from_stage]
    shown = {"up": shown_sum(up.consumers, words), "down": shown_sum(down.consumers, words)}
    names = {**dict(stages), "none": words("no stage")}
    inside = up[(up.from_stage != "none") & up.consumers.notna()]
    short = words("{up} rose, {down} fell", **shown)
    text = words(
        "Since {day}, **{up}** consumers rose a stage or more and **{down}** fell.", day=words.day(start), **shown
    )
    if len(inside) and inside.consumers.max() > 0:
        most = inside.loc[inside.consumers.astype("Int64").idxmax()]
        text += words(" Of those who had a relation already, most rose from {start} to {end}: {n}.",
                      start=names[str(most.from_stage)], end=names[str(most.to_stage)], n=most.consumers)  # fmt: skip
    rose, fell = whole_sum(up.consumers), whole_sum(down.consumers)
    verdict = (
        "none" if rose is None or fell is None else "ahead" if rose > fell else "behind" if rose < fell else "careful"
    )
    return {"kind": "counted", "value": rose, "unit": "consumers", "verdict": verdict, "short": fitting(short), "text": text,
            "tile": {"label": words("Rose since {day}", day=words.day_short(start)), "value": shown["up"],
                     "note": words("{n} fell", n=shown["down"])}}  # fmt: skip


def ladder(change: pd.DataFrame, days: int, stages: Stages, words: Words) -> dict[str, Any]:
    """The shop's ladder: how many of its customers came back, and newcomers beside them. change: as in `depth`, of the ladder."""
    first, repeat = change.iloc[-2], change.iloc[-1]
    name = stages[-1][1]
    whole = None if pd.isna(first.now) or pd.isna(repeat.now) else int(first.now + repeat.now)
    fields: dict[str, Any] = {"kind": "counted", "unit": "share"}
    if not whole:
        text = words("The shop's ladder shows too few customers for a share.")
        return fields | {"short": fitting(text.rstrip(".。")), "text": text}
    share = int(repeat.now) / whole
    short = words("{share} of the shop's customers bought again", share=words.share(share))
    known = not (pd.isna(first.before) or pd.isna(repeat.before)) and first.before + repeat.before > 0
    if not known:
        text = words("**{share}** of the shop's {n} customers of a year bought again ({stage}); no earlier day compares.",
                     share=words.share(share), n=whole, stage=name)  # fmt: skip
        return fields | {"value": share, "n": whole, "short": short, "text": text}
    before = int(repeat.before) / int(first.before + repeat.before)
    text = words(
        "**{share}** of the shop's {n} customers of a year bought again ({stage}), against {before} {days} days before.",
        share=words.share(share, 1), n=whole, stage=name, before=words.share(before, 1), days=days,
    )  # fmt: skip
    compared = {"label": words("{n} days before", n=days), "value": before}
    verdict = "ahead" if share > before + 0.005 else "behind" if share < before - 0.005 else "careful"
    return fields | {"value": share, "n": whole, "verdict": verdict, "compared": compared, "short": short, "text": text}


def credited(
    causes: pd.DataFrame | None, flow: pd.DataFrame, deeper: Sequence[str], stages: Stages, words: Words
) -> dict[str, Any]:
    """The channel that most relations deepened with. causes: cause, met, credit, low, high, all channels together as `*`.

    flow: as in `rises`. deeper: the stages between seeing the brand and buying it, to which moves are credited. causes None:
    nothing may be laid to a channel, since touches are only seen when somebody shops.
    """
    if causes is None:
        text = words(
            "No channel is named: this log sees a touch only when somebody shops, so that every touch looks like a cause."
        )
        return {"kind": "not identified", "short": words("What deepens relations is not identified"), "text": text,
                "next_step": _step(None, words)}  # fmt: skip
    known, whole = _ranked(causes)
    if known.empty or not known.credit.max() > 0:
        text = words("No channel brought enough moves up to be shown.")
        return {"kind": "credit", "short": fitting(text.rstrip(".。")), "text": text}
    up = flow[(flow.to_stage > flow.from_stage) & flow.to_stage.isin(list(deeper))]
    best, first = known.iloc[0], stages[0][1]
    named, parts = channel(best.cause, words), {"low": round(best.low), "high": round(best.high)}
    text = words("Without **{channel}**, **{n}** consumers would not have moved beyond {stage} ({low} to {high} by who is met; "
                 "it met {met})", channel=named, n=round(best.credit), stage=first, met=int(best.met), **parts)  # fmt: skip
    if len(known) > 1:
        second = known.iloc[1]
        text += words("; without {channel}: {n}", channel=channel(second.cause, words), n=round(second.credit))
    if whole is not None:
        text += words("; without all channels: {n} of {all}", n=whole, all=shown_sum(up.consumers, words))
    short = words("{channel} deepened most: {n} consumers", channel=named, n=round(best.credit))
    return {"kind": "credit", "value": float(best.credit), "unit": "consumers", "low": float(best.low), "high": float(best.high),
            "n": int(best.met), "short": fitting(short, named), "text": text + words("."), "next_step": _step(causes, words),
            "tile": {"label": words("Deepened most: {channel}", channel=named), "value": words.count(round(best.credit)),
                     "note": words("{low} to {high} by who is met", **parts)}}  # fmt: skip


def purchases(bought: Sequence[str], stages: Stages, words: Words) -> dict[str, Any]:
    """Moves into a purchase: no rule of credit was near the truth where it is known, so that none is given."""
    names = words(", ").join(name for id, name in stages if id in bought)
    text = words("What led to moves into {stages} is not identified: where the truth is known, every rule of credit missed it "
                 "by a third or more.", stages=names)  # fmt: skip
    return {"kind": "not identified", "short": words("What leads to purchases is not identified here"), "text": text,
            "next_step": words("Keep a random hold-out in the next campaign: it tells what media add to purchases.")}  # fmt: skip


def contents(shown: pd.DataFrame, known: int, caused: bool, words: Words) -> dict[str, Any]:
    """The content that most moves up are credited to. shown: content_id, format, creator, credit, low, high, met.

    known: contents of the brand published so far; caused: whether anything may be laid to a touch.
    """
    if not known or not caused:
        text = words("Contents are not told apart here: that takes a table of contents, and touches that name theirs.")
        return {"kind": "not identified", "short": words("Which content deepens relations is not known"), "text": text}
    ranked = shown[shown.credit.notna()].sort_values(["credit", "content_id"], ascending=[False, True])
    if ranked.empty or not ranked.credit.max() > 0:
        text = words("No content brought enough moves up to be shown.")
        return {"kind": "credit", "short": fitting(text.rstrip(".。")), "text": text}
    best = ranked.iloc[0]
    what = words("{format} by {creator}", format=_known(best.format), creator=_known(best.creator))
    parts = {"credit": round(best.credit), "low": round(best.low), "high": round(best.high), "met": int(best.met)}
    text = words("Of {n} contents met in the period, **{what}** ({id}) deepened most relations: **{credit}** ({low} to {high} by "
                 "who is met; it met {met} consumers).",
                 n=len(shown), what=what, id=str(best.content_id), **parts)  # fmt: skip
    short = words("{what} led all contents: {n} deepened", what=what, n=parts["credit"])
    step = words("Show more of {what}, and test it against the next best with a hold-out.", what=what)
    return {"kind": "credit", "value": float(best.credit), "unit": "consumers", "low": float(best.low), "high": float(best.high),
            "n": parts["met"], "short": fitting(short, what), "text": text, "next_step": step}  # fmt: skip


def mixed(judged: pd.DataFrame | None, deep: str, stages: Stages, words: Words) -> dict[str, Any]:
    """The mix after which more consumers became deep than after others. judged: frame of `model.mixes.judged`; None as above."""
    name = dict(stages)[deep]
    if judged is None:
        text = words("No mix of channels is ranked, for the same reason.")
        return {"kind": "not identified", "short": words("The best mix of channels is not identified"), "text": text}
    known = _best_first(judged[judged.ratio.notna()])
    if known.empty:
        text = words("No mix of channels met enough consumers to be ranked.")
        return {"kind": "credit", "short": fitting(text.rstrip(".。")), "text": text}
    best = known.iloc[0]
    what, rate, usual = mix_name(best.mix, words), words.share(best.rate, 1), words.share(best.usual, 1)
    fields: dict[str, Any] = {"kind": "credit", "value": float(best.ratio), "unit": "index", "low": float(best.low),
                              "high": float(best.high), "n": int(best.consumers)}  # fmt: skip
    if best.low <= 1:
        text = words(
            "None of {n} mixes clearly brings more consumers to {stage} than others of its size; nearest is {mix}: {rate} "
            "against {usual} expected (n = {met}).",
            n=len(known), stage=name, mix=what, rate=rate, usual=usual, met=int(best.consumers),
        )  # fmt: skip
        short = words("No mix of channels stands out among {n}", n=len(known))
        return fields | {"verdict": "none", "short": short, "text": text}
    text = words(
        "After **{mix}**, {rate} of {met} consumers reached {stage}, against {usual} after other mixes of its size "
        "(**{ratio} times**, interval {low} to {high} for the best of {n}).",
        mix=what, rate=rate, met=int(best.consumers), stage=name, usual=usual, ratio=words.number(best.ratio, 2),
        low=words.number(best.low, 2), high=words.number(best.high, 2), n=len(known),
    )  # fmt: skip
    short = words("{mix}: {ratio} times the usual share deepens", mix=what, ratio=words.number(best.ratio, 1))
    step = words("Try {mix} as a sequence against each of its channels alone, with a hold-out.", mix=what)
    return fields | {"verdict": "ahead", "short": fitting(short, what), "text": text, "next_step": step}


def named(causes: pd.DataFrame, words: Words) -> pd.DataFrame:
    """Channels' credit as bars: label, value, low, high, suppressed; all together left out."""
    mine = causes[causes.cause != ALL].sort_values(["credit", "cause"], ascending=[False, True])
    return pd.DataFrame({"label": [channel(c, words) for c in mine.cause], "value": mine.credit.array, "low": mine.low.array,
                         "high": mine.high.array, "suppressed": mine.suppressed.array})  # fmt: skip


def wide(by_stage: pd.DataFrame, causes: pd.DataFrame, words: Words) -> pd.DataFrame:
    """Credit by channel (rows, in the order of their whole credit) and stage reached (columns), whole; hidden ones are null."""
    mine = by_stage[by_stage.cause != ALL]
    order = causes.sort_values(["credit", "cause"], ascending=[False, True]).cause
    frame = mine.pivot(index="cause", columns="to_stage", values="credit").reindex([c for c in order if c != ALL])
    frame.columns = [str(c) for c in frame.columns]
    frame = frame.astype("Float64").round(0).astype("Int64")
    out = frame.assign(suppressed=frame.isna().any(axis=1)).reset_index()
    return out.assign(cause=[channel(c, words) for c in out.cause])


def by_rule(rules: pd.DataFrame, words: Words) -> pd.DataFrame:
    """Credit by channel and rule for a table: the channel as people say it, whole numbers, largest first."""
    columns = ["replay", "regression", "low", "high", "equal", "naive"]
    whole = rules[columns].astype("Float64").round(0).astype("Int64")
    named = rules.assign(cause=[channel(c, words) for c in rules.cause], **whole)
    return named.sort_values(["replay", "cause"], ascending=[False, True], ignore_index=True)


def rule_columns(words: Words) -> dict[str, tuple[str, str]]:
    """The columns of that table."""
    return {
        "cause": (words("Channel"), "text"), "replay": (words("Left out"), "count"),
        "regression": (words("Regression"), "count"), "low": (words("Low"), "count"), "high": (words("High"), "count"),
        "last": (words("Last touch"), "count"), "equal": (words("Equal shares"), "count"),
        "naive": (words("Touched less untouched"), "count"),
    }  # fmt: skip


def best_contents(shown: pd.DataFrame, words: Words) -> pd.DataFrame:
    """Contents for a table: whole numbers, channels as people say them, most credit first."""
    whole = shown[["credit", "low", "high"]].astype("Float64").round(0).astype("Int64")
    ranked = shown.assign(channel=[channel(c, words) for c in shown.channel], **whole)
    return ranked.sort_values(["credit", "content_id"], ascending=[False, True], ignore_index=True)


def content_columns(words: Words) -> dict[str, tuple[str, str]]:
    """The columns of that table."""
    return {
        "content_id": (words("Content"), "text"), "format": (words("Content format"), "text"),
        "creator": (words("Creator"), "text"), "channel": (words("Channel"), "text"),
        "met": (words("Met"), "count"), "credit": (words("Deepened"), "count"),
        "low": (words("Low"), "count"), "high": (words("High"), "count"),
    }  # fmt: skip


def makers(formats: pd.DataFrame, creators: pd.DataFrame) -> pd.DataFrame:
    """Credit by format and by creator in one frame: by, cause, met, credit; all together left out."""
    both = pd.concat([formats.assign(by="format"), creators.assign(by="creator")], ignore_index=True)
    return both.loc[both.cause != ALL, ["by", "cause", "met", "credit"]].reset_index(drop=True)


def named_makers(makers: pd.DataFrame, words: Words) -> pd.DataFrame:
    """The same for a table, formats first, most credit first."""
    kinds = {"format": words("Content format"), "creator": words("Creator")}
    ranked = makers.sort_values(["by", "credit", "cause"], ascending=[False, False, True], ignore_index=True)
    whole = ranked.credit.astype("Float64").round(0).astype("Int64")
    return ranked.assign(by=[kinds[b] for b in ranked.by], credit=whole)


def named_mixes(judged: pd.DataFrame, words: Words) -> pd.DataFrame:
    """The best mixes with `mix` as people say it: as many as one sheet of paper holds."""
    ranked = _best_first(judged).head(SHOWN_MIXES)
    return ranked.assign(mix=[mix_name(m, words) for m in ranked.mix])


def mix_columns(words: Words) -> dict[str, tuple[str, Any]]:
    """The columns of the table of mixes."""
    return {
        "mix": (words("Mix"), "text"), "consumers": (words("Met"), "count"), "reached": (words("Became deep"), "count"),
        "rate": (words("Share"), "share1"), "usual": (words("Expected"), "share1"),
        "ratio": (words("Times expected"), lambda v: words.number(v, 2)), "low": (words("Low"), lambda v: words.number(v, 2)),
        "high": (words("High"), lambda v: words.number(v, 2)),
    }  # fmt: skip


def mix_name(mix: str, words: Words) -> str:
    """Several channels in one line, from their ids with " + " between them."""
    return " + ".join(channel(c, words) for c in mix.split(" + "))


def _best_first(judged: pd.DataFrame) -> pd.DataFrame:
    return judged.sort_values(["low", "ratio", "mix"], ascending=[False, False, True], ignore_index=True)


def _led(causes: pd.DataFrame | None, words: Words) -> str:
    if causes is None:
        return words("What deepened them is not identified: touches are seen in shopping trips alone.")
    known, _ = _ranked(causes)
    if known.empty or not known.credit.max() > 0:
        return words("No channel brought enough moves up to be named.")
    best = known.iloc[0]
    return words("**{channel}** deepened most relations: {n}, {rate} of those it met.",
                 channel=channel(best.cause, words), n=round(best.credit), rate=words.share(best.credit / best.met))  # fmt: skip


def _step(causes: pd.DataFrame | None, words: Words) -> str | None:
    if causes is None:
        return words("Record exposures where they happen, not in the shopping trip, or hold out a random share.")
    known, _ = _ranked(causes)
    if len(known) < 2 or not known.credit.max() > 0:
        return None
    per = (known.credit / known.met).astype("Float64")
    best, worst = known.loc[per.idxmax()], known.loc[per.idxmin()]
    return words(
        "Hold out one in ten from {best} ({rate} of those met deepen) and from {worst} ({low}), then move money to what "
        "holds up.",
        best=channel(best.cause, words), rate=words.share(per.max()), worst=channel(worst.cause, words),
        low=words.share(per.min()),
    )  # fmt: skip


def _ranked(causes: pd.DataFrame) -> tuple[pd.DataFrame, int | None]:
    """Channels with a shown credit, largest first, and the credit of all together (None where it is not shown)."""
    whole = causes[causes.cause == ALL].credit
    known = causes[(causes.cause != ALL) & causes.credit.notna()]
    known = known.sort_values(["credit", "cause"], ascending=[False, True], ignore_index=True)
    return known, None if whole.empty or pd.isna(whole.iloc[0]) else round(whole.iloc[0])


def _known(name: object) -> str:
    return "–" if pd.isna(name) else str(name)
