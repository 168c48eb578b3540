"""Stages of life, counted again item by item in plain Python; moves are conserved and shares add up to one."""

import copy
import datetime as dt

import numpy as np
import pandas as pd
import pytest

from apex.measure import item_life, item_market
from apex.measure.item_rules import parse_item_rules

LEN = 14


@pytest.fixture(scope="module")
def market(shop):
    return item_market.market(shop.warehouse, "b", shop.rules, shop.day)


@pytest.fixture(scope="module")
def measured(shop, market):
    return item_life.with_cover(item_life.measures(market, "b", shop.rules, 9), shop.warehouse, market)


def days_of(shop, period):
    last = shop.day - dt.timedelta(days=LEN * period)
    return last - dt.timedelta(days=LEN - 1), last


SUMS = {}


def count(shop, item, period, kind="buy", column=None):
    """Events of an item in a period (0 ends on the last day), or the sum of one of their columns."""
    for row in [] if SUMS else shop.events.itertuples():
        for name, value in ((None, 1), ("quantity", row.quantity), ("value_minor", row.value_minor)):
            key = row.item_id, (shop.day - row.day).days // LEN, row.behaviour, name
            SUMS[key] = SUMS.get(key, 0) + (0 if pd.isna(value) else int(value))
    return SUMS.get((item, period, kind, column), 0)


def by_hand(shop, item, period):
    """The measures of an item in a period, from the events alone."""
    about = shop.items.set_index("item_id").loc[item]
    same = shop.items[
        shop.items.category.fillna("") == (about.category if isinstance(about.category, str) else "")
    ].item_id
    own = shop.items[shop.items.brand == "b"].item_id
    sales = {i: count(shop, i, period) for i in same}
    before = {i: count(shop, i, period + 1) for i in same}
    sold = [n for i, n in sales.items() if n > 0 and i != item]
    rate = {i: count(shop, i, period, "cart") / v for i in same if (v := count(shop, i, period, "view"))}
    rank = sum(n < sales[item] for n in sold) / max(len(sold), 1) if sales[item] else None
    carts = sum(r < rate[item] for i, r in rate.items()) / max(len(rate) - 1, 1) if item in rate else None
    grown = None
    if before[item] >= 4:
        grown = sales[item] / sum(sales.values()) / (before[item] / sum(before.values())) - 1
    samples = count(shop, item, period, "sample")
    return {
        "sales": sales[item], "sales_percentile": rank, "growth": grown, "cart_percentile": carts,
        "shop_share": sales[item] / sum(count(shop, i, period) for i in own),
        "sample_share": samples / (samples + sales[item]) if samples + sales[item] else None,
    }  # fmt: skip


def test_every_measure_is_counted_as_by_hand(shop, measured):
    assert set(measured.period) == set(range(9)) and len(measured) > 40
    for row in measured[measured.period < 4].to_dict("records"):
        for name, value in by_hand(shop, row["item_id"], row["period"]).items():
            assert (value is None and np.isnan(row[name])) or row[name] == pytest.approx(value), (row["item_id"], name)
        assert row["gmv_minor"] == count(shop, row["item_id"], row["period"], column="value_minor")


def test_cover_is_what_was_last_counted_over_what_sells_in_a_day(shop, measured):
    stock = shop.stock
    for row in measured.itertuples():
        last = days_of(shop, row.period)[1]
        known = stock[(stock.item_id == row.item_id) & (stock.day <= last)].sort_values("day")
        if known.empty:
            assert np.isnan(row.cover_days)
            continue
        units = count(shop, row.item_id, row.period, column="quantity")
        assert row.cover_days == (pytest.approx(known.units.iloc[-1] * LEN / units) if units else np.inf)
    assert np.isfinite(measured.cover_days).sum() > 5


def stage_by_hand(rules, rows, gone):
    """The stage of an item from its rows, newest first, by reading the rule file aloud."""
    signs = {"at_least": lambda a, b: a >= b, "at_most": lambda a, b: a <= b, "above": lambda a, b: a > b,
             "below": lambda a, b: a < b}  # fmt: skip

    def holds(measure, bound):
        if bound.get("if_known") and measure in gone:
            return True
        some = rows[: bound.get("periods", 1)]
        return len(some) == bound.get("periods", 1) and all(
            r is not None
            and not np.isnan(r[measure])
            and all(signs[s](r[measure], bound[s]) for s in signs if s in bound)
            for r in some
        )

    for name, stage in rules["stages"].items():
        if any(all(holds(m, b) for m, b in line.items()) for line in stage["any"]):
            return name
    return "rest"


@pytest.mark.parametrize("known", [True, False], ids=["with stock", "without"])
def test_stages_are_taken_as_the_file_says(shop, market, measured, known):
    frame = measured if known else measured.assign(cover_days=np.nan)
    gone = item_life.unknown(frame)
    assert gone == ([] if known else ["cover_days"])
    staged = item_life.stages(frame, shop.rules, 6)
    rows = {(r["item_id"], r["period"]): r for r in frame.to_dict("records")}
    for row in staged.itertuples():
        mine = [rows.get((row.item_id, row.period + n)) for n in range(3)]
        assert row.stage == stage_by_hand(shop.raw, mine, gone), (row.item_id, row.period)
    assert set(staged.period) == set(range(6)) and staged.stage.nunique() >= 4
    assert list(staged.stage.cat.categories) == [*shop.raw["stages"], "rest"]


def test_items_on_the_shelf_are_conserved_from_period_to_period(shop, measured):
    staged = item_life.stages(measured, shop.rules, 8)
    moved = item_life.moves(staged)
    stock = staged.groupby(["period", "stage"], observed=False).size().unstack("stage")
    for period in range(7):
        mine = moved[moved.period == period]
        came = mine.groupby("to_stage", observed=False)["items"].sum()
        left = mine.groupby("from_stage", observed=False)["items"].sum()
        fresh = int(left["none"])
        assert stock.loc[period].sum() == stock.loc[period + 1].sum() + fresh
        for stage in staged.stage.cat.categories:
            stayed = mine[(mine.from_stage == stage) & (mine.to_stage == stage)]["items"].sum()
            assert stock.loc[period, stage] == stock.loc[period + 1, stage] + (came[stage] - stayed) - (
                left[stage] - stayed
            )
    assert (moved.from_stage == "none").any() and len(moved) > 10


def test_what_the_stages_sold_adds_up_to_the_brand(shop, market, measured):
    staged = item_life.stages(measured, shop.rules, 6)
    for period in (0, 3):
        found = item_life.portfolio(shop.warehouse, "b", market, staged, period)
        first, last = days_of(shop, period)
        sold = shop.events[(shop.events.brand == "b") & (shop.events.behaviour == "buy")]
        sold = sold[(sold.day >= first) & (sold.day <= last)]
        assert found.gmv_minor.sum() == sold.value_minor.sum() and found.orders.sum() == len(sold)
        of = staged[staged.period == period].set_index("item_id").stage
        assert found["items"].sum() == len(of)
        for row in found.itertuples():
            mine = sold[sold.item_id.map(of).astype(str) == row.stage]
            assert (row.buyers, row.orders, row.gmv_minor) == (
                mine.consumer_key.nunique(),
                len(mine),
                mine.value_minor.sum(),
            )


def test_a_market_that_halves_makes_no_tails(shop, market):
    """Growth against the category; the raw growth, a known-wrong method here, calls every item a tail."""
    ids, sales = market.items, np.zeros((len(market.items), 4), dtype="int64")
    sales[ids.category == "tea"] = [20, 40, 80, 160]
    cells = pd.DataFrame(np.argwhere(sales > 0), columns=["row", "period"])
    cells = cells.assign(sales=sales[sales > 0], **dict.fromkeys(item_market.COUNTS[1:], 0))
    half = item_market.Market(market.day, 14, 4, ids, cells[["row", "period", *item_market.COUNTS]])
    frame = item_life.measures(half, "b", shop.rules, 4)
    tea = frame[frame.item_id.isin(ids.item_id[ids.category == "tea"]) & (frame.period < 3)]
    assert (tea.growth.abs() < 1e-12).all() and len(tea)
    raw = tea.assign(growth=-0.5)
    assert (item_life.stages(raw, shop.rules, 2).stage == "tail").any()
    assert not (item_life.stages(tea, shop.rules, 2).stage == "tail").any()


def test_a_brand_of_nothing_and_a_short_history(shop, market):
    nothing = item_life.measures(market, "nobody's", shop.rules, 9)
    assert nothing.empty and item_life.stages(nothing, shop.rules, 9).empty
    assert item_life.moves(item_life.stages(nothing, shop.rules, 9)).empty
    short = copy.deepcopy(shop.raw)
    short["period_days"] = 21
    rules = parse_item_rules(short)
    early = shop.opened + dt.timedelta(days=10)
    young = item_market.market(shop.warehouse.until(early), "b", rules, early)
    assert young.periods == 0 and item_life.measures(young, "b", rules, 9).empty


def test_percentiles_are_the_share_of_the_others_that_lie_below():
    values = np.array([[3.0], [1.0], [1.0], [np.nan], [9.0], [5.0]])
    found = item_life.percentiles(values, np.array(["a", "a", "a", "a", "a", "b"]))[:, 0]
    assert found[[0, 1, 2, 4, 5]].tolist() == [2 / 3, 0, 0, 1, 0] and np.isnan(found[3])
