"""Places among peers: intervals that hold, exact places where nothing is drawn, what moves a power, and what is not told."""

import numpy as np
import pandas as pd
import pytest

from apex.measure.powers import COUNTS, SUMS, Counted
from apex.model import powers

KEYS = ["period", "brand", "bucket"]
NO_TRADE = pd.DataFrame(columns=["period", "brand", "category", "bucket", *COUNTS])


def counted(frame, trade=NO_TRADE, comparable=True):
    """A frame of KEYS and some of SUMS as `Counted`."""
    full = frame.groupby(KEYS, as_index=False).sum().reindex(columns=[*KEYS, *SUMS], fill_value=0.0)
    return Counted(full, trade, {p: p == "now" or comparable for p in dict.fromkeys(frame.period)})


def world(seed, brands=16, people=600):
    """Viewers who differ in how much they interact, and members who are active or not; true rates, and events drawn apart."""
    dice = np.random.default_rng(seed)
    names = [f"b{n:02}" for n in range(brands)]
    rate, share = np.exp(dice.normal(-2.2, 0.35, brands)), 1 / (1 + np.exp(-dice.normal(-0.5, 0.35, brands)))
    seen = 1 + dice.poisson(3, (brands, people))
    effective = dice.binomial(seen, 0.8)
    acts = dice.poisson(effective * rate[:, None] * dice.gamma(0.3, 1 / 0.3, (brands, people)))
    active = dice.random((brands, people)) < share[:, None]
    frame = pd.DataFrame({
        "period": "now", "brand": np.repeat(names, people), "bucket": np.tile(np.arange(people) % 100, brands),
        "met": 1.0, "viewers": (effective > 0).ravel() * 1.0, "seen": seen.ravel(), "effective": effective.ravel(),
        "interactions": acts.ravel(), "members": 1.0, "members_active": active.ravel() * 1.0,
    })  # fmt: skip
    return frame, names, {"interaction": rate, "active": share}


def true_place(values):
    return 100 * (values[1:] < values[0]).mean()


def test_intervals_hold_the_true_place_and_the_place_by_itself_does_not():
    held, exact = {"interaction": [], "active": []}, []
    for seed in range(1000, 1080):
        frame, names, truth = world(seed)
        told = powers.measures(powers.draw(counted(frame), names[0], names[1:], draws=200)).set_index("measure")
        for name, values in truth.items():
            row, true = told.loc[name], true_place(values)
            held[name].append(row.percentile_low - 1e-6 <= true <= row.percentile_high + 1e-6)
            exact.append(abs(row.percentile - true) < 1e-6)
    assert all(np.mean(h) >= 0.9 for h in held.values()), {k: np.mean(h) for k, h in held.items()}
    assert np.mean(exact) < 0.6


def test_draws_of_events_know_too_little_of_chance():
    """The rival: interactions put in buckets one by one, as if nobody did several."""
    frame, names, _ = world(7)
    dice, apart = np.random.default_rng(0), frame.copy()
    apart["interactions"] = 0.0
    alone = frame[["period", "brand"]].loc[frame.index.repeat(frame.interactions.astype(int))]
    alone = alone.assign(bucket=dice.integers(0, 100, len(alone)), interactions=1.0)
    wide, narrow = (
        powers.measures(powers.draw(counted(f.fillna(0.0)), names[0], names[1:]))
        .set_index("measure")
        .loc["interaction"]
        for f in (frame, pd.concat([apart, alone]))
    )
    assert wide.value == pytest.approx(narrow.value) and wide.percentile == narrow.percentile
    assert wide.high - wide.low > 1.4 * (narrow.high - narrow.low)


def simple(now, year=None):
    """Brands b0 … with so many members (and active) of a thousand people each, spread evenly."""
    rows = []
    for period, values in {"now": now, "year": year or {}}.items():
        for brand, (members, active) in values.items():
            rows += [(period, brand, k, members / 100, active / 100) for k in range(100)]
    return pd.DataFrame(rows, columns=[*KEYS, "members", "members_active"])


def test_places_by_hand_with_equals_by_half():
    now = {"us": (300, 100)} | {f"p{n}": (200 + 50 * n, 50) for n in range(5)}  # 200, 250, 300, 350, 400
    drawn = powers.draw(counted(simple(now)), "us", [f"p{n}" for n in range(5)], draws=20)
    told = powers.measures(drawn).set_index("measure")
    assert told.loc["members", "percentile"] == 50 and told.loc["active", "percentile"] == 100
    assert told.loc["members", ["value", "peer_low", "peer_middle", "peer_high", "best"]].tolist() == pytest.approx(
        [1, 250 / 300, 1, 350 / 300, 1]
    )
    assert told.loc["active", "value"] == pytest.approx(1 / 3) and list(told.index) == ["members", "active"]
    place = powers.powers(drawn).set_index("power")
    assert place.loc["member", ["percentile", "measures", "of"]].tolist() == [75, 2, 3]
    assert place.loc["all", ["percentile", "measures", "of"]].tolist() == [75, 2, 13]
    assert np.isnan(place.loc["goods", "percentile"]) and place.loc["goods", "measures"] == 0


def test_what_moved_a_power_and_a_peer_without_a_value_moves_nobody():
    peers = [f"p{n}" for n in range(6)]
    now = {"us": (300, 200)} | {p: (200 + 50 * n, 100) for n, p in enumerate(peers)}
    year = {"us": (300, 20)} | {p: (200 + 50 * n, 100) for n, p in enumerate(peers[:5])}
    drawn = powers.draw(counted(simple(now, year)), "us", peers, draws=20)
    trend = powers.trend(drawn).set_index("power")
    assert trend.loc["member", ["change", "mover", "moved"]].tolist() == [
        pytest.approx((100 - 100 / 6) / 2),
        "active",
        50,
    ]
    moves = powers.moves(drawn).set_index("measure")
    assert moves.loc["active", "moved"] == 100, "among five: the sixth had no members, and so no share, a year earlier"
    assert moves.loc["active", "change"] == pytest.approx(200 / 300 - 20 / 300) and moves.loc["members", "change"] == 0


def test_few_peers_few_people_and_hidden_figures_have_no_place():
    now = {"us": (300, 3)} | {f"p{n}": (200, 50) for n in range(5)}
    peers = list(now)[1:]
    open_, hidden = (
        powers.measures(powers.draw(counted(simple(now)), "us", peers, few=few, draws=5)).set_index("measure")
        for few in (1, 5)
    )
    assert (
        open_.loc["active", "percentile"] == 0
        and np.isnan(hidden.loc["active", ["value", "percentile"]].astype(float)).all()
    )
    assert hidden.loc["members", "percentile"] == 100
    lone = powers.measures(powers.draw(counted(simple(now)), "us", peers[:4], draws=5))
    assert lone.percentile.isna().all() and lone.peer_middle.isna().all() and lone.best.isna().all()
    small = {"us": (20, 10)} | dict.fromkeys(peers, (200, 50))
    told = powers.measures(powers.draw(counted(simple(small)), "us", peers, draws=5)).set_index("measure")
    assert np.isnan(told.loc["active", "value"]), "a share of fewer than thirty"


def test_growth_by_more_buyers_and_new_categories():
    """By hand: tea from 10 buyers and 1000 to 20 and 3000, coffee new with 500, rice gone with 200."""
    rows = []
    for brand in ("us", *(f"p{n}" for n in range(5))):
        for period, cells in {
            "now": {"tea": (2000, 3000), "new": (10, 500)},
            "now-": {"tea": (1000, 1000), "old": (5, 200)},
        }.items():
            rows += [
                (period, brand, c, k, b / 100, b / 100, v / 100) for c, (b, v) in cells.items() for k in range(100)
            ]
    trade = pd.DataFrame(rows, columns=NO_TRADE.columns)
    people = pd.DataFrame([("now", b, 0, 2000.0) for b in dict.fromkeys(trade.brand)], columns=[*KEYS, "buyers"])
    drawn = powers.draw(counted(people, trade), "us", [f"p{n}" for n in range(5)], draws=5)
    gained = 2000 / np.log(3) * np.log(2) + 500 - 200
    told = powers.measures(drawn).set_index("measure").loc["gain"]
    assert told.value == pytest.approx(gained / 1200) and told.percentile == 50


def test_stages_that_saw_less_are_not_compared():
    rows = [
        (p, b, k, 1.0 + n, 0.0) for p in ("now", "before") for n, b in enumerate(["us", *"vwxyz"]) for k in range(100)
    ]
    frame = pd.DataFrame(rows, columns=[*KEYS, "assets", "searchers"])
    frame["searchers"] = frame.assets
    drawn = powers.draw(counted(frame, comparable=False), "us", list("vwxyz"), draws=5)
    moves = powers.moves(drawn).set_index("measure")
    assert np.isnan(moves.loc["assets", "change"]) and moves.loc["assets", "moved"] == 0
    assert moves.loc["searchers", "change"] == 0
