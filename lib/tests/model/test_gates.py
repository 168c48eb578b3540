"""Growth gates: what has passed, and where the brand stands."""

import pytest

from apex.model.gates import gates, standing

ASKED = [("validate", "buyers", 100.0), ("validate", "back", 0.1), ("accelerate", "paying", 1.0)]


@pytest.mark.parametrize(
    ("seen", "passed", "stands"),
    [
        ({"buyers": 99, "back": 0.1, "paying": 1}, [False, True, True], "validate"),
        ({"buyers": 100, "back": 0.1, "paying": 0}, [True, True, False], "accelerate"),
        ({"buyers": 100, "back": 0.1, "paying": float("nan")}, [True, True, False], "accelerate"),
        ({"buyers": 100, "paying": 1}, [True, False, True], "validate"),
        ({"buyers": 100, "back": 0.1, "paying": 1}, [True, True, True], "open"),
    ],
)
def test_a_gate_is_passed_at_its_bound_and_never_unknown(seen, passed, stands):
    found = gates(ASKED, seen)
    assert found.passed.tolist() == passed and standing(found) == stands
    assert found.target.tolist() == [100, 0.1, 1]


def test_without_gates_nothing_stands_in_the_way():
    assert standing(gates([], {})) == "open"
