"""Services: who is served, how able providers are, and that an effect rises, stays and fades in one brand alone."""

import numpy as np
import pytest

from twin import services
from twin.market import draw_market


@pytest.fixture(scope="module")
def served(market):
    return services.services(market.spec, market.seed, market.calendar, market.rules.quality)


def test_some_providers_do_exactly_nothing_and_none_harms(market):
    for seed in range(20):
        able = np.array(list(services.abilities(market.spec, seed).values()))
        assert len(able) == 12
        assert (able == 0).sum() >= 3
        assert able.min() >= -0.05
        assert (able > 0.3).sum() >= 3


def test_strong_brands_are_served_more_often(market):
    counted = np.zeros(len(market.brands))
    for seed in range(200):
        for brand in {s.brand for s in services.services(market.spec, seed, market.calendar, market.rules.quality)}:
            counted[brand] += 1
    order = np.argsort(market.rules.quality[1:])
    share = counted[1:][order] / 200
    assert share[-12:].mean() > share[:12].mean() + 0.3
    assert abs(counted.mean() / 200 - 0.6) < 0.04
    assert counted[0] == 200


def test_services_last_as_agreed_and_a_brand_has_a_track_once(market, served):
    assert all(90 <= s.last - s.first + 1 <= 420 for s in served)
    assert all(s.track in market.spec["services"]["providers"][s.provider] for s in served)
    tracks = [(s.brand, s.track) for s in served]
    assert len(set(tracks)) == len(tracks)
    assert {s.first < market.calendar.observed for s in served} <= {True, False}
    assert min(s.first for s in served) >= market.calendar.observed - 120


def test_the_effect_rises_by_the_ramp_and_fades_after_the_end(market):
    one = services.Service("星桥会员", 3, "全域&私域会员", 1000, 1119)
    had = services.strength(market.spec, one, market.calendar.days)
    assert not had[:1000].any()
    assert had[1059] == pytest.approx(1 - np.exp(-1))
    assert had[1119 + 120] == pytest.approx((1 - np.exp(-2)) * np.exp(-1))


def test_an_effect_is_ability_times_track_of_the_brand_alone(market):
    able = services.abilities(market.spec, market.seed)
    provider = max(able, key=lambda p: able[p])
    track = market.spec["services"]["providers"][provider][0]
    one = services.Service(provider, 3, track, 1000, 1399)
    times, lift = services.effects(market.spec, market.seed, market.calendar, [one], market.brands)
    had = able[provider] * (1 - np.exp(-400 / 60))
    levers = market.spec["services"]["tracks"][track]
    assert times[1399, 3] == pytest.approx([1 + had * levers[n] for n in ("media", "content", "join")], rel=1e-5)
    assert lift[1399, 3] == pytest.approx(had * levers["lift"], rel=1e-5)
    others = np.arange(len(market.brands)) != 3
    assert (times[:, others] == 1).all()
    assert not lift[:, others].any()


def test_who_is_left_out_leaves_the_others(market, served):
    every = services.effects(market.spec, market.seed, market.calendar, served, market.brands)
    n = next(n for n, s in enumerate(served) if services.abilities(market.spec, market.seed)[s.provider] > 0.2)
    without = services.effects(market.spec, market.seed, market.calendar, served, market.brands, without=(n,))
    changed = [
        np.flatnonzero((a != b).reshape(len(a), len(market.brands), -1).any(axis=(0, 2)))
        for a, b in zip(every, without, strict=True)
    ]
    assert set(np.concatenate(changed).tolist()) == {served[n].brand}
    none = services.effects(market.spec, market.seed, market.calendar, served, market.brands, range(len(served)))
    assert (none[0] == 1).all()
    assert not none[1].any()


def test_another_seed_serves_others_and_the_table_names_each_once(market, served):
    assert served == services.services(market.spec, market.seed, market.calendar, market.rules.quality)
    other = draw_market(market.seed + 1)
    assert served != services.services(other.spec, other.seed, other.calendar, other.rules.quality)
    rows = services.table(market.calendar, served, market.brands).to_pylist()
    assert len(rows) == len(served)
    assert {(r["provider"], r["brand"], r["first_day"]) for r in rows} == {
        (s.provider, market.brands[s.brand], market.calendar.date(s.first)) for s in served
    }
