"""What `1_insight/businesses` says of ways: into a first format, from one to the next, back from outside, and in which cities.

Every function takes what may be shown (suppressed counts are null) and returns the fields of a finding for
`run.finding(name, **fields)`.
"""

from typing import Any

import pandas as pd

from apex.show.say.formats import ANY, NEVER, SAME, UNKNOWN, joined, named
from apex.show.say.wording import fitting
from apex.show.words import Words


def began(entry: pd.DataFrame, follow: int, words: Words) -> dict[str, Any]:
    """Order of entry. entry: first, second, consumers, as shown."""
    base: dict[str, Any] = {"kind": "counted", "short": words("First format and the next one")}
    total = entry.consumers.sum(min_count=1)
    moved = entry[~entry.second.isin([SAME, NEVER])]
    if pd.isna(total) or not total or moved.consumers.dropna().empty:
        return base | {"text": words("No new buyers who could be followed for {n} days, or too few to show.", n=follow)}
    most = moved.loc[moved.consumers.astype("Float64").idxmax()]
    hidden = bool(entry.consumers.isna().any())
    number = words("at least {n}", n=int(moved.consumers.sum())) if hidden else words.count(int(moved.consumers.sum()))
    of = words("at least {n}", n=int(total)) if hidden else words.count(int(total))
    path = {"first": named(most["first"], words), "second": named(most.second, words)}
    text = words("Of {of} buyers new in the data, **{number}** bought in a second format within {days} days; most went from "
                 "**{first}** to **{second}** ({n}).", of=of, number=number, days=follow, n=most.consumers, **path)  # fmt: skip
    short = fitting(words("Most go from {first} to {second}", **path), *path.values())
    return base | {"value": None if hidden else float(moved.consumers.sum() / total), "unit": "share", "text": text,
                   "n": None if hidden else int(total), "short": short}  # fmt: skip


def crossing(shares: pd.DataFrame, days: int, words: Words) -> dict[str, Any]:
    """The path from one format to another that most take. shares: the frame of `model.cross.shares`."""
    base: dict[str, Any] = {"kind": "counted", "short": words("Cross-format conversion")}
    pairs = shares[(shares.business != shares.later) & (shares.later != ANY) & shares.rate.notna()]
    if pairs.empty:
        return base | {"text": words("No two equal periods with enough buyers of one format to follow.")}
    best = pairs.loc[pairs.rate.astype(float).idxmax()]
    path = {"first": named(best.business, words), "second": named(best.later, words)}
    span = words("{low} to {high}", low=words.share(best.low), high=words.share(best.high))
    text = words("Of {n} who bought only in **{first}**, **{share}** ({span}) bought in **{second}** in the {days} days after.",
                 n=int(best.consumers), share=words.share(best.rate), span=span, days=days, **path)  # fmt: skip
    stay = shares[(shares.business == best.business) & (shares.later == best.business) & shares.rate.notna()]
    if len(stay):
        text = joined(text, words("{share} bought there again.", share=words.share(stay.rate.iloc[0])))
    short = words("{first} → {second}: {share} in {days} days", share=words.share(best.rate), days=days, **path)
    return base | {"value": float(best.rate), "low": float(best.low), "high": float(best.high), "unit": "share",
                   "n": int(best.consumers), "short": fitting(short, *path.values()), "text": text}  # fmt: skip


def returning(sites: pd.DataFrame, follow: int, words: Words) -> dict[str, Any]:
    """Back from outside: entered after an off-site touch, then met and active again. sites: `returns.by_site`, as shown."""
    base: dict[str, Any] = {"kind": "credit", "short": words("Back from outside into the book")}
    rows = sites.pivot(index="site", columns="step", values="consumers")
    off, on = rows.loc["off"], rows.loc["on"]
    if pd.isna(off.entered) or not off.entered:
        return base | {
            "text": words("Nobody, or too few to show, came into the book after a touch of an off-site channel.")
        }
    active, no_sites = off.active / off.entered, on.fillna(1).entered == 0 and off.fillna(1).met == 0
    figures = {"n": int(off.entered), "days": follow, "active": words.share(active),
               "bought": words.share(off.bought / off.entered, 1)}  # fmt: skip
    text = words(
        "**{n}** consumers came into the book after an off-site touch; within {days} days **{active}** were active again and "
        "{bought} bought", **figures,
    ) if no_sites else words(
        "**{n}** consumers came into the book after an off-site touch; within {days} days **{met}** met us on our own sites, "
        "**{active}** were active again and {bought} bought", met=words.share(off.met / off.entered), **figures,
    )  # fmt: skip
    fields = {"value": None if pd.isna(active) else float(active), "unit": "share", "n": int(off.entered)}
    if pd.isna(on.entered) or not on.entered or pd.isna(on.active) or pd.isna(active):
        text += words("; no on-site entries to compare.")
        return (
            base
            | fields
            | {"text": text, "short": words("Of off-site entries {share} came back", share=words.share(active))}
        )
    other = on.active / on.entered
    text += words("; after an on-site touch: {share} active of {n}.", share=words.share(other), n=int(on.entered))
    short = words(
        "Off-site entries: {share} active again, on-site {other}", share=words.share(active), other=words.share(other)
    )
    step = (
        words("Address off-site entries again on our own sites within {n} days.", n=follow) if active < other else None
    )
    return base | fields | {"text": text, "short": fitting(short), "next_step": step,
                            "verdict": "behind" if active < other else "ahead",
                            "compared": {"label": words("on-site entries"), "value": float(other)}}  # fmt: skip


def cities(indexed: pd.DataFrame, words: Words) -> dict[str, Any]:
    """Where each format is strong and weak. indexed: the frame of `businesses.indexed`, as shown."""
    base: dict[str, Any] = {"kind": "counted", "short": words("Penetration by city tier and format")}
    nameless = (indexed.level == UNKNOWN) | indexed.business.isin([ANY, UNKNOWN])
    known = indexed[~nameless & indexed["index"].notna()]
    if known.empty:
        return base | {"text": words("City tiers or formats are not known, or too few to show.")}
    index = known["index"].astype(float)
    best, worst = known.loc[index.idxmax()], known.loc[index.idxmin()]
    text = words("**{name}** is strongest in city tier {tier} (index {x}: {share} of consumers), {other} weakest in tier {low} "
                 "(index {y}).", name=named(best.business, words), tier=str(best.level), x=words.number(100 * index.max(), 0),
                 share=words.share(best.share, 1), other=named(worst.business, words), low=str(worst.level),
                 y=words.number(100 * index.min(), 0))  # fmt: skip
    name = named(best.business, words)
    short = words(
        "{name}: index {x} in city tier {tier}", name=name, x=words.number(100 * index.max(), 0), tier=str(best.level)
    )
    return base | {"value": float(100 * index.max()), "unit": "index", "short": fitting(short, name), "text": text}
