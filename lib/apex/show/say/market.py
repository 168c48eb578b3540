"""What `1_insight/market` says of the market and our part in it: its growth, our share, and what moved our GMV.

Functions take what may be shown (suppressed figures are missing) and return the fields of a finding.
"""

from datetime import date
from typing import Any

import pandas as pd

from apex.show.say.wording import fitting
from apex.show.words import Words, is_missing


def points(difference: float, words: Words) -> str:
    """A difference of two shares in percentage points, with its sign."""
    return words("{n} points", n=bare(difference, words))


def bare(difference: float, words: Words) -> str:
    """The same without its unit."""
    size = words.number(abs(difference) * 100, 1)
    return ("" if size == "0" else "+" if difference > 0 else "−") + size


def standing(
    sizes: pd.DataFrame, changes: pd.DataFrame, split: pd.DataFrame, compared: Any, category: str, words: Words
) -> dict[str, Any]:
    """The headline: the category's growth against ours, and what became of our share.

    sizes: the frame of `model.share.shares`; changes: that of `changes` with a column against; split: that of `split`.
    """
    row = _window(sizes, compared.now)
    if row is None or is_missing(row.buyers) or not row.buyers:
        return _nothing(category, words)
    days = (compared.now[1] - compared.now[0]).days + 1
    share, name = words.share(row.share, 1), plain_category(category)
    tile = {"label": words("Share of the category"), "value": share, "note": ""}
    fields: dict[str, Any] = {"kind": "model", "value": float(row.share), "unit": "share", "n": int(row.buyers_brand)}
    if not is_missing(row.low):
        fields |= {"low": float(row.low), "high": float(row.high)}
    change = _measures(changes, "before")
    before = None if compared.before is None else _window(sizes, compared.before)
    if before is None or "share" not in change.index:
        text = words("We have **{share}** of what {category} sells ({money} in {n} days{interval}); no window before compares.",
                     share=share, category=name, money=words.money(row.gmv_minor), n=days,
                     interval=_interval(row.low, row.high, words))  # fmt: skip
        step = words("Read the share again after as many days: one window alone says nothing of its direction.")
        return fields | {"short": fitting(words("We have {share} of {category}", share=share, category=name), name),
                         "text": text, "tile": tile, "next_step": step}  # fmt: skip
    moved, grown, ours = change.loc["share"], change.value["category"], change.value["brand"]
    clear = not is_missing(moved.low) and (moved.low > 0 or moved.high < 0)
    verdict = "careful" if not clear else "ahead" if moved.value > 0 else "behind"
    tile["note"] = words("{points} on the {n} days before", points=points(moved.value, words), n=days)
    told = {"category": name, "grown": words.signed_share(grown), "ours": words.signed_share(ours), "n": days,
            "before": words.share(before.share, 1), "share": share, "points": points(moved.value, words)}  # fmt: skip
    if is_missing(moved.low):
        text = words("{category} {grown}, we {ours} on the {n} days before: our share went from {before} to **{share}** "
                     "(**{points}**; too few of our buyers for an interval).", **told)  # fmt: skip
    else:
        text = words("{category} {grown}, we {ours} on the {n} days before: our share went from {before} to **{share}** "
                     "(**{points}**{interval}).", **told, interval=_interval(moved.low, moved.high, words, bare))  # fmt: skip
    short = {
        "ahead": words("Share rose to {share}; category {grown}, we {ours}", **told),
        "behind": words("Share fell to {share}; category {grown}, we {ours}", **told),
        "careful": words("Share steady at {share}; category {grown}, we {ours}", **told),
    }[verdict]
    lost = split.gmv_minor[split.part == "share"].sum() if len(split) else 0.0
    return fields | {
        "verdict": verdict, "short": short, "text": text, "tile": tile, "next_step": _step(verdict, split, words),
        "compared": {"label": words("{n} days before", n=days), "value": float(before.share)},
        "at_stake_minor": round(-lost) if verdict == "behind" and lost < 0 else None,
    }  # fmt: skip


def year(sizes: pd.DataFrame, changes: pd.DataFrame, compared: Any, words: Words) -> dict[str, Any] | None:
    """The same days a year before. None where they are not in the data or may not be shown."""
    change = _measures(changes, "year")
    if compared.year is None or "share" not in change.index:
        return None
    moved, before = change.loc["share"], _window(sizes, compared.year)
    told = {"grown": words.signed_share(change.value["category"]), "ours": words.signed_share(change.value["brand"]),
            "points": points(moved.value, words), "interval": _interval(moved.low, moved.high, words, bare)}  # fmt: skip
    clear = not is_missing(moved.low) and (moved.low > 0 or moved.high < 0)
    return {
        "kind": "model", "value": float(moved.value), "unit": "share", "n": int(moved.n),
        "verdict": "careful" if not clear else "ahead" if moved.value > 0 else "behind",
        "short": words("On last year: category {grown}, we {ours}", **told),
        "text": words("On the same days of last year the category {grown}, we **{ours}**; our share **{points}**{interval}.",
                      **told),
        "compared": {"label": words("same days last year"), "value": None if before is None else float(before.share)},
    }  # fmt: skip


def split(parts: pd.DataFrame, words: Words) -> dict[str, Any]:
    """What moved our GMV: the market or our share. parts: the frame of `model.share.split`."""
    if parts.empty:
        text = words("Without sales in both windows, or with too few buyers, the change of our GMV cannot be split.")
        return {"kind": "not identified", "short": words("The change of our GMV cannot be split"), "text": text}
    whole = parts.gmv_minor.sum()
    market, share = (parts.gmv_minor[parts.part == part].sum() for part in ("market", "share"))
    most = parts.loc[parts.gmv_minor.abs().idxmax()]
    told = {"whole": words.signed_money(round(whole)), "market": words.signed_money(round(market)),
            "share": words.signed_money(round(share)), "factor": factor(str(most.factor), words),
            "money": words.signed_money(round(most.gmv_minor))}  # fmt: skip
    text = words("Our GMV changed by **{whole}**: {market} with the market, {share} with our share of it; most with "
                 "{factor} ({money}).", **told)  # fmt: skip
    short = (
        words("The market moved our GMV more than our share")
        if abs(market) > abs(share)
        else words("Our share moved our GMV more than the market")
    )
    return {"kind": "counted", "value": float(whole), "unit": "money_minor", "short": short, "text": text}


def factor(name: str, words: Words) -> str:
    """A factor of the split as people say it."""
    return {
        "category_buyers": words("buyers of the category"),
        "category_spend": words("spend per category buyer"),
        "buyer_share": words("our share of its buyers"),
        "spend_index": words("our buyers' relative spend"),
    }[name]


def plain_category(category: str) -> str:
    """A category's name as it stands in a sentence: codes in capitals are written like words."""
    return category.capitalize() if category.isupper() else category


def growth_bars(changes: pd.DataFrame, words: Words) -> pd.DataFrame:
    """Growth of category and brand against each earlier window, as bars: label, value, low, high."""
    grown = changes[changes.measure.isin(["category", "brand"])]
    grown = grown.sort_values(["against", "measure"], ascending=[True, False])
    labels = {("category", "before"): words("Category, period before"),
              ("category", "year"): words("Category, last year"),
              ("brand", "before"): words("We, period before"), ("brand", "year"): words("We, last year")}  # fmt: skip
    named = [labels[str(m), str(a)] for m, a in zip(grown.measure, grown.against, strict=True)]
    return pd.DataFrame({"label": named, **{c: grown[c].to_numpy() for c in ("value", "low", "high")}})


def share_line(sizes: pd.DataFrame, compared: Any) -> pd.DataFrame:
    """Our share along the windows that follow each other: day (a window's last), value, low, high (and suppressed)."""
    every = pd.DataFrame(compared.every, columns=["first_day", "last_day"])
    mine = sizes.merge(every, on=["first_day", "last_day"])
    return mine.rename(columns={"last_day": "day", "share": "value"})[["day", "value", "low", "high", "suppressed"]]


def split_bars(parts: pd.DataFrame, words: Words) -> pd.DataFrame:
    """The parts of the split as bars: label, value (minor units, whole)."""
    labels = [factor(str(name), words) for name in parts.factor]
    return pd.DataFrame({"label": labels, "value": parts.gmv_minor.round().astype("Int64")})


def _nothing(category: str, words: Words) -> dict[str, Any]:
    if not category:
        return {"kind": "not identified", "short": words("No sales yet, so no category"),
                "text": words("The brand has sold nothing by this day: it has no category, and so no market to look at."),
                "next_step": words("Look at who knows the brand already, on the page of consumer assets.")}  # fmt: skip
    return {"kind": "not identified", "short": words("The market cannot be shown"),
            "text": words("Too few buyers, or one other brand alone, in {category}: figures of the market would be figures of "
                          "single people or of that brand.", category=plain_category(category)),
            "next_step": words("Read the market over a longer window or a wider category.")}  # fmt: skip


def _step(verdict: str, parts: pd.DataFrame, words: Words) -> str:
    if verdict == "behind" and len(parts):
        share = parts[parts.part == "share"]
        if share.loc[share.gmv_minor.idxmin()].factor == "buyer_share":
            return words(
                "Win buyers back: fewer of the category's buyers buy from us; see below who left and for whom."
            )
        return words(
            "Raise the basket: our buyers stay but spend less with us than others do; look at price and range below."
        )
    if verdict == "ahead":
        return words("Keep what brought the share, and see below from whom it was won.")
    return words("Do not act on the share: chance alone moves it as far. Plan with the season and the switchers below.")


def _window(sizes: pd.DataFrame, window: tuple[date, date]) -> Any:
    rows = sizes[(sizes.first_day == window[0]) & (sizes.last_day == window[1])]
    return rows.iloc[0] if len(rows) else None


def _measures(changes: pd.DataFrame, against: str) -> pd.DataFrame:
    return changes[changes.against == against].set_index("measure")


def _interval(low: object, high: object, words: Words, write: Any = None) -> str:
    """ ", 95% interval … to …", or nothing where there is none."""
    if is_missing(low) or is_missing(high):
        return ""
    write = write or (lambda x, words: words.share(x, 1))
    return words(", 95% interval {low} to {high}", low=write(low, words), high=write(high, words))
