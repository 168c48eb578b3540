"""Items at their start, and items that are not hits yet: what was known of each on a day, and what became of it.

Two frames for `apex.model.hits`, of the whole market: a brand's own launches are too few to learn from. Both hold nothing
that came after the day of the forecast but `hit`, which is null where the outcome is not known yet.
"""

from datetime import timedelta

import ibis
import numpy as np
import pandas as pd

from apex.measure.item_life import percentiles
from apex.measure.item_market import BEHAVIOURS, Market
from apex.measure.item_rules import ItemRules
from apex.warehouse import Warehouse

BEFORE = 3  # periods of the brand's sales before a launch
EARLY = (*BEHAVIOURS.values(), "buyers", "new_buyers")
LATER = "later"  # sales in the period that ends `day` days after the start


def starts(warehouse: Warehouse, market: Market, rules: ItemRules) -> pd.DataFrame:
    """Every launch that the data saw from its first day on, with what happened in its first days, and what became of it.

    Launches without launch day are first sales after the burn-in; where the data hold page views, carts and so on from some
    later day on, launches before it are left out. Returns item_id, brand, category, days (of each of `first_days`), known_on
    (int: the day of the forecast, in days before the market's day; 0 is today), sales, views, carts, favourites, samples,
    buyers, new_buyers (of them, whose first purchase of the brand it was) of the first `days` days, brand_before (the
    brand's sales in the category in the BEFORE periods before), standard (what a hit had to sell in the last period
    before the day of the forecast), hit (boolean; null: not known yet). Only rows whose first days are over.
    """
    made = _launches(market, rules)
    on = ibis.memtable(made[["item_id", "age"]], schema={"item_id": "string", "age": "int64"})
    events = warehouse.table("events")
    events = events.filter(
        events.behaviour.isin(list(BEHAVIOURS)) & (events.occurred_at < market.day + timedelta(days=1))
    )
    ago = ibis.literal(market.day).delta(events.occurred_at.date(), unit="day")
    bought = events.filter(events.behaviour == "buy")
    debut = bought.group_by("brand", "consumer_id").agg(debut=bought.occurred_at.min())
    near = events.select("item_id", "brand", "behaviour", "consumer_id", "occurred_at", ago=ago).join(on, "item_id")
    near = near.mutate(day=near.age - near.ago).filter(lambda t: (t.day >= 0) & (t.day < rules.hits.day))
    near = near.left_join(debut, ["brand", "consumer_id"])
    # each buyer is counted on the day of the first purchase, so that spans of days add up
    once = ibis.window(group_by=[near.item_id, near.consumer_id, near.behaviour])
    first = near.occurred_at == near.occurred_at.min().over(once)
    ends = [*rules.hits.first_days, rules.hits.day - rules.period_days, rules.hits.day]
    near = near.mutate(span=ibis.cases(*[(near.day < end, n) for n, end in enumerate(ends)]), first=first)
    found = near.group_by("item_id", "behaviour", "span").agg(
        events=near.count(),
        buyers=near.consumer_id.nunique(where=near.first),
        new_buyers=near.consumer_id.nunique(where=near.first & (near.occurred_at == near.debut)),
    )
    return _told(market, rules, made, _by_days(found.execute(), made, rules))


def _by_days(found: pd.DataFrame, made: pd.DataFrame, rules: ItemRules) -> dict[tuple[str, int], np.ndarray]:
    """Counts up to each of `first_days` (name, days), and the sales of the judging period (LATER, day); a row a launch."""
    row = pd.Index(made.item_id).get_indexer(found.item_id)
    counts = {}
    for behaviour, name in BEHAVIOURS.items():
        part = found.behaviour == behaviour
        columns = {name: "events"} | ({"buyers": "buyers", "new_buyers": "new_buyers"} if behaviour == "buy" else {})
        for count, column in columns.items():
            spans = np.zeros((len(made), len(rules.hits.first_days) + 2), dtype="int64")
            spans[row[part], found.span[part].astype(int)] = found[column][part]
            if count == "sales":
                counts[LATER, rules.hits.day] = spans[:, -1]
            for n, days in enumerate(rules.hits.first_days):
                counts[count, days] = spans[:, : n + 1].sum(axis=1)
    return counts


def _launches(market: Market, rules: ItemRules) -> pd.DataFrame:
    """row (of the market's items), item_id, brand, category, age of the launches the data saw from their first day on."""
    whole = (market.periods - 1) * market.days  # so that a period of the data lies before each
    since = min([whole, *(n * market.days for b in BEHAVIOURS.values() if (n := market.seen(b)))])
    age = market.items.age
    fresh = ~market.items.censored & (age < since).fillna(False) & (age >= 0).fillna(False)
    rows = np.flatnonzero(fresh.to_numpy(bool))
    return market.items.iloc[rows][["item_id", "brand", "category", "age"]].assign(row=rows).astype({"age": "int64"})


def standards(market: Market, rules: ItemRules) -> np.ndarray:
    """Sales that make a hit, a row an item, a column a period: the category's quantile, at least `least_sales`.

    With a `shop_share`: that share of the brand's sales, where it is less. Infinite where nothing of the category was sold.
    """
    sales = market.wide("sales").astype(float)
    sales[sales == 0] = np.nan
    by = pd.DataFrame(sales).groupby(market.items.category.to_numpy()).quantile(rules.hits.sales_percentile)
    least = by.clip(lower=rules.hits.least_sales).fillna(np.inf)
    needed = least.loc[market.items.category].to_numpy()
    if rules.hits.shop_share is None:
        return needed
    shop = pd.DataFrame(market.wide("sales")).groupby(market.items.brand.to_numpy()).transform("sum").to_numpy()
    return np.minimum(needed, np.maximum(rules.hits.shop_share * shop, rules.hits.least_sales))


def hits_now(market: Market, rules: ItemRules) -> list[str]:
    """The items that are hits in the period that ends today."""
    if not market.periods:
        return []
    return list(market.items.item_id[market.wide("sales")[:, 0] >= standards(market, rules)[:, 0]])


def _told(
    market: Market, rules: ItemRules, made: pd.DataFrame, found: dict[tuple[str, int], np.ndarray]
) -> pd.DataFrame:
    standard, age, row = standards(market, rules), made.age.to_numpy(), made.row.to_numpy()
    names = pd.MultiIndex.from_frame(market.items[["brand", "category"]]).factorize()[0]
    of_brand = pd.DataFrame(market.wide("sales")).groupby(names).sum().to_numpy()[names]
    # the period in which the middle of the judging period lies, whose sales are the standard it is held against
    middle = np.clip(age - rules.hits.day + market.days // 2, 0, None) // market.days
    over = age >= rules.hits.day
    hit = found[LATER, rules.hits.day] >= standard[row, np.minimum(middle, market.periods - 1)]
    frames = []
    for days in rules.hits.first_days:
        known_on = age - days
        # the last whole period before the launch; and before the forecast
        launch, eve = age // market.days + 1, np.maximum(known_on, 0) // market.days + 1
        frame = made[["item_id", "brand", "category"]].assign(
            days=days, known_on=known_on, **{name: found[name, days] for name in EARLY},
            brand_before=sum(_at(of_brand, row, launch + n) for n in range(BEFORE)), standard=_at(standard, row, eve),
            hit=pd.array(np.where(over, hit, None), "boolean"),
        )  # fmt: skip
        frames.append(frame[known_on >= 0])
    return pd.concat(frames, ignore_index=True)


def _at(values: np.ndarray, rows: np.ndarray, periods: np.ndarray) -> np.ndarray:
    """Values of rows in periods; 0 before the data begin."""
    inside = periods < values.shape[1]
    return np.where(inside, values[rows, np.minimum(periods, values.shape[1] - 1)], 0)


def climbers(market: Market, rules: ItemRules) -> pd.DataFrame:
    """Items that are no hits in a period, of every period, and whether they are in the next one.

    Returns item_id, brand, category, period (at whose end the forecast is made), sales, views, carts, favourites, samples,
    buyers (of the period), sales_1, sales_2 (of the two periods before), views_1, age (days, of what is known), censored,
    percentile (of sales in the category), standard (see `standards`), was_hit (bool: in one of the two periods before), hit
    (boolean; null for the last period). Only items of which so much was sold or viewed in the three periods that a hit is
    in reach (`least_sales`); the first two periods of the data have no two before them and are left out.
    """
    wide = {name: market.wide(name) for name in (*BEHAVIOURS.values(), "buyers")}
    rows = np.flatnonzero((wide["sales"] + wide["views"]).sum(axis=1) >= rules.hits.least_sales)
    items, standard = market.items.iloc[rows], standards(market, rules)[rows]
    rank = percentiles(np.where(wide["sales"] > 0, wide["sales"], np.nan), market.items.category.to_numpy())[rows]
    wide, age = {name: counts[rows] for name, counts in wide.items()}, items.age.to_numpy("float64", na_value=np.nan)
    frames = []
    for period in range(market.periods - 2):
        sales = wide["sales"][:, period]
        stirred = (wide["sales"] + wide["views"])[:, period : period + 3].sum(axis=1) >= rules.hits.least_sales
        here = np.flatnonzero(stirred & (sales < standard[:, period]))
        frame = items.iloc[here][["item_id", "brand", "category", "censored"]].assign(
            period=period, **{name: counts[here, period] for name, counts in wide.items()},
            sales_1=wide["sales"][here, period + 1], sales_2=wide["sales"][here, period + 2],
            views_1=wide["views"][here, period + 1], age=age[here] - period * market.days,
            percentile=np.nan_to_num(rank[here, period]), standard=standard[here, period],
            was_hit=(wide["sales"] >= standard)[here, period + 1 : period + 3].any(axis=1), hit=pd.NA,
        )  # fmt: skip
        if period:
            frame["hit"] = wide["sales"][here, period - 1] >= standard[here, period - 1]
        frames.append(frame.astype({"hit": "boolean"}))
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def planned(market: Market, rules: ItemRules, brand: str, category: str) -> pd.DataFrame:
    """A row like those of `starts` for an item that is not on sale yet, as known today: nothing of it, all of its brand."""
    sales, items = market.wide("sales"), market.items
    of = ((items.brand == brand) & (items.category == category)).to_numpy()
    near, standard = np.flatnonzero((items.category == category).to_numpy()), np.inf
    if len(near) and market.periods:
        plain = rules.model_copy(update={"hits": rules.hits.model_copy(update={"shop_share": None})})
        standard = standards(market, plain)[near[0], 0]
        shop = sales[(items.brand == brand).to_numpy(), 0].sum()
        if rules.hits.shop_share is not None:
            standard = min(standard, max(rules.hits.shop_share * shop, rules.hits.least_sales))
    row = {"item_id": "", "brand": brand, "category": category, "days": rules.hits.first_days[0], "known_on": 0}
    row |= dict.fromkeys(EARLY, 0) | {"brand_before": int(sales[of, :BEFORE].sum()), "standard": float(standard)}
    return pd.DataFrame([row]).assign(hit=pd.array([None], "boolean"))
