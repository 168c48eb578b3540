"""Which message each channel of the plan carries: clicks of the last year read, the pull fitted, a row a channel."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pandas as pd

from apex.measure import media
from apex.measure.media import YEAR
from apex.model import media_messages
from apex.model.media_messages import AHEAD, Pull
from apex.warehouse import Warehouse

if TYPE_CHECKING:
    from apex.report.run import Run

MESSAGES = ["channel", "whom", "message", "then", "pull", "low", "high", "clicks", "in_all"]


def pulled(warehouse: Warehouse, brand: str, last: date, days: int = AHEAD) -> Pull:
    """What the clicks of the YEAR up to `last` say of the brand's messages in so many days after it."""
    return media_messages.pull(media.by_creative(warehouse, brand, last, YEAR), days)


def said(warehouse: Warehouse, brand: str, last: date, days: int = AHEAD) -> pd.DataFrame:
    """MESSAGES: a row a channel of the brand's media, also those that cost nothing, for so many days after `last`.

    whom: its targeting; message, then: what it carries first and in the second half (null: the first all the time); pull: clicks
    on it for one on any message in turn, with 80 % interval; clicks: on channels of this targeting, on which it rests,
    and in_all. Channels that take any in turn are left out; empty where messages cannot be told apart.
    """
    pull, rows = pulled(warehouse, brand, last, days), []
    for row in media.targeting(warehouse, brand, last).itertuples():
        names = pull.chosen(row.whom)
        if names:
            then = names[1] if len(names) > 1 else None
            rows.append(
                (
                    row.channel,
                    row.whom,
                    names[0],
                    then,
                    *pull.beside(row.whom, names),
                    pull.met(row.whom),
                    pull.clicks[-1],
                )
            )
    return pd.DataFrame(rows, columns=MESSAGES)


def messages(run: "Run") -> pd.DataFrame:
    """`said` for the campaign, as of the last day that is known: what other notebooks read."""
    campaign = run.campaign
    days = campaign.phases.days() or [("", *campaign.window)]
    length = (max(last for *_, last in days) - min(first for _, first, _ in days)).days + 1
    return said(run.warehouse, run.brand, run.warehouse.last_day, length)


def tomorrow(run: "Run") -> pd.DataFrame:
    """`said` as of the run's day, for the phase that tomorrow lies in, and `planned`: what the plan has a channel say tomorrow.

    planned: null where the plan leaves it open, or there is none. No rows once the campaign is over.
    """
    day, plan = run.as_of + timedelta(days=1), run.planned
    spans = [(a, b) for _, a, b in run.campaign.phases.days()] or [run.campaign.window]
    ends = [b for a, b in spans if b >= day]
    if not ends:
        return pd.DataFrame(columns=[*MESSAGES, "planned"])
    found = said(run.warehouse, run.brand, run.as_of, (min(ends) - run.as_of).days)
    says: dict[str, str | None] = {}
    if plan is not None:
        act = plan.act
        for line in act.media:
            whole = line.first_day or act.first_day, line.last_day or act.last_day
            first, last = act.phases.get(line.phase or "", whole)
            if first <= day <= last:
                says[line.channel] = line.message
    return found.assign(planned=found.channel.map(says).astype(object))


def by_channel(frame: pd.DataFrame) -> dict[str, Sequence[str]]:
    """channel → its messages in turn. frame: MESSAGES."""
    return {r.channel: [n for n in (r.message, r.then) if isinstance(n, str) and n] for r in frame.itertuples()}
