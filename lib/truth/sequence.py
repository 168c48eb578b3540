"""`python -m truth sequence`: the learned sequence, held against fixed ones and "most likely buyer first" at the same spend.

Each market is seen as the notebook would see it, up to the eve of the window; then every policy is played in the window's days
with all chance shared, beside the same days without it. The same spend is enforced by each policy's pressure, found by playing.
"""

import argparse
import hashlib
import hmac
import pickle
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from apex import ledger
from apex.files import ROOT
from apex.measure import media as media_measure
from apex.measure.moves import KNOWN
from apex.measure.steps import TOUCHES
from apex.model import untouched
from apex.report.upstream import sequence as upstream
from apex.report.upstream.sequence import Learned
from apex.warehouse import open_warehouse
from apex.warehouse.ingest import ingest
from apex.warehouse.keys import PUBLIC_KEY
from truth.worlds import source
from twin.act import Config, Market, Played
from twin.curves import AFTER, outcome
from twin.people import People
from twin.plan import EventDay, Plan, Sequence
from twin.play import BLOCK, advance, ordered, world

EVE, LAST = date(2024, 10, 20), date(2024, 11, 18)
BEFORE = "b00-d11-2023"
TABLES = ("items", "consumers", "channels", "creatives", "events", "spend", "campaigns", "phases", "experiments",
          "assignments")  # fmt: skip
RULES, STAGES = "aipl", ("none", "A", "I", "P", "L")
PRESSURE, SHARE = 0.3, 0.25  # the notebook's parameters
TRIED = ("live", "search", "activity")  # channels of fixed sequences
LENGTHS = (2, TOUCHES)
CHOSEN_ON = range(101, 102)  # plays by which the best fixed sequence is chosen, others than those that judge
Sequences = list[dict[str, Any]]
Audiences = dict[str, list[int]]


def seen(market: Market, folder: Path) -> Any:
    """What the notebook would see of the default brand's category on the eve, as a book over a warehouse in `folder`."""
    drawn, stop, parts = market.drawn, market.drawn.calendar.number(EVE) + 1, []
    for start in range(0, market.config.consumers, BLOCK):
        part = People(*(a[start : start + BLOCK] for a in market.crowd))
        events, _ = advance(drawn, part, world(drawn), 0, 0, stop)
        events[:, 0] = part.number[events[:, 0]]
        parts.append(ordered(events))
    tables = Played(market, drawn, 0, stop, np.concatenate(parts), {}).tables
    files = folder / "files"
    files.mkdir(parents=True, exist_ok=True)
    for name in TABLES:
        pq.write_table(tables[name], files / f"{name}.parquet")
    ingest(source({n: files / f"{n}.parquet" for n in TABLES}), "market", folder / "market", "truth")
    whole = open_warehouse(folder / "market")
    return replace(ledger.ensure(whole, ledger.load_rules(RULES)), warehouse=whole.until(EVE))


def learned(market: Market, met: float) -> tuple[Learned, float]:
    """What the notebook learns on the eve, and what the brand spent in the same days a year before."""
    with tempfile.TemporaryDirectory() as folder:
        book, brand = seen(market, Path(folder)), market.drawn.brands[0]
        found = upstream.learn(book, brand, EVE, [BEFORE], met, (LAST - EVE).days)
        then = media_measure.spent(book.warehouse, brand, date(2023, 10, 21), date(2023, 11, 18))
    if found is None:
        raise ValueError("nothing was learned")
    return found, float(then.cost_minor.sum())


def numbers(market: Market, of: Learned) -> pd.Series:
    """The consumer's number in the market of everybody on the eve."""
    known = {int.from_bytes(hmac.digest(PUBLIC_KEY, str(n).encode(), hashlib.sha256)[:8], "big") >> 1: int(n)
             for n in market.crowd.number}  # fmt: skip
    return of.eve.consumer_id.map(known)


def plan(market: Market, sequences: Sequences, audiences: Audiences) -> Plan:
    """The window's days with these sequences, the brand's usual discounts and no other media."""
    calendar, depth = market.drawn.calendar, market.drawn.event_discount[0]
    first, events = EVE + timedelta(days=1), []
    for n in range(calendar.number(first), calendar.number(LAST) + 1):
        if depth[n] > 0:
            day = calendar.date(n)
            events.append(EventDay(first_day=day, last_day=day, depth=min(float(depth[n]), 0.89)))
    made = [Sequence.model_validate(s) for s in sequences]
    return Plan(
        campaign_id="sequence", first_day=first, last_day=LAST, sequences=made, audiences=audiences, events=events
    )


def played(market: Market, of: Plan, salt: int) -> Any:
    """The outcome of a plan."""
    until = LAST + timedelta(days=AFTER)
    lived = market.play(of, until=until, brand=market.drawn.brands[0], salt=salt, cores=1)
    return outcome(lived, 0, lived.begin, lived.until - 1)


def at_spend(market: Market, make: Callable[[float], Plan], wanted: float, pressure: float, salts: range) -> float:
    """The pressure at which a policy spends what is wanted, as far as that can be."""
    for _ in range(3):
        spent = np.mean([played(market, make(pressure), s).spent_minor for s in salts])
        if abs(spent - wanted) < 0.01 * wanted:
            break
        pressure = float(np.clip(pressure * np.clip(wanted / max(spent, 1.0), 0.2, 5.0), 1e-4, 1.0))
    return pressure


def fixed(of: Learned, weight: np.ndarray) -> dict[str, list[dict[str, Any]]]:
    """Fixed sequences by name: one channel, the best messages for the average of these people, one after the other."""
    s = of.steps
    names = {}
    for channel in (c for c in TRIED if c in of.channels):
        worth = weight * s.value[:, of.channels.index(channel)]
        last, shown = 0, []
        for k in range(TOUCHES):
            mean = np.einsum("s,sm->m", worth, s.response[:, -1 if k == 0 else 2, k, last])
            last = int(mean.argmax()) + 1
            shown.append(of.messages[last - 1])
        for length in LENGTHS:
            steps = [{"channel": channel, "message": m, "touches": [k]} for k, m in enumerate(shown[:length])]
            names[f"{channel} × {length if length < TOUCHES else '…'}"] = steps
    return names


def judged(seed: int, consumers: int, replays: int, keep: Path | None = None) -> pd.DataFrame:
    """See `compared`. keep: a folder for what was learned, so that a second look need not learn it again."""
    market, met = Market(Config(consumers), seed), PRESSURE * upstream.MEETS
    file = None if keep is None else keep / f"sequence-{seed}-{consumers}.pkl"
    if file is not None and file.exists():
        of, then = pickle.loads(file.read_bytes())
    else:
        of, then = learned(market, met)
        if file is not None:
            file.write_bytes(pickle.dumps((of, then)))
    return compared(market, of, SHARE * then, replays)


def compared(market: Market, of: Learned, budget: float, replays: int) -> pd.DataFrame:
    """A row a policy and salt: seed, policy (learned, fixed, likely), name, salt, budget, pressure, spent_minor, gain (GMV over
    the same days without it), foretold, price. Money in fen. Raises ValueError where no fixed sequence spends the budget.
    """
    start, people = of.start
    number = numbers(market, of)
    _, chosen = upstream.choose(of, budget)
    tiers = {f"tier-{g}": number[of.eve.tier == g].tolist() for g in range(len(of.times))}
    everybody = {"all": number.tolist()}

    def ours(pressure: float) -> Plan:
        return plan(market, upstream.sequences(of, chosen, pressure, STAGES), tiers)

    weight = (people[:, None] * start).sum(axis=0) / people.sum()
    salts = range(1, replays + 1)
    one = range(1, 2)

    def simple(steps: list[dict[str, Any]], whom: list[int]) -> Callable[[float], Plan]:
        return lambda p: plan(
            market, [{"name": "one", "audience": "all", "steps": steps, "pressure": p}], {"all": whom}
        )

    base = {s: played(market, plan(market, [], {}), s).gmv_minor for s in [*salts, *CHOSEN_ON]}
    makes: dict[str, tuple[Callable[[float], Plan], float]] = {}
    rows, best, tried = [], None, fixed(of, weight)
    pressure = at_spend(market, ours, budget, PRESSURE, one)
    makes["learned"], own = (ours, pressure), pressure
    for name, steps in tried.items():
        make = simple(steps, everybody["all"])
        pressure = at_spend(market, make, budget, 0.05, one)
        found = [played(market, make(pressure), s) for s in CHOSEN_ON]
        gain = np.mean([o.gmv_minor - base[s] for o, s in zip(found, CHOSEN_ON, strict=True)])
        if np.mean([o.spent_minor for o in found]) > 0.9 * budget and (best is None or gain > best[1]):
            best = (name, gain, make, pressure, steps)
    if best is None:
        raise ValueError("no fixed sequence spends the budget")
    makes[f"fixed: {best[0]}"] = (best[2], best[3])
    # most likely buyers first: as many as the money lasts for, at the learned policy's pressure
    bought = untouched.fit(of.points.assign(gmv_minor=(of.points.gmv_minor > 0).astype(float)), KNOWN)
    if bought is None:
        raise ValueError("nothing was bought")
    order = np.argsort(-bought.expected(of.eve), kind="stable")
    low, high = 0, len(order)
    steps = tried[best[0].split(" ×")[0] + " × …"]
    for _ in range(7):
        mid = (low + high) // 2
        spent = played(market, simple(steps, number.iloc[order[:mid]].tolist())(own), 1).spent_minor
        low, high = (low, mid) if spent > budget else (mid, high)
    likely = simple(steps, number.iloc[order[: max(high, 1)]].tolist())
    makes["likely"] = (likely, at_spend(market, likely, budget, own, one))
    foretold = float(sum(n * o.gmv(of.mean) for n, o in zip(people, chosen.outlooks, strict=True)))
    for name, (make, pressure) in makes.items():
        for s in salts:
            o = played(market, make(pressure), s)
            rows.append((market.seed, name.split(":")[0], name, s, budget, pressure, o.spent_minor, o.gmv_minor - base[s],
                         foretold if name == "learned" else np.nan, chosen.price))  # fmt: skip
    names = ["seed", "policy", "name", "salt", "budget", "pressure", "spent_minor", "gain", "foretold", "price"]
    return pd.DataFrame(rows, columns=names)


def better(found: pd.DataFrame) -> pd.DataFrame:
    """seed, fixed, likely: by how much more the learned policy brings than each rival for the same money (share)."""
    sums = found.groupby(["seed", "policy"])[["gain", "spent_minor"]].mean().reset_index()
    per = sums.assign(per=sums.gain / sums.spent_minor).pivot(index="seed", columns="policy", values="per")
    return pd.DataFrame({r: per.learned / per[r] - 1 for r in ("fixed", "likely")}).reset_index()


def median(values: "pd.Series[float]") -> tuple[float, float, float]:
    """Median and its 95 % interval by resampling markets."""
    rng = np.random.default_rng(0)
    draws = np.median(rng.choice(values.to_numpy(float), (2000, len(values))), axis=1)
    low, high = np.quantile(draws, [0.025, 0.975])
    return float(values.median()), float(low), float(high)


def main(arguments: list[str]) -> int:
    """Judge markets one by one and print each, then medians with an interval. Markets in the file are not played again."""
    parser = argparse.ArgumentParser(
        prog="python -m truth sequence", description="The learned sequence beside its rivals."
    )
    parser.add_argument("--seeds", type=int, nargs=2, default=(0, 50))
    parser.add_argument("--consumers", type=int, default=12_000)
    parser.add_argument("--replays", type=int, default=2)
    parser.add_argument("--file", type=Path, default=ROOT / "reports" / "truth" / "sequence.csv")
    chosen = parser.parse_args(arguments)
    chosen.file.parent.mkdir(parents=True, exist_ok=True)
    found = [pd.read_csv(chosen.file)] if chosen.file.exists() else []
    known = set(found[0].seed) if found else set()
    for seed in (s for s in range(*chosen.seeds) if s not in known):
        try:
            found.append(judged(seed, chosen.consumers, chosen.replays))
        except ValueError as error:
            sys.stdout.write(f"{seed}: not judged: {error}\n")
            continue
        pd.concat(found).to_csv(chosen.file, index=False)
        sys.stdout.write(f"{better(found[-1]).iloc[0].round(3).to_dict()}\n")
        sys.stdout.flush()
    if found:
        whole = better(pd.concat(found))
        for rival in ("fixed", "likely"):
            middle, low, high = median(whole[rival])
            told = f"median {middle:.3f} ({low:.3f} to {high:.3f}) of {len(whole)} markets"
            sys.stdout.write(f"more than {rival} at the same spend: {told}\n")
    return 0
