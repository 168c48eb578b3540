"""What `4_wrapup/lift` reads: the campaign's own trial or list, the brand's other trials, what stores promoted, a given file."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from apex.errors import ApexError
from apex.measure import displays as display_cells
from apex.measure import experiment as units
from apex.measure import trial as counting
from apex.measure.experiment import Experiment
from apex.model import displays, evidence, experiments
from apex.model.effect import Bound, aipw, bound
from apex.model.estimate import Estimate
from apex.model.verdict import Verdict

if TYPE_CHECKING:
    from apex.report.run import Run

MONEY, BUYERS = "gmv_minor", "buyers"
EFFECT = ["experiment", "outcome", "arm", "reference", "effect", "std_error", "low", "high", "n", "identified"]
LISTED = "not listed"  # the reference of a list that nobody drew


@dataclass(frozen=True)
class File:
    """An experiment file as the parameters name it; path "" for none."""

    path: str
    arm: str
    reference: str
    outcomes: Sequence[str]
    covariates: Sequence[str]
    cluster: str


@dataclass(frozen=True)
class Study:
    """All of it. recent: days since a trial's end; earlier: periods before the campaign on which methods are tested."""

    run: "Run"
    file: File
    recent: int
    earlier: int

    @cached_property
    def given(self) -> Experiment | None:
        """The experiment of the file; None without one. ApexError where it cannot be read."""
        f = self.file
        if not f.path:
            return None
        return units.from_file(
            Path(f.path).expanduser(),
            f.arm,
            f.outcomes,
            reference=f.reference,
            covariates=f.covariates,
            cluster=f.cluster,
        )

    @cached_property
    def others(self) -> list[Experiment]:
        """The brand's other trials on consumers that ended of late, the latest first. One that does not fit (it began before
        the data, or has one arm) is left out.
        """
        run, warehouse = self.run, self.run.warehouse
        if not (warehouse.has("experiments") and warehouse.has("assignments")):
            return []
        table = warehouse.table("experiments")
        rows = table.filter((table.brand == run.brand) & (table.unit == "consumer")).execute()
        rows = rows[rows.experiment_id != run.campaign.campaign_id].sort_values("last_day", ascending=False)
        found = []
        for row in rows.itertuples():
            first, last = pd.Timestamp(row.first_day).date(), pd.Timestamp(row.last_day).date()
            if last > run.as_of or last < run.as_of - timedelta(days=self.recent) or first <= warehouse.first_day:
                continue
            try:
                found.append(units.of_trial(warehouse, run.brand, str(row.experiment_id), first, last))
            except ApexError as error:
                run.missing(str(error))
        return found

    @cached_property
    def counted(self) -> "counting.Trial | None":
        """The campaign's list or trial, counted; None where the data hold none."""
        run = self.run
        if not run.campaign.campaign_id or not run.warehouse.has("assignments"):
            return None
        return counting.trial(
            run.warehouse, run.campaign.campaign_id, run.brand, earlier=self.earlier, window=run.seen_window
        )

    @cached_property
    def verdicts(self) -> dict[tuple[str, str], Verdict]:
        """What the campaign changed, by measure and segment, as the closing page has it."""
        return {} if self.counted is None else evidence.judge_segments(self.counted)

    @cached_property
    def weighted(self) -> tuple[Estimate, Bound] | None:
        """Of a list that nobody drew: weighting and regression on all that was known, and how strong an unseen cause would have
        to be to explain it away. None where chance decided, or where there is no list.
        """
        verdict = self.verdicts.get((MONEY, "all"))
        if self.counted is None or verdict is None or verdict.evidence.randomised:
            return None
        found = aipw(self.counted.wide(MONEY)[0], self.counted.treated, evidence.covariates(self.counted))
        return found, bound(found)

    @cached_property
    def cells(self) -> display_cells.Cells | None:
        """The brand's items in stores, week by week, until today."""
        return display_cells.cells(self.run.warehouse, self.run.brand)

    @cached_property
    def displays(self) -> pd.DataFrame:
        """`model.displays.effects`; empty without promotions in stores."""
        return pd.DataFrame(columns=displays.EFFECTS) if self.cells is None else displays.effects(self.cells)

    @cached_property
    def trials(self) -> pd.DataFrame:
        """`model.experiments.effects` of the file and of all other trials, with experiment (its name) and sample_ratio (p)."""
        every = [*([self.given] if self.given else []), *self.others]
        few = self.run.campaign.privacy_threshold
        parts = []
        for of in every:
            part = experiments.effects(of).assign(experiment=of.name, sample_ratio=experiments.sample_ratio(of))
            small = (part.n_arm < few) | (part.n - part.n_arm < few)
            parts.append(part[~small])
        columns = ["experiment", *experiments.EFFECT, "sample_ratio"]
        return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)

    def effect(self) -> pd.DataFrame:
        """Everything that was estimated, a row each (EFFECT): the campaign a consumer addressed, trials a unit of the arm,
        displays an item, store and week that shows. Effects that are not identified have no effect and, as low and high, the
        range of defensible estimates.
        """
        parts = [self._campaign(), self.trials[EFFECT], self._displays()]
        return pd.concat([p for p in parts if len(p)] or [pd.DataFrame(columns=EFFECT)], ignore_index=True)

    def _campaign(self) -> pd.DataFrame:
        rows = []
        for (measure, segment), verdict in self.verdicts.items():
            if segment != "all" or self.counted is None:
                continue
            one, naive = verdict.estimate, verdict.evidence.naive
            told = (one.effect, one.se) if one and verdict.identified else (float("nan"),) * 2
            rows.append((
                self.counted.campaign_id, measure, "listed" if self.counted.control is None else "treated",
                self.counted.control or LISTED, *told, verdict.low, verdict.high, naive.n, verdict.identified,
            ))  # fmt: skip
        return pd.DataFrame(rows, columns=EFFECT)

    def _displays(self) -> pd.DataFrame:
        shown = self.displays
        return pd.DataFrame({
            "experiment": "promotions", "outcome": shown.outcome, "arm": shown.means, "reference": "nothing shown",
            "effect": shown.effect, "std_error": shown.std_error, "low": shown.low, "high": shown.high, "n": shown.n,
            "identified": shown.cannot == "",
        })[EFFECT]  # fmt: skip
