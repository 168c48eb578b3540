"""The truth of a market, from paired worlds: what happens less what would have happened without a cause.

All worlds share every draw, so what differs is caused. Consumers who never met a cause live the same life without it and are
not played again. Everything is about the default brand; competitors stay as they are.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from twin import contracts, outcome, services
from twin.act import Config, Market
from twin.counts import Counts
from twin.crowds import CROWDS
from twin.curves import AFTER, curves, usual_plan
from twin.market import Drawn, draw_market
from twin.people import People
from twin.play import advance, consumers, play, world
from twin.purchase import FIELDS
from twin.stages import AT, codes, stages
from twin.store import Recipe

EVERYBODY = "all"
LATER = (30, 90, 180)  # days after a campaign for which what remains of it is told
REPLAYS = 40  # how often the window after an eve is played for the true conversion


@dataclass(frozen=True)
class Cause:
    """Something of the default brand that can be left out; `without` are the arguments of `twin.play.world`."""

    kind: str
    name: str
    without: dict[str, Any] = field(hash=False)
    touched: tuple[str, int] | None = None  # the column of events and its number that tell who met it; None: anybody


def causes(market: Drawn) -> list[Cause]:
    """Every cause of the default brand: channels, campaigns' media, contents, creatives, event days, services, all media, all."""
    m = market
    own = [(i, c) for i, c in enumerate(m.campaigns) if c.brand == 0]
    out = [Cause("channel", c, {"channels": (i,)}, ("channel", i)) for i, c in enumerate(m.channels)]
    out += [Cause("campaign", c.key, {"campaigns": (i,)}, ("campaign", i)) for i, c in own]
    out += [
        Cause("content", f"n{i:04}", {"contents": (int(i),)}, ("content", int(i)))
        for i in np.flatnonzero(m.contents["brand"] == 0)
    ]
    out += [
        Cause("creative", f"b00-v{i}", {"creatives": (int(i),)}, ("creative", int(i)))
        for i in np.flatnonzero(m.creatives["last"][0] >= m.calendar.observed)
    ]
    out += [
        Cause("service", f"{s.provider}/{s.track}", {"services": (i,)})
        for i, s in enumerate(m.services)
        if s.brand == 0
    ]
    events = {c.key: (c.first, c.last) for _, c in own if c.trial < 0 or c.promotion}
    out += [Cause("event", key, {"event_days": (days,)}) for key, days in events.items()]
    every = tuple(range(len(m.channels)))
    out.append(Cause("media", EVERYBODY, {"channels": every}))
    out.append(Cause("all", EVERYBODY, {"channels": every, "event_days": tuple(events.values())}))
    return out


def periods(market: Drawn) -> dict[str, tuple[int, int]]:
    """Stretches of days by name: all observed, each year, each campaign of the default brand and each of its phases.

    `campaign+30`, `+90`, `+180`: so many days after a campaign, those that lie in the data to their end.
    """
    m = market
    out = {"observed": (m.calendar.observed, m.calendar.days - 1)}
    for year in m.calendar.years:
        days = [d for d in range(m.calendar.observed, m.calendar.days) if m.calendar.date(d).year == year]
        if days:
            out[str(year)] = (days[0], days[-1])
    for c in m.campaigns:
        if c.brand == 0:
            out[c.key] = (c.first, c.last)
            if c.promotion:
                out |= {f"{c.key}/{phase}": (first, last) for phase, first, last in c.promotion.phases}
            out |= {f"{c.key}+{n}": (c.last + 1, c.last + n) for n in LATER if c.last + n < m.calendar.days}
    return out


class Worlds:
    """The default brand's category from the first observed day on, in one world after the other."""

    def __init__(self, market: Drawn, numbers: np.ndarray) -> None:  # noqa: D107
        self.market = market
        self.crowd, self.seen = consumers(market, numbers)
        of = world(market, only=0)
        self.past, self.state = advance(market, self.crowd, of, 0, 0, market.calendar.observed, keep=True)
        self.factual = self.play({})

    def play(self, without: dict[str, Any], rows: np.ndarray | None = None, until: int | None = None) -> np.ndarray:
        """Events of the default brand in a world, history included; column 0 is the consumer's row."""
        of = world(self.market, only=0, **without)
        if rows is None:
            lived, _ = advance(self.market, self.crowd, of, 0, self.market.calendar.observed, until, self.state)
            return np.concatenate([self.past, lived])
        few = People(*(a[rows] for a in self.crowd))
        lived, _ = advance(self.market, few, of, 0, self.market.calendar.observed, until, self.state[rows])
        lived[:, 0] = rows[lived[:, 0]]
        return np.concatenate([of_rows(self.past, rows, len(self.state)), lived])

    def pair(self, cause: Cause) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Rows that met the cause, and their events with and without it."""
        n = len(self.state)
        if cause.touched is None:
            rows = np.arange(n)
        else:
            column, number = cause.touched
            rows = np.unique(self.factual[self.factual[:, FIELDS.index(column)] == number, 0])
        return rows, of_rows(self.factual, rows, n), self.play(cause.without, rows)


def of_rows(events: np.ndarray, rows: np.ndarray, n: int) -> np.ndarray:
    """The events of these consumers."""
    there = np.zeros(n, bool)
    there[rows] = True
    return events[there[events[:, 0]]]


def effects(worlds: Worlds, listed: list[Cause] | None = None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """`effects` (buyers, orders, GMV with and without) and `stage_moves` by cause, period and crowd."""
    m, spans = worlds.market, periods(worlds.market)
    n, crowd = len(worlds.state), worlds.crowd.crowd
    inside = {name: span for name, span in spans.items() if "+" not in name}
    dates = {d for a, b in inside.values() for d in (a - 1, b)}
    sold, moved = [], []
    for cause in causes(m) if listed is None else listed:
        rows, with_, without = worlds.pair(cause)
        sold.append(outcome.sales(with_, without, spans, crowd, n).assign(kind=cause.kind, cause=cause.name))
        moved.append(
            outcome.moves(with_, without, rows, inside, sorted(dates), crowd).assign(kind=cause.kind, cause=cause.name)
        )
    return pd.concat(sold, ignore_index=True), pd.concat(moved, ignore_index=True)


def trials(worlds: Worlds) -> pd.DataFrame:
    """What each randomised campaign does per consumer on its list, in its days: everybody treated less everybody held out."""
    m, out = worlds.market, []
    for e, trial in enumerate(m.trials):
        listed = worlds.crowd.arm[:, e] >= 0
        span = (trial["first"], trial["last"])
        both = [
            outcome.totals(worlds.play({"force": {e: arm}}, until=span[1] + 1), {"trial": span}, np.zeros(len(listed), int),
                           len(listed), of=listed).iloc[0]
            for arm in (1, 0)
        ]  # fmt: skip
        row = {"experiment_id": trial["key"], "consumers": int(listed.sum())}
        for metric in ("buyers", "orders", "gmv_minor"):
            row |= {f"{metric}_treated": both[0][metric], f"{metric}_control": both[1][metric]}
            row[f"{metric}_effect"] = (both[0][metric] - both[1][metric]) / max(1, int(listed.sum()))
        out.append(row)
    return pd.DataFrame(out)


def conversion(worlds: Worlds, replays: int = REPLAYS) -> pd.DataFrame:
    """True conversion of stock by stage and origin: the eve's states, their burst played many times with other chance.

    Stock is bought where, without its contacts and clicks in bought or owned media of the last days, the consumer would
    stand lower; else it came by itself. `rate` is the mean over replays; `rate_se` its Monte Carlo error.
    """
    m, out = worlds.market, []
    for promotion in m.calendar.promotions:
        if promotion.first < m.calendar.observed:
            continue
        first, last = promotion.days("burst")
        begin = m.calendar.observed
        _, state = advance(m, worlds.crowd, world(m, only=0), 0, begin, first, worlds.state, keep=True)
        before = worlds.factual
        n = len(state)
        stage = stages(before, before[:, 0], n, [first - 1])[:, 0]
        came = before[(before[:, AT["channel"]] < 0) | (before[:, AT["channel"]] >= len(m.channels))]
        alone = stages(came, came[:, 0], n, [first - 1])[:, 0]
        bought = np.zeros((replays, n), bool)
        for replay in range(replays):
            of = world(m, only=0, salt_day=first - 1, salt=replay + 1)
            lived, _ = advance(m, worlds.crowd, of, 0, first, last + 1, state)
            buys = lived[(lived[:, AT["behaviour"]] == codes("buy")[0]) & (lived[:, AT["minute"]] < (last + 1) * 1440)]
            bought[replay, np.unique(buys[:, 0])] = True
        for s, name in enumerate(("none", "A", "I", "P", "L")):
            for origin, which in (("organic", alone >= stage), ("bought", alone < stage)):
                at = (stage == s) & which
                if at.any():
                    rates = bought[:, at].mean(axis=1)
                    out.append({
                        "campaign_id": f"b00-{promotion.key}", "stage": name, "origin": origin, "consumers": int(at.sum()),
                        "rate": rates.mean(), "rate_se": rates.std(ddof=1) / np.sqrt(replays),
                    })  # fmt: skip
    return pd.DataFrame(out)


def gaps(sold: pd.DataFrame) -> pd.DataFrame:
    """Leave-one-out effects added up beside all media off, by period: synergy and saturation make them differ."""
    every = sold[sold.crowd == EVERYBODY].assign(
        buyers=lambda t: t.buyers_with - t.buyers_without,
        orders=lambda t: t.orders_with - t.orders_without,
        gmv_minor=lambda t: t.gmv_minor_with - t.gmv_minor_without,
    )
    metrics = ["buyers", "orders", "gmv_minor"]
    added = every[every.kind == "channel"].groupby("period")[metrics].sum()
    media = every[every.kind == "media"].set_index("period")[metrics]
    whole = every[every.kind == "all"].set_index("period")[metrics]
    parts = [f.add_suffix(f"_{n}") for f, n in ((added, "one_by_one"), (media, "media_off"), (whole, "all_off"))]
    table = pd.concat(parts, axis=1)
    table["gmv_gap"] = table.gmv_minor_one_by_one / table.gmv_minor_media_off.replace(0, np.nan) - 1
    return table.reset_index()


def write_truth(recipe: Recipe, folder: Path) -> dict[str, Any]:
    """All truth tables of a market into `folder`; what the manifest says about them."""
    market = draw_market(recipe.seed, recipe.changes)
    numbers = np.arange(1, recipe.consumers + 1)
    made = dict([*_worlds(Worlds(market, numbers)), *_drawn(market), ("delivery", delivered(market, numbers))])
    made["response"] = response(recipe)
    for name, table in made.items():
        table.to_parquet(folder / f"{name}.parquet", index=False)
    spec = json.dumps(market.spec, indent=1, ensure_ascii=False, default=str)
    (folder / "parameters.json").write_text(spec, encoding="utf-8")
    return {"rows": {name: len(table) for name, table in made.items()}, "crowds": [EVERYBODY, *CROWDS]}


def _drawn(market: Drawn) -> Iterator[tuple[str, pd.DataFrame]]:
    """What was drawn of the market and nobody sees: providers' abilities, what each of the default brand's creatives pulls."""
    able = services.abilities(market.spec, market.seed)
    yield "providers", pd.DataFrame({"provider": list(able), "ability": list(able.values())})
    m = {name: of[0] for name, of in market.creatives.items()}
    shown = np.flatnonzero(m["last"] >= market.calendar.observed)
    yield "creatives", pd.DataFrame({
        "creative_id": [f"b00-v{v}" for v in shown], "message": [market.messages[i] for i in m["message"][shown]],
        "first_day": [market.calendar.date(d) for d in m["first"][shown]],
        "last_day": [market.calendar.date(d) for d in m["last"][shown]], "pull": m["pull"][shown],
    })  # fmt: skip


def delivered(market: Drawn, numbers: np.ndarray) -> pd.DataFrame:
    """What each contract truly delivered, of its amount; the whole market is lived for it."""
    counts = Counts(market)
    for block in play(market, numbers):
        counts.add(block)
    return contracts.delivery(market, contracts.contracts(market, counts)).to_pandas()


def response(recipe: Recipe) -> pd.DataFrame:
    """True response curves of all channels in the last promotion that the data hold to `AFTER` days behind it."""
    market = Market(Config(recipe.consumers, recipe.changes), recipe.seed)
    ended = [
        c
        for c in market.drawn.campaigns
        if c.brand == 0 and c.promotion and c.last + AFTER < market.drawn.calendar.days
    ]
    if not ended:
        return pd.DataFrame()
    last = max(ended, key=lambda c: c.last)
    return curves(market, usual_plan(market, last.key)).assign(campaign_id=last.key)


def _worlds(worlds: Worlds) -> Iterator[tuple[str, pd.DataFrame]]:
    sold, moved = effects(worlds)
    yield "effects", sold
    yield "stage_moves", moved
    yield "gaps", gaps(sold)
    yield "trials", trials(worlds)
    yield "conversion", conversion(worlds)
