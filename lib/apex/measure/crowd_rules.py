"""The grammar of crowds: who is in one is an expression, a mapping of one kind, as data/rules/crowds.yml holds them.

- a trait: `{trait: age_band, equals: "25-34"}`, `{trait: region, in: [east, north]}`, `{trait: gender, missing: true}`;
- a stage of the campaign's rules: `{stage: L}`, `{stage: [A, I]}`; `O` is opportunity, `none` neither that nor at a stage.
  `days_ago: n` asks for the stage at the end of an earlier day; `at_least_days`, `at_most_days`: how many days before that
  the consumer came to it; `expires_within_days: n`: without anything new it is left on one of the next n days;
- a behaviour: `{behaviour: [buy], within_days: 90, at_least: 2, at_most: 5, distinct: day | event, of: brand | category |
  market, channel: [tv], discounted: true, min_value_minor: v, min_score: s}` (from `discounted` on: which events count);
- a status: `{status: member}`, `{status: follower}`: has joined (followed) and not left, in any business of the brand;
- money: `{spent: brand | category | market, within_days: 365, min_minor: v, max_minor: v, top: 0.2, among: city_tier}`: what
  was paid lies between the two, both included; `top` keeps the upper share of those who spent at all (`among`: of those of
  them with the same value of a trait);
- habits, over the whole market (`apex.measure.crowd_habits`): `{middle_order_minor: {min: v, max: v}, within_days: 90}`, the
  median of what one's orders cost; `{share_of: [view, cart], category: [snacks], within_days: 90, at_least: 0.6}`, or
  `times_average: 2, among: city_tier`: how much of what one did of that kind lies in these categories (`business`, `channel`),
  by itself or beside the average; `{price_rank_up: 0.15, within_days: 180}`: how far what one pays for a unit rose among all
  that is paid in a category, against as many days before;
- `{all: […]}`, `{any: […]}`, `{not: …}`, `{crowd: NAME}`, to any depth.

An expression is true or false of every consumer, never unknown: a trait that is not known equals nothing, so `not` of it
holds (add `{trait: …, missing: false}` to leave the unknown out); what was never done was done 0 times and cost 0.
"""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, model_validator

from apex.errors import nearest
from apex.warehouse import schema

OPPORTUNITY, NONE = "O", "none"

Scope = Literal["brand", "category", "market"]
Days = Annotated[int, Field(ge=1, le=36_500)]


def _listed(value: Any) -> Any:
    if not isinstance(value, str | list | tuple):
        raise ValueError(f"should be a text in quotes or a list of them, not {value!r}")
    return (value,) if isinstance(value, str) else tuple(value)


def _ordered(what: str, least: int | None, most: int | None) -> None:
    if least is not None and most is not None and least > most:
        raise ValueError(f"the least {what}, {least}, lies above the most, {most}")


Words = Annotated[tuple[str, ...], BeforeValidator(_listed), Field(min_length=1)]


class Part(BaseModel):
    """A piece of the grammar: read once, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Trait(Part):
    """A column of `consumers`: equals a text, is one of several, or is (not) missing."""

    trait: str
    equals: str | None = None
    in_: Words | None = Field(default=None, alias="in")
    missing: bool | None = None

    @model_validator(mode="after")
    def _one(self) -> "Trait":
        if sum(v is not None for v in (self.equals, self.in_, self.missing)) != 1:
            raise ValueError("a trait takes exactly one of equals, in, missing")
        return self

    @property
    def values(self) -> tuple[str, ...]:
        """The texts asked for; none for `missing`."""
        return self.in_ or (() if self.equals is None else (self.equals,))


class Stage(Part):
    """At one of these stages at the end of the day, or of an earlier one; how long already, how long still."""

    stage: Words
    days_ago: int = Field(default=0, ge=0, le=36_500)
    at_least_days: int | None = Field(default=None, ge=0)
    at_most_days: int | None = Field(default=None, ge=0)
    expires_within_days: Days | None = None

    @model_validator(mode="after")
    def _sound(self) -> "Stage":
        _ordered("days", self.at_least_days, self.at_most_days)
        if self.expires_within_days and self.days_ago:
            raise ValueError("expires_within_days counts from the day itself and cannot be asked days_ago")
        if self.expires_within_days and (forever := {OPPORTUNITY, NONE} & set(self.stage)):
            raise ValueError(f"expires_within_days: {', '.join(sorted(forever))} is no stage and does not expire")
        return self


class Behaviour(Part):
    """Between at_least and at_most distinct days (or events) with one of the behaviours in the last within_days days."""

    behaviour: Words
    within_days: Days
    at_least: int | None = Field(default=None, ge=0)
    at_most: int | None = Field(default=None, ge=0)
    distinct: Literal["day", "event"] = "day"
    of: Scope = "brand"
    channel: Words | None = None
    discounted: bool | None = None
    min_value_minor: int | None = None
    min_score: float | None = None

    @model_validator(mode="after")
    def _sound(self) -> "Behaviour":
        for behaviour in self.behaviour:
            if behaviour not in schema.behaviours():
                raise ValueError(f'"{behaviour}" is not a behaviour.{nearest(behaviour, schema.behaviours())}')
        _ordered("times", self.at_least, self.at_most)
        if self.at_least == 0 and self.at_most is None:
            raise ValueError("at_least: 0 is true of everybody")
        return self

    @property
    def least(self) -> int:
        """at_least, by default 1, or 0 where at_most is given: `at_most: 0` is never."""
        return self.at_least if self.at_least is not None else int(self.at_most is None)


class Money(Part):
    """What was paid for purchases in the last within_days days, refunds not taken off."""

    spent: Scope
    within_days: Days
    min_minor: int | None = None
    max_minor: int | None = Field(default=None, ge=0)
    top: float | None = Field(default=None, gt=0, lt=1)
    among: str | None = None

    @model_validator(mode="after")
    def _sound(self) -> "Money":
        if self.min_minor is None and self.max_minor is None and self.top is None:
            raise ValueError("money takes min_minor, max_minor or top")
        if self.among is not None and self.top is None:
            raise ValueError("among says whose upper share; it needs top")
        _ordered("money", self.min_minor, self.max_minor)
        return self


class Bounds(Part):
    """From min to max, both included."""

    min: int | None = Field(default=None, ge=0)
    max: int | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _sound(self) -> "Bounds":
        if self.min is None and self.max is None:
            raise ValueError("takes min, max or both")
        _ordered("money", self.min, self.max)
        return self


class MiddleOrder(Part):
    """Whoever ordered in the last within_days days, and whose median order cost that much."""

    middle_order_minor: Bounds
    within_days: Days


class ShareOf(Part):
    """Of one's events of these behaviours the share in the categories, formats and channels named: large, or above average."""

    share_of: Words
    within_days: Days
    category: Words | None = None
    business: Words | None = None
    channel: Words | None = None
    at_least: float | None = Field(default=None, gt=0, le=1)
    times_average: float | None = Field(default=None, gt=0)
    among: str | None = None

    @model_validator(mode="after")
    def _sound(self) -> "ShareOf":
        for behaviour in self.share_of:
            if behaviour not in schema.behaviours():
                raise ValueError(f'"{behaviour}" is not a behaviour.{nearest(behaviour, schema.behaviours())}')
        if not (self.category or self.business or self.channel):
            raise ValueError("a share takes category, business or channel: which part is meant")
        if (self.at_least is None) == (self.times_average is None):
            raise ValueError("a share takes exactly one of at_least, times_average")
        if self.among is not None and self.times_average is None:
            raise ValueError("among says whose average; it needs times_average")
        return self


class PriceRankUp(Part):
    """Whoever bought in both of two periods of within_days days, the later higher up in the categories' prices by so much."""

    price_rank_up: float = Field(gt=0, lt=1)
    within_days: Days


class Status(Part):
    """Whoever is a member, or a follower, of the brand at the end of the day."""

    status: Literal["member", "follower"]

    @property
    def turns(self) -> tuple[str, str]:
        """The behaviours that open it and close it."""
        return ("join", "leave") if self.status == "member" else ("follow", "unfollow")


class All(Part):
    """Every one of the members holds."""

    all: list["Expression"] = Field(min_length=1)


class Either(Part):
    """At least one of the members holds."""

    any: list["Expression"] = Field(min_length=1)


class Not(Part):
    """The member does not hold."""

    not_: "Expression" = Field(alias="not")


class Other(Part):
    """Whoever is in another crowd of the file."""

    crowd: str


KINDS: dict[str, type[Part]] = {
    "trait": Trait, "stage": Stage, "behaviour": Behaviour, "spent": Money, "middle_order_minor": MiddleOrder,
    "share_of": ShareOf, "price_rank_up": PriceRankUp, "status": Status, "all": All, "any": Either, "not": Not, "crowd": Other,
}  # fmt: skip


def _kind(value: Any) -> str:
    return next(
        kind for kind, part in KINDS.items() if type(value) is part or (isinstance(value, dict) and kind in value)
    )


def _of_one_kind(value: Any) -> Any:
    if isinstance(value, Part):  # read already
        return value
    if not isinstance(value, dict):
        raise ValueError(f"a condition is a mapping like {{stage: L}}, not {value!r}")
    kinds = [kind for kind in KINDS if kind in value]
    if len(kinds) > 1:
        raise ValueError(f"{' and '.join(kinds)} are two conditions; put them into `all: […]`")
    if not kinds:
        first = next(iter(value), "")
        raise ValueError(f'"{first}" is not a kind of condition.{nearest(first, KINDS)}')
    return value


# the tags begin with "=" so that they can be told from keys in pydantic's places
Expression = Annotated[
    Annotated[
        Annotated[Trait, Tag("=trait")] | Annotated[Stage, Tag("=stage")] | Annotated[Behaviour, Tag("=behaviour")]
        | Annotated[Money, Tag("=spent")] | Annotated[MiddleOrder, Tag("=middle_order_minor")]
        | Annotated[ShareOf, Tag("=share_of")] | Annotated[PriceRankUp, Tag("=price_rank_up")]
        | Annotated[Status, Tag("=status")] | Annotated[All, Tag("=all")] | Annotated[Either, Tag("=any")]
        | Annotated[Not, Tag("=not")] | Annotated[Other, Tag("=crowd")],
        Discriminator(lambda value: "=" + _kind(value)),
    ],
    BeforeValidator(_of_one_kind),
]  # fmt: skip
for _part in (All, Either, Not):  # their members are expressions, which exist from here on
    _part.model_rebuild(force=True)
Habit = MiddleOrder | ShareOf | PriceRankUp | Status
Leaf = Trait | Stage | Behaviour | Money | Habit
LEAVES = (Trait, Stage, Behaviour, Money, MiddleOrder, ShareOf, PriceRankUp, Status)


def traits_of(leaf: Leaf) -> list[str]:
    """The columns of `consumers` that a condition looks at."""
    if isinstance(leaf, Trait):
        return [leaf.trait]
    return [leaf.among] if isinstance(leaf, Money | ShareOf) and leaf.among else []


def walk(node: Any, place: str) -> Iterator[tuple[str, Any]]:
    """The expression and all in it, each with its place: "…who", "…who.all[0]"."""
    yield place, node
    if isinstance(node, Not):
        yield from walk(node.not_, f"{place}.not")
    elif isinstance(node, All | Either):
        key = "all" if isinstance(node, All) else "any"
        for i, member in enumerate(getattr(node, key)):
            yield from walk(member, f"{place}.{key}[{i}]")
