"""How the views of a piece of content come, by its age, and the age by which half of them have come.

Pieces differ in age on the day one looks: a young one has not had its later views yet. So the mean views on each day of age are
taken over the pieces that have reached it, and added up (the mean cumulative function; Nelson 2003, *Recurrent Events Data
Analysis*). Its value at an age over that at the last age told is the share of the views that have come by then. Views of one
piece hang together: intervals leave out piece after piece (the jackknife), on the logit scale, and the half-life's interval is
where those of the curve cross one half, as for a median (Brookmeyer & Crowley 1982). Pooling the views of all pieces, whatever
their age, would call content shorter-lived the younger it is.
"""

from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

LEVEL = 0.95
MOST = 0.9  # of its views: a piece is then as good as over
EVERY = "all"
BRANDS = 5  # whose pieces may be told together, as with peers
CURVE = ["day", "pieces", "views", "share", "low", "high"]
Array = NDArray[np.float64]


def curve(
    views: pd.DataFrame, pieces: pd.DataFrame, last: date, days: int, least: int, level: float = LEVEL
) -> pd.DataFrame:
    """The share of a piece's views that have come by the end of each day of age.

    views: content_id, age, views (those of `measure.start.life`); pieces: content_id, published; last: the last day seen.
    days: age at which the curve ends; earlier where fewer than `least` pieces have reached it. Returns day (1, 2, … days
    since published), pieces (that have reached it), views (counted on that day of age), share, low, high (missing where share
    is 0 or 1). Empty with fewer than `least` pieces, or without views.
    """
    counts, seen = _cube(views, pieces, last, days)
    pieces_at = seen.sum(axis=0)
    short = np.flatnonzero(pieces_at < least)
    end = int(short[0]) if len(short) else days
    counts, seen = counts[:, :end] * seen[:, :end], seen[:, :end]
    if not end or not counts.sum():
        return pd.DataFrame(columns=CURVE).astype(dict.fromkeys(CURVE[:3], "int64") | dict.fromkeys(CURVE[3:], float))
    share = _share(counts.sum(axis=0), pieces_at[:end])
    low, high = _interval(share, _left_out(counts, seen), int(pieces_at[end - 1]) - 1, level)
    columns = {
        "day": np.arange(1, end + 1), "pieces": pieces_at[:end].astype("int64"),
        "views": counts.sum(axis=0).astype("int64"), "share": share, "low": low, "high": high,
    }  # fmt: skip
    return pd.DataFrame(columns)


def half_life(curve: pd.DataFrame, share: float = 0.5) -> dict[str, float | int | None]:
    """The age at which a curve reaches `share`: value, low, high (days, within a day by a straight line; None: not reached), of
    days (the curve's last), pieces (that have reached it)."""
    if curve.empty:
        return {"value": None, "low": None, "high": None, "days": 0, "pieces": 0}
    ends = {"value": curve.share, "low": curve.high, "high": curve.low}
    found = {name: _crossing(curve.day.to_numpy(float), column.to_numpy(float), share) for name, column in ends.items()}
    return found | {"days": int(curve.day.iloc[-1]), "pieces": int(curve.pieces.iloc[-1])}


def lives(
    views: pd.DataFrame, pieces: pd.DataFrame, brand: str, last: date, days: int, least: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """How long content lives, of all formats (EVERY) and of each: the brand's own pieces where they reach as
    far, else the category's.

    pieces: the frame of `measure.start.pieces`, of the brand and others; others' are taken only from BRANDS brands or more.
    Returns two frames. Lives: format, whose (own, category), half, low, high (the half-life), most (the age at which 90 %
    have come), days, pieces; half is null where too few pieces are known. Curves: format, and the columns of `curve`.
    """
    rows, curves = [], []
    mine = pieces[pieces.brand == brand]
    for name in [EVERY, *sorted(mine.format.unique())]:
        own, others = (p if name == EVERY else p[p.format == name] for p in (mine, pieces))
        found, whose = curve(views, own, last, days, least), "own"
        if len(found) < days and others.brand.nunique() >= BRANDS:
            wider = curve(views, others, last, days, least)
            found, whose = (wider, "category") if len(wider) > len(found) else (found, whose)
        half = half_life(found)
        row = {"format": name, "whose": whose, "half": half["value"], "low": half["low"], "high": half["high"]}
        rows.append(row | {"most": half_life(found, MOST)["value"], "days": half["days"], "pieces": half["pieces"]})
        curves.append(found.assign(format=name))
    numbers = dict.fromkeys(("half", "low", "high", "most"), "Float64")
    columns = ["format", "whose", *numbers, "days", "pieces"]
    told = pd.concat(curves, ignore_index=True) if curves else pd.DataFrame(columns=["format", *CURVE])
    return pd.DataFrame(rows, columns=columns).astype(numbers), told[["format", *CURVE]]


def pooled(views: pd.DataFrame, days: int) -> float:
    """The known-wrong half-life: the median age of all views together, as if every piece were old. For tests and warnings."""
    inside = views[views.age < days]
    counts = inside.groupby("age").views.sum().reindex(range(days), fill_value=0).cumsum()
    return _crossing(np.arange(1.0, days + 1), (counts / counts.iloc[-1]).to_numpy(), 0.5) or float("nan")


def _cube(views: pd.DataFrame, pieces: pd.DataFrame, last: date, days: int) -> tuple[Array, Array]:
    """Views by piece and day of age, and whether the piece has reached it (1 or 0)."""
    index = pd.Index(pieces.content_id)
    inside = views[(views.age < days) & views.content_id.isin(index)]
    counts = np.zeros((len(index), days))
    counts[index.get_indexer(inside.content_id), inside.age.to_numpy(int)] = inside.views
    reached = np.array([(last - day).days for day in pieces.published], dtype=float)
    return counts, (np.arange(days) <= reached[:, None]).astype(float) if len(index) else counts


def _share(counts: Array, seen: Array) -> Array:
    """Mean views a piece by age, added up, over the last of them (the last axis is age)."""
    mean = np.divide(counts, seen, out=np.zeros_like(counts), where=seen > 0).cumsum(axis=-1)
    whole = mean[..., -1:]
    return np.divide(mean, whole, out=np.full_like(mean, np.nan), where=whole > 0)


def _left_out(counts: Array, seen: Array) -> Array:
    """The curve without each piece in turn: pieces × ages."""
    return _share(counts.sum(axis=0) - counts, seen.sum(axis=0) - seen)


def _interval(share: Array, left: Array, freedom: int, level: float) -> tuple[Array, Array]:
    """Low and high of a curve from the same without each piece; what comes last rests on the pieces that have got as far."""
    from scipy.special import expit, logit, stdtrit

    inside = (share > 1e-9) & (share < 1 - 1e-9)
    parts = logit(np.clip(left[~np.isnan(left).any(axis=1)], 1e-9, 1 - 1e-9))
    n = len(parts)
    if n < 2 or freedom < 1:
        return np.full(len(share), np.nan), np.full(len(share), np.nan)
    reach = float(stdtrit(freedom, 0.5 + level / 2)) * np.sqrt(
        (n - 1) / n * ((parts - parts.mean(axis=0)) ** 2).sum(axis=0)
    )
    centre = logit(np.where(inside, share, 0.5))
    return np.where(inside, expit(centre - reach), np.nan), np.where(inside, expit(centre + reach), np.nan)


def _crossing(day: Array, share: Array, wanted: float) -> float | None:
    """Where a curve that begins at 0 on day 0 first reaches `wanted`, on a straight line between days."""
    known = ~np.isnan(share)
    # at its ends the curve is 0 or 1 without doubt
    share = np.where(
        known, share, np.where(np.arange(len(share)) < np.argmax(known) if known.any() else True, 0.0, 1.0)
    )
    at = np.flatnonzero(share >= wanted)
    if not len(at):
        return None
    k = int(at[0])
    before, from_day = (share[k - 1], day[k - 1]) if k else (0.0, 0.0)
    return float(from_day + (wanted - before) / (share[k] - before) * (day[k] - from_day))
