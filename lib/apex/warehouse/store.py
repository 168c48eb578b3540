"""A warehouse that is open: canonical tables as Ibis tables, cut at a day, behind a URL."""

import functools
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apex.errors import ApexError, nearest
from apex.warehouse import schema
from apex.warehouse.engine import connect

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa
    from ibis.backends.duckdb import Backend


@dataclass(frozen=True)
class Facts:
    """What a campaign file is checked against: the market's brands and campaigns and the days there are data for."""

    brands: tuple[str, ...]
    campaigns: tuple[str, ...]
    first_day: date
    last_day: date


class Warehouse:
    """One market's tables.

    `table(name)` is an Ibis table; facts after `cut` (None: no cut) are not in it. Nobody outside `apex.warehouse` needs
    to know which engine answers.
    """

    def __init__(self, folder: Path, con: "Backend", cut: date | None = None):
        """Use `open_warehouse`."""
        self.folder = folder
        self.cut = cut
        self._con = con
        self.manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))

    @property
    def name(self) -> str:
        """The warehouse's name."""
        return self.manifest["name"]

    @property
    def digest(self) -> str:
        """Changes with the source files and with the code that books them."""
        return self.manifest["digest"]

    @property
    def first_day(self) -> date:
        """The first day of the data."""
        return date.fromisoformat(self.manifest["first_day"])

    @property
    def last_day(self) -> date:
        """The last day that may be seen: of the data, or the cut where that is earlier."""
        last = date.fromisoformat(self.manifest["last_day"])
        return last if self.cut is None else min(last, self.cut)

    def until(self, day: date | None) -> "Warehouse":
        """The same warehouse as known at the end of `day` (None: all of it): later facts are cut, announced calendars stay."""
        return Warehouse(self.folder, self._con, day)

    def has(self, name: str) -> bool:
        """Whether the (optional) table is there."""
        schema.table(name)
        return name in self.manifest["rows"]

    def table(self, name: str) -> "ir.Table":
        """A canonical table. ApexError when the warehouse does not have it."""
        if not self.has(name):
            raise ApexError(f'The warehouse "{self.name}" has no table "{name}".{nearest(name, self.manifest["rows"])}')
        rows = self.read(name)
        column = schema.table(name).cut
        if self.cut is None or column is None:
            return rows
        kept = rows[column] < self.cut + timedelta(days=1)
        return rows.filter(kept | rows[column].isnull())

    def read(self, place: str) -> "ir.Table":
        """The Parquet files of a folder inside the warehouse's, as an Ibis table, whatever the cut."""
        # named after its place, so that two calls give equal expressions
        return self._con.read_parquet(f"{self.folder}/{place}/*.parquet", table_name=f"{self.folder.name}/{place}")

    @functools.cached_property
    def facts(self) -> Facts:
        """Brands in order of name, campaigns, days."""
        brands = self.table("items").select("brand").distinct().execute().brand
        campaigns = self.table("campaigns").campaign_id.execute() if self.has("campaigns") else ()
        return Facts(
            tuple(sorted(map(str, brands))),
            tuple(map(str, campaigns)),
            self.first_day,
            date.fromisoformat(self.manifest["last_day"]),
        )

    def about(self) -> dict[str, Any]:
        """Where the data come from and what became of every line, as plain values for the data page."""
        m = self.manifest
        named = [f for f in m["feeds"] if f["file"]]
        derived = Counter[str]()
        for feed in m["feeds"]:
            derived[feed["table"]] += feed["derived"]
        return {
            "warehouse": self.name,
            "first_day": m["first_day"],
            "last_day": m["last_day"],
            "sources": [{"name": self.name, "about": m["about"], "licence": m["licence"]}],
            "files": [{k: f[k] for k in ("file", "read", "kept", "merged", "quarantined", "reasons")} for f in named],
            "tables": [
                {"name": t, "rows": n, "derived": derived[t], "about": schema.table(t).about}
                for t, n in m["rows"].items()
            ],
            "notes": m["notes"],
        }

    def slices(self) -> int:
        """How many slices of consumers the events are filed in."""
        return int(self.manifest["slices"])

    def filed(self, number: int, columns: Sequence[str], brands: Sequence[str] | None = None) -> "pa.Table":
        """One slice of events as filed: by brand, consumer and the total order of time. Strings are dictionaries.

        `brands` keeps only those brands' events. Events after the cut are not in it.
        """
        import pyarrow.compute as pc
        import pyarrow.parquet as pq

        strings = [c for c in columns if schema.table("events").columns[c] == "string"]
        keep = pc.scalar(True) if brands is None else pc.field("brand").isin(list(brands))
        if self.cut is not None:
            keep &= pc.field("occurred_at") < datetime.combine(self.cut + timedelta(days=1), time.min)
        file = self.folder / "events" / f"{number:03}.parquet"
        return pq.read_table(file, columns=list(columns), filters=keep, read_dictionary=strings, partitioning=None)

    def each_slice(self, columns: Sequence[str], brands: Sequence[str] | None = None) -> Iterator["pa.Table"]:
        """All slices, one after the other, each as `filed` gives it."""
        for number in range(self.slices()):
            yield self.filed(number, columns, brands)


def open_warehouse(url: str | Path) -> Warehouse:
    """Open a warehouse by URL: a folder means the embedded engine over its Parquet files.

    Raises ApexError when there is none at that place, or for an engine that is not there yet.
    """
    text = str(url)
    if "://" in text:
        scheme = text.split("://", 1)[0]
        raise ApexError(
            f'Warehouses are opened from a folder; "{scheme}://" is not an engine of this version ({text}).'
        )
    folder = Path(text).resolve()
    if not (folder / "manifest.json").exists():
        around = [p.name for p in folder.parent.glob("[!.]*") if (p / "manifest.json").exists()]
        raise ApexError(f"There is no warehouse at {url} (no manifest.json).{nearest(folder.name, around)}")
    return Warehouse(folder, connect())
