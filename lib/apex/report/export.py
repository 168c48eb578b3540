"""Export packages: the keys of one crowd for one channel, as media teams load them, and a manifest that proves them.

A package is a folder:

- `audience-0001.parquet`, …: the whole audience, chunk by chunk (consumer_id, the warehouse's hashed key, ascending over all
  chunks; band, 1 for the tenth that is met first, 0 where nobody is ranked);
- `add-0001.csv`, …, `remove-0001.csv`, …: what is to be loaded now: all keys, or, where the channel has an earlier export of
  this audience, only those that came and those that went;
- `manifest.json`, written last.

It appears as a whole or not at all, never holds anyone who is held out, and is refused where fewer than the privacy threshold
would be in it. Differences of fewer people than that are a list of few: then all keys are to be loaded anew. The same inputs
give the same bytes, and memory does not grow with the audience (`apex.report.key_parts`).
"""

import json
import re
import shutil
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Literal

import numpy.typing as npt

from apex import files
from apex.errors import ApexError
from apex.report import key_parts
from apex.report.key_parts import ROWS, Ascending, Batch, Writer
from apex.report.package import SCHEMA, Audience, Changes, File, Manifest, parts, read_manifest, verify

__all__ = ["EXPIRES_AFTER", "Audience", "Manifest", "audience", "export", "verify"]

EXPIRES_AFTER = 30  # days that an audience may be used: who is in it goes stale


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
    key: str | None = None,
) -> Audience:
    """What an export is of; `days`: how many days after as_of it may still be used. ApexError for a name that is no file's."""
    for what, value in (("crowd", crowd), ("channel", channel)):
        if not re.fullmatch(r"[\w-]{1,64}", value):
            raise ApexError(f"export: the {what} names a folder: letters, digits, - and _ only, not {value!r}.")
    if days < 1:
        raise ApexError(f"export: an audience may be used for at least one day, not {days}.")
    return Audience(
        campaign=campaign, brand=brand, crowd=crowd, crowd_digest=digest, name=dict(name), channel=channel, as_of=as_of,
        expires=as_of + timedelta(days=days), seed=seed, share=share, key=key,
    )  # fmt: skip


def export(
    folder: Path,
    audience: Audience,
    consumer_id: npt.ArrayLike | Iterable[Batch],
    held_out: npt.ArrayLike | Iterable[Batch],
    threshold: int,
    *,
    bands: npt.ArrayLike | None = None,
    rows: int = ROWS,
    earlier: Path | None = None,
) -> Path:
    """Write the package `folder`/exports/CROWD/CHANNEL and return its path; one that is there is replaced as a whole.

    consumer_id: int64 keys of the crowd, each once, in any order; an iterator gives them in batches (with or without
    bands). held_out: the keys held out, of this crowd or of all; none of them is written. bands: of the keys, where they are one
    list. rows: of a chunk. earlier: the last package of this audience, from which differences are made; one that is of
    something else, expired or not whole does not count. Raises ApexError, and writes nothing, where fewer than `threshold`
    keys (or none) would be left, for a key twice, or for what are no keys.
    """
    where = f'The audience "{audience.crowd}" for "{audience.channel}"'
    if rows < 1:
        raise ApexError(f"{where}: a chunk has at least one row, not {rows}.")
    before = _counts(earlier, audience)
    target = folder / "exports" / audience.crowd / audience.channel
    with files.lock(target), files.building(target) as package:
        piles = package / "piles"
        key_parts.pile(piles, "in", key_parts.batches("consumer_id", consumer_id, bands))
        key_parts.pile(piles, "out", key_parts.batches("held_out", held_out))
        whole = Writer(package, "audience", "parquet", rows)
        add, remove = Writer(package, "add", "csv", rows), Writer(package, "remove", "csv", rows)
        then = None if before is None else Ascending(before[1])
        without = 0
        for (mine, bound), (out, _) in zip(key_parts.piled(piles, "in"), key_parts.piled(piles, "out"), strict=True):
            keys = mine["key"]
            if (keys[1:] == keys[:-1]).any():
                raise ApexError(f"{where}: a consumer stands in it twice.")
            left = mine[~key_parts.among(keys, out["key"])]
            without += len(mine) - len(left)
            whole.add(left)
            if then is not None:
                old = then.below(bound)
                add.add(left[~key_parts.among(left["key"], old)])
                remove.add(key_parts.keyed("the earlier export", old[~key_parts.among(old, left["key"])]))
        shutil.rmtree(piles)
        if whole.total < max(threshold, 1):
            few = f"has fewer than {threshold} consumers, the privacy threshold" if threshold > 1 else "is empty"
            raise ApexError(f"{where} {few}, after the hold-out; nothing is written.")
        for writer in (whole, add, remove):
            writer.close()
        changes = None
        if before is not None and not any(0 < w.total < threshold for w in (add, remove)):
            changes = Changes(since=before[0].audience.as_of, against=before[2], added=add.total, removed=remove.total)
        else:
            add, remove = _all(package, whole, (add, remove), rows), Writer(package, "remove", "csv", rows)
        written = {**whole.written, **add.written, **remove.written}
        manifest = Manifest(
            schema=SCHEMA,
            audience=audience,
            consumers=whole.total,
            held_out=None if 0 < without < threshold else without,
            threshold=threshold,
            changes=changes,
            files={name: File.of(package / name, n) for name, n in written.items()},
        )
        text = json.dumps(manifest.model_dump(mode="json", by_alias=True), ensure_ascii=False, indent=1, sort_keys=True)
        files.atomic_write(package / "manifest.json", text + "\n")
        verify(package)
    return target


def loads(package: Path) -> tuple[Literal["whole", "differences"], int | None, int | None]:
    """What a package asks to be loaded: all or differences; how many of these come and go (None where all are loaded)."""
    changes = read_manifest(package).changes
    return ("whole", None, None) if changes is None else ("differences", changes.added, changes.removed)


def _counts(earlier: Path | None, audience: Audience) -> tuple[Manifest, list[Path], str] | None:
    """The earlier package's manifest, chunks and digest, where differences to it are what the channel lacks."""
    if earlier is None or not (earlier / "manifest.json").is_file():
        return None
    try:
        manifest = verify(earlier, day=audience.as_of)
    except ApexError:
        return None
    same = all(
        getattr(manifest.audience, name) == getattr(audience, name)
        for name in ("campaign", "brand", "crowd", "channel", "key")
    )
    return (manifest, parts(earlier, manifest, "audience"), files.digest(earlier / "manifest.json")) if same else None


def _all(package: Path, whole: Writer, differences: Iterable[Writer], rows: int) -> Writer:
    """Everything is to be loaded: chunks of all keys in the place of differences."""
    for writer in differences:
        for name in writer.written:
            (package / name).unlink()
    made = Writer(package, "add", "csv", rows)
    for name in whole.written:
        for piece in key_parts.read(package / name):
            made.add(piece)
    made.close()
    return made
