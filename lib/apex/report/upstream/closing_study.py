"""What `4_wrapup/closing` counts beside its lesson: goals and what came of them, and the bridge from the plan to the result."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from apex.measure import baskets, reached, same_days, trade, windows
from apex.measure.privacy import suppress
from apex.measure.windows import Window
from apex.model import bridge as bridges
from apex.model.bridge import NEEDED, POOLED, Side

if TYPE_CHECKING:
    from apex.report.run import Run

GOALS = ["measure", "goal", "actual", "before", "year"]
EXPECTED = ["consumers", "conversion", "value_minor", "gmv_minor"]


def goals(run: "Run") -> pd.DataFrame:
    """GOALS and `suppressed`: what was to be reached and what was, beside the window before and the same days a year before.

    goal is null where the campaign sets none; before and year where the data do not hold these days whole, or would have to
    reach back further to say it (new and active consumers look a year back). A count of consumers below the privacy threshold is
    null, and so are one that leaves fewer among the window's buyers and the money of so few.
    """
    asked = reached.windows(run.warehouse, run.seen_window)
    found = reached.reached(run.warehouse, run.brand, asked)
    few, known = run.campaign.privacy_threshold, found.set_index(["period", "measure"])
    rows = []
    for measure in found.measure.unique():
        row: dict[str, object] = {"measure": measure, "goal": run.campaign.goal.targets.get(measure)}
        hidden = False
        for period, name in (("window", "actual"), ("before", "before"), ("year", "year")):
            row[name] = None
            if period not in asked or (period != "window" and not _whole(run, measure, asked[period])):
                continue
            people = int(known.buyers[period, measure])
            others = _others(measure, people, int(known.buyers[period, "gmv_minor"]))
            if any(0 < n < few for n in (people, others)):
                hidden = True
            else:
                row[name] = int(known.value[period, measure])
        rows.append({**row, "suppressed": hidden})
    frame = pd.DataFrame(rows, columns=[*GOALS, "suppressed"])
    frame["measure"] = pd.Categorical(frame.measure, same_days.MEASURES, ordered=True)
    return frame.astype(dict.fromkeys(GOALS[1:], "Int64"))


def reaches(run: "Run", measure: str) -> bool:
    """Whether the data reach as far back as the window's figure has to."""
    return _whole(run, measure, run.seen_window)


def _whole(run: "Run", measure: str, days: Window) -> bool:
    """Whether a window's figure can be held against the campaign's: the data reach as far back for it as they have to."""
    if measure in ("new_consumers", "aac"):
        return reached.full_from(days[0] if measure == "new_consumers" else days[1], run.warehouse)
    return True


def _others(measure: str, people: int, buyers: int) -> int:
    """Whom the count gives away beside the window's buyers: old customers, or those active before it only."""
    if measure == "new_consumers":
        return buyers - people
    return people - buyers if measure == "aac" else 0


@dataclass(frozen=True)
class Bridge:
    """The bridge as it may be shown. source: what it starts from: the plan, the same days a year before, or the days before.

    low, high: 80 % interval of the plan's forecast; null else. base: the days whose prices and items the result is held against;
    level: of `measure.baskets`, None where it cannot be told (its steps are then part of the value). cells: of
    `model.bridge.bridge`, the cells `small` as one.
    """

    source: Literal["plan", "year", "before"]
    plan: Side
    result: Side
    low: float
    high: float
    base: Window | None
    level: baskets.Level | None
    cells: pd.DataFrame
    goal: int | None
    small: tuple[str, ...] = ()

    @property
    def inside(self) -> bool | None:
        """Whether the result lies in the plan's interval; None where there is none."""
        return None if np.isnan(self.low) else bool(self.low <= self.result.gmv_minor <= self.high)

    @property
    def steps(self) -> pd.Series:
        """Minor units by step; those of price and items only where they are told."""
        made = bridges.steps(self.cells)
        return made if self.level else made.drop(["price", "mix_items"])

    def table(self) -> pd.DataFrame:
        """step, value_minor, total (bool), low, high: the rows of the chart in their order, `open` from the goal to the plan."""
        start: list[tuple[object, ...]] = []
        if self.goal and self.source == "plan":
            left = [round(v) - self.goal for v in (self.plan.gmv_minor, self.low, self.high)]
            start = [("goal", self.goal, True, None, None), ("open", left[0], False, *left[1:])]
        rows = [
            *start, (self.source, self.plan.gmv_minor, True, None, None),
            *((s, v, False, None, None) for s, v in self.steps.items()), ("result", self.result.gmv_minor, True, None, None),
        ]  # fmt: skip
        frame = pd.DataFrame(rows, columns=["step", "value_minor", "total", "low", "high"])
        frame["step"] = pd.Categorical(frame.step, [r[0] for r in rows], ordered=True)
        return frame.astype(dict.fromkeys(["value_minor", "low", "high"], "Int64"))

    def expected(self) -> pd.DataFrame:
        """cell, then EXPECTED as `…_then` (what the plan expected, or what was before) and `…_now`, and the difference in GMV."""
        sides = []
        for side, end in ((self.plan, "then"), (self.result, "now")):
            cells = side.cells.set_index("cell")
            some, many = cells.consumers.where(cells.consumers > 0), cells.buyers.where(cells.buyers > 0)
            frame = pd.DataFrame({
                "consumers": cells.consumers.round(), "conversion": cells.buyers / some,
                "value_minor": (cells.gmv_minor / many).round(), "gmv_minor": cells.gmv_minor,
            })  # fmt: skip
            sides.append(frame.astype("Float64").add_suffix(f"_{end}"))
        both = sides[0].join(sides[1], how="outer").reindex(self.cells.cell.unique())
        whole = [f"{c}_{end}" for c in ("consumers", "value_minor", "gmv_minor") for end in ("then", "now")]
        both = both.fillna(dict.fromkeys([c for c in whole if not c.startswith("value")], 0)).astype(
            dict.fromkeys(whole, "Int64")
        )
        return both.assign(difference_minor=both.gmv_minor_now - both.gmv_minor_then).reset_index(names="cell")

    def in_order(self, expected: pd.DataFrame) -> pd.DataFrame:
        """`expected`, or what was kept of it, in the order of the cells."""
        order = list(self.cells.cell.unique())
        return expected.sort_values("cell", key=lambda c: c.map(order.index), ignore_index=True)

    def prices(self) -> pd.DataFrame:
        """first_day, last_day (of the base), price, mix, items, share: one row; see `measure.baskets.Level`."""
        assert self.level is not None and self.base is not None
        return pd.DataFrame([{"first_day": self.base[0], "last_day": self.base[1], **self.level._asdict()}])


def bridge(run: "Run", converted: pd.DataFrame, shown: pd.DataFrame) -> Bridge | None:
    """The bridge to the window's result. converted: of `upstream.closing.converted`; shown: what may be shown of it.

    None where fewer bought than may be shown, or where there is neither a plan nor an earlier window to start from.
    """
    few = run.campaign.privacy_threshold
    if 0 < converted.buyers.sum() < few:
        return None
    small = list(shown.cell[shown.suppressed].astype(str))
    now = converted.assign(cell=converted.cell.astype(str))[NEEDED]
    asked = reached.windows(run.warehouse, run.seen_window)
    earlier: Literal["year", "before"] | None = "year" if "year" in asked else "before" if "before" in asked else None
    source: Literal["plan", "year", "before"] = "plan"
    low, high, base = np.nan, np.nan, asked.get("year")
    found = _of_plan(run, int(converted.consumers.sum()))
    if found is not None:
        plan, low, high = found
        sold = trade.sales(run.warehouse, run.brand, *base) if base else None
        if sold and sold.buyers >= max(few, 1) and sold.gmv_minor > 0:  # then the forecast rests on these days
            plan = bridges.at_value(plan, sold.gmv_minor / sold.buyers)
        base = base or _before(run, run.campaign.as_of_for("plan", run.warehouse.facts.last_day))
    elif earlier is not None:
        counted = windows.results(run.book, [run.brand], [asked[earlier]])
        if 0 < counted.buyers.sum() < few:
            return None
        gone = suppress(counted.assign(all=0), ["consumers", "buyers"], few, [["all"]]).suppressed
        small = [*small, *counted.cell[gone].astype(str)]
        plan, source, base = counted.assign(cell=counted.cell.astype(str))[NEEDED], earlier, asked[earlier]
    else:
        return None
    if POOLED in set(plan.cell):
        small = [*small, *(set(now.cell) - set(plan.cell))]
    level = _level(run, base)
    sides = [bridges.pooled(cells, small) if small else cells for cells in (plan, now)]
    start, end = Side(sides[0]), Side(sides[1], level.price if level else 1.0, level.mix if level else 1.0)
    made = bridges.bridge(start, end, run.book.rules.ids)
    return Bridge(
        source, start, end, low, high, base, level, made, run.campaign.goal.gmv_minor, tuple(dict.fromkeys(small))
    )


def _of_plan(run: "Run", everyone: int) -> tuple[pd.DataFrame, float, float] | None:
    """What the plan expected by cell, and the interval of its forecast; None without a plan for the window that is seen."""
    if run.campaign.goal.gmv_minor is None or run.seen_window != run.campaign.window:
        return None
    needed, goals = (run.table("2_plan/goal", name) for name in ("needed", "goals"))
    row = goals[goals.goal == "gmv_minor"]
    if needed.empty or row.empty or pd.isna(row.forecast.iloc[0]):
        return None
    cells = bridges.expected(needed, round(row.forecast.iloc[0]), everyone)
    return None if cells.empty else (cells, float(row.low.iloc[0]), float(row.high.iloc[0]))


def _before(run: "Run", day: date) -> Window | None:
    """As many days as the window's, up to a day; None where the data do not hold them."""
    first = day - timedelta(days=run.window_days - 1)
    return (first, day) if first >= run.warehouse.first_day and day < run.seen_window[0] else None


def _level(run: "Run", base: Window | None) -> baskets.Level | None:
    """Prices and items of the window beside those of the base; None where too few bought in one of them."""
    if base is None:
        return None
    for days in (base, run.seen_window):
        if trade.sales(run.warehouse, run.brand, *days).buyers < run.campaign.privacy_threshold:
            return None
    return baskets.level(baskets.sold(run.warehouse, run.brand, {"then": base, "now": run.seen_window}), "then", "now")
