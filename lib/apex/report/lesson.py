"""A lesson: what a wrap-up learned, as data, for the plans that learn from it. This file closes the loop.

`closing` writes `lesson.json` into its run. With the report it is promoted to `data/lessons/BRAND/CAMPAIGN.json`. A plan reads
the lessons of the campaigns that its file names in `learns_from`; a lesson counts only while it is fresh, that is,
made from the files that are there now, so that the same files always give the same plan.
"""

import hashlib
import json
import os
from datetime import date
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from apex.errors import ApexError
from apex.files import ROOT, atomic_write, digest
from apex.report.campaign import Campaign, load_campaign

SCHEMA: Literal[1] = 1
LESSONS = ROOT / "data" / "lessons"


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Conversion(_Strict):
    """What one cell (a stage, O, or none) of the eve did in the window: counted, and its rate with an 80 % interval."""

    cell: str
    consumers: Annotated[int, Field(ge=0)]
    buyers: Annotated[int, Field(ge=0)]
    gmv_minor: Annotated[int, Field(ge=0)]
    rate: float
    low: float
    high: float


class Effect(_Strict):
    """What the campaign changed, with the verdict on identification; the interval is the range where not identified."""

    verdict: Literal["lift", "quasi", "not identified"]
    measure: str
    value: float | None
    low: float | None
    high: float | None
    n: Annotated[int, Field(ge=0)]


class Bought(_Strict):
    """How bought stock converts beside stock that came by itself: the factor m, with an 80 % interval."""

    m: float
    low: float
    high: float
    n: Annotated[int, Field(ge=0)]


class Lesson(_Strict):
    """One campaign's lesson. What could not be learned is null, and plans fall back to their priors and say so.

    window: the days that were counted, which is the campaign's window as far as the wrap-up saw it.
    """

    schema_version: Literal[1] = SCHEMA
    brand: str
    campaign: str
    campaign_id: str | None
    window: tuple[date, date]
    as_of: date
    conversion: list[Conversion]
    effect: Effect
    bought: Bought | None = None
    channels: list[str] = []
    cost_minor: int | None = None
    purchase_intent: float | None = None
    made_from: str

    def text(self) -> str:
        """As JSON, the same bytes for the same lesson."""
        return json.dumps(self.model_dump(mode="json"), ensure_ascii=False, indent=1) + "\n"


def made_from(campaign: Campaign, warehouse_digest: str, ledger_digest: str) -> str:
    """What a campaign's lesson depends on: its resolved file, its data, the library and the notebooks."""
    sources = [digest(p) for p in sorted((ROOT / "notebooks").glob("*/*.ipynb"))]
    sources += [digest(p) for p in sorted((ROOT / "lib" / "apex").rglob("*.py"))]
    parts = [json.dumps(campaign.model_dump(mode="json"), sort_keys=True), warehouse_digest, ledger_digest, *sources]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def place(campaign: Campaign, folder: Path | None = None) -> Path:
    """Where a campaign's lesson is kept: data/lessons/BRAND/CAMPAIGN.json (the runner may name another folder)."""
    folder = folder or Path(os.environ.get("APEX_LESSONS", LESSONS))
    brand = quote(campaign.brand, safe="").replace(".", "%2E")  # a brand may be called ".."
    return folder / brand / f"{campaign.name}.json"


def read(path: Path) -> Lesson | None:
    """The lesson in a file, None where there is none. ApexError for one of another schema."""
    try:
        return Lesson.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ApexError(
            f"{path.name}: not a lesson of schema {SCHEMA}: {where}: {first['msg']}. Delete it; it is made again."
        ) from None


def promote(run: Path, campaign: Campaign, folder: Path | None = None) -> None:
    """Keep the lesson of a finished run. Doing it again changes nothing, so a run that was killed in between is mended."""
    written = run / "lesson.json"
    target = place(campaign, folder)
    if written.exists() and (not target.exists() or target.read_bytes() != written.read_bytes()):
        atomic_write(target, written.read_bytes())


def teachers(campaign: Campaign, last_day: date) -> list[Campaign]:
    """The campaigns that a campaign learns from, checked.

    Raises ApexError: another brand, or a wrap-up that looks further than the plan may see.
    """
    plan = campaign.as_of_for("plan", last_day)
    found = []
    for name in campaign.learns_from:
        earlier = load_campaign(name)
        if earlier.brand != campaign.brand:
            raise ApexError(
                f'{campaign.file.name}: learns_from: "{name}" is of brand {earlier.brand}, not {campaign.brand}.'
            )
        seen = earlier.as_of_for("wrapup", last_day)
        if seen > plan:
            raise ApexError(
                f'{campaign.file.name}: learns_from: the wrap-up of "{name}" looks as far as {seen}, and this plan stands on '
                f"{plan}. Say as_of.plan: {seen} or later, or leave it out."
            )
        found.append(earlier)
    return found
