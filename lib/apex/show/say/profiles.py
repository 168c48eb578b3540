"""What `1_insight/crowds` says of profiles, down-tier crowds, tags, and of how far rules and labels agree.

Every function takes what may be shown (suppressed figures are null).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from apex.show.say.crowds import RULES, UNKNOWN, division_name, rows, tgi
from apex.show.say.factors import cell as cell_name
from apex.show.say.wording import after, behaviour, fitting, trait
from apex.show.words import MISSING, Words, is_missing

Names = Mapping[str, str]
CELL = "cell"  # the cut that is the page's own division
HALF = 0.5  # of the consumers: a tag that fewer have is thin
STALE = 30  # days without an event: a behaviour is stale


def profile(shown: pd.DataFrame, who: str, against: str, names: Names, words: Words) -> dict[str, Any]:
    """The trait in which a group differs most from another; shown: the judged index of both over all traits.

    names: of the division's cells.
    """
    kind = {"kind": "counted", "unit": "index"}
    told = {"who": who, "against": against}
    known = shown[(shown.cell != UNKNOWN) & shown.tgi.notna()]
    clear = known[known.clear & ~known.few]
    if known.empty:
        return kind | {"short": words("No profile: too few people, or no traits"),
                       "text": words("Too few people, or no traits known: {who} cannot be held against {against}.",
                                     **told)}  # fmt: skip
    if clear.empty:
        return kind | {"short": fitting(words("{who}: no trait differs clearly", **told), who),
                       "text": words("In none of {n} values of their traits do {who} differ clearly from {against}.",
                                     n=len(known), **told)}  # fmt: skip
    row = clear.loc[(clear.tgi.astype(float) - 100).abs().idxmax()]
    level = value(str(row["cut"]), row.cell, names, words)
    text = words("Of {who}, held against {against}, the furthest off is **{level}** (TGI {tgi}). {n} of {m} values differ "
                 "clearly; about {chance} would by chance.", level=level, tgi=tgi(row, words), n=len(clear), m=len(known),
                 chance=round(0.05 * len(known)), **told)  # fmt: skip
    short = words("{who}: {level}, TGI {tgi}", who=who, level=level, tgi=round(float(row.tgi)))
    return kind | {"value": float(row.tgi), "low": float(row.low), "high": float(row.high), "n": int(row.who),
                   "compared": {"label": against, "value": 100.0}, "short": fitting(short, who, level), "text": text}  # fmt: skip


def value(cut: str, cell: str, names: Names, words: Words) -> str:
    """A trait's value with the trait, or a crowd by rule (the cut `cell`)."""
    if cut == CELL:
        return words("{what}: {level}", what=words("crowd by rule"), level=names[cell])
    return words("{what}: {level}", what=trait(cut, words), level=cell_name(cell, cut, words))


def profile_rows(shown: pd.DataFrame, names: Names, words: Words) -> pd.DataFrame:
    """A profile as a table: each value with its trait in front, trait by trait, those not known last in each."""
    cells = sorted(set(shown.cell), key=lambda c: (c == UNKNOWN, list(names).index(c) if c in names else -1, c))
    frame = rows(shown, {c: c for c in cells}, words).sort_values("cut", kind="stable", ignore_index=True)
    labels = [value(str(r["cut"]), r["cell"], names, words) for r in frame[["cut", "cell"]].to_dict("records")]
    return frame.assign(label=labels)


def furthest(shown: pd.DataFrame, names: Names, words: Words, most: int = 10) -> pd.DataFrame:
    """The values furthest from 100 as bars: those that differ clearly first, then those of enough people."""
    known = shown[(shown.cell != UNKNOWN) & shown.tgi.notna() & ~shown.few]
    order = known.assign(far=(known.tgi.astype(float) - 100).abs()).sort_values(["clear", "far"], ascending=False)[
        :most
    ]
    figures = {new: order[old].astype("Float64").round().array for new, old in
               (("value", "tgi"), ("low", "low"), ("high", "high"))}  # fmt: skip
    labels = [value(str(c), cell, names, words) for c, cell in zip(order["cut"], order.cell, strict=True)]
    made = pd.DataFrame({"label": labels, **figures, "faint": ~order.clear.array})
    return made.sort_values("value", ascending=False, kind="stable", ignore_index=True)


def down_tier(shown: pd.DataFrame, names: Names, lacking: Sequence[str], words: Words) -> dict[str, Any]:
    """Which crowd of the down-tier matrix the brand's people are most, and least; shown: its judged index, members only."""
    kind = {"kind": "counted", "unit": "index"}
    if lacking and shown.empty:
        return kind | {"kind": "not identified", "short": words("Down-tier crowds: not in these data"),
                       "text": down_tier_missing(lacking, words)}  # fmt: skip
    known = shown[shown.tgi.notna() & ~shown.few]
    if known.empty:
        return kind | {"short": words("Down-tier crowds: too few people"),
                       "text": words("Too few people meet a rule of the down-tier matrix.")}  # fmt: skip
    row = known.loc[(known.tgi.astype(float) - 100).abs().idxmax()]
    cell = names[row.cell]
    text = words("In the down-tier matrix **{cell}** are furthest from the category (TGI {tgi}): {n} of ours.", cell=cell,
                 tgi=tgi(row, words), n=int(row.who))  # fmt: skip
    short = words("{cell} TGI {tgi}", cell=cell, tgi=round(float(row.tgi)))
    return kind | {"value": float(row.tgi), "low": float(row.low), "high": float(row.high), "n": int(row.who),
                   "short": fitting(short, cell), "text": text}  # fmt: skip


def members(shown: pd.DataFrame) -> pd.DataFrame:
    """Of the judged index of boolean cuts the rows of those inside, named by their cut; empty crowds are left out."""
    inside = shown[(shown.cell == "true") & (shown.against > 0).fillna(True)]
    return inside.assign(cell=inside["cut"].astype(str)).reset_index(drop=True)


def strategic_missing(lacking: Sequence[str], by: str, words: Words) -> str:
    """What the eight strategic crowds would need, and what stands in for them."""
    needed = words(", ").join(trait(t, words) for t in lacking)
    if not by:
        return words("The strategic crowds cannot be told: nothing is known of {needed}.", needed=needed)
    return words("The strategic crowds cannot be told: nothing is known of {needed}. This page goes by {what} instead.",
                 needed=needed, what=division_name(by, words))  # fmt: skip


def down_tier_missing(lacking: Sequence[str], words: Words) -> str:
    """What the down-tier matrix would need."""
    needed = words(", ").join(trait(t, words) for t in lacking)
    return words("The down-tier crowds cannot be told: nothing is known of {needed}.", needed=needed)


def about(agreed: Mapping[str, pd.DataFrame], divided: Any, words: Words) -> str:
    """What divides the consumers, and how far the rules agree with the data's own labels.

    agreed: what may be shown of `measure.people.agreement`: `strategic`, `down_tier`, as far as the data label them. divided:
    the page's Division.
    """
    used = words("This page uses the rules.") if divided.by == RULES else words(
        "This page goes by {what}.", what=division_name(divided.by, words))  # fmt: skip
    if divided.missing:
        used = strategic_missing(divided.missing, divided.by, words)
    texts = [_agrees(agreed["strategic"], words)] if "strategic" in agreed else []
    texts += [_overlap(agreed["down_tier"], words)] if "down_tier" in agreed else []
    text = used
    for more in texts:
        text = after(text, more, words)
    return (
        text if texts else after(text, words("The data carry no labels of their own to hold the rules against."), words)
    )


def _agrees(shown: pd.DataFrame, words: Words) -> str:
    people = shown[["both", "rules_only", "trait_only", "neither"]].astype("Float64")
    both, only, everybody = people.both.sum(), people.trait_only.sum(), people.iloc[0].sum()
    if people.isna().any(axis=None) or not everybody:
        return words("Too few people to show how far rules and labels of the strategic crowds agree.")
    return words("Rule and label of the strategic crowds agree for {same} of all, and for {named} of those whose label is one of "
                 "them.", same=words.share(both / everybody, 1),
                 named=words.share(both / (both + only), 1) if both + only else MISSING)  # fmt: skip


def _overlap(shown: pd.DataFrame, words: Words) -> str:
    people = shown[["both", "rules_only", "trait_only", "neither"]].astype("Float64")
    label, other = people.both.sum() + people.trait_only.sum(), people.rules_only.sum() + people.neither.sum()
    if people.isna().any(axis=None) or not (label and other):
        return words("Too few people to show how far rules and labels of the down-tier crowds agree.")
    return words("Of those with a down-tier label {meets} meet the rule of that crowd, of those with another one {others}.",
                 meets=words.share(people.both.sum() / label, 1),
                 others=words.share(people.rules_only.sum() / other, 1))  # fmt: skip


def agreement_rows(agreed: Mapping[str, pd.DataFrame], names: Names) -> pd.DataFrame:
    """Per crowd: of those with its label the share that meets the rule, and of those with another label."""
    frames = [f.assign(crowd=f.crowd.astype(str)) for f in agreed.values()]
    columns = ["crowd", "both", "rules_only", "trait_only", "neither", "suppressed"]
    shown = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=columns)
    people = shown[columns[1:-1]].astype("Float64")
    label, other = people.both + people.trait_only, people.rules_only + people.neither
    return shown.assign(
        label=[names[c] for c in shown.crowd], labelled=label.astype("Int64"),
        ruled=(people.both + people.rules_only).astype("Int64"), meets=people.both / label.where(label > 0),
        others=people.rules_only / other.where(other > 0),
    )  # fmt: skip


def agreement_columns(words: Words) -> dict[str, tuple[str, str]]:
    """The columns of a table of `agreement_rows`."""
    return {
        "label": (words("Crowd"), "text"), "ruled": (words("By rule"), "count"), "labelled": (words("By label"), "count"),
        "meets": (words("With this label: meet the rule"), "share1"),
        "others": (words("With another label: meet the rule"), "share1"),
    }  # fmt: skip


def tags(shown: pd.DataFrame, words: Words) -> dict[str, Any]:
    """How many tags cover the consumers, and which are thin or stale. shown: what may be shown of `measure.tags.tags`."""
    known = shown[shown.coverage.notna()]
    held, empty = known[known.consumers > 0], known[known.consumers == 0]
    wide = held[held.coverage >= HALF]
    stale = held[(held.days > STALE).fillna(False)]
    text = words("**{n} of {m}** tags hold at least half of the consumers; {empty} hold nobody.", n=len(wide), m=len(known),
                 empty=len(empty))  # fmt: skip
    if len(stale):
        named = words(", ").join(tag(str(r["kind"]), str(r["tag"]), words) for r in stale.to_dict("records"))
        text = after(text, words("No event for over {days} days: {names}.", days=STALE, names=named), words)
    return {"kind": "counted", "value": float(len(wide)), "n": len(known), "text": text,
            "short": words("{n} of {m} tags hold half of the consumers", n=len(wide), m=len(known)),
            "tile": {"label": words("Tags that hold half of all"), "value": f"{len(wide)}/{len(known)}",
                     "note": words("{n} hold nobody", n=len(empty))}}  # fmt: skip


def tag(kind: str, name: str, words: Words) -> str:
    """A tag as people say it."""
    return trait(name, words) if kind == "trait" else behaviour(name, words)


def tag_rows(shown: pd.DataFrame, words: Words) -> pd.DataFrame:
    """The tag library as a table: label, what kind, values, coverage, freshness as text; those of few consumers in grey."""
    fresh = [
        words("snapshot") if r["kind"] == "trait" else MISSING if is_missing(r["latest"]) else words.day(r["latest"])
        for r in shown.to_dict("records")
    ]
    kinds = {"trait": words("trait"), "behaviour": words("behaviour")}
    return shown.assign(
        label=[tag(str(r["kind"]), str(r["tag"]), words) for r in shown.to_dict("records")],
        kind=[kinds[str(k)] for k in shown["kind"]], fresh=fresh, faint=(shown.consumers == 0).fillna(False).astype(bool),
    ).sort_values("coverage", ascending=False, kind="stable", ignore_index=True)  # fmt: skip


def tag_columns(words: Words) -> dict[str, tuple[str, str]]:
    """The columns of a table of `tag_rows`."""
    return {
        "label": (words("Tag"), "text"), "coverage": (words("Coverage"), "share1"), "fresh": (words("Latest"), "text"),
        "days": (words("Days ago"), "count"), "consumers": (words("Consumers"), "count"),
        "kind": (words("Kind"), "text"), "values": (words("Values"), "count"),
    }  # fmt: skip
