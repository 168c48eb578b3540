"""The forecast of hits: the fit, that it never looks ahead, precision by hand, and intervals that hold what they say."""

import numpy as np
import pandas as pd
import pytest

from apex.model import hits


def drawn(seed, n=600, beta=(1.2, -0.8)):
    chance = np.random.default_rng(seed)
    signals = chance.normal(size=(n, 2)) * [1.0, 3.0] + [2.0, 0.0]
    odds = -1.5 + (signals - [2.0, 0.0]) / [1.0, 3.0] @ np.array(beta)
    return signals, chance.random(n) < 1 / (1 + np.exp(-odds))


def test_without_penalty_it_is_the_logistic_regression_of_statsmodels():
    import statsmodels.api as sm

    signals, hit = drawn(1)
    found = hits.fit(signals, hit, ridge=1e-9)
    known = sm.Logit(hit.astype(float), sm.add_constant((signals - found.middle) / found.spread)).fit(disp=0)
    assert found.coefficients == pytest.approx(known.params, abs=1e-5)
    assert found.covariance == pytest.approx(known.cov_params(), rel=1e-3)


def test_the_penalised_fit_is_where_the_slope_is_nought_and_a_start_changes_nothing():
    signals, hit = drawn(2)
    found = hits.fit(signals, hit)
    design = np.column_stack([np.ones(len(hit)), (signals - found.middle) / found.spread])
    slope = design.T @ (hit - 1 / (1 + np.exp(-design @ found.coefficients)))
    slope[1:] -= hits.RIDGE * found.coefficients[1:]
    assert np.abs(slope).max() < 1e-3
    again = hits.fit(signals, hit, start=hits.fit(signals[:300], hit[:300]))
    assert again.coefficients == pytest.approx(found.coefficients, abs=1e-5)


def test_rare_hits_that_one_signal_tells_apart_do_not_make_it_run_away():
    """Whole steps of Newton's do (they gave chances of nought to everything on the simulated market)."""
    chance = np.random.default_rng(3)
    hit = np.arange(5000) < 25
    signals = np.column_stack([hit * 6.0 + chance.normal(size=5000), hit.astype(float), chance.normal(size=5000)])
    found = hits.fit(signals, hit)
    told = found.chances(signals)
    assert np.isfinite(found.coefficients).all() and told[hit, 0].min() > 0.5 and told[~hit, 0].max() < 0.5
    assert (told[:, 1] <= told[:, 0]).all() and (told[:, 0] <= told[:, 2]).all()


def test_chances_are_what_they_say():
    """Of those given a chance, so many are hits; the interval holds the truth in about 95 of 100 worlds."""
    within, given = [], []
    for seed in range(120):
        signals, hit = drawn(seed, 800)
        told = hits.fit(signals, hit).chances(np.array([[3.0, 0.0]]))[0]
        truth = 1 / (1 + np.exp(1.5 - 1.2))
        within.append(told[1] <= truth <= told[2])
        given.append(told[0])
    assert 0.89 <= np.mean(within) <= 0.995
    assert np.mean(given) == pytest.approx(truth, abs=0.03)


def world(seed=4, days=12, each=60):
    """Items of several days: a signal that says something, best sellers that say less, and outcomes a day later."""
    chance = np.random.default_rng(seed)
    made = np.repeat(np.arange(days), each)
    signal, sales = chance.normal(size=(2, days * each))
    hit = chance.random(days * each) < 1 / (1 + np.exp(2.5 - 1.5 * signal - 0.4 * sales))
    frame = pd.DataFrame({"made": made, "signal": signal, "sales": sales, "hit": pd.array(hit, "boolean")})
    frame.loc[frame.made == days - 1, "hit"] = pd.NA
    return frame


def test_a_forecast_knows_only_what_was_told_by_then():
    """Later outcomes turned over change no earlier score; a fit to all of them, the known-wrong method, changes."""
    frame = world()
    signals = frame[["signal", "sales"]]
    other = frame.assign(hit=frame.hit.where(frame.made < 6, ~frame.hit))
    scores = [hits.foretell(signals, f.hit, f.made, f.made + 1, 1) for f in (frame, other)]
    early = scores[0].index[scores[0].origin <= 6]
    assert len(early) > 100 and (scores[0].score[early] == scores[1].score[early]).all()
    assert (scores[0].score[scores[0].origin > 7] != scores[1].score[scores[1].origin > 7]).any()
    known = frame.hit.notna().to_numpy()
    whole = [hits.fit(signals[known].to_numpy(), f.hit[known].to_numpy(bool)).scores(signals.loc[early].to_numpy())
             for f in (frame, other)]  # fmt: skip
    assert (whole[0] != whole[1]).any()
    assert set(scores[0].index) <= set(frame.index[known]) and scores[0].origin.min() > 0


def test_forecasts_of_one_step_share_a_fit_to_what_was_told_by_its_beginning():
    frame = world()
    signals = frame[["signal", "sales"]]
    found = hits.foretell(signals, frame.hit, frame.made, frame.made + 1, 3)
    part = found[found.origin == 6]
    learn = frame[(frame.made + 1 <= 6) & frame.hit.notna()]
    by_hand = hits.fit(learn[["signal", "sales"]].to_numpy(), learn.hit.to_numpy(bool)).scores(
        signals.loc[part.index].to_numpy()
    )
    assert part.score.to_numpy() == pytest.approx(by_hand, abs=1e-4) and set(frame.made[part.index]) == {6, 7, 8}
    assert hits.foretell(signals[:5], frame.hit[:5], frame.made[:5], frame.made[:5] + 1, 1).empty


def test_precision_is_counted_as_by_hand():
    frame = world().dropna()
    hit = frame.hit.astype(bool)
    found = hits.precision(hit, frame.made, {"model": frame.signal, "sales": frame.sales}, 10).set_index("ranking")
    gains = []
    for name in ("model", "sales"):
        column = {"model": "signal", "sales": "sales"}[name]
        share = [part.sort_values(column).hit[-10:].mean() for _, part in frame.groupby("made")]
        gains.append(np.array(share, float))
        assert found.precision[name] == pytest.approx(np.mean(gains[-1])) and found.picks[name] == 110
    half = 2.2281389 * (gains[0] - gains[1]).std(ddof=1) / np.sqrt(11)
    assert found.gain["sales"] == pytest.approx((gains[0] - gains[1]).mean())
    assert found.gain_low["sales"] == pytest.approx(found.gain["sales"] - half)
    assert found.base["sales"] == pytest.approx(hit.mean()) and found.gain["model"] == 0
    assert found.ceiling["model"] == pytest.approx(
        np.mean([min(p.hit.sum(), 10) / 10 for _, p in frame.groupby("made")])
    )


def test_equal_ranks_at_the_edge_count_by_their_mean():
    hit = pd.Series([True] + [True, False, False, False] + [False] * 35)
    rank = pd.Series([9.0] + [5.0] * 4 + [1.0] * 35)
    found = hits.precision(hit, pd.Series(0, hit.index), {"a": rank}, 3)
    assert found.hits[0] == pytest.approx(1 + 2 * 0.25) and found.origins[0] == 1
    assert hits.precision(hit[:0], hit[:0], {"a": rank[:0]}, 3).empty
    few = hits.precision(hit[:2], pd.Series([0, 1]), {"a": rank[:2]}, 3)
    assert few.picks[0] == 2 and few.precision[0] == 1.0


def test_one_top_has_the_exact_interval_of_a_share():
    from statsmodels.stats.proportion import proportion_confint

    for k in (0, 3, 10):
        known = proportion_confint(k, 10, method="beta")
        assert hits._exact(k, 10) == pytest.approx(tuple(0.0 if np.isnan(x) else float(x) for x in known))


def test_days_with_few_candidates_share_one_top():
    frame = world(each=8).dropna()
    found = hits.precision(frame.hit.astype(bool), frame.made, {"model": frame.signal, "sales": frame.sales}, 10)
    assert (found.picks == 10).all() and (found.origins == 1).all() and (found.candidates == len(frame)).all()
    first = frame.sort_values("signal").hit[-10:].sum()
    assert found.hits[0] == first and found.gain_low[1] <= found.gain[1] <= found.gain_high[1]


def test_the_interval_of_the_gain_holds_the_truth():
    """Over worlds without and with an advantage; the interval of independent rankings would be another width."""
    from apex.model.hits import precision

    held, wrong = [], []
    for seed in range(150):
        chance = np.random.default_rng(seed)
        made = np.repeat(np.arange(10), 80)
        quality = chance.normal(size=800)
        hit = pd.Series(chance.random(800) < 1 / (1 + np.exp(2 - quality)))
        rankings = {
            "a": pd.Series(quality + chance.normal(size=800)),
            "b": pd.Series(quality + chance.normal(size=800)),
        }
        found = precision(hit, pd.Series(made), rankings, 10)
        held.append(found.gain_low[1] <= 0 <= found.gain_high[1])
        picks = found.precision.to_numpy()  # as if hundred independent picks of each had one day's luck in common
        error = np.sqrt((picks * (1 - picks) / 10).sum())
        wrong.append(abs(found.gain[1]) <= 1.96 * error)
    assert 0.90 <= np.mean(held) <= 0.985
    assert np.mean(wrong) > 0.995, "an interval for one day's picks is far too wide"


def test_signals_that_the_data_never_saw_are_left_out():
    frame = pd.DataFrame({
        "sales": [1, 2, 3], "views": 0, "carts": 0, "favourites": 0, "samples": 0, "buyers": [1, 1, 2], "new_buyers": [1, 0, 1],
        "brand_before": [5, 0, 9], "standard": [4.0, np.inf, 6.0],
    })  # fmt: skip
    made = hits.early_signals(frame)
    assert list(made) == ["sales", "buyers", "new", "brand", "standard"] and np.isfinite(made).all(axis=None)
    assert made.standard[1] == made.standard[2] == np.log(6)
