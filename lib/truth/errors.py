"""How far each rule of credit is from the true moves."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from apex.ledger import Book, RuleSet
from apex.measure import assets, replay, touches
from apex.model import credit
from truth.worlds import SETTLED, Lives, Period, book, true_moves
from twin.truth import periods


def credited(ledger: Book, brand: str, spans: Sequence[Period]) -> pd.DataFrame:
    """What the notebook's rules say of each period: start, method, cause, to_stage, credit, low, high."""
    people = int(ledger.warehouse.manifest["rows"]["consumers"])
    frames = []
    for start, end in spans:
        found = credit.side_by_side(
            replay.without(ledger, brand, start, end), touches.touched(ledger, brand, start, end),
            touches.gram(ledger, brand, start, end), assets.flow(ledger, brand, start, end), people,
        )  # fmt: skip
        frames.append(found.assign(start=start))
    return pd.concat(frames, ignore_index=True).astype({"method": str, "to_stage": str})


def compared(lives: Lives, rules: RuleSet, spans: Sequence[Period], folder: Path) -> pd.DataFrame:
    """The frame of `credited` with `moves`, the truth, and the kinds of stages (`deeper`, `bought`), for every channel."""
    said = credited(book(lives, rules, folder), lives.brand, spans)
    true = true_moves(lives, rules, spans).groupby(["start", "cause", "to_stage"], as_index=False).moves.sum()
    both = said.merge(true, on=["start", "cause", "to_stage"], how="left").fillna({"moves": 0})
    return _placed(both, rules).assign(seed=lives.seed)


def against_table(lives: Lives, table: pd.DataFrame, rules: RuleSet, years: bool, folder: Path) -> pd.DataFrame:
    """The same against the twin's own table `stage_moves` (rules aipl), in which a channel is silent from the first day on.

    What the channel brought before a period is missing there as well, so that this asks for more than a period's touches did.
    years: of whole years; else of campaigns of three weeks or more.
    """
    market = lives.worlds.market
    spans = {
        name: (market.calendar.date(a - 1), market.calendar.date(b))
        for name, (a, b) in periods(market).items()
        if (name.isdigit() if years else "/" not in name and not name.isdigit() and 20 <= b - a <= 90)
        and a > market.calendar.observed + (0 if years else SETTLED)
        and "+" not in name
    }
    true = table[(table.kind == "channel") & (table.crowd == "all") & table.period.isin(list(spans))]
    true = true.assign(start=[spans[p][0] for p in true.period], moves=true.up_with - true.up_without)
    said = credited(book(lives, rules, folder), lives.brand, list(spans.values()))
    true = true.rename(columns={"stage": "to_stage"})[["start", "cause", "to_stage", "moves"]]
    return _placed(said.merge(true, on=["start", "cause", "to_stage"], how="left").fillna({"moves": 0}), rules).assign(
        seed=lives.seed
    )


def _placed(both: pd.DataFrame, rules: RuleSet) -> pd.DataFrame:
    """With `deeper` (beyond the first stage and short of a purchase) and `bought`."""
    bought = both.to_stage.isin(touches.purchase_stages(rules))
    return both.assign(bought=bought, deeper=~bought & (both.to_stage != rules.ids[0]))


def errors(both: pd.DataFrame) -> pd.DataFrame:
    """Errors by seed, method and kind of stage: `before` a purchase, `deeper` (those but the first stage), `bought`.


    error: Σ over channels |credit − truth| / Σ |truth|; pooled: the same of the sums over all periods, chance averaged out;
    share: ½ Σ |share − true share| of channels, what is below nought counted as nought; total: credit of all channels / truth
    of all; covered: how often a channel's interval for a stage holds the truth (null where a rule has none). moves: true moves
    in all; channels that met nobody are not counted.
    """
    rows = []
    kinds = {"before": both[~both.bought], "deeper": both[both.deeper], "bought": both[both.bought]}
    for (seed, method, stages), part in (
        ((seed, method, kind), part)
        for kind, of in kinds.items() for (seed, method), part in of.groupby(["seed", "method"])
    ):  # fmt: skip
        by = part.groupby(["start", "cause"])[["credit", "moves"]].sum()
        each = [_one(period) for _, period in by.groupby(level="start")]
        known = part.dropna(subset=["low"])
        known = known[(known.moves != 0) | (known.credit != 0)]
        inside = (known.low <= known.moves) & (known.moves <= known.high)
        rows.append({
            "seed": seed, "method": method, "stages": stages, "error": np.mean([e for e, _ in each]),
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
