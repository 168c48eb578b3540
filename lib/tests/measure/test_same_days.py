"""The same days of earlier years against plain pandas, and that nothing after the plan's day is looked at."""

import datetime as dt
import random

import pandas as pd
import pytest

from apex.measure import same_days
from apex.measure.same_days import MEASURES, earlier, pairs

FIRST, AS_OF = dt.date(2020, 7, 1), dt.date(2023, 9, 20)
WINDOW = dt.date(2023, 10, 20), dt.date(2023, 11, 17)
BRANDS = ["b", "c", "d"]
YEAR = dt.timedelta(days=365)


def log(until=AS_OF, seed=2):
    dice, rows = random.Random(seed), []
    for n in range((until - FIRST).days + 1):
        for _ in range(dice.randrange(4)):
            moment = dt.datetime.combine(FIRST + dt.timedelta(days=n), dt.time(dice.randrange(24)))
            did = dice.choice(["buy", "buy", "buy", "join", "expose"])
            money = {"value_minor": dice.randrange(100, 900), "quantity": 1} if did == "buy" else {}
            rows.append({"consumer_key": f"k{dice.randrange(25)}", "brand": dice.choice(BRANDS), "occurred_at": moment,
                         "behaviour": did, "category": "tea", **money})  # fmt: skip
    for day in (FIRST, until):
        rows.append({"consumer_key": "k0", "brand": "b", "occurred_at": dt.datetime.combine(day, dt.time(12)),
                     "behaviour": "expose", "category": "tea"})  # fmt: skip
    return rows


def by_hand(rows, pair, brand):
    """What the four measures of one pair and side are, by sets and sums."""
    frame = pd.DataFrame(rows)
    frame["day"] = pd.to_datetime(frame.occurred_at).dt.date
    mine = frame[(frame.brand == brand) & (frame.day <= AS_OF)]
    bought, joined = mine[mine.behaviour == "buy"], mine[mine.behaviour == "join"]
    inside = bought[(bought.day >= pair["first"]) & (bought.day <= pair["last"])]
    known = bought[(bought.day < pair["first"]) & (bought.day >= pair["first"] - YEAR)]
    active = bought[(bought.day > pair["last"] - YEAR) & (bought.day <= pair["last"])]
    kept = set(active[active.day <= pair["seen"]].consumer_key)
    since = pair["seen"] - dt.timedelta(days=int(pair["level"]))
    early = bought[(bought.day > since) & (bought.day <= pair["seen"])]
    joins = joined[(joined.day >= pair["first"]) & (joined.day <= pair["last"])]
    earlier_joins = joined[(joined.day > since) & (joined.day <= pair["seen"])]
    buyers = early.consumer_key.nunique() / pair["level"]
    return {
        "gmv_minor": (inside.value_minor.sum(), 0, early.value_minor.sum() / pair["level"]),
        "new_consumers": (len(set(inside.consumer_key) - set(known.consumer_key)), 0, buyers),
        "aac": (len(set(active.consumer_key) - kept), len(kept), buyers),
        "joins": (joins.consumer_key.nunique(), 0, earlier_joins.consumer_key.nunique() / pair["level"]),
    }


def test_figures_are_those_of_sets_and_sums(market):
    rows = log()
    found = same_days.same_days(market(rows), BRANDS, WINDOW, AS_OF).set_index(["year", "side", "brand", "measure"])
    on = pairs(FIRST, WINDOW, AS_OF)
    assert set(on.year) == {0, 1, 2} and len(found) == len(on) * len(BRANDS) * len(MEASURES)
    for pair in on.to_dict("records"):
        for brand in BRANDS:
            for measure, (value, kept, level) in by_hand(rows, pair, brand).items():
                row = found.loc[(pair["year"], pair["side"], brand, measure)]
                planned = (pair["year"], pair["side"]) == (0, "now")
                assert pd.isna(row.value) if planned else row.value == value, (pair, brand, measure)
                assert row.kept == kept and row.level == pytest.approx(level), (pair, brand, measure)


def test_what_comes_after_the_plans_day_changes_nothing(market):
    later = log(dt.date(2023, 12, 31))
    early = [r for r in later if r["occurred_at"].date() <= AS_OF]
    one, two = (same_days.same_days(market(rows), BRANDS, WINDOW, AS_OF) for rows in (early, later))
    pd.testing.assert_frame_equal(one, two)


def test_pairs_end_where_the_data_begin_and_a_short_past_has_none():
    assert pairs(FIRST, WINDOW, AS_OF).level.tolist() == [182, 182, 182, 182, 82, 82]
    assert pairs(dt.date(2022, 9, 1), WINDOW, AS_OF).empty
    assert earlier(dt.date(2024, 2, 29), 1) == dt.date(2023, 2, 28)


def test_a_young_market_and_one_that_knows_no_joining(market):
    rows = [r for r in log() if r["behaviour"] != "join"]
    found = same_days.same_days(market(rows), BRANDS, WINDOW, AS_OF)
    assert set(found.measure) == set(MEASURES) - {"joins"}
    young = same_days.same_days(
        market([r for r in rows if r["occurred_at"].date() > dt.date(2022, 10, 1)]), BRANDS, WINDOW, AS_OF
    )
    assert young.empty and list(young.columns) == same_days.COLUMNS
