"""What the page of strategies says: gaps closed or not, no plan, hidden counts, cost unknown, trials or none."""

import datetime as dt
from types import SimpleNamespace

import pandas as pd
import pytest

from apex.model import moves_level
from apex.model.strategy import CHOSEN
from apex.report.finding import Finding
from apex.show.say import strategy as say
from apex.show.words import MISSING, Words

STAGES = [("A", "Aware"), ("I", "Interested"), ("P", "Purchased"), ("L", "Loyal newcomer of the flagship shop")]
NAMES = {"seed": "Seeding", "second": "Second order"}
EVE = dt.date(2024, 3, 1)


@pytest.fixture(params=["en", "zh"])
def words(request):
    return Words(request.param, "CNY", 20)


def valid(fields):
    return Finding(notebook="2_plan/strategy", name="x", **fields)


def gap(hidden=False):
    frame = pd.DataFrame(
        {
            "stage": ["L", "I", "A"], "now": [900, 100, 50], "needed": [1600, 300, 50], "then": [950, 90, 60],
            "change": [-0.05, 0.11, -0.17], "benchmark": [1.0, 0.9, 1.0], "pace": [0.56, 0.37, 1.0],
            "verdict": ["falling_slow", "growing_slow", "falling"], "short": [700, 200, 0], "against": ["needed", "needed", ""],
            "conversion": [0.15, 0.02, 0.01], "value_minor": [15_000, 12_000, 12_000], "gmv_minor": [1_575_000.0, 48_000.0, 0.0],
        }
    )  # fmt: skip
    if hidden:
        frame[["now", "needed", "then", "short"]] = (
            frame[["now", "needed", "then", "short"]].astype("Int64").mask(frame.stage == frame.stage)
        )
    return frame


def row(closes="L", moved=30.0, cost=90_000, kind="lift", gmv=200_000, channel="live", people=1000, phase="build-up"):
    money = (gmv, gmv // 2, gmv * 2)
    values = (
        phase,
        EVE,
        EVE,
        "second",
        "P",
        closes,
        1000,
        people,
        1500,
        moved,
        moved / 2,
        moved * 2,
        *money,
        cost,
        channel,
        kind,
        400,
        closes,
    )
    return dict(zip(CHOSEN, values, strict=True))


def table(*rows):
    frame = pd.DataFrame(list(rows), columns=CHOSEN)
    whole = ("people", "contacts", "gmv_minor", "gmv_low", "gmv_high", "cost_minor", "reachable")
    return frame.astype(dict.fromkeys(whole, "Int64") | dict.fromkeys(("moved", "low", "high"), "Float64"))


def test_the_largest_gaps_and_how_far_they_close(words):
    closers = table(row(), row("I", 200.0, 5000, "credit"))
    closed = say.reached(gap(), closers, 2)
    assert closed.share.to_list() == [pytest.approx(30 / 700), 1.0]
    said = valid(say.gaps(gap(), closed, closers, NAMES, STAGES, words))
    assert (said.kind, said.verdict, said.value) == ("model", "behind", 700.0)
    assert said.at_stake_minor == 1_623_000 and words.money(95_000) in said.text
    assert NAMES["second"] in said.next_step and words.share(30 / 700) in said.tile.note
    assert len(said.short) <= 60


def test_gaps_that_all_close(words):
    closers = table(row(moved=800.0), row("I", 250.0))
    said = valid(say.gaps(gap(), say.reached(gap(), closers, 3), closers, NAMES, STAGES, words))
    assert said.verdict == "careful" and words("What can be reached by the eve closes all of them.") in said.text


def test_unknown_cost_nothing_reached_and_nobody_missing(words):
    unknown = table(row(cost=pd.NA), row("I"))
    said = valid(say.gaps(gap(), say.reached(gap(), unknown, 3), unknown, NAMES, STAGES, words))
    assert words("Cost unknown: the data hold no media cost.") in said.text
    nobody = valid(say.gaps(gap(), say.reached(gap(), table(), 3), table(), NAMES, STAGES, words))
    assert nobody.next_step is None and nobody.verdict == "behind"
    enough = gap().assign(short=0)
    well = valid(say.gaps(enough, say.reached(enough, table(), 3), table(), NAMES, STAGES, words))
    assert well.verdict == "ahead" and well.value is None


def test_no_plan_and_hidden_gaps(words):
    none = valid(say.gaps(gap().head(0), say.reached(gap().head(0), table(), 3), table(), NAMES, STAGES, words))
    assert none.kind == "not identified"
    hidden = gap(hidden=True)
    said = valid(say.gaps(hidden, say.reached(hidden, table(), 3), table(), NAMES, STAGES, words))
    assert said.verdict == "none" and "700" not in said.text


def test_what_is_chosen_is_as_sure_as_its_weakest_part(words):
    lift = valid(say.chosen(table(row()), 800_000, 1_000_000.0, words))
    assert (lift.kind, lift.value, lift.low, lift.high) == ("lift", 200_000, 100_000, 400_000)
    assert words.money(800_000) in lift.text and words.money(1_000_000) in lift.text
    assert valid(say.chosen(table(row(), row(kind="credit")), None, None, words)).kind == "credit"
    assert valid(say.chosen(table(row(), row(kind="counted")), None, None, words)).kind == "credit"
    assert valid(say.chosen(table(row(), row(kind="prior")), None, None, words)).kind == "model"


def test_chosen_without_money_without_cost_and_nothing(words):
    said = valid(say.chosen(table(row(gmv=pd.NA, cost=pd.NA, kind="prior", channel="")), 100, 5.0, words))
    assert said.value is None and words("at a cost nobody knows") in said.text
    nothing = valid(say.chosen(table(), 100, None, words))
    assert (nothing.verdict, nothing.tile) == ("careful", None)


def moves(kind="lift", hidden=False):
    frame = pd.DataFrame(
        {
            "from_stage": ["P", "P", "A", "A"], "channel": ["all", "live", "all", "live"], "contacted": [200] * 4,
            "moved": [0.03, 0.04, 0.2, 0.3], "usual": [0.02] * 4, "extra": [0.01, 0.02, 0.08, 0.1],
            "low": [0.0, 0.01, 0.06, 0.05],
            "high": [0.02, 0.03, 0.1, 0.15], "kind": kind, "gmv_extra_minor": 50.0, "gmv_low": 10.0, "gmv_high": 90.0,
            "cost_minor": pd.array([40.0] * 4, "Float64"), "per_moved_minor": 400.0, "n": pd.array([500] * 4, "Int64"),
        }
    )  # fmt: skip
    if hidden:
        frame["extra"] = frame.extra.astype("Float64").mask(frame.from_stage == "A")
    return frame.assign(suppressed=False)


def test_what_a_contact_adds_and_what_trials_say(words):
    told = moves_level.Factor(0.7, 0.1, 0.2, 5, 37_000, {})
    said = valid(say.contact(moves(), told, STAGES, words))
    assert (said.kind, said.value, said.n) == ("lift", 0.08, 500)
    assert words.share(0.7) in said.text and words.count(37_000) in said.text
    alone = valid(say.contact(moves("credit"), moves_level.UNTRIED, STAGES, words))
    assert (
        alone.kind == "credit"
        and words("No trial of the brand has ended that could set the level, so all of it is credit.") in alone.text
    )
    assert valid(say.contact(moves(hidden=True), told, STAGES, words)).value == 0.01
    for nothing in (moves("prior"), moves().head(0)):
        assert valid(say.contact(nothing, told, STAGES, words)).kind == "not identified"
    drawn = say.bars(moves(), STAGES, words)
    assert drawn.label.to_list() == ["Aware", "Purchased"] and drawn.value.to_list() == [0.08, 0.01]
    assert say.move_rows(moves(), STAGES, words).stage.to_list() == ["Aware", "Purchased"]


def test_growing_yet_slow_calls_for_the_move_that_fills_it(words):
    said = valid(say.judged(gap(), {"I": ["seed"]}, NAMES, STAGES, words))
    assert said.verdict == "behind" and NAMES["seed"] in said.text and said.value == pytest.approx(0.11)
    other = valid(say.judged(gap()[gap().stage == "A"], {}, NAMES, STAGES, words))
    assert other.verdict == "careful"
    blank = gap().assign(verdict="none")
    assert valid(say.judged(blank, {}, NAMES, STAGES, words)).value is None
    shown = [
        say.verdict(v, words)
        for v in ("growing_slow", "falling_slow", "falling", "growing", "slow", "on_pace", "ahead")
    ]
    assert len(set(shown)) == 7 and say.verdict("none", words) == MISSING


def test_rows_are_in_the_phases_order_and_hidden_ones_say_so(words):
    made = table(row(phase="burst", moved=9.0), row(moved=1.0), row(moved=5.0, channel="")).assign(
        suppressed=[False, True, False]
    )
    made["moved"] = made.moved.mask(made.suppressed)
    shown = say.rows(made, ["build-up", "burst"], NAMES, STAGES, words)
    assert shown.channel.iloc[0] == words("none yet")
    assert shown.moved.iloc[1] == words.suppressed()
    assert [say.phase("burst", words) in s for s in shown.strategy] == [False, False, True]


def test_the_matrix_and_the_list_of_strategies(words):
    best = pd.DataFrame(
        {
            "phase": ["build-up", "burst"], "strategy": ["seed", "second"], "from_stage": ["A", "P"], "to_stage": ["I", "L"],
            "channel": ["live", ""], "extra": [0.1, 1.0], "low": [0.05, 1.0], "high": [0.2, 1.0], "gmv": [10.0, None],
            "cost": [20.0, None], "per_moved": [200.0, None], "pays": ["maybe", "unknown"], "kind": ["credit", "counted"],
            "n": [50, 0],
        }
    )  # fmt: skip
    square = say.matrix(best, ["build-up", "burst"], NAMES, STAGES, words)
    assert square.values.tolist() == [["Aware", "Seeding", MISSING], ["Purchased", MISSING, "Second order"]]
    reach = pd.DataFrame(
        {"strategy": ["seed", "second"], "reachable": pd.array([700, None], "Int64"), "suppressed": [False, True]}
    )
    listed = say.strategies(best, reach, NAMES, STAGES, words)
    assert listed.reachable.to_list() == [700, pd.NA] and listed.suppressed.to_list() == [False, True]
    assert listed.extra.iloc[1] == words.share(1.0)
    assert say.matrix(best.head(0), [], NAMES, STAGES, words).empty


def test_lessons_and_what_is_absent(words):
    effect = SimpleNamespace(verdict="lift", value=500.0, low=100.0, high=900.0)
    known = [SimpleNamespace(campaign="spring", effect=effect)]
    assert words.signed_money(500) in say.lessons(known, words)
    silent = [SimpleNamespace(campaign="spring", effect=SimpleNamespace(verdict="not identified"))]
    assert "spring" in say.lessons(silent, words) and say.lessons([], words)
    reach = pd.DataFrame({"strategy": ["seed", "second"], "lacks": ["cart, reserve", "category"]})
    said = say.absent(reach, moves().assign(cost_minor=pd.array([None] * 4, "Float64")), NAMES, words)
    assert len(said) == 3 and words("carts") in said[0] and words("category") in said[1]
    assert len(say.absent(reach.assign(lacks=""), moves(), NAMES, words)) == 0
    assert len(say.absent(reach.assign(lacks=""), moves().head(0), NAMES, words)) == 1
    assert len(say.absent(reach.head(0), moves(), NAMES, words)) == 1
