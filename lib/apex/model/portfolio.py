"""Which scenes to run together: a mixed-integer programme by scipy's HiGHS, and how sure the choice is.

Scenes share people. People are laid out in segments (who is in which audiences, at which cell) that have nobody in common; a
scene meets people of the segments of its audience, and a person is met by one scene only, so that what two scenes would do to
the same person counts once. Meeting more than a share of those whom a scene can meet is dearer. So what a set brings is concave
in money, and a second scene is worth only the people whom the first leaves.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]
LEFT = 1e-6  # people below which a scene meets nobody


@dataclass(frozen=True)
class Question:
    """All that the choice hangs on; S scenes, G segments.

    inside: S × G, whether a scene addresses the segment's people; people: G, how many they are; reach: the share of them that one
    scene can meet. cost: S × G, money per
    person (0 where money does not matter). least: S, the least budget of a scene that runs. budget: None has no bound. most:
    how many scenes at most. whole: S, how many a scene can meet by itself; dearer: beyond this share of them, so many times the
    cost. uses, supply: of a channel's supply (K) what a person met by a scene takes (K × S × G).
    """

    inside: npt.NDArray[np.bool_]
    people: Array
    reach: float
    cost: Array
    least: Array
    budget: float | None
    most: int
    whole: Array
    dearer: tuple[float, float] = (1.0, 1.0)
    uses: Array | None = None
    supply: Array | None = None


@dataclass(frozen=True)
class Choice:
    """met: S × G people met; spent: S; chosen: S."""

    met: Array
    spent: Array

    @property
    def chosen(self) -> npt.NDArray[np.bool_]:
        """The scenes that meet anybody."""
        return self.met.sum(axis=1) > LEFT


class Programme:
    """The programme of a question, built once and solved for many values: what meeting a person of a segment is worth to us."""

    def __init__(self, asked: Question):
        """Variables: people met by scene and segment (only where it addresses them), the dearer ones of each scene, who runs."""
        from scipy.sparse import coo_array

        self.asked = asked
        self.scene, self.segment = np.nonzero(asked.inside & (asked.people > 0)[None, :] & np.isfinite(asked.cost))
        pairs, count = len(self.scene), len(asked.inside)
        self.cost = asked.cost[self.scene, self.segment]
        met, extra, runs = np.arange(pairs), pairs + np.arange(count), pairs + count + np.arange(count)
        self.width = pairs + 2 * count
        whole, asked_for, mean = asked.whole, np.zeros(count), np.zeros(count)
        np.add.at(asked_for, self.scene, asked.people[self.segment])
        np.add.at(mean, self.scene, self.cost * asked.people[self.segment])
        self.surcharge = np.divide(mean, asked_for, out=np.zeros(count), where=asked_for > 0) * (asked.dearer[1] - 1)
        rows: list[tuple[Index, Index, Array, Array, Array]] = []  # row, column, number; lower, upper bound of each row

        def bound(row: Index, column: Index, number: Array, lower: float | Array, upper: float | Array) -> None:
            height = int(row.max()) + 1 if len(row) else 0
            rows.append((row, column, number, np.broadcast_to(lower, height), np.broadcast_to(upper, height)))

        all_scenes, ones = np.arange(count), np.ones(pairs)
        used, place = np.unique(self.segment, return_inverse=True)
        bound(place, met, ones, -np.inf, asked.people[used])
        both = np.concatenate([self.scene, all_scenes])
        bound(both, np.concatenate([met, runs]), np.concatenate([ones, -whole]), -np.inf, 0.0)
        bound(
            both,
            np.concatenate([met, extra]),
            np.concatenate([ones, -np.ones(count)]),
            -np.inf,
            asked.dearer[0] * whole,
        )
        paid = np.concatenate([self.cost, self.surcharge])
        # the least budget goes into contacts at their plain price: nobody pays more than he must to reach it
        bound(both, np.concatenate([met, runs]), np.concatenate([self.cost, -asked.least]), 0.0, np.inf)
        if asked.uses is not None and asked.supply is not None:
            taken = asked.uses[:, self.scene, self.segment]
            channel, pair = np.nonzero(taken)
            if len(channel):
                bound(channel, pair, taken[channel, pair], -np.inf, asked.supply[: channel.max() + 1])
        bound(np.zeros(count, int), runs, np.ones(count), -np.inf, float(asked.most))
        if asked.budget is not None:
            bound(np.zeros(pairs + count, int), np.concatenate([met, extra]), paid, -np.inf, float(asked.budget))
        starts = np.cumsum([0, *(len(lower) for *_, lower, _ in rows)])
        row = np.concatenate([r + s for (r, *_), s in zip(rows, starts, strict=False)])
        column, number = (np.concatenate([part[i] for part in rows]) for i in (1, 2))
        self.matrix = coo_array((number, (row, column)), shape=(int(starts[-1]), self.width)).tocsc()
        self.bounds = tuple(np.concatenate([part[i] for part in rows]) for i in (3, 4))
        self.upper = np.concatenate([asked.reach * asked.people[self.segment], whole, np.ones(count)])
        self.whole_number = np.concatenate([np.zeros(pairs + count), np.ones(count)])

    def solve(self, worth: Array) -> Choice:
        """The best choice at these values (S × G, money to us per person met, before cost). Nobody is met where nothing pays."""
        from scipy.optimize import Bounds, LinearConstraint, milp

        count, pairs = len(self.asked.inside), len(self.scene)
        met, spent = np.zeros(self.asked.inside.shape), np.zeros(count)
        if pairs == 0 or count == 0:
            return Choice(met, spent)
        gain = worth[self.scene, self.segment] - self.cost
        upper = np.where(
            np.concatenate([gain > 0, np.full(2 * count, True)]), self.upper, 0.0
        )  # nobody is met at a loss
        found = milp(
            np.concatenate([-gain, self.surcharge, np.full(count, 1e-6)]), integrality=self.whole_number,
            bounds=Bounds(0, upper), constraints=LinearConstraint(self.matrix, *self.bounds),
            options={"mip_rel_gap": 1e-3, "time_limit": 10.0},
        )  # fmt: skip
        if found.x is None:
            return Choice(met, spent)
        met[self.scene, self.segment] = np.where(found.x[:pairs] > LEFT, found.x[:pairs], 0.0)
        np.add.at(spent, self.scene, met[self.scene, self.segment] * self.cost)
        spent += self.surcharge * np.maximum(found.x[pairs : pairs + count], 0.0)
        return Choice(met, np.where(met.sum(axis=1) > LEFT, spent, 0.0))

    def chances(self, draws: Array) -> Array:
        """How often each scene is in the best set, over draws of the values (D × S × G)."""
        if not len(draws):
            return np.zeros(len(self.asked.inside))
        return np.asarray(np.mean([self.solve(worth).chosen for worth in draws], axis=0), dtype=float)


def earned(choice: Choice, draws: Array) -> Array:
    """What a choice brings in each draw of the values (D × S × G), before cost."""
    return np.asarray(np.einsum("dsg,sg->d", draws, choice.met), dtype=float)


def once(met: Array, can: Array) -> Array:
    """Of the people whom scenes mean to meet (S × G), each by itself: how many each one has, when who is met twice counts once.

    Scenes meet people independently, and one who is met by several belongs to them in equal parts: what a plan comes to that
    looked at each scene alone. Returns S × G.
    """
    share = np.divide(met, can, out=np.zeros_like(met), where=can > 0).clip(0, 1)
    union = 1 - np.prod(1 - share, axis=0)
    total = share.sum(axis=0)
    return np.asarray(share * np.divide(union, total, out=np.zeros_like(total), where=total > 0) * can, dtype=float)
