"""All runs on one page: what each line says, failures and stale runs plain to see, hostile names, fifty runs."""

import copy
import json
import re

import pytest
from bs4 import BeautifulSoup

from apex.ledger import load_rules
from apex.report import manifest, runs
from apex.report.finding import Finding, findings_json

HOSTILE = """<script>alert("1")</script>'"><b>& ‮مرحبا😀 """ + "long " * 40
CONTENT = {
    "title": {"en": "Brand: autumn", "zh": "品牌：秋季"},
    "brand": "764",
    "language": "en",
    "currency": "USD",
    "privacy_threshold": 20,
    "rules": "aipl",
    "goal": {"window": ["2017-10-30", "2017-12-24"], "gmv_minor": 1, "confidence": 0.8},
    "phases": {"burst": None},
}


@pytest.fixture
def made(tmp_path, make_finding):
    """Write a run into the folder of reports: (name, what differs in campaign, manifest, findings)."""
    notebooks = tmp_path / "notebooks"
    (notebooks / "2_plan").mkdir(parents=True)
    (notebooks / "2_plan" / "goal.ipynb").write_text("{}")

    def one(name, campaign=None, findings=None, status="ok", **other):
        folder = tmp_path / "reports" / name
        folder.mkdir(parents=True)
        told = {
            "schema": 1, "status": status, "run_at": "2026-11-24T12:00:00+00:00", "library": manifest.library(),
            "campaign": {"name": "nobody-has-this-file", "content": copy.deepcopy(CONTENT) | (campaign or {})},
            "inputs": {"warehouse": {"name": "none", "digest": "ab"}},
            "notebooks": [{"id": "2_plan/goal", "as_of": "2017-10-15", "status": status,
                           "digest": manifest.digest(notebooks / "2_plan" / "goal.ipynb")}],
        } | other  # fmt: skip
        (folder / "manifest.json").write_text(json.dumps(told), encoding="utf-8")
        given = findings if findings is not None else [
            {"verdict": "behind", "value": 0.12, "unit": "share", "answers": {"on_track": "Odds of 12%"}},
            {"name": "gap", "headline": False, "value": 436.0, "answers": {"short_stage": "Loyal by 175"}},
            {"name": "stock", "headline": False, "value": 1645.0, "answers": {"assets": "1,645, −5%"}},
        ]  # fmt: skip
        written = findings_json(Finding(**make_finding("2_plan/goal", **finding)) for finding in given)
        (folder / "findings.json").write_text(written, encoding="utf-8")
        return folder

    one.reports, one.notebooks = tmp_path / "reports", notebooks
    return one


@pytest.fixture
def shown(made):
    """The page as written, parsed."""
    return lambda: BeautifulSoup(runs.write(made.reports, made.notebooks).read_text("utf-8"), "html.parser")


def cells(row):
    return [cell.get_text(" ", strip=True) for cell in row.find_all(["th", "td"])]


def test_a_line_says_what_a_run_found(made, shown):
    made("autumn")
    page = shown()
    assert page.html["lang"] == "en" and page.h1.get_text() == "All runs"
    heads = [th.get_text() for th in page.thead.find_all("th")]
    assert heads == ["Campaign", "State", "Verdict", "On track?", "Short stage", "Consumer assets", "Window", "Seen to"]
    assert cells(page.tbody.tr) == [
        "Brand: autumn brand 764", "✓ up to date", "▼ behind", "Odds of 12%", "Loyal by 175", "1,645, −5%",
        "Oct 30 – Dec 24, 2017", "Oct 15, 2017 made Nov 24, 2026",
    ]  # fmt: skip
    assert [td["data-sort"] for td in page.tbody.find_all("td")] == [
        "3", "0", "0.12", "436.0", "1645.0", "2017-10-30", "2017-10-15",
    ]  # fmt: skip
    assert page.tbody.a["href"] == "autumn/index.html#all-runs"


def test_failures_come_first_then_what_is_stale(made, shown):
    made("good", {"title": {"en": "Good"}})
    made("old", {"title": {"en": "Old"}}, library="another")
    made("autumn", {"title": {"en": "Autumn"}})
    made("autumn.failed", {"title": {"en": "Autumn"}}, status="failed", findings=[])
    broken = made("broken")
    (broken / "findings.json").write_text("[{")
    (made.reports / "README.md").write_text("no run")
    (made.reports / ".autumn.tmp").mkdir()
    rows = [cells(row)[:2] for row in shown().tbody.find_all("tr")]
    assert [row[1].split(" ")[0] for row in rows] == ["✕", "✕", "↻", "↻", "✓"]
    states = {row[0]: row[1] for row in rows}
    assert states["broken"] == "✕ cannot be read" and states["Good brand 764"] == "✓ up to date"
    assert states["Old brand 764"] == "↻ stale library"
    assert [row[1] for row in rows if row[0] == "Autumn brand 764"] == [
        "✕ failed 2_plan/goal", "↻ stale a later run failed",
    ]  # fmt: skip


def test_what_changed_since_is_named(made, monkeypatch, tmp_path):
    from apex import warehouse

    made("autumn", inputs={"warehouse": {"name": "w", "digest": "ab"}, "ledger": {"rules_digest": "0"}})
    monkeypatch.setattr(warehouse, "FOLDER", tmp_path / "w")
    (tmp_path / "w" / "w").mkdir(parents=True)
    (tmp_path / "w" / "w" / "manifest.json").write_text('{"digest": "cd"}')
    (made.notebooks / "2_plan" / "goal.ipynb").write_text('{"a": 1}')
    monkeypatch.setattr(runs, "CAMPAIGNS", tmp_path)
    (tmp_path / "nobody-has-this-file.yml").write_text("x: 1")
    [run] = runs.runs(made.reports, made.notebooks)
    assert run.state == "stale" and run.about == "notebooks, campaign file, stage rules, data"


@pytest.mark.parametrize(("rules", "state"), [("shop", "current"), ("deeplink", "stale")])
def test_another_ledger_s_rules_make_a_run_stale_too(made, rules, state):
    books = {"ledger": {"rules": "aipl", "rules_digest": load_rules("aipl").digest}}
    books["ledger x"] = {"rules": rules, "rules_digest": load_rules("shop").digest}
    made("autumn", inputs={"warehouse": {"name": "none", "digest": "ab"}, **books})
    [run] = runs.runs(made.reports, made.notebooks)
    assert run.state == state


def test_each_line_in_its_run_s_language_and_headings_in_all_of_them(made, shown):
    made("autumn")
    made("double-eleven", {"language": "zh", "currency": "CNY"}, run_at="2026-11-25T12:00:00+00:00")
    page = shown()
    assert page.html["lang"] == "zh-Hans", "the newest run's language comes first"
    assert [s["lang"] for s in page.thead.th.find_all("span")] == ["zh-Hans", "en"]
    assert {row["lang"]: row.a.get_text() for row in page.tbody.find_all("tr")} == {
        "en": "Brand: autumn", "zh-Hans": "品牌：秋季",
    }  # fmt: skip
    assert page.h1.get_text() == "全部报告 All runs"


def test_hostile_names_are_text(made, shown):
    said = {"verdict": "ahead", "answers": {"on_track": HOSTILE[:60]}}
    made("x<b>y", {"title": {"en": HOSTILE}, "brand": HOSTILE}, [said])
    page = shown()
    assert len(page.find_all("script")) == 1 and not page.find("b")
    assert HOSTILE.strip() in page.tbody.a.get_text() and page.tbody.a["href"] == "x%3Cb%3Ey/index.html#all-runs"
    assert HOSTILE[:60] in page.tbody.get_text()


def test_no_run_at_all(made, shown):
    made.reports.mkdir()
    page = shown()
    assert "No run has been made yet" in page.main.get_text() and not page.table


def test_fifty_runs_stay_small_and_ask_nobody(made):
    for number in range(50):
        made(f"run-{number}", {"title": {"en": f"Brand {number}: a campaign with a usual name"}})
    html = runs.write(made.reports, made.notebooks).read_text("utf-8")
    assert len(html.encode()) < 150_000
    assert not re.search(r"fetch\(|XMLHttpRequest|https?://", html)
    assert not list(made.reports.glob(".index.html.*[!k]")), "nothing half-written stays"


def test_the_same_runs_give_the_same_bytes(made):
    made("a")
    made("b")
    first = runs.write(made.reports, made.notebooks).read_bytes()
    assert runs.write(made.reports, made.notebooks).read_bytes() == first
