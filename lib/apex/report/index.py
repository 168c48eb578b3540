"""A run's first page: the four answers, figures, what to do next, the loop, what else was found, provenance."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from apex.report import answers
from apex.report.campaign import STAGES, Campaign
from apex.report.finding import Finding
from apex.report.manifest import Provenance, done_marker
from apex.report.notebooks import FOLDERS, Notebook
from apex.report.site import NOTHING_DONE, campaign_words, environment, small, stage_names
from apex.report.task import Result

FIGURES = 4  # figures on the first screen
FINDINGS = 6  # findings shown at once; the rest is folded
MOST = 5  # steps, and answers in a stage's card; the rest is folded
ALSO = 2  # who else answers one of the four questions


@dataclass(frozen=True)
class Row:
    """A notebook in its stage's card on the index."""

    href: str
    text: str
    name: str
    status: str
    verdict: str


def index_page(
    folder: Path,
    campaign: Campaign,
    notebooks: Sequence[Notebook],
    results: Mapping[str, Result],
    findings: Sequence[Finding],
    made_by: Provenance,
) -> str:
    """The index of a run as HTML. Raises PageError when it would be too large."""
    words = campaign_words(campaign)
    headlines = {finding.notebook: finding for finding in findings if finding.headline}
    markers = {notebook.id: done_marker(folder, notebook.stem) for notebook in notebooks}
    seen = {notebook: str(marker["as_of"]) for notebook, marker in markers.items() if marker.get("as_of")}
    told = answers.answers(findings, seen)
    page = (
        environment()
        .get_template("index.html.j2")
        .render(
            words=words,
            campaign=campaign,
            title=words.name(campaign.title),
            questions=answers.questions(words),
            answers=told,
            top=told["on_track"][0] if "on_track" in told else answers.top(list(headlines.values()), seen),
            seen=seen,
            tile_items=[{**f.tile.model_dump(), "verdict": f.verdict} for f in _figures(findings) if f.tile],
            findings=sorted((f for f in findings if not f.headline), key=lambda f: answers.URGENCY[f.verdict]),
            at_once=FINDINGS,
            most=MOST,
            also=ALSO,
            steps=answers.steps(findings, seen),
            names={notebook.id: words.name(notebook.title) for notebook in notebooks},
            rows={stage: _rows(stage, notebooks, results, headlines, campaign) for stage in STAGES},
            stage_names=stage_names(words),
            done=next((marker for marker in markers.values() if marker.get("data")), NOTHING_DONE),
            as_of={notebook.stage: seen.get(notebook.id) for notebook in notebooks},
            inputs=_inputs(markers),
            missing=sorted({text for marker in markers.values() for text in marker.get("missing", ())}),
            ran=sum(result.status == "ok" for result in results.values()),
            total=len(results),
            failures=[result for result in results.values() if result.status != "ok"],
            made_by=made_by,
            has_data_page=(folder / "data.html").exists(),
        )
    )
    return small(page, "index")


def _rows(
    stage: str,
    notebooks: Sequence[Notebook],
    results: Mapping[str, Result],
    headlines: Mapping[str, Finding],
    campaign: Campaign,
) -> list[Row]:
    """The notebooks of a stage, each with its answer in one line, or why it has none."""
    words = campaign_words(campaign)
    unsaid = {"failed": words("did not finish"), "skipped": words("skipped")}
    return [
        Row(
            href=f"{notebook.stem}.html",
            text=headline.short if headline else unsaid.get(results[notebook.id].status, ""),
            name=words.name(notebook.title),
            status=results[notebook.id].status,
            verdict=headline.verdict if headline else "none",
        )
        for notebook in notebooks
        if notebook.stage == stage
        for headline in [headlines.get(notebook.id)]
    ]


def _figures(findings: Sequence[Finding]) -> list[Finding]:
    """The findings whose figures stand on the first screen, in the order of the notebooks; at most FIGURES.

    Of each stage of the loop the notebook with the worst news; then other notebooks, the worst news first; then second figures.
    """
    told = [f for f in findings if f.tile]
    firsts = list({f.notebook: f for f in reversed(told)}.values())[::-1]
    firsts.sort(key=lambda f: answers.URGENCY[f.verdict])
    stages = list({FOLDERS[f.notebook.split("/")[0]]: f for f in reversed(firsts)}.values())[::-1]
    chosen = list({id(f): f for f in [*stages, *firsts, *told]}.values())[:FIGURES]
    return [f for f in told if f in chosen]


def _inputs(markers: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Name → digest of the inputs that the notebooks used."""
    found: dict[str, str] = {}
    for marker in markers.values():
        for what, about in marker.get("inputs", {}).items():
            found[what] = str(about.get("digest", "") if isinstance(about, Mapping) else about)
    return found
