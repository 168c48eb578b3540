"""What a brand's buyers will bring: how often (`apex.model.clv`) times how much (`apex.model.spend`), on the market's clock.

No cost is taken off and nothing discounted. One buyer's figures are means over what the
model does not know; of groups there is an interval from simulated futures, with parameters drawn anew for each.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from apex.model import clv, spend
from apex.model.clock import Clock

DRAWS = 200
MONTH = 30
ENDS = ("", "_low", "_high")


@dataclass(frozen=True)
class Lifetime:
    """Both models fitted to a brand's buyers as of the clock's day. buyers: that part of `measure.buyers.buyers`."""

    clock: Clock
    rhythm: clv.Rhythm
    spend: spend.Spend
    buyers: pd.DataFrame

    @cached_property
    def histories(self) -> pd.DataFrame:
        """The buyers' histories on the clock, in their order."""
        return histories(self.buyers, self.clock, self.clock.now)

    def each(self, days: int) -> pd.DataFrame:
        """What is expected of each buyer in the coming days.

        Returns consumer_id, alive (probability), purchases, value_minor (expected), active_minor (expected of one who surely
        is still active), usual (the chance that an active buyer is silent for as long as this one).
        """
        grown = self.rhythm.expected(self.histories, self.clock.ahead(days), active=True)
        active, alive = grown * self.spend.expected(*self._money), self.rhythm.alive(self.histories)
        return pd.DataFrame({
            "consumer_id": self.buyers.consumer_id.to_numpy(), "alive": alive, "purchases": alive * grown,
            "value_minor": alive * active, "active_minor": active, "usual": self.rhythm.usual(self.histories),
        })  # fmt: skip

    @property
    def early(self) -> float:
        """The share of the buyers who were first seen in the data's first month: most will have bought before."""
        return float((self.buyers.first_day < self.clock.first + pd.Timedelta(days=MONTH)).mean())

    def alive(self, buyers: pd.DataFrame, day: pd.Timestamp) -> pd.Series:
        """The probability of being active that the model gave buyers as of an earlier day; index consumer_id."""
        found = self.rhythm.alive(histories(buyers, self.clock, day))
        return pd.Series(found, index=pd.Index(buyers.consumer_id, name="consumer_id"))

    def totals(
        self, cuts: Mapping[str, pd.Series], days: int, seed: int = 0, level: float = 0.95, draws: int = DRAWS
    ) -> pd.DataFrame:
        """Purchases and money of groups of buyers in the coming days: expected, and an interval for what will be.

        cuts: for each name a group per buyer, in the order of `buyers` (null: in none). Returns cut, group, buyers, purchases,
        value_minor, with _low and _high of both.
        """
        rng = np.random.default_rng(seed)
        coded = {cut: pd.factorize(groups, sort=True) for cut, groups in cuts.items()}
        sums: dict[str, list[np.ndarray]] = {cut: [] for cut in cuts}
        for future in self.rhythm.futures(self.histories, self.clock.ahead(days), rng, draws):
            money = self.spend.drawn(*self._money, future, rng)
            for cut, (codes, names) in coded.items():
                sums[cut].append(np.array([_by(codes, len(names), x) for x in (future, money)]))
        expected, frames = self.each(days), []
        for cut, (codes, names) in coded.items():
            low, high = np.quantile(np.array(sums[cut]), [(1 - level) / 2, (1 + level) / 2], axis=0)
            frame = pd.DataFrame({"cut": cut, "group": names, "buyers": _by(codes, len(names), 1).astype(int)})
            for n, column in enumerate(("purchases", "value_minor")):
                frame[column] = _by(codes, len(names), expected[column])
                frame[f"{column}_low"], frame[f"{column}_high"] = low[n], high[n]
            frames.append(frame)
        return pd.concat(frames, ignore_index=True)

    @cached_property
    def _money(self) -> tuple[np.ndarray, np.ndarray]:
        count = self.buyers.days.to_numpy(float)
        return count, self.buyers.value_minor.to_numpy(float) / count


def fit(buyers: pd.DataFrame, clock: Clock, family: str = "BG/NBD") -> Lifetime | None:
    """Both models, from the part of `measure.buyers.buyers` as of the clock's day; None where too few bought, or bought again."""
    buyers = buyers.reset_index(drop=True)
    if len(buyers) < clv.LEAST or (buyers.days > 1).sum() < clv.LEAST_AGAIN:
        return None
    rhythm = clv.fit(histories(buyers, clock, clock.now), family)
    return Lifetime(clock, rhythm, spend.fit(buyers.days, buyers.value_minor / buyers.days), buyers)


def histories(buyers: pd.DataFrame, clock: Clock, day: pd.Timestamp) -> pd.DataFrame:
    """frequency, recency, age of each buyer as of a day, on the clock."""
    return pd.DataFrame({
        "frequency": buyers.days.astype(float) - 1,
        "recency": clock.between(buyers.first_day, buyers.last_day),
        "age": clock.between(buyers.first_day, day),
    })  # fmt: skip


def worth(model: Lifetime | None, groups: pd.DataFrame, days: int, seed: int = 0) -> pd.DataFrame:
    """`Lifetime.totals` of each column of `groups` (a row a buyer, in order), whole numbers, with each_minor (a buyer's mean).

    Without a model no row.
    """
    if model is None:
        columns = [
            "cut",
            "group",
            "buyers",
            *(f"{c}{e}" for c in ("purchases", "value_minor") for e in ENDS),
            "each_minor",
        ]
        return pd.DataFrame(columns=columns).astype(dict.fromkeys(columns[2:], "int64"))
    found = model.totals({str(cut): groups[cut] for cut in groups}, days, seed)
    found["each_minor"] = found.value_minor / found.buyers
    return (
        found.astype(dict.fromkeys(found.columns[3:], "float64"))
        .round()
        .astype(dict.fromkeys(found.columns[2:], "int64"))
    )


def _by(codes: np.ndarray, groups: int, values: "np.ndarray | pd.Series | int") -> np.ndarray:
    """Sums of values by group; code −1 is in none."""
    inside = codes >= 0
    return np.bincount(codes[inside], np.broadcast_to(values, codes.shape)[inside], groups)
