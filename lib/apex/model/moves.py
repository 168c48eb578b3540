"""What a contact adds to moves and money, by cell and channel: compared with days like it, held back, set by trials.

Three steps. (1) Within a cell, what consumers not met that day did, given all that was known of them, says what those who
were met would have done; what they did beyond it is shared out to the channels that met them, jointly, so that a day with
two contacts is not counted twice. Errors leave out one bucket of consumers after the other. (2) Extras are held back towards
what cells and channels have in common (normal, cells and channels crossed; variances averaged over a grid). (3) Media look
for those who would move anyway, and not all of it shows in what was known: where trials of the brand held consumers out, the
contacts of a trial predict how much less its control arm moved, and one factor on all extras makes both agree.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from apex.model.moves_level import ALL, LEAST, Factor

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

RIDGE = 1.0  # invented rows that hold each band back
Z80 = 1.2815515594600038
GRID = 7  # points of each variance's grid
COLUMNS = (
    "from_stage", "channel", "contacted", "moved", "usual", "extra", "low", "high", "kind", "gmv_extra_minor",
    "gmv_low", "gmv_high", "cost_minor", "per_moved_minor", "n",
)  # fmt: skip


def compared(points: pd.DataFrame, channels: Sequence[str], known: Sequence[str], cells: Sequence[str]) -> pd.DataFrame:
    """Step 1 on the points of `measure.moves.counted`, one row a cell and channel, ALL among them.

    Returns cell, channel, n (consumer-days met), free (not met), moved, extra, se, gmv (extra money), gmv_se, scale (deviation
    of moves on days without contact), worth (money that such a day is followed by). extra and what follows from it are
    null where fewer than LEAST days are on either side.
    """
    parts = [_cell(points[points.cell == cell], channels, known).assign(cell=cell) for cell in cells]
    names = ["cell", "channel", "n", "free", "moved", "extra", "se", "gmv", "gmv_se", "scale", "worth"]
    return pd.concat(parts, ignore_index=True)[names]


def _cell(some: pd.DataFrame, channels: Sequence[str], known: Sequence[str]) -> pd.DataFrame:
    y, bits = some[["moved", "gmv_minor"]].to_numpy(float), some.met.to_numpy()
    touch = np.column_stack([(bits[:, None] >> np.arange(len(channels))) & 1, bits > 0]).astype(float)
    met, n = bits > 0, touch.sum(0).astype(int)
    free = int((~met).sum())
    usual = y[~met].mean(0) if free else np.full(2, np.nan)
    scale, worth = np.sqrt(np.maximum(usual[0] * (1 - usual[0]), 1e-4)), np.maximum(usual[1], 1.0)
    shares = np.divide(touch.T @ y[:, 0], n, out=np.full(len(n), np.nan), where=n > 0)
    extra, se = np.full((len(n), 2), np.nan), np.full((len(n), 2), np.nan)
    told = np.flatnonzero((n >= LEAST) & (free >= LEAST))
    if len(told):
        single, others = told[:-1], np.setdiff1d(np.arange(len(channels)), told)
        rest = touch[:, others].max(1, initial=0.0)  # channels with too few contacts count as one
        found = _extra(
            _design(some, known), y, met, [np.c_[touch[:, single], rest], touch[:, -1:]], some.bucket.to_numpy()
        )
        # twenty buckets tell a small error badly: it is never below that of the counts alone
        least = np.array([scale, max(y[:, 1].std(), 1e-6)]) / np.sqrt(n[told])[:, None]
        extra[told] = np.concatenate([found[0][0][:-1], found[1][0]])
        se[told] = np.maximum(np.concatenate([found[0][1][:-1], found[1][1]]), least)
    return pd.DataFrame(
        {
            "channel": [*channels, ALL], "n": n, "free": free, "moved": shares, "extra": extra[:, 0], "se": se[:, 0],
            "gmv": extra[:, 1], "gmv_se": se[:, 1], "scale": scale, "worth": worth,
        }
    )  # fmt: skip


def _design(points: pd.DataFrame, known: Sequence[str]) -> "Floats":
    """Intercept, an indicator for each band above the first, for each cohort but the first."""
    columns = [np.ones(len(points))]
    for name in [*known, "cohort"]:
        values = points[name].to_numpy()
        columns += [(values == v).astype(float) for v in np.unique(values)[1:]]
    return np.column_stack(columns)


def _extra(
    x: "Floats", y: "Floats", met: np.ndarray, touches: "Sequence[Floats]", bucket: np.ndarray
) -> "list[tuple[Floats, Floats]]":
    """For each of `touches` (rows × columns): extra and error of the columns of y, columns × 2.

    Sums by bucket; then all buckets, and all but one each time.
    """
    order = np.lexsort((met, bucket))
    x, y, met, bucket = x[order], y[order], met[order], bucket[order]
    ends = [0, *(np.flatnonzero(np.diff(bucket)) + 1).tolist(), len(y)]
    halves = [(a, a + int((~met[a:b]).sum()), b) for a, b in pairwise(ends)]  # not met, then met

    def sums(left: "Floats", right: "Floats", on: bool) -> "Floats":
        of = [slice(b, c) if on else slice(a, b) for a, b, c in halves]
        each = np.stack([left[k].T @ right[k] for k in of])
        return np.concatenate([each.sum(0, keepdims=True), each.sum(0) - each])

    hold = RIDGE * np.eye(x.shape[1])
    hold[0, 0] = 1e-9
    gamma = np.linalg.solve(sums(x, x, False) + hold, sums(x, y, False))
    found, g = [], len(halves)
    for touch in touches:
        m = touch[order]
        beta = np.linalg.solve(
            sums(m, m, True) + 1e-6 * np.eye(m.shape[1]), sums(m, y, True) - sums(m, x, True) @ gamma
        )
        left = beta[1:]
        se = np.sqrt((g - 1) / g * ((left - left.mean(0)) ** 2).sum(0)) if g > 1 else np.full(beta[0].shape, np.inf)
        found.append((beta[0], se))
    return found


def held_back(value: "Floats", se: "Floats", rows: np.ndarray, columns: np.ndarray) -> "tuple[Floats, Floats]":
    """Step 2: posterior mean and standard deviation of each entry of a crossed table; entries without value are told by the rest.

    value_ij ~ N(θ_ij, se_ij²), θ_ij = μ + r_i + c_j + e_ij, normal with variances that are uniform in the deviation on
    a grid up to twice how far values spread; μ is flat.
    """
    from scipy import special

    seen = np.isfinite(value) & np.isfinite(se)
    if seen.sum() < 2:
        flat = np.where(seen, value, value[seen].mean() if seen.any() else np.nan)
        return flat, np.where(seen, se, se[seen].max() * 2 if seen.any() else np.nan)
    z, noise = value[seen], se[seen] ** 2
    top = max(
        float(np.sqrt(max(np.average((z - np.average(z, weights=1 / noise)) ** 2, weights=1 / noise), 1e-12))),
        float(np.sqrt(noise.min())),
    )
    steps = np.linspace(0.02, 2, GRID) * top
    a, b, c = (g.reshape(-1, 1, 1) ** 2 for g in np.meshgrid(steps, steps, steps, indexing="ij"))
    same_row, same_column = (x[:, None] == x[None, :] for x in (rows, columns))
    whole = a * same_row + b * same_column + c * np.eye(len(value))
    v = whole[:, seen][:, :, seen] + np.diag(noise)
    inverse = np.linalg.inv(v)
    precision = inverse.sum((1, 2))
    mu = inverse.sum(1) @ z / precision
    rest = z - mu[:, None]
    pulled = (inverse @ rest[:, :, None])[:, :, 0]
    logs = -0.5 * (np.linalg.slogdet(v)[1] + (rest * pulled).sum(1) + np.log(precision))
    cross = whole[:, :, seen] @ inverse
    at = mu[:, None] + (whole[:, :, seen] @ pulled[:, :, None])[:, :, 0]
    lever = 1 - cross.sum(2)
    inner = np.diagonal(whole, axis1=1, axis2=2) - (cross * whole[:, :, seen]).sum(2) + lever**2 / precision[:, None]
    weight = special.softmax(logs)[:, None]
    mean = (weight * at).sum(0)
    return mean, np.sqrt((weight * (inner + (at - mean) ** 2)).sum(0))


def all_held(made: pd.DataFrame) -> pd.DataFrame:
    """Step 2 on the frame of `compared`: adds extra_held, extra_sd, gmv_held, gmv_sd; channels together, ALL by itself.

    Extras are held back in units of the cell: the deviation of its moves, the money that follows a day without contact.
    """
    parts = []
    for alone in (False, True):
        some = made[(made.channel == ALL) == alone].reset_index(drop=True)
        scale, worth = (some[c].fillna(some[c].mean()) for c in ("scale", "worth"))
        rows, columns = some.cell.to_numpy(), some.channel.to_numpy()
        for value, se, unit in (("extra", "se", scale), ("gmv", "gmv_se", worth)):
            mean, sd = held_back((some[value] / unit).to_numpy(float), (some[se] / unit).to_numpy(float), rows, columns)
            some[f"{value}_held"], some[f"{value}_sd"] = mean * unit, sd * unit
        parts.append(some)
    return pd.concat(parts, ignore_index=True)


def table(
    held: pd.DataFrame, contacted: Mapping[tuple[str, str], int], costs: Mapping[str, float], told: Factor
) -> pd.DataFrame:
    """The shared frame (COLUMNS), one row a cell and channel, ALL last in each cell; money in minor units, intervals 80 %.

    contacted: distinct consumers by cell and channel; costs: money per consumer met on a day, by channel (absent: unknown).
    extra is credit × factor: kind "lift" where a trial carries the factor, "credit" where only comparison does, "prior" where
    too few were met to say (then it is what cells and channels have in common). A contact is one consumer on one day.
    """
    added = (held.n * held.extra_held).clip(lower=0).where(held.channel != ALL, 0.0)
    factors = []
    for cell, channel in zip(held.cell, held.channel, strict=True):
        part = added[(held.cell == cell) & (added > 0)]
        weight = (part / part.sum()).set_axis(held.channel[part.index])
        factors.append(told.of_all(weight) if channel == ALL else told.of(channel))
    f, sf = (np.array([v[i] for v in factors]) for i in (0, 1))
    out = pd.DataFrame({"from_stage": held.cell, "channel": held.channel, "moved": held.moved, "n": held.n})
    out["usual"] = (held.moved - held.extra).clip(0, 1)
    for value, name, low, high in (
        ("extra", "extra", "low", "high"),
        ("gmv", "gmv_extra_minor", "gmv_low", "gmv_high"),
    ):
        mean, sd = held[f"{value}_held"], held[f"{value}_sd"]
        reach = Z80 * np.sqrt(f**2 * sd**2 + mean**2 * sf**2 + sd**2 * sf**2)
        out[name], out[low], out[high] = f * mean, f * mean - reach, f * mean + reach
    tried = np.where([v[2] for v in factors], "lift", "credit")
    out["kind"] = np.where(held.extra.isna(), "prior", tried)
    out["contacted"] = [int(contacted.get(k, 0)) for k in zip(out.from_stage, out.channel, strict=True)]
    out["cost_minor"] = _cost(out, costs)
    out["per_moved_minor"] = out.cost_minor / out.extra.where(out.extra > 0)
    cells = pd.Categorical(out.from_stage, list(dict.fromkeys(held.cell)), ordered=True)
    out = out.assign(_cell=cells, _all=out.channel == ALL).sort_values(["_cell", "_all", "channel"], ignore_index=True)
    return out[list(COLUMNS)].astype(
        {"n": "int64", "contacted": "int64", "cost_minor": "Float64", "per_moved_minor": "Float64"}
    )


def _cost(out: pd.DataFrame, costs: Mapping[str, float]) -> pd.Series:
    """Money per contact; of ALL the mean over the cell's contacts, unknown where a channel's is."""
    cost = out.channel.map(dict(costs)).astype(float)
    single = out.channel != ALL
    paid = (cost * out.n).where(single & (out.n > 0))
    whole = paid.groupby(out.from_stage).sum() / out.n[single].groupby(out.from_stage).sum().replace(0, np.nan)
    unknown = (single & cost.isna() & (out.n > 0)).groupby(out.from_stage).any()
    return cost.where(single, out.from_stage.map(whole.mask(unknown)))
