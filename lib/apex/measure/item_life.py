"""Life of a brand's items: at which stage each stood in each period, how they moved, and what the stages sold.

Stages come from `apex.measure.item_rules`. An item is on the shelf from its launch (where that is not known, from its first
sale seen) or from the first thing that happened to it, and never leaves: what no longer sells is at a stage too. So items on
the shelf are conserved from period to period.
"""

from datetime import timedelta

import ibis
import numpy as np
import pandas as pd

from apex.measure.item_market import BEHAVIOURS, COUNTS, Market
from apex.measure.item_rules import MEASURES, REST, SIGNS, Bound, ItemRules
from apex.measure.trade import purchases
from apex.warehouse import Warehouse

NOT_YET = "none"  # before an item is on the shelf
KEYS = ["item_id", "period"]


def measures(market: Market, brand: str, rules: ItemRules, number: int) -> pd.DataFrame:
    """The measures of a brand's items in the last `number` periods (fewer where the data hold fewer).

    Returns item_id, period (0 is now), MEASURES, censored, units, gmv_minor, buyers: one row for each period in which the
    item is on the shelf. A measure is null where it means nothing: growth from fewer than `growth_from` sales before, a
    percentile of an item without sales (or without views), cover. Where an item's age is censored it is infinite: older than
    any limit. `cover_days` is null here; see `with_cover`.
    """
    number = min(number, market.periods)
    items = market.items[market.items.category.isin(market.items.category[market.items.brand == brand])]
    wide = {name: market.wide(name)[items.index] for name in COUNTS}
    own, group = (items.brand == brand).to_numpy(), items.category.to_numpy()
    sales, samples = wide["sales"], wide["samples"]
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.where(wide["views"] > 0, wide["carts"] / wide["views"], np.nan)
        whole = pd.DataFrame(sales).groupby(group).transform("sum").to_numpy()
        grown = np.full(sales.shape, np.nan)  # share of the category now by that of the period before
        grown[:, :-1] = (sales[:, :-1] / whole[:, :-1]) / (sales[:, 1:] / whole[:, 1:]) - 1
        grown[:, :-1][sales[:, 1:] < rules.growth_from] = np.nan
        shop = np.where(own[:, None], sales / sales[own].sum(axis=0), np.nan)
        sampled = np.where(samples + sales > 0, samples / (samples + sales), np.nan)
    frames = {
        "sales": sales, "sales_percentile": percentiles(np.where(sales > 0, sales, np.nan), group), "shop_share": shop,
        "growth": grown, "cart_percentile": percentiles(rate, group), "sample_share": sampled,
        **{name: wide[name] for name in ("units", "gmv_minor", "buyers")},
    }  # fmt: skip
    age = items.age.to_numpy("float64", na_value=np.nan)[:, None] - np.arange(market.periods) * market.days
    happened = sum(wide[name] for name in BEHAVIOURS.values()) > 0
    there = np.logical_or.accumulate(happened[:, ::-1], axis=1)[:, ::-1] | (age >= 0)
    there[:, number:] = False
    row, period = np.nonzero(there & own[:, None])
    censored = items.censored.to_numpy()
    aged = np.where(censored[:, None], np.inf, age)
    made = pd.DataFrame({"item_id": items.item_id.to_numpy()[row], "period": period, "age_days": aged[row, period]})
    made = made.assign(**{name: values[row, period] for name, values in frames.items()}, cover_days=np.nan)
    order = [*KEYS, *MEASURES, "censored", "units", "gmv_minor", "buyers"]
    return made.assign(censored=censored[row])[order].sort_values(KEYS, ignore_index=True)


def percentiles(values: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Share of the other rows of a group that lie below, column by column, among those that have a value at all.

    0 for the lowest, 1 for one above all others, 0 for one alone. The same shape as `values`, null where that is.
    """
    by = pd.DataFrame(values).groupby(group)
    rank, count = by.rank(method="min").to_numpy(), by.transform("count").to_numpy()
    return np.where(np.isnan(values), np.nan, (rank - 1) / np.maximum(count - 1, 1))


def with_cover(frame: pd.DataFrame, warehouse: Warehouse, market: Market) -> pd.DataFrame:
    """The frame of `measures` with `cover_days`, where the warehouse knows goods in stock: units last counted by the period's
    end, over units sold a day in it; infinite where nothing was sold."""
    if not warehouse.has("on_hand"):
        return frame
    stock = warehouse.table("on_hand")
    ends = pd.DataFrame({"period": range(market.periods), "ends": [market.ends(p) for p in range(market.periods)]})
    on = ibis.memtable(ends, schema={"period": "int64", "ends": "date"})
    last = stock.join(on, stock.day <= on.ends).group_by("item_id", "period")
    counted = last.agg(on_hand=lambda t: t.units.argmax(t.day)).execute()
    held = frame.merge(counted, how="left", on=KEYS).on_hand.astype("float64").to_numpy()
    with np.errstate(divide="ignore", invalid="ignore"):
        return frame.assign(cover_days=held / (frame.units.to_numpy() / market.days))


def unknown(frame: pd.DataFrame) -> list[str]:
    """The measures that the data know of no item in no period."""
    return [name for name in MEASURES if frame[name].isna().all()] if len(frame) else list(MEASURES)


def stages(frame: pd.DataFrame, rules: ItemRules, number: int) -> pd.DataFrame:
    """The frame of `measures` with `stage`, for the last `number` periods.

    A bound on a measure that is null does not hold; one with `if_known` whose measure is `unknown` is left out. For a bound
    of several periods an item must have been on the shelf in all of them.
    """
    gone, taken = unknown(frame), pd.Series(REST, frame.index, dtype=object)
    free = pd.Series(True, frame.index)
    for name, stage in rules.stages.items():
        here = pd.Series(False, frame.index)
        for line in stage.any:
            bounds = {m: b for m, b in line.items() if not (b.if_known and m in gone)}
            if bounds:
                here |= np.logical_and.reduce([_holds(frame, m, b) for m, b in bounds.items()])
        taken[free & here] = name
        free &= ~here
    order = [*rules.names]
    named = frame.assign(stage=pd.Categorical(taken, order, ordered=True))
    return named[named.period < number].reset_index(drop=True)


def _holds(frame: pd.DataFrame, measure: str, bound: Bound) -> np.ndarray:
    """Whether the measure lies within the bound in a period and the others before it that the bound asks for."""
    values = frame[measure].astype("float64")
    inside = np.logical_and.reduce([getattr(values, SIGNS[s])(v) for s, v in bound.limits.items()])
    if bound.periods == 1 or frame.empty:
        return np.asarray(inside)
    wide = pd.Series(inside, pd.MultiIndex.from_frame(frame[KEYS])).unstack("period")
    wide = wide.reindex(columns=range(int(frame.period.max()) + 1)).eq(True).to_numpy()
    every = np.logical_and.reduce([_shifted(wide, n) for n in range(bound.periods)])
    rows = pd.factorize(frame.item_id, sort=True)[0]
    return every[rows, frame.period.to_numpy()]


def _shifted(wide: np.ndarray, by: int) -> np.ndarray:
    """Each period's value of `by` periods before it; False before the first."""
    return np.pad(wide[:, by:], ((0, 0), (0, by)))


def moves(staged: pd.DataFrame) -> pd.DataFrame:
    """Items by the stage they left and the one they came to, from each period to the next.

    Returns period (that they came in), from_stage, to_stage, items: pairs with items only. Who was not on the shelf before
    comes from NOT_YET. Over all pairs the items add up to those on the shelf.
    """
    order = [NOT_YET, *staged.stage.cat.categories]
    last = staged.period.max() if len(staged) else 0
    before = staged[["item_id", "period", "stage"]].assign(period=staged.period - 1)
    both = staged[staged.period < last].merge(before, how="left", on=KEYS, suffixes=("", "_before"))
    pairs = both.assign(
        from_stage=pd.Categorical(both.stage_before.astype(object).fillna(NOT_YET), order, ordered=True),
        to_stage=pd.Categorical(both.stage, order, ordered=True),
    )
    counted = pairs.groupby(["period", "from_stage", "to_stage"], observed=True).size()
    return counted.rename("items").reset_index()


def portfolio(warehouse: Warehouse, brand: str, market: Market, staged: pd.DataFrame, period: int = 0) -> pd.DataFrame:
    """What the items of each stage sold in a period.

    Returns stage, items, buyers (distinct), orders (lines), gmv_minor, zeros included. Items, orders and GMV add up to the
    brand's; a buyer of two stages counts in both.
    """
    now = staged[staged.period == period]
    order = list(staged.stage.cat.categories)
    items = now.stage.value_counts().reindex(order, fill_value=0)
    first = market.ends(period) - timedelta(days=market.days - 1)
    known = ibis.memtable(
        pd.DataFrame({"item_id": list(now.item_id), "stage": list(now.stage.astype(str))}),
        schema={"item_id": "string", "stage": "string"},
    )
    bought = purchases(warehouse, brand, first, market.ends(period)).join(known, "item_id")
    counts = bought.group_by("stage").agg(
        buyers=bought.consumer_id.nunique(), orders=bought.count(), gmv_minor=bought.value_minor.sum()
    )
    found = counts.execute().set_index("stage").reindex(order, fill_value=0)
    frame = found.assign(items=items).rename_axis("stage").reset_index()
    frame["stage"] = pd.Categorical(frame.stage, order, ordered=True)
    return frame[["stage", "items", "buyers", "orders", "gmv_minor"]].astype(
        dict.fromkeys(["items", "buyers", "orders", "gmv_minor"], "int64")
    )
