"""Which launch the page is about, and what it says on markets with next to nothing in them."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from apex import warehouse
from apex.errors import ApexError
from apex.report.run import Run
from apex.report.upstream import launch as upstream
from apex.warehouse import open_warehouse
from apex.warehouse.ingest import ingest

OPENED, DAYS = dt.date(2024, 1, 1), 420
DAY = OPENED + dt.timedelta(days=DAYS - 1)
CAMPAIGN = """
title: {{en: Brand, zh: 品牌}}
warehouse: market
brand: {brand}
rules: aipl
goal: {{window: [2025-03-01, 2025-03-07], gmv_minor: 1000}}
as_of: {{plan: 2025-02-23}}
currency: CNY
privacy_threshold: {few}
"""


def day(n):
    return OPENED + dt.timedelta(days=n)


def frames(launches, listed=(), sold=None):
    """launches: item → (brand, day number, sales a day); a brand's old item sells besides, unless it is named None."""
    dice, rows, items = np.random.default_rng(5), [], []
    for item, (brand, begins, rate) in launches.items():
        items.append((item, brand, "tea", None if begins is None else day(begins), 1000))
        for n in range(max(begins or 0, 0), DAYS):
            for k in range(dice.poisson(rate)):
                rows.append((f"k{dice.integers(80):02}", brand, item, n, k))
    rows += [(f"k{k:02}", brand, item, n, k) for brand, item, n, k in sold or ()]
    events = pd.DataFrame(rows, columns=["consumer_key", "brand", "item_id", "n", "k"])
    days, minutes = events.pop("n"), events.pop("k")
    events = events.assign(
        occurred_at=[dt.datetime.combine(day(n), dt.time(9, k % 60)) for n, k in zip(days, minutes, strict=True)],
        seq=range(len(events)), category="tea", behaviour="buy", quantity=1, value_minor=1000,
    )  # fmt: skip
    names = ["item_id", "brand", "category", "launched_on", "list_price_minor"]
    return {
        "items": pd.DataFrame(items, columns=names), "events": events,
        "consumers": pd.DataFrame({"consumer_key": [f"k{n:02}" for n in range(80)]}),
        "campaigns": pd.DataFrame(
            [{"campaign_id": "s1", "owner": "b", "name": "s", "first_day": day(425), "last_day": day(431)}]
        ),
        "campaign_items": pd.DataFrame([{"campaign_id": "s1", "brand": "b", "item_id": i} for i in listed]),
    }  # fmt: skip


OLD = {f"{b}-old": (b, -100, 1.0) for b in ("b", "d", "f", "g", "h", *(f"c{n}" for n in range(6)))}
EARLIER = {f"c{n % 6}-{n}": (f"c{n % 6}", 95 + 10 * n, 0.3 + 0.1 * (n % 4)) for n in range(20)}
RICH = {
    **OLD, **EARLIER, "b-mid": ("b", 350, 0.5), "b-new": ("b", 380, 0.5), "b-past": ("b", 200, 0.1), "e-old": ("e", 10, 0.0),
    "f-new": ("f", 380, 9.0), "g-new": ("g", 400, 0.0), "h-new": ("h", DAYS - 1, 0.0),
}  # fmt: skip
POOR = {**OLD, "c0-1": ("c0", 200, 0.5), "b-new": ("b", 400, 0.1)}
SOLD = [("g", "g-new", 405 + k, k) for k in range(3)]


@pytest.fixture(scope="module")
def markets(source, tmp_path_factory):
    """A market with launches to learn from, and one with a single one."""
    made = {}
    for name, launches in (("rich", RICH), ("poor", POOR)):
        folder = tmp_path_factory.mktemp(name)
        ingest(source(folder / "files", frames(launches, ["b-mid", "b-old"], SOLD if name == "rich" else ())), "market",
               folder / "market", "test")  # fmt: skip
        made[name] = open_warehouse(folder / "market")
    return made


@pytest.fixture
def study(markets, monkeypatch, tmp_path):
    """`study(brand, market, few, named, **knobs)` → a Study; named: whether the campaign has an id, and with it items."""

    def build(brand, market="rich", few=1, named=False, **knobs):
        monkeypatch.setattr(warehouse, "ensure", lambda name: markets[market])
        monkeypatch.setenv("APEX_RUN", str(tmp_path / "run"))
        text = CAMPAIGN.format(few=few, brand=brand) + ("campaign_id: s1\n" if named else "")
        (tmp_path / "test-brand.yml").write_text(text, encoding="utf-8")
        return upstream.Study(Run(str(tmp_path / "test-brand.yml"), "2_plan/launch"), **knobs)

    return build


def table(found):
    return found.table(upstream.kept_crowds(found.run, found))


def test_the_newest_item_is_foretold_with_what_it_has_sold(study):
    found = study("b")
    assert found.choice.how == "newest" and found.choice.item_id == "b-new" and found.age == 40
    told = table(found)
    assert list(told.columns) == upstream.COLUMNS and list(told.horizon) == [28, 90] and (told.item_id == "b-new").all()
    assert told.low[0] == told.high[0] == told.gmv_minor[0]  # day 28 is over: counted
    assert told.low[1] <= told.gmv_minor[1] <= told.high[1] and told.units[1] >= found.choice.item.so_far[0]
    assert told.analogues[1] >= 15 and pd.isna(told.stock_units[0]) and told.stock_units[1] > 0
    assert len(found.tests) and found.verdict() in ("test", "back", "hold", "hit")


def test_the_campaigns_item_comes_before_a_newer_one(study):
    found = study("b", named=True)
    assert (found.choice.how, found.choice.item_id) == ("campaign", "b-mid")


def test_without_a_fresh_item_the_next_one_is_planned(study):
    found = study("d")
    assert found.choice.how == "next" and found.choice.item_id == "" and found.choice.first_day == dt.date(2025, 3, 1)
    assert found.choice.item.price == 1000 and found.choice.item.lead == 6 and found.age == 0
    told = table(found)
    assert (told.gmv_minor > 0).all() and told.stock_units.notna().all() and (told.item_id == "").all()
    again = study("d", category="tea", price_minor=500, first_day="2025-04-01")
    assert (
        again.choice.how == "planned"
        and again.choice.item.price == 500
        and again.choice.first_day == dt.date(2025, 4, 1)
    )
    assert again.outlook.units.notna().all()


def test_day_nought(study):
    found = study("h")
    assert found.choice.item_id == "h-new" and found.age == 1 and found.choice.item.so_far == (0.0, 0.0)
    assert table(found).gmv_minor.gt(0).all()


def test_one_analogue_gives_no_number(study):
    found = study("b", "poor")
    told = table(found)
    assert told.gmv_minor.isna().all() and found.verdict() == "unknown" and (told.analogues == 0).all()
    assert found.tests.empty and found.stated.empty and found.stock.empty and np.isnan(found.odds.chance)
    assert found.seed(found.crowds) is None and found.samples(found.crowds).empty


def test_a_brand_that_sold_nothing(study):
    found = study("e")
    assert (
        found.choice == upstream.Choice("none") and table(found).gmv_minor.isna().all() and found.verdict() == "unknown"
    )
    assert found.kpis.empty and found.alike.empty and found.crowds.empty
    planned = study("e", category="tea", price_minor=900)
    usual = np.nanmedian(planned.known.units[:, 90])
    assert planned.stranger and not study("d").stranger
    assert (
        0.3 * usual < planned.outlook.units[1] < 3 * usual
    )  # as anybody's launch, and not nought because nothing lies before


def test_an_item_that_is_a_hit_and_one_whose_launch_is_over(study):
    found = study("f")
    assert found.hit and found.verdict() == "hit"
    over = study("b", item="b-past")
    assert over.choice.how == "named" and over.age > 90 and over.verdict() == "over"
    told = table(over)
    assert told.gmv_minor.notna().all() and told.stock_units.isna().all() and over.tests.empty
    assert over.outlook.over.all()


def test_too_few_buyers_are_neither_shown_nor_used(study):
    seen, hidden = study("g"), study("g", few=5)
    assert seen.choice.shown and seen.choice.item.so_far[0] == 3
    assert not hidden.choice.shown and hidden.age == 0 and hidden.choice.item.so_far == (0.0, 0.0)
    assert "ours" in set(seen.kpis.part) and "ours" not in set(hidden.kpis.part)
    assert table(hidden).gmv_minor.notna().all()


def test_mistakes_are_answered(study):
    for knobs, message in (
        ({"item": "b-olt"}, r'item "b-olt" is not one of the brand\'s. Did you mean "b-old"\?'),
        ({"item": "c0-old"}, 'item "c0-old" is not one of the brand'),
        ({"category": "teas"}, r'no category "teas" in the data. Did you mean "tea"\?'),
        ({"category": "tea", "first_day": "1 May"}, 'first_day "1 May" is no day'),
    ):
        with pytest.raises(ApexError, match=message):
            _ = study("b", **knobs).choice
    old = study("b", item="b-old")
    assert old.choice.how == "old" and old.verdict() == "unknown" and table(old).gmv_minor.isna().all()
