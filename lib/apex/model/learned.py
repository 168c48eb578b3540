"""What a lesson adds to a plan: how the cells of an earlier campaign's eve converted, beside what ordinary windows say.

A campaign's window is more like the next campaign's than an ordinary one. Its purchases also stand in the ordinary windows
that overlap it, so its counts are added in part (`weight`, a convention) and not in full.
"""

from dataclasses import dataclass, replace

import pandas as pd

from apex.errors import ApexError
from apex.model.stages import StageView

WEIGHT = 0.5


@dataclass(frozen=True)
class Learned:
    """Conversions of one earlier campaign: name, days of its window, and cell, consumers, buyers of its eve."""

    campaign: str
    days: int
    cells: pd.DataFrame


def taught(view: StageView, brand: str, lessons: "tuple[Learned, ...]", days: int, weight: float = WEIGHT) -> StageView:
    """The view with the brand's conversions informed by lessons, brought from their windows' length to `days`.

    Someone who buys in a window of d days with probability p does so in D days with 1 − (1 − p)^(D / d), if purchases come
    evenly. Each posterior Beta(a, b) gains weight × consumers observations. ApexError for a weight outside (0, 1], or a window
    without days.
    """
    if not 0 < weight <= 1:
        raise ApexError(f"taught: a lesson's weight lies above 0 and is at most 1, not {weight}.")
    for length in (days, *(lesson.days for lesson in lessons)):
        if length < 1:
            raise ApexError(f"taught: a window has one day or more, not {length}.")
    at, found = view.brands.index(brand), dict(view.conversion)
    for lesson in lessons:
        for cell in lesson.cells.itertuples():
            if str(cell.cell) not in found or not cell.consumers:
                continue
            share = 1 - (1 - cell.buyers / cell.consumers) ** (days / lesson.days)
            known = found[str(cell.cell)]
            a, b = known.a.copy(), known.b.copy()
            a[at] += weight * cell.consumers * share
            b[at] += weight * cell.consumers * (1 - share)
            found[str(cell.cell)] = replace(known, a=a, b=b)
    return replace(view, conversion=found)
