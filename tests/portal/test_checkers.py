"""Checks by processes beside the portal: the same answers as here, also when one is killed; what is remembered."""

import asyncio
import os
import signal
import threading

import psutil
import pytest

from portal.checkers import Checkers, checked
from portal.format_check import FormatCheck
from portal.register import Remembered
from portal.together import Together
from tests.support.installations import FIRST, SECOND, add_agencies, document, refused, with_error

DOCUMENTS = [document(FIRST), with_error(SECOND), refused(FIRST), b"noise"]


@pytest.fixture
def checkers():
    made = Checkers(1)
    yield made
    made.close()


def workers():
    return [one for one in psutil.Process().children() if "spawn_main" in " ".join(one.cmdline())]


def test_by_processes_as_in_this_one_and_when_one_is_killed(checkers, opened, caplog):
    context = Remembered(opened).context
    here = checked(DOCUMENTS, context)
    assert checkers.check(DOCUMENTS, context) == here
    (worker,) = workers()
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait(30)
    assert checkers.check(DOCUMENTS, context) == here
    assert "checker_died" in caplog.text
    assert [one.pid for one in workers()] != [worker.pid]


def test_a_process_goes_by_the_context_that_it_is_asked_with(checkers, opened):
    before = checkers.check([document("376500009A")], Remembered(opened).context)
    add_agencies(opened, "376500009A")
    after = checkers.check([document("376500009A")], Remembered(opened).context)
    assert [one["rule"] for one in before[0].findings] == ["F011"]
    assert after[0].findings == []


def test_with_its_processes_goes_what_it_began(checkers, opened):
    checkers.start()
    checkers.check([DOCUMENTS[0]], Remembered(opened).context)
    assert len(workers()) == 1
    checkers.close()
    assert workers() == []


class Counting(FormatCheck):
    """Keeps how many documents were really checked."""

    really = 0

    def _check(self, documents):
        self.really += len(documents)
        return super()._check(documents)


def test_a_result_is_remembered_for_the_submission_that_follows(opened):
    check = Counting(Remembered(opened))
    first, again, other = (asyncio.run(check.check(data)) for data in (DOCUMENTS[1], DOCUMENTS[1], DOCUMENTS[0]))
    assert first is again
    assert (first.verdict, other.verdict, check.really) == ("entered_in_part", "ok", 2)


def test_with_another_register_nothing_is_remembered(opened, monkeypatch):
    remembered = Remembered(opened)
    check = Counting(remembered)
    asyncio.run(check.check(DOCUMENTS[0]))
    monkeypatch.setattr(remembered, "_read_at", -1e9)
    asyncio.run(check.check(DOCUMENTS[0]))
    assert check.really == 2


def test_the_smallest_are_worked_on_first():
    began, gate, batches = threading.Event(), threading.Event(), []

    def work(asked):
        batches.append(list(asked))
        began.set()
        assert gate.wait(30)
        return asked

    async def ask():
        waiting = Together(work, workers=1, size=len, most=6, smallest_first=True)
        tasks = [asyncio.create_task(waiting.ask("first"))]
        await asyncio.to_thread(began.wait, 30)
        tasks += [asyncio.create_task(waiting.ask(one)) for one in ("xxxxxxxx", "aaaa", "bb", "ccc")]
        await asyncio.sleep(0)
        gate.set()
        return await asyncio.gather(*tasks)

    assert asyncio.run(ask()) == ["first", "xxxxxxxx", "aaaa", "bb", "ccc"]
    assert batches == [["first"], ["bb", "ccc"], ["aaaa"], ["xxxxxxxx"]]


def test_what_comes_within_the_time_is_gathered():
    batches = []

    def work(asked):
        batches.append(len(asked))
        return asked

    async def ask():
        waiting = Together(work, workers=1, size=len, most=100, gather=5.0)
        return await asyncio.gather(*(waiting.ask(str(number)) for number in range(7)))

    asyncio.run(ask())
    assert batches == [7]
