"""FAST against a recomputation that knows no ledger: the stage of each consumer on each day, by brute force."""

import datetime as dt
import importlib.util
from pathlib import Path

import pandas as pd
import pytest

from apex import ledger
from apex.ledger.rules import parse_rules
from apex.measure import assets, fast, members

BY_HAND = Path(__file__).parent / "fast_by_hand.py"
SPEC = importlib.util.spec_from_file_location("fast_by_hand", BY_HAND)
by_hand = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(by_hand)


@pytest.fixture(scope="module")
def log():
    return by_hand.log()


@pytest.fixture
def book(market, log):
    return ledger.ensure(market(log), parse_rules(by_hand.RULES))


@pytest.fixture
def spans(day):
    return {name: (day(a), day(b)) for name, (a, b) in by_hand.PERIODS.items()}


def test_counts_of_all_brands_in_one_pass_are_those_by_hand(book, log, spans):
    frame = fast.counts(book, spans, window=9).set_index(["brand", "period"])
    assert sorted(set(frame.index.get_level_values(0))) == ["b", "c", "d"]
    for brand, period in frame.index:
        truth = by_hand.counts(log, brand, *by_hand.PERIODS[period])
        assert frame.loc[(brand, period), list(truth)].to_dict() == truth, (brand, period)
    assert (frame.rose != frame.moves_up).any(), "end states and moves differ, or nothing here tells them apart"
    assert (frame.reached > frame.consumers).any()
    assert (frame.consumers == frame.start + frame.came - frame.left).all()


def test_members_stand_beside(book, spans):
    frame = fast.counts(book, spans, ["b"], window=9).set_index("period")
    for period, (_, end) in spans.items():
        held = members.on_days(book.warehouse, [end], ["b"], 9).iloc[0]
        assert frame.loc[period, members.COUNTS].tolist() == held[members.COUNTS].tolist()


def card(counted):
    """period × figure → value."""
    return fast.values(fast.figures(counted)).pivot(index="period", columns="figure", values="value")


def test_values_are_formed_from_what_is_shown(book, spans):
    counted = fast.counts(book, spans, ["b"])
    now, value = counted.set_index("period").loc["now"], card(counted).loc["now"]
    assert value[["F", "F_period", "S"]].tolist() == [now.consumers, now.reached, now.members]
    shares = [now.rose / now.start, now.rose / now.eligible, now.active / now.members]
    assert value[["A", "A_eligible", "T"]].tolist() == pytest.approx(shares)
    told = fast.figures(counted)
    told.loc[told.figure == "A", "n"] = pd.NA
    assert fast.values(told).value[told.figure == "A"].isna().all()


def test_nobody_is_found_by_subtraction(book, spans):
    told = fast.figures(fast.counts(book, spans, ["b"])).set_index(["period", "figure"]).loc["now"]
    counted = fast.counts(book, spans, ["b"]).set_index("period").loc["now"]
    assert told.rest["A"] == counted.start - counted.rose and told.rest["T"] == counted.members - counted.active
    assert told["apart"]["F"] == counted.smallest, "a stage that a page of stages hides"
    assert told["apart"][["A", "A_eligible"]].tolist() == [counted.smallest_start] * 2
    assert told["apart"]["F_period"] == min(counted.smallest, counted.passed), "who was here and went"
    assert told.of[["F", "S"]].isna().all()


def test_a_young_period_is_not_compared(book, spans, day):
    counted = fast.counts(book, spans, ["b"])
    frame = counted.set_index("period")
    assert frame.moves_comparable.to_dict() == {"now": True, "before": True, "long": True, "young": False}
    assert frame.members_comparable.to_dict() == {"now": True, "before": True, "long": True, "young": False}
    assert frame.comparable.all()
    young = card(counted).loc["young"]
    assert young.F > 0 and young[["F_period", "A", "A_eligible", "S", "T"]].isna().all()
    early = card(fast.counts(book, {"now": spans["now"], "early": (day(-20), day(-6))}, ["b"]))
    assert early.loc["early"].isna().all()


def test_a_market_without_memberships_has_neither_s_nor_t(market, log, spans):
    bare = ledger.ensure(
        market([e for e in log if e["behaviour"] not in ("join", "leave")]), parse_rules(by_hand.RULES)
    )
    told = fast.values(fast.figures(fast.counts(bare, spans)))
    assert told[told.figure.isin(["S", "T"])].value.isna().all() and told[told.figure == "F"].value.notna().all()
    assert fast.weekly(bare, spans["now"][1], 4)[["members", "active"]].isna().all(axis=None)


def test_a_brand_that_nobody_met_has_zeros_and_no_rates(book, spans):
    frame = fast.counts(book, spans, ["nobody"])
    assert len(frame) == len(by_hand.PERIODS)
    assert frame[fast.LEDGER].eq(0).all(axis=None)
    assert card(frame)[["A", "A_eligible", "T"]].isna().all(axis=None)
    assert fast.weekly(book, spans["now"][1], 3, ["nobody"])[["consumers", "start", "rose"]].eq(0).all(axis=None)


def test_weeks_are_those_by_hand_and_agree_with_the_counts(book, log, spans, day):
    last = spans["now"][1]
    frame = fast.weekly(book, last, 7)
    assert len(frame) == 3 * 7 and frame.day.max() == last
    for row in frame.itertuples():
        truth = by_hand.counts(log, row.brand, by_hand.number(row.day) - 7, by_hand.number(row.day))
        for column in ("consumers", "start", "eligible", "rose", "smallest", "smallest_start"):
            assert getattr(row, column) == truth[column], (row.brand, row.day, column)
    held = members.on_days(book.warehouse, list(frame.day.unique()))
    assert frame[["brand", "day", "members", "active"]].astype(held.dtypes).equals(held)
    beyond = fast.weekly(book, last, 12, ["b"])  # begins before the data do
    assert beyond.consumers.iloc[0] == 0 and not beyond.comparable.iloc[0]
    assert beyond.tail(7).reset_index(drop=True).equals(frame[frame.brand == "b"].reset_index(drop=True))
    assert beyond.moves_comparable.tolist() == [by_hand.number(d) - 7 >= 8 for d in beyond.day]


def test_periods_are_of_one_length_and_a_leap_day_has_a_year_ago():
    found = fast.periods(dt.date(2024, 2, 29), 28)
    assert {(end - start).days for start, end in found.values()} == {28}
    assert found["before"][1] == found["now"][0] and found["year_ago"][1] == dt.date(2023, 2, 28)


def test_what_was_known_on_a_day_does_not_depend_on_later_events(book, day, spans):
    cut = ledger.open_ledger(book.warehouse.until(day(30)), book.rules)
    asked = {"now": (day(20), day(30)), "before": (day(10), day(20))}
    one, other = (fast.counts(b, asked, ["b"]) for b in (book, cut))
    pd.testing.assert_frame_equal(one, other)
    pd.testing.assert_frame_equal(fast.weekly(book, day(30), 3, ["b"]), fast.weekly(cut, day(30), 3, ["b"]))
    assert assets.stock(cut, "b").consumers.tail(3).sum() == other.consumers.iloc[0]
