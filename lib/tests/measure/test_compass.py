"""The compass against a recomputation by brute force over the log."""

import datetime as dt
import random

import numpy as np
import pandas as pd
import pytest

from apex import ledger
from apex.ledger.rules import parse_rules
from apex.measure import assets, compass, fast, standing
from apex.measure.peers import Peers

RULES = {
    "name": "small",
    "stages": [
        {"id": "A", "name": {"en": "Aware", "zh": "认知"}, "any": [{"behaviour": ["expose"], "within_days": 5}]},
        {"id": "P", "name": {"en": "Bought", "zh": "购买"}, "any": [{"behaviour": ["buy"], "within_days": 9}]},
        {"id": "L", "name": {"en": "Loyal", "zh": "忠诚"},
         "any": [{"behaviour": ["buy"], "at_least": 2, "within_days": 9}]},
    ],
}  # fmt: skip
DAYS = 60
START = dt.datetime(2024, 1, 1, 9)


def log(with_members=True):
    dice = random.Random(9)
    kinds = ["expose", "expose", "buy", "buy"] + (["join", "leave", "cart"] if with_members else [])
    rows = []
    for number in range(1200):
        behaviour = dice.choice(kinds)
        rows.append(
            {
                "consumer_key": f"c{dice.randrange(60)}", "brand": dice.choice("bbbccd"), "category": "tea",
                "occurred_at": START + dt.timedelta(days=dice.randrange(DAYS), minutes=number % 600), "behaviour": behaviour,
                "business": "shop", "basket_id": f"k{dice.randrange(300)}" if dice.random() < 0.3 else None,
                "value_minor": dice.randrange(50, 500) if behaviour == "buy" else None,
            }
        )  # fmt: skip
    return rows + [rows[0] | {"occurred_at": START + dt.timedelta(days=d), "behaviour": "expose", "value_minor": None}
                   for d in (0, DAYS - 1)]  # fmt: skip


@pytest.fixture(scope="module")
def rows():
    return log()


def number(event):
    return (event["occurred_at"].date() - START.date()).days


PERIODS = {"now": (52, 59), "before": (45, 52), "year_ago": (-10, -3), "now long": (31, 59), "before long": (3, 31)}


def days_of(day, names=tuple(PERIODS)):
    return {p: tuple(day(n) for n in PERIODS[p]) for p in names}


def bought(rows, brand, start=-1, end=DAYS):
    return [e for e in rows if e["brand"] == brand and e["behaviour"] == "buy" and start < number(e) <= end]


def is_member(rows, brand, consumer, day):
    turns = [e for e in rows if (e["brand"], e["consumer_key"]) == (brand, consumer) and number(e) <= day
             and e["behaviour"] in ("join", "leave")]  # fmt: skip
    turns.sort(key=lambda e: e["occurred_at"])
    return bool(turns) and turns[-1]["behaviour"] == "join"


def test_trade_by_new_and_old_members_and_others(market, rows, day):
    found = compass.trade(market(rows), ["b", "c", "nobody"], days_of(day))
    assert len(found) == 3 * 5 * 5
    for row in found.itertuples():
        start, end = PERIODS[row.period]
        mine = bought(rows, row.brand, start, end)
        before = {e["consumer_key"] for e in bought(rows, row.brand, end=start)}
        keep = {
            "all": lambda e: True,
            "new": lambda e, b=before: e["consumer_key"] not in b,
            "old": lambda e, b=before: e["consumer_key"] in b,
            "member": lambda e, r=row, d=end: is_member(rows, r.brand, e["consumer_key"], d),
            "other": lambda e, r=row, d=end: not is_member(rows, r.brand, e["consumer_key"], d),
        }[row.group]
        mine = [e for e in mine if keep(e)]
        orders = {(e["consumer_key"], number(e), e["basket_id"] or number(e)) for e in mine}
        assert (row.buyers, row.orders, row.gmv_minor) == (
            len({e["consumer_key"] for e in mine}), len(orders), sum(e["value_minor"] for e in mine)), row  # fmt: skip
        assert row.whole == (start >= -1)
    sums = (
        found.groupby(["brand", "period", "cut"], observed=True)[["buyers", "orders", "gmv_minor"]].sum().unstack("cut")
    )
    for column in ("buyers", "orders", "gmv_minor"):
        assert (sums[column]["history"] == sums[column]["all"]).all()
        assert (sums[column]["membership"] == sums[column]["all"]).all()


def test_without_memberships_there_is_no_such_cut(market, day):
    found = compass.trade(market(log(with_members=False)), ["b"], days_of(day))
    assert set(found.cut) == {"all", "history"}


@pytest.mark.parametrize("year", [365, 20])
def test_active_consumers_and_who_made_the_change(market, rows, day, monkeypatch, year):
    monkeypatch.setattr(compass, "YEAR", year)
    found = compass.active(market(rows), ["b", "c", "nobody"], days_of(day, ("now", "year_ago")))
    for row in found.itertuples():
        start, end = PERIODS[row.period]
        window = max(0, min(year, start + 1))
        before, now = ({e["consumer_key"] for e in bought(rows, row.brand, d - window, d)} for d in (start, end))
        expected = (len(before), len(now - before), len(before - now), len(now), window)
        assert (row.before, row.joined, row.lapsed, row.now, row.window) == expected
        assert row.now == row.before + row.joined - row.lapsed


def test_weeks_add_up_to_the_gmv_of_their_days(market, rows, day):
    found = compass.weekly(market(rows), "b", day(59), 30)
    assert len(found) == 8 and found.day.iloc[-1] == day(59), "weeks that begin before the data are left out"
    for row in found.itertuples():
        end = (row.day - day(0)).days
        mine = bought(rows, "b", end - 7, end)
        assert (row.buyers, row.gmv_minor) == (
            len({e["consumer_key"] for e in mine}),
            sum(e["value_minor"] for e in mine),
        )
    assert compass.weekly(market(rows), "nobody", day(59), 3).gmv_minor.eq(0).all()
    assert compass.weekly(market(rows), "b", day(3), 3).empty


def read(book, brands, day):
    periods = days_of(day, ("now", "before", "year_ago"))
    flows = standing.flows(book, brands, [d for both in periods.values() for d in both])
    same = {
        p: tuple(assets.comparable(book, periods["now"][1], *d) for d in ((e,), (s, e)))
        for p, (s, e) in periods.items()
    }
    return flows, periods, same


def test_fast_is_that_of_the_health_page(market, rows, day):
    book = ledger.ensure(market(rows), parse_rules(RULES))
    flows, periods, same = read(book, ["b", "c"], day)
    ours = fast.figures(compass.fast(flows, book.warehouse, periods, same))
    theirs = fast.figures(fast.counts(book, periods, ["b", "c"]))
    both = ours.merge(theirs, on=["brand", "period", "figure"], suffixes=("", "_theirs"))
    assert len(both) == len(ours) == 2 * 3 * 5
    for column in ("n", "of", "rest", "apart"):
        assert both[column].equals(both[f"{column}_theirs"]), column
    assert both.n.notna().any()


def test_stocks_at_each_periods_end(market, rows, day):
    book = ledger.ensure(market(rows), parse_rules(RULES))
    flows, periods, same = read(book, ["b", "c"], day)
    found = compass.stocks(flows, periods, {p: end for p, (end, _) in same.items()})
    for brand in "bc":
        stock = assets.stock(book, brand).set_index(["day", "stage"]).consumers
        for row in found[found.brand == brand].itertuples():
            end = periods[row.period][1]
            assert pd.isna(row.consumers) if row.period == "year_ago" else row.consumers == stock[end, row.stage]


def together(book, brands, day):
    flows, periods, same = read(book, brands, day)
    sold = compass.trade(book.warehouse, brands, days_of(day))
    active = compass.active(book.warehouse, brands, {p: periods[p] for p in ("now", "year_ago")})
    letters = fast.values(fast.figures(compass.fast(flows, book.warehouse, periods, same)))
    stood = compass.stocks(flows, periods, {p: end for p, (end, _) in same.items()})
    return compass.figures(sold, active, letters, stood), sold, active


def test_every_figure_is_one_value_of_what_was_counted(market, rows, day):
    book = ledger.ensure(market(rows), parse_rules(RULES))
    values, sold, active = together(book, ["b", "c"], day)
    assert not values.duplicated(["brand", "figure", "period"]).any()
    at = values.set_index(["brand", "figure", "period"]).value
    cells = sold.set_index(["brand", "period", "group"])
    assert at["b", "gmv", "now"] == cells.gmv_minor["b", "now", "all"] and pd.isna(at["b", "gmv", "year_ago"])
    share = cells.buyers["b", "now long", "new"] / cells.buyers["b", "now long", "all"]
    assert at["b", "new_buyers", "now"] == pytest.approx(share)
    share = cells.gmv_minor["b", "before long", "member"] / cells.gmv_minor["b", "before long", "all"]
    assert at["b", "member_gmv", "before"] == pytest.approx(share)
    own = active[(active.brand == "b") & (active.period == "now")].iloc[0]
    assert (at["b", "aac", "now"], at["b", "aac", "before"]) == (own.now, own.before) and pd.isna(
        at["b", "aac", "year_ago"]
    )
    stages = sum(at["b", f"stage:{s}", "now"] for s in "APL")
    assert stages == at["b", "assets", "now"]


def test_a_brand_without_purchases_has_no_shares_and_no_change(market, rows, day):
    book = ledger.ensure(market(rows), parse_rules(RULES))
    values, _, _ = together(book, ["nobody", "c"], day)
    card = compass.scorecard(values, "nobody", peers_of([]))
    at = card.set_index("figure")
    assert at.now["gmv"] == 0 and at.now["aac"] == 0 and at.now["assets"] == 0
    assert at.loc[["new_buyers", "member_gmv", "A"], "now"].isna().all() and at.change.isna().all()
    assert card[["middle", "benchmark"]].isna().all(axis=None)


def peers_of(brands):
    return Peers(
        "category", "tea", pd.DataFrame({"brand": brands, "gmv_minor": range(len(brands), 0, -1), "buyers": 40})
    )


def test_the_card_holds_amounts_by_growth_and_shares_by_level_against_peers():
    names = ["b", *[f"p{n}" for n in range(6)]]
    amounts = {n: (100 + 10 * i, 100, 50) for i, n in enumerate(names)}
    shares = {n: (0.1 * (i + 1), 0.2, None) for i, n in enumerate(names)}
    rows = [(n, figure, p, v, 29 if figure == "T" and n == "p5" else 40)
            for figure, given in (("gmv", amounts), ("T", shares)) for n, three in given.items()
            for p, v in zip(("now", "before", "year_ago"), three, strict=True)]  # fmt: skip
    values = pd.DataFrame(rows, columns=["brand", "figure", "period", "value", "base"]).astype(
        {"value": "Float64", "base": "Float64"}
    )
    card = compass.scorecard(values, "b", peers_of(names[1:])).set_index("figure")
    assert list(card.index) == ["gmv", "T"]
    gmv, t = card.loc["gmv"], card.loc["T"]
    assert (gmv.change, gmv.change_year) == (pytest.approx(0), pytest.approx(1))
    assert gmv.middle == pytest.approx(0.35) and gmv.benchmark == pytest.approx(np.mean([0.1, 0.2, 0.3, 0.4, 0.5]))
    assert t.change == pytest.approx(-0.1) and pd.isna(t.change_year)
    assert t.middle == pytest.approx(np.median([0.2, 0.3, 0.4, 0.5, 0.6])), "a share of 29 people says nothing"
