"""A small market, played once for all tests that only read it."""

import numpy as np
import pytest

from twin.market import draw_market
from twin.truth import Worlds


@pytest.fixture(scope="session")
def market():
    return draw_market(5)


@pytest.fixture(scope="session")
def worlds(market):
    return Worlds(market, np.arange(1, 1501))
