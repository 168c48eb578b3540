"""Tables and bars of `4_wrapup/intent`, in words: behaviours, cells, comparisons, groups, ranks."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from apex.show.words import MISSING, Words, is_missing


def behaviour(name: str, words: Words) -> str:
    """A behaviour as people say it."""
    return {
        "view": words("item viewed"), "dwell": words("stayed 30 seconds"), "content": words("content engaged with"),
        "search": words("brand searched"), "shop": words("shop visited"), "favourite": words("made a favourite"),
        "cart": words("put into the cart"), "follow": words("followed or joined"),
    }[name]  # fmt: skip


def cell(row: Any, messages: Mapping[str, str], words: Words) -> str:
    """A cell's name."""
    name = str(row.cell)
    if row.dimension == "all":
        return words("all who were met")
    if row.dimension == "status":
        return words("bought within the year") if name == "old" else words("had not bought within the year")
    if row.dimension == "site":
        return {"on": words("met on the platform"), "off": words("met outside the platform")}.get(
            name, words("not known")
        )
    if name == "?":
        return words("not known")
    return words("{creative} ({message})", creative=name, message=messages[name]) if name in messages else name


def cell_bars(cells: pd.DataFrame, messages: Mapping[str, str], words: Words) -> pd.DataFrame:
    """Bars of the cells that are told, in the order of the dimensions."""
    told = cells[cells["index"].notna()]
    order = {d: n for n, d in enumerate(("all", "status", "site", "crowd", "channel", "creative"))}
    told = told.assign(turn=told.dimension.map(order)).sort_values(["turn", "index"], ascending=[True, False])
    return pd.DataFrame({"label": [cell(r, messages, words) for r in told.itertuples()],
                         "value": told["index"].to_numpy(float), "low": told.low.to_numpy(float),
                         "high": told.high.to_numpy(float)})  # fmt: skip


def cell_rows(cells: pd.DataFrame, messages: Mapping[str, str], words: Words) -> pd.DataFrame:
    """All cells: kind, cell, n, index, span; what is too small says so."""
    kinds = {"all": words("All"), "status": words("New or old"), "site": words("Whole domain"), "crowd": words("Crowd"),
             "channel": words("Channel"), "creative": words("Creative")}  # fmt: skip
    cells = cells.sort_values("dimension", key=lambda c: c.map(list(kinds).index), kind="stable")
    few = {"too_few": words("too few"), "no_benchmark": words("no index")}
    return pd.DataFrame({
        "kind": [kinds[r.dimension] for r in cells.itertuples()], "cell": [cell(r, messages, words) for r in cells.itertuples()],
        "n": cells.n.to_numpy(), "suppressed": cells.suppressed.to_numpy() if "suppressed" in cells else False,
        "index": [few[r.cannot] if r.cannot else words.number(i, 0) for r, i in
                  zip(cells.itertuples(), cells["index"], strict=True)],
        "span": [MISSING if is_missing(r.low) else words("{low} to {high}", low=words.number(r.low, 0),
                                                         high=words.number(r.high, 0)) for r in cells.itertuples()],
    })  # fmt: skip


def compared_rows(compared: pd.DataFrame, words: Words) -> pd.DataFrame:
    """What the campaign added, by way of comparing: method, points, span, without, lift, treated, control."""
    names = {"held_out": words("Addressed beside left alone (drawn: lift)"),
             "weighted": words("Met beside others, weighted (model)"),
             "bare": words("Met beside not met, as it stands (no effect)")}  # fmt: skip
    rows = []
    compared = compared.sort_values("method", key=lambda c: c.map(list(names).index))
    for r in compared.itertuples():
        told = r.cannot == ""
        rows.append((names[r.method], words.number(r.effect, 0) if told else words("cannot be told"),
                     words("{low} to {high}", low=words.number(r.low, 0), high=words.number(r.high, 0)) if told else MISSING,
                     words.number(r.without, 0) if told else MISSING, words.signed_share(r.lift) if told else MISSING,
                     r.treated, r.control))  # fmt: skip
    found = pd.DataFrame(rows, columns=["method", "points", "span", "without", "lift", "treated", "control"])
    return found.assign(suppressed=compared.suppressed.to_numpy() if "suppressed" in compared else False)


def behaviour_rows(behaved: pd.DataFrame, words: Words) -> pd.DataFrame:
    """Behaviours: name, weight, span, share, others, ratio, after (people since); those that are not recorded say so."""
    rows = []
    for r in ordered(behaved).itertuples():
        seen = bool(r.seen)
        weight = MISSING if is_missing(r.weight) or not seen else words.share(r.weight)
        rows.append((behaviour(r.behaviour, words), weight if seen else words("not recorded"),
                     MISSING if weight == MISSING else words("{low} to {high}", low=words.share(r.weight_low),
                                                             high=words.share(r.weight_high)),
                     MISSING if not seen or is_missing(r.share) else words.share(r.share, 1),
                     MISSING if not seen or is_missing(r.others) else words.share(r.others, 1),
                     MISSING if not seen or is_missing(r.ratio) else words.number(r.ratio), r.after,
                     bool(getattr(r, "suppressed", False))))  # fmt: skip
    return pd.DataFrame(rows, columns=["name", "weight", "span", "share", "others", "ratio", "after", "suppressed"])


def group_bars(groups: pd.DataFrame, words: Words) -> pd.DataFrame:
    """Share that bought by group of chance, with 90 %; the mark is what was expected."""
    label = [words("group {n}", n=int(r.group)) if is_missing(r.n) else
             words("{n}: {people} people", n=int(r.group), people=r.n) for r in groups.itertuples()]  # fmt: skip
    return pd.DataFrame({
        "label": label,
        "value": groups.observed.to_numpy(float), "before": groups.expected.to_numpy(float), "low": groups.low.to_numpy(float),
        "high": groups.high.to_numpy(float),
    })  # fmt: skip


def rank_rows(ranks: pd.DataFrame, words: Words) -> pd.DataFrame:
    """Rank correlations: what, brands, rank, span."""
    names = {"intent": words("Intent, and buyers of the next 30 days"),
             "past": words("Earlier buyers, and buyers of the next 30 days"),
             "change": words("Change of intent, and change of buyers")}  # fmt: skip
    ranks = ranks.sort_values("what", key=lambda c: c.map(list(names).index))
    span = [
        words("{low} to {high}", low=correlation(r.low, words), high=correlation(r.high, words))
        for r in ranks.itertuples()
    ]
    return pd.DataFrame({
        "what": [names[w] for w in ranks.what], "brands": ranks.brands, "rank": [correlation(r, words) for r in ranks["rank"]],
        "span": span,
    })  # fmt: skip


def ordered(behaved: pd.DataFrame) -> pd.DataFrame:
    """Heaviest first, then as the definitions name them."""
    order = ["view", "dwell", "content", "search", "shop", "favourite", "cart", "follow"]
    turn = behaved.assign(turn=behaved.behaviour.map(order.index), heavy=behaved.weight.astype("Float64").fillna(-1.0))
    return turn.sort_values(["heavy", "turn"], ascending=[False, True])


def correlation(value: float, words: Words) -> str:
    """A correlation in words."""
    return MISSING if is_missing(value) else words.number(value, 2)
