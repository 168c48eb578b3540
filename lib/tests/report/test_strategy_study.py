"""What the notebook of strategies and the shared moves compute, on a small market and on ones with next to nothing."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from apex import warehouse
from apex.model import moves as contacts
from apex.model import moves_level
from apex.model.strategy import CHOSEN
from apex.report.run import Run
from apex.report.upstream import TABLES, moves, strategy
from apex.warehouse.ingest import ingest

CAMPAIGN = """
title: {en: Brand, zh: 品牌}
warehouse: market
brand: b
rules: RULES
goal: {window: [2024-06-01, 2024-06-28], gmv_minor: 900000}
as_of: {plan: 2024-05-20}
currency: CNY
margin: 0.5
budget_minor: 60000
privacy_threshold: 5
"""
START = dt.datetime(2024, 1, 1, 12)


def log(people):
    """Consumers who look, are met by the feed and the mail on days of chance, and buy; the feed alone makes them look."""
    dice, rows = np.random.default_rng(3), []

    def put(n, day, kind, channel, brand="b", **more):
        if day < 170:
            rows.append({"consumer_key": f"k{n:04}", "brand": brand, "occurred_at": START + dt.timedelta(days=int(day)),
                         "behaviour": kind, "channel": channel, "category": "tea", **more})  # fmt: skip

    for n in range(people):
        for day in np.flatnonzero(dice.random(170) < 0.06):
            channel = "feed" if dice.random() < 0.5 else "mail"
            put(n, day, "expose", channel)
            if channel == "feed" and dice.random() < 0.5:
                put(n, day + 1, "view", "own")
        for day in np.flatnonzero(dice.random(170) < 0.02):
            put(n, day, "buy", None, brand=["b", "c"][n % 2], value_minor=int(dice.integers(500, 3000)), quantity=1)
        put(n, 169, "view", "own", brand="c")
    return rows


@pytest.fixture(scope="module")
def build(source, tmp_path_factory):
    def of(people, rows=None):
        folder = tmp_path_factory.mktemp("strategy")
        events = pd.DataFrame(rows or log(people))
        events["seq"] = range(len(events))
        days = [(START + dt.timedelta(days=d)).date() for d in range(170)]
        tables = {
            "items": pd.DataFrame({"item_id": ["ib", "ic"], "brand": ["b", "c"], "category": ["tea", "tea"]}),
            "consumers": pd.DataFrame({"consumer_key": sorted(set(events.consumer_key))}),
            "events": events,
            "channels": pd.DataFrame({"channel": ["feed", "mail", "own"], "site": "on", "kind": ["display", "message", "free"]}),
            "spend": pd.DataFrame(
                {"day": days, "brand": "b", "channel": "feed", "buying": "auction", "impressions": 9, "cost_minor": 700}
            ),
        }  # fmt: skip
        ingest(source(folder / "files", tables), "market", folder / "w" / "market", "test")
        return warehouse.open_warehouse(folder / "w" / "market")

    return of


@pytest.fixture(scope="module")
def whole(build):
    return build(400)


@pytest.fixture
def run_of(monkeypatch, tmp_path):
    def of(market, rules="aipl", old="", new=""):
        monkeypatch.setattr(warehouse, "ensure", lambda name: market)
        monkeypatch.setattr("apex.report.upstream._KNOWN", {})  # markets of a test have one digest
        path = tmp_path / "brand.yml"
        path.write_text(CAMPAIGN.replace("RULES", rules).replace(old or "\0", new), encoding="utf-8")
        return Run(str(path), "2_plan/strategy", alone=True)

    return of


def study(run):
    return strategy.Study(run, "strategies", 3.0, 3.0, 3)


def needed(*stages):
    rows = [(s, 100, 90, 300, 0.1, 1500) for s in stages]
    frame = pd.DataFrame(rows, columns=["stage", "stock_now", "stock_forecast", "needed", "conversion", "value_minor"])
    return frame.assign(eve=dt.date(2024, 5, 31), gap=frame.needed - frame.stock_forecast)


def test_moves_of_a_market_where_one_channel_works(whole, run_of):
    frame, told = moves.moves_and_level(run_of(whole))
    assert list(frame.columns) == list(contacts.COLUMNS) and told == moves_level.UNTRIED
    assert frame.from_stage.drop_duplicates().to_list() == ["O", "A", "I", "P", "L"]
    assert (frame.groupby("from_stage").channel.last() == "all").all()
    known = frame.set_index(["from_stage", "channel"])
    assert known.low["A", "feed"] > 0.1  # half of those met look within a day
    assert known.low["A", "mail"] < 0.05 and known.extra["A", "mail"] < known.low["A", "feed"]
    assert set(frame.kind) <= {"credit", "prior"}
    assert known.cost_minor["A", "feed"] > 0 and known.cost_minor.isna()["A", "mail"]
    assert known.per_moved_minor["A", "feed"] == pytest.approx(known.cost_minor["A", "feed"] / known.extra["A", "feed"])
    pd.testing.assert_frame_equal(TABLES["2_plan/strategy", "moves"](run_of(whole)), frame)


def test_the_decision_keeps_to_reach_budget_and_days(whole, run_of):
    run = run_of(whole)
    made = study(run)
    gap = made.gaps(needed("A", "I", "L"))
    closers = made.closing(gap)
    chosen = made.chosen(closers)
    assert list(chosen.columns) == CHOSEN and len(closers) and set(closers.closes) <= {"A", "I", "L"}
    for frame in (closers, chosen):
        assert (frame.people <= frame.reachable).all() and (frame.people <= frame.contacts).all()
        assert (frame.first_day > run.as_of).all() and (frame.last_day <= run.campaign.eve).all()
    assert chosen.cost_minor.astype("Float64").sum() <= 60_000
    assert set(chosen.phase) <= {"run-up"}
    ocean = closers[closers.strategy == "blue-ocean"]
    assert (ocean.kind == "counted").all() and (ocean.moved == ocean.people).all()


@pytest.mark.parametrize("rules", ["aipl-panel", "deeplink", "shop"])
def test_other_rules(whole, run_of, rules):
    made = study(run_of(whole, rules))
    known = made.rules is not None
    assert known == (rules == "aipl-panel")
    assert made.options.empty != known and made.best.empty != known
    assert known or made.chosen(made.closing(made.gaps(needed("A")))).empty
    assert made.reachable.empty != known and set(made.calls) <= {"A", "I", "P", "L"}


def test_one_consumer_no_purchase_and_no_contact(build, run_of):
    def event(key, day, kind, brand="b", channel=None, **more):
        return {"consumer_key": key, "brand": brand, "occurred_at": START + dt.timedelta(days=day), "behaviour": kind,
                "channel": channel, "category": "tea", **more}  # fmt: skip

    bought = {"value_minor": 500, "quantity": 1}
    met = event("k", 30, "expose", channel="feed")
    alone = build(0, [event("k", 5, "view"), met, event("k", 100, "buy", **bought), event("k", 169, "view")])
    rival = [event("k", 5, "view", "c"), met, event("l", 100, "buy", "c", **bought), event("l", 169, "view", "c")]
    unsold = build(0, rival)
    unseen = build(0, [event("k", 30, "buy", **bought), event("k", 169, "view", "c")])
    for market, some in ((alone, True), (unsold, True), (unseen, False)):
        run = run_of(market)
        made = study(run)
        assert made.moves.empty != some
        assert made.moves.extra.isna().all()
        chosen = made.chosen(made.closing(made.gaps(needed("A", "I", "P", "L"))))
        assert set(chosen.kind) <= {"prior", "counted"}
        assert made.gaps(needed()).empty and made.chosen(made.closing(made.gaps(needed()))).empty


def test_the_eve_is_here(whole, run_of):
    made = study(run_of(whole, old="plan: 2024-05-20", new="plan: 2024-05-31"))
    assert made.phases.phase.to_list() == ["window"] and made.closing(made.gaps(needed("L"))).empty
