"""What notebooks hand over to others: read from this run, or computed here by the same library functions.

A notebook that needs an earlier one's table runs by itself in JupyterLab and under nbval: what is not there is computed, with
the knobs that the earlier notebook would have had (its parameters cell and the campaign's settings). One module a notebook
that hands something over; a new table is one line in `TABLES`.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import pandas as pd

from apex.errors import ApexError, nearest
from apex.files import ROOT
from apex.report.notebooks import discover

if TYPE_CHECKING:
    from apex.report.run import Run

T = TypeVar("T")


def table(run: "Run", notebook: str, name: str) -> pd.DataFrame:
    """A table that an earlier notebook keeps, computed as it does. ApexError for one that nobody computes."""
    from apex.report.run import Run

    if (notebook, name) not in TABLES:
        names = [f"{n} {t}" for n, t in TABLES]
        raise ApexError(f'There is no table "{name}" of {notebook} to read.{nearest(f"{notebook} {name}", names)}')
    made = TABLES[notebook, name]
    return once(run, f"{notebook} {name}", lambda: made(Run(run.campaign.reference, notebook, alone=True))).copy()


def once(run: "Run", what: str, make: Callable[[], T]) -> T:
    """What several answers rest on, computed once in one process: of this campaign, these data and this day."""
    key = run.campaign.model_dump_json(), run.warehouse.until(None).digest, str(run.as_of), what
    if key not in _KNOWN:
        _KNOWN[key] = make()
    known: T = _KNOWN[key]
    return known


_KNOWN: dict[tuple[str, ...], Any] = {}


def knobs(run: "Run", notebook: str) -> dict[str, Any]:
    """What a notebook's parameters are in this campaign: its parameters cell, overruled by the campaign's settings."""
    defaults = {n.id: n.defaults for n in discover(ROOT / "notebooks")}[notebook]
    return {**defaults, **run.campaign.settings.get(notebook, {})}


def _needed(run: "Run") -> pd.DataFrame:
    from apex.report.upstream import goal

    return goal.kept(run)


def _goals(run: "Run") -> pd.DataFrame:
    from apex.report.upstream import goal
    from apex.report.upstream.goal_study import GOALS

    found = goal.study(run)
    return pd.DataFrame(columns=GOALS) if found is None else found.goals()


def _way(run: "Run") -> pd.DataFrame:
    from apex.report.upstream import goal
    from apex.report.upstream.goal_study import WAY

    found = goal.study(run)
    return pd.DataFrame(columns=WAY) if found is None else found.purchases()


def _phases(run: "Run") -> pd.DataFrame:
    from apex.report.upstream import calendar

    return calendar.phases(run)


def _scenes(run: "Run") -> pd.DataFrame:
    from apex.report.upstream import scenes

    return scenes.portfolio(run)


def _moves(run: "Run") -> pd.DataFrame:
    from apex.report.upstream import moves

    return moves.moves(run)


def _launch(run: "Run") -> pd.DataFrame:
    from apex.report.upstream import launch

    return launch.launch_table(run)


def _chosen(run: "Run") -> pd.DataFrame:
    from apex.report.upstream import strategy

    return strategy.chosen(run)


def _budget(run: "Run") -> pd.DataFrame:
    from apex.report.upstream import media

    return media.budget(run)


def _messages(run: "Run") -> pd.DataFrame:
    from apex.report.upstream import media_said

    return media_said.messages(run)


def _leaving(run: "Run") -> pd.DataFrame:
    from apex.report.upstream import recall

    return recall.stages(run)


def _trials(run: "Run") -> pd.DataFrame:
    from apex.report.upstream import trials

    return trials.verdicts(run)


TABLES: dict[tuple[str, str], Callable[["Run"], pd.DataFrame]] = {
    ("2_plan/goal", "needed"): _needed,
    ("2_plan/goal", "goals"): _goals,
    ("2_plan/goal", "way"): _way,
    ("2_plan/calendar", "phases"): _phases,
    ("2_plan/media", "budget"): _budget,
    ("2_plan/media", "messages"): _messages,
    ("2_plan/scenes", "portfolio"): _scenes,
    ("2_plan/strategy", "moves"): _moves,
    ("2_plan/launch", "launch"): _launch,
    ("2_plan/strategy", "chosen"): _chosen,
    ("3_execute/trials", "verdicts"): _trials,
    ("3_execute/recall", "stages"): _leaving,
}
