"""What `4_wrapup/horizon` says of cost and media: credit beside lift, brand media beside performance media."""

import math
from typing import Any

import pandas as pd

from apex.show.say.horizon import row_of
from apex.show.say.wording import after
from apex.show.words import MISSING, Words, is_missing

BRAND, PERFORMANCE, OWN, NONE = ("brand", "performance", "own", "none")  # routes, as they are counted


def paid(cost: pd.DataFrame, own: str, lifted: Any, day: int, words: Words) -> dict[str, Any]:
    """Cost of a new consumer, lifetime value over it, payback; beside it what the trial says one more consumer cost."""
    mine = cost[cost.cohort == own]
    if mine.empty:
        return {
            "kind": "not identified",
            "short": words("What a new consumer cost is not known"),
            "text": words("Without the campaign's spend, or with too few new consumers, there is no payback to tell."),
        }
    row = mine.iloc[0]
    money = words("of margin") if not is_missing(row.margin) else words("of GMV")
    if is_missing(row.ratio):
        return {
            "kind": "credit",
            "short": words("A new consumer cost {cac}", cac=words.money(row.cac_minor)),
            "text": words(
                "All spend over all new consumers: **{cac}** each. What they will bring is not foretold.",
                cac=words.money(row.cac_minor),
            ),
            "value": float(row.cac_minor),
            "unit": "money_minor",
            "n": int(row.consumers),
        }
    ratio = {
        "ratio": words.number(row.ratio, 1),
        "low": words.number(row.ratio_low, 1),
        "high": words.number(row.ratio_high, 1),
    }
    text = words(
        "All spend over all new consumers is **{cac}** each (credit: many had come anyway); by day {day} each brings "
        "{ratio} times as much {money} ({low} to {high}, 95%) and pays back {back}.",
        cac=words.money(row.cac_minor),
        day=day,
        money=money,
        back=back(row.paid_by, day, words),
        **ratio,
    )
    said = {"verdict": "ahead" if row.ratio_low >= 1 else "behind" if row.ratio_high < 1 else "careful"}
    if lifted is not None:
        text = after(
            text,
            words(
                "By the trial new buyers changed by **{n}** ({low} to {high}, 95%): {cost}.",
                n=words.signed(round(lifted.buyers)),
                low=words.signed(round(lifted.low)),
                high=words.signed(round(lifted.high)),
                cost=_each(lifted, words),
            ),
            words,
        )
        if math.isfinite(lifted.cost_low):
            text = after(
                text,
                words(
                    "By it they bring {low} to {high} times their cost.",
                    low=words.number(row.ratio_low * row.cac_minor / lifted.cost_high, 1),
                    high=words.number(row.ratio_high * row.cac_minor / lifted.cost_low, 1),
                ),
                words,
            )
        if not lifted.low > 0:
            said = {
                "verdict": "careful",
                "next_step": words("Do not call it paid back: the trial does not show that they came by it."),
            }
    return {
        "kind": "credit",
        "text": text,
        "short": words("Credit: {ratio} times its cost by day {day}", day=day, **ratio),
        "value": float(row.ratio),
        "low": float(row.ratio_low),
        "high": float(row.ratio_high),
        "n": int(row.consumers),
        **said,
        "tile": {
            "label": words("Value over cost by day {day} (credit)", day=day),
            "value": ratio["ratio"],
            "note": words("{low} to {high}", **ratio),
        },
    }


def _each(lifted: Any, words: Words) -> str:
    if math.isinf(lifted.cost_low):
        return words("none is shown to have come by it")
    if math.isinf(lifted.cost_high):
        return words("at least {cost} each, with no upper end", cost=words.money(round(lifted.cost_low)))
    return words(
        "{low} to {high} each", low=words.money(round(lifted.cost_low)), high=words.money(round(lifted.cost_high))
    )


def back(day: float, horizon: int, words: Words) -> str:
    """When a consumer has paid for himself, in words; infinite: not by the horizon."""
    if is_missing(day):
        return MISSING
    if math.isinf(day):
        return words("not by day {day}", day=horizon)
    return words("with the first order") if day == 0 else words("by day {day}", day=int(day))


def route(name: str, words: Words) -> str:
    """By which media a consumer came."""
    return {
        BRAND: words("brand media (reserved)"),
        PERFORMANCE: words("performance media (bid for)"),
        OWN: words("own media"),
        NONE: words("no medium"),
    }[name]


def media(routes: pd.DataFrame, day: int, words: Words) -> dict[str, Any]:
    """Consumers who came after brand media beside those after performance media, by `day`. routes: as they may be shown."""
    brand, bid = (row_of(routes, k, day) for k in (BRAND, PERFORMANCE))
    if brand is None or bid is None or is_missing(brand.value_low) or is_missing(bid.value_low):
        return {
            "kind": "not identified",
            "short": words("Brand and performance are not told apart"),
            "text": words("How media were bought is not known, or too few came after either kind."),
        }
    gap = math.log(brand.value_minor / bid.value_minor)
    se = [math.log(r.value_high / r.value_low) / 2 / 1.96 for r in (brand, bid)]
    low, high = (math.expm1(gap + k * 1.96 * math.hypot(*se)) for k in (-1, 1))
    span = {
        "more": words.signed_share(math.expm1(gap)),
        "low": words.signed_share(low),
        "high": words.signed_share(high),
    }
    text = words(
        "By day {day} consumers whose last touch was brand media paid **{brand}**, after performance media {bid}: {more} "
        "({low} to {high}, 95%). Bought again: {a} and {b}.",
        day=day,
        brand=words.money(brand.value_minor),
        bid=words.money(bid.value_minor),
        a=words.share(brand.share),
        b=words.share(bid.share),
        **span,
    )
    sure = low > 0 or high < 0
    short = (
        words("Brand media's consumers: {more} by day {day}", day=day, **span)
        if sure
        else words("Brand and performance bring alike by day {day}", day=day)
    )
    return {
        "kind": "credit",
        "text": text,
        "short": short,
        "value": math.expm1(gap),
        "low": low,
        "high": high,
        "unit": "share",
        "n": int(brand.seen + bid.seen),
    }
