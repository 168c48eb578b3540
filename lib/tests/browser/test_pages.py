"""Every page of every campaign, in both languages, on three widths, light and dark, without a network."""

import json
import statistics
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pandas as pd
import pytest

pytestmark = pytest.mark.browser
WIDTHS, THEMES = (360, 768, 1440), ("light", "dark")
AXE = (Path(__file__).parent / "axe.min.js").read_text(encoding="utf-8")
FIND_SEVERE = """() => axe.run({resultTypes: ["violations"]}).then(({violations}) => violations
    .filter(({impact}) => ["serious", "critical"].includes(impact))
    .map(({id, help, nodes}) => `${id}: ${help}: ${nodes.length} times, first ${nodes[0].target.join(" ")}`))"""
# Text of a chart is as large as it is drawn, not as it is written.
FIND_SMALL = """() => {
    const small = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
        const at = walk.currentNode.parentElement, seen = at.checkVisibility({visibilityProperty: true});
        if (!seen || !walk.currentNode.data.trim() || at.closest(".unseen, script, style")) continue;
        const drawn = at.closest("svg") ? at.getScreenCTM() : null;
        const scale = drawn ? Math.min(Math.hypot(drawn.a, drawn.b), Math.hypot(drawn.c, drawn.d)) : 1;
        const size = parseFloat(getComputedStyle(at).fontSize) * scale;
        if (size < 11.95) small.push(`${size.toFixed(1)} px: ${walk.currentNode.data.trim().slice(0, 40)}`);
    }
    return [...new Set(small)];
}"""
SIDEWAYS = "() => Math.max(document.documentElement.scrollWidth, document.body.scrollWidth) - innerWidth"
UNFOLD = "() => document.querySelectorAll('details').forEach((part) => { part.open = true; })"
FAULTS = ("asks for", "errors", "scrolls sideways", "text under 12 px", "axe finds")


@pytest.fixture(scope="session")
def pages(site):
    """The report's pages, and those about all reports."""
    found = [*sorted(site.glob("*.html")), *sorted(site.parent.glob("*.html"))]
    assert {"index.html", "data.html"} < {path.name for path in found}
    return found


@pytest.fixture(scope="session")
def faults(pages, open_page):
    """What is wrong: kind of fault → where and what. One visit finds them all."""
    found = {kind: [] for kind in FAULTS}
    for path in pages:
        with open_page() as page:
            page.goto(path.as_uri())
            page.evaluate(AXE)
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 800})
                if (over := page.evaluate(SIDEWAYS)) > 0:
                    found["scrolls sideways"].append(f"{path.name} at {width} px, folded: by {over} px")
            page.evaluate(UNFOLD)
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 800})
                where = f"{path.name} at {width} px"
                if (over := page.evaluate(SIDEWAYS)) > 0:
                    found["scrolls sideways"].append(f"{where}, unfolded: by {over} px")
                found["text under 12 px"] += [f"{where}: {text}" for text in page.evaluate(FIND_SMALL)]
                for theme in THEMES:
                    page.emulate_media(color_scheme=theme)
                    found["axe finds"] += [f"{where}, {theme}: {fault}" for fault in page.evaluate(FIND_SEVERE)]
            found["asks for"] += [f"{path.name}: {url}" for url in page.asked]
            found["errors"] += [f"{path.name}: {error}" for error in page.said]
    return found


@pytest.mark.parametrize("kind", FAULTS)
def test_no_page(faults, kind):
    assert not faults[kind], "\n".join(faults[kind])


def test_every_link_leads_to_a_file_and_a_place_in_it(pages, page):
    links, places = [], {}
    for path in pages:
        page.goto(path.as_uri())
        links += [(path.name, url) for url in page.eval_on_selector_all("a[href]", "all => all.map((a) => a.href)")]
        places[path.resolve()] = page.eval_on_selector_all("[id]", "all => all.map((part) => part.id)")
    assert len(links) > len(pages)
    broken = []
    for where, url in links:
        parts = urlsplit(url)
        if parts.scheme != "file":
            continue  # a reference to read elsewhere
        target, anchor = Path(unquote(parts.path)), unquote(parts.fragment)
        if anchor and target.is_file() and target.resolve() not in places:  # a page of another run
            page.goto(target.as_uri())
            places[target.resolve()] = page.eval_on_selector_all("[id]", "all => all.map((part) => part.id)")
        if not target.is_file() or (anchor and anchor not in places.get(target.resolve(), ())):
            broken.append(f"{where}: {url}")
    assert not broken, "\n".join(broken)


def test_every_download_can_be_read(pages, page):
    read = set()
    for path in pages:
        page.goto(path.as_uri())
        for url in page.eval_on_selector_all("a[href]", "all => all.map((a) => a.href)"):
            file = Path(unquote(urlsplit(url).path))
            if file.suffix == ".csv":
                frame, same = pd.read_csv(file), pd.read_parquet(file.with_suffix(".parquet"))
                assert list(frame) == list(same) and len(frame) == len(same), file.name
            elif file.suffix in (".json", ".ipynb"):
                json.loads(file.read_text(encoding="utf-8"))
            elif file.suffix == ".ics":
                assert file.read_bytes().startswith(b"BEGIN:VCALENDAR\r\n"), file.name
            read.add(file.suffix)
    assert read >= {".html", ".csv", ".parquet", ".json", ".ipynb", ".ics"}


def test_a_click_downloads_the_table(site, page):
    page.goto((site / "1_insight-assets.html").as_uri())
    link = page.locator("a[download][href$='.csv']").first
    with page.expect_download() as waiting:
        link.click()
    file = site / str(link.get_attribute("href"))
    assert Path(waiting.value.path()).read_bytes() == file.read_bytes()


def test_pages_are_light(pages):
    sizes = {path.name: path.stat().st_size for path in pages}
    assert statistics.median(sizes.values()) < 500_000 and max(sizes.values()) < 1_000_000, sizes
