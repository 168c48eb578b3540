"""Building a level: by two at once, killed half-way, beside the other levels."""

import datetime as dt
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from apex.errors import ApexError
from apex.ledger import book as book_module
from apex.ledger import ensure, load_rules, open_ledger
from apex.ledger.levels import LEVELS

KILLED = """
import sys, time
import pyarrow.parquet as pq
from apex.ledger import ensure, load_rules
from apex.warehouse import open_warehouse
write = pq.write_table
def slowly(*args, **kwargs):
    write(*args, **kwargs)
    time.sleep(60)
pq.write_table = slowly
ensure(open_warehouse(sys.argv[1]), load_rules("aipl"), sys.argv[2])
"""


@pytest.fixture
def warehouse(market):
    start = dt.datetime(2024, 1, 1, 12)
    return market(
        [
            {"consumer_key": f"c{n % 7}", "brand": "b", "occurred_at": start + dt.timedelta(days=n), "behaviour": "buy",
             "item_id": f"i{n % 3}", "business": "shop", "category": "tea"}
            for n in range(60)
        ]
    )  # fmt: skip


def content(book):
    return book.rows.execute().sort_values(["day", "consumer_id", "from_stage", "to_stage"]).to_csv(index=False)


def test_levels_stand_beside_each_other(warehouse):
    rules = load_rules("aipl")
    books = {level: ensure(warehouse, rules, level) for level in LEVELS}
    assert len({book.digest for book in books.values()}) == len(LEVELS)
    for level, book in books.items():
        rows = book.rows
        assert ("entity" in rows.columns) == (level != "brand")
        assert rows.brand.isnull().all().execute() == (level == "category")
        assert open_ledger(warehouse, rules, level).digest == book.digest
        assert len(rows.execute()) > 5


def test_one_of_two_at_once_builds_and_both_read_it(warehouse, monkeypatch):
    built, build = [], book_module._build
    monkeypatch.setattr(book_module, "_build", lambda *given: (built.append(given), time.sleep(0.3), build(*given)))
    with ThreadPoolExecutor(2) as pool:
        books = list(pool.map(lambda _: ensure(warehouse, load_rules("aipl"), "item"), range(2)))
    assert len(built) == 1 and books[0].digest == books[1].digest


def test_a_build_that_fails_leaves_the_old_ledger(warehouse, monkeypatch):
    rules = load_rules("aipl")
    old = content(ensure(warehouse, rules, "category"))
    monkeypatch.setattr(book_module, "_digest", lambda *_: "newer")
    with monkeypatch.context() as spoilt:
        spoilt.setattr("pyarrow.parquet.write_table", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            ensure(warehouse, rules, "category")
    assert content(open_ledger(warehouse, rules, "category")) == old
    assert ensure(warehouse, rules, "category").digest == "newer"


def test_a_killed_build_hinders_nobody(warehouse):
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(warehouse.folder), "item"], stderr=subprocess.DEVNULL, start_new_session=True
    )
    deadline = time.monotonic() + 60
    while not (part := list((warehouse.folder / "ledger").glob("*/.item.*/*.parquet"))):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    with pytest.raises(ApexError, match="has no ledger"):
        open_ledger(warehouse, load_rules("aipl"), "item")
    book = ensure(warehouse, load_rules("aipl"), "item")
    assert len(content(book)) > 100 and not part[0].exists(), "what was left behind is cleared away"
