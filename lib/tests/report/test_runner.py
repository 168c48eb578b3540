"""A run as a whole: what is left standing when notebooks fail, processes are killed, and nobody watches."""

import json
import os
import re
import shutil
import signal
import sys
import tempfile
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pytest
from bs4 import BeautifulSoup

from apex.__main__ import main
from apex.errors import ApexError
from apex.report import execute, runner, worker
from apex.report.prepare import Inputs
from apex.report.progress import Progress
from apex.report.runner import RunFailed
from apex.report.task import Frame, Result, Task

KEY = "4611686018427387904"  # looks like a consumer's key


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def leftovers(space) -> list[str]:
    """What lies among the reports besides locks and the page of all runs."""
    return sorted(p.name for p in space.reports.iterdir() if not p.name.endswith((".lock", ".html")))


def processes_of(space) -> list[int]:
    """Processes that carry this workspace's run folder in their environment: its kernels."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            environment = (place / "environ").read_bytes()
        except OSError:
            continue
        if f"APEX_RUN={space.folder}".encode() in environment:
            found.append(int(place.name))
    return found


def test_a_failed_run_leaves_the_last_good_report_alone(workspace, capfd):
    """One good run, one in which notebooks fail in every way there is, one good run again."""
    workspace.notebook("1_insight/assets")
    good = workspace.render()
    assert good == workspace.reports / "test-brand" / "index.html"
    before = everything(good.parent)
    out, err = capfd.readouterr()
    assert out == "" and re.fullmatch(r"ok +\d+\.\d s  1_insight/assets\n", err), "one line each, and not on stdout"

    workspace.notebook(
        "1_insight/broken", "print('reached')", f"raise ValueError('consumer {KEY} <b>twice</b>')", "after"
    )
    workspace.notebook("1_insight/dying", "import os; os._exit(7)")
    workspace.notebook("1_insight/killing", "import os; os.kill(os.getppid(), 9); import time; time.sleep(60)")
    workspace.notebook("1_insight/silent", done=False)
    workspace.notebook("1_insight/plotly", "get_ipython().display_pub.publish({'application/vnd.plotly.v1+json': {}})")
    workspace.notebook("2_plan/goal", needs=("1_insight/broken",))
    workspace.notebook("3_execute/pacing", needs=("2_plan/goal", "1_insight/assets"))
    with pytest.raises(RunFailed) as error:
        workspace.render()
    assert everything(good.parent) == before and good.exists()
    assert "7 of 8 notebooks did not finish" in str(error.value) and "The last good report stays" in str(error.value)
    failed = error.value.index.parent
    assert failed == workspace.reports / "test-brand.failed"

    said = {n["id"]: n for n in workspace.manifest("test-brand.failed")["notebooks"]}
    assert workspace.manifest("test-brand.failed")["status"] == "failed"
    assert {id: n["status"] for id, n in said.items()} == {
        "1_insight/assets": "ok",
        "1_insight/broken": "failed",
        "1_insight/dying": "failed",
        "1_insight/killing": "failed",
        "1_insight/plotly": "failed",
        "1_insight/silent": "failed",
        "2_plan/goal": "skipped",
        "3_execute/pacing": "skipped",
    }
    assert said["1_insight/broken"]["error"] == "ValueError: consumer … <b>twice</b>"
    assert "Kernel died" in said["1_insight/dying"]["error"]
    assert said["1_insight/killing"]["error"] == "Its worker process was killed, perhaps for lack of memory."
    assert "the last cell should be `run.close()`" in said["1_insight/silent"]["error"]
    assert "cannot be shown" in said["1_insight/plotly"]["error"]
    assert said["2_plan/goal"]["error"] == "It needs 1_insight/broken, which did not finish."
    assert said["3_execute/pacing"]["error"] == "It needs 2_plan/goal, which did not finish."

    for id, notebook in said.items():
        page = BeautifulSoup(workspace.page(f"{id.replace('/', '-')}.html", "test-brand.failed"), "html.parser")
        assert len(page.find_all("h1")) == 1
        alert = page.find(role="alert")
        assert bool(alert) == (notebook["status"] != "ok")
        if alert:
            assert alert.pre.get_text() == notebook["error"]
            assert page.h1.get_text().endswith("skipped" if notebook["status"] == "skipped" else "did not finish")
    broken = workspace.page("1_insight-broken.html", "test-brand.failed")
    assert "reached" in broken and "Traceback" not in broken
    index = BeautifulSoup(workspace.page("index.html", "test-brand.failed"), "html.parser")
    assert index.h1.get_text() == "Incomplete: 7 of 8 notebooks did not finish"
    assert len(index.find(role="alert").find_all("li")) == 7

    _, err = capfd.readouterr()
    source = (workspace.notebooks / "1_insight" / "broken.ipynb").read_text(encoding="utf-8")
    assert KEY in source
    for path, content in everything(failed).items():
        node = json.loads(content) if path.endswith(".ipynb") else None
        outputs = json.dumps([cell.get("outputs") for cell in node["cells"]]) if node else ""
        assert KEY not in outputs, "a key in a traceback"
    assert KEY not in re.sub(r"<details class=.code.*?</details>", "", broken, flags=re.S), "a key beside the code"
    assert KEY not in err + str(error.value)

    for name in ("broken", "dying", "killing", "silent", "plotly"):
        (workspace.notebooks / "1_insight" / f"{name}.ipynb").unlink()
    for folder in ("2_plan", "3_execute"):
        for path in (workspace.notebooks / folder).iterdir():
            path.unlink()
    assert workspace.render() == good
    assert [name.split(".")[-1] for name in leftovers(workspace) if not name.startswith(".")] == ["test-brand"]
    assert len(leftovers(workspace)) == 2, "the link and its folder; the failed run is gone"


def test_killed_stopped_and_run_again(workspace, wait_until):
    """SIGKILL and SIGTERM in the middle of a run: no process stays, the report stays, the next run succeeds."""
    workspace.notebook("1_insight/assets")
    first = workspace.process()
    out, err = first.communicate(timeout=60)
    assert (first.returncode, out) == (0, f"{workspace.reports / 'test-brand' / 'index.html'}\n"), err
    before = everything(workspace.reports / "test-brand")

    flag = workspace.folder / "flag"
    workspace.notebook("1_insight/slow", f"open({str(flag)!r}, 'w').close()", "import time; time.sleep(600)")
    for number, code in ((signal.SIGKILL, -9), (signal.SIGTERM, 143)):
        flag.unlink(missing_ok=True)
        running = workspace.process()
        wait_until(flag.exists, 60)
        assert processes_of(workspace)
        running.send_signal(number)
        out, err = running.communicate(timeout=20)
        assert (running.returncode, out) == (code, ""), err
        assert everything(workspace.reports / "test-brand") == before
        wait_until(lambda: not processes_of(workspace), 30)
        if number != signal.SIGKILL:
            assert len(leftovers(workspace)) <= 3 and "untouched" in err and "Traceback" not in err

    (workspace.notebooks / "1_insight" / "slow.ipynb").unlink()
    assert workspace.render().exists()
    assert len(leftovers(workspace)) == 2, "what the killed run left is gone"
    after = everything(workspace.reports / "test-brand")
    assert {k: v for k, v in after.items() if k != "manifest.json"} == {
        k: v for k, v in before.items() if k != "manifest.json"
    }


def test_a_second_signal_does_not_disturb_the_tidying_up():
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with pytest.raises(runner.Stopped) as stopped, runner._stoppable():
        try:
            os.kill(os.getpid(), signal.SIGINT)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)
    assert stopped.value.code == 130
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_everything_is_checked_before_a_kernel_starts(workspace, monkeypatch):
    def never(*_):
        raise AssertionError("a kernel would have started")

    monkeypatch.setattr(runner, "_make", never)
    workspace.notebook("1_insight/assets")
    workspace.campaign.write_text(
        workspace.campaign.read_text("utf-8") + "settings: {1_insight/assets: {knop: 1}}\n", "utf-8"
    )
    with pytest.raises(ApexError, match=r'no such parameter. Did you mean "knob"\?'):
        workspace.render()
    workspace.campaign.write_text(workspace.campaign.read_text("utf-8").replace("knop", "knob"), "utf-8")
    facts = SimpleNamespace(brands=["103"], campaigns=[], first_day=date(2017, 1, 1), last_day=date(2017, 12, 31))
    with pytest.raises(ApexError, match='brand "764" is not in the warehouse'):
        workspace.render(lambda campaign: Inputs(facts))
    with pytest.raises(AssertionError, match="a kernel would have started"):
        workspace.render()
    assert leftovers(workspace) == []


# --- one notebook, without a kernel -------------------------------------------------------------------------------


@pytest.fixture
def task(tmp_path):
    words = {"title": "T", "question": "Q", "campaign": "C", "language": "en", "currency": "USD", "threshold": 20}
    frame = Frame(tmp_path, "1_insight/x", "1_insight-x", "insight", **words, campaign_digest="a", library_digest="b")
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "tables").mkdir()
    return Task(tmp_path / "{x.__class__}.ipynb", {"campaign": "x"}, tmp_path, frame)


@pytest.mark.parametrize(("reached", "tries"), [(False, 2), (True, 1)])
def test_only_a_kernel_that_did_not_start_is_tried_again(task, monkeypatch, reached, tries):
    calls = []

    def papermill(source, target, parameters, *, on_cell_start, **_):
        calls.append(source.format(**parameters))
        if reached:
            on_cell_start(cell=None, cell_index=0)
        raise RuntimeError("Kernel died")

    monkeypatch.setattr(execute.papermill, "execute_notebook", papermill)
    result = execute.run(task)
    assert calls == [str(task.source)] * tries, "the path as it is, braces and all"
    assert result.status == "failed"
    assert result.error == ("" if reached else "It could not be started. ") + "RuntimeError: Kernel died"
    assert (task.frame.folder / "1_insight-x.html").exists()


def test_a_second_start_that_succeeds_counts(task, monkeypatch):
    calls = []

    def papermill(*_, **__):
        calls.append(1)
        if len(calls) == 1:
            raise RuntimeError("Kernel died before replying to kernel_info")

    monkeypatch.setattr(execute.papermill, "execute_notebook", papermill)
    assert execute._execute(task, task.frame.folder / "x.ipynb", {}) is None and len(calls) == 2


@pytest.mark.parametrize(
    ("done", "findings", "message"),
    [
        (None, None, "the last cell should be `run.close()`"),
        ({"tables": []}, None, "wrote no findings"),
        ({"tables": []}, [], "exactly one finding should be the headline"),
        ({}, "headline", "Its result cannot be read: 'tables'"),
        ({"tables": ["gone"]}, "headline", 'the table "gone" was announced, but there is no such csv file'),
        ({"tables": [], "files": ["gone.ics"]}, "headline", 'the file "gone.ics" was announced, but there is none'),
        ({"tables": []}, "headline", None),
    ],
)
def test_a_notebook_counts_only_with_its_result(task, make_finding, done, findings, message):
    place = task.frame.folder / "notebooks" / "1_insight-x"
    if done is not None:
        place.with_suffix(".done.json").write_text(json.dumps(done), encoding="utf-8")
    if findings is not None:
        content = [make_finding("1_insight/x")] if findings == "headline" else findings
        place.with_suffix(".findings.json").write_text(json.dumps(content), encoding="utf-8")
    error = execute._check(task)
    assert error is None if message is None else message in error


def test_messages_carry_no_keys_and_no_colours():
    assert (
        execute.mask(f"\x1b[31mKeyError\x1b[0m: {KEY} in 2017-10-30, 1,458,000 rows")
        == "KeyError: … in 2017-10-30, 1,458,000 rows"
    )


def test_each_kernel_has_sockets_of_its_own_on_a_short_path(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / ("long" * 30)))
    place = worker.short_folder()
    try:
        monkeypatch.setattr(execute.KernelManager, "sockets", place)
        managers = [execute.KernelManager(kernel_name="python3") for _ in range(2)]
        assert managers[0].ip != managers[1].ip
        for manager in managers:
            assert manager.transport == "ipc" and len(f"{manager.ip}-5") < 104
            assert manager.kernel_spec.argv[0] == sys.executable, "whatever a user registered as python3"
    finally:
        shutil.rmtree(place)


def test_progress_is_a_live_line_only_where_a_person_watches(monkeypatch, capsys):
    for watched in (False, True):
        monkeypatch.setattr(sys.stderr, "isatty", lambda watched=watched: watched)
        with Progress(2) as progress:
            progress.show(["1_insight/assets"])
            progress.done(Result("1_insight/assets", "failed", "ValueError: x\nmore", {"execution": 1.25}))
        out, err = capsys.readouterr()
        assert out == "" and "failed     1.2 s  1_insight/assets  ValueError: x\n" in err and "more" not in err
        assert ("0/2 done" in err) == watched and ("\r" in err) == watched


# --- the command ---------------------------------------------------------------------------------------------------


def test_what_a_person_can_mend_is_one_message_and_exit_2(tmp_path, capsys):
    assert main(["report", str(tmp_path / "none.yml")]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.endswith("none.yml: there is no such file.\n") and "Traceback" not in err


def test_failed_notebooks_are_exit_1_with_the_marked_report_on_stderr(monkeypatch, capsys):
    def fail(campaign):
        raise RunFailed("1 of 2 notebooks did not finish.", Path("reports/x.failed/index.html"))

    monkeypatch.setattr(runner, "render", fail)
    assert main(["report", "x"]) == 1
    out, err = capsys.readouterr()
    assert out == "" and "reports/x.failed/index.html" in err


def test_kernels_keep_to_one_thread():
    assert execute.KERNEL_ENVIRONMENT["OMP_NUM_THREADS"] == execute.KERNEL_ENVIRONMENT["OPENBLAS_NUM_THREADS"] == "1"
