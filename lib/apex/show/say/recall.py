"""What `3_execute/recall` says: whose stage ends, how many will leave, what they bring, what brings them back, and how sure
that is.

Functions take what may be shown (suppressed figures are null). Stages come as [(id, name)], shallow to deep.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from apex.show.glossary import channel
from apex.show.say.wording import after, fitting
from apex.show.words import MISSING, Words, is_missing

Stages = Sequence[tuple[str, str]]
Columns = dict[str, tuple[str, str | Callable[[object], str]]]
NONE = {"kind": "not identified"}
EDGES = (0.0, 0.5, 0.7, 0.8, 0.9, 1.0)  # of chances, as `apex.model.leaving` bins them


def headline(there: pd.DataFrame, actions: pd.DataFrame, stages: Stages, horizon: int, words: Words) -> dict[str, Any]:
    """How many will leave, where most is at stake, and what to do about it. there: `stages` of the study, as kept."""
    told = there[there.leaving.notna()] if len(there) else there
    if told.empty:
        return {
            **NONE,
            "short": words("Nobody's leaving can be foretold"),
            "verdict": "none",
            "text": words(
                "Too few stand at a stage that ends soon, or too few earlier days are known, to say how many leave."
            ),
        }
    due, leaves, low, high = (float(told[c].astype(float).sum()) for c in ("people", "leaving", "low", "high"))
    values = {
        "n": horizon,
        "due": words.count(due),
        "leaving": words.count(leaves),
        "low": words.count(low),
        "high": words.count(high),
    }
    text = words("In {n} days the stage of **{due}** people ends unless something happens; **{leaving}** of them ({low} to "
                 "{high}, each stage "
                 "80%) will have left.", **values)  # fmt: skip
    names = dict(stages)
    rich = told[told.stake_minor.notna() & (told.stake_minor.astype(float) > 0)]
    step = None
    if len(rich):
        row = rich.loc[rich.stake_minor.astype(float).idxmax()]
        text = after(text, words("Most is at stake at {stage}: {leaving} leaving, who would bring {money}.",
            stage=names[row.stage],
                                 leaving=words.count(row.leaving), money=words.money(row.stake_minor)), words)  # fmt: skip
        act = actions[actions.stage == row.stage]
        if len(act):
            step = what_to_do(act.iloc[0], names[row.stage], words)
    return {"kind": "model", "value": round(leaves), "unit": "consumers", "low": low, "high": high, "n": int(due), "text": text,
            "verdict": "careful", "next_step": step or words("Meet those whose stage ends this week first."),
            "tile": {"label": words("Leaving in {n} days", n=horizon), "value": values["leaving"],
                     "note": words("of {due} whose stage ends", **values)},
            "short": fitting(words("{leaving} of {due} will have left in {n} days", **values))}  # fmt: skip


def what_to_do(act: pd.Series, stage: str, words: Words) -> str:
    """The recall action of a stage in a sentence."""
    values = {"channel": channel(str(act.channel), words), "stage": stage}
    if not act.shown:
        return words("No channel is shown to hold {stage}: try {channel} on half of them, chosen at random.", **values)
    return {"lift": words("Meet {stage} by {channel}: trials show that it moves them.", **values)}.get(
        str(act.kind), words("Meet {stage} by {channel}, and hold some out: it is credit, not proven.", **values))  # fmt: skip


def action(actions: pd.DataFrame, stages: Stages, words: Words) -> dict[str, Any]:
    """What a contact adds where it adds most; actions: `recall_actions.best`."""
    shown = actions[actions.shown.astype(bool)] if len(actions) else actions
    if shown.empty:
        return {**NONE, "short": words("No contact is shown to bring people back"),
                "text": words("No channel's contact is shown to move people of a stage: nothing may be promised."),
                "next_step": words("Hold out a random half of those leaving, and meet the others.")}  # fmt: skip
    row = shown.loc[shown.gmv_extra_minor.astype(float).idxmax()]
    kinds = {"lift": words("by experiment"), "credit": words("by comparison")}
    values = {"channel": channel(str(row.channel), words), "stage": dict(stages)[row.stage],
        "money": words.money(row.gmv_extra_minor),
              "low": words.money(row.gmv_low), "high": words.money(row.gmv_high), "kind": kinds.get(str(row.kind),
                  str(row.kind))}  # fmt: skip
    text = words(
        "A contact by {channel} with {stage} adds **{money}** in the days after it (80%: {low} to {high}; {kind}).",
        **values,
    )
    if not is_missing(row.cost_minor) and float(row.cost_minor) > 0:
        text = after(text, words("It costs {cost}.", cost=words.money(row.cost_minor)), words)
    return {"kind": "lift" if row.kind == "lift" else "credit", "value": float(row.gmv_extra_minor), "unit": "money_minor",
            "low": float(row.gmv_low), "high": float(row.gmv_high), "n": int(row.n), "text": text, "verdict": "none",
            "short": fitting(words("{stage}: {channel} adds {money} a contact", **values))}  # fmt: skip


def right(tested: pd.DataFrame, scores: tuple[float, float, int], words: Words) -> dict[str, Any]:
    """How right such forecasts were. tested, scores: of the study, as kept."""
    known = tested[tested.left.notna() & tested.low.notna()] if len(tested) else tested
    if known.empty:
        return {
            **NONE,
            "short": words("The forecast could not be tested"),
            "text": words("No earlier day's outcome is known yet."),
        }
    inside = (known.left.astype(float) >= known.low) & (known.left.astype(float) <= known.high)
    values = {
        "hit": int(inside.sum()),
        "n": len(known),
        "told": words.count(known.told.sum()),
        "left": words.count(known.left.sum()),
    }
    text = words("Of {n} earlier days and stages, each foretold from days before, **{hit}** lay inside the 80% interval; "
                 "{told} were to "
                 "leave, {left} left.", **values)  # fmt: skip
    model, base, n = scores
    if n:
        text = after(text, words("On the latest, Brier {model} against {base} of the stage's usual share (less is better).",
                                 model=words.number(model, 3), base=words.number(base, 3)), words)  # fmt: skip
    share = float(inside.mean())
    return {"kind": "counted", "value": share, "unit": "share", "n": len(known), "text": text,
            "compared": {"label": words("promised"), "value": 0.8}, "verdict": "none" if share >= 0.65 else "careful",
            "short": words("{hit} of {n} earlier forecasts held", **values)}  # fmt: skip


def keeping(curves: pd.DataFrame, stages: Stages, day: Any, words: Words) -> str:
    """The title of the survival curves."""
    if curves.empty:
        return words("Too few people for a curve")
    at = curves[curves.day >= 28].groupby("stage", sort=False).share.first()
    if at.empty:
        return words("How long people of {day} kept their stage", day=words.day(day))
    worst = at.idxmin()
    return words(
        "After four weeks {share} still stood at {stage} or deeper",
        share=words.share(at[worst]),
        stage=dict(stages)[worst],
    )


def stage_bars(there: pd.DataFrame, stages: Stages) -> pd.DataFrame:
    """Expected leavers by stage: label (id), value, low, high."""
    order = [s for s, _ in stages if s in set(there.stage)]
    frame = there.set_index("stage").reindex(order).reset_index()
    return pd.DataFrame({"label": frame.stage, "value": frame.leaving.round(), "low": frame.low, "high": frame.high,
                         "suppressed": frame.get("suppressed", False)})  # fmt: skip


def stage_rows(there: pd.DataFrame, weeks: pd.DataFrame, stages: Stages, words: Words) -> pd.DataFrame:
    """Stages with people due by week, leavers and money as a table shows them, deepest first."""
    wide = weeks.assign(people=[words.suppressed() if is_missing(p) else words.count(p) for p in weeks.people])
    wide = wide.pivot(index="stage", columns="week", values="people").reindex(columns=range(1, 5)).astype(object)
    wide = wide.map(lambda v: words.count(0) if is_missing(v) else v)
    order = [s for s, _ in reversed(list(stages)) if s in set(there.stage)]
    frame = there.set_index("stage").reindex(order).join(wide.rename(columns="week{}".format)).reset_index()
    return frame.assign(
        name=frame.stage.map(dict(stages)),
        expected=[MISSING if is_missing(r.leaving) else words("{n} ({low} to {high})", n=words.count(round(r.leaving)),
                  low=words.count(r.low), high=words.count(r.high)) for r in frame.itertuples()],
        each=[MISSING if is_missing(r.each_minor) else words("{n} ({low} to {high})", n=words.money(r.each_minor),
              low=words.money(r.each_low), high=words.money(r.each_high)) for r in frame.itertuples()],
    )  # fmt: skip


def stage_columns(horizon: int, ahead: int, words: Words) -> Columns:
    """The columns of `stage_rows`."""
    weeks: Columns = {f"week{n}": (words("Week {n}", n=n), str) for n in range(1, 5)}
    return {
        "name": (words("Stage"), "text"), **weeks, "people": (words("Ending in {n} days", n=horizon), "count"),
        "expected": (words("Will have left"), str), "each": (words("Brought in {n} days, each", n=ahead), str),
        "stake_minor": (words("At stake"), "money"),
    }  # fmt: skip


def action_rows(actions: pd.DataFrame, stages: Stages, words: Words) -> pd.DataFrame:
    """Actions as a table shows them, deepest stage first."""
    order = {s: n for n, (s, _) in enumerate(stages)}
    frame = actions.assign(order=actions.stage.map(order)).sort_values("order", ascending=False, ignore_index=True)
    kinds = {"lift": words("lift"), "credit": words("credit"), "prior": words("prior")}
    return frame.assign(
        name=frame.stage.map(dict(stages)), by=[channel(str(c), words) for c in frame.channel],
        adds=[words("{n} ({low} to {high})", n=words.signed_share(r.extra, 1), low=words.signed_share(r.low, 1),
                    high=words.signed_share(r.high, 1)) for r in frame.itertuples()],
        money=[words("{n} ({low} to {high})", n=words.signed_money(r.gmv_extra_minor), low=words.signed_money(r.gmv_low),
                     high=words.signed_money(r.gmv_high)) for r in frame.itertuples()],
        sure=[kinds.get(str(r.kind), str(r.kind)) if r.shown else words("not shown") for r in frame.itertuples()],
    )  # fmt: skip


def action_columns(words: Words) -> Columns:
    """The columns of `action_rows`."""
    return {
        "name": (words("Stage"), "text"), "by": (words("Best channel"), "text"), "sure": (words("Shown by"), "text"),
        "adds": (words("Move on or buy, a contact"), str),
        "money": (words("GMV a contact"), str), "cost_minor": (words("Cost a contact"), "money"), "n": (words("Contacts"), ""
            "count"),
    }  # fmt: skip


def bin_bars(bins: pd.DataFrame, words: Words) -> pd.DataFrame:
    """Share that left by stated chance: label, value, before (stated), low, high."""
    labels = [
        words("{low} to {high}", low=words.share(EDGES[int(b)]), high=words.share(EDGES[int(b) + 1])) for b in bins.bin
    ]
    return pd.DataFrame({"label": labels, "value": bins["share"], "before": bins.told, "low": bins.low, "high": bins.high,
                         "suppressed": bins.get("suppressed", False)})  # fmt: skip


def tested_rows(tested: pd.DataFrame, names: Mapping[str, str], words: Words) -> pd.DataFrame:
    """Earlier days as a table shows them, the latest first."""
    frame = tested.sort_values(["day", "stage"], ascending=[False, True], ignore_index=True)
    held = [
        MISSING
        if is_missing(r.left) or is_missing(r.low)
        else words("yes")
        if r.low <= r.left <= r.high
        else words("no")
        for r in frame.itertuples()
    ]
    return frame.assign(
        name=frame.stage.map(dict(names)), held=held,
        expected=[MISSING if is_missing(r.told) else words("{n} ({low} to {high})", n=words.count(round(r.told)),
                  low=words.count(r.low), high=words.count(r.high)) for r in frame.itertuples()],
    )  # fmt: skip


def tested_columns(words: Words) -> Columns:
    """The columns of `tested_rows`."""
    return {
        "day": (words("On"), "day"), "name": (words("Stage"), "text"), "people": (words("Stage ended soon"), "count"),
        "expected": (words("Foretold to leave"), str), "left": (words("Left"), "count"), "held": (words("Inside 80%"), "text"),
    }  # fmt: skip


def absent(costs: bool, words: Words) -> list[str]:
    """What is missing."""
    return (
        []
        if costs
        else [words("Costs: the data do not say what a contact costs, so actions are ranked by what they add.")]
    )
