"""How far off we were: intervals from the errors of earlier forecasts, made the same way.

Errors are on the logarithm. Each brand has its own scale, held back towards the cohort's (a brand with few windows gets
the cohort's); the quantiles of errors over scale are those of all brands together (a conformal interval).
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

HOLD_BACK = 4  # windows that the cohort's scale counts as, beside a brand's own
LEAST_ERRORS = 20  # fewer brand-windows say nothing about tails


@dataclass(frozen=True)
class Spread:
    """Scaled errors of earlier forecasts (sorted) and each brand's scale; `common` for a brand without earlier windows."""

    errors: np.ndarray
    scale: pd.Series
    common: float

    def scales(self, brands: "pd.Series | pd.Index") -> np.ndarray:
        """Each brand's scale of the log error."""
        return self.scale.reindex(brands).fillna(self.common).to_numpy()

    def quantile(self, brands: "pd.Series | pd.Index", share: float) -> np.ndarray:
        """The factor on each brand's forecast below which so large a share of results lies."""
        return np.exp(np.quantile(self.errors, share) * self.scales(brands))

    def odds(self, brand: str, factor: float) -> float:
        """The odds that the result is at least `factor` times the forecast; never quite 0 or 1."""
        if factor <= 0:
            return 1.0
        bar = np.log(factor) / self.scales(pd.Index([brand]))[0]
        return float((np.sum(self.errors >= bar) + 0.5) / (len(self.errors) + 1))


def spread_of(errors: pd.DataFrame) -> Spread | None:
    """The spread of a frame brand, error (log of result over forecast). None where there are too few errors."""
    errors = errors[np.isfinite(errors.error)]
    if len(errors) < LEAST_ERRORS:
        return None
    squares = (errors.error**2).groupby(errors.brand).agg(["sum", "size"])
    common = float((errors.error**2).mean())
    if common == 0:
        return Spread(np.zeros(len(errors)), pd.Series(dtype=float), 0.0)
    scale = np.sqrt((squares["sum"] + HOLD_BACK * common) / (squares["size"] + HOLD_BACK))
    scaled = errors.error.to_numpy() / errors.brand.map(scale).to_numpy()
    return Spread(np.sort(scaled), scale, float(np.sqrt(common)))
