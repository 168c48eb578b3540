"""What `2_plan/launch` computes and hands over: one item's launch, what is expected of it, whom to ask first, what it needs."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from apex.measure import item_market, item_starts, launch_people
from apex.measure import launches as measure
from apex.measure.item_rules import ItemRules, load_item_rules
from apex.model import launch, launch_odds, launch_seed, launch_tests
from apex.report.run import Run
from apex.report.upstream import knobs
from apex.report.upstream.launch_item import Asked, Choice, choose

HORIZONS = (28, 90)
TRIED = 30  # analogues whose buyers are looked at
OWN = 8  # of the brand's own launches, in a list
COLUMNS = [
    "item_id", "horizon", "gmv_minor", "low", "high", "units", "p_hit", "p_low", "p_high", "base_rate", "analogues",
    "seed_crowd", "sample_units", "stock_units", "on_hand", "verdict",
]  # fmt: skip
OUTLOOK = ["horizon", "over", "units", "units_low", "units_high", "gmv_minor", "low", "high", "analogues", "level"]
STOCK = (0.5, 0.8, 0.95)


@dataclass(frozen=True)
class Study:
    """A launch as the run's day sees it; the fields are the notebook's parameters."""

    run: Run
    rules_file: str = "items"
    item: str = ""
    category: str = ""
    price_minor: int = 0
    first_day: str = ""
    lift: float = 0.5
    traits: tuple[str, ...] = ("strategic_crowd", "life_stage", "age_band")

    @cached_property
    def rules(self) -> ItemRules:
        """The rules of an item's life."""
        return load_item_rules(self.rules_file)

    @cached_property
    def market(self) -> item_market.Market:
        """See `item_market.market`."""
        return item_market.market(self.run.warehouse, self.run.brand, self.rules, self.run.as_of)

    @cached_property
    def known(self) -> measure.Launches:
        """Every launch of the market."""
        return measure.launches(self.run.warehouse, self.market)

    @cached_property
    def choice(self) -> Choice:
        """The launch that the page is about: see `launch_item.choose`."""
        asked = Asked(self.item, self.category, self.price_minor, self.first_day, self.rules.launch.least_sales)
        return choose(self.run, self.market, self.known, asked)

    @property
    def age(self) -> int:
        """Days of the launch that are over, as far as they may be used."""
        return self.choice.item.age if self.choice.item else 0

    @property
    def stranger(self) -> bool:
        """Whether the brand has sold nothing in the item's category yet."""
        item = self.choice.item
        if item is None:
            return False
        row = self.known.brands.get((item.brand, item.category), -1)
        return not self.known.sold[row, min(item.begins, self.known.seen)]

    @cached_property
    def tests(self) -> pd.DataFrame:
        """Past launches foretold at the same age: see `launch_tests.backtest`."""
        if self.choice.item is None:
            return pd.DataFrame(columns=launch_tests.COLUMNS)
        return launch_tests.backtest(self.known, self.choice.item, HORIZONS)

    def forecast(self, horizon: int, money: bool = False) -> launch.Forecast | None:
        """What the launch will have sold by the end of a day; None where it cannot be told, or the day is over."""
        item = self.choice.item
        if item is None or horizon <= item.age:
            return None
        made = launch.forecast(self.known, item, horizon, money)
        return made and launch_tests.bent(made, self.tests, horizon, "gmv_minor" if money else "units")

    @cached_property
    def outlook(self) -> pd.DataFrame:
        """horizon, over (bool), units, units_low, units_high, gmv_minor, low, high (80 %), analogues, level; null: unknown."""
        rows: list[tuple[object, ...]] = []
        for horizon in HORIZONS:
            item = self.choice.item
            if item is not None and item.row >= 0 and horizon <= item.age:
                sold, paid = (float(t[item.row, horizon]) for t in (self.known.units, self.known.money))
                rows.append((horizon, True, sold, sold, sold, paid, paid, paid, 0, ""))
                continue
            units, money = self.forecast(horizon), self.forecast(horizon, money=True)
            pieces: tuple[float | None, ...] = (None,) * 3
            if units:
                middle, low, high = units.interval()
                pieces = (round(middle), float(np.floor(low + 1e-9)), float(np.ceil(high - 1e-9)))
            worth = money.interval() if money else (None,) * 3
            of = (len(units.analogues), units.level) if units else (0, "")
            rows.append((horizon, False, *pieces, *worth, *of))
        return pd.DataFrame(rows, columns=OUTLOOK).astype(dict.fromkeys(OUTLOOK[2:8], "Float64"))

    @cached_property
    def starts(self) -> pd.DataFrame:
        """See `item_starts.starts`, at the launch's age, with a hit as the rules' `launch` says."""
        return item_starts.starts(self.run.warehouse, self.market, self._hit_rules)

    @property
    def _hit_rules(self) -> ItemRules:
        return self.rules.of_launch(max(self.age - 1, 0))

    @cached_property
    def odds(self) -> launch_odds.Odds:
        """The chance of a hit by day 90."""
        item, nobody = self.choice.item, float("nan")
        if item is None:
            return launch_odds.Odds(nobody, nobody, nobody, nobody, 0)
        listed = self.choice.item_id if self.choice.shown else ""
        if listed and listed in set(self.starts.item_id):
            return launch_odds.odds(self.starts, listed)
        rules = self.rules.of_launch(0)
        starts = self.starts if self.age <= 1 else item_starts.starts(self.run.warehouse, self.market, rules)
        starts = starts[starts.item_id != self.choice.item_id]
        row = item_starts.planned(self.market, rules, item.brand, item.category)
        return launch_odds.odds(starts.reset_index(drop=True), row)

    @cached_property
    def stated(self) -> pd.DataFrame:
        """Chances of past launches as they would have been stated: see `launch_odds.tested`."""
        rules = self._hit_rules
        return launch_odds.tested(self.starts, rules.hits, rules.period_days)

    @property
    def hit(self) -> bool:
        """Whether the item is a hit today."""
        rules = self.rules.of_launch(0)
        return bool(self.choice.item_id and self.choice.shown) and self.choice.item_id in item_starts.hits_now(
            self.market, rules
        )

    @cached_property
    def alike(self) -> pd.DataFrame:
        """The analogues: the launches' columns, weight (share), apart (price over ours), most alike first."""
        item = self.choice.item
        rows, weight = np.zeros(0, dtype="int64"), np.zeros(0)
        if item is not None:
            rows, weight, _ = launch.analogues(self.known, item, HORIZONS[-1])
            if not len(rows):
                rows, weight, _ = launch.analogues(self.known, item, HORIZONS[0])
        frame = self.known.frame.iloc[rows].assign(
            weight=weight / weight.sum() if len(weight) else weight, row=rows,
            apart=self.known.frame.price.to_numpy(float)[rows] / (item.price if item else np.nan),
        )  # fmt: skip
        return frame.sort_values(["weight", "item_id"], ascending=[False, True], ignore_index=True)

    @cached_property
    def crowds(self) -> pd.DataFrame:
        """Crowds by how much more often they bought analogues early: see `launch_seed.lifts`."""
        run, item = self.run, self.choice.item
        if item is None or not len(self.alike):
            return launch_seed.lifts(pd.DataFrame(columns=["item_id", "crowd", "kind", "stage", "people", "early"]), ())
        divided = launch_people.traits(run.warehouse, self.traits)
        tried = self.alike.head(TRIED)
        counted = launch_people.crowds(
            run.book, tried, self.known.frame, divided, item.brand, item.category, run.as_of
        )  # fmt: skip
        ids = list(run.book.rules.ids)
        return launch_seed.lifts(launch_seed.joined(counted, ids, run.campaign.privacy_threshold), ids)

    def seed(self, crowds: pd.DataFrame) -> pd.Series | None:
        """The crowd to begin with: ranked first among those of which enough people may be shown."""
        few = self.run.campaign.privacy_threshold
        there = crowds[crowds.ranked & (crowds.reach.fillna(0) >= few) & crowds.early.notna()]
        return there.iloc[0] if len(there) else None

    def samples(self, crowds: pd.DataFrame) -> pd.DataFrame:
        """Sample sizes: see `launch_seed.tests`; sampling in the seed crowd, and a test of items by carts of viewers."""
        kinds, seed, item = [], self.seed(crowds), self.choice.item
        if seed is not None:
            kinds.append(("sampling", float(seed.early / seed.people), int(seed.reach)))
        if item is not None:
            tries = self.tries
            if tries["viewers"] >= max(self.run.campaign.privacy_threshold, launch_seed.FEW):
                kinds.append(("item", tries["carters"] / tries["viewers"], tries["viewers"]))
        return launch_seed.tests(kinds, sorted({self.lift / 2, self.lift, 2 * self.lift}))

    @cached_property
    def tries(self) -> dict[str, int]:
        """See `launch_people.tries`."""
        item = self.choice.item
        return launch_people.tries(self.run.warehouse, item.brand, item.category, self.run.as_of) if item else {}

    @cached_property
    def on_hand(self) -> int | None:
        """Units in stock; None where the warehouse does not know, or the item is not on sale."""
        if not self.choice.item_id:
            return None
        return launch_people.on_hand(self.run.warehouse, self.choice.item_id, self.run.as_of)

    @cached_property
    def stock(self) -> pd.DataFrame:
        """horizon, share (chance of enough), needed (units still to be sold at most), on_hand, cover; horizons ahead only."""
        rows = []
        for horizon in HORIZONS:
            made = self.forecast(horizon)
            for share in STOCK if made else ():
                need = float(np.ceil(max(made.quantile(share) - made.so_far, 0.0) - 1e-9)) if made else 0.0
                rows.append(
                    (
                        horizon,
                        share,
                        need,
                        self.on_hand,
                        self.on_hand / need if self.on_hand is not None and need else None,
                    )
                )
        frame = pd.DataFrame(rows, columns=["horizon", "share", "needed", "on_hand", "cover"])
        return frame.astype({"needed": "Int64", "on_hand": "Int64", "cover": "Float64"})

    @cached_property
    def kpis(self) -> pd.DataFrame:
        """What launches brought in people: `launch_people.kpis`, with brand and part: alike (the analogues most alike), own (the
        brand's own beyond them), ours (the item itself)."""
        columns = list(launch_people.TRIED)
        tried = self.alike.head(TRIED)[columns].assign(part="alike")
        more = self.alike.iloc[TRIED:]
        parts = [tried, more[more.brand == self.run.brand].head(OWN)[columns].assign(part="own")]
        if self.choice.item_id and self.choice.shown and self.choice.item is not None:
            parts.append(self.known.frame.iloc[[self.choice.item.row]][columns].assign(part="ours"))
        every = pd.concat(parts, ignore_index=True)
        found = launch_people.kpis(self.run.warehouse, every, self.run.as_of)
        return found.assign(part=every.part.to_numpy(), brand=every.brand.to_numpy())

    def verdict(self) -> str:
        """hit (it is one), over (day 90 has passed), back, test or hold (chance against base rate), or unknown."""
        if self.choice.item is None:
            return "unknown"
        if self.hit:
            return "hit"
        if self.age >= HORIZONS[-1]:
            return "over"
        odds, score = self.odds, launch_odds.score(self.stated)
        if not np.isfinite(odds.chance):
            return "test" if self.outlook.units.notna().any() else "unknown"
        proven = score.low > 0
        if proven and odds.low > odds.base:
            return "back"
        return "hold" if proven and odds.high < odds.base else "test"

    def table(self, crowds: pd.DataFrame) -> pd.DataFrame:
        """The table handed over, a row a horizon (COLUMNS). crowds: what may be shown of them."""
        seed, samples, odds = self.seed(crowds), self.samples(crowds), self.odds
        sampled = samples[(samples.kind == "sampling") & (samples.lift == self.lift)]
        need = self.stock[self.stock.share == 0.8].set_index("horizon").needed
        out = self.outlook[["horizon", "gmv_minor", "low", "high", "units", "analogues"]].assign(
            item_id=self.choice.item_id, p_hit=odds.chance, p_low=odds.low, p_high=odds.high, base_rate=odds.base,
            seed_crowd="" if seed is None else str(seed.crowd),
            sample_units=int(sampled["each"].iloc[0]) if len(sampled) else pd.NA,
            stock_units=self.outlook.horizon.map(need).astype("Int64"),
            on_hand=pd.array([self.on_hand] * len(self.outlook), "Int64"), verdict=self.verdict(),
        )  # fmt: skip
        return out[COLUMNS].astype({"sample_units": "Int64"})


def study(run: Run) -> Study:
    """The study with the notebook's own knobs."""
    knob = knobs(run, "2_plan/launch")
    names = ("item", "category", "price_minor", "first_day", "lift")
    return Study(run, knob["rules"], **{name: knob[name] for name in names}, traits=tuple(knob["traits"]))


def kept_crowds(run: Run, found: Study) -> pd.DataFrame:
    """The table `crowds`, as it may be shown."""
    also = ["people", "rate", "lift", "low", "high"]
    people = ["early", "reach"]
    shown = run.keep("crowds", found.crowds, keys=["crowd"], people=people, totals=[["kind"]], also=also)
    return shown.sort_values(["ranked", "low", "crowd"], ascending=[False, False, True], ignore_index=True)


def launch_table(run: Run) -> pd.DataFrame:
    """The notebook's table `launch`."""
    found = study(run)
    return run.keep("launch", found.table(kept_crowds(run, found)), keys=["horizon"])
