"""The page of truth: every rule with its errors, every seed named, misses named; in the house style."""

from pathlib import Path

import pandas as pd

from apex import files, show
from apex.show import Words

NAMES = {
    "replay": "Left out of the ledger 剔除重算", "regression": "Regression 回归", "last": "Last touch 末次触点",
    "equal": "Equal shares 均分", "naive": "Touched less untouched 触达减未触达",
}  # fmt: skip
TITLES = {
    "deeper": "Deeper than the first stage, short of a purchase 越过第一阶段、购买之前",
    "before": "All moves short of a purchase 购买之前",
    "bought": "Moves into purchases 升入购买",
}  # fmt: skip
SILENT = "silent in the period"
USABLE = 0.25  # a rule whose mean error is above is not used
NOMINAL = 0.95
PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>The page of truth</title><link rel="icon" href="data:,">
<style>{css}
body {{ margin: 0 auto; max-width: 960px; padding: 16px; font-family: system-ui, sans-serif; }}</style></head>
<body><main>{body}</main></body></html>
"""


def write(found: pd.DataFrame, seen: pd.DataFrame, length: int, folder: Path) -> Path:
    """Write index.html, errors.csv and contents.csv into `folder`; returns its path.

    found: frames of `errors`, with consumers, truth; seen: those of `truth.contents.compared`.
    """
    words = Words("en", "CNY", 1)
    parts = [
        "<h1>The page of truth 真值对照</h1>",
        f"<p>{answer(found)}</p>",
        "<p>Moves up between two days, by the channel that brought them. The truth: the same lives are played again with the "
        f"channel silent after the first day, all chance shared, periods of {length} days, rules <code>deeplink</code>. Beside "
        "it the twin's table <code>stage_moves</code> (rules <code>aipl</code>), where the channel is silent from the start. "
        "Error: Σ|credit − truth| / Σ|truth| over channels, the mean over periods; pooled: of the sums over all periods. "
        "Share: ½ Σ|share − true share|. Total: credit of all channels / truth. Covered: how often the 95 % interval of a "
        "channel and stage holds the truth.</p>",
    ]
    for stages, title in TITLES.items():
        parts.append(f"<h2>{title}</h2>")
        mine = found[found.stages == stages]
        for number, ((truth, seed), one) in enumerate(mine.groupby(["truth", "seed"], sort=False)):
            shown = one.assign(rule=one.method.astype(str).map(NAMES))
            columns = {
                "rule": ("Rule", "text"), "error": ("Error", "share1"), "pooled": ("Pooled", "share1"),
                "share": ("Share", "share1"), "total": ("Total", "share"), "covered": ("Covered", "share"),
                "moves": ("True moves", "count"),
            }  # fmt: skip
            head = f"Seed {seed}: {one.consumers.iloc[0]:,} consumers, {one.periods.iloc[0]} periods; {truth}"
            parts.append(show.table(shown, f"truth-{stages}-{number}", words, columns, title=head).html)
    parts += contents(seen, words)
    parts.append("<h2>Misses 未达之处</h2><ul>" + "".join(f"<li>{line}</li>" for line in misses(found)) + "</ul>")
    files.atomic_write(folder / "index.html", PAGE.format(css=show.house_css(), body="\n".join(parts)))
    files.atomic_write(folder / "errors.csv", found.round(6).to_csv(index=False, lineterminator="\n"))
    files.atomic_write(folder / "contents.csv", seen.round(6).to_csv(index=False, lineterminator="\n"))
    return folder / "index.html"


def contents(seen: pd.DataFrame, words: Words) -> list[str]:
    """What seeing content changed, by estimate, bare difference and truth, as HTML."""
    told = seen[seen.answer != "not identified"]
    held = (told.low <= told.truth) & (told.truth <= told.high)
    off = [float((told[c] - told.truth).abs().mean()) for c in ("effect", "naive")]
    parts = [
        "<h2>What seeing content changes 看内容的作用</h2>",
        f"<p>Of {len(seen)} effects {len(told)} are identified; their 95 % intervals hold the truth in {held.mean():.0%}. "
        f"Mean error: {100 * off[0]:.1f} points, of the bare difference {100 * off[1]:.1f}. The truth: the same consumers' lives "
        "played again with all of the brand's content silent in the period, followed from the moment of the first view.</p>",
    ]
    for seed, one in seen.groupby("seed", sort=False):
        shown = one.assign(holds=[
            "–" if a == "not identified" else "yes" if low <= t <= high else "no"
            for a, low, t, high in zip(one.answer, one.low, one.truth, one.high, strict=True)
        ])  # fmt: skip
        columns = {
            "arm": ("Saw first", "text"), "outcome": ("Outcome", "text"), "n_treated": ("Exposed", "count"),
            "truth": ("Truth", "share1"), "effect": ("Estimate", "share1"), "low": ("Low", "share1"),
            "high": ("High", "share1"), "naive": ("Bare difference", "share1"), "holds": ("Holds", "text"),
        }  # fmt: skip
        head = f"Seed {seed}: {one.consumers.iloc[0]:,} consumers"
        parts.append(show.table(shown, f"truth-contents-{seed}", words, columns, title=head).html)
    return parts


def answer(found: pd.DataFrame) -> str:
    """The page in one sentence."""
    mean = (
        found[(found.stages == "deeper") & (found.truth == SILENT)]
        .groupby("method", observed=True)
        .error.mean()
        .sort_values()
    )
    listed = "; ".join(f"{NAMES[str(m)]} {e:.1%}" for m, e in mean.items())
    return (
        f"Beyond the first stage and short of a purchase the mean error over {found.seed.nunique()} seeds is: {listed}."
    )


def misses(found: pd.DataFrame) -> list[str]:
    """What is off by more than may be used, and intervals that hold the truth too seldom, each with its seeds."""
    lines = []
    for (truth, stages, method), part in found.groupby(["truth", "stages", "method"], observed=True):
        where = {"deeper": "deeper", "before": "short of a purchase", "bought": "into purchases"}[
            stages
        ] + f" ({truth})"
        seeds = ", ".join(str(s) for s in part.seed)
        if part.error.mean() > USABLE:
            lines.append(
                f"{NAMES[method]}: {part.error.mean():.0%} off on moves {where} (seeds {seeds}); not to be used there."
            )
        low = part[part.covered < NOMINAL - 0.05]
        if len(low):
            named = ", ".join(f"{s}: {c:.0%}" for s, c in zip(low.seed, low.covered, strict=True))
            lines.append(f"{NAMES[method]}: 95 % intervals hold the truth too seldom on moves {where} (seed {named}).")
    return lines or ["None."]
