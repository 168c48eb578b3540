"""What `1_insight/businesses` says: what each format is worth, who buys in several, whether they help or cannibalise.

Every function takes what may be shown (suppressed counts are null) and returns the fields of a finding for
`run.finding(name, **fields)`. A business of the data is called a format here; names come as the data write them.
"""

from datetime import date
from typing import Any

import pandas as pd

from apex.show.say.formats import formats, joined, named
from apex.show.say.wording import fitting
from apex.show.words import MISSING, Words

NOTICEABLE = 0.02


def together(verdict: Any, brand: pd.DataFrame, names: "list[str]", days: int, words: Words) -> dict[str, Any]:
    """The headline: do formats help or cannibalise each other? verdict: `model.cross.Verdict`; brand: the brand's row."""
    if len(formats(names)) < 2:
        return _one_format(brand, names, words)
    own, total = verdict.own, verdict.total
    step = words(
        "To know: open a second format to a random half of its buyers, or city by city, and compare both halves."
    )
    base: dict[str, Any] = {"kind": "not identified", "next_step": step}
    if verdict.answer == "too_few" or min(total.n_treated, total.n_control) < words.threshold:
        text = words("Whether formats help or cannibalise each other is not identified: too few buyers of one format who "
                     "entered a second one, or too few like them who did not.")  # fmt: skip
        return base | {"short": words("Help or cannibalising: too few buyers to tell"), "text": text}
    money = {"total": words.signed_money(round(total.effect)), "own": words.signed_money(round(own.effect)),
             "span": _span(total, words), "own_span": _span(own, words)}  # fmt: skip
    short = {
        "cannibalise": lambda: words("Own format loses {own} a buyer who enters another", own=money["own"]),
        "help": lambda: words("Entering a second format goes with {total} a buyer", total=money["total"]),
        "shift": lambda: words("Spend shifts: {own} at home, {total} in all", own=money["own"], total=money["total"]),
        "neither": lambda: words("No help or harm beyond chance: {total} ({span})", **_pick(money, "total", "span")),
        "mixed": lambda: words(
            "Entering a second format: {total} in all, {own} at home", **_pick(money, "total", "own")
        ),
    }[verdict.answer]()
    compared = words(
        "Buyers of one format who entered a second one spent **{total}** each ({span}) in the next {days} days against buyers "
        "like them who did not, and **{own}** ({own_span}) in their first format (n = {n}).",
        days=days, n=total.n, **money,
    )  # fmt: skip
    trusted = words("This is an association: chance did not decide who entered.") if verdict.trusted else words(
        "It is not identified: the same comparison finds a difference long before anybody entered, or could not be tested."
    )  # fmt: skip
    judged = {"cannibalise": "behind", "help": "ahead"}.get(verdict.answer, "careful") if verdict.trusted else "none"
    tile = {"label": words("Spend after entering a second format"), "value": money["total"], "note": money["span"]}
    return base | {
        "kind": "credit" if verdict.trusted else "not identified", "value": total.effect, "low": total.low,
        "high": total.high, "unit": "money_minor", "n": total.n, "verdict": judged, "tile": tile, "short": fitting(short),
        "compared": {"label": words("like buyers who did not enter"), "value": None}, "text": joined(compared, trusted),
    }  # fmt: skip


def _one_format(brand: pd.DataFrame, names: "list[str]", words: Words) -> dict[str, Any]:
    unknown = not formats(names)
    short = words("Formats are not recorded: help or harm cannot be told") if unknown else words(
        "One format only: nothing to help or cannibalise"
    )  # fmt: skip
    why = words("purchases carry no format") if unknown else words("all recorded purchases are of one format")
    step = words("Record with each purchase in which format it was made.") if unknown else None
    base: dict[str, Any] = {"kind": "not identified", "short": short, "next_step": step}
    row = brand.iloc[0] if len(brand) else None
    if row is None or pd.isna(row.consumers) or not row.consumers:
        text = words("Whether formats help or cannibalise each other cannot be asked: {why}.", why=why)
        return base | {"text": text}
    text = words(
        "Whether formats help or cannibalise each other cannot be asked: {why}. As a whole the brand had **{n}** buyers who "
        "paid **{money}** each.", why=why, n=int(row.consumers), money=words.money(round(row.spend_minor)),
    )  # fmt: skip
    return base | {"text": text}


def active(brand: pd.DataFrame, days: int, seen: int, words: Words) -> dict[str, Any]:
    """AAC and spend per buyer, now and in the equal period before. brand: `overlaps.versus` of the whole; seen: days of data."""
    row = brand.iloc[0] if len(brand) else None
    label = words("Annual active consumers (AAC)")
    if row is None or pd.isna(row.consumers):
        text = words("No buyers, or too few to show, in the last {n} days.", n=days)
        return {"kind": "counted", "short": words("AAC: nobody, or too few to show"), "text": text,
                "tile": {"label": label, "value": MISSING if row is None else words.suppressed(), "note": ""}}  # fmt: skip
    n, spend, gmv = int(row.consumers), round(row.spend_minor), words.money_short(round(row.gmv_minor))
    fields: dict[str, Any] = {"kind": "counted", "value": n, "unit": "consumers", "n": n}
    tile = {"label": label, "value": words.count(n), "note": words("{money} each", money=words.money(spend))}
    if pd.isna(row.consumers_before) or not row.consumers_before:
        young = words("the data hold {n} days only", n=seen) if seen < days else words("no equal year before")
        text = words("**{n}** buyers in {days} days (AAC) × **{money}** each = GMV of {gmv}; {why}, so nothing compares.",
                     n=n, days=min(days, seen), money=words.money(spend), gmv=gmv, why=young)  # fmt: skip
        short = words("AAC {n}, {money} a buyer", n=n, money=words.money(spend))
        return fields | {"short": short, "text": text, "tile": tile}
    people, paid, sold = (row[c] / row[f"{c}_before"] - 1 for c in ("consumers", "spend_minor", "gmv_minor"))
    changes = {"people": words.signed_share(people), "paid": words.signed_share(paid), "sold": words.signed_share(sold)}
    tile["note"] = words("{share} in a year; {money} each", share=changes["people"], money=words.money(spend))
    text = words(
        "**{n}** buyers in {days} days (AAC, {people}) × **{money}** each ({paid}) = GMV of {gmv} ({sold}), against the "
        "{days} days before.", n=n, days=days, money=words.money(spend), gmv=gmv, **changes,
    )  # fmt: skip
    short = words("AAC {people}, spend per buyer {paid}", **_pick(changes, "people", "paid"))
    step = words("Win buyers back first: fewer buyers carry the GMV.") if people < -NOTICEABLE else None
    return fields | {"short": short, "text": text, "tile": tile, "verdict": _judged(people), "next_step": step,
                     "compared": {"label": words("the year before"), "value": float(row.consumers_before)}}  # fmt: skip


def worth(sums: pd.DataFrame, brand: pd.DataFrame, words: Words) -> dict[str, Any]:
    """What formats bring, and why their buyers add to more than the brand's. sums: `overlaps.versus` by business, as shown."""
    row = brand.iloc[0] if len(brand) else None
    base: dict[str, Any] = {"kind": "counted", "short": words("GMV by format")}
    if not formats(sums.business):
        return base | {"text": words("No purchase carries a format, so all of GMV stands in one row.")}
    known = sums[sums.gmv_minor.notna()]
    if known.empty or row is None or pd.isna(row.consumers) or not row.gmv_minor:
        return base | {"text": words("Too few buyers to show what each format brings.")}
    first = known.loc[known.gmv_minor.idxmax()]
    share, name = words.share(first.gmv_minor / row.gmv_minor), named(first.business, words)
    text = words("**{name}** brings most: {share} of GMV, {n} buyers × {money}.", name=name, share=share,
                 n=int(first.consumers), money=words.money(round(first.spend_minor)))  # fmt: skip
    if sums.consumers.notna().all() and len(sums) > 1:
        both, once = int(sums.consumers.sum()), int(row.consumers)
        more = words("Formats count {both} buyers together, **{more} ({share}) more** than the brand's {once}: whoever buys in "
                     "several is counted in each of them.", both=both, more=both - once, once=once,
                     share=words.share(both / once - 1))  # fmt: skip
        text = joined(text, more)
    short = fitting(words("{name} brings {share} of GMV", name=name, share=share), name)
    return base | {"value": float(first.gmv_minor / row.gmv_minor), "unit": "share", "short": short, "text": text}


def overlap(only: pd.DataFrame, brand: pd.DataFrame, words: Words) -> dict[str, Any]:
    """How many buy in several formats, and what they bring. only: `overlaps.only`, brand: the brand's row, as shown."""
    row = brand.iloc[0] if len(brand) else None
    base: dict[str, Any] = {"kind": "counted", "short": words("Buyers by combination of formats")}
    if len(formats(only.business)) < 2:
        return base | {"text": words("Fewer than two formats are on record, so nobody can be seen in several.")}
    if row is None or pd.isna(row.consumers) or only.consumers.isna().any() or not row.consumers or not row.gmv_minor:
        return base | {"text": words("Too few buyers of some formats alone to show how many buy in several.")}
    several, paid = 1 - only.consumers.sum() / row.consumers, 1 - only.gmv_minor.sum() / row.gmv_minor
    n = int(row.consumers - only.consumers.sum())
    if 0 < n < words.threshold:
        return base | {"text": words("Too few buyers of several formats to show how many there are.")}
    ratio = (paid / several) / ((1 - paid) / (1 - several)) if 0 < several < 1 and paid < 1 else None
    text = words("**{share}** of buyers ({n}) bought in more than one format and brought **{paid}** of GMV", n=n,
                 share=words.share(several), paid=words.share(paid))  # fmt: skip
    text += words("; each spent {x} times as much as a buyer of one (who buys often has more chances to be in several).",
                  x=words.number(ratio)) if ratio else words(".")  # fmt: skip
    short = words("{share} buy in several formats, {paid} of GMV", share=words.share(several), paid=words.share(paid))
    return base | {"value": float(several), "unit": "share", "n": int(row.consumers), "short": short, "text": text}


def alone(only: pd.DataFrame, sums: pd.DataFrame, words: Words) -> dict[str, Any]:
    """Who is reached through one format alone: the format that would take most of its own buyers with it."""
    base: dict[str, Any] = {"kind": "counted", "short": words("People reached through one format alone")}
    if len(formats(only.business)) < 2:
        return base | {"text": words("Fewer than two formats are on record, so everybody is reached through one.")}
    frame = only.merge(sums[["business", "consumers"]].rename(columns={"consumers": "buyers"}), on="business")
    frame = frame[frame.consumers.notna() & frame.buyers.notna() & (frame.buyers > 0).fillna(False)]
    if frame.empty:
        return base | {"text": words("Nobody, or too few to show, was reached through one format alone.")}
    part = (frame.consumers / frame.buyers).astype(float)
    most, least = frame.loc[part.idxmax()], frame.loc[part.idxmin()]
    text = words("**{n}** of the {buyers} buyers of **{name}** ({share}) bought nowhere else: without it the brand would have "
                 "met none of them.", n=int(most.consumers), buyers=int(most.buyers), name=named(most.business, words),
                 share=words.share(part.max()))  # fmt: skip
    if len(frame) > 1:
        other = named(least.business, words)
        text = joined(text, words("Least exclusive is {name}: {share}.", name=other, share=words.share(part.min())))
    name = named(most.business, words)
    short = fitting(
        words("{name}: {share} of its buyers buy only there", name=name, share=words.share(part.max())), name
    )
    return base | {"value": float(part.max()), "unit": "share", "n": int(most.buyers), "short": short, "text": text}


def standing(stock: pd.DataFrame, now: date, before: date | None, words: Words) -> dict[str, Any]:
    """Consumer assets by format. stock: `entities.stock_by_entity`, as shown; before: a day that compares, else None."""
    base: dict[str, Any] = {"kind": "counted", "short": words("Consumer assets by format")}
    held = stock.pivot_table(index="entity", columns="day", values="consumers", aggfunc=lambda c: c.sum(skipna=False))
    if now not in held or held[now].dropna().empty:
        return base | {"text": words("No behaviour names a format, or too few consumers to show.")}
    name, n = held[now].astype("Float64").idxmax(), int(held[now].max())
    called = named(str(name), words)
    figures: dict[str, Any] = {"name": called, "n": n}
    fields = {
        "value": n,
        "unit": "consumers",
        "short": fitting(words("{name} holds {n} consumers", **figures), called),
    }
    earlier = held[before][name] if before in held else pd.NA
    if pd.isna(earlier) or not earlier:
        return base | fields | {"text": words("**{name}** holds most consumers: **{n}** at any stage.", **figures)}
    share = n / int(earlier) - 1
    text = words("**{name}** holds most consumers: **{n}** at any stage, {share} on {day}.", share=words.signed_share(share, 1),
                 day=before, **figures)  # fmt: skip
    return base | fields | {"text": text, "verdict": "none" if _judged(share) == "careful" else _judged(share),
                            "compared": {"label": words.day(before), "value": float(earlier)}}  # fmt: skip


def _span(estimate: Any, words: Words) -> str:
    low, high = (words.signed_money(round(x)) for x in (estimate.low, estimate.high))
    return words("{low} to {high}", low=low, high=high)


def _judged(share: float) -> str:
    return "ahead" if share > NOTICEABLE else "behind" if share < -NOTICEABLE else "careful"


def _pick(values: "dict[str, str]", *names: str) -> "dict[str, str]":
    return {name: values[name] for name in names}
