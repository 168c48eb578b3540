"""`python -m truth acts`: what a plan's acts bring, held against trade as usual in the same days of the same market.

Event days, benefits and free media are repeated of the campaign before as `2_plan/plan` does (`upstream.plan.repeated`), and
here its bought media for the same money too, so that nothing is planned better or worse than last year.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from apex import files, show
from apex.files import ROOT
from apex.measure import earlier_acts
from apex.report.upstream.plan import repeated
from apex.show import Words
from apex.warehouse import Warehouse
from truth.odds_market import BEFORE, CAMPAIGN, CONSUMERS, TABLES, past
from truth.paper import paper
from truth.worlds import booked
from twin import benefits
from twin.act import Config, Market, Played
from twin.curves import outcome
from twin.plan import Plan

SEEDS = range(1400, 1440)
MORE = ("campaigns", "phases", "benefits")


def seen(eve: Played, folder: Path) -> Warehouse:
    """What the brand knows on the eve, as a warehouse in `folder`."""
    drawn = eve.drawn
    told = {**eve.tables, "benefits": benefits.table(drawn.spec, drawn.calendar, drawn.offer, drawn.brands)}
    return booked(told, (*TABLES, *MORE), folder).until(eve.last_day)


def acts(warehouse: Warehouse, brand: str, phases: dict[str, tuple[date, date]]) -> Plan:
    """The campaign before once more, as a plan for these phases."""
    again = repeated(warehouse, brand, BEFORE, phases)
    lines = [m.model_dump(exclude_none=True) for m in again["media"]]
    spend = warehouse.table("spend")
    mine = spend.filter((spend.brand == brand) & (spend.campaign_id.isnull() | (spend.campaign_id == BEFORE)))
    for phase, first, last in earlier_acts.phases(warehouse, BEFORE):
        days = mine.filter((mine.day >= first) & (mine.day <= last)).group_by("channel")
        for row in days.agg(cost=lambda t: t.cost_minor.sum()).execute().sort_values("channel").itertuples():
            lines += [{"channel": row.channel, "phase": phase, "budget_minor": int(row.cost)}] if row.cost else []
    return Plan.model_validate({
        "campaign_id": "acts", "brand": brand, "first_day": min(f for f, _ in phases.values()),
        "last_day": max(e for _, e in phases.values()), "phases": phases, "media": lines,
        "events": [e.model_dump(exclude_none=True) for e in again["events"]],
        "benefits": [b.model_dump(exclude_none=True) for b in again["benefits"]],
    })  # fmt: skip


def played(seed: int, consumers: int = CONSUMERS) -> dict[str, float]:
    """GMV of the window under the acts, without their benefits, and as usual; what the acts' media cost. Minor units."""
    market = Market(Config(consumers), seed)
    brand, calendar = market.drawn.brands[0], market.drawn.calendar
    campaign = {c.key: c for c in market.drawn.campaigns}[CAMPAIGN]
    assert campaign.promotion is not None
    eve = past(market, calendar.date(campaign.first - 1))
    phases = {name: (calendar.date(a), calendar.date(b)) for name, a, b in campaign.promotion.phases}
    with tempfile.TemporaryDirectory() as folder:
        plan = acts(seen(eve, Path(folder)), brand, phases)
    first, last = (calendar.number(phases[p][n]) for p, n in (("presale", 0), ("return", 1)))
    ends, row = calendar.date(last), {"seed": float(seed)}
    for name, of in (("acts", plan), ("without_benefits", plan.model_copy(update={"benefits": []}))):
        found = outcome(market.play(of, after=eve, until=ends, brand=brand, cores=1), 0, first, last)
        row |= {name: float(found.gmv_minor), "spent_minor": float(found.spent_minor)}
    usual = market.usual(ends, after=eve, brand=brand, cores=1)
    return {**row, "usual": float(outcome(usual, 0, first, last).gmv_minor)}


def judged(seeds: Sequence[int], consumers: int = CONSUMERS) -> pd.DataFrame:
    """A row a market, see `played`."""
    return pd.DataFrame([played(seed, consumers) for seed in seeds])


def write(frame: pd.DataFrame, folder: Path) -> Path:
    """acts.html and acts.csv in `folder`; returns the page."""
    words, rows = Words("en", "CNY", 1), []
    for name, title in (("acts", "the acts of plan.yml"), ("without_benefits", "the same without benefits")):
        log = np.log(frame[name] / frame.usual)
        mean, error = float(log.mean()), 1.96 * float(log.std(ddof=1)) / np.sqrt(len(log))
        ends = [f"{np.expm1(v):+.1%}" for v in (mean, mean - error, mean + error, log.quantile(0.1), log.quantile(0.9))]
        rows.append((title, len(log), ends[0], f"{ends[1]} to {ends[2]}", f"{ends[3]} to {ends[4]}"))
    columns = {"played": "Played", "markets": "Markets", "mean": "GMV over trade as usual", "interval": "95 %",
               "spread": "Four markets in five"}  # fmt: skip
    table = show.table(
        pd.DataFrame(rows, columns=list(columns)), "acts", words, {k: (v, "text") for k, v in columns.items()}
    )
    head = f"In {len(frame)} markets the plan's acts brought {rows[0][2]} beside trade as usual ({rows[0][3]})."
    files.atomic_write(folder / "acts.csv", frame.to_csv(index=False, lineterminator="\n"))
    return paper(
        "A plan's acts", ["<h1>A plan's acts 计划的动作</h1>", f"<p>{head}</p>", table.html], folder / "acts.html"
    )


def main(arguments: list[str]) -> int:
    """Write the page; prints where."""
    parser = argparse.ArgumentParser(prog="python -m truth acts", description="A plan's acts beside trade as usual.")
    parser.add_argument("--seeds", type=int, nargs="*", default=[*SEEDS])
    parser.add_argument("--consumers", type=int, default=CONSUMERS)
    parser.add_argument("--folder", type=Path, default=ROOT / "reports" / "truth")
    chosen = parser.parse_args(arguments)
    sys.stdout.write(f"{write(judged(chosen.seeds, chosen.consumers), chosen.folder)}\n")
    return 0
