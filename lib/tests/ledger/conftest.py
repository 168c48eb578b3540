"""What the ledger's tests share: the reference and the cases, which stand beside them, and a book kept by either."""

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from apex.ledger.rules import parse_rules
from apex.ledger.sweep import sweep

HERE = Path(__file__).parent
RULES = HERE.parents[2] / "data" / "rules" / "stages"


def _load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"ledger_{name}", HERE / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


CASES = _load("cases")


def pytest_generate_tests(metafunc):
    """A test that asks for `case` runs once for each case written down by hand."""
    if "case" in metafunc.fixturenames:
        metafunc.parametrize("case", list(CASES.CASES.values()), ids=list(CASES.CASES))


@pytest.fixture(scope="session")
def load() -> Callable[[str], ModuleType]:
    """A fresh copy of a module beside the tests, for tests that spoil it."""
    return _load


@pytest.fixture(scope="session")
def by_hand() -> ModuleType:
    """The module cases.py."""
    return CASES


@pytest.fixture(scope="session")
def reference() -> ModuleType:
    """The module reference.py."""
    return _load("reference")


@pytest.fixture(scope="session")
def rules_folder() -> Path:
    """Where the workspace keeps its rule sets."""
    return RULES


@pytest.fixture(scope="session")
def rules_file() -> Callable[[str], dict]:
    """Name of a rule set → the mapping its file holds."""
    return lambda name: yaml.safe_load((RULES / f"{name}.yml").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def swept(reference) -> Callable:
    """`sweep` with the reference's signature: rules as a mapping in, a list of `Row` out.

    It needs no first day: before the first event nobody is anywhere.
    """

    def keep(events, rules, first_day, last_day, touch_days=15, level="brand"):
        table = sweep(events, parse_rules(rules, origin="test"), last_day, touch_days, level)
        return [reference.Row(**row) for row in table.to_pylist()]

    return keep


@pytest.fixture(scope="session", params=["reference", "sweep"])
def keep_book(request, reference) -> Callable:
    """Both implementations under one name: what a person wrote down by hand holds for each of them."""
    return reference.ledger if request.param == "reference" else request.getfixturevalue("swept")
