"""What a page says of item assets: one line an item, the item that leads, and what is bought together.

The frames are those of `apex.measure.item_assets` as they may be shown (`run.keep`: suppressed counts are null). The item
level's stocks never add up to the brand's; no sentence adds them.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from apex.show.say.wording import fitting
from apex.show.words import Words

ENOUGH = 30  # buyers of an item, for a share of them to be worth a sentence


def item_rows(
    parts: pd.DataFrame, totals: pd.DataFrame, names: Mapping[str, str], days: int, words: Words
) -> tuple[pd.DataFrame, dict[str, tuple[str, str]]]:
    """One row an item, most assets first (hidden ones last), and the columns that `show.table(rows, id, words, columns)` shows.

    Columns: item, total, change (share, against `days` before; left out where no item compares), those of shallow, deep, first
    and repeat that can be seen, buyers (in the last `days` days), together (share of them, 连带).
    """
    wide = parts.assign(part=parts.part.astype(str)).pivot(index="item_id", columns="part", values="now")
    now, before = (
        totals.pivot(index="item_id", columns="kind", values=when).reindex(
            columns=["assets", "buyers"], index=wide.index
        )
        for when in ("now", "before")
    )
    rows = pd.DataFrame({"item": [names.get(item, item) for item in wide.index], "total": now.assets}, wide.index)
    rows["change"] = (now.assets / before.assets.where(before.assets > 0) - 1).astype("Float64")
    seen = [part for part in ("shallow", "deep", "first", "repeat") if part in wide]
    rows[seen] = wide[seen]
    rows["buyers"] = now.buyers
    together = wide.get("together", now.buyers)  # which is as empty where there are no items
    rows["together"] = (together / now.buyers.where(now.buyers > 0)).astype("Float64")
    hidden = pd.concat([parts[["item_id", "suppressed"]], totals[["item_id", "suppressed"]]])
    rows["suppressed"] = hidden.groupby("item_id").suppressed.any()
    heads = {
        "item": (words("Item"), "text"), "total": (words("All stages"), "count"),
        "change": (words("In {n} days", n=days), "signed_share"), "shallow": (words("Shallow interest"), "count"),
        "deep": (words("Deep interest"), "count"), "first": (words("First purchase"), "count"),
        "repeat": (words("Repeat purchase"), "count"), "buyers": (words("Buyers in {n} days", n=days), "count"),
        "together": (words("With another item"), "share"),
    }  # fmt: skip
    left_out = {column for column in heads if column not in rows} | ({"change"} if rows.change.isna().all() else set())
    rows = rows.reset_index().sort_values(["total", "item_id"], ascending=[False, True], ignore_index=True)
    return rows, {column: head for column, head in heads.items() if column not in left_out}


def leading(rows: pd.DataFrame, days: int, words: Words) -> dict[str, Any]:
    """The item that most consumers stand at, and who of them has not bought it yet."""
    if rows.empty or pd.isna(rows.total.iloc[0]):
        text = words("Too few consumers stand at any item to say which leads.")
        return {"kind": "counted", "short": words("Too few consumers at any item"), "text": text}
    top = rows.iloc[0]
    fields: dict[str, Any] = {"kind": "counted", "value": int(top.total), "unit": "consumers"}
    fields["short"] = fitting(words("{item} leads with {n} consumers", item=top["item"], n=int(top.total)), top["item"])
    if pd.isna(top.change):
        text = words(
            "**{item}** leads the items: **{n}** consumers stand at one of its stages.",
            item=top["item"],
            n=int(top.total),
        )
    else:
        text = words(
            "**{item}** leads the items: **{n}** consumers stand at one of its stages, **{change}** on {days} days before.",
            item=top["item"], n=int(top.total), change=words.signed_share(top.change), days=days,
        )  # fmt: skip
    if rows.suppressed.any():
        text = words("Of the items that may be shown: ") + text
    waiting = rows.dropna(subset=["deep"]) if "deep" in rows else rows.iloc[:0]
    if waiting.empty or not waiting.deep.max():
        return fields | {"text": text}
    most = waiting.sort_values(["deep", "item_id"], ascending=[False, True]).iloc[0]
    step = words(
        "Make an offer for {item} to the {n} who want it and have not bought it.", item=most["item"], n=int(most.deep)
    )
    return fields | {"text": text, "next_step": step}


def together(rows: pd.DataFrame, days: int, words: Words) -> dict[str, Any]:
    """Of which item's buyers the most bought another item of the brand in the same order."""
    enough = rows[rows.buyers.ge(ENOUGH).fillna(False).astype(bool) & rows.together.notna()]
    if enough.empty:
        text = words(
            "No item had {n} buyers in {days} days; what is bought together is not said of fewer.", n=ENOUGH, days=days
        )
        return {"kind": "counted", "short": words("Too few buyers of any item"), "text": text}
    best = enough.sort_values(["together", "item_id"], ascending=[False, True]).iloc[0]
    share = words.share(best.together)
    text = words(
        "Of the {n} buyers of **{item}** in {days} days, **{share}** bought another item of the brand in the same order; over "
        "the items shown the middle is {middle}.",
        n=int(best.buyers), item=best["item"], days=days, share=share, middle=words.share(enough.together.median()),
    )  # fmt: skip
    return {
        "kind": "counted", "value": float(best.together), "unit": "share", "text": text,
        "short": fitting(words("{item}: {share} buy another item with it", item=best["item"], share=share), best["item"]),
        "next_step": words("Show {item} in sets and on the pages of the others.", item=best["item"]),
    }  # fmt: skip


def not_seen(unseen: Sequence[str], words: Words) -> str | None:
    """What is missing where these data name no item in what comes before a purchase; None where nothing is."""
    if not unseen:
        return None
    if {"shallow", "deep"} <= set(unseen):
        return words("Nothing before a purchase names an item in these data: interest in an item needs views, carts or "
                     "favourites with the item they are for.")  # fmt: skip
    return words(
        "Nobody can be seen at some stages of an item: the behaviour that leads there names no item in these data."
    )
