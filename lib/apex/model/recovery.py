"""Money that was not spent, put where it brings back most: the media plan's curves, on what is left of the campaign.

A line (channel and phase) of the plan brings v b / (1 + b / k) for b: v and k from what the media page says that the planned
b brings and what one unit more in its channel would. Of a phase that is partly over, the days left carry their part. The
split is `model.split`'s linear programme: no line is cut below `keep` of what is left of it, none raised above `most` times that.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from apex.model import split

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

KEEP, MOST = 0.5, 2.0  # of what is left of a line: a convention
DRAWS = 400
LEAST = 0.01  # of the money left: a smaller change is none
TAIL = (0.1, 0.9)
LINES = ["phase", "channel", "planned", "left", "spent", "gmv_minor", "low", "high", "next_yuan"]
CHANGES = ["phase", "channel", "left", "change", "gmv_minor", "low", "high"]


@dataclass(frozen=True)
class Recovery:
    """lines: CHANGES, what each line is raised or cut by from tomorrow on and what that brings. Money in minor units, 80 %.

    lost: GMV that what was not delivered so far would have brought; back: what the changes bring over the plan as it stands, each
    (middle, low, high); share: of the lost that comes back, null where less than nothing was lost. unspent: money to place;
    placed: of it, what found a place.
    """

    lines: pd.DataFrame
    lost: tuple[float, float, float]
    back: tuple[float, float, float]
    share: tuple[float, float, float] | None
    unspent: float
    placed: float


def recover(lines: pd.DataFrame, seed: int, keep: float = KEEP, most: float = MOST) -> Recovery | None:
    """lines: LINES, planned of the whole phase, left of its days to come (a part of planned), spent so far, what planned brings.

    None where nothing is left to change.
    """
    rows = lines[(lines.planned > 0) & (lines.gmv_minor > 0)].reset_index(drop=True)
    left, planned = rows.left.to_numpy(float), rows.planned.to_numpy(float)
    if not (left > 0).any():
        return None
    due, spent = planned - left, rows.spent.to_numpy(float)
    per, after = rows.gmv_minor.to_numpy(float) / planned, rows.next_yuan.to_numpy(float)
    sums = rows.groupby("channel")[["gmv_minor", "planned"]].transform("sum")
    whole = (sums.gmv_minor / sums.planned).to_numpy(
        float
    )  # what one more brings is known of channels, not of their phases
    bend = np.clip(whole / np.maximum(after, 1e-9), 1.001, 25.0)  # 1 + b / k of the planned b
    value, scale = per * bend, planned / (bend - 1)

    def brings(money: "Floats", part: "Floats") -> "Floats":
        """(…, lines) GMV of so much money in a part of each line's days."""
        room = np.maximum(scale * part, 1e-9)
        return np.where(part > 0, value * money / (1 + money / room), 0.0)

    over, ahead = due / planned, left / planned
    missing = brings(due, over) - brings(spent, over)
    unspent = float(lines.planned.sum() - lines.left.sum() - lines.spent.sum())
    total = max(left.sum() + unspent, left.sum() * keep)
    found = split.best(
        lambda b: brings(b, ahead),
        total,
        keep * left,
        most * left,
        [f"{r.phase}/{r.channel}" for r in rows.itertuples()],
    )
    small = np.abs(found.budget - left) < LEAST * left.sum() * 0.1
    budget = np.where(small, left, found.budget)
    gain = brings(budget, ahead) - brings(left, ahead)
    rng = np.random.default_rng(seed)
    channels = {c: n for n, c in enumerate(dict.fromkeys(rows.channel))}
    at = rows.channel.map(channels).to_numpy()
    sd = (rows.high - rows.low).to_numpy(float) / 2.5631 / rows.gmv_minor.to_numpy(float)
    factor = np.maximum(1 + rng.standard_normal((DRAWS, len(channels)))[:, at] * sd, 0.0)
    lost, back = factor @ missing, factor @ gain
    each = factor * gain
    table = rows[["phase", "channel", "left"]].assign(
        change=(budget - left).round(), gmv_minor=gain.round(), low=np.quantile(each, TAIL[0], axis=0).round(),
        high=np.quantile(each, TAIL[1], axis=0).round(),
    )  # fmt: skip
    moved = table[table.change.abs() >= 1].sort_values("change", ascending=False, ignore_index=True)
    share = None
    if missing.sum() > 0 and np.quantile(lost, TAIL[0]) > 0:
        share = _interval(back / np.maximum(lost, 1e-9), float(gain.sum() / missing.sum()))
    placed = float(min(max(budget.sum() - left.sum(), 0.0), max(unspent, 0.0)))
    return Recovery(
        moved[CHANGES],
        _interval(lost, float(missing.sum())),
        _interval(back, float(gain.sum())),
        share,
        unspent,
        placed,
    )


def _interval(draws: "Floats", middle: float) -> tuple[float, float, float]:
    low, high = np.quantile(draws, TAIL)
    return middle, float(min(low, middle)), float(max(high, middle))
