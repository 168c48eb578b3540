"""How each policy of the league decides on a campaign's eve: a split of the budget, and what its media say.

`touch` and `markov` share the budget out as the campaign before was credited. Ours goes through the loop by the functions that
the notebooks call: the lesson of the campaign before, the odds of the goal, the media plan, messages by clicks.
"""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from apex.ledger import ensure, load_rules
from apex.measure import paths
from apex.measure.paths import ORDERS
from apex.model import attribution, attribution_methods, media_messages, split
from apex.model.goal import Bought
from apex.model.lessons import HALF_LIFE
from apex.report.lesson import Lesson
from apex.report.run import Run
from apex.report.upstream import goal, goal_inputs, lesson_prices, lessons, media, media_facts
from apex.report.upstream.lesson_parts import Parts
from apex.warehouse import Warehouse
from truth import league_field as played
from truth.league_life import Life
from truth.odds import rival
from twin.curves import scaled
from twin.plan import Plan

CREDIT = {"touch": "last", "markov": "markov1"}
WIDE = 0.2  # sd of the logarithm of a goal beside the forecast
HELD = 0.1  # share of consumers that ours leaves alone, by chance
CHOICES = 6000  # of brand choices that a lesson's response reads
COHORT = 12  # brands whose earlier years tell how far off forecasts are
AVERAGE = (1.0, 1.0, 1.0)  # how bought stock converts where nobody corrects it


@dataclass(frozen=True)
class Decision:
    """A split (channel → fen, as wished), the plan that is played, and what is known of it. without: what ours would do then."""

    budget: pd.Series
    plan: Plan
    odds: float | None = None
    odds_plain: float | None = None
    odds_last: float | None = None
    goal_minor: float | None = None
    learned: Mapping[str, Any] = field(default_factory=dict)
    without: "Mapping[str, Decision]" = field(default_factory=dict)


def even(life: Life, number: int) -> Decision:
    """As much for each channel that is paid for."""
    budget = played.usual(life, number) * 0 + 1.0
    return Decision(budget, played.planned(life, number, budget))


def last(life: Life, number: int) -> Decision:
    """As the brand always splits it."""
    budget = played.usual(life, number)
    return Decision(budget, played.planned(life, number, budget))


def credited(life: Life, number: int, method: str) -> Decision:
    """By the credit that channels had for the orders of the campaign before."""
    before = life.of.usual[number - 1] if number else None
    days = (before.first_day, before.last_day) if before else life.of.first_window
    with tempfile.TemporaryDirectory() as folder:
        book = ensure(life.seen(Path(folder), own=True, trials=False), load_rules("aipl"))
        known = attribution.read(paths.paths(book, life.of.brand, *days, paths.LOOKBACK, [ORDERS]))
        credit = attribution_methods.one(CREDIT[method], known).conversions
    usual = played.usual(life, number)
    wished = credit.reindex(usual.index).fillna(0.0)
    budget = wished if wished.sum() > 0 else usual
    return Decision(budget, played.planned(life, number, budget))


@dataclass
class Workspace:
    """Ours, campaign after campaign: it remembers its lesson and what it planned, and at each campaign what it would do without
    a part of itself, from the same eve."""

    told: list[Lesson] = field(default_factory=list)
    done: dict[str, float] = field(default_factory=dict)
    first: pd.Series | None = None  # the split of the first campaign

    def decide(self, life: Life, number: int) -> Decision:
        """Wrap up the campaign before, state the odds of this one's goal, split, and choose messages."""
        usual = life.of.usual[number]
        days = (usual.last_day - usual.first_day).days + 1
        with tempfile.TemporaryDirectory() as folder:
            house = life.seen(Path(folder))
            if number:
                self.told = [wrapped_up(life, number - 1, house, Path(folder), self.told, self.done)]
            stated = odds(life, number, house, Path(folder), self.told)
            facts = media_facts.facts(house, life.of.brand, life.of.earlier(number), days)
            if isinstance(facts, media_facts.CannotPlan):
                raise ValueError(f"no plan: {facts.reason}")
            prices, total, first = lesson_prices.heard(self.told), life.of.budgets[number], usual.first_day
            made = media.made(facts, total, [], [], 1, (), first, prices)
            fit = made.learned.fit
            unheard = media.made(facts, total, [], [], 1, (), first, None, fit)
            untried = media.made(replace(facts, trials=[]), total, [], [], 1, (), first, prices, fit)
        self.first = _budget(made) if self.first is None else self.first
        silent = played.planned(life, number, _budget(made), HELD)
        plan = execute(life, silent)
        self.done = dict(_budget(made))
        learned = {
            "trials": made.trials, "depth": {c: round(v[0], 3) for c, v in prices.depth.items()},
            "room": {c: round(v, 3) for c, v in prices.room.items()}, "m": round(stated["ours"].pop("m"), 3),
            "messages": {m.channel: m.message for m in plan.media if m.message},
        }  # fmt: skip
        others = {
            "ours_split": Decision(_budget(made), silent),
            "no_lessons": Decision(
                _budget(unheard), _as(played.planned(life, number, _budget(unheard), HELD), plan), **stated["no_lessons"]
            ),
            "first_split": Decision(self.first, _as(played.planned(life, number, self.first, HELD), plan)),
            "no_trials": Decision(
                _budget(untried), _as(played.planned(life, number, _budget(untried)), plan), **stated["no_trials"]
            ),
        }  # fmt: skip
        return Decision(_budget(made), plan, learned=learned, without=others, **stated["ours"])


def _budget(made: media.MediaPlan) -> pd.Series:
    return pd.Series(made.split.budget, list(made.learned.curves.channels))


def campaign(life: Life, number: int, folder: Path, *, over: bool) -> str:
    """The campaign as a file; over: once it has been played, and has a name in the data."""
    plan = life.of.usual[number]
    told = {
        "title": {"en": "League", "zh": "联赛"}, "warehouse": "league", "rules": "aipl", "brand": life.of.brand,
        "compare": [life.of.earlier(number)], "phases": {name: list(days) for name, days in plan.phases.items()},
        "goal": {"window": [plan.first_day, plan.last_day]}, "budget_minor": round(life.of.budgets[number]),
        "currency": "CNY", "privacy_threshold": 5, **({"campaign_id": plan.campaign_id} if over else {}),
    }  # fmt: skip
    path = folder / f"league-{number + 1}.yml"
    path.write_text(yaml.safe_dump(told, allow_unicode=True), encoding="utf-8")
    return str(path)


def wrapped_up(
    life: Life, number: int, house: Warehouse, folder: Path, told: list[Lesson], done: Mapping[str, float]
) -> Lesson:
    """The lesson of a campaign that was played; done: the money of its plan by channel."""
    run = Run(campaign(life, number, folder, over=True), lessons.NOTEBOOK, alone=True, house=house, told=told)
    parts = Parts(run, CHOICES, 1, done)
    return run.teach(parts.converted, lessons.Study(run, 1, CHOICES, HALF_LIFE, 1).effect, parts.seen)


def odds(life: Life, number: int, house: Warehouse, folder: Path, told: list[Lesson]) -> dict[str, dict[str, Any]]:
    """Odds of a goal drawn beside the forecast, with this campaign's money, as ours states them and without a part of it.

    odds_plain: with bought stock converting at the average rate; odds_last: as last year's window, with the spread of such
    forecasts for other brands, would say.
    """
    run = Run(campaign(life, number, folder, over=False), "2_plan/goal", alone=True, house=house, told=told)
    seen = goal.history(run, COHORT)
    if seen is None:
        raise ValueError("the window is too short to plan for")
    m = {"ours": goal_inputs.informed(run, seen, Bought(), told), "no_lessons": goal_inputs.informed(run, seen, Bought(), []),
         "no_trials": Bought()}  # fmt: skip
    outlook, stock = goal_inputs.outlook_of(run, seen, 1), goal_inputs.earlier_stock(run)
    lift = goal_inputs.lift_of(run, seen, m["ours"], stock)
    if outlook is None or lift is None or stock is None or not stock.spent_minor:
        return {"ours": {"m": m["ours"].m}, "no_lessons": {}, "no_trials": {}}
    wanted = outlook.middle("gmv_minor") * float(
        np.exp(WIDE * np.random.default_rng([life.of.market.seed, 13, number]).normal())
    )
    x = life.of.budgets[number] / stock.spent_minor - 1

    def stated(three: tuple[float, float, float]) -> float:
        rng = np.random.default_rng(number)
        more = replace(lift, x=x, m=three).times(rng, len(outlook.draws))
        return outlook.times(more, {}).odds({"gmv_minor": wanted})["gmv_minor"]

    now, errors = rival(goal_inputs.years_of(run, seen), life.of.brand, "last_year")
    out: dict[str, dict[str, Any]] = {
        name: {"odds": stated((of.m, of.low, of.high)), "goal_minor": wanted} for name, of in m.items()
    }
    out["ours"] |= {
        "m": m["ours"].m, "odds_plain": stated(AVERAGE),
        "odds_last": float((np.sum(now + errors >= np.log(wanted)) + 0.5) / (len(errors) + 1)),
    }  # fmt: skip
    return out


def execute(life: Life, plan: Plan) -> Plan:
    """The plan with messages chosen by the clicks of the last year, phase after phase, as the campaign shows its own."""
    known: dict[date, media_messages.Pull] = {}

    def says(whom: str, first: date) -> tuple[str, ...]:
        return known[first].chosen(whom) if first in known else ()

    for first in sorted({plan.days(line)[0] for line in plan.media}):
        eve, last_day = first - timedelta(days=1), max(plan.days(m)[1] for m in plan.media if plan.days(m)[0] == first)
        running = played.spoken(life, plan, says) if first > plan.first_day else None
        known[first] = media_messages.pull(played.clicked(life, running, eve), (last_day - eve).days)
    return played.spoken(life, plan, says)


READ = range(1000, 1002)  # plays by which the oracle reads the truth: others than those by which all are judged
MUCH = 4.0  # times a channel's usual money, at which it reads curves beside none
MIX = {  # by whom targeting meets: consumers who stand at none, aware, interested, bought
    "broad": (0.75, 0.15, 0.05, 0.05), "likely": (0.3, 0.25, 0.25, 0.2), "visitors": (0.1, 0.2, 0.5, 0.2),
    "members": (0.05, 0.1, 0.35, 0.5),
}  # fmt: skip


def oracle(life: Life, number: int) -> Decision:
    """Our planner with what it can only estimate told: how each message pulls each day, and every channel's true curve.

    Curves are read by playing each channel not at all, as usual, and MUCH times as much, all chance shared; between and beyond
    these gain = v b / (1 + b / k). Of five ways to use the pulls the one is taken that brings most in READ; so with the split.
    """
    usual = played.usual(life, number)
    base = played.planned(life, number, usual)
    ways = [base, *(played.spoken(life, base, _true_messages(life, base, n)) for n in (1, 2, 3)), execute(life, base)]
    base = max(ways, key=lambda plan: played.brought(life, plan, READ)[:, 0].mean())
    names = list(usual.index)
    at = played.brought(life, base, READ)[:, 0].mean()
    reads = {(c, t): played.brought(life, scaled(base, c, t), READ)[:, 0].mean() for c in names for t in (0.0, MUCH)}
    one = np.array([max(at - reads[c, 0.0], 0.0) for c in names])
    more = np.array([max(reads[c, MUCH] - reads[c, 0.0], 1.0) for c in names])
    ratio = np.clip(more / np.maximum(one, 1.0), 1.3, 3.9)
    bend = (MUCH - ratio) / (MUCH * (ratio - 1))
    spent = np.maximum(played.paid_for(life, base).reindex(names).fillna(0.0).to_numpy(), 1.0)
    value = (one * (1 + bend) + more * (1 + MUCH * bend) / MUCH) / 2 / spent
    total = life.of.budgets[number]
    found = split.best(
        lambda b: value * b / (1 + b * bend / spent), total, 0 * value, np.full(len(names), total), names
    )
    own = pd.Series(found.budget, names)
    even_ = usual * 0 + total / len(names)
    tried = [
        (b, _as(played.planned(life, number, b), base)) for b in (own, (own + usual) / 2, even_, (own + even_) / 2)
    ]
    return Decision(*max(tried, key=lambda one: played.brought(life, one[1], READ)[:, 0].mean()))


def _true_messages(life: Life, plan: Plan, count: int) -> played.Spoken:
    """The messages that truly pull most in a line's days, `count` of them in turn."""
    drawn = life.of.market.drawn
    ends = {plan.days(line)[0]: plan.days(line)[1] for line in plan.media}

    def says(whom: str, first: date) -> tuple[str, ...]:
        number = drawn.calendar.number
        pull = drawn.rules.creative_pull[number(first) : number(ends[first]) + 1, 0].mean(axis=0)
        order = np.argsort(-pull * (np.array(MIX[whom]) @ drawn.rules.message), kind="stable")
        return tuple(drawn.messages[n] for n in order[:count])

    return says


def _as(plan: Plan, other: Plan) -> Plan:
    """The plan with the messages of another one of the same channels and phases, in the same days."""
    out = []
    for mine in plan.media:
        first, last_day = plan.days(mine)
        turns = []
        for line in other.media:
            a, b = other.days(line)
            if line.channel == mine.channel and first <= a and b <= last_day:
                turns.append((line.message, (a - first).days, (b - first).days))
        out += played.in_turn(mine, first, (last_day - first).days + 1, sorted(turns, key=lambda t: t[1]))
    return plan.model_copy(update={"media": out})
