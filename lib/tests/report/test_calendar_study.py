"""What the calendar's notebook computes, on markets with next to nothing in them."""

import datetime as dt

import numpy as np
import pytest

from apex import warehouse
from apex.model import event_dates, event_pool, event_tables
from apex.report.run import Run
from apex.report.upstream.calendar import MEASURES, Study
from apex.show import Words
from apex.show.say import calendar as say

CAMPAIGN = """
title: {en: Brand, zh: 品牌}
warehouse: market
brand: b
rules: aipl
goal: {window: [2024-03-01, 2024-03-07], gmv_minor: 1000}
currency: CNY
"""


@pytest.fixture
def study(market, monkeypatch, tmp_path):
    """`study(behaviour, consumers)` → a Study of brand b, that has only events of that behaviour beside c's purchases."""

    def build(behaviour, consumers):
        start = dt.datetime(2024, 1, 1, 12)
        events = [
            {"consumer_key": f"k{n % consumers}", "brand": brand, "occurred_at": start + dt.timedelta(days=n),
             "behaviour": what, "category": "tea"}
            for n in range(70) for brand, what in (("b", behaviour), ("c", "buy"))
        ]  # fmt: skip
        whole = market(events)
        monkeypatch.setattr(warehouse, "ensure", lambda name: whole)
        monkeypatch.setenv("APEX_RUN", str(tmp_path / "run"))
        (tmp_path / "test-brand.yml").write_text(CAMPAIGN, encoding="utf-8")
        return Study(Run(str(tmp_path / "test-brand.yml"), "2_plan/calendar"), 7, 21)

    return build


@pytest.mark.parametrize(("behaviour", "consumers"), [("expose", 5), ("buy", 1)])
def test_next_to_nothing_gives_no_number_and_no_error(study, behaviour, consumers):
    found = study(behaviour, consumers)
    every = found.effects()
    tables = [event_tables.wide(every, m) for m in MEASURES]
    orders = event_tables.with_new(tables[0], tables[2])
    assert orders.empty and set(event_tables.EFFECTS) | set(event_tables.NEW) <= set(orders)
    outlook = event_pool.own_outlook(found.festivals(), "b")
    assert np.isnan(outlook[1]) and event_pool.spacing(found.festivals(), 21).answer == "few"
    best = event_dates.best(found.dates(3, 21, 28, 300, outlook[1:3]), 3)
    assert best.empty and found.phases().empty
    words, around = Words("en", "CNY", 5), event_tables.shortfalls(every, 7)
    said = say.headline(orders, around, found.plain_days, len(found.trade), words)
    assert said["kind"] == "not identified" and len(say.absent(found.known, orders, words)) == 3
    assert say.rows(orders, words).empty and say.bars(orders, words).empty
    assert found.trade.orders.sum() == (0 if behaviour == "expose" else len(found.trade))
