"""What `1_insight/crowds` says: who a brand's people are, by crowd, and who is missing.

Every function takes what may be shown (suppressed figures are null). Frames: `apex.model.tgi` (judged: with few and clear),
`apex.model.openings`; cells are named by `names`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from apex.show.say.factors import cell as cell_name
from apex.show.say.wording import after, fitting, trait
from apex.show.words import MISSING, Words, is_missing

UNKNOWN, OTHER, RULES = "", "*", "rules"  # as `apex.measure.people` writes them
LEAST = 30  # people that a rate needs to be held against another
SHORT = 2  # letters of a trait's value that says nothing without the trait: a household of 1
CHANCE = 0.05  # what differs as much more often than that by chance alone is said to
Names = Mapping[str, str]
Format = str | Callable[[object], str]  # of a column of a table


def names(by: str, cells: Sequence[str], crowds: Names, words: Words) -> dict[str, str]:
    """The cells of a division (`by` as in `measure.people.Division`) as people say them; crowds: those of the rules."""
    found = {c: crowds.get(c) or cell_name(c, by, words) for c in cells}
    for cell, name in found.items():
        if by != RULES and name == cell and len(cell) <= SHORT:
            found[cell] = words("{what}: {level}", what=trait(by, words), level=cell)
    return found | {c: n for c, n in ((OTHER, words("others")), (UNKNOWN, words("not known"))) if c in found}


def division_name(by: str, words: Words) -> str:
    """What consumers are divided by."""
    return words("strategic crowd") if by == RULES else trait(by, words) if by else words("crowd")


def headline(
    buyers: pd.DataFrame,
    chance: float,
    by: str,
    names: Names,
    category: str | None,
    step: Mapping[str, Any],
    words: Words,
) -> dict[str, Any]:
    """Who the buyers are and which cells stand out or are missing beside the category's buyers.

    buyers: the judged index of the brand's buyers. chance: how often buyers drawn at random would differ so much over all
    cells (`model.tgi.chance`); where that is often, none is said to stand out. step: the finding of `missing`, which lends
    its next step.
    """
    then = {key: step[key] for key in ("next_step", "at_stake_minor") if step.get(key) is not None}
    base: dict[str, Any] = {"kind": "counted", "unit": "index", **then}
    what, known = division_name(by, words), buyers[buyers.cell != UNKNOWN]
    if category is None:
        return base | {"short": words("No category to hold the brand against"),
                       "text": words("The brand sold nothing in a year, so it has no category to be held against.")}  # fmt: skip
    if known.empty:
        return base | {"short": words("Nothing is known of the buyers"),
                       "text": words("The data know no trait of the consumers by which they could be told apart.")}  # fmt: skip
    shown = known[known.tgi.notna()]
    if shown.empty:
        return base | {"short": words("Too few buyers to say who they are"),
                       "text": words("There are too few buyers to show who they are.")}  # fmt: skip
    shown = shown.assign(tgi=shown.tgi.astype(float), share=shown.share.astype(float))
    first = shown.loc[shown.share.idxmax()]
    parts = [words("Most of our buyers by {what} are **{cell}** ({share})", what=what, cell=names[first.cell],
                   share=words.share(first.share))]  # fmt: skip
    clear = shown[shown.clear & ~shown.few & (chance < CHANCE)]
    over, under = (
        clear[clear.tgi > 100].nlargest(1, "tgi"), clear[clear.tgi < 100].nsmallest(1, "tgi"),
    )  # fmt: skip
    told = [words("beside the category **{cell}** stand out (TGI {tgi})", cell=names[r.cell], tgi=tgi(r, words))
            for r in over.itertuples()]  # fmt: skip
    told += [
        words("**{cell}** are too few (TGI {tgi})", cell=names[r.cell], tgi=tgi(r, words)) for r in under.itertuples()
    ]
    if not told:
        told = [words("none differs clearly from the category's buyers")]
    shorts = [
        words("{cell} TGI {tgi}", cell=names[r.cell], tgi=round(r.tgi)) for f in (over, under) for r in f.itertuples()
    ]
    short = words(", ").join(shorts) if shorts else words("By {what} no group stands out", what=what)
    unknown = buyers[(buyers.cell == UNKNOWN) & buyers.share.notna() & (buyers.who > 0)]
    parts += told
    text = words("; ").join(parts) + words(".")
    for row in unknown.itertuples():
        text = after(text, words("Of {share} of our buyers it is not known.", share=words.share(row.share)), words)
    fields = base | {"short": fitting(short, *(names[r.cell] for f in (over, under) for r in f.itertuples())), "text": text,
                     "verdict": "careful" if len(under) else "none"}  # fmt: skip
    most = under if len(under) else over
    for row in most.itertuples():
        fields |= {"value": float(row.tgi), "low": float(row.low), "high": float(row.high), "n": int(row.who),
                   "compared": {"label": words("the category's buyers"), "value": 100.0}}  # fmt: skip
    tiled = over if len(over) else shown.nlargest(1, "share")
    for row in tiled.itertuples():
        note = words("TGI {tgi}, {share} of our buyers", tgi=tgi(row, words), share=words.share(row.share))
        fields["tile"] = {"label": words("Stands out") if len(over) else words("Largest crowd"), "value": names[row.cell],
                          "note": note}  # fmt: skip
    return fields


def tgi(row: Any, words: Words) -> str:
    """A TGI with its interval: 111 (101 to 121)."""
    if is_missing(row.tgi):
        return MISSING
    return words("{tgi}, 95%: {low} to {high}", **_whole(row, words))


def missing(openings: pd.DataFrame, names: Names, place: str, words: Words) -> dict[str, Any]:
    """Where most money is to be won: the cell furthest below the benchmark, else below the brand's own average.

    place: where penetration is measured. Its next step is the page's.
    """
    base: dict[str, Any] = {"kind": "model"}
    shown = openings[openings.shoppers.notna() & openings.buyers.notna()]
    if shown.empty or not (shown.buyers > 0).any():
        return base | {"kind": "not identified", "short": words("Too few buyers to say who is missing"),
                       "text": words("There are too few buyers to say in whom the brand is weak.")}  # fmt: skip
    for yardstick, name in (("benchmark", words("the benchmark's")), ("average", words("our own average"))):
        money = shown[f"money_{yardstick}"].fillna(0).astype("int64")
        if money.max() <= 0:
            continue
        row = shown.loc[money.idxmax()]
        label, people, worth = names[row.cell], int(row[f"people_{yardstick}"]), int(row[f"money_{yardstick}"])
        text = words("At {yardstick} penetration in {place} ({level}, ours {own}) **{cell}** would be **{n} buyers** more, worth "
                     "**{money}** a year at what theirs spend.", yardstick=name, place=place, cell=label, n=people,
                     level=words.share(row[yardstick], 1), own=words.share(row.own, 1), money=words.money(worth))  # fmt: skip
        fields = base | {"value": float(worth), "unit": "money_minor", "n": int(row.buyers), "verdict": "careful",
                         "at_stake_minor": worth, "compared": {"label": name, "value": float(row[yardstick])}}  # fmt: skip
        low, high = row[f"money_{yardstick}_low"], row[f"money_{yardstick}_high"]
        if not is_missing(low):
            fields |= {"low": float(low), "high": float(high), "verdict": "behind" if low > 0 else "careful"}
            text = after(text, words("95% interval: {low} to {high}.", low=words.money(int(low)),
                                     high=words.money(int(high))), words)  # fmt: skip
        step = words("Win {cell} first: of those who buy in {place} {own} buy us, against {level}; {n} buyers, {money} a year.",
                     cell=label, place=place, own=words.share(row.own, 1), level=words.share(row[yardstick], 1), n=people,
                     money=words.money(worth))  # fmt: skip
        short = words("{cell}: {money} a year to win", cell=label, money=words.money_short(worth))
        tile = {"label": words("Most to win"), "value": label,
                "note": words("{n} buyers, {money} a year", n=people, money=words.money_short(worth))}  # fmt: skip
        return fields | {"short": fitting(short, label), "text": text, "next_step": step, "tile": tile}
    if openings.suppressed.any():
        return base | {"kind": "not identified", "short": words("Too few buyers to say who is missing"),
                       "text": words("In the crowds that are large enough to show nobody is missing; the others are hidden."),
                       }  # fmt: skip
    return base | {"short": words("No crowd lies below a yardstick"), "verdict": "ahead",
                   "text": words("In no crowd does the brand lie below the benchmark or its own average.")}  # fmt: skip


def stage(shown: pd.DataFrame, stages: Sequence[tuple[str, str]], names: Names, words: Words) -> dict[str, Any]:
    """Which crowd differs most at which stage; shown: the judged frame of `tgi.of_stages`."""
    kind = {"kind": "counted", "unit": "index"}
    label = {"O": words("Opportunity"), **dict(stages)}
    known = shown[(shown.cell != UNKNOWN) & shown.tgi.notna() & ~shown.few & shown.clear]
    compared = int(((shown.cell != UNKNOWN) & shown.tgi.notna()).sum())
    if known.empty:
        return kind | {"short": words("No crowd stands out at any stage"),
                       "text": words("At no stage does a crowd differ clearly from the category's people ({n} compared).",
                                     n=compared)}  # fmt: skip
    row = known.loc[(known.tgi.astype(float) - 100).abs().idxmax()]
    told = {"cell": names[row.cell], "stage": label[str(row.stage)]}
    text = words("The furthest from the category: **{cell}** at {stage} (TGI {tgi}). {n} of {m} differ clearly; about {chance} "
                 "would by chance.", tgi=tgi(row, words), n=len(known), m=compared, chance=round(0.05 * compared),
                 **told)  # fmt: skip
    short = words("{cell} at {stage}: TGI {tgi}", tgi=round(float(row.tgi)), **told)
    return kind | {"value": float(row.tgi), "low": float(row.low), "high": float(row.high), "n": int(row.consumers),
                   "short": fitting(short, told["cell"]), "text": text}  # fmt: skip


def converts(rates: pd.DataFrame, chance: float, days: int, names: Names, words: Words) -> dict[str, Any]:
    """Which crowd converts best and which worst, of those who stood at a stage.

    rates: cell, consumers, buyers, gmv_minor, rate, low, high. chance: how often crowds that are alike would differ so much
    (`model.conversion.chance`).
    """
    shown = rates[(rates.cell != UNKNOWN) & rates.rate.notna() & (rates.consumers >= LEAST)]
    if len(shown) < 2 or not (shown.buyers > 0).any():
        return {"kind": "counted", "short": words("Too few buyers to compare conversion"),
                "text": words("Too few consumers or buyers to compare how crowds convert.")}  # fmt: skip
    ordered = shown.sort_values("rate", ascending=False)
    best, worst = ordered.iloc[0], ordered.iloc[-1]
    told = {"best": names[best.cell], "worst": names[worst.cell], "days": days,
            "high": words.share(best.rate, 1), "low": words.share(worst.rate, 1)}  # fmt: skip
    text = words("Of those at a stage {days} days ago **{best}** bought most often since (**{high}**), {worst} least ({low}).",
                 **told)  # fmt: skip
    if chance >= CHANCE:
        text = after(text, words("Taken together, crowds differ no more than by chance."), words)
    worth = shown[shown.buyers >= LEAST].assign(value=lambda f: f.gmv_minor / f.buyers)
    if len(worth):
        top = worth.loc[worth.value.astype(float).idxmax()]
        spent = words.money(round(float(top.value)))
        text = after(text, words("A buyer among {cell} spent most, {money}.", cell=names[top.cell], money=spent), words)
    short = words("Conversion: {best} {high}, {worst} {low}", **told)
    return {"kind": "counted", "unit": "share", "value": float(best.rate), "low": float(best.low), "high": float(best.high),
            "n": int(best.consumers), "compared": {"label": names[worst.cell], "value": float(worst.rate)},
            "short": fitting(short, names[best.cell], names[worst.cell]), "text": text}  # fmt: skip


def bars(shown: pd.DataFrame, names: Names, words: Words) -> pd.DataFrame:
    """TGI as bars around 100: label, value, low, high, faint; what has none is left out, and few people are said to be few."""
    frame = shown[(shown.cell != UNKNOWN) & (shown.tgi.notna() | shown.suppressed)]
    labels = [words("{cell} (few people)", cell=names[r.cell]) if r.few else names[r.cell] for r in frame.itertuples()]
    figures = {new: frame[old].astype("Float64").round().array for new, old in
               (("value", "tgi"), ("low", "low"), ("high", "high"))}  # fmt: skip
    made = pd.DataFrame({"label": labels, **figures, "faint": frame.few.array, "suppressed": frame.suppressed.array})
    return made.sort_values("value", ascending=False, kind="stable", ignore_index=True)


def rows(shown: pd.DataFrame, names: Names, words: Words) -> pd.DataFrame:
    """A judged index as a table in the order of `names`: label, tgi as a whole number, its interval as text, faint."""
    spans = [_span(row, words) for row in shown.itertuples()]
    made = shown.assign(label=[names[c] for c in shown.cell], tgi=shown.tgi.round().astype("Int64"), span=spans,
                        faint=shown.few)  # fmt: skip
    order = list(names)
    return made.sort_values("cell", key=lambda c: c.astype(str).map(order.index), kind="stable", ignore_index=True)


def _span(row: Any, words: Words) -> str:
    if is_missing(row.tgi):
        return MISSING
    ends = _whole(row, words)
    low, high = ends["low"], ends["high"]
    return (
        words("{low} to {high}, few people", low=low, high=high)
        if row.few
        else words("{low} to {high}", low=low, high=high)
    )


def index_columns(who: str, against: str, words: Words) -> dict[str, tuple[str, Format]]:
    """The columns of a table of `rows`: who, held against whom; the TGI first, for phones."""
    return {
        "label": (words("Crowd"), "text"), "tgi": ("TGI", "count"), "span": (words("95% interval"), str),
        "who": (who, "count"), "share": (words("Share"), "share1"), "against": (against, "count"),
        "share_against": (words("Share there"), "share1"),
    }  # fmt: skip


def stage_rows(shown: pd.DataFrame, names: Names) -> pd.DataFrame:
    """One row a cell that holds anybody and one column a stage with its consumers."""
    there = _somebody(shown)
    there = there.assign(stage=there.stage.astype(str))
    wide = there.pivot(index="cell", columns="stage", values="consumers").astype("Int64")
    hidden = there.pivot(index="cell", columns="stage", values="suppressed").any(axis=1).astype(bool)
    wide = wide.reindex(columns=[str(stage) for stage in shown.stage.unique()])
    return wide.reset_index().assign(suppressed=hidden.to_numpy(), label=[names[str(c)] for c in wide.index])


def stage_tgi(shown: pd.DataFrame, names: Names, words: Words) -> pd.DataFrame:
    """One row a cell and one column a stage with its TGI and interval as text; those of few people are marked in faint_STAGE."""
    there = _somebody(shown)
    there = there[there.cell.astype(str) != UNKNOWN]
    texts = [
        MISSING if is_missing(r.tgi) else words("{tgi} ({low}–{high})", **_whole(r, words)) for r in there.itertuples()
    ]
    texts = [words("{text} few", text=t) if few else t for t, few in zip(texts, there.few, strict=True)]
    there = there.assign(stage=there.stage.astype(str), cell=there.cell.astype(str), text=texts)
    wide = there.pivot(index="cell", columns="stage", values=["text", "few"])
    frame = pd.DataFrame({"label": [names[c] for c in wide.index]})
    for stage in [str(stage) for stage in shown.stage.unique()]:
        frame[stage] = wide["text", stage].to_numpy() if len(wide) else ""
        frame[f"faint_{stage}"] = wide["few", stage].to_numpy(bool) if len(wide) else False
    order = list(names)
    return frame.iloc[sorted(range(len(frame)), key=lambda i: order.index(wide.index[i]))].reset_index(drop=True)


def _somebody(shown: pd.DataFrame) -> pd.DataFrame:
    """The rows of cells that hold anybody, or may."""
    return shown[shown.groupby("cell", observed=False).consumers.transform(lambda c: bool((c.fillna(1) > 0).any()))]


def _whole(row: Any, words: Words) -> dict[str, str]:
    return {k: words.count(round(float(getattr(row, k)))) for k in ("tgi", "low", "high")}


def stage_columns(
    stages: Sequence[tuple[str, str]], words: Words, form: Format = "count"
) -> dict[str, tuple[str, Format]]:
    """The columns of a table of `stage_rows`, or with form `str` of `stage_tgi`."""
    ids = {"O": words("Opportunity"), **dict(stages)}
    head: dict[str, tuple[str, Format]] = {"label": (words("Crowd"), "text")}
    return head | {id: (name, form) for id, name in ids.items()}


def conversion_rows(rates: pd.DataFrame, names: Names, words: Words) -> pd.DataFrame:
    """Conversion by crowd: label, consumers, buyers, rate, span, value_minor (money per buyer)."""
    frame = rates[(rates.consumers > 0).fillna(True)]
    value = (frame.gmv_minor / frame.buyers.where(frame.buyers > 0)).astype("Float64").round().astype("Int64")
    spans = [
        MISSING
        if is_missing(r.rate)
        else words("{low} to {high}", low=words.share(r.low, 1), high=words.share(r.high, 1))
        for r in frame.itertuples()
    ]
    return frame.assign(label=[names[c] for c in frame.cell], value_minor=value, span=spans,
                        faint=(frame.consumers < LEAST).fillna(False).astype(bool))  # fmt: skip


def conversion_columns(words: Words) -> dict[str, tuple[str, Format]]:
    """The columns of a table of `conversion_rows`."""
    return {
        "label": (words("Crowd"), "text"), "rate": (words("Conversion"), "share1"), "span": (words("95% interval"), str),
        "value_minor": (words("Money per buyer"), "money"), "consumers": (words("At a stage before"), "count"),
        "buyers": (words("Bought since"), "count"),
    }  # fmt: skip


def opening_rows(openings: pd.DataFrame, near: pd.DataFrame, names: Names) -> pd.DataFrame:
    """Who is missing, by crowd, most money first; near: cell, against_only (the category's people who are not ours)."""
    beside = near.assign(cell=near.cell.astype(str)).set_index("cell").against_only
    frame = openings.assign(
        near=openings.cell.astype(str).map(beside).astype("Int64"), label=[names[c] for c in openings.cell]
    )
    frame = frame[(frame.shoppers > 0).fillna(True)]
    frame = frame.assign(most=frame[["money_benchmark", "money_average"]].astype("Float64").max(axis=1).fillna(-1))
    return frame.sort_values("most", ascending=False, kind="stable", ignore_index=True).drop(columns="most")


def opening_columns(words: Words) -> dict[str, tuple[str, str]]:
    """The columns of a table of `opening_rows`."""
    return {
        "label": (words("Crowd"), "text"), "near": (words("Opportunity"), "count"),
        "shoppers": (words("Category buyers"), "count"), "own": (words("Buy us"), "share1"),
        "benchmark": (words("Benchmark"), "share1"), "people_benchmark": (words("Buyers to benchmark"), "count"),
        "money_benchmark": (words("Money to benchmark"), "money"), "people_average": (words("Buyers to own average"), "count"),
        "money_average": (words("Money to own average"), "money"),
    }  # fmt: skip


def opening_bars(openings: pd.DataFrame, names: Names) -> pd.DataFrame:
    """Money to win at the yardstick that `missing` takes, as bars: label, value, low, high, faint, suppressed."""
    frame = openings[(openings.shoppers > 0).fillna(True)]
    yardstick = "benchmark" if (frame.money_benchmark.fillna(0) > 0).any() else "average"
    column = f"money_{yardstick}"
    made = pd.DataFrame({"label": [names[c] for c in frame.cell], "value": frame[column].array,
                         "low": frame[f"{column}_low"].array, "high": frame[f"{column}_high"].array,
                         "faint": frame[f"{column}_low"].isna().array, "suppressed": frame.suppressed.array})  # fmt: skip
    return made.sort_values("value", ascending=False, kind="stable", ignore_index=True)
