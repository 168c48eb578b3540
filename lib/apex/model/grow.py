"""GROW: the change of GMV split into buyers, orders per buyer, money per order, and categories begun or given up.

GMV = B × f × p. With Λ the logarithmic mean of GMV then and now, G = Λ·ln(B₁/B₀), R = Λ·ln(f₁/f₀), O = Λ·ln(p₁/p₀) add up to
the change exactly and do not depend on an order (LMDI: Ang, *Energy Policy* 33, 2005). The split is made in every cell and
summed; a cell that sells in one of the two windows only is W where it is a category, and G where it is a crowd (the limit of
the formula as buyers go to nought: there is nothing to widen into).

Sums are counted. Their interval says how far they hang on who happened to buy: a jackknife over the buckets of consumers,
so that a consumer's orders in both windows stay together.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from apex.measure.grow import BUCKETS, MARKET, MEASURES

PEOPLE = ("buyers_before", "buyers_now")  # columns of `Growth` that count people
MARKET_PEOPLE = ("market_before", "market_now", "others_before", "others_now")  # columns of `penetration` that do
MARKET_ALSO = ("share_before", "share_now", "gain", "gain_market", "gain_share")
FACTORS = ("gain", "retain", "boost", "widen")
SUMS = (*FACTORS, "change")  # columns that add up over cells
SAID = tuple(f"{name}{end}" for name in SUMS for end in ("", "_low", "_high"))
ALSO = ("orders_before", "orders_now", "gmv_before", "gmv_now", *SAID)  # what else tells of the same people
LEVEL = 0.95
LEAST = 30  # buyers in each window; of fewer no interval is given
GAPS = ("own", "low", "middle", "high", "benchmark", "gain_minor", "gain_low", "gain_high", "gmv_minor")
RATIOS = ("penetration", "frequency", "price")


def split(before: np.ndarray, now: np.ndarray, widens: bool) -> np.ndarray:
    """G, R, O, W of arrays whose first axis is buyers, orders, GMV; returns floats with the four factors as first axis.

    widens: whether cells that begin or end are W; else their GMV is G. A cell without GMV in both windows is 0.
    """
    before, now = np.asarray(before, float), np.asarray(now, float)
    both = (before[2] > 0) & (now[2] > 0)
    b, n = np.where(both, before, 1.0), np.where(both, now, 1.0)
    logs = np.log(np.stack([n[0] / b[0], n[1] * b[0] / (n[0] * b[1]), n[2] * b[1] / (n[1] * b[2])]))
    parts = np.where(both, log_mean(b[2], n[2]) * logs, 0.0)
    alone = np.where(both, 0.0, now[2] - before[2])
    if widens:
        return np.concatenate([parts, alone[None]])
    return np.concatenate([parts[:1] + alone, parts[1:], np.zeros_like(alone)[None]])


def log_mean(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The logarithmic mean (b − a) / ln(b / a) of positive numbers; a where they are equal."""
    x = np.log(b / a)
    near = np.abs(x) < 1e-6  # where the quotient of two small numbers would lose digits
    return np.where(near, a * (1 + x / 2), (b - a) / np.where(near, 1.0, x))


def rounded(parts: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Whole numbers along the first axis that add up to `whole`: what is left after rounding down goes to the largest rests.

    `whole` is the exact sum of `parts`. Of equal rests the first gets more.
    """
    down = np.floor(parts)
    left = np.rint(whole - down.sum(axis=0)).astype("int64")
    rank = np.argsort(np.argsort(-(parts - down), axis=0, kind="stable"), axis=0)
    return down.astype("int64") + (rank < left)


@dataclass(frozen=True)
class Growth:
    """Two windows of one cut, split.

    cells: cell, then buyers, orders and gmv_minor (each `…_before`, `…_now`), gain, retain, boost, widen, change, and of each
    of these five `…_low`, `…_high` (minor units, Int64; null where too few bought). They add up exactly: the factors of a
    cell to its change, over the cells to `total`. total: the same columns in one row, without cell; its factors are sums
    over the cells, its buyers and orders those of the frame's cut `all`, where nobody counts twice.
    """

    cells: pd.DataFrame
    total: pd.DataFrame


def grow(frame: pd.DataFrame, cut: str, before: str | None, now: str = "now", widens: bool = False) -> Growth:
    """Split the change from the window `before` to `now` in every cell of a cut and in all.

    frame: that of `measure.grow.cells`; a cut that it does not have has no cells. widens: whether the cells are categories,
    so that those begun or given up are W. Without a window before both frames are empty.
    """
    if before is None:
        nothing = grow(frame.iloc[:0], cut, "", now)
        return Growth(nothing.cells, nothing.total.iloc[:0])
    names, then, later = _cube(frame, cut, before, now)
    _, all_then, all_later = _cube(frame, "all", before, now)
    parts = split(then.sum(-1), later.sum(-1), widens)
    change = (later - then).sum(-1)[2]
    value = np.concatenate([rounded(parts, change), change[None]])
    left = split(left_out(then), left_out(later), widens)
    left = np.concatenate([left, left.sum(axis=0, keepdims=True)])
    cells = _columns(then.sum(-1), later.sum(-1), value, left)
    sums = _columns(all_then.sum(-1), all_later.sum(-1), value.sum(1, keepdims=True), left.sum(1, keepdims=True))
    return Growth(cells.assign(cell=names)[["cell", *cells.columns]], sums)


def left_out(cube: np.ndarray) -> np.ndarray:
    """Sums over the last axis (buckets) without each of its members, brought to the size of all."""
    size = cube.shape[-1]
    return np.maximum((cube.sum(-1, keepdims=True) - cube) * size / (size - 1), 0)


def interval(value: np.ndarray, left: np.ndarray, level: float = LEVEL) -> tuple[np.ndarray, np.ndarray]:
    """Low and high of figures from the same figures without each bucket (last axis): the delete-a-group jackknife, t."""
    from scipy.special import stdtrit  # scipy.stats takes far longer to import, for the same quantile

    size = left.shape[-1]
    error = np.sqrt((size - 1) / size * ((left - left.mean(-1, keepdims=True)) ** 2).sum(-1))
    half = stdtrit(size - 1, 0.5 + level / 2) * error
    return value - half, value + half


def totals(frame: pd.DataFrame, cut: str, earlier: Sequence[str]) -> pd.DataFrame:
    """`Growth.total` against each of the windows `earlier`: as the sum over the cells of `cut`, and of the whole at once.

    Returns against, split (`cells`, `whole`), then the columns of `Growth.total`.
    """
    rows = [
        growth.total.assign(against=against, split=name)
        for against in earlier
        for name, growth in (
            ("cells", grow(frame, cut, against, widens=True)),
            ("whole", grow(frame, "all", against, widens=True)),
        )
    ]
    empty = grow(frame, cut, None).total.assign(against="", split="")
    both = pd.concat(rows, ignore_index=True) if rows else empty
    return both[["against", "split", *[c for c in both if c not in ("against", "split")]]]


def penetration(growth: Growth, market: pd.DataFrame, before: str, now: str = "now") -> pd.DataFrame:
    """G of each category that sold in both windows, as growth of the category's buyers and of our share of them.

    growth: a cut by category; market: the frame of `measure.grow.market`. Returns cell, market_before, market_now (buyers of
    the category), others_before, others_now (those of them who did not buy ours), share_before, share_now (our penetration),
    gain, gain_market, gain_share: minor units that add up to gain. Cells without buyers in one of the windows are left out.
    """
    cells = growth.cells[(growth.cells.buyers_before > 0) & (growth.cells.buyers_now > 0)].reset_index(drop=True)
    sums = market.groupby(["cell", "period"]).buyers.sum().unstack("period", fill_value=0)
    sums = sums.reindex(columns=[before, now], fill_value=0).reindex(cells.cell, fill_value=0)
    then, later = (sums[period].to_numpy() for period in (before, now))
    mean = log_mean(cells.gmv_before.to_numpy(float), cells.gmv_now.to_numpy(float))
    grown = np.rint(mean * np.log(later / np.where(then > 0, then, 1))).astype("int64")
    return pd.DataFrame(
        {
            "cell": cells.cell, "market_before": then, "market_now": later,
            "others_before": then - cells.buyers_before, "others_now": later - cells.buyers_now,
            "share_before": cells.buyers_before / then, "share_now": cells.buyers_now / later,
            "gain": cells.gain, "gain_market": grown, "gain_share": cells.gain - grown,
        }
    )  # fmt: skip


def gaps(rivals: pd.DataFrame, brand: str, best: Sequence[str]) -> pd.DataFrame:
    """What one window's GMV would gain if one factor alone were the benchmark's (the mean of `best`), at own scale.

    rivals: the frame of `measure.grow.rivals`. Returns factor (penetration: share of the market's buyers; frequency: orders
    a buyer; price: minor units an order), own, low, middle, high (the peers' quartiles), benchmark, gain_minor (GMV ×
    (benchmark / own − 1), below 0 where we are ahead), gain_low, gain_high (95 %), gmv_minor, buyers (both own): three rows,
    or none without own buyers or without a benchmark.
    """
    brands = sorted(set(rivals.brand))
    columns = ["factor", *GAPS, "buyers"]
    if brand not in brands or not best:
        return pd.DataFrame(columns=columns)
    cube = np.zeros((len(MEASURES), len(brands), BUCKETS))
    at = (rivals.brand.map(brands.index).to_numpy(), rivals.bucket.to_numpy())
    for number, measure in enumerate(MEASURES):
        cube[(number, *at)] = rivals[measure]
    own, among, market = brands.index(brand), [brands.index(b) for b in best], brands.index(MARKET)
    rest = [n for n in range(len(brands)) if n not in (own, market)]
    ratio, left = _ratios(cube.sum(-1, keepdims=True), market), _ratios(left_out(cube), market)
    whole, part = cube.sum(-1)[2, own], left_out(cube)[2, own]
    value = whole * (ratio[:, among, 0].mean(1) / ratio[:, own, 0] - 1)
    few = min(cube.sum(-1)[0, [own, *among]]) < LEAST
    with np.errstate(divide="ignore", invalid="ignore"):  # one bucket may hold all that a brand sold
        low, high = (np.full(3, np.nan) if few else end for end in interval(
            value, part * (left[:, among].mean(1) / left[:, own] - 1)
        ))  # fmt: skip
    around = np.quantile(ratio[:, rest, 0], [0.25, 0.5, 0.75], axis=1)
    return pd.DataFrame(
        {
            "factor": RATIOS, "own": ratio[:, own, 0], "low": around[0], "middle": around[1], "high": around[2],
            "benchmark": ratio[:, among, 0].mean(1), "gain_minor": np.rint(value).astype("int64"),
            "gain_low": pd.array(np.rint(low), "Float64").astype("Int64"),
            "gain_high": pd.array(np.rint(high), "Float64").astype("Int64"),
            "buyers": int(cube.sum(-1)[0, own]), "gmv_minor": int(whole),
        }
    )[columns]  # fmt: skip


def _ratios(sums: np.ndarray, market: int) -> np.ndarray:
    """penetration, frequency, price of every brand, from buyers, orders, GMV; the market's own row means nothing."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.stack([sums[0] / sums[0, market], sums[1] / sums[0], sums[2] / sums[1]])


def _cube(frame: pd.DataFrame, cut: str, before: str, now: str) -> tuple[list[str], np.ndarray, np.ndarray]:
    """A cut's cells in order, and for each window an array (measure, cell, bucket) of its counts."""
    mine = frame[(frame.cut == cut) & frame.period.isin([before, now])]
    names = sorted(set(mine.cell))
    sides = []
    for period in (before, now):
        rows, cube = mine[mine.period == period], np.zeros((len(MEASURES), len(names), BUCKETS), dtype="int64")
        at = (rows.cell.map(names.index).to_numpy(dtype=int), rows.bucket.to_numpy(dtype=int))
        for number, measure in enumerate(MEASURES):
            cube[(number, *at)] = rows[measure]
        sides.append(cube)
    return names, sides[0], sides[1]


def _columns(then: np.ndarray, later: np.ndarray, value: np.ndarray, left: np.ndarray) -> pd.DataFrame:
    """The columns of `Growth` from counts (measure, row), the five sums (sum, row) and these without each bucket."""
    short = ("buyers", "orders", "gmv")
    data = {
        f"{m}_{side}": counts[n] for n, m in enumerate(short) for side, counts in (("before", then), ("now", later))
    }
    if value.shape[1] and not then.shape[1]:
        data = {column: np.zeros(value.shape[1], dtype="int64") for column in data}
    low, high = interval(value.astype(float), left)
    few = np.minimum(np.asarray(data["buyers_before"]), np.asarray(data["buyers_now"])) < LEAST
    for number, name in enumerate(SUMS):
        data[name] = value[number]
        for end, places in (("low", low), ("high", high)):
            data[f"{name}_{end}"] = pd.array(np.rint(places[number]), "Float64").astype("Int64")
            data[f"{name}_{end}"][few] = pd.NA
    return pd.DataFrame(data)
