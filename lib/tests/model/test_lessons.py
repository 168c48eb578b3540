"""Lessons put together against simulated campaigns, beside merges known to be wrong; surprises and tests by hand."""

import datetime as dt
import math

import numpy as np
import pandas as pd
import pytest

from apex.model import lessons

DAY = dt.date(2024, 11, 20)


def rows(*entries, what="conversion", scale="share", span="window", days=28):
    """Entries (age in days, value, low, high, n) of one thing, as `merged` takes them."""
    frame = pd.DataFrame(
        [(what, "P", v, low, high, n, "counted", scale, span, None) for _, v, low, high, n in entries],
        columns=lessons.ENTRY,
    )
    return frame.assign(day=[DAY - dt.timedelta(days=a) for a, *_ in entries], days=days)


def drawn(rng, n, own, walk, brands, years=4):
    """Yearly campaigns of brands and each one's next rate: logit of a walk (sd a year) and what is each campaign's own (sd)."""
    level = rng.normal(-2.0, 0.5, (brands, 1)) + np.cumsum(rng.normal(0, walk, (brands, years + 1)), axis=1)
    rate = 1 / (1 + np.exp(-(level + rng.normal(0, own, level.shape))))
    seen = rng.binomial(n, rate[:, :years]) / n
    told = rows(*((365 * (years - 1 - k), v, np.nan, np.nan, n) for one in seen for k, v in enumerate(one)))
    return told.assign(of=np.repeat([str(b) for b in range(brands)], years)), rate[:, -1]


def judged(n, own, walk, campaigns=400, seed=0):
    """Coverage of 80 % intervals of the next rate, and root mean square error on the logit, by way of merging."""
    rng = np.random.default_rng(seed)
    seen, truth = drawn(rng, n, own, walk, campaigns)
    made, told = lessons.merged(seen), [t for _, t in seen.groupby("of", sort=False)]
    said = {
        "merged": made[["value", "low", "high"]].to_numpy(),
        "pooled": np.array([lessons.pooled(t) for t in told]),
        "newest": np.array([lessons.newest(t) for t in told]),
    }

    def score(value, low, high):
        far = np.log(value / (1 - value)) - np.log(truth / (1 - truth))
        return ((low <= truth) & (truth <= high)).mean(), math.sqrt((far**2).mean())

    return {how: score(*found.T) for how, found in said.items()}


@pytest.mark.parametrize(("n", "own", "walk"), [(500, 0.25, 0.1), (2000, 0.25, 0.1), (150, 0.2, 0.2)])
def test_intervals_hold_for_the_next_campaign_and_the_rivals_do_not(n, own, walk):
    """400 brands of four campaigns each; pooling all people and taking the newest tell the next campaign too surely."""
    found = judged(n, own, walk)
    assert 0.74 <= found["merged"][0] <= 0.9
    for rival in ("pooled", "newest"):
        assert found[rival][0] < found["merged"][0] - 0.08
    assert found["merged"][1] < found["newest"][1], "the newest alone forgets the others"


def test_with_drift_the_discount_beats_pooling_and_without_it_they_are_alike():
    drifting, still = judged(500, 0.1, 0.35), judged(500, 0.25, 0.0)
    assert drifting["merged"][1] < 0.97 * drifting["pooled"][1]
    assert drifting["newest"][1] < drifting["merged"][1], (
        "where all is drift, the newest alone errs least, and is said to"
    )
    assert still["merged"][1] < 1.15 * still["pooled"][1], "the price of the discount"


def test_one_lesson_alone_is_widened_and_not_moved():
    made = lessons.merged(rows((0, 0.2, np.nan, np.nan, 10_000))).iloc[0]
    assert made.value == pytest.approx(0.2, abs=1e-3) and made.n == 10_000 and made.campaigns == 1
    half = lessons.Z80 * math.sqrt(2) * lessons.BETWEEN
    assert math.log(made.high / (1 - made.high)) - math.log(0.25) == pytest.approx(half, rel=0.02)


def test_an_older_lesson_counts_half_a_year_later():
    one, other = lessons.merged(rows((365, 0.1, np.nan, np.nan, 10**6), (0, 0.3, np.nan, np.nan, 10**6))), lessons.merged(
        rows((0, 0.1, np.nan, np.nan, 10**6), (0, 0.3, np.nan, np.nan, 10**6))
    )  # fmt: skip
    a, b = math.log(0.1 / 0.9), math.log(0.3 / 0.7)
    assert math.log(one.value[0] / (1 - one.value[0])) == pytest.approx((0.5 * a + b) / 1.5, abs=1e-3)
    assert math.log(other.value[0] / (1 - other.value[0])) == pytest.approx((a + b) / 2, abs=1e-3)
    assert one.n[0] == 1_500_000


def test_a_longer_window_is_brought_to_the_newest_ones_length():
    told = pd.concat([rows((10, 1 - 0.9**2, 0, 0, 10**6), days=56), rows((0, 0.1, 0, 0, 10**6))], ignore_index=True)
    assert lessons.merged(told).value[0] == pytest.approx(0.1, abs=1e-3)


def test_ratios_plain_numbers_and_what_rests_on_all_the_data():
    prices = lessons.merged(rows((0, 10, 9, 11.1, 50), (0, 40, 36, 44.4, 50), what="price", scale="log"))
    assert prices.value[0] == pytest.approx(20, rel=0.01) and prices.n[0] == 100
    below = lessons.merged(rows((0, -0.1, -0.6, 0.4, 50), what="bought", scale="plain"))
    assert below.low[0] < -0.6 < -0.1 == pytest.approx(below.value[0])
    newest = lessons.merged(rows((30, 5, 4, 6, 50), (0, 8, 7, 9, 70), what="response", scale="log", span="all"))
    assert newest.value[0] == pytest.approx(8) and newest.n[0] == 70
    totals = lessons.merged(rows((0, 8, np.nan, np.nan, 70), what="spend", scale="total"))
    assert totals.empty


def test_what_nobody_could_tell_stays_null_and_an_older_lesson_stands_in():
    nobody = rows((30, np.nan, np.nan, np.nan, 0), (0, np.nan, np.nan, np.nan, 0)).assign(why=["short", "few"])
    made = lessons.merged(nobody).iloc[0]
    assert math.isnan(made.value) and made.why == "few" and made.campaigns == 0
    older = lessons.merged(rows((30, 0.2, np.nan, np.nan, 100), (0, np.nan, np.nan, np.nan, 0)))
    assert older.value[0] == pytest.approx(0.2, abs=0.01) and older.campaigns[0] == 1


def test_discounted_counts():
    counts = pd.DataFrame({"cell": ["P"], "consumers": [100], "buyers": [40]})
    half = lessons.discounted(counts, DAY - dt.timedelta(days=365), DAY)
    assert half.consumers[0] == 50 and half.buyers[0] == 20
    assert lessons.discounted(counts, DAY, DAY).equals(counts.astype({"consumers": float, "buyers": float}))


def foretold(*entries):
    columns = ["what", "of", "foretold", "low", "high", "came", "n", "scale"]
    return pd.DataFrame(entries, columns=columns)


def test_surprises_by_hand():
    found = lessons.surprises(foretold(
        ("gmv_minor", "", 100.0, 80.0, 125.0, 125.0, 0, "log"),
        ("stock", "P", 100.0, 90.0, 110.0, 100.0, 0, "log"),
        ("conversion", "P", 0.5, np.nan, np.nan, 0.9, 10_000, "share"),
        ("stock", "A", 0.0, 0.0, 3.0, 2.0, 0, "log"),
        ("aac", "", np.nan, np.nan, np.nan, 5.0, 0, "log"),
    )).set_index(["what", "of"])  # fmt: skip
    assert found.surprise["gmv_minor", ""] == pytest.approx(lessons.Z80) and found.inside["gmv_minor", ""]
    assert found.surprise["stock", "P"] == 0 and found.stated["stock", "P"]
    far = math.log(0.9 / 0.1) / (math.sqrt(2) * lessons.BETWEEN)
    assert found.surprise["conversion", "P"] == pytest.approx(far, rel=0.01)
    assert not found.inside["conversion", "P"] and not found.stated["conversion", "P"]
    assert found.index[0] == ("conversion", "P") and len(found) == 3, (
        "what was not foretold, or was nought, surprises nobody"
    )


def test_surprises_of_a_calibrated_plan_are_standard():
    """2,000 forecasts with their own intervals: four in five inside, and a spread of one; a plan twice too sure is found out."""
    rng = np.random.default_rng(5)
    sd, at = rng.uniform(0.05, 0.4, 2000), rng.normal(8, 1, 2000)
    came = np.exp(at + sd * rng.standard_normal(2000))

    def of(sure):
        ends = (np.exp(at + s * lessons.Z80 * sd / sure) for s in (-1, 1))
        told = zip([str(n) for n in range(2000)], np.exp(at), *ends, came, strict=True)
        return lessons.surprises(foretold(*(("stock", *t, 0, "log") for t in told)))

    assert of(1).inside.mean() == pytest.approx(0.8, abs=0.025) and of(1).surprise.std() == pytest.approx(1, abs=0.05)
    assert of(2).inside.mean() < 0.55 and of(2).surprise.std() > 1.8


def entries(*given):
    return pd.DataFrame([(w, o, v, low, high, 100, "model", "log", "window", None) for w, o, v, low, high in given],
                         columns=lessons.ENTRY)  # fmt: skip


def test_what_to_test_is_where_money_hangs_on_what_is_not_known():
    known = entries(("response", "tv", 10, 9, 11), ("response", "web", 10, 2, 18), ("response", "sms", 10, 5, 15),
                    ("bought", "", np.nan, np.nan, np.nan), ("price", "tv", 3, 1, 5))  # fmt: skip
    money = {("response", "tv"): 1000.0, ("response", "web"): 500.0, ("response", "sms"): 0.0, ("bought", ""): 300.0}
    rates = {("response", "web"): (100_000, 0.05, 0.2), ("response", "tv"): (500, 0.05, np.nan)}
    found = lessons.to_test(known, money, rates, ["tv"], {"tv": (0.2, 0.6)})
    assert found.of.to_list() == ["web", "", "tv"], "money × width, and nothing that no money hangs on"
    assert found.at_stake_minor.to_list() == pytest.approx([400, 300, 100])
    assert found.why.to_list() == ["no_trial", "unknown", "credit"]
    assert 6_000 < found.units[0] < 9_000 and math.isnan(found.units[1]) and found.lift[2] == lessons.EXPECTED
    assert found.tells[0] < 0.12 < 0.5 < found.tells[2]


def test_worn_creatives_are_found_and_composition_is_no_wear():
    """Keen people meet a creative more often. With no wear the ratio's interval holds 1; bare rates by contact do not."""
    rng = np.random.default_rng(3)
    held, bare = [], []
    for fall in [1.0] * 120:
        keen = rng.beta(1, 8, 3000)
        again = rng.random(3000) < 0.1 + 0.9 * keen
        first, later = rng.random(3000) < keen, rng.random(3000) < keen * fall
        made = lessons.worn(_pairs(first[again], later[again])).iloc[0]
        held.append(made.low <= fall <= made.high)
        bare.append(later[again].mean() / first.mean())
    assert 0.7 <= np.mean(held) <= 0.9 and np.median(bare) > 1.2
    keen = rng.beta(1, 8, 20_000)
    worn = lessons.worn(_pairs(rng.random(20_000) < keen, rng.random(20_000) < 0.5 * keen)).iloc[0]
    assert worn.value == pytest.approx(0.5, abs=0.06) and worn.high < 0.6
    assert math.isnan(lessons.worn(_pairs(np.ones(20, bool), np.ones(20, bool))).value[0])


def _pairs(first, later):
    a, b = first.astype(float), later.astype(float)
    row = ("2-3", len(a), a.sum(), b.sum(), (a**2).sum(), (b**2).sum(), (a * b).sum())
    return pd.DataFrame(
        [row], columns=["contacts", "pairs", "first", "later", "squares_first", "squares_later", "both"]
    )


def test_prices_are_ratios_of_sums_with_an_interval_from_day_to_day():
    rng = np.random.default_rng(1)
    met = rng.integers(50, 500, 200 * 28)
    cost = met * 12.0 * np.exp(rng.normal(0, 0.2, len(met)) - 0.02)
    daily = pd.DataFrame({"day": 0, "channel": np.repeat(range(200), 28), "impressions": met, "cost_minor": cost})
    made = lessons.prices(daily)
    assert 0.7 <= ((made.low <= 12) & (made.high >= 12)).mean() <= 0.88
    free = lessons.prices(pd.DataFrame({"day": [1], "channel": ["sms"], "impressions": [5], "cost_minor": [0]})).iloc[0]
    assert math.isnan(free.value) and free.contacts == 5
