"""Cells of windows against a recomputation by brute force, peers by hand, and a history that sees nothing later than its day."""

import datetime as dt
import random

import pandas as pd
import pytest

from apex import ledger
from apex.errors import ApexError
from apex.ledger.rules import parse_rules
from apex.measure import history, peers, windows

RULES = {
    "name": "small",
    "stages": [
        {"id": "A", "name": {"en": "Aware", "zh": "认知"}, "any": [{"behaviour": ["expose"], "within_days": 5}]},
        {"id": "P", "name": {"en": "Bought", "zh": "购买"}, "any": [{"behaviour": ["buy"], "within_days": 9}]},
        {"id": "L", "name": {"en": "Loyal", "zh": "忠诚"},
         "any": [{"behaviour": ["buy"], "at_least": 2, "within_days": 9}]},
    ],
}  # fmt: skip
DAYS, CONSUMERS = 100, 25
CELLS = ["none", "O", "A", "P", "L"]
HOME = {"b": "tea", "c": "tea", "d": "milk"}


def log(seed=7, after=None):
    """A hundred days of three brands; `after`: what follows that day is another world's."""
    dice, start, rows = random.Random(seed), dt.datetime(2024, 1, 1, 9), []
    for number in range(900):
        brand = dice.choice("bbccd")
        category = HOME[brand] if dice.random() < 0.8 else dice.choice(["tea", "milk"])
        behaviour = dice.choice(["expose", "expose", "buy"])
        day = dice.randrange(DAYS)
        rows.append(
            {
                "consumer_key": f"c{dice.randrange(CONSUMERS)}", "brand": brand, "category": category, "behaviour": behaviour,
                "occurred_at": start + dt.timedelta(days=day, minutes=dice.randrange(600)), "channel": None,
                "value_minor": dice.randrange(50, 500) if behaviour == "buy" else None, "number": number,
            }
        )  # fmt: skip
    rows += [
        {"consumer_key": f"c{n}", "brand": "d", "category": None, "behaviour": "expose", "occurred_at": start, "channel": None,
         "value_minor": None, "number": 900 + n}
        for n in range(CONSUMERS)
    ]  # fmt: skip
    if after is not None:
        kept = [r for r in rows if r["occurred_at"].date() <= after]
        rows = kept + [r for r in log(seed + 1) if r["occurred_at"].date() > after]
    return [{k: v for k, v in r.items() if k != "number"} for r in rows]


@pytest.fixture
def book(market):
    return ledger.ensure(market(log()), parse_rules(RULES))


def cell_of(events, brand, consumer, day, main):
    """The cell by the rules' own words."""
    mine = [e for e in events if e["consumer_key"] == consumer]
    bought = {e["occurred_at"].date() for e in mine if e["brand"] == brand and e["behaviour"] == "buy"}
    seen = {e["occurred_at"].date() for e in mine if e["brand"] == brand and e["behaviour"] == "expose"}
    recent = {d for d in bought if 0 <= (day - d).days < 9}
    if len(recent) >= 2:
        return "L"
    if recent:
        return "P"
    if any(0 <= (day - d).days < 5 for d in seen):
        return "A"
    about = [e["occurred_at"].date() for e in mine if e["category"] == main]
    return "O" if any(0 <= (day - d).days < 30 for d in about) else "none"


def main_of(events, brand, day):
    sums = {}
    for e in events:
        if e["brand"] == brand and e["behaviour"] == "buy" and e["occurred_at"].date() <= day:
            sums[e["category"]] = sums.get(e["category"], 0) + e["value_minor"]
    return max(sorted(sums), key=sums.get) if sums else None


WINDOWS = [(10, 20), (30, 50), (45, 99), (0, 5)]


def test_cells_consumers_buyers_and_money_by_brute_force(book, day):
    events, brands = log(), ["b", "d"]
    asked = [(day(a), day(z)) for a, z in WINDOWS]
    frame = windows.results(book, brands, asked)
    assert len(frame) == len(brands) * len(asked) * len(CELLS)
    for (brand, first, last), part in frame.groupby(["brand", "first_day", "last_day"]):
        eve = first - dt.timedelta(days=1)
        main = main_of(events, brand, eve)
        expected = {cell: [0, 0, 0] for cell in CELLS}
        for n in range(CONSUMERS):
            consumer = f"c{n}"
            cell = cell_of(events, brand, consumer, eve, main)
            spent = [
                e["value_minor"] for e in events
                if (e["consumer_key"], e["brand"], e["behaviour"]) == (consumer, brand, "buy")
                and first <= e["occurred_at"].date() <= last
            ]  # fmt: skip
            expected[cell][0] += 1
            expected[cell][1] += bool(spent)
            expected[cell][2] += sum(spent)
        found = part.set_index("cell")[["consumers", "buyers", "gmv_minor"]]
        assert {c: list(found.loc[c]) for c in CELLS} == expected, (brand, first)


def test_cells_add_to_gmv_and_to_everyone(book, day):
    asked = [(day(a), day(z)) for a, z in WINDOWS]
    frame = windows.results(book, ["b", "c", "d"], asked)
    whole = frame.groupby(["brand", "first_day", "last_day"])[["consumers", "gmv_minor"]].sum()
    for (brand, first, last), row in whole.iterrows():
        sold = peers.sales_by_brand(book.warehouse, first, last).set_index("brand").gmv_minor
        assert row.gmv_minor == sold.get(brand, 0) and row.consumers == CONSUMERS
    stock = windows.stocks(book, ["b", "c", "d"], [w[0] - dt.timedelta(days=1) for w in asked])
    eves = frame.assign(day=[d - dt.timedelta(days=1) for d in frame.first_day])
    both = stock.merge(eves, on=["brand", "day", "cell"])
    assert len(both) == len(stock) and (both.consumers_x == both.consumers_y).all()


def test_build_up_is_the_share_of_the_eves_stock(book, day):
    frame = windows.build_up(book, ["b"], day(60), 14).set_index("cell")
    stock = windows.stocks(book, ["b"], [day(46), day(60)]).pivot(index="cell", columns="day", values="consumers")
    assert (frame.then == stock[day(46)]).all() and (frame.eve == stock[day(60)]).all()
    assert frame.share["A"] == pytest.approx(stock[day(46)]["A"] / stock[day(60)]["A"])


def test_untouched_is_what_would_stay_without_new_events(book, day):
    frame = history.untouched(book, ["b", "c"], [day(50), day(70)], 3)
    assert len(frame) == 2 * 2 * 3
    for when in (day(50), day(70)):
        events = [e for e in log() if e["occurred_at"].date() <= when]
        for brand in "bc":
            cells = [cell_of(events, brand, f"c{n}", when + dt.timedelta(days=3), None) for n in range(CONSUMERS)]
            found = frame[(frame.brand == brand) & (frame.day == when)].set_index("cell").consumers
            assert {c: found[c] for c in "APL"} == {c: cells.count(c) for c in "APL"}


def test_a_history_sees_nothing_later_than_its_day(source, tmp_path, day):
    from apex.warehouse import open_warehouse
    from apex.warehouse.ingest import ingest

    as_of, seen = day(70), []
    for number, events in enumerate((log(), log(after=as_of))):
        frame = pd.DataFrame(events)
        frame = frame.sort_values(["occurred_at", "consumer_key", "brand", "behaviour"], ignore_index=True)
        frame["seq"] = range(len(frame))
        frame["quantity"] = frame.behaviour.eq("buy").map({True: 1, False: None}).astype("Int64")
        frame["value_minor"] = frame.value_minor.astype("Int64")
        tables = {
            "items": pd.DataFrame({"item_id": list("bcd"), "brand": list("bcd")}),
            "consumers": pd.DataFrame({"consumer_key": [f"c{n}" for n in range(CONSUMERS)]}),
            "events": frame,
        }
        ingest(source(tmp_path / f"files{number}", tables), "m", tmp_path / f"w{number}" / "m", "test")
        book = ledger.ensure(open_warehouse(tmp_path / f"w{number}" / "m"), parse_rules(RULES))
        seen.append(history.history(book, ["b", "c"], as_of, 10, 14))
    one, other = seen
    for name in ("sales", "results", "stocks", "untouched"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name))
    assert len(one.results) and one.results.last_day.max() <= as_of and one.grid[-1] == as_of
    assert set(one.stocks.day) >= {as_of, as_of - dt.timedelta(days=28), as_of - dt.timedelta(days=18)}


def test_bad_windows_are_refused(book, day):
    for asked, message in [
        ([(day(5), day(4))], "has no day"),
        ([(day(5), day(200))], "outside what may be seen"),
        ([(day(-3), day(2))], "outside what may be seen"),
        ([], "no day given"),
    ]:
        with pytest.raises(ApexError, match=message):
            windows.results(book, ["b"], asked)
    with pytest.raises(ApexError, match="is none"):
        history.history(book, ["b"], day(50), -1, 56)
