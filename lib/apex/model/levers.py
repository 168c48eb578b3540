"""What would have to be true for a goal, and what moves its odds most.

GMV = stock × conversion × value. Each alone would have to be so many times what is forecast; how unusual that is, is read from
how the same figure moved between windows of brands that lie a year apart (where the data hold them, else one window's length).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from apex.measure.assets import NONE
from apex.measure.history import STEP

LEVERS = ("stock", "conversion", "value")
YEAR_STEPS = 13  # of 28 days
LEAST = 20  # moves of brand-windows; fewer say nothing of what is unusual


@dataclass(frozen=True)
class Moved:
    """How brands' windows moved: frame lever, ratio (a window over the earlier one); apart: days between the two."""

    frame: pd.DataFrame
    apart: int


def moved(results: pd.DataFrame, length: int) -> Moved:
    """From `measure.windows.results` of a cohort: ratios of stock in relation, conversion and value, a year apart if possible."""
    whole = results[results.cell.astype(str) != NONE].groupby(["brand", "first_day"])
    sums = whole[["consumers", "buyers", "gmv_minor"]].sum().astype(float)
    figures = pd.DataFrame(
        {
            "stock": sums.consumers,
            "conversion": sums.buyers / sums.consumers.where(sums.consumers > 0),
            "value": sums.gmv_minor / sums.buyers.where(sums.buyers > 0),
        }
    )
    for steps in (YEAR_STEPS, max(1, -(-length // STEP))):
        later = figures.reset_index()
        later["first_day"] = later.first_day.map(lambda d, n=steps: d - pd.Timedelta(days=STEP * n))
        both = later.set_index(["brand", "first_day"]) / figures.reindex(
            pd.MultiIndex.from_frame(later[["brand", "first_day"]])
        )
        long = both.stack().rename("ratio").rename_axis(["brand", "first_day", "lever"]).reset_index()
        long = long[np.isfinite(long.ratio) & (long.ratio > 0)]
        if len(long) >= LEAST * len(LEVERS):
            break
    return Moved(long[["lever", "ratio"]], STEP * steps)


def would_have_to(factor: float, bought: float, past: Moved) -> pd.DataFrame:
    """lever, factor (of the forecast, each alone), unusual (share of earlier moves at least so large; null: too few), n.

    factor: the GMV wanted over the one forecast; bought: how bought stock converts, so that stock has to grow by more.
    """
    of = {"conversion": factor, "value": factor, "stock": 1 + max(factor - 1, 0.0) / bought if factor > 1 else factor}
    rows = []
    for lever in LEVERS:
        known = past.frame.ratio[past.frame.lever == lever].to_numpy(float)
        share = (np.sum(known >= of[lever]) + 0.5) / (len(known) + 1) if len(known) >= LEAST else np.nan
        rows.append((lever, of[lever], share, len(known)))
    return pd.DataFrame(rows, columns=["lever", "factor", "unusual", "n"])


def tornado(odds: Callable[[float], float], ends: Mapping[str, tuple[float, float]]) -> pd.DataFrame:
    """What moves the odds most: driver, at_low, at_high (odds with the driver at its low and high end), swing; largest first.

    odds: of the goal, with the forecast multiplied by a factor; ends: driver → factors on the forecast at its 80 % ends.
    """
    rows = [(name, odds(low), odds(high)) for name, (low, high) in ends.items()]
    frame = pd.DataFrame(rows, columns=["driver", "at_low", "at_high"])
    frame["swing"] = (frame.at_high - frame.at_low).abs()
    return frame.sort_values("swing", ascending=False, kind="stable", ignore_index=True)


def ends_of_cells(cells: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """Factors on the forecast with all cells' stock, conversion or value at their 80 % ends, cells independent of each other.

    cells: of `GoalPlan.cells`.
    """
    gmv = cells.gmv_minor.astype(float)
    whole, found = float(gmv.sum()), {}
    for name, column in (("stock", "stock_forecast"), ("conversion", "conversion"), ("value", "value_minor")):
        low, high = {"stock": ("low", "high"), "conversion": ("conversion_low", "conversion_high"),
                     "value": ("value_low", "value_high")}[name]  # fmt: skip
        middle = cells[column].astype(float)
        part = {
            e: gmv * (cells[e].astype(float).fillna(middle) / middle.where(middle > 0)).fillna(1.0) for e in (low, high)
        }
        down, up = (float(np.sqrt(((part[e] - gmv) ** 2).sum())) for e in (low, high))
        found[name] = (max(1 - down / whole, 0.0), 1 + up / whole) if whole > 0 else (1.0, 1.0)
    return found
