"""Why a figure of the compass changed: parts that add up to the change exactly.

Accounting, not estimates: a part says what the change consists of and nothing of its cause. GMV is split by the
logarithmic mean (`apex.model.grow`), a stock into who came and who left, a share into its two sides by the mean over both
orders in which they could have changed (Shapley's value of two players).
"""

from typing import Any

import numpy as np
import pandas as pd

from apex.measure.compass import LONG
from apex.model.grow import split

COLUMNS = ["figure", "part", "value"]
NONE = "none"


def together(
    sold: pd.DataFrame,
    turns: pd.DataFrame,
    moved: pd.DataFrame,
    flow: pd.DataFrame,
    before: pd.DataFrame | None,
    fast: pd.DataFrame,
    turned: pd.DataFrame,
) -> pd.DataFrame:
    """The parts of every figure's change, of one brand, from what may be shown: figure, part, value.

    sold: of `apex.measure.compass.trade`. turns: part (joined, lapsed), consumers: of AAC. moved: came, left of the assets,
    one row. flow, before: the period's flow and the one before (None: it does not compare). fast: period, figure, n, rest of
    `apex.measure.fast.figures`. turned: joined, left of the members, one row or none.
    """
    named = sold.assign(period=sold.period.astype("str"))
    active = turns.set_index("part").consumers
    members = turned.iloc[0] if len(turned) else {"joined": pd.NA, "left": pd.NA}
    rest = fast[fast.figure == "T"].assign(period=fast.period.astype("str")).set_index("period")
    parts = [
        gmv(named), stocks("aac", active["joined"], active["lapsed"]), stocks("assets", moved.came.iloc[0], moved.left.iloc[0]),
        by_stage(flow), advance(flow, before), stocks("S", members["joined"], members["left"]),
        share("T", rest["n"], rest["rest"]),
    ]  # fmt: skip
    lately = named[named.period.str.endswith(LONG) & named.whole]
    lately = lately.assign(period=lately.period.str.removesuffix(LONG)).set_index("period")
    for name, mine, other in (("new", "new", "old"), ("member", "member", "other")):
        for column, end in (("buyers", "buyers"), ("gmv_minor", "gmv")):
            sides = (lately[column][lately.group == group] for group in (mine, other))
            parts.append(share(f"{name}_{end}", *sides))
    return pd.concat(parts, ignore_index=True)


def gmv(sold: pd.DataFrame) -> pd.DataFrame:
    """GMV's change as buyers, orders (for each buyer) and price (money for each order), in minor units.

    sold: period, cut, buyers, orders, gmv_minor of one brand, of which cut `all` is read. Returns figure, part, value; no
    rows where a period is not shown or sold nothing.
    """
    whole = sold[(sold.cut == "all") & sold.whole].set_index("period")[["buyers", "orders", "gmv_minor"]]
    pair = whole.reindex(["before", "now"])
    if pair.isna().any(axis=None) or (pair <= 0).any(axis=None):
        return _frame("gmv", {})
    before, now = (pair.loc[p].to_numpy(dtype=float)[:, None] for p in ("before", "now"))
    parts = split(before, now, widens=False)[:3, 0]
    return _frame("gmv", dict(zip(("buyers", "orders", "price"), parts, strict=True)))


def stocks(figure: str, came: object, left: object) -> pd.DataFrame:
    """A stock's change as came and left (negative); no rows where one is not shown."""
    if pd.isna(came) or pd.isna(left):
        return _frame(figure, {})
    return _frame(figure, {"came": float(came), "left": -float(left)})  # type: ignore[arg-type]


def by_stage(flow: pd.DataFrame) -> pd.DataFrame:
    """Each stage's change as came and left, from a flow: from_stage, to_stage, consumers (null: not shown)."""
    parts = []
    inside = flow[flow.from_stage.astype(str) != flow.to_stage.astype(str)]
    for stage in flow.from_stage.cat.categories:
        if stage != NONE:
            came, left = (inside.consumers[side == stage] for side in (inside.to_stage, inside.from_stage))
            parts.append(stocks(f"stage:{stage}", _sum(came), _sum(left)))
    return pd.concat(parts, ignore_index=True)


def advance(flow: pd.DataFrame, before: pd.DataFrame | None) -> pd.DataFrame:
    """The change of FAST's A by the stage that consumers rose from: differences of rose / all at a stage at the start.

    flow, before: as `by_stage`, of this period and the one before (None: it does not compare). No rows where a stage's rises
    are not shown.
    """
    if before is None:
        return _frame("A", {})
    shares = []
    for frame in (flow, before):
        held = frame[frame.from_stage != NONE]
        start, up = _sum(held.consumers), held[held.to_stage > held.from_stage]
        rose = {s: _sum(up.consumers[up.from_stage == s]) for s in frame.from_stage.cat.categories[1:-1]}
        if pd.isna(start) or not start or any(pd.isna(n) for n in rose.values()):
            return _frame("A", {})
        shares.append({s: n / start for s, n in rose.items()})
    return _frame("A", {f"stage:{s}": shares[0][s] - shares[1][s] for s in shares[0]})


def share(figure: str, mine: "pd.Series[float]", other: "pd.Series[float]") -> pd.DataFrame:
    """A share's change as `mine` (what it counts) and `other` (the rest), both with entries before and now."""
    a, b = (s.reindex(["before", "now"]).astype("Float64") for s in (mine, other))
    if a.isna().any() or b.isna().any() or ((a + b) <= 0).any():
        return _frame(figure, {})
    (a0, a1), (b0, b1) = a.to_numpy(dtype=float), b.to_numpy(dtype=float)

    def of(x: float, y: float) -> float:
        return x / (x + y) if x + y else 0.5  # nobody at all: between the two worlds that are asked about

    own = (of(a1, b1) - of(a0, b1) + of(a1, b0) - of(a0, b0)) / 2
    return _frame(figure, {"mine": own, "other": of(a1, b1) - of(a0, b0) - own})


def _sum(counts: pd.Series) -> Any:
    return pd.NA if counts.isna().any() else int(counts.sum())


def _frame(figure: str, parts: dict[str, float]) -> pd.DataFrame:
    rows = [(figure, part, float(np.float64(value))) for part, value in parts.items()]
    return pd.DataFrame(rows, columns=COLUMNS).astype({"figure": "str", "part": "str", "value": "float64"})
