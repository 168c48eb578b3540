"""`make lab`: it opens on the map of notebooks, one runs from top to bottom, and a changed parameter changes its answer."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from urllib.parse import urlsplit

import pytest
from bs4 import BeautifulSoup

from apex.files import ROOT
from apex.report.notebooks import discover

pytestmark = pytest.mark.browser
NOTEBOOK = "notebooks/1_insight/assets.ipynb"
PATIENCE = 120  # seconds


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """(address that `make lab` opens, folder): a copy of the notebooks, so that the project's own stay as they are."""
    folder, own = tmp_path_factory.mktemp("lab"), tmp_path_factory.mktemp("jupyter")
    shutil.copy(ROOT / "README.md", folder)
    shutil.copytree(ROOT / "notebooks", folder / "notebooks", ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    places = ("JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR")
    flags = f"--no-browser --ip=127.0.0.1 --port={port}" + (" --allow-root" if os.geteuid() == 0 else "")
    with (own / "log").open("w") as log:
        server = subprocess.Popen(
            ["make", "-s", "lab", f"PYTHON={sys.executable}", f"LAB_DIR={folder}", f"LAB_FLAGS={flags}"],
            cwd=ROOT, env=os.environ | {name: str(own / name) for name in places}, stdout=log, stderr=log,
            start_new_session=True,
        )  # fmt: skip
    try:
        for _ in until(f"JupyterLab to start; its log: {own / 'log'}"):
            assert server.poll() is None, (own / "log").read_text()
            if found := list((own / "JUPYTER_RUNTIME_DIR").glob("jpserver-*-open.html")):
                opens = BeautifulSoup(found[0].read_text(encoding="utf-8"), "html.parser").a
                if opens:
                    break
        yield opens["href"], folder
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(30)
        with contextlib.suppress(ProcessLookupError):  # a server that was just starting may have missed the signal
            os.killpg(server.pid, signal.SIGKILL)


def until(what, rest=lambda: time.sleep(0.3)):
    """Look again and again; fail when patience ends."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        yield
        rest()
    pytest.fail(f"waited {PATIENCE} s for {what}")


# After "Run All" the last cell is the active one; its prompt gets a number when all before it have run.
LAST_HAS_RUN = """(after) => {
    const prompt = document.querySelector(".jp-NotebookPanel .jp-Cell.jp-mod-active .jp-InputPrompt");
    const number = prompt && /\\[(\\d+)\\]/.exec(prompt.textContent);
    return number && Number(number[1]) > after;
}"""


def run_all(page, file, after=0):
    """Run all cells in the browser and save; the saved code cells, each of which has run (after that number)."""
    page.locator(".lm-MenuBar-itemLabel", has_text=re.compile("^Run$")).click()
    page.locator(".lm-Menu-item[data-command='runmenu:run-all']").click()
    page.wait_for_function(LAST_HAS_RUN, arg=after, timeout=PATIENCE * 1000)
    page.keyboard.press("Control+s")
    for _ in until("the notebook to be saved", lambda: page.wait_for_timeout(300)):
        try:
            saved = json.loads(file.read_text(encoding="utf-8"))
        except json.JSONDecodeError:  # caught in the middle of being saved: look again
            continue
        cells = [c for c in saved["cells"] if c["cell_type"] == "code"]
        if (cells[-1]["execution_count"] or 0) > after:
            break
    assert all(cell["execution_count"] > after for cell in cells)
    assert not [output for cell in cells for output in cell["outputs"] if output["output_type"] == "error"]
    return cells


def answers(cells):
    """The titles of the charts, each a finding."""
    shown = (str(o.get("data", {}).get("text/html", "")) for c in cells for o in c["outputs"])
    titles = (BeautifulSoup(html, "html.parser").find(class_="chart-title") for html in shown)
    return [title.get_text() for title in titles if title]


def test_from_the_map_to_an_answer_to_another_answer(lab, open_page):
    address, folder = lab
    file = folder / NOTEBOOK
    home = "{0.scheme}://{0.netloc}/".format(urlsplit(address))
    with open_page(home) as page:
        page.set_viewport_size({"width": 1440, "height": 900})
        page.goto(address)
        the_map = page.locator(".jp-MarkdownViewer")
        the_map.get_by_role("link", name="Consumer assets").wait_for(timeout=PATIENCE * 1000)
        text = the_map.inner_text()
        for notebook in discover(ROOT / "notebooks"):
            for there in (*notebook.title.values(), *notebook.question.values()):
                assert there in text, f"{notebook.id} is not on the map as it calls itself: {there}"
        the_map.get_by_role("link", name="Consumer assets").click()
        # a kernel that is still on its way would make JupyterLab ask which one to take
        ready = page.locator("#jp-main-statusbar", has_text=re.compile(r"Python 3.*\| Idle"))
        ready.wait_for(timeout=PATIENCE * 1000)
        first = run_all(page, file)
        cell = page.locator(".jp-CodeCell .cm-content", has_text="noticeable =").first
        cell.scroll_into_view_if_needed()
        cell.click()
        page.keyboard.press("Control+a")
        page.keyboard.insert_text('campaign = "complete-journey"\ndays_ahead = 5\nnoticeable = 0.02')
        second = run_all(page, file, after=max(cell["execution_count"] for cell in first))
        assert len(answers(first)) > 3
        assert answers(second) != answers(first), "how far one looks ahead decides what the page says"
        assert not page.asked, page.asked
