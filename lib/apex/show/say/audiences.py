"""What `3_execute/audiences` says: exactly who, who is held out, and what was written for media teams to load."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import pandas as pd

from apex.show.glossary import channel as channel_name
from apex.show.say.wording import behaviour, cells, fitting, trait
from apex.show.words import MISSING, Words

Stages = Sequence[tuple[str, str]]


def named(origin: pd.DataFrame, titles: Mapping[str, Mapping[str, str]], words: Words) -> dict[str, str]:
    """What each crowd is called; scenes and strategies say that they are. origin: crowd, origin; titles: by language."""
    told = {"strategy": words("{name} (strategy)", name="{name}"), "scene": words("{name} (scene)", name="{name}")}
    names = {n: words.name(title) for n, title in titles.items()}
    of = dict(zip(origin.crowd, origin.origin, strict=True))
    return {n: told.get(of.get(n, ""), "{name}").replace("{name}", name) for n, name in names.items()}


def lacking(planned: bool, over: bool, words: Words) -> list[str]:
    """What of a plan this run does not have."""
    if not planned:
        return [words("There is no plan.yml beside this page: crowds are those of the crowd file and the look-alikes.")]
    if over:
        return [words("All strategies of the plan have ended by now; the last ones stand in for what comes.")]
    return []


def ready(
    exported: pd.DataFrame, share: float, words: Words, tested: Mapping[str, float] | None = None
) -> dict[str, Any]:
    """How many audiences are ready. exported: crowd, addressed (null where refused), expires, status; tested: of the order."""
    written = exported[exported.status == "written"]
    if written.empty:
        text = words("No crowd has enough consumers to be exported.")
        return {"kind": "counted", "short": words("No audience is ready"), "text": text, "verdict": "behind"}
    addressed = int(written.addressed.sum())  # nobody is in two of them, and none that was written is too small to show
    text = words(
        "**{n}** audience with **{people}** consumers is ready to be loaded, {share} of every crowd held out at random; valid "
        "to {day}.",
        "**{n}** audiences with **{people}** consumers are ready to be loaded, {share} of every crowd held out at random; valid "
        "to {day}.",
        n=len(written), people=addressed, share=words.share(share), day=words.day(written.expires.max()),
    )  # fmt: skip
    if tested is not None:
        text += " " + words(
            "The first tenth of each buys {x} times as often as its crowd.", x=words.number(tested["times"], 1)
        )
    tile = {"label": words("Consumers addressed"), "value": words.count(addressed),
            "note": words("{n} audience", "{n} audiences", n=len(written))}  # fmt: skip
    step = words("Load the files of exports/ into the channels, band 1 first.")
    if refused := int((exported.status == "refused").sum()):
        step += " " + words("{n} crowd is too small to export; widen its rule or leave it out.",
                     "{n} crowds are too small to export; widen their rules or leave them out.", n=refused)  # fmt: skip
    short = words("{n} audience ready, {share} held out", "{n} audiences ready, {share} held out", n=len(written),
                  share=words.share(share))  # fmt: skip
    return {"kind": "counted", "value": float(addressed), "unit": "consumers", "text": text, "verdict": "ahead", "short": short,
            "next_step": step, "tile": tile}  # fmt: skip


def worth(crowds: pd.DataFrame, names: dict[str, str], words: Words) -> dict[str, Any]:
    """Which crowd is expected to bring most. crowds: crowd, consumers, worth_minor (null where not known)."""
    known = crowds[crowds.worth_minor.notna() & (crowds.worth_minor > 0)]
    if known.empty:
        text = words("No crowd has enough consumers to show what it is worth.")
        if (crowds.consumers.notna() & crowds.worth_minor.isna()).any():
            text = words(
                "No plan says what these crowds are worth: there is none, or its stages are too small to show."
            )
        return {"kind": "not identified", "short": words("Worth of crowds not known"), "text": text}
    best = known.loc[known.worth_minor.astype("Float64").idxmax()]
    text = words(
        "By itself the crowd **{crowd}** ({n} consumers) is expected to bring **{money}** in the window; what reaching it adds "
        "is what the hold-out will tell.",
        crowd=names[best.crowd], n=best.consumers, money=words.money(round(best.worth_minor)),
    )  # fmt: skip
    return {"kind": "model", "value": float(best.worth_minor), "unit": "money_minor", "text": text, "verdict": "none",
            "short": fitting(words("{crowd} is worth most", crowd=names[best.crowd]), names[best.crowd])}  # fmt: skip


def closes(gaps: pd.DataFrame, stages: Stages, words: Words) -> dict[str, Any]:
    """Whether the crowds hold enough people to close the plan's gap. gaps: stage, gap, below (audience one cell below)."""
    if gaps.empty:
        text = words("No gap of a plan is known, so nothing says whether these crowds close it.")
        return {"kind": "model", "short": words("No gap of a plan is known"), "text": text}
    short = gaps[gaps.gap > 0]
    if short.empty:
        text = words("The plan has no gap to close.")
        return {"kind": "model", "short": words("No gap to close"), "text": text, "verdict": "ahead"}
    names = {"O": words("Opportunity"), **dict(stages)}
    most = short.loc[short.gap.idxmax()]
    stage, few = names[most.stage], pd.isna(most.below)
    verdict = "careful" if not few and most.below >= most.gap else "behind"
    if few and most.gap < words.threshold:  # the number that decides must not be shown
        verdict = "none"
    text = words(
        "The largest gap, {gap} at {stage}, faces **{below}** consumers of our crowds who stand one cell below it or are about "
        "to leave it.",
        gap=int(most.gap), stage=stage, below=words.suppressed() if few else words.count(int(most.below)),
    )  # fmt: skip
    claim = {
        "careful": words("Enough people to close the gap at {stage}", stage=stage),
        "behind": words("Too few people to close the gap at {stage}", stage=stage),
        "none": words("Too few people at {stage} to show", stage=stage),
    }[verdict]
    return {"kind": "model", "value": None if few else float(most.below), "unit": "consumers", "text": text,
            "verdict": verdict, "short": fitting(claim, stage)}  # fmt: skip


def drawn(balance: pd.DataFrame, words: Words) -> dict[str, Any]:
    """Whether the hold-out is like the rest. balance: `measure.holdout.balance`."""
    rows = balance[balance.low.notna()]
    if rows.empty:
        text = words("Too few consumers to compare the hold-out with the rest.")
        return {"kind": "counted", "short": words("Balance cannot be shown"), "text": text}
    off = int(((rows.low > 0) | (rows.high < 0)).sum())
    worst = float(rows.difference.abs().max())
    text = words(
        "Of **{n}** comparisons between held out and addressed consumers **{off}** have an interval without 0 (one in twenty is "
        "expected by chance); the largest difference is {worst} standard deviations.",
        n=len(rows), off=off, worst=words.number(worst, 2),
    )  # fmt: skip
    fine = off <= max(1, round(0.1 * len(rows)))
    return {"kind": "counted", "value": worst, "unit": "index", "text": text,
            "n": int(rows.addressed.max() + rows.held_out.max()), "verdict": "ahead" if fine else "careful",
            "short": words("The hold-out is like the rest") if fine else words("The hold-out differs from the rest")}  # fmt: skip


def overlap(pairs: pd.DataFrame, names: dict[str, str], words: Words) -> dict[str, Any]:
    """Which crowds share most people. pairs: crowd_a, crowd_b, consumers, only_a, only_b (suppressed ones null)."""
    known = pairs[pairs.consumers.notna() & (pairs.consumers > 0)]
    if known.empty:
        if pairs.consumers.isna().any():
            text = words("Crowds share too few consumers to show how many.")
            return {"kind": "counted", "short": words("Overlaps are too small to show"), "text": text}
        text = words("No two crowds share consumers.")
        return {"kind": "counted", "short": words("Crowds do not overlap"), "text": text}
    most = known.loc[known.consumers.astype("Float64").idxmax()]
    text = words(
        "{a} and {b} share **{n}** consumers; whoever is in several crowds is addressed once, as the first of them in the file.",
        a=names[most.crowd_a], b=names[most.crowd_b], n=most.consumers,
    )  # fmt: skip
    return {"kind": "counted", "value": float(most.consumers), "unit": "consumers", "text": text,
            "short": words("Two crowds share up to {n} consumers", n=most.consumers)}  # fmt: skip


def unseen(missing: pd.DataFrame, names: dict[str, str], words: Words) -> str:
    """What crowds ask for and the data do not hold, in one sentence."""
    if missing.empty:
        return words("Everything that the crowds ask for is in the data.")
    crowds = words(", ").join(names[c] for c in dict.fromkeys(missing.crowd))
    what = words(", ").join(dict.fromkeys(_asked(m.kind, str(m.name), words) for m in missing.itertuples(index=False)))
    return words("The data hold no {what}; where these crowds ask for it, nobody meets that: {crowds}.",
                 crowds=crowds, what=what)  # fmt: skip


def bars(exported: pd.DataFrame, names: dict[str, str]) -> pd.DataFrame:
    """Audiences as bars, in order of priority: label, value (people addressed) and suppressed; empty ones left out."""
    shown = exported[exported.status != "empty"] if (exported.status != "empty").any() else exported
    labels = [names[c] for c in shown.crowd]
    return pd.DataFrame({"label": labels, "value": shown.addressed.array, "suppressed": shown.suppressed.array})


def rows(crowds: pd.DataFrame, names: dict[str, str]) -> pd.DataFrame:
    """The crowds' table with names in words."""
    return crowds.assign(crowd=[names[c] for c in crowds.crowd])


def pairs(overlaps: pd.DataFrame, names: dict[str, str]) -> pd.DataFrame:
    """The overlaps with names in words, largest first, without empty ones."""
    shown = overlaps[~(overlaps.consumers == 0).fillna(False).astype(bool)]
    shown = shown.assign(crowd_a=[names[c] for c in shown.crowd_a], crowd_b=[names[c] for c in shown.crowd_b])
    return shown.sort_values("consumers", ascending=False, ignore_index=True)


def statuses(shown: pd.DataFrame, exported: pd.DataFrame, names: dict[str, str], words: Words) -> pd.DataFrame:
    """What became of each export, in words: crowd, channels, addressed, status, load, expires; empty ones last.

    shown: as `run.keep` gave it; exported: crowd, load, come, gone.
    """
    known = {"written": words("written"), "empty": words("nobody in it"), "refused": words("refused: too few")}
    changes = exported.set_index("crowd")
    loads = []
    for crowd, status in zip(shown.crowd, shown.status, strict=True):
        row = changes.loc[crowd]
        if status != "written":
            loads.append(MISSING)
        elif row.load == "whole":
            loads.append(words("all"))
        else:
            loads.append(words("{n} come, {m} go", n=words.count(row.come), m=words.count(row.gone)))
    made = shown.assign(
        crowd=[names[c] for c in shown.crowd], load=loads, status=[known[s] for s in shown.status],
        channels=[words(", ").join(channel_name(c, words) for c in str(by).split(", ")) for by in shown.channels],
        expires=[words.day(d) if s == "written" else MISSING for d, s in zip(shown.expires, shown.status, strict=True)],
    )  # fmt: skip
    return made.iloc[(shown.status == "empty").to_numpy().argsort(kind="stable")].reset_index(drop=True)


def differences(balance: pd.DataFrame, stages: Stages, words: Words) -> pd.DataFrame:
    """The balance as bars with whiskers, the furthest from 0 first: label, value, low, high (standard deviations)."""
    shown = balance[balance.low.notna()]
    shown = shown.reindex(shown.difference.abs().sort_values(ascending=False).index)[:8]
    labels = [_covariate(c, level, stages, words) for c, level in zip(shown.covariate, shown.level, strict=True)]
    return pd.DataFrame(
        {"label": labels, "value": shown.difference.array, "low": shown.low.array, "high": shown.high.array}
    )


def expiry(day: date, words: Words) -> str:
    """Until when an audience may be used."""
    return words("May be used to {day}; then draw it again.", day=words.day(day))


def _asked(kind: str, name: str, words: Words) -> str:
    """What a crowd asks for, from a row of `measure.crowds.unseen`."""
    if kind == "trait":
        which, _, level = name.partition("=")
        return words("{what}: {level}", what=trait(which, words), level=level)
    return {
        "behaviour": lambda: behaviour(name, words),
        "channel": lambda: channel_name(name, words),
        "category": lambda: words("main category of the brand"),
    }[kind]()


def _covariate(name: str, level: object, stages: Stages, words: Words) -> str:
    """A row of the balance: what was compared and, of what is no number, at which level."""
    spends = {"brand_minor": words("spend on the brand"), "market_minor": words("spend on anything")}
    what = words("stage") if name == "stage" else spends.get(name) or trait(name, words)
    if not isinstance(level, str):
        return what
    held = cells(stages, words)
    said = words("unknown") if level == "missing" else held.get(level, level) if name == "stage" else level
    return words("{what}: {level}", what=what, level=said)
