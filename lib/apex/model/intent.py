"""Purchase intent: behaviours weighted by what they foretell, an index of them, what moved it, and whether it foretold sales.

Weights are the coefficients of a logistic model of a purchase in the next 30 days, over all consumers and brands of the category
(definitions 13.2): not below nought, held back to nought as if each were thought to double or halve the odds, beside whether
somebody had bought within the year, so that habit is not taken for intent. They are learned on days that lie before every day
they are applied to. A consumer's score is linear in what he did, so that an index is a mean of scores, its error that of a mean
over consumers (delta method, the benchmark's own error in it), and what moved it a difference of means: by chance where arms
were drawn, else weighted by what was known before (`weighting.aipw`).
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from apex.measure.intent import BEHAVIOURS, YEAR, Spells, bits
from apex.model.estimate import Estimate, Question
from apex.model.weighting import aipw

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

LEVEL = 0.90  # of intervals, as the definitions ask
Z = 1.6449
SHOWN, GAP, LEARN = 8, 2, 8  # spells shown, between (so that no purchase learned from lies in them), learned from
FEWEST = 50  # purchases from which weights are learned
LEAST_OTHERS = 5  # brands beside us: of fewer, the benchmark would give one away
PRIOR = 0.7  # sd of a log odds: a behaviour doubles the odds
BUCKETS = 20  # of consumers, for the weights' own error
RANKED = 6  # brands from which ranks are compared
K = len(BEHAVIOURS)
HABIT = 1 << K
CELL = ["dimension", "cell", "n", "index", "low", "high", "cannot"]
TREND = ["day", "index", "low", "high", "buyers", "share", "share_others"]
COMPARED = [
    "method",
    "kind",
    "effect",
    "low",
    "high",
    "without",
    "lift",
    "lift_low",
    "lift_high",
    "treated",
    "control",
    "cannot",
]


@dataclass(frozen=True)
class Weights:
    """share: (K,) weights, sum 1; low, high: of them; raw: (K,) log odds; level, habit: of the model; n: consumers × brands ×
    spells; purchases; spells: first and last learned from.
    """

    share: "Floats"
    low: "Floats"
    high: "Floats"
    raw: "Floats"
    level: float
    habit: float
    n: int
    purchases: int
    spells: tuple[int, int]

    def odds(self, did: "NDArray[np.uint8]", old: "NDArray[np.bool_]") -> "Floats":
        """Log odds of a purchase in the next 30 days, in the shape of `did`."""
        return self.level + bits(did) @ self.raw + self.habit * old


def plan(of: Spells) -> tuple[int, int, int] | None:
    """(first spell shown, first and last learned from); None where the data are too short: something must be learned before."""
    shown = max(1, min(SHOWN, of.at + 1 - GAP - 1))
    last = of.at - shown + 1 - GAP - 1
    return None if last < 0 else (of.at - shown + 1, max(0, last - LEARN + 1), last)


def learn(of: Spells, first: int, last: int) -> Weights | None:
    """Weights from the spells `first` to `last` and what was bought in the 30 days after each; None of too few purchases."""
    table = np.zeros((BUCKETS, 2, 2 * HABIT))
    bucket = (of.ids % BUCKETS)[:, None]
    for s in range(first, last + 1):
        key = (bucket * 2 + of.later(s)) * 2 * HABIT + of.did[s] + HABIT * of.old(s)
        table += np.bincount(key.ravel(), minlength=table.size).reshape(table.shape)
    whole = table.sum(axis=0)
    if whole[1].sum() < FEWEST or not whole[1].sum() < whole.sum():
        return None
    found = _fit(whole)
    share = _shares(found)
    if share is None:
        return None
    each = [x for b in range(BUCKETS) if (x := _shares(_fit(whole - table[b], found))) is not None]
    error = np.sqrt((len(each) - 1) / max(len(each), 1) * ((np.array(each) - np.mean(each, axis=0)) ** 2).sum(axis=0))
    return Weights(
        share, np.maximum(share - Z * error, 0), np.minimum(share + Z * error, 1), found[:K], float(found[K]),
        float(found[K + 1]), int(whole.sum()), int(whole[1].sum()), (first, last),
    )  # fmt: skip


def _shares(found: "Floats") -> "Floats | None":
    return found[:K] / found[:K].sum() if found[:K].sum() > 1e-9 else None


def _fit(table: "Floats", start: "Floats | None" = None) -> "Floats":
    """(K + 2,) behaviours' log odds (none below 0), level, habit; table: (2, patterns) who did not buy, and who did."""
    from scipy.optimize import minimize

    n, y = table.sum(axis=0), table[1]
    some = np.flatnonzero(n)
    x = np.column_stack([bits(some.astype(np.uint16) & (HABIT - 1)), np.ones(len(some)), (some & HABIT) > 0]).astype(
        float
    )
    n, y, size = n[some], y[some], n.sum()
    held = np.r_[np.full(K, PRIOR**-2), 0, 1e-4]

    def loss(b: "Floats") -> "tuple[float, Floats]":
        eta = x @ b
        p = 1 / (1 + np.exp(-eta))
        value = (n * np.logaddexp(0, eta) - y * eta).sum() + (held * b**2).sum() / 2
        return value / size, (x.T @ (n * p - y) + held * b) / size

    begin = np.r_[np.full(K, 0.5), np.log(max(y.sum(), 1) / max((n - y).sum(), 1)), 0.5] if start is None else start
    bounds = [(0, None)] * K + [(None, None)] * 2
    return minimize(loss, begin, jac=True, method="L-BFGS-B", bounds=bounds, options={"ftol": 1e-12, "gtol": 1e-9}).x


def benchmark(of: Spells, spell: int) -> "Floats":
    """(K,) share of consumers who do each behaviour at one of the other brands, all of them together; 0: nobody does."""
    patterns = np.bincount(of.did[spell][:, of.others].ravel(), minlength=HABIT)
    return np.asarray(patterns @ bits(np.arange(HABIT)) / max(patterns.sum(), 1))


def per_behaviour(weights: Weights, bench: "Floats") -> "Floats":
    """(K,) what doing a behaviour adds to a consumer's score; what nobody does elsewhere counts for nothing, the rest for all."""
    use = np.where(bench > 0, weights.share, 0.0)
    use = use / use.sum() if use.sum() > 0 else use
    return 100 * use / np.where(bench > 0, bench, 1.0)


def scores(of: Spells, weights: Weights, spell: int) -> "Floats":
    """(U,) each consumer's score; its mean is the index of the brand among everybody, 100 where it is as the others'."""
    return np.asarray(bits(of.did[spell][:, of.own]) @ per_behaviour(weights, benchmark(of, spell)))


def trend(of: Spells, weights: Weights | None, first: int, least: int) -> pd.DataFrame:
    """A row a spell shown (TREND): the index of everybody with 90 %, buyers in the spell, their share, and the other brands'."""
    rows = []
    for s in range(max(first, 0), of.at + 1):
        index = low = high = np.nan
        if weights is not None and len(of.ids) >= least and len(of.others) >= LEAST_OTHERS:
            bench = benchmark(of, s)
            per = per_behaviour(weights, bench)
            own = bits(of.did[s][:, of.own])
            elsewhere = bits(of.did[s][:, of.others]).mean(axis=1)
            score = own @ per
            # the same consumers are in the benchmark: what each adds to the index, less what he adds to the other side
            part = score - elsewhere @ (per * own.mean(axis=0) / np.where(bench > 0, bench, 1.0))
            index, half = float(score.mean()), Z * float(part.std(ddof=1)) / np.sqrt(len(part))
            low, high = index - half, index + half
        buyers = of.bought(s)[:, of.own]
        other = float(of.bought(s)[:, of.others].mean()) if len(of.others) >= LEAST_OTHERS and len(of.ids) else np.nan
        rows.append(
            (of.days[s], index, low, high, int(buyers.sum()), float(buyers.mean()) if len(of.ids) else np.nan, other)
        )
    return pd.DataFrame(rows, columns=TREND)


def cells(
    met: pd.DataFrame, of: Spells, weights: Weights | None, names: "list[pd.DataFrame]", least: int
) -> pd.DataFrame:
    """The index of those whom the brand's media met, in the 15 days after, beside those whom the other brands' met: a row a cell.

    names: frames in the order of the brand's rows of `met`, one column (the dimension) each. cannot: too_few, no_benchmark.
    """
    own, other = met[met.brand == of.brands[of.own]], met[met.brand != of.brands[of.own]]
    x, bench = bits(own.did.to_numpy(np.uint8)), np.zeros(K)
    enough = other.brand.nunique() >= LEAST_OTHERS and len(other) >= least and weights is not None
    z = bits(other.did.to_numpy(np.uint8))
    if enough:
        bench = z.mean(axis=0)
    per = per_behaviour(weights, bench) if weights is not None else np.zeros(K)
    rows = []
    for frame in names:
        dimension = str(frame.columns[0])
        column = frame[dimension].to_numpy()
        for cell in sorted(set(column)):
            mine = x[column == cell]
            cannot = "" if enough and len(mine) >= least else "no_benchmark" if not enough else "too_few"
            index = low = high = np.nan
            if not cannot:
                score = mine @ per
                against = z @ (per * mine.mean(axis=0) / np.where(bench > 0, bench, 1.0))
                index = float(score.mean())
                half = Z * float(np.sqrt(score.var(ddof=1) / len(mine) + against.var(ddof=1) / len(z)))
                low, high = index - half, index + half
            rows.append((dimension, str(cell), len(mine), index, low, high, cannot))
    return pd.DataFrame(rows, columns=CELL)


def compared(of: Spells, weights: Weights, first: int, last: int, treated: "NDArray[np.bool_]", inside: "NDArray[np.bool_]",
             chance: "Floats | None", least: int, level: float = LEVEL) -> Estimate:  # fmt: skip
    """What being treated adds to the index of a consumer, in the mean of the spells `first` to `last`, in index points.

    treated, inside: (U,) who was, and who is compared at all. chance: (U,) of being treated where that was drawn; else what was
    known before (scores and behaviours of the four spells before, habit, purchases) weighs the others. `cannot`: too_few
    below `least`.
    """
    kind = "model" if chance is None else "lift"
    score = np.mean([scores(of, weights, s) for s in range(first, last + 1)], axis=0)
    ask = Question("aipw", kind, treated[inside], level=level)
    if why := ask.trouble(least):
        return ask.cannot(why)
    known = {f"score {k}": scores(of, weights, first - k) for k in range(1, 5) if first - k >= 0}
    did = {k: bits(of.did[first - k][:, of.own]).sum(axis=1) for k in range(1, 5) if first - k >= 0}
    known |= {f"did {k}": n for k, n in did.items()}
    known |= {f"bought {k}": of.buys[first + YEAR - k, :, of.own].astype(float) for k in (1, 2, 3)}
    known["old"] = of.old(first)[:, of.own].astype(float)
    known["market"] = (of.did[first - 1] > 0).sum(axis=1).astype(float) if first else np.zeros(len(of.ids))
    index = pd.RangeIndex(int(inside.sum()))
    frame = pd.DataFrame({n: np.asarray(v)[inside] for n, v in known.items()}, index=index)
    y, t = pd.Series(score[inside], index), pd.Series(treated[inside], index)
    known_chance = None if chance is None else pd.Series(np.asarray(chance)[inside], index)
    return aipw(y, t, frame, propensity=known_chance, level=level)


def bare(of: Spells, weights: Weights, first: int, last: int, treated: "NDArray[np.bool_]", least: int) -> Estimate:
    """The difference of means as it stands: who is met is likelier to buy anyway, so that it is no effect."""
    score = np.mean([scores(of, weights, s) for s in range(first, last + 1)], axis=0)
    ask = Question("bare", "counted", treated, level=LEVEL)
    if why := ask.trouble(least):
        return ask.cannot(why)
    a, b = score[treated], score[~treated]
    se = float(np.sqrt(a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b)))
    if not se > 0:
        return ask.cannot("no_variation")
    return Estimate("bare", a.mean() - b.mean(), a.mean() - b.mean() - Z * se, a.mean() - b.mean() + Z * se, se,
                    len(a), len(b), "counted", without=float(b.mean()))  # fmt: skip


def row(method: str, found: Estimate) -> tuple[object, ...]:
    """An estimate as a row of COMPARED: in index points, and as a share of what it would have been without (lift).

    The lift's error takes the whole of the difference's for that of the others, times the ratio: wider than it need be.
    """
    usual = found.without
    told = not found.cannot and np.isfinite(usual) and usual > 0
    lift = found.effect / usual if told else np.nan
    half = (found.high - found.low) / 2 / usual * max(1.0, 1 + lift) if told else np.nan
    return (method, found.kind, found.effect, found.low, found.high, usual, lift, lift - half, lift + half, found.n_treated,
            found.n_control, found.cannot)  # fmt: skip
