"""A finding: what a notebook has to say, as data. The index and the closing pages are made from findings."""

import json
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from apex.errors import ApexError

Kind = Literal["counted", "credit", "lift", "model", "not identified"]
Unit = Literal["consumers", "money_minor", "share", "orders", "days", "index", "none"]
Verdict = Literal["ahead", "careful", "behind", "none"]
# What a reader of many pages asks first. A finding that answers one says so, and stands on the index without further ado.
Question = Literal["on_track", "short_stage", "trust", "assets"]
Line = Annotated[str, Field(min_length=1, max_length=90)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Compared(_Strict):
    """What the value is held against: "the 56 days before", 1491600.0."""

    label: str
    value: float | None = None


class Tile(_Strict):
    """A headline figure for the index; texts are formatted already, in the report's language."""

    label: str
    value: str
    note: str = ""


class Finding(_Strict):
    """One statement with its number. Texts are in the report's language; `**…**` in `text` marks the key figures.

    answers: which questions of the index it answers, each with the answer in one line. at_stake_minor: money that the next
    step is about, as far as it is known. due: the day after which the next step comes too late.
    """

    notebook: str
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
    kind: Kind
    text: Annotated[str, Field(min_length=1)]
    short: Annotated[str, Field(min_length=1, max_length=60)]
    value: float | None = None
    unit: Unit = "none"
    low: float | None = None
    high: float | None = None
    n: Annotated[int, Field(ge=0)] | None = None
    compared: Compared | None = None
    verdict: Verdict = "none"
    next_step: str | None = None
    headline: bool = False
    tile: Tile | None = None
    answers: dict[Question, Line] = {}
    at_stake_minor: Annotated[int, Field(ge=0)] | None = None
    due: date | None = None

    @model_validator(mode="after")
    def _interval(self) -> "Finding":
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"the interval's low end {self.low} lies above its high end {self.high}")
        return self


_LIST = TypeAdapter(list[Finding])


def read_findings(path: Path) -> list[Finding]:
    """A notebook's findings from its JSON file.

    Raises ApexError: no such file, not findings, a name twice, not exactly one headline.
    """
    try:
        findings = _LIST.validate_json(path.read_bytes())
    except FileNotFoundError:
        raise ApexError(f"{path.name}: the notebook wrote no findings.") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ApexError(f"{path.name}: {where}: {first['msg']}.") from None
    headlines = [finding.name for finding in findings if finding.headline]
    if len(headlines) != 1:
        said = ", ".join(headlines) or "none"
        raise ApexError(f"{path.name}: exactly one finding should be the headline, not {len(headlines)} ({said}).")
    names = [finding.name for finding in findings]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ApexError(f'{path.name}: two findings are named "{twice}".')
    return findings


def findings_of(text: bytes) -> list[Finding]:
    """The findings of a whole run from its findings.json. ValueError when they are none."""
    return _LIST.validate_json(text)


def findings_json(findings: Iterable[Finding]) -> str:
    """Findings as JSON text, the same bytes for the same findings: sums in another order differ in their last digits."""
    told = [f.model_dump(mode="json") for f in findings]
    for finding in told:
        compared = finding["compared"] or {}
        for holder, keys in ((finding, ("value", "low", "high")), (compared, ("value",))):
            holder.update({k: float(f"{holder[k]:.9g}") for k in keys if holder.get(k) is not None})
    return json.dumps(told, ensure_ascii=False, indent=1) + "\n"
