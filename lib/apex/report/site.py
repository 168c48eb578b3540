"""The pages of a report: one for each notebook, the page about the data, the glossary; the index stands in `index`.

Pages depend on the inputs only: no clock, no path of this machine. Every page is one file with everything in it.
"""

from collections.abc import Mapping, Sequence
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
from apex.show.glossary import chapters
from apex.show.parts import KINDS, VERDICT_MEANINGS
from apex.show.words import languages

TEMPLATES = Path(__file__).parent / "templates" / "apex"
PAGE_LIMIT = 1_000_000  # bytes
NOTHING_DONE: dict[str, Any] = {"as_of": None, "data": None, "tables": [], "files": [], "missing": [], "inputs": {}}


@cache
def environment() -> jinja2.Environment:
    """The templates, and what every one of them may call."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    css = [show.house_css(), *((TEMPLATES / name).read_text(encoding="utf-8") for name in ("page.css", "site.css"))]
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
    words = campaign_words(campaign)
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
    return small(_page(frame, words, body=body, headline=headline, error=error, skipped=False), frame.id)


def failure_page(frame: Frame, error: str, *, skipped: bool = False) -> str:
    """The page of a notebook of which nothing can be shown but why."""
    return _page(frame, _words(frame), body=Article("", []), headline=None, error=error, skipped=skipped)


def _page(frame: Frame, words: Words, **values: Any) -> str:
    done = NOTHING_DONE if values["error"] else NOTHING_DONE | done_marker(frame.folder, frame.stem)
    tables = [_bare(frame.stem, table) for table in done["tables"]]
    template = environment().get_template("page.html.j2")
    return template.render(
        frame=frame, words=words, done=done, tables=tables, stage=stage_names(words)[frame.stage], **values
    )


def _bare(stem: str, table: str) -> str:
    return table.removeprefix(f"{stem}.").removesuffix(".csv").removesuffix(".parquet")


def small(page: str, what: str) -> str:
    """The page, if it is no larger than a page may be; else PageError."""
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
    words = campaign_words(campaign)
    template = environment().get_template("data.html.j2")
    page = template.render(words=words, title=words.name(campaign.title), campaign=campaign, data=data)
    path = folder / "data.html"
    path.write_text(small(page, "data"), encoding="utf-8")
    return path


def render_glossary(folder: Path, campaign: Campaign) -> Path:
    """Write `glossary.html` into the run folder: every term and sign with its meaning, in all languages side by side."""
    others = [Words(language) for language in languages() if language != campaign.language]
    tongues = [campaign_words(campaign), *others]
    words, told = tongues[0], [chapters(tongue) for tongue in tongues]
    groups = [(name, list(zip(*(list(t.values())[i] for t in told), strict=True))) for i, name in enumerate(told[0])]
    kinds = [[(show.badge(k, t), meaning(t)) for t in tongues] for k, (_, meaning) in KINDS.items()]
    page = environment().get_template("glossary.html.j2").render(
        words=words,
        title=words.name(campaign.title),
        tongues=[language_tag(tongue) for tongue in tongues],
        groups=groups,
        count=sum(len(rows) for _, rows in groups),
        signs=kinds + [[(show.chip(v, t), says(t)) for t in tongues] for v, says in VERDICT_MEANINGS.items()],
    )  # fmt: skip
    path = folder / "glossary.html"
    path.write_text(small(page, "glossary"), encoding="utf-8")
    return path


def language_tag(words: Words) -> str:
    """The language as HTML writes it."""
    return {"zh": "zh-Hans"}.get(words.language, words.language)


def _words(frame: Frame) -> Words:
    return Words(frame.language, frame.currency, frame.threshold)


def campaign_words(campaign: Campaign) -> Words:
    """The words of a campaign's report."""
    return Words(campaign.language, campaign.currency, campaign.privacy_threshold)


__all__ = [
    "NOTHING_DONE",
    "PageError",
    "all_findings",
    "campaign_words",
    "environment",
    "failure_page",
    "frames",
    "notebook_page",
    "render_data_page",
    "render_glossary",
    "small",
    "stage_names",
]
