"""What `2_plan/scenes` says: which scenes to run together, how sure that is, what the rest lack, and when to wait.

Every function takes what may be shown (suppressed figures are null) and returns the fields of a finding for
`run.finding(name, **fields)`. Names are scene → its name in the report's language.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from apex.show.say.wording import after, fitting
from apex.show.words import Words, is_missing

Names = Mapping[str, str]


def portfolio(decision: Any, rows: pd.DataFrame, names: Names, budget: int | None, odds: float, margin: float | None,
              words: Words) -> dict[str, Any]:  # fmt: skip
    """What to do. decision: a `report.upstream.scenes.Decision`; rows: its table as it may be shown; margin: None: not known."""
    if decision.status == "wait":
        return _wait(decision, names, budget, words)
    order = rows.sort_values("gmv_minor", ascending=False)
    listed = words(", ").join(names[s] for s in order.scene)
    met = words.suppressed() if rows.people.isna().any() else words.count(int(rows.people.sum()))
    low, high = (words.money_short(round(x)) for x in decision.gmv[1:])
    gmv = words.money_short(round(decision.gmv[0]))
    if decision.status == "rank":
        text = words(
            "Nothing in the data says what media cost, so no scene can be shown to pay. By what they bring, **{list}** go best "
            "together: {met} people met once, **{gmv}** (80%: {low} to {high}) in the 15 days after.",
            list=listed, met=met, gmv=gmv, low=low, high=high,
        )  # fmt: skip
        short = words("Cost unknown: {n} scenes bring most together", n=len(rows))
        return {"kind": "model", "value": decision.gmv[0], "unit": "money_minor", "low": decision.gmv[1],
                "high": decision.gmv[2], "verdict": "careful", "text": text, "short": short,
                "next_step": words("Book what media cost: then this page says which scenes pay."),
                "tile": {"label": words("Scenes to run"), "value": words.count(len(rows)),
                         "note": words("cost unknown")}}  # fmt: skip
    spent = words.money_short(round(decision.spent))
    text = words(
        "**{list}**: {met} people met once, **{spent}** spent, **{gmv}** GMV (80%: {low} to {high}) in the 15 days after. "
        "That the margin covers the cost at the prices paid so far has a chance of **{chance}**.",
        list=listed, met=met, spent=spent, gmv=gmv, low=low, high=high, chance=odds_in_words(decision.earns, words),
    )  # fmt: skip
    if not is_missing(decision.upto):
        times = words("It is expected to do so up to {times} times these prices.", times=words.number(decision.upto))
        text = after(text, times, words)
    if margin is None:
        text = after(text, words("The campaign says no margin; all of GMV is taken for it."), words)
    rest = 0.0 if budget is None else budget - decision.spent
    if budget is not None and rest > 0.01 * budget:
        rest_text = words("The other {rest} of the budget find no scene that earns its cost within these days.",
                          rest=words.money_short(round(rest)))  # fmt: skip
        text = after(text, rest_text, words)
    short = (
        words("One scene should pay now: {name}", name=names[order.scene.iloc[0]])
        if decision.status == "one"
        else words("{n} scenes should pay: {name} first", n=len(rows), name=names[order.scene.iloc[0]])
    )
    step = words("Start {name}, with one in ten of its audience held out.", name=names[order.scene.iloc[0]])
    # never ahead: the set has not run yet, and where truth is known contacts brought less and cost more (DECISIONS 68)
    return {"kind": "model", "value": decision.gmv[0], "unit": "money_minor", "low": decision.gmv[1], "high": decision.gmv[2],
            "verdict": "careful" if decision.earns >= odds else "behind", "text": text,
            "short": fitting(short, names[order.scene.iloc[0]]), "next_step": step,
            "at_stake_minor": max(round(decision.spent), 0),
            "tile": {"label": words("Scenes to run"), "value": words.count(len(rows)),
                     "note": words("{spent} for {gmv} GMV", spent=spent, gmv=gmv)}}  # fmt: skip


def odds_in_words(chance: Any, words: Words) -> str:
    """A chance from draws: never quite sure, never quite out of the question."""
    if is_missing(chance):
        return words.share(None)
    return words("over 99%") if chance > 0.99 else words("under 1%") if chance < 0.01 else words.share(chance)


def _wait(decision: Any, names: Names, budget: int | None, words: Words) -> dict[str, Any]:
    """Wait, and why."""
    near = names.get(decision.nearest, "")
    why = {
        "none_ready": words("No scene has all that it needs; the table below names what each one lacks."),
        "nothing_known": words("Of no scene with all that it needs is it known what a contact changes: too few were met so far."),
        "budget": words("{budget} is below the least that any of these scenes takes.", budget=words.money(budget)),
        "no_cost": words("Nothing in the data says what media cost, and no scene is seen to bring anything."),
        "too_small": words("Those of whom a contact would pay are too few for the least that a scene takes; {name} comes "
                           "nearest.", name=near),
        "does_not_earn": words("Of no scene does the margin expected within 15 days cover the cost; {name} comes nearest.",
                               name=near),
    }[decision.reason]  # fmt: skip
    return {"kind": "model", "verdict": "careful", "text": words("**Wait.** {why}", why=why),
            "short": words("Wait: no scene pays now"),
            "next_step": words("Keep the money, or spend it on the trial below."),
            "tile": {"label": words("Scenes to run"), "value": words("wait"), "note": ""}}  # fmt: skip


def sure(scores: pd.DataFrame, names: Names, words: Words) -> dict[str, Any]:
    """How sure the choice is: the chance of being in the best set. scores: of the study, one of each family."""
    known = scores[scores.ready & (scores.p_best > 0) & (scores.scene == scores.same)].sort_values(
        "p_best", ascending=False
    )
    if known.empty:
        return {"kind": "not identified", "short": words("No scene is in any best set"),
                "text": words("Whatever a contact truly changes within its interval, no set of scenes is worth its cost at this "
                              "budget.")}  # fmt: skip
    first, rest = known.iloc[0], known[known.p_best >= 0.2].iloc[1:]
    text = words("Within what is known of contacts, **{name}** is in the best set in **{share}** of cases.",
                 name=names[first.scene], share=odds_in_words(first.p_best, words))  # fmt: skip
    if len(rest):
        listed = words(", ").join(
            words("{name} ({share})", name=names[r.scene], share=odds_in_words(r.p_best, words))
            for r in rest.itertuples()
        )
        text = after(
            text, words("Behind it: {list}; scenes with the same people stand in for each other.", list=listed), words
        )
    return {"kind": "model", "value": float(first.p_best), "unit": "share", "text": text,
            "short": fitting(words("{name} is best in {share} of cases", name=names[first.scene],
                                   share=odds_in_words(first.p_best, words)), names[first.scene]),
            "tile": {"label": words("Surest of its place"), "value": names[first.scene],
                     "note": words("in the best set in {share} of cases", share=odds_in_words(first.p_best, words))},
            "verdict": "ahead" if first.p_best >= 0.8 else "careful"}  # fmt: skip


def cheapest(scores: pd.DataFrame, names: Names, words: Words) -> dict[str, Any]:
    """Which scene moves people most cheaply, whether or not that pays within 15 days."""
    able = scores[scores.ready & (scores.scene == scores.same) & scores.told]
    able = able.assign(price=able.cost_per_moved_minor.astype(float))
    able = able[able.price > 0].sort_values("price")
    if able.empty:
        most = scores[scores.ready & (scores.scene == scores.same) & (scores.moved.astype(float) > 0)]
        if most.empty:
            return {"kind": "not identified", "short": words("What moving people costs is not known"),
                    "text": words("Of no scene is the cost of a contact known together with what it changes.")}  # fmt: skip
        top = most.loc[most.moved.astype(float).idxmax()]
        text = words("What a contact costs is not in the data. **{name}** moves most: **{n}** people deeper (80%: {low} to "
                     "{high}).", name=names[top.scene], **_moved(top, words))  # fmt: skip
        return {"kind": _kind(top.kind), "value": float(top.moved), "unit": "consumers", "low": float(top.low),
                "high": float(top.high), "n": int(top.n), "text": text,
                "short": fitting(words("{name} moves most people", name=names[top.scene]), names[top.scene])}  # fmt: skip
    one = able.iloc[0]
    price = words.money(round(one.price))
    text = words("**{name}** moves people most cheaply: **{price}** each (80%: {from} to {to}), {n} people (80%: {low} to "
                 "{high}).", name=names[one.scene], price=price, **_moved(one, words),
                 **{"from": words.money(round(one.per_low)), "to": words.money(round(one.per_high))})  # fmt: skip
    if not is_missing(one.pays) and one.pays < 0.5:
        text = after(
            text,
            words("That does not pay within 15 days: it is stock for later, worth what the goal's page says."),
            words,
        )
    return {"kind": _kind(one.kind), "value": float(one.price), "unit": "money_minor", "low": float(one.per_low),
            "high": float(one.per_high), "n": int(one.n), "text": text,
            "tile": {"label": words("Cheapest per person moved"), "value": price, "note": names[one.scene]},
            "short": fitting(words("{name}: {price} a person moved", name=names[one.scene], price=price),
                             names[one.scene])}  # fmt: skip


def _moved(row: Any, words: Words) -> dict[str, str]:
    return {"n": words.number(row.moved), "low": words.number(row.low), "high": words.number(row.high)}


def _kind(kind: str) -> str:
    return "model" if kind == "prior" else kind


def trial(made: Any, scene: str, names: Names, budget: int | None, words: Words) -> dict[str, Any]:
    """What it takes to tell whether the nearest scene pays. made: a `model.scenes.Trial`, or None."""
    if made is None:
        return {"kind": "not identified", "short": words("No trial can be sized"),
                "text": words("Of no scene is enough known to say how large a trial must be.")}  # fmt: skip
    name, effect = names[scene], words.share(made.effect, 2)
    if is_missing(made.cost_minor):
        text = words("To tell an effect of **{effect}** from nought, a trial of {name} takes **{n}** people in each arm.",
                     effect=effect, name=name, n=made.each_arm)  # fmt: skip
        enough = None
    else:
        text = words(
            "{name} pays from an effect of **{effect}** a contact on. To tell that from nought, a trial takes **{n}** people in "
            "each arm, and **{cost}** for the arm that is addressed.",
            name=name, effect=effect, n=made.each_arm, cost=words.money_short(round(made.cost_minor)),
        )  # fmt: skip
        enough = None if budget is None else budget >= made.cost_minor
        if budget is not None and not enough:
            less = words("{budget} buys {share} of that: it can earn, and it cannot teach.",
                         budget=words.money_short(budget), share=words.share(budget / made.cost_minor))  # fmt: skip
            text = after(text, less, words)
    return {"kind": "model", "value": float(made.each_arm), "unit": "consumers", "text": text,
            "tile": {"label": words("A trial takes, in each arm"), "value": words.count(made.each_arm), "note": name},
            "short": fitting(words("A trial of {name}: {n} people an arm", name=name, n=made.each_arm), name),
            "verdict": "careful" if enough is False else "none"}  # fmt: skip


def lacking(
    unmet: pd.DataFrame, scenes: int, names: Names, event: tuple[int, str] | None, words: Words
) -> dict[str, Any]:
    """What scenes lack. unmet: of `measure.scenes.unmet`; scenes: how many there are."""
    without = unmet.scene.nunique()
    text = words("**{n} of {all}** scenes lack something of what they need now.", n=without, all=scenes)
    alone = unmet[~unmet.scene.duplicated(keep=False)]
    waiting = alone[alone.need == "event_within_days"]
    if len(waiting) and event is not None:
        first = waiting.loc[waiting.wanted.astype(float).idxmax()]
        more = words("{name} opens in {days} days, as {event} comes near.", name=names[first.scene],
                     days=int(event[0] - first.wanted), event=event[1])  # fmt: skip
        text = after(text, more, words)
    often = unmet.need.value_counts()
    if len(often):
        text = after(text, words("Most often: {need}.", need=need_name(str(often.index[0]), words)), words)
    return {"kind": "counted", "value": float(without), "unit": "none", "text": text,
            "short": words("{n} of {all} scenes lack something", n=without, all=scenes)}  # fmt: skip


def need_name(need: str, words: Words) -> str:
    """What is lacking, as a group."""
    return {
        "channel": words("a channel that was used"), "audience": words("an audience large enough"),
        "table": words("a table of data"),
        "behaviour": words("a behaviour in the data"), "members": words("members"), "followers": words("followers"),
        "items": words("items at a stage of life"), "younger_than_days": words("new items"), "contents": words("fresh content"),
        "event_within_days": words("an event near enough"),
    }[need]  # fmt: skip


def growth(gates: pd.DataFrame, labels: list[str], standing: str, words: Words) -> dict[str, Any]:
    """Where the brand stands between showing that it works and paying for growth. labels: the gates' names, in order."""
    passed = int(gates.passed.sum())
    shut = [label for label, ok in zip(labels, gates.passed, strict=True) if not ok]
    listed = words(", ").join(shut)
    text = {
        "validate": words("**Validate first**: {n} of {all} gates are passed; not yet: {list}.", n=passed, all=len(gates),
                          list=listed),
        "accelerate": words("**Validated**, not yet to be accelerated: {n} of {all} gates are passed; not yet: {list}.",
                            n=passed, all=len(gates), list=listed),
        "open": words("**All {all} gates are passed**: what pays may be paid for more.", all=len(gates)),
    }[standing]  # fmt: skip
    short = {
        "validate": words("Growth: validate first"), "accelerate": words("Growth: validated, not yet to accelerate"),
        "open": words("Growth: all gates passed"),
    }[standing]  # fmt: skip
    return {"kind": "counted", "value": float(passed), "unit": "none", "text": text, "short": short,
            "verdict": "ahead" if standing == "open" else "careful"}  # fmt: skip


def absent(priced: bool, margin: float | None, budget: int | None, category: str | None, words: Words) -> list[str]:
    """What the data and the campaign would need to have, in sentences."""
    out = []
    if not priced:
        out.append(words("No table of spend: what a contact costs is unknown, so no scene can be said to pay."))
    if priced and margin is None:
        out.append(words("The campaign says no margin; all of GMV is taken for it."))
    if priced and budget is None:
        out.append(words("The campaign says no budget: scenes are taken as long as they pay."))
    if category is None:
        out.append(words("The brand has no main category: whom its category could bring is not known."))
    return out
