"""What `2_plan/goal` says of several goals, of the way to them, and of what the odds hang on."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from apex.show.glossary import channel
from apex.show.phases import phase_name
from apex.show.say.goal import chance
from apex.show.say.wording import cells, fitting
from apex.show.words import MISSING, Words

Stages = Sequence[tuple[str, str]]
ORDER = ("gmv_minor", "new_consumers", "aac", "joins", "all")
RARE = 0.1  # of earlier moves: what seldom was so


def measure(name: str, words: Words) -> str:
    """A goal as people say it."""
    return {
        "gmv_minor": words("GMV"),
        "new_consumers": words("New consumers"),
        "aac": words("Annual active consumers"),
        "joins": words("Joins"),
        "all": words("All of them together"),
    }[name]


def together(goals: pd.DataFrame, confidence: float, words: Words) -> dict[str, Any]:
    """The odds of reaching all goals, and which one is the least likely. goals: of `Study.goals`."""
    each, every = goals[goals.goal != "all"], goals[goals.goal == "all"]
    least = each.loc[each.odds.idxmin()]
    odds = float(every.odds.iloc[0]) if len(every) else float(least.odds)
    verdict = "ahead" if odds >= confidence else "careful" if odds >= 0.5 else "behind"
    if len(each) == 1:
        text = words(
            "One goal is set. More of them (new consumers, active consumers, joins) can stand in the campaign's file."
        )
        return {"kind": "model", "value": odds, "unit": "share", "short": words("One goal is set"), "text": text}
    text = words(
        "All {n} goals together have odds of **{chance}**, from joint draws; the least likely one is {least} ({odds}).",
        n=len(each), chance=chance(odds, words), least=measure(least.goal, words), odds=chance(float(least.odds), words),
    )  # fmt: skip
    short = words("All {n} goals: odds of {chance}", n=len(each), chance=chance(odds, words))
    return {"kind": "model", "value": odds, "unit": "share", "verdict": verdict, "text": text, "short": short,
            "compared": {"label": words("odds wanted"), "value": confidence}}  # fmt: skip


def goal_rows(goals: pd.DataFrame, words: Words) -> pd.DataFrame:
    """The goals in words: goal, target, forecast, range, odds, odds_with_plan."""

    def amount(row: Any, value: float) -> str:
        if pd.isna(value):
            return MISSING if row.goal == "all" else words.suppressed()
        return words.money_short(round(value)) if row.goal == "gmv_minor" else words.count(round(value))

    return pd.DataFrame(
        [
            {
                "goal": measure(r.goal, words), "target": amount(r, r.target), "forecast": amount(r, r.forecast),
                "range": MISSING if pd.isna(r.low) else words("{low} to {high}", low=amount(r, r.low), high=amount(r, r.high)),
                "odds": chance(r.odds, words), "odds_with_plan": chance(r.odds_with_plan, words),
            }
            for r in goals.set_index("goal").reindex([m for m in ORDER if m in set(goals.goal)]).reset_index().itertuples()
        ],
        columns=["goal", "target", "forecast", "range", "odds", "odds_with_plan"],
    )  # fmt: skip


def silent(measures: Sequence[str], words: Words) -> list[str]:
    """What cannot be forecast, for `run.missing`."""
    return [words("{goal}: no earlier year to forecast it from", goal=measure(m, words)) for m in measures]


def way(made: Any, plan: Any, goals: pd.DataFrame, stages: Stages, words: Words) -> dict[str, Any]:
    """The least-cost way in a sentence. made: `apex.model.way.Way`; plan: `GoalPlan`; goals: of `Study.goals`."""
    bought, names = made.purchases, cells(stages, words)
    if bought.empty:
        text = words("Nothing has to be bought: the goals are reached in expectation.")
        short = words("Nothing has to be bought")
        if made.short:
            text = words("No contact is known to bring what is missing, so no way can be given.")
            short = words("No way to buy what is missing")
        return {"kind": "model", "text": text, "short": short, "verdict": "none" if made.short else "ahead"}
    money = words.money_short(round(made.brings_gmv))
    first = bought.loc[bought.gmv_minor.idxmax()]
    most = words("{channel} at {stage}", channel=channel(str(first.channel), words), stage=names[str(first.stage)])
    row = goals[goals.goal == "gmv_minor"].iloc[0]
    odds = words("the odds of the GMV goal go from {before} to {after}", before=chance(row.odds, words),
                 after=chance(row.odds_with_plan, words))  # fmt: skip
    if made.cost_minor is None:
        text = words(
            "**Cost unknown**: these data hold no media cost, so the way with the fewest contacts is shown. It brings {money}, "
            "most of it by {most}; {odds}.", money=money, most=most, odds=odds,
        )  # fmt: skip
        short = words("The way brings {money}, cost unknown", money=money)
    else:
        cost = words.money_short(round(made.cost_minor))
        text = words(
            "The least-cost way costs **{cost}** beside the usual media and brings {money}, most of it by {most}; {odds}.",
            cost=cost, money=money, most=most, odds=odds,
        )  # fmt: skip
        short = words("{cost} bring {money}", cost=cost, money=money)
    stops = [measure(m, words) for m in made.short if m != "joins"]
    if made.bound == "budget":
        text += " " + words("The budget stops it short of {goals}.", goals=words(", ").join(stops))
    elif stops:
        text += " " + words("All contacts there are would not bring {goals}.", goals=words(", ").join(stops))
    if "joins" in made.short:
        text += " " + words("What contacts do to joins is not known.")
    return {"kind": "model", "value": made.cost_minor, "unit": "money_minor", "text": text, "short": fitting(short),
            "verdict": "careful" if made.short else "none"}  # fmt: skip


def way_rows(bought: pd.DataFrame, stages: Stages, words: Words) -> pd.DataFrame:
    """The way in words: stage, channel, people, cost, brings, phase. bought: of `Study.purchases`."""
    names = cells(stages, words)
    return pd.DataFrame(
        {
            "stage": [names[str(s)] for s in bought.stage], "channel": [channel(str(c), words) for c in bought.channel],
            "people": bought.people.astype(float).round().astype("Int64").array,
            "cost": [words("unknown") if pd.isna(c) else words.money_short(round(c)) for c in bought.cost_minor],
            "brings": [
                words("{low} to {high}", low=words.money_short(round(low)), high=words.money_short(round(high)))
                for low, high in zip(bought.low, bought.high, strict=True)
            ],
            "phase": [phase_name(p, words) if p else MISSING for p in bought.phase],
        }
    )  # fmt: skip


def curve_bars(curve: pd.DataFrame, words: Words) -> pd.DataFrame:
    """The odds curve as bars: label, value (as things stand), before (a mark: with the way)."""
    return pd.DataFrame(
        {
            "label": [words.money_short(int(g)) for g in curve.goal_minor], "value": curve.odds.array,
            "before": curve.odds_with_plan.array,
        }
    )  # fmt: skip


def curve(found: pd.DataFrame, confidence: float, words: Words) -> dict[str, Any]:
    """Which goal has the odds wanted."""
    good = found[found.odds >= confidence]
    if good.empty:
        text = words("None of the goals shown has the odds wanted of {wanted}.", wanted=words.share(confidence))
        return {"kind": "model", "text": text, "short": words("No goal shown has the odds wanted")}
    best = words.money_short(int(good.goal_minor.max()))
    text = words(
        "With odds of {wanted} a goal of **{goal}** can be promised.", wanted=words.share(confidence), goal=best
    )
    return {"kind": "model", "value": float(good.goal_minor.max()), "unit": "money_minor", "text": text,
            "short": words("{goal} can be promised", goal=best)}  # fmt: skip


LEVER = ("stock", "conversion", "value")


def lever(name: str, words: Words) -> str:
    """What GMV consists of, as people say it."""
    return {
        "stock": words("Stock that is bought"), "conversion": words("Conversion"), "value": words("Value a buyer"),
    }[name]  # fmt: skip


def would_have_to(table: pd.DataFrame, confidence: float, words: Words) -> dict[str, Any]:
    """What would have to be true. table: of `Study.true`."""
    if not (table.factor > 1).any():
        text = words(
            "Nothing more has to be true: the goal has the odds wanted of {wanted}.", wanted=words.share(confidence)
        )
        return {"kind": "model", "text": text, "short": words("Nothing more has to be true"), "verdict": "ahead"}
    at = table.set_index("lever")
    text = words(
        "For odds of {wanted} one of these alone would have to be so: conversion × **{conversion}**, or value × {value}, or "
        "bought stock × {stock} of what is coming.",
        wanted=words.share(confidence), conversion=words.number(at.factor.conversion, 2), value=words.number(at.factor.value, 2),
        stock=words.number(at.factor.stock, 2),
    )  # fmt: skip
    known = table[table.unusual.notna()]
    if len(known):
        easiest = known.loc[known.unusual.idxmax()]
        text += " " + words(
            "Least unusual is {lever}: {share} of earlier moves were as large.", lever=lever(easiest.lever, words),
            share=words.share(easiest.unusual),
        )  # fmt: skip
    short = words("Conversion × {factor}, or its like", factor=words.number(at.factor.conversion, 2))
    rare = len(known) and known.unusual.max() < RARE
    return {"kind": "model", "value": float(at.factor.conversion), "unit": "index", "text": text, "short": short,
            "verdict": "behind" if rare else "careful"}  # fmt: skip


def lever_rows(table: pd.DataFrame, words: Words) -> pd.DataFrame:
    """lever, factor, unusual, n in words."""
    return pd.DataFrame(
        {
            "lever": [lever(n, words) for n in table.lever],
            "factor": [words("× {n}", n=words.number(f, 2)) for f in table.factor],
            "unusual": [MISSING if pd.isna(u) else words.share(u, 1) for u in table.unusual],
            "n": table.n.array,
        }
    )  # fmt: skip


def driver(name: str, words: Words) -> str:
    """What the odds hang on, as people say it."""
    return {
        "window": words("What nobody can know of the window"), "stock": words("Stock on the eve"),
        "conversion": words("How stages convert"), "value": words("What a buyer spends"),
        "bought": words("How bought stock converts"), "money": words("Money of the way, half more or less"),
    }[name]  # fmt: skip


def tornado(table: pd.DataFrame, words: Words) -> dict[str, Any]:
    """What moves the odds most. table: of `Study.tornado`."""
    rest = table[table.driver != "window"]
    first = rest.iloc[0]
    text = words(
        "Of what can be worked on, **{driver}** moves the odds most: from {low} to {high} over its 80 % range.",
        driver=driver(first.driver, words), low=chance(min(first.at_low, first.at_high), words),
        high=chance(max(first.at_low, first.at_high), words),
    )  # fmt: skip
    return {"kind": "model", "value": float(first.swing), "unit": "share", "text": text,
            "short": fitting(words("Most hangs on: {driver}", driver=driver(first.driver, words)))}  # fmt: skip


def tornado_bars(table: pd.DataFrame, odds: float, words: Words) -> pd.DataFrame:
    """label, value (the odds as they are), low, high (with the driver at its ends); what nobody can know is left to the text."""
    rest = table[table.driver != "window"]
    ends = rest[["at_low", "at_high"]]
    return pd.DataFrame(
        {"label": [driver(d, words) for d in rest.driver], "value": odds, "low": ends.min(axis=1).array,
         "high": ends.max(axis=1).array}
    )  # fmt: skip


def pace_panels(paces: pd.DataFrame, stages: Stages, words: Words) -> pd.DataFrame:
    """Stock by week for `show.trends`."""
    names = cells(stages, words)
    paces = paces.sort_values(["stage", "day"])
    return paces.assign(label=[names[str(s)] for s in paces.stage], unit="consumers")


def phase_rows(table: pd.DataFrame, stages: Stages, words: Words) -> pd.DataFrame:
    """Daily inflow by phase in words: phase, stage, days, people, per_day."""
    names = cells(stages, words)
    extra = {"until-eve": words("until the eve"), "window": words("the window")}
    return pd.DataFrame(
        {
            "phase": [extra.get(p) or phase_name(p, words) for p in table.phase],
            "stage": [names[str(s)] for s in table.stage],
            "dates": [words.period(r.first_day, r.last_day) for r in table.itertuples()],
            "people": table.people.array, "per_day": table.per_day.array,
            "suppressed": table.suppressed.array,
        }
    )  # fmt: skip
