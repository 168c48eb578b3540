"""Who is a peer, on which level, and what of them may be shown."""

import datetime as dt

import pandas as pd
import pytest

from apex.errors import ApexError
from apex.measure import peers
from apex.warehouse import open_warehouse
from apex.warehouse.ingest import ingest

FIRST = dt.date(2024, 1, 1)
WINDOW = (dt.date(2024, 2, 1), dt.date(2024, 2, 28))


def sold(brand, category, buyers, value=100, when="2024-02-10 10:00"):
    return [
        {
            "consumer_key": f"k{n}",
            "brand": brand,
            "category": category,
            "behaviour": "buy",
            "value_minor": value,
            "when": when,
        }
        for n in range(buyers)
    ]


@pytest.fixture
def shop(source, tmp_path):
    """`shop(lines)` → a warehouse whose categories tea and milk are in `drinks`, soap in `home`."""

    def build(lines):
        frame = pd.DataFrame([line for part in lines for line in part])
        frame["occurred_at"], frame["seq"], frame["quantity"] = pd.to_datetime(frame.pop("when")), range(len(frame)), 1
        brands = sorted(set(frame.brand))
        catalogue = [("t", "tea", "drinks"), ("m", "milk", "drinks"), ("s", "soap", "home")]
        items = [
            {"item_id": f"{b}{i}", "brand": b, "category": c, "department": d} for b in brands for i, c, d in catalogue
        ]
        people = pd.DataFrame({"consumer_key": sorted(set(frame.consumer_key))})
        tables = {"items": pd.DataFrame(items), "consumers": people, "events": frame}
        ingest(source(tmp_path / "files", tables), "shop", tmp_path / "w" / "shop", "test")
        return open_warehouse(tmp_path / "w" / "shop")

    return build


def names(found):
    return list(found.frame.brand)


def test_the_same_category_when_five_of_thirty_buyers_are_there(shop):
    lines = [sold("me", "tea", 40)] + [sold(f"t{n}", "tea", 30, 100 + n) for n in range(5)]
    w = shop([*lines, sold("small", "tea", 29, 999), sold("other", "milk", 50, 999), sold("label", "tea", 50, 999)])
    found = peers.peers(w, "me", *WINDOW, exclude=["label"])
    assert (found.level, found.name) == ("category", "tea") and names(found) == ["t4", "t3", "t2", "t1", "t0"]
    assert found.enough and found.best == ["t4", "t3", "t2", "t1", "t0"]


def test_widened_to_the_department_and_to_all(shop):
    lines = (
        [sold("me", "tea", 40)]
        + [sold(f"t{n}", "tea", 30) for n in range(2)]
        + [sold(f"m{n}", "milk", 30) for n in range(3)]
    )
    w = shop(lines)
    assert (peers.peers(w, "me", *WINDOW).level, peers.peers(w, "me", *WINDOW).name) == ("department", "drinks")
    w2 = peers.peers(w, "me", *WINDOW, exclude=["m0"])
    assert (w2.level, w2.name, w2.enough, w2.best) == ("all", "all", False, [])


def test_a_brand_without_sales_has_all_as_peers_and_an_unknown_one_is_refused(shop):
    w = shop([sold("new", "tea", 3, when="2024-03-05 10:00")] + [sold(f"s{n}", "soap", 31) for n in range(6)])
    assert peers.peers(w, "new", *WINDOW).level == "all" and len(peers.peers(w, "new", *WINDOW).frame) == 6
    with pytest.raises(ApexError, match='no brand "s9"'):
        peers.peers(w, "s9", *WINDOW)


def test_main_category_is_the_largest_share_of_the_last_year_up_to_the_day(shop):
    old, new = "2023-01-10 10:00", "2024-02-10 10:00"
    w = shop(
        [sold("b", "milk", 9, when=old), sold("b", "tea", 5, when="2024-01-05 10:00"), sold("b", "soap", 4, 200, new)]
    )
    days = [dt.date(2023, 1, 9), dt.date(2023, 6, 1), dt.date(2024, 1, 31), dt.date(2024, 2, 28)]
    found = peers.main_categories(w, days)
    assert list(found.day) == days[1:] and list(found.category) == ["milk", "tea", "soap"]
    assert list(found.department) == ["drinks", "drinks", "home"]
    assert found.share.iloc[2] == pytest.approx(800 / 1300)


def test_only_quartiles_and_the_mean_of_the_best_five_and_none_of_too_few(shop):
    w = shop([sold("me", "tea", 40)] + [sold(f"t{n}", "tea", 30, 100 + n) for n in range(6)])
    found = peers.peers(w, "me", *WINDOW)
    figure = pd.Series({f"t{n}": float(n) for n in range(6)})
    assert peers.benchmark(figure, found) == 3.0 and peers.benchmark(figure.drop("t5"), found) is None
    assert peers.quartiles(figure).to_dict() == {"low": 1.25, "middle": 2.5, "high": 3.75}
    assert peers.quartiles(figure[:4]) is None


def test_the_largest_brands(shop):
    w = shop([sold("a", "tea", 3, 10), sold("b", "tea", 3, 30), sold("c", "milk", 3, 20), sold("x", "milk", 9, 900)])
    assert peers.largest(w, 2, exclude=["x"]) == ["b", "c"]
