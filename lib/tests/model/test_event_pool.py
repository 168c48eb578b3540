"""Pooling of event days, their spacing, and the next own festival."""

import numpy as np
import pandas as pd
import pytest

from apex.model import event_pool


def test_pool_lies_between_and_holds_back_the_unsure():
    effect, se = np.array([4.0, 6.0, 0.0, np.nan]), np.array([0.5, 0.5, 4.0, 1.0])
    found = event_pool.pool(effect, se)
    assert found.n == 3 and 3 < found.mean < 6 and found.low < found.mean < found.high
    assert found.next_high - found.next_low > found.high - found.low, "one more differs more than the mean"
    assert abs(found.shrunk[2] - 0) > 1.5 and abs(found.shrunk[0] - 4) < 0.8
    assert np.isnan(found.shrunk[3]) and found.shrunk_se[2] < 4
    assert event_pool.pool(effect[:1], se[:1]).n == 1 and np.isnan(event_pool.pool(effect[:1], se[:1]).mean)


def test_pool_holds_the_truth():
    held = []
    for seed in range(400):
        dice = np.random.default_rng(seed)
        se = dice.uniform(0.5, 2, 8)
        found = event_pool.pool(3 + dice.standard_normal(8) + se * dice.standard_normal(8), se)
        held.append(found.low <= 3 <= found.high)
    assert 0.93 <= np.mean(held) <= 0.99


def festivals(seed, brands, gain, since=(10, 60)):
    dice = np.random.default_rng(seed)
    rows = []
    for b in range(brands):
        late = b % 2
        for year in range(2):
            extra = 3 + gain * late + 0.3 * dice.standard_normal()
            rows.append((f"o{b}", f"{year}-{b}", extra, 0.4, float(since[late])))
    return pd.DataFrame(rows, columns=["brand", "event", "extra", "se", "since"])


@pytest.mark.parametrize(("gain", "answer"), [(2.5, "later"), (-2.5, "sooner"), (0.0, "no_difference")])
def test_spacing_is_seen_where_it_is(gain, answer):
    found = event_pool.spacing(festivals(2, 12, gain), 28)
    assert found.answer == answer and (found.soon, found.late) == (6, 6)
    assert found.low < found.difference < found.high


def test_spacing_needs_five_brands_on_each_side():
    assert event_pool.spacing(festivals(1, 8, 2.5), 28).answer == "few"
    assert event_pool.spacing(festivals(1, 20, 2.5), 5).answer == "few", "all are late"
    assert event_pool.spacing(festivals(1, 0, 0.0), 28).answer == "few"


def test_own_outlook_is_held_back_towards_others():
    seen = festivals(3, 8, 0.0)
    mine = pd.DataFrame({"brand": ["me"], "event": ["x"], "extra": [9.0], "se": [3.0], "since": [30.0]})
    pooled, expected, error, n = event_pool.own_outlook(pd.concat([seen, mine]), "me")
    assert n == 1 and pooled.n == 9 and pooled.mean < expected < 6 and error < 3
    pooled, expected, _, n = event_pool.own_outlook(seen, "me")
    assert n == 0 and expected == pooled.mean, "a brand without own festivals takes what others have"
    pooled, expected, error, n = event_pool.own_outlook(pd.concat([festivals(3, 3, 0.0), mine]), "me")
    assert pooled is None and (expected, error, n) == (9.0, 3.0, 1), "three others are too few to be spoken of"
    assert np.isnan(event_pool.own_outlook(festivals(3, 3, 0.0), "me")[1])
