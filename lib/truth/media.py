"""`python -m truth media`: a planned split of the media budget, held against the best one and its rivals on true response.

Each market is seen by the plan as a notebook would see it, up to the day before the campaign; then every split is played, all
chance shared, on the campaign's usual plan with its lines scaled by channel to the split.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from apex.files import ROOT
from apex.model import split
from apex.report.upstream import media
from apex.warehouse import Warehouse
from truth import worlds
from twin.act import Config, Market
from twin.curves import AFTER, outcome, scaled, usual_plan
from twin.plan import Plan

CAMPAIGN, BEFORE = "b00-d11-2024", "b00-d11-2023"
TABLES = ("items", "consumers", "channels", "events", "spend", "campaigns", "phases", "experiments", "assignments")
READ = 3  # plays by which a true curve's point is read
TIMES = (0.0, 1.0, 4.0)  # of a channel's usual budget, at which true curves are read


def planned(warehouse: Warehouse, brand: str, days: int, total: float, seed: int = 1) -> media.MediaPlan:
    """The plan of `total`, as the notebook makes it."""
    made = media.planned(warehouse, brand, BEFORE, days, total, [], [], seed)
    if not isinstance(made, media.MediaPlan):
        raise ValueError(f"no plan: {made.reason}")
    return made


def outcomes(market: Market, plan: Plan, salts: range) -> pd.DataFrame:
    """One row a salt, as `twin.curves.outcomes` gives them: chance is another one with each salt."""
    brand, last = market.drawn.brands[0], plan.last_day + timedelta(days=AFTER)
    found = []
    for salt in salts:
        lived = market.play(plan, until=last, brand=brand, salt=salt, cores=1)
        found.append(outcome(lived, 0, lived.begin, lived.until - 1))
    return pd.DataFrame(found)


def best(market: Market, plan: Plan, made: media.MediaPlan, salts: range) -> dict[str, pd.Series]:
    """Splits that are best on true response, read one channel at a time at TIMES; name → budget by channel.

    Between and beyond those points a curve is one of two: gain = v b / (1 + b / k), or the plan's own bend at the true height.
    The third is half the first two and half the plan's, since what is read is itself subject to the chance of the plays. salts:
    others than those by which splits are judged, else the best would be fitted to their chance.
    """
    usual = usual_budget(plan)
    names, total = list(usual.index), float(usual.sum())
    base = outcomes(market, plan, salts).gmv_minor.mean()
    reads = {
        c: [outcomes(market, scaled(plan, c, t), salts).gmv_minor.mean() for t in (TIMES[0], TIMES[2])] for c in names
    }  # fmt: skip
    one = np.array([max(base - reads[c][0], 0.0) for c in names])
    more = np.array([max(reads[c][1] - reads[c][0], 1.0) for c in names])
    # v / (1 + r) = one, 4 v / (1 + 4 r) = more: r from their ratio, within what is possible
    ratio = np.clip(more / np.maximum(one, 1.0), 1.3, 3.9)
    r = (TIMES[2] - ratio) / (TIMES[2] * (ratio - 1))
    value = (one * (1 + r) + more * (1 + TIMES[2] * r) / TIMES[2]) / 2 / usual.to_numpy()
    curves, own = made.learned.curves, usual.reindex(made.learned.curves.channels).fillna(0).to_numpy()
    height = np.zeros(len(own))
    for c, name in enumerate(curves.channels):
        if name in names:
            told = [curves.gmv(own * t)[c] for t in TIMES[1:]]
            height[c] = np.mean([[one, more][n][names.index(name)] / max(told[n], 1.0) for n in range(2)])
    ceiling = pd.Series({c: _ceiling(market, plan, c, usual[c]) for c in names})
    nought, caps = np.zeros(len(names)), np.minimum(ceiling.to_numpy(), total)
    first = split.best(lambda b: value * b / (1 + b * r / usual.to_numpy()), total, nought, caps, names).budget
    caps = np.minimum(ceiling.reindex(curves.channels).fillna(0).to_numpy(), total)
    second = split.best(lambda b: height * curves.gmv(b), total, 0 * caps, caps, curves.channels).budget
    found = {"best": pd.Series(first, names), "best bend": pd.Series(second, list(curves.channels))}
    ours = pd.Series(made.split.budget, list(curves.channels))
    half = pd.concat([found["best"], found["best bend"], ours, ours], axis=1).fillna(0).mean(axis=1)
    return {**found, "best half": half}


def _ceiling(market: Market, plan: Plan, channel: str, usual: float) -> float:
    """The most that can be spent in a channel: what a plan of a hundred times the usual pays, with nothing else in it."""
    lines = [m for m in scaled(plan, channel, 100.0).media if m.channel == channel]
    alone = plan.model_copy(update={"media": lines})
    return max(float(market.play(alone, brand=market.drawn.brands[0], cores=1).lines.spent_minor.sum()), usual)


def usual_budget(plan: Plan) -> pd.Series:
    """Budget by channel of what costs something."""
    bought = [(m.channel, m.budget_minor) for m in plan.media if m.budget_minor]
    return pd.DataFrame(bought, columns=["channel", "budget"]).groupby("channel").budget.sum().astype(float)


def split_as(plan: Plan, budget: Mapping[str, float] | pd.Series) -> Plan:
    """The plan with its lines scaled so that each channel costs its budget; channels without one are silent."""
    for channel, usual in usual_budget(plan).items():
        plan = scaled(plan, str(channel), float(budget.get(str(channel), 0.0)) / usual)
    return plan


def judged(seed: int, consumers: int, replays: int) -> pd.DataFrame:
    """Each split of the usual budget in one market.

    seed, split, spent_minor, gain, se, odd, even, budget_minor, foretold, low, high, shares. gain: GMV over no paid media, fen;
    se: its Monte Carlo error; odd, even: the same of every other replay. foretold, low, high: what the page says that the plan
    brings more than this split, and its 80 % interval, fen.
    """
    market = Market(Config(consumers), seed)
    plan = usual_plan(market, CAMPAIGN)
    total = float(usual_budget(plan).sum())
    with tempfile.TemporaryDirectory() as folder:
        warehouse = worlds.seen(market, plan.first_day - timedelta(days=1), TABLES, Path(folder))
        days = (plan.last_day - plan.first_day).days + 1
        made = planned(warehouse, market.drawn.brands[0], days, total)
    names = list(made.learned.curves.channels)
    found = {name: pd.Series(b, names) for name, b in {"plan": made.split.budget, **made.rivals}.items()}
    found |= best(market, plan, made, range(1000, 1000 + READ))
    none = outcomes(market, split_as(plan, {}), range(1, replays + 1))
    said = made.compared().set_index("split")
    rows = []
    for name, budget in found.items():
        lived = outcomes(market, split_as(plan, budget), range(1, replays + 1))
        more = lived.gmv_minor - none.gmv_minor
        told = " ".join(f"{c}={b / total:.3f}" for c, b in budget.sort_index().items())
        foretold = said.loc[name, ["less", "less_low", "less_high"]] if name in said.index else [np.nan] * 3
        rows.append((seed, name, lived.spent_minor.mean(), more.mean(), more.std(ddof=1) / np.sqrt(replays), more[::2].mean(),
                     more[1::2].mean(), total, *foretold, told))  # fmt: skip
    columns = [
        "seed",
        "split",
        "spent_minor",
        "gain",
        "se",
        "odd",
        "even",
        "budget_minor",
        "foretold",
        "low",
        "high",
        "shares",
    ]
    return pd.DataFrame(rows, columns=columns)


def shares(judgement: pd.DataFrame) -> pd.DataFrame:
    """seed and each split's gain over the best one's; the best is the largest gain among all splits, so that none exceeds 1."""
    wide = judgement.pivot(index="seed", columns="split", values="gain")
    judged_ = wide[[c for c in wide.columns if not c.startswith("best")]]
    return judged_.div(wide.max(axis=1), axis=0).reset_index()


def crossed(judgement: pd.DataFrame) -> pd.DataFrame:
    """The same where the best is chosen on every other replay and measured on the rest, both ways round.

    The largest of several noisy gains is too large; of this one the noise is another's.
    """
    parts = []
    for chosen, measured in (("odd", "even"), ("even", "odd")):
        wide = judgement.pivot(index="seed", columns="split", values=measured)
        pick = judgement.pivot(index="seed", columns="split", values=chosen).idxmax(axis=1)
        top = pd.Series([wide.loc[s, c] for s, c in pick.items()], pick.index)
        parts.append(wide[[c for c in wide.columns if not c.startswith("best")]].div(top, axis=0))
    return ((parts[0] + parts[1]) / 2).reset_index()


def held(judgement: pd.DataFrame) -> pd.DataFrame:
    """split, markets, held (of the true differences from the plan within the page's 80 % interval), off (mean error in sd)."""
    plan = judgement[judgement.split == "plan"].set_index("seed").gain
    rivals = judgement[(judgement.split != "plan") & judgement.foretold.notna()].copy()
    true = rivals.seed.map(plan) - rivals.gain
    rivals["held"] = (true >= rivals.low) & (true <= rivals.high)
    rivals["off"] = (true - rivals.foretold) / ((rivals.high - rivals.low) / 2.563)
    return (
        rivals.groupby("split").agg(markets=("held", "size"), held=("held", "mean"), off=("off", "mean")).reset_index()
    )


def main(arguments: list[str]) -> int:
    """Judge markets one by one; prints each, then medians with an interval."""
    parser = argparse.ArgumentParser(prog="python -m truth media", description="Media splits beside the best one.")
    parser.add_argument("--seeds", type=int, nargs=2, default=(6, 56))
    parser.add_argument("--consumers", type=int, default=5000)
    parser.add_argument("--replays", type=int, default=8)
    parser.add_argument("--file", type=Path, default=ROOT / "reports" / "truth" / "media.csv")
    chosen = parser.parse_args(arguments)
    chosen.file.parent.mkdir(parents=True, exist_ok=True)
    found = []
    for seed in range(*chosen.seeds):
        began = time.monotonic()
        found.append(judged(seed, chosen.consumers, chosen.replays))
        pd.concat(found).to_csv(chosen.file, index=False)
        said = shares(found[-1]).iloc[0].round(3).to_dict()
        sys.stdout.write(f"{said} {time.monotonic() - began:.0f} s\n")
        sys.stdout.flush()
    whole = pd.concat(found)
    for how, frame in (("largest gain", shares(whole)), ("best chosen on other replays", crossed(whole))):
        rng = np.random.default_rng(0)
        for name in frame.columns[1:]:
            draws = np.median(rng.choice(frame[name].dropna(), (2000, len(frame))), axis=1)
            low, high = np.quantile(draws, [0.025, 0.975])
            told = f"median {frame[name].median():.3f} ({low:.3f} to {high:.3f}) of {len(frame)} markets"
            sys.stdout.write(f"{how}: {name}: {told}\n")
    sys.stdout.write(f"{held(whole).round(2).to_string(index=False)}\n")
    return 0
