"""The sequence's files: people of a tier whom the audiences address, and nobody else."""

import datetime as dt
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from apex.model.sequence import STOP, Chosen, Policy
from apex.report.export import audience, export
from apex.report.upstream import sequence_keys

IDS = np.arange(1000, 1100)
TIER = np.repeat([0, 1], 50)


def run_in(folder, threshold=5):
    return SimpleNamespace(
        folder=folder / "new", brand="b", as_of=dt.date(2024, 3, 1), warehouse=SimpleNamespace(manifest={"key": "k"}),
        campaign=SimpleNamespace(name="autumn", slug="autumn", privacy_threshold=threshold),
    )  # fmt: skip


def study():
    """Tier 0 gets nothing; tier 1 gets feed, then live."""
    none = np.full((1, 4, 6, 3), STOP)
    some = none.copy()
    some[0, :, 0, 0], some[0, :, 1:, 1] = 0, 3
    policies = tuple(Policy(a, a * 0.0, a * 0.0, a * 0.0) for a in (none, some))
    of = SimpleNamespace(
        channels=("feed", "live"), messages=("x", "y"), cells=("A",),
        eve=pd.DataFrame({"consumer_id": IDS, "tier": TIER}),
    )  # fmt: skip
    return SimpleNamespace(of=of, chosen=Chosen(policies, 1.0, ()), pressure=0.3)


def audiences(run, keys, held_out=()):
    what = audience("loyal", "0", {"en": "Loyal"}, "mail", campaign="autumn", brand="b", as_of=run.as_of, key="k")
    export(run.folder, what, keys, list(held_out), 5)


def test_a_tiers_file_holds_those_of_it_whom_the_audiences_address(tmp_path):
    run = run_in(tmp_path)
    audiences(run, IDS[40:80], held_out=IDS[60:65])
    found = sequence_keys.exported(run, study())
    assert found[["crowd", "channels", "addressed", "status"]].values.tolist() == [
        ["tier-1", "feed, live", 25, "written"]
    ]
    for channel in ("feed", "live"):
        keys = pq.read_table(run.folder / "exports" / "tier-1" / channel / "audience-0001.parquet")["consumer_id"]
        assert keys.to_pylist() == [*IDS[50:60], *IDS[65:80]]
    # its own files are no audience of the page before: a second look finds the same
    assert sequence_keys.exported(run, study()).addressed.tolist() == [25]


def test_without_audiences_nobody_is_written_and_few_are_refused(tmp_path):
    run = run_in(tmp_path)
    assert sequence_keys.exported(run, study()).status.tolist() == ["alone"]
    audiences(run, IDS[:54])
    assert sequence_keys.exported(run, study()).status.tolist() == ["refused"]
    assert not (run.folder / "exports" / "tier-1").exists()
    assert sequence_keys.exported(run, None).empty
