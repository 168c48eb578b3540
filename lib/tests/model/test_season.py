"""Season and trend on series whose truth is known; Newey–West must fail where ours passes."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from apex.model import season as model

LAST = dt.date(2024, 10, 20)


def daily(values):
    days = pd.date_range(end=LAST, periods=len(values), freq="D")
    return pd.DataFrame({"day": days.date, "gmv_minor": np.rint(values).astype("int64")})


def correlated(dice, count, rho):
    rest = dice.standard_normal(count + 100)
    for n in range(1, count + 100):
        rest[n] += rho * rest[n - 1]
    return rest[100:]


def newey_west(logs, design, lags=4):
    """Low and high of the last coefficient the usual way."""
    from statsmodels.regression.linear_model import OLS

    fitted = OLS(logs, design).fit(cov_type="HAC", cov_kwds={"maxlags": lags})
    reach = 1.96 * fitted.bse[-1]
    return fitted.params[-1] - reach, fitted.params[-1] + reach


def cover(draws, seed, count=43, rhos=(0.0, 0.3, 0.6)):
    """Share of intervals that hold the true slope, ours and Newey–West's, over series of different correlation."""
    dice, truth = np.random.default_rng(seed), 0.4
    design = np.column_stack([np.ones(count), np.linspace(0, 1, count)])
    ours, wrong = 0, 0
    for n in range(draws):
        logs = design @ [3.0, truth] + 0.2 * correlated(dice, count, rhos[n % len(rhos)])
        found = model.drift(logs, design)
        ours += found.low <= np.expm1(truth) <= found.high
        low, high = newey_west(logs, design)
        wrong += low <= truth <= high
    return ours / draws, wrong / draws


def test_the_trend_is_covered_and_not_by_newey_west():
    """200 series: 95 % is not rejected at 1 % from 181 hits on (exact binomial); Newey–West falls short of that."""
    ours, wrong = cover(200, 5)
    assert ours >= 181 / 200 > wrong


@pytest.mark.slow
def test_the_trend_is_covered_in_the_long_run():
    for count in (43, 52, 104):
        ours, wrong = cover(3000, count, count)
        assert 0.935 <= ours <= 0.965 and wrong < 0.9


def test_the_season_is_found_and_better_than_last_years_weeks():
    """Three years with a festival of fixed date; the rival takes last year's week against last year's mean."""
    dice, days = np.random.default_rng(2), 3 * 366 + 5
    index = pd.date_range(end=LAST, periods=days, freq="D")
    festival = np.where((index.month == 11) & (index.day == 11), 2.5, 0)
    wave = 0.3 * np.sin(2 * np.pi * index.day_of_year.to_numpy() / 365.25)
    ours, rival, flat = [], [], []
    for _ in range(6):
        noise = 0.15 * correlated(dice, days, 0.2)
        weeks = model.calendar_weeks(daily(np.exp(9 + wave + festival + noise + np.linspace(0, 0.5, days))))
        assert len(weeks) == 156 and (weeks.day.iloc[51] < weeks.day.iloc[52])
        truth = model.calendar_weeks(daily(np.exp(9 + wave + festival))).gmv_minor.to_numpy()[-52:]
        truth = np.log(truth) - np.log(truth).mean()
        found = model.season(weeks, 4)
        last = np.log(weeks.gmv_minor.to_numpy()[-52:])
        errors = [np.log(found.frame.factor) - truth, last - last.mean() - truth, -truth]
        for kept, error in zip((ours, rival, flat), errors, strict=True):
            kept.append(np.sqrt(np.mean(np.square(error))))
        assert found.strength > 0.8 and found.years == 3
        peak = found.frame.loc[found.frame.factor.idxmax(), "day"]
        assert dt.date(2023, 11, 11) <= peak <= dt.date(2023, 11, 17)
    assert np.mean(ours) < np.mean(rival) < np.mean(flat)


def test_growth_year_on_year_is_free_of_the_season():
    days = 2 * 366 + 40
    index = pd.date_range(end=LAST, periods=days, freq="D")
    wave = np.sin(2 * np.pi * index.day_of_year.to_numpy() / 365.25)
    noise = 0.05 * np.random.default_rng(3).standard_normal(days)
    growth = np.where(index > pd.Timestamp(LAST) - pd.DateOffset(years=1), np.log(1.1), 0)
    found = model.year_on_year(model.calendar_weeks(daily(np.exp(9 + wave + growth + noise))))
    assert found.low < 0.1 < found.high and found.value == pytest.approx(0.1, abs=0.02) and found.n == 52


def test_weeks_weekdays_and_too_little():
    values = np.tile([10, 10, 10, 10, 10, 20, 30], 30)[:205]  # the last day, a Sunday, is the last of a week
    frame = daily(values[::-1])
    weeks = model.weekly(frame)
    assert len(weeks) == 29 and weeks.day.iloc[-1] == LAST
    assert weeks.gmv_minor.sum() == frame.gmv_minor.iloc[-203:].sum()
    profile = model.weekdays(frame)
    assert profile.factor.mean() == pytest.approx(1) and set(profile.days) == {29}
    inside = frame.iloc[-203:].assign(weekday=lambda f: [d.weekday() for d in f.day])
    assert profile.set_index("weekday").factor.to_dict() == pytest.approx(
        (inside.groupby("weekday").gmv_minor.mean() / inside.gmv_minor.mean()).to_dict()
    )
    one = daily([5])
    assert model.weekdays(one).empty and model.trend(model.weekly(one)) is None
    assert model.season(model.calendar_weeks(one), 4) is None and model.year_on_year(model.calendar_weeks(one)) is None
    assert model.calendar_weeks(daily(np.ones(500))).shape[0] == 52 and model.calendar_weeks(daily([])).empty
    silent = daily(np.where(np.arange(800) < 790, 5, 0))
    assert model.season(model.calendar_weeks(silent), 4) is None and model.trend(model.weekly(silent)) is None
