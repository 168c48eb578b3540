"""TGI: how much more often people of a group have a trait than the people they are held against, × 100, with its interval.

Two groups that overlap are no independent samples, so a TGI is written as a function of shares of people who have nobody in
common, and its interval moves one share after the other to the ends of its Wilson interval and adds the squares
(square-and-add: Newcombe, *Statistics in Medicine* 17, 1998; MOVER: Zou & Donner, *Statistics in Medicine* 27, 2008). It
holds for none and for few people as well, where one on the logarithm fails.

- A group inside the other (ours in the category): who is in the category is taken as it is, and the shares are those of
  the cell's people, and of all others, who are ours.
- Any two groups: the shares with the trait of those in both, in the first only and in the second only.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd

from apex.measure.grow import UNKNOWN
from apex.measure.people import CELL, PARTS
from apex.model import conversion

LEVEL = 0.95
LEAST = 30  # people of the group in a cell; of fewer a TGI is shown in grey
PEOPLE = (*PARTS, "who", "against")  # columns of `index` that count people
INSIDE = ("who", "against", "against_only")  # those of a group that is part of the other
ALSO = ("share", "share_against", "tgi", "low", "high")  # what else tells of them
Array = npt.NDArray[np.float64]


def index(parts: pd.DataFrame, level: float = LEVEL) -> pd.DataFrame:
    """TGI of every cell of every cut. parts: the frame of `measure.people.parts`.

    Returns its columns with who, against (people of the two groups in the cell), share, share_against (of those of a cut
    whose cell is known; for the cell UNKNOWN of all, and without TGI), tgi, low, high. TGI is null where nobody of `against`
    is in the cell, or one of the groups is empty.
    """
    frame = parts.reset_index(drop=True)
    known = frame[CELL] != UNKNOWN
    x = frame[list(PARTS)].to_numpy(float).T
    whole = frame[list(PARTS)].groupby(frame["cut"], observed=True).transform("sum").to_numpy(float).T
    told = frame[list(PARTS)].where(known, 0).groupby(frame["cut"], observed=True).transform("sum").to_numpy(float).T
    n = np.where(known.to_numpy(), told, whole)
    within = n[1] == 0  # nobody of who is outside against
    found = zip(interval_inside(x, n, level), interval(x, n, level), strict=True)
    value, low, high = (np.where(within, one, other) for one, other in found)
    frame["who"], frame["against"] = frame.both + frame.who_only, frame.both + frame.against_only
    shares = ((x[0] + x[i], n[0] + n[i]) for i in (1, 2))
    for name, (some, of) in zip(("share", "share_against"), shares, strict=True):
        frame[name] = pd.array(np.where(of > 0, some / np.where(of > 0, of, 1), np.nan), "Float64")
    for name, figure in (("tgi", value), ("low", low), ("high", high)):
        frame[name] = pd.array(np.where(known.to_numpy(), 100 * figure, np.nan), "Float64")
    return frame


def inside(index: pd.DataFrame) -> pd.DataFrame:
    """The frame of `index` of a group that is part of the other (nobody in who_only), without what then says nothing new."""
    return index.drop(columns=["both", "who_only"])


def judged(shown: pd.DataFrame, least: int = LEAST) -> pd.DataFrame:
    """What may be shown of `index` with few (a TGI of fewer than `least` of who) and clear (its interval leaves 100 out)."""
    few = (shown.who < least) & shown.tgi.notna()
    clear = (shown.low > 100) | (shown.high < 100)
    return shown.assign(few=few.fillna(False).astype(bool), clear=clear.fillna(False).astype(bool))


def chance(shown: pd.DataFrame) -> float:
    """How often a group drawn from the other at random would differ from it by at least as much, over all known cells at once.

    shown: what may be shown of `inside` (one cut). Pearson's χ² of who against the rest: many cells are looked at, and the
    furthest of them is partly the luckiest.
    """
    known = shown[shown[CELL] != UNKNOWN]
    return conversion.chance(pd.DataFrame({"consumers": known.against, "buyers": known.who}))


def of_stages(counts: pd.DataFrame) -> pd.DataFrame:
    """TGI of each stage's people against all of the category, by cell. counts: the frame of `measure.people.by_stage`.

    Returns cell, stage, consumers, share, share_against, tgi, low, high.
    """
    whole = counts.groupby(CELL, observed=False).consumers.transform("sum")
    parts = pd.DataFrame({"cut": counts.stage, CELL: counts[CELL].astype(str), "both": counts.consumers, "who_only": 0,
                          "against_only": whole - counts.consumers})  # fmt: skip
    found = index(parts)
    return counts.assign(**{name: found[name].array for name in ALSO})


def interval(x: Array, n: Array, level: float = LEVEL) -> tuple[Array, Array, Array]:
    """Share in (both + who only) over share in (both + against only), low, high. x, n: (3, …), people with the trait and all.

    NaN where nobody of against has it, or one of the two is empty.
    """
    share = np.divide(x, n, out=np.zeros_like(x), where=n > 0)
    return _square_and_add(lambda shares: _ratio(shares, n), share, wilson(x, n, level))


def interval_inside(x: Array, n: Array, level: float = LEVEL) -> tuple[Array, Array, Array]:
    """`interval` where nobody is in who only: from the shares of those with the trait, and of all others, who are in both."""
    size = np.stack([x[0] + x[2], n[0] + n[2] - x[0] - x[2]])
    ours = np.stack([x[0], n[0] - x[0]])
    weight = np.divide(size, size.sum(0), out=np.zeros_like(size), where=size.sum(0) > 0)

    def ratio(shares: Array) -> Array:
        whole = (shares * weight).sum(0)
        return np.divide(shares[0], whole, out=np.full(whole.shape, np.nan), where=(whole > 0) & (size[0] > 0))

    return _square_and_add(
        ratio, np.divide(ours, size, out=np.zeros_like(size), where=size > 0), wilson(ours, size, level)
    )


def _square_and_add(
    ratio: Callable[[Array], Array], share: Array, ends: tuple[Array, Array]
) -> tuple[Array, Array, Array]:
    """A function of independent shares (first axis), with the ends of its interval from those of theirs."""
    value = ratio(share)
    squares = np.zeros((2, *value.shape))
    for part in range(len(share)):
        moved = []
        for end in ends:
            at = share.copy()
            at[part] = end[part]
            moved.append(ratio(at))
        squares[0] += np.maximum(value - np.fmin(*moved), 0) ** 2
        squares[1] += np.maximum(np.fmax(*moved) - value, 0) ** 2
    down, up = np.sqrt(squares)
    return value, np.maximum(value - down, 0), value + up


def wilson(x: Array, n: Array, level: float = LEVEL) -> tuple[Array, Array]:
    """Wilson's interval of a share (1927), for whole arrays and without statsmodels' second of imports."""
    from scipy.special import ndtri

    z, n = float(ndtri(0.5 + level / 2)), np.maximum(n, 1)
    p, wide = x / n, 1 + z * z / n
    middle, half = (p + z * z / (2 * n)) / wide, z / wide * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return np.clip(middle - half, 0, 1), np.clip(middle + half, 0, 1)


def _ratio(share: Array, n: Array) -> Array:
    """NaN where one of the groups is empty, or nobody of the second has the trait."""
    first, second = (
        np.divide(
            n[0] * share[0] + n[i] * share[i], n[0] + n[i], out=np.full(share.shape[1:], np.nan), where=n[0] + n[i] > 0
        )
        for i in (1, 2)
    )
    return np.divide(first, second, out=np.full(first.shape, np.nan), where=second > 0)
