"""What the portal depends on goes away under it: 503 at every stage of a request, a line a minute, and it recovers."""

import asyncio
import errno
import logging
import os
import re
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, date, datetime, timedelta

import httpx
import pytest

from pipelines.settings_portal import PortalSettings
from portal import log_throttle
from portal.app import create_app
from portal.log_throttle import LogThrottle
from portal.outages import outage_of
from tests.support.installations import FIRST, document, installation
from tests.support.postgres import PostgresServer, find_binaries, free_port
from warehouse.access.authorisations import Wanted, authorise
from warehouse.access.sessions import begin_session
from warehouse.access.tokens import SCOPES, issue_token
from warehouse.landing import LandingFull
from warehouse.ledger.clock import ClockDisagrees
from warehouse.ledger.engine import LedgerUnavailable, writing

MONTH = "2021-06"
#: Seconds for each thing that is waited for, on a busy machine.
PATIENCE = 120
EACH = 20
#: Fewer connections than one address may have: who has more is turned away before anybody looks at the database.
LIMITS = httpx.Limits(max_connections=20)


@pytest.fixture
def database():
    """A server of this test's own, as it is killed."""
    if (binaries := find_binaries()) is None:
        pytest.skip("needs PostgreSQL: apt-get install postgresql")
    server = PostgresServer(binaries)
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture
def served(tmp_path, database):
    """The address of a portal in a process of its own, headers of a clerk and a system, files of output and journal."""
    url = database.url.render_as_string(hide_password=False)
    now = datetime.now(UTC)
    made = installation(tmp_path / "home", now, ledger_url=url)
    with writing(made.engine) as session:
        authorise(
            session, Wanted("head", "持有人", "head", FIRST, date(2021, 1, 1), None, "測試"), actor="test", at=now
        )
        cookie, csrf = begin_session(session, "head", "持有人", at=now)
        secret, _ = issue_token(session, FIRST, "系統", SCOPES, now.date(), actor="test", at=now)
    made.engine.dispose()
    port, output = free_port(), tmp_path / "output"
    command = [sys.executable, "-m", "portal", "--port", str(port), "--check-processes", "0"]
    environment = {**os.environ, "ATTENDANCE_HOME": str(made.home.root), "ATTENDANCE_LEDGER_URL": url}
    with output.open("wb") as file:
        process = subprocess.Popen(command, env=environment, stdout=file, stderr=file)
    try:
        address = f"http://127.0.0.1:{port}"
        wait_for(lambda: status_of(f"{address}/health/ready") == 200)
        clerk = {"cookie": f"attendance={cookie}", "x-csrf-token": csrf}
        yield (
            address,
            clerk,
            {"authorization": f"Bearer {secret}"},
            [output, made.home.root / "logs" / "attendance.log"],
        )
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE)


def wait_for(happened):
    until = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.2)


def status_of(url, **more):
    try:
        return httpx.get(url, timeout=30, **more).status_code
    except httpx.TransportError:
        return None


def requests_of(clerk, system):
    """Each kind of request that needs the ledger, and where it meets it: page, admission, endpoint, probe."""
    file = {"file": ("202106.json", document(FIRST), "application/json")}
    return [
        ("GET", f"/agencies/{FIRST}", {"headers": clerk}),
        ("GET", "/", {"headers": clerk}),
        ("GET", f"/reports/monthly-counts?year=2021&m=6&as_of={MONTH}-25T09:00", {"headers": clerk}),
        ("POST", "/submit", {"headers": clerk, "files": file}),
        ("POST", "/check", {"headers": clerk, "files": file}),
        ("GET", f"/api/v1/months/{MONTH}", {"headers": system}),
        ("POST", "/api/v1/submissions", {"headers": system, "content": document(FIRST)}),
        ("POST", f"/api/v1/months/{MONTH}/explanations", {"headers": system, "json": {"finding_keys": ["x"]}}),
        ("POST", f"/agencies/{FIRST}/tokens", {"headers": clerk, "data": {"label": "系統"}}),
        ("GET", "/health/ready", {}),
    ]


async def all_at_once(address, wanted):
    async with httpx.AsyncClient(base_url=address, timeout=PATIENCE, limits=LIMITS) as client:
        return await asyncio.gather(*(client.request(method, path, **more) for method, path, more in wanted))


def test_a_database_that_is_away_is_503_at_every_stage_and_few_lines_of_log(served, database):
    address, clerk, system, files = served
    before = [len(file.read_text()) for file in files]
    database.kill()
    wait_for(lambda: status_of(f"{address}/health/ready") == 503)
    wanted = requests_of(clerk, system) * EACH
    answers = asyncio.run(all_at_once(address, wanted))
    for (method, path, _), answer in zip(wanted, answers, strict=True):
        assert answer.status_code == 503, (method, path, answer.status_code, answer.text)
        assert int(answer.headers["retry-after"]) > 0
        if path.startswith("/api/"):
            assert answer.headers["content-type"] == "application/problem+json"
        elif not path.startswith("/health/"):
            assert "請稍後再試" in answer.text
    assert status_of(f"{address}/health/live") == 200
    said = "".join(file.read_text()[length:] for file, length in zip(files, before, strict=True))
    assert "Traceback" not in said
    assert re.search("portal_unavailable.*ledger", said)
    assert len(said.splitlines()) <= 5, said
    database.revive()
    wait_for(lambda: status_of(f"{address}/health/ready") == 200)
    assert status_of(f"{address}/agencies/{FIRST}", headers=clerk) == 200


def test_a_portal_whose_database_is_away_says_so_in_one_line_and_does_not_start(tmp_path):
    url = f"postgresql+psycopg://nobody:secret@127.0.0.1:{free_port()}/none"
    environment = {**os.environ, "ATTENDANCE_HOME": str(tmp_path / "home"), "ATTENDANCE_LEDGER_URL": url}
    ended = subprocess.run(
        [sys.executable, "-m", "portal"], env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert ended.returncode == 2
    assert "cannot open the ledger" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1
    assert "secret" not in ended.stderr


def raised_from(error, cause):
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "what"),
    [
        (LedgerUnavailable.__new__(LedgerUnavailable), "ledger"),
        (ClockDisagrees(timedelta(days=365)), "clock"),
        (LandingFull(errno.ENOSPC, "no room"), "landing"),
        (OSError(errno.ENOSPC, "no room"), "disk"),
        (RuntimeError("IO Error: could not write: No space left on device"), "disk"),
        (raised_from(ValueError("x"), OSError(errno.EDQUOT, "quota")), "disk"),
        (ExceptionGroup("of a stream", [KeyError("x"), ClockDisagrees(timedelta(days=1))]), "clock"),
        (OSError(errno.EACCES, "denied"), None),
        (KeyError("x"), None),
    ],
)
def test_what_is_an_outage_and_what_is_our_own_fault(error, what):
    assert outage_of(error) == what


async def failing(error, stage, opened, path, **more):
    """The answer of a portal in which something fails at that stage of a request."""
    guarded = create_app(opened, PortalSettings(), **more)
    app = guarded._app

    async def endpoint():
        raise error

    async def middleware(*_):
        raise error

    if stage == "endpoint":
        app.add_api_route(path, endpoint)
    else:
        app.add_middleware(lambda _inside: middleware)
        app.user_middleware.append(app.user_middleware.pop(0))  # inside of everything else
    transport = httpx.ASGITransport(guarded, raise_app_exceptions=True)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8300") as client:
        return await client.get(path)


@pytest.mark.parametrize("stage", ["endpoint", "middleware"])
def test_a_fault_of_ours_is_a_line_with_its_place_and_never_its_text(opened, stage, caplog, capfd):
    caplog.set_level(logging.ERROR, "attendance")
    logger = logging.getLogger("attendance")
    logger.addHandler(caplog.handler)
    try:
        answer = asyncio.run(failing(ValueError("A123456789 王小明"), stage, opened, "/api/v1/broken"))
    finally:
        logger.removeHandler(caplog.handler)
    assert answer.status_code == 500
    (line,) = [record.line for record in caplog.records]
    assert (line["event"], line["error"]) == ("portal_failed", "ValueError")
    assert re.fullmatch(r"(portal|.*test_outages)\S*\.py:\d+", line["at"])
    assert "王小明" not in f"{line}{answer.text}"
    assert capfd.readouterr().err == ""


def test_whoever_asks_for_it_sees_the_traceback(opened, capfd):
    asyncio.run(failing(ValueError("what it was"), "endpoint", opened, "/broken", debug=True))
    assert "ValueError: what it was" in capfd.readouterr().err


@pytest.mark.parametrize("path", ["/broken", "/api/v1/broken"])
@pytest.mark.parametrize("stage", ["endpoint", "middleware"])
def test_a_clock_that_is_wrong_is_for_later(opened, stage, path):
    answer = asyncio.run(failing(ClockDisagrees(timedelta(days=365)), stage, opened, path))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")


def test_what_happens_all_the_time_is_one_line_a_minute_with_its_number(monkeypatch):
    minutes, lines = [], []

    class Minute(threading.Timer):
        """One that is over when the test says so."""

        def start(self):
            minutes.append(self.function)

    monkeypatch.setattr(log_throttle, "Timer", Minute)
    throttle = LogThrottle(lambda event, **figures: lines.append((event, *figures.values())), "away")
    for _ in range(100):
        throttle.count("ledger")
    throttle.count("disk")
    assert lines == [("away", "ledger", 1), ("away", "disk", 1)]
    minutes[0]("ledger")
    assert lines[2:] == [("away", "ledger", 99)]
    minutes[2]("ledger")
    assert len(lines) == 3
    throttle.count("ledger")
    assert lines[3:] == [("away", "ledger", 1)]
