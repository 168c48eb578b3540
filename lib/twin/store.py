"""Where a market's tables and its truth lie, and when they are made again: by digest of code, priors and arguments."""

import contextlib
import fcntl
import hashlib
import json
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

HERE = Path(__file__).resolve().parent
DATA = HERE.parents[1] / "data"
MARKETS, TRUTH = DATA / "markets", DATA / "truth"
TABLES = (
    "consumers", "items", "events", "campaigns", "campaign_items", "phases", "festivals", "channels", "spend", "creatives",
    "contents", "experiments", "assignments", "services", "on_hand", "contracts", "inventory", "benefits",
)  # fmt: skip
PEOPLE = 1 << 17  # consumers whose traits are written at a time
Tell = Callable[[int, int], None]


@dataclass(frozen=True)
class Recipe:
    """All that a market's tables depend on beside code and priors."""

    name: str
    consumers: int = 12_000
    seed: int = 11
    changes: dict[str, Any] = field(default_factory=dict)  # place in priors.yml → value in its stead

    def digest(self) -> str:
        """Changes with any argument, any line of the package, the priors and the canonical tables."""
        total = hashlib.sha256(json.dumps(asdict(self), sort_keys=True, default=str).encode())
        for file in [*sorted(HERE.glob("*.py")), HERE / "priors.yml", DATA / "rules" / "tables.yml"]:
            total.update(f"{file.name}\0{hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
        return total.hexdigest()


DEFAULT = Recipe("twin")


def tables(
    recipe: Recipe = DEFAULT, *, cores: int | None = None, folder: Path = MARKETS, tell: Tell | None = None
) -> Path:
    """The folder of a market's canonical tables, one Parquet file each; made if missing or stale."""
    target = folder / recipe.name
    with _made(target, recipe) as new:
        if new:
            started = time.monotonic()
            rows = write(recipe, new, cores=cores, tell=tell)
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


def write(
    recipe: Recipe, folder: Path, *, cores: int | None = None, block: int | None = None, tell: Tell | None = None
) -> dict[str, int]:
    """Write all canonical tables of a market into `folder`; rows a table. Memory does not grow with the consumers.

    block: consumers worked on at a time; like `cores` it changes no byte. tell: called now and then with (consumers done,
    events so far). Raises OSError when the disk will not hold the events.
    """
    from twin import further
    from twin import tables as made
    from twin.counts import Counts
    from twin.growing import Growing
    from twin.market import draw_market
    from twin.money import Spend
    from twin.play import BLOCK, play

    market = draw_market(recipe.seed, recipe.changes)
    numbers = np.arange(1, recipe.consumers + 1)
    spend, counts, names, done = Spend(market), Counts(market), made.Names(market), 0

    def recorded(group: np.ndarray, first: int) -> pa.Table:
        spend.add(group)
        return made.events(market, group, first, names)

    with Growing(folder / "events.parquet", np.concatenate, recorded) as events:
        for lived in play(market, numbers, cores=cores, block=block or BLOCK):
            counts.add(lived)
            events.add(lived)
            done = min(done + (block or BLOCK), len(numbers))
            events.fits(done / len(numbers))
            if tell:
                tell(done, events.rows)
    if not events.rows:
        raise ValueError("no consumer did anything; ask for more consumers")
    with (
        Growing(folder / "consumers.parquet", pa.concat_tables) as consumers,
        Growing(folder / "assignments.parquet", pa.concat_tables) as assignments,
    ):
        for a in range(0, len(numbers), block or PEOPLE):
            who, assigned = made.people_table(market, numbers[a : a + (block or PEOPLE)])
            consumers.add(who)
            assignments.add(assigned)
        assignments.add(made.shown_items(market))
    small = {**made.others(market), **spend.tables(), **further.tables(market, counts)}
    for name, table in small.items():
        pq.write_table(table, folder / f"{name}.parquet")
    large = {"events": events.rows, "consumers": consumers.rows, "assignments": assignments.rows}
    return {name: large[name] if name in large else len(small[name]) for name in TABLES}


def _manifest(folder: Path, recipe: Recipe, **more: Any) -> None:
    text = json.dumps({**asdict(recipe), "digest": recipe.digest(), **more}, indent=1, ensure_ascii=False, default=str)
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
