"""The tables of the league's page, from the frames of `truth.league_score`: lists of HTML, empty where there are no rows."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import pandas as pd

from apex import show
from apex.show.tables import Format
from truth.league_score import ORACLE, OURS, SECOND
from truth.league_words import TELLERS, WORDS, between, decimals, name, plus, yuan

Span = tuple[int, int]
Columns = dict[str, tuple[str, Format]]


class Shape(NamedTuple):
    """Which policies there are (`cut`: the workspace without a part), names of campaigns, rows of a table by campaign, and the
    span that is summed (from the second campaign on)."""

    rivals: list[str]
    cut: list[str]
    oracle: bool
    heads: Mapping[int, str]
    rows: Mapping[Span, str]
    span: Span


def pick(of: pd.DataFrame, policy: str, span: Span) -> pd.Series | None:
    """The row of a policy and span, where any market has it."""
    if of.empty:
        return None
    found = of[(of.policy == policy) & (of["first"] == span[0]) & (of["last"] == span[1])]
    return found.iloc[0] if len(found) and found.n.iloc[0] else None


def grid(
    of: pd.DataFrame, across: list[str], rows: Mapping[Span, str], cell: Callable[[pd.Series], str]
) -> tuple[pd.DataFrame, Columns]:
    """A row a span, a column a policy, as texts; and the heads."""
    out = pd.DataFrame({"row": list(rows.values())})
    for p in across:
        picked = [pick(of, p, span) for span in rows]
        out[p] = ["–" if one is None else cell(one) for one in picked]
    return out, {"row": ("Campaign 活动", "text"), **{p: (name(p), str) for p in across}}


def ratio(row: pd.Series) -> str:
    """How much more than a rival; what share of the oracle's."""
    if row.policy == ORACLE:
        return between(row.ratio, row.ratio_low, row.ratio_high, WORDS.share)
    return between(row.ratio - 1, row.ratio_low - 1, row.ratio_high - 1, WORDS.share, sign=True)


def gap(row: pd.Series) -> str:
    """How many yuan more."""
    return between(row.difference, row.low, row.high, yuan, sign=True)


def brier(row: pd.Series) -> str:
    """How much more its Brier score is than ours."""
    return between(row.difference, row.low, row.high, decimals, sign=True)


def since(of: Shape) -> str:
    """Which campaigns are summed."""
    return "from the second campaign on" if of.span[0] == SECOND else "in the first campaign"


def together(found: pd.DataFrame, across: list[str], span: Span, who: str) -> tuple[pd.DataFrame, Columns]:
    """A row a policy: how much more is gained over the span's campaigns together; and the heads. who: gained it."""
    total = [row for p in across if (row := pick(found, p, span)) is not None]
    frame = pd.DataFrame({
        "policy": [name(r.policy) for r in total], "difference": [gap(r) for r in total], "ratio": [ratio(r) for r in total],
        "ahead": [r.ahead for r in total], "n": [r.n for r in total], "left": [r.left_out for r in total],
    })  # fmt: skip
    columns: Columns = {
        "policy": (f"{who} beside 对手", "text"), "difference": ("Gained more, yuan a market 多赚（元）", str),
        "ratio": ("In percent 百分比", str), "ahead": ("Ahead in 领先市场", "share"), "n": ("Markets 市场", "count"),
        "left": ("Ratio left out 未计比率", "count"),
    }  # fmt: skip
    return frame, columns


def beside(found: pd.DataFrame, of: Shape, noise: str) -> list[str]:
    """Ours beside rivals and oracle: together, in percent and in money by campaign. noise: a sentence for the note."""
    across = [*of.rivals, *([ORACLE] if of.oracle else [])]
    whole, columns = together(found, across, of.span, "The workspace")
    if whole.empty:
        return []
    note = (
        "Medians over markets of the paired figure, with the 95% interval. Oracle: what share of its gain ours reached."
    )
    left = f"{note} A ratio is left out where the other policy gained nothing. {noise}"
    percent, heads = grid(found, across, of.rows, ratio)
    money, _ = grid(found, across, of.rows, gap)
    title = f"All campaigns {since(of)} 合计对比" if of.span[0] == SECOND else "The first campaign 首场对比"
    return [
        "<h2>Campaign by campaign 逐场对比</h2>",
        show.table(whole, "together", WORDS, columns, title, left).html,
        show.table(percent, "percent", WORDS, heads, "How much more, campaign by campaign 每场多赚几成", note).html,
        show.table(money, "money", WORDS, heads, "The same in yuan a market 每市场金额（元）").html,
    ]


def ablations(found: pd.DataFrame, odds: pd.DataFrame, of: Shape) -> list[str]:
    """What each part of the workspace is worth: gain without it, and Brier score of the odds without it."""
    made = []
    for p in of.cut:
        row, own = pick(found, p, of.span), odds[(odds.policy == p) & (odds.teller == "odds")]
        if row is not None:
            made.append((name(p), gap(row), ratio(row), row.ahead, brier(own.iloc[0]) if len(own) else "–"))
    plain = odds[(odds.policy == OURS) & (odds.teller == "odds_plain")]
    if len(plain):
        made.append((TELLERS["odds_plain"], "–", "–", None, brier(plain.iloc[0])))
    if not made:
        return []
    frame = pd.DataFrame(made, columns=["policy", "difference", "ratio", "ahead", "brier"])
    columns: Columns = {
        "policy": ("The workspace 本工作台", "text"), "difference": ("Gains less, yuan a market 少赚（元）", str),
        "ratio": ("The whole gains more by 完整版多赚", str), "ahead": ("The whole is ahead in 完整版领先", "share"),
        "brier": ("Odds worse by, Brier score 概率变差", str),
    }  # fmt: skip
    note = (
        f"The whole workspace less the one without a part, {since(of)}, market by market; above 0: the part earns something. "
        "Where the interval holds 0 the league cannot tell."
    )
    out = [
        "<h2>What each part is worth 各环节的价值</h2>",
        show.table(frame, "ablations", WORDS, columns, "Taken away one by one 逐一去除", note).html,
    ]
    if there := [p for p in of.cut if pick(found, p, of.span) is not None]:
        costs, heads = grid(found, there, of.rows, gap)
        title = "What it costs, campaign by campaign, yuan a market 每场损失（元）"
        out.append(show.table(costs, "ablations-by-campaign", WORDS, heads, title).html)
    return out


def alone(found: pd.DataFrame, of: Shape) -> list[str]:
    """The workspace's split beside the rivals', all with messages in turn."""
    whole, columns = together(found, of.rivals, of.span, "The split alone")
    if whole.empty:
        return []
    note = "The workspace's split of the budget with messages in turn, as the rivals show theirs: what the split alone earns."
    title = f"The split alone, {since(of)} 仅看预算分配"
    return [show.table(whole, "alone", WORDS, columns, title, note).html]


def odds(found: pd.DataFrame) -> list[str]:
    """Stated odds beside what came."""
    if found.empty:
        return []
    who = [
        TELLERS[t] if p == OURS else name(p) if t == "odds" else f"{name(p)}: {TELLERS[t]}"
        for p, t in zip(found.policy, found.teller, strict=True)
    ]
    gaps = [brier(row) for _, row in found.iterrows()]
    columns: Columns = {
        "who": ("Odds stated by 概率来源", "text"), "n": ("Campaigns 活动数", "count"),
        "expected": ("Expected to reach 预期达成", lambda v: decimals(v, 1)), "reached": ("Reached 实际达成", "count"),
        "brier": ("Brier score 得分", decimals), "gap": ("More than ours 高出", str),
    }  # fmt: skip
    note = (
        "Brier score: the mean squared distance of the stated odds from what came (less is better; 0.25 is a coin's). "
        "Intervals over draws of whole markets."
    )
    title = "Stated odds against what came 达成概率与实际"
    return [
        "<h2>Were the odds kept? 概率说得准吗</h2>",
        show.table(found.assign(who=who, gap=gaps), "odds", WORDS, columns, title, note).html,
    ]


def everything(found: dict[str, pd.DataFrame]) -> list[str]:
    """Each policy over all campaigns: gain, new consumers kept, money spent."""
    gained = found["gained"]
    whole = gained[(gained["first"] == 1) & (gained["last"] == gained["last"].max())]
    kept, spent = found["kept"].set_index("policy"), found["spent"].set_index("policy")
    rows = []
    for _, row in whole.iterrows():
        k, s = kept.loc[row.policy], spent.loc[row.policy]
        more = between(-k.difference, -k.difference_high, -k.difference_low, WORDS.number, sign=True)
        money = f"{WORDS.share(s['median'])} ({WORDS.share(s.least)} to {WORDS.share(s.most)})"
        rows.append((name(row.policy), between(row["median"], row.low, row.high, yuan), k.total, more, money))
    frame = pd.DataFrame(rows, columns=["policy", "gained", "kept", "more", "spent"])
    columns: Columns = {
        "policy": ("Policy 策略", "text"), "gained": ("GMV gained, yuan a market 增量GMV（元）", str),
        "kept": ("New consumers kept, all markets 留存新客", "signed"),
        "more": ("Beside the workspace, a market 与工作台之差", str), "spent": ("Of the budget spent 预算花费", str),
    }  # fmt: skip
    note = (
        "Kept: new consumers of a campaign who bought again within 90 days, beyond those of the life without media. Spent: "
        "the median, with the least and the most of any campaign."
    )
    return [
        "<h2>All campaigns together 全部活动合计</h2>",
        show.table(frame, "policies", WORDS, columns, "Each policy 各策略", note).html,
    ]


def worst(found: pd.DataFrame, of: Shape) -> list[str]:
    """Where a rival gained more."""
    head = "<h2>Where the workspace lost 落后的市场</h2>"
    if found.empty:
        return [head, f"<p>In no market that was played did a rival gain more {since(of)}.</p>"]
    shown = found.assign(rival=found.rival.map(name), seed=found.seed.astype(str))
    columns: Columns = {
        "seed": ("Market 市场", "text"), "difference": ("Yuan less 少赚（元）", lambda v: plus(yuan(v))),
        "rival": ("Than 对手", "text"), "best": ("Which gained 对手所得", yuan), "ours": ("The workspace 本工作台", yuan),
        "oracle": ("Oracle 全知者", yuan),
    }  # fmt: skip
    note = "Beside the best rival of each market, which nobody knows beforehand: a harder test than any one rival."
    title = f"The worst markets, {since(of)} 最差市场"
    return [head, show.table(shown, "worst", WORDS, columns, title, note).html]
