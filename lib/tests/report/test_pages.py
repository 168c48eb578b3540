"""The pages of one small report, rendered once: what every page must have and must never have."""

import json
import re
from datetime import date
from types import SimpleNamespace
from urllib.parse import unquote

import pytest
from bs4 import BeautifulSoup

from apex.report import index, site
from apex.report.campaign import load_campaign
from apex.report.finding import Finding
from apex.report.manifest import Provenance
from apex.report.notebooks import discover
from apex.report.prepare import Inputs
from apex.report.task import Result
from apex.show import Words
from apex.show.glossary import glossary

HOSTILE = """<script>alert("1")</script>'"><b>&"""
PAGES = ["index.html", "data.html", "glossary.html", "1_insight-assets.html", "2_plan-goal.html"]
DATA = {
    "warehouse": "none",
    "first_day": "2017-01-01",
    "last_day": "2017-12-31",
    "sources": [{"name": HOSTILE, "about": {"en": "Purchases", "zh": "购买"}}],
    "files": [{"file": "a.csv", "read": 10, "kept": 7, "merged": 1, "quarantined": 2, "reasons": {HOSTILE: 2}}],
    "tables": [{"name": "events", "rows": 7}],
    "notes": [{"en": "Exposure is **possible** exposure.", "zh": "曝光"}],
}


@pytest.fixture(scope="module")
def report(shared_workspace, make_finding):
    """A rendered report in English, with hostile values wherever data can put them."""
    space = shared_workspace
    space.campaign.write_text(
        space.campaign.read_text(encoding="utf-8").replace('"Test brand"', json.dumps(HOSTILE)), encoding="utf-8"
    )
    headline = make_finding(
        "1_insight/assets",
        text=f"**742** {HOSTILE}",
        short="Loyal <b>grew</b>",
        next_step=HOSTILE,
        verdict="careful",
        tile={"label": HOSTILE, "value": "742<i>", "note": HOSTILE},
        answers={"trust": HOSTILE, "short_stage": HOSTILE},
    )
    other = make_finding(
        "1_insight/assets", name="other", headline=False, kind="not identified", verdict="none", tile=None
    )
    space.notebook(
        "1_insight/assets",
        f"print({HOSTILE!r})",
        findings=[headline, other],
        markdown=(("## English half", "en"), ("## 中文一半", "zh"), ("laboratory", "lab")),
    )
    urgent = make_finding("2_plan/goal", verdict="behind", short="Short of aware", next_step=None, tile=None)
    space.notebook("2_plan/goal", "import os; os.getpid() and None", needs=("1_insight/assets",), findings=[urgent])
    facts = SimpleNamespace(brands=["764"], campaigns=[], first_day=date(2017, 1, 1), last_day=date(2017, 12, 31))
    space.prepare = lambda campaign: Inputs(facts, DATA)
    space.index = space.render(space.prepare)
    return space


def soup(report, page):
    return BeautifulSoup(report.page(page), "html.parser")


@pytest.mark.parametrize("page", PAGES)
def test_one_file_that_asks_nobody_for_anything(report, page):
    html = report.page(page)
    assert len(html.encode()) < 1_000_000
    assert not re.search(r"""(src|href|srcset|action|data|poster)\s*=\s*["']?\s*(https?:)?//""", html)
    assert not re.search(r"@import|url\(\s*['\"]?(?!#|data:)", html)
    assert not re.search(r"fetch\(|XMLHttpRequest|sendBeacon|WebSocket", html)


@pytest.mark.parametrize("page", PAGES)
def test_structure_that_a_screen_reader_needs(report, page):
    made = soup(report, page)
    assert made.html["lang"] == "en" and made.title.get_text(strip=True)
    assert len(made.find_all("h1")) == 1 and len(made.find_all("main")) == 1
    assert made.find("a", class_="skip")["href"] == "#answer" and made.find("main")["id"] == "answer"
    assert made.body.find(True)["class"] == ["skip"], "the way past the navigation comes first"
    ids = [tag["id"] for tag in made.find_all(id=True)]
    assert len(ids) == len(set(ids))
    for nav in made.find_all("nav"):
        assert nav["aria-label"]
    for tag in made.find_all(attrs={"aria-labelledby": True}):
        assert tag["aria-labelledby"] in ids


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(report, page):
    made = soup(report, page)
    ids = {tag["id"] for tag in made.find_all(id=True)}
    links = [a["href"] for a in made.find_all("a")]
    assert links
    for link in links:
        file, _, anchor = unquote(link).partition("#")
        if file:
            assert (report.index.parent / file).exists(), link
            assert not anchor or BeautifulSoup(report.page(file), "html.parser").find(id=anchor), link
        else:
            assert anchor in ids, link


@pytest.mark.parametrize("page", PAGES)
def test_values_from_data_are_text_and_never_markup(report, page):
    made = soup(report, page)
    assert len(made.find_all("script")) == 1 and not made.find("i")
    assert HOSTILE in made.get_text(), "shown as it is"
    assert all(name[:2] != "on" for tag in made.find_all(True) for name in tag.attrs)


def test_the_answer_comes_first(report):
    made = soup(report, "1_insight-assets.html")
    assert made.h1.get_text() == "Loyal <b>grew</b>"
    assert made.find(class_="question").get_text() == "Where do we stand?"
    assert made.find(class_="lede").mark.get_text() == "742"
    assert made.find(class_="badge").get_text() == "counted" and "careful" in made.find(class_="chip").get_text()
    assert "as of Oct 29, 2017" in made.find(class_="marks").get_text()
    contents = [a.get_text() for a in made.find("nav", class_="toc").find_all("a")]
    assert contents == ["Answer", "English half", "Tables"]
    assert "中文一半" not in made.get_text() and "laboratory" not in made.get_text()
    assert "own title" not in made.get_text()


def test_tables_and_neighbours_are_linked(report):
    links = [a["href"] for a in soup(report, "1_insight-assets.html").find_all("a")]
    for end in ("csv", "parquet"):
        assert f"tables/1_insight-assets.stock.{end}" in links
    assert "tables/1_insight-assets.days.ics" in links
    assert soup(report, "1_insight-assets.html").find(rel="next")["href"] == "2_plan-goal.html"
    assert soup(report, "2_plan-goal.html").find(rel="prev")["href"] == "1_insight-assets.html"


def test_the_index_says_the_worst_first(report):
    made = soup(report, "index.html")
    assert made.h1.get_text() == "Short of aware", "behind is more urgent than careful"
    assert [tile.find(class_="tile-value").get_text() for tile in made.find_all(class_="tile")] == ["742<i>"]
    assert len(made.find("ol", class_="steps").find_all("li")) == 2
    cards = {card["id"]: card.get_text(" ", strip=True) for card in made.find(class_="loop").find_all("section")}
    assert list(cards) == ["insight", "plan", "execute", "wrapup"]
    assert "● careful: Loyal <b>grew</b> Assets" in cards["insight"] and "▼ behind: Short of aware" in cards["plan"]
    assert cards["execute"] == "Execute to come"
    assert "2 of 2 notebooks ran" in made.footer.get_text() and "Data to Dec 31, 2017" in made.footer.get_text()
    assert made.find("a", href="data.html")


def test_no_clock_and_no_path_of_this_machine(report):
    for page in PAGES:
        html = report.page(page)
        assert str(date.today()) not in html and str(date.today().year) + "-" not in html
    folder = str(report.index.parent.resolve())
    for file in report.index.parent.rglob("*"):
        if file.is_file():
            assert folder.encode() not in file.read_bytes(), file


def test_the_manifest_is_the_proof(report):
    manifest = report.manifest()
    assert manifest["status"] == "ok" and manifest["campaign"]["content"]["brand"] == "764"
    assert [n["id"] for n in manifest["notebooks"]] == ["1_insight/assets", "2_plan/goal"]
    for notebook in manifest["notebooks"]:
        assert notebook["status"] == "ok" and notebook["error"] is None and len(notebook["digest"]) == 64
        assert set(notebook["seconds"]) == {"start_up", "execution", "html"}
        assert min(notebook["seconds"].values()) > 0
    assert manifest["inputs"]["warehouse"]["digest"] == "ab" * 32 and len(manifest["library"]) == 64
    assert set(manifest["tables"]) == {path.name for path in (report.index.parent / "tables").iterdir()}
    assert manifest["versions"]["papermill"] and "T" in manifest["run_at"]


def test_the_same_inputs_give_the_same_bytes(report):
    before = {file.name: file.read_bytes() for file in report.index.parent.rglob("*") if file.is_file()}
    report.render(report.prepare)
    after = {file.name: file.read_bytes() for file in report.index.parent.rglob("*") if file.is_file()}
    assert before.keys() == after.keys()
    assert [name for name in before if before[name] != after[name]] == ["manifest.json"], "which has the clock"


def test_rows_that_are_missing_are_the_headline_of_the_data_page(report, tmp_path):
    campaign = load_campaign(report.campaign)
    assert soup(report, "data.html").h1.get_text() == "Every row is accounted for"
    short = DATA | {"files": [DATA["files"][0] | {"read": 12}]}
    page = BeautifulSoup(site.render_data_page(tmp_path, short, campaign=campaign).read_text("utf-8"), "html.parser")
    assert page.h1.get_text() == "2 rows are not accounted for"


def test_a_chinese_index(report, make_finding, tmp_path):
    campaign = load_campaign(report.campaign).model_copy(update={"language": "zh"})
    finding = Finding(**make_finding("1_insight/assets"))
    found = discover(report.notebooks)[:1]
    results = {"1_insight/assets": Result("1_insight/assets", "ok")}
    html = index.index_page(tmp_path, campaign, found, results, [finding], Provenance("a" * 64, "b" * 64, {}))
    made = BeautifulSoup(html, "html.parser")
    assert made.html["lang"] == "zh-Hans" and "测试品牌" in made.title.get_text()
    assert [h.get_text() for h in made.find_all("h3")] == ["洞察", "计划", "执行", "结案"]
    assert "下一步做什么" in made.get_text()


def test_a_page_of_a_megabyte_is_refused(report, monkeypatch):
    monkeypatch.setattr(site, "PAGE_LIMIT", 1000)
    campaign = load_campaign(report.campaign)
    frame = site.frames(campaign, discover(report.notebooks), report.index.parent, Provenance("a", "b", {}))[
        "1_insight/assets"
    ]
    with pytest.raises(site.PageError, match="allowed are 1,000"):
        site.notebook_page(report.index.parent / "notebooks" / "1_insight-assets.ipynb", frame)


@pytest.mark.parametrize(("language", "heads"), [("en", ["People", "Relation"]), ("zh", ["人", "关系"])])
def test_the_glossary_has_every_term_in_both_languages(report, tmp_path, language, heads):
    campaign = load_campaign(report.campaign).model_copy(update={"language": language})
    made = BeautifulSoup(site.render_glossary(tmp_path, campaign).read_text("utf-8"), "html.parser")
    assert [h.get_text() for h in made.find_all("h2")][:2] == heads
    rows = made.find_all("dl")
    for tongue, tag in (("en", "en"), ("zh", "zh-Hans")):
        terms = [dl.find(lang=tag).dt.get_text() for dl in rows]
        assert terms[: len(glossary(Words(tongue)))] == list(glossary(Words(tongue)).values())
        assert all(dl.find(lang=tag).dd.get_text(strip=True) for dl in rows)
    signs = made.find(attrs={"aria-labelledby": "signs"})
    assert len(signs.find_all(class_="badge")) == 10 and len(signs.find_all(class_="chip")) == 8


def test_every_page_leads_to_the_glossary_and_the_index_to_all_runs(report):
    for page in PAGES:
        if page != "glossary.html":
            assert soup(report, page).find("a", href="glossary.html"), page
    up = soup(report, "index.html").find("a", href="../index.html")
    assert up.parent["id"] == "all-runs" and up.parent["class"] == ["up"], "seen by whoever came from there"


def test_stage_names_follow_the_language():
    assert list(site.stage_names(Words("zh")).values()) == ["洞察", "计划", "执行", "结案"]
