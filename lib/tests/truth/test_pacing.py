"""Alarms of a plan's pacing on campaigns that run on plan and on short ones, in markets that nobody looked at before.

The model was made on seeds 0 to 399 and 2200 to 2239; judged are 400 to 699 (on plan) and 700 to 799 (a fifth less).
"""

import numpy as np
import pandas as pd
import pytest

from truth import pacing, pacing_market


def frame(false, rival, delays):
    even = [
        {
            "contacts": 300.0,
            "since": None,
            "first": 1 if k < false else None,
            "rival": 1 if k < rival else None,
            "delay": None,
        }
        for k in range(100)
    ]
    short = [{"contacts": 300.0, "since": 9, "first": d, "rival": 1, "delay": d} for d in delays]
    return pd.DataFrame([*even, *short]).astype(dict.fromkeys(["since", "first", "rival", "delay"], float))


def test_the_summary_counts_campaigns_and_tests_exactly():
    found = pacing.summary(frame(5, 40, [1, 3, 4, None]))
    assert (found["false"], found["rival"], found["noticed"], found["short"]) == (5, 40, 2, 4)
    assert found["p"] > 0.5 and found["rival_p"] < 1e-9


def test_a_shortfall_is_a_fifth_less_from_its_day_on_and_a_plan_can_be_bought_in_full(monkeypatch):
    monkeypatch.setattr(pacing_market, "CONSUMERS", 1500)
    even, short = (pacing_market.live(2200, s) for s in (False, True))
    assert even.short_from is None and short.short_from == pacing_market.first_short(_plan(short), 2200)
    pd.testing.assert_frame_equal(even.booked.lines, short.booked.lines)
    since = [f.facts.delivered[f.facts.delivered.day >= short.short_from] for f in (even, short)]
    less = since[1].impressions.sum() / since[0].impressions.sum()
    assert less == pytest.approx(0.8, abs=4 / np.sqrt(since[1].impressions.sum()))
    assert since[1].cost_minor.sum() / since[0].cost_minor.sum() == pytest.approx(0.8, abs=0.1)
    inside = even.facts.delivered[even.facts.delivered.day >= even.booked.first]
    assert inside.cost_minor.sum() == pytest.approx(even.booked.lines.cost_minor.sum(), rel=0.02)
    assert pacing.judged(short)["since"] == (short.short_from - short.booked.first).days


def _plan(lived):
    class Plan:
        first_day, last_day = lived.booked.first, lived.booked.last

    return Plan


@pytest.mark.slow  # four hundred campaigns, about twenty minutes
def test_alarms_keep_their_rate_and_a_daily_z_test_does_not(tmp_path):
    even = [pacing.judged(pacing_market.live(s, False)) for s in pacing.EVEN]
    short = [pacing.judged(pacing_market.live(s, True)) for s in pacing.UNEVEN]
    found = pacing.summary(pd.DataFrame([*even, *short]))
    assert found["p"] >= pacing.LEAST_P, found
    assert found["rival_p"] < pacing.LEAST_P, found
    assert found["noticed"] >= 0.9 * found["short"], found
