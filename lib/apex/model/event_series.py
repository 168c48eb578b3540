"""What an event day did, by a structural time series: its days are set missing, and the series fills them.

The square root of a day's sales is a level that walks, moods that fade (autoregressive), weekdays, the brand's other campaigns
and chance (Harvey, *Forecasting, Structural Time Series Models and the Kalman Filter*, 1989; Brodersen et al., *Annals of Applied
Statistics* 9, 2015); `statsmodels` filters it. All days of all events are missing. Draws of its simulation smoother (Durbin &
Koopman 2002) fill them from both sides, and a draw's sum over a block is one answer of what the block would have sold. The root
holds the scatter of counts alike at any level, and the mean of its square is the mean of what was sold, so nothing is lost by it.

Intervals reach as far as those of `event_days`: by the degrees of freedom of as many separate blocks as plain days make.

How far the level walks beside chance is not set to its likeliest value, which is nought far too often and makes long gaps look
sure. It is averaged over a grid by likelihood, the scale within it by χ². So nothing has to converge; a likelihood that is no
number says `no_fit`.

The category without the brand stands in the regression for the brand's **own** festivals alone (as in `event_days`): on the
platform's days it is part of the event.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from apex.model.estimate import LEVEL, NAN
from apex.model.event_days import BLOCKS, LEAST_DAYS, LEAST_SALES, LEVEL_DAYS, WEEK, assign, reach

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

DRAWS, PLACEBO_DRAWS = 80, 40
LONGEST = 800  # days looked at: older ones say little of the level, and take their time
WALK = (0.0, 0.01, 0.03, 0.06, 0.12, 0.25)  # sd of the level's step beside that of chance
MOOD = ((0.0, 0.0), (0.5, 0.5), (0.8, 0.3), (0.8, 0.6), (0.95, 0.2))  # (what stays a day later, sd of what comes)
APART = 4.0  # factor of scale between the two likelihoods from which the sum of squares is read
NORMAL = 1.959964  # reach of a normal, for LEVEL
EFFECTS = ["event", "block", "days", "sold", "without", "effect", "low", "high", "se", "usual", "cannot"]
LINES = ["actual", "without", "low", "high"]
DAYS = ["day", *LINES, *(f"sum_{line}" for line in LINES)]
PLACEBO = ["first_day", "days", "sold", "without", "low", "high", "held"]


@dataclass(frozen=True)
class Series:
    """draws: (draws, days) of what each day would have sold; n: plain days; cannot: too_few, no_fit, or empty."""

    draws: "Floats"
    n: int
    cannot: str = ""

    def sums(self, days: "Bools") -> tuple[float, float]:
        """(mean, standard deviation) of what these days together would have sold."""
        sums = self.draws[:, days].sum(axis=1)
        return float(sums.mean()), float(sums.std(ddof=1))


def fit(
    trade: pd.DataFrame,
    free: "Bools",
    measure: str,
    control: "Bools | None",
    dice: np.random.Generator,
    draws: int = DRAWS,
) -> Series:
    """Draws of what all days would have sold.

    trade: day, `measure`, others, perhaps pushed, a row a day without gaps. free: plain days, from which it learns; the rest is
    missing. control: days on which the category without the brand is no part of an event and stands in the regression; None: it
    does not.
    """
    y, n = trade[measure].to_numpy(float), int(free.sum())
    if n < LEAST_DAYS or (y[free] > 0).sum() < LEAST_SALES:
        return Series(np.zeros((0, len(y))), n, "too_few")
    from statsmodels.tsa.statespace.simulation_smoother import SIMULATION_STATE
    from statsmodels.tsa.statespace.structural import UnobservedComponents

    root = np.sqrt(np.clip(y, 0, None))
    middle, unit = float(root[free].mean()), max(float(root[free].std()), 1e-9)
    design = _regressors(trade, free, control)
    seen = np.where(free, (root - middle) / unit, np.nan)
    model = UnobservedComponents(seen, "llevel", autoregressive=1, exog=design, mle_regression=False)
    model.ssm.loglikelihood_burn = 0
    freedom = n - 1 - design.shape[1]
    grid = [(walk, stays, mood) for walk in WALK for stays, mood in MOOD]
    squares, fits = _likelihoods(model, grid, n, freedom)
    if not np.isfinite(fits).all() or not (squares > 0).all():
        return Series(np.zeros((0, len(y))), n, "no_fit")
    weight = np.exp(fits - fits.max())
    sampler = model.simulation_smoother(simulation_output=SIMULATION_STATE)
    out, size = [], len(y)
    for point, times, total in zip(grid, dice.multinomial(draws, weight / weight.sum()), squares, strict=True):
        for scale in total / dice.chisquare(freedom, times):
            model.update(_parameters(point, scale))
            sampler.simulate(
                measurement_disturbance_variates=dice.standard_normal(size),
                state_disturbance_variates=dice.standard_normal(size * model.ssm.k_posdef),
                initial_state_variates=dice.standard_normal(model.k_states),
            )
            signal = (model.ssm["design"][0] * sampler.simulated_state).sum(axis=0)
            out.append(signal + np.sqrt(scale) * dice.standard_normal(size))
    return Series((middle + unit * np.array(out)) ** 2, n)


@dataclass(frozen=True)
class Told:
    """A measure's days and what they would have sold: trade and taken (of `event_days.assign`) of the days looked at, y, and by
    kind of event (own or not) its series.
    """

    trade: pd.DataFrame
    taken: pd.DataFrame
    y: "Floats"
    own: frozenset[str]
    series: "dict[bool, Series]"

    def effects(self, events: "Iterable[str]") -> pd.DataFrame:
        """What each of these events did (EFFECTS): a row a block and a net, as `event_days.effects`, with `no_fit`."""
        rows = []
        for event in events:
            of = (self.taken.event == event).to_numpy()
            on = of & (self.taken.block == "on").to_numpy()
            for block in (*BLOCKS, "net"):
                at = of if block == "net" else of & (self.taken.block == block).to_numpy()
                # a net without the event's own days is none
                found = _effect(self.series[event in self.own], self.y, at if on.any() else at & on, of)
                rows.append({"event": event, "block": block, **found})
        return pd.DataFrame(rows, columns=EFFECTS)

    def days(self, event: str, around: int = 14) -> pd.DataFrame:
        """One event's days and `around` plain ones before (DAYS): actual, without, low, high of each day; the same of the sums
        from the first of the event's days on (sum_actual, …; null before). Empty where there is no series.
        """
        series, of = self.series[event in self.own], (self.taken.event == event).to_numpy().nonzero()[0]
        if series.cannot or not len(of):
            return pd.DataFrame(columns=DAYS)
        at = np.arange(max(of[0] - around, 0), of[-1] + 1)
        since = at >= of[0]
        draws, sums = series.draws[:, at], np.full((len(series.draws), len(at)), np.nan)
        sums[:, since] = draws[:, since].cumsum(axis=1)
        out = pd.DataFrame({"day": self.trade.day.to_numpy()[at], "actual": self.y[at], **_spread(draws)})
        so_far = pd.DataFrame(
            {"actual": np.where(since, np.where(since, self.y[at], 0).cumsum(), np.nan), **_spread(sums)}
        )
        return pd.concat([out, so_far.add_prefix("sum_")], axis=1)[DAYS]


def tell(
    trade: pd.DataFrame, events: pd.DataFrame, measure: str, dice: np.random.Generator, of: "Iterable[str] | None" = None,
    draws: int = DRAWS,
) -> Told:  # fmt: skip
    """Fit `measure`. events: as `event_days.assign` takes them, with kind; of: those to be told of (None: all)."""
    trade = trade.tail(LONGEST).reset_index(drop=True)
    taken = assign(trade.day, events)
    free, own = taken.event.isna().to_numpy(), frozenset(events.event[events.kind == "own"])
    control = ~taken.event.isin(set(events.event) - own).to_numpy()
    kinds = {event in own for event in (events.event if of is None else of)}
    series = {mine: fit(trade, free, measure, control if mine else None, dice, draws) for mine in sorted(kinds)}
    return Told(trade, taken, trade[measure].to_numpy(float), own, series)


def _effect(series: Series, y: "Floats", at: "Bools", of: "Bools") -> dict[str, Any]:
    sold, length = float(y[at].sum()), int(at.sum())
    if series.cannot or not length:
        nothing = dict.fromkeys(("without", "effect", "low", "high", "se", "usual"), NAN)
        return {"days": length, "sold": sold, **nothing, "cannot": series.cannot or "no_days"}
    without, error = series.sums(at)
    wide = reach(series.n, length) * error
    return {
        "days": length, "sold": sold, "without": without, "effect": sold - without, "low": sold - without - wide,
        "high": sold - without + wide, "se": error, "usual": float(series.draws[:, of].mean()), "cannot": "",
    }  # fmt: skip


def naive(trade: pd.DataFrame, events: pd.DataFrame, measure: str) -> pd.DataFrame:
    """The day less the usual day: a block's sales less its days times the mean of plain days. event, block, effect, low, high.

    The interval is that of a difference of two means. It forgets that days hang together, the season and the trend.
    """
    taken = assign(trade.day, events)
    y, free, rows = trade[measure].to_numpy(float), taken.event.isna().to_numpy(), []
    for event in events.event:
        of = (taken.event == event).to_numpy()
        for block in (*BLOCKS, "net"):
            at = of if block == "net" else of & (taken.block == block).to_numpy()
            effect = wide = NAN
            if at.any() and free.sum() > 1:
                effect = float((y[at].mean() - y[free].mean()) * at.sum())
                inner = y[at].var(ddof=1) / at.sum() if at.sum() > 1 else y[free].var(ddof=1)
                wide = NORMAL * at.sum() * float(np.sqrt(inner + y[free].var(ddof=1) / free.sum()))
            rows.append((event, block, effect, effect - wide, effect + wide))
    return pd.DataFrame(rows, columns=["event", "block", "effect", "low", "high"])


def placebo(
    trade: pd.DataFrame,
    events: pd.DataFrame,
    measure: str,
    dice: np.random.Generator,
    draws: int = PLACEBO_DRAWS,
    length: int = WEEK,
) -> pd.DataFrame:
    """The method on stretches of plain days on which nothing happened (PLACEBO): held, whether the interval holds what was sold.

    Every second stretch of `length` plain days in a row is set missing at once, then the others; without the category.
    """
    trade = trade.tail(LONGEST).reset_index(drop=True)
    free = assign(trade.day, events).event.isna().to_numpy()
    windows, start = [], 0
    while start + length <= len(free):
        whole = bool(free[start : start + length].all())
        windows += [start] if whole else []
        start += length if whole else 1
    rows, y = [], trade[measure].to_numpy(float)
    for part in (windows[::2], windows[1::2]):
        hidden = np.zeros(len(free), bool)
        for first in part:
            hidden[first : first + length] = True
        series = fit(trade, free & ~hidden, measure, None, dice, draws)
        for first in part if not series.cannot else []:
            at = np.zeros(len(free), bool)
            at[first : first + length] = True
            without, error = series.sums(at)
            wide = reach(series.n, length) * error
            low, high = without - wide, without + wide
            sold = float(y[at].sum())
            rows.append((trade.day[first], length, sold, without, low, high, bool(low <= sold <= high)))
    return pd.DataFrame(rows, columns=PLACEBO).sort_values("first_day", ignore_index=True)


def _spread(draws: "Floats") -> "dict[str, Floats]":
    """Mean and interval of each column of draws; low is not below nought."""
    tail = 100 * (1 - LEVEL) / 2
    low, high = np.percentile(draws, [tail, 100 - tail], axis=0)
    return {"without": draws.mean(axis=0), "low": low, "high": high}


def _parameters(point: tuple[float, float, float], scale: float) -> "Floats":
    walk, stays, mood = point
    return np.array([scale, scale * walk**2, scale * mood**2, stays])


def _likelihoods(model: Any, grid: list[tuple[float, float, float]], n: int, freedom: int) -> "tuple[Floats, Floats]":
    """Of each point: the sum of squares in units of chance, and the log likelihood with the scale integrated out.

    Two likelihoods at two scales tell both: they differ by the sum of squares and by the scale's own logarithm alone.
    """
    one = np.array([model.loglike(_parameters(point, 1.0)) for point in grid])
    two = np.array([model.loglike(_parameters(point, APART)) for point in grid])
    squares = (freedom * np.log(APART) - 2 * (one - two)) / (1 - 1 / APART)
    with np.errstate(invalid="ignore", divide="ignore"):
        return squares, one + squares / 2 - freedom / 2 * np.log(squares)


def _regressors(trade: pd.DataFrame, free: "Bools", control: "Bools | None") -> "Floats":
    """Weekdays, other campaigns, the root of the category's slow level and the day's departure from it, each about its mean of
    plain days; what never varies there is left out.
    """
    weekday = pd.to_datetime(trade.day).dt.day_of_week.to_numpy()
    columns = [np.where(weekday == k, 1.0, 0.0) for k in range(1, 7)]
    if "pushed" in trade:
        columns.append(trade.pushed.to_numpy(float))
    if control is not None:
        root = pd.Series(np.sqrt(np.clip(trade.others.to_numpy(float), 0, None))).where(control)
        slow = (
            root.rolling(LEVEL_DAYS, center=True, min_periods=WEEK)
            .mean()
            .interpolate(limit_direction="both")
            .fillna(0.0)
        )
        columns += [c.to_numpy() / max(float(c[free].std()), 1e-9) for c in (slow, (root - slow).fillna(0.0))]
    return np.column_stack([c - c[free].mean() for c in columns if np.ptp(c[free]) > 1e-9] or [np.zeros(len(trade))])
