import datetime as dt

import pytest

from apex.errors import ApexError

EVENTS = [
    {"consumer_key": "anna", "brand": "b", "occurred_at": "2024-01-01 00:00:00", "behaviour": "expose"},
    {"consumer_key": "anna", "brand": "b", "occurred_at": "2024-01-02 23:59:59", "behaviour": "view"},
    {"consumer_key": "berta", "brand": "c", "occurred_at": "2024-01-03 00:00:00", "behaviour": "buy"},
]


def test_a_cut_hides_later_facts_and_only_those(market):
    whole = market(EVENTS)
    cut = whole.until(dt.date(2024, 1, 2))
    assert whole.table("events").count().execute() == 3
    assert cut.table("events").count().execute() == 2
    assert cut.table("consumers").count().execute() == 2  # a snapshot is not cut
    assert (whole.last_day, cut.last_day) == (dt.date(2024, 1, 3), dt.date(2024, 1, 2))
    columns = ["brand", "consumer_id", "occurred_at"]
    assert sum(t.num_rows for t in whole.each_slice(columns)) == 3
    assert sum(t.num_rows for t in cut.each_slice(columns)) == 2
    assert sum(t.num_rows for t in whole.each_slice(columns, ["c"])) == 1
    assert cut.until(None).table("events").count().execute() == 3


def test_facts_and_absent_tables(market):
    warehouse = market(EVENTS)
    assert warehouse.facts.brands == ("b", "c")
    assert (warehouse.facts.first_day, warehouse.facts.last_day) == (dt.date(2024, 1, 1), dt.date(2024, 1, 3))
    assert not warehouse.has("spend")
    with pytest.raises(ApexError, match='"market" has no table "spend"'):
        warehouse.table("spend")
    with pytest.raises(ApexError, match='no canonical table "event".*"events"'):
        warehouse.table("event")
