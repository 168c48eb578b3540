"""What `4_wrapup/powers` reads: the peers of the window, sums of all of them, five powers with their trend."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import pandas as pd

from apex.measure import peers as peers_of
from apex.measure import powers as measure
from apex.measure.content_rules import load_content_rules
from apex.measure.windows import Window
from apex.model import powers as model

if TYPE_CHECKING:
    from apex.report.run import Run


@dataclass(frozen=True)
class Study:
    """All of it. rules: data/rules/NAME.yml, what counts as an effective view and an interaction."""

    run: "Run"
    rules: str

    @cached_property
    def peers(self) -> peers_of.Peers:
        """The brand's peers in the window, as far as it is seen."""
        run = self.run
        return peers_of.peers(run.warehouse, run.brand, *run.seen_window, run.campaign.peers.exclude)

    @cached_property
    def periods(self) -> dict[str, Window]:
        """The window and what it is held against (`measure.powers.periods`)."""
        return measure.periods(self.run.warehouse, self.run.seen_window)

    @cached_property
    def drawn(self) -> model.Drawn | None:
        """Every measure in every draw; None with too few peers."""
        if not self.peers.enough:
            return None
        run, others = self.run, list(self.peers.frame.brand)
        places = peers_of.scope(run.warehouse, self.peers)
        counted = measure.count(run.book, [run.brand, *others], places, self.periods, load_content_rules(self.rules))
        return model.draw(counted, run.brand, others, run.campaign.privacy_threshold)

    def measures(self) -> pd.DataFrame:
        """`model.powers.measures`; empty with too few peers, as the others are."""
        return model.measures(self.drawn) if self.drawn else pd.DataFrame(columns=model.MEASURES)

    def powers(self) -> pd.DataFrame:
        """`model.powers.powers`."""
        return model.powers(self.drawn) if self.drawn else pd.DataFrame(columns=model.TABLE)

    def trend(self) -> pd.DataFrame:
        """`model.powers.trend`."""
        return model.trend(self.drawn) if self.drawn else pd.DataFrame(columns=model.TREND)

    def moves(self) -> pd.DataFrame:
        """`model.powers.moves`."""
        return model.moves(self.drawn) if self.drawn else pd.DataFrame(columns=model.MOVES)
