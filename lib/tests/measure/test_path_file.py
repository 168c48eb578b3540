"""Files of paths."""

import pandas as pd
import pytest

from apex.errors import ApexError
from apex.measure import path_file

ROWS = pd.DataFrame({"path": ["a > b", "a"], "conversions": [2, 0], "value": [300, 0], "nulls": [1, 7]})


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_both_kinds_are_read_alike(tmp_path, ending):
    file = tmp_path / f"paths.{ending}"
    ROWS.to_csv(file, index=False) if ending == "csv" else ROWS.to_parquet(file)
    assert path_file.read(str(file)).astype(dict.fromkeys(path_file.COUNTS, int)).equals(ROWS)


def test_what_is_missing_is_nought(tmp_path):
    file = tmp_path / "paths.csv"
    ROWS[["path", "conversions"]].to_csv(file, index=False)
    assert path_file.read(str(file)).nulls.tolist() == [0, 0]


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (ROWS.rename(columns={"path": "paths"}), 'no column "path".*paths'),
        (ROWS.assign(nulls=[1, -1]), '"nulls".*row 2'),
        (ROWS.assign(conversions=["x", 1]), '"conversions".*row 1'),
    ],
)
def test_what_is_wrong_is_said(tmp_path, frame, said):
    file = tmp_path / "paths.csv"
    frame.to_csv(file, index=False)
    with pytest.raises(ApexError, match=said):
        path_file.read(str(file))


def test_no_file(tmp_path):
    with pytest.raises(ApexError, match="no file of paths"):
        path_file.read(str(tmp_path / "none.csv"))
