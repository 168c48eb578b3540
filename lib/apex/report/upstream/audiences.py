"""What `3_execute/audiences` computes: who is in which crowd, like the seed, to rest, first, held out."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa

from apex.measure import audience, benefit_kinds, crowds, eve, fatigue, holdout, peers
from apex.measure.crowd_file import Crowds, load_crowds
from apex.measure.crowd_rules import Scope, Stage
from apex.model import benefit_match, lookalike, ranking
from apex.report.upstream import knobs
from apex.report.upstream.audience_rules import LIKE, Wanted, wanted

if TYPE_CHECKING:
    from apex.report.run import Run

SPEND: tuple[Scope, ...] = ("brand", "market")


@dataclass(frozen=True)
class Learned:
    """Likeness asked of an earlier eve. day: that eve; pool: how many were not in the seed then; came: of them since; seed:
    how many were in it; c: see `lookalike.Likeness`; gain, beside, reliability: see there; chance: of everybody, today."""

    day: date
    seed: int
    pool: int
    came: int
    c: float
    gain: pd.DataFrame
    beside: pd.DataFrame
    reliability: pd.DataFrame
    chance: np.ndarray


@dataclass(frozen=True)
class Study:
    """The page's parameters; see the notebook."""

    run: "Run"
    crowd_file: str
    channel: str
    seed_crowd: str
    expand: float
    horizon: int
    most: int
    met_days: int
    days: int
    share: float
    seed: str

    @cached_property
    def category(self) -> str | None:
        """The brand's main category."""
        return peers.main_category(self.run.warehouse, self.run.brand, self.run.as_of)

    @cached_property
    def wanted(self) -> Wanted:
        """All crowds, the plan's among them."""
        files = {
            "strategies": knobs(self.run, "2_plan/strategy")["strategy_file"],
            "scenes": knobs(self.run, "2_plan/scenes")["rules"],
        }
        return wanted(self.run.planned, self.crowd_file, self.channel, self.seed_crowd, files)

    @cached_property
    def unseen(self) -> pd.DataFrame:
        """See `crowds.unseen`."""
        return crowds.unseen(self.run.book, self.wanted.rules, self.run.as_of, category=self.category)

    @cached_property
    def rules(self) -> Crowds:
        """What can be asked for: without crowds that need a category where there is none, or a seed that is too small."""
        gone = list(self.unseen.crowd[self.unseen.kind == "category"])
        return self.wanted.rules.without([*gone, *([] if self.learned else [LIKE])])

    def _members(self, rules: Crowds, day: date) -> pa.Table:
        both = Crowds(crowds={**rules.crowds, **self.wanted.seed.only(["seed"]).crowds})
        asked = crowds.members(self.run.book, self.run.brand, both, day, category=self.category, spend=SPEND)
        return asked.to_pyarrow().sort_by("consumer_id")

    @cached_property
    def _asked(self) -> pa.Table:
        gone = list(self.unseen.crowd[self.unseen.kind == "category"])
        return self._members(self.wanted.rules.without(gone), self.run.as_of)

    @property
    def _day(self) -> date | None:
        """The earlier eve; None where it lies before the data."""
        day = self.run.as_of - timedelta(days=self.horizon)
        return day if day >= self.run.warehouse.first_day + timedelta(days=eve.MONTH) else None

    @cached_property
    def _known(self) -> list[pd.DataFrame]:
        """What is known today, and on the earlier eve."""
        days = [self.run.as_of, *([] if self._day is None else [self._day])]
        return eve.known(self.run.book, self.run.brand, self.category, days)

    @property
    def _now(self) -> pd.DataFrame:
        return self._known[0]

    @cached_property
    def _then(self) -> "tuple[date, pd.DataFrame, pd.DataFrame, np.ndarray] | None":
        """The earlier eve: its day, what was known, who was in which crowd of the file, who bought since.

        Crowds of those whose stage is about to end are left out: they would ask the whole open book of that day.
        """
        if self._day is None:
            return None
        gone, file = set(self.unseen.crowd[self.unseen.kind == "category"]), load_crowds(self.crowd_file)
        kept = [n for n in file.names if n not in gone and not _ends(file, n)]
        frame = self._members(file.only(kept) if kept else file, self._day).to_pandas()
        known, events = self._known[1], self.run.warehouse.table("events")
        since = events.filter((events.brand == self.run.brand) & (events.behaviour == "buy"))
        since = (
            since.filter(since.occurred_at >= self._day + timedelta(days=1)).select("consumer_id").distinct().execute()
        )
        return self._day, known, frame, known.consumer_id.isin(since.consumer_id).to_numpy()

    @cached_property
    def learned(self) -> Learned | None:
        """Likeness to the seed and its test; None where seed, pool or those who came are too few."""
        if self._then is None:
            return None
        day, known, frame, _ = self._then
        was, now = (t.to_numpy(bool) for t in (frame.seed, self._asked["seed"].to_pandas()))
        pool, came = ~was, now[~was]
        if min(was.sum(), now.sum(), (~now).sum(), came.sum(), (~came).sum()) < lookalike.LEAST:
            return None
        key = known.consumer_id.to_numpy()
        then = lookalike.likeness(eve.design(known, eve.OWN), was, key)
        today = lookalike.likeness(eve.design(self._now, eve.OWN), now, key)
        before, chance = lookalike.calibrated(then.g[pool], came, key[pool], today.g)
        few = max(self.run.campaign.privacy_threshold, lookalike.LEAST)
        rules = [n for n in load_crowds(self.crowd_file).names if n in frame]
        inside = {n: frame[n].to_numpy(bool)[pool] for n in rules}
        inside = {n: at for n, at in inside.items() if min(at.sum(), (~at).sum()) >= few
                  and min((at & came).sum(), (~at & came).sum()) >= self.run.campaign.privacy_threshold}  # fmt: skip
        curve = lookalike.gain(then.g[pool], came, self.run.campaign.privacy_threshold)
        return Learned(
            day, int(was.sum()), int(pool.sum()), int(came.sum()), then.c, curve,
            lookalike.beside(then.g[pool], came, inside), lookalike.reliability(before, came), chance,
        )  # fmt: skip

    @cached_property
    def asked(self) -> pa.Table:
        """One row a consumer, one column a crowd; look-alikes are the `expand` of those not in the seed who are most like it."""
        table, seed = self._asked, self._asked["seed"].to_pandas().to_numpy(bool)
        table = table.drop_columns(["seed"])
        if self.learned is None:
            return table.drop_columns([LIKE])
        order = np.argsort(np.where(seed, np.inf, -self.learned.chance), kind="stable")
        like = np.zeros(len(seed), bool)
        like[order[: round(self.expand * int((~seed).sum()))]] = True
        return table.set_column(table.schema.get_field_index(LIKE), LIKE, pa.array(like))

    @cached_property
    def tally(self) -> crowds.Tally:
        """Sizes and overlaps, by the rules alone."""
        return crowds.tally(self.asked)

    @cached_property
    def _chance(self) -> "tuple[np.ndarray, dict[str, float] | None]":
        """Everybody's chance to buy within the horizon, and how good the order was on the earlier eve."""
        if self._then is None:
            return np.zeros(self._asked.num_rows), None
        _, known, frame, bought = self._then
        x, y = eve.design(known), bought
        if min(y.sum(), (~y).sum()) < lookalike.LEAST:
            return np.full(len(y), y.mean() if len(y) else 0.0), None
        crossed = lookalike.crossed(x, y, known.consumer_id.to_numpy())
        names = [n for n in self.rules.names if n in frame]
        crowd = crowds.priority(frame, names) if names else pd.Series(pd.NA, frame.index, dtype="string")
        told = ranking.tested(crowd, crossed, y)
        return lookalike.fitted(x, y, eve.design(self._now)), told if np.isfinite(told["times"]) else None

    @property
    def order_tested(self) -> dict[str, float] | None:
        """See `ranking.tested`."""
        return self._chance[1]

    @cached_property
    def people(self) -> pd.DataFrame:
        """One row a consumer: stage, spend, a column a crowd, crowd (the one it is addressed as; null: none, or it rests), tired,
        chance, value, basis, channel, band, decile, leaving, held_out."""
        run = self.run
        frame = self.asked.to_pandas()
        frame["wanted"] = crowds.priority(frame, self.rules.names)
        met = fatigue.met(run.book, run.brand, run.as_of, self.met_days)
        frame["tired"] = fatigue.rested(frame.consumer_id, met, self.most)
        frame["crowd"] = frame.wanted.mask(frame.tired)
        frame["chance"] = self._chance[0]
        moves = run.table("2_plan/strategy", "moves")
        ranked = ranking.added(frame, moves, self.wanted.channels)
        frame = pd.concat([frame, ranked], axis=1)
        frame["band"] = ranking.bands(frame.crowd, frame.value)
        frame["decile"] = holdout.deciles(frame.market_minor)
        frame["leaving"] = audience.leaving(run.book, run.brand, run.as_of, frame.consumer_id, self.days)
        known = audience.drawn(run.warehouse, run.campaign.campaign_id)  # a trial that has begun is not drawn again
        frame["held_out"] = holdout.hold_out(frame, self.share, self.seed, ["crowd", "stage", "decile"], keep=known)
        return frame

    @property
    def rested(self) -> pd.DataFrame:
        """crowd, reached, tired: people."""
        return fatigue.counted(self.people.wanted, self.people.tired, self.rules.names)

    @property
    def benefits(self) -> pd.DataFrame:
        """The kind of benefit for each crowd; empty where the data know no kinds. See `benefit_match.matched`."""
        people = self.people[["consumer_id", "crowd"]].astype({"crowd": object})
        return benefit_match.matched(benefit_kinds.used(self.run.warehouse, self.run.brand, people, "crowd"), "crowd")


def _ends(file: Crowds, name: str) -> bool:
    """Whether a crowd, or one that it refers to, asks when a stage ends."""
    return any(
        isinstance(leaf, Stage) and leaf.expires_within_days
        for n in file.only([name]).names
        for _, leaf in file.leaves(n)
    )
