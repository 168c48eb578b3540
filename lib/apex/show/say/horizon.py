"""What `4_wrapup/horizon` says: what remains of the consumers who came with the campaign, and when they pay back."""

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from apex.measure.cohorts import BRAND, EARLIER, NONE, ORDINARY, OWN, PERFORMANCE, THIS
from apex.show.say.wording import after, fitting
from apex.show.words import MISSING, Words, is_missing

VALUE, AGAIN = "gmv_minor", "again"


def absent(spend: bool, margin: bool, routes: bool, words: Words) -> list[str]:
    """What is missing."""
    said = []
    if not spend:
        said.append(words("Cost of a new consumer: the data do not say what campaigns cost (`spend`)."))
    if not margin:
        said.append(words("Margin: the campaign does not say it (`margin`); money is GMV."))
    if not routes:
        said.append(words("Brand and performance media: the data do not say how media were bought (`spend`)."))
    return said


def stays(ahead: pd.DataFrame, kinds: pd.DataFrame, first: int, n: int, words: Words) -> dict[str, Any]:
    """What a new consumer will have paid by the longest horizon, beside earlier campaigns'. n: consumers of the cohort."""
    rows = ahead[(ahead.measure == VALUE) & ahead.value.notna()]
    if rows.empty:
        return {
            "kind": "not identified",
            "short": words("Too little is known to foretell what remains"),
            "n": n,
            "text": words(
                "A course is foretold from at least three earlier cohorts that are seen long enough, and for a "
                "campaign that brought enough new consumers; {n} came with this one.",
                n=words.count(n) if not 0 < n < words.threshold else words.suppressed(),
            ),
            "verdict": "none",
        }
    row = rows.iloc[-1]
    span = {
        "day": int(row.days),
        "value": words.money(row.value),
        "low": words.money(row.low),
        "high": words.money(row.high),
    }
    text = words(
        "A new consumer of this campaign is foretold to have paid **{value}** by day {day} ({low} to {high}, 95%; "
        "{cohorts} earlier cohorts); {known} of it by day {first}, as far as all are seen.",
        cohorts=int(row.cohorts),
        known=words.money(row.known),
        first=first,
        **span,
    )
    then = _row(kinds, EARLIER, int(row.days))
    fields: dict[str, Any] = {}
    verdict = "none"
    if then is not None and not is_missing(then.value_low):
        verdict = "behind" if row.high < then.value_low else "ahead" if row.low > then.value_high else "careful"
        fields["compared"] = {"label": words("earlier campaigns"), "value": float(then.value_minor)}
        text += " " + words(
            "Earlier campaigns' had paid {value} ({low} to {high}).",
            value=words.money(then.value_minor),
            low=words.money(then.value_low),
            high=words.money(then.value_high),
        )
        text += (
            " "
            + {
                "behind": words("That is surely less."),
                "ahead": words("That is surely more."),
                "careful": words("The two cannot be told apart."),
            }[verdict]
        )
    return {
        "kind": "model",
        "text": text,
        "short": words("A new consumer pays {value} by day {day}", **span),
        "value": float(row.value),
        "low": float(row.low),
        "high": float(row.high),
        "unit": "money_minor",
        "n": n,
        "verdict": verdict,
        **fields,
        "next_step": words(
            "Judge the next offer by what its consumers pay by day {day}, not by their first order.", **span
        ),
        "tile": {
            "label": words("Foretold by day {day}", **span),
            "value": span["value"],
            "note": words("{low} to {high}", **span),
        },
    }


def again(
    ahead: pd.DataFrame, shown: pd.DataFrame, own: str, first: int, kinds: pd.DataFrame, words: Words
) -> dict[str, Any]:
    """Who bought again: counted in the first days, foretold beyond. shown: cohorts as they may be shown."""
    row = shown[(shown.cohort == own) & (shown.days == first)]
    counted = ""
    if len(row) and not is_missing(row.again.iloc[0]):
        r = row.iloc[0]
        counted = words(
            "By day {first}, {k} of {n} bought again ({low} to {high}, 95%).",
            first=first,
            k=words.count(r.again),
            n=words.count(r.seen),
            low=words.share(r.low, 1),
            high=words.share(r.high, 1),
        )
    rows = ahead[(ahead.measure == AGAIN) & ahead.value.notna()]
    if rows.empty:
        return {
            "kind": "not identified" if not counted else "counted",
            "short": words("Who buys again is not foretold"),
            "text": counted or words("Too few are seen to say how many buy again."),
        }
    last = rows.iloc[-1]
    span = {
        "day": int(last.days),
        "share": words.share(last.value),
        "low": words.share(last.low),
        "high": words.share(last.high),
    }
    text = words("**{share}** are foretold to have bought again by day {day} ({low} to {high}, 95%).", **span)
    then = [(k, _row(kinds, k, int(last.days))) for k in (EARLIER, ORDINARY)]
    told = [
        words(
            "{name} {share} ({low} to {high})",
            name=kind(k, words),
            share=words.share(r.share),
            low=words.share(r.low),
            high=words.share(r.high),
        )
        for k, r in then
        if r is not None and not is_missing(r.share)
    ]
    if told:
        text += " " + words("Counted: {told}.", told=words("; ").join(told))
    return {
        "kind": "model",
        "text": after(text, counted, words),
        "short": words("{share} buy again by day {day}", **span),
        "value": float(last.value),
        "low": float(last.low),
        "high": float(last.high),
        "unit": "share",
        "n": int(row.consumers.iloc[0]) if len(row) else None,
        "tile": {
            "label": words("Buy again by day {day}", **span),
            "value": span["share"],
            "note": words("{low} to {high}", **span),
        },
    }


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
        text += " " + words(
            "The trial finds **{n}** more new buyers ({low} to {high}, 95%): {cost}.",
            n=words.signed(round(lifted.buyers)),
            low=words.signed(round(lifted.low)),
            high=words.signed(round(lifted.high)),
            cost=_each(lifted, words),
        )
        if math.isfinite(lifted.cost_low):
            text += " " + words(
                "By it they bring {low} to {high} times their cost.",
                low=words.number(row.ratio_low * row.cac_minor / lifted.cost_high, 1),
                high=words.number(row.ratio_high * row.cac_minor / lifted.cost_low, 1),
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


def kept(stages: pd.DataFrame, deep: Sequence[str], deepest: str, words: Words) -> dict[str, Any]:
    """How many of earlier campaigns' consumers still stand at a stage of purchase (`deep`), beside ordinary days'. stages: kind,
    days, stage, consumers as they may be shown; deepest: the deepest stage's name.
    """
    told, value, n = [], None, 0
    days = sorted(stages.days[stages.kind == EARLIER].unique()) or sorted(stages.days.unique())
    for name in (THIS, EARLIER, ORDINARY):
        part = stages[(stages.kind == name) & (stages.days == (days[-1] if days else 0))]
        if part.empty or part.consumers.isna().any():
            continue
        whole = int(part.consumers.sum())
        at = int(part.consumers[part.stage.isin(list(deep))].sum())
        top = int(part.consumers[part.stage == deep[-1]].sum()) if deep else 0
        told.append(
            words(
                "{name}: {kept} at a stage of purchase, {top} of all at {stage} (n = {n})",
                name=kind(name, words),
                kept=words.share(at / whole),
                top=words.share(top / whole),
                stage=deepest,
                n=words.count(whole),
            )
        )
        if value is None:
            value, n = top / whole, whole
    if value is None:
        return {
            "kind": "not identified",
            "short": words("Stages are not seen long enough"),
            "text": words("No cohort whose stages may be shown is seen long enough."),
        }
    return {
        "kind": "counted",
        "text": words("After {day} days, {told}.", day=int(days[-1]), told=words("; ").join(told)),
        "short": fitting(
            words(
                "{share} stand at {stage} after {day} days", share=words.share(value), stage=deepest, day=int(days[-1])
            ),
            deepest,
        ),
        "value": value,
        "unit": "share",
        "n": n,
    }


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
    brand, bid = (_row(routes, k, day) for k in (BRAND, PERFORMANCE))
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


def tested(backtest: pd.DataFrame, words: Words) -> dict[str, Any]:
    """How the same forecast did on earlier cohorts."""
    if backtest.empty:
        return {
            "kind": "not identified",
            "short": words("The forecast could not be tested"),
            "text": words("Too few earlier cohorts are seen long enough to test the forecast on them."),
        }
    n, inside = int(backtest.tests.sum()), int(backtest.inside.sum())
    last = backtest[backtest.measure == VALUE]
    text = words(
        "The same forecast, made for each earlier cohort on the day it was as young: **{k} of {n}** figures lay "
        "inside their 95% interval.",
        k=inside,
        n=n,
    )
    if len(last):
        row = last.iloc[-1]
        text += " " + words(
            "Of value by day {day} it erred by {error}; carrying on the first days' rate by {rival}.",
            day=int(row.days),
            error=words.share(row.error, 1),
            rival=words.share(row.rival_error, 1),
        )
    return {
        "kind": "counted",
        "text": text,
        "short": words("{k} of {n} earlier figures lay inside", k=inside, n=n),
        "value": inside / n,
        "unit": "share",
        "n": n,
        "verdict": "none" if inside >= 0.85 * n else "careful",
    }


def kind(name: str, words: Words) -> str:
    """A group of cohorts as people say it; a campaign keeps its name."""
    return {
        THIS: words("this campaign"),
        EARLIER: words("earlier campaigns"),
        ORDINARY: words("ordinary days"),
        THIS + "+": words("this campaign, foretold"),
    }.get(name, name)


def _row(frame: pd.DataFrame, cohort: str, day: int) -> Any:
    rows = frame[(frame.cohort == cohort) & (frame.days == day)]
    return None if rows.empty or not rows.iloc[0].seen else rows.iloc[0]
