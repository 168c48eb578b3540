"""What an event day did, on series whose truth is known."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from apex.model import event_days, event_tables

FIRST, DAYS = dt.date(2023, 1, 1), 500
ON = {"one": ("own", 150), "two": ("own", 380), "big": ("platform", 260)}  # first of three days


def day(n):
    return FIRST + dt.timedelta(days=int(n))


def calendar(lead=7, after=21, on=ON):
    rows = [(e, e, kind, day(n - lead), day(n), day(n + 2), day(n + 2 + after)) for e, (kind, n) in on.items()]
    return pd.DataFrame(
        rows, columns=["event", "name", "kind", "before_day", "first_day", "last_day", "until_day"]
    )  # fmt: skip


def series(seed, lift=2.0, dip=0.8, base=20.0, shared=0.0):
    """Daily orders with weekdays, a season shared with the category and slow moods of its own; and the true effects.

    Own festivals double sales on their days and lower them for a week after; the platform's days lift everybody.
    """
    dice = np.random.default_rng(seed)
    n = np.arange(DAYS)
    together = np.exp(shared * dice.standard_normal(DAYS))  # what moves us and the category on the same day
    season = together * np.exp(0.5 * np.sin(2 * np.pi * n / 365))
    mood, shock = np.zeros(DAYS), 0.05 * dice.standard_normal(DAYS)
    for k in range(1, DAYS):
        mood[k] = 0.8 * mood[k - 1] + shock[k]
    weekday = np.where(n % 7 == 6, 1.4, 0.9)
    plain = base * season * weekday * np.exp(mood)
    times, market = np.ones(DAYS), np.ones(DAYS)
    for kind, at in ON.values():
        times[at : at + 3] *= lift
        times[at + 3 : at + 10] *= dip
        if kind == "platform":
            market[at : at + 3] *= 3
    without = dice.poisson(plain)
    with_ = np.where(
        times > 1,
        without + dice.poisson(plain * np.maximum(times - 1, 0)),
        dice.binomial(without, np.minimum(times, 1)),
    )
    others = dice.poisson(5 * base * season * weekday * market)
    frame = pd.DataFrame({"day": [day(k) for k in n], "orders": with_, "others": others})
    return frame, with_ - without


def test_a_day_belongs_to_one_event_and_what_happens_goes_first():
    on = {"a": ("own", 30), "b": ("platform", 40), "c": ("own", 200)}
    taken = event_days.assign(pd.Series([day(k) for k in range(DAYS)]), calendar(on=on))
    of = {k: (taken.event[k], taken.block[k]) for k in (22, 23, 29, 30, 32, 33, 35, 39, 40, 43, 63, 64, 199)}
    assert pd.isna(of[22][0]) and of[23] == of[29] == ("a", "before")
    assert of[30] == of[32] == ("a", "on")
    assert of[33] == of[35] == of[39] == ("b", "before"), "waiting for b goes before what follows a"
    assert of[40] == ("b", "on") and of[43] == of[63] == ("b", "after") and pd.isna(of[64][1])
    assert of[199] == ("c", "before")
    near = calendar(on={"a": ("own", 30), "b": ("platform", 35)})
    taken = event_days.assign(pd.Series([day(k) for k in range(60)]), near)
    assert list(taken.event[28:36]) == ["b", "b", "a", "a", "a", "b", "b", "b"], "what happens goes before what waits"


def test_effects_add_up_and_come_near_the_truth():
    frame, true = series(1)
    found = event_days.effects(frame, calendar(), "orders").set_index(["event", "block"])
    for event, (_, at) in ON.items():
        parts = found.loc[event]
        assert parts.loc[["before", "on", "after"], "effect"].sum() == pytest.approx(parts.effect["net"])
        assert list(parts.days[["before", "on", "after", "net"]]) == [7, 3, 21, 31]
        assert parts.sold["on"] == frame.orders[at : at + 3].sum()
        assert parts.low["on"] < true[at : at + 3].sum() < parts.high["on"]
        assert parts.low["on"] > 0, "a doubling is seen"


def test_money_is_the_same_in_any_unit():
    frame, _ = series(2)
    one = event_days.effects(frame, calendar(), "orders")
    cents = event_days.effects(frame.assign(gmv=frame.orders * 12_345), calendar(), "gmv")
    assert np.allclose(cents[["effect", "low", "high"]], one[["effect", "low", "high"]] * 12_345, rtol=1e-4)


def test_intervals_hold_the_truth_and_the_wrong_method_does_not():
    rows, wrong = [], []
    for seed in range(80):
        frame, true = series(seed + 1000)
        taken = event_days.assign(frame.day, calendar())
        found = event_days.effects(frame, calendar(), "orders").set_index(["event", "block"])
        y = frame.orders.to_numpy(float)
        for event in ("one", "two"):
            at = (taken.event == event).to_numpy()
            row = found.loc[(event, "net")]
            rows.append(row.low <= true[at].sum() <= row.high)
            on = at & (taken.block == "on").to_numpy()  # the wrong one: the mean of its days less that of all others
            effect = (y[on].mean() - y[~on].mean()) * on.sum()
            reach = 1.96 * on.sum() * np.sqrt(y[on].var() / on.sum() + y[~on].var() / (~on).sum())
            wrong.append(abs(effect - true[at].sum()) <= reach)
    assert binomtest(sum(rows), len(rows), 0.95).pvalue > 0.01, np.mean(rows)
    assert binomtest(sum(wrong), len(wrong), 0.95).pvalue < 0.01, np.mean(wrong)


def test_what_the_category_does_on_our_festival_is_no_effect_of_it():
    """Days on which all of the category doubles beside us: where both move together on plain days too, nothing is left of it."""
    with_, bare = [], []
    for seed in range(8):
        frame, _ = series(seed, lift=1.0, dip=1.0, shared=0.3)
        frame.loc[150:152, ["orders", "others"]] *= 2
        for found, others in ((with_, frame.others), (bare, 0)):
            effect = event_days.effects(frame.assign(others=others), calendar(), "orders")
            found.append(effect.set_index(["event", "block"]).effect[("one", "on")])
    assert abs(np.mean(with_)) < 15 and np.mean(bare) > 60


def test_too_few_plain_days_or_sales_give_no_number():
    frame, _ = series(4)
    busy = calendar(lead=150, after=170)
    found = event_days.effects(frame, busy, "orders")
    assert set(found.cannot) == {"too_few"} and found.effect.isna().all()
    found = event_days.effects(frame.assign(orders=0), calendar(), "orders")
    assert set(found.cannot) == {"too_few"} and (found.sold == 0).all()
    later = calendar(on={"later": ("own", DAYS + 3)})
    assert set(event_days.effects(frame, later, "orders").cannot) == {"no_days"}, "its days have not come"
    nothing = event_days.effects(frame, calendar().head(0), "orders")
    assert nothing.empty and "effect" in nothing


def test_tables_have_a_row_an_event():
    frame, _ = series(5)
    events = calendar()
    every = events[["event", "name", "kind", "first_day", "last_day"]].merge(
        event_days.effects(frame, events, "orders").assign(measure="orders"), on="event"
    )
    table = event_tables.wide(every.assign(buyers=9), "orders")
    assert list(table.event) == ["one", "two", "big"] and set(event_tables.EFFECTS) <= set(table)
    part = every[(every.event == "two") & (every.block == "after")].iloc[0]
    assert table.after_effect[1] == part.effect and table.after_days[1] == 21
    both = event_tables.with_new(table, table)
    assert (both.new_effect == both.net_effect).all()
    short = event_tables.shortfalls(every, 7).set_index("block")
    assert short.n["after"] == 3 and short["mean"]["after"] < 0, "a week of 0.8 is found"
    assert event_tables.shortfalls(every.assign(days=46), 7).set_index("block").n["before"] == 0, (
        "phases are no waiting"
    )
