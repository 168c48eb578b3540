"""The plan as a file: `plan.yml` of a run, checked when it is written and when it is read.

It says what was decided and on what grounds, in figures that may be shown, and nothing else: no consumer, no hidden count.
Its section `act` is what a market can play (the twin's grammar of plans), and what media teams book: media by channel and
days, event days, trials, the hold-out.
"""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import pandas as pd
import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from apex import rule_files
from apex.errors import ApexError

SCHEMA: Literal[1] = 1
People = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class GoalRow(_Strict):
    """A goal, or `all`: what is wanted, what is forecast (80 % interval), the odds as things stand and with this plan."""

    goal: str
    target: float | None = None
    forecast: float | None = None
    low: float | None = None
    high: float | None = None
    odds: Share | None = None
    odds_with_plan: Share | None = None


class Needed(_Strict):
    """Stock of a stage on the eve: now, forecast, needed. People; null where hidden or not planned."""

    stage: str
    stock_now: People | None = None
    stock_forecast: People | None = None
    needed: People | None = None
    gap: float | None = None


class Move(_Strict):
    """A strategy in its phase: whom it moves where, how many, at what cost (null: unknown)."""

    phase: str
    first_day: date
    last_day: date
    strategy: str
    from_stage: str | None = None
    to_stage: str | None = None
    channel: str | None = None
    people: People | None = None
    moved: People | None = None
    low: float | None = None
    high: float | None = None
    gmv_minor: float | None = None
    cost_minor: float | None = None
    kind: str


class Scene(_Strict):
    """A business scene of the portfolio, with the chance that it belongs to the best one."""

    scene: str
    stage_from: str | None = None
    stage_to: str | None = None
    audience: str | None = None
    people: People | None = None
    moved: People | None = None
    gmv_minor: float | None = None
    budget_minor: float | None = None
    p_best: Share | None = None
    kpi: str | None = None
    kind: str


class Day(_Strict):
    """A phase of an event of the calendar: the platform's, an own one, an expected or a proposed one."""

    event: str
    phase: str
    first_day: date
    last_day: date
    kind: str


class Launch(_Strict):
    """The new item's forecast for its first 28 or 90 days."""

    item_id: str | None = None
    horizon: Annotated[int, Field(gt=0)]
    gmv_minor: float | None = None
    low: float | None = None
    high: float | None = None
    p_hit: Share | None = None
    stock_units: float | None = None
    verdict: str | None = None


class HoldOut(_Strict):
    """Who is left alone at random, and the smallest lift in buyers that this tells (80 % power, 5 % error, two-sided)."""

    share: Share
    treated: People | None = None
    held_out: People | None = None
    detectable: float | None = None
    expected: float | None = None


class Cost(_Strict):
    """What the plan costs, as far as it is known. unknown: parts whose cost the data do not have."""

    budget_minor: int | None = None
    media_minor: int | None = None
    unknown: list[str] = []


class Risk(_Strict):
    """What can go wrong: a measured figure beside its limit."""

    risk: str
    value: float | None = None
    limit: float | None = None
    of: str | None = None


class _When(_Strict):
    first_day: date | None = None
    last_day: date | None = None
    phase: str | None = None


class Media(_When):
    """Media in a channel: for a budget, or for so many impressions where they cost nothing.

    message: what its creatives say; any in turn where it is not given.
    """

    channel: str
    budget_minor: Annotated[int, Field(ge=0)] | None = None
    impressions: Annotated[int, Field(ge=0)] | None = None
    buying: Literal["auction", "contract", "owned"] | None = None
    crowd: str | None = None
    trial: str | None = None
    arm: str | None = None
    message: str | None = None

    @model_validator(mode="after")
    def _how_much(self) -> Self:
        if (self.budget_minor is None) == (self.impressions is None):
            raise ValueError(f"media in {self.channel}: budget_minor or impressions, one of them")
        if self.arm is not None and self.trial is None:
            raise ValueError(f"media in {self.channel}: arm {self.arm!r} needs the name of its trial")
        return self


class EventDay(_When):
    """Days at a discount of this depth (share of the list price)."""

    depth: Annotated[float, Field(ge=0, lt=0.9)]


class Benefit(_When):
    """A kind of benefit, offered in the shop to whoever comes to buy."""

    kind: str


class Trial(_When):
    """A randomised trial: arms with their chances. Lines that name an arm reach it alone."""

    name: str
    arms: dict[str, float]
    metric: str = "buyers"

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if len(self.arms) < 2 or min(self.arms.values()) <= 0 or abs(sum(self.arms.values()) - 1) > 1e-9:
            raise ValueError(f"arms of trial {self.name!r} are two or more chances that add up to 1, not {self.arms}")
        return self


class Act(_Strict):
    """What is done, day by day, in the grammar that `twin.Market.play` plays."""

    campaign_id: str
    brand: str
    first_day: date
    last_day: date
    phases: dict[str, tuple[date, date]] = {}
    media: list[Media] = []
    events: list[EventDay] = []
    benefits: list[Benefit] = []
    trials: list[Trial] = []
    hold_out: str | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.first_day > self.last_day:
            raise ValueError(f"it ends on {self.last_day}, before its first day {self.first_day}")
        trials = {t.name: t.arms for t in self.trials}
        if self.hold_out is not None and "control" not in trials.get(self.hold_out, {}):
            raise ValueError(f"hold_out {self.hold_out!r} is none of the trials with an arm control: {sorted(trials)}")
        for line in (*self.media, *self.events, *self.benefits, *self.trials):
            if line.phase is not None and line.phase not in self.phases:
                raise ValueError(f"phase {line.phase!r} is not in the plan; there are {sorted(self.phases)}")
            first, last = self.phases.get(line.phase or "", (line.first_day, line.last_day))
            if not self.first_day <= (first or self.first_day) <= (last or self.last_day) <= self.last_day:
                raise ValueError(f"{line!r} lies outside its days, {self.first_day} to {self.last_day}")
            trial, arm = getattr(line, "trial", None), getattr(line, "arm", None)
            if trial is not None and (trial not in trials or (arm is not None and arm not in trials[trial])):
                raise ValueError(f"there is no trial {trial!r} with an arm {arm!r}; there are {trials}")
        return self


class Planned(_Strict):
    """A campaign's plan. Money in minor units, people as they may be shown, intervals 80 %."""

    schema_version: Literal[1] = SCHEMA
    campaign: str
    brand: str
    currency: str
    as_of: date
    eve: date
    window: tuple[date, date]
    goals: list[GoalRow] = []
    needed: list[Needed] = []
    strategies: list[Move] = []
    scenes: list[Scene] = []
    calendar: list[Day] = []
    launch: list[Launch] = []
    hold_out: HoldOut | None = None
    cost: Cost = Cost()
    risks: list[Risk] = []
    act: Act

    def text(self) -> str:
        """As YAML, the same bytes for the same plan; what is not known is left out."""
        content = self.model_dump(mode="json", exclude_none=True)
        return yaml.safe_dump(content, allow_unicode=True, sort_keys=False)


def read(path: Path) -> Planned:
    """The plan in a file. ApexError that names the file, the key, what was seen and what is allowed."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ApexError(f"There is no plan {path.name}; `make report` writes it into the report's folder.") from None
    except yaml.YAMLError as error:
        raise ApexError(f"{path.name}: not YAML: {error}.") from None
    return checked(content, path.name)


def checked(content: Any, where: str) -> Planned:
    """A plan from what a file holds. ApexError as in `read`."""
    return rule_files.checked(Planned, content, where)


def rows(model: type[_Strict], frame: pd.DataFrame, rename: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
    """A table's rows as a section of a plan: columns that the section does not have are left out, nulls are None."""
    frame = frame.rename(columns=dict(rename or {}))
    known = frame[[c for c in model.model_fields if c in frame]].astype(object)
    return [{k: _plain(v) for k, v in row.items()} for row in known.to_dict("records")]


def _plain(value: Any) -> Any:
    if value is None or value is pd.NaT or (not isinstance(value, str) and pd.isna(value)):
        return None
    if isinstance(value, pd.Timestamp):
        return value.date()
    if hasattr(value, "item"):
        value = value.item()
    return round(value, 6) if isinstance(value, float) else value
