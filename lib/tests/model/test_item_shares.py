"""Roles like with like, and bands: truths recovered, the plain rivals fail, shares add up to one."""

import numpy as np
import pandas as pd
import pytest

from apex.measure.item_roles import ALL
from apex.model import item_shares

KINDS = ("firsts", "seconds", "returns", "later", "followed", "repeated")


def counted(seed, pull=1.0, n=6000):
    """A year of orders: item `new` comes late, when fewer first orders are made. pull: what `new` does by itself."""
    chance = np.random.default_rng(seed)
    rows = []
    for period in range(12):
        young = period < 6  # period 0 is now
        firsts = chance.random(n // 12) < (0.2 if young else 0.7)
        share = np.where(young, 0.3 * np.where(firsts, pull, 1.0), 0.02)
        held = chance.random(n // 12) < share
        seconds, back = ~firsts & (chance.random(n // 12) < 0.3), ~firsts & (chance.random(n // 12) < 0.4)
        again = firsts & (chance.random(n // 12) < 0.25)
        for item, mine in (("new", held), ("old", ~held), (ALL, held | ~held)):
            sums = (firsts & mine, seconds & mine, back & mine, ~firsts & mine, firsts & mine, again & mine)
            rows.append((item, period, int(mine.sum()), *(int(s.sum()) for s in sums)))
    return pd.DataFrame(rows, columns=["item_id", "period", "orders", *KINDS])


def test_an_item_of_another_season_recruits_nobody_and_the_years_shares_say_otherwise():
    held, naive, clear = [], [], []
    for seed in range(40):
        frame = counted(seed)
        row = item_shares.roles(frame).set_index("item_id").loc["new"]
        held.append(row.firsts_low <= 1 <= row.firsts_high)
        sums = frame.groupby("item_id")[["firsts", "later"]].sum()
        naive.append(sums.firsts["new"] / sums.firsts[ALL] / (sums.later["new"] / sums.later[ALL]))
        clear += [row.firsts_clear, row.seconds_clear, row.returns_clear, row.repeat_clear]
    assert np.mean(held) >= 0.85 and np.mean(clear) <= 0.12
    assert np.mean(naive) < 0.6, "the known-wrong method: all orders of the year"


def test_an_item_that_recruits_is_found():
    row = item_shares.roles(counted(1, pull=1.8)).set_index("item_id").loc["new"]
    assert (
        row.firsts_clear
        and row.firsts_low > 1.2
        and row.firsts_plain == pytest.approx(row.firsts_share / row.firsts_ratio)
    )
    few = item_shares.roles(counted(1, pull=1.8, n=120)).set_index("item_id")
    assert np.isnan(few.firsts_ratio["new"]) and few.firsts["new"] > 0 and not few.firsts_clear["new"], (
        "too few to tell"
    )


def test_counts_and_shares_are_those_of_the_frame():
    frame = counted(2)
    found = item_shares.roles(frame).set_index("item_id")
    sums = frame.groupby("item_id").sum()
    for item in ("new", "old"):
        for kind in item_shares.KINDS:
            assert found[kind][item] == sums[kind][item]
            assert found[kind][item] + found[f"{kind}_other"][item] == sums[kind][ALL]
            assert found[f"{kind}_share"][item] == pytest.approx(sums[kind][item] / sums[kind][ALL])
        assert found.repeat_share[item] == pytest.approx(sums.repeated[item] / sums.followed[item])
        assert found.repeated[item] + found.repeated_other[item] == found.followed[item]
    part = item_shares.of_kind(found.reset_index(), "repeat")
    assert set(item_shares.PEOPLE["repeat"]) | set(item_shares.also("repeat")) | {"item_id", "repeat_clear"} == set(
        part
    )


def test_wilson_is_that_of_statsmodels():
    from statsmodels.stats.proportion import proportion_confint

    some, of = pd.Series([0, 3, 40, 50]), pd.Series([10, 10, 50, 50])
    found, known = item_shares.wilson(some, of), proportion_confint(some, of, method="wilson")
    assert found[0] == pytest.approx(known[0], abs=1e-12) and found[1] == pytest.approx(known[1], abs=1e-12)
    assert np.isnan(item_shares.wilson(pd.Series([0]), pd.Series([0]))[0]).all()


def test_no_orders_and_one_item_alone():
    empty = counted(3).iloc[:0]
    assert item_shares.roles(empty).empty and item_shares.of_kind(item_shares.roles(empty), "repeat").empty
    alone = counted(3)[lambda f: f.item_id != "old"]
    alone = alone.assign(item_id=alone.item_id.where(alone.item_id == ALL, "new"))
    found = item_shares.roles(alone[alone.period < 6])
    assert len(found) == 1 and not found.isin([np.inf, -np.inf]).any(axis=None)


def sales(seed=1):
    chance = np.random.default_rng(seed)
    rows = [(side, band, bucket, orders, orders, 100 * orders)
            for side, weight in (("ours", (5, 1, 0)), ("others", (4, 4, 4))) for band, w in zip("lmh", weight, strict=True)
            for bucket in range(100) if (orders := chance.poisson(w))]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["side", "band", "bucket", "orders", "buyers", "gmv_minor"])
    return frame.assign(band=pd.Categorical(frame.band, list("lmh"), ordered=True))


def test_shares_of_bands_add_up_to_one_and_their_intervals_hold_the_truth():
    frame = sales()
    found = item_shares.bands(frame)
    assert found.share.sum() == pytest.approx(1) and found.others_share.sum() == pytest.approx(1)
    sums = frame[frame.side == "ours"].groupby("band", observed=False).gmv_minor.sum()
    assert list(found.share) == pytest.approx(list(sums / sums.sum()))
    assert np.isnan(found.low[2]) and found.gmv_minor[2] == 0, "that nobody bought says nothing of chance"
    inside = [(lambda f: f.low[0] <= 5 / 6 <= f.high[0])(item_shares.bands(sales(seed))) for seed in range(60)]
    assert np.mean(inside) >= 0.88
    mine = item_shares.bands(frame[frame.side == "ours"])
    assert mine.others_share.isna().all() and item_shares.bands(frame.iloc[:0]).share.isna().all()
