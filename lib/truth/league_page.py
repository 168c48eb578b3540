"""The league's page: does following the workspace earn more, campaign after campaign? HTML and CSV from result files."""

from collections.abc import Mapping
from html import escape
from pathlib import Path

import pandas as pd

from apex import files, show
from truth import league_lessons, league_score
from truth.league_chart import race
from truth.league_learned import tables as learned_tables
from truth.league_score import LEAST, ORACLE, OURS, RIVALS, SECOND, SPLIT, policies
from truth.league_tables import Shape, ablations, alone, beside, everything, odds, worst
from truth.league_words import HOW, NAMES, WORDS, answer, headline, name, tiles, yuan
from truth.paper import paper

RACE = "The race: GMV gained up to each campaign, yuan a market 累计增量GMV（元）"
RACED = "What a policy's media brought beyond the same life without any: medians of the markets; band: 95% interval of ours."


def summary(results: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Name → frame: gained, beside, goals, kept, spent, odds, worst (`truth.league_score`), learned, apart (`league_lessons`);

    alone: as `beside`, of the workspace's split with messages in turn, beside the rivals.
    results: a row a market, policy and campaign, at least one.
    """
    of = league_score.sums(results)
    together, split = league_score.beside(of), league_score.beside(of, SPLIT)
    return {
        "gained": league_score.gained(of), "beside": together, "goals": league_score.goals(together),
        "kept": league_score.kept(results), "spent": league_score.spent(results), "odds": league_score.odds(results),
        "alone": split[split.policy.isin(RIVALS)], "worst": league_score.worst(of),
        "learned": league_lessons.learned(results), "apart": league_lessons.apart(results),
    }  # fmt: skip


def shape(results: pd.DataFrame) -> Shape:
    """Which policies and campaigns there are, and what they are called."""
    last = int(results.campaign.max())
    heads = dict(results.sort_values("campaign").drop_duplicates("campaign").set_index("campaign")["name"].astype(str))
    span = (min(SECOND, last), last)
    rows = {(k, k): f"{k}. {heads.get(k, '')}" for k in range(1, last + 1)}
    rows.setdefault(span, f"{span[0]} to {span[1]} together 合计")
    there = policies(results)
    return Shape(
        rivals=[p for p in there if p in RIVALS], cut=[p for p in there if p not in (*RIVALS, OURS, ORACLE)],
        oracle=ORACLE in there, heads=heads, rows=rows, span=span,
    )  # fmt: skip


def write(
    results: pd.DataFrame, folder: Path, wanted: int | None = None, failed: Mapping[int, str] | None = None
) -> Path:
    """Write index.html and a CSV of each frame of `summary` into `folder`; the page's path.

    wanted: markets that are to be played (None: those that are there); failed: seed → why it could not be played.
    """
    missing = _missing(results, wanted, failed or {})
    if results.empty:
        parts = ["<h1>The league is not played yet 联赛尚未开打</h1>", missing, HOW]
        return paper("The league", [p for p in parts if p], folder / "index.html")
    found, of = summary(results), shape(results)
    gained = found["gained"]
    so_far = gained[(gained["first"] == 1) & ~gained.policy.isin(of.cut)]
    error = yuan(results.gained_se.median())
    noise = f"By chance one policy's gain in one campaign of one market is known to ± {error} yuan (standard error)."
    parts = [
        f"<h1>{escape(headline(found))}</h1>",
        f'<p class="lede">{show.rich(answer(found, results, WORDS))}</p>',
        missing,
        show.tiles(tiles(found, WORDS), WORDS).html,
        race(so_far, {p: name(p) for p in policies(results) if p not in of.cut}, of.heads, WORDS, RACE, RACED).html,
        *beside(found["beside"], of, noise),
        *ablations(found["beside"], found["odds"], of),
        *alone(found["alone"], of),
        *learned_tables(found["learned"], found["apart"], of.heads),
        *odds(found["odds"]),
        *everything(found),
        *worst(found["worst"], of),
        HOW,
        f"<p>{escape(_made(results))}</p>",
    ]
    for title, frame in found.items():
        files.atomic_write(folder / f"{title}.csv", frame.round(6).to_csv(index=False, lineterminator="\n"))
    return paper("The league", [p for p in parts if p], folder / "index.html")


def _made(results: pd.DataFrame) -> str:
    """Where the figures come from, in a line."""
    seeds = sorted(set(results.seed))
    said = f"Markets of seeds {seeds[0]} to {seeds[-1]}" if len(seeds) > 1 else f"The market of seed {seeds[0]}"
    if "consumers" in results:
        said += f", {' or '.join(WORDS.count(c) for c in sorted(set(results.consumers)))} consumers each"
    return f"{said}; code {', '.join(sorted(set(results.made_from.astype(str))))}."


def _missing(results: pd.DataFrame, wanted: int | None, failed: Mapping[int, str]) -> str:
    """What is missing, as a callout; empty where all is there."""
    there = results.seed.nunique() if len(results) else 0
    said = []
    if wanted is not None and there < wanted:
        said.append(f"{WORDS.count(there)} of {WORDS.count(wanted)} markets are played.")
    said += [f"Market {seed} could not be played: {why}" for seed, why in sorted(failed.items())]
    if len(results):
        absent = [name(p) for p in NAMES if p not in set(results.policy)]
        said += [f"Not played: {', '.join(absent)}."] if absent else []
        states = results.made_from.nunique()
        said += [f"These results come from {WORDS.count(states)} states of the code."] if states > 1 else []
        said += [f"Of fewer than {WORDS.count(LEAST)} markets no interval is told."] if there < LEAST else []
    return show.callout(" ".join(said), "missing").html if said else ""
