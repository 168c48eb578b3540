"""An export package on the disk: its manifest, and whether it is still what was exported (see `apex.report.export`)."""

import re
from datetime import date
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from apex import files
from apex.errors import ApexError, nearest
from apex.report.key_parts import Ascending, among, keyed, read

SCHEMA: Literal[2] = 2
NAME = re.compile(r"(audience|add|remove)-(\d{4,})\.(parquet|csv)")
ENDINGS = {"audience": "parquet", "add": "csv", "remove": "csv"}


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class File(_Strict):
    """One file of a package."""

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    bytes: int = Field(ge=0)
    rows: int = Field(ge=0)

    @classmethod
    def of(cls, path: Path, rows: int) -> Self:
        """What is on the disk, said to have so many rows."""
        return cls(sha256=files.digest(path), bytes=path.stat().st_size, rows=rows)


class Audience(_Strict):
    """What is exported: which crowd under which definition, for whom, drawn how, and how long it may be used.

    crowd, crowd_digest: see `apex.measure.crowds.Crowds.digest`. name: the crowd's, by language. as_of: the day it is
    true of. expires: the last day on which it may be used. seed, share: of the hold-out; null without one. key: the
    fingerprint of the key that consumers were hashed with.
    """

    campaign: str
    brand: str
    crowd: str
    crowd_digest: str
    name: dict[str, str]
    channel: str
    as_of: date
    expires: date
    seed: str | None
    share: float | None
    key: str | None


class Changes(_Strict):
    """Differences to an earlier export: the day it was true of, its manifest's digest, how many came and went."""

    since: date
    against: str
    added: int
    removed: int


class Manifest(_Strict):
    """manifest.json. consumers: how many keys; held_out: how many were left out, null where below the threshold; changes: null
    where all keys are to be loaded."""

    schema_: Literal[2] = Field(alias="schema")
    audience: Audience
    consumers: int
    held_out: int | None
    threshold: int
    changes: Changes | None
    files: dict[str, File]


def parts(package: Path, manifest: Manifest, kind: str) -> list[Path]:
    """The chunks of one kind (audience, add, remove), in order."""
    return [package / name for name in sorted(manifest.files) if name.startswith(f"{kind}-")]


def verify(package: Path, *, day: date | None = None, held_out: npt.ArrayLike = ()) -> Manifest:
    """Read a package again and hold it against its manifest; returns the manifest.

    day: the day it is to be used on. held_out: keys that must not be in it. Raises ApexError that names the file: missing,
    changed, not the keys it should hold, expired, or holding a consumer who is held out (without saying whom).
    """
    manifest = read_manifest(package)
    for name, wanted in manifest.files.items():
        if not (package / name).is_file():
            raise ApexError(f"{package.name}: {name} is missing.")
        if File.of(package / name, wanted.rows) != wanted:
            raise ApexError(f"{package.name}/{name} is not the file that was exported: its digest differs.")
    if more := {p.name for p in package.iterdir()} - {*manifest.files, "manifest.json"}:
        raise ApexError(f"{package.name}: {', '.join(sorted(more))} does not belong to the package.")
    _keys(package, manifest, np.sort(keyed("held_out", held_out)["key"]))
    if day is not None and day > manifest.audience.expires:
        raise ApexError(f"{package.name}: the audience expired on {manifest.audience.expires}; export it anew.")
    return manifest


def _keys(package: Path, manifest: Manifest, held_out: npt.NDArray[np.int64]) -> None:
    """The audience ascends and holds nobody twice or held out; what is added is in it, what is removed is not."""
    last, total, added, removed = -1, 0, 0, 0
    come, go = (Ascending(parts(package, manifest, kind)) for kind in ("add", "remove"))
    for path in parts(package, manifest, "audience"):
        for piece in read(path):
            ids = piece["key"]
            if len(ids) and (ids[0] <= last or (np.diff(ids) <= 0).any()):
                raise ApexError(
                    f"{package.name}: the keys are not as many as the manifest says, each once and ascending."
                )
            if among(held_out, ids).any():
                raise ApexError(f"{package.name}: holds a consumer who is held out.")
            last, total = int(ids[-1]) if len(ids) else last, total + len(ids)
            new, gone = come.below(last + 1), go.below(last + 1)
            if not among(new, ids).all() or among(gone, ids).any():
                raise ApexError(f"{package.name}: what is to be loaded does not fit the audience.")
            added, removed = added + _each(new), removed + _each(gone)
    removed += _each(go.below(None))
    if total != manifest.consumers:
        raise ApexError(f"{package.name}: the keys are not as many as the manifest says, each once and ascending.")
    wanted = (total, 0) if manifest.changes is None else (manifest.changes.added, manifest.changes.removed)
    if (added + len(come.below(None)), removed) != wanted:
        raise ApexError(f"{package.name}: what is to be loaded does not fit the audience.")


def _each(keys: npt.NDArray[np.int64]) -> int:
    """How many keys a list that ascends holds, each once."""
    return len(keys) - int((np.diff(keys) == 0).sum())


def read_manifest(package: Path) -> Manifest:
    """The manifest of a package, checked by itself. ApexError where there is none or it is not as it should be."""
    path = package / "manifest.json"
    if not path.is_file():
        around = [p.name for p in package.parent.glob("[!.]*")] if package.parent.is_dir() else []
        raise ApexError(f"{package.name} is no export package (no manifest.json).{nearest(package.name, around)}")
    try:
        manifest = Manifest.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first: Any = error.errors()[0]
        at = ".".join(map(str, first["loc"])) or "the file"
        raise ApexError(f"{package.name}/manifest.json: {at}: {first['msg']}.") from None
    for name in manifest.files:
        known = NAME.fullmatch(name)
        if known is None or ENDINGS[known[1]] != known[3]:
            raise ApexError(f"{package.name}/manifest.json: lists {name!r}, which is no chunk of a package.")
    return manifest
