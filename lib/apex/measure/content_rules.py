"""What counts as an effective view, a completion, a visit, a sale: a rule file (data/rules/content.yml), read and checked."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from apex import rule_files
from apex.errors import nearest
from apex.warehouse import schema


def _known(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if name not in schema.behaviours():
            raise ValueError(f'there is no behaviour "{name}".{nearest(name, schema.behaviours())}')
    return names


def _rising(starts: tuple[int, ...]) -> tuple[int, ...]:
    if list(starts) != sorted(set(starts)):
        raise ValueError("bands should begin at rising numbers, each once")
    return starts


_listed = BeforeValidator(lambda value: tuple(value) if isinstance(value, list) else value)
Days = Annotated[int, Field(ge=1, le=3650)]
Share = Annotated[float, BeforeValidator(lambda v: float(v) if type(v) is int else v), Field(gt=0, le=1)]
Seconds = Annotated[float, BeforeValidator(lambda v: float(v) if type(v) is int else v), Field(ge=0)]
Behaviours = Annotated[tuple[str, ...], _listed, AfterValidator(_known), Field(min_length=1)]
Bands = Annotated[tuple[Annotated[int, Field(ge=0)], ...], _listed, AfterValidator(_rising), Field(min_length=1)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Effective(_Part):
    """An effective view: so many seconds, or that share of the piece's length."""

    seconds: Seconds
    share: Share


class Completed(_Part):
    """A completed view: that share of the length, of pieces that are at most so long."""

    share: Share
    longest_s: Seconds


class Guided(_Part):
    """What is a visit, and on how many days after an effective view (its own day the first) it counts as guided."""

    behaviours: Behaviours
    within_days: Days


class Sale(_Part):
    """What counts as bought after a visit: on how many days (its own the first), and which items."""

    within_days: Days
    of: Literal["viewed", "brand"]


class Rank(_Part):
    """How many effective viewers, and visitors that can be followed, a piece needs to be held against others."""

    viewers: Annotated[int, Field(ge=1)]
    visitors: Annotated[int, Field(ge=1)]


class Life(_Part):
    """Over how many days of age a piece's life is told, and from how many pieces at least."""

    days: Days
    least: Annotated[int, Field(ge=3)]


class Exposure(_Part):
    """Exposed and unexposed consumers: periods, how long they are followed, how far one looks back, how many others."""

    periods: Annotated[int, Field(ge=1, le=100)]
    days: Days
    follow_days: Days
    look_back: Days
    others: Annotated[int, Field(ge=1, le=100)]


class ContentRules(_Part):
    """All of the file."""

    ripe_days: Days
    rank: Rank
    effective: Effective
    completed: Completed
    interactions: Behaviours
    guided: Guided
    sale: Sale
    ages: Bands
    repeats: Bands
    life: Life
    exposure: Exposure


def load_content_rules(name: str | Path = "content") -> ContentRules:
    """The rules of a file by name (data/rules/NAME.yml) or by path.

    Raises ApexError that names file and line: no such file, not YAML, unknown keys (with the nearest), wrong values.
    """
    return rule_files.load(ContentRules, name)[0]
