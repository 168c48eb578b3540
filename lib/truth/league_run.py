"""`python -m truth league`: policies play six campaigns in each of many markets; a page says whether the workspace earns more.

One file of results a market (`SEED.csv`), written whole by a process of its own. A market that is there, of the same seed, number
of consumers and state of the code, is not played again: a call that was killed goes on where it was. The page is written anew
after each market. A market that cannot be played leaves `SEED.failed.txt`, the others go on, and the call ends with code 1.
"""

import argparse
import ast
import hashlib
import json
import multiprocessing
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from importlib import import_module
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path

import pandas as pd

from apex import files
from apex.errors import ApexError
from apex.files import ROOT
from truth.league_page import write

SEEDS, CONSUMERS = (4000, 4030), 4000
Play = Callable[[int, int], pd.DataFrame]
COLUMNS = ("seed", "policy", "campaign", "gained_minor", "consumers", "made_from")


def code(root: Path = ROOT) -> str:
    """Digest of all that can change a result: the market, the library but for its words and charts, the modules of truth that the
    league reaches, rule files, and the parameters of the notebooks."""
    lib = root / "lib"
    found = {*(lib / "twin").glob("*.py"), *(lib / "twin").glob("*.yml"), *(root / "data" / "rules").rglob("*.yml")}
    found |= {p for p in (lib / "apex").rglob("*.py") if "show" not in p.relative_to(lib / "apex").parts[:1]}
    total = hashlib.sha256()
    for path in sorted(found | _reached(lib / "truth")):
        total.update(f"{path.relative_to(root).as_posix()}\0{files.digest(path)}\n".encode())
    for path in sorted((root / "notebooks").glob("*/*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        given = ["".join(c["source"]) for c in cells if "parameters" in c.get("metadata", {}).get("tags", [])]
        total.update(f"{path.relative_to(root).as_posix()}\0{given}\n".encode())
    return total.hexdigest()[:16]


def _reached(folder: Path, start: str = "league") -> set[Path]:
    """Files of the package truth that a module imports, itself included, and those that these import."""
    found, todo = set[Path](), [start]
    while todo:
        path = folder / f"{todo.pop()}.py"
        if path in found or not path.exists():
            continue
        found.add(path)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module == "truth":
                todo += [n.name for n in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("truth."):
                todo.append(node.module.split(".")[1])
            elif isinstance(node, ast.Import):
                todo += [n.name.split(".")[1] for n in node.names if n.name.startswith("truth.")]
    return found


def kept(folder: Path, seed: int, consumers: int | None = None, made_from: str | None = None) -> pd.DataFrame | None:
    """A market's results that are there and made by this code, or by any; None otherwise, and of a file that is none."""
    try:
        found = pd.read_csv(folder / f"{seed}.csv")
    except (OSError, ValueError):  # absent, empty or no table
        return None
    if not set(COLUMNS) <= set(found.columns) or found.empty or (found.seed != seed).any():
        return None
    other = (consumers is not None and (found.consumers != consumers).any()) or (
        made_from is not None and (found.made_from != made_from).any()
    )
    return None if other else found


def one(play: Play, seed: int, consumers: int, made_from: str, folder: Path) -> None:
    """Play a market and write its file; what goes wrong is written to SEED.failed.txt and raised."""
    failed = folder / f"{seed}.failed.txt"
    try:
        found = play(seed, consumers).assign(consumers=consumers, made_from=made_from)
    except Exception as error:
        files.atomic_write(failed, f"{type(error).__name__}: {error}\n\n{traceback.format_exc()}")
        raise
    files.atomic_write(folder / f"{seed}.csv", found.to_csv(index=False, lineterminator="\n"))
    failed.unlink(missing_ok=True)


def _child(play: Play, seed: int, consumers: int, made_from: str, folder: Path) -> None:
    """`one` in a process that ends with the one that started it; what it says on the way goes to SEED.log, kept if it fails."""
    parent = multiprocessing.parent_process()

    def follow() -> None:
        parent.join()  # type: ignore[union-attr]
        os._exit(1)

    if parent is not None:
        threading.Thread(target=follow, daemon=True).start()
    log = folder / f"{seed}.log"
    with log.open("w", encoding="utf-8") as said:
        for stream in (1, 2):  # of this process and of those that it starts
            os.dup2(said.fileno(), stream)
        try:
            one(play, seed, consumers, made_from, folder)
        except Exception:
            sys.exit(1)
    log.unlink()


def run(
    play: Play,
    seeds: Sequence[int],
    consumers: int,
    state: Callable[[], str],
    folder: Path,
    cores: int,
    after: Callable[[int], None],
) -> list[int]:
    """Play these markets, so many at once, each in a new process (in this one with 0 cores); after each `after(seed)`.

    Returns the seeds that could not be played. A process that is killed takes only its market with it. state: the digest of the
    code as it is; raises ApexError when it changes on the way.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    folder.mkdir(parents=True, exist_ok=True)
    made_from = state()
    todo, failed, busy = list(seeds), list[int](), list[tuple[int, BaseProcess]]()
    spawn = multiprocessing.get_context("spawn")
    try:
        while todo or busy:
            while todo and len(busy) < max(cores, 1):
                seed = todo.pop(0)
                (folder / f"{seed}.failed.txt").unlink(missing_ok=True)
                if state() != made_from:  # a new process reads the code anew
                    raise ApexError("The code changed while the league was being played; call again.")
                if not cores:
                    try:
                        one(play, seed, consumers, made_from, folder)
                    except Exception:
                        failed.append(seed)
                    after(seed)
                    continue
                process = spawn.Process(target=_child, args=(play, seed, consumers, made_from, folder), daemon=True)
                process.start()
                busy.append((seed, process))
            if busy:  # waiting for nothing never ends
                wait([process.sentinel for _, process in busy])
            for seed, ended in [b for b in busy if not b[1].is_alive()]:
                busy.remove((seed, ended))
                if ended.exitcode:
                    failed.append(seed)
                    why = folder / f"{seed}.failed.txt"
                    if not why.exists():
                        files.atomic_write(why, f"its process ended with code {ended.exitcode}\n")
                after(seed)
    finally:
        for _, left in busy:
            left.terminate()
    return failed


def page(folder: Path, seeds: Sequence[int], consumers: int | None, made_from: str | None) -> Path:
    """The page of these markets, of those that are there."""
    there = [f for s in seeds if (f := kept(folder, s, consumers, made_from)) is not None]
    failed = {}
    for seed in seeds:
        why = folder / f"{seed}.failed.txt"
        if why.exists():
            failed[seed] = why.read_text(encoding="utf-8").partition("\n")[0]
    results = pd.concat(there, ignore_index=True) if there else pd.DataFrame(columns=list(COLUMNS))
    return write(results, folder, len(seeds), failed)


def main(arguments: list[str] | None = None, play: Play | None = None, state: Callable[[], str] = code) -> int:
    """Play what is not there yet, write the page, print where. play: for `truth.league.played`; state: the code's digest."""
    parser = argparse.ArgumentParser(
        prog="python -m truth league", description="Policies over campaign after campaign."
    )
    parser.add_argument(
        "--seeds", type=int, nargs=2, default=SEEDS, metavar=("FIRST", "END"), help="markets; END is not played"
    )
    parser.add_argument("--consumers", type=int, default=CONSUMERS, help="of each market")
    parser.add_argument("--cores", type=int, default=2, help="markets at once; 0: in this process")
    parser.add_argument("--folder", type=Path, default=ROOT / "reports" / "league")
    parser.add_argument(
        "--page", action="store_true", help="play nothing; the page of the files there, whatever code made them"
    )
    chosen = parser.parse_args(arguments)
    folder, consumers, seeds = chosen.folder.resolve(), chosen.consumers, range(*chosen.seeds)
    if chosen.page:
        sys.stdout.write(f"{page(folder, seeds, None, None)}\n")
        return 0
    if play is None:
        play = import_module("truth.league").played  # only now: it brings the whole library
    assert play is not None
    made_from = state()
    with files.lock(folder, wait=False):
        todo = [s for s in seeds if kept(folder, s, consumers, made_from) is None]
        sys.stderr.write(f"  {len(seeds) - len(todo)} of {len(seeds)} markets are there\n")
        began, done = time.monotonic(), 0

        def after(seed: int) -> None:
            nonlocal done
            done += 1
            left = (time.monotonic() - began) / done * (len(todo) - done) / 60
            why = folder / f"{seed}.failed.txt"
            said = f"failed: {why.read_text(encoding='utf-8').partition(chr(10))[0]}" if why.exists() else "played"
            sys.stderr.write(f"  market {seed} {said}; {done} of {len(todo)}, about {left:.0f} min left\n")
            page(folder, seeds, consumers, made_from)

        failed = run(play, todo, consumers, state, folder, chosen.cores, after)
        written = page(folder, seeds, consumers, made_from)
    if failed:
        sys.stderr.write(
            f"  not played: {', '.join(map(str, sorted(failed)))}; see {folder}/SEED.failed.txt and SEED.log\n"
        )
    sys.stdout.write(f"{written}\n")
    return 1 if failed else 0
