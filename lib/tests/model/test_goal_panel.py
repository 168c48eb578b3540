"""The bars of the back-test on the real panel: 60 brands, seven windows of 56 days, at the eve."""

import datetime as dt

import numpy as np
import pytest

from apex import ledger, warehouse
from apex.measure import history, peers
from apex.model.backtest import RIVALS, backtest, grid_day, scores, windows_until


@pytest.fixture(scope="module")
def found():
    """Scores by (lead, method), on all data there are: what a page may show ends at its own day."""
    whole = warehouse.ensure("complete-journey")
    book = ledger.ensure(whole, ledger.load_rules("aipl-panel"))
    brands = peers.largest(whole, 60, exclude=["69", "2"])
    read = history.history(book, brands, grid_day(whole.last_day), 28, 56)
    frame = backtest(read, windows_until(whole.last_day))
    return {(s.lead, s.method): s for s in scores(frame, np.random.default_rng(20171224))}


def test_the_rivals_are_as_measured_beforehand(found):
    assert all(s.n == 420 for s in found.values())
    assert found[0, "window_before"].wape == pytest.approx(0.120, abs=0.001)
    assert found[0, "market_growth"].wape == pytest.approx(0.123, abs=0.002)


@pytest.mark.parametrize("method", ["combined", "without_stages"])
def test_the_bars_hold_at_the_eve(found, method):
    ours, rivals = found[0, method], [found[0, m] for m in RIVALS]
    assert ours.with_interval == 420
    assert ours.coverage_low <= 0.8 <= ours.coverage_high
    assert ours.winkler <= min(r.winkler for r in rivals)
    assert ours.wape <= min(r.wape for r in rivals)


def test_stages_alone_are_no_match_for_persistence(found):
    assert found[0, "stages"].wape > found[0, "window_before"].wape > found[0, "combined"].wape


def test_the_page_of_the_default_campaign_sees_four_windows():
    assert [w.isoformat() for w in windows_until(dt.date(2017, 10, 1))] == [
        "2017-05-08",
        "2017-06-05",
        "2017-07-03",
        "2017-07-31",
    ]
