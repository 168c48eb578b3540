"""`python -m truth contracts`: are guarantees served as far as they can be, and do stated odds come true?

Three judgements of the notebook's own functions. `served`: contracts that share slots, planned and served day by day on a
forecast that is wrong, beside the maximum flow that knows the inventory; the rival serves first come, first served. `drawn`:
stated odds of contracts in drawn markets. `twin`: the same in markets that live. Odds are held against what happened bin by bin,
exactly; the rival knows no spread of forecasts, only counting noise, and must fail. One contract a brand is judged: those of one
brand run alike.
"""

import argparse
import sys
from collections.abc import Iterable
from datetime import date
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from apex import files, show
from apex.files import ROOT
from apex.model import guarantees
from apex.model.allocation import allocate, feasible, first_come, serve
from apex.show import Words
from apex.show.tables import Format
from truth.contracts_drawn import CELL, COMMON, DAILY, DAYS, EVE, Slots, signed, slots
from truth.contracts_market import CONSUMERS, live
from truth.odds import exact
from truth.page import PAGE

BINS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
LEAST = 20  # units: the twin signs no contract that brings less than 10, so that smaller promises never fail there
LEAST_P = 0.01


def served(seed: int) -> dict[str, float]:
    """seed; feasible: share of the demand that the best plan can serve; ours, first_come: share of that which was served."""
    world = slots(seed)
    whole = world.booking(world.came, world.may, world.demand)
    # of what is due, not of penalties: the most that any plan can serve
    best = world.demand.sum() - feasible(type(whole)(whole.supply, whole.cell, whole.contract, whole.demand,
                                                     np.ones(len(whole.demand)))).under.sum()  # fmt: skip
    left = {"ours": world.demand.copy(), "first_come": world.demand.copy()}
    for day in range(DAYS):
        told = _told(world, day)
        today = world.may[:, :, day]
        book = {name: world.booking(told[:, 0], today, due) for name, due in left.items()}
        plan = allocate(world.booking(told, world.may[:, :, day:], left["ours"]))
        flow = np.zeros(world.may[:, :, day:].shape)
        flow[world.may[:, :, day:]] = plan.flow
        given = serve(book["ours"], flow[:, :, 0][today], world.came[:, day])
        left["ours"] = np.maximum(left["ours"] - book["ours"].gets(given), 0)
        taken = first_come(book["first_come"], world.came[:, day])
        left["first_come"] = np.maximum(left["first_come"] - book["first_come"].gets(taken), 0)
    total = world.demand.sum()
    return {"seed": seed, "feasible": best / total, **{name: (total - due.sum()) / best for name, due in left.items()}}


def _told(world: Slots, day: int) -> np.ndarray:
    """What is foretold from `day` on, corrected by how wrong each cell's forecast was so far (normal, shrunk)."""
    common, daily = COMMON**2 + CELL**2, DAILY**2
    if not day:
        return world.told
    wrong = np.log(np.maximum(world.came[:, :day], 0.5) / world.told[:, :day]) + (common + daily) / 2
    weight = common / (common + daily / day)
    return world.told[:, day:] * np.exp(weight * wrong.mean(axis=1) - weight * common / 2)[:, None]


def stated(
    seed: int, contracts: pd.DataFrame, daily: pd.DataFrame, phases: pd.DataFrame, day: date = EVE
) -> pd.DataFrame:
    """seed, brand, guarantee, ours, counting (stated chance of under-delivery), short (1: it was), held (80 % interval)."""
    known = daily[daily.day.to_numpy("datetime64[D]") <= np.datetime64(day)]
    seen = guarantees.outlook(contracts, known, phases, day)
    end = daily.groupby("contract_id").units.sum().reindex(seen.of.contract_id).fillna(0).to_numpy(float)
    rows = []
    for n, row in enumerate(seen.of.itertuples()):
        ours = seen.ends[n]
        rival = guarantees.counting_only(ours.amount, ours.come, float(seen.share[n]))
        low, high = (ours.quantile(q) for q in guarantees.INTERVAL)
        rows.append((seed, row.brand, row.guarantee, row.amount, ours.short, rival.short, float(end[n] < row.amount),
                     float(low <= end[n] <= high)))  # fmt: skip
    frame = pd.DataFrame(rows, columns=["seed", "brand", "guarantee", "amount", "ours", "counting", "short", "held"])
    frame = frame[frame.amount >= LEAST]
    return frame.sample(frac=1, random_state=seed).drop_duplicates("brand").sort_values("brand", ignore_index=True)


def bins(frame: pd.DataFrame, teller: str) -> pd.DataFrame:
    """from_, to, n, stated (mean), happened (number), p (exact, two-sided) of each bin of stated chances."""
    rows = []
    for low, high in pairwise(BINS):
        mine = frame[(frame[teller] >= low) & ((frame[teller] < high) | ((high == 1) & (frame[teller] == 1)))]
        happened = int(mine.short.sum())
        rows.append((low, high, len(mine), mine[teller].mean(), happened, exact(mine[teller].tolist(), happened)))
    return pd.DataFrame(rows, columns=["from_", "to", "n", "stated", "happened", "p"])


def passes(frame: pd.DataFrame, teller: str) -> bool:
    """Whether no bin is rejected, at 1 % over all of them (Bonferroni)."""
    return bool((bins(frame, teller).p >= LEAST_P / (len(BINS) - 1)).all())


def drawn(seeds: Iterable[int]) -> pd.DataFrame:
    """`stated` of drawn markets."""
    return pd.concat([stated(seed, *signed(seed)) for seed in seeds], ignore_index=True)


def twin(seeds: Iterable[int], folder: Path, consumers: int = CONSUMERS) -> pd.DataFrame:
    """`stated` of markets that live."""
    found = []
    for seed in seeds:
        of = live(seed, folder, consumers)
        found.append(stated(seed, of.contracts, of.daily, of.phases))
    return pd.concat(found, ignore_index=True)


def main(arguments: list[str]) -> int:
    """Judge and write reports/truth/contracts.html and its tables as CSV; prints where."""
    parser = argparse.ArgumentParser(
        prog="python -m truth contracts", description="Guarantees: served, and odds that come true."
    )
    parser.add_argument("--seeds", type=int, nargs=2, default=(0, 100), help="of drawn slots and markets")
    parser.add_argument("--twin", type=int, nargs=2, default=(0, 8), help="of markets that live")
    parser.add_argument("--consumers", type=int, default=CONSUMERS)
    parser.add_argument("--folder", type=Path, default=ROOT / "reports" / "truth")
    chosen = parser.parse_args(arguments)
    chosen.folder.mkdir(parents=True, exist_ok=True)
    flows = pd.DataFrame([served(seed) for seed in range(*chosen.seeds)])
    odds = {"drawn": drawn(range(*chosen.seeds)), "twin": twin(range(*chosen.twin), chosen.folder / "contracts-markets",
                                                               chosen.consumers)}  # fmt: skip
    flows.to_csv(chosen.folder / "contracts-served.csv", index=False)
    for name, frame in odds.items():
        frame.to_csv(chosen.folder / f"contracts-{name}.csv", index=False)
    page = chosen.folder / "contracts.html"
    files.atomic_write(page, PAGE.format(css=show.house_css(), body=_body(flows, odds)))
    sys.stdout.write(f"{page}\n")
    return 0


def _body(flows: pd.DataFrame, odds: dict[str, pd.DataFrame]) -> str:
    words = Words("en", "CNY", 5)
    low, high = (float(flows.ours.quantile(q)) for q in (0.5, 0.0))
    parts = [f"<h1>Guarantees: served, and odds that come true</h1><p>Of what the best plan that knows the inventory can serve, "
             f"ours served a median {low:.2%}, at worst {high:.2%}, in {len(flows)} drawn worlds; first come, first served a "
             f"median {flows.first_come.median():.2%}, at worst {flows.first_come.min():.2%}.</p>"]  # fmt: skip
    for name, frame in odds.items():
        for teller in ("ours", "counting"):
            told = "not rejected" if passes(frame, teller) else "rejected"
            table = bins(frame, teller).rename(columns={"from_": "from"})
            heads: dict[str, tuple[str, Format]] = {c: (c, "share") for c in ("from", "to", "stated")}
            heads |= {c: (c, "count") for c in ("n", "happened")} | {"p": ("exact p", lambda v: f"{float(str(v)):.3f}")}
            title = f"{name}, {teller}: {told} at 1 %, {len(frame)} contracts"
            parts.append(show.table(table, f"{name}-{teller}", words, heads, title=title).html)
        parts.append(f"<p>80 % intervals held {frame.held.mean():.1%} of {len(frame)} ends.</p>")
    return "".join(parts)
