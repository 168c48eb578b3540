"""Strategies as data: data/rules/strategies.yml, read strictly; which move in which phase, for whom, by what."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import Field, model_validator

from apex import rule_files
from apex.errors import nearest
from apex.measure.crowd_file import Crowds, Id, Texts, parse_crowds
from apex.measure.crowd_rules import OPPORTUNITY, Expression, Part

Phase = Literal["build-up", "presale", "warm-up", "burst", "return"]
PHASES: tuple[str, ...] = get_args(Phase)
CHANNELS = ("search", "display", "content", "message", "event slot", "video", "outdoor", "store", "print", "mail")
OTHERS = ("benefit", "sample", "item", "service")  # levers that are no channel
LEVERS = (*CHANNELS, *OTHERS)
Share = Annotated[float, Field(ge=0, le=1)]


class Prior(Part):
    """What share of those met once moves, with its 80 % interval, and where that comes from."""

    moved: Share
    low: Share
    high: Share
    source: str = Field(min_length=1)

    @model_validator(mode="after")
    def _inside(self) -> Self:
        if not self.low <= self.moved <= self.high:
            raise ValueError(f"moved, {self.moved}, should lie between low, {self.low}, and high, {self.high}")
        return self


class Strategy(Part):
    """One strategy. from_stage and to_stage are cells of the campaign's rules: O or a stage's id."""

    name: Texts
    about: Texts | None = None
    phases: list[Phase] = Field(min_length=1)
    from_stage: str = Field(alias="from", min_length=1)
    to_stage: str = Field(alias="to", min_length=1)
    counts: Literal["met", "moved"] = "moved"
    who: Expression | None = None
    levers: list[str] = Field(min_length=1)
    prior: Prior

    @model_validator(mode="after")
    def _known(self) -> Self:
        for lever in self.levers:
            if lever not in LEVERS:
                raise ValueError(f'levers: "{lever}" is not a lever.{nearest(lever, LEVERS)}')
        if len(set(self.phases)) < len(self.phases):
            raise ValueError("phases: a phase stands twice")
        return self


class Strategies(Part):
    """The whole file, in its order. stages: those of the rules it was written for, shallow to deep."""

    stages: list[str] = Field(min_length=1)
    strategies: dict[Id, Strategy] = Field(min_length=1, max_length=40)

    @model_validator(mode="after")
    def _stages(self) -> Self:
        cells = [OPPORTUNITY, *self.stages]
        for name, strategy in self.strategies.items():
            for stage in (strategy.from_stage, strategy.to_stage):
                if stage not in cells:
                    raise ValueError(f'strategies.{name}: "{stage}" is none of the stages.{nearest(stage, cells)}')
        return self

    def fits(self, stages: Sequence[str]) -> bool:
        """Whether rules with these stages, shallow to deep, have all of the file's in its order."""
        return [s for s in stages if s in self.stages] == self.stages

    def crowds(self) -> Crowds:
        """For each strategy the crowd it is for: at the stage `from`, and `who`."""
        made = {}
        for name, strategy in self.strategies.items():
            at: dict[str, Any] = {"stage": strategy.from_stage}
            who = at if strategy.who is None else {"all": [at, strategy.who]}
            made[name] = {"name": strategy.name, "who": who}
        return parse_crowds({"crowds": made}, "strategies")


def load_strategies(name: str | Path = "strategies") -> Strategies:
    """The strategies of a file by name (data/rules/NAME.yml) or by path.

    Raises ApexError with file, line, place and the nearest known word: no such file, not YAML, a key twice or unknown, wrong
    values, a lever, a phase, a behaviour that is none.
    """
    return rule_files.load(Strategies, name)[0]
