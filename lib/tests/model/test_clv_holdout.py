"""Forecasts on real logs and on the twin beside two ways to do without a model: where the model wins, and where it does not.

`python lib/tests/model/clv_data.py` prints all of it.
"""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from apex.model import clv_check

SPEC = importlib.util.spec_from_file_location("clv_data", Path(__file__).parent / "clv_data.py")
clv_data = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(clv_data)


def errors(*split, **options):
    model, held = clv_data.split(*split, **options)
    return clv_check.errors(held).set_index(["measure", "method"]), clv_check.tenths(held, "purchases"), model


def inside(tenths):
    """Share of the tenths whose interval of what came holds the forecast."""
    return ((tenths.low <= tenths.forecast) & (tenths.forecast <= tenths.high)).mean()


@pytest.mark.skipif(not clv_data.CDNOW.exists(), reason="the shared fixture is not on this machine")
def test_cdnow_the_model_beats_both_rivals_in_everything():
    for until, ahead in ((273, 273), (364, 182)):
        found, tenths, _ = errors("cdnow", until, ahead)
        for measure in ("purchases", "money"):
            for rival in ("last", "cells"):
                ours, theirs = found.loc[measure, "model"], found.loc[measure, rival]
                assert abs(ours.bias) < abs(theirs.bias) and ours.mae < theirs.mae and ours.rmse < theirs.rmse
        assert tenths.actual.iloc[:3].is_monotonic_decreasing and inside(tenths) >= 0.6
    assert found.loc["purchases", "model"].bias == pytest.approx(0.016, abs=0.02)


@pytest.mark.slow
@pytest.mark.skipif(not clv_data.UCI.exists(), reason="the shared fixture is not on this machine")
def test_uci_the_model_knows_no_season_and_loses_where_one_begins():
    """Reading a year of half a million lines takes seconds. A year holds no season twice, so that the clock cannot help: the
    autumn of a wholesaler of gifts is missed by all, and least by who takes the last half year for the next."""
    found, tenths, _ = errors("uci", 284, 90)
    ours, last = found.loc["purchases", "model"], found.loc["purchases", "last"]
    assert ours.mae < last.mae and ours.rmse < last.rmse and ours.bias < last.bias < -0.1
    assert tenths.actual.is_monotonic_decreasing
    found, *_ = errors("uci", 187, 187)
    ours, last = found.loc["purchases", "model"], found.loc["purchases", "last"]
    assert abs(last.bias) < abs(ours.bias) < 0.12 and last.rmse < ours.rmse < 1.06 * last.rmse


@pytest.mark.slow
@pytest.mark.skipif(not clv_data.TWIN.exists(), reason="the twin's warehouse is not built here")
def test_the_twin_on_the_markets_clock():
    """Needs the twin's warehouse. Over a year the model wins; over a festival's quarter only on the market's clock."""
    found, tenths, model = errors("twin", None, 365)
    for rival in ("last", "cells"):
        for measure in ("purchases", "money"):
            ours, theirs = found.loc[measure, "model"], found.loc[measure, rival]
            assert abs(ours.bias) < abs(theirs.bias) and ours.mae < theirs.mae and ours.rmse < theirs.rmse
    assert inside(tenths) >= 0.5 and model.rhythm.alive(model.histories).min() > 0.9, "nobody is lost for good there"
    market, even = (errors("twin", None, 90, clock=c)[0].loc["purchases", "model"] for c in ("market", "even"))
    assert abs(market.bias) < 0.05 < abs(even.bias)
    money = errors("twin", None, 90)[0].loc["money"]
    assert money.bias["model"] > 0.2 > abs(money.bias["cells"]), "money per order fell there, which no rhythm can know"
    assert np.isfinite(money.rmse).all()
