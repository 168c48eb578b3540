"""Every count by business against a recomputation in plain Python that knows no engine: sets of consumers, day by day."""

import datetime as dt
import random
from collections import Counter

import pandas as pd
import pytest

from apex.measure import active, businesses, overlaps, trade

DAYS, YEAR = 400, 90  # a year of the tests is short, so that windows begin and end in the data
NAMES = ["flagship", "market", "store", None]


@pytest.fixture(scope="module")
def log():
    """Purchases of forty consumers in three businesses, some of none, and exposures that must not count."""
    dice = random.Random(3)
    start = dt.datetime(2024, 1, 1, 8)
    rows = []
    for n in range(500):
        consumer = f"c{dice.randrange(40)}"
        value = dice.randrange(100, 900)
        rows.append(
            {
                "consumer_key": consumer,
                "brand": dice.choice("bbbc"),
                "occurred_at": start + dt.timedelta(days=dice.randrange(DAYS), minutes=n),
                "behaviour": "expose" if dice.random() < 0.2 else "buy",
                "business": dice.choices(NAMES, [6, 3, 2, 1])[0],
                "basket_id": dice.choice([None, f"k{n // 2}-{consumer}"]),
            }
        )
        rows[-1]["quantity"], rows[-1]["value_minor"] = (1, value) if rows[-1]["behaviour"] == "buy" else (None, None)
    for day in (0, DAYS - 1):
        seen = {
            "consumer_key": "c0",
            "brand": "b",
            "occurred_at": start + dt.timedelta(days=day),
            "behaviour": "expose",
        }
        rows.append({**seen, "business": None, "basket_id": None, "quantity": None, "value_minor": None})
    return rows


@pytest.fixture
def shop(market, log):
    return market(log)


def buys(log, first, last, brand="b"):
    """(consumer, day, business, row) of the brand's purchases in order of time."""
    found = [(e["consumer_key"], e["occurred_at"].date(), e["business"] or "unknown", e) for e in log
             if e["brand"] == brand and e["behaviour"] == "buy" and first <= e["occurred_at"].date() <= last]  # fmt: skip
    return sorted(found, key=lambda b: b[3]["occurred_at"])


def sets_of(log, first, last):
    """consumer → the businesses they bought in."""
    found = {}
    for consumer, _, business, _ in buys(log, first, last):
        found.setdefault(consumer, set()).add(business)
    return found


def windows(day, n):
    ends = {"now": day(n), "before": day(n - YEAR)}
    return {p: (last - dt.timedelta(days=YEAR - 1), last) for p, last in ends.items()}


def test_buyers_by_combination_and_money_by_business(shop, log, day):
    frame = businesses.bought(shop, "b", day(300), YEAR)
    assert set(frame.period) == {"now", "before"}
    for period, (first, last) in windows(day, 300).items():
        held = sets_of(log, first, last)
        mine = frame[frame.period == period]
        truth = Counter(" + ".join(sorted(names)) for names in held.values())
        once = mine.drop_duplicates("combination").set_index("combination").consumers
        assert once.to_dict() == dict(truth)
        for row in mine.itertuples():
            members = {c for c, names in held.items() if " + ".join(sorted(names)) == row.combination}
            lines = [e for c, _, b, e in buys(log, first, last) if c in members and b == row.business]
            assert row.consumers == len(members)
            assert row.gmv_minor == sum(e["value_minor"] for e in lines)
            assert row.orders == len({e["basket_id"] or (e["consumer_key"], e["occurred_at"].date()) for e in lines})


def test_gmv_over_businesses_adds_to_the_brands_and_buyers_add_to_more(shop, day):
    frame = businesses.bought(shop, "b", day(300), YEAR)
    sums, whole = overlaps.by_business(frame), overlaps.whole(frame).set_index("period")
    assert "unknown" in set(sums.business)
    for period, (first, last) in windows(day, 300).items():
        sold = trade.sales(shop, "b", first, last)
        mine = sums[sums.period == period]
        assert mine.gmv_minor.sum() == sold.gmv_minor == whole.gmv_minor[period]
        assert whole.consumers[period] == sold.buyers < mine.consumers.sum()


def test_no_period_before_where_the_data_are_too_short(shop, day):
    assert set(businesses.bought(shop, "b", day(2 * YEAR - 1), YEAR).period) == {"now", "before"}
    assert set(businesses.bought(shop.until(day(2 * YEAR - 2)), "b", day(2 * YEAR - 2), YEAR).period) == {"now"}
    assert businesses.bought(shop, "nobody", day(300), YEAR).empty


def test_aac_counts_distinct_buyers_of_the_window_on_every_day_asked(shop, log, day):
    frame = active.aac(shop, "b", day(350), YEAR)
    ends = pd.date_range(day(0), day(350), freq="ME").date
    assert sorted(set(frame.day)) == sorted({*ends, day(350)})
    for row in frame.itertuples():
        first = max(row.day - dt.timedelta(days=YEAR - 1), day(0))
        held = sets_of(log, first, row.day)
        truth = len(held) if row.business == "any" else sum(row.business in names for names in held.values())
        assert row.consumers == truth
        assert row.window == (row.day - first).days + 1
    assert active.full_from(shop, YEAR) == day(YEAR - 1)
    assert active.aac(shop, "nobody", day(350), YEAR).empty


def test_one_purchase_keeps_a_buyer_active_for_the_window_and_no_longer(market, day):
    at = dt.datetime(2024, 1, 1, 9)
    rows = [{"consumer_key": c, "brand": "b", "occurred_at": at + dt.timedelta(days=n), "behaviour": b, "business": "s"}
            for c, n, b in (("x", 0, "buy"), ("x", 31, "buy"), ("y", 399, "expose"))]  # fmt: skip
    shop = market(rows)
    found = {n: active.aac(shop.until(day(n)), "b", day(n), 31) for n in (30, 31, 61, 62)}
    last = {n: int(f[(f.day == day(n)) & (f.business == "any")].consumers.iloc[0]) for n, f in found.items()}
    assert last == {30: 1, 31: 1, 61: 1, 62: 0}


def test_order_of_entry(shop, log, day):
    look, follow, until = 150, 60, 350
    first_of, truth = {}, Counter()
    for consumer, on, business, _ in buys(log, day(0), day(until)):
        first_of.setdefault(consumer, (on, business))
    for consumer, (on, first) in first_of.items():
        if not day(until - follow - look) < on <= day(until - follow):
            continue
        after = [b for b in buys(log, on, on + dt.timedelta(days=follow)) if b[0] == consumer]
        other = next((b for _, _, b, _ in after if b != first), None)
        orders = {e["basket_id"] or d for _, d, _, e in after}
        truth[first, other or ("same" if len(orders) > 1 else "never")] += 1
    frame = businesses.entry(shop, "b", day(until), look, follow)
    found = {(r.first, r.second): r.consumers for r in frame.rename(columns={"first": "first"}).itertuples()}
    assert {k: n for k, n in found.items() if n} == dict(truth) and len(truth) > 3
    assert businesses.entry(shop, "nobody", day(until), look, follow).empty


def test_order_of_entry_with_everybody_new_in_reach(market, day):
    """Two lines at the same minute: the order within the source decides; the second business counts within the days only."""
    at = dt.datetime(2024, 1, 1, 9)
    bought = [("x", 0, "a"), ("x", 0, "b"), ("y", 0, "a"), ("y", 10, "b"), ("z", 0, "a"), ("z", 11, "b"), ("v", 1, "a"),
              ("v", 3, "a"), ("w", 5, "b"), ("late", 15, "b")]  # fmt: skip
    rows = [{"consumer_key": c, "brand": "b", "occurred_at": at + dt.timedelta(days=n), "behaviour": "buy", "business": s}
            for c, n, s in bought]  # fmt: skip
    rows.append({**rows[0], "behaviour": "expose", "occurred_at": at + dt.timedelta(days=20)})
    frame = businesses.entry(market(rows), "b", day(20), 30, 10)
    found = {(a, b): n for a, b, n in frame.itertuples(index=False)}
    assert found == {
        ("a", "b"): 2,
        ("a", "same"): 1,
        ("a", "never"): 1,
        ("b", "a"): 0,
        ("b", "same"): 0,
        ("b", "never"): 1,
    }


def test_cross_business_conversion(shop, log, day):
    half = 60
    frame = businesses.crossed(shop, "b", day(350), half)
    before = sets_of(log, day(351 - 2 * half), day(350 - half))
    after = sets_of(log, day(351 - half), day(350))
    for row in frame.itertuples():
        base = {c for c, names in before.items() if names == {row.business}}
        came = {c for c in base if (row.later == "any" and c in after) or row.later in after.get(c, ())}
        assert (row.consumers, row.buyers, row.others) == (len(base), len(came), len(base) - len(came))
    assert set(frame.business) == {min(names) for names in before.values() if len(names) == 1}
    assert frame.buyers.sum() > 10
    assert businesses.crossed(shop.until(day(100)), "b", day(100), half).empty


def test_penetration_by_city_tier(source, canonical, log, day, tmp_path):
    from apex.warehouse import open_warehouse
    from apex.warehouse.ingest import ingest

    tables = canonical(log)
    tiers = dict(zip(tables["consumers"].consumer_key, ["1", "2", None, "2"] * 10, strict=True))
    tables["consumers"]["city_tier"] = tables["consumers"].consumer_key.map(tiers)
    ingest(source(tmp_path / "files", tables), "m", tmp_path / "m", "test")
    shop = open_warehouse(tmp_path / "m")
    frame = businesses.penetration(shop, "b", day(300), days=YEAR)
    held = sets_of(log, day(301 - YEAR), day(300))
    for row in frame.itertuples():
        mine = {c for c, tier in tiers.items() if (tier or "unknown") == row.level}
        assert row.consumers == len(mine)
        assert row.buyers == sum(row.business == "any" or row.business in held[c] for c in mine if c in held)
    assert list(frame.level.drop_duplicates()) == ["1", "2", "unknown"]
    sums = frame.groupby("business").buyers.sum()
    shown = businesses.indexed(frame, sums, 40)
    # the market's mean of the index, weighted by consumers, is one for every business
    weights = shown.consumers * shown["index"].astype(float)
    assert (weights.groupby(shown.business).sum() / 40).round(9).eq(1).all()


def test_nothing_later_is_seen(shop, day):
    cut = shop.until(day(300))
    for measure in (
        lambda w: businesses.bought(w, "b", day(300), YEAR),
        lambda w: businesses.entry(w, "b", day(300), 150, 60),
        lambda w: businesses.crossed(w, "b", day(300), 60),
        lambda w: businesses.penetration(w, "b", day(300), days=YEAR),
        lambda w: active.aac(w, "b", day(300), YEAR),
    ):
        pd.testing.assert_frame_equal(measure(cut), measure(shop))
