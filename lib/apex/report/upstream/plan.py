"""What `2_plan/plan` puts on one page: the tables of the plan's other notebooks, and what follows from all of them together."""

import itertools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd

from apex.measure import earlier_acts
from apex.measure.strategy_rules import load_strategies
from apex.model import holdout_power, media_messages, plan_risks
from apex.report import planned
from apex.report.upstream import knobs
from apex.report.upstream.media_said import by_channel
from apex.show.glossary import channel
from apex.show.say.plan import in_order

if TYPE_CHECKING:
    from apex.report.run import Run
    from apex.warehouse import Warehouse

HOLD_OUT = "hold-out"
LEAST_DEPTH = 0.02  # discounts deeper than usual by less are no event
TOLD = ("lift", "quasi")  # verdicts of a lesson whose effect one may expect again


@dataclass(frozen=True)
class Parts:
    """The tables that the plan is made of, each as its notebook kept it."""

    goals: pd.DataFrame
    needed: pd.DataFrame
    way: pd.DataFrame
    strategies: pd.DataFrame
    scenes: pd.DataFrame
    media: pd.DataFrame
    messages: pd.DataFrame
    calendar: pd.DataFrame
    launch: pd.DataFrame


def parts(run: "Run") -> Parts:
    """Read them, of this run where they are there; what is computed here may be shown as it is there."""
    needed = run.table("2_plan/goal", "needed")
    if "suppressed" not in needed:
        needed = run.keep(
            "needed", needed, keys=["stage"], people=["stock_now", "stock_forecast", "low", "high", "needed"],
            also=["conversion", "value_minor", "gap"], totals=[["eve"]],
        )  # fmt: skip
    return Parts(
        goals=run.table("2_plan/goal", "goals"), needed=needed,
        way=run.table("2_plan/goal", "way"), strategies=run.table("2_plan/strategy", "chosen"),
        scenes=run.table("2_plan/scenes", "portfolio"), media=run.table("2_plan/media", "budget"),
        messages=run.table("2_plan/media", "messages"),
        calendar=run.table("2_plan/calendar", "phases"), launch=run.table("2_plan/launch", "launch"),
    )  # fmt: skip


@dataclass(frozen=True)
class Names:
    """What strategies and channels are called in the report's language."""

    strategies: dict[str, str]
    channels: dict[str, str]


def names(run: "Run") -> Names:
    """Read from the rules and the glossary."""
    rules = load_strategies(knobs(run, "2_plan/strategy")["strategy_file"])
    channels = run.warehouse.table("channels").execute().channel if run.warehouse.has("channels") else []
    return Names(
        {name: run.words.name(s.name) for name, s in rules.strategies.items()},
        {c: channel(c, run.words) for c in channels},
    )


@dataclass(frozen=True)
class HoldOut:
    """sizes: of `holdout_power.table`; chosen: its row; expected: relative lift in buyers that is expected (None: unknown)."""

    sizes: pd.DataFrame
    chosen: pd.Series
    expected: float | None


def hold_out(run: "Run", needed: pd.DataFrame, media: pd.DataFrame, goals: pd.DataFrame) -> HoldOut:
    """How many to leave alone, by what the media are expected to bring of the window's GMV, else by what a lesson says."""
    stock = needed.stock_forecast.astype(float).fillna(0)
    people = float(stock.sum())
    rate = float((stock * needed.conversion.astype(float).fillna(0)).sum() / people) if people else 0.0
    money = goals[goals.goal == "gmv_minor"]
    forecast = float(money.forecast.iloc[0]) if len(money) and pd.notna(money.forecast.iloc[0]) else None
    extra = float(media.gmv_minor.astype(float).sum()) if len(media) else None
    expected = extra / (forecast - extra) if extra and forecast and 0 < extra < forecast else _learned(run)
    sizes = holdout_power.table(people, rate, extra or None)
    return HoldOut(sizes, holdout_power.choose(sizes, expected), expected)


def _learned(run: "Run") -> float | None:
    """The relative lift that the last lesson found, where its design earns the word and it was one."""
    for lesson in reversed(run.lessons()):
        sold, effect = sum(c.gmv_minor for c in lesson.conversion), lesson.effect
        if effect.verdict in TOLD and effect.value is not None and 0 < effect.value < sold:
            return effect.value / (sold - effect.value)
    return None


def share(run: "Run") -> float:
    """What the plan of this run holds out; the usual tenth where there is none."""
    plan = run.planned
    return plan.hold_out.share if plan is not None and plan.hold_out is not None else holdout_power.USUAL


def risks(run: "Run", of: Parts, held: HoldOut) -> pd.DataFrame:
    """See `apex.model.plan_risks.risks`."""
    campaign = run.campaign
    budget = None if campaign.budget_minor is None else float(campaign.budget_minor)
    return plan_risks.risks(
        in_order(of.goals), of.needed, of.strategies, of.media, of.scenes, of.launch, held.chosen, held.expected,
        campaign.goal.confidence, budget,
    )  # fmt: skip


def act(run: "Run", media: pd.DataFrame, share: float, messages: pd.DataFrame | None = None) -> planned.Act:
    """What is done by day: the planned media, and what is repeated of the earlier campaign.

    messages: of `2_plan/media`; what each channel's media say, also where they cost nothing. None: any in turn.
    """
    campaign = run.campaign
    phases = {name: (first, last) for name, first, last in campaign.phases.days()}
    first = min([f for f, _ in phases.values()], default=campaign.window[0])
    last = max([*(e for _, e in phases.values()), campaign.window[1]])
    lines = [line for row in media.itertuples() if (line := _line(row, phases)) is not None]
    again = repeated(run.warehouse, run.brand, next(iter(campaign.compare), None), phases)
    says = {} if messages is None else by_channel(messages)
    told = [
        t for line in lines + again["media"] for t in in_turn(line, says.get(line.channel, ()), phases, first, last)
    ]
    return planned.Act(
        campaign_id=campaign.slug, brand=run.brand, first_day=first, last_day=last, phases=phases,
        media=told, events=again["events"], benefits=again["benefits"],
        trials=[planned.Trial(name=HOLD_OUT, arms={"treated": round(1 - share, 6), "control": round(share, 6)})],
        hold_out=HOLD_OUT,
    )  # fmt: skip


def in_turn(
    line: planned.Media, names: Sequence[str], phases: Mapping[str, tuple[date, date]], first: date, last: date
) -> list[planned.Media]:
    """The line with what it says, in turn (`media_messages.turns`): no day is bought twice, the pace is even, parts add up to the
    line.

    The first message takes all of what is too little to be divided. first, last: the plan's days, of lines that name none.
    """
    if not names:
        return [line]
    begin, end = phases.get(line.phase or "", (line.first_day or first, line.last_day or last))
    days, key = (end - begin).days + 1, "impressions" if line.budget_minor is None else "budget_minor"
    whole, turns = int(getattr(line, key)), media_messages.turns(days, names)
    upto = [0, *(-(-whole * (b + 1) // days) for _, _, b in turns)]
    parts = [b - a for a, b in itertools.pairwise(upto)]
    if len(turns) == 1 or min(parts) == 0:
        return [line.model_copy(update={"message": names[0]})]
    out = []
    for (name, a, b), much in zip(turns, parts, strict=True):
        days_of = {"first_day": begin + timedelta(days=a), "last_day": begin + timedelta(days=b), "phase": None}
        out.append(line.model_copy(update={**days_of, "message": name, key: much}))
    return out


def repeated(
    warehouse: "Warehouse", brand: str, campaign_id: str | None, phases: Collection[str]
) -> dict[str, list[Any]]:
    """Lines of an `Act` as the earlier campaign had them in phases of these names: media that cost nothing, events, benefits."""
    then = [phase for phase in earlier_acts.phases(warehouse, campaign_id) if phase[0] in phases]
    free, offered = earlier_acts.owned(warehouse, brand, then), earlier_acts.benefits(warehouse, brand, then)
    depths = earlier_acts.depths(warehouse, brand, then)
    deeper = depths[depths.depth - depths.usual.fillna(0) >= LEAST_DEPTH]
    return {
        "media": [
            planned.Media(channel=r.channel, phase=r.phase, impressions=r.impressions) for r in free.itertuples()
        ],
        "events": [planned.EventDay(phase=r.phase, depth=round(min(r.depth, 0.89), 3)) for r in deeper.itertuples()],
        "benefits": [planned.Benefit(kind=r.kind, phase=r.phase) for r in offered.itertuples()],
    }


def _line(row: Any, phases: dict[str, tuple[date, date]]) -> planned.Media | None:
    if pd.isna(row.planned) or row.planned < 1:
        return None
    when: dict[str, Any] = {"phase": row.phase}
    if row.phase not in phases:  # without days of its own it is spread over the whole plan
        days = {"first_day": row.first_day, "last_day": row.last_day}
        when = {name: pd.Timestamp(day).date() for name, day in days.items() if pd.notna(day)}
    buying = row.buying if row.buying in ("auction", "contract") else None
    return planned.Media(channel=row.channel, budget_minor=int(row.planned), buying=buying, **when)


def plan(run: "Run", of: Parts, held: HoldOut, dangers: pd.DataFrame) -> planned.Planned:
    """All of it as a plan that is checked."""
    campaign, media = run.campaign, of.media
    bought = media[media.planned.notna()] if len(media) else media
    unknown = [name for name, frame, column in (
        ("strategies", of.strategies, "cost_minor"), ("scenes", of.scenes, "budget_minor"), ("way", of.way, "cost_minor"),
    ) if len(frame) and frame[column].isna().any()] + ([] if len(bought) else ["media"])  # fmt: skip
    chosen = held.chosen
    size = {
        k: None if pd.isna(chosen[k]) else round(float(chosen[k]), 6) for k in ("treated", "held_out", "detectable")
    }
    return planned.checked({
        "campaign": campaign.name, "brand": run.brand, "currency": campaign.currency, "as_of": run.as_of,
        "eve": campaign.eve, "window": campaign.window,
        "goals": planned.rows(planned.GoalRow, of.goals), "needed": planned.rows(planned.Needed, of.needed),
        "strategies": planned.rows(planned.Move, of.strategies), "scenes": planned.rows(planned.Scene, of.scenes),
        "calendar": planned.rows(planned.Day, of.calendar), "launch": planned.rows(planned.Launch, of.launch),
        "hold_out": {"share": float(chosen.share), **size, "expected": held.expected},
        "cost": {
            "budget_minor": campaign.budget_minor, "unknown": unknown,
            "media_minor": int(bought.planned.astype(float).sum()) if len(bought) else None,
        },
        "risks": planned.rows(planned.Risk, dangers), "act": act(run, media, float(chosen.share), of.messages),
    }, "plan.yml")  # fmt: skip
