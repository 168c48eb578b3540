"""What `2_plan/strategy` computes: phases, strategies with whom they reach, gaps, what closes them, what is chosen."""

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING

import pandas as pd

from apex.measure import pace, peers, strategies
from apex.measure.strategy_rules import Strategies, load_strategies
from apex.model import strategy as model
from apex.model.moves_level import Factor
from apex.report.upstream import knobs
from apex.report.upstream.moves import moves_and_level, spans

if TYPE_CHECKING:
    from apex.report.run import Run

PEOPLE = ["reachable", "people"]
ALSO = ["contacts", "moved", "low", "high", "gmv_minor", "gmv_low", "gmv_high", "cost_minor", "n"]
MOVES = [
    "moved",
    "usual",
    "extra",
    "low",
    "high",
    "gmv_extra_minor",
    "gmv_low",
    "gmv_high",
    "cost_minor",
    "per_moved_minor",
]


@dataclass(frozen=True)
class Study:
    """Strategies of a run on its day. file: of strategies; frequency: contacts a consumer may get in a phase by one strategy;
    headroom: how many times what a channel carried so far it could carry; largest: gaps that are closed."""

    run: "Run"
    file: str
    frequency: float
    headroom: float
    largest: int

    @cached_property
    def rules(self) -> Strategies | None:
        """The strategies; None where the campaign's rules have other stages than they were written for."""
        rules = load_strategies(self.file)
        return rules if rules.fits(self.run.book.rules.ids) else None

    @cached_property
    def _moves(self) -> tuple[pd.DataFrame, Factor]:
        return moves_and_level(self.run)

    @property
    def moves(self) -> pd.DataFrame:
        """The shared frame."""
        return self._moves[0]

    @property
    def level(self) -> Factor:
        """What trials make of credit."""
        return self._moves[1]

    def names(self, language: str) -> dict[str, str]:
        """Strategy → its name in a language."""
        known = {} if self.rules is None else self.rules.strategies
        return {n: {str(k): v for k, v in s.name.items()}[language] for n, s in known.items()}

    @property
    def calls(self) -> dict[str, list[str]]:
        """For each stage the strategies that move people there in the first phase in which any does."""
        found: dict[str, list[str]] = {}
        for stage, part in self.options[self.options.from_stage != self.options.to_stage].groupby(
            "to_stage", sort=False
        ):
            first = next(p for p in self.phases.phase if (part.phase == p).any())
            found[str(stage)] = list(dict.fromkeys(part.strategy[part.phase == first]))
        return found

    @cached_property
    def phases(self) -> pd.DataFrame:
        """What is left of the campaign's phases. See `measure.strategies.phases`."""
        return strategies.phases(self.run.campaign.phases.days(), self.run.as_of, self.run.campaign.window)

    @cached_property
    def reachable(self) -> pd.DataFrame:
        """strategy, reachable, lacks; empty where no strategy fits the rules."""
        if self.rules is None:
            nobody = pd.DataFrame(columns=["strategy", "reachable", "lacks"], dtype=object)
            return nobody.astype({"reachable": "Int64"})
        category = peers.main_category(self.run.warehouse, self.run.brand, self.run.as_of)
        return strategies.reachable(self.run.book, self.run.brand, self.rules, self.run.as_of, category)

    @cached_property
    def options(self) -> pd.DataFrame:
        """Every strategy in every phase by every channel. See `model.strategy.options`."""
        names = [c for c in dict.fromkeys(self.moves.channel) if c != "all"]
        rows = []
        if self.rules is not None:
            by = strategies.channels(self.run.warehouse, self.rules, names)
            for phase in self.phases.phase:
                for name in strategies.applies(self.rules, phase):
                    s = self.rules.strategies[name]
                    prior = (s.prior.moved, s.prior.low, s.prior.high)
                    rows.append((phase, name, s.from_stage, s.to_stage, s.counts, by[name], prior))
        frame = pd.DataFrame(
            rows, columns=["phase", "strategy", "from_stage", "to_stage", "counts", "channels", "prior"]
        )
        frame = frame.merge(self.reachable[["strategy", "reachable"]], on="strategy", how="left")
        lives = {s.id: s.window for s in self.run.book.rules.stages if s.window}
        seen = self.run.warehouse
        counted = {a + timedelta(days=i) for a, b in spans(self.run) for i in range((b - a).days + 1)}
        days = sum(seen.first_day < d <= self.run.as_of for d in counted)
        return model.options(
            self.phases, frame, self.moves, days=days, lives=lives, frequency=self.frequency, headroom=self.headroom
        )

    @cached_property
    def best(self) -> pd.DataFrame:
        """One channel a phase and strategy. See `model.strategy.best`."""
        return model.best(self.options, self.run.campaign.margin)

    def gaps(self, needed: pd.DataFrame) -> pd.DataFrame:
        """The stages against goal, last year and benchmark. needed: the table of `2_plan/goal`."""
        return model.gaps(needed, *self._paces())

    def _paces(self) -> tuple[dict[str, float], dict[str, float]]:
        """By stage: stock at this distance last year, the benchmark's share; of this run's page of the goal where it has them."""
        run, lead = self.run, (self.run.campaign.eve - self.run.as_of).days
        kept = run.folder / "tables" / "2_plan-goal.pace.parquet"
        if kept.exists():
            told = pd.read_parquet(kept).set_index("stage")
            return told.then.dropna().astype(float).to_dict(), told.benchmark.dropna().astype(float).to_dict()
        first = run.as_of - timedelta(days=run.window_days - 1)
        same = peers.peers(run.warehouse, run.brand, first, run.as_of, run.campaign.peers.exclude)
        before = pace.eve_of(run.warehouse, next(iter(run.campaign.compare), None))
        then = pace.earlier_stock(run.book, run.brand, before, lead, run.as_of)
        return then, pace.benchmark(run.book, same, before, lead, run.as_of)

    def closing(self, gap: pd.DataFrame) -> pd.DataFrame:
        """What closes the largest gaps. See `model.strategy.closing`."""
        return model.closing(gap, self.options, self.run.campaign.margin, self.largest)

    def chosen(self, closers: pd.DataFrame) -> pd.DataFrame:
        """What to do within the budget. See `model.strategy.chosen`."""
        campaign = self.run.campaign
        return model.chosen(closers, self.options, campaign.margin, campaign.budget_minor)


def of(run: "Run") -> Study:
    """The study with the notebook's own knobs."""
    knob = knobs(run, "2_plan/strategy")
    return Study(run, knob["strategy_file"], knob["frequency"], knob["headroom"], knob["largest"])


def chosen(run: "Run") -> pd.DataFrame:
    """The notebook's table `chosen`: what to do, phase by phase, for `2_plan/plan`."""
    study = of(run)
    made = study.chosen(study.closing(study.gaps(run.table("2_plan/goal", "needed"))))
    return run.keep("chosen", made, keys=["phase", "strategy", "channel", "closes"], people=PEOPLE, also=ALSO)
