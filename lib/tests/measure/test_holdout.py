"""Hold-outs: the hash by its definition, exact shares, every consumer's equal chance, stability, balance, and wrong draws."""

import hashlib

import numpy as np
import pandas as pd
import pytest

from apex.errors import ApexError
from apex.measure.holdout import balance, deciles, hashes, hold_out

MASK = 2**64 - 1


def mix(z):
    """splitmix64 in integers of any length."""
    z = (z + 0x9E3779B97F4A7C15) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def by_definition(consumer, seed):
    return mix(consumer ^ int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8], "big"))


def draw_by_definition(people, share, seed, strata):
    """Rank inside each stratum, running totals rounded by one number: in plain Python."""
    offset = (by_definition(0, seed) >> 11) / 2**53
    held, before = set(), 0
    for _, stratum in sorted(people.groupby(strata, dropna=False), key=lambda kv: kv[0]):
        most = int((before + len(stratum)) * share + offset) - int(before * share + offset)
        held |= set(sorted(stratum.consumer_id, key=lambda c: by_definition(c, seed))[:most])
        before += len(stratum)
    return people.consumer_id.isin(held)


def market_of(n, seed=1):
    """Consumers with hashed keys and four traits, two of them related to spend."""
    rng = np.random.default_rng(seed)
    spend = np.round(rng.lognormal(3, 1.2, n)).astype(int)
    frame = pd.DataFrame(
        {
            "consumer_id": rng.permutation(rng.choice(2**62, n, replace=False)),
            "spend": spend,
            "crowd": np.where(spend > 40, "heavy", np.where(rng.random(n) < 0.3, "new", "light")),
            "stage": rng.choice(["none", "A", "P", "L"], n, p=[0.4, 0.3, 0.2, 0.1]),
            "age": rng.choice(["18-24", "25-34", None], n),
            "visits": rng.poisson(spend / 20) + 0.0,
        }
    )
    return frame.assign(decile=deciles(frame.spend))


def test_the_hash_is_the_published_one():
    # splitmix64 from state 0 and 1234567: the reference values that implementations are held against
    assert mix(0) == 0xE220A8397B1DCDAF
    assert mix(1234567) == 6457827717110365317
    rng = np.random.default_rng(5)
    ids = [0, 1, 2**63 - 1, -1 + 2**62, *rng.integers(0, 2**63 - 1, 500).tolist()]
    for seed in ("", "autumn", "种子", 'o"; --'):
        assert hashes(ids, seed).tolist() == [by_definition(c, seed) for c in ids]


def test_the_draw_is_its_definition():
    people = market_of(700)
    for share, seed in ((0.1, "a"), (0.25, "b"), (0.5, "c")):
        held = hold_out(people, share, seed, ["crowd", "stage", "decile"])
        expected = draw_by_definition(people, share, seed, ["crowd", "stage", "decile"])
        assert held.tolist() == expected.tolist()


@pytest.mark.parametrize("share", [0.05, 0.1, 1 / 3, 0.5])
def test_every_stratum_every_crowd_and_the_whole_have_their_share(share):
    people = market_of(3_000)
    for seed in range(20):
        held = hold_out(people, share, str(seed), ["crowd", "stage", "decile"])
        for keys in (["crowd", "stage", "decile"], ["crowd", "stage"], ["crowd"]):
            counted = held.groupby([people[k] for k in keys]).agg(["size", "sum"])
            assert ((counted["sum"] - counted["size"] * share).abs() < 1).all()
        assert abs(held.sum() - len(people) * share) < 1


def test_every_consumer_has_the_same_chance_however_small_the_stratum():
    people = pd.DataFrame({"consumer_id": range(100, 160), "stratum": [0] * 1 + [1] * 3 + [2] * 17 + [3] * 39})
    draws = np.array([hold_out(people, 0.1, f"s{n}", ["stratum"]) for n in range(800)])
    error = np.sqrt(0.1 * 0.9 / len(draws))
    assert np.abs(draws.mean(0) - 0.1).max() < 4.5 * error
    pairs = np.corrcoef(draws[:, 21:].T)[np.triu_indices(39, 1)]  # two of a stratum: nearly independent
    assert abs(pairs.mean() + 1 / 38) < 0.01


def test_order_columns_and_other_lists_do_not_matter():
    people = market_of(2_000)
    held = people.consumer_id[hold_out(people, 0.1, "x", ["crowd", "stage"])]
    shuffled = people.sample(frac=1, random_state=3)
    again = hold_out(shuffled, 0.1, "x", ["crowd", "stage"])
    assert list(again.index) == list(shuffled.index)
    assert set(shuffled.consumer_id[again]) == set(held)
    assert set(people.consumer_id[hold_out(people, 0.1, "y", ["crowd", "stage"])]) != set(held)
    # a larger share holds out the same consumers and more
    more = set(people.consumer_id[hold_out(people, 0.2, "x", ["crowd", "stage"])])
    assert len(set(held) - more) <= people.groupby(["crowd", "stage"]).ngroups  # rounding apart


def test_when_others_come_or_go_few_change_arms_and_with_keep_none():
    people = market_of(4_000)
    rest = people.sample(frac=0.9, random_state=1)
    whole = hold_out(people, 0.1, "x", ["crowd"]).set_axis(people.consumer_id)
    part = hold_out(rest, 0.1, "x", ["crowd"]).set_axis(rest.consumer_id)
    changed = (whole[part.index] != part).sum()
    assert 0 < changed < 0.01 * len(rest)  # the honest limit of ranks: those near the cut
    kept = hold_out(people, 0.1, "x", ["crowd"], keep=part).set_axis(people.consumer_id)
    assert (kept[part.index] == part).all()
    new = kept.drop(part.index)
    assert abs(new.sum() - 0.1 * len(new)) < 1


def test_one_consumer_none_and_what_is_refused():
    one = pd.DataFrame({"consumer_id": [7]})
    assert np.mean([hold_out(one, 0.25, str(n))[0] for n in range(1_500)]) == pytest.approx(0.25, abs=0.04)
    nobody = hold_out(one[:0], 0.1, "x")
    assert nobody.dtype == bool and nobody.empty
    null = pd.DataFrame({"consumer_id": range(40), "age": ["a", None] * 20})
    assert hold_out(null, 0.5, "x", ["age"]).groupby(null.age, dropna=False).sum().tolist() == [10, 10]
    for share in (0, 1, -0.1, float("nan")):
        with pytest.raises(ApexError, match="between 0 and 1"):
            hold_out(one, share, "x")
    with pytest.raises(ApexError, match="stands twice"):
        hold_out(pd.concat([one, one]), 0.1, "x")
    with pytest.raises(ApexError, match="no column spend"):
        hold_out(one, 0.1, "x", ["spend"])


def test_deciles_are_equal_and_ties_stay_together():
    values = pd.Series(np.random.default_rng(2).permutation(1_000))
    assert deciles(values).value_counts().tolist() == [100] * 10
    assert deciles(values).groupby(values // 100).nunique().tolist() == [1] * 10
    tied = deciles(pd.Series([0] * 60 + list(range(1, 41))))
    assert tied[:60].nunique() == 1 and tied.max() == 9 and tied.is_monotonic_increasing


def largest(people, held):
    frame = balance(people, held, ["spend", "crowd", "stage", "age", "visits"])
    return frame.difference.abs().max()


def test_the_hash_balances_and_wrong_draws_do_not():
    """At ten thousand people the largest standardised difference is under 0.1; draws that follow the keys fail that."""
    people = market_of(10_000)
    worst = [largest(people, hold_out(people, 0.1, f"{n}", ["crowd", "stage", "decile"])) for n in range(20)]
    assert max(worst) < 0.1
    unstratified = [largest(people, hold_out(people, 0.1, f"{n}")) for n in range(20)]
    assert np.mean(worst) < np.mean(unstratified)
    # keys given in order of spend, as a loyalty programme numbers its members, or with a check digit that follows it
    ordered = people.assign(consumer_id=people.spend.rank(method="first").astype(int))
    first = pd.Series(ordered.consumer_id <= 1_000)
    assert largest(ordered, first) > 0.1
    digit = people.assign(consumer_id=10 * np.arange(len(people)) + deciles(people.spend))
    assert largest(digit, digit.consumer_id % 10 == 3) > 0.1
    for keyed in (ordered, digit):  # the hash does not mind such keys
        assert largest(keyed, hold_out(keyed, 0.1, "x", ["crowd", "stage", "decile"])) < 0.1


def test_the_interval_of_a_difference_covers_under_a_plain_draw():
    people = market_of(600)
    missed = []
    for n in range(200):
        frame = balance(people, hold_out(people, 0.3, f"{n}"), ["spend", "stage"])
        missed.append(((frame.low > 0) | (frame.high < 0)).to_numpy())
    assert 0.02 < np.mean(missed) < 0.08


def test_balance_against_its_definition():
    people = pd.DataFrame({"x": [1.0, 2, 3, 4, np.nan, 6], "g": ["a", "a", "b", None, "b", "a"], "c": 1})
    held = pd.Series([True, False, True, False, True, False])
    frame = balance(people, held, ["x", "g", "c"]).set_index(["covariate", "level"])
    x = frame.loc["x"].iloc[0]
    assert (x.addressed, x.held_out, x.mean_addressed, x.mean_held_out) == (3, 2, 4.0, 2.0)
    assert x.difference == pytest.approx(-2 / np.sqrt((4 + 2) / 2))
    assert x.high - x.difference == pytest.approx(1.959964 * np.sqrt(1 / 3 + 1 / 2 + x.difference**2 / 10))
    assert frame.loc["g"].index.tolist() == ["a", "b", "missing"]
    assert frame.loc[("g", "a")].mean_addressed == pytest.approx(2 / 3)
    assert frame.loc["c"].difference.tolist() == [0.0]
    assert balance(people, held & False, ["x"]).difference.isna().all()
    with pytest.raises(ApexError, match='no column "y"'):
        balance(people, held, ["y"])


def test_small_counts_are_not_shown_nor_given_away():
    people = pd.DataFrame({"g": ["a"] * 200 + ["b"] * 150 + ["c"] * 30})
    held = pd.Series(([True] + [False] * 9) * 38)
    frame = balance(people, held, ["g"], threshold=10).set_index("level")
    assert held[people.g == "c"].sum() == 3
    assert frame.suppressed.to_dict() == {"a": False, "b": True, "c": True}  # b, so that c is not had by subtraction
    hidden = frame.loc[
        ["b", "c"], ["addressed", "held_out", "mean_addressed", "mean_held_out", "difference", "low", "high"]
    ]
    assert hidden.isna().all(axis=None)
