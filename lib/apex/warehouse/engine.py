"""The embedded engine: one DuckDB, opened the same way everywhere, that reads and writes Parquet in bounded memory."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ibis.backends.duckdb import Backend

# Enough for any sort to spill instead of failing; a setting of the machine, not of the data.
MEMORY = os.environ.get("APEX_MEMORY", "2GB")


def connect(spill: Path | None = None) -> "Backend":
    """An Ibis connection to an in-memory DuckDB; what does not fit into APEX_MEMORY (2GB) spills to the folder `spill`."""
    import ibis

    options = {"memory_limit": MEMORY, "preserve_insertion_order": True}
    if spill is not None:
        options["temp_directory"] = str(spill)
    return ibis.duckdb.connect(**options)


def quote(value: str | Path) -> str:
    """A string as an SQL literal."""
    return "'" + str(value).replace("'", "''") + "'"


def name(column: str) -> str:
    """A column's name as an SQL identifier, whatever characters it holds."""
    return '"' + column.replace('"', '""') + '"'


def copy(con: "Backend", sql: str, path: Path, *, row_group: int = 122_880) -> int:
    """Write the rows of a query to one Parquet file; returns how many there were."""
    path.parent.mkdir(parents=True, exist_ok=True)
    done = con.raw_sql(f"COPY ({sql}) TO {quote(path)} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {row_group})")
    return int(done.fetchone()[0])
