"""The shared currency of plans: what a contact adds to moves and money, by stage and channel. See `apex.model.moves`."""

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pandas as pd

from apex.measure import moved_trials, touches
from apex.measure import moves as counting
from apex.measure.market import category_of
from apex.measure.windows import OPPORTUNITY
from apex.model import moves as model
from apex.model import moves_level
from apex.report.upstream import once

if TYPE_CHECKING:
    from apex.report.run import Run

BACK = 180  # days of contacts looked back on
IN_TRIPS = 0.5  # share of contacts on shopping trips from which on days without contact are shopping trips as well


def spans(run: "Run") -> list[tuple[date, date]]:
    """The days whose contacts are counted: the last BACK that may be judged, and earlier campaigns of `campaign.compare`."""
    last = run.as_of - timedelta(days=counting.CONVERT - 1)
    found = [(last - timedelta(days=BACK - 1), last)]
    if run.warehouse.has("campaigns"):
        campaigns = run.warehouse.table("campaigns")
        asked = campaigns.filter(campaigns.campaign_id.isin(list(run.campaign.compare)))
        for row in asked.select("first_day", "last_day").execute().itertuples():
            found.append((pd.Timestamp(row.first_day).date(), pd.Timestamp(row.last_day).date()))
    return found


def told_by_trials(run: "Run", held: pd.DataFrame, category: str) -> moves_level.Factor:
    """What the brand's ended trials make of credit."""
    seen = moved_trials.trials(run.book, run.brand, category)
    return (
        moves_level.factor(seen.people, seen.contacts, moves_level.hazards(held))
        if len(seen.people)
        else moves_level.UNTRIED
    )


def moves(run: "Run") -> pd.DataFrame:
    """The frame of `moves_and_level`."""
    return moves_and_level(run)[0]


def moves_and_level(run: "Run") -> tuple[pd.DataFrame, moves_level.Factor]:
    """One row a from_stage and channel, `all` last: from_stage, channel, contacted, moved, usual, extra, low, high, kind,
    gmv_extra_minor, gmv_low, gmv_high, cost_minor, per_moved_minor, n. See `apex.model.moves.table`.

    A contact is one consumer met on one day; n is how many there were, contacted how many consumers. Empty where the data
    hold no contact of the brand whose following days may be seen. With it, what trials make of credit.
    """
    table, told = once(run, "moves", lambda: _made(run))
    return table.copy(), told


def _made(run: "Run") -> tuple[pd.DataFrame, moves_level.Factor]:
    days = spans(run)
    category = category_of(run.warehouse, run.brand, run.as_of)
    trips = touches.in_trips(run.warehouse, run.brand, min(a for a, _ in days), run.as_of) or 0.0
    seen = counting.counted(run.book, run.brand, category, days, in_trips=trips >= IN_TRIPS)
    if not seen.channels:
        return pd.DataFrame(columns=list(model.COLUMNS)), moves_level.UNTRIED
    held = model.all_held(
        model.compared(seen.points, seen.channels, counting.KNOWN, [OPPORTUNITY, *run.book.rules.ids])
    )
    paid = counting.costs(run.book, run.brand, days)
    costs = {r.channel: r.cost_minor / r.days for r in paid[paid.cost_minor.notna()].itertuples()}
    told = told_by_trials(run, held, category)
    return model.table(held, counting.contacted(seen), costs, told), told
