"""`python -m truth loop`: a report's plan.yml played on the market it was made for, and wrapped up: one turn of the loop."""

import argparse
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from apex import files, show
from apex.files import ROOT
from apex.measure import trade, trial
from apex.model import evidence
from apex.model.verdict import in_short
from apex.report import planned
from apex.show import Words
from apex.warehouse import Warehouse
from truth import worlds
from truth.paper import paper
from twin import plan as plans
from twin.act import Config, Market, Played
from twin.curves import outcome

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
    return worlds.booked(played.tables, [n for n in played.tables if n not in EMPTY], folder)


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


def lives(market: Market, plan: plans.Plan, window: tuple[date, date], replays: int) -> pd.DataFrame:
    """A row a life of the market from the plan's first day on, each by other chance: life, spent_minor, gmv_minor, caused_minor.

    gmv_minor: of the window; caused_minor: that beyond the same life without the plan's media.
    """
    quiet, rows = plan.model_copy(update={"media": []}), []
    brand = plan.brand or market.drawn.brands[0]
    days = [market.drawn.calendar.number(d) for d in window]
    for life in range(replays):
        both = [market.play(p, until=window[1], brand=brand, salt=life) for p in (plan, quiet)]
        told = [outcome(p, market.drawn.brands.index(brand), *days) for p in both]
        rows.append((life, told[0].spent_minor, told[0].gmv_minor, told[0].gmv_minor - told[1].gmv_minor))
    return pd.DataFrame(rows, columns=["life", "spent_minor", "gmv_minor", "caused_minor"])


def write(found: Turn, lived: pd.DataFrame, of: planned.Planned, folder: Path) -> Path:
    """loop.html and loop.csv in `folder`; returns the page."""
    words = Words("en", of.currency, 1)
    reached = int((lived.gmv_minor >= found.goal_minor).sum()) if found.goal_minor is not None else None
    money = words.money
    said = words.share(found.odds) if found.odds is not None else "no odds"
    effect = found.effect or {}
    value = "nothing: not identified" if effect.get("value") is None else (
        f"{money(effect['value'])} ({money(effect['low'])} to {money(effect['high'])}), {effect['verdict']}"
    )  # fmt: skip
    head = f"The plan gave its goal {said}" + (
        f"; {reached} of {len(lived)} lives reached it" if reached is not None else ""
    )
    texts = lived.assign(**{c: [money(v) for v in lived[c]] for c in ("spent_minor", "gmv_minor", "caused_minor")})
    heads = {"life": ("Life", "text"), "spent_minor": ("Spent", "text"), "gmv_minor": ("GMV of the window", "text"),
             "caused_minor": ("Brought by its media", "text")}  # fmt: skip
    goal = "none" if found.goal_minor is None else money(round(found.goal_minor))
    parts = [
        "<h1>One turn of the loop 一次完整循环</h1>",
        f"<p>{head}. Goal {goal}; campaign {of.campaign}, plan of {of.as_of}, played from {of.act.first_day} on.</p>",
        f"<p>Its hold-out of {words.share(of.hold_out.share) if of.hold_out else 'nobody'} told the wrap-up of the first life: "
        f"{value}. By truth the media brought {money(round(lived.caused_minor.mean()))} a life.</p>",
        show.table(texts, "loop-lives", words, heads, title="The same market, by other chance from the plan on").html,
    ]
    files.atomic_write(folder / "loop.csv", lived.to_csv(index=False, lineterminator="\n"))
    return paper("One turn of the loop", parts, folder / "loop.html")


def main(arguments: list[str]) -> int:
    """Play a report's plan on the market it was made for; prints where the page is."""
    parser = argparse.ArgumentParser(prog="python -m truth loop", description="A plan played and wrapped up.")
    parser.add_argument("--plan", type=Path, default=ROOT / "reports" / "double-eleven" / "plan.yml")
    parser.add_argument("--consumers", type=int, default=12_000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[11], help="the first one is played")
    parser.add_argument("--replays", type=int, default=12)
    parser.add_argument("--folder", type=Path, default=ROOT / "reports" / "truth")
    chosen = parser.parse_args(arguments)
    of, market = planned.read(chosen.plan), Market(Config(chosen.consumers), chosen.seeds[0])
    with tempfile.TemporaryDirectory() as folder:
        found = turn(market, chosen.plan, Path(folder))
    lived = lives(market, plans.read(chosen.plan), of.window, chosen.replays)
    sys.stdout.write(f"{write(found, lived, of, chosen.folder)}\n")
    return 0
