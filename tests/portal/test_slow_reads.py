"""Slow reads wait in queues of their own: ordinary pages do not wait for them, and the same is not built twice."""

import asyncio
import threading
from contextlib import contextmanager

import httpx
import pytest
from sqlalchemy import event

from pipelines.settings_portal import PortalSettings
from portal.app import create_app
from portal.reports import sources
from tests.portal.conftest import sign_in
from tests.support.installations import FIRST
from tests.support.portal_country import MONTH
from warehouse.client_versions import VersionsRefused

#: More than there are threads for ordinary pages.
MANY = 60


@pytest.fixture
def opened(settled):
    return settled


@pytest.fixture
def operators(opened):
    """Cookies of so many operators."""
    return [sign_in(opened, f"operator-{number}", "operator", None)[0] for number in range(MANY)]


@pytest.fixture
def held_up(monkeypatch):
    """Pasts are built only when `go` is set; `built` are the moments."""
    go, built, real = threading.Event(), [], sources.warehouse_as_of

    @contextmanager
    def waits(home, engine, as_of, year, **more):
        assert go.wait(60)
        built.append(as_of)
        with real(home, engine, as_of, year, **more) as connection:
            yield connection

    monkeypatch.setattr(sources, "warehouse_as_of", waits)
    return go, built


def past(number):
    return f"/reports/summary?year=2021&as_of=2021-06-{1 + number // 24:02}T{number % 24:02}:00"


def asked(opened, go, requests, meanwhile=(), **settings):
    """Answers of requests (cookie, path) at once, and of those that are asked for while they are held up."""
    app = create_app(opened, PortalSettings(**settings))

    async def all_of_them():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8300") as client:
            begun = [asyncio.create_task(get(client, *one)) for one in requests]
            await asyncio.sleep(0.5)
            between = [await get(client, *one) for one in meanwhile]
            go.set()
            return await asyncio.gather(*begun), between

    return asyncio.run(all_of_them())


async def get(client, cookie, path):
    return await client.get(path, headers={"cookie": f"attendance={cookie}"} if cookie else {})


def statuses(answers):
    return sorted(one.status_code for one in answers)


def test_pages_are_answered_while_any_number_of_pasts_wait(opened, operators, held_up):
    go, built = held_up
    pages = [(None, "/"), (operators[0], "/agencies"), (operators[0], "/reports/summary?year=2021")]
    requests = [(cookie, past(number)) for number, cookie in enumerate(operators)]
    pasts, between = asked(opened, go, requests, pages, slow_reads=4)
    assert statuses(between) == [200] * len(pages)
    assert statuses(pasts) == [200] * 5 + [503] * (MANY - 5)
    assert {one.headers["retry-after"] for one in pasts if one.status_code == 503} == {"10"}
    assert len(built) == 5


def test_the_same_past_is_built_once_for_all_who_ask(opened, operators, held_up):
    go, built = held_up
    pasts, _ = asked(opened, go, [(cookie, past(9)) for cookie in operators[:20]])
    assert statuses(pasts) == [200] * 20
    assert len(built) == 1


def test_an_account_has_a_few_places(opened, operators, held_up):
    go, built = held_up
    mine = [(operators[0], past(number)) for number in range(10)]
    paths = (f"/agencies/{FIRST}/{MONTH}/changes", f"/agencies/{FIRST}/{MONTH}/findings.xlsx", "/reports/summary.csv")
    pasts, more = asked(
        opened, go, [*mine, (operators[1], past(20))], [(operators[0], path) for path in paths], slow_reads_an_account=2
    )
    assert statuses(pasts[:-1]) == [200] * 2 + [429] * 8
    assert pasts[-1].status_code == 200
    assert statuses(more) == [429] * len(paths)
    assert {one.headers["retry-after"] for one in more} == {"10"}
    assert len(built) == 3


def test_places_come_back_also_where_a_past_could_not_be_built(opened, operators, monkeypatch):
    def fails(*_, **__):
        raise VersionsRefused("版本檔有誤", ["x"])

    monkeypatch.setattr(sources, "warehouse_as_of", fails)
    app = create_app(opened, PortalSettings(slow_reads_an_account=1))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)

    async def one_after_the_other():
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8300") as client:
            return [await get(client, operators[0], past(1)) for _ in range(3)]

    answers = asyncio.run(one_after_the_other())
    assert statuses(answers) == [503] * 3
    assert all("版本檔有誤" in one.text for one in answers)


def test_pasts_go_by_the_register_that_is_remembered(opened, operators):
    app = create_app(opened, PortalSettings())
    tables = []

    async def one_after_the_other():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8300") as client:
            await get(client, operators[0], "/agencies")
            event.listen(opened.engine, "before_cursor_execute", lambda *said: tables.append(said[2]))
            return [await get(client, operators[0], past(number)) for number in range(2)]

    assert statuses(asyncio.run(one_after_the_other())) == [200, 200]
    assert any("FROM submissions" in statement for statement in tables)
    assert not [statement for statement in tables if "FROM agencies" in statement or "FROM obligations" in statement]
