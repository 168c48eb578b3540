"""Whom the sequence addresses, as files: a tier's people, for each channel of its steps.

Whom the campaign addresses, and whom it holds out or lets rest, is decided in one place (`3_execute/audiences`): a tier's keys
are those of its people that stand in one of this run's audiences.
"""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import yaml

from apex.model.sequence import STOP
from apex.report.export import EXPIRES_AFTER, audience, export
from apex.report.key_parts import read
from apex.report.package import parts, read_manifest
from apex.report.upstream import sequence as learning
from apex.report.upstream.sequence_page import Study

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from apex.report.run import Run

TIER = "tier-"
WRITTEN = ["crowd", "channels", "addressed", "expires", "status"]


def addressed(folder: Path) -> "NDArray[np.int64] | None":
    """(n,) the keys, ascending, of all audiences exported into a run's folder; None where there are none."""
    found = [
        batch["key"]
        for package in sorted((folder / "exports").glob("*/*"))
        if (package / "manifest.json").is_file() and not package.parent.name.startswith(TIER)
        for chunk in parts(package, read_manifest(package), "audience")
        for batch in read(chunk)
    ]
    return np.unique(np.concatenate(found)).astype(np.int64) if found else None


def exported(run: "Run", study: Study | None) -> pd.DataFrame:
    """Write one package a tier and channel of its steps; a row a tier (WRITTEN), status: written, refused (below the privacy
    threshold), or alone (no audiences in this run: nobody's key is written). Differences as `3_execute/audiences` makes them.
    """
    if study is None:
        return pd.DataFrame(columns=WRITTEN)
    who, rows = addressed(run.folder), []
    for tier, policy in enumerate(study.chosen.policies):
        does = np.unique(policy.action[policy.action != STOP])
        if not len(does):
            continue
        name = f"{TIER}{tier}"
        channels = sorted({study.of.channels[a // len(study.of.messages)] for a in does})
        mine = study.of.eve.consumer_id[study.of.eve.tier == tier].to_numpy(np.int64)
        left = mine[np.isin(mine, who)] if who is not None else mine[:0]
        status = (
            "alone" if who is None else "refused" if len(left) < max(run.campaign.privacy_threshold, 1) else "written"
        )
        expires = None
        for channel in channels:
            what = audience(
                name, _digest(study, tier), {"en": f"Tier {tier + 1}", "zh": f"第 {tier + 1} 档"}, channel,
                campaign=run.campaign.name, brand=run.brand, as_of=run.as_of, days=EXPIRES_AFTER,
                key=run.warehouse.manifest.get("key"),
            )  # fmt: skip
            expires = what.expires
            if status == "written":
                earlier = run.folder.parent / run.campaign.slug / "exports" / name / channel
                export(run.folder, what, left, mine[:0], run.campaign.privacy_threshold, earlier=earlier)
        rows.append((name, ", ".join(channels), len(left), expires, status))
    return pd.DataFrame(rows, columns=WRITTEN)


def _digest(study: Study, tier: int) -> str:
    """Of the steps of a tier: another sequence is another audience."""
    steps = learning.sequences(study.of, study.chosen, study.pressure, list(study.of.cells))
    mine = [s for s in steps if s["audience"] == f"{TIER}{tier}"]
    return hashlib.sha256(yaml.safe_dump(mine, allow_unicode=True).encode()).hexdigest()
