"""Many servers asked at once, behind a plain iterator.

An event loop in a thread of its own does the asking, because only there does a time limit hold whatever a server does
(one that drips header bytes outlives every socket time-out).  Results are handed to the caller's thread, which lands
them; while it is busy no more than `at_once` wait.

The caller waits for a mark that the thread puts last, however it ends: a worker's error can only be a result or the
error of the whole, never a wait without end.
"""

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from http.cookiejar import DefaultCookiePolicy
from queue import SimpleQueue

import httpx

from assets.channels.http_fetch import Fetched, Fetcher, FetchRequest, failed
from assets.channels.protocol import unforeseen

USER_AGENT = "attendance-platform"
#: Seconds that whoever closes the iterator waits for its thread: a name look-up of the system's cannot be cancelled.
_FAREWELL = 10.0


class FetchingEndedError(RuntimeError):
    """The asking itself ended, by what no server can cause (the process is being ended, memory is exhausted)."""

    def __init__(self, cause: BaseException) -> None:
        while isinstance(cause, BaseExceptionGroup):
            cause = cause.exceptions[0]
        super().__init__(f"收件作業中斷，請再執行一次 the fetching was ended ({type(cause).__name__}), run it again")


def fetch_many(
    requests: Iterable[FetchRequest], at_once: int, trust: ssl.SSLContext, proxy: str | None
) -> Generator[Fetched]:
    """Yield an answer for each request, in any order; closing the iterator cancels whatever is under way.

    What a request raises is an answer too.  Raises `FetchingEndedError` where the asking itself is ended.
    """
    asking = _Asking(iter(requests), at_once, trust, proxy)
    asking.start()
    try:
        yield from asking.answers()
    finally:
        asking.stop()


class _Asking:
    """The thread, its event loop and the queue between it and the caller."""

    def __init__(
        self, requests: Iterator[FetchRequest], at_once: int, trust: ssl.SSLContext, proxy: str | None
    ) -> None:
        self._requests = requests
        self._at_once = at_once
        self._trust = trust
        self._proxy = proxy
        # Never full: the end mark must find room whatever happens.  `_room` bounds what waits in it.
        self._queue: SimpleQueue[Fetched | None] = SimpleQueue()
        self._room = asyncio.Semaphore(2 * at_once)
        self._loop = asyncio.new_event_loop()
        self._task: asyncio.Task[None] | None = None
        self._stopped = False
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="webitr", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def answers(self) -> Iterator[Fetched]:
        """What was answered, until the thread has put its end mark; then its error, if it had one."""
        while (fetched := self._queue.get()) is not None:
            self._tell(self._room.release)
            yield fetched
        if self._error is not None:
            raise FetchingEndedError(self._error) from self._error

    def stop(self) -> None:
        """Cancel what is under way, wait for the thread, and close what nobody took."""
        self._stopped = True
        self._tell(self._cancel)
        self._thread.join(_FAREWELL)
        while not self._queue.empty():
            if (left := self._queue.get()) is not None:
                left.close()

    def _tell(self, what: Callable[[], object]) -> None:
        """Have the loop do something, unless it has ended: the last answers are taken after that."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(what)

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
                runner.run(self._ask_all())
        except BaseException as error:  # noqa: BLE001 — handed to the caller, who raises it
            self._error = None if self._stopped else error
        finally:
            self._queue.put(None)

    async def _ask_all(self) -> None:
        self._task = asyncio.current_task()
        async with _client(self._at_once, self._trust, self._proxy) as client, asyncio.TaskGroup() as group:
            fetcher = Fetcher(client)
            for _ in range(self._at_once):
                group.create_task(self._work(fetcher))

    async def _work(self, fetcher: Fetcher) -> None:
        """One worker: takes the next request as long as there are any and room for its answer."""
        for request in self._requests:
            await self._room.acquire()
            self._queue.put(await _answer(fetcher, request))


async def _answer(fetcher: Fetcher, request: FetchRequest) -> Fetched:
    """The answer, whatever is raised: one agency's trouble is its own."""
    try:
        return await fetcher.fetch(request)
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        return failed(request, unforeseen(error))  # a library's own: nobody cancelled this worker
    except Exception as error:  # noqa: BLE001 — whatever a server's answer leads to
        return failed(request, unforeseen(error))


def _client(at_once: int, trust: ssl.SSLContext, proxy: str | None) -> httpx.AsyncClient:
    """Give a client that takes nothing from the environment and keeps no cookie: agencies may share a host."""
    client = httpx.AsyncClient(
        verify=trust,
        proxy=proxy,
        trust_env=False,
        follow_redirects=False,
        headers={"User-Agent": USER_AGENT},
        limits=httpx.Limits(max_connections=at_once),
    )
    client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return client
