"""What `4_wrapup/intent` says: whether people wanted the brand more, which behaviours say so, and whether it held."""

import math
from collections.abc import Mapping
from datetime import date
from typing import Any

import pandas as pd

from apex.show.say.intent_rows import (
    behaviour,
    behaviour_rows,
    cell,
    cell_bars,
    cell_rows,
    compared_rows,
    correlation,
    group_bars,
    ordered,
    rank_rows,
)
from apex.show.say.wording import fitting
from apex.show.words import MISSING, Words

__all__ = ["absent", "behaviour_rows", "cell_bars", "cell_rows", "compared_rows", "cut", "group_bars", "held", "level", "moved",
           "rank_rows", "weighed", "why"]  # fmt: skip


def why(code: str, least: int, words: Words) -> str:
    """Why there is no index, in a sentence."""
    return {
        "no_category": words("The brand sold nothing in the year, so nobody knows its category."),
        "unseen": words("None of the eight behaviours is recorded in these data, only what was bought."),
        "short": words("The data begin too late: weights are learned before the days they are applied to."),
        "few_buyers": words("Too few purchases to learn weights from."),
        "few_brands": words("Too few other brands in the category to compare with."),
        "few_people": words("Fewer than {n} consumers: no index is told.", n=least),
    }[code]  # fmt: skip


def absent(behaved: pd.DataFrame, code: str, held: bool, least: int, words: Words) -> list[str]:
    """What is missing. held: whether somebody was held out."""
    unseen = [behaviour(r.behaviour, words) for r in ordered(behaved).itertuples() if not r.seen]
    texts = [why(code, least, words)] if code and code != "unseen" else []
    if unseen:
        texts.append(words("Behaviours that these data do not record: {names}.", names=words(", ").join(unseen)))
    if not held:
        texts.append(
            words("A hold-out: nobody was left alone at random, so that intent is compared with a model's help.")
        )
    return texts


def moved(
    compared: pd.DataFrame, code: str, trend: pd.DataFrame, people: int, least: int, words: Words
) -> dict[str, Any]:
    """Whether the campaign made people want the brand more: by hold-out, else weighted, else what can be said of purchases.

    people: consumers that were read.
    """
    told = compared[compared.cannot == ""].set_index("method")
    if code or not len(told):
        return _unmoved(code, trend, people, least, words)
    method = "held_out" if "held_out" in told.index else "weighted" if "weighted" in told.index else "bare"
    row = told.loc[method]
    span = {"lift": words.signed_share(row.lift), "low": words.signed_share(row.lift_low),
            "high": words.signed_share(row.lift_high), "treated": int(row.treated), "control": int(row.control)}  # fmt: skip
    sure = row.low > 0 or row.high < 0
    fields: dict[str, Any] = {"value": float(row.lift), "low": float(row.lift_low), "high": float(row.lift_high), "unit": "share",
                              "n": int(row.treated + row.control), "kind": str(row.kind)}  # fmt: skip
    if method == "held_out":
        text = words("**{lift} purchase intent** among those addressed beside those left alone at random ({low} to {high}, 90%; "
                     "{treated} and {control} consumers).", **span)  # fmt: skip
        short = (
            words("Purchase intent {lift} by the campaign", **span)
            if sure
            else words("No change of intent is told apart")
        )
        verdict = "ahead" if row.low > 0 else "behind" if row.high < 0 else "careful"
        if "bare" in told.index:
            text += " " + words("The bare difference, met beside not met, would have said {bare}: media meet who is likely "
                                "to buy.", bare=words.signed_share(told.lift["bare"]))  # fmt: skip
        step = (
            words("Use this lift, not the bare difference, when the next campaign is planned.")
            if sure
            else words("Hold out more people next time: these are too few for what was changed.")
        )
    else:
        text = words("**{lift} purchase intent** of those met beside others weighted to look like them ({low} to {high}, 90%; "
                     "{treated} and {control} consumers). Nobody drew who was met: a model, and likely too high.", **span,
                     )  # fmt: skip
        short, verdict = words("Intent {lift} of those met, by a model", **span), "careful"
        step = words("Leave one consumer in ten alone at random: that tells what media add to intent.")
    return fields | {
        "text": text, "short": short, "verdict": verdict, "next_step": step,
        "tile": {"label": words("Intent added"), "value": span["lift"],
                 "note": words("{low} to {high}", low=span["low"], high=span["high"])},
    }  # fmt: skip


def _unmoved(code: str, trend: pd.DataFrame, people: int, least: int, words: Words) -> dict[str, Any]:
    known = trend[trend.buyers.notna()]
    text = why(code, least, words) if code else words("Nobody was met or left alone whom one could compare.")
    if len(known) >= 2 and code != "no_category":
        now, before = known.iloc[-1], known.iloc[:-1]
        text += " " + words("What can be said: **{now}** of {n} consumers bought in the 15 days to {day}, {before} in the spells "
                            "before", n=people, day=words.day(now.day), now=words.share(now.share, 1),
                            before=words.share(before.share.mean(), 1))  # fmt: skip
        other = now.share_others
        text += (
            words("; of an average other brand {share}.", share=words.share(other, 1)) if not math.isnan(other) else "."
        )
    return {
        "kind": "not identified", "text": text, "short": words("Purchase intent cannot be told here"), "verdict": "none",
        "next_step": words("Record views, searches, carts and favourites: intent is read from them."),
        "tile": {"label": words("Intent added"), "value": MISSING, "note": words("not seen")},
    }  # fmt: skip


def level(trend: pd.DataFrame, people: int, words: Words) -> dict[str, Any]:
    """The index of everybody at the end beside the category's 100, and beside the spells before the campaign's last."""
    told = trend[trend["index"].notna()]
    if told.empty:
        return {"kind": "not identified", "short": words("No index to show"),
                "text": words("Without recorded behaviour, or with too few people, there is no index.")}  # fmt: skip
    now = told.iloc[-1]
    shown = {"index": words.number(now["index"], 0), "low": words.number(now.low, 0), "high": words.number(now.high, 0)}
    text = words("**Index {index}** ({low} to {high}, 90%; {n} consumers) in the 15 days to {day}; an average other brand of the "
                 "category is 100.", n=people, day=words.day(now.day), **shown)  # fmt: skip
    fields: dict[str, Any] = {}
    if len(told) > 1:
        earlier = float(told["index"].iloc[:-1].mean())
        text += " " + words(
            "The {n} spells before: {index} in the mean.", n=len(told) - 1, index=words.number(earlier, 0)
        )
        fields["compared"] = {"label": words("the spells before"), "value": earlier}
    return fields | {
        "kind": "counted", "text": text, "short": words("Index {index}, the category is 100", **shown),
        "value": float(now["index"]), "low": float(now.low), "high": float(now.high), "unit": "index", "n": people,
        "verdict": "none", "tile": {"label": words("Intent index"), "value": shown["index"],
                                    "note": words("category: 100")},
    }  # fmt: skip


def cut(cells: pd.DataFrame, messages: Mapping[str, str], words: Words) -> dict[str, Any]:
    """Who wants the brand most among those met. cells: `model.intent.cells`."""
    told = cells[(cells.cannot == "") & cells["index"].notna()]
    every = told[told.dimension == "all"]
    if every.empty:
        return {"kind": "not identified", "short": words("Too few people met to compare"),
                "text": words("Too few people were met, by us or by other brands, to tell an index of them.")}  # fmt: skip
    whole = every.iloc[0]
    parts = told[told.dimension != "all"]
    text = words("Of those whom our media met: **index {index}** ({low} to {high}, 90%; {n} consumers), beside those whom other "
                 "brands met.", index=words.number(whole["index"], 0), low=words.number(whole.low, 0),
                 high=words.number(whole.high, 0), n=int(whole.n))  # fmt: skip
    short = words("Index {index} of those met", index=words.number(whole["index"], 0))
    if len(parts) > 1:
        high, low = parts.loc[parts["index"].idxmax()], parts.loc[parts["index"].idxmin()]
        text += " " + words("Highest: {a} ({x}); lowest: {b} ({y}).", a=cell(high, messages, words), b=cell(low, messages, words),
                            x=words.number(high["index"], 0), y=words.number(low["index"], 0))  # fmt: skip
    few = int((cells.cannot == "too_few").sum())
    if few:
        text += " " + words("{n} cell is too small to tell.", "{n} cells are too small to tell.", n=few)
    return {"kind": "counted", "text": text, "short": short, "value": float(whole["index"]), "low": float(whole.low),
            "high": float(whole.high), "unit": "index", "n": int(whole.n)}  # fmt: skip


def held(groups: pd.DataFrame, ranks: pd.DataFrame, day: date | None, words: Words) -> dict[str, Any]:
    """Whether intent foretold sales."""
    told = ranks[ranks["rank"].notna()].set_index("what")
    if groups.empty and told.empty:
        return {"kind": "not identified", "short": words("Too few purchases for a back-test"),
                "text": words("No day lies 30 days back on which weights had been learned and enough was bought to test them."),
                }  # fmt: skip
    parts, fields = [words("Tested on {day}, with weights learned before.", day=words.day(day))], {}
    short, expected = words("Tested on brands alone"), math.nan
    if not groups.empty:
        top, n = groups.iloc[-1], int(groups.n.sum())
        mean = groups.buyers.sum() / n
        times = top.observed / mean if mean else math.nan
        expected = float((groups.expected * groups.n).sum())
        parts.append(words("**Those with the highest intent ({n}) bought {times} times as often as the average**: {share} "
                           "({low} to {high}, 90%).", n=int(top.n), times=words.number(times), share=words.share(top.observed, 1),
                           low=words.share(top.low, 1), high=words.share(top.high, 1)))  # fmt: skip
        parts.append(words("Of {all} people, {expected} were expected to buy and {buyers} did.", all=n,
                           expected=words.count(round(expected)), buyers=int(groups.buyers.sum())))  # fmt: skip
        short = words("Highest intent bought {times} times as often", times=words.number(times))
        fields = {"value": float(times), "n": n} if not math.isnan(times) else {}
    if "intent" in told.index:
        row, past = told.loc["intent"], told["rank"].get("past", math.nan)
        said = {
            "r": correlation(row["rank"], words),
            "low": correlation(row.low, words),
            "high": correlation(row.high, words),
        }
        parts.append(words("Over {n} brands, the rank by intent goes with the rank by later buyers at {r} ({low} to {high}); "
                           "that by earlier buyers at {past}.", n=int(row.brands), past=correlation(past, words),
                           **said))  # fmt: skip
    if "change" in told.index:
        row = told.loc["change"]
        sure = row.low > 0
        said = {
            "r": correlation(row["rank"], words),
            "low": correlation(row.low, words),
            "high": correlation(row.high, words),
        }
        parts.append(
            words("A rise of intent went before a rise of buyers ({r}; {low} to {high}).", **said) if sure else
            words("Whether a rise of intent goes before a rise of buyers cannot be told ({r}; {low} to {high}).", **said)
        )  # fmt: skip
    off = not groups.empty and not 0.8 <= groups.buyers.sum() / max(expected, 1e-9) <= 1.25
    step = words("Take from intent the order of people, not the number of buyers: seasons shift that.") if off else None
    shown = words.number(fields["value"]) if "value" in fields else MISSING
    return fields | {
        "kind": "counted", "text": " ".join(parts), "short": short, "next_step": step, "verdict": "careful" if off else "none",
        "tile": {"label": words("Highest intent, times as likely to buy"), "value": shown},
    }  # fmt: skip


def weighed(behaved: pd.DataFrame, purchases: int, words: Words) -> dict[str, Any]:
    """Which behaviour counts most."""
    told = behaved[behaved.weight.notna() & behaved.seen.astype(bool)]
    if told.empty:
        return {"kind": "not identified", "short": words("No weights"), "text": words("No weights could be learned.")}
    top = told.loc[told.weight.idxmax()]
    name = behaviour(str(top.behaviour), words)
    none = [behaviour(r.behaviour, words) for r in told.itertuples() if r.weight < 0.005]
    text = words("**“{name}” counts most**: {share} of the index ({low} to {high}, 90%), learned from {n} purchases of the "
                 "category.", name=name, share=words.share(top.weight), low=words.share(top.weight_low),
                 high=words.share(top.weight_high), n=purchases)  # fmt: skip
    if none:
        text += " " + words("Beside the others, nothing is foretold by: {names}.", names=words(", ").join(none))
    return {"kind": "model", "text": text, "short": fitting(words("“{name}” counts most", name=name), name),
            "value": float(top.weight), "low": float(top.weight_low), "high": float(top.weight_high), "unit": "share",
            "n": purchases}  # fmt: skip
