"""What `1_insight/members` says of buyers' value: whether the model could have known, where buyers stand, whom to win back.

Functions take what may be shown (suppressed figures are null) and return the fields of a finding, or frames for a table.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from apex.show.say.wording import fitting
from apex.show.words import Words

EARLY = 0.2  # of the buyers in the first month, from which on the page says so


def method(name: str, words: Words) -> str:
    """A way to forecast, as people say it."""
    return {
        "model": words("the model"), "last": words("as in the period before"), "cells": words("mean of the same RFM cell"),
        "actual": words("what came"),
    }[name]  # fmt: skip


def tested(errors: pd.DataFrame, days: int, words: Words) -> dict[str, Any]:
    """How far the model would have been off, beside its rivals. errors: the frame of `clv_check.errors`."""
    rows = errors[errors.measure == "money"].set_index("method") if len(errors) else errors
    base: dict[str, Any] = {"kind": "model"}
    if rows.empty or pd.isna(rows.bias.get("model")):
        return base | {"short": words("The model could not be tested"), "text": words(
            "The data are too short, or too few bought, to ask the model about a period whose outcome is known.")}  # fmt: skip
    row = rows.loc["model"]
    text = words("Asked {days} days earlier, the model would have been off by **{bias}** ({low} to {high}) in what the buyers of "
                 "that day brought since", days=days, bias=words.signed_share(row.bias, 1),
                 low=words.signed_share(row.bias_low, 1), high=words.signed_share(row.bias_high, 1))  # fmt: skip
    others = [m for m in ("last", "cells") if m in rows.index and not pd.isna(rows.bias[m])]
    for name in others:
        text += words("; {method}: {bias}", method=method(name, words), bias=words.signed_share(rows.bias[name], 1))
    closer = [m for m in others if abs(rows.bias[m]) < abs(row.bias)]
    nearer = [m for m in others if rows.rmse[m] < row.rmse]
    text += words(". Buyer by buyer it is the nearest of the three.") if others and not nearer else words(".")
    if closer:
        text += words(" In total {method} was nearer.", method=words(", ").join(method(m, words) for m in closer))
    if nearer:
        text += words(" Buyer by buyer {method} was nearer.", method=words(", ").join(method(m, words) for m in nearer))
    good = row.bias_low <= 0 <= row.bias_high and not nearer
    tile = {"label": words("Error of the model in total"), "value": words.signed_share(row.bias, 1),
            "note": words("asked {n} days earlier", n=days)}  # fmt: skip
    short = words("The model was off by {bias} in {n} days", bias=words.signed_share(row.bias, 1), n=days)
    return base | {"value": float(row.bias), "low": float(row.bias_low), "high": float(row.bias_high), "unit": "share",
                   "n": int(row.n), "text": text, "short": fitting(short), "tile": tile,
                   "verdict": "ahead" if good else "careful"}  # fmt: skip


def rhythm(model: Any, words: Words) -> dict[str, Any]:
    """How often buyers buy, and how many leave for good. model: a `model.lifetime.Lifetime`, or None."""
    base: dict[str, Any] = {"kind": "model"}
    if model is None:
        return base | {"short": words("No rhythm can be told"), "text": words(
            "Too few have bought, or bought again, to tell how often buyers buy.")}  # fmt: skip
    middle, often, leaves = model.rhythm.every(0.5), model.rhythm.every(0.9), model.rhythm.leaves
    text = words("While active, the middle buyer buys every **{middle}** days and the keenest tenth at least every {often} days; "
                 "after a purchase **{leaves}** are gone for good. A purchase brings {money} on average.",
                 middle=round(middle), often=round(often), leaves=words.share(leaves, 1),
                 money=words.money(round(float(model.buyers.value_minor.sum() / model.buyers.days.sum()))))  # fmt: skip
    if model.early > EARLY:
        text += words(" {share} of the buyers were first seen in the data's first month and will have bought before: they are "
                      "taken for newer than they are.", share=words.share(model.early))  # fmt: skip
    if not model.clock.knows_season:
        text += words(" The data are shorter than a year, so that the coming days have no season.")
    short = words("The middle buyer buys every {middle} days", middle=round(middle))
    return base | {"value": middle, "unit": "days", "n": int(model.rhythm.n), "text": text, "short": short}


def errors_table(errors: pd.DataFrame, words: Words) -> pd.DataFrame:
    """The frame of `clv_check.errors` for a table: label, total, bias, low, high, mae, rmse as texts in their units."""
    names = {"purchases": words("Purchases"), "money": words("GMV")}

    def written(row: Any, value: float, digits: int = 2) -> str:
        return (
            words.money(round(value)) if row.measure == "money" and not pd.isna(value) else words.number(value, digits)
        )

    rows = [
        {"label": words("{what}: {level}", what=names[row.measure], level=method(row.method, words)),
         "total": written(row, row.total, 0), "actual": written(row, row.actual, 0), "bias": words.signed_share(row.bias, 1),
         "span": words("{low} to {high}", low=words.signed_share(row.bias_low, 1), high=words.signed_share(row.bias_high, 1)),
         "mae": written(row, row.mae), "rmse": written(row, row.rmse)}
        for row in errors.itertuples()
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["label", "total", "actual", "bias", "span", "mae", "rmse"])


def errors_heads(words: Words) -> dict[str, tuple[str, Any]]:
    """The columns of that table; figures are texts already."""
    return {
        "label": (words("Forecast"), "text"), "total": (words("Forecast in total"), str), "actual": (words("What came"), str),
        "bias": (words("Off in total"), str), "span": (words("Interval"), str),
        "mae": (words("Absolute error a buyer"), str), "rmse": (words("Root mean square error"), str),
    }  # fmt: skip


def tenths(groups: pd.DataFrame, words: Words) -> pd.DataFrame:
    """The frame of `clv_check.tenths` as bars: label, value (what came), before (the forecast), low, high."""
    labels = [words("tenth {n}", n=int(g)) for g in groups.group]
    return _bars(groups.assign(label=labels))


def silence(groups: pd.DataFrame, words: Words) -> dict[str, Any]:
    """Whether those who were silent for longer than is usual brought less than their rhythm promised."""
    base: dict[str, Any] = {"kind": "counted"}
    rare = groups[(groups.group <= 0.2) & groups.actual.notna()]
    if rare.empty or rare.buyers.sum() < 30:
        return base | {"short": words("Too few silent buyers to say what silence means"), "text": words(
            "Too few buyers had been silent for longer than is usual to say whether silence means loss.")}  # fmt: skip
    n = rare.buyers.astype(float)
    promised, came = float((rare.forecast * n).sum()), float((rare.actual * n).sum())
    half = float(((((rare.high - rare.low) / 2) * n) ** 2).sum() ** 0.5)
    share, low, high = came / promised, (came - half) / promised, (came + half) / promised
    text = words("Buyers who had been silent for longer than four in five of the active would be ({n}) later brought **{share}** "
                 "({low} to {high}) of what their rhythm promised", n=int(n.sum()), share=words.share(share),
                 low=words.share(max(low, 0)), high=words.share(high))  # fmt: skip
    if high < 1:
        text += words(": here silence means loss.")
        verdict, short = "behind", words("Silence means loss: {share} of the promise came", share=words.share(share))
    elif low > 1:
        text += words(": here the silent come back.")
        verdict, short = "ahead", words("The silent come back: {share} of the promise", share=words.share(share))
    else:
        text += words(": here silence alone does not tell loss from chance.")
        verdict, short = "none", words("Silence alone does not mean loss ({share} came)", share=words.share(share))
    return base | {"value": share, "low": max(low, 0.0), "high": high, "unit": "share", "n": int(n.sum()), "text": text,
                   "verdict": verdict, "short": fitting(short)}  # fmt: skip


def silences(groups: pd.DataFrame, words: Words) -> pd.DataFrame:
    """The frame of `clv_check.by_silence` as bars, the most unusual silence first."""
    ends = [0.0, *groups.group]
    labels = [
        words("{low} to {high}", low=words.share(a), high=words.share(b))
        for a, b in zip(ends, groups.group, strict=False)
    ]
    return _bars(groups.assign(label=labels))


def recall(
    groups: pd.DataFrame, whole: pd.DataFrame, quiet: Mapping[str, Any], ahead: int, words: Words
) -> dict[str, Any]:
    """Whom to win back, and the money at stake.

    whole: falling, silent, lost_minor, silent_minor of all, one row or none; groups: the same by crowd, with a label. quiet:
    the finding of `silence`.
    """
    base: dict[str, Any] = {"kind": "model", "verdict": "none"}
    if whole.empty or whole.falling.isna().all():
        return base | {"short": words("Nobody to win back can be shown"), "text": words(
            "Too few valuable buyers to show whom to win back.")}  # fmt: skip
    lost, people = int(whole.lost_minor.iloc[0]), int(whole.falling.iloc[0])
    if people:
        text = words("**{n}** valuable buyers are less likely to be active than before; what they would bring in {days} days if "
                     "they were, beyond what is expected, is **{money}**.", n=people, days=ahead,
                     money=words.money(lost))  # fmt: skip
        step = words("Win back {n} valuable buyers.", n=people)
        known = groups[groups.lost_minor.notna() & (groups.falling > 0)]
        if len(known):
            top = known.loc[known.lost_minor.astype(float).idxmax()]
            step = words("Win back {n} valuable buyers, {crowd} first.", n=people, crowd=top.label)
        short = words("{n} to win back, {money} at stake", n=people, money=words.money_short(lost))
        return base | {"value": float(lost), "unit": "money_minor", "n": people, "text": text, "next_step": step,
                       "at_stake_minor": lost, "verdict": "behind", "short": fitting(short)}  # fmt: skip
    silent, money = int(whole.silent.iloc[0]), int(whole.silent_minor.iloc[0])
    text = words(
        "The model finds nobody of value whose chance of being active fell: buyers come back after long silences."
    )
    if silent:
        text += words(" Silent for longer than nine in ten of the active would be: {n} valuable buyers, of whom {money} is "
                      "expected in {days} days.", n=silent, money=words.money(money), days=ahead)  # fmt: skip
    fields = base | {"text": text, "short": words("Nobody of value is about to be lost for good")}
    if quiet.get("verdict") == "behind" and silent:
        at_stake = round(money * (1 - quiet["value"]))
        text += words(" Since silence has meant loss here, {money} of it is at stake.", money=words.money(at_stake))
        fields |= {"verdict": "careful", "at_stake_minor": at_stake, "text": text,
                   "short": words("{n} valuable buyers are unusually silent", n=silent),
                   "next_step": words("Remind the {n} valuable buyers who are unusually silent.", n=silent)}  # fmt: skip
    return fields


def recall_heads(groups: pd.DataFrame, words: Words) -> dict[str, tuple[str, str]]:
    """The columns of the table of crowds to win back; those of falling chances only where some fell."""
    fell = {"falling": (words("Less likely active"), "count"), "lost_minor": (words("At stake"), "money")}
    return {
        "label": (words("Crowd"), "text"), "buyers": (words("Buyers"), "count"), **(fell if groups.falling.sum() else {}),
        "silent": (words("Unusually silent"), "count"), "silent_minor": (words("Expected of them"), "money"),
    }  # fmt: skip


def cells(
    moves: pd.DataFrame, sizes: pd.DataFrame, names: Mapping[str, str], days: int, words: Words
) -> dict[str, Any]:
    """Where buyers stand by RFM, and how many went quiet. moves: from_cell, to_cell, consumers; sizes: cell, buyers."""
    base: dict[str, Any] = {"kind": "counted"}
    best = sizes[sizes.cell.astype(str).isin(["111", "011"])].set_index("cell")
    if len(best) < 2 or best.buyers.isna().any() or not best.buyers.sum():
        return base | {"short": words("Too few buyers to tell RFM cells apart"), "text": words(
            "Nobody, or too few, stand in the most valuable cells to show who moved.")}  # fmt: skip
    n, quiet = int(best.buyers["111"]), int(best.buyers["011"])
    text = words(
        "**{n}** buyers are “{best}” and **{quiet}** “{keep}”.", n=n, quiet=quiet, best=names["111"], keep=names["011"]
    )
    slipped = _move(moves, "111", "011")
    back = _move(moves, "011", "111")
    fields = base | {"value": float(n), "unit": "consumers", "verdict": "none"}
    if slipped is not None and back is not None:
        text += words(" In {days} days {slipped} of the first went quiet and {back} of the second came back.", days=days,
                      slipped=slipped, back=back)  # fmt: skip
        fields["verdict"] = "behind" if slipped > back else "ahead" if back > slipped else "careful"
        if slipped > back:
            fields["next_step"] = words(
                "Remind the {n} buyers in “{cell}” before they sleep.", n=quiet, cell=names["011"]
            )
    short = words("{n} “{best}”, {quiet} “{keep}”", n=n, best=names["111"], quiet=quiet, keep=names["011"])
    return fields | {"text": text, "short": fitting(short)}


def cell_names(rules: Any, words: Words) -> dict[str, str]:
    """The cells of a file of `measure.rfm`, in its order, with those asleep and those who are no buyers."""
    named = {code: words.name(names) for code, names in rules.cells.items()}
    return {**named, "asleep": words("Asleep"), "none": words("no buyer yet")}


def cells_table(sizes: pd.DataFrame, names: Mapping[str, str]) -> pd.DataFrame:
    """The frame of `measure.rfm.sizes` with labels."""
    return sizes.assign(label=[names[str(c)] for c in sizes.cell])


def cells_heads(words: Words) -> dict[str, tuple[str, str]]:
    """The columns of that table."""
    return {"label": (words("Cell"), "text"), "buyers": (words("Buyers"), "count"),
            "recent_minor": (words("GMV of the days looked back on"), "money")}  # fmt: skip


def about_cells(cut: tuple[float, float, float], within: int, words: Words) -> str:
    """Where the cells are cut."""
    return words("Of the last {n} days. Recent: bought less than {quiet} days ago; frequent: on {days} days or more; valuable: "
                 "{money} or more.", n=within, quiet=words.number(cut[0], 0), days=words.number(cut[1], 1),
                 money=words.money(round(cut[2])))  # fmt: skip


def movement(moves: pd.DataFrame, names: Mapping[str, str]) -> pd.DataFrame:
    """Who changed cells, most first, for a table: before, after, consumers. moves: the frame of `measure.rfm.moves`."""
    frame = moves[moves.from_cell.astype(str) != moves.to_cell.astype(str)]
    frame = frame.assign(before=[names[str(c)] for c in frame.from_cell], after=[names[str(c)] for c in frame.to_cell],
                         size=-frame.consumers.astype("Float64").fillna(0))  # fmt: skip
    return frame.sort_values(["size", "from_cell", "to_cell"], ignore_index=True).drop(columns="size")


def movement_heads(words: Words) -> dict[str, tuple[str, str]]:
    """The columns of that table."""
    return {"before": (words("From"), "text"), "after": (words("To"), "text"), "consumers": (words("Buyers"), "count")}


def _move(moves: pd.DataFrame, start: str, end: str) -> int | None:
    """People who moved from one cell to another; None where that is hidden."""
    row = moves[(moves.from_cell.astype(str) == start) & (moves.to_cell.astype(str) == end)]
    if row.empty:
        return 0
    return None if pd.isna(row.consumers.iloc[0]) else int(row.consumers.iloc[0])


def _bars(groups: pd.DataFrame) -> pd.DataFrame:
    frame = groups.rename(columns={"actual": "value", "forecast": "before"})
    return frame[[c for c in ("label", "value", "before", "low", "high", "suppressed") if c in frame]]
