"""The warehouse: canonical tables of one market, built from sources, opened by URL. It knows no stages and no models."""

import json
import sys
from pathlib import Path
from typing import Any

from apex import files
from apex.warehouse.store import Facts, Warehouse, open_warehouse

__all__ = ["Facts", "Warehouse", "build", "ensure", "open_warehouse"]

FOLDER = files.ROOT / "data" / "warehouse"


def build(name: str, *, force: bool = False) -> Path:
    """Build the warehouse `name` from the source of that name, unless it is up to date; returns its folder."""
    from apex.warehouse import sources
    from apex.warehouse.ingest import ingest

    source = sources.load(name)
    target = FOLDER / name
    wanted = _digest(source)
    if force or _manifest(target).get("digest") != wanted:
        sys.stderr.write(f"building the warehouse {name}\n")
        ingest(source, name, target, wanted)
    return target


def ensure(name: str) -> Warehouse:
    """The warehouse `name`, open; built first where it is missing or older than its source files."""
    return open_warehouse(build(name))


def _manifest(folder: Path) -> dict[str, Any]:
    path = folder / "manifest.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def _digest(source: Any) -> str:
    """Changes when a source file, the canonical tables, the hashing key or the code that books them changes."""
    import hashlib

    from apex.warehouse import keys

    here = Path(__file__).parent
    parts = [*source.files().values(), Path(source.__file__), here / "ingest.py", here / "checks.py", here / "keys.py"]
    parts.append(files.ROOT / "data" / "rules" / "tables.yml")
    key = keys.fingerprint(keys.hashing_key(public=source.PUBLIC))
    return hashlib.sha256("".join([key, *(files.digest(p) for p in parts)]).encode()).hexdigest()
