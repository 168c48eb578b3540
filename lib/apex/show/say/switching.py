"""What `1_insight/market` says of consumers who changed brand and of those who came new to the category."""

from datetime import date
from typing import Any

import pandas as pd

from apex.show.words import Words, is_missing


def parties(ids: list[str], words: Words) -> list[tuple[str, str]]:
    """Parties with their names, `none` last."""
    names = {"us": words("us"), "best": words("best five"), "others": words("other brands")}
    return [*((party, names[party]) for party in ids), ("none", words("nothing bought"))]


def switching(
    flows: pd.DataFrame, beside: pd.DataFrame, balance: pd.DataFrame, days: int, words: Words
) -> dict[str, Any]:
    """Who of our buyers stayed, and what was won from whom and lost to whom.

    flows: the frame of `measure.switching.switching` as it may be shown; beside: that of `model.switching.expected`; balance:
    that of `net`, without the row of `none`.
    """
    both = flows[(flows.from_party != "none") & (flows.to_party != "none")]
    mine = both[both.from_party == "us"].consumers
    if both.consumers.isna().any() or not mine.sum() or balance.empty:
        text = words("Too few buyers of ours bought in both windows of {n} days to show who changed brand.", n=days)
        return {"kind": "not identified", "short": words("Too few buyers to show switching"), "text": text}
    stay = beside[(beside.from_party == "us") & (beside.to_party == "us")].iloc[0]
    won, lost = int(balance.won.sum()), int(balance.lost.sum())
    names = dict(parties([str(p) for p in balance.party], words))
    clear = balance[(balance.low > 0) | (balance.high < 0)]
    worst = balance.loc[balance.net.astype(float).idxmin()]
    kept = words.share(stay.consumers / mine.sum())
    told = {"n": int(mine.sum()), "days": days, "kept": kept, "usual": words.share(float(stay.expected) / mine.sum()),
            "won": won, "lost": lost, "net": words.signed(won - lost)}  # fmt: skip
    text = words("Of {n} consumers who bought mainly from us and bought in the category again in the next {days} "
                 "days, **{kept}** stayed; a brand of our size keeps {usual}. We won {won} from other brands and lost {lost} to "
                 "them: **{net}**.",
                 **told)  # fmt: skip
    verdict, step = "careful", None
    if len(clear):
        verdict = "behind" if clear.net.sum() < 0 else "ahead"
    if verdict == "behind":
        step = words("Talk first to those who left for {party} ({n} more went than came): they know both.",
                     party=names[str(worst.party)], n=-int(worst.net))  # fmt: skip
    short = {
        "ahead": words("Switching: {won} won, {lost} lost", **told),
        "behind": words("Switching: {won} won, {lost} lost", **told),
        "careful": words("Switching is even: {won} won, {lost} lost", **told),
    }[verdict]
    return {"kind": "model", "value": float(won - lost), "unit": "consumers", "n": won + lost, "verdict": verdict,
            "short": short, "text": text, "next_step": step,
            "tile": {"label": words("Won less lost to other brands"), "value": words.signed(won - lost),
                     "note": words("{kept} of our buyers stayed", **told)}}  # fmt: skip


def newcomers(choice: pd.DataFrame, first: date, known_days: int, burn_in: int, words: Words) -> dict[str, Any]:
    """What newcomers to the category chose first. choice: the frame of `model.switching.chosen`."""
    if known_days < burn_in:
        text = words("The data know {n} days before the window, fewer than the {least} that it takes to call anybody new.",
                     n=known_days, least=burn_in)  # fmt: skip
        return {"kind": "not identified", "short": words("Too short a past to call anybody new"), "text": text}
    at = choice.set_index("segment")
    new, old = at.loc["new"], at.loc["settled"]
    if is_missing(new.share):
        text = words("Too few consumers bought in the category for the first time since {day} to say what newcomers choose.",
                     day=first)  # fmt: skip
        return {"kind": "not identified", "short": words("Too few newcomers to say what they choose"), "text": text}
    told = {"n": int(new.of), "day": words.day(first), "share": words.share(new.share), "low": words.share(new.low),
            "high": words.share(new.high), "old": words.share(old.share)}  # fmt: skip
    text = words("**{n}** consumers bought in the category for the first time in the data since {day}; **{share}** of them chose "
                 "us first ({low} to {high}), against {old} of the category's other buyers.", **told)  # fmt: skip
    fields: dict[str, Any] = {"kind": "model", "value": float(new.share), "unit": "share", "low": float(new.low),
                              "high": float(new.high), "n": int(new.of), "text": text}  # fmt: skip
    verdict = (
        "careful"
        if is_missing(old.share) or new.low <= old.share <= new.high
        else "ahead"
        if new.share > old.share
        else "behind"
    )
    step = None
    if verdict == "behind":
        step = words("Newcomers pass us by: show them an entry offer where they first meet the category.")
    short = words("Newcomers: {share} chose us first, others {old}", **told)
    return fields | {"verdict": verdict, "short": short, "next_step": step,
                     "tile": {"label": words("Newcomers who chose us first"), "value": told["share"],
                              "note": words("of {n}; {old} of other buyers", **told)}}  # fmt: skip


def beside(flows: pd.DataFrame, expected: pd.DataFrame) -> pd.DataFrame:
    """The flows with what was to be expected of those between brands, for `show.matrix`."""
    keys = ["from_party", "to_party"]
    known = expected[[*keys, "expected"]].astype(dict.fromkeys(keys, str))
    return flows.astype(dict.fromkeys(keys, str)).merge(known, on=keys, how="left")


def balance_bars(balance: pd.DataFrame, words: Words) -> pd.DataFrame:
    """What was won less lost to each other party, as bars: label, value, low, high."""
    names = dict(parties([str(p) for p in balance.party if p != "none"], words))
    return pd.DataFrame({"label": [names[str(p)] for p in balance.party], "value": balance.net,
                         "low": balance.low, "high": balance.high})  # fmt: skip


def newcomer_bars(choice: pd.DataFrame, words: Words) -> pd.DataFrame:
    """The share that chose us first, newcomers and others, as bars: label, value, low, high."""
    labels = {"new": words("newcomers to the category"), "settled": words("its other buyers")}
    return pd.DataFrame({"label": [labels[str(s)] for s in choice.segment], "value": choice.share,
                         "low": choice.low, "high": choice.high})  # fmt: skip
