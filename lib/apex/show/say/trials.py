"""What `3_execute/trials` says: which arm works, whether a trial may stop, whom it moved more, how large the next one must be.

Every function takes what may be shown (suppressed figures are null) and returns the fields of a finding for
`run.finding(name, **fields)`. Names and frames for charts and tables stand in `apex.show.say.trial_tables`.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from apex.show.glossary import channel
from apex.show.say.trial_tables import arm_name, trial_name
from apex.show.say.wording import after, fitting
from apex.show.words import Words, is_missing

NONE = {"kind": "not identified"}
STOP, GO, FEW = ("winner", "alike"), ("continue",), ("few", "broken")
FAR = 1000.0  # ratios beyond it are said to be open


def absent(experiments: bool, trials: int, words: Words) -> list[str]:
    """What is missing."""
    if not experiments:
        return [
            words("Trials: the data have no experiments, so nothing can be read; only sizes of coming trials are told.")
        ]
    return [] if trials else [words("Trials: none of the brand runs or ended of late.")]


def headline(verdicts: pd.DataFrame, arms: pd.DataFrame, names: Mapping[str, str], sizes: pd.DataFrame, words: Words
             ) -> dict[str, Any]:  # fmt: skip
    """The trial that asks for something, and how all of them stand; without any, what a hold-out would tell."""
    if verdicts.empty:
        return _no_trial(sizes, words)
    row = chosen(verdicts)
    fields = one(row, arms, names, words)
    counts = [int(verdicts.verdict.isin(group).sum()) for group in (STOP, GO, FEW)]
    all_of_them = words("Of {n} trials {stop} may stop, {go} go on, {few} tell too little.", n=len(verdicts), stop=counts[0],
                        go=counts[1], few=counts[2])  # fmt: skip
    return fields | {
        "text": after(fields["text"], all_of_them, words),
        "tile": {"label": words("Trials that may stop"), "value": words("{stop} of {n}", stop=counts[0], n=len(verdicts)),
                 "note": words("{go} go on, {few} tell too little", go=counts[1], few=counts[2])},
    }  # fmt: skip


def chosen(verdicts: pd.DataFrame) -> pd.Series:
    """The trial of the headline: running and told, else told, else running, else the latest."""
    rank = {"winner": 0, "broken": 0, "alike": 1}
    order = verdicts.verdict.map(rank).fillna(2) + 0.5 * verdicts.ended.astype(bool)
    return verdicts.loc[order.idxmin()]


def rest(verdicts: pd.DataFrame) -> pd.DataFrame:
    """All trials but that of the headline."""
    return verdicts if verdicts.empty else verdicts[verdicts.experiment_id != chosen(verdicts).experiment_id]


def no_path(verdicts: pd.DataFrame, words: Words) -> str:
    """Why there is no picture of a trial day by day."""
    return words("Too few people to show it day by day.") if len(verdicts) else words("There is no trial to show.")


def planned(plan: Any, words: Words) -> str:
    """What the plan of this run holds out."""
    if plan is None or plan.hold_out is None:
        return words("There is no plan in this run; sizes are of those at a stage today. Two-sided 5%, power 80%.")
    return words("The plan holds out {share}. Two-sided 5%, power 80%.", share=words.share(plan.hold_out.share))


def one(row: pd.Series, arms: pd.DataFrame, names: Mapping[str, str], words: Words) -> dict[str, Any]:
    """One trial's verdict with what to do next. row: of the verdicts; arms: of all trials, as they may be shown."""
    mine = arms[arms.experiment_id == row.experiment_id]
    name = trial_name(row, words)
    said = {"broken": _broken, "winner": _won, "alike": _alike}.get(row.verdict, _open)(row, mine, name, names, words)
    lead = leading(mine)
    fields = {"kind": "lift", "unit": "none", **said}
    if lead is not None and row.verdict != "broken":
        n = None if mine.units.isna().any() else int(mine.units.sum())
        fields |= {"value": float(lead.ratio), "n": n, "low": float(lead.low) if float(lead.low) > 0 else None,
                   "high": float(lead.high) if float(lead.high) < FAR else None}  # fmt: skip
    return fields


def leading(mine: pd.DataFrame) -> pd.Series | None:
    """The arm that a trial is about, beside another: the best treated one, else the leader; None where it may not be shown."""
    beside = mine[mine.rate.notna() & ~mine.control.astype(bool)]
    first = None if beside.empty else beside.loc[beside.rate.astype(float).idxmax()]
    return None if first is None or is_missing(first.ratio) else first


def interval(lead: pd.Series, words: Words) -> dict[str, str]:
    """A ratio and its interval in words."""
    high = words("open") if float(lead.high) >= FAR else words.number(lead.high)
    return {"ratio": words.number(lead.ratio), "low": words.number(lead.low), "high": high}


def _beside(lead: pd.Series, mine: pd.DataFrame, names: Mapping[str, str], clicks: bool, words: Words) -> str:
    """What both arms did, and the ratio."""
    other = mine.rate[mine.arm == lead.against].iloc[0]
    values = {"arm": arm_name(lead.arm, names, words), "other": arm_name(lead.against, names, words),
        "rate": words.share(lead.rate, 1),
              "base": words.share(other, 1), **interval(lead, words)}  # fmt: skip
    if clicks:
        return words("Clicked: {arm} {rate} of impressions, {other} {base}: **{ratio} times** as often (95% at every look: "
                     "{low} to "
                     "{high}).", **values)  # fmt: skip
    return words(
        "Bought: {arm} {rate}, {other} {base}: **{ratio} times** as often (95% at every look: {low} to {high}).",
        **values,
    )


def _won(row: pd.Series, mine: pd.DataFrame, name: str, names: Mapping[str, str], words: Words) -> dict[str, Any]:
    held_out = bool(mine.control.any())
    better, lead = arm_name(row.winner, names, words), leading(mine)
    called = name if is_missing(row.channel) else channel(str(row.channel), words)
    harm = held_out and bool(mine.control[mine.arm == row.winner].any())
    if harm:
        text, short = words("**{trial} does harm**: stop.", trial=name), words("{trial} does harm", trial=name)
        step = words("Stop it: those left alone bought more.")
    elif held_out:
        text, short = words("**{trial} works**: told since {day}.", trial=name, day=words.day(row.told)), words(
            "{trial} works", trial=name)  # fmt: skip
        step = (words("It is over and has told: plan it for everybody of this kind, at its price.") if row.ended else
                words("Stop the trial and address everybody: holding out costs more than it still tells."))  # fmt: skip
    else:
        text = words("**{arm} wins** ({trial}): told since {day}.", arm=better, trial=name, day=words.day(row.told))
        short = words("{arm} wins", arm=better)
        step = words("Give {arm} the traffic, and stop the trial.", arm=better)
    if lead is not None:
        text = after(text, _beside(lead, mine, names, row.unit == "impression", words), words)
        if held_out and not harm:
            short = words("{trial}: {ratio} times as many buy", trial=called, ratio=words.number(lead.ratio))
        elif not harm:
            short = words("{claim}: {ratio} times the next", claim=short, ratio=words.number(lead.ratio))
    return {
        "text": text,
        "short": fitting(short, name, better),
        "next_step": step,
        "verdict": "behind" if harm else "ahead",
    }


def _alike(row: pd.Series, mine: pd.DataFrame, name: str, names: Mapping[str, str], words: Words) -> dict[str, Any]:
    return {"text": words("**{trial}: either will do.** Whichever arm is chosen, little can be lost.", trial=name),
            "short": fitting(words("{trial}: either will do", trial=name), name), "verdict": "none",
            "next_step": words("Stop the trial and take what costs less.")}  # fmt: skip


def _broken(row: pd.Series, mine: pd.DataFrame, name: str, names: Mapping[str, str], words: Words) -> dict[str, Any]:
    text = words("**{trial} cannot be read**: its arms are more uneven than chance allows (p = {p}).", trial=name,
                 p=words.number(row.unevenness, 5))  # fmt: skip
    return {**NONE, "text": text, "short": fitting(words("{trial}: uneven arms", trial=name), name), "verdict": "behind",
            "next_step": words("Find out who is missing from an arm before reading anything.")}  # fmt: skip


def _open(row: pd.Series, mine: pd.DataFrame, name: str, names: Mapping[str, str], words: Words) -> dict[str, Any]:
    """No winner yet: what there is, and what the trial can tell by its end."""
    lead = leading(mine)
    least = None if is_missing(row.detectable) else words.share(row.detectable)
    if row.ended:
        text = words("**{trial} ended without an answer.**", trial=name)
        short = words("{trial}: over, nothing told", trial=name)
        step = (words("Make the next one larger, or do not run it: nothing here may be called a winner.") if least is None else
                words("Make the next one larger: this one could tell {least} or more.", least=least))  # fmt: skip
    elif row.verdict == "few":
        text = words("**{trial} runs, but tells too little.**", trial=name)
        short = words("{trial}: too few to tell", trial=name)
        step = words("Let it run as planned; by {day} it tells no lift at all.",
            day=words.day(row.last_day)) if least is None else (
            words("Let it run as planned, but expect an answer by {day} only for {least} or more.", day=words.day(row.last_day),
                  least=least))  # fmt: skip
    else:
        text, short = words("**{trial} goes on.**", trial=name), words("{trial}: continue", trial=name)
        step = words(
            "Go on until {day}, and look every day: it stops by itself when an arm wins.", day=words.day(row.last_day)
        )
    if lead is not None:
        text = after(text, _beside(lead, mine, names, row.unit == "impression", words), words)
    elif mine.rate.notna().any() and not mine.control.any():
        first = mine.loc[mine.rate.astype(float).idxmax()]
        text = after(text, words("{arm} is ahead ({rate}; chance to be best {chance}): a bet, not proven.",
            rate=words.share(first.rate, 1),
                                 arm=arm_name(first.arm, names, words), chance=words.share(first.p_best)), words)  # fmt: skip
    return {
        "text": text,
        "short": fitting(short, name),
        "next_step": step,
        "verdict": "careful" if row.verdict == "few" and not row.ended else "none",
    }


def _no_trial(sizes: pd.DataFrame, words: Words) -> dict[str, Any]:
    told = sizes[sizes.daily.notna() & sizes.held_out.notna()] if len(sizes) else sizes
    if told.empty:
        return {**NONE, "short": words("No trial, and nothing to size one by"), "verdict": "careful",
                "text": words("No trial of the brand runs or ended of late, and too few buy to size a hold-out."),
                "next_step": words("Hold out a random share of the coming campaign.")}  # fmt: skip
    row = told.loc[(told.share - 0.1).abs().idxmin()]
    values = {"share": words.share(row.share), "held": words.count(row.held_out), "least": words.share(row.daily),
              "once": words.share(row.once)}  # fmt: skip
    text = words("No trial of the brand runs or ended of late. Holding out **{share}** of the coming campaign ({held} people) "
                 "would tell a "
                 "lift in buyers of **{least}** or more with a look every day, {once} with one look at the end.",
                     **values)  # fmt: skip
    return {**NONE, "text": text, "short": fitting(words("No trial; {share} held out would tell {least}", **values)),
            "verdict": "careful", "next_step": words("Hold out {share} of the coming campaign at random, so that it can be read.",
            **values)}  # fmt: skip


def even(verdicts: pd.DataFrame, strict: float, words: Words) -> dict[str, Any]:
    """The sample-ratio check of all trials."""
    if verdicts.empty:
        return {
            **NONE,
            "short": words("No arms to check"),
            "text": words("There is no trial whose arms could be checked."),
        }
    bad = verdicts[verdicts.verdict == "broken"]
    values = {"n": len(verdicts), "bad": len(bad), "least": words.number(verdicts.unevenness.min(), 4),
              "strict": words.number(strict, 4)}  # fmt: skip
    twice = int(verdicts.twice.sum())
    text = words("Units came to the arms as drawn in {good} of {n} trials (smallest p {least}; below {strict} a trial is not "
                 "read).",
                 good=len(verdicts) - len(bad), **values)  # fmt: skip
    if twice:
        text = after(text, words("Consumers listed with two arms are left out."), words)
    return {"kind": "counted", "value": float(len(bad)), "unit": "none", "text": text, "n": len(verdicts),
            "verdict": "behind" if len(bad) else "none",
            "short": words("{bad} of {n} trials have uneven arms",
                **values) if len(bad) else words("The arms are as drawn")}  # fmt: skip


def moved(found: Any, read: Any, words: Words) -> dict[str, Any]:
    """Whether a ranking of consumers beats random. found: of `model.uplift.qini`, None where nobody can be ranked."""
    if found is None or read is None:
        return {**NONE, "short": words("Whom trials move more is not known"),
                "text": words("No ended trial with a hold-out has enough people in both arms to rank them."),
                "next_step": words("Hold out more people: a ranking needs both arms.")}  # fmt: skip
    thousand = {k: words.number(1000 * v) for k, v in (("area", found.area), ("low", found.low), ("high", found.high))}
    values = {"trial": read.counted.experiment_id, "n": found.n, **thousand}
    if found.low > 0:
        best, worst = found.parts.iloc[0], found.parts.iloc[-1]
        text = words("{trial} moved some more than others: treating in the order of the ranking brings **{area}** buyers more "
                     "a thousand "
                     "people than at random, averaged over all shares (95%: {low} to {high}; {n} people the ranking never "
                         "saw). The "
                     "first fifth gained {best} buyers a hundred, the last {worst}.", best=words.number(100 * best.effect),
                     worst=words.number(100 * worst.effect), **values)  # fmt: skip
        short, step, state = words("Some are moved more: +{area} buyers a thousand", **values), words(
            "Address the first fifths first; leave the last one alone where contacts cost."), "ahead"  # fmt: skip
    else:
        text = words("In {trial} no ranking is shown to beat random: **{area}** buyers a thousand people (95%: {low} to "
                     "{high}; {n} people the "
                     "ranking never saw).", **values)  # fmt: skip
        short, step, state = words("Nobody is shown to be moved more"), words(
            "Do not choose people by this trial's uplift."), "none"  # fmt: skip
    return {"kind": "lift", "value": 1000 * found.area, "low": 1000 * found.low, "high": 1000 * found.high, "unit": "none",
        "n": found.n,
            "text": text, "short": fitting(short), "next_step": step, "verdict": state}  # fmt: skip


def sized(sizes: pd.DataFrame, lift: float, times: float, words: Words) -> dict[str, Any]:
    """How many units the next trial needs, and what looking every day costs."""
    row = sizes[(sizes.lift == lift) & sizes.daily.notna()] if len(sizes) else sizes
    if row.empty:
        return {
            **NONE,
            "short": words("No base rate to size a trial by"),
            "text": words("Nothing was bought or clicked to size a trial by."),
        }
    one = row.iloc[-1]
    values = {"lift": words.share(lift), "rate": words.share(one.rate, 1), "once": words.count(one.once),
        "daily": words.count(one.daily),
              "times": words.number(times)}  # fmt: skip
    what = (words("To tell {lift} more clicks from {rate}, an arm needs {once} impressions for one look, at most {daily} with "
                  "a look every day.",
                  **values) if one.kind == "clicks" else
            words("To tell {lift} more buyers from {rate}, an arm needs {once} people for one look, at most {daily} with a "
                  "look every day.",
                  **values))  # fmt: skip
    cost = words(
        "Looking every day costs up to {times} times as long where the lift is just that; larger ones end earlier.",
        **values,
    )
    return {"kind": "model", "value": float(one.daily), "unit": "none", "text": after(what, cost, words),
            "short": fitting(words("The next trial needs {daily} an arm", **values))}  # fmt: skip
