"""Business scenes as data: data/rules/scenes.yml, read strictly.

A scene is one goal of trade with its levers (definitions, section 11): `objective`; `moves: {from: [A, I], to: P}`, the cells of
the ledger that it takes people from and to (O is opportunity), and `counts`, what it is judged by: people (the default), joins,
items at the stages of life that `items` names, contents; `audience`, one of the file's own; `levers`; `media`, by which it buys
(a medium names the channels of the data); `kpi`; `least_budget_minor`; and what it `needs`, a list of

- `{table: contracts}`: the data hold the table;
- `{behaviour: sample}`: the brand's consumers did it in the last year;
- `{members: 200}`, `{followers: 200}`: the brand has so many;
- `{items: [launch, potential], at_least: 3}`: items at these stages of life; `{younger_than_days: 28, at_least: 1}`: so young;
- `{contents: 3, within_days: 28}`: so many pieces published;
- `{event_within_days: 45}`: an event day is ahead.

That a medium's channel is in the data and that the audience is not empty is asked of every scene. An audience is an expression of
`apex.measure.crowd_rules`, and may name a crowd of the crowds' file.
"""

from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from apex import rule_files
from apex.errors import ApexError, nearest
from apex.measure.crowd_file import Crowd, Crowds, Id, Texts, load_crowds, parse_crowds
from apex.measure.crowd_rules import Days, Part, Words
from apex.warehouse import schema

Counts = Literal["people", "joins", "items", "contents"]
GateStage = Literal["validate", "accelerate"]
Measure = Literal["buyers_90", "operable", "followed", "repeat_60", "grown", "paying", "told"]
MEASURES: tuple[str, ...] = get_args(Measure)
Count = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(gt=0, le=1)]


class Table(Part):
    """The data hold this table."""

    table: str

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.table not in schema.tables():
            raise ValueError(f'"{self.table}" is not a table.{nearest(self.table, schema.tables())}')
        return self


class Done(Part):
    """The brand's consumers did this in the last year."""

    behaviour: str

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.behaviour not in schema.behaviours():
            raise ValueError(f'"{self.behaviour}" is not a behaviour.{nearest(self.behaviour, schema.behaviours())}')
        return self


class Members(Part):
    """The brand has so many members."""

    members: Count


class Followers(Part):
    """The brand has so many followers."""

    followers: Count


class Items(Part):
    """So many items stand at one of these stages of life."""

    items: Words
    at_least: Count = 1


class Young(Part):
    """So many items are younger than this."""

    younger_than_days: Days
    at_least: Count = 1


class Contents(Part):
    """So many pieces of content were published in the last days."""

    contents: Count
    within_days: Days


class Event(Part):
    """An event day, of the platform or the brand, begins within so many days."""

    event_within_days: Days


NEEDS: dict[str, type[Part]] = {
    "table": Table, "behaviour": Done, "members": Members, "followers": Followers, "items": Items,
    "younger_than_days": Young, "contents": Contents, "event_within_days": Event,
}  # fmt: skip


def _need(value: Any) -> Any:
    if isinstance(value, Part):
        return value
    if not isinstance(value, dict):
        raise ValueError(f"a need is a mapping like {{table: contracts}}, not {value!r}")
    if sum(kind in value for kind in NEEDS) != 1:
        first = next(iter(value), "")
        raise ValueError(f'"{first}" is not a need.{nearest(first, NEEDS)}')
    return value


def _kind(value: Any) -> str:
    return "=" + next(k for k, p in NEEDS.items() if type(value) is p or (isinstance(value, dict) and k in value))


Need = Annotated[
    Annotated[
        Annotated[Table, Tag("=table")] | Annotated[Done, Tag("=behaviour")] | Annotated[Members, Tag("=members")]
        | Annotated[Followers, Tag("=followers")] | Annotated[Items, Tag("=items")]
        | Annotated[Young, Tag("=younger_than_days")] | Annotated[Contents, Tag("=contents")]
        | Annotated[Event, Tag("=event_within_days")],
        Discriminator(_kind),
    ],
    BeforeValidator(_need),
]  # fmt: skip


class Moves(Part):
    """The cells of the ledger that people are taken from, and the one they are taken to."""

    from_: Words = Field(alias="from")
    to: str


class Scene(Part):
    """One business scene."""

    name: Texts
    group: str
    code: str | None = None
    sub: str | None = None
    since: int | None = None
    objective: Texts
    counts: Counts = "people"
    moves: Moves | None = None
    items: Words | None = None
    audience: str
    levers: Words
    media: Words
    kpi: Texts
    least_budget_minor: Count | None = None
    needs: list[Need] = Field(default_factory=list)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.counts != "joins" and self.moves is None:
            raise ValueError("moves is missing: from which cells to which")
        if (self.counts == "items") != (self.items is not None):
            raise ValueError("items names the stages of life of a scene that counts items, and of no other")
        return self


class Medium(Part):
    """What a scene buys through, and the channels of the data that it is called there."""

    name: Texts
    channels: Words


class Dearer(Part):
    """Beyond this share of those who can be met a contact costs so many times as much."""

    from_: Share = Field(alias="from")
    times: float = Field(ge=1)


class Settings(Part):
    """What is no fact: conventions of the file."""

    horizon_days: Days
    reach: Share
    grow: Annotated[float, Field(gt=0)]
    dearer: Dearer
    least_budget_minor: Count
    least_people: Count
    most: Annotated[int, Field(ge=1, le=12)]
    odds: Annotated[float, Field(gt=0.5, lt=1)]
    alpha: Annotated[float, Field(gt=0, lt=0.5)]
    power: Annotated[float, Field(gt=0.5, lt=1)]


class Gate(Part):
    """A bound that a brand's growth must have passed."""

    stage: GateStage
    measure: Measure
    at_least: float
    name: Texts


class Scenes(Part):
    """The whole file; `crowds` are its audiences, with the crowds that they refer to."""

    settings: Settings
    media: dict[Id, Medium] = Field(min_length=1)
    levers: dict[Id, Texts] = Field(min_length=1)
    groups: dict[Id, Texts] = Field(min_length=1)
    audiences: dict[Id, Crowd] = Field(min_length=1, max_length=40)
    scenes: dict[Id, Scene] = Field(min_length=1, max_length=100)
    gates: list[Gate] = Field(default_factory=list)

    def channels(self, scene: str) -> tuple[str, ...]:
        """The channels of the data that a scene buys through."""
        return tuple(c for medium in self.scenes[scene].media for c in self.media[medium].channels)

    def least(self, scene: str) -> int:
        """The least budget of a scene, in minor units."""
        return self.scenes[scene].least_budget_minor or self.settings.least_budget_minor

    def crowds(self, crowd_file: str | Path = "crowds") -> Crowds:
        """The audiences as crowds, in the order of the file, then those they refer to. ApexError as in `load_crowds`.

        An audience goes before a crowd of the same name.
        """
        known = dict(load_crowds(crowd_file).crowds) | dict(self.audiences)
        whole = parse_crowds({"crowds": dict(self.audiences) | known}, "scenes: audiences")
        return whole.only(list(self.audiences))


def load_scenes(name: str | Path = "scenes") -> Scenes:
    """The scenes of a file by name (data/rules/NAME.yml) or by path.

    Raises ApexError that names file, line, key and the nearest known word: no such file, not YAML, a key twice, unknown keys,
    needs, tables, behaviours, measures; a scene whose group, audience, lever or medium the file does not have.
    """
    made, lines = rule_files.load(Scenes, name)
    for id, scene in made.scenes.items():
        asked = {"group": (scene.group,), "audience": (scene.audience,), "levers": scene.levers, "media": scene.media}
        homes: dict[str, Any] = {
            "group": made.groups,
            "audience": made.audiences,
            "levers": made.levers,
            "media": made.media,
        }
        for key, words in asked.items():
            for word in words:
                if word not in homes[key]:
                    where = lines.get(("scenes", id, key), str(name))
                    raise ApexError(f'{where}: scenes.{id}.{key}: there is no "{word}".{nearest(word, homes[key])}')
    return made
