"""What `4_wrapup/closing` says of the result by crowd, by creative and by business. Counted facts: no credit and no effect."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from apex.show.say.formats import formats, named
from apex.show.say.wording import after, fitting
from apex.show.words import MISSING, Words, is_missing

UNKNOWN, OUTSIDE = "", "none"  # consumers of whom nothing is known; those at no stage on the eve
LEAST = 30  # consumers a rate needs to be held against another
CHANCE = 0.05
MOST = 12  # creatives in the table; the kept table has all


def crowds(found: pd.DataFrame, chance: float, names: Mapping[str, str], words: Words) -> dict[str, Any]:
    """Which crowd bought most, and whether crowds converted differently.

    found: of `measure.result_cuts.by_crowd` as shown, with rate, low, high; chance: how often crowds that convert alike would
    differ as much (`model.conversion.chance`).
    """
    known = found[~found.cell.isin([UNKNOWN, OUTSIDE]) & found.gmv_minor.notna() & found.rate.notna()]
    if len(known) < 2:
        return {"kind": "counted", "short": words("Crowds cannot be told apart"),
                "text": words("The data know too little of the consumers to hold crowds against each other.")}  # fmt: skip
    known = known.assign(gmv_minor=known.gmv_minor.astype(float), rate=known.rate.astype(float))
    total = float(known.gmv_minor.sum())
    first = known.loc[known.gmv_minor.idxmax()]
    share = words.share(first.gmv_minor / total) if total else MISSING
    text = words("**{cell}** brought most of what the crowds brought ({share}).", cell=names[first.cell], share=share)
    sized = known[known.consumers >= LEAST]
    short = fitting(words("Most GMV from {cell}", cell=names[first.cell]), names[first.cell])
    fields: dict[str, Any] = {"kind": "counted", "n": int(known.consumers.sum()), "text": text, "short": short}
    if chance >= CHANCE or len(sized) < 2:
        return fields | {"text": after(text, words("Conversion does not differ between crowds beyond chance."), words)}
    best, least = sized.loc[sized.rate.idxmax()], sized.loc[sized.rate.idxmin()]
    told = words("Of those at a stage on the eve **{best}** converted best ({high}, n = {n}), {least} worst ({low}, n = {m}).",
                 best=names[best.cell], high=_span(best, words), n=int(best.consumers), least=names[least.cell],
                 low=_span(least, words), m=int(least.consumers))  # fmt: skip
    told = after(text, told, words)
    return fields | {
        "text": told,
        "value": float(best.rate),
        "low": float(best.low),
        "high": float(best.high),
        "unit": "share",
    }


def crowd_rows(found: pd.DataFrame, names: Mapping[str, str], words: Words) -> pd.DataFrame:
    """The frame of `crowds` for a table: label, gmv_minor, change, buyers (of those at a stage), consumers, rate, span."""
    frame = found[(found.consumers > 0).fillna(True) | (found.gmv_minor > 0).fillna(False)]
    return frame.assign(
        label=[names[str(c)] for c in frame.cell],
        change=[_change(r.gmv_minor, r.before_minor, words) for r in frame.itertuples()],
        span=[MISSING if is_missing(r.rate) else _range(r, words) for r in frame.itertuples()],
        faint=(frame.consumers < LEAST).fillna(False).astype(bool),
    )


def crowd_columns(words: Words) -> dict[str, tuple[str, str]]:
    """The columns of a table of `crowd_rows`."""
    return {
        "label": (words("Crowd"), "text"), "gmv_minor": (words("GMV"), "money_short"),
        "change": (words("on the window before"), "text"), "rate": (words("Conversion"), "share1"),
        "span": (words("80 %"), "text"), "consumers": (words("People on the eve"), "count"),
        "buyers": (words("Of them bought"), "count"),
    }  # fmt: skip


def creatives(found: pd.DataFrame, words: Words) -> dict[str, Any]:
    """Which creatives were clicked more. found: of `measure.result_cuts.by_creative` as shown, with rate, low, high."""
    known = found[found.rate.notna() & (found.people >= LEAST).fillna(False)]
    if found.empty:
        return {"kind": "counted", "short": words("No creative is on record"),
                "text": words("The data name no creative of this campaign (column creative_id of events).")}  # fmt: skip
    if len(known) < 2:
        return {"kind": "counted", "short": words("Too few people met to compare creatives"),
                "text": words("Too few people met the creatives to hold them against each other.")}  # fmt: skip
    known = known.assign(rate=known.rate.astype(float))
    best, least = known.loc[known.rate.idxmax()], known.loc[known.rate.idxmin()]
    names = [creative(r, words) for r in (best, least)]
    apart = best.low > least.high
    text = words("Of the people who met **{best}** {high} clicked (n = {n}), of those who met {least} {low} (n = {m}).",
                 best=names[0], high=_span(best, words), n=int(best.people), least=names[1], low=_span(least, words),
                 m=int(least.people))  # fmt: skip
    if not apart:
        text = after(text, words("The intervals overlap: that may be chance."), words)
    short = words("Clicked most: {best} ({rate})", best=names[0], rate=words.share(best.rate, 1))
    return {"kind": "counted", "value": float(best.rate), "low": float(best.low), "high": float(best.high), "unit": "share",
            "n": int(best.people), "text": text, "short": fitting(short, names[0])}  # fmt: skip


def creative(row: Any, words: Words) -> str:
    """A creative as people say it: its message and format, and its id."""
    said = words(" · ").join(x for x in (row.message, row.format) if x)
    return words("{what} ({id})", what=said, id=row.creative_id) if said else str(row.creative_id)


def creative_rows(found: pd.DataFrame, words: Words) -> pd.DataFrame:
    """The frame of `creatives` for a table: label, people, contacts, clicks, rate, span, cost; the most contacts first."""
    frame = found.sort_values(["contacts", "creative_id"], ascending=[False, True], ignore_index=True).head(MOST)
    return frame.assign(
        label=[creative(r, words) for r in frame.itertuples()],
        span=[MISSING if is_missing(r.rate) else _range(r, words) for r in frame.itertuples()],
        cost=[MISSING if is_missing(r.cost_minor) else words.money_short(r.cost_minor) for r in frame.itertuples()],
    )


def creative_columns(words: Words) -> dict[str, tuple[str, str]]:
    """The columns of a table of `creative_rows`."""
    return {
        "label": (words("Creative"), "text"), "people": (words("People met"), "count"), "rate": (words("Clicked"), "share1"),
        "span": (words("80 %"), "text"), "contacts": (words("Contacts"), "count"), "clicks": (words("Clicks"), "count"),
        "cost": (words("Cost"), "text"),
    }  # fmt: skip


def businesses(found: pd.DataFrame, alone: pd.DataFrame, words: Words) -> dict[str, Any]:
    """Where the window's money came from, and who is reached in one format only. found: of `result_cuts.by_business` as shown;
    alone: of `measure.overlaps.only` over a year.
    """
    known = found[found.gmv_minor.notna()].astype({"gmv_minor": float})
    if len(formats(list(found.business))) < 2 or known.empty or not known.gmv_minor.sum():
        return {"kind": "counted", "short": words("Formats cannot be told apart"),
                "text": words("The data name fewer than two formats, or too few bought to show them.")}  # fmt: skip
    first = known.loc[known.gmv_minor.idxmax()]
    share = words.share(first.gmv_minor / known.gmv_minor.sum())
    text = words(
        "**{format}** brought {share} of what the formats brought.", format=named(first.business, words), share=share
    )
    one = alone[alone.share.notna()]
    if len(one):
        most = one.loc[one.share.astype(float).idxmax()]
        told = words("Of the year's active consumers {share} bought in {format} alone (n = {n}).",
                     share=words.share(most.share), format=named(most.business, words), n=int(most.consumers))  # fmt: skip
        text = after(text, told, words)
    short = words("Most GMV from {cell}", cell=named(first.business, words))
    return {"kind": "counted", "value": first.gmv_minor / known.gmv_minor.sum(), "unit": "share", "text": text,
            "short": fitting(short, named(first.business, words))}  # fmt: skip


def business_rows(
    found: pd.DataFrame, newness: pd.DataFrame, year: pd.DataFrame, alone: pd.DataFrame, words: Words
) -> pd.DataFrame:
    """The formats for a table: label, gmv_minor, change, buyers, new, aac (bought there within a year), only (there alone)."""
    aac, only = (f.set_index("business").consumers for f in (year, alone))
    new = newness[newness.segment == "new"].set_index("business").buyers
    found = found.sort_values(["gmv_minor", "business"], ascending=[False, True], na_position="last", ignore_index=True)
    return found.assign(
        new=found.business.map(new).astype("Int64"),
        label=[named(b, words) for b in found.business],
        change=[_change(r.gmv_minor, r.before_minor, words) for r in found.itertuples()],
        aac=found.business.map(aac).astype("Int64"), only=found.business.map(only).astype("Int64"),
    )  # fmt: skip


def business_columns(words: Words) -> dict[str, tuple[str, str]]:
    """The columns of a table of `business_rows`."""
    return {
        "label": (words("Format"), "text"), "gmv_minor": (words("GMV"), "money_short"),
        "change": (words("on the window before"), "text"), "buyers": (words("Buyers"), "count"),
        "new": (words("New consumers"), "count"), "aac": (words("Active in a year"), "count"),
        "only": (words("of them only here"), "count"),
    }  # fmt: skip


def _change(now: Any, before: Any, words: Words) -> str:
    return MISSING if is_missing(now) or is_missing(before) or not before else words.signed_share(now / before - 1)


def _range(row: Any, words: Words) -> str:
    return words("{low} to {high}", low=words.share(row.low, 1), high=words.share(row.high, 1))


def _span(row: Any, words: Words) -> str:
    return words("{share}, 80 % {span}", share=words.share(row.rate, 1), span=_range(row, words))
