"""What the five powers are made of, against counts by hand and against the functions that count one part each."""

import datetime as dt
import random

import pandas as pd
import pytest

from apex import ledger
from apex.ledger.rules import parse_rules
from apex.measure import fast, members, powers, trade
from apex.measure.content_rules import load_content_rules
from apex.measure.windows import stocks
from apex.warehouse import open_warehouse
from apex.warehouse.ingest import ingest

START, DAYS = dt.date(2024, 1, 1), 100
BRANDS = ["b", "c", "d"]
RULES = {
    "name": "small",
    "stages": [
        {"id": "A", "name": {"en": "Aware", "zh": "认知"}, "any": [{"behaviour": ["expose", "watch"], "within_days": 9}]},
        {"id": "I", "name": {"en": "Interested", "zh": "兴趣"}, "any": [{"behaviour": ["cart"], "within_days": 9}]},
        {"id": "P", "name": {"en": "Bought", "zh": "购买"}, "any": [{"behaviour": ["buy"], "within_days": 20}]},
    ],
}  # fmt: skip
ITEMS = [
    (f"{b}{n}", b, "tea", ["green", None][n], 1000, START + dt.timedelta(days=60 * n)) for b in BRANDS for n in (0, 1)
]


def log(seed=5):
    dice, rows = random.Random(seed), []
    for n in range(1800):
        brand, what = dice.choice("bbbccd"), dice.choice(["expose", "watch", "watch", "engage", "cart", "buy", "buy", "join",
                                                          "leave", "search_brand", "search_category"])  # fmt: skip
        piece = dice.choice([f"p{brand}", None]) if what in ("expose", "watch", "engage") else None
        item = dice.choice([f"{brand}0", f"{brand}1"]) if what == "buy" else None
        moment = dt.datetime.combine(START, dt.time(9)) + dt.timedelta(
            days=dice.randrange(DAYS), minutes=dice.randrange(600)
        )
        rows.append({
            "consumer_key": f"k{dice.randrange(70)}", "brand": None if what == "search_category" else brand, "behaviour": what,
            "occurred_at": moment, "seq": n, "item_id": item, "content_id": piece,
            "category": "tea" if what in ("buy", "cart", "search_category") else None,
            "quantity": dice.choice([1, 2]) if what == "buy" else None,
            "value_minor": dice.randrange(100, 3000) if what == "buy" else None,
            "duration_s": dice.choice([1.0, 2.0, 8.0, None]) if what == "watch" else None,
        })  # fmt: skip
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def made(source, tmp_path_factory):
    """(book, log, periods, counted)."""
    folder, events = tmp_path_factory.mktemp("powers"), log()
    tables = {
        "items": pd.DataFrame(
            ITEMS, columns=["item_id", "brand", "category", "subcategory", "list_price_minor", "launched_on"]
        ),
        "contents": pd.DataFrame({"content_id": [f"p{b}" for b in BRANDS], "brand": BRANDS, "format": "video", "channel": "x",
                                  "length_s": [10.0, 4.0, None], "published_at": pd.Timestamp(START)}),
        "consumers": pd.DataFrame({"consumer_key": sorted(set(events.consumer_key))}),
        "events": events,
    }  # fmt: skip
    ingest(source(folder / "files", tables), "small", folder / "w" / "small", "test")
    book = ledger.ensure(open_warehouse(folder / "w" / "small"), parse_rules(RULES))
    now = (START + dt.timedelta(days=70), START + dt.timedelta(days=89))
    spans = powers.periods(book.warehouse, now)
    counted = powers.count(book, BRANDS, ["tea"], spans, load_content_rules())
    events["day"] = pd.to_datetime(events.occurred_at).dt.date
    return book, events, spans, counted


def whole(counted):
    return counted.people.groupby(["brand", "period"])[powers.SUMS].sum()


def test_periods_end_where_the_data_do(made):
    book, _, spans, counted = made
    assert list(spans) == ["now", "before"] and spans["before"][1] == spans["now"][0] - dt.timedelta(days=1)
    assert powers.earlier(book.warehouse, spans)["now-"] == spans["before"]
    assert set(counted.trade.period) == {"now", "before", "now-", "before-"}
    assert set(counted.comparable) == set(spans) and all(counted.comparable.values())


def test_stages_members_and_trade_are_those_of_their_own_measures(made):
    book, _, spans, counted = made
    got = whole(counted)
    day = dt.timedelta(days=1)
    staged = fast.counts(book, {p: (a - day, b) for p, (a, b) in spans.items()}, BRANDS).set_index(["brand", "period"])
    held = members.on_days(book.warehouse, [b for _, b in spans.values()], BRANDS).set_index(["brand", "day"])
    free = stocks(book, BRANDS, [a - day for a, _ in spans.values()]).set_index(["brand", "day", "cell"]).consumers
    for brand, period in got.index:
        (first, last), row = spans[period], got.loc[brand, period]
        assert (
            row[["assets", "start", "rose"]].tolist()
            == staged.loc[(brand, period), ["consumers", "start", "rose"]].tolist()
        )
        assert row[["members", "members_active"]].tolist() == held.loc[(brand, last)].tolist()
        sold = trade.sales(book.warehouse, brand, first, last)
        assert (row.gmv, row.buyers) == (sold.gmv_minor, sold.buyers)
        assert row.open == free[brand, first - day, "O"] + free[brand, first - day, "A"]
        lines = counted.trade[(counted.trade.brand == brand) & (counted.trade.period == period)]
        assert (lines.gmv.sum(), lines.buyers.sum(), lines.orders.sum()) == (sold.gmv_minor, sold.buyers, sold.orders)
    assert got.deepened.min() > 0 and (got.deepened < got.open).all()


def test_content_searches_new_items_and_prices_by_hand(made):
    _, events, spans, counted = made
    got = whole(counted)
    launched = {item: day for item, *_, day in ITEMS}
    leaf = {item: sub or "tea" for item, _, _, sub, *_ in ITEMS}
    length = dict(zip([f"p{b}" for b in BRANDS], [10.0, 4.0, None], strict=True))
    for brand, period in got.index:
        first, last = spans[period]
        inside = events[(events.day >= first) & (events.day <= last)]
        mine, row = inside[inside.brand == brand], got.loc[brand, period]
        enough = [d >= 3 or (length[c] is not None and d >= 0.25 * length[c]) if isinstance(c, str) and d == d else False
                  for c, d in zip(mine.content_id, mine.duration_s, strict=True)]  # fmt: skip
        seen = mine.content_id.notna() & (
            (mine.behaviour == "expose") | ((mine.behaviour == "watch") & mine.duration_s.notna())
        )
        assert row[["effective", "seen"]].tolist() == [sum(enough), seen.sum()]
        assert (row.viewers, row.met) == (mine.consumer_key[enough].nunique(), mine.consumer_key[seen].nunique())
        assert row.interactions == ((mine.behaviour == "engage") & mine.content_id.notna()).sum()
        assert row.searchers == mine.consumer_key[mine.behaviour == "search_brand"].nunique()
        bought = inside[inside.behaviour == "buy"].assign(leaf=lambda t: t.item_id.map(leaf))
        usual = bought.groupby("leaf").value_minor.sum() / bought.groupby("leaf").quantity.sum()
        ours = bought[bought.brand == brand]
        assert (
            row.expected == pytest.approx((ours.quantity * ours.leaf.map(usual)).sum())
            and row.priced == ours.value_minor.sum()
        )
        age = [(d - launched[i]).days for d, i in zip(ours.day, ours.item_id, strict=True)]
        assert row.fresh == ours.value_minor[[0 <= a <= powers.NEW_DAYS for a in age]].sum()
    assert got.fresh.min() > 0 and (got.fresh < got.gmv).any()


def test_a_market_without_members_or_content_counts_noughts(market):
    start = dt.datetime(2024, 1, 1, 9)
    rows = [{"consumer_key": f"k{n % 5}", "brand": "bc"[n % 2], "occurred_at": start + dt.timedelta(days=n), "behaviour": "buy"}
            for n in range(20)]  # fmt: skip
    book = ledger.ensure(market(rows), parse_rules(RULES))
    spans = powers.periods(book.warehouse, (dt.date(2024, 1, 15), dt.date(2024, 1, 20)))
    got = whole(powers.count(book, ["b", "c", "nobody"], None, spans, load_content_rules()))
    assert (got[["members", "viewers", "searchers", "fresh"]] == 0).all().all()
    assert got.loc["b", "now"].buyers == 3
