"""The words of the league's page: names, headline and the sentence under it, from the figures whichever way they fall."""

from collections.abc import Callable

import pandas as pd

from apex.show import Words
from truth.league_score import FOURTH, LEAST, NEAR_ORACLE, ORACLE, OVER_TOUCH, RIVALS, SECOND, TOUCH

WORDS = Words("en", "CNY", 1)
NAMES = {
    "even": "Even split 平均分配", "last": "Last year's split 沿用去年", "touch": "Last-touch credit 末次触点",
    "markov": "Markov credit 马尔可夫", "ours": "The workspace 本工作台", "oracle": "Oracle 全知者",
    "ours_split": "Without choosing messages 不选信息", "no_lessons": "Without lessons 不用经验",
    "no_trials": "Without trials 不做试验", "first_split": "With the first campaign's split 一直用首场分法",
}  # fmt: skip
SHORT = {
    "even": "Even",
    "last": "Last year",
    "touch": "Last touch",
    "markov": "Markov",
    "ours": "Workspace",
    "oracle": "Oracle",
}
TELLERS = {
    "odds": "The workspace 本工作台", "odds_plain": "Bought stock at the average rate 购得资产按平均转化",
    "odds_last": "Last year's window again 沿用去年同期",
}  # fmt: skip
HEADLINES = {
    "yes": "Yes: following the workspace earns more, campaign after campaign 跟着工作台，一场接一场都多赚",
    "mostly": "Over all campaigns the workspace earns more; not surely in each 合计多赚，但并非每场都能确定",
    "unproven": "Not proven: the workspace does not surely earn more than every rival 未证实：尚不能确定胜过所有对手",
    "no": "No: following the workspace earned less than a rival 否：至少输给一个对手",
    "few": "Too few markets to say whether the workspace earns more 市场太少，尚不能判断",
    "none": "The workspace has no rival here to be held against 没有可比的对手",
}
HOW = """<h2>How it is played 怎么打</h2>
<p>Each market is simulated from frozen priors. A brand plays its six large campaigns of three years; every policy gets the same
budgets and meets the same chance, and lives on with what its own earlier campaigns caused; money that a channel has no room for
goes to the others, whoever made the split. <strong>Even split</strong> gives each channel the same; <strong>last year's</strong>
repeats its shares; <strong>last touch</strong> and <strong>Markov</strong> follow the credit of the campaign before; <strong>the
workspace</strong> runs the whole loop by the notebooks' own functions: insight, plan, execute, wrap-up, lesson, next plan, and
leaves a tenth of the consumers alone by chance to learn from. Rivals show messages in turn, the workspace chooses by clicks, on
the eve and before each phase. Without a part of itself it decides on the same eves, and lives on with the whole. The
<strong>oracle</strong> is our planner told the true pull of messages and the true curve of every channel:
no brand could have it, and it need not be the very best.</p>
<p>Gained: GMV of the campaign's days and of 15 days after, less that of the same market's life in which the brand never bought
media in any campaign; the mean of several chances. So what one campaign leaves behind counts in the next. Markets are the
sample: medians over them, differences market by market, intervals by 2,000 draws of markets. About twenty intervals stand side
by side, so one of them may miss by chance alone; the sums over campaigns are the surer figure.</p>"""


def name(policy: str) -> str:
    """A policy's name for people, in both languages."""
    return NAMES.get(policy, policy)


def yuan(value: object) -> str:
    """Fen as whole yuan; the unit stands in the head of a table."""
    return WORDS.count(None if pd.isna(value) else float(value) / 100)  # type: ignore[arg-type]


def decimals(value: object, digits: int = 3) -> str:
    """A number with all of its decimals."""
    if pd.isna(value):
        return "–"
    whole, _, part = WORDS.number(value, digits).partition(".")
    return f"{whole}.{part:0<{digits}}"


def plus(text: str) -> str:
    """A figure's text with a sign before what is above nought."""
    return text if text[0] in "−–" or not any(c in text for c in "123456789") else f"+{text}"


def between(value: float, low: float, high: float, write: Callable[[object], str], sign: bool = False) -> str:
    """A figure with its interval, where it has one; `sign`: the figure with its sign."""
    said = plus(write(value)) if sign else write(value)
    return said if pd.isna(low) or pd.isna(high) else f"{said} ({write(low)} to {write(high)})"


def later(of: pd.DataFrame) -> pd.DataFrame:
    """Of a frame of `league_score.beside` the rivals over all campaigns from the second on (the only one, where there is one)."""
    if of.empty:
        return of
    last = int(of["last"].max())
    return of[of.policy.isin(RIVALS) & (of["first"] == min(SECOND, last)) & (of["last"] == last) & (of.n > 0)]


def verdict(found: dict[str, pd.DataFrame]) -> str:
    """A key of `HEADLINES`."""
    whole = later(found["beside"])
    if whole.empty:
        return "none"
    if (whole.high < 0).any():
        return "no"
    if whole.n.min() < LEAST:
        return "few"
    if not (whole.low > 0).all():
        return "unproven"
    each = found["goals"].set_index("goal").reached["each"]
    return "yes" if not pd.isna(each) and each else "mostly"


def headline(found: dict[str, pd.DataFrame]) -> str:
    """The finding in a line, in both languages."""
    return HEADLINES[verdict(found)]


def answer(found: dict[str, pd.DataFrame], results: pd.DataFrame, words: Words) -> str:
    """The finding with its figures; marked: what is gained beside the nearest rival."""
    whole, of = later(found["beside"]), found["beside"]
    markets = words("{n} market", "{n} markets", n=results.seed.nunique())
    if whole.empty:
        there = ", ".join(name(p) for p in dict.fromkeys(results.policy))
        return f"In {markets} only these policies were played: {there}."
    near = whole.loc[whole.difference.idxmin()]
    when = "from the second campaign on" if near["first"] == SECOND else "in the first campaign"
    less = near.difference < 0
    gap, low, high = (-near.difference, -near.high, -near.low) if less else near[["difference", "low", "high"]]
    sure = "" if pd.isna(low) else f" (95% interval {yuan(low)} to {yuan(high)})"
    share = between(near.ratio - 1, near.ratio_low - 1, near.ratio_high - 1, words.share, sign=True)
    which = (
        "its only rival here" if len(whole) == 1 else "the best of its rivals" if less else "the nearest of its rivals"
    )
    parts = [
        f"In {markets}, {when}, the workspace gained **{yuan(gap)} yuan {'less' if less else 'more'}** GMV a market{sure} than "
        f"{name(near.policy)}, {which}: **{share}**; it was ahead of it in {words.share(near.ahead)} of the markets."
    ]  # fmt: skip
    beaten = [name(p) for p, high in zip(whole.policy, whole.high, strict=True) if high < 0]
    unsure = [name(p) for p, a, b in zip(whole.policy, whole.low, whole.high, strict=True) if a <= 0 <= b]
    if beaten:
        parts.append(f"Surely more than the workspace gained: {', '.join(beaten)}.")
    if unsure:
        parts.append(f"Not told apart from it: {', '.join(unsure)}.")
    split = later(found["alone"])
    split = split[split.policy == near.policy]
    if len(split):
        row = split.iloc[0]
        share = between(row.ratio - 1, row.ratio_low - 1, row.ratio_high - 1, words.share, sign=True)
        parts.append(
            f"Its split of the budget alone, with messages in turn as the rivals show them: {share} beside the same rival."
        )
    each = of[of.policy.isin(RIVALS) & (of["first"] == of["last"]) & (of["first"] >= SECOND) & of.low.notna()]
    if len(each):
        parts.append(
            f"Campaign by campaign it is surely ahead in {words.count(int((each.low > 0).sum()))} of "
            f"{words.count(len(each))} comparisons with a rival."
        )
    at = of[(of["first"] == FOURTH) & (of["last"] == FOURTH) & (of.n > 0)].set_index("policy")
    if ORACLE in at.index:
        row = at.loc[ORACLE]
        reached = between(row.ratio, row.ratio_low, row.ratio_high, words.share)
        parts.append(f"In the fourth campaign it reached {reached} of the oracle's gain.")
    return " ".join(parts)


def tiles(found: dict[str, pd.DataFrame], words: Words) -> list[dict[str, str | None]]:
    """What was to be reached, and whether it was; with care where the interval still holds less."""
    goals = found["goals"].set_index("goal")
    texts = {
        "whole": ("Rivals surely beaten, campaigns 2 on 胜过的对手", "all of them"),
        "each": ("Surely ahead, campaign by campaign 逐场领先", "every rival in every campaign from the second on"),
        ORACLE: ("Of the oracle's gain, fourth campaign 第四场达全知者", f"at least {words.share(NEAR_ORACLE)}"),
        TOUCH: (
            "Beside last-touch credit, fourth campaign 第四场对末次触点",
            f"at least {words.signed_share(OVER_TOUCH)}",
        ),
    }
    made: list[dict[str, str | None]] = []
    for goal, (label, wanted) in texts.items():
        row = goals.loc[goal]
        away = 1 if goal == TOUCH else 0
        value = plus(words.share(row.value - away)) if away else words.share(row.value)
        if row.n > 0 and goal in ("whole", "each"):
            value = f"{words.count(round(row.value * row.n))} of {words.count(row.n)}"
        interval = "" if pd.isna(row.low) else f"{words.share(row.low - away)} to {words.share(row.high - away)}; "
        open_ = pd.isna(row.reached)
        sure = goal in ("whole", "each") or row.low >= row.wanted
        judged = "none" if open_ else "behind" if not row.reached else "ahead" if sure else "careful"
        said = "not to be said yet; " if open_ else ""
        made.append({"label": label, "value": value, "note": f"{said}{interval}wanted: {wanted}", "verdict": judged})
    return made
