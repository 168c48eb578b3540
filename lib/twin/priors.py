"""The prior file, and one market's parameters drawn from it."""

import copy
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from twin.chance import stream

FILE = Path(__file__).with_name("priors.yml")
KINDS = {
    "normal": lambda g, a, b: g.normal(a, b),
    "lognormal": lambda g, a, b: a * np.exp(b * g.standard_normal()),
    "uniform": lambda g, a, b: g.uniform(a, b),
    "beta": lambda g, a, b: g.beta(a, b),
}

OWN = ("/depth", "/shown_days")


def read(path: Path = FILE) -> dict[str, Any]:
    """The prior file as it stands."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def changed(spec: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """A copy of `spec` with other values at some places, such as "demand/chase"; in a prior's stead may stand a number.

    Raises ValueError, with the keys that there are, for an unknown place and for a value of another kind.
    """
    spec = copy.deepcopy(spec)
    for place, value in changes.items():
        *path, last = place.split("/")
        at: Any = spec
        for key in [*path, last]:
            if not isinstance(at, dict) or key not in at:
                there = ", ".join(map(str, at)) if isinstance(at, dict) else "nothing below"
                raise ValueError(f"priors.yml has no {place}: there is no {key}; there are {there}")
            within, at = at, at[key]
        if _kind(value) is not _kind(at):
            raise ValueError(f"{place} is {at!r} in priors.yml; {value!r} is of another kind")
        within[last] = value
    return spec


def _kind(value: Any) -> type:
    """What may stand in a value's stead: a number for a prior, else the same type."""
    if isinstance(value, dict) and len(value) == 1 and next(iter(value)) in KINDS:
        return float
    return float if isinstance(value, int) and not isinstance(value, bool) else type(value)


def drawn(spec: Any, seed: int, at: str = "") -> Any:
    """`spec` with every prior in it replaced by a draw; each has its own stream, named by its place in the file.

    What every brand, creative or provider draws for itself stays a prior: the places that end in one of `OWN`.
    """
    if isinstance(spec, dict):
        if len(spec) == 1 and (kind := next(iter(spec))) in KINDS:
            if at.endswith(OWN):
                return spec
            return float(KINDS[kind](stream(seed, at), *spec[kind]))
        return {key: drawn(value, seed, f"{at}/{key}") for key, value in spec.items()}
    if isinstance(spec, list):
        return [drawn(value, seed, f"{at}/{i}") for i, value in enumerate(spec)]
    return spec


def draws(prior: Any, generator: np.random.Generator, n: int) -> np.ndarray:
    """`n` draws of one prior, or n times a plain value."""
    if isinstance(prior, dict):
        kind, (a, b) = next(iter(prior.items()))
        return np.array([KINDS[kind](generator, a, b) for _ in range(n)])
    return np.full(n, float(prior))
