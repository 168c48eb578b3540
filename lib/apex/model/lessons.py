"""Lessons of several campaigns put together, how far what came lay from what was foretold, and what is worth testing next.

*Merging.* A campaign's rate is that of its kind plus what is its own: y_k = μ + u_k + ε_k on the logit (shares) or the logarithm
(prices, responses), u_k with sd `BETWEEN`, ε_k with the error that the lesson tells. Precisions are added, an older one's
discounted by half for every `HALF_LIFE` days (power discounting: West & Harrison, *Bayesian Forecasting and Dynamic Models*,
1997, ch. 6.3), and the interval is the next campaign's: Var = 1 / Σ w_k + BETWEEN². Pooling all earlier people as one sample
(`pooled`) forgets u_k, and taking the newest alone (`newest`) forgets the others; both are kept as rivals known to be wrong.
"""

import math
from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np
import pandas as pd

HALF_LIFE = 365.0  # days: convention, a year's festival is half forgotten when the next but one comes
# Convention, between two figures: conversions of a stage of one brand in two windows differ on the logit, beyond chance, as if
# each had an sd of 0.17 (12 brands of the panel, windows of 56 days) or of 0.32 (the default market, festivals among ordinary
# weeks), however far apart they lie.
BETWEEN = 0.25
Z80 = 1.2815516
KEYS = ["what", "of"]
Key = tuple[str, str]
ENTRY = [*KEYS, "value", "low", "high", "n", "kind", "scale", "span", "why"]
SURPRISE = [*KEYS, "foretold", "low", "high", "came", "n", "surprise", "inside", "stated"]
TEST = [*KEYS, "money_minor", "width", "at_stake_minor", "why", "people", "rate", "lift", "units", "tells"]
EXPECTED = 0.1  # convention: the relative lift a trial is sized for where nothing says what to expect
LEAST, MOST = 0.02, 0.5  # of it, where a response says so


def merged(seen: pd.DataFrame, half_life: float = HALF_LIFE, between: float = BETWEEN) -> pd.DataFrame:
    """What the next campaign may expect: ENTRY and campaigns (how many told it), a row for each what and of.

    seen: ENTRY, day (of the wrap-up that says so) and days (of its window), every campaign's own. Shares are brought to the
    newest window's length as in `apex.model.learned`. Totals are no one's to come and are left out. What rests on all the
    data (span `all`) contains what an earlier lesson said: its newest alone stands. Null where no lesson could tell.
    """
    kept_rows = seen[seen.scale != "total"].sort_values("day", kind="stable").reset_index(drop=True)
    columns = {c: kept_rows[c].to_numpy() for c in kept_rows}
    known, days = kept_rows.value.notna().to_numpy(), pd.to_datetime(kept_rows.day).to_numpy().astype("datetime64[D]")
    first = {key: n for n, key in enumerate(dict.fromkeys(zip(seen.what, seen.of, strict=True)))}
    rows = []
    for at in kept_rows.groupby(KEYS, sort=False).indices.values():
        told = at[known[at]]
        if not len(told):
            rows.append({**{c: columns[c][at[-1]] for c in ENTRY}, "campaigns": 0})
            continue
        if (columns["span"][told] == "all").any():
            told = told[columns["span"][told] == "all"][-1:]
        last = {c: columns[c][told[-1]] for c in ENTRY}
        kept = 0.5 ** ((days[told[-1]] - days[told]).astype(float) / half_life)
        value, low, high, n = (columns[c][told].astype(float) for c in ("value", "low", "high", "n"))
        if last["scale"] == "share":
            value = 1 - (1 - value) ** (columns["days"][told[-1]] / columns["days"][told].astype(float))
        middle, error = on_scale(value, low, high, n, last["scale"])
        plain = last["scale"] == "plain"
        own = between * (np.abs(middle) if plain else 1.0)
        weight = kept / (error**2 + own**2 + 1e-12)
        centre = float((weight * middle).sum() / weight.sum())
        half = Z80 * math.sqrt(1 / weight.sum() + (between * (abs(centre) if plain else 1.0)) ** 2)
        ends = (back(centre + h, last["scale"]) for h in (0.0, -half, half))
        rows.append({**last, **dict(zip(("value", "low", "high"), ends, strict=True)), "n": round((kept * n).sum()), "why": None,
                     "campaigns": len(told)})  # fmt: skip
    rows.sort(key=lambda r: first[r["what"], r["of"]])
    return pd.DataFrame(rows, columns=[*ENTRY, "campaigns"])


def on_scale(
    value: np.ndarray, low: np.ndarray, high: np.ndarray, n: np.ndarray, scale: str
) -> tuple[np.ndarray, np.ndarray]:
    """Values and standard errors on a scale: shares as log odds of their counts, ratios as logarithms.

    A number without an interval is known exactly.
    """
    if scale == "share":
        hits = value * n
        return np.log((hits + 0.5) / (n - hits + 0.5)), np.sqrt(1 / (hits + 0.5) + 1 / (n - hits + 0.5))
    if scale == "log":
        value, low, high = (np.log(np.maximum(x, 1e-12)) for x in (value, low, high))
    return value, np.nan_to_num((high - low) / (2 * Z80))


def back(x: float, scale: str) -> float:
    """From the scale to the number."""
    if scale == "share":
        return float(1 / (1 + math.exp(-x)))
    return math.exp(x) if scale == "log" else float(x)


def pooled(told: pd.DataFrame) -> tuple[float, float, float]:
    """The known-wrong merge of shares: all people of all campaigns as one sample. value, low, high (80 %)."""
    n, hits = float(told.n.sum()), float((told.value * told.n).sum())
    return _of_counts(hits, n)


def newest(told: pd.DataFrame) -> tuple[float, float, float]:
    """The other known-wrong merge: the newest campaign as if the next one's rate were its."""
    last = told.sort_values("day").iloc[-1]
    return _of_counts(float(last.value * last.n), float(last.n))


def _of_counts(hits: float, n: float) -> tuple[float, float, float]:
    from scipy.special import betaincinv

    a, b = hits + 0.5, n - hits + 0.5
    return a / (a + b), float(betaincinv(a, b, 0.1)), float(betaincinv(a, b, 0.9))


def discounted(counts: pd.DataFrame, day: date, newest_day: date, half_life: float = HALF_LIFE) -> pd.DataFrame:
    """Consumers and buyers of a lesson of `day` as far as they still count beside one of `newest_day`."""
    kept = 0.5 ** (max((newest_day - day).days, 0) / half_life)
    return counts.assign(consumers=counts.consumers * kept, buyers=counts.buyers * kept)


def surprises(foretold: pd.DataFrame, between: float = BETWEEN) -> pd.DataFrame:
    """How far what came lies from what was foretold, the farthest first (SURPRISE).

    foretold: what, of, foretold, low, high (80 %; null: the plan told no interval), came, n (people whose share came; 0: no
    share), scale. surprise: the difference over its standard deviation, on the scale: the interval's half on that side, or
    √2 · `between` where none was told, and the chance in a share that came. inside: of the interval, null without one; where
    stated is False the interval is that of `between`.
    """
    rows = []
    for row in foretold.itertuples():
        known = [row.foretold, row.came]
        positive = row.scale != "log" or min(known) > 0
        if any(pd.isna(x) for x in known) or not positive or (row.scale == "share" and not 0 < row.foretold < 1):
            continue
        stated = pd.notna(row.low) and pd.notna(row.high)
        at, noise = _at(row.foretold, row.scale), 0.0
        here = _at(row.came, row.scale)
        if row.scale == "share" and row.n:
            hits = row.came * row.n
            here = math.log((hits + 0.5) / (row.n - hits + 0.5))
            noise = math.sqrt(1 / (hits + 0.5) + 1 / (row.n - hits + 0.5))
        sd = math.sqrt(2) * between
        low, high = row.low, row.high
        if stated and (row.scale != "log" or row.low > 0):
            sd = abs(_at(row.high if here >= at else row.low, row.scale) - at) / Z80
        elif not stated:
            reach = Z80 * math.hypot(sd, noise)
            low, high = back(at - reach, row.scale), back(at + reach, row.scale)
        whole = math.hypot(sd, noise)
        surprise = (here - at) / whole if whole > 0 else 0.0 if here == at else math.copysign(math.inf, here - at)
        inside = low <= row.came <= high if stated else abs(surprise) <= Z80
        rows.append((row.what, row.of, row.foretold, low, high, row.came, row.n, surprise, bool(inside), bool(stated)))
    frame = pd.DataFrame(rows, columns=SURPRISE)
    order = frame.surprise.abs().sort_values(ascending=False, kind="stable").index
    return frame.loc[order].reset_index(drop=True)


def _at(x: float, scale: str) -> float:
    if scale == "share":
        return math.log(min(max(x, 1e-9), 1 - 1e-9) / (1 - min(max(x, 1e-9), 1 - 1e-9)))
    return math.log(x) if scale == "log" else float(x)


def to_test(
    entries: pd.DataFrame, money: Mapping[Key, float], rates: Mapping[Key, tuple[int, float, float]], tried: Sequence[str],
    ratios: Mapping[str, tuple[float, float]],
) -> pd.DataFrame:  # fmt: skip
    """What is worth testing next, the most first (TEST): where much money hangs on what is known worst.

    entries: ENTRY, of a campaign by itself: what campaigns differ by, no test takes away. money: by (what, of), spent or brought
    a campaign (minor units); what has none is not asked. rates: by (what, of), the people concerned, the share of them who buy,
    and the relative lift to expect (not a number: the convention). tried: channels that a trial has told of. ratios: 80 % ends
    of a channel's lift over its credit.

    width: half the 80 % interval over the value, at most 1 (1: not known at all); at_stake_minor = money × width, the money that
    stands on the other side of the interval's end: an upper bound of what knowing better is worth, to rank by. why: unknown,
    credit (it differs from lift), no_trial, wide. units: consumers in each of two equal arms that tell the lift
    (`model.sample_size`, one look, 80 % power); tells: the smallest lift that two halves of the people tell, looked at every day.
    """
    from apex.model import sample_size

    rows = []
    for row in entries.itertuples():
        at = (str(row.what), str(row.of))
        if at not in money or not money[at] > 0:
            continue
        known = pd.notna(row.value) and pd.notna(row.low) and float(row.value) != 0
        width = min((row.high - row.low) / 2 / abs(row.value), 1.0) if known else 1.0
        why = "wide" if known else "unknown"
        if known and at[0] == "response":
            low, high = ratios.get(at[1], (1.0, 1.0))
            why = "credit" if low > 1 or high < 1 else "wide" if at[1] in tried else "no_trial"
        people, rate, lift = rates.get(at, (0, np.nan, np.nan))
        lift = EXPECTED if not lift > 0 else min(max(lift, LEAST), MOST)
        units, tells = np.nan, None
        if 0 < rate < 1:
            units = float(sample_size.table(rate, [lift]).once.iloc[0])
            tells = sample_size.tellable(people / 2, rate) if people >= 2 else None
        rows.append(
            (
                *at,
                money[at],
                width,
                money[at] * width,
                why,
                people,
                rate,
                lift,
                units,
                np.nan if tells is None else tells,
            )
        )
    frame = pd.DataFrame(rows, columns=TEST).sort_values("at_stake_minor", ascending=False, kind="stable")
    return frame.reset_index(drop=True)


def worn(counted: pd.DataFrame) -> pd.DataFrame:
    """Clicks on a creative's later days of contact over its first's, of the same pairs: contacts, n, value, low, high (80 %).

    counted: `measure.lessons.WEAR`. Logarithm of a ratio of paired means, delta method (Cochran, *Sampling Techniques*, 1977,
    ch. 6.4); half a click is added on both sides. Null below 30 pairs or without ten first clicks.
    """
    rows = []
    for row in counted.itertuples():
        n = int(row.pairs)
        if n < 30 or row.first < 10:
            rows.append((row.contacts, n, np.nan, np.nan, np.nan))
            continue
        a, b = (row.later + 0.5) / (n + 1), (row.first + 0.5) / (n + 1)
        va, vb, c = (x / n - y for x, y in ((row.squares_later, a**2), (row.squares_first, b**2), (row.both, a * b)))
        se = math.sqrt(max(va / a**2 + vb / b**2 - 2 * c / (a * b), 0.0) / n)
        rows.append((row.contacts, n, *(a / b * math.exp(h * Z80 * se) for h in (0, -1, 1))))
    return pd.DataFrame(rows, columns=["contacts", "n", "value", "low", "high"])


def prices(daily: pd.DataFrame) -> pd.DataFrame:
    """Cost of a contact by channel (channel, contacts, cost_minor, value, low, high), its interval from day to day.

    daily: day, channel, impressions, cost_minor. A ratio of sums with days as units (Cochran 1977, ch. 6.4), 80 % on the
    logarithm; what cost nothing has no price.
    """
    rows = []
    for channel, days in daily.groupby("channel"):
        met, paid = float(days.impressions.sum()), float(days.cost_minor.sum())
        price, n = (paid / met if met else 0.0), len(days)
        if price <= 0:
            rows.append((channel, met, paid, np.nan, np.nan, np.nan))
            continue
        left = days.cost_minor.to_numpy(float) - price * days.impressions.to_numpy(float)
        se = math.sqrt((left**2).sum() * n / max(n - 1, 1)) / paid
        rows.append((channel, met, paid, *(price * math.exp(h * Z80 * se) for h in (0, -1, 1))))
    return pd.DataFrame(rows, columns=["channel", "contacts", "cost_minor", "value", "low", "high"])
