"""Sources: one small module each, from files as published to canonical tables.

A source module offers

- `ABOUT` ({en, zh}), `LICENCE`, and `NOTES`: what a reader of the data page must know, as a list of {en, zh};
- `TIMEZONE`, `CURRENCY`, `PUBLIC` (whether consumer keys are public and may use the public hashing key);
- `files() -> dict[str, Path]`: its files by the name that the reconciliation uses;
- `feeds(con, files) -> Iterator[Feed]`: the canonical tables, in order; tables that later checks look up come first.
"""

import importlib
import pkgutil
from dataclasses import dataclass, field
from types import ModuleType
from typing import TYPE_CHECKING

from apex.errors import ApexError, nearest
from apex.warehouse.checks import Check

if TYPE_CHECKING:
    import ibis.expr.types as ir


@dataclass(frozen=True)
class Feed:
    """Rows for one canonical table.

    rows:   an Ibis table with the canonical columns (absent ones are null), `line` (row number in the file) and, where
            the table has consumers, `consumer_key` (the raw key as text; it is hashed before anything is written).
    file:   the source file whose lines these are; None for rows derived from several files, which are counted beside
            and not reconciled line by line.
    a_row_a_line: False where a line can give several rows, or a row none (`line` is null): lines are reconciled then,
            and rows counted beside.
    merge:  the columns on which the source declares two lines to be the same fact; later lines are merged away.
    checks: checks of this source, before the table's own.
    """

    table: str
    rows: "ir.Table"
    file: str | None = None
    merge: tuple[str, ...] = ()
    checks: list[Check] = field(default_factory=list)
    a_row_a_line: bool = True
    derived_from: str = ""


def names() -> list[str]:
    """The names of all sources, as campaign files and `make data` write them."""
    return sorted(m.name.replace("_", "-") for m in pkgutil.iter_modules(__path__))


def load(name: str) -> ModuleType:
    """The source module of that name; ApexError with the nearest name when there is none."""
    if name not in names():
        raise ApexError(f'There is no source "{name}".{nearest(name, names())}')
    return importlib.import_module(f"{__name__}.{name.replace('-', '_')}")
