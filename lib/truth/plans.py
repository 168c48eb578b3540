"""`python -m truth plans`: what media truly bring, channel by channel, and one consumer's life in two plans."""

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from apex import files, show
from apex.files import ROOT
from apex.show import Words
from truth.page import PAGE
from twin.act import Config, Market, Played
from twin.curves import AFTER, curves, usual_plan
from twin.plan import Plan
from twin.purchase import FIELDS
from twin.tables import Names

AT = {name: n for n, name in enumerate(FIELDS)}
Z = 1.96
CAMPAIGN = "b00-d11-2024"
TOLD = 40  # rows of a life


def returns(curve: pd.DataFrame) -> pd.DataFrame:
    """channel, spent_minor, gmv_minor, average and marginal: what a yuan brings as planned, and what the next one does.

    curve: as `twin.curves.curves` gives it. marginal: from once to twice the plan's media, with low and high of 95 % for the
    chance of the plays; null where media are free.
    """
    at = {t: curve[np.isclose(curve.times, t)].set_index("channel") for t in (1.0, 2.0)}
    one, two = at[1.0], at[2.0]
    more = (two.spent_minor - one.spent_minor).where(lambda v: v > 0)
    out = one[["spent_minor", "gmv_minor", "gmv_se"]].copy()
    out["average"] = one.gmv_minor / one.spent_minor.where(one.spent_minor > 0)
    out["marginal"] = (two.gmv_minor - one.gmv_minor) / more
    # the plays share their chance, so that this is more than the difference's own error
    error = np.sqrt(one.gmv_se**2 + two.gmv_se**2) / more
    out["low"], out["high"] = out.marginal - Z * error, out.marginal + Z * error
    return out.reset_index()


def life(with_: Played, without: Played, who: int) -> pd.DataFrame:
    """day, time, what, with, without: one consumer's days with the brand in two plays, moment by moment."""
    names, described = Names(with_.drawn), []
    for name, played in (("with", with_), ("without", without)):
        rows = played.events[played.events[:, 0] == who]
        for row in rows:
            channel = names.channel[row[AT["channel"]]] if row[AT["channel"]] >= 0 else ""
            value = row[AT["value"]] / 100 if row[AT["value"]] >= 0 else np.nan
            described.append((row[AT["minute"]], names.behaviour[row[AT["behaviour"]]], channel, value, name))
    table = pd.DataFrame(described, columns=["minute", "behaviour", "channel", "value", "play"])
    table["number"] = table.groupby(["minute", "behaviour", "channel", "play"]).cumcount()
    wide = table.pivot(index=["minute", "behaviour", "channel", "number"], columns="play", values="value")
    there = table.assign(there=True).pivot(index=wide.index.names, columns="play", values="there")
    found = there.reindex(columns=["with", "without"]).notna().join(wide.max(axis=1).rename("value")).reset_index()
    start = pd.Timestamp(with_.drawn.calendar.start)
    moment = start + pd.to_timedelta(found.minute, unit="min")
    return found.assign(day=moment.dt.date, time=moment.dt.strftime("%H:%M")).sort_values("minute", kind="stable")


def telling(with_: Played, without: Played) -> int:
    """The consumer who meets the plan, buys with it and not without it, and of those the one with the fewest events."""
    from twin.stages import codes

    buy = codes("buy")[0]
    buyers = [set(p.events[p.events[:, AT["behaviour"]] == buy, 0].tolist()) for p in (with_, without)]
    turned = np.array(sorted(buyers[0] - buyers[1]))
    if not len(turned):
        raise ValueError("the plan turned nobody into a buyer; ask for more consumers")
    events = [(with_.events[:, 0] == who).sum() for who in turned]
    return int(turned[np.argmin(np.where(np.array(events) >= 6, events, 10_000))])


def write(curve: pd.DataFrame, told: pd.DataFrame, counts: dict[str, int], folder: Path) -> Path:
    """Write plans.html, curves.csv into `folder`; returns the page's path. told: of `life`; counts: of consumers."""
    words = Words("en", "CNY", 1)
    best = returns(curve)
    paid = best.dropna(subset=["marginal"]).sort_values("marginal", ascending=False)
    first, last = paid.iloc[0], paid.iloc[-1]
    head = f"The next yuan earns {first.marginal:.2f} in {first.channel} and {last.marginal:.2f} in {last.channel}"
    shown = paid.rename(columns={"channel": "label", "marginal": "value"})[["label", "value", "low", "high"]]
    bars = show.bars(
        shown, words, "What the next yuan brings 下一元带来的成交", unit="none",
        note="GMV per yuan, from once to twice the campaign's media in a channel, the others as they are.",
    )  # fmt: skip
    grid, heads = _grid(curve, words)
    note = (
        "Over the same plays, all chance shared, in which the channel is silent; means of the plays, from the campaign's "
        f"first day to {AFTER} days after its last. Errors: gmv_se in curves.csv."
    )
    life_heads = {
        "day": ("Day", "day"), "time": ("Time", "text"), "behaviour": ("Behaviour", "text"), "channel": ("Channel", "text"),
        "value": ("Yuan", "number"), "with": ("Plan", "text"), "without": ("Nothing", "text"),
    }  # fmt: skip
    title = "True response curves: GMV brought / money spent 真实响应曲线"
    parts = [
        "<h1>Plans and their truth 计划与真值</h1>",
        f"<p>{head}. {counts['consumers']:,} consumers, campaign {CAMPAIGN}.</p>",
        bars.html,
        show.table(grid, "plans-curves", words, heads, title=title, note=note).html,
        "<h2>One life in two plans 同一人的两种计划</h2>",
        "<p>A consumer who buys under the brand's usual media and event days and does not when the brand does nothing. Of "
        f"{counts['consumers']:,} consumers {counts['same']:,} live the same life in both, to the last fen.</p>",
        show.table(_marked(told), "plans-life", words, life_heads).html,
    ]
    files.atomic_write(folder / "plans.html", PAGE.format(css=show.house_css(), body="\n".join(parts)))
    files.atomic_write(folder / "curves.csv", curve.round(2).to_csv(index=False, lineterminator="\n"))
    return folder / "plans.html"


def _grid(curve: pd.DataFrame, words: Words) -> tuple[pd.DataFrame, dict[str, tuple[str, str]]]:
    """A row a channel, a column a multiple of its media, and the columns' heads."""
    pairs = zip(curve.gmv_minor, curve.spent_minor, strict=True)
    text = [f"{words.money_short(gmv)} / {words.money_short(spent)}" for gmv, spent in pairs]
    grid = curve.assign(text=text)[curve.times > 0].pivot(index="channel", columns="times", values="text")
    heads = {f"x{n}": (f"× {times:g}", "text") for n, times in enumerate(grid.columns)}
    grid.columns = list(heads)
    return grid.reset_index(), {"channel": ("Channel", "text"), **heads}


def _marked(told: pd.DataFrame) -> pd.DataFrame:
    return told.head(TOLD).assign(**{c: told[c].map({True: "●", False: ""}) for c in ("with", "without")})


def main(arguments: list[str]) -> int:
    """Write the page; prints where."""
    parser = argparse.ArgumentParser(prog="python -m truth plans", description="What plans truly bring.")
    parser.add_argument("--consumers", type=int, default=12_000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[11], help="the first one is played")
    parser.add_argument("--replays", type=int, default=4)
    parser.add_argument("--folder", type=Path, default=ROOT / "reports" / "truth")
    chosen = parser.parse_args(arguments)
    market = Market(Config(chosen.consumers), chosen.seeds[0])
    brand = market.drawn.brands[0]
    plan = usual_plan(market, CAMPAIGN)
    idle = Plan(campaign_id=plan.campaign_id, first_day=plan.first_day, last_day=plan.last_day)
    with_, without = (market.play(p, brand=brand) for p in (plan, idle))
    everybody = market.crowd.number
    changed = {tuple(r) for r in with_.events.tolist()} ^ {tuple(r) for r in without.events.tolist()}
    counts = {"consumers": len(everybody), "same": len(everybody) - len({r[0] for r in changed})}
    told = life(with_, without, telling(with_, without))
    curve = curves(market, plan, replays=chosen.replays)
    sys.stdout.write(f"{write(curve, told, counts, chosen.folder)}\n")
    return 0
