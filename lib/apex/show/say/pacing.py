"""What `3_execute/pacing` says: are we on plan today, and what to change tomorrow."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from apex.show.glossary import channel
from apex.show.phases import phase_name
from apex.show.say.wording import fitting
from apex.show.words import Words

NEAR = 0.05  # of the plan: nearer is on plan
MONEY = ("spend", "gmv")


def metrics(words: Words) -> dict[str, str]:
    """What is paced, by name."""
    return {
        "impressions": words("Media contacts"),
        "spend": words("Media spend"),
        "inflow": words("Consumers who rose a stage"),
        "gmv": words("GMV"),
    }


def amount(metric: str, value: float, words: Words) -> str:
    """A metric's value as written; what may not be shown is a dash."""
    if pd.isna(value):
        return words.suppressed()
    return words.money_short(round(value)) if metric in MONEY else words.count(round(value))


def headline(
    status: pd.DataFrame, odds: Mapping[str, float], recovery: Any, confidence: float, words: Words
) -> dict[str, Any]:
    """Are we on plan: what was delivered, what is forecast and the odds, and what to change first."""
    rows = status.set_index("metric")
    parts, verdict, short = [], "ahead", words("On plan so far")
    lead = next((m for m in ("spend", "gmv", "inflow") if m in rows.index and rows.to_date.notna()[m]), None)
    if lead is None:
        return {
            "kind": "not identified",
            "text": words("No day of this plan has passed yet: there is nothing to pace."),
            "short": words("No day of the plan has passed"),
        }
    row = rows.loc[lead]
    off, alarm = float(row.difference), bool(row.open)
    name = metrics(words)[lead]
    parts.append(
        words(
            "{metric}: **{actual}** so far, **{planned}** planned (**{difference}**).",
            metric=name,
            actual=amount(lead, row.to_date, words),
            planned=amount(lead, row.planned, words),
            difference=words.signed_share(off),
        )
    )
    alarms = rows[rows.open]
    if len(alarms):
        first = alarms.iloc[0]
        parts.append(
            words(
                "Alarm on {day}: since {since} about {size} less comes than planned, more than chance explains.",
                day=words.day(first.alarm),
                since=words.day(first.since),
                size=words.share(first["size"]),
            )
        )
    else:
        parts.append(words("No alarm: nothing falls short today by more than chance explains."))
    if odds:
        parts.append(
            words(
                "GMV of the goal's days is forecast at **{forecast}** (80%: {low} to {high}); "
                "the goal of {goal} is reached with odds of **{odds}**.",
                forecast=words.money_short(round(odds["forecast"])),
                low=words.money_short(round(odds["low"])),
                high=words.money_short(round(odds["high"])),
                goal=words.money_short(round(odds["goal"])),
                odds=words.share(odds["odds"]),
            )
        )
    if alarm and off >= 0:
        verdict, short = "behind", words("{metric} short since {day}", metric=name, day=words.day_short(row.since))
    elif alarm or off < -NEAR:
        verdict, short = (
            "behind",
            words("{metric} {difference} behind plan", metric=name, difference=words.share(-min(off, 0.0))),
        )
    elif off > NEAR and lead == "spend":
        verdict, short = "careful", words("{metric} {difference} above plan", metric=name, difference=words.share(off))
    elif odds and odds["odds"] < confidence:
        verdict, short = "careful", words("On plan so far, odds of the goal {odds}", odds=words.share(odds["odds"]))
    tile = {"label": name, "value": words.signed_share(off), "note": words("beside the plan to date")}
    return {
        "kind": "counted",
        "value": float(row.to_date),
        "unit": "money_minor" if lead in MONEY else "consumers",
        "text": " ".join(parts),
        "short": fitting(short, name),
        "verdict": verdict,
        "tile": tile,
        "compared": {"label": words("planned to date"), "value": float(row.planned)},
        "next_step": step(recovery, words) or (None if verdict == "ahead" else _elsewhere(words)),
        "answers": {"on_track": short},
    }


def _elsewhere(words: Words) -> str:
    return words("See on the goal's page which stage is short, and what would close the gap.")


def step(recovery: Any, words: Words) -> str | None:
    """The first thing to change tomorrow; None where nothing is worth it or known."""
    if recovery is None or recovery.lines.empty:
        return None
    up = recovery.lines[recovery.lines.change > 0]
    down = recovery.lines[recovery.lines.change < 0]
    told = []
    if len(up):
        row = up.iloc[0]
        told.append(
            words(
                "Raise {channel} in the {phase} by {money} from tomorrow.",
                channel=channel(row.channel, words),
                phase=phase_name(row.phase, words),
                money=words.money_short(round(row.change)),
            )
        )
    if len(down):
        row = down.iloc[-1]
        told.append(
            words(
                "Take {money} from {channel} in the {phase}.",
                channel=channel(row.channel, words),
                phase=phase_name(row.phase, words),
                money=words.money_short(round(-row.change)),
            )
        )
    return " ".join(told)


def alarms(status: pd.DataFrame, rate: float, watched: int, words: Words) -> dict[str, Any]:
    """Which alarms rang, at which rate of false ones."""
    rang, names = status[status.alarm.notna()], metrics(words)
    said = words(
        "On a campaign that runs on plan, the chance of any alarm on any of its days is at most {rate}, however often one looks.",
        rate=words.share(rate),
    )
    told = []
    for row in rang.rename(columns={"size": "short"}).itertuples():
        known = {
            "metric": names[row.metric],
            "size": words.share(row.short),
            "since": words.day(row.since),
            "day": words.day(row.alarm),
        }
        if row.open:
            told.append(words("**{metric}**: {size} less than planned since {since}, noticed on {day}.", **known))
        else:
            told.append(
                words(
                    "{metric} was {size} short from {since}, noticed on {day}, and has come back to plan since.",
                    **known,
                )
            )
    still = rang[rang.open]
    tile = {
        "label": words("Alarms"),
        "value": words.count(len(still)),
        "note": words("false ones: {rate} a campaign", rate=words.share(rate)),
    }
    if still.empty:
        text = " ".join([words("**No alarm** in {n} figures.", n=watched), *told, said])
        short = words("No alarm so far") if rang.empty else words("No alarm now")
        return {"kind": "model", "value": 0.0, "text": text, "short": short, "verdict": "ahead", "tile": tile}
    return {
        "kind": "model",
        "value": float(len(still)),
        "text": " ".join([*told, said]),
        "verdict": "behind",
        "short": fitting(words("Alarm: {metric} short", metric=names[still.metric.iloc[0]])),
        "next_step": words(
            "Ask the media why they deliver less, and see below where the money that is left over does most."
        ),
        "tile": tile,
    }


def change(found: Any, source: str, words: Words) -> dict[str, Any]:
    """What the changes bring back. source: of the plan."""
    if found is None:
        text = {
            "none": words(
                "These data hold no media cost: there is no money to move, and only consumers and GMV are paced."
            ),
            "campaign": words(
                "This notebook ran by itself: without the run's plan and its response curves nothing is moved. `make report` "
                "has both."
            ),
        }.get(source, words("No money is left to move."))
        return {"kind": "not identified", "text": text, "short": words("No money to move")}
    low, high = (words.money_short(round(v)) for v in found.back[1:])
    if found.unspent > 0:
        text = words(
            "**{money}** of what was due by today was not spent.", money=words.money_short(round(found.unspent))
        )
    else:
        text = words(
            "**{money}** more than due was spent by today; the rest must do with less.",
            money=words.money_short(round(-found.unspent)),
        )
    middle = words.money_short(round(found.back[0]))
    if found.back[0] >= 0:
        text += " " + words(
            "Changed as below, the days to come bring **{gmv}** more GMV than the plan as it stands (80%: {low} to {high}).",
            gmv=middle,
            low=low,
            high=high,
        )
    else:
        text += " " + words(
            "Cut as below, the days to come bring **{gmv}** of GMV less (80%: {low} to {high}); cut evenly they would bring "
            "less still.",
            gmv=words.money_short(round(-found.back[0])),
            low=words.money_short(round(-found.back[2])),
            high=words.money_short(round(-found.back[1])),
        )
    if found.share is not None and found.back[0] > 0:
        text += " " + words(
            "That is {share} of what the shortfall cost so far (80%: {low} to {high}).",
            share=words.share(found.share[0]),
            low=words.share(found.share[1]),
            high=words.share(found.share[2]),
        )
    short = words("Changes tomorrow bring {gmv} of GMV", gmv=words.signed_money(round(found.back[0])))
    tile = {"label": words("Changes bring"), "value": middle, "note": words("GMV over the plan as it stands")}
    return {
        "kind": "model",
        "value": found.back[0],
        "unit": "money_minor",
        "low": found.back[1],
        "high": found.back[2],
        "text": text,
        "short": fitting(short),
        "verdict": "careful" if len(found.lines) else "none",
        "tile": tile,
        "next_step": step(found, words),
    }
