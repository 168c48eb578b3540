"""All methods of attribution on the same conversions: credit, value and intervals side by side, and how far methods disagree."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import pandas as pd

from apex.measure.touches import BUCKETS
from apex.model import attribution, attribution_hazard, attribution_markov, attribution_shapley
from apex.model.attribution import HALF_LIFE, Paths

LEVEL = 0.95
DRAWS = 40  # of consumers, for errors
LOOSE = 1e-8  # chains of the draws need no more than that
HAZARD = "hazard"
METHODS = (*attribution.RULES, "markov1", "markov2", "markov3", "shapley", HAZARD)
COLUMNS = ["method", "channel", "conversions", "value", "low", "high"]

Design = Callable[["np.ndarray | None"], attribution_hazard.Design]


@dataclass(frozen=True)
class Credit:
    """What one method gives: (channels,) conversions and value; level: conversions and value left to no touch (of a hazard)."""

    conversions: pd.Series
    value: pd.Series
    level: tuple[float, float] = (0.0, 0.0)


def one(
    method: str, paths: Paths, design: Design | None = None, times: "np.ndarray | None" = None,
    half_life: float = HALF_LIFE, tolerance: float = 1e-15,
) -> Credit:  # fmt: skip
    """Credit by one of METHODS. design: of the hazard, by how often buckets count (`times`); None: from the paths alone."""
    if method == HAZARD:
        found = attribution_hazard.fit(attribution_hazard.of_places(paths) if design is None else design(times))
        names = pd.Index(found.channels, name="channel")
        credit, value = (pd.Series(v, names, dtype=float) for v in (found.credit, found.value))
        return Credit(credit, value, (found.level, found.level_value))
    if method.startswith("markov"):
        conversions, value = attribution_markov.credit(paths, int(method[-1]), tolerance=tolerance)
    elif method == "shapley":
        conversions, value = (attribution_shapley.credit(paths, of) for of in (paths.conversions, paths.value))
    else:
        share = attribution.shares(paths, method, half_life)
        conversions, value = (attribution.credit(paths, share, of) for of in (paths.conversions, paths.value))
    return Credit(paths.names(conversions), paths.names(value))


def side_by_side(
    paths: Paths, design: Design | None = None, methods: Sequence[str] = METHODS, *, draws: int = DRAWS, seed: int = 1,
    half_life: float = HALF_LIFE, level: float = LEVEL,
) -> tuple[pd.DataFrame, dict[str, Credit]]:  # fmt: skip
    """Each method's credit by channel: COLUMNS, and what each method gave in full.

    low, high: of the conversions, from consumers drawn again (whole buckets of them, so that all paths of one go together;
    paths without consumers by Poisson counts), as credit ± z · the draws' standard deviation; null with draws = 0.
    """
    from scipy.special import ndtri

    if not len(paths.length):
        return pd.DataFrame(columns=COLUMNS).astype(dict.fromkeys(COLUMNS[2:], float)), {}
    found = {m: one(m, paths, design, half_life=half_life) for m in methods}
    drawn: dict[str, list[pd.Series]] = {m: [] for m in methods}
    rng, known = np.random.default_rng(seed), bool((paths.bucket >= 0).all())
    for _ in range(draws):
        if known:
            times = rng.multinomial(BUCKETS, np.full(BUCKETS, 1 / BUCKETS)).astype(float)
            again = paths.weighted(times[paths.bucket])
        else:
            times, again = None, resampled(paths, rng)
        for m in methods:
            drawn[m].append(one(m, again, design, times, half_life, LOOSE).conversions)
    z, parts = float(ndtri(0.5 + level / 2)), []
    for m, credit in found.items():
        frame = (
            pd.DataFrame({"conversions": credit.conversions, "value": credit.value}).reindex(paths.channels).fillna(0.0)
        )
        spread = pd.DataFrame(drawn[m]).std(ddof=1).reindex(paths.channels) if draws > 1 else np.nan
        frame["low"] = (frame.conversions - z * spread).clip(lower=0)
        frame["high"] = frame.conversions + z * spread
        parts.append(frame.rename_axis("channel").reset_index().assign(method=m))
    return pd.concat(parts, ignore_index=True)[COLUMNS], found


def resampled(paths: Paths, rng: np.random.Generator) -> Paths:
    """Paths drawn again one by one: Poisson counts of each, with its mean value."""
    conversions, nulls = (rng.poisson(n).astype(float) for n in (paths.conversions, paths.nulls))
    mean = np.divide(paths.value, paths.conversions, out=np.zeros(len(paths.value)), where=paths.conversions > 0)
    return replace(paths, conversions=conversions, nulls=nulls, value=conversions * mean)


def shares(compared: pd.DataFrame) -> pd.DataFrame:
    """Each method's credit as shares of what it gives: a row a channel, a column a method."""
    wide = compared.pivot(index="channel", columns="method", values="conversions")
    wide = wide[list(dict.fromkeys(compared.method))]
    return wide / wide.sum().where(wide.sum() > 0, np.nan)


def apart(share: pd.DataFrame) -> pd.DataFrame:
    """How far methods disagree: a, b, moved (½ Σ |share − share|: the part of all credit that lies elsewhere)."""
    rows = [(a, b, float((share[a] - share[b]).abs().sum() / 2)) for a, b in combinations(share.columns, 2)]
    return pd.DataFrame(rows, columns=["a", "b", "moved"]).sort_values("moved", ascending=False, ignore_index=True)


def ranges(share: pd.DataFrame) -> pd.DataFrame:
    """Each channel's lowest and highest share and who says so: channel, low, low_method, high, high_method, gap.

    Channels that may not be shown (null by every method) are left out.
    """
    share = share.dropna(how="all")
    if share.empty:
        return pd.DataFrame(columns=["channel", "low", "low_method", "high", "high_method", "gap"])
    out = pd.DataFrame({
        "low": share.min(axis=1), "low_method": share.idxmin(axis=1), "high": share.max(axis=1),
        "high_method": share.idxmax(axis=1),
    })  # fmt: skip
    return out.assign(gap=out.high - out.low).reset_index().sort_values("gap", ascending=False, ignore_index=True)
