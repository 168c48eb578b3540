"""Credit of 1 M and 10 M paths of 12 channels: ours from the file on, beside ChannelAttribution and marketing-attribution-models.

The rivals are asked where they are at hand (ChannelAttribution needs a compiler to install); they get grouped paths in memory, so
that their times leave out what ours hold: reading and grouping. Credit of the chain is compared before a time is told.
"""

import contextlib
import importlib
import io
import multiprocessing
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from apex.measure import path_file
from apex.model import attribution, attribution_methods
from apex.model.attribution_methods import HAZARD, METHODS

CHANNELS, STOP = 12, 0.25  # a path goes on with probability 1 − STOP: four touches in the mean
SIZES = (1_000_000, 10_000_000)
PATIENCE = 120  # seconds that a rival may take


def draw(count: int, file: Path, seed: int = 1) -> None:
    """Write so many paths, a row each: a Markov chain over channels that prefers a few, conversions more likely after some."""
    dice = np.random.default_rng(seed)
    step = dice.dirichlet(np.full(CHANNELS, 0.4), CHANNELS).cumsum(axis=1)
    start = dice.dirichlet(np.full(CHANNELS, 0.8)).cumsum()
    names = np.array([f"channel-{n:02}" for n in range(CHANNELS)], object)
    with pq.ParquetWriter(
        file, pa.schema({"path": pa.string(), "conversions": pa.int64(), "value": pa.int64(), "nulls": pa.int64()})
    ) as out:
        for begin in range(0, count, 1_000_000):
            n = min(1_000_000, count - begin)
            at = np.minimum(np.searchsorted(start, dice.random(n)), CHANNELS - 1)
            text, live = names[at].copy(), np.arange(n)
            while len(live):
                live = live[dice.random(len(live)) > STOP]
                at[live] = np.minimum((step[at[live]] < dice.random((len(live), 1))).sum(axis=1), CHANNELS - 1)
                text[live] = text[live] + " > " + names[at[live]]
            won = (dice.random(n) < 0.03 + 0.01 * (at % 3)).astype(int)
            out.write_table(
                pa.table(
                    {"path": pa.array(text, pa.string()), "conversions": won, "value": won * 100, "nulls": 1 - won}
                )
            )


def ours(file: str, methods: tuple[str, ...]) -> tuple[dict[str, float], pd.DataFrame, float]:
    """Seconds by step, credit by method, peak memory in GB. Run in a process of its own."""
    seconds, began = {}, time.perf_counter()
    paths = attribution.read(path_file.read(file))
    seconds["read"] = time.perf_counter() - began
    credit = {}
    for method in methods:
        began = time.perf_counter()
        credit[method] = attribution_methods.one(method, paths).conversions
        seconds[method] = time.perf_counter() - began
    return seconds, pd.DataFrame(credit), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def channel_attribution(file: str, order: int, exact: bool) -> tuple[float, pd.Series]:
    """Seconds and credit of its chain; exact: at a precision of .0014, as near as ours is for nothing."""
    module = importlib.import_module("ChannelAttribution")
    grouped = path_file.read(file)
    began = time.perf_counter()
    more: dict[str, Any] = {"conv_par": 0.0014} if exact else {}
    with contextlib.redirect_stdout(io.StringIO()):
        found = module.markov_model(
            grouped, "path", "conversions", var_null="nulls", order=order, verbose=False, flg_pro=False, **more
        )
    frame = found["result"] if isinstance(found, dict) else found
    spent = time.perf_counter() - began
    return spent, frame.set_index("channel_name").total_conversions.rename_axis("channel").rename(str.strip)


def models(file: str) -> tuple[float, pd.Series]:
    """Seconds and credit of marketing-attribution-models' chain of order 1."""
    module = importlib.import_module("mam")
    grouped = path_file.read(file)
    both = [
        grouped[["path"]].assign(won=won, times=grouped[c].astype(int)) for won, c in ((1, "conversions"), (0, "nulls"))
    ]
    frame = pd.concat(both, ignore_index=True)
    frame = frame[frame.times > 0]
    began = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()):
        asked = module.MAM(frame, "grouped_journey", "path", "won", occurrences_colname="times")
        told = asked.run_markov().to_pandas()
    spent = time.perf_counter() - began
    name, credit = (told.select_dtypes(kind).columns[0] for kind in ("object", "number"))
    return spent, told.set_index(name)[credit].rename_axis("channel")


def apart(*asked: Any) -> Any:
    """Run a function in a process of its own: its memory is its own, and one that falls over or does not end stops nobody."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply_async(asked[0], asked[1:]).get(PATIENCE)


def main() -> None:
    """Print the table: seconds of each step, memory, rivals with their ratio to ours and how far their credit is from ours."""
    closed = tuple(m for m in METHODS if m != HAZARD)
    rows: list[tuple[Any, ...]] = []
    with tempfile.TemporaryDirectory() as folder:
        for count in SIZES:
            file = Path(folder) / f"{count}.parquet"
            draw(count, file)
            seconds, credit, peak = apart(ours, str(file), closed)
            whole = sum(seconds.values())
            rows += [(count, "ours, reading and grouping", seconds["read"], None, None)]
            rows += [(count, f"ours, {len(closed)} methods", whole - seconds["read"], None, None)]
            rows += [(count, f"ours, all of it, {peak:.2f} GB", whole, None, None)]
            if count > SIZES[0]:
                continue
            rows += [(count, "ours, hazard", apart(ours, str(file), (HAZARD,))[0][HAZARD], None, None)]
            rivals: list[tuple[str, Any, tuple[Any, ...], str]] = [
                *((f"ChannelAttribution, order {k}", channel_attribution, (k, False), f"markov{k}") for k in (1, 2, 3)),
                ("ChannelAttribution, order 1, precision .0014", channel_attribution, (1, True), "markov1"),
                ("marketing-attribution-models, order 1", models, (), "markov1"),
            ]
            for name, ask, more, method in rivals:
                try:
                    spent, told = apart(ask, str(file), *more)
                except Exception as error:  # a rival that is not there, falls over or does not end is said to be
                    rows += [(count, f"{name}: {type(error).__name__}: {str(error)[:60]}", None, None, None)]
                    continue
                share = told / told.sum() - credit[method].reindex(told.index).fillna(0) / credit[method].sum()
                rows += [(count, name, spent, spent / seconds[method], float(share.abs().sum() / 2))]
    table = pd.DataFrame(rows, columns=["paths", "what", "seconds", "times ours", "credit apart"])
    sys.stdout.write(f"{table.round(3).to_string(index=False, na_rep='')}\n")
