"""What `2_plan/plan` says: the plan on one page, and what can go wrong with it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from apex.show.phases import phase_name
from apex.show.say.goal_odds import ORDER
from apex.show.say.goal_odds import measure as goal_name
from apex.show.say.wording import cells, fitting
from apex.show.words import MISSING, Words

Stages = Sequence[tuple[str, str]]
SHOWN = 8  # risks in a table
LEAST_MOVED = 1.0  # people below which a move is not shown


def _of_goal(goal: str, value: Any, words: Words) -> str:
    if pd.isna(value):
        return MISSING
    return words.money_short(round(value)) if goal.endswith("_minor") else words.count(round(value))


def headline(goals: pd.DataFrame, confidence: float, media_minor: int | None, words: Words) -> dict[str, Any]:
    """The odds of the first goal with this plan beside those without it, of all goals together, and what the plan costs."""
    known = in_order(goals[goals.odds.notna()])
    if known.empty:
        return {
            "kind": "not identified",
            "short": words("The plan cannot say its odds"),
            "text": words("The data cannot say what comes by itself, so the plan is written **without odds**."),
            "next_step": words("Read why on the page of the goal."),
        }
    first = known.iloc[0]
    bought = pd.notna(first.odds_with_plan)
    odds = float(first.odds_with_plan if bought else first.odds)
    name, chance, goal = goal_name(first.goal, words), words.share(odds), _of_goal(first.goal, first.target, words)
    if bought:
        text = words(
            "With this plan the goal {name} {goal} has odds of **{chance}**, without it {before}; {wanted} are wanted.",
            name=name, goal=goal, chance=chance, before=words.share(first.odds), wanted=words.share(confidence),
        )  # fmt: skip
    else:
        text = words(
            "The goal {name} {goal} has odds of **{chance}**; {wanted} are wanted. What the plan adds is not known, since what "
            "its moves cost is not.", name=name, goal=goal, chance=chance, wanted=words.share(confidence),
        )  # fmt: skip
    every = known[known.goal == "all"]
    if len(every) and len(known) > 2:
        joint = every.odds_with_plan.iloc[0] if pd.notna(every.odds_with_plan.iloc[0]) else every.odds.iloc[0]
        text += " " + words("All {n} goals together: {odds}.", n=len(known) - 1, odds=words.share(joint))
    if media_minor is not None:
        text += " " + words("Its media cost **{money}**.", money=words.money(media_minor))
    verdict = "ahead" if odds >= confidence else "careful" if odds >= confidence / 2 else "behind"
    return {
        "kind": "model", "value": odds, "unit": "share", "verdict": verdict, "text": text,
        "short": fitting(words("The plan has odds of {chance} for {goal}", chance=chance, goal=goal), goal),
        "compared": {"label": words("odds wanted"), "value": confidence},
        "tile": {"label": words("Odds with this plan"), "value": chance,
                 "note": words("without it {before}", before=words.share(first.odds)) if bought else goal},
    }  # fmt: skip


def in_order(goals: pd.DataFrame) -> pd.DataFrame:
    """Goals as one reads them: money first, all together last."""
    place = {goal: n for n, goal in enumerate(ORDER)}
    return goals.assign(place=goals.goal.map(place)).sort_values("place").drop(columns="place").reset_index(drop=True)


def goal_rows(goals: pd.DataFrame, words: Words) -> pd.DataFrame:
    """goal, target, forecast (with interval), odds, odds_with_plan; as texts."""
    rows = []
    for g in in_order(goals).itertuples():
        low, high = (_of_goal(g.goal, v, words) for v in (g.low, g.high))
        forecast = words("{x} ({low} to {high})", x=_of_goal(g.goal, g.forecast, words), low=low, high=high)
        rows.append((
            goal_name(g.goal, words), _of_goal(g.goal, g.target, words), forecast if pd.notna(g.forecast) else MISSING,
            *(words.share(v) if pd.notna(v) else MISSING for v in (g.odds, g.odds_with_plan)),
        ))  # fmt: skip
    return pd.DataFrame(rows, columns=["goal", "target", "forecast", "odds", "odds_with_plan"])


def moves(chosen: pd.DataFrame, names: Mapping[str, str], stages: Stages, words: Words) -> dict[str, Any]:
    """Whom the plan moves first. chosen: the strategies, hidden people null."""
    known = chosen[chosen.moved.notna()] if len(chosen) else chosen
    if known.empty:
        return {"kind": "model", "short": words("No move is planned"),
                "text": words("No strategy moves enough people to be planned.")}  # fmt: skip
    first = known.sort_values("moved", ascending=False, kind="stable").iloc[0]
    called = cells(stages, words)
    text = words(
        "**{n} strategies** are planned. Most people move by {name}, {phase}: {moved} from {a} to {b} (80 %: {low} to {high}).",
        n=chosen.strategy.nunique(), name=names.get(first.strategy, first.strategy), phase=phase_name(first.phase, words),
        moved=words.count(round(first.moved)), a=called.get(first.from_stage, str(first.from_stage)),
        b=called.get(first.to_stage, str(first.to_stage)), low=words.count(round(first.low)), high=words.count(round(first.high)),
    )  # fmt: skip
    short = words(
        "{n} strategies; first {name}", n=chosen.strategy.nunique(), name=names.get(first.strategy, first.strategy)
    )
    return {"kind": first.kind, "value": float(first.moved), "unit": "consumers", "low": float(first.low),
            "high": float(first.high), "text": text, "short": fitting(short, names.get(first.strategy, first.strategy)),
            "tile": {"label": words("People the plan moves"), "value": words.count(round(known.moved.sum())),
                     "note": words("{n} strategies", n=chosen.strategy.nunique())}}  # fmt: skip


def move_rows(chosen: pd.DataFrame, named: Any, stages: Stages, words: Words) -> pd.DataFrame:
    """phase, strategy, channel, move, people, moved, cost_minor: most people first; moves of less than one person are left out.

    named: `strategies` and `channels`, id → name.
    """
    called = cells(stages, words)
    felt = chosen[~(chosen.moved.astype(float) < LEAST_MOVED)].sort_values("moved", ascending=False, kind="stable")
    rows = [
        (
            phase_name(r.phase, words), named.strategies.get(r.strategy, r.strategy),
            named.channels.get(r.channel, r.channel) or MISSING,
            words("{a} to {b}", a=called.get(r.from_stage, r.from_stage), b=called.get(r.to_stage, r.to_stage)),
            r.people, _range(r.moved, r.low, r.high, words), r.cost_minor,
        )
        for r in felt.itertuples()
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["phase", "strategy", "channel", "move", "people", "moved", "cost_minor"])


def _range(value: Any, low: Any, high: Any, words: Words) -> str:
    if pd.isna(value):
        return MISSING
    if pd.isna(low) or pd.isna(high):
        return words.count(round(value))
    return words(
        "{x} ({low} to {high})", x=words.count(round(value)), low=words.count(round(low)), high=words.count(round(high))
    )


def media(budget: pd.DataFrame, names: Mapping[str, str], words: Words) -> dict[str, Any]:
    """Where the money goes. budget: phase × channel."""
    if not len(budget) or not budget.planned.sum() > 0:
        return {"kind": "not identified", "short": words("No media are planned: their cost is unknown"),
                "text": words("The data hold no cost of media, so the plan buys none and says so.")}  # fmt: skip
    by = budget.groupby("channel").planned.sum().sort_values(ascending=False)
    total, first = float(by.sum()), names.get(by.index[0], by.index[0])
    text = words(
        "**{money}** go to {n} channels, most to {first} ({share}).", money=words.money(round(total)), n=int((by > 0).sum()),
        first=first, share=words.share(by.iloc[0] / total),
    )  # fmt: skip
    short = words("{first} gets {share} of the money", first=first, share=words.share(by.iloc[0] / total))
    return {"kind": "model", "value": total, "unit": "money_minor", "text": text, "short": fitting(short, first),
            "tile": {"label": words("Media cost"), "value": words.money_short(round(total)),
                     "note": words("{n} channels", n=int((by > 0).sum()))}}  # fmt: skip


def media_bars(budget: pd.DataFrame, names: Mapping[str, str]) -> pd.DataFrame:
    """label, value: planned money by channel, most first."""
    by = budget.groupby("channel").planned.sum().sort_values(ascending=False) if len(budget) else pd.Series(dtype=float)
    by = by[by > 0]
    return pd.DataFrame({"label": [names.get(c, c) for c in by.index], "value": by.to_numpy(float)})


def scene_rows(portfolio: pd.DataFrame, words: Words) -> pd.DataFrame:
    """scene, people, budget_minor, p_best, kpi."""
    rows = [
        (r.name, r.people, r.budget_minor, words.share(r.p_best) if pd.notna(r.p_best) else MISSING, r.kpi)
        for r in portfolio.itertuples(index=False)
    ]
    return pd.DataFrame(rows, columns=["scene", "people", "budget_minor", "p_best", "kpi"])


def launch(table: pd.DataFrame, words: Words) -> dict[str, Any]:
    """The new item in one sentence. table: a row a horizon."""
    known = table[table.gmv_minor.notna()] if len(table) else table
    if known.empty:
        return {"kind": "not identified", "short": words("No new item is planned"),
                "text": words("There is no new item to plan, or too few launches to tell one by.")}  # fmt: skip
    last = known.sort_values("horizon").iloc[-1]
    money, item = words.money_short, str(last.item_id)
    text = words(
        "**{item}** is expected to bring **{gmv}** in its first {days} days (80 %: {low} to {high}).", item=item,
        gmv=money(round(last.gmv_minor)), days=int(last.horizon), low=money(round(last.low)), high=money(round(last.high)),
    )  # fmt: skip
    if pd.notna(last.p_hit):
        text += " " + words("It becomes a hit with odds of {p}.", p=words.share(last.p_hit))
    short = words("{item}: {gmv} in {days} days", item=item, gmv=money(round(last.gmv_minor)), days=int(last.horizon))
    return {"kind": "model", "value": float(last.gmv_minor), "unit": "money_minor", "low": float(last.low),
            "high": float(last.high), "text": text, "short": fitting(short, item)}  # fmt: skip


def absent(plan: Any, words: Words) -> list[str]:
    """What the plan would need and the data do not have. plan: `apex.report.planned.Planned`."""
    parts = {
        "media": words("media"),
        "strategies": words("strategies"),
        "scenes": words("scenes"),
        "way": words("people bought"),
    }
    if not plan.cost.unknown:
        return []
    return [words("Costs of {parts} are unknown, so the plan says people and not money.",
                  parts=words(", ").join(parts[p] for p in plan.cost.unknown))]  # fmt: skip


def held_out(share: float, detectable: float | None, expected: float | None, words: Words) -> dict[str, Any]:
    """Whether the hold-out will tell what the campaign changed."""
    part = words.share(share)
    short = words("{share} are held out, at random", share=part)
    tile = {"label": words("Held out"), "value": part}
    if detectable is None:
        text = words(
            "**{share}** are held out, but too few people are reached or buy for any lift to be told.", share=part
        )
        return {"kind": "model", "value": share, "unit": "share", "verdict": "careful", "text": text, "short": short,
                "tile": {**tile, "note": words("tells no lift")}}  # fmt: skip
    told = words.share(detectable)
    tile["note"] = words("tells a lift of {lift}", lift=told)
    if expected is None:
        text = words(
            "**{share}** are held out at random. That tells a lift in buyers of {lift} or more; what the campaign may bring is "
            "not known.", share=part, lift=told,
        )  # fmt: skip
        return {"kind": "model", "value": share, "unit": "share", "text": text, "short": short, "tile": tile}
    enough = detectable <= expected
    more = {"share": part, "lift": told, "expected": words.share(expected)}
    text = words(
        "**{share}** are held out at random. That tells a lift in buyers of {lift} or more; some {expected} are expected, so it "
        "will show.", **more,
    ) if enough else words(
        "**{share}** are held out at random. That tells a lift in buyers of {lift} or more; some {expected} are expected, so the "
        "wrap-up may well find nothing although something was there.", **more,
    )  # fmt: skip
    step = None if enough else words("Add more campaigns' hold-outs up, or hold out more, to tell a smaller lift.")
    return {"kind": "model", "value": share, "unit": "share", "verdict": "ahead" if enough else "careful", "text": text,
            "short": short, "next_step": step, "tile": tile}  # fmt: skip


def sizes(table: pd.DataFrame, words: Words) -> pd.DataFrame:
    """label (share held out), value (smallest lift that is told)."""
    rows = table[table.detectable.notna()]
    return pd.DataFrame({"label": [words.share(s) for s in rows.share], "value": rows.detectable.to_numpy(float)})


def risk_rows(risks: pd.DataFrame, stages: Stages, words: Words) -> pd.DataFrame:
    """risk, value, limit: texts, in the order of the table, at most SHOWN."""
    rows = [_risk(r.risk, str(r.of), r.value, r.limit, stages, words) for r in risks.head(SHOWN).itertuples()]
    return pd.DataFrame(rows, columns=["risk", "value", "limit"])


def _risk(risk: str, of: str, value: float, limit: float, stages: Stages, words: Words) -> tuple[str, str, str]:
    def count(n: float) -> str:
        return words.count(round(n))

    known: dict[str, tuple[str, Callable[[float], str]]] = {
        "odds_low": (
            words("Odds of {goal} below those wanted", goal=goal_name(of, words) if of in ORDER else of),
            words.share,
        ),
        "gap_open": (words("The moves do not close the gap at {stage}", stage=cells(stages, words).get(of, of)), count),
        "over_budget": (words("More is planned than the budget") + f" ({of})", words.money),
        "weak": (words("Money in channels that may bring nothing"), words.share),
        "too_small": (words("The hold-out cannot tell the lift expected"), words.share),
        "stock_short": (words("Too few units on hand of {item}", item=of), count),
    }
    text, written = known[risk]
    told = [MISSING if pd.isna(n) else written(n) for n in (value, limit)]
    return text, told[0], told[1]


def danger(risks: pd.DataFrame, stages: Stages, words: Words) -> dict[str, Any]:
    """The weightiest risk."""
    rows = risk_rows(risks, stages, words)
    if rows.empty:
        return {"kind": "model", "short": words("No figure of the plan passes its limit"), "verdict": "ahead",
                "text": words("Nothing that is measured here passes its limit.")}  # fmt: skip
    first = rows.iloc[0]
    text = words("**{n}** figures pass their limits. First: {risk} ({value}, limit {limit}).", n=len(risks), risk=first.risk,
                 value=first["value"], limit=first["limit"])  # fmt: skip
    return {
        "kind": "model",
        "verdict": "careful",
        "text": text,
        "short": fitting(first.risk),
        "value": float(len(risks)),
    }
