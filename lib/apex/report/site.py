"""The pages of a report: one for each notebook, the index, and the page about the data.

Pages depend on the inputs only: no clock, no path of this machine. Every page is one file with everything in it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from apex import show
from apex.report.campaign import STAGES, Campaign, Stage
from apex.report.finding import Finding, read_findings
from apex.report.manifest import Provenance, done_marker
from apex.report.notebooks import Notebook
from apex.report.task import Article, Frame, Link, PageError, Result
from apex.show import Words

TEMPLATES = Path(__file__).parent / "templates" / "apex"
FIGURES = 4  # figures on the first screen
FINDINGS = 6  # findings shown at once; the rest is folded
PAGE_LIMIT = 1_000_000  # bytes
_NOTHING_DONE: dict[str, Any] = {"as_of": None, "data": None, "tables": [], "missing": [], "inputs": {}}
# The worst news is the most important: it stands on the index.
_URGENCY = {"behind": 0, "careful": 1, "ahead": 2, "none": 3}


@dataclass(frozen=True)
class Row:
    """A notebook in its stage's card on the index."""

    href: str
    text: str
    name: str
    status: str
    verdict: str


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    css = [show.house_css(), (TEMPLATES / "page.css").read_text(encoding="utf-8")]
    environment.globals |= {
        "css": Markup("\n".join(css)),
        "js": Markup((TEMPLATES / "page.js").read_text(encoding="utf-8")),
        "rich": lambda text: Markup(show.rich(text)),
        "badge": show.badge,
        "chip": show.chip,
        "tiles": show.tiles,
        "stages": STAGES,
    }
    return environment


def stage_names(words: Words) -> dict[Stage, str]:
    """What the four stages of the loop are called."""
    return {
        "insight": words("Insight"),
        "plan": words("Plan"),
        "execute": words("Execute"),
        "wrapup": words("Wrap-up"),
    }


def frames(campaign: Campaign, notebooks: Sequence[Notebook], folder: Path, made_by: Provenance) -> dict[str, Frame]:
    """For each notebook's id what stands around its page."""
    words = _campaign_words(campaign)
    links = [Link(f"{notebook.stem}.html", words.name(notebook.title)) for notebook in notebooks]
    return {
        notebook.id: Frame(
            folder=folder.resolve(),
            id=notebook.id,
            stem=notebook.stem,
            stage=notebook.stage,
            title=words.name(notebook.title),
            question=words.name(notebook.question),
            campaign=words.name(campaign.title),
            language=campaign.language,
            currency=campaign.currency,
            threshold=campaign.privacy_threshold,
            campaign_digest=made_by.campaign,
            library_digest=made_by.library,
            previous=links[i - 1] if i else None,
            next=links[i + 1] if i + 1 < len(links) else None,
        )
        for i, notebook in enumerate(notebooks)
    }


def notebook_page(notebook: Path, frame: Frame, error: str | None = None) -> str:
    """A notebook's page from its executed file (`error`: why it failed, then the page is marked).

    Raises PageError when something of it cannot be shown as it should, or the page is 1 MB or more.
    """
    from apex.report.article import article  # nbconvert is the workers' alone

    words = _words(frame)
    labels = {"code": words("Code"), "messages": words("Messages")}
    body = article(notebook, frame.language, labels) if notebook.exists() else Article("", [])
    findings = [] if error else read_findings(frame.folder / "notebooks" / f"{frame.stem}.findings.json")
    headline = next((finding for finding in findings if finding.headline), None)
    return _small(_page(frame, words, body=body, headline=headline, error=error, skipped=False), frame.id)


def failure_page(frame: Frame, error: str, *, skipped: bool = False) -> str:
    """The page of a notebook of which nothing can be shown but why."""
    return _page(frame, _words(frame), body=Article("", []), headline=None, error=error, skipped=skipped)


def _page(frame: Frame, words: Words, **values: Any) -> str:
    done = _NOTHING_DONE if values["error"] else _NOTHING_DONE | done_marker(frame.folder, frame.stem)
    tables = [_bare(frame.stem, table) for table in done["tables"]]
    template = _environment().get_template("page.html.j2")
    return template.render(
        frame=frame, words=words, done=done, tables=tables, stage=stage_names(words)[frame.stage], **values
    )


def _bare(stem: str, table: str) -> str:
    return table.removeprefix(f"{stem}.").removesuffix(".csv").removesuffix(".parquet")


def _small(page: str, what: str) -> str:
    size = len(page.encode())
    if size >= PAGE_LIMIT:
        raise PageError(f"{what}: the page would have {size:,} bytes, allowed are {PAGE_LIMIT:,}.")
    return page


def all_findings(folder: Path, notebooks: Sequence[Notebook], results: Mapping[str, Result]) -> list[Finding]:
    """The findings of the notebooks that succeeded, in their order."""
    found: list[Finding] = []
    for notebook in notebooks:
        if results[notebook.id].status == "ok":
            found += read_findings(folder / "notebooks" / f"{notebook.stem}.findings.json")
    return found


def _top(headlines: Sequence[Finding], markers: Mapping[str, Any]) -> Finding | None:
    """The answer to begin with: of the notebooks that saw furthest the one that is most urgent."""
    if not headlines:
        return None
    seen = {f.notebook: str(markers[f.notebook].get("as_of", "")) for f in headlines}
    last = max(seen.values())
    return min((f for f in headlines if seen[f.notebook] == last), key=lambda f: _URGENCY[f.verdict])


def _figures(findings: Sequence[Finding]) -> list[Finding]:
    """The findings whose figures stand on the first screen: each notebook's first, and more only up to FIGURES."""
    told = [f for f in findings if f.tile]
    first = {f.notebook: f for f in reversed(told)}
    chosen = list(first.values())
    chosen += [f for f in told if f not in chosen][: max(FIGURES - len(chosen), 0)]
    return [f for f in told if f in chosen]


def index_page(
    folder: Path,
    campaign: Campaign,
    notebooks: Sequence[Notebook],
    results: Mapping[str, Result],
    findings: Sequence[Finding],
    made_by: Provenance,
) -> str:
    """The report's first page: the most important answer, figures, what to do, the loop, freshness, provenance."""
    words = _campaign_words(campaign)
    headlines = {finding.notebook: finding for finding in findings if finding.headline}
    rows: dict[str, list[Row]] = {stage: [] for stage in STAGES}
    for notebook in notebooks:
        result, headline = results[notebook.id], headlines.get(notebook.id)
        text = {"failed": words("did not finish"), "skipped": words("skipped")}.get(result.status, "")
        row = Row(
            href=f"{notebook.stem}.html",
            text=headline.short if headline else text,
            name=words.name(notebook.title),
            status=result.status,
            verdict=headline.verdict if headline else "none",
        )
        rows[notebook.stage].append(row)
    markers = {notebook.id: done_marker(folder, notebook.stem) for notebook in notebooks}
    top = _top(list(headlines.values()), markers)
    shown = [{**f.tile.model_dump(), "verdict": f.verdict} for f in _figures(findings) if f.tile]
    page = (
        _environment()
        .get_template("index.html.j2")
        .render(
            words=words,
            campaign=campaign,
            title=words.name(campaign.title),
            top=top,
            top_as_of=markers[top.notebook].get("as_of") if top else None,
            tile_items=shown,
            findings=sorted((f for f in findings if not f.headline), key=lambda f: _URGENCY[f.verdict]),
            at_once=FINDINGS,
            steps=[finding for finding in findings if finding.next_step],
            names={notebook.id: words.name(notebook.title) for notebook in notebooks},
            rows=rows,
            stage_names=stage_names(words),
            done=next((marker for marker in markers.values() if marker.get("data")), _NOTHING_DONE),
            as_of={notebook.stage: markers[notebook.id].get("as_of") for notebook in notebooks},
            inputs=_inputs(markers),
            missing=sorted({text for marker in markers.values() for text in marker.get("missing", ())}),
            ran=sum(result.status == "ok" for result in results.values()),
            total=len(results),
            failures=[result for result in results.values() if result.status != "ok"],
            made_by=made_by,
            has_data_page=(folder / "data.html").exists(),
        )
    )
    return _small(page, "index")


def _inputs(markers: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Name → digest of the inputs that the notebooks used."""
    found: dict[str, str] = {}
    for marker in markers.values():
        for what, about in marker.get("inputs", {}).items():
            found[what] = str(about.get("digest", "") if isinstance(about, Mapping) else about)
    return found


def render_data_page(folder: Path, data: Mapping[str, Any], *, campaign: Campaign) -> Path:
    """Write `data.html` into the run folder: where the data come from, and that every row is accounted for.

    `data` is plain values, names and notes in both languages as {"en": …, "zh": …}:

    - `warehouse`: str; `first_day`, `last_day`: ISO days
    - `sources`: [{"name": str, "about": {en, zh}, "licence"?: str}]
    - `files`: [{"file": str, "read": int, "kept": int, "merged": int, "quarantined": int, "reasons"?: {reason: int}}];
      read = kept + merged + quarantined, or the page says by how much it does not
    - `tables`: [{"name": str, "rows": int, "derived"?: int, "about"?: {en, zh}}]
    - `notes`: [{en, zh}], what a reader must know: what is real, what is inferred
    """
    words = _campaign_words(campaign)
    template = _environment().get_template("data.html.j2")
    page = template.render(words=words, title=words.name(campaign.title), campaign=campaign, data=data)
    path = folder / "data.html"
    path.write_text(_small(page, "data"), encoding="utf-8")
    return path


def _words(frame: Frame) -> Words:
    return Words(frame.language, frame.currency, frame.threshold)


def _campaign_words(campaign: Campaign) -> Words:
    return Words(campaign.language, campaign.currency, campaign.privacy_threshold)


__all__ = [
    "PageError",
    "all_findings",
    "failure_page",
    "frames",
    "index_page",
    "notebook_page",
    "render_data_page",
    "stage_names",
]
