"""Export packages: the keys of one crowd for one channel, as media teams load them, and a manifest that proves them.

A package is a folder: `audience.parquet` and `audience.csv` (one column, consumer_id, the warehouse's hashed key, ascending)
and `manifest.json`. It appears as a whole or not at all, never holds anyone who is held out, and is refused where fewer
than the privacy threshold would be in it. The same inputs give the same bytes.
"""

import io
import json
import re
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from apex import files
from apex.errors import ApexError, nearest

SCHEMA: Literal[1] = 1
FILES = ("audience.csv", "audience.parquet")
KEYS = pa.schema([pa.field("consumer_id", pa.int64(), nullable=False)])
EXPIRES_AFTER = 30  # days that an audience may be used: who is in it goes stale


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class File(_Strict):
    """One file of a package."""

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    bytes: int = Field(ge=0)
    rows: int = Field(ge=0)


class Audience(_Strict):
    """What is exported: which crowd under which definition, for whom, drawn how, and how long it may be used.

    crowd, crowd_digest: see `apex.measure.crowds.Crowds.digest`. name: the crowd's, by language. as_of: the day it is
    true of. expires: the last day on which it may be used. seed, share: of the hold-out; null without one.
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


class Manifest(_Strict):
    """manifest.json. consumers: how many keys; held_out: how many were left out, null where below the threshold."""

    schema_: Literal[1] = Field(alias="schema")
    audience: Audience
    consumers: int
    held_out: int | None
    files: dict[str, File]


def audience(
    crowd: str,
    digest: str,
    name: Mapping[str, str],
    channel: str,
    *,
    campaign: str,
    brand: str,
    as_of: date,
    days: int = EXPIRES_AFTER,
    seed: str | None = None,
    share: float | None = None,
) -> Audience:
    """What an export is of; `days`: how many days after as_of it may still be used. ApexError for a name that is no file's."""
    for what, value in (("crowd", crowd), ("channel", channel)):
        if not re.fullmatch(r"[\w-]{1,64}", value):
            raise ApexError(f"export: the {what} names a folder: letters, digits, - and _ only, not {value!r}.")
    if days < 1:
        raise ApexError(f"export: an audience may be used for at least one day, not {days}.")
    return Audience(
        campaign=campaign, brand=brand, crowd=crowd, crowd_digest=digest, name=dict(name), channel=channel, as_of=as_of,
        expires=as_of + timedelta(days=days), seed=seed, share=share,
    )  # fmt: skip


def export(
    folder: Path, audience: Audience, consumer_id: npt.ArrayLike, held_out: npt.ArrayLike, threshold: int
) -> Path:
    """Write the package `folder`/exports/CROWD/CHANNEL and return its path; one that is there is replaced as a whole.

    consumer_id: int64 keys of the crowd, each once, in any order. held_out: the keys held out, of this crowd or of all;
    none of them is written. Raises ApexError, and writes nothing, where fewer than `threshold` keys (or none) would be
    left, for a key twice, or for what are no keys.
    """
    keys, out = _keys("consumer_id", consumer_id), _keys("held_out", held_out)
    where = f'The audience "{audience.crowd}" for "{audience.channel}"'
    if len(np.unique(keys)) != len(keys):
        raise ApexError(f"{where}: a consumer stands in it twice.")
    left = np.setdiff1d(keys, out, assume_unique=False)
    if len(left) < max(threshold, 1):
        few = f"has fewer than {threshold} consumers, the privacy threshold" if threshold > 1 else "is empty"
        raise ApexError(f"{where} {few}, after the hold-out; nothing is written.")
    without = len(keys) - len(left)
    table = pa.table({"consumer_id": left}, schema=KEYS)
    target = folder / "exports" / audience.crowd / audience.channel
    with files.lock(target), files.building(target) as package:
        sink = io.BytesIO()
        pq.write_table(table, sink, compression="zstd")
        (package / "audience.parquet").write_bytes(sink.getvalue())
        pyarrow.csv.write_csv(
            table, package / "audience.csv", pyarrow.csv.WriteOptions(quoting_style="none", quoting_header="none")
        )
        manifest = Manifest(
            schema=SCHEMA,
            audience=audience,
            consumers=len(left),
            held_out=None if 0 < without < threshold else without,
            files={name: _file(package / name, len(left)) for name in FILES},
        )
        text = json.dumps(manifest.model_dump(mode="json", by_alias=True), ensure_ascii=False, indent=1, sort_keys=True)
        files.atomic_write(package / "manifest.json", text + "\n")
        verify(package)
    return target


def verify(package: Path, *, day: date | None = None, held_out: npt.ArrayLike = ()) -> Manifest:
    """Read a package again and hold it against its manifest; returns the manifest.

    day: the day it is to be used on. held_out: keys that must not be in it. Raises ApexError that names the file: missing,
    changed, not the keys it should hold, expired, or holding a consumer who is held out (without saying whom).
    """
    manifest = _read(package)
    if sorted(manifest.files) != sorted(FILES):
        raise ApexError(f"{package.name}/manifest.json: lists {', '.join(manifest.files)}, not {', '.join(FILES)}.")
    for name, wanted in manifest.files.items():
        if not (package / name).is_file():
            raise ApexError(f"{package.name}: {name} is missing.")
        if _file(package / name, wanted.rows) != wanted:
            raise ApexError(f"{package.name}/{name} is not the file that was exported: its digest differs.")
    if more := {p.name for p in package.iterdir()} - {*FILES, "manifest.json"}:
        raise ApexError(f"{package.name}: {', '.join(sorted(more))} does not belong to the package.")
    keys = pq.read_table(package / "audience.parquet")
    options = pyarrow.csv.ConvertOptions(column_types=KEYS)
    listed = pyarrow.csv.read_csv(package / "audience.csv", convert_options=options)
    if keys.schema != KEYS or not keys.equals(listed.cast(KEYS)):
        raise ApexError(f"{package.name}: the two files do not hold the same keys.")
    ids = keys["consumer_id"].to_numpy()
    if len(ids) != manifest.consumers or (np.diff(ids) <= 0).any():
        raise ApexError(f"{package.name}: the keys are not as many as the manifest says, each once and ascending.")
    if np.isin(ids, _keys("held_out", held_out)).any():
        raise ApexError(f"{package.name}: holds a consumer who is held out.")
    if day is not None and day > manifest.audience.expires:
        raise ApexError(f"{package.name}: the audience expired on {manifest.audience.expires}; export it anew.")
    return manifest


def _read(package: Path) -> Manifest:
    path = package / "manifest.json"
    if not path.is_file():
        around = [p.name for p in package.parent.glob("[!.]*")] if package.parent.is_dir() else []
        raise ApexError(f"{package.name} is no export package (no manifest.json).{nearest(package.name, around)}")
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first: Any = error.errors()[0]
        at = ".".join(map(str, first["loc"])) or "the file"
        raise ApexError(f"{package.name}/manifest.json: {at}: {first['msg']}.") from None


def _file(path: Path, rows: int) -> File:
    return File(sha256=files.digest(path), bytes=path.stat().st_size, rows=rows)


def _keys(name: str, values: npt.ArrayLike) -> npt.NDArray[np.int64]:
    array = np.asarray(values)
    if array.size and (array.ndim != 1 or array.dtype.kind not in "iu"):
        raise ApexError(f"export: {name} should be a list of int64 keys without gaps, not {array.dtype}.")
    return array.astype(np.int64).ravel()
