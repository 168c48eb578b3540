"""How many to leave alone: the smallest lift in buyers that a hold-out of a size tells, and what leaving them alone costs."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

SHARES = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3)
ALPHA, POWER = 0.05, 0.8
FEW = 30  # consumers in the smaller arm below which nothing is told
USUAL = 0.1  # convention: held out where nothing says what a campaign may bring
MOST = 0.2  # convention: more are not held out, however little it tells
COLUMNS = ["share", "treated", "held_out", "rate", "detectable", "price_minor"]


def table(people: float, rate: float, extra_minor: float | None, shares: Sequence[float] = SHARES) -> pd.DataFrame:
    """A row for each share held out: share, treated, held_out (people), rate (buyers among them), detectable, price_minor.

    people: whom the campaign may reach; rate: share that buys in the window by itself. detectable: the smallest relative lift
    in buyers that a two-sided test at 5 % finds four times in five (statsmodels, normal approximation on arcsines: Cohen,
    Statistical Power Analysis, 1988, ch. 6); null below 30 people in an arm, where nobody buys, or where no lift is large
    enough. price_minor: what the held out would have brought more (null: unknown).
    """
    rows = []
    for share in shares:
        held = people * share
        price = None if extra_minor is None else extra_minor * share
        rows.append((share, people - held, held, rate, _detectable(people - held, held, rate), price))
    return pd.DataFrame(rows, columns=COLUMNS).astype({"detectable": float, "price_minor": float})


def choose(sizes: pd.DataFrame, expected: float | None) -> pd.Series:
    """The row of `table` to plan with: the smallest share that tells the expected relative lift, at most a fifth.

    Where none does, or nothing is expected, the usual tenth: what one campaign cannot tell, several added up may.
    """
    allowed = sizes[sizes.share <= MOST]
    tells = allowed[allowed.detectable <= (np.nan if expected is None else expected)]
    return tells.iloc[0] if len(tells) else allowed.iloc[(allowed.share - USUAL).abs().argmin()]


def _detectable(treated: float, held: float, rate: float) -> float | None:
    from statsmodels.stats.power import NormalIndPower

    if min(treated, held) < FEW or not 0 < rate < 1:
        return None
    found = NormalIndPower().solve_power(None, nobs1=held, alpha=ALPHA, power=POWER, ratio=treated / held)
    angle = np.arcsin(np.sqrt(rate)) + float(np.squeeze(found)) / 2
    return float(np.sin(angle) ** 2 / rate - 1) if angle < np.pi / 2 else None
