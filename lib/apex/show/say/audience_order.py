"""What `3_execute/audiences` says of order and likeness: who is met first, who rests, who is like the seed, which benefit."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from apex.show.glossary import channel as channel_name
from apex.show.say.wording import fitting
from apex.show.words import MISSING, Words

SURE = 0.8  # odds from which one kind of benefit is said to be best


def _points(words: Words, share: float) -> str:
    return words("{n} points", n=words.number(100 * share, 0))


def order(tested: Mapping[str, float] | None, ranked: pd.DataFrame, days: int, words: Words) -> dict[str, Any]:
    """Whether it matters who is met first. tested: `model.ranking.tested`; ranked: `model.ranking.summary`."""
    known = ranked[ranked.basis.notna()]
    lift, rest = int((known.basis == "lift").sum()), int((known.basis == "propensity").sum())
    how = words("Trials stand behind the order of {n} of {m} crowds; the others are in order of the chance to buy, which is no "
                "proof of an effect.", n=lift, m=lift + rest) if lift else words(
        "No trial stands behind a channel of these crowds: all are in order of the chance to buy, which is no proof of an "
        "effect.")  # fmt: skip
    step = words("Load the first bands first; hold a trial where the order rests on the chance to buy.") if rest else words(
        "Load the first bands first.")  # fmt: skip
    if tested is None:
        text = words("Too few bought since an earlier eve to test the order.") + " " + how
        return {
            "kind": "not identified",
            "short": words("The order could not be tested"),
            "text": text,
            "next_step": step,
        }
    times, low, high = (words.number(tested[k], 1) for k in ("times", "low", "high"))
    text = words(
        "On an earlier eve the first tenth of every crowd bought **{times}** times as often in the next {days} days as its crowd "
        "as a whole (95 %: {low} to {high}; {n} people, {buyers} buyers).",
        times=times, low=low, high=high, days=days, n=int(tested["n"]), buyers=words.count(int(tested["buyers"])),
    )  # fmt: skip
    tile = {
        "label": words("First tenth of a crowd"),
        "value": words("{x} times", x=times),
        "note": words("as many buyers as the average tenth"),
    }
    return {"kind": "model", "value": tested["times"], "unit": "index", "text": f"{text} {how}", "n": int(tested["n"]),
            "low": tested["low"], "high": tested["high"], "verdict": "ahead" if tested["low"] > 1 else "careful", "tile": tile,
            "short": words("Whom to meet first: {x} times the buyers", x=times), "next_step": step}  # fmt: skip


def like(
    beside: pd.DataFrame | None, pool: int, came: int, days: int, words: Words, true: pd.DataFrame | None = None
) -> dict[str, Any]:
    """Whether likeness finds those who come. beside: `model.lookalike.beside`; pool, came: people of the earlier eve; true:
    `model.lookalike.reliability`."""
    if beside is None:
        text = words(
            "Too few people in the seed, or too few who came into it since an earlier eve, to learn who is like it."
        )
        return {"kind": "not identified", "short": words("No look-alikes: too few to learn from"), "text": text}
    rows = beside.set_index("crowd")
    tenth = rows.loc["random"]
    text = words(
        "Of {pool} people outside the seed {came} came into it within {days} days. The tenth most like it held **{caught}** of "
        "them; a tenth at random holds a tenth (lead {lead}; 95 %: {low} to {high}).",
        pool=pool, came=words.count(came), days=days, caught=words.share(tenth.by_likeness), lead=_points(words, tenth.lead),
        low=_points(words, tenth.low), high=_points(words, tenth.high),
    )  # fmt: skip
    verdict, step = "ahead" if tenth.low > 0 else "careful", None
    if "all" in rows.index:
        mean = rows.loc["all"]
        text += " " + words(
            "Beside the rule crowds, as many look-alikes held {lead} more of them on average (95 %: {low} to {high}).",
            lead=_points(words, mean.lead), low=_points(words, mean.low), high=_points(words, mean.high),
        )  # fmt: skip
        if mean.low <= 0:
            verdict, step = (
                "careful",
                words("Keep the rule crowds: look-alikes are not shown to be better than they are."),
            )
    if true is not None and true.arrived.iloc[-1] >= words.threshold:
        text += " " + words(
            "Of the fifth with the largest chances {said} were foretold to come, and {came} came.",
            said=words.share(true.said.iloc[-1], 1), came=words.share(true.came.iloc[-1], 1),
        )  # fmt: skip
    times = words.number(tenth.by_likeness / 0.1, 1)
    tile = {
        "label": words("Like the seed"),
        "value": words("{x} times", x=times),
        "note": words("as many who came as at random"),
    }
    return {"kind": "counted", "value": float(tenth.by_likeness), "unit": "share", "text": text, "n": pool, "verdict": verdict,
            "tile": tile, "next_step": step, "short": words("Look-alikes find {x} times as many as chance", x=times)}  # fmt: skip


def rest(rested: pd.DataFrame, most: int, days: int, words: Words) -> dict[str, Any]:
    """Who is left alone because media met them too often. rested: crowd, reached, tired (null: hidden), of `run.keep`."""
    limit = words("more than {most} contacts in {days} days (a convention, set above)", most=most, days=days)
    known = rested[rested.tired.notna()]
    n, hidden = int(known.tired.sum()), bool(rested.tired.isna().any())
    if most <= 0:
        return {
            "kind": "counted",
            "short": words("No limit on contacts is set"),
            "text": words("No limit on contacts is set."),
        }
    if n == 0:
        text = words("Nobody was met that often: {limit}.", limit=limit) if not hidden else words(
            "Too few people were met that often to say how many: {limit}.", limit=limit)  # fmt: skip
        return {"kind": "counted", "short": words("Hardly anybody has to rest"), "text": text, "verdict": "none"}
    text = words("**{n}** consumers are left out because media met them too often: {limit}.", n=n, limit=limit)
    return {"kind": "counted", "value": float(n), "unit": "consumers", "text": text, "verdict": "none",
            "short": words("{n} rest: met too often", n=words.count(n))}  # fmt: skip


def benefit(matched: pd.DataFrame, names: Mapping[str, str], words: Words) -> dict[str, Any]:
    """Which kind of benefit suits whom. matched: `model.benefit_match.matched`, as it may be shown."""
    if matched.empty:
        text = words("These data know no kinds of benefits that people claim and use, so none is matched.")
        return {"kind": "not identified", "short": words("Benefits cannot be matched"), "text": text}
    sure = matched[(matched.odds >= SURE) & matched.rate.notna()]
    if sure.empty:
        text = words("In no crowd is one kind of benefit used so much more than the next that it could be told (odds of {odds}).",
                     odds=words.share(SURE))  # fmt: skip
        step = words("Offer two kinds at random in one crowd and count which is used.")
        return {"kind": "model", "short": words("No benefit stands out for a crowd"), "text": text, "next_step": step}
    best = sure.loc[sure.offered.astype(float).idxmax()]
    text = words(
        "**{crowd}** uses **{kind}** most: {rate} of those who claimed it used it (80 %: {low} to {high}; {n} claims), with odds "
        "of {odds} that no other kind is better.",
        crowd=names[best.crowd], kind=best.kind, rate=words.share(best.rate), low=words.share(best.low),
        high=words.share(best.high), n=int(best.offered), odds=words.share(best.odds),
    )  # fmt: skip
    return {"kind": "model", "value": float(best.rate), "unit": "share", "text": text, "n": int(best.offered),
            "low": float(best.low), "high": float(best.high),
            "short": fitting(words("{crowd}: offer {kind}", crowd=names[best.crowd], kind=best.kind),
                             names[best.crowd])}  # fmt: skip


def ranks(ranked: pd.DataFrame, names: Mapping[str, str], words: Words) -> pd.DataFrame:
    """The order by crowd, in words; crowds with nobody left out."""
    shown = ranked[(ranked["people"] > 0).fillna(True).astype(bool)]
    how = {"lift": words("trials"), "propensity": words("chance to buy")}
    return shown.assign(
        crowd=[names[c] for c in shown.crowd], basis=[how.get(b, MISSING) for b in shown.basis],
        channel=[channel_name(c, words) if isinstance(c, str) else MISSING for c in shown.channel],
    )  # fmt: skip


def dots(beside: pd.DataFrame, names: Mapping[str, str]) -> pd.DataFrame:
    """The rule crowds as dots of the gain curve: label, share, caught."""
    rules = beside[~beside.crowd.isin(["all", "random"])]
    labels = [names[c] for c in rules.crowd]
    return pd.DataFrame({"label": labels, "share": rules.by_chance.array, "caught": rules.by_rule.array})


def leads(beside: pd.DataFrame, names: Mapping[str, str], words: Words) -> pd.DataFrame:
    """Look-alikes beside rules of the same size: label, value (share caught by likeness), before (by the rule), largest first."""
    rules = beside[~beside.crowd.isin(["all"])]
    labels = [words("a tenth at random") if c == "random" else names[c] for c in rules.crowd]
    frame = pd.DataFrame({"label": labels, "value": rules.by_likeness.array, "before": rules.by_rule.array})
    return frame.sort_values("value", ascending=False, ignore_index=True)


def offers(matched: pd.DataFrame, names: Mapping[str, str], words: Words) -> pd.DataFrame:
    """Benefits by crowd, in words; `faint` where another kind may as well be the best."""
    shown = matched.assign(crowd=[names[c] for c in matched.crowd], runner=matched.runner.fillna(MISSING))
    sure = (matched.odds >= SURE).fillna(False).to_numpy(bool)
    return shown.assign(faint=~sure)
