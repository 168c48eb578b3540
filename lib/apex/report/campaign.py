"""The campaign file: all that a run needs to know, checked before anything starts."""

import re
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    model_validator,
)

from apex.errors import ApexError, nearest
from apex.files import ROOT
from apex.report.values import Day, Id, Name, Names, Scalar, Window, refuse_secret
from apex.strict_yaml import Lines, read_extended

Stage = Literal["insight", "plan", "execute", "wrapup"]
STAGES: tuple[Stage, ...] = get_args(Stage)
CAMPAIGNS = ROOT / "data" / "campaigns"
MEASURES = ("gmv_minor", "new_consumers", "aac", "joins")
EXTRA_DAYS = 15  # a wrap-up looks this far beyond the window
PLAN_AHEAD = 28  # without phases a plan is made this long before the eve


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Goal(_Strict):
    """What is to be reached in a window, with the odds one wants to have: money, and counts of consumers.

    new_consumers: buyers who had not bought within a year. aac: annual active consumers on the window's last day (who bought
    within the year up to it). joins: consumers who become members.
    """

    window: Window | None = None
    gmv_minor: Annotated[int, Field(gt=0, strict=True)] | None = None
    new_consumers: Annotated[int, Field(gt=0, strict=True)] | None = None
    aac: Annotated[int, Field(gt=0, strict=True)] | None = None
    joins: Annotated[int, Field(gt=0, strict=True)] | None = None
    confidence: Annotated[float, Field(gt=0, lt=1)] = 0.8

    @property
    def targets(self) -> dict[str, int]:
        """What is to be reached, by measure, in the order of the file's keys; the measures not given are absent."""
        return {m: v for m in MEASURES if (v := getattr(self, m)) is not None}


class Phases(_Strict):
    """The phases of the campaign, each [first day, last day], in the order of the calendar."""

    model_config = ConfigDict(alias_generator=lambda name: name.rstrip("_").replace("_", "-"))
    build_up: Window | None = None
    presale: Window | None = None
    warm_up: Window | None = None
    burst: Window | None = None
    return_: Window | None = None

    def days(self) -> list[tuple[str, date, date]]:
        """(phase, first day, last day) of the phases given."""
        given = ((f.alias or name, getattr(self, name)) for name, f in type(self).model_fields.items())
        return [(name, *window) for name, window in given if window]


class AsOf(_Strict):
    """The day on which each stage's notebooks stand; nothing later is known to them."""

    insight: Day | None = None
    plan: Day | None = None
    execute: Day | None = None
    wrapup: Day | None = None


class Peers(_Strict):
    """Who is no peer, whatever the data say: the private label, the pool of unbranded goods."""

    exclude: tuple[Id, ...] = ()


class Facts(Protocol):
    """What a campaign is checked against: a warehouse's brands and campaigns (ids), its first and last day."""

    @property
    def brands(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def campaigns(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def first_day(self) -> date: ...  # noqa: D102
    @property
    def last_day(self) -> date: ...  # noqa: D102


class Campaign(_Strict):
    """A campaign file, resolved and checked. Money in minor units, windows [first day, last day] inclusive."""

    title: Names
    warehouse: str = Field(min_length=1)
    brand: Id
    rules: str = Field(min_length=1)
    campaign_id: Id | None = None
    goal: Goal = Goal()
    phases: Phases = Phases()
    compare: tuple[Id, ...] = ()
    learns_from: tuple[Name, ...] = ()
    budget_minor: Annotated[int, Field(ge=0, strict=True)] | None = None
    margin: Annotated[float, Field(gt=0, le=1)] | None = None
    language: Literal["en", "zh"] = "en"
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    privacy_threshold: Annotated[int, Field(ge=1, strict=True)] = 20
    as_of: AsOf = AsOf()
    settings: dict[str, dict[str, Scalar | list[Scalar]]] = {}
    peers: Peers = Peers()
    _file: Path = PrivateAttr(default=Path("campaign.yml"))

    @model_validator(mode="after")
    def _has_a_window(self) -> "Campaign":
        if not self.goal.window and not self.phases.days():
            raise ValueError("goal.window is missing, and no phases are given from which to take it")
        return self

    @property
    def file(self) -> Path:
        """The file it was read from."""
        return self._file

    @property
    def name(self) -> str:
        """The file's name without `.yml`; it names the report's folder."""
        return self._file.stem

    @property
    def slug(self) -> str:
        """The name, known to be only a-z, 0-9 and -."""
        return self._file.stem

    @property
    def reference(self) -> str:
        """What `load_campaign` finds this campaign by: its name where it lies among the campaigns, else its path."""
        return self.name if self._file.parent == CAMPAIGNS else str(self._file)

    @property
    def window(self) -> tuple[date, date]:
        """First and last day the goal counts: goal.window, else the burst, else the span of the phases."""
        if self.goal.window:
            return self.goal.window
        if self.phases.burst:
            return self.phases.burst
        days = self.phases.days()
        return min(first for _, first, _ in days), max(last for *_, last in days)

    @property
    def eve(self) -> date:
        """The day before the window."""
        return self.window[0] - timedelta(days=1)

    def as_of_for(self, stage: Stage, last_day: date) -> date:
        """The day on which a stage's notebooks stand.

        As the file says; else insight and execute on the eve, plan on the day before the first phase (without phases
        28 days before the eve), wrap-up 15 days after the window or on the last day of data if that is earlier.
        """
        if stage not in STAGES:
            raise ApexError(f'as_of: there is no stage "{stage}".{nearest(stage, STAGES)}')
        said = getattr(self.as_of, stage)
        if said:
            return said
        if stage == "wrapup":
            return min(last_day, self.window[1] + timedelta(days=EXTRA_DAYS))
        if stage == "plan":
            days = self.phases.days()
            if days:
                return min(first for _, first, _ in days) - timedelta(days=1)
            return self.eve - timedelta(days=PLAN_AHEAD)
        return self.eve

    def check_against(self, facts: Facts, stages: Iterable[Stage] = STAGES) -> None:
        """Raise ApexError for a brand, a campaign or a day that the warehouse does not have.

        `stages`: those to be rendered; their as_of must lie within the data.
        """
        where, span = self._file.name, f"The data reach from {facts.first_day} to {facts.last_day}."
        if self.brand not in facts.brands:
            raise ApexError(
                f'{where}: brand "{self.brand}" is not in the warehouse "{self.warehouse}".'
                f"{nearest(self.brand, facts.brands)}"
            )
        named = {"compare": self.compare, "campaign_id": (self.campaign_id,) if self.campaign_id else ()}
        for key, campaigns in named.items():
            for campaign in campaigns:
                if campaign not in facts.campaigns:
                    raise ApexError(
                        f'{where}: {key}: campaign "{campaign}" is not in the warehouse "{self.warehouse}".'
                        f"{nearest(campaign, facts.campaigns)}"
                    )
        for brand in self.peers.exclude:
            if brand not in facts.brands:
                raise ApexError(
                    f'{where}: peers.exclude: brand "{brand}" is not in the warehouse.{nearest(brand, facts.brands)}'
                )
        if not facts.first_day < self.window[0]:
            raise ApexError(f"{where}: the window {self.window[0]} – {self.window[1]} lies outside the data. {span}")
        for stage in stages:
            day = self.as_of_for(stage, facts.last_day)
            if not facts.first_day <= day <= facts.last_day:
                raise ApexError(
                    f"{where}: {stage} would stand on {day}, outside the data. {span} "
                    f"Move goal.window, or say as_of.{stage}."
                )


def load_campaign(name_or_path: str | Path) -> Campaign:
    """Read and check a campaign: a name stands for `data/campaigns/NAME.yml`, else the path of a .yml file.

    Raises ApexError that names file and line: missing file, YAML, unknown key (with the nearest known one), wrong
    value, files extending each other, a setting that looks like a secret.
    """
    path = _find(str(name_or_path), Path.cwd())
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", path.stem):
        raise ApexError(f'{path.name}: a campaign file\'s name names its report: only a-z, 0-9 and "-".')
    content, lines = read_extended(path, _find)
    for at, where in lines.items():
        if at[0] == "settings" and len(at) > 2:
            refuse_secret(str(at[2]), f"{where}: settings.{at[1]}")
    try:
        campaign = Campaign.model_validate(content)
    except ValidationError as error:
        raise ApexError("\n".join(_explain(dict(e), lines, path.name) for e in error.errors())) from None
    campaign._file = path.resolve()
    return campaign


def _find(name: str, beside: Path) -> Path:
    if not name.endswith((".yml", ".yaml")) and "/" not in name:
        path = CAMPAIGNS / f"{name}.yml"
        if not path.exists():
            known = sorted(p.stem for p in CAMPAIGNS.glob("*.yml"))
            raise ApexError(f'There is no campaign "{name}" in data/campaigns.{nearest(name, known)}')
        return path
    return beside / name


_PARTS: dict[object, type[BaseModel]] = {"goal": Goal, "phases": Phases, "as_of": AsOf, "peers": Peers}


def _explain(error: dict[str, Any], lines: Lines, file: str) -> str:
    """One of pydantic's errors in words: where, which key, what was seen, what is allowed."""
    at = error["loc"]
    where = next((lines[at[:n]] for n in range(len(at), 0, -1) if at[:n] in lines), file)
    key = ".".join(str(part) for part in at if part != "[key]")
    if error["type"] == "extra_forbidden":
        known = [field.alias or name for name, field in _PARTS.get(at[0], Campaign).model_fields.items()]
        return f'{where}: unknown key "{key}".{nearest(at[-1], known if len(at) > 1 else ["extends", *known])}'
    if error["type"] == "missing":
        return f'{where}: the key "{key}" is missing.'
    if error["type"] == "value_error":
        said = f"{where}: {key + ': ' if key else ''}{error['ctx']['error']}"
        return said if said.endswith((".", "?")) else f"{said}."
    return f"{where}: {key}: {error['msg']}, not {error['input']!r}."
