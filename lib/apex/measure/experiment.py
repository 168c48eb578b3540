"""An experiment, unit by unit: who was in which arm, what became of him, and what was known of him before.

From the warehouse (a trial on consumers) or from a file of any unit: a row a unit, columns named by whoever asks. Nothing is
estimated here; `apex.model.experiments` does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from apex.errors import ApexError, nearest
from apex.measure import trial
from apex.measure.trial import CONTROLS, MEASURES
from apex.warehouse import Warehouse

KNOWN = ("orders", "gmv_minor", "all_minor")  # of them the sums are known before
PAST = 3  # equal periods before a trial whose outcomes make its arms comparable
READERS = {".csv": pd.read_csv, ".parquet": pd.read_parquet}


@dataclass(frozen=True)
class Experiment:
    """name, reference (the arm that others are held against); arm: of each unit; outcomes, covariates (numbers or text, known
    before): a column each; clusters: what was drawn, where it is not the unit; chances: of each arm, where known; left_out:
    units without an outcome; first_day, last_day: None where nobody wrote them down. All frames have the units' index.
    """

    name: str
    reference: str
    arm: pd.Series
    outcomes: pd.DataFrame
    covariates: pd.DataFrame
    clusters: pd.Series | None = None
    chances: Mapping[str, float] | None = None
    left_out: int = 0
    first_day: date | None = None
    last_day: date | None = None

    @property
    def arms(self) -> list[str]:
        """The arms, the reference last."""
        return [a for a in sorted(self.arm.unique()) if a != self.reference] + [self.reference]


def from_file(
    path: Path, arm: str, outcomes: Sequence[str], *, reference: str, covariates: Sequence[str] = (), cluster: str = ""
) -> Experiment:
    """An experiment file (CSV or Parquet, a row a unit). arm, outcomes, covariates, cluster: its columns; reference: the arm that
    others are held against, as the file writes it.

    A unit without its arm, or without one of the outcomes, is left out and counted; a missing number among covariates becomes
    the mean with a column of its own that says so (arms were drawn, so that this cannot spoil the comparison). Raises ApexError
    with the file, the column or the value where the file, a column or the reference is not there, an outcome is no number, or
    there are not two arms.
    """
    if not path.is_file():
        raise ApexError(f"experiment: there is no file {path}.")
    if path.suffix not in READERS:
        raise ApexError(f"experiment: {path.name} ends with {path.suffix!r}; a .csv or .parquet file is read.")
    frame = READERS[path.suffix](path)
    wanted = [arm, *outcomes, *covariates, *([cluster] if cluster else [])]
    for column in wanted:
        if column not in frame:
            raise ApexError(
                f'experiment: {path.name} has no column "{column}".{nearest(column, list(map(str, frame.columns)))}'
            )
    if not outcomes:
        raise ApexError(f"experiment: name at least one outcome among the columns of {path.name}.")
    numbers = frame[list(outcomes)].apply(pd.to_numeric, errors="coerce")
    for column in outcomes:
        wrong = frame[column][numbers[column].isna() & frame[column].notna()]
        if len(wrong):
            raise ApexError(
                f'experiment: {path.name}, column "{column}": {wrong.iloc[0]!r} is no number (row {wrong.index[0] + 2}).'
            )
    keep = numbers.notna().all(axis=1) & frame[arm].notna() & (frame[cluster].notna() if cluster else True)
    mine, numbers = frame[keep].reset_index(drop=True), numbers[keep].reset_index(drop=True).astype(float)
    drawn = mine[arm].map(_text)
    arms = sorted(drawn.unique())
    if len(arms) < 2:
        raise ApexError(
            f'experiment: {path.name}, column "{arm}" holds {len(arms)} arm ({", ".join(arms)}); two are compared.'
        )
    if str(reference) not in arms:
        raise ApexError(
            f'experiment: {path.name}, column "{arm}" has no arm "{reference}".{nearest(str(reference), arms)}'
        )
    return Experiment(
        path.stem, str(reference), drawn, numbers, _filled(mine[list(covariates)]), mine[cluster] if cluster else None,
        left_out=int((~keep).sum()),
    )  # fmt: skip


def of_trial(warehouse: Warehouse, brand: str, name: str, first: date, last: date) -> Experiment:
    """A trial on consumers as the (cut) warehouse sees it: gmv_minor, orders and buyers of the brand in its days.

    Known before: logarithms of orders, GMV and what was paid for anything in up to PAST equal periods before. The reference is
    the arm that was held out, else the first by name. ApexError as `measure.trial.trial`.
    """
    table = warehouse.table("assignments")
    listed = table.filter(table.experiment_id == name).select("arm").distinct().execute().arm.dropna()
    arms = sorted(listed)
    reference = next((a for a in arms if a in CONTROLS), arms[0] if len(arms) > 1 else None)
    if reference is None:
        raise ApexError(f'experiment: "{name}" has one arm; two are compared.')
    parts: list[trial.Trial] = [
        trial.trial(warehouse, name, brand, earlier=PAST, control=reference, arm=a, window=(first, last))
        for a in arms if a != reference
    ]  # fmt: skip
    rows, chances = [], {}
    for a, part in zip([a for a in arms if a != reference], parts, strict=True):
        treated = part.treated.to_numpy(bool)
        before = [k for k in part.periods.period if k < 0]
        # logarithms: one who spent a hundred times the mean would pull a line after him
        known = {f"{m} before": np.log1p(part.wide(m)[before].sum(axis=1)) for m in KNOWN} if before else {}
        frame = pd.DataFrame({m: part.wide(m)[0] for m in MEASURES} | known)
        frame["arm"] = pd.Series(treated, frame.index).map({True: a, False: reference})
        rows.append(frame)
        chance = part.consumers.propensity
        if len(chance) and chance.notna().all() and chance.nunique() == 1:
            chances[a] = float(chance.iloc[0]) / max(1 - float(chance.iloc[0]), 1e-12)
    whole = pd.concat(rows)
    whole = whole[~whole.index.duplicated()]
    covariates = whole.drop(columns=[*MEASURES, "arm"]).astype(float)
    odds = 1 + sum(chances.values())
    return Experiment(
        name, reference, whole.arm, whole[list(MEASURES)].astype(float), covariates,
        chances={**{a: c / odds for a, c in chances.items()}, reference: 1 / odds} if len(chances) == len(parts) else None,
        first_day=first, last_day=parts[0].last_day,
    )  # fmt: skip


def _text(value: object) -> str:
    """An arm as text: 1.0 and 1 are one arm."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _filled(covariates: pd.DataFrame) -> pd.DataFrame:
    numbers = covariates.select_dtypes(["number", "bool"]).astype(float)
    words = covariates.drop(columns=numbers.columns).astype("string").fillna("?").astype(object)
    missing = numbers.isna()
    flags = missing.loc[:, missing.any()].astype(float).add_suffix(" missing")
    return pd.concat([numbers.fillna(numbers.mean()), flags, words], axis=1)
