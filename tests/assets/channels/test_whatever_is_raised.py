"""Whatever a worker, a channel or a file system raises or never answers: its own agencies fail, and the pull ends."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from assets.channels import http_fetch, http_many
from assets.channels.bounded import OutOfTimeError, within
from assets.channels.http_many import FetchingEndedError
from assets.channels.protocol import Delivery, Land, Outcome
from tests.assets.channels.recalled import Recalled
from tests.assets.channels.test_webitr import AGENCY, DOCUMENT, MONTH, OTHER, channel, collect, status
from tests.assets.channels.webitr_server import WebItrServer

#: Where a worker can be when something is raised: the object and the name of what is called there.
STEPS: dict[str, tuple[Any, str]] = {
    "begins": (http_fetch._Attempts, "__init__"),
    "asks": (httpx.AsyncClient, "stream"),
    "reads the headers": (http_fetch, "_etag_of"),
    "reads the body": (http_fetch, "decoded"),
    "keeps the body": (http_fetch.tempfile, "SpooledTemporaryFile"),
    "waits": (http_fetch.asyncio, "timeout"),
}
#: What concerns that agency alone.
ERRORS = [
    OverflowError("Python int too large"),
    OSError(28, "No space left on device"),
    MemoryError(),
    RecursionError(),
    UnicodeError(),
    AssertionError(),
    KeyError("x"),
    StopIteration(),
    asyncio.CancelledError(),
    httpx.CookieConflict("two"),
]
#: What ends the process, or should.
ENDINGS = [KeyboardInterrupt(), SystemExit(1), GeneratorExit()]


def ended_in_time(work: Callable[[], Any]) -> Any:
    """What the work gives or raises; it must end, or the test does not."""
    result: list[Any] = []

    def run() -> None:
        try:
            result.append(work())
        except BaseException as error:  # noqa: BLE001 — what is asked about
            result.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(60)
    assert not thread.is_alive(), "waits for what will not come"
    return result[0]


@pytest.fixture
def two(server: WebItrServer) -> Any:
    """A channel of two agencies, of which the server answers both."""
    return channel({code: server.serve(code, MONTH, DOCUMENT) for code in (AGENCY, OTHER)}, concurrency=1)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_what_a_worker_raises_costs_its_agency(
    two: Any, memory: Recalled, land: Land, monkeypatch: pytest.MonkeyPatch, step: str, error: BaseException
) -> None:
    raise_once(monkeypatch, *STEPS[step], error)
    deliveries = ended_in_time(lambda: collect(two, memory, land, AGENCY, OTHER))
    first, second = deliveries
    assert (first.outcome, second.outcome) == (Outcome.FAILED, Outcome.DELIVERED)
    assert first.reason.zh
    assert "No space left" not in str(first.reason)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("error", ENDINGS, ids=lambda error: type(error).__name__)
def test_what_ends_a_process_ends_the_pull_with_an_error(
    two: Any, memory: Recalled, land: Land, monkeypatch: pytest.MonkeyPatch, step: str, error: BaseException
) -> None:
    raise_once(monkeypatch, *STEPS[step], error)
    ended = ended_in_time(lambda: collect(two, memory, land, AGENCY, OTHER))
    assert isinstance(ended, FetchingEndedError)
    assert type(error).__name__ in str(ended)


def test_a_thread_that_cannot_even_begin_ends_the_pull(
    two: Any, memory: Recalled, land: Land, monkeypatch: pytest.MonkeyPatch
) -> None:
    raise_once(monkeypatch, http_many, "_client", RuntimeError("no client"))
    assert isinstance(ended_in_time(lambda: collect(two, memory, land, AGENCY, OTHER)), FetchingEndedError)


def raise_once(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, error: BaseException) -> None:
    """Have the first call raise, and the others do what they did; only calls of the channel's own thread count."""
    real, raised = getattr(owner, name), []

    def called(*args: Any, **more: Any) -> Any:
        if not raised and threading.current_thread().name == "webitr":
            raised.append(error)
            raise error
        return real(*args, **more)

    monkeypatch.setattr(owner, name, called)


@pytest.mark.parametrize(
    "asked",
    [
        "Fri, 31 Dec 99999999999999999999 23:59:59 GMT",
        "9" * 400,
        "-1",
        "Fri, 31 Dec 9999 23:59:59 -9999",
        "\xa0",
        ", , ,",
    ],
)
def test_any_retry_after_ends_in_an_answer(server: WebItrServer, memory: Recalled, land: Land, asked: str) -> None:
    base = server.serve(AGENCY, MONTH, DOCUMENT, *[status(503, Retry_After=asked)] * 4)
    (delivery,) = ended_in_time(lambda: collect(channel({AGENCY: base}), memory, land))
    assert (delivery.outcome, delivery.reason.en) == (Outcome.FAILED, "answered HTTP 503")


def delivery(code: str) -> Delivery:
    return Delivery("webitr", code, MONTH, Outcome.NOTHING, "https://x")


def test_a_step_that_never_ends_is_given_up_and_what_came_before_is_kept() -> None:
    for_ever = threading.Event()

    def hangs() -> Iterator[Delivery]:
        yield delivery(AGENCY)
        for_ever.wait()

    steps = within(hangs(), 0.3)
    assert next(steps).agency_code == AGENCY
    with pytest.raises(OutOfTimeError):
        next(steps)
    for_ever.set()


def test_a_step_s_error_is_raised_where_it_was_asked_for() -> None:
    def breaks() -> Iterator[Delivery]:
        yield delivery(AGENCY)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(within(breaks(), 60))


def test_one_that_is_not_wanted_any_more_closes_in_the_thread_that_opened_it() -> None:
    threads = []

    def opens() -> Iterator[Delivery]:
        threads.append(threading.current_thread())
        try:
            yield delivery(AGENCY)
            yield delivery(OTHER)
        finally:
            threads.append(threading.current_thread())

    for _ in within(opens(), 60):
        break
    opened, closed = threads
    assert opened is closed is not threading.current_thread()


def test_steps_are_taken_only_when_asked_for() -> None:
    """Between two deliveries the channel stands still: what confirms the first is alone with it."""
    steps = []

    def counts() -> Iterator[Delivery]:
        for number in range(3):
            steps.append(number)
            yield delivery(AGENCY)

    for number, _ in enumerate(within(counts(), 60)):
        time.sleep(0.05)
        assert steps == list(range(number + 1))
