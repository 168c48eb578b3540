"""A file of crowds: read, checked, and each crowd's definition named by a digest.

The file holds `crowds:`, each with a `name` in both languages, perhaps an `about`, and `who`, an expression of
`apex.measure.crowd_rules`. A file may say `extends: NAME`, another one beside it, and name only what it changes.
"""

import hashlib
import json
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, PrivateAttr

from apex import rule_files, strict_yaml
from apex.errors import ApexError, nearest
from apex.measure.crowd_rules import LEAVES, Expression, Leaf, Other, Part, walk

MOST_CROWDS = 60  # each is one bit in a word of 63


def _both(texts: dict[str, str]) -> dict[str, str]:
    if missing := {"en", "zh"} - set(texts):
        raise ValueError(f"the text is missing in {', '.join(sorted(missing))}")
    return texts


def _free(name: str) -> str:
    if name in ("stage", "none"):
        raise ValueError(f'"{name}" has another meaning and cannot name a crowd')
    return name


Texts = Annotated[dict[Literal["en", "zh"], str], AfterValidator(_both)]
# no "_" in an id, so that it is never the name of another column
Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$"), AfterValidator(_free)]


class Crowd(Part):
    """One crowd: what it is called and what for, in both languages, and who is in it."""

    name: Texts
    about: Texts | None = None
    who: Expression


class Crowds(Part):
    """The crowds of a file, in its order: where a consumer is in several, the first has priority."""

    crowds: dict[Id, Crowd] = Field(min_length=1, max_length=MOST_CROWDS)
    _origin: str = PrivateAttr(default="crowds")

    @property
    def names(self) -> tuple[str, ...]:
        """The crowds' ids in the order of the file."""
        return tuple(self.crowds)

    def digest(self, name: str) -> str:
        """Twelve characters that change with what the crowd asks for, or one it refers to; not with names and key order."""

        def plain(node: Any) -> Any:
            if isinstance(node, dict) and set(node) == {"crowd"}:
                return {"crowd": self.digest(node["crowd"])}
            if isinstance(node, dict):
                return {key: plain(value) for key, value in node.items()}
            return [plain(value) for value in node] if isinstance(node, list) else node

        who = plain(self.crowds[name].who.model_dump(mode="json", by_alias=True))
        return hashlib.sha256(json.dumps(who, sort_keys=True).encode()).hexdigest()[:12]

    def without(self, names: Collection[str]) -> "Crowds":
        """The file without some crowds and without those that refer to them. ApexError when none is left."""
        gone = set(names)
        while more := {c for c in self.names if c not in gone and any(r in gone for _, r in self.references(c))}:
            gone |= more
        kept = {name: crowd for name, crowd in self.crowds.items() if name not in gone}
        if not kept:
            raise ApexError(f"{self._origin}: no crowd is left.")
        return self.model_copy(update={"crowds": kept})

    def only(self, names: Collection[str]) -> "Crowds":
        """These crowds of the file and those that they refer to, in its order. ApexError for one that is not there."""
        wanted, todo = set[str](), list(names)
        while todo:
            name = todo.pop()
            if name not in self.crowds:
                raise ApexError(f'{self._origin}: there is no crowd "{name}".{nearest(name, self.names)}')
            if name not in wanted:
                wanted.add(name)
                todo += [other for _, other in self.references(name)]
        return self.model_copy(update={"crowds": {n: c for n, c in self.crowds.items() if n in wanted}})

    def beside(self, other: "Crowds") -> "Crowds":
        """The crowds of both files, these first. ApexError where a name means two things."""
        if twice := [n for n in other.names if n in self.crowds and other.crowds[n] != self.crowds[n]]:
            raise ApexError(f'{other._origin}: the crowd "{twice[0]}" stands in {self._origin} as well.')
        return self.model_copy(update={"crowds": self.crowds | other.crowds})

    def leaves(self, name: str) -> Iterator[tuple[str, Leaf]]:
        """The crowd's own conditions, each with its place: "crowds.yml: crowds.loyal.who.all[0]"."""
        for place, node in self._nodes(name):
            if isinstance(node, LEAVES):
                yield place, node

    def references(self, name: str) -> Iterator[tuple[str, str]]:
        """The crowds that a crowd refers to, each with the place."""
        for place, node in self._nodes(name):
            if isinstance(node, Other):
                yield place, node.crowd

    def _nodes(self, name: str) -> Iterator[tuple[str, Any]]:
        return walk(self.crowds[name].who, f"{self._origin}: crowds.{name}.who")


def load_crowds(name: str | Path = "crowds") -> Crowds:
    """The crowds of a file by name (data/rules/NAME.yml) or by path.

    Raises ApexError that names file and place: no such file, not YAML, a key twice, unknown keys, behaviours or crowds (with
    the nearest known one), wrong values, crowds that refer to each other in a circle.
    """
    path = rule_files.path_of(name)
    if not path.exists():
        known = [p.stem for p in rule_files.FOLDER.glob("*.yml") if p.stem != "tables"]
        raise ApexError(f'There is no file of crowds "{name}" ({path.name}).{nearest(name, known)}')
    content, _ = strict_yaml.read_extended(path, lambda base, beside: beside / f"{base}.yml")
    return parse_crowds(content, path.name)


def named(crowds: Crowds, **wanted: str) -> Crowds:
    """Crowds of one's own naming: each `wanted` is the name of one in `crowds`, or an expression as text: "{stage: [P, L]}".

    Returns these, and the crowds of the file that they refer to. Raises ApexError for a name that is not there and as
    `load_crowds` does.
    """
    made: dict[str, Any] = {}
    for id, text in wanted.items():
        if id in crowds.crowds:
            raise ApexError(f'{crowds._origin}: a crowd is named "{id}", which means something of its own here.')
        if text.lstrip().startswith("{"):
            who, name = strict_yaml.parse(text, id)[0], dict.fromkeys(("en", "zh"), text)
        else:
            who, name = {"crowd": text}, {str(k): v for k, v in crowds.only([text]).crowds[text].name.items()}
        made[id] = {"name": name, "who": who}
    both = parse_crowds({"crowds": dict(crowds.crowds) | made}, crowds._origin)
    return both.only(list(made))


def parse_crowds(content: Any, origin: str = "crowds") -> Crowds:
    """The crowds from a mapping as YAML gives it; errors as in `load_crowds`, under the name `origin`."""
    crowds = rule_files.checked(Crowds, content, origin)
    crowds._origin = origin
    _refuse_circles(crowds)
    return crowds


def _refuse_circles(crowds: Crowds) -> None:
    """Every crowd referred to is there, no crowd rests on itself, and none grows beyond reason by references."""
    sizes: dict[str, int] = {}

    def size(name: str, chain: tuple[str, ...]) -> int:
        if name in chain:
            circle = " → ".join([*chain[chain.index(name) :], name])
            raise ApexError(f"{crowds._origin}: these crowds refer to each other in a circle: {circle}.")
        if name not in sizes:
            total = sum(1 for _ in crowds.leaves(name))
            for place, other in crowds.references(name):
                if other not in crowds.crowds:
                    raise ApexError(f'{place}: there is no crowd "{other}".{nearest(other, crowds.names)}')
                total += size(other, (*chain, name))
            if total > strict_yaml.LARGEST:
                raise ApexError(
                    f"{crowds._origin}: crowds.{name}: more than {strict_yaml.LARGEST:,} conditions with its references."
                )
            sizes[name] = total
        return sizes[name]

    for name in crowds.names:
        size(name, ())
