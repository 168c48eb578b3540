"""YAML that people write, read strictly by everybody who reads any: campaign files, crowds, stage rules.

Nothing in it is executed, a key stands once, and aliases cannot fold a mountain, or a circle, into a line. With the content
come the file and line of every key, for the messages.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from apex.errors import ApexError

DEEPEST, LARGEST = 40, 10_000  # levels, and values in all

KeyPath = tuple[str | int, ...]
Lines = dict[KeyPath, str]


class _Loader(yaml.SafeLoader):
    """Safe YAML in which a day stays text (we parse it ourselves), 0764 is not octal and `on`, `no` are words."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, rule) for tag, rule in rules if not tag.endswith((":timestamp", ":int", ":bool"))]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"(true|false)$", re.I), list("tTfF"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"[-+]?(0|[1-9][0-9]*)$"), list("-+0123456789"))


def read(path: Path) -> tuple[dict[str, Any], Lines]:
    """The mapping in a YAML file, and for each key's path the place "FILE:LINE" where it stands.

    Raises ApexError with file and line: not there, not readable as YAML, not a mapping, a key twice, a key not text, deeper
    or larger than anybody writes.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ApexError(f"{path}: there is no such file.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ApexError(f"{path}: cannot be read: {error}.") from None
    return parse(text, path.name, str(path))


def parse(text: str, name: str, whole: str | None = None) -> tuple[dict[str, Any], Lines]:
    """The mapping in a text, as `read` gives that of a file; `name` (and `whole`, of the file) stand in the messages."""
    try:
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
            if not isinstance(node, yaml.MappingNode):
                raise ApexError(f'{whole or name}: should hold keys and values, like `brand: "764"`.')
            lines: Lines = {}
            refuse_mountain(node, name)
            _walk(node, name, (), lines)
            return loader.construct_document(node), lines
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{name}:{mark.line + 1}" if mark else name
        raise ApexError(f"{where}: not valid YAML: {error.problem or error.context}.") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ApexError(f"{name}: not valid YAML: {error}.") from None


def read_extended(path: Path, find: Callable[[str, Path], Path]) -> tuple[dict[str, Any], Lines]:
    """A file laid over the one its `extends:` names (found by `find(name, beside)`), and so on down.

    Mappings are merged key by key, everything else is replaced. Raises ApexError also for files that extend each other.
    """
    chain: list[tuple[dict[str, Any], Lines]] = []
    seen = [path.resolve()]
    while True:
        content, lines = read(path)
        chain.append((content, lines))
        base = content.pop("extends", None)
        if base is None:
            break
        if not isinstance(base, str):
            raise ApexError(f"{lines[('extends',)]}: extends: should name one campaign file.")
        path = find(base, path.parent)
        if path.resolve() in seen:
            names = " → ".join(p.name for p in [*seen, path])
            raise ApexError(f"{lines[('extends',)]}: these files extend each other: {names}.")
        seen.append(path.resolve())
    merged, where = chain.pop()
    for content, lines in reversed(chain):
        merged, where = _over(merged, content), where | lines
    return merged, where


def refuse_mountain(content: Any, origin: str) -> None:
    """ApexError for nested lists and mappings that are deeper, or hold more values, than anybody writes."""
    todo, seen = [(content, 0)], 0
    while todo:
        part, depth = todo.pop()
        seen += 1
        if depth > DEEPEST or seen > LARGEST:
            raise ApexError(f"{origin}: more than {DEEPEST} levels deep, or more than {LARGEST:,} values in all.")
        todo += [(member, depth + 1) for member in _members(part)]


def _members(part: Any) -> list[Any]:
    """What a mapping or a list holds, as values or as nodes; nothing of anything else."""
    if isinstance(part, yaml.MappingNode):
        return [value for _, value in part.value]
    if isinstance(part, yaml.SequenceNode):
        return list(part.value)
    return list(part.values()) if isinstance(part, dict) else part if isinstance(part, list) else []


def _over(base: dict[str, Any], top: dict[str, Any]) -> dict[str, Any]:
    both = {
        key: _over(base[key], top[key])
        for key in base.keys() & top.keys()
        if isinstance(base[key], dict) and isinstance(top[key], dict)
    }
    return base | top | both


def _walk(node: yaml.Node, file: str, at: KeyPath, lines: Lines) -> None:
    """Note where each key stands; refuse what YAML lets pass and people do not mean."""
    if isinstance(node, yaml.SequenceNode):
        for i, item in enumerate(node.value):
            lines[(*at, i)] = f"{file}:{item.start_mark.line + 1}"
            _walk(item, file, (*at, i), lines)
    elif isinstance(node, yaml.MappingNode):
        seen: dict[str, str] = {}
        for key, value in node.value:
            where = f"{file}:{key.start_mark.line + 1}"
            if not isinstance(key, yaml.ScalarNode):
                raise ApexError(f"{where}: a key should be a word.")
            if key.value in seen:
                raise ApexError(f'{where}: the key "{key.value}" stands twice, first at {seen[key.value]}.')
            seen[key.value] = where
            lines[(*at, key.value)] = where
            _walk(value, file, (*at, key.value), lines)
    elif any("\ud800" <= letter <= "\udfff" for letter in node.value):  # two halves, as JSON writes them
        raise ApexError(
            f"{file}:{node.start_mark.line + 1}: an escape is half a character; write the character itself."
        )
