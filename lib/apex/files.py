"""Files that are either whole or not there: atomic writes, folders swapped in at once, locks, digests."""

import contextlib
import fcntl
import hashlib
import os
import secrets
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from apex.errors import ApexError

ROOT = Path(__file__).resolve().parents[2]


def atomic_write(path: Path, content: str | bytes) -> None:
    """Write a file so that a reader sees the old content or the new, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with part.open("wb") as out:
            out.write(content.encode() if isinstance(content, str) else content)
            out.flush()
            os.fsync(out.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


@contextlib.contextmanager
def building(target: Path) -> Iterator[Path]:
    """Give a new empty folder; when the block ends well, `target` becomes that folder in one step.

    `target` is a link to a hidden sibling `.NAME.TOKEN`, because replacing a link is atomic on every file system and
    replacing a folder is not. After an error the new folder is removed and the old one stays. What a killed process
    left behind is removed by the next. Call it under `lock(target)`.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    prefix = f".{target.name}."
    new = target.with_name(prefix + secrets.token_hex(4))
    new.mkdir()
    try:
        yield new
        link = target.with_name(new.name + ".link")
        link.symlink_to(new.name)
        if target.exists() and not target.is_symlink():  # put there by hand: keep it, but out of the way
            target.rename(target.with_name(f"{target.name}.before-{secrets.token_hex(2)}"))
        link.replace(target)
    except BaseException:
        shutil.rmtree(new, ignore_errors=True)
        raise
    for old in target.parent.glob(prefix + "*"):
        if old.name != new.name and not old.name.endswith(".lock"):
            old.unlink() if old.is_symlink() or old.is_file() else shutil.rmtree(old, ignore_errors=True)


@contextlib.contextmanager
def lock(target: Path, *, wait: bool = True) -> Iterator[None]:
    """Hold the right to build `target`, across processes; a killed holder loses it at once.

    Raises ApexError when another process holds it and `wait` is false.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    path = target.with_name(f".{target.name}.lock")
    with path.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not wait:
                raise ApexError(f"{target} is being built by another process; wait for it or stop it.") from None
            sys.stderr.write(f"waiting for another process that builds {target.name} …\n")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def digest(path: Path) -> str:
    """SHA-256 of a file, or of a folder's files with their relative names in order."""
    if path.is_file():
        with path.open("rb") as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest()
    total = hashlib.sha256()
    for file in sorted(p for p in path.rglob("*") if p.is_file()):
        total.update(f"{file.relative_to(path).as_posix()}\0{digest(file)}\n".encode())
    return total.hexdigest()
