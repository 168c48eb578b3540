"""The bridge from a plan to its result: what each factor adds, exactly, whatever the order in which one thinks of them.

GMV is the sum over the cells of an eve of stock × conversion × value, and here of six factors: the consumers at all stages
together (stock; beside them those at none), the share of them at each stage (mix of stages), the share of a cell that bought
(conversion), what a buyer took home at constant prices and items (value), what the same items cost (price), and which items
were bought (mix of items).

A factor's step is its Shapley value: its effect averaged over all orders in which the factors could be moved from plan to result
(Sun, *Energy Policy* 26, 1998; Shorrocks, *Journal of Economic Inequality* 11, 2013). Steps add up to the difference, a factor
that did not move has none, and swapping plan and result negates every step; one order alone (`one_by_one`) gives another bridge
for every order. The growth page's logarithmic means (LMDI) share these properties where every cell sells, and need limits where
one is empty: on an eve cells are empty often, and there the Shapley value is a plain sum.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import factorial

import numpy as np
import numpy.typing as npt
import pandas as pd

from apex.model.grow import rounded

Array = npt.NDArray[np.float64]
STEPS = ("stock", "mix_stages", "conversion", "value", "price", "mix_items")
NEEDED = ["cell", "consumers", "buyers", "gmv_minor"]
POOLED = "pooled"  # cells too small to be shown, as one


def shapley(before: Array, after: Array) -> Array:
    """What each factor adds to the product over the first axis, from `before` to `after`; the axes behind it are kept.

    Summed over the first axis the parts are the change of the product; a factor that is equal on both sides has 0 exactly.
    """
    before, after = np.asarray(before, float), np.asarray(after, float)
    size, found = len(before), np.zeros(before.shape)
    made: dict[frozenset[int], Array] = {}

    def product(moved: frozenset[int]) -> Array:
        if moved not in made:
            made[moved] = np.prod([after[i] if i in moved else before[i] for i in range(size)], axis=0)
        return made[moved]

    for factor in range(size):
        others = [i for i in range(size) if i != factor]
        for many in range(size):
            weight = factorial(many) * factorial(size - many - 1) / factorial(size)
            for some in combinations(others, many):
                found[factor] += weight * (product(frozenset((*some, factor))) - product(frozenset(some)))
        found[factor] = np.where(before[factor] == after[factor], 0.0, found[factor])
    return found


def one_by_one(before: Array, after: Array, order: Sequence[int]) -> Array:
    """The same parts with the factors moved one after the other in an order: what `shapley` averages over all orders."""
    now, found = np.array(before, float), np.zeros(np.shape(before))
    for factor in order:
        was = np.prod(now, axis=0)
        now[factor] = after[factor]
        found[factor] = np.prod(now, axis=0) - was
    return found


def whole(before: Array, after: Array, change: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """`shapley` as whole numbers along the first axis that add up to `change` (its sum, but for rounding): largest remainder.

    Each column is reckoned in the direction in which its first factor that moved rises, so that swapped ends give negated parts
    to the last unit, ties of remainders and the last digits of floats included.
    """  # fmt: skip
    moved = np.asarray(after, float) - before
    first = np.take_along_axis(moved, (moved != 0).argmax(axis=0)[None], 0)[0]
    sign = np.where(first < 0, -1, 1)
    parts = shapley(np.where(sign < 0, after, before), np.where(sign < 0, before, after))
    return rounded(parts, change * sign) * sign


@dataclass(frozen=True)
class Side:
    """One end of the bridge. cells: cell, consumers (on the eve), buyers, gmv_minor (whole minor units); consumers and buyers
    may be expectations. price, mix: the level of prices and of the items' mix beside the other end's, 1 where not known.
    """

    cells: pd.DataFrame
    price: float = 1.0
    mix: float = 1.0

    @property
    def gmv_minor(self) -> int:
        """What this end of the bridge stands at."""
        return int(self.cells.gmv_minor.sum())

    def factors(self, stages: Sequence[str]) -> Array:
        """STEPS × cells; null where a cell has nothing to tell it from (no stock: no share of buyers)."""
        stock, buyers, gmv = (self.cells[c].to_numpy(float) for c in NEEDED[1:])
        one, inside = np.ones(len(stock)), self.cells.cell.isin(list(stages)).to_numpy()
        total = np.where(inside, stock[inside].sum(), stock)
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.where(inside, np.where(total > 0, stock / total, np.nan), 1.0)
            rate = np.where(stock > 0, buyers / stock, np.nan)
            value = np.where(buyers > 0, gmv / buyers / (self.price * self.mix), np.nan)
        return np.stack([total, share, rate, value, one * self.price, one * self.mix])


def bridge(plan: Side, result: Side, stages: Sequence[str]) -> pd.DataFrame:
    """From one end to the other: cell, step (STEPS), value_minor (int); all cells of both ends, every step, zeros included.

    stages: cells whose sum is the stock and whose shares are its mix; every other cell's stock is its own.

    Over steps and cells they add up to the difference of both ends to the minor unit, and over the steps of a cell to that
    cell's. What a cell without stock, or without buyers, would have converted at or spent is taken from the other end: it comes
    and goes as stock, or as conversion. Raises ValueError for cells that repeat, or that sold without having a buyer.
    """
    names = list(dict.fromkeys([*plan.cells.cell.astype(str), *result.cells.cell.astype(str)]))
    ends = [_aligned(side, names) for side in (plan, result)]
    before, after = (side.factors(stages) for side in ends)
    before, after = (np.where(np.isnan(a), np.nan_to_num(b), a) for a, b in ((before, after), (after, before)))
    gmv = [side.cells.gmv_minor.to_numpy("int64") for side in ends]
    parts = whole(before, after, gmv[1] - gmv[0])
    keys = pd.MultiIndex.from_product([names, STEPS], names=["cell", "step"])
    frame = pd.DataFrame({"value_minor": parts.T.reshape(-1)}, keys).reset_index()
    return frame.assign(step=pd.Categorical(frame.step, STEPS, ordered=True))


def steps(made: pd.DataFrame) -> pd.Series:
    """The frame of `bridge` summed over cells: minor units by step, in the order of STEPS."""
    return made.groupby("step", observed=False).value_minor.sum().reindex(list(STEPS), fill_value=0)


def expected(needed: pd.DataFrame, gmv_minor: int, everyone: int) -> pd.DataFrame:
    """What a plan expected, cell by cell, in the frame of `Side.cells`, from the plan's table as it may be shown.

    needed: stage, stock_forecast, conversion, value_minor (null where the plan's page hides them: these cells become one,
    POOLED, that holds what is left of `everyone` and of the GMV). Cells are brought to gmv_minor, the plan's forecast, by one
    factor, as the table's figures are rounded. Empty where all are hidden.
    """
    known = needed[needed[["stock_forecast", "conversion", "value_minor"]].notna().all(axis=1)]
    if known.empty:
        return pd.DataFrame(columns=NEEDED)
    stock = known.stock_forecast.to_numpy(float)
    buyers = stock * known.conversion.to_numpy(float)
    gmv = buyers * known.value_minor.to_numpy(float)
    names = list(known.stage.astype(str))
    if len(known) < len(needed):
        left = max(everyone - stock.sum(), 0.0), max(gmv_minor - gmv.sum(), 0.0)
        spent = gmv.sum() / buyers.sum() if buyers.sum() else 0.0
        came = min(left[1] / spent, left[0]) if spent else left[0]
        names, stock = [*names, POOLED], np.append(stock, left[0])
        buyers, gmv = np.append(buyers, came), np.append(gmv, left[1])
    gmv = np.where(buyers > 0, gmv, 0.0)
    scaled = gmv * (gmv_minor / gmv.sum()) if gmv.sum() else gmv
    minor = rounded(scaled[:, None], np.array([gmv_minor if gmv.sum() else 0]))[:, 0]
    return pd.DataFrame({"cell": names, "consumers": stock, "buyers": buyers, "gmv_minor": minor})


def at_value(cells: pd.DataFrame, value_minor: float) -> pd.DataFrame:
    """The frame of `Side.cells` with so many more or fewer buyers that they spend `value_minor` each on average, GMV unchanged.

    A plan brings ordinary windows to a festival's level by one factor and leaves open whether that is more buyers or more money
    from each. All cells move by one factor; no cell has more buyers than consumers.
    """
    buyers = cells.buyers.sum() * value_minor
    factor = cells.gmv_minor.sum() / buyers if buyers > 0 and cells.gmv_minor.sum() > 0 else 1.0
    return cells.assign(buyers=np.minimum(cells.buyers * factor, cells.consumers))


def pooled(cells: pd.DataFrame, small: Sequence[str]) -> pd.DataFrame:
    """The frame of `Side.cells` with the cells `small` (and POOLED) as one, POOLED, last."""
    names = cells.cell.astype(str)
    inside = names.isin([*small, POOLED])
    frame = cells.assign(cell=names.where(~inside, POOLED)).groupby("cell", sort=False)[NEEDED[1:]].sum().reset_index()
    return frame.sort_values("cell", key=lambda c: c == POOLED, kind="stable", ignore_index=True)


def _aligned(side: Side, names: Sequence[str]) -> Side:
    """The side with all cells, in this order; those it lacks hold nothing."""
    held = side.cells.assign(cell=side.cells.cell.astype(str)).set_index("cell")[NEEDED[1:]]
    if held.index.has_duplicates:
        raise ValueError(f"bridge: the cell {held.index[held.index.duplicated()][0]!r} repeats")
    held = held.reindex(names, fill_value=0)
    if ((held.gmv_minor != 0) & ~((held.buyers > 0) & (held.consumers > 0))).any():
        raise ValueError("bridge: a cell sold without having a buyer")
    return Side(held.reset_index(), side.price, side.mix)
