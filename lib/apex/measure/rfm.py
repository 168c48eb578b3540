"""RFM: which cell of recency, frequency and money each buyer stands in, and who moved between two days.

The cuts and the cells' names are a file (`data/rules/rfm.yml`). Beside its eight cells there is `asleep`: bought before, but
not in the days that the file looks back on.
"""

from datetime import date
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import pandas as pd
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from apex import rule_files
from apex.files import ROOT

RULES = ROOT / "data" / "rules" / "rfm.yml"
ASLEEP, NONE = "asleep", "none"
CODES = ("111", "011", "101", "001", "110", "010", "100", "000")


def _both(texts: dict[str, str]) -> dict[str, str]:
    if missing := {"en", "zh"} - set(texts):
        raise ValueError(f"the name is missing in {', '.join(sorted(missing))}")
    return texts


Share = Annotated[float, Field(gt=0, lt=1)]
Count = Annotated[int, Field(ge=1)]
Names = Annotated[dict[Literal["en", "zh"], str], AfterValidator(_both)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="after")
    def _one(self) -> "_Strict":
        if "top" in type(self).model_fields and len(self.model_fields_set) != 1:
            raise ValueError(f"needs one of {', '.join(type(self).model_fields)}")
        return self


class Recency(_Strict):
    """Recent: less than `at_most_days` days since the last purchase, or the `top` share of the buyers."""

    at_most_days: Count | None = None
    top: Share | None = None


class Frequency(_Strict):
    """Frequent: at least so many days with a purchase, or the `top` share of the buyers."""

    at_least: Count | None = None
    top: Share | None = None


class Money(_Strict):
    """Valuable: at least so much money, or the `top` share of the buyers."""

    at_least_minor: Count | None = None
    top: Share | None = None


class Rfm(_Strict):
    """The file: how far back it looks, where it cuts, and what the cells are called."""

    within_days: Count
    recency: Recency
    frequency: Frequency
    money: Money
    cells: dict[str, Names]

    @model_validator(mode="after")
    def _all(self) -> "Rfm":
        if wrong := set(self.cells) ^ set(CODES):
            raise ValueError(f"cells: {min(wrong)} is no cell, or has no name; they are {', '.join(CODES)}")
        return self


def load(path: Path = RULES) -> Rfm:
    """The file of cells. ApexError with file and line for what it must not hold."""
    return rule_files.load(Rfm, path)[0]


def cuts(rules: Rfm, buyers: pd.DataFrame, day: date) -> tuple[float, float, float]:
    """Where the file cuts on a day: days since the last purchase (below), purchase days and money (from there on).

    buyers: the part of `measure.buyers.buyers` as of that day, with `recent` the file's within_days.
    """
    awake = buyers[buyers.recent_days > 0]
    quiet = _quiet(awake, day)
    r, f, m = rules.recency, rules.frequency, rules.money
    low = {k: 1 - c.top for k, c in (("f", f), ("m", m)) if c.top is not None}
    if awake.empty:
        return float(r.at_most_days or 1), float(f.at_least or 1), float(m.at_least_minor or 1)
    return (
        float(np.floor(np.quantile(quiet, r.top))) + 1 if r.top is not None else float(r.at_most_days or 1),
        float(np.quantile(awake.recent_days, low["f"])) if "f" in low else float(f.at_least or 1),
        float(np.quantile(awake.recent_minor, low["m"])) if "m" in low else float(m.at_least_minor or 1),
    )


def cells(buyers: pd.DataFrame, day: date, cut: tuple[float, float, float]) -> pd.Series:
    """The cell of each buyer on a day: one of CODES, or ASLEEP. Index consumer_id."""
    marks = [_quiet(buyers, day) < cut[0], buyers.recent_days >= cut[1], buyers.recent_minor >= cut[2]]
    code = sum((mark.map({True: "1", False: "0"}) for mark in marks[1:]), marks[0].map({True: "1", False: "0"}))
    found = code.where(buyers.recent_days > 0, ASLEEP)
    return pd.Series(found.to_numpy(str), index=pd.Index(buyers.consumer_id), dtype=cell_type())


def cell_type() -> pd.CategoricalDtype:
    """All cells in order, best first, then those asleep and those who are no buyers."""
    return pd.CategoricalDtype([*CODES, ASLEEP, NONE], ordered=True)


def sizes(buyers: pd.DataFrame, cell: pd.Series) -> pd.DataFrame:
    """cell, buyers, recent_minor (what they spent in the days looked back on): one row a cell but NONE, zeros included."""
    frame = pd.DataFrame({"cell": cell.to_numpy(), "recent_minor": buyers.recent_minor.to_numpy()})
    frame["cell"] = frame.cell.astype(cell_type())
    found = (
        frame.groupby("cell", observed=False)
        .recent_minor.agg(["size", "sum"])
        .set_axis(["buyers", "recent_minor"], axis=1)
    )
    return found.drop(index=NONE).reset_index()


def moves(before: pd.Series, after: pd.Series) -> pd.DataFrame:
    """from_cell, to_cell, consumers: who stood where on the two days (NONE: had not bought yet); zeros are left out."""
    both = pd.concat([before.astype(str), after.astype(str)], axis=1, keys=["from_cell", "to_cell"]).fillna(NONE)
    found = both.value_counts().rename("consumers").reset_index()
    for side in ("from_cell", "to_cell"):
        found[side] = found[side].astype(cell_type())
    return found.sort_values(["from_cell", "to_cell"], ignore_index=True)


def _quiet(buyers: pd.DataFrame, day: date) -> pd.Series:
    """Days since each buyer's last purchase; 0 on the day itself."""
    return (pd.Timestamp(day) - buyers.last_day).dt.days
