"""A kernel is ready quickly: what a notebook imports, and opening a run, bring no package that counting does not need."""

import ast
import subprocess
import sys

import nbformat
import pytest

from apex.files import ROOT

HEAVY = ("statsmodels", "scipy", "seaborn", "sklearn", "matplotlib", "great_tables")
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*/*.ipynb"))
LOOK = """
import sys
for name, code in {todo!r}.items():
    exec(code)
    if found := [m for m in {heavy!r} if m in sys.modules]:
        sys.exit(f"{{name}} imports {{', '.join(found)}} before it needs them: import inside the function that uses them")
"""


def imports(path):
    """The import statements of a notebook, and of what `apex.open` imports for it."""
    cells = [c.source for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]
    found = [n for cell in cells for n in ast.walk(ast.parse(cell)) if isinstance(n, ast.Import | ast.ImportFrom)]
    return "\n".join([*(ast.unparse(n) for n in found), "import apex.report.run"])


def look(todo):
    code = LOOK.format(todo=todo, heavy=HEAVY)
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)


def test_no_notebook_imports_what_counting_does_not_need():
    done = look({f"{p.parent.name}/{p.stem}": imports(p) for p in NOTEBOOKS})
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("module", ["scipy.special", "statsmodels.api"])
def test_an_import_that_costs_is_noticed(module):
    done = look({"1_insight/quick": "import json", "1_insight/slow": f"import {module}"})
    assert done.returncode == 1 and done.stderr.startswith("1_insight/slow imports "), done.stderr
