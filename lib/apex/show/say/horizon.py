"""What `4_wrapup/horizon` says: what remains of the consumers who came with the campaign, and when they pay back."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from apex.show.say.wording import after, fitting
from apex.show.words import Words, is_missing

THIS, EARLIER, ORDINARY = KINDS = ("this", "earlier", "ordinary")  # kinds of cohorts, as they are counted
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
            "n": None if 0 < n < words.threshold else n,
            "text": words(
                "A course is foretold from at least three earlier cohorts that are seen long enough, and for a "
                "campaign that brought enough new consumers; {n} came with this one.",
                n=words.count(n) if not 0 < n < words.threshold else words.few(),
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
    then = row_of(kinds, EARLIER, int(row.days))
    fields: dict[str, Any] = {}
    verdict = "none"
    if then is not None and not is_missing(then.value_low):
        verdict = "behind" if row.high < then.value_low else "ahead" if row.low > then.value_high else "careful"
        fields["compared"] = {"label": words("earlier campaigns"), "value": float(then.value_minor)}
        text = after(
            text,
            words(
                "Earlier campaigns' had paid {value} ({low} to {high}).",
                value=words.money(then.value_minor),
                low=words.money(then.value_low),
                high=words.money(then.value_high),
            ),
            words,
        )
        told = {
            "behind": words("That is surely less."),
            "ahead": words("That is surely more."),
            "careful": words("The two cannot be told apart."),
        }
        text = after(text, told[verdict], words)
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
    then = [(k, row_of(kinds, k, int(last.days))) for k in (EARLIER, ORDINARY)]
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
        text = after(text, words("Counted: {told}.", told=words("; ").join(told)), words)
    return {
        "kind": "model",
        "text": after(text, counted, words),
        "short": words("{share} buy again by day {day}", **span),
        "value": float(last.value),
        "low": float(last.low),
        "high": float(last.high),
        "unit": "share",
        "n": int(row.consumers.iloc[0]) if len(row) and not is_missing(row.consumers.iloc[0]) else None,
        "tile": {
            "label": words("Buy again by day {day}", **span),
            "value": span["share"],
            "note": words("{low} to {high}", **span),
        },
    }


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
        text = after(
            text,
            words(
                "Of value by day {day} it erred by {error}; carrying on the first days' rate by {rival}.",
                day=int(row.days),
                error=words.share(row.error, 1),
                rival=words.share(row.rival_error, 1),
            ),
            words,
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


def row_of(frame: pd.DataFrame, cohort: str, day: int) -> Any:
    """The row of a cohort (or kind) and day; None where there is none, it is hidden, or nobody is seen so long."""
    rows = frame[(frame.cohort == cohort) & (frame.days == day)]
    return None if rows.empty or is_missing(rows.iloc[0].seen) or not rows.iloc[0].seen else rows.iloc[0]
