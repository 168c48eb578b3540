"""Help or cannibalise: what buyers of one business spend after they began to buy in a second one, beside others like them.

Takes the frame of `apex.measure.entrants.entrants`. Compared are consumers of the same home, city tier and number of orders
in the time of entering, and within that at equal frequency, spend, recency and stage before. Own spend down would be
cannibalisation, total spend up would be help. Chance did not decide who entered: whoever was about to buy more may have
been likelier to be found elsewhere too. No answer from here is more than an association, and it counts for that only where
the same comparison finds nothing long before anybody entered (`placebo`).
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from apex.model.estimate import LEVEL, Estimate, Question

OUTCOMES = ("own_minor", "other_minor", "total_minor")
ORDERS = 3  # orders in the time of entering: equal up to here, together from here on
LEAST = 30  # of either kind: below that no figure


@dataclass(frozen=True)
class Verdict:
    """What the estimates together say.

    answer: cannibalise (own spend down), help (total up), shift (own down, total up), neither (no difference can be told from
    chance), mixed (another combination), too_few. own, other, total: what an entrant spent more in the time after than
    comparable buyers did. naive: the bare difference in total. placebo: the comparison of total spend before; it fails
    where its interval leaves 0 out. trusted: whether there is an estimate and the placebo does not fail.
    """

    answer: str
    own: Estimate
    other: Estimate
    total: Estimate
    naive: Estimate
    placebo: Estimate

    @property
    def trusted(self) -> bool:
        """Whether the comparison found nothing where there is nothing to be found, and something could be compared at all."""
        return not self.total.cannot and not self.placebo.cannot and self.placebo.low <= 0 <= self.placebo.high


def verdict(entrants: pd.DataFrame, *, level: float = LEVEL) -> Verdict:
    """The whole answer from the frame of `measure.entrants.entrants`; money per entrant in minor units."""
    data = entrants.assign(total_minor=entrants.own_minor + entrants.other_minor)
    own, other, total = (adjusted(data, outcome, level=level) for outcome in OUTCOMES)
    known = data[data.placebo_minor.notna()]
    placebo = adjusted(known, "placebo_minor", level=level)
    return Verdict(_answer(own, total), own, other, total, naive(data, "total_minor", level=level), placebo)


def by_second(entrants: pd.DataFrame, *, level: float = LEVEL) -> dict[str, Estimate]:
    """Total spend by the business that was entered, for whoever entered one only, against all who entered none.

    Intervals hold together with `level` (Bonferroni over the businesses).
    """
    data = entrants.assign(total_minor=entrants.own_minor + entrants.other_minor)
    names = sorted(set(data.into[data.entered]) & set(data.home) - {""})
    each = 1 - (1 - level) / max(len(names), 1)
    return {name: adjusted(data[~data.entered | (data.into == name)], "total_minor", level=each) for name in names}


def naive(data: pd.DataFrame, outcome: str, *, level: float = LEVEL) -> Estimate:
    """The bare difference between those who entered and those who did not: only to warn of."""
    ask = Question(f"naive {outcome}", "counted", data.entered.to_numpy(bool), 0, level)
    if why := ask.trouble():
        return ask.cannot(why)
    y = data[outcome].to_numpy(float)
    return ask.least_squares(y, np.column_stack([np.ones(len(y)), ask.treated]), clusters=data.consumer_id)


def adjusted(data: pd.DataFrame, outcome: str, *, level: float = LEVEL, least: int = LEAST) -> Estimate:
    """The difference within cells of home, city tier and orders, adjusted for what came before; clustered by consumer.

    Cells that hold only one kind are left out (`left_out`: their share of those who entered). Fewer than `least` of either
    kind: cannot is `too_few`.
    """
    orders = data.entry_orders.clip(upper=ORDERS)
    cell = data.groupby([data.home, data.city_tier, orders]).ngroup()
    kinds = data.entered.groupby(cell).transform("nunique") if len(data) else data.entered
    used = data[kinds == 2]
    ask = Question(f"adjusted {outcome}", "credit", used.entered.to_numpy(bool), 0, level)
    out = 1 - used.entered.sum() / data.entered.sum() if data.entered.any() else 0.0
    if why := ask.trouble(least):
        return replace(ask.cannot(why), left_out=out)
    y = used[outcome].to_numpy(float)
    dummies = [pd.get_dummies(c, drop_first=True).to_numpy(float) for c in (cell[used.index], used.wave, used.stage)]
    before = used[["prior_orders", "prior_minor", "entry_orders"]].astype(float).clip(lower=0)
    lines = [np.log1p(before.to_numpy()), used[["recency"]].to_numpy(float)]
    x = np.column_stack([*lines, *dummies])
    x = x[:, np.ptp(x, axis=0) > 0]
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    design = np.column_stack([np.ones(len(y)), ask.treated, x])
    # what earlier columns say already leaves nothing on the triangle of QR: orders within cells of one order, say
    design = design[:, np.abs(np.diag(np.linalg.qr(design, mode="r"))) > 1e-8 * np.sqrt(len(y))]
    return replace(ask.least_squares(y, design, clusters=used.consumer_id), left_out=out)


def shares(crossed: pd.DataFrame, *, level: float = LEVEL) -> pd.DataFrame:
    """The frame of `businesses.crossed` (or what may be shown of it) with rate, low, high: Wilson's interval (1927).

    All three are null where a count is, and without consumers.
    """
    from statsmodels.stats.proportion import proportion_confint

    some = (crossed.consumers > 0).fillna(False).astype(bool)
    seen = crossed.consumers.where(some, 1).astype(float)
    found = crossed.buyers.where(some, 0).astype(float)
    low, high = proportion_confint(found, seen, alpha=1 - level, method="wilson")
    columns = {"rate": found / seen, "low": low, "high": high}
    return crossed.assign(**{n: pd.Series(x, crossed.index, dtype="Float64").where(some) for n, x in columns.items()})


def _answer(own: Estimate, total: Estimate) -> str:
    if own.cannot or total.cannot:
        return "too_few"
    down, up = own.high < 0, total.low > 0
    if down or up:
        return "shift" if down and up else "cannibalise" if down else "help"
    return "mixed" if own.low > 0 or total.high < 0 else "neither"
