"""The webhook against a real HTTP server that verifies signatures as a receiver would, and takes each id once."""

import base64
import hashlib
import hmac
import json
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from assets.notices.config import NoticeConfig
from assets.notices.sending import tell
from assets.notices.signing import SecretUnusable, secret_bytes
from tests.support.installations import FIRST, PERSON, refused
from tests.support.noticed import MONTH, SECRET, Clock, noticed, sender_process, submit
from warehouse.ledger.engine import reading
from warehouse.ledger.outbox import LEASE, counts, listed


class Receiver(ThreadingHTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: list[int] = []
        self.requests: list[tuple[str, dict]] = []
        self.forged = 0
        self.on_request: Callable[[], object] = lambda: None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/notices"

    @property
    def ids(self) -> list[str]:
        return [id_ for id_, _ in self.requests]


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        id_, timestamp = self.headers["webhook-id"], self.headers["webhook-timestamp"]
        key = base64.b64decode(SECRET.removeprefix("whsec_"))
        wanted = base64.b64encode(
            hmac.new(key, f"{id_}.{timestamp}.".encode() + body, hashlib.sha256).digest()
        ).decode()
        if self.headers["webhook-signature"] != f"v1,{wanted}":
            self.server.forged += 1
        self.server.requests.append((id_, json.loads(body)))
        self.server.on_request()
        self.send_response(self.server.answers.pop(0) if self.server.answers else 204)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def opened(tmp_path, clock, receiver):
    made = noticed(tmp_path, clock, NoticeConfig(webhook_url=receiver.url, webhook_secret=SECRET))
    yield made
    made.engine.dispose()


def test_it_is_signed_and_says_the_numbers_and_no_person(opened, receiver):
    submit(opened, refused, FIRST)
    assert dict(tell(opened).became) == {"sent": 1}
    ((id_, said),) = receiver.requests
    assert (receiver.forged, said["type"], said["data"]["id"]) == (0, "attendance.notice.refused", id_)
    data = said["data"]
    assert (data["agency_code"], data["month"], data["submission"]["fatal"]) == (FIRST, MONTH, 1)
    assert data["rules"][0]["rule"] == "F006"
    assert data["until"] == "2021-07-21T00:00:00+08:00"
    assert PERSON not in json.dumps(said)


@pytest.mark.parametrize(("status", "state"), [(503, "queued"), (429, "queued"), (302, "queued"), (422, "failed")])
def test_what_is_not_taken_is_tried_again_under_the_same_id_or_never(opened, clock, receiver, status, state):
    submit(opened, refused, FIRST)
    receiver.answers = [status]
    assert dict(tell(opened).became) == {state: 1}
    clock.now += timedelta(minutes=3)
    tell(opened)
    assert len(set(receiver.ids)) == 1
    assert len(receiver.ids) == (2 if state == "queued" else 1)


def test_a_sender_that_died_leaves_nothing_uncertain_as_the_receiver_knows_the_id(opened, clock, receiver):
    clock.to(21)
    child: Future[int] = Future()
    killed = threading.Event()

    def kill() -> None:
        receiver.on_request = lambda: None
        os.kill(child.result(), signal.SIGKILL)
        os.waitpid(child.result(), 0)
        killed.set()

    receiver.on_request = kill  # the request is there, and the sender ends before it has the answer
    child.set_result(sender_process(opened, clock))
    assert killed.wait(60)
    assert len(receiver.ids) == 1
    clock.now += LEASE + timedelta(seconds=1)
    told = tell(opened)
    assert (told.recovered, told.uncertain, dict(told.became)) == (5, 0, {"sent": 5})
    assert len(receiver.ids) == 6
    assert len(set(receiver.ids)) == 5


def test_nobody_there_costs_no_attempt(tmp_path, clock):
    made = noticed(tmp_path, clock, NoticeConfig(webhook_url="http://127.0.0.1:1/", webhook_secret=SECRET))
    submit(made, refused, FIRST)
    assert list(tell(made).down) == ["webhook"]
    with reading(made.engine) as session:
        assert counts(session) == {"queued": 1}
        assert listed(session, most=1)[0].attempts == 0
    made.engine.dispose()


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_c2hvcnQ=", "not base64!", "whsec_" + "密" * 20])
def test_a_secret_that_is_none_is_not_repeated(secret):
    with pytest.raises(SecretUnusable) as unusable:
        secret_bytes(secret)
    assert not secret or secret not in str(unusable.value).replace("whsec_ ", "")
