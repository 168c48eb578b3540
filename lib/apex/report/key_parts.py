"""Keys of an audience as files: sorted outside memory, cut into chunks, read again in order.

Consumer keys are keyed hashes and lie evenly on 63 bits, so that the first bits of a key are a fair pile: keys go onto piles
on the disk as they come, and each pile, small, is sorted by itself. What is held in memory is one batch, one pile, one chunk.
"""

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from apex.errors import ApexError

PILES = 128
SHIFT = np.int64(63 - 7)  # so many low bits are left of a key that says its pile
BATCH = 1_000_000  # keys that are sorted onto piles at once
ROWS = 1_000_000  # of a chunk: what a channel's loader takes in one file
KEYED = np.dtype([("key", "<i8"), ("band", "i1")], align=True)
COLUMNS = pa.schema([pa.field("consumer_id", pa.int64(), nullable=False), pa.field("band", pa.int8(), nullable=False)])
Keys = npt.NDArray[np.int64]
Keyed = npt.NDArray[Any]
Batch = npt.ArrayLike | tuple[npt.ArrayLike, npt.ArrayLike]


def keyed(name: str, keys: npt.ArrayLike, bands: npt.ArrayLike | None = None) -> Keyed:
    """Keys (int64, none below 0) with their bands (1 to 127; 0 where there is none). ApexError for what are no keys."""
    array = np.asarray(keys)
    if array.size and (array.ndim != 1 or array.dtype.kind not in "iu" or (array < 0).any()):
        raise ApexError(f"export: {name} should be a list of int64 keys without gaps, not {array.dtype}.")
    made = np.zeros(array.size, KEYED)
    made["key"] = array.astype(np.int64).ravel()
    if bands is not None:
        made["band"] = np.asarray(bands)
    return made


def batches(name: str, keys: npt.ArrayLike | Iterable[Batch], bands: npt.ArrayLike | None = None) -> Iterator[Keyed]:
    """Keys as they are given, in pieces: one list (with its bands), or an iterator of lists or of pairs of keys and bands."""
    given: Any = keys if isinstance(keys, Iterator) else [keys if bands is None else (keys, bands)]
    for one in given:
        whole = keyed(name, *one) if isinstance(one, tuple) else keyed(name, one)
        for start in range(0, len(whole), BATCH):
            yield whole[start : start + BATCH]


def pile(folder: Path, name: str, given: Iterable[Keyed]) -> None:
    """Put keys onto their piles, files of `folder`."""
    folder.mkdir(exist_ok=True)
    with contextlib.ExitStack() as held:
        piles = [held.enter_context((folder / f"{name}.{i}").open("wb")) for i in range(PILES)]
        for batch in given:
            at = (batch["key"] >> SHIFT).astype(np.uint8)
            order = np.argsort(at, kind="stable")
            ends = np.searchsorted(at[order], np.arange(PILES + 1))
            batch = batch[order]
            for i in np.flatnonzero(np.diff(ends)):
                piles[i].write(batch[ends[i] : ends[i + 1]].tobytes())


def piled(folder: Path, name: str) -> Iterator[tuple[Keyed, int | None]]:
    """The piles in order, each sorted by key, with the first key that is beyond it (None: nothing is)."""
    for i in range(PILES):
        found = np.fromfile(folder / f"{name}.{i}", KEYED)
        order = np.argsort(np.ascontiguousarray(found["key"]), kind="stable")
        yield found[order], (i + 1) << int(SHIFT) if i + 1 < PILES else None


def among(keys: Keys, ascending: Keys) -> npt.NDArray[np.bool_]:
    """Which of the keys stand in a list that ascends."""
    if not len(ascending):
        return np.zeros(len(keys), bool)
    at = np.minimum(np.searchsorted(ascending, keys), len(ascending) - 1)
    return ascending[at] == keys


class Writer:
    """Writes rows into chunks NAME-0001.parquet (or .csv) of `rows` rows each; `written` are their names and rows."""

    def __init__(self, folder: Path, name: str, ending: str, rows: int) -> None:
        """Nothing is written yet; without rows there is no file."""
        self.written: dict[str, int] = {}
        self._folder, self._name, self._ending, self._rows = folder, name, ending, rows
        self._left: list[Keyed] = []

    @property
    def total(self) -> int:
        """How many rows were added."""
        return sum(self.written.values()) + sum(map(len, self._left))

    def add(self, rows: Keyed) -> None:
        """Rows, in the order of the file; whole chunks are written."""
        self._left.append(rows)
        if sum(map(len, self._left)) >= self._rows:
            whole = np.concatenate(self._left)
            cut = len(whole) // self._rows * self._rows
            for start in range(0, cut, self._rows):
                self._write(whole[start : start + self._rows])
            self._left = [whole[cut:].copy()]

    def close(self) -> None:
        """Write the last chunk."""
        rest = np.concatenate([np.empty(0, KEYED), *self._left])
        self._left = []
        if len(rest):
            self._write(rest)

    def _write(self, rows: Keyed) -> None:
        path = self._folder / f"{self._name}-{len(self.written) + 1:04}.{self._ending}"
        made = pa.table([np.ascontiguousarray(rows["key"]), np.ascontiguousarray(rows["band"])], schema=COLUMNS)
        if self._ending == "csv":
            options = pyarrow.csv.WriteOptions(quoting_style="none", quoting_header="none")
            pyarrow.csv.write_csv(made, path, options)
        else:
            pq.write_table(made, path, compression="zstd")
        self.written[path.name] = len(rows)


def read(path: Path) -> Iterator[Keyed]:
    """The rows of a chunk, in pieces. ApexError where it does not have the columns of a chunk, or is none at all."""
    try:
        if path.suffix == ".csv":
            options = pyarrow.csv.ConvertOptions(column_types=COLUMNS)
            found: Iterable[pa.RecordBatch] = pyarrow.csv.open_csv(path, convert_options=options)
        else:
            file = pq.ParquetFile(path)
            if file.schema_arrow != COLUMNS:
                raise ApexError(f"{path.name} does not hold keys and bands.")
            found = file.iter_batches(BATCH)
        for batch in found:
            if batch.schema.names != COLUMNS.names:
                raise ApexError(f"{path.name} does not hold keys and bands.")
            yield keyed(path.name, batch.column(0).to_numpy(), batch.column(1).to_numpy())
    except (pa.ArrowInvalid, OSError):
        raise ApexError(f"{path.name} cannot be read as a chunk of keys.") from None


class Ascending:
    """Keys of several chunks, which ascend over all of them, taken up to a bound at a time."""

    def __init__(self, paths: Sequence[Path]) -> None:
        """Nothing is read yet."""
        self._pieces = (piece["key"] for path in paths for piece in read(path))
        self._rest: Keys = np.empty(0, np.int64)

    def below(self, bound: int | None) -> Keys:
        """All keys not taken yet that lie below the bound (None: all that are left)."""
        taken = []
        while True:
            cut = len(self._rest) if bound is None else int(np.searchsorted(self._rest, bound))
            taken.append(self._rest[:cut])
            self._rest = self._rest[cut:]
            if len(self._rest):
                break
            piece = next(self._pieces, None)
            if piece is None:
                break
            self._rest = piece
        return np.concatenate(taken)
