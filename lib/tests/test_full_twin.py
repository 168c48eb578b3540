"""The whole loop on the simulated market, in Chinese: the four pages, and what a random hold-out lets the wrap-up say."""

import datetime as dt
import json

import numpy as np
import pandas as pd
import pytest

from apex.files import ROOT
from apex.report import runner
from twin import outcome, store
from twin.market import draw_market
from twin.truth import Worlds

# every notebook on six million events, twice what the panel takes; the browser's tests render the same report
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    reports = tmp_path_factory.mktemp("reports")
    runner.render("double-eleven", reports=reports, lessons=tmp_path_factory.mktemp("lessons"))
    return reports / "double-eleven"


def findings(report):
    return {(f["notebook"], f["name"]): f for f in json.loads((report / "findings.json").read_text())}


def test_every_notebook_ran_and_every_page_is_chinese(report):
    manifest = json.loads((report / "manifest.json").read_text())
    assert {n["status"] for n in manifest["notebooks"]} == {"ok"}
    pages = list(report.glob("[1-4]_*.html"))
    assert len(pages) == len(list((ROOT / "notebooks").glob("[1-4]_*/*.ipynb")))
    for page in [*pages, report / "index.html"]:
        text = page.read_text()
        assert '<html lang="zh' in text and "清禾" in text and "RuntimeWarning" not in text, page.name


def test_the_random_hold_out_is_a_lift_whose_interval_holds_the_truth(report):
    """The only place where a page is held against the market's truth."""
    changed = findings(report)["4_wrapup/closing", "changed"]
    assert changed["kind"] == "lift"
    result = pd.read_parquet(report / "tables" / "4_wrapup-closing.result.parquet")
    row = result[(result.measure == "gmv_minor") & (result.segment == "all")].iloc[0]
    market = draw_market(store.DEFAULT.seed)
    worlds = Worlds(market, np.arange(1, store.DEFAULT.consumers + 1))
    number = next(i for i, t in enumerate(market.trials) if t["key"] == "b00-d11-2024")
    treated = worlds.crowd.arm[:, number] == 1
    days = {"window": tuple(market.calendar.number(d) for d in (dt.date(2024, 10, 21), dt.date(2024, 11, 18)))}
    sold = [
        outcome.totals(
            worlds.play({"force": {number: arm}}), days, np.zeros(len(treated), int), len(treated), of=treated
        )
        for arm in (1, 0)
    ]
    truth = int(sold[0].gmv_minor[0] - sold[1].gmv_minor[0])
    assert truth > 0 and row.low <= truth <= row.high
