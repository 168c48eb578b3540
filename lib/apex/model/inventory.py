"""What slots will carry for us: what is announced less what others will take, by slot × crowd × day, with the forecast's spread.

Others take a share of what is announced, by slot and phase, as in earlier campaigns; the spread is how far off the same forecast
was, campaign by campaign, from those before it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from apex.model.allocation import Booking, feasible
from apex.model.contract_pace import OTHER

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SPREAD, WORTH = 0.25, 4  # prior sd of ln(taken / forecast), and how many slots and phases it is worth: a convention
Span = tuple[date, date]


@dataclass(frozen=True)
class Supply:
    """cells: placement, crowd, day, phase, announced, others (forecast), free. spread: sd of the logarithm of what others take,
    common to a slot and phase; n: slots and phases behind it.
    """

    cells: pd.DataFrame
    spread: float
    n: int

    def draws(self, count: int, rng: np.random.Generator) -> "Floats":
        """(count, cells) of what may be free: others' share varies by slot and phase, and each cell is counted."""
        group = self.cells.groupby(["placement", "phase"], sort=False).ngroup().to_numpy()
        common = rng.standard_normal((count, group.max(initial=-1) + 1)) * self.spread
        taken = rng.poisson(self.cells.others.to_numpy(float) * np.exp(common[:, group] - self.spread**2 / 2))
        return np.asarray(np.maximum(self.cells.announced.to_numpy(float) - taken, 0), float)


def named(days: Sequence[date], phases: pd.DataFrame) -> "NDArray[np.object_]":
    """The phase of each day; OTHER between them. phases: phase, first_day, last_day of one brand's campaigns."""
    at, out = np.array(days, "datetime64[D]"), np.full(len(days), OTHER, object)
    for row in phases.itertuples():
        out[(at >= np.datetime64(row.first_day)) & (at <= np.datetime64(row.last_day))] = row.phase
    return out


def forecast(
    announced: pd.DataFrame, carried: pd.DataFrame, phases: pd.DataFrame, past: Sequence[Span], ahead: Span
) -> Supply:
    """The supply of the days `ahead`. announced, carried: as `measure.inventory` gives them; phases: of the brand's campaigns.

    past: the spans of earlier campaigns to learn from, and of this one so far. Days that nobody announced have no supply.
    """
    both = announced.merge(carried, on=["placement", "crowd", "day"], how="left").fillna({"ours": 0, "others": 0})
    both["phase"] = named(both.day.tolist(), phases)
    parts = [both[_inside(both.day, span)] for span in past]
    wrong = [_off(pd.concat(parts[:k]), parts[k]) for k in range(1, len(parts)) if len(parts[k])]
    errors = np.concatenate([*wrong, np.zeros(0)])
    spread = float(np.sqrt(((errors**2).sum() + WORTH * SPREAD**2) / (len(errors) + WORTH)))
    cells = both.loc[_inside(both.day, ahead), ["placement", "crowd", "day", "phase", "impressions"]]
    cells = cells.rename(columns={"impressions": "announced"}).reset_index(drop=True)
    known = pd.concat(parts) if parts else both[:0]
    cells["others"] = cells.announced * _share(known, cells)
    cells["free"] = np.maximum(cells.announced - cells.others, 0.0)
    return Supply(cells, spread, len(errors))


def _inside(days: "pd.Series[date]", span: Span) -> "pd.Series[bool]":
    at = days.to_numpy("datetime64[D]")
    return pd.Series((at >= np.datetime64(span[0])) & (at <= np.datetime64(span[1])), days.index)


def _share(known: pd.DataFrame, cells: pd.DataFrame) -> "Floats":
    """(cells,) others' share of what is announced: of slot and phase, else of the slot, else of all."""
    every = known.others.sum() / max(known.impressions.sum(), 1)
    out = pd.Series(every, cells.index)
    for keys in (["placement"], ["placement", "phase"]):
        sums = known.groupby(keys)[["others", "impressions"]].sum()
        share = (sums.others / sums.impressions.where(sums.impressions > 0)).rename("share").reset_index()
        mine = cells[keys].merge(share, on=keys, how="left").share
        out = mine.set_axis(cells.index).fillna(out)
    return np.minimum(out.to_numpy(float), 1.0)


def _off(known: pd.DataFrame, later: pd.DataFrame) -> "Floats":
    """ln(taken / forecast) of each slot and phase of a later campaign."""
    told = later.assign(told=later.impressions * _share(known, later))
    sums = told.groupby(["placement", "phase"])[["others", "told"]].sum()
    sums = sums[(sums.told > 0) & (sums.others > 0)]
    return np.log(sums.others / sums.told).to_numpy(float)


def book(of: pd.DataFrame, cells: pd.DataFrame, due: "Floats") -> Booking:
    """Which contract may use which cell: its slot, its crowd ("": all) and its days.

    of: rows of contracts; cells: placement, crowd, day, free; due: (J,) impressions. A missing one costs its part of the penalty.
    """
    edges, day = [], cells.day.to_numpy("datetime64[D]")
    for j, row in enumerate(of.itertuples()):
        fits = (
            (cells.placement == row.placement).to_numpy()
            & (day >= np.datetime64(row.first_day))
            & (day <= np.datetime64(row.last_day))
        )
        at = np.flatnonzero(
            fits & ((cells.crowd == row.crowd).to_numpy() | (row.crowd == "")) & (cells.free > 0).to_numpy()
        )
        edges.append(np.column_stack([at, np.full(len(at), j)]))
    pairs = np.concatenate([*edges, np.zeros((0, 2), int)]).astype(np.int64)
    each = of.penalty_minor.to_numpy(float) / np.maximum(due, 1.0)
    return Booking(
        cells.free.to_numpy(float), pairs[:, 0], pairs[:, 1], due, np.maximum(each, 1e-6 * max(each.max(initial=0), 1))
    )


def given(of: pd.DataFrame, supply: Supply, due: "Floats", draws: "Floats") -> "Floats":
    """(draws, J) impressions that the slots can give each contract, at the least penalty, if their supply is as drawn.

    Days between which no contract begins or ends count together.
    """
    day = supply.cells.day.to_numpy("datetime64[D]")
    turns = np.unique(np.r_[of.first_day.to_numpy("datetime64[D]"), of.last_day.to_numpy("datetime64[D]") + 1])
    keys = supply.cells.assign(stretch=np.searchsorted(turns, day, side="right"))
    groups = keys.groupby(["placement", "crowd", "stretch"], sort=True)
    number = groups.ngroup().to_numpy()
    cells = groups.agg(day=("day", "first"), free=("free", "sum")).reset_index()
    cells["free"] = np.maximum(cells.free, 1e-9)
    whole = book(of, cells, due)
    out = []
    for row in draws:
        now = replace(whole, supply=np.bincount(number, row, len(cells)).astype(float))
        easy = (now.uses(now.share) <= now.supply * (1 + 1e-9)).all()
        out.append(now.gets(now.share if easy else feasible(now).flow))
    return np.array(out).reshape(len(draws), len(of))
