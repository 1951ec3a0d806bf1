"""Safe: what anybody may send, and how much; what a file is called never becomes a path, a header or markup."""

import asyncio
import gzip
import io
import json
import socket
import zipfile
from dataclasses import replace
from functools import cache

import httpx
import pytest

from assets.entering import enter
from assets.publishing import publish_now
from checks.limits import Limits
from pipelines.settings_portal import PortalSettings
from portal.app import create_app
from portal.downloads import attachment
from tests.support.installations import FIRST, NOW, SECOND, document
from tests.support.portals import serving
from tests.support.postgres import free_port
from warehouse.access.tokens import issue_token
from warehouse.ledger.engine import reading, writing
from warehouse.ledger.models import Arrival, Submission

#: A document may have so many bytes; a form around it 64 KiB more.
MOST, AROUND = 1000, 64 << 10


@pytest.fixture
def small(opened):
    """An installation that takes small documents."""
    return replace(opened, limits=Limits(max_bytes=MOST))


@pytest.fixture
def token(opened):
    with writing(opened.engine) as session:
        secret, _ = issue_token(session, FIRST, "系統", ["submit", "read"], NOW.date(), actor="test", at=NOW)
    return secret


@pytest.fixture
def listening(small):
    """A portal that is really served, where documents are small; its port."""
    port = free_port()
    with serving(small, PortalSettings(url=f"http://127.0.0.1:{port}"), port):
        yield port


def send(client, method, path, **more):
    return asyncio.run(client.request(method, path, **more))


def client_of(opened, people, who="head"):
    cookie, csrf = people[who]
    transport = httpx.ASGITransport(create_app(opened, PortalSettings()), raise_app_exceptions=False)
    headers = {"x-csrf-token": csrf}
    return httpx.AsyncClient(
        transport=transport, base_url="http://127.0.0.1:8300", headers=headers, cookies={"attendance": cookie}
    )


def nothing_came(opened):
    with reading(opened.engine) as session:
        return session.query(Arrival).count() == session.query(Submission).count() == 0


PLACES = ("/check", "/submit", "/api/v1/check", "/api/v1/submissions")


@pytest.mark.parametrize("place", PLACES)
def test_a_body_without_end_is_refused_while_it_comes(small, people, token, place):
    taken = 0

    async def endless():
        nonlocal taken
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="x.json"\r\n\r\n'
        while True:
            taken += 10_000
            yield b"x" * 10_000

    headers = {"content-type": "multipart/form-data; boundary=x"}
    if place.startswith("/api"):
        headers = {"authorization": f"Bearer {token}"}
    answer = send(client_of(small, people), "POST", place, content=endless(), headers=headers)
    assert answer.status_code == 413
    assert "1,000" in answer.text
    assert taken < MOST + AROUND + 20_000
    assert nothing_came(small)


@pytest.mark.parametrize("place", PLACES)
def test_a_length_beyond_the_limit_is_refused_before_a_byte_is_read(small, people, token, place):
    async def untouched():
        raise AssertionError("the body was read")
        yield b""

    headers = {"content-length": "999999999999", "authorization": f"Bearer {token}"}
    if not place.startswith("/api"):
        headers["content-type"] = "multipart/form-data; boundary=x"
    answer = send(client_of(small, people), "POST", place, content=untouched(), headers=headers)
    assert answer.status_code == 413


def talk(port, *parts, read=True):
    """What a server answers to bytes, however they are meant; empty where it hangs up."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
        try:
            for part in parts:
                line.sendall(part)
            if not read:
                return b""
            line.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError):
            pass
        said = b""
        try:
            while piece := line.recv(65536):
                said += piece
        except ConnectionResetError:
            pass
        return said


def head(*headers, path="/api/v1/check"):
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", *headers, "", ""]
    return "\r\n".join(lines).encode()


def answers(said):
    return said.count(b"HTTP/1.1 ")


def test_chunks_without_end_are_cut_off_on_the_wire(listening, token):
    chunk = b"2710\r\n" + b"x" * 10_000 + b"\r\n"
    said = talk(listening, head("Transfer-Encoding: chunked", f"Authorization: Bearer {token}"), *[chunk] * 2000)
    assert said == b"" or said.startswith(b"HTTP/1.1 413")
    assert httpx.get(f"http://127.0.0.1:{listening}/").status_code == 200


def test_a_length_that_says_less_than_comes_is_no_second_request_of_ours(listening):
    said = talk(listening, head("Content-Length: 2", "Connection: close") + b'{}{"a": 1}')
    assert answers(said) <= 1
    assert httpx.get(f"http://127.0.0.1:{listening}/").status_code == 200


def test_a_length_that_says_more_than_comes_does_no_harm(listening):
    for _ in range(20):
        assert answers(talk(listening, head("Content-Length: 900") + b"{}")) <= 1
    talk(listening, head("Content-Length: 900") + b"{}", read=False)
    assert httpx.post(f"http://127.0.0.1:{listening}/api/v1/check", content=b"{}").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        ("Content-Length: 6", "Transfer-Encoding: chunked"),
        ("Content-Length: 2", "Content-Length: 40"),
        ("Content-Length: -2",),
        ("Content-Length: 2, 40",),
        ("Transfer-Encoding: xchunked",),
        ("Transfer-Encoding: chunked", "Transfer-Encoding: identity"),
    ],
)
def test_a_body_of_two_lengths_smuggles_no_request(listening, headers):
    smuggled = b"0\r\n\r\nGET /static/portal.css HTTP/1.1\r\nHost: x\r\n\r\n"
    said = talk(listening, head(*headers) + smuggled)
    assert b"Content-Type: text/css" not in said.replace(b"content-type", b"Content-Type")
    assert said == b"" or answers(said) == 1
    assert httpx.get(f"http://127.0.0.1:{listening}/").status_code == 200


@cache
def bomb():
    return gzip.compress(b" " * 50_000_000)


@pytest.mark.parametrize("packing", ["gzip", "deflate", "br", "zstd", "GZIP", "gzip, gzip", "x"])
@pytest.mark.parametrize("place", PLACES)
def test_what_is_compressed_is_not_unpacked(opened, people, token, place, packing):
    headers = {"content-encoding": packing, "authorization": f"Bearer {token}"}
    more = {"content": bomb()} if place.startswith("/api") else {"files": {"file": ("x.json.gz", bomb())}}
    answer = send(client_of(opened, people), "POST", place, headers=headers, **more)
    assert answer.status_code == 415
    assert "請勿壓縮" in answer.text
    assert nothing_came(opened)


@cache
def zip_bomb():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../etc/cron.d/x", b"\0" * 50_000_000)
    return out.getvalue()


@pytest.mark.parametrize(
    "data", [bomb, zip_bomb, b"\x89PNG\r\n\x1a\n", b"%PDF-1.7", b"<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>"]
)
def test_what_is_no_json_is_said_to_be_none(opened, people, data):
    data = data() if callable(data) else data  # made by the one worker that has this test
    client = client_of(opened, people)
    said = send(client, "POST", "/api/v1/check", content=data).json()
    assert (said["verdict"], [one["severity"] for one in said["findings"]]) == ("refused", ["fatal"])
    page = send(client, "POST", "/check", files={"file": ("110年6月.xlsx", data)})
    assert page.status_code == 200
    assert "整份退件" in page.text
    assert not list(opened.home.root.parent.rglob("cron.d"))


DEEP = 200_000


@pytest.mark.parametrize(
    "data",
    [
        b"[" * DEEP,
        b"[" * DEEP + b"]" * DEEP,
        b'{"a":' * DEEP,
        b'{"employees":' + b"[" * DEEP + b"]" * DEEP + b"}",
        document(FIRST).replace(b'"clockings": []', b'"clockings": ' + b"[" * DEEP + b"]" * DEEP),
        b"9" * DEEP,
        b'{"month": 1e999999999, "agency_code": -1e-999999}',
        b'"' + b"\\u0000" * DEEP,
    ],
)
def test_what_is_nested_or_long_without_reason_is_refused_as_any_other_fault(opened, people, data):
    client = client_of(opened, people)
    answer = send(client, "POST", "/api/v1/check", content=data)
    assert (answer.status_code, answer.json()["verdict"]) == (200, "refused")
    assert send(client, "POST", "/submit", files={"file": ("x.json", data)}).status_code in {303, 422}


def test_nested_json_to_an_endpoint_of_ours_is_a_problem(opened, people, token):
    client = client_of(opened, people)
    path, headers = "/api/v1/months/2021-06/explanations", {"authorization": f"Bearer {token}"}
    for data in (
        b"[" * DEEP,
        b'{"finding_keys":' + b"[" * 5000 + b"]" * 5000 + b"}",
        b"\xff",
        b"",
        b'{"code":"\\ud800"}',
    ):
        answer = send(client, "POST", path, content=data, headers={**headers, "content-type": "application/json"})
        assert answer.status_code in {400, 422}, data[:20]
        assert answer.headers["content-type"] == "application/problem+json"
        assert any(ord(one) > 0x2E80 for one in answer.json()["detail"])


NAMES = (
    "../../../x",
    "..\\..\\x",
    "/etc/passwd",
    "C:\\x",
    "a\0b",
    "x" * 900,
    "<svg onload=alert(1)>.json",
    "\u202enosj.exe",
    'a"; filename="b',
    "a\r\nSet-Cookie: x=1",
    "CON",
    "-rf",
    "~root",
    "${jndi:ldap://x}",
    "；.json",
)


@pytest.mark.parametrize("name", NAMES)
def test_a_files_name_is_never_a_path_a_header_or_markup(opened, people, tmp_path, name):
    client = client_of(opened, people)
    before = {path.relative_to(tmp_path) for path in tmp_path.rglob("*")}
    data = document(FIRST)
    checked = send(client, "POST", "/check", files={"file": (name, data)})
    assert checked.status_code == 200
    assert "<svg" not in checked.text
    assert "\u202e" not in checked.text
    taken = send(client, "POST", "/submit", files={"file": (name, data)})
    assert taken.status_code == 303
    place = taken.headers["location"]
    answers = [checked, taken, *(send(client, "GET", path) for path in (place, f"{place}/receipt.json"))]
    for answer in answers:
        assert "x=1" not in answer.headers.get("set-cookie", "")
        assert name not in str(answer.headers)
    id_ = place.rpartition("/")[2]
    made = {path.relative_to(tmp_path) for path in tmp_path.rglob("*")} - before
    files = {path.name for path in made if (tmp_path / path).is_file()}
    assert all(
        one.startswith((id_, "ledger", ".", "receipt", "keys", "attendance.log")) or id_[:2] in one for one in files
    ), files
    assert opened.landing.read(id_) == data
    with reading(opened.engine) as session:
        assert session.query(Submission).one().id == id_


@pytest.mark.parametrize("name", [*NAMES, "", "檢誤結果-376500001A-2021-06.xlsx", "\ud800"])
def test_a_downloads_header_is_one_header_and_no_path(name):
    said = attachment(name)
    said.encode("ascii")
    quoted = said.partition('filename="')[2].partition('"')[0]
    assert said.count('"') == 2
    assert not set(said) & set("\r\n\0\\")
    assert ".." not in quoted
    assert "/" not in said.replace("UTF-8''", "")
    assert not quoted.startswith(("-", "."))


@pytest.mark.parametrize(
    "make",
    [
        lambda: document(SECOND).replace(b"{", b'{"x": {"agency_code": "' + FIRST.encode() + b'"}, ', 1),
        lambda: document(SECOND).replace(b"{", b'{"agency_code": "' + FIRST.encode() + b'", ', 1),
        lambda: document(SECOND).replace(b'"agency_code"', b'"agency\\u005fcode"'),
        lambda: (
            document(SECOND).replace(b'"agency_code"', b'"agency\\u005fcode"')[:-1]
            + b', "x": {"agency_code": "'
            + FIRST.encode()
            + b'"}}'
        ),
        lambda: document(SECOND).replace(SECOND.encode(), b"\\u0033" + SECOND[1:].encode()),
        lambda: document(SECOND).replace(b"WebITR", b'", "agency_code": "' + FIRST.encode()),
        lambda: document(FIRST).replace(b'"month"', b'"\\u006donth"'),
        lambda: document(FIRST).replace(b'"month": "2021-06"', b'"month": "2021\\u002d06"'),
    ],
)
def test_a_document_that_is_filed_as_one_and_reads_as_another_is_never_entered(opened, people, make):
    """Whoever hands it in is let in by what is read of it without parsing; the parser may read another agency or none.

    Nor does it keep the month from being published.
    """
    data = make()
    json.loads(data)
    answer = send(client_of(opened, people), "POST", "/submit", files={"file": ("x.json", data)})
    assert answer.status_code in {303, 403, 422}
    enter(opened, "2021-06")
    publish_now(opened, ["2021-06"])
    assert send(client_of(opened, people), "POST", "/api/v1/check", content=data).json()["verdict"] == "refused"
    with reading(opened.engine) as session:
        stand = {(one.agency_code, one.state) for one in session.query(Submission).all()}
    assert not {state for code, state in stand if code == SECOND}
    assert not {state for _, state in stand if state.startswith("entered")}
