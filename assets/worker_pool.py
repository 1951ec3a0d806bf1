"""A pool of processes for work that holds Python's lock too often for threads to use two cores.

Its processes end with their parent, however that dies, leave Ctrl-C to it, write to its journal, and give Polars one
thread each: there are as many of them as cores.
"""

import contextlib
import multiprocessing
import os
import pickle
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing.process import BaseProcess
from threading import Lock, Thread
from typing import ParamSpec, TypeVar

from warehouse import journal

_Given = ParamSpec("_Given")
_Answer = TypeVar("_Answer")
#: Polars asks it for its number of threads when it is imported.
_POLARS_THREADS = "POLARS_MAX_THREADS"
_environment = Lock()


def default_workers() -> int:
    """One for each core that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class WorkerPool:
    """`processes` workers, each of which begins with `begin(given)`; they start with the first work."""

    def __init__(self, processes: int, begin: Callable[[bytes], None] | None = None, given: bytes = b"") -> None:
        context = multiprocessing.get_context("spawn")
        arguments = (journal.carried(), begin, given)
        self._executor = ProcessPoolExecutor(
            processes, context, initializer=_begin, initargs=(pickle.dumps(arguments),)
        )

    def submit(
        self, work: Callable[_Given, _Answer], *arguments: _Given.args, **named: _Given.kwargs
    ) -> "Future[_Answer]":
        """Have work done; raises `BrokenProcessPool`, as its result does, where a worker was killed."""
        with _one_thread_each():
            return self._executor.submit(work, *arguments, **named)

    def shutdown(self) -> None:
        """Give up what waits, and wait for what is being done."""
        self._executor.shutdown(cancel_futures=True)


@contextlib.contextmanager
def _one_thread_each() -> Iterator[None]:
    """Processes started meanwhile give Polars one thread."""
    with _environment:
        before = os.environ.get(_POLARS_THREADS)
        os.environ[_POLARS_THREADS] = before or "1"
        try:
            yield
        finally:
            if before is None:
                del os.environ[_POLARS_THREADS]


def _begin(arguments: bytes) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        Thread(target=_end_with, args=(parent,), daemon=True).start()
    carried, begin, given = pickle.loads(arguments)  # noqa: S301  (from our own parent)
    journal.resume(carried)
    if begin is not None:
        begin(given)


def _end_with(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)
