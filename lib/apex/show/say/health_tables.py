"""The tables and the trend of `1_insight/health` as they are shown: figures as texts, lines by week."""

import pandas as pd

from apex.show.say.health import names, number, percentile, way
from apex.show.words import MISSING, Words, is_missing


def card(compared: pd.DataFrame, ranks: pd.DataFrame, pace: pd.DataFrame, words: Words) -> pd.DataFrame:
    """All figures as texts: figure, now, before, change, year_ago, middle, best, rank, pace (percentile of the change)."""
    at, speed = ranks.set_index("figure"), pace.set_index("figure")["rank"]
    rows = []
    for _, row in compared.iterrows():
        figure = str(row.figure)
        peer = at.loc[figure] if figure in at.index else pd.Series(index=at.columns, dtype="Float64")
        whole = (lambda v: words.share(v, 1)) if row.share else (lambda v: words.number(v, 0))
        rows.append({
            "figure": names(words)[figure], "now": number(row, "now", words), "before": number(row, "before", words),
            "change": way(row, words), "year_ago": number(row, "year_ago", words), "middle": whole(peer["middle"]),
            "best": whole(peer["best"]), "rank": _ranked(peer, words), "pace": percentile(speed.get(figure, pd.NA)),
        })  # fmt: skip
    return pd.DataFrame(rows)


def heads(days: int, words: Words) -> dict[str, str]:
    """The heads of the columns of `card`."""
    return {
        "figure": words("Figure"), "now": words("Now"), "before": words("{n} days before", n=days), "change": words("Change"),
        "year_ago": words("A year before"), "middle": words("Peers' middle"), "best": words("Best five"),
        "rank": words("Percentile (95%)"), "pace": words("Percentile of the change"),
    }  # fmt: skip


def turnover(moved: pd.DataFrame, turned: pd.DataFrame, words: Words) -> pd.DataFrame:
    """Who came and went, two periods beside each other: label, now, before, suppressed."""
    told = [(words("Came to a stage (F)"), moved, "came"), (words("Left every stage (F)"), moved, "left"),
            (words("Joined as members (S)"), turned, "joined"), (words("Left as members (S)"), turned, "left"),
            (words("Members of both days who were active (T)"), turned, "stayed_active"),
            (words("New members who were active (T)"), turned, "joined_active")]  # fmt: skip
    rows = []
    for label, frame, column in told:
        if len(frame):
            at = frame.set_index(frame.period.astype(str))
            hidden = bool(at.suppressed.reindex(["now", "before"], fill_value=False).any())
            values = {p: at[column].get(p, pd.NA) for p in ("now", "before")}
            rows.append({"label": label, **values, "suppressed": hidden})
    frame = pd.DataFrame(rows, columns=["label", "now", "before", "suppressed"])
    return frame.astype({"now": "Int64", "before": "Int64"})


def turnover_heads(days: int, words: Words) -> dict[str, tuple[str, str]]:
    """Heads and formats of the columns of `turnover`."""
    return {"label": (words("Who"), "text"), "now": (words("Last {n} days", n=days), "count"),
            "before": (words("Period before"), "count")}  # fmt: skip


def trend(weeks: pd.DataFrame, middles: pd.DataFrame, words: Words) -> pd.DataFrame:
    """The weekly values of one brand as `show.trends` draws them: the last year, with the year before and the peers' middle.

    weeks: the frame of `measure.fast.values` by day, up to two years of it. F and S are amounts: they have no peers' middle.
    """
    units = {"F": "consumers", "A": "share", "S": "consumers", "T": "share"}
    labels = names(words) | {"A": words("A deepening rate, weekly")}
    own = weeks.assign(figure=weeks.figure.astype(str), day=pd.to_datetime(weeks.day))
    own = own[own.figure.isin(units)]
    last = own.day.max()
    ago = (
        own[["figure", "day", "value"]]
        .assign(day=own.day + pd.Timedelta(days=364))
        .rename(columns={"value": "year_ago"})
    )
    middle = middles.assign(figure=middles.figure.astype(str), day=pd.to_datetime(middles.day))
    middle = middle[middle.figure.isin(["A", "T"])]
    frame = own.merge(ago, "left", ["figure", "day"]).merge(middle, "left", ["figure", "day"])
    frame = frame[frame.day > last - pd.Timedelta(days=364)]
    drawn = frame.groupby("figure").value.transform("count") > 0
    frame = frame[drawn & (frame.day >= frame.day[frame.value.notna()].min())]
    frame = frame.assign(
        label=frame.figure.map(labels), unit=frame.figure.map(units), order=frame.figure.map(list(units).index)
    )
    return frame.sort_values(["order", "day"], ignore_index=True)[
        ["label", "unit", "day", "value", "year_ago", "middle", "suppressed"]
    ]


def _ranked(peer: pd.Series, words: Words) -> str:
    if is_missing(peer["rank"]):
        return MISSING
    return words("{rank} ({low} to {high})", rank=percentile(peer["rank"]), low=percentile(peer["rank_low"]),
                 high=percentile(peer["rank_high"]))  # fmt: skip
