"""A window's result by crowd, business and creative, against loops over the log; the parts are the brand's whole."""

import datetime as dt

import ibis
import pytest

from apex.measure import result_cuts
from apex.measure.people import Division


@pytest.fixture
def windows(shop):
    return {"window": (shop.day(400), shop.day(449)), "before": (shop.day(350), shop.day(399))}


def bought(shop, days):
    rows = shop.log[(shop.log.brand == "b") & (shop.log.behaviour == "buy")]
    return rows[(rows.day >= days[0]) & (rows.day <= days[1])]


def test_by_crowd_nobody_is_lost(shop, windows):
    people = shop.warehouse.table("consumers").execute().sort_values("consumer_id", ignore_index=True)
    stages = ["P", "none", "O", "L"]
    each = people.assign(cell=people.age_band.fillna(""), stage=[stages[n % 4] for n in range(len(people))])
    divided = Division("age_band", ("old", "young", ""), ())
    found = result_cuts.by_crowd(shop.warehouse, ibis.memtable(each), divided, "b", windows)
    assert list(found.cell) == ["old", "young", "", "none"] and found.consumers.sum() == len(people)
    assert found.gmv_minor.sum() == bought(shop, windows["window"]).value_minor.sum() > 0
    assert found.before_minor.sum() == bought(shop, windows["before"]).value_minor.sum() > 0
    assert found.buyers.sum() == bought(shop, windows["window"]).consumer_key.nunique()
    assert (found.buyers + found.idle == found.consumers).all()
    at = each.stage.isin(["P", "L"])
    for cell in divided.cells:
        assert found.consumers[found.cell == cell].item() == (at & (each.cell == cell)).sum()
    assert found.consumers[found.cell == "none"].item() == (~at).sum()
    alone = result_cuts.by_crowd(shop.warehouse, ibis.memtable(each), divided, "b", {"window": windows["window"]})
    assert not alone.before_minor.any() and alone.gmv_minor.equals(found.gmv_minor)


def test_by_business_against_a_loop(shop, windows):
    found = result_cuts.by_business(shop.warehouse, "b", windows)
    now, was = (bought(shop, windows[p]) for p in ("window", "before"))
    first = windows["window"][0]
    known = set(bought(shop, (first - dt.timedelta(days=365), first - dt.timedelta(days=1))).consumer_key)
    assert len(found) == 4 and found.gmv_minor.sum() == now.value_minor.sum()
    for row in found.itertuples():
        for part, people, money in ((now, "buyers", "gmv_minor"), (was, "buyers_before", "before_minor")):
            mine = part[(part.business == row.business) & (part.consumer_key.isin(known) == (row.segment == "old"))]
            assert getattr(row, people) == mine.consumer_key.nunique(), row
            assert getattr(row, money) == mine.value_minor.sum()


def test_by_creative_counts_people_contacts_and_clicks(market):
    start = dt.datetime(2024, 1, 1, 9)

    def event(who, what, creative, **more):
        return {"consumer_key": who, "brand": "b", "behaviour": what, "creative_id": creative, "campaign_id": "x",
                "occurred_at": start} | more  # fmt: skip

    log = [
        event("a", "expose", "v1"), event("a", "expose", "v1"), event("a", "click", "v1"), event("b", "watch", "v1"),
        event("b", "click", "v2"), event("c", "expose", "v1", campaign_id="y"), event("c", "expose", "v1", brand="c"),
        event("c", "buy", "v1", quantity=1, value_minor=5), event("c", "expose", None),
    ]  # fmt: skip
    warehouse = market(log)
    found = result_cuts.by_creative(warehouse, "b", "x")
    told = found[["creative_id", "people", "clicked", "silent", "contacts", "clicks"]].to_numpy().tolist()
    assert told == [["v1", 2, 1, 1, 3, 1], ["v2", 1, 1, 0, 0, 1]]
    assert found.cost_minor.isna().all() and list(found.message) == ["", ""]
    for nobody in ("z", None):
        none = result_cuts.by_creative(warehouse, "b", nobody)
        assert none.empty and list(none.columns) == list(found.columns)
