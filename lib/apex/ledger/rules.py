"""Stage rules as data: the grammar of data/rules/stages/*.yml, checked, with a digest that names the ledger built from it.

A rule set is an ordered list of stages, shallow to deep. A stage is active when any of its conditions is; the stage of a
consumer on a day is the deepest active one, 0 is none. A condition is one of

- counting: `behaviour: [...]`, `within_days: w`, `at_least: k` (1), `distinct: day | event` (day), `min_score`,
  `min_value_minor`: at least k distinct days (or events) with such an event in the last w days;
- a status: `status: {open: join, close: leave}`: open while joins outnumber leaves, never below zero;
- `all: [conditions]` of the two kinds above, not nested: active while every one of them is.
"""

import hashlib
import json
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationError,
    field_validator,
    model_validator,
)

from apex import strict_yaml
from apex.errors import ApexError, nearest
from apex.files import ROOT
from apex.warehouse import schema

FOLDER = ROOT / "data" / "rules" / "stages"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def _known(behaviour: str) -> str:
    if behaviour not in schema.behaviours():
        raise ValueError(f'"{behaviour}" is not a behaviour.{nearest(behaviour, schema.behaviours())}')
    return behaviour


class Counting(_Part):
    """At least `at_least` distinct days (or events) with one of the behaviours in the last `within_days` days."""

    behaviour: list[str] = Field(min_length=1)
    within_days: int = Field(ge=1, le=36_525)
    at_least: int = Field(default=1, ge=1, le=1000)
    distinct: Literal["day", "event"] = "day"
    min_score: float | None = None
    min_value_minor: int | None = None

    @field_validator("behaviour")
    @classmethod
    def _behaviours(cls, value: list[str]) -> list[str]:
        return [_known(b) for b in value]

    @field_validator("min_score", mode="before")
    @classmethod
    def _number(cls, value: Any) -> Any:
        return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


class Toggle(_Part):
    """What opens and what closes a status."""

    open: str
    close: str

    @field_validator("open", "close")
    @classmethod
    def _behaviours(cls, value: str) -> str:
        return _known(value)

    @model_validator(mode="after")
    def _differ(self) -> "Toggle":
        if self.open == self.close:
            raise ValueError(f'a status cannot be opened and closed by the same behaviour, "{self.open}"')
        return self


class Status(_Part):
    """A status that is open now: a count, +1 at `open`, −1 at `close`, never below 0."""

    status: Toggle


def _kind(value: Any) -> str:
    if not isinstance(value, dict):  # an object that has been read already
        return "status" if isinstance(value, Status) else "all" if isinstance(value, All) else "counting"
    return next((k for k in ("all", "status") if k in value and "behaviour" not in value), "counting")


def _not_nested(value: Any) -> Any:
    if isinstance(value, dict) and "all" in value:
        raise ValueError("`all` may not stand inside `all`")
    return value


Simple = Annotated[
    Annotated[Annotated[Counting, Tag("counting")] | Annotated[Status, Tag("status")], Discriminator(_kind)],
    BeforeValidator(_not_nested),
]


class All(_Part):
    """Every one of the conditions; it expires with its first member."""

    all: list[Simple] = Field(min_length=1)


Condition = Annotated[
    Annotated[Counting, Tag("counting")] | Annotated[Status, Tag("status")] | Annotated[All, Tag("all")],
    Discriminator(_kind),
]


class Stage(_Part):
    """One stage: its id, its name in both languages, and the conditions any of which makes it active."""

    id: str = Field(pattern=r"^[A-Za-z0-9_]{1,24}$")
    name: dict[Literal["en", "zh"], str]
    any: list[Condition] = Field(min_length=1)

    @field_validator("id")
    @classmethod
    def _free(cls, value: str) -> str:
        if value.lower() == "none" or value == "O":
            raise ValueError(
                f'"{value}" means {"the opportunity" if value == "O" else "no stage"}, and is no stage\'s id'
            )
        return value

    @field_validator("name")
    @classmethod
    def _both(cls, value: dict[str, str]) -> dict[str, str]:
        if missing := {"en", "zh"} - set(value):
            raise ValueError(f"the name is missing in {', '.join(sorted(missing))}")
        return value

    @property
    def simple(self) -> list[list[Counting | Status]]:
        """The conditions as clauses: active when, in any clause, every member is."""
        return [list(c.all) if isinstance(c, All) else [c] for c in self.any]

    @property
    def window(self) -> int | None:
        """The longest window among the conditions, in days; None where only statuses make the stage."""
        days = [c.within_days for clause in self.simple for c in clause if isinstance(c, Counting)]
        return max(days) if days else None


class RuleSet(_Part):
    """An ordered list of stages, shallow to deep, and a name."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")
    stages: list[Stage] = Field(min_length=1, max_length=30)

    @model_validator(mode="after")
    def _distinct(self) -> "RuleSet":
        ids = [s.id for s in self.stages]
        if twice := {i for i in ids if ids.count(i) > 1}:
            raise ValueError(f"two stages have the id {', '.join(sorted(twice))}")
        return self

    @property
    def digest(self) -> str:
        """Twelve characters that change with any rule, and not with comments, key order or what stages are called."""
        rules = [{"id": s.id, "any": [c.model_dump() for c in s.any]} for s in self.stages]
        return hashlib.sha256(json.dumps(rules, sort_keys=True).encode()).hexdigest()[:12]

    @property
    def ids(self) -> list[str]:
        """The stages' ids, shallow to deep; stage number i is ids[i − 1]."""
        return [s.id for s in self.stages]

    def trusted_window(self, number: int) -> int:
        """Days of data from which on stage `number` (1 = shallowest) is trusted.

        The longest window of it and of every deeper stage (design section 5).
        """
        return max((s.window or 1) for s in self.stages[number - 1 :])


def _where(path: tuple[Any, ...]) -> str:
    words = [str(p) for p in path if p not in ("counting", "status", "all") or p == path[-1]]
    return ".".join(words) or "the file"


def parse_rules(mapping: Any, origin: str = "rules") -> RuleSet:
    """A rule set from a mapping as YAML gives it; ApexError names `origin`, the place, the value and what is allowed."""
    if not isinstance(mapping, dict):
        raise ApexError(f"{origin}: a rule set is a mapping with name and stages, not {mapping!r}.")
    try:
        return RuleSet.model_validate(mapping)
    except ValidationError as error:
        raise ApexError(f"{origin}: " + "; ".join(_message(e) for e in error.errors())) from None


def _message(error: Any) -> str:
    place, kind = _where(error["loc"]), error["type"]
    if kind == "extra_forbidden":
        key = error["loc"][-1]
        keys = [f for part in (RuleSet, Stage, Counting, Status, Toggle, All) for f in part.model_fields]
        if key in keys:
            return f'{place}: "{key}" does not belong here; a condition is a count, a status or `all`, and one of them only.'
        return f'{place}: "{key}" is not a key of the grammar.{nearest(key, keys)}'
    text = error["msg"].removeprefix("Value error, ")
    return f"{place}: {text}" + ("" if kind in ("value_error", "missing") else f" (seen: {error['input']!r})")


def load_rules(name: str | Path) -> RuleSet:
    """A rule set by name (data/rules/stages/NAME.yml) or by path; ApexError when there is none or it is wrong."""
    path = Path(name)
    if path.suffix not in (".yml", ".yaml"):
        path = FOLDER / f"{name}.yml"
    if not path.exists():
        raise ApexError(
            f'There is no rule set "{name}" ({path.name}).{nearest(str(name), [p.stem for p in FOLDER.glob("*.yml")])}'
        )
    mapping, _ = strict_yaml.read(path)
    return parse_rules(mapping, path.name)
