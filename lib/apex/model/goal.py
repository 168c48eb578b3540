"""From a GMV goal back to the consumers needed on its eve.

The window's GMV is stock × conversion × value over the cells of the eve, brought to the level of the combined forecast
(`apex.model.forecast`) by one factor, so that stages and forecast tell one story. What is missing to the goal is closed
proportionally: every planned cell grows by the same factor. Stock beyond the forecast has to be bought, and bought stock
converts less well than stock that came by itself. The cell `none` is forecast, never planned.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from apex.errors import ApexError, nearest
from apex.measure.assets import NONE
from apex.measure.history import History
from apex.model.forecast import forecast, lessons
from apex.model.learned import Learned, taught
from apex.model.outlook import Outlook
from apex.model.stages import StageView, look

NEEDED = ["stage", "eve", "stock_now", "stock_forecast", "low", "high", "conversion", "value_minor", "needed", "gap"]
BEHIND, AHEAD = 0.95, 1.05  # paces between are on pace


@dataclass(frozen=True)
class Bought:
    """How well bought stock converts, as a multiple of stock that came by itself: a prior with its 80 % interval."""

    m: float = 0.34
    low: float = 0.22
    high: float = 0.5

    def __post_init__(self) -> None:
        """ApexError unless 0 < low ≤ m ≤ high."""
        if not 0 < self.low <= self.m <= self.high:
            raise ApexError(f"bought stock: 0 < low ≤ m ≤ high is wanted, not {self.low}, {self.m}, {self.high}.")


@dataclass(frozen=True)
class CannotSay:
    """Why there is no plan: `no_windows` (no earlier window has ended), `few_brands` (nobody to learn from),
    `no_stock` (nobody to plan with: the planned cells bring nothing), `short_window` (a day has no half to look back on).
    """  # fmt: skip

    brand: str
    reason: Literal["no_windows", "few_brands", "no_stock", "short_window"]


@dataclass(frozen=True)
class GoalPlan:
    """A plan for one brand's window. Money in minor units, intervals 80 %.

    forecast, low, high, odds: of the window's GMV, and that it reaches the goal. basis: "years" (the same days of earlier
    years, `apex.model.yearly`), "history" (the combined forecast), or "stages" (stock × conversion
    × value alone, by its peers where the brand has no window of its own; taken
    where it sold nothing in the last window, or where too few earlier windows tell how wrong a forecast is). target: the
    expected GMV planned for: the goal, or what it takes to reach the goal with the wanted odds. k: the factor on the
    planned cells, never below 0; k_best and k_worst at the ends of what bought stock may be worth. level: the one factor
    on stock × conversion × value. windows: earlier windows behind conversion and value.

    cells: one row a cell: stage, stock_now, kept (left on the eve if nothing new happens), stock_forecast, low, high,
    conversion, conversion_low, conversion_high, value_minor (level included), value_low, value_high, gmv_minor, planned,
    needed, gap; floats; needed and gap are null where not planned.
    """

    brand: str
    goal: float
    forecast: float
    low: float
    high: float
    odds: float
    basis: Literal["years", "history", "stages"]
    target: float
    k: float
    k_best: float
    k_worst: float
    level: float
    bought: Bought
    cells: pd.DataFrame
    windows: int
    lead: int

    @property
    def missing(self) -> float:
        """Expected GMV that is missing to the target (below 0: to spare)."""
        return self.target - self.forecast

    def gmv_of(self, stock: "Mapping[str, float] | pd.Series") -> float:
        """Expected GMV with this stock by cell on the eve; cells not named stay as forecast, what exceeds it is bought."""
        held = self.cells.set_index("stage")
        given = pd.Series(stock, dtype=float)
        if unknown := [c for c in given.index if c not in held.index]:
            raise ApexError(f'There is no cell "{unknown[0]}".{nearest(unknown[0], list(held.index))}')
        wanted = held.stock_forecast.copy()
        wanted.update(given)
        extra = wanted - held.stock_forecast
        worth = held.stock_forecast + extra.where(extra < 0, extra * self.bought.m)
        return float((worth * held.conversion * held.value_minor).sum())

    def needed(self, eve: object) -> pd.DataFrame:
        """The table to show (NEEDED): people rounded, `needed` up; null needed and gap where a cell is not planned."""
        cells = self.cells
        people = cells[["stock_now", "stock_forecast", "low", "high"]].round().astype("Int64")
        needed = np.ceil(cells.needed.round(6)).astype("Int64")
        table = cells[["stage", "conversion"]].assign(
            eve=eve, **people, value_minor=cells.value_minor.round().astype("Int64"), needed=needed
        )
        return table.assign(gap=table.needed - table.stock_forecast)[NEEDED]

    def inflow(self, windows: Mapping[str, int]) -> pd.DataFrame:
        """New or renewed consumers a day that the needed stock implies; `windows`: days that a stage lives untouched.

        Returns stage, needed, kept, to_gather (needed beyond what the open book keeps), days (until the eve, at most the
        stage's window: what is gathered earlier has lapsed by then), per_day, usual_per_day (what the forecast counts on),
        steady_per_day (needed over the stage's window: what holds such a stock for good). per_day is null on the eve.
        """
        planned = self.cells[self.cells.planned & self.cells.stage.isin(list(windows))]
        lives = planned.stage.map(dict(windows)).astype(float)
        days = lives.clip(upper=self.lead).astype(float).replace(0.0, np.nan)
        to_gather = (planned.needed - planned.kept).clip(lower=0)
        frame = planned[["stage", "needed", "kept"]].assign(
            to_gather=to_gather,
            days=days,
            per_day=to_gather / days,
            usual_per_day=(planned.stock_forecast - planned.kept).clip(lower=0) / days,
            steady_per_day=planned.needed / lives,
        )
        return frame.reset_index(drop=True)

    def pace(self, then: "Mapping[str, float]", benchmark: "Mapping[str, float | None]") -> pd.DataFrame:
        """Where the stock stands now, against the same distance before an earlier eve and the benchmark's pace.

        then: stock by stage at that distance; benchmark: share of its eve's stock that it held at that distance. Returns
        stage, stock_now, needed, gap_now (needed − now), then, change (now / then − 1), reached (now / needed),
        benchmark, pace (reached / benchmark), verdict (behind, on_pace, ahead; none where there is no pace).
        """
        planned = self.cells[self.cells.planned]
        frame = planned[["stage", "stock_now", "needed"]].reset_index(drop=True)
        frame["gap_now"] = frame.needed - frame.stock_now
        for name, given in (("then", then), ("benchmark", benchmark)):
            frame[name] = pd.to_numeric(frame.stage.map(dict(given)))
        frame["change"] = frame.stock_now / frame.then.where(frame.then > 0) - 1
        frame["reached"] = frame.stock_now / frame.needed.where(frame.needed > 0)
        frame["pace"] = frame.reached / frame.benchmark.where(frame.benchmark > 0)
        frame["verdict"] = np.select(
            [frame.pace.isna(), frame.pace < BEHIND, frame.pace > AHEAD], ["none", "behind", "ahead"], "on_pace"
        )
        columns = [
            "stage",
            "stock_now",
            "needed",
            "gap_now",
            "then",
            "change",
            "reached",
            "benchmark",
            "pace",
            "verdict",
        ]
        return frame[columns]


def plan(
    history: History,
    brand: str,
    goal_minor: float,
    rng: np.random.Generator,
    *,
    bought: Bought | None = None,
    hold: Sequence[str] = (),
    odds_wanted: float | None = None,
    learned: Sequence[Learned] = (),
    outlook: Outlook | None = None,
) -> GoalPlan | CannotSay:
    """The stock needed on the eve for a goal, as known on `history.as_of`; the window begins the day after the eve.

    bought: how bought stock converts. hold: cells that stay as forecast (what a month cannot move). odds_wanted: plan for
    reaching the goal with these odds, instead of in expectation. learned: conversions that earlier campaigns' lessons bring.
    outlook: what the same days of earlier years say of the window; it is then the forecast.
    Raises ApexError for a brand outside the history, a goal
    or odds that are none, an unknown cell to hold.
    """
    bought = bought or Bought()
    _check(history, brand, goal_minor, hold, odds_wanted)
    view = look(history, history.as_of)
    if view is None:
        return CannotSay(brand, "no_windows")
    if not view.known[brand]:
        return CannotSay(brand, "few_brands")
    if learned:
        view = taught(view, brand, tuple(learned), history.length)
    cells = _cells(view, brand, hold)
    total = float(cells.gmv_minor.sum())
    if not cells.gmv_minor[cells.planned].sum() > 0:
        return CannotSay(brand, "no_stock")

    basis: Literal["years", "history", "stages"]
    if outlook is not None:
        middle, (low, high) = outlook.middle("gmv_minor"), outlook.interval("gmv_minor")
        odds, basis = outlook.odds({"gmv_minor": goal_minor})["gmv_minor"], "years"
        sure = None if odds_wanted is None else outlook.quantile("gmv_minor", 1 - odds_wanted) / middle
        return _planned(view, cells, goal_minor, (middle, low, high), odds, basis, sure, bought, brand, history.lead)
    made = forecast(lessons(history), history.as_of)
    own = made.frame[made.frame.brand == brand]
    if made.spread is not None and len(own):
        middle, low, high = (float(own[c].iloc[0]) for c in ("forecast", "low", "high"))
        odds = made.spread.odds(brand, goal_minor / middle)
        sure = None if odds_wanted is None else float(made.spread.quantile(pd.Index([brand]), 1 - odds_wanted)[0])
        basis = "history"
    else:
        draws = view.draws(brand, rng)
        if made.spread is not None:  # how far a window strays even where stock, conversion and value are known
            draws = draws * np.exp(rng.choice(made.spread.errors, len(draws)) * made.spread.common)
        middle, (low, high) = total, (float(q) for q in np.quantile(draws, [0.1, 0.9]))
        odds = float((np.sum(draws >= goal_minor) + 0.5) / (len(draws) + 1))
        sure = None if odds_wanted is None else float(np.quantile(draws, 1 - odds_wanted)) / middle
        basis = "stages"
    return _planned(view, cells, goal_minor, (middle, low, high), odds, basis, sure, bought, brand, history.lead)


def _planned(
    view: StageView, cells: pd.DataFrame, goal_minor: float, said: tuple[float, float, float], odds: float,
    basis: Literal["years", "history", "stages"], sure: float | None, bought: Bought, brand: str, lead: int,
) -> GoalPlan:  # fmt: skip
    """The plan once the forecast `said` (middle, low, high) and its odds are known; sure: reached with the odds wanted."""
    middle, low, high = said
    level = middle / float(cells.gmv_minor.sum())
    cells[["value_minor", "value_low", "value_high", "gmv_minor"]] *= level
    target = goal_minor if sure is None else goal_minor / sure
    movable = float(cells.gmv_minor[cells.planned].sum())
    factor = {m: _factor(target - middle, movable, m) for m in (bought.low, bought.m, bought.high)}
    cells["needed"] = (cells.stock_forecast * factor[bought.m]).where(cells.planned)
    cells["gap"] = cells.needed - cells.stock_forecast
    return GoalPlan(
        brand, goal_minor, middle, low, high, odds, basis, target, factor[bought.m], factor[bought.high],
        factor[bought.low], level, bought, cells, view.windows, lead,
    )  # fmt: skip


def _factor(missing: float, movable: float, m: float) -> float:
    """The factor on the planned cells: what is missing has to be bought, what is to spare need not come."""
    return max(0.0, 1 + missing / movable / (m if missing > 0 else 1.0))


def _cells(view: StageView, brand: str, hold: Sequence[str]) -> pd.DataFrame:
    """The brand's cells, shallow to deep, before the level."""
    at = view.brands.index(brand)
    frame = view.stocks[view.stocks.brand == brand].drop(columns="brand")
    frame = frame.rename(columns={"cell": "stage", "forecast": "stock_forecast"})
    frame["stage"] = frame.stage.astype(str)
    for name, posteriors in (("conversion", view.conversion), ("value", view.value)):
        found = {c: (p.mean[at], *(side[at] for side in p.interval())) for c, p in posteriors.items()}
        columns = [name if name == "conversion" else "value_minor", f"{name}_low", f"{name}_high"]
        for position, column in enumerate(columns):
            frame[column] = frame.stage.map({c: float(values[position]) for c, values in found.items()})
    frame["gmv_minor"] = frame.stock_forecast * frame.conversion * frame.value_minor
    frame["planned"] = (frame.stage != NONE) & ~frame.stage.isin(list(hold))
    return frame.reset_index(drop=True)


def _check(history: History, brand: str, goal_minor: float, hold: Sequence[str], odds: float | None) -> None:
    if brand not in history.brands:
        raise ApexError(f'plan: the history does not hold the brand "{brand}".{nearest(brand, history.brands)}')
    if not goal_minor > 0:
        raise ApexError(f"plan: the goal is an amount above 0 in minor units, not {goal_minor}.")
    if odds is not None and not 0 < odds < 1:
        raise ApexError(f"plan: the odds wanted lie between 0 and 1, not {odds}.")
    cells = [c for c in history.stocks.cell.cat.categories if c != NONE]
    for cell in hold:
        if cell not in cells:
            raise ApexError(f'plan: there is no cell "{cell}" to hold.{nearest(cell, cells)}')
