"""A plan that a market can play: what a brand does from its first to its last day, instead of what it usually does.

Every line names days, or a phase of the plan, else it holds for the whole plan; and whom it is for: a strategic crowd, an
audience, or an arm of a trial, else everybody. Money in fen, shares as fractions.
"""

from datetime import date
from pathlib import Path
from typing import Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from twin.crowds import CROWDS

Targeting = Literal["broad", "likely", "members", "visitors"]
Stage = Literal["none", "A", "I", "P", "L"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _When(_Strict):
    first_day: date | None = None
    last_day: date | None = None
    phase: str | None = None


class _Whom(_When):
    crowd: Literal[CROWDS] | None = None  # type: ignore[valid-type]
    audience: str | None = None
    trial: str | None = None
    arm: str | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if self.arm is not None and self.trial is None:
            raise ValueError(f"arm {self.arm!r} needs the name of its trial")
        return self


class Media(_Whom):
    """Media in a channel for a budget, or for so many impressions; spread evenly over its days.

    targeting: as the channel does usually, but `broad` for an audience. buying: as the channel's. message: any, in turn.
    """

    channel: str
    budget_minor: int | None = Field(None, ge=0)
    impressions: int | None = Field(None, ge=0)
    buying: Literal["auction", "contract", "owned"] | None = None
    targeting: Targeting | None = None
    message: str | None = None

    @model_validator(mode="after")
    def _how_much(self) -> Self:
        if (self.budget_minor is None) == (self.impressions is None):
            raise ValueError(f"media in {self.channel}: give budget_minor or impressions, one of them")
        return self


class EventDay(_When):
    """Days at a discount: the brand's part in a promotion of the platform, or a festival of its own."""

    depth: float = Field(ge=0, lt=0.9)


class Benefit(_Whom):
    """A benefit offered in the shop, as usually: whoever comes to buy may claim it.

    chance: it is handed out instead, each day a consumer meets the offer with this chance, and claims it or not.
    """

    kind: str
    chance: float | None = Field(None, gt=0, le=1)


class Sampling(_Whom):
    """So many samples of an item, given at random."""

    item_id: str
    units: int = Field(gt=0)


class Trial(_When):
    """A randomised trial: of the audience, or of everybody, `share` are on the list; arms with their chances.

    Lines that name an arm reach it alone; an arm that no line names is held out of them all.
    """

    name: str
    arms: dict[str, float] = Field(default_factory=lambda: {"treated": 0.5, "control": 0.5})
    share: float = Field(1.0, gt=0, le=1)
    audience: str | None = None
    metric: str = "buyers"
    alpha: float = Field(0.05, gt=0, lt=1)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if len(self.arms) < 2 or abs(sum(self.arms.values()) - 1) > 1e-9 or min(self.arms.values()) <= 0:
            raise ValueError(f"arms of trial {self.name!r} are two or more chances that add up to 1, not {self.arms}")
        return self


class ItemTrial(_When):
    """Items shown at random in a channel to whoever is met: the unit is an impression."""

    name: str
    channel: str
    items: list[str] = Field(min_length=2)
    budget_minor: int = Field(gt=0)


class Step(_Strict):
    """The next touch of who stands in the state: stages, days since the last touch (from, to), touches so far, last message."""

    channel: str
    message: str
    stages: list[Stage] | None = None
    touches: list[int] | None = None
    days_since: tuple[int, int | None] | None = None
    last_message: list[str | None] | None = None


class Sequence(_Whom):
    """What a consumer sees next: the first step that fits where he stands; none fits: nothing, which is how one stops.

    pressure: the chance a day of being met where media time and use of the channel are highest.
    """

    name: str
    steps: list[Step] = Field(min_length=1)
    pressure: float = Field(0.3, gt=0, le=1)


class Plan(_Strict):
    """What a brand does from first_day to last_day. Its usual media, benefits and event days of that time do not happen.

    audiences: consumer_ids by name. hold_out: a trial whose arm `control` no media, benefit, sample or sequence reaches.
    """

    campaign_id: str
    first_day: date
    last_day: date
    brand: str | None = None
    name: str = "plan"
    scene: str = "大促"
    phases: dict[str, tuple[date, date]] = {}
    audiences: dict[str, list[int]] = {}
    media: list[Media] = []
    events: list[EventDay] = []
    benefits: list[Benefit] = []
    sampling: list[Sampling] = []
    sequences: list[Sequence] = []
    trials: list[Trial] = []
    item_trials: list[ItemTrial] = []
    hold_out: str | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.first_day > self.last_day:
            raise ValueError(f"the plan ends on {self.last_day}, before its first day {self.first_day}")
        trials = {t.name: t for t in self.trials}
        if self.hold_out is not None and "control" not in getattr(trials.get(self.hold_out), "arms", {}):
            raise ValueError(
                f"hold_out {self.hold_out!r} is not one of the trials with an arm `control`: {sorted(trials)}"
            )
        for part in (
            self.media,
            self.events,
            self.benefits,
            self.sampling,
            self.sequences,
            self.trials,
            self.item_trials,
        ):
            for line in part:
                first, last = self.days(line)
                if not self.first_day <= first <= last <= self.last_day:
                    raise ValueError(f"{line!r} lies outside the plan's days {self.first_day} to {self.last_day}")
                for key, there in (("audience", self.audiences), ("trial", trials)):
                    named = getattr(line, key, None)
                    if named is not None and named not in there:
                        raise ValueError(f"{key} {named!r} is not in the plan; there are {sorted(there)}")
                arm, trial = getattr(line, "arm", None), trials.get(getattr(line, "trial", None) or "")
                if arm is not None and trial and arm not in trial.arms:
                    raise ValueError(f"trial {trial.name!r} has no arm {arm!r}; there are {sorted(trial.arms)}")
        return self

    def days(self, line: _When) -> tuple[date, date]:
        """First and last day of a line. Raises ValueError for a phase that the plan does not have."""
        if line.phase is None:
            return line.first_day or self.first_day, line.last_day or self.last_day
        if line.phase not in self.phases:
            raise ValueError(f"phase {line.phase!r} is not in the plan; there are {sorted(self.phases)}")
        return self.phases[line.phase]


def read(path: Path) -> Plan:
    """The plan in a YAML file: the file itself, or its section `act`, as in the plan.yml of a report."""
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    return Plan.model_validate(content["act"] if isinstance(content, dict) and "act" in content else content)


def write(plan: Plan, path: Path) -> None:
    """A plan as YAML; `read` gives it back."""
    found: dict[str, Any] = plan.model_dump(mode="json", exclude_defaults=True)
    path.write_text(yaml.safe_dump(found, allow_unicode=True, sort_keys=False), encoding="utf-8")
