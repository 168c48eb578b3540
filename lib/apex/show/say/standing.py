"""What `1_insight/assets` says of stock: how many stand where, beside last time and beside peers.

Every function takes what may be shown (suppressed counts are null) and returns the fields of a finding for
`run.finding(name, **fields)`, or a frame for a table. Stages come as [(id, name)], shallow to deep; `figures` is the frame
of `measure.standing.beside`.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

import pandas as pd

from apex.show.say.wording import after, fitting, whole_sum
from apex.show.words import MISSING, Words

Stages = Sequence[tuple[str, str]]
MORE_IS_BETTER = {"rise": True, "lapse": False, "came": True}
NEARLY_ALL = 0.9  # of the category's people: more newcomers are then not to be asked for


def standing(
    change: pd.DataFrame, figures: pd.DataFrame, days: int, stages: Stages, noticeable: float, words: Words
) -> dict[str, Any]:
    """Where do we stand: all stages together now, `days` before, and beside peers; and the stage that changed most.

    change: the frame of `measure.assets.change`; a change below the share `noticeable` is called steady.
    """
    total = whole_sum(change.now)
    if total is None:
        text = words("Too few consumers at one of the stages to show how many there are in all (threshold {n}).",
                     n=words.threshold)  # fmt: skip
        return {"kind": "counted", "short": words("Too few consumers to show a total"), "text": text}
    tile = {"label": words("Consumer assets"), "value": words.count(total), "note": ""}
    step = next_step(figures, days, words)
    before = whole_sum(change.before) if change.comparable.all() else None
    if not before:
        why = words("no earlier day compares: windows were still filling") if not change.comparable.all() else words(
            "nothing to compare it with {n} days before", n=days
        )  # fmt: skip
        return {
            "kind": "counted", "value": total, "unit": "consumers", "tile": tile, "next_step": step,
            "short": words("{n} consumers hold a relation", n=total),
            "answers": {"assets": words.count(total)},
            "text": words("**{n}** consumers hold a relation with the brand; {why}.", n=total, why=why),
        }  # fmt: skip
    share, names, theirs = total / before - 1, dict(stages), _figure(figures, "growth", "middle")
    moved = change.loc[change.difference.abs().astype("Float64").idxmax()]
    verdict = _verdict(share, noticeable, theirs)
    tile["note"] = words("{share} in {n} days", share=words.signed_share(share), n=days)
    said = {"n": total, "difference": words.signed(total - before), "share": words.signed_share(share), "days": days,
            "stage": names[moved.stage], "moved": words.signed(moved.difference),
            "moved_share": words.signed_share(moved.share)}  # fmt: skip
    if theirs is None:
        text = words(
            "**{n}** consumers hold a relation with the brand, **{difference} ({share})** on {days} days before; {stage} "
            "changed most, by {moved} ({moved_share}).", **said,
        )  # fmt: skip
        short = words("Assets {share} in {days} days; {stage} moved most", **said)
    else:
        tile["note"] = words("{share} in {n} days; peers {middle}", share=said["share"], n=days,
                             middle=words.signed_share(theirs))  # fmt: skip
        text = words(
            "**{n}** consumers hold a relation with the brand, **{difference} ({share})** on {days} days before, where the "
            "middle of the peers is {middle}; {stage} changed most, by {moved} ({moved_share}).",
            middle=words.signed_share(theirs), **said,
        )  # fmt: skip
        short = words("Assets {share} in {days} days, peers {middle}; {stage} moved most",
                      middle=words.signed_share(theirs), **said)  # fmt: skip
    return {"kind": "counted", "value": total, "unit": "consumers", "verdict": verdict, "next_step": step, "text": text,
            "compared": {"label": words("{n} days before", n=days), "value": float(before)}, "tile": tile,
            "short": fitting(short, names[moved.stage]),
            "answers": {"assets": words("{n}, {share} in {days} days", n=total, share=said["share"], days=days)}}  # fmt: skip


def next_step(figures: pd.DataFrame, days: int, words: Words) -> str | None:
    """What to work on: the rate that lies furthest behind the benchmark, measured by it; None where nothing is known.

    Newcomers are not asked for where nearly all of the category's people know the brand already.
    """
    behind: dict[str, float] = {}
    full = (_figure(figures, "reached", "value") or 0) > NEARLY_ALL
    for name in ("rise", "lapse", "came"):
        value, best = _figure(figures, name, "value"), _figure(figures, name, "benchmark")
        if value is not None and best and not (name == "came" and full):
            behind[name] = (value / best - 1) * (1 if MORE_IS_BETTER[name] else -1)
    if not behind:
        return None
    worst = min(behind, key=lambda name: behind[name])
    at = {k: _rate(_figure(figures, worst, k), words) for k in ("value", "benchmark")}
    if behind[worst] >= 0:
        return words("Hold it: consumers rise, stay and come at least as often as at the five largest peers.")
    return {
        "rise": words("Deepen relations: {value} of those who could rise did in {days} days, {benchmark} at the benchmark.",
                      days=days, **at),
        "lapse": words("Hold who is there: {value} fell or left in {days} days, {benchmark} at the benchmark; see below who "
                       "runs out next.", days=days, **at),
        "came": words("Bring new consumers in: newcomers were {value} of assets in {days} days, {benchmark} at the benchmark.",
                      days=days, **at),
    }[worst]  # fmt: skip


def deepest(
    change: pd.DataFrame, figures: pd.DataFrame, days: int, stages: Stages, noticeable: float, words: Words
) -> dict[str, Any]:
    """The deepest stage alone: the consumers a brand lives on."""
    row, (id, name) = change.iloc[-1], stages[-1]
    value = None if pd.isna(row.now) else int(row.now)
    shown = words.suppressed() if value is None else words.count(value)
    fields: dict[str, Any] = {"kind": "counted", "value": value, "unit": "consumers",
                              "tile": {"label": name, "value": shown, "note": ""}}  # fmt: skip
    held = [_figure(figures, f"stage:{id}", k) for k in ("value", "middle", "benchmark")]
    beside = ""
    if None not in held:
        share, middle, best = (words.share(x) for x in held)
        beside = words("They are {share} of assets; at the middle of the peers {middle}, at the benchmark {benchmark}.",
                             share=share, middle=middle, benchmark=best)  # fmt: skip
    if pd.isna(row.share):
        text = after(words("**{n}** consumers are {stage}.", n=shown, stage=name), beside, words)
        return fields | {"short": fitting(words("{n} consumers are {stage}", n=shown, stage=name), name), "text": text}
    share = words.signed_share(row.share)
    fields["tile"]["note"] = words("{share} in {n} days", share=share, n=days)
    if None not in held:
        fields["tile"]["note"] = words("{change} in {n} days; {share} of assets, peers {middle}", change=share, n=days,
                                       share=words.share(held[0]), middle=words.share(held[1]))  # fmt: skip
    text = words("**{n}** consumers are {stage}, **{share}** on {days} days before.",
                 n=shown, stage=name, share=share, days=days)  # fmt: skip
    return fields | {
        "verdict": _verdict(float(row.share), noticeable), "text": after(text, beside, words),
        "compared": {"label": words("{n} days before", n=days), "value": float(row.before)},
        "short": fitting(words("{stage}: {n}, {share} in {days} days", stage=name, n=shown, share=share, days=days), name),
    }  # fmt: skip


def beside(figures: pd.DataFrame, level: str, days: int, words: Words) -> dict[str, Any]:
    """The brand's rates beside its peers'. level: the peers in words, of `level_name`."""
    rise, lapse = (
        {k: _figure(figures, name, k) for k in ("value", "middle", "benchmark")} for name in ("rise", "lapse")
    )
    if rise["value"] is None and lapse["value"] is None:
        text = words(
            "Too few consumers hold a relation, or too many counts are hidden, to say what share rose or fell."
        )
        return {"kind": "counted", "short": words("No rates: too few consumers"), "text": text}
    if rise["middle"] is None or lapse["middle"] is None:
        own = {"rise": _rate(rise["value"], words), "lapse": _rate(lapse["value"], words)}
        text = words("Of those who could rise **{rise}** did in {days} days; **{lapse}** fell or left. There are too few peers "
                     "to compare with.", days=days, **own)  # fmt: skip
        short = words("{rise} rose, {lapse} fell or left; no peers", **own)
        return {"kind": "counted", "value": rise["value"], "unit": "share", "text": text, "short": short}
    text = words(
        "Of those who could rise **{rise}** did in {days} days (middle of the peers {rise_middle}, benchmark {rise_best}); "
        "**{lapse}** fell or left ({lapse_middle}, {lapse_best}). Peers: {level}.",
        rise=_rate(rise["value"], words), rise_middle=_rate(rise["middle"], words), rise_best=_rate(rise["benchmark"], words),
        lapse=_rate(lapse["value"], words), lapse_middle=_rate(lapse["middle"], words),
        lapse_best=_rate(lapse["benchmark"], words), days=days, level=level,
    )  # fmt: skip
    better = [
        name for name, at in (("rise", rise), ("lapse", lapse))
        if at["value"] is not None and at["middle"] is not None and (at["value"] > at["middle"]) == MORE_IS_BETTER[name]
    ]  # fmt: skip
    verdict = {0: "behind", 1: "careful", 2: "ahead"}[len(better)]
    short = {
        "ahead": words("Consumers rise and stay more than at peers"),
        "behind": words("Consumers rise and stay less than at peers"),
        "careful": words("Consumers rise more than at peers, but stay less") if better == ["rise"] else words(
            "Consumers stay more than at peers, but rise less"),
    }[verdict]  # fmt: skip
    label = words("middle of the peers")
    compared = None if rise["middle"] is None else {"label": label, "value": rise["middle"]}
    return {"kind": "counted", "value": rise["value"], "unit": "share", "verdict": verdict, "short": short, "text": text,
            "compared": compared}  # fmt: skip


def opportunity(
    free: pd.DataFrame, figures: pd.DataFrame, category: str | None, before: date, words: Words
) -> dict[str, Any]:
    """Who is in the category and at no stage yet. free: one row with before and now (suppressed ones null)."""
    if category is None:
        text = words("The brand has sold nothing yet, so it has no main category, and no opportunity can be counted.")
        return {"kind": "counted", "short": words("No main category, no opportunity"), "text": text}
    then, now = free.before.iloc[0], free.now.iloc[0]
    if pd.isna(now):
        return {"kind": "counted", "short": words("Too few without a relation to show"),
                "text": words("Too few consumers of {category} have no relation to be shown.", category=category)}  # fmt: skip
    reached, middle = _figure(figures, "reached", "value"), _figure(figures, "reached", "middle")
    grew = words.signed_share(now / then - 1) if not pd.isna(then) and then > 0 else MISSING
    text = words("**{n}** consumers of {category} had an event there in 30 days and no relation with the brand (**{share}** on "
                 "{day}); {reached} of the category's people hold one.", n=int(now), category=category, share=grew,
                 day=before, reached=words.share(reached))  # fmt: skip
    if middle is not None:
        text = after(text, words("Middle of the peers: {middle}.", middle=words.share(middle)), words)
    tile = {"label": words("Opportunity"), "value": words.count(now),
            "note": words("{share} of the category's people reached", share=words.share(reached))}  # fmt: skip
    full = (reached or 0) > NEARLY_ALL
    short = words("Nearly all of the category know the brand") if full else words(
        "{n} of the category are not reached yet", n=int(now)
    )  # fmt: skip
    return {"kind": "counted", "value": int(now), "unit": "consumers", "short": short, "text": text, "tile": tile,
            "compared": None if pd.isna(then) else {"label": words.day(before), "value": float(then)},
            "verdict": "none" if middle is None or reached is None else "ahead" if reached >= middle else "behind"}  # fmt: skip


def peers_table(figures: pd.DataFrame, stages: Stages, words: Words) -> pd.DataFrame:
    """`figures` with names that people use: label and spread (the quartiles as text) beside the numbers."""
    named = {
        "growth": words("Growth of assets"),
        "rise": words("Rose, of those who could"),
        "lapse": words("Fell or left"),
        "came": words("Came, of assets at the start"),
        "falls": words("Will fall if nothing happens, of assets"),
        "gmv": words("Growth of GMV"),
        "reached": words("Category's people reached"),
        "opportunity": words("Growth of opportunity"),
        **{f"stage:{id}": words("{stage}, of assets", stage=name) for id, name in stages},
    }
    spread = [
        MISSING if pd.isna(r.middle) else words("{middle} ({low} to {high})", middle=words.share(r.middle),
                                                low=words.share(r.low), high=words.share(r.high))
        for r in figures.itertuples()
    ]  # fmt: skip
    return figures.assign(label=[named[f] for f in figures.figure], spread=spread)


def values_of(figures: pd.DataFrame, column: str) -> dict[str, float | None]:
    """A column of `figures` by figure; None where there is no value."""
    return {str(name): _figure(figures, name, column) for name in figures.figure}


def level_name(level: str, name: str, number: int, words: Words) -> str:
    """The peers in words: how many, and on which level they were found."""
    if level == "category":
        return words("{n} brands of the category {name}", n=number, name=name)
    if level == "department":
        return words("{n} brands of the department {name}", n=number, name=name)
    return words("{n} brands of the whole market", n=number)


def _figure(figures: pd.DataFrame, name: str, column: str) -> float | None:
    found = figures.loc[figures.figure == name, column]
    return None if found.empty or pd.isna(found.iloc[0]) else float(found.iloc[0])


def _rate(value: float | None, words: Words) -> str:
    """A share as people say it: small ones with a decimal."""
    return words.share(value, 0 if value is None or value >= 0.1 else 1)


def _verdict(share: float, noticeable: float, theirs: float | None = None) -> str:
    """Growth or decline that is noticeable; what is better or worse than the peers' middle is not called so without an eye."""
    said = "ahead" if share > noticeable else "behind" if share < -noticeable else "careful"
    if theirs is None:
        return said
    if (said == "ahead" and share < theirs - noticeable) or (said == "behind" and share > theirs + noticeable):
        return "careful"
    return said
