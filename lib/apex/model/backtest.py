"""The forecast held against what came, on brands and windows fixed beforehand, with its rivals beside it.

Rolling origin: a window's forecast, and everything learned for it, uses only days before it is made. Rivals are what
anybody would say: the last window again, and the same times the market's growth; their 80 % intervals come from how far
off they were in windows that had ended.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, timedelta

import numpy as np
import pandas as pd

from apex.errors import ApexError
from apex.measure.history import SHORTEST, STEP, History
from apex.measure.peers import LEAST_PEERS
from apex.model.forecast import forecast, intervals, lessons
from apex.model.sales import Sales
from apex.model.spread import spread_of

FIRST_WINDOW = date(2017, 5, 8)
WINDOWS = 7
DAYS = 56
METHODS = ("combined", "without_stages", "stages", "window_before", "market_growth")
RIVALS = METHODS[3:]
TABLE = ["brand", "window_start", "window_end", "method", "actual", "forecast", "low", "high"]


@dataclass(frozen=True)
class Score:
    """How a method did: WAPE (share), coverage of its 80 % interval with the 95 % bootstrap interval over brands and
    windows, mean interval score (Winkler, minor units; small is good), n brand-windows of them `with_interval`.
    """

    method: str
    lead: int
    wape: float
    coverage: float
    coverage_low: float
    coverage_high: float
    winkler: float
    n: int
    with_interval: int


def windows_until(last_day: date, first: date = FIRST_WINDOW, length: int = DAYS) -> list[date]:
    """First days of the back-test's windows that had ended by `last_day`."""
    starts = [first + timedelta(days=STEP * k) for k in range(WINDOWS)]
    return [s for s in starts if s + timedelta(days=length - 1) <= last_day]


def grid_day(as_of: date, first: date = FIRST_WINDOW) -> date:
    """The last day on or before `as_of` that lies on the back-test's grid of eves: the day to read its history for."""
    return as_of - timedelta(days=((as_of - first).days + 1) % STEP)


def possible(as_of: date, first_day: date, length: int = DAYS, first: date | None = None) -> tuple[date, list[date]]:
    """The day to read a history for, and the first days of the windows that can be tested on it; none in a young market.

    first: the first window's first day, None to count WINDOWS back from `as_of`. Windows with too little of the data (which
    begin on `first_day`) before them are left out.
    """
    start = first or as_of + timedelta(days=1 - STEP * WINDOWS)
    day = grid_day(as_of, start)
    earliest = first_day + timedelta(days=length // 2 + STEP)  # so much is looked back on
    if length < SHORTEST:
        return day, []
    return day, [s for s in windows_until(day, start, length) if s >= earliest]


def backtest(history: History | None, starts: Sequence[date], leads: Sequence[int] = (0, STEP)) -> pd.DataFrame:
    """Every method's forecast of every window of the cohort, made `lead` days before its eve.

    Returns brand, window_start, window_end, lead, method, actual, forecast, low, high (minor units; low and high are null
    where too few earlier windows had ended); empty where there is no start
    (then without a history). Raises ApexError for a lead that the history was
    not read for (0 always is), a window that does not begin on its grid or had not ended.
    """
    columns = [*TABLE[:3], "lead", *TABLE[3:]]
    if not starts or history is None:
        return pd.DataFrame(columns=columns)
    for start in starts:
        _check(history, start)
    found, sales = [], Sales(history)
    for lead in leads:
        if lead not in (0, history.lead):
            raise ApexError(f"backtest: the history was read {history.lead} days ahead of its eves, not {lead}.")
        seen = replace(history, lead=lead, untouched=history.untouched if lead else None)
        taught = lessons(seen)
        rivals = _rivals(seen)
        for start in starts:
            as_of = start - timedelta(days=1 + lead)
            made = {
                "combined": forecast(taught, as_of).frame,
                "without_stages": forecast(taught, as_of, stages=False).frame,
                "stages": _judged(taught.assign(said=np.log(taught.stage_gmv)), as_of),
                **{m: _rival(rivals.assign(said=rivals[m]), as_of) for m in RIVALS},
            }
            end = start + timedelta(days=history.length - 1)
            came = sales.own(start - timedelta(days=1), end)
            for method, frame in made.items():
                found.append(
                    frame.assign(
                        window_start=start, window_end=end, lead=lead,
                        method=method, actual=frame.brand.map(came),
                    )
                )  # fmt: skip
    whole = pd.concat(found, ignore_index=True)[columns]
    whole["method"] = pd.Categorical(whole.method, METHODS, ordered=True)
    return whole.sort_values(["lead", "method", "window_start", "brand"], ignore_index=True)


def poolable(frame: pd.DataFrame, brand: str) -> pd.DataFrame:
    """The frame of `backtest`, or its rows of the brand alone where too few others stand beside it: scores over few brands
    less the brand's own would be those of the others, and what others sell is theirs.
    """  # fmt: skip
    mine = frame.brand == brand
    return frame if frame.brand[~mine].nunique() >= LEAST_PEERS else frame[mine]


def backtest_table(frame: pd.DataFrame, brand: str) -> pd.DataFrame:
    """The brand's rows of `backtest` as the page keeps them: `method` with "-28" for a forecast made 28 days before the eve."""
    return frame[frame.brand == brand].assign(method=lambda mine: _named(mine.method, mine.lead))[TABLE]


def score_table(scores: Sequence[Score]) -> pd.DataFrame:
    """Scores over all brands as the page keeps them: one row a method, named as in `backtest_table`."""
    names = [f.name for f in fields(Score) if f.name != "lead"]
    table = pd.DataFrame([{f: getattr(s, f) for f in names} for s in scores], columns=names)
    return table.assign(method=_named(table.method, [s.lead for s in scores]))


def _named(methods: Iterable[str], leads: Iterable[int]) -> list[str]:
    return [f"{method}-{days}" if days else str(method) for method, days in zip(methods, leads, strict=True)]


def scores(frame: pd.DataFrame, rng: np.random.Generator, draws: int = 2000) -> list[Score]:
    """One Score for each lead and method of a back-test."""
    return [_score(part, rng, draws) for _, part in frame.groupby(["lead", "method"], observed=True)]


def by_brand(frame: pd.DataFrame, lead: int = 0) -> pd.DataFrame:
    """What the stages add: each brand's WAPE with them and without, and the difference (below 0: they help)."""
    part = frame[(frame.lead == lead) & frame.method.isin(["combined", "without_stages"])]
    error = (part.forecast - part.actual).abs().groupby([part.brand, part.method], observed=True).sum().unstack()
    actual = part[part.method == "combined"].groupby("brand").actual.sum()
    wape = error.reindex(columns=["combined", "without_stages"]).div(actual, axis=0).rename_axis(columns=None)
    return wape.assign(difference=wape.combined - wape.without_stages).sort_values("difference").reset_index()


def winkler(actual: pd.Series, low: pd.Series, high: pd.Series, level: float = 0.8) -> pd.Series:
    """The interval score: its width, and 2 / (1 − level) times how far the result lies outside."""
    miss = (low - actual).clip(lower=0) + (actual - high).clip(lower=0)
    return high - low + 2 / (1 - level) * miss


def _score(part: pd.DataFrame, rng: np.random.Generator, draws: int) -> Score:
    told = part[part.low.notna()]
    inside = told.assign(inside=((told.actual >= told.low) & (told.actual <= told.high)).astype(float))
    grid = inside.pivot(index="brand", columns="window_start", values="inside")
    low, high = _two_way(grid.to_numpy(), rng, draws) if len(told) else (np.nan, np.nan)
    return Score(
        method=str(part.method.iloc[0]),
        lead=int(part.lead.iloc[0]),
        wape=float((part.forecast - part.actual).abs().sum() / part.actual.sum()),
        coverage=float(inside.inside.mean()),
        coverage_low=low,
        coverage_high=high,
        winkler=float(winkler(told.actual, told.low, told.high).mean()),
        n=len(part),
        with_interval=len(told),
    )


def _two_way(grid: np.ndarray, rng: np.random.Generator, draws: int) -> tuple[float, float]:
    """95 % bootstrap interval of the mean of brands × windows (NaN: no such cell), drawing brands and windows apart."""
    there = np.isfinite(grid)
    filled = np.where(there, grid, 0.0)
    brands, windows = grid.shape
    rows = rng.multinomial(brands, np.full(brands, 1 / brands), draws).astype(float)
    columns = rng.multinomial(windows, np.full(windows, 1 / windows), draws).astype(float)
    total = ((rows @ filled) * columns).sum(axis=1)
    count = ((rows @ there.astype(float)) * columns).sum(axis=1)
    means = total[count > 0] / count[count > 0]
    return float(np.quantile(means, 0.025)), float(np.quantile(means, 0.975))


def _rivals(history: History) -> pd.DataFrame:
    """One row a day of the grid and brand: the logs of what the rivals say then, and of what came."""
    sales, length = Sales(history), history.length
    taught = []
    for day in history.grid:
        last = sales.before(day, length)
        last = last[last > 0]
        # growth needs two windows of the market; a younger market is taken not to have grown
        whole = (day - history.first_day).days + 1 >= 2 * length
        market = sales.market(day, length)
        earlier = sales.market(day, 2 * length) - market if whole else market
        growth = market / earlier if earlier > 0 else 1.0
        frame = pd.DataFrame({"window_before": np.log(last), "market_growth": np.log(last * growth)})
        eve = day + timedelta(days=history.lead)
        for name, days in (("whole", length), ("half", length // 2)):
            frame[name] = sales.came(eve, days, length).reindex(last.index)
            frame[f"{name}_ended"] = eve + timedelta(days=days)
        taught.append(frame.rename_axis("brand").reset_index().assign(as_of=day))
    return pd.concat(taught, ignore_index=True)


def _check(history: History, start: date) -> None:
    if (history.as_of - start).days % STEP != STEP - 1:
        raise ApexError(f"backtest: a window from {start} is not on the grid of a history read for {history.as_of}.")
    if start + timedelta(days=history.length - 1) > history.as_of:
        raise ApexError(f"backtest: the window from {start} had not ended by {history.as_of}.")


def _past(said: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """Errors (log of result over forecast) in whole windows that had ended by `as_of`; in half ones where none had."""
    for name in ("whole", "half"):
        ended = said[(said[f"{name}_ended"] <= as_of) & (said.as_of <= as_of)]
        errors = ended.assign(error=ended[name] - ended.said)[["brand", "error"]].dropna()
        if len(errors):
            return errors
    return errors


def _now(said: pd.DataFrame, as_of: date) -> pd.Series:
    return np.exp(said[said.as_of == as_of].set_index("brand").said)


def _judged(said: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """Forecasts with intervals as ours are made: by brand's scale."""
    return intervals(_now(said, as_of), spread_of(_past(said, as_of)), 0.8)


def _rival(said: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """Forecasts with the plain quantiles of result over forecast, the same for all brands."""
    middle, errors = _now(said, as_of), _past(said, as_of)
    low, high = np.exp(errors.error.quantile([0.1, 0.9])) if len(errors) else (np.nan, np.nan)
    frame = pd.DataFrame({"forecast": middle, "low": middle * low, "high": middle * high})
    return frame.rename_axis("brand").reset_index()
