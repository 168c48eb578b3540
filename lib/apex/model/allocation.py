"""Who gets which impressions: guaranteed delivery as a linear programme on the graph of supply × contracts (scipy, HiGHS).

First the least penalty for what cannot be delivered; then, among all plans that reach it, the one that departs least from the
proportional share: each contract takes the same part of every cell that it may use, which spreads it over crowds and days. This
is the objective of SHALE (Bharadwaj et al., KDD 2012) and HWM (Chen et al., EC 2012) with absolute for squared departures, the
further ones dearer. A cell is a slot, a crowd and a day, or anything else of which there is a supply.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from apex.errors import ApexError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

FAR, DEARER = 0.5, 3.0  # departures beyond this part of the proportional share cost so many times as much
TIGHT = 1e-6
PASSES = 3  # of what a day's plan left over


@dataclass(frozen=True)
class Booking:
    """supply: (N,) of each cell; cell, contract: (E,) which contract may use which cell, no pair twice; demand: (J,) units
    still due; penalty: (J,) of one unit that is missing, above 0.
    """

    supply: "Floats"
    cell: "Ints"
    contract: "Ints"
    demand: "Floats"
    penalty: "Floats"

    @cached_property
    def usable(self) -> "Floats":
        """(J,) supply of all cells that a contract may use."""
        return np.bincount(self.contract, self.supply[self.cell], len(self.demand)).astype(float)

    @cached_property
    def share(self) -> "Floats":
        """(E,) the proportional share: a contract takes the same part of each of its cells, at most all."""
        part = np.minimum(
            np.divide(self.demand, self.usable, out=np.zeros(len(self.demand)), where=self.usable > 0), 1.0
        )
        return np.asarray(part[self.contract] * self.supply[self.cell], float)

    def uses(self, flow: "Floats") -> "Floats":
        """(N,) what a plan takes of each cell."""
        return np.bincount(self.cell, flow, len(self.supply)).astype(float)

    def gets(self, flow: "Floats") -> "Floats":
        """(J,) what a plan gives each contract."""
        return np.bincount(self.contract, flow, len(self.demand)).astype(float)


@dataclass(frozen=True)
class Plan:
    """flow: (E,) units by cell and contract; under: (J,) what is missing of each contract; scarce: (N,) whether one unit more
    of the cell would lessen the penalty.
    """

    flow: "Floats"
    under: "Floats"
    scarce: "NDArray[np.bool_]"


def feasible(of: Booking) -> Plan:
    """The least penalty that any plan can have. ApexError where the solver fails."""
    edges, count = len(of.cell), len(of.demand)
    if not edges:
        return Plan(np.zeros(0), of.demand.astype(float), np.zeros(len(of.supply), bool))
    cost = np.r_[np.zeros(edges), of.penalty / of.penalty.max()]
    limits, sums = _graph(of)
    from scipy.sparse import eye, hstack

    due = hstack([sums, eye(count)], format="csr")
    wide = hstack([limits, 0 * eye(len(of.supply), count)], format="csr")
    found = _solved(cost, wide, of.supply, due, of.demand)
    return Plan(found.x[:edges], np.maximum(found.x[edges:], 0), -found.ineqlin.marginals > TIGHT)


def allocate(of: Booking) -> Plan:
    """The least penalty, then the least departure from the proportional share."""
    share = of.share
    if (of.uses(share) <= of.supply * (1 + 1e-9)).all():  # nobody is in another's way
        return Plan(share, np.maximum(of.demand - of.gets(share), 0), _all_taken(of, share))
    first = feasible(of)
    from scipy.sparse import csr_matrix, eye, hstack, vstack

    edges, scale = len(of.cell), np.maximum(share, share.max() * TIGHT)
    # x = share − near − far + up, near ≤ FAR · share; a contract's sum must stay what it was
    limits, sums = _graph(of)
    rise = np.r_[np.zeros(edges), np.ones(edges), np.full(edges, DEARER), np.ones(edges), np.full(edges, DEARER)]
    one = eye(edges)
    parts = hstack([one, one, one, -one, -one], format="csr")
    zero = csr_matrix((sums.shape[0], 4 * edges))
    equal = vstack([hstack([sums, zero]), parts], format="csr")
    wide = hstack([limits, csr_matrix((len(of.supply), 4 * edges))], format="csr")
    room = np.full(5 * edges, np.inf)
    room[edges : 2 * edges] = room[3 * edges : 4 * edges] = FAR * scale
    got = of.gets(first.flow)
    found = _solved(rise, wide, of.supply * (1 + 1e-9), equal, np.r_[got, share], room)
    return Plan(np.maximum(found.x[:edges], 0), first.under, first.scarce)


def serve(of: Booking, flow: "Floats", supply: "Floats") -> "Floats":
    """(E,) what a day gives when `supply` (N,) comes and not what was planned: cells are dealt out by the plan's shares.

    of: the day's cells with what is still due; flow: the plan of these cells. No contract is given more than it is due. What is
    left goes to contracts that may use it, by what they still lack.
    """
    planned = np.divide(flow, of.supply[of.cell], out=np.zeros(len(flow)), where=of.supply[of.cell] > 0)
    planned = planned / np.maximum(of.uses(planned), 1.0)[of.cell]  # never more than all of a cell
    given = planned * supply[of.cell]
    given *= np.minimum(1, _ratio(of.demand, of.gets(given)))[of.contract]
    for _ in range(PASSES):
        left = np.maximum(supply - of.uses(given), 0)
        lack = np.maximum(of.demand - of.gets(given), 0)
        asked = lack[of.contract] * (left[of.cell] > 0)
        more = asked * np.minimum(_ratio(left, of.uses(asked)), 1)[of.cell]
        given = given + more * np.minimum(1, _ratio(lack, of.gets(more)))[of.contract]
    return np.asarray(given, float)


def first_come(of: Booking, supply: "Floats") -> "Floats":
    """(E,) the rival: contracts in their order, each takes all that it is due from its cells, in their order."""
    left, lack, given = supply.astype(float), of.demand.astype(float), np.zeros(len(of.cell))
    for e in np.lexsort((of.cell, of.contract)):
        i, j = of.cell[e], of.contract[e]
        given[e] = min(left[i], lack[j])
        left[i] -= given[e]
        lack[j] -= given[e]
    return given


def scarce_cells(of: Booking, plan: Plan, contract: int) -> "Ints":
    """The cells that stand in the way of a contract that cannot be met: those it may use, wholly taken, by what they hold."""
    mine = of.cell[of.contract == contract]
    full = mine[of.uses(plan.flow)[mine] >= of.supply[mine] * (1 - 1e-6)]
    return full[np.argsort(-of.supply[full], kind="stable")]


def _all_taken(of: Booking, flow: "Floats") -> "NDArray[np.bool_]":
    short = np.zeros(len(of.supply), bool)
    lacking = of.demand > of.gets(flow) * (1 + 1e-9) + 1e-9
    short[of.cell[lacking[of.contract]]] = True
    return short


def _ratio(a: "Floats", b: "Floats") -> "Floats":
    return np.divide(a, b, out=np.full(len(a), np.inf), where=b > 0)


def _graph(of: Booking):  # type: ignore[no-untyped-def]
    """What the edges take of each cell, (N, E), and give each contract, (J, E)."""
    from scipy.sparse import csr_matrix

    edge, one = np.arange(len(of.cell)), np.ones(len(of.cell))
    return (csr_matrix((one, (of.cell, edge)), (len(of.supply), len(edge))),
            csr_matrix((one, (of.contract, edge)), (len(of.demand), len(edge))))  # fmt: skip


def _solved(cost, limits, most, equal, sums, room=None):  # type: ignore[no-untyped-def]
    from scipy.optimize import linprog

    bounds = (0, None) if room is None else np.column_stack([np.zeros(len(cost)), room])
    found = linprog(cost, A_ub=limits, b_ub=most, A_eq=equal, b_eq=sums, bounds=bounds, method="highs")
    if found.status != 0:
        raise ApexError(f"allocation: {found.message}")
    return found
