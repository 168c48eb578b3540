"""From a plan to what the kernel plays: who each line is for, how many contacts its budget buys, what they cost.

The market says how many may be met: those who could be if life went on as usual, looked up once a week. A budget buys
contacts at a rate that goes by this forecast, so that no consumer's life depends on what others do. A contact's price rises with
what is bought of the channel's supply: marginal price = p (1 + n / n₀), n₀ = depth · reach · (people who may be met); so m buys
n = n₀ (√(1 + 2 m / (p n₀)) − 1).
"""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from twin.chance import uniform
from twin.crowds import CROWDS
from twin.lines import BENEFIT, RECENCY, SAMPLE, STAGES, TOUCHES, Line, Sequenced
from twin.market import TARGETS, Campaign, Drawn
from twin.media import ITEM_TRIAL
from twin.money import Bought, contact_price
from twin.people import People
from twin.plan import ItemTrial, Media, Plan, Sequence
from twin.play import Extra
from twin.purchase import COLUMNS
from twin.reach import weigh
from twin.shelf import pull_of_day
from twin.stages import STAGES as STAGE_NAMES

SINCE = ((0, 1), (2, 3), (4, 7), (8, None))  # days since a sequence's last touch, as the kernel tells them apart


@dataclass
class Compiled:
    """A plan as the kernel plays it. market: with the plan's campaigns; listed: (n, lists) bool, whom the lines are for."""

    market: Drawn
    plan: Plan
    extra: Extra
    listed: np.ndarray
    bought: list[Bought] = field(default_factory=list)
    arms: dict[str, np.ndarray] = field(default_factory=dict)  # (n,) number of the arm, −1 not on the list
    quiet: tuple[int, int] = (0, -1)


class Compiler:
    """Reads one plan on one market. usual: day → (n, 2, COLUMNS), where everybody stands as usual, see `twin.reach`."""

    def __init__(self, plan: Plan, market: Drawn, crowd: People, usual: dict[int, np.ndarray], brand: int) -> None:  # noqa: D107
        self.plan, self.market, self.crowd, self.usual, self.brand = plan, market, crowd, usual, brand
        self.price = contact_price(market)
        self.lists: dict[bytes, int] = {}
        self.columns: list[np.ndarray] = []
        self.lines: list[Line] = []
        self.sequences: list[Sequenced] = []
        self.campaigns: list[Campaign] = []
        self.bought: list[Bought] = []
        self.arms = {t.name: self._arms(t) for t in plan.trials}
        self.names: set[str] = set()
        self.offers: list[tuple[int, int, int, int]] = []

    def compiled(self) -> Compiled:
        """The plan, compiled. Raises ValueError for a channel, message, item or kind that the market does not have."""
        plan, calendar = self.plan, self.market.calendar
        first, last = calendar.number(plan.first_day), calendar.number(plan.last_day)
        self._number(plan.name, plan.scene)  # the campaign itself, for benefits and samples
        for media in plan.media:
            self._media(media)
        for trial in plan.item_trials:
            self._item_trial(trial)
        for sequence in plan.sequences:
            self._sequence(sequence)
        for benefit in plan.benefits:
            kinds = list(self.market.spec["benefits"]["kinds"])
            kind = _known(kinds, benefit.kind, "benefit")
            a, b = self._days(benefit)
            if benefit.chance is None:
                if any(kind == k and a <= end and begin <= b for begin, end, k, _ in self.offers):
                    raise ValueError(f"benefit {benefit.kind!r} is offered twice in the shop on the same days")
                self.offers.append((a, b, kind, self._list(benefit)))
                continue
            name = self._name(f"benefit/{benefit.kind}", benefit)
            self.lines.append(
                Line(name, self.brand, 0, a, b, benefit.chance, what=BENEFIT, listed=self._list(benefit), kind=kind,
                     campaign=len(self.market.campaigns))
            )  # fmt: skip
        for sampling in plan.sampling:
            a, b = self._days(sampling)
            listed = self._list(sampling)
            people = len(self.crowd.number) if listed < 0 else int(self.columns[listed].sum())
            chance = min(1.0, sampling.units / max(1, people * (b - a + 1)))
            self.lines.append(
                Line(self._name(f"sample/{sampling.item_id}", sampling), self.brand, 0, a, b, chance, what=SAMPLE, listed=listed,
                     items=(self._item(sampling.item_id),), campaign=len(self.market.campaigns))
            )  # fmt: skip
        pull = pull_of_day(self.market.spec, calendar)
        events = tuple(
            (a, np.full(b - a + 1, event.depth), pull[a : b + 1])
            for event in plan.events
            for a, b in [self._days(event)]
        )
        extra = Extra(tuple(self.lines), tuple(self.sequences), events, tuple(self.offers), len(self.campaigns))
        listed_by = np.column_stack([*self.columns, np.zeros(len(self.crowd.number), bool)])
        market = replace(self.market, campaigns=[*self.market.campaigns, *self.campaigns])
        return Compiled(market, plan, extra, listed_by, self.bought, self.arms, (first, last))

    def _days(self, line: Any) -> tuple[int, int]:
        first, last = self.plan.days(line)
        return self.market.calendar.number(first), self.market.calendar.number(last)

    def _arms(self, trial: Any) -> np.ndarray:
        u = uniform(self.market.seed, f"plan {self.plan.campaign_id} {trial.name}", self.crowd.number, 2)
        arm = np.minimum(
            np.searchsorted(np.cumsum(list(trial.arms.values())), u[:, 1], side="right"), len(trial.arms) - 1
        )
        on = (u[:, 0] < trial.share) & self._audience(trial.audience)
        return np.where(on, arm, -1)

    def _audience(self, name: str | None) -> np.ndarray:
        if name is None:
            return np.ones(len(self.crowd.number), bool)
        wanted = np.array(self.plan.audiences[name], np.int64)
        strange = np.setdiff1d(wanted, self.crowd.number)
        if len(strange):
            raise ValueError(
                f"{len(strange)} of the {len(wanted)} consumers of audience {name!r} are not in this market"
            )
        return np.isin(self.crowd.number, wanted)

    def _list(self, line: Any) -> int:
        """The column of those whom a line is for, −1 everybody."""
        on = self._audience(line.audience)
        if line.crowd is not None:
            on &= self.crowd.crowd == CROWDS.index(line.crowd)
        trials = {t.name: t for t in self.plan.trials}
        if line.trial is not None:
            arm = self.arms[line.trial]
            on &= arm >= 0 if line.arm is None else arm == list(trials[line.trial].arms).index(line.arm)
        if self.plan.hold_out is not None:
            held = list(trials[self.plan.hold_out].arms).index("control")
            on &= self.arms[self.plan.hold_out] != held
        if on.all():
            return -1
        key = on.tobytes()
        if key not in self.lists:
            self.lists[key] = len(self.columns)
            self.columns.append(on)
        return self.lists[key]

    def _number(self, name: str, scene: str, key: str | None = None, line: Any = None) -> int:
        """A campaign number of its own, so that what it costs can be told."""
        calendar, plan = self.market.calendar, self.plan
        first, last = self._days(line) if line else (calendar.number(plan.first_day), calendar.number(plan.last_day))
        self.campaigns.append(Campaign(key or self.plan.campaign_id, self.brand, name, scene, first, last))
        return len(self.market.campaigns) + len(self.campaigns) - 1

    def _name(self, what: str, line: Any) -> str:
        """A name by which a line's chance is drawn: the same in every plan that has such a line, whatever its budget."""
        whom = [getattr(line, key, None) or "" for key in ("crowd", "audience", "trial", "arm")]
        name = "/".join([what, *whom])
        while f"{name} {line.first_day} {line.phase}" in self.names:
            name += "+"
        self.names.add(f"{name} {line.first_day} {line.phase}")
        return name

    def _item(self, item_id: str) -> int:
        own = [f"b{self.brand:02}-i{j}" for j in range(self.market.rules.item_price.shape[1])]
        return _known(own, item_id, "item of the brand")

    def _rate(
        self, channel: int, target: int, listed: int, days: slice, line: Any, *, free: bool
    ) -> tuple[np.ndarray, float, float]:
        """(contacts a day at rate 1, share of the plan that can be had, contacts expected in all)."""
        spec, place = self.market.spec, self.market.spec["market_place"]
        rules, k = self.market.rules, self.brand // self.market.rules.brands
        every = np.arange(days.start, days.stop)
        known = np.array(sorted(self.usual))
        at = known[np.maximum(np.searchsorted(known, every, side="right") - 1, 0)]
        weight, room = np.zeros(len(self.crowd.number)), np.zeros((1, COLUMNS))
        masses = {}
        for day in dict.fromkeys(at.tolist()):
            weigh(rules, self.crowd, room, self.usual[day], k, self.brand % rules.brands, channel, target, day, weight)
            masses[day] = float(weight.sum() if listed < 0 else weight[self.columns[listed]].sum())
        mass = np.array([masses[day] for day in at.tolist()])
        n_days = len(every)
        reach = float(spec["channels"][self.market.channels[channel]]["reach"])
        if not (mass > 0).all():
            return np.zeros(n_days), 0.0, 0.0
        narrow = place["narrow"] if listed >= 0 and (line.crowd is not None or line.audience is not None) else 1.0
        price = self.price[channel, days] * narrow
        supply = place["depth"] * reach * mass
        if line.impressions is not None:
            wanted = np.full(n_days, line.impressions / n_days)
        elif free:
            wanted = np.zeros(n_days)
        elif line.buying == "contract":
            wanted = np.full(n_days, line.budget_minor / price.sum())
        else:
            wanted = supply * (np.sqrt(1 + 2 * line.budget_minor / n_days / (price * supply)) - 1)
        had = np.minimum(wanted, place["ceiling"] * reach * mass)
        # a day's cost of n contacts is p n (1 + n / 2 n₀): what the ceiling leaves unbought is not paid
        paid = [(price * n * (1 + n / (2 * supply) * (line.buying != "contract"))).sum() for n in (had, wanted)]
        share = float(paid[0] / paid[1]) if paid[1] > 0 else float(had.sum() > 0)
        return had / mass, share, float(wanted.sum())

    def _media(self, media: Media) -> None:
        channel = _known(self.market.channels, media.channel, "channel")
        spec = self.market.spec["channels"][media.channel]
        buying = media.buying or spec["buying"]
        target = media.targeting or ("broad" if media.audience else spec["target"])
        message = -1 if media.message is None else _known(self.market.messages, media.message, "message")
        first, last = self._days(media)
        listed, free = self._list(media), float(spec["cpm"]) == 0
        if free and media.impressions is None:
            raise ValueError(f"media in {media.channel} cost nothing: say how many impressions, not a budget")
        line = media.model_copy(update={"buying": buying})
        rate, share, expected = self._rate(
            channel, TARGETS.index(target), listed, slice(first, last + 1), line, free=free
        )
        name = self._name(f"media/{media.channel}/{target}/{media.message or ''}", media)
        number = self._number(self.plan.name, self.plan.scene, line=media)
        if rate.any():
            self.lines.append(
                Line(name, self.brand, channel, first, last, rate, listed=listed, target=TARGETS.index(target), message=message,
                     campaign=number)
            )  # fmt: skip
        whom = "/".join(filter(None, (media.crowd, media.audience, media.trial, media.arm))) or target
        paid = None if media.budget_minor is None else round(media.budget_minor * share)
        self.bought.append(Bought(number, name, channel, buying, whom, media.budget_minor, paid, expected))

    def _item_trial(self, trial: ItemTrial) -> None:
        channel = _known(self.market.channels, trial.channel, "channel")
        first, last = self._days(trial)
        line = Media(channel=trial.channel, budget_minor=trial.budget_minor, impressions=None, buying="auction")
        rate, share, expected = self._rate(channel, 0, -1, slice(first, last + 1), line, free=False)
        number = self._number(trial.name, ITEM_TRIAL, f"{self.plan.campaign_id}-{trial.name}")
        self.lines.append(
            Line(f"items/{trial.name}", self.brand, channel, first, last, rate, items=tuple(map(self._item, trial.items)),
                 campaign=number)
        )  # fmt: skip
        paid = round(trial.budget_minor * share)
        self.bought.append(Bought(number, trial.name, channel, "auction", "broad", trial.budget_minor, paid, expected))

    def _sequence(self, sequence: Sequence) -> None:
        messages = len(self.market.messages)
        action = np.full((STAGES, RECENCY, TOUCHES, messages + 1), -1, np.int64)
        for step in reversed(sequence.steps):  # the first one that fits comes last
            channel = _known(self.market.channels, step.channel, "channel")
            message = _known(self.market.messages, step.message, "message")
            low, high = step.days_since or (0, None)
            recent = [
                r for r, (a, b) in enumerate(SINCE) if a >= low and (high is None or (b is not None and b <= high))
            ]
            last = step.last_message or [None, *self.market.messages]
            said = [0 if m is None else _known(self.market.messages, m, "message") + 1 for m in last]
            where = np.ix_(
                [STAGE_NAMES.index(s) for s in step.stages or STAGE_NAMES], recent,
                [min(n, TOUCHES - 1) for n in step.touches] if step.touches is not None else range(TOUCHES), said,
            )  # fmt: skip
            action[where] = channel * messages + message
        first, last_day = self._days(sequence)
        listed = self._list(sequence)
        if listed < 0:
            listed = len(self.columns)
            self.columns.append(np.ones(len(self.crowd.number), bool))
        number = self._number(self.plan.name, self.plan.scene)
        name = self._name(f"sequence/{sequence.name}", sequence)
        self.sequences.append(
            Sequenced(name, self.brand, first, last_day, listed, sequence.pressure, action, campaign=number)
        )
        self.bought.append(Bought(number, name, -1, "auction", sequence.audience or "broad", None, None, float("nan")))


def _known(there: list[str], name: str, what: str) -> int:
    if name not in there:
        raise ValueError(f"{what} {name!r} is not in this market; there are {', '.join(there)}")
    return there.index(name)
