"""Where a guaranteed buy will end, and the odds that it is met: its track record and its pace, in one posterior.

Two things tell of the end D of a contract over an amount A of which S units have come. Ended contracts ended at shares D / A of
what they promised: ln(D / A) normal. And at this point of their calendar they had S of their D units: beta-binomial around the
usual share. Bayes on the grid of possible D. Both spreads are how far off the same statement was for ended contracts.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from apex.model import contract_pace
from apex.model.contract_pace import Course, Pace

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

INTERVAL = (0.1, 0.9)
GRID = 2000
RATE, WORTH = 0.3, 4  # prior sd of ln(D / A), and how many ended contracts it is worth: a convention
EVEN, WIDE = 20.0, 1.0  # prior of the beta-binomial's precision: median, sd of the logarithm
OWN = 0.5  # prior sd of ln of a guarantee's own precision beside that of all
OFFSET = 0.5  # prior sd of how far a kind of guarantee runs ahead of its impressions (logit)
ENOUGH = 8  # ended contracts below which the page says that odds rest on a convention


@dataclass(frozen=True)
class Record:
    """What ended contracts teach. middle, spread: of ln(D / A); by guarantee, precision: of the beta-binomial; ahead: logit by
    which its units run ahead of the impressions; n: ended contracts; costs: guarantee → impressions that one more unit took
    from here on (1 for impressions).
    """

    middle: float
    spread: float
    precision: dict[str, float]
    ahead: dict[str, float]
    n: int
    costs: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class End:
    """One contract's end: `units` possible ends (ascending) with `weight` (sums to 1); amount; come: so far."""

    amount: float
    come: float
    units: "Floats"
    weight: "Floats"

    def quantile(self, share: float) -> float:
        """The end that is not exceeded with this probability."""
        return float(
            self.units[np.searchsorted(np.cumsum(self.weight), share * (1 - 1e-12)).clip(0, len(self.units) - 1)]
        )

    @property
    def mean(self) -> float:
        """The expected end."""
        return float(self.units @ self.weight)

    @property
    def short(self) -> float:
        """P(under-delivery)."""
        return float(self.weight[self.units < self.amount].sum())

    def gap(self) -> float:
        """Expected units missing, over all cases (0 where it is met)."""
        return float(np.maximum(self.amount - self.units, 0) @ self.weight)

    def gap_at(self, share: float) -> float:
        """Units that are enough to meet it with this probability."""
        return max(self.amount - self.quantile(1 - share), 0.0)

    def draws(self, count: int, rng: np.random.Generator) -> "Floats":
        """(count,) possible ends."""
        return rng.choice(self.units, count, p=self.weight)


def stand(of: Sequence[Course], pace: Pace, at: Sequence[int]) -> tuple["Floats", "Floats"]:
    """Units that have come after `at` days of each course, and the share of its impressions that usually came by then."""
    come = [c.units[:done].sum() for c, done in zip(of, at, strict=True)]
    weights = [pace.weights(c) for c in of]
    return np.array(come, float), np.array([w[:n].sum() / w.sum() for w, n in zip(weights, at, strict=True)], float)


def learn(ended: pd.DataFrame, come: "Floats", share: "Floats", end: "Floats") -> Record:
    """From ended contracts (amount, guarantee): what had come when they stood here, the usual share then, and the end."""
    from scipy.optimize import minimize

    kinds = sorted(set(ended.guarantee))
    error = np.log(np.maximum(end, 0.5) / ended.amount.to_numpy(float))
    n = len(ended)
    middle = float(error.sum() / (n + WORTH))
    spread = float(np.sqrt((((error - middle) ** 2).sum() + WORTH * RATE**2) / (n + WORTH)))
    use = (end > 0) & (share > 0) & (share < 1)
    which = np.array([kinds.index(g) for g in ended.guarantee], int)

    def loss(x: "Floats") -> float:
        ahead, own = np.split(x[1:], 2)
        prior = (
            ((x[0] - np.log(EVEN)) / WIDE) ** 2 / 2 + ((ahead / OFFSET) ** 2).sum() / 2 + ((own / OWN) ** 2).sum() / 2
        )
        if not use.any():
            return float(prior)
        usual = _ahead(share[use], ahead[which[use]])
        return float(prior - _log_pace(come[use], end[use], usual, np.exp(x[0] + own[which[use]])).sum())

    start = np.r_[np.log(EVEN), np.zeros(2 * len(kinds))]
    found = minimize(loss, start, method="L-BFGS-B", bounds=[(0, 9), *[(-3, 3)] * (2 * len(kinds))])
    ahead, own = np.split(found.x[1:], 2)
    precision = {kind: float(np.exp(found.x[0] + more)) for kind, more in zip(kinds, own, strict=True)}
    every = {"": float(np.exp(found.x[0]))}
    return Record(middle, spread, every | precision, dict(zip(kinds, ahead.tolist(), strict=True)), n)


def end_of(amount: float, guarantee: str, come: float, share: float, record: Record) -> End:
    """The end of one open contract. share: of its units that usually came by now; 0 where it has not begun, 1 at its end."""
    if share >= 1:
        return End(amount, come, np.array([come]), np.array([1.0]))
    usual = float(_ahead(np.array([share]), np.array([record.ahead.get(guarantee, 0.0)]))[0]) if share > 0 else 0.0
    top = amount * np.exp(record.middle + 6 * record.spread) + 3
    if usual > 0:
        top = max(top, 2 * come + 10)
    units = np.unique(np.round(np.linspace(come, max(top, come + 10), GRID))).astype(float)
    width = np.gradient(units) if len(units) > 1 else np.ones(1)
    x = np.log(np.maximum(units, 0.5) / amount)
    log = -(((x - record.middle) / record.spread) ** 2) / 2 - np.log(np.maximum(units, 0.5)) + np.log(width)
    if usual > 0:
        own = record.precision.get(guarantee, record.precision[""])
        log = log + _log_pace(np.full(len(units), come), units, np.full(len(units), usual), own)
    weight = np.exp(log - log.max())
    return End(amount, come, units, weight / weight.sum())


def counting_only(amount: float, come: float, share: float) -> End:
    """The rival that knows no spread of forecasts: what has come over the usual share, and counting noise of the rest alone."""
    from scipy.stats import poisson

    rest = come / share * (1 - share) if share > 0 else amount
    units = come + np.arange(int(rest + 10 * np.sqrt(rest) + 20), dtype=float)
    weight = poisson.pmf(units - come, rest)
    return End(amount, come, units, weight / weight.sum())


@dataclass(frozen=True)
class Outlook:
    """Contracts that are open on a day. of: their rows; ends, courses, share (usually come by now) in their order.

    record: of the contracts that most of them stand like; None where nothing is open.
    """

    day: date
    of: pd.DataFrame
    ends: list[End]
    courses: list[Course]
    share: "Floats"
    record: Record | None

    @property
    def costs(self) -> "Floats":
        """(J,) impressions that one more unit of each takes; nan where no ended contract of its kind tells."""
        known = {} if self.record is None else self.record.costs
        return np.array([known.get(kind, np.nan) for kind in self.of.guarantee], float)

    @property
    def due(self) -> "Floats":
        """(J,) impressions that are still due to meet each exactly; nan as in `costs`."""
        return np.array([max(e.amount - e.come, 0.0) for e in self.ends], float) * self.costs


def outlook(of: pd.DataFrame, daily: pd.DataFrame, phases: pd.DataFrame, day: date) -> Outlook:
    """Where contracts that are open on `day` will end. of: these and those that ended, which teach; daily: of all up to `day`."""
    over = np.array([d <= day for d in of.last_day], bool)
    ended, open_ = of[over].reset_index(drop=True), of[~over].reset_index(drop=True)
    taught, mine = (contract_pace.courses(part, daily, phases) for part in (ended, open_))
    pace = contract_pace.learn(taught)
    at = [contract_pace.days_done(row.first_day, row.last_day, day) for row in open_.itertuples()]
    come, share = stand(mine, pace, at)
    total = np.array([c.units.sum() for c in taught], float)
    where = [contract_pace.reached(c.phases, done) for c, done in zip(mine, at, strict=True)]
    records: dict[tuple[str, float], Record] = {}
    for place in dict.fromkeys(where):
        done = float(np.mean([at[n] / len(mine[n].phases) for n in range(len(mine)) if where[n] == place]))
        far = [contract_pace.as_far(c.phases, place, done) for c in taught]
        costs = _costs(ended.guarantee.tolist(), taught, far)
        records[place] = replace(learn(ended, *stand(taught, pace, far), total), costs=costs)
    made = [end_of(float(row.amount), row.guarantee, come[n], share[n], records[where[n]])
            for n, row in enumerate(open_.itertuples())]  # fmt: skip
    most = max(records, key=where.count) if records else None
    return Outlook(day, open_, made, mine, share, None if most is None else records[most])


def _costs(kinds: Sequence[str], of: Sequence[Course], at: Sequence[int]) -> dict[str, float]:
    """Impressions a unit after `at` days, by guarantee; of kinds that brought none, nothing is said."""
    rest = [(k, c.impressions[n:].sum(), c.units[n:].sum()) for k, c, n in zip(kinds, of, at, strict=True)]
    sums = pd.DataFrame(rest, columns=["kind", "impressions", "units"]).groupby("kind").sum()
    ratio = (sums.impressions / sums.units)[sums.units > 0]
    return {str(k): max(float(v), 1.0) for k, v in ratio.items()} | {"impressions": 1.0}


def _ahead(share: "Floats", logit: "Floats") -> "Floats":
    inside = np.clip(share, 1e-6, 1 - 1e-6)
    return np.asarray(1 / (1 + (1 - inside) / inside * np.exp(-logit)), float)


def _log_pace(come: "Floats", end: "Floats", share: "Floats", precision: "Floats | float") -> "Floats":
    """ln of the beta-binomial chance that `come` of `end` units had come."""
    from scipy.special import betaln, gammaln

    a, b, rest = share * precision, (1 - share) * precision, np.maximum(end - come, 0)
    count = gammaln(end + 1) - gammaln(come + 1) - gammaln(rest + 1)
    return np.asarray(count + betaln(come + a, rest + b) - betaln(a, b), float)
