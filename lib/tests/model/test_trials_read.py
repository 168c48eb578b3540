"""Trials: the exact race of rates, the boundary of means, sample sizes, bets, verdicts."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import ndtri
from scipy.stats import binom, norm

from apex.model import peeking, race, sample_ratio, sample_size, thompson, trial_money, trials
from truth.trial_worlds import MONEY, SHAPES, Shape, draw, fixed_test, told

CLICKS, FOUR, FEW, BUYERS, HELD, MONEYED = SHAPES[:6]


def counted_of(shape=CLICKS, seed=0, lift=0.0):
    return draw(shape, np.random.default_rng(seed), lift)


def test_the_race_against_the_mixture_taken_directly():
    """e = mean over larger λ of the likelihood, over that of λ: by plain sums at one λ."""
    first, second, share = np.array([4.0, 9.0]), np.array([2.0, 3.0]), np.array([0.5, 0.25])
    _, low, high = race.bounds(first, second, share, 0.1)
    at = np.exp(race.GRID)

    def likelihood(until):
        p = share[:until, None] * at / (1 - share[:until, None] + share[:until, None] * at)
        return np.prod(p ** first[:until, None] * (1 - p) ** second[:until, None], axis=0)

    weight = norm.pdf(race.GRID, scale=race.SPREAD)
    for day in (0, 1):
        seen = likelihood(day + 1)
        above = np.array([(weight[k:] * seen[k:]).sum() / weight[k:].sum() / seen[k] for k in range(len(at))])
        below = np.array(
            [(weight[: k + 1] * seen[: k + 1]).sum() / weight[: k + 1].sum() / seen[k] for k in range(len(at))]
        )
        kept = at[above < 20]
        assert low[day] == pytest.approx(kept[0] * np.exp(-race.STEP))
        assert high[day] == pytest.approx(at[below < 20][-1] * np.exp(race.STEP))


def test_one_sided_error_of_the_race_by_enumeration():
    """Ten coins of one half, looked at after each: the lower bound exceeds one in at most α/2 of all sequences."""
    alpha, wrong = 0.2, 0
    for number in range(2**10):
        x = np.array([number >> k & 1 for k in range(10)], float)
        _, low, _ = race.bounds(x, 1 - x, np.full(10, 0.5), alpha)
        wrong += bool((low > 1).any())
    assert 0 < wrong / 2**10 <= alpha / 2


def test_the_race_is_symmetric_and_open_before_anything_happened():
    x, y, r = np.array([0.0, 5, 9]), np.array([0.0, 2, 1]), np.array([0.3, 0.3, 0.6])
    ratio, low, high = race.bounds(x, y, r, 0.05)
    back, back_low, back_high = race.bounds(y, x, 1 - r, 0.05)
    assert np.isnan(ratio[0]) and low[0] == 0 and np.isinf(high[0])
    assert ratio[1:] == pytest.approx(1 / back[1:]) and low[1:] == pytest.approx(1 / back_high[1:])
    assert (low[1:] < ratio[1:]).all() and (ratio[1:] < high[1:]).all() and back_low[0] == 0
    assert not len(race.bounds(*(np.zeros(0),) * 3, 0.05)[0])


def test_the_boundary_is_narrowest_where_it_is_tuned_and_wider_than_one_look():
    at = peeking.reach(np.array([0.25, 0.9, 1.0, 1.1, 4.0]), 0.05) / np.sqrt([0.25, 0.9, 1.0, 1.1, 4.0])
    # the interval of a sum in units of its planned information: z √V / V is least slope-free at the tuned point
    z = peeking.reach(np.linspace(0.2, 5, 200), 0.05)
    assert np.linspace(0.2, 5, 200)[z.argmin()] == pytest.approx(1.0, abs=0.05)
    assert z.min() > ndtri(0.975) and np.isinf(peeking.reach(0.0, 0.05)) and (np.diff(at) < 0).all()


def test_a_random_walk_leaves_the_boundary_in_at_most_five_percent():
    rng = np.random.default_rng(3)
    z = np.cumsum(rng.normal(size=(4000, 200)), axis=1) / np.sqrt(np.arange(1, 201))
    out = (np.abs(z) > peeking.reach(np.arange(1, 201) / 200, 0.05)).any(axis=1).sum()
    assert 0.005 * 4000 < out <= binom.ppf(0.99, 4000, 0.05)
    assert (np.abs(z) > 1.96).any(axis=1).mean() > 0.3


def test_sizes_are_those_of_statsmodels_and_longer_is_the_price_of_peeking():
    from statsmodels.stats.power import NormalIndPower
    from statsmodels.stats.proportion import proportion_effectsize

    found = sample_size.table(0.03, [0.2, 0.5], ratio=4.0)
    each = NormalIndPower().solve_power(abs(proportion_effectsize(0.036, 0.03)), alpha=0.05, power=0.8, ratio=4.0)
    assert found.once.iloc[0] == pytest.approx(np.squeeze(each), rel=1e-3)
    assert (found.daily / found.once).iloc[0] == pytest.approx(peeking.longer(0.05, 0.8), rel=1e-3)
    assert 1.8 < peeking.longer(0.05, 0.8) < 2.0
    least = sample_size.tellable(float(found.daily.iloc[1]), 0.03, ratio=4.0)
    assert least == pytest.approx(0.5, rel=0.01)
    assert sample_size.tellable(1.0, 0.5) is None
    assert sample_size.table(0.0, [0.2]).once.isna().all() and sample_size.table(0.9, [0.2]).daily.isna().all()


def test_uneven_arms_are_noticed():
    assert sample_ratio.p_value([500, 500], [0.5, 0.5]) == 1.0
    assert sample_ratio.p_value([600, 400], [0.5, 0.5]) < sample_ratio.STRICT
    assert sample_ratio.p_value([900, 100], [9, 1]) == 1.0
    assert np.isnan(sample_ratio.p_value([5], [1.0])) and np.isnan(sample_ratio.p_value([0, 0], [0.5, 0.5]))


def test_bets():
    rates = thompson.draws([1000, 1000], [50, 20], seed=1)
    chance, loss = thompson.best(rates), thompson.loss(rates)
    assert chance[0] > 0.99 and chance.sum() == 1 and loss[0] < 1e-4 and loss[1] == pytest.approx(0.03, abs=0.005)
    assert thompson.shares(chance) == pytest.approx([0.95, 0.05], abs=0.01)
    assert thompson.shares(np.full(50, 0.02)) == pytest.approx(np.full(50, 0.02))
    assert thompson.best(thompson.draws([0, 0], [0, 0])) == pytest.approx([0.5, 0.5], abs=0.05)


def test_an_arm_must_beat_all_others():
    days = 20
    units = np.full((days, 3), 200)
    two_alike = told(
        Shape("t", "impression", "clicks", (1 / 3,) * 3, 0, 0, days), units, np.tile([12, 12, 3], (days, 1))
    )
    assert trials.won(two_alike) == (None, None)
    one = told(Shape("t", "impression", "clicks", (1 / 3,) * 3, 0, 0, days), units, np.tile([18, 8, 3], (days, 1)))
    winner, day = trials.won(one)
    assert winner == "a0" and day < one.last_day
    read = trials.read(one, 0.2, 0.02)
    assert read.verdict == trials.WINNER and read.leader.arm == "a0" and read.leader.against == "a1"
    assert read.leader.low > 1 and list(read.arms.against) == ["a1", "a0", "a0"]
    assert len(read.path) == days and read.arms.next_share.sum() == pytest.approx(1)


def test_verdicts():
    found = counted_of(CLICKS, lift=1.0)
    assert trials.read(found, 0.2, 0.02).verdict == trials.WINNER
    uneven = replace(found, arms=found.arms.assign(units=[6000, 2000]))
    broken = trials.read(uneven, 0.2, 0.02)
    assert broken.verdict == trials.BROKEN and broken.winner is None
    none = counted_of(CLICKS, seed=5)
    assert trials.read(none, 0.2, 0.02).verdict == trials.FEW
    running = replace(none, last_day=none.last_day.replace(year=2025))
    assert trials.read(running, 0.2, 0.02).verdict == trials.CONTINUE
    many = told(Shape("t", "impression", "clicks", (0.5, 0.5), 0, 0, 5), np.full((5, 2), 10**6), np.full((5, 2), 10**5))
    assert trials.read(many, 0.2, 0.02).verdict == trials.ALIKE


def test_money_is_adjusted_for_the_year_before_and_needs_buyers():
    counted = counted_of(MONEYED, seed=2, lift=1.0)
    table = trial_money.table(counted, 0.05).set_index("arm")
    plain = counted.grid("gmv_minor").iloc[-1] / counted.arms.set_index("arm").units
    assert table.against["a0"] == "a1" and table.low["a0"] < table.extra_minor["a0"] < table.high["a0"]
    assert table.extra_minor["a0"] == pytest.approx(plain["a0"] - plain["a1"], abs=0.6 * abs(plain["a0"] - plain["a1"]))
    few = replace(counted, days=counted.days.assign(did=0))
    assert trial_money.table(few, 0.05).extra_minor.isna().all()
    assert trials.won(replace(counted, metric=MONEY))[0] in ("a0", None)
    assert trial_money.table(counted_of(CLICKS), 0.05).empty


def test_sums_of_money_are_what_consumers_bought():
    """The adjusted mean without a year before is the plain mean, and its variance numpy's."""
    shape = replace(MONEYED, units=400)
    counted = counted_of(shape, seed=4)
    bare = replace(counted, arms=counted.arms.assign(old=0.0, old_square=0.0), days=counted.days.assign(cross=0.0))
    mean, variance, n = trial_money._means(bare)
    assert mean[-1] == pytest.approx((counted.grid("gmv_minor").iloc[-1] / counted.arms.units.to_numpy()).to_numpy())
    square = counted.grid("square").iloc[-1].to_numpy() / n[-1] - mean[-1] ** 2
    assert variance[-1] == pytest.approx(square * n[-1] / (n[-1] - 2))


@pytest.mark.parametrize("shape", [CLICKS, HELD], ids=lambda s: s.name)
def test_no_effect_and_a_look_every_day(shape):
    """A small share of `truth trials`: 40 trials of two shapes; a one-look test asked every day fails it."""
    drawn = [counted_of(shape, seed=9000 + k) for k in range(40)]
    false = sum(trials.won(c)[0] is not None for c in drawn)
    peeked = sum(bool(fixed_test(c).any()) for c in drawn)
    most = binom.ppf(0.99, 40, 0.05)
    assert false <= most < peeked


def test_one_more_arm_costs_more():
    assert peeking.comparisons(2) == 1 and peeking.comparisons(4) == 2
    assert peeking.longer(0.05, 0.8, 2) < peeking.longer(0.05, 0.8)  # beside a test that corrects as well
    assert sample_size.table(0.03, [0.2], arms=4).daily.iloc[0] > sample_size.table(0.03, [0.2]).daily.iloc[0]
