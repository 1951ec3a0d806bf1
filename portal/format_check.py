"""格式檢核: a document is checked, and everything wrong with it said; nothing is stored, nothing is submitted."""

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock
from typing import NamedTuple

from checks.context import CheckContext
from portal.checked import Checked
from portal.checkers import Checkers
from portal.register import Remembered
from portal.together import Together

#: Checked side by side, where there are no processes for it.
_THREADS = 2
#: Findings that a page shows; the rules are counted over all of them.
SHOWN = 500
#: Bytes of documents that are checked in one batch; the last who came waits for all of them.
_BATCH_BYTES = 5 << 20
#: Seconds for which others are waited for once somebody came, while they come: a batch costs as much as 2 MB of it.
_GATHER = 0.05
#: Results that are remembered, and findings of one that is: who checks a file submits it next, and looks again.
_REMEMBERED, _FEW = 256, 200


class _Asked(NamedTuple):
    """A document, and the SHA-256 by which its result is remembered."""

    digest: bytes
    data: bytes


class FormatCheck:
    """Checks documents as the pipeline would today, for any number of people at once; by `processes`, 0: here."""

    def __init__(self, remembered: Remembered, processes: int = 0) -> None:
        self._remembered = remembered
        self._checkers = Checkers(processes)
        self._results = _Results()
        self._together = Together(
            self._check,
            workers=processes or _THREADS,
            size=lambda one: len(one.data),
            most=_BATCH_BYTES,
            smallest_first=True,
            gather=_GATHER,
        )

    async def check(self, data: bytes) -> Checked:
        """Check one document."""
        context, digest = self._remembered.fresh, hashlib.sha256(data).digest()
        known = self._results.get(digest, context) if context else None
        return known if known is not None else await self._together.ask(_Asked(digest, data))

    def start(self) -> None:
        """Make ready for the first document; does not wait for it."""
        self._checkers.start()

    def close(self) -> None:
        """Nothing is checked any more."""
        self._checkers.close()

    def _check(self, documents: Sequence[_Asked]) -> list[Checked]:
        context = self._remembered.context
        found = self._checkers.check([one.data for one in documents], context)
        for asked, one in zip(documents, found, strict=True):
            self._results.keep(asked.digest, context, one)
        return found


class _Results:
    """The last results of one context: with another register or another day they are forgotten."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._context: CheckContext | None = None
        self._kept: OrderedDict[bytes, Checked] = OrderedDict()

    def get(self, digest: bytes, context: CheckContext) -> Checked | None:
        with self._lock:
            return self._kept.get(digest) if context is self._context else None

    def keep(self, digest: bytes, context: CheckContext, one: Checked) -> None:
        if len(one.findings) > _FEW:
            return
        with self._lock:
            if context is not self._context:
                self._context, self._kept = context, OrderedDict()
            self._kept[digest] = one
            if len(self._kept) > _REMEMBERED:
                self._kept.popitem(last=False)
