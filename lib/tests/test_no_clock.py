"""Nothing that reaches a table, a page or a lesson asks what day it is, or draws without a seed."""

import ast

import nbformat
import pytest

from apex.files import ROOT

SOURCES = sorted((ROOT / "lib" / "apex").rglob("*.py")) + sorted((ROOT / "notebooks").glob("*/*.ipynb"))
CLOCKS = {"today", "now", "utcnow", "fromtimestamp", "utcfromtimestamp", "localtime", "gmtime", "ctime", "time_ns"}
SQL_CLOCKS = ("current_date", "current_timestamp", "now()", "today()", "localtimestamp", "get_current_time")
MAY = {"manifest.py"}  # says when a run was made


def asked(code: str) -> list[str]:
    """Calls of a calendar clock in Python or in SQL texts, and generators without a seed. (time.monotonic only measures.)"""
    found = []
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            last = called.split(".")[-1]
            unseeded = last in ("default_rng", "RandomState") and not (node.args or node.keywords)
            if last in CLOCKS or called == "time.time" or unseeded or called.startswith("random."):
                found.append(called)
            if called.startswith("np.random.") and last not in ("default_rng", "Generator", "SeedSequence"):
                found.append(called)
            if last in ("Timestamp", "to_datetime", "datetime64") and [ast.unparse(a) for a in node.args] in (
                ["'now'"],
                ["'today'"],
            ):
                found.append(called)
        elif isinstance(node, ast.ImportFrom) and node.module == "time":
            found += [n.name for n in node.names if n.name not in ("monotonic", "sleep", "perf_counter")]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            found += [clock for clock in SQL_CLOCKS if clock in node.value.lower()]
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_module_and_no_notebook_asks_the_clock(path):
    if path.suffix == ".ipynb":
        cells = nbformat.read(path, as_version=4).cells
        code = "\n".join(c.source for c in cells if c.cell_type == "code")
    else:
        code = path.read_text(encoding="utf-8")
    assert asked(code) == (["datetime.datetime.now"] if path.name in MAY else [])


@pytest.mark.parametrize(
    "code",
    [
        "date.today()", "x = datetime.datetime.now(UTC)", "pd.Timestamp.now()", "pd.Timestamp('now')", "ibis.now()",
        "time.time()", "from time import time", "con.sql('SELECT current_date - 3')", "np.random.default_rng()",
        "np.random.rand(3)", "np.random.normal()", "random.random()", "np.datetime64('today')",
    ],
)  # fmt: skip
def test_the_look_for_clocks_finds_them(code):
    assert asked(code)


@pytest.mark.parametrize(
    "code",
    ["time.monotonic()", "change.now", "until = today - 3", "default_rng(seed)", "f(now=1)", "words('as of now')"],
)
def test_what_only_sounds_like_a_clock_is_none(code):
    assert asked(code) == []
