"""What `4_wrapup/closing` says of its goals and of the bridge from the plan to the result."""

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from apex.show.say.goal_odds import measure
from apex.show.say.wording import after, fitting
from apex.show.say.wording import cells as cell_names
from apex.show.words import MISSING, Words

POOLED = "pooled"  # as `apex.model.bridge` writes it
Stages = Sequence[tuple[str, str]]


def goal(row: Any, reaches: bool, words: Words) -> dict[str, Any]:
    """One measure but GMV: reached its goal or not; without a goal beside the days before, else the same days a year before.

    row: of `closing_study.goals`. reaches: whether the data reach far enough back to know who is new and who active.
    """
    name = measure(row.measure, words)
    if pd.isna(row.actual):
        text = words("{what}: too few people to show how many.", what=name)
        return {"kind": "counted", "text": text, "short": fitting(words("{what}: too few to show", what=name), name)}
    count = words.count(row.actual)
    fields: dict[str, Any] = {"kind": "counted", "value": float(row.actual), "unit": "consumers", "n": int(row.actual)}
    beside = [(_side(s, words), getattr(row, s)) for s in ("year", "before")]
    beside = [(label, value) for label, value in beside if not pd.isna(value)]
    compared = words(", ").join(words("{label}: {n}", label=label, n=words.count(v)) for label, v in beside)
    tail = words(" ({compared})", compared=compared) if compared else ""
    young = "" if reaches else words("The data do not reach a year back: who bought before them is not known.")
    if not pd.isna(row.goal):
        share, wanted = reached(row.actual / row.goal, words), words.count(row.goal)
        text = words("{what}: **{n}**, {share} of the goal of {goal}{tail}.", what=name, n=count, share=share, goal=wanted,
                     tail=tail)  # fmt: skip
        verdict = verdict_of(row.actual / row.goal)
        return fields | {
            "text": after(text, young, words), "verdict": verdict, "compared": {"label": words("goal"), "value": float(row.goal)},
            "short": fitting(words("{what}: {share} of {goal}", what=name, share=share, goal=wanted), name),
            "tile": {"label": name, "value": count, "note": words("{share} of {goal}", share=share, goal=wanted)},
        }  # fmt: skip
    text = words("{what}: **{n}**{tail}; no goal is set.", what=name, n=count, tail=tail)
    fields |= {"text": after(text, young, words), "short": fitting(words("{what}: {n}", what=name, n=count), name)}
    fields["tile"] = {"label": name, "value": count, "note": words("no goal is set")}
    if beside:
        fields["compared"] = {"label": beside[0][0], "value": float(beside[0][1])}
        fields["tile"]["note"] = words("{label}: {n}", label=beside[0][0], n=words.count(beside[0][1]))
    return fields


def together(goals: pd.DataFrame, words: Words) -> dict[str, Any]:
    """How many of the goals were reached. goals: of `closing_study.goals`, as shown."""
    known = goals[goals.goal.notna() & goals.actual.notna()]
    met = known[known.actual >= known.goal]
    if known.empty:
        return {"kind": "counted", "short": words("No goal can be checked"),
                "text": words("No goal is set, or too few bought to show what was reached.")}  # fmt: skip
    told = words("; ").join(
        words("{what} {share}", what=measure(r.measure, words), share=reached(r.actual / r.goal, words))
        for r in known.itertuples()
    )
    text = words("**{met}** of {n} goal reached: {told}.", "**{met}** of {n} goals reached: {told}.", n=len(known),
                 met=len(met), told=told)  # fmt: skip
    others = [measure(str(m), words) for m in goals.measure[goals.goal.isna()]]
    if others:
        text = after(text, words("The campaign sets no goal for {what}.", what=words(", ").join(others)), words)
    short = words("{n} of {many} goals reached", n=len(met), many=len(known))
    if len(known) == 1:
        short = words("The one goal was reached") if len(met) else words("The one goal was not reached")
    verdict = "ahead" if len(met) == len(known) else "behind" if met.empty else "careful"
    return {"kind": "counted", "text": text, "value": float(len(met)), "short": short, "verdict": verdict,
            "compared": {"label": words("goals set"), "value": float(len(known))}}  # fmt: skip


def goal_rows(goals: pd.DataFrame, words: Words) -> pd.DataFrame:
    """The goals in words: measure, goal, actual, reached, year, before."""

    def amount(row: Any, side: str) -> str:
        value = getattr(row, side)
        if pd.isna(value):
            return words.suppressed() if row.suppressed and side == "actual" else MISSING
        return words.money(value) if row.measure == "gmv_minor" else words.count(value)

    return pd.DataFrame(
        [
            {"measure": measure(r.measure, words), **{s: amount(r, s) for s in ("goal", "actual", "year", "before")},
             "reached": MISSING if pd.isna(r.goal) or pd.isna(r.actual) else reached(r.actual / r.goal, words)}
            for r in goals.itertuples()
        ]
    )  # fmt: skip


def step(name: str, words: Words) -> str:
    """A row of the bridge as people say it."""
    return {
        "goal": words("Goal"),
        "open": words("left open by the plan"),
        "plan": words("Plan expected"),
        "year": words("Same days last year"),
        "before": words("Window before"),
        "stock": words("Stock on the eve"),
        "mix_stages": words("Mix of stages"),
        "conversion": words("Conversion"),
        "value": words("Value per buyer"),
        "price": words("Price"),
        "mix_items": words("Mix of items"),
        "result": words("Result"),
    }[name]


def headline(made: Any, n: int, days: int, words: Words) -> dict[str, Any]:
    """What explains the difference. made: `closing_study.Bridge`; n: buyers of the window."""
    steps, change = made.steps, made.result.gmv_minor - made.plan.gmv_minor
    order = steps.abs().sort_values(ascending=False, kind="stable").index
    told = [words("{what} {money}", what=step(str(s), words), money=words.signed_money(int(steps[s])))
            for s in order if steps[s]]  # fmt: skip
    largest = step(str(order[0]), words)
    start = {"plan": words("the plan"), "year": words("the same days last year"),
             "before": words("the {n} days before", n=days)}[made.source]  # fmt: skip
    money, size = words.signed_money(change), words.money_short(abs(change))
    less = words("{money} less than {start}; most: {what}", money=size, start=start, what=largest)
    more = words("{money} more than {start}; most: {what}", money=size, start=start, what=largest)
    fields: dict[str, Any] = {
        "kind": "model" if made.source == "plan" else "counted", "value": float(change), "unit": "money_minor", "n": n,
        "compared": {"label": start, "value": float(made.plan.gmv_minor)},
        "short": fitting(less if change < 0 else more, largest),
    }  # fmt: skip
    parts = words("; ").join(told) if told else words("nothing moved")
    if made.source != "plan":
        text = words("No plan for this window can be computed, so it is held against {start} ({was}): **{money}**, made up of "
                     "{parts}.", start=start, was=words.money(made.plan.gmv_minor), money=money, parts=parts)  # fmt: skip
        return fields | {"text": text}
    low, high = (round(made.result.gmv_minor - end) for end in (made.high, made.low))
    span = words("{low} to {high}", low=words.money(round(made.low)), high=words.money(round(made.high)))
    where = (
        words("inside what the plan thought likely")
        if made.inside
        else words("below what the plan thought likely")
        if made.result.gmv_minor < made.low
        else words("above what the plan thought likely")
    )
    text = words(
        "The plan expected **{was}** (80 %: {span}); the window brought {now}, {where}. The difference of **{money}** is made up "
        "of {parts}.",
        was=words.money(made.plan.gmv_minor), span=span, now=words.money(made.result.gmv_minor), where=where, money=money,
        parts=parts,
    )  # fmt: skip
    verdict = "none" if made.inside else "behind" if change < 0 else "ahead"
    return fields | {"text": text, "low": float(low), "high": float(high), "verdict": verdict}


def rows(table: pd.DataFrame, words: Words) -> pd.DataFrame:
    """The table of `Bridge.table` for `show.bridge`."""
    return table.assign(label=[step(str(s), words) for s in table.step])[["label", "value_minor", "total", "low", "high"]].rename(
        columns={"value_minor": "value"}
    )  # fmt: skip


def note(made: Any, words: Words) -> str:
    """How to read the bridge, for what it starts from."""
    said = words("Each step is the mean over all orders in which the factors could be moved; together they are the difference "
                 "exactly.")  # fmt: skip
    return after(said, words("Whisker: 80 % of what the plan expected.") if made.source == "plan" else "", words)


def prices(made: Any, words: Words) -> dict[str, Any]:
    """What the same items cost, beside the days that the bridge takes as base. made: `closing_study.Bridge`."""
    level, (first, last) = made.level, made.base
    change, mix = words.signed_share(level.price - 1), words.signed_share(level.mix - 1)
    days = words("{first} to {last}", first=words.day(first), last=words.day(last))
    text = words(
        "The same items cost **{change}** beside {days} (Fisher's index over the {n} item sold in both, {share} of the window's "
        "GMV); which items were bought moved the money a piece brings by **{mix}**.",
        "The same items cost **{change}** beside {days} (Fisher's index over the {n} items sold in both, {share} of the "
        "window's GMV); which items were bought moved the money a piece brings by **{mix}**.",
        change=change, days=days, n=level.items, share=words.share(level.share), mix=mix,
    )  # fmt: skip
    return {"kind": "counted", "value": level.price - 1, "unit": "share", "n": level.items, "text": text,
            "short": words("The same items cost {change}, mix of items {mix}", change=change, mix=mix)}  # fmt: skip


def cell_rows(expected: pd.DataFrame, small: Sequence[str], stages: Stages, words: Words) -> pd.DataFrame:
    """What each cell was expected to bring and brought, in words. small: the cells that stand together as one."""
    names = cell_names(stages, words)
    both = words(" + ").join(names[c] for c in names if c in set(small))
    rows = []
    for row in expected.itertuples():
        shown = {
            "cell": both if row.cell == POOLED else names[row.cell],
            "consumers": _pair(row.consumers_then, row.consumers_now, words.count, words),
            "conversion": _pair(row.conversion_then, row.conversion_now, lambda v: words.share(v, 1), words),
            "value": _pair(row.value_minor_then, row.value_minor_now, words.money, words),
            "gmv": _pair(row.gmv_minor_then, row.gmv_minor_now, words.money_short, words),
            "difference": words.signed_money(row.difference_minor),
        }
        rows.append(shown)
    return pd.DataFrame(rows, columns=["cell", "consumers", "conversion", "value", "gmv", "difference"])


def cell_columns(words: Words) -> dict[str, tuple[str, str]]:
    """The columns of a table of `cell_rows`."""
    return {
        "cell": (words("On the eve"), "text"), "gmv": (words("GMV"), "text"), "difference": (words("Difference"), "text"),
        "consumers": (words("Consumers"), "text"), "conversion": (words("Conversion"), "text"),
        "value": (words("Money per buyer"), "text"),
    }  # fmt: skip


def cell_note(made: Any, words: Words) -> str:
    """What the arrows of `cell_rows` lead from."""
    if made.source == "plan":
        return words("Expected by the plan → came.")
    return words("{start} → this window.", start=step(made.source, words))


def reached(share: float, words: Words) -> str:
    """What was reached of a goal; no rounding reaches it."""
    return words.share(share if share >= 1 else math.floor(100 * share) / 100)


def verdict_of(share: float) -> str:
    """ahead from the goal on, careful just below it, else behind."""
    return "ahead" if share >= 1 else "careful" if share >= 0.95 else "behind"


def _pair(then: Any, now: Any, write: Any, words: Words) -> str:
    a, b = (MISSING if pd.isna(v) else write(v) for v in (then, now))
    return words("{a} → {b}", a=a, b=b)


def _side(side: str, words: Words) -> str:
    return words("the same days last year") if side == "year" else words("the days before")
