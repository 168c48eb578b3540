"""What the page of event days computes, on markets with next to nothing in them and on one with a full calendar."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from apex import warehouse
from apex.model import event_tables
from apex.report.run import Run
from apex.report.upstream import events as upstream
from apex.show import Words
from apex.show.say import event_people as people
from apex.show.say import events as say

CAMPAIGN = """
title: {en: Brand, zh: 品牌}
warehouse: market
brand: b
rules: aipl
goal: {window: [2024-05-01, 2024-05-07], gmv_minor: 1000}
currency: CNY
"""


@pytest.fixture
def study(market, monkeypatch, tmp_path):
    """`study(behaviour, days, few)` → the Study of brand b with one to `few` such events a day beside c's purchase."""

    def build(behaviour, days, few=1):
        start = dt.datetime(2024, 1, 1, 12)
        events = [
            {"consumer_key": f"k{(n + 7 * k) % 90}", "brand": brand, "occurred_at": start + dt.timedelta(days=n),
             "behaviour": what, "category": "tea"}
            for n in days for k in range(1 + n * n % few) for brand, what in (("b", behaviour), ("c", "buy"))
        ]  # fmt: skip
        whole = market(events)
        monkeypatch.setattr(warehouse, "ensure", lambda name: whole)
        monkeypatch.setenv("APEX_RUN", str(tmp_path / "run"))
        (tmp_path / "test-brand.yml").write_text(CAMPAIGN, encoding="utf-8")
        return upstream.Study(Run(str(tmp_path / "test-brand.yml"), "4_wrapup/events"), 7, 21, 90)

    return build


@pytest.mark.parametrize(
    ("behaviour", "days"),
    [("expose", range(140)), ("buy", [0, 125]), ("buy", range(3, 140, 9)), ("join", range(40, 140))],
)
def test_next_to_nothing_gives_no_number_and_no_error(study, behaviour, days):
    found = study(behaviour, days)
    assert found.own == ["2024-05-01 Brand"] and not found.narrowed
    every = found.effects
    assert len(every) == 8 and every.effect.isna().all() and set(every.cannot) == {"too_few"}
    orders, money = (event_tables.wide(every, m) for m in upstream.MEASURES)
    words, table = Words("en", "CNY", 5), found.methods
    said = say.headline(orders, money, table, found.own, found.plain_days, words)
    assert said["kind"] == "not identified" and found.days().empty and found.placebo.empty
    assert say.earlier(orders, found.own, found.compared, words)["kind"] == "not identified"
    assert say.methods(table, found.own, words)["kind"] == "not identified"
    assert found.repeat.more.isna().all() and people.repeat(found.repeat, 90, words)["kind"] == "not identified"
    assert found.anybody == (behaviour == "join")
    joined = people.joined(found.joins, orders, found.festivals, found.plain_days, words)
    assert (joined["kind"] == "not identified") == (behaviour != "join" or bool(found.joins.effect.isna().all()))


def test_a_brand_without_a_calendar_has_its_window_as_the_event(study):
    found = study("buy", range(140), few=5)
    assert found.mainly == found.own == list(found.past.event) and found.marks()[0][1] == "Brand"
    every = found.effects.set_index(["measure", "block"])
    assert (
        every.days["orders", "on"] == 7 and every.days["orders", "before"] == 7 and every.days["orders", "after"] == 12
    )
    assert np.isfinite(every.effect).all() and every.low["orders", "on"] < 0 < every.high["orders", "on"]
    table = found.methods.set_index(["measure", "block"])
    assert list(table.filter(like="apart")) == ["plain_apart", "usual_apart"]
    row = table.loc[("orders", "net")]
    assert bool(row.plain_apart) == (not row.series_low <= row.plain <= row.series_high)
    assert found.repeat.set_index("kind").index.tolist() == ["plain", "this"]


def test_days_that_are_all_alike_are_said_to_have_no_fit(study):
    found = study("buy", range(140))
    assert set(found.effects.cannot) == {"no_fit"} and found.cannot == "no_fit"
    orders = event_tables.wide(found.effects, "orders")
    said = say.headline(orders, orders, orders, found.own, found.plain_days, Words("en", "CNY", 5), found.cannot)
    assert "did not fit" in said["text"]


def test_a_full_calendar_is_narrowed_to_the_campaigns_own_events(monkeypatch, study):
    found = study("buy", range(140))
    rows = [("b", f"m{n}", f"m{n}", dt.date(2024, 1, 1) + dt.timedelta(days=14 * n)) for n in range(10)]
    listed = [(f"{d} {n}", n, "mailing", i, d - dt.timedelta(days=7), d, d + dt.timedelta(days=9), d + dt.timedelta(days=30))
              for _, i, n, d in rows]  # fmt: skip
    known = pd.DataFrame(listed, columns=upstream.COLUMNS)
    monkeypatch.setattr(upstream.calendar.event_calendar, "events", lambda *_: known)
    monkeypatch.setattr(upstream.calendar.event_calendar, "pushed", lambda _w, _b, _k, days: days.map(lambda _: 0.0))
    assert found.narrowed and found.calendar.plain_days < 84
    assert found.own == ["2024-05-06 m9"] and list(found.events.event) == found.own, "the one that lies in the window"
    assert found.plain_days > found.calendar.plain_days
