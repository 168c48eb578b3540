"""The creatives' page: true pull, wear, weariness and effect of the default brand's creatives.

Beside them what anybody can count says: click rates and last touches.
"""

import argparse
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from apex import files
from apex.files import ROOT
from truth.creatives_page import section
from truth.paper import paper
from truth.seen_creatives import contacts, last_touch, weariness
from twin.market import Drawn, draw_market
from twin.purchase import BUY
from twin.stages import AT
from twin.store import DEFAULT
from twin.truth import Worlds

AGES = (0, 15, 30, 60, 90, 120, 1000)  # days
WEARY = (0.0, 0.01, 0.5, 1.0, 2.0, 4.0, np.inf)  # contacts of before, faded
ALL = "all"


@dataclass(frozen=True)
class Told:
    """One market on the page.

    each: a row a creative; messages: a row a message, and one of all; ages, weary: see `by_age`, `by_weariness`.
    """

    seed: int
    consumers: int
    replays: int
    market: Drawn
    each: pd.DataFrame
    messages: pd.DataFrame
    ages: pd.DataFrame
    weary: pd.DataFrame


def listed(market: Drawn) -> pd.DataFrame:
    """The default brand's creatives of the observed years, a row each.

    Columns: creative (number), creative_id, message, generation (a message's creatives from 1), first, last (day numbers), pull
    (as drawn, before wear).
    """
    of = {name: column[0] for name, column in market.creatives.items()}
    seen = np.flatnonzero(
        (of["message"] >= 0) & (of["last"] >= market.calendar.observed) & (of["first"] < market.calendar.days)
    )
    frame = pd.DataFrame({name: column[seen] for name, column in of.items()}).assign(creative=seen)
    frame["generation"] = frame.groupby("message")["first"].rank().astype(int)
    return frame.assign(
        message=[market.messages[m] for m in frame.message], creative_id=[f"b00-v{v}" for v in frame.creative]
    )


def true_effects(worlds: Worlds, own: pd.DataFrame, replays: int) -> pd.DataFrame:
    """What creatives, messages and all creatives of the default brand bring in the observed years, each against itself silent.

    own: of `listed`. The observed years are lived `replays` times with other chance (the first as it was), each beside the
    same chance with the cause silent. Returns cause (creative_id, message, `all`), means over replays of gmv_minor and buyers,
    and their errors, _se. Raises ValueError for fewer than two replays.
    """
    if replays < 2:
        raise ValueError("one life tells no error: ask for two replays or more")
    causes = {row.creative_id: (int(row.creative),) for row in own.itertuples()}
    causes |= {message: tuple(part.creative.astype(int)) for message, part in own.groupby("message")}
    causes |= {ALL: tuple(own.creative.astype(int))}
    rows = []
    for replay in range(replays):
        chance = {"salt_day": worlds.market.calendar.observed - 1, "salt": replay} if replay else {}
        base = worlds.play(chance) if replay else worlds.factual

        def left_out(
            numbers: tuple[int, ...], base: np.ndarray = base, chance: dict[str, int] = chance
        ) -> tuple[int, int]:
            met = np.unique(base[np.isin(base[:, AT["creative"]], numbers), 0])
            there = np.zeros(len(worlds.state), bool)
            there[met] = True
            if not len(met):
                return 0, 0
            with_, without = base[there[base[:, 0]]], worlds.play({"creatives": numbers, **chance}, met)
            (money, buyers), (less, fewer) = (_sales(worlds.market, e) for e in (with_, without))
            return money - less, buyers - fewer

        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            found = list(pool.map(left_out, causes.values()))
        rows += [(cause, replay, *pair) for cause, pair in zip(causes, found, strict=True)]
    by = pd.DataFrame(rows, columns=["cause", "replay", "gmv_minor", "buyers"]).groupby("cause", sort=False)
    mean, se = by[["gmv_minor", "buyers"]].mean(), by[["gmv_minor", "buyers"]].std(ddof=1) / np.sqrt(replays)
    return mean.join(se.add_suffix("_se")).reset_index()


def _sales(market: Drawn, events: np.ndarray) -> tuple[int, int]:
    """GMV in fen and buyers of the observed years."""
    bought = (events[:, AT["behaviour"]] == BUY) & (events[:, AT["minute"]] >= market.calendar.observed * 1440)
    return int(events[bought, AT["value"]].sum(dtype=np.int64)), len(np.unique(events[bought, 0]))


def beside(
    market: Drawn, own: pd.DataFrame, true: pd.DataFrame, observed: np.ndarray
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """`own` and the messages with true effects (true_gmv_minor, true_buyers, _se), contacts, click_rate, last_gmv_minor.

    observed: the default brand's events of the observed years. Of creatives also `shown_pull`: its pull on the days in which it
    was shown, with wear.
    """
    met = contacts(observed)
    touched = last_touch(met, observed)
    counted = met.groupby("creative").agg(contacts=("clicked", "size"), clicks=("clicked", "sum")).join(touched)
    each = own.merge(counted.reset_index(), on="creative", how="left").fillna(
        dict.fromkeys(("contacts", "clicks", "orders", "gmv_minor"), 0)
    )
    each = each.rename(columns={"gmv_minor": "last_gmv_minor", "orders": "last_orders"})
    said = true.rename(columns=lambda c: c if c == "cause" else f"true_{c}")
    begin, days = market.calendar.observed, market.calendar.days
    number = {m: n for n, m in enumerate(market.messages)}
    each["shown_pull"] = [
        float(market.rules.creative_pull[max(begin, r.first) : min(days, r.last + 1), 0, number[r.message]].mean())
        for r in each.itertuples()
    ]
    sums = each.groupby("message", sort=False)[["contacts", "clicks", "last_orders", "last_gmv_minor"]].sum()
    sums.loc[ALL] = sums.sum()
    whole = sums.reset_index().merge(said, left_on="message", right_on="cause")
    each = each.merge(said, left_on="creative_id", right_on="cause")
    each, whole = (
        f.assign(click_rate=f.clicks / f.contacts.replace(0, np.nan)).drop(columns="cause") for f in (each, whole)
    )
    return each, whole


def by_age(market: Drawn, own: pd.DataFrame, observed: np.ndarray) -> pd.DataFrame:
    """Wear by age in days (`AGES`): low, high, mean, contacts, click_rate, said (beside the youngest), true (pull, likewise)."""
    met = contacts(observed).merge(own[["creative", "first"]], on="creative")
    age = met.minute // 1440 - met["first"]
    true = worn(market, age.to_numpy())
    return _groups(met, age, np.array(AGES, float), true)


def worn(market: Drawn, age: np.ndarray) -> np.ndarray:
    """What is left of a creative's pull after so many days: c + (1 − c) e^(−age / τ)."""
    of = market.spec["creatives"]
    return of["wears_to"] + (1 - of["wears_to"]) * np.exp(-age / of["wear_days"])


def half_life(market: Drawn) -> float | None:
    """Days until half of the pull is left; None if it never falls so far."""
    of = market.spec["creatives"]
    if of["wears_to"] >= 0.5:
        return None
    return float(-of["wear_days"] * np.log((0.5 - of["wears_to"]) / (1 - of["wears_to"])))


def by_weariness(market: Drawn, observed: np.ndarray) -> pd.DataFrame:
    """Weariness by contacts of the last days (`WEARY`): weary, contacts, click_rate, said (beside a rested consumer's), true."""
    of = market.spec["fatigue"]
    met = weariness(contacts(observed), of["days"])
    return _groups(met, met.weary, np.array(WEARY), (1 / (1 + of["share"] * met.weary)).to_numpy())


def _groups(met: pd.DataFrame, value: pd.Series, edges: np.ndarray, true: np.ndarray) -> pd.DataFrame:
    group = np.searchsorted(edges, value.to_numpy(), side="right") - 1
    frame = met.assign(group=group, true=true, value=value.to_numpy()).groupby("group").agg(
        mean=("value", "mean"), contacts=("clicked", "size"), clicks=("clicked", "sum"), true=("true", "mean")
    )  # fmt: skip
    frame["click_rate"] = frame.clicks / frame.contacts
    low, high = edges[frame.index], edges[frame.index + 1]
    return frame.assign(
        low=low, high=high, said=frame.click_rate / frame.click_rate.iloc[0], true=frame.true / frame.true.iloc[0],
        said_se=frame.click_rate / frame.click_rate.iloc[0] / np.sqrt(frame.clicks.replace(0, np.nan)),
    ).reset_index(drop=True)  # fmt: skip


def told(seed: int, consumers: int, replays: int) -> Told:
    """Play one market and hold its default brand's creatives beside their truth."""
    market = draw_market(seed)
    worlds = Worlds(market, np.arange(1, consumers + 1))
    own = listed(market)
    observed = worlds.factual[worlds.factual[:, AT["minute"]] >= market.calendar.observed * 1440]
    each, messages = beside(market, own, true_effects(worlds, own, replays), observed)
    wear = by_age(market, own, observed), by_weariness(market, observed)
    return Told(seed, consumers, replays, market, each, messages, *wear)


def write(markets: list[Told], folder: Path) -> Path:
    """creatives.html and creatives.csv, messages.csv, wear.csv, weariness.csv in `folder`; returns the page."""
    parts = ["<h1>Creatives: what they truly bring 创意真值</h1>", *(part for one in markets for part in section(one))]
    for name, of in (("creatives", "each"), ("messages", "messages"), ("wear", "ages"), ("weariness", "weary")):
        frames = [getattr(one, of).assign(seed=one.seed, consumers=one.consumers) for one in markets]
        text = pd.concat(frames, ignore_index=True).round(6).to_csv(index=False, lineterminator="\n")
        files.atomic_write(folder / f"{name}.csv", text)
    return paper("Creatives", parts, folder / "creatives.html")


def main(arguments: list[str] | None = None) -> int:
    """`python -m truth creatives`: play, compare, write; prints where."""
    parser = argparse.ArgumentParser(prog="python -m truth creatives", description="Creatives' true effects.")
    parser.add_argument("--seeds", type=int, nargs="+", default=[DEFAULT.seed])
    parser.add_argument("--consumers", type=int, default=4000)
    parser.add_argument("--replays", type=int, default=4, help="how often the observed years are lived, at least 2")
    parser.add_argument("--folder", type=Path, default=ROOT / "reports" / "truth")
    chosen = parser.parse_args(arguments)
    markets = [told(seed, chosen.consumers, chosen.replays) for seed in chosen.seeds]
    sys.stdout.write(f"{write(markets, chosen.folder)}\n")
    return 0
