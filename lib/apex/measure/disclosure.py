"""How large could a hidden count still be, for somebody who knows sums? The system behind `apex.measure.privacy`.

Hidden counts are unknowns that are whole and not negative; known sums and sums that two tables share are equations. A count is
safe while some solution has it at the threshold or above (a linear programme; Fischetti & Salazar 2000 call it the attacker's
problem). Which row is hidden next is a plain rule: the smallest one that shares an equation which gives the count away.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pandas as pd

from apex.measure.assets import NONE

MOST_KEYS, MOST_ROWS = 3, 600  # above, only sums over single keys are taken as known
EDGE = 1e-6  # of the solver

Rows = npt.NDArray[np.intp]
Groups = dict[tuple[str, ...], Rows]


@dataclass(eq=False)
class Table:
    """A table with all that it holds: labels (keys as text), people (int), hidden (bool a row); keys that vary, stated totals.

    equations: what is known of its hidden counts, once it has been protected.
    """

    labels: pd.DataFrame
    people: pd.DataFrame
    hidden: npt.NDArray[np.bool_]
    keys: tuple[str, ...] = ()
    totals: tuple[tuple[str, ...], ...] = ()
    equations: "list[Equation]" = field(default_factory=list)

    def __post_init__(self) -> None:
        """Rows are hidden in place, and not in the frame that somebody gave; labels are looked up many times."""
        self.hidden = self.hidden.copy()
        self.marks = {key: np.array([str(label) for label in self.labels[key]], dtype=object) for key in self.labels}

    @cached_property
    def views(self) -> "dict[str, list[View]]":
        """For each column the ways to sum it up that can be compared with those of other tables."""
        found = {column: list(_views(self, column)) for column in self.people}
        return {
            column: [v for v in views if len(v.told) > 1 or (v.told and () in v.groups)]
            for column, views in found.items()
        }


@dataclass(frozen=True, eq=False)
class Equation:
    """Sums of one column over rows of a table, which together are known: (table, column, rows, sign)."""

    terms: tuple[tuple[Table, str, Rows, int], ...]


@dataclass(frozen=True, eq=False)
class View:
    """Sums of a table's column over groups of its rows; `whole`: over all its rows, else where one key has one value."""

    groups: Groups
    sums: dict[tuple[str, ...], int]
    whole: bool

    @cached_property
    def told(self) -> frozenset[tuple[tuple[str, ...], int]]:
        """The groups that hold somebody (`none`, who are in no group, aside), each with its sum: what views are compared by."""
        return frozenset((label, n) for label, n in self.sums.items() if n and NONE not in label)

    def agrees(self, other: "View") -> bool:
        """Whether the groups that both have, two or more, are alike."""
        both = {label for label, _ in self.told} & {label for label, _ in other.told}
        return len(both) > 1 and all(self.sums[label] == other.sums[label] for label in both)


def protect(table: Table, earlier: Sequence[Table], threshold: int) -> None:
    """Hide rows of the table until neither it nor those before it on the page give away a count below the threshold."""
    if not (table.hidden.any() or any(t.hidden.any() for t in earlier)):
        return
    links = shared_sums(table, earlier)
    assumed = known_sums(table, links, threshold)
    while True:
        more = _next(table, earlier, [*links, *assumed], threshold)
        if more is None and assumed:  # nothing is left to hide: what is only assumed to be known is given up
            assumed = []
            continue
        if more is None or not len(more):
            break
        table.hidden[more] = True
    table.equations = [*links, *assumed]


def known_sums(table: Table, links: Sequence[Equation], threshold: int) -> list[Equation]:
    """The sums over sets of keys and over stated totals, where a table of such sums would show them.

    A sum that is a count of another table of the page (`links`) is known as far as that table shows it, and not assumed.
    """
    there = {(column, rows.tobytes()) for e in links for t, column, rows, _ in e.terms if t is table}
    found = []
    for keys in _sets(table):
        groups = _groups(table, keys)
        sums = pd.DataFrame({c: [table.people[c].to_numpy()[r].sum() for r in groups.values()] for c in table.people})
        small = ((sums > 0) & (sums < threshold)).to_numpy()
        for number, column in enumerate(table.people):
            marginal = Table(
                pd.DataFrame(list(groups), columns=list(keys), index=range(len(groups))),
                sums[[column]], small[:, number], keys,
            )  # fmt: skip
            protect(marginal, (), threshold)
            for rows, hidden in zip(groups.values(), marginal.hidden, strict=True):
                if not hidden and (column, rows.tobytes()) not in there:
                    found.append(Equation(((table, column, rows, 1),)))
    return found


def shared_sums(table: Table, earlier: Sequence[Table]) -> list[Equation]:
    """What this table and earlier ones of the page both sum up: where they agree in every group, they count the same people."""
    found: dict[tuple[object, ...], Equation] = {}
    theirs = [(other, name, views) for other in earlier for name, views in other.views.items()]
    for column, mine in table.views.items() if theirs else ():
        for other, name, others in theirs:
            for one, two in _agreeing(mine, others):
                for label, here in one.groups.items():
                    there = two.groups.get(label)
                    if there is None or one.sums[label] != two.sums[label]:
                        continue
                    if table.hidden[here].any() or other.hidden[there].any():
                        key = (column, here.tobytes(), id(other), name, there.tobytes())
                        found[key] = Equation(((table, column, here, 1), (other, name, there, -1)))
    return list(found.values())


def _agreeing(mine: "Sequence[View]", others: "Sequence[View]") -> "Iterator[tuple[View, View]]":
    """The pairs of views that count the same people: alike in all groups, or, of whole tables, in all that both have."""
    alike: dict[object, list[View]] = {}
    for view in others:
        alike.setdefault(view.told, []).append(view)
    whole = [view for view in others if view.whole]
    for one in mine:
        same = alike.get(one.told, [])
        yield from ((one, two) for two in same)
        yield from ((one, two) for two in whole if one.whole and two not in same and one.agrees(two))


def _sets(table: Table) -> list[tuple[str, ...]]:
    """The sets of keys over which sums are known: all but the whole set; in a large table single keys only. And the totals."""
    most = len(table.keys) - 1 if len(table.keys) <= MOST_KEYS and len(table.labels) <= MOST_ROWS else 1
    sets = [s for n in range(min(most, len(table.keys) - 1) + 1) for s in combinations(table.keys, n)]
    return list(dict.fromkeys([*sets, *table.totals]))


def _groups(table: Table, keys: Sequence[str], inside: "Rows | None" = None) -> Groups:
    """Rows (of those `inside`, else of all) by the combination of the keys' values; all of them under () without a key."""
    rows = np.arange(len(table.people)) if inside is None else inside
    if not keys:
        return {(): rows}
    found: dict[tuple[str, ...], list[int]] = {}
    columns = [table.marks[key][rows] for key in keys]  # plain loops: a slice has few rows, and there are many slices
    for row, label in zip(rows, zip(*columns, strict=True), strict=True):
        found.setdefault(label, []).append(row)
    return {label: np.array(found[label], dtype=np.intp) for label in sorted(found)}


def _views(table: Table, column: str) -> Iterator[View]:
    """Every way to sum the column up: over a set of keys, in the whole table and where one other key has one value."""
    count, every = table.people[column].to_numpy(), np.arange(len(table.people))
    for number in range(len(table.keys) + 1):
        for keys in combinations(table.keys, number):
            slices = [every]
            for other in table.keys if number else ():
                slices += [] if other in keys else list(_groups(table, [other]).values())
            for inside in slices:
                groups = _groups(table, keys, inside)
                yield View(groups, {label: int(count[rows].sum()) for label, rows in groups.items()}, inside is every)


def _next(table: Table, earlier: Sequence[Table], equations: list[Equation], threshold: int) -> "Rows | None":
    """Rows of the table to hide next: none where every hidden count is safe; None where one is not and nothing can help."""
    every = [*equations, *(e for t in earlier for e in t.equations)]
    if not any(t.hidden[rows].any() for e in every for t, _, rows, _ in e.terms):
        return np.array([], dtype=np.intp)
    system = _System(table, every)
    given_away = system.given_away(threshold)
    if not len(given_away):
        return np.array([], dtype=np.intp)
    size = table.people.max(axis=1).to_numpy()
    more = {row for unknown in given_away for row in system.helpers(unknown, size, threshold)}
    return np.array(sorted(more), dtype=np.intp) if more else None


class _System:
    """The equations that hang together with a table, over hidden counts: `matrix` × counts = what is known."""

    def __init__(self, table: Table, equations: Sequence[Equation]):
        from scipy import sparse

        numbers: dict[tuple[int, str, int], int] = {}
        truth: list[int] = []
        entries: list[tuple[int, int, int]] = []
        mine: list[bool] = []
        for number, equation in enumerate(equations):
            for t, column, rows, sign in equation.terms:
                for row in rows[t.hidden[rows]]:
                    key = (id(t), column, int(row))
                    if key not in numbers:
                        numbers[key] = len(truth)
                        truth.append(int(t.people[column].to_numpy()[row]))
                    entries.append((number, numbers[key], sign))
            mine.append(any(t is table for t, *_ in equation.terms))
        self.table, self.equations, self.truth = table, equations, np.array(truth, float)
        shape = (len(equations), len(truth))
        at, of, signs = np.array(entries, dtype=int).reshape(-1, 3).T
        self.matrix = sparse.csr_matrix((signs, (at, of)), shape=shape, dtype=float)
        _, part = sparse.csgraph.connected_components(abs(self.matrix.T) @ abs(self.matrix), directed=False)
        near = np.unique(part[of[np.isin(at, np.flatnonzero(mine))]])
        self.inside = np.isin(part, near)
        self.held = np.split(self.matrix.indices, self.matrix.indptr[1:-1])  # the unknowns of each equation
        self.near = [e for e, unknowns in enumerate(self.held) if self.inside[unknowns].any()]

    def given_away(self, threshold: int) -> Rows:
        """The unknowns below the threshold (and above zero) of which somebody who knows the equations can say so."""
        open_ = np.flatnonzero(self.inside & (self.truth > 0) & (self.truth < threshold))
        while len(open_):  # all at once: whoever reaches the threshold in any solution is safe
            reached = self._highest(open_, threshold)
            if not reached.any():
                return np.array([i for i in open_ if not self._highest(np.array([i]), threshold).any()], dtype=np.intp)
            open_ = open_[~reached]
        return open_

    def _highest(self, wanted: Rows, threshold: int) -> npt.NDArray[np.bool_]:
        """Which of the unknowns reach the threshold where their sum, each up to the threshold, is as large as it can be."""
        from scipy import sparse
        from scipy.optimize import linprog

        inside = np.flatnonzero(self.inside)
        at = np.searchsorted(inside, wanted)
        some = self.matrix[:, inside]
        some = some[np.flatnonzero(np.diff(some.indptr))]
        n, m = len(inside), len(wanted)
        pick = sparse.csr_matrix((np.ones(m), (np.arange(m), at)), shape=(m, n))
        found = linprog(
            np.r_[np.zeros(n), -np.ones(m)],
            A_ub=sparse.hstack([-pick, sparse.identity(m)]), b_ub=np.zeros(m),
            A_eq=sparse.hstack([some, sparse.csr_matrix((some.shape[0], m))]), b_eq=some @ self.truth[inside],
            bounds=[(0, None)] * n + [(0, threshold)] * m, method="highs",
        )  # fmt: skip
        return np.zeros(m, bool) if found.x is None else found.x[n:] >= threshold - EDGE

    def helpers(self, unknown: int, size: npt.NDArray[np.int64], threshold: int) -> list[int]:
        """The row to hide for the sake of an unknown: of an equation that gives it away alone, else of those that are rigid."""
        own = [e for e in self.near if unknown in self.held[e]]
        alone = [e for e in own if self._bound(e) < threshold]
        rigid = [e for e in self.near if len(self.held[e]) == 1]
        for chosen in (alone, rigid, own, self.near):
            seen: dict[int, int] = {}
            for row in (row for e in chosen for row in self._shown(e)):
                seen[row] = seen.get(row, 0) + 1
            if seen:
                return [min(seen, key=lambda row: (-seen[row], size[row], row))]
        return []

    def _bound(self, e: int) -> float:
        """The most that an equation alone allows any of its unknowns; infinite where some are taken off."""
        signs = self.matrix.data[self.matrix.indptr[e] : self.matrix.indptr[e + 1]]
        return float(self.truth[self.held[e]].sum()) if (signs > 0).all() else np.inf

    def _shown(self, e: int) -> list[int]:
        """Rows of the table in the equation that are shown and hold somebody."""
        found: list[int] = []
        for t, column, rows, _ in self.equations[e].terms:
            if t is self.table:
                count = t.people[column].to_numpy()[rows]
                found += [int(row) for row in rows[~t.hidden[rows] & (count > 0)]]
        return found
