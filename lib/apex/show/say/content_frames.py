"""The names and the frames of content: letters, cells and effects as people say them, and what charts and tables are given."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from apex.show.say.market import bare
from apex.show.words import MISSING, Words, is_missing

EVERY = "all"
LETTERS = ("scale", "effective_rate", "completion", "interaction", "referral", "conversion")
OUTCOMES = ("searched", "visited", "bought")
MOST = 8  # bars in a chart


def letters(words: Words) -> dict[str, str]:
    """What each letter of START stands for here."""
    return {
        "scale": words("S reach"),
        "effective_rate": words("T effective views"),
        "completion": words("A watched to the end"),
        "interaction": words("A likes, comments, shares"),
        "referral": words("R visits"),
        "conversion": words("T purchases"),
    }


def layers(words: Words) -> dict[str, str]:
    """The three layers of START."""
    return {"volume": words("volume"), "quality": words("quality"), "effect": words("effect")}


def outcomes(words: Words) -> dict[str, str]:
    """What seeing content may change, as a head or a label."""
    return {"searched": words("Brand search"), "visited": words("Visit of shop or item"), "bought": words("Purchase")}


def cuts(words: Words) -> dict[str, str]:
    """By what content is told apart."""
    return {
        "all": words("all content"), "format": words("Content format"), "channel": words("Channel"), "creator": words("Creator"),
        "item": words("Item"), "content": words("Piece"), "age": words("Days since published"),
        "repeat": words("Which view of the brand's content"),
    }  # fmt: skip


def cell(name: str, cut: str, starts: Sequence[int], end: int | None, words: Words) -> str:
    """A cell as people say it; of a band that begins at `name`, `starts` are all beginnings and `end` is the last number."""
    if cut == EVERY:
        return words("all content")
    if cut not in ("age", "repeat"):
        return name
    first, later = int(name), [s for s in starts if s > int(name)]
    last = later[0] - 1 if later else end
    unit = (lambda text: words("day {n}", n=text)) if cut == "age" else (lambda text: words("view {n}", n=text))
    if last is None:
        return unit(words("{n} and more", n=str(first)))
    return unit(str(first) if last == first else f"{first}–{last}")


def rate(value: Any, low: Any, high: Any, words: Words, digits: int = 1) -> str:
    """A rate with its interval."""
    if is_missing(value):
        return MISSING
    share = words.share(value, digits)
    if is_missing(low) or is_missing(high):
        return share
    return words("{share} ({low} to {high})", share=share, low=words.share(low, digits), high=words.share(high, digits))


def brief(value: Any, low: Any, high: Any, words: Words) -> str:
    """The same in a table's cell: 6.8% (5.2–8.7)."""
    if is_missing(value) or is_missing(low) or is_missing(high):
        return rate(value, low, high, words)
    ends = (words.number(100 * float(end), 1) for end in (low, high))
    return words("{share} ({span})", share=words.share(value, 1), span="–".join(ends))


def days(value: Any, low: Any, high: Any, words: Words) -> str:
    """A number of days with its interval."""
    if is_missing(value):
        return MISSING
    middle = words.number(value, 1)
    if is_missing(low) or is_missing(high):
        return middle
    return words("{middle} ({low} to {high})", middle=middle, low=words.number(low, 1), high=words.number(high, 1))


def start_rows(
    reach: pd.DataFrame,
    visits: pd.DataFrame,
    sales: pd.DataFrame,
    wanted: Sequence[str],
    words: Words,
    most: int | None = None,
) -> pd.DataFrame:
    """The letters as texts, one row a cell of the cuts `wanted`, largest reach first: label, viewers, …, suppressed."""
    both = reach[reach.cut.isin(wanted)].merge(visits, on=["cut", "cell"], how="left", suffixes=("", "_v"))
    both = both.merge(sales, on=["cut", "cell"], how="left", suffixes=("", "_s"))
    both["turn"] = both.cut.map({cut: number for number, cut in enumerate(wanted)})
    both["size"] = -both.viewers.astype("Float64").fillna(0)
    both = both.sort_values(["turn", "size", "cell"], ignore_index=True)
    if most is not None:
        both = both.groupby("cut", sort=False).head(most).reset_index(drop=True)
    names = cuts(words)
    rows = {
        "what": [names[c] for c in both.cut],
        "label": [cell(n, c, (), None, words) for n, c in zip(both.cell, both.cut, strict=True)],
        "viewers": both.viewers, "scale": both.scale, "suppressed": both.suppressed,
    }  # fmt: skip
    for letter, mark in (
        ("effective_rate", ""),
        ("completion", ""),
        ("interaction", ""),
        ("referral", "_v"),
        ("conversion", "_s"),
    ):
        hidden = both.get(f"suppressed{mark}", pd.Series(False, both.index)).astype("boolean").fillna(False)
        rows[letter] = [
            words.suppressed() if hide else brief(value, low, high, words)
            for hide, value, low, high in zip(
                hidden, both[letter], both[f"{letter}_low"], both[f"{letter}_high"], strict=True
            )
        ]
    return pd.DataFrame(rows)


def start_columns(words: Words, what: bool = True) -> dict[str, tuple[str, str]]:
    """The columns of the table of `start_rows`."""
    head = {"what": (words("By"), "text")} if what else {}
    names = letters(words)
    shown = {
        "label": (words("Name"), "text"),
        "viewers": (words("Viewers"), "count"),
        "scale": (names["scale"], "share"),
    }
    return head | shown | {letter: (names[letter], "text") for letter in LETTERS[1:]}


def piece_rows(
    reach: pd.DataFrame, visits: pd.DataFrame, sales: pd.DataFrame, pieces: pd.DataFrame, words: Words
) -> pd.DataFrame:
    """`start_rows` piece by piece, with format, creator and day of publication; the piece that reached most first."""
    rows = start_rows(reach, visits, sales, ["content"], words)
    known = pieces.set_index("content_id").reindex(rows.label)
    creator = [MISSING if is_missing(c) else str(c) for c in known.creator]
    return rows.assign(format=known.format.array, creator=creator, published=known.published.array)


def piece_columns(words: Words) -> dict[str, tuple[str, str]]:
    """The columns of the table of `piece_rows`."""
    names = letters(words)
    about = {
        "label": (words("Piece"), "text"), "format": (words("Content format"), "text"), "creator": (words("Creator"), "text"),
        "published": (words("Published"), "day"), "viewers": (words("Viewers"), "count"),
    }  # fmt: skip
    return about | {letter: (names[letter], "text") for letter in LETTERS[1:]}


def bands(visits: pd.DataFrame, cut: str, starts: Sequence[int], end: int | None, words: Words) -> pd.DataFrame:
    """Share of viewers who visit, by bands of age or of repeated viewing, as bars: label, value, low, high, suppressed."""
    mine = visits[visits.cut == cut].assign(first=lambda t: t.cell.astype(int)).sort_values("first", ignore_index=True)
    labels = [cell(name, cut, starts, end, words) for name in mine.cell]
    return pd.DataFrame({"label": labels, "value": mine.referral, "low": mine.referral_low, "high": mine.referral_high,
                         "suppressed": mine.suppressed})  # fmt: skip


def effect_bars(effects: pd.DataFrame, outcome: str, words: Words) -> pd.DataFrame:
    """Effects on one outcome as bars, all content first: label, value, low, high, before (the bare difference), suppressed."""
    mine = effects[(effects.outcome == outcome) & effects.effect.notna()]
    mine = mine.assign(turn=(mine.arm != EVERY).astype(int), size=-mine.effect.astype(float))
    mine = mine.sort_values(["turn", "size", "arm"], ignore_index=True)
    labels = [words("all content") if arm == EVERY else arm for arm in mine.arm]
    return pd.DataFrame({"label": labels, "value": mine.effect, "low": mine.low, "high": mine.high, "before": mine.naive,
                         "suppressed": mine.suppressed})  # fmt: skip


def effect_rows(effects: pd.DataFrame, words: Words) -> pd.DataFrame:
    """Every effect as texts: arm, outcome, people, effect, naive, placebo, bound, suppressed."""
    order = {name: number for number, name in enumerate(OUTCOMES)}
    frame = effects.assign(turn=effects.outcome.map(order), last=(effects.arm != EVERY).astype(int))
    frame = frame.sort_values(["turn", "last", "arm"], ignore_index=True)
    names, rows = outcomes(words), []
    for row in frame.to_dict("records"):
        if row["suppressed"]:
            told = dict.fromkeys(("effect", "naive", "placebo", "bound"), words.suppressed())
        else:
            told = {
                "effect": effect_text(row, words),
                "naive": MISSING if is_missing(row["naive"]) else bare(float(row["naive"]), words),
                "placebo": MISSING if is_missing(row["placebo_p"]) else words.number(row["placebo_p"], 2),
                "bound": MISSING if is_missing(row["odds"]) else words.number(row["odds"], 2),
            }
        arm = words("all content") if row["arm"] == EVERY else row["arm"]
        rows.append(
            {
                "outcome": names[row["outcome"]],
                "arm": arm,
                "people": row["n_treated"],
                **told,
                "suppressed": row["suppressed"],
            }
        )
    columns = ["outcome", "arm", "people", "effect", "naive", "placebo", "bound", "suppressed"]
    return pd.DataFrame(rows, columns=columns).astype({"people": "Int64"})


def effect_text(row: Any, words: Words) -> str:
    """An effect in points with its interval; where it is not identified that, with the range."""
    if is_missing(row["low"]):
        return words("not identified")
    span = {"low": bare(float(row["low"]), words), "high": bare(float(row["high"]), words)}
    if is_missing(row["effect"]):
        return words("not identified, {low} to {high}", **span)
    return words("{middle} ({low} to {high})", middle=bare(float(row["effect"]), words), **span)


def effect_columns(words: Words) -> dict[str, tuple[str, str]]:
    """The columns of the table of `effect_rows`."""
    return {
        "outcome": (words("What they did"), "text"), "arm": (words("Saw first"), "text"), "people": (words("Exposed"), "count"),
        "effect": (words("Effect in points (95 %)"), "text"), "naive": (words("Bare difference, points"), "text"),
        "placebo": (words("p on the days before"), "text"), "bound": (words("Unseen cause needed"), "text"),
    }  # fmt: skip


def life_rows(lives: pd.DataFrame, words: Words) -> pd.DataFrame:
    """How long content lives as texts: label, half, most, days (seen to), pieces, whose."""
    whose = {"own": words("own pieces"), "category": words("pieces of the category")}
    rows = [
        {"label": words("all content") if row.format == EVERY else row.format,
         "half": days(row.half, row.low, row.high, words), "days": row.days, "pieces": row.pieces, "whose": whose[row.whose],
         "most": MISSING if is_missing(row.most) else words.number(row.most, 1)}
        for row in lives.itertuples()
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["label", "half", "most", "days", "pieces", "whose"])


def life_columns(words: Words) -> dict[str, tuple[str, str]]:
    """The columns of the table of `life_rows`."""
    return {
        "label": (words("Content format"), "text"), "half": (words("Half-life in days (95 %)"), "text"),
        "most": (words("90 % by day"), "text"), "days": (words("Seen to day"), "count"), "pieces": (words("Pieces"), "count"),
        "whose": (words("Whose"), "text"),
    }  # fmt: skip


def about_lives(days: int, least: int, words: Words) -> str:
    """What that table rests on."""
    return words(
        "Views of the first {n} days; where fewer than {least} own pieces have been out for so long, those of the category.",
        n=days, least=least,
    )  # fmt: skip


def life_marks(lives: pd.DataFrame, words: Words) -> dict[int, str]:
    """The days at which the chart of `remaining` is read off: a week, and when 90 % have come."""
    whole = lives[lives.format == EVERY]
    most = None if whole.empty or is_missing(whole.most.iloc[0]) else round(float(whole.most.iloc[0]))
    return {day: words("Still to come after {n} days", n=day) for day in dict.fromkeys([7, most]) if day}


def remaining(curve: pd.DataFrame) -> pd.DataFrame:
    """The curve of all content as views still to come, for `show.curves`: stage (EVERY), day, share, low, high; it ends at 0."""
    mine = curve[(curve.format == EVERY) & curve.share.notna()]
    left = {
        "share": 1 - mine.share.astype(float),
        "low": 1 - mine.high.astype(float),
        "high": 1 - mine.low.astype(float),
    }
    told = pd.DataFrame({"day": mine.day, **left})
    over = told.day[told.share <= 0].min()
    told = told[~(told.day > over)]
    first = pd.DataFrame({"day": [0], "share": [1.0]})
    return pd.concat([first, told], ignore_index=True).assign(stage=EVERY) if len(told) else told.assign(stage="")
