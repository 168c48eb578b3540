"""Rhythm and money together: totals are sums of buyers, their intervals hold what comes, and few buyers are no crash."""

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from apex.model import clv_check, lifetime, recall
from apex.model.clock import Clock

NOW, AHEAD = pd.Timestamp("2024-06-30"), 182
WORLD = importlib.util.spec_from_file_location("clv_world", Path(__file__).parent / "clv_world.py")
clv_world = importlib.util.module_from_spec(WORLD)
WORLD.loader.exec_module(clv_world)


def even(day=NOW):
    return Clock(pd.DataFrame({"day": pd.date_range("2022-01-01", day), "buyers": 0}), day)


def buyers(dice, n):
    """Buyers as `measure.buyers.buyers` gives them, with what they bring later; days for the world's weeks."""
    world = clv_world.buyers(dice, n, later=AHEAD / 7)
    age, recency = np.round(world.age * 7), np.round(world.recency * 7)
    recency = np.where((world.frequency > 0) & (recency == 0), 1, recency)
    mean, later = clv_world.money(dice, world.frequency.to_numpy() + 1, world.later.to_numpy())
    first = NOW - pd.to_timedelta(age, unit="D")
    return pd.DataFrame({
        "consumer_id": np.arange(n), "first_day": first, "last_day": first + pd.to_timedelta(np.minimum(recency, age), unit="D"),
        "days": world.frequency.astype(int) + 1, "value_minor": (100 * mean * (world.frequency + 1)).round().astype(int) + 1,
        "recent_days": 0, "recent_minor": 0, "later_days": world.later.astype(int),
        "later_minor": (100 * later).round().astype(int),
    })  # fmt: skip


@pytest.fixture(scope="module")
def model():
    return lifetime.fit(buyers(np.random.default_rng(1), 1500), even())


def test_totals_are_the_sums_of_buyers(model):
    each = model.each(AHEAD)
    assert each.value_minor.to_numpy() == pytest.approx((each.alive * each.active_minor).to_numpy())
    group = pd.Series(np.where(model.buyers.days > 2, "often", "seldom")).where(model.buyers.days != 2)
    found = model.totals({"all": pd.Series("x", model.buyers.index), "how": group}, AHEAD)
    assert found.buyers.tolist() == [1500, (group == "often").sum(), (group == "seldom").sum()]
    assert found.value_minor[0] == pytest.approx(each.value_minor.sum())
    assert found.purchases[1:].tolist() == pytest.approx(
        [each.purchases[group == g].sum() for g in ("often", "seldom")]
    )
    assert (found.value_minor_low < found.value_minor).all() and (found.value_minor < found.value_minor_high).all()
    assert found.equals(model.totals({"all": pd.Series("x", model.buyers.index), "how": group}, AHEAD)), (
        "the same seed, the same interval"
    )
    whole = lifetime.worth(model, pd.DataFrame({"how": group}), AHEAD)
    assert (whole.each_minor - whole.value_minor / whole.buyers).abs().max() <= 1


def test_what_came_lies_in_the_intervals_and_the_check_says_so(model):
    later = model.buyers
    found = model.totals({"all": pd.Series("x", later.index)}, AHEAD).iloc[0]
    assert found.purchases_low <= later.later_days.sum() <= found.purchases_high
    assert found.value_minor_low <= later.later_minor.sum() <= found.value_minor_high
    held = clv_check.held_out(model, model.buyers, NOW - pd.Timedelta(days=AHEAD), AHEAD)
    errors = clv_check.errors(held).set_index(["measure", "method"])
    for measure, actual in (("purchases", later.later_days), ("money", later.later_minor)):
        row, e = errors.loc[measure, "model"], held[f"model_{measure}"]
        assert row.bias == pytest.approx(e.sum() / actual.sum() - 1) and row.bias_low < 0 < row.bias_high
        assert row.mae == pytest.approx((e - actual).abs().mean())
        assert row.rmse == pytest.approx(np.sqrt(((e - actual) ** 2).mean()))
    tenths = clv_check.tenths(held, "purchases")
    assert tenths.buyers.tolist() == [150] * 10 and tenths.forecast.is_monotonic_decreasing
    assert ((tenths.low <= tenths.forecast) & (tenths.forecast <= tenths.high)).sum() >= 7
    quiet = clv_check.by_silence(held, "purchases")
    assert quiet.buyers.sum() == 1500 and list(quiet.group) == sorted(quiet.group)


def test_silence_is_loss_to_who_does_not_see_leaving(model):
    """A model in which nobody leaves promises too much of the silent: the check by silence must say so."""
    blind = model.rhythm.log.copy()
    blind[2:] = -9, 9
    naive = lifetime.Lifetime(
        model.clock, type(model.rhythm)(blind, np.zeros((4, 4)), 0.0, 1500, "BG/NBD"), model.spend, model.buyers
    )
    held = clv_check.held_out(naive, model.buyers, NOW - pd.Timedelta(days=AHEAD), AHEAD)
    worst = clv_check.by_silence(held, "purchases").iloc[0]
    assert worst.high < worst.forecast


def test_the_rival_by_cells_by_hand():
    earlier = pd.DataFrame(
        {"quiet": [1, 1, 90, 90], "days": [1, 1, 6, 6], "value_minor": [10, 10, 900, 900], "later_days": [0, 2, 5, 7]}
    )
    now = pd.DataFrame({"quiet": [2, 200, 2], "days": [1, 9, 9], "value_minor": [5, 5000, 5]}, index=[7, 8, 9])
    found = clv_check.cell_mean(earlier, now, ("later_days",))
    assert found.later_days.tolist() == [3.5, 3.5, 3.5] or found.later_days.tolist()[1] == 6
    assert clv_check.cell_mean(earlier.iloc[:0], now, ("later_days",)).later_days.isna().all()
    same = clv_check.cell_mean(earlier, earlier[["quiet", "days", "value_minor"]], ("later_days",))
    assert same.later_days.tolist() == [1, 1, 6, 6]


def test_whom_to_win_back(model):
    """As of three months ago the same buyers: those who have been silent since are less likely to be active."""
    day = NOW - pd.Timedelta(days=90)
    was = model.buyers[model.buyers.last_day <= day]
    found = recall.marked(model, was, day, AHEAD)
    worth = found.active_minor >= found.active_minor.quantile(0.8)
    assert found.falling.sum() > 10 and not (found.falling & ~worth).any() and (found.fell[found.falling] >= 0.1).all()
    assert (found.usual[found.silent] <= 0.1).all() and found.lost_minor.min() >= 0
    assert not found.falling[~model.buyers.consumer_id.isin(was.consumer_id)].any(), (
        "who was no buyer then cannot have fallen"
    )
    group = pd.Series(np.arange(1500) % 2).map({0: "even", 1: "odd"})
    sums = recall.by_group(found, group).set_index("group")
    assert sums.buyers.tolist() == [750, 750] and sums.falling.sum() == found.falling.sum()
    assert sums.lost_minor.sum() == pytest.approx(found.lost_minor[found.falling].sum(), abs=2)
    assert (sums.not_falling + sums.falling == 750).all()


def test_who_was_there_from_the_start_is_told(model):
    assert model.early == 0
    young = lifetime.Lifetime(model.clock, model.rhythm, model.spend, model.buyers.assign(first_day=model.clock.first))
    assert young.early == 1


def test_too_few_are_no_model_and_no_crash():
    few = buyers(np.random.default_rng(2), 60)
    assert lifetime.fit(few, even()) is None and lifetime.fit(few.iloc[:0], even()) is None
    assert lifetime.worth(None, pd.DataFrame({"a": []}), AHEAD).empty
    held = clv_check.held_out(None, few, NOW, AHEAD)
    assert (
        held.empty
        and clv_check.errors(held).empty
        and clv_check.tenths(held).empty
        and clv_check.by_silence(held).empty
    )
    assert recall.by_group(recall.marked(None, few, NOW, AHEAD), pd.Series(dtype=str)).empty
