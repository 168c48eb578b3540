"""Who came when, and what they did after, against a recomputation row by row."""

import datetime as dt
import random

import numpy as np
import pandas as pd
import pytest

from apex import ledger
from apex.ledger.rules import parse_rules
from apex.measure import cohorts
from apex.measure.cohorts import EARLIER, ORDINARY, THIS
from apex.warehouse import open_warehouse
from apex.warehouse.ingest import ingest

START, DAYS = dt.date(2021, 1, 1), 900
OWN = (dt.date(2023, 3, 1), dt.date(2023, 3, 20))
RULES = {"name": "small", "stages": [
    {"id": "A", "name": {"en": "Aware", "zh": "认知"}, "any": [{"behaviour": ["expose", "click"], "within_days": 9}]},
    {"id": "P", "name": {"en": "Bought", "zh": "购买"}, "any": [{"behaviour": ["buy"], "within_days": 60}]},
]}  # fmt: skip
CAMPAIGNS = [
    ("long", "b", dt.date(2022, 5, 1), dt.date(2022, 5, 30)), ("inside", "b", dt.date(2022, 5, 10), dt.date(2022, 5, 12)),
    ("other", "x", dt.date(2022, 8, 1), dt.date(2022, 8, 20)), ("early", "b", dt.date(2021, 2, 1), dt.date(2021, 2, 9)),
    ("own", "b", *OWN), ("later", "b", dt.date(2023, 3, 25), dt.date(2023, 3, 28)),
]  # fmt: skip


@pytest.fixture(scope="module")
def log():
    dice = random.Random(7)
    begin = dt.datetime.combine(START, dt.time(8))
    return [
        {"consumer_key": f"c{dice.randrange(150):03}", "brand": dice.choice("bbbx"),
         "channel": dice.choice(["tv", "feed", "own"]),
         "occurred_at": begin + dt.timedelta(days=0 if n == 0 else dice.randrange(DAYS), minutes=n % 600),
         "behaviour": dice.choice(["buy", "buy", "click", "expose"])}
        for n in range(2400)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def warehouse(source, log, tmp_path_factory):
    from tests.conftest import tables_of

    folder = tmp_path_factory.mktemp("cohorts")
    campaigns = pd.DataFrame(
        [(i, o, a, b) for i, o, a, b in CAMPAIGNS], columns=["campaign_id", "owner", "first_day", "last_day"]
    )
    spend = pd.DataFrame({
        "day": [START] * 4, "brand": ["b"] * 4, "channel": ["tv", "feed", "own", "feed"],
        "buying": ["contract", "auction", "owned", "auction"],
        "campaign_id": ["own", "own", None, "long"], "impressions": [9] * 4,
        "clicks": [1] * 4, "cost_minor": [700, 300, 50, 11],
    })  # fmt: skip
    tables = tables_of(log) | {"campaigns": campaigns.assign(name="n"), "spend": spend}
    tables["consumers"] = tables["consumers"].assign(
        region=lambda t: t.consumer_key
    )  # by which a consumer is known again
    ingest(source(folder / "files", tables), "m", folder / "m", "test")
    return open_warehouse(folder / "m")


def days_of(log):
    """consumer → sorted days on which he bought b."""
    found = {}
    for e in log:
        if e["brand"] == "b" and e["behaviour"] == "buy":
            found.setdefault(e["consumer_key"], set()).add(e["occurred_at"].date())
    return {c: sorted(d) for c, d in found.items()}


@pytest.fixture(scope="module")
def who(warehouse):
    spans = cohorts.spans(warehouse, "b", OWN, "own")
    return cohorts.entrants(warehouse, "b", spans, warehouse.last_day)


def by_hand(log, warehouse):
    """(entry day → sorted list of later days since it) of each consumer's entries."""
    first, rows = cohorts.trusted(warehouse), []
    for days in days_of(log).values():
        for n, day in enumerate(days):
            if day >= first and (n == 0 or (day - days[n - 1]).days > 365):
                rows.append((day, tuple((d - day).days for d in days[n + 1 :] if (d - day).days <= 180)))
    return sorted(rows)


def test_entrants_are_first_purchases_in_a_year(who, log, warehouse):
    later = who.lines[who.lines.since > 0].groupby("entry").since.apply(lambda s: tuple(sorted(s)))
    mine = sorted((d.date(), later.get(n, ())) for n, d in enumerate(who.people.entered_on))
    assert mine == by_hand(log, warehouse) and len(mine) > 20
    assert (who.seen == (pd.Timestamp(warehouse.last_day) - who.people.entered_on).dt.days).all()


def test_a_campaign_is_its_days_and_the_rest_are_months(who, warehouse):
    spans = cohorts.spans(warehouse, "b", OWN, "own")
    assert spans.cohort.tolist() == ["early", "long", "own"] and spans.kind.tolist() == [EARLIER, EARLIER, THIS]
    assert cohorts.spans(warehouse, "b", OWN, "own", ["inside", "other"]).cohort.tolist() == [
        "early",
        "inside",
        "other",
        "own",
    ]
    for row in who.people.itertuples():
        day = row.entered_on.date()
        inside = [i for i, _, a, b in CAMPAIGNS if i in ("long", "own") and a <= day <= b]
        assert row.cohort == (inside[0] if inside else f"{day:%Y-%m}")
        assert row.kind == ({"own": THIS, "long": EARLIER}[inside[0]] if inside else ORDINARY)


def test_value_and_the_next_purchase(who):
    for n in range(0, len(who.people), 5):
        mine = who.lines[who.lines.entry == n]
        assert who.value(90)[n] == mine.gmv_minor[mine.since <= 90].sum()
        assert who.again[n] == (mine.since[mine.since > 0].min() if (mine.since > 0).any() else np.inf)


def test_as_of_an_earlier_day_nothing_later_is_there(who, warehouse):
    day = pd.Timestamp("2023-01-15")
    then = who.until(day)
    fresh = cohorts.entrants(warehouse.until(day.date()), "b", cohorts.spans(warehouse, "b", OWN, "own"), day.date())
    known = cohorts.trusted(warehouse)  # a shorter warehouse trusts from an earlier day
    mine = fresh.of((fresh.people.entered_on >= pd.Timestamp(known)).to_numpy(bool))
    pd.testing.assert_frame_equal(then.people, mine.people)
    pd.testing.assert_frame_equal(then.lines.reset_index(drop=True), mine.lines.reset_index(drop=True))


def test_stages_are_the_ledgers_of_that_day(who, warehouse, log):
    found = cohorts.stages(ledger.ensure(warehouse, parse_rules(RULES)), "b", who, [30, 90])
    for days in (30, 90):
        assert found[found.days == days].consumers.sum() == (who.seen >= days).sum()
    bought = 0  # of those seen 90 days, who bought in the 60 days up to then
    for n in np.flatnonzero(who.seen >= 90):
        since = who.lines.since[who.lines.entry == n]
        bought += bool(((since > 30) & (since <= 90)).any())
    assert found[(found.days == 90) & (found.stage == 2)].consumers.sum() == bought


def test_routes_are_how_the_last_medium_was_bought(who, warehouse, log):
    way = cohorts.routes(warehouse, "b", who, near=300)
    ids = warehouse.table("consumers").select("consumer_id", "region").execute().set_index("consumer_id").region
    named = {"tv": "brand", "feed": "performance", "own": "own"}
    for n, row in enumerate(who.people.itertuples()):
        day = row.entered_on.date()
        near = [e for e in log if e["consumer_key"] == ids[row.consumer_id] and e["brand"] == "b" and e["behaviour"] != "buy"
                and 0 <= (day - e["occurred_at"].date()).days <= 300]  # fmt: skip
        last = max(near, key=lambda e: e["occurred_at"], default=None)
        assert way[n] == (named[last["channel"]] if last else "none")
    assert way.nunique() == 4


def test_spend_and_recent_buyers(warehouse, log, market):
    assert cohorts.spent(warehouse, ["own", "long", "nothing"]) == {"own": 1000, "long": 11}
    recent = {c for c, days in days_of(log).items() if any(0 < (OWN[0] - d).days <= 365 for d in days)}
    assert len(cohorts.buyers(warehouse, "b", OWN[0])) == len(recent)
    bare = market([{"consumer_key": "a", "brand": "b", "occurred_at": dt.datetime(2024, 1, 1), "behaviour": "view"}])
    nobody = cohorts.entrants(bare, "b", cohorts.spans(bare, "b", (bare.first_day, bare.last_day), None), bare.last_day)
    assert nobody.people.empty and cohorts.routes(bare, "b", nobody) is None and cohorts.spent(bare, ["own"]) == {}
