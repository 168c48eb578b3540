"""The tables, figures and lines of `3_execute/pacing`: names, units, what is absent."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from apex.show.glossary import channel
from apex.show.phases import phase_name
from apex.show.say.pacing import amount, metrics
from apex.show.words import Words


def source(name: str, words: Words) -> str:
    """Where the plan's side is from."""
    return {
        "plan": words("Plan: this run's plan.yml."),
        "campaign": words(
            "Plan: the campaign file's budget, spread over channels and phases as the earlier campaign's money was; this "
            "notebook ran by itself, without a plan.yml."
        ),
        "none": words(
            "Plan: no media are planned, or none known. GMV and inflow are held against last year's days or the last weeks."
        ),
    }[name]


def statuses(status: pd.DataFrame, words: Words) -> pd.DataFrame:
    """The table of metrics, values written out because their units differ."""
    names, rows = metrics(words), []
    for row in status.itertuples():
        m = row.metric
        total = words(
            "{n} ({low} to {high})",
            n=amount(m, row.total, words),
            low=amount(m, row.low, words),
            high=amount(m, row.high, words),
        )
        alarm = words("since {day}", day=words.day_short(row.since)) if row.open else words("none")
        rows.append(
            (
                names[m],
                amount(m, row.to_date, words),
                amount(m, row.planned, words),
                row.difference,
                total,
                amount(m, row.planned_total, words),
                alarm,
            )
        )
    return pd.DataFrame(rows, columns=["metric", "to_date", "planned", "difference", "total", "planned_total", "alarm"])


def named(frame: pd.DataFrame, words: Words, stages: Sequence[tuple[str, str]] = ()) -> pd.DataFrame:
    """Channels, phases and stages as people say them."""
    out = frame.copy()
    if "channel" in out:
        out["channel"] = [channel(c, words) for c in out.channel]
    if "phase" in out:
        out["phase"] = [phase_name(p, words) for p in out.phase]
    if "stage" in out:
        out["stage"] = out.stage.map(dict(stages))
    return out


def small(channels: pd.DataFrame, words: Words) -> str:
    """How soon a channel's own shortfall would be told."""
    known = channels[channels.planned > 0]
    slow = int((known.days.isna() | (known.days > 14)).sum())
    return words(
        "Days until noticed: how long it takes to tell a shortfall of a fifth in this channel alone, in nine of ten cases; {n} "
        "channels have so few contacts that it takes over two weeks or is never told. The alarm is on all of them together.",
        n=slow,
    )


def absent(pace: Any, words: Words) -> list[str]:
    """What the page would need and the data do not have. pace: of `upstream.pacing`."""
    out = []
    if "spend" not in pace.paths:
        out.append(words("These data hold no media cost, so no spend is paced."))
    if pace.source == "campaign":
        out.append(words("No plan.yml of this run: what was foretold and needed is not known here."))
    if pace.run.campaign.goal.gmv_minor is not None and not pace.odds:
        out.append(words("These data and this campaign give no GMV goal that could be forecast."))
    return out


def title(metric: str, words: Words) -> str:
    """Of the first figure."""
    return {"spend": words("Media spend beside the plan, summed up"), "gmv": words("GMV beside its plan, summed up")}[
        metric
    ]


def marks(phases: Sequence[tuple[str, Any, Any]], words: Words) -> list[tuple[Any, str]]:
    """Where each phase but the first begins."""
    own = {"before": words("until the eve"), "window": words("the goal's days")}
    return [(first, own.get(name) or phase_name(name, words)) for name, first, _ in phases[1:]]


def ordered(frame: pd.DataFrame, stages: Sequence[tuple[str, str]]) -> pd.DataFrame:
    """Rows in the order of the stages."""
    return frame.set_index("stage").reindex([s for s, _ in stages]).reset_index()


def plain(status: pd.DataFrame) -> str:
    """The table of metrics in plain text, for comparing."""
    return status[["metric", "to_date", "planned", "alarm", "open"]].round(0).to_string(index=False)


def largest(changes: pd.DataFrame) -> pd.DataFrame:
    """The largest changes first."""
    return changes.sort_values("change", key=abs, ascending=False, ignore_index=True)
