"""Files of rules: read strictly, checked by a pydantic model; what is wrong is said with file, line, key and what is known."""

import reprlib
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, Tag, ValidationError

from apex import strict_yaml
from apex.errors import ApexError, nearest
from apex.files import ROOT

FOLDER = ROOT / "data" / "rules"
Model = TypeVar("Model", bound=BaseModel)
Place = Sequence[str | int]


def path_of(name: str | Path) -> Path:
    """A file of rules by name (data/rules/NAME.yml) or by path."""
    path = Path(name)
    return path if path.suffix in (".yml", ".yaml") else FOLDER / f"{name}.yml"


def load(model: type[Model], name: str | Path) -> tuple[Model, strict_yaml.Lines]:
    """The rules of a file, and where each key stands.

    Raises ApexError with file, line, key and the nearest known word: no such file, not YAML, a key twice or unknown, wrong
    values.
    """
    path = path_of(name)
    content, lines = strict_yaml.read(path)
    return checked(model, content, path.name, lines), lines


def checked(model: type[Model], content: Any, origin: str, lines: Mapping[Any, str] | None = None) -> Model:
    """The rules from a mapping as YAML gives it; errors as in `load`, under the name `origin` where no line is known."""
    strict_yaml.refuse_mountain(content, origin)
    try:
        return model.model_validate(content)
    except ValidationError as error:
        said = [explain(dict(e), model, origin, lines or {}) for e in error.errors()]
        raise ApexError("; ".join(said)) from None


def explain(error: dict[str, Any], model: type[BaseModel], origin: str, lines: Mapping[Any, str]) -> str:
    """One of pydantic's errors in words: file and line, the key, what was seen, what is allowed."""
    at = [part for part in error["loc"] if part != "[key]" and not str(part).startswith("=")]
    where = next((lines[tuple(at[:n])] for n in range(len(at), 0, -1) if tuple(at[:n]) in lines), origin)
    place = where + (f": {_dotted(at)}" if at else "")
    seen = reprlib.repr(error["input"])
    if error["type"] == "extra_forbidden":
        known = [name for part in _parts(model, error["loc"][:-1]) for name in _keys(part)]
        return f'{place}: "{at[-1]}" is not a key here.{nearest(at[-1], known)}'
    if error["type"] == "literal_error":
        known = [word for part in _parts(model, error["loc"]) if get_origin(part) is Literal for word in get_args(part)]
        return f'{place}: "{error["input"]}" is not known.{nearest(error["input"], known)}'
    if error["type"] == "missing":
        return f"{place}: this key is missing"
    text = error["msg"].removeprefix("Value error, ")
    if error["type"] == "value_error":
        return f"{place}: {text}"
    hint = ". Put it in quotes." if error["type"] == "string_type" and isinstance(error["input"], bool | int) else ""
    return f"{place}: {text} (seen: {seen}){hint}"


def _dotted(at: Place) -> str:
    """crowds.new.who.all[0]."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in at)
    return text.removeprefix(".")


def _keys(kind: Any) -> list[str]:
    if not (isinstance(kind, type) and issubclass(kind, BaseModel)):
        return []
    return [field.alias or name for name, field in kind.model_fields.items()]


def _parts(model: type[BaseModel], at: Place) -> list[Any]:
    """The types that may stand at a place of the grammar, given pydantic's path with its tags."""
    found: list[Any] = [model]
    for step, then in zip_longest(at, at[1:]):
        if str(step).startswith("="):
            found = [part for kind in found for part in _options(kind, str(step))]
        elif step != "[key]":
            found = [
                inner for kind in found for part in _options(kind) for inner in _inside(part, step, then == "[key]")
            ]
    return [part for kind in found for part in _options(kind)]


def _inside(kind: Any, step: str | int, is_key: bool) -> list[Any]:
    """What stands in a model's field, under a mapping's key (or as that key) or in a list."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return [field.annotation for name, field in kind.model_fields.items() if step in (name, field.alias)]
    inner = [a for a in get_args(kind) if a is not Ellipsis]
    if get_origin(kind) is dict:
        return inner[:1] if is_key else inner[1:]
    return inner


def _options(kind: Any, tag: str | None = None) -> list[Any]:
    """The members of a union, those under a tag only where one is given; any other type is its own only option."""
    if get_origin(kind) is Annotated:
        base, *more = get_args(kind)
        tags = [m.tag for m in more if isinstance(m, Tag)]
        return [] if tag and tags and tag not in tags else _options(base, None if tag in tags else tag)
    if get_origin(kind) in (Union, UnionType):
        return [part for member in get_args(kind) for part in _options(member, tag)]
    return [kind]
