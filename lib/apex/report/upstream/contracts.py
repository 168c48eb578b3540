"""What `3_execute/contracts` rests on: where each guarantee will end, what slots have left for it, and who gets it when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from apex.measure import inventory as measure
from apex.model import allocation, guarantees
from apex.model import inventory as model
from apex.model.make_good import take
from apex.report.upstream import once

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from apex.report.run import Run

DRAWS = 200
SEED = 2024
NAMES = ["contract_id", "placement", "channel", "crowd", "guarantee", "amount", "last_day"]
PEOPLE = ["come"]
ALSO = ["mean", "low", "high", "odds", "gap", "gap_sure", "expected_penalty_minor", "impressions_gap", "impressions_sure",
        "asked", "daily", "usual_daily", "lacks", "odds_asked"]  # fmt: skip


@dataclass(frozen=True)
class CannotTell:
    """Why nothing is said: `no_contracts` (no such table), `none_own` (none of this brand), `none_open` (all are over)."""

    reason: str


@dataclass(frozen=True)
class Study:
    """outlook: of the brand's open contracts. supply: of their slots, None without a table `inventory`; booking, plan: who gets
    which cell of it. given: (draws, contracts) impressions that the slots can give. auctions: see `measure.inventory`.
    sure: the odds that one wants to have.
    """

    outlook: guarantees.Outlook
    supply: model.Supply | None
    booking: allocation.Booking | None
    plan: allocation.Plan | None
    given: "NDArray[np.float64] | None"
    auctions: pd.DataFrame
    sure: float

    def contracts(self) -> pd.DataFrame:
        """A row a contract: `NAMES`, come, and the columns `ALSO`; units of the guarantee, impressions where the name says so.

        odds: that it is met as things go; gap: units missing on average; gap_sure: units that make it met with probability
        `sure`; asked: impressions due by the last day to meet it exactly; daily: that a day; usual_daily: a day so far; lacks:
        what the slots do not have of them; odds_asked: that the slots have them.
        """
        of, ends, cost = self.outlook.of, self.outlook.ends, self.outlook.costs
        frame = of[NAMES].copy()
        frame["come"] = [e.come for e in ends]
        frame["mean"] = [e.mean for e in ends]
        frame["low"], frame["high"] = ([e.quantile(q) for e in ends] for q in guarantees.INTERVAL)
        frame["odds"] = [1 - e.short for e in ends]
        frame["gap"] = [e.gap() for e in ends]
        frame["gap_sure"] = [e.gap_at(self.sure) for e in ends]
        frame["expected_penalty_minor"] = of.penalty_minor * frame.gap / of.amount
        frame["impressions_gap"], frame["impressions_sure"] = frame.gap * cost, frame.gap_sure * cost
        length = np.array([len(c.phases) for c in self.outlook.courses])
        left = np.minimum([(last - self.outlook.day).days for last in of.last_day], length)
        done = np.array([c.impressions.sum() for c in self.outlook.courses])
        frame["asked"] = self.outlook.due
        frame["daily"] = self.outlook.due / np.maximum(left, 1)
        frame["usual_daily"] = np.divide(done, length - left, out=np.full(len(done), np.nan), where=length > left)
        frame["lacks"] = np.nan if self.plan is None else self.plan.under.round(3)
        if self.given is None:
            return frame.assign(odds_asked=np.nan)
        return frame.assign(odds_asked=(self.given >= np.nan_to_num(self.outlook.due) * (1 - 1e-6)).mean(axis=0))

    def who(self) -> pd.DataFrame:
        """contract_id, crowd, phase, day, impressions: the plan, cell by cell, of contracts that are due something."""
        columns = ["contract_id", "crowd", "phase", "day", "impressions"]
        if self.plan is None or self.supply is None or self.booking is None:
            return pd.DataFrame(columns=columns)
        cells = self.supply.cells.iloc[self.booking.cell]
        frame = cells[["crowd", "phase", "day"]].reset_index(drop=True).assign(impressions=self.plan.flow)
        frame.insert(0, "contract_id", self.outlook.of.contract_id.to_numpy()[self.booking.contract])
        return frame[frame.impressions > 0].reset_index(drop=True)

    def slots(self, by: Sequence[str], shown: pd.DataFrame) -> pd.DataFrame:
        """The columns `by` (placement, crowd), announced, others, free, low, high (of free, 80 %), asked: over the days left.

        asked: by the contracts that may be shown; with the others in it, what these have got could be had by subtraction.
        """
        columns = [*by, "announced", "others", "free", "low", "high", "asked"]
        if self.supply is None or self.booking is None or self.plan is None:
            return pd.DataFrame(columns=columns)
        open_ = self.outlook.of.contract_id.isin(shown.contract_id[~shown.suppressed]).to_numpy()
        asked = self.booking.uses(self.plan.flow * open_[self.booking.contract])
        cells = self.supply.cells.assign(asked=asked)
        groups = cells.groupby(list(by), sort=True)
        frame = groups[["announced", "others", "free", "asked"]].sum().reset_index()
        number = groups.ngroup().to_numpy()
        sums = np.array([np.bincount(number, row, len(frame)) for row in _draws(self.supply)])
        frame["low"], frame["high"] = np.quantile(sums, guarantees.INTERVAL, axis=0)
        return frame[columns]

    def scarce(self, contract: int) -> pd.DataFrame:
        """placement, crowd, impressions of the cells that stand in a contract's way, over all days, the largest first."""
        if self.plan is None or self.supply is None or self.booking is None:
            return pd.DataFrame(columns=["placement", "crowd", "impressions"])
        cells = self.supply.cells.iloc[allocation.scarce_cells(self.booking, self.plan, contract)]
        sums = cells.groupby(["placement", "crowd"], as_index=False).free.sum().rename(columns={"free": "impressions"})
        return sums.sort_values("impressions", ascending=False, ignore_index=True)

    def auction(self, shown: pd.DataFrame) -> pd.DataFrame:
        """gap (`expected` or `sure`), channel, price_minor, impressions, cost_minor: what fills the gaps of these contracts."""
        days = max((last - self.outlook.day).days for last in self.outlook.of.last_day)
        parts = [
            take(self.auctions, float(shown[column].astype(float).fillna(0).sum()), days).assign(gap=name)
            for name, column in (("expected", "impressions_gap"), ("sure", "impressions_sure"))
        ]
        return pd.concat(parts, ignore_index=True)[["gap", "channel", "price_minor", "impressions", "cost_minor"]]


@dataclass(frozen=True)
class Tables:
    """What the page keeps and shows; all of them empty where nothing can be said. n: ended contracts; scarce: by contract_id,
    the cells in the way of one that the slots cannot meet.
    """

    study: Study | CannotTell
    contracts: pd.DataFrame
    n: int
    scarce: dict[str, pd.DataFrame]

    def auction(self, shown: pd.DataFrame) -> pd.DataFrame:
        """What fills the gaps of those contracts that may be shown."""
        if isinstance(self.study, CannotTell):
            return pd.DataFrame(columns=["gap", "channel", "price_minor", "impressions", "cost_minor"])
        return self.study.auction(shown)

    def slots(self, by: Sequence[str], shown: pd.DataFrame) -> pd.DataFrame:
        """The slots by placement, or by placement and crowd; `asked` is of the contracts that may be shown."""
        if isinstance(self.study, CannotTell):
            return pd.DataFrame(columns=[*by, "announced", "others", "free", "low", "high", "asked"])
        return self.study.slots(by, shown)

    def plan(self, shown: pd.DataFrame) -> pd.DataFrame:
        """contract_id, crowd, phase, day, impressions of those contracts that may be shown."""
        if isinstance(self.study, CannotTell):
            return pd.DataFrame(columns=["contract_id", "crowd", "phase", "day", "impressions"])
        who = self.study.who()
        return who[who.contract_id.isin(shown.contract_id[~shown.suppressed])].reset_index(drop=True)


def tables(of: Study | CannotTell) -> Tables:
    """The page's tables of a study."""
    if isinstance(of, CannotTell):
        none = {c: pd.Series(dtype="float64") for c in (*PEOPLE, *ALSO)}
        return Tables(of, pd.DataFrame({c: [] for c in NAMES} | none), 0, {})
    contracts = of.contracts()
    lacking = [n for n, lacks in enumerate(contracts.lacks) if lacks > 0]
    scarce = {contracts.contract_id[n]: of.scarce(n) for n in lacking}
    n = 0 if of.outlook.record is None else of.outlook.record.n
    return Tables(of, contracts, n, scarce)


def study(run: "Run", sure: float) -> Study | CannotTell:
    """The brand's open contracts on the run's day, or why there is nothing to say. Computed once in one process."""
    return once(run, f"contracts {sure}", lambda: _study(run, sure))


def _study(run: "Run", sure: float) -> Study | CannotTell:
    day, seen = run.as_of, run.warehouse
    if not seen.has("contracts"):
        return CannotTell("no_contracts")
    known = measure.contracts(seen)
    mine = known.brand.isna() | (known.brand == run.brand)
    over = np.array([d <= day for d in known.last_day], bool)
    if not (mine & ~over).any():
        return CannotTell("none_open" if mine.any() else "none_own")
    phases = measure.phases(seen)
    outlook = guarantees.outlook(known[mine | over], measure.delivered(seen, known[mine | over]), phases, day)
    auctions = measure.auctions(seen, run.brand)
    supply = _supply(run, known[mine], outlook, phases)
    if supply is None:
        return Study(outlook, None, None, None, None, auctions, sure)
    due = np.nan_to_num(outlook.due)
    booking = model.book(outlook.of, supply.cells, due)
    given = model.given(outlook.of, supply, due, _draws(supply))
    return Study(outlook, supply, booking, allocation.allocate(booking), given, auctions, sure)


def _supply(run: "Run", mine: pd.DataFrame, outlook: guarantees.Outlook, phases: pd.DataFrame) -> model.Supply | None:
    slots = sorted(set(outlook.of.placement))
    announced = measure.announced(run.warehouse, slots)
    spans = sorted(set(zip(mine.first_day, mine.last_day, strict=True)))
    ahead = run.as_of + timedelta(days=1), max(outlook.of.last_day)
    if announced.empty or not ((announced.day >= ahead[0]) & (announced.day <= ahead[1])).any():
        return None
    carried = measure.carried(run.warehouse, slots, run.brand, spans[0][0])
    past = [(first, min(last, run.as_of)) for first, last in spans if first <= run.as_of]
    return model.forecast(announced, carried, phases[phases.campaign_id.isin(mine.campaign_id)], past, ahead)


def _draws(supply: model.Supply) -> "NDArray[np.float64]":
    return supply.draws(DRAWS, np.random.default_rng(SEED))
