"""Purchase intent on drawn worlds: weights, index, what moved it beside the truth, rivals that are wrong, and the back-test."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from apex.measure.intent import BEHAVIOURS, YEAR, Spells, bits
from apex.model import intent, intent_check

K, S, G, PEOPLE = len(BEHAVIOURS), 19, 7, 2500
TRUE = np.array([1.2, 0.4, 0.0, 1.6, 0.3, 0.0, 0.8, 0.0])  # log odds of buying next
USUAL = np.array([-2.2, -2.6, -2.8, -3.2, -2.8, -3.2, -3.0, -4.0])  # log odds of doing it


def expit(x):
    return 1 / (1 + np.exp(-x))


def world(seed, people=PEOPLE, boost=0.0, drawn=True, steps=S):
    """(spells, treated, added): consumers with a liking for brands; from spell 15 on the treated do more at brand 0.

    added: (steps, people) bits of what they did beyond what they would have done. drawn: arms by chance, else by what they did.
    """
    dice = np.random.default_rng(seed)
    like = dice.normal(0, 0.5, (people, G)) + np.linspace(0.3, -0.3, G)
    did = np.zeros((steps, people, G), np.uint8)
    buys = np.zeros((YEAR + steps, people, G), bool)
    buys[:YEAR] = dice.random((YEAR, people, G)) < expit(-6 + like)
    power, added = 1 << np.arange(K), np.zeros((steps, people), np.uint8)
    treated = dice.random(people) < 0.5
    for s in range(steps):
        if s == 15 and not drawn:
            before = bits(did[13:15, :, 0]).sum(axis=(0, 2))
            treated = dice.random(people) < expit(-1.2 + 0.6 * before)
        chance = dice.random((people, G, K))
        bare = chance < expit(USUAL + like[..., None])
        more = bare.copy()
        if s >= 15:
            more[:, 0] |= treated[:, None] & (chance[:, 0] < expit(USUAL + boost + like[:, 0, None]))
        did[s] = (more * power).sum(axis=-1)
        added[s] = ((more[:, 0] ^ bare[:, 0]) * power).sum(axis=-1)
        if s + 1 < steps:
            buys[YEAR + s + 1] = dice.random((people, G)) < expit(-5 + more @ TRUE)
    days = tuple(dt.date(2024, 1, 15) + dt.timedelta(days=15 * n) for n in range(steps))
    ids = np.sort(dice.choice(10**9, people, replace=False)).astype(np.int64)
    return Spells(ids, tuple(f"b{n}" for n in range(G)), 0, days, steps - 2, did, buys, did[0]), treated, added


@pytest.fixture(scope="module")
def one():
    of, _, _ = world(0)
    first, a, b = intent.plan(of)
    return of, first, intent.learn(of, a, b)


def test_weights_find_what_foretells_and_never_fall_below_nought(one):
    _, _, w = one
    assert w.share.sum() == pytest.approx(1) and (w.share >= 0).all() and (w.low <= w.share).all()
    assert w.share[[0, 3]].min() > w.share[[1, 2, 4, 5, 6, 7]].max() and w.share[[2, 5, 7]].max() < 0.07
    assert w.low[[2, 5, 7]].max() < 0.03  # what foretells nothing is not told from nought
    assert 0.6 < w.raw[3] < TRUE[3]  # half of the 30 days are foretold through the next spell alone


def test_a_free_model_goes_below_nought_where_ours_does_not():
    """Among few purchases plain coefficients take signs by chance."""
    of, _, _ = world(5, people=400)
    _, a, b = intent.plan(of)
    x = np.concatenate([bits(of.did[s]).reshape(-1, K) for s in range(a, b + 1)])
    y = np.concatenate([of.later(s).ravel() for s in range(a, b + 1)]).astype(float)
    x1 = np.column_stack([x, np.ones(len(x))])
    plain = np.linalg.lstsq(x1, y, rcond=None)[0][:K]
    assert plain.min() < 0 <= intent.learn(of, a, b).share.min()


def test_weights_know_nothing_of_the_days_they_are_applied_to(one):
    of, first, w = one
    _, a, b = intent.plan(of)
    did, buys = of.did.copy(), of.buys.copy()
    did[first:], buys[YEAR + first :] = 255, True
    again = intent.learn(replace(of, did=did, buys=buys), a, b)
    assert np.array_equal(w.share, again.share)
    buys[YEAR + first - 1] = True
    assert not np.array_equal(w.share, intent.learn(replace(of, did=did, buys=buys), a, b).share)


def test_the_index_of_a_brand_like_the_others_is_100_and_its_interval_holds(one):
    _, _, w = one
    inside = []
    for seed in range(100, 130):
        dice = np.random.default_rng(seed)
        did = (dice.random((1, 1000, G, K)) < 0.1) @ (1 << np.arange(K))
        of = Spells(np.arange(1000), tuple("abcdefg"), 0, (dt.date(2024, 1, 1),), 0, did.astype(np.uint8),
                    np.zeros((YEAR + 1, 1000, G), bool), did[0].astype(np.uint8))  # fmt: skip
        row = intent.trend(of, w, 0, 1000).iloc[0]
        inside.append(row.low <= 100 <= row.high)
    assert 23 <= sum(inside) <= 30
    assert np.isnan(intent.trend(of, w, 0, 1001)["index"].iloc[0])  # too few people
    few = replace(of, brands=tuple("abcde"), did=of.did[..., :5], buys=of.buys[..., :5])
    assert np.isnan(intent.trend(few, w, 0, 1)["index"].iloc[0])  # too few brands: the benchmark would give one away


@pytest.mark.parametrize("drawn", [True, False], ids=["drawn", "chosen"])
def test_what_moved_intent_is_found_and_the_bare_difference_fails_where_somebody_chose(drawn, one):
    _, _, w = one
    inside, bare, people = [], [], np.ones(1500, bool)
    for seed in range(200, 220):
        of, treated, added = world(seed, people=1500, boost=0.5, drawn=drawn)
        per = np.array([intent.per_behaviour(w, intent.benchmark(of, s)) for s in (15, 16, 17)])
        truth = np.mean([bits(added[s]) @ p for s, p in zip((15, 16, 17), per, strict=True)], axis=0)[treated].mean()
        chance = np.full(1500, 0.5) if drawn else None
        found = intent.compared(of, w, 15, 17, treated, people, chance, 100)
        assert found.kind == ("lift" if drawn else "model")
        naive = intent.bare(of, w, 15, 17, treated, 100)
        inside.append(found.low <= truth <= found.high)
        bare.append(naive.low <= truth <= naive.high)
    assert sum(inside) >= 15
    assert drawn or sum(bare) <= 9


def test_a_comparison_of_too_few_or_without_others_says_so(one):
    of, _, w = one
    some = np.arange(PEOPLE) < 999
    everybody = np.ones(PEOPLE, bool)
    assert intent.compared(of, w, 15, 17, some, everybody, None, 1000).cannot == "too_few"
    assert intent.bare(of, w, 15, 17, everybody, 1000).cannot == "no_control"
    row = dict(
        zip(intent.COMPARED, intent.row("held_out", intent.compared(of, w, 15, 17, some, some, None, 1)), strict=True)
    )
    assert row["cannot"] == "no_control" and np.isnan(row["lift"])


def test_cells_are_told_from_the_least_on(one):
    of, _, w = one
    dice = np.random.default_rng(1)
    met = pd.DataFrame({
        "brand": ["b0"] * 1500 + [f"b{1 + n % 6}" for n in range(6000)], "did": dice.integers(0, 4, 7500).astype(np.uint8),
    })  # fmt: skip
    name = pd.DataFrame({"crowd": ["x"] * 1000 + ["y"] * 500})
    found = intent.cells(met, of, w, [name], 1000).set_index("cell")
    assert found.cannot.tolist() == ["", "too_few"] and found.n.tolist() == [1000, 500]
    assert found.low["x"] < 100 < found.high["x"] and np.isnan(found["index"]["y"])
    assert intent.cells(met[met.brand.isin(["b0", "b1"])], of, w, [name], 1000).cannot.unique().tolist() == [
        "no_benchmark"
    ]


def test_intent_foretells_sales_and_a_shuffled_one_does_not(one):
    of, _, w = one
    at = intent_check.tested(of, w)
    assert at == of.at - 1 and at > w.spells[1] + 2
    found = intent_check.groups(of, w, at)
    assert found.n.sum() == PEOPLE and found.buyers.sum() == of.later(at)[:, 0].sum()
    assert found.observed.iloc[-1] > 2 * found.buyers.sum() / PEOPLE
    assert (found.expected * found.n).sum() == pytest.approx(found.buyers.sum(), rel=0.35)
    order = np.random.default_rng(3).permutation(PEOPLE)
    did = of.did.copy()
    did[at] = did[at][order]
    rival = intent_check.groups(replace(of, did=did), w, at)
    assert rival.observed.iloc[-1] < 1.5 * rival.buyers.sum() / PEOPLE
    ranks = intent_check.ranks(of, w, at).set_index("what")
    assert ranks["rank"]["intent"] > 0.5 and (ranks.low <= ranks["rank"]).all() and (ranks["rank"] <= ranks.high).all()


@pytest.mark.parametrize("steps", [0, 2, 3, 6])
def test_short_data_say_so(steps):
    if steps < 4:
        days = tuple(dt.date(2024, 1, 15) for _ in range(steps))
        did = np.zeros((steps, 5, 1), np.uint8)
        of = Spells(
            np.arange(5),
            ("a",),
            0,
            days,
            steps - 1,
            did,
            np.zeros((YEAR + steps, 5, 1), bool),
            did.max(axis=0, initial=0),
        )
        assert intent.plan(of) is None and intent_check.tested(of, None) is None
    else:
        of, _, _ = world(1, people=50, steps=steps)
        first, a, b = intent.plan(of)
        assert a <= b < first - intent.GAP and intent.learn(of, a, b) is None
