"""How far each rule of credit is from the true moves."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from apex.ledger import Book, RuleSet
from apex.measure import assets, replay, touches
from apex.model import credit
from truth.worlds import Lives, Period, book, true_moves


def credited(ledger: Book, brand: str, periods: Sequence[Period]) -> pd.DataFrame:
    """What the notebook's rules say of each period: start, method, cause, to_stage, credit, low, high."""
    people = int(ledger.warehouse.manifest["rows"]["consumers"])
    frames = []
    for start, end in periods:
        found = credit.side_by_side(
            replay.without(ledger, brand, start, end), touches.touched(ledger, brand, start, end),
            touches.gram(ledger, brand, start, end), assets.flow(ledger, brand, start, end), people,
        )  # fmt: skip
        frames.append(found.assign(start=start))
    return pd.concat(frames, ignore_index=True).astype({"method": str, "to_stage": str})


def compared(lives: Lives, rules: RuleSet, periods: Sequence[Period], folder: Path) -> pd.DataFrame:
    """The frame of `credited` with `moves`, the truth, and `bought` (whether the stage takes a purchase), for every channel."""
    said = credited(book(lives, rules, folder), lives.brand, periods)
    true = true_moves(lives, rules, periods).groupby(["start", "cause", "to_stage"], as_index=False).moves.sum()
    both = said.merge(true, on=["start", "cause", "to_stage"], how="left").fillna({"moves": 0})
    return both.assign(bought=both.to_stage.isin(touches.purchase_stages(rules)), seed=lives.seed)


def errors(both: pd.DataFrame) -> pd.DataFrame:
    """Errors by seed, method and kind of stage (`before` a purchase, `bought`), means over the periods.

    error: Σ over channels |credit − truth| / Σ |truth|; pooled: the same of the sums over all periods, chance averaged out;
    share: ½ Σ |share − true share| of channels, what is below nought counted as nought; total: credit of all channels / truth
    of all; covered: how often a channel's interval for a stage holds the truth (null where a rule has none). moves: true moves
    in all; channels that met nobody are not counted.
    """
    rows = []
    for (seed, method, bought), part in both.groupby(["seed", "method", "bought"]):
        by = part.groupby(["start", "cause"])[["credit", "moves"]].sum()
        each = [_one(period) for _, period in by.groupby(level="start")]
        known = part.dropna(subset=["low"])
        known = known[(known.moves != 0) | (known.credit != 0)]
        inside = (known.low <= known.moves) & (known.moves <= known.high)
        rows.append({
            "seed": seed, "method": method, "stages": "bought" if bought else "before", "error": np.mean([e for e, _ in each]),
            "pooled": _one(by.groupby(level="cause").sum())[0],
            "share": np.mean([s for _, s in each]), "total": by.credit.sum() / by.moves.sum() if by.moves.sum() else np.nan,
            "covered": inside.mean() if len(known) else np.nan, "moves": int(by.moves.sum()), "periods": len(each),
        })  # fmt: skip
    out = pd.DataFrame(rows)
    order = pd.CategoricalDtype(list(credit.METHODS), ordered=True)
    return out.assign(method=out.method.astype(order)).sort_values(["stages", "seed", "method"], ignore_index=True)


def _one(period: pd.DataFrame) -> tuple[float, float]:
    said, true = period.credit.to_numpy(float), period.moves.to_numpy(float)
    whole = np.abs(true).sum()
    shares = [np.maximum(v, 0) / max(np.maximum(v, 0).sum(), 1e-9) for v in (said, true)]
    return float(np.abs(said - true).sum() / max(whole, 1)), float(np.abs(shares[0] - shares[1]).sum() / 2)
