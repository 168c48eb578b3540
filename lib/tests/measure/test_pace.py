"""What a plan's pace is held against: the earlier eve, the stock as long before it, and how peers had gathered theirs."""

import datetime as dt
import random

import pandas as pd
import pytest

from apex import ledger
from apex.ledger.rules import parse_rules
from apex.measure import pace, windows
from apex.measure.peers import Peers

RULES = {
    "name": "small",
    "stages": [
        {"id": "A", "name": {"en": "Aware", "zh": "认知"}, "any": [{"behaviour": ["expose"], "within_days": 5}]},
        {"id": "P", "name": {"en": "Bought", "zh": "购买"}, "any": [{"behaviour": ["buy"], "within_days": 9}]},
    ],
}
BRANDS = list("bcdefg")


@pytest.fixture
def book(market):
    dice, start = random.Random(3), dt.datetime(2024, 1, 1, 9)
    rows = [
        {"consumer_key": f"c{dice.randrange(40)}", "brand": dice.choice(BRANDS), "category": "tea",
         "occurred_at": start + dt.timedelta(days=dice.randrange(100)), "behaviour": dice.choice(["expose", "buy"])}
        for _ in range(1500)
    ]  # fmt: skip
    return ledger.ensure(market(rows), parse_rules(RULES))


def test_an_eve_is_the_day_before_the_campaign_and_known_only_where_the_data_know_it(market):
    class Campaigns:
        def has(self, name):
            return True

        def table(self, name):
            import ibis

            return ibis.memtable({"campaign_id": ["spring"], "first_day": [dt.date(2024, 5, 20)]})

    assert pace.eve_of(Campaigns(), "spring") == dt.date(2024, 5, 19)
    assert pace.eve_of(Campaigns(), "summer") is None and pace.eve_of(Campaigns(), None) is None
    bare = market([{"consumer_key": "k", "brand": "b", "occurred_at": dt.datetime(2024, 1, 1), "behaviour": "buy"}])
    assert pace.eve_of(bare, "spring") is None


def test_the_earlier_stock_is_that_of_as_long_before_the_earlier_eve(book, day):
    found = pace.earlier_stock(book, "b", day(60), 10, day(90))
    stood = windows.stocks(book, ["b"], [day(50)]).set_index("cell").consumers
    assert found == {str(cell): float(n) for cell, n in stood.items()} and sum(found.values()) == 40
    assert pace.earlier_stock(book, "b", None, 10, day(90)) == {}
    assert pace.earlier_stock(book, "b", day(5), 10, day(90)) == {}, "before the data"
    assert pace.earlier_stock(book, "b", day(10), 9, day(90)) == {}, "a day too young to compare with"
    assert pace.earlier_stock(book, "b", day(99), 2, day(90)) == {}, "after what may be seen"


def test_the_benchmark_is_the_mean_share_of_the_best_five(book, day):
    frame = pd.DataFrame({"brand": BRANDS[1:], "gmv_minor": [5, 4, 3, 2, 1], "buyers": 40})
    same = Peers("category", "tea", frame)
    found = pace.benchmark(book, same, day(60), 10, day(90))
    then, eve = (
        windows.stocks(book, BRANDS[1:], [d]).set_index(["brand", "cell"]).consumers for d in (day(50), day(60))
    )
    shares = (then / eve.where(eve > 0)).groupby("cell", observed=True).mean().dropna()
    assert found == pytest.approx({str(cell): share for cell, share in shares.items()}) and {"A", "P"} <= set(found)
    few = Peers("all", "all", frame[:4])
    assert pace.benchmark(book, few, day(60), 10, day(90)) == {}, "of four nothing is said"
    assert pace.benchmark(book, same, day(91), 10, day(90)) == {} == pace.benchmark(book, same, None, 10, day(90))


def test_several_distances_are_asked_at_once_and_answered_alike(book, day):
    same = Peers("category", "tea", pd.DataFrame({"brand": BRANDS[1:], "gmv_minor": [5, 4, 3, 2, 1], "buyers": 40}))
    leads = [3, 10, 500]
    every = pace.benchmarks(book, same, day(60), leads, day(90))
    assert (
        every == {n: pace.benchmark(book, same, day(60), n, day(90)) for n in leads} and every[500] == {} and every[3]
    )
    assert pace.benchmarks(book, same, None, leads, day(90)) == {n: {} for n in leads}
    assert windows.build_ups(book, BRANDS, day(60), []) == {}
