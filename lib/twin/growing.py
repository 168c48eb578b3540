"""Parquet files that grow piece by piece; neither their rows nor their bytes tell how large the pieces were."""

import shutil
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

ROWS = 1 << 20  # rows of a row group
RISING = ("consumer_id", "seq", "occurred_at")  # kept as steps from row to row: a third less on disk


class Growing:
    """A Parquet file of which one row group is in memory and one is being written beside the work.

    join: pieces → one piece (`numpy.concatenate`, `pyarrow.concat_tables`); pieces have a length and slices.
    make: (rows of a group, number of its first row counted from 1) → table; called in the order of the rows.
    """

    def __init__(  # noqa: D107
        self, path: Path, join: Callable[[list[Any]], Any], make: Callable[[Any, int], pa.Table] | None = None
    ) -> None:
        self.path, self.join = path, join
        self.make = make or (lambda group, _first: group)
        self.rows = 0  # added so far
        self._held: list[Any] = []
        self._count = 0
        self._writer: pq.ParquetWriter | None = None
        self._beside = ThreadPoolExecutor(1)
        self._writing: Future[None] | None = None

    def __enter__(self) -> "Growing":  # noqa: D105
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:  # noqa: D105
        try:
            if kind is None and self._held and (self._count or not self.rows):  # a table without rows is a table
                self._write(self.join(self._held))
            self._wait()
        finally:
            self._beside.shutdown()
            if self._writer:
                self._writer.close()

    def add(self, piece: Any) -> None:
        """Further rows behind those that are there."""
        self._held.append(piece)
        self._count += len(piece)
        self.rows += len(piece)
        while self._count >= ROWS:
            whole = self.join(self._held)
            self._write(whole[:ROWS])
            self._held, self._count = [whole[ROWS:]], self._count - ROWS

    def fits(self, share: float) -> None:
        """Raise OSError if at `share` (0 … 1) of its rows the file already says that the disk will not hold it."""
        if self._writer and share > 0:
            needed, free = self.path.stat().st_size * (1 / share - 1), shutil.disk_usage(self.path).free
            if needed > free:
                raise OSError(f"{self.path} needs about {needed / 1e9:.1f} GB more; {free / 1e9:.1f} GB are free")

    def _write(self, group: Any) -> None:
        self._wait()
        self._writing = self._beside.submit(self._write_now, group, self.rows - self._count + 1)

    def _write_now(self, group: Any, first: int) -> None:
        table = self.make(group, first).combine_chunks()  # pages end where chunks end
        if self._writer is None:
            rising = [name for name in RISING if name in table.schema.names]
            self._writer = pq.ParquetWriter(
                self.path,
                table.schema,
                use_dictionary=[name for name in table.schema.names if name not in rising],
                column_encoding=dict.fromkeys(rising, "DELTA_BINARY_PACKED"),
                write_statistics=rising,  # of texts they cost more than all else
            )
        self._writer.write_table(table, row_group_size=ROWS)

    def _wait(self) -> None:
        if self._writing is not None:
            self._writing.result()
            self._writing = None
