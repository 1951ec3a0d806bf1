"""Working on what waits together: each gets their own answer or error, whoever else waits, leaves or fails."""

import asyncio
import threading

import pytest

from portal.together import Together


class Work:
    """Doubles numbers; waits for the gate in its first batch; `bad` ones raise; keeps what it was given."""

    def __init__(self, bad=()):
        self.bad = set(bad)
        self.batches = []
        self.gate = threading.Event()
        self.began, self.two = threading.Event(), threading.Event()
        self.at_once = self.most_at_once = 0
        self._lock = threading.Lock()

    def __call__(self, asked):
        with self._lock:
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            self.batches.append(list(asked))
        self.began.set()
        if self.at_once == 2:
            self.two.set()
        try:
            assert self.gate.wait(30)
            if wrong := self.bad & set(asked):
                raise ValueError(f"wrong: {sorted(wrong)}")
            return [2 * one for one in asked]
        finally:
            with self._lock:
                self.at_once -= 1


def together(work, workers=1, most=1000):
    return Together(work, workers=workers, size=lambda one: one, most=most)


async def all_of(waiting, numbers, work):
    """Ask for each while the first is being worked on; answers and errors in order."""
    tasks = [asyncio.create_task(waiting.ask(numbers[0]))]
    await asyncio.to_thread(work.began.wait, 30)
    tasks += [asyncio.create_task(waiting.ask(one)) for one in numbers[1:]]
    await asyncio.sleep(0)
    work.gate.set()
    return await asyncio.gather(*tasks, return_exceptions=True)


def test_what_comes_while_one_is_worked_on_is_worked_on_together():
    work = Work()
    assert asyncio.run(all_of(together(work), list(range(1, 21)), work)) == [2 * one for one in range(1, 21)]
    assert work.batches == [[1], list(range(2, 21))]


def test_a_batch_is_no_larger_than_it_may_be_but_for_one_that_is_larger_alone():
    work = Work()
    asyncio.run(all_of(together(work, most=10), [1, 4, 5, 6, 50, 3, 3], work))
    assert work.batches == [[1], [4, 5], [6], [50], [3, 3]]


def test_an_error_reaches_who_asked_for_it_and_nobody_else():
    work = Work(bad=[3, 7])
    said = asyncio.run(all_of(together(work), [1, 2, 3, 4, 7, 5], work))
    assert [one if isinstance(one, int) else str(one) for one in said] == [2, 4, "wrong: [3]", 8, "wrong: [7]", 10]


def test_after_an_error_it_goes_on():
    work = Work(bad=[1])
    waiting = together(work)
    work.gate.set()

    async def three():
        with pytest.raises(ValueError, match="wrong"):
            await waiting.ask(1)
        return [await waiting.ask(one) for one in (2, 3)]

    assert asyncio.run(three()) == [4, 6]


def test_who_leaves_takes_nothing_from_the_others_and_nothing_is_lost():
    work = Work()
    waiting = together(work)

    async def with_one_gone():
        first = asyncio.create_task(waiting.ask(1))
        await asyncio.to_thread(work.began.wait, 30)
        gone, stays = (asyncio.create_task(waiting.ask(one)) for one in (2, 3))
        await asyncio.sleep(0)
        gone.cancel()
        first.cancel()
        await asyncio.gather(first, gone, return_exceptions=True)
        work.gate.set()
        return await stays

    assert asyncio.run(with_one_gone()) == 6
    assert work.batches == [[1], [2, 3]]  # what was handed in is worked on, whether or not anybody waits for it


def test_no_more_batches_at_a_time_than_workers():
    work = Work()
    waiting = together(work, workers=2, most=1)

    async def many():
        tasks = [asyncio.create_task(waiting.ask(1)) for _ in range(12)]
        await asyncio.to_thread(work.two.wait, 30)
        work.gate.set()
        return await asyncio.gather(*tasks)

    assert asyncio.run(many()) == [2] * 12
    assert work.most_at_once == 2


def test_a_work_that_answers_too_few_fails_those_who_asked_and_leaves_nobody_waiting():
    waiting = Together(lambda _asked: [], workers=1, size=lambda _one: 1, most=10)

    async def two():
        return await asyncio.wait_for(asyncio.gather(*map(waiting.ask, (1, 2)), return_exceptions=True), 30)

    assert [type(one) for one in asyncio.run(two())] == [ValueError, ValueError]
