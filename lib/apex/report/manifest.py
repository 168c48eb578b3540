"""manifest.json: the proof of a run. Inputs, versions, parameters, timings, status; the only place with a clock."""

import datetime
import functools
import hashlib
import importlib.metadata
import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from apex.files import ROOT, digest
from apex.report.campaign import Campaign
from apex.report.notebooks import Notebook, Parameters
from apex.report.task import Result

SCHEMA = 1
PACKAGES = (
    *("duckdb", "ibis-framework", "ipykernel", "nbconvert", "numba", "numpy", "pandas", "papermill"),
    *("pyarrow", "pydantic", "scipy", "scikit-learn", "statsmodels"),
)


@dataclass(frozen=True)
class Provenance:
    """What made a report: digests (hex) of campaign file and library, versions by package."""

    campaign: str
    library: str
    versions: Mapping[str, str]


def provenance(campaign: Campaign) -> Provenance:
    """Digests and versions of this run."""
    return Provenance(digest(campaign.file), library(), _versions())


@functools.cache
def library() -> str:
    """Digest (hex) of the library's sources as they are now; what Python compiles beside them does not count."""
    folder = ROOT / "lib" / "apex"
    total = hashlib.sha256()
    for file in sorted(p for p in folder.rglob("*") if p.is_file() and "__pycache__" not in p.parts):
        total.update(f"{file.relative_to(folder).as_posix()}\0{digest(file)}\n".encode())
    return total.hexdigest()


def _versions() -> dict[str, str]:
    versions = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


def done_marker(folder: Path, stem: str) -> dict[str, Any]:
    """What `run.close()` wrote for a notebook; empty where it did not get there."""
    try:
        marker: dict[str, Any] = json.loads((folder / "notebooks" / f"{stem}.done.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return marker


def text(
    folder: Path,
    campaign: Campaign,
    notebooks: Sequence[Notebook],
    parameters: Mapping[str, Parameters],
    results: Mapping[str, Result],
    made_by: Provenance,
    seconds: float,
) -> str:
    """The manifest of the run in `folder`, as JSON text."""
    inputs: dict[str, Any] = {}
    for notebook in notebooks:
        inputs |= done_marker(folder, notebook.stem).get("inputs", {})
    content = {
        "schema": SCHEMA,
        "status": "ok" if all(r.status == "ok" for r in results.values()) else "failed",
        "run_at": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "seconds": seconds,
        "campaign": {
            "name": campaign.name,
            "digest": made_by.campaign,
            "content": campaign.model_dump(mode="json", by_alias=True),
        },
        "inputs": inputs,
        "library": made_by.library,
        "versions": dict(made_by.versions),
        "notebooks": [
            {"digest": digest(notebook.path), "parameters": parameters[notebook.id]}
            | asdict(results[notebook.id])
            | {"as_of": done_marker(folder, notebook.stem).get("as_of")}
            for notebook in notebooks
        ],
        "tables": {path.name: digest(path) for path in sorted((folder / "tables").iterdir())},
    }
    return json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
