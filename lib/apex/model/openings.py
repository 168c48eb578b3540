"""Who is missing: buyers that a brand would have in each cell at a yardstick's penetration, and what they are worth.

Two yardsticks: the benchmark (the mean penetration of the best five peers in the same cell), and the brand's own average over
all known cells. Neither is a forecast, and what it costs to get there is not in it. Intervals come from leaving out one
hundredth of the consumers after the other, so that a consumer's purchases of several brands stay together.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from apex.measure.grow import BUCKETS, MARKET, UNKNOWN
from apex.measure.people import CELL
from apex.model.grow import interval, left_out

LEAST = 30  # own buyers in a cell; of fewer no interval is given
YARDSTICKS = ("benchmark", "average")
PEOPLE = ("shoppers", "buyers", "others", "at_benchmark")
ALSO = (
    "own", "average", "benchmark", "value_minor", "at_average",
    *(f"{what}_{y}{end}" for y in YARDSTICKS for what in ("people", "money") for end in ("", "_low", "_high")),
)  # fmt: skip


def openings(counted: pd.DataFrame, cells: Sequence[str], brand: str, best: Sequence[str]) -> pd.DataFrame:
    """One row a cell, from the frame of `measure.people.buyers`.

    Returns cell, shoppers (buyers of any brand), buyers (ours), others (the difference), own, average, benchmark
    (penetrations; average: ours over all known cells), value_minor (money per own buyer of the cell), at_benchmark, at_average
    (buyers at the yardstick), then for each yardstick people_Y (at_Y less buyers, never below 0) and money_Y (that ×
    value), with …_low and …_high (95 %, null of fewer than LEAST own buyers), all Int64 but penetrations. A benchmark is null
    where there is none (`best` empty).
    """
    brands, cells = [MARKET, brand, *best], [c for c in cells if c != UNKNOWN]
    mine = counted[counted.brand.isin(brands) & counted[CELL].isin(cells)]
    cube = np.zeros((2, len(cells), len(brands), BUCKETS))
    at = (
        mine[CELL].map(cells.index).to_numpy(int), mine.brand.map(brands.index).to_numpy(int),
        mine.bucket.to_numpy(int),
    )  # fmt: skip
    for number, measure in enumerate(("buyers", "gmv_minor")):
        np.add.at(cube[number], at, mine[measure].to_numpy(float))
    told, sums = estimates(cube), cube.sum(-1)[0]
    frame = pd.DataFrame({CELL: cells, "shoppers": sums[:, 0], "buyers": sums[:, 1]})
    frame["others"] = frame.shoppers - frame.buyers
    for name in ("own", "average", "benchmark", "value_minor"):
        frame[name] = told[name][0]
    few = (frame.buyers < LEAST).to_numpy()
    for yardstick in YARDSTICKS:
        frame[f"at_{yardstick}"] = np.rint(told[f"people_{yardstick}"][0] + frame.buyers)
        for name in (f"people_{yardstick}", f"money_{yardstick}"):
            value, low, high = (np.maximum(np.rint(figure), 0) for figure in told[name])  # a lead is no opening
            frame[name] = value
            frame[f"{name}_low"], frame[f"{name}_high"] = np.where(few, np.nan, low), np.where(few, np.nan, high)
    whole = [c for c in frame if c not in (CELL, "own", "average", "benchmark")]
    frame[whole] = frame[whole].round().astype("Float64").astype("Int64")
    return frame.astype(dict.fromkeys(("own", "average", "benchmark"), "Float64"))


def estimates(cube: np.ndarray) -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Value, low and high (95 %) of own, average, benchmark, value_minor, people_Y and money_Y, each an array of cells.

    cube: sums by measure (buyers, money), cell, brand (all, ours, the best) and bucket. Nothing is cut off at 0.
    """
    whole, left = _figures(cube.sum(-1, keepdims=True)), _figures(left_out(cube))
    return {name: (whole[name][:, 0], *interval(whole[name][:, 0], left[name])) for name in whole}


def _figures(cube: np.ndarray) -> dict[str, np.ndarray]:
    """The figures of each cell (first axis) and of each bucket left out (last), from sums (measure, cell, brand, bucket)."""
    buyers, paid = cube
    with np.errstate(divide="ignore", invalid="ignore"):
        every = buyers / buyers[:, :1]
        own, value = every[:, 1], paid[:, 1] / buyers[:, 1]
        average = np.broadcast_to(buyers[:, 1].sum(0) / buyers[:, 0].sum(0), own.shape)
        benchmark = every[:, 2:].mean(1) if cube.shape[2] > 2 else np.full(own.shape, np.nan)
    found = {"own": own, "average": average, "benchmark": benchmark, "value_minor": value}
    for name, level in (("benchmark", benchmark), ("average", average)):
        found[f"people_{name}"] = (level - own) * buyers[:, 0]
        found[f"money_{name}"] = found[f"people_{name}"] * value
    return found
