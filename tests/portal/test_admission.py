"""What anybody may take of the portal, over a real server: admission before a body is read, and bounds on all of it."""

import asyncio
import socket
import tempfile
import time
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from starlette.exceptions import HTTPException

from checks.limits import Limits
from pipelines.settings_portal import KIB, MIB, PortalSettings
from portal.addresses import counted_as
from portal.admission import DOCUMENTS, OPEN
from portal.app import create_app
from portal.in_transit import InTransit, Sender
from tests.portal.test_every_role import PUBLIC
from tests.support.installations import FIRST, NOW, document
from tests.support.portal_routes import routes_of
from tests.support.portals import serving
from tests.support.postgres import free_port
from warehouse.access.tokens import issue_token
from warehouse.ledger.engine import writing

#: Seconds after which a test has waited long enough for what must come.
PATIENCE = 30


@pytest.fixture
def token(opened):
    with writing(opened.engine) as session:
        secret, _ = issue_token(session, FIRST, "系統", ["submit", "read"], NOW.date(), actor="test", at=NOW)
    return secret


@contextmanager
def listening(opened, **settings):
    port = free_port()
    with serving(opened, PortalSettings(url=f"http://127.0.0.1:{port}", **settings), port):
        yield port


@contextmanager
def line_to(port, source="127.0.0.1"):
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE, source_address=(source, 0)) as line:
        yield line


def head(path, *headers, method="POST"):
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *headers, "", ""]).encode()


def answer_of(line):
    """Status and text of the answer; None where the line was closed without one."""
    said = b""
    with suppress(ConnectionResetError):
        while b"\r\n\r\n" not in said and (piece := line.recv(65536)):
            said += piece
    return (int(said.split(b" ", 2)[1]), said.decode("latin-1").lower()) if said else None


def sends_until_hung_up_on(line, piece, pause=0.0):
    until = time.monotonic() + PATIENCE
    with suppress(ConnectionResetError, BrokenPipeError):
        while time.monotonic() < until:
            line.sendall(piece)
            time.sleep(pause)
        pytest.fail("nobody hung up")


def is_closed(line):
    """Wait until the other side closes."""
    try:
        while line.recv(65536):
            pass
    except ConnectionResetError:
        pass
    return True


def tried(opened):
    """A POST of every route, with something in its place."""
    for method, path in sorted(routes_of(create_app(opened, PortalSettings()))):
        if method == "POST":
            yield path.format(agency=FIRST, month="2021-06", id_=1)


def test_what_is_open_is_open_to_everybody_and_is_there(opened):
    posts = set(tried(opened))
    assert posts >= DOCUMENTS >= OPEN
    assert {("POST", path) for path in OPEN} <= PUBLIC.keys()


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=x", "text/plain"])
def test_nobody_is_waited_for_who_may_not_send(opened, kind):
    """The answer is there before a byte of the body, whatever the route."""
    with listening(opened) as port:
        for path in tried(opened):
            with line_to(port) as line:
                line.sendall(head(path, f"Content-Type: {kind}", "Content-Length: 100000000"))
                status, said = answer_of(line)
                assert status in ({413, 422} if path in OPEN else {303, 400, 401}), path
                assert status != 303 or "location: /sign-in" in said
                assert "100 continue" not in said


@pytest.mark.parametrize("who", ["viewer", "stranger"])
def test_who_may_not_submit_sends_no_document(opened, people, who):
    cookie, csrf = people[who]
    with listening(opened) as port, line_to(port) as line:
        session = (f"Cookie: attendance={cookie}", f"X-CSRF-Token: {csrf}")
        line.sendall(head("/submit", *session, "Content-Type: multipart/form-data; boundary=x", "Content-Length: 9000"))
        assert answer_of(line)[0] == 403


def test_a_form_is_not_as_large_as_a_document(opened, people):
    cookie, _ = people["head"]
    with listening(opened) as port, line_to(port) as line:
        form = ("Content-Type: application/x-www-form-urlencoded", f"Content-Length: {MIB + 1}")
        line.sendall(head(f"/agencies/{FIRST}/tokens", f"Cookie: attendance={cookie}", *form))
        assert answer_of(line)[0] == 413


def ask(opened, settings, *requests, client=("192.0.2.1", 9)):
    transport = httpx.ASGITransport(create_app(opened, settings), client=client)

    async def all_of_them():
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8300") as asking:
            return [await asking.request(method, path, **more) for method, path, more in requests]

    return asyncio.run(all_of_them())


@pytest.mark.parametrize("in_redis", [False, True])
def test_the_check_without_signing_in_takes_so_much_a_minute_and_address(opened, token, in_redis, request):
    url = request.getfixturevalue("redis_server").url if in_redis else None
    settings = PortalSettings(anonymous_bytes_a_minute=100 * KIB, redis_url=url)
    half = ("POST", "/api/v1/check", {"content": b" " * 50 * KIB})
    first, second, third, page = ask(
        opened, settings, half, half, half, ("POST", "/check", {"files": {"file": ("x", b" " * 50 * KIB)}})
    )
    assert [one.status_code for one in (first, second, third, page)] == [200, 200, 429, 429]
    assert third.headers["retry-after"] == page.headers["retry-after"] == "60"
    assert "102,400" in third.json()["detail"]
    assert [one.status_code for one in ask(opened, settings, half, client=("192.0.2.2", 9))] == [200]
    by_token = ("POST", "/api/v1/check", {"content": b" " * 300 * KIB, "headers": {"authorization": f"Bearer {token}"}})
    assert [one.status_code for one in ask(opened, settings, by_token, by_token)] == [200, 200]
    larger = ask(opened, settings, ("POST", "/api/v1/check", {"content": b" " * 300 * KIB}))
    assert [one.status_code for one in larger] == [413]


def test_an_address_of_ipv6_counts_as_its_network():
    assert counted_as("2001:db8:1:2:aaaa::1") == counted_as("2001:db8:1:2::9") != counted_as("2001:db8:1:3::9")
    assert counted_as("::ffff:192.0.2.1") == counted_as("192.0.2.1") == "192.0.2.1"
    assert counted_as("testclient") == "testclient"


SYSTEM, OTHER = (Sender(f"token:{number}", signed_in=True, known=True) for number in (1, 2))
STRANGER = Sender("address:192.0.2.1", signed_in=False, known=False)


def refused(room, sender, size):
    with pytest.raises(HTTPException) as late:
        room.take(sender, size)
    assert int(late.value.headers["Retry-After"]) > 0
    return late.value.status_code


def test_room_is_bounded_in_all_and_by_sender_and_strangers_cannot_take_that_of_others():
    room = InTransit(
        PortalSettings(bytes_in_transit=10 * MIB, anonymous_bytes_in_transit=2 * MIB, anonymous_bytes_a_minute=MIB),
        largest=4 * MIB,
    )
    room.take(SYSTEM, 5 * MIB)
    assert refused(room, SYSTEM, 1) == 429
    room.take(STRANGER, MIB)
    assert refused(room, STRANGER, 1) == 429
    room.take(replace(STRANGER, key="address:192.0.2.2"), MIB)
    assert refused(room, replace(STRANGER, key="address:192.0.2.3"), 1) == 503
    room.take(OTHER, 3 * MIB)
    assert refused(room, OTHER, 1) == 503
    room.give_back(SYSTEM, 5 * MIB)
    room.take(SYSTEM, 5 * MIB)


def test_there_is_always_room_for_the_largest_document():
    InTransit(PortalSettings(bytes_in_transit=MIB), largest=128 * MIB).take(SYSTEM, 128 * MIB)


def test_what_there_is_no_room_for_is_told_when_to_come_again_and_room_comes_back(opened, token):
    small = replace(opened, limits=Limits(max_bytes=MIB))
    with listening(small, bytes_in_transit=MIB) as port:
        told = (f"Authorization: Bearer {token}", f"Content-Length: {MIB}")
        sending = head("/api/v1/check", *told)
        with line_to(port) as first, line_to(port) as second:
            first.sendall(head("/api/v1/check", *told, "Expect: 100-continue"))
            assert answer_of(first)[0] == 100
            second.sendall(head("/api/v1/check", "Content-Length: 100000"))
            status, said = answer_of(second)
            assert (status, "retry-after: 5" in said) == (503, True)
            first.sendall(b" " * MIB)
            assert answer_of(first)[0] == 200
        with line_to(port) as hangs_up:
            hangs_up.sendall(sending + b" " * 1000)
        answers = []
        while answers[-1:] != [200]:  # 429 until it is seen that the one before hung up
            with line_to(port) as third:
                third.sendall(sending + b" " * MIB)
                answers.append(answer_of(third)[0])
            assert set(answers) <= {200, 429}
            assert len(answers) < 100 * PATIENCE


def test_a_body_that_pauses_or_trickles_is_given_up(opened, token):
    with listening(opened, body_seconds=0.5, body_bytes_a_second=100_000) as port:
        for pieces in ([b"{"], [b"{"] * 10_000):
            with line_to(port) as line:
                line.sendall(head("/api/v1/check", f"Authorization: Bearer {token}", "Content-Length: 50000"))
                with suppress(OSError):
                    for piece in pieces:
                        line.sendall(piece)
                assert answer_of(line)[0] == 408
                assert is_closed(line)


def test_a_body_that_comes_slowly_enough_is_taken(opened, token):
    data = document(FIRST)
    with listening(opened, body_seconds=PATIENCE, body_bytes_a_second=1) as port, line_to(port) as line:
        line.sendall(head("/api/v1/check", f"Authorization: Bearer {token}", f"Content-Length: {len(data)}"))
        for byte in data:
            line.sendall(bytes([byte]))
        assert answer_of(line)[0] == 200


@pytest.mark.parametrize("start", [b"", b"GET", b"GET / HTTP/1.1\r\nX-A: "])
def test_who_says_nothing_or_never_finishes_saying_it_is_hung_up_on(opened, start):
    with listening(opened, head_seconds=0.3) as port:
        with line_to(port) as line:
            line.sendall(start)
            assert is_closed(line)
        with line_to(port) as line:  # nor after a request that was answered
            line.sendall(head("/static/portal.css", method="GET"))
            assert answer_of(line)[0] == 200
            line.sendall(start)
            assert is_closed(line)


def test_more_bytes_of_a_head_do_not_prolong_it(opened):
    with listening(opened, head_seconds=0.5) as port, line_to(port) as line:
        line.sendall(b"GET / HTTP/1.1\r\n")
        sends_until_hung_up_on(line, b"X-A: b\r\n", pause=0.05)


def test_headers_without_end_are_refused(opened):
    with listening(opened) as port, line_to(port) as line:
        with suppress(OSError):
            line.sendall(b"GET / HTTP/1.1\r\nX-A: " + b"a" * (4 * MIB))
        assert answer_of(line) is None or is_closed(line)


def test_a_body_that_goes_on_after_its_refusal_is_not_read_for_ever(opened):
    with listening(opened, head_seconds=0.5) as port, line_to(port) as line:
        line.sendall(head("/api/v1/check", "Content-Length: 9000000000"))
        assert answer_of(line)[0] == 413
        sends_until_hung_up_on(line, b" " * MIB)


def test_who_does_not_read_the_answer_is_hung_up_on(opened):
    with listening(opened, unread_seconds=0.3) as port:
        with socket.socket() as line:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            line.settimeout(PATIENCE)
            line.connect(("127.0.0.1", port))
            line.sendall(head("/api", method="GET") * 200)
            sends_until_hung_up_on(line, head("/api", method="GET"))
        assert httpx.get(f"http://127.0.0.1:{port}/").status_code == 200


def test_connections_are_bounded_in_all_and_by_address(opened):
    with listening(opened, connections=4, connections_an_address=2) as port:
        with line_to(port), line_to(port) as second, line_to(port) as third:
            status, said = answer_of(third)
            assert (status, "retry-after: 10" in said) == (503, True)
            second.sendall(head("/", method="GET"))
            assert answer_of(second)[0] == 200
            with line_to(port, "127.0.0.2"), line_to(port, "127.0.0.2"), line_to(port, "127.0.0.3") as sixth:
                assert answer_of(sixth)[0] == 503
        with line_to(port) as line:
            line.sendall(head("/", method="GET"))
            assert answer_of(line) is not None


def test_a_believed_proxy_has_as_many_connections_as_there_are(opened):
    settings = {"connections": 9, "connections_an_address": 1, "proxies": "127.0.0.1"}
    with listening(opened, **settings) as port, line_to(port), line_to(port), line_to(port) as third:
        third.sendall(head("/", method="GET"))
        assert answer_of(third)[0] == 200


@pytest.mark.parametrize(
    ("path", "kind", "start"),
    [
        ("/api/v1/check", "application/json", b""),
        (
            "/check",
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n',
        ),
    ],
)
def test_a_file_that_comes_has_no_name_on_disk(opened, people, token, tmp_path, monkeypatch, path, kind, start):
    """So that none is left, however this ends."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    cookie, _ = people["head"]
    with listening(opened) as port, line_to(port) as line:
        who = (f"Authorization: Bearer {token}", f"Cookie: attendance={cookie}")
        line.sendall(head(path, *who, f"Content-Type: {kind}", f"Content-Length: {4 * MIB}") + start)
        line.sendall(b" " * 3 * MIB)
        while not _temporary(folder):
            pass
        assert not list(folder.iterdir())


def _temporary(folder):
    links = []
    for link in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            links.append(str(link.readlink()))
    return [one for one in links if one.startswith(str(folder))]
