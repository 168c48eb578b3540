"""How a market looks, first part: figures of purchases and brands, each a pure function of one log.

A log is a frame with a row an event: `consumer, category, brand, item` (integers; −1 unknown), `day` (whole days, 0 a Monday),
`hour` (0–23, −1 unknown), `what` (view, favourite, cart, buy), `order` (time within the day), `value, quantity`. A figure returns
one number, NaN where the log cannot say it. Purchases of one consumer, category, brand and day are one *occasion*.
Figures of brands follow Ehrenberg, Uncles & Goodhardt (2004), "Understanding brand performance measures: using Dirichlet
benchmarks", Journal of Business Research 57. Second part: `realism_acts`.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

Figure = Callable[[pd.DataFrame], float]
BUYER = ["consumer", "category"]
BRAND_BUYER = ["consumer", "category", "brand"]
FEWEST = 20  # buyers of a brand in a figure of brands


def bought(log: pd.DataFrame) -> pd.DataFrame:
    """Occasions: consumer, category, brand, day, lines (distinct items), units, value; in order of consumer, category, day."""
    of = log[log.what == "buy"]
    keys = [*BRAND_BUYER, "day"]
    items = of.drop_duplicates([*keys, "item"])
    sums = of.groupby(keys, sort=True).agg(units=("quantity", "sum"), value=("value", "sum"))
    sums["lines"] = items.groupby(keys, sort=True).size()
    return sums.reset_index().sort_values([*BUYER, "day", "brand"], ignore_index=True)


def gaps(log: pd.DataFrame, by: Sequence[str] = BUYER) -> np.ndarray:
    """Days between one buying day and the next of the same `by`, for all pairs that lie in the log."""
    days = log.loc[log.what == "buy", [*by, "day"]].drop_duplicates().sort_values([*by, "day"])
    same = (days[list(by)].to_numpy()[1:] == days[list(by)].to_numpy()[:-1]).all(axis=1)
    return np.diff(days.day.to_numpy())[same]


def gap(quantile: float, by: Sequence[str] = BUYER) -> Figure:
    """A quantile of the gaps, in days."""
    return lambda log: _quantile(gaps(log, by), quantile)


def gap_spread(log: pd.DataFrame) -> float:
    """Shape of the gaps, free of their level: 90 % quantile / median."""
    g = gaps(log)
    return _quantile(g, 0.9) / _quantile(g, 0.5)


def gap_within(days: int) -> Figure:
    """Share of gaps of at most so many days."""
    return lambda log: mean(gaps(log) <= days)


def orders(log: pd.DataFrame, by: Sequence[str] = BUYER) -> np.ndarray:
    """Buying days of each buyer."""
    days = log.loc[log.what == "buy", [*by, "day"]].drop_duplicates()
    return days.groupby(list(by)).size().to_numpy()


def share_ordering(low: int, high: float = np.inf, by: Sequence[str] = BUYER) -> Figure:
    """Share of buyers with low … high buying days; (2, inf) by brand is the repeat rate."""
    return lambda log: mean((orders(log, by) >= low) & (orders(log, by) <= high))


def mean_orders(log: pd.DataFrame) -> float:
    """Buying days of a category's buyer."""
    return mean(orders(log))


def repeats_within(days: int, after: int, until: int) -> Figure:
    """Of buyers of a brand first seen on day after … until of the log, the share who buy it again within `days` days."""

    def of(log: pd.DataFrame) -> float:
        seen = log.loc[log.what == "buy", [*BRAND_BUYER, "day"]].drop_duplicates().sort_values([*BRAND_BUYER, "day"])
        seen["nth"] = seen.groupby(BRAND_BUYER).cumcount()
        first = seen[seen.nth == 0].set_index(BRAND_BUYER).day
        second = seen[seen.nth == 1].set_index(BRAND_BUYER).day.reindex(first.index)
        new = (first - first.min()).between(after, until)
        return mean((second - first)[new] <= days)

    return of


def top_share(values: np.ndarray, share: float = 0.2) -> float:
    """What the largest `share` of the values hold of their sum; the last one counts by its part."""
    v = np.sort(np.asarray(values, float))[::-1]
    if not len(v) or v.sum() <= 0:
        return np.nan
    at = share * len(v)
    whole = int(at)
    return float((v[:whole].sum() + (at - whole) * (v[whole] if whole < len(v) else 0)) / v.sum())


def gini(values: np.ndarray) -> float:
    """Gini coefficient of non-negative values."""
    v = np.sort(np.asarray(values, float))
    n = len(v)
    return float((2 * np.arange(1, n + 1) - n - 1) @ v / (n * v.sum())) if n and v.sum() > 0 else np.nan


def lorenz(values: np.ndarray, points: int = 51) -> pd.DataFrame:
    """x, y: the share of buyers, largest first, and what they hold of the sum."""
    v = np.sort(np.asarray(values, float))[::-1]
    held = np.r_[0, np.cumsum(v)] / v.sum()
    x = np.linspace(0, 1, points)
    return pd.DataFrame({"x": x, "y": np.interp(x, np.linspace(0, 1, len(v) + 1), held)})


def spent(log: pd.DataFrame) -> np.ndarray:
    """Value by buyer of a category, as a share of the category's mean: categories can be pooled."""
    total = log[log.what == "buy"].groupby(BUYER).value.sum()
    return (total / total.groupby("category").transform("mean")).to_numpy()


def buyers_top(log: pd.DataFrame) -> float:
    """Share of sales that the best fifth of buyers make."""
    return top_share(spent(log))


def buyers_gini(log: pd.DataFrame) -> float:
    """Gini coefficient of sales over buyers."""
    return gini(spent(log))


def brands_top(number: int) -> Figure:
    """Share of a category's sales that its largest `number` brands make, the mean over categories by buyers."""

    def of(log: pd.DataFrame) -> float:
        sales = log[log.what == "buy"].groupby(["category", "brand"]).value.sum()
        share = sales / sales.groupby("category").transform("sum")
        top = share.groupby("category").nlargest(number).groupby(level=0).sum()
        return _weighted(top, _buyers(log, ["category"]))

    return of


def items_top(log: pd.DataFrame) -> float:
    """Share of a category's sales that the best fifth of the items sold make, the mean over categories by buyers."""
    sales = log[log.what == "buy"].groupby(["category", "item"]).value.sum()
    return _weighted(sales.groupby("category").apply(top_share), _buyers(log, ["category"]))


def _brands(log: pd.DataFrame) -> pd.DataFrame:
    """category, brand, buyers, rate (orders a buyer), reach (share of the category's buyers), of brands with enough buyers."""
    many = bought(log).groupby(["category", "brand"]).agg(orders=("day", "size"), buyers=("consumer", "nunique"))
    many = many[many.buyers >= FEWEST].reset_index()
    whole = _buyers(log, ["category"])
    return many.assign(rate=many.orders / many.buyers, reach=many.buyers / many.category.map(whole))


def jeopardy(log: pd.DataFrame) -> float:
    """Double jeopardy: slope of log orders a buyer on log reach over brands, within categories."""
    many = _brands(log)
    x, y = np.log(many.reach), np.log(many.rate)
    x, y = (v - v.groupby(many.category).transform("mean") for v in (x, y))
    return float(x @ y / (x @ x)) if len(many) > 1 and x @ x > 0 else np.nan


def duplication(log: pd.DataFrame) -> float:
    """Share of brands' buyers who also buy another brand of the category within the log."""
    pairs = log.loc[log.what == "buy", BRAND_BUYER].drop_duplicates()
    return mean(pairs.groupby(BUYER).brand.transform("size") > 1)


def duplication_law(log: pd.DataFrame) -> float:
    """D of the duplication of purchase law, b(Y|X) = D · b(Y): Σ common buyers / Σ expected ones, within categories."""
    pairs = log.loc[log.what == "buy", BRAND_BUYER].drop_duplicates()
    pairs = pairs[pairs.groupby(["category", "brand"]).consumer.transform("size") >= FEWEST]
    m = pairs.groupby(BUYER).size()
    common = (m * (m - 1)).groupby("category").sum()
    b = pairs.groupby(["category", "brand"]).size()
    total = b.groupby("category").sum()
    expected = (total**2 - (b**2).groupby("category").sum()) / _buyers(log, ["category"]).reindex(total.index)
    return float(common.sum() / expected.sum()) if expected.sum() > 0 else np.nan


def requirements(log: pd.DataFrame) -> float:
    """Share of category requirements: of all buying occasions of a brand's buyers in its category, those of the brand."""
    per = bought(log).groupby(BRAND_BUYER).size()
    return float(per.sum() / per.groupby(BUYER).transform("sum").sum()) if len(per) else np.nan


def same_again(log: pd.DataFrame) -> float:
    """How often the next occasion is the same brand, beyond chance: (share same − Σ brand shares²) / (1 − Σ brand shares²)."""
    of = bought(log).sort_values([*BUYER, "day", "value"]).drop_duplicates([*BUYER, "day"], keep="last")
    follows = (of[BUYER].to_numpy()[1:] == of[BUYER].to_numpy()[:-1]).all(axis=1)
    same = (of.brand.to_numpy()[1:] == of.brand.to_numpy()[:-1])[follows]
    share = of.groupby("category").brand.value_counts(normalize=True)
    chance = of.category.map((share**2).groupby("category").sum()).to_numpy()[1:][follows]
    return float((same.mean() - chance.mean()) / (1 - chance.mean())) if len(same) else np.nan


def lines(log: pd.DataFrame) -> float:
    """Distinct items of an occasion."""
    return mean(bought(log).lines)


def units(log: pd.DataFrame) -> float:
    """Packs of an occasion."""
    return mean(bought(log).units)


def new_share(log: pd.DataFrame) -> float:
    """Months of 30 days from the seventh to the twelfth: share of a brand's buyers of the month not seen before in the log."""
    days = log.loc[log.what == "buy", [*BRAND_BUYER, "day"]]
    month = ((days.day - days.day.min()) // 30).clip(upper=11)
    seen = days.assign(month=month, first=month.groupby([days[c] for c in BRAND_BUYER]).transform("min"))
    seen = seen[seen.month >= 6].drop_duplicates([*BRAND_BUYER, "month"])
    return mean(seen["first"] == seen.month)


def _buyers(log: pd.DataFrame, by: list[str]) -> Any:
    return log[log.what == "buy"].groupby(by).consumer.nunique()


def _weighted(values: pd.Series, weights: pd.Series) -> float:
    return float(np.average(values, weights=weights.reindex(values.index))) if len(values) else np.nan


def _quantile(values: np.ndarray, q: float) -> float:
    return float(np.quantile(values, q)) if len(values) else np.nan


def mean(values: Any) -> float:
    """The mean, NaN of nothing."""
    return float(np.mean(values)) if len(values) else np.nan
