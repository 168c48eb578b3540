"""The plan: needed stock reaches the goal, edges get a typed answer, nothing after the plan's day is looked at."""

import datetime as dt
import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from apex.errors import ApexError
from apex.model import goal
from apex.model.backtest import (
    METHODS,
    backtest,
    backtest_table,
    by_brand,
    grid_day,
    poolable,
    score_table,
    scores,
    windows_until,
    winkler,
)
from apex.model.goal import Bought, CannotSay, plan


@pytest.fixture(scope="module")
def worlds():
    spec = importlib.util.spec_from_file_location("goal_world", Path(__file__).parent / "goal_world.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def world(worlds):
    return worlds.world(np.random.default_rng(5))


@pytest.fixture
def history(world):
    return world.history


def made(history, brand="b00", minor=None, factor=1.2, **knobs):
    rng = np.random.default_rng(1)
    if minor is None:
        minor = plan(history, brand, 1, rng).forecast * factor
    return plan(history, brand, minor, rng, **knobs)


def emptied(history, brand, stock):
    """The same history in which a brand never sold and holds `stock` by cell (the rest in none)."""
    stocks, results = history.stocks.copy(), history.results.copy()
    for frame in (stocks, results):
        mine = frame.brand == brand
        held = frame.cell[mine].astype(str).map(stock).fillna(0)
        frame.loc[mine, "consumers"] = held.where(frame.cell[mine] != "none", 12_000 - sum(stock.values())).astype(int)
    results.loc[results.brand == brand, ["buyers", "gmv_minor"]] = 0
    untouched = history.untouched.copy()
    untouched.loc[untouched.brand == brand, "consumers"] = 0
    sales = history.sales[history.sales.brand != brand]
    return replace(history, stocks=stocks, results=results, untouched=untouched, sales=sales)


@pytest.mark.parametrize("factor", [0.97, 1.0, 1.3, 2.5])
@pytest.mark.parametrize("hold", [(), ("L",)])
def test_needed_stock_put_back_reaches_the_goal_exactly(history, factor, hold):
    made_plan = made(history, factor=factor, hold=hold)
    needed = made_plan.cells.set_index("stage").needed.dropna()
    assert not {"none", *hold} & set(needed.index)
    assert made_plan.gmv_of(needed) == pytest.approx(made_plan.goal, rel=1e-12)
    assert made_plan.gmv_of({}) == pytest.approx(made_plan.forecast, rel=1e-12)
    assert (made_plan.cells.gap.dropna() < 0).all() if factor < 1 else (made_plan.cells.gap.dropna() >= 0).all()


def test_cells_add_to_the_forecast(history):
    made_plan = made(history)
    cells = made_plan.cells
    assert cells.gmv_minor.sum() == pytest.approx(made_plan.forecast)
    assert (cells.stock_forecast * cells.conversion * cells.value_minor).sum() == pytest.approx(made_plan.forecast)
    assert cells.stock_forecast.sum() == pytest.approx(12_000)


def test_the_worse_bought_stock_converts_the_more_is_needed(history):
    plans = [made(history, bought=Bought(m, m / 2, 2 * m)) for m in (0.25, 0.5, 1.0)]
    assert plans[0].k > plans[1].k > plans[2].k > 1
    assert plans[1].k_best == pytest.approx(plans[2].k) and plans[1].k_worst == pytest.approx(plans[0].k)
    planned = plans[2].cells[plans[2].cells.planned]
    assert plans[2].k == pytest.approx(1 + plans[2].missing / planned.gmv_minor.sum())


def test_a_goal_below_what_comes_by_itself_needs_nobody(history):
    made_plan = made(history, minor=1)
    assert made_plan.k == 0 and made_plan.odds > 0.99 and (made_plan.cells.needed.dropna() == 0).all()


def test_odds_fall_with_the_goal_and_planning_for_odds_reaches_them(history):
    odds = [made(history, factor=f).odds for f in (0.6, 0.9, 1.0, 1.1, 1.6)]
    assert odds == sorted(odds, reverse=True) and odds[0] > 0.97 and odds[-1] < 0.03
    sure = made(history, odds_wanted=0.8)
    assert sure.target > sure.goal
    scaled = made(
        history, minor=sure.goal * sure.forecast / sure.target
    )  # the goal as far below as the target is above it
    assert scaled.odds == pytest.approx(0.8, abs=0.02)


def test_the_table_is_whole_people_and_adds_up(history):
    eve = dt.date(2024, 8, 1)
    table = made(history).needed(eve)
    assert list(table) == goal.NEEDED and list(table.stage) == ["none", "O", "A", "P", "L"] and set(table.eve) == {eve}
    planned = table.dropna(subset="needed")
    assert (
        list(planned.stage) == ["O", "A", "P", "L"] and (planned.gap == planned.needed - planned.stock_forecast).all()
    )
    assert ((planned.low <= planned.stock_forecast) & (planned.stock_forecast <= planned.high)).all()


def test_a_brand_without_purchase_gets_its_peers_and_a_wide_interval(history):
    new = made(emptied(history, "b00", {"O": 150, "A": 300}))
    old = made(history)
    assert new.basis == "stages" and old.basis == "history"
    peers = old.cells.set_index("stage").conversion
    assert new.cells.set_index("stage").conversion["A"] == pytest.approx(peers["A"], abs=0.15)
    assert np.log(new.high / new.low) > 1.3 * np.log(old.high / old.low)
    assert new.gmv_of(new.cells.set_index("stage").needed.dropna()) == pytest.approx(new.goal)


def test_one_consumer_is_a_plan_with_finite_numbers(history):
    one = made(emptied(history, "b00", {"A": 1}))
    assert isinstance(one, goal.GoalPlan) and np.isfinite([one.low, one.high, one.k, one.odds]).all()


def test_nobody_to_plan_with_is_said(history):
    answer = plan(emptied(history, "b00", {}), "b00", 100, np.random.default_rng(1), hold=["O"])
    nobody = answer if isinstance(answer, CannotSay) else None
    assert nobody is None or nobody.reason == "no_stock"
    held = plan(history, "b00", 100, np.random.default_rng(1), hold=["O", "A", "P", "L"])
    assert held == CannotSay("b00", "no_stock")


def test_without_peers_a_brand_lives_by_its_own_history_or_cannot_say(history):
    def alone(h):
        only = {n: getattr(h, n)[getattr(h, n).brand == "b00"] for n in ("sales", "results", "stocks", "untouched")}
        return replace(h, brands=("b00",), **only)

    own = made(alone(history))
    assert own.basis == "stages" and own.low < own.forecast < own.high
    new = plan(alone(emptied(history, "b00", {"A": 50})), "b00", 100, np.random.default_rng(1))
    assert new == CannotSay("b00", "few_brands")


def test_without_an_earlier_window_it_cannot_say(history):
    answer = plan(replace(history, results=history.results[:0]), "b00", 100, np.random.default_rng(1))
    assert answer == CannotSay("b00", "no_windows")


def test_bad_knobs_are_refused(history):
    rng = np.random.default_rng(1)
    for knobs, message in [
        ({"brand": "b0"}, 'does not hold the brand "b0".*Did you mean'),
        ({"goal_minor": 0}, "above 0"),
        ({"hold": ["l"]}, 'no cell "l" to hold'),
        ({"odds_wanted": 80}, "between 0 and 1, not 80"),
    ]:
        with pytest.raises(ApexError, match=message):
            plan(history, **{"brand": "b00", "goal_minor": 10, "rng": rng, **knobs})
    with pytest.raises(ApexError, match="0 < low"):
        Bought(0.5, 0.6, 1.0)
    with pytest.raises(ApexError, match='no cell "X"'):
        made(history).gmv_of({"X": 3})


def test_inflow_counts_only_what_still_lives_on_the_eve(history):
    made_plan = made(history)
    frame = made_plan.inflow({"A": 15, "P": 90}).set_index("stage")
    assert list(frame.index) == ["A", "P"] and list(frame.days) == [15, 28]
    row = made_plan.cells.set_index("stage").loc["A"]
    assert frame.per_day["A"] == pytest.approx((row.needed - row.kept) / 15)
    assert frame.steady_per_day["P"] == pytest.approx(frame.needed["P"] / 90)
    assert made(replace(history, lead=0, untouched=None)).inflow({"A": 15}).per_day.isna().all()
    assert made_plan.inflow({}).empty


def test_pace_compares_with_then_and_with_the_benchmark(history):
    made_plan = made(history)
    cells = made_plan.cells.set_index("stage")
    reached = cells.stock_now / cells.needed
    benchmark = {"A": reached["A"], "P": reached["P"] * 1.2, "L": reached["L"] * 0.8, "O": None}
    frame = made_plan.pace({"A": cells.stock_now["A"] / 2, "P": 0}, benchmark).set_index("stage")
    assert frame.verdict.to_dict() == {"O": "none", "A": "on_pace", "P": "behind", "L": "ahead"}
    assert frame.change["A"] == pytest.approx(1.0) and pd.isna(frame.change["P"]) and pd.isna(frame.then["L"])
    assert frame.gap_now["A"] == pytest.approx(cells.needed["A"] - cells.stock_now["A"])


def garbled(history, day):
    """The same history with nonsense in place of all that came after `day`."""
    rng = np.random.default_rng(99)
    sales, results = history.sales.copy(), history.results.copy()
    late = sales.day > pd.Timestamp(day)
    sales.loc[late, "gmv_minor"] = rng.integers(0, 10**7, late.sum())
    late = results.last_day > day
    results.loc[late, ["consumers", "buyers", "gmv_minor"]] = rng.integers(1, 500, (late.sum(), 3))
    parts = {"sales": sales, "results": results}
    for name in ("stocks", "untouched"):
        frame = getattr(history, name).copy()
        late = frame.day > day
        frame.loc[late, "consumers"] = rng.integers(0, 900, late.sum())
        parts[name] = frame
    return replace(history, **parts)


@pytest.fixture(scope="module")
def long(worlds):
    return worlds.world(np.random.default_rng(6), periods=9).history


def test_the_future_changes_nothing_of_a_back_test(long):
    said = ["brand", "method", "forecast", "low", "high"]
    for back, lead in ((3, 0), (1, 28)):
        start = long.as_of - dt.timedelta(days=28 * back - 1)
        as_of = start - dt.timedelta(days=1 + lead)
        true = backtest(long, [start], [lead])
        blind = backtest(garbled(long, as_of), [start], [lead])
        pd.testing.assert_frame_equal(true[said], blind[said])
        assert not np.allclose(true.actual, blind.actual)
        late = backtest(garbled(long, as_of - dt.timedelta(days=1)), [start], [lead])  # it does look at its own day
        assert not np.allclose(true.forecast, late.forecast)


def test_the_back_test_has_every_method_and_its_scores(long):
    starts = [long.as_of - dt.timedelta(days=28 * j - 1) for j in (2, 1)]
    frame = backtest(long, starts)
    assert len(frame) == 2 * 2 * len(METHODS) * len(long.brands)
    own = long.sales[long.sales.day >= pd.Timestamp(starts[1])].groupby("brand").gmv_minor.sum()
    last = frame[frame.window_start == starts[1]]
    assert (last.actual == last.brand.map(own)).all()
    mine = long.brands[0]
    table = backtest_table(frame, mine)
    assert set(table.brand) == {mine} and len(table) == len(frame) / len(long.brands), "no other brand's own figures"
    assert list(table) == ["brand", "window_start", "window_end", "method", "actual", "forecast", "low", "high"]
    assert not table.duplicated(["brand", "window_start", "method"]).any() and "combined-28" in set(table.method)
    found = scores(frame, np.random.default_rng(1))
    assert [(s.lead, s.method) for s in found] == [(lead, m) for lead in (0, 28) for m in METHODS]
    pooled = score_table(found).set_index("method")
    assert list(pooled.index) == [f"{m}{lead}" for lead in ("", "-28") for m in METHODS]
    assert pooled.wape["combined-28"] == next(s.wape for s in found if (s.lead, s.method) == (28, "combined"))
    assert poolable(frame, mine) is frame
    few = frame[frame.brand.isin(long.brands[:5])]
    assert set(poolable(few, mine).brand) == {mine}, (
        "of five brands four are others: too few to hide behind one another"
    )
    one = next(s for s in found if s.method == "combined" and s.lead == 0)
    part = frame[(frame.method == "combined") & (frame.lead == 0)]
    assert one.wape == pytest.approx((part.forecast - part.actual).abs().sum() / part.actual.sum()) and one.n == 40
    assert one.coverage_low <= one.coverage <= one.coverage_high
    assert by_brand(frame).difference.is_monotonic_increasing and len(by_brand(frame)) == len(long.brands)


def test_the_interval_score_by_hand():
    score = winkler(pd.Series([5.0, 1.0, 12.0]), pd.Series([2.0] * 3), pd.Series([10.0] * 3))
    assert list(score) == pytest.approx([8.0, 18.0, 28.0])


def test_windows_and_days_off_the_grid_are_refused(long):
    assert len(windows_until(dt.date(2017, 12, 17))) == 7 and len(windows_until(dt.date(2017, 10, 1))) == 4
    assert grid_day(dt.date(2017, 10, 1)) == dt.date(2017, 9, 24) == grid_day(dt.date(2017, 9, 24))
    with pytest.raises(ApexError, match="not on the grid"):
        backtest(long, [long.as_of - dt.timedelta(days=28)])
    with pytest.raises(ApexError, match="had not ended"):
        backtest(long, [long.as_of + dt.timedelta(days=1)])
    with pytest.raises(ApexError, match="not 14"):
        backtest(long, [long.as_of - dt.timedelta(days=27)], [14])
