"""The published client against a real server that says anything: it waits as told, and never for long."""

import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal import client
from portal.client import Attendance, Refused

NOW = datetime(2021, 7, 10, 1, 0, tzinfo=UTC)
LONGEST = 120.0


class Said:
    """What the server answers first: status, headers and body; `asked` how often it was asked."""

    def __init__(self):
        self.status, self.headers, self.body, self.asked = 503, {}, b"{}", 0


@pytest.fixture(scope="module")
def server():
    said = Said()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            said.asked += 1
            first = said.asked == 1
            self.send_response_only(said.status if first else 200)
            for name, value in said.headers.items() if first else ():
                self.send_header(name, value)
            body = said.body if first else b'{"month": "2021-06"}'
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    yield said, f"http://127.0.0.1:{listening.server_port}"
    listening.shutdown()
    listening.server_close()


@contextmanager
def pauses():
    """The pauses of the client, which are none here."""
    patched, waited = pytest.MonkeyPatch(), []
    patched.setattr(client.time, "sleep", waited.append)
    try:
        yield waited
    finally:
        patched.undo()


def waited_for(server, status=503, **headers):
    """The one pause of a client that was told so once."""
    said, address = server
    said.status, said.body, said.asked = status, b"{}", 0
    said.headers = {name.replace("_", "-"): value for name, value in headers.items()}
    with pauses() as waited, Attendance(address, "att_x", longest_pause=LONGEST) as attendance:
        assert attendance.month("2021-06") == {"month": "2021-06"}
    (pause,) = waited
    return pause


def http_date(moment):
    return format_datetime(moment, usegmt=True)


@pytest.mark.parametrize("status", [429, 502, 503, 504])
@pytest.mark.parametrize(
    ("told", "pause"),
    [
        ("0", 0.0),
        ("7", 7.0),
        (" 7 ", 7.0),
        ("1.5", 1.5),
        ("-3", 0.0),
        ("1e9", LONGEST),
        ("9" * 5000, LONGEST),
        ("inf", LONGEST),
        ("nan", 1.0),
        ("", 1.0),
        ("soon", 1.0),
        ("7 seconds", 1.0),
        (http_date(NOW + timedelta(seconds=40)), 40.0),
        ("Saturday, 10-Jul-21 01:00:40 GMT", 40.0),
        ("Sat Jul 10 01:00:40 2021", 40.0),
        (http_date(NOW - timedelta(days=1)), 0.0),
        (http_date(NOW + timedelta(days=9)), LONGEST),
        ("Fri, 31 Dec 99999999999999999999 23:59:59 GMT", 1.0),
        ("Fri, 31 Dec 9999 23:59:59 -2359", 1.0),
        ("Mon, 32 Foo 2021 25:61:61 GMT", 1.0),
    ],
)
def test_it_waits_as_long_as_it_is_told_and_never_for_long(server, status, told, pause):
    assert waited_for(server, status, Retry_After=told, Date=http_date(NOW)) == pause


def test_without_the_servers_clock_it_goes_by_its_own(server):
    assert waited_for(server, Retry_After=http_date(datetime.now(UTC) - timedelta(days=400))) == 0.0
    assert waited_for(server, Retry_After=http_date(datetime.now(UTC) + timedelta(days=400)), Date="x") == LONGEST


@settings(max_examples=200, derandomize=True, database=None, deadline=None, suppress_health_check=HealthCheck)
@given(
    told=st.one_of(
        st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=40),
        st.from_regex(r"\A[A-Z][a-z]{2}, \d{1,22} [A-Z][a-z]{2} -?\d{1,22} \d{1,9}:\d{1,9}:\d{1,9} [-+GMT0-9]{1,22}\Z"),
        st.floats().map(str),
        st.integers().map(str),
    )
)
def test_no_text_at_all_stops_it(server, told):
    assert 0.0 <= waited_for(server, Retry_After=told) <= LONGEST


def test_tries_grow_apart_to_the_longest_pause():
    nobody = Attendance("http://127.0.0.1:9", "att_x", attempts=5, longest_pause=3.0)
    with pauses() as waited, nobody as attendance, pytest.raises(client.httpx.TransportError):
        attendance.month("2021-06")
    assert waited == [1.0, 2.0, 3.0, 3.0]


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"<html>", b"\xff", b'"x"'])
@pytest.mark.parametrize("status", [200, 404, 500])
def test_what_is_no_answer_of_the_platforms_is_said_to_be_none(server, status, body):
    said, address = server
    said.status, said.headers, said.body, said.asked = status, {}, body, 0
    with Attendance(address, "att_x") as attendance, pytest.raises(Refused, match="不是平臺的回應") as refused:
        attendance.month("2021-06")
    assert refused.value.status == status
