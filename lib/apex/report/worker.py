"""A worker process: takes tasks from the runner, and ends when the runner does."""

import ctypes
import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

from apex.errors import ApexError

SOCKET_LIMIT = 100  # characters of a Unix socket's path (macOS allows 103)


def short_folder() -> Path:
    """A new empty folder whose sockets' paths are short enough for the system; the caller removes it.

    Raises ApexError where the temporary folder's path is too long.
    """
    for folder in (tempfile.gettempdir(), "/tmp"):
        if len(folder) + len("/apex-12345678/k12345678/k-5") <= SOCKET_LIMIT and os.access(folder, os.W_OK):
            return Path(tempfile.mkdtemp(prefix="apex-", dir=folder))
    raise ApexError(f"{tempfile.gettempdir()} is too long a path for a kernel's sockets; set TMPDIR to a shorter one.")


def serve(pipe: Any, runner: int) -> None:
    """A worker's life: take tasks from the runner (its process id), send results back; end when the runner does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the runner's to handle
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # unwinds, so that the kernel goes too
    _die_with(runner)
    os.dup2(2, 1)  # standard output is the runner's; what a kernel's libraries say goes to the errors
    # jsonschema takes this for optional, and it spends 1.6 s on a grammar of addresses that no notebook holds
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    from apex.report.execute import run  # here, because the runner itself needs none of it

    while True:
        try:
            task = pipe.recv()
        except EOFError:
            return
        if task is None:
            return
        pipe.send(run(task))


def _die_with(runner: int) -> None:
    """Ask Linux to kill this process when the runner dies (elsewhere it ends after its notebook)."""
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None, use_errno=True).prctl(pr_set_pdeathsig, signal.SIGKILL)
    if os.getppid() != runner:
        sys.exit(1)
