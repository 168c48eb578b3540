"""What `4_wrapup/lift` says: what would not have happened without the campaign, without other trials' arms, without displays."""

import math
from typing import Any

import pandas as pd

from apex.show.say.effects import changed, estimates, method, reasons
from apex.show.say.trial_tables import arm_name
from apex.show.say.wording import fitting
from apex.show.words import MISSING, Words

__all__ = ["absent", "bare_bars", "changed", "display", "display_rows", "estimates", "forest", "hidden", "reasons", "trial_rows",
           "trials"]  # fmt: skip

THOUSAND = 1000


def absent(listed: bool, others: int, shops: bool, words: Words) -> list[str]:
    """What is missing."""
    texts = [] if listed else [words("The campaign's list: `assignments` say for nobody whether he was addressed.")]
    if not others:
        texts.append(words("Trials: none of the brand ended of late, and no experiment file is named."))
    if not shops:
        texts.append(words("Displays: the data do not say which store promoted what (`promotions`)."))
    return texts


def trials(found: pd.DataFrame, words: Words) -> dict[str, Any]:
    """Which other trials changed something, from `upstream.lift` trials against their reference, first outcome that counts."""
    mine = leading(found)
    if mine.empty:
        return {"kind": "not identified", "short": words("No other trial to read"),
                "text": words("No trial of the brand ended of late, so only the campaign's own comparison can be read."),
                "next_step": words("Hold out a random share of one channel in quiet weeks: that prices the channel."),
                }  # fmt: skip
    broken = mine[~mine.identified]
    told = mine[mine.identified & ((mine.low > 0) | (mine.high < 0))]
    best = (told if len(told) else mine).assign(size=lambda d: d.effect.abs() / d.std_error).nlargest(1, "size").iloc[0]
    shown = _per_thousand(best, words)
    text = (
        words("**{n} of {all} trials changed something.**", n=len(told), all=len(mine)) if len(told) else
        words("**None of {all} trials can be told from chance.**", all=len(mine))
    )  # fmt: skip
    text += " " + words(
        "The clearest, {trial}: {effect} ({low} to {high}, 95%) beside {usual}.", trial=best.experiment, **shown
    )
    if len(broken):
        text += " " + words("{n} cannot be read: its arms are more uneven than the draw allows.",
                            "{n} cannot be read: their arms are more uneven than the draw allows.", n=len(broken))  # fmt: skip
    short = words("{trial}: {effect}", trial=best.experiment, effect=shown["effect"])
    if not len(told):
        short = words("No other trial can be told from chance")
    return {
        "kind": "lift", "text": text, "short": fitting(short, str(best.experiment)), "value": float(best.effect),
        "low": float(best.low), "high": float(best.high), "n": int(best.n), "unit": "none",
        "verdict": "ahead" if len(told) and best.effect > 0 else "behind" if len(told) else "none",
        "next_step": words("Give the next money to what a trial has shown to work.") if len(told) else
        words("Run the next trial larger: these were too small for what they changed."),
        "tile": {"label": words("Trials that changed something"), "value": words("{n} of {all}", n=len(told), all=len(mine))},
    }  # fmt: skip


def leading(found: pd.DataFrame) -> pd.DataFrame:
    """One row a trial and arm against its reference: buyers where they are counted, else the trial's first outcome."""
    if found.empty:
        return found
    first = found.drop_duplicates(["experiment", "reference"]).set_index("experiment").reference
    mine = found[found.reference == found.experiment.map(first)]
    buyers = mine[mine.outcome == "buyers"]
    rest = mine[~mine.experiment.isin(buyers.experiment)]
    rest = rest[rest.outcome == rest.groupby("experiment").outcome.transform("first")]
    return pd.concat([buyers, rest], ignore_index=True)


def forest(found: pd.DataFrame, words: Words) -> pd.DataFrame:
    """Bars: each trial's effect on whoever it is about, as a share, with its 95 % interval; grey where it may not be read."""
    mine = leading(found)
    return pd.DataFrame({
        "label": [str(r.experiment) if r.arm == "treated" else f"{r.experiment} · {arm_name(str(r.arm), {}, words)}"
                  for r in mine.itertuples()],
        "value": mine.effect.to_numpy(float), "low": mine.low.to_numpy(float), "high": mine.high.to_numpy(float),
        "faint": ~mine.identified.to_numpy(bool),
    })  # fmt: skip


def trial_rows(found: pd.DataFrame, words: Words) -> pd.DataFrame:
    """All trials, outcomes and pairs: trial, outcome, arm, against (texts), usual, effect, low, high (in the outcome's unit), p,
    n, uneven (texts).
    """

    def value(row: Any, x: float) -> str:
        return (
            MISSING
            if math.isnan(x)
            else words.signed_money(round(x))
            if row.outcome == "gmv_minor"
            else _signed(x, words)
        )

    return pd.DataFrame([{
        "trial": r.experiment, "outcome": outcome(str(r.outcome), words), "arm": arm_name(str(r.arm), {}, words),
        "against": arm_name(str(r.reference), {}, words),
        "usual": words.money(round(r.usual)) if r.outcome == "gmv_minor" else words.number(r.usual, 4),
        "effect": value(r, r.effect), "low": value(r, r.low), "high": value(r, r.high), "p": _chance(r.p_holm, words),
        "n": r.n, "uneven": MISSING if math.isnan(r.sample_ratio) else _chance(r.sample_ratio, words),
    } for r in found.itertuples()])  # fmt: skip


def outcome(name: str, words: Words) -> str:
    """An outcome as people say it; a file's own keeps its name."""
    return {"gmv_minor": words("GMV"), "orders": words("orders"), "buyers": words("buyers")}.get(name, name)


def display(found: pd.DataFrame, words: Words) -> dict[str, Any]:
    """What a display in the store adds, beside the bare difference; `found`: `model.displays.effects`."""
    mine = found[(found.outcome == "units") & (found.cannot == "")] if len(found) else found
    if mine.empty:
        return {"kind": "not identified", "short": words("No displays to compare"),
                "text": words("The data do not say in which stores and weeks an item was shown, or nothing of it differs."),
                }  # fmt: skip
    row = mine.assign(at=mine.effect / mine.std_error).nlargest(1, "at").iloc[0]
    more, low, high = (x / row.usual for x in (row.effect, row.low, row.high))
    what = means(str(row.means), words)
    value = {"what": what, "more": words.signed_share(more), "low": words.signed_share(low), "high": words.signed_share(high),
             "bare": words.signed_share(row.bare / row.usual), "stores": int(row.stores)}  # fmt: skip
    text = words(
        "{what}: **{more}** units beside the same item in stores and weeks without ({low} to {high}, 95%, {stores} stores). The "
        "bare difference, {bare}, is no effect: what sells well is shown more.", **value,
    )  # fmt: skip
    return {
        "kind": "lift", "text": text, "short": words("{what}: {more} units", what=what, more=value["more"]), "value": float(more),
        "low": float(low), "high": float(high), "unit": "share", "n": int(row.n),
        "verdict": "ahead" if low > 0 else "behind" if high < 0 else "careful",
        "compared": {"label": words("the bare difference"), "value": float(row.bare / row.usual)},
        "tile": {"label": what, "value": value["more"], "note": words("{low} to {high}", low=value["low"], high=value["high"])},
    }  # fmt: skip


def means(name: str, words: Words) -> str:
    """How an item was shown."""
    return {"display": words("Display in the store"), "mailer": words("Place in the circular")}[name]


def bare_bars(found: pd.DataFrame, words: Words) -> pd.DataFrame:
    """Bars: what each means adds to the usual sale (share, 95 %), and in grey the bare difference."""
    rows = []
    for row in found[(found.outcome == "units") & (found.cannot == "")].itertuples() if len(found) else ():
        name = means(str(row.means), words)
        rows.append((name, row.effect / row.usual, row.low / row.usual, row.high / row.usual, False))
        rows.append(
            (words("{what}, bare difference", what=name), row.bare / row.usual, float("nan"), float("nan"), True)
        )
    return pd.DataFrame(rows, columns=["label", "value", "low", "high", "faint"])


def display_rows(found: pd.DataFrame, words: Words) -> pd.DataFrame:
    """A row a means and outcome, a thousand item-store-weeks: what, outcome, usual, effect, low, high, bare (texts), shown, n."""

    def written(row: Any, x: float) -> str:
        if math.isnan(x):
            return MISSING
        return (
            words.signed_money(round(THOUSAND * x))
            if row.outcome == "value_minor"
            else words.signed(round(THOUSAND * x))
        )

    return pd.DataFrame([{
        "what": means(str(r.means), words), "outcome": words("GMV") if r.outcome == "value_minor" else words("units"),
        **{k: written(r, getattr(r, k)) for k in ("usual", "effect", "low", "high", "bare")}, "shown": r.shown, "n": r.n,
    } for r in found.itertuples()])  # fmt: skip


def hidden(weighted: Any, treated: int, words: Words) -> dict[str, Any]:
    """How strong an unseen cause would have to be; `weighted`: (estimate, bound) or None."""
    if weighted is None:
        return {"kind": "lift", "short": words("Chance decided who was addressed"),
                "text": words("Chance decided who was addressed: no unseen cause can explain the difference away.")}  # fmt: skip
    found, cause = weighted
    if found.cannot:
        return {"kind": "not identified", "short": words("Nobody comparable on either side"),
                "text": words("Weighting finds nobody comparable: {why}.", why=method("aipw", words))}  # fmt: skip
    span = {"effect": words.signed_money(round(found.total[0])), "low": words.signed_money(round(found.total[1])),
            "high": words.signed_money(round(found.total[2]))}  # fmt: skip
    text = words("Weighting and regression on all that was known before gives **{effect}** ({low} to {high}) over {n} addressed.",
                 n=treated, **span)  # fmt: skip
    if math.isnan(cause.odds):
        return {"kind": "model", "text": text, "short": words("Weighted: {effect}", effect=span["effect"])}
    odds = words.number(cause.odds, 2)
    text += " " + words(
        "An unseen cause that made some people {odds} times as likely to be addressed as others who look the same, and decided "
        "what they bought, would explain it away; {near} times would bring its interval to nought.",
        odds=odds, near=words.number(cause.odds_low, 2),
    )  # fmt: skip
    return {
        "kind": "model", "text": text, "short": words("A cause of strength {odds} explains it away", odds=odds),
        "value": float(found.total[0]), "low": float(found.total[1]), "high": float(found.total[2]), "unit": "money_minor",
        "n": found.n,
    }  # fmt: skip


def _per_thousand(row: Any, words: Words) -> dict[str, str]:
    """An effect on yes or no in people of a thousand, else as a number."""
    if row.outcome in ("buyers",) or 0 <= row.usual <= 1:
        each = {k: round(THOUSAND * float(getattr(row, k)), 1) for k in ("effect", "low", "high")}
        return {
            "effect": words("{x} of 1,000", x=_signed(each["effect"], words, 1)), "low": _signed(each["low"], words, 1),
            "high": _signed(each["high"], words, 1), "usual": words.number(THOUSAND * row.usual, 1),
        }  # fmt: skip
    return {
        **{k: _signed(float(getattr(row, k)), words) for k in ("effect", "low", "high")},
        "usual": words.number(row.usual, 2),
    }


def _signed(x: float, words: Words, digits: int = 4) -> str:
    if math.isnan(x):
        return MISSING
    text = words.number(abs(x), digits)
    return ("−" if x < 0 else "+" if x > 0 else "") + text


def _chance(p: float, words: Words) -> str:
    """A p-value to three places; a smaller one is not nought."""
    return "<" + words.number(0.001, 3) if p < 0.001 else words.number(p, 3)
