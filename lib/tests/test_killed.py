"""SIGKILL at ten random moments of a build and of a report: what was there stays whole, and the next run succeeds.

Slow: it builds the panel's warehouse and renders its report again and again.
"""

import os
import random
import signal
import subprocess
import sys
import time

import pytest

from apex.files import digest

BUILD = """
import pathlib, sys
from apex.warehouse import sources
from apex.warehouse.ingest import ingest
ingest(sources.load("complete-journey"), "complete-journey", pathlib.Path(sys.argv[1]), "any")
"""
REPORT = """
import pathlib, sys
from apex.report.runner import render
render("complete-journey", reports=pathlib.Path(sys.argv[1]))
"""
MOMENTS = 10


def start(script, place):
    command = [sys.executable, "-c", script, str(place)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)


def run_whole(script, place):
    began = time.monotonic()
    assert start(script, place).wait(600) == 0
    return time.monotonic() - began


def kill_at_random_moments(script, place, seconds, seed):
    """Kill the process alone, as an out-of-memory killer does; its children must notice by themselves."""
    dice, killed = random.Random(seed), 0
    for _ in range(MOMENTS):
        process = start(script, place)
        try:
            process.wait(dice.uniform(0.02, 0.98) * seconds)
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            killed += 1
        yield
    assert killed >= MOMENTS // 2, "most runs were stopped before they were done"


def content(folder):
    """What a reader of the warehouse sees; its manifest holds timings."""
    return {p.name: digest(p) for p in folder.iterdir() if p.name != "manifest.json"}


@pytest.mark.slow
def test_a_killed_build_leaves_the_warehouse_that_was_there(tmp_path):
    place = tmp_path / "warehouse"
    seconds = run_whole(BUILD, place)
    whole = content(place)
    for _ in kill_at_random_moments(BUILD, place, seconds, seed=1):
        assert content(place) == whole
        assert (place / "manifest.json").exists()
    run_whole(BUILD, place)
    assert content(place) == whole
    assert [p.name for p in tmp_path.glob(".warehouse.*") if p.is_dir()] == [place.readlink().name]


@pytest.mark.slow
def test_a_killed_report_leaves_the_report_that_was_there(tmp_path):
    seconds = run_whole(REPORT, tmp_path)
    place = tmp_path / "complete-journey"
    tables = digest(place / "tables")
    for _ in kill_at_random_moments(REPORT, tmp_path, seconds, seed=2):
        # a run that came to its end before the kill swapped in a new report: whole as well
        for name in ("index.html", "data.html", "1_insight-assets.html", "manifest.json", "findings.json"):
            assert (place / name).stat().st_size > 0
        assert digest(place / "tables") == tables
    run_whole(REPORT, tmp_path)
    assert digest(place / "tables") == tables
    left = [p.name for p in tmp_path.iterdir() if p.is_dir() and not p.is_symlink()]
    assert left == [place.readlink().name]
    time.sleep(2)  # orphaned workers and kernels notice that their parent is gone
    alive = subprocess.run(["pgrep", "-f", str(tmp_path)], capture_output=True, text=True).stdout.split()
    assert alive == []
