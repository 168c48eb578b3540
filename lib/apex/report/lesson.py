"""A lesson: what a wrap-up learned, as data, for the plans that learn from it. This file closes the loop.

`4_wrapup/lessons` writes `lesson.json` into its run. With the report it is promoted to `data/lessons/BRAND/CAMPAIGN.json`. A
plan reads the lessons of the campaigns that its file names in `learns_from`; a lesson counts only while it is fresh, that is,
made from the files that are there now, so that the same files always give the same plan.

A lesson holds what this campaign alone showed (`conversion`, `effect`, `seen`), the same of the campaigns that it learned from
(`earlier`, each once), and both put together (`merged`, see `apex.model.lessons`): what the next plan starts from.
"""

import hashlib
import json
import os
from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import quote

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from apex.errors import ApexError
from apex.files import ROOT, atomic_write, digest
from apex.ledger import load_rules
from apex.measure.privacy import suppress
from apex.model import lessons as model
from apex.model.lessons import HALF_LIFE
from apex.report.campaign import Campaign, load_campaign

SCHEMA: Literal[2] = 2
LESSONS = ROOT / "data" / "lessons"


What = Literal[
    "conversion", "unmet", "met", "crowd", "bought", "response", "price", "spend", "contacts", "cost_new", "wear", "intent",
    "intent_crowd", "intent_channel", "intent_lift", "credit_ratio", "depth", "room",
]  # fmt: skip


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


class Entry(_Strict):
    """One thing learned. what and of name it once: a channel's response, a crowd's conversion ("" is the whole).

    value, low, high: with an 80 % interval; all null where it cannot be learned, and why says so. n: what it rests on (people,
    contacts or choices; 0: nothing, or too few to say). kind: what sort of number it is. scale: on which it is merged. span: the
    days it rests on, this campaign's alone (`window`) or all that the data hold (`all`): of these the newest stands, never a sum.
    """

    what: What
    of: str = ""
    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: Annotated[int, Field(ge=0)] = 0
    kind: Literal["counted", "lift", "model", "credit"]
    scale: Literal["share", "log", "plain", "total"]
    span: Literal["window", "all"] = "window"
    why: str | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.value is None) == (self.why is None):
            raise ValueError(f"{self.what} {self.of}: a value, or why there is none")
        if self.low is not None and self.high is not None and not self.low <= self.high:
            raise ValueError(f"{self.what} {self.of}: its interval ends before it begins")
        return self


class Earlier(_Strict):
    """What an earlier campaign showed by itself."""

    campaign: str
    campaign_id: str | None
    window: tuple[date, date]
    as_of: date
    conversion: list[Conversion]
    seen: list[Entry]


class Lesson(_Strict):
    """One campaign's lesson. What could not be learned is null with its reason, and plans fall back to their priors and say so.

    window: the days that were counted, which is the campaign's window as far as the wrap-up saw it.
    """

    schema_version: Literal[2] = SCHEMA
    brand: str
    campaign: str
    campaign_id: str | None
    window: tuple[date, date]
    as_of: date
    conversion: list[Conversion]
    effect: Effect
    seen: list[Entry] = []
    merged: list[Entry] = []
    earlier: list[Earlier] = []
    half_life_days: Annotated[float, Field(gt=0)] = HALF_LIFE
    made_from: str

    @property
    def own(self) -> Earlier:
        """What this campaign showed by itself, as later lessons keep it."""
        return Earlier(**{name: getattr(self, name) for name in Earlier.model_fields})

    def text(self) -> str:
        """As JSON, the same bytes for the same lesson."""
        return json.dumps(self.model_dump(mode="json"), ensure_ascii=False, indent=1) + "\n"


def shown(conversion: pd.DataFrame, few: int) -> pd.DataFrame:
    """The cells that a lesson may tell: with consumers, not below the privacy threshold, nor to be had from the total."""
    hidden = suppress(conversion.assign(all=0), ["consumers", "buyers"], few, [["all"]]).suppressed
    return conversion[~hidden & (conversion.consumers > 0)]


def entries(frame: pd.DataFrame, few: int = 0) -> list[Entry]:
    """Rows of `apex.model.lessons.ENTRY` as entries; of 1 to `few` − 1 nothing is told. Six digits, for the same bytes."""
    out = []
    for row in frame[model.ENTRY].astype(object).to_dict("records"):
        value, low, high = (None if pd.isna(row[c]) else float(f"{row[c]:.6g}") for c in ("value", "low", "high"))
        n, why = int(row["n"]), None if value is not None else row["why"] or "few"
        if value is not None and 0 < n < few:
            value, why = None, "few"
        if value is None:
            low, high, n = None, None, 0
        out.append(Entry(**{**row, "value": value, "low": low, "high": high, "n": n, "why": why}))
    return out


def frame(told: Sequence[Entry]) -> pd.DataFrame:
    """Entries as rows of `apex.model.lessons.ENTRY`."""
    found = pd.DataFrame([e.model_dump() for e in told], columns=model.ENTRY)
    return found.astype(dict.fromkeys(("value", "low", "high"), float) | {"n": "int64"})


def once(lessons: Sequence[Lesson]) -> list[Earlier]:
    """What every campaign that these lessons know of showed by itself: each once, however many heard it, the oldest first."""
    known = {e.campaign: e for one in lessons for e in one.earlier} | {one.campaign: one.own for one in lessons}
    return sorted(known.values(), key=lambda e: (e.as_of, e.campaign))


def together(told: Sequence[Earlier], half_life: float) -> list[Entry]:
    """What these campaigns say together (`apex.model.lessons.merged`)."""
    parts = [frame(e.seen).assign(day=e.as_of, days=(e.window[1] - e.window[0]).days + 1) for e in told if e.seen]
    return entries(model.merged(pd.concat(parts, ignore_index=True), half_life)) if parts else []


def made_from(campaign: Campaign, warehouse_digest: str, ledger_digest: str) -> str:
    """What a campaign's lesson depends on: its resolved file and those that it learns from, data, library and notebooks."""
    files = [*sorted((ROOT / "notebooks").glob("*/*.ipynb")), *sorted((ROOT / "lib" / "apex").rglob("*.py"))]
    sources = [_digest(p, *_state(p)) for p in files]
    for known in ancestors(campaign):
        sources += [json.dumps(known.model_dump(mode="json"), sort_keys=True), load_rules(known.rules).digest]
    parts = [json.dumps(campaign.model_dump(mode="json"), sort_keys=True), warehouse_digest, ledger_digest, *sources]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _state(path: Path) -> tuple[int, int]:
    """What changes with a file."""
    found = path.stat()
    return found.st_mtime_ns, found.st_size


@lru_cache(maxsize=4096)  # some hundred files, asked for with every lesson
def _digest(path: Path, _changed: int, _size: int) -> str:
    return digest(path)


def ancestors(campaign: Campaign) -> list[Campaign]:
    """The campaigns that a campaign learns from, and those that they learn from, each once; never itself."""
    found: dict[str, Campaign] = {}

    def hear(pupil: Campaign) -> None:
        for name in pupil.learns_from:
            known = load_campaign(name)
            if known.name != campaign.name and known.name not in found:
                found[known.name] = known
                hear(known)

    hear(campaign)
    return list(found.values())


def place(campaign: Campaign, folder: Path | None = None) -> Path:
    """Where a campaign's lesson is kept: data/lessons/BRAND/CAMPAIGN.json (the runner may name another folder)."""
    folder = folder or Path(os.environ.get("APEX_LESSONS", LESSONS))
    brand = quote(campaign.brand, safe="").replace(".", "%2E")  # a brand may be called ".."
    return folder / brand / f"{campaign.name}.json"


def read(path: Path) -> Lesson | None:
    """The lesson in a file, None where there is none, or one of an older schema: it is stale, and made again.

    ApexError for what is no lesson.
    """
    try:
        content = path.read_bytes()
        return None if _older(content) else Lesson.model_validate_json(content)
    except FileNotFoundError:
        return None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ApexError(
            f"{path.name}: not a lesson of schema {SCHEMA}: {where}: {first['msg']}. Delete it; it is made again."
        ) from None


def _older(content: bytes) -> bool:
    """Whether a file is a lesson of a schema before this one."""
    try:
        told = json.loads(content)
    except ValueError:
        return False
    version = told.get("schema_version") if isinstance(told, dict) else None
    return isinstance(version, int) and not isinstance(version, bool) and version < SCHEMA


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
