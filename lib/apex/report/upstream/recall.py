"""What `3_execute/recall` reads: who stands at a stage that soon ends, how many will leave, what they bring, what holds them."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

import pandas as pd

from apex.measure import leavers
from apex.model import kept, leaving, recall_actions

if TYPE_CHECKING:
    from apex.report.run import Run

WEEK = 7
STAGES = ["stage", "people", "leaving", "low", "high", "share", "each_minor", "each_low", "each_high", "stake_minor"]
DUE = ["stage", "week", "people", "leaving"]
TESTED = [*leaving.TESTED[:3], "left", "stayed", "told", "low", "high"]


@dataclass(frozen=True)
class Study:
    """horizon: days looked ahead; cohorts: earlier days; ahead: days in which what people bring is counted."""

    run: "Run"
    horizon: int
    cohorts: int
    ahead: int

    @cached_property
    def days(self) -> list[date]:
        """Today and the earlier days, latest last."""
        return leavers.days(self.run.book, self.horizon, self.cohorts)

    @cached_property
    def due(self) -> pd.DataFrame:
        """`measure.leavers.due` of the brand."""
        return leavers.due(self.run.book, self.run.brand, self.days, self.horizon)

    @cached_property
    def foretold(self) -> pd.DataFrame:
        """With the chance that was, or would have been, stated on each day."""
        return leaving.rolled(self.due, self.days)

    @cached_property
    def apart(self) -> float:
        """How far days lie off what was foretold."""
        return leaving.spread(self.foretold[self.foretold.fell.notna()])

    @property
    def now(self) -> pd.DataFrame:
        """Those of today, with chance (null where too little is known)."""
        mine = self.due[self.due.day == self.days[-1]]
        return mine.assign(chance=self.foretold.chance.reindex(mine.index).astype(float))

    def name(self, frame: pd.DataFrame) -> pd.DataFrame:
        """With ids of stages in place of numbers."""
        return frame.assign(stage=frame.stage.astype(int).map(dict(enumerate(self.run.book.rules.ids, 1))))

    def stages(self) -> pd.DataFrame:
        """STAGES, one row a stage: people whose window ends, expected to have left (80 %), and what such people brought."""
        now = self.now
        people = now.groupby("stage").size().rename("people").reset_index()
        told = leaving.totals(now[now.chance.notna()], self.apart)
        found = people.merge(told.drop(columns="people"), on="stage", how="left").merge(
            self._brought(), on="stage", how="left"
        )
        found = found.assign(stake_minor=found.leaving * found.each_minor)
        return self.name(found).reindex(columns=STAGES)

    def weeks(self) -> pd.DataFrame:
        """DUE: by stage and coming week, people whose window ends in it, and how many of them will have left by the horizon."""
        now = self.now.assign(week=(self.now.left - 1) // WEEK + 1)
        found = now.groupby(["stage", "week"]).agg(
            people=("left", "size"), leaving=("chance", lambda c: c.sum(skipna=False))
        )
        return self.name(found.reset_index()).reindex(columns=DUE)

    def _brought(self) -> pd.DataFrame:
        """What those of the latest earlier day that is `ahead` days back brought since, a head, by stage (80 %)."""
        empty = pd.DataFrame(columns=["stage", "each_minor", "each_low", "each_high"])
        old = [d for d in self.days if (self.days[-1] - d).days >= self.ahead]
        mine = self.due[self.due.day == old[-1]] if old else self.due.iloc[:0]
        if mine.empty:
            return empty
        found = leavers.brought(self.run.book, self.run.brand, mine, self.ahead)
        found = found[found.people >= 2 * self.run.campaign.privacy_threshold]
        mean = found.gmv_minor / found.people
        error = leaving.Z80 * ((found.square / found.people - mean**2).clip(lower=0) / found.people) ** 0.5
        return found.assign(each_minor=mean, each_low=(mean - error).clip(lower=0), each_high=mean + error)[
            empty.columns
        ]

    def tested(self) -> pd.DataFrame:
        """TESTED: each earlier day and stage, what was foretold of it from days before, and what happened."""
        found = leaving.tested(self.foretold, self.days[:-1])
        return self.name(found.assign(stayed=found.people - found.left)).reindex(columns=TESTED)

    def reliability(self) -> pd.DataFrame:
        """The latest day whose outcome is known, by stated chance."""
        found = leaving.reliability(self.foretold, self.held_out)
        return found.assign(stayed=found.people - found.left)

    @property
    def held_out(self) -> date:
        """That day."""
        return self.days[-2] if len(self.days) > 1 else self.days[-1]

    def brier(self) -> tuple[float, float, int]:
        """See `model.leaving.brier`."""
        return leaving.brier(self.foretold, self.held_out)

    def curves(self) -> pd.DataFrame:
        """How long people of the first of the days kept their stage."""
        stays = leavers.stays(self.run.book, self.run.brand, self.days[0])
        return kept.curves(stays, self.run.book.rules.ids, self.run.campaign.privacy_threshold)

    def actions(self) -> pd.DataFrame:
        """What holds people, by stage: `model.recall_actions.best` of the plan's shared table."""
        return recall_actions.best(self.run.table("2_plan/strategy", "moves"), self.run.book.rules.ids)


def stages(run: "Run") -> pd.DataFrame:
    """The table `stages` with the notebook's own knobs."""
    from apex.report.upstream import knobs

    given = knobs(run, "3_execute/recall")
    study = Study(run, int(given["horizon"]), int(given["cohorts"]), int(given["ahead"]))
    return run.keep("stages", study.stages(), keys=["stage"], people=["people"], also=STAGES[2:])
