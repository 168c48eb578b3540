"""Brand switching and newcomers by loops over the log; flows conserve consumers."""

import importlib.util
from pathlib import Path

import pandas as pd
import pytest

from apex.measure import market
from apex.measure.switching import newcomers, switching

spec = importlib.util.spec_from_file_location("small_market", Path(__file__).parent / "test_market.py")
small = importlib.util.module_from_spec(spec)
spec.loader.exec_module(small)
on, bought = small.on, small.bought
BEFORE, AFTER = (on(0), on(59)), (on(60), on(119))


@pytest.fixture(scope="module")
def rows():
    return small.rows_of(seed=5, people=150, count=1200)


@pytest.fixture(scope="module")
def shop(source, tmp_path_factory, rows):
    return small.built(source, tmp_path_factory.mktemp("switch"), rows)


@pytest.fixture(scope="module")
def parties(shop):
    return market.parties(shop, "tea", "me", BEFORE[0], AFTER[1])


def party(parties, brand):
    return "us" if brand == "me" else "best" if brand in parties.best else "others"


def brand_of(mine, choice):
    """The brand of one consumer's lines in a window, by hand."""
    if mine.empty:
        return None
    mine = mine.assign(brand=mine.brand.fillna(""))
    best = None
    for brand, part in mine.groupby("brand"):
        size, latest = int(part.value_minor.sum()), part.occurred_at.max()
        key = (size, latest) if choice == "main" else (latest, size)
        if best is None or key > best[0]:
            best = (key, brand)
    return best[1]


@pytest.mark.parametrize("choice", ["main", "last"])
def test_each_buyer_is_in_one_pair(shop, rows, parties, choice):
    frame = switching(shop, parties, BEFORE, AFTER, choice)
    truth = {}
    lines = bought(rows, BEFORE[0], AFTER[1])
    for _, mine in lines.groupby("consumer_key"):
        sides = [brand_of(bought(mine, *window), choice) for window in (BEFORE, AFTER)]
        pair = tuple("none" if b is None else party(parties, b) for b in sides)
        truth[pair] = truth.get(pair, 0) + 1
    assert len(frame) == 15 and not ((frame.from_party == "none") & (frame.to_party == "none")).any()
    assert {(a, b): n for a, b, n in frame.itertuples(index=False) if n} == truth
    assert frame.consumers.sum() == lines.consumer_key.nunique()
    for side, window in (("from_party", BEFORE), ("to_party", AFTER)):
        there = frame[frame[side] != "none"].consumers.sum()
        assert there == bought(rows, *window).consumer_key.nunique()


def test_main_and_last_differ(shop, parties):
    frames = [switching(shop, parties, BEFORE, AFTER, choice).consumers for choice in ("main", "last")]
    assert not frames[0].equals(frames[1])


def test_newcomers_and_settled_buyers_by_what_they_took_first(shop, rows, parties):
    frame = newcomers(shop, parties, on(20), on(100))
    lines, truth = bought(rows, on(0), on(100)), {}
    for _, mine in lines.groupby("consumer_key"):
        inside = mine[mine.day >= on(20)]
        if inside.empty:
            continue
        first = inside[inside.day == inside.day.min()].assign(brand=lambda f: f.brand.fillna("~"))
        money = first.groupby("brand").value_minor.sum()
        brand = sorted(money.index, key=lambda b: (-money[b], b))[0]
        key = ("new" if (mine.day >= on(20)).all() else "settled", party(parties, brand))
        truth[key] = truth.get(key, 0) + 1
    assert {(a, b): n for a, b, n in frame.itertuples(index=False) if n} == truth
    assert frame.consumers.sum() == bought(rows, on(20), on(100)).consumer_key.nunique()
    assert {"new", "settled"} == set(frame[frame.consumers > 0].segment)


def test_windows_before_the_data_hold_nobody(shop, parties):
    early = (on(-200), on(-100))
    frame = switching(shop, parties, early, BEFORE)
    assert frame[frame.from_party != "none"].consumers.sum() == 0 and frame.consumers.sum() > 0
    assert newcomers(shop, parties, *early).consumers.sum() == 0
    assert isinstance(frame.from_party.dtype, pd.CategoricalDtype)
