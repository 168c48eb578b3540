"""In which order the people of a crowd are met: by what meeting them is expected to add.

Two parts. What a contact by a channel adds at a stage comes from the shared frame of moves; where the brand's trials set its
level (kind lift) the order is by *uplift*: that addition, shared out in proportion to the person's chance to buy (who is twice as
likely gains twice as much: an assumption, which a trial by band would test). Where no experiment stands behind the channel at
the stage (credit, prior, none), the page claims no addition, and the order is by *propensity*, the chance to buy alone. Chances
are of a logistic regression on an earlier eve, whose later days are known; the order is tested there, on people it had not seen.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from apex.model.lookalike import DRAWS, ENDS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

BANDS = 10
LIFT, PROPENSITY = "lift", "propensity"


def added(people: pd.DataFrame, moves: pd.DataFrame, channels: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """value (expected addition of a contact in minor units where a trial stands behind it, else the chance), basis, channel.

    people: crowd (null: nobody's), stage, chance (to buy). moves: from_stage, channel, kind, gmv_extra_minor. channels: of each
    crowd. The channel is the one of the crowd's that adds most at the stage by trials; null where none does. Aligned with people.
    """
    told = moves[(moves.kind == LIFT) & (moves.gmv_extra_minor > 0)] if len(moves) else moves
    extra = {(r.from_stage, r.channel): float(r.gmv_extra_minor) for r in told.itertuples()}
    best: dict[tuple[str, str], tuple[float, str]] = {}
    stages = people.stage.unique()
    for crowd, names in channels.items():
        for stage in stages:
            known = [(extra[stage, c], c) for c in names if (stage, c) in extra]
            if known:
                best[crowd, stage] = max(known)
    keys = list(zip(people.crowd.astype(object), people.stage, strict=True))
    found = [best.get((c, s)) if isinstance(c, str) else None for c, s in keys]
    # a crowd is ranked one way: by lift where all of its people have one
    whole = (
        pd.Series([f is not None for f in found], people.index).groupby(people.crowd.astype(object)).transform("all")
    )
    by_lift = whole.eq(True) & people.crowd.notna()
    usual = people.chance.groupby(people.stage).transform("mean").clip(lower=1e-9)
    extras = pd.Series([f[0] if f else np.nan for f in found], people.index)
    frame = pd.DataFrame({"value": (extras * people.chance / usual).where(by_lift, people.chance)})
    frame["basis"] = np.where(by_lift, LIFT, PROPENSITY)
    frame["channel"] = pd.Series([f[1] if f else None for f in found], people.index, dtype=object).where(by_lift, None)
    return frame


def bands(crowd: pd.Series, value: pd.Series) -> pd.Series:
    """The tenth of its crowd each person is in, 1 with the largest values; 0 for nobody's. int8."""
    order = value.groupby(crowd.astype(object)).rank(method="first", ascending=False)
    size = value.groupby(crowd.astype(object)).transform("size")
    return (((order - 1) * BANDS) // size + 1).fillna(0).astype("int8")


def summary(people: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """crowd, people, basis, channel (of lift), value_minor (mean addition of a contact, of lift), first_minor (of the first
    tenth), chance (mean), first (of the first tenth).

    people: crowd, band, value, basis, channel, chance.
    """
    rows = []
    for name in names:
        mine = people[people.crowd.eq(name).fillna(False).to_numpy(bool)]
        top, lift = mine[mine.band == 1], len(mine) > 0 and mine.basis.iloc[0] == LIFT
        by = mine.channel.mode() if lift else []
        rows.append((
            name, len(mine), mine.basis.iloc[0] if len(mine) else None, by[0] if len(by) else None,
            mine.value.mean() if lift else np.nan, top.value.mean() if lift else np.nan, mine.chance.mean(), top.chance.mean(),
        ))  # fmt: skip
    columns = ["crowd", "people", "basis", "channel", "value_minor", "first_minor", "chance", "first"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.assign(crowd=pd.Categorical(frame.crowd, list(names), ordered=True))


def tested(crowd: pd.Series, chance: "Floats", bought: "NDArray[np.bool_]", seed: int = 0) -> dict[str, float]:
    """Was the order right on the earlier eve? times: how many times as often the first tenth of every crowd bought as its crowd.

    crowd: of then (null: nobody's); chance: cross-fitted; bought: since. Returns times with low, high (95 %, people drawn again),
    n (people), buyers. Null times where nobody bought.
    """
    inside = crowd.notna().to_numpy()
    of, y = crowd[inside].astype(object), bought[inside].astype(float)
    first = bands(of, pd.Series(chance[inside], of.index)).to_numpy() == 1
    rng = np.random.default_rng(seed)
    weight = np.vstack([np.ones(len(y)), rng.poisson(1.0, (DRAWS, len(y)))])
    # the same mix of crowds on both sides: what each crowd's first tenth would buy at the crowd's own rate
    codes = pd.factorize(of)[0]
    groups = np.eye(codes.max() + 1 if len(codes) else 1)[codes] if len(codes) else np.zeros((0, 1))
    rate = (weight * y) @ groups / np.maximum(weight @ groups, 1e-12)
    usual = (rate * (weight * first @ groups)).sum(1)
    times = np.divide((weight * first) @ y, usual, out=np.full(len(weight), np.nan), where=usual > 0)
    low, high = np.nanquantile(times[1:], ENDS) if np.isfinite(times[0]) else (np.nan, np.nan)
    return {
        "times": float(times[0]),
        "low": float(low),
        "high": float(high),
        "n": float(len(y)),
        "buyers": float(y.sum()),
    }
