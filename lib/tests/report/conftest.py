"""Throw-away workspaces: notebooks, reports, a campaign file, and cells that write what a Run would."""

import ast
import importlib.util
import json
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest

CAMPAIGN = """
title: {en: "Test brand", zh: "测试品牌"}
warehouse: none
brand: "764"
rules: aipl
goal: {window: [2017-10-30, 2017-12-24]}
currency: USD
"""

# What Run.close() leaves behind, written without the library so that a kernel starts fast.
CLOSE = """
import json, os, pathlib
place = pathlib.Path(os.environ["APEX_RUN"]); stem = ID.replace("/", "-")
table = f"{stem}.stock"
(place / "tables" / f"{table}.csv").write_text("day,consumers\\n2017-10-29,742\\n")
(place / "tables" / f"{table}.parquet").write_bytes(b"PAR1")
(place / "tables" / f"{stem}.days.ics").write_text("BEGIN:VCALENDAR")
(place / "notebooks" / f"{stem}.findings.json").write_text(json.dumps(FINDINGS))
if DONE:
    (place / "notebooks" / f"{stem}.done.json").write_text(json.dumps({
        "notebook": ID, "as_of": "2017-10-29", "tables": [table], "files": [f"{stem}.days.ics"], "findings": 1,
        "inputs": {"warehouse": {"name": "none", "digest": "ab" * 32},
                   "ledger": {"rules": "aipl", "digest": "cd" * 32}},
        "data": {"first_day": "2017-01-01", "last_day": "2017-12-31", "rows": {"events": 1458000}}, "missing": []}))
"""


def finding(id: str, **other: Any) -> dict[str, Any]:
    return {
        "notebook": id,
        "name": "total",
        "kind": "counted",
        "text": "The brand has **742 consumers**.",
        "short": "Loyal grew, aware did not",
        "verdict": "careful",
        "next_step": "Reach new households by circular",
        "headline": True,
        "tile": {"label": "Consumer assets", "value": "742", "note": "+12 %"},
    } | other


class Workspace:
    """A workspace in a temporary folder."""

    def __init__(self, folder: Path) -> None:
        self.notebooks, self.reports, self.lessons = folder / "notebooks", folder / "reports", folder / "lessons"
        self.campaign = folder / "test-brand.yml"
        self.campaign.write_text(CAMPAIGN, encoding="utf-8")
        self.folder = folder

    def notebook(
        self,
        id: str,
        *cells: str,
        needs: tuple[str, ...] = (),
        done: bool = True,
        findings: list[dict[str, Any]] | None = None,
        parameters: str = 'campaign = "none"\nknob = 3',
        markdown: tuple[tuple[str, str | None], ...] = (),
        close: bool = True,
        place: int = 1,
    ) -> Path:
        """Write a notebook: a title, markdown (text, tag), code cells, and the closing cell."""
        new = nbformat.v4
        written = [new.new_markdown_cell("# The notebook's own title\n\nIntroduction."), new.new_code_cell(parameters)]
        written[1].metadata["tags"] = ["parameters"]
        for text, tag in markdown:
            written.append(new.new_markdown_cell(text, metadata={"tags": [tag] if tag else []}))
        written += [new.new_code_cell(textwrap.dedent(cell)) for cell in cells]
        if close:
            head = f"ID, DONE, FINDINGS = {id!r}, {done}, {findings or [finding(id)]!r}"
            written.append(new.new_code_cell(head + CLOSE))
        node = new.new_notebook(cells=written)
        name = id.split("/")[1]
        node.metadata["apex"] = {
            "needs": list(needs),
            "place": place,
            "title": {"en": name.title(), "zh": f"中{name}"},
            "question": {"en": "Where do we stand?", "zh": "我们处于什么位置？"},
        }
        for i, cell in enumerate(node.cells):
            cell["id"] = f"c{i}"
        path = self.notebooks / f"{id}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(node, path)
        return path

    def render(self, prepare: Callable[[Any], Any] | None = None, campaign: Path | None = None) -> Path:
        from apex.report.prepare import Inputs
        from apex.report.runner import render

        ready = prepare or (lambda campaign: Inputs())
        return render(
            campaign or self.campaign,
            notebooks=self.notebooks,
            reports=self.reports,
            lessons=self.lessons,
            prepare=ready,
        )

    def process(self) -> subprocess.Popen[str]:
        """The runner in a process of its own, as `python -m apex report` runs it but in this workspace."""
        code = f"""
            import functools, sys
            from pathlib import Path
            import apex.report.runner as runner
            from apex.__main__ import main
            from apex.report.prepare import Inputs
            folder = Path({str(self.folder)!r})
            if __name__ == "__main__":
                runner.render = functools.partial(runner.render, notebooks=folder / "notebooks",
                    reports=folder / "reports", prepare=lambda campaign: Inputs())
                sys.exit(main(["report", {str(self.campaign)!r}]))
        """
        script = self.folder / "run.py"
        script.write_text(textwrap.dedent(code), encoding="utf-8")
        return subprocess.Popen(
            [sys.executable, script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        )

    def manifest(self, name: str = "test-brand") -> dict[str, Any]:
        return json.loads((self.reports / name / "manifest.json").read_text(encoding="utf-8"))

    def page(self, file: str, name: str = "test-brand") -> str:
        return (self.reports / name / file).read_text(encoding="utf-8")


def execute(notebook: Any, given: dict[str, Any]) -> dict[int, str]:
    """Run a notebook's code cells here, with these parameters; what each ends with, as a page would show it."""
    space: dict[str, Any] = {"__name__": "__main__"}
    shown = {}
    for number, cell in enumerate(nbformat.read(notebook.path, as_version=4).cells):
        if cell.cell_type != "code" or "lab" in cell.metadata.get("tags", ()):
            continue
        tree = ast.parse(cell.source)
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, notebook.id, "exec"), space)
        if "parameters" in cell.metadata.get("tags", ()):
            space |= given
        if last is not None:
            value = eval(compile(ast.Expression(last.value), notebook.id, "eval"), space)
            as_html: Callable[[], str] = getattr(value, "_repr_html_", lambda value=value: repr(value))
            shown[number] = as_html()
    return shown


@pytest.fixture(autouse=True)
def nothing_is_known_from_other_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers are kept by the data's digest, and markets made for tests have one and the same."""
    monkeypatch.setattr("apex.report.upstream._KNOWN", {})


@pytest.fixture(scope="session")
def execute_here() -> Callable[..., dict[int, str]]:
    return execute


@pytest.fixture(scope="session")
def future_market() -> Any:
    """The module of the small market, on which a brand has ended one campaign and plans the next."""
    spec = importlib.util.spec_from_file_location("future_market", Path(__file__).parent / "future_market.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path)


@pytest.fixture(scope="module")
def shared_workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """One workspace for the tests of a module that only read what was rendered."""
    return Workspace(tmp_path_factory.mktemp("workspace"))


@pytest.fixture(scope="session")
def make_finding() -> Callable[..., dict[str, Any]]:
    return finding


@pytest.fixture(scope="session")
def wait_until() -> Callable[[Callable[[], Any], float], Any]:
    def wait(condition: Callable[[], Any], seconds: float = 20) -> Any:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if value := condition():
                return value
            time.sleep(0.02)
        raise AssertionError("it did not happen in time")

    return wait
