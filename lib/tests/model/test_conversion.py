"""Jeffreys' interval of counted conversion, against statsmodels, and on cells that hold nobody."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from apex.model import conversion
from apex.model.conversion import rates


@pytest.mark.parametrize("level", [0.8, 0.95])
def test_rates_and_intervals_are_those_of_statsmodels(level):
    dice = np.random.default_rng(3)
    consumers = dice.integers(1, 400, 50)
    counted = pd.DataFrame({"consumers": consumers, "buyers": [dice.integers(0, n + 1) for n in consumers]})
    found = rates(counted, level)
    low, high = proportion_confint(counted.buyers, consumers, alpha=1 - level, method="jeffreys")
    assert np.allclose(found.rate, counted.buyers / consumers, atol=1e-6)
    assert np.allclose(found.low, low, atol=1e-6) and np.allclose(found.high, high, atol=1e-6)
    wald = np.array(proportion_confint(counted.buyers, consumers, alpha=1 - level, method="normal"))
    assert not np.allclose(wald[0], found.low, atol=1e-3), "another interval would be noticed"


def test_a_cell_without_consumers_has_no_rate():
    found = rates(pd.DataFrame({"consumers": [0, 7], "buyers": [0, 7]}, index=[5, 9]))
    assert found.loc[5, ["rate", "low", "high"]].isna().all()
    assert found.rate[9] == 1 and 0 < found.low[9] < found.high[9] <= 1


def test_chance_is_pearsons_and_comes_true_as_often_as_it_says():
    seen = pd.DataFrame({"consumers": [50, 70, 0, 90], "buyers": [10, 7, 0, 30]})
    table = [[10, 7, 30], [40, 63, 60]]
    assert conversion.chance(seen) == pytest.approx(stats.chi2_contingency(table, correction=False).pvalue)
    assert conversion.chance(seen.iloc[:1]) == 1 and conversion.chance(seen.assign(buyers=0)) == 1
    dice = np.random.default_rng(4)
    drawn = [
        pd.DataFrame({"consumers": [300, 500, 900], "buyers": dice.binomial([300, 500, 900], 0.05)})
        for _ in range(1000)
    ]
    assert 0.035 <= np.mean([conversion.chance(frame) < 0.05 for frame in drawn]) <= 0.065
