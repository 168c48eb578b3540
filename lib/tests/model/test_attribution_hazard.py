"""The hazard of converting: by hand, and on lives drawn from a known hazard."""

import numpy as np
import pandas as pd
import pytest

from apex.measure.paths import Risk
from apex.model import attribution_hazard as hazard
from apex.model.attribution import read


def day(converted, touched, people):
    """A risk set of one day and one look-back day."""
    return Risk(
        pd.DataFrame(converted, columns=["path", "conversions", "value"]).assign(
            kind="orders", group="x", day=0, bucket=0, ages=lambda t: np.where(t.path == "", "", "0")
        ),
        pd.DataFrame(touched, columns=["channel", "touches"]).assign(group="x", day=0, bucket=0),
        pd.DataFrame({"group": ["x"], "bucket": [0], "consumers": [people]}),
        1, 1,
    )  # fmt: skip


def test_by_hand():
    """4 of 80 untouched buy and 8 of 20 touched: the level is 0.05, so that of the 8 one would have come anyway."""
    found = hazard.fit(hazard.of_days(day([("", 4, 40), ("a", 8, 800)], [("a", 20)], 100), "orders"), steps=5_000)
    assert found.effect[0, 0] == pytest.approx(7, rel=1e-3)
    assert (found.credit[0], found.level) == (pytest.approx(7, rel=1e-3), pytest.approx(5, rel=1e-3))
    assert (found.value[0], found.level_value) == (pytest.approx(700, rel=1e-3), pytest.approx(140, rel=1e-3))


def test_a_channel_that_does_nothing_gets_next_to_nothing():
    """Those it met buy as often as the others; a rule would give it every conversion that it touched."""
    found = hazard.fit(hazard.of_days(day([("", 200, 0), ("a", 50, 0)], [("a", 200)], 1_000), "orders"), steps=5_000)
    assert found.credit[0] < 2.5 and found.credit.sum() + found.level == pytest.approx(250)


def lives(dice, people=4_000, days=30, lookback=8):
    """Touches of channels `works` (fading over three days) and `idle`, both sent to the eager, and what they bring."""
    eager = dice.random(people) < 0.3
    kick = {"works": np.array([3.0, 1.5, 1.5, 0, 0, 0, 0, 0]), "idle": np.zeros(lookback)}
    sent = {c: dice.random((people, days + lookback)) < np.where(eager, 0.08, 0.02)[:, None] for c in kick}
    base = np.where(eager, 0.02, 0.002)
    rows, caused = [], 0.0
    for d in range(days):
        at = d + lookback
        due = np.array([sum(kick[c][a] * sent[c][:, at - a] for a in range(lookback)) for c in kick])
        bought = np.flatnonzero(dice.random(people) < base * (1 + due.sum(0)))
        caused += (due[0] / (1 + due.sum(0)))[bought].sum()
        for who in bought:
            ages = [(a, c) for a in range(lookback - 1, -1, -1) for c in kick if sent[c][who, at - a]]
            rows.append(("orders", "eager" if eager[who] else "calm", d, " > ".join(c for _, c in ages),
                         " ".join(str(a) for a, _ in ages), who % 20, 1, 100))  # fmt: skip
    touched = [("eager" if g else "calm", d - lookback, c, 0, int(sent[c][eager == g, d].sum()))
               for c in kick for d in range(1, days + lookback) for g in (True, False)]  # fmt: skip
    risk = Risk(
        pd.DataFrame(rows, columns=["kind", "group", "day", "path", "ages", "bucket", "conversions", "value"]),
        pd.DataFrame(touched, columns=["group", "day", "channel", "bucket", "touches"]),
        pd.DataFrame({"group": ["eager", "calm"], "bucket": 0, "consumers": [eager.sum(), (~eager).sum()]}),
        days, lookback,
    )  # fmt: skip
    return risk, caused


@pytest.mark.parametrize("seed", [11, 12])
def test_it_finds_what_a_known_hazard_brought(seed):
    """Last touch shares the touched orders out evenly; the hazard finds the channel that works, and how much it brought."""
    risk, caused = lives(np.random.default_rng(seed))
    found = hazard.fit(hazard.of_days(risk, "orders"))
    by = dict(zip(found.channels, found.credit, strict=True))
    orders = risk.converted.conversions.sum()
    assert found.credit.sum() + found.level == pytest.approx(orders)
    assert by["works"] == pytest.approx(caused, rel=0.3) and by["idle"] < 0.35 * by["works"]
    last = risk.converted.path[risk.converted.path != ""].str.split(" > ").str[-1].value_counts()
    assert last["idle"] > 0.4 * last["works"]  # the known-wrong rule
    told = hazard.effects(found).set_index(["channel", "from_day"]).effect
    assert told["works", 0] > told["works", 4]  # it fades


def test_paths_without_times_are_steps():
    """A file knows nobody without a touch: all of the hazard is the touches', 0.5 of `a` and 0.1 of `b`."""
    rows = [("a", 50, 50, 500), ("b", 10, 90, 100)]
    one = hazard.fit(hazard.of_places(read(pd.DataFrame(rows, columns=["path", "conversions", "nulls", "value"]))))
    assert one.effect[:, 0] == pytest.approx([0.5, 0.1], rel=0.1) and one.credit == pytest.approx([50, 10])
    rows += [("a > b", 10, 90, 200), ("b > a", 50, 50, 400)]
    both = hazard.fit(hazard.of_places(read(pd.DataFrame(rows, columns=["path", "conversions", "nulls", "value"]))))
    assert both.credit.sum() == pytest.approx(120) and both.value.sum() == pytest.approx(1200) and both.level == 0
    assert both.credit[0] > 2 * both.credit[1]


def test_buckets_count_as_often_as_they_are_drawn():
    risk, _ = lives(np.random.default_rng(13), people=400)
    twice = hazard.of_days(risk, "orders", np.full(20, 2.0))
    once = hazard.of_days(risk, "orders")
    assert twice.n.sum() == 2 * once.n.sum() and twice.touched.sum() == 2 * once.touched.sum()
