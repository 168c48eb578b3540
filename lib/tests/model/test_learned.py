"""What lessons add to a plan's conversions: by hand, against a simulated truth, and beside rivals known to be wrong."""

from functools import cache

import numpy as np
import pandas as pd
import pytest

from apex.errors import ApexError
from apex.model.learned import WEIGHT, Learned, taught
from apex.model.shrink import Conversion, conversion
from apex.model.stages import StageView

BRANDS = ("b0", "b1", "b2")


def view(cells, brands=BRANDS):
    stocks = pd.DataFrame(columns=["brand", "cell", "forecast", "low", "high"])
    return StageView(brands, stocks, cells, {}, 3, young=False)


def beta(a, b):
    return Conversion(np.array(a, float), np.array(b, float), (1.0, 1.0), np.ones(len(a), bool))


def learned(days=28, **cells):
    rows = [(cell, n, y) for cell, (n, y) in cells.items()]
    return Learned("spring", days, pd.DataFrame(rows, columns=["cell", "consumers", "buyers"]))


@pytest.fixture
def known():
    return view({"A": beta([2, 3, 4], [8, 7, 6]), "P": beta([5, 5, 5], [5, 5, 5])})


def test_by_hand_where_the_windows_are_as_long(known):
    found = taught(known, "b1", (learned(P=(100, 30)),), 28).conversion
    assert found["P"].a.tolist() == [5, 5 + 0.5 * 30, 5] and found["P"].b.tolist() == [5, 5 + 0.5 * 70, 5]
    assert found["P"].mean[1] == pytest.approx(20 / 60)
    assert found["A"].a.tolist() == [2, 3, 4] and found["A"].b.tolist() == [8, 7, 6]


@pytest.mark.parametrize(("days", "share"), [(56, 0.36), (28, 0.2), (14, 1 - 0.8**0.5), (84, 1 - 0.8**3)])
def test_by_hand_where_the_next_window_is_longer_or_shorter(known, days, share):
    """A fifth buy in 28 days: of the rest, another fifth buys in the next 28."""
    found = taught(known, "b0", (learned(28, P=(50, 10)),), days, weight=1.0).conversion["P"]
    assert found.a[0] == pytest.approx(5 + 50 * share) and found.b[0] == pytest.approx(5 + 50 * (1 - share))


def test_lessons_add_up_whatever_their_order(known):
    two = learned(28, P=(100, 30)), learned(56, P=(40, 20), A=(10, 1))
    one, other = (taught(known, "b2", order, 28).conversion for order in (two, two[::-1]))
    for cell in "AP":
        assert one[cell].a == pytest.approx(other[cell].a) and one[cell].b == pytest.approx(other[cell].b)
    assert one["P"].a[2] + one["P"].b[2] == pytest.approx(10 + WEIGHT * 140)


def test_nothing_else_changes(known):
    before = {cell: (c.a.copy(), c.b.copy()) for cell, c in known.conversion.items()}
    found = taught(known, "b1", (learned(P=(100, 30), X=(10, 5), A=(0, 0)),), 28)
    assert list(found.conversion) == ["A", "P"], "cells that the plan does not have are ignored"
    assert (found.brands, found.windows, found.young) == (known.brands, known.windows, known.young)
    assert found.stocks is known.stocks and found.value is known.value
    for cell, (a, b) in before.items():
        assert (known.conversion[cell].a == a).all() and (known.conversion[cell].b == b).all(), "the view itself"
        others = [0, 2]
        assert (found.conversion[cell].a[others] == a[others]).all() and (
            found.conversion[cell].b[others] == b[others]
        ).all()
    assert (found.conversion["A"].a == before["A"][0]).all(), "nobody stood there"
    assert taught(known, "b1", (), 28).conversion == known.conversion


def test_all_or_none_that_bought_stays_a_posterior(known):
    for buyers in (0, 100):
        found = taught(known, "b1", (learned(28, P=(100, buyers)),), 56, weight=1.0).conversion["P"]
        assert 0 < found.a[1] < np.inf and 0 < found.b[1] < np.inf and 0 < found.mean[1] < 1


@pytest.mark.parametrize("weight", [0, -0.5, 1.01, 50, float("nan"), float("inf")])
def test_weights_that_are_none_are_refused(known, weight):
    with pytest.raises(ApexError, match=r"weight lies above 0 and is at most 1, not"):
        taught(known, "b1", (learned(P=(10, 1)),), 28, weight)


def test_a_window_without_days_is_refused(known):
    for lesson, days in ((learned(0, P=(10, 1)), 28), (learned(28, P=(10, 1)), 0)):
        with pytest.raises(ApexError, match="a window has one day or more"):
            taught(known, "b1", (lesson,), days)


# ---- against a simulated truth ----

ORDINARY, CAMPAIGN = 0.12, 0.25  # share that buys in 28 days, in an ordinary and in a campaign's window
SEEN, SHORT, LONG, COHORT = (
    150,
    28,
    56,
    12,
)  # consumers on an eve; days of the earlier campaign's window and of the next


@cache
def errors(how, campaign=CAMPAIGN, trials=300, seed=3):
    """Mean absolute error of the brand's conversion in the next campaign's window, `LONG` days, over simulated cohorts.

    Three ordinary windows of that length are each brand's history, an earlier campaign of `SHORT` days is the lesson, and
    consumers buy evenly in time. how: "not", "taught", or one known to be wrong: "as_is" (windows of any length are
    alike), "certain" (the lesson counts a thousandfold).
    """
    dice, off = np.random.default_rng(seed), []
    for _ in range(trials):
        own = np.exp(dice.normal(0, 0.5, (COHORT, 1)))
        usual, busy = (-np.log1p(-share) * own / SHORT for share in (ORDINARY, campaign))  # a day
        bought = dice.binomial(SEEN, np.repeat(1 - np.exp(-usual * LONG), 3, axis=1))
        brands = tuple(f"b{n}" for n in range(COHORT))
        known = view({"P": conversion(np.full(bought.shape, SEEN), bought, 0.5)}, brands)
        buyers = int(dice.binomial(SEEN, 1 - np.exp(-busy[0, 0] * SHORT)))
        times = 1000 if how == "certain" else 1
        lesson = learned(LONG if how == "as_is" else SHORT, P=(SEEN * times, buyers * times))
        then = known if how == "not" else taught(known, "b0", (lesson,), LONG)
        off.append(abs(then.conversion["P"].mean[0] - (1 - np.exp(-busy[0, 0] * LONG))))
    return float(np.mean(off))


@pytest.mark.parametrize(("how", "good"), [("taught", True), ("as_is", False), ("certain", False)])
def test_learning_helps_where_campaigns_differ_and_does_no_harm_where_they_do_not(how, good):
    """Beside not learning: a fifth nearer after a campaign like the next one, and about the same in an ordinary one.

    A lesson that does not mind the window's length, or drowns the brand's history, fails the same check.
    """
    helps = errors(how) < 0.8 * errors("not")
    harmless = errors(how, ORDINARY) < 1.2 * errors("not", ORDINARY)
    assert (helps and harmless) is good


def test_the_interval_narrows_with_what_was_learned(known):
    before, after = known.conversion["P"], taught(known, "b1", (learned(P=(400, 200)),), 28).conversion["P"]
    widths = [high[1] - low[1] for low, high in (before.interval(), after.interval())]
    assert widths[1] < widths[0] / 2
