"""What brings people back at each stage: the channel whose contact adds most for its money, and how sure that is."""

import pandas as pd

ALL = "all"
COLUMNS = [
    "stage",
    "channel",
    "extra",
    "low",
    "high",
    "kind",
    "gmv_extra_minor",
    "gmv_low",
    "gmv_high",
    "cost_minor",
    "shown",
    "n",
]
SURER = {"lift": 0, "credit": 1, "prior": 2}


def best(moves: pd.DataFrame, stages: "list[str]") -> pd.DataFrame:
    """One row a stage with contacts: the best channel's row of the moves table (`report.upstream.moves`), and shown: whether its
    interval (80 %) lies above nought.

    Among channels shown to add something: those by experiment before those by comparison; then GMV over cost, or, where a cost is
    not known or nought, GMV. Where none is shown, the one with the largest GMV.
    """
    rows = []
    for stage in stages:
        mine = moves[(moves.from_stage.astype(str) == stage) & (moves.channel != ALL) & (moves.kind != "prior")]
        if mine.empty:
            continue
        mine = mine.assign(shown=mine.low.astype(float) > 0, surer=mine.kind.map(SURER))
        cost = mine.cost_minor.astype(float)
        paid = bool((cost > 0).all())
        mine = mine.assign(pays=mine.gmv_extra_minor.astype(float) / (cost if paid else 1.0))
        shown = mine[mine.shown]
        row = shown.sort_values(["surer", "pays"], ascending=[True, False]) if len(shown) else mine.sort_values(
            "gmv_extra_minor", ascending=False)  # fmt: skip
        rows.append({**row.iloc[0].to_dict(), "stage": stage})
    return pd.DataFrame(rows, columns=COLUMNS)
