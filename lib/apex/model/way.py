"""The least-cost way to the goals: whom to meet, through which channel, so that what is missing comes for the least money.

A linear programme over contacts beside the usual ones (`scipy.optimize.linprog`, HiGHS): minimise cost subject to what each goal
lacks, to the people of each stage and to what a channel can bring. Returns fall: a channel's first contacts beside the usual ones
bring what a contact is known to bring, its later ones less (`STEPS`). Where no cost is known, contacts are counted instead; where
the goals cannot be reached, the way brings as much GMV as there is, and says what is short.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]

STEPS = ((0.5, 1.0), (0.5, 0.7), (1.0, 0.5))  # (as many contacts beside the usual ones, what each then brings)
A_WEEK = 1.0  # contacts beside the usual ones that a consumer is met by in a week, at most
WAY = ["stage", "channel", "people", "contacts", "cost_minor", "gmv_minor", "low", "high"]
UNMET = ("", "all")


@dataclass(frozen=True)
class Way:
    """purchases: WAY, one row a stage and channel with contacts to buy (cost null: unknown; low, high: of gmv_minor, 80 %).

    brings_gmv, brings_new: what the way adds (minor units; buyers who are new); short: by measure, what is missing
    all the same; cost_minor: null where unknown.
    bound: what stops it: "" (the goals are reached), "people" (all there are would not bring some goal), "budget".
    """

    purchases: pd.DataFrame
    brings_gmv: float
    brings_new: float
    short: dict[str, float]
    cost_minor: float | None
    bound: str

    @property
    def relative_error(self) -> float:
        """The standard error of the GMV that the way brings over that GMV; purchases err together."""
        gmv = self.purchases.gmv_minor.sum()
        return float((self.purchases.high - self.purchases.low).sum() / (2 * 1.2816) / gmv) if gmv > 0 else 0.0


def options(
    moves: pd.DataFrame, people: Mapping[str, float], values: Mapping[str, float], deep: tuple[str, ...], days: int,
    back: int, worth: float = 1.0,
) -> pd.DataFrame:  # fmt: skip
    """What can be bought, one row a stage, channel and step of STEPS.

    moves: see `apex.report.upstream.moves`; people: by stage, who can be met; values: money a buyer of a stage spends; deep:
    stages whose buyers are not new; days: to buy in; back: days behind moves' n; worth: what bought contacts bring
    beside what moves say.
    Returns stage, channel, step, most (contacts), often (contacts a consumer), cost (a contact, null unknown), gmv_minor,
    low, high, new (buyers who are new) a contact. Contacts that bring nothing are no option.
    """
    known = moves[~moves.channel.isin(UNMET) & moves.from_stage.astype(str).isin(list(people))]
    known = known[known.gmv_extra_minor.notna() & (known.gmv_extra_minor.astype(float) > 0) & (known.n > 0)]
    parts = []
    for step, (more, brings) in enumerate(STEPS):
        stage = known.from_stage.astype(str)
        gain = known.gmv_extra_minor.astype(float) * worth * brings
        spend = stage.map(dict(values)).astype(float)
        parts.append(
            pd.DataFrame(
                {
                    "stage": stage, "channel": known.channel.astype(str), "step": step,
                    "most": more * known.n.astype(float) * days / back,
                    "often": (known.n / known.contacted.clip(lower=1)).astype(float),
                    "cost": known.cost_minor.astype("Float64").astype(float),
                    "gmv_minor": gain,
                    "low": known.gmv_low.astype(float) * worth * brings,
                    "high": known.gmv_high.astype(float) * worth * brings,
                    "new": np.where(stage.isin(deep) | ~(spend > 0), 0.0, gain / spend.where(spend > 0, 1.0)),
                }
            )
        )  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def least_cost(
    can: pd.DataFrame, missing: Mapping[str, float], people: Mapping[str, float], days: int, budget: float | None = None
) -> Way:
    """The way that brings what is missing for the least money. can: of `options`.

    missing: gmv_minor, new_consumers, aac: what each goal lacks (what is not above 0 asks for nothing; measures no contact is
    known to move are short as a whole). budget: money at most.
    """
    from scipy.optimize import OptimizeResult, linprog

    priced = can.cost.notna().any()
    can = can[can.cost.notna()] if priced else can
    can = can.reset_index(drop=True)
    wanted = {m: float(v) for m, v in missing.items() if v > 0}
    nothing = Way(pd.DataFrame(columns=WAY), 0.0, 0.0, wanted, 0.0 if not wanted else None, "people" if wanted else "")
    if can.empty or not set(wanted) - {"joins"}:
        return nothing
    gains = {m: can["gmv_minor" if m == "gmv_minor" else "new"].to_numpy(float) for m in wanted if m != "joins"}
    cost = can.cost.to_numpy(float) if priced else np.ones(len(can))
    bounds = [(0.0, float(m)) for m in can.most]
    rows = np.array([(can.stage == s).to_numpy(float) for s in people])
    most = np.array([A_WEEK * n * days / 7 for n in people.values()])

    def best(aim: Floats, more: Sequence[tuple[Floats, float]] = ()) -> OptimizeResult:
        """HiGHS, with the people there are and further rows (at most)."""
        left = np.vstack([rows, *(row for row, _ in more)])
        return linprog(aim, left, np.append(most, [limit for _, limit in more]), bounds=bounds, method="highs")

    # what all contacts there are would not bring is set aside, so that the rest can be planned
    out_of_reach = [m for m, gain in gains.items() if -best(-gain).fun < wanted[m]]
    within = [m for m in gains if m not in out_of_reach]
    asked = [(-gains[m], -wanted[m]) for m in within]
    bound = "people" if out_of_reach else ""
    reach = best(cost, asked) if within else None
    if reach is None or reach.status != 0:
        # of all that brings most, no dearer than need be
        aim = gains[(within or out_of_reach)[0]]
        bound, reach = "people", best(-aim + 1e-9 * cost)
    if priced and budget is not None and float(cost @ reach.x) > budget:
        aim = gains[(within or out_of_reach)[0]]
        bound, reach = "budget", best(-aim, [(cost, float(budget))])
    x = np.where(reach.x > 1e-6, reach.x, 0.0)
    short = {m: max(v - float(gains[m] @ x) if m in gains else v, 0.0) for m, v in wanted.items()}
    short = {m: v for m, v in short.items() if v > 1e-6 * wanted[m]}
    bought = can.assign(contacts=x, cost_minor=cost * x if priced else np.nan)[x > 0]
    for column in ("gmv_minor", "low", "high"):
        bought[column] = bought[column] * bought.contacts
    bought["people"] = bought.contacts / bought.often
    grouped = bought.groupby(["stage", "channel"], sort=False)[WAY[2:]].sum(min_count=1).reset_index()
    gmv, new = (float(can[c].to_numpy(float) @ x) for c in ("gmv_minor", "new"))
    return Way(grouped[WAY], gmv, new, short, float(cost @ x) if priced else None, bound)
