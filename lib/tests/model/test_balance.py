"""Balance and overlap, counted by hand."""

import numpy as np
import pandas as pd
import pytest

from apex.errors import ApexError
from apex.model.balance import balance, overlap

#            treated             others
SPEND = [10.0, 10, 20, 20, 20, 10, 20, 20, 30]
GROUP = [1, 1, 2, 2, 2, 1, 2, 2, 3]
TREATED = [True] * 5 + [False] * 4


def test_differences_are_in_standard_deviations_and_weighted_to_the_treated():
    table = balance(pd.DataFrame({"spend": SPEND, "flat": 1.0}), pd.Series(TREATED), pd.Series(GROUP))
    scale = np.sqrt((24 + 50) / 2)
    row = table.iloc[0]
    assert list(table.covariate) == ["spend"]
    assert row.before == pytest.approx((16 - 20) / scale)
    assert row.after == pytest.approx(0)  # alike within groups; the group without treated is left out
    assert (row.n_treated, row.n_control) == (5, 4)


def test_groups_that_explain_nothing_leave_the_difference():
    table = balance(pd.DataFrame({"spend": SPEND}), pd.Series(TREATED), pd.Series(1, range(9)))
    assert table.after[0] == pytest.approx(table.before[0])
    assert balance(pd.DataFrame({"spend": SPEND}), pd.Series(TREATED)).after.isna().all()
    apart = balance(pd.DataFrame({"spend": SPEND}), pd.Series(TREATED), pd.Series(TREATED))
    assert apart.after.isna().all()
    assert balance(pd.DataFrame({"spend": SPEND}), pd.Series(True, range(9))).empty


def test_a_group_with_one_other_still_counts_and_weighs_as_many_as_its_treated():
    x = pd.DataFrame({"x": [1.0, 2, 3, 9, 5, 7]})
    treated, groups = pd.Series([True] * 4 + [False] * 2), pd.Series([1, 1, 1, 2, 1, 2])
    scale = np.sqrt((x.x[:4].var(ddof=0) + 1) / 2)
    assert balance(x, treated, groups).after[0] == pytest.approx((15 / 4 - (3 * 5 + 7) / 4) / scale)


def test_overlap_counts_the_treated_beyond_the_others():
    dice = np.random.default_rng(0)
    spend = pd.Series(np.r_[dice.normal(50, 10, 100), [500.0] * 10, dice.normal(50, 10, 200)])
    treated = pd.Series([True] * 110 + [False] * 200)
    found = overlap(spend, pd.DataFrame({"spend": spend, "again": 2 * spend}), treated, certain=0.9)
    assert found.inside == pytest.approx(np.mean(spend[:110].between(spend[110:].min(), spend[110:].max())))
    assert found.inside < 0.95
    assert found.certain == pytest.approx(10 / 110)
    assert (found.lowest > 0, found.highest > 0.99, found.n_treated) == (True, True, 110)


def test_groups_that_never_meet_are_all_certain_and_nobody_is_nowhere():
    spend = pd.Series(np.arange(40.0))
    found = overlap(spend, spend.to_frame(), spend >= 20)
    assert (found.inside, found.lowest, found.highest, found.certain) == (0, 0, 1, 1)
    assert np.isnan(overlap(spend, spend.to_frame(), spend < 0).inside)
    with pytest.raises(ApexError, match="same consumers"):
        overlap(spend, spend.to_frame(), pd.Series([True]))
