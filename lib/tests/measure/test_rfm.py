"""RFM cells by hand, both kinds of cut, movement that adds up, and files that say what is wrong with them."""

import datetime as dt

import pandas as pd
import pytest

from apex.errors import ApexError
from apex.measure import rfm

DAY = dt.date(2024, 6, 30)
GOOD = rfm.RULES.read_text(encoding="utf-8")


def frame(*rows):
    """Buyers: consumer_id, days since the last purchase, purchase days and money of the days looked back on."""
    made = pd.DataFrame(rows, columns=["consumer_id", "quiet", "recent_days", "recent_minor"])
    return made.assign(last_day=pd.Timestamp(DAY) - pd.to_timedelta(made.quiet, unit="D"))


@pytest.fixture
def written(tmp_path):
    def write(old, new):
        assert old in GOOD
        path = tmp_path / "rfm.yml"
        path.write_text(GOOD.replace(old, new), encoding="utf-8")
        return path

    return write


def test_cells_by_hand_at_every_edge():
    people = frame((1, 0, 2, 500), (2, 89, 2, 499), (3, 90, 1, 500), (4, 364, 9, 10**6), (5, 400, 0, 0), (6, 10, 1, 1))
    found = rfm.cells(people, DAY, (90, 2, 500))
    assert found.to_dict() == {1: "111", 2: "110", 3: "001", 4: "011", 5: "asleep", 6: "100"}
    sizes = rfm.sizes(people, found).set_index("cell")
    assert sizes.buyers.sum() == 6 and sizes.buyers["010"] == 0 and sizes.recent_minor["011"] == 10**6
    assert list(sizes.index) == [*rfm.CODES, "asleep"]


def test_a_share_cuts_off_that_share_of_those_awake(written):
    people = frame(*[(n, n, 1 + n % 4, 100 * n) for n in range(100)], (999, 500, 0, 0))
    rules = rfm.load(written("{at_most_days: 90}", "{top: 0.25}"))
    recency, frequency, money = rfm.cuts(rules, people, DAY)
    found = rfm.cells(people, DAY, (recency, frequency, money))
    assert found.str[0].eq("1").sum() == 25 and frequency == 2 and found[:100].str[2].eq("1").sum() == 50
    assert rfm.cuts(rules, people.iloc[:0], DAY) == (1, 2, 1), "nobody is no crash"


def test_movement_adds_up_to_both_days():
    before = rfm.cells(frame((1, 0, 2, 500), (2, 0, 2, 500), (3, 0, 1, 1)), DAY, (90, 2, 500))
    after = rfm.cells(frame((1, 0, 2, 500), (2, 95, 2, 500), (3, 400, 0, 0), (4, 1, 1, 1)), DAY, (90, 2, 500))
    found = rfm.moves(before, after)
    rows = {(str(r.from_cell), str(r.to_cell)): r.consumers for r in found.itertuples()}
    assert rows == {("111", "111"): 1, ("111", "011"): 1, ("100", "asleep"): 1, ("none", "100"): 1}
    assert found.consumers.sum() == 4


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("at_least: 2", "at_leest: 2", r'rfm.yml:\d+.*"at_least"'),
        ("{top: 0.5}", "{top: 0.5, at_least_minor: 9}", "needs one of at_least_minor, top"),
        ("{top: 0.5}", "{top: 1.5}", r"money\.top"),
        ('  "000": {en: "Small, quiet", zh: 一般挽留}', "", "000"),
        ("zh: 一般挽留", "de: x", "cells"),
        ("within_days: 365", "within_days: 0", "within_days"),
    ],
)
def test_a_wrong_file_says_where(written, old, new, said):
    with pytest.raises(ApexError, match=said):
        rfm.load(written(old, new))
