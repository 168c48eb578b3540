"""What one ladder hides does not follow from another: an attacker who knows the rules solves for it, and must fail."""

import datetime as dt
import random

import numpy as np
import pandas as pd
import pytest

from apex import ledger
from apex.ledger.rules import parse_rules
from apex.measure import assets, jointly

STAGE = {
    "A": {"behaviour": ["expose"], "within_days": 6},
    "P": {"behaviour": ["buy"], "within_days": 12},
    "L": {"behaviour": ["buy"], "at_least": 2, "within_days": 12},
}


def rules(name, *ids):
    return parse_rules(
        {"name": name, "stages": [{"id": i, "name": {"en": i, "zh": i}, "any": [STAGE[i]]} for i in ids]}
    )


@pytest.fixture
def books(market):
    dice = random.Random(2)
    first = dt.datetime(2024, 1, 1, 9)
    log = [
        {
            "consumer_key": f"c{dice.randrange(90)}", "brand": "b", "behaviour": dice.choice(["expose", "expose", "buy"]),
            "occurred_at": first + dt.timedelta(days=dice.randrange(30), minutes=n), "channel": "tv",
        }
        for n in range(420)
    ]  # fmt: skip
    warehouse = market(log)
    named = {"coarse": rules("coarse", "A", "P"), "fine": rules("fine", "A", "P", "L")}
    return {name: ledger.ensure(warehouse, r) for name, r in named.items()}


def test_atoms_add_up_to_each_ladders_flow(books, day):
    cut = jointly.atoms(books, "b", day(14), day(28))
    for name, book in books.items():
        flow = assets.flow(book, "b", day(14), day(28)).set_index(["from_stage", "to_stage"]).consumers
        summed = cut.groupby([f"from_stage:{name}", f"to_stage:{name}"], observed=True).consumers.sum()
        assert all(flow[pair] == n for pair, n in summed.items() if pair != ("none", "none"))
        assert sum(flow) == sum(n for pair, n in summed.items() if pair != ("none", "none"))


def solved(cut, tables, threshold):
    """Small cells that shown cells of all tables determine, by the rank of the system."""
    cells = [c for frame, name in tables for c in jointly._cells(cut, frame, name)]
    counts = cut.consumers.to_numpy()
    shown = np.array([v for v, seen in cells if seen and v.any()])
    rank = np.linalg.matrix_rank(shown)
    small = [v for v, seen in cells if 0 < v @ counts < threshold]
    return [v for v in small if np.linalg.matrix_rank(np.vstack([shown, v])) == rank]


@pytest.mark.parametrize("threshold", [3, 5, 8])
def test_nothing_hidden_can_be_solved_for(books, day, threshold):
    cut = jointly.atoms(books, "b", day(14), day(28))
    hide = jointly.ladders(books, "b", day(14), day(28), threshold)
    tables = [(hide[n]["flow"], n) for n in books]
    for n in books:
        for place, when in zip(jointly.PLACES, (day(14), day(28)), strict=True):
            held = hide[n]["stock"]
            tables.append((held[held.day == when].rename(columns={"stage": place}), n))
    assert any(0 < v @ cut.consumers.to_numpy() < threshold for f, n in tables for v, _ in jointly._cells(cut, f, n))
    assert not solved(cut, tables, threshold)


def test_each_ladder_by_itself_would_give_a_cell_away():
    """P of the coarse ladder is P + L of the fine one: with P shown, a hidden L of 2 is a subtraction."""
    cut = pd.DataFrame({"to_stage:coarse": ["A", "P", "P"], "to_stage:fine": ["A", "P", "L"], "consumers": [40, 30, 2]})
    coarse = pd.DataFrame({"to_stage": ["A", "P"], "consumers": [40, 32], "suppressed": False})
    fine = pd.DataFrame({"to_stage": ["A", "P", "L"], "consumers": [40, 30, 2], "suppressed": [False, False, True]})
    assert solved(cut, [(coarse, "coarse"), (fine, "fine")], 5), (
        "the attack works on tables that do not know each other"
    )
    kept = jointly.also_hidden(cut, [(coarse, "coarse")], fine, "fine", 5)
    assert kept.set_index("to_stage").suppressed.to_dict() == {"A": False, "P": True, "L": True}
    assert not solved(cut, [(coarse, "coarse"), (kept, "fine")], 5)


def test_a_public_log_hides_nothing(books, day):
    hide = jointly.ladders(books, "b", day(14), day(28), 1)
    assert not any(t.suppressed.any() for tables in hide.values() for t in tables.values())


def test_many_brands_depth(books, day):
    from apex.measure.depth import deep_shares

    book = books["fine"]
    held = assets.stock(book, "b", day(20), day(20)).set_index("stage").consumers
    share = deep_shares(book, ["b", "nobody"], day(20), "P")
    assert share["b"] == pytest.approx((held["P"] + held["L"]) / held.sum()) and np.isnan(share["nobody"])
