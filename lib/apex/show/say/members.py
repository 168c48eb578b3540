"""What `1_insight/members` says of members: how many there are, how active, and what they are worth beside other buyers.

Functions take what may be shown (suppressed figures are null) and return the fields of a finding, or frames for a table.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from apex.show.say.wording import fitting, trait
from apex.show.words import MISSING, Words

BETWEEN = " / "  # tiers that `apex.measure.member_value.pooled` put together
LEAST = 30  # people under a share in a sentence


def headline(
    worth: pd.DataFrame, standing: pd.DataFrame, ahead: int, step: Mapping[str, Any], words: Words
) -> dict[str, Any]:
    """What members are worth beside other buyers; of all buyers where there are no members.

    worth: the rows of cut "member" of `model.lifetime.Lifetime.totals` (group yes, no; with each_minor). standing: the frame
    of `measure.member_value.standing`. step: the finding that lends its next step.
    """
    then = {key: step[key] for key in ("next_step", "at_stake_minor") if step.get(key) is not None}
    base: dict[str, Any] = {"kind": "model", **then}
    rows = worth.set_index("group")
    known = [g for g in ("yes", "no") if g in rows.index and not pd.isna(rows.value_minor[g])]
    if not known:
        return base | {"kind": "not identified", "short": words("Too few buyers to say what they are worth"), "text": words(
            "Too few have bought, or bought again, to say what buyers will bring.")}  # fmt: skip
    row = rows.loc[known[0]]
    span = {"low": words.money(row.value_minor_low), "high": words.money(row.value_minor_high)}
    base |= {"value": float(row.value_minor), "low": float(row.value_minor_low), "high": float(row.value_minor_high),
             "unit": "money_minor", "n": int(row.buyers), "verdict": "none"}  # fmt: skip
    each, money = words.money(row.each_minor), words.money(row.value_minor)
    note = words("{low} to {high} in {n} days", n=ahead, low=words.money_short(row.value_minor_low),
                 high=words.money_short(row.value_minor_high))  # fmt: skip
    if known[0] == "no":
        text = words("The {n} buyers so far are expected to bring **{money}** ({low} to {high}) in the coming {days} days, "
                     "{each} each; the data hold no memberships.", n=int(row.buyers), money=money, days=ahead, each=each,
                     **span)  # fmt: skip
        tile = {"label": words("Expected of buyers"), "value": words.money_short(row.value_minor), "note": note}
        short = words("Buyers so far: {money} in {n} days", money=words.money_short(row.value_minor), n=ahead)
        return base | {"short": fitting(short), "text": text, "tile": tile}
    text = words("The {n} members who have bought are expected to bring **{money}** ({low} to {high}) in the coming {days} "
                 "days, **{each}** each", n=int(row.buyers), money=money, days=ahead, each=each, **span)  # fmt: skip
    if "no" in known:
        text += words(" against {other} of a buyer who is no member", other=words.money(rows.each_minor["no"]))
        base["compared"] = {"label": words("a buyer who is no member"), "value": float(rows.each_minor["no"])}
    share = member_share(standing)
    text += (
        words("; in the last year members made {share} of GMV.", share=words.share(share))
        if share is not None
        else words(".")
    )
    tile = {"label": words("Expected of members"), "value": words.money_short(row.value_minor), "note": note}
    short = words(
        "Members: {money} in {n} days, {each} each", money=words.money_short(row.value_minor), n=ahead, each=each
    )
    return base | {"short": fitting(short), "text": text, "tile": tile}


def member_share(standing: pd.DataFrame) -> float | None:
    """The members' share of the year's GMV; None where a group is hidden or nothing was bought."""
    if standing.gmv_minor.isna().any() or not standing.gmv_minor.sum():
        return None
    return float(standing.gmv_minor[standing.member].sum() / standing.gmv_minor.sum())


def stock(years: pd.DataFrame, words: Words) -> dict[str, Any]:
    """How many members there are, and who came and went in a year.

    years: the frame of `measure.member_value.periods` for years, the last row the last one; hidden rows null.
    """
    base: dict[str, Any] = {"kind": "counted"}
    if years.empty or pd.isna(years.members.iloc[-1]) or not years.members.iloc[-1]:
        return base | {"short": words("Members cannot be counted here"), "text": words(
            "The data hold no memberships, or too few to show.")}  # fmt: skip
    row = years.iloc[-1]
    members, change = int(row.members), int(row.joined) - int(row.left)
    text = words("**{n}** members: {joined} joined and {left} left in the last year.", n=members, joined=int(row.joined),
                 left=int(row.left))  # fmt: skip
    tile = {"label": words("Members"), "value": words.count(members),
            "note": words("{change} in a year", change=words.signed(change))}  # fmt: skip
    verdict = "ahead" if change > 0 else "behind" if change < 0 else "careful"
    short = words("{n} members, {change} in a year", n=members, change=words.signed(change))
    return base | {"value": float(members), "unit": "consumers", "text": text, "tile": tile, "verdict": verdict,
                   "short": fitting(short)}  # fmt: skip


def activity(standing: pd.DataFrame, window: int, words: Words) -> dict[str, Any]:
    """How many members did something lately, and how many who bought did so again, beside other buyers."""
    base: dict[str, Any] = {"kind": "counted"}
    mine, others = (standing[standing.member == side] for side in (True, False))
    if mine.empty or mine.consumers.isna().any() or mine.consumers.sum() < LEAST:
        return base | {"short": words("Too few members to say how active they are"), "text": words(
            "Too few members, or too few in one of the tiers, to show how active they are.")}  # fmt: skip
    active, members = int(mine.active.sum()), int(mine.consumers.sum())
    share = words.share(active / members, 1)
    text = words("**{share}** of {n} members did something in the last {days} days (cart, favourite, claim or purchase).",
                 share=share, n=members, days=window)  # fmt: skip
    pairs = [
        (g.repeat.sum(), g.buyers.sum())
        for g in (mine, others)
        if len(g) and g.buyers.notna().all() and g.buyers.sum() >= LEAST
    ]
    if len(pairs) == 2:
        again = [words.share(r / b) for r, b in pairs]
        text += words(" Of the members who bought in the year, {mine} did so on a second day; of other buyers {others}.",
                      mine=again[0], others=again[1])  # fmt: skip
    tile = {"label": words("Active members (T)"), "value": share, "note": words("in {n} days", n=window)}
    return base | {"value": active / members, "unit": "share", "n": members, "text": text, "tile": tile,
                   "short": words("{share} of members active in {n} days", share=share, n=window)}  # fmt: skip


def tier(name: str, member: bool, words: Words) -> str:
    """A row of the table of members."""
    if not member:
        return words("buyers who are no members")
    if not name:
        return words("members without a tier")
    return words("members, {tier}", tier=BETWEEN.join(t or words("no tier") for t in name.split(BETWEEN)))


def table(standing: pd.DataFrame, words: Words) -> pd.DataFrame:
    """The frame of `standing` with a label and shares, for a table."""
    standing = standing.sort_values(["member", "tier"], ascending=[False, True], ignore_index=True)
    others = {} if standing.member.any() else {False: words("all buyers")}
    frame = standing.assign(
        label=[others.get(m) or tier(t, m, words) for t, m in zip(standing.tier, standing.member, strict=True)]
    )
    part = {"active_share": ("active", "consumers"), "repeat_share": ("repeat", "buyers")}
    for name, (some, of) in part.items():
        frame[name] = (frame[some] / frame[of].where(frame[of] > 0)).astype("Float64")
    return frame.assign(each_minor=(frame.gmv_minor / frame.buyers.where(frame.buyers > 0)).round().astype("Float64"))


def standing_title(active: Any, members: pd.DataFrame, words: Words) -> str:
    """What stands over that table: the finding of `activity` where there are members."""
    return str(active.short) if len(members) else words("Buyers of the year")


def heads(window: int, words: Words) -> dict[str, tuple[str, str]]:
    """The columns of that table."""
    return {
        "label": (words("Group"), "text"), "consumers": (words("Consumers"), "count"),
        "active_share": (words("Active in {n} days", n=window), "share1"), "buyers": (words("Bought in the year"), "count"),
        "repeat_share": (words("of them on a second day"), "share1"), "gmv_minor": (words("GMV of the year"), "money"),
        "each_minor": (words("a buyer"), "money"),
    }  # fmt: skip


def missing(words: Words) -> str:
    """What the data lack where there are no memberships."""
    return words("Members: the data hold no joins. A table of who joined and left when (behaviours join, leave, tier) gives "
                 "stock, activity, tiers and what joining changes.")  # fmt: skip


def worth_table(member: pd.DataFrame, tiers: pd.DataFrame, words: Words) -> pd.DataFrame:
    """The cuts `member` and `tier` of `model.lifetime.worth` for a table: all members, tiers, others; intervals as texts."""
    rows = pd.concat([member[member.group == "yes"], tiers, member[member.group == "no"]], ignore_index=True)
    alone = member[member.group == "yes"].empty
    names = {"yes": words("all members"), "no": words("all buyers") if alone else words("buyers who are no members")}
    labels = [names[g] if c == "member" else tier(g, True, words) for c, g in zip(rows.cut, rows.group, strict=True)]
    spans = [
        MISSING if pd.isna(low) else words("{low} to {high}", low=words.money(low), high=words.money(high))
        for low, high in zip(rows.value_minor_low, rows.value_minor_high, strict=True)
    ]
    return rows.assign(label=labels, span=spans)


def worth_heads(ahead: int, words: Words) -> dict[str, tuple[str, Any]]:
    """The columns of that table."""
    return {
        "label": (words("Group"), "text"), "buyers": (words("Buyers"), "count"),
        "value_minor": (words("GMV in {n} days", n=ahead), "money"), "each_minor": (words("a buyer"), "money"),
        "span": (words("Interval"), str), "purchases": (words("Purchases in {n} days", n=ahead), "count"),
    }  # fmt: skip


def stock_line(stock: pd.DataFrame) -> pd.DataFrame:
    """Members at the end of each period as a line: day, value, suppressed. stock: as may be shown, hidden rows null."""
    return stock.rename(columns={"members": "value"})[["day", "value", "suppressed"]]


def crowd_rows(frame: pd.DataFrame, crowd: str | None, words: Words, by: str) -> pd.DataFrame:
    """A frame with a row a crowd (`group`) and a label, the most of `by` first."""
    named = [trait_value(str(g), crowd, words) for g in frame.group]
    frame = frame.assign(label=named, size=-frame[by].astype("Float64").fillna(0))
    return frame.sort_values(["size", "group"], ignore_index=True).drop(columns="size")


def trait_value(value: str, crowd: str | None, words: Words) -> str:
    """A crowd as people say it."""
    if crowd is None:
        return words("everybody")
    if value and crowd == "strategic_crowd":  # they have names of their own
        return value
    return words("{what}: {level}", what=trait(crowd, words), level=value or words("unknown"))
