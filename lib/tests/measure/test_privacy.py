import itertools

import pandas as pd
import pytest

from apex.errors import ApexError
from apex.measure.privacy import suppress


def matrix(rows):
    """A frame of a from × to matrix."""
    return pd.DataFrame(
        [(f"r{i}", f"c{j}", n) for i, row in enumerate(rows) for j, n in enumerate(row)], columns=["from", "to", "n"]
    )


def test_small_counts_are_nulled_and_zero_is_not():
    out = suppress(pd.DataFrame({"n": [0, 1, 19, 20, 500]}), ["n"], 20)
    assert out.n.tolist()[:1] + out.n.tolist()[3:] == [0, 20, 500]
    assert out.n.isna().tolist() == out.suppressed.tolist() == [False, True, True, False, False]


def test_threshold_one_hides_nothing():
    out = suppress(pd.DataFrame({"n": [0, 1, 2]}), ["n"], 1)
    assert out.n.tolist() == [0, 1, 2] and not out.suppressed.any()


def test_a_row_with_one_small_count_hides_all_its_counts():
    out = suppress(pd.DataFrame({"now": [50, 50], "before": [3, 60]}), ["now", "before"], 20)
    assert out.now.isna().tolist() == out.before.isna().tolist() == [True, False]


def test_known_totals_do_not_give_a_hidden_cell_away():
    out = suppress(matrix([[100, 5, 60], [40, 50, 70], [30, 90, 80]]), ["n"], 20, totals=[["from"], ["to"]])
    hidden = out.pivot(index="from", columns="to", values="suppressed")
    # every row and column sum is known: a line with one hidden cell would be solved by subtraction
    assert not (hidden.sum(axis=0) == 1).any() and not (hidden.sum(axis=1) == 1).any()
    assert hidden.loc["r0", "c1"]


@pytest.mark.parametrize("seed", range(20))
def test_no_hidden_cell_is_the_difference_of_a_known_total(seed):
    import random

    dice = random.Random(seed)
    rows = [[dice.choice([0, 3, 19, 25, 60, 200]) for _ in range(5)] for _ in range(5)]
    out = suppress(matrix(rows), ["n"], 20, totals=[["from"], ["to"]])
    truth = {(r["from"], r["to"]): r["n"] for r in matrix(rows).to_dict("records")}
    for side in ("from", "to"):
        for _, line in out.groupby(side):
            hidden = [truth[r["from"], r["to"]] for r in line.to_dict("records") if r["suppressed"]]
            shown = [truth[r["from"], r["to"]] for r in line.to_dict("records") if not r["suppressed"] and r["n"] > 0]
            if hidden and shown:  # a line that is hidden whole has a hidden total as well
                assert len(hidden) > 1 and sum(hidden) >= 20


def test_hiding_only_the_small_cells_would_fail():
    """The known-wrong method: without the complements a row's total solves the cell."""
    out = suppress(matrix([[100, 5, 60]]), ["n"], 20)
    assert out.suppressed.sum() == 1 and 165 - out.n.sum() == 5


def test_a_column_that_is_not_there_is_named():
    with pytest.raises(ApexError, match="no column people; it has n"):
        suppress(pd.DataFrame({"n": [1]}), ["people"], 20)


def test_order_of_rows_and_other_columns_stay():
    frame = pd.DataFrame({"a": list("xyz"), "n": [5, 50, 7]})
    out = suppress(frame, ["n"], 20)
    assert list(itertools.chain(out.a)) == ["x", "y", "z"] and list(out.columns) == ["a", "n", "suppressed"]


def test_what_else_is_known_of_few_people_goes_with_them():
    frame = pd.DataFrame(
        {"segment": ["all", "new", "old"], "buyers": [100, 5, 95], "gmv": [900, 40, 860], "x": [1, 2, 3]}
    )
    out = suppress(frame.assign(period="now"), ["buyers"], 20, [["period"]], ["gmv"])
    assert out.gmv.isna().tolist() == out.buyers.isna().tolist() == [False, True, True] and out.x.tolist() == [1, 2, 3]


def test_what_another_table_suppresses_stays_suppressed():
    frame = pd.DataFrame({"stage": ["A", "I"], "n": [50, 60]})
    out = suppress(frame, ["n"], 20, hidden=pd.Series([True, False]))
    assert out.n.isna().tolist() == out.suppressed.tolist() == [True, False]


def test_every_count_of_a_hidden_row_is_protected_not_only_the_largest():
    frame = pd.DataFrame({"all": 0, "consumers": [500, 300, 900, 800], "buyers": [1, 2, 90, 80]})
    out = suppress(frame, ["consumers", "buyers"], 20, totals=[["all"]])
    assert out.suppressed.tolist() == [True, True, False, True], "buyers 1 + 2 would be solved from their total"
