"""Cells of items, stores and weeks from the panel: nothing is lost, and what the field measured before comes out again."""

from datetime import date

import numpy as np
import pytest

from apex import warehouse
from apex.measure import displays as cells
from apex.model import displays
from apex.warehouse import open_warehouse

PANEL = warehouse.FOLDER / "complete-journey"


@pytest.fixture(scope="module")
def panel():
    if not PANEL.exists():
        pytest.skip("the panel's warehouse is not built (make data)")
    return open_warehouse(PANEL)


def test_the_panels_displays_come_out_as_measured_before(panel):
    """Item × week and item × store, errors by store: display 0.035 (0.008) units a cell, beside a bare gap of 0.091."""
    found = displays.effects(cells.cells(panel, "764")).set_index(["means", "outcome"])
    row = found.loc[("display", "units")]
    assert row.effect == pytest.approx(0.035, abs=0.005) and row.std_error == pytest.approx(0.008, abs=0.001)
    assert row.bare == pytest.approx(0.091, abs=0.005)
    circular = found.loc[("mailer", "units")]
    assert abs(circular.effect - 0.062) < circular.std_error


def test_units_are_those_of_the_log_and_later_weeks_are_not_seen(panel):
    seen = panel.until(date(2017, 10, 29))
    of = cells.cells(seen, "764", items=3)
    assert of.weeks[-1] <= date(2017, 10, 29) and of.shape == (3, len(of.stores), len(of.weeks))
    events = seen.table("events")
    bought = events.filter((events.brand == "764") & (events.behaviour == "buy") & events.item_id.isin(of.items))
    counted = bought.filter(bought.store_id.isin(of.stores)).quantity.sum().execute()
    assert of.units.sum() == counted and not np.isnan(of.value_minor).any()


def test_without_promotions_or_purchases_there_are_no_cells(panel):
    assert cells.cells(panel.until(date(2017, 1, 1)), "764", weekly=1e9) is None
