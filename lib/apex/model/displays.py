"""What a display or a place in the circular adds to the sales of an item, told from stores and weeks that had it and others.

Sales of a cell (item, store, week) on what was shown there, with an effect of every item × week (a price cut or a season
that all stores share) and of every item × store (a store that always sells more of it): only what differs inside an item, store
against store and week against week, is left. All cells are there, so that taking means off twice is exact. Errors are clustered
by store (Cameron & Miller, *Journal of Human Resources* 50, 2015): what a store does differently it does for weeks. A price cut
that comes with the display is part of what is measured.
"""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from apex.measure.displays import Cells
from apex.model.estimate import LEVEL, NAN

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

FEW = 10  # stores below which clustered errors say nothing
EFFECTS = ["means", "outcome", "effect", "std_error", "low", "high", "usual", "bare", "shown", "n", "stores", "cannot"]


def effects(of: Cells, outcomes: tuple[str, ...] = ("units", "value_minor"), level: float = LEVEL) -> pd.DataFrame:
    """A row a means and outcome (EFFECTS), all means in one regression: effect per cell that shows, std_error, low, high.

    usual: mean of the cells that show nothing; bare: difference in means, which is no effect; shown: cells that show; n: cells;
    stores; cannot: why there is no number (too_few stores, no_variation of what is shown), else empty.
    """
    import statsmodels.api as sm
    from scipy.stats import t

    means = [m for m, grid in of.shown.items() if _varies(_within(grid.astype(float)))]
    store = np.broadcast_to(np.arange(of.shape[1])[None, :, None], of.shape).ravel()
    why = "too_few" if of.shape[1] < FEW else ""
    none, rows = ~np.logical_or.reduce(list(of.shown.values())), []
    half = float(t.ppf((1 + level) / 2, max(of.shape[1] - 1, 1)))
    for outcome in outcomes:
        y = getattr(of, outcome)
        fit = None
        if means and not why:
            design = np.column_stack([_within(of.shown[m].astype(float)).ravel() for m in means])
            fit = sm.OLS(_within(y).ravel(), design).fit(cov_type="cluster", cov_kwds={"groups": store})
        for m, grid in of.shown.items():
            found, se = (NAN, NAN)
            if fit is not None and m in means:
                found, se = float(fit.params[means.index(m)]), float(fit.bse[means.index(m)])
            usual = float(y[none].mean()) if none.any() else NAN
            bare = float(y[grid].mean() - y[~grid].mean()) if grid.any() and not grid.all() else NAN
            rows.append((m, outcome, found, se, found - half * se, found + half * se, usual, bare, int(grid.sum()), y.size,
                         of.shape[1], why or ("" if m in means else "no_variation")))  # fmt: skip
    return pd.DataFrame(rows, columns=EFFECTS)


def _within(grid: "Floats") -> "Floats":
    """(I, S, W) less the means of item × week and item × store."""
    found: Floats = grid - grid.mean(axis=1, keepdims=True) - grid.mean(axis=2, keepdims=True)
    return found + grid.mean(axis=(1, 2), keepdims=True)


def _varies(grid: "Floats") -> bool:
    return bool(grid.size and np.abs(grid).max() > 1e-9)
