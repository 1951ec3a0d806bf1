"""Where documents are checked: in threads of this process, or by processes beside it, one a core.

Checking holds Python's lock too often for threads to use two cores, and while it does nobody's upload is read.
"""

import json
import os
import pickle
from collections.abc import Sequence
from concurrent.futures.process import BrokenProcessPool
from datetime import date
from threading import Lock

from assets.worker_pool import WorkerPool
from checks.bulk import check_documents
from checks.context import CheckContext
from checks.findings import FINDING_SCHEMA
from checks.format.identify import as_filed
from portal.checked import Checked
from warehouse.journal import log

#: A document that every rule looks at and nobody handed in: what a process imports, it imports for this one.
_NOTHING_TO_REPORT = json.dumps(
    {
        "format_version": "1.0",
        "agency_code": "000000000A",
        "month": "2021-06",
        "produced_by": {"system": "WebITR", "version": "1"},
        "produced_at": "2021-07-05T09:12:00+08:00",
        "employees": [],
        "leaves": [],
        "overtime": [],
        "clockings": [],
    }
).encode()


class Checkers:
    """Checks batches of documents; `processes` 0: in the thread that asks."""

    def __init__(self, processes: int) -> None:
        self._processes = processes
        self._pool = self._new_pool() if processes else None
        self._lock = Lock()
        self._context: CheckContext | None = None
        self._pickled = b""

    def check(self, documents: Sequence[bytes], context: CheckContext) -> list[Checked]:
        """Check a batch, in its order.  A batch whose process was killed is checked once more, by another."""
        pool = self._pool
        if pool is None:
            return checked(documents, context)
        pickled = self._of(context)
        try:
            return pool.submit(_check, documents, pickled).result()
        except BrokenProcessPool:
            log.warning("checker_died", documents=len(documents))
            return self._instead_of(pool).submit(_check, documents, pickled).result()

    def start(self) -> None:
        """Start the processes ahead of the first document: that takes seconds.  Does not wait for it."""
        if self._pool is not None:
            for _ in range(self._processes):
                self._pool.submit(checked, [_NOTHING_TO_REPORT], CheckContext(date(2021, 7, 10)), 1)

    def close(self) -> None:
        """End the processes."""
        if self._pool is not None:
            self._pool.shutdown()

    def _new_pool(self) -> WorkerPool:
        return WorkerPool(self._processes, _give_way)

    def _instead_of(self, broken: WorkerPool) -> WorkerPool:
        with self._lock:
            pool = self._pool
            if pool is None or pool is broken:
                broken.shutdown()
                pool = self._pool = self._new_pool()
            return pool

    def _of(self, context: CheckContext) -> bytes:
        """The context as it goes to the processes: pickled once, as 8,300 agencies are in it."""
        with self._lock:
            if context is not self._context:
                self._context, self._pickled = context, pickle.dumps(context)
            return self._pickled


def checked(documents: Sequence[bytes], context: CheckContext, threads: int | None = None) -> list[Checked]:
    """Check documents here, with their findings as they are told."""
    found = check_documents([as_filed(data) for data in documents], context, threads).documents
    return [
        Checked.of(
            one.agency_code,
            one.month,
            one.findings.select(*FINDING_SCHEMA).to_dicts(),
            one.counts,
            one.not_evaluated,
            one.unlisted,
        )
        for one in found
    ]


# --- in the worker

#: Reading uploads and answering come first, also where cores are few.
_NICE = 5
_known: tuple[bytes, CheckContext] | None = None


def _give_way(_given: bytes) -> None:
    os.nice(_NICE)


def _check(documents: Sequence[bytes], pickled: bytes) -> list[Checked]:
    global _known  # noqa: PLW0603  (a process pool has no other place for what its workers remember)
    if _known is None or _known[0] != pickled:
        _known = pickled, pickle.loads(pickled)  # noqa: S301  (from our own parent)
    return checked(documents, _known[1], threads=1)
