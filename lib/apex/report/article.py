"""An executed notebook as the inside of a page, by nbconvert and our template; strict about what would get lost."""

import logging
import re
import warnings
from pathlib import Path
from typing import Any

import nbformat
from bs4 import BeautifulSoup
from nbconvert.exporters import HTMLExporter
from traitlets.config import Config

from apex.report.task import Article, PageError

TEMPLATES = Path(__file__).parent / "templates"
LANGUAGES = ("en", "zh")


def article(path: Path, language: str, labels: dict[str, str]) -> Article:
    """The cells of an executed notebook in one language; after a cell that failed, nothing more.

    Raises PageError when nbconvert warns (an output it cannot show, an image without alt text) or when something would
    be fetched from another host.
    """
    node = nbformat.read(path, as_version=4)
    node.cells = _until_error(node.cells)
    _no_glyph_missing(node.cells)
    others = {other for other in LANGUAGES if other != language}
    config = Config(
        TagRemovePreprocessor={"enabled": True, "remove_cell_tags": {"lab", *others}},
        HTMLExporter={"exclude_anchor_links": True, "language_code": language, "skip_svg_encoding": True},
    )
    heard = _Heard()
    log = logging.Logger("apex.report.article", logging.WARNING)
    log.addHandler(heard)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        exporter = HTMLExporter(
            config=config,
            log=log,
            extra_template_basedirs=[str(TEMPLATES)],
            template_name="apex",
            template_file="notebook.html.j2",
        )
        html, _ = exporter.from_notebook_node(node, {"apex": labels})
    futures = (DeprecationWarning, PendingDeprecationWarning, FutureWarning)
    said = heard.messages + [str(w.message) for w in caught if not issubclass(w.category, futures)]
    if said:
        raise PageError(f"Part of the notebook cannot be shown: {said[0]}")
    return _arranged(BeautifulSoup(html, "html.parser"))


def _no_glyph_missing(cells: list[Any]) -> None:
    """A chart that an analyst drew as a picture, on a machine without a face for its words, has boxes instead of them."""
    for cell in cells:
        for output in cell.get("outputs", ()):
            if found := re.search(r"Glyph \d+ .*missing from", str(output.get("text", ""))):
                raise PageError(f"Part of the notebook cannot be shown: {found[0]} the fonts of this machine.")


class _Heard(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


def _until_error(cells: list[Any]) -> list[Any]:
    for i, cell in enumerate(cells):
        if any(output.output_type == "error" for output in cell.get("outputs", ())):
            return cells[: i + 1]
    return cells


def _arranged(soup: BeautifulSoup) -> Article:
    """The page has its own h1: the notebook's title goes, any other h1 counts as a section."""
    headings = soup.find_all("h1")
    for i, heading in enumerate(headings):
        if i == 0 and heading.find_parent(class_="text"):
            heading.decompose()
        else:
            heading.name = "h2"
    contents: list[tuple[str, str]] = []
    seen: dict[str, int] = {}
    for heading in soup.find_all("h2"):
        text = heading.get_text(" ", strip=True)
        if not heading.find_parent(class_="text") or not text:
            continue
        anchor = re.sub(r"\W+", "-", text).strip("-").lower() or "section"
        seen[anchor] = seen.get(anchor, 0) + 1
        heading["id"] = anchor if seen[anchor] == 1 else f"{anchor}-{seen[anchor]}"
        contents.append((str(heading["id"]), text))
    fetched = outside(soup)
    if fetched:
        raise PageError(f"The page would fetch something from elsewhere: {fetched[0]}")
    return Article(str(soup), contents)


_FETCHED = {"src", "srcset", "poster", "data", "action", "formaction", "background"}


def outside(soup: BeautifulSoup) -> list[str]:
    """Whatever a browser would fetch from another host (a link to follow is none of it)."""
    found: list[str] = []
    for tag in soup.find_all(True):
        for name, value in tag.attrs.items():
            text = str(value)
            fetches = name in _FETCHED or (name in ("href", "xlink:href") and tag.name != "a")
            if (fetches and re.match(r"\s*(https?:)?//", text)) or (name == "style" and _css_fetches(text)):
                found.append(f"<{tag.name} {name}={text[:80]!r}>")
        if tag.name == "style" and _css_fetches(tag.get_text()):
            found.append("a style sheet with url() or @import")
    return found


def _css_fetches(css: str) -> bool:
    return bool(re.search(r"@import|url\(\s*['\"]?(?!data:|#)", css))
