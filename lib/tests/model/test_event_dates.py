"""Dates for the next own festival."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from apex.model import event_dates, event_days

FIRST, DAYS = dt.date(2023, 1, 2), 500  # a Monday


def day(n):
    return FIRST + dt.timedelta(days=int(n))


@pytest.fixture
def fitted():
    n = np.arange(DAYS)
    daily = np.where(n % 7 == 5, 20.0, 10.0)  # Saturdays sell twice as much
    return event_days.Plain(daily, np.ones((DAYS, 1)), np.zeros((1, 1)), np.ones(1), DAYS)


def scored(fitted, others=None, taken=(), span=(520, 640), gap=21, extra=(4.0, 1.0)):
    days = pd.Series([day(k) for k in range(DAYS)])
    level = pd.Series(100.0 if others is None else others, pd.to_datetime(days))
    frame = pd.DataFrame(taken, columns=["before_day", "sale_day", "last_day"])
    both = day(span[0]), day(span[1])
    return event_dates.dates(fitted, days, np.ones(DAYS, bool), level, frame, both, 3, gap, extra)


def test_without_season_weekdays_decide_and_money_follows_days_of_trade(fitted):
    found = scored(fitted)
    assert len(found) == 121 and found.allowed.all() and found.since.isna().all()
    best = found.iloc[0]
    assert best.first_day.weekday() in (3, 4, 5), "the Saturday is among its three days"
    usual, factor = 80 / 7, np.mean([70 / 80, 70 / 80, 140 / 80])
    assert best.level == pytest.approx(usual * factor, rel=0.02)
    assert best.expected == pytest.approx(4 * best.level) and best.low == pytest.approx((4 - 1.96) * best.level)


def test_a_season_is_that_of_last_year(fitted):
    n = np.arange(DAYS)
    others = np.where((n >= 190) & (n < 230), 200.0, 100.0)  # a year before days 554 to 594
    found = scored(fitted, others)
    assert day(550) <= found.first_day.iloc[0] <= day(600)
    assert found.level.max() > 1.7 * found.level.min()


def test_no_date_inside_a_promotion_or_too_near_to_its_sales(fitted):
    taken = [(day(560), day(590), day(600))]  # build-up to day 589, sales from 590 on
    found = scored(fitted, taken=taken).set_index("first_day")
    assert not any(found.allowed[day(k)] for k in range(558, 601)), "neither in build-up nor in its sales"
    assert not found.allowed[day(566)] and found.allowed[day(557)]
    assert not found.allowed[day(621)] and found.allowed[day(622)], "21 days are kept"
    assert found.until[day(557)] == 31 and found.since[day(622)] == 22


def test_named_dates_lie_apart(fitted):
    found = scored(fitted)
    named = event_dates.best(found, 4)
    gaps = np.diff(sorted(d.toordinal() for d in named.first_day))
    assert len(named) == 4 and min(gaps) >= event_dates.APART and (np.diff(named.level) <= 1e-9).all()
    assert event_dates.best(found.assign(allowed=False), 4).empty
    assert event_dates.best(pd.DataFrame(columns=event_dates.COLUMNS), 4).empty
