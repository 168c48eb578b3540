"""Nobody sees the future: with garbage after a notebook's own day, it hands over the same bytes and shows the same page."""

import ast
import datetime as dt
import importlib.util
from collections.abc import Callable
from pathlib import Path

import nbformat
import numpy as np
import pytest

from apex import files, warehouse
from apex.report import campaign as campaign_module
from apex.report.campaign import load_campaign
from apex.report.notebooks import FOLDERS, discover, parameters
from apex.warehouse import Warehouse, schema

NOTEBOOKS = {n.id: n for n in discover(files.ROOT / "notebooks")}
PUPIL = "summer-test"  # learns from spring-test


@pytest.fixture(scope="module")
def made(source, tmp_path_factory):
    """`made(day, many)` → the market with garbage after `day` (None: as it is), built once."""
    spec = importlib.util.spec_from_file_location("future_market", Path(__file__).parent / "future_market.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    folder = tmp_path_factory.mktemp("future")
    clean, built = module.tables(), {}
    for name, text in module.CAMPAIGNS.items():
        (folder / f"{name}.yml").write_text(text, encoding="utf-8")

    def build(day, many):
        if (day, many) not in built:
            frames = clean if day is None else module.garbage(clean, day, np.random.default_rng(11), many)
            built[day, many] = module.build(source, folder / f"{day}-{many}", frames)
        return built[day, many]

    build.folder = folder
    return build


@pytest.fixture
def hand_over(made, monkeypatch, tmp_path):
    """`hand_over(notebook, market)` → what its code writes and shows: file or cell → bytes."""
    monkeypatch.setattr(campaign_module, "CAMPAIGNS", made.folder)
    monkeypatch.setenv("APEX_LESSONS", str(tmp_path / "lessons"))
    calls = iter(range(100))

    def hand(id: str, market: Warehouse) -> dict[str, bytes]:
        folder = tmp_path / f"run-{next(calls)}"
        monkeypatch.setenv("APEX_RUN", str(folder))
        monkeypatch.setattr(warehouse, "ensure", lambda name: market)
        shown = run(id)
        return {f"cell {n}": text.encode() for n, text in shown.items()} | {
            str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()
        }

    return hand


def run(id: str) -> dict[int, str]:
    """Execute a notebook's code cells here; what each ends with, as a page would show it."""
    given = parameters(list(NOTEBOOKS.values()), load_campaign(PUPIL))[id]
    space, shown = {"__name__": "__main__"}, {}
    for number, cell in enumerate(nbformat.read(NOTEBOOKS[id].path, as_version=4).cells):
        if cell.cell_type != "code" or "lab" in cell.metadata.get("tags", ()):
            continue
        tree = ast.parse(cell.source)
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, id, "exec"), space)
        if "parameters" in cell.metadata.get("tags", ()):
            space |= given
        if last is not None:
            value = eval(compile(ast.Expression(last.value), id, "eval"), space)
            as_html: Callable[[], str] = getattr(value, "_repr_html_", lambda value=value: repr(value))
            shown[number] = as_html()
    return shown


def own_day(id: str) -> dt.date:
    return load_campaign(PUPIL).as_of_for(FOLDERS[id.split("/")[0]], dt.date(2024, 10, 6))


def differing(one: dict[str, bytes], other: dict[str, bytes]) -> list[str]:
    return sorted(name for name in {*one, *other} if one.get(name) != other.get(name))


def counts_of_the_whole(name: str) -> bool:
    """The mark of a finished notebook says how many rows the data have in all: provenance, and on no table or page."""
    return name.endswith(".done.json")


@pytest.mark.parametrize("id", NOTEBOOKS)
def test_garbage_after_its_day_changes_nothing(id, made, hand_over):
    clean = hand_over(id, made(None, True))
    assert sum(name.endswith(".parquet") and name.startswith("tables/") for name in clean) >= 3
    for many in (True, False):
        found = hand_over(id, made(own_day(id), many))
        assert [n for n in differing(clean, found) if not counts_of_the_whole(n)] == []


@pytest.mark.parametrize("id", NOTEBOOKS)
def test_a_look_one_day_too_far_is_noticed(id, made, hand_over, monkeypatch):
    """The same comparison with a warehouse that is cut a day too late: it must not hold."""
    until = Warehouse.until
    later = dt.timedelta(days=1)
    monkeypatch.setattr(Warehouse, "until", lambda self, day: until(self, None if day is None else day + later))
    clean, found = hand_over(id, made(None, True)), hand_over(id, made(own_day(id), True))
    changed = [n for n in differing(clean, found) if n.startswith("tables/")]
    assert changed, "a look-ahead of one day goes unnoticed"
