"""The diagnosis card of a piece or a format: every layer of START with its rank among pieces like it, a verdict, a next step."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pandas as pd

from apex.show.say.content_frames import layers, letters, rate
from apex.show.say.wording import fitting
from apex.show.words import MISSING, Words, is_missing

ORDER = ("effective_rate", "interaction", "completion", "referral", "conversion", "scale")  # what is mended first


def rows(standing: pd.DataFrame, hidden: set[str], words: Words) -> pd.DataFrame:
    """The frame of `model.start.standing` for `show.scorecard`: label, layer, now, middle, rank, verdict.

    hidden: letters that may not be shown, because too few people stand behind them.
    """
    names, layer = letters(words), layers(words)
    told = []
    for row in standing.to_dict("records"):
        hide = row["letter"] in hidden
        rank = MISSING if hide or is_missing(row["rank"]) else words(
            "percentile {n} of {pieces} ({low} to {high})", n=_percentile(row["rank"]), pieces=row["pieces"],
            low=_percentile(row["rank_low"]), high=_percentile(row["rank_high"]),
        )  # fmt: skip
        told.append({
            "label": names[row["letter"]], "layer": layer[row["layer"]],
            "now": words.suppressed() if hide else rate(row["value"], row["low"], row["high"], words),
            "middle": words.share(row["middle"], 1) if not is_missing(row["middle"]) else MISSING, "rank": rank,
            "verdict": "none" if hide else row["verdict"],
        })  # fmt: skip
    return pd.DataFrame(told, columns=["label", "layer", "now", "middle", "rank", "verdict"])


def hidden(about: Any, reach: pd.DataFrame, visits: pd.DataFrame, sales: pd.DataFrame) -> set[str]:
    """The letters of the card that may not be shown: their table hides the row, or does not have it."""
    found: set[str] = set()
    for table, own in ((reach, ("scale", "effective_rate", "completion", "interaction")), (visits, ("referral",)),
                       (sales, ("conversion",))):  # fmt: skip
        mine = table[(table.cut == about["cut"]) & (table.cell == about["cell"])]
        if mine.empty or ("suppressed" in mine and bool(mine.suppressed.iloc[0])):
            found |= set(own)
    return found


def columns(words: Words) -> dict[str, str]:
    """The columns of the card."""
    return {
        "layer": words("Layer"),
        "now": words("Here"),
        "middle": words("Middle of pieces like it"),
        "rank": words("Rank"),
    }


def name(card: Any, words: Words) -> str:
    """What the card is about: a piece with its format, creator and item, or a format."""
    if card["cut"] == "format":
        return words("all {format}", format=card["cell"])
    parts = [card["cell"], card["format"], card["creator"], card["item_id"]]
    return words(" · ").join(str(p) for p in parts if not is_missing(p))


def verdict(
    card: Any, standing: pd.DataFrame, hidden: set[str], young: bool, last: date, words: Words
) -> dict[str, Any]:
    """The card in a sentence: where it leads, where it lags, and what to do next. young: not all its first days are seen."""
    about = name(card, words)
    shown = standing[~standing.letter.isin(hidden)].set_index("letter")
    names = letters(words)
    best, worst = (
        [letter for letter in ORDER if letter in shown.index and shown.verdict[letter] == side]
        for side in ("ahead", "behind")
    )
    if young:
        days = (last - card["published"]).days + 1
        text = words(
            "**{what}** has been out for {n} days; its figures so far stand below, without a rank.", what=about, n=days
        )
        short = words("{what} is too young to be ranked", what=card["cell"])
        return {"kind": "counted", "short": fitting(short, card["cell"]), "text": text}
    if shown["rank"].isna().all():
        text = words("**{what}**: too few pieces like it, or too few viewers, to hold it against.", what=about)
        short = words("{what}: nothing to hold it against", what=card["cell"])
        return {"kind": "counted", "short": fitting(short, card["cell"]), "text": text}
    join = words(", ").join
    parts = []
    if best:
        parts.append(words("ahead of pieces like it in {letters}", letters=join(names[b] for b in best)))
    if worst:
        parts.append(words("behind in {letters}", letters=join(names[w] for w in worst)))
    text = words(
        "**{what}** is {parts}.",
        what=about,
        parts=words("; ").join(parts) or words("nowhere clearly apart from pieces like it"),
    )
    judged = "behind" if worst and not best else "ahead" if best and not worst else "careful"
    short = words("{what}: {best} ahead, {worst} behind", what=card["cell"], best=len(best), worst=len(worst))
    return {"kind": "counted", "verdict": judged, "short": fitting(short, card["cell"]), "text": text,
            "next_step": step(worst[0], words) if worst else None}  # fmt: skip


def next_step(step: str | None, words: Words) -> str | None:
    """The card's last line."""
    return None if step is None else words("**Next:** {step}", step=step)


def step(letter: str, words: Words) -> str:
    """What to do about the letter that lags."""
    known: dict[str, Callable[[], str]] = {
        "effective_rate": lambda: words("Rework its opening seconds: too many leave before the view counts."),
        "completion": lambda: words("Shorten it, or bring the point earlier: few watch it to the end."),
        "interaction": lambda: words("Ask a question or set a task in it: few like, comment or share."),
        "referral": lambda: words("Show the item earlier and link it: few go on to shop or item."),
        "conversion": lambda: words("Check item, price and page it leads to: visitors come and few buy."),
        "scale": lambda: words("It holds up but few see it: give it more reach before it is over."),
    }
    return known[letter]()


def _percentile(rank: Any) -> int:
    return round(100 * float(rank))
