"""What joining adds: found where it is there, none where joiners only like the brand more and that was recorded."""

import numpy as np
import pandas as pd

from apex.model import joined


def cohort(dice, n=1500, effect=0.0, liking=1.0):
    """Buyers who join the likelier the more they bought before; what they buy later hangs on that too."""
    level = dice.gamma(2, 1, n)
    past = {k: dice.poisson(level) for k in (-3, -2, -1)}
    joins = dice.random(n) < 1 / (1 + np.exp(1.5 - liking * 0.3 * (past[-1] - 2)))
    after = dice.poisson(level + effect * joins)
    on = pd.Timestamp("2024-01-01") + pd.to_timedelta(dice.integers(0, 300, n), "D")
    frame = pd.DataFrame({"consumer_id": np.arange(n), "on": on, "joins": joins,
                          "value_minor": dice.integers(50, 150, n), "business": dice.choice(["a", "b"], n),
                          "interest": dice.poisson(1, n), "older_days": dice.poisson(level), "older_minor": 0,
                          "age_band": dice.choice(["x", None], n)})  # fmt: skip
    for k, days in {0: after, **past}.items():
        frame[f"orders[{k}]"], frame[f"gmv_minor[{k}]"] = days, 100 * days
    return frame


def test_an_effect_is_found_and_the_bare_difference_is_too_large():
    verdict = joined.judge(cohort(np.random.default_rng(2), effect=0.8), ["age_band"])["gmv_minor"]
    naive = verdict.evidence.naive
    assert verdict.evidence.defensible[0].low < 80 < verdict.evidence.defensible[0].high
    assert naive.effect > 80 and naive.effect - 80 > abs(verdict.evidence.defensible[0].effect - 80)
    assert len(verdict.evidence.placebos) == 3
    assert np.isnan(joined.unseen(None)) and (joined.unseen(verdict) > 1 or not verdict.identified)


def test_liking_alone_is_no_effect():
    verdict = joined.judge(cohort(np.random.default_rng(5), effect=0.0))["gmv_minor"]
    estimate = verdict.evidence.defensible[0]
    assert estimate.low < 0 < estimate.high and verdict.evidence.naive.low > 0


def test_nobody_to_compare_is_no_verdict():
    few = cohort(np.random.default_rng(1), n=40)
    assert joined.judge(few) == {} and joined.judge(few.iloc[:0]) == {} and joined.judge(few.assign(joins=False)) == {}
