"""What was learned when, as tables of the league's page; the frames are those of `truth.league_lessons`."""

from collections.abc import Callable, Mapping

import pandas as pd

from apex import show
from truth.league_score import ABLATIONS, OURS
from truth.league_tables import Columns
from truth.league_words import WORDS, decimals, name

SINGLE = {"trials": "Trials read 已读试验", "m": "Bought stock converts at, times other stock 购得资产转化倍数"}
TITLES = {
    "shares": "share of the budget by channel 各渠道预算占比",
    "depth": "how deep a channel's auction is 竞价深度",
    "room": "how much a channel can sell 可售量",
    "messages": "the message chosen 所选信息",
}
NOTES = {
    "shares": "Medians of the markets.",
    "depth": "By lessons: contacts in units of what the channel carries; the deeper, the slower its price rises. Medians.",
    "room": "By lessons, where money was left over: contacts in units of what the channel carries. Medians.",
    "messages": "The commonest choice, and in how many of the markets it was made.",
}


def over(part: pd.DataFrame, heads: Mapping[int, str], write: Callable[[pd.Series], str]) -> pd.DataFrame:
    """A row an item, a column a campaign, as texts."""
    items = list(dict.fromkeys(part["item"]))
    out = pd.DataFrame({"row": items})
    for k in heads:
        at = part[part.campaign == k].set_index("item")
        out[str(k)] = [write(at.loc[i]) if i in at.index else "–" for i in items]
    return out


def known(row: pd.Series) -> str:
    """A value; of words with the share of markets that say it."""
    return f"{row.text} ({WORDS.share(row.value)})" if row.text else decimals(row.value, 2)


def whole(row: pd.Series) -> str:
    """The same, without decimals that say nothing."""
    return known(row) if row.text else WORDS.number(row.value, 2)


def tables(learned: pd.DataFrame, apart: pd.DataFrame, heads: Mapping[int, str]) -> list[str]:
    """What the workspace knew and did by campaign, how far each split is from the oracle's, where the last budget went."""
    mine = learned[learned.policy == OURS]
    across: Columns = {"row": ("", "text"), **{str(k): (f"{k}. {h}", str) for k, h in heads.items()}}
    by_channel: Columns = {**across, "row": ("Channel 渠道", "text")}
    single = mine["item"] == ""
    out = []
    if single.any():
        part = mine[single]
        note = "Medians of the markets."
        shown = over(part.assign(item=[SINGLE.get(w, w) for w in part.what]), heads, whole)
        out.append(show.table(shown, "lessons", WORDS, across, "What the workspace knew 工作台的所知", note).html)
    for what, part in mine[~single].groupby("what", sort=False):
        if what != "messages":
            part = part.sort_values("value", ascending=False, kind="stable")
        shown = over(part, heads, _share if what == "shares" else known)
        title = f"The workspace: {TITLES.get(str(what), str(what))}"
        out.append(show.table(shown, f"learned-{what}", WORDS, by_channel, title, NOTES.get(str(what))).html)
    if len(apart):
        part = apart[~apart.policy.isin(ABLATIONS)].assign(item=lambda f: f.policy.map(name))
        note = "½ Σ |share − the oracle's share|, median: the part of the budget that would have to move."
        shown = over(part, heads, lambda r: WORDS.share(r["median"]))
        columns: Columns = {**across, "row": ("Policy 策略", "text")}
        title = "How far from the oracle's split 与全知者方案的距离"
        out.append(show.table(shown, "apart", WORDS, columns, title, note).html)
    last = max(heads)
    final = learned[(learned.what == "shares") & (learned.campaign == last) & ~learned.policy.isin(ABLATIONS)]
    if len(final):
        there = list(dict.fromkeys(final.policy))
        wide = final.pivot(index="item", columns="policy", values="value")[there]
        wide = wide.sort_values(OURS if OURS in wide else there[0], ascending=False).reset_index()
        columns = {"item": ("Channel 渠道", "text"), **{p: (name(p), "share") for p in there}}
        title = f"Where the money went in the last campaign, {heads[last]} 末场预算去向"
        out.append(show.table(wide, "splits", WORDS, columns, title).html)
    return ["<h2>What was learned when 何时学到什么</h2>", *out] if out else []


def _share(row: pd.Series) -> str:
    return WORDS.share(row.value)
