"""Curves of stays against statsmodels where spells are single, and against simulated truth where they are not.

In the simulated world some consumers stay longer than others in all their spells, spells begin before and within the days
observed, and many still last at the end.
"""

import numpy as np
import pandas as pd
import pytest

from apex.model import survival

DAY, HAZARD, LAST = 30, 0.03, 120
QUICK = np.array([0.3, 2.2])  # how much faster than usual a consumer leaves, half of them each
TRUTH = np.mean((1 - HAZARD * QUICK) ** DAY)
UP = 0.6  # of exits


def drawn(rng, consumers=160, each=5):
    """Arrays with one place a spell: consumer, entry, stay, risen, fallen; all with time at risk after day 0."""
    who = np.repeat(np.arange(consumers), each)
    begin = rng.integers(-100, LAST, len(who))
    stay = rng.geometric(HAZARD * QUICK[rng.integers(0, 2, consumers)][who])
    entry, seen = np.maximum(-begin, 0), LAST - begin
    ended, up = stay <= seen, rng.random(len(who)) < UP
    stay = np.minimum(stay, seen)
    there = stay > entry
    return tuple(a[there] for a in (who, entry, stay, ended & up, ended & ~up))


def world(rng, consumers=160, each=5, groups=40):
    """(spells as the model takes them, spells one by one)."""
    who, entry, stay, up, down = drawn(rng, consumers, each)
    exit = np.where(up, "up", np.where(down, "down", "lasts"))
    single = pd.DataFrame({"stage": "L", "group": who % groups, "entry": entry, "stay": stay, "exit": exit})
    return single.assign(stage=pd.Categorical(single.stage, ["L"], ordered=True), spells=1, consumers=1), single


def counted(single):
    frame = single.groupby(list(single.columns)).size().rename("spells").reset_index()
    return frame.assign(stage=pd.Categorical(frame.stage, ["L"], ordered=True), consumers=frame.spells)


def test_the_curve_is_that_of_statsmodels():
    from statsmodels.duration.survfunc import SurvfuncRight

    spells, single = world(np.random.default_rng(3))
    theirs = SurvfuncRight(single.stay.to_numpy(), (single.exit != "lasts").to_numpy(), entry=single.entry.to_numpy())
    ours = survival.curves(spells).set_index("day")
    for day, share, at_risk in zip(theirs.surv_times, theirs.surv_prob, theirs.n_risk, strict=True):
        if day in ours.index:
            assert ours.share[day] == pytest.approx(share, abs=1e-12) and ours.at_risk[day] == at_risk
    assert list(ours.index) == list(range(len(ours))) and len(ours) > 60


def test_counts_taken_together_say_the_same():
    spells, single = world(np.random.default_rng(3))
    pd.testing.assert_frame_equal(survival.curves(spells), survival.curves(counted(single)))


def test_still_there_risen_and_fallen_are_one_and_only_go_one_way():
    ours = survival.curves(world(np.random.default_rng(4))[0])
    assert (ours.share + ours.rose + ours.fell).to_numpy() == pytest.approx(1)
    assert (ours.share.diff().dropna() <= 1e-12).all()
    assert (ours.rose.diff().dropna() >= -1e-12).all() and (ours.fell.diff().dropna() >= -1e-12).all()
    inside = ours[ours.low.notna()]
    assert ((inside.low < inside.share) & (inside.share < inside.high)).all() and inside.low.min() >= 0
    assert (ours.at_risk >= survival.LEAST_AT_RISK).all()


def test_without_late_entries_or_open_ends_it_is_the_plain_share():
    stay = np.random.default_rng(5).integers(1, 20, 400)
    frame = pd.DataFrame({"stage": "L", "group": np.arange(400) % 20, "entry": 0, "stay": stay, "exit": "down"})
    ours = survival.curves(counted(frame)).set_index("day")
    for day in ours.index:
        assert ours.share[day] == pytest.approx((stay > day).mean())
    middle = survival.medians(ours.reset_index()).iloc[0]
    assert middle["median"] == np.sort(stay)[199] and middle.low <= middle["median"] <= middle.high


def tallies(who, entry, stay, up, down, days, groups=40):
    """What `product_limit` takes, counted in another way than the library does."""
    place = who % groups * (days + 1)
    some = np.minimum(stay, days)
    risen, fallen = (
        np.bincount((place + some)[which & (stay <= days)], minlength=groups * (days + 1)).reshape(groups, -1)[:, 1:]
        for which in (up, down)
    )
    ages = np.arange(1, days + 1)
    there = (entry[:, None] < ages) & (ages <= stay[:, None])
    at_risk = np.eye(groups)[who % groups].T @ there
    return risen.astype(float), fallen.astype(float), at_risk


def test_the_curve_rests_on_these_tallies():
    rng = np.random.default_rng(2)
    spells, _ = world(rng)
    ours = survival.curves(spells).iloc[: DAY + 1]
    arrays = survival.product_limit(*tallies(*drawn(np.random.default_rng(2)), DAY))
    for name, values in arrays.items():
        np.testing.assert_allclose(ours[name], values, atol=1e-12)


def test_the_interval_covers_and_rivals_do_not():
    """1,000 worlds: 95 ± 1.5 %, no wider than need be; independent spells, and ended spells alone, fail the same test."""
    rng, hits, widths, shares = np.random.default_rng(11), [], [], []
    greenwood, ended = [], []
    for _ in range(1000):
        spells = drawn(rng)
        up, down, at_risk = tallies(*spells, DAY)
        found = survival.product_limit(up, down, at_risk)
        share, low, high = (found[c][DAY] for c in ("share", "low", "high"))
        hits.append(low <= TRUTH <= high)
        widths.append(high - low)
        shares.append(share)
        out, there = (up + down).sum(axis=0), at_risk.sum(axis=0)
        greenwood.append(abs(share - TRUTH) <= 1.96 * share * np.sqrt((out / there / (there - out)).sum()))
        over = spells[2][spells[3] | spells[4]] > DAY
        ended.append(abs(over.mean() - TRUTH) <= 1.96 * np.sqrt(over.mean() * (1 - over.mean()) / len(over)))
    assert abs(np.mean(hits) - 0.95) <= 0.015, np.mean(hits)
    assert np.median(widths) <= 1.25 * 2 * 1.96 * np.std(shares)
    assert abs(np.mean(shares) - TRUTH) < 0.005
    assert np.mean(greenwood) < 0.935, "a consumer's spells hang together"
    assert np.mean(ended) < 0.5, "the spells that last are the long ones"


def test_late_entries_taken_for_whole_spells_would_be_wrong():
    """Spells that had begun before are long ones: counted from their first day they promise too much."""
    rng = np.random.default_rng(12)
    right, wrong = [], []
    for _ in range(40):
        spells, _ = world(rng)
        for kept, frame in ((right, spells), (wrong, spells.assign(entry=0))):
            curve = survival.curves(frame)
            kept.append(curve.share[curve.day == DAY].iloc[0])
    assert abs(np.mean(right) - TRUTH) < 0.015 < np.mean(wrong) - TRUTH


def test_median_and_table_say_what_the_curve_says():
    spells, single = world(np.random.default_rng(6), consumers=600)
    curve = survival.curves(spells)
    middle = survival.medians(curve).iloc[0]
    assert (
        curve.share[curve.day == middle["median"]].iloc[0]
        <= 0.5
        < curve.share[curve.day == middle["median"] - 1].iloc[0]
    )
    assert middle.low <= middle["median"] <= middle.high and middle.seen == curve.day.max()
    stays = survival.stays(curve, spells, [10, 30, 9999])
    assert list(stays.day) == [10, 30] and (stays.spells == len(single)).all()
    ends = single[(single.exit == "up") & (single.stay > 10) & (single.stay <= 30)]
    assert stays.rises.iloc[1] == len(ends)


def test_coarse_steps_hide_single_exits():
    spells, single = world(np.random.default_rng(7))
    curve = survival.curves(spells)
    rough = survival.coarse(curve, spells, 20)
    ends = single[single.exit != "lasts"].stay
    steps = [int(((ends > a) & (ends <= b)).sum()) for a, b in zip(rough.day[:-1], rough.day[1:], strict=True)]
    assert min(s for s in steps if s) >= 20 and len(rough) < len(curve)
    assert rough.merge(curve, on=["stage", "day", "share"]).shape[0] == len(rough), "the same curve, on fewer days"
    pd.testing.assert_frame_equal(survival.coarse(curve, spells, 1), curve[["stage", "day", "share", "low", "high"]])


def test_peers_are_estimated_all_at_once():
    worlds = [world(np.random.default_rng(n), consumers=n) for n in (200, 60, 3)]
    many = pd.concat([spells.assign(brand=f"p{n}") for n, (spells, _) in enumerate(worlds)], ignore_index=True)
    found = survival.after(many, [10, 30]).set_index(["brand", "day"]).share
    for n, (spells, _) in enumerate(worlds[:2]):
        curve = survival.curves(spells).set_index("day").share
        for day in (10, 30):
            assert found[f"p{n}", day] == pytest.approx(curve[day]) if day in curve else pd.isna(found[f"p{n}", day])
    assert found["p2"].isna().all(), "fifteen spells say nothing"


def test_nothing_from_nothing_or_from_few():
    spells, _ = world(np.random.default_rng(8))
    for frame in (spells.iloc[:0], spells.head(3)):
        curve = survival.curves(frame)
        assert curve.empty and list(curve) == survival.CURVE
        assert survival.medians(curve).empty and survival.coarse(curve, frame, 5).empty
        assert survival.stays(curve, frame, [30]).empty
    assert survival.after(spells.iloc[:0].assign(brand="p"), [30]).empty
    one = survival.curves(spells.assign(group=0))
    assert len(one) and one.low.isna().all(), "one group alone has no interval"
