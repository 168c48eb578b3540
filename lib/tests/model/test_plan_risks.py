"""What can go wrong with a plan: each limit passed is told, and nothing else."""

import pandas as pd
import pytest

from apex.model import plan_risks

GOALS = pd.DataFrame({"goal": ["gmv_minor", "joins"], "odds": [0.4, 0.9], "odds_with_plan": [0.6, None]})
NEEDED = pd.DataFrame({"stage": ["A", "I", "P", "none"], "gap": pd.array([100, 50, -3, None], "Int64")})
MOVES = pd.DataFrame({"closes": ["A", "A", "I"], "moved": [60.0, None, 50.0]})
MEDIA = pd.DataFrame({"channel": ["feed", "tv", "own"], "planned": [600.0, 400.0, 0.0], "low": [5.0, 0.0, 0.0]})
SCENES = pd.DataFrame({"budget_minor": [100.0, None]})
LAUNCH = pd.DataFrame({"item_id": ["x", "x"], "on_hand": [10.0, 10.0], "stock_units": [8.0, 12.0]})
HELD = pd.Series({"share": 0.1, "detectable": 0.3})


def found(goals=GOALS, needed=NEEDED, moves=MOVES, media=MEDIA, scenes=SCENES, launch=LAUNCH, held=HELD, expected=0.2,
          confidence=0.8, budget=900.0):  # fmt: skip
    table = plan_risks.risks(goals, needed, moves, media, scenes, launch, held, expected, confidence, budget)
    return {(r.risk, r.of): (r.value, r.limit) for r in table.itertuples()}


def test_every_limit_that_is_passed_is_told():
    assert found() == {
        ("odds_low", "gmv_minor"): (0.6, 0.8),
        ("gap_open", "A"): (60.0, 100.0),
        ("over_budget", "media"): (1000.0, 900.0),
        ("weak", ""): (0.4, 0.0),
        ("too_small", ""): (0.3, 0.2),
        ("stock_short", "x"): (10.0, 12.0),
    }


def test_a_plan_within_its_limits_has_no_risk():
    fine = found(
        confidence=0.5, moves=MOVES.assign(moved=[60.0, 40.0, 50.0]), budget=1000.0, expected=0.3,
        media=MEDIA.assign(low=[5.0, 1.0, 0.0]), launch=LAUNCH.assign(on_hand=20.0),
    )  # fmt: skip
    assert fine == {}


@pytest.mark.parametrize("held", [None, HELD, pd.Series({"share": 0.1, "detectable": None})])
def test_an_empty_plan_has_only_the_risks_it_can_have(held):
    nothing = {"goals": GOALS[:0], "needed": NEEDED[:0], "moves": MOVES[:0], "media": MEDIA[:0], "scenes": SCENES[:0],
               "launch": LAUNCH[:0].drop(columns="on_hand")}  # fmt: skip
    assert found(**nothing, held=held, expected=None, budget=None) == {}
    blind = found(**nothing, held=held, expected=0.4, budget=None)
    assert (("too_small", "") in blind) == (held is not None and pd.isna(held.detectable))


def test_without_a_move_every_gap_stays_open():
    table = found(moves=MOVES[:0])
    assert table["gap_open", "A"] == (0.0, 100.0) and table["gap_open", "I"] == (0.0, 50.0)
