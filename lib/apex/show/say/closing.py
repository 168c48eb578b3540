"""What `4_wrapup/closing` says: goal against result, who bought, who moved; what the campaign changed stands in `effects`."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from apex.show.say.assets import flows
from apex.show.say.closing_bridge import reached, verdict_of
from apex.show.say.effects import changed, estimates, reasons
from apex.show.say.wording import cells
from apex.show.words import MISSING, Words

__all__ = [
    "buyer_bars", "changed", "conversion_bars", "estimates", "flows", "learned", "newness", "reasons",
    "result", "result_rows", "result_table", "sales_bars", "stock_by_history",
]  # fmt: skip


def result(now: Any, before: Any, goal: int | None, days: int, words: Words) -> dict[str, Any]:
    """Did we reach the goal? now, before: `measure.trade.Sales` of the window and of the days before; goal in minor units."""
    if 0 < now.buyers < words.threshold:
        short = words("Too few buyers to show GMV")
        return {"kind": "counted", "short": short, "answers": {"on_track": short},
                "text": words("Fewer than {n} buyers: no figure is shown.", n=words.threshold)}  # fmt: skip
    money = words.money(now.gmv_minor)
    compares = before.gmv_minor > 0 and before.buyers >= words.threshold  # the GMV of a few is theirs alone
    change = words.signed_share(now.gmv_minor / before.gmv_minor - 1) if compares else MISSING
    note = words("{change} on the {n} days before", change=change, n=days) if compares else ""
    tile = {"label": words("GMV in the window"), "value": words.money_short(now.gmv_minor), "note": note}
    fields: dict[str, Any] = {"kind": "counted", "value": float(now.gmv_minor), "unit": "money_minor", "n": now.buyers,
                              "tile": tile}  # fmt: skip
    if not goal:
        fields["answers"] = {"on_track": words("No goal is set; {money} in the window", money=money)}
    if not goal and not compares:
        text = words("The window brought **{money}** from {buyers} buyers.", money=money, buyers=now.buyers)
        return fields | {"short": words("{money} in the window", money=money), "text": text}
    if not goal:
        text = words("The window brought **{money}** from {buyers} buyers, **{change}** on the {n} days before.",
                     money=money, buyers=now.buyers, change=change, n=days)  # fmt: skip
        compared = {"label": words("the period before"), "value": float(before.gmv_minor)}
        return fields | {"short": words("{money}, {change} on the period before", money=money, change=change), "text": text,
                         "compared": compared}  # fmt: skip
    share, wanted = reached(now.gmv_minor / goal, words), words.money_short(goal)
    verdict = verdict_of(now.gmv_minor / goal)
    short = {
        "ahead": words("Goal reached: {share} of {goal}", share=share, goal=wanted),
        "careful": words("Just short of the goal: {share} of {goal}", share=share, goal=wanted),
        "behind": words("Goal missed: {share} of {goal}", share=share, goal=wanted),
    }[verdict]
    if compares:
        text = words(
            "The window brought **{money}** from {buyers} buyers, **{share}** of the goal of {goal}, and {change} on the {n} "
            "days before ({earlier}).",
            money=money, buyers=now.buyers, share=share, goal=words.money(goal), change=change, n=days,
            earlier=words.money(before.gmv_minor),
        )  # fmt: skip
    else:
        text = words("The window brought **{money}** from {buyers} buyers, **{share}** of the goal of {goal}.",
                     money=money, buyers=now.buyers, share=share, goal=words.money(goal))  # fmt: skip
    compared = {"label": words("goal"), "value": float(goal)}
    return fields | {
        "verdict": verdict,
        "short": short,
        "text": text,
        "compared": compared,
        "answers": {"on_track": short},
    }


def newness(now: pd.DataFrame, before: pd.DataFrame, days: int, words: Words) -> dict[str, Any]:
    """Who bought: consumers who had bought the brand before, and those who had not.

    now, before: segment, gmv_minor, buyers (suppressed counts null) of the window and of the one before.
    """
    new, was = (f.set_index("segment").loc["new"] for f in (now, before))
    if pd.isna(new.buyers):  # few, or as many as would give away how few the others are
        text = words("Too few buyers to show how many of them were new.")
        return {"kind": "counted", "short": words("Too few buyers to show who was new"), "text": text}
    whole = now.set_index("segment").gmv_minor["all"]
    share = words.share(new.gmv_minor / whole) if not pd.isna(whole) and whole > 0 else MISSING
    buyers = words.count(new.buyers)
    fields = {"kind": "counted", "value": float(new.buyers), "unit": "consumers"}
    tile = {"label": words("New buyers"), "value": buyers, "note": ""}
    if pd.isna(was.buyers):
        text = words("**{buyers}** consumers bought for the first time the data know of; they brought {share} of GMV.",
                     buyers=buyers, share=share)  # fmt: skip
        return fields | {"short": words("{n} new buyers", n=buyers), "text": text, "tile": tile}
    earlier = words.count(was.buyers)
    verdict = "ahead" if new.buyers > was.buyers else "behind" if new.buyers < was.buyers else "careful"
    text = words(
        "**{buyers}** consumers bought for the first time the data know of, against {earlier} in the {n} days before; they "
        "brought {share} of GMV.",
        buyers=buyers, earlier=earlier, n=days, share=share,
    )  # fmt: skip
    return fields | {
        "verdict": verdict, "text": text, "tile": tile | {"note": words("{n} in the period before", n=earlier)},
        "short": words("{buyers} new buyers, {earlier} the period before", buyers=buyers, earlier=earlier),
        "compared": {"label": words("the period before"), "value": float(was.buyers)},
    }  # fmt: skip


def learned(kept: Sequence[str], effect: str, words: Words) -> dict[str, Any]:
    """What goes into the next plan. kept: cells whose conversion was learned; effect: the verdict's answer."""
    what = words("what bought stock converts at stays a prior") if effect == "not identified" else words(
        "the effect goes with it"
    )  # fmt: skip
    if not kept:
        text = words("No cell of the eve held enough consumers to learn from; {what}.", what=what)
        return {"kind": "counted", "value": 0.0, "short": words("No conversion goes into the next plan"), "text": text}
    text = words(
        "The next plan takes over how **{n}** cell of the eve converted in this window; {what}.",
        "The next plan takes over how **{n}** cells of the eve converted in this window; {what}.", n=len(kept), what=what,
    )  # fmt: skip
    short = words("{n} conversion goes into the next plan", "{n} conversions go into the next plan", n=len(kept))
    return {"kind": "counted", "value": float(len(kept)), "short": short, "text": text}


def sales_bars(now: pd.DataFrame, before: pd.DataFrame, words: Words) -> pd.DataFrame:
    """GMV by segment, with the period before, as bars: label, value, before (and suppressed)."""
    return _bars(now, before, "gmv_minor", words)


def buyer_bars(now: pd.DataFrame, before: pd.DataFrame, words: Words) -> pd.DataFrame:
    """Buyers by segment, with the period before, as bars: label, value, before (and suppressed)."""
    return _bars(now, before, "buyers", words)


def _bars(now: pd.DataFrame, before: pd.DataFrame, column: str, words: Words) -> pd.DataFrame:
    names = segments(words)
    was = before.set_index("segment")[column]
    return pd.DataFrame(
        {
            "label": [names[s] for s in now.segment],
            "value": now[column].array,
            "before": [was[s] for s in now.segment],
            "suppressed": now.suppressed.array,
        }
    )


def segments(words: Words) -> dict[str, str]:
    """All, new and old consumers, in words."""
    return {"all": words("all"), "new": words("new to the brand"), "old": words("bought before")}


def stock_by_history(flow: pd.DataFrame, stages: Sequence[tuple[str, str]], words: Words) -> pd.DataFrame:
    """Stock on the eve and at the end by new and old, in words: segment, stage, eve, end ("≥" where a part is suppressed).

    flow: segment, from_stage, to_stage, consumers (suppressed ones null).
    """
    names: dict[str, str] = segments(words)

    def held(segment: str, side: str, stage: str) -> str:
        part = flow.consumers[(flow.segment == segment) & (flow[side].astype(str) == stage)]
        shown = int(part.sum())
        if not part.isna().any():
            return words.count(shown)
        return words("≥ {n}", n=shown) if shown else words.suppressed()

    rows = [
        (names[s], label, held(s, "from_stage", stage), held(s, "to_stage", stage))
        for s in ("new", "old")
        for stage, label in stages
    ]
    return pd.DataFrame(rows, columns=["segment", "stage", "eve", "end"])


def conversion_bars(converted: pd.DataFrame, stages: Sequence[tuple[str, str]], words: Words) -> pd.DataFrame:
    """Conversion of each cell as bars with whiskers: label, value, low, high."""
    names = cells(stages, words)
    frame = converted.rename(columns={"rate": "value"})
    return frame.assign(label=[names[str(c)] for c in converted.cell])[["label", "value", "low", "high"]]


def result_table(facts: pd.DataFrame, goal: int | None, threshold: int = 1) -> pd.DataFrame:
    """The table of results: measure, segment, goal, actual, comparison, effect, low, high, n, identified.

    facts: measure, segment, actual, comparison and, where a campaign was judged, effect, low, high, n, identified.
    """
    frame = facts.reindex(
        columns=["measure", "segment", "goal", "actual", "comparison", "effect", "low", "high", "n", "identified"]
    )
    whole = (frame.measure == "gmv_minor") & (frame.segment == "all")
    frame["goal"] = pd.Series(goal, frame.index, dtype="Int64").where(whole)
    hidden = frame.actual.isna()  # too few people: what is estimated of them is theirs as well
    for column in ("effect", "low", "high"):
        frame[column] = frame[column].astype("Float64").mask(hidden).round()
    frame["n"] = frame.n.astype("Int64")
    few = (
        ((frame.n > 0) & (frame.n < threshold)).fillna(False).astype(bool)
    )  # compared too few: nothing is said of them
    for column in ("n", "effect", "low", "high"):
        frame[column] = frame[column].mask(few)
    frame["identified"] = frame.identified.astype("boolean").fillna(False).astype(bool)
    order = {"gmv_minor": 0, "buyers": 1, "orders": 2}
    frame["measure"] = pd.Categorical(frame.measure, list(order), ordered=True)
    return frame


def result_rows(result: pd.DataFrame, words: Words) -> pd.DataFrame:
    """The table of results in words, every figure formatted in its own unit."""
    names = {"gmv_minor": words("GMV"), "buyers": words("Buyers"), "orders": words("Orders")}
    rows, hidden = [], words("too few to show")
    for row in result.itertuples():
        money = row.measure == "gmv_minor"
        plain, signed = (words.money, words.signed_money) if money else (words.count, words.signed)
        effect = MISSING
        if pd.isna(row.low):  # asked about (n is known), and not even a range; of few people nothing is said
            effect = words("not identified") if not pd.isna(row.n) and not pd.isna(row.actual) else MISSING
        else:
            span = words("{low} to {high}", low=signed(round(row.low)), high=signed(round(row.high)))
            effect = span if row.identified else words("not identified; {span}", span=span)
        rows.append(
            {
                "measure": names[row.measure], "segment": segments(words)[row.segment],
                "goal": MISSING if pd.isna(row.goal) else plain(row.goal),
                "actual": hidden if pd.isna(row.actual) else plain(row.actual),
                "comparison": hidden if pd.isna(row.comparison) else plain(row.comparison), "effect": effect,
            }
        )  # fmt: skip
    return pd.DataFrame(rows)
