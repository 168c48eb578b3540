"""What `3_execute/audiences` says: exactly who, who is held out, and what was written for media teams to load."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import pandas as pd

from apex.show.words import Words

Stages = Sequence[tuple[str, str]]


def ready(exported: pd.DataFrame, addressed: int | None, share: float, words: Words) -> dict[str, Any]:
    """How many audiences are ready. exported: crowd, addressed, expires, status; addressed: people in all of them."""
    written = exported[exported.status == "written"]
    if written.empty:
        text = words("No crowd has enough consumers to be exported.")
        return {"kind": "counted", "short": words("No audience is ready"), "text": text, "verdict": "behind"}
    n = words.suppressed() if addressed is None else words.count(addressed)
    text = words(
        "**{crowds}** audiences with **{n}** consumers are ready to be loaded, {share} of every crowd held out at random; valid "
        "to {day}.",
        crowds=len(written), n=n, share=words.share(share), day=words.day(written.expires.max()),
    )  # fmt: skip
    tile = {"label": words("Consumers addressed"), "value": n, "note": words("{n} audiences", n=len(written))}
    refused = int((exported.status == "refused").sum())
    step = (
        words("{n} crowds are too small to export; widen their rule or leave them out.", n=refused) if refused else None
    )
    return {"kind": "counted", "value": None if addressed is None else float(addressed), "unit": "consumers", "text": text,
            "verdict": "ahead", "short": words("{crowds} audiences ready, {share} held out", crowds=len(written),
            share=words.share(share)), "next_step": step, "tile": tile}  # fmt: skip


def worth(crowds: pd.DataFrame, names: dict[str, str], words: Words) -> dict[str, Any]:
    """Which crowd is expected to bring most. crowds: crowd, consumers, worth_minor (null where not known)."""
    known = crowds[crowds.worth_minor.notna() & (crowds.worth_minor > 0)]
    if known.empty:
        text = words("Without a plan nothing says what a crowd is worth.")
        return {"kind": "not identified", "short": words("Worth of crowds not known"), "text": text}
    best = known.loc[known.worth_minor.idxmax()]
    text = words(
        "By itself the crowd **{crowd}** ({n} consumers) is expected to bring **{money}** in the window; what reaching it adds is "
        "what the hold-out will tell.",
        crowd=names[best.crowd], n=best.consumers, money=words.money(round(best.worth_minor)),
    )  # fmt: skip
    return {"kind": "model", "value": float(best.worth_minor), "unit": "money_minor", "text": text, "verdict": "none",
            "short": words("{crowd} is worth most", crowd=names[best.crowd])}  # fmt: skip


def closes(gaps: pd.DataFrame, stages: Stages, words: Words) -> dict[str, Any]:
    """Whether the crowds hold enough people to close the plan's gap. gaps: stage, gap, below (audience one cell below)."""
    short = gaps[gaps.gap > 0]
    if short.empty:
        text = words("The plan has no gap to close.")
        return {"kind": "model", "short": words("No gap to close"), "text": text, "verdict": "ahead"}
    names = {"O": words("Opportunity"), **dict(stages)}
    most = short.loc[short.gap.idxmax()]
    enough = not pd.isna(most.below) and most.below >= most.gap
    text = words(
        "The largest gap, {gap} at {stage}, faces **{below}** consumers of our crowds who stand one cell below it or are about to "
        "leave it.",
        gap=most.gap, stage=names[most.stage], below=words.suppressed() if pd.isna(most.below) else words.count(int(most.below)),
    )  # fmt: skip
    return {"kind": "model", "value": None if pd.isna(most.below) else float(most.below), "unit": "consumers", "text": text,
            "verdict": "careful" if enough else "behind",
            "short": words("Enough people to close the gap at {stage}", stage=names[most.stage]) if enough
            else words("Too few people to close the gap at {stage}", stage=names[most.stage])}  # fmt: skip


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
    return {"kind": "counted", "value": worst, "unit": "index", "n": int(rows.addressed.max() + rows.held_out.max()), "text": text,
            "verdict": "ahead" if fine else "careful",
            "short": words("The hold-out is like the rest") if fine else words("The hold-out differs from the rest")}  # fmt: skip


def overlap(pairs: pd.DataFrame, names: dict[str, str], words: Words) -> dict[str, Any]:
    """Which crowds share most people. pairs: crowd_a, crowd_b, consumers, only_a, only_b (suppressed ones null)."""
    known = pairs[pairs.consumers.notna() & (pairs.consumers > 0)]
    if known.empty:
        text = words("No two crowds share consumers, as far as that may be shown.")
        return {"kind": "counted", "short": words("Crowds do not overlap"), "text": text}
    most = known.loc[known.consumers.astype("Float64").idxmax()]
    text = words(
        "{a} and {b} share **{n}** consumers; whoever is in several crowds is addressed once, as the first of them in the file.",
        a=names[most.crowd_a], b=names[most.crowd_b], n=most.consumers,
    )  # fmt: skip
    return {"kind": "counted", "value": float(most.consumers), "unit": "consumers", "text": text,
            "short": words("{n} consumers are in two crowds at once", n=most.consumers)}  # fmt: skip


def unseen(missing: pd.DataFrame, names: dict[str, str], words: Words) -> str:
    """What crowds ask for and the data do not hold, in one sentence."""
    if missing.empty:
        return words("Everything that the crowds ask for is in the data.")
    crowds = words(", ").join(names[c] for c in dict.fromkeys(missing.crowd))
    what = words(", ").join(dict.fromkeys(missing.name.astype(str)))
    return words("Empty for lack of data: {crowds}. The data hold no {what}.", crowds=crowds, what=what)


def bars(crowds: pd.DataFrame, names: dict[str, str]) -> pd.DataFrame:
    """Crowds' sizes as bars: label, value (and suppressed)."""
    return pd.DataFrame(
        {
            "label": [names[c] for c in crowds.crowd],
            "value": crowds.consumers.array,
            "suppressed": crowds.suppressed.array,
        }
    )


def rows(crowds: pd.DataFrame, names: dict[str, str]) -> pd.DataFrame:
    """The crowds' table with names in words."""
    return crowds.assign(crowd=[names[c] for c in crowds.crowd])


def pairs(overlaps: pd.DataFrame, names: dict[str, str]) -> pd.DataFrame:
    """The overlaps with names in words, largest first, without empty ones."""
    shown = overlaps[~(overlaps.consumers == 0).fillna(False).astype(bool)]
    shown = shown.assign(crowd_a=[names[c] for c in shown.crowd_a], crowd_b=[names[c] for c in shown.crowd_b])
    return shown.sort_values("consumers", ascending=False, ignore_index=True)


def statuses(exported: pd.DataFrame, names: dict[str, str], words: Words) -> pd.DataFrame:
    """What became of each export, in words: crowd, status, expires."""
    known = {"written": words("written"), "empty": words("nobody in it"), "refused": words("refused: too few")}
    return exported.assign(
        crowd=[names[c] for c in exported.crowd],
        status=[known[s] for s in exported.status],
        expires=[
            words.day(d) if s == "written" else "–" for d, s in zip(exported.expires, exported.status, strict=True)
        ],
    )


def differences(balance: pd.DataFrame, words: Words) -> pd.DataFrame:
    """The balance as bars with whiskers, the furthest from 0 first: label, value, low, high (standard deviations)."""
    shown = balance[balance.difference.notna()]
    shown = shown.reindex(shown.difference.abs().sort_values(ascending=False).index)[:8]
    labels = [c if pd.isna(level) else f"{c}: {level}" for c, level in zip(shown.covariate, shown.level, strict=True)]
    return pd.DataFrame(
        {"label": labels, "value": shown.difference.array, "low": shown.low.array, "high": shown.high.array}
    )


def expiry(day: date, words: Words) -> str:
    """Until when an audience may be used."""
    return words("May be used to {day}; then draw it again.", day=words.day(day))
