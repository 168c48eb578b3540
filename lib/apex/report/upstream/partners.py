"""What `4_wrapup/partners` reads: services, every brand's days, improvements matched with peers, and the league of providers."""

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from apex.measure import services as measure
from apex.measure.services import MEASURES, MONEY, POWERS
from apex.model import partners as model

if TYPE_CHECKING:
    from apex.report.run import Run

TABLE = ["provider", "brands", "services", "score", "counted", *MEASURES]


@dataclass(frozen=True)
class Study:
    """All of it. years: how far back services are looked at."""

    run: "Run"
    years: int

    @cached_property
    def services(self) -> pd.DataFrame:
        """Services that had begun by today and ended within `years`."""
        found = measure.services(self.run.warehouse)
        return found[found.last_day > self._since].reset_index(drop=True)

    @cached_property
    def each(self) -> pd.DataFrame:
        """`model.partners.each`; empty without services."""
        if self.services.empty:
            return pd.DataFrame(columns=model.EACH)
        first = self._since - timedelta(days=model.LONGEST)
        of = measure.trade(self.run.warehouse, max(first, self.run.warehouse.first_day))
        return model.each(self.services, of, tuple(self.run.campaign.peers.exclude))

    @cached_property
    def leagues(self) -> dict[str, pd.DataFrame]:
        """`model.partners.league` by measure, providers that may be shown: those of FEWEST brands and more, and our own."""
        own = set(self.services.provider[self.services.brand == self.run.brand])
        found = {}
        for name in MEASURES:
            table = model.league(self.each, name)
            found[name] = table[(table.brands >= model.FEWEST) | table.provider.isin(own)].reset_index(drop=True)
        return found

    def league(self) -> pd.DataFrame:
        """All leagues one below the other, with the measure's name."""
        return pd.concat(list(self.leagues.values()), ignore_index=True)

    def powers(self) -> pd.DataFrame:
        """A row a provider (TABLE): improvement by measure (held back; share), score (mean percentile over the five powers, 0 to
        100, of those with FEWEST brands), counted: powers it has; best score first.
        """
        parts = [t.set_index("provider").shrunk.rename(name) for name, t in self.leagues.items()]
        whole = np.expm1(pd.concat(parts, axis=1)) if parts else pd.DataFrame(columns=list(MEASURES))
        size = self.leagues[MONEY].set_index("provider")[["brands", "services"]]
        whole = whole.join(size, how="left")
        ranked = whole[whole.brands >= model.FEWEST]
        percentile = ranked[list(POWERS)].rank(pct=True) * 100
        whole["score"], whole["counted"] = percentile.mean(axis=1), percentile.notna().sum(axis=1)
        whole = whole.rename_axis("provider").reset_index()[TABLE]
        return whole.sort_values(["score", "provider"], ascending=[False, True], ignore_index=True)

    def ours(self) -> pd.DataFrame:
        """The services of the run's brand, as `each` has them."""
        return self.each[self.each.brand == self.run.brand].reset_index(drop=True)

    @property
    def _since(self):  # type: ignore[no-untyped-def]
        return self.run.as_of - timedelta(days=365 * self.years)
