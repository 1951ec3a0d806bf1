"""Whether a portal lives and is ready: asked by anybody, answered in bounded time, and nothing else said."""

import asyncio
import socket
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from sqlalchemy import create_engine

from pipelines.settings_portal import PortalSettings
from portal import health
from portal.app import create_app
from tests.support.postgres import free_port
from warehouse.home import Home

LIVE, READY = "/health/live", "/health/ready"
NOT_READY = (503, {"status": "not ready"})


def client_of(opened):
    transport = httpx.ASGITransport(create_app(opened, PortalSettings()))
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8300")


def ask(opened, place=READY):
    """Status and body; the headers are those of every answer."""
    answer = asyncio.run(client_of(opened).get(place))
    return answer.status_code, answer.json()


def with_ledger_at(opened, port):
    return replace(opened, engine=create_engine(f"postgresql+psycopg://nobody@127.0.0.1:{port}/ledger"))


def without_home(opened, root):
    return replace(opened, home=Home(root, opened.home.ledger_url))


def test_a_portal_that_works_lives_and_is_ready_and_leaves_nothing(opened):
    ask(opened)  # the first opens the ledger

    def files():
        return {path: path.stat().st_mtime_ns for path in opened.home.root.rglob("*") if path.is_file()}

    before = files()
    assert ask(opened, LIVE) == (200, {"status": "live"})
    assert ask(opened) == (200, {"status": "ready"})
    assert files() == before


def test_a_home_that_takes_no_files_is_not_ready_until_it_does(opened, tmp_path):
    root = tmp_path / "gone"

    async def twice():
        async with client_of(without_home(opened, root)) as client:
            first = await client.get(READY)
            root.mkdir()
            await asyncio.sleep(health._HOLDS + 0.1)
            return first, await client.get(LIVE), await client.get(READY)

    first, live, second = asyncio.run(twice())
    assert ((first.status_code, first.json()), first.headers["retry-after"]) == (NOT_READY, "10")
    assert (live.status_code, second.status_code) == (200, 200)
    assert ask(without_home(opened, Path("/proc"))) == NOT_READY


def test_a_ledger_that_is_gone_is_not_ready(opened):
    assert ask(with_ledger_at(opened, free_port())) == NOT_READY


def test_a_ledger_that_never_answers_is_waited_for_by_one_thread_and_not_for_long(opened):
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:  # takes connections and says nothing
        hung = with_ledger_at(opened, silent.getsockname()[1])

        async def many():
            async with client_of(hung) as client:
                answers = await asyncio.gather(*(client.get(READY) for _ in range(50)), client.get(LIVE))
                later = await client.get(READY)
                looking = [thread for thread in threading.enumerate() if thread.name == "portal-ready"]
                return [*answers, later], looking

        answers, looking = asyncio.run(asyncio.wait_for(many(), 20 * health.PATIENCE))
    assert [answer.status_code for answer in answers] == [503] * 50 + [200] + [503]
    assert len(looking) == 1


@pytest.mark.parametrize("who", ["operator", "stranger"])
def test_they_say_the_same_to_everybody(as_, portal, who):
    async def both(client):
        return [(await client.get(place)).json() for place in (LIVE, READY)]

    assert asyncio.run(both(portal)) == asyncio.run(both(as_(who)))
