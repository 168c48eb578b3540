"""Rows of a lesson: what is known, what is not, and intervals of another level."""

from typing import Any

import numpy as np
import pandas as pd

from apex.model import lessons as model
from apex.report.lesson import shown

Z = {0.90: 1.6448536, 0.95: 1.9599640}


def entries_shown(converted: pd.DataFrame, few: int) -> list[str]:
    """The cells of a window that a lesson may tell."""
    return list(shown(converted, few).cell.astype(str))


def null(what: str, of: str, kind: str, scale: str, why: str, span: str = "window") -> tuple[Any, ...]:
    """A row of ENTRY of what could not be learned."""
    return what, of, np.nan, np.nan, np.nan, 0, kind, scale, span, why


def share(what: str, of: str, hits: int, n: int) -> tuple[Any, ...]:
    """Jeffreys' interval, as in `model.conversion`."""
    from scipy.special import betaincinv

    low, high = (float(betaincinv(hits + 0.5, n - hits + 0.5, p)) for p in (0.1, 0.9))
    return what, of, hits / n, low, high, n, "counted", "share", "window", None


def narrowed(value: float, low: float, high: float, level: float, *, log: bool = False) -> tuple[float, float, float]:
    """An interval of `level` as one of 80 %, about the same middle."""
    by = model.Z80 / Z[level]
    if log:
        down, up = np.log(low / value) * by, np.log(high / value) * by
        return value, float(value * np.exp(down)), float(value * np.exp(up))
    return value, value + (low - value) * by, value + (high - value) * by
