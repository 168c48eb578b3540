"""What would have to be true, how unusual it is, and what moves the odds most."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from apex.model import levers

CELLS = pd.CategoricalDtype(["none", "O", "A"], ordered=True)


def results(growth=1.1, windows=16, brands=30):
    """Windows 28 days apart; stock grows by `growth` from each to the next, conversion and value stay."""
    rows = [
        (f"b{b}", dt.date(2023, 1, 1) + dt.timedelta(days=28 * w), cell, 100 * growth**w, 10 * growth**w, 1000 * growth**w)
        for b in range(brands) for w in range(windows) for cell in ("none", "A")
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["brand", "first_day", "cell", "consumers", "buyers", "gmv_minor"])
    return frame.astype({"cell": CELLS})


def test_moves_are_over_a_year_where_the_data_reach_else_over_a_window():
    long, short = levers.moved(results(), 29), levers.moved(results(windows=5), 56)
    assert long.apart == 364 and short.apart == 56
    of = long.frame.groupby("lever").ratio
    assert of.mean()["stock"] == pytest.approx(1.1**13) and of.mean()["conversion"] == pytest.approx(1)
    assert short.frame[short.frame.lever == "stock"].ratio.mean() == pytest.approx(1.1**2)


def test_each_lever_alone_and_how_often_it_was_so():
    past = levers.moved(results(), 29)
    table = levers.would_have_to(1.2, 0.4, past).set_index("lever")
    assert table.factor.to_dict() == pytest.approx({"stock": 1.5, "conversion": 1.2, "value": 1.2})
    assert table.unusual["stock"] > 0.95 and table.unusual["conversion"] < 0.02
    assert levers.would_have_to(0.9, 0.4, past).factor.tolist() == pytest.approx([0.9] * 3)
    few = levers.would_have_to(1.2, 0.4, levers.Moved(past.frame.iloc[:5], 364))
    assert few.unusual.isna().all()


def test_the_tornado_is_sorted_by_how_far_the_odds_move():
    found = levers.tornado(lambda f: float(np.clip(f - 0.5, 0, 1)), {"a": (0.9, 1.1), "b": (0.6, 1.3), "c": (1.0, 1.0)})
    assert found.driver.tolist() == ["b", "a", "c"] and found.swing.tolist() == pytest.approx([0.7, 0.2, 0.0])


def test_ends_of_cells_add_as_independent_cells_do():
    cells = pd.DataFrame(
        {
            "gmv_minor": [100.0, 100.0], "stock_forecast": [10.0, 10.0], "low": [5.0, np.nan], "high": [15.0, np.nan],
            "conversion": [0.1, 0.1], "conversion_low": [0.07, 0.06], "conversion_high": [0.13, 0.14],
            "value_minor": [10.0, 10.0], "value_low": [10.0, 10.0], "value_high": [10.0, 10.0],
        }
    )  # fmt: skip
    found = levers.ends_of_cells(cells)
    assert found["stock"] == pytest.approx((0.75, 1.25)) and found["value"] == (1.0, 1.0)
    assert found["conversion"] == pytest.approx((0.75, 1.25))
