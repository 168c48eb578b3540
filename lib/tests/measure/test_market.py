"""The market around a brand against plain pandas on a small random market, and what may never be taken apart."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from apex.measure import market
from apex.measure import share as measure
from apex.measure.switching import newcomers, switching
from apex.warehouse import open_warehouse
from apex.warehouse.ingest import ingest

FIRST, DAYS = dt.date(2024, 1, 1), 120
BRANDS = ["me", *(f"o{n}" for n in range(8))]


def on(n):
    return FIRST + dt.timedelta(days=n)


def rows_of(seed=3, people=60, brands=BRANDS, days=DAYS, count=900):
    """Purchases and searches in tea and milk, some of an unknown brand, with quantities and prices of their own."""
    dice = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "consumer_key": [f"k{n}" for n in dice.integers(0, people, count)],
            "brand": dice.choice(brands, count),
            "category": dice.choice(["tea", "milk"], count, p=[0.8, 0.2]),
            "behaviour": dice.choice(["buy", "buy", "buy", "search_category", "search_brand", "buy_category"], count),
            "minute": dice.integers(0, days * 1440, count),
            "quantity": dice.integers(1, 4, count),
            "value_minor": dice.integers(50, 900, count),
            "detail": dice.choice(["green", "black", None], count),
        }
    )
    frame["occurred_at"] = pd.Timestamp(FIRST) + pd.to_timedelta(frame.pop("minute"), unit="min")
    frame.loc[0, ["occurred_at", "behaviour"]] = pd.Timestamp(FIRST), "buy"
    frame.loc[1, ["occurred_at", "behaviour"]] = pd.Timestamp(on(days - 1)), "buy"
    frame.loc[frame.behaviour.isin(["search_category", "buy_category"]), "brand"] = None
    money = frame.behaviour.isin(["buy", "buy_category"])
    frame["quantity"] = frame.quantity.where(money).astype("Int64")
    frame["value_minor"] = frame.value_minor.where(money).astype("Int64")
    frame["item_id"] = frame.brand.where(frame.brand.notna(), None) + frame.detail.map({"green": "g"}).fillna("b")
    frame["detail"] = frame.detail.where(frame.behaviour.str.startswith("search"), None)
    frame["item_id"] = frame.item_id.where(frame.behaviour == "buy", None)
    frame["day"] = frame.occurred_at.dt.date
    return frame.assign(seq=range(len(frame)))


def built(source, folder, rows):
    items = [
        {"item_id": f"{b}{i}", "brand": b, "category": "tea", "subcategory": sub}
        for b in sorted(set(rows.brand.dropna()))
        for i, sub in (("g", "green"), ("b", "black"))
    ]
    people = pd.DataFrame({"consumer_key": sorted(set(rows.consumer_key))})
    events = rows.drop(columns="day")
    ingest(
        source(folder / "files", {"items": pd.DataFrame(items), "consumers": people, "events": events}),
        "market", folder / "w" / "market", "test",
    )  # fmt: skip
    return open_warehouse(folder / "w" / "market")


@pytest.fixture(scope="module")
def rows():
    return rows_of()


@pytest.fixture(scope="module")
def shop(source, tmp_path_factory, rows):
    return built(source, tmp_path_factory.mktemp("shop"), rows)


@pytest.fixture
def make(source, tmp_path):
    return lambda rows: built(source, tmp_path, rows)


def bought(rows, first, last, category="tea"):
    inside = (rows.day >= first) & (rows.day <= last) & (rows.category == category)
    return rows[inside & rows.behaviour.isin(["buy", "buy_category"])]


# --- who is there --------------------------------------------------------------------------------------------------


def test_the_best_are_the_five_largest_others_and_never_those_excluded(shop, rows):
    sold = bought(rows, on(20), on(100)).groupby("brand").value_minor.sum().drop("me").sort_values(ascending=False)
    found = market.parties(shop, "tea", "me", on(20), on(100), exclude=[sold.index[0]])
    assert list(found.best) == list(sold.index[1:6]) and found.others == 3
    assert found.ids == ["us", "best", "others"] and found.enough and found.shown == "tea"


@pytest.mark.parametrize(
    ("brands", "ids", "enough"),
    [
        (7, ["us", "others"], True),  # six others: five of them would leave one alone
        (8, ["us", "best", "others"], True),
        (2, ["us", "others"], False),  # one other: the category less us is that brand
        (1, ["us"], True),
    ],
)
def test_no_party_of_others_is_one_brand(make, brands, ids, enough):
    w = make(rows_of(brands=BRANDS[:brands], count=400).query("brand.notna()"))
    found = market.parties(w, "tea", "me", on(0), on(DAYS - 1))
    assert (found.ids, found.enough) == (ids, enough)
    assert found.shown == ("tea" if enough else "")


def test_a_category_with_one_other_brand_is_not_counted_at_all(make):
    w = make(rows_of(brands=["me", "o0"], count=400).query("brand.notna()"))
    found = market.parties(w, "tea", "me", on(0), on(DAYS - 1))
    assert measure.by_bucket(w, "tea", "me", [(on(0), on(50))]).empty
    assert switching(w, found, (on(0), on(50)), (on(51), on(100))).consumers.sum() == 0
    assert newcomers(w, found, on(60), on(100)).consumers.sum() == 0
    assert set(market.searches(w, "tea", "me", [(on(0), on(50))]).kind) == {"category", "us"}


def test_a_brand_that_sold_nothing_has_no_category_and_nothing_fails(shop):
    assert market.category_of(shop, "me", FIRST - dt.timedelta(days=1)) == ""
    nobody = market.parties(shop, "", "me", on(0), on(9))
    assert nobody.ids == ["us"]
    assert measure.by_bucket(shop, "", "me", [(on(0), on(9))])[measure.SUMS].to_numpy().sum() == 0
    assert market.daily(shop, "", on(0), on(9)).gmv_minor.sum() == 0
    assert market.paid(shop, "", on(0), on(9), float("nan")).isna().sum() >= 4
    assert market.prices(shop, "", "me", on(0), on(9)).empty and market.terms(shop, "", "me", [(on(0), on(9))]).empty


# --- sums ----------------------------------------------------------------------------------------------------------


def test_buckets_add_to_the_market_and_to_us(shop, rows):
    windows = [(on(0), on(29)), (on(30), on(59)), (on(45), on(74)), (on(100), on(100))]
    frame = measure.by_bucket(shop, "tea", "me", windows)
    assert len(frame) == 4 * measure.BUCKETS
    for (first, last), part in frame.groupby(["first_day", "last_day"]):
        truth = bought(rows, first, last)
        ours = truth[truth.brand == "me"]
        assert part.gmv_minor.sum() == truth.value_minor.sum()
        assert part.gmv_brand_minor.sum() == ours.value_minor.sum()
        assert part.buyers.sum() == truth.consumer_key.nunique()
        assert part.buyers_brand.sum() == ours.consumer_key.nunique()
        assert set(part.others) == {truth.brand.dropna()[truth.brand != "me"].nunique()}
        assert part.buyers.max() < truth.consumer_key.nunique(), "they do not all fall in one bucket"


def test_daily_sales_are_the_categorys(shop, rows):
    frame = market.daily(shop, "tea", on(0), on(DAYS - 1))
    truth = bought(rows, on(0), on(DAYS - 1)).groupby("day").value_minor.sum()
    assert list(frame.day) == [on(n) for n in range(DAYS)]
    assert (frame.set_index("day").gmv_minor == truth.reindex(frame.day).fillna(0).astype(int)).all()


def test_prices_by_subcategory_and_what_buyers_pay(shop, rows):
    truth = bought(rows, on(10), on(90)).query("behaviour == 'buy'")
    truth = truth.assign(sub=truth.item_id.str[-1].map({"g": "green", "b": "black"}), us=truth.brand == "me")
    frame = market.prices(shop, "tea", "me", on(10), on(90)).set_index(["subcategory", "party"])
    for (sub, us), part in truth.groupby(["sub", "us"]):
        row = frame.loc[(sub, "us" if us else "others")]
        assert (row.units, row.gmv_minor, row.brands) == (
            part.quantity.sum(), part.value_minor.sum(), part.brand.nunique()
        )  # fmt: skip
    each = truth.groupby("consumer_key").value_minor.sum() / truth.groupby("consumer_key").quantity.sum()
    paid = market.paid(shop, "tea", on(10), on(90), 200.0)
    assert list(paid[["low", "middle", "high"]]) == pytest.approx(list(each.astype(float).quantile([0.25, 0.5, 0.75])))
    assert paid.below == pytest.approx((each < 200).mean()) and paid.buyers == len(each)


def test_searches_and_their_words(shop, rows):
    windows = [(on(0), on(40)), (on(41), on(81))]
    frame = market.searches(shop, "tea", "me", windows)
    assert len(frame) == 6
    for row in frame.itertuples():
        inside = rows[(rows.day >= row.first_day) & (rows.day <= row.last_day) & (rows.category == "tea")]
        kind = {
            "category": inside.behaviour == "search_category",
            "us": (inside.behaviour == "search_brand") & (inside.brand == "me"),
            "others": (inside.behaviour == "search_brand") & (inside.brand != "me"),
        }[row.kind]
        assert (row.searches, row.searchers) == (kind.sum(), inside[kind].consumer_key.nunique())
    words = market.terms(shop, "tea", "me", windows[:1])
    inside = rows[(rows.day <= on(40)) & (rows.category == "tea") & rows.detail.notna()]
    named = inside[(inside.behaviour == "search_category") | (inside.brand == "me")]
    assert dict(zip(words.term, words.searches, strict=True)) == named.groupby("detail").size().to_dict()


# --- windows ------------------------------------------------------------------------------------------------------


def test_windows_lie_whole_in_the_data():
    found = measure.compare(dt.date(2022, 3, 1), dt.date(2024, 2, 29), 28)
    assert found.now == (dt.date(2024, 2, 2), dt.date(2024, 2, 29)) and found.every[-1] == found.now
    assert found.before == (dt.date(2024, 1, 5), dt.date(2024, 2, 1))
    assert found.year == (dt.date(2023, 2, 1), dt.date(2023, 2, 28)), "as long, to the 28th"
    assert all(b[0] - a[1] == dt.timedelta(days=1) for a, b in zip(found.every, found.every[1:], strict=False))
    assert found.every[0][0] >= dt.date(2022, 3, 1) and len(found.every) == 26
    young = measure.compare(dt.date(2024, 2, 29), dt.date(2024, 2, 29), 28)
    assert (young.before, young.year, young.every, young.asked) == (None, None, [], [young.now])
