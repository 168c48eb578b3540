"""START's rates: by hand, covered where views of one consumer are alike, and ranked against pieces alike."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest
from statsmodels.stats.proportion import proportion_confint

from apex.errors import ApexError
from apex.measure import start as counted
from apex.model import start

LAST = dt.date(2024, 6, 30)


def cell(lives, **place):
    """One row as `measure.start.start` counts it, from a list of dicts, one a consumer."""
    full = [dict.fromkeys([*counted.PEOPLE, *counted.SUMS], 0) | life for life in lives]
    sums = {c: sum(life[c] for life in full) for c in [*counted.PEOPLE, *counted.SUMS]}
    products = {f"{a}·{b}": float(sum(life[a] * life[b] for life in full)) for a, b in counted.PRODUCTS}
    return {"scope": "own", "cut": "content", "cell": "n1"} | place | sums | products


def viewers(n, impressions, effective, **more):
    return [{"viewers": 1, "impressions": impressions, "effective": effective, **more}] * n


def test_rates_are_sums_over_sums_and_money_a_mean():
    lives = [
        *viewers(3, 4, 3, interactions=1, seeds=2, guided=1, closed=1, followed=1, sold=1, gmv_minor=500),
        *viewers(1, 4, 0),
    ]
    told = start.letters(pd.DataFrame([cell(lives), cell(viewers(8, 1, 1), scope="market", cut="all", cell="all")]))
    row = told.iloc[0]
    assert (row.effective_rate, row.interaction, row.referral, row.conversion) == (9 / 16, 3 / 9, 3 / 6, 1.0)
    assert row.money == 500 and row.scale == 4 / 8 and np.isnan(row.completion)
    assert not [c for c in told if "·" in c]


def test_with_one_view_a_consumer_the_interval_is_wilsons():
    told = start.letters(pd.DataFrame([cell([*viewers(12, 1, 1), *viewers(28, 1, 0)])])).iloc[0]
    low, high = proportion_confint(12, 40, method="wilson")
    assert told.effective_rate_low == pytest.approx(low) and told.effective_rate_high == pytest.approx(high)
    none = start.letters(pd.DataFrame([cell(viewers(40, 1, 0))])).iloc[0]
    assert (none.effective_rate, none.effective_rate_low) == (0, 0) and none.effective_rate_high == pytest.approx(
        proportion_confint(0, 40, method="wilson")[1]
    )


def test_coverage_where_views_of_a_consumer_are_alike_and_independent_views_fail():
    rng, naive, n, rows = np.random.default_rng(11), 0, 1000, []
    for _ in range(n):
        views = 1 + rng.poisson(3, 150)
        did = rng.binomial(views, rng.beta(0.6, 1.4, 150))
        rows.append({
            "impressions": views.sum(), "effective": did.sum(), "effective·effective": float((did**2).sum()),
            "effective·impressions": float((did * views).sum()), "impressions·impressions": float((views**2).sum()),
        })  # fmt: skip
        low, high = proportion_confint(did.sum(), views.sum(), method="wilson")
        naive += low <= 0.3 <= high
    told = start.letters(pd.DataFrame([cell([])] * n).assign(**pd.DataFrame(rows).to_dict("list")))
    good = int(((told.effective_rate_low <= 0.3) & (told.effective_rate_high >= 0.3)).sum())
    assert abs(good / n - 0.95) <= 0.015
    assert binomtest(naive, n, 0.95).pvalue < 0.01, "the known-wrong interval: every view for itself"


@pytest.fixture
def category():
    """Eight pieces of six brands with referral rates 1 % to 8 %, a young one and a small one."""
    rows, pieces = [], []
    for n in range(1, 11):
        size = 10 if n == 10 else 1000
        seen = {"effective_viewers": 1, "seeds": 1}
        came = {**seen, "visitors": 1, "guided": 1, "closed": 1, "followed": 1}
        lives = [
            *viewers(size - 10 * n if n < 10 else 10, 1, 1, **seen),
            *viewers(10 * n if n < 10 else 0, 1, 1, **came),
        ]
        rows += [cell(lives, scope=scope, cell=f"n{n}") for scope in (["own", "market"] if n % 6 == 1 else ["market"])]
        ago = 3 if n == 9 else 100
        pieces.append({"content_id": f"n{n}", "brand": "abcdef"[(n - 1) % 6], "format": "video", "channel": "x", "creator": "ann",
                       "item_id": None, "length_s": 9.0, "published": LAST - dt.timedelta(days=ago)})  # fmt: skip
    rows.append(cell(viewers(4000, 1, 1), scope="market", cut="all", cell="all"))
    rows.append(cell(viewers(900, 1, 1, effective_viewers=1, seeds=1), cut="format", cell="video"))
    return start.letters(pd.DataFrame(rows)), pd.DataFrame(pieces)


def test_others_are_ripe_large_and_not_the_piece_itself(category):
    against = start.others(*category, LAST, 28, 50, 20, ["n1"])
    assert sorted(against.values.index) == [f"n{n}" for n in range(2, 9)] and against.brands == 6
    assert (
        against.values.conversion.isna().sum() == 0
        and start.others(*category, LAST, 28, 50, 35).values.conversion.isna().sum() == 3
    )


def test_a_card_ranks_a_piece_among_the_others(category):
    told, pieces = category
    about = start.chosen(told, pieces, "a", "", LAST, 28)
    assert about["cell"] == "n1" and not about["young"], "of two as large the first by name"
    card = start.card(told, pieces, "a", about, LAST, 28, 50, 20).set_index("letter")
    assert card.verdict["referral"] == "behind" and card["rank"]["referral"] == 0 and card.pieces["referral"] == 7
    assert card.middle["referral"] == 0.05 and card.verdict["completion"] == "none"
    best = start.card(told, pieces, "a", start.chosen(told, pieces, "a", "n7", LAST, 28), LAST, 28, 50, 20).set_index(
        "letter"
    )
    assert best["rank"]["referral"] == pytest.approx(6 / 7) and best.verdict["referral"] == "ahead"
    assert best.rank_low["referral"] < 6 / 7 < best.rank_high["referral"]


def test_a_format_a_young_piece_and_what_is_not_there(category):
    told, pieces = category
    format_ = start.card(
        told, pieces, "a", start.chosen(told, pieces, "a", "video", LAST, 28), LAST, 28, 50, 20
    ).set_index("letter")
    assert np.isnan(format_["rank"]["scale"]) and format_.pieces["referral"] == 6, (
        "own pieces of the format are no others"
    )
    young = start.chosen(told, pieces, "c", "n9", LAST, 28)
    assert young["young"] and start.card(told, pieces, "c", young, LAST, 28, 50, 20)["rank"].isna().all()
    assert start.chosen(told, pieces, "z", "", LAST, 28) is None
    with pytest.raises(ApexError, match='no piece and no format "n66"'):
        start.chosen(told, pieces, "a", "n66", LAST, 28)


def test_wear_is_the_last_band_less_the_first():
    rows = pd.DataFrame({"cut": "age", "cell": ["14", "0", "3"], "seeds": [200, 100, 90], "guided": [10, 20, 9]})
    found = start.wear(rows, "age")
    assert found["value"] == pytest.approx(0.05 - 0.2) and found["high"] < 0
    assert start.wear(rows.assign(guided=pd.array([None, 20, None], "Int64")), "age") is None
    assert start.wear(rows, "repeat") is None


def test_every_cut_of_a_layer_is_kept_for_itself(category):
    told, calls = category[0], []

    def keep(name, frame, keys, people, also):
        calls.append((name, list(keys), list(people), len(frame)))
        return frame.assign(suppressed=False)

    reach, visits, sales, fresh = start.kept(keep, told)
    assert ("reach_content", ["cut", "cell"], ["viewers", "effective_viewers"], 2) in calls
    assert not [name for name, *_ in calls if name.startswith(("sales_content", "fresh_content"))]
    assert (
        set(reach.cut) == {"format", "content"}
        and "referral_low" in visits
        and "conversion" in sales
        and len(fresh) == 1
    )
    nothing = start.kept(keep, told.iloc[:0])
    assert all(frame.empty and "suppressed" in frame for frame in nothing)
