"""The promise itself, on the real panel: `make report` ends with an index, twice the same, and its numbers are right."""

import datetime as dt
import json
import re
import subprocess

import pandas as pd
import pytest

from apex import ledger, warehouse
from apex.files import ROOT, digest
from apex.report.runner import render

DATASETS = {  # documented counts of manufacturer 764 under aipl-panel: A, I, P, L
    dt.date(2017, 6, 30): [246, 178, 537, 607],
    dt.date(2017, 9, 30): [271, 264, 512, 684],
}


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """The default campaign's report, rendered into a folder of its own."""
    return render("complete-journey", reports=tmp_path_factory.mktemp("reports")).parent


def table(report, name):
    both = pd.read_csv(report / "tables" / f"{name}.csv"), pd.read_parquet(report / "tables" / f"{name}.parquet")
    assert len(both[0]) == len(both[1]) and list(both[0]) == list(both[1])
    return both[1]


def test_make_prints_only_the_index(tmp_path):
    done = subprocess.run(["make", "-s", "report"], cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{ROOT / 'reports' / 'complete-journey' / 'index.html'}\n"


def test_success_is_in_the_manifest(report):
    manifest = json.loads((report / "manifest.json").read_text())
    assert manifest["status"] == "ok"
    assert {f.name: digest(f) for f in (report / "tables").iterdir()} == manifest["tables"]
    assert "1_insight-assets.stock.csv" in manifest["tables"]
    for page in ("index.html", "data.html", "1_insight-assets.html"):
        assert 5_000 < (report / page).stat().st_size < 1_000_000


def test_stock_has_every_day_and_stage_and_the_documented_counts(report):
    stock = table(report, "1_insight-assets.stock")
    assert list(stock) == ["brand", "day", "stage", "consumers", "suppressed"]
    days = pd.date_range("2017-01-01", "2017-10-29").date
    assert list(stock.day.unique()) == list(days) and len(stock) == 4 * len(days)
    assert list(stock.stage[:4]) == ["A", "I", "P", "L"] and set(stock.brand) == {"764"}
    for when, counts in DATASETS.items():
        assert stock[stock.day == when].consumers.tolist() == counts


def test_flow_agrees_with_stock_and_with_the_ledger(report):
    flow, stock = table(report, "1_insight-assets.flow"), table(report, "1_insight-assets.stock")
    assert list(flow) == ["brand", "start_day", "end_day", "from_stage", "to_stage", "consumers", "suppressed"]
    start, end = dt.date(2017, 9, 3), dt.date(2017, 10, 29)
    assert set(flow.start_day) == {start} and set(flow.end_day) == {end}
    assert not ((flow.from_stage == "none") & (flow.to_stage == "none")).any()
    for side, when in (("from_stage", start), ("to_stage", end)):
        sums = flow.groupby(side).consumers.sum()
        there = stock[stock.day == when].set_index("stage").consumers
        assert all(sums[s] == there[s] for s in "AIPL")
    book = ledger.ensure(warehouse.ensure("complete-journey"), ledger.load_rules("aipl-panel"))
    rows = book.rows.filter(book.rows.brand == "764").select("consumer_id", "day", "to_stage").execute()
    rows["day"] = pd.to_datetime(rows.day).dt.date
    states = [rows[rows.day <= d].sort_values("day").groupby("consumer_id").to_stage.last() for d in (start, end)]
    pairs = pd.concat(states, axis=1, keys=["before", "after"]).fillna(0).astype(int).value_counts()
    names = ["none", "A", "I", "P", "L"]
    for row in flow.itertuples():
        assert row.consumers == pairs.get((names.index(row.from_stage), names.index(row.to_stage)), 0)


def test_a_second_run_gives_the_same_bytes(report, tmp_path):
    again = render("complete-journey", reports=tmp_path / "reports").parent
    assert digest(again / "tables") == digest(report / "tables")
    assert (again / "findings.json").read_bytes() == (report / "findings.json").read_bytes()


def test_no_consumer_id_reaches_a_page_or_a_table(report):
    ids = set(map(str, warehouse.ensure("complete-journey").table("consumers").consumer_id.execute()))
    for path in [*report.glob("*.html"), *report.glob("tables/*.csv"), report / "findings.json"]:
        assert not ids & set(re.findall(r"\d{12,}", path.read_text(encoding="utf-8"))), path.name


def test_real_consumers_are_suppressed_below_the_threshold(tmp_path):
    """The same brand as if it were private: no count from 1 to 19 in any table, no tile that adds one up."""
    file = tmp_path / "private.yml"
    file.write_text('extends: complete-journey\nprivacy_threshold: 20\nbrand: "1208"\n')
    report = render(str(file), reports=tmp_path / "reports").parent
    small = 0
    for path in (report / "tables").glob("*.parquet"):
        frame = pd.read_parquet(path)
        for column in {"consumers", "moves", "before"} & set(frame):
            counts = frame[column].dropna()
            assert not ((counts > 0) & (counts < 20)).any(), path.name
        small += int(frame.get("suppressed", pd.Series(dtype=bool)).sum())
    assert small > 0
