"""From source files to a warehouse: check, merge, hash, file, reconcile, and only then show it."""

import json
import shutil
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from apex import files
from apex.errors import ApexError
from apex.warehouse import keys, schema
from apex.warehouse.checks import checks_of
from apex.warehouse.engine import connect, copy, name, quote
from apex.warehouse.sources import Feed

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend

EVENTS_A_SLICE = 2_000_000  # rows of events in one slice: small enough to sweep in a few hundred megabytes


@dataclass
class Tally:
    """What became of the lines of one feed: read = kept + merged + quarantined; and how many rows it wrote."""

    table: str
    file: str | None
    derived_from: str
    rows: int = 0
    derived: int = 0  # rows that are not a line of a file each
    read: int = 0
    kept: int = 0
    merged: int = 0
    quarantined: int = 0
    repeated: int = 0  # kept rows that equal another kept row in every column but their line: counted, not merged
    reasons: dict[str, int] = field(default_factory=dict)


def ingest(source: ModuleType, warehouse: str, target: Path, digest: str) -> dict[str, Any]:
    """Build the warehouse `target` from a source and swap it in whole; returns its manifest.

    Raises ApexError when a required table is missing, two consumers hash to one id, or lines do not reconcile; the
    warehouse that was there before stays.
    """
    started = time.monotonic()
    paths = source.files()
    with files.lock(target), files.building(target) as folder:
        work = folder / "work"
        (work / "events").mkdir(parents=True)
        con = connect(spill=work)
        key = keys.hashing_key(public=source.PUBLIC)
        keys.install(con, key)
        con.raw_sql("CREATE TEMP TABLE consumer_ids (raw VARCHAR, consumer_id BIGINT)")
        lines = {n: _count(con, f"FROM read_parquet({quote(p)})") for n, p in paths.items()}
        slices = max(
            2, -(-sum(lines.values()) // EVENTS_A_SLICE)
        )  # before the rows are derived: a guess on the safe side
        tallies: list[Tally] = []
        for feed in source.feeds(con, paths):
            _say(f"{time.monotonic() - started:5.1f} s  {feed.table:<16} from {feed.file or feed.derived_from}")
            tallies.append(_take(con, feed, folder, work, len(tallies), slices))
        _say(f"{time.monotonic() - started:5.1f} s  filing events in {slices} slices")
        rows = _file_events(con, folder, work, slices)
        rows |= {t.table: rows.get(t.table, 0) + t.rows for t in tallies if t.table != "events"}
        _refuse_missing(rows)
        _refuse_unreconciled(tallies, lines)
        con.disconnect()
        shutil.rmtree(work)
        manifest = {
            "name": warehouse,
            "digest": digest,
            "timezone": source.TIMEZONE,
            "currency": source.CURRENCY,
            "key": keys.fingerprint(key),
            "slices": slices,
            "rows": dict(sorted(rows.items())),
            "files": {n: {"lines": lines[n], "used_as": _use(n, tallies)} for n in paths},
            "feeds": [vars(t) for t in tallies],
            "about": source.ABOUT,
            "licence": source.LICENCE,
            "notes": source.NOTES,
            "seconds": round(time.monotonic() - started, 1),
            **_days(folder),
        }
        files.atomic_write(folder / "manifest.json", json.dumps(manifest, indent=1, ensure_ascii=False))
    _say(f"done: {rows['events']:,} events of {rows['consumers']:,} consumers in {manifest['seconds']:.0f} s")
    return manifest


def _take(con: "Backend", feed: Feed, folder: Path, work: Path, number: int, slices: int) -> Tally:
    """One feed: failing lines to the quarantine, declared repeats merged, the rest to its table."""
    table = schema.table(feed.table)
    tally = Tally(feed.table, feed.file, feed.derived_from)
    judged = _judged(con, feed, table)
    staged = work / f"{number:02}.parquet"  # derived and judged once, read several times
    con.raw_sql(f"COPY ({judged.compile()}) TO {quote(staged)} (FORMAT parquet)")
    view = f"read_parquet({quote(staged)})"
    tally.quarantined, tally.reasons = _quarantine(
        con, feed, view, folder / "quarantine" / f"{table.name}.{number:02}.parquet"
    )
    traits = [c for c in judged.columns if c not in (*table.columns, "line", "reason")]
    columns = [*table.columns, *(name(t) for t in traits)]
    good = f"SELECT {', '.join(columns)} FROM {view} WHERE reason IS NULL"
    once = f" QUALIFY row_number() OVER (PARTITION BY {', '.join(feed.merge)} ORDER BY line) = 1" if feed.merge else ""
    if table.name == "events":
        written = work / "events" / f"{number:02}"
        slice_of = f"SELECT *, consumer_id % {slices} AS slice FROM ({good}{once})"
        done = con.raw_sql(f"COPY ({slice_of}) TO {quote(written)} (FORMAT parquet, PARTITION_BY (slice))")
        tally.rows = int(done.fetchone()[0])
        written = written / "*" / "*.parquet"
    else:
        written = folder / table.name / f"{number:02}.parquet"
        order = "line" if feed.a_row_a_line else ", ".join(table.order)
        tally.rows = copy(con, f"{good}{once} ORDER BY {order}", written)
    if feed.a_row_a_line:
        tally.kept, tally.derived = tally.rows, 0 if feed.file else tally.rows
        tally.merged = _count(con, good) - tally.rows if feed.merge else 0
        tally.read = _count(con, f"SELECT 1 FROM {view}")
    else:
        lines = f"SELECT line, bool_or(reason IS NULL) AS used FROM {view} WHERE line IS NOT NULL GROUP BY line"
        tally.read, tally.derived = _count(con, lines), tally.rows
        tally.kept = _count(con, f"SELECT 1 FROM ({lines}) WHERE used")
    if feed.file and feed.a_row_a_line and tally.rows:
        facts = ", ".join(c for c in columns if c != "seq")
        tally.repeated = tally.rows - _count(con, f"SELECT DISTINCT hash({facts}) FROM read_parquet({quote(written)})")
    if table.key and tally.rows:
        _refuse_repeated_keys(con, table, tally.rows, written)
    staged.unlink()
    return tally


def _quarantine(con: "Backend", feed: Feed, view: str, path: Path) -> tuple[int, dict[str, int]]:
    """Failing lines with their file, line and reason; returns how many, and how many a reason."""
    origin = quote(feed.file or feed.derived_from)
    failing = copy(con, f"SELECT {origin} AS file, * FROM {view} WHERE reason IS NOT NULL ORDER BY line", path)
    if not failing:
        path.unlink()
        return 0, {}
    counted = con.raw_sql(f"SELECT reason, count(*) FROM read_parquet({quote(path)}) GROUP BY 1 ORDER BY 1").fetchall()
    return failing, dict(counted)


def _judged(con: "Backend", feed: Feed, table: schema.Table) -> "ir.Table":
    """The feed's rows in canonical columns and types, consumers hashed, with the reason why a row may not enter."""
    import ibis

    rows = feed.rows
    if "consumer_key" in rows.columns:
        rows = _hashed(con, rows)
    dtypes = {"timestamp": "timestamp(6)"}
    wanted = {
        c: (rows[c] if c in rows.columns else ibis.null()).cast(dtypes.get(t, t)) for c, t in table.columns.items()
    }
    if table.open:
        wanted |= {c: rows[c].cast("string") for c in rows.columns if c not in (*wanted, "line")}
    rows = rows.select(**wanted, line=rows["line"])
    cases = [(~check.holds(rows).fill_null(False), check.reason) for check in [*feed.checks, *checks_of(table)]]
    return rows.mutate(reason=ibis.cases(*cases, else_=ibis.null("string")))


def _hashed(con: "Backend", rows: "ir.Table") -> "ir.Table":
    """`consumer_key` replaced by `consumer_id`; every raw key is hashed once, in a table that dies with the connection."""
    distinct = rows.filter(rows.consumer_key.notnull()).select("consumer_key").distinct().compile()
    con.raw_sql(f"""
        INSERT INTO consumer_ids SELECT consumer_key, consumer_hash(consumer_key) FROM ({distinct})
        WHERE consumer_key NOT IN (SELECT raw FROM consumer_ids)""")
    clash = con.raw_sql("SELECT count(*) - count(DISTINCT consumer_id) FROM consumer_ids").fetchone()[0]
    if clash:
        raise ApexError(
            f"{clash} consumer keys hash to the same id as another; change the hashing key and build again."
        )
    ids = con.table("consumer_ids")
    return rows.left_join(ids, rows.consumer_key == ids.raw).drop("consumer_key", "raw")


def _file_events(con: "Backend", folder: Path, work: Path, slices: int) -> dict[str, int]:
    """Events filed for the ledger: one file a slice of consumers, inside by brand, consumer and the total order of time."""
    place = " ".join(f"WHEN {quote(b)} THEN {i}" for i, b in enumerate(schema.behaviours()))
    order = [f"CASE behaviour {place} END" if c == "behaviour" else c for c in schema.table("events").order]
    # After the total order, whatever is left that could tell two rows apart, so that the same data give the same file.
    rest = [c for c in schema.table("events").columns if c not in schema.table("events").order]
    total = 0
    for number in range(slices):
        parts = list((work / "events").glob(f"*/slice={number}/*.parquet"))
        source = (
            f"SELECT {', '.join(schema.table('events').columns)} "
            f"FROM read_parquet([{', '.join(map(quote, sorted(parts)))}], hive_partitioning = false)"
            if parts
            else "SELECT " + ", ".join(f"NULL::{schema.SQL_TYPES[t]} AS {c}" for c, t in schema.table("events").columns.items())
            + " WHERE false"
        )  # fmt: skip
        total += copy(con, f"{source} ORDER BY {', '.join(order + rest)}", folder / "events" / f"{number:03}.parquet")
    return {"events": total}


def _count(con: "Backend", sql: str) -> int:
    return int(con.raw_sql(f"SELECT count(*) FROM ({sql})").fetchone()[0])


def _use(name: str, tallies: Iterable[Tally]) -> str:
    own = [t.table for t in tallies if t.file == name]
    return ", ".join(own) if own else "derived rows"


def _days(folder: Path) -> dict[str, str]:
    con = connect()
    first, last = con.raw_sql(
        f"SELECT min(occurred_at)::DATE, max(occurred_at)::DATE FROM read_parquet({quote(f'{folder}/events/*.parquet')})"
    ).fetchone()
    con.disconnect()
    if first is None:
        raise ApexError(
            "The source has no event that passed the checks; the quarantine was not kept. Nothing was changed."
        )
    return {"first_day": first.isoformat(), "last_day": last.isoformat()}


def _refuse_missing(rows: dict[str, int]) -> None:
    missing = [t.name for t in schema.tables().values() if t.required and t.name not in rows]
    if missing:
        raise ApexError(f"The source gives no table {', '.join(missing)}; every warehouse needs it.")


def _refuse_unreconciled(tallies: list[Tally], lines: dict[str, int]) -> None:
    """Nothing is lost: every line of every file that is booked line by line was kept, merged or quarantined."""
    for t in tallies:
        read = lines[t.file] if t.file else t.read
        if not read == t.read == t.kept + t.merged + t.quarantined:
            raise ApexError(
                f"{t.file}: {read:,} lines, but {t.kept:,} kept + {t.merged:,} merged + {t.quarantined:,} quarantined."
            )


def _refuse_repeated_keys(con: "Backend", table: schema.Table, kept: int, written: Path) -> None:
    again = kept - _count(con, f"SELECT DISTINCT {', '.join(table.key)} FROM read_parquet({quote(written)})")
    if again:
        key = ", ".join(table.key)
        raise ApexError(f"{table.name}: {again:,} rows repeat the key {key}; the source must declare which one counts.")


def _say(text: str) -> None:
    sys.stderr.write(f"  {text}\n")
    sys.stderr.flush()
