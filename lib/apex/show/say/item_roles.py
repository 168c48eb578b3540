"""What `1_insight/items` says of what sells with what, and of which items win consumers and bring them back.

As in `apex.show.say.items`; ratios are to what chance, or other orders of the same time, would give.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from apex.show.say.item_tables import brief
from apex.show.say.wording import fitting
from apex.show.words import Words


def together(pairs: pd.DataFrame, names: Mapping[str, str], least: int, words: Words) -> dict[str, Any]:
    """Which two items are in one order more often than their weights would have it. pairs: as shown."""
    known = pairs[pairs.lift.notna()] if len(pairs) else pairs
    if known.empty:
        return {"kind": "not identified", "short": words("No pair with enough orders"),
                "text": words("No two items were in one order at least {n} times, or fewer than four were bought together "
                              "at all: "
                              "what sells with what cannot be told.", n=least)}  # fmt: skip
    clear = known[known.clear.astype(bool) & (known.lift > 1)]
    if clear.empty:
        text = words("None of **{n}** pairs is in one order more often than chance would have it (5% false discoveries): bundles "
                     "have no natural pair here.", n=len(known))  # fmt: skip
        return {"kind": "counted", "value": 0.0, "n": int(known.orders.sum()), "verdict": "none", "text": text,
                "short": words("No pair goes together beyond chance")}  # fmt: skip
    best = clear.iloc[0]
    values: dict[str, Any] = {"a": brief(names, best.item_a), "b": brief(names, best.item_b),
              "lift": words.number(best.lift, 2), "low": words.number(best.low, 2), "high": words.number(best.high, 2),
              "n": int(best.orders), "clear": len(clear), "all": len(known)}  # fmt: skip
    text = words("**{a}** and **{b}** are in one order **{lift}** times as often as their weights would have it (95%: "
                 "{low} to {high}; {n} "
                 "orders). Beyond chance: {clear} of {all} pairs.", **values)  # fmt: skip
    return {"kind": "counted", "value": float(best.lift), "unit": "index", "low": float(best.low), "high": float(best.high),
            "n": int(best.orders), "text": text, "next_step": words("Show {a} beside {b}, and try a bundle.", **values),
            "short": fitting(words("{a} + {b}: {lift} times", **values), values["a"], values["b"])}  # fmt: skip


def elsewhere(liked: pd.DataFrame, category: str, words: Words) -> dict[str, Any]:
    """Which other category our buyers buy in more than buyers of other brands. liked: of `item_tables.liked`, as shown."""
    known = liked[liked.ratio.notna()] if len(liked) else liked
    if known.empty:
        return {"kind": "not identified", "short": words("No other category with enough buyers"),
                "text": words("No other category has enough buyers on both sides: nothing is said of what else "
                              "ours buy.")}  # fmt: skip
    clear = known[known.clear.astype(bool)]
    if clear.empty:
        text = words("At equal days of shopping in {category}, our buyers buy in none of **{n}** other categories more or "
                     "less often "
                     "than buyers of other brands, beyond chance.", category=category, n=len(known))  # fmt: skip
        return {"kind": "counted", "value": 0.0, "n": len(known), "text": text,
                "short": words("Our buyers are like others' elsewhere")}  # fmt: skip
    best = clear.iloc[0]
    values = {"category": best.category, "here": category, "ratio": words.number(best.ratio, 2), "low": words.number(best.low, 2),
              "high": words.number(best.high, 2), "clear": len(clear), "all": len(known)}  # fmt: skip
    text = words("At equal days of shopping in {here}, our buyers buy **{category}** (of other brands) **{ratio}** times "
                 "as often as "
                 "buyers of other brands (95%: {low} to {high}). Beyond chance: {clear} of {all} "
                 "categories.", **values)  # fmt: skip
    step = words("Look for a partner or a placement in {category}.", **values) if best.ratio > 1 else None
    return {"kind": "counted", "value": float(best.ratio), "unit": "index", "low": float(best.low), "high": float(best.high),
            "n": int(best.ours), "text": text, "next_step": step,
            "short": fitting(words("{category}: {ratio} times", **values), str(best.category))}  # fmt: skip


def recruits(roles: pd.DataFrame, number: int, words: Words) -> dict[str, Any]:
    """Which item wins new consumers. roles: of `item_tables.role_rows`, as shown; number: first orders in all."""
    return _role(roles, "firsts", number, words) | (
        {}
        if number
        else {"text": words("Nobody's first order lies in the time that can be seen: who recruits cannot be told.")}
    )


def brings_back(roles: pd.DataFrame, number: int, lapsed: int, words: Words) -> dict[str, Any]:
    """Which item brings lapsed buyers back; number: returning orders in all; lapsed: days without an order."""
    found = _role(roles, "returns", number, words)
    if not number:
        found["text"] = words("Nobody came back after {n} days without order in the time that can be seen.", n=lapsed)
    return found


def _role(roles: pd.DataFrame, kind: str, number: int, words: Words) -> dict[str, Any]:
    first = kind == "firsts"
    known = roles[roles[f"{kind}_ratio"].notna()] if len(roles) and number else roles.iloc[:0]
    if known.empty:
        return {"kind": "counted", "short": words("No first orders to read") if first else words("No returning orders to read"),
                "text": words("Too few orders of this kind may be shown.")}  # fmt: skip
    above = known[known[f"{kind}_clear"].astype(bool) & (known[f"{kind}_ratio"] > 1)]
    row = known.loc[(above if len(above) else known)[f"{kind}_share"].astype(float).idxmax()]
    values = {"item": row["item"], "share": words.share(row[f"{kind}_share"], 1), "n": number,
              "ratio": words.number(row[f"{kind}_ratio"], 2), "low": words.number(row[f"{kind}_low"], 2),
              "high": words.number(row[f"{kind}_high"], 2)}  # fmt: skip
    if first and len(above):
        text = words("**{item}** recruits: **{share}** of {n} first orders hold it, **{ratio}** times as often as other "
                     "orders of the same "
                     "time (95%: {low} to {high}).", **values)  # fmt: skip
        short = words("{item} recruits: {share} of first orders", **{**values, "item": row.brief})
    elif first:
        text = words("No item recruits beyond its share. Most first orders hold **{item}**: **{share}** of {n}, {ratio} "
                     "times as often as "
                     "other orders of the same time (95%: {low} to {high}).", **values)  # fmt: skip
        short = words("No item recruits beyond its share")
    elif len(above):
        text = words("**{item}** brings back: **{share}** of {n} returning orders hold it, **{ratio}** times as often as "
                     "other later orders of "
                     "the same time (95%: {low} to {high}).", **values)  # fmt: skip
        short = words("{item} brings back: {share}", **{**values, "item": row.brief})
    else:
        text = words("No item brings back beyond its share. Most returning orders hold **{item}**: **{share}** of {n}, "
                     "{ratio} times as "
                     "often as other later orders of the same time (95%: {low} to {high}).", **values)  # fmt: skip
        short = words("No item brings back beyond its share")
    step = None
    if len(above):
        step = words("Show {item} to people who do not know the brand yet.", **values) if first else words(
            "Offer {item} to lapsed buyers.", **values)  # fmt: skip
    return {"kind": "counted", "value": float(row[f"{kind}_ratio"]), "unit": "index", "low": float(row[f"{kind}_low"]),
            "high": float(row[f"{kind}_high"]), "n": number, "text": text, "next_step": step,
            "short": fitting(short, row["item"])}  # fmt: skip


def again(roles: pd.DataFrame, days: int, words: Words) -> dict[str, Any]:
    """After which first item consumers order again most, beside first buyers of other items at the same time."""
    known = roles[roles.repeat_ratio.notna()] if len(roles) else roles
    if known.empty:
        return {"kind": "not identified", "short": words("Too few first buyers to compare"),
                "text": words("Too few first buyers ordered again within {days} days to compare "
                              "items by it.", days=days)}  # fmt: skip
    clear = known[known.repeat_clear.astype(bool)]
    far = np.log(known.repeat_ratio.astype(float)).abs()
    row = known.loc[far[clear.index].idxmax()] if len(clear) else known.iloc[0]
    values = {"item": row["item"], "share": words.share(row.repeat_share, 1), "days": days,
              "ratio": words.number(row.repeat_ratio, 2), "low": words.number(row.repeat_low, 2),
              "high": words.number(row.repeat_high, 2)}  # fmt: skip
    text = (
        words("After a first order with **{item}**, **{share}** ordered again within {days} days, **{ratio}** times as "
              "many as after other "
              "first items of the same time (95%: {low} to {high}; people differ too, so this is no effect).", **values)
        if len(clear)
        else words("No first item stands out: after **{item}**, **{share}** ordered again within {days} days, {ratio} "
                   "times as many as after "
                   "other first items of the same time (95%: {low} to {high}).", **values)
    )  # fmt: skip
    short = (
        words("{item}: {share} order again", **{**values, "item": row.brief})
        if len(clear)
        else words("No first item stands out by repeat")
    )
    return {"kind": "counted", "value": float(row.repeat_ratio), "unit": "index", "low": float(row.repeat_low),
            "high": float(row.repeat_high), "n": int(row.followed), "text": text,
            "short": fitting(short, row["item"])}  # fmt: skip
