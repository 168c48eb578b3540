"""What a person sees while notebooks run: a live line on a terminal, one line for each notebook anywhere else."""

import sys
import time
from types import TracebackType

from apex.report.task import Result


class Progress:
    """Writes to standard error only; `every` is how often (in seconds) the live line wants to be redrawn."""

    def __init__(self, total: int) -> None:
        """For a run of `total` notebooks."""
        self._total, self._finished = total, 0
        self._live = sys.stderr.isatty()
        self._began = time.monotonic()
        self.every = 1.0 if self._live else None

    def __enter__(self) -> "Progress":
        """Nothing to open."""
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Leave a clean line."""
        self._erase()

    def show(self, running: list[str]) -> None:
        """What runs now."""
        if self._live:
            self._erase()
            seconds = time.monotonic() - self._began
            line = f"{self._finished}/{self._total} done · {seconds:.0f} s · {', '.join(running)}"
            sys.stderr.write(line[:100])
            sys.stderr.flush()

    def done(self, result: Result) -> None:
        """One notebook more."""
        self._erase()
        self._finished += 1
        seconds = f"{sum(result.seconds.values()):6.1f} s" if result.seconds else " " * 8
        why = f"  {result.error.splitlines()[0][:200]}" if result.error else ""
        sys.stderr.write(f"{result.status:<8}{seconds}  {result.id}{why}\n")
        sys.stderr.flush()

    def _erase(self) -> None:
        if self._live:
            sys.stderr.write("\r\x1b[2K")
