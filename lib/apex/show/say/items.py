"""What `1_insight/items` says: where the goods stand in their life, what carries the next season, and how sure that is.

Every function takes what may be shown (suppressed figures are null) and returns the fields of a finding for
`run.finding(name, **fields)`. Names and frames are those of `apex.show.say.item_tables`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from apex.show.say.item_tables import NEW, NEXT, NOT_YET, measures, points
from apex.show.say.wording import after, fitting
from apex.show.words import Words

HIT, IDLE = "hit", "idle"
MOST = 0.5  # of the GMV: more of it on one stage is worth a word
LIKELY = 0.2  # a chance from which on an item is worth naming as the next


def portfolio(
    shelf: pd.DataFrame, before: pd.DataFrame, days: int, ago: int, step: Mapping[str, Any], words: Words
) -> dict[str, Any]:
    """The headline: how many items, how much of the GMV hits bring, and what is next.

    shelf, before: frames of `measure.item_life.portfolio`, now and `ago` days before (may be empty). step: the finding of
    `forecast`, which lends its next step.
    """
    fields: dict[str, Any] = {"kind": "counted", **({"next_step": step["next_step"]} if step.get("next_step") else {})}
    number = int(shelf["items"].sum()) if len(shelf) else 0
    if not number:
        return {"kind": "counted", "short": words("No item on the shelf"),
                "text": words("The data know no item of the brand that was launched or sold.")}  # fmt: skip
    hits, idle = (int(shelf["items"][shelf.stage == stage].sum()) for stage in (HIT, IDLE))
    share, then = _share(shelf, HIT), _share(before, HIT) if len(before) else None
    if share is None:
        text = words("**{hits}** of {n} items are hits, **{idle}** sold nothing in the last {days} days; how much the stages "
                     "bring is of too few buyers to be told.", hits=hits, n=number, idle=idle, days=days)  # fmt: skip
        return fields | {"value": float(hits), "n": number, "text": text,
                         "short": words("{hits} of {n} items are hits", hits=hits, n=number)}  # fmt: skip
    text = words(
        "**{hits}** of {n} items are hits and bring **{share}** of the GMV of the last {days} days; **{idle}** sold nothing.",
        hits=hits, n=number, share=words.share(share), days=days, idle=idle,
    )  # fmt: skip
    fields |= {"value": share, "unit": "share", "n": number, "verdict": "careful" if share > MOST else "none"}
    if then is not None:
        text = after(text, words("{days} days before, hits brought {share}.", days=ago, share=words.share(then)), words)
        fields["compared"] = {"label": words("{n} days before", n=ago), "value": then}
    if share > MOST:
        text = after(text, words("That hangs on few items."), words)
    tile = {
        "label": words("GMV from hits"),
        "value": words.share(share),
        "note": words("{hits} of {n} items", hits=hits, n=number),
    }
    short = words("{hits} hits of {n} items bring {share} of GMV", hits=hits, n=number, share=words.share(share))
    return fields | {"short": fitting(short), "text": text, "tile": tile}


def _share(shelf: pd.DataFrame, stage: str) -> float | None:
    """A stage's share of the GMV; None where some of it is hidden or nothing was sold."""
    if shelf.gmv_minor.isna().any() or not shelf.gmv_minor.sum():
        return None
    return float(shelf.gmv_minor[shelf.stage == stage].sum() / shelf.gmv_minor.sum())


def forecast(chances: pd.DataFrame, days: int, top: float, words: Words) -> dict[str, Any]:
    """Which of our items is most likely to be a hit. chances: the frame of `item_tables.chances`; top: what a hit is."""
    known = chances[chances.chance.notna()] if len(chances) else chances
    if known.empty:
        return {"kind": "not identified", "short": words("No forecast of the next hit"),
                "text": words("Too few hits are known, or no item of ours that is none yet may be shown: nothing is foretold."),
                "next_step": words("Let launches run until their first {n} days can be judged.", n=days)}  # fmt: skip
    best = known.iloc[0]
    values = {"item": best["item"], "chance": words.share(best.chance), "low": words.share(best.low),
              "high": words.share(best.high), "top": words.share(1 - top), "n": int(best.learned),
              "what": best["what"]}  # fmt: skip
    text = words(
        "Most likely to be a hit {what} (among the upper {top} of its category): **{item}**, **{chance}** (95%: {low} to {high}; "
        "learned from {n} outcomes of the market).", **values
    )  # fmt: skip
    likely = int((known.chance >= LIKELY).sum())
    fields: dict[str, Any] = {"kind": "model", "value": float(best.chance), "unit": "share", "low": float(best.low),
                              "high": float(best.high), "n": int(best.learned)}  # fmt: skip
    if best.chance < LIKELY:
        step = words(
            "No item that is no hit yet is likely to become one: prepare a launch, or back the hits there are."
        )
        return fields | {"verdict": "behind", "text": text, "next_step": step,
                         "short": words("No likely hit among the rest")}  # fmt: skip
    step = words("Give {item} room first: traffic and stock before the others.", item=best["item"])
    short = words("{item}: {chance} to be a hit", item=best["item"], chance=values["chance"])
    text = after(text, words("{n} of our items stand at {share} or more.", n=likely, share=words.share(LIKELY)), words)
    return fields | {"verdict": "careful", "short": fitting(short, best["item"]), "text": text, "next_step": step}


def precision(tests: pd.DataFrame, days: int, top: int, words: Words) -> dict[str, Any]:
    """How often the forecast was right, beside best sellers now. tests: of `model.hit_tests`; days: which test."""
    part = tests[tests.days == days].set_index("ranking")
    if part.empty:
        return {"kind": "not identified", "short": words("The forecast could not be tested"),
                "text": words("Too few hits lie behind: the forecast cannot be held against anything.")}  # fmt: skip
    model, sales = part.loc["model"], part.loc["sales"]
    values = {
        "top": top, "model": words.share(model.precision), "low": words.share(model.low), "high": words.share(model.high),
        "sales": words.share(sales.precision), "sales_low": words.share(sales.low), "sales_high": words.share(sales.high),
        "base": words.share(model.base, 1), "ceiling": words.share(model.ceiling), "n": int(model.origins),
        "candidates": int(model.candidates),
    }  # fmt: skip
    if days == NEXT:
        text = words("On {n} past days the model named {top} items that were no hits: **{model}** were in the next period "
                     "(95%: {low} "
                     "to {high}). Best sellers now: **{sales}** ({sales_low} to {sales_high}); by lot {base}, at best {ceiling}.",
                     **values)  # fmt: skip
    else:
        text = words("Of {candidates} launches the {top} that the model named were hits in **{model}** (95%: {low} to "
                     "{high}), the best "
                     "sellers of the first days in **{sales}** ({sales_low} to {sales_high}); by lot {base}, at best {ceiling}.",
                     **values) if model.origins == 1 else words(
                     "On {n} past days the model named {top} launches: **{model}** became hits (95%: {low} to {high}). "
                     "Best sellers "
                     "of the first days: **{sales}** ({sales_low} to {sales_high}); by lot {base}, at best {ceiling}.",
                     **values)  # fmt: skip
    gain = points(sales.gain, sales.gain_low, sales.gain_high, words)
    ahead, behind = sales.gain_low > 0, sales.gain_high < 0
    said = words("The difference may be chance: {gain}.", gain=gain)
    if ahead or behind:
        said = (
            words("The model is ahead: {gain}.", gain=gain)
            if ahead
            else words("The model is behind: {gain}.", gain=gain)
        )
    fields: dict[str, Any] = {
        "kind": "model", "value": float(model.precision), "unit": "share", "low": float(model.low), "high": float(model.high),
        "n": int(model.picks), "compared": {"label": words("Best sellers now"), "value": float(sales.precision)},
        "verdict": "ahead" if ahead else "behind" if behind else "careful",
    }  # fmt: skip
    others = part.drop(["model", "sales"])
    rules = {"near": words("sales over the category's standard"), "percentile": words("rank in the category"),
             "brand": words("size of the brand before"), "views": words("views of the first days"),
             "carts": words("carts of the first days"), "favourites": words("favourites of the first days"),
             "samples": words("samples of the first days"), "new": words("share of new customers")}  # fmt: skip
    if len(others):
        rival = others.precision.idxmax()
        said = after(said, words("The best other plain rule, {rule}, had {share}.", rule=rules[str(rival)],
                                  share=words.share(others.precision[rival])), words)  # fmt: skip
    strict = tests[tests.days == NEW].set_index("ranking")
    if days == NEXT and len(strict):
        held = strict.loc["sales"]
        apart = points(held.gain, held.gain_low, held.gain_high, words)
        shares = {"model": words.share(strict.precision["model"]), "sales": words.share(strict.precision["sales"])}
        said = after(said, words("Of items that were no hits in the two periods before either: model {model}, best "
                                  "sellers {sales}; {gain}.", gain=apart, **shares), words)  # fmt: skip
    if days == NEXT:
        fields["tile"] = {"label": words("Forecast, top {n}", n=top), "value": values["model"],
                          "note": words("best sellers now {share}", share=values["sales"])}  # fmt: skip
        short = words(
            "Top {n}: model {model}, best sellers {sales}", n=top, model=values["model"], sales=values["sales"]
        )
    else:
        short = words("Launches: model {model}, best sellers {sales}", model=values["model"], sales=values["sales"])
        best = {"model": words("the forecast itself"), "sales": words("their sales"), **rules}[
            str(part.precision.idxmax())
        ]
        fields["next_step"] = words(
            "Rank launches after {n} days by {rule}: it was right most often.", n=days, rule=best
        )
    return fields | {"short": fitting(short), "text": after(text, said, words)}


def moves(
    moves: pd.DataFrame, periods: int, days: int, stages: Sequence[tuple[str, str]], words: Words
) -> dict[str, Any]:
    """How items moved between stages. moves: of `measure.item_life.moves`."""
    inner = moves[moves.from_stage.astype(str) != NOT_YET]
    total = int(inner["items"].sum())
    if not total:
        return {"kind": "counted", "short": words("No moves to show"),
                "text": words("One period only, or no item that was on the shelf before: nothing could move.")}  # fmt: skip
    moved = inner[inner.from_stage.astype(str) != inner.to_stage.astype(str)]
    changed, came = int(moved["items"].sum()), int(moved["items"][moved.to_stage == HIT].sum())
    left, fresh = int(moved["items"][moved.from_stage == HIT].sum()), int(moves["items"].sum()) - total
    text = words(
        "From one period of {days} days to the next, **{share}** of items changed stage ({changed} of {total}); "
        "**{came}** times an item "
        "became a hit, **{left}** times one ceased to be. {fresh} items came onto the shelf.",
        days=days, share=words.share(changed / total), changed=changed, total=total, came=came, left=left, fresh=fresh,
    )  # fmt: skip
    short = words("{came} became hits, {left} ceased to be", came=came, left=left)
    return {"kind": "counted", "value": changed / total, "unit": "share", "n": total, "short": short, "text": text,
            "verdict": "ahead" if came > left else "behind" if left > came else "none"}  # fmt: skip


def prices(shares: pd.DataFrame, bands: Mapping[str, str], rivals: int, words: Words) -> dict[str, Any]:
    """In which price band our sales differ most from the others'. shares: of `model.item_shares.bands`, as shown."""
    known = shares[shares.share.notna()]
    if known.empty:
        return {"kind": "counted", "short": words("No price bands to show"),
                "text": words("Nothing was sold in these days, or to too few, so price bands cannot be told.")}  # fmt: skip
    held = known[known.others_share.notna()]
    if held.empty:
        top = known.loc[known.share.astype(float).idxmax()]
        text = words("Most of our GMV, **{share}**, is in the band **{band}**; fewer than five other brands sold there, so the "
                     "market is not shown.", share=words.share(top.share), band=bands[str(top.band)])  # fmt: skip
        return {"kind": "counted", "value": float(top.share), "unit": "share", "n": int(known.orders.sum()), "text": text,
                "short": fitting(words("{band}: {share} of GMV", band=bands[str(top.band)],
                                       share=words.share(top.share)))}  # fmt: skip
    gap = (held.share - held.others_share).astype(float)
    row = held.loc[gap.abs().idxmax()]
    clear = pd.isna(row.low) or row.low > row.others_share or row.high < row.others_share
    values = {
        "band": bands[str(row.band)],
        "share": words.share(row.share),
        "others": words.share(row.others_share),
        "n": rivals,
    }
    text = words("Furthest from the market is the band **{band}**: **{share}** of our GMV against **{others}** of that of "
                 "the {n} other "
                 "brands in our categories.", **values)  # fmt: skip
    if not pd.isna(row.low):
        text = after(
            text,
            words("95% interval of ours: {low} to {high}.", low=words.share(row.low), high=words.share(row.high)),
            words,
        )
    empty = [bands[str(b)] for b in shares.band[(shares.gmv_minor == 0).fillna(False)]]
    if empty:
        text = after(text, words("In {bands} we sold nothing.", bands=words(", ").join(empty)), words)
    fields: dict[str, Any] = {
        "kind": "counted", "value": float(row.share), "unit": "share",
        "n": int(known.orders.sum()), "compared": {"label": words("Other brands"), "value": float(row.others_share)},
        "verdict": "careful" if clear else "none", "text": text,
        "short": fitting(words("{band}: {share} of our GMV, market {others}", **values)),
    }  # fmt: skip
    if not pd.isna(row.low):
        fields |= {"low": float(row.low), "high": float(row.high)}
    if row.share < row.others_share and clear:
        fields["next_step"] = words(
            "Look whether {band} deserves an item: the market sells {others} of its GMV there.", **values
        )
    return fields


def absent(gone: Sequence[str], censored: float, listed: float, words: Words) -> list[str]:
    """What the data would have to hold for what is left out."""
    names, found = measures(words), []
    needs = {"cover_days": words("goods in stock (table on_hand)"), "cart_percentile": words("page views and carts by item"),
             "sample_share": words("samples and sales by item")}  # fmt: skip
    for measure, need in needs.items():
        if measure in gone:
            found.append(words("Not known here: {what}; it needs {need}.", what=names[measure], need=need))
    if censored > 0:
        found.append(words("No launch day for {share} of the items: their age is counted from the first sale seen, and "
                           "those sold "
                           "from the start of the data on are taken for old.", share=words.share(censored)))  # fmt: skip
    if listed < 1:
        found.append(words("No list price for {share} of the items sold: what was paid a unit stands in its place.",
                           share=words.share(1 - listed)))  # fmt: skip
    return found
