"""How much more or less one and the same contact does by message, stage, and what was shown before: learned from clicks.

Money is far too rare to tell a message from another at a stage after three touches; clicks are a hundred times as many. So the
*relative* response of a state is that of its clicks, and its level that of money (`model.moves`). That what lets people click
lets them be moved is an assumption; the page says so. A log-linear model of clicks on channel, stage, message, message ×
stage, touches so far, days since, and the same message again; each family of cells is held back to its margin by a normal prior
(`WIDTH`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

WIDTH = {  # prior sd of the logarithm of a cell beside its margin (convention; channel and stage are free)
    "channel": 3.0, "cell": 1.0, "message": 0.3, "message cell": 0.3, "channel cell": 0.2, "touches": 0.15, "since": 0.15,
    "same": 0.2,
}  # fmt: skip
FAMILIES = {
    "channel": ["channel"], "cell": ["cell"], "message": ["message"], "message cell": ["message", "cell"],
    "channel cell": ["channel", "cell"], "touches": ["touches"], "since": ["since"], "same": ["same"],
}  # fmt: skip
RELATIVE = (
    "message",
    "message cell",
    "touches",
    "since",
    "same",
)  # what a step's response is made of, beside channel and stage
# Prior of fatigue: each touch so far divides what the next one does by 1 + so much. Who was touched often in the log is one who
# likes the brand, so clicks show next to nothing of it; set on the default market played.
WEAR = 0.1
ROUNDS = 10


@dataclass(frozen=True)
class Response:
    """log response of a state and message: a sum of coefficients, with their covariance.

    index: (family, level…) → place in `mean`; usual: (cells, coefficients) what the steps of the log take on average, by cell
    of `cells`; clicks: how many were learned from.
    """

    index: dict[tuple[str, ...], int]
    mean: "Floats"
    covariance: "Floats"
    cells: tuple[str, ...]
    usual: "Floats"
    clicks: int

    def design(self, cell: str, message: str, since: int, touches: int, same: bool) -> "Floats":
        """What a state and a message take of the coefficients; unknown levels are 0: their margin."""
        row = np.zeros(len(self.mean))
        for term in (("message", message), ("message cell", message, cell), ("since", str(since)),
                     ("touches", str(touches)), ("same", str(int(same)))):  # fmt: skip
            if term in self.index:
                row[self.index[term]] = 1.0
        return row


def fit(met: pd.DataFrame) -> Response:
    """The fit on steps: channel, cell, message, since, touches, last, clicked."""
    if len(met):
        clickable = met.groupby("channel").clicked.transform("sum") > 0
        met = met[clickable & (met.message != "")]
    if not len(met):
        return Response({}, np.zeros(0), np.zeros((0, 0)), (), np.zeros((0, 0)), 0)
    keys = ["channel", "cell", "message", "since", "touches", "same"]
    same = (met["last"].to_numpy(object) == met.message.to_numpy(object)).astype(int)
    rows = met.assign(same=same).groupby(keys, observed=True).clicked.agg(["size", "sum"]).reset_index()
    index: dict[tuple[str, ...], int] = {}
    columns: list[np.ndarray] = []
    precision: list[float] = []
    for family, of in FAMILIES.items():
        code, levels = pd.factorize(pd.MultiIndex.from_frame(rows[of].astype(str)), sort=True)
        for number, level in enumerate(levels):
            index[(family, *level)] = len(columns)
            columns.append((code == number).astype(float))
            precision.append(WIDTH[family] ** -2)
    x, n, y = np.column_stack(columns), rows["size"].to_numpy(float), rows["sum"].to_numpy(float)
    hold, start = np.diag(precision), np.log((y.sum() + 0.5) / (n.sum() + 1))
    coef = np.zeros(len(columns))
    for _ in range(ROUNDS):
        mu = n * np.exp(np.clip(start + x @ coef, -30, 3))
        information = (x.T * mu) @ x + hold
        step = np.linalg.solve(information, x.T @ (y - mu) - hold @ coef)
        coef = coef + step * min(1.0, 1.0 / max(float(np.abs(step).max()), 1e-9))
    cells = tuple(sorted(rows.cell.unique()))
    shown = np.array([f in RELATIVE for f, *_ in index])
    usual = np.array([np.average(x[rows.cell == c], axis=0, weights=n[rows.cell == c]) * shown for c in cells])
    return Response(index, coef, np.linalg.inv(information), cells, usual, int(y.sum()))


def table(
    of: Response, cells: Sequence[str], messages: Sequence[str], since: int, touches: int
) -> tuple["Floats", "Floats"]:
    """Response beside the average step of the cell, and the sd of its logarithm.

    Worn by touches, see WEAR. Both (cells, since, touches, messages + 1, messages); the fourth is the last message, none first.
    """
    shape = (len(cells), since, touches, len(messages) + 1, len(messages))
    worn = 1 / (1 + WEAR * np.arange(touches))[None, None, :, None, None]
    if not len(of.mean):
        return np.ones(shape) * worn, np.zeros(shape)
    average = dict(zip(of.cells, of.usual, strict=True))
    nothing = of.usual.mean(axis=0)
    rows = np.array([
        of.design(c, m, r, k, last > 0 and messages[last - 1] == m) - average.get(c, nothing)
        for c in cells for r in range(since) for k in range(touches) for last in range(len(messages) + 1) for m in messages
    ])  # fmt: skip
    spread = np.sqrt(np.maximum(((rows @ of.covariance) * rows).sum(axis=1), 0))
    return np.exp(rows @ of.mean).reshape(shape) * worn, spread.reshape(shape)
