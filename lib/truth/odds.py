"""`python -m truth odds`: stated odds of a goal, given what a plan buys, held against what then happened, market after market.

On the plan's day the brand sees what a notebook sees (`truth.odds_market`). A goal is drawn beside the forecast, and how much
media the plan buys beside the usual, both by the seed and before anything is played; the odds are stated; the plan is played to
the window's end. Rivals: last year's window again, and last year's times the brand's own growth, each with the spread of its own
earlier errors. `average` is the same model with bought stock converting at the average rate (m = 1): it must fail.
"""

import argparse
import pickle
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from apex import files, show
from apex.files import ROOT
from apex.ledger import ensure, load_rules
from apex.measure import bought_stock, history, same_days
from apex.measure.touches import purchase_stages
from apex.model import bought, outlook
from apex.model.goal import Bought
from apex.model.stages import look
from apex.model.yearly import yearly
from apex.show import Words
from apex.warehouse import open_warehouse
from truth.odds_market import BEFORE, CONSUMERS, Lived, drawn, live
from truth.page import PAGE

TELLERS = ("ours", "average", "last_year", "own_growth")
CAMPAIGN_DAYS = (date(2023, 9, 20), date(2023, 11, 18))  # of the campaign before
ABOVE, WIDE = 0.1, 0.25  # log of the goal over the forecast: mean and standard deviation
BINS = 5
LEAST_P = 0.01


@dataclass(frozen=True)
class Known:
    """What is known on the plan's day: earlier years, the stock bought by the campaign before, with rates by stage."""

    years: pd.DataFrame
    spent_minor: int
    cells: pd.DataFrame
    deep: tuple[str, ...]


def known(lived: Lived) -> Known:
    """Read the market's warehouse as a notebook does; kept beside it."""
    kept = lived.folder.parent / f"{lived.seed}.known.pickle"
    if kept.exists():
        found: Known = pickle.loads(kept.read_bytes())
        return found
    # reviews and refunds of late purchases lie some days ahead, and are not known yet
    warehouse = open_warehouse(lived.folder).until(lived.plan_day)
    book = ensure(warehouse, load_rules("aipl"))
    lead, length = (lived.window[0] - lived.plan_day).days - 1, (lived.window[1] - lived.window[0]).days + 1
    view = look(history.history(book, [lived.brand], lived.plan_day, lead, length), lived.plan_day)
    stock = bought_stock.bought_stock(book, lived.brand, BEFORE, *CAMPAIGN_DAYS)
    if view is None or stock is None or not stock.spent_minor:
        raise ValueError(f"market {lived.seed} has no campaign before to learn from")
    events = warehouse.table("events")
    sold = events.filter(events.behaviour == "buy").select("brand").distinct().to_pyarrow()
    years = same_days.same_days(warehouse, sorted(sold["brand"].to_pylist()), lived.window, lived.plan_day)
    cells = stock.cells.assign(
        conversion=stock.cells.stage.map({c: float(p.mean[0]) for c, p in view.conversion.items()}),
        value_minor=stock.cells.stage.map({c: float(p.mean[0]) for c, p in view.value.items()}),
    )
    found = Known(years, stock.spent_minor, cells, tuple(purchase_stages(book.rules)))
    kept.write_bytes(pickle.dumps(found))
    return found


def stated(lived: Lived, seen: Known, prior: Bought | None = None) -> dict[str, float]:
    """What each of TELLERS says of the goal's odds on the plan's day, and `happened` (1 or 0)."""
    prior = prior or Bought()
    made = yearly(seen.years, lived.brand)
    if made is None:
        raise ValueError(f"market {lived.seed}: no earlier years")
    goal = {"gmv_minor": float(made.middle["gmv_minor"]) * float(np.exp(ABOVE + WIDE * drawn(lived.seed)[1]))}
    share, x = bought.shares(seen.cells, seen.deep), lived.spent_minor / seen.spent_minor
    said: dict[str, float] = {"seed": lived.seed, "more": x, "goal_minor": goal["gmv_minor"]}
    for name, m in (("ours", (prior.m, prior.low, prior.high)), ("average", (1.0, 1.0, 1.0))):
        rng = np.random.default_rng(lived.seed)
        own = outlook.of_years(made, rng)
        said[name] = own.times(bought.Lift(x, share, m).times(rng, len(own.draws)), {}).odds(goal)["gmv_minor"]
    for name in TELLERS[2:]:
        now, errors = rival(seen.years, lived.brand, name)
        said[name] = float((np.sum(now + errors >= np.log(goal["gmv_minor"])) + 0.5) / (len(errors) + 1))
    return {**said, "happened": float(lived.came.gmv_minor >= goal["gmv_minor"])}


def rival(years: pd.DataFrame, brand: str, name: str) -> tuple[float, "np.ndarray"]:
    """(log of what the rival forecasts, its log errors in earlier years of all brands)."""
    gmv = years[years.measure == "gmv_minor"]
    wide = gmv.pivot(index=["year", "brand"], columns="side", values=["value", "level"]).astype(float)
    wide = wide.where(wide > 0)
    said = np.log(wide["value", "before"])
    if name == "own_growth":
        said = said + np.log(wide["level", "now"] / wide["level", "before"])
    errors = (np.log(wide["value", "now"]) - said).dropna().to_numpy()
    return float(said.loc[(0, brand)]), errors


def exact(odds: Sequence[float], happened: int) -> float:
    """Two-sided exact p-value of so many events under independent odds (Poisson-binomial; outcomes no likelier add up)."""
    mass = np.ones(1)
    for p in odds:
        mass = np.convolve(mass, [1 - p, p])
    return float(min(1.0, mass[mass <= mass[happened] * (1 + 1e-9)].sum()))


def bins(frame: pd.DataFrame, teller: str) -> pd.DataFrame:
    """Stated odds in BINS equal bins against what happened: teller, bin, n, stated (mean), expected, happened, p."""
    at = np.minimum((frame[teller] * BINS).astype(int), BINS - 1)
    rows = []
    for number in range(BINS):
        part = frame[at == number]
        came = int(part.happened.sum())
        p = exact(part[teller].tolist(), came) if len(part) else np.nan
        rows.append((teller, number, len(part), part[teller].mean(), part[teller].sum(), came, p))
    return pd.DataFrame(rows, columns=["teller", "bin", "n", "stated", "expected", "happened", "p"])


def brier(frame: pd.DataFrame) -> pd.Series:
    """The mean squared distance of stated odds from what happened, by teller."""
    return pd.Series({t: float(((frame[t] - frame.happened) ** 2).mean()) for t in TELLERS})


def judged(seeds: Sequence[int], folder: Path, consumers: int = CONSUMERS) -> pd.DataFrame:
    """One row a market: see `stated`."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for seed in seeds:
        lived = live(seed, folder, consumers)
        rows.append(stated(lived, known(lived)))
    return pd.DataFrame(rows)


def write(frame: pd.DataFrame, folder: Path) -> Path:
    """Write odds.html and odds.csv into `folder`; the page's path."""
    words, every = Words("en", "CNY", 1), pd.concat([bins(frame, t) for t in TELLERS])
    scores = brier(frame)
    names = {"ours": "this plan", "average": "bought stock at the average rate", "last_year": "last year again",
             "own_growth": "last year × own growth"}  # fmt: skip
    shown = pd.DataFrame(
        {
            "teller": every.teller.map(names), "bin": [f"{b / BINS:.0%}–{(b + 1) / BINS:.0%}" for b in every.bin],
            "n": every.n, "stated": every.expected.round(1), "happened": every.happened, "p": every.p,
            "brier": every.teller.map(scores).where(every.bin == 0),
        }
    )  # fmt: skip

    def decimals(empty: str) -> Callable[[object], str]:
        return lambda v: empty if pd.isna(v) else f"{v:.3f}"

    heads: dict[str, tuple[str, str | Callable[[object], str]]] = {
        "teller": ("Odds stated by", "text"), "bin": ("Odds", "text"), "n": ("Markets", "count"),
        "stated": ("Expected", "number"), "happened": ("Reached", "count"), "p": ("Exact p", decimals("–")),
        "brier": ("Brier score", decimals("")),
    }  # fmt: skip
    worst = every[every.teller == "ours"].p.min()
    head = (
        f"In {len(frame)} markets stated odds and what happened "
        f"{'agree' if not worst < LEAST_P else 'differ'} (smallest exact p of five bins {worst:.3f}); Brier score "
        f"{scores.ours:.3f}, last year again {scores.last_year:.3f}, its own growth {scores.own_growth:.3f}."
    )
    title = "Stated odds against what happened 达成概率与实际"
    table = show.table(shown, "odds", words, heads, title=title)
    body = f"<h1>Odds and their truth 概率与真值</h1>\n<p>{head}</p>\n{table.html}"
    files.atomic_write(folder / "odds.html", PAGE.format(css=show.house_css(), body=body))
    files.atomic_write(folder / "odds.csv", frame.to_csv(index=False, lineterminator="\n"))
    return folder / "odds.html"


def main(arguments: list[str]) -> int:
    """Write the page; prints where."""
    parser = argparse.ArgumentParser(prog="python -m truth odds", description="Stated odds against what happened.")
    parser.add_argument("--seeds", type=int, nargs="*", help="markets; 0 to --markets less one unless given")
    parser.add_argument("--markets", type=int, default=300)
    parser.add_argument("--consumers", type=int, default=CONSUMERS)
    parser.add_argument("--folder", type=Path, default=ROOT / "reports" / "truth")
    chosen = parser.parse_args(arguments)
    seeds = chosen.seeds or range(chosen.markets)
    frame = judged(seeds, chosen.folder / "odds-markets", chosen.consumers)
    sys.stdout.write(f"{write(frame, chosen.folder)}\n")
    return 0
