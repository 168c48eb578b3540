"""Courses of cohorts: intervals that hold what comes, in drawn worlds whose future is known, and a rival that fails."""

import numpy as np
import pandas as pd
import pytest

from apex.measure.cohorts import Entrants
from apex.model import horizon
from apex.model.horizon import AGAIN, VALUE

START = pd.Timestamp("2022-01-01")
FIRST = 15


def world(seed, cohorts=14, size=90, spread=0.25, stocks=True):
    """Cohorts, a month apart, whose later buying differs by chance and by a rate of their own; who stocked up waits three weeks.

    The last cohort is young: what came after its first days is kept apart. Returns Entrants as seen then, and as came.
    """
    dice = np.random.default_rng(seed)
    people, lines, entry = [], [], 0
    for number in range(cohorts):
        rate = np.exp(dice.normal(np.log(0.006), spread))
        n = int(size * dice.uniform(0.6, 1.6))
        for _ in range(n):
            on = START + pd.Timedelta(days=30 * number + int(dice.integers(0, 28)))
            mine = rate * dice.gamma(1.0)
            days, gap = {0}, 21 * stocks * dice.random()
            for at in np.cumsum(dice.exponential(1 / max(mine, 1e-9), 12)) + gap:
                if at <= 180:
                    days.add(int(at) + 1 if at < 180 else 180)
            people.append((entry, on, f"c{number:02}", "ordinary"))
            lines += [(entry, d, 1, int(dice.lognormal(9, 0.5))) for d in sorted(days)]
            entry += 1
    frame = pd.DataFrame(people, columns=["consumer_id", "entered_on", "cohort", "kind"])
    young = frame.cohort == f"c{cohorts - 1:02}"
    day = frame.entered_on[young].max() + pd.Timedelta(days=FIRST)
    whole = Entrants(frame.assign(seen=999), pd.DataFrame(lines, columns=["entry", "since", "orders", "gmv_minor"]))
    return whole.until(day), whole.of(young.to_numpy(bool)), f"c{cohorts - 1:02}"


@pytest.fixture(scope="module")
def many():
    """Of forty worlds the forecast of the young cohort, with what came."""
    rows = []
    for seed in range(40):
        then, came, name = world(seed)
        told = horizon.foretold(then, name, [90, 180])
        for row in told.itertuples():
            actual = came.value(row.days).mean() if row.measure == VALUE else (came.again <= row.days).mean()
            rows.append((row.measure, row.days, row.value, row.low, row.high, row.rival, actual))
    return pd.DataFrame(rows, columns=["measure", "days", "value", "low", "high", "rival", "actual"])


def test_the_interval_holds_what_comes_and_is_no_wider_than_it_has_to_be(many):
    inside = many.actual.between(many.low, many.high).groupby(many.measure).mean()
    assert (inside >= 0.9).all() and len(many) == 160
    half = ((many.high - many.low) / 2 / 1.96).groupby(many.measure).mean()
    off = np.sqrt(((many.value - many.actual) ** 2).groupby(many.measure).mean())
    assert (half < 1.8 * off).all()


def test_the_first_weeks_rate_carried_on_fails(many):
    at = many[many.days == 180]
    ours, rival = ((at[c] - at.actual).abs().groupby(at.measure).mean() for c in ("value", "rival"))
    assert (rival > 1.7 * ours).all()


def test_an_interval_of_chance_alone_fails_where_cohorts_differ():
    """The rival that takes cohorts for one: it forgets that the next one differs too."""
    held = []
    for seed in range(40, 60):
        then, came, name = world(seed, size=200, spread=0.4)
        found = horizon.steps(then, FIRST, 90)
        known, own = found[found.angle.notna()], found[found.cohort == name].iloc[0]
        later = known.left * np.sin(known.angle) ** 2
        q = later.sum() / known.left.sum()
        se = np.sqrt(q * (1 - q) * (1 / own.left + 1 / known.left.sum()))
        actual = (came.again <= 90).mean()
        mine = own.r1 + (1 - own.r1) * np.array([q - 1.96 * se, q + 1.96 * se])
        told = horizon.foretold(then, name, [90]).set_index("measure").loc[AGAIN]
        held.append((mine[0] <= actual <= mine[1], told.low <= actual <= told.high))
    alone, ours = np.mean(held, axis=0)
    assert alone < 0.75 and ours >= 0.9


def small(*rows, seen=200):
    """Entrants of one cohort from (purchase days, money each)."""
    people = pd.DataFrame(
        {"consumer_id": range(len(rows)), "entered_on": START, "cohort": "a", "kind": "earlier", "seen": seen}
    )
    lines = [(n, d, 1, money) for n, (days, money) in enumerate(rows) for d in days]
    return Entrants(people, pd.DataFrame(lines, columns=["entry", "since", "orders", "gmv_minor"]))


def test_courses_count_those_seen_so_long():
    who = small(((0,), 100), ((0, 10), 100), ((0, 40), 200), ((0, 5, 100), 50), seen=[200, 200, 35, 200])
    found = horizon.courses(who, [30, 90]).set_index("days")
    assert found.loc[30, ["consumers", "seen", "again", "once"]].tolist() == [4, 4, 2, 2]
    assert found.loc[90, ["consumers", "seen", "again", "once"]].tolist() == [4, 3, 2, 1]
    assert found.value_minor.tolist() == [
        pytest.approx((100 + 200 + 200 + 100) / 4),
        pytest.approx((100 + 200 + 100) / 3),
    ]
    assert (found.low < found.share).all() and (found.share < found.high).all()
    assert (found.value_low < found.value_minor).all() and (found.value_minor < found.value_high).all()


def test_what_was_not_known_on_a_day_does_not_change_what_was_foretold_on_it():
    then, _, _ = world(3)
    tests = horizon.tested(then, FIRST, (90,))
    some = tests[tests.measure == VALUE].iloc[3]
    last = then.people.entered_on[then.people.cohort == some.cohort].max()
    before = then.until(last + pd.Timedelta(days=FIRST))
    told = horizon.foretold(before, some.cohort, [90]).set_index("measure").loc[VALUE]
    assert told.value == pytest.approx(some.value) and told.high == pytest.approx(some.high)
    assert told.cohorts == some.cohorts


def test_the_back_test_sums_up():
    then, _, _ = world(5)
    tests = horizon.tested(then, FIRST)
    found = horizon.backtest(tests)
    assert set(found.measure) == {VALUE, AGAIN} and (found.inside <= found.tests).all()
    one = tests[(tests.measure == VALUE) & (tests.days == 90)]
    row = found[(found.measure == VALUE) & (found.days == 90)].iloc[0]
    assert row.error == pytest.approx((one.value - one.actual).abs().sum() / one.actual.sum())
    assert horizon.backtest(tests.iloc[:0]).empty


def test_campaigns_are_foretold_from_campaigns_where_there_are_enough():
    then, _, name = world(7)
    kinds = {f"c{n:02}": "earlier" for n in range(0, 7)} | {name: "this"}
    mixed = Entrants(then.people.assign(kind=then.people.cohort.map(kinds).fillna("ordinary")), then.lines)
    assert horizon.foretold(mixed, name, [90]).cohorts.tolist() == [7, 7]
    assert (horizon.foretold(then, name, [90]).cohorts > 7).all()


def test_too_little_is_not_foretold():
    then, _, name = world(8, cohorts=4)
    assert horizon.foretold(then, name, [180]).value.isna().all()
    assert horizon.foretold(then, "none of these", [90]).empty
    assert horizon.foretold(small(((0,), 1)), "a", [90]).empty
    empty = then.of(np.zeros(len(then.people), bool))
    assert (
        horizon.courses(empty, [30]).empty
        and horizon.foretold(empty, "a", [30]).empty
        and horizon.tested(empty, 0).empty
    )


def test_days_already_seen_are_counted():
    then, _, name = world(9)
    row = horizon.foretold(then, name, [10]).set_index("measure").loc[VALUE]
    mine = (then.people.cohort == name).to_numpy(bool)
    assert row.known == pytest.approx(then.value(10)[mine].mean()) and np.isnan(row.value)


def test_payback_is_the_first_day_that_pays():
    curve = pd.DataFrame({"days": [0, 30, 90], "value": [5.0, 10, 20], "low": [4.0, 8, 9], "high": [6.0, 12, 30]})
    assert horizon.payback(curve, 10) == (30, 30, np.inf)
    assert horizon.payback(curve, 4) == (0, 0, 0)
    assert np.isnan(horizon.payback(curve.assign(value=np.nan), 4)[0])
