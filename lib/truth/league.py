"""The loop as a game: policies run six campaigns in a row in the same market, each with the same money.

Score of a campaign: what the brand sold in its days and AFTER days behind it beyond the same life that never bought media in any
campaign, as the mean of many chances; new consumers of it who bought again within 90 days, beyond the same; whether the odds of
its goal held. Everything else is shared to the last draw.
"""

import json
from collections.abc import Callable, Mapping
from datetime import date
from functools import partial
from typing import Any

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
    """Every policy by name; ours is new, and knows nothing yet."""
    return {
        "even": policies.even, "last": policies.last, "touch": partial(policies.credited, method="touch"),
        "markov": partial(policies.credited, method="markov"), "ours": Workspace().decide, "oracle": policies.oracle,
    }  # fmt: skip


def without(plan: Plan) -> Plan:
    """The plan without paid media."""
    return plan.model_copy(update={"media": [m for m in plan.media if m.budget_minor is None]})


def played(seed: int, consumers: int, names: tuple[str, ...] = ()) -> pd.DataFrame:
    """One market's league: COLUMNS, a row a policy and campaign. names: of the policies, all by default.

    What ours would do without a part of itself is played from the same eve and not lived on: nobody is kept of it (null).
    """
    of = season(seed, consumers)
    quiet, base = of.past, []
    for number in range(len(of.usual)):
        plan = without(of.usual[number])
        base.append(field.brought(quiet, plan, CHANCES)[:, 0])
        quiet = quiet.played(plan, until(of, number))
    rows = []
    for name, policy in contestants().items():
        if names and name not in names:
            continue
        life, mine, beside = of.past, [], []
        for number in range(len(of.usual)):
            decided = policy(life, number)
            scores = {n: field.brought(life, d.plan, CHANCES) for n, d in {name: decided, **decided.without}.items()}
            life = life.played(decided.plan, until(of, number))
            usual = of.usual[number]
            sold = int(life.sales(usual.first_day, usual.last_day)[:, AT["value"]].sum())
            mine.append(_row(of, number, name, decided, scores[name], base[number], sold))
            beside += [_row(of, number, n, d, scores[n], base[number], sold) for n, d in decided.without.items()]
        for number, row in enumerate(mine):
            row["kept"] = life.kept(number) - quiet.kept(number)
        rows += mine + beside
    return pd.DataFrame(rows, columns=COLUMNS)


def _row(
    of: Season, number: int, name: str, decided: Decision, told: "np.ndarray", base: "np.ndarray", sold: int
) -> dict[str, Any]:
    """told: what the plan brought by chance, and spent; base: what life without media brought by the same; sold: in the life."""
    more, budget = told[:, 0] - base, decided.budget / max(decided.budget.sum(), 1.0)
    return {
        "seed": of.market.seed, "policy": name, "campaign": number + 1,
        "name": f"{FESTIVALS[number % 2]} {YEARS[number // 2]}", "first_day": of.usual[number].first_day,
        "budget_minor": of.budgets[number], "spent_minor": told[:, 1].mean(), "gained_minor": more.mean(),
        "gained_se": more.std(ddof=1) / np.sqrt(len(more)), "kept": None, "odds": decided.odds,
        "odds_plain": decided.odds_plain, "odds_last": decided.odds_last,
        "reached": None if decided.goal_minor is None else int(sold >= decided.goal_minor),
        "shares": json.dumps(budget.round(4).to_dict(), ensure_ascii=False),
        "learned": json.dumps(decided.learned, ensure_ascii=False),
    }  # fmt: skip


def until(of: Season, number: int) -> date:
    """The day up to which life goes on after a campaign: the next one's eve, or until new consumers have been watched."""
    return of.eve(number + 1) if number + 1 < len(of.usual) else of.last_day
