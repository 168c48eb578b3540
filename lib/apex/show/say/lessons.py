"""What `4_wrapup/lessons` says: what the next plan starts from, what came otherwise than foretold, and what to test next."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from apex.show.glossary import channel
from apex.show.say.wording import cells, fitting
from apex.show.words import MISSING, Words, is_missing

Stages = Sequence[tuple[str, str]]
FIRST = 4  # things on the first screen
SURPRISED = 1.2815516  # standard deviations: the ends of 80 %
MONEY = ("price", "cost_new", "gmv_minor", "spend")
SUPPLY = ("depth", "room")  # in what a channel carries for the brand
SHARES = ("conversion", "unmet", "met", "crowd", "wear", *SUPPLY)


def topic(what: str, words: Words) -> str:
    """What was learned, as people say it."""
    return {
        "conversion": words("Conversion"), "unmet": words("Conversion, not met by media"),
        "met": words("Conversion, met by media"), "crowd": words("Conversion by crowd"),
        "bought": words("Factor m of bought stock"),
        "response": words("Orders by 1,000 contacts"), "price": words("Cost of a contact"), "spend": words("Spend"),
        "contacts": words("Contacts"), "cost_new": words("Cost of a new interested consumer"),
        "wear": words("Clicks on a creative met again"), "intent": words("Purchase-intent index"),
        "intent_crowd": words("Intent of those met, by crowd"), "intent_channel": words("Intent of those met, by channel"),
        "intent_lift": words("Lift of intent"), "credit_ratio": words("Lift over last touch's credit"),
        "depth": words("Part of the supply at which the price doubles"), "room": words("Most that could be bought of the supply"),
        "effect": words("What the campaign changed"), "stock": words("Stock on the eve"), "gmv_minor": words("GMV in the window"),
        "new_consumers": words("New consumers"), "aac": words("Annual active consumers"), "joins": words("Joins"),
    }[what]  # fmt: skip


def named(what: str, of: str, stages: Stages, words: Words) -> str:
    """What and of whom, in a few words."""
    if what in ("conversion", "unmet", "met", "stock"):
        of = cells(stages, words).get(of, of)
    elif (
        what in ("response", "price", "cost_new", "spend", "contacts", "intent_channel", "credit_ratio", *SUPPLY) and of
    ):
        of = channel(of, words)
    elif what == "cost_new":
        of = words("all media")
    elif what == "wear":
        of = words("contact {n}", n=of) if of else ""
    return words("{topic} ({of})", topic=topic(what, words), of=of) if of else topic(what, words)


def figure(what: str, x: Any, words: Words) -> str:
    """A number of that kind."""
    if is_missing(x):
        return MISSING
    if what in MONEY:
        return words.money(x)
    if what in SHARES:
        return words.share(x, 1 if abs(x) < 0.2 else 0)
    if what == "intent_lift":
        return words.signed_share(x)
    if what in ("bought", "credit_ratio"):
        return words.number(x, 2)
    return words.number(x, 1 if what == "response" else 0)


def span(row: Any, words: Words) -> str:
    """The 80 % interval."""
    if is_missing(row.low) or is_missing(row.high):
        return MISSING
    return words("{low} to {high}", low=figure(row.what, row.low, words), high=figure(row.what, row.high, words))


def first_things(merged: pd.DataFrame, gmv: dict[str, float]) -> pd.DataFrame:
    """The few rows that the next plan leans on most: the conversion with most GMV, bought stock, the best channel, intent.

    gmv: minor units by cell of the eve. Where media are not known, further conversions stand in.
    """
    told = merged[merged.value.notna()]
    rates = told[told.what == "conversion"]
    rates = rates.loc[rates.of.map(gmv).fillna(0).sort_values(ascending=False, kind="stable").index]
    best = told[told.what == "response"].sort_values("value", ascending=False, kind="stable")
    parts = [
        rates.head(1),
        told[told.what == "bought"],
        best.head(1),
        told[told.what == "intent_lift"],
        rates.iloc[1:FIRST],
    ]
    return pd.concat(parts).head(FIRST).reset_index(drop=True)


def start(first: pd.DataFrame, heard: Sequence[str], stages: Stages, words: Words) -> dict[str, Any]:
    """The headline: what the next plan starts from, and from how many campaigns."""
    if first.empty:
        short = words("Nothing goes into the next plan")
        text = words(
            "No cell of the eve held enough consumers to learn from, and no trial, spend or creative is known."
        )
        return {"kind": "not identified", "short": short, "verdict": "none", "text": text}
    told = words("; ").join(
        words("{name} **{value}** ({span})", name=named(r.what, r.of, stages, words), value=figure(r.what, r.value, words),
              span=span(r, words))
        for r in first.itertuples()
    )  # fmt: skip
    text = words("The next plan starts from: {told} (80% of what a next campaign may show).", told=told)
    text += " " + (
        words("First lesson: no earlier campaign's is in it.") if not heard
        else words("Put together with {n} earlier lesson: {names}.", "Put together with {n} earlier lessons: {names}.",
                   n=len(heard), names=words(", ").join(heard))
    )  # fmt: skip
    lead = first.iloc[0]
    short = words("{name} {value} to start from", name=named(lead.what, lead.of, stages, words),
                  value=figure(lead.what, lead.value, words))  # fmt: skip
    return {
        "kind": lead.kind, "value": float(lead.value), "low": float(lead.low), "high": float(lead.high), "n": int(lead.n),
        "unit": "share" if lead.what in SHARES else "none", "text": text, "short": fitting(short),
        "tile": {"label": fitting(named(lead.what, lead.of, stages, words)), "value": figure(lead.what, lead.value, words),
                 "note": span(lead, words)},
    }  # fmt: skip


def surprised(surprises: pd.DataFrame, goal: bool, over: bool, stages: Stages, words: Words) -> dict[str, Any]:
    """What came otherwise than the plan foretold, and how often its intervals held."""
    if surprises.empty:
        why = (words("No plan foretold this campaign: without a goal there is none.") if not goal
               else words("The plan's forecasts cannot be held against what came.") if over
               else words("The window is not over: nothing can be held against the forecast."))  # fmt: skip
        return {
            "kind": "not identified",
            "short": words("No forecast to hold it against"),
            "text": why,
            "verdict": "none",
        }
    stated = surprises[surprises.stated]
    inside, n = int(stated.inside.sum()), len(stated)
    far = surprises[surprises.surprise.abs() > SURPRISED]
    top = surprises.iloc[0]
    name = named(top.what, top.of, stages, words)
    said = {
        "name": name,
        "came": figure(top.what, top.came, words),
        "foretold": figure(top.what, top.foretold, words),
        "sd": words.number(abs(top.surprise), 1),
    }
    if far.empty:
        text = words("**All {n} came as foretold.** The farthest, {name}: {came} where {foretold} was foretold, {sd} standard "
                     "deviations.", n=len(surprises), **said)  # fmt: skip
        short = words("All {n} came as foretold", n=len(surprises))
    else:
        text = words("**{far} of {n} surprised.** Most, {name}: **{came}** where {foretold} was foretold, {sd} standard "
                     "deviations.", far=len(far), n=len(surprises), **said)  # fmt: skip
        near = surprises[surprises.surprise.abs() <= SURPRISED].tail(3)
        if len(near):
            names = words(", ").join(named(r.what, r.of, stages, words) for r in near.itertuples())
            text += " " + words("As foretold: {names}.", names=names)
        short = fitting(words("Surprised by {name}", name=name), name)
    fields: dict[str, Any] = {
        "kind": "counted",
        "short": short,
        "text": text,
        "value": float(top.surprise),
        "verdict": "careful" if len(far) else "ahead",
    }
    if n:
        fields["text"] += " " + words(
            "Of the {n} intervals of 80% that the plan told, {inside} held.", n=n, inside=inside
        )
        fields["tile"] = {"label": words("Intervals of 80% that held"), "value": words("{n} of {all}", n=inside, all=n)}
    if len(far):
        fields["next_step"] = words("Ask what made {name} differ before the next plan takes it over.", name=name)
    return fields


def next_test(tests: pd.DataFrame, stages: Stages, words: Words) -> dict[str, Any]:
    """What to test first, in one sentence."""
    if tests.empty:
        return {"kind": "not identified", "short": words("Nothing to test that money hangs on"), "verdict": "none",
                "text": words("No spend and no sales are known that hang on what is not known.")}  # fmt: skip
    row = tests.iloc[0]
    name = named(row.what, row.of, stages, words)
    return {
        "kind": "model", "value": float(row.at_stake_minor), "unit": "money_minor", "verdict": "careful",
        "short": fitting(words("Test next: {name}", name=name), name), "text": sentence(row, stages, words),
        "next_step": words("Write it into the next plan before its media are booked."),
        "at_stake_minor": int(row.at_stake_minor),
        "tile": {"label": words("Hangs on what to test first"), "value": words.money_short(row.at_stake_minor)},
    }  # fmt: skip


def sentence(row: Any, stages: Stages, words: Words) -> str:
    """One test as an order, with its size."""
    of = {"response": lambda: channel(row.of, words), "conversion": lambda: cells(stages, words).get(row.of, row.of)}
    whom = of[row.what]() if row.what in of and row.of else ""
    do = {
        "response": words("Draw at random whom {whom} leaves out.", whom=whom),
        "conversion": words("Draw at random who of cell {whom} is addressed more.", whom=whom),
        "bought": words("Leave a random part of all out of the campaign's media."),
        "effect": words("Draw the list at random, and leave a part of it alone."),
    }[row.what]
    why = {
        "unknown": words("Nothing tells it yet, and {money} hang on it.", money=words.money_short(row.money_minor)),
        "credit": words("Its credit is not its lift, and {money} hang on it.", money=words.money_short(row.money_minor)),
        "no_trial": words("No trial has told of it, its interval is ±{width}, and {money} hang on it.",
                          width=words.share(row.width), money=words.money_short(row.money_minor)),
        "wide": words("Its interval is ±{width}, and {money} hang on it.", width=words.share(row.width),
                      money=words.money_short(row.money_minor)),
    }[row.why]  # fmt: skip
    return f"**{do}** {why} {size(row, words)}".strip()


def size(row: Any, words: Words) -> str:
    """How many it takes."""
    if is_missing(row.units):
        return words("How many it takes is not known: too few bought.")
    if 2 * row.units <= row.people:
        return words("{n} in each of two arms tell a lift of {lift} (there are {people}).", n=int(row.units),
                     people=int(row.people), lift=words.share(row.lift))  # fmt: skip
    if is_missing(row.tells):
        return words("A lift of {lift} takes {n} in each arm, and there are {people}: add several campaigns up.",
                     n=int(row.units), lift=words.share(row.lift), people=int(row.people))  # fmt: skip
    return words("A lift of {lift} takes {n} in each arm, and there are {people}: their halves tell {tells} or more, so add "
                 "several campaigns up.", n=int(row.units), lift=words.share(row.lift), people=int(row.people),
                 tells=words.share(row.tells))  # fmt: skip


def reason(why: str, words: Words) -> str:
    """Why something cannot be learned."""
    known = {
        "few": words("too few to say, or to show"), "too_few": words("too few to say, or to show"),
        "no_spend": words("no spend is recorded"), "no_holdout": words("nobody was held out at random"),
        "no_list": words("there is no list of who was addressed"), "no_media": words("no media contact is recorded"),
        "in_trips": words("contacts are seen only on shopping trips"), "no_creatives": words("creatives are not recorded"),
        "no_crowds": words("crowds are not known"), "no_trial": words("no trial ran in these days"),
        "free": words("it cost nothing"), "short": words("the data begin too late"),
        "unseen": words("no behaviour is recorded but purchases"),
        "no_category": words("the brand has no category"),
    }  # fmt: skip
    return known.get(why, words("too few to say, or to show"))


def bars(merged: pd.DataFrame, what: str, stages: Stages, words: Words) -> pd.DataFrame:
    """Entries of one kind as bars with whiskers, the largest first (cells in their order)."""
    rows = merged[(merged.what == what) & merged.value.notna()]
    if what != "conversion":
        rows = rows.sort_values("value", ascending=False, kind="stable")
    known = cells(stages, words) if what == "conversion" else {"": words("all media")}
    label = [known.get(o) or channel(o, words) for o in rows.of]
    return pd.DataFrame({"label": label, "value": rows.value, "low": rows.low, "high": rows.high})


def lesson_rows(merged: pd.DataFrame, seen: pd.DataFrame, stages: Stages, words: Words) -> pd.DataFrame:
    """what, seen, merged, span, n, kind: entries that could be learned."""
    own = seen.set_index(["what", "of"]).value.to_dict()
    rows = merged[merged.value.notna()]
    kinds = {"counted": words("counted"), "lift": words("lift"), "model": words("model"), "credit": words("credit")}
    return pd.DataFrame({
        "what": [named(r.what, r.of, stages, words) for r in rows.itertuples()],
        "seen": [figure(r.what, own.get((r.what, r.of)), words) for r in rows.itertuples()],
        "merged": [figure(r.what, r.value, words) for r in rows.itertuples()],
        "span": [span(r, words) for r in rows.itertuples()],
        "n": rows.n.to_numpy(), "kind": [kinds[k] for k in rows.kind],
    })  # fmt: skip


def unlearned_rows(merged: pd.DataFrame, words: Words) -> pd.DataFrame:
    """what, reason, cases: what could not be learned, each reason of a kind once."""
    none = merged[merged.value.isna()]
    sums = none.assign(why=[reason(str(w), words) for w in none.why]).groupby(["what", "why"], sort=False).size()
    return pd.DataFrame(
        [(topic(what, words), why, n) for (what, why), n in sums.items()], columns=["what", "reason", "cases"]
    )


def surprise_rows(surprises: pd.DataFrame, stages: Stages, words: Words) -> pd.DataFrame:
    """what, foretold, span, came, surprise: the farthest first; * an interval that the plan did not tell itself."""
    return pd.DataFrame({
        "what": [named(r.what, r.of, stages, words) for r in surprises.itertuples()],
        "foretold": [figure(r.what, r.foretold, words) for r in surprises.itertuples()],
        "span": [span(r, words) + ("" if r.stated else " *") for r in surprises.itertuples()],
        "came": [figure(r.what, r.came, words) for r in surprises.itertuples()],
        "surprise": [("+" if r.surprise > 0 else "") + words.number(r.surprise, 1) if np.isfinite(r.surprise) else MISSING
                     for r in surprises.itertuples()],
    })  # fmt: skip


def test_rows(tests: pd.DataFrame, stages: Stages, words: Words) -> pd.DataFrame:
    """what, at_stake, width, units, text."""
    return pd.DataFrame({
        "what": [named(r.what, r.of, stages, words) for r in tests.itertuples()],
        "at_stake": tests.at_stake_minor.to_numpy(), "width": [words("±{x}", x=words.share(w)) for w in tests.width],
        "units": tests.units.to_numpy(), "lift": tests.lift.to_numpy(), "people": tests.people.to_numpy(),
    })  # fmt: skip


def absent(merged: pd.DataFrame, words: Words) -> list[str]:
    """What the data cannot teach, in one sentence for the manifest; of too few people the page's table tells."""
    none = unlearned_rows(merged[~merged.why.isin(["few", "too_few"])], words)
    told = words("; ").join(dict.fromkeys(words("{what}: {why}", what=r.what, why=r.reason) for r in none.itertuples()))
    return [words("Not learned here: {told}.", told=told)] if told else []
