"""The canonical tables, read from data/rules/tables.yml: the one description of them."""

import functools
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import yaml

from apex.errors import ApexError, nearest
from apex.files import ROOT

TABLES_FILE = ROOT / "data" / "rules" / "tables.yml"
ARROW_TYPES = {
    "int64": pa.int64(),
    "string": pa.string(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
    "float64": pa.float64(),
}
SQL_TYPES = {"int64": "BIGINT", "string": "VARCHAR", "date": "DATE", "timestamp": "TIMESTAMP", "float64": "DOUBLE"}


@dataclass(frozen=True)
class Table:
    """One canonical table: its columns with their types, which of them may be null, and how rows are told apart."""

    name: str
    about: dict[str, str]
    columns: dict[str, str]
    nullable: frozenset[str]
    key: tuple[str, ...]
    order: tuple[str, ...]
    cut: str | None
    required: bool
    open: bool

    @property
    def arrow(self) -> pa.Schema:
        """The table's Arrow schema, columns in their canonical order."""
        return pa.schema([pa.field(n, ARROW_TYPES[t], n in self.nullable) for n, t in self.columns.items()])


@functools.cache
def _read() -> dict[str, Any]:
    return yaml.safe_load(TABLES_FILE.read_text(encoding="utf-8"))


@functools.cache
def behaviours() -> tuple[str, ...]:
    """The closed list of behaviours, shallow first; a behaviour's place breaks ties of time."""
    return tuple(_read()["behaviours"])


@functools.cache
def tables() -> dict[str, Table]:
    """All canonical tables by name."""
    out = {}
    for name, spec in _read()["tables"].items():
        columns = {c.rstrip("?"): t for c, t in spec["columns"].items()}
        out[name] = Table(
            name=name,
            about=spec["about"],
            columns=columns,
            nullable=frozenset(c.rstrip("?") for c in spec["columns"] if c.endswith("?")),
            key=tuple(spec.get("key", ())),
            order=tuple(spec["order"]),
            cut=spec.get("cut"),
            required=spec.get("required", False),
            open=spec.get("open", False),
        )
    return out


def table(name: str) -> Table:
    """The canonical table of that name; ApexError with the nearest name when there is none."""
    try:
        return tables()[name]
    except KeyError:
        raise ApexError(f'There is no canonical table "{name}".{nearest(name, tables())}') from None
