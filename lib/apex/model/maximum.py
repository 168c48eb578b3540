"""Maximum likelihood for a handful of positive parameters, and how well they are known.

The likelihoods of `apex.model.clv` and `apex.model.spend` are smooth, have exact gradients, and are flat where the data
say nothing of a parameter. So the search goes over logarithms within bounds, and a parameter at a bound has no interval.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Loss = Callable[[Floats], tuple[float, Floats]]

EDGE = 9.0  # of a parameter's logarithm
NEAR = 0.01
STEP = 1e-4  # of differences of the gradient


class Found(NamedTuple):
    """log: logarithms of the parameters at the maximum. covariance: of these, variance 0 for a parameter at the edge."""

    log: "Floats"
    covariance: "Floats"
    loss: float


@dataclass(frozen=True)
class Fitted:
    """A fitted model with these `NAMES` of parameters.

    log: their logarithms. covariance: of these; a parameter at the edge has variance 0. n: buyers.
    """

    NAMES: ClassVar[tuple[str, ...]]
    log: "Floats"
    covariance: "Floats"
    log_likelihood: float
    n: int

    @cached_property
    def parameters(self) -> dict[str, float]:
        """The parameters by name."""
        return dict(zip(self.NAMES, map(float, np.exp(self.log)), strict=True))

    def interval(self, level: float = 0.95) -> dict[str, tuple[float, float]]:
        """Interval of each parameter (low = high: the data do not bound it)."""
        low, high = interval(self.log, self.covariance, level)
        return dict(zip(self.NAMES, zip(map(float, low), map(float, high), strict=True), strict=True))


def minimise(loss: "Loss", starts: Sequence[Sequence[float]], n: float) -> Found:
    """Where the loss (minus the mean log-likelihood of `n` observations, with its gradient) is least, from the best start.

    The covariance is the inverse of the observed information (Efron & Hinkley 1978).
    """
    from scipy import optimize

    options = {"maxiter": 500, "ftol": 1e-11, "gtol": 1e-7}
    tries = [
        optimize.minimize(loss, np.array(start), jac=True, method="L-BFGS-B", options=options,
                          bounds=[(-EDGE, EDGE)] * len(start))
        for start in starts
    ]  # fmt: skip
    log = _polished(min(tries, key=lambda t: float(t.fun)).x, loss)
    return Found(log, _inverse(_curvature(log, loss), _inside(log)) / n, loss(log)[0])


def draws(log: "Floats", covariance: "Floats", rng: np.random.Generator, size: int) -> "Floats":
    """size × parameters draws of the logarithms from their normal distribution, held within twice the edge."""
    root = np.linalg.svd(covariance)
    return np.clip(log + rng.standard_normal((size, len(log))) * np.sqrt(root.S) @ root.Vh, log - EDGE, log + EDGE)


def interval(log: "Floats", covariance: "Floats", level: float) -> "Floats":
    """Two rows, low and high ends of each parameter: normal in the logarithm."""
    from scipy import special

    half = special.ndtri(0.5 + level / 2) * np.sqrt(np.diag(covariance))
    return np.exp(np.array([log - half, log + half]))


def _inside(log: "Floats") -> "NDArray[np.bool_]":
    return np.abs(log) < EDGE - NEAR


def _curvature(log: "Floats", loss: "Loss") -> "Floats":
    """Second derivatives of the loss, by central differences of its exact gradient."""
    moves = STEP * np.eye(len(log))
    found = np.array([(loss(log + move)[1] - loss(log - move)[1]) / (2 * STEP) for move in moves])
    return (found + found.T) / 2


def _polished(log: "Floats", loss: "Loss") -> "Floats":
    """A few steps of Newton's as long as they lead down: L-BFGS stops at four or five digits."""
    value = loss(log)[0]
    for _ in range(5):
        step = -_inverse(_curvature(log, loss), _inside(log)) @ loss(log)[1]
        there = np.clip(log + step, -EDGE, EDGE)
        if np.abs(step).max() > 1 or not loss(there)[0] <= value:
            break
        log, value = there, loss(there)[0]
    return log


def _inverse(matrix: "Floats", inside: "NDArray[np.bool_]") -> "Floats":
    """The inverse over the parameters inside, 0 elsewhere and in directions without curvature."""
    out = np.zeros_like(matrix)
    values, vectors = np.linalg.eigh(matrix[np.ix_(inside, inside)])
    good = values > 1e-10 * max(float(values.max(initial=0.0)), 1e-300)
    out[np.ix_(inside, inside)] = (vectors[:, good] / values[good]) @ vectors[:, good].T
    return out
