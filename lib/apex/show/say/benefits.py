"""What `1_insight/members` says of benefits: who uses them, on what.

Functions take what may be shown (suppressed figures are null) and return the fields of a finding, or frames for a table.
"""

from typing import Any

import pandas as pd

from apex.show.say.members import trait_value
from apex.show.say.wording import fitting
from apex.show.words import Words

MEMBER, UNKNOWN = "member", ""
LEAST = 30  # people offered, under a share in a sentence


def response(whole: pd.DataFrame, cells: pd.DataFrame, claims: bool, days: int, words: Words) -> dict[str, Any]:
    """How many use a benefit that they are offered, and who most.

    whole: the rates by benefit (benefit, offered, used, rate, likely, low, high) as may be shown; cells: of all who they are
    (cut, label, offered, used, likely, low, high). claims: whether offered means claimed (else: mailed).
    """
    base: dict[str, Any] = {"kind": "counted"}
    known = whole[whole.offered.notna()]
    if known.empty or not known.offered.sum():
        return base | {"short": words("No benefit was offered"), "text": words(
            "In these days the data hold no coupon that was claimed or mailed long enough ago to have been used.")}  # fmt: skip
    offered, used = int(known.offered.sum()), int(known.used.sum())
    said = words("claims") if claims else words("mailings of a coupon")
    text = words("Of {n} {what} in {days} days **{share}** were used", n=offered, what=said, days=days,
                 share=words.share(used / offered, 1))  # fmt: skip
    big = cells[(cells.offered >= LEAST) & cells.likely.notna()]
    if len(big) < 2:
        text += words(".")
    else:
        best, worst = big.loc[big.likely.astype(float).idxmax()], big.loc[big.likely.astype(float).idxmin()]
        text += words(", most by {best} ({share}, {low} to {high}), least by {worst} ({least}).", best=best.label,
                      share=words.share(best.likely, 1), low=words.share(best.low, 1), high=words.share(best.high, 1),
                      worst=worst.label, least=words.share(worst.likely, 1))  # fmt: skip
    short = words("{share} of {what} used", share=words.share(used / offered, 1), what=said)
    return base | {"value": used / offered, "unit": "share", "n": offered, "text": text, "short": fitting(short)}


def label(cut: str, cell: str, words: Words) -> str:
    """Who they are, as people say it."""
    if cut == MEMBER:
        return {"yes": words("members"), "no": words("others than members")}[cell]
    return trait_value(cell, cut, words)


def labelled(rates: pd.DataFrame, words: Words) -> pd.DataFrame:
    """A frame of rates with a label, the likeliest first."""
    frame = rates.assign(label=[label(c, v, words) for c, v in zip(rates.cut, rates.cell, strict=True)])
    return frame.sort_values("likely", ascending=False, kind="stable", ignore_index=True)


def bars(rates: pd.DataFrame) -> pd.DataFrame:
    """Rates as bars: label, value, low, high."""
    frame = rates.rename(columns={"likely": "value"})
    return frame[[c for c in ("label", "value", "low", "high", "suppressed") if c in frame]]


def whole_heads(words: Words) -> dict[str, tuple[str, str]]:
    """The columns of the table of benefits."""
    return {
        "benefit": (words("Benefit"), "text"), "offered": (words("Offered"), "count"), "used": (words("Used"), "count"),
        "rate": (words("Share"), "share1"), "likely": (words("Held back"), "share1"), "low": (words("Low"), "share1"),
        "high": (words("High"), "share1"),
    }  # fmt: skip


def on_what(goods: pd.DataFrame, words: Words) -> dict[str, Any]:
    """On what benefits were used. goods: benefit, cell, good, used, as may be shown."""
    base: dict[str, Any] = {"kind": "counted"}
    sums = goods[goods.used.notna()].groupby("good").used.sum().sort_values(ascending=False, kind="stable")
    if sums.empty or not sums.iloc[0]:
        return base | {"short": words("Nothing says on what benefits were used"), "text": words(
            "No benefit was used, or by too few to show on what.")}  # fmt: skip
    good, people = str(sums.index[0]) or words("unknown"), int(sums.iloc[0])
    text = words("Benefits were used most on **{good}**: at least {n} uses.", good=good, n=people)
    return base | {"value": float(people), "unit": "none", "n": people, "text": text,
                   "short": fitting(words("Benefits are used most on {good}", good=good), good)}  # fmt: skip


def person_good(goods: pd.DataFrame, crowd: str | None, words: Words) -> pd.DataFrame:
    """Person × good × benefit for a table, most uses first; goods: benefit, cell, good, used, likely, low, high."""
    frame = goods.assign(
        who=[trait_value(c, crowd, words) for c in goods.cell],
        good=[g or words("unknown") for g in goods.good], size=-goods.used.astype("Float64").fillna(0),
    )  # fmt: skip
    return frame.sort_values(["size", "benefit", "who", "good"], ignore_index=True).drop(columns="size")


def goods_heads(words: Words) -> dict[str, tuple[str, str]]:
    """The columns of that table."""
    return {
        "who": (words("Who"), "text"), "good": (words("Good"), "text"), "benefit": (words("Benefit"), "text"),
        "used": (words("Used it on this"), "count"), "likely": (words("of those offered"), "share1"),
        "low": (words("Low"), "share1"), "high": (words("High"), "share1"),
    }  # fmt: skip
