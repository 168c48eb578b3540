"""Gaps and what closes them, on figures that can be done by hand."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from apex.model import strategy

PHASES = pd.DataFrame(
    {
        "phase": ["build-up", "burst"], "first_day": [dt.date(2024, 1, 1), dt.date(2024, 1, 21)],
        "last_day": [dt.date(2024, 1, 20), dt.date(2024, 1, 21)], "before": [True, False],
    }
)  # fmt: skip


def needed(**gaps):
    """A table of the goal: stage → (now, forecast, needed, conversion, value)."""
    rows = [(s, *v) for s, v in gaps.items()]
    frame = pd.DataFrame(rows, columns=["stage", "stock_now", "stock_forecast", "needed", "conversion", "value_minor"])
    return frame.astype(dict.fromkeys(("stock_now", "stock_forecast", "needed", "value_minor"), "Int64"))


def move(stage, channel, extra, cost, gmv=100.0, n=400, kind="credit"):
    return {
        "from_stage": stage, "channel": channel, "extra": extra, "low": extra / 2, "high": extra * 1.5, "kind": kind,
        "gmv_extra_minor": gmv, "gmv_low": gmv / 2, "gmv_high": gmv * 1.5, "cost_minor": cost, "n": n,
    }  # fmt: skip


def asked(phase, name, start, end, reachable, channels, counts="moved", prior=(0.1, 0.05, 0.2)):
    return {"phase": phase, "strategy": name, "from_stage": start, "to_stage": end, "counts": counts, "reachable": reachable,
            "channels": channels, "prior": prior}  # fmt: skip


def options(rows, moves, **changed):
    given = {"days": 100, "lives": {"I": 15}, "frequency": 2.0, "headroom": 3.0} | changed
    frame = pd.DataFrame(rows)
    frame["reachable"] = frame.reachable.astype("Int64")
    return strategy.options(PHASES, frame, pd.DataFrame(moves), **given)


def test_gaps_in_money_with_year_benchmark_and_verdict():
    table = needed(
        A=(100, 110, 200, 0.01, 1000), I=(100, 90, 100, 0.1, 1000), P=(50, 60, 60, 0.2, 2000), none=(9, 9, None, 0.1, 1)
    )
    found = strategy.gaps(table, {"A": 80.0, "I": 120.0, "P": 60.0}, {"A": 0.9, "I": 0.8}).set_index("stage")
    assert found.index.to_list() == ["P", "I", "A"]  # by money
    assert (found.short["A"], found.against["A"]) == (90, "needed")
    assert found.gmv_minor["A"] == pytest.approx(90 * 0.01 * 1000)
    assert (found.short["I"], found.against["I"]) == (10, "needed")
    assert (found.short["P"], found.against["P"]) == (10, "last_year")  # enough for the goal, fewer than last year
    assert found.change["A"] == pytest.approx(0.25) and found.pace["A"] == pytest.approx(0.5 / 0.9)
    assert found.verdict.to_dict() == {"P": "falling", "I": "falling", "A": "growing_slow"}
    assert strategy.gaps(table.head(0), {}, {}).empty


@pytest.mark.parametrize(
    ("change", "pace", "said"),
    [
        (0.1, 0.9, "growing_slow"), (-0.1, 0.9, "falling_slow"), (0.0, 0.99, "falling"), (0.1, 1.2, "growing"),
        (np.nan, 0.9, "slow"), (np.nan, 1.0, "on_pace"), (np.nan, 1.1, "ahead"), (0.1, np.nan, "growing"),
        (np.nan, np.nan, "none"),
    ],
)  # fmt: skip
def test_verdicts_of_definitions_6_3(change, pace, said):
    assert strategy.verdict(change, pace) == said


def test_what_limits_an_option():
    moves = [
        move("A", "tv", 0.1, 50.0),
        move("A", "own", 0.1, 0.0),
        move("O", "tv", 0.2, 50.0),
        move("A", "all", 0.1, 9.0),
    ]
    rows = [
        asked("build-up", "seed", "A", "I", 1000, ["tv", "own"]),
        asked("build-up", "ocean", "O", "A", 5000, ["tv"], "met"),
        asked("build-up", "gift", "A", "P", 300, []),
        asked("burst", "blind", "A", "P", pd.NA, ["tv"]),
    ]
    made = options(rows, moves).set_index(["strategy", "channel"])
    # 400 contacts in 100 days, three times as many, and only the 15 days that interest lasts count before the eve
    assert made.contacts["seed", "tv"] == 4 * 15 * 3
    assert made.contacts["seed", "own"] == 4 * 15  # what is owned cannot be bought more of
    assert made.contacts["ocean", "tv"] == 4 * 20 * 3 and made.extra["ocean", "tv"] == 1.0
    assert made.kind["ocean", "tv"] == "counted"
    assert made.kind["gift", ""] == "prior" and made.extra["gift", ""] == 0.1 and np.isnan(made.cost["gift", ""])
    assert made.contacts["gift", ""] == 600
    assert made.contacts["blind", "tv"] == 0  # nobody knows whom it could reach
    few = options([asked("build-up", "seed", "A", "I", 20, ["tv"])], moves)
    assert few.contacts.to_list() == [40.0]  # twice each


def test_movers_and_contacts_are_each_others_inverse():
    assert strategy.movers(0.1, 500, 1000) == pytest.approx(50)
    assert strategy.movers(0.1, 2000, 1000) == pytest.approx(1000 * (1 - 0.9**2))
    assert strategy.movers(-0.1, 500, 1000) == 0 and strategy.movers(0.1, 0, 0) == 0
    for wanted in (10, 90, 150, 600):
        needed_contacts = strategy.contacts_for(0.1, wanted, 1000)
        assert strategy.movers(0.1, needed_contacts, 1000) >= wanted - 1e-9
        assert strategy.movers(0.1, needed_contacts - 1, 1000) < wanted
    assert strategy.contacts_for(0.1, 1000, 1000) == float("inf")
    assert strategy.contacts_for(1.0, 50, 1000) == 50


def test_the_cheapest_moves_close_a_gap_and_no_more_than_it_takes():
    moves = [
        move("A", "dear", 0.1, 100.0, n=4000),
        move("A", "cheap", 0.1, 10.0, n=100),
        move("A", "weak", 0.001, 1.0, n=9999),
    ]
    made = options([asked("build-up", "seed", "A", "I", 1000, ["dear", "cheap", "weak"])], moves)
    gap = strategy.gaps(needed(I=(100, 100, 125, 0.1, 1000)), {}, {})
    closed = strategy.closing(gap, made, None)
    assert closed.channel.to_list() == ["cheap", "dear"]
    # cheap: 1 contact a day × 15 days × 3; the rest by the dear one
    assert closed.contacts.to_list() == [45, 205]
    assert float(closed.moved.sum()) == pytest.approx(25, abs=0.1)
    assert closed.cost_minor.to_list() == [450, 20_500]
    assert (closed.low < closed.moved).all() and (closed.moved < closed.high).all() and set(closed.closes) == {"I"}


def test_what_cannot_be_closed_is_closed_as_far_as_reach_goes():
    made = options([asked("build-up", "seed", "A", "I", 10, ["tv"])], [move("A", "tv", 0.5, 10.0, n=9999)])
    closed = strategy.closing(strategy.gaps(needed(I=(100, 100, 900, 0.1, 1000)), {}, {}), made, None)
    assert closed.people.to_list() == [10] and closed.contacts.to_list() == [20]
    assert float(closed.moved.iloc[0]) == pytest.approx(7.5)
    assert strategy.closing(strategy.gaps(needed(I=(100, 100, 90, 0.1, 1000)), {}, {}), made, None).empty
    after = options([asked("burst", "harvest", "A", "I", 10, ["tv"])], [move("A", "tv", 0.5, 10.0, n=9999)])
    assert strategy.closing(
        strategy.gaps(needed(I=(1, 1, 9, 0.1, 1000)), {}, {}), after, None
    ).empty  # too late for the eve


def test_one_channel_at_a_stage_is_not_sold_twice():
    rows = [asked("build-up", "one", "A", "I", 1000, ["tv"]), asked("build-up", "two", "A", "I", 1000, ["tv"])]
    made = options(rows, [move("A", "tv", 0.1, 10.0)])
    closed = strategy.closing(strategy.gaps(needed(I=(0, 0, 9999, 0.1, 1000)), {}, {}), made, None)
    assert closed.contacts.sum() == 180  # as much as the channel carries, for both together


def test_only_what_should_pay_is_chosen_and_no_more_than_the_budget():
    moves = [
        move("A", "pays", 0.1, 40.0, gmv=100.0, n=1000), move("A", "loses", 0.3, 200.0, gmv=100.0, n=1000),
        move("P", "pays", 0.1, 10.0, gmv=100.0, n=10_000),
    ]  # fmt: skip
    rows = [
        asked("build-up", "seed", "A", "I", 1000, ["pays", "loses"]),
        asked("burst", "more", "P", "P", 1000, ["pays"]),
    ]
    made = options(rows, moves, lives={})
    closers = strategy.closing(strategy.gaps(needed(I=(0, 0, 9999, 0.1, 1000)), {}, {}), made, 1.0)
    assert set(closers.channel) == {"pays", "loses"}
    free = strategy.chosen(closers, made, 1.0, None)
    assert set(free.channel) == {"pays"} and set(free.strategy) == {"seed", "more"}
    assert strategy.chosen(closers, made, 0.05, None).empty  # at that margin nothing pays
    whole = int(free.cost_minor.sum())
    tight = strategy.chosen(closers, made, 1.0, 5000.0)
    assert whole > 5000 >= int(tight.cost_minor.sum()) > 4900
    assert tight.strategy.to_list() == ["more", "seed"]  # most money for the cost first
    assert float(tight.moved.sum()) < float(free.moved.sum())


def test_unknown_costs_are_unknown_and_priors_come_last():
    moves = [move("A", "seen", 0.02, None)]
    rows = [
        asked("build-up", "guess", "A", "I", 100, [], prior=(0.3, 0.2, 0.4)),
        asked("build-up", "seed", "A", "I", 100, ["seen"]),
    ]
    made = options(rows, moves)
    closed = strategy.closing(strategy.gaps(needed(I=(0, 0, 9999, 0.1, 1000)), {}, {}), made, None)
    assert closed.strategy.to_list() == ["seed", "guess"] and closed.cost_minor.isna().all()
    assert closed.kind.to_list() == ["credit", "prior"] and pd.isna(closed.gmv_minor.iloc[1])
    kept = strategy.chosen(closed, made, 0.5, 1000.0)
    assert len(kept) == 2  # nothing says that they cost more than they bring
    best = strategy.best(made, 0.5).set_index("strategy")
    assert best.pays.to_dict() == {"guess": "unknown", "seed": "unknown"}


def test_best_is_the_channel_that_moves_most_of_those_that_pay():
    moves = [
        move("A", "free", 0.1, 0.0, n=10),
        move("A", "good", 0.1, 40.0, n=1000),
        move("A", "bad", 0.5, 400.0, n=9999),
    ]
    made = options([asked("build-up", "seed", "A", "I", 5000, ["free", "good", "bad"])], moves)
    best = strategy.best(made, 1.0)
    assert best.channel.to_list() == ["good"] and best.pays.to_list() == ["yes"]
    assert best.per_moved.iloc[0] == pytest.approx(400)
    half = strategy.best(
        made, 0.5
    )  # then only the middle covers the cost of the good one, and the free one surely pays
    assert half.channel.to_list() == ["free"] and half.pays.to_list() == ["yes"]
