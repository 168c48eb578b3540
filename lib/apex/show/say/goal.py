"""What `2_plan/goal` says: the odds of the goal, the consumers it needs, whether we gather them fast enough, and how far to
trust all this.
"""  # fmt: skip

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from apex.show.say.wording import cells, fitting
from apex.show.words import MISSING, Words

Stages = Sequence[tuple[str, str]]
YEARS = ("same_days", "last_year", "own_growth")  # methods that look at the same days of earlier years
TELLING = 0.4  # a coverage whose own interval is wider than this tells little


def cannot(reason: str, words: Words) -> dict[str, Any]:
    """Why there is no plan."""
    text = {
        "no_windows": words("No earlier window has ended yet, so nothing says how this brand's consumers convert."),
        "few_brands": words(
            "The brand has no window of its own, and too few others have, to say how its consumers convert."
        ),
        "no_stock": words("There is nobody to plan with: the stages of the eve bring nothing."),
        "short_window": words("A goal for a single day is not planned: give it a window of two days or more."),
    }[reason]
    short = words("The data cannot say what the goal needs")
    answers = {"on_track": short, "short_stage": short}
    return {"kind": "not identified", "short": short, "text": text, "answers": answers}


def odds(plan: Any, confidence: float, words: Words) -> dict[str, Any]:
    """Forecast, interval and odds of the goal. plan: `apex.model.goal.GoalPlan`."""
    money, goal = words.money, words.money_short(round(plan.goal))
    said = chance(plan.odds, words)
    verdict = "ahead" if plan.odds >= confidence else "careful" if plan.odds >= 0.5 else "behind"
    text = words(
        "As things stand the window brings **{forecast}** (80 %: {low} to {high}); the goal of {goal} has odds of **{chance}**, "
        "{wanted} are wanted.",
        forecast=money(round(plan.forecast)), low=money(round(plan.low)), high=money(round(plan.high)),
        goal=money(round(plan.goal)), chance=said, wanted=words.share(confidence),
    )  # fmt: skip
    tile = {"label": words("Odds of the goal"), "value": said,
            "note": words("goal {goal}, {wanted} wanted", goal=goal, wanted=words.share(confidence))}  # fmt: skip
    short = words("Odds of {chance} for the goal of {goal}", chance=said, goal=goal)
    return {"kind": "model", "value": plan.odds, "unit": "share", "verdict": verdict, "n": plan.windows, "text": text,
            "short": short, "answers": {"on_track": short},
            "compared": {"label": words("odds wanted"), "value": confidence}, "tile": tile}  # fmt: skip


def forecast_tile(plan: Any, words: Words) -> dict[str, Any]:
    """The forecast alone, for the index."""
    low, high = words.money_short(round(plan.low)), words.money_short(round(plan.high))
    tile = {"label": words("GMV forecast"), "value": words.money_short(round(plan.forecast)),
            "note": words("80 %: {low} to {high}", low=low, high=high)}  # fmt: skip
    missing, amount = plan.missing, words.money(round(abs(plan.missing)))
    if missing > 0:
        text = words("To the goal **{missing}** are missing in expectation.", missing=amount)
    else:
        text = words("The forecast reaches the goal, with **{spare}** to spare in expectation.", spare=amount)
    return {"kind": "model", "value": plan.forecast, "unit": "money_minor", "low": plan.low, "high": plan.high, "text": text,
            "short": words("Forecast {money}", money=words.money_short(round(plan.forecast))),
            "verdict": "careful" if missing > 0 else "ahead", "tile": tile}  # fmt: skip


def gap(needed: pd.DataFrame, plan: Any, stages: Stages, words: Words) -> dict[str, Any]:
    """Which stage is short and by how many. needed: the table (people; suppressed ones null, with `suppressed`)."""
    names = cells(stages, words)
    planned = needed[needed.needed.notna() & needed.gap.notna()]
    if planned.empty:
        text, short = words("No stage can be shown: too few consumers."), words("No stage can be shown")
        return {"kind": "model", "short": short, "text": text, "answers": {"short_stage": short}}
    total = int(planned.gap.clip(lower=0).sum())
    hidden = bool(needed.suppressed[needed.stage.astype(str) != "none"].any())
    if total == 0 and hidden and plan.k > 1:  # all that is short is suppressed
        text = words(
            "The goal needs **{k} times** the stock that is coming; the stages that are short hold too few consumers to be "
            "shown.", k=words.number(plan.k, 2),
        )  # fmt: skip
        short = words("Short, at stages too small to show")
        return {"kind": "model", "verdict": "behind", "text": text, "short": short, "answers": {"short_stage": short}}
    if total == 0:
        text = words("The stock that comes by itself is enough for the goal at every stage.")
        short = words("Enough consumers at every stage")
        return {"kind": "model", "value": 0.0, "unit": "consumers", "verdict": "ahead", "text": text, "short": short,
                "answers": {"short_stage": short}}  # fmt: skip
    most = planned.loc[planned.gap.astype("Float64").idxmax()]
    parts = words(", ").join(f"{names[r.stage]} {words.signed(r.gap)}" for r in planned.itertuples() if r.gap > 0)
    many, short = words.count(total), words.short(total)
    if hidden:
        many, short = words("at least {n}", n=many), words("at least {n}", n=short)
    text = words(
        "The goal needs **{k} times** the stock that is coming, {total} consumers more on {eve}: {parts}. Bought stock is "
        "taken to convert at {m} of stock that came by itself; anywhere from {low} to {high}, that makes {best} to {worst} "
        "times.",
        k=words.number(plan.k, 2), total=many, eve=words.day(most.eve), parts=parts, m=words.number(plan.bought.m, 2),
        low=words.number(plan.bought.low, 2), high=words.number(plan.bought.high, 2), best=words.number(plan.k_best, 2),
        worst=words.number(plan.k_worst, 2),
    )  # fmt: skip
    step = words(
        "Gather {n} more {stage} consumers by {eve}.", n=int(most.gap), stage=names[most.stage], eve=words.day(most.eve)
    )
    tile = {"label": words("Short of consumers"), "value": many,
            "note": words("most at {stage}: {n}", stage=names[most.stage], n=int(most.gap))}  # fmt: skip
    claim = words("Short of {n} consumers, most at {stage}", n=short, stage=names[most.stage])
    answer = words("{stage} by {n}, all stages by {total}", stage=names[most.stage], n=int(most.gap), total=many)
    answer = fitting(answer, names[most.stage])
    return {"kind": "model", "value": float(total), "unit": "consumers", "verdict": "behind", "text": text, "next_step": step,
            "short": fitting(claim, names[most.stage]), "tile": tile, "answers": {"short_stage": answer},
            "at_stake_minor": round(plan.missing) if plan.missing > 0 else None, "due": most.eve}  # fmt: skip


def pace(table: pd.DataFrame, stages: Stages, level: str, words: Words) -> dict[str, Any]:
    """Whether stock gathers as fast as the benchmark's did. table: `GoalPlan.pace`; level: what the peers have in common."""
    names = cells(stages, words)
    judged = table[(table.verdict != "none") & table.pace.notna()]
    if judged.empty:
        text = words("No pace can be given: too few peers, or nothing to compare with.")
        return {"kind": "counted", "short": words("No pace can be given"), "text": text}
    slow = judged.loc[judged.pace.astype("Float64").idxmin()]
    verdict = {"behind": "behind", "on_pace": "careful", "ahead": "ahead"}[slow.verdict]
    text = words(
        "Of what the eve needs, **{reached}** of {stage} is there now; the five best peers ({level}) held {benchmark} of theirs "
        "as long before their eve.",
        reached=words.share(slow.reached), stage=names[slow.stage], level=level, benchmark=words.share(slow.benchmark),
    )  # fmt: skip
    short = {
        "behind": words("{stage} gathers more slowly than the benchmark", stage=names[slow.stage]),
        "careful": words("On the benchmark's pace, slowest at {stage}", stage=names[slow.stage]),
        "ahead": words("Ahead of the benchmark's pace, least at {stage}", stage=names[slow.stage]),
    }[verdict]
    return {
        "kind": "counted", "value": float(slow.pace), "unit": "index", "verdict": verdict, "text": text,
        "short": fitting(short, names[slow.stage]),
    }  # fmt: skip


def inflow(table: pd.DataFrame, stages: Stages, words: Words) -> dict[str, Any]:
    """How many consumers a day that takes. table: `GoalPlan.inflow`."""
    names = cells(stages, words)
    if table.empty:
        text = words("No planned stage lapses by itself, so there is no inflow to ask for.")
        return {"kind": "model", "short": words("No inflow to ask for"), "text": text}
    shown = table[table.per_day.notna()]
    if shown.empty:
        text = words("The eve is here: there is no day left to gather on.")
        return {"kind": "model", "short": words("No day left to gather on"), "text": text}
    more = (shown.per_day - shown.usual_per_day).astype(float)
    if not round(float(more.max()), 1) > 0:
        text = words("The inflow that is usual is enough at every stage.")
        return {"kind": "model", "short": words("The usual inflow is enough"), "text": text, "verdict": "ahead"}
    worst = shown.loc[more.idxmax()]
    text = words(
        "{stage} needs **{per_day}** consumers a day who come or return in the next {days} days, against {usual} that are usual.",
        stage=names[worst.stage], per_day=words.number(worst.per_day, 1), days=int(worst.days),
        usual=words.number(worst.usual_per_day, 1),
    )  # fmt: skip
    short = words("{n} {stage} consumers a day", n=words.number(worst.per_day, 1), stage=names[worst.stage])
    return {"kind": "model", "value": float(worst.per_day), "unit": "consumers", "text": text, "verdict": "none",
            "short": fitting(short, names[worst.stage])}  # fmt: skip


def trust(scores: Sequence[Any], helped: pd.DataFrame, brand: str, words: Words) -> dict[str, Any]:
    """How earlier forecasts did. scores: `model.backtest.Score`s; helped: `model.backtest.by_brand`."""
    known = {(s.lead, s.method): s for s in scores}
    own, rival = known.get((0, "combined")), known.get((0, "window_before"))
    years = known.get((0, "same_days"))
    if years is not None and not np.isnan(years.coverage):
        return _trust_years(years, known[0, "last_year"], words)
    if own is None or rival is None or np.isnan(own.coverage):
        text = words("Too few earlier windows have ended to say how far off such forecasts are.")
        short = words("No back-test yet")
        return {"kind": "counted", "short": short, "text": text, "answers": {"trust": short}}
    judged = helped[helped.difference.notna()]
    mine = judged[judged.brand == brand].difference
    if mine.empty:
        here = words("whether they do for this brand cannot be said")
    else:
        here = words("for this brand they help") if mine.iloc[0] < 0 else words("for this brand they do not help")
    text = words(
        "In **{n}** earlier brand-windows the 80 % interval held the result in **{coverage}** ({low} to {high}); the error was "
        "{wape}, beside {rival} for the window before. The stages made forecasts better for {better} of {brands} brands; {here}.",
        n=own.with_interval, coverage=words.share(own.coverage), low=words.share(own.coverage_low),
        high=words.share(own.coverage_high), wape=words.share(own.wape, 1), rival=words.share(rival.wape, 1),
        better=int((judged.difference < 0).sum()), brands=len(judged), here=here,
    )  # fmt: skip
    return _trusted(own, rival, text, words)


def _trust_years(own: Any, rival: Any, words: Words) -> dict[str, Any]:
    text = words(
        "In **{n}** earlier brand-windows, on the same days of earlier years, the 80 % interval held the result in "
        "**{coverage}** ({low} to {high}); the error was {wape}, beside {rival} for last year's result again.",
        n=own.with_interval, coverage=words.share(own.coverage), low=words.share(own.coverage_low),
        high=words.share(own.coverage_high), wape=words.share(own.wape, 1), rival=words.share(rival.wape, 1),
    )  # fmt: skip
    return _trusted(own, rival, text, words)


def _trusted(own: Any, rival: Any, text: str, words: Words) -> dict[str, Any]:
    held = own.coverage_low <= 0.8 <= own.coverage_high and own.coverage_high - own.coverage_low <= TELLING
    answer = words("Earlier 80 % intervals held {coverage} of results", coverage=words.share(own.coverage))
    return {"kind": "counted", "value": own.coverage, "low": own.coverage_low, "high": own.coverage_high, "unit": "share",
            "n": own.with_interval, "verdict": "ahead" if held and own.wape <= rival.wape else "careful", "text": text,
            "short": words("Past intervals held in {coverage}", coverage=words.share(own.coverage)),
            "answers": {"trust": answer}}  # fmt: skip


def lesson(learned: Sequence[Any], before: Any, after: Any, words: Words) -> dict[str, Any]:
    """Which lessons arrived and what they changed. learned: `apex.report.lesson.Lesson`s; before, after: the plan without
    and with them.
    """  # fmt: skip
    if not learned:
        text = words("No earlier campaign's lesson goes into this plan.")
        return {"kind": "counted", "short": words("No lesson yet"), "text": text}
    last = learned[-1]
    known = last.effect
    money = {name: words.signed_money(getattr(known, key)) for name, key in
             (("effect", "value"), ("low", "low"), ("high", "high"))}  # fmt: skip
    what = {
        "not identified": lambda: words("what its mailing changed is not identified, so how bought stock converts stays a prior"),
        "quasi": lambda: words("it changed GMV by {effect} ({low} to {high}), as comparable groups say", **money),
        "lift": lambda: words("it changed GMV by {effect} ({low} to {high}), as a trial says", **money),
    }[known.verdict]()  # fmt: skip
    campaigns = words(", ").join(lesson.campaign for lesson in learned)
    text = words(
        "What {campaigns} taught (seen to {day}) moved the needed stock from {before} to **{after}** times what is coming; "
        "{what}.",
        campaigns=campaigns, day=words.day(last.as_of), before=words.number(before.k, 3), after=words.number(after.k, 3),
        what=what,
    )  # fmt: skip
    short = words("The lesson of {campaign} arrived", campaign=last.campaign) if len(learned) == 1 else words(
        "{n} lessons arrived", n=len(learned)
    )  # fmt: skip
    return {"kind": "model", "value": after.k - before.k, "text": text, "short": fitting(short, last.campaign)}


def needed_bars(needed: pd.DataFrame, stages: Stages, words: Words) -> pd.DataFrame:
    """Forecast on the eve with interval, and what is needed as the mark: label, value, before, low, high."""
    names = cells(stages, words)
    shown = needed[needed.stage.astype(str) != "none"]
    return pd.DataFrame(
        {
            "label": [names[s] for s in shown.stage], "value": shown.stock_forecast.array, "before": shown.needed.array,
            "low": shown.low.array, "high": shown.high.array, "suppressed": shown.suppressed.array,
        }
    )  # fmt: skip


def named(frame: pd.DataFrame, stages: Stages, words: Words) -> pd.DataFrame:
    """The frame with its stages in words."""
    names = cells(stages, words)
    return frame.assign(stage=[names[str(s)] for s in frame.stage])


def paces(table: pd.DataFrame, stages: Stages, words: Words) -> pd.DataFrame:
    """The pace table in words; a stage whose pace is suppressed has no verdict."""
    verdicts = {"behind": words("▼ behind"), "on_pace": words("● on pace"), "ahead": words("▲ ahead"), "none": MISSING}
    said = table.verdict.where(table.pace.notna(), "none")
    return named(table, stages, words).assign(verdict=[verdicts[v] for v in said])


def score_rows(scores: Sequence[Any], words: Words) -> pd.DataFrame:
    """The back-test in words: method, lead, n, wape, coverage, winkler."""
    names = {
        "combined": words("this forecast"), "without_stages": words("the same without stages"),
        "stages": words("stages alone"), "window_before": words("the window before"),
        "market_growth": words("the window before × market growth"), "same_days": words("this forecast"),
        "last_year": words("last year's result"), "own_growth": words("last year's × own growth"),
    }  # fmt: skip
    rows = [
        {
            "method": names[s.method],
            "lead": _made(s, words),
            "n": s.with_interval,
            "wape": words.share(s.wape, 1),
            "coverage": MISSING if np.isnan(s.coverage) else words(
                "{share} ({low} to {high})", share=words.share(s.coverage), low=words.share(s.coverage_low),
                high=words.share(s.coverage_high),
            ),
            "winkler": MISSING if np.isnan(s.winkler) else words.money(round(s.winkler)),
        }
        for s in scores
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["method", "lead", "n", "wape", "coverage", "winkler"])


def _made(score: Any, words: Words) -> str:
    if score.method in YEARS:
        return words("on the plan's day")
    return words("{n} days before", n=score.lead) if score.lead else words("on the eve")


def eve_label(eve: date, words: Words) -> str:
    """The eve in words."""
    return words("Stock on the eve, {day}.", day=words.day(eve))


def chance(odds: float, words: Words) -> str:
    """Odds as a percentage; nothing is certain, and nothing is ruled out, by rounding."""
    if odds > 0.99:
        return f">{words.share(0.99)}"
    return f"<{words.share(0.01)}" if odds < 0.01 else words.share(odds)
