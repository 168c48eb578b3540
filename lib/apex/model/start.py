"""START as rates with intervals, and where a piece or a format stands among the pieces of its category.

A rate of views is a ratio of two sums over consumers, and one consumer's views are alike: its variance is that of a ratio of
means over consumers (Cochran 1977, 6.4), and Wilson's interval is taken with so many views as would have that variance if
they were independent. Money a visitor has the ratio's variance and a normal interval. Visits and purchases are rates of pairs
of a consumer and a piece: of a piece that is the share of its viewers, of a format the mean over its pieces, so that the two
compare.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from apex.errors import ApexError, nearest
from apex.model.rates import difference

LEVEL = 0.95
# what a letter is: (some, of), both columns of `measure.start.start`
RATES = {
    "effective_rate": ("effective", "impressions"), "completion": ("completed", "completable"),
    "interaction": ("interactions", "effective"), "referral": ("guided", "seeds"), "conversion": ("sold", "followed"),
    "money": ("gmv_minor", "closed"),
}  # fmt: skip
LETTERS = ("scale", "effective_rate", "completion", "interaction", "referral", "conversion")  # S, T, A, A, R, T
LAYERS = {"scale": "volume", "effective_rate": "volume", "completion": "quality", "interaction": "quality",
          "referral": "effect", "conversion": "effect"}  # fmt: skip
CUTS = ("all", "format", "channel", "item", "creator", "content", "age", "repeat")
PARTS: dict[str, dict[str, list[str]]] = {  # a table for each layer, so that few buyers do not hide how many watched
    "reach": {"people": ["viewers", "effective_viewers"],
              "also": ["impressions", "effective", "completable", "completed", "interactions", "scale",
                       *(f"{r}{e}" for r in ("effective_rate", "completion", "interaction") for e in ("", "_low", "_high"))],
              "cuts": list(CUTS[:6])},
    "visits": {"people": ["effective_viewers", "visitors"],
               "also": ["seeds", "guided", "referral", "referral_low", "referral_high"], "cuts": list(CUTS)},
    "sales": {"people": ["closed", "buyers"],
              "also": ["followed", "sold", "gmv_minor",
                       *(f"{r}{e}" for r in ("conversion", "money") for e in ("", "_low", "_high"))],
              "cuts": list(CUTS[:4])},
    "fresh": {"people": ["fresh"], "also": [], "cuts": list(CUTS[:2])},
}  # fmt: skip
LEAST = 5  # pieces of others, below which nobody is ranked


class Others(NamedTuple):
    """The pieces one is held against: `values`, a row a piece and a column a letter; `brands` behind them."""

    values: pd.DataFrame
    brands: int


def letters(frame: pd.DataFrame, level: float = LEVEL) -> pd.DataFrame:
    """The frame of `measure.start.start` with scale (share of the category's content viewers) and each of RATES with _low, _high.

    Null where a rate is one of nothing. Sums of products are dropped.
    """
    out = frame.loc[:, [c for c in frame if "·" not in c]].copy()
    whole = frame[(frame.scope == "market") & (frame.cut == "all")].viewers.sum()
    columns = {"scale": out.viewers / whole if whole else np.nan}
    for name, (some, of) in RATES.items():
        y, x = (frame[c].to_numpy(float) for c in (some, of))
        value = np.divide(y, x, out=np.full(len(y), np.nan), where=x > 0)
        yy, xy, xx = (frame["·".join(sorted(pair))].to_numpy(float) for pair in ((some, some), (some, of), (of, of)))
        variance = np.divide(yy - 2 * value * xy + value**2 * xx, x**2, out=np.zeros(len(y)), where=x > 0)
        low, high = _ratio_interval(value, x, np.maximum(variance, 0), level, bounded=name != "money")
        columns |= {name: value, f"{name}_low": low, f"{name}_high": high}
    return out.assign(**columns)


def wilson(share: np.ndarray, n: np.ndarray, level: float = LEVEL) -> tuple[np.ndarray, np.ndarray]:
    """Wilson's interval of shares of (perhaps fractional) numbers; NaN where n is 0."""
    from scipy.special import ndtri

    z = float(ndtri(0.5 + level / 2))
    n = np.where(n > 0, n, np.nan)
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(np.maximum(share * (1 - share) / n + z**2 / (4 * n**2), 0))
    return np.clip(centre - half, 0, 1), np.clip(centre + half, 0, 1)


def kept(keep: Callable[..., pd.DataFrame], told: pd.DataFrame) -> list[pd.DataFrame]:
    """What may be shown of the brand's own cells: the frames `reach`, `visits`, `sales`, `fresh` (cut, cell, the columns of
    PARTS).

    keep: `run.keep`. Every cut of a layer is a table of its own: cells of different cuts hold the same people, and a total
    over them means nothing. Purchases are not told by creator or piece, where hardly anybody bought; first traces only of
    formats.
    """
    found, own = [], told[told.scope == "own"]
    for name, hide in PARTS.items():
        columns = ["cut", "cell", *hide["people"], *hide["also"]]
        parts = [own[own.cut == cut][columns] for cut in CUTS if cut in hide["cuts"]]
        some = [keep(f"{name}_{part.cut.iloc[0]}", part, keys=["cut", "cell"], people=hide["people"], also=hide["also"])
                for part in parts if len(part)]  # fmt: skip
        found.append(pd.concat(some, ignore_index=True) if some else parts[0].assign(suppressed=False))
    return found


def ripe(pieces: pd.DataFrame, last: date, days: int) -> pd.Series:
    """Whether each piece has been out for so many days that all its first `days` days are seen."""
    return pieces.published.map(lambda day: day + timedelta(days=days - 1) <= last).astype(bool)


def others(
    told: pd.DataFrame, pieces: pd.DataFrame, last: date, days: int, least: int, visitors: int, but: Sequence[str] = ()
) -> Others:
    """The ripe pieces of the category (own ones among them) with at least `least` effective viewers, without some.

    told: the frame of `letters`; pieces: that of `measure.start.pieces`. visitors: of a piece with fewer guided visitors that can
    be followed, what they bought says nothing.
    """
    known = pieces[ripe(pieces, last, days) & ~pieces.content_id.isin(list(but))].set_index("content_id")
    rows = told[(told.scope == "market") & (told.cut == "content") & told.cell.isin(known.index)]
    rows = rows[rows.effective_viewers >= least].set_index("cell")
    values = rows[list(LETTERS)].astype(float)
    values["conversion"] = values.conversion.where(rows.followed >= visitors)
    return Others(values, known.brand.reindex(rows.index).nunique())


def standing(row: pd.Series, against: Others, visitors: int, level: float = LEVEL) -> pd.DataFrame:
    """One line of `letters` against others' pieces, letter by letter; `visitors` as in `others`.

    Returns letter, layer, value, low, high, rank (share of the pieces below it; equals count half), rank_low, rank_high
    (Wilson's: they are taken for a sample of pieces like them), middle (their median), pieces (with that letter), verdict:
    ahead where the whole interval of the value lies above the median, behind where it lies below, careful where it does not
    tell, none where there is nothing to tell. Scale is counted, so it has no interval and is ahead in the upper third, behind
    in the lower; of more than one piece it has no rank.
    """
    rows = []
    for letter in LETTERS:
        known, value = against.values[letter].dropna(), float(row[letter])
        if letter == "conversion" and row.followed < visitors:
            value = np.nan
        line = {"letter": letter, "layer": LAYERS[letter], "value": value, "pieces": len(known), "verdict": "none"}
        if letter != "scale":
            ends = (float(row[f"{letter}_{end}"]) if not np.isnan(value) else np.nan for end in ("low", "high"))
            line |= dict(zip(("low", "high"), ends, strict=True))
        if len(known) >= LEAST and not np.isnan(value) and (letter != "scale" or row.cut == "content"):
            rank = float((known < value).sum() + (known == value).sum() / 2) / len(known)
            low, high = wilson(np.array([rank]), np.array([float(len(known))]), level)
            line |= {
                "rank": rank,
                "rank_low": float(low[0]),
                "rank_high": float(high[0]),
                "middle": float(known.median()),
            }
            line["verdict"] = _verdict(line)
        rows.append(line)
    columns = [
        "letter",
        "layer",
        "value",
        "low",
        "high",
        "rank",
        "rank_low",
        "rank_high",
        "middle",
        "pieces",
        "verdict",
    ]
    return pd.DataFrame(rows, columns=columns)


def chosen(
    told: pd.DataFrame, pieces: pd.DataFrame, brand: str, wanted: str, last: date, days: int
) -> dict[str, Any] | None:
    """What the card is about: a piece of the brand by id, or one of its formats; "" is the piece that reached most, ripe ones
    first.

    Returns cut (content, format), cell, and of a piece format, creator, item_id, published, young (bool); None where nobody
    watched anything. ApexError for what the brand does not have.
    """
    mine = pieces[pieces.brand == brand].assign(old=ripe(pieces, last, days))
    rows = told[(told.scope == "own") & (told.cut == "content")].set_index("cell").viewers
    mine = mine.assign(viewers=mine.content_id.map(rows).fillna(0))
    if wanted in set(mine.format):
        return {"cut": "format", "cell": wanted, "format": wanted, "young": False}
    if wanted and wanted not in set(mine.content_id):
        known = [*sorted(set(mine.format)), *mine.content_id]
        raise ApexError(f'content: the brand has no piece and no format "{wanted}".{nearest(wanted, known)}')
    mine = mine[mine.content_id == wanted] if wanted else mine[mine.viewers > 0]
    if mine.empty:
        return None
    first = mine.sort_values(["old", "viewers", "content_id"], ascending=[False, False, True]).iloc[0]
    found = {key: first[key] for key in ("format", "creator", "item_id", "published")}
    return {"cut": "content", "cell": first.content_id, **found, "young": not first.old}


def card(
    told: pd.DataFrame,
    pieces: pd.DataFrame,
    brand: str,
    about: Mapping[str, Any],
    last: date,
    days: int,
    viewers: int,
    visitors: int,
) -> pd.DataFrame:
    """The frame of `standing` of what `chosen` found, held against the pieces of its format where they are enough, else all.

    Of a young piece there is nothing to hold: its figures are told without a rank.
    """
    row = told[(told.scope == "own") & (told.cut == about["cut"]) & (told.cell == about["cell"])]
    own = pieces[(pieces.brand == brand) & (pieces.format == about["format"])].content_id
    but = list(own) if about["cut"] == "format" else [about["cell"]]
    alike = others(told, pieces[pieces.format == about["format"]], last, days, viewers, visitors, but)
    if len(alike.values) < LEAST or alike.brands < LEAST:
        alike = others(told, pieces, last, days, viewers, visitors, but)
    if about["young"] or alike.brands < LEAST:
        alike = Others(alike.values.iloc[:0], 0)
    if row.empty:
        row = pd.DataFrame([{**dict.fromkeys(told, np.nan), "cut": about["cut"], "followed": 0}])
    return standing(row.iloc[0], alike, visitors)


def wear(visits: pd.DataFrame, cut: str) -> dict[str, float] | None:
    """How much rarer visits are in the last band of a cut than in the first: value, low, high (Newcombe's); None where one is
    not told.

    visits: the kept table of that name. The same consumers may stand in both bands, so the interval is rough.
    """
    mine = (
        visits[(visits.cut == cut) & visits.guided.notna()]
        .assign(first=lambda t: t.cell.astype(int))
        .sort_values("first")
    )
    if len(mine) < 2:
        return None
    first, last = mine.iloc[0], mine.iloc[-1]
    found = difference(int(last.guided), int(last.seeds), int(first.guided), int(first.seeds))
    return None if found is None else {"value": found.value, "low": found.low, "high": found.high}


def _verdict(line: dict[str, object]) -> str:
    if "low" not in line:
        rank = float(str(line["rank"]))
        return "ahead" if rank > 2 / 3 else "behind" if rank < 1 / 3 else "careful"
    low, high, middle = (float(str(line[c])) for c in ("low", "high", "middle"))
    return "ahead" if low > middle else "behind" if high < middle else "careful"


def _ratio_interval(
    value: np.ndarray, of: np.ndarray, variance: np.ndarray, level: float, bounded: bool
) -> tuple[np.ndarray, np.ndarray]:
    from scipy.special import ndtri

    half = float(ndtri(0.5 + level / 2)) * np.sqrt(variance)
    # at 0 and 1, and with one consumer, the sums show no variance: then every view counts as one
    spread = value * (1 - value)
    n = np.where(variance > 0, np.divide(spread, variance, out=np.array(of, float), where=variance > 0), of)
    low, high = wilson(np.clip(value, 0, 1), np.minimum(n, of), level)
    wide = ~(value <= 1) if bounded else np.ones(len(value), bool)
    return np.where(wide, np.maximum(value - half, 0), low), np.where(wide, value + half, high)
