"""What a business scene would bring: people of its audience × what a contact through its channels changes, with its spread.

What a contact changes comes from the frame `moves` (one row a cell and channel: extra, gmv_extra_minor, their 80% intervals,
cost). A scene buys through several channels: it is taken to meet people by each as often as they were met by it so far. Errors
of cells and channels are drawn independently, one draw serving all scenes, so that scenes through the same channel are right or
wrong together. People of an audience are taken to respond as others of their cell do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

Z80 = 1.2815515655446004  # half width of an 80% interval in standard deviations
KINDS = ("prior", "credit", "lift")  # from the weakest
ALL = "all"  # the channel of rows over all channels
ENDS = (0.1, 0.9)
Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Responses:
    """What one contact changes, by scene (S) and cell (C): extra and gmv (S × C), their draws (D × S × C), cost (S × C, NaN:
    unknown), n (contacts behind it), kind (S), fallback (S: none of its channels was ever met, so nothing is known of it).
    channels (K), the shares in which a scene meets people by each (K × S × C), the contacts seen by each (K × C).
    """

    scenes: tuple[str, ...]
    cells: tuple[str, ...]
    extra: Array
    gmv: Array
    extra_draws: Array
    gmv_draws: Array
    cost: Array
    usual: Array
    n: npt.NDArray[np.int64]
    kind: npt.NDArray[np.str_]
    fallback: npt.NDArray[np.bool_]
    channels: tuple[str, ...]
    shares: Array
    contacts: Array


@dataclass(frozen=True)
class Joining:
    """Joins: the chance that a buyer who is no member joins at an order, as joined and stayed out; what a join is worth.

    worth: minor units per joiner with the standard error; (0, 0) where that is not identified.
    """

    joined: int
    stayed_out: int
    worth: tuple[float, float] = (0.0, 0.0)


def responses(
    moves: pd.DataFrame,
    channels: Mapping[str, Sequence[str]],
    cells: Sequence[str],
    rng: np.random.Generator,
    draws: int,
) -> Responses:
    """What a contact of each scene changes in each cell. moves: see the module; channels: those of each scene."""
    rows = moves[moves.extra.notna() & (moves.channel != ALL)].reset_index(drop=True)
    number = {name: pd.to_numeric(rows[name], errors="coerce").to_numpy(float, na_value=np.nan) for name in _NUMBERS}
    spread = np.nan_to_num((number["high"] - number["low"]) / (2 * Z80))
    spread_gmv = np.nan_to_num((number["gmv_high"] - number["gmv_low"]) / (2 * Z80))
    noise = rng.standard_normal((draws, len(rows)))
    extra, gmv = number["extra"], np.nan_to_num(number["gmv_extra_minor"])
    weight = _weights(rows, channels, cells)
    cost = weight @ np.nan_to_num(number["cost_minor"])
    cost[(weight @ np.isnan(number["cost_minor"]) > 0) | (weight.sum(axis=2) == 0)] = np.nan
    counted = np.nan_to_num(number["n"])
    grade = np.array([KINDS.index(kind) if kind in KINDS else 0 for kind in rows.kind], int)
    names = tuple(sorted(set(rows.channel)))
    of = np.array([(rows.channel == name).to_numpy(float) for name in names]).reshape(len(names), len(rows))
    at = np.array([(rows.from_stage == cell).to_numpy(float) for cell in cells]).reshape(len(cells), len(rows))
    return Responses(
        tuple(channels), tuple(cells), weight @ extra, weight @ gmv,
        np.moveaxis(weight @ (extra + noise * spread).T, 2, 0), np.moveaxis(weight @ (gmv + noise * spread_gmv).T, 2, 0),
        cost, weight @ np.nan_to_num(number["usual"]), ((weight > 0) @ counted).astype("int64"),
        np.array(KINDS)[_typical(weight, grade, counted)], weight.sum(axis=(1, 2)) == 0,
        names, np.einsum("kr,scr->ksc", of, weight), np.einsum("kr,cr,r->kc", of, at, counted),
    )  # fmt: skip


_NUMBERS = ("extra", "low", "high", "usual", "gmv_extra_minor", "gmv_low", "gmv_high", "cost_minor", "n")


def _weights(rows: pd.DataFrame, channels: Mapping[str, Sequence[str]], cells: Sequence[str]) -> Array:
    """How much each row counts for each scene and cell (S × C × rows; sums to 1, or 0 where nothing is known)."""
    at_cell = np.array([(rows.from_stage == cell).to_numpy() for cell in cells]).reshape(len(cells), len(rows))
    used = np.array([rows.channel.isin(list(c)).to_numpy() for c in channels.values()]).reshape(
        len(channels), len(rows)
    )
    met = np.nan_to_num(pd.to_numeric(rows.n, errors="coerce").to_numpy(float, na_value=0.0))
    weight = used[:, None, :] * at_cell[None, :, :] * met
    total = weight.sum(axis=2, keepdims=True)
    return np.divide(weight, total, out=np.zeros_like(weight), where=total > 0)


def _typical(weight: Array, grade: npt.NDArray[np.int64], counted: Array) -> npt.NDArray[np.int64]:
    """The kind behind most contacts of a scene; a scene of which nothing is known rests on the prior."""
    share = (weight > 0).any(axis=1) * counted
    by_kind = np.stack([(share * (grade == k)).sum(axis=1) for k in range(len(KINDS))], axis=1)
    return np.asarray(by_kind.argmax(axis=1), dtype="int64")


def with_joins(known: Responses, scene: str, joining: Joining, rng: np.random.Generator) -> Responses:
    """The same with a scene that counts joins: of those whom a contact brings to buy, some join, and a join has its worth."""
    at = known.scenes.index(scene)
    draws = len(known.extra_draws)
    rate = rng.beta(joining.joined + 0.5, joining.stayed_out + 0.5, draws)[:, None]
    mean = (joining.joined + 0.5) / (joining.joined + joining.stayed_out + 1)
    worth = (joining.worth[0] + joining.worth[1] * rng.standard_normal(draws))[:, None]
    extra, gmv = known.extra.copy(), known.gmv.copy()
    extra_draws, gmv_draws = known.extra_draws.copy(), known.gmv_draws.copy()
    gmv[at] += extra[at] * mean * joining.worth[0]
    gmv_draws[:, at] += extra_draws[:, at] * rate * worth
    extra[at] *= mean
    extra_draws[:, at] *= rate
    return replace(known, extra=extra, gmv=gmv, extra_draws=extra_draws, gmv_draws=gmv_draws)


def capacity(known: Responses, people: Array, reach: float, supply: float) -> Array:
    """How many people each scene can meet by itself, by cell (S × C): `reach` of its audience, and `supply` times the contacts
    that its channels had there.
    """
    return np.asarray(np.minimum(people * reach, supply * known.n), dtype=float)


def scores(known: Responses, people: Array, can: Array, margin: float) -> pd.DataFrame:
    """Each scene by itself, if everybody of its audience who can be met were met once.

    people: consumers by scene and cell (S × C). can: those of them who can be met. margin: what of GMV is left. A scene of
    which nothing is known has its people, and nulls. Returns scene, people, met (whom it can meet), moved (with low, high),
    gmv_minor (with gmv_low, gmv_high), cost_minor (null: unknown), cost_per_moved_minor (with per_low, per_high; null where
    unknown or nobody is moved; an end is null where it has none), pays (the chance that margin × GMV is above cost; null where
    cost is unknown),
    told (the interval of moved leaves nought out), usual (share moved anyhow), n, kind. Intervals hold 80%.
    """
    moved, gmv = (can * known.extra).sum(axis=1), (can * known.gmv).sum(axis=1)
    moved_draws, gmv_draws = (known.extra_draws * can).sum(axis=2), (known.gmv_draws * can).sum(axis=2)
    cost = np.where(can > 0, can * known.cost, 0.0).sum(axis=1)
    cost[can.sum(axis=1) == 0] = np.nan
    low, high = np.quantile(moved_draws, ENDS, axis=0)
    gmv_low, gmv_high = np.quantile(gmv_draws, ENDS, axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        per = np.where(moved > 0, cost / moved, np.nan)
        per_low, per_high = (np.where(end > 0, cost / end, np.nan) for end in (high, low))
        usual = np.where(can.sum(axis=1) > 0, (can * known.usual).sum(axis=1) / can.sum(axis=1), np.nan)
    pays = np.where(np.isnan(cost), np.nan, (margin * gmv_draws > cost).mean(axis=0))
    frame = pd.DataFrame({
        "scene": known.scenes, "people": people.sum(axis=1), "met": can.sum(axis=1), "moved": moved, "low": low, "high": high,
        "gmv_minor": gmv, "gmv_low": gmv_low, "gmv_high": gmv_high, "cost_minor": cost, "cost_per_moved_minor": per,
        "per_low": per_low, "per_high": per_high, "pays": pays, "told": low > 0, "usual": usual,
        "n": np.where(people > 0, known.n, 0).sum(axis=1), "kind": known.kind,
    })  # fmt: skip
    told = ["met", "moved", "low", "high", "gmv_minor", "gmv_low", "gmv_high"]
    frame.loc[can.sum(axis=1) == 0, told] = np.nan
    return frame.astype({"people": "int64"}).round({"met": 0})


def families(channels: Mapping[str, Sequence[str]], audiences: Mapping[str, str], cells: Mapping[str, Sequence[str]],
             ready: Mapping[str, bool]) -> dict[str, str]:  # fmt: skip
    """Scene → the one that stands for it: the same people by the same channels cannot be told apart by any of these data.

    The first that is ready stands for all, else the first.
    """
    found: dict[tuple[object, ...], list[str]] = {}
    for id in channels:
        found.setdefault((audiences[id], frozenset(channels[id]), frozenset(cells[id])), []).append(id)
    return {id: next((x for x in same if ready[x]), same[0]) for same in found.values() for id in same}


@dataclass(frozen=True)
class Trial:
    """What a trial takes to tell the least effect that would pay from nought: people in each arm, money for those addressed."""

    effect: float
    each_arm: int
    cost_minor: float


def trial(usual: float, gain: float, cost: float, margin_per_moved: float, alpha: float, power: float) -> Trial | None:
    """How large a trial of one scene must be: half of the people addressed, half left alone.

    usual: the share moved anyhow; gain: what a contact is expected to add. The effect looked for is what would pay, cost ÷
    margin per person moved; where that is unknown (either is null), the expected one. Two-sided test of two shares, Cohen's h
    (statsmodels `NormalIndPower`). None where there is no such effect.
    """
    from statsmodels.stats.power import NormalIndPower
    from statsmodels.stats.proportion import proportion_effectsize

    effect = cost / margin_per_moved if cost > 0 and margin_per_moved > 0 else gain
    if not 0 <= usual < 1 or not effect > 0 or usual + effect >= 1:
        return None
    size = proportion_effectsize(usual + effect, usual)
    each = int(np.ceil(NormalIndPower().solve_power(size, alpha=alpha, power=power, alternative="two-sided")))
    return Trial(float(effect), each, each * cost)
