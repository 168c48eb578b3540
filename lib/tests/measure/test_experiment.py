"""An experiment from a file: what is read, what is left out, and what is refused by name."""

import pandas as pd
import pytest

from apex.errors import ApexError
from apex.measure.experiment import from_file


@pytest.fixture
def file(tmp_path):
    def write(frame, name="shops.csv"):
        path = tmp_path / name
        frame.to_csv(path, index=False) if name.endswith("csv") else frame.to_parquet(path)
        return path

    return write


ROWS = pd.DataFrame({
    "group": ["old", "new", "new", "old", None, "new"], "sales": [1.0, 2.0, None, 4.0, 5.0, 6.0],
    "size": [10.0, None, 30.0, 40.0, 50.0, 60.0], "kind": ["x", "y", None, "x", "x", "y"], "town": list("aabbcc"),
})  # fmt: skip


@pytest.mark.parametrize("name", ["shops.csv", "shops.parquet"])
def test_a_row_a_unit_and_who_has_no_arm_or_outcome_is_left_out(file, name):
    of = from_file(file(ROWS, name), "group", ["sales"], reference="old", covariates=["size", "kind"], cluster="town")
    assert (of.name, of.arms, of.left_out, len(of.arm)) == ("shops", ["new", "old"], 2, 4)
    assert of.outcomes.sales.tolist() == [1, 2, 4, 6] and of.clusters.tolist() == list("aabc")
    assert of.covariates["size missing"].tolist() == [0, 1, 0, 0] and of.covariates["size"].notna().all()
    assert of.covariates.kind.tolist() == ["x", "y", "x", "y"]


def test_numbers_name_arms_as_the_file_shows_them(file):
    of = from_file(file(pd.DataFrame({"t": [0, 1, None, 1], "y": [1, 2, 3, 4]})), "t", ["y"], reference="0")
    assert of.arms == ["1", "0"]


@pytest.mark.parametrize(("asked", "said"), [
    ({"arm": "grop"}, 'no column "grop".*group'), ({"outcomes": ["kind"]}, "'x' is no number \\(row 2\\)"),
    ({"reference": "olde"}, 'no arm "olde".*old'), ({"outcomes": []}, "at least one outcome"),
    ({"covariates": ["weight"]}, 'no column "weight"'), ({"cluster": "tow"}, 'no column "tow".*town'),
])  # fmt: skip
def test_what_is_not_there_is_named(file, asked, said):
    how = {"arm": "group", "outcomes": ["sales"], "reference": "old"} | asked
    with pytest.raises(ApexError, match=said):
        from_file(file(ROWS), how.pop("arm"), how.pop("outcomes"), **how)


def test_other_files_and_one_arm_are_refused(file, tmp_path):
    with pytest.raises(ApexError, match=r"no file .*gone\.csv"):
        from_file(tmp_path / "gone.csv", "group", ["sales"], reference="old")
    (tmp_path / "book.xlsx").write_text("x")
    with pytest.raises(ApexError, match=r"\.xlsx"):
        from_file(tmp_path / "book.xlsx", "group", ["sales"], reference="old")
    with pytest.raises(ApexError, match="holds 1 arm"):
        from_file(file(ROWS[ROWS.group == "old"]), "group", ["sales"], reference="old")
