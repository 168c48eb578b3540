"""What `1_insight/market` says of demand: the season that comes, what buyers pay, what they search for, and what is missing."""

from datetime import date
from math import isnan
from typing import Any

import pandas as pd
from babel.dates import get_day_names

from apex.show.say.wording import after
from apex.show.words import Words, is_missing


def season(
    found: Any,
    grown: Any,
    trend: Any,
    weekdays: pd.DataFrame,
    days: int,
    last: date,
    words: Words,
) -> dict[str, Any]:
    """What season comes and where the category drifts: by year where two years are there, else by weekday and trend."""
    day = ""
    if len(weekdays):
        best = weekdays.loc[weekdays.factor.idxmax()]
        name = get_day_names("wide", locale=words.language)[int(best.weekday)]
        day = words("{day} sells most, {factor} times a usual day", day=name, factor=words.number(best.factor, 2))
    if found is not None:
        peak = found.frame.iloc[: max(round(days / 7), 1)]
        peak = peak.loc[peak.factor.idxmax()]
        when = (pd.Timestamp(peak.day) + pd.DateOffset(years=1)).date()
        told = {"n": days, "factor": words.number(found.ahead, 2), "years": found.years,
                "strength": words.share(found.strength), "grown": _drift(grown, words)}  # fmt: skip
        text = words("The next {n} days usually sell **{factor}** times a usual stretch (season of {years} years; it explains "
                     "{strength} of the swings); year on year the category {grown}.", **told)  # fmt: skip
        step = None
        if peak.factor >= 1.2:
            step = words("Have stock, budget and audiences ready for the week to {day}: it usually sells {factor} times a usual "
                         "week.", day=when, factor=words.number(float(peak.factor)))  # fmt: skip
        return {"kind": "model", "value": found.ahead, "unit": "index", "n": found.years, "text": text, "next_step": step,
                "due": last if step else None, "verdict": "careful" if step else "none",
                "short": words("Season: the next {n} days sell {factor} × usual", **told),
                "tile": {"label": words("Season, next {n} days", n=days), "value": words("{x} ×", x=told["factor"]),
                         "note": words("year on year the category {grown}", grown=_drift(grown, words))}}  # fmt: skip
    if trend is None or not day:
        text = words("Too few weeks with sales in the category to tell a season or a trend.")
        return {"kind": "not identified", "short": words("No season can be told yet"), "text": text}
    text = words("Less than two years of data tell no yearly season. {day}; over these {n} weeks the category {grown} along a "
                 "straight line.", day=day, n=trend.n, grown=_drift(trend, words))  # fmt: skip
    clear = trend.low > 0 or trend.high < 0
    return {"kind": "model", "value": trend.value, "unit": "share", "low": trend.low, "high": trend.high, "n": trend.n,
            "text": text, "short": words("The category drifts {way} over {n} weeks", way=words.signed_share(trend.value),
                                         n=trend.n) if clear else words("The category shows no clear trend")}  # fmt: skip


def price(position: pd.DataFrame, words: Words) -> dict[str, Any]:
    """Where our price stands among what the category's buyers pay. position: the frame of `model.price.position`."""
    at = position.set_index("what").value
    if at.reindex(["ours", "low", "middle", "high", "below"]).isna().any():
        text = words("Too few buyers, of the category or of ours, to show a price position.")
        return {"kind": "not identified", "short": words("Too few buyers to place our price"), "text": text}
    ours, low, high = (float(at[k]) for k in ("ours", "low", "high"))
    told = {"ours": words.money(ours), "below": words.share(float(at["below"])), "middle": words.money(float(at["middle"])),
            "low": words.money(low), "high": words.money(high)}  # fmt: skip
    text = words("A unit of ours costs **{ours}**, more than **{below}** of the category's buyers pay on average; half of them "
                 "pay between {low} and {high}, the middle one {middle}.", **told)  # fmt: skip
    if not is_missing(at.get("fisher")):
        text = after(text, words("With the same mix of subcategories we are {gap} against the others (Fisher index).",
                            gap=words.signed_share(float(at["fisher"]) - 1)), words)  # fmt: skip
    elif not is_missing(at.get("raw")):
        text = after(text, words("Against the others' mean price we are {gap}, whatever the mix.",
                            gap=words.signed_share(float(at["raw"]) - 1)), words)  # fmt: skip
    short = words("Our price is above what {below} of buyers pay", **told)
    step = None
    if ours > high:
        step = words(
            "We stand in the dearest quarter: test a smaller pack or a coupon on switchers before any cut of price."
        )
    elif ours < low:
        step = words(
            "We stand in the cheapest quarter: test whether a dearer range loses anyone before more discounts."
        )
    return {"kind": "counted", "value": ours, "unit": "money_minor", "short": short, "text": text, "next_step": step,
            "compared": {"label": words("middle buyer of the category"), "value": float(at["middle"])},
            "tile": {"label": words("Price of a unit"), "value": told["ours"],
                     "note": words("above {below} of buyers", **told)}}  # fmt: skip


def searching(found: pd.DataFrame, sizes: pd.DataFrame, compared: Any, words: Words) -> dict[str, Any]:
    """Demand as searches. found: the frame of `measure.market.searches` as it may be shown; sizes: that of the shares."""
    mine = sizes[(sizes.first_day == compared.now[0]) & (sizes.last_day == compared.now[1])].share
    share = None if mine.empty or is_missing(mine.iloc[0]) else float(mine.iloc[0])
    now, before = _searches(found, compared.now), _searches(found, compared.before)
    if found.empty or not found.searches.fillna(1).sum():
        text = words("The data hold no searches, so demand before the purchase cannot be seen.")
        return {"kind": "not identified", "short": words("No searches in these data"), "text": text}
    told = {kind: words.suppressed() if is_missing(now.searches.get(kind)) else words.count(now.searches[kind])
            for kind in ("category", "us", "others")}  # fmt: skip
    change = {kind: _relative(now, before, kind, words) for kind in ("category", "us")}
    text = words("**{category}** searches in the category ({grown}) and **{us}** for our name ({ours}).",
                 **told, grown=change["category"], ours=change["us"])  # fmt: skip
    ours, others = now.searches.get("us"), now.searches.get("others")
    voice = None if is_missing(ours) or is_missing(others) or not ours + others else float(ours / (ours + others))
    short = words("Category searches {grown}, our name {ours}", grown=change["category"], ours=change["us"])
    total = now.searches.get("category")
    fields: dict[str, Any] = {"kind": "counted", "value": None if is_missing(total) else int(total), "short": short}
    if voice is not None and share is not None:
        text = after(text, words("Of searches by a brand's name **{voice}** are for us; our share of GMV is {share}.",
                            voice=words.share(voice, 1), share=words.share(share, 1)), words)  # fmt: skip
        if voice < share:
            fields["next_step"] = words("We are searched for less than we sell: media that make the name sought would feed the "
                                        "shelf we already have.")  # fmt: skip
        else:
            fields["next_step"] = words("We are searched for more than we sell: find out on our pages where those who seek us "
                                        "are lost.")  # fmt: skip
    return fields | {"text": text}


def lacking(
    compared: Any,
    yearly: Any,
    searched: pd.DataFrame,
    terms: pd.DataFrame,
    sold: Any,
    rivals: Any,
    words: Words,
) -> list[str]:
    """What the page would need and the data do not have, each with what it would take."""
    told = []
    if not rivals.enough:
        told.append(
            words("One other brand alone sells in the category: to show the market would be to show that brand.")
        )
    elif not rivals.best and rivals.category:
        told.append(words("The best five apart from the rest: that needs seven other brands in the category."))
    if compared.before is None:
        told.append(words("A window before: growth and change of share need data of two windows."))
    if compared.year is None:
        told.append(words("The same days of last year: they need data of more than a year."))
    if yearly is None:
        told.append(words("A yearly season: it needs two whole years of sales."))
    if not searched.searches.fillna(1).sum():
        told.append(words("Searches: they need a log of category and brand searches."))
    elif terms.empty:
        told.append(words("Search terms: the log of searches holds no words, only that somebody searched."))
    if isnan(sold.fisher) and not isnan(sold.ours):
        told.append(words("A price at the same mix: items carry no subcategory that others sell too."))
    return told


def weekday_bars(weekdays: pd.DataFrame, words: Words) -> pd.DataFrame:
    """Each weekday's sales, a usual day being 100, as bars: label, value."""
    names = get_day_names("wide", locale=words.language)
    return pd.DataFrame({"label": [names[int(n)] for n in weekdays.weekday], "value": 100 * weekdays.factor})


def price_bars(position: pd.DataFrame, words: Words) -> pd.DataFrame:
    """Our price among the quartiles of what buyers pay, as bars: label, value."""
    labels = {"low": words("a quarter pays at most"), "middle": words("middle buyer"),
              "high": words("a quarter pays at least"), "ours": words("a unit of ours")}  # fmt: skip
    shown = position.set_index("what").value.reindex(list(labels))
    return pd.DataFrame({"label": list(labels.values()), "value": shown.to_numpy()})


def search_bars(found: pd.DataFrame, compared: Any, words: Words) -> pd.DataFrame:
    """Searches now beside the window before, as bars: label, value, before (and suppressed)."""
    names = {
        "category": words("in the category"),
        "us": words("for our name"),
        "others": words("for other brands' names"),
    }
    now, before = (_searches(found, window) for window in (compared.now, compared.before))
    kinds = [kind for kind in names if kind in now.index]
    return pd.DataFrame({"label": [names[kind] for kind in kinds], "value": now.searches.reindex(kinds).to_numpy(),
                         "before": before.searches.reindex(kinds).to_numpy(),
                         "suppressed": now.suppressed.reindex(kinds).to_numpy()})  # fmt: skip


def _searches(found: pd.DataFrame, window: tuple[date, date] | None) -> pd.DataFrame:
    rows = found[(found.first_day == window[0]) & (found.last_day == window[1])] if window else found[:0]
    return rows.assign(kind=rows.kind.astype(str)).set_index("kind")


def _drift(found: Any, words: Words) -> str:
    if found is None or isnan(found.low):
        return words("cannot be told")
    return words("{change} ({low} to {high})", change=words.signed_share(found.value),
                 low=words.signed_share(found.low), high=words.signed_share(found.high))  # fmt: skip


def _relative(now: pd.DataFrame, before: pd.DataFrame, kind: str, words: Words) -> str:
    if is_missing(now.searches.get(kind)) or is_missing(before.searches.get(kind)) or not before.searches[kind]:
        return words("not compared")
    return words.signed_share(float(now.searches[kind] / before.searches[kind]) - 1)
