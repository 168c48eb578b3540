"""The ledger on disk: built slice by slice beside the warehouse's tables, opened as an Ibis table."""

import hashlib
import json
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from apex import files
from apex.errors import ApexError
from apex.ledger.levels import entity_column
from apex.ledger.rules import RuleSet
from apex.warehouse.store import Warehouse

if TYPE_CHECKING:
    import ibis.expr.types as ir

WORKERS = 2


@dataclass(frozen=True)
class Book:
    """An open ledger, cut where its warehouse is: `rows` (one a change of stage) and the open book of any day."""

    warehouse: Warehouse
    rules: RuleSet
    level: str
    manifest: dict[str, Any]

    @property
    def rows(self) -> "ir.Table":
        """The ledger's rows as an Ibis table (design section 5), without those after the warehouse's cut."""
        table = self.warehouse.read(f"ledger/{_folder_name(self.rules)}/{self.level}")
        return table if self.warehouse.cut is None else table.filter(table.day <= self.warehouse.cut)

    @property
    def digest(self) -> str:
        """Changes with the warehouse, the rules and the code that sweeps."""
        return self.manifest["digest"]

    def trusted_from(self, stage: int) -> date:
        """The first day on which stage number `stage` is trusted.

        Its longest window, and every deeper stage's, then lies inside the data (capped at the length of what may be seen).
        """
        whole = (self.warehouse.last_day - self.warehouse.first_day).days + 1
        return self.warehouse.first_day + timedelta(days=min(self.rules.trusted_window(stage), whole) - 1)

    def windows_on(self, day: date) -> list[int]:
        """How many days each stage's window really saw on `day`: shorter than the rule's where the data are younger.

        Two days may be compared when these are equal (design section 5).
        """
        seen = (day - self.warehouse.first_day).days + 1
        return [max(0, min(self.rules.trusted_window(n), seen)) for n in range(1, len(self.rules.stages) + 1)]

    def open_book(self, day: date, brands: Sequence[str] | None = None) -> pa.Table:
        """Who is at which stage at the end of `day`, since when and until when: see `apex.ledger.sweep.positions_of`.

        A full sweep of the events up to `day`, of the given brands only where named. ApexError for a day outside the data
        or after the warehouse's cut, and for brands at level category, which has none.
        """
        from apex.ledger import sweep

        if not self.warehouse.first_day <= day <= self.warehouse.last_day:
            raise ApexError(
                f"open_book: {day} lies outside what may be seen, {self.warehouse.first_day} to {self.warehouse.last_day}."
            )
        if self.level == "category" and brands is not None:
            raise ApexError("open_book: at level category a consumer stands toward the category, not toward brands.")
        slices = self.warehouse.each_slice(sweep.deciding(self.level), brands)
        books = [sweep.positions_of(rows, self.rules, day, self.level) for rows in slices]
        return pa.concat_tables(books).unify_dictionaries()


def ensure(warehouse: Warehouse, rules: RuleSet, level: str = "brand") -> Book:
    """The ledger of all brands under these rules, built first where it is missing or older than data, rules or code."""
    entity_column(level)  # refuses a level that does not exist
    folder = _folder(warehouse, rules, level)
    wanted = _digest(warehouse, rules, level)
    if _manifest(folder).get("digest") != wanted:
        with files.lock(folder):
            if _manifest(folder).get("digest") != wanted:  # another process may have built it while this one waited
                _build(warehouse.until(None), rules, level, folder, wanted)
    return open_ledger(warehouse, rules, level)


def open_ledger(warehouse: Warehouse, rules: RuleSet, level: str = "brand") -> Book:
    """A ledger that has been built. ApexError when it has not."""
    entity_column(level)  # refuses a level that does not exist
    manifest = _manifest(_folder(warehouse, rules, level))
    if not manifest:
        raise ApexError(
            f'The warehouse "{warehouse.name}" has no ledger for the rules "{rules.name}"; run `make report`.'
        )
    return Book(warehouse, rules, level, manifest)


def _build(warehouse: Warehouse, rules: RuleSet, level: str, target: Path, digest: str) -> None:
    """Sweep every slice, two at a time, into one Parquet file each, and show the folder when all are there."""
    import pyarrow.parquet as pq

    from apex.ledger import sweep

    started, title = time.monotonic(), rules.name if level == "brand" else f"{rules.name} by {level}"
    sys.stderr.write(f"  ledger {title}: sweeping {warehouse.slices()} slices (the first run compiles, some seconds)\n")
    with files.building(target) as folder:

        def book(number: int) -> int:
            events = warehouse.filed(number, sweep.columns(level))
            rows = sweep.rows_of(events, rules, warehouse.last_day, level=level)
            pq.write_table(rows, folder / f"{number:03}.parquet", compression="zstd")
            return rows.num_rows

        with ThreadPoolExecutor(WORKERS) as pool:
            total = sum(pool.map(book, range(warehouse.slices())))
        manifest = {"digest": digest, "rules": rules.name, "level": level, "rows": total,
                    "seconds": round(time.monotonic() - started, 2)}  # fmt: skip
        files.atomic_write(folder / "manifest.json", json.dumps(manifest, indent=1))
    sys.stderr.write(f"  ledger {title}: {total:,} rows in {manifest['seconds']} s\n")


def _folder_name(rules: RuleSet) -> str:
    return f"{rules.name}-{rules.digest}"


def _folder(warehouse: Warehouse, rules: RuleSet, level: str) -> Path:
    return warehouse.folder / "ledger" / _folder_name(rules) / level


def _manifest(folder: Path) -> dict[str, Any]:
    path = folder / "manifest.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def _digest(warehouse: Warehouse, rules: RuleSet, level: str) -> str:
    here = Path(__file__).parent
    code = "".join(files.digest(here / f"{m}.py") for m in ("kernel", "sweep", "levels", "rules"))
    return hashlib.sha256(f"{warehouse.digest} {rules.digest} {level} {code}".encode()).hexdigest()
