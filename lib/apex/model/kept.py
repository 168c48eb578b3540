"""How long people kept the stage at which they stood on a day: the product-limit curve of `statsmodels` by stage.

Everybody is followed from the same day on; whoever has not fallen by today is cut there. On a page a step of a curve tells how
many left on a day, so only days between which none or enough left are given.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

COLUMNS = ["stage", "day", "share", "low", "high"]
LEAST = 30  # people at a stage
LEVEL_Z = 1.959964


def curves(stays: pd.DataFrame, stages: Sequence[str], least: int, step: int = 7) -> pd.DataFrame:
    """COLUMNS by stage and every `step` days, from the frame of `measure.leavers.stays`; 95 % intervals, log-log scale."""
    from statsmodels.duration.survfunc import SurvfuncRight

    frames = []
    for stage in stages:
        mine = stays[stays.stage == stage]
        if len(mine) < LEAST or not mine.fell.any():
            continue
        found = SurvfuncRight(np.maximum(mine.days.to_numpy(float), 0.5), mine.fell.to_numpy(int))
        days = np.arange(0, int(mine.days.max()) + 1, step)
        at = np.searchsorted(found.surv_times, days, side="right") - 1
        share = np.where(at < 0, 1.0, found.surv_prob[at])
        error = np.where(at < 0, 0.0, found.surv_prob_se[at])
        low, high = _log_log(share, LEVEL_Z * error)
        frame = pd.DataFrame({"stage": stage, "day": days, "share": share, "low": low, "high": high})
        frames.append(frame[_enough(mine[mine.fell].days.to_numpy(), days, least)])
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=COLUMNS)


def _enough(left: np.ndarray, days: np.ndarray, least: int) -> np.ndarray:
    """Which days may be shown: none or at least so many left since the last one that is."""
    upto, keep, shown = np.searchsorted(np.sort(left), days, side="right"), np.zeros(len(days), bool), 0
    for k, count in enumerate(upto):
        if count in (0, shown) or count - shown >= least:
            keep[k], shown = True, count
    return keep


def _log_log(share: np.ndarray, reach: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    inside = (share > 1e-9) & (share < 1 - 1e-9)
    safe = np.where(inside, share, 0.5)
    wide = np.exp(np.where(inside, reach, np.nan) / np.abs(safe * np.log(safe)))
    return safe**wide, safe ** (1 / wide)
