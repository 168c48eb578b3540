"""Where a market's tables and its truth lie, and when they are made again: by digest of code, priors and arguments."""

import contextlib
import fcntl
import hashlib
import json
import secrets
import shutil
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

HERE = Path(__file__).resolve().parent
DATA = HERE.parents[1] / "data"
MARKETS, TRUTH = DATA / "markets", DATA / "truth"
TABLES = (
    "consumers", "items", "events", "campaigns", "campaign_items", "phases", "festivals", "channels", "spend", "creatives",
    "contents", "experiments", "assignments",
)  # fmt: skip


@dataclass(frozen=True)
class Recipe:
    """All that a market's tables depend on beside code and priors."""

    name: str
    consumers: int = 15_000
    seed: int = 11

    def digest(self) -> str:
        """Changes with any argument, any line of the package, the priors and the canonical tables."""
        total = hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode())
        for file in [*sorted(HERE.glob("*.py")), HERE / "priors.yml", DATA / "rules" / "tables.yml"]:
            total.update(f"{file.name}\0{hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
        return total.hexdigest()


DEFAULT = Recipe("twin")


def tables(recipe: Recipe = DEFAULT, *, cores: int | None = None, folder: Path = MARKETS) -> Path:
    """The folder of a market's canonical tables, one Parquet file each; made if missing or stale."""
    target = folder / recipe.name
    with _made(target, recipe) as new:
        if new:
            started = time.monotonic()
            rows = write(recipe, new, cores=cores)
            _manifest(new, recipe, rows=rows, seconds=round(time.monotonic() - started, 1))
    return target


def truth(recipe: Recipe = DEFAULT, *, folder: Path = TRUTH) -> Path:
    """The folder of a market's truth tables; made if missing or stale. Nothing of `apex` reads it."""
    from twin.truth import write_truth

    target = folder / recipe.name
    with _made(target, recipe) as new:
        if new:
            started = time.monotonic()
            report = write_truth(recipe, new)
            _manifest(new, recipe, **report, seconds=round(time.monotonic() - started, 1))
    return target


def write(recipe: Recipe, folder: Path, *, cores: int | None = None, block: int | None = None) -> dict[str, int]:
    """Write all canonical tables of a market into `folder`; rows a table."""
    from twin import tables as made
    from twin.market import draw_market
    from twin.money import Spend
    from twin.play import BLOCK, play

    market = draw_market(recipe.seed)
    numbers = np.arange(1, recipe.consumers + 1)
    spend, rows = Spend(market), {"events": 0}

    def blocks() -> Iterator[Any]:
        for lived in play(market, numbers, cores=cores, block=block or BLOCK):
            spend.add(lived)
            yield made.events(market, lived, rows["events"] + 1)
            rows["events"] += len(lived)

    writer = None
    for group in made.in_groups(blocks()):
        writer = writer or pq.ParquetWriter(folder / "events.parquet", group.schema)
        writer.write_table(group)
    if writer is None:
        raise ValueError("no consumer did anything; ask for more consumers")
    writer.close()
    small = {**made.others(market), **spend.tables()}
    small["consumers"], small["assignments"] = made.people_table(market, numbers)
    for name, table in small.items():
        pq.write_table(table, folder / f"{name}.parquet")
        rows[name] = len(table)
    return {name: rows[name] for name in TABLES}


def _manifest(folder: Path, recipe: Recipe, **more: Any) -> None:
    text = json.dumps({**asdict(recipe), "digest": recipe.digest(), **more}, indent=1, ensure_ascii=False)
    (folder / "manifest.json").write_text(text, encoding="utf-8")


def fresh(target: Path, recipe: Recipe) -> bool:
    """Whether the folder was made by this code from these priors and arguments."""
    path = target / "manifest.json"
    return path.exists() and json.loads(path.read_text(encoding="utf-8")).get("digest") == recipe.digest()


@contextlib.contextmanager
def _made(target: Path, recipe: Recipe) -> Iterator[Path | None]:
    """A new folder that becomes `target` when the block ends well, under a lock; None when `target` is fresh already."""
    if fresh(target, recipe):
        yield None
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.with_name(f".{target.name}.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        if fresh(target, recipe):
            yield None
            return
        new = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
        new.mkdir()
        try:
            yield new
            old = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
            if target.exists():
                target.replace(old)
            new.replace(target)
            shutil.rmtree(old, ignore_errors=True)
        except BaseException:
            shutil.rmtree(new, ignore_errors=True)
            raise
