"""One market for `truth.contracts`: its contracts, and what each delivered by day as the notebook counts it."""

import pickle
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from apex.measure import inventory
from apex.warehouse import open_warehouse
from apex.warehouse.ingest import ingest
from truth.worlds import source
from twin import store

TABLES = ("items", "consumers", "channels", "events", "spend", "campaigns", "phases", "contracts", "inventory")
CONSUMERS = 3000


@dataclass(frozen=True)
class Signed:
    """contracts, daily, phases as `measure.inventory` gives them of the whole market; truth: contract_id → units delivered."""

    seed: int
    contracts: pd.DataFrame
    daily: pd.DataFrame
    phases: pd.DataFrame


def live(seed: int, folder: Path, consumers: int = CONSUMERS) -> Signed:
    """Play a market as it is; kept in `folder`, read from there the next time."""
    kept = folder / f"{seed}-{consumers}.pickle"
    if kept.exists():
        found: Signed = pickle.loads(kept.read_bytes())
        return found
    recipe = store.Recipe(f"contracts-{seed}", consumers, seed)
    with tempfile.TemporaryDirectory() as scratch:
        files = Path(scratch)
        store.write(recipe, files, cores=1)
        ingest(source({n: files / f"{n}.parquet" for n in TABLES}), "market", files / "warehouse", "truth")
        seen = open_warehouse(files / "warehouse")
        of = inventory.contracts(seen)
        found = Signed(seed, of, inventory.delivered(seen, of), inventory.phases(seen))
    folder.mkdir(parents=True, exist_ok=True)
    kept.write_bytes(pickle.dumps(found))
    return found
