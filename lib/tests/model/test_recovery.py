"""Money moved where it brings most, on made curves."""

import numpy as np
import pandas as pd
import pytest

from apex.model.recovery import LINES, recover


def lines(**spent):
    rows = [
        ("build-up", "live", 1000.0, 0.0, spent.get("live", 1000.0), 3000.0, 2000.0, 4000.0, 1.5),
        ("presale", "live", 1000.0, 1000.0, 0.0, 3000.0, 2000.0, 4000.0, 1.5),
        ("presale", "tv", 1000.0, 1000.0, 0.0, 600.0, 100.0, 1100.0, 0.4),
    ]
    return pd.DataFrame(rows, columns=LINES)


def test_what_was_not_spent_goes_where_it_brings_most():
    found = recover(lines(live=500.0), 1)
    assert found.unspent == 500 and found.placed == pytest.approx(500, abs=1)
    assert list(found.lines.channel) == ["live", "tv"]
    assert found.lines.change.sum() == pytest.approx(500, abs=2)
    assert found.lines.change.iloc[0] > 500 > 0 > found.lines.change.iloc[1]
    assert found.back[1] <= found.back[0] <= found.back[2] and found.back[0] > 0
    assert 0 < found.share[0] < 1  # later, at lower returns, some of it comes back


def test_a_line_keeps_half_and_is_at_most_doubled():
    found = recover(lines(live=0.0), 1)
    whole = found.lines.set_index("channel")
    assert whole.change["live"] == pytest.approx(1000) and (whole.left + whole.change >= 0.5 * whole.left - 1).all()


def test_money_spent_too_early_is_saved_where_it_costs_least():
    found = recover(lines(live=1400.0), 1)
    assert found.unspent == -400 and found.share is None and found.back[0] < 0
    even = sum(_brings(g, m, 800.0) - _brings(g, m, 1000.0) for g, m in ((3000.0, 1.5), (600.0, 0.4)))
    assert found.back[0] > even
    assert found.lines.change.sum() == pytest.approx(-400, abs=2)


def _brings(gmv, after, money):
    bend = gmv / 1000 / after
    return gmv / 1000 * bend * money / (1 + money * (bend - 1) / 1000)


def test_nothing_left_is_nothing_to_change():
    done = lines().assign(left=0.0, spent=np.array([1000.0, 1000.0, 1000.0]))
    assert recover(done, 1) is None
