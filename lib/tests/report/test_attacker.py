"""An attacker reads all tables of a page and solves for what is hidden: no small count may be known to be small.

The attacker takes two tables to count the same people wherever they do: where the sums of both over some keys agree in every
group. That is found here from the truth, with code of its own, for every notebook there is; nobody has to declare it, and
nobody can forget to. Of each table by itself the total is known as well.
"""

from itertools import combinations, product

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog
from scipy.sparse import csr_matrix

from apex import files, warehouse
from apex.report import campaign as campaign_module
from apex.report import lesson
from apex.report.campaign import load_campaign
from apex.report.notebooks import discover, parameters
from apex.report.run import Run

NOTEBOOKS = {n.id: n for n in discover(files.ROOT / "notebooks")}
CAMPAIGN, THRESHOLD = "private-test", 20


@pytest.fixture(scope="module")
def market(source, tmp_path_factory, future_market):
    folder = tmp_path_factory.mktemp("attacked")
    for name, text in future_market.CAMPAIGNS.items():
        (folder / f"{name}.yml").write_text(text, encoding="utf-8")
    return future_market.build(source, folder / "market", future_market.tables()), folder


@pytest.fixture(scope="module")
def tables(market, execute_here, tmp_path_factory):
    """`tables(notebook)` → what it keeps: name → (all of it, its keys, its counts of people, what is shown of it)."""
    (whole, folder), place, done = market, tmp_path_factory.mktemp("run"), {}

    def execute(id):
        kept, keep = {}, Run.keep

        def listen(run, name, frame, keys, people=(), *more, **options):
            shown = keep(run, name, frame, keys, people, *more, **options)
            if run.notebook == id and len(people):
                kept[name] = frame.sort_values(list(keys), ignore_index=True), list(keys), list(people), shown
            return shown

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(campaign_module, "CAMPAIGNS", folder)
            patch.setattr(warehouse, "ensure", lambda name: whole)
            patch.setattr(lesson, "ROOT", place)
            patch.setenv("APEX_LESSONS", str(place / "lessons"))
            patch.setenv("APEX_RUN", str(place / "run"))
            patch.setattr(Run, "keep", listen)
            execute_here(NOTEBOOKS[id], parameters(list(NOTEBOOKS.values()), load_campaign(CAMPAIGN))[id])
        return kept

    return lambda id: done[id] if id in done else done.setdefault(id, execute(id))


def sums(frame, keys, column):
    """Every way to sum a table up, where one key may be held at one value.

    (rows by label, sums by label, those that hold somebody, all rows?)
    """
    count = frame[column].fillna(0).astype(float).tolist()
    labels = list(zip(*(frame[k].astype(str) for k in keys), strict=True))
    yield {(): list(range(len(count)))}, {(): sum(count)}, {(): sum(count)}, True
    for held in [None, *((k, v) for k in range(len(keys)) for v in sorted({label[k] for label in labels}))]:
        part = [row for row, label in enumerate(labels) if held is None or label[held[0]] == held[1]]
        free = [k for k in range(len(keys)) if held is None or k != held[0]]
        for size in range(1, len(free) + 1):
            for by in combinations(free, size):
                rows = {}
                for row in part:
                    rows.setdefault(tuple(labels[row][k] for k in by), []).append(row)
                total = {label: sum(count[r] for r in some) for label, some in rows.items()}
                yield (
                    rows,
                    total,
                    {label: n for label, n in total.items() if n > 0 and "none" not in label},
                    held is None,
                )


def alike(one, other):
    """The labels of two ways to sum up that count the same people: all agree, or of whole tables all that both have."""
    if not (one[3] and other[3]) and one[2] != other[2]:
        return []
    both = one[2].keys() & other[2].keys()
    if any(one[2][label] != other[2][label] for label in both) or (len(both) < 2 and both != {()}):
        return []
    return [label for label in one[1].keys() & other[1].keys() if one[1][label] == other[1][label]]


def bounds(kept, totals=False):
    """(table, column, row) of every small hidden count → the largest it may be, so the attacker; infinite: not small.

    totals: whether each table's total is known too, unless it is itself small.
    """
    unknown, truth, known, seen = {}, [], [], []
    for name, (frame, _, people, shown) in kept.items():
        for column in people:
            for row in shown.index[shown[column].isna() & frame[column].notna()]:
                unknown[name, column, row] = len(truth)
                truth.append(float(frame[column][row]))

    def part(name, column, rows):
        return [unknown[name, column, row] for row in rows if (name, column, row) in unknown]

    for name, (frame, keys, people, _) in kept.items():
        for column in people:
            if totals and not 0 < frame[column].sum() < THRESHOLD:
                known.append((part(name, column, frame.index), []))
            ways = list(sums(frame, keys, column))
            for other, column_, theirs in seen:
                if other != name:
                    for one, two in product(ways, theirs):
                        for label in alike(one, two):
                            known.append((part(name, column, one[0][label]), part(other, column_, two[0][label])))
            seen.append((name, column, ways))
    equations = {(tuple(plus), tuple(minus)) for plus, minus in known if plus or minus}
    small = {key: i for key, i in unknown.items() if 0 < truth[i] < THRESHOLD}
    entries = [
        (e, i, s)
        for e, sides in enumerate(sorted(equations))
        for side, s in zip(sides, (1, -1), strict=True)
        for i in side
    ]
    at, of, sign = np.array(entries, dtype=int).reshape(-1, 3).T
    matrix = csr_matrix((sign, (at, of)), shape=(len(equations), len(truth)), dtype=float)
    right = matrix @ np.array(truth)
    found = {}
    if not equations:
        return dict.fromkeys(small, np.inf)
    safe = linprog([-(i in small.values()) for i in range(len(truth))], A_eq=matrix, b_eq=right,
                   bounds=(0, max(2 * THRESHOLD, *truth)), method="highs").x  # fmt: skip
    for key, i in small.items():
        if safe[i] < THRESHOLD:  # one solution has it at the threshold or above: then so has the largest
            solved = linprog(-np.eye(1, len(truth), i)[0], A_eq=matrix, b_eq=right, method="highs")
            found[key] = np.inf if solved.status == 3 else -solved.fun
    return {key: found.get(key, np.inf) for key in small}


@pytest.mark.parametrize("id", NOTEBOOKS)
def test_no_page_gives_a_small_count_away(id, tables):
    kept = tables(id)
    for some, totals in [(kept, False), *(({name: table}, True) for name, table in kept.items())]:
        given_away = {key: round(most, 3) for key, most in bounds(some, totals).items() if most < THRESHOLD - 1e-6}
        assert not given_away
    for name, (_, _, people, shown) in kept.items():
        for column in people:
            left = shown[column].dropna()
            assert not ((left > 0) & (left < THRESHOLD)).any(), (name, column)


@pytest.mark.parametrize("id", ["1_insight/assets", "4_wrapup/closing"])
def test_the_attack_succeeds_where_only_small_counts_are_hidden(id, tables):
    """The known-wrong method, on the same pages: the attacker above is no straw man."""
    careless = {}
    for name, (frame, keys, people, _) in tables(id).items():
        small = ((frame[people] > 0) & (frame[people] < THRESHOLD)).any(axis=1)
        careless[name] = frame, keys, people, frame.assign(**{c: frame[c].mask(small) for c in people})
    assert any(most < THRESHOLD for most in bounds(careless).values())


def page(**tables):
    """Tables as an attacker has them: name → (counts by label, which rows are shown)."""
    kept = {}
    for name, (counts, shows) in tables.items():
        frame = pd.DataFrame(
            [(*label, n) for label, n in counts.items()], columns=["from", "to", "n"][-1 - len(next(iter(counts))) :]
        )
        kept[name] = frame, list(frame)[:-1], ["n"], frame.assign(n=frame.n.where(shows))
    return kept


def test_the_attacker_finds_what_a_total_and_another_table_give_away():
    """The known-wrong methods: hiding small counts alone, and protecting each table by itself."""
    one = page(t=({("a",): 100, ("b",): 5, ("c",): 60}, [True, False, True]))
    assert bounds(one) == {("t", "n", 1): np.inf} and bounds(one, totals=True) == {("t", "n", 1): 5}
    flow = {("a", "x"): 7, ("a", "y"): 90, ("b", "x"): 30, ("b", "y"): 50}
    stock = {("a",): 97, ("b",): 80}
    both = page(flow=(flow, [False, True, False, True]), stock=(stock, [True, True]))
    assert bounds({"flow": both["flow"]}, totals=True) == {("flow", "n", 0): np.inf}, "7 + 30 is not small"
    assert bounds(both) == {("flow", "n", 0): 7}
