"""Credit beside what channels truly bring in the twin: the last touch is off by far, credit calibrated to trials by less."""

import pandas as pd
import pytest

from truth import attribution

DEVELOPED, JUDGED = range(1900, 1906), range(2000, 2050)  # COMMON, OWN and the base were chosen on the first alone
SEEDS = (2000, 2001, 2002)


def frame(told, calibrated=False):
    rows = [(1, "last", calibrated, c, v, t) for c, v, t in told]
    return pd.DataFrame(rows, columns=["seed", "method", "calibrated", "channel", "conversions", "true"])


def test_errors_by_hand():
    """feed has a trial, tv and search have none: shares 0.5, 0.5, 0 beside 0.25, 0.5, 0.25."""
    told = attribution.errors(frame([("feed", 4, 1), ("tv", 4, 2), ("search", 0, 1)])).iloc[0]
    assert (told.whole, told.share) == (0.25, 0.125)
    assert told.orders == pytest.approx((2 + 1) / 3) and told.total == 2


def test_what_harms_has_no_share():
    told = attribution.errors(frame([("tv", 1, -5), ("search", 1, 2)])).iloc[0]
    assert told.share == pytest.approx(0.5)


@pytest.mark.slow  # three markets are lived, booked and played twelve times without each channel: minutes
def test_calibrated_credit_is_nearer_than_the_last_touch():
    """Orders of channels without a trial of their own: the same check fails for the last touch as it stands."""
    both = pd.concat([attribution.compared(seed, 4000, ("last", "markov1")) for seed in SEEDS])
    mean = attribution.errors(both).groupby(["method", "calibrated"])[["orders", "total"]].mean()

    def near(method, calibrated):
        told = mean.loc[(method, calibrated)]
        return told.orders <= 1.7 and 0.5 <= told.total <= 2.5

    assert near("markov1", True) and not near("last", False)
    assert mean.orders["markov1", True] <= mean.orders["last", False] / 2
