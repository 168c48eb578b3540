"""On the market's clock a season is no habit: forecasts that an even clock gets wrong come out right."""

import numpy as np
import pandas as pd
import pytest

from apex.model import clock as clocks
from apex.model import clv

FIRST = pd.Timestamp("2022-01-01")
DAYS = pd.date_range(FIRST, periods=1100)


def season(days):
    """A festival of three weeks in which everybody buys five times as often, every November."""
    return np.where((days.month == 11) & (days.day <= 21), 5.0, 0.8)


def market(buyers=4000):
    return pd.DataFrame({"day": DAYS, "buyers": (buyers * season(DAYS)).astype(int)})


def test_time_runs_as_the_market_buys():
    clock = clocks.Clock(market(), pd.Timestamp("2024-06-30"))
    assert clock.between(pd.Series([FIRST]), clock.now)[0] == pytest.approx(912, rel=0.05), (
        "a day of the last year is a day on average"
    )
    november = clock.between(pd.Series([pd.Timestamp("2023-10-31")]), pd.Timestamp("2023-11-21"))[0]
    june = clock.between(pd.Series([pd.Timestamp("2023-05-31")]), pd.Timestamp("2023-06-21"))[0]
    assert november / june == pytest.approx(5 / 0.8, rel=0.1)
    assert clock.ahead(365) == pytest.approx(365, rel=0.01) and clock.ahead(0) == 0
    assert clock.ahead(160) - clock.ahead(123) > 60, "the festival to come is long"
    assert clock.ahead(800) == pytest.approx(clock.ahead(365) + clock.ahead(365) + clock.ahead(70), rel=0.02)


def test_parts_of_time_add_up_and_nothing_later_is_read():
    early, late = pd.Timestamp("2023-03-01"), pd.Timestamp("2023-09-01")
    clock = clocks.Clock(market(), pd.Timestamp("2024-06-30"))
    parts = [clock.between(pd.Series([a]), b)[0] for a, b in ((FIRST, early), (early, late), (FIRST, late))]
    assert parts[0] + parts[1] == pytest.approx(parts[2]) and clock.between(pd.Series([late]), late)[0] == 0
    spoilt = market().assign(buyers=lambda f: f.buyers.where(f.day <= clock.now, 9))
    other = clocks.Clock(spoilt, clock.now)
    assert other.ahead(200) == clock.ahead(200) and other.between(pd.Series([early]), late) == clock.between(
        pd.Series([early]), late
    )


def test_a_market_without_a_year_or_without_sales_goes_evenly():
    young = clocks.Clock(market()[:90], DAYS[89])
    assert young.ahead(30) == 30
    empty = clocks.Clock(market().assign(buyers=0), DAYS[500])
    assert empty.ahead(100) == 100 and empty.between(pd.Series([DAYS[0]]), DAYS[10])[0] == pytest.approx(10)


def test_the_clock_takes_a_season_out_of_the_forecast():
    """The known-wrong method is an even clock: it takes the festival's absence for everybody's habit."""
    dice, n, now = np.random.default_rng(8), 2500, pd.Timestamp("2023-10-31")
    pace = season(DAYS)
    rate = dice.gamma(0.8, 1 / 60, n)
    start = dice.integers(0, 300, n)
    buys = dice.random((n, len(DAYS))) < 1 - np.exp(-rate[:, None] * pace / pace[:669].mean())
    buys[np.arange(n), start] = True
    buys[np.arange(len(DAYS))[None, :] < start[:, None]] = False
    until = (now - FIRST).days
    past, later = buys[:, : until + 1], buys[:, until + 1 : until + 31].sum()
    first, last = DAYS[start].to_series(index=range(n)), DAYS[until - past[:, ::-1].argmax(1)].to_series(index=range(n))
    off = {}
    for name, daily in {"market": market(), "even": market().assign(buyers=0)}.items():
        clock = clocks.Clock(daily, now)
        histories = pd.DataFrame({"frequency": past.sum(1) - 1.0, "recency": clock.between(first, last),
                                  "age": clock.between(first, now)})  # fmt: skip
        off[name] = clv.fit(histories).expected(histories, clock.ahead(30)).sum() / later - 1
    assert abs(off["market"]) < 0.1 and off["even"] < -0.5
