"""Parquet files that grow: groups of one size, in order, from pieces of any size; and what fails is told."""

from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from twin import growing
from twin.growing import Growing


def table(rows, first):
    return pa.table({"seq": np.arange(first, first + len(rows)), "value": rows})


@pytest.fixture(autouse=True)
def small_groups(monkeypatch):
    monkeypatch.setattr(growing, "ROWS", 10)


@pytest.mark.parametrize("sizes", [[25], [3, 0, 9, 13], [10, 10, 5], [1] * 25])
def test_groups_do_not_tell_the_pieces(tmp_path, sizes):
    with Growing(tmp_path / "a.parquet", np.concatenate, table) as file:
        for piece in np.split(np.arange(25), np.cumsum(sizes)[:-1]):
            file.add(piece)
    assert file.rows == 25
    found = pq.ParquetFile(tmp_path / "a.parquet")
    assert [found.metadata.row_group(g).num_rows for g in range(found.metadata.num_row_groups)] == [10, 10, 5]
    assert found.read()["value"].to_pylist() == list(range(25))
    assert found.read()["seq"].to_pylist() == list(range(1, 26))


def test_a_table_without_rows_has_its_columns(tmp_path):
    with Growing(tmp_path / "a.parquet", pa.concat_tables) as file:
        file.add(pa.table({"value": pa.array([], pa.int64())}))
    assert pq.read_table(tmp_path / "a.parquet").schema.names == ["value"]


def test_what_fails_beside_the_work_fails_the_work(tmp_path):
    def broken(rows, first):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), Growing(tmp_path / "a.parquet", np.concatenate, broken) as file:
        for _ in range(3):
            file.add(np.arange(10))


def test_a_disk_too_small_is_told_early(tmp_path, monkeypatch):
    monkeypatch.setattr(growing.shutil, "disk_usage", lambda _: SimpleNamespace(free=400))
    with Growing(tmp_path / "a.parquet", np.concatenate, table) as file:
        file.fits(0.5)  # nothing is written yet
        for _ in range(4):
            file.add(np.arange(10))
        file.fits(0.999)
        with pytest.raises(OSError, match="GB more"):
            file.fits(0.1)
