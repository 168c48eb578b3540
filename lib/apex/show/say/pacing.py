"""What `3_execute/pacing` says: are we on plan today, and what to change tomorrow."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from apex.show.glossary import channel
from apex.show.phases import phase_name
from apex.show.say.wording import fitting
from apex.show.words import Words

if TYPE_CHECKING:
    from apex.model.recovery import Recovery

NEAR = 0.05  # of the plan: nearer is on plan
MONEY = ("spend", "gmv")


def metrics(words: Words) -> dict[str, str]:
    """What is paced, by name."""
    return {"impressions": words("Media contacts"), "spend": words("Media spend"), "inflow": words("Consumers who rose a stage"),
            "gmv": words("GMV")}  # fmt: skip


def amount(metric: str, value: float, words: Words) -> str:
    """A metric's value as written; what may not be shown is a dash."""
    if pd.isna(value):
        return words.suppressed()
    return words.money_short(round(value)) if metric in MONEY else words.count(round(value))


def headline(
    status: pd.DataFrame, odds: Mapping[str, float], recovery: "Recovery | None", confidence: float, words: Words
) -> dict[str, Any]:
    """Are we on plan: what was delivered, what is forecast and the odds, and what to change first."""
    rows = status.set_index("metric")
    parts, verdict, short = [], "ahead", words("On plan so far")
    lead = next((m for m in ("spend", "gmv", "inflow") if m in rows.index and rows.to_date.notna()[m]), None)
    if lead is None:
        return {"kind": "not identified", "text": words("No day of this plan has passed yet: there is nothing to pace."),
                "short": words("No day of the plan has passed")}  # fmt: skip
    row = rows.loc[lead]
    off, alarm = float(row.difference), pd.notna(row.alarm)
    name = metrics(words)[lead]
    parts.append(words(
        "{metric}: **{actual}** so far, **{planned}** planned (**{difference}**).", metric=name,
        actual=amount(lead, row.to_date, words), planned=amount(lead, row.planned, words), difference=words.signed_share(off),
    ))  # fmt: skip
    alarms = rows[rows.alarm.notna()]
    if len(alarms):
        first = alarms.iloc[0]
        parts.append(words(
            "Alarm on {day}: since {since} about {size} less comes than planned, more than chance explains.", day=words.day(first.alarm),
            since=words.day(first.since), size=words.share(first["size"]),
        ))  # fmt: skip
    else:
        parts.append(words("No alarm: nothing falls short by more than chance explains."))
    if odds:
        parts.append(words(
            "GMV of the goal's days is forecast at **{forecast}** (80%: {low} to {high}); the goal of {goal} is reached with odds of **{odds}**.",
            forecast=words.money_short(round(odds["forecast"])), low=words.money_short(round(odds["low"])),
            high=words.money_short(round(odds["high"])), goal=words.money_short(round(odds["goal"])), odds=words.share(odds["odds"]),
        ))  # fmt: skip
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
    return {"kind": "counted", "value": float(row.to_date), "unit": "money_minor" if lead in MONEY else "consumers",
            "text": " ".join(parts), "short": fitting(short, name), "verdict": verdict, "tile": tile,
            "compared": {"label": words("planned to date"), "value": float(row.planned)},
            "next_step": step(recovery, words), "answers": {"on_track": short}}  # fmt: skip


def step(recovery: "Recovery | None", words: Words) -> str | None:
    """The first thing to change tomorrow; None where nothing is worth it or known."""
    if recovery is None or recovery.lines.empty:
        return None
    up = recovery.lines[recovery.lines.change > 0]
    down = recovery.lines[recovery.lines.change < 0]
    told = []
    if len(up):
        row = up.iloc[0]
        told.append(words("Raise {channel} in the {phase} by {money} from tomorrow.", channel=channel(row.channel, words),
                          phase=phase_name(row.phase, words), money=words.money_short(round(row.change))))  # fmt: skip
    if len(down):
        row = down.iloc[-1]
        told.append(words("Take {money} from {channel} in the {phase}.", channel=channel(row.channel, words),
                          phase=phase_name(row.phase, words), money=words.money_short(round(-row.change))))  # fmt: skip
    return " ".join(told)


def goal(odds: Mapping[str, float], confidence: float, planned: float | None, words: Words) -> dict[str, Any]:
    """The odds of the GMV goal as they stand. planned: the odds of the plan, None where there is none."""
    if not odds:
        text = words("These data and this campaign give no GMV goal that could be forecast.")
        return {"kind": "not identified", "text": text, "short": words("No goal to hold it against")}
    text = words(
        "The goal of **{goal}** is reached with odds of **{odds}** as things stand: forecast **{forecast}** (80%: {low} to {high}).",
        goal=words.money_short(round(odds["goal"])), odds=words.share(odds["odds"]), low=words.money_short(round(odds["low"])),
        forecast=words.money_short(round(odds["forecast"])), high=words.money_short(round(odds["high"])),
    )  # fmt: skip
    if planned is not None:
        text += " " + words("When the plan was made they were {odds}.", odds=words.share(planned))
    verdict = "ahead" if odds["odds"] >= confidence else "careful" if odds["odds"] >= 0.5 else "behind"
    tile = {
        "label": words("Odds of the GMV goal"),
        "value": words.share(odds["odds"]),
        "note": words("as things stand today"),
    }
    return {"kind": "model", "value": odds["forecast"], "unit": "money_minor", "low": odds["low"], "high": odds["high"],
            "text": text, "short": words("Odds of the GMV goal {odds}", odds=words.share(odds["odds"])), "verdict": verdict,
            "tile": tile, "compared": {"label": words("the goal"), "value": odds["goal"]}}  # fmt: skip


def alarms(status: pd.DataFrame, rate: float, watched: int, words: Words) -> dict[str, Any]:
    """Which alarms rang, at which rate of false ones."""
    rang, names = status[status.alarm.notna()], metrics(words)
    said = words("On a campaign that runs on plan, the chance of any alarm on any of its days is at most {rate}, however often one looks.",
                 rate=words.share(rate))  # fmt: skip
    if rang.empty:
        text = words("**No alarm** in {n} figures.", n=watched) + " " + said
        return {"kind": "model", "value": 0.0, "text": text, "short": words("No alarm so far"), "verdict": "ahead",
                "tile": {"label": words("Alarms"), "value": words.count(0), "note": words("false ones: {rate} a campaign", rate=words.share(rate))}}  # fmt: skip
    told = [
        words("**{metric}**: {size} less than planned since {since}, noticed on {day}.", metric=names[r.metric],
              size=words.share(r.size), since=words.day(r.since), day=words.day(r.alarm))
        for r in rang.rename(columns={"size": "size_"}).assign(size=rang["size"]).itertuples()
    ]  # fmt: skip
    step_ = words("Ask the media why they deliver less, and see below where the money that is left over does most.")
    return {"kind": "model", "value": float(len(rang)), "text": " ".join([*told, said]), "verdict": "behind",
            "short": fitting(words("Alarm: {metric} short", metric=names[rang.metric.iloc[0]])), "next_step": step_,
            "tile": {"label": words("Alarms"), "value": words.count(len(rang)), "note": words("false ones: {rate} a campaign", rate=words.share(rate))}}  # fmt: skip


def change(found: "Recovery | None", source: str, words: Words) -> dict[str, Any]:
    """What the changes bring back. source: of the plan."""
    if found is None:
        text = {
            "none": words("These data hold no media cost: there is no money to move, and only consumers and GMV are paced."),
            "campaign": words("This notebook ran by itself: without the run's plan and its response curves nothing is moved. `make report` has both."),
        }.get(source, words("No money is left to move."))  # fmt: skip
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
        text += " " + words("Changed as below, the days to come bring **{gmv}** more GMV than the plan as it stands (80%: {low} to {high}).",
                            gmv=middle, low=low, high=high)  # fmt: skip
    else:
        text += " " + words("Cut as below, the days to come bring **{gmv}** of GMV less (80%: {low} to {high}); cut evenly they would bring less still.",
                            gmv=words.money_short(round(-found.back[0])), low=words.money_short(round(-found.back[2])), high=words.money_short(round(-found.back[1])))  # fmt: skip
    if found.share is not None and found.back[0] > 0:
        text += " " + words("That is {share} of what the shortfall cost so far (80%: {low} to {high}).", share=words.share(found.share[0]),
                            low=words.share(found.share[1]), high=words.share(found.share[2]))  # fmt: skip
    short = words("Changes tomorrow bring {gmv} of GMV", gmv=words.signed_money(round(found.back[0])))
    tile = {"label": words("Changes bring"), "value": middle, "note": words("GMV over the plan as it stands")}
    return {"kind": "model", "value": found.back[0], "unit": "money_minor", "low": found.back[1], "high": found.back[2],
            "text": text, "short": fitting(short), "verdict": "careful" if len(found.lines) else "none", "tile": tile,
            "next_step": step(found, words)}  # fmt: skip


def source(name: str, words: Words) -> str:
    """Where the plan's side is from."""
    return {
        "plan": words("Plan: this run's plan.yml."),
        "campaign": words("Plan: the campaign file's budget, spread over channels and phases as the earlier campaign's money was; this notebook ran by itself, without a plan.yml."),
        "none": words("Plan: no media are planned, or none known. GMV and inflow are held against last year's days or the last weeks."),
    }[name]  # fmt: skip


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
        alarm = words("since {day}", day=words.day_short(row.since)) if pd.notna(row.alarm) else words("none")
        rows.append((names[m], amount(m, row.to_date, words), amount(m, row.planned, words), row.difference, total,
                     amount(m, row.planned_total, words), alarm))  # fmt: skip
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
        "Days until noticed: how long it takes to tell a shortfall of a fifth in this channel alone, in nine of ten cases; {n} channels have so few contacts that it takes over two weeks or is never told. The alarm is on all of them together.",
        n=slow,
    )  # fmt: skip


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
    return status[["metric", "to_date", "planned", "alarm"]].round(0).to_string(index=False)


def stock(frame: pd.DataFrame, stages: Sequence[tuple[str, str]], words: Words) -> dict[str, Any]:
    """Which stage is furthest behind what is planned by today."""
    known = frame.dropna(subset=["now", "planned"])
    known = known[known.planned > 0]
    if known.empty:
        last = frame.dropna(subset=["now", "year_ago"])
        if last.empty:
            return {"kind": "counted", "text": words("No stock was planned by stage, and no last year compares."),
                    "short": words("Stock without a plan to hold it against")}  # fmt: skip
        name, row = _furthest(last, "year_ago", stages)
        text = words("Furthest from last year is **{stage}**: {now} consumers, a year ago {then}.", stage=name, now=int(row["now"]),
                     then=int(row.year_ago))  # fmt: skip
        return {"kind": "counted", "value": float(row["now"]), "unit": "consumers", "text": text,
                "short": fitting(words("{stage}: {difference} beside last year", stage=name, difference=words.signed_share(row["now"] / row.year_ago - 1)), name)}  # fmt: skip
    name, row = _furthest(known, "planned", stages)
    off = float(row["now"] / row.planned - 1)
    text = words("Furthest behind is **{stage}**: **{now}** consumers, {planned} planned by today, {needed} needed on the eve.",
                 stage=name, now=int(row["now"]), planned=int(row.planned), needed=int(row.needed))  # fmt: skip
    short = words("{stage}: {difference} beside the plan", stage=name, difference=words.signed_share(off))
    verdict = "ahead" if off >= 0 else "careful" if off > -NEAR else "behind"
    return {"kind": "counted", "value": float(row["now"]), "unit": "consumers", "text": text, "short": fitting(short, name), "verdict": verdict,
            "compared": {"label": words("planned by today"), "value": float(row.planned)}, "answers": {"short_stage": fitting(short, name)}}  # fmt: skip


def _furthest(frame: pd.DataFrame, beside: str, stages: Sequence[tuple[str, str]]) -> tuple[str, pd.Series]:
    ratio = (frame["now"].astype(float) / frame[beside].astype(float).clip(lower=1)).to_numpy()
    row = frame.iloc[int(ratio.argmin())]
    return dict(stages)[str(row.stage)], row
