"""A few worker processes, each with one notebook at a time. One that dies takes only its own notebook with it."""

import contextlib
import multiprocessing
import os
from collections.abc import Iterator
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from apex.report.task import Result, Task
from apex.report.worker import serve

PATIENCE = 5.0  # seconds a worker gets to stop its kernel


class Pool:
    """At most `size` workers, started when needed; `submit` while `free`, then `results`."""

    def __init__(self, size: int) -> None:
        """Start nothing yet."""
        self._spawn = multiprocessing.get_context("spawn")  # the engine's threads must not be forked
        self._size = size
        self._idle: list[tuple[BaseProcess, Connection]] = []
        self._busy: list[tuple[BaseProcess, Connection, Task]] = []

    @property
    def free(self) -> bool:
        """Whether a task would start at once."""
        return len(self._busy) < self._size

    @property
    def running(self) -> list[str]:
        """Ids of the notebooks being executed."""
        return [task.id for _, _, task in self._busy]

    def submit(self, task: Task) -> None:
        """Give a task to an idle or new worker."""
        process, pipe = self._idle.pop() if self._idle else self._start()
        pipe.send(task)
        self._busy.append((process, pipe, task))

    def _start(self) -> tuple[BaseProcess, Connection]:
        ours, theirs = self._spawn.Pipe()
        process = self._spawn.Process(target=serve, args=(theirs, os.getpid()), name="apex worker")
        process.start()
        theirs.close()
        return process, ours

    def results(self, timeout: float | None = None) -> list[Result]:
        """What is finished by now, waiting for the first up to `timeout` seconds."""
        ready = wait([pipe for _, pipe, _ in self._busy], timeout)
        results: list[Result] = []
        for worker in [w for w in self._busy if w[1] in ready]:
            process, pipe, task = worker
            self._busy.remove(worker)
            try:
                results.append(pipe.recv())
                self._idle.append((process, pipe))
            except (EOFError, OSError):
                process.join(PATIENCE)
                code = process.exitcode or 0
                why = "was killed, perhaps for lack of memory" if code == -9 else f"ended with code {code}"
                results.append(Result(task.id, "failed", f"Its worker process {why}."))
        return results

    def stop(self) -> None:
        """End idle workers, then those still busy, with their kernels."""
        workers = [*self._idle, *((process, pipe) for process, pipe, _ in self._busy)]
        for _, pipe in self._idle:
            with contextlib.suppress(OSError):
                pipe.send(None)
        for process, _, _ in self._busy:
            process.terminate()
        for process, pipe in workers:
            process.join(PATIENCE)
            if process.is_alive():
                process.kill()
                process.join()
            pipe.close()
        self._idle, self._busy = [], []


@contextlib.contextmanager
def pool(size: int) -> Iterator[Pool]:
    """A Pool that leaves no process behind, however the block ends."""
    made = Pool(size)
    try:
        yield made
    finally:
        made.stop()
