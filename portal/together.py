"""Working on what waits together: two hundred agencies at the deadline cost a batch or two, not two hundred turns.

What comes while all workers are busy waits and is then worked on at once; what comes alone is worked on alone, at once.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from anyio import to_thread

_Asked = TypeVar("_Asked")
_Answer = TypeVar("_Answer")


class Together(Generic[_Asked, _Answer]):
    """`work` answers any number of things in their order, in a thread; at most `workers` batches at a time."""

    def __init__(
        self,
        work: Callable[[Sequence[_Asked]], Sequence[_Answer]],
        *,
        workers: int,
        size: Callable[[_Asked], int],
        most: int,
    ) -> None:
        self._work = work
        self._idle = workers
        self._size = size
        #: Of the sum of sizes in one batch, unless one is larger alone.
        self._most = most
        self._waiting: deque[tuple[_Asked, asyncio.Future[_Answer]]] = deque()
        self._tasks: set[asyncio.Task[None]] = set()

    async def ask(self, one: _Asked) -> _Answer:
        """The answer to one; raises what the work raised of it.

        Where a batch fails each of it is worked on again by itself, so that one does not fail the others: `work` must
        take the same twice.
        """
        future: asyncio.Future[_Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((one, future))
        if self._idle:
            self._idle -= 1
            task = asyncio.create_task(self._until_none_waits())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await future

    async def _until_none_waits(self) -> None:
        try:
            while self._waiting:
                batch = self._next()
                if not await self._answered(batch) and len(batch) > 1:
                    for one in batch:
                        await self._answered([one])
        finally:
            self._idle += 1

    async def _answered(self, batch: Sequence[tuple[_Asked, asyncio.Future[_Answer]]]) -> bool:
        """Whether the batch is answered; what a single one raises is handed to who asked."""
        try:
            answers = await to_thread.run_sync(self._work, [asked for asked, _ in batch])
            answered = list(zip(batch, answers, strict=True))
        except Exception as error:  # noqa: BLE001 — handed to who asked
            if len(batch) == 1 and not batch[0][1].done():
                batch[0][1].set_exception(error)
            return False
        for (_, future), answer in answered:
            if not future.done():  # who asked may have gone
                future.set_result(answer)
        return True

    def _next(self) -> list[tuple[_Asked, asyncio.Future[_Answer]]]:
        batch = [self._waiting.popleft()]
        size = self._size(batch[0][0])
        while self._waiting and size + self._size(self._waiting[0][0]) <= self._most:
            batch.append(self._waiting.popleft())
            size += self._size(batch[-1][0])
        return batch
