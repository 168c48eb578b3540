"""All export packages of one run: which crowd for which channels, and what became of each."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from apex.measure.crowds import Crowds
from apex.report.export import audience, export, loads
from apex.report.key_parts import ROWS

if TYPE_CHECKING:
    from apex.report.run import Run

Channels = str | Mapping[str, Sequence[str]]


def packages(
    run: "Run", people: pd.DataFrame, crowds: Crowds, channel: Channels, days: int, seed: str, share: float, last: Path,
    *, rows: int = ROWS, differences: bool = True,
) -> pd.DataFrame:  # fmt: skip
    """Write one package for each crowd and channel into the run's folder `exports/`.

    people: one row a consumer, with consumer_id, crowd (the one it is addressed as), held_out (bool), perhaps band (1: met
    first). channel: of all crowds, or those of each. last: the folder of the last exports. rows: of a chunk. differences: whether
    a channel that has the audience already is to load only what changed. Returns crowd, channels, addressed, expires, status
    (written, empty, or refused: below the privacy threshold, nothing written), load (whole or differences; null unless
    written), come, gone (people; Int64, null where the whole is loaded).
    """
    held, made = people.consumer_id[people.held_out], []
    few, key = run.campaign.privacy_threshold, run.warehouse.manifest.get("key")
    for name in crowds.names:
        mine = people[people.crowd == name]
        left = int((~mine.held_out).sum())
        status = "empty" if mine.empty else "refused" if left < few else "written"
        title = {str(k): v for k, v in crowds.crowds[name].name.items()}
        by = [channel] if isinstance(channel, str) else list(channel[name])
        load: str | None = None
        come, gone = None, None
        for one in by:
            what = audience(name, crowds.digest(name), title, one, campaign=run.campaign.name, brand=run.brand,
                            as_of=run.as_of, days=days, seed=seed, share=share, key=key)  # fmt: skip
            if status == "written":
                package = export(
                    run.folder, what, mine.consumer_id, held, few, bands=mine.band if "band" in mine else None, rows=rows,
                    earlier=last / name / one if differences else None,
                )  # fmt: skip
                load, come, gone = loads(package)
        made.append((name, ", ".join(by), left, what.expires, status, load, come, gone))
    columns = ["crowd", "channels", "addressed", "expires", "status", "load", "come", "gone"]
    frame = pd.DataFrame(made, columns=columns).astype({"come": "Int64", "gone": "Int64"})
    return frame.assign(crowd=pd.Categorical(frame.crowd, crowds.names, ordered=True))
