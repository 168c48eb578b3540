"""Each business scene scored on a brand's own data, by itself; `apex.report.upstream.scenes` chooses among them."""

from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from apex.errors import ApexError, nearest
from apex.measure import item_life, item_market, joining, peers
from apex.measure import scenes as counting
from apex.measure.crowd_rules import OPPORTUNITY
from apex.measure.item_rules import load_item_rules
from apex.measure.moves import CONVERT
from apex.measure.scene_rules import load_scenes
from apex.model import scenes as model

if TYPE_CHECKING:
    from apex.report.run import Run

LATELY = 28  # days in which a piece of content counts as fresh, as in the needs of the committed file


class Scored:
    """Business scenes as a run's day sees them, each by itself."""

    def __init__(
        self,
        run: "Run",
        file: str,
        crowd_file: str,
        items: str,
        budget_minor: int | None,
        draws: int,
        seed: int,
        join_worth: int = 0,
    ):
        """file, crowd_file, items: rules of scenes, crowds and items' life. budget_minor: None takes the campaign's.

        draws: of what a contact changes. join_worth: what a join adds beyond the order at which it happens, in minor units.
        """
        self.join_worth = join_worth
        self.run, self.rules = run, load_scenes(file)
        self.crowds, self.item_rules = self.rules.crowds(crowd_file), load_item_rules(items)
        self.budget = run.campaign.budget_minor if budget_minor is None else budget_minor
        self.draws, self.seed = draws, seed

    @property
    def margin(self) -> float:
        """What of GMV is left after goods; all of it where the campaign does not say."""
        return 1.0 if self.run.campaign.margin is None else self.run.campaign.margin

    @cached_property
    def category(self) -> str | None:
        """The brand's main category."""
        return peers.main_category(self.run.warehouse, self.run.brand, self.run.as_of)

    @cached_property
    def segments(self) -> pd.DataFrame:
        """See `measure.scenes.segments`."""
        run = self.run
        return counting.segments(
            run.book, run.brand, self.crowds, tuple(self.rules.audiences), run.as_of, self.category
        )

    @cached_property
    def staged(self) -> pd.DataFrame:
        """The brand's items now, with stage, age, sales and GMV of the last period (see `measure.item_life`)."""
        run, asked = self.run, self.item_rules
        market = item_market.market(run.warehouse, run.brand, asked, run.as_of)
        measured = item_life.measures(market, run.brand, asked, 1 + asked.memory)
        staged = item_life.stages(item_life.with_cover(measured, run.warehouse, market), asked, 1)
        return staged[staged.period == 0].reset_index(drop=True)

    @cached_property
    def facts(self) -> counting.Facts:
        """See `measure.scenes.facts`."""
        return counting.facts(self.run.warehouse, self.run.brand, self.run.as_of, self.staged)

    @cached_property
    def cells(self) -> dict[str, tuple[str, ...]]:
        """Scene → the cells that it takes people from; the two deepest where it counts joins.

        Raises ApexError for a cell that the campaign's rules do not have.
        """
        stages = self.run.book.rules.ids
        for id, scene in self.rules.scenes.items():
            for cell in (*scene.moves.from_, scene.moves.to) if scene.moves else ():
                if cell not in self.order:
                    where = f'scenes.{id}.moves: the rules "{self.run.book.rules.name}" have no stage "{cell}"'
                    raise ApexError(f"{where}.{nearest(cell, self.order)}")
        return {
            id: scene.moves.from_ if scene.moves else tuple(stages[-2:]) for id, scene in self.rules.scenes.items()
        }  # fmt: skip

    @cached_property
    def inside(self) -> "np.ndarray":
        """S × segments: whether a scene addresses a segment's people."""
        seen = self.segments
        return np.array(
            [seen[scene.audience].to_numpy(bool) & seen.stage.isin(self.cells[id]).to_numpy(bool)
             for id, scene in self.rules.scenes.items()]
        ).reshape(len(self.rules.scenes), len(seen))  # fmt: skip

    @cached_property
    def people(self) -> "np.ndarray":
        """S × cells: consumers whom each scene addresses."""
        at = self.at_cell
        return (self.inside * self.segments.consumers.to_numpy(float)) @ np.eye(len(self.order))[at]

    @property
    def order(self) -> list[str]:
        """The cells, shallow to deep."""
        return [OPPORTUNITY, *self.run.book.rules.ids]

    @cached_property
    def at_cell(self) -> "np.ndarray":
        """The number of each segment's cell."""
        return np.array(
            [self.order.index(stage) if stage in self.order else 0 for stage in self.segments.stage], dtype=int
        )

    @cached_property
    def moves(self) -> pd.DataFrame:
        """What a contact changes, by cell and channel, of rows that may be shown: the strategy's table."""
        frame, few = self.run.table("2_plan/strategy", "moves"), self.run.campaign.privacy_threshold
        return frame[(frame.n.fillna(0) >= few) & (frame.contacted.fillna(0) >= few)].reset_index(drop=True)

    @cached_property
    def supply(self) -> float:
        """How many people a channel can meet in the horizon, for each contact that `moves` counted of it."""
        from apex.report.upstream.moves import spans

        last, first = self.run.as_of - timedelta(days=CONVERT - 1), self.run.warehouse.first_day
        days = {a + timedelta(days=i) for a, b in spans(self.run) for i in range((b - a).days + 1)}
        counted = sum(first < day <= last for day in days)
        set_ = self.rules.settings
        return set_.grow * set_.horizon_days / counted if counted else 0.0

    @cached_property
    def can(self) -> "np.ndarray":
        """S × cells: whom each scene can meet by itself in the horizon. See `model.scenes.capacity`."""
        return model.capacity(self.responses, self.people, self.rules.settings.reach, self.supply)

    @cached_property
    def joins(self) -> model.Joining:
        """How often a buyer who is no member joined at an order of the last year, and what a join adds beyond the order.

        What it adds is a knob: the members' page estimates it, and takes seconds for it.
        """
        span = joining.span(self.run.warehouse, self.run.as_of, 0)
        asked = joining.invitations(self.run.warehouse, self.run.brand, *span)
        whole = asked[asked.cut == "all"]
        joined, days = (int(whole[c].sum()) for c in ("joined", "days"))
        return model.Joining(joined, max(days - joined, 0), (float(self.join_worth), 0.0))

    @cached_property
    def responses(self) -> model.Responses:
        """See `model.scenes.responses`."""
        rng = np.random.default_rng(self.seed)
        channels = {id: self.rules.channels(id) for id in self.rules.scenes}
        known = model.responses(self.moves, channels, self.order, rng, self.draws)
        for id, scene in self.rules.scenes.items():
            if scene.counts == "joins":
                known = model.with_joins(known, id, self.joins, rng)
        return known

    @cached_property
    def unmet(self) -> pd.DataFrame:
        """See `measure.scenes.unmet`."""
        people = dict(zip(self.rules.scenes, self.people.sum(axis=1).astype(int).tolist(), strict=True))
        return counting.unmet(self.rules, self.facts, people)

    @property
    def lacking(self) -> pd.DataFrame:
        """`unmet` as a page keeps it: what was seen stands in `people` where it counts people, else in `number`."""
        frame, whose = self.unmet, self.unmet.need.isin(["audience", "members", "followers"])
        return frame.assign(
            number=frame.seen.mask(whose), people=frame.seen.where(whose, 0).fillna(0).astype("int64")
        ).drop(columns="seen")  # fmt: skip

    @property
    def ready(self) -> dict[str, bool]:
        """Scene → whether it has all that it needs."""
        lacking = set(self.unmet.scene)
        return {id: id not in lacking for id in self.rules.scenes}

    @cached_property
    def same(self) -> dict[str, str]:
        """Scene → the scene that stands for it; see `model.scenes.families`."""
        rules = self.rules
        return model.families(
            {id: rules.channels(id) for id in rules.scenes}, {id: s.audience for id, s in rules.scenes.items()},
            self.cells, self.ready,
        )  # fmt: skip

    @cached_property
    def alone(self) -> pd.DataFrame:
        """Every scene: the columns of `model.scenes.scores`, group, counts, items and items_minor (how many are at the stages it
        names, and their GMV of the last period), pieces (published in 28 days, where it counts contents), join_share (of orders,
        where it counts joins), ready, same.
        """
        rules = self.rules
        frame = model.scores(self.responses, self.people, self.can, self.margin)
        frame["group"] = [rules.scenes[id].group for id in frame.scene]
        frame["counts"] = [rules.scenes[id].counts for id in frame.scene]
        at = {id: self.staged.stage.isin(scene.items or ()) for id, scene in rules.scenes.items()}
        frame["items"] = pd.array(
            [int(at[id].sum()) if rules.scenes[id].items else pd.NA for id in frame.scene], "Int64"
        )
        frame["items_minor"] = pd.array(
            [int(self.staged.gmv_minor[at[id]].sum()) if rules.scenes[id].items else pd.NA for id in frame.scene], "Int64"
        )  # fmt: skip
        counts = frame["counts"]
        pieces = int(self.facts.published.between(0, LATELY - 1).sum())
        frame["pieces"] = pd.array([pieces if c == "contents" else pd.NA for c in counts], "Int64")
        joined = self.joins.joined / (self.joins.joined + self.joins.stayed_out) if self.joins.joined else np.nan
        frame["join_share"] = [joined if c == "joins" else np.nan for c in counts]
        frame["ready"] = [self.ready[id] for id in frame.scene]
        frame["same"] = [self.same[id] for id in frame.scene]
        return frame

    def has_price(self, id: str) -> bool:
        """Whether the cost of all that a scene would meet is known."""
        i = self.responses.scenes.index(id)
        used = self.can[i] > 0
        return bool(used.any() and np.isfinite(self.responses.cost[i][used]).all())

    @property
    def priced(self) -> bool:
        """Whether the cost of any scene is known."""
        return any(self.has_price(id) for id in self.rules.scenes)
