"""The names and the frames of growth: factors, cells and windows as people say them, and what charts and tables are given."""

import pandas as pd

from apex.show.say.wording import trait
from apex.show.words import MISSING, Words

FACTORS = ("gain", "retain", "boost", "widen")  # G, R, O, W as the frames call them
UNKNOWN, OTHER = "", "*"  # cells as `apex.measure.grow` writes them: nobody knows; too small to be shown alone
HISTORY = "history"  # the cut into new and old customers
LEAST = 30  # buyers that an interval takes, as in `apex.model.grow`
MOST = 8  # cells in a chart; the rest stand in the table


def factors(words: Words) -> dict[str, str]:
    """The four factors as a sentence says them."""
    return {
        "gain": words("buyers"),
        "retain": words("orders per buyer"),
        "boost": words("money per order"),
        "widen": words("categories begun or given up"),
    }


def letters(words: Words) -> dict[str, str]:
    """The four factors with their letters, as labels."""
    return {
        "gain": words("G buyers"),
        "retain": words("R orders per buyer"),
        "boost": words("O money per order"),
        "widen": words("W categories"),
    }


def window(against: str | None, days: int, words: Words) -> str:
    """What the window is held against."""
    if against == "year":
        return words("the same days a year before")
    return words("the {n} days before", n=days)


def ratios(words: Words) -> dict[str, str]:
    """The three factors that are held against peers."""
    return {"penetration": words("penetration"), "frequency": words("frequency"), "price": words("price")}


def ratio(factor: str, value: float, words: Words) -> str:
    """A factor's value as readers know it: 18.6%, 1.79, ¥122.70."""
    if pd.isna(value):
        return MISSING
    if factor == "penetration":
        return words.share(float(value), 1)
    return words.money(round(value)) if factor == "price" else words.number(float(value), 2)


def cell(name: str, cut: str, words: Words) -> str:
    """A cell as people say it."""
    if name == UNKNOWN:
        return words("not known")
    if name == OTHER:
        return words("others, too small to show")
    if cut == HISTORY:
        return {"old": words("old customers"), "new": words("new customers")}[name]
    return words("tier {n}", n=name) if cut == "city_tier" else name


def cut_name(cut: str, words: Words) -> str:
    """A cut as people say it."""
    known = {"category": words("category"), "subcategory": words("subcategory"), "department": words("department")}
    return words("new and old customers") if cut == HISTORY else known.get(cut) or trait(cut, words)


def place(level: str, name: str, words: Words) -> str:
    """Where a brand meets its peers: their category, their department, or everywhere."""
    return words("the whole market") if level == "all" else name


def columns(words: Words, widens: bool = False, buyers: bool = True) -> dict[str, tuple[str, str]]:
    """The columns of a table of cells."""
    shown = {"label": (words("Name"), "text"), "gmv_before": (words("GMV then"), "money"), "gmv_now": (words("GMV now"), "money"),
             "change": (words("Change"), "signed_money")}  # fmt: skip
    shown |= {f: (name, "signed_money") for f, name in letters(words).items() if widens or f != "widen"}
    people = {"buyers_before": (words("Buyers then"), "count"), "buyers_now": (words("Buyers now"), "count")}
    return shown | people if buyers else shown


def named(cells: pd.DataFrame, cut: str, words: Words, by: str = "change") -> pd.DataFrame:
    """The cells of a cut with a `label`, the largest (by a column of money) first."""
    size = -cells[by].abs().astype("Float64").fillna(0)
    frame = cells.assign(label=[cell(c, cut, words) for c in cells.cell], size=size)
    return frame.sort_values(["size", "cell"], ignore_index=True).drop(columns="size")


def together(cuts: dict[str, pd.DataFrame], words: Words) -> pd.DataFrame:
    """Several frames of `named` in one, their labels with the cut in front."""
    frames = [
        frame.assign(label=[words("{what}: {level}", what=cut_name(cut, words), level=label) for label in frame.label])
        for cut, frame in cuts.items()
    ]
    return pd.concat(frames, ignore_index=True)


def top(cells: pd.DataFrame, words: Words) -> pd.DataFrame:
    """The largest changes of `named` as bars: label, value, low, high; the others as one bar."""
    frame = cells.rename(columns={"change": "value", "change_low": "low", "change_high": "high"})
    frame = frame[["label", "value", "low", "high", "suppressed"]]
    if len(frame) <= MOST + 1:
        return frame
    rest = frame[MOST:]
    others = pd.DataFrame(
        {"label": [words("{n} others together", n=len(rest))], "value": [rest.value.sum(skipna=False)],
         "suppressed": [bool(rest.value.isna().any())]}
    )  # fmt: skip
    return pd.concat([frame[:MOST], others.astype({"value": "Int64"})], ignore_index=True)


def steps(total: pd.DataFrame, against: str | None, days: int, words: Words) -> pd.DataFrame:
    """The bridge from GMV then to GMV now: label, value, total, low, high, suppressed; total as in `growth`."""
    rows = []
    for row in total.to_dict("records"):
        rows = [{"label": window(against, days, words), "value": row["gmv_before"], "total": True}]
        rows += [
            {"label": name, "value": row[f], "total": False, "low": row[f"{f}_low"], "high": row[f"{f}_high"]}
            for f, name in letters(words).items()
            if f != "widen" or pd.isna(row[f]) or row[f]
        ]
        rows += [{"label": words("last {n} days", n=days), "value": row["gmv_now"], "total": True}]
    frame = pd.DataFrame(rows, columns=["label", "value", "total", "low", "high"])
    return frame.assign(suppressed=frame.value.isna())


def compared(totals: pd.DataFrame, days: int, words: Words) -> pd.DataFrame:
    """The frame of `model.grow.totals` with one `label` a row in place of codes, for a table."""
    names = {"cells": words("sum over categories"), "whole": words("the whole at once")}
    labels = [
        words("{what}: {level}", what=window(row.against, days, words), level=names[row.split])
        for row in totals[["against", "split"]].itertuples()
    ]
    return totals.assign(label=labels)


def held(gaps: pd.DataFrame, words: Words) -> pd.DataFrame:
    """The frame of `model.grow.gaps` for a table, its ratios as texts, most to gain first."""
    frame = gaps.sort_values("gain_minor", ascending=False, kind="stable", ignore_index=True)
    texts = {c: [ratio(f, v, words) for f, v in zip(frame.factor, frame[c], strict=True)]
             for c in ("own", "low", "middle", "high", "benchmark")}  # fmt: skip
    return frame.assign(**texts, factor=[ratios(words)[f] for f in frame.factor])


def leading(row: pd.Series) -> str:
    """The factor that moved most in the direction of the change."""
    way = 1 if row.change >= 0 else -1
    return max(FACTORS, key=lambda f: way * int(row[f]))


def gap_columns(words: Words) -> dict[str, tuple[str, str]]:
    """The columns of the table of `held`."""
    return {
        "factor": (words("Factor"), "text"), "own": (words("Ours"), "text"), "low": (words("Lower quartile of peers"), "text"),
        "middle": (words("Median of peers"), "text"), "high": (words("Upper quartile of peers"), "text"),
        "benchmark": (words("Benchmark"), "text"), "gain_minor": (words("GMV to gain"), "signed_money"),
        "gain_low": (words("Low"), "signed_money"), "gain_high": (words("High"), "signed_money"),
    }  # fmt: skip


def market_columns(words: Words) -> dict[str, tuple[str, str]]:
    """The columns of a table of `model.grow.penetration`."""
    return {
        "label": (words("Name"), "text"), "market_before": (words("Category buyers then"), "count"),
        "market_now": (words("Category buyers now"), "count"), "share_before": (words("Penetration then"), "share1"),
        "share_now": (words("Penetration now"), "share1"), "gain": (words("G buyers"), "signed_money"),
        "gain_market": (words("from the market"), "signed_money"), "gain_share": (words("from our share"), "signed_money"),
    }  # fmt: skip


def whiskers(words: Words) -> str:
    """What stands under bars with intervals."""
    return words("Whiskers: 95% intervals, where at least {n} bought in both windows.", n=LEAST)
