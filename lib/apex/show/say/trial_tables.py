"""Names of trials and arms, and the frames of the charts and tables of `3_execute/trials`."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from apex.show.glossary import channel
from apex.show.words import MISSING, Words, is_missing

Columns = dict[str, tuple[str, str | Callable[[object], str]]]
OPEN = 1000.0


def trial_name(row: Any, words: Words) -> str:
    """A trial by its channel, where it ran in one, and its id."""
    if is_missing(row.channel):
        return str(row.experiment_id)
    return words("{channel} ({trial})", channel=channel(str(row.channel), words), trial=str(row.experiment_id))


def arm_name(arm: str, names: Mapping[str, str], words: Words) -> str:
    """An arm as people say it: an item's name, the addressed, the held out."""
    known = {"treated": words("addressed"), "control": words("held out")}
    parts = arm.split(" + ") if arm not in names else [arm]
    return words(" and ").join(known.get(part) or names.get(part, part) for part in parts)


def verdict_rows(verdicts: pd.DataFrame, names: Mapping[str, str], words: Words) -> pd.DataFrame:
    """All trials: name, days, status, said, best, unevenness, detectable (texts)."""
    said = {"winner": words("stop"), "alike": words("stop: either will do"), "continue": words("continue"), "few": words("too "
                                                                                                                         "few"),
            "broken": words("not to be read")}  # fmt: skip
    return pd.DataFrame({
        "trial": [trial_name(r, words) for r in verdicts.itertuples()],
        "days": [words.period(r.first_day, r.last_day) for r in verdicts.itertuples()],
        "status": [words("over") if r.ended else words("running") for r in verdicts.itertuples()],
        "said": [said[r.verdict] for r in verdicts.itertuples()],
        "winner": [MISSING if is_missing(r.winner) else arm_name(r.winner, names, words) for r in verdicts.itertuples()],
        "told": [MISSING if is_missing(r.told) else words.day(r.told) for r in verdicts.itertuples()],
        "uneven": [words.number(r.unevenness, 3) for r in verdicts.itertuples()],
        "least": [MISSING if is_missing(r.detectable) else words.signed_share(r.detectable) for r in verdicts.itertuples()],
    })  # fmt: skip


def verdict_columns(words: Words) -> Columns:
    """The columns of `verdict_rows`."""
    return {
        "trial": (words("Trial"), "text"), "said": (words("Verdict"), "text"), "winner": (words("Winner"), "text"),
        "told": (words("Told since"), str), "status": (words("Status"), "text"), "days": (words("Days"), "text"),
        "least": (words("Tells by its end"), str), "uneven": (words("Even arms, p"), str),
    }  # fmt: skip


def arm_rows(arms: pd.DataFrame, verdicts: pd.DataFrame, names: Mapping[str, str], words: Words) -> pd.DataFrame:
    """Arms, trial by trial in the order of the verdicts, best first."""
    called = {r.experiment_id: trial_name(r, words) for r in verdicts.itertuples()}
    place = {name: n for n, name in enumerate(called)}
    frame = arms.assign(order=arms.experiment_id.map(place), by=arms.rate.astype(float).fillna(-1))
    frame = frame.sort_values(["order", "by", "arm"], ascending=[True, False, True], ignore_index=True)
    return frame.assign(
        trial=frame.experiment_id.map(called), name=[arm_name(a, names, words) for a in frame.arm],
        interval=[_interval(r, words) for r in frame.itertuples()],
    )  # fmt: skip


def _interval(row: Any, words: Words) -> str:
    if is_missing(row.ratio):
        return MISSING
    high = words("open") if row.high >= OPEN else words.number(row.high)
    return words("{ratio} ({low} to {high})", ratio=words.number(row.ratio), low=words.number(row.low), high=high)


def arm_columns(words: Words) -> Columns:
    """The columns of `arm_rows`."""
    return {
        "trial": (words("Trial"), "text"), "name": (words("Arm"), "text"), "units": (words("Units"), "count"),
        "did": (words("Bought or clicked"), "count"), "rate": (words("Rate"), lambda x: words.share(x, 2)),
        "interval": (words("Times the other"), str), "p_best": (words("Chance to be best"), lambda x: words.share(x, 0)),
        "loss": (words("Lost if chosen now, of 1,000"), lambda x: _of_thousand(x, words)),
        "next_share": (words("Tomorrow, by Thompson"), lambda x: words.share(x, 0)),
    }  # fmt: skip


def _of_thousand(value: Any, words: Words) -> str:
    return MISSING if is_missing(value) else words.number(1000 * float(value), 2)


def money_rows(money: pd.DataFrame, verdicts: pd.DataFrame, names: Mapping[str, str], words: Words) -> pd.DataFrame:
    """Money a consumer beside the other arm, trial by trial."""
    called = {r.experiment_id: trial_name(r, words) for r in verdicts.itertuples()}
    shown = money[money.against.notna()].reset_index(drop=True)
    return shown.assign(
        trial=shown.experiment_id.map(called), name=[arm_name(a, names, words) for a in shown.arm],
        interval=[MISSING if is_missing(r.extra_minor) else words(
            "{extra} ({low} to {high})", extra=words.signed_money(r.extra_minor), low=words.signed_money(r.low),
            high=words.signed_money(r.high)) for r in shown.itertuples()],
    )  # fmt: skip


def money_columns(words: Words) -> Columns:
    """The columns of `money_rows`."""
    return {
        "trial": (words("Trial"), "text"), "name": (words("Arm"), "text"), "mean_minor": (words("GMV a consumer"), "money"),
        "interval": (words("More than the other"), str),
    }  # fmt: skip


def part_bars(parts: pd.DataFrame, words: Words) -> pd.DataFrame:
    """The effect in each fifth of the ranking: label, value, low, high."""
    labels = [words("fifth {n}", n=int(p)) for p in parts.part]
    frame = pd.DataFrame({"label": labels, "value": parts.effect, "low": parts.low, "high": parts.high})
    return frame.assign(faint=parts.low.astype(float) <= 0)


def crowd_rows(crowds: pd.DataFrame, names: Mapping[str, str], words: Words) -> pd.DataFrame:
    """The effect by crowd, most moved first, with both intervals as texts."""
    shown = crowds[crowds.shrunk.notna()].sort_values("shrunk", ascending=False, ignore_index=True)
    return shown.assign(
        name=[names.get(str(c), str(c)) if c not in ("?", "none") else (words("not known") if c == "?" else words("at no stage"))
              for c in shown.crowd],
        counted=[_points(r.effect, r.low, r.high, words) for r in shown.itertuples()],
        held_back=[_points(r.shrunk, r.shrunk_low, r.shrunk_high, words) for r in shown.itertuples()],
    )  # fmt: skip


def _points(value: float, low: float, high: float, words: Words) -> str:
    number = [words.number(1000 * float(x), 1) for x in (value, low, high)]
    return words("{value} ({low} to {high})", value=number[0], low=number[1], high=number[2])


def crowd_columns(words: Words) -> Columns:
    """The columns of `crowd_rows`."""
    return {
        "name": (words("Crowd"), "text"), "held_back": (words("Buyers more of 1,000"), str), "counted": (words("By itself"), str),
        "treated": (words("Addressed"), "count"), "control": (words("Held out"), "count"),
    }  # fmt: skip


def size_rows(sizes: pd.DataFrame, words: Words) -> pd.DataFrame:
    """Units that the next trials need."""
    kinds = {"buyers": words("hold-out or incentive: buyers"), "clicks": words("items or creatives: clicks")}
    return sizes.assign(name=[words("{kind}, {n} arms", kind=kinds[r.kind], n=int(r.arms)) for r in sizes.itertuples()])


def size_columns(words: Words) -> Columns:
    """The columns of `size_rows`."""
    return {
        "name": (words("Trial"), "text"), "rate": (words("Usual rate"), lambda x: words.share(x, 1)),
        "lift": (words("Lift to be told"), "signed_share"), "once": (words("An arm, one look"), "count"),
        "daily": (words("An arm, a look every day"), "count"),
    }  # fmt: skip


def hold_out_columns(words: Words) -> Columns:
    """The columns of the table of hold-outs."""
    return {
        "share": (words("Held out"), "share"), "held_out": (words("People held out"), "count"),
        "once": (words("Tells, one look"), lambda x: MISSING if is_missing(x) else words.signed_share(x)),
        "daily": (words("Tells, a look every day"), lambda x: MISSING if is_missing(x) else words.signed_share(x)),
    }  # fmt: skip


def labels(stages: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Names of stages by id."""
    return dict(stages)
