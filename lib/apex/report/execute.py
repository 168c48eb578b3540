"""One notebook in one worker: executed by papermill in a kernel of its own, checked, and made a page."""

import json
import os
import re
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import nbformat
import papermill
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from papermill.exceptions import PapermillExecutionError

from apex.errors import ApexError
from apex.report import site
from apex.report.finding import read_findings
from apex.report.task import Result, Task

CELL_SECONDS = 1800  # a cell that takes longer hangs
START_SECONDS = 60
# Two notebooks share the machine: one BLAS thread each, and the same hashes in every run.
_LIBRARIES = ("OMP", "OPENBLAS", "MKL", "NUMEXPR")
KERNEL_ENVIRONMENT = {f"{library}_NUM_THREADS": "1" for library in _LIBRARIES} | {
    "VECLIB_MAXIMUM_THREADS": "1",
    "PYTHONHASHSEED": "0",
}


class KernelManager(AsyncKernelManager):
    """A kernel of this very Python, over sockets in a short folder of its own.

    TCP ports race and are open to every user of the machine; the sockets' default place is the working folder, where
    kernels side by side would talk to each other. The user's IPython profile stays out: a report depends on nothing
    that is not in the repository.
    """

    sockets = Path(tempfile.gettempdir())  # set by the worker to the run's folder

    def __init__(self, **kwargs: Any) -> None:
        """Make the folder; papermill makes one manager for each notebook."""
        super().__init__(**kwargs)
        self._place = Path(tempfile.mkdtemp(prefix="k", dir=self.sockets))
        self.transport = "ipc"
        self.ip = str(self._place / "k")
        self.connection_file = str(self._place / "connection.json")

    @property
    def kernel_spec(self) -> KernelSpec:
        """Not the one a user may have registered as "python3"."""
        argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}", "--HistoryManager.enabled=False"]
        return KernelSpec(argv=argv, display_name="Python 3", language="python")

    async def start_kernel(self, **kwargs: Any) -> None:  # type: ignore[override]
        """Start it with our environment."""
        env = os.environ | KERNEL_ENVIRONMENT | {"IPYTHONDIR": str(self._place)}
        await super().start_kernel(**{"env": env} | kwargs)


def run(task: Task) -> Result:
    """Execute, check and render one notebook; never raises for what the notebook does."""
    seconds: dict[str, float] = {}
    target = task.frame.folder / "notebooks" / f"{task.frame.stem}.ipynb"
    error = _execute(task, target, seconds) or _check(task)
    if target.exists():
        tidy(target)
    began = time.monotonic()
    try:
        page = site.notebook_page(target, task.frame, error)
    except site.PageError as problem:
        error = error or str(problem)
        page = site.failure_page(task.frame, error)
    (task.frame.folder / f"{task.frame.stem}.html").write_text(page, encoding="utf-8")
    seconds["html"] = round(time.monotonic() - began, 3)
    return Result(task.id, "failed" if error else "ok", error, seconds)


def _execute(task: Task, target: Path, seconds: dict[str, float]) -> str | None:
    """Run it; the error in one line, or None. A kernel that does not start is tried once more, a cell never."""
    for attempt in (1, 2):
        began = time.monotonic()
        clock = _Clock()
        os.environ["APEX_RUN"] = str(task.frame.folder)
        KernelManager.sockets = task.sockets
        problem: str | None = None
        try:
            papermill.execute_notebook(
                _literal(task.source),
                _literal(target),
                task.parameters,
                progress_bar=False,
                cwd=task.source.parent,
                kernel_name="python3",
                language="python",
                start_timeout=START_SECONDS,
                execution_timeout=CELL_SECONDS,
                kernel_manager_class=KernelManager,
                shutdown_kernel="immediate",
                record_timing=False,
                on_cell_start=clock,
            )
        except PapermillExecutionError as error:
            problem = f"{error.ename}: {error.evalue}"
        except Exception as error:
            problem = f"{type(error).__name__}: {error}"
        ended = time.monotonic()
        started = clock.first or ended
        seconds |= {"start_up": round(started - began, 3), "execution": round(ended - started, 3)}
        if problem is None:
            return None
        if clock.first or attempt == 2:
            break
    return mask(problem or "") if clock.first else mask(f"It could not be started. {problem}")


class _Clock:
    """Called at the start of each cell; remembers when the first one began."""

    first: float | None = None

    def __call__(self, **_: Any) -> None:
        self.first = self.first or time.monotonic()


def _literal(path: Path) -> str:
    """A path that survives papermill's str.format."""
    return str(path).replace("{", "{{").replace("}", "}}")


def _check(task: Task) -> str | None:
    """What a finished notebook must have left behind, else why it does not count as finished."""
    done = task.frame.folder / "notebooks" / f"{task.frame.stem}.done.json"
    try:
        marker = json.loads(done.read_text(encoding="utf-8"))
        read_findings(done.with_name(f"{task.frame.stem}.findings.json"))
        for table in marker["tables"]:
            for end in ("csv", "parquet"):
                if not (task.frame.folder / "tables" / f"{table_stem(task.frame.stem, table)}.{end}").exists():
                    return f'the table "{table}" was announced, but there is no such {end} file'
        for file in marker.get("files", ()):
            if not (task.frame.folder / "tables" / Path(file).name).exists():
                return f'the file "{file}" was announced, but there is none'
    except FileNotFoundError:
        return "It ran to the end, but left no result: the last cell should be `run.close()`."
    except (ApexError, ValueError, KeyError, TypeError) as error:
        return f"Its result cannot be read: {mask(str(error))}"
    return None


def table_stem(stem: str, table: str) -> str:
    """The file name of a notebook's table, without its ending; `table` with or without the notebook's stem."""
    return table if table.startswith(f"{stem}.") else f"{stem}.{table}"


_ANSI = re.compile(r"\x1b\[[0-9;]*m")


def mask(text: str) -> str:
    """A message without colours and without what may be a consumer's key (a hash is a number of up to 19 digits)."""
    return re.sub(r"\d{12,}", "…", _ANSI.sub("", text))


def tidy(path: Path) -> None:
    """Take clock, paths of this machine, random ids and consumers' keys in tracebacks out of an executed notebook."""
    node = nbformat.read(path, as_version=4)
    node.metadata.pop("papermill", None)
    node.cells = [c for c in node.cells if "papermill-error-cell-tag" not in c.metadata.get("tags", ())]
    for i, cell in enumerate(node.cells):
        cell.metadata.pop("papermill", None)
        if "injected-parameters" in cell.metadata.get("tags", ()):
            cell["id"] = f"injected-{i}"
        for output in cell.get("outputs", ()):
            if output.output_type == "error":
                output.evalue = mask(output.evalue)
                output.traceback = [mask(line) for line in output.traceback]
    nbformat.write(node, path)
