"""Assets by entity against plain Python on a small random market; why the entities' sum is not the brand's."""

import datetime as dt
import random
from collections import Counter

import pandas as pd
import pytest

from apex.errors import ApexError
from apex.ledger import ensure, load_rules
from apex.measure import assets
from apex.measure.entities import flow_by_entity, moves_by_entity, overlap, stock_by_entity

COLUMN = {"brand+business": "business", "item": "item_id", "category": "category"}
IDS = ["A", "I", "P", "L"]


def log(seed=5):
    """Exposures, redemptions and purchases of two brands over 130 days, some of which name no business, item or category."""
    draw = random.Random(seed)
    return [
        {
            "consumer_key": f"c{draw.randrange(9)}",
            "brand": draw.choice(["b", "b", "other"]),
            "occurred_at": dt.datetime(2024, 1, 1, 9) + dt.timedelta(days=draw.randrange(130)),
            "behaviour": draw.choice(["expose", "expose", "redeem", "buy"]),
            "business": draw.choice([None, "shop", "shop", "store"]),
            "item_id": draw.choice([None, "i1", "i1", "i2"]),
            "category": draw.choice([None, "tea", "tea", "soap"]),
            "channel": draw.choice([None, "tv", "search"]),
            "basket_id": None,
        }
        for _ in range(320)
    ]


def stage(events, day):
    """aipl-panel said once more: the number of the deepest stage that these events of a relation are worth on a day."""
    live = events[(events.day <= day) & (events.day > day - dt.timedelta(days=90))]
    bought, seen = live[live.behaviour == "buy"], live[live.behaviour == "expose"]
    active = [
        len(seen) > 0, seen.day.nunique() >= 2 or (live.behaviour == "redeem").any(), len(bought) > 0, bought.day.nunique() >= 2
    ]  # fmt: skip
    return max((n for n, on in enumerate(active, 1) if on), default=0)


@pytest.fixture(params=list(COLUMN))
def level(request):
    return request.param


@pytest.fixture
def own(market, level):
    """The book of a level, its brand, and the events of each of its relations: {(entity, consumer): frame}."""
    warehouse = market(log())
    events = warehouse.table("events").execute()
    events["day"] = events.occurred_at.dt.date
    if level != "category":
        events = events[events.brand == "b"]
    relations = dict(list(events.dropna(subset=[COLUMN[level]]).groupby([COLUMN[level], "consumer_id"])))
    return ensure(warehouse, load_rules("aipl-panel"), level), None if level == "category" else "b", relations


def test_stock_by_entity(own, day):
    book, brand, relations = own
    days = [day(60), day(20), day(125)]
    found = stock_by_entity(book, brand, days)
    expected = Counter((entity, on, stage(part, on)) for (entity, _), part in relations.items() for on in days)
    grid = [(e, d, s) for e in sorted({e for e, _ in relations}) for d in sorted(days) for s in IDS]
    assert list(zip(found.entity, found.day, found.stage, strict=True)) == grid
    assert found.consumers.tolist() == [expected[e, d, IDS.index(s) + 1] for e, d, s in grid]
    assert found.consumers.sum() > 30


def test_flow_by_entity(own, day):
    book, brand, relations = own
    start, end = day(50), day(120)
    expected = Counter((e, stage(part, start), stage(part, end)) for (e, _), part in relations.items())
    found = flow_by_entity(book, brand, start, end)
    codes = (found.entity, found.from_stage.cat.codes, found.to_stage.cat.codes)
    assert dict(zip(zip(*codes, strict=True), found.consumers, strict=True)) == {
        k: n for k, n in expected.items() if k[1:] != (0, 0)
    }


def test_stocks_flows_and_moves_agree(own, day):
    """Stock at the end is stock at the start, plus moves in, less moves out; and a flow's margins are the two stocks."""
    book, brand, _ = own
    start, end = day(50), day(120)
    stock = stock_by_entity(book, brand, [start, end]).set_index(["entity", "day", "stage"]).consumers
    flow, moves = flow_by_entity(book, brand, start, end), moves_by_entity(book, brand, start, end)
    for entity in stock.index.levels[0]:
        here, moved = flow[flow.entity == entity], moves[moves.entity == entity]
        for at in IDS:
            into, out = moved.moves[moved.to_stage == at].sum(), moved.moves[moved.from_stage == at].sum()
            assert stock[entity, end, at] == stock[entity, start, at] + into - out
            assert here.consumers[here.from_stage == at].sum() == stock[entity, start, at]
            assert here.consumers[here.to_stage == at].sum() == stock[entity, end, at]
    assert moves[moves.to_stage < moves.from_stage].channel.isna().all() and moves.channel.notna().any()


def test_businesses_exceed_the_brand_by_those_who_stand_in_several(market, day):
    warehouse, on = market(log()), day(100)
    rules = load_rules("aipl-panel")
    brand_book, book = ensure(warehouse, rules), ensure(warehouse, rules, "brand+business")
    found = overlap(brand_book, book, "b", on)
    brand_stock = assets.stock(brand_book, "b", on, on).consumers.sum()
    entity_stock = stock_by_entity(book, "b", [on]).consumers.sum()
    assert found.consumers[found.at_brand].sum() == brand_stock
    assert (found.entities * found.consumers).sum() == entity_stock
    somewhere = found[found.entities > 0]
    assert somewhere.entities.max() == 2
    assert entity_stock - somewhere.consumers.sum() == found.consumers[found.entities == 2].sum() > 0

    events = warehouse.table("events").execute()
    events["day"] = events.occurred_at.dt.date
    mine = events[events.brand == "b"]
    stands = {c: stage(part, on) > 0 for c, part in mine.groupby("consumer_id")}
    held = Counter(c for (_, c), part in mine.groupby(["business", "consumer_id"]) if stage(part, on) > 0)
    expected = Counter((stands[c], held[c]) for c in stands if stands[c] or held[c])
    assert {(r.at_brand, r.entities): r.consumers for r in found.itertuples()} == expected


def test_asking_the_wrong_book_is_refused(market, day):
    warehouse, rules = market(log()), load_rules("aipl-panel")
    brand_book, items, categories = (ensure(warehouse, rules, level) for level in ("brand", "item", "category"))
    with pytest.raises(ApexError, match='level "brand" has no entities'):
        stock_by_entity(brand_book, "b", [day(3)])
    with pytest.raises(ApexError, match='At level "item" a brand is asked for'):
        flow_by_entity(items, None, day(3), day(9))
    with pytest.raises(ApexError, match='At level "category" no brand is asked for'):
        moves_by_entity(categories, "b", day(3), day(9))
    with pytest.raises(ApexError, match='ledger of brands under the rules "aipl-panel"'):
        overlap(items, items, "b", day(3))
    with pytest.raises(ApexError, match="not toward brands"):
        categories.open_book(day(3), ["b"])
    for ask in (assets.stock, assets.flow, assets.moves, assets.flow_by_history):
        with pytest.raises(ApexError, match=r"kept by item; `apex\.measure\.entities`"):
            ask(items, "b", day(3), day(9))
    with pytest.raises(ApexError, match="kept by item"):
        assets.running_out(items, ["b"], day(3))


def test_the_open_book_of_entities_holds_their_stock(own, day):
    book, brand, _ = own
    opened = book.open_book(day(100), None if brand is None else [brand]).to_pandas()
    stock = stock_by_entity(book, brand, [day(100)])
    expected = {(r.entity, IDS.index(r.stage) + 1): r.consumers for r in stock.itertuples() if r.consumers}
    assert Counter(zip(opened.entity, opened.stage, strict=True)) == expected


def test_a_market_that_names_nothing_has_no_entities(market, day):
    events = [
        {"consumer_key": "c", "brand": "b", "occurred_at": dt.datetime(2024, 1, n), "behaviour": "buy"} for n in (1, 9)
    ]
    book = ensure(market(events), load_rules("aipl-panel"), "brand+business")
    for frame in (
        stock_by_entity(book, "b", [day(5)]),
        flow_by_entity(book, "b", day(1), day(5)),
        moves_by_entity(book, "b", day(1), day(5)),
    ):
        assert isinstance(frame, pd.DataFrame) and frame.empty and "entity" in frame
