"""The WebITR channel against a real server over real sockets: kept to, broken, slow and hostile."""

import gzip
import json
import logging
import ssl
import threading
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trustme

from assets.channels.protocol import Delivery, Land, Outcome, Remembered
from assets.channels.webitr import WebItr, WebItrSettings
from tests.assets.channels.recalled import Recalled
from tests.assets.channels.webitr_server import TOKEN, Handler, Misbehaviour, WebItrServer
from warehouse.landing import Landing

MONTH = "2021-06"
AGENCY = "376500000A"
OTHER = "376500001B"
DOCUMENT = json.dumps({"agency_code": AGENCY, "month": MONTH, "name": "王小明"}).encode()
JSON = {"Content-Type": "application/json"}

Start = Callable[..., WebItrServer]


def channel(bases: dict[str, str], **settings: Any) -> WebItr:
    agency_settings = settings.pop("agency_settings", {})
    agencies = {code: {"base_url": url, "token": TOKEN, **agency_settings} for code, url in bases.items()}
    limits = {"timeout_seconds": 5, "pause_seconds": 0.02, **settings}
    return WebItr(WebItrSettings.model_validate({**limits, "agencies": agencies}))


def only(deliveries: list[Delivery]) -> Delivery:
    assert len(deliveries) == 1
    return deliveries[0]


def collect(one: WebItr, memory: Recalled, land: Land, *agencies: str) -> list[Delivery]:
    return list(one.collect(MONTH, agencies or [AGENCY], memory, land))


def status(code: int, **headers: str) -> Misbehaviour:
    return lambda handler: handler.problem(code, "told to", {k.replace("_", "-"): v for k, v in headers.items()})


def reply(body: bytes, **headers: str) -> Misbehaviour:
    return lambda handler: handler.reply(200, {**JSON, **{k.replace("_", "-"): v for k, v in headers.items()}}, body)


def half(handler: Handler) -> None:
    """Says how long the document is and hangs up in its middle."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(DOCUMENT)))
    handler.end_headers()
    handler.wfile.write(DOCUMENT[: len(DOCUMENT) // 2])
    handler.close_connection = True


def half_chunked(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    handler.wfile.write(b'5\r\n{"a":\r\n')
    handler.close_connection = True


def silent(handler: Handler) -> None:
    time.sleep(3)


def dripping_body(handler: Handler) -> None:
    """Never silent for long, never done."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    for _ in range(60):
        handler.wfile.write(b" ")
        time.sleep(0.05)


def dripping_headers(handler: Handler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    for number in range(60):
        handler.wfile.write(f"X-{number}: 1\r\n".encode())
        time.sleep(0.05)


def redirect(target: str) -> Misbehaviour:
    return lambda handler: handler.reply(302, {"Location": target})


def test_delivers_the_bytes_as_they_are(server: WebItrServer, memory: Recalled, land: Land, landing: Landing) -> None:
    delivery = only(collect(channel({AGENCY: server.serve(AGENCY, MONTH, DOCUMENT)}), memory, land))

    assert delivery.outcome is Outcome.DELIVERED
    assert landing.read(delivery.submission_id) == DOCUMENT
    assert (delivery.bytes, delivery.agency_code, delivery.month) == (len(DOCUMENT), AGENCY, MONTH)
    assert delivery.etag == server.exchanges[0].headers["etag"]
    assert delivery.source == f"{server.url}/{AGENCY}/attendance/v1/submissions/{MONTH}"
    assert delivery.received_at.tzinfo is not None


def test_what_was_taken_last_is_not_taken_again(server: WebItrServer, memory: Recalled, land: Land) -> None:
    one = channel({AGENCY: server.serve(AGENCY, MONTH, DOCUMENT)})
    first = only(collect(one, memory, land))
    memory[AGENCY] = Remembered(first.etag, first.submission_id)

    second = only(collect(one, memory, land))

    assert server.exchanges[-1].status == 304
    assert (second.outcome, second.submission_id) == (Outcome.UNCHANGED, first.submission_id)


def test_same_bytes_without_etag_are_unchanged(server: WebItrServer, memory: Recalled, land: Land) -> None:
    base = server.serve(AGENCY, MONTH, DOCUMENT, reply(DOCUMENT), reply(DOCUMENT))
    first = only(collect(channel({AGENCY: base}), memory, land))
    memory[AGENCY] = Remembered(None, first.submission_id)

    assert first.outcome is Outcome.DELIVERED
    assert only(collect(channel({AGENCY: base}), memory, land)).outcome is Outcome.UNCHANGED


def test_etag_is_not_sent_where_the_bytes_are_not_there(server: WebItrServer, memory: Recalled, land: Land) -> None:
    one = channel({AGENCY: server.serve(AGENCY, MONTH, DOCUMENT)})
    memory[AGENCY] = Remembered(only(collect(one, Recalled(), land)).etag, None)

    assert only(collect(one, memory, land)).outcome is Outcome.DELIVERED


def test_304_that_nobody_asked_for_is_a_failure(server: WebItrServer, memory: Recalled, land: Land) -> None:
    base = server.serve(AGENCY, MONTH, DOCUMENT, lambda handler: handler.reply(304, {}))
    assert only(collect(channel({AGENCY: base}), memory, land)).outcome is Outcome.FAILED


@pytest.mark.parametrize("code", [204, 404])
def test_nothing_yet(server: WebItrServer, memory: Recalled, land: Land, code: int) -> None:
    base = server.serve(AGENCY, MONTH, DOCUMENT, lambda handler: handler.reply(code, {}))
    assert only(collect(channel({AGENCY: base}), memory, land)).outcome is Outcome.NOTHING
    assert len(server.asked) == 1


@pytest.mark.parametrize("code", [401, 403])
def test_refused_credentials_are_said_and_not_tried_again(
    server: WebItrServer, memory: Recalled, land: Land, code: int
) -> None:
    base = server.serve(AGENCY, MONTH, DOCUMENT, status(code))
    delivery = only(collect(channel({AGENCY: base}), memory, land))
    assert delivery.outcome is Outcome.FAILED
    assert "credentials refused" in delivery.reason.en
    assert "權杖" in delivery.reason.zh
    assert len(server.asked) == 1


def test_wrong_token_is_refused_by_the_server_itself(server: WebItrServer, memory: Recalled, land: Land) -> None:
    base = server.serve(AGENCY, MONTH, DOCUMENT)
    delivery = only(collect(channel({AGENCY: base}, agency_settings={"token": "wrong"}), memory, land))
    assert "HTTP 401" in delivery.reason.en


@pytest.mark.parametrize("code", [429, 500, 502, 503, 504])
def test_passing_trouble_is_tried_again(server: WebItrServer, memory: Recalled, land: Land, code: int) -> None:
    base = server.serve(AGENCY, MONTH, DOCUMENT, status(code), status(code))
    assert only(collect(channel({AGENCY: base}), memory, land)).outcome is Outcome.DELIVERED
    assert len(server.asked) == 3


def test_attempts_are_used_up(server: WebItrServer, memory: Recalled, land: Land) -> None:
    base = server.serve(AGENCY, MONTH, DOCUMENT, *[status(500)] * 5)
    delivery = only(collect(channel({AGENCY: base}, attempts=3), memory, land))
    assert (delivery.outcome, delivery.reason.en) == (Outcome.FAILED, "answered HTTP 500")
    assert len(server.asked) == 3


def test_other_refusals_are_not_tried_again(server: WebItrServer, memory: Recalled, land: Land) -> None:
    base = server.serve(AGENCY, MONTH, DOCUMENT, status(400))
    assert only(collect(channel({AGENCY: base}), memory, land)).outcome is Outcome.FAILED
    assert len(server.asked) == 1


def test_pauses_grow(server: WebItrServer, memory: Recalled, land: Land) -> None:
    base = server.serve(AGENCY, MONTH, DOCUMENT, *[status(500)] * 3)
    collect(channel({AGENCY: base}, pause_seconds=0.1), memory, land)
    first, second, third = (b[2] - a[2] for a, b in zip(server.asked, server.asked[1:], strict=False))
    assert (first >= 0.05, second >= 0.1, third >= 0.2) == (True, True, True)
    assert third > first


def test_retry_after_is_honoured(server: WebItrServer, memory: Recalled, land: Land) -> None:
    base = server.serve(AGENCY, MONTH, DOCUMENT, status(429, Retry_After="1"))
    assert only(collect(channel({AGENCY: base}), memory, land)).outcome is Outcome.DELIVERED
    assert server.asked[1][2] - server.asked[0][2] >= 1


def test_retry_after_beyond_the_time_limit_ends_at_once(server: WebItrServer, memory: Recalled, land: Land) -> None:
    base = server.serve(AGENCY, MONTH, DOCUMENT, status(503, Retry_After="Fri, 31 Dec 2100 23:59:59 GMT"))
    started = time.monotonic()
    delivery = only(collect(channel({AGENCY: base}), memory, land))
    assert (delivery.outcome, delivery.reason.en) == (Outcome.FAILED, "answered HTTP 503")
    assert time.monotonic() - started < 2


@pytest.mark.parametrize("misbehave", [half, half_chunked])
def test_half_a_document_is_never_landed(
    server: WebItrServer, memory: Recalled, land: Land, landing: Landing, misbehave: Misbehaviour
) -> None:
    base = server.serve(AGENCY, MONTH, DOCUMENT, *[misbehave] * 4)
    delivery = only(collect(channel({AGENCY: base}), memory, land))
    assert (delivery.outcome, delivery.submission_id) == (Outcome.FAILED, None)
    assert "broke off" in delivery.reason.en
    assert list(landing.ids()) == []


def test_half_a_document_then_a_whole_one(server: WebItrServer, memory: Recalled, land: Land) -> None:
    base = server.serve(AGENCY, MONTH, DOCUMENT, half)
    assert only(collect(channel({AGENCY: base}), memory, land)).bytes == len(DOCUMENT)


def test_dead_server_costs_its_own_agency_only(
    start_server: Start, server: WebItrServer, memory: Recalled, land: Land
) -> None:
    dead = start_server()
    dead.stop()
    one = channel({OTHER: f"{dead.url}/{OTHER}", AGENCY: server.serve(AGENCY, MONTH, DOCUMENT)})
    by_agency = {each.agency_code: each for each in collect(one, memory, land, OTHER, AGENCY)}
    assert by_agency[AGENCY].outcome is Outcome.DELIVERED
    assert by_agency[OTHER].outcome is Outcome.FAILED
    assert "cannot connect" in by_agency[OTHER].reason.en


def test_dead_host_of_many_agencies_is_given_up(start_server: Start, memory: Recalled, land: Land) -> None:
    dead = start_server()
    dead.stop()
    codes = [f"{number:010d}" for number in range(20)]
    one = channel({code: f"{dead.url}/{code}" for code in codes}, concurrency=2)
    deliveries = collect(one, memory, land, *codes)
    assert {each.outcome for each in deliveries} == {Outcome.FAILED}
    assert sum("not tried again" in each.reason.en for each in deliveries) >= 15


@pytest.mark.parametrize("misbehave", [silent, dripping_body, dripping_headers])
def test_time_limit_holds_whatever_the_server_does(
    server: WebItrServer, memory: Recalled, land: Land, landing: Landing, misbehave: Misbehaviour
) -> None:
    base = server.serve(AGENCY, MONTH, DOCUMENT, *[misbehave] * 4)
    started = time.monotonic()
    delivery = only(collect(channel({AGENCY: base}, timeout_seconds=0.5), memory, land))
    assert time.monotonic() - started < 1.5
    assert delivery.outcome is Outcome.FAILED
    assert "not done within 0.5 seconds" in delivery.reason.en
    assert list(landing.ids()) == []


def test_silence_is_tried_again(server: WebItrServer, memory: Recalled, land: Land) -> None:
    base = server.serve(AGENCY, MONTH, DOCUMENT, silent)
    assert only(collect(channel({AGENCY: base}, read_seconds=0.2), memory, land)).outcome is Outcome.DELIVERED


def test_slow_consumer_does_not_use_up_the_servers_time(server: WebItrServer, memory: Recalled, land: Land) -> None:
    codes = [f"{number:010d}" for number in range(6)]
    one = channel(
        {code: server.serve(code, MONTH, code.encode()) for code in codes}, timeout_seconds=0.6, concurrency=2
    )
    outcomes = []
    for delivery in one.collect(MONTH, codes, memory, land):
        time.sleep(0.3)
        outcomes.append(delivery.outcome)
    assert outcomes == [Outcome.DELIVERED] * 6


@pytest.mark.parametrize(("size", "outcome"), [(1000, Outcome.DELIVERED), (1001, Outcome.FAILED)])
def test_size_limit(server: WebItrServer, memory: Recalled, land: Land, size: int, outcome: Outcome) -> None:
    base = server.serve(AGENCY, MONTH, b"x" * size)
    delivery = only(collect(channel({AGENCY: base}, max_bytes=1000), memory, land))
    assert delivery.outcome is outcome
    assert len(server.asked) == 1


def test_endless_body_is_cut_at_the_limit(server: WebItrServer, memory: Recalled, land: Land) -> None:
    def endless(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "application/json")
        handler.end_headers()
        handler.close_connection = True
        while True:
            handler.wfile.write(b"x" * 65536)

    base = server.serve(AGENCY, MONTH, DOCUMENT, endless)
    assert "larger than the limit" in only(collect(channel({AGENCY: base}, max_bytes=1 << 20), memory, land)).reason.en


def test_gzip_is_inflated(server: WebItrServer, memory: Recalled, land: Land, landing: Landing) -> None:
    document = DOCUMENT * 5000
    body = gzip.compress(document[:100_000]) + gzip.compress(document[100_000:])  # members may follow one another
    base = server.serve(AGENCY, MONTH, DOCUMENT, reply(body, Content_Encoding="gzip"))
    assert landing.read(only(collect(channel({AGENCY: base}), memory, land)).submission_id) == document


@pytest.mark.parametrize("cut", [1, 8, 100])
def test_gzip_cut_short_is_a_failure(server: WebItrServer, memory: Recalled, land: Land, cut: int) -> None:
    body = gzip.compress(json.dumps(list(range(1000))).encode())[:-cut]
    base = server.serve(AGENCY, MONTH, DOCUMENT, *[reply(body, Content_Encoding="gzip")] * 4)
    assert "cut short" in only(collect(channel({AGENCY: base}), memory, land)).reason.en


def test_damaged_gzip_is_a_failure(server: WebItrServer, memory: Recalled, land: Land) -> None:
    base = server.serve(AGENCY, MONTH, DOCUMENT, *[reply(b"no gzip at all", Content_Encoding="gzip")] * 4)
    assert "damaged" in only(collect(channel({AGENCY: base}), memory, land)).reason.en


def test_gzip_bomb_never_grows_beyond_the_limit(
    server: WebItrServer, memory: Recalled, land: Land, monkeypatch: pytest.MonkeyPatch
) -> None:
    bomb = zlib.compress(b"\0" * (64 << 20), 9, wbits=31)
    largest = 0
    real = zlib.decompressobj

    class Watched:
        def __init__(self, **options: Any) -> None:
            self._real = real(**options)

        def __getattr__(self, name: str) -> Any:
            return getattr(self._real, name)

        def decompress(self, *arguments: Any) -> bytes:
            nonlocal largest
            piece = self._real.decompress(*arguments)
            largest = max(largest, len(piece))
            return piece

    monkeypatch.setattr("assets.channels.http_body.zlib.decompressobj", Watched)
    base = server.serve(AGENCY, MONTH, DOCUMENT, reply(bomb, Content_Encoding="gzip"))
    delivery = only(collect(channel({AGENCY: base}, max_bytes=1 << 20), memory, land))
    assert "larger than the limit" in delivery.reason.en
    assert 0 < largest <= 64 * 1024


@pytest.mark.parametrize(
    ("misbehave", "said"),
    [
        (lambda handler: handler.reply(200, {"Content-Type": "text/html"}, b"<html>log in</html>"), "instead of JSON"),
        (reply(b"{}", Content_Encoding="br"), "was not asked for"),
    ],
)
def test_what_is_no_document_is_not_landed(
    server: WebItrServer, memory: Recalled, land: Land, landing: Landing, *, misbehave: Misbehaviour, said: str
) -> None:
    base = server.serve(AGENCY, MONTH, DOCUMENT, misbehave)
    assert said in only(collect(channel({AGENCY: base}), memory, land)).reason.en
    assert list(landing.ids()) == []


def test_empty_answer_is_a_failure(server: WebItrServer, memory: Recalled, land: Land) -> None:
    base = server.serve(AGENCY, MONTH, b"")
    assert only(collect(channel({AGENCY: base}), memory, land)).outcome is Outcome.FAILED


def test_redirect_to_another_host_never_shows_the_token(
    start_server: Start, server: WebItrServer, memory: Recalled, land: Land
) -> None:
    elsewhere = start_server()
    base = server.serve(AGENCY, MONTH, DOCUMENT, redirect(elsewhere.serve(AGENCY, MONTH, DOCUMENT)))
    delivery = only(collect(channel({AGENCY: base}), memory, land))
    assert delivery.outcome is Outcome.FAILED
    assert "another host" in delivery.reason.en
    assert elsewhere.asked == []


def test_redirect_on_the_same_host_is_followed(server: WebItrServer, memory: Recalled, land: Land) -> None:
    server.serve("moved", MONTH, DOCUMENT)
    base = server.serve(AGENCY, MONTH, b"", redirect(f"/moved/attendance/v1/submissions/{MONTH}"))
    assert only(collect(channel({AGENCY: base}), memory, land)).bytes == len(DOCUMENT)


@pytest.mark.parametrize("target", ["?again", "http://[nonsense", "https://127.0.0.1:99999999/", "//["])
def test_redirects_that_lead_nowhere(server: WebItrServer, memory: Recalled, land: Land, target: str) -> None:
    base = server.serve(AGENCY, MONTH, DOCUMENT, redirect(target))
    server.script[f"/{AGENCY}/attendance/v1/submissions/{MONTH}?again"] = [redirect(target)] * 9
    assert only(collect(channel({AGENCY: base}), memory, land)).outcome is Outcome.FAILED
    assert len(server.asked) <= 4


def test_no_cookie_goes_from_one_agency_to_another(server: WebItrServer, memory: Recalled, land: Land) -> None:
    bases = {
        code: server.serve(code, MONTH, DOCUMENT, reply(DOCUMENT, Set_Cookie=f"session={code}; Path=/"))
        for code in (AGENCY, OTHER)
    }
    collect(channel(bases, concurrency=1), memory, land, AGENCY, OTHER)
    assert len(server.asked) == 2
    assert all("cookie" not in headers for _, headers, _ in server.asked)


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


def tls_of(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context


def test_https_with_the_agencies_own_authority(
    start_server: Start, authority: trustme.CA, memory: Recalled, land: Land, tmp_path: Path
) -> None:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    server = start_server(tls=tls_of(authority, "127.0.0.1"))
    one = channel({AGENCY: server.serve(AGENCY, MONTH, DOCUMENT)}, ca_file=tmp_path / "ca.pem")
    assert only(collect(one, memory, land)).outcome is Outcome.DELIVERED


@pytest.mark.parametrize(("name", "trusted"), [("127.0.0.1", False), ("other.example", True)])
def test_certificate_that_proves_nothing(
    start_server: Start,
    authority: trustme.CA,
    memory: Recalled,
    land: Land,
    tmp_path: Path,
    *,
    name: str,
    trusted: bool,
) -> None:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    server = start_server(tls=tls_of(authority, name))
    more = {"ca_file": tmp_path / "ca.pem"} if trusted else {}
    delivery = only(collect(channel({AGENCY: server.serve(AGENCY, MONTH, DOCUMENT)}, **more), memory, land))
    assert "certificate cannot be verified" in delivery.reason.en
    assert server.asked == []


def test_unreadable_authority_file_fails_the_agencies_and_raises_nothing(
    server: WebItrServer, memory: Recalled, land: Land, tmp_path: Path
) -> None:
    one = channel({AGENCY: server.serve(AGENCY, MONTH, DOCUMENT)}, ca_file=tmp_path / "missing.pem")
    assert "ca_file" in only(collect(one, memory, land)).reason.en


def test_agency_without_settings(memory: Recalled, land: Land) -> None:
    assert only(collect(channel({}), memory, land)).outcome is Outcome.NOT_CONFIGURED


def test_missing_secret_costs_its_own_agency_only(
    server: WebItrServer, memory: Recalled, land: Land, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("NO_SUCH_TOKEN", raising=False)
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    base = server.serve(AGENCY, MONTH, DOCUMENT)
    settings = {
        AGENCY: {"base_url": base, "token_file": str(tmp_path / "token")},
        OTHER: {"base_url": base, "token_env": "NO_SUCH_TOKEN"},
    }
    one = WebItr(WebItrSettings.model_validate({"agencies": settings}))
    by_agency = {each.agency_code: each for each in collect(one, memory, land, OTHER, AGENCY)}
    assert by_agency[AGENCY].outcome is Outcome.DELIVERED
    assert "NO_SUCH_TOKEN" in by_agency[OTHER].reason.en + by_agency[OTHER].reason.zh


@pytest.mark.parametrize("token", ["two words", "line\nbreak", "密語"])
def test_token_that_could_smuggle_a_header_is_not_sent(
    server: WebItrServer, memory: Recalled, land: Land, token: str
) -> None:
    one = channel({AGENCY: server.serve(AGENCY, MONTH, DOCUMENT)}, agency_settings={"token": token})
    delivery = only(collect(one, memory, land))
    assert delivery.outcome is Outcome.FAILED
    assert token not in str(delivery)
    assert server.asked == []


def test_token_is_in_no_log_repr_or_delivery(
    server: WebItrServer, memory: Recalled, land: Land, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    one = channel({AGENCY: server.serve(AGENCY, MONTH, DOCUMENT, status(500), status(403))})
    told = [repr(one._settings), *map(repr, collect(one, memory, land)), caplog.text]
    assert len(caplog.records) > 0
    assert not any(TOKEN in text for text in told)


def test_closing_early_leaves_nothing_running(server: WebItrServer, memory: Recalled, land: Land) -> None:
    codes = [f"{number:010d}" for number in range(30)]
    one = channel({code: server.serve(code, MONTH, b"x" * 2_000_000) for code in codes})
    deliveries = one.collect(MONTH, codes, memory, land)
    assert next(deliveries).outcome is Outcome.DELIVERED
    deliveries.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "webitr"]


def test_closing_ends_also_where_all_that_may_wait_waits(server: WebItrServer, memory: Recalled) -> None:
    """Landing that finds no room while the answers queue up: it once waited for ever, for room in their queue."""
    codes = [f"{number:010d}" for number in range(30)]
    one = channel({code: server.serve(code, MONTH, DOCUMENT) for code in codes}, concurrency=2)

    def full_after_a_while(chunks: object) -> None:
        time.sleep(0.5)  # the answers of two servers, and of two more, are there by then
        raise OSError(28, "no room")

    def collected() -> None:
        with pytest.raises(OSError, match="no room"):
            list(one.collect(MONTH, codes, memory, full_after_a_while))

    thread = threading.Thread(target=collected, daemon=True)
    thread.start()
    thread.join(20)
    assert not thread.is_alive()


def test_trouble_of_landing_is_raised_and_stops_everything(server: WebItrServer, memory: Recalled) -> None:
    def full(chunks: object) -> None:
        raise OSError(28, "no room")

    codes = [AGENCY, OTHER]
    one = channel({code: server.serve(code, MONTH, DOCUMENT) for code in codes})
    with pytest.raises(OSError, match="no room"):
        list(one.collect(MONTH, codes, memory, full))
    assert not [thread for thread in threading.enumerate() if thread.name == "webitr"]


def test_landing_s_own_limit_costs_one_agency(server: WebItrServer, memory: Recalled, landing: Landing) -> None:
    one = channel({AGENCY: server.serve(AGENCY, MONTH, b"x" * 11), OTHER: server.serve(OTHER, MONTH, b"x" * 10)})
    found = collect(one, memory, lambda chunks: landing.put_stream(chunks, 10), AGENCY, OTHER)
    assert {each.agency_code: each.outcome for each in found} == {AGENCY: Outcome.FAILED, OTHER: Outcome.DELIVERED}


@pytest.mark.parametrize("month", ["2021-13", "../../x", "202106", "2021-06\n"])
def test_month_cannot_lead_elsewhere(memory: Recalled, land: Land, month: str) -> None:
    with pytest.raises(ValueError, match="YYYY-MM"):
        list(channel({}).collect(month, [AGENCY], memory, land))
