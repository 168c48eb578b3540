"""What the wide market of lib/twin/README.md takes: `python lib/tests/twin/scale.py FOLDER [--consumers N] [--blocks B …]`.

Plays the documented command's market into FOLDER, once for every block size, prints time, memory, rows, bytes and a hash of
all files, and deletes it again. Not collected by pytest: it takes minutes and, at full size, gigabytes.
"""

import argparse
import hashlib
import multiprocessing
import os
import resource
import shlex
import shutil
import sys
import time
from dataclasses import replace
from pathlib import Path

from twin import play, store
from twin.__main__ import Progress, asked

README = Path(store.HERE) / "README.md"


def documented() -> store.Recipe:
    """The market that README.md asks for in its command with `--set`."""
    [command] = [c for c in README.read_text(encoding="utf-8").split("```")[1::2] if "--set" in c]
    return asked(shlex.split(command.replace("\\\n", " "))[3:]).recipe


def digest(folder: Path) -> str:
    """One hash of all tables, byte by byte."""
    total = hashlib.sha256()
    for name in store.TABLES:
        with (folder / f"{name}.parquet").open("rb") as file:
            total.update(hashlib.file_digest(file, "sha256").digest())
    return total.hexdigest()[:16]


def measured(recipe: store.Recipe, folder: Path, block: int) -> str:
    """One run in a process of its own."""
    folder.mkdir(parents=True)
    began = time.monotonic()
    how = {"block": block, "tell": Progress(recipe.consumers)}
    run = multiprocessing.get_context("spawn").Process(target=store.write, args=(recipe, folder), kwargs=how)
    run.start()
    run.join()
    seconds = time.monotonic() - began
    if run.exitcode:
        raise SystemExit(f"ended with {run.exitcode}")
    import pyarrow.parquet as pq

    took = resource.getrusage(resource.RUSAGE_CHILDREN)
    size = sum(f.stat().st_size for f in folder.iterdir())
    events = pq.read_metadata(folder / "events.parquet").num_rows
    said = (
        f"block {block}: {recipe.consumers:,} consumers, {events:,} events ({events / recipe.consumers:.1f} each), "
        f"{seconds:.0f} s with {os.cpu_count()} cores, {took.ru_utime + took.ru_stime:.0f} s of them computing so far, "
        f"at most {took.ru_maxrss / 1e6:.2f} GB of memory, {size / 1e9:.2f} GB of files, hash {digest(folder)}"
    )
    shutil.rmtree(folder)
    return said


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--consumers", type=int)
    parser.add_argument("--blocks", type=int, nargs="+", default=[play.BLOCK])
    chosen = parser.parse_args()
    recipe = documented()
    recipe = replace(recipe, consumers=chosen.consumers or recipe.consumers)
    for block in chosen.blocks:
        sys.stdout.write(f"{measured(recipe, chosen.folder / f'block-{block}', block)}\n")


if __name__ == "__main__":
    main()
