"""What follows from buyers by combination of businesses: totals by business, overlaps, who is reached only through one.

Small frames in and out. Every table of a page is taken from *one* base table that `run.keep` gave back, so that none
tells what another hides: a count is shown only where all combinations in it are. The sums by business and the brand's are
known elsewhere; `protected` hides so much more that they give no hidden combination away.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from apex.measure.businesses import ANY, JOIN
from apex.measure.privacy import suppress


def names_of(bought: pd.DataFrame) -> list[str]:
    """The businesses of a frame of `businesses.bought` in order of their GMV now, the largest first; ties by name."""
    sold = bought.assign(now=bought.gmv_minor.where(bought.period == "now", 0)).groupby("business").now.sum()
    return list(sold.reset_index().sort_values(["now", "business"], ascending=[False, True]).business)


def by_business(bought: pd.DataFrame) -> pd.DataFrame:
    """Each business's buyers, money and orders: period, business, consumers, gmv_minor, orders."""
    return bought.groupby(["period", "business"])[["consumers", "gmv_minor", "orders"]].sum().reset_index()


def whole(bought: pd.DataFrame) -> pd.DataFrame:
    """The brand's, each buyer once: period, consumers, gmv_minor, orders."""
    sums = bought.groupby("period")[["gmv_minor", "orders"]].sum()
    once = bought.drop_duplicates(["period", "combination"]).groupby("period").consumers.sum()
    return sums.assign(consumers=once).reset_index()[["period", "consumers", "gmv_minor", "orders"]]


def versus(shown: pd.DataFrame, keys: Sequence[str] = ()) -> pd.DataFrame:
    """`by_business` or `whole` (as it may be shown) beside the period before: one row a business, or one for the brand.

    Returns the keys, consumers, gmv_minor, orders, spend_minor (yearly spend per buyer: gmv_minor / consumers), each also as
    NAME_before (null without an equal period before), and suppressed where the frame has it.
    """
    frame = shown.assign(spend_minor=shown.gmv_minor / shown.consumers.where(shown.consumers > 0))
    numbers = ["consumers", "gmv_minor", "orders", "spend_minor"]
    frame = frame.astype(dict.fromkeys(numbers, "Float64"))
    now, before = (frame[frame.period == p].drop(columns="period") for p in ("now", "before"))
    if not keys:
        now, before = now.assign(all=0), before.assign(all=0)
    on = list(keys) or ["all"]
    both = now.merge(before[[*on, *numbers]], on=on, how="left", suffixes=("", "_before"))
    flags = ["suppressed"] if "suppressed" in shown else []
    return both[[*keys, *numbers, *(f"{n}_before" for n in numbers), *flags]].reset_index(drop=True)


def in_order(sums: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """`versus` by business in the order of `names`; a business that nobody bought in now is not in it."""
    return sums.sort_values("business", key=lambda column: column.map(list(names).index), ignore_index=True)


def totals(sums: pd.DataFrame, brand: pd.DataFrame) -> pd.Series:
    """All buyers now by business, and the brand's as ANY: from `versus` of both, as it may be shown."""
    every = pd.Series(brand.consumers.to_numpy(), [ANY] * len(brand))
    return pd.concat([sums.set_index("business").consumers, every]).astype("Float64")


def combinations(bought: pd.DataFrame, period: str = "now") -> pd.DataFrame:
    """The base table: combination, formats (how many businesses), consumers, gmv_minor; the most consumers first."""
    mine = bought[bought.period == period]
    frame = mine.groupby("combination").agg(consumers=("consumers", "first"), gmv_minor=("gmv_minor", "sum"))
    frame = frame.reset_index()
    frame["formats"] = [len(c.split(JOIN)) for c in frame.combination]
    frame = frame.sort_values(["consumers", "combination"], ascending=[False, True], ignore_index=True)
    return frame[["combination", "formats", "consumers", "gmv_minor"]]


def members(combinations: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Whether each combination holds each business: a bool column a name, the rows of `combinations`."""
    parts = [set(c.split(JOIN)) for c in combinations.combination]
    return pd.DataFrame({n: [n in p for p in parts] for n in names}, index=combinations.index, dtype=bool)


def protected(combinations: pd.DataFrame, names: Sequence[str], threshold: int) -> pd.DataFrame:
    """The base table with a column `suppressed`: what must be hidden though the sums by business and in all are known.

    Hidden are counts below the threshold; then, as long as any of those known sums leaves only one hidden combination, or
    leaves few people, or all sums *together* determine one (three pairs of three businesses are three equations), the smallest
    shown combination as well. Give it to `run.keep` as `like`.
    """
    inside = members(combinations, names)
    groups = inside.rename(columns={n: f"in {i}" for i, n in enumerate(names)}).assign(all=0)
    frame = combinations.join(groups)
    hidden = pd.Series(False, combinations.index)
    while True:
        hidden = suppress(frame, ["consumers"], threshold, [[c] for c in groups], hidden=hidden).suppressed
        shown = combinations.consumers[~hidden & (combinations.consumers > 0)]
        if not hidden.any() or shown.empty or not _determined(inside[hidden].to_numpy(float)):
            return combinations.assign(suppressed=hidden)
        hidden = hidden.copy()
        hidden.loc[shown.idxmin()] = True


def _determined(inside: np.ndarray) -> bool:
    """Whether the sums over columns and over all rows fix one of the rows, as linear equations."""
    equations = np.column_stack([inside, np.ones(len(inside))]).T
    rank = np.linalg.matrix_rank(equations)
    units = np.eye(len(inside))
    return any(np.linalg.matrix_rank(np.vstack([equations, unit])) == rank for unit in units)


def matrix(shown: pd.DataFrame, sums: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Buyers of two businesses at once, from the base table as it may be shown; sums: business, consumers, as shown too.

    Returns business, other, consumers (in both), share (of the buyers of `business`; null where those are hidden), least
    (bool: combinations of the two are hidden, so that both figures are what is at least there). Every pair, in the order of
    `names`; a business with itself has all its buyers.
    """
    inside, size = members(shown, names), sums.set_index("business").consumers
    rows = []
    for a in names:
        for b in names:
            both = shown.consumers[inside[a] & inside[b]]
            known = size.get(a, pd.NA) if a == b else int(both.sum())
            rows.append((a, b, known, a != b and bool(both.isna().any())))
    frame = pd.DataFrame(rows, columns=["business", "other", "consumers", "least"]).astype({"consumers": "Int64"})
    of = frame.business.map(size).astype("Float64")
    return frame.assign(share=(frame.consumers / of.where(of > 0)).astype("Float64"))


def only(shown: pd.DataFrame, brand: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Who is reached through one business alone, from the base table as it may be shown; brand: `versus` of the whole.

    Returns business, consumers, gmv_minor, share (of the brand's buyers), suppressed; a business that nobody uses alone has
    zeros.
    """
    alone = shown.set_index("combination")
    rows = [(n, *((alone.consumers[n], alone.gmv_minor[n]) if n in alone.index else (0, 0))) for n in names]
    frame = pd.DataFrame(rows, columns=["business", "consumers", "gmv_minor"])
    frame = frame.astype({"consumers": "Int64", "gmv_minor": "Int64"})
    total = brand.consumers.iloc[0] if len(brand) else pd.NA
    return frame.assign(share=(frame.consumers / total).astype("Float64"), suppressed=frame.consumers.isna())
