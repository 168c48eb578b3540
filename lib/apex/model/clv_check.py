"""Would the model have known? Forecasts of buyers' next purchases, made at an earlier day, beside what came and two rivals.

The rivals are what a brand does without a model: everybody buys as in the period before, or as buyers of the same cell of
recency, frequency and money did in that period. Absolute errors favour whoever forecasts that most buy nothing; the total and
the tenths say whether a plan could be built on a forecast.
"""

import numpy as np
import pandas as pd

from apex.model.lifetime import Lifetime

LEVEL = 0.95
TENTHS = 10
METHODS = ("model", "last", "cells")
MEASURES = ("money", "purchases")
RECENCIES, MONIES = (0.2, 0.4, 0.6, 0.8), (1 / 3, 2 / 3)  # quantiles at which the rival's cells are cut
FREQUENCIES = (1.5, 2.5, 4.5)
SILENCES = (0.05, 0.1, 0.2, 0.4)  # of the chance of such a silence


def held_out(model: Lifetime | None, earlier: pd.DataFrame, day: pd.Timestamp, days: int) -> pd.DataFrame:
    """What the model and its rivals would have said of each buyer at its own day, beside what came.

    model: fitted as of the earlier day whose outcome is known: its buyers have later_days, later_minor. earlier: buyers as of
    `day`, `days` days before that. Returns consumer_id, usual, and for each measure of MEASURES a column `actual_MEASURE` and
    one for each of METHODS, `METHOD_MEASURE`; no row without a model.
    """
    if model is None:
        names = [f"{method}_{measure}" for method in ("actual", *METHODS) for measure in MEASURES]
        return pd.DataFrame(columns=["consumer_id", "usual", *names], dtype=float)
    now, each = model.buyers, model.each(days)
    cells = cell_mean(earlier.assign(quiet=(day - earlier.last_day).dt.days),
                      now.assign(quiet=(model.clock.now - now.last_day).dt.days), ("later_days", "later_minor"))  # fmt: skip
    return pd.DataFrame({
        "consumer_id": now.consumer_id, "usual": each.usual,
        "actual_purchases": now.later_days, "actual_money": now.later_minor,
        "model_purchases": each.purchases, "model_money": each.value_minor,
        "last_purchases": now.recent_days, "last_money": now.recent_minor,
        "cells_purchases": cells.later_days, "cells_money": cells.later_minor,
    })  # fmt: skip


def cell_mean(earlier: pd.DataFrame, now: pd.DataFrame, columns: tuple[str, ...]) -> pd.DataFrame:
    """The rival by cells: what buyers of each cell brought in the period after the earlier day, on average.

    earlier, now: parts of `measure.buyers.buyers` with `quiet` (days since the last purchase); cells are cut at the
    earlier day's quantiles. columns: of `earlier`. A cell that nobody stood in has the mean of all.
    """
    if earlier.empty:
        return pd.DataFrame(np.nan, index=now.index, columns=list(columns))
    edges = {
        "quiet": np.quantile(earlier.quiet, RECENCIES),
        "days": np.array(FREQUENCIES),
        "value_minor": np.quantile(earlier.value_minor, MONIES),
    }

    def cell(frame: pd.DataFrame) -> np.ndarray:
        steps = [np.searchsorted(edges[c], frame[c].to_numpy(float)) for c in edges]
        return steps[0] * 100 + steps[1] * 10 + steps[2]

    means = earlier[list(columns)].astype(float).groupby(cell(earlier)).mean()
    return means.reindex(cell(now)).fillna(earlier[list(columns)].mean()).set_index(now.index)


def errors(held: pd.DataFrame, level: float = LEVEL) -> pd.DataFrame:
    """How far each forecast lay off: one row a measure and method of the frame of `held_out`.

    Returns measure, method, n (buyers), total, actual (sums), bias (total / actual − 1), bias_low, bias_high (by how buyers
    scatter around their forecasts), mae, rmse (per buyer); null where there is no forecast, or nothing came.
    """
    from scipy import special

    half, rows = float(special.ndtri(0.5 + level / 2)), []
    for measure in MEASURES if len(held) else ():
        y = held[f"actual_{measure}"].to_numpy(float)
        for method in METHODS:
            e = held[f"{method}_{measure}"].to_numpy(float)
            off, whole = e - y, y.sum()
            row = {"measure": measure, "method": method, "n": len(y), "total": e.sum(), "actual": whole}
            if whole > 0 and np.isfinite(e).all():
                reach = half * np.sqrt(len(y)) * off.std(ddof=1) / whole
                bias = off.sum() / whole
                row |= {"bias": bias, "bias_low": bias - reach, "bias_high": bias + reach}
                row |= {"mae": np.abs(off).mean(), "rmse": np.sqrt((off**2).mean())}
            rows.append(row)
    columns = ["measure", "method", "n", "total", "actual", "bias", "bias_low", "bias_high", "mae", "rmse"]
    frame = pd.DataFrame(rows, columns=columns)
    for column, order in (("measure", MEASURES), ("method", METHODS)):
        frame[column] = pd.Categorical(frame[column], order, ordered=True)
    return frame


def tenths(held: pd.DataFrame, measure: str = "money", groups: int = TENTHS) -> pd.DataFrame:
    """The model's forecast and the outcome per buyer in tenths of the forecast, 1 the highest.

    Returns group, buyers, forecast, actual, low, high.
    """
    order = (-held[f"model_{measure}"]).rank(method="first")
    return _beside(held, measure, np.ceil(order * groups / len(held)).astype(int))


def by_silence(held: pd.DataFrame, measure: str = "money") -> pd.DataFrame:
    """The same by how unusual each one's silence is; group is the upper end of the chance of it.

    Where silence means loss and the model does not see it, the most unusual bring less than the forecast.
    """
    ends = np.array([*SILENCES, 1.0])
    return _beside(
        held, measure, pd.Series(ends[np.minimum(np.searchsorted(ends, held.usual), len(ends) - 1)], held.index)
    )


def _beside(held: pd.DataFrame, measure: str, group: pd.Series, level: float = LEVEL) -> pd.DataFrame:
    from scipy import special

    actual, forecast = held[f"actual_{measure}"].astype(float), held[f"model_{measure}"]
    frame = pd.DataFrame({"group": group, "actual": actual, "forecast": forecast, "off": actual - forecast})
    found = frame.groupby("group").agg(
        buyers=("off", "size"), forecast=("forecast", "mean"), actual=("actual", "mean"), spread=("off", "std")
    )
    half = special.stdtrit(np.maximum(found.buyers - 1, 1), 0.5 + level / 2) * found.spread / np.sqrt(found.buyers)
    found = found.assign(low=found.actual - half, high=found.actual + half).reset_index()
    return found[["group", "buyers", "forecast", "actual", "low", "high"]]
