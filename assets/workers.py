"""Batches spread over processes: checking holds Python's lock too often for threads to use two cores.

This process takes its share, on a thread beside the one that records, and a worker process for each further core the
rest: a worker's start takes as long as a batch or two, so there is one fewer, and work goes on meanwhile.  A worker
checks and stores; it never touches the ledger, so one that is killed leaves files that nothing points at and
submissions that still wait.
"""

import os
import pickle
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool

from assets.batches import Desk, Done, Task, check_and_store
from assets.worker_pool import WorkerPool, default_workers
from warehouse import journal
from warehouse.store import Store

#: Fewer batches are done in this process: a worker's start takes as long as one or two of them.
_ENOUGH = 4


class WorkerDied(RuntimeError):  # noqa: N818 — says what happened
    """A worker process ended without an answer."""

    def __init__(self) -> None:
        super().__init__(
            "檢核的工作程序中途結束（可能是記憶體不足，可減少 ATTENDANCE_ENTRY_WORKERS）；已登錄者不變，請再執行一次 "
            "a worker process was killed, perhaps for want of memory (ATTENDANCE_ENTRY_WORKERS may be lowered): "
            "what was recorded stays; run it again"
        )


class WorkerFailed(RuntimeError):  # noqa: N818 — says what happened
    """A worker's error that cannot be sent to another process: its type and message."""


def done(desk: Desk, store: Store, tasks: Sequence[Task], at_once: int | None = None) -> Iterator[list[Done]]:
    """Do all the batches; each time those that have been stored since, still to be flushed, in no certain order.

    `store` is the desk's, in this process; `at_once` None: one a core.  Raises what `check_and_store` does,
    `WorkerDied` and `WorkerFailed`; batches that are not given until then are given up.
    """
    processes = min(default_workers() if at_once is None else at_once, len(tasks))
    if processes <= 1 or len(tasks) < _ENOUGH:
        for task in tasks:
            yield [check_and_store(desk, store, task)]
        return
    workers = WorkerPool(processes - 1, _begin, pickle.dumps(desk))
    here = ThreadPoolExecutor(1)
    waiting = list(reversed(tasks))
    theirs, own = set[Future[Done]](), set[Future[Done]]()
    try:
        while waiting or theirs or own:
            if waiting and not own:
                own.add(here.submit(check_and_store, desk, store, waiting.pop(), threads=1))
            while waiting and len(theirs) < processes:  # one more than they are: it waits for whoever is free
                theirs.add(workers.submit(_do, waiting.pop()))
            ended, _ = wait(theirs | own, return_when=FIRST_COMPLETED)
            theirs -= ended
            own -= ended
            yield [one.result() for one in ended]
    except BrokenProcessPool:
        raise WorkerDied from None
    finally:
        here.shutdown(cancel_futures=True)
        workers.shutdown()


# --- in the worker

_desk: Desk
_store: Store


def _begin(desk: bytes) -> None:
    global _desk, _store  # noqa: PLW0603  (a process pool has no other place for what its workers share)
    _desk = pickle.loads(desk)  # noqa: S301  (from our own parent)
    _store = _desk.open_store()


def _do(task: Task) -> Done:
    try:
        return check_and_store(_desk, _store, task, threads=1)
    except Exception as error:
        journal.log.error("batch_failed", worker=os.getpid(), documents=len(task.batch), error=type(error).__name__)
        try:
            pickle.loads(pickle.dumps(error))  # noqa: S301  (our own)
        except Exception:  # noqa: BLE001  (whatever its class does when it is made anew)
            raise WorkerFailed(f"{type(error).__qualname__}: {error}") from None
        raise
