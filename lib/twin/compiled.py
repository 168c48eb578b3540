"""Compiled kernels kept on disk, and made again when any file that they inline changes."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
from numba import njit

HERE = Path(__file__).resolve().parent
# Numba's reference counts of arrays in named tuples cost ten times the market itself, so kernels do without its runtime
# (`_nrt`): nothing is allocated in them.
BARE: dict[str, Any] = {"_nrt": False}


def inlined(function: Callable[..., Any]) -> Any:
    """A function that kernels take in whole."""
    return njit(inline="always", **BARE)(function)


def called(function: Callable[..., Any]) -> Any:
    """A function that kernels call."""
    return njit(**BARE)(function)


def kept(*modules: str) -> Callable[[Callable[..., Any]], Any]:
    """A kernel that threads run side by side, with a cache named by the content of these modules of the package.

    numba looks at the kernel's own file only: after a change in a file that it inlines, the old kernel would still run.
    """
    content = b"".join((HERE / f"{name}.py").read_bytes() for name in modules)
    folder = HERE / "__pycache__" / f"kernel-{hashlib.sha256(content).hexdigest()[:12]}"

    settings: Any = numba.config

    def compiled(function: Callable[..., Any]) -> Any:
        before, settings.CACHE_DIR = settings.CACHE_DIR, str(folder)
        try:
            return njit(cache=True, nogil=True, **BARE)(function)
        finally:
            settings.CACHE_DIR = before

    return compiled
