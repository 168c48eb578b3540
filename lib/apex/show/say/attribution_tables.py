"""Names of methods, and the frames of the charts and tables of `4_wrapup/attribution`."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from apex.show.glossary import channel
from apex.show.words import MISSING, Words, is_missing

Columns = dict[str, tuple[str, Any]]


def methods(words: Words) -> dict[str, str]:
    """Names of methods."""
    return {
        "first": words("First touch"),
        "last": words("Last touch"),
        "linear": words("Linear"),
        "position": words("Position 40/20/40"),
        "decay": words("Time decay"),
        "markov1": words("Markov, order 1"),
        "markov2": words("Markov, order 2"),
        "markov3": words("Markov, order 3"),
        "shapley": words("Shapley"),
        "hazard": words("Hazard model"),
        "excess": words("Excess after touches"),
        "calibrated": words("Calibrated to trials"),
    }


def one_or_all(name: str, words: Words) -> str:
    """A trial's channel, or all media."""
    return channel(name, words) if name else words("all media")


def worth_bars(worth: pd.DataFrame, words: Words) -> pd.DataFrame:
    """Bars of orders by channel, the last touch's credit as a mark."""
    frame = worth.sort_values(["conversions", "channel"], ascending=[False, True], ignore_index=True)
    return pd.DataFrame(
        {
            "label": [channel(c, words) for c in frame.channel],
            "value": frame.conversions,
            "before": frame.last_touch,
            "low": frame.low,
            "high": frame.high,
            "suppressed": frame.suppressed,
        }
    )


def worth_rows(worth: pd.DataFrame, words: Words) -> pd.DataFrame:
    """The table of channels: name, orders and interval, ratio, cost, GMV back for 1 spent."""
    frame = worth.sort_values(["conversions", "channel"], ascending=[False, True], ignore_index=True)
    return frame.assign(
        name=[channel(c, words) for c in frame.channel],
        interval=[_interval(a, b, words) for a, b in zip(frame.low, frame.high, strict=True)],
        back_interval=[_interval(a, b, words) for a, b in zip(frame.back_low, frame.back_high, strict=True)],
        tried=[words("yes") if t else words("no") for t in frame.trial],
    )


def worth_columns(trials: bool, words: Words) -> Columns:
    """The columns of `worth_rows`."""
    number = _one(words)
    out: Columns = {
        "name": (words("Channel"), "text"),
        "met": (words("Consumers met"), "count"),
        "conversions": (words("Orders"), number),
        "interval": (words("95% interval"), str),
    }
    more: Columns = {"ratio": (words("Lift / credit"), number), "tried": (words("Own trial"), "text")}
    cost: Columns = {
        "cost_minor": (words("Cost"), "money"),
        "back": (words("GMV for 1 spent"), number),
        "back_interval": (words("95% interval (GMV)"), str),
    }
    return {**out, **(more if trials else {}), **cost}


def share_rows(credit: pd.DataFrame, words: Words) -> pd.DataFrame:
    """A row a channel, a column a method: shares of the method's credit; hidden ones are null."""
    mine = credit[credit.channel != "baseline"]
    wide = mine.pivot(index="channel", columns="method", values="share")
    wide = wide.sort_values("hazard", ascending=False) if "hazard" in wide else wide
    wide.insert(0, "name", [channel(c, words) for c in wide.index])
    return wide.reset_index()


def share_columns(rows: pd.DataFrame, words: Words) -> Columns:
    """The columns of `share_rows`, methods in their order."""
    percent = _percent(words)
    return {"name": (words("Channel"), "text"), **{m: (n, percent) for m, n in methods(words).items() if m in rows}}


def lift_rows(beside: Mapping[str, pd.DataFrame], words: Words) -> pd.DataFrame:
    """Trials: lift, and credit with the ratio by method, the last touch's and another's."""
    frame, other = beside["last"], beside[_other(beside)]
    return pd.DataFrame(
        {
            "trial": frame.experiment_id,
            "channel": [one_or_all(c, words) for c in frame.channel],
            "lift": frame.lift,
            "interval": [_interval(a, b, words) for a, b in zip(frame.low, frame.high, strict=True)],
            "n": frame.n,
            "last": frame.credit,
            "last_ratio": _ratios(frame, words),
            "other": other.credit,
            "other_ratio": _ratios(other, words),
        }
    )


def _other(beside: Mapping[str, pd.DataFrame]) -> str:
    return next(m for m in beside if m != "last")


def lift_columns(beside: Mapping[str, pd.DataFrame], words: Words) -> Columns:
    """The columns of `lift_rows`."""
    number, named = _one(words), methods(words)[_other(beside)]
    return {
        "trial": (words("Trial"), "text"),
        "channel": (words("Channel moved most"), "text"),
        "n": (words("Consumers"), "count"),
        "lift": (words("Lift, orders"), number),
        "interval": (words("95% interval"), str),
        "last": (words("Credit, last touch"), number),
        "last_ratio": (words("Lift / credit, last touch"), str),
        "other": (named, number),
        "other_ratio": (words("Lift beside it"), str),
    }


def move_rows(table: pd.DataFrame, stages: Sequence[tuple[str, str]], words: Words) -> pd.DataFrame:
    """Stages reached: moves, those with a touch, the channel with most credit, how far methods disagree."""
    named = dict(stages)
    table = table.set_index("kind").reindex(list(named)).reset_index()  # shallow to deep
    return table.assign(
        stage=[named[k] for k in table.kind],
        top=[MISSING if is_missing(c) else channel(c, words) for c in table.channel],
    )


def move_columns(words: Words) -> Columns:
    """The columns of `move_rows`."""
    percent = _percent(words)
    return {
        "stage": (words("Moves up to"), "text"),
        "conversions": (words("Moves"), "count"),
        "touched": (words("With a touch"), "count"),
        "top": (words("Most credit (hazard)"), "text"),
        "share": (words("Its share"), percent),
        "moved": (words("Methods move at most"), percent),
    }


def _ratios(frame: pd.DataFrame, words: Words) -> list[str]:
    return [
        MISSING
        if is_missing(r.ratio)
        else words(
            "{ratio} ({low} to {high})",
            ratio=words.number(r.ratio, 2),
            low=words.number(r.ratio_low, 2),
            high=words.number(r.ratio_high, 2),
        )
        for r in frame.itertuples()
    ]


def _interval(low: object, high: object, words: Words) -> str:
    if is_missing(low) or is_missing(high):
        return MISSING
    return words("{low} to {high}", low=words.number(low), high=words.number(high))


def _one(words: Words) -> Any:
    return lambda value: MISSING if is_missing(value) else words.number(value)


def _percent(words: Words) -> Any:
    return lambda value: MISSING if is_missing(value) else words.share(value, 1)
