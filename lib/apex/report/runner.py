"""A run: campaign file → checked → notebooks executed side by side → a report, swapped in whole.

The report stands in `reports/NAME/`. It is replaced only by a run in which every notebook succeeded. A run with a
failed notebook is written to `reports/NAME.failed/` instead, just as whole, every page marked, so that the last good
report stays what readers see until a better one is there; the next good run removes the failed one.
"""

import contextlib
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType

from apex.errors import ApexError
from apex.files import ROOT, atomic_write, building, lock
from apex.report import index, lesson, manifest, runs, site
from apex.report.campaign import Campaign, load_campaign
from apex.report.finding import findings_json
from apex.report.notebooks import Notebook, Parameters, discover, parameters
from apex.report.pool import pool
from apex.report.prepare import Inputs, build_books
from apex.report.prepare import prepare as prepare_inputs
from apex.report.progress import Progress
from apex.report.task import Frame, Result, Task
from apex.report.worker import short_folder

WORKERS = 2
Prepare = Callable[[Campaign], Inputs]


class RunFailed(ApexError):  # noqa: N818 - says what happened
    """Notebooks failed; `index` is the marked report."""

    def __init__(self, message: str, index: Path) -> None:
        """Message for people, and where to look."""
        super().__init__(message)
        self.index = index


class Stopped(BaseException):
    """SIGINT or SIGTERM arrived; `code` is what to exit with."""

    def __init__(self, code: int) -> None:
        """128 + the signal's number."""
        super().__init__(code)
        self.code = code


def render(
    campaign_path: str | Path,
    *,
    notebooks: Path = ROOT / "notebooks",
    reports: Path = ROOT / "reports",
    lessons: Path = lesson.LESSONS,
    prepare: Prepare = prepare_inputs,
    pupils: Sequence[str] = (),
) -> Path:
    """Render a campaign's report and give its index.

    Everything a person wrote is checked before a kernel starts. Campaigns that this one learns from are rendered first
    where their lesson is missing or stale (`pupils`: those that wait for this one). Raises ApexError for what does not
    fit, RunFailed (with the index of the marked report) when a notebook failed, Stopped at SIGINT or SIGTERM. The last
    good report is untouched in all of these, and when the process is killed.
    """
    campaign = load_campaign(campaign_path)
    found = discover(notebooks)
    chosen = parameters(found, campaign)
    target = reports / campaign.slug
    with _stoppable(), lock(target):
        inputs = prepare(campaign)
        if inputs.facts is not None:
            campaign.check_against(inputs.facts, stages=list(dict.fromkeys(n.stage for n in found)))
            for teacher in lesson.teachers(campaign, inputs.facts.last_day):
                _learn(teacher, (*pupils, campaign.name), notebooks, reports, lessons, prepare)
        build_books(campaign, (book for notebook in found for book in notebook.books))
        failed = target.with_name(f"{target.name}.failed")
        with contextlib.suppress(_Kept), building(target) as folder:
            failures = _make(campaign, inputs, found, chosen, folder, lessons)
            if failures:
                with building(failed) as marked:
                    for path in folder.iterdir():
                        path.rename(marked / path.name)
                raise _Kept
        if failures:
            runs.write(reports, notebooks)
            raise RunFailed(_failure_message(failures, found, target), failed / "index.html")
        failed.unlink(missing_ok=True)  # building() has removed the folder behind this link
        lesson.promote(target, campaign, lessons)
        runs.write(reports, notebooks)
        return target / "index.html"


def _learn(
    teacher: Campaign, pupils: Sequence[str], notebooks: Path, reports: Path, lessons: Path, prepare: Prepare
) -> None:
    """Have a teacher's lesson at hand, made from the files that are there now."""
    if teacher.name in pupils:
        raise ApexError("These campaigns learn from each other: " + " → ".join([*pupils, teacher.name]) + ".")
    inputs = prepare(teacher)
    made_from = lesson.made_from(teacher, inputs.warehouse, inputs.ledger)

    def fresh() -> bool:
        known = lesson.read(lesson.place(teacher, lessons))
        return known is not None and known.made_from == made_from

    if not fresh():
        lesson.promote(reports / teacher.name, teacher, lessons)  # where a killed run did not get to it
    if not fresh():
        sys.stderr.write(f"first {teacher.name}, whose lesson {pupils[-1]} learns from\n")
        try:
            render(teacher.file, notebooks=notebooks, reports=reports, lessons=lessons, prepare=prepare, pupils=pupils)
        except RunFailed as failed:
            said = (
                f"{pupils[-1]} learns from {teacher.name}, whose report failed; nothing was rendered for {pupils[-1]}."
            )
            raise RunFailed(f"{said}\n{failed}", failed.index) from None


class _Kept(Exception):  # noqa: N818 - not an error: leaves building() without a swap
    pass


def _failure_message(failures: Sequence[Result], found: Sequence[Notebook], target: Path) -> str:
    lines = [f"{result.id}: {result.status}: {result.error}" for result in failures]
    kept = f"The last good report stays: {target / 'index.html'}" if target.exists() else "There is no good report yet."
    return "\n".join([f"{len(failures)} of {len(found)} notebooks did not finish.", *lines, kept])


def _make(
    campaign: Campaign,
    inputs: Inputs,
    found: Sequence[Notebook],
    chosen: Mapping[str, Parameters],
    folder: Path,
    lessons: Path,
) -> list[Result]:
    """Fill the run folder; the results that are not ok."""
    for name in ("notebooks", "tables"):
        (folder / name).mkdir()
    began = time.monotonic()
    provenance = manifest.provenance(campaign)
    frames = site.frames(campaign, found, folder, provenance)
    with _environment("APEX_LESSONS", str(lessons)):  # for the kernels
        results = _execute(found, chosen, frames, folder)
    if inputs.about is not None:
        site.render_data_page(folder, inputs.about, campaign=campaign)
    findings = site.all_findings(folder, found, results)
    (folder / "findings.json").write_text(findings_json(findings), encoding="utf-8")
    site.render_glossary(folder, campaign)
    page = index.index_page(folder, campaign, found, results, findings, provenance)
    (folder / "index.html").write_text(page, encoding="utf-8")
    seconds = round(time.monotonic() - began, 3)
    atomic_write(folder / "manifest.json", manifest.text(folder, campaign, found, chosen, results, provenance, seconds))
    return [result for result in results.values() if result.status != "ok"]


def _execute(
    found: Sequence[Notebook], chosen: Mapping[str, Parameters], frames: Mapping[str, Frame], folder: Path
) -> dict[str, Result]:
    """Execute what can be executed, a few at a time; what needs a failed notebook is skipped and says so."""
    results: dict[str, Result] = {}
    waiting = list(found)
    with _sockets() as sockets, Progress(len(found)) as progress, pool(WORKERS) as workers:
        while waiting or workers.running:
            for notebook in list(waiting):
                broken = [need for need in notebook.needs if need in results and results[need].status != "ok"]
                if broken:
                    waiting.remove(notebook)
                    result = _skip(notebook, broken, frames[notebook.id], folder)
                    results[notebook.id] = result
                    progress.done(result)
                elif workers.free and all(need in results for need in notebook.needs):
                    waiting.remove(notebook)
                    task = Task(notebook.path, chosen[notebook.id], sockets, frames[notebook.id])
                    workers.submit(task)
            if workers.running:
                progress.show(workers.running)
                for result in workers.results(timeout=progress.every):
                    page = folder / f"{frames[result.id].stem}.html"
                    if not page.exists():  # the worker died before it could say so itself
                        page.write_text(site.failure_page(frames[result.id], result.error or ""), encoding="utf-8")
                    results[result.id] = result
                    progress.done(result)
    return {notebook.id: results[notebook.id] for notebook in found}


def _skip(notebook: Notebook, broken: Sequence[str], frame: Frame, folder: Path) -> Result:
    reason = f"It needs {' and '.join(broken)}, which did not finish."
    (folder / f"{notebook.stem}.html").write_text(site.failure_page(frame, reason, skipped=True), encoding="utf-8")
    return Result(notebook.id, "skipped", reason)


@contextlib.contextmanager
def _environment(name: str, value: str) -> Iterator[None]:
    """A variable that processes started inside see, and nobody afterwards."""
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


@contextlib.contextmanager
def _sockets() -> Iterator[Path]:
    place = short_folder()
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


@contextlib.contextmanager
def _stoppable() -> Iterator[None]:
    """Turn SIGINT and SIGTERM into Stopped, once: a second one does not disturb the tidying up."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        for name in before:
            signal.signal(name, signal.SIG_IGN)
        raise Stopped(128 + number)

    before = {name: signal.getsignal(name) for name in (signal.SIGINT, signal.SIGTERM)}
    for name in before:
        signal.signal(name, stop)
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
