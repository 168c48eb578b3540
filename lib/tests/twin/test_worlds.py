"""Paired worlds: a cause that is off changes what it causes, and nothing else."""

import numpy as np
import pytest

from twin import truth
from twin.play import play, world
from twin.stages import AT, codes, stages
from twin.tables import events


def buys(events):
    return events[events[:, AT["behaviour"]] == codes("buy")[0]]


def cause(market, kind, name="all"):
    return next(c for c in truth.causes(market) if c.kind == kind and c.name == name)


def test_nothing_off_is_the_same_world(market, worlds):
    assert np.array_equal(worlds.play({}), worlds.factual)
    rows = np.array([3, 40, 700])
    assert np.array_equal(worlds.play({}, rows), truth.of_rows(worlds.factual, rows, 1500))


def test_a_channel_without_effect_changes_nothing_but_its_own_contacts(market, worlds):
    outdoor = market.channels.index("outdoor")
    rows, with_, without = worlds.pair(cause(market, "channel", "outdoor"))
    assert len(rows) > 200  # it is seen a lot
    assert np.array_equal(with_[with_[:, AT["channel"]] != outdoor], without)


def test_who_never_met_a_cause_lives_the_same_life_without_it(market, worlds):
    live = cause(market, "channel", "live")
    rows, _, without = worlds.pair(live)
    everybody = worlds.play(live.without)
    changed = np.zeros(1500, bool)
    changed[rows] = True
    assert 0 < changed.sum() < 1500
    assert np.array_equal(everybody[~changed[everybody[:, 0]]], worlds.factual[~changed[worlds.factual[:, 0]]])
    assert np.array_equal(everybody[changed[everybody[:, 0]]], without)


def test_nothing_changes_before_the_cause(market, worlds):
    campaign = next(c for c in market.campaigns if c.key == "b00-d11-2024")
    _, with_, without = worlds.pair(cause(market, "campaign", campaign.key))
    early = [e[e[:, AT["minute"]] < campaign.first * 1440] for e in (with_, without)]
    assert np.array_equal(*early) and len(with_) != len(without)


def test_other_categories_never_notice(market):
    numbers = np.arange(1, 101)
    off = world(market, channels=tuple(range(len(market.channels))))
    both = [np.concatenate(list(play(market, numbers, of, categories=(1, 2)))) for of in (None, off)]
    assert np.array_equal(*both)


def test_competitors_sell_more_without_our_media(market):
    numbers = np.arange(1, 1501)
    off = world(market, channels=tuple(range(len(market.channels))))
    with_, without = (buys(np.concatenate(list(play(market, numbers, of, categories=(0,))))) for of in (None, off))
    ours, others = ((e[:, AT["brand"]] == 0).sum() for e in (with_, without)), (
        (e[:, AT["brand"]] != 0).sum() for e in (with_, without)
    )  # fmt: skip
    (a, b), (c, d) = ours, others
    assert a > b and c < d and a - b > d - c  # some of it is taken from them, some is new


@pytest.fixture(scope="module")
def sold(market, worlds):
    listed = [c for c in truth.causes(market) if c.kind in ("channel", "media", "all")]
    return truth.effects(worlds, listed)


def test_gaps_are_reported_and_no_longer_than_synergy_explains(sold):
    gaps = truth.gaps(sold[0]).set_index("period")
    assert gaps.gmv_minor_media_off["observed"] > 0
    assert gaps.gmv_minor_all_off["observed"] > gaps.gmv_minor_media_off["observed"]
    assert abs(gaps.gmv_gap["observed"]) < 0.5


def test_crowds_add_up(sold):
    for table, columns in zip(sold, (["buyers_with", "gmv_minor_without"], ["stock_with", "up_without"]), strict=True):
        keys = [c for c in ("kind", "cause", "period", "stage") if c in table]
        whole = table[table.crowd == "all"].set_index(keys)[columns]
        parts = table[table.crowd != "all"].groupby(keys)[columns].sum()
        assert (parts.loc[whole.index] == whole).all(axis=None)


def test_media_bring_stock_at_the_upper_stages(sold):
    moved = sold[1].query("kind == 'media' and crowd == 'all' and period == 'b00-d11-2024'").set_index("stage")
    assert moved.stock_with["A"] > moved.stock_without["A"]
    assert moved.stock_with["none"] < moved.stock_without["none"]
    assert moved.stock_with.sum() == moved.stock_without.sum()


def test_bought_stock_converts_less_than_what_came_by_itself(worlds):
    rates = (
        truth.conversion(worlds, replays=20)
        .groupby(["stage", "origin"])[["consumers", "rate"]]
        .agg({"consumers": "sum", "rate": "mean"})
    )
    assert rates.rate[("I", "bought")] < rates.rate[("I", "organic")]
    assert rates.rate[("L", "organic")] > rates.rate[("P", "organic")] > rates.rate[("none", "organic")]


def test_stages_are_those_of_the_ledger(market):
    """The truth's stages beside the ledger's kernel on the same events."""
    from apex.ledger import load_rules
    from apex.ledger.sweep import positions

    n = 400
    block = np.concatenate(list(play(market, np.arange(1, n + 1), world(market, only=0), categories=(0,))))
    days = [market.calendar.observed + d for d in (0, 15, 314, 500, 700)]
    ours = stages(block, block[:, 0] - 1, n, days)
    table, rules = events(market, block, 1), load_rules("aipl")
    for column, day in enumerate(days):
        book = positions(table, rules, market.calendar.date(day))
        theirs = np.zeros(n, int)
        theirs[book["consumer_id"].to_numpy() - 1] = book["stage"].to_numpy()
        assert np.array_equal(ours[:, column], theirs)
    assert set(ours.ravel()) == {0, 1, 2, 3, 4}
