"""What crowds are worth by themselves: sums of consumers × conversion × value, null where a part is not known."""

import pandas as pd

from apex.model.worth import of_crowds

THERE = pd.DataFrame({"crowd": ["a", "a", "b", "c"], "stage": ["A", "P", "none", "P"], "consumers": [100, 10, 7, 3]})
NEEDED = pd.DataFrame({"stage": ["A", "P"], "conversion": [0.1, 0.5], "value_minor": [200, 300]})
SIZED = pd.DataFrame({"crowd": ["a", "b", "c", "empty"], "suppressed": [False, False, True, False]})


def test_worth_is_the_sum_over_stages_and_null_where_a_rate_or_the_size_is_not_known():
    worth = of_crowds(THERE, NEEDED, SIZED).set_index("crowd").worth_minor
    assert worth["a"] == 100 * 0.1 * 200 + 10 * 0.5 * 300
    assert worth.isna().tolist() == [False, True, True, False] and worth["empty"] == 0


def test_without_a_plan_nothing_is_worth_anything_known():
    nothing = NEEDED.iloc[:0]
    assert of_crowds(THERE, nothing, SIZED).worth_minor.isna().all()
