"""On random rule sets and random logs the sweep keeps the same book as the reference, and the book adds up."""

import random
from collections import Counter
from datetime import date, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apex.ledger.levels import LEVELS
from apex.ledger.rules import parse_rules
from apex.ledger.sweep import EPOCH, expiries_of, filed, positions, rows_of
from apex.warehouse import schema

BEHAVIOURS = list(schema.behaviours())
FIRST = date(2023, 12, 10)  # year's end lies within
DAYS = 40
LAST = FIRST + timedelta(DAYS - 1)
DAY = st.integers(0, DAYS - 1).map(lambda n: FIRST + timedelta(n))


def conditions(pool):
    """Conditions of every kind on a few behaviours, so that they meet in the log."""
    counting = st.fixed_dictionaries(
        {
            "behaviour": st.lists(st.sampled_from(pool), min_size=1, max_size=3, unique=True),
            "within_days": st.integers(1, 20),
        },
        optional={
            "at_least": st.integers(1, 4),
            "distinct": st.sampled_from(["day", "event"]),
            "min_score": st.sampled_from([0, 3, 4.5]),
            "min_value_minor": st.sampled_from([0, 500]),
        },
    )
    turns = st.lists(st.sampled_from(pool), min_size=2, max_size=2, unique=True)
    status = turns.map(lambda pair: {"status": {"open": pair[0], "close": pair[1]}})
    both = st.lists(counting | status, min_size=1, max_size=3).map(lambda members: {"all": members})
    return counting | status | both


def rule_sets(pool):
    stages = st.lists(st.lists(conditions(pool), min_size=1, max_size=2), min_size=2, max_size=5)
    return stages.map(
        lambda drawn: {
            "name": "random",
            "stages": [{"id": f"S{n}", "name": {"en": "-", "zh": "-"}, "any": one} for n, one in enumerate(drawn)],
        }
    )


def events(pool, span):
    """Few consumers, brands and moments, on the first `span` days, so that events meet, tie and lapse."""
    return st.fixed_dictionaries(
        {
            "consumer_id": st.sampled_from([7, 2**62 + 1, 2**62 + 2]),
            "brand": st.sampled_from(["ann"] * 6 + ["Ben"] * 3 + [None]),
            "category": st.sampled_from(["tea"] * 6 + ["soap"] * 2 + [None]),
            "day": st.integers(0, span - 1).map(lambda n: FIRST + timedelta(n)),
            "moment": st.sampled_from(
                [timedelta(0), timedelta(hours=12), timedelta(hours=12, microseconds=1), timedelta(1, microseconds=-1)]
            ),
            "behaviour": st.sampled_from(pool * 10 + BEHAVIOURS),
            "channel": st.sampled_from([None, None, "tv", "search"]),
            "campaign_id": st.sampled_from([None, "c1", "c2"]),
            "content_id": st.sampled_from([None, "t1"]),
            "business": st.sampled_from([None, "reseller", "flagship", "flagship"]),
            "item_id": st.sampled_from([None, "i1", "i1", "i2"]),
            "score": st.sampled_from([None, 0.0, 3.0, 4.0, 5.0, 5.0]),
            "value_minor": st.sampled_from([None, 0, 499, 500, 500]),
        }
    )


@st.composite
def worlds(draw):
    """(rules, log): the log as dicts, `seq` in no order of theirs."""
    pool = draw(st.lists(st.sampled_from(BEHAVIOURS), min_size=2, max_size=5, unique=True))
    size = draw(st.integers(0, 80))  # drawn apart, since hypothesis keeps lists short
    span = draw(st.sampled_from([1, 10, DAYS]))  # from crowded days to sparse ones
    log = draw(st.lists(events(pool, span), min_size=size, max_size=size))
    for n, event in enumerate(log):
        event["occurred_at"] = datetime.combine(event["day"], datetime.min.time()) + event["moment"]
        event["seq"] = n * 37 % 101
    return draw(rule_sets(pool)), log


@pytest.fixture(params=[0.5, pytest.param(20, marks=pytest.mark.slow)], ids=["some", "many"])
def for_all(request):
    """Runs a check on examples of the strategies: always the same few, or new ones, and many."""

    def run(check, *strategies, examples):
        often = settings(
            max_examples=round(examples * request.param),
            deadline=None,
            derandomize=request.param < 1,
            database=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
        )
        often(given(*strategies)(check))()

    return run


def test_behaviours_stand_in_the_same_order(reference):
    assert BEHAVIOURS == reference.BEHAVIOURS


@pytest.mark.parametrize("level", LEVELS)
def test_sweep_equals_reference(for_all, by_hand, reference, swept, level):
    def check(world, touch_days):
        rules, events = world[0], by_hand.table(world[1])

        expected = reference.ledger(events, rules, FIRST, LAST, touch_days, level)
        assert swept(events, rules, FIRST, LAST, touch_days, level) == expected

    for_all(check, worlds(), st.sampled_from([15, 1, 3, 100]), examples=200 if level == "brand" else 60)


@pytest.mark.parametrize("level", ["brand", "item", "category"])
def test_order_and_chunks_of_the_input_do_not_matter(for_all, by_hand, swept, level):
    def check(world, randomly):
        rules, log = world
        shuffled = randomly.sample(log, k=len(log))
        cut = randomly.randint(0, len(log))
        chunks = pa.concat_tables([by_hand.table(shuffled[:cut]), by_hand.table(shuffled[cut:])])

        assert swept(chunks, rules, FIRST, LAST, level=level) == swept(
            by_hand.table(log), rules, FIRST, LAST, level=level
        )

    for_all(check, worlds(), st.randoms(use_true_random=False), examples=40 if level == "brand" else 15)


@pytest.mark.parametrize("level", ["brand", "item", "category"])
def test_filed_events_may_come_in_chunks_of_dictionaries(for_all, by_hand, reference, level):
    """As row groups of a file do: each chunk with words of its own, cut anywhere, inside a consumer too."""

    def encoded(part):
        return [one.dictionary_encode() if pa.types.is_string(one.type) else one for one in part.columns]

    def check(world, cut):
        rules, log = world[0], by_hand.table(world[1])
        events = filed(log)
        chunks = [pa.table(encoded(part), names=events.column_names) for part in (events[:cut], events[cut:])]

        table = rows_of(pa.concat_tables(chunks), parse_rules(rules, origin="test"), LAST, level=level)
        rows = [reference.Row(**row) for row in table.to_pylist()]
        assert rows == reference.ledger(log, rules, FIRST, LAST, level=level)

    for_all(check, worlds(), st.integers(0, 80), examples=40 if level == "brand" else 15)


@pytest.mark.parametrize("level", LEVELS)
def test_stock_at_the_end_is_stock_at_the_start_plus_in_less_out(for_all, by_hand, reference, swept, level):
    def check(world):
        rules, events = world[0], by_hand.table(world[1])
        rows = swept(events, rules, FIRST, LAST, level=level)
        ends = ("to_stage", "from_stage")
        into, out = (Counter((r.day, r.brand, r.entity, getattr(r, end)) for r in rows) for end in ends)
        toward = {relation[:2] for relation in reference.filed(events, level)}

        before: dict = {}
        for day in reference.days(FIRST, LAST):
            now = reference.stock(events, rules, day, level)
            for brand, entity in toward:
                for stage in range(1, len(rules["stages"]) + 1):
                    moved = into[day, brand, entity, stage] - out[day, brand, entity, stage]
                    at = brand, entity, stage
                    assert now.get(at, 0) == before.get(at, 0) + moved
            before = now

    for_all(check, worlds(), examples=40 if level == "brand" else 15)


@pytest.mark.parametrize("level", LEVELS)
def test_rows_of_a_consumer_are_a_chain(for_all, by_hand, swept, level):
    """From nowhere on, each row starts where the one before ended, on a later day; only the first is a first."""

    def check(world):
        last: dict = {}
        for row in swept(by_hand.table(world[1]), world[0], FIRST, LAST, level=level):
            earlier = last.get((row.brand, row.entity, row.consumer_id))
            assert row.from_stage == (earlier.to_stage if earlier else 0) != row.to_stage
            assert row.first_ever == (earlier is None)
            assert earlier is None or earlier.day < row.day
            last[row.brand, row.entity, row.consumer_id] = row

    for_all(check, worlds(), examples=40 if level == "brand" else 15)


@pytest.mark.parametrize("level", LEVELS)
def test_nobody_sees_the_future(for_all, by_hand, swept, level):
    """Rows up to a day are the same whether or not later events exist, and wherever the book ends."""

    def check(world, day):
        rules, events = world
        known = by_hand.table([event for event in events if event["day"] <= day])
        rows = [row for row in swept(by_hand.table(events), rules, FIRST, LAST, level=level) if row.day <= day]

        assert [row for row in swept(known, rules, FIRST, LAST, level=level) if row.day <= day] == rows
        assert swept(known, rules, FIRST, day, level=level) == rows
        assert swept(by_hand.table(events), rules, FIRST, day, level=level) == rows

    for_all(check, worlds(), DAY, examples=40 if level == "brand" else 15)


@pytest.mark.parametrize("level", LEVELS)
def test_open_book_equals_reference(for_all, by_hand, reference, level):
    def check(world, day):
        rules, events = world[0], by_hand.table(world[1])

        assert opened(events, rules, day, reference, level) == reference.positions(events, rules, day, level)

    for_all(check, worlds(), DAY, examples=60 if level == "brand" else 25)


@pytest.mark.parametrize("level", ["brand", "item", "category"])
def test_many_books_in_one_pass_are_each_its_own(for_all, by_hand, reference, level):
    """Expiries on several days at once tell, for each, who stands where, as one open book a day does."""

    def check(world, days):
        rules, events = world[0], by_hand.table(world[1])
        parsed, days = parse_rules(rules, origin="test"), sorted(days)
        toward, expires = expiries_of(filed(events), parsed, days, level)
        assert toward.num_rows == expires.shape[1] <= len(reference.filed(events, level))
        for day, of_day in zip(days, expires, strict=True):
            active = of_day > (day - EPOCH).days
            depth = [max((n for n, on in enumerate(pair, 1) if on), default=0) for pair in active]
            book = reference.positions(events, rules, day, level)
            names = zip(toward.to_pylist(), depth, strict=True)
            stood = {(one["brand"], one.get("entity"), one["consumer_id"], at) for one, at in names if at}
            assert stood == {(one.brand, one.entity, one.consumer_id, one.stage) for one in book}
            assert sorted(d for d in depth if d) == sorted(one.stage for one in book)
            lapses = sorted(
                tuple(e if on else 0 for e, on in zip(p, a, strict=True))
                for p, a in zip(of_day, active, strict=True)
                if a.any()
            )
            never = (1 << 31) - 1
            theirs = sorted(
                tuple(never if e is None else (e - EPOCH).days * (e > day) for e in one.expires) for one in book
            )
            assert lapses == theirs

    for_all(check, worlds(), st.sets(DAY, min_size=1, max_size=4), examples=40 if level == "brand" else 15)


def test_open_book_knows_every_lapse_to_come(for_all, by_hand, reference, swept):
    """Without new events, the deepest stage that has not expired is where a consumer will stand."""

    def check(world, day, ahead):
        rules, events = world
        known = by_hand.table([event for event in events if event["day"] <= day])
        later = day + timedelta(ahead)

        book = opened(by_hand.table(events), rules, day, reference)
        expected = {
            (one.brand, one.consumer_id): max(
                (n for n, end in enumerate(one.expires, start=1) if end is None or end > later), default=0
            )
            for one in book
        }
        for brand, _, consumer, own, _ in reference.filed(known):
            assert expected.get((brand, consumer), 0) == reference.stage_on(later, rules, own)
        last_rows = {(row.brand, row.consumer_id): row.day for row in swept(known, rules, FIRST, day)}
        assert {(one.brand, one.consumer_id): one.since for one in book}.items() <= last_rows.items()

    for_all(check, worlds(), DAY, st.integers(0, 25), examples=60)


@pytest.mark.parametrize("consumers", [60, pytest.param(3000, marks=pytest.mark.slow)])
def test_a_larger_market(consumers, by_hand, rules_file, reference, swept):
    """Many consumers at once, in no order: none runs into the next."""
    draw = random.Random(20240220)
    behaviours = ["expose", "click", "view", "follow", "unfollow", "join", "leave", "cart", "buy", "review", "share"]
    events = [
        {
            "consumer_id": draw.randrange(consumers) * 2**40,
            "brand": draw.choice(["764", "103", "Ünï", "茶", None]),
            "occurred_at": datetime(2024, 1, 1) + timedelta(hours=draw.randrange(24 * 60)),
            "behaviour": draw.choice(behaviours),
            "channel": draw.choice([None, "tv", "search", "live"]),
            "score": draw.choice([None, 2.0, 5.0]),
            "item_id": str(draw.randrange(50)),
        }
        for _ in range(20 * consumers)
    ]
    log, first, last = by_hand.table(events), date(2024, 1, 1), date(2024, 3, 20)

    assert swept(log, rules_file("deeplink"), first, last) == reference.ledger(log, rules_file("deeplink"), first, last)


def opened(events, rules, day, reference, level="brand"):
    """`positions` as the reference gives them: a list of `Position`, in its order."""
    table = positions(events, parse_rules(rules, origin="test"), day, level)
    return [reference.Position(**row) for row in table.to_pylist()]
