"""Shares of a brand's items and bands, with intervals: who recruits, who brings back, and where our prices stand."""

import numpy as np
import pandas as pd

from apex.measure.grow import BUCKETS
from apex.measure.item_prices import OTHERS, OURS
from apex.measure.item_roles import ALL
from apex.model.grow import LEVEL, interval, left_out
from apex.model.together import mantel_haenszel, told

KINDS = ("firsts", "seconds", "returns")  # orders by what they were to their consumer
PEOPLE = {kind: (kind, f"{kind}_other") for kind in KINDS} | {"repeat": ("followed", "repeated", "repeated_other")}
ENDS = ("ratio", "low", "high")
EXPECTED = 5  # orders by chance, from which on a ratio is told


def roles(frame: pd.DataFrame) -> pd.DataFrame:
    """How often first, second and returning orders held each item, beside the other orders of the same time.

    frame: that of `measure.item_roles.roles`. For each of KINDS: the count (orders of the kind with the item), its complement
    `…_other` (those without), `…_share` of all of them, `…_share_low`, `…_share_high` (Wilson; one order a consumer),
    `…_ratio`, `…_low`, `…_high` (to the item's share of other orders, period by period: Mantel and Haenszel), `…_plain` (the
    share that those other orders would give), `…_clear` (bool: beyond chance at 5 % false discoveries). Ratios are null where
    fewer than EXPECTED orders of the kind would hold the item by chance: of so few no test is to be trusted. First orders are
    held against all others, the rest against other later orders. Then the same of `repeat`: followed (first buyers),
    repeated, repeated_other (who of them ordered again in time, and who did not), their share, held against those whose
    first order was of other items. Returns one row an item, with item_id and orders: most orders first.
    """
    frame = frame.set_index(["item_id", "period"])
    of_all = frame.index.get_level_values("item_id") == ALL
    every, items = frame[of_all].droplevel("item_id"), frame[~of_all]
    # each item in every period in which the brand sold: its absence says as much as its presence
    names = sorted(set(items.index.get_level_values("item_id")))
    grid = pd.MultiIndex.from_product([names, every.index], names=["item_id", "period"])
    items = items.reindex(grid, fill_value=0)
    whole = every.reindex(grid.get_level_values("period")).set_axis(grid)
    made = items.groupby(level="item_id").orders.sum().to_frame()
    for kind in KINDS:
        rest, of_rest = (f.later - (0 if kind == "firsts" else f[kind]) for f in (items, whole))
        held = _held(items[kind], whole[kind], rest, of_rest)
        total = pd.Series(int(every[kind].sum()), made.index)
        made = made.join(_beside(items[kind].groupby(level="item_id").sum(), total, kind, held))
    others = whole.repeated - items.repeated, whole.followed - items.followed
    held = _held(items.repeated, items.followed, *others)
    sums = items.groupby(level="item_id")[["repeated", "followed"]].sum()
    again = _beside(sums.repeated, sums.followed, "repeat", held)
    made = made.join(again.rename(columns={"repeat": "repeated", "repeat_other": "repeated_other"})).join(sums.followed)
    return made.reset_index().sort_values(["orders", "item_id"], ascending=[False, True], ignore_index=True)


def _held(a: pd.Series, n1: pd.Series, c: pd.Series, n0: pd.Series) -> tuple[pd.Series, pd.Series]:
    """`mantel_haenszel` by item, null where by chance there would be fewer than EXPECTED."""
    both = (n1 > 0) & (n0 > 0)
    expected = ((a + c) * n1 / (n1 + n0).where(both)).groupby(level="item_id").sum()
    logs, errors = mantel_haenszel(a, n1, c, n0, "item_id")
    return logs.where(expected >= EXPECTED), errors.where(expected >= EXPECTED)


def _beside(count: pd.Series, of: pd.Series, kind: str, held: tuple[pd.Series, pd.Series]) -> pd.DataFrame:
    """The columns of one kind, as `roles` says."""
    found = pd.DataFrame({kind: count, f"{kind}_other": of - count, f"{kind}_share": count / of.where(of > 0)})
    found[f"{kind}_share_low"], found[f"{kind}_share_high"] = wilson(count, of)
    logs, errors = (part.reindex(count.index) for part in held)
    tried = logs.notna() & (errors > 0)
    told_of = pd.DataFrame(told(logs[tried].to_numpy(), errors[tried].to_numpy()), count.index[tried])
    for end in ENDS:
        found[f"{kind}_{end}"] = told_of[end].reindex(count.index)
    found[f"{kind}_plain"] = found[f"{kind}_share"] / found[f"{kind}_ratio"]
    found[f"{kind}_clear"] = told_of.clear.reindex(count.index, fill_value=False).astype(bool)
    return found


def of_kind(frame: pd.DataFrame, kind: str) -> pd.DataFrame:
    """item_id and the columns of one kind (of KINDS, or `repeat`), of items with any order of it."""
    columns = [c for c in frame if c in PEOPLE[kind] or c.startswith(f"{kind}_")]
    return frame[frame[PEOPLE[kind][0]] > 0][["item_id", *columns]].reset_index(drop=True)


def also(kind: str) -> list[str]:
    """The columns of `of_kind` that say something of the same people as PEOPLE[kind]."""
    return [f"{kind}_{what}" for what in ("share", "share_low", "share_high", *ENDS, "plain")]


def wilson(some: pd.Series, of: pd.Series, level: float = LEVEL) -> tuple[np.ndarray, np.ndarray]:
    """Wilson's interval of shares; null where it is a share of nobody."""
    from scipy.special import ndtri

    z, n = ndtri(0.5 + level / 2), of.to_numpy(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        p = some.to_numpy(float) / n
        middle, half = p + z * z / (2 * n), z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        return (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)


def bands(sales: pd.DataFrame, count: str = "gmv_minor") -> pd.DataFrame:
    """Share of each price band in our sales and in those of the others.

    sales: that of `measure.item_prices.Bands`. Returns band, orders, buyers, gmv_minor (ours), share, low, high (95 %, by leaving
    out hundredths of the consumers), others_share (null where others may not be told), others_buyers: every band.
    """
    order = list(sales.band.cat.categories)
    cubes = {}
    for side in (OURS, OTHERS):
        rows = sales[sales.side == side]
        cubes[side] = np.zeros((len(order), BUCKETS))
        cubes[side][rows.band.cat.codes, rows.bucket] = rows[count]
    sums = sales[sales.side == OURS].groupby("band", observed=False)[["orders", "buyers", "gmv_minor"]].sum()
    others = sales[sales.side == OTHERS].groupby("band", observed=False).buyers.sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        share = cubes[OURS].sum(-1) / cubes[OURS].sum()
        left = left_out(cubes[OURS])
        low, high = interval(share, left / left.sum(axis=0))
        low, high = (
            np.where(share > 0, end, np.nan) for end in (low, high)
        )  # that nobody bought says nothing of chance
        market = cubes[OTHERS].sum(-1) / cubes[OTHERS].sum()
    made = sums.reset_index().assign(share=share, low=np.maximum(low, 0), high=np.minimum(high, 1), others_share=market)
    return made.assign(others_buyers=others.to_numpy())
