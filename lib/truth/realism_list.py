"""Which figures are held beside which data, in what tolerance, and the verdicts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from truth import realism as r
from truth import realism_acts as a
from truth.realism_logs import Log

GROUPS = 10  # of consumers, left out one at a time for an interval
# matches within the first, near within the second: a difference of shares, or a factor between numbers
TOLERANCE = {"share": (0.05, 0.10), "number": (1.25, 1.60)}
VERDICTS = ("matches", "near", "does not match")
Of = Callable[[Log], float]


@dataclass(frozen=True)
class Figure:
    """One figure: its names, how it is counted, its unit, the source that it is judged by, and those shown beside."""

    key: str
    part: str
    name: str
    how: str
    unit: str  # share; number; rate, a small share, held like a number; slope, held like a share
    of: Of
    fit: str
    beside: tuple[str, ...] = ()


def _of(figure: r.Figure) -> Of:
    return lambda log: figure(log.events)


def _touches(figure: Callable[[np.ndarray], float]) -> Of:
    return lambda log: np.nan if log.touches is None else figure(a.touched(log.events, log.touches))


def _none(count: np.ndarray) -> float:
    return float((count == 0).mean()) if len(count) else np.nan


def _middle(count: np.ndarray) -> float:
    return float(np.median(count[count > 0])) if (count > 0).any() else np.nan


PARTS = {
    "rhythm": "Rhythm of buying 购买节奏",
    "repeat": "Coming back to a brand 复购",
    "concentration": "Concentration 集中度",
    "brands": "Brands share buyers 品牌共享顾客",
    "basket": "Baskets 购物篮",
    "behaviour": "From view to purchase 从浏览到购买",
    "time": "Hours, days, peaks 时段、星期与峰值",
    "path": "Touches before a purchase 购买前触点",
}
Row = tuple[str, str, str, str, str, Of, str, tuple[str, ...]]
ROWS: list[Row] = [
    ("gap-median", "rhythm", "Days between purchases 购买间隔", "median gap of a category's buyer, days", "number",
     _of(r.gap(0.5)), "panel", ("uci",)),
    ("gap-spread", "rhythm", "Spread of the gaps 间隔离散", "90 % quantile of the gaps / median", "number",
     _of(r.gap_spread), "panel", ("cdnow", "uci")),
    ("gap-7", "rhythm", "Gaps within 7 days 七日内再购", "share of a category buyer's gaps", "share",
     _of(r.gap_within(7)), "panel", ("cdnow", "uci")),
    ("gap-30", "rhythm", "Gaps within 30 days 三十日内再购", "share of a category buyer's gaps", "share",
     _of(r.gap_within(30)), "panel", ("cdnow", "uci")),
    ("gap-90", "rhythm", "Gaps within 90 days 九十日内再购", "share of a category buyer's gaps", "share",
     _of(r.gap_within(90)), "panel", ("cdnow", "uci")),
    ("brand-gap", "rhythm", "Days between purchases of a brand 品牌购买间隔", "median gap of a brand's buyer, days", "number",
     _of(r.gap(0.5, r.BRAND_BUYER)), "panel", ()),
    ("mean-orders", "rhythm", "Orders a category buyer 人均订单", "buying days a year", "number",
     _of(r.mean_orders), "panel", ("uci",)),
    ("orders-1", "rhythm", "Category buyers with one order 一次买家", "share, of a year", "share",
     _of(r.share_ordering(1, 1)), "panel", ("uci",)),
    ("orders-3", "rhythm", "Category buyers with three or more 三次及以上", "share, of a year", "share",
     _of(r.share_ordering(3)), "panel", ("uci",)),
    ("shop-1", "repeat", "New buyers of a shop with one order 新客一次买家", "share, over 15–18 months", "share",
     _of(r.share_ordering(1, 1)), "cdnow", ()),
    ("shop-3", "repeat", "New buyers of a shop with three or more 新客三次及以上", "share, over 15–18 months", "share",
     _of(r.share_ordering(3)), "cdnow", ()),
    ("repeat-year", "repeat", "Repeat rate of a brand's buyers 品牌复购率", "share with two or more buying days in the year",
     "share", _of(r.share_ordering(2, by=r.BRAND_BUYER)), "panel", ()),
    ("repeat-90", "repeat", "New buyers back within 90 days 新客 90 日复购",
     "of a brand's buyers first seen from day 90 to day 270", "share",
     _of(r.repeats_within(90, 90, 270)), "panel", ()),
    ("shop-90", "repeat", "A shop's new buyers back within 90 days 店铺新客 90 日复购", "first purchase in the first quarter",
     "share", _of(r.repeats_within(90, 0, 91)), "cdnow", ()),
    ("shop-365", "repeat", "A shop's new buyers back within 365 days 店铺新客一年复购", "first purchase in the first quarter",
     "share", _of(r.repeats_within(365, 0, 91)), "cdnow", ()),
    ("new-share", "repeat", "New buyers among a month's 月度新客占比",
     "brand's buyers of a month not seen earlier in the year, months 7–12", "share", _of(r.new_share), "panel", ()),
    ("buyers-top", "concentration", "Sales of the best fifth of buyers 前两成买家销售占比", "a category's buyers, a year",
     "share", _of(r.buyers_top), "panel", ("uci", "cdnow")),
    ("buyers-gini", "concentration", "Gini of sales over buyers 买家基尼系数", "a category's buyers, a year", "share",
     _of(r.buyers_gini), "panel", ("uci", "cdnow")),
    ("brand-1", "concentration", "The largest brand's share 第一品牌份额", "of a category's sales, a year", "share",
     _of(r.brands_top(1)), "panel", ()),
    ("brand-3", "concentration", "The three largest brands 前三品牌份额", "of a category's sales, a year", "share",
     _of(r.brands_top(3)), "panel", ()),
    ("items-top", "concentration", "Sales of the best fifth of items 前两成单品占比", "of items sold in a category", "share",
     _of(r.items_top), "panel", ()),
    ("activity-top", "concentration", "Behaviour of the most active fifth 前两成活跃者行为占比",
     "views, favourites, carts, purchases of nine days", "share", _of(a.activity_top), "taobao", ("tianchi",)),
    ("jeopardy", "brands", "Double jeopardy 双重危险", "slope of log orders a buyer on log reach, over brands", "slope",
     _of(r.jeopardy), "panel", ()),
    ("duplication", "brands", "A brand's buyers who buy others too 重叠购买", "share, the same category and year", "share",
     _of(r.duplication), "panel", ()),
    ("duplication-law", "brands", "Duplication coefficient D 重叠系数", "Σ common buyers / Σ expected from reach", "number",
     _of(r.duplication_law), "panel", ()),
    ("requirements", "brands", "Share of requirements 需求占有率", "a brand's part of its buyers' category occasions", "share",
     _of(r.requirements), "panel", ()),
    ("same-again", "brands", "Same brand again 连续购买同品牌", "next occasion the same brand, beyond chance", "share",
     _of(r.same_again), "panel", ("scanner",)),
    ("lines", "basket", "Items of an order 订单单品数", "distinct items of a brand in a category and day", "number",
     _of(r.lines), "panel", ()),
    ("units", "basket", "Packs of an order 订单件数", "of a brand in a category and day", "number",
     _of(r.units), "panel", ()),
    ("views-buy", "behaviour", "Views for one purchase 每购浏览", "item views / lines bought", "number",
     _of(a.for_one_purchase("view")), "taobao", ("tianchi",)),
    ("carts-buy", "behaviour", "Carts for one purchase 每购加购", "carts / lines bought", "number",
     _of(a.for_one_purchase("cart")), "taobao", ("tianchi",)),
    ("favourites-buy", "behaviour", "Favourites for one purchase 每购收藏", "favourites / lines bought", "number",
     _of(a.for_one_purchase("favourite")), "taobao", ("tianchi",)),
    ("visit-views", "behaviour", "Views of a visit 每访浏览", "a consumer's day in a category", "number",
     _of(a.visit_views), "taobao", ()),
    ("visit-buys", "behaviour", "Visits with a purchase 到访转化", "a consumer's day in a category with a view", "rate",
     _of(a.visit_buys), "taobao", ("tianchi",)),
    ("cart-bought", "behaviour", "Carted items then bought 加购转化", "consumer × item, within nine days", "rate",
     _of(a.turns_to("cart", "buy")), "taobao", ()),
    ("view-carted", "behaviour", "Viewed items then carted 浏览加购率", "consumer × item, within nine days", "rate",
     _of(a.turns_to("view", "cart")), "taobao", ()),
    ("view-bought", "behaviour", "Viewed items then bought 浏览购买率", "consumer × item, within nine days", "rate",
     _of(a.turns_to("view", "buy")), "taobao", ()),
    ("day-views", "behaviour", "Views for one purchase on 11 November 双11 每购浏览", "buyers of the day only", "number",
     _of(a.for_one_purchase("view")), "tmall", ()),
    ("day-lines", "behaviour", "Lines of a buyer on 11 November 双11 人均行数", "buyers of the day only", "number",
     lambda log: float((log.events.what == "buy").sum() / log.events.consumer.nunique()), "tmall", ()),
    ("evening", "time", "Behaviour from 19 to 23 h 晚间占比", "share of the day's", "share",
     _of(a.hours_between(19, 24)), "taobao", ("tianchi",)),
    ("working", "time", "Behaviour from 8 to 18 h 日间占比", "share of the day's", "share",
     _of(a.hours_between(8, 19)), "taobao", ("tianchi",)),
    ("night", "time", "Behaviour from 0 to 7 h 深夜清晨占比", "share of the day's", "share",
     _of(a.hours_between(0, 8)), "taobao", ("tianchi",)),
    ("weekend", "time", "A weekend day beside a weekday 周末倍数", "behaviour a day", "number",
     _of(a.weekend), "tianchi", ("taobao",)),
    ("peak", "time", "The best day of the month of 12.12 峰值倍数", "behaviour a day: the best / the middle day", "number",
     _of(a.peak), "tianchi", ()),
    ("no-touch", "path", "Purchases without a touch 无触点购买", "none of the brand's in the 28 days before", "share",
     _touches(_none), "panel", ()),
    ("touches", "path", "Touches of a purchase 触点数", "the brand's in 28 days, median where there is one",
     "number", _touches(_middle), "panel", ()),
    ("looks", "path", "Views before a purchase 购买前浏览", "of the category, seven days, the day itself included: mean",
     "number", _of(a.looked_before), "taobao", ()),
]  # fmt: skip
FIGURES = [Figure(*row) for row in ROWS]


def verdict(unit: str, twin: float, real: float, low: float = np.nan, high: float = np.nan) -> str:
    """Matches: within 5 points (shares) or a factor 1.25 (numbers). Near: within 10 points or 1.6, or inside the real interval.

    A slope is held like a share, a rate like a number: 5 points more are another world where 3 in 100 buy.
    """
    if np.isnan(twin) or np.isnan(real):
        return "not comparable"
    by_factor = unit in ("number", "rate")
    first, second = TOLERANCE["number" if by_factor else "share"]
    off = float(np.exp(abs(np.log(max(twin, 1e-9) / max(real, 1e-9))))) if by_factor else abs(twin - real)
    if off <= first:
        return VERDICTS[0]
    return VERDICTS[1] if off <= second or low <= twin <= high else VERDICTS[2]


def parted(log: Log, groups: int = GROUPS) -> list[Log]:
    """The log as often as there are groups of consumers, each time without one of them."""
    return [log.keep(lambda c, g=g: c % groups != g) for g in range(groups)]  # type: ignore[misc]


def interval(of: Of, log: Log, parts: Sequence[Log]) -> tuple[float, float, float]:
    """Value and 95 % interval by the delete-a-group jackknife over the logs of `parted` (Efron & Tibshirani 1993, chapter 11)."""
    value, left = of(log), np.array([of(part) for part in parts])
    spread = float(np.sqrt((len(left) - 1) / len(left) * np.sum((left - left.mean()) ** 2)))
    return value, value - 1.96 * spread, value + 1.96 * spread


def counted(
    logs: dict[str, list[Log]], figures: Sequence[Figure] = tuple(FIGURES), *, bounds: bool = True
) -> pd.DataFrame:
    """key, source, kind, value, low, high, n (consumers), fit: every figure on every source that it names and that is there.

    bounds: with intervals over consumers where the source is the one that judges; else low and high are NaN.
    """
    rows = []
    for source, of_source in logs.items():
        named = [f for f in figures if source in (f.fit, *f.beside)]
        for log in of_source:
            parts = parted(log) if bounds else []
            n = log.events.consumer.nunique()
            for f in named:
                fit = source == f.fit
                value = interval(f.of, log, parts) if bounds and fit else (f.of(log), np.nan, np.nan)
                rows.append((f.key, source, log.kind, *value, n, fit))
    return pd.DataFrame(rows, columns=["key", "source", "kind", "value", "low", "high", "n", "fit"])


def over_seeds(each: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """key, source, kind, twin (mean over markets), twin_low, twin_high: lowest and highest, or one market's interval."""
    by = ["key", "source", "kind"]
    if len(each) == 1:
        return each[0].rename(columns={"value": "twin", "low": "twin_low", "high": "twin_high"})[[*by, "twin", "twin_low",
                                                                                               "twin_high"]]  # fmt: skip
    grouped = pd.concat(each).groupby(by, sort=False).value
    return grouped.agg(twin="mean", twin_low="min", twin_high="max").reset_index()


def judged(twin: pd.DataFrame, real: pd.DataFrame) -> pd.DataFrame:
    """`over_seeds` beside `counted` of the real data, with part, name, how, unit and verdict; in the order of the figures."""
    known = {f.key: f for f in FIGURES}
    both = real.rename(columns={"value": "real"}).merge(twin, on=["key", "source", "kind"], how="left")
    both["verdict"] = [
        verdict(known[k].unit, t, v, low, high) if fit else "beside"
        for k, t, v, low, high, fit in zip(both.key, both.twin, both.real, both.low, both.high, both.fit, strict=True)
    ]
    for field in ("part", "name", "how", "unit"):
        both[field] = [getattr(known[k], field) for k in both.key]
    order = {f.key: n for n, f in enumerate(FIGURES)}
    place = both.assign(at=both.key.map(order), late=~both.fit)
    return place.sort_values(["at", "late"], kind="stable", ignore_index=True).drop(columns=["at", "late"])
