"""`python -m truth sequence`: the learned sequence, held against fixed ones and "most likely buyer first" at the same spend.

Each market is seen as the notebook would see it, up to the eve of the window; then every policy is played in the window's days
with all chance shared, beside the same days without it. The same spend is enforced by each policy's pressure, found by playing.
"""

import argparse
import copy
import hashlib
import hmac
import pickle
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from apex import ledger
from apex.files import ROOT
from apex.measure import media as media_measure
from apex.measure.moves import KNOWN
from apex.measure.steps import TOUCHES
from apex.model import untouched
from apex.report.upstream import sequence as upstream
from apex.report.upstream.sequence import Learned
from apex.warehouse.keys import PUBLIC_KEY
from truth import worlds
from twin.act import Config, Market
from twin.curves import AFTER
from twin.people import People
from twin.plan import EventDay, Plan, Sequence
from twin.purchase import BUY
from twin.stages import AT

if TYPE_CHECKING:
    from numpy.typing import NDArray

EVE, LAST = date(2024, 10, 20), date(2024, 11, 18)
BEFORE = "b00-d11-2023"
TABLES = ("items", "consumers", "channels", "creatives", "events", "spend", "campaigns", "phases", "experiments",
          "assignments")  # fmt: skip
RULES, STAGES = "aipl", ("none", "A", "I", "P", "L")
PRESSURE, SHARE = 0.3, 0.25  # the notebook's parameters
RIVALS = ("fixed", "likely", "clicked")
CLICKABLE = 20  # contacts below which nobody says how well a message is clicked
TRIED = ("live", "search", "activity")  # channels of fixed sequences
LENGTHS = (2, TOUCHES)
CHOSEN_ON = range(101, 102)  # plays by which the best fixed sequence is chosen, others than those that judge
Sequences = list[dict[str, Any]]
Audiences = dict[str, list[int]]


def seen(market: Market, folder: Path) -> Any:
    """What the notebook would see of the default brand's category on the eve, as a book over a warehouse in `folder`."""
    cut = worlds.seen(market, EVE, TABLES, folder)
    return replace(ledger.ensure(cut.until(None), ledger.load_rules(RULES)), warehouse=cut)


def read(market: Market) -> tuple[upstream.Read, float]:
    """What the notebook reads on the eve, and what the brand spent in the same days a year before."""
    with tempfile.TemporaryDirectory() as folder:
        book, brand = seen(market, Path(folder)), market.drawn.brands[0]
        found = upstream.read(book, brand, EVE, [BEFORE])
        then = media_measure.spent(book.warehouse, brand, date(2023, 10, 21), date(2023, 11, 18))
    if found is None:
        raise ValueError("media met nobody")
    return found, float(then.cost_minor.sum())


def numbers(market: Market, of: Learned) -> pd.Series:
    """The consumer's number in the market of everybody on the eve."""
    known = {int.from_bytes(hmac.digest(PUBLIC_KEY, str(n).encode(), hashlib.sha256)[:8], "big") >> 1: int(n)
             for n in market.crowd.number}  # fmt: skip
    return of.eve.consumer_id.map(known)


class Field:
    """A market in which plans are played for those alone whom they address: nobody else lives otherwise, to the last draw."""

    def __init__(self, market: Market, salts: Iterable[int]) -> None:
        """Everybody's GMV of the days without any of it, by salt."""
        self.market, self.brand = market, market.drawn.brands[0]
        self.base = {s: self._money(market, self._plan(market, [], {}), s)[0] for s in salts}

    def brought(self, sequences: Sequences, whom: Audiences, salts: Iterable[int]) -> "NDArray[np.float64]":
        """(salts, 2) what these sequences cost, and GMV over the same days without them, minor units."""
        who = np.unique(np.concatenate([whom[s["audience"]] for s in sequences]))
        market = self._only(who)
        plan = self._plan(market, sequences, {s["audience"]: whom[s["audience"]] for s in sequences})
        rows = []
        for salt in salts:
            money, spent = self._money(market, plan, salt)
            rows.append((spent, float((money - self.base[salt])[who].sum())))
        return np.array(rows, float)

    def at_spend(
        self, make: Callable[[float], tuple[Sequences, Audiences]], wanted: float, pressure: float, salts: Iterable[int]
    ) -> float:
        """The pressure at which a policy spends what is wanted, as far as that can be."""
        salts = list(salts)
        for _ in range(4):
            spent = self.brought(*make(pressure), salts)[:, 0].mean()
            if abs(spent - wanted) < 0.005 * wanted:
                break
            pressure = float(np.clip(pressure * np.clip(wanted / max(spent, 1.0), 0.2, 5.0), 1e-4, 1.0))
        return pressure

    def _only(self, who: "NDArray[np.int64]") -> Market:
        """The market of these consumers (numbers) as of the eve."""
        whole, at = self.market, who - 1
        eve = whole.eve(EVE + timedelta(days=1), None, self.brand, 1)
        part = copy.copy(whole)
        part.crowd = People(*(a[at] for a in whole.crowd))
        part._past = replace(eve, states={k: v[at] for k, v in eve.states.items()})
        usual = whole._usual
        part._usual = (part._past, usual[1], usual[2], {day: v[at] for day, v in usual[3].items()})
        return part

    def _plan(self, market: Market, sequences: Sequences, audiences: Audiences) -> Plan:
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

    def _money(self, market: Market, plan: Plan, salt: int) -> tuple["NDArray[np.float64]", float]:
        """(consumers + 1,) GMV of each number from the first day to AFTER days after the last, and what the plan cost."""
        lived = market.play(plan, until=LAST + timedelta(days=AFTER), brand=self.brand, salt=salt, cores=1)
        e = lived.events
        bought = e[(e[:, AT["behaviour"]] == BUY) & (e[:, AT["brand"]] == 0)]
        number = bought[:, AT["consumer"]]
        money = np.bincount(number, bought[:, AT["value"]], self.market.config.consumers + 1).astype(float)
        return money, float(lived.lines.spent_minor.sum())


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


def clicked(of: Learned) -> list[dict[str, Any]]:
    """One step for all: the channel with the most last-click orders for its money in the log, its message clicked most."""
    met = of.points[of.points.channel.isin(of.channels)]
    by = met.groupby("channel").ordered.agg(["size", "sum"]).reindex(list(of.channels)).fillna(0.0)
    praised = by["sum"].to_numpy() / np.maximum(by["size"].to_numpy() * of.steps.cost, 1e-9)
    channel = of.channels[int(praised.argmax())]
    shown = met[met.channel == channel].groupby("message").clicked.agg(["size", "mean"])
    shown = shown[shown["size"] >= CLICKABLE]
    return [{"channel": channel, "message": str(shown["mean"].idxmax()) if len(shown) else of.messages[0]}]


def judged(seed: int, consumers: int, replays: int, keep: Path | None = None) -> pd.DataFrame:
    """See `compared`. keep: a folder for what was read, so that a second look need not live the market again."""
    market = Market(Config(consumers), seed)
    file = None if keep is None else keep / f"{seed}-{consumers}.pkl"
    if file is not None and file.exists():
        log, then = pickle.loads(file.read_bytes())
    else:
        log, then = read(market)
        if file is not None:
            file.write_bytes(pickle.dumps((log, then)))
    of = upstream.learned(log, PRESSURE * upstream.MEETS, (LAST - EVE).days)
    if of is None:
        raise ValueError("nothing was learned")
    return compared(market, of, SHARE * then, replays)


def compared(market: Market, of: Learned, budget: float, replays: int) -> pd.DataFrame:
    """A row a policy and salt: seed, policy (learned, or one of RIVALS), name, salt, budget, pressure, spent_minor, gain (GMV
    over the same days without it), foretold, price. Money in fen. Raises ValueError where no fixed sequence spends the budget.
    """
    start, people = of.start
    number = numbers(market, of).to_numpy()
    _, chosen = upstream.choose(of, budget)
    tiers = {f"tier-{g}": number[of.eve.tier == g].tolist() for g in range(len(of.times))}
    salts = range(1, replays + 1)
    field = Field(market, [*salts, *CHOSEN_ON])

    def ours(pressure: float) -> tuple[Sequences, Audiences]:
        return upstream.sequences(of, chosen, pressure, STAGES), tiers

    def simple(
        steps: list[dict[str, Any]], whom: "NDArray[np.int64]"
    ) -> Callable[[float], tuple[Sequences, Audiences]]:
        return lambda p: ([{"name": "one", "audience": "all", "steps": steps, "pressure": p}], {"all": whom.tolist()})

    own = field.at_spend(ours, budget, PRESSURE, salts)
    makes: dict[str, tuple[Callable[[float], tuple[Sequences, Audiences]], float]] = {"learned": (ours, own)}
    rows, best, tried = [], None, fixed(of, (people[:, None] * start).sum(axis=0) / people.sum())
    for name, steps in tried.items():
        make = simple(steps, number)
        pressure = field.at_spend(make, budget, 0.01, [1])
        spent, gain = field.brought(*make(pressure), CHOSEN_ON).mean(axis=0)
        if spent > 0.9 * budget and (best is None or gain > best[1]):
            best = (name, gain, make, pressure)
    if best is None:
        raise ValueError("no fixed sequence spends the budget")
    makes[f"fixed: {best[0]}"] = (best[2], field.at_spend(best[2], budget, best[3], salts))
    # most likely buyers first, as many as the money lasts for: with what playing shows to be best, which no brand knows, and
    # with what the log's own last clicks praise
    bought = untouched.fit(of.points.assign(gmv_minor=(of.points.gmv_minor > 0).astype(float)), KNOWN)
    if bought is None:
        raise ValueError("nothing was bought")
    first = number[np.argsort(-bought.expected(of.eve), kind="stable")]
    for name, steps in (("likely", tried[best[0].split(" ×")[0] + " × …"]), ("clicked", clicked(of))):
        low, high = 0, len(first)
        while high - low > 1:
            mid = (low + high) // 2 if low else min(len(first) // 16 + 1, (low + high + 1) // 2)
            spent = field.brought(*simple(steps, first[:mid])(PRESSURE), [1])[0, 0]
            low, high = (low, mid) if spent > budget else (mid, high)
        make = simple(steps, first[: max(high, 1)])
        makes[name] = (make, field.at_spend(make, budget, PRESSURE, salts))
    foretold = float(sum(n * o.gmv(of.mean) for n, o in zip(people, chosen.outlooks, strict=True)))
    for name, (make, pressure) in makes.items():
        for s, (spent, gain) in zip(salts, field.brought(*make(pressure), salts), strict=True):
            rows.append((market.seed, name.split(":")[0], name, s, budget, pressure, spent, gain,
                         foretold if name == "learned" else np.nan, chosen.price))  # fmt: skip
    names = ["seed", "policy", "name", "salt", "budget", "pressure", "spent_minor", "gain", "foretold", "price"]
    return pd.DataFrame(rows, columns=names)


def better(found: pd.DataFrame) -> pd.DataFrame:
    """seed, and each of RIVALS that was played: by how much more the learned policy brings for the same money (share)."""
    sums = found.groupby(["seed", "policy"])[["gain", "spent_minor"]].mean().reset_index()
    per = sums.assign(per=sums.gain / sums.spent_minor).pivot(index="seed", columns="policy", values="per")
    return pd.DataFrame({r: per.learned / per[r] - 1 for r in RIVALS if r in per}).reset_index()


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
    parser.add_argument("--seeds", type=int, nargs=2, default=(109, 159))
    parser.add_argument("--consumers", type=int, default=4_000)
    parser.add_argument("--replays", type=int, default=4)
    parser.add_argument("--keep", type=Path, help="folder of what was read of each market")
    parser.add_argument("--file", type=Path, default=ROOT / "reports" / "truth" / "sequence.csv")
    chosen = parser.parse_args(arguments)
    chosen.file.parent.mkdir(parents=True, exist_ok=True)
    found = [pd.read_csv(chosen.file)] if chosen.file.exists() else []
    known = set(found[0].seed) if found else set()
    for seed in (s for s in range(*chosen.seeds) if s not in known):
        try:
            found.append(judged(seed, chosen.consumers, chosen.replays, chosen.keep))
        except ValueError as error:
            sys.stdout.write(f"{seed}: not judged: {error}\n")
            continue
        pd.concat(found).to_csv(chosen.file, index=False)
        sys.stdout.write(f"{better(found[-1]).iloc[0].round(3).to_dict()}\n")
        sys.stdout.flush()
    if found:
        whole = better(pd.concat(found))
        for rival in (r for r in RIVALS if r in whole):
            middle, low, high = median(whole[rival])
            told = f"median {middle:.3f} ({low:.3f} to {high:.3f}) of {len(whole)} markets"
            sys.stdout.write(f"more than {rival} at the same spend: {told}\n")
    return 0
