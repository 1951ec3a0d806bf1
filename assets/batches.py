"""A batch of submissions from landing to the store: read, checked, stored; what entering and rebuilding share.

Runs in worker processes too (`assets/workers.py`), whose start is as long as what this module imports: the data
libraries, and neither Dagster nor the ledger nor the channels.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol, TypeVar

import polars as pl

from checks.bulk import BatchResult, CheckedDocument, Counts, check_documents
from checks.context import CheckContext
from checks.document import SubmittedDocument
from checks.findings import Severity
from warehouse.bundles import Bundle, BundlePlace
from warehouse.landing import Landing
from warehouse.store import Place, Store

#: Bytes of JSON checked together.  Larger batches are hardly faster; memory is about sixteen times this, a worker.
BATCH_BYTES = 40 << 20
#: Towards the end of many, batches grow smaller, down to this: no process is left with a large one while others wait.
LAST_BYTES = 5 << 20
#: A batch is then at most this part of the bytes still to be done.
_OF_THE_REST = 8
#: Small documents also cost a file each and a row each: so many at most.
BATCH_DOCUMENTS = 1000


class Submitted(Protocol):
    """A submission as far as a batch needs it; `warehouse.ledger.models.Submission` is one."""

    @property
    def id(self) -> str:
        """SHA-256 of the document."""

    @property
    def agency_code(self) -> str:
        """Whose it was submitted as; empty where the document is to say so."""

    @property
    def month(self) -> str:
        """For which month; empty where the document is to say so."""


class Sized(Submitted, Protocol):
    """A submission with its size."""

    @property
    def bytes(self) -> int:
        """Size of the document."""


S = TypeVar("S", bound=Sized)


class Ticket(NamedTuple):
    """A submission on its way through a batch: small, so that it may go to another process."""

    id: str
    agency_code: str
    month: str


class Task(NamedTuple):
    """A batch to do, and under which of the desk's contexts.

    `refused`: its documents were refused before this, and stay so, whatever the rules of today say of them.
    """

    batch: Sequence[Ticket]
    context: int = 0
    refused: bool = False


@dataclass(frozen=True)
class Desk:
    """What checking and storing needs besides the batches; it goes to the worker processes once."""

    landing: Landing
    store: Path
    person_key: bytes = field(repr=False)
    contexts: Sequence[CheckContext]
    bundles: BundlePlace | None = None

    def open_store(self) -> Store:
        """The store that its batches go to; raises as `Store` does."""
        return Store(self.store, self.person_key, self.bundles)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the check said of a submission: its findings in numbers, its records by dataset, what it says of itself."""

    ticket: Ticket
    refused: bool
    fatal: int
    errors: int
    warnings: int
    counts: Mapping[str, Counts]
    rules: Mapping[str, int]
    system: str | None
    version: str | None
    produced_at: str | None


class Done(NamedTuple):
    """A batch that is stored (but not flushed): the verdicts in its order, and seconds by part.

    `bundle` is what the ledger is to name of it, where the store is on an object store.
    """

    verdicts: list[Verdict]
    seconds: dict[str, float]
    bundle: Bundle | None = None


def batches(waiting: Sequence[S]) -> Iterator[list[S]]:
    """Cut into lists of at most `BATCH_BYTES` and `BATCH_DOCUMENTS`; a larger document is a batch alone.

    The last of many are smaller, down to `LAST_BYTES`.
    """
    batch: list[S] = []
    size, rest = 0, sum(one.bytes for one in waiting)
    least = LAST_BYTES if rest > _OF_THE_REST * BATCH_BYTES else BATCH_BYTES
    limit = BATCH_BYTES
    for submission in waiting:
        if batch and (size + submission.bytes > limit or len(batch) >= BATCH_DOCUMENTS):
            yield batch
            rest -= size
            batch, size, limit = [], 0, min(BATCH_BYTES, max(least, rest // _OF_THE_REST))
        batch.append(submission)
        size += submission.bytes
    if batch:
        yield batch


def tasks(waiting: Sequence[Sized], context: int = 0, *, refused: bool = False) -> list[Task]:
    """The batches to do, under one of the desk's contexts; `refused` as in `Task`."""
    return [
        Task([Ticket(one.id, one.agency_code, one.month) for one in batch], context, refused)
        for batch in batches(waiting)
    ]


def read_batch(landing: Landing, batch: Sequence[Submitted]) -> list[SubmittedDocument]:
    """Read a batch from landing; raises what `Landing.read` does."""
    return [SubmittedDocument(landing.read(one.id), one.agency_code, one.month) for one in batch]


def check_and_store(desk: Desk, store: Store, task: Task, threads: int | None = None) -> Done:
    """Do a batch; its files are on the disk after the next flush.  Raises what `Landing.read` and `Store.write` do."""
    began = time.perf_counter()
    documents = read_batch(desk.landing, task.batch)
    read = time.perf_counter()
    checked = check_documents(documents, desk.contexts[task.context], threads)
    ended = time.perf_counter()
    store_batch(store, task.batch, checked, let_in=not task.refused)
    bundle = store.send()
    seconds = {"read": read - began, "check": ended - read, "store": time.perf_counter() - ended}
    return Done([verdict(*pair) for pair in zip(task.batch, checked.documents, strict=True)], seconds, bundle)


def store_batch(store: Store, batch: Sequence[Submitted], checked: BatchResult, *, let_in: bool = True) -> None:
    """Write the files of a checked batch: records of those that were let in, findings of all.

    Not `let_in`: none of their records, whatever the check says.
    """
    places = [Place(number, one.id, one.agency_code, one.month) for number, one in enumerate(batch)]
    both = list(zip(places, checked.documents, strict=True))
    accepted = [place for place, one in both if let_in and not one.refused]
    store.write(checked.entered, accepted, [(place, one.findings) for place, one in both if len(one.findings)])


def verdict(one: Submitted, checked: CheckedDocument) -> Verdict:
    """What the check said, without the findings themselves."""
    rules: dict[str, int] = {}
    severities: dict[str, int] = {}
    if len(checked.findings):
        for column, numbers in (("rule", rules), ("severity", severities)):
            counted = checked.findings[column].cast(pl.String).value_counts(sort=True)
            numbers.update(counted.iter_rows())
    return Verdict(
        ticket=Ticket(one.id, one.agency_code, one.month),
        refused=checked.refused,
        fatal=severities.get(Severity.FATAL, 0),
        errors=severities.get(Severity.ERROR, 0),
        warnings=severities.get(Severity.WARNING, 0),
        counts=checked.counts,
        rules=rules,
        system=checked.system,
        version=checked.version,
        produced_at=checked.produced_at,
    )
