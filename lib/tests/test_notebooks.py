"""Notebooks as they are committed, and that nbval still notices what it should."""

import ast
import subprocess
import sys

import nbformat
import pytest

from apex.files import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*/*.ipynb"))
CHECKED = "nbval-check-output"


@pytest.fixture(params=NOTEBOOKS, ids=lambda p: f"{p.parent.name}/{p.stem}")
def notebook(request):
    return nbformat.read(request.param, as_version=4)


def tags(cell):
    return set(cell.metadata.get("tags", ()))


def test_cells_are_short_and_define_nothing(notebook):
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert len(cell.source.splitlines()) <= 15, cell.source
            kinds = [type(n) for n in ast.walk(ast.parse(cell.source))]
            assert not {ast.FunctionDef, ast.ClassDef, ast.Lambda, ast.AsyncFunctionDef} & set(kinds), cell.source


def test_no_outputs_but_the_checked_ones(notebook):
    assert "papermill" not in notebook.metadata
    checked = [c for c in notebook.cells if CHECKED in tags(c)]
    assert checked, "at least one cell's output is compared"
    for cell in notebook.cells:
        assert "papermill" not in cell.metadata
        if cell.cell_type == "code":
            assert bool(cell.outputs) == (CHECKED in tags(cell)), cell.source


def test_narrative_comes_in_pairs(notebook):
    told = [tags(c) & {"en", "zh"} for c in notebook.cells if c.cell_type == "markdown"]
    assert told[::2] == [{"en"}] * (len(told) // 2) and told[1::2] == [{"zh"}] * (len(told) // 2)


def test_first_a_title_then_parameters_and_last_the_close(notebook):
    assert notebook.cells[0].source.startswith("# ")
    code = [c for c in notebook.cells if c.cell_type == "code"]
    assert "parameters" in tags(code[0])
    assert code[-1].source.startswith("run.close()")


@pytest.mark.parametrize(("stored", "code"), [("2\n", 0), ("3\n", 1)])
def test_nbval_compares_checked_cells(tmp_path, stored, code):
    """nbval saw its last release in 2024: this fails on the day it no longer notices a changed output."""
    cell = nbformat.v4.new_code_cell("print(1 + 1)", execution_count=1, metadata={"tags": [CHECKED]})
    cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=stored)]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    nbformat.write(nbformat.v4.new_notebook(cells=[cell], metadata={"kernelspec": kernel}), tmp_path / "canary.ipynb")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--nbval-lax", "-p", "no:cacheprovider", "canary.ipynb"],
        cwd=tmp_path, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == code, done.stdout + done.stderr
