"""`reports/index.html`: all runs of all brands side by side, made from what lies in the runs' folders.

Written again by every report run. What changed since a run was made (library, notebooks, campaign file, warehouse, stage
rules) is told from the digests in its manifest, as of the day this page was written. Each run's line is in the run's own
language; headings are in every language that one of the runs has.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from apex.errors import ApexError
from apex.files import ROOT, atomic_write, digest, lock
from apex.report import answers, manifest, site
from apex.report.campaign import CAMPAIGNS, load_campaign
from apex.report.finding import Finding, findings_of
from apex.show import Words

NOTEBOOKS = ROOT / "notebooks"
_ORDER = {"unreadable": 0, "failed": 1, "stale": 2, "current": 3}


@dataclass(frozen=True)
class Run:
    """One line of the page; texts are in the run's language, numbers are what the columns are ordered by."""

    href: str
    words: Words
    title: str
    state: str
    about: str = ""
    brand: str = ""
    window: tuple[date, date] | None = None
    as_of: str = ""
    made_at: str = ""
    verdict: str = "none"
    cells: dict[str, tuple[str, float | None]] = field(default_factory=dict)


def write(reports: Path, notebooks: Path = NOTEBOOKS) -> Path:
    """Write the page anew, atomically, from the runs that are there now; give its place."""
    target = reports / "index.html"
    with lock(target):
        atomic_write(target, page(runs(reports, notebooks)))
    return target


def runs(reports: Path, notebooks: Path = NOTEBOOKS) -> list[Run]:
    """Every run in a folder of reports: failures first, then stale ones, then by the day they see to, the latest first."""
    found = [
        _read(folder, notebooks)
        for folder in sorted(reports.iterdir())
        if not folder.name.startswith(".") and (folder / "manifest.json").exists()
    ]
    found.sort(key=lambda run: (run.as_of, run.made_at), reverse=True)
    return sorted(found, key=lambda run: _ORDER[run.state])


def page(rows: Sequence[Run]) -> str:
    """The page as HTML, about 1.4 kB a run."""
    newest = max(rows, key=lambda run: run.made_at, default=None)
    languages = sorted({run.words.language for run in rows}, key=lambda a: (newest and a != newest.words.language, a))
    tongues = [Words(language) for language in languages] or [Words()]
    inline = (site.TEMPLATES / "runs.js").read_text(encoding="utf-8")
    html: str = site.environment().get_template("runs.html.j2").render(
        words=tongues[0],
        tongues=[site.language_tag(tongue) for tongue in tongues],
        labels=[labels(tongue) for tongue in tongues],
        runs=[(run, labels(run.words), site.language_tag(run.words)) for run in rows],
        counts={state: sum(run.state == state for run in rows) for state in _ORDER},
        order=_ORDER,
        urgency=answers.URGENCY,
        js=Markup(inline),
    )  # fmt: skip
    return html  # however many runs there are: a good report must not fail for the list of all


def labels(words: Words) -> dict[str, str]:
    """What this page says of itself."""
    return {
        "title": words("All runs"),
        "search": words("Search"),
        "empty": words("No run has been made yet; `make report` makes one."),
        "run": words("Campaign"),
        "brand": words("brand"),
        "window": words("Window"),
        "on_track": words("On track?"),
        "assets": words("Consumer assets"),
        "short_stage": words("Short stage"),
        "verdict": words("Verdict"),
        "as_of": words("Seen to"),
        "state": words("State"),
        "made": words("made"),
        "failed": words("failed"),
        "stale": words("stale"),
        "current": words("up to date"),
        "unreadable": words("cannot be read"),
    }


def _read(folder: Path, notebooks: Path) -> Run:
    """A run from its folder; of one that cannot be read, that it cannot."""
    href = f"{quote(folder.name)}/index.html#all-runs"  # which shows the way back
    try:
        told = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        findings = findings_of((folder / "findings.json").read_bytes())
        return _run(href, folder, told, findings, notebooks)
    except (ApexError, OSError, ValueError, KeyError, TypeError):
        return Run(href, Words(), folder.name, "unreadable")


def _run(href: str, folder: Path, told: dict[str, Any], findings: list[Finding], notebooks: Path) -> Run:
    about = told["campaign"]["content"]
    words = Words(about["language"], about["currency"], about["privacy_threshold"])
    seen = {n["id"]: n["as_of"] for n in told["notebooks"] if n["as_of"]}
    found = answers.answers(findings, seen)
    cells: dict[str, tuple[str, float | None]] = {q: (fs[0].answers[q], fs[0].value) for q, fs in found.items()}
    on_track = found.get("on_track", [None])[0]
    if on_track:
        cells["on_track"] = (on_track.answers["on_track"], answers.reached(on_track))
    undone = [n["id"] for n in told["notebooks"] if n["status"] != "ok"]
    changed = [] if undone else _changed(told, notebooks, words)
    if folder.with_name(f"{folder.name}.failed").exists():
        changed.append(words("a later run failed"))
    goal = about["goal"]["window"] or _span(about["phases"])
    return Run(
        href=href,
        words=words,
        title=words.name(about["title"]),
        state="failed" if told["status"] != "ok" else "stale" if changed else "current",
        about=words(", ").join(undone or changed),
        brand=about["brand"],
        window=(date.fromisoformat(goal[0]), date.fromisoformat(goal[1])) if goal else None,
        as_of=max(seen.values(), default=""),
        made_at=told["run_at"],
        verdict=on_track.verdict if on_track else "none",
        cells=cells,
    )


def _span(phases: dict[str, Any]) -> list[str] | None:
    """The goal's window of a campaign that gives none: the burst, else the span of the phases."""
    given = [days for days in phases.values() if days]
    return phases.get("burst") or ([min(d[0] for d in given), max(d[1] for d in given)] if given else None)


def _changed(told: dict[str, Any], notebooks: Path, words: Words) -> list[str]:
    """What is no longer what a run was made from; what is not there to compare with counts as unchanged."""
    changed = {
        words("library"): told["library"] != manifest.library(),
        words("notebooks"): any(_differs(notebooks / f"{n['id']}.ipynb", n["digest"]) for n in told["notebooks"]),
        words("campaign file"): _campaign_changed(told["campaign"]),
        words("stage rules"): _rules_changed(told["campaign"]["content"]["rules"], told["inputs"]),
        words("data"): _data_changed(told["inputs"]),
    }
    return [what for what, is_so in changed.items() if is_so]


def _differs(path: Path, wanted: str) -> bool:
    return not path.exists() or digest(path) != wanted


def _campaign_changed(told: dict[str, Any]) -> bool:
    """Whether the file, with all that it extends, says something else now."""
    if not (CAMPAIGNS / f"{told['name']}.yml").exists():
        return False
    try:
        now = load_campaign(told["name"]).model_dump(mode="json", by_alias=True)
    except ApexError:
        return True
    return bool(now != told["content"])


def _rules_changed(name: str, inputs: dict[str, Any]) -> bool:
    """Whether the stage rules of one of the ledgers, the campaign's or another, say something else now."""
    from apex import ledger

    books = {what: book for what, book in inputs.items() if what.startswith("ledger") and book}
    made_from = {name if what == "ledger" else book["rules"]: book.get("rules_digest") for what, book in books.items()}
    try:
        return any(digest and ledger.load_rules(rules).digest != digest for rules, digest in made_from.items())
    except ApexError:
        return True


def _data_changed(inputs: dict[str, Any]) -> bool:
    """Whether the warehouse that stands there now is another one."""
    from apex import warehouse

    made_from = inputs.get("warehouse") or {}
    path = warehouse.FOLDER / str(made_from.get("name")) / "manifest.json"
    return path.exists() and json.loads(path.read_text(encoding="utf-8")).get("digest") != made_from["digest"]
