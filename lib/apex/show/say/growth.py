"""What `1_insight/growth` says: what GMV grew or shrank by, in whom, and where the next growth lies.

Every function takes what may be shown (suppressed figures are null) and returns the fields of a finding for
`run.finding(name, **fields)`. Names and frames are those of `apex.show.say.factors`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from apex.show.say.factors import FACTORS, OTHER, UNKNOWN, factors, leading, letters, ratio, ratios, window
from apex.show.say.wording import after, fitting, trait
from apex.show.words import Words


def growth(
    total: pd.DataFrame, against: str | None, days: int, step: Mapping[str, Any], words: Words
) -> dict[str, Any]:
    """The headline: how GMV changed, by what, and what comes next.

    total: the row of `model.grow.totals` for the chosen comparison and the sum over cells, or no row. step: the finding of
    `first_step`, which lends its next step.
    """
    then = {key: step[key] for key in ("next_step", "at_stake_minor") if step.get(key) is not None}
    base: dict[str, Any] = {"kind": "counted", **then}
    if total.empty:
        return base | {"short": words("No earlier window to compare with"),
                       "text": words("The data do not reach back to an earlier window of {n} days, so growth cannot be told.",
                                     n=days)}  # fmt: skip
    row = total.iloc[0]
    if pd.isna(row.change):
        return base | {"short": words("Too few buyers to show growth"),
                       "text": words("Fewer than {n} buyers in one of the two windows: no figure is shown.",
                                     n=words.threshold)}  # fmt: skip
    held = window(against, days, words)
    base |= {"value": float(row.change), "unit": "money_minor", "n": int(row.buyers_now),
             "compared": {"label": held, "value": float(row.gmv_before)}}  # fmt: skip
    if not row.gmv_before and not row.gmv_now:
        return base | {"short": words("Nothing was bought in either window"),
                       "text": words("Nobody bought the brand in these {n} days, nor in {against}.",
                                     n=days, against=held)}  # fmt: skip
    if not row.gmv_before:
        text = words("GMV was **{now}**; in {against} nobody bought.", now=words.money(row.gmv_now), against=held)
        short = words("GMV {money}, nothing before", money=words.money_short(row.gmv_now))
        return base | {"verdict": "ahead", "short": fitting(short), "text": text}
    rising, factor, share = row.change >= 0, leading(row), words.signed_share(row.change / row.gmv_before)
    parts = words(", ").join(f"{name} {words.signed_money(row[f])}" for f, name in factors(words).items() if row[f])
    text = words(
        "GMV was **{now}**, **{change} ({share})** on {against}: {parts}.",
        now=words.money(row.gmv_now), change=words.signed_money(row.change), share=share, against=held,
        parts=parts or words("no factor changed"),
    )  # fmt: skip
    verdict = "careful"
    if not pd.isna(row.change_low):
        base |= {"low": float(row.change_low), "high": float(row.change_high)}
        ends = {end: words.signed_money(row[f"change_{end}"]) for end in ("low", "high")}
        if row.change_low > 0 or row.change_high < 0:
            verdict = "ahead" if rising else "behind"
            text = after(text, words("95% interval of the change: {low} to {high}.", **ends), words)
        else:
            text = after(text, words("Chance alone can do that (95%: {low} to {high}).", **ends), words)
    name, money = factors(words)[factor], words.signed_money(row[factor])
    short = words("GMV {share}, most by {factor} ({money})", share=share, factor=name, money=money)
    if not parts:
        short = words("GMV unchanged at {money}", money=words.money_short(row.gmv_now))
    tile = {"label": words("GMV, last {n} days", n=days), "value": words.money_short(row.gmv_now),
            "note": words("{share} on {against}", share=share, against=held)}  # fmt: skip
    return base | {"verdict": verdict, "short": fitting(short, name), "text": text, "tile": tile}


def largest(total: pd.DataFrame, words: Words) -> dict[str, Any]:
    """The factor that moved most in the direction of the change, with its interval; total as in `growth`."""
    if total.empty or pd.isna(total.change.iloc[0]) or not total[list(FACTORS)].iloc[0].any():
        return {"kind": "counted", "short": words("No factor to tell apart"),
                "text": words("There is no growth here that could be split.")}  # fmt: skip
    row = total.iloc[0]
    factor = leading(row)
    name, value = letters(words)[factor], words.signed_money(row[factor])
    text = words("The largest factor is **{factor}: {money}**.", factor=name, money=value)
    fields: dict[str, Any] = {"kind": "counted", "value": float(row[factor]), "unit": "money_minor", "n": int(row.buyers_now),
                              "tile": {"label": name, "value": value, "note": ""}}  # fmt: skip
    verdict = "careful"
    low, high = row[f"{factor}_low"], row[f"{factor}_high"]
    if not pd.isna(low):
        low_text, high_text = words.signed_money(low), words.signed_money(high)
        text = after(text, words("95% interval: {low} to {high}.", low=low_text, high=high_text), words)
        fields |= {"low": float(low), "high": float(high)}
        fields["tile"]["note"] = words("{low} to {high}", low=low_text, high=high_text)
        verdict = "ahead" if low > 0 else "behind" if high < 0 else "careful"
    short = words("{factor}: {money}", factor=name, money=value)
    return fields | {"verdict": verdict, "short": fitting(short, name), "text": text}


def mix(totals: pd.DataFrame, against: str | None, number: int, words: Words) -> dict[str, Any]:
    """The split of the whole held against the sum over cells, once, and why they differ. number: of cells."""
    rows = totals[totals.against == against].set_index("split")
    if rows.empty or rows.change.isna().any():
        return {"kind": "counted", "short": words("Nothing to hold against the whole"),
                "text": words("There is no growth here that could be split.")}  # fmt: skip
    if number < 2:
        return {"kind": "counted", "short": words("One category: whole and sum are the same"),
                "text": words(
                    "The brand sells in one category only: the split of the whole is the same, and W is nought.")}  # fmt: skip
    differ = {f: int(rows.loc["whole", f] - rows.loc["cells", f]) for f in FACTORS}
    most = max(differ, key=lambda f: abs(differ[f]))
    name = letters(words)[most]
    one, other = (words.signed_money(rows.loc[split, most]) for split in ("whole", "cells"))
    text = words(
        "Split as a whole, {factor} would be **{whole}** instead of **{cells}**: the whole takes a change in what is bought "
        "(mix) for a change in price or frequency.", factor=name, whole=one, cells=other,
    )  # fmt: skip
    short = words("{factor}: {whole} as a whole, {cells} in sum", factor=name, whole=one, cells=other)
    return {
        "kind": "counted",
        "value": float(differ[most]),
        "unit": "money_minor",
        "short": fitting(short, name),
        "text": text,
    }


def cut(cells: pd.DataFrame, name: str, words: Words) -> dict[str, Any]:
    """Which cell of a cut changed most. cells: the frame of `named`; a loss is what the next step asks about."""
    known = cells[cells.change.notna() & ~cells.cell.isin([OTHER, UNKNOWN])]
    kind = {"kind": "counted"}
    if cells.empty or known.empty:
        return kind | {"short": fitting(words("By {what}: nothing to show", what=name), name),
                       "text": words("By {what} there is no cell that is known and large enough to be shown.",
                                     what=name)}  # fmt: skip
    if len(cells) == 1:
        text = words("By {what} there is one cell only, {cell}: what is said of the whole is said of it.",
                     what=name, cell=known.label.iloc[0])  # fmt: skip
        return kind | {
            "short": fitting(words("By {what}: {cell} alone", what=name, cell=known.label.iloc[0])),
            "text": text,
        }
    order = known.change.astype("int64")
    total = int(cells.change.sum()) if cells.change.notna().all() else int(order.sum())
    row = known.loc[order.idxmin() if total < 0 else order.idxmax()]
    factor, money = leading(row), words.signed_money(row.change)
    text = words(
        "By {what}, **{cell}** moved most: **{money}**, above all by {factor} ({part}); from {before} to {now} buyers.",
        what=name, cell=row.label, money=money, factor=factors(words)[factor], part=words.signed_money(row[factor]),
        before=row.buyers_before, now=row.buyers_now,
    )  # fmt: skip
    short = words("{cell}: {money}, most by {factor}", cell=row.label, money=money, factor=factors(words)[factor])
    fields: dict[str, Any] = {**kind, "value": float(row.change), "unit": "money_minor", "n": int(row.buyers_now),
                              "short": fitting(short, row.label), "text": text}  # fmt: skip
    if not pd.isna(row.change_low):
        fields |= {"low": float(row.change_low), "high": float(row.change_high)}
    if row.change < 0:
        fields["verdict"] = "behind" if not pd.isna(row.change_high) and row.change_high < 0 else "careful"
        said = {"cell": row.label, "money": money, "factor": factors(words)[factor]}
        fields["next_step"] = {
            "old": words("Win old customers back: {money} from them, above all by {factor}.", **said),
            "new": words("Win more new customers: {money} from them, above all by {factor}.", **said),
        }.get(row.cell, words("Look into {cell} first: {money}, above all by {factor}.", **said))
        fields["at_stake_minor"] = -int(row.change)
    return fields


def market(cells: pd.DataFrame, words: Words) -> dict[str, Any]:
    """G as growth of the categories' buyers and of our share of them. cells: the frame of `model.grow.penetration`."""
    if cells.empty or cells.gain_market.isna().any():
        return {"kind": "counted", "short": words("Market and share cannot be told apart here"),
                "text": words("Too few buyers, or no category bought in both windows: G is not split further.")}  # fmt: skip
    whole, share = int(cells.gain_market.sum()), int(cells.gain_share.sum())
    text = words("Of G **{gain}**, **{market}** is the categories' growth in buyers and **{share}** our share of them.",
                 gain=words.signed_money(whole + share), market=words.signed_money(whole),
                 share=words.signed_money(share))  # fmt: skip
    verdict = "ahead" if share > 0 else "behind" if share < 0 else "careful"
    short = words(
        "Share of buyers {share}, market {market}", share=words.signed_money(share), market=words.signed_money(whole)
    )
    fields: dict[str, Any] = {"kind": "counted", "value": float(share), "unit": "money_minor", "verdict": verdict,
                              "short": fitting(short), "text": text}  # fmt: skip
    return fields


def gap(gaps: pd.DataFrame, place: str, words: Words) -> dict[str, Any]:
    """What GMV would gain at the benchmark's level. gaps: the frame of `model.grow.gaps`; place: where the peers meet.

    The next step is the larger of penetration and frequency; price is what the brand stands for, not a gap to be closed.
    """
    if gaps.empty or gaps.gain_minor.isna().any():
        return {"kind": "not identified", "short": words("No benchmark to hold growth against"),
                "text": words("Too few peers or too few buyers: no benchmark, and no money to be gained, is named.")}  # fmt: skip
    rows = gaps.set_index("factor")
    open_to = rows.loc[["penetration", "frequency"]].sort_values("gain_minor", ascending=False, kind="stable")
    best, price = open_to.iloc[0], rows.loc["price"]
    name = ratios(words)[str(best.name)]
    own, bench = (ratio(str(best.name), best[side], words) for side in ("own", "benchmark"))
    n = int(best.buyers)
    aside = words("The money per order is {own} against {bench}: price is positioning, no gap to be closed.",
                  own=words.money(round(price.own)), bench=words.money(round(price.benchmark)))  # fmt: skip
    if best.gain_minor <= 0:
        text = words("In {place} the brand is at or above the benchmark in penetration and in frequency.", place=place)
        return {"kind": "model", "verdict": "ahead", "n": n, "short": words("At the benchmark in penetration and frequency"),
                "text": after(text, aside, words)}  # fmt: skip
    money = words.money(best.gain_minor)
    text = words("At the benchmark's {factor} in {place} ({bench}, ours {own}) the window would have brought **{money}** more.",
                 factor=name, place=place, bench=bench, own=own, money=money)  # fmt: skip
    fields: dict[str, Any] = {"kind": "model", "value": float(best.gain_minor), "unit": "money_minor", "n": n,
                              "verdict": "careful", "at_stake_minor": int(best.gain_minor),
                              "compared": {"label": words("benchmark"), "value": float(best.benchmark)}}  # fmt: skip
    if not pd.isna(best.gain_low):
        fields |= {"low": float(best.gain_low), "high": float(best.gain_high)}
        fields["verdict"] = "behind" if best.gain_low > 0 else "careful"
        ends = {"low": words.signed_money(best.gain_low), "high": words.signed_money(best.gain_high)}
        text = after(text, words("95% interval: {low} to {high}.", **ends), words)
    step = {
        "penetration": words(
            "Win buyers of {place} who do not buy the brand yet: {own} of them do, the benchmark has {bench}.",
            place=place, own=own, bench=bench,
        ),
        "frequency": words(
            "Bring buyers back more often: {own} orders a buyer in {place}, the benchmark has {bench}.",
            place=place, own=own, bench=bench,
        ),
    }[str(best.name)]  # fmt: skip
    tile = {"label": words("To gain by {factor}", factor=name), "value": words.money_short(best.gain_minor),
            "note": words("benchmark {bench}, ours {own}", bench=bench, own=own)}  # fmt: skip
    short = words("{money} to gain at the benchmark's {factor}", money=money, factor=name)
    return fields | {"short": fitting(short, name), "text": after(text, aside, words), "next_step": step, "tile": tile}


def first_step(*findings: Mapping[str, Any]) -> Mapping[str, Any]:
    """Of the findings that know a next step the one with the most money at stake; those that are no chance go first.

    An empty one where none knows a step.
    """
    open_steps = [f for f in findings if f.get("next_step")]
    return max(open_steps, key=lambda f: (f.get("verdict") == "behind", f.get("at_stake_minor") or 0), default={})


def absent(wanted: Sequence[str], known: Sequence[str], words: Words) -> list[str]:
    """What would be needed for cuts that the data do not know."""
    return [words("By {what}: the consumers' table does not know it, and growth by {what} needs it.", what=trait(w, words))
            for w in wanted if w not in known]  # fmt: skip
