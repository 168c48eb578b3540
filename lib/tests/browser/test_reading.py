"""What a reader does with a page: go to a section, fold out, turn pages, sort, use the keyboard, print."""

import re

import pytest

from apex.files import ROOT
from apex.report.notebooks import discover
from apex.show.tables import PAPER

pytestmark = pytest.mark.browser
SECTIONS = "() => [...document.querySelectorAll('.toc a')].map((a) => decodeURIComponent(a.hash.slice(1)))"
# What is marked as being read, from the top of the page to its end, in steps smaller than the shortest section.
READ = """async () => {
    const seen = [];
    for (let y = 0; y < document.documentElement.scrollHeight; y += 40) {
        scrollTo(0, y);
        await new Promise(requestAnimationFrame);
        seen.push([...document.querySelectorAll(".toc a[aria-current]")].map((a) => decodeURIComponent(a.hash.slice(1))));
    }
    return seen;
}"""
# A link over each chart and table: in the PDF it becomes one rectangle on every page that its chart reaches.
COVER = """() => [...document.querySelectorAll("figure.chart, .table-card, .tiles")].map((part, number) => {
    const link = document.createElement("a");
    link.href = `https://part/${number}`;
    link.style.cssText = "position: absolute; inset: 0";
    part.style.position = "relative";
    part.append(link);
    return part.innerText.trim().split("\\n")[0].slice(0, 60);
})"""
FOCUSED = """() => {
    const at = document.activeElement, style = getComputedStyle(at), box = at.getBoundingClientRect();
    const seen = box.width > 0 && box.height > 0 && box.bottom > 0 && box.top < innerHeight;
    const ring = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
    return {on: at === document.body ? null : at.outerHTML.slice(0, 80), seen: seen && ring};
}"""


@pytest.fixture
def notebooks(site):
    """The pages of notebooks in the order in which one reads them."""
    found = [site / f"{notebook.stem}.html" for notebook in discover(ROOT / "notebooks")]
    assert {path.name for path in found} == {path.name for path in site.glob("[0-9]_*.html")}
    return found


def test_contents_show_where_one_is(notebooks, page):
    page.set_viewport_size({"width": 1440, "height": 800})
    page.emulate_media(reduced_motion="reduce")
    for path in notebooks:
        page.goto(path.as_uri())
        sections, read = page.evaluate(SECTIONS), page.evaluate(READ)
        assert {len(now) for now in read} == {1}, f"{path.name}: one section is being read"
        seen = list(dict.fromkeys(now[0] for now in read))
        assert seen == sections, f"{path.name}: in their order, and none left out"
        for section in sections:
            page.locator(f".toc a[href='#{section}']").click()
            page.wait_for_function(
                """(id) => { const {top} = document.getElementById(id).getBoundingClientRect();
                             return top >= 0 && top < innerHeight; }""", arg=section,
            )  # fmt: skip


def test_code_is_folded_but_there(notebooks, page):
    for path in notebooks:
        page.goto(path.as_uri())
        button, code = page.locator(".code-toggle"), page.locator("details.code pre")
        number = code.count()
        assert number and not any(code.nth(n).is_visible() for n in range(number))
        button.click()
        assert all(code.nth(n).is_visible() for n in range(number)), path.name
        assert button.get_attribute("aria-pressed") == "true"
        button.click()
        assert not any(code.nth(n).is_visible() for n in range(number)), path.name


def test_one_can_turn_pages_from_the_first_to_the_last_and_back(site, notebooks, page):
    page.goto((site / "index.html").as_uri())
    page.locator(f".loop a[href='{notebooks[0].name}']").click()
    for direction, names in (("next", notebooks), ("prev", notebooks[::-1])):
        for path in names:
            assert page.url.endswith(path.name)
            page.locator(f".pager [rel={direction}]").click()
        assert page.url.endswith("/index.html")
        page.goto(notebooks[-1].as_uri())


def test_a_click_on_a_heading_sorts(notebooks, page):
    sorted_ones = 0
    for path in notebooks:
        page.goto(path.as_uri())
        for table in page.locator(".table-card:not(.matrix) table:has(thead button)").all():
            head = table.locator("thead button").first
            column = "(table) => [...table.tBodies[0].rows].filter((row) => !row.matches('.total'))" \
                     ".map((row) => row.cells[0].textContent)"  # fmt: skip
            before = table.evaluate(column)
            head.click()
            up = table.evaluate(column)
            head.click()
            assert table.evaluate(column) == up[::-1] or len(set(up)) < len(up), path.name
            assert sorted(up) == sorted(before)
            sorted_ones += 1
    assert sorted_ones


@pytest.mark.parametrize("width", [360, 1440])
def test_the_keyboard_reaches_everything_and_shows_where_it_is(site, page, width):
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(reduced_motion="reduce")
    for path in (site / "index.html", site / "2_plan-goal.html"):
        page.goto(path.as_uri())
        reached = []
        for _ in range(500):
            page.keyboard.press("Tab")
            now = page.evaluate(FOCUSED)
            if now["on"] is None:
                break
            reached.append(now["on"])
            assert now["seen"], f"{path.name}: the focus cannot be seen on {now['on']}"
        assert 'class="skip"' in reached[0] and len(reached) > 5
        assert len(reached) < 500, "the keyboard is caught"


def parts_and_pages(pdf):
    """Number of a covered part → the pages of the PDF on which it stands."""
    objects = dict(re.findall(rb"^(\d+) 0 obj\n(.*?)\nendobj", pdf, re.S | re.M))
    found = {}
    for number, content in objects.items():
        for link in re.findall(rb"(\d+) 0 R", (re.search(rb"/Annots \[(.*?)\]", content, re.S) or [b"", b""])[1]):
            if part := re.search(rb"https://part/(\d+)", objects[link]):
                found.setdefault(int(part[1]), set()).add(number)
    return found


def cut(page):
    """What the PDF of this page cuts in two."""
    names = page.evaluate(COVER)
    where = parts_and_pages(page.pdf(format="A4"))
    assert set(where) == set(range(len(names))), "everything is printed"
    return [names[part] for part, on in where.items() if len(on) > 1]


def test_paper_cuts_no_chart_and_no_table(site, page):
    for path in sorted(site.glob("*.html")):
        page.goto(path.as_uri())
        assert cut(page) == [], path.name


def test_a_cut_would_be_seen(site, page):
    page.goto((site / "1_insight-assets.html").as_uri())
    page.add_style_tag(content="figure.chart { height: 1200px !important; }")
    assert cut(page)


def test_paper_shows_what_is_read_and_nothing_to_click(notebooks, page):
    for path in notebooks:
        page.emulate_media(media="print", color_scheme="dark")
        page.goto(path.as_uri())
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        seen = "(all) => all.map((part) => part.checkVisibility({visibilityProperty: true}))"
        for gone in (".toc", ".pager", ".code-toggle", ".skip", "details.code"):
            assert not any(page.eval_on_selector_all(gone, seen)), f"{path.name}: {gone}"
        rows = f".table-card tbody tr:nth-child(-n + {PAPER})"
        for there in ("h1", ".lede", ".marks", "figure.chart", ".table-card", rows, ".on-paper", ".provenance dl"):
            assert all(page.eval_on_selector_all(there, seen)), f"{path.name}: {there}"
        long = f".table-card:not(.scorecard):has(tbody tr:nth-child({PAPER + 1}))"
        assert page.locator(long).count() == page.locator(f"{long}:has(.on-paper)").count(), "it says what is left out"
        colours = page.evaluate(
            "[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]"
        )
        assert colours == ["rgb(255, 255, 255)", "rgb(29, 35, 38)"], (
            f"{path.name}: dark ink on white, whatever the screen"
        )
