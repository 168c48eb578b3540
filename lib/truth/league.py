"""The loop as a game: policies run six campaigns in a row in the same market, each with the same money.

Score of a campaign: what the brand sold in its days and AFTER days behind it beyond the same life that never bought media in any
campaign, as the mean of many chances; new consumers of it who bought again within 90 days, beyond the same; whether the stated odds
of its goal held. Everything else is shared to the last draw.
"""

import json
from collections.abc import Callable, Mapping
from datetime import date
from functools import partial

import numpy as np
import pandas as pd

from truth import league_field as field
from truth import league_policies as policies
from truth.league_life import FESTIVALS, YEARS, Life, Season, season
from truth.league_policies import Decision, Workspace
from twin.plan import Plan
from twin.stages import AT

Policy = Callable[[Life, int], Decision]
CHANCES = range(8)  # by which what a decision brings is judged; the first is the one that was lived
COLUMNS = [
    "seed", "policy", "campaign", "name", "first_day", "budget_minor", "spent_minor", "gained_minor", "gained_se", "kept", "odds",
    "odds_plain", "odds_last", "reached", "shares", "learned",
]  # fmt: skip


def contestants() -> Mapping[str, Policy]:
    """Every policy by name, the ablations of ours last; those that remember are new."""
    return {
        "even": policies.even, "last": policies.last, "touch": partial(policies.credited, method="touch"),
        "markov": partial(policies.credited, method="markov"), "ours": Workspace().decide, "oracle": policies.oracle,
        "ours_split": Workspace(speaks=False).decide, "no_lessons": Workspace(learns=False).decide,
        "no_trials": Workspace(tries=False).decide,
    }  # fmt: skip


def without(plan: Plan) -> Plan:
    """The plan without paid media."""
    return plan.model_copy(update={"media": [m for m in plan.media if m.budget_minor is None]})


def played(seed: int, consumers: int, names: tuple[str, ...] = ()) -> pd.DataFrame:
    """One market's league: COLUMNS, a row a policy and campaign. names: of the policies, all by default."""
    of = season(seed, consumers)
    quiet, base, kept = of.past, [], []
    for number in range(len(of.usual)):
        plan = without(of.usual[number])
        base.append(field.brought(quiet, plan, CHANCES)[:, 0])
        quiet = quiet.played(plan, until(of, number))
    kept = [quiet.kept(number) for number in range(len(of.usual))]
    rows = []
    for name, policy in contestants().items():
        if names and name not in names:
            continue
        life, mine = of.past, []
        for number in range(len(of.usual)):
            decided = policy(life, number)
            told = field.brought(life, decided.plan, CHANCES)
            more = told[:, 0] - base[number]
            life = life.played(decided.plan, until(of, number))
            usual = of.usual[number]
            sold = int(life.sales(usual.first_day, usual.last_day)[:, AT["value"]].sum())
            reached = None if decided.goal_minor is None else int(sold >= decided.goal_minor)
            shares = decided.budget / max(decided.budget.sum(), 1.0)
            mine.append((
                seed, name, number + 1, f"{FESTIVALS[number % 2]} {YEARS[number // 2]}", usual.first_day,
                of.budgets[number], told[:, 1].mean(), more.mean(), more.std(ddof=1) / np.sqrt(len(more)), 0,
                decided.odds, decided.odds_plain, decided.odds_last, reached,
                json.dumps(shares.round(4).to_dict(), ensure_ascii=False), json.dumps(decided.learned, ensure_ascii=False),
            ))  # fmt: skip
        rows += [(*row[:9], life.kept(n) - kept[n], *row[10:]) for n, row in enumerate(mine)]
    return pd.DataFrame(rows, columns=COLUMNS)


def until(of: Season, number: int) -> date:
    """The day up to which life goes on after a campaign: the next one's eve, or until new consumers have been watched."""
    return of.eve(number + 1) if number + 1 < len(of.usual) else of.last_day
