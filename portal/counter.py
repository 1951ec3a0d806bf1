"""The counter (收件): documents that people and systems hand in, taken together, each with its own receipt.

What is taken is in landing and in the ledger before its receipt is given, as by `attendance submit`; nothing is entered
here, the pipeline's next run does that.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from assets.intake import HandedIn, Receipted, hand_in
from assets.platform import Platform
from checks.format.identify import identify
from portal.together import Together
from warehouse.months import is_month

#: Bytes of documents that are recorded together.
_BATCH_BYTES = 32 << 20


@dataclass(frozen=True, slots=True)
class Stated:
    """The agency and month that a document states itself, where it does so readably."""

    agency_code: str | None
    month: str | None


def stated(data: bytes) -> Stated:
    """What a document says of itself; what is no month is none."""
    said = identify(data)
    return Stated(said.agency_code or None, said.month if said.month and is_month(said.month) else None)


class Counter:
    """Takes documents from any number of people at once."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._together = Together(self._take, workers=1, size=lambda one: len(one.data), most=_BATCH_BYTES)

    async def take(self, one: HandedIn) -> Receipted:
        """Take one document; raises as `assets.intake.hand_in` does."""
        return await self._together.ask(one)

    def _take(self, documents: Sequence[HandedIn]) -> list[Receipted]:
        return hand_in(self._platform, documents)
