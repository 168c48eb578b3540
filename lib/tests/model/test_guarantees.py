"""Where a guarantee ends: pace by phase, the record of ended contracts, both in one posterior; and how sure it is."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from apex.model import contract_pace, guarantees
from apex.model.contract_pace import Course
from apex.model.guarantees import Record, end_of, learn

RECORD = Record(0.0, 0.15, {"": 20.0}, {"impressions": 0.0}, 100)
FIRST = dt.date(2024, 3, 1)


def course(by_day, names):
    by_day = np.array(by_day, float)
    return Course("tv", np.array(names, object), by_day, by_day)


def test_rates_by_phase_tell_how_far_a_contract_should_be():
    """Twice as much a day in the burst; contracts of other sizes and lengths teach the same."""
    ended = [course([10] * 4 + [20] * 2, ["warm-up"] * 4 + ["burst"] * 2),
             course([300] * 2 + [600] * 3, ["warm-up"] * 2 + ["burst"] * 3)]  # fmt: skip
    pace = contract_pace.learn(ended)
    now = course([0] * 8, ["warm-up"] * 6 + ["burst"] * 2)
    weights = pace.weights(now)
    assert weights[-1] / weights[0] == pytest.approx(2, rel=0.01)
    come, share = guarantees.stand([course([7] * 6 + [0] * 2, now.phases)], pace, [6])
    assert come.tolist() == [42] and share[0] == pytest.approx(0.6, abs=0.01)
    assert contract_pace.learn([]).weights(now).tolist() == [1.0] * 8


def test_where_a_contract_stands_is_found_in_another_of_another_length():
    short, long = (np.array(["a"] * n + ["b"] * n, object) for n in (2, 10))
    assert contract_pace.reached(short, 3) == ("b", 0.5) and contract_pace.reached(short, 0) == ("", 0.0)
    assert contract_pace.as_far(long, ("b", 0.5), 0.75) == 15 and contract_pace.as_far(long, ("", 0.0), 0.0) == 0
    assert contract_pace.as_far(np.array(["c"] * 8, object), ("b", 0.5), 0.75) == 6


def test_days_belong_to_phases_and_days_over_are_counted():
    spans = [("x", FIRST - dt.timedelta(3), FIRST), ("y", FIRST + dt.timedelta(2), FIRST + dt.timedelta(9))]
    assert contract_pace.calendar(FIRST, FIRST + dt.timedelta(3), spans).tolist() == ["x", "other", "y", "y"]
    last = FIRST + dt.timedelta(9)
    days = [contract_pace.days_done(FIRST, last, FIRST + dt.timedelta(n)) for n in (-5, -1, 0, 4, 9, 30)]
    assert days == [0, 0, 1, 5, 10, 10]


def test_before_its_first_day_the_record_alone_tells():
    end = end_of(1000.0, "impressions", 0.0, 0.0, RECORD)
    assert end.short == pytest.approx(0.5, abs=0.02) and end.quantile(0.5) == pytest.approx(1000, rel=0.01)
    assert np.log(end.quantile(0.9) / end.quantile(0.1)) == pytest.approx(2.563 * 0.15, rel=0.02)


def test_pace_moves_the_end_and_narrows_it():
    begun = [end_of(1000.0, "impressions", come, 0.5, RECORD) for come in (350.0, 500.0, 650.0)]
    assert begun[0].short > 0.75 and begun[2].short < 0.25 and begun[0].mean < begun[1].mean < begun[2].mean
    late = end_of(1000.0, "impressions", 900.0, 0.9, RECORD)
    assert late.quantile(0.9) - late.quantile(0.1) < begun[1].quantile(0.9) - begun[1].quantile(0.1)


def test_what_has_come_cannot_go_and_what_is_over_is_known():
    met = end_of(100.0, "impressions", 130.0, 0.5, RECORD)
    assert met.short == 0 and met.gap() == 0 and met.gap_at(0.8) == 0 and met.quantile(0.01) >= 130
    over = end_of(100.0, "impressions", 80.0, 1.0, RECORD)
    assert over.short == 1 and over.gap() == 20 and over.mean == 80


def test_gaps_are_of_the_same_ends_as_the_odds():
    end = end_of(200.0, "impressions", 90.0, 0.55, RECORD)
    draws = end.draws(20000, np.random.default_rng(0))
    assert (draws < 200).mean() == pytest.approx(end.short, abs=0.02)
    assert np.maximum(200 - draws, 0).mean() == pytest.approx(end.gap(), rel=0.05)
    more = end.gap_at(0.8)
    assert (draws + more >= 200).mean() >= 0.79 and (draws + more - 2 >= 200).mean() < 0.81


def test_the_record_learns_middle_spread_and_pace():
    rng = np.random.default_rng(1)
    amount = np.round(np.exp(rng.normal(6, 0.5, 400)))
    end = np.round(amount * np.exp(rng.normal(-0.1, 0.2, 400)))
    share = rng.beta(0.6 * 15, 0.4 * 15, 400)
    ended = pd.DataFrame({"guarantee": "impressions", "amount": amount})
    found = learn(ended, rng.binomial(end.astype(int), share).astype(float), np.full(400, 0.5), end)
    assert found.middle == pytest.approx(-0.1, abs=0.03) and found.spread == pytest.approx(0.2, abs=0.02)
    assert found.precision["impressions"] == pytest.approx(15, rel=0.3) and found.ahead["impressions"] == pytest.approx(
        np.log(1.5), abs=0.1
    )
    few = learn(ended[:0], np.zeros(0), np.zeros(0), np.zeros(0))
    assert (
        few.n == 0
        and few.spread == pytest.approx(guarantees.RATE)
        and few.precision[""] == pytest.approx(guarantees.EVEN, rel=0.01)
    )


def test_counting_alone_is_too_sure():
    ours, bare = end_of(1000.0, "impressions", 470.0, 0.5, RECORD), guarantees.counting_only(1000.0, 470.0, 0.5)
    assert bare.short > 0.95 > ours.short > 0.5


def world(day_, last=9):
    """Ended contracts of two kinds and two open ones: one runs, one lies ahead."""
    rows, daily = [], []
    for n in range(12):
        first = dt.date(2023, 1, 1)
        kind = "impressions" if n % 2 else "recalls"
        rows.append((f"e{n:02}", "c", kind, 50, first, first + dt.timedelta(9)))
        daily += [(f"e{n:02}", first + dt.timedelta(d), 5, 5 if n % 2 else 20) for d in range(10)]
    rows += [("open", "b", "impressions", 100, FIRST, FIRST + dt.timedelta(last)),
             ("ahead", "b", "recalls", 10, FIRST + dt.timedelta(20), FIRST + dt.timedelta(30))]  # fmt: skip
    daily += [("open", FIRST + dt.timedelta(d), 10, 10) for d in range(day_ + 1)]
    of = pd.DataFrame(rows, columns=["contract_id", "brand", "guarantee", "amount", "first_day", "last_day"])
    of = of.assign(campaign_id="none", channel="tv")
    return of, pd.DataFrame(daily, columns=["contract_id", "day", "units", "impressions"])


def test_the_outlook_puts_it_together():
    of, daily = world(4)
    none = pd.DataFrame(columns=["campaign_id", "phase", "first_day", "last_day"])
    seen = guarantees.outlook(of, daily, none, FIRST + dt.timedelta(4))
    assert seen.of.contract_id.tolist() == ["open", "ahead"] and seen.share.tolist() == pytest.approx([0.5, 0.0])
    assert [e.come for e in seen.ends] == [50, 0] and seen.record.n == 12
    assert seen.costs.tolist() == [1, 4] and seen.due.tolist() == [50, 40]
    assert seen.ends[0].mean == pytest.approx(100, rel=0.05)


def test_without_any_ended_contract_a_convention_stands_in():
    of, daily = world(4)
    none = pd.DataFrame(columns=["campaign_id", "phase", "first_day", "last_day"])
    seen = guarantees.outlook(of[of.brand == "b"], daily, none, FIRST + dt.timedelta(4))
    assert seen.record.n == 0 and 0.3 < seen.ends[0].short < 0.7 and np.isnan(seen.costs[1])


def test_a_kind_of_guarantee_may_scatter_more_than_the_others():
    rng = np.random.default_rng(2)
    end = np.full(300, 200.0)
    kinds = np.array(["impressions"] * 200 + ["recalls"] * 100)
    share = np.where(kinds == "recalls", rng.beta(3, 3, 300), rng.beta(30, 30, 300))
    amount = np.round(200 * np.exp(rng.normal(0, 0.3, 300)))
    ended = pd.DataFrame({"guarantee": kinds, "amount": amount})
    found = learn(ended, rng.binomial(200, share).astype(float), np.full(300, 0.5), end)
    assert found.precision["recalls"] < found.precision["impressions"] / 2
    wide, narrow = (end_of(200.0, kind, 100.0, 0.5, found) for kind in ("recalls", "impressions"))
    assert wide.quantile(0.9) - wide.quantile(0.1) > narrow.quantile(0.9) - narrow.quantile(0.1)
