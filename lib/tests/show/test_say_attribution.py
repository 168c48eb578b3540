"""What the page of attribution says, in both languages; credit, lift and model keep their badges."""

import numpy as np
import pandas as pd
import pytest

from apex.model import attribution_lift, attribution_methods
from apex.report.finding import Finding
from apex.show.say import attribution as say
from apex.show.say import attribution_tables as tables
from apex.show.words import Words

STAGES = [("A", "Aware"), ("P", "Purchased")]


@pytest.fixture(params=["en", "zh"])
def words(request):
    return Words(request.param, "CNY", 20)


def valid(fields):
    return Finding(notebook="4_wrapup/attribution", name="x", **fields)


SHARE = pd.DataFrame({"last": [0.7, 0.3], "hazard": [0.4, 0.6]}, index=pd.Index(["feed", "live"], name="channel"))
MOVED, GAP = attribution_methods.apart(SHARE), attribution_methods.ranges(SHARE)


def worth(low=20.0, **more):
    columns = {
        "channel": ["feed", "live"],
        "conversions": [10.0, 40.0],
        "low": [0.0, low],
        "high": [30.0, 60.0],
        "share": [0.2, 0.8],
        "met": [100, 200],
        "last_touch": [70.0, 30.0],
        "ratio": [0.3, 1.2],
        "trial": [False, True],
        "cost_minor": [9e4, 1e4],
        "back": [0.1, 4.0],
        "back_low": [0.0, low / 10],
        "back_high": [0.3, 6.0],
        "suppressed": [False, False],
    }
    return pd.DataFrame(columns | more)


def test_what_surely_paid_comes_first(words):
    told = valid(say.money(worth(), GAP, MOVED, 4, None, 0.55, words))
    assert told.kind == "model" and (told.value, told.low, told.high) == (40, 20, 60)
    assert told.text.index("2") and "30%" in told.short and told.compared.value == 30
    if words.language == "en":
        assert "surely paid: **live stream" in told.text or "surely paid: **live" in told.text
        assert "surely not: feed" in told.text or "surely not: " in told.text
        assert told.next_step.startswith("Hold some people out of")  # feed: no trial


def test_where_nothing_is_sure_nothing_is_said_to_be(words):
    told = valid(say.money(worth(low=0.0), GAP, MOVED, 4, None, 0.55, words))
    assert told.short != valid(say.money(worth(), GAP, MOVED, 4, None, 0.55, words)).short
    assert valid(say.money(worth(low=0.0), GAP, MOVED, 4, None, None, words)).kind == "model"


def test_without_trials_it_is_credit_and_says_so(words):
    told = valid(say.money(worth(trial=False), GAP, MOVED, 0, 0.99, None, words))
    assert told.kind == "credit" and told.unit == "share" and told.value == 0.8
    assert len(told.text) > len(valid(say.money(worth(trial=False), GAP, MOVED, 0, 0.1, None, words)).text)


def test_without_trials_the_excess_is_a_model_and_has_an_interval(words):
    told = valid(say.money(worth(trial=False), GAP, MOVED, 0, 0.1, None, words, excess=True))
    assert told.kind == "model" and (told.value, told.low, told.high) == (40, 20, 60) and told.next_step
    rest = valid(say.baseline(100, 80, 60, 30, None, words))
    assert rest.value == pytest.approx(0.7) and "30" in rest.text
    assert valid(say.baseline(100, 80, 60, 30, 20, words)).value == pytest.approx(0.8)


def test_no_credit_at_all(words):
    assert valid(say.money(worth().head(0), GAP, MOVED, 0, None, None, words)).kind == "not identified"
    assert valid(say.disagree(MOVED.head(0), GAP, words)).kind == "not identified"
    assert valid(say.baseline(0, 0, 0, None, None, words)).kind == "not identified"
    empty = pd.DataFrame(columns=["kind", "conversions", "touched", "channel", "share", "moved"])
    assert valid(say.moves(empty, STAGES, words)).kind == "not identified"
    beside = {m: attribution_lift.beside([]) for m in ("last", "markov1")}
    assert valid(say.lift(beside, words)).kind == "not identified"


def test_disagreement_names_the_farthest_two(words):
    told = valid(say.disagree(MOVED, GAP, words))
    assert (
        told.kind == "credit" and told.value == pytest.approx(0.3) and "30" in told.text and told.verdict == "careful"
    )


def test_lift_takes_the_trial_that_chance_cannot_explain(words):
    seen = [
        attribution_lift.Seen("even", 1000, 500, 0.02, 1e-4, pd.Series({"feed": 0.02})),
        attribution_lift.Seen("off", 1000, 500, 0.02, 1e-6, pd.Series({"live": 0.05})),
    ]
    frame = attribution_lift.beside(seen)
    told = valid(say.lift({"last": frame, "markov1": frame}, words))
    assert told.kind == "lift" and told.n == 1500 and told.low > 0 and "1" in told.short
    rows = tables.lift_rows({"last": frame, "markov1": frame}, words)
    assert set(tables.lift_columns({"last": frame, "markov1": frame}, words)) <= set(rows) and len(rows) == 2


def test_moves_are_told_shallow_to_deep(words):
    table = pd.DataFrame(
        {
            "kind": ["P", "A"],
            "conversions": [5, 9],
            "touched": [0, 9],
            "channel": [None, "feed"],
            "share": [np.nan, 0.9],
            "moved": [np.nan, 0.1],
        }
    )
    assert valid(say.moves(table, STAGES, words)).value == 0.1
    assert tables.move_rows(table, STAGES, words).kind.tolist() == ["A", "P"]
    assert set(tables.move_columns(words)) <= set(tables.move_rows(table, STAGES, words))


def test_tables_have_their_columns(words):
    assert set(tables.worth_columns(True, words)) <= set(tables.worth_rows(worth(), words))
    assert tables.worth_bars(worth(), words).value.tolist() == [40, 10]
    credit = pd.DataFrame(
        {
            "method": ["last", "last", "hazard", "hazard", "hazard"],
            "channel": ["feed", "live"] * 2 + ["baseline"],
            "share": [0.7, 0.3, 0.4, 0.6, np.nan],
        }
    )
    rows = tables.share_rows(credit, words)
    assert rows.channel.tolist() == ["live", "feed"] and list(tables.share_columns(rows, words)) == [
        "name",
        "last",
        "hazard",
    ]


def test_what_is_missing(words):
    assert len(say.absent(0, False, 0.95, words)) == 3 and say.absent(3, True, 0.5, words) == []
