"""`python -m truth realism`: the page that holds the simulated market beside real data, misses named, and its CSV."""

import argparse
import sys
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from apex import files, show
from apex.files import ROOT
from apex.show import Words
from truth import realism_charts, realism_list, realism_logs
from truth.page import PAGE
from truth.realism_list import PARTS, TOLERANCE, VERDICTS
from truth.realism_logs import EVERY, KINDS

KIND_NAMES = {
    "面部护肤": "Skin care 面部护肤",
    "休闲零食": "Snacks 休闲零食",
    "家庭清洁": "Cleaning 家庭清洁",
    EVERY: "All 全部",
}
SEEN = {"matches": "● matches 相符", "near": "◐ near 接近", "does not match": "○ does not match 不符",
        "not comparable": "– not comparable 不可比", "beside": "beside 参考"}  # fmt: skip
# What each source is, why it judges what it judges, and what it cannot.
ABOUT = {
    "panel": (
        "Grocery panel 购物小票面板",
        "2,469 households, one year, categories of the same kind of goods, a maker being a brand. It judges rhythm, "
        "repeat, concentration, sharing of buyers and baskets: the only source with brands and a whole year. It is a "
        "supermarket's, where one goes weekly and a maker sells dozens of variants; snacks there are bought on a "
        "weekly trip.",
    ),
    "taobao": (
        "Taobao UserBehavior 淘宝行为",
        "114 consumers with every view, favourite, cart and purchase of nine days of 2017, all goods. It judges "
        "behaviour and hours: the same kind of marketplace. No brands, and 206 purchases only: intervals are wide.",
    ),
    "tianchi": (
        "Tianchi mobile 天池移动端",
        "34 consumers, a month of 2014 with 12 December, rows thinned at random. It judges weekdays and the peak: "
        "thinning breaks sequences, not days.",
    ),
    "tmall": (
        "Tmall 11.11 天猫双11",
        "358 consumers who bought on 11 November 2014. It judges that day, for buyers of the day; all goods of a "
        "marketplace, while the twin has three categories.",
    ),
    "cdnow": (
        "CDNOW",
        "23,570 new customers of one online record shop, 18 months of 1997–98. It judges a shop's new buyers; the "
        "shop was young and sold a whole category, the twin's brands are old and share one.",
    ),
    "uci": (
        "UCI Online Retail",
        "4,312 customers of a gift wholesaler, 2009–10. Judges nothing: most of them resell.",
    ),
    "scanner": (
        "Nielsen scanner panels 扫描面板",
        "Ketchup, crackers, yogurt, 536 households. Judges nothing: four brands each, and households picked for "
        "regular buying.",
    ),
}
VIEWS = (
    "Every view would be a row, and nine in ten rows of the log would then be views that nothing here reads: a view of "
    "the twin is one that was attended to."
)
OLD = "The twin's brands are old and share a category with fifteen others; the record shop was young and sold a whole category."
ITEMS = "Every brand of the twin has eight items; makers of the panel list the more items the larger they are."
MET = "The panel's touches are promotions in a shop that was visited, the twin's are media contacts that were noticed."
LEFT = {  # what we know and leave: key → why
    "views-buy": VIEWS, "visit-views": VIEWS, "looks": VIEWS, "view-carted": VIEWS, "view-bought": VIEWS, "day-views": VIEWS,
    "day-lines": "A buyer of the day buys in many categories of the marketplace; the twin has three.",
    "shop-1": OLD, "shop-3": OLD, "shop-90": OLD, "shop-365": OLD, "touches": MET, "no-touch": MET, "items-top": ITEMS,
}  # fmt: skip
STEPS = {"views-buy": "Views 浏览", "carts-buy": "Carts 加购", "favourites-buy": "Favourites 收藏"}
NAN = float("nan")


def write(
    found: pd.DataFrame, absent: list[str], charts: list[realism_charts.Chart], markets: str, folder: Path
) -> Path:
    """Write realism.html and realism.csv into `folder`; returns the page's path. found: a frame of `realism_list.judged`."""
    words = Words("en", "CNY", 1)
    points, factors = (TOLERANCE[u] for u in ("share", "number"))
    parts = [
        "<h1>Does it look real? 像不像真的</h1>",
        f"<p><strong>{escape(answer(found).split(' Misses:')[0])}</strong> What does not match stands first below.</p>",
        f"<p>{escape(markets)} Each source is held against the twin cut alike: same length, same place in the year, same "
        "goods where there are some. The rule: a share <em>matches</em> within "
        f"{100 * points[0]:.0f} points and is <em>near</em> within {100 * points[1]:.0f}; a number matches within a factor "
        f"{factors[0]} and is near within {factors[1]}; what lies inside the real 95 % interval (consumers in "
        f"{realism_list.GROUPS} groups, one left out at a time) is at least near. A slope is held like a share, a rate of "
        "conversion like a number. Only the source "
        "that fits a figure judges it; others stand beside it without a verdict. Counted in both. The "
        "priors were moved with these figures in view on seeds 11, 31, 37 and 41 (lib/twin/README.md).</p>",
    ]
    if absent:
        named = ", ".join(ABOUT[a][0] for a in absent)
        parts.append(show.callout(f"Not here, and therefore not compared: {named}.", "missing").html)
    parts.append("<h2>Misses 不符之处</h2><ul>" + "".join(f"<li>{escape(m)}</li>" for m in misses(found)) + "</ul>")
    if charts:
        parts.append("<p>Charts: the first market named.</p>")
    parts += [realism_charts.draw(chart, words).html for chart in charts]
    steps = found[found.fit & found.key.isin(list(STEPS))]
    if len(steps):
        bars = steps[["twin", "real"]].set_axis(["value", "before"], axis=1)
        bars.insert(0, "label", [STEPS[k] for k in steps.key])
        title = "What comes to one purchase 每次购买对应的行为"
        note = "Bar: the twin. Mark: Taobao, 114 consumers, nine days."
        parts.append(show.bars(bars, words, title, "index", note=note, mark="real 真实").html)
    columns: dict[str, tuple[str, Any]] = {
        "name": ("Figure", "text"), "goods": ("Goods", "text"), "twin_text": ("Twin", "text"), "real_text": ("Real", "text"),
        "data": ("Data", "text"), "n": ("Consumers", "count"), "said": ("Verdict", "text"),
    }  # fmt: skip
    for part, title in PARTS.items():
        mine = found[found.part == part]
        if mine.empty:
            continue
        shown = mine.assign(
            goods=mine.kind.map(KIND_NAMES), data=[ABOUT[s][0] for s in mine.source], said=mine.verdict.map(SEEN),
            twin_text=[told(*v) for v in zip(mine.twin, mine.twin_low, mine.twin_high, mine.unit, strict=True)],
            real_text=[told(*v) for v in zip(mine.real, mine.low, mine.high, mine.unit, strict=True)],
        )  # fmt: skip
        how = "; ".join(f"{n}: {h}" for n, h in mine.drop_duplicates("key")[["name", "how"]].itertuples(index=False))
        parts.append(f"<h2>{title}</h2><p>{escape(how)}.</p>")
        parts.append(show.table(shown, f"realism-{part}", words, columns).html)
    parts.append("<h2>What can be compared 可比性</h2><ul>")
    parts += [f"<li><strong>{escape(name)}</strong>: {escape(text)}</li>" for name, text in ABOUT.values()]
    parts.append("</ul>")
    page = PAGE.replace("<title>The page of truth</title>", "<title>Does it look real?</title>")
    files.atomic_write(folder / "realism.html", page.format(css=show.house_css(), body="\n".join(parts)))
    files.atomic_write(folder / "realism.csv", found.round(4).to_csv(index=False, lineterminator="\n"))
    return folder / "realism.html"


def told(value: float, low: float, high: float, unit: str) -> str:
    """A value with its interval, in its unit."""
    if pd.isna(value):
        return "–"
    if unit in ("share", "rate"):
        return f"{value:.1%}" + ("" if pd.isna(low) else f" ({max(low, 0):.1%} to {min(high, 1):.1%})")
    return f"{value:.2f}" + ("" if pd.isna(low) else f" ({low:.2f} to {high:.2f})")


def answer(found: pd.DataFrame) -> str:
    """The page in one sentence: comparisons, and figures that match for every kind of goods."""
    mine = found[found.fit & (found.verdict != "not comparable")]
    if mine.empty:
        return "Nothing could be compared."
    count = mine.verdict.value_counts()
    worst = mine.groupby("key", sort=False).verdict.agg(lambda v: max(v, key=VERDICTS.index))
    names = mine.drop_duplicates("key").set_index("key").name
    missed = "; ".join(names[k] for k in worst.index[worst == VERDICTS[2]])
    whole, nearly = (int((worst == v).sum()) for v in VERDICTS[:2])
    return (
        f"{count.get(VERDICTS[0], 0)} of {len(mine)} comparisons match, {count.get(VERDICTS[1], 0)} are near; of "
        f"{len(worst)} figures {whole} match throughout and {nearly} are near at worst. Misses: {missed or 'none'}."
    )


def misses(found: pd.DataFrame) -> list[str]:
    """What does not match: a line a figure with both values for each kind of goods; what we leave so, a line a reason."""
    mine = found[found.fit & (found.verdict == VERDICTS[2])]
    lines, left = [], dict[str, list[str]]()
    for key, part in mine.groupby("key", sort=False):
        each = "; ".join(
            ("" if k == EVERY else f"{KIND_NAMES[k]} ") + f"{told(t, NAN, NAN, u)}, real {told(v, NAN, NAN, u)}"
            for k, t, v, u in zip(part["kind"], part["twin"], part["real"], part["unit"], strict=True)
        )
        told_of = f"{part['name'].iloc[0]}: {each}."
        if key in LEFT:
            left.setdefault(LEFT[str(key)], []).append(told_of)
        else:
            lines.append(told_of)
    return lines + [f"Left so 有意保留. {why} {' '.join(which)}" for why, which in left.items()] or ["None."]


def main(arguments: list[str] | None = None) -> int:
    """Play, count, write; prints where."""
    parser = argparse.ArgumentParser(
        prog="python -m truth realism", description="The simulated market beside real data."
    )
    parser.add_argument(
        "--seeds", type=int, nargs="*", default=[11, 31, 37, 41], help="markets; of one, an interval over consumers"
    )
    parser.add_argument("--consumers", type=int, default=4000, help="of each market")
    parser.add_argument(
        "--set", nargs="*", default=[], metavar="PLACE=VALUE", help="priors that differ, such as demand/shop=0.1"
    )
    parser.add_argument("--folder", type=Path, default=ROOT / "reports" / "truth")
    chosen = parser.parse_args(arguments)
    overrides = {place: yaml.safe_load(value) for place, value in (s.split("=", 1) for s in chosen.set)}
    real, absent = realism_logs.there()
    seen, twins = [], []
    for seed in chosen.seeds:
        market, log = realism_logs.twin(seed, chosen.consumers, overrides)
        twins.append({source: realism_logs.like(source, market, log) for source in real})
        seen.append(realism_list.counted(twins[-1], bounds=len(chosen.seeds) == 1))
        sys.stderr.write(f"  seed {seed}: {chosen.consumers:,} consumers\n")
    found = realism_list.judged(realism_list.over_seeds(seen), realism_list.counted(real))
    kinds = {kind: KIND_NAMES[kind] for kind in KINDS}
    several = len(chosen.seeds) > 1
    held = "their mean, with the lowest and the highest" if several else "counted, with an interval over consumers"
    markets = (
        f"{'Markets' if several else 'The market'} of seed {', '.join(map(str, chosen.seeds))}, "
        f"{chosen.consumers:,} consumers each; the twin's value is {held}."
        + (f" Priors that differ: {', '.join(chosen.set)}." if chosen.set else "")
    )
    drawn = realism_charts.charts(twins[0], real, kinds)
    sys.stdout.write(f"{answer(found)}\n{write(found, absent, drawn, markets, chosen.folder)}\n")
    return 0
