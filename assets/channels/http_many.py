"""Many servers asked at once, behind a plain iterator.

An event loop in a thread of its own does the asking, because only there does a time limit hold whatever a server does
(one that drips header bytes outlives every socket time-out).  Results are handed to the caller's thread, which lands
them; while it is busy no more than `at_once` wait.
"""

import asyncio
import ssl
import threading
from collections.abc import Generator, Iterable, Iterator
from http.cookiejar import DefaultCookiePolicy

import httpx

from assets.channels.http_fetch import Fetched, Fetcher, FetchRequest

USER_AGENT = "attendance-platform"


def fetch_many(
    requests: Iterable[FetchRequest], at_once: int, trust: ssl.SSLContext, proxy: str | None
) -> Generator[Fetched]:
    """Yield an answer for each request, in any order; closing the iterator cancels whatever is under way."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="webitr", daemon=True)
    thread.start()
    done: asyncio.Queue[Fetched | _End] = asyncio.Queue(maxsize=at_once)
    work = asyncio.run_coroutine_threadsafe(_work(iter(requests), at_once, trust, proxy, done), loop)
    try:
        while True:
            item = asyncio.run_coroutine_threadsafe(done.get(), loop).result()
            if isinstance(item, _End):
                work.result()
                return
            yield item
    finally:
        asyncio.run_coroutine_threadsafe(_cancel_all(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
        while not done.empty():
            item = done.get_nowait()
            if isinstance(item, Fetched):
                item.close()


class _End:
    """Follows the last answer."""


async def _work(
    requests: Iterator[FetchRequest],
    at_once: int,
    trust: ssl.SSLContext,
    proxy: str | None,
    done: "asyncio.Queue[Fetched | _End]",
) -> None:
    """Run `at_once` workers over the requests; an error of ours ends all and is raised to the caller."""
    try:
        async with _client(at_once, trust, proxy) as client, asyncio.TaskGroup() as group:
            fetcher = Fetcher(client)
            for _ in range(at_once):
                group.create_task(_worker(fetcher, requests, done))
    finally:
        # Cancelled, nobody takes it: waiting for room in a full queue would never end.
        if not _is_cancelled():
            await done.put(_End())


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def _worker(fetcher: Fetcher, requests: Iterator[FetchRequest], done: "asyncio.Queue[Fetched | _End]") -> None:
    for request in requests:
        fetched = await fetcher.fetch(request)
        try:
            await done.put(fetched)
        except asyncio.CancelledError:
            fetched.close()
            raise


async def _cancel_all() -> None:
    """Cancel every task of this loop but this one, and wait for them."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


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
