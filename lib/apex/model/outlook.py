"""What a window may bring, as joint draws of all its measures: intervals, odds of several goals together."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from apex.model.yearly import Yearly

SIZE = 4000
ALL = "all"


@dataclass(frozen=True)
class Outlook:
    """draws: (SIZE, measures) of what the window brings; kept: what of a measure counts already, by measure, without doubt.

    middles: the forecast by measure, kept included. Goals are held against draws + kept.
    """

    draws: pd.DataFrame
    kept: Mapping[str, float]
    middles: Mapping[str, float]

    @property
    def measures(self) -> list[str]:
        """What is forecast."""
        return [str(m) for m in self.draws.columns]

    def whole(self, measure: str) -> pd.Series:
        """The draws of a measure, what counts already included."""
        return self.draws[measure] + self.kept.get(measure, 0.0)

    def middle(self, measure: str) -> float:
        """The forecast."""
        return float(self.middles[measure])

    def interval(self, measure: str, level: float = 0.8) -> tuple[float, float]:
        """Equal-tailed interval."""
        tail = (1 - level) / 2
        return self.quantile(measure, tail), self.quantile(measure, 1 - tail)

    def quantile(self, measure: str, share: float) -> float:
        """Below it lies so large a share of the draws."""
        return float(np.quantile(self.whole(measure), share))

    def odds(self, goals: Mapping[str, float]) -> dict[str, float]:
        """Odds that each goal is reached and, as ALL, that all of them are: counted in joint draws, never quite 0 or 1.

        Goals that are not forecast are left out, of ALL as well.
        """
        reached = pd.DataFrame({m: self.whole(m) >= goal for m, goal in goals.items() if m in self.draws})
        counts = {**reached.sum(), ALL: reached.all(axis=1).sum()} if len(reached.columns) else {}
        return {str(m): (float(n) + 0.5) / (len(self.draws) + 1) for m, n in counts.items()}

    def times(self, factors: pd.DataFrame, middles: Mapping[str, float]) -> "Outlook":
        """The outlook with each draw multiplied by its factor; middles: the factors' middles. Measures not named stay."""
        draws = self.draws.copy()
        for measure in factors.columns.intersection(draws.columns):
            draws[measure] = draws[measure].to_numpy() * factors[measure].to_numpy()
        moved = {
            m: (v - self.kept.get(m, 0.0)) * middles.get(m, 1.0) + self.kept.get(m, 0.0)
            for m, v in self.middles.items()
        }
        return replace(self, draws=draws, middles=moved)


def of_years(made: "Yearly", rng: np.random.Generator, size: int = SIZE) -> Outlook:
    """The outlook of a forecast from the same days of earlier years."""
    kept = {str(m): float(v) for m, v in made.kept.items()}
    middles = {str(m): float(v) + kept[str(m)] for m, v in made.middle.items()}
    return Outlook(made.draws(rng, size), kept, middles)


def of_plan(forecast: float, low: float, high: float, rng: np.random.Generator, size: int = SIZE) -> Outlook:
    """The outlook of a GMV forecast that is known by its 80 % interval only: log-normal, its halves as wide as each side."""
    z = rng.standard_normal(size)
    down, up = (
        np.log(max(forecast, 1e-9) / max(low, 1e-9)) / 1.2816,
        np.log(max(high, 1e-9) / max(forecast, 1e-9)) / 1.2816,
    )
    draws = forecast * np.exp(z * np.where(z < 0, down, up))
    return Outlook(pd.DataFrame({"gmv_minor": draws}), {}, {"gmv_minor": forecast})
