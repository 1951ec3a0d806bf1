"""The made-up systems, asked by the platform's own channels: what comes out is what the plan says."""

import sqlite3
import time
import zipfile
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path

import httpx
import pytest

from assets.channels.protocol import Delivery, Land, NoMemory, Outcome, Remembered
from assets.channels.registry import open_channels
from checks.bulk import check_documents
from checks.context import CheckContext
from checks.document import SubmittedDocument
from pipelines.demo.country import COUNTIES, SUBSYSTEMS, Country
from pipelines.demo.manual_files import write_manual_files
from pipelines.demo.plan import MONTHS, Round
from pipelines.demo.sources import sources_toml
from pipelines.demo.webhr_database import fill
from pipelines.demo.webitr_server import WebItrServer
from warehouse.landing import Landed, Landing

MONTH = "2021-04"


class Memory(dict[str, Remembered]):
    def recall(self, channel: str, month: str) -> "Memory":
        return self


@pytest.fixture(scope="module")
def country() -> Country:
    return Country()


@pytest.fixture
def landing(tmp_path: Path) -> Landing:
    return Landing(tmp_path / "landing")


@pytest.fixture
def land(landing: Landing) -> Land:
    def put(chunks: Iterable[bytes]) -> Landed:
        return landing.put_stream(chunks, 1 << 26)

    return put


@pytest.fixture
def server() -> Iterable[WebItrServer]:
    with WebItrServer() as running:
        yield running


@pytest.fixture
def collect(country: Country, server: WebItrServer, tmp_path: Path, land: Land) -> Callable[..., dict[str, Delivery]]:
    """Ask the agencies of a channel for a month, through the channel that the demo's sources.toml makes."""

    def ask(channel: str, month: str, databases: dict[str, str], memory: Memory | None = None) -> dict[str, Delivery]:
        sources = tmp_path / "sources.toml"
        urls = {subsystem: databases[subsystem.name] for subsystem in SUBSYSTEMS if subsystem.name in databases}
        sources.write_text(sources_toml(country, server, urls), encoding="utf-8")
        opened = open_channels(sources, {"manual": {"inbox": str(tmp_path)}})[channel]
        codes = [one.agency_code for one in country.agencies if one.channel == channel and one.due(month)]
        asked = opened.collect(month, codes, NoMemory() if memory is None else memory, land)
        return {delivery.agency_code: delivery for delivery in asked}

    return ask


def offered(country: Country, month: str, when: Round) -> dict[str, bytes]:
    return {one.agency_code: one.data for one in country.handed_in(month, when) if one.channel == "webitr"}


def test_webitr_delivers_what_is_offered_and_nothing_where_nothing_is(country, server, collect, landing):
    server.offer(country.handed_in(MONTH, Round.ON_TIME))
    expected = offered(country, MONTH, Round.ON_TIME)
    deliveries = collect("webitr", MONTH, {})
    got = {code: landing.read(one.submission_id) for code, one in deliveries.items() if one.submission_id}
    assert got == expected
    without = {code for code, one in deliveries.items() if one.outcome is Outcome.NOTHING}
    assert without == set(deliveries) - set(expected)
    assert without


def test_webitr_says_not_modified_until_the_document_changes(country, server, collect):
    server.offer(country.handed_in(MONTH, Round.ON_TIME))
    first = collect("webitr", MONTH, {})
    memory = Memory({code: Remembered(one.etag, one.submission_id) for code, one in first.items()})
    server.offer(country.handed_in(MONTH, Round.LATE))
    second = collect("webitr", MONTH, {}, memory)
    corrected = set(offered(country, MONTH, Round.LATE))
    assert {code for code, one in second.items() if one.outcome is Outcome.DELIVERED} == corrected
    assert {one.outcome for code, one in second.items() if code not in corrected} == {Outcome.UNCHANGED}


def test_an_agency_that_is_down_fails_alone_and_a_slow_one_is_waited_for(country, server, collect):
    server.offer(country.handed_in(MONTH, Round.ON_TIME))
    webitr = [agency.agency_code for agency in country.agencies if agency.channel == "webitr"]
    down, slow = webitr[10], webitr[11]
    server.down.add(down)
    server.slow[slow] = 0.6
    began = time.monotonic()
    deliveries = collect("webitr", MONTH, {})
    assert time.monotonic() - began >= 0.6
    assert {code for code, one in deliveries.items() if one.outcome is Outcome.FAILED} == {down}
    assert deliveries[slow].outcome is Outcome.DELIVERED


def test_the_token_of_another_agency_opens_nothing(country, server):
    server.offer(country.handed_in(MONTH, Round.ON_TIME))
    mine, other = list(offered(country, MONTH, Round.ON_TIME))[:2]
    address = f"{server.base_url(mine)}/attendance/v1/submissions/{MONTH}"
    answers = [
        httpx.get(address, headers={"Authorization": f"Bearer {server.token(code)}"}).status_code
        for code in (mine, other)
    ]
    assert [*answers, httpx.get(address).status_code] == [200, 401, 401]


@pytest.fixture(scope="module")
def sqlite_urls(country: Country, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("webhr")
    urls = {subsystem.name: f"sqlite:///{folder / subsystem.name}.sqlite" for subsystem in SUBSYSTEMS}
    for subsystem in SUBSYSTEMS:
        fill(urls[subsystem.name], MONTHS, list(country.webhr_rows(subsystem)))
    return urls


@pytest.mark.parametrize("month", MONTHS)
def test_webhr_composes_documents_that_the_checks_judge_as_planned(country, collect, landing, sqlite_urls, month):
    deliveries = collect("webhr", month, sqlite_urls)
    compare_with_plan(country, month, deliveries, landing)


def test_webhr_reads_the_same_from_postgresql(country, collect, landing, new_postgresql_database):
    url = new_postgresql_database()
    fill(url, MONTHS, list(country.webhr_rows(COUNTIES)))
    deliveries = collect("webhr", MONTH, {COUNTIES.name: url})
    theirs = {agency.agency_code for agency in country.agencies_of(COUNTIES)}
    compare_with_plan(country, MONTH, {code: deliveries[code] for code in theirs}, landing)


def compare_with_plan(country: Country, month: str, deliveries: dict[str, Delivery], landing: Landing) -> None:
    planned = [one for one in country.planned(month) if one.agency_code in deliveries]
    assert planned
    documents = [
        SubmittedDocument(landing.read(deliveries[one.agency_code].submission_id or ""), one.agency_code, month)
        for one in planned
    ]
    checked = check_documents(documents, CheckContext(today=date(2021, 8, 1))).documents
    for one, document in zip(planned, checked, strict=True):
        rules = {rule for rule in document.findings["rule"] if not rule.startswith("W")}
        assert rules == one.attempts[-1].rules, one
        counts = {dataset: (count.read, count.refused) for dataset, count in document.counts.items()}
        assert counts == country.expected_counts(one), one


def test_the_tables_hold_the_traps(country, sqlite_urls):
    with sqlite3.connect(sqlite_urls["central"].removeprefix("sqlite:///")) as central:
        codes = {code for (code,) in central.execute("SELECT POVTYPE FROM CPAPO15M")}
        assert {"3", "03"} <= codes
        assert central.execute("SELECT 1 FROM CPAPO15M WHERE POSTATUS = '簽核中'").fetchone()
        assert central.execute("SELECT 1 FROM CPAPE05M WHERE PEACTDATE = '991225'").fetchone()
        assert {left for (left,) in central.execute("SELECT PELEVDATE FROM CPAPE05M")} >= {"", "0", "0000000"}
    with sqlite3.connect(sqlite_urls["counties"].removeprefix("sqlite:///")) as counties:
        assert "11" in {code for (code,) in counties.execute("SELECT POVTYPE FROM CPAPO15M")}


def test_manual_files_hold_every_document_some_of_them_zipped(country, tmp_path):
    handings = [one for one in country.handed_in(MONTH, Round.ON_TIME) if one.channel == "manual"]
    paths = write_manual_files(tmp_path, handings, "04")
    held = []
    for path in paths:
        if path.suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                inside = [archive.read(name) for name in archive.namelist()]
            assert len(inside) > 1
            held += inside
        else:
            held.append(path.read_bytes())
    assert sorted(held) == sorted(handing.data for handing in handings)
