"""Intervals of a trial's lift and of its effect on intent in markets that are drawn anew; the bare difference must fail."""

import pandas as pd
import pytest

from truth import lift


def test_coverage_by_hand():
    rows = pd.DataFrame([
        (0, "buyers", "ours", 1.0, 0.0, 2.0, 1.5), (1, "buyers", "ours", 1.0, 0.5, 1.5, 1.6),
        (0, "buyers", "bare", 9.0, 8.0, 10.0, 1.5),
    ], columns=lift.COLUMNS)  # fmt: skip
    told = lift.judged(rows)
    ours = told.loc[("buyers", "ours")]
    assert (ours.markets, ours.coverage, ours.width) == (2, 0.5, 1.5) and ours.mean_error == pytest.approx(-0.55)
    assert told.coverage["buyers", "bare"] == 0


@pytest.mark.slow  # two to four seconds of processor time a market
def test_intervals_hold_the_truth_and_are_not_much_wider_than_the_oracles():
    """Sixty markets: fewer than 51 of 60 at 95 % would be chance once in a thousand. `make truth PAGE=lift` asks a thousand."""
    told = lift.judged(lift.markets(range(6000, 6060)))
    for measure in lift.MEASURES:
        assert told.coverage[measure, "ours"] >= 51 / 60, told
        assert told.width[measure, "ours"] <= 1.25 * told.width[measure, "oracle"], told
    assert told.coverage["buyers", "bare"] < 0.5, told
