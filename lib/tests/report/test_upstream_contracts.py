"""The study behind the page of contracts: of the brand's open contracts, nothing of later days; hidden rows give no plan."""

import datetime as dt
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from apex.measure.privacy import suppress
from apex.report.upstream import contracts as upstream
from apex.warehouse import open_warehouse
from apex.warehouse.ingest import ingest

DAY = 40


@pytest.fixture
def build(tmp_path, source, canonical, day):
    """`build(name, without=(), later=False)` → the warehouse of a brand with two ended and four open contracts, as on DAY."""

    def contract(name, first, last, amount, brand="b", guarantee="impressions", placement="tv-1"):
        return {"contract_id": name, "brand": brand, "campaign_id": None, "placement": placement, "crowd": "broad",
                "guarantee": guarantee, "amount": amount, "first_day": day(first), "last_day": day(last), "price_minor": 1000,
                "penalty_minor": 500}  # fmt: skip

    def house(name, without=(), later=False):
        shown = {"behaviour": "expose", "channel": "tv", "placement": "tv-1"}
        rows = [(f"p{n % 30}", n % 10, "c") for n in range(60)] + [(f"p{n}", 30 + n % 10, "b") for n in range(7)]
        rows += [("new", 50, "b")] * (9 if later else 0) + [("p1", 59, "b")]
        events = [{"consumer_key": who, "brand": brand, "occurred_at": dt.datetime.combine(day(n), dt.time(9)), **shown}
                  for who, n, brand in rows]  # fmt: skip
        tables = canonical(events)
        tables["consumers"]["strategic_crowd"] = "Gen Z"
        spend = [(n, b, "tv", "contract", "tv-1", 3) for n in range(1, DAY + 1) for b in "bc"]
        spend += [(n, "b", "feed", "auction", "feed-1", 10) for n in range(DAY)]
        spend += [(n, "b", "tv", "contract", "tv-1", 99) for n in range(45, 55)] * later
        columns = ["day", "brand", "channel", "buying", "placement", "impressions"]
        tables["spend"] = pd.DataFrame(spend, columns=columns).assign(
            cost_minor=7, crowd="broad", day=lambda f: f.day.map(day)
        )
        tables["contracts"] = pd.DataFrame([
            contract("a", 0, 9, 30), contract("c", 0, 19, 60, "c"), contract("heads", 30, 59, 12, guarantee="reach"),
            contract("much", 30, 59, 5000), contract("open", 30, 59, 90), contract("theirs", 30, 59, 90, "c"),
            contract("past", 0, 19, 40, "d"), contract("people", 5, 25, 10, "c", guarantee="reach"),
        ])  # fmt: skip
        tables["inventory"] = pd.DataFrame(
            [{"placement": "tv-1", "crowd": "Gen Z", "day": day(n), "impressions": 20} for n in range(60)]
        )
        tables = {n: t for n, t in tables.items() if n not in without}
        ingest(source(tmp_path / f"{name}-files", tables), name, tmp_path / name, "test")
        return open_warehouse(tmp_path / name).until(day(DAY))

    return house


def study(warehouse, day, brand="b"):
    return upstream._study(SimpleNamespace(warehouse=warehouse, as_of=day(DAY), brand=brand), 0.8)


def all_(of):
    return of.contracts().assign(suppressed=False)


def test_the_brands_open_contracts_what_slots_lack_and_who_gets_them(build, day):
    made = upstream.tables(study(build("market"), day))
    frame = made.contracts.set_index("contract_id")
    assert frame.index.tolist() == ["heads", "much", "open"]
    assert frame.come.tolist() == [7, 33, 33] and frame.odds["much"] < 0.05
    nothing = made.contracts.assign(suppressed=False)
    room = made.slots(["placement"], nothing).free[0]
    assert frame.lacks["much"] + frame.lacks["open"] + frame.lacks["heads"] == pytest.approx(
        frame.asked.sum() - room, rel=0.01
    )
    assert frame.lacks["much"] > 4000 and made.scarce["much"].crowd.tolist() == ["Gen Z"]
    shown = suppress(made.contracts, upstream.PEOPLE, 20, also=upstream.ALSO, keys=["contract_id"])
    assert shown.suppressed.tolist()[0] and shown.odds.isna()[0]
    plan = made.plan(shown)
    asked = made.slots(["placement"], shown).asked[0]
    assert asked == pytest.approx(plan.impressions.sum()) and asked < made.slots(["placement"], nothing).asked[0]
    assert "heads" not in set(plan.contract_id) and plan.impressions.sum() <= room * 1.001
    assert plan.day.min() == day(DAY + 1) and plan.day.max() == day(59)
    bought = made.auction(shown).groupby("gap").impressions.sum()
    assert bought["expected"] > 0


def test_later_days_change_nothing(build, day):
    plain, other = (study(build(name, later=later), day) for name, later in (("market", False), ("other", True)))
    pd.testing.assert_frame_equal(plain.contracts(), other.contracts())
    pd.testing.assert_frame_equal(plain.slots(["crowd"], all_(plain)), other.slots(["crowd"], all_(other)))
    pd.testing.assert_frame_equal(plain.who(), other.who())


def test_without_inventory_the_odds_stay(build, day):
    made = upstream.tables(study(build("market", without=("inventory",)), day))
    assert (
        made.contracts.odds.notna().all()
        and made.contracts.lacks.isna().all()
        and np.isnan(made.contracts.odds_asked).all()
    )
    assert (
        made.slots(["placement"], made.contracts.assign(suppressed=False)).empty
        and made.plan(made.contracts.assign(suppressed=False)).empty
        and made.scarce == {}
    )


@pytest.mark.parametrize(("without", "brand", "reason"), [
    (("contracts",), "b", "no_contracts"), ((), "nobody", "none_own"), ((), "d", "none_open"),
])  # fmt: skip
def test_why_nothing_can_be_said(build, day, without, brand, reason):
    found = study(build("market", without=without), day, brand)
    assert isinstance(found, upstream.CannotTell) and found.reason == reason
    empty = upstream.tables(found)
    assert empty.contracts.empty and empty.auction(empty.contracts).empty and empty.plan(empty.contracts).empty
