"""Credit for moves up, by five rules side by side: what each channel is given of the moves between two days.

All are associations. The truth of a simulated market says how far each is off (`make truth`): leaving a channel's touches
out of the ledger is nearest for the stages before a purchase; for purchases no rule is near enough to be believed.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

LEVEL = 0.95
METHODS = ("replay", "regression", "last", "equal", "naive")  # in order of trust
FEW_BUCKETS = 5  # fewer filled ones give no error
COLUMNS = ["method", "cause", "to_stage", "credit", "low", "high"]


def replayed(frame: pd.DataFrame, level: float = LEVEL) -> pd.DataFrame:
    """Intervals for the frame of `measure.replay.without` (or sums of it by consumers): the frame with low and high.

    What would vary with other consumers like those whom the cause met: each brings 1, 0 or −1, so that the variance of the
    sum is booked + instead − credit² / met. Rounded, and without booked and instead, since they could be had from the width.
    """
    from scipy.special import ndtri

    spread = np.sqrt(np.maximum(frame.booked + frame.instead - frame.credit**2 / frame.met.clip(lower=1), 0.0))
    half = float(ndtri(0.5 + level / 2)) * spread
    low, high = (frame.credit - half).round(), (frame.credit + half).round()
    return frame[[c for c in frame if c not in ("booked", "instead")]].assign(low=low, high=high)


def naive(touched: pd.DataFrame, flow: pd.DataFrame, people: int) -> pd.DataFrame:
    """Touched less untouched: consumers met × (share of them that rose − share of all others at the same stage that rose).

    touched: from_stage, to_stage, channel, met (consumers), as `measure.touches.touched`; flow: from_stage, to_stage,
    consumers, all pairs but none → none; people: all consumers of the market. Returns cause, to_stage, credit. A known-wrong
    rule: whoever is met differs from whoever is not.
    """
    whole = flow.pivot_table(index="from_stage", columns="to_stage", values="consumers", aggfunc="sum", observed=False)
    whole = whole.fillna(0.0)
    whole.iloc[0, 0] = people - whole.to_numpy().sum()  # at no stage on both days
    found = {}
    for cause, mine in touched[touched.channel != ""].groupby("channel"):
        met = mine.pivot_table(index="from_stage", columns="to_stage", values="met", aggfunc="sum", observed=False)
        met = met.reindex(index=whole.index, columns=whole.columns).fillna(0.0)
        size, others = met.sum(axis=1), (whole - met).sum(axis=1)
        rates = met.div(size.where(size > 0), axis=0) - (whole - met).div(others.where(others > 0), axis=0)
        gained = rates.mul(size, axis=0).fillna(0.0).to_numpy()
        found[cause] = np.triu(gained, 1).sum(axis=0)  # only what rises
    return _tidy(found, list(whole.columns))


def shared(touched: pd.DataFrame, column: str) -> pd.DataFrame:
    """Credit counted with the touches (`last` or `share` of the same frame) by cause and stage reached."""
    mine = touched[(touched.to_stage > touched.from_stage) & (touched.channel != "")]
    names = list(touched.to_stage.cat.categories)
    wide = mine.pivot_table(index="channel", columns="to_stage", values=column, aggfunc="sum", observed=False)
    return _tidy({c: wide.loc[c].reindex(names).fillna(0.0).to_numpy() for c in wide.index}, names)


def regression(gram: pd.DataFrame, level: float = LEVEL, over: Sequence[str] | None = None) -> pd.DataFrame:
    """Predicted rises less those predicted without a channel, from a linear model of rising; errors by jackknife.

    gram: the frame of `measure.touches.gram`. The outcome (rose to the stage) is regressed on touches by channel and kind of
    starting stage (saturating), adjusting for starting stage, time since the last event and own visits. Leaving out one bucket
    of consumers after the other gives the error (t with buckets − 1). over: rises to any of these stages together, as stage
    `*`. Returns cause, to_stage, credit, low, high; low and high are null with fewer than five filled buckets.
    """
    from scipy.special import stdtrit

    found_in = sorted({f for f in (*gram.a, *gram.b) if f.startswith("to:")})
    features = sorted({f for f in (*gram.a, *gram.b) if not f.startswith("to:")})
    met = [f for f in features if f.startswith("met:")]
    if "one" not in features or not met or not found_in:
        empty = pd.DataFrame(columns=["cause", "to_stage", "credit", "low", "high"])
        return empty.astype({"credit": float, "low": float, "high": float})
    place = {f: n for n, f in enumerate([*features, *found_in])}
    buckets, bucket = np.unique(gram.bucket, return_inverse=True)
    sums = np.zeros((len(buckets), len(place), len(place)))
    a, b = gram.a.map(place).to_numpy(), gram.b.map(place).to_numpy()
    sums[bucket, a, b] = sums[bucket, b, a] = gram.total.to_numpy() / 1e6
    at, one, size = [place[f] for f in met], place["one"], len(features)
    causes = sorted({_cause(f) for f in met})
    gather = np.array([[_cause(f) == cause for f in met] for cause in causes], float)
    reached = [f.removeprefix("to:") for f in found_in] if over is None else ["*"]
    added = (
        np.eye(len(found_in)) if over is None else np.array([[f.removeprefix("to:") in over] for f in found_in], float)
    )

    def credit(total: np.ndarray, scale: float) -> np.ndarray:
        inner = total[:size, :size]
        ridge = 1e-9 * np.trace(inner) / size * np.eye(size)  # a channel that met one kind of consumer alone
        slopes = np.linalg.solve(inner + ridge, total[:size, size:])[at]
        return gather @ (slopes * total[one, at][:, None] * scale) @ added

    whole, k = sums.sum(axis=0), len(buckets)
    found = credit(whole, 1.0)
    half = np.full_like(found, np.nan)
    if k >= FEW_BUCKETS:
        left_out = np.array([credit(whole - part, k / (k - 1)) for part in sums])
        error = np.sqrt((k - 1) / k * ((left_out - left_out.mean(axis=0)) ** 2).sum(axis=0))
        half = float(stdtrit(k - 1, 0.5 + level / 2)) * error
    rows = [
        (cause, stage, found[i, j], found[i, j] - half[i, j], found[i, j] + half[i, j])
        for i, cause in enumerate(causes) for j, stage in enumerate(reached)
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["cause", "to_stage", "credit", "low", "high"])


def side_by_side(
    replay: pd.DataFrame,
    touched: pd.DataFrame,
    gram: pd.DataFrame,
    flow: pd.DataFrame,
    people: int,
    level: float = LEVEL,
) -> pd.DataFrame:
    """All rules on the same moves: method (of METHODS), cause, to_stage, credit, low, high (null where a rule has none).

    replay: the channels' rows of `measure.replay.without`; touched, gram: the frames of `measure.touches`; flow: of
    `measure.assets.flow`; people: all consumers of the market. One row a method, channel that met somebody, and stage.
    """
    stages = list(flow.to_stage.cat.categories)[1:]
    mine = replay[replay.cause != "*"]
    summed = mine.groupby(["cause", "to_stage"], observed=True).agg(
        met=("met", "first"), booked=("booked", "sum"), instead=("instead", "sum"), credit=("credit", "sum")
    )
    parts = {
        "replay": replayed(summed.reset_index(), level),
        "regression": regression(gram, level),
        "last": shared(touched, "last"),
        "equal": shared(touched, "share"),
        "naive": naive(touched, flow, people),
    }
    causes = sorted(set(mine.cause))
    grid = pd.MultiIndex.from_product([causes, stages], names=["cause", "to_stage"])
    frames = []
    for method, part in parts.items():
        known = part.assign(to_stage=part.to_stage.astype(str)).set_index(["cause", "to_stage"])
        known = known.reindex(grid, columns=["credit", "low", "high"])
        frames.append(known.assign(method=method, credit=known.credit.fillna(0.0)).reset_index())
    out = pd.concat(frames, ignore_index=True)[COLUMNS]
    out["to_stage"] = out.to_stage.astype(pd.CategoricalDtype(stages, ordered=True))
    out["method"] = out.method.astype(pd.CategoricalDtype(list(METHODS), ordered=True))
    return out.sort_values(["method", "cause", "to_stage"], ignore_index=True)


def totals(compared: pd.DataFrame, gram: pd.DataFrame, stages: Sequence[str], level: float = LEVEL) -> pd.DataFrame:
    """Credit of each rule and channel over the moves that reach one of these stages.

    compared: the frame of `side_by_side`. Returns cause, a column a rule, and low, high of the regression.
    """
    kept = compared[compared.to_stage.isin(list(stages))]
    wide = kept.pivot_table(index="cause", columns="method", values="credit", aggfunc="sum", observed=False)
    wide = wide.reindex(columns=list(METHODS)).rename_axis(columns=None).reset_index()
    whole = regression(gram, level, stages)[["cause", "low", "high"]]
    wide["replay"] = wide.replay.round().astype(int)
    wide["last"] = wide["last"].round().astype(int)
    return wide.merge(whole, on="cause", how="left").sort_values(
        ["replay", "cause"], ascending=[False, True], ignore_index=True
    )


def _cause(feature: str) -> str:
    """The channel in `met:CHANNEL:GROUP`; its name may hold colons."""
    return feature.removeprefix("met:").rsplit(":", 1)[0]


def _tidy(found: dict[str, np.ndarray], stages: Sequence[str]) -> pd.DataFrame:
    rows = [(cause, stage, float(v)) for cause, by in found.items() for stage, v in zip(stages, by, strict=True)]
    frame = pd.DataFrame(rows, columns=["cause", "to_stage", "credit"])
    return frame[frame.to_stage != "none"].reset_index(drop=True)
