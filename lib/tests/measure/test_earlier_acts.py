"""What a brand did in an earlier campaign's phases: discounts and owned media, counted by hand."""

import datetime as dt

import pandas as pd
import pytest

from apex.measure import earlier_acts
from apex.warehouse import open_warehouse
from apex.warehouse.ingest import ingest

PHASES = [("presale", dt.date(2024, 3, 1), dt.date(2024, 3, 5)), ("burst", dt.date(2024, 3, 6), dt.date(2024, 3, 6))]


@pytest.fixture
def shop(source, canonical, tmp_path):
    def bought(day, value, discount, brand="A"):
        return {"consumer_key": "c", "brand": brand, "occurred_at": day, "behaviour": "buy", "quantity": 1,
                "value_minor": value, "discount_minor": discount}  # fmt: skip

    events = [
        bought("2024-02-10", 100, 0), bought("2024-02-11", 90, 10), bought("2024-02-12", 100, 0),  # usual: nought
        bought("2024-03-02", 80, 20), bought("2024-03-03", 90, 10), bought("2024-03-05", 50, 50),  # a fifth
        bought("2024-03-03", 1, 99, "B"),  # of another brand
        bought("2024-03-07", 1, 99),  # after the last phase
    ]  # fmt: skip
    frames = canonical(events)
    frames["events"]["discount_minor"] = frames["events"]["discount_minor"].astype("Int64")
    frames["campaigns"] = pd.DataFrame({
        "campaign_id": ["x"], "owner": ["A"], "name": ["x"],
        "first_day": [PHASES[0][1]], "last_day": [PHASES[1][2]],
    })  # fmt: skip
    frames["phases"] = pd.DataFrame(
        [("x", *p) for p in PHASES], columns=["campaign_id", "phase", "first_day", "last_day"]
    )
    spend = [("2024-03-01", "A", "message", "owned", 30, 0), ("2024-03-05", "A", "message", "owned", 12, 0),
             ("2024-03-06", "A", "message", "auction", 9, 50), ("2024-03-02", "A", "letter", "owned", 5, 1),
             ("2024-03-06", "B", "message", "owned", 9, 0)]  # fmt: skip
    frames["spend"] = pd.DataFrame(spend, columns=["day", "brand", "channel", "buying", "impressions", "cost_minor"])
    frames["spend"]["day"] = pd.to_datetime(frames["spend"].day).dt.date
    frames["benefits"] = pd.DataFrame(
        [("c1", "A", "gift", PHASES[0][1], dt.date(2024, 3, 2)), ("c2", "A", "gift", dt.date(2024, 3, 4), dt.date(2024, 3, 4)),
         ("c3", "A", "points", dt.date(2024, 3, 4), dt.date(2024, 3, 5)), ("c4", "B", "points", *PHASES[0][1:]),
         ("c5", "A", "coupon", dt.date(2024, 2, 1), dt.date(2024, 4, 1))],
        columns=["coupon_id", "brand", "kind", "first_day", "last_day"],
    )  # fmt: skip
    frames["channels"] = pd.DataFrame(
        {"channel": ["message", "letter"], "site": ["on", "off"], "kind": ["message", "mail"]}
    )
    ingest(source(tmp_path / "files", frames), "market", tmp_path / "market", "test")
    return open_warehouse(tmp_path / "market")


def test_phases_are_those_of_the_campaign(shop, market):
    assert earlier_acts.phases(shop, "x") == PHASES
    assert earlier_acts.phases(shop, "y") == earlier_acts.phases(shop, None) == []


def test_depth_is_the_median_and_what_is_usual_stands_beside(shop):
    found = earlier_acts.depths(shop, "A", PHASES).set_index("phase")
    assert found.depth["presale"] == pytest.approx(0.2) and found.orders["presale"] == 3
    assert found.usual["presale"] == 0
    assert pd.isna(found.depth["burst"]) and found.orders["burst"] == 0
    assert len(earlier_acts.depths(shop, "A", [])) == 0


def test_owned_media_are_counted_by_phase(shop):
    assert earlier_acts.owned(shop, "A", PHASES).to_dict("records") == [
        {"phase": "presale", "channel": "message", "impressions": 42}
    ]


def test_benefits_on_offer_half_of_a_phase_or_more(shop):
    found = earlier_acts.benefits(shop, "A", PHASES)
    assert list(found.itertuples(index=False, name=None)) == [
        ("presale", "coupon"), ("presale", "gift"), ("burst", "coupon"),
    ]  # fmt: skip
    assert len(earlier_acts.benefits(shop, "A", [])) == 0


def test_without_tables_there_is_nothing(market):
    event = {"consumer_key": "c", "brand": "A", "occurred_at": "2024-03-01", "behaviour": "buy", "value_minor": 5}
    plain = market([event])
    assert earlier_acts.phases(plain, "x") == [] and len(earlier_acts.owned(plain, "A", PHASES)) == 0
    assert len(earlier_acts.benefits(plain, "A", PHASES)) == 0
    assert earlier_acts.depths(plain, "A", PHASES).depth.isna().all()
