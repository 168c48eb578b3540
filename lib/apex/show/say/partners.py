"""What `4_wrapup/partners` says: which providers' brands improved more than matched ones, and who ties with whom."""

import math
from typing import Any

import numpy as np
import pandas as pd

from apex.show.say.wording import fitting
from apex.show.words import MISSING, Words, is_missing


def absent(services: bool, words: Words) -> list[str]:
    """What is missing."""
    return [] if services else [words("Providers: the data do not say who served which brand when (`services`).")]


def power(name: str, words: Words) -> str:
    """A measure as people say it."""
    return {
        "gmv_minor": words("GMV"), "goods": words("goods"), "crowd": words("crowd"), "member": words("member"),
        "content": words("content"), "brand": words("brand"),
    }[name]  # fmt: skip


def league(table: pd.DataFrame, few: int, words: Words) -> dict[str, Any]:
    """The league of GMV in one sentence: who leads, who ties, whose brands improved. few: brands from which one is ranked."""
    ranked = table[table["rank"].notna()]
    if ranked.empty:
        short = words("No provider served enough brands to be ranked")
        return {"kind": "not identified", "short": short, "verdict": "none",
                "text": words("A provider is ranked from {n} brands on whose days before and during its service are known.",
                              n=few),
                }  # fmt: skip
    first = ranked[ranked["rank"] == ranked["rank"].min()]
    surely = ranked[ranked.shrunk_low > 0]
    lead = first.iloc[0]
    span = {
        "more": _share(lead.shrunk, words),
        "low": _share(lead.shrunk_low, words),
        "high": _share(lead.shrunk_high, words),
    }
    if len(first) > 1:
        short = words("{n} of {all} providers tie at the top", n=len(first), all=len(ranked))
        text = words(
            "**{n} of {all} providers tie at the top**: none is surely better than the others. The highest, {provider}: {more} "
            "GMV at its brands beside matched ones ({low} to {high}, 95%, {services} services).",
            n=len(first), all=len(ranked), provider=lead.provider, services=int(lead.services), **span,
        )  # fmt: skip
    else:
        short = words("{provider} leads: {more} GMV", provider=lead.provider, more=span["more"])
        text = words(
            "**{provider} leads**: {more} GMV at its brands beside matched ones ({low} to {high}, 95%, {services} services); it "
            "is surely better than the next.", provider=lead.provider, services=int(lead.services), **span,
        )  # fmt: skip
    text += " " + (
        words("Surely above nought: {names}.", names=words(", ").join(surely.provider)) if len(surely)
        else words("None is surely above nought.")
    )  # fmt: skip
    return {
        "kind": "model", "text": text, "short": fitting(short, str(lead.provider)), "value": float(np.expm1(lead.shrunk)),
        "low": float(np.expm1(lead.shrunk_low)), "high": float(np.expm1(lead.shrunk_high)), "unit": "share",
        "n": int(lead.services), "verdict": "ahead" if len(surely) else "careful",
        "next_step": words("Buy from who is surely above nought at what you need; among ties, the price decides.") if len(surely)
        else words("Let the price decide: their brands' improvements cannot be told apart."),
        "tile": {"label": words("Providers surely above nought"), "value": words("{n} of {all}", n=len(surely), all=len(ranked))},
    }  # fmt: skip


def best(leagues: dict[str, pd.DataFrame], words: Words) -> dict[str, Any]:
    """At which power anybody is surely good."""
    sure = []
    for name, table in leagues.items():
        mine = table[table["rank"].notna() & (table.shrunk_low > 0)]
        if name != "gmv_minor" and len(mine):
            sure.append((power(name, words), words(", ").join(mine.provider)))
    if not sure:
        return {"kind": "model", "short": words("Nobody is surely good at one of the powers"),
                "text": words("At none of the five powers does a provider's improvement surely lie above nought.")}  # fmt: skip
    told = words("; ").join(words("{power}: {names}", power=p, names=n) for p, n in sure)
    return {"kind": "model", "short": words("{n} of 5 powers are surely moved by somebody", n=len(sure)),
            "text": words("Surely improved, power by power: **{told}**.", told=told), "value": float(len(sure)),
            "tile": {"label": words("Powers surely moved"), "value": words("{n} of {all}", n=len(sure), all=5)}}  # fmt: skip


def ours(each: pd.DataFrame, words: Words) -> dict[str, Any]:
    """What the services of our own brand changed in GMV. each: rows of `model.partners.each` of the brand."""
    mine = each[each.measure == "gmv_minor"]
    if mine.empty:
        return {"kind": "not identified", "short": words("Nobody served the brand"),
                "text": words("The data hold no service of this brand in these years.")}  # fmt: skip
    told = mine[mine.cannot == ""]
    if told.empty:
        return {"kind": "not identified", "short": words("Our services are too short to read"),
                "text": words("The brand's services have just begun, or too few brands compare.")}  # fmt: skip
    row = told.sort_values("first_day").iloc[-1]
    low, high = row.effect - 1.96 * row.std_error, row.effect + 1.96 * row.std_error
    said = {
        "provider": row.provider,
        "more": _share(row.effect, words),
        "low": _share(low, words),
        "high": _share(high, words),
    }
    text = words("Of our own: since {day} {provider} ({track}): **{more}** GMV beside matched brands ({low} to {high}, 95%).",
                 day=words.day(row.first_day), track=row.track, **said)  # fmt: skip
    sure = low > 0 or high < 0
    if not sure:
        text += " " + words("One service alone says little.")
    return {
        "kind": "model", "text": text,
        "short": fitting(words("Ours, {provider}: {more} GMV", **said) if sure else
                         words("Ours, {provider}: not told from chance", **said), str(row.provider)),
        "value": float(np.expm1(row.effect)), "low": float(np.expm1(low)), "high": float(np.expm1(high)), "unit": "share",
        "n": int(row.peers), "verdict": "ahead" if low > 0 else "behind" if high < 0 else "careful",
    }  # fmt: skip


def bars(table: pd.DataFrame, words: Words) -> pd.DataFrame:
    """Providers' improvement of GMV (share), with 95 %; grey: too few brands to be ranked."""
    return pd.DataFrame({
        "label": [words("{provider} ({n})", provider=r.provider, n=int(r.services)) for r in table.itertuples()],
        "value": np.expm1(table.shrunk.to_numpy(float)), "low": np.expm1(table.shrunk_low.to_numpy(float)),
        "high": np.expm1(table.shrunk_high.to_numpy(float)), "faint": table["rank"].isna().to_numpy(),
    })  # fmt: skip


def league_rows(table: pd.DataFrame, words: Words) -> pd.DataFrame:
    """The league in words: rank (shared ones with =), provider, services, brands, raw, held, span."""

    def rank(row: Any) -> str:
        if is_missing(row.rank):
            return MISSING
        return words("={n}", n=int(row.rank)) if row.tied else words.count(row.rank)

    return pd.DataFrame({
        "rank": [rank(r) for r in table.itertuples()], "provider": table.provider, "services": table.services,
        "brands": table.brands, "raw": [_share(r.effect, words) for r in table.itertuples()],
        "held": [_share(r.shrunk, words) for r in table.itertuples()],
        "span": [words("{low} to {high}", low=_share(r.shrunk_low, words), high=_share(r.shrunk_high, words))
                 for r in table.itertuples()],
    })  # fmt: skip


def power_rows(table: pd.DataFrame, words: Words) -> pd.DataFrame:
    """Providers by power, in words: provider, score, and a share each."""
    shown = {
        name: [words.signed_share(v) for v in table[name]] for name in ("goods", "crowd", "member", "content", "brand")
    }
    return pd.DataFrame({
        "provider": table.provider, "score": [MISSING if is_missing(s) else words.number(s, 0) for s in table.score], **shown,
    })  # fmt: skip


def service_rows(each: pd.DataFrame, words: Words) -> pd.DataFrame:
    """Our brand's services: provider, track, days, measure, change, span, peers."""
    rows = []
    for r in each.itertuples():
        low, high = r.effect - 1.96 * r.std_error, r.effect + 1.96 * r.std_error
        rows.append((r.provider, r.track, words.period(r.first_day, r.last_day), power(str(r.measure), words),
                     _share(r.effect, words), words("{low} to {high}", low=_share(low, words), high=_share(high, words))
                     if r.cannot == "" else MISSING, r.peers))  # fmt: skip
    return pd.DataFrame(rows, columns=["provider", "track", "days", "measure", "change", "span", "peers"])


def _share(log: float, words: Words) -> str:
    return MISSING if is_missing(log) or math.isnan(log) else words.signed_share(math.expm1(log))
