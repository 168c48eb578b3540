"""What contacts add, in worlds where it is known: contacts chase those who would move anyway, in part for what nobody sees."""

import numpy as np
import pandas as pd
import pytest

from apex.model import moves, moves_level

CHANNELS = ["a", "b", "c"]
CELLS = ["A", "P"]
TRUE = {("A", "a"): 0.06, ("A", "b"): 0.03, ("A", "c"): 0.0, ("P", "a"): 0.03, ("P", "b"): 0.015, ("P", "c"): 0.0}
KNOWN = ("visits", "orders")
WORTH = 500.0  # money of a move
RUNS = 200


def world(rng, size=4000, chase=0.9, hidden=0.0):
    """Points of consumers with known bands and a hidden bent; contacts go by both, moves too."""
    parts = []
    for cell in CELLS:
        base = 0.08 if cell == "A" else 0.04
        visits, orders = rng.integers(0, 3, size), rng.integers(0, 3, size)
        bent = rng.normal(size=size)
        eager = 0.5 * visits + 0.3 * orders
        met = np.zeros(size, int)
        chance = np.zeros(size)
        for k, name in enumerate(CHANNELS):
            lean = chase * eager + hidden * bent - 2.6
            hit = rng.random(size) < 1 / (1 + np.exp(-lean))
            met |= hit.astype(int) << k
            chance += hit * TRUE[cell, name]
        usual = base * (0.4 + eager) * np.exp(0.5 * bent - 0.125)
        moved = (rng.random(size) < np.clip(usual + chance, 0, 1)).astype(int)
        parts.append(
            pd.DataFrame(
                {
                    "cell": cell, "met": met, "cohort": rng.integers(0, 4, size), "visits": visits, "orders": orders,
                    "bucket": rng.integers(0, 20, size), "moved": moved,
                    "gmv_minor": (moved * rng.exponential(WORTH, size)).round(),
                }
            )
        )  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def naive(points, cell, k):
    """Met by the channel against not met at all, as they are: difference and its error."""
    some = points[points.cell == cell]
    on, off = some[(some.met & (1 << k)) > 0].moved, some[some.met == 0].moved
    return on.mean() - off.mean(), np.sqrt(on.var() / len(on) + off.var() / len(off))


def held_of(points):
    return moves.all_held(moves.compared(points, CHANNELS, KNOWN, CELLS))


@pytest.fixture(scope="module")
def runs():
    """For each run, by cell and channel: ours (middle, 80 % interval) and the naive one's, for moves; money beside."""
    rows = []
    for seed in range(RUNS):
        points = world(np.random.default_rng(seed), size=2500)
        made = held_of(points).set_index(["cell", "channel"])
        for (cell, name), true in TRUE.items():
            ours, (plain, se) = made.loc[(cell, name)], naive(points, cell, CHANNELS.index(name))
            rows.append(
                {
                    "true": true, "ours": ours.extra_held, "naive": plain,
                    "holds": abs(ours.extra_held - true) <= moves.Z80 * ours.extra_sd,
                    "naive_holds": abs(plain - true) <= moves.Z80 * se,
                    "money": abs(ours.gmv_held - true * WORTH) <= moves.Z80 * ours.gmv_sd,
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def test_intervals_hold_where_what_was_known_explains_who_was_met(runs):
    assert 0.74 <= runs.holds.mean() <= 0.92
    assert 0.74 <= runs.money.mean() <= 0.95


def test_the_bare_comparison_fails_and_ours_is_nearer(runs):
    assert runs.naive_holds.mean() < 0.6  # of intervals that should hold in eight of ten
    assert (runs.ours - runs.true).abs().mean() < 0.6 * (runs.naive - runs.true).abs().mean()
    assert abs((runs.ours - runs.true).mean()) < 0.003
    assert (runs.naive - runs.true).mean() > 0.015


def test_a_day_with_two_contacts_is_shared_out():
    """Where one channel does nothing and always comes with the other, it is given nothing of the other's."""
    rng = np.random.default_rng(1)
    size = 60_000
    first = rng.random(size) < 0.2
    second = np.where(first, rng.random(size) < 0.7, rng.random(size) < 0.05)
    moved = (rng.random(size) < 0.05 + 0.1 * first).astype(int)
    points = pd.DataFrame(
        {"cell": "A", "met": first + 2 * second, "cohort": 0, "visits": 0, "orders": 0,
         "bucket": rng.integers(0, 20, size), "moved": moved, "gmv_minor": 0}
    )  # fmt: skip
    made = moves.compared(points, ["a", "b"], KNOWN, ["A"]).set_index("channel")
    assert made.extra.a == pytest.approx(0.1, abs=0.01)
    assert made.extra.b == pytest.approx(0.0, abs=0.01)
    assert made.moved.b - moved[~first & ~second].mean() > 0.05  # what last touch would give it


def test_shrinkage_keeps_what_is_sharp_and_draws_in_what_is_not():
    rows, columns = np.repeat([0, 1, 2], 4), np.tile([0, 1, 2, 3], 3)
    true = np.array([0.1, 0.2, 0.3])[rows] + np.array([0.0, 0.05, 0.1, 0.15])[columns]
    sharp, sd = moves.held_back(true, np.full(12, 1e-4), rows, columns)
    assert sharp == pytest.approx(true, abs=1e-3) and (sd < 1e-3).all()
    dull = np.full(12, 1e-4)
    dull[5] = 10.0
    off = true.copy()
    off[5] = 7.0
    drawn, sd = moves.held_back(off, dull, rows, columns)
    assert drawn[5] == pytest.approx(true[5], abs=0.06)  # rows and columns tell it, not its own 7
    unknown = true.copy()
    unknown[5] = np.nan
    told, wide = moves.held_back(unknown, np.where(np.isnan(unknown), np.nan, 1e-4), rows, columns)
    assert told[5] == pytest.approx(true[5], abs=0.06) and wide[5] > 10 * sd[0]
    nothing, _ = moves.held_back(np.full(3, np.nan), np.full(3, np.nan), np.arange(3), np.arange(3))
    assert np.isnan(nothing).all()


HAZARD = {("A", "a"): 0.08, ("A", "b"): 0.04}


def trial(rng, name, channel, true, size=3000, share=0.5, others=2):
    """A trial of one channel: three contacts of it a treated consumer, `others` of channel b whatever the arm."""
    treated = rng.random(size) < share
    mine = rng.poisson(3, size) * treated
    rest = rng.poisson(others, size)
    h = true * (mine * HAZARD["A", channel] + rest * HAZARD["A", "b"])
    moved = (rng.random(size) > 0.8 * np.exp(-h)).astype(int)
    people = pd.DataFrame(
        {"experiment_id": name, "consumer_id": np.arange(size), "cell": "A", "treated": treated, "moved": moved}
    )
    parts = [
        pd.DataFrame({"experiment_id": name, "consumer_id": np.arange(size), "channel": c, "cell": "A", "days": d})
        for c, d in ((channel, mine), ("b", rest))
    ]  # fmt: skip
    contacts = pd.concat(parts)
    return people, contacts[contacts.days > 0]


def test_trials_set_the_level():
    """Credit twice too high: the factor is found, and its interval holds over many worlds."""
    holds, means = [], []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        made = [trial(rng, f"t{i}", "a", 0.5, 1500) for i in range(3)]
        told = moves_level.factor(pd.concat([p for p, _ in made]), pd.concat([c for _, c in made]), HAZARD)
        means.append(told.mean)
        holds.append(abs(told.mean - 0.5) <= moves.Z80 * told.sd)
        assert told.trials == 3 and told.n == 4500 and set(told.own) == {"a"}
    assert np.mean(means) == pytest.approx(0.5, abs=0.08)
    assert np.mean(holds) >= 0.7


def test_a_channel_with_its_own_trial_has_its_own_factor():
    rng = np.random.default_rng(4)
    made = [trial(rng, "one", "a", 1.0, 20_000, others=0), trial(rng, "two", "b", 0.2, 20_000, others=0)]
    told = moves_level.factor(pd.concat([p for p, _ in made]), pd.concat([c for _, c in made]), HAZARD)
    assert told.of("a")[0] > 0.75 and told.of("a")[2]
    assert told.of("b")[0] < 0.45 and told.of("b")[2]
    mean, sd, carried = told.of("other")
    assert not carried and 0.3 < mean < 0.9 and sd > told.of("a")[1]


def test_lift_and_credit_are_never_mixed():
    points = world(np.random.default_rng(3))
    held = held_of(points)
    credit = moves.table(held, {("A", "a"): 7}, {"a": 10.0, "b": 20.0}, moves_level.UNTRIED).set_index(
        ["from_stage", "channel"]
    )
    assert set(credit.kind) == {"credit"}
    told = moves_level.Factor(0.5, 0.05, 0.1, 3, 9000, {"a": (0.4, 0.05)})
    lift = moves.table(held, {}, {}, told).set_index(["from_stage", "channel"])
    assert lift.kind["A", "a"] == lift.kind["A", "all"] == "lift" and lift.kind["A", "b"] == "credit"
    assert lift.extra["A", "a"] == pytest.approx(0.4 * credit.extra["A", "a"])
    assert lift.extra["A", "b"] == pytest.approx(0.5 * credit.extra["A", "b"])
    assert lift.gmv_extra_minor["P", "b"] == pytest.approx(0.5 * credit.gmv_extra_minor["P", "b"])
    assert 0.4 < lift.extra["A", "all"] / credit.extra["A", "all"] < 0.5  # each channel's factor by what it adds
    # the level is not known exactly: relative widths grow
    width = (credit.high - credit.low) / credit.extra.abs()
    assert ((lift.high - lift.low) / lift.extra.abs() > width).all()
    assert credit.contacted["A", "a"] == 7 and credit.contacted["A", "b"] == 0
    assert credit.cost_minor["A", "a"] == 10 and pd.isna(credit.cost_minor["A", "c"])
    assert pd.isna(credit.cost_minor["A", "all"])  # one channel's cost is not known, so the sum is not
    assert credit.per_moved_minor["A", "a"] == pytest.approx(10 / credit.extra["A", "a"])


def test_too_few_is_a_prior_and_nothing_is_nothing():
    points = world(np.random.default_rng(2))
    points = points[(points.cell != "P") | (points.met & 1 == 0)]  # channel a never met anybody at P
    made = moves.table(held_of(points), {}, {}, moves_level.UNTRIED).set_index(["from_stage", "channel"])
    row = made.loc[("P", "a")]
    assert row.kind == "prior" and row.n == 0 and pd.isna(row.moved) and pd.isna(row.usual)
    assert np.isfinite(row.extra) and row.low < row.extra < row.high
    assert row.high - row.low > made.loc[("P", "b")].high - made.loc[("P", "b")].low
    few = moves.table(held_of(points.head(20)), {}, {}, moves_level.UNTRIED)
    assert few.extra.isna().all() and (few.kind == "prior").all()
    assert (
        moves_level.factor(*[f.head(0) for f in trial(np.random.default_rng(0), "t", "a", 1.0)], HAZARD)
        == moves_level.UNTRIED
    )
