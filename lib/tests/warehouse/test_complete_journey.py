"""The real panel: counts as datasets document them, reconciled line by line."""

import pytest

from apex import warehouse


@pytest.fixture(scope="module")
def panel():
    return warehouse.ensure("complete-journey")


def test_every_line_is_accounted_for(panel):
    feeds = {(f["table"], f["file"]): f for f in panel.manifest["feeds"]}
    sales = feeds["events", "transactions"]
    assert (sales["read"], sales["kept"], sales["quarantined"]) == (1_469_307, 1_458_000, 11_307)
    assert sales["reasons"] == {
        "the item is not in the table of items": 4_836,
        "a purchase without quantity > 0 and value > 0": 6_471,
    }
    coupons = feeds["campaign_items", "coupons"]
    assert coupons["read"] == 116_204 == coupons["kept"] + coupons["merged"] + coupons["quarantined"]
    assert feeds["promotions", "promotions"]["kept"] == 20_940_529
    assert panel.manifest["rows"]["consumers"] == 2_469
    assert panel.manifest["rows"]["items"] == 92_331
    assert panel.manifest["rows"]["assignments"] == 6_589


def test_exposures_by_channel_and_redemptions(panel):
    events = panel.table("events")
    counted = events.group_by("behaviour", "channel").agg(n=events.count()).execute().fillna("")
    assert {(r.behaviour, r.channel): r.n for r in counted.itertuples()} == {
        ("buy", ""): 1_458_000,
        ("expose", "display"): 1_490_611,
        ("expose", "circular"): 1_534_137,
        ("redeem", "coupon"): 3_776,
    }
    redeemed = events.filter(events.behaviour == "redeem")
    combinations = redeemed.select("consumer_id", "brand", day=redeemed.occurred_at.date()).distinct()
    assert combinations.count().execute() == 3_485
    per_brand = combinations.group_by("brand").agg(n=combinations.count()).execute().set_index("brand").n
    assert [per_brand[b] for b in ("764", "103", "1208", "544", "317")] == [64, 5, 23, 26, 117]
    exposed = events.filter(events.behaviour == "expose").select("basket_id", "brand").distinct()
    assert exposed.count().execute() == 2_517_899


def test_days_are_local_and_money_is_whole_cents(panel):
    assert (str(panel.first_day), str(panel.last_day)) == ("2017-01-01", "2017-12-31")
    events = panel.table("events")
    bought = events.filter(events.behaviour == "buy")
    hours = bought.group_by(hour=bought.occurred_at.hour()).agg(n=bought.count()).execute().set_index("hour").n
    assert hours.idxmax() in range(15, 19)  # a shop's afternoon, not its small hours
    days = bought.select(day=bought.occurred_at.date()).distinct().count().execute()
    assert days == 364  # Christmas Day was deleted by the publisher
    assert int(bought.filter(bought.brand == "764").value_minor.sum().execute()) == pytest.approx(9_502_200, abs=60)


def test_promotion_weeks_cover_the_year_without_gap(panel):
    promotions = panel.table("promotions")
    weeks = promotions.select("first_day", "last_day").distinct().order_by("first_day").execute()
    assert len(weeks) == 53
    ends = [(str(w.first_day)[:10], str(w.last_day)[:10]) for w in weeks.itertuples()]
    assert (ends[0], ends[1], ends[52]) == (
        ("2017-01-01", "2017-01-01"), ("2017-01-02", "2017-01-08"), ("2017-12-25", "2017-12-31"),
    )  # fmt: skip
    gaps = weeks.first_day.iloc[1:].reset_index(drop=True) - weeks.last_day.iloc[:-1].reset_index(drop=True)
    assert {g.days for g in gaps} == {1}
