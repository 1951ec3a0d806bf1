"""Working on what waits together: two hundred agencies at the deadline cost a batch or two, not two hundred turns.

What comes while all workers are busy waits and is then worked on at once; what comes alone is worked on alone, at once.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from anyio import to_thread

_Asked = TypeVar("_Asked")
_Answer = TypeVar("_Answer")

#: Times that a worker looks whether more has come.
_LOOKS = 5
#: Seconds after which something large is no longer passed by what is smaller.
_PATIENCE = 2.0


@dataclass(slots=True)
class _Waiting(Generic[_Asked, _Answer]):
    asked: _Asked
    size: int
    answer: asyncio.Future[_Answer]
    since: float = field(default_factory=time.monotonic)


class Together(Generic[_Asked, _Answer]):
    """`work` answers any number of things in their order, in a thread; at most `workers` batches at a time.

    `most`: of the sum of sizes in one batch, unless one is larger alone.  In the order in which they came, or the
    smallest first: most agencies are small, and need not wait for the few that are large.  `gather`: seconds for which
    a worker that begins waits at most for more, while more comes.
    """

    def __init__(
        self,
        work: Callable[[Sequence[_Asked]], Sequence[_Answer]],
        *,
        workers: int,
        size: Callable[[_Asked], int],
        most: int,
        smallest_first: bool = False,
        gather: float = 0.0,
    ) -> None:
        self._work = work
        self._idle = workers
        self._size = size
        self._most = most
        self._smallest_first = smallest_first
        self._gather = gather
        self._waiting: list[_Waiting[_Asked, _Answer]] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def ask(self, one: _Asked) -> _Answer:
        """The answer to one; raises what the work raised of it.

        Where a batch fails each of it is worked on again by itself, so that one does not fail the others: `work` must
        take the same twice.
        """
        future: asyncio.Future[_Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(one, self._size(one), future))
        if self._idle:
            self._idle -= 1
            task = asyncio.create_task(self._until_none_waits())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await future

    async def _until_none_waits(self) -> None:
        try:
            await self._gathered()
            while self._waiting:
                batch = self._next()
                if not await self._answered(batch) and len(batch) > 1:
                    for one in batch:
                        await self._answered([one])
        finally:
            self._idle += 1

    async def _answered(self, batch: Sequence[_Waiting[_Asked, _Answer]]) -> bool:
        """Whether the batch is answered; what a single one raises is handed to who asked."""
        try:
            answers = await to_thread.run_sync(self._work, [one.asked for one in batch])
            answered = list(zip(batch, answers, strict=True))
        except Exception as error:  # noqa: BLE001 — handed to who asked
            if len(batch) == 1 and not batch[0].answer.done():
                batch[0].answer.set_exception(error)
            return False
        for one, answer in answered:
            if not one.answer.done():  # who asked may have gone
                one.answer.set_result(answer)
        return True

    async def _gathered(self) -> None:
        until, seen = time.monotonic() + self._gather, 0
        while len(self._waiting) != seen and time.monotonic() < until:
            seen = len(self._waiting)
            await asyncio.sleep(self._gather / _LOOKS)

    def _next(self) -> list[_Waiting[_Asked, _Answer]]:
        if self._smallest_first:
            long_ago = time.monotonic() - _PATIENCE
            self._waiting.sort(key=lambda one: (one.since > long_ago, one.size if one.since > long_ago else one.since))
        size, number = self._waiting[0].size, 1
        while number < len(self._waiting) and size + self._waiting[number].size <= self._most:
            size += self._waiting[number].size
            number += 1
        batch, self._waiting[:number] = self._waiting[:number], []
        return batch
