"""What `2_plan/launch` says: what the launch will bring, how sure that is, whom to ask first, what a test and the stock need.

Every function takes what may be shown (suppressed figures are null) and returns the fields of a finding for
`run.finding(name, **fields)`. Names and frames for charts and tables stand in `apex.show.say.launch_tables`.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from apex.show.say.launch_tables import crowd_name, factor, item_name
from apex.show.say.wording import after, fitting
from apex.show.words import Words, is_missing

NONE = {"kind": "not identified"}


def about(choice: Any, names: Mapping[str, str], age: int, new: bool, words: Words) -> str:
    """Which item the page is about, and how it was found. choice: of `report.upstream.launch_item`; new: whether the brand has
    sold nothing in the category."""
    if choice.how == "none":
        return words(
            "The brand has sold nothing yet, so no launch can be foretold. Name a category, a price and a day."
        )
    if choice.how == "old":
        return words(
            "**{item}** was on sale before the data tell of its launch.", item=names.get(choice.item_id, choice.item_id)
        )
    item, price = choice.item, words.money(choice.item.price)
    values = {"item": item_name(choice.item_id, names, words), "category": item.category or "–", "price": price,
              "day": words.day(choice.first_day), "n": age}  # fmt: skip
    how = {
        "named": words("The item asked for: **{item}** ({category}, {price}), on sale since {day}.", **values),
        "campaign": words("The campaign's newest item: **{item}** ({category}, {price}), on sale since {day}.", **values),
        "newest": words("The brand's newest item: **{item}** ({category}, {price}), on sale since {day}.", **values),
        "planned": words("Not on sale yet: an item in {category} at {price}, planned for {day}.", **values),
        "next": words("No item of the brand is in its first 90 days. This is its next one: {category}, {price} (the middle of "
                      "its prices), from {day}.", **values),
    }[choice.how]  # fmt: skip
    if new:
        how = after(how, words("The brand has sold nothing there: it is foretold as anybody's launch."), words)
    if not choice.shown:
        how = after(how, words("Too few have bought it for its sales to be shown or used."), words)
    return how


def headline(outlook: pd.DataFrame, odds: Any, verdict: str, n: int, words: Words) -> dict[str, Any]:
    """What the launch brings by its last horizon, and the chance of a hit."""
    row = outlook.iloc[-1]
    if verdict == "unknown" or is_missing(row.gmv_minor):
        return {**NONE, "short": words("No forecast of a launch"),
                "text": words("Fewer than eight earlier launches, or no price, are known: nothing is foretold."),
                "next_step": words("Launch small, and let earlier launches run to day 90.")}  # fmt: skip
    values = {"gmv": words.money(row.gmv_minor), "low": words.money(row.low), "high": words.money(row.high),
              "units": words.count(row.units), "n": n, "day": int(row.horizon)}  # fmt: skip
    fields: dict[str, Any] = {"unit": "money_minor", "value": float(row.gmv_minor)}
    if row.over:
        text = words("By day {day} it brought **{gmv}** ({units} units). Its launch is over.", **values)
        return fields | {"kind": "counted", "short": fitting(words("Day {day}: {gmv}", **values)), "text": text}
    text = words(
        "By day {day} it should bring **{gmv}** (80%: {low} to {high}; {units} units; {n} earlier launches).", **values
    )
    if not is_missing(odds.chance):
        text = after(text, words("A hit by then: **{chance}** (95%: {low} to {high}); of all launches {base} were.",
                                 **chances(odds, words)), words)  # fmt: skip
    if verdict == "hit":
        text = after(text, words("It is one today."), words)
    fields |= {"kind": "model", "low": float(row.low), "high": float(row.high), "n": n, "text": text,
               "next_step": step(verdict, words), "tile": {"label": words("GMV by day {n}", n=int(row.horizon)),
               "value": values["gmv"], "note": words("80%: {low} to {high}", **values)},
               "verdict": {"back": "ahead", "hit": "ahead", "hold": "behind"}.get(verdict, "careful"),
               "short": fitting(words("Day {day}: {gmv} ({low} to {high})", **values))}  # fmt: skip
    return fields


def step(verdict: str, words: Words) -> str:
    """What to do next, by verdict."""
    return {
        "hit": words("It is a hit today: keep it in stock, and give it the traffic it earns."),
        "back": words("Back it: traffic, stock and the seed crowd first."),
        "hold": words("Hold back: small stock, no paid traffic, look again at the next age."),
        "test": words("Test before you spend: seed crowd first, then decide by its first weeks."),
    }.get(verdict, words("Let it run, and decide by what it sells."))


def chances(odds: Any, words: Words) -> dict[str, str]:
    """A chance, its interval and the base rate as shares."""
    digits = 1 if max(odds.chance, odds.base) < 0.1 else 0
    return {name: words.share(getattr(odds, name), digits) for name in ("chance", "low", "high", "base")}


def hit(odds: Any, score: Any, percentile: float, shop: float, words: Words) -> dict[str, Any]:
    """The chance of a hit and whether such chances are what they say. score: of `model.launch_odds.score`."""
    what = words("A hit: in the 28 days up to day 90 among the upper {top} of its category, or {shop} of the brand's sales.",
                 top=words.share(1 - percentile), shop=words.share(shop))  # fmt: skip
    if is_missing(odds.chance):
        text = words("Too few hits, or too few others, are known: no chance is stated.")
        return {**NONE, "short": words("No chance of a hit is stated"), "text": after(text, what, words)}
    values = chances(odds, words)
    text = words(
        "**{chance}** to be a hit (95%: {low} to {high}); base rate {base}, from {n} launches.",
        n=odds.learned,
        **values,
    )
    fields: dict[str, Any] = {
        "kind": "model", "value": odds.chance, "unit": "share", "low": odds.low, "high": odds.high, "n": odds.learned,
        "compared": {"label": words("base rate"), "value": odds.base},
        "tile": {"label": words("A hit by day 90"), "value": values["chance"], "note": words("base rate {base}", **values)},
        "short": fitting(words("A hit: {chance}, base rate {base}", **values)),
    }  # fmt: skip
    if is_missing(score.model):
        said = words("Such chances could not be tested yet: too few outcomes.")
        return fields | {"text": after(after(text, said, words), what, words), "verdict": "careful"}
    digits = 3 if score.base > 0.02 else 4
    told = {"model": words.number(score.model, digits), "base": words.number(score.base, digits), "n": score.launches}
    said = (words("Tested on {n} past launches, Brier {model} against {base} of the base rate: the chances tell more.", **told)
            if score.low > 0 else
            words("Tested on {n} past launches, Brier {model} against {base} of the base rate: no proof that the chances tell "
                  "more.", **told))  # fmt: skip
    state = (
        "careful"
        if score.low <= 0
        else "ahead"
        if odds.low > odds.base
        else "behind"
        if odds.high < odds.base
        else "none"
    )
    return fields | {"text": after(after(text, said, words), what, words), "verdict": state}


def reliable(score: Any, words: Words) -> str:
    """The title of the reliability chart."""
    if is_missing(score.model):
        return words("The chances could not be tested")
    digits = 3 if score.base > 0.02 else 4
    model, base = words.number(score.model, digits), words.number(score.base, digits)
    return words("Brier score {model}, of the base rate {base} (less is better)", model=model, base=base)


def coverage(scores: pd.DataFrame, horizon: int, words: Words) -> dict[str, Any]:
    """How often forecasts of past launches held what came. scores: of `model.launch_tests.scores`."""
    part = scores[(scores.horizon == horizon) & (scores.measure == "gmv_minor")].set_index("method")
    if "model" not in part.index:
        return {**NONE, "short": words("The forecast could not be tested"),
                "text": words("No past launch could be foretold from launches before it.")}  # fmt: skip
    ours = part.loc["model"]
    values = {"n": int(ours.launches), "share": words.share(ours.coverage), "low": words.share(ours.coverage_low),
              "high": words.share(ours.coverage_high), "error": factor(1 + ours.error, words), "day": horizon}  # fmt: skip
    text = words("{n} past launches, each foretold from launches before it: the 80% interval held day {day} of **{share}** (95%: "
                 "{low} to {high}); half were within a factor of {error}.", **values)  # fmt: skip
    names = {"category": words("The category's usual launch"), "last": words("Our last launch again")}
    for name, called in names.items():
        if name in part.index:
            rival = part.loc[name]
            text = after(text, words("{rival}: {share}, within a factor of {error}, interval {times} times as wide.",
                rival=called, share=words.share(rival.coverage), error=factor(1 + rival.error, words),
                times=words.number(rival.width / ours.width)), words)  # fmt: skip
    right = ours.coverage_low <= 0.8 <= ours.coverage_high
    return {"kind": "counted", "value": float(ours.coverage), "unit": "share", "low": float(ours.coverage_low),
            "high": float(ours.coverage_high), "n": int(ours.launches), "text": text, "verdict": "none" if right else "careful",
            "compared": {"label": words("promised"), "value": 0.8},
            "short": words("The 80% interval held {share} of past launches", **values)}  # fmt: skip


def grew(curves: pd.DataFrame, words: Words) -> str:
    """The title of the growth curves."""
    at = curves[(curves.stage == "analogues") & (curves.day == 28)]
    if not len(at):
        return words("Too few launches for growth curves")
    return words("Launches like it sell {share} of day 90 by day 28", share=words.share(at.share.iloc[0]))


def seed(row: "pd.Series | None", names: Mapping[str, str], launches: int, words: Words) -> dict[str, Any]:
    """Whom to address first. row: the crowd of `Study.seed`."""
    if row is None:
        return {**NONE, "short": words("No crowd stands out as the first"),
                "text": words("No crowd bought launches like it clearly more often than everybody, or too few to be shown."),
                "next_step": words("Begin broadly, and record who buys in the first weeks.")}  # fmt: skip
    crowd = crowd_name(str(row.crowd), names, words)
    values = {"crowd": crowd, "lift": words.number(row.lift), "low": words.number(row.low), "high": words.number(row.high),
              "rate": words.share(row.rate, 2), "reach": words.count(row.reach), "early": words.count(row.early),
              "n": launches}  # fmt: skip
    text = words("First: **{crowd}**. {rate} of them bought a launch like it in its first 28 days, **{lift} times** everybody's "
                 "share (95%: {low} to {high}; {early} early buyers of {n} launches). {reach} of them can be reached now.",
                 **values)  # fmt: skip
    return {"kind": "credit", "value": float(row.lift), "low": float(row.low), "high": float(row.high), "n": int(row.early),
            "text": text, "short": fitting(words("First {crowd}: {lift} times as likely", **values), crowd),
            "next_step": words("Open with {crowd}, and hold out one in ten.", crowd=crowd)}  # fmt: skip


def samples(tests: pd.DataFrame, lift: float, words: Words) -> dict[str, Any]:
    """How many a sampling needs. tests: of `Study.samples`."""
    at = tests[(tests.kind == "sampling") & (tests.lift == lift)]
    if not len(at):
        return {**NONE, "short": words("No sample size without a base rate"),
                "text": words("Without a seed crowd there is no base rate, so no sample size.")}  # fmt: skip
    row = at.iloc[0]
    values = {"each": words.count(row.each), "lift": words.share(lift), "base": words.share(row.base, 2),
              "reach": words.count(row.reach)}  # fmt: skip
    text = words("To tell that a sample makes {lift} more of them buy (base {base}), **{each} people with and as many without** "
                 "it are needed (80% power, 5% two-sided).", **values)  # fmt: skip
    said = words("The seed crowd has {reach}: enough.", **values)
    if not row.enough:
        said = words("The seed crowd has only {reach}: widen it.", **values)
        if not is_missing(row.least):
            said = after(said, words("All of it tells a lift of {least} or more.", least=words.share(row.least)), words)
    return {"kind": "model", "value": float(row.each), "unit": "consumers", "text": after(text, said, words),
            "verdict": "none" if row.enough else "careful", "short": words("A sampling test needs {each} each way", **values),
            "next_step": words("Draw who gets a sample by lot, or nothing can be told.")}  # fmt: skip


def stock(needed: pd.DataFrame, words: Words) -> dict[str, Any]:
    """Whether the goods last. needed: of `Study.stock`."""
    if not len(needed):
        return {
            **NONE,
            "short": words("No stock to plan"),
            "text": words("Without a forecast no stock can be planned."),
        }
    last = needed[needed.horizon == needed.horizon.max()].set_index("share")
    values = {"day": int(needed.horizon.max()), "half": words.count(last.needed[0.5]), "most": words.count(last.needed[0.8]),
              "all": words.count(last.needed[0.95])}  # fmt: skip
    text = words("Until day {day} **{most} more units** are enough in four of five cases ({half} in half of them, {all} in 19 of "
                 "20).", **values)  # fmt: skip
    fields: dict[str, Any] = {"kind": "model", "value": float(last.needed[0.8]), "text": text,
                              "short": words("{most} units are enough in 4 of 5 cases", **values)}  # fmt: skip
    held = last.on_hand[0.8]
    if is_missing(held):
        return fields
    enough = held >= last.needed[0.8]
    values |= {"held": words.count(held), "short": words.count(max(int(last.needed[0.8] - held), 0))}
    said = words("There are {held}: enough.", **values) if enough else words(
        "There are {held}: {short} short. Order before the launch outgrows it.", **values)  # fmt: skip
    more = {} if enough else {"next_step": words("Order {short} units more.", **values)}
    return fields | more | {"text": after(text, said, words), "verdict": "ahead" if enough else "behind",
            "short": words("In stock {held}, {most} needed", **values)}  # fmt: skip


def people(shown: pd.DataFrame, out: float | None, words: Words) -> dict[str, Any]:
    """New customers and repeats as targets. shown: of `model.launch_shape.people`; out: of `out_days`."""
    at = shown.set_index(["kpi", "who"])
    share = {key: row.some / row.of for key, row in at.iterrows() if not is_missing(row.some) and row.of}
    if ("new", "analogues") not in share:
        return {**NONE, "short": words("No targets for people"),
                "text": words("Launches like it had too few buyers for targets.")}  # fmt: skip
    new = share["new", "analogues"]
    values = {"new": words.share(new), "n": int(at.launches["new", "analogues"])}
    text = words("Of buyers of the first 28 days **{new}** were new to the brand ({n} launches like it).", **values)
    if ("again", "analogues") in share:
        text = after(
            text,
            words("{again} bought it again within 60 days.", again=words.share(share["again", "analogues"])),
            words,
        )
    mine = share.get(("new", "ours"))
    if mine is not None:
        text = after(text, words("This one so far: {new} new.", new=words.share(mine)), words)
    if out is not None:
        text = after(text, words("They were out of stock on {n} of their first 90 days.", n=words.number(out)), words)
    state = "none" if mine is None else "ahead" if mine >= new else "careful"
    return {"kind": "counted", "value": float(new), "unit": "share", "n": int(at["of"]["new", "analogues"]), "text": text,
            "verdict": state, "short": words("{new} of early buyers are new to the brand", **values)}  # fmt: skip


def absent(choice: Any, known: Any, carts: bool, stocked: bool, words: Words) -> list[str]:
    """What the data would have to hold for what is left out."""
    found = []
    if len(known) and not known.frame.dated.all():
        found.append(words("No launch days for {share} of launches: a launch is then the first sale seen, 90 days or more after "
                           "the data begin. A rare item looks like a weak launch.",
                           share=words.share(1 - known.frame.dated.mean())))  # fmt: skip
    if not stocked:
        found.append(words("No goods in stock (table on_hand): cover and days out of stock are not known."))
    if not carts:
        found.append(words("No page views and carts by item: no size of an item test."))
    if choice.how in ("none", "old"):
        found.append(words("No launch of the brand to be foretold."))
    return found
