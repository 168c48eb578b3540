"""Growth's counts against a recomputation in plain Python on a small random market, and what may not be taken apart."""

import datetime as dt
import random

import numpy as np
import pandas as pd
import pytest

from apex.errors import ApexError
from apex.measure import grow
from apex.measure.peers import Peers
from apex.warehouse import open_warehouse
from apex.warehouse.ingest import ingest

START = dt.datetime(2023, 6, 1, 9)
SHELF = {"i1": ("tea", "green", "drinks"), "i2": ("tea", "black", "drinks"), "i3": ("soap", None, "home")}
AGES = {f"k{n:02}": ["young", "old", None][n % 3] for n in range(30)}
WINDOWS = {
    "now": (dt.date(2024, 5, 2), dt.date(2024, 5, 31)),
    "year": (dt.date(2023, 7, 2), dt.date(2023, 7, 31)),
    "before": (dt.date(2024, 4, 2), dt.date(2024, 5, 1)),
}


@pytest.fixture(scope="module")
def lines():
    """A year of purchases of thirty consumers at three brands; some without a basket, some of a category only."""
    dice, made = random.Random(5), []
    for n in range(1500):
        item = dice.choice(list(SHELF))
        made.append({
            "consumer_key": dice.choice(list(AGES)), "brand": dice.choice("bbcd"), "category": SHELF[item][0],
            "item_id": item, "occurred_at": START + dt.timedelta(days=dice.randrange(366), minutes=dice.randrange(500)),
            "behaviour": "buy", "value_minor": dice.randrange(1, 900), "quantity": 1, "basket_id": None, "seq": n,
        })  # fmt: skip
        if dice.random() < 0.5:  # a basket belongs to one consumer
            made[-1]["basket_id"] = f"{made[-1]['consumer_key']}-{made[-1]['occurred_at']:%m%d}"
    made += [{**line, "brand": None, "behaviour": "buy_category", "item_id": None, "seq": 2000 + n,
              "quantity": None, "value_minor": None} for n, line in enumerate(made[:40])]  # fmt: skip
    made += [{**line, "behaviour": "expose", "seq": 3000 + n, "quantity": None, "value_minor": None}
             for n, line in enumerate(made[:40])]  # fmt: skip
    return made


@pytest.fixture(scope="module")
def warehouse(source, tmp_path_factory, lines):
    folder = tmp_path_factory.mktemp("grow")
    items = [{"item_id": i, "brand": "b", "category": c, "subcategory": s, "department": d}
             for i, (c, s, d) in SHELF.items()]  # fmt: skip
    people = pd.DataFrame({"consumer_key": list(AGES), "age_band": list(AGES.values()), "gender": None})
    tables = {"items": pd.DataFrame(items), "consumers": people, "events": pd.DataFrame(lines)}
    ingest(source(folder / "files", tables), "market", folder / "w" / "market", "test")
    return open_warehouse(folder / "w" / "market")


def inside(lines, window, brand=None, behaviours=("buy",)):
    return [
        line
        for line in lines
        if line["behaviour"] in behaviours and window[0] <= line["occurred_at"].date() <= window[1]
        and brand in (None, line["brand"])
    ]  # fmt: skip


def sums(bought):
    orders = {line["basket_id"] or (line["consumer_key"], line["occurred_at"].date()) for line in bought}
    return len({line["consumer_key"] for line in bought}), len(orders), sum(line["value_minor"] for line in bought)


def counted(frame, keys):
    return {tuple(row[:-3]): tuple(row[-3:]) for row in
            frame.groupby(keys)[grow.MEASURES].sum().reset_index().itertuples(index=False)}  # fmt: skip


def test_every_cell_of_every_cut_is_counted_as_by_hand(warehouse, lines):
    memory = 25
    frame = grow.cells(warehouse, "b", WINDOWS, "subcategory", ["age_band"], memory)
    by_hand = {}
    for period, window in WINDOWS.items():
        bought = inside(lines, window, "b")
        past = (window[0] - dt.timedelta(days=memory), window[0] - dt.timedelta(days=1))
        knew = {line["consumer_key"] for line in inside(lines, past, "b")}
        cuts = {
            "all": lambda line: "all",
            "subcategory": lambda line: SHELF[line["item_id"]][1] or grow.UNKNOWN,
            "age_band": lambda line: AGES[line["consumer_key"]] or grow.UNKNOWN,
            "history": lambda line, knew=knew: "old" if line["consumer_key"] in knew else "new",
        }
        for cut, cell in cuts.items():
            for name in {cell(line) for line in bought}:
                by_hand[period, cut, name] = sums([line for line in bought if cell(line) == name])
    assert counted(frame, grow.KEYS) == by_hand
    assert len({cell for _, cut, cell in by_hand if cut == "history"}) == 2
    assert frame.bucket.between(0, grow.BUCKETS - 1).all() and frame.bucket.nunique() > 10


def test_money_adds_up_over_cells_and_people_where_they_stand_in_one(warehouse):
    frame = grow.cells(warehouse, "b", WINDOWS, "category", ["age_band"], 25)
    per_cut = frame.groupby(["cut", "period"])[grow.MEASURES].sum().unstack("cut")
    assert (per_cut.gmv_minor.nunique(axis=1) == 1).all()
    for cut in ("age_band", "history"):
        assert (per_cut.buyers[cut] == per_cut.buyers["all"]).all()
    assert (per_cut.buyers["category"] > per_cut.buyers["all"]).all(), "a buyer of two categories is in both cells"


def test_the_market_counts_each_buyer_of_a_cell_once_whatever_the_brand(warehouse, lines):
    frame = grow.market(warehouse, WINDOWS, "category", ["tea", "soap"])
    for period, window in WINDOWS.items():
        bought = inside(lines, window, behaviours=("buy", "buy_category"))
        for cell in ("tea", "soap"):
            people = {line["consumer_key"] for line in bought if line["category"] == cell}
            assert frame[(frame.period == period) & (frame.cell == cell)].buyers.sum() == len(people)
    only = grow.market(warehouse, WINDOWS, "subcategory", ["green"])
    assert set(only.cell) == {"green"} and list(only.columns) == [*grow.KEYS, "bucket", "buyers"]


@pytest.mark.parametrize(("level", "name", "items"), [
    ("category", "tea", {"i1", "i2"}), ("department", "home", {"i3"}), ("all", "all", set(SHELF)),
])  # fmt: skip
def test_rivals_are_counted_where_they_meet(warehouse, lines, level, name, items):
    found = Peers(level, name, pd.DataFrame({"brand": ["c"], "gmv_minor": [1], "buyers": [1]}))
    frame = grow.rivals(warehouse, "b", found, WINDOWS["now"])
    here = {SHELF[i][0] for i in items}
    every = inside(lines, WINDOWS["now"], behaviours=("buy", "buy_category"))
    every = [{**line, "value_minor": line["value_minor"] or 0} for line in every if line["category"] in here]
    by_hand = {(b,): sums([li for li in every if li["brand"] == b]) for b in "bc"} | {(grow.MARKET,): sums(every)}
    assert counted(frame, ["brand"]) == by_hand


def test_windows_are_as_long_as_each_other_and_reach_only_what_the_data_reach(warehouse):
    assert grow.windows(warehouse, dt.date(2024, 5, 31), 30) == {
        "now": WINDOWS["now"], "before": WINDOWS["before"],
    }  # fmt: skip
    found = grow.windows(warehouse, dt.date(2024, 7, 31), 30)
    assert found["year"] == WINDOWS["year"] and list(found) == ["now", "year", "before"]
    assert {(last - first).days for first, last in found.values()} == {29}
    leap = grow.windows(warehouse, dt.date(2028, 2, 29), 10)
    assert leap["year"] == (dt.date(2027, 2, 19), dt.date(2027, 2, 28))
    assert list(grow.windows(warehouse, dt.date(2023, 6, 20), 20)) == ["now"]
    assert grow.chosen(found, "before") == "before" and grow.chosen(found, "year") == "year"
    assert grow.chosen({"now": 1, "before": 2}, "year") == "before" and grow.chosen({"now": 1}, "year") is None


def test_memory_is_what_the_earliest_window_can_look_back_on(warehouse):
    assert grow.lookback(warehouse, WINDOWS) == 31
    assert grow.lookback(warehouse, {"now": WINDOWS["now"]}) == (WINDOWS["now"][0] - dt.date(2023, 6, 1)).days
    far = dt.date(2026, 1, 1)
    assert grow.lookback(warehouse, {"now": (far, far)}) == grow.YEAR


def test_only_columns_that_know_something_are_known(warehouse):
    assert grow.known(warehouse, ["gender", "age_band", "shoe_size"]) == ["age_band"]
    assert grow.known(warehouse, ["shoe_size"]) == []


def test_nobody_bought_and_a_level_that_is_none(warehouse):
    empty = grow.cells(warehouse, "nobody's", WINDOWS, "category", ["age_band"], 25)
    assert empty.empty and list(empty.columns) == [*grow.KEYS, "bucket", *grow.MEASURES]
    assert grow.pooled(empty, "category", 20) == {} and grow.pool(empty, {}).empty
    assert grow.market(warehouse, WINDOWS, "category", []).empty
    with pytest.raises(ApexError, match="category"):
        grow.cells(warehouse, "b", WINDOWS, "categry")


@pytest.mark.parametrize("seed", range(40))
def test_pooled_cells_are_large_and_add_up(seed):
    """In every cut and window a cell has nobody or at least the threshold, unless the whole is smaller itself."""
    dice, threshold = np.random.default_rng(seed), 10
    rows = [
        (period, cut, f"c{n}", 0, int(dice.choice([0, 1, 4, 12, 60])), 1, 7)
        for period in ("now", "before") for cut in ("category", "age_band") for n in range(dice.integers(1, 7))
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=[*grow.KEYS, "bucket", *grow.MEASURES])
    frame = frame[frame.buyers > 0]
    small = grow.pooled(frame, "category", threshold)
    after = grow.pool(frame, small)
    for (cut, period), before in frame.groupby(["cut", "period"]):
        mine = after[(after.cut == cut) & (after.period == period)]
        assert mine[grow.MEASURES].sum().equals(before[grow.MEASURES].sum())
        alone = mine[mine.cell != grow.OTHER]
        assert (alone.buyers >= threshold).all()
        members = before[[small.get((cut, c)) == grow.OTHER for c in before.cell]]
        if len(alone) and len(members):
            people = members.buyers.max() if cut == "category" else members.buyers.sum()
            assert people >= threshold
    assert grow.pooled(frame, "category", 1) == {}


def test_a_cell_alone_below_the_threshold_takes_a_large_one_with_it():
    """The difference between the whole and what is shown would give it away."""
    rows = [("now", "age_band", cell, 0, n, n, n) for cell, n in (("a", 3), ("b", 40), ("c", 90))]
    frame = pd.DataFrame(rows, columns=[*grow.KEYS, "bucket", *grow.MEASURES])
    assert grow.pooled(frame, "category", 10) == {("age_band", "a"): "*", ("age_band", "b"): "*"}
    assert list(grow.pool(frame, grow.pooled(frame, "category", 10)).buyers) == [43, 90]
