"""Names of formats (the businesses of the data), and frames of `1_insight/businesses` turned into what its tables show."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from apex.show.glossary import channel
from apex.show.words import MISSING, Words

UNKNOWN, ANY, SAME, NEVER = "unknown", "any", "same", "never"  # as `apex.measure.businesses` writes them


def named(name: str, words: Words) -> str:
    """A business as people say it."""
    known = {
        UNKNOWN: words("format not recorded"),
        ANY: words("all formats"),
        SAME: words("again, same format only"),
        NEVER: words("not again"),
    }
    return known.get(name, name)


def formats(names: Sequence[str]) -> list[str]:
    """The businesses that have a name."""
    return [name for name in names if name != UNKNOWN]


def lacking(names: Sequence[str], words: Words) -> str:
    """What is missing where fewer than two formats are on record; empty where nothing is."""
    if not formats(names):
        return words(
            "No purchase says in which format it was made (column business of events): overlaps, entry, conversion and "
            "penetration by format need it."
        )
    if len(formats(names)) == 1:
        return words("Only one format is on record: there is nothing it could help or cannibalise.")
    return ""


def joined(*sentences: str) -> str:
    """Sentences one after the other, with a space where the language has one."""
    return "".join(s if s.endswith("。") else f"{s} " for s in sentences).rstrip()


def labelled(frame: pd.DataFrame, words: Words) -> pd.DataFrame:
    """The frame with its column `business` as people say it."""
    return frame.assign(business=[named(name, words) for name in frame.business])


def lines(aac: pd.DataFrame, names: Sequence[str], words: Words) -> tuple[pd.DataFrame, list[tuple[str, str]]]:
    """The frame of `active.aac`, as shown, for `show.stock_lines`, and its lines: the smallest format first, the brand last."""
    order = [*reversed(names), ANY] if len(names) > 1 else [ANY]
    frame = aac[aac.business.isin(order)].rename(columns={"business": "stage"})
    return frame, [(name, named(name, words)) for name in order]


def groups(sums: pd.DataFrame, words: Words) -> list[tuple[str, str, object]]:
    """The formats for `show.upset`: id, name, buyers in all; sums: business, consumers, as shown."""
    return [(row.business, named(row.business, words), row.consumers) for row in sums.itertuples()]


def effects(verdict: Any, words: Words) -> pd.DataFrame:
    """The estimates of `model.cross.Verdict`: label, value, low, high, entered, others; empty where nothing may be said."""
    parts = {
        words("in the first format"): verdict.own,
        words("in other formats"): verdict.other,
        words("in all"): verdict.total,
        words("test: a year before, should be 0"): verdict.placebo,
    }
    return by_second(parts, words)


def by_second(found: dict[str, Any], words: Words) -> pd.DataFrame:
    """Estimates by name as bars: label, value, low, high (minor units), entered, others (people); those too few left out."""
    rows = [
        (name, round(e.effect), round(e.low), round(e.high), e.n_treated, e.n_control)
        for name, e in found.items()
        if not e.cannot and min(e.n_treated, e.n_control) >= words.threshold
    ]
    frame = pd.DataFrame(rows, columns=["label", "value", "low", "high", "entered", "others"])
    return frame.assign(label=pd.Categorical(frame.label, list(found), ordered=True))


def overlaps(matrix: pd.DataFrame, names: Sequence[str], words: Words) -> pd.DataFrame:
    """The frame of `overlaps.matrix` as a square of shares: a row a format, of whose buyers each column says a share."""
    least = [
        words("≥ {n}", n=words.share(row.share)) if row.least else words.share(row.share) for row in matrix.itertuples()
    ]
    return square(matrix.assign(text=least), "business", "other", "text", names, words)


def conversion(shares: pd.DataFrame, names: Sequence[str], words: Words) -> pd.DataFrame:
    """The frame of `model.cross.shares` as a square: a row a format left, the share with its interval in each entered."""
    texts = [
        words.suppressed()
        if pd.isna(row.rate)
        else words("{share} ({low}–{high})", share=words.share(row.rate), low=words.number(100 * row.low, 0),
                   high=words.share(row.high))
        for row in shares.itertuples()
    ]  # fmt: skip
    return square(shares.assign(text=texts), "business", "later", "text", names, words)


def cities(indexed: pd.DataFrame, names: Sequence[str], words: Words) -> pd.DataFrame:
    """The frame of `businesses.indexed` as a square: a row a city tier, share and index in each format."""
    texts = [
        words.suppressed()
        if pd.isna(row.share)
        else words("{share} (index {x})", share=words.share(row.share, 1), x=_index(row.index_, words))
        for row in indexed.rename(columns={"index": "index_"}).itertuples()
    ]
    return square(indexed.assign(text=texts), "level", "business", "text", names, words)


def assets(
    stock: pd.DataFrame, stages: Sequence[tuple[str, str]], now: Any, names: Sequence[str], words: Words
) -> pd.DataFrame:
    """The frame of `entities.stock_by_entity`, as shown, on one day: a row a format, a column a stage (by its name)."""
    mine = stock[stock.day == now].rename(columns={"entity": "business"})
    mine = mine.assign(stage=mine.stage.astype(str).map(dict(stages)))
    return square(mine, "business", "stage", "consumers", names, words).assign(suppressed=True)


def square(
    frame: pd.DataFrame, rows: str, columns: str, value: str, names: Sequence[str], words: Words
) -> pd.DataFrame:
    """A long table as a square one: a row each `rows`, a column each `columns`, both named.

    Formats come in the order of `names`, after them all that is none; anything else in its order of coming.
    """
    places = {name: n for n, name in enumerate([*names, ANY, SAME, NEVER])}
    order = [sorted(dict.fromkeys(frame[c]), key=lambda n: places.get(n, len(places))) for c in (rows, columns)]
    wide = frame.assign(row=frame[rows].map(order[0].index)).pivot(index="row", columns=columns, values=value)
    wide = wide.reindex(columns=order[1]).rename(columns={name: named(name, words) for name in order[1]})
    keys = [str(order[0][n]) for n in wide.index]
    wide.insert(
        0, rows, [words("unknown") if rows == "level" and key == UNKNOWN else named(key, words) for key in keys]
    )
    return wide.rename_axis(columns=None).reset_index(drop=True)


def heads(square: pd.DataFrame, first: str, form: Any = str) -> dict[str, tuple[str, Any]]:
    """Columns of `show.table` for a square: the first names the row, the others are figures written by `form`."""
    shown = [name for name in square.columns if name != "suppressed"]
    return {name: (first, "text") if n == 0 else (name, form) for n, name in enumerate(shown)}


def channels(returned: pd.DataFrame, words: Words) -> pd.DataFrame:
    """The frame of `returns.returned`, as shown, a row a channel with its named site and a column a step."""
    wide = returned.pivot(index=["site", "channel"], columns="step", values="consumers")
    returned = wide.rename_axis(columns=None).reset_index().assign(suppressed=True)
    sites = {"off": words("off-site"), "on": words("on-site"), "other": words("unknown"), "none": words("none known")}
    names = [MISSING if c == "none" else channel(c, words) for c in returned.channel]
    return returned.assign(site=returned.site.astype(str).map(sites), channel=names)


def _index(value: Any, words: Words) -> str:
    return MISSING if pd.isna(value) else words.number(100 * float(value), 0)
