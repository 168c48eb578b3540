"""`python -m truth loop`: a report's plan.yml played on the market it was made for, and wrapped up: one turn of the loop."""

import argparse
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from apex.files import ROOT
from apex.measure import trade, trial
from apex.model import evidence
from apex.model.verdict import in_short
from apex.report import planned
from apex.warehouse import Warehouse, open_warehouse
from apex.warehouse.ingest import ingest
from truth.worlds import source
from twin import plan as plans
from twin.act import Config, Market, Played

AFTER = 15  # days after the window in which a wrap-up still looks
EMPTY = ("services", "on_hand", "inventory", "benefits")  # told by a market's store alone


@dataclass(frozen=True)
class Turn:
    """What a wrap-up sees of a played plan: spent and sold in the window (minor units), the odds that were stated; effect: as a
    lesson has it, None without a hold-out."""

    spent_minor: int
    gmv_minor: int
    goal_minor: float | None
    odds: float | None
    effect: Mapping[str, Any] | None

    @property
    def reached(self) -> bool | None:
        """Whether the goal was reached."""
        return None if self.goal_minor is None else self.gmv_minor >= self.goal_minor


def play(market: Market, file: Path, *, cores: int | None = None) -> Played:
    """The market from the beginning of its history, with the plan of a file played in its days, and `AFTER` days more."""
    plan = plans.read(file)
    before = market.usual(plan.first_day - timedelta(days=1), cores=cores)
    calendar = market.drawn.calendar
    last = min(plan.last_day + timedelta(days=AFTER), calendar.date(calendar.days - 1))
    return market.play(plan, after=before, until=last, cores=cores)


def booked(played: Played, folder: Path) -> Warehouse:
    """What was played, as a warehouse in `folder`."""
    files = folder / "files"
    files.mkdir(parents=True, exist_ok=True)
    tables = {n: t for n, t in played.tables.items() if n not in EMPTY}
    for name, table in tables.items():
        pq.write_table(table, files / f"{name}.parquet")
    ingest(source({name: files / f"{name}.parquet" for name in tables}), "market", folder / "market", "truth")
    return open_warehouse(folder / "market")


def wrapped_up(warehouse: Warehouse, of: planned.Planned, spent_minor: int) -> Turn:
    """The result of a plan's window beside its goal, and what its hold-out says of it."""
    sold = trade.sales(warehouse, of.brand, *of.window).gmv_minor
    goal = next((g for g in of.goals if g.goal == "gmv_minor"), None)
    odds = None if goal is None else goal.odds if goal.odds_with_plan is None else goal.odds_with_plan
    effect = None
    if of.act.hold_out is not None:
        counted = trial.trial(warehouse, of.act.campaign_id, of.brand, window=of.window)
        effect = in_short(evidence.judge_segments(counted).get(("gmv_minor", "all")))
    return Turn(spent_minor, sold, goal.target if goal else None, odds, effect)


def turn(market: Market, file: Path, folder: Path) -> Turn:
    """Play a plan and wrap it up."""
    played = play(market, file)
    return wrapped_up(booked(played, folder), planned.read(file), int(played.lines.spent_minor.sum()))


def main(arguments: list[str]) -> int:
    """Play a report's plan on the default market; prints plan and result."""
    parser = argparse.ArgumentParser(prog="python -m truth loop", description="A plan played and wrapped up.")
    parser.add_argument("--plan", type=Path, default=ROOT / "reports" / "double-eleven" / "plan.yml")
    parser.add_argument("--consumers", type=int, default=12_000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[11], help="the first one is played")
    chosen = parser.parse_args(arguments)
    market = Market(Config(chosen.consumers), chosen.seeds[0])
    with tempfile.TemporaryDirectory() as folder:
        found = turn(market, chosen.plan, Path(folder))
    sys.stdout.write(f"spent {found.spent_minor:,} GMV {found.gmv_minor:,} goal {found.goal_minor} odds {found.odds}\n")
    sys.stdout.write(f"hold-out: {found.effect}\n")
    return 0
