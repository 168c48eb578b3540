"""The bars on the data of both campaigns: look-alikes above chance and rules, chances true, hold-outs alike."""

import numpy as np
import pandas as pd
import pytest

from apex.measure import holdout
from apex.report.run import Run
from apex.report.upstream.audiences import Study


def study(campaign):
    run = Run(campaign, "3_execute/audiences")
    return Study(run, "crowds", "mail", "{behaviour: buy, within_days: 365}", 0.1, 90, 3, 7, 30, 0.1, "apex")


@pytest.mark.slow  # reads both warehouses
@pytest.mark.parametrize("campaign", ["complete-journey", "double-eleven"])
def test_look_alikes_beat_chance_and_rules_on_days_that_are_known(campaign):
    learned = study(campaign).learned
    told = learned.beside.set_index("crowd")
    assert told.low["random"] > 0 and told.low["all"] > 0, told
    true = learned.reliability
    off = ((true.said < true.low) | (true.said > true.high)).sum()
    assert off <= 1, true  # of five intervals of 95 %


@pytest.mark.slow  # reads the twin's warehouse
def test_nothing_of_the_page_hangs_on_what_comes_later():
    whole = study("double-eleven")
    people = whole.people
    assert people.consumer_id.is_unique and not (people.crowd.notna() & people.tired).any()
    assert (people.band[people.crowd.notna()] >= 1).all() and (people.band[people.crowd.isna()] == 0).all()
    seed = whole._asked["seed"].to_pandas().to_numpy(bool)
    assert not (people["look-alike"].to_numpy() & seed).any(), "nobody is like the seed who is in it"


def test_hold_outs_of_ten_thousand_are_alike():
    """The largest standardised difference of what the page compares stays under 0.1 at 10,000 people, draw after draw."""
    rng = np.random.default_rng(0)
    people = pd.DataFrame({"consumer_id": rng.choice(2**62, 10_000, replace=False)})
    people["crowd"] = rng.choice(["a", "b", "c", "d"], 10_000)
    people["stage"] = rng.choice(["none", "O", "A", "I", "P", "L"], 10_000, p=[0.25, 0.2, 0.1, 0.2, 0.17, 0.08])
    people["market_minor"] = np.exp(rng.normal(8, 1, 10_000))
    people["brand_minor"] = people.market_minor * rng.beta(1, 6, 10_000)
    people["decile"] = holdout.deciles(people.market_minor)
    worst = []
    for seed in range(8):
        held = holdout.hold_out(people, 0.1, f"s{seed}", ["crowd", "stage", "decile"])
        worst.append(
            holdout.balance(people, held, ["stage", "crowd", "brand_minor", "market_minor"]).difference.abs().max()
        )
    assert max(worst) < 0.1, worst
    free = [
        holdout.balance(people, pd.Series(rng.random(10_000) < 0.1), ["stage", "crowd"]).difference.abs().max()
        for _ in range(8)
    ]
    assert max(free) > 2 * np.median(worst), "without strata it is not so"
