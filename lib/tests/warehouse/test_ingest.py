import hmac
import json
from pathlib import Path

import pandas as pd
import pytest

from apex.errors import ApexError
from apex.warehouse import keys, open_warehouse
from apex.warehouse.engine import connect
from apex.warehouse.ingest import ingest

BUY = {"consumer_key": "anna", "brand": "b", "occurred_at": "2024-01-02 10:00", "behaviour": "buy"}


def read(folder, table):
    return pd.concat([pd.read_parquet(p) for p in sorted((folder / table).glob("*.parquet"))], ignore_index=True)


def test_consumer_ids_are_the_first_63_bits_of_hmac_sha256():
    con = connect()
    for key in (b"short", b"k" * 100):
        con.raw_sql("DROP TABLE IF EXISTS hashing_key; DROP MACRO IF EXISTS consumer_hash")
        keys.install(con, key)
        for raw in ("1", "张三", "x" * 300, ""):
            expected = int.from_bytes(hmac.digest(key, raw.encode(), "sha256")[:8], "big") >> 1
            assert con.con.execute("SELECT consumer_hash(?)", [raw]).fetchone() == (expected,)


def test_no_raw_key_is_written_anywhere(tmp_path, source, canonical):
    bad = {**BUY, "consumer_key": "berta-the-raw-key", "quantity": 0}
    made = source(tmp_path / "files", canonical([{**BUY, "consumer_key": "anna-the-raw-key", "quantity": 1}, bad]))
    ingest(made, "m", tmp_path / "m", "d")
    for path in Path(tmp_path / "m").resolve().rglob("*"):
        if path.is_file():
            assert b"the-raw-key" not in path.read_bytes(), path
        if path.suffix == ".parquet":
            assert not pd.read_parquet(path, partitioning=None).astype(str).stack().str.contains("raw-key").any(), path


def test_bad_rows_go_to_the_quarantine_with_reason_file_and_line(tmp_path, source, canonical):
    events = [
        BUY,
        {**BUY, "behaviour": "stare"},
        {**BUY, "brand": None},
        {**BUY, "brand": None, "behaviour": "search_category", "category": "soap"},
        {**BUY, "quantity": 0},
        {**BUY, "value_minor": 0},
        {**BUY, "behaviour": "watch", "duration_s": -1.0},
    ]
    for e in events:
        e.setdefault("quantity", 1)
        e.setdefault("value_minor", 100)
    made = source(tmp_path / "files", canonical(events))
    manifest = ingest(made, "m", tmp_path / "m", "d")
    gone = read(tmp_path / "m", "quarantine")
    assert gone[["file", "line", "reason"]].to_dict("records") == [
        {"file": "events", "line": 2, "reason": "the behaviour is not one of the closed list"},
        {"file": "events", "line": 3, "reason": "no brand, and not a search or purchase of a category"},
        {"file": "events", "line": 5, "reason": "a purchase without quantity > 0 and value > 0"},
        {"file": "events", "line": 6, "reason": "a purchase without quantity > 0 and value > 0"},
        {"file": "events", "line": 7, "reason": "duration_s is negative"},
    ]
    feed = next(f for f in manifest["feeds"] if f["table"] == "events")
    assert (feed["read"], feed["kept"], feed["merged"], feed["quarantined"]) == (7, 2, 0, 5)
    assert feed["reasons"]["a purchase without quantity > 0 and value > 0"] == 2


def test_duplicates_merge_only_on_a_declared_key_and_are_counted_otherwise(tmp_path, source, canonical):
    tables = canonical([BUY, BUY, BUY, {**BUY, "brand": "c"}])
    tables["events"]["seq"] = 1
    plain = ingest(source(tmp_path / "a", tables), "m", tmp_path / "m", "d")
    merging = source(tmp_path / "b", tables, events={"merge": ("consumer_id", "brand", "occurred_at")})
    merged = ingest(merging, "m", tmp_path / "m", "d")
    plain, merged = (next(f for f in m["feeds"] if f["table"] == "events") for m in (plain, merged))
    assert (plain["kept"], plain["merged"], plain["repeated"]) == (4, 0, 2)
    assert (merged["kept"], merged["merged"], merged["repeated"]) == (2, 2, 0)


def test_lines_that_do_not_reconcile_stop_the_build_and_leave_the_old_one(tmp_path, source, canonical):
    target = tmp_path / "m"
    good = source(tmp_path / "files", canonical([BUY]))
    ingest(good, "m", target, "d")
    whole = good.feeds

    def losing(con, files):
        for feed in whole(con, files):
            if feed.table == "events":
                object.__setattr__(feed, "rows", feed.rows.filter(feed.rows.line > 1))
            yield feed

    good.feeds = losing
    with pytest.raises(ApexError, match=r"events: 1 lines, but 0 kept \+ 0 merged \+ 0 quarantined"):
        ingest(good, "m", target, "d")
    assert json.loads((target / "manifest.json").read_text())["rows"]["events"] == 1
    assert [p.name for p in tmp_path.glob(".m.*") if p.is_dir()] == [target.readlink().name]


def test_a_missing_table_and_a_repeated_key_are_refused(tmp_path, source, canonical):
    tables = canonical([BUY])
    with pytest.raises(ApexError, match="gives no table consumers"):
        ingest(source(tmp_path / "a", {k: v for k, v in tables.items() if k != "consumers"}), "m", tmp_path / "m", "d")
    tables["items"] = pd.concat([tables["items"]] * 2)
    with pytest.raises(ApexError, match="items: 1 rows repeat the key item_id"):
        ingest(source(tmp_path / "b", tables), "m", tmp_path / "m", "d")
    assert not (tmp_path / "m").exists()


def test_events_are_filed_by_brand_consumer_and_the_total_order(tmp_path, source, canonical):
    at = "2024-01-02 10:00"
    events = [
        {**BUY, "consumer_key": c, "brand": b, "occurred_at": at, "behaviour": k, "seq": s}
        for c in ("anna", "berta", "carla") for b in ("z", "a") for k in ("buy", "expose", "view") for s in (2, 1)
    ]  # fmt: skip
    ingest(source(tmp_path / "files", canonical(events)), "m", tmp_path / "m", "d")
    for path in sorted((tmp_path / "m" / "events").glob("*.parquet")):
        rows = pd.read_parquet(path)
        rows["place"] = rows.behaviour.map({"expose": 0, "view": 5, "buy": 18})
        order = ["brand", "consumer_id", "occurred_at", "place", "seq"]
        assert rows[order].equals(rows[order].sort_values(order, ignore_index=True))
    assert len(read(tmp_path / "m", "events")) == len(events)


def test_the_same_files_give_the_same_tables(tmp_path, source, canonical):
    events = [{**BUY, "consumer_key": str(n), "occurred_at": f"2024-01-{n % 28 + 1:02} 10:00"} for n in range(500)]
    made = source(tmp_path / "files", canonical(events))
    ingest(made, "m", tmp_path / "one", "d")
    ingest(made, "m", tmp_path / "two", "d")
    for table in ("events", "items", "consumers"):
        assert read(tmp_path / "one", table).equals(read(tmp_path / "two", table))


def test_a_warehouse_that_is_not_there_names_its_neighbours(tmp_path, source, canonical):
    ingest(source(tmp_path / "files", canonical([BUY])), "shoes", tmp_path / "shoes", "d")
    with pytest.raises(ApexError, match='no warehouse at .*shoe .*Did you mean "shoes"'):
        open_warehouse(tmp_path / "shoe")
    with pytest.raises(ApexError, match="spark://"):
        open_warehouse("spark://host/x")


def test_an_own_hashing_key_is_asked_for(monkeypatch, tmp_path):
    monkeypatch.delenv("APEX_KEY", raising=False)
    monkeypatch.setattr(keys, "KEY_FILE", keys.ROOT / "data" / "no-such.key")
    with pytest.raises(ApexError, match=r"APEX_KEY.*data/no-such\.key"):
        keys.hashing_key(public=False)
    own = "sixteen letters!"
    monkeypatch.setenv("APEX_KEY", own)
    assert keys.hashing_key(public=False) == own.encode() != keys.hashing_key(public=True)
    for short in (" ", "\n", "mine", own[1:]):
        monkeypatch.setenv("APEX_KEY", short)
        with pytest.raises(ApexError, match="at least 16"):
            keys.hashing_key(public=False)


def test_traits_may_have_any_name(tmp_path, source, canonical):
    tables = canonical([BUY])
    for trait in ('say "hi"', "two words", "select", "年龄"):
        tables["consumers"][trait] = "x"
    ingest(source(tmp_path / "files", tables), "m", tmp_path / "m", "d")
    assert {'say "hi"', "two words", "select", "年龄"} <= set(read(tmp_path / "m", "consumers"))
