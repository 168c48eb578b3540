"""A small market of one's own: canonical rows in, an ingested and opened warehouse out."""

import datetime as dt
from types import SimpleNamespace

import pandas as pd
import pytest

from apex.warehouse import open_warehouse, schema
from apex.warehouse.ingest import ingest
from apex.warehouse.sources import Feed


def source_of(folder, tables, **feed_options):
    """A source module in miniature: each frame of `tables` becomes one Parquet file and one feed."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = {}
    for name, frame in tables.items():
        paths[name] = folder / f"{name}.parquet"
        frame.to_parquet(paths[name], index=False)

    def feeds(con, files):
        for name, path in files.items():
            rows = con.sql(f"SELECT *, file_row_number + 1 AS line FROM read_parquet('{path}', file_row_number = true)")
            yield Feed(name, rows, name, **feed_options.get(name, {}))

    return SimpleNamespace(
        TIMEZONE="Asia/Shanghai",
        CURRENCY="CNY",
        PUBLIC=True,
        files=lambda: paths,
        feeds=feeds,
        ABOUT={"en": "a test", "zh": "测试"},
        LICENCE="none",
        NOTES=[],
    )


def tables_of(events):
    """Items and consumers that go with a list of event dicts (consumer_key, brand, occurred_at, behaviour, …)."""
    frame = pd.DataFrame(events)
    frame["occurred_at"] = pd.to_datetime(frame["occurred_at"])
    if "seq" not in frame:
        frame["seq"] = range(len(frame))
    for column, null in (("quantity", 1), ("value_minor", 100)):
        if column not in frame:
            frame[column] = frame.behaviour.eq("buy").map({True: null, False: None}).astype("Int64")
    brands = sorted(set(frame.brand.dropna()))
    return {
        "items": pd.DataFrame({"item_id": [f"i{b}" for b in brands], "brand": brands}),
        "consumers": pd.DataFrame({"consumer_key": sorted(set(frame.consumer_key))}),
        "events": frame,
    }


@pytest.fixture(scope="session")
def source():
    """`source(folder, tables, events={"merge": …})` → a source module in miniature."""
    return source_of


@pytest.fixture
def canonical():
    """`canonical(events)` → the required tables for these events."""
    return tables_of


@pytest.fixture
def market(tmp_path):
    """`market(events)` → an open warehouse that holds these events."""

    def build(events, **feed_options):
        made = source_of(tmp_path / "files", tables_of(events), **feed_options)
        ingest(made, "market", tmp_path / "warehouse" / "market", "test")
        return open_warehouse(tmp_path / "warehouse" / "market")

    return build


@pytest.fixture
def day():
    """Day number n of the test calendar, 0 = 2024-01-01."""
    return lambda n: dt.date(2024, 1, 1) + dt.timedelta(days=n)


assert schema.behaviours()  # the tables' description is readable before any test starts
