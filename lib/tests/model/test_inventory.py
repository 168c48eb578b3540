"""What slots hold for us: announced less what others take by phase, spread by earlier errors, and what contracts can be given."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from apex.model import inventory

START = dt.date(2024, 1, 1)


def on(n):
    return START + dt.timedelta(days=n)


def given(wrong=(1.0, 1.0)):
    """Two earlier spans of ten days and ten ahead; others take half in the first phase, 0.8 in the second, `wrong` times."""
    told, carried = [], []
    for slot, level in (("tv-1", 100), ("tv-2", 400)):
        for n in range(30):
            told.append((slot, "Gen Z", on(n), level))
            share = (0.5 if n % 10 < 5 else 0.8) * (wrong[n // 10] if n < 20 else 1)
            if n < 20:
                carried.append((slot, "Gen Z", on(n), 3, round(level * share)))
    phases = [
        (name, on(10 * k + 5 * i), on(10 * k + 5 * i + 4))
        for k in range(3)
        for i, name in enumerate(("presale", "burst"))
    ]
    return (pd.DataFrame(told, columns=["placement", "crowd", "day", "impressions"]),
            pd.DataFrame(carried, columns=["placement", "crowd", "day", "ours", "others"]),
            pd.DataFrame(phases, columns=["phase", "first_day", "last_day"]))  # fmt: skip


SPANS, AHEAD = [(on(0), on(9)), (on(10), on(19))], (on(20), on(29))


def test_free_is_what_others_leave_by_phase():
    supply = inventory.forecast(*given(), SPANS, AHEAD)
    cells = supply.cells.groupby(["placement", "phase"]).free.sum()
    assert cells["tv-1", "presale"] == pytest.approx(250) and cells["tv-2", "burst"] == pytest.approx(400)
    assert len(supply.cells) == 20 and supply.n == 4


def test_the_spread_is_how_far_off_earlier_forecasts_were():
    right, wrong = (inventory.forecast(*given(w), SPANS, AHEAD) for w in ((1.0, 1.0), (0.6, 1.0)))
    assert right.spread < wrong.spread and wrong.spread > 0.3
    none = inventory.forecast(given()[0], given()[1][:0], given()[2], [], AHEAD)
    assert none.spread == pytest.approx(inventory.SPREAD) and (none.cells.others == 0).all()
    draws = wrong.draws(4000, np.random.default_rng(0))
    assert draws.shape == (4000, 20) and (draws >= 0).all()
    taken = wrong.cells.announced.to_numpy() - draws
    assert taken.mean(axis=0) == pytest.approx(wrong.cells.others.to_numpy(), rel=0.05)


def contracts(amounts):
    rows = [
        ("a", "tv-1", "", on(0), on(29)),
        ("z", "tv-1", "Gen Z", on(0), on(24)),
        ("none", "tv-9", "", on(0), on(29)),
    ]
    frame = pd.DataFrame(rows, columns=["contract_id", "placement", "crowd", "first_day", "last_day"])
    return frame.assign(penalty_minor=[100, 300, 100]), np.array(amounts, float)


def test_contracts_use_their_slot_their_crowd_and_their_days():
    supply = inventory.forecast(*given(), SPANS, AHEAD)
    of, due = contracts([100, 50, 5])
    booking = inventory.book(of, supply.cells, due)
    assert np.bincount(booking.contract, minlength=3).tolist() == [10, 5, 0]
    assert booking.penalty.tolist() == pytest.approx([1, 6, 20])
    assert set(supply.cells.placement.iloc[booking.cell]) == {"tv-1"}


def test_what_slots_can_give_by_draws():
    supply = inventory.forecast(*given((0.7, 1.0)), SPANS, AHEAD)
    of, due = contracts([200, 240, 5])
    draws = supply.draws(50, np.random.default_rng(1))
    found = inventory.given(of, supply, due, draws)
    assert found.shape == (50, 3) and (found[:, 2] == 0).all() and (found <= due + 1e-6).all()
    assert 0 < (found[:, 1] >= 240 - 1e-6).mean() < 1  # the presale holds 250, more or less
    assert (
        found[:, 0] + found[:, 1] <= draws[:, (supply.cells.placement == "tv-1").to_numpy()].sum(axis=1) + 1e-3
    ).all()
    few = inventory.given(of, supply, due / 100, draws)
    assert few[:, :2] == pytest.approx(np.tile(due[:2] / 100, (50, 1)))
