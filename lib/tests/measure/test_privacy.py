import itertools
import time

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog

from apex.errors import ApexError
from apex.measure.privacy import Page, suppress


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


def largest(frame, out, column, groupings, threshold=20):
    """For each small hidden count the largest that the sums over the groupings allow, one linear programme each."""
    truth = frame[column].to_numpy(float)
    free = [(0, None) if hidden else (n, n) for n, hidden in zip(truth, out.suppressed, strict=True)]
    rows = [
        (frame.index.isin(part.index))
        for keys in groupings
        for _, part in (frame.groupby(keys) if keys else [((), frame)])
    ]
    equations = np.array([r for r in rows if not 0 < truth[r].sum() < threshold] or [np.zeros(len(truth))], float)
    small = np.flatnonzero(out.suppressed & (truth > 0) & (truth < threshold))
    for i in small:
        solved = linprog(-np.eye(1, len(truth), i)[0], A_eq=equations, b_eq=equations @ truth, bounds=free)
        yield -solved.fun if solved.status == 0 else np.inf


@pytest.mark.parametrize("seed", range(12))
def test_no_hidden_count_is_known_to_be_small_from_the_sums(seed):
    """Sums that are large enough to be shown; the old rule (two hidden in a line) is not enough."""
    dice = np.random.default_rng(seed)
    keys = [["a", "b"], ["a", "b", "c"]][seed % 2]
    frame = pd.MultiIndex.from_product([list("xyzu")[: 5 - len(keys) + 1]] * len(keys), names=keys).to_frame(
        index=False
    )
    frame["n"] = dice.choice([0, 3, 19, 25, 60, 200], len(frame), p=[0.1, 0.1, 0.1, 0.2, 0.3, 0.2])
    out = suppress(frame, ["n"], 20, keys=keys)
    known = [[], *([key] for key in keys)]
    sums = [frame.groupby(k).n.sum() for k in known[1:]]
    if all(((s == 0) | (s >= 20)).all() for s in sums):  # else a sum is small, and hidden in its own table
        assert all(most >= 20 - 1e-6 for most in largest(frame, out, "n", known))
    assert out.suppressed[(frame.n > 0) & (frame.n < 20)].all() and not out.suppressed[frame.n == 0].any()


def test_two_hidden_counts_in_every_line_can_still_be_solved():
    """The known-wrong rule of earlier days: each line has two hidden counts, and all together give one away."""
    frame = matrix([[3, 40, 100], [50, 60, 100], [100, 100, 100]])
    square = frame["from"].isin(["r0", "r1"]) & frame.to.isin(["c0", "c1"])
    wrong = frame.assign(suppressed=square)
    assert list(largest(frame, wrong, "n", [["from"], ["to"]])) == [43]
    small = matrix([[3, 4, 100], [5, 6, 100], [100, 100, 100]])
    assert max(largest(small, small.assign(suppressed=square), "n", [["from"], ["to"]])) < 20
    out = suppress(small, ["n"], 20, keys=["from", "to"])
    assert min(largest(small, out, "n", [[], ["from"], ["to"]])) >= 20


def test_the_sum_over_a_key_counts_as_known_without_being_stated():
    frame = pd.DataFrame({"cause": list("abcd"), "n": [5, 90, 60, 200]})
    assert suppress(frame, ["n"], 20).suppressed.tolist() == [True, False, False, False]
    assert suppress(frame, ["n"], 20, keys=["cause"]).suppressed.tolist() == [True, False, True, False]


def test_a_key_without_a_value_names_a_row_like_any_other():
    frame = pd.DataFrame({"cause": ["a", None, "c", "d"], "n": [90, 5, 60, 200]})
    assert suppress(frame, ["n"], 20, keys=["cause"], totals=[["cause"]]).suppressed.tolist() == [
        False,
        True,
        True,
        False,
    ]


def test_a_sum_that_is_itself_too_small_is_known_to_nobody():
    frame = matrix([[3, 4], [50, 60]])
    out = suppress(frame, ["n"], 20, keys=["from", "to"])
    assert out.suppressed.tolist()[:2] == [True, True]


def test_what_a_table_hides_no_later_one_of_the_page_gives_away():
    page = Page()
    causes = pd.DataFrame({"cause": list("abcd"), "n": [5, 60, 90, 200]})
    first = suppress(causes, ["n"], 20, keys=["cause"], page=page, name="all")
    assert first.suppressed.tolist() == [True, True, False, False], "60 stands in for 5, whose total is known"
    most = causes[1:]
    assert not suppress(most, ["n"], 20, keys=["cause"]).suppressed.any(), "by itself it would say that b is 60"
    assert suppress(most, ["n"], 20, keys=["cause"], page=page, name="most").suppressed.iloc[0]


def test_a_finer_table_and_one_day_of_another_are_recognised():
    page = Page()
    stock = pd.MultiIndex.from_product([["mon", "tue"], list("AIP")], names=["day", "stage"]).to_frame(index=False)
    stock["n"] = [40, 50, 60, 5, 50, 60]
    shown = suppress(stock, ["n"], 20, keys=["day", "stage"], page=page, name="stock")
    assert shown.suppressed.tolist()[3:5] == [True, True]
    flow = pd.MultiIndex.from_product([["none", *"AIP"], list("AIP")], names=["from", "to"]).to_frame(index=False)
    flow["n"] = [2, 0, 0, 3, 0, 25, 0, 50, 0, 0, 0, 35]
    page.tables = {"stock": page.tables["stock"]}
    kept = suppress(flow, ["n"], 20, keys=["from", "to"], page=page, name="flow")
    assert kept.suppressed[flow.to == "I"].any(), (
        "tuesday's I stands hidden in the stock, and a column of one row is its sum"
    )


def test_tables_that_sum_up_to_other_people_do_not_bind_each_other():
    page, lines = Page(), {"stage": list("AIPL"), "n": [5, 60, 70, 80]}
    suppress(pd.DataFrame(lines), ["n"], 20, keys=["stage"], page=page, name="one")
    other = pd.DataFrame({"stage": list("AIPL"), "n": [50, 61, 70, 80]})
    assert not suppress(other, ["n"], 20, keys=["stage"], page=page, name="two").suppressed.any()
    same = pd.DataFrame({"status": list("AIPL"), "m": [5, 60, 70, 80]})
    assert suppress(same, ["m"], 20, keys=["status"], page=page, name="three").suppressed.tolist() == [
        True,
        True,
        False,
        False,
    ]


def test_a_table_that_is_kept_again_stands_in_its_own_place():
    page, frame = Page(), pd.DataFrame({"stage": list("AIP"), "n": [5, 60, 70]})
    once, again = (suppress(frame, ["n"], 20, keys=["stage"], page=page, name="t") for _ in range(2))
    assert once.equals(again) and list(page.tables) == ["t"]


def test_a_long_table_takes_no_more_than_moments():
    days = pd.MultiIndex.from_product([range(150), list("AIPL")], names=["day", "stage"]).to_frame(index=False)
    dice = np.random.default_rng(5)
    frame = days.assign(n=dice.integers(0, 60, len(days)))
    begin = time.process_time()
    out = suppress(frame, ["n"], 20, keys=["day", "stage"])
    assert time.process_time() - begin < 6 and out.suppressed.sum() < 1.6 * ((frame.n > 0) & (frame.n < 20)).sum()


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
