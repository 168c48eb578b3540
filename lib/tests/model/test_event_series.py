"""What the structural series says of an event, on series whose truth is known, beside the usual day."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from apex.model import event_days, event_series

FIRST, DAYS = dt.date(2023, 1, 1), 330
ON = {"own": ("own", 120), "big": ("platform", 240)}  # first of three days
WORLDS = range(500, 520)  # fixed before any of them was looked at; 0 to 59 were looked at before
DRAWS = 40


def calendar(on=ON):
    day = lambda n: FIRST + dt.timedelta(days=int(n))  # noqa: E731
    rows = [(e, e, kind, day(n - 7), day(n), day(n + 2), day(n + 23)) for e, (kind, n) in on.items()]
    return pd.DataFrame(
        rows, columns=["event", "name", "kind", "before_day", "first_day", "last_day", "until_day"]
    )  # fmt: skip


def series(seed, lift=2.5, dip=0.75, pull=0.9, base=20.0, on=ON):
    """Daily orders with a walking level, fading moods, weekdays and a season, and what the events truly did to each day."""
    dice, n = np.random.default_rng(seed), np.arange(DAYS)
    level = np.cumsum(0.015 * dice.standard_normal(DAYS)) + 0.2 * np.sin(2 * np.pi * n / 365 + dice.uniform(0, 6))
    mood, shock = np.zeros(DAYS), 0.06 * dice.standard_normal(DAYS)
    for k in range(1, DAYS):
        mood[k] = 0.7 * mood[k - 1] + shock[k]
    weekday = np.where(n % 7 == 6, 1.4, 0.9)
    times = np.ones(DAYS)
    for _, at in on.values():
        times[at - 7 : at] *= pull
        times[at : at + 3] *= lift
        times[at + 3 : at + 12] *= dip
    plain = base * weekday * np.exp(level + mood)
    without = dice.poisson(plain)
    more = without + dice.poisson(plain * np.maximum(times - 1, 0))
    orders = np.where(times > 1, more, dice.binomial(without, np.minimum(times, 1)))
    others = dice.poisson(5 * base * weekday * np.exp(level))
    days = [FIRST + dt.timedelta(days=int(k)) for k in n]
    return pd.DataFrame({"day": days, "orders": orders, "others": others}), orders - without


def told(frame, events, measure="orders", seed=0, **more):
    return event_series.tell(frame, events, measure, np.random.default_rng(seed), draws=DRAWS, **more)


@pytest.fixture(scope="module")
def worlds():
    """(event, block, held by the series, held by the usual day, the series' error, the usual day's) of all worlds."""
    rows, events = [], calendar()
    for seed in WORLDS:
        frame, true = series(seed)
        taken = event_days.assign(frame.day, events)
        ours = told(frame, events, seed=seed).effects(ON).set_index(["event", "block"])
        usual = event_series.naive(frame, events, "orders").set_index(["event", "block"])
        for event, block in ours.index:
            at = (taken.event == event) & ((taken.block == block) | (block == "net"))
            truth = true[at].sum()
            one, other = ours.loc[(event, block)], usual.loc[(event, block)]
            rows.append((event, block, one.low <= truth <= one.high, other.low <= truth <= other.high,
                         one.effect - truth, other.effect - truth, one.effect))  # fmt: skip
    return pd.DataFrame(rows, columns=["event", "block", "held", "usual_held", "off", "usual_off", "effect"])


@pytest.mark.parametrize("event", list(ON))
def test_intervals_hold_the_truth_and_the_usual_days_do_not(worlds, event):
    mine = worlds[worlds.event == event]
    for block, part in mine.groupby("block"):
        assert binomtest(int(part.held.sum()), len(part), 0.95, "less").pvalue > 0.01, (block, part.held.mean())
    for block in ("after", "net"):
        part = mine[mine.block == block]
        assert binomtest(int(part.usual_held.sum()), len(part), 0.95, "less").pvalue < 0.01, (
            block,
            part.usual_held.mean(),
        )
        assert np.sqrt((part.off**2).mean()) < 0.75 * np.sqrt((part.usual_off**2).mean()), block


def test_the_dip_after_is_found_and_the_event_too(worlds):
    by = worlds.groupby(["event", "block"]).effect.mean()
    assert by["own", "after"] < -20 and by["own", "on"] > 50 and by["own", "before"] < 0


@pytest.fixture(scope="module")
def one():
    frame, true = series(7)
    return frame, true, told(frame, calendar())


def test_blocks_add_up_and_days_are_those_of_the_event(one):
    frame, _, made = one
    rows = made.effects(["own"]).set_index("block")
    assert rows.effect[["before", "on", "after"]].sum() == pytest.approx(rows.effect["net"])
    assert list(rows.days) == [7, 3, 21, 31] and rows.sold["on"] == frame.orders[120:123].sum()
    assert (rows.cannot == "").all() and (rows.low < rows.effect).all() and (rows.effect < rows.high).all()
    days = made.days("own", around=5)
    assert days.day.iloc[0] == frame.day[108] and days.day.iloc[-1] == frame.day[143] and len(days) == 36
    assert days.sum_actual.isna().tolist() == [True] * 5 + [False] * 31
    last = days.iloc[-1]
    assert last.sum_actual == rows.sold["net"] and last.sum_without == pytest.approx(rows.without["net"])
    assert (days.low >= 0).all() and (days.low <= days.high).all()


def test_the_same_dice_give_the_same_numbers_and_money_the_same_in_any_unit(one):
    frame, _, made = one
    pd.testing.assert_frame_equal(made.effects(ON), told(frame, calendar()).effects(ON))
    cents = told(frame.assign(gmv=frame.orders * 12_345), calendar(), "gmv").effects(["own"])
    assert np.allclose(cents[["effect", "se"]], made.effects(["own"])[["effect", "se"]] * 12_345, rtol=1e-3)


def test_what_the_series_says_is_what_statsmodels_smoother_says():
    """Draws at one point of the grid scatter about the smoothed signal, whatever the dice."""
    from statsmodels.tsa.statespace.structural import UnobservedComponents

    frame, _ = series(8)
    free = event_days.assign(frame.day, calendar()).event.isna().to_numpy()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(event_series, "WALK", (0.06,))
        patch.setattr(event_series, "MOOD", ((0.0, 0.0),))
        made = event_series.fit(frame, free, "orders", None, np.random.default_rng(1), draws=400)
    root = np.sqrt(frame.orders.to_numpy(float))
    design = event_series._regressors(frame, free, None)
    model = UnobservedComponents(np.where(free, root, np.nan), "llevel", exog=design, mle_regression=False)
    smoothed = model.smooth([1.0, 0.06**2])
    signal = (model.ssm["design"][0] * smoothed.smoothed_state).sum(axis=0)
    assert np.abs(np.sqrt(made.draws).mean(axis=0) - signal)[~free].max() < 0.2
    rest = root[free] - signal[free]
    assert np.sqrt(made.draws).std(axis=0)[~free].mean() == pytest.approx(rest.std(), rel=0.25)


def test_an_event_at_the_edge_is_filled_from_one_side_and_is_less_sure(one):
    frame, _, made = one
    middle = made.effects(["big"]).set_index("block").se["on"]
    late = calendar({"big": ("platform", DAYS - 4)})
    rows = told(frame, late).effects(["big"]).set_index("block")
    assert list(rows.days) == [7, 3, 1, 11] and rows.se["on"] > middle
    early = calendar({"big": ("platform", 1)})
    rows = told(frame, early).effects(["big"]).set_index("block")
    assert list(rows.days) == [1, 3, 21, 25] and np.isfinite(rows.effect).all()


def test_where_nothing_happened_the_placebo_holds(one):
    frame, _, _ = one
    rows = event_series.placebo(frame, calendar(), "orders", np.random.default_rng(0))
    taken = event_days.assign(frame.day, calendar())
    assert len(rows) > 25 and rows.held.mean() >= 0.85
    for first in rows.first_day:
        at = list(frame.day).index(first)
        assert taken.event[at : at + 7].isna().all()
    moved = frame.assign(
        orders=frame.orders + 60 * (np.arange(DAYS) % 21 < 7)
    )  # stretches that do not look like the rest
    assert event_series.placebo(moved, calendar(), "orders", np.random.default_rng(0)).held.mean() < 0.85


@pytest.mark.parametrize("what", ["one_day", "silent", "busy", "few_sales"])
def test_too_little_gives_no_number_and_says_so(what):
    frame, _ = series(4)
    events = calendar()
    if what == "one_day":
        frame = frame.iloc[120:121].reset_index(drop=True)
    if what == "silent":
        frame = frame.assign(orders=0, others=0)
    if what == "busy":
        events = events.assign(before_day=FIRST)
    if what == "few_sales":
        frame = frame.assign(orders=(np.arange(DAYS) % 20 == 0).astype(int))
    made = told(frame, events)
    rows = made.effects(ON)
    assert set(rows.cannot) <= {"too_few", "no_days"} and rows.effect.isna().all() and len(rows) == 8
    assert made.days("own").empty and event_series.placebo(frame, events, "orders", np.random.default_rng(0)).empty
    assert what != "one_day" or event_series.naive(frame, events, "orders").effect.isna().all()
    assert told(frame, events.head(0)).effects([]).empty


def test_a_likelihood_that_is_no_number_is_said(monkeypatch, one):
    frame, _, _ = one
    nothing = np.full(30, np.nan)
    monkeypatch.setattr(event_series, "_likelihoods", lambda *_: (nothing, nothing))
    rows = told(frame, calendar()).effects(ON)
    assert set(rows.cannot) == {"no_fit"} and rows.effect.isna().all()


def test_days_long_ago_are_not_looked_at(monkeypatch, one):
    frame, _, _ = one
    monkeypatch.setattr(event_series, "LONGEST", 160)
    rows = told(frame, calendar()).effects(ON).set_index(["event", "block"])
    assert (rows.cannot["own"] == "no_days").all() and (rows.cannot["big"] == "").all()
