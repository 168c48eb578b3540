"""The real panel's book adds up, and agrees with what is counted straight from the events."""

import functools
from datetime import date, timedelta

import duckdb
import pyarrow as pa
import pytest

from apex.files import ROOT
from apex.ledger import ensure, load_rules
from apex.warehouse.store import open_warehouse

WAREHOUSE = ROOT / "data" / "warehouse" / "complete-journey"
pytestmark = pytest.mark.skipif(not WAREHOUSE.exists(), reason="the panel is not built; run `make data`")
RULES = "aipl-panel"
DAYS = [date(2017, 1, 1), date(2017, 4, 1), date(2017, 6, 30), date(2017, 9, 30), date(2017, 12, 31)]

# aipl-panel.yml said once more, as one query: stages 1 to 4 are A, I, P, L, all windows 90 days.
COUNTED = """
    SELECT brand, stage, count(*) AS consumers FROM (
        SELECT brand, consumer_id, CASE
            WHEN count(DISTINCT day) FILTER (behaviour = 'buy') >= 2 THEN 4
            WHEN count(*) FILTER (behaviour = 'buy') >= 1 THEN 3
            WHEN count(*) FILTER (behaviour = 'redeem') >= 1 THEN 2
            WHEN count(DISTINCT day) FILTER (behaviour = 'expose') >= 2 THEN 2
            WHEN count(*) FILTER (behaviour = 'expose') >= 1 THEN 1
            ELSE 0 END AS stage
        FROM (SELECT *, occurred_at::DATE AS day FROM events)
        WHERE day > $day::DATE - 90 AND day <= $day AND brand IS NOT NULL
        GROUP BY brand, consumer_id)
    WHERE stage > 0 GROUP BY ALL ORDER BY ALL
"""
BOOKED = """
    SELECT brand, stage, sum(moved)::BIGINT AS consumers FROM (
        SELECT brand, day, to_stage AS stage, 1 AS moved FROM rows
        UNION ALL SELECT brand, day, from_stage, -1 FROM rows)
    WHERE day <= $day AND stage > 0 GROUP BY ALL HAVING sum(moved) <> 0 ORDER BY ALL
"""


# The same toward an item of a brand, or a category: what names the relation in events.
TOWARD = {"item": "brand, item_id", "category": "NULL, category"}


@pytest.fixture(scope="module", params=list(TOWARD))
def level(request):
    """A level and its book's rows, in a connection that knows the events as well."""
    book = ensure(open_warehouse(WAREHOUSE), load_rules(RULES), request.param)
    con = duckdb.connect()
    con.execute(f"CREATE VIEW events AS FROM read_parquet('{WAREHOUSE}/events/*.parquet')")
    con.register("rows", book.rows.to_pyarrow())
    yield request.param, lambda sql, **values: con.execute(sql, values).fetchall()
    con.close()


@pytest.fixture(scope="module")
def book():
    return ensure(open_warehouse(WAREHOUSE), load_rules(RULES))


@pytest.fixture(scope="module")
def ask(book):
    """A question in SQL about `events` and the ledger's `rows` → tuples."""
    con = duckdb.connect()
    con.execute(f"CREATE VIEW events AS FROM read_parquet('{WAREHOUSE}/events/*.parquet')")
    con.register("rows", book.rows.to_pyarrow())
    yield lambda sql, **values: con.execute(sql, values).fetchall()
    con.close()


@pytest.fixture(scope="module")
def stock(ask):
    """Day → (brand, stage, consumers) by the ledger's rows."""
    return functools.cache(lambda day: ask(BOOKED, day=day))


@pytest.mark.parametrize("day", DAYS, ids=str)
def test_stock_of_every_brand_is_moves_in_less_moves_out(ask, stock, day):
    counted = ask(COUNTED, day=day)

    assert len(counted) > 500
    assert stock(day) == counted


def test_stock_of_one_brand_on_every_day(ask):
    """The same day by day, for the brand the reports are about."""
    counted = """
        WITH day AS (SELECT unnest(range(DATE '2017-01-01', DATE '2018-01-01', INTERVAL 1 DAY))::DATE AS today),
        own AS (SELECT DISTINCT consumer_id, behaviour, occurred_at::DATE AS day FROM events WHERE brand = '764')
        SELECT today, stage, count(*) FROM (
            SELECT today, consumer_id, CASE
                WHEN count(*) FILTER (behaviour = 'buy') >= 2 THEN 4
                WHEN count(*) FILTER (behaviour = 'buy') = 1 THEN 3
                WHEN count(*) FILTER (behaviour = 'redeem') >= 1 THEN 2
                WHEN count(*) FILTER (behaviour = 'expose') >= 2 THEN 2
                ELSE 1 END AS stage
            FROM day JOIN own ON own.day > today - 90 AND own.day <= today
            GROUP BY today, consumer_id)
        GROUP BY ALL ORDER BY ALL
    """
    booked = """
        WITH day AS (SELECT unnest(range(DATE '2017-01-01', DATE '2018-01-01', INTERVAL 1 DAY))::DATE AS today),
        moves AS (
            SELECT day, to_stage AS stage, 1 AS moved FROM rows WHERE brand = '764'
            UNION ALL SELECT day, from_stage, -1 FROM rows WHERE brand = '764')
        SELECT today, stage, sum(moved)::BIGINT FROM day JOIN moves ON moves.day <= today
        WHERE stage > 0 GROUP BY ALL HAVING sum(moved) <> 0 ORDER BY ALL
    """
    assert ask(counted) == ask(booked) != []


@pytest.mark.parametrize(
    ("brand", "on_0630", "on_0930", "on_1231"),
    [
        ("764", (246, 178, 537, 607), (271, 264, 512, 684), (270, 203, 499, 642)),
        ("103", (249, 412, 470, 700), (277, 444, 469, 625), (291, 412, 455, 658)),
        ("1208", (260, 382, 502, 674), (240, 392, 466, 713), (279, 371, 502, 617)),
        ("544", (174, 137, 491, 842), (205, 132, 489, 859), (177, 157, 509, 814)),
        ("317", (205, 175, 526, 870), (239, 211, 526, 789), (182, 167, 528, 923)),
    ],
    ids=["764", "103", "1208", "544", "317"],
)
def test_the_panels_published_table(stock, brand, on_0630, on_0930, on_1231):
    """A, I, P, L of five manufacturers on three days, as counted when the panel was chosen."""
    for day, expected in zip(DAYS[2:], (on_0630, on_0930, on_1231), strict=True):
        assert tuple(consumers for of, _, consumers in stock(day) if of == brand) == expected


def test_every_row_starts_where_the_one_before_ended(ask):
    broken = """
        SELECT count(*) FROM (
            SELECT *, lag(to_stage, 1, 0) OVER one AS stood, lag(day) OVER one AS last, row_number() OVER one AS n
            FROM rows WINDOW one AS (PARTITION BY brand, consumer_id ORDER BY day))
        WHERE from_stage <> stood OR to_stage = from_stage OR last = day OR first_ever <> (n = 1)
           OR (to_stage > from_stage) <> (event_behaviour IS NOT NULL)
           OR (to_stage < from_stage AND touch_channel IS NOT NULL)
    """
    assert ask(broken) == [(0,)]
    assert ask("SELECT count(*) > 100000 FROM rows") == [(True,)]


def test_a_few_households_by_the_reference(book, ask, by_hand, reference, rules_file):
    """The stored rows, from slices of the warehouse, are the reference's to the last column."""
    some = [n for (n,) in ask("SELECT DISTINCT consumer_id FROM events ORDER BY hash(consumer_id) LIMIT 12")]
    theirs = "WHERE brand = '764' AND consumer_id IN (SELECT unnest($some))"
    columns = [name for name in by_hand.EVENTS.names if name in book.warehouse.table("events").columns]
    log = ask(f"SELECT {', '.join(columns)} FROM events {theirs}", some=some)
    events = by_hand.table([dict(zip(columns, one, strict=True)) for one in log])

    expected = reference.ledger(events, rules_file(RULES), date(2017, 1, 1), date(2017, 12, 31))
    stored = ask(
        f"SELECT {', '.join(reference.Row._fields[:-1])} FROM rows {theirs} ORDER BY consumer_id, day", some=some
    )

    assert [tuple(row)[:-1] for row in expected] == stored != []


@pytest.mark.parametrize("day", [DAYS[0], DAYS[3]], ids=str)
def test_the_open_book_holds_the_days_stock(book, stock, day):
    opened = book.open_book(day)

    heads = duckdb.from_arrow(opened).aggregate("brand, stage, count(*)").order("brand, stage").fetchall()
    assert heads == stock(day)


def test_the_open_book_knows_when_everyone_leaves(book):
    """With windows alone nobody stands for ever, and whoever stands now leaves within 90 days."""
    day = date(2017, 9, 30)
    opened = book.open_book(day, ["764"])
    last = [max(one) for one in opened["expires"].to_pylist()]

    assert pa.types.is_date32(opened["since"].type)
    assert set(opened["brand"].to_pylist()) == {"764"}
    assert min(last) > day and max(last) == day + timedelta(90)


@pytest.mark.parametrize("day", DAYS[1:4], ids=str)
def test_stock_of_every_entity_is_moves_in_less_moves_out(level, day):
    name, ask = level
    counted = COUNTED.replace("brand IS NOT NULL", "entity IS NOT NULL").replace(
        "SELECT brand, ", "SELECT brand, entity, "
    )
    counted = counted.replace("GROUP BY brand, ", "GROUP BY brand, entity, ")
    brand, entity = TOWARD[name].split(", ")
    named = f"SELECT * REPLACE ({brand} AS brand), {entity} AS entity, occurred_at::DATE AS day FROM events"
    counted = counted.replace("SELECT *, occurred_at::DATE AS day FROM events", named)
    booked = BOOKED.replace("SELECT brand, ", "SELECT brand, entity, ")

    expected = ask(counted, day=day)
    assert len(expected) > (10_000 if name == "item" else 500)
    assert ask(booked, day=day) == expected


def test_every_row_of_an_entity_starts_where_the_one_before_ended(level):
    _, ask = level
    broken = """
        SELECT count(*) FROM (
            SELECT *, lag(to_stage, 1, 0) OVER one AS stood, lag(day) OVER one AS last, row_number() OVER one AS n
            FROM rows WINDOW one AS (PARTITION BY brand, entity, consumer_id ORDER BY day))
        WHERE from_stage <> stood OR to_stage = from_stage OR last = day OR first_ever <> (n = 1) OR entity IS NULL
           OR (to_stage > from_stage) <> (event_behaviour IS NOT NULL)
    """
    assert ask(broken) == [(0,)]
    assert ask("SELECT count(*) > 100000 FROM rows") == [(True,)]
